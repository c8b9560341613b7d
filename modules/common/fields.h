/* fields.h: reads a JSON object's members, with the first fault remembered.
 *
 *     struct fields f = fields_of(body);
 *     const char *name = field_string(&f, "name", 1, 200);
 *     int64_t amount = field_int(&f, "amount", 1, 100000000);
 *     const char *note = field_string_or(&f, "note", 0, 500, NULL);
 *     if (fields_fail(&f, rs)) return 0;          (answered 422 naming the member)
 *
 * Reading goes on after a fault with harmless values, so that a handler stays straight. Strings are borrowed from
 * the tree. Members that were not read make a fault too when fields_closed() was called.
 */
#ifndef NADIR_FIELDS_H
#define NADIR_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct response;

struct fields {
    const json_t *object;
    const char *bad_name; /* NULL: all well so far */
    char why[160];
    const char *seen[40];
    int nseen;
    bool closed;
};

/** Begins reading; a tree that is not an object is a fault. */
struct fields fields_of(const json_t *object);
/** Refuse members that are not read. */
void fields_closed(struct fields *f);

/* Required members: absent, null or of another type is a fault. Lengths count bytes. */
const char *field_string(struct fields *f, const char *name, size_t least, size_t most);
int64_t field_int(struct fields *f, const char *name, int64_t least, int64_t most);
double field_number(struct fields *f, const char *name, double least, double most);
bool field_bool(struct fields *f, const char *name);
const json_t *field_object(struct fields *f, const char *name);
const json_t *field_array(struct fields *f, const char *name, size_t least, size_t most);
/** A string that is one of the NULL-ended list. */
const char *field_choice(struct fields *f, const char *name, const char *const *choices);
/** A UUID in its 36-character form. */
const char *field_uuid(struct fields *f, const char *name);

/* Optional members: absent or null gives `otherwise`. */
const char *field_string_or(struct fields *f, const char *name, size_t least, size_t most, const char *otherwise);
int64_t field_int_or(struct fields *f, const char *name, int64_t least, int64_t most, int64_t otherwise);
double field_number_or(struct fields *f, const char *name, double least, double most, double otherwise);
bool field_bool_or(struct fields *f, const char *name, bool otherwise);
const json_t *field_object_or_null(struct fields *f, const char *name);
const json_t *field_array_or_null(struct fields *f, const char *name, size_t most);
const char *field_choice_or(struct fields *f, const char *name, const char *const *choices, const char *otherwise);

/** Records a fault found by the caller (the first one stays). */
void field_fault(struct fields *f, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** True if a fault was recorded, or a member was not read although fields_closed() was called; bad_name and why tell. For trees
 *  that are checked before, or without, a response. */
bool fields_faulty(struct fields *f);

/** If a fault was recorded, answers 422 "invalid-field" naming it and returns true. */
bool fields_fail(struct fields *f, struct response *rs);

#endif
