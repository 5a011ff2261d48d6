// SPDX-License-Identifier: Apache-2.0
/* Reading a log with all keys or some, and what rows behind a seal must still be. */
#include "rowlog/log_test.h"

static int make_log(int dir)
{
	struct rowlog_marks *marks = new_marks();
	struct rowlog *log = new_log(dir, marks);

	add_rows(log, &one, 1, 12);
	commit(log);
	add_rows(log, &one, 13, 24);
	commit(log);
	rowlog_free(log);
	rowlog_marks_free(marks);
	return disk_open(dir, NAME);
}

static struct rowlog_reader *reader_of(int fd, const uint8_t *with_marks)
{
	struct rowlog_reader *r = NULL;
	struct rowlog_head head;

	assert_int_equal(rowlog_read_head(fd, NAME, store_id, &head, NULL), 0);
	assert_int_equal(rowlog_reader_new(fd, NAME, &head, keys, with_marks, &r, NULL), 0);
	return r;
}

/* ---- Keys ------------------------------------------------------------------------------------ */

TEST(the_header_tells_which_keys_are_needed)
{
	int dir = tempdir_open(), fd = make_log(dir);
	struct rowlog_head head;

	assert_int_equal(rowlog_read_head(fd, NAME, store_id, &head, NULL), 0);
	assert_memory_equal(head.store_id, store_id, sizeof(store_id));
	assert_int_equal(head.first_arrival, ARRIVAL);
	assert_int_equal(head.hour, 490896);
	for (unsigned part = 0; part < ROW_PARTS; part++)
		assert_int_equal(head.key_id[part], keys[part].id);
	fd_close(fd);
	fd_close(dir);
}

TEST(rows_come_with_the_parts_whose_keys_are_had)
{
	int dir = tempdir_open();
	struct seen seen;

	fd_close(make_log(dir));
	for (unsigned had = 0; had <= ALL; had++) {
		if (!(had & META))
			continue;
		read_name(dir, NAME, had, NULL, &seen);
		assert_string_equal(steps_of(&seen), "MFF");
		assert_int_equal(seen.parts[1], had);
	}
	fd_close(dir);
}

TEST(without_the_key_of_META_no_rows_come)
{
	int dir = tempdir_open();
	struct seen seen;

	fd_close(make_log(dir));
	read_name(dir, NAME, HEADERS | PAYLOAD, NULL, &seen);

	assert_string_equal(steps_of(&seen), "MFF");
	assert_int_equal(seen.parts[1], HEADERS | PAYLOAD);
	assert_int_equal(seen.frame[1].rows, 12);
	fd_close(dir);
}

TEST(with_a_wrong_key_nothing_is_given)
{
	int dir = tempdir_open(), fd = make_log(dir);
	struct rowlog_key wrong[ROW_PARTS];
	struct rowlog_reader *r = NULL;
	struct rowlog_frame frame;
	struct rowlog_head head;

	memcpy(wrong, keys, sizeof(wrong));
	wrong[PART_META].key[31] ^= 1;
	assert_int_equal(rowlog_read_head(fd, NAME, store_id, &head, NULL), 0);
	assert_int_equal(rowlog_reader_new(fd, NAME, &head, wrong, NULL, &r, NULL), 0);

	assert_int_equal(rowlog_next(r, &frame, NULL, NULL), ROWLOG_BAD);
	assert_int_equal(rowlog_next(r, &frame, NULL, NULL), ROWLOG_TORN);
	assert_int_equal(rowlog_next(r, &frame, NULL, NULL), ROWLOG_END);
	assert_int_equal(rowlog_next(r, &frame, NULL, NULL), ROWLOG_END);
	rowlog_reader_free(r);
	rowlog_reader_free(NULL);
	fd_close(fd);
	fd_close(dir);
}

/* ---- Steps ----------------------------------------------------------------------------------- */

TEST(marks_come_into_those_of_the_caller)
{
	struct rowlog_marks *marks = new_marks(), *read = new_marks();
	const struct rowlog_mark mark = { 1, 2, 3, 4, AT_NS };
	int dir = tempdir_open();
	struct seen seen;

	assert_int_equal(rowlog_marks_raise(marks, &mark), 0);
	rowlog_free(new_log(dir, marks));
	read_name(dir, NAME, ALL, read, &seen);

	assert_string_equal(steps_of(&seen), "M");
	assert_int_equal(rowlog_marks_count(read), 1);
	assert_int_equal(rowlog_marks_get(read, 1, 2, 3), 4);
	rowlog_marks_free(marks);
	rowlog_marks_free(read);
	fd_close(dir);
}

TEST(as_many_marks_as_there_can_be_are_written_and_read)
{
	struct rowlog_marks *marks = new_marks(), *read = new_marks();
	int dir = tempdir_open();
	struct seen seen;

	for (uint32_t i = 0; i < ROWLOG_MARKS_MAX; i++) {
		/* As hard to compress as they can be. */
		const struct rowlog_mark mark = { (uint32_t)hash_mix(i, 1), i, 0,
						  hash_mix(i, 2) & LOG_SEQUENCE_MASK,
						  (int64_t)hash_mix(i, 3) };

		assert_int_equal(rowlog_marks_raise(marks, &mark), 0);
	}
	rowlog_free(new_log(dir, marks));
	read_name(dir, NAME, ALL, read, &seen);

	assert_string_equal(steps_of(&seen), "M");
	assert_int_equal(rowlog_marks_count(read), ROWLOG_MARKS_MAX);
	assert_int_equal(rowlog_marks_get(read, (uint32_t)hash_mix(5, 1), 5, 0),
			 hash_mix(5, 2) & LOG_SEQUENCE_MASK);
	rowlog_marks_free(marks);
	rowlog_marks_free(read);
	fd_close(dir);
}

TEST(frames_are_passed_over_when_their_rows_are_not_asked_for)
{
	int dir = tempdir_open(), fd = make_log(dir);
	struct rowlog_reader *r = reader_of(fd, NULL);
	struct rowlog_frame frame;
	struct row_view row;
	uint64_t arrival = 0;

	assert_int_equal(rowlog_row(r, &row, &arrival), 0);
	/* Without the key of marks, they are passed over too. */
	assert_int_equal(rowlog_next(r, &frame, NULL, NULL), ROWLOG_FRAME);
	assert_int_equal(rowlog_row(r, &row, &arrival), 1);
	assert_int_equal(rowlog_next(r, &frame, NULL, NULL), ROWLOG_FRAME);
	assert_int_equal(frame.number, 2);
	assert_int_equal(rowlog_row(r, &row, &arrival), 1);
	assert_int_equal(arrival, ARRIVAL + 12);
	assert_row(&row, &one, 13, ALL);
	assert_int_equal(rowlog_next(r, &frame, NULL, NULL), ROWLOG_END);
	assert_int_equal(rowlog_row(r, &row, &arrival), 0);
	rowlog_reader_free(r);
	fd_close(fd);
	fd_close(dir);
}

TEST(a_reader_can_be_sent_to_a_frame_it_gave_before)
{
	int dir = tempdir_open(), fd = make_log(dir);
	struct rowlog_reader *r = reader_of(fd, NULL);
	struct rowlog_frame first, second, frame;
	struct row_view row;
	uint64_t arrival = 0;

	assert_int_equal(rowlog_next(r, &first, NULL, NULL), ROWLOG_FRAME);
	assert_int_equal(rowlog_next(r, &second, NULL, NULL), ROWLOG_FRAME);
	assert_int_equal(rowlog_next(r, &frame, NULL, NULL), ROWLOG_END);
	rowlog_seek(r, &first);
	assert_int_equal(rowlog_row(r, &row, &arrival), 0);
	assert_int_equal(rowlog_next(r, &frame, NULL, NULL), ROWLOG_FRAME);
	assert_int_equal(rowlog_row(r, &row, &arrival), 1);
	assert_int_equal(arrival, ARRIVAL);
	assert_int_equal(rowlog_next(r, &frame, NULL, NULL), ROWLOG_FRAME);
	assert_int_equal(frame.number, second.number);

	/* Beyond the end there is nothing. */
	first.offset = UINT64_MAX;
	rowlog_seek(r, &first);
	assert_int_equal(rowlog_next(r, &frame, NULL, NULL), ROWLOG_END);
	rowlog_reader_free(r);
	fd_close(fd);
	fd_close(dir);
}

TEST(what_is_written_after_the_reader_was_made_is_not_read)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open(), fd;
	struct rowlog *log = new_log(dir, marks);
	struct rowlog_reader *r;
	struct rowlog_frame frame;

	add_rows(log, &one, 1, 1);
	commit(log);
	fd = disk_open(dir, NAME);
	r = reader_of(fd, NULL);
	add_rows(log, &one, 2, 2);
	commit(log);

	assert_int_equal(rowlog_next(r, &frame, NULL, NULL), ROWLOG_FRAME);
	assert_int_equal(rowlog_next(r, &frame, NULL, NULL), ROWLOG_END);
	rowlog_reader_free(r);
	rowlog_free(log);
	rowlog_marks_free(marks);
	fd_close(fd);
	fd_close(dir);
}

TEST(a_file_that_cannot_be_read_is_an_error_and_no_damage)
{
	int dir = tempdir_open(), fd = make_log(dir);
	struct rowlog_reader *r = reader_of(fd, NULL);
	struct rowlog_frame frame;
	struct rowlog_head head;
	struct err err;

	assert_int_equal(rowlog_read_head(-1, NAME, store_id, &head, &err), -EIO);
	assert_int_equal(err.id, ERR_STORE_IO);
	assert_int_equal(rowlog_read_head(dir, NAME, store_id, &head, &err), -EIO);
	assert_int_equal(dup2(dir, fd), fd);
	assert_int_equal(rowlog_next(r, &frame, NULL, &err), -EIO);
	assert_int_equal(err.id, ERR_STORE_IO);
	rowlog_reader_free(r);
	fd_close(fd);
	fd_close(dir);
}

TEST(a_file_that_was_exchanged_since_its_header_was_read_is_refused)
{
	int dir = tempdir_open(), fd = make_log(dir);
	struct rowlog_reader *r = NULL;
	struct rowlog_head head;
	struct err err;

	assert_int_equal(rowlog_read_head(fd, NAME, store_id, &head, NULL), 0);
	head.hour++;

	assert_int_equal(rowlog_reader_new(fd, NAME, &head, keys, NULL, &r, &err), -EBADMSG);
	assert_int_equal(err.id, ERR_STORE_DAMAGED);
	assert_int_equal(rowlog_reader_new(-1, NAME, &head, keys, NULL, &r, &err), -EIO);
	fd_close(fd);
	fd_close(dir);
}

/* ---- Rows behind the seal -------------------------------------------------------------------- */

struct frame_rig {
	struct log_frame frame;
	uint8_t bytes[ROW_PARTS][4 * TEST_ROW_BYTES];
	struct str plain[ROW_PARTS];
	char merged[ROW_MAX];
};

/* A row of one part alone. */
static void put_part(struct frame_rig *rig, unsigned part, const struct stream *s,
		     uint64_t sequence)
{
	static const struct test_field field[ROW_PARTS] = { { 102, NULL, "/" },
							    { 108, "a", "b" },
							    { FIELD_PAYLOAD, NULL, "x" } };
	struct str *plain = &rig->plain[part];

	plain->n += encode_row(rig->bytes[part] + plain->n, s, sequence, &field[part], 1);
	plain->p = (const char *)rig->bytes[part];
}

static struct frame_rig *new_frame(uint32_t rows, uint64_t sequence)
{
	struct frame_rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig->frame = (struct log_frame){ .rows = rows,
					 .sequence = sequence,
					 .agent = one.agent,
					 .epoch = one.epoch,
					 .shard = one.shard };
	return rig;
}

/* How many rows came, and what came after them. */
static int read_frame(struct frame_rig *rig, unsigned *rows)
{
	struct rowlog_rows cursor;
	struct row_view row;
	int r;

	*rows = 0;
	rowlog_rows_begin(&cursor, &rig->frame, rig->plain, rig->merged);
	while ((r = rowlog_rows_next(&cursor, &row)) > 0)
		(*rows)++;
	free(rig);
	return r;
}

TEST(rows_of_a_frame_are_merged_by_their_ids)
{
	struct frame_rig *rig = new_frame(3, 9);
	unsigned rows;

	put_part(rig, PART_META, &one, 2);
	put_part(rig, PART_META, &one, 5);
	put_part(rig, PART_META, &one, 9);
	put_part(rig, PART_PAYLOAD, &one, 5);
	put_part(rig, PART_HEADERS, &one, 5);
	put_part(rig, PART_HEADERS, &one, 9);

	assert_int_equal(read_frame(rig, &rows), 0);
	assert_int_equal(rows, 3);
}

TEST(rows_that_are_not_the_frames_are_refused)
{
	static const struct stream strangers[] = { { 8, 1, 3 }, { 7, 2, 3 }, { 7, 1, 4 } };
	unsigned rows;

	for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
		struct frame_rig *rig = new_frame(2, 2);

		put_part(rig, PART_META, &one, 1);
		put_part(rig, PART_META, &strangers[i], 2);
		assert_int_equal(read_frame(rig, &rows), -EBADMSG);
		assert_int_equal(rows, 1);
	}
}

TEST(rows_that_do_not_ascend_to_the_mark_are_refused)
{
	static const uint64_t sequences[][2] = { { 2, 1 }, { 1, 1 }, { 1, 2 }, { 1, 4 }, { 0, 3 } };
	unsigned rows;

	for (size_t i = 0; i < ARRAY_LEN(sequences); i++) {
		struct frame_rig *rig = new_frame(2, 3);

		put_part(rig, PART_META, &one, sequences[i][0]);
		put_part(rig, PART_META, &one, sequences[i][1]);
		assert_int_equal(read_frame(rig, &rows), -EBADMSG);
	}
}

TEST(fewer_or_more_rows_than_the_frame_says_are_refused)
{
	struct frame_rig *rig = new_frame(2, 1);
	unsigned rows;

	put_part(rig, PART_META, &one, 1);
	assert_int_equal(read_frame(rig, &rows), -EBADMSG);
	rig = new_frame(1, 1);
	put_part(rig, PART_META, &one, 1);
	put_part(rig, PART_META, &one, 2);
	assert_int_equal(read_frame(rig, &rows), -EBADMSG);
	assert_int_equal(rows, 1);
}

TEST(a_part_of_no_row_is_refused)
{
	struct frame_rig *rig = new_frame(1, 1);
	unsigned rows;

	put_part(rig, PART_META, &one, 1);
	put_part(rig, PART_HEADERS, &one, 2);
	assert_int_equal(read_frame(rig, &rows), -EBADMSG);
	rig = new_frame(1, 1);
	put_part(rig, PART_META, &one, 1);
	rig->plain[PART_HEADERS] = STR("short");
	assert_int_equal(read_frame(rig, &rows), -EBADMSG);
}

TEST(parts_that_contradict_each_other_are_refused)
{
	struct frame_rig *rig = new_frame(1, 1);
	unsigned rows;

	/* A field twice. */
	put_part(rig, PART_META, &one, 1);
	memcpy(rig->bytes[PART_HEADERS], rig->bytes[PART_META], rig->plain[PART_META].n);
	rig->plain[PART_HEADERS] =
		(struct str){ (const char *)rig->bytes[PART_HEADERS], rig->plain[PART_META].n };
	assert_int_equal(read_frame(rig, &rows), -EBADMSG);
	/* No row behind the id. */
	rig = new_frame(1, 1);
	put_part(rig, PART_META, &one, 1);
	put_part(rig, PART_HEADERS, &one, 1);
	rig->bytes[PART_HEADERS][6]++;
	assert_int_equal(read_frame(rig, &rows), -EBADMSG);
}

TEST_MAIN
