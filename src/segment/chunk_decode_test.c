// SPDX-License-Identifier: Apache-2.0
/* Bytes that are not what was written: refused, or a column that can be read. */
#include "segment/chunk_rig.h"

#define ROWS 100

/* One column of each form. */
enum form {
	CONSTANT,
	OFFSET,
	WIDE,
	DELTA,
	STEADY,
	NUMBERS,
	BOOLS,
	RUN,
	SOME,
	FEW,
	NOTHING,
	MARKED,
	MARKS_RUN,
	WORDS,
	LONG_TEXTS,
	SAME_TEXT,
	IPS,
	SAME_IPS,
	LISTS,
	LISTS_OF_TEXTS,
	MAPS,
	FORMS
};

static uint8_t type_of(enum form form)
{
	static const uint8_t types[FORMS] = {
		[BOOLS] = FIELD_BOOL,     [WORDS] = FIELD_STR, [LONG_TEXTS] = FIELD_STR,
		[SAME_TEXT] = FIELD_STR,  [IPS] = FIELD_IP,    [SAME_IPS] = FIELD_IP,
		[LISTS] = FIELD_LIST_U64, [MAPS] = FIELD_MAP,  [LISTS_OF_TEXTS] = FIELD_LIST_STR,
	};

	return types[form] ? types[form] : FIELD_U64;
}

static void put_text_of(struct chunk_rig *r, enum form form, uint32_t row)
{
	static char texts[ROWS][48];
	static const char packed[] = "\3\0\0\0one\0\0\0\0\2\0\0\0ab\4\0\0\0four";
	static const uint64_t numbers[] = { 1, UINT64_MAX, 3, 4, 5 };
	struct row_value v = { 0 };

	if (form == WORDS) {
		v.s = row % 3 ? STR("GET") : STR("");
	} else if (form == LONG_TEXTS) {
		v.s.n = (size_t)snprintf(texts[row], sizeof(*texts), "%.*s%u", (int)(row % 30),
					 "a long text, then a number:       ", row);
		v.s.p = texts[row];
	} else if (form == SAME_TEXT) {
		v.s = STR("the same");
	} else if (form == LISTS) {
		v.n = row % 5;
		v.s = (struct str){ (const char *)numbers, v.n * sizeof(*numbers) };
	} else {
		/* Elements behind 7, 11, 17 and 25 bytes. */
		static const size_t ends[] = { 0, 11, 25 };

		v.n = row % 3 * (form == MAPS ? 1 : 2);
		v.s = (struct str){ packed, ends[row % 3] };
	}
	rig_put(r, row, v);
}

static uint64_t word_of(enum form form, uint32_t row)
{
	if (form == OFFSET)
		return 1000 + hash_mix(row, 1) % 60000;
	if (form == WIDE)
		return hash_mix(row, 1);
	if (form == DELTA)
		return (uint64_t)row * 1000000 + hash_mix(row, 1) % 200;
	if (form == STEADY)
		return (uint64_t)row * 3;
	if (form == NUMBERS)
		return hash_mix(row % 5, 1);
	if (form == BOOLS)
		return row % 3 == 0;
	return form == RUN ? row / 50 : 77;
}

static bool is_there(enum form form, uint32_t row)
{
	return form == SOME ? row % 3 : form == FEW ? row % 50 == 9 : form != NOTHING;
}

/* A chunk of the form, written. */
static struct chunk_rig *sample(enum form form)
{
	struct chunk_rig *r = rig_new(type_of(form), ROWS);

	for (uint32_t row = 0; row < ROWS; row++) {
		if (!is_there(form, row))
			continue;
		if (form == IPS || form == SAME_IPS)
			rig_put_ip(r, row, form == IPS ? row : row % 4);
		else if (form >= WORDS)
			put_text_of(r, form, row);
		else
			rig_put_word(r, row, word_of(form, row));
		if (form == MARKED)
			r->value[row].marks = row % 7 ? 0 : ROW_CUT;
		if (form == MARKS_RUN)
			r->value[row].marks = row < 50 ? 0 : ROW_MASKED;
	}
	(void)rig_round_trip(r);
	return r;
}

TEST(the_samples_are_of_different_forms)
{
	static const struct {
		enum form form;
		uint8_t presence, marks, layout;
		bool dictionary;
	} want[] = {
		{ CONSTANT, PRESENT_ALL, LAYOUT_CONSTANT, LAYOUT_CONSTANT, false },
		{ OFFSET, PRESENT_ALL, LAYOUT_CONSTANT, LAYOUT_PLAIN, false },
		{ DELTA, PRESENT_ALL, LAYOUT_CONSTANT, LAYOUT_DELTA, false },
		{ NUMBERS, PRESENT_ALL, LAYOUT_CONSTANT, LAYOUT_PLAIN, true },
		{ RUN, PRESENT_ALL, LAYOUT_CONSTANT, LAYOUT_RUNS, false },
		{ SOME, PRESENT_BITMAP, LAYOUT_CONSTANT, LAYOUT_CONSTANT, false },
		{ FEW, PRESENT_LIST, LAYOUT_CONSTANT, LAYOUT_CONSTANT, false },
		{ NOTHING, PRESENT_NONE, LAYOUT_CONSTANT, LAYOUT_CONSTANT, false },
		{ MARKED, PRESENT_ALL, LAYOUT_PLAIN, LAYOUT_CONSTANT, false },
		{ MARKS_RUN, PRESENT_ALL, LAYOUT_RUNS, LAYOUT_CONSTANT, false },
		{ WORDS, PRESENT_ALL, LAYOUT_CONSTANT, LAYOUT_PLAIN, true },
		{ LONG_TEXTS, PRESENT_ALL, LAYOUT_CONSTANT, LAYOUT_CONSTANT, false },
		{ IPS, PRESENT_ALL, LAYOUT_CONSTANT, LAYOUT_CONSTANT, false },
		{ SAME_IPS, PRESENT_ALL, LAYOUT_CONSTANT, LAYOUT_PLAIN, true },
		{ MAPS, PRESENT_ALL, LAYOUT_CONSTANT, LAYOUT_PLAIN, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		struct chunk_rig *r = sample(want[i].form);
		struct chunk_head h;

		memcpy(&h, r->out.p, sizeof(h));
		assert_int_equal(h.presence, want[i].presence);
		assert_int_equal(h.marks, want[i].marks);
		assert_int_equal(h.layout, want[i].layout);
		assert_int_equal(h.entries > 0, want[i].dictionary);
		rig_free(r);
	}
}

/* ---- Damage ---------------------------------------------------------------------------------- */

/* Reads all of a column: what a sanitizer watches. Answers something of every byte. */
static uint64_t read_all(const struct column *c)
{
	uint64_t sum = 0;

	for (uint32_t row = 0; row < c->rows; row++) {
		struct row_value v;
		struct row_pair pair;
		size_t pos = 0, n = 0;
		uint64_t word;

		if (!column_value(c, row, &v))
			continue;
		assert_true((v.marks & ~7) == 0);
		assert_true(c->type != FIELD_BOOL || v.u <= 1);
		sum += hash_bytes(v.s.p, v.s.n, 0) + v.u + v.marks +
		       hash_bytes(v.ip.b, sizeof(v.ip.b), 0);
		while (row_value_next_u64(&v, &pos, &word) ||
		       row_value_next_str(&v, &pos, &pair.name) ||
		       row_value_next_pair(&v, &pos, &pair))
			n++;
		assert_int_equal(n, v.n);
	}
	for (uint32_t j = 0; j < c->distinct; j++) {
		struct row_value v;

		column_entry(c, j, &v);
		sum += hash_bytes(v.s.p, v.s.n, 0) + v.u;
	}
	return sum;
}

/* Answers whether the bytes are a column still. */
static bool try_decode(struct chunk_rig *r)
{
	int answer = rig_decode(r);

	assert_true(answer == 0 || answer == -EBADMSG);
	/* Never more than some bytes a row and the texts. */
	assert_in_range(r->memory.used, 0, 2048 + (size_t)r->rows * 32 + r->out.len);
	if (answer == 0)
		(void)read_all(&r->column);
	return answer == 0;
}

TEST(every_cut_is_refused)
{
	for (enum form form = 0; form < FORMS; form++) {
		struct chunk_rig *r = sample(form);
		size_t n = r->out.len;

		for (size_t cut = 0; cut < n; cut++) {
			r->out.len = cut;
			if (try_decode(r))
				fail_msg("form %d cut to %zu of %zu", form, cut, n);
		}
		rig_free(r);
	}
}

TEST(bytes_behind_the_end_are_refused)
{
	for (enum form form = 0; form < FORMS; form++) {
		struct chunk_rig *r = sample(form);

		assert_int_equal(buf_put(&r->out, STR("\0\0\0\0\0\0\0\0")), 0);
		assert_false(try_decode(r));
		rig_free(r);
	}
}

TEST(no_changed_bit_leads_out_of_bounds)
{
	for (enum form form = 0; form < FORMS; form++) {
		struct chunk_rig *r = sample(form);

		for (size_t bit = 0; bit < r->out.len * 8; bit++) {
			r->out.p[bit / 8] ^= (char)(1 << bit % 8);
			(void)try_decode(r);
			r->out.p[bit / 8] ^= (char)(1 << bit % 8);
		}
		rig_free(r);
	}
}

TEST(no_changed_byte_of_the_header_leads_out_of_bounds)
{
	for (enum form form = 0; form < FORMS; form++) {
		struct chunk_rig *r = sample(form);

		for (size_t at = 0; at < sizeof(struct chunk_head); at++) {
			char before = r->out.p[at];

			for (int value = 0; value < 256; value++) {
				r->out.p[at] = (char)value;
				(void)try_decode(r);
			}
			r->out.p[at] = before;
		}
		rig_free(r);
	}
}

/* ---- One by one ------------------------------------------------------------------------------ */

#define HEAD(member, v)                                                                            \
	{                                                                                          \
		offsetof(struct chunk_head, member), sizeof(((struct chunk_head *)0)->member), (v) \
	}

/* What a header must not say, of a sample that is good without it. */
static const struct wrong {
	enum form form;
	struct {
		size_t at, n;
		uint64_t value;
	} put;
} wrong[] = {
	{ CONSTANT, HEAD(field_id, RIG_FIELD + 1) },
	{ CONSTANT, HEAD(type, FIELD_I64) },
	{ CONSTANT, HEAD(rows, ROWS + 1) },
	{ CONSTANT, HEAD(present, ROWS - 1) },
	{ CONSTANT, HEAD(present, ROWS + 1) },
	{ CONSTANT, HEAD(presence, 4) },
	{ CONSTANT, HEAD(zero, 1) },
	{ CONSTANT, HEAD(lengths, 1) },
	{ CONSTANT, HEAD(step, 1) },
	{ CONSTANT, HEAD(width, 1) },
	{ CONSTANT, HEAD(layout, 4) },
	{ CONSTANT, HEAD(mark, 8) },
	{ CONSTANT, HEAD(marks, 3) },
	{ CONSTANT, HEAD(entries, 1) },
	{ OFFSET, HEAD(width, 3) },
	{ OFFSET, HEAD(width, 0) },
	{ OFFSET, HEAD(width, 16) },
	{ DELTA, HEAD(width, 3) },
	{ DELTA, HEAD(width, 8) },
	{ STEADY, HEAD(type, FIELD_BOOL) },
	{ NUMBERS, HEAD(base, 1) },
	{ NUMBERS, HEAD(step, 1) },
	{ NUMBERS, HEAD(entries, 4) },
	{ NUMBERS, HEAD(entries, ROWS + 1) },
	{ BOOLS, HEAD(base, 1) },
	{ SOME, HEAD(present, 67) },
	{ NOTHING, HEAD(present, 1) },
	{ NOTHING, HEAD(presence, PRESENT_ALL) },
	{ NOTHING, HEAD(presence, PRESENT_LIST) },
	{ NOTHING, HEAD(mark, 1) },
	{ NOTHING, HEAD(base, 1) },
	{ NOTHING, HEAD(layout, 1) },
	{ NOTHING, HEAD(entries, 1) },
	{ MARKED, HEAD(mark, 1) },
	{ MARKED, HEAD(marks, 3) },
	{ WORDS, HEAD(lengths, 3) },
	{ WORDS, HEAD(lengths, 8) },
	{ WORDS, HEAD(base, 1) },
	{ WORDS, HEAD(entries, 1) },
	{ LONG_TEXTS, HEAD(base, 1) },
	{ LONG_TEXTS, HEAD(step, 1) },
	{ LONG_TEXTS, HEAD(layout, 1) },
	{ LONG_TEXTS, HEAD(width, 1) },
	{ IPS, HEAD(base, 1) },
	{ IPS, HEAD(step, 1) },
	{ IPS, HEAD(layout, 1) },
	{ IPS, HEAD(width, 1) },
	{ IPS, HEAD(lengths, 1) },
	{ SAME_IPS, HEAD(base, 1) },
	{ SAME_IPS, HEAD(width, 4) },
};

TEST(a_header_that_contradicts_itself_is_refused)
{
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct chunk_rig *r = sample(wrong[i].form);

		memcpy(r->out.p + wrong[i].put.at, &wrong[i].put.value, wrong[i].put.n);
		if (try_decode(r))
			fail_msg("case %zu was not refused", i);
		rig_free(r);
	}
}

/* A byte behind the header changed to a value makes it refused. */
static void assert_refused(enum form form, size_t at, uint8_t value)
{
	struct chunk_rig *r = sample(form);
	char *p = r->out.p + sizeof(struct chunk_head) + at;

	assert_true(p < r->out.p + r->out.len);
	if ((uint8_t)*p == value)
		fail_msg("byte %zu of form %d is that already", at, form);
	*p = (char)value;
	if (try_decode(r))
		fail_msg("byte %zu of form %d was not refused as %u", at, form, value);
	rig_free(r);
}

TEST(sections_that_contradict_the_header_are_refused)
{
	/* Presence: a bit too many, a bit behind the rows, rows that do not ascend or are not
	 * there.
	 */
	assert_refused(SOME, 0, 0xff);
	assert_refused(SOME, 15, 0x80);
	assert_refused(FEW, 0, 59);
	assert_refused(FEW, 2, 9);
	assert_refused(FEW, 2, ROWS);
	assert_refused(FEW, 6, 1);
	/* Marks that are none, and runs of them. */
	assert_refused(MARKED, 1, 8);
	assert_refused(MARKED, ROWS, 1);
	assert_refused(MARKS_RUN, 0, 3);
	assert_refused(MARKS_RUN, 8, 8);
	assert_refused(MARKS_RUN, 16, 0);
	assert_refused(MARKS_RUN, 16, 51);
	/* Runs of numbers: their count, and a length of 0 that another makes up for. */
	assert_refused(RUN, 0, 1);
	assert_refused(RUN, 7, 1);
	/* Indexes above the dictionary. */
	assert_refused(NUMBERS, (size_t)5 * 8, 5);
	assert_refused(SAME_IPS, (size_t)4 * 16, 4);
	assert_refused(WORDS, 8 + 8, 2);
	assert_refused(BOOLS, 1, 2);
	/* Texts longer than what is there, elements that do not fill their area. */
	assert_refused(LONG_TEXTS, 3, 200);
	assert_refused(LISTS, 1, 7);
}

TEST(a_run_of_nothing_is_refused)
{
	struct chunk_rig *r = sample(RUN);
	uint16_t lengths[2] = { 0, ROWS };

	memcpy(r->out.p + sizeof(struct chunk_head) + 16, lengths, sizeof(lengths));

	assert_false(try_decode(r));
	rig_free(r);
}

TEST(another_field_type_or_number_of_rows_is_refused)
{
	struct chunk_rig *r = sample(OFFSET);
	struct str plain = { r->bytes, r->out.len };
	struct column c;

	assert_int_equal(chunk_decode(plain, RIG_FIELD, FIELD_U64, ROWS, &r->memory, &c), 0);
	assert_int_equal(chunk_decode(plain, RIG_FIELD + 1, FIELD_U64, ROWS, &r->memory, &c),
			 -EBADMSG);
	assert_int_equal(chunk_decode(plain, RIG_FIELD, FIELD_I64, ROWS, &r->memory, &c), -EBADMSG);
	assert_int_equal(chunk_decode(plain, RIG_FIELD, 0, ROWS, &r->memory, &c), -EBADMSG);
	assert_int_equal(chunk_decode(plain, RIG_FIELD, FIELD_U64, ROWS - 1, &r->memory, &c),
			 -EBADMSG);
	assert_int_equal(chunk_decode(plain, RIG_FIELD, FIELD_U64, ROWS + 65536, &r->memory, &c),
			 -EBADMSG);
	rig_free(r);
}

TEST(bytes_at_any_alignment_are_read)
{
	for (enum form form = 0; form < FORMS; form++) {
		struct chunk_rig *r = sample(form);
		char *odd = malloc(r->out.len + 1);

		assert_non_null(odd);
		memcpy(odd + 1, r->out.p, r->out.len);
		chunk_memory_reset(&r->memory);
		assert_int_equal(chunk_decode((struct str){ odd + 1, r->out.len }, RIG_FIELD,
					      r->type, r->rows, &r->memory, &r->column),
				 0);
		rig_compare(r);
		free(odd);
		rig_free(r);
	}
}

TEST(numbers_that_are_written_narrow_are_borrowed_as_they_are)
{
	struct chunk_rig *r = sample(OFFSET);

	assert_int_equal(r->column.width, 2);
	assert_ptr_equal(r->column.data, (char *)r->bytes + sizeof(struct chunk_head));
	rig_free(r);
}

/* ---- For ever -------------------------------------------------------------------------------- */

#define GOLDEN SOURCE_ROOT "/tests/formats/chunks.v1"

/* The file has the chunk of each form as version 1 first wrote it, behind its length in 4 bytes. */
TEST(chunks_that_version_1_wrote_are_read)
{
	FILE *f = fopen(GOLDEN, "rb");
	uint32_t length;

	assert_non_null(f);
	for (enum form form = 0; form < FORMS; form++) {
		struct chunk_rig *r = sample(form);
		char *p;

		assert_int_equal(fread(&length, sizeof(length), 1, f), 1);
		buf_clear(&r->out);
		p = buf_extend(&r->out, length);
		assert_non_null(p);
		assert_int_equal(fread(p, 1, length, f), length);
		assert_int_equal(rig_decode(r), 0);
		rig_compare(r);
		rig_free(r);
	}
	assert_int_equal(fgetc(f), EOF);
	(void)fclose(f);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

TEST(memory_is_aligned_and_stays_until_the_reset)
{
	struct chunk_memory m = { 0 };
	uint8_t *piece[64];

	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_LEN(piece); i++) {
			size_t n = 1 + i * 4000;

			piece[i] = chunk_memory_get(&m, n);
			assert_non_null(piece[i]);
			assert_int_equal((uintptr_t)piece[i] % 64, 0);
			memset(piece[i], (int)i, n);
		}
		for (size_t i = 0; i < ARRAY_LEN(piece); i++)
			for (size_t k = 0; k < 1 + i * 4000; k++)
				assert_int_equal(piece[i][k], i);
		chunk_memory_reset(&m);
		assert_null(m.older);
	}
	chunk_memory_done(&m);
}

TEST(memory_grows_to_one_block_that_is_used_again)
{
	struct chunk_memory m = { 0 };
	void *first;

	assert_non_null(chunk_memory_get(&m, MIB));
	assert_non_null(chunk_memory_get(&m, 3 * MIB));
	assert_non_null(m.older);
	chunk_memory_reset(&m);
	first = chunk_memory_get(&m, 3 * MIB);
	chunk_memory_reset(&m);

	assert_ptr_equal(chunk_memory_get(&m, 100), first);
	assert_null(m.older);
	chunk_memory_done(&m);
}

TEST(memory_that_cannot_be_is_not_given)
{
	struct chunk_memory m = { 0 };

	assert_null(chunk_memory_get(&m, SIZE_MAX));
	assert_non_null(chunk_memory_get(&m, 0));
	chunk_memory_done(&m);
}

TEST_MAIN
