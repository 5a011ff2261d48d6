/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of cur and the loads: byte orders, and that one read past the end spoils all that follow.
 */
#include "base/base.h"
#include "t.h"

static const uint8_t bytes[] = { 0x81, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88, 0x09 };

TEST(cur_reads_both_byte_orders)
{
	struct cur c;

	c = cur_of(bytes, sizeof(bytes));
	assert_int_equal(cur_u8(&c), 0x81);
	c = cur_of(bytes, sizeof(bytes));
	assert_int_equal(cur_u16be(&c), 0x8102);
	assert_int_equal(cur_u16le(&c), 0x0403);
	c = cur_of(bytes, sizeof(bytes));
	assert_true(cur_u32be(&c) == 0x81020304);
	assert_true(cur_u32le(&c) == 0x88070605);
	c = cur_of(bytes, sizeof(bytes));
	assert_true(cur_u64le(&c) == UINT64_C(0x8807060504030281));
	assert_int_equal(c.n, 1);
	assert_true(cur_ok(&c));
}

TEST(cur_reads_its_last_byte_and_no_further)
{
	struct cur c = cur_of(bytes, 4);

	assert_int_equal(cur_u32be(&c), 0x81020304);
	assert_true(cur_ok(&c));
	assert_int_equal(cur_u8(&c), 0);
	assert_false(cur_ok(&c));
}

TEST(cur_that_is_bad_answers_zero_even_where_bytes_are_left)
{
	struct cur c = cur_of(bytes, 3);

	assert_int_equal(cur_u32le(&c), 0);
	assert_int_equal(cur_u8(&c), 0);
	assert_int_equal(cur_u16be(&c), 0);
	assert_null(cur_take(&c, 0));
	assert_false(cur_ok(&c));
	assert_int_equal(c.n, 3);
}

TEST(cur_skip_refuses_to_leave_its_bytes)
{
	struct cur c = cur_of(bytes, 3);

	cur_skip(&c, 3);
	assert_true(cur_ok(&c));
	cur_skip(&c, SIZE_MAX);
	assert_false(cur_ok(&c));
}

TEST_MAIN
