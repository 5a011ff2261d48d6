/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of time: the calendar against known days and against libc, RFC 3339 in and out at the ends
 * of what 64 bits hold, and durations.
 */
#include "t.h"
#include "base/base.h"

#include <time.h>

static const struct {
	int64_t ns;
	const char *text;
} times[] = {
	{ 0, "1970-01-01T00:00:00.000000000Z" },
	{ -1, "1969-12-31T23:59:59.999999999Z" },
	{ INT64_C(951782400) * NS_PER_S, "2000-02-29T00:00:00.000000000Z" },
	{ INT64_C(951868799) * NS_PER_S, "2000-02-29T23:59:59.000000000Z" },
	{ INT64_C(951868800) * NS_PER_S, "2000-03-01T00:00:00.000000000Z" },
	{ INT64_C(-2203891200) * NS_PER_S, "1900-03-01T00:00:00.000000000Z" },
	{ INT64_C(-2203891200) * NS_PER_S - 1, "1900-02-28T23:59:59.999999999Z" },
	{ INT64_C(4107542400) * NS_PER_S, "2100-03-01T00:00:00.000000000Z" },
	{ INT64_C(1795162530000000001), "2026-11-20T08:15:30.000000001Z" },
	{ INT64_MAX, "2262-04-11T23:47:16.854775807Z" },
	{ INT64_MIN, "1677-09-21T00:12:43.145224192Z" },
};

TEST(format_and_parse_agree_at_known_times)
{
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		char text[TIME_TEXT_BYTES];
		int64_t ns;

		assert_int_equal(time_format(times[i].ns, text), strlen(times[i].text));
		assert_string_equal(text, times[i].text);
		assert_int_equal(time_parse(str_of(times[i].text), &ns), 0);
		assert_true(ns == times[i].ns);
	}
}

TEST(format_agrees_with_libc_on_every_day)
{
	for (int64_t day = -106751; day <= 106751; day++) {
		int64_t at_s = day * 86400 + (day * 7919 % 86400 + 86400) % 86400;
		char expected[TIME_TEXT_BYTES];
		char text[TIME_TEXT_BYTES];
		time_t t = at_s;
		struct tm tm;

		if (at_s > INT64_MAX / NS_PER_S || at_s < INT64_MIN / NS_PER_S)
			continue;
		assert_non_null(gmtime_r(&t, &tm));
		(void)strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000000000Z", &tm);
		(void)time_format(at_s * NS_PER_S, text);
		assert_string_equal(text, expected);
	}
}

TEST(parse_takes_offsets_and_short_fractions)
{
	static const char *const same[] = {
		"2026-11-20T08:15:30.5Z",      "2026-11-20T08:15:30.500000000Z",
		"2026-11-20T09:15:30.5+01:00", "2026-11-20T02:45:30.50-05:30",
		"2026-11-21T08:14:30.5+23:59", "2026-11-20T08:15:30.5-00:00",
	};

	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		int64_t ns;

		assert_int_equal(time_parse(str_of(same[i]), &ns), 0);
		assert_true(ns == INT64_C(1795162530500000000));
	}
}

TEST(parse_refuses_what_is_no_rfc_3339_time)
{
	static const char *const bad[] = {
		"",
		"2026-11-20",
		"2026-11-20T08:15:30",
		"2026-11-20 08:15:30Z",
		"2026-11-20t08:15:30z",
		"2026-11-20T08:15Z",
		"2026-11-20T08:15:30.Z",
		"2026-11-20T08:15:30.0000000001Z",
		"2026-11-20T08:15:30,5Z",
		"2026-11-20T08:15:30ZZ",
		"2026-11-20T08:15:30Z ",
		"2026-11-20T08:15:30+1:00",
		"2026-11-20T08:15:30+01",
		"2026-11-20T08:15:30+0100",
		"2026-11-20T08:15:30+24:00",
		"2026-11-20T08:15:30+01:60",
		"2026-11-20T08:15:30+01:00Z",
		"2026-11-20T24:00:00Z",
		"2026-11-20T08:60:00Z",
		"2016-12-31T23:59:60Z",
		"2026-00-20T08:15:30Z",
		"2026-13-20T08:15:30Z",
		"2026-11-00T08:15:30Z",
		"2026-11-31T08:15:30Z",
		"2026-02-29T08:15:30Z",
		"2100-02-29T08:15:30Z",
		"26-11-20T08:15:30Z",
		"+026-11-20T08:15:30Z",
		"2026-1-20T08:15:30Z",
		"2026-11-20T8:15:30Z",
	};
	int64_t ns;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (time_parse(str_of(bad[i]), &ns) != -EINVAL)
			fail_msg("\"%s\" is taken", bad[i]);
}

TEST(parse_answers_range_one_nanosecond_outside)
{
	int64_t ns = 5;

	assert_int_equal(time_parse(STR("2262-04-11T23:47:16.854775808Z"), &ns), -ERANGE);
	assert_int_equal(time_parse(STR("1677-09-21T00:12:43.145224191Z"), &ns), -ERANGE);
	assert_int_equal(time_parse(STR("0000-01-01T00:00:00Z"), &ns), -ERANGE);
	assert_int_equal(time_parse(STR("9999-12-31T23:59:59Z"), &ns), -ERANGE);
	assert_int_equal(ns, 5);
}

TEST(durations_are_read_as_go_writes_them)
{
	static const struct {
		const char *text;
		int64_t ns;
	} durations[] = {
		{ "0", 0 },
		{ "0s", 0 },
		{ "7ns", 7 },
		{ "2us", 2000 },
		{ "2\u00b5s", 2000 },
		{ "2\u03bcs", 2000 },
		{ "300ms", 300000000 },
		{ "1.5h", INT64_C(5400) * NS_PER_S },
		{ "1h2m3.5s", INT64_C(3723500) * NS_PER_MS },
		{ "-1m", -60 * NS_PER_S },
		{ ".5s", 500 * NS_PER_MS },
		{ "1.s", NS_PER_S },
		{ "1.9999999999s", 1999999999 },
		{ "0.000000000000000000000000001h", 0 },
		{ "9223372036854775807ns", INT64_MAX },
		{ "-9223372036854775808ns", INT64_MIN },
		{ "2562047h47m16.854775807s", INT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_LEN(durations); i++) {
		int64_t ns;

		assert_int_equal(dur_parse(str_of(durations[i].text), &ns), 0);
		if (ns != durations[i].ns)
			fail_msg("%s", durations[i].text);
	}
}

TEST(durations_that_are_none_are_refused)
{
	static const char *const bad[] = { "",     "-",   "1",   "s",    ".s",    "1x",
					   "1 s",  "1s ", "+1s", "--1s", "1s-1s", "1.2.3s",
					   "1e3s", "00",  "1d",  "1S",   "1s1" };
	int64_t ns;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (dur_parse(str_of(bad[i]), &ns) != -EINVAL)
			fail_msg("\"%s\" is taken", bad[i]);
}

TEST(durations_beyond_64_bits_are_out_of_range)
{
	int64_t ns = 5;

	assert_int_equal(dur_parse(STR("9223372036854775808ns"), &ns), -ERANGE);
	assert_int_equal(dur_parse(STR("-9223372036854775809ns"), &ns), -ERANGE);
	assert_int_equal(dur_parse(STR("99999999999999999999s"), &ns), -ERANGE);
	assert_int_equal(dur_parse(STR("2562047h2562047h"), &ns), -ERANGE);
	assert_int_equal(dur_parse(STR("9999999h1x"), &ns), -EINVAL);
	assert_int_equal(ns, 5);
}

TEST(durations_are_printed_in_their_unit_and_rounded)
{
	static const struct {
		int64_t ns;
		const char *text;
	} durations[] = {
		{ 0, "0s" },
		{ 1, "1ns" },
		{ 999, "999ns" },
		{ 1000, "1us" },
		{ 1001, "1.001us" },
		{ 1250000, "1.25ms" },
		{ 999999, "999.999us" },
		{ 999999499, "999.999ms" },
		{ 999999500, "1s" },
		{ 10 * NS_PER_S, "10s" },
		{ 100 * NS_PER_MS, "100ms" },
		{ INT64_C(86400) * NS_PER_S, "86400s" },
		{ -1500, "-1.5us" },
		{ INT64_MAX, "9223372036.855s" },
		{ INT64_MIN, "-9223372036.855s" },
	};

	for (size_t i = 0; i < ARRAY_LEN(durations); i++) {
		char text[TIME_TEXT_BYTES];
		size_t n = dur_format(durations[i].ns, text);

		assert_string_equal(text, durations[i].text);
		assert_int_equal(n, strlen(text));
	}
}

TEST(the_clock_for_measuring_never_goes_back)
{
	int64_t before = time_mono_ns();

	for (size_t i = 0; i < 1000; i++) {
		int64_t now = time_mono_ns();

		assert_true(now >= before);
		before = now;
	}
	assert_true(time_now_ns() > INT64_C(1700000000) * NS_PER_S);
}

TEST_MAIN
