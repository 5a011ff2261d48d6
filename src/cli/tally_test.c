/* SPDX-License-Identifier: Apache-2.0 */
/* Tallies of --counts: what they print, in which order, and what they do at their limits. */
#include <stdlib.h>

#include "cli/tally.h"
#include "t.h"

static char *printed(struct tally *t, void (*print)(struct tally *, unsigned, FILE *), unsigned top)
{
	static char text[4096];
	FILE *f = fmemopen(text, sizeof(text), "w");

	text[0] = '\0';
	assert_non_null(f);
	print(t, top, f);
	assert_int_equal(fclose(f), 0);
	return text;
}

TEST(the_most_frequent_come_first_and_equal_ones_by_name)
{
	struct tally t = { 0 };

	tally_add(&t, STR("b"), 1);
	tally_add(&t, STR("c"), 2);
	tally_add(&t, STR("a"), 1);
	tally_add(&t, STR("c"), 3);

	assert_string_equal(printed(&t, tally_print, 0), "c:5,a:1,b:1");
	assert_string_equal(printed(&t, tally_print, 2), "c:5,a:1");
	tally_done(&t);
}

TEST(names_alone_stand_in_the_order_of_their_bytes)
{
	struct tally t = { 0 };

	tally_add(&t, STR("b"), 9);
	tally_add(&t, STR("B"), 1);
	tally_add(&t, STR("bb"), 1);

	assert_string_equal(printed(&t, tally_print_names, 0), "B,b,bb");
	assert_string_equal(printed(&t, tally_print_names, 1), "B");
	tally_done(&t);
}

TEST(nothing_prints_as_nothing)
{
	struct tally t = { 0 };

	assert_string_equal(printed(&t, tally_print, 0), "");
	tally_done(&t);
}

TEST(printing_does_not_end_it)
{
	struct tally t = { 0 };

	tally_add(&t, STR("z"), 1);
	tally_add(&t, STR("a"), 2);
	(void)printed(&t, tally_print, 0);
	tally_add(&t, STR("z"), 5);

	assert_string_equal(printed(&t, tally_print, 0), "z:6,a:2");
	tally_done(&t);
}

static void add_number(struct tally *t, unsigned i)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "n%u", i);
	tally_add(t, str_of(name), 1);
}

TEST(what_is_beyond_the_limit_is_counted_together)
{
	struct tally t = { 0 };

	for (unsigned i = 0; i < TALLY_MAX - 1; i++)
		add_number(&t, i);
	assert_string_equal(printed(&t, tally_print, 1), "n0:1");
	for (unsigned i = TALLY_MAX; i < TALLY_MAX + 5; i++)
		add_number(&t, i);
	add_number(&t, 7);

	assert_string_equal(printed(&t, tally_print, 3), "others:5,n7:2,n0:1");
	tally_done(&t);
}

TEST(a_name_is_kept_whole_up_to_its_limit)
{
	static char name[TALLY_NAME_MAX + 1], wanted[TALLY_NAME_MAX + 3];
	struct tally t = { 0 };

	memset(name, 'x', sizeof(name));
	memset(wanted, 'x', TALLY_NAME_MAX);
	memcpy(wanted + TALLY_NAME_MAX, ":2", 3);
	tally_add(&t, (struct str){ name, TALLY_NAME_MAX }, 1);
	tally_add(&t, (struct str){ name, TALLY_NAME_MAX + 1 }, 1);

	assert_string_equal(printed(&t, tally_print, 0), wanted);
	tally_done(&t);
}

TEST_MAIN
