/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk: one column of one group as plain bytes, before compression and sealing
 * (docs/formats/segment.md). The encoder chooses the smallest of constant, offset, delta,
 * run-length and dictionary that decodes fast; the decoder checks everything, since a format is
 * read for ever. Private to segment.
 */
#ifndef REDOUBT_SEGMENT_CHUNK_H
#define REDOUBT_SEGMENT_CHUNK_H

#include "base/base.h"
#include "record/record.h"

/* A column being gathered. Values are copied. */
struct chunk_build;

[[nodiscard]] int chunk_build_new(uint16_t field_id, uint8_t type, struct chunk_build **out);
void chunk_build_free(struct chunk_build *b);
CLEANUP_DEFINE(struct chunk_build *, chunk_build_free)
/* Empties it for the next group, which may be another field, and keeps its memory. */
void chunk_build_reset(struct chunk_build *b, uint16_t field_id, uint8_t type);
/* The value of the next row, which stands at `row` (rows that were left out have none). -ENOMEM, or
 * -EINVAL when it is of another type. */
[[nodiscard]] int chunk_build_add(struct chunk_build *b, uint32_t row, const struct row_value *v);
/* The same for a plain number of a column of words, such as ids and arrival numbers. Nobody asks
 * whether such a column holds a number, so that it has no hashes. */
[[nodiscard]] int chunk_build_add_word(struct chunk_build *b, uint32_t row, uint64_t word);
/* Bytes that its values take. Its memory is at most about twice the most that it held, and some
 * KiB. */
size_t chunk_build_bytes(const struct chunk_build *b);

/* What the encoder found out on its way, for the zone map. Hashes are hash_bytes(value, n, 0) of
 * the bytes of a text or an address, of the 8 bytes of a number; of lists each element, of maps
 * each name. */
#define CHUNK_FEW 16 /* so many hashes make an exact set */
/* Limit: so many hashes are told at all. Only lists and maps can have more. */
#define CHUNK_HASHES_MAX COLUMN_ROWS_MAX

struct chunk_facts {
	bool all_hashes; /* set by the caller: more than CHUNK_FEW of them are wanted, too */
	uint32_t present;
	bool bounded; /* min and max hold: of numbers (none of them NaN) and addresses */
	union row_slot min, max;
	uint32_t distinct;      /* of the hashes; without them CHUNK_HASHES_MAX + 1 */
	const uint64_t *hashes; /* distinct ones, ascending; borrowed from the build until its next
				 * use. NULL where there are more than were wanted or are told, and
				 * of f64 and plain words, which have none */
};
/* Encodes all rows of the group, in which `rows` rows are. Appends to out. facts may be NULL. 0,
 * -ENOBUFS or -ENOMEM. */
[[nodiscard]] int chunk_encode(struct chunk_build *b, uint32_t rows, struct buf *out,
			       struct chunk_facts *facts);

/* Memory that decoding takes from: one block that only grows between resets. */
struct chunk_memory {
	uint8_t *p;
	size_t used, room;
	void *older; /* blocks that became too small, freed at the reset */
};
/* n bytes, aligned to 64, or NULL. */
void *chunk_memory_get(struct chunk_memory *m, size_t n);
void chunk_memory_reset(struct chunk_memory *m);
void chunk_memory_done(struct chunk_memory *m);

/* Decodes; *out borrows from plain and from m. -EBADMSG when it contradicts the format, or is not
 * of so many rows or not of this type; -ENOMEM. */
[[nodiscard]] int chunk_decode(struct str plain, uint16_t field_id, uint8_t type, uint32_t rows,
			       struct chunk_memory *m, struct column *out);

#endif
