/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A column being gathered, as the files of the encoder share it. Texts and addresses are kept once
 * each, as entries, and each value is the index of its entry, whether or not a dictionary will be
 * written: to know the same value again costs less than to keep it twice. Private to the chunk
 * files.
 */
#ifndef REDOUBT_SEGMENT_CHUNK_BUILD_H
#define REDOUBT_SEGMENT_CHUNK_BUILD_H

#include "segment/chunk_form.h"

struct chunk_build {
	uint16_t field_id;
	uint8_t type;
	uint8_t class;  /* enum chunk_class */
	uint8_t marked; /* all marks together */
	bool plain;     /* words of no field, which have no hashes */
	bool crowded;   /* the entries are not all different: no dictionary */
	uint32_t n;     /* values */
	uint32_t rows;  /* behind the row of the last one */

	/* One a value. The index is that of texts and addresses; of numbers while they are encoded.
	 */
	size_t room, words_room;
	uint64_t *words;
	uint16_t *index;
	uint8_t *marks;

	/* Entries: entry i ends at ends[i] of text. */
	uint32_t entries;
	size_t entries_room, text_room;
	size_t values_bytes; /* of all values, were each kept */
	uint32_t *ends;
	uint64_t *hashes;
	char *text;

	/* Open addressing, at most half full: 0, or the number of the entry + 1 in the low half and
	 * the high bits of its hash in the other. */
	size_t slots, table_room;
	uint32_t *table;

	/* For the time of one encoding. */
	size_t spare_room, sorted_room;
	uint64_t *spare, *sorted;

	uint64_t present[COLUMN_ROWS_MAX / 64];
};

static inline size_t chunk_build_text(const struct chunk_build *b)
{
	return b->entries > 0 ? b->ends[b->entries - 1] : 0;
}

static inline struct str chunk_build_entry(const struct chunk_build *b, uint32_t i)
{
	size_t from = i > 0 ? b->ends[i - 1] : 0;

	return (struct str){ b->text + from, b->ends[i] - from };
}

/* Room for n pieces of so many bytes in the array whose pointer is at `array`, which has *room of
 * them; they stay as they are. 0 or -ENOMEM. */
[[nodiscard]] int chunk_grow(void *array, size_t *room, size_t n, size_t bytes);

/* ---- chunk_words.c: numbers looked at before they are written -------------------------------- */

/* What numbers are like, of which there is at least one. Of f64 they are the bits. */
struct chunk_range {
	uint64_t min, max;          /* in the order of the type */
	int64_t step_min, step_max; /* of the differences, modulo 2^64 */
	uint32_t runs;              /* of the same number */
};
void chunk_words_range(const struct chunk_build *b, struct chunk_range *out);

/* Bytes for each of numbers up to this one: 0, 1, 2, 4, 8. */
unsigned chunk_words_width(uint64_t max);

/* Fills b->index, and b->spare with the different numbers, when there are at most `most` of them.
 * Answers how many; 0 when there are more; -ENOMEM. */
[[nodiscard]] int chunk_words_dictionary(struct chunk_build *b, uint32_t most);

/* ---- chunk_facts.c --------------------------------------------------------------------------- */

/* words: the different numbers, where a dictionary of them was made; else 0. */
[[nodiscard]] int chunk_facts_fill(struct chunk_build *b, const struct chunk_range *range,
				   uint32_t words, struct chunk_facts *out);

#endif
