/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include "t.h"

#include <float.h>
#include <math.h>

static struct buf out;
static struct json_writer w;

static void start(unsigned indent)
{
	buf_done(&out);
	buf_init(&out, 64 * KIB);
	json_writer_init(&w, &out, indent);
}

static void expect(const char *text)
{
	assert_int_equal(json_writer_end(&w), 0);
	assert_string_equal(out.p, text);
}

static void expect_str(struct str s, const char *text)
{
	start(0);
	json_str(&w, s);
	expect(text);
}

static void expect_f64(double v, const char *text)
{
	start(0);
	json_f64(&w, v);
	expect(text);
}

TEST(object_and_array_members_are_separated)
{
	start(0);

	json_begin_object(&w);
	json_key(&w, STR("a"));
	json_u64(&w, UINT64_MAX);
	json_key(&w, STR("b"));
	json_begin_array(&w);
	json_i64(&w, INT64_MIN);
	json_bool(&w, true);
	json_bool(&w, false);
	json_null(&w);
	json_u64_str(&w, UINT64_MAX);
	json_end_array(&w);
	json_key(&w, STR("c"));
	json_begin_object(&w);
	json_end_object(&w);
	json_end_object(&w);

	expect("{\"a\":18446744073709551615,"
	       "\"b\":[-9223372036854775808,true,false,null,\"18446744073709551615\"],"
	       "\"c\":{}}");
}

TEST(indent_puts_each_member_on_a_line_and_leaves_empty_containers_whole)
{
	start(2);

	json_begin_object(&w);
	json_key(&w, STR("a"));
	json_begin_array(&w);
	json_u64(&w, 1);
	json_u64(&w, 2);
	json_end_array(&w);
	json_key(&w, STR("b"));
	json_begin_array(&w);
	json_end_array(&w);
	json_end_object(&w);

	expect("{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": []\n}");
}

TEST(documents_after_the_first_begin_a_line)
{
	start(0);

	json_u64(&w, 1);
	json_str(&w, STR("x"));
	json_begin_array(&w);
	json_end_array(&w);

	expect("1\n\"x\"\n[]");
}

TEST(a_line_end_of_the_caller_is_not_doubled)
{
	start(0);

	json_u64(&w, 1);
	buf_put_char(&out, '\n');
	json_u64(&w, 2);

	expect("1\n2");
}

TEST(a_prefix_of_the_caller_stands_before_the_first_document)
{
	start(0);

	buf_put(&out, STR("data: "));
	json_u64(&w, 1);

	expect("data: 1");
}

TEST(strings_escape_what_json_demands)
{
	expect_str(STR("plain"), "\"plain\"");
	expect_str((struct str){ NULL, 0 }, "\"\"");
	expect_str(STR("a\"b\\c/"), "\"a\\\"b\\\\c/\"");
	expect_str(STR("\b\t\n\f\r"), "\"\\b\\t\\n\\f\\r\"");
	expect_str((struct str){ "\0\x1f\x7f", 3 }, "\"\\u0000\\u001f\\u007f\"");
}

TEST(a_special_byte_is_found_at_every_place_of_a_long_string)
{
	for (size_t at = 0; at < 40; at++) {
		char text[40], expected[48];

		memset(text, 'x', sizeof(text));
		text[at] = '"';
		snprintf(expected, sizeof(expected), "\"%.*s\\\"%.*s\"", (int)at, text,
			 (int)(sizeof(text) - at - 1), text + at + 1);
		expect_str((struct str){ text, sizeof(text) }, expected);
	}
}

TEST(line_separators_of_javascript_are_escaped_and_their_neighbour_not)
{
	expect_str(STR("\u2027\u2028\u2029"), "\"\u2027\\u2028\\u2029\"");
}

TEST(what_hides_or_reorders_text_is_escaped)
{
	static const struct {
		const char *first, *last; /* of each range */
		const char *first_escaped, *last_escaped;
	} ranges[] = {
		{ "\u061c", "\u061c", "\"\\u061c\"", "\"\\u061c\"" },
		{ "\u200b", "\u200f", "\"\\u200b\"", "\"\\u200f\"" },
		{ "\u202a", "\u202e", "\"\\u202a\"", "\"\\u202e\"" },
		{ "\u2060", "\u2069", "\"\\u2060\"", "\"\\u2069\"" },
		{ "\ufeff", "\ufeff", "\"\\ufeff\"", "\"\\ufeff\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		expect_str(str_of(ranges[i].first), ranges[i].first_escaped);
		expect_str(str_of(ranges[i].last), ranges[i].last_escaped);
	}
}

TEST(neighbours_of_what_hides_text_pass)
{
	expect_str(STR("\u061b\u061d\u200a\u2010\u202f\u205f\u206a\ufefe"),
		   "\"\u061b\u061d\u200a\u2010\u202f\u205f\u206a\ufefe\"");
}

TEST(controls_that_steer_a_terminal_are_escaped)
{
	expect_str(STR("a\x7f"), "\"a\\u007f\"");
	expect_str(STR("\xc2\x80\xc2\x9f"), "\"\\u0080\\u009f\"");
}

TEST(well_formed_utf8_passes)
{
	expect_str(STR("\xc2\xa0\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"),
		   "\"\xc2\xa0\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff\"");
}

TEST(each_byte_that_is_not_utf8_becomes_a_replacement)
{
	expect_str(STR("a\xff z"), "\"a\ufffd z\"");
	expect_str(STR("\xc0\x80"), "\"\ufffd\ufffd\"");
	expect_str(STR("\xe0\x9f\xbf"), "\"\ufffd\ufffd\ufffd\"");
	expect_str(STR("\xed\xa0\x80"), "\"\ufffd\ufffd\ufffd\"");
	expect_str(STR("\xf4\x90\x80\x80"), "\"\ufffd\ufffd\ufffd\ufffd\"");
	expect_str(STR("\xf0\x9f\x98"), "\"\ufffd\ufffd\ufffd\"");
	expect_str(STR("\xe2\x82\""), "\"\ufffd\ufffd\\\"\"");
}

TEST(keys_are_escaped_as_strings_are)
{
	start(0);

	json_begin_object(&w);
	json_key(&w, STR("a\n\xff"));
	json_null(&w);
	json_end_object(&w);

	expect("{\"a\\n\ufffd\":null}");
}

TEST(doubles_take_the_shortest_form_that_reads_back)
{
	expect_f64(0, "0");
	expect_f64(1, "1");
	expect_f64(-2.5, "-2.5");
	expect_f64(0.1, "0.1");
	expect_f64(0.1 + 0.2, "0.30000000000000004");
	expect_f64(999999999999999, "999999999999999");
	expect_f64(-1e15, "-1e+15");
	expect_f64(1e21, "1e+21");
	expect_f64(1e-7, "1e-07");
	expect_f64(9007199254740993.0, "9007199254740992");
	expect_f64(DBL_MAX, "1.7976931348623157e+308");
}

TEST(doubles_read_back_the_same)
{
	static const double values[] = { DBL_MIN,       DBL_TRUE_MIN, DBL_EPSILON, 1.0 / 3, M_PI,
					 -DBL_TRUE_MIN, 5e-324,       1e23,        2e-308,  -0.0 };

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		double back;

		start(0);
		json_f64(&w, values[i]);
		back = strtod(out.p, NULL);
		assert_memory_equal(&back, &values[i], sizeof(back));
	}
}

TEST(minus_zero_is_written_so_that_it_is_no_integer)
{
	expect_f64(-0.0, "-0.0");
}

TEST(what_is_no_number_is_null)
{
	expect_f64(NAN, "null");
	expect_f64(INFINITY, "null");
	expect_f64(-INFINITY, "null");
}

TEST(nesting_reaches_its_limit)
{
	start(0);

	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_begin_array(&w);
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_end_array(&w);

	assert_int_equal(json_writer_end(&w), 0);
	assert_int_equal(out.len, 2 * JSON_DEPTH_MAX);
}

TEST(a_met_ceiling_leaves_a_prefix_and_is_answered)
{
	static const char whole[] = "[\"abcdef\",-12,{\"k\":true}]";

	for (size_t cap = 1; cap < sizeof(whole) - 1; cap++) {
		buf_done(&out);
		buf_init(&out, cap);
		json_writer_init(&w, &out, 0);

		json_begin_array(&w);
		json_str(&w, STR("abcdef"));
		json_i64(&w, -12);
		json_begin_object(&w);
		json_key(&w, STR("k"));
		json_bool(&w, true);
		json_end_object(&w);
		json_end_array(&w);

		assert_int_equal(json_writer_end(&w), -ENOBUFS);
		assert_true(out.len <= cap);
		assert_memory_equal(out.p ? out.p : "", whole, out.len);
	}
}

TEST_MAIN
