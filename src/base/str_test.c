/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of str: searching, cutting, numbers at their limits, distances, and that the hash stays as
 * it is, since its values may outlive a version.
 */
#include "base/base.h"
#include "t.h"

TEST(eq_nocase_folds_ascii_letters_only)
{
	assert_true(str_eq_nocase(STR("Content-Length"), STR("cONTENT-lENGTH")));
	assert_true(str_eq_nocase(STR(""), STR("")));
	assert_false(str_eq_nocase(STR("a"), STR("ab")));
	assert_false(str_eq_nocase(STR("@"), STR("`")));
	assert_false(str_eq_nocase(STR("["), STR("{")));
	assert_false(str_eq_nocase(STR("\xc4"), STR("\xe4")));
}

TEST(ends_and_contains_accept_the_empty_string)
{
	assert_true(str_ends(STR("x.pcap"), STR(".pcap")));
	assert_false(str_ends(STR("pcap"), STR(".pcap")));
	assert_true(str_ends(STR("x"), STR("")));
	assert_true(str_contains((struct str){ NULL, 0 }, STR("")));
	assert_false(str_contains((struct str){ NULL, 0 }, STR("a")));
	assert_true(str_contains(STR("hello"), STR("llo")));
	assert_false(str_contains(STR("hello"), STR("lol")));
}

TEST(cmp_orders_by_unsigned_bytes_and_a_prefix_first)
{
	assert_true(str_cmp(STR("a"), STR("b")) < 0);
	assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
	assert_true(str_cmp(STR("ab"), STR("abc")) < 0);
	assert_true(str_cmp(STR("ab"), STR("")) > 0);
	assert_int_equal(str_cmp(STR("ab"), STR("ab")), 0);
	assert_int_equal(str_cmp((struct str){ NULL, 0 }, STR("")), 0);
}

TEST(find_starts_at_its_offset_and_ends_at_the_end)
{
	assert_int_equal(str_find(STR("a.b.c"), '.', 0), 1);
	assert_int_equal(str_find(STR("a.b.c"), '.', 1), 1);
	assert_int_equal(str_find(STR("a.b.c"), '.', 2), 3);
	assert_int_equal(str_find(STR("a.b.c"), '.', 4), -1);
	assert_int_equal(str_find(STR("a.b.c"), '.', 99), -1);
	assert_int_equal(str_find(str_head(STR("ab.c"), 2), '.', 0), -1);
}

TEST(cut_gives_head_and_tail)
{
	struct str s = STR("GET / HTTP/1.1");
	struct str head;

	assert_true(str_cut(&s, ' ', &head));
	assert_str(head, "GET");
	assert_str(s, "/ HTTP/1.1");
}

TEST(cut_without_the_byte_gives_all_and_leaves_nothing)
{
	struct str s = STR("GET");
	struct str head;

	assert_false(str_cut(&s, ' ', &head));
	assert_str(head, "GET");
	assert_int_equal(s.n, 0);
}

TEST(cut_at_the_last_byte_says_there_was_one)
{
	struct str s = STR("a,");
	struct str head;

	assert_true(str_cut(&s, ',', &head));
	assert_str(head, "a");
	assert_int_equal(s.n, 0);
}

TEST(trim_takes_spaces_and_tabs_and_nothing_else)
{
	assert_str(str_trim(STR(" \t a b\t ")), "a b");
	assert_str(str_trim(STR("\ra\n")), "\ra\n");
	assert_int_equal(str_trim(STR(" \t ")).n, 0);
	assert_int_equal(str_trim((struct str){ NULL, 0 }).n, 0);
}

TEST(u64_takes_the_largest_and_not_one_more)
{
	uint64_t v = 7;

	assert_int_equal(str_to_u64(STR("18446744073709551616"), &v), -ERANGE);
	assert_int_equal(str_to_u64(STR("99999999999999999999999"), &v), -ERANGE);
	assert_int_equal(v, 7);
	assert_int_equal(str_to_u64(STR("18446744073709551615"), &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(str_to_u64(STR("000"), &v), 0);
	assert_int_equal(v, 0);
}

TEST(u64_refuses_what_is_not_only_digits)
{
	static const char *const bad[] = { "",   "-1",  "+1", " 1",
					   "1 ", "0x1", "1a", "99999999999999999999x" };
	uint64_t v;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(str_to_u64(str_of(bad[i]), &v), -EINVAL);
}

TEST(hex64_reads_both_cases_up_to_16_digits)
{
	uint64_t v;

	assert_int_equal(str_to_hex64(STR("dEaDbEeF"), &v), 0);
	assert_true(v == 0xdeadbeef);
	assert_int_equal(str_to_hex64(STR("ffffffffffffffff"), &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(str_to_hex64(STR("10000000000000000"), &v), -ERANGE);
	assert_int_equal(str_to_hex64(STR("g"), &v), -EINVAL);
	assert_int_equal(str_to_hex64(STR("0x1"), &v), -EINVAL);
}

TEST(distance_counts_single_edits)
{
	assert_int_equal(str_distance(STR("limit"), STR("limit")), 0);
	assert_int_equal(str_distance(STR("limti"), STR("limit")), 2);
	assert_int_equal(str_distance(STR("kitten"), STR("sitting")), 3);
	assert_int_equal(str_distance(STR(""), STR("abc")), 3);
	assert_int_equal(str_distance(STR("abc"), STR("")), 3);
}

TEST(distance_ends_at_64_bytes)
{
	char word[65];

	memset(word, 'a', sizeof(word));

	assert_int_equal(str_distance((struct str){ word, 64 }, STR("")), 64);
	assert_true(str_distance((struct str){ word, 65 }, STR("")) == SIZE_MAX);
	assert_true(str_distance(STR(""), (struct str){ word, 65 }) == SIZE_MAX);
}

TEST(hash_is_the_same_in_every_version)
{
	assert_true(hash_bytes("", 0, 0) == UINT64_C(0x36d9e092ebdb2da3));
	assert_true(hash_bytes("a", 1, 1) == UINT64_C(0x9ec06325aa72bb67));
	assert_true(hash_bytes("0123456789abcdef0123456789abcdef0", 33, 42) ==
		    UINT64_C(0xf6f9debc5c6d5828));
}

TEST(hash_differs_for_each_length_and_seed)
{
	static const char zeros[80];
	uint64_t seen[ARRAY_LEN(zeros) * 2];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(zeros); i++) {
		seen[n++] = hash_bytes(zeros, i, 1);
		seen[n++] = hash_bytes(zeros, i, 2);
	}

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_true(seen[i] != seen[j]);
}

TEST(hash_changes_half_its_bits_with_any_bit_of_the_key)
{
	for (size_t n = 1; n <= 64; n++) {
		uint8_t key[64] = { 0 };
		uint64_t before = hash_bytes(key, n, 3);
		int flipped = 0;

		for (size_t bit = 0; bit < n * 8; bit++) {
			key[bit / 8] ^= (uint8_t)(1U << bit % 8);
			flipped += __builtin_popcountll(before ^ hash_bytes(key, n, 3));
			key[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}

		assert_in_range(flipped / (int)(n * 8), 24, 40);
	}
}

TEST(hash_has_no_key_bytes_that_cancel_the_rest)
{
	/* A factor of hash_mix is zero when the bytes equal its constant. */
	static const uint64_t constants[] = { UINT64_C(0x9e3779b97f4a7c15),
					      UINT64_C(0xe7037ed1a0b428db) };

	for (size_t i = 0; i < ARRAY_LEN(constants); i++) {
		uint64_t a[4] = { constants[i], constants[i], constants[i], constants[i] };
		uint64_t b[4] = { constants[i], constants[i], constants[i], constants[i] };

		for (size_t k = 0; k < ARRAY_LEN(a); k++) {
			b[k] ^= 1;
			assert_true(hash_bytes(a, sizeof(a), 9) != hash_bytes(b, sizeof(b), 9));
			b[k] ^= 1;
		}
	}
}

TEST_MAIN
