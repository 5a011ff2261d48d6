// SPDX-License-Identifier: Apache-2.0
/* What a log that was cut, changed, swapped or mixed with others still gives: all that is whole,
 * never a wrong row, and a word for the rest. */
#include "rowlog/log_test.h"

static const struct stream other = { 7, 2, 3 };

/* A small log: frames 1, 2 and 3 (one commit), 4, 5 (one commit); frame 0 is the marks. */
#define FRAMES 6

struct sample {
	struct buf bytes;
	size_t at[FRAMES + 1]; /* where each frame begins, and the last ends */
};

static void make_sample(struct sample *s)
{
	const uint64_t rows = 3;
	struct rowlog_marks *marks = new_marks();
	const struct rowlog_mark mark = { 9, 9, 9, 9, AT_NS };
	int dir = tempdir_open();
	struct rowlog *log;
	struct seen seen;

	assert_int_equal(rowlog_marks_raise(marks, &mark), 0);
	log = new_log(dir, marks);
	add_rows(log, &one, 1, rows);
	commit(log);
	add_rows(log, &one, rows + 1, 2 * rows);
	add_rows(log, &other, 1, rows);
	commit(log);
	add_rows(log, &one, 2 * rows + 1, 3 * rows);
	add_rows(log, &other, rows + 1, 2 * rows);
	commit(log);
	rowlog_free(log);
	rowlog_marks_free(marks);

	buf_init(&s->bytes, MIB);
	assert_int_equal(disk_load(dir, NAME, &s->bytes), 0);
	read_name(dir, NAME, ALL, NULL, &seen);
	assert_string_equal(steps_of(&seen), "MFFFFF");
	s->at[0] = LOG_HEAD_BYTES;
	for (size_t i = 1; i < FRAMES; i++)
		s->at[i] = seen.frame[i].offset;
	s->at[FRAMES] = s->bytes.len;
	fd_close(dir);
}

/* The frame in which a byte stands. */
static size_t frame_of(const struct sample *s, size_t at)
{
	size_t i = 0;

	while (s->at[i + 1] <= at)
		i++;
	return i;
}

/* Where the section of a part begins, from the header of its frame. */
static size_t section_of(const struct sample *s, size_t frame, unsigned part)
{
	const uint8_t *head = (const uint8_t *)s->bytes.p + s->at[frame];
	size_t at = s->at[frame] + LOG_FRAME_BYTES;

	for (unsigned i = 0; i < part; i++)
		at += load_u32le(head + 64 + 8 * i + 4);
	return at;
}

static void read_sample(const struct sample *s, unsigned had, struct seen *seen)
{
	read_bytes(buf_str(&s->bytes), NAME, had, seen);
}

/* ---- Cuts ------------------------------------------------------------------------------------ */

TEST(a_log_cut_behind_any_byte_gives_all_frames_before_it_and_calls_the_rest_torn)
{
	struct sample s;
	struct seen seen;

	make_sample(&s);
	for (size_t n = 0; n <= s.bytes.len; n++) {
		char want[FRAMES + 2] = "", rest[64] = "";
		size_t whole = 0;

		while (n >= LOG_HEAD_BYTES && whole < FRAMES && s.at[whole + 1] <= n)
			want[whole] = whole ? 'F' : 'M', whole++;
		if (n < LOG_HEAD_BYTES || s.at[whole] < n)
			(void)snprintf(rest, sizeof(rest), ": %zu bytes at its end, from byte %zu,",
				       n < LOG_HEAD_BYTES ? n : n - s.at[whole],
				       n < LOG_HEAD_BYTES ? 0 : s.at[whole]);
		if (*rest)
			want[whole] = 'T';
		read_bytes(str_head(buf_str(&s.bytes), n), NAME, ALL, &seen);

		assert_int_equal(seen.head, n < LOG_HEAD_BYTES);
		assert_string_equal(steps_of(&seen), want);
		if (*rest)
			assert_non_null(strstr(seen.text[whole], rest));
	}
	buf_done(&s.bytes);
}

TEST(a_file_that_ends_within_its_header_is_torn_and_needs_no_keys)
{
	struct rowlog_head head;
	struct sample s;
	int fd = memfd_create("log", MFD_CLOEXEC);

	make_sample(&s);
	assert_int_equal(disk_write(fd, 0, str_head(buf_str(&s.bytes), LOG_HEAD_BYTES - 1)), 0);

	assert_int_equal(rowlog_read_head(fd, NAME, store_id, &head, NULL), 1);
	assert_int_equal(head.first_arrival, ARRIVAL);
	assert_int_equal(head.key_id[PART_META], 0);
	fd_close(fd);
	buf_done(&s.bytes);
}

TEST(bytes_behind_the_last_frame_are_torn)
{
	struct sample s;
	struct seen seen;

	make_sample(&s);
	assert_int_equal(buf_put(&s.bytes, STR("left of a write")), 0);
	read_sample(&s, ALL, &seen);

	assert_string_equal(steps_of(&seen), "MFFFFFT");
	assert_non_null(strstr(seen.text[6], ": 15 bytes at its end, "));
	buf_done(&s.bytes);
}

/* A write whose middle never reached the disk leaves zeros there. */
TEST(a_last_frame_with_a_lost_middle_is_torn_and_said_so)
{
	struct sample s;
	struct seen seen;

	make_sample(&s);
	memset(s.bytes.p + section_of(&s, 5, PART_HEADERS), 0, 16);
	read_sample(&s, ALL, &seen);

	assert_string_equal(steps_of(&seen), "MFFFFT");
	assert_non_null(strstr(seen.text[5], "its seals do not open"));
	buf_done(&s.bytes);
}

TEST(a_bad_frame_of_the_last_commit_is_not_given_even_in_part)
{
	struct sample s;
	struct seen seen;

	make_sample(&s);
	memset(s.bytes.p + section_of(&s, 4, PART_HEADERS), 0, 16);
	read_sample(&s, ALL, &seen);

	assert_string_equal(steps_of(&seen), "MFFFBF");
	assert_non_null(strstr(seen.text[4], "frame 4 at byte"));
	assert_non_null(strstr(seen.text[4], "of the last commit, perhaps never acknowledged"));
	buf_done(&s.bytes);
}

/* ---- Changed bytes --------------------------------------------------------------------------- */

static void check_frame_flip(const struct sample *s, size_t at, const struct seen *seen)
{
	const size_t frame = frame_of(s, at);
	const bool last_commit = frame >= 4;
	const bool meta = at < section_of(s, frame, PART_HEADERS);
	char want[FRAMES + 2] = "MFFFFF", name[32];

	(void)snprintf(name, sizeof(name), "frame %zu at byte %zu", frame, s->at[frame]);
	if (frame == FRAMES - 1) {
		want[frame] = 'T';
	} else {
		/* Where META is whole, the frame itself comes behind its bad section. */
		want[frame] = 'B';
		if (!meta && !last_commit) {
			memmove(want + frame + 2, want + frame + 1, FRAMES - frame - 1);
			want[frame + 1] = 'F';
		}
		assert_non_null(strstr(seen->text[frame], name));
	}
	assert_string_equal(steps_of(seen), want);
	if (!meta && !last_commit) {
		bool headers = at < section_of(s, frame, PART_PAYLOAD);

		assert_int_equal(seen->parts[frame + 1],
				 ALL & ~(unsigned)(headers ? HEADERS : PAYLOAD));
		assert_non_null(strstr(seen->text[frame], headers ? "HEADERS" : "PAYLOAD"));
	}
}

TEST(a_changed_byte_costs_its_section_or_frame_alone_and_is_named)
{
	static const uint8_t changes[] = { 0x01, 0x80, 0xff };
	struct sample s;
	struct seen seen;

	make_sample(&s);
	for (size_t at = 0; at < s.bytes.len; at++)
		for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
			s.bytes.p[at] = (char)(s.bytes.p[at] ^ changes[i]);
			read_sample(&s, ALL, &seen);
			s.bytes.p[at] = (char)(s.bytes.p[at] ^ changes[i]);

			if (at < LOG_HEAD_BYTES) {
				assert_int_equal(seen.head, -EBADMSG);
				assert_int_equal(seen.err.id, ERR_STORE_DAMAGED);
			} else {
				check_frame_flip(&s, at, &seen);
			}
		}
	buf_done(&s.bytes);
}

TEST(two_bad_sections_of_a_frame_are_named_together)
{
	struct sample s;
	struct seen seen;

	make_sample(&s);
	s.bytes.p[section_of(&s, 1, PART_HEADERS)]++;
	s.bytes.p[section_of(&s, 1, PART_PAYLOAD)]++;
	read_sample(&s, ALL, &seen);

	assert_string_equal(steps_of(&seen), "MBFFFFF");
	assert_non_null(strstr(seen.text[1], "sections HEADERS and PAYLOAD are not"));
	assert_int_equal(seen.parts[2], META);
	buf_done(&s.bytes);
}

TEST(a_bad_section_is_not_missed_by_who_has_no_key_for_it)
{
	struct sample s;
	struct seen seen;

	make_sample(&s);
	s.bytes.p[section_of(&s, 1, PART_PAYLOAD)]++;
	read_sample(&s, META | HEADERS, &seen);

	assert_string_equal(steps_of(&seen), "MFFFFF");
	assert_int_equal(seen.parts[1], META | HEADERS);
	buf_done(&s.bytes);
}

TEST(a_hole_of_several_frames_is_named_by_their_numbers)
{
	struct sample s;
	struct seen seen;

	make_sample(&s);
	memset(s.bytes.p + s.at[1], 0, s.at[4] - s.at[1]);
	read_sample(&s, ALL, &seen);

	assert_string_equal(steps_of(&seen), "MBFF");
	assert_non_null(strstr(seen.text[1], "frames 1 to 3 at byte"));
	buf_done(&s.bytes);
}

/* ---- Frames in the wrong place --------------------------------------------------------------- */

static void swap(char *a, char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = a[i];

		a[i] = b[i];
		b[i] = c;
	}
}

/* A log of three commits of one row each, all of one shape, so that frames and sections have the
 * same lengths: frames 1 to 3. */
static void make_even(struct sample *s)
{
	struct rowlog_marks *marks = new_marks();
	int dir = tempdir_open();
	struct rowlog *log = new_log(dir, marks);

	s->at[0] = LOG_HEAD_BYTES;
	for (size_t i = 1; i <= 3; i++) {
		s->at[i] = (size_t)rowlog_bytes(log);
		add_rows(log, &one, 6 * i + 5, 6 * i + 5);
		commit(log);
	}
	s->at[4] = (size_t)rowlog_bytes(log);
	rowlog_free(log);
	rowlog_marks_free(marks);
	assert_int_equal(s->at[2] - s->at[1], s->at[3] - s->at[2]);
	buf_init(&s->bytes, MIB);
	assert_int_equal(disk_load(dir, NAME, &s->bytes), 0);
	fd_close(dir);
}

TEST(swapped_frames_are_refused_and_the_others_come)
{
	struct sample s;
	struct seen seen;

	make_even(&s);
	swap(s.bytes.p + s.at[1], s.bytes.p + s.at[2], s.at[2] - s.at[1]);
	read_sample(&s, ALL, &seen);

	assert_string_equal(steps_of(&seen), "MBF");
	assert_non_null(strstr(seen.text[1], "frames 1 to 2 at byte"));
	assert_non_null(strstr(seen.text[1], "written for another place"));
	assert_int_equal(seen.frame[2].number, 3);
	buf_done(&s.bytes);
}

TEST(swapped_sections_are_refused)
{
	struct sample s;
	struct seen seen;
	size_t headers, n;

	make_even(&s);
	headers = section_of(&s, 1, PART_HEADERS);
	n = section_of(&s, 1, PART_PAYLOAD) - headers;
	assert_true(n >= LOG_SECTION_MIN);
	swap(s.bytes.p + headers, s.bytes.p + section_of(&s, 2, PART_HEADERS), n);
	read_sample(&s, ALL, &seen);

	assert_string_equal(steps_of(&seen), "MBFBFF");
	assert_int_equal(seen.parts[2], META);
	assert_int_equal(seen.parts[4], META);
	assert_int_equal(seen.parts[5], META | HEADERS);
	buf_done(&s.bytes);
}

TEST(a_frame_copied_over_another_is_refused)
{
	struct sample s;
	struct seen seen;

	make_even(&s);
	memcpy(s.bytes.p + s.at[2], s.bytes.p + s.at[1], s.at[2] - s.at[1]);
	read_sample(&s, ALL, &seen);

	assert_string_equal(steps_of(&seen), "MFBF");
	assert_non_null(strstr(seen.text[2], "frame 2 at byte"));
	assert_non_null(strstr(seen.text[2], "written for another place"));
	buf_done(&s.bytes);
}

TEST(a_frame_of_another_file_is_refused)
{
	struct sample s, t;
	struct seen seen;

	/* The same rows at the same places, under the same data keys. */
	make_sample(&s);
	make_sample(&t);
	assert_int_equal(s.at[2], t.at[2]);
	memcpy(s.bytes.p + s.at[1], t.bytes.p + t.at[1], t.at[2] - t.at[1]);
	read_sample(&s, ALL, &seen);

	assert_string_equal(steps_of(&seen), "MBFFFF");
	assert_non_null(strstr(seen.text[1], "frame 1 at byte"));
	assert_non_null(strstr(seen.text[1], "its seals do not open"));
	buf_done(&s.bytes);
	buf_done(&t.bytes);
}

TEST(the_marks_of_another_file_are_refused)
{
	struct sample s, t;
	struct seen seen;

	make_sample(&s);
	make_sample(&t);
	memcpy(s.bytes.p + s.at[0], t.bytes.p + t.at[0], t.at[1] - t.at[0]);
	read_sample(&s, ALL, &seen);

	assert_string_equal(steps_of(&seen), "BFFFFF");
	assert_non_null(strstr(seen.text[0], "frame 0 at byte"));
	buf_done(&s.bytes);
	buf_done(&t.bytes);
}

TEST(bytes_taken_out_of_the_middle_are_damage_and_not_torn)
{
	struct sample s;
	struct seen seen;

	make_sample(&s);
	memmove(s.bytes.p + s.at[2], s.bytes.p + s.at[3], s.at[FRAMES] - s.at[3]);
	s.bytes.len -= s.at[3] - s.at[2];
	read_sample(&s, ALL, &seen);

	assert_string_equal(steps_of(&seen), "MFB");
	assert_non_null(strstr(seen.text[2], "on was written for another place"));
	buf_done(&s.bytes);
}

/* Writes the checksum of a header anew, as who has no key can. */
static void forge(char *head)
{
	uint8_t hash[CRYPTO_SHA256_BYTES];

	crypto_hash_begin(CRYPTO_SHA256);
	crypto_hash_add(CRYPTO_SHA256, (struct str){ head, LOG_FRAME_BYTES - 8 });
	assert_int_equal(crypto_hash_end(CRYPTO_SHA256, hash), 0);
	memcpy(head + LOG_FRAME_BYTES - 8, hash, 8);
}

TEST(a_forged_length_does_not_hide_the_frames_behind_it)
{
	struct sample s;
	struct seen seen;
	uint8_t *head;

	/* META of frame 1 seems to reach to the end of frame 3. */
	make_sample(&s);
	head = (uint8_t *)s.bytes.p + s.at[1];
	(void)put_le(head + 64, 4096, 4);
	(void)put_le(head + 68, s.at[4] - s.at[1] - LOG_FRAME_BYTES, 4);
	(void)put_le(head + 72, 0, 8);
	(void)put_le(head + 80, 0, 8);
	forge(s.bytes.p + s.at[1]);
	read_sample(&s, ALL, &seen);

	assert_string_equal(steps_of(&seen), "MBFFFF");
	buf_done(&s.bytes);
}

TEST(a_forged_header_opens_nothing)
{
	static const size_t fields[] = { 24, 32, 40, 48, 52, 56, 60 };
	struct sample s;
	struct seen seen;

	make_sample(&s);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		char *head = s.bytes.p + s.at[2];

		head[fields[i]]++;
		forge(head);
		read_sample(&s, ALL, &seen);
		head[fields[i]]--;
		forge(head);

		assert_string_equal(steps_of(&seen), "MFBFFF");
	}
	buf_done(&s.bytes);
}

/* ---- Whole files ----------------------------------------------------------------------------- */

TEST(a_log_under_another_name_is_refused)
{
	static const char *const names[] = { "00000000000004d3.log", "00000000000004D2.log",
					     "4d2.log", "copy.log" };
	struct sample s;
	struct seen seen;

	make_sample(&s);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		read_bytes(buf_str(&s.bytes), names[i], ALL, &seen);

		assert_int_equal(seen.head, -EBADMSG);
		assert_int_equal(seen.err.id, ERR_STORE_DAMAGED);
		assert_non_null(strstr(seen.err.text, "written as 00000000000004d2.log"));
	}
	buf_done(&s.bytes);
}

TEST(the_log_of_another_store_is_refused)
{
	uint8_t another[ROWLOG_STORE_ID_BYTES] = "another store of";
	struct rowlog_head head;
	struct sample s;
	struct err err;
	int fd = memfd_create("log", MFD_CLOEXEC);

	make_sample(&s);
	assert_int_equal(disk_write(fd, 0, buf_str(&s.bytes)), 0);

	assert_int_equal(rowlog_read_head(fd, NAME, another, &head, &err), -EXDEV);
	assert_int_equal(err.id, ERR_STORE_OTHER);
	fd_close(fd);
	buf_done(&s.bytes);
}

TEST(a_newer_version_is_refused_as_such)
{
	struct sample s;
	struct seen seen;

	make_sample(&s);
	s.bytes.p[8] = LOG_VERSION + 1;
	forge(s.bytes.p);
	read_sample(&s, ALL, &seen);
	assert_int_equal(seen.head, -ENOTSUP);
	assert_int_equal(seen.err.id, ERR_STORE_VERSION);

	s.bytes.p[8] = 0; /* there is none */
	forge(s.bytes.p);
	read_sample(&s, ALL, &seen);
	assert_int_equal(seen.head, -EBADMSG);
	buf_done(&s.bytes);
}

TEST(a_header_that_was_changed_and_summed_again_opens_nothing)
{
	struct sample s;
	struct seen seen;

	/* The hour, which is in no frame: another one would keep rows of a destroyed hour. */
	make_sample(&s);
	s.bytes.p[40]++;
	forge(s.bytes.p);
	read_sample(&s, ALL, &seen);

	assert_string_equal(steps_of(&seen), "BBBBBT");
	buf_done(&s.bytes);
}

/* As many false headers as fit behind the last frame, each with all that a frame may claim. */
static void put_false_frames(struct buf *bytes, size_t headers)
{
	const uint32_t claim = ROWLOG_FRAME_BYTES;
	struct log_frame frame = { .sequence = 1, .rows = 1, .part = { { claim, claim } } };

	for (size_t i = 0; i < headers; i++) {
		uint8_t head[LOG_FRAME_BYTES];

		frame.offset = bytes->len;
		frame.number = FRAMES + i;
		assert_int_equal(rowlog_frame_encode(&frame, head), 0);
		assert_int_equal(buf_put(bytes, (struct str){ (char *)head, sizeof(head) }), 0);
	}
	memset(buf_extend(bytes, claim), 1, claim);
}

TEST(false_frames_that_claim_the_same_bytes_over_and_over_end_the_reading)
{
	const size_t headers = 32 * KIB; /* which claim 32 GiB */
	struct rowlog_reader *r = NULL;
	struct rowlog_head head;
	struct rowlog_frame frame;
	struct sample s;
	struct err err;
	size_t frames = 0, bad = 0;
	int step, fd = memfd_create("log", MFD_CLOEXEC);

	make_sample(&s);
	s.bytes.cap_bytes = 8 * MIB;
	put_false_frames(&s.bytes, headers);
	assert_int_equal(disk_write(fd, 0, buf_str(&s.bytes)), 0);
	assert_int_equal(rowlog_read_head(fd, NAME, store_id, &head, &err), 0);
	assert_int_equal(rowlog_reader_new(fd, NAME, &head, keys, NULL, &r, &err), 0);
	while ((step = rowlog_next(r, &frame, NULL, &err)) > ROWLOG_END) {
		frames += step == ROWLOG_FRAME;
		bad += step == ROWLOG_BAD;
	}

	assert_int_equal(step, ROWLOG_END);
	assert_int_equal(frames, FRAMES - 1);
	assert_in_range(bad, 1, 64);
	assert_non_null(strstr(err.text, "more false frames"));
	rowlog_reader_free(r);
	buf_done(&s.bytes);
	fd_close(fd);
}

TEST_MAIN
