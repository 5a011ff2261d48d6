/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of ip: the examples and rules of RFC 5952 for printing, RFC 4291 for reading, and that
 * ambiguous texts are refused.
 */
#include "base/base.h"
#include "t.h"

struct pair {
	const char *in, *out;
};

static void check(const struct pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char text[IP_TEXT_BYTES];
		struct ip_addr a;

		if (ip_parse(str_of(pairs[i].in), &a) != 0)
			fail_msg("%s is refused", pairs[i].in);
		assert_int_equal(ip_format(&a, text), strlen(pairs[i].out));
		assert_string_equal(text, pairs[i].out);
	}
}

TEST(format_follows_the_examples_of_rfc_5952)
{
	static const struct pair pairs[] = {
		/* Section 2.1: leading zeros; 2.2: zero compression; 2.3: case. */
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:db8::1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:DB8:0:0:1::1", "2001:db8::1:0:0:1" },
		{ "2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1" },
		{ "2001:db8:0:0:0::1", "2001:db8::1" },
		{ "2001:db8:aaaa:bbbb:cccc:dddd:eeee:AaAa",
		  "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa" },
		/* Section 4.2: as short as possible, no single group, the first of equal runs. */
		{ "2001:db8::0:1", "2001:db8::1" },
		{ "2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
	};

	check(pairs, ARRAY_LEN(pairs));
}

TEST(format_takes_care_of_both_ends)
{
	static const struct pair pairs[] = {
		{ "::", "::" },
		{ "0:0:0:0:0:0:0:1", "::1" },
		{ "1:0:0:0:0:0:0:0", "1::" },
		{ "0:0:1:1:1:1:0:0", "::1:1:1:1:0:0" },
		{ "0:1:1:1:1:1:0:0", "0:1:1:1:1:1::" },
		{ "fe80::1:0:0:0", "fe80::1:0:0:0" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};

	check(pairs, ARRAY_LEN(pairs));
}

TEST(format_prints_ipv4_dotted_whichever_way_it_came)
{
	static const struct pair pairs[] = {
		{ "0.0.0.0", "0.0.0.0" },
		{ "10.9.99.100", "10.9.99.100" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::ffff:c000:0201", "192.0.2.1" },
		{ "0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1" },
		{ "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
		{ "::192.0.2.1", "::c000:201" },
	};

	check(pairs, ARRAY_LEN(pairs));
}

TEST(ipv4_is_the_mapped_prefix_and_nothing_near_it)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(STR("1.2.3.4"), &a), 0);
	assert_true(ip_is_v4(&a));
	assert_int_equal(ip_parse(STR("::fffe:1.2.3.4"), &a), 0);
	assert_false(ip_is_v4(&a));
	assert_int_equal(ip_parse(STR("1::ffff:1.2.3.4"), &a), 0);
	assert_false(ip_is_v4(&a));
}

TEST(parse_refuses_what_is_malformed_or_ambiguous)
{
	static const char *const bad[] = {
		"",
		".",
		":",
		":::",
		"1",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.4.",
		".1.2.3.4",
		"1..2.3",
		"01.2.3.4",
		"1.2.3.00",
		"1.2.3.256",
		"1.2.3.1000",
		"0x1.2.3.4",
		"1.2.3.-4",
		"1.2.3.4 ",
		"1.2.3.4/8",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7:8::",
		"::1:2:3:4:5:6:7:8",
		"1::2::3",
		"1:::2",
		":1::",
		"::1:",
		"1:2:3:4:5:6:7:",
		":1:2:3:4:5:6:7",
		"12345::",
		"g::",
		"::1%eth0",
		"[::1]",
		"::1.2.3",
		"::01.2.3.4",
		"1.2.3.4::",
		"::1.2.3.4:5",
		"1:2:3:4:5:6:7:1.2.3.4",
		"1:2:3:4:5:6:7::1.2.3.4",
		"1:2:3:4:5::6:1.2.3.4",
		"::-1",
		"::0x1",
	};
	struct ip_addr a;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (ip_parse(str_of(bad[i]), &a) != -EINVAL)
			fail_msg("\"%s\" is taken", bad[i]);
}

TEST(parse_takes_a_gap_of_one_group_and_not_of_none)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(STR("1:2:3:4:5:6:7::"), &a), 0);
	assert_int_equal(ip_parse(STR("1:2:3:4::6:7:8"), &a), 0);
	assert_int_equal(ip_parse(STR("1:2:3:4::1.2.3.4"), &a), 0);
	assert_int_equal(ip_parse(STR("1:2:3:4:5:6::1.2.3.4"), &a), -EINVAL);
	assert_int_equal(ip_parse(STR("1:2:3:4::5:6:7:8"), &a), -EINVAL);
}

TEST(parse_leaves_its_answer_alone_when_it_refuses)
{
	struct ip_addr a = { { 1, 2, 3 } };
	struct ip_addr before = a;

	assert_int_equal(ip_parse(STR("1:2:3:4:5:6:7:x"), &a), -EINVAL);

	assert_memory_equal(&a, &before, sizeof(a));
}

TEST_MAIN
