/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include "t.h"

static struct json_symbols *table(size_t cap_bytes)
{
	struct json_symbols *s;

	assert_int_equal(json_symbols_new(cap_bytes, &s), 0);
	return s;
}

/* A key that no other number has. */
static struct str key_of(unsigned i, char out[16])
{
	return (struct str){ out, (size_t)snprintf(out, 16, "key-%u", i) };
}

TEST(equal_keys_have_equal_symbols)
{
	CLEANUP(json_symbols_free) struct json_symbols *s = table(64 * KIB);
	json_symbol a = json_symbol_of(s, STR("a")), empty = json_symbol_of(s, STR(""));

	assert_int_equal(json_symbol_of(s, STR("a")), a);
	assert_int_equal(json_symbol_of(s, (struct str){ NULL, 0 }), empty);
	assert_int_not_equal(a, empty);
	assert_str(json_symbol_name(s, a), "a");
	assert_int_equal(json_symbol_name(s, empty).n, 0);
}

TEST(finding_makes_no_symbol)
{
	CLEANUP(json_symbols_free) struct json_symbols *s = table(64 * KIB);

	assert_int_equal(json_symbol_find(s, STR("a")), JSON_NO_SYMBOL);
	assert_int_equal(json_symbol_find(s, STR("a")), JSON_NO_SYMBOL);
	assert_int_equal(json_symbol_of(s, STR("a")), 0);
	assert_int_equal(json_symbol_find(s, STR("a")), 0);
}

TEST(symbols_and_names_stay_while_the_table_grows)
{
	CLEANUP(json_symbols_free) struct json_symbols *s = table(4 * MIB);
	const char *first;
	char text[16];

	first = json_symbol_name(s, json_symbol_of(s, key_of(0, text))).p;
	for (unsigned i = 0; i < 20000; i++)
		assert_int_equal(json_symbol_of(s, key_of(i, text)), i);

	assert_ptr_equal(json_symbol_name(s, 0).p, first);
	for (unsigned i = 0; i < 20000; i++) {
		struct str key = key_of(i, text);

		assert_int_equal(json_symbol_find(s, key), i);
		assert_true(str_eq(json_symbol_name(s, i), key));
	}
}

TEST(a_full_table_answers_and_keeps_what_it_has)
{
	CLEANUP(json_symbols_free) struct json_symbols *s = table(16 * KIB);
	unsigned n = 0;
	char text[16];

	while (json_symbol_of(s, key_of(n, text)) != JSON_NO_SYMBOL)
		n++;

	assert_in_range(n, 50, 16 * KIB / 32);
	assert_int_equal(json_symbol_of(s, key_of(n, text)), JSON_NO_SYMBOL);
	assert_int_equal(json_symbol_of(s, key_of(n - 1, text)), n - 1);
}

TEST(a_key_longer_than_the_table_is_refused)
{
	CLEANUP(json_symbols_free) struct json_symbols *s = table(16 * KIB);
	static char text[16 * KIB];

	assert_int_equal(json_symbol_of(s, (struct str){ text, sizeof(text) }), JSON_NO_SYMBOL);
	assert_int_equal(json_symbol_of(s, STR("a")), 0);
}

TEST(an_unknown_symbol_has_no_name)
{
	CLEANUP(json_symbols_free) struct json_symbols *s = table(16 * KIB);

	assert_int_equal(json_symbol_name(s, 0).n, 0);
	assert_int_equal(json_symbol_name(s, JSON_NO_SYMBOL).n, 0);
}

TEST(freeing_nothing_is_allowed)
{
	json_symbols_free(NULL);
}

TEST_MAIN
