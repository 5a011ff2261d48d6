// SPDX-License-Identifier: Apache-2.0
/*
 * Reading a column. What can stay as it is written is borrowed; what cannot is unfolded into memory
 * that the rows of the group and the length of the chunk bound. Everything is checked here, so that
 * nobody who reads the column checks again.
 */
#include "segment/chunk_form.h"

/* One decoding. A section that is not there or not as it must be makes `bad`, and want of memory
 * makes `starved`; both are asked at the end of a step. */
struct reader {
	struct cur c;
	struct chunk_head h;
	struct chunk_memory *m;
	const uint64_t *present; /* NULL: all */
	bool starved;
};

static bool is_ok(const struct reader *r)
{
	return cur_ok(&r->c) && !r->starved;
}

static void refuse(struct reader *r)
{
	r->c.bad = true;
}

/* ---- Sections -------------------------------------------------------------------------------- */

/* n bytes and their padding, or NULL. They are aligned as the chunk is. */
static const void *section(struct reader *r, size_t n)
{
	const uint8_t *p = cur_take(&r->c, chunk_align(n));

	for (size_t i = n; p && i < chunk_align(n); i++)
		if (p[i])
			refuse(r);
	return cur_ok(&r->c) ? p : NULL;
}

static void *memory(struct reader *r, size_t n)
{
	void *p = chunk_memory_get(r->m, n);

	if (!p)
		r->starved = true;
	return p;
}

#define LARGEST_(name, type)                                                                       \
	static type name(const type *v, size_t n)                                                  \
	{                                                                                          \
		type max = 0;                                                                      \
                                                                                                   \
		for (size_t i = 0; i < n; i++)                                                     \
			max = v[i] > max ? v[i] : max;                                             \
		return max;                                                                        \
	}
LARGEST_(largest_1, uint8_t)
LARGEST_(largest_2, uint16_t)

/* The largest of n integers of 1 or 2 bytes. */
static uint64_t largest(const void *p, size_t n, unsigned width)
{
	return width == 1 ? largest_1(p, n) : largest_2(p, n);
}

/* ---- Arrays ---------------------------------------------------------------------------------- */

#define FILL_(name, type)                                                                          \
	static void name(type *to, const type *value, const uint16_t *length, size_t runs)         \
	{                                                                                          \
		for (size_t run = 0; run < runs; run++)                                            \
			for (size_t i = 0; i < length[run]; i++)                                   \
				*to++ = value[run];                                                \
	}
FILL_(fill_1, uint8_t)
FILL_(fill_2, uint16_t)
FILL_(fill_4, uint32_t)
FILL_(fill_8, uint64_t)

static void fill(void *to, const void *value, const uint16_t *length, size_t runs, unsigned width)
{
	if (width == 1)
		fill_1(to, value, length, runs);
	else if (width == 2)
		fill_2(to, value, length, runs);
	else if (width == 4)
		fill_4(to, value, length, runs);
	else
		fill_8(to, value, length, runs);
}

/* Runs that are each of something, and together of n. */
static const void *read_runs(struct reader *r, size_t n, unsigned width)
{
	const uint64_t *head = section(r, sizeof(*head));
	size_t runs = head && *head <= n ? (size_t)*head : 0, total = 0;
	const void *value = section(r, runs * width);
	const uint16_t *length = section(r, runs * sizeof(*length));
	void *to;

	for (size_t i = 0; length && i < runs; i++) {
		if (length[i] == 0)
			refuse(r);
		total += length[i];
	}
	if (total != n)
		refuse(r);
	if (!is_ok(r))
		return NULL;
	to = memory(r, n * width);
	if (to)
		fill(to, value, length, runs, width);
	return to;
}

/* n integers of this width; NULL when all are 0, or when they cannot be read. */
static const void *read_array(struct reader *r, unsigned layout, size_t n, unsigned width)
{
	bool is_width = width == 1 || width == 2 || width == 4 || width == 8;

	if (layout == LAYOUT_PLAIN && is_width)
		return section(r, n * width);
	if (layout == LAYOUT_RUNS && is_width)
		return read_runs(r, n, width);
	if (layout != LAYOUT_CONSTANT || width != 0)
		refuse(r);
	return NULL;
}

#define SUM_(name, type)                                                                           \
	static void name(uint64_t *to, const type *delta, size_t n, uint64_t first, uint64_t step) \
	{                                                                                          \
		for (size_t i = 0; i < n; i++) {                                                   \
			to[i] = first;                                                             \
			first += step + delta[i];                                                  \
		}                                                                                  \
		to[n] = first;                                                                     \
	}
SUM_(sum_1, uint8_t)
SUM_(sum_2, uint16_t)
SUM_(sum_4, uint32_t)

static const uint64_t *read_deltas(struct reader *r, size_t n, unsigned width)
{
	const void *delta;
	uint64_t *to;

	if (width > 4 || width == 3)
		refuse(r);
	delta = section(r, (n - 1) * width);
	to = is_ok(r) ? memory(r, n * sizeof(*to)) : NULL;
	if (!to)
		return NULL;
	if (width == 1)
		sum_1(to, delta, n - 1, r->h.base, r->h.step);
	else if (width == 2)
		sum_2(to, delta, n - 1, r->h.base, r->h.step);
	else if (width == 4)
		sum_4(to, delta, n - 1, r->h.base, r->h.step);
	else
		for (size_t i = 0; i < n; i++)
			to[i] = r->h.base + i * r->h.step;
	return to;
}

/* ---- From values to rows --------------------------------------------------------------------- */

#define SPREAD_(name, type)                                                                        \
	static void name(type *to, const type *from, const uint64_t *present, size_t words)        \
	{                                                                                          \
		for (size_t i = 0; i < words; i++)                                                 \
			for (uint64_t bits = present[i]; bits; bits &= bits - 1)                   \
				to[i * 64 + (size_t)__builtin_ctzll(bits)] = *from++;              \
	}
SPREAD_(spread_1, uint8_t)
SPREAD_(spread_2, uint16_t)
SPREAD_(spread_4, uint32_t)
SPREAD_(spread_8, uint64_t)

/* One integer a row, 0 for rows without a value. */
static const void *spread(struct reader *r, const void *from, unsigned width)
{
	size_t words = (r->h.rows + 63U) / 64;
	void *to;

	if (!from || !r->present || !is_ok(r))
		return from;
	to = memory(r, (size_t)r->h.rows * width);
	if (!to)
		return NULL;
	memset(to, 0, (size_t)r->h.rows * width);
	if (width == 1)
		spread_1(to, from, r->present, words);
	else if (width == 2)
		spread_2(to, from, r->present, words);
	else if (width == 4)
		spread_4(to, from, r->present, words);
	else
		spread_8(to, from, r->present, words);
	return to;
}

/* ---- Which rows, and their marks ------------------------------------------------------------- */

static void read_bitmap(struct reader *r)
{
	size_t words = (r->h.rows + 63U) / 64, count = 0;

	r->present = section(r, words * sizeof(*r->present));
	for (size_t i = 0; r->present && i < words; i++)
		count += (size_t)__builtin_popcountll(r->present[i]);
	if (r->present && r->h.rows % 64 && r->present[words - 1] >> (r->h.rows % 64))
		refuse(r);
	if (count != r->h.present)
		refuse(r);
}

static void read_list(struct reader *r)
{
	size_t words = (r->h.rows + 63U) / 64;
	const uint16_t *row = section(r, r->h.present * sizeof(*row));
	uint64_t *bits;

	for (size_t i = 0; row && i < r->h.present; i++)
		if (row[i] >= r->h.rows || (i > 0 && row[i] <= row[i - 1]))
			refuse(r);
	bits = row && is_ok(r) ? memory(r, words * sizeof(*bits)) : NULL;
	if (!bits)
		return;
	memset(bits, 0, words * sizeof(*bits));
	for (size_t i = 0; i < r->h.present; i++)
		bits[row[i] / 64] |= UINT64_C(1) << (row[i] % 64);
	r->present = bits;
}

static void read_none(struct reader *r)
{
	size_t words = (r->h.rows + 63U) / 64;
	uint64_t *bits = memory(r, words * sizeof(*bits));

	if (bits)
		memset(bits, 0, words * sizeof(*bits));
	r->present = bits;
	if (r->h.present != 0)
		refuse(r);
}

static void read_presence(struct reader *r, struct column *out)
{
	switch (r->h.presence) {
	case PRESENT_ALL:
		if (r->h.present != r->h.rows)
			refuse(r);
		break;
	case PRESENT_NONE:
		read_none(r);
		break;
	case PRESENT_BITMAP:
		read_bitmap(r);
		break;
	case PRESENT_LIST:
		read_list(r);
		break;
	default:
		refuse(r);
	}
	if (r->h.present == 0 && r->h.presence > PRESENT_NONE)
		refuse(r);
	out->present = r->present;
}

/* The same marks for all: one byte a row all the same. */
static const uint8_t *constant_marks(struct reader *r)
{
	uint8_t *to = memory(r, r->h.present);

	if (to)
		memset(to, r->h.mark, r->h.present);
	return to;
}

static void read_marks(struct reader *r, struct column *out)
{
	enum { MARKS_ALL = ROW_MASKED | ROW_CUT | ROW_UNKNOWN };
	const uint8_t *marks;
	uint8_t any = r->h.mark;

	if (r->h.marks == LAYOUT_CONSTANT) {
		marks = any ? constant_marks(r) : NULL;
	} else {
		marks = read_array(r, r->h.marks, r->h.present, 1);
		for (size_t i = 0; marks && i < r->h.present; i++)
			any |= marks[i];
		if (r->h.mark != 0)
			refuse(r);
	}
	if (any & ~MARKS_ALL)
		refuse(r);
	out->marks = spread(r, marks, 1);
}

/* ---- Numbers, and indexes of a dictionary ---------------------------------------------------- */

/* The array of the header, one a row. */
static void read_integers(struct reader *r, uint64_t below, struct column *out)
{
	const void *dense = read_array(r, r->h.layout, r->h.present, r->h.width);

	if (below < UINT64_MAX) {
		if (r->h.width > 2)
			refuse(r);
		else if (dense && largest(dense, r->h.present, r->h.width) >= below)
			refuse(r);
	}
	out->data = spread(r, dense, r->h.width);
	out->width = r->h.width;
}

static void read_index(struct reader *r, struct column *out)
{
	if (r->h.base != 0 || r->h.step != 0)
		refuse(r);
	out->distinct = r->h.entries;
	read_integers(r, r->h.entries, out);
}

/* 0 or 1 alone is a bool. */
static void read_bools(struct reader *r, struct column *out)
{
	if (r->h.base > 1)
		refuse(r);
	else
		read_integers(r, 2 - r->h.base, out);
	out->base = r->h.base;
}

static void read_words(struct reader *r, struct column *out)
{
	if (r->h.entries > 0) {
		out->words = section(r, r->h.entries * sizeof(*out->words));
		read_index(r, out);
		if (r->h.type == FIELD_BOOL)
			refuse(r);
	} else if (r->h.layout == LAYOUT_DELTA && r->h.type != FIELD_BOOL) {
		out->data = spread(r, read_deltas(r, r->h.present, r->h.width), sizeof(uint64_t));
		out->width = sizeof(uint64_t);
	} else if (r->h.step != 0) {
		refuse(r);
	} else if (r->h.type == FIELD_BOOL) {
		read_bools(r, out);
	} else {
		read_integers(r, UINT64_MAX, out);
		out->base = r->h.base;
	}
}

/* ---- Addresses ------------------------------------------------------------------------------- */

/* Without a dictionary the index of a row is its place among those that have one. */
static void count_up(struct reader *r, struct column *out)
{
	uint16_t *index = memory(r, r->h.present * sizeof(*index));

	for (uint16_t i = 0; index && i < r->h.present; i++)
		index[i] = i;
	out->data = spread(r, index, sizeof(*index));
	out->width = sizeof(*index);
}

static void read_ips(struct reader *r, struct column *out)
{
	size_t n = r->h.entries > 0 ? r->h.entries : r->h.present;

	out->ips = section(r, n * sizeof(*out->ips));
	if (r->h.entries > 0) {
		read_index(r, out);
		return;
	}
	if (r->h.base != 0 || r->h.step != 0 || r->h.layout != LAYOUT_CONSTANT || r->h.width != 0)
		refuse(r);
	if (is_ok(r))
		count_up(r, out);
}

/* ---- Texts ----------------------------------------------------------------------------------- */

#define ENDS_(name, type)                                                                          \
	static uint64_t name(uint32_t *to, const type *length, size_t n)                           \
	{                                                                                          \
		uint64_t end = 0;                                                                  \
                                                                                                   \
		for (size_t i = 0; i < n; i++) {                                                   \
			end += length[i];                                                          \
			to[i] = (uint32_t)end;                                                     \
		}                                                                                  \
		return end;                                                                        \
	}
ENDS_(ends_1, uint8_t)
ENDS_(ends_2, uint16_t)
ENDS_(ends_4, uint32_t)

/* Where each of n texts ends; answers where the last one does. */
static uint64_t ends_of(uint32_t *to, const void *length, size_t n, unsigned width)
{
	if (width == 1)
		return ends_1(to, length, n);
	if (width == 2)
		return ends_2(to, length, n);
	if (width == 4)
		return ends_4(to, length, n);
	memset(to, 0, n * sizeof(*to));
	return 0;
}

/* Texts of a list or map: each behind its length, and nothing behind the last. Answers how many, or
 * -1. */
static int64_t count_texts(struct str area)
{
	struct cur c = cur_of(area.p, area.n);
	int64_t n = 0;

	for (; c.n > 0 && cur_ok(&c); n++)
		cur_skip(&c, cur_u32le(&c));
	return cur_ok(&c) ? n : -1;
}

/* Elements of a list, pairs of a map, or -1. */
static int64_t count_of(uint8_t type, struct str area)
{
	int64_t n;

	if (type == FIELD_LIST_U64)
		return area.n % sizeof(uint64_t) ? -1 : (int64_t)(area.n / sizeof(uint64_t));
	n = count_texts(area);
	if (type == FIELD_MAP)
		return n % 2 ? -1 : n / 2;
	return n;
}

/* A raw area says itself how many it has. */
static void read_counts(struct reader *r, size_t n, struct column *out)
{
	uint32_t *counts = out->ends && is_ok(r) ? memory(r, n * sizeof(*counts)) : NULL;
	uint32_t at = 0;

	for (size_t i = 0; counts && i < n; i++) {
		struct str area = { out->text + at, out->ends[i] - at };
		int64_t count = count_of(r->h.type, area);

		if (count < 0 || count > UINT32_MAX)
			refuse(r);
		counts[i] = (uint32_t)count;
		at = out->ends[i];
	}
	out->counts = counts;
}

/* Lengths and bytes of n texts, which are those of a dictionary or of the rows. */
static void read_text(struct reader *r, size_t n, const void *length, struct column *out)
{
	uint32_t *ends = is_ok(r) ? memory(r, n * sizeof(*ends)) : NULL;
	uint64_t total = ends ? ends_of(ends, length, n, r->h.lengths) : 0;

	if (total > UINT32_MAX)
		refuse(r);
	out->ends = ends;
	out->text = section(r, (size_t)total);
	if (r->h.type == FIELD_LIST_U64 || r->h.type == FIELD_LIST_STR || r->h.type == FIELD_MAP)
		read_counts(r, n, out);
}

static void read_texts(struct reader *r, struct column *out)
{
	unsigned width = r->h.lengths;
	size_t n = r->h.entries > 0 ? r->h.entries : r->h.present;
	const void *length = read_array(r, width ? LAYOUT_PLAIN : LAYOUT_CONSTANT, n, width);

	if (width == 8)
		refuse(r);
	if (r->h.entries > 0) {
		read_text(r, n, length, out);
		read_index(r, out);
		return;
	}
	if (r->h.base != 0 || r->h.step != 0 || r->h.layout != LAYOUT_CONSTANT || r->h.width != 0)
		refuse(r);
	read_text(r, r->h.rows, spread(r, length, width), out);
}

/* ---- The whole ------------------------------------------------------------------------------- */

/* Without values there is nothing but the header; what stands for a row is all zero. */
static void read_nothing(struct reader *r, enum chunk_class class, struct column *out)
{
	static const struct ip_addr zero;
	const struct chunk_head *h = &r->h;
	uint32_t *ends = NULL;

	if (h->marks || h->mark || h->layout || h->width || h->entries || h->lengths || h->base ||
	    h->step)
		refuse(r);
	if (class == CHUNK_TEXTS)
		ends = memory(r, h->rows * sizeof(*ends));
	if (ends)
		memset(ends, 0, h->rows * sizeof(*ends));
	out->ips = &zero;
	out->ends = out->counts = ends;
	out->text = "";
}

static void read_values(struct reader *r, enum chunk_class class, struct column *out)
{
	if (r->h.entries > r->h.present || (class != CHUNK_TEXTS && r->h.lengths))
		refuse(r);
	read_marks(r, out);
	if (!is_ok(r))
		return;
	if (class == CHUNK_WORDS)
		read_words(r, out);
	else if (class == CHUNK_IPS)
		read_ips(r, out);
	else
		read_texts(r, out);
}

static bool is_head_of(const struct chunk_head *h, uint16_t field_id, uint8_t type, uint32_t rows)
{
	return h->field_id == field_id && h->type == type && h->rows == rows &&
	       h->rows <= COLUMN_ROWS_MAX && h->present <= h->rows && h->zero == 0;
}

/* Sections are read as the machine has numbers, which wants them aligned. */
static const void *aligned(struct reader *r, struct str plain)
{
	void *copy;

	if ((uintptr_t)plain.p % CHUNK_ALIGN == 0)
		return plain.p;
	copy = memory(r, plain.n);
	if (copy)
		memcpy(copy, plain.p, plain.n);
	return copy;
}

int chunk_decode(struct str plain, uint16_t field_id, uint8_t type, uint32_t rows,
		 struct chunk_memory *m, struct column *out)
{
	struct reader r = { .m = m };
	struct column c = { .field_id = field_id, .type = type, .rows = rows };
	enum chunk_class class = chunk_class_of(type);
	const void *head;

	r.c = cur_of(aligned(&r, plain), plain.n);
	if (r.starved)
		return -ENOMEM;
	head = section(&r, sizeof(r.h));
	if (!head || class == CHUNK_NONE)
		return -EBADMSG;
	memcpy(&r.h, head, sizeof(r.h));
	if (!is_head_of(&r.h, field_id, type, rows))
		return -EBADMSG;
	read_presence(&r, &c);
	if (is_ok(&r) && r.h.present == 0)
		read_nothing(&r, class, &c);
	else if (is_ok(&r))
		read_values(&r, class, &c);
	if (r.starved)
		return -ENOMEM;
	if (!cur_ok(&r.c) || r.c.n != 0)
		return -EBADMSG;
	*out = c;
	return 0;
}
