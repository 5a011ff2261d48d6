/* SPDX-License-Identifier: Apache-2.0 */
/* Taking rows and making them durable: commits, hours, clusters, duplicates, commits that fail. */
#include "store/fault_rig.h"

/* ---- Commits --------------------------------------------------------------------------------- */

TEST(a_row_that_was_committed_is_read_back_with_all_its_parts)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 3);
	assert_int_equal(r->acked_rows, 0);
	rig_commit(r);

	assert_int_equal(r->acked_rows, 3);
	assert_int_equal(r->acked_sequence, 3);
	assert_int_equal(rig_read(r), 3);
	assert_int_equal(r->parts[2], 7);
	assert_int_equal(r->arrival[0], 2); /* 1 is the number of the log */
	assert_int_equal(r->arrival[2], 4);
	rig_close(r);
	assert_int_equal(rig_verify(r), 0);
	rig_free(r);
}

TEST(a_row_that_waits_is_committed_when_it_waited_long_enough_and_not_before)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 1);
	r->now_ns += STORE_COMMIT_NS - 1;
	rig_tick(r);
	assert_int_equal(r->acked_rows, 0);
	r->now_ns += 1;
	rig_tick(r);

	assert_int_equal(r->acked_rows, 1);
	rig_free(r);
}

TEST(a_clock_that_goes_back_makes_a_commit_due)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 1);
	r->now_ns -= 1;
	rig_tick(r);

	assert_int_equal(r->acked_rows, 1);
	rig_free(r);
}

TEST(a_full_frame_is_committed_at_once)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 16384);
	rig_commit(r);

	assert_true(r->acked_rows == 16384);
	assert_true(r->store->next_arrival == 16386);
	rig_free(r);
}

TEST(closing_commits_and_abandoning_does_not)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_close(r);
	assert_int_equal(rig_read(r), 2);
	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_kill(r);

	assert_int_equal(rig_read(r), 2);
	rig_free(r);
}

TEST(a_row_that_is_there_already_is_told_and_left_out)
{
	struct rig *r = rig_new();
	struct rows_id id = { 1, 1, 0, 2 }, older = { 1, 1, 0, 1 }, other = { 1, 2, 0, 1 };

	rig_open(r);
	assert_int_equal(rig_add_id(r, "a", &id), 1);
	assert_int_equal(rig_add_id(r, "a", &id), 0);
	rig_commit(r);
	assert_int_equal(rig_add_id(r, "a", &id), 0);
	assert_int_equal(rig_add_id(r, "a", &older), 0);
	assert_int_equal(rig_add_id(r, "a", &other), 1);
	rig_close(r);

	assert_int_equal(rig_read(r), 2);
	rig_free(r);
}

TEST(rows_that_are_all_there_already_begin_no_log)
{
	struct rig *r = rig_new();
	struct rows_id id = { 1, 1, 0, 1 };

	rig_open(r);
	rig_add(r, "a", 1, 1);
	rig_close(r);
	rig_open(r);
	assert_int_equal(rig_add_id(r, "a", &id), 0);

	assert_int_equal(rig_files(r, "log", ".log"), 1);
	rig_free(r);
}

/* ---- Logs ------------------------------------------------------------------------------------ */

TEST(a_new_hour_of_arrival_begins_a_new_log_for_every_cluster)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 1);
	rig_add(r, "b", 2, 1);
	r->now_ns += KEYSTORE_HOUR_NS - 1;
	rig_add(r, "a", 1, 1);
	assert_int_equal(rig_files(r, "log", ".log"), 2);
	r->now_ns += 1;
	rig_add(r, "a", 1, 1);
	assert_int_equal(r->acked_rows, 3);
	assert_int_equal(rig_files(r, "log", ".log"), 3);
	rig_commit(r);

	assert_int_equal(rig_read(r), 4);
	rig_free(r);
}

TEST(arrival_numbers_of_all_clusters_are_one_ascending_row_of_numbers)
{
	struct rig *r = rig_new();
	uint64_t last = 0;

	rig_open(r);
	for (unsigned i = 0; i < 6; i++) {
		rig_add(r, i % 2 ? "b" : "a", 1 + i % 2, 1 + i % 3);
		rig_commit(r);
		/* Whoever reads on behind the last number that he saw misses nothing. */
		assert_true(r->store->next_arrival > last);
		last = r->store->next_arrival;
	}

	assert_int_equal(rig_read(r), 12);
	rig_free(r);
}

/* A row that does not compress. */
static size_t make_large(char row[ROW_MAX], uint64_t sequence)
{
	const size_t n = ROW_MAX - 4096;
	uint64_t x = sequence;

	memset(row, 0, 40);
	rows_put(row, 24 + 8 + 8 + n, 4);
	rows_put(row + 4, ROWS_KIND, 2);
	rows_put(row + 6, 1, 2);
	rows_put(row + 8, 1, 8);
	rows_put(row + 16, sequence, 8);
	(void)rows_field(row, 32, 0, ROWS_FIELD_PAYLOAD, FIELD_STR, 4 + n);
	rows_put(row + 32, n + 4, 4);
	for (size_t i = 36; i < 40 + n; i += 4)
		rows_put(row + i, x = hash_mix(x, i), 4);
	return 40 + n;
}

TEST(a_log_that_is_full_is_followed_by_another)
{
	static char row[ROW_MAX];
	struct rig *r = rig_new();
	struct row_view v;

	rig_open(r);
	for (uint64_t sequence = 1; rig_files(r, "log", ".log") < 2; sequence++) {
		size_t n = make_large(row, sequence);

		assert_int_equal(row_view((struct str){ row, n }, &v), 0);
		assert_int_equal(store_add(r->store, "a", &v, &r->err), 1);
		assert_true(sequence * n < 2 * ROWLOG_FILE_BYTES);
	}

	assert_true(r->store->files.v[0].log_bytes >= ROWLOG_FILE_BYTES);
	assert_true(r->store->files.v[0].log_bytes < ROWLOG_FILE_BYTES + 2 * ROWLOG_FRAME_BYTES);
	rig_free(r);
}

TEST(so_many_clusters_are_taken_at_once_and_no_more)
{
	struct rig *r = rig_new();
	struct rows_id id = { 9, 1, 0, 1 };
	char name[16];

	rig_open(r);
	for (unsigned i = 0; i < STORE_CLUSTERS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "c%u", i);
		id.agent = 10 + i;
		assert_int_equal(rig_add_id(r, name, &id), 1);
	}
	id.agent = 9;
	assert_int_equal(rig_add_id(r, "more", &id), -E2BIG);
	assert_int_equal(r->err.id, ERR_LIMIT);
	r->now_ns += KEYSTORE_HOUR_NS; /* all logs end */

	assert_int_equal(rig_add_id(r, "more", &id), 1);
	rig_free(r);
}

TEST(a_bad_name_of_a_cluster_is_refused)
{
	struct rig *r = rig_new();
	struct rows_id id = { 1, 1, 0, 1 };
	char name[KEYSTORE_CLUSTER_MAX + 2];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	rig_open(r);

	assert_int_equal(rig_add_id(r, "", &id), -EINVAL);
	assert_int_equal(rig_add_id(r, name, &id), -EINVAL);
	assert_int_equal(rig_add_id(r, "../x", &id), -EINVAL);
	name[KEYSTORE_CLUSTER_MAX] = '\0';
	assert_int_equal(rig_add_id(r, name, &id), 1);
	rig_free(r);
}

TEST(what_is_no_row_is_refused)
{
	struct rig *r = rig_new();
	struct rows_id id = { 1, 1, 0, 0 };

	rig_open(r);

	assert_true(rig_add_id(r, "a", &id) < 0);
	assert_int_equal(r->err.id, ERR_INTERNAL);
	rig_free(r);
}

TEST(a_row_of_more_fields_than_a_segment_takes_is_refused)
{
	static char row[24 + 129 * 16];
	struct rig *r = rig_new();
	struct row_view v;

	for (unsigned fields = SEGMENT_COLUMNS_MAX; fields <= SEGMENT_COLUMNS_MAX + 1; fields++) {
		size_t at = 24 + (size_t)fields * 8;

		memset(row, 0, sizeof(row));
		for (unsigned i = 0; i < fields; i++)
			at = rows_field(row, at, i, 50000 + i, FIELD_U64, 8);
		rows_put(row, at, 4);
		rows_put(row + 4, ROWS_KIND, 2);
		rows_put(row + 6, fields, 2);
		rows_put(row + 8, 1, 8);
		rows_put(row + 16, fields, 8);
		assert_int_equal(row_view((struct str){ row, at }, &v), 0);
		if (!r->store)
			rig_open(r);

		assert_int_equal(store_add(r->store, "a", &v, &r->err),
				 fields > SEGMENT_COLUMNS_MAX ? -E2BIG : 1);
	}
	rig_compact(r);
	rig_close(r);
	assert_int_equal(rig_verify(r), 0);
	rig_free(r);
}

/* ---- Commits that fail ----------------------------------------------------------------------- */

/* A commit whose sync fails may have left its rows in the file, whole. */
static struct rig *after_failed_sync(struct rig_fault *f)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_commit(r);
	rig_add(r, "a", 1, 3);
	rig_inject(f);
	return r;
}

TEST(rows_of_a_failed_commit_go_to_the_next_log_and_are_there_once)
{
	struct rig_fault f = { DISK_CALL_SYNC, ".log", -EIO, 0, 1, 0 };
	struct rig *r = after_failed_sync(&f);

	rig_commit(r);
	assert_int_equal(r->acked_rows, 5);
	assert_int_equal(rig_files(r, "log", ".log"), 2);
	assert_int_equal(rig_read(r), 5);

	rig_kill(r);
	assert_int_equal(rig_read(r), 5);
	rig_open(r);
	assert_int_equal(rig_read(r), 5);
	rig_compact(r);
	assert_int_equal(rig_read(r), 5);
	rig_close(r);
	assert_int_equal(rig_verify(r), 0);
	rig_free(r);
}

TEST(the_first_commit_of_a_log_may_fail_like_any_other)
{
	struct rig_fault f = { DISK_CALL_SYNC, ".log", -EIO, 0, 1, 0 };
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 3);
	rig_inject(&f);
	rig_commit(r);
	assert_int_equal(r->acked_rows, 3);
	assert_int_equal(rig_read(r), 3);
	rig_kill(r);
	rig_open(r);
	rig_compact(r);

	assert_int_equal(rig_read(r), 3);
	rig_free(r);
}

TEST(other_clusters_go_on_while_a_commit_of_one_failed)
{
	struct rig_fault f = { DISK_CALL_SYNC, ".log", -EIO, 0, 2, 0 };
	struct rig *r = after_failed_sync(&f);

	assert_true(store_commit(r->store, &r->err) < 0);
	assert_int_equal(r->err.id, ERR_STORE_IO);
	assert_int_equal(f.seen, 2);
	assert_int_equal(r->acked_rows, 2);
	rig_add(r, "b", 2, 4);
	rig_commit(r); /* both */
	rig_add(r, "a", 1, 1);
	rig_commit(r);

	assert_int_equal(r->acked_rows, 2 + 4 + 3 + 1);
	assert_int_equal(rig_read(r), 10);
	rig_close(r);
	rig_open(r);
	rig_compact(r);
	assert_int_equal(rig_read(r), 10);
	rig_free(r);
}

TEST(a_failed_commit_before_the_end_leaves_rows_that_are_there_once_when_sent_again)
{
	struct rig_fault f = { DISK_CALL_SYNC, ".log", -EIO, 0, 2, 0 };
	struct rig *r = after_failed_sync(&f);
	struct rows_id id = { 1, 1, 0, 3 };

	assert_true(store_commit(r->store, &r->err) < 0);
	rig_kill(r);
	rig_open(r);
	for (; id.sequence <= 5; id.sequence++)
		assert_true(rig_add_id(r, "a", &id) >= 0);
	rig_close(r);

	assert_int_equal(rig_read(r), 5);
	rig_free(r);
}

static int ask_two(void *owner, enum disk_call call, int fd, const char *name, uint64_t at,
		   size_t *n)
{
	struct rig_fault *two = owner;
	int r = rig_ask(&two[0], call, fd, name, at, n);

	return r ? r : rig_ask(&two[1], call, fd, name, at, n);
}

TEST(what_a_void_frame_holds_is_taken_when_it_is_sent_again)
{
	struct rig_fault two[] = { { DISK_CALL_SYNC, ".log", -EIO, 0, 1, 0 },
				   { DISK_CALL_WRITE, ".log", -EIO, 1, 1, 0 } };
	const struct disk_fault fault = { ask_two, two };
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_commit(r);
	rig_add(r, "a", 1, 3);
	disk_inject(&fault);
	assert_true(store_commit(r->store, &r->err) < 0);
	disk_inject(NULL);
	rig_kill(r);
	assert_int_equal(rig_read(r), 2);
	rig_open(r);
	r->sequence[1] = 2;
	rig_add(r, "a", 1, 3); /* each of them is taken */
	rig_commit(r);

	assert_int_equal(rig_read(r), 5);
	rig_free(r);
}

/* Of two logs in a row nothing counts: the younger tells so of the older one, and may not go first.
 */
TEST(two_failed_commits_and_a_crash_double_nothing)
{
	struct rig_fault f = { DISK_CALL_SYNC, ".log", -EIO, 0, 2, 0 };
	struct rig *r = after_failed_sync(&f);

	assert_true(store_commit(r->store, &r->err) < 0);
	disk_inject(NULL);
	rig_commit(r);
	rig_kill(r);
	rig_open(r);
	for (unsigned i = 0; i < 3; i++) {
		rig_tick(r);
		assert_int_equal(rig_read(r), 5);
		r->now_ns += STORE_REST_NS;
	}

	assert_int_equal(rig_files(r, "segments", ".meta"), 2);
	rig_free(r);
}

TEST(a_disk_that_errs_is_tried_again_less_and_less_often)
{
	struct rig_fault f = { DISK_CALL_SYNC, ".log", -EIO, 0, UINT32_MAX, 0 };
	struct rig *r = after_failed_sync(&f);
	struct rows_id id = { 1, 1, 0, 6 };
	int64_t end_ns = r->now_ns + 600 * NS_PER_S;

	assert_true(store_commit(r->store, &r->err) < 0);
	assert_true(rig_add_id(r, "a", &id) < 0); /* not even a file is made for it */
	assert_int_equal(r->err.id, ERR_STORE_IO);
	while (r->now_ns < end_ns) {
		r->now_ns += 50 * NS_PER_MS;
		(void)!store_tick(r->store, &r->err);
	}
	assert_true(f.seen > 20 && f.seen < 60);
	assert_true(rig_files(r, "log", ".log") < 60);

	disk_inject(NULL);
	r->now_ns += PATIENCE_MAX_NS;
	rig_tick(r);
	assert_int_equal(r->acked_rows, 5);
	assert_int_equal(rig_add_id(r, "a", &id), 1);
	rig_commit(r);
	assert_int_equal(rig_read(r), 6);
	r->now_ns += STORE_REST_NS;
	rig_compact(r);
	assert_int_equal(rig_read(r), 6);
	assert_int_equal(rig_files(r, "log", ".log"), 1); /* of marks */
	rig_free(r);
}

TEST(a_log_that_cannot_be_made_keeps_its_rows_waiting)
{
	struct rig_fault f = { DISK_CALL_SYNC, ".log", -EIO, 0, 1, 0 };
	struct rig_fault none = { DISK_CALL_CREATE, ".log.new", -EIO, 0, UINT32_MAX, 0 };
	struct rig *r = after_failed_sync(&f);

	f.times = 2;
	assert_true(store_commit(r->store, &r->err) < 0);
	rig_inject(&none);
	assert_true(store_commit(r->store, &r->err) < 0);
	assert_int_equal(r->acked_rows, 2);
	disk_inject(NULL);
	rig_commit(r);

	assert_int_equal(r->acked_rows, 5);
	assert_int_equal(rig_read(r), 5);
	rig_free(r);
}

TEST_MAIN
