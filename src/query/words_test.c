// SPDX-License-Identifier: Apache-2.0
/*
 * What people write becomes a spec, or an error that names the word.
 */
#include "t.h"

#include "query/query_int.h"

#define NOW (INT64_C(1769860800) * NS_PER_S) /* 2026-01-31T12:00:00Z */

static struct err err;

static struct query_spec spec_of(const struct query_words *w)
{
	struct query_spec s = { 0 };

	if (query_spec_from_words(w, NOW, &s, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static void refused(const struct query_words *w, const char *text)
{
	struct query_spec s = { .limit = 77 };

	assert_true(query_spec_from_words(w, NOW, &s, &err) < 0);
	assert_int_equal(err.id, ERR_QUERY);
	assert_string_equal(err.text, text);
	assert_int_equal(s.limit, 77);
}

TEST(no_words_ask_for_everything)
{
	struct query_spec s = spec_of(&(struct query_words){ 0 });

	assert_int_equal(s.where[0], 0);
	assert_true(s.since_ns == INT64_MIN && s.until_ns == INT64_MAX);
	assert_int_equal(s.order, QUERY_OLDEST);
	assert_int_equal(s.by[0], 0);
	for (size_t i = 0; i < 4; i++)
		assert_true(s.quantiles[i] < 0);
}

TEST(a_filter_is_checked_and_kept)
{
	struct query_words w = { .where = "http.status == 404" };
	struct query_spec s = spec_of(&w);

	assert_string_equal(s.where, w.where);
	w.where = "http.statu == 404";
	assert_true(query_spec_from_words(&w, NOW, &s, &err) < 0);
	assert_int_equal(err.id, ERR_FILTER);
}

TEST(a_filter_may_have_2048_bytes)
{
	char text[QUERY_TEXT_MAX + 2];
	struct query_words w = { .where = text };
	struct query_spec s;

	memset(text, ' ', sizeof(text));
	memcpy(text, "true", 4);
	text[QUERY_TEXT_MAX] = '\0';
	(void)spec_of(&w);
	text[QUERY_TEXT_MAX] = ' ';
	text[QUERY_TEXT_MAX + 1] = '\0';
	assert_true(query_spec_from_words(&w, NOW, &s, &err) < 0);
	assert_string_equal(err.text, "where: a filter of 2049 bytes; there may be 2048");
}

TEST(times_are_absolute_or_before_now)
{
	struct query_words w = { .since = "15m", .until = "2026-01-31T12:00:00.5Z" };
	struct query_spec s = spec_of(&w);

	assert_int_equal(s.since_ns, NOW - 900 * NS_PER_S);
	assert_int_equal(s.until_ns, NOW + NS_PER_S / 2);
}

TEST(a_time_that_is_none_is_named)
{
	refused(&(struct query_words){ .since = "yesterday" },
		"since: 'yesterday' is neither a time such as 2026-11-20T08:15:00Z nor a duration "
		"before now such as 15m");
	refused(&(struct query_words){ .until = "-5m" },
		"until: '-5m' is neither a time such as 2026-11-20T08:15:00Z nor a duration before "
		"now such as 15m");
	refused(&(struct query_words){ .since = "1m", .until = "1m" },
		"since: '1m' is not before until");
	refused(&(struct query_words){ .until = "\033[2J" },
		"until: '?[2J' is neither a time such as 2026-11-20T08:15:00Z nor a duration before "
		"now such as 15m");
}

TEST(fields_become_ids_of_one_kind)
{
	const char *by[] = { "src.ip", "http.status", "http.method", "node" };
	struct query_spec s =
		spec_of(&(struct query_words){ .by = by, .bys = 4, .sum = "http.latency" });

	assert_int_equal(s.kind, KIND_HTTP);
	assert_int_equal(s.by[0], 10);
	assert_int_equal(s.by[1], 105);
	assert_int_equal(s.by[2], 100);
	assert_int_equal(s.by[3], 4);
	assert_int_equal(s.sum, 106);
}

TEST(common_fields_alone_are_of_no_kind)
{
	const char *by[] = { "node" };
	struct query_spec s = spec_of(&(struct query_words){ .by = by, .bys = 1 });

	assert_int_equal(s.kind, 0);
}

TEST(a_field_that_is_none_is_named_with_the_one_that_was_meant)
{
	const char *by[] = { "http.statu" };
	const char *end[] = { "status" };
	const char *far[] = { "quite.something.else" };

	refused(&(struct query_words){ .by = by, .bys = 1 },
		"by: there is no field 'http.statu'; did you mean http.status?");
	refused(&(struct query_words){ .by = end, .bys = 1 },
		"by: there is no field 'status'; did you mean http.status?");
	refused(&(struct query_words){ .by = far, .bys = 1 },
		"by: there is no field 'quite.something.else'");
	refused(&(struct query_words){ .sum = "" }, "sum: there is no field ''");
}

TEST(fields_of_two_kinds_are_refused)
{
	const char *by[] = { "http.status", "dns.name" };

	refused(&(struct query_words){ .by = by, .bys = 2 },
		"by: dns.name is of another kind than the other fields, which are of http");
	refused(&(struct query_words){ .by = by, .bys = 1, .quantile = "dns.latency" },
		"quantile: dns.latency is of another kind than the other fields, which are of "
		"http");
}

TEST(five_fields_are_too_many)
{
	const char *by[] = { "node", "node", "node", "node", "node" };

	(void)spec_of(&(struct query_words){ .by = by, .bys = 4 });
	refused(&(struct query_words){ .by = by, .bys = 5 }, "by: 5 fields; there may be 4");
}

TEST(types_are_asked_for_what_they_can_do)
{
	const char *by[] = { "http.request.headers" };

	refused(&(struct query_words){ .by = by, .bys = 1 },
		"by: http.request.headers is of type map: it takes a number, a text, a "
		"time, an address or a choice");
	refused(&(struct query_words){ .sum = "http.method" },
		"sum: http.method is of type str: it takes a number or a duration");
	refused(&(struct query_words){ .quantile = "time" },
		"quantile: time is of type time: it takes a number or a duration");
}

TEST(quantiles_are_named_or_usual)
{
	struct query_spec s = spec_of(&(struct query_words){ .quantile = "http.latency" });

	assert_true(s.quantiles[0] == 0.5 && s.quantiles[1] == 0.9 && s.quantiles[2] == 0.99 &&
		    s.quantiles[3] < 0);
	s = spec_of(&(struct query_words){ .quantile = "http.latency:1,0,.25" });
	assert_true(s.quantiles[0] == 1 && s.quantiles[1] == 0 && s.quantiles[2] == 0.25 &&
		    s.quantiles[3] < 0);
}

TEST(quantiles_that_are_none_are_named)
{
	static const char *const bad[] = { "http.latency:",     "http.latency:1.1",
					   "http.latency:0.5,", "http.latency:nan",
					   "http.latency:0x1",  "http.latency:1e0",
					   "http.latency:.",    "http.latency:-0" };
	struct query_spec s;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct query_words w = { .quantile = bad[i] };

		assert_true(query_spec_from_words(&w, NOW, &s, &err) < 0);
		assert_non_null(strstr(err.text, "is not a number from 0 to 1, such as 0.99"));
	}
	(void)spec_of(&(struct query_words){ .quantile = "http.latency:0,0,0,0" });
	refused(&(struct query_words){ .quantile = "http.latency:0,0,0,0,0" },
		"quantile: there may be 4 of them");
}

TEST(steps_are_durations_above_zero)
{
	assert_int_equal(spec_of(&(struct query_words){ .every = "5m" }).every_ns, 300 * NS_PER_S);
	refused(&(struct query_words){ .every = "0s" }, "every: '0s' is not a duration such as 5m");
	refused(&(struct query_words){ .every = "5" }, "every: '5' is not a duration such as 5m");
}

TEST_MAIN
