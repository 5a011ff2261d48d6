// SPDX-License-Identifier: Apache-2.0
/*
 * The parts of a row: what row_split() puts into the files of each part, and how row_merge() makes
 * one row of them again. Fields that stand side by side and belong to one part are copied together,
 * values and all, since each value ends where the next begins. A field that this program does not
 * know goes to the part that the fewest may read.
 */
#include "record/row.h"

#include <limits.h>

/* The part of each field id, as its distance from PAYLOAD, so that what has no row here is PAYLOAD.
 */
#define PART_ROW_(...)                                         PART_ROW__(__VA_ARGS__)
#define PART_ROW__(k, id, TYPE, ident, name, CLASS, PART, ...) [id] = PART_PAYLOAD - PART_##PART,
#define PARTS_(NAME, id, k, FIELDS, ENUMS, help)                                                   \
	static const uint8_t k##_parts[] = { COMMON_FIELDS(PART_ROW_, k) FIELDS(PART_ROW_, k) };

static const uint8_t common_parts[] = { COMMON_FIELDS(PART_ROW_, common) };
KIND_TABLE(PARTS_)

struct parts {
	const uint8_t *before_payload;
	size_t ids;
};

#define PARTS_ROW_(NAME, id, k, FIELDS, ENUMS, help) [id] = { k##_parts, ARRAY_LEN(k##_parts) },
static const struct parts parts[] = { { common_parts, ARRAY_LEN(common_parts) },
				      KIND_TABLE(PARTS_ROW_) };

/* Of a kind that is not known, the common fields are. */
static const struct parts *parts_of(uint16_t kind_id)
{
	return kind_id < ARRAY_LEN(parts) && parts[kind_id].ids > 0 ? &parts[kind_id] : &parts[0];
}

static inline enum field_part part_of(const struct parts *p, unsigned field_id)
{
	return field_id < p->ids ? (enum field_part)(PART_PAYLOAD - p->before_payload[field_id])
				 : PART_PAYLOAD;
}

enum field_part row_field_part(uint16_t kind_id, uint16_t field_id)
{
	return part_of(parts_of(kind_id), field_id);
}

/* ---- Directory entries ----------------------------------------------------------------------- */

/* An entry as one number: id, type, marks, and the offset in its high half. */
static inline uint64_t entry(const struct row_view *row, unsigned i)
{
	return load_u64le((const uint8_t *)row->bytes.p + ROW_HEADER + (size_t)i * ROW_ENTRY);
}

static inline unsigned entry_id(uint64_t e)
{
	return e & 0xffff;
}

/* Where value i begins; that behind the last one is the end of the row. */
static inline size_t value_at(const struct row_view *row, unsigned i)
{
	return i < row->fields ? (size_t)(entry(row, i) >> 32) : row->bytes.n;
}

/* ---- Writing --------------------------------------------------------------------------------- */

struct writer {
	char *row;
	size_t entry, value; /* where the next ones go */
};

static void put_header(char *to, size_t length, unsigned fields, const struct row_view *like)
{
	uint64_t word[3] = {
		(uint64_t)length | (uint64_t)(like->kind_id | fields << 16) << 32,
		like->id_hi,
		like->id_lo,
	};

	static_assert(sizeof(word) == ROW_HEADER, "the header is three words");
	memcpy(to, word, sizeof(word));
}

/* Fields from i to end of the row, which stand side by side there and here. */
static void put_run(struct writer *w, const struct row_view *row, unsigned i, unsigned end)
{
	size_t from = value_at(row, i), n = value_at(row, end) - from;
	uint64_t moved = ((uint64_t)w->value - from) << 32;

	for (; i < end; i++, w->entry += ROW_ENTRY) {
		uint64_t e = entry(row, i) + moved;

		memcpy(w->row + w->entry, &e, sizeof(e));
	}
	memcpy(w->row + w->value, row->bytes.p + from, n);
	w->value += n;
}

/* ---- Split ----------------------------------------------------------------------------------- */

/* The end of the run of fields that begins at i and is, or is not, of the part. */
static inline unsigned run_end(const struct row_view *row, const struct parts *p,
			       enum field_part part, bool of_it, unsigned i)
{
	while (i < row->fields && (part_of(p, entry_id(entry(row, i))) == part) == of_it)
		i++;
	return i;
}

struct extent {
	unsigned fields;
	size_t bytes; /* of the values */
};

static struct extent measure(const struct row_view *row, const struct parts *p,
			     enum field_part part)
{
	struct extent x = { 0 };
	unsigned end;

	for (unsigned i = run_end(row, p, part, false, 0); i < row->fields;
	     i = run_end(row, p, part, false, end)) {
		end = run_end(row, p, part, true, i);
		x.fields += end - i;
		x.bytes += value_at(row, end) - value_at(row, i);
	}
	return x;
}

ptrdiff_t row_split(const struct row_view *row, enum field_part part, struct buf *out)
{
	const struct parts *p = parts_of(row->kind_id);
	struct extent x = measure(row, p, part);
	struct writer w = { .entry = ROW_HEADER,
			    .value = ROW_HEADER + (size_t)x.fields * ROW_ENTRY };
	size_t length = w.value + x.bytes;
	unsigned end;

	if (x.fields == 0 && part != PART_META)
		return 0;
	w.row = buf_extend(out, length);
	if (!w.row)
		return -ENOBUFS;
	put_header(w.row, length, x.fields, row);
	for (unsigned i = run_end(row, p, part, false, 0); i < row->fields;
	     i = run_end(row, p, part, false, end)) {
		end = run_end(row, p, part, true, i);
		put_run(&w, row, i, end);
	}
	return (ptrdiff_t)length;
}

/* ---- Merge ----------------------------------------------------------------------------------- */

/* The parts that are there, and how far each was taken. */
struct sources {
	const struct row_view *row[ROW_PARTS];
	unsigned next[ROW_PARTS];
	size_t n;
};

static bool fits(const struct row_view *a, const struct row_view *b)
{
	return a->kind_id == b->kind_id && a->id_hi == b->id_hi && a->id_lo == b->id_lo;
}

/* False when they are not parts of one row. */
static bool sources_make(struct sources *s, const struct row_view *const part[ROW_PARTS],
			 struct extent *x)
{
	for (size_t i = 0; i < ROW_PARTS; i++) {
		const struct row_view *row = part[i];

		if (!row)
			continue;
		if (s->n > 0 && !fits(s->row[0], row))
			return false;
		s->row[s->n++] = row;
		x->fields += row->fields;
		x->bytes += row->bytes.n - value_at(row, 0);
	}
	return s->n > 0;
}

#define NO_FIELD UINT_MAX

static unsigned head_id(const struct sources *s, size_t i)
{
	return s->next[i] < s->row[i]->fields ? entry_id(entry(s->row[i], s->next[i])) : NO_FIELD;
}

/* The source with the lowest field, and the lowest of the others. */
static size_t lowest(const struct sources *s, unsigned *id, unsigned *other)
{
	size_t at = 0;

	*id = *other = NO_FIELD;
	for (size_t i = 0; i < s->n; i++) {
		unsigned head = head_id(s, i);

		if (head < *id) {
			*other = *id;
			*id = head;
			at = i;
		} else if (head < *other) {
			*other = head;
		}
	}
	return at;
}

/* Answers false when a field stands in two parts. */
static bool put_merged(struct writer *w, struct sources *s)
{
	for (;;) {
		unsigned id, other;
		size_t at = lowest(s, &id, &other);
		const struct row_view *row = s->row[at];
		unsigned end = s->next[at];

		if (id == NO_FIELD)
			return true;
		if (id == other)
			return false;
		while (end < row->fields && entry_id(entry(row, end)) < other)
			end++;
		put_run(w, row, s->next[at], end);
		s->next[at] = end;
	}
}

ptrdiff_t row_merge(const struct row_view *const part[ROW_PARTS], void *to, size_t room)
{
	struct sources s = { 0 };
	struct extent x = { 0 };
	struct writer w = { .row = to, .entry = ROW_HEADER };
	size_t length;

	if (!sources_make(&s, part, &x))
		return -EBADMSG;
	w.value = ROW_HEADER + (size_t)x.fields * ROW_ENTRY;
	length = w.value + x.bytes;
	if (length > ROW_MAX)
		return -EBADMSG;
	if (length > room)
		return -ENOBUFS;
	put_header(w.row, length, x.fields, s.row[0]);
	return put_merged(&w, &s) ? (ptrdiff_t)length : -EBADMSG;
}
