// SPDX-License-Identifier: Apache-2.0
/*
 * Groups of rows that lie as columns. Where the keys' columns have few different values, as a
 * dictionary or small numbers have, each row's key is a small number, its code: rows are counted
 * by code in a plain array, and a group is looked up once for each code. What has no such codes is
 * looked up row by row.
 */
#include <stdlib.h>

#include "query/query_int.h"

/* Limit: different codes of one group of rows; beyond them a row at a time. */
#define CODES_MAX ((size_t)64 * 1024)

struct query_aggregate_work {
	uint32_t code[COLUMN_ROWS_MAX];
	uint32_t count[CODES_MAX];
	uint32_t sample[CODES_MAX]; /* a row with this code */
	uint32_t group[CODES_MAX];
};

void query_aggregate_work_free(struct query_aggregate_work *w)
{
	free(w);
}

/* ---- Selected rows --------------------------------------------------------------------------- */

static size_t words_of(uint32_t rows)
{
	return ((size_t)rows + 63) / 64;
}

static uint64_t selected_word(const struct aggregate_rows *in, size_t w)
{
	uint32_t left = in->rows - (uint32_t)(w * 64);

	if (in->selected)
		return in->selected[w];
	return left >= 64 ? UINT64_MAX : (UINT64_C(1) << left) - 1;
}

/* for each selected row: bits of a word are taken from the lowest on. */
#define EACH_SELECTED(in, row)                                                                     \
	for (size_t w_ = 0; w_ < words_of((in)->rows); w_++)                                       \
		for (uint64_t bits_ = selected_word((in), w_);                                     \
		     bits_ && ((row) = w_ * 64 + (size_t)__builtin_ctzll(bits_), true);            \
		     bits_ &= bits_ - 1)

/* ---- Row by row ------------------------------------------------------------------------------ */

static ptrdiff_t group_of_row(struct aggregate *a, const struct aggregate_rows *in, size_t row)
{
	const struct query_plan *p = query_aggregate_plan(a);
	struct row_value by[QUERY_BY_MAX], at;
	struct group_key key = { 0 };
	bool timed = in->time && column_value(in->time, row, &at);

	key.at_ns = query_aggregate_step(p, timed, timed ? at.i : 0);
	for (unsigned i = 0; i < p->keys; i++)
		key.value[i] = in->by[i] && column_value(in->by[i], row, &by[i]) ? &by[i] : NULL;
	return query_aggregate_group(a, &key);
}

static int add_values(struct aggregate *a, const struct aggregate_rows *in, size_t row, size_t g)
{
	struct row_value sum, quantile;
	bool has_sum = in->sum && column_value(in->sum, row, &sum);
	bool has_quantile = in->quantile && column_value(in->quantile, row, &quantile);

	return query_aggregate_value(a, g, has_sum ? &sum : NULL, has_quantile ? &quantile : NULL);
}

static int add_each(struct aggregate *a, const struct aggregate_rows *in)
{
	size_t row;

	EACH_SELECTED(in, row)
	{
		ptrdiff_t g = group_of_row(a, in, row);
		int r = g < 0 ? (int)g : add_values(a, in, row, (size_t)g);

		if (r < 0)
			return r;
		query_aggregate_count(a, (size_t)g, 1);
	}
	return 0;
}

/* ---- Codes ----------------------------------------------------------------------------------- */

/* The largest index of a column; one loop a width, so that each becomes vector code. */
#define MAX_OF(type)                                                                               \
	do {                                                                                       \
		const type *data = c->data;                                                        \
		type max = 0;                                                                      \
                                                                                                   \
		for (size_t i = 0; i < c->rows; i++)                                               \
			max = data[i] > max ? data[i] : max;                                       \
		return max;                                                                        \
	} while (0)

static size_t index_max(const struct column *c)
{
	switch (c->width) {
	case 0:
		return 0;
	case 1:
		MAX_OF(uint8_t);
	case 2:
		MAX_OF(uint16_t);
	case 4:
		MAX_OF(uint32_t);
	default:
		return SIZE_MAX;
	}
}

/* How many codes a column needs, its absent rows' among them; 0: it has none, or too many. */
static size_t column_codes(const struct column *c)
{
	bool plain_text = c && !c->distinct && (c->type == FIELD_STR || c->type == FIELD_BYTES);
	size_t n;

	if (!c)
		return 1;
	if (plain_text)
		return 0;
	n = c->distinct ? c->distinct : index_max(c);
	if (n >= CODES_MAX)
		return 0;
	return n + !c->distinct + (c->present != NULL);
}

/* code = code × n + index. */
#define ADD_CODES(type)                                                                            \
	for (size_t i = 0; i < rows; i++)                                                          \
	code[i] = code[i] * n + ((const type *)c->data)[i]

static void codes_add(uint32_t *restrict code, const struct column *c, size_t rows, uint32_t n)
{
	switch (c->width) {
	case 1:
		ADD_CODES(uint8_t);
		break;
	case 2:
		ADD_CODES(uint16_t);
		break;
	case 4:
		ADD_CODES(uint32_t);
		break;
	default: /* without a width; nothing wider has codes */
		for (size_t i = 0; i < rows; i++)
			code[i] *= n;
		break;
	}
}

/* The index within the code, without a base. */
static uint32_t column_index(const struct column *c, size_t row)
{
	return (uint32_t)(column_word(c, row) - c->base);
}

/* Absent rows have the last code. */
static void codes_absent(uint32_t *code, const struct column *c, size_t rows, uint32_t n)
{
	for (size_t w = 0; c->present && w < words_of((uint32_t)rows); w++) {
		uint64_t bits = ~c->present[w];

		for (; bits; bits &= bits - 1) {
			size_t row = w * 64 + (size_t)__builtin_ctzll(bits);

			if (row < rows)
				code[row] += n - 1 - column_index(c, row);
		}
	}
}

/* Steps of time from the first to the last, one behind them for rows without a time; 0: too many.
 * Times mostly ascend, so most rows are in the step of the row before. */
static size_t step_codes(const struct query_plan *p, const struct aggregate_rows *in,
			 int64_t *first)
{
	int64_t lo = INT64_MAX, hi = INT64_MIN, spread;
	size_t row;

	if (!in->time)
		return 1;
	EACH_SELECTED(in, row)
	{
		int64_t t = (int64_t)query_number(in->time, row);

		if (in->time->present && !column_has(in->time, row))
			continue;
		lo = t < lo ? t : lo;
		hi = t > hi ? t : hi;
	}
	if (lo > hi)
		return 1;
	*first = query_aggregate_step(p, true, lo);
	if (*first == INT64_MIN || ckd_sub(&spread, hi, *first) ||
	    spread / p->spec.every_ns + 2 > (int64_t)CODES_MAX)
		return 0;
	return (size_t)(spread / p->spec.every_ns) + 2;
}

static void codes_of_steps(uint32_t *code, const struct query_plan *p,
			   const struct aggregate_rows *in, int64_t first, uint32_t n)
{
	int64_t every = p->spec.every_ns, from = first;
	uint32_t step = 0;
	size_t row;

	EACH_SELECTED(in, row)
	{
		int64_t t = (int64_t)query_number(in->time, row);

		if (in->time->present && !column_has(in->time, row)) {
			code[row] = code[row] * n + n - 1;
			continue;
		}
		if (t < from || t - from >= every) {
			step = (uint32_t)((t - first) / every);
			from = first + (int64_t)step * every;
		}
		code[row] = code[row] * n + step;
	}
}

/* Gives each selected row its code. Returns how many codes there are, 0: they would be too many. */
static size_t codes_make(struct query_aggregate_work *w, const struct query_plan *p,
			 const struct aggregate_rows *in)
{
	int64_t first = 0;
	size_t n[QUERY_BY_MAX];
	size_t steps = p->spec.every_ns ? step_codes(p, in, &first) : 1;
	size_t all = steps;

	for (unsigned i = 0; i < p->keys && all; i++) {
		n[i] = column_codes(in->by[i]);
		all = n[i] > CODES_MAX / all ? 0 : all * n[i];
	}
	if (!all)
		return 0;
	memset(w->code, 0, in->rows * sizeof(uint32_t));
	if (steps > 1)
		codes_of_steps(w->code, p, in, first, (uint32_t)steps);
	for (unsigned i = 0; i < p->keys; i++) {
		if (n[i] < 2)
			continue;
		codes_add(w->code, in->by[i], in->rows, (uint32_t)n[i]);
		codes_absent(w->code, in->by[i], in->rows, (uint32_t)n[i]);
	}
	return all;
}

/* ---- By code --------------------------------------------------------------------------------- */

static void count_codes(struct query_aggregate_work *w, const struct aggregate_rows *in)
{
	size_t row;

	if (!in->selected) {
		for (row = 0; row < in->rows; row++) {
			w->count[w->code[row]]++;
			w->sample[w->code[row]] = (uint32_t)row;
		}
		return;
	}
	EACH_SELECTED(in, row)
	{
		w->count[w->code[row]]++;
		w->sample[w->code[row]] = (uint32_t)row;
	}
}

static int add_coded(struct aggregate *a, struct query_aggregate_work *w,
		     const struct aggregate_rows *in, size_t codes)
{
	size_t row;
	int r = 0;

	memset(w->count, 0, codes * sizeof(uint32_t));
	count_codes(w, in);
	for (size_t c = 0; c < codes; c++) {
		ptrdiff_t g = w->count[c] ? group_of_row(a, in, w->sample[c]) : 0;

		if (g < 0)
			return (int)g;
		w->group[c] = (uint32_t)g;
		if (w->count[c])
			query_aggregate_count(a, (size_t)g, w->count[c]);
	}
	if (!in->sum && !in->quantile)
		return 0;
	EACH_SELECTED(in, row)
	{
		r = add_values(a, in, row, w->group[w->code[row]]);
		if (r < 0)
			break;
	}
	return r;
}

/* No key at all: one group, and nothing to look at where nothing is added up. */
static int add_all(struct aggregate *a, const struct aggregate_rows *in)
{
	const struct group_key key = { 0 };
	ptrdiff_t g = query_aggregate_group(a, &key);
	size_t row;
	int r = g < 0 ? (int)g : 0;

	if (r < 0)
		return r;
	query_aggregate_count(a, (size_t)g, in->count);
	if (!in->sum && !in->quantile)
		return 0;
	EACH_SELECTED(in, row)
	{
		r = add_values(a, in, row, (size_t)g);
		if (r < 0)
			break;
	}
	return r;
}

int query_aggregate_add_rows(struct aggregate *a, const struct aggregate_rows *in)
{
	const struct query_plan *p = query_aggregate_plan(a);
	struct query_aggregate_work **w = query_aggregate_work(a);
	size_t codes;

	assert(in->rows <= COLUMN_ROWS_MAX);
	if (in->count == 0)
		return 0;
	if (!p->keys && !p->spec.every_ns)
		return add_all(a, in);
	if (!*w)
		*w = malloc(sizeof(**w));
	if (!*w)
		return -ENOMEM;
	codes = codes_make(*w, p, in);
	return codes ? add_coded(a, *w, in, codes) : add_each(a, in);
}
