// SPDX-License-Identifier: Apache-2.0
/* A disk that fails: a log that cannot be made leaves nothing, and a commit that fails acknowledges
 * nothing and is the last. */
#include "rowlog/log_test.h"

static const struct stream other = { 7, 2, 3 };

struct plan {
	enum disk_call call;
	int answer;
	size_t keep;
	size_t asked[DISK_CALLS];
};

static int ask(void *owner, enum disk_call call, int fd, const char *name, uint64_t at, size_t *n)
{
	struct plan *plan = owner;

	(void)fd;
	(void)name;
	(void)at;
	plan->asked[call]++;
	if (call != plan->call)
		return 0;
	*n = size_min(*n, plan->keep);
	return plan->answer;
}

static struct plan plan;
static const struct disk_fault fault = { ask, &plan };

static void inject(enum disk_call call, int answer, size_t keep)
{
	plan = (struct plan){ .call = call, .answer = answer, .keep = keep };
	disk_inject(&fault);
}

TEST(a_log_that_cannot_be_made_leaves_nothing)
{
	static const enum disk_call calls[] = { DISK_CALL_CREATE, DISK_CALL_WRITE, DISK_CALL_SYNC,
						DISK_CALL_RENAME, DISK_CALL_SYNC_DIR };
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	const struct rowlog_conf conf = conf_of(dir, marks);

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		struct rowlog *log = NULL;
		struct err err;

		inject(calls[i], -ENOSPC, SIZE_MAX);
		assert_int_equal(rowlog_create(&conf, &log, &err), -ENOSPC);
		disk_inject(NULL);
		assert_int_equal(err.id, ERR_STORE_FULL);
		assert_non_null(strstr(err.text, NAME));
		assert_null(log);
		assert_int_equal(disk_open(dir, NAME), -ENOENT);
		assert_int_equal(disk_open(dir, NAME ".new"), -ENOENT);
	}
	rowlog_marks_free(marks);
	fd_close(dir);
}

TEST(a_log_that_is_there_is_not_written_over)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	const struct rowlog_conf conf = conf_of(dir, marks);
	struct rowlog *log = new_log(dir, marks), *again = NULL;
	struct seen seen;
	struct err err;

	add_rows(log, &one, 1, 2);
	commit(log);
	rowlog_free(log);
	assert_int_equal(rowlog_create(&conf, &again, &err), -EIO);
	assert_int_equal(err.id, ERR_STORE_IO);
	read_name(dir, NAME, ALL, NULL, &seen);

	assert_string_equal(steps_of(&seen), "MF");
	rowlog_marks_free(marks);
	fd_close(dir);
}

TEST(what_a_crash_left_of_a_new_log_does_not_hinder)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();

	fd_close(disk_create(dir, NAME ".new"));
	rowlog_free(new_log(dir, marks));

	assert_int_equal(disk_open(dir, NAME ".new"), -ENOENT);
	rowlog_marks_free(marks);
	fd_close(dir);
}

static void never_acked(void *owner, const struct rowlog_ack *ack)
{
	(void)owner;
	(void)ack;
	fail();
}

static int move_row(void *owner, const struct row_view *row)
{
	assert_int_equal(rowlog_add(owner, row, AT_NS), 1);
	return 0;
}

/* Rows that wait are taken by the next log, in the order of their numbers. */
static void move_rows(const struct rowlog *from, struct rowlog_marks *marks, int dir)
{
	struct rowlog_conf conf = conf_of(dir, marks);
	struct rowlog *next = NULL;
	struct seen seen;

	conf.first_arrival = rowlog_next_arrival(from);
	assert_int_equal(rowlog_create(&conf, &next, NULL), 0);
	assert_int_equal(rowlog_rows_waiting(from, move_row, next), 0);
	commit(next);
	rowlog_free(next);
	read_name(dir, "00000000000004d4.log", ALL, NULL, &seen);
	assert_string_equal(steps_of(&seen), "MFF");
	assert_int_equal(seen.frame[1].sequence, 5);
	assert_int_equal(seen.frame[1].rows, 3);
	assert_int_equal(seen.frame[2].epoch, other.epoch);
}

/* Fails a commit so, and asserts that the log is finished, that its rows wait and that the next log
 * takes them. */
static void check_finished(enum disk_call call, int answer, size_t keep, enum err_id id)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);
	struct seen seen;
	struct err err;
	size_t rows = 0;

	add_rows(log, &one, 1, 2);
	commit(log);
	add_rows(log, &one, 3, 5);
	add_rows(log, &other, 1, 1);
	inject(call, answer, keep);
	assert_true(rowlog_commit(log, AT_NS, never_acked, NULL, &err) < 0);
	assert_int_equal(err.id, id);
	assert_non_null(strstr(err.text, NAME));

	/* From here on nothing is written or synced. */
	inject(DISK_CALLS, 0, SIZE_MAX);
	assert_int_equal(rowlog_commit(log, AT_NS, never_acked, NULL, &err), -EIO);
	assert_int_equal(err.id, ERR_STORE_IO);
	assert_int_equal(add_row(log, &one, 6), -EIO);
	assert_int_equal(plan.asked[DISK_CALL_WRITE] + plan.asked[DISK_CALL_SYNC], 0);
	disk_inject(NULL);
	assert_int_equal(rowlog_marks_get(marks, 7, 1, 3), 2);
	assert_int_equal(rowlog_next_arrival(log), ARRIVAL + 2);
	assert_true(rowlog_waiting(log, &rows) > 0);
	assert_int_equal(rows, 4);
	move_rows(log, marks, dir);
	rowlog_free(log);
	read_name(dir, NAME, ALL, NULL, &seen);
	assert_true(seen.steps >= 2 && seen.step[1] == ROWLOG_FRAME);
	assert_int_equal(seen.frame[1].sequence, 2);
	rowlog_marks_free(marks);
	fd_close(dir);
}

TEST(a_write_that_fails_finishes_the_log)
{
	check_finished(DISK_CALL_WRITE, -EIO, SIZE_MAX, ERR_STORE_IO);
	check_finished(DISK_CALL_WRITE, -ENOSPC, 100, ERR_STORE_FULL);
}

TEST(a_sync_that_fails_finishes_the_log)
{
	check_finished(DISK_CALL_SYNC, -EIO, SIZE_MAX, ERR_STORE_IO);
	check_finished(DISK_CALL_SYNC, -ENOSPC, SIZE_MAX, ERR_STORE_FULL);
}

TEST(a_commit_is_one_write_and_one_sync)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);

	add_rows(log, &one, 1, 5);
	add_rows(log, &other, 1, 5);
	inject(DISK_CALLS, 0, SIZE_MAX);
	commit(log);
	disk_inject(NULL);

	assert_int_equal(plan.asked[DISK_CALL_WRITE], 1);
	assert_int_equal(plan.asked[DISK_CALL_SYNC], 1);
	rowlog_free(log);
	rowlog_marks_free(marks);
	fd_close(dir);
}

TEST_MAIN
