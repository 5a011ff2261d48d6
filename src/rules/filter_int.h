/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter, inside: tokens with their place, and the checked tree. filter_lex.c makes tokens,
 * filter_value.c literals, filter_parse.c the tree, filter_name.c resolves names in it,
 * filter_alias.c those of another language, filter_check.c types, filter_error.c says what is wrong
 * and where, and filter_order.c finds the cheap tests. What a test means stands in filter.c
 * and filter_span.c, which ask the tree about a row; filter_columns.c asks it about a group of
 * rows, filter_zone.c about what is known of a group, and filter_parts.c which parts it asks.
 */
#ifndef REDOUBT_RULES_FILTER_INT_H
#define REDOUBT_RULES_FILTER_INT_H

#include "rules/rules.h"

/* Memory of one filter: tree, strings and lists. Invariant: no expression within FILTER_TEXT_MAX
 * needs more: the densest ones, long lists and short tests in a chain, take less than 40 bytes for
 * each of their own. */
#define FILTER_BLOCK_BYTES (32 * KIB)
#define FILTER_BLOCKS      32

/* ---- Tokens ---- */

enum token_type {
	TOKEN_END,
	TOKEN_NAME,
	TOKEN_STRING,
	TOKEN_INT,
	TOKEN_FLOAT,
	TOKEN_OP,  /* its text says which */
	TOKEN_BAD, /* what is wrong stands in bad */
};

struct token {
	enum token_type type;
	struct str text; /* as written; of a string, between its quotes */
	size_t at, end;  /* where it stands in the expression, quotes and all */
	const char *bad;
};

struct parser {
	struct filter *filter;
	struct str text;
	struct token token; /* the one looked at */
	unsigned depth;
	struct err *err;
	bool failed;
};

struct token filter_token(struct str text, size_t at);
void filter_next(struct parser *p);
bool filter_is_op(const struct parser *p, const char *op);
bool filter_is_name(const struct parser *p, const char *name);
/* Steps over op when it is there. */
bool filter_take_op(struct parser *p, const char *op);
/* The same, and says so when it is not. */
bool filter_expect_op(struct parser *p, const char *op);

/* ---- Values ---- */

enum literal_type {
	LITERAL_STR,
	LITERAL_INT,
	LITERAL_FLOAT,
	LITERAL_BOOL,
	LITERAL_TIME,
	LITERAL_DUR,
};

/* As written; filter_check_literal() turns it into the type of its field. */
struct literal {
	enum literal_type type;
	bool negative; /* u is the magnitude of an integer below 0 */
	size_t at;
	struct str s;
	union {
		uint64_t u;
		int64_t i;
		double f;
		bool b;
		struct ip_addr ip;
	};
};

/* Zeroed memory of the filter; NULL when there is no more, which is said. */
void *filter_alloc(struct parser *p, size_t n);
/* One of the three tests of a text; false when there is no such method. */
bool filter_is_method(struct str name);
bool filter_parse_string(struct parser *p, struct str *out);
bool filter_parse_literal(struct parser *p, struct literal *l);

/* ---- The tree ---- */

enum relation { REL_EQ, REL_NE, REL_LT, REL_LE, REL_GT, REL_GE };

enum node_type {
	NODE_CONST,
	NODE_AND,
	NODE_OR,
	NODE_NOT,
	NODE_KIND, /* the row is of this kind */
	NODE_FLAG, /* an alias that stands for a test: its first */
	NODE_HAS,
	NODE_BOOL, /* a bool field by itself */
	NODE_COMPARE,
	NODE_IN, /* field in [literals] */
	NODE_STARTS,
	NODE_ENDS,
	NODE_CONTAINS,
	NODE_MEMBER, /* literal in a list or map field */
};

struct node {
	enum node_type type;
	enum relation relation;
	struct node *first;           /* operands of AND, OR and NOT … */
	struct node *next;            /* … which are a chain, so that a long one is no deep one */
	struct node *cheapest, *then; /* the same, what costs least first */
	size_t at;
	const struct field *field;
	uint16_t kind; /* of the field; 0: common to all */
	uint16_t slot;
	bool value;   /* of CONST */
	bool indexed; /* field["key"] of a map */
	struct str key;
	const struct filter_made *made; /* of an alias */
	const struct literal *literal;
	size_t literals;
};

struct filter {
	struct pool pool;
	struct arena arena;
	struct node *root;
	struct str text;
	struct filter_made *made; /* aliases that it names */
};

[[nodiscard]] int filter_parse(struct filter *f, struct err *err);
/* The tree of a text of our own, for the filter of p. */
struct node *filter_parse_text(struct parser *p, struct str text);

/* ---- Names and types; each answers false after it said what is wrong ---- */

/* The field of this name, and its place; NULL when there is none. */
const struct field *filter_find(struct str name, struct field_ref *ref);
/* A kind's bare name makes n a NODE_KIND; else name is a field's. */
bool filter_resolve(struct parser *p, struct str name, size_t at, struct node *n);
/* Is n a field, and no record kind? */
bool filter_check_field(struct parser *p, const struct node *n, size_t at);
/* Has this field one value that the relation, or NULL for "in", can compare? */
bool filter_check_relation(struct parser *p, const struct node *n, const enum relation *relation);
bool filter_check_literal(struct parser *p, const struct node *n, struct literal *l);
/* Words that other languages have for what is written otherwise here, such as "and": says so. */
bool filter_check_word(struct parser *p, const struct node *n);
/* The literal at a place, before its tokens are looked at: is it none that lacks its quotes? */
bool filter_check_quoted(struct parser *p, const struct node *n, size_t at);
/* Can an entry of this map have this key? */
bool filter_check_key(struct parser *p, const struct node *n, struct str key, size_t at);

/* The nearest of several names, for "did you mean": NULL when none is near. */
struct suggestion {
	struct str wanted;
	const char *name;
	size_t distance; /* a name must be nearer than this */
};
struct suggestion filter_suggestion(struct str wanted);
void filter_suggest(struct suggestion *s, const char *name);

/* ---- Asking ---- */

enum truth { IS_FALSE, IS_TRUE, IS_ERROR };

/* The fields of one row: of a row in place, or of one place in columns by slot, NULL where no row
 * has the field; without both it has none. */
struct filter_source {
	uint16_t kind_id;
	const struct row_view *row;
	const struct column *const *column;
	size_t at;
};

/* The value of a field; false when the row does not have it. */
bool filter_value(const struct filter_source *source, struct field_ref ref, struct row_value *out);
/* The answer of a node about a row. */
enum truth filter_ask(const struct node *n, const struct filter_source *source);
/* The answer of a test, no alias's, about the value of its field. */
enum truth filter_ask_value(const struct node *n, const struct row_value *v);

/* Numbers, times, durations, choices and bools as words of 64 bits; what a comparison is true of is
 * a run of words: `first`, and as many behind it as `more` says, where 0 follows the largest. */
struct filter_span {
	bool any; /* else no word at all */
	uint64_t first, more;
};

/* What `value relation literal` is true of; false when values of this type are no words. */
bool filter_span(enum field_type type, enum relation relation, const struct literal *l,
		 struct filter_span *out);

static inline bool filter_span_has(struct filter_span s, uint64_t word)
{
	return s.any && word - s.first <= s.more;
}

/* Fills cheapest and then. */
void filter_order(struct node *root);

/* ---- Columns ---- */

#define FILTER_WORDS (COLUMN_ROWS_MAX / 64)

/* Of the rows whose bits are set, those stay whose word (of a column with a dictionary: whose
 * index) is `in` one of the spans, or not; or whose index has a 1, and no 0, in the table. The
 * column has a width. */
void filter_keep_spans(const struct column *c, const struct filter_span *span, size_t spans,
		       bool in, uint64_t *rows);
void filter_keep_table(const struct column *c, const uint8_t *table, uint64_t *rows);

/* ---- Aliases ---- */

/* Limit: fields of one alias. */
#define FILTER_ALIAS_FIELDS_MAX 6

/* The alias of this name, or NULL. */
const struct filter_alias *filter_alias_find(struct str name);
/* Makes n a test of what the alias stands for; false after it said what is wrong. */
bool filter_alias_resolve(struct parser *p, const struct filter_alias *alias, size_t at,
			  struct node *n);
/* Its i-th field, and the place of that; NULL behind the last. */
const struct field *filter_alias_field(const struct filter_made *m, size_t i,
				       struct field_ref *ref);
/* Its value in a row, the zero of its type where there is none; was there one? */
bool filter_alias_value(const struct filter_made *m, const struct filter_source *source,
			struct row_value *out);
/* Is this an element of a list? */
bool filter_alias_has(const struct filter_made *m, const struct filter_source *source,
		      struct str element);

/* ---- Errors ---- */

/* Says what is wrong at a place: the first call counts. */
void filter_fail(struct parser *p, size_t at, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* A piece of the expression as a message may quote it: short, and without control characters. */
struct quoted {
	char text[56];
};
struct quoted filter_quote(struct str s);

#endif
