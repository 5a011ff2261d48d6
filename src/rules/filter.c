/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter: made once from its text, asked about every row. A test of a field that the row does
 * not have is an error, which && and || absorb as CEL says: false && error is false, true || error
 * is true.
 */
#include <math.h>
#include <stdlib.h>

#include "rules/filter_int.h"

enum truth { IS_FALSE, IS_TRUE, IS_ERROR };

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

/* The value of the node's field, of the entry of its map where it is indexed; false when absent. */
static bool value_of(const struct node *n, const struct row_view *row, struct row_value *out)
{
	struct row_pair pair;
	size_t pos = 0;

	if (n->made)
		(void)filter_alias_value(n->made, row, out);
	else if ((n->kind && n->kind != row->kind_id) || !row_value(row, n->slot, out))
		return false;
	if (!n->indexed)
		return true;
	while (row_value_next_pair(out, &pos, &pair)) {
		if (!str_eq(pair.name, n->key))
			continue;
		out->type = FIELD_STR;
		out->s = pair.value;
		return true;
	}
	return false;
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

/* Less than, equal to, or greater than 0, as the value compares with the literal. */
static int order(const struct row_value *v, const struct literal *l)
{
	switch (v->type) {
	case FIELD_BOOL:
		return ORDER(v->b, l->b);
	case FIELD_U64:
		return l->negative ? 1 : ORDER(v->u, l->u);
	case FIELD_ENUM:
		return ORDER(v->u, l->u);
	case FIELD_I64:
	case FIELD_TIME:
	case FIELD_DUR:
		return ORDER(v->i, l->i);
	case FIELD_F64:
		return ORDER(v->f, l->f);
	case FIELD_IP:
		return memcmp(&v->ip, &l->ip, sizeof(v->ip));
	case FIELD_STR:
	case FIELD_BYTES:
	case FIELD_JSON:
		return str_cmp(v->s, l->s);
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

static bool compare(const struct node *n, const struct row_value *v)
{
	/* What is no number differs from every number, and has no order. */
	if (v->type == FIELD_F64 && isnan(v->f))
		return n->relation == REL_NE;
	return holds(n->relation, order(v, n->literal));
}

static bool among(const struct node *n, const struct row_value *v)
{
	if (v->type == FIELD_F64 && isnan(v->f))
		return false;
	for (size_t i = 0; i < n->literals; i++)
		if (order(v, &n->literal[i]) == 0)
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

/* A test whose field is there. */
static bool test_value(const struct node *n, const struct row_value *v)
{
	switch (n->type) {
	case NODE_BOOL:
		return v->b;
	case NODE_COMPARE:
		return compare(n, v);
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

static enum truth ask(const struct node *n, const struct row_view *row);

/* The operand that decides wins, else an error, else all agree. */
static enum truth ask_chain(const struct node *n, const struct row_view *row)
{
	enum truth decides = truth_of(n->type == NODE_OR);
	enum truth answer = truth_of(n->type == NODE_AND);

	for (const struct node *operand = n->first; operand; operand = operand->next) {
		enum truth t = ask(operand, row);

		if (t == decides)
			return t;
		if (t == IS_ERROR)
			answer = t;
	}
	return answer;
}

static enum truth ask_not(const struct node *n, const struct row_view *row)
{
	enum truth t = ask(n->first, row);

	return t == IS_ERROR ? t : truth_of(t == IS_FALSE);
}

/* has() of an alias, and an element of its list, which may stand in several fields. */
static bool ask_alias(const struct node *n, const struct row_view *row)
{
	struct row_value v;

	if (n->type == NODE_MEMBER)
		return filter_alias_has(n->made, row, n->literal->s);
	return filter_alias_value(n->made, row, &v);
}

static enum truth ask(const struct node *n, const struct row_view *row)
{
	bool list = n->made && n->field && n->field->type == FIELD_LIST_STR;
	struct row_value v;

	switch (n->type) {
	case NODE_CONST:
		return truth_of(n->value);
	case NODE_AND:
	case NODE_OR:
		return ask_chain(n, row);
	case NODE_NOT:
		return ask_not(n, row);
	case NODE_KIND:
		return truth_of(n->kind == row->kind_id);
	case NODE_FLAG:
		return ask(n->first, row);
	case NODE_HAS:
		return truth_of(n->made ? ask_alias(n, row) : value_of(n, row, &v));
	case NODE_BOOL:
	case NODE_COMPARE:
	case NODE_IN:
	case NODE_STARTS:
	case NODE_ENDS:
	case NODE_CONTAINS:
	case NODE_MEMBER:
		break;
	}
	if (list)
		return truth_of(ask_alias(n, row));
	return value_of(n, row, &v) ? truth_of(test_value(n, &v)) : IS_ERROR;
}

bool filter_match(const struct filter *f, const struct row_view *row)
{
	return ask(f->root, row) == IS_TRUE;
}
