/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter asked about a group of rows as columns. A bitmap of rows is narrowed to those of which
 * the expression is true: an error, being neither true nor false, falls out by itself, so that &&
 * and || absorb it as filter.c has it. A column is asked for while there are rows that depend on
 * it. A test is asked once for each entry of a dictionary, as words where they are numbers, and
 * else row by row.
 */
#include <stdlib.h>

#include "rules/filter_int.h"

/* Runs of wanted entries of a dictionary; with more of them the table is faster. */
#define RUNS_MAX 3

/* What one level of || needs: rows that are undecided, and those of them an operand keeps. */
struct level {
	uint64_t left[FILTER_WORDS], kept[FILTER_WORDS];
};

struct filter_work {
	const struct filter_columns *columns;
	bool failed;
	uint64_t asked[ROW_SLOTS_MAX / 64]; /* for these slots */
	const struct column *column[ROW_SLOTS_MAX];
	size_t words; /* of a bitmap */
	uint8_t table[COLUMN_ROWS_MAX];
	size_t levels;
	struct level level[];
};

/* ---- Work ------------------------------------------------------------------------------------ */

/* Levels that the tree can need: && and || in each other. */
static size_t levels_of(const struct node *n)
{
	bool chain = n->type == NODE_AND || n->type == NODE_OR;
	size_t most = 0;

	for (const struct node *operand = n->first; operand; operand = operand->next) {
		size_t levels = levels_of(operand);

		most = levels > most ? levels : most;
	}
	return most + chain;
}

void filter_work_free(struct filter_work *w)
{
	free(w);
}

static int work_ready(const struct filter *f, const struct filter_columns *c,
		      struct filter_work **work)
{
	size_t levels = levels_of(f->root);
	struct filter_work *w = *work;

	if (!w || w->levels < levels) {
		w = malloc(sizeof(*w) + levels * sizeof(w->level[0]));
		if (!w)
			return -ENOMEM;
		w->levels = levels;
		filter_work_free(*work);
		*work = w;
	}
	w->columns = c;
	w->failed = false;
	w->words = (c->rows + 63) / 64;
	memset(w->asked, 0, sizeof(w->asked));
	memset(w->column, 0, sizeof(w->column));
	return 0;
}

/* ---- Bitmaps --------------------------------------------------------------------------------- */

static bool any(const struct filter_work *w, const uint64_t *rows)
{
	uint64_t some = 0;

	for (size_t i = 0; i < w->words; i++)
		some |= rows[i];
	return some != 0 && !w->failed;
}

static size_t count(const struct filter_work *w, const uint64_t *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < w->words; i++)
		n += (size_t)__builtin_popcountll(rows[i]);
	return n;
}

static void copy(const struct filter_work *w, uint64_t *to, const uint64_t *from)
{
	memcpy(to, from, w->words * sizeof(*to));
}

static void take_away(const struct filter_work *w, uint64_t *from, const uint64_t *what)
{
	for (size_t i = 0; i < w->words; i++)
		from[i] &= ~what[i];
}

static void keep_only(const struct filter_work *w, uint64_t *rows, const uint64_t *these)
{
	for (size_t i = 0; i < w->words; i++)
		rows[i] &= these[i];
}

static void keep_all_or_none(const struct filter_work *w, uint64_t *rows, bool all)
{
	if (!all)
		memset(rows, 0, w->words * sizeof(*rows));
}

/* ---- Tests ----------------------------------------------------------------------------------- */

/* NULL when no row has the field, or when the column failed. */
static const struct column *column_of(struct filter_work *w, struct field_ref ref)
{
	const struct filter_columns *c = w->columns;
	uint64_t *asked = &w->asked[ref.slot / 64], bit = UINT64_C(1) << (ref.slot % 64);

	if (ref.kind && ref.kind != c->kind_id)
		return NULL;
	if (*asked & bit || w->failed)
		return w->column[ref.slot];
	*asked |= bit;
	w->column[ref.slot] = c->column(c->owner, ref.slot, &w->failed);
	assert(!w->column[ref.slot] || w->column[ref.slot]->rows == c->rows);
	return w->column[ref.slot];
}

/* Row by row. */
static void keep_each(const struct filter_work *w, const struct node *n, enum truth wanted,
		      uint64_t *rows)
{
	struct filter_source source = { .kind_id = w->columns->kind_id, .column = w->column };

	for (size_t i = 0; i < w->words; i++) {
		for (uint64_t left = rows[i]; left; left &= left - 1) {
			source.at = i * 64 + (size_t)__builtin_ctzll(left);
			if (filter_ask(n, &source) != wanted)
				rows[i] &= ~(left & -left);
		}
	}
}

/* The same for text and packed values without a dictionary, which need not be looked for. */
static void keep_texts(const struct filter_work *w, const struct node *n, enum truth wanted,
		       const struct column *c, uint64_t *rows)
{
	struct row_value v = { .type = c->type };

	for (size_t i = 0; i < w->words; i++) {
		for (uint64_t left = rows[i]; left; left &= left - 1) {
			size_t row = i * 64 + (size_t)__builtin_ctzll(left);

			v.s = column_text(c, row);
			v.n = c->counts ? c->counts[row] : 0;
			if (filter_ask_value(n, &v) != wanted)
				rows[i] &= ~(left & -left);
		}
	}
}

/* By what the test says of each entry. */
static void keep_entries(struct filter_work *w, const struct node *n, enum truth wanted,
			 const struct column *c, uint64_t *rows)
{
	struct filter_span run[RUNS_MAX];
	struct row_value v;
	size_t runs = 0;

	for (uint32_t j = 0; j < c->distinct; j++) {
		column_entry(c, j, &v);
		w->table[j] = filter_ask_value(n, &v) == wanted;
		if (!w->table[j] || runs > RUNS_MAX)
			continue;
		if (j > 0 && w->table[j - 1])
			run[runs - 1].more++;
		else if (runs++ < RUNS_MAX)
			run[runs - 1] = (struct filter_span){ true, j, 0 };
	}
	if (runs <= RUNS_MAX)
		filter_keep_spans(c, run, runs, true, rows);
	else
		filter_keep_table(c, w->table, rows);
}

/* What a test of words is true of; 0 when the values are no words. */
static size_t spans_of(const struct node *n, const struct column *c,
		       struct filter_span span[FILTER_LIST_MAX])
{
	static const struct literal yes = { .type = LITERAL_BOOL, .b = true };
	const struct literal *literal = n->type == NODE_BOOL ? &yes : n->literal;
	enum relation relation = n->type == NODE_COMPARE ? n->relation : REL_EQ;
	size_t literals = n->type == NODE_BOOL ? 1 : n->literals;

	for (size_t i = 0; i < literals; i++)
		if (!filter_span((enum field_type)c->type, relation, &literal[i], &span[i]))
			return 0;
	return literals;
}

static bool is_text(const struct column *c)
{
	return c->type == FIELD_STR || c->type == FIELD_BYTES || c->type == FIELD_JSON ||
	       c->type >= FIELD_LIST_U64;
}

/* All rows that have the field have one value. */
static void keep_constant(const struct filter_work *w, const struct node *n, enum truth wanted,
			  uint64_t *rows)
{
	struct filter_source source = { .kind_id = w->columns->kind_id, .column = w->column };
	size_t i = 0;

	while (!rows[i])
		i++;
	source.at = i * 64 + (size_t)__builtin_ctzll(rows[i]);
	keep_all_or_none(w, rows, filter_ask(n, &source) == wanted);
}

/* Of rows that have the field, of which there are some. */
static void keep_values(struct filter_work *w, const struct node *n, enum truth wanted,
			const struct column *c, uint64_t *rows)
{
	struct filter_span span[FILTER_LIST_MAX];
	size_t spans;

	if (is_text(c) && c->distinct == 0) {
		keep_texts(w, n, wanted, c, rows);
	} else if (c->width == 0) {
		keep_constant(w, n, wanted, rows);
	} else if (c->distinct > 0) {
		if (count(w, rows) < c->distinct)
			keep_each(w, n, wanted, rows);
		else
			keep_entries(w, n, wanted, c, rows);
	} else {
		spans = spans_of(n, c, span);
		if (spans > 0)
			filter_keep_spans(c, span, spans, wanted == IS_TRUE, rows);
		else
			keep_each(w, n, wanted, rows);
	}
}

/* Without a field, or where no row has it, all rows have the same answer. */
static void narrow_test(struct filter_work *w, const struct node *n, enum truth wanted,
			uint64_t *rows)
{
	const struct filter_source nothing = { .kind_id = w->columns->kind_id };
	struct field_ref ref = { n->kind, n->slot };
	const struct column *c = n->field ? column_of(w, ref) : NULL;

	if (!c) {
		keep_all_or_none(w, rows, filter_ask(n, &nothing) == wanted);
	} else if (n->type != NODE_HAS) {
		if (c->present)
			keep_only(w, rows, c->present);
		if (any(w, rows))
			keep_values(w, n, wanted, c, rows);
	} else if (!c->present) {
		keep_all_or_none(w, rows, wanted == IS_TRUE);
	} else if (wanted == IS_TRUE) {
		keep_only(w, rows, c->present);
	} else {
		take_away(w, rows, c->present);
	}
}

static void narrow_alias(struct filter_work *w, const struct node *n, enum truth wanted,
			 uint64_t *rows)
{
	struct field_ref ref;

	for (size_t i = 0; filter_alias_field(n->made, i, &ref); i++)
		(void)column_of(w, ref);
	if (!w->failed)
		keep_each(w, n, wanted, rows);
}

/* ---- The tree -------------------------------------------------------------------------------- */

static void narrow(struct filter_work *w, const struct node *n, enum truth wanted, uint64_t *rows,
		   size_t level);

/* Every operand has to be as wanted. */
static void narrow_by_each(struct filter_work *w, const struct node *n, enum truth wanted,
			   uint64_t *rows, size_t level)
{
	for (const struct node *operand = n->cheapest; operand && any(w, rows);
	     operand = operand->then)
		narrow(w, operand, wanted, rows, level);
}

/* Some operand has to be. */
static void narrow_by_some(struct filter_work *w, const struct node *n, enum truth wanted,
			   uint64_t *rows, size_t level)
{
	struct level *own = &w->level[level];

	assert(level < w->levels);
	copy(w, own->left, rows);
	for (const struct node *operand = n->cheapest; operand && any(w, own->left);
	     operand = operand->then) {
		copy(w, own->kept, own->left);
		narrow(w, operand, wanted, own->kept, level + 1);
		take_away(w, own->left, own->kept);
	}
	take_away(w, rows, own->left);
}

/* Leaves of the rows, of which there are some, those of which n is as wanted: true or false. */
static void narrow(struct filter_work *w, const struct node *n, enum truth wanted, uint64_t *rows,
		   size_t level)
{
	switch (n->type) {
	case NODE_AND:
	case NODE_OR:
		if ((n->type == NODE_AND) == (wanted == IS_TRUE))
			narrow_by_each(w, n, wanted, rows, level);
		else
			narrow_by_some(w, n, wanted, rows, level);
		return;
	case NODE_NOT:
		narrow(w, n->first, wanted == IS_TRUE ? IS_FALSE : IS_TRUE, rows, level);
		return;
	case NODE_FLAG:
		narrow(w, n->first, wanted, rows, level);
		return;
	case NODE_CONST:
	case NODE_KIND:
	case NODE_HAS:
	case NODE_BOOL:
	case NODE_COMPARE:
	case NODE_IN:
	case NODE_STARTS:
	case NODE_ENDS:
	case NODE_CONTAINS:
	case NODE_MEMBER:
		break;
	}
	if (n->made)
		narrow_alias(w, n, wanted, rows);
	else
		narrow_test(w, n, wanted, rows);
}

ptrdiff_t filter_select(const struct filter *f, const struct filter_columns *c,
			struct filter_work **work, uint64_t *selected)
{
	struct filter_work *w;
	int r;

	assert(c->rows <= COLUMN_ROWS_MAX);
	r = work_ready(f, c, work);
	if (r < 0)
		return r;
	w = *work;
	memset(selected, 0, FILTER_WORDS * sizeof(*selected));
	memset(selected, 0xff, c->rows / 64 * sizeof(*selected));
	if (c->rows % 64)
		selected[c->rows / 64] = (UINT64_C(1) << (c->rows % 64)) - 1;
	if (c->rows > 0)
		narrow(w, f->root, IS_TRUE, selected, 0);
	return w->failed ? -EIO : (ptrdiff_t)count(w, selected);
}
