// SPDX-License-Identifier: Apache-2.0
/* Writing a log: what waits, what is acknowledged, and what is there already. */
#include "rowlog/log_test.h"

static const struct stream other = { 7, 2, 3 };

struct acks {
	size_t n;
	struct rowlog_ack ack[8];
};

static void note_ack(void *owner, const struct rowlog_ack *ack)
{
	struct acks *acks = owner;

	assert_true(acks->n < ARRAY_LEN(acks->ack));
	acks->ack[acks->n++] = *ack;
}

/* ---- What is written ------------------------------------------------------------------------- */

TEST(committed_rows_come_back)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);
	struct seen seen;

	add_rows(log, &one, 1, 100);
	commit(log);
	add_rows(log, &one, 101, 101);
	commit(log);
	rowlog_free(log);
	read_name(dir, NAME, ALL, NULL, &seen);

	assert_string_equal(steps_of(&seen), "MFF");
	assert_int_equal(seen.frame[1].number, 1);
	assert_int_equal(seen.frame[1].first_arrival, ARRIVAL);
	assert_int_equal(seen.frame[1].rows, 100);
	assert_int_equal(seen.frame[1].sequence, 100);
	assert_int_equal(seen.frame[1].agent, 7);
	assert_int_equal(seen.frame[1].epoch, 1);
	assert_int_equal(seen.frame[1].shard, 3);
	assert_int_equal(seen.frame[1].at_ns, AT_NS);
	assert_int_equal(seen.parts[1], ALL);
	assert_int_equal(seen.frame[2].first_arrival, ARRIVAL + 100);
	assert_int_equal(seen.parts[2], META | HEADERS);
	rowlog_marks_free(marks);
	fd_close(dir);
}

TEST(a_log_tells_what_it_is)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);
	CLEANUP(fd_close) int fd = disk_open(dir, NAME);
	uint64_t size = 0;

	assert_int_equal(rowlog_first_arrival(log), ARRIVAL);
	assert_int_equal(rowlog_next_arrival(log), ARRIVAL);
	assert_int_equal(rowlog_hour(log), 490896);
	add_rows(log, &one, 1, 3);
	assert_int_equal(rowlog_next_arrival(log), ARRIVAL);
	commit(log);

	assert_int_equal(rowlog_next_arrival(log), ARRIVAL + 3);
	assert_int_equal(disk_size(fd, &size), 0);
	assert_int_equal(rowlog_bytes(log), size);
	rowlog_free(log);
	rowlog_free(NULL);
	rowlog_marks_free(marks);
	fd_close(dir);
}

TEST(nothing_is_written_before_the_commit_and_nothing_by_an_empty_one)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);
	const uint64_t bytes = rowlog_bytes(log);
	struct seen seen;

	commit(log);
	assert_int_equal(rowlog_bytes(log), bytes);
	add_rows(log, &one, 1, 9);
	rowlog_free(log);
	read_name(dir, NAME, ALL, NULL, &seen);

	assert_string_equal(steps_of(&seen), "M");
	assert_int_equal(rowlog_marks_get(marks, 7, 1, 3), 0);
	rowlog_marks_free(marks);
	fd_close(dir);
}

static bool has(struct str s, const char *part)
{
	return memmem(s.p, s.n, part, strlen(part)) != NULL;
}

TEST(nothing_of_a_row_stands_in_clear)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);
	struct buf file;

	add_rows(log, &one, 3, 3);
	commit(log);
	buf_init(&file, MIB);
	assert_int_equal(disk_load(dir, NAME, &file), 0);

	assert_true(has(buf_str(&file), "RDBT-FRM"));
	assert_false(has(buf_str(&file), "/of/"));
	assert_false(has(buf_str(&file), "x-name"));
	assert_false(has(buf_str(&file), "body"));
	buf_done(&file);
	rowlog_free(log);
	rowlog_marks_free(marks);
	fd_close(dir);
}

/* ---- Streams --------------------------------------------------------------------------------- */

static uint64_t order[64];
static size_t ordered;

static int note_order(void *owner, const struct row_view *row)
{
	assert_true(ordered < ARRAY_LEN(order));
	order[ordered++] = row->id_hi << 32 | (row->id_lo & UINT32_MAX);
	return owner && *(const size_t *)owner == ordered ? -EINTR : 0;
}

TEST(streams_that_are_mixed_become_a_frame_each_with_numbers_in_their_order)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);
	struct acks acks = { 0 };
	struct seen seen;

	for (uint64_t i = 1; i <= 10; i++) {
		add_rows(log, &one, i, i);
		add_rows(log, &other, 2 * i - 1, 2 * i);
	}
	ordered = 0;
	assert_int_equal(rowlog_rows_waiting(log, note_order, NULL), 0);
	assert_int_equal(rowlog_commit(log, AT_NS, note_ack, &acks, NULL), 0);
	rowlog_free(log);
	read_name(dir, NAME, ALL, NULL, &seen);

	/* What waited came in the order that the numbers have. */
	assert_int_equal(ordered, 30);
	assert_int_equal(order[9], UINT64_C(1) << 32 | 10);
	assert_int_equal(order[10], UINT64_C(2) << 32 | 1);
	assert_int_equal(acks.n, 2);
	assert_int_equal(acks.ack[0].epoch, 1);
	assert_int_equal(acks.ack[0].sequence, 10);
	assert_int_equal(acks.ack[0].first_arrival, ARRIVAL);
	assert_int_equal(acks.ack[0].rows, 10);
	assert_int_equal(acks.ack[1].agent, 7);
	assert_int_equal(acks.ack[1].epoch, 2);
	assert_int_equal(acks.ack[1].shard, 3);
	assert_int_equal(acks.ack[1].sequence, 20);
	assert_int_equal(acks.ack[1].first_arrival, ARRIVAL + 10);
	assert_int_equal(acks.ack[1].rows, 20);
	assert_string_equal(steps_of(&seen), "MFF");
	assert_int_equal(seen.frame[2].first_arrival, ARRIVAL + 10);
	assert_int_equal(seen.frame[2].rows, 20);
	rowlog_marks_free(marks);
	fd_close(dir);
}

TEST(a_row_is_taken_once)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);
	struct seen seen;
	size_t rows = 0;

	add_rows(log, &one, 5, 6);
	assert_int_equal(add_row(log, &one, 6), 0);
	assert_int_equal(add_row(log, &one, 4), 0);
	assert_int_equal(add_row(log, &other, 6), 1);
	assert_int_equal(add_row(log, &one, 6), 0);
	commit(log);
	assert_int_equal(add_row(log, &one, 6), 0);
	assert_int_equal(add_row(log, &other, 1), 0);
	assert_int_equal(rowlog_waiting(log, &rows), 0);
	assert_int_equal(rows, 0);
	assert_int_equal(add_row(log, &one, 7), 1);
	commit(log);
	rowlog_free(log);
	read_name(dir, NAME, ALL, NULL, &seen);

	assert_string_equal(steps_of(&seen), "MFFF");
	assert_int_equal(rowlog_marks_get(marks, 7, 1, 3), 7);
	assert_int_equal(rowlog_marks_get(marks, 7, 2, 3), 6);
	rowlog_marks_free(marks);
	fd_close(dir);
}

TEST(the_marks_of_the_log_before_count_too)
{
	struct rowlog_marks *marks = new_marks(), *read = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);
	struct rowlog_conf conf;
	struct seen seen;

	add_rows(log, &one, 1, 9);
	commit(log);
	conf = conf_of(dir, marks);
	conf.first_arrival = rowlog_next_arrival(log);
	rowlog_free(log);
	log = NULL;
	assert_int_equal(rowlog_create(&conf, &log, NULL), 0);
	assert_int_equal(add_row(log, &one, 9), 0);
	rowlog_free(log);
	read_name(dir, "00000000000004db.log", ALL, read, &seen);

	assert_string_equal(steps_of(&seen), "M");
	assert_int_equal(rowlog_marks_get(read, 7, 1, 3), 9);
	rowlog_marks_free(read);
	rowlog_marks_free(marks);
	fd_close(dir);
}

TEST(rows_without_a_kind_or_a_sequence_are_none)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);
	uint8_t bytes[TEST_ROW_BYTES];
	struct row_view row = make_row(&one, 0, META, bytes);

	assert_int_equal(rowlog_add(log, &row, AT_NS), -EBADMSG);
	row = make_row(&one, 1, META, bytes);
	row.kind_id = 0;
	assert_int_equal(rowlog_add(log, &row, AT_NS), -EBADMSG);
	assert_int_equal(rowlog_waiting(log, NULL), 0);
	rowlog_free(log);
	rowlog_marks_free(marks);
	fd_close(dir);
}

TEST(the_numbers_of_the_next_commit_can_begin_later)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);
	struct seen seen;

	rowlog_number(log, ARRIVAL + 100);
	add_rows(log, &one, 1, 3);
	commit(log);
	rowlog_number(log, ARRIVAL); /* below the next one: nothing */
	add_rows(log, &one, 4, 4);
	commit(log);
	rowlog_free(log);
	read_name(dir, NAME, ALL, NULL, &seen);

	assert_string_equal(steps_of(&seen), "MFF");
	assert_int_equal(seen.frame[1].first_arrival, ARRIVAL + 100);
	assert_int_equal(seen.frame[2].first_arrival, ARRIVAL + 103);
	rowlog_marks_free(marks);
	fd_close(dir);
}

/* ---- Limits ---------------------------------------------------------------------------------- */

TEST(as_many_rows_wait_as_a_frame_may_have)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);
	uint8_t bytes[TEST_ROW_BYTES];
	struct row_view row;
	struct seen seen;
	size_t rows = 0;

	/* The smallest rows, so that not their bytes are the limit. */
	for (uint64_t i = 1; i <= ROWLOG_FRAME_ROWS; i++) {
		size_t n = encode_row(bytes, &one, i, NULL, 0);

		assert_int_equal(row_view((struct str){ (const char *)bytes, n }, &row), 0);
		assert_int_equal(rowlog_add(log, &row, AT_NS), 1);
	}
	assert_int_equal(rowlog_waiting(log, &rows), (size_t)24 * ROWLOG_FRAME_ROWS);
	assert_int_equal(rows, ROWLOG_FRAME_ROWS);
	assert_int_equal(add_row(log, &one, ROWLOG_FRAME_ROWS + 1), -ENOBUFS);
	assert_int_equal(add_row(log, &one, ROWLOG_FRAME_ROWS), 0);
	rowlog_free(log);
	log = NULL;

	/* What is as full as can be is read again. */
	assert_int_equal(disk_remove(dir, NAME), 0);
	log = new_log(dir, marks);
	for (uint64_t i = 1; i <= ROWLOG_FRAME_ROWS; i++)
		if (add_row(log, &one, i) == -ENOBUFS)
			break;
	assert_int_equal(rowlog_waiting(log, NULL) / 1000, ROWLOG_FRAME_BYTES / 1000);
	commit(log);
	rowlog_free(log);
	read_name(dir, NAME, ALL, NULL, &seen);
	assert_string_equal(steps_of(&seen), "MF");
	rowlog_marks_free(marks);
	fd_close(dir);
}

/* A row of META alone, of exactly so many bytes. */
static int add_large(struct rowlog *log, uint64_t sequence, size_t bytes)
{
	struct test_field field = { 102, NULL, NULL };
	uint8_t *to = malloc(bytes);
	char *value = calloc(1, bytes);
	struct row_view row;
	int r;

	assert_true(to && value && bytes % 8 == 0);
	for (size_t i = 0; i + 36 < bytes; i++)
		value[i] = (char)('!' + hash_mix(i, sequence) % 90);
	field.value = value;
	assert_int_equal(encode_row(to, &one, sequence, &field, 1), bytes);
	assert_int_equal(row_view((struct str){ (const char *)to, bytes }, &row), 0);
	r = rowlog_add(log, &row, AT_NS);
	free(value);
	free(to);
	return r;
}

TEST(as_many_bytes_wait_as_a_frame_may_have)
{
	/* The largest rows, and a last one that leaves the room of two headers, which a split may
	 * need. */
	const size_t n = ROWLOG_FRAME_BYTES / ROW_MAX - 1;
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);
	CLEANUP(fd_close) int fd = -1;
	struct rowlog_frame frame;
	struct rowlog_reader *r = NULL;
	struct rowlog_head head;
	struct row_view row;
	uint64_t arrival, rows = 0;

	for (uint64_t i = 1; i <= n; i++)
		assert_int_equal(add_large(log, i, ROW_MAX), 1);
	assert_int_equal(add_large(log, n + 1, ROW_MAX - 40), -ENOBUFS);
	assert_int_equal(add_large(log, n + 1, ROW_MAX - 48), 1);
	commit(log);
	fd = disk_open(dir, NAME);
	assert_int_equal(rowlog_read_head(fd, NAME, store_id, &head, NULL), 0);
	assert_int_equal(rowlog_reader_new(fd, NAME, &head, keys, NULL, &r, NULL), 0);

	assert_int_equal(rowlog_next(r, &frame, NULL, NULL), ROWLOG_FRAME);
	while (rowlog_row(r, &row, &arrival) > 0)
		rows++;
	assert_int_equal(rows, n + 1);
	rowlog_reader_free(r);
	rowlog_free(log);
	rowlog_marks_free(marks);
	fd_close(dir);
}

TEST(as_many_streams_wait_as_a_commit_may_have_frames)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);
	uint8_t bytes[TEST_ROW_BYTES];

	for (uint32_t i = 1; i <= LOG_STREAMS_MAX; i++)
		add_rows(log, &(const struct stream){ i, 1, 0 }, 1, 1);
	assert_int_equal(add_row(log, &(const struct stream){ LOG_STREAMS_MAX + 1, 1, 0 }, 1),
			 -ENOBUFS);
	assert_int_equal(add_row(log, &(const struct stream){ 1, 1, 0 }, 2), 1);
	commit(log);

	assert_int_equal(rowlog_marks_count(marks), LOG_STREAMS_MAX);
	assert_int_equal(rowlog_marks_get(marks, 1, 1, 0), 2);
	assert_int_equal(rowlog_next_arrival(log), ARRIVAL + LOG_STREAMS_MAX + 1);
	(void)bytes;
	rowlog_free(log);
	rowlog_marks_free(marks);
	fd_close(dir);
}

TEST(waiting_rows_stop_where_their_owner_says)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);
	size_t stop = 2;

	add_rows(log, &one, 1, 3);
	add_rows(log, &other, 1, 3);
	ordered = 0;

	assert_int_equal(rowlog_rows_waiting(log, note_order, &stop), -EINTR);
	assert_int_equal(ordered, 2);
	rowlog_free(log);
	rowlog_marks_free(marks);
	fd_close(dir);
}

/* ---- Parts ----------------------------------------------------------------------------------- */

TEST(parts_that_are_shed_are_left_out_and_META_cannot_be)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);
	struct seen seen;

	rowlog_shed(log, PAYLOAD);
	add_rows(log, &one, 3, 3);
	commit(log);
	rowlog_shed(log, ALL);
	add_rows(log, &one, 4, 9);
	commit(log);
	rowlog_shed(log, 0);
	add_rows(log, &one, 10, 12);
	commit(log);
	rowlog_free(log);
	read_name(dir, NAME, ALL, NULL, &seen);

	assert_string_equal(steps_of(&seen), "MFFF");
	assert_int_equal(seen.parts[1], META | HEADERS);
	assert_int_equal(seen.parts[2], META);
	assert_int_equal(seen.parts[3], ALL);
	rowlog_marks_free(marks);
	fd_close(dir);
}

TEST(a_part_without_a_key_is_left_out)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog_conf conf = conf_of(dir, marks);
	struct rowlog *log = NULL;
	struct rowlog_head head;
	struct seen seen;

	conf.key[PART_PAYLOAD].id = 0;
	assert_int_equal(rowlog_create(&conf, &log, NULL), 0);
	add_rows(log, &one, 1, 6);
	commit(log);
	rowlog_free(log);
	read_name(dir, NAME, META | HEADERS, NULL, &seen);

	assert_string_equal(steps_of(&seen), "MF");
	assert_int_equal(seen.parts[1], META | HEADERS);
	assert_int_equal(rowlog_read_head(disk_open(dir, NAME), NAME, store_id, &head, NULL), 0);
	assert_int_equal(head.key_id[PART_META], 11);
	assert_int_equal(head.key_id[PART_PAYLOAD], 0);
	rowlog_marks_free(marks);
	fd_close(dir);
}

TEST(a_log_without_keys_keeps_marks_alone)
{
	struct rowlog_marks *marks = new_marks(), *read = new_marks();
	const struct rowlog_mark mark = { 1, 2, 3, 4, AT_NS };
	int dir = tempdir_open();
	struct rowlog_conf conf = conf_of(dir, marks);
	struct rowlog *log = NULL;
	struct seen seen;

	memset(conf.key, 0, sizeof(conf.key));
	assert_int_equal(rowlog_marks_raise(marks, &mark), 0);
	assert_int_equal(rowlog_create(&conf, &log, NULL), 0);
	assert_int_equal(add_row(log, &one, 1), -EINVAL);
	commit(log);
	rowlog_free(log);
	read_name(dir, NAME, 0, read, &seen);

	assert_string_equal(steps_of(&seen), "M");
	assert_int_equal(rowlog_marks_get(read, 1, 2, 3), 4);
	rowlog_marks_free(read);
	rowlog_marks_free(marks);
	fd_close(dir);
}

TEST_MAIN
