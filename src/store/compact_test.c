/* SPDX-License-Identifier: Apache-2.0 */
/* Logs become segments: when, of what, and what stays when it fails. */
#include "store/fault_rig.h"

TEST(a_log_rests_before_it_becomes_a_segment)
{
	struct rig *r = rig_new();

	rig_open(r);
	r->now_ns += KEYSTORE_HOUR_NS - NS_PER_S;
	rig_add(r, "a", 1, 3);
	r->now_ns += NS_PER_S; /* the hour is over, and the log ends */
	rig_tick(r);
	r->now_ns += STORE_REST_NS - NS_PER_S - 1;
	rig_tick(r);
	assert_int_equal(rig_files(r, "segments", ".meta"), 0);
	r->now_ns += 1;
	rig_tick(r);

	assert_int_equal(rig_files(r, "segments", ".meta"), 1);
	assert_int_equal(rig_read(r), 3);
	assert_int_equal(r->parts[0], 7);
	rig_free(r);
}

TEST(the_log_that_is_written_to_is_no_segment_however_old_its_rows_are)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 3);
	r->now_ns += KEYSTORE_HOUR_NS - 1;
	rig_tick(r);

	assert_int_equal(rig_files(r, "segments", ".meta"), 0);
	rig_free(r);
}

TEST(imports_need_no_rest)
{
	struct rig *r = rig_new();

	r->conf.rest_ns = 0;
	rig_open(r);
	rig_add(r, "a", 1, 3);
	r->now_ns += KEYSTORE_HOUR_NS;
	rig_tick(r);

	assert_int_equal(rig_files(r, "segments", ".meta"), 1);
	rig_free(r);
}

TEST(one_log_becomes_a_segment_in_each_call)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 3);
	rig_add(r, "b", 2, 3);
	r->now_ns += KEYSTORE_HOUR_NS + STORE_REST_NS;
	assert_int_equal(store_commit(r->store, &r->err), 0);
	r->now_ns += STORE_REST_NS;

	assert_int_equal(store_tick(r->store, &r->err), 1);
	assert_int_equal(rig_files(r, "segments", ".meta"), 1);
	assert_int_equal(store_tick(r->store, &r->err), 0);
	assert_int_equal(rig_files(r, "segments", ".meta"), 2);
	rig_free(r);
}

TEST(a_segment_has_the_rows_of_its_log_in_their_order)
{
	struct rig *r = rig_new();

	rig_open(r);
	for (unsigned i = 0; i < 3; i++) {
		rig_add(r, "a", 1, 2);
		rig_add(r, "a", 2, 2);
		rig_commit(r);
	}
	rig_compact(r);

	assert_int_equal(rig_read(r), 12);
	for (size_t i = 1; i < r->rows; i++)
		assert_true(r->arrival[i] > r->arrival[i - 1]);
	rig_close(r);
	assert_int_equal(rig_verify(r), 0);
	rig_free(r);
}

TEST(compacting_twice_and_compacting_nothing_changes_nothing)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_compact(r);
	assert_int_equal(rig_read(r), 0);
	rig_add(r, "a", 1, 2);
	rig_compact(r);
	rig_compact(r);

	assert_int_equal(rig_read(r), 2);
	assert_int_equal(rig_files(r, "segments", ".meta"), 1);
	rig_free(r);
}

TEST(a_part_whose_key_was_destroyed_is_left_out)
{
	struct rig *r = rig_new();
	const struct key_match match = { .part = PART_PAYLOAD, .hour_to = INT64_MAX };

	rig_open(r);
	rig_add(r, "a", 1, 2);
	assert_int_equal(store_destroy(r->store, &match, &r->err), 1);
	rig_compact(r);

	assert_int_equal(rig_read(r), 2);
	assert_int_equal(r->parts[0], 3);
	assert_int_equal(rig_files(r, "segments", ".payload"), 0);
	rig_close(r);
	assert_int_equal(rig_verify(r), 0);
	rig_free(r);
}

TEST(a_log_that_does_not_become_a_segment_is_read_and_tried_again_later)
{
	struct rig_fault f = { DISK_CALL_WRITE, ".meta.new", -ENOSPC, 0, UINT32_MAX, 0 };
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_commit(r);
	r->now_ns += KEYSTORE_HOUR_NS;
	rig_inject(&f);
	rig_tick(r);
	assert_true(f.seen > 0);
	assert_true(rig_says(r, "does not become a segment yet"));
	assert_int_equal(rig_read(r), 2);

	disk_inject(NULL);
	rig_tick(r);
	assert_int_equal(rig_files(r, "segments", ".meta"), 0);
	r->now_ns += STORE_REST_NS;
	rig_tick(r);
	assert_int_equal(rig_files(r, "segments", ".meta"), 1);
	assert_int_equal(rig_read(r), 2);
	rig_free(r);
}

TEST(an_error_in_the_way_is_an_error_of_compacting_all)
{
	struct rig_fault f = { DISK_CALL_SYNC, ".headers.new", -EIO, 0, 1, 0 };
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_inject(&f);
	assert_true(store_compact(r->store, &r->err) < 0);
	assert_int_equal(r->err.id, ERR_STORE_IO);
	rig_compact(r);

	assert_int_equal(rig_read(r), 2);
	rig_free(r);
}

/* The names of the first attempt may be durable, or not, when the second one dies within its own.
 */
TEST(a_second_attempt_that_dies_leaves_no_mixture)
{
	for (unsigned after = 0; after < 3; after++) {
		struct rig_fault sync = { DISK_CALL_SYNC_DIR, "/segments", -EIO, after, 1, 0 };
		struct rig_fault die = { DISK_CALL_RENAME, ".headers", -EIO, 0, 1, 0 };
		struct rig *r = rig_new();

		rig_open(r);
		rig_add(r, "a", 1, 5);
		rig_commit(r);
		rig_inject(&sync);
		(void)!store_compact(r->store, &r->err);
		rig_inject(&die);
		(void)!store_compact(r->store, &r->err);
		rig_kill(r);
		disk_inject(NULL);

		for (unsigned i = 0; i < 2; i++) {
			assert_int_equal(rig_read(r), 5);
			for (size_t k = 0; k < r->rows; k++)
				assert_int_equal(r->parts[k], 7);
			if (i == 0) {
				rig_open(r);
				rig_compact(r);
			}
		}
		rig_free(r);
	}
}

TEST_MAIN
