// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers of a column, looked at before they are written: how far they reach, how they go up, and
 * which different ones there are.
 */
#include "segment/chunk_build.h"

/* Limit: probes for one number; see chunk_build.c. */
#define PROBES_MAX 256

/* Numbers with a sign are ordered as those without are when their first bit is turned. */
static uint64_t sign_of(unsigned type)
{
	bool is_signed = type == FIELD_I64 || type == FIELD_TIME || type == FIELD_DUR;

	return is_signed ? UINT64_C(1) << 63 : 0;
}

void chunk_words_range(const struct chunk_build *b, struct chunk_range *out)
{
	const uint64_t *w = b->words, sign = sign_of(b->type);
	uint64_t before = w[0], min = w[0] ^ sign, max = min;
	int64_t step_min = INT64_MAX, step_max = INT64_MIN;
	uint32_t runs = 1;

	for (uint32_t i = 1; i < b->n; i++) {
		uint64_t now = w[i], key = now ^ sign;
		int64_t step = (int64_t)(now - before);

		min = key < min ? key : min;
		max = key > max ? key : max;
		step_min = step < step_min ? step : step_min;
		step_max = step > step_max ? step : step_max;
		runs += step != 0;
		before = now;
	}
	*out = (struct chunk_range){ min ^ sign, max ^ sign, step_min, step_max, runs };
}

unsigned chunk_words_width(uint64_t max)
{
	if (max == 0)
		return 0;
	if (max <= UINT8_MAX)
		return 1;
	if (max <= UINT16_MAX)
		return 2;
	return max <= UINT32_MAX ? 4 : 8;
}

/* ---- Dictionary ------------------------------------------------------------------------------ */

/* A table that is at most half full. */
static int table_make(struct chunk_build *b, uint32_t most)
{
	size_t slots = 2;
	int r;

	while (slots < 2 * (size_t)most)
		slots *= 2;
	r = chunk_grow(&b->table, &b->table_room, slots, sizeof(*b->table));
	if (r == 0)
		r = chunk_grow(&b->spare, &b->spare_room, most, sizeof(*b->spare));
	if (r < 0)
		return r;
	memset(b->table, 0, slots * sizeof(*b->table));
	b->slots = slots;
	return 0;
}

/* The slot of a number, or the free one where it belongs; NULL when there is none near. */
static inline uint32_t *table_find(const struct chunk_build *b, uint64_t word)
{
	size_t mask = b->slots - 1, at = hash_mix(word, 0) & mask;

	for (unsigned probes = 0; probes < PROBES_MAX; probes++, at = (at + 1) & mask)
		if (!b->table[at] || b->spare[b->table[at] - 1] == word)
			return &b->table[at];
	return NULL;
}

int chunk_words_dictionary(struct chunk_build *b, uint32_t most)
{
	uint32_t n = 0;
	int r = table_make(b, most);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < b->n; i++) {
		uint32_t *slot;

		if (i > 0 && b->words[i] == b->words[i - 1]) {
			b->index[i] = b->index[i - 1];
			continue;
		}
		slot = table_find(b, b->words[i]);
		if (!slot || (!*slot && n == most))
			return 0;
		if (!*slot) {
			b->spare[n++] = b->words[i];
			*slot = n;
		}
		b->index[i] = (uint16_t)(*slot - 1);
	}
	return (int)n;
}
