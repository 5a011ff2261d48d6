/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inner loops of filters over columns: which of 64 narrow words are in a run of words, or have
 * a 1 in a table. The run is brought into the width of the column first, so that a loop is one
 * subtraction and one comparison of narrow numbers, which the compiler does for many at once.
 */
#include "rules/filter_int.h"

#define BLOCK 64

/* Of the words below 2^bits: those from `first` on, `more` of them, or with flip all ones, the
 * others. */
struct run {
	uint64_t first, more, flip;
};

/* What is in one of the runs, or with flip all ones, in none; or in the table, where there is one.
 */
struct want {
	const struct run *run;
	size_t runs;
	uint64_t flip;
	const uint8_t *table;
};

/* ---- Blocks of 64 ---------------------------------------------------------------------------- */

/* 64 bytes, each 0 or 1, as 64 bits. */
static inline uint64_t pack(const uint8_t flag[BLOCK])
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < BLOCK; i += 8) {
		uint64_t eight;

		memcpy(&eight, flag + i, sizeof(eight));
		bits |= (eight * UINT64_C(0x0102040810204080)) >> 56 << i;
	}
	return bits;
}

#define BLOCKS_OF_(bits)                                                                           \
	static uint64_t block_in_run_##bits(const void *block, const struct run *r)                \
	{                                                                                          \
		const uint##bits##_t *word = block;                                                \
		uint##bits##_t first = (uint##bits##_t)r->first, more = (uint##bits##_t)r->more;   \
		uint8_t flag[BLOCK];                                                               \
                                                                                                   \
		for (unsigned i = 0; i < BLOCK; i++)                                               \
			flag[i] = (uint##bits##_t)(word[i] - first) <= more;                       \
		return pack(flag);                                                                 \
	}                                                                                          \
	static uint64_t block_in_table_##bits(const void *block, const uint8_t *table)             \
	{                                                                                          \
		const uint##bits##_t *word = block;                                                \
		uint8_t flag[BLOCK];                                                               \
                                                                                                   \
		for (unsigned i = 0; i < BLOCK; i++)                                               \
			flag[i] = table[word[i]];                                                  \
		return pack(flag);                                                                 \
	}
BLOCKS_OF_(8)
BLOCKS_OF_(16)
BLOCKS_OF_(32)
BLOCKS_OF_(64)

static const struct {
	uint64_t (*in_run)(const void *block, const struct run *r);
	uint64_t (*in_table)(const void *block, const uint8_t *table);
} by_width[] = {
	[1] = { block_in_run_8, block_in_table_8 },
	[2] = { block_in_run_16, block_in_table_16 },
	[4] = { block_in_run_32, block_in_table_32 },
	[8] = { block_in_run_64, block_in_table_64 },
};

static uint64_t judge_block(const void *block, unsigned width, const struct want *want)
{
	uint64_t bits = 0;

	if (want->table)
		return by_width[width].in_table(block, want->table);
	for (size_t i = 0; i < want->runs; i++)
		bits |= by_width[width].in_run(block, &want->run[i]) ^ want->run[i].flip;
	return bits ^ want->flip;
}

/* ---- All rows -------------------------------------------------------------------------------- */

/* Blocks without a row that is still asked about are passed over; the last one may be short, and
 * reads no further than the column. */
static void keep(const struct column *c, const struct want *want, uint64_t *rows)
{
	_Alignas(64) uint8_t tail[BLOCK * sizeof(uint64_t)] = { 0 };
	const uint8_t *data = c->data;

	for (size_t at = 0; at < c->rows; at += BLOCK) {
		const void *block = data + at * c->width;
		size_t n = c->rows - at;

		if (!rows[at / BLOCK])
			continue;
		if (n < BLOCK) {
			memcpy(tail, block, n * c->width);
			block = tail;
		}
		rows[at / BLOCK] &= judge_block(block, c->width, want);
	}
}

/* A span as what a narrow word, to which `base` is added, can be; false when it can be nothing. */
static bool narrow(struct filter_span span, uint64_t base, unsigned width, struct run *out)
{
	uint64_t max = UINT64_MAX >> (64 - 8 * width);
	uint64_t first = span.first - base, last = first + span.more;

	if (!span.any)
		return false;
	if (first <= last) {
		*out = (struct run){ first, (last < max ? last : max) - first, 0 };
		return first <= max;
	}
	/* Over the end: 0 … last and first … 2^64 - 1. */
	if (first > max)
		*out = (struct run){ 0, last < max ? last : max, 0 };
	else if (last + 1 == first)
		*out = (struct run){ 0, max, 0 };
	else
		*out = (struct run){ last + 1, first - last - 2, UINT64_MAX };
	return true;
}

void filter_keep_spans(const struct column *c, const struct filter_span *span, size_t spans,
		       bool in, uint64_t *rows)
{
	struct run run[FILTER_LIST_MAX];
	struct want want = { .run = run, .flip = in ? 0 : UINT64_MAX };

	assert(spans <= ARRAY_LEN(run));
	for (size_t i = 0; i < spans; i++)
		if (narrow(span[i], c->base, c->width, &run[want.runs]))
			want.runs++;
	keep(c, &want, rows);
}

void filter_keep_table(const struct column *c, const uint8_t *table, uint64_t *rows)
{
	const struct want want = { .table = table };

	keep(c, &want, rows);
}
