// SPDX-License-Identifier: Apache-2.0
/*
 * Quantiles of many groups at once, as DDSketch has them: a value counts in a bucket whose borders
 * grow by a constant factor, so the answer is within a stated share of the true value, whatever the
 * distribution, and counts of two runs can be added. (t-digest promises no bound; a reservoir draws
 * random numbers; HDR histograms want a range beforehand and a whole table for each group.) All
 * groups share one hash table of (group, bucket) pairs, so that a group costs what its values need.
 */
#include <math.h>
#include <stdlib.h>

#include "query/query_int.h"

/* Buckets of one sign: bucket i holds γ^(i-1) < v <= γ^i with γ = (1 + e) / (1 - e). The value
 * 2γ^i / (γ + 1) is within e of all of them. Whole numbers need 0…2218; below 1 there is room for
 * fractions down to γ^-1829, about 1e-16, and what is smaller counts as 0. */
#define BUCKET_ONE  1830                    /* bucket of 1, counted from that of 0 */
#define BUCKETS_MAX (BUCKET_ONE + 4 * 1024) /* beyond: the last, above 1e35 */
#define BUCKET_ZERO (BUCKETS_MAX + 1)
#define CELLS_FIRST 1024

struct cell {
	uint64_t key; /* group << 32 | bucket; all ones: empty */
	uint64_t n;
};
#define CELL_EMPTY UINT64_MAX

struct sketch {
	struct cell *cell;
	uint64_t room, used, seed;
	bool finished;
};

static double gamma_log(void)
{
	return log((1 + SKETCH_ERROR) / (1 - SKETCH_ERROR));
}

uint32_t query_sketch_bucket(double value)
{
	static const double scale = 1 / 0.0200006667066694; /* 1 / ln γ; a test compares it */
	double size = fabs(value);
	double i;

	if (!(size > 0))
		return BUCKET_ZERO; /* and what is no number */
	i = ceil(log(size) * scale) + BUCKET_ONE;
	if (i < 1)
		return BUCKET_ZERO;
	if (i > BUCKETS_MAX)
		i = BUCKETS_MAX;
	return value > 0 ? (uint32_t)(BUCKET_ZERO + i) : (uint32_t)(BUCKET_ZERO - i);
}

static double bucket_value(uint32_t bucket)
{
	double g = (1 + SKETCH_ERROR) / (1 - SKETCH_ERROR);
	double i = (double)bucket - BUCKET_ZERO;

	if (bucket == BUCKET_ZERO)
		return 0;
	return copysign(2 * exp((fabs(i) - BUCKET_ONE) * gamma_log()) / (g + 1), i);
}

/* ---- The table ------------------------------------------------------------------------------- */

int query_sketch_new(uint64_t seed, struct sketch **out)
{
	CLEANUP(query_sketch_free) struct sketch *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->cell = malloc(CELLS_FIRST * sizeof(struct cell));
	if (!s->cell)
		return -ENOMEM;
	memset(s->cell, 0xff, CELLS_FIRST * sizeof(struct cell));
	s->room = CELLS_FIRST;
	s->seed = seed;
	*out = TAKE(s);
	return 0;
}

void query_sketch_free(struct sketch *s)
{
	if (!s)
		return;
	free(s->cell);
	free(s);
}

/* The cell of a key, or the empty one where it belongs. */
static struct cell *cell_of(const struct sketch *s, uint64_t key)
{
	uint64_t at = hash_mix(key, s->seed) & (s->room - 1);

	while (s->cell[at].key != key && s->cell[at].key != CELL_EMPTY)
		at = (at + 1) & (s->room - 1);
	return &s->cell[at];
}

static int grow(struct sketch *s)
{
	struct sketch larger = { .room = s->room * 2, .seed = s->seed };

	larger.cell = malloc(larger.room * sizeof(struct cell));
	if (!larger.cell)
		return -ENOMEM;
	memset(larger.cell, 0xff, larger.room * sizeof(struct cell));
	for (uint64_t i = 0; i < s->room; i++)
		if (s->cell[i].key != CELL_EMPTY)
			*cell_of(&larger, s->cell[i].key) = s->cell[i];
	free(s->cell);
	s->cell = larger.cell;
	s->room = larger.room;
	return 0;
}

int query_sketch_add(struct sketch *s, uint32_t group, uint32_t bucket, uint64_t n)
{
	uint64_t key = (uint64_t)group << 32 | bucket;
	struct cell *c = cell_of(s, key);
	int r;

	assert(!s->finished);
	if (likely(c->key == key)) {
		c->n += n;
		return 0;
	}
	if (s->used == SKETCH_CELLS_MAX)
		return -ENOBUFS;
	if (s->used >= s->room / 4 * 3) {
		r = grow(s);
		if (r < 0)
			return r;
		c = cell_of(s, key);
	}
	*c = (struct cell){ key, n };
	s->used++;
	return 0;
}

/* ---- Answers --------------------------------------------------------------------------------- */

static int cell_compare(const void *a, const void *b)
{
	uint64_t x = ((const struct cell *)a)->key, y = ((const struct cell *)b)->key;

	return (x > y) - (x < y);
}

void query_sketch_finish(struct sketch *s)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < s->room; i++)
		if (s->cell[i].key != CELL_EMPTY)
			s->cell[n++] = s->cell[i];
	assert(n == s->used);
	qsort(s->cell, n, sizeof(struct cell), cell_compare);
	s->finished = true;
}

/* The first cell at or behind a group. */
static uint64_t group_begin(const struct sketch *s, uint64_t group)
{
	uint64_t lo = 0, hi = s->used;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (s->cell[mid].key >> 32 < group)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool query_sketch_quantile(const struct sketch *s, uint32_t group, double q, double *out)
{
	uint64_t from = group_begin(s, group), to = group_begin(s, (uint64_t)group + 1);
	uint64_t all = 0, rank;

	assert(s->finished);
	for (uint64_t i = from; i < to; i++)
		all += s->cell[i].n;
	if (all == 0)
		return false;
	rank = (uint64_t)(q * (double)(all - 1));
	for (; from + 1 < to && rank >= s->cell[from].n; from++)
		rank -= s->cell[from].n;
	*out = bucket_value((uint32_t)s->cell[from].key);
	return true;
}
