/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns: one field of many rows of one kind, as the store decodes them and as filters and
 * aggregates read them. Part of record's public header.
 */
#ifndef REDOUBT_RECORD_COLUMN_H
#define REDOUBT_RECORD_COLUMN_H

/* Limit: rows of one group. */
#define COLUMN_ROWS_MAX ((size_t)32 * 1024)

/*
 * One value for each row, so that row i stands at i. That of an absent row is a valid one, but may
 * be any: ask column_has().
 *
 * Numbers (bool, u64, i64, f64, time, dur, enum): value i is base + the unsigned integer of `width`
 * bytes (0, 1, 2, 4, 8; little-endian, aligned) at data + i * width, modulo 2^64; f64 are the bits.
 * With a dictionary (words set) that integer is an index into words[0..distinct).
 *
 * ip: value i is ips[index i]; without width every row has ips[0].
 *
 * Text and packed values (str, bytes, json, lists, maps): value i is the bytes from ends[j - 1] (0
 * for j = 0) to ends[j] of `text`, where j is index i with a dictionary (distinct > 0), and i
 * without one. Of lists and maps it is their raw area as in struct row_value, and counts[j] the
 * number of elements or pairs.
 */
struct column {
	uint16_t field_id;
	uint8_t type; /* enum field_type */
	uint8_t width;
	uint32_t rows;
	uint32_t distinct;       /* entries of the dictionary; 0: there is none */
	const uint64_t *present; /* bitmap, bit i % 64 of word i / 64; NULL: all rows have it */
	const uint8_t *marks;    /* enum row_mark of each row; NULL: none has any */
	uint64_t base;
	const void *data;
	const uint64_t *words;
	const struct ip_addr *ips;
	const uint32_t *ends;
	const uint32_t *counts;
	const char *text;
};

static inline bool column_has(const struct column *c, size_t row)
{
	return !c->present || (c->present[row / 64] >> (row % 64) & 1);
}

/* The number at row: the value, or the index into the dictionary (then base is 0). */
static inline uint64_t column_word(const struct column *c, size_t row)
{
	switch (c->width) {
	case 1:
		return c->base + ((const uint8_t *)c->data)[row];
	case 2:
		return c->base + ((const uint16_t *)c->data)[row];
	case 4:
		return c->base + ((const uint32_t *)c->data)[row];
	case 8:
		return c->base + ((const uint64_t *)c->data)[row];
	default:
		return c->base;
	}
}

/* Text or packed value j: of a row, or with a dictionary of an entry. Borrowed from the column. */
static inline struct str column_text(const struct column *c, size_t j)
{
	size_t from = j > 0 ? c->ends[j - 1] : 0;

	return (struct str){ c->text + from, c->ends[j] - from };
}

/* The value of a row, marks and all; false when it is absent. Of a dictionary's entry j, without
 * asking whether any row has it. Text is borrowed from the column. */
bool column_value(const struct column *c, size_t row, struct row_value *out);
void column_entry(const struct column *c, size_t j, struct row_value *out);

/* A row from its columns again: those of n columns that have a value at this place, ascending by
 * field id, as row_commit() would have encoded them. Returns the length for row_view(), or
 * -ENOBUFS.
 */
[[nodiscard]] ptrdiff_t row_from_columns(uint16_t kind_id, uint64_t id_hi, uint64_t id_lo,
					 const struct column *const *column, size_t n, size_t row,
					 void *to, size_t room);

/* ---- Parts of a row -------------------------------------------------------------------------- */

#define ROW_PARTS 3 /* enum field_part */

/* The part that the field with this id of this kind belongs to. What is not known is PAYLOAD, the
 * part that the fewest may read and that goes first. */
enum field_part row_field_part(uint16_t kind_id, uint16_t field_id);
/* Appends the fields of one part as a row of their own, with the same id and kind, to out; that of
 * META is there for every row, one of another part only where it has a field. Returns the bytes
 * that were appended, or -ENOBUFS. */
[[nodiscard]] ptrdiff_t row_split(const struct row_view *row, enum field_part part,
				  struct buf *out);
/* The row of these parts again: part[i] NULL where it has none or may not be read. They are of one
 * id. Returns the length for row_view(), -ENOBUFS, or -EBADMSG where they do not fit together. */
[[nodiscard]] ptrdiff_t row_merge(const struct row_view *const part[ROW_PARTS], void *to,
				  size_t room);

#endif
