/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of this room share: a directory, keys, rows of any parts, a log, and what a reader
 * says of one.
 */
#ifndef REDOUBT_ROWLOG_TEST_H
#define REDOUBT_ROWLOG_TEST_H

#include "rowlog/rowlog_int.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t.h"
#include "tempdir.h"

#define AT_NS   INT64_C(1767225600000000000)
#define ARRIVAL UINT64_C(1234)
#define NAME    "00000000000004d2.log"

static const uint8_t store_id[ROWLOG_STORE_ID_BYTES] = "store of a test";
static const uint8_t marks_key[CRYPTO_KEY_BYTES] = "the key of marks, of this test.";
static const struct rowlog_key keys[ROW_PARTS] = {
	{ 11, "the key of META, of this test." },
	{ 12, "the key of HEADERS, of this tes" },
	{ 13, "the key of PAYLOAD, of this tes" },
};

/* ---- Rows ------------------------------------------------------------------------------------ */

#define META    (1U << PART_META)
#define HEADERS (1U << PART_HEADERS)
#define PAYLOAD (1U << PART_PAYLOAD)
#define ALL     (META | HEADERS | PAYLOAD)

#define TEST_ROW_BYTES ((size_t)1024)
#define FIELD_PAYLOAD  9000 /* of no declared field, which are of PAYLOAD */

struct stream {
	uint32_t agent, epoch;
	uint8_t shard;
};

static const struct stream one = { 7, 1, 3 };

/* A field of type str, or a map of one pair when it has a name. */
struct test_field {
	uint16_t id;
	const char *name, *value;
};

static size_t align8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static uint8_t *put_text(uint8_t *p, const char *s)
{
	p = put_le(p, strlen(s), 4);
	memcpy(p, s, strlen(s));
	return p + strlen(s);
}

/* Returns the bytes of the value, padded. */
static size_t put_value(uint8_t *to, const struct test_field *f)
{
	uint8_t *p = to;
	size_t n;

	if (f->name) {
		p = put_le(p, 1, 4);
		p = put_le(p, 8 + strlen(f->name) + strlen(f->value), 4);
		p = put_text(p, f->name);
	}
	p = put_text(p, f->value);
	n = (size_t)(p - to);
	memset(p, 0, align8(n) - n);
	return align8(n);
}

static size_t encode_row(uint8_t *to, const struct stream *s, uint64_t sequence,
			 const struct test_field *field, size_t fields)
{
	size_t at = 24 + 8 * fields;

	for (size_t i = 0; i < fields; i++) {
		uint8_t *entry = to + 24 + 8 * i;

		(void)put_le(entry, field[i].id, 2);
		entry[2] = field[i].name ? FIELD_MAP : FIELD_STR;
		entry[3] = 0;
		(void)put_le(entry + 4, at, 4);
		at += put_value(to + at, &field[i]);
	}
	(void)put_le(to, at, 4);
	(void)put_le(to + 4, KIND_HTTP, 2);
	(void)put_le(to + 6, fields, 2);
	(void)put_le(to + 8, stream_agent_epoch(s->agent, s->epoch), 8);
	(void)put_le(to + 16, (uint64_t)s->shard << 56 | sequence, 8);
	return at;
}

/* A row whose values tell its stream and sequence, with a field of each part. */
static struct row_view make_row(const struct stream *s, uint64_t sequence, unsigned parts,
				uint8_t to[TEST_ROW_BYTES])
{
	struct test_field field[3];
	char path[64], value[64], body[64];
	struct row_view view;
	size_t n = 0, bytes;

	(void)snprintf(path, sizeof(path), "/of/%u/%u/%u/%llu", s->agent, s->epoch, s->shard,
		       (unsigned long long)sequence);
	(void)snprintf(value, sizeof(value), "value %llu", (unsigned long long)sequence);
	(void)snprintf(body, sizeof(body), "body %llu", (unsigned long long)sequence);
	field[n++] = (struct test_field){ 102, NULL, path };
	if (parts & HEADERS)
		field[n++] = (struct test_field){ 108, "x-name", value };
	if (parts & PAYLOAD)
		field[n++] = (struct test_field){ FIELD_PAYLOAD, NULL, body };
	bytes = encode_row(to, s, sequence, field, n);
	assert_int_equal(row_view((struct str){ (const char *)to, bytes }, &view), 0);
	return view;
}

/* The parts that row n of a test has: all kinds of mixtures, one after another. */
static unsigned parts_of(uint64_t sequence)
{
	return META | (sequence % 2 ? HEADERS : 0) | (sequence % 3 ? 0 : PAYLOAD);
}

/* That a row is the one of this stream and sequence, with these of its parts, byte for byte. */
static void assert_row(const struct row_view *row, const struct stream *s, uint64_t sequence,
		       unsigned had)
{
	uint8_t want[TEST_ROW_BYTES];
	struct row_view view = make_row(s, sequence, parts_of(sequence) & had, want);

	assert_int_equal(row->bytes.n, view.bytes.n);
	assert_memory_equal(row->bytes.p, want, view.bytes.n);
}

/* ---- Writing --------------------------------------------------------------------------------- */

[[maybe_unused]] static struct rowlog_marks *new_marks(void)
{
	struct rowlog_marks *marks = NULL;

	assert_int_equal(rowlog_marks_new(&marks), 0);
	return marks;
}

[[maybe_unused]] static struct rowlog_conf conf_of(int dir, struct rowlog_marks *marks)
{
	struct rowlog_conf conf = {
		.dir_fd = dir, .first_arrival = ARRIVAL, .hour = 490896, .marks = marks
	};

	memcpy(conf.store_id, store_id, sizeof(store_id));
	memcpy(conf.key, keys, sizeof(keys));
	memcpy(conf.marks_key, marks_key, sizeof(marks_key));
	return conf;
}

[[maybe_unused]] static struct rowlog *new_log(int dir, struct rowlog_marks *marks)
{
	const struct rowlog_conf conf = conf_of(dir, marks);
	struct rowlog *log = NULL;
	struct err err;

	assert_int_equal(rowlog_create(&conf, &log, &err), 0);
	return log;
}

[[maybe_unused]] static int add_row(struct rowlog *log, const struct stream *s, uint64_t sequence)
{
	uint8_t bytes[TEST_ROW_BYTES];
	struct row_view view = make_row(s, sequence, parts_of(sequence), bytes);

	return rowlog_add(log, &view, AT_NS);
}

[[maybe_unused]] static void add_rows(struct rowlog *log, const struct stream *s, uint64_t from,
				      uint64_t to)
{
	for (uint64_t i = from; i <= to; i++)
		assert_int_equal(add_row(log, s, i), 1);
}

[[maybe_unused]] static void commit(struct rowlog *log)
{
	struct err err;

	assert_int_equal(rowlog_commit(log, AT_NS, NULL, NULL, &err), 0);
}

/* ---- Reading --------------------------------------------------------------------------------- */

#define SEEN_MAX 32

/* What a reader said of a file, step by step. */
struct seen {
	size_t steps;
	enum rowlog_step step[SEEN_MAX];
	struct rowlog_frame frame[SEEN_MAX]; /* of ROWLOG_FRAME */
	unsigned parts[SEEN_MAX];
	char text[SEEN_MAX][200]; /* of the others */
	int head;                 /* what rowlog_read_head() answered */
	struct err err;
};

static void read_rows(struct rowlog_reader *r, const struct rowlog_frame *frame, unsigned had)
{
	const struct stream s = { frame->agent, frame->epoch, frame->shard };
	uint64_t sequence = frame->sequence - frame->rows + 1, arrival = 0;
	struct row_view row;
	uint32_t n = 0;
	int got;

	while ((got = rowlog_row(r, &row, &arrival)) > 0) {
		assert_int_equal(arrival, frame->first_arrival + n);
		assert_row(&row, &s, sequence + n, had);
		n++;
	}
	assert_int_equal(got, 0);
	assert_int_equal(n, had & META ? frame->rows : 0);
}

/* Reads all of a file, and asserts that every row that comes is right: rows of a test have the
 * sequence numbers up to that of their frame, without gaps. */
[[maybe_unused]] static void read_file(int fd, const char *name, unsigned had,
				       struct rowlog_marks *marks, struct seen *seen)
{
	struct rowlog_key key[ROW_PARTS];
	struct rowlog_reader *r = NULL;
	struct rowlog_head head;
	enum rowlog_step step;

	memset(seen, 0, sizeof(*seen));
	seen->head = rowlog_read_head(fd, name, store_id, &head, &seen->err);
	if (seen->head < 0)
		return;
	memcpy(key, keys, sizeof(key));
	for (unsigned part = 0; part < ROW_PARTS; part++)
		if (!(had >> part & 1))
			key[part].id = 0;
	assert_int_equal(rowlog_reader_new(fd, name, &head, key, marks_key, &r, &seen->err), 0);
	do {
		const size_t i = seen->steps++;
		int got = rowlog_next(r, &seen->frame[i], marks, &seen->err);

		assert_true(got >= 0 && i < SEEN_MAX);
		step = seen->step[i] = (enum rowlog_step)got;
		if (step == ROWLOG_BAD || step == ROWLOG_TORN)
			(void)snprintf(seen->text[i], sizeof(seen->text[i]), "%.*s",
				       (int)sizeof(seen->text[i]) - 1, seen->err.text);
		seen->parts[i] = rowlog_frame_parts(r);
		if (step == ROWLOG_FRAME)
			read_rows(r, &seen->frame[i], seen->parts[i]);
	} while (step != ROWLOG_END);
	rowlog_reader_free(r);
}

[[maybe_unused]] static void read_name(int dir, const char *name, unsigned had,
				       struct rowlog_marks *marks, struct seen *seen)
{
	CLEANUP(fd_close) int fd = disk_open(dir, name);

	assert_true(fd >= 0);
	read_file(fd, name, had, marks, seen);
}

/* The same of bytes, as a file of this name. */
[[maybe_unused]] static void read_bytes(struct str bytes, const char *name, unsigned had,
					struct seen *seen)
{
	CLEANUP(fd_close) int fd = memfd_create("log", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(disk_write(fd, 0, bytes), 0);
	read_file(fd, name, had, NULL, seen);
}

/* The steps as a word: M marks, F frame, B bad, T torn. */
[[maybe_unused]] static const char *steps_of(const struct seen *seen)
{
	static char word[SEEN_MAX];

	memset(word, 0, sizeof(word));
	for (size_t i = 0; i < SEEN_MAX - 1 && i + 1 < seen->steps; i++) /* without the end */
		word[i] = ".FMBT"[seen->step[i]];
	return word;
}

#endif
