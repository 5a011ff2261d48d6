// SPDX-License-Identifier: Apache-2.0
/* Columns of every type and shape come back as they were, and each is written in the form that
 * suits it. */
#include "segment/chunk_rig.h"

/* ---- Columns by chance ----------------------------------------------------------------------- */

enum shape { SAME, FEW, MANY, ASCENDING, RUNS, RANDOM, SHAPES };
enum presence { ALL, NONE, ONE, RARE, HALF, MOST, PRESENCES };
enum marking { UNMARKED, ALL_MARKED, SOME_MARKED, MARKED_RUNS, MARKINGS };

struct chance {
	uint64_t seed, last;
	enum shape shape;
	struct buf text; /* never moves: its ceiling is reserved at once */
};

static uint64_t a_number(struct chance *c, uint32_t row)
{
	switch (c->shape) {
	case SAME:
		return c->seed >> 40;
	case FEW:
		return hash_mix(rig_chance(&c->seed) % 7, 1);
	case MANY:
		return hash_mix(rig_chance(&c->seed) % 1000, 2);
	case ASCENDING:
		return c->last += rig_chance(&c->seed) % 100000;
	case RUNS:
		return hash_mix(row / 50, 3);
	case RANDOM:
	case SHAPES:
		break;
	}
	/* Of any length. */
	return rig_chance(&c->seed) >> (rig_chance(&c->seed) % 64);
}

static bool is_there(enum presence p, uint64_t chance, uint32_t row, uint32_t rows)
{
	switch (p) {
	case ALL:
	case PRESENCES:
		break;
	case NONE:
		return false;
	case ONE:
		return row == rows / 2;
	case RARE:
		return chance % 40 == 0;
	case HALF:
		return chance % 2 == 0;
	case MOST:
		return chance % 40 != 0;
	}
	return true;
}

static uint8_t a_mark(enum marking m, uint64_t chance, uint32_t row)
{
	switch (m) {
	case UNMARKED:
	case MARKINGS:
		break;
	case ALL_MARKED:
		return ROW_MASKED | ROW_CUT;
	case SOME_MARKED:
		return chance % 3 ? 0 : (uint8_t)(chance >> 8 & 7);
	case MARKED_RUNS:
		return row / 100 % 2 ? ROW_UNKNOWN : 0;
	}
	return 0;
}

/* A text that says the number, with its length behind it. */
static void put_text(struct chance *c, uint64_t number)
{
	char text[32];
	int n = number % 11 ? snprintf(text, sizeof(text), "%jx", (uintmax_t)number) : 0;
	uint32_t length = (uint32_t)n;

	assert_int_equal(buf_put(&c->text, (struct str){ (char *)&length, 4 }), 0);
	assert_int_equal(buf_put(&c->text, (struct str){ text, (size_t)n }), 0);
}

static void put_elements(struct chance *c, uint8_t type, uint64_t number, struct row_value *v)
{
	size_t from = c->text.len;

	v->n = number % 5;
	for (uint64_t i = 0; i < v->n; i++) {
		uint64_t each = hash_mix(number, i) % 50;

		if (type == FIELD_LIST_U64)
			assert_int_equal(buf_put(&c->text, (struct str){ (char *)&each, 8 }), 0);
		else
			put_text(c, each);
		if (type == FIELD_MAP)
			put_text(c, number);
	}
	v->s = (struct str){ c->text.p + from, c->text.len - from };
}

static bool is_list(uint8_t type)
{
	return type == FIELD_LIST_U64 || type == FIELD_LIST_STR || type == FIELD_MAP;
}

static void put_value(struct chunk_rig *r, struct chance *c, uint32_t row, uint8_t marks)
{
	uint64_t number = a_number(c, row);
	struct row_value v = { 0 };

	if (chunk_class_of(r->type) == CHUNK_WORDS) {
		rig_put_word(r, row, r->type == FIELD_BOOL ? number & 1 : number);
	} else if (r->type == FIELD_IP) {
		rig_put_ip(r, row, number);
	} else if (is_list(r->type)) {
		put_elements(c, r->type, number, &v);
		rig_put(r, row, v);
	} else {
		size_t from = c->text.len + sizeof(uint32_t);

		put_text(c, number);
		rig_put_text(r, row, str_skip(buf_str(&c->text), from));
	}
	r->value[row].marks = marks;
}

static void any_column(struct chance *c, uint8_t type, uint32_t rows, enum presence p,
		       enum marking m)
{
	struct chunk_rig *r = rig_new(type, rows);

	buf_clear(&c->text);
	for (uint32_t row = 0; row < rows; row++) {
		uint64_t chance = rig_chance(&c->seed);

		if (is_there(p, chance, row, rows))
			put_value(r, c, row, a_mark(m, chance >> 16, row));
	}
	(void)rig_round_trip(r);
	rig_free(r);
}

static void chance_init(struct chance *c, uint64_t seed)
{
	*c = (struct chance){ .seed = seed };
	buf_init(&c->text, 16 * MIB);
	assert_non_null(buf_extend(&c->text, 16 * MIB));
	buf_clear(&c->text);
}

static const uint8_t types[] = {
	FIELD_BOOL, FIELD_U64,  FIELD_I64, FIELD_F64,  FIELD_STR,      FIELD_BYTES,    FIELD_TIME,
	FIELD_DUR,  FIELD_ENUM, FIELD_IP,  FIELD_JSON, FIELD_LIST_U64, FIELD_LIST_STR, FIELD_MAP,
};

TEST(columns_of_every_type_and_shape_come_back)
{
	static const uint32_t rows[] = { 0, 1, 2, 15, 16, 63, 64, 65, 700 };
	struct chance c;

	chance_init(&c, 1);
	for (size_t t = 0; t < ARRAY_LEN(types); t++)
		for (size_t n = 0; n < ARRAY_LEN(rows); n++)
			for (c.shape = 0; c.shape < SHAPES; c.shape++)
				for (enum presence p = 0; p < PRESENCES; p++)
					any_column(&c, types[t], rows[n], p,
						   (enum marking)(rig_chance(&c.seed) % MARKINGS));
	buf_done(&c.text);
}

TEST(columns_of_a_full_group_come_back)
{
	struct chance c;

	chance_init(&c, 2);
	for (size_t t = 0; t < ARRAY_LEN(types); t++)
		for (c.shape = 0; c.shape < SHAPES; c.shape++)
			any_column(&c, types[t], COLUMN_ROWS_MAX, c.shape % 2 ? ALL : HALF,
				   (enum marking)(c.shape % MARKINGS));
	buf_done(&c.text);
}

TEST(marks_of_every_shape_come_back)
{
	struct chance c;

	chance_init(&c, 3);
	for (enum marking m = 0; m < MARKINGS; m++)
		for (enum presence p = 0; p < PRESENCES; p++)
			for (uint32_t rows = 1; rows < 4096; rows = rows * 3 + 1)
				any_column(&c, FIELD_U64, rows, p, m);
	buf_done(&c.text);
}

/* ---- Which form a column gets ---------------------------------------------------------------- */

#define ROWS 4096

/* Numbers of a type, one for each row. */
#define COLUMN(r, type, expr)                                                                      \
	struct chunk_rig *r = rig_new((type), ROWS);                                               \
	for (uint32_t i = 0; i < ROWS; i++)                                                        \
	rig_put_word(r, i, (expr))

static void assert_form(struct chunk_rig *r, enum chunk_layout layout, unsigned width,
			unsigned entries, size_t bytes)
{
	const struct chunk_head *h = rig_round_trip(r);

	assert_int_equal(h->layout, layout);
	assert_int_equal(h->width, width);
	assert_int_equal(h->entries, entries);
	assert_int_equal(r->out.len, sizeof(*h) + bytes);
	rig_free(r);
}

TEST(the_same_number_in_all_rows_takes_no_byte_a_row)
{
	COLUMN(r, FIELD_U64, UINT64_MAX);

	assert_form(r, LAYOUT_CONSTANT, 0, 0, 0);
}

TEST(numbers_take_the_bytes_of_their_distance_from_the_least)
{
	static const struct {
		uint64_t distance;
		unsigned width;
	} cases[] = { { UINT8_MAX, 1 },      { UINT8_MAX + 1, 2 }, { UINT16_MAX, 2 },
		      { UINT16_MAX + 1, 4 }, { UINT32_MAX, 4 },    { UINT64_C(1) << 32, 8 } };

	for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
		uint64_t seed = 5;
		COLUMN(r, FIELD_I64,
		       (uint64_t)-1000 + (i < 2 ? i * cases[k].distance
						: rig_chance(&seed) % (cases[k].distance + 1)));

		assert_form(r, LAYOUT_PLAIN, cases[k].width, 0, cases[k].width * ROWS);
	}
}

TEST(times_that_ascend_are_differences)
{
	uint64_t seed = 1, time = UINT64_C(1763676000000000000);
	COLUMN(r, FIELD_TIME, time += rig_chance(&seed) % 20000000);

	assert_form(r, LAYOUT_DELTA, 4, 0, chunk_align((size_t)4 * (ROWS - 1)));
}

TEST(small_steps_take_a_byte_also_downwards)
{
	uint64_t seed = 1, number = UINT64_C(1) << 40;
	COLUMN(r, FIELD_U64, number -= 1000 + rig_chance(&seed) % 256);

	assert_form(r, LAYOUT_DELTA, 1, 0, chunk_align((size_t)ROWS - 1));
}

TEST(numbers_that_count_up_take_no_byte_a_row)
{
	COLUMN(r, FIELD_U64, UINT64_MAX - 5 + i * 7);

	assert_form(r, LAYOUT_DELTA, 0, 0, 0);
}

TEST(few_different_numbers_are_a_dictionary_of_a_byte)
{
	uint64_t seed = 1;
	COLUMN(r, FIELD_U64, hash_mix(i < 256 ? i : rig_chance(&seed) % 256, 1));

	assert_form(r, LAYOUT_PLAIN, 1, 256, (size_t)256 * 8 + ROWS);
}

TEST(more_different_numbers_are_a_dictionary_of_two_bytes)
{
	uint64_t seed = 1;
	COLUMN(r, FIELD_U64, hash_mix(i < 257 ? i : rig_chance(&seed) % 257, 1));

	assert_form(r, LAYOUT_PLAIN, 2, 257, (size_t)257 * 8 + 2 * ROWS);
}

TEST(numbers_in_long_runs_are_runs)
{
	COLUMN(r, FIELD_U64, i / 512 % 2 * 100);

	assert_form(r, LAYOUT_RUNS, 1, 0, 8 + 8 + (size_t)8 * 2);
}

TEST(indexes_in_long_runs_are_runs)
{
	COLUMN(r, FIELD_U64, hash_mix(i / 512 % 2, 1));

	assert_form(r, LAYOUT_RUNS, 1, 2, 2 * 8 + 8 + 8 + (size_t)8 * 2);
}

/* Texts made of a number. */
static void put_texts(struct chunk_rig *r, char (*text)[16], size_t step, size_t count)
{
	for (uint32_t i = 0; i < ROWS; i++) {
		size_t n = (size_t)snprintf(text[i], sizeof(*text), "text-%05zu", i * step % count);

		rig_put_text(r, i, (struct str){ text[i], n });
	}
}

static void assert_text_form(size_t step, size_t count, enum chunk_layout layout, unsigned width,
			     unsigned entries, size_t bytes)
{
	char(*text)[16] = calloc(ROWS, sizeof(*text));
	struct chunk_rig *r = rig_new(FIELD_STR, ROWS);

	assert_non_null(text);
	put_texts(r, text, step, count);
	assert_form(r, layout, width, entries, bytes);
	free(text);
}

TEST(texts_get_the_form_that_takes_the_fewest_bytes)
{
	/* Entries of 10 bytes with a length of 1, each padded to 8. */
	assert_text_form(1, 1, LAYOUT_CONSTANT, 0, 1, 8 + 16);
	assert_text_form(1, 256, LAYOUT_PLAIN, 1, 256, 256 + 2560 + ROWS);
	assert_text_form(1, 257, LAYOUT_PLAIN, 2, 257, 264 + 2576 + 2 * ROWS);
	assert_text_form(1, ROWS, LAYOUT_CONSTANT, 0, 0, ROWS + 10 * ROWS);
}

TEST(the_same_addresses_are_a_dictionary_and_different_ones_are_not)
{
	struct chunk_rig *few = rig_new(FIELD_IP, ROWS), *many = rig_new(FIELD_IP, ROWS);
	struct chunk_rig *one = rig_new(FIELD_IP, ROWS);

	for (uint32_t i = 0; i < ROWS; i++) {
		rig_put_ip(few, i, i % 16);
		rig_put_ip(many, i, i);
		rig_put_ip(one, i, 7);
	}

	assert_form(few, LAYOUT_PLAIN, 1, 16, (size_t)16 * 16 + ROWS);
	assert_form(many, LAYOUT_CONSTANT, 0, 0, (size_t)16 * ROWS);
	assert_form(one, LAYOUT_CONSTANT, 0, 1, 16);
}

TEST(rows_without_a_value_take_a_bit_or_nothing)
{
	static const struct {
		uint32_t present;
		enum chunk_presence presence;
		size_t bytes;
	} cases[] = { { 0, PRESENT_NONE, 0 },
		      { 1, PRESENT_LIST, 8 },
		      { ROWS / 16, PRESENT_LIST, 2 * ROWS / 16 },
		      { ROWS / 16 + 1, PRESENT_BITMAP, ROWS / 8 },
		      { ROWS - 1, PRESENT_BITMAP, ROWS / 8 },
		      { ROWS, PRESENT_ALL, 0 } };

	for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
		struct chunk_rig *r = rig_new(FIELD_U64, ROWS);

		for (uint32_t i = 0; i < cases[k].present; i++)
			rig_put_word(r, ROWS - 1 - i, 5);
		assert_int_equal(rig_round_trip(r)->presence, cases[k].presence);
		assert_int_equal(r->out.len, sizeof(struct chunk_head) + cases[k].bytes);
		rig_free(r);
	}
}

/* ---- The build ------------------------------------------------------------------------------- */

TEST(a_build_is_used_again_for_another_field)
{
	struct chunk_rig *r = rig_new(FIELD_STR, 300);
	struct chunk_build *b = r->build;

	for (uint32_t i = 0; i < r->rows; i++)
		rig_put_text(r, i, STR("text"));
	(void)rig_round_trip(r);
	r->build = NULL;
	rig_free(r);
	r = rig_new(FIELD_U64, 1000);
	chunk_build_free(r->build);
	r->build = b;
	chunk_build_reset(b, RIG_FIELD, FIELD_U64);
	for (uint32_t i = 0; i < r->rows; i += 3)
		rig_put_word(r, i, hash_mix(i, 1));
	(void)rig_round_trip(r);

	assert_int_equal(r->facts.present, 334);
	rig_free(r);
}

TEST(a_build_tells_the_bytes_it_holds)
{
	struct chunk_rig *r = rig_new(FIELD_STR, 2);

	assert_int_equal(chunk_build_bytes(r->build), 0);
	rig_put_text(r, 0, STR("0123456789012345678901234567890123456789"));
	rig_add_all(r);
	assert_in_range(chunk_build_bytes(r->build), 40, 4096);
	chunk_build_reset(r->build, RIG_FIELD, FIELD_STR);
	assert_int_equal(chunk_build_bytes(r->build), 0);
	rig_free(r);
}

TEST(a_value_of_another_type_is_refused_and_leaves_nothing)
{
	struct chunk_rig *r = rig_new(FIELD_U64, 1);
	const struct row_value v = { .type = FIELD_I64 };

	assert_int_equal(chunk_build_add(r->build, 0, &v), -EINVAL);
	rig_put_word(r, 0, 5);
	(void)rig_round_trip(r);
	rig_free(r);
}

TEST(an_encoding_is_appended_and_stops_at_the_ceiling)
{
	struct chunk_rig *r = rig_new(FIELD_U64, 100);
	struct buf small;
	size_t n;

	for (uint32_t i = 0; i < r->rows; i++)
		rig_put_word(r, i, hash_mix(i, 1));
	(void)rig_round_trip(r);
	n = r->out.len;
	assert_int_equal(chunk_encode(r->build, r->rows, &r->out, NULL), 0);
	assert_int_equal(r->out.len, 2 * n);
	assert_memory_equal(r->out.p, r->out.p + n, n);
	for (size_t cap = 0; cap <= n; cap++) {
		buf_init(&small, cap);
		assert_int_equal(chunk_encode(r->build, r->rows, &small, NULL),
				 cap < n ? -ENOBUFS : 0);
		buf_done(&small);
	}
	rig_free(r);
}

TEST(texts_whose_hashes_are_the_same_come_back)
{
	/* More texts than a probe may pass that want one slot of the table of any size up to 64 Ki.
	 */
	enum { WANTED = 600 };
	char(*text)[16] = calloc(WANTED, sizeof(*text));
	struct chunk_rig *r = rig_new(FIELD_STR, 2 * WANTED);
	uint32_t found = 0;

	assert_non_null(text);
	for (uint64_t i = 0; found < WANTED; i++) {
		int n = snprintf(text[found], sizeof(*text), "%08jx", (uintmax_t)i);

		if (hash_bytes(text[found], (size_t)n, 0) % 4096 == 0)
			found++;
	}
	for (uint32_t i = 0; i < r->rows; i++)
		rig_put_text(r, i, (struct str){ text[i % WANTED], 8 });

	assert_int_equal(rig_round_trip(r)->entries, 0);
	r->facts.all_hashes = true;
	buf_clear(&r->out);
	assert_int_equal(chunk_encode(r->build, r->rows, &r->out, &r->facts), 0);
	assert_int_equal(r->facts.distinct, WANTED);
	free(text);
	rig_free(r);
}

TEST_MAIN
