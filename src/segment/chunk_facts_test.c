// SPDX-License-Identifier: Apache-2.0
/* Bounds and hashes that the encoder finds on its way. */
#include "segment/chunk_rig.h"

#include <math.h>

static void assert_ascends(const struct chunk_facts *f)
{
	assert_non_null(f->hashes);
	for (uint32_t i = 1; i < f->distinct; i++)
		assert_true(f->hashes[i] > f->hashes[i - 1]);
}

static bool has_hash(const struct chunk_facts *f, const void *p, size_t n)
{
	for (uint32_t i = 0; i < f->distinct; i++)
		if (f->hashes[i] == hash_bytes(p, n, 0))
			return true;
	return false;
}

static bool has_word(const struct chunk_facts *f, uint64_t word)
{
	return has_hash(f, &word, sizeof(word));
}

static void assert_not_told(const struct chunk_facts *f)
{
	assert_null(f->hashes);
	assert_int_equal(f->distinct, CHUNK_HASHES_MAX + 1);
}

/* ---- Bounds ---------------------------------------------------------------------------------- */

TEST(bounds_are_in_the_order_of_the_type)
{
	static const uint64_t words[] = { 5, UINT64_MAX, 0, 7 };
	struct chunk_rig *u = rig_new(FIELD_U64, 4), *t = rig_new(FIELD_TIME, 4);

	for (uint32_t i = 0; i < 4; i++) {
		rig_put_word(u, i, words[i]);
		rig_put_word(t, i, words[i]);
	}
	(void)rig_encode(u);
	(void)rig_encode(t);

	assert_true(u->facts.bounded && t->facts.bounded);
	assert_true(u->facts.min.u == 0 && u->facts.max.u == UINT64_MAX);
	assert_true(t->facts.min.i == -1 && t->facts.max.i == 7);
	assert_int_equal(t->facts.present, 4);
	rig_free(u);
	rig_free(t);
}

static void put_float(struct chunk_rig *r, uint32_t row, double f)
{
	struct row_value v = { .f = f };

	memcpy(&v.u, &f, sizeof(v.u));
	rig_put(r, row, v);
}

TEST(floats_are_bounded_as_numbers_and_not_at_all_with_a_nan)
{
	struct chunk_rig *r = rig_new(FIELD_F64, 3);

	put_float(r, 0, 1.5);
	put_float(r, 1, -2.5);
	put_float(r, 2, -0.0);
	(void)rig_encode(r);
	assert_true(r->facts.bounded);
	assert_true(r->facts.min.f == -2.5 && r->facts.max.f == 1.5);
	assert_not_told(&r->facts);
	rig_free(r);

	for (uint32_t nan = 0; nan < 3; nan++) {
		r = rig_new(FIELD_F64, 3);
		for (uint32_t i = 0; i < 3; i++)
			put_float(r, i, i == nan ? (double)NAN : (double)i);
		(void)rig_encode(r);
		assert_false(r->facts.bounded);
		rig_free(r);
	}
}

TEST(addresses_are_bounded_by_their_bytes)
{
	struct chunk_rig *r = rig_new(FIELD_IP, 3);

	for (uint32_t i = 0; i < 3; i++) {
		struct row_value v = { 0 };

		v.ip.b[0] = (uint8_t[]){ 9, 200, 3 }[i];
		rig_put(r, i, v);
	}
	(void)rig_encode(r);

	assert_true(r->facts.bounded);
	assert_int_equal(r->facts.min.ip.b[0], 3);
	assert_int_equal(r->facts.max.ip.b[0], 200);
	assert_int_equal(r->facts.distinct, 3);
	assert_ascends(&r->facts);
	assert_true(has_hash(&r->facts, r->value[1].ip.b, 16));
	rig_free(r);
}

TEST(texts_and_columns_without_values_are_not_bounded)
{
	struct chunk_rig *r = rig_new(FIELD_STR, 1), *none = rig_new(FIELD_U64, 9);

	rig_put_text(r, 0, STR("a"));
	(void)rig_encode(r);
	(void)rig_encode(none);

	assert_false(r->facts.bounded);
	assert_false(none->facts.bounded);
	assert_int_equal(none->facts.present, 0);
	assert_int_equal(none->facts.distinct, 0);
	assert_non_null(none->facts.hashes);
	rig_free(r);
	rig_free(none);
}

/* ---- Hashes ---------------------------------------------------------------------------------- */

/* So many different numbers, near each other or far, twice each. */
static struct chunk_rig *numbers(uint32_t distinct, bool far, bool all)
{
	struct chunk_rig *r = rig_new(FIELD_I64, 2 * distinct);

	for (uint32_t i = 0; i < r->rows; i++)
		rig_put_word(r, i, far ? hash_mix(i % distinct, 1) : i % distinct - (uint64_t)3);
	r->facts.all_hashes = all;
	(void)rig_encode(r);
	return r;
}

TEST(numbers_have_the_hashes_of_their_bytes)
{
	static const uint32_t counts[] = { 1, 2, CHUNK_FEW, 256, 257, 3000, COLUMN_ROWS_MAX / 2 };

	for (size_t k = 0; k < ARRAY_LEN(counts); k++) {
		for (int far = 0; far < 2; far++) {
			struct chunk_rig *r = numbers(counts[k], far, true);

			assert_int_equal(r->facts.distinct, counts[k]);
			assert_ascends(&r->facts);
			assert_true(has_word(&r->facts, r->value[0].u));
			assert_true(has_word(&r->facts, r->value[counts[k] - 1].u));
			rig_free(r);
		}
	}
}

TEST(more_than_a_few_hashes_are_not_told_unless_wanted)
{
	for (int far = 0; far < 2; far++) {
		struct chunk_rig *few = numbers(CHUNK_FEW, far, false);
		struct chunk_rig *more = numbers(CHUNK_FEW + 1, far, false);
		struct chunk_rig *many = numbers(5000, far, false);

		assert_int_equal(few->facts.distinct, CHUNK_FEW);
		assert_ascends(&few->facts);
		assert_not_told(&more->facts);
		assert_not_told(&many->facts);
		rig_free(few);
		rig_free(more);
		rig_free(many);
	}
}

/* So many different texts, twice each. */
static struct chunk_rig *texts(uint32_t distinct, bool all, char (*text)[16])
{
	struct chunk_rig *r = rig_new(FIELD_STR, 2 * distinct);

	for (uint32_t i = 0; i < r->rows; i++) {
		int n = snprintf(text[i], sizeof(*text), "%u", i % distinct);

		rig_put_text(r, i, (struct str){ text[i], (size_t)n });
	}
	r->facts.all_hashes = all;
	(void)rig_encode(r);
	return r;
}

TEST(texts_have_the_hashes_of_their_bytes)
{
	char(*text)[16] = calloc(COLUMN_ROWS_MAX, sizeof(*text));
	static const uint32_t counts[] = { 1, CHUNK_FEW, CHUNK_FEW + 1, 5000, COLUMN_ROWS_MAX / 2 };

	assert_non_null(text);
	for (size_t k = 0; k < ARRAY_LEN(counts); k++) {
		struct chunk_rig *all = texts(counts[k], true, text);
		struct chunk_rig *few = texts(counts[k], false, text);

		assert_int_equal(all->facts.distinct, counts[k]);
		assert_ascends(&all->facts);
		assert_true(has_hash(&all->facts, "0", 1));
		if (counts[k] <= CHUNK_FEW)
			assert_int_equal(few->facts.distinct, counts[k]);
		else
			assert_not_told(&few->facts);
		rig_free(all);
		rig_free(few);
	}
	free(text);
}

TEST(plain_words_have_no_hashes)
{
	struct chunk_rig *r = rig_new(FIELD_U64, 3);

	r->facts.all_hashes = true;
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(chunk_build_add_word(r->build, i, i), 0);
	assert_int_equal(chunk_encode(r->build, 3, &r->out, &r->facts), 0);

	assert_not_told(&r->facts);
	assert_true(r->facts.bounded);
	assert_int_equal(r->facts.max.u, 2);
	rig_free(r);
}

/* ---- Elements -------------------------------------------------------------------------------- */

/* A list of texts or a map of so many names, from this one on. */
static struct row_value elements(struct buf *b, uint8_t type, uint64_t first, uint64_t count)
{
	size_t from = b->len;

	for (uint64_t i = 0; i < count; i++) {
		char name[16];
		uint32_t n = (uint32_t)snprintf(name, sizeof(name), "n%ju", (uintmax_t)(first + i));
		uint32_t zero = 0;

		assert_int_equal(buf_put(b, (struct str){ (char *)&n, 4 }), 0);
		assert_int_equal(buf_put(b, (struct str){ name, n }), 0);
		if (type == FIELD_MAP)
			assert_int_equal(buf_put(b, (struct str){ (char *)&zero, 4 }), 0);
	}
	return (struct row_value){ .n = count, .s = { b->p + from, b->len - from } };
}

static void assert_names(uint8_t type, uint32_t rows, uint64_t each, bool all, uint32_t distinct)
{
	struct chunk_rig *r = rig_new(type, rows);
	struct buf b;

	buf_init(&b, 4 * MIB);
	assert_non_null(buf_extend(&b, 4 * MIB));
	buf_clear(&b);
	for (uint32_t i = 0; i < rows; i++)
		rig_put(r, i, elements(&b, type, i * each, each));
	r->facts.all_hashes = all;
	(void)rig_round_trip(r);

	assert_false(r->facts.bounded);
	if (distinct > 0) {
		assert_int_equal(r->facts.distinct, distinct);
		assert_ascends(&r->facts);
		assert_true(has_hash(&r->facts, "n0", 2));
		assert_true(has_hash(&r->facts, "n1", 2));
	} else {
		assert_not_told(&r->facts);
	}
	buf_done(&b);
	rig_free(r);
}

TEST(lists_have_the_hashes_of_their_elements_and_maps_of_their_names)
{
	static const uint8_t types[] = { FIELD_LIST_STR, FIELD_MAP };

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		assert_names(types[t], 4, 4, false, CHUNK_FEW);
		assert_names(types[t], 17, 1, false, 0);
		assert_names(types[t], 1, CHUNK_FEW + 1, false, 0);
		assert_names(types[t], 17, 1, true, 17);
		assert_names(types[t], 4096, 8, true, CHUNK_HASHES_MAX);
		assert_names(types[t], 4097, 8, true, 0);
		assert_names(types[t], 20000, 8, true, 0);
	}
}

TEST(numbers_of_lists_have_the_hashes_of_their_bytes)
{
	static const uint64_t links[] = { 1, 113, 1, UINT64_MAX };
	struct chunk_rig *r = rig_new(FIELD_LIST_U64, 2);

	rig_put(r, 0, (struct row_value){ .n = 4, .s = { (const char *)links, sizeof(links) } });
	rig_put(r, 1, (struct row_value){ .n = 0 });
	(void)rig_round_trip(r);

	assert_int_equal(r->facts.distinct, 3);
	assert_ascends(&r->facts);
	assert_true(has_word(&r->facts, 113) && has_word(&r->facts, UINT64_MAX));
	rig_free(r);
}

TEST(names_that_only_move_are_the_same_names)
{
	struct chunk_rig *r = rig_new(FIELD_MAP, 40);
	struct buf b;

	buf_init(&b, MIB);
	assert_non_null(buf_extend(&b, MIB));
	buf_clear(&b);
	for (uint32_t i = 0; i < r->rows; i++)
		rig_put(r, i, elements(&b, FIELD_MAP, i % 7, 3));
	(void)rig_encode(r);

	assert_int_equal(r->facts.distinct, 9);
	assert_ascends(&r->facts);
	buf_done(&b);
	rig_free(r);
}

TEST_MAIN
