/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bloom filters over the hashes of a column's values: ten bits a value and seven probes, of which
 * all hit for one foreign value in about 120. The probes of a hash are those of two halves of it
 * (Kirsch and Mitzenmacher), mixed again, since a directory keeps the hashes themselves.
 */
#include "segment/segment_int.h"

#define BITS_A_VALUE 10
#define PROBES       7
#define WORD_BITS    64

size_t segment_bloom_bytes(uint32_t distinct)
{
	uint64_t bits = (uint64_t)distinct * BITS_A_VALUE;

	return (size_t)((bits + WORD_BITS - 1) / WORD_BITS) * (WORD_BITS / 8);
}

/* Limit: bits of a filter fit 32 bits, and so do its places. */
static_assert((uint64_t)SEGMENT_BLOOM_VALUES_MAX * BITS_A_VALUE < UINT32_MAX);

struct probes {
	uint32_t at, step;
	uint64_t bits;
};

static struct probes probes_of(uint64_t hash, size_t bytes)
{
	uint64_t mixed = hash_mix(hash, 0);

	return (struct probes){ (uint32_t)mixed, (uint32_t)(mixed >> 32) | 1, (uint64_t)bytes * 8 };
}

static size_t next_bit(struct probes *p)
{
	size_t bit = (size_t)((p->at * p->bits) >> 32);

	p->at += p->step;
	return bit;
}

void segment_bloom_fill(uint8_t *bits, size_t bytes, const uint64_t *hashes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct probes p = probes_of(hashes[i], bytes);

		for (unsigned k = 0; k < PROBES; k++) {
			size_t bit = next_bit(&p);

			bits[bit / 8] |= (uint8_t)(1 << bit % 8);
		}
	}
}

bool segment_bloom_has(const uint8_t *bits, size_t bytes, uint64_t hash)
{
	struct probes p = probes_of(hash, bytes);

	for (unsigned k = 0; k < PROBES; k++) {
		size_t bit = next_bit(&p);

		if (!(bits[bit / 8] >> bit % 8 & 1))
			return false;
	}
	return true;
}
