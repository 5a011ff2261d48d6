/* SPDX-License-Identifier: Apache-2.0 */
/* Names of KFL2: each row of their table can be used, they answer as KFL2 documents it, absent
 * fields with the zero of their type, and what has no equivalent is refused with a reason. */
#include <stdio.h>

#include "rules/filter_int.h"
#include "rules/rows.h"
#include "t.h"

static bool is(const char *text, enum row_name row)
{
	CLEANUP(filter_free) struct filter *f = NULL;
	struct err err;

	if (filter_new(str_of(text), &f, &err) < 0)
		fail_msg("%s", err.text);
	return filter_match(f, rows_of(row));
}

/* An alias is never an error: of it and its negation one is true. */
static void keep(const char *text, enum row_name row, bool wanted)
{
	char negated[256];

	(void)snprintf(negated, sizeof(negated), "!(%s)", text);
	if (is(text, row) != wanted || is(negated, row) == wanted)
		fail_msg("%s is not %s", text, wanted ? "true" : "false");
}

static const char *test_of(const struct filter_alias *a)
{
	switch (a->type) {
	case 0:
		return "";
	case FIELD_STR:
		return " == \"\"";
	case FIELD_MAP:
		return "[\"x\"] == \"\"";
	case FIELD_TIME:
		return " > timestamp(\"2000-01-01T00:00:00Z\")";
	default:
		return " == 0";
	}
}

TEST(each_alias_can_be_used_or_says_why_not)
{
	const struct filter_alias *a;

	for (size_t i = 0; (a = filter_alias_at(i)); i++) {
		CLEANUP(filter_free) struct filter *f = NULL;
		struct err err = { 0 };
		char text[128];
		int r;

		(void)snprintf(text, sizeof(text), "%s%s%s",
			       a->type == FIELD_LIST_STR ? "\"x\" in " : "", a->name,
			       a->type == FIELD_LIST_STR ? "" : test_of(a));
		if (strchr(a->name, '*'))
			*strchr(text, '*') = 'x';
		r = filter_new(str_of(text), &f, &err);
		if ((r < 0) != (a->from == NULL))
			fail_msg("%s: %s", text, r < 0 ? err.text : "is accepted");
		if (r < 0)
			assert_true(str_contains(str_of(err.text), str_of(a->why)));
	}
	assert_true(filter_alias_at(50) != NULL);
}

/* Else it could never be meant. */
TEST(no_alias_has_the_name_of_a_field_or_kind)
{
	const struct filter_alias *a;

	for (size_t i = 0; (a = filter_alias_at(i)); i++) {
		struct field_ref ref;

		assert_null(filter_find(str_of(a->name), &ref));
		assert_null(record_kind_by_name(str_of(a->name)));
	}
}

TEST(flags_tell_kinds_and_transports)
{
	keep("conn", ROW_FLOW, true);
	keep("conn", ROW_HTTP, false);
	keep("tcp", ROW_FLOW, true);
	keep("tcp_flow && !udp_flow", ROW_FLOW, true);
	keep("udp || icmp || sctp", ROW_FLOW, false);
	keep("tcp", ROW_HTTP, false);
	keep("gql || gqlv1 || gqlv2", ROW_HTTP, false);
	keep("tlsx", ROW_DNS, false);
	keep("dns_request && dns_response", ROW_DNS, true);
	keep("dns_request", ROW_HTTP, false);
	keep("ws_response && !ws_request", ROW_WS, true);
	keep("ws_response || ws_request", ROW_HTTP, false);
}

TEST(a_request_is_asked_as_kfl2_asks_it)
{
	keep("http && method == \"GET\" && status_code >= 400", ROW_HTTP, true);
	keep("path.startsWith(\"/api/\")", ROW_HTTP, true);
	keep("status_code in [404, 410]", ROW_HTTP, true);
	keep("request.headers[\"accept\"].contains(\"html\")", ROW_HTTP, true);
	keep("\"cookie\" in request.headers", ROW_HTTP, true);
	keep("elapsed_time == 250000", ROW_HTTP, true);
	keep("elapsed_time > 1000", ROW_DNS, true);
	keep("timestamp == timestamp(\"2026-01-31T12:00:00Z\")", ROW_HTTP, true);
	keep("flow_id == 0xdeadbeef00000001u && conn_id == \"deadbeef00000001\"", ROW_HTTP, true);
	keep("node_name == \"node-1\"", ROW_HTTP, true);
}

TEST(a_lookup_is_asked_as_kfl2_asks_it)
{
	keep("dns && \"shop.example\" in dns_questions", ROW_DNS, true);
	keep("\"A\" in dns_question_types", ROW_DNS, true);
	keep("\"AAAA\" in dns_question_types", ROW_DNS, false);
	keep("\"A 192.0.2.2\" in dns_answers", ROW_DNS, true);
	keep("dns_response && status_code == 3", ROW_DNS, true);
	keep("dns_total_size == 92", ROW_DNS, true);
	keep("dns_request_length == 30 && dns_response_length == 62", ROW_DNS, true);
}

TEST(an_absent_field_is_the_zero_of_its_type)
{
	keep("method == \"\"", ROW_FLOW, true);
	keep("path.contains(\"/api\")", ROW_FLOW, false);
	keep("status_code == 0", ROW_FLOW, true);
	keep("status_code != 200", ROW_FLOW, true);
	keep("elapsed_time > 0", ROW_FLOW, false);
	keep("\"x\" in dns_questions", ROW_HTTP, false);
	keep("\"x\" in request.headers", ROW_DNS, false);
	keep("has(method)", ROW_FLOW, false);
	keep("has(method)", ROW_HTTP, true);
	keep("\"default\" in namespaces", ROW_HTTP, false);
	keep("http_version == \"\"", ROW_HTTP, true);
}

/* As KFL2 documents it, whose map_get() is for that. */
TEST(a_key_that_a_map_does_not_have_is_an_error)
{
	assert_false(is("request.headers[\"x\"] == \"\"", ROW_HTTP));
	assert_false(is("request.headers[\"x\"] != \"\"", ROW_HTTP));
	assert_false(is("request.headers[\"x\"] != \"\"", ROW_FLOW));
}

TEST(choices_are_texts_and_sums_do_not_overflow)
{
	keep("ws_opcode == \"ping\"", ROW_WS, true);
	keep("ws_opcode != \"continuation\"", ROW_WS, true);
	keep("redis_total_size == 9223372036854775807", ROW_REDIS, true);
	keep("redis_type == \"GET\"", ROW_REDIS, true);
}

/* Limit: the memory of a filter is that of its text, also where each name is one of many fields. */
TEST(a_filter_of_aliases_alone_fits)
{
	static char text[FILTER_TEXT_MAX];
	CLEANUP(filter_free) struct filter *f = NULL;
	struct err err = { 0 };
	size_t n = 0;

	while (n + 7 <= sizeof(text)) {
		memcpy(text + n, "gqlv1||", 7);
		n += 7;
	}
	if (filter_new((struct str){ text, n - 2 }, &f, &err) < 0)
		fail_msg("%s", err.text);
}

static void says(const char *text, const char *message)
{
	CLEANUP(filter_free) struct filter *f = NULL;
	struct err err = { 0 };

	assert_true(filter_new(str_of(text), &f, &err) < 0);
	if (!str_contains(str_of(err.text), str_of(message)))
		fail_msg("no '%s' in: %s", message, err.text);
}

TEST(errors_name_the_alias_and_its_type)
{
	says("status_code == \"404\"", "status_code is of type i64: it takes a whole number");
	says("method", "method is not true or false by itself");
	says("tcp == true", "This name is true or false by itself.");
	says("dns_questions == \"x\"", "write \"value\" in dns_questions");
	says("request.headers[\"Accept\"] == \"x\"", "write \"accept\"");
	says("url.contains(\"x\")", "KFL2's url is not there: http.host");
	says("kafka_api_key == 1", "KFL2's kafka* is not there: it is not decoded yet.");
	says("path.contains", "A method takes its text in parentheses");
}

TEST_MAIN
