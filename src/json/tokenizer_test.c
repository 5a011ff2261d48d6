/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include "t.h"
#include "json/test_samples.h"

/* One letter a token, as enum json_token has them; what is unfinished has no ';'. */
static const char letters[] = "?{}[]KSNtfnEB";

/* The tokens of a text that comes in pieces of at most step bytes, concatenated. With cut set the
 * text's end is not told. */
static const char *trace(struct str text, size_t step, bool cut)
{
	static char out[16 * KIB];
	struct json_tokenizer t;
	enum json_token token;
	bool last = true;
	size_t at = 0, n = 0;

	json_tokenizer_init(&t);
	do {
		struct str in = { text.p + at, size_min(step, text.n - at) };
		bool whole = !cut && at + in.n == text.n, first = last;
		struct str piece;
		size_t used;

		token = json_tokenizer_next(&t, in, whole, &used, &piece, &last);
		at += used;
		assert_int_equal(t.offset, at);
		assert_true(used <= in.n && n + piece.n + 3 < sizeof(out));
		if (token == JSON_TOKEN_MORE) {
			assert_int_equal(used, in.n);
			last = first;
			if (at == text.n && cut)
				break;
			continue;
		}
		if (first || token == JSON_TOKEN_BAD)
			out[n++] = letters[token];
		memcpy(out + n, piece.p, piece.n);
		n += piece.n;
		if (last)
			out[n++] = ';';
	} while (token != JSON_TOKEN_END && token != JSON_TOKEN_BAD);
	out[n] = '\0';
	return out;
}

static bool is_valid(struct str text)
{
	const char *tokens = trace(text, SIZE_MAX, false);

	return tokens[strlen(tokens) - 1] == ';';
}

TEST(tokens_come_with_their_text_still_escaped)
{
	assert_string_equal(
		trace(STR("{\"a\\n\": [-1.5e3, \"x\\\"y\", true, false, null], \"\":{}}"), SIZE_MAX,
		      false),
		"{;Ka\\n;[;N-1.5e3;Sx\\\"y;t;f;n;];K;{;};};E;");
}

TEST(samples_are_judged_right)
{
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		if (is_valid(samples[i].text) != samples[i].valid)
			fail_msg("%.*s", STR_FMT(samples[i].text));
}

TEST(tokens_do_not_depend_on_how_the_bytes_are_cut)
{
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		for (int cut = 0; cut < 2; cut++) {
			char whole[KIB];

			strcpy(whole, trace(samples[i].text, SIZE_MAX, cut));
			for (size_t step = 1; step < 9; step++)
				assert_string_equal(trace(samples[i].text, step, cut), whole);
		}
}

TEST(a_cut_document_gives_all_tokens_up_to_the_cut)
{
	assert_string_equal(trace(STR("{\"a\":\"secre"), SIZE_MAX, true), "{;Ka;Ssecre");
	assert_string_equal(trace(STR("[12"), SIZE_MAX, true), "[;N12");
	assert_string_equal(trace(STR("[tru"), SIZE_MAX, true), "[;");
	assert_string_equal(trace(STR("[\"a\\u00"), SIZE_MAX, true), "[;Sa\\u00");
}

TEST(what_stands_before_a_bad_byte_is_answered_first)
{
	assert_string_equal(trace(STR("[1,\"ab\n\"]"), SIZE_MAX, false), "[;N1;SabB");
	assert_string_equal(trace(STR("[1.x]"), SIZE_MAX, false), "[;N1.B");
}

TEST(bad_names_its_offset_and_stays)
{
	struct json_tokenizer t;
	struct str in = STR("[1, x]"), text;
	size_t used;
	bool last;

	json_tokenizer_init(&t);
	for (int i = 0; i < 2; i++) {
		assert_int_not_equal(json_tokenizer_next(&t, in, true, &used, &text, &last),
				     JSON_TOKEN_BAD);
		in = str_skip(in, used);
	}

	for (int i = 0; i < 3; i++) {
		assert_int_equal(json_tokenizer_next(&t, in, true, &used, &text, &last),
				 JSON_TOKEN_BAD);
		in = str_skip(in, used);
		assert_int_equal(t.offset, 4);
	}
}

TEST(a_number_at_the_end_is_complete_only_when_nothing_follows)
{
	struct json_tokenizer t;
	struct str text;
	size_t used;
	bool last;

	json_tokenizer_init(&t);
	assert_int_equal(json_tokenizer_next(&t, STR("12"), false, &used, &text, &last),
			 JSON_TOKEN_NUMBER);
	assert_false(last);
	assert_int_equal(json_tokenizer_next(&t, STR(""), false, &used, &text, &last),
			 JSON_TOKEN_MORE);
	assert_int_equal(json_tokenizer_next(&t, STR(""), true, &used, &text, &last),
			 JSON_TOKEN_NUMBER);
	assert_true(last);
	assert_int_equal(json_tokenizer_next(&t, STR(""), true, &used, &text, &last),
			 JSON_TOKEN_END);
}

TEST(nesting_ends_at_its_limit)
{
	char text[4 * JSON_DEPTH_MAX];

	assert_true(is_valid(nested(JSON_DEPTH_MAX, text)));
	assert_false(is_valid(nested(JSON_DEPTH_MAX + 1, text)));
}

TEST(each_level_remembers_whether_it_is_an_object)
{
	char text[8 * JSON_DEPTH_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < JSON_DEPTH_MAX / 2; i++) {
		memcpy(text + n, "[{\"\":", 5);
		n += 5;
	}
	text[n++] = '0';
	for (unsigned i = 0; i < JSON_DEPTH_MAX / 2; i++) {
		memcpy(text + n, "}]", 2);
		n += 2;
	}

	assert_true(is_valid((struct str){ text, n }));
	text[n - 1] = '}';
	assert_false(is_valid((struct str){ text, n }));
}

TEST_MAIN
