/* scene_cache.c: scenes by item, so that a tile costs no query and no JSON.
 *
 * A public item's scene is believed for half a second; then rights is asked again, and the scene is kept if the item's version
 * is the same. Private items are asked for every time: who may see them is for rights alone to say.
 */
#include <pthread.h>
#include <string.h>

#include "common/module.h"
#include "view/scene.h"

#define KEPT 256
#define BELIEVED_US 500000

struct entry {
    struct scene *scene; /* NULL: free */
    int64_t checked_us;
    int64_t used_us;
};

static struct entry entries[KEPT];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct entry *find(const char *collection, const char *item) {
    for (int i = 0; i < KEPT; i++) {
        const struct scene *scene = entries[i].scene;
        if (scene && strcmp(scene->item, item) == 0 && strcmp(scene->collection, collection) == 0) return &entries[i];
    }
    return NULL;
}

static struct entry *oldest(void) {
    struct entry *slot = &entries[0];
    for (int i = 1; i < KEPT; i++)
        if (entries[i].used_us < slot->used_us) slot = &entries[i];
    return slot;
}

static const struct scene *take(struct request *rq, struct scene *scene) {
    atomic_fetch_add(&scene->references, 1);
    scope_defer(rq->scope, scene_release, scene);
    return scene;
}

static const struct scene *believed(struct request *rq, const char *collection, const char *item) {
    const struct scene *found = NULL;
    int64_t now = clock_us();
    (void)pthread_mutex_lock(&lock);
    struct entry *e = find(collection, item);
    if (e && e->scene->is_public && now - e->checked_us < BELIEVED_US) {
        e->used_us = now;
        found = take(rq, e->scene);
    }
    (void)pthread_mutex_unlock(&lock);
    return found;
}

/* The scene of this very version, marked as checked now. */
static const struct scene *same_version(struct request *rq, const struct right_item *item) {
    const struct scene *found = NULL;
    (void)pthread_mutex_lock(&lock);
    struct entry *e = find(item->collection, item->item);
    if (e && strcmp(e->scene->version, item->version) == 0 && e->scene->is_public == (item->owner == NULL)) {
        e->checked_us = e->used_us = clock_us();
        found = take(rq, e->scene);
    }
    (void)pthread_mutex_unlock(&lock);
    return found;
}

static void keep(struct scene *scene) {
    (void)pthread_mutex_lock(&lock);
    struct entry *e = find(scene->collection, scene->item);
    if (!e) e = oldest();
    scene_release(e->scene);
    atomic_fetch_add(&scene->references, 1);
    *e = (struct entry){.scene = scene, .checked_us = clock_us(), .used_us = clock_us()};
    (void)pthread_mutex_unlock(&lock);
}

int scene_get(struct request *rq, const char *collection, const char *item, const struct scene **out) {
    *out = believed(rq, collection, item);
    if (*out) return 0;
    struct right_item found;
    int err = rights_item(rq->scope, module_db("view"), &rq->auth, collection, item, &found);
    if (err) return err;
    *out = same_version(rq, &found);
    if (*out) return 0;
    struct scene *scene;
    err = scene_new(&found, &scene);
    if (err) return err;
    scope_defer(rq->scope, scene_release, scene);
    keep(scene);
    *out = scene;
    return 0;
}
