/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: what people say about records. Here: the default mask plan, made from the class of each
 * field and written allow-lists, and the filter, a small typed language over the fields of a row
 * whose every expression is also an expression of CEL.
 */
#ifndef REDOUBT_RULES_H
#define REDOUBT_RULES_H

#include "base/base.h"
#include "record/record.h"

/* ---- Masks ----------------------------------------------------------------------------------- */

/* The plan by class, for all kinds. Lives for ever. */
const struct mask_plan *rules_default_masks(void);
/* What it does to the fields of one class. */
struct mask_rule rules_mask_of_class(enum field_class class);
/* The lists it uses, for tests and docs: names of headers and of query parameters whose values are
 * kept. */
const struct mask_names *rules_allowed_headers(void);
const struct mask_names *rules_allowed_parameters(void);

/* ---- Filters (docs/filter.md) ---------------------------------------------------------------- */

/*
 * filter   = and { "||" and }
 * and      = unary { "&&" unary }
 * unary    = ( { "!" } truth ) | test
 * truth    = "(" filter ")" | "true" | "false" | kind | "has" "(" field ")" | value | call
 * call     = value "." ( "startsWith" | "endsWith" | "contains" ) "(" string ")"
 * test     = value relation literal | value "in" "[" literal { "," literal } "]"
 *          | ( string | integer ) "in" field           (an element of a list, a key of a map)
 * value    = field [ "[" string "]" ]                 (the entry of a map; by itself a bool field)
 * field    = name { "." name }
 * relation = "==" | "!=" | "<" | "<=" | ">" | ">="
 * literal  = string | integer | float | "true" | "false"
 *          | "duration" "(" string ")" | "timestamp" "(" string ")"
 *
 * Where a time, a duration, an address or a number shown in hexadecimal is asked for, a string is
 * one.
 *
 * Fields of another kind than the row's, and absent ones, are CEL's "no such field" error; && and
 * || absorb errors as CEL does; an error at the top is false.
 */
struct filter;

/* A name of KFL2, Kubeshark's filter language, for the same here. Its table is in filter_alias.c;
 * docs/filter.md shows it. */
struct filter_alias {
	const char *name; /* * at its end: whatever begins so */
	uint8_t type;     /* of its value; 0: it is true or false, by the expression in from */
	const char *from; /* the fields it is made of; NULL: there is no such thing … */
	const char *why;  /* … and this is said instead */
	const struct filter_word *words; /* values that have other names there, NULL-ended */
};

struct filter_word {
	struct str ours, theirs;
};

/* NULL behind the last. */
const struct filter_alias *filter_alias_at(size_t i);

/* Limit: bytes of an expression, its parentheses in each other, and values of a list. */
#define FILTER_TEXT_MAX  (16 * KIB)
#define FILTER_DEPTH_MAX 64
#define FILTER_LIST_MAX  256

/* Returns 0, or negative with ERR_FILTER whose text is three lines: the position, counted in
 * characters from 1, and what is wrong, with a suggestion where there is one; the expression, or
 * what stands around the place; and a caret under it. Of a text that is too long it is one line. */
[[nodiscard]] int filter_new(struct str text, struct filter **out, struct err *err);
void filter_free(struct filter *f);
CLEANUP_DEFINE(struct filter *, filter_free)
/* Allocates nothing, and its work is bounded by the expression and the row. */
bool filter_match(const struct filter *f, const struct row_view *row);

/* ---- Filters over columns -------------------------------------------------------------------- */

/* Which parts of rows the filter asks about, as bits 1 << enum field_part: who may not read one of
 * them may not ask it. *name gets the first such field in the first part beyond those allowed, and
 * may be NULL. */
unsigned filter_parts(const struct filter *f, unsigned allowed, const char **name);

/* A group of rows of one kind as columns. `column` is asked for a slot when it is first needed, and
 * answers NULL where no row has the field, or *failed is set: the whole group cannot be judged. */
struct filter_columns {
	uint16_t kind_id;
	uint32_t rows;
	const struct column *(*column)(void *owner, unsigned slot, bool *failed);
	void *owner;
};

/* Asks all rows of a group: bit i % 64 of selected[i / 64] is set where filter_match() would be
 * true; selected has COLUMN_ROWS_MAX / 64 words. Allocates nothing outside *work, which is made by
 * the first call and freed by filter_work_free(). Returns how many are selected, -EIO when a column
 * failed, or -ENOMEM. */
struct filter_work;
void filter_work_free(struct filter_work *w);
CLEANUP_DEFINE(struct filter_work *, filter_work_free)
[[nodiscard]] ptrdiff_t filter_select(const struct filter *f, const struct filter_columns *c,
				      struct filter_work **work, uint64_t *selected);

/* What is known of a group before its columns are opened. Each answer may be unsure, and is never
 * wrong: zone false when no row has the field; may_hold true when a row may have the value (of a
 * list: as an element, of a map: as a name). */
struct filter_zone {
	uint32_t rows, present;
	bool bounded;
	union row_slot min, max; /* of numbers, times, durations, addresses */
};
struct filter_zones {
	uint16_t kind_id;
	bool (*zone)(void *owner, unsigned slot, struct filter_zone *out);
	bool (*may_hold)(void *owner, unsigned slot, const struct row_value *value);
	void *owner;
};
/* False when no row of the group can be selected. */
bool filter_may_select(const struct filter *f, const struct filter_zones *zones);

#endif
