/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which operation a GraphQL request means: documents with everything that could be taken for a
 * definition and is none, over any split, and the JSON around them.
 */
#include "t.h"

#include <stdio.h>

#include "fake_engine.h"
#include "http/http.h"

static void discard_all(struct dissect_stream *s)
{
	while (s->first)
		dissect_tx_discard(s, s->first);
}

static const struct dissector none = { .name = "none", .close = discard_all };

/* ---- Documents ------------------------------------------------------------------------------- */

static struct fake *fake;

static const struct dissect_tx *fresh(void)
{
	if (fake) {
		fake_close(fake);
		fake_free(fake);
	}
	fake = fake_new(&none, true);
	fake->opens_body = true;
	return dissect_tx_open(&fake->ds, record_kind_by_id(KIND_HTTP), 0);
}

/* "type name, type name" of the operations, read in pieces of `step`. */
static const char *read_document(struct str s, size_t step)
{
	static const char *const types[] = { "query", "mutation", "subscription" };
	static char out[4096];
	const struct dissect_tx *tx = fresh();
	struct graphql_lexer l = { 0 };
	size_t n = 0;

	for (; s.n; s = str_skip(s, step))
		graphql_lexer_feed(&l, tx->arena, str_head(s, step));
	out[0] = '\0';
	for (unsigned i = 0; i < l.operations; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s %.*s", i ? ", " : "",
				      types[l.operation[i].type], STR_FMT(l.operation[i].name));
	return out;
}

static void expect_document(const char *text, const char *want)
{
	assert_string_equal(read_document(str_of(text), SIZE_MAX), want);
	assert_string_equal(read_document(str_of(text), 1), want);
}

TEST(operations_have_a_type_and_may_have_a_name)
{
	expect_document("query All { a }", "query All");
	expect_document("mutation Buy{a}", "mutation Buy");
	expect_document("subscription _s1{a}", "subscription _s1");
	expect_document("query { a }", "query ");
	expect_document("query{a}", "query ");
	expect_document("{ a { b } }", "query ");
	expect_document(",\n query\tX ,{a}", "query X");
}

TEST(variables_and_directives_are_no_names)
{
	expect_document("query ($a: Int = 3) { a }", "query ");
	expect_document("query Q($a: In = {x: {y: 1}}, $b: [Int!]!) @d(a: {b: [1]}) { a }",
			"query Q");
	expect_document("query @d { a }", "query ");
	expect_document("query Q @d { mutation M { a } }", "query Q");
}

TEST(several_operations_are_found_beside_fragments)
{
	expect_document("fragment F on T { a { b } } query A { ...F } mutation B { c }",
			"query A, mutation B");
	expect_document("query A { ... on T { a } }{ b }", "query A, query ");
}

TEST(nothing_within_strings_and_comments_is_a_definition)
{
	expect_document("# query C { a }\nquery A { a(s: \"} query B {\") }", "query A");
	expect_document("query A { a(s: \"\\\"} query B {\") } mutation M { a }",
			"query A, mutation M");
	expect_document("query A { a(s: \"\"\"} \"x\" \\\"\"\" } query B {\"\"\") } mutation M{a}",
			"query A, mutation M");
	expect_document("query A { a(s: \"\", t: \"\\\\\") } mutation M{a}", "query A, mutation M");
	expect_document("query # x\nA # y\n{ a }", "query A");
	expect_document("\"query B {\" query A { a }", "query A");
}

TEST(what_has_no_selection_is_no_operation)
{
	expect_document("query about dogs", "");
	expect_document("dogs and cats { a }", "");
	expect_document("", "");
	expect_document("}}}query A{a}", "query A");
}

TEST(a_name_of_the_greatest_length_is_kept_and_a_longer_one_is_not)
{
	char text[256], want[256];

	(void)snprintf(text, sizeof(text), "query A%0*d{a}", GRAPHQL_NAME_MAX - 1, 0);
	(void)snprintf(want, sizeof(want), "query A%0*d", GRAPHQL_NAME_MAX - 1, 0);
	expect_document(text, want);
	(void)snprintf(text, sizeof(text), "query A%0*d{a}", GRAPHQL_NAME_MAX, 0);
	expect_document(text, "query ");
}

TEST(operations_are_kept_up_to_their_limit)
{
	struct graphql_lexer l = { 0 };
	const struct dissect_tx *tx = fresh();

	for (unsigned i = 0; i < GRAPHQL_OPERATIONS_MAX; i++)
		graphql_lexer_feed(&l, tx->arena, STR("{a}"));
	assert_int_equal(l.operations, GRAPHQL_OPERATIONS_MAX);
	assert_false(l.more);
	graphql_lexer_feed(&l, tx->arena, STR("{a}"));
	assert_int_equal(l.operations, GRAPHQL_OPERATIONS_MAX);
	assert_true(l.more);
}

/* ---- Requests -------------------------------------------------------------------------------- */

static const char *play_request(const char *method, const char *type, const char *query,
				struct str body, size_t step)
{
	struct dissect_tx *tx;
	struct http_graphql *g;

	fresh();
	tx = fake->ds.first;
	row_put_str(tx->row, http_method, str_of(method));
	row_put_str(tx->row, http_request_content_type, str_of(type));
	if (query)
		row_put_str(tx->row, http_query, str_of(query));
	g = http_graphql_begin(&fake->ds, tx);
	for (; g && body.n; body = str_skip(body, step))
		(void)http_graphql_feed(g, tx->arena, str_head(body, step));
	if (g)
		http_graphql_end(g, tx->row);
	fake->text_n = 0;
	fake_append_field(fake, tx->row, http_method.ref.slot);
	if (row_has(tx->row, http_graphql_type.ref.slot))
		fake_append_field(fake, tx->row, http_graphql_type.ref.slot);
	if (row_has(tx->row, http_graphql_operation.ref.slot))
		fake_append_field(fake, tx->row, http_graphql_operation.ref.slot);
	fake->text[fake->text_n] = '\0';
	return fake->text + strlen(" http.method=") + strlen(method);
}

static void expect_json(const char *body, const char *want)
{
	struct str s = str_of(body);

	assert_string_equal(play_request("POST", "application/json", NULL, s, SIZE_MAX), want);
	assert_string_equal(play_request("POST", "application/json", NULL, s, 1), want);
}

#define TYPE " http.graphql.type="
#define NAME " http.graphql.operation="

TEST(the_operation_of_a_request_is_found)
{
	expect_json("{\"query\":\"query All { a }\"}", TYPE "query" NAME "All");
	expect_json("{\"query\":\"{ a }\",\"variables\":{\"query\":\"mutation M{a}\"}}",
		    TYPE "query");
	expect_json("{\"variables\":[{\"operationName\":\"x\"}],\"query\":\"mutation M {a}\"}",
		    TYPE "mutation" NAME "M");
}

TEST(the_name_that_is_asked_for_chooses)
{
	expect_json("{\"operationName\":\"B\",\"query\":\"query A{a} mutation B{b}\"}",
		    TYPE "mutation" NAME "B");
	expect_json("{\"query\":\"query A{a} mutation B{b}\",\"operationName\":\"B\"}",
		    TYPE "mutation" NAME "B");
	expect_json("{\"query\":\"query A{a} mutation B{b}\",\"operationName\":null}",
		    TYPE "query" NAME "A");
	expect_json("{\"query\":\"query A{a} mutation B{b}\",\"operationName\":\"\"}",
		    TYPE "query" NAME "A");
}

TEST(a_persisted_query_has_a_name_alone)
{
	expect_json("{\"operationName\":\"Stored\",\"extensions\":{\"persistedQuery\":{}}}",
		    NAME "Stored");
}

TEST(a_name_that_is_none_is_left_out)
{
	expect_json("{\"operationName\":\"john@example.com\"}", "");
	expect_json("{\"operationName\":\"a b\",\"query\":\"{a}\"}", TYPE "query");
}

TEST(escapes_are_understood)
{
	expect_json("{\"query\":\"# x\\nquery\\u0020A { a(s: \\\"} query B {\\\") }\"}",
		    TYPE "query" NAME "A");
	expect_json("{\"query\":\"query A { a(s: \\\"\\ud83d\\ude00\\\") } mutation M{a}\","
		    "\"operationName\":\"M\"}",
		    TYPE "mutation" NAME "M");
}

TEST(of_a_batch_the_first_counts)
{
	expect_json("[{\"query\":\"query A{a}\"},{\"query\":\"query B{a}\"}]",
		    TYPE "query" NAME "A");
	expect_json("[[{\"query\":\"query A{a}\"}]]", "");
	expect_json("[]", "");
}

TEST(of_two_equal_members_the_last_counts)
{
	expect_json("{\"query\":\"query A{a}\",\"query\":\"query B{a}\"}", TYPE "query" NAME "B");
}

TEST(what_is_no_request_says_nothing)
{
	expect_json("", "");
	expect_json("\"query A{a}\"", "");
	expect_json("{\"query\":{\"match\":\"query A{a}\"}}", "");
	expect_json("{\"query\":7,\"operationName\":[\"A\"]}", "");
}

TEST(what_is_cut_or_broken_behind_an_operation_is_marked)
{
	expect_json("{\"query\":\"query A{a", TYPE "query" NAME "A(cut)");
	expect_json("{\"query\":\"query A{a}\"]", TYPE "query" NAME "A(cut)");
	expect_json("{\"operationName\":\"A\",\"query\":\"query A{a", TYPE "query" NAME "A");
}

static const char *play_padded(size_t before)
{
	static char body[GRAPHQL_BODY_MAX + 100];
	static const char request[] = "{\"query\":\"query A{a}\"}";

	memset(body, ' ', before);
	memcpy(body + before, request, sizeof(request) - 1);
	return play_request("POST", "application/json", NULL,
			    (struct str){ body, before + sizeof(request) - 1 }, SIZE_MAX);
}

TEST(a_body_is_read_up_to_its_limit)
{
	size_t n = strlen("{\"query\":\"query A{a}\"}");

	assert_string_equal(play_padded(GRAPHQL_BODY_MAX - n), TYPE "query" NAME "A");
	assert_string_equal(play_padded(GRAPHQL_BODY_MAX - n + 1), TYPE "query" NAME "A(cut)");
}

TEST(a_document_may_be_the_body)
{
	struct str s = STR("mutation M { a }");

	assert_string_equal(play_request("POST", "application/graphql", NULL, s, 1),
			    TYPE "mutation" NAME "M");
}

TEST(a_get_has_it_in_its_query)
{
	struct str no = STR("");

	assert_string_equal(play_request("GET", "", "query=%7Ba%7D", no, 1), TYPE "query");
	assert_string_equal(
		play_request("GET", "",
			     "x=1&operationName=B&query=query+A%7ba%7d%0Amutation%20B{a}", no, 1),
		TYPE "mutation" NAME "B");
	assert_string_equal(play_request("GET", "", "q=query=1", no, 1), "");
	assert_string_equal(play_request("GET", "", "query=%7", no, 1), "");
}

TEST(other_requests_are_not_asked_about)
{
	struct str s = STR("{\"query\":\"{a}\"}");

	assert_string_equal(play_request("PUT", "application/json", NULL, s, 1), "");
	assert_string_equal(play_request("POST", "text/json", NULL, s, 1), "");
}

TEST(without_a_rule_nothing_is_read)
{
	fresh();
	fake->opens_body = false;
	row_put_str(fake->ds.first->row, http_method, STR("POST"));
	row_put_str(fake->ds.first->row, http_request_content_type, STR("application/json"));

	assert_null(http_graphql_begin(&fake->ds, fake->ds.first));
}

TEST_MAIN
