/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompression: the first byte chooses the size of the pieces, the rest is the compressed file.
 * Pieces and whole must agree, there must always be progress, and an output that only grows is
 * given up after some MiB.
 */
#include "packet/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MADE_MAX (4 * MIB)

/* Returns the last answer, or 2 when the output reached its bound. */
static int unzip_all(enum unzip_kind kind, struct str all, size_t step, size_t room, uint64_t *sum)
{
	static uint8_t out[64 * KIB];
	struct unzip *uz;
	size_t at = 0, end = 0, made_all = 0, used, made;
	int r = unzip_new(kind, &uz);

	assert(r == 0);
	*sum = 0;
	while (made_all < MADE_MAX) {
		r = unzip_step(uz, (struct str){ all.p + at, end - at }, &used, out, room, &made);
		assert(used <= end - at && made <= room);
		at += used;
		made_all += made;
		for (size_t i = 0; i < made; i++)
			*sum = *sum * 31 + out[i];
		if (r < 0)
			break;
		if (used || made)
			continue;
		assert(at == end);
		if (end == all.n)
			break;
		end += size_min(step, all.n - end);
	}
	unzip_free(uz);
	return made_all >= MADE_MAX ? 2 : r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all;
	uint64_t whole_sum, pieces_sum;
	int kind, whole, pieces;

	if (size < 1)
		return 0;
	all = (struct str){ (const char *)data + 1, size - 1 };
	kind = unzip_kind(all, true);
	if (kind == UNZIP_PLAIN)
		return 0;
	whole = unzip_all((enum unzip_kind)kind, all, SIZE_MAX, 64 * KIB, &whole_sum);
	pieces = unzip_all((enum unzip_kind)kind, all, data[0] + (size_t)1,
			   data[0] * (size_t)16 + 1, &pieces_sum);

	if (whole == 2 || pieces == 2)
		return 0;
	assert(whole == pieces);
	assert(whole < 0 || whole_sum == pieces_sum);
	return 0;
}
