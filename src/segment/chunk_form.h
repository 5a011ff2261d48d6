/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the encoder and the decoder of a chunk must agree on, as docs/formats/segment.md has it
 * under "Encodings". Private to the chunk files.
 */
#ifndef REDOUBT_SEGMENT_CHUNK_FORM_H
#define REDOUBT_SEGMENT_CHUNK_FORM_H

#include "segment/chunk.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	      "chunks are written as the machine has them");

/* Which rows have a value. */
enum chunk_presence { PRESENT_ALL, PRESENT_NONE, PRESENT_BITMAP, PRESENT_LIST };

/* How an array of unsigned integers is written. */
enum chunk_layout {
	LAYOUT_CONSTANT, /* all are 0: nothing */
	LAYOUT_PLAIN,    /* one after the other */
	LAYOUT_RUNS,     /* values, and how often each stands */
	LAYOUT_DELTA,    /* differences, above the smallest of them */
};

/*
 * The header, then sections, each padded with zeros to 8: presence, marks, lengths, texts (or words
 * or addresses), array.
 */
struct chunk_head {
	uint16_t field_id;
	uint8_t type;
	uint8_t presence;
	uint8_t marks;  /* layout of the marks */
	uint8_t mark;   /* the one of all, when that is constant */
	uint8_t layout; /* of the numbers, or of the indexes */
	uint8_t width;  /* of each */
	uint16_t rows, present;
	uint16_t entries; /* of the dictionary; 0: there is none */
	uint8_t lengths;  /* width of the lengths of texts */
	uint8_t zero;
	uint64_t base; /* of numbers: is added to each; of deltas: the first number */
	uint64_t step; /* the smallest delta */
};

#define CHUNK_ALIGN 8
static_assert(sizeof(struct chunk_head) == 32, "the header has no holes");
static_assert(COLUMN_ROWS_MAX <= UINT16_MAX, "a row's number fits 16 bits");

/* Types whose values are stored alike. */
enum chunk_class { CHUNK_NONE, CHUNK_WORDS, CHUNK_IPS, CHUNK_TEXTS };

static inline enum chunk_class chunk_class_of(unsigned type)
{
	switch (type) {
	case FIELD_BOOL:
	case FIELD_U64:
	case FIELD_I64:
	case FIELD_F64:
	case FIELD_TIME:
	case FIELD_DUR:
	case FIELD_ENUM:
		return CHUNK_WORDS;
	case FIELD_IP:
		return CHUNK_IPS;
	case FIELD_STR:
	case FIELD_BYTES:
	case FIELD_JSON:
	case FIELD_LIST_U64:
	case FIELD_LIST_STR:
	case FIELD_MAP:
		return CHUNK_TEXTS;
	default:
		return CHUNK_NONE;
	}
}

static inline size_t chunk_align(size_t n)
{
	return (n + CHUNK_ALIGN - 1) & ~(size_t)(CHUNK_ALIGN - 1);
}

#endif
