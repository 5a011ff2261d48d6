// SPDX-License-Identifier: Apache-2.0
/*
 * Writing a column. Each form has its price in bytes, and the cheapest is taken; where two cost the
 * same, that which a reader need not unfold. What repeats in a wider sense is left to the
 * compression behind it.
 */
#include "segment/chunk_build.h"

/* Limit: a column with fewer values is not worth a form that must be unfolded. */
#define UNFOLD_MIN 16
/* Runs are written when they take at most this part of the plain form. */
#define RUNS_PART 4
/* A list of rows takes 16 bits each, a bitmap one bit for each row of the group. */
#define LIST_PART 16

/* Unsigned integers to be written. */
struct array {
	const void *p;
	unsigned from; /* bytes of each there: 1, 2, 8 */
	size_t n;
	uint64_t base; /* to be taken from each */
	unsigned width;
};

/* One encoding. */
struct pen {
	struct chunk_build *b;
	struct buf *out;
	struct chunk_head head;
	struct chunk_range range;
	uint32_t words;       /* entries of a dictionary of numbers */
	size_t lengths_total; /* of the texts that are written */
};

/* ---- Sections -------------------------------------------------------------------------------- */

/* n bytes to be written, padded; NULL when out is full, which is asked once, at the end. */
static void *section(struct pen *w, size_t n)
{
	char *p = buf_extend(w->out, chunk_align(n));

	if (p)
		memset(p + n, 0, chunk_align(n) - n);
	return p;
}

static void put_bytes(struct pen *w, const void *p, size_t n)
{
	void *to = section(w, n);

	if (to && n > 0)
		memcpy(to, p, n);
}

#define NARROW_(name, from_type, to_type)                                                          \
	static void name(uint8_t *to, const from_type *from, size_t n, uint64_t base)              \
	{                                                                                          \
		for (size_t i = 0; i < n; i++) {                                                   \
			to_type v = (to_type)(from[i] - base);                                     \
                                                                                                   \
			memcpy(to + i * sizeof(v), &v, sizeof(v));                                 \
		}                                                                                  \
	}
NARROW_(narrow_2_to_1, uint16_t, uint8_t)
NARROW_(narrow_8_to_1, uint64_t, uint8_t)
NARROW_(narrow_8_to_2, uint64_t, uint16_t)
NARROW_(narrow_8_to_4, uint64_t, uint32_t)
NARROW_(narrow_8_to_8, uint64_t, uint64_t)

static void narrow(uint8_t *to, const struct array *a)
{
	if (a->from == sizeof(uint64_t) && a->width == 1)
		narrow_8_to_1(to, a->p, a->n, a->base);
	else if (a->from == sizeof(uint64_t) && a->width == 2)
		narrow_8_to_2(to, a->p, a->n, a->base);
	else if (a->from == sizeof(uint64_t) && a->width == 4)
		narrow_8_to_4(to, a->p, a->n, a->base);
	else if (a->from == sizeof(uint64_t))
		narrow_8_to_8(to, a->p, a->n, a->base);
	else if (a->from == 2 && a->width == 1)
		narrow_2_to_1(to, a->p, a->n, a->base);
	else if (a->n > 0)
		memcpy(to, a->p, a->n * a->width);
}

static void put_plain(struct pen *w, const struct array *a)
{
	uint8_t *to = section(w, a->n * a->width);

	if (to)
		narrow(to, a);
}

static void put_deltas(struct pen *w, const uint64_t *words, size_t n, uint64_t step,
		       unsigned width)
{
	uint8_t *to = section(w, (n - 1) * width);

	if (!to)
		return;
	for (size_t i = 1; i < n && width > 0; i++, to += width) {
		uint64_t d = words[i] - words[i - 1] - step;

		memcpy(to, &d, width);
	}
}

/* ---- Runs ------------------------------------------------------------------------------------ */

static bool same(const struct array *a, size_t i, size_t j)
{
	const char *p = a->p;

	return memcmp(p + i * a->from, p + j * a->from, a->from) == 0;
}

static uint32_t runs_of_index(const uint16_t *index, size_t n)
{
	uint32_t runs = n > 0;

	for (size_t i = 1; i < n; i++)
		runs += index[i] != index[i - 1];
	return runs;
}

static size_t runs_bytes(uint32_t runs, unsigned width)
{
	return CHUNK_ALIGN + chunk_align((size_t)runs * width) +
	       chunk_align(runs * sizeof(uint16_t));
}

static bool are_runs_worth_it(uint32_t runs, size_t n, unsigned width)
{
	return n >= UNFOLD_MIN && runs_bytes(runs, width) * RUNS_PART <= n * width;
}

/* Count, values, lengths: three sections, of which the last two are filled together. */
static void put_runs(struct pen *w, const struct array *a, uint32_t runs)
{
	size_t values = chunk_align((size_t)runs * a->width), start = 0;
	uint64_t head = runs;
	uint8_t *to;

	put_bytes(w, &head, sizeof(head));
	to = section(w, values + chunk_align(runs * sizeof(uint16_t)));
	if (!to)
		return;
	memset(to, 0, values + chunk_align(runs * sizeof(uint16_t)));
	for (size_t run = 0; run < runs; run++) {
		struct array one = *a;
		uint16_t length;
		size_t end = start + 1;

		while (end < a->n && same(a, end, start))
			end++;
		one.p = (const char *)a->p + start * a->from;
		one.n = 1;
		narrow(to + run * a->width, &one);
		length = (uint16_t)(end - start);
		memcpy(to + values + run * sizeof(length), &length, sizeof(length));
		start = end;
	}
	assert(start == a->n);
}

/* ---- Which rows, and their marks ------------------------------------------------------------- */

static enum chunk_presence presence_of(uint32_t present, uint32_t rows)
{
	if (present == 0)
		return PRESENT_NONE;
	if (present == rows)
		return PRESENT_ALL;
	return present <= rows / LIST_PART ? PRESENT_LIST : PRESENT_BITMAP;
}

static void put_list(struct pen *w)
{
	const struct chunk_build *b = w->b;
	uint8_t *to = section(w, b->n * sizeof(uint16_t));

	for (size_t i = 0; to && i < ARRAY_LEN(b->present); i++) {
		for (uint64_t bits = b->present[i]; bits; bits &= bits - 1) {
			uint16_t row = (uint16_t)(i * 64 + (size_t)__builtin_ctzll(bits));

			memcpy(to, &row, sizeof(row));
			to += sizeof(row);
		}
	}
}

static void put_presence(struct pen *w)
{
	if (w->head.presence == PRESENT_LIST)
		put_list(w);
	else if (w->head.presence == PRESENT_BITMAP)
		put_bytes(w, w->b->present, (w->head.rows + 63U) / 64 * sizeof(uint64_t));
}

static uint32_t runs_of_marks(const uint8_t *marks, size_t n)
{
	uint32_t runs = n > 0;

	for (size_t i = 1; i < n; i++)
		runs += marks[i] != marks[i - 1];
	return runs;
}

static void put_marks(struct pen *w)
{
	const struct chunk_build *b = w->b;
	const struct array a = { .p = b->marks, .from = 1, .n = b->n, .width = 1 };

	if (w->head.marks == LAYOUT_RUNS)
		put_runs(w, &a, runs_of_marks(b->marks, b->n));
	else if (w->head.marks == LAYOUT_PLAIN)
		put_plain(w, &a);
}

static void choose_marks(struct pen *w)
{
	const struct chunk_build *b = w->b;
	uint32_t runs = b->marked ? runs_of_marks(b->marks, b->n) : 1;

	if (runs <= 1) {
		w->head.marks = LAYOUT_CONSTANT;
		w->head.mark = b->marked;
	} else {
		w->head.marks = are_runs_worth_it(runs, b->n, 1) ? LAYOUT_RUNS : LAYOUT_PLAIN;
	}
}

/* ---- Numbers --------------------------------------------------------------------------------- */

/* Answers the entries of a dictionary that takes fewer bytes than n numbers of this width, 0 when
 * there is none, or -ENOMEM. */
static int try_dictionary(struct chunk_build *b, unsigned width)
{
	size_t most = 0;
	int r = 0;

	if (width > 1) {
		most = size_min((size_t)b->n * (width - 1) / sizeof(uint64_t), UINT8_MAX + 1);
		r = most > 0 ? chunk_words_dictionary(b, (uint32_t)most) : 0;
	}
	if (r != 0 || width <= 2)
		return r;
	most = (size_t)b->n * (width - 2) / sizeof(uint64_t);
	return most > UINT8_MAX + 1 ? chunk_words_dictionary(b, (uint32_t)most) : 0;
}

static void choose_array(struct pen *w, uint32_t runs, unsigned width)
{
	w->head.width = (uint8_t)width;
	w->head.layout = LAYOUT_PLAIN;
	if (width == 0)
		w->head.layout = LAYOUT_CONSTANT;
	else if (are_runs_worth_it(runs, w->b->n, width))
		w->head.layout = LAYOUT_RUNS;
}

static unsigned index_width(uint32_t entries)
{
	return chunk_words_width(entries - 1);
}

/* Of f64 the bits are numbers as any. */
static int choose_words(struct pen *w)
{
	struct chunk_build *b = w->b;
	const struct chunk_range *range = &w->range;
	unsigned width = chunk_words_width(range->max - range->min), delta = width;
	size_t price = (size_t)b->n * width;
	int entries;

	if (b->n >= UNFOLD_MIN)
		delta = chunk_words_width((uint64_t)range->step_max - (uint64_t)range->step_min);
	entries = delta == 0 ? 0 : try_dictionary(b, width);
	if (entries < 0)
		return entries;
	if (entries > 0)
		price = (size_t)b->n * index_width((uint32_t)entries) +
			(size_t)entries * sizeof(uint64_t);
	if (b->n * (size_t)delta < price && !are_runs_worth_it(range->runs, b->n, width)) {
		w->head.layout = LAYOUT_DELTA;
		w->head.width = (uint8_t)delta;
		w->head.base = b->words[0];
		w->head.step = (uint64_t)range->step_min;
	} else if (entries > 0) {
		w->head.entries = (uint16_t)entries;
		w->words = (uint32_t)entries;
		choose_array(w, range->runs, index_width((uint32_t)entries));
	} else {
		w->head.base = range->min;
		choose_array(w, range->runs, width);
	}
	return 0;
}

static void put_array(struct pen *w, const struct array *a, uint32_t runs)
{
	if (w->head.layout == LAYOUT_RUNS)
		put_runs(w, a, runs);
	else if (w->head.layout == LAYOUT_PLAIN)
		put_plain(w, a);
}

static void put_index(struct pen *w, uint32_t runs)
{
	const struct chunk_build *b = w->b;
	const struct array a = { .p = b->index, .from = 2, .n = b->n, .width = w->head.width };

	put_array(w, &a, runs);
}

static void put_words(struct pen *w)
{
	const struct chunk_build *b = w->b;
	const struct array a = { .p = b->words,
				 .from = sizeof(*b->words),
				 .n = b->n,
				 .base = w->head.base,
				 .width = w->head.width };

	if (w->head.layout == LAYOUT_DELTA) {
		put_deltas(w, b->words, b->n, w->head.step, w->head.width);
	} else if (w->head.entries > 0) {
		put_bytes(w, b->spare, w->head.entries * sizeof(*b->spare));
		put_index(w, w->range.runs);
	} else {
		put_array(w, &a, w->range.runs);
	}
}

/* ---- Texts and addresses --------------------------------------------------------------------- */

static uint32_t longest(const struct chunk_build *b)
{
	uint32_t max = 0, before = 0;

	for (uint32_t i = 0; i < b->entries; i++) {
		uint32_t n = b->ends[i] - before;

		max = n > max ? n : max;
		before = b->ends[i];
	}
	return max;
}

static void choose_entries(struct pen *w)
{
	const struct chunk_build *b = w->b;
	unsigned lengths = chunk_words_width(longest(b));
	unsigned each = b->class == CHUNK_IPS ? 0 : lengths, width = index_width(b->entries);
	size_t plain = b->values_bytes + (size_t)b->n * each;
	size_t dictionary = chunk_build_text(b) + (size_t)b->entries * each + (size_t)b->n * width;

	w->head.lengths = (uint8_t)each;
	if (!b->crowded && dictionary < plain) {
		w->head.entries = (uint16_t)b->entries;
		choose_array(w, runs_of_index(b->index, b->n), width);
	}
}

static void put_lengths(struct pen *w)
{
	const struct chunk_build *b = w->b;
	size_t n = w->head.entries > 0 ? w->head.entries : b->n, width = w->head.lengths;
	uint8_t *to = section(w, n * width);

	if (!to || width == 0)
		return;
	for (size_t i = 0; i < n; i++, to += width) {
		uint32_t j = w->head.entries > 0 ? (uint32_t)i : b->index[i];
		uint32_t length = (uint32_t)chunk_build_entry(b, j).n;

		memcpy(to, &length, width);
	}
}

static void put_texts(struct pen *w)
{
	const struct chunk_build *b = w->b;
	char *to;

	/* Values that were all different stand there as they came. */
	if (w->head.entries > 0 || b->entries == b->n) {
		put_bytes(w, b->text, chunk_build_text(b));
		return;
	}
	to = section(w, b->values_bytes);
	for (size_t i = 0; to && i < b->n; i++) {
		struct str s = chunk_build_entry(b, b->index[i]);

		if (s.n > 0)
			memcpy(to, s.p, s.n);
		to += s.n;
	}
}

static void put_entries(struct pen *w)
{
	const struct chunk_build *b = w->b;

	if (b->class == CHUNK_TEXTS)
		put_lengths(w);
	put_texts(w);
	if (w->head.entries > 0)
		put_index(w, runs_of_index(b->index, b->n));
}

/* ---- The whole ------------------------------------------------------------------------------- */

static int choose(struct pen *w)
{
	choose_marks(w);
	if (w->b->n == 0)
		return 0;
	if (w->b->class != CHUNK_WORDS) {
		choose_entries(w);
		return 0;
	}
	chunk_words_range(w->b, &w->range);
	return choose_words(w);
}

static void put_all(struct pen *w)
{
	put_bytes(w, &w->head, sizeof(w->head));
	put_presence(w);
	put_marks(w);
	if (w->b->n == 0)
		return;
	if (w->b->class == CHUNK_WORDS)
		put_words(w);
	else
		put_entries(w);
}

int chunk_encode(struct chunk_build *b, uint32_t rows, struct buf *out, struct chunk_facts *facts)
{
	struct pen w = { .b = b,
			 .out = out,
			 .head = { .field_id = b->field_id,
				   .type = b->type,
				   .presence = (uint8_t)presence_of(b->n, rows),
				   .rows = (uint16_t)rows,
				   .present = (uint16_t)b->n } };
	int r;

	assert(rows >= b->rows && rows <= COLUMN_ROWS_MAX);
	r = choose(&w);
	if (r == 0 && facts)
		r = chunk_facts_fill(b, &w.range, w.words, facts);
	if (r < 0)
		return r;
	put_all(&w);
	return out->full ? -ENOBUFS : 0;
}
