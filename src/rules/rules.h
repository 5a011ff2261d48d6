/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: what people say about records. Here: the default mask plan, made from the class of each
 * field and written allow-lists, and the filter, a small typed language over the fields of a row
 * whose every expression is also valid CEL.
 */
#ifndef REDOUBT_RULES_H
#define REDOUBT_RULES_H

#include "base/base.h"
#include "record/record.h"

/* The plan by class, for all kinds. Lives for ever. */
const struct mask_plan *rules_default_masks(void);
/* The lists it uses, for tests and docs: header names and query parameters whose values are kept.
 */
const struct mask_names *rules_allowed_headers(void);
const struct mask_names *rules_allowed_parameters(void);

/*
 * filter  = or                          or   = and { "||" and }          and = unary { "&&" unary }
 * unary   = { "!" } primary             primary = "(" filter ")" | "true" | "false" | has | test
 * has     = "has" "(" field ")"
 * test    = kind | field [ relation literal | "in" "[" literal { "," literal } "]"
 *                        | "." ("startsWith" | "endsWith" | "contains") "(" string ")" ]
 * field   = name { "." name } [ "[" string "]" ]      (the index reads a map)
 * relation = "==" "!=" "<" "<=" ">" ">="
 * literal = string | integer | float | "true" | "false" | duration("…") | timestamp("…")
 * Also "string" in field for lists and map keys. Times and addresses may be given as strings.
 *
 * Fields of another kind than the row's, and absent ones, are CEL's "no such field" error; && and
 * || absorb errors as CEL does; an error at the top is false.
 */
struct filter;

/* Limit: bytes of an expression, and nesting. */
#define FILTER_TEXT_MAX  (16 * KIB)
#define FILTER_DEPTH_MAX 64

/* Returns 0, or negative with ERR_FILTER whose text is three lines: what is wrong with a suggestion
 * where there is one, the expression, and a caret under the place. */
[[nodiscard]] int filter_new(struct str text, struct filter **out, struct err *err);
void filter_free(struct filter *f);
CLEANUP_DEFINE(struct filter *, filter_free)
bool filter_match(const struct filter *f, const struct row_view *row);

#endif
