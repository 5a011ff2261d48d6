/* SPDX-License-Identifier: Apache-2.0 */
/* What filters say about rows: every operator on every type, absent fields as CEL has them, and the
 * limits at their edges. */
#include <math.h>

#include "rules/filter_int.h"
#include "rules/rows.h"
#include "t.h"

static struct filter *made(const char *text)
{
	struct filter *f = NULL;
	struct err err;

	if (filter_new(str_of(text), &f, &err) < 0)
		fail_msg("%s", err.text);
	return f;
}

static bool is(const char *text, enum row_name row)
{
	CLEANUP(filter_free) struct filter *f = made(text);

	return filter_match(f, rows_of(row));
}

/* 'T', 'F', or 'E' for an error: that and its negation are both false at the top. */
static char truth(const char *text, enum row_name row)
{
	char negated[512];

	(void)snprintf(negated, sizeof(negated), "!(%s)", text);
	if (is(text, row))
		return is(negated, row) ? '?' : 'T';
	return is(negated, row) ? 'F' : 'E';
}

struct promise {
	const char *text;
	char truth;
};

static void keep(enum row_name row, const struct promise *promises, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char t = truth(promises[i].text, row);

		if (t != promises[i].truth)
			fail_msg("%s is %c, not %c", promises[i].text, t, promises[i].truth);
	}
}
#define KEEP(row, ...)                                                                             \
	do {                                                                                       \
		static const struct promise promises_[] = { __VA_ARGS__ };                         \
		keep(row, promises_, ARRAY_LEN(promises_));                                        \
	} while (0)

/* ---- Types ---- */

TEST(strings_are_compared_by_bytes)
{
	KEEP(ROW_HTTP, { "http.method == \"GET\"", 'T' }, { "http.method == 'GET'", 'T' },
	     { "http.method == \"get\"", 'F' }, { "http.method != \"GET\"", 'F' },
	     { "http.method != \"PUT\"", 'T' }, { "http.method < \"GETS\"", 'T' },
	     { "http.method <= \"GET\"", 'T' }, { "http.method > \"G\"", 'T' },
	     { "http.method >= \"GEU\"", 'F' }, { "http.method == \"\"", 'F' },
	     { "http.method > \"\"", 'T' });
}

TEST(strings_are_asked_for_their_parts)
{
	KEEP(ROW_HTTP, { "http.path.startsWith(\"/api/\")", 'T' },
	     { "http.path.startsWith(\"api/\")", 'F' }, { "http.path.endsWith(\"/items\")", 'T' },
	     { "http.path.endsWith(\"/item\")", 'F' }, { "http.path.contains(\"d\u00e9j\")", 'T' },
	     { "http.path.contains(\"dej\")", 'F' }, { "http.path.contains(\"\")", 'T' },
	     { "http.path.startsWith(\"/api/d\u00e9j\u00e0/items/and/more\")", 'F' },
	     { "! http.path . contains ( \"x\" )", 'T' });
}

TEST(escapes_stand_for_their_characters)
{
	KEEP(ROW_HTTP, { "http.path.contains(\"d\\u00e9j\")", 'T' },
	     { "http.path.contains(\"\\U000000e9\")", 'T' },
	     { "http.path.contains(\"\\xe9\")", 'T' },
	     { "http.method == \"\\x47\\x45\\x54\"", 'T' }, { "http.method == \"GE\\\\T\"", 'F' },
	     { "http.method < \"G\\U0001f600\"", 'T' },
	     { "http.method in [\"\\a\\b\\f\\n\\r\\t\\v\\\\\\'\\\"\\`\\?\", 'GE\\u0054']", 'T' });
}

TEST(numbers_are_compared_whole_with_and_without_sign)
{
	KEEP(ROW_HTTP, { "http.status == 404", 'T' }, { "http.status == 404u", 'T' },
	     { "http.status == 0x194", 'T' }, { "http.status == 0x194U", 'T' },
	     { "http.status != 404", 'F' }, { "http.status < 404", 'F' },
	     { "http.status <= 404", 'T' }, { "http.status > 403", 'T' },
	     { "http.status >= 405", 'F' }, { "http.status > -1", 'T' },
	     { "http.status == -404", 'F' }, { "http.status != - 404", 'T' },
	     { "http.status < -9223372036854775808", 'F' },
	     { "http.status < 9223372036854775807", 'T' });
}

TEST(the_edges_of_64_bits_are_exact)
{
	KEEP(ROW_FLOW, { "flow.gap_bytes == 18446744073709551615u", 'T' },
	     { "flow.gap_bytes == 0xffffffffffffffffu", 'T' },
	     { "flow.gap_bytes > 18446744073709551614u", 'T' },
	     { "flow.gap_bytes > 9223372036854775807", 'T' }, { "flow.gap_bytes > -1", 'T' },
	     { "flow.gap_bytes == -1", 'F' }, { "flow.src_packets == 0", 'T' },
	     { "flow.src_packets == -0", 'T' }, { "flow.src_packets > -1", 'T' });
}

TEST(a_number_shown_in_hexadecimal_is_given_so)
{
	KEEP(ROW_FLOW, { "flow.id == \"deadbeef00000001\"", 'T' },
	     { "flow.id == 0xdeadbeef00000001u", 'T' },
	     { "flow.id in [\"DEADBEEF00000001\"]", 'T' },
	     { "flow.id == \"deadbeef00000002\"", 'F' }, { "flow.id == 1", 'F' });
}

TEST(bools_stand_alone_or_are_compared)
{
	KEEP(ROW_FLOW, { "flow.midstream", 'T' }, { "!flow.midstream", 'F' },
	     { "!!flow.midstream", 'T' }, { "flow.midstream == true", 'T' },
	     { "flow.midstream == false", 'F' }, { "flow.midstream != false", 'T' },
	     { "flow.midstream in [true]", 'T' });
	KEEP(ROW_CAPTURE, { "capture.truncated", 'F' }, { "!capture.truncated", 'T' },
	     { "capture.truncated == false", 'T' });
}

TEST(enums_are_compared_by_name)
{
	KEEP(ROW_FLOW, { "flow.state == \"half-open\"", 'T' },
	     { "flow.state != \"half-open\"", 'F' }, { "flow.state == \"reset\"", 'F' },
	     { "flow.transport in [\"udp\", \"tcp\"]", 'T' },
	     { "flow.transport in ['udp', 'sctp']", 'F' });
}

TEST(addresses_are_compared_in_every_spelling)
{
	KEEP(ROW_HTTP, { "src.ip == \"10.1.2.3\"", 'T' }, { "src.ip == \"::ffff:10.1.2.3\"", 'T' },
	     { "src.ip != \"10.1.2.3\"", 'F' }, { "src.ip == \"10.1.2.4\"", 'F' },
	     { "dst.ip == \"2001:db8::1\"", 'T' }, { "dst.ip == \"2001:DB8:0:0::0:1\"", 'T' },
	     { "dst.ip in [\"10.1.2.3\", \"2001:db8::1\"]", 'T' });
}

TEST(times_are_compared_as_moments)
{
	KEEP(ROW_HTTP, { "time == \"2026-01-31T12:00:00Z\"", 'T' },
	     { "time == timestamp(\"2026-01-31T12:00:00Z\")", 'T' },
	     { "time == timestamp(\"2026-01-31T13:00:00+01:00\")", 'T' },
	     { "time < \"2026-01-31T12:00:00.000000001Z\"", 'T' },
	     { "time >= \"2026-01-31T12:00:00Z\"", 'T' },
	     { "time > \"2026-01-31T12:00:00Z\"", 'F' },
	     { "time != timestamp('1970-01-01T00:00:00Z')", 'T' });
}

TEST(durations_are_compared_as_lengths)
{
	KEEP(ROW_HTTP, { "http.latency == duration(\"250ms\")", 'T' },
	     { "http.latency == \"0.25s\"", 'T' }, { "http.latency > \"249ms\"", 'T' },
	     { "http.latency < duration('1m')", 'T' }, { "http.latency <= \"250ms\"", 'T' },
	     { "http.latency in [\"1s\", \"250ms\"]", 'T' }, { "http.latency > \"-1s\"", 'T' });
	KEEP(ROW_FLOW, { "flow.duration < \"0s\"", 'T' }, { "flow.duration == \"-1ns\"", 'T' });
}

TEST(lists_are_asked_for_an_element)
{
	KEEP(ROW_HTTP, { "100 in http.interim", 'T' }, { "102 in http.interim", 'F' },
	     { "-100 in http.interim", 'F' }, { "\"te-and-cl\" in http.anomalies", 'T' },
	     { "\"bare-lf\" in http.anomalies", 'T' }, { "\"bare\" in http.anomalies", 'F' });
	KEEP(ROW_CAPTURE, { "18446744073709551615u in capture.links", 'T' },
	     { "-1 in capture.links", 'F' });
}

TEST(maps_are_asked_for_a_key_and_an_entry)
{
	KEEP(ROW_HTTP, { "\"host\" in http.request.headers", 'T' },
	     { "\"hosts\" in http.request.headers", 'F' },
	     { "http.request.headers[\"host\"] == \"shop.example\"", 'T' },
	     { "http.request.headers['host'] != \"shop.example\"", 'F' },
	     { "http.request.headers[\"host\"] in [\"a\", \"shop.example\"]", 'T' },
	     { "http.request.headers[\"host\"].endsWith(\".example\")", 'T' },
	     { "http.request.headers [ \"host\" ] . contains(\"shop\")", 'T' },
	     { "http.request.headers[\"host\"] > \"shop\"", 'T' },
	     { "http.request.headers[\"hosts\"] == \"shop.example\"", 'E' },
	     { "http.request.headers[\"cookie\"] == \"[masked]\"", 'T' });
	KEEP(ROW_CAPTURE, { "capture.vlans[\"7\"] == \"20\"", 'T' },
	     { "\"\" in capture.vlans", 'T' }, { "capture.vlans[\"\"] == \"\"", 'T' });
}

TEST(of_entries_with_one_name_the_first_is_asked)
{
	KEEP(ROW_HTTP, { "http.request.headers[\"accept\"] == \"text/html\"", 'T' },
	     { "http.request.headers[\"accept\"] == \"*/*\"", 'F' });
}

TEST(in_takes_one_value_of_many)
{
	KEEP(ROW_HTTP, { "http.status in [404]", 'T' }, { "http.status in [200,301, 404 ]", 'T' },
	     { "http.status in [200, -404, 500]", 'F' },
	     { "http.method in [\"HEAD\", \"GET\"]", 'T' }, { "http.method in [\"HEAD\"]", 'F' },
	     { "!(http.status in [200, 404])", 'F' });
}

/* ---- Kinds and absent fields ---- */

TEST(a_kind_is_true_of_its_rows)
{
	static const char *const names[] = { "capture", "flow", "gap", "http" };

	for (unsigned row = 0; row < ROW_NAMES; row++)
		for (unsigned i = 0; i < ARRAY_LEN(names); i++)
			assert_int_equal(truth(names[i], (enum row_name)row), i == row ? 'T' : 'F');
}

TEST(has_says_whether_a_field_is_there_and_is_never_an_error)
{
	KEEP(ROW_HTTP, { "has(http.status)", 'T' }, { "has(http.query)", 'F' },
	     { "has(src.ip)", 'T' }, { "has(flow.state)", 'F' }, { "!has(http.query)", 'T' },
	     { "has(http.request.headers)", 'T' }, { "has(http.response.headers)", 'F' });
	KEEP(ROW_GAP, { "has(http.status)", 'F' }, { "has(time)", 'T' }, { "has(dst.ip)", 'F' });
}

TEST(every_test_of_an_absent_field_is_an_error)
{
	KEEP(ROW_HTTP, { "http.query == \"x\"", 'E' }, { "http.query != \"x\"", 'E' },
	     { "http.query in [\"x\"]", 'E' }, { "http.query.contains(\"\")", 'E' },
	     { "http.duration > \"0s\"", 'E' }, { "http.response.headers[\"x\"] == \"\"", 'E' },
	     { "\"x\" in http.response.headers", 'E' }, { "node == \"node-1\"", 'T' },
	     { "cluster != \"x\"", 'E' });
}

TEST(fields_of_another_kind_are_absent)
{
	KEEP(ROW_FLOW, { "http.status == 404", 'E' }, { "http.status != 404", 'E' },
	     { "capture.truncated", 'E' }, { "!capture.truncated", 'E' });
	KEEP(ROW_HTTP, { "flow.midstream", 'E' }, { "gap.reason == \"x\"", 'E' });
}

TEST(rows_of_unknown_kinds_have_the_common_fields)
{
	KEEP(ROW_ALIEN, { "src.port == 40000", 'T' }, { "node == \"node-1\"", 'T' },
	     { "gap.reason == \"drop.link-unknown\"", 'E' }, { "has(gap.reason)", 'F' },
	     { "gap", 'F' });
}

/* ---- Logic ---- */

/* CEL's table: what decides wins over an error, on either side. */
TEST(connectives_absorb_errors_as_cel_does)
{
	static const char *const operand[] = { "true", "false", "http.query == \"x\"" };
	static const char and[] = "TFEFFFEFE", or [] = "TTTTFETEE";
	char text[128];

	for (size_t i = 0; i < 9; i++) {
		(void)snprintf(text, sizeof(text), "%s && %s", operand[i / 3], operand[i % 3]);
		assert_int_equal(truth(text, ROW_HTTP), and[i]);
		(void)snprintf(text, sizeof(text), "%s || %s", operand[i / 3], operand[i % 3]);
		assert_int_equal(truth(text, ROW_HTTP), or [i]);
	}
}

TEST(an_error_is_absorbed_anywhere_in_a_chain)
{
	KEEP(ROW_HTTP, { "http.query == 'x' || false || true", 'T' },
	     { "false || http.query == 'x' || false", 'E' },
	     { "http.query == 'x' && true && false", 'F' },
	     { "true && http.query == 'x' && true", 'E' },
	     { "http.status == 404 || http.query == 'x'", 'T' },
	     { "!(http.query == 'x') || true", 'T' });
}

TEST(and_binds_closer_than_or)
{
	KEEP(ROW_GAP, { "true || false && false", 'T' }, { "false && false || true", 'T' },
	     { "(true || false) && false", 'F' }, { "false && (false || true)", 'F' },
	     { "true && true || false && true", 'T' });
}

TEST(not_turns_and_leaves_errors)
{
	KEEP(ROW_HTTP, { "!true", 'F' }, { "!false", 'T' }, { "!!true", 'T' }, { "! ! !true", 'F' },
	     { "!(http.query == 'x')", 'E' }, { "!!(http.query == 'x')", 'E' }, { "!http", 'F' },
	     { "!(http && http.status == 404)", 'F' }, { "!http.path.startsWith(\"/api\")", 'F' });
}

TEST(an_error_at_the_top_is_false)
{
	assert_false(is("http.query == 'x'", ROW_HTTP));
	assert_false(is("!(http.query == 'x')", ROW_HTTP));
}

TEST(blanks_and_lines_do_not_matter)
{
	assert_true(is("\thttp\n&&\r\nhttp.status==404\f&& ( true ) ", ROW_HTTP));
}

/* ---- Types that no field has yet ---- */

/* A row of one value in the first slot, made by hand. */
static bool ask_word(enum field_type type, uint64_t word, enum relation relation, const char *text)
{
	const struct field field = { .id = 2, .type = (uint8_t)type, .name = "x" };
	struct filter f = { .text = str_of(text) };
	struct parser p = { .filter = &f, .text = f.text };
	struct node n = { .type = NODE_COMPARE, .relation = relation, .field = &field };
	uint64_t bytes[] = { 0, 0, 0, 2 | (uint64_t)type << 16 | UINT64_C(32) << 32, word };
	struct row_view row = { .bytes = { (const char *)bytes, sizeof(bytes) },
				.kind_id = 1,
				.fields = 1,
				.at = { 1 } };
	struct literal l;
	bool yes;

	assert_int_equal(pool_init(&f.pool, KIB, 1), 0);
	arena_init(&f.arena, &f.pool, KIB);
	f.root = &n;
	filter_next(&p);
	assert_true(filter_parse_literal(&p, &l));
	assert_true(filter_check_literal(&p, &n, &l));
	n.literal = &l;
	n.literals = 1;
	yes = filter_match(&f, &row);
	pool_done(&f.pool);
	return yes;
}

static bool ask_float(double value, enum relation relation, const char *text)
{
	uint64_t word;

	memcpy(&word, &value, sizeof(word));
	return ask_word(FIELD_F64, word, relation, text);
}

TEST(fractions_are_compared)
{
	assert_true(ask_float(0.5, REL_EQ, "0.5"));
	assert_true(ask_float(-0.5, REL_LT, "-0.25"));
	assert_true(ask_float(2.0, REL_EQ, "2"));
	assert_true(ask_float(-2.0, REL_EQ, "-2"));
	assert_false(ask_float(0.5, REL_GT, "0.5"));
	assert_true(ask_float(1e20, REL_EQ,
			      "100000000000000000000.00000000000000000000000000000000000000000000"
			      "00000000000000000000000000000000000"));
}

TEST(what_is_no_number_only_differs)
{
	for (unsigned r = REL_EQ; r <= REL_GE; r++)
		assert_int_equal(ask_float(NAN, (enum relation)r, "0.5"), r == REL_NE);
}

TEST(signed_numbers_reach_both_ends)
{
	assert_true(ask_word(FIELD_I64, UINT64_C(1) << 63, REL_EQ, "-9223372036854775808"));
	assert_true(ask_word(FIELD_I64, INT64_MAX, REL_EQ, "9223372036854775807"));
	assert_true(ask_word(FIELD_I64, UINT64_MAX, REL_EQ, "-1"));
	assert_true(ask_word(FIELD_I64, UINT64_MAX, REL_LT, "0"));
}

/* ---- Limits ---- */

/* n times piece, then tail, in memory of its own size. */
static char *repeated(const char *head, const char *piece, size_t n, const char *tail)
{
	size_t at = strlen(head), each = strlen(piece);
	char *text = malloc(at + n * each + strlen(tail) + 1);

	assert_non_null(text);
	memcpy(text, head, at);
	for (size_t i = 0; i < n; i++, at += each)
		memcpy(text + at, piece, each);
	memcpy(text + at, tail, strlen(tail) + 1);
	return text;
}

static int try_text(char *text, bool *matches)
{
	CLEANUP(filter_free) struct filter *f = NULL;
	int r = filter_new(str_of(text), &f, NULL);

	if (r == 0)
		*matches = filter_match(f, rows_of(ROW_HTTP));
	free(text);
	return r;
}

TEST(an_expression_may_be_as_long_as_its_limit)
{
	bool matches = false;

	assert_int_equal(try_text(repeated("", " ", FILTER_TEXT_MAX - 4, "http"), &matches), 0);
	assert_true(matches);
	assert_int_equal(try_text(repeated("", " ", FILTER_TEXT_MAX - 3, "http"), &matches),
			 -EINVAL);
}

static char *nested(size_t depth)
{
	char *open = repeated("", "(", depth, "http"), *both = repeated(open, ")", depth, "");

	free(open);
	return both;
}

TEST(parentheses_may_be_as_deep_as_their_limit)
{
	bool matches = false;

	assert_int_equal(try_text(nested(FILTER_DEPTH_MAX), &matches), 0);
	assert_true(matches);
	assert_int_equal(try_text(nested(FILTER_DEPTH_MAX + 1), &matches), -EINVAL);
}

TEST(parentheses_beside_each_other_are_not_deep)
{
	bool matches = false;

	assert_int_equal(try_text(repeated("", "(gap)||", 10 * FILTER_DEPTH_MAX, "http"), &matches),
			 0);
	assert_true(matches);
}

TEST(negations_are_not_nested_however_many)
{
	bool matches = true;

	assert_int_equal(try_text(repeated("", "!", FILTER_TEXT_MAX - 5, "http"), &matches), 0);
	assert_false(matches);
}

TEST(a_list_may_be_as_long_as_its_limit)
{
	bool matches = false;

	assert_int_equal(try_text(repeated("http.status in [", "1,", FILTER_LIST_MAX - 1, "404]"),
				  &matches),
			 0);
	assert_true(matches);
	assert_int_equal(try_text(repeated("http.status in [", "1,", FILTER_LIST_MAX, "404]"),
				  &matches),
			 -EINVAL);
}

/* Memory is never what refuses an expression within the limit of its text. */
TEST(the_densest_tests_fit)
{
	static const char *const dense[] = { "gap||",
					     "!gap||",
					     "!(gap)||",
					     "!(!(gap))||",
					     "0 in http.interim||",
					     "''in http.anomalies||" };

	for (size_t i = 0; i < ARRAY_LEN(dense); i++) {
		size_t n = (FILTER_TEXT_MAX - strlen("http")) / strlen(dense[i]);
		bool matches = false;

		assert_int_equal(try_text(repeated("", dense[i], n, "http"), &matches), 0);
		assert_true(matches);
	}
}

TEST(the_densest_lists_fit)
{
	for (size_t values = 1; values <= FILTER_LIST_MAX; values++) {
		char *list = repeated("src.port in [", "1,", values - 1, "1]||");
		size_t n = (FILTER_TEXT_MAX - strlen("http")) / strlen(list);
		bool matches = false;

		assert_int_equal(try_text(repeated("", list, n, "http"), &matches), 0);
		assert_true(matches);
		free(list);
	}
}

TEST(freeing_nothing_is_allowed)
{
	filter_free(NULL);
}

TEST_MAIN
