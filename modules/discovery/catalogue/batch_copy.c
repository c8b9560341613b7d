/* batch_copy.c: the rows of a batch as COPY takes them. */
#include <string.h>

#include "discovery/catalogue/batch.h"

static void add(struct text *t, const char *text) {
    text_add(t, text, strlen(text));
}

/* A field of COPY's text format; NULL is \N. */
static void field(struct text *t, const char *value) {
    if (!value) {
        add(t, "\\N");
        return;
    }
    for (;;) {
        size_t plain = strcspn(value, "\\\t\n\r");
        text_add(t, value, plain);
        value += plain;
        switch (*value++) {
        case '\\':
            add(t, "\\\\");
            break;
        case '\t':
            add(t, "\\t");
            break;
        case '\n':
            add(t, "\\n");
            break;
        case '\r':
            add(t, "\\r");
            break;
        default:
            return;
        }
    }
}

/* The same for a text that has a row to itself, or that is escaped already. */
static const char *escaped(struct scope *s, const char *value) {
    if (!value[strcspn(value, "\\\t\n\r")]) return value;
    struct text *t = text_new(s, strlen(value) + 64);
    field(t, value);
    return t->data;
}

void batch_row_ready(struct scope *s, struct batch_row *row, bool quiet) {
    const struct prepared *p = &row->item;
    if (row->outcome != OUTCOME_WAITING || row->apart) return;
    row->document_field = escaped(s, p->document);
    row->properties_field = escaped(s, p->properties);
    if (!quiet && !p->owner) row->event_field = escaped(s, bus_event_line(s, "item.published", p->id, p->event));
}

static void fields(struct text *t, const char *const *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        field(t, values[i]);
        add(t, "\t");
    }
}

/* The long field of a row: ready, or made now. */
static void long_field(struct text *t, const char *ready, const char *value) {
    if (ready)
        add(t, ready);
    else
        field(t, value);
}

static bool is_written(const struct batch_row *row) {
    return !row->apart && (row->outcome == OUTCOME_CREATED || row->outcome == OUTCOME_UPDATED);
}

static int copy(struct db_tx *tx, const char *sql, const struct text *t) {
    return t->len > 0 ? db_copy(tx, sql, t->data, t->len, NULL) : 0;
}

static int footprints(struct scope *s, struct db_tx *tx, const struct batch *b) {
    struct text *t = text_new(s, b->count * 1024);
    for (size_t i = 0; i < b->count; i++) {
        const struct prepared *p = &b->rows[i].item;
        if (!is_written(&b->rows[i])) continue;
        const char *during = scope_printf(s, "[%s,%s]", p->starts, p->ends);
        fields(t, (const char *[]){p->collection, p->id, p->owner, p->datetime, during, p->area}, 6);
        long_field(t, b->rows[i].properties_field, p->properties);
        add(t, "\n");
    }
    return copy(tx, "COPY footprint (collection, id, owner, datetime, during, geom, properties) FROM STDIN", t);
}

static int items(struct scope *s, struct db_tx *tx, const struct batch *b) {
    struct text *t = text_new(s, b->count * 4096);
    for (size_t i = 0; i < b->count; i++) {
        const struct prepared *p = &b->rows[i].item;
        if (!is_written(&b->rows[i])) continue;
        fields(t, (const char *[]){p->collection, p->id, p->owner, p->datetime, p->storage, p->checksum}, 6);
        long_field(t, b->rows[i].document_field, p->document);
        add(t, "\n");
    }
    return copy(tx, "COPY item (collection, id, owner, datetime, storage, checksum, document) FROM STDIN", t);
}

static const char *event_of(struct scope *s, const struct batch_row *row) {
    const struct prepared *p = &row->item;
    const char *data = p->event;
    if (p->owner) {
        const char *owner = json_line(s, scope_json(s, json_string(p->owner)));
        data = scope_printf(s, "{\"owner\":%s,%s", owner, p->event + 1);
    }
    return bus_event_line(s, row->outcome == OUTCOME_CREATED ? "item.published" : "item.updated", p->id, data);
}

static int events(struct scope *s, struct db_tx *tx, const struct batch *b) {
    if (b->quiet) return 0;
    struct text *t = text_new(s, b->count * 4096);
    for (size_t i = 0; i < b->count; i++) {
        const struct batch_row *row = &b->rows[i];
        if (!is_written(row)) continue;
        bool ready = row->event_field && row->outcome == OUTCOME_CREATED && !row->item.owner;
        long_field(t, ready ? row->event_field : NULL, ready ? NULL : event_of(s, row));
        add(t, "\n");
    }
    if (t->len > 0) db_tx_mark_events(tx);
    return copy(tx, "COPY outbox (event) FROM STDIN", t);
}

int batch_copy(struct scope *s, struct db_tx *tx, const struct batch *b) {
    int err = footprints(s, tx, b);
    if (!err) err = items(s, tx, b);
    return err ? err : events(s, tx, b);
}
