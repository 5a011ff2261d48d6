/* SPDX-License-Identifier: Apache-2.0 */
/* What is said about expressions that are wrong: the exact text, its position and its caret, also
 * in long lines and behind characters of several bytes. */
#include <stdio.h>

#include "rules/rules.h"
#include "t.h"

static struct err failed(struct str text)
{
	struct filter *f = NULL;
	struct err err = { 0 };

	assert_int_equal(filter_new(text, &f, &err), -EINVAL);
	assert_null(f);
	assert_int_equal(err.id, ERR_FILTER);
	return err;
}

/* Of a plain and short expression all three lines follow from the column and the message. */
static void says(const char *text, size_t column, const char *message)
{
	struct err err = failed(str_of(text));
	char wanted[sizeof(err.text)];

	(void)snprintf(wanted, sizeof(wanted), "At %zu: %s\n  %s\n  %*s^", column, message, text,
		       (int)column - 1, "");
	assert_string_equal(err.text, wanted);
}

/* ---- Tokens ---- */

TEST(characters_without_meaning_are_pointed_at)
{
	says("http.status = 200", 13, "A comparison is written ==.");
	says("http & flow", 6, "'and' is written &&.");
	says("http | flow", 6, "'or' is written ||.");
	says("http ? flow", 6, "This character has no meaning here.");
	says("http.status + 1 == 2", 13, "This character has no meaning here.");
	says("http.method == \u201cGET\u201d", 16,
	     "A string stands between straight quotation marks.");
}

TEST(operators_of_other_languages_are_translated)
{
	static const char patterns[] = "There are no patterns yet: write .startsWith(\"...\"), "
				       ".endsWith(\"...\") or .contains(\"...\").";

	says("http.status => 500", 13, "'Greater or equal' has its '=' at the end: write >=.");
	says("http.status =< 500", 13, "'Less or equal' has its '=' at the end: write <=.");
	says("http.path ~ \"a\"", 11, patterns);
	says("http.path =~ \"a\"", 11, patterns);
	says("http.path !~ \"a\"", 11, patterns);
}

TEST(values_without_their_quotes_are_told_how_to_be_written)
{
	says("src.ip == 192.0.2.10", 11, "An address stands in quotes: write \"192.0.2.10\".");
	says("src.ip != ::1", 11, "An address stands in quotes: write \"::1\".");
	says("src.ip in [ 2001:db8::1]", 13, "An address stands in quotes: write \"2001:db8::1\".");
	says("src.ip in [\"::1\", fe80::1]", 19, "An address stands in quotes: write \"fe80::1\".");
	says("http.latency > 1ms", 16, "A duration stands in quotes: write \"1ms\".");
	says("(http.latency>1h30m)", 15, "A duration stands in quotes: write \"1h30m\".");
	says("time > 2026-01-31T12:00:00Z", 8,
	     "A time stands in quotes: write \"2026-01-31T12:00:00Z\".");
	says("http.method == GET", 16, "A string stands in quotes: write \"GET\".");
	says("http.path == /api/v1 && http", 14, "A string stands in quotes: write \"/api/v1\".");
	says("src.labels[\"app\"] == web", 22, "A string stands in quotes: write \"web\".");
	says("flow.transport == tcp", 19, "A name stands in quotes: write \"tcp\".");
	says("http.method == http.host", 16,
	     "A value is expected here: a string in quotes, a number, true or false.");
	says("http.method == true", 16,
	     "http.method is of type str: it takes a string in quotes, not true or false.");
}

TEST(strings_end_on_their_line)
{
	says("http.method == \"GET", 16, "This string does not end.");
	says("http.method == \"GET\\\"", 16, "This string does not end.");
	says("http.method == 'GET\"", 16, "This string does not end.");
	says("http.method == \"", 16, "This string does not end.");
}

TEST(escapes_are_known_ones)
{
	static const char say[] = "This escape is not known; a backslash itself is written \\\\.";

	says("http.path == \"a\\d\"", 16, say);
	says("http.path == \"\\x4\"", 15, say);
	says("http.path == \"\\ud800\"", 15, say);
	says("http.path == \"\\U00110000\"", 15, say);
	says("http.path == \"\\101\"", 15, say);
	says("http.path.contains('\\u12g4')", 21, say);
}

TEST(numbers_have_one_form)
{
	says("http.status == 2xx", 17, "A number does not go on like this.");
	says("http.status == 10u5", 19, "A number does not go on like this.");
	says("http.status == 0x", 18, "A number does not go on like this.");
	says("http.status == 1e3", 17, "A number does not go on like this.");
	says("http.status == 18446744073709551616u", 16, "This number does not fit into 64 bits.");
	says("http.status == 0x10000000000000000", 16, "This number does not fit into 64 bits.");
	says("http.status == -9223372036854775809", 17, "This number does not fit into 64 bits.");
	says("http.status == 9223372036854775808", 16,
	     "A number above 9223372036854775807 ends with u.");
	says("http.status == -1u", 17, "A number with u behind it has no sign.");
}

/* ---- Names ---- */

TEST(unknown_fields_suggest_the_nearest)
{
	says("htp.status == 200", 1, "There is no field 'htp.status'; did you mean http.status?");
	says("http && http.pth == \"/\"", 9,
	     "There is no field 'http.pth'; did you mean http.path?");
	says("has(src.pod.nam)", 5, "There is no field 'src.pod.nam'; did you mean src.pod.name?");
	says("htpp", 1, "There is no field 'htpp'; did you mean http?");
	says("status == 200", 1, "There is no field 'status'; did you mean http.status?");
	says("http.Status == 200", 1, "There is no field 'http.Status'; did you mean http.status?");
	says("zzzzzzzzzz == 1", 1, "There is no field 'zzzzzzzzzz'.");
	says("x", 1, "There is no field 'x'.");
	says("\"a\" in http.anomalys", 8,
	     "There is no field 'http.anomalys'; did you mean http.anomalies?");
}

TEST(parts_of_names_suggest_what_the_table_shows)
{
	says("body > 5", 1, "There is no field 'body'; did you mean http.response.body_bytes?");
	says("http.body > 5", 1,
	     "There is no field 'http.body'; did you mean http.response.body_bytes?");
	says("request.body > 5", 1,
	     "There is no field 'request.body'; did you mean http.request.body_bytes?");
	says("bod > 5", 1, "There is no field 'bod'; did you mean http.response.body_bytes?");
	says("bo > 5", 1, "There is no field 'bo'.");
	says("duration > \"1s\"", 1, "There is no field 'duration'; did you mean flow.duration?");
	says("flow.jitter > 5", 1, "There is no field 'flow.jitter'.");
}

TEST(names_of_other_tools_suggest_ours)
{
	says("http.response.code == 200", 1,
	     "There is no field 'http.response.code'; did you mean http.status?");
	says("url.path == \"/\"", 1, "There is no field 'url.path'; did you mean http.path?");
}

TEST(names_that_are_far_off_are_not_suggested)
{
	says("http.xxth == 1", 1, "There is no field 'http.xxth'; did you mean http.path?");
	says("http.xxxh == 1", 1, "There is no field 'http.xxxh'; did you mean http.path?");
	says("http.xxxx == 1", 1, "There is no field 'http.xxxx'.");
	says("xxxp", 1, "There is no field 'xxxp'.");
	says("xxtp", 1, "There is no field 'xxtp'; did you mean http?");
}

TEST(a_kind_is_no_field_but_a_test)
{
	says("kind == \"http\"", 1, "There is no field 'kind': write http alone.");
	says("kind != 'flow'", 1, "There is no field 'kind': write !flow.");
	says("kind == \"tcp\"", 1,
	     "There is no field 'kind': write the name of one alone, such as http.");
	says("kind in [\"http\"]", 1,
	     "There is no field 'kind': write the name of one alone, such as http.");
	says("kind", 1, "There is no field 'kind': write the name of one alone, such as http.");
}

TEST(an_id_cannot_be_asked_for)
{
	says("id == \"00\"", 1, "A record's id cannot be asked for yet.");
	says("has(id)", 5, "A record's id cannot be asked for yet.");
}

TEST(words_of_other_languages_are_translated)
{
	says("not http", 1, "'not' is written !.");
	says("http and flow", 6, "'and' is written &&.");
	says("http OR flow", 6, "'OR' is written ||.");
	says("(http and flow)", 7, "'and' is written &&.");
	says("flow.midstream and flow", 16, "'and' is written &&.");
	says("http && not flow", 9, "'not' is written !.");
	says("http.status eq 200", 13, "'eq' is written ==.");
	says("http.path contains \"/api\"", 11,
	     "'contains' follows a dot: write http.path.contains(\"...\").");
}

TEST(functions_and_methods_are_few)
{
	says("size(http.path) > 1", 1,
	     "There is no function 'size'; there are has, duration and timestamp.");
	says("http.path.matches(\"a.*\")", 11,
	     "There is no method 'matches'; there are startsWith, endsWith and contains.");
	says("http.request.headers[\"a\"].(\"b\")", 27,
	     "There is no method ''; there are startsWith, endsWith and contains.");
	says("http.path.contains == 1", 1,
	     "A method takes its text in parentheses: write http.path.contains(\"...\").");
}

TEST(kinds_are_no_values)
{
	static const char say[] = "http is a record kind: it is true or false by itself.";

	says("http == true", 1, say);
	says("has(http)", 5, say);
	says("http.contains(\"x\")", 1, say);
	says("http[\"x\"] == \"y\"", 1, say);
	says("\"x\" in http", 8, say);
	says("http in [true]", 1, say);
}

/* ---- Types ---- */

TEST(values_are_of_the_type_of_their_field)
{
	says("http.status == \"404\"", 16,
	     "http.status is of type u64: it takes a whole number, not a string.");
	says("http.status == 4.5", 16,
	     "http.status is of type u64: it takes a whole number, not a fraction.");
	says("http.status in [200, true]", 22,
	     "http.status is of type u64: it takes a whole number, not true or false.");
	says("http.method == 1", 16,
	     "http.method is of type str: it takes a string in quotes, not a whole number.");
	says("http.method == duration(\"1s\")", 16,
	     "http.method is of type str: it takes a string in quotes, not a duration.");
	says("http.request.headers[\"a\"] == 1", 30,
	     "An entry of http.request.headers is of type str: it takes a string in quotes, not a "
	     "whole number.");
	says("flow.midstream == 1", 19,
	     "flow.midstream is of type bool: it takes true or false, not a whole number.");
	says("src.ip == -1", 11,
	     "src.ip is of type ip: it takes an address in quotes, not a whole number.");
	says("time > 5", 8,
	     "time is of type time: it takes a time such as \"2026-01-31T12:00:00Z\", not a whole "
	     "number.");
	says("time > duration('1s')", 8,
	     "time is of type time: it takes a time such as \"2026-01-31T12:00:00Z\", not a "
	     "duration.");
	says("http.latency > 5", 16,
	     "http.latency is of type dur: it takes a duration such as \"250ms\", not a whole "
	     "number.");
	says("flow.state == 1", 15,
	     "flow.state is of type enum: it takes one of its names in quotes, not a whole "
	     "number.");
	says("\"100\" in http.interim", 1,
	     "http.interim is of type list<u64>: it takes a whole number, not a string.");
	says("1 in http.anomalies", 1,
	     "http.anomalies is of type list<str>: it takes a string in quotes, not a whole "
	     "number.");
	says("1 in http.request.headers", 1,
	     "http.request.headers is of type map: it takes a string in quotes, not a whole "
	     "number.");
}

TEST(texts_of_other_types_are_read)
{
	says("src.ip == \"10.0.0.256\"", 11, "\"10.0.0.256\" is not an IP address.");
	says("src.ip == \"10.0.0.0/8\"", 11,
	     "\"10.0.0.0/8\" is not an IP address; networks cannot be asked for yet.");
	says("time > \"yesterday\"", 8,
	     "\"yesterday\" is not an RFC 3339 time such as 2026-01-31T12:00:00Z.");
	says("time > timestamp(\"2026-13-01T00:00:00Z\")", 18,
	     "This is not an RFC 3339 time such as 2026-01-31T12:00:00Z.");
	says("http.latency > \"5 s\"", 16, "\"5 s\" is not a duration such as 250ms or 1h30m.");
	says("http.latency > duration(\"fast\")", 25,
	     "This is not a duration such as 250ms or 1h30m.");
	says("flow.id == \"flow-1\"", 12,
	     "\"flow-1\" is not a number of up to 16 hexadecimal digits.");
	says("flow.id == \"10000000000000000\"", 12,
	     "\"10000000000000000\" is not a number of up to 16 hexadecimal digits.");
}

TEST(names_of_an_enum_are_suggested)
{
	says("flow.state == \"opne\"", 15, "flow.state is never \"opne\"; did you mean \"open\"?");
	says("flow.transport in [\"tcp\", \"UDP\"]", 27,
	     "flow.transport is never \"UDP\"; it is one of tcp, udp, icmp, icmpv6, sctp, other.");
	says("http.state == \"\"", 15,
	     "http.state is never \"\"; it is one of complete, no-response, no-request, cut.");
}

TEST(what_has_no_order_has_none)
{
	says("src.ip < \"10.0.0.1\"", 8,
	     "src.ip is of type ip, which has no order; write == or !=.");
	says("flow.state >= \"open\"", 12,
	     "flow.state is of type enum, which has no order; write == or !=.");
	says("flow.midstream > false", 16,
	     "flow.midstream is of type bool, which has no order; write == or !=.");
}

TEST(lists_and_maps_are_asked_otherwise)
{
	says("http.interim == 100", 14, "http.interim is a list: write 100 in http.interim.");
	says("http.interim in [100]", 14, "http.interim is a list: write 100 in http.interim.");
	says("http.anomalies.contains(\"te\")", 16,
	     "http.anomalies is of type list<str>: write \"value\" in http.anomalies.");
	says("src.labels == \"a\"", 12,
	     "src.labels is a map: write src.labels[\"key\"], or \"key\" in src.labels.");
	says("src.labels in [\"a\"]", 12,
	     "src.labels is a map: write src.labels[\"key\"], or \"key\" in src.labels.");
	says("http.path[\"a\"] == \"b\"", 1,
	     "http.path is of type str; only a map is read by a key.");
	says("src.labels[1] == \"b\"", 12, "A string in quotes is expected here.");
	says("\"a\" in http.path", 8, "http.path is of type str, no list and no map.");
	says("http.status.startsWith(\"4\")", 13,
	     "http.status is of type u64; only a string has startsWith().");
	says("has(src.labels[\"app\"])", 15,
	     "has() takes a field alone; write \"key\" in src.labels.");
}

TEST(names_of_headers_are_in_lower_case)
{
	says("http.request.headers[\"User-Agent\"] == \"x\"", 22,
	     "Names of headers are in lower case here: write \"user-agent\".");
	says("\"Host\" in http.request.headers", 1,
	     "Names of headers are in lower case here: write \"host\".");
}

/* ---- Grammar ---- */

TEST(what_is_missing_is_said_where_it_should_be)
{
	says("", 1, "The expression is empty.");
	says("   ", 1, "The expression is empty.");
	says("http &&", 8, "The expression ends too early.");
	says("!", 2, "The expression ends too early.");
	says("(http", 6, "')' is expected here.");
	says("has http.path", 5, "'(' is expected here.");
	says("has(\"x\")", 5, "The name of a field is expected here.");
	says("has(http.path", 14, "')' is expected here.");
	says("http.path.", 11, "A name is expected behind the dot.");
	says("http.path.contains(1)", 20, "A string in quotes is expected here.");
	says("http.path.contains(\"1\"", 23, "')' is expected here.");
	says("http.status ==", 15,
	     "A value is expected here: a string in quotes, a number, true or false.");
	says("http.status in [200,]", 21,
	     "A value is expected here: a string in quotes, a number, true or false.");
	says("http.status in 200", 16, "'[' is expected here.");
	says("http.status in [200", 20, "']' is expected here.");
	says("src.labels[\"a\" == \"b\"", 16, "']' is expected here.");
	says("&& http", 1, "The name of a field is expected here.");
	says("\"a\" in \"b\"", 8, "The name of a field is expected here.");
}

TEST(what_is_too_much_is_pointed_at)
{
	says("http flow", 6, "This does not belong here; join tests by && or ||.");
	says("http)", 5, "This does not belong here; join tests by && or ||.");
	says("http.status == 1 == 2", 18, "This does not belong here; join tests by && or ||.");
	says("has(http.path.contains(\"a\"))", 15,
	     "A method does not belong here, but a field alone.");
}

TEST(tests_are_whole)
{
	says("http.status", 12,
	     "http.status is not true or false by itself: compare it, or write has(http.status).");
	says("(http.path)", 11,
	     "http.path is not true or false by itself: compare it, or write has(http.path).");
	says("200 == http.status", 5,
	     "A comparison has its field on the left; only 'in' follows a value.");
	says("duration(\"1s\") < http.latency", 1, "A comparison has its field on the left.");
	says("-1.5 < http.status", 6,
	     "A comparison has its field on the left; only 'in' follows a value.");
}

/* CEL reads !a == b as (!a) == b. */
TEST(a_negation_without_parentheses_is_not_guessed_at)
{
	static const char say[] = "'!' binds to the value alone: write !( ... ) around the test.";

	says("!http.status == 200", 1, say);
	says("http && !http.status in [200]", 9, say);
	says("!!\"te-and-cl\" in http.anomalies", 1, say);
}

/* ---- Limits ---- */

TEST(limits_are_named)
{
	static char text[FILTER_TEXT_MAX + 1];
	size_t n = 0;
	struct err err;

	memset(text, '(', sizeof(text));
	err = failed((struct str){ text, FILTER_TEXT_MAX });
	assert_true(str_starts(str_of(err.text), STR("At 65: Parentheses are nested deeper than "
						     "64.\n")));
	err = failed((struct str){ text, sizeof(text) });
	assert_string_equal(err.text, "The expression has 16385 bytes; at most 16384 are allowed.");
	n = (size_t)snprintf(text, sizeof(text), "src.port in [1");
	for (size_t i = 0; i < FILTER_LIST_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ",1");
	err = failed((struct str){ text, n });
	assert_true(
		str_starts(str_of(err.text), STR("At 526: A list holds at most 256 values.\n")));
}

TEST(an_error_need_not_be_wanted)
{
	struct filter *f = NULL;

	assert_int_equal(filter_new(STR("("), &f, NULL), -EINVAL);
}

/* ---- Lines ---- */

static void shows(const char *text, const char *wanted)
{
	struct err err = failed(str_of(text));

	assert_string_equal(err.text, wanted);
}

TEST(columns_count_characters_and_the_caret_counts_columns)
{
	shows("http.path == \"\u00e9\u00e0\" && x", "At 22: There is no field 'x'.\n"
						    "  http.path == \"\u00e9\u00e0\" && x\n"
						    "                       ^");
	shows("http.path == \"\u691c\u7d22\U0001f600\" && x",
	      "At 23: There is no field 'x'.\n"
	      "  http.path == \"\u691c\u7d22\U0001f600\" && x\n"
	      "                           ^");
}

TEST(of_a_long_expression_the_place_is_shown)
{
	shows("http.method in [\"GET\", \"HEAD\", \"POST\"] && http.status = 200",
	      "At 55: A comparison is written ==.\n"
	      "  ...HEAD\", \"POST\"] && http.status = 200\n"
	      "                                   ^");
	shows("http.status = 200 && http.method in [\"GET\", \"HEAD\", \"POST\", \"PUT\"]",
	      "At 13: A comparison is written ==.\n"
	      "  http.status = 200 && http.method in [\"GET\", \"HEAD\", \"POST\", ...\n"
	      "              ^");
}

TEST(sixty_columns_are_shown_whole)
{
	shows("http.status = 200 && http.method in [\"GET\", \"HEAD\", \"POST\"]",
	      "At 13: A comparison is written ==.\n"
	      "  http.status = 200 && http.method in [\"GET\", \"HEAD\", \"POST\"]\n"
	      "              ^");
}

TEST(of_a_long_expression_no_character_is_torn)
{
	shows("http.path == \"\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c\" && x && "
	      "http.path == \"\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c\"",
	      "At 29: There is no field 'x'.\n"
	      "  ...th == \"\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c\" && x && "
	      "http.path == \"\u691c\u691c\u691c\u691c\u691c...\n"
	      "                                   ^");
}

TEST(lines_and_control_characters_do_not_break_the_three_lines)
{
	shows("http\n&&\tx", "At 9: There is no field 'x'.\n  http && x\n          ^");
	shows("flow.state == \"\x1b[31m\\n\\x00\"",
	      "At 15: flow.state is never \" [31m  \"; it is one of half-open, open, closing, "
	      "closed, reset, refused, stateless.\n"
	      "  flow.state == \" [31m\\n\\x00\"\n"
	      "                ^");
	shows("http \x7f\xff\xc2\x85\xc3", "At 6: This character has no meaning here.\n"
					   "  http ????\n"
					   "       ^");
}

TEST(quotations_are_short_and_whole)
{
	shows("flow.state == \"\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c"
	      "\u691c\u691c\u691c\u691c\u691c\u691c\u691c\"",
	      "At 15: flow.state is never \"\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c"
	      "\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c...\"; it is one of half-open, "
	      "open, closing, closed, reset, refused, stateless.\n"
	      "  flow.state == \"\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c\u691c"
	      "\u691c\u691c\u691c\u691c\u691c\u691c\u691c\"\n"
	      "                ^");
	shows("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffg",
	      "At 1: There is no field 'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeff...'.\n"
	      "  aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff...\n"
	      "  ^");
}

TEST_MAIN
