/* SPDX-License-Identifier: Apache-2.0 */
/* A full disk: what goes, in the written order, and how it comes back. */
#include "store/fault_rig.h"

/* Three hours that are over, as segments, and a row that waits. */
static struct rig *with_hours(void)
{
	struct rig *r = rig_new();

	rig_open(r);
	for (unsigned i = 0; i < 3; i++) {
		rig_add(r, "a", 1, 2);
		rig_compact(r);
		r->now_ns += KEYSTORE_HOUR_NS;
	}
	rig_add(r, "a", 1, 1);
	return r;
}

static unsigned parts_there(const struct rig *r)
{
	return rig_files(r, "segments", ".meta") * 100 + rig_files(r, "segments", ".headers") * 10 +
	       rig_files(r, "segments", ".payload");
}

TEST(the_order_is_written_down)
{
	size_t n = 0;

	while (store_shed_step(n))
		n++;

	assert_int_equal(n, 6);
	assert_non_null(strstr(store_shed_step(0), "PAYLOAD of the oldest hour"));
}

/* After so many commits that failed, what is left: segments of META, HEADERS, PAYLOAD. */
TEST(the_oldest_hours_go_first_part_by_part_and_the_newest_whole_hour_stays)
{
	static const struct {
		unsigned fails, left;
		enum store_full full;
	} order[] = { { 1, 332, FULL_NOT }, { 2, 331, FULL_NOT },     { 3, 330, FULL_NOT },
		      { 4, 320, FULL_NOT }, { 6, 300, FULL_NOT },     { 7, 200, FULL_NOT },
		      { 8, 100, FULL_NOT }, { 9, 100, FULL_PAYLOAD }, { 10, 100, FULL_HEADERS } };

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		struct rig_fault f = { DISK_CALL_WRITE, ".log", -ENOSPC, 0, order[i].fails, 0 };
		struct rig *r = with_hours();

		rig_inject(&f);
		rig_commit(r);

		assert_int_equal(parts_there(r), order[i].left);
		assert_int_equal(r->store->full, order[i].full);
		assert_int_equal(r->acked_rows, 7);
		(void)rig_read(r);
		assert_int_equal(r->rows, order[i].left / 100 * 2 + 1);
		assert_int_equal(r->problems, 0);
		rig_free(r);
	}
}

TEST(what_waits_loses_the_parts_that_new_rows_lose)
{
	struct rig_fault f = { DISK_CALL_WRITE, ".log", -ENOSPC, 0, 10, 0 };
	struct rig *r = with_hours();

	rig_inject(&f);
	rig_commit(r);
	rig_add(r, "b", 2, 1);
	rig_commit(r);

	assert_int_equal(rig_read(r), 4);
	assert_int_equal(r->parts[2], 1);
	assert_int_equal(r->parts[3], 1);
	assert_true(r->store->rows_shed == 1);
	rig_free(r);
}

TEST(at_last_rows_are_refused_and_counted_and_none_is_acknowledged)
{
	struct rig_fault f = { DISK_CALL_WRITE, ".log", -ENOSPC, 0, UINT32_MAX, 0 };
	struct rows_id id = { 2, 1, 0, 1 };
	struct rig *r = with_hours();

	rig_inject(&f);
	assert_int_equal(store_commit(r->store, &r->err), -ENOSPC);
	assert_int_equal(r->err.id, ERR_STORE_FULL);
	assert_int_equal(rig_add_id(r, "b", &id), -ENOSPC);
	assert_int_equal(rig_add_id(r, "b", &id), -ENOSPC);

	assert_true(r->store->rows_refused == 2);
	assert_int_equal(r->acked_rows, 6);
	rig_free(r);
}

TEST(where_there_is_room_again_the_steps_are_taken_back_one_by_one)
{
	struct rig_fault f = { DISK_CALL_WRITE, ".log", -ENOSPC, 0, UINT32_MAX, 0 };
	struct rig *r = with_hours();

	rig_inject(&f);
	assert_int_equal(store_commit(r->store, &r->err), -ENOSPC);
	disk_inject(NULL);
	assert_int_equal(r->store->full, FULL_REFUSE);
	for (int left = FULL_HEADERS; left >= FULL_NOT; left--) {
		r->now_ns += LOOK_NS;
		rig_tick(r);
		assert_int_equal(r->store->full, left);
	}
	r->now_ns += LOOK_NS;
	rig_tick(r);

	assert_int_equal(r->acked_rows, 7); /* what waited all the time */
	rig_add(r, "a", 1, 1);
	rig_commit(r);
	(void)rig_read(r);
	assert_int_equal(r->parts[r->rows - 1], 7);
	rig_free(r);
}

TEST(each_step_is_said_and_entered_in_the_ledger)
{
	struct rig_fault f = { DISK_CALL_WRITE, ".log", -ENOSPC, 0, 9, 0 };
	struct rig *r = with_hours();

	rig_inject(&f);
	rig_commit(r);

	assert_true(rig_says(r, "the disk is full: payload of the hour of"));
	assert_true(rig_says(r, "the disk is full: headers of the hour of"));
	assert_true(rig_says(r, "the disk is full: all of the hour of"));
	assert_true(rig_says(r, "new rows lose PAYLOAD"));
	rig_free(r);
}

TEST_MAIN
