/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include "t.h"
#include "json/test_samples.h"

#include <math.h>

static struct json_symbols *symbols;
static struct json_parser *parser;
static struct json_doc doc;
static struct err err;

__attribute__((constructor)) static void set_up(void)
{
	if (json_symbols_new(8 * MIB, &symbols) < 0 ||
	    json_parser_new(symbols, 64 * MIB, &parser) < 0)
		abort();
}

/* The one parser reads all tests' texts, so each test also shows that it can be used again. The
 * text is passed in memory of just its size, so that a sanitizer sees a read past it. */
static int parse(struct str text)
{
	char *copy = malloc(text.n + (text.n == 0));
	int r;

	assert_non_null(copy);
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	r = json_parse(parser, (struct str){ copy, text.n }, &doc, &err);
	free(copy);
	return r;
}

static const struct json_value *root(struct str text, enum json_type type)
{
	assert_int_equal(parse(text), 0);
	assert_int_equal(doc.root.type, type);
	return &doc.root;
}

static const struct json_value *get(const struct json_value *object, const char *name)
{
	const struct json_value *v = json_get_name(symbols, object, str_of(name));

	assert_non_null(v);
	return v;
}

#define assert_f64(text, value)                                                                    \
	do {                                                                                       \
		double expected_ = (value);                                                        \
		const struct json_value *v_ = root(STR(text), JSON_F64);                           \
		assert_memory_equal(&v_->f, &expected_, sizeof(expected_));                        \
	} while (0)

TEST(samples_are_judged_right)
{
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		if ((parse(samples[i].text) == 0) != samples[i].valid)
			fail_msg("%.*s", STR_FMT(samples[i].text));
}

TEST(samples_are_judged_right_behind_any_number_of_spaces)
{
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		for (size_t n = 1; n < 130; n += 3) {
			char text[1024];

			memset(text, ' ', n);
			memcpy(text + n, samples[i].text.p, samples[i].text.n);
			assert_int_equal(parse((struct str){ text, n + samples[i].text.n }) == 0,
					 samples[i].valid);
		}
}

TEST(literals)
{
	root(STR("null"), JSON_NULL);
	assert_true(root(STR("true"), JSON_BOOL)->b);
	assert_false(root(STR("false"), JSON_BOOL)->b);
}

TEST(integers_keep_all_64_bits)
{
	assert_int_equal(root(STR("0"), JSON_I64)->i, 0);
	assert_int_equal(root(STR("-0"), JSON_I64)->i, 0);
	assert_int_equal(root(STR("9223372036854775807"), JSON_I64)->i, INT64_MAX);
	assert_int_equal(root(STR("-9223372036854775808"), JSON_I64)->i, INT64_MIN);
	assert_int_equal(root(STR("9223372036854775808"), JSON_U64)->u, UINT64_C(1) << 63);
	assert_int_equal(root(STR("18446744073709551615"), JSON_U64)->u, UINT64_MAX);
}

TEST(integers_beyond_64_bits_become_doubles)
{
	assert_f64("18446744073709551616", 18446744073709551616.0);
	assert_f64("-9223372036854775809", -9223372036854775808.0);
	assert_f64("123456789012345678901234567890", 123456789012345678901234567890.0);
}

TEST(doubles_are_the_nearest)
{
	assert_f64("0.1", 0.1);
	assert_f64("-0.0", -0.0);
	assert_f64("1.0", 1.0);
	assert_f64("-12.75", -12.75);
	assert_f64("1e2", 100.0);
	assert_f64("1E-2", 0.01);
	assert_f64("123456789.01234", 123456789.01234);
	assert_f64("0.00000000000001", 1e-14);
	assert_f64("9007199254740993.0", 9007199254740992.0);
	assert_f64("2.2250738585072011e-308", 2.2250738585072011e-308);
	assert_f64("5e-324", 5e-324);
	assert_f64("1e-400", 0.0);
}

TEST(numbers_beyond_doubles_are_infinite)
{
	assert_f64("1e400", HUGE_VAL);
	assert_f64("-1e400", -HUGE_VAL);
}

TEST(an_integer_of_very_many_digits_is_infinite)
{
	static char text[5000];

	memset(text, '9', sizeof(text));
	assert_int_equal(parse((struct str){ text, sizeof(text) }), 0);

	assert_int_equal(doc.root.type, JSON_F64);
	assert_true(isinf(doc.root.f));
}

TEST(strings_are_unescaped)
{
	assert_str(root(STR("\"\""), JSON_STR)->s, "");
	assert_str(root(STR("\"plain\""), JSON_STR)->s, "plain");
	assert_str(root(STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\tx\""), JSON_STR)->s, "\"\\/\b\f\n\r\tx");
	assert_str(root(STR("\"a\\u0000b\""), JSON_STR)->s, "a\0b");
	assert_str(root(STR("\"\\u007f\\u0080\\u07FF\\u0800\\uffff\""), JSON_STR)->s,
		   "\x7f\xc2\x80\u07ff\u0800\uffff");
}

TEST(surrogates_are_read_as_go_reads_them)
{
	assert_str(root(STR("\"\\ud83d\\ude00\""), JSON_STR)->s, "\U0001f600");
	assert_str(root(STR("\"\\uD800\\uDC00\\uDBFF\\uDFFF\""), JSON_STR)->s,
		   "\U00010000\U0010ffff");
	assert_str(root(STR("\"a\\ud83d\""), JSON_STR)->s, "a\ufffd");
	assert_str(root(STR("\"\\ude00z\""), JSON_STR)->s, "\ufffdz");
	assert_str(root(STR("\"\\ud83d\\u0041\""), JSON_STR)->s, "\ufffdA");
	assert_str(root(STR("\"\\ud83d\\n\""), JSON_STR)->s, "\ufffd\n");
	assert_str(root(STR("\"\\ud83d\\ud83d\\ude00\""), JSON_STR)->s, "\ufffd\U0001f600");
	assert_int_equal(doc.replaced_utf8, 0);
}

TEST(bytes_that_are_not_utf8_are_replaced_and_their_strings_counted)
{
	root(STR("[\"\xff\xfe\",\"good \xc3\xa9\",\"a\xc3\",{\"k\\\"\x80\":\"\\\\\x80\"}]"),
	     JSON_ARRAY);

	assert_int_equal(doc.replaced_utf8, 4);
	assert_str(doc.root.array.v[0].s, "\ufffd\ufffd");
	assert_str(doc.root.array.v[1].s, "good \u00e9");
	assert_str(doc.root.array.v[2].s, "a\ufffd");
	assert_str(get(&doc.root.array.v[3], "k\"\ufffd")->s, "\\\ufffd");
}

TEST(bad_bytes_outside_strings_or_behind_a_backslash_are_refused)
{
	assert_int_equal(parse(STR("[\"\xff\",\xff]")), -EBADMSG);
	assert_int_equal(parse(STR("[\"\\\xff\"]")), -EBADMSG);
}

TEST(members_are_found_by_name_and_by_symbol)
{
	const struct json_value *v =
		root(STR("{\"a\":1,\"\\u0062\":[true,{\"a\":\"x\"}],\"\":2}"), JSON_OBJECT);
	json_symbol a = json_symbol_find(symbols, STR("a"));

	assert_int_equal(v->object.n, 3);
	assert_int_equal(v->object.m[0].key, a);
	assert_int_equal(json_get(v, a)->i, 1);
	assert_int_equal(get(v, "")->i, 2);
	assert_int_equal(get(v, "b")->array.n, 2);
	assert_str(json_get(&get(v, "b")->array.v[1], a)->s, "x");
	assert_null(json_get_name(symbols, v, STR("never seen")));
	assert_null(json_get(&v->object.m[0].value, a));
	assert_null(json_get(NULL, a));
}

TEST(of_duplicate_keys_the_last_wins_at_the_first_place)
{
	const struct json_value *v =
		root(STR("{\"a\":1,\"b\":2,\"a\":3,\"\\u0061\":[{\"c\":1,\"c\":2}],\"d\":4}"),
		     JSON_OBJECT);

	assert_int_equal(doc.duplicate_keys, 3);
	assert_int_equal(v->object.n, 3);
	assert_str(json_symbol_name(symbols, v->object.m[0].key), "a");
	assert_str(json_symbol_name(symbols, v->object.m[1].key), "b");
	assert_str(json_symbol_name(symbols, v->object.m[2].key), "d");
	assert_int_equal(get(&get(v, "a")->array.v[0], "c")->i, 2);
	assert_int_equal(get(v, "d")->i, 4);
}

TEST(equal_keys_of_different_objects_are_no_duplicates)
{
	root(STR("[{\"a\":1},{\"a\":2},{\"a\":{\"a\":3}}]"), JSON_ARRAY);

	assert_int_equal(doc.duplicate_keys, 0);
	assert_int_equal(get(get(&doc.root.array.v[2], "a"), "a")->i, 3);
}

TEST(arrays_keep_order_and_nesting)
{
	const struct json_value *v = root(STR("[[1,2],[],[3,[4]],5]"), JSON_ARRAY);

	assert_int_equal(v->array.n, 4);
	assert_int_equal(v->array.v[0].array.v[1].i, 2);
	assert_int_equal(v->array.v[1].array.n, 0);
	assert_int_equal(v->array.v[2].array.v[1].array.v[0].i, 4);
	assert_int_equal(v->array.v[3].i, 5);
}

TEST(nesting_ends_at_its_limit)
{
	char text[4 * JSON_DEPTH_MAX];

	assert_int_equal(parse(nested(JSON_DEPTH_MAX, text)), 0);
	assert_int_equal(parse(nested(JSON_DEPTH_MAX + 1, text)), -EBADMSG);
}

TEST(a_huge_key_is_a_key)
{
	CLEANUP(buf_done_ptr) struct buf b;

	buf_init(&b, 2 * MIB);
	buf_put(&b, STR("{\""));
	for (unsigned i = 0; i < 65536; i++)
		buf_put(&b, STR("0123456789abcdef"));
	buf_put(&b, STR("\":1}"));
	assert_int_equal(parse(buf_str(&b)), 0);

	assert_int_equal(json_symbol_name(symbols, doc.root.object.m[0].key).n, 1 * MIB);
}

TEST(a_bad_text_is_named_by_its_byte)
{
	assert_int_equal(parse(STR("[1, 2, x]")), -EBADMSG);

	assert_non_null(strstr(err.text, "byte 7 of 9"));
}

TEST(a_text_above_the_share_of_the_cap_is_too_long)
{
	CLEANUP(json_parser_free) struct json_parser *p = NULL;
	static char text[4 * KIB + 1];

	memset(text, ' ', sizeof(text));
	text[0] = '1';
	assert_int_equal(json_parser_new(symbols, JSON_TEXT_SHARE * 4 * KIB, &p), 0);

	assert_int_equal(json_parse(p, (struct str){ text, 4 * KIB }, &doc, NULL), 0);
	assert_int_equal(json_parse(p, (struct str){ text, 4 * KIB + 1 }, &doc, &err), -E2BIG);
	assert_non_null(strstr(err.text, "4096"));
}

TEST(a_text_that_grows_too_long_by_its_repair_is_refused)
{
	CLEANUP(json_parser_free) struct json_parser *p = NULL;
	static char text[4 * KIB];

	memset(text, 0xff, sizeof(text));
	text[0] = text[sizeof(text) - 1] = '"';
	assert_int_equal(json_parser_new(symbols, JSON_TEXT_SHARE * 4 * KIB, &p), 0);

	assert_int_equal(json_parse(p, (struct str){ text, sizeof(text) }, &doc, NULL), -E2BIG);
}

TEST(a_text_with_more_values_than_memory_is_refused_and_the_next_is_read)
{
	CLEANUP(json_parser_free) struct json_parser *p = NULL;
	static char text[4 * KIB];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? ',' : '1';
	text[0] = '[';
	text[1] = '1';
	text[sizeof(text) - 1] = ']';
	text[2] = ' ';
	assert_int_equal(json_parser_new(symbols, JSON_TEXT_SHARE * 4 * KIB, &p), 0);

	assert_int_equal(json_parse(p, (struct str){ text, sizeof(text) }, &doc, &err), -ENOMEM);
	assert_int_equal(json_parse(p, STR("[1,2]"), &doc, &err), 0);
	assert_int_equal(doc.root.array.v[1].i, 2);
}

TEST(a_key_without_room_for_its_symbol_is_refused)
{
	CLEANUP(json_symbols_free) struct json_symbols *few = NULL;
	CLEANUP(json_parser_free) struct json_parser *p = NULL;
	static char text[2 * KIB];

	assert_int_equal(json_symbols_new(3 * KIB, &few), 0);
	assert_int_equal(json_parser_new(few, MIB, &p), 0);
	memset(text, 'k', sizeof(text));
	memcpy(text, "{\"", 2);
	memcpy(text + sizeof(text) - 4, "\":1}", 4);

	assert_int_equal(json_parse(p, (struct str){ text, sizeof(text) }, &doc, &err), -ENOMEM);
	assert_int_equal(json_parse(p, STR("{\"k\":1}"), &doc, &err), 0);
}

TEST(a_parser_has_a_least_size)
{
	CLEANUP(json_parser_free) struct json_parser *p = NULL;

	assert_int_equal(json_parser_new(symbols, JSON_PARSER_MIN - 1, &p), -EINVAL);
	assert_int_equal(json_parser_new(symbols, JSON_PARSER_MIN, &p), 0);
	assert_int_equal(json_parse(p, STR("[1,\"a\"]"), &doc, NULL), 0);
}

TEST_MAIN
