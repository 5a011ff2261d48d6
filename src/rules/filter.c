/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter: made once from its text, asked about every row. A test of a field that the row does
 * not have is an error, which && and || absorb as CEL says: false && error is false, true || error
 * is true.
 */
#include <math.h>
#include <stdlib.h>

#include "rules/filter_int.h"

int filter_new(struct str text, struct filter **out, struct err *err)
{
	CLEANUP(filter_free) struct filter *f = NULL;
	int r;

	if (text.n > FILTER_TEXT_MAX)
		return err_set(err, ERR_FILTER,
			       "The expression has %zu bytes; at most %zu are allowed.", text.n,
			       (size_t)FILTER_TEXT_MAX);
	f = calloc(1, sizeof(*f));
	if (!f || pool_init(&f->pool, FILTER_BLOCK_BYTES, FILTER_BLOCKS) < 0)
		return err_set(err, ERR_MEMORY, "the filter");
	arena_init(&f->arena, &f->pool, FILTER_BLOCK_BYTES * FILTER_BLOCKS);
	f->text = arena_str(&f->arena, text);
	r = filter_parse(f, err);
	if (r < 0)
		return r;
	filter_order(f->root);
	*out = TAKE(f);
	return 0;
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	pool_done(&f->pool);
	free(f);
}

/* ---- Values ---- */

bool filter_value(const struct filter_source *source, struct field_ref ref, struct row_value *out)
{
	const struct column *c;

	if (ref.kind && ref.kind != source->kind_id)
		return false;
	if (source->row)
		return row_value(source->row, ref.slot, out);
	c = source->column ? source->column[ref.slot] : NULL;
	return c && column_value(c, source->at, out);
}

/* The value of the node's field; false when absent. */
static bool value_of(const struct node *n, const struct filter_source *source,
		     struct row_value *out)
{
	if (!n->made)
		return filter_value(source, (struct field_ref){ n->kind, n->slot }, out);
	(void)filter_alias_value(n->made, source, out);
	return true;
}

/* ---- Tests ---- */

/* Less than, equal to, or greater than 0, as the value, which is no word, compares. */
static int order(const struct row_value *v, const struct literal *l)
{
	switch (v->type) {
	case FIELD_F64:
		return (v->f > l->f) - (v->f < l->f);
	case FIELD_IP:
		return memcmp(&v->ip, &l->ip, sizeof(v->ip));
	case FIELD_STR:
	case FIELD_BYTES:
	case FIELD_JSON:
		return str_cmp(v->s, l->s);
	case FIELD_BOOL:
	case FIELD_U64:
	case FIELD_I64:
	case FIELD_TIME:
	case FIELD_DUR:
	case FIELD_ENUM:
	case FIELD_LIST_U64:
	case FIELD_LIST_STR:
	case FIELD_MAP:
		break;
	}
	return 1; /* filter_check_relation() refused these */
}

static bool holds(enum relation relation, int o)
{
	switch (relation) {
	case REL_EQ:
		return o == 0;
	case REL_NE:
		return o != 0;
	case REL_LT:
		return o < 0;
	case REL_LE:
		return o <= 0;
	case REL_GT:
		return o > 0;
	case REL_GE:
		return o >= 0;
	}
	return false;
}

static uint64_t word_of(const struct row_value *v)
{
	if (v->type == FIELD_BOOL)
		return v->b;
	return v->type == FIELD_U64 || v->type == FIELD_ENUM ? v->u : (uint64_t)v->i;
}

static bool compare(const struct row_value *v, enum relation relation, const struct literal *l)
{
	struct filter_span span;

	if (filter_span(v->type, relation, l, &span))
		return filter_span_has(span, word_of(v));
	/* What is no number differs from every number, and has no order. */
	if (v->type == FIELD_F64 && isnan(v->f))
		return relation == REL_NE;
	return holds(relation, order(v, l));
}

static bool among(const struct node *n, const struct row_value *v)
{
	for (size_t i = 0; i < n->literals; i++)
		if (compare(v, REL_EQ, &n->literal[i]))
			return true;
	return false;
}

/* Is the literal an element of the list, or a key of the map? */
static bool member(const struct row_value *v, const struct literal *l)
{
	struct row_pair pair;
	struct str s;
	size_t pos = 0;
	uint64_t u;

	while (row_value_next_u64(v, &pos, &u))
		if (u == l->u && !l->negative)
			return true;
	while (row_value_next_str(v, &pos, &s))
		if (str_eq(s, l->s))
			return true;
	while (row_value_next_pair(v, &pos, &pair))
		if (str_eq(pair.name, l->s))
			return true;
	return false;
}

/* ---- The answer ---- */

static enum truth truth_of(bool b)
{
	return b ? IS_TRUE : IS_FALSE;
}

/* Of a field that is there. */
static bool test(const struct node *n, const struct row_value *v)
{
	switch (n->type) {
	case NODE_BOOL:
		return v->b;
	case NODE_COMPARE:
		return compare(v, n->relation, n->literal);
	case NODE_IN:
		return among(n, v);
	case NODE_STARTS:
		return str_starts(v->s, n->literal->s);
	case NODE_ENDS:
		return str_ends(v->s, n->literal->s);
	case NODE_CONTAINS:
		return str_contains(v->s, n->literal->s);
	case NODE_MEMBER:
		return member(v, n->literal);
	case NODE_CONST:
	case NODE_AND:
	case NODE_OR:
	case NODE_NOT:
	case NODE_KIND:
	case NODE_FLAG:
	case NODE_HAS:
		break;
	}
	return false;
}

/* Of the entry of a map; without one of this key it is an error. */
static enum truth ask_entry(const struct node *n, const struct row_value *map)
{
	struct row_value entry = { .type = FIELD_STR };
	struct row_pair pair;
	size_t pos = 0;

	while (row_value_next_pair(map, &pos, &pair)) {
		if (!str_eq(pair.name, n->key))
			continue;
		entry.s = pair.value;
		return truth_of(test(n, &entry));
	}
	return IS_ERROR;
}

enum truth filter_ask_value(const struct node *n, const struct row_value *v)
{
	return n->indexed ? ask_entry(n, v) : truth_of(test(n, v));
}

/* The operand that decides wins, else an error, else all agree. */
static enum truth ask_chain(const struct node *n, const struct filter_source *source)
{
	enum truth decides = truth_of(n->type == NODE_OR);
	enum truth answer = truth_of(n->type == NODE_AND);

	for (const struct node *operand = n->first; operand; operand = operand->next) {
		enum truth t = filter_ask(operand, source);

		if (t == decides)
			return t;
		if (t == IS_ERROR)
			answer = t;
	}
	return answer;
}

static enum truth ask_not(const struct node *n, const struct filter_source *source)
{
	enum truth t = filter_ask(n->first, source);

	return t == IS_ERROR ? t : truth_of(t == IS_FALSE);
}

static enum truth ask_has(const struct node *n, const struct filter_source *source)
{
	struct row_value v;

	return truth_of(n->made ? filter_alias_value(n->made, source, &v)
				: value_of(n, source, &v));
}

static enum truth ask_test(const struct node *n, const struct filter_source *source)
{
	struct row_value v;

	/* Its elements may stand in several fields. */
	if (n->made && n->field->type == FIELD_LIST_STR)
		return truth_of(filter_alias_has(n->made, source, n->literal->s));
	return value_of(n, source, &v) ? filter_ask_value(n, &v) : IS_ERROR;
}

enum truth filter_ask(const struct node *n, const struct filter_source *source)
{
	switch (n->type) {
	case NODE_CONST:
		return truth_of(n->value);
	case NODE_AND:
	case NODE_OR:
		return ask_chain(n, source);
	case NODE_NOT:
		return ask_not(n, source);
	case NODE_KIND:
		return truth_of(n->kind == source->kind_id);
	case NODE_FLAG:
		return filter_ask(n->first, source);
	case NODE_HAS:
		return ask_has(n, source);
	case NODE_BOOL:
	case NODE_COMPARE:
	case NODE_IN:
	case NODE_STARTS:
	case NODE_ENDS:
	case NODE_CONTAINS:
	case NODE_MEMBER:
		break;
	}
	return ask_test(n, source);
}

bool filter_match(const struct filter *f, const struct row_view *row)
{
	const struct filter_source source = { .kind_id = row->kind_id, .row = row };

	return filter_ask(f->root, &source) == IS_TRUE;
}
