// SPDX-License-Identifier: Apache-2.0
/*
 * The log of version 1 in tests/formats/log.v1 stays readable, value by value. The same rows are
 * written here today as well; with REDOUBT_MAKE_GOLDEN=DIRECTORY that log is left there.
 */
#include "rowlog/log_test.h"

static const struct stream other = { 8, 2, 0 };

static void write_golden(int dir)
{
	struct rowlog_marks *marks = new_marks();
	const struct rowlog_mark known[] = { { 5, 6, 7, 8, AT_NS - 1 },
					     { 9, 9, 255, 1000, AT_NS } };
	struct rowlog *log;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		assert_int_equal(rowlog_marks_raise(marks, &known[i]), 0);
	log = new_log(dir, marks);
	add_rows(log, &one, 1, 12);
	add_rows(log, &other, 1, 2);
	commit(log);
	rowlog_shed(log, PAYLOAD);
	rowlog_number(log, ARRIVAL + 100);
	add_rows(log, &one, 13, 18);
	commit(log);
	rowlog_free(log);
	rowlog_marks_free(marks);
}

static void assert_frame(const struct rowlog_frame *frame, const struct rowlog_frame *want)
{
	assert_int_equal(frame->number, want->number);
	assert_int_equal(frame->first_arrival, want->first_arrival);
	assert_int_equal(frame->rows, want->rows);
	assert_int_equal(frame->agent, want->agent);
	assert_int_equal(frame->epoch, want->epoch);
	assert_int_equal(frame->shard, want->shard);
	assert_int_equal(frame->sequence, want->sequence);
	assert_int_equal(frame->at_ns, AT_NS);
}

static void check_golden(int dir, const char *file)
{
	static const struct rowlog_frame want[] = {
		{ .number = 1,
		  .first_arrival = ARRIVAL,
		  .rows = 12,
		  .agent = 7,
		  .epoch = 1,
		  .shard = 3,
		  .sequence = 12 },
		{ .number = 2,
		  .first_arrival = ARRIVAL + 12,
		  .rows = 2,
		  .agent = 8,
		  .epoch = 2,
		  .shard = 0,
		  .sequence = 2 },
		{ .number = 3,
		  .first_arrival = ARRIVAL + 100,
		  .rows = 6,
		  .agent = 7,
		  .epoch = 1,
		  .shard = 3,
		  .sequence = 18 },
	};
	static const unsigned parts[] = { ALL, META | HEADERS, META | HEADERS };
	CLEANUP(fd_close) int fd = disk_open(dir, file);
	struct rowlog_marks *marks = new_marks();
	struct rowlog_head head;
	struct seen seen;

	assert_true(fd >= 0);
	assert_int_equal(rowlog_read_head(fd, NAME, store_id, &head, NULL), 0);
	assert_int_equal(head.first_arrival, ARRIVAL);
	assert_int_equal(head.hour, 490896);
	for (unsigned part = 0; part < ROW_PARTS; part++)
		assert_int_equal(head.key_id[part], keys[part].id);
	/* This compares each row, byte for byte. */
	read_file(fd, NAME, ALL, marks, &seen);
	assert_string_equal(steps_of(&seen), "MFFF");
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_frame(&seen.frame[i + 1], &want[i]);
		assert_int_equal(seen.parts[i + 1], parts[i]);
	}
	assert_int_equal(rowlog_marks_count(marks), 2);
	assert_int_equal(rowlog_marks_get(marks, 5, 6, 7), 8);
	assert_int_equal(rowlog_marks_get(marks, 9, 9, 255), 1000);
	assert_int_equal(rowlog_marks_at(marks, 0)->at_ns, AT_NS - 1);
	assert_int_equal(rowlog_marks_at(marks, 1)->at_ns, AT_NS);
	rowlog_marks_free(marks);
}

TEST(a_file_of_version_1_stays_readable)
{
	CLEANUP(fd_close)
	int dir = open(SOURCE_ROOT "/tests/formats", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(dir >= 0);
	check_golden(dir, "log.v1");
}

TEST(what_is_written_today_is_read_the_same)
{
	const char *keep = getenv("REDOUBT_MAKE_GOLDEN");
	CLEANUP(fd_close)
	int dir = keep ? open(keep, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : tempdir_open();

	write_golden(dir);
	check_golden(dir, NAME);
}

TEST_MAIN
