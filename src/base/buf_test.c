/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of buf: it fills up to its ceiling exactly, refuses whole puts, and is always followed by a
 * NUL.
 */
#include "base/base.h"
#include "t.h"

#define BUF __attribute__((cleanup(buf_done_ptr_cleanup))) struct buf

TEST(buf_takes_its_ceiling_exactly_and_no_byte_more)
{
	BUF b;

	buf_init(&b, 4);

	assert_int_equal(buf_put(&b, STR("abcd")), 0);
	assert_false(b.full);
	assert_int_equal(buf_put_char(&b, 'e'), -ENOBUFS);
	assert_true(b.full);
	assert_str(buf_str(&b), "abcd");
	assert_int_equal(b.p[4], 0);
}

TEST(buf_that_was_full_refuses_what_would_fit)
{
	BUF b;

	buf_init(&b, 8);
	assert_int_equal(buf_put(&b, STR("abcd")), 0);
	assert_int_equal(buf_put(&b, STR("too long")), -ENOBUFS);

	assert_int_equal(buf_put_char(&b, 'e'), -ENOBUFS);
	assert_int_equal(buf_printf(&b, "x"), -ENOBUFS);
	assert_int_equal(buf_put(&b, STR("")), -ENOBUFS);
	assert_str(buf_str(&b), "abcd");
}

TEST(buf_clear_makes_it_take_again)
{
	BUF b;

	buf_init(&b, 4);
	assert_int_equal(buf_put(&b, STR("abcde")), -ENOBUFS);
	buf_clear(&b);

	assert_int_equal(buf_put(&b, STR("wxyz")), 0);
	assert_str(buf_str(&b), "wxyz");
}

TEST(buf_grows_over_many_small_puts)
{
	BUF b;

	buf_init(&b, 100000);
	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(buf_put_char(&b, (char)('a' + i % 26)), 0);

	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(b.p[i], 'a' + i % 26);
	assert_int_equal(b.len, 100000);
	assert_int_equal(b.room, 100000);
}

TEST(buf_put_of_nothing_gives_an_empty_text)
{
	BUF b;

	buf_init(&b, 4);

	assert_int_equal(buf_put(&b, (struct str){ NULL, 0 }), 0);
	assert_non_null(b.p);
	assert_string_equal(b.p, "");
}

TEST(buf_numbers_are_written_whole)
{
	BUF b;

	buf_init(&b, 64);
	(void)buf_put_u64(&b, 0);
	(void)buf_put_char(&b, ' ');
	(void)buf_put_u64(&b, UINT64_MAX);

	assert_str(buf_str(&b), "0 18446744073709551615");
}

TEST(buf_printf_grows_for_a_long_text)
{
	BUF b;

	buf_init(&b, 4096);
	assert_int_equal(buf_put(&b, STR("x=")), 0);
	assert_int_equal(buf_printf(&b, "%01000d|", 7), 0);

	assert_int_equal(b.len, 1003);
	assert_int_equal(b.p[1001], '7');
	assert_int_equal(b.p[1002], '|');
	assert_int_equal(b.p[1003], 0);
}

TEST(buf_printf_past_the_ceiling_leaves_what_was_there)
{
	BUF b;

	buf_init(&b, 5);
	assert_int_equal(buf_printf(&b, "%s", "abc"), 0);
	assert_int_equal(buf_printf(&b, "%s", "def"), -ENOBUFS);

	assert_str(buf_str(&b), "abc");
	assert_int_equal(b.p[3], 0);
}

TEST(buf_drop_moves_the_rest_to_the_front)
{
	BUF b;

	buf_init(&b, 16);
	(void)buf_put(&b, STR("hello world"));
	buf_drop(&b, 6);
	assert_string_equal(b.p, "world");
	buf_drop(&b, 5);

	assert_string_equal(b.p, "");
	assert_int_equal(b.len, 0);
}

TEST(buf_done_may_be_called_twice)
{
	struct buf b;

	buf_init(&b, 16);
	(void)buf_put(&b, STR("x"));
	buf_done(&b);
	buf_done(&b);

	assert_null(b.p);
	assert_int_equal(b.len, 0);
}

TEST(buf_extend_makes_room_at_the_end_and_stops_at_the_ceiling)
{
	struct buf b;
	char *p;

	buf_init(&b, 200);
	assert_int_equal(buf_put(&b, STR("ab")), 0);
	p = buf_extend(&b, 198);

	assert_ptr_equal(p, b.p + 2);
	assert_int_equal(b.len, 200);
	assert_int_equal(b.p[200], '\0');
	assert_null(buf_extend(&b, 1));
	assert_true(b.full);
	assert_int_equal(b.len, 200);
	buf_done(&b);
}

TEST_MAIN
