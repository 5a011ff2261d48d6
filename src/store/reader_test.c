/* SPDX-License-Identifier: Apache-2.0 */
/* Reading without a lock: which pieces there are, and what is told of those that cannot be read. */
#include <sys/mman.h>
#include <sys/wait.h>

#include "store/fault_rig.h"

static struct store_reader *list(struct rig *r, unsigned parts)
{
	struct store_reader *reader = NULL;

	if (store_reader_open(r->dir, &r->conf.root, parts, &reader, &r->err) < 0)
		fail_msg("store_reader_open: %s", r->err.text);
	return reader;
}

static void damage(const struct rig *r, const char *name, off_t at)
{
	char path[160], c;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &c, 1, at), 1);
	c ^= 1;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	fd_close(fd);
}

TEST(where_there_is_no_store_there_is_nothing_to_read)
{
	struct rig *r = rig_new();
	struct store_reader *reader = NULL;

	assert_int_equal(store_reader_open(r->dir, &r->conf.root, 7, &reader, &r->err), -ENOENT);
	assert_int_equal(r->err.id, ERR_STORE_NONE);
	assert_int_equal(store_reader_open(r->base, &r->conf.root, 7, &reader, &r->err), -ENOENT);
	assert_int_equal(r->err.id, ERR_STORE_NONE);
	rig_free(r);
}

TEST(an_empty_store_has_no_piece)
{
	struct rig *r = rig_new();
	struct store_reader *reader;

	rig_open(r);
	reader = list(r, 7);

	assert_int_equal(store_reader_pieces(reader), 0);
	assert_memory_equal(store_reader_id(reader), keystore_id(r->store->ks), KEYSTORE_ID_BYTES);
	store_reader_free(reader);
	rig_free(r);
}

TEST(pieces_come_by_number_and_say_what_they_are)
{
	struct rig *r = rig_new();
	struct store_reader *reader;
	struct store_piece p;

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_compact(r);
	r->now_ns += KEYSTORE_HOUR_NS;
	rig_add(r, "b", 2, 2);
	rig_commit(r);
	reader = list(r, 7);

	assert_int_equal(store_reader_pieces(reader), 2);
	assert_true(store_reader_first(reader, 0) < store_reader_first(reader, 1));
	assert_int_equal(store_reader_piece(reader, 0, &p, &r->err), 0);
	assert_false(p.is_log);
	assert_string_equal(p.cluster, "a");
	assert_true(p.hour == RIG_START_NS / KEYSTORE_HOUR_NS);
	assert_int_equal(p.bad, 0);
	store_piece_done(&p);
	assert_int_equal(store_reader_piece(reader, 1, &p, &r->err), 0);
	assert_true(p.is_log);
	assert_string_equal(p.cluster, "b");
	assert_true(p.until_arrival == UINT64_MAX);
	store_piece_done(&p);
	store_reader_free(reader);
	rig_free(r);
}

TEST(keys_of_other_parts_than_the_readers_are_not_handed_out)
{
	struct rig *r = rig_new();
	struct store_reader *reader;
	struct store_piece p;

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_commit(r);
	for (unsigned i = 0; i < 2; i++) { /* of a log, of a segment */
		reader = list(r, 1u << PART_META | 1u << PART_HEADERS);
		assert_int_equal(store_reader_piece(reader, 0, &p, &r->err), 0);

		assert_int_equal(p.is_log, i == 0);
		assert_true(p.key[PART_META].id && p.key[PART_HEADERS].id);
		assert_true(p.key[PART_PAYLOAD].id == 0);
		store_piece_done(&p);
		store_reader_free(reader);
		rig_compact(r);
	}
	rig_free(r);
}

TEST(a_log_that_became_a_segment_since_it_was_listed_is_found_as_one)
{
	struct rig *r = rig_new();
	struct store_reader *reader;
	struct store_piece p;

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_commit(r);
	reader = list(r, 7);
	rig_compact(r);

	assert_int_equal(store_reader_piece(reader, 0, &p, &r->err), 0);
	assert_false(p.is_log);
	assert_true(p.fd[PART_PAYLOAD] >= 0);
	store_piece_done(&p);
	store_reader_free(reader);
	rig_free(r);
}

TEST(a_piece_that_is_gone_since_it_was_listed_is_told)
{
	struct rig *r = rig_new();
	struct store_reader *reader;
	struct store_piece p;

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_compact(r);
	r->now_ns += KEYSTORE_HOUR_NS;
	rig_add(r, "a", 1, 2);
	rig_commit(r);
	reader = list(r, 7);
	r->now_ns += 40 * 24 * KEYSTORE_HOUR_NS;
	rig_tick(r);

	assert_int_equal(store_reader_piece(reader, 0, &p, &r->err), -ENOENT);
	assert_int_equal(store_reader_piece(reader, 1, &p, &r->err), -ENOENT);
	store_reader_free(reader);
	rig_free(r);
}

TEST(a_piece_with_a_damaged_head_is_told_by_name)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_compact(r);
	rig_add(r, "a", 1, 3);
	rig_commit(r);
	damage(r, "segments/0000000000000001.meta", 30);

	assert_int_equal(rig_read(r), 3);
	assert_int_equal(r->problems, 1);
	assert_non_null(strstr(r->problem, "0000000000000001.meta"));
	rig_free(r);
}

TEST(a_damaged_part_costs_that_part_and_is_told_by_name)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_compact(r);
	damage(r, "segments/0000000000000001.payload", 30);

	assert_int_equal(rig_read(r), 2);
	assert_int_equal(r->parts[0], 3);
	assert_int_equal(r->problems, 1);
	assert_non_null(strstr(r->problem, "0000000000000001.payload"));
	rig_free(r);
}

TEST(files_that_changed_places_are_refused_by_name)
{
	struct rig *r = rig_new();
	char a[160], b[160], c[160];

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_add(r, "b", 2, 2);
	rig_compact(r);
	(void)snprintf(a, sizeof(a), "%s/segments/0000000000000001.meta", r->dir);
	(void)snprintf(b, sizeof(b), "%s/segments/0000000000000002.meta", r->dir);
	(void)snprintf(c, sizeof(c), "%s/x", r->base);
	assert_int_equal(access(a, F_OK) | access(b, F_OK), 0);
	assert_int_equal(rename(a, c) | rename(b, a) | rename(c, b), 0);

	assert_int_equal(rig_read(r), 0);
	assert_int_equal(r->problems, 2);
	rig_free(r);
}

TEST(frames_of_a_commit_that_failed_are_marked_off)
{
	struct rig_fault f = { DISK_CALL_SYNC, ".log", -EIO, 0, 1, 0 };
	struct rig *r = rig_new();
	struct store_reader *reader;
	struct store_piece p;

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_commit(r);
	rig_add(r, "a", 1, 2);
	rig_inject(&f);
	rig_commit(r);
	reader = list(r, 7);

	assert_int_equal(store_reader_pieces(reader), 2);
	assert_int_equal(store_reader_piece(reader, 0, &p, &r->err), 0);
	assert_true(p.until_arrival == store_reader_first(reader, 1));
	store_piece_done(&p);
	store_reader_free(reader);
	rig_free(r);
}

/* ---- Beside a writer --------------------------------------------------------------------------
 */

struct beside {
	volatile uint64_t acked; /* of the writer, so far */
	volatile int stop;
};

/* Commits, hours that end, segments: as fast as they come. */
static void write_on(struct rig *r, struct beside *b)
{
	rig_open(r);
	for (unsigned i = 0; !b->stop && r->sequence[1] < RIG_ROWS - 4; i++) {
		rig_add(r, "a", 1, 3);
		rig_commit(r);
		b->acked = r->acked_rows;
		r->now_ns += KEYSTORE_HOUR_NS / 20;
		if (i % 7 == 0)
			rig_compact(r);
		rig_tick(r);
	}
}

static size_t read_beside(struct rig *r)
{
	const struct rows_reading to = { rig_row, NULL, r };
	int x;

	do {
		r->rows = 0;
		x = rows_read_all(r->dir, &r->conf.root, &to, &r->err);
	} while (x == -ENOENT); /* something went since it was listed */
	assert_int_equal(x, 0);
	return r->rows;
}

TEST(a_reader_beside_the_writer_sees_everything_acknowledged_once)
{
	struct beside *b =
		mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct rig *r = rig_new();
	int status = -1;
	pid_t pid;

	assert_true(b != MAP_FAILED);
	pid = fork();
	if (pid == 0) {
		write_on(r, b);
		_exit(0);
	}
	while (b->acked < 3)
		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	for (unsigned i = 0; i < 50; i++) {
		uint64_t before = b->acked;
		size_t n = read_beside(r);

		if (n < before)
			fail_msg("%zu rows, and %llu were acknowledged", n,
				 (unsigned long long)before);
		for (size_t k = 1; k < n; k++)
			assert_true(r->id[k].sequence == r->id[k - 1].sequence + 1);
	}
	b->stop = 1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)munmap(b, sizeof(*b));
	rig_free(r);
}

TEST_MAIN
