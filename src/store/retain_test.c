/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept: by age in whole hours, by bytes the newest. */
#include "store/fault_rig.h"

static struct rig *with_hours(unsigned hours)
{
	struct rig *r = rig_new();

	r->conf.keep = (struct store_keep){ .part_ns = { 6 * KEYSTORE_HOUR_NS, 4 * KEYSTORE_HOUR_NS,
							 2 * KEYSTORE_HOUR_NS },
					    .bytes = GIB };
	rig_open(r);
	for (unsigned i = 0; i < hours; i++) {
		rig_add(r, "a", 1, 5);
		rig_compact(r);
		r->now_ns += KEYSTORE_HOUR_NS;
	}
	return r;
}

static void expect_parts(struct rig *r, int64_t now_ns, unsigned parts)
{
	r->now_ns = now_ns;
	rig_tick(r);
	assert_int_equal(rig_read(r), parts ? 5 : 0);
	for (size_t i = 0; i < r->rows; i++)
		assert_int_equal(r->parts[i], parts);
	assert_int_equal(r->problems, 0);
}

/* Rows of the first minute of an hour are kept as long as those of its last. */
TEST(each_part_goes_when_its_whole_hour_is_old_enough)
{
	struct rig *r = with_hours(1);
	const int64_t end_ns = RIG_START_NS + KEYSTORE_HOUR_NS;

	expect_parts(r, end_ns + 2 * KEYSTORE_HOUR_NS - 1, 7);
	expect_parts(r, end_ns + 2 * KEYSTORE_HOUR_NS, 3);
	expect_parts(r, end_ns + 4 * KEYSTORE_HOUR_NS - 1, 3);
	expect_parts(r, end_ns + 4 * KEYSTORE_HOUR_NS, 1);
	expect_parts(r, end_ns + 6 * KEYSTORE_HOUR_NS - 1, 1);
	expect_parts(r, end_ns + 6 * KEYSTORE_HOUR_NS, 0);

	assert_true(rig_says(r, "payload up to the hour of 2025-11-24 16:00 is gone") ||
		    rig_says(r, "up to the hour of"));
	rig_close(r);
	assert_int_equal(rig_verify(r), 0);
	rig_free(r);
}

TEST(rows_in_logs_are_too_old_like_those_in_segments)
{
	struct rig *r = with_hours(0);

	rig_add(r, "a", 1, 5);
	rig_commit(r);
	r->conf.rest_ns = INT64_MAX; /* no effect on a store that is open */
	r->store->conf.rest_ns = INT64_MAX;

	expect_parts(r, RIG_START_NS + 4 * KEYSTORE_HOUR_NS, 3);
	expect_parts(r, RIG_START_NS + 8 * KEYSTORE_HOUR_NS, 0);
	rig_free(r);
}

TEST(the_current_hour_never_goes_however_little_is_kept)
{
	struct rig *r = rig_new();

	r->conf.keep = (struct store_keep){ .part_ns = { 1, 1, 1 }, .bytes = 1 };
	rig_open(r);
	rig_add(r, "a", 1, 5);
	rig_compact(r);
	rig_add(r, "a", 1, 5);
	rig_commit(r);
	assert_int_equal(store_retain(r->store, &r->err), 0);
	assert_int_equal(rig_read(r), 10);
	r->now_ns += KEYSTORE_HOUR_NS;
	assert_int_equal(store_retain(r->store, &r->err), 0);

	assert_int_equal(rig_read(r), 0);
	rig_free(r);
}

TEST(a_clock_that_went_back_expires_nothing)
{
	struct rig *r = with_hours(1);

	r->now_ns = 0;
	rig_tick(r);

	assert_int_equal(rig_read(r), 5);
	rig_free(r);
}

TEST(a_clock_that_jumps_ahead_holds_what_is_old_for_an_hour)
{
	struct store_clock c = { .wall_ns = 0 };
	int64_t wall = RIG_START_NS, mono = 1000;

	assert_false(store_clock_holds(&c, wall, mono)); /* the first look knows no jump */
	assert_false(store_clock_holds(&c, wall += CLOCK_JUMP_NS + 5, mono += 5));
	assert_true(store_clock_holds(&c, wall += CLOCK_JUMP_NS + 6, mono += 5));
	assert_true(store_clock_holds(&c, wall += 5, mono += CLOCK_HOLD_NS - 1));
	assert_false(store_clock_holds(&c, wall += 5, mono += 1));
	assert_false(store_clock_holds(&c, wall += 3 * CLOCK_JUMP_NS, mono += 3 * CLOCK_JUMP_NS));
	assert_false(store_clock_holds(&c, wall - 5 * CLOCK_JUMP_NS, mono));
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

static uint64_t bytes_of(const struct rig *r)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < r->store->files.n; i++)
		bytes += store_file_bytes(&r->store->files.v[i]);
	return bytes;
}

TEST(the_oldest_hours_go_until_the_rest_fits)
{
	struct rig *r = with_hours(2);
	uint64_t all = bytes_of(r);

	r->store->keep.bytes = all;
	assert_int_equal(store_retain(r->store, &r->err), 0);
	assert_int_equal(rig_read(r), 10);
	r->store->keep.bytes = all - 1;
	assert_int_equal(store_retain(r->store, &r->err), 0);

	assert_int_equal(rig_read(r), 5);
	assert_int_equal(r->id[0].sequence, 6); /* of the newer hour */
	assert_true(bytes_of(r) <= all - 1);
	assert_true(rig_says(r, "there is more than may be kept"));
	rig_free(r);
}

TEST(all_hours_but_the_current_one_go_when_nothing_fits)
{
	struct rig *r = with_hours(2);

	rig_add(r, "a", 1, 3);
	rig_commit(r);
	r->store->keep.bytes = 1;
	assert_int_equal(store_retain(r->store, &r->err), 0);

	assert_int_equal(rig_read(r), 3);
	rig_free(r);
}

TEST(logs_become_segments_before_hours_go_for_their_bytes)
{
	struct rig *r = with_hours(1);
	uint64_t all;

	rig_add(r, "a", 1, 200);
	rig_commit(r);
	r->now_ns += KEYSTORE_HOUR_NS;
	assert_int_equal(store_turn_hour(r->store, r->now_ns, &r->err), 0);
	r->now_ns += STORE_REST_NS;
	all = bytes_of(r);
	r->store->keep.bytes = all - 1;
	assert_int_equal(store_retain(r->store, &r->err), 0);

	assert_true(bytes_of(r) < all);
	assert_int_equal(rig_read(r), 205);
	rig_free(r);
}

TEST(an_hour_that_alone_is_too_much_is_said_once)
{
	struct rig *r = with_hours(0);

	rig_add(r, "a", 1, 3);
	rig_commit(r);
	r->store->keep.bytes = 1;
	assert_int_equal(store_retain(r->store, &r->err), 0);
	assert_true(rig_says(r, "the current hour alone"));
	buf_clear(&r->said);
	assert_int_equal(store_retain(r->store, &r->err), 0);

	assert_false(rig_says(r, "the current hour alone"));
	rig_free(r);
}

TEST(a_tick_keeps_the_bytes_in_their_limit_too)
{
	struct rig *r = with_hours(2);

	r->store->keep.bytes = bytes_of(r) - 1;
	rig_add(r, "a", 1, 1);
	r->now_ns += STORE_COMMIT_NS;
	rig_tick(r);

	assert_int_equal(rig_read(r), 6);
	rig_free(r);
}

TEST_MAIN
