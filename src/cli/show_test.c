/* SPDX-License-Identifier: Apache-2.0 */
/* How addresses are shortened, and what room a layout leaves. */
#include "cli/show.h"
#include "t.h"

static void shortens(const char *address, size_t columns, const char *wanted)
{
	char out[IP_TEXT_BYTES + sizeof("…")];
	size_t n = show_address(str_of(address), columns, out);

	out[n] = '\0';
	assert_string_equal(out, wanted);
}

#define LONG "2001:6f8:102d:7:1033:c4c:7e57:b19e"

TEST(an_address_that_fits_stays)
{
	shortens(LONG, 34, LONG);
	shortens("::1", 9, "::1");
	shortens("::", 2, "::");
}

TEST(an_address_loses_its_middle)
{
	shortens(LONG, 33, "2001:6f8:102d:7:1033:c4c:…:b19e");
	shortens(LONG, 30, "2001:6f8:102d:7:1033:…:b19e");
	shortens(LONG, 20, "2001:6f8:102d:…:b19e");
	shortens(LONG, 19, "2001:6f8:…:b19e");
	shortens(LONG, 15, "2001:6f8:…:b19e");
	shortens(LONG, 14, "2001:…:b19e");
	shortens(LONG, 11, "2001:…:b19e");
}

TEST(the_first_and_the_last_group_stay_in_the_end)
{
	shortens(LONG, 10, "2001…b19e");
	shortens(LONG, 9, "2001…b19e");
	shortens(LONG, 0, "2001…b19e");
}

TEST(zeros_that_were_left_out_are_no_group)
{
	shortens("2001:db8:1:2:3:4::6", 16, "2001:db8:1:…::6");
	shortens("2001:db8:1:2:3:4::", 16, "2001:db8:1:2:…::");
	shortens("2001:db8::1:2:3:4", 16, "2001:db8::1:…:4");
	shortens("2001:db8::1:2:3:4", 13, "2001:db8:…:4");
	shortens("2001:db8::1:2:3:4", 9, "2001:…:4");
	shortens("::1:2:3:4:5:6:7", 9, "::1:2:…:7");
}

/* The blanks behind each column are between. */
static size_t what_begins(const struct layout *l)
{
	return l->time_to - l->time_from + 1 + l->end_max[0] + 1 + l->end_max[1] + 1 + 11;
}

TEST(a_terminal_keeps_28_columns_for_what_was_said)
{
	for (unsigned width = 80; width < 400; width++) {
		struct layout l = show_layout(width, false);

		assert_int_equal(width - what_begins(&l), 28);
		assert_int_equal(l.source_max, l.end_max[0] + 1 + l.end_max[1]);
	}
}

TEST(ends_have_room_for_two_groups_and_a_port_on_the_smallest_terminal)
{
	struct layout l = show_layout(1, false);

	assert_int_equal(l.end_max[0], strlen("2001-b19e"));
	assert_int_equal(l.end_max[1], strlen("[2001-b19e]:65535"));
	l = show_layout(1, true);
	assert_int_equal(l.end_max[0], strlen("[2001-b19e]:65535"));
}

TEST(outside_of_terminals_nothing_is_shortened)
{
	for (int wide = 0; wide < 2; wide++) {
		struct layout l = show_layout(0, wide);

		assert_true(l.end_max[0] == SIZE_MAX && l.end_max[1] == SIZE_MAX);
		assert_true(l.what && l.client_port);
	}
}

TEST_MAIN
