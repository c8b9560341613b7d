/* program.c: nadir-identity: makes accounts and clients on the server itself, before there is an administrator to ask.
 *
 * Every command may be repeated: what is there already is brought up to date. Secrets come from a file or standard input ("-"),
 * never from the command line, where others on the machine could read them. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config.h"
#include "common/module.h"
#include "identity/accounts.h"
#include "identity/audit.h"
#include "identity/clients.h"
#include "identity/grants.h"
#include "identity/identity.h"
#include "identity/passwords.h"
#include "identity/rights.h"
#include "identity/words.h"

#define SECRET_LEAST 16
#define SECRET_MOST 256

struct options {
    const char *email, *name, *roles, *secret_file, *id, *kind, *redirects, *logouts, *grants, *scope;
    bool first_party;
};

static const char usage[] =
    "Usage:\n"
    "  nadir-identity user-add --email E --password-file F --name N [--role R]...\n"
    "  nadir-identity role-add --email E --role R...\n"
    "  nadir-identity client-add --id ID --name N --kind public|confidential [--secret-file F]\n"
    "                 [--redirect URI]... [--logout URI]... [--grant G]... [--scope \"a b\"] [--first-party]\n"
    "F is a file, or - for standard input. NADIR_DB_IDENTITY says where the database is.\n";

static int fail(const char *why) {
    fprintf(stderr, "nadir-identity: %s\n", why);
    return 1;
}

static int fail_code(int err) {
    fprintf(stderr, "nadir-identity: %s\n", nadir_strerror(err));
    return 1;
}

/* The first line of a file, without its end. NULL after a message. */
static const char *secret_read(struct scope *s, const char *path) {
    char *text = scope_alloc(s, SECRET_MOST + 2);
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t n = 0;
    while (fd >= 0 && len < SECRET_MOST + 1 && (n = read(fd, text + len, SECRET_MOST + 1 - len)) > 0) len += (size_t)n;
    if (fd < 0 || n < 0) {
        fprintf(stderr, "nadir-identity: %s: %s\n", path, strerror(errno));
        if (fd >= 0) close(fd);
        return NULL;
    }
    close(fd);
    text[strcspn(text, "\r\n")] = '\0';
    return text;
}

static int user_update(struct scope *s, struct db_tx *tx, const struct options *o, const struct account *known,
                       const char *password) {
    struct account a;
    int err = account_lock(tx, known->id, &a);
    if (!err && !password_matches(a.password, password)) {
        const char *hash = password_hash(s, password);
        err = hash ? db_exec(tx, NULL, "UPDATE account SET password = $2 WHERE id = $1", "ss", a.id, hash) : NADIR_ENOMEM;
        if (!err) err = db_exec(tx, NULL, "DELETE FROM session WHERE account = $1", "s", a.id);
        if (!err) err = grants_end(tx, "account", a.id);
        if (!err) err = audit_add(tx, NULL, "password.changed", "", a.id, NULL);
    }
    if (!err && strcmp(a.name, o->name) != 0) {
        a.name = o->name;
        err = db_exec(tx, NULL, "UPDATE account SET name = $2 WHERE id = $1", "ss", a.id, a.name);
        if (!err) err = account_changed(tx, &a);
    }
    return err ? err : account_set_roles(tx, NULL, "", &a, words_either(s, a.roles, o->roles));
}

static int user_add(struct scope *s, struct db *db, const struct options *o) {
    struct account a = {0};
    struct db_tx *tx;
    const char *field;
    if (!o->email || !o->name || !o->secret_file) return fail("user-add needs --email, --name and --password-file");
    if (!words_within(s, o->roles, ROLES_ALL)) return fail("roles are " ROLES_ALL);
    const char *password = secret_read(s, o->secret_file);
    if (!password) return 1;
    enum text fault = account_fault(o->email, o->name, password, &field);
    if (fault) return fail(text_in(LANG_EN, fault));

    int err = account_by_email(s, db, o->email, &a);
    bool known = !err;
    if (err == NADIR_ENOTFOUND) err = 0;
    if (!err) err = db_begin(s, db, &tx);
    if (!err && known) err = user_update(s, tx, o, &a, password);
    if (!err && !known) {
        a = (struct account){.email = o->email, .name = o->name, .roles = o->roles, .password = password_hash(s, password)};
        err = a.password ? account_create(tx, NULL, &a) : NADIR_ENOMEM;
    }
    if (!err) err = db_commit(tx);
    if (err) return fail_code(err);
    puts(a.id);
    return 0;
}

static int role_add(struct scope *s, struct db *db, const struct options *o) {
    struct account a;
    struct db_tx *tx;
    if (!o->email || !*o->roles) return fail("role-add needs --email and --role");
    if (!words_within(s, o->roles, ROLES_ALL)) return fail("roles are " ROLES_ALL);
    int err = account_by_email(s, db, o->email, &a);
    if (err == NADIR_ENOTFOUND) return fail("there is no account with this e-mail address");
    if (!err) err = db_begin(s, db, &tx);
    if (!err) err = account_lock(tx, a.id, &a);
    if (!err) err = account_set_roles(tx, NULL, "", &a, words_either(s, a.roles, o->roles));
    if (!err) err = db_commit(tx);
    return err ? fail_code(err) : 0;
}

/* An unchanged client is left alone, so that repeating the command leaves no trace. */
static bool client_same(const struct client *a, const struct client *b) {
    bool secrets = (!a->secret && !b->secret) || (a->secret && b->secret && strcmp(a->secret, b->secret) == 0);
    return secrets && strcmp(a->name, b->name) == 0 && strcmp(a->redirect_uris, b->redirect_uris) == 0 &&
           strcmp(a->logout_uris, b->logout_uris) == 0 && strcmp(a->grants, b->grants) == 0 &&
           strcmp(a->scope, b->scope) == 0 && a->first_party == b->first_party;
}

static int client_add(struct scope *s, struct db *db, const struct options *o) {
    struct client known;
    struct db_tx *tx;
    if (!o->id || !o->name || !o->kind) return fail("client-add needs --id, --name and --kind");
    bool confidential = strcmp(o->kind, "confidential") == 0;
    if (!confidential && strcmp(o->kind, "public") != 0) return fail("--kind is public or confidential");
    if (confidential != (o->secret_file != NULL)) return fail("a confidential client, and no other, needs --secret-file");
    const char *secret = confidential ? secret_read(s, o->secret_file) : NULL;
    if (confidential && !secret) return 1;
    if (secret && (strlen(secret) < SECRET_LEAST || strlen(secret) > SECRET_MOST))
        return fail("a secret has 16 to 256 characters, chosen at random");

    const struct client c = {.id = o->id,
                             .name = o->name,
                             .secret = secret ? secret_hash(s, secret) : NULL,
                             .redirect_uris = o->redirects,
                             .logout_uris = o->logouts,
                             .grants = *o->grants ? o->grants : "authorization_code refresh_token",
                             .scope = words_either(s, o->scope, ""),
                             .first_party = o->first_party};
    const char *field, *fault = client_fault(s, &c, &field);
    if (fault) {
        fprintf(stderr, "nadir-identity: %s: %s\n", field, fault);
        return 1;
    }
    int err = client_by_id(s, db, c.id, &known);
    if (!err && client_same(&known, &c)) return 0;
    if (err == NADIR_ENOTFOUND) err = 0;
    if (!err) err = db_begin(s, db, &tx);
    if (!err) err = client_store(tx, NULL, "", &c);
    if (!err) err = db_commit(tx);
    return err ? fail_code(err) : 0;
}

static bool options_read(struct scope *s, int argc, char **argv, struct options *o) {
    static const struct option known[] = {
        {"email", 1, NULL, 'e'}, {"name", 1, NULL, 'n'},   {"role", 1, NULL, 'r'},     {"password-file", 1, NULL, 'p'},
        {"id", 1, NULL, 'i'},    {"kind", 1, NULL, 'k'},   {"redirect", 1, NULL, 'u'}, {"secret-file", 1, NULL, 'p'},
        {"grant", 1, NULL, 'g'}, {"logout", 1, NULL, 'l'}, {"scope", 1, NULL, 's'},    {"first-party", 0, NULL, 'f'},
        {NULL, 0, NULL, 0},
    };
    int c;
    *o = (struct options){.roles = "", .redirects = "", .logouts = "", .grants = "", .scope = ""};
    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) { /* NOLINT(concurrency-mt-unsafe) */
        if (c == '?') return false;
        if (c == 'e') o->email = optarg;
        if (c == 'n') o->name = optarg;
        if (c == 'r') o->roles = words_either(s, o->roles, optarg);
        if (c == 'p') o->secret_file = optarg;
        if (c == 'i') o->id = optarg;
        if (c == 'k') o->kind = optarg;
        if (c == 'u') o->redirects = words_either(s, o->redirects, optarg);
        if (c == 'l') o->logouts = words_either(s, o->logouts, optarg);
        if (c == 'g') o->grants = words_either(s, o->grants, optarg);
        if (c == 's') o->scope = words_either(s, o->scope, optarg);
        if (c == 'f') o->first_party = true;
    }
    return optind == argc;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(struct scope *s, struct db *db, const struct options *o);
    } commands[] = {{"user-add", user_add}, {"role-add", role_add}, {"client-add", client_add}};
    struct scope s;
    struct options o;
    struct db *db;
    scope_init(&s, "identity", 60000);
    for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++) {
        if (strcmp(argv[1], commands[i].name) != 0) continue;
        if (!options_read(&s, argc - 1, argv + 1, &o)) break;
        const char *conninfo = config_need("NADIR_DB_IDENTITY");
        if (!conninfo || db_open(&db, conninfo, 2) != 0) {
            scope_end(&s);
            return fail("set NADIR_DB_IDENTITY to the database of identity");
        }
        int status = commands[i].run(&s, db, &o);
        scope_end(&s); /* rolls back what was not committed */
        db_close(db);
        return status;
    }
    fputs(usage, stderr);
    scope_end(&s);
    return 2;
}
