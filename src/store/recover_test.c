/* SPDX-License-Identifier: Apache-2.0 */
/* What a new writer finds, whoever died before: rows, marks, numbers, and what was damaged. */
#include "store/fault_rig.h"

#include <fcntl.h>

struct first {
	const char *suffix;
	char name[64];
};

static int find_first(void *owner, const char *name)
{
	struct first *at = owner;

	if (at->name[0] == '\0' && str_ends(str_of(name), str_of(at->suffix)))
		(void)snprintf(at->name, sizeof(at->name), "%s", name);
	return 0;
}

/* The first file of a directory whose name ends so. */
static const char *first_path(const struct rig *r, const char *sub, const char *suffix)
{
	struct first at = { .suffix = suffix };
	static char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", r->dir, sub);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(disk_each(fd, find_first, &at), 0);
	fd_close(fd);
	assert_true(at.name[0] != '\0');
	(void)snprintf(path, sizeof(path), "%s/%s/%s", r->dir, sub, at.name);
	return path;
}

/* Flips a bit; a negative place counts from the end. */
static void damage(const char *path, off_t at)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char c;

	assert_true(fd >= 0);
	at = at < 0 ? lseek(fd, 0, SEEK_END) + at : at;
	assert_int_equal(pread(fd, &c, 1, at), 1);
	c = (char)(c ^ 4);
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	fd_close(fd);
}

static void append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	fd_close(fd);
}

static void expect_there_already(struct rig *r, const char *cluster, uint32_t agent)
{
	struct rows_id id = { agent, 1, 0, r->sequence[agent] };

	assert_int_equal(rig_add_id(r, cluster, &id), 0);
}

/* ---- Opening --------------------------------------------------------------------------------- */

TEST(a_store_is_made_only_where_one_is_asked_for)
{
	struct rig *r = rig_new();

	r->conf.create = false;
	assert_int_equal(store_open(&r->conf, &r->store, &r->err), -ENOENT);
	assert_int_equal(r->err.id, ERR_STORE_NONE);
	assert_int_not_equal(access(r->dir, F_OK), 0);
	assert_int_equal(mkdir(r->dir, 0700), 0);
	assert_int_equal(store_open(&r->conf, &r->store, &r->err), -ENOENT);
	assert_int_equal(rmdir(r->dir), 0); /* nothing was made in it */

	r->conf.create = true;
	rig_open(r);
	rig_close(r);
	r->conf.create = false;
	rig_open(r);
	rig_free(r);
}

TEST(a_second_writer_is_refused_and_told_who_has_it)
{
	struct rig *r = rig_new();
	struct store *second = NULL;
	char pid[32];

	(void)snprintf(pid, sizeof(pid), "process %d", (int)getpid());
	rig_open(r);

	assert_int_equal(store_open(&r->conf, &second, &r->err), -EBUSY);
	assert_int_equal(r->err.id, ERR_STORE_BUSY);
	assert_non_null(strstr(r->err.text, pid));
	rig_kill(r);
	rig_open(r);
	rig_free(r);
}

TEST(another_root_key_is_refused)
{
	struct rig *r = rig_new();
	char other[128];

	rig_open(r);
	rig_close(r);
	(void)snprintf(other, sizeof(other), "%s/other.key", r->base);
	assert_int_equal(keystore_make_key_file(other, NULL), 0);
	r->conf.root.key_file = other;

	assert_int_equal(store_open(&r->conf, &r->store, &r->err), -EKEYREJECTED);
	rig_free(r);
}

TEST(a_damaged_metadata_database_stops_no_row)
{
	struct rig *r = rig_new();
	char path[128];

	rig_open(r);
	rig_close(r);
	(void)snprintf(path, sizeof(path), "%s/meta/redoubt.db", r->dir);
	for (off_t at = 0; at < 4096; at += 64)
		damage(path, at);
	rig_open(r);
	assert_true(rig_says(r, "the ledger is off"));
	rig_add(r, "a", 1, 2);
	rig_compact(r);

	assert_int_equal(rig_read(r), 2);
	rig_free(r);
}

TEST(what_may_be_kept_is_remembered)
{
	struct rig *r = rig_new();

	r->conf.keep =
		(struct store_keep){ .part_ns = { 0, 0, 2 * KEYSTORE_HOUR_NS }, .bytes = MIB };
	rig_open(r);
	rig_close(r);
	r->conf.keep = (struct store_keep){ .bytes = 0 };
	rig_open(r);

	assert_true(r->store->keep.part_ns[PART_PAYLOAD] == 2 * KEYSTORE_HOUR_NS);
	assert_true(r->store->keep.part_ns[PART_META] == 30 * 24 * KEYSTORE_HOUR_NS);
	assert_true(r->store->keep.bytes == MIB);
	rig_free(r);
}

TEST(unfinished_files_go)
{
	struct rig *r = rig_new();
	char path[128];

	rig_open(r);
	rig_close(r);
	for (unsigned i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s/0000000000000009.x.new", r->dir,
			       (const char *[]){ "log", "segments" }[i]);
		fd_close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	rig_open(r);

	assert_int_equal(rig_files(r, "log", ".new"), 0);
	assert_int_equal(rig_files(r, "segments", ".new"), 0);
	rig_free(r);
}

/* ---- Rows, marks and numbers ----------------------------------------------------------------- */

TEST(what_was_committed_survives_and_what_waited_does_not)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 3);
	rig_commit(r);
	rig_add(r, "a", 1, 2);
	rig_kill(r);
	rig_open(r);

	assert_int_equal(rig_read(r), 3);
	r->sequence[1] = 3;
	expect_there_already(r, "a", 1);
	rig_add(r, "a", 1, 2);
	rig_commit(r);
	assert_int_equal(rig_read(r), 5);
	rig_free(r);
}

TEST(a_torn_end_is_said_and_entered_and_costs_nothing)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 3);
	rig_commit(r);
	rig_kill(r);
	append(first_path(r, "log", ".log"), "half a frame");
	rig_open(r);

	assert_true(rig_says(r, "12 bytes at its end"));
	assert_int_equal(rig_read(r), 3);
	rig_kill(r);
	assert_int_equal(rig_verify(r), 0); /* the ledger explains it */
	rig_open(r);
	rig_compact(r);
	rig_close(r);
	assert_int_equal(rig_verify(r), 0);
	rig_free(r);
}

TEST(marks_and_numbers_survive_when_all_logs_became_segments)
{
	struct rig *r = rig_new();
	uint64_t next;

	rig_open(r);
	rig_add(r, "a", 1, 3);
	rig_add(r, "b", 2, 4);
	rig_compact(r);
	next = r->store->next_arrival;
	rig_kill(r);
	rig_open(r);

	assert_true(r->store->next_arrival >= next);
	expect_there_already(r, "a", 1);
	expect_there_already(r, "b", 2);
	rig_compact(r);
	rig_kill(r);
	rig_open(r);
	expect_there_already(r, "b", 2);
	rig_free(r);
}

TEST(marks_and_numbers_survive_when_everything_expired)
{
	struct rig *r = rig_new();
	uint64_t next;

	rig_open(r);
	rig_add(r, "a", 1, 3);
	rig_compact(r);
	rig_add(r, "a", 1, 3);
	rig_commit(r);
	next = r->store->next_arrival;
	r->now_ns += 40 * 24 * KEYSTORE_HOUR_NS;
	rig_tick(r);
	assert_int_equal(rig_read(r), 0);
	rig_kill(r);
	rig_open(r);

	assert_true(r->store->next_arrival >= next);
	expect_there_already(r, "a", 1);
	assert_int_equal(rig_files(r, "segments", ""), 0);
	assert_int_equal(rig_files(r, "log", ".log"), 1);
	rig_free(r);
}

TEST(many_openings_leave_one_log_of_marks)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 1);
	rig_compact(r);
	for (unsigned i = 0; i < 5; i++) {
		rig_close(r);
		rig_open(r);
		rig_add(r, "a", 1, 1);
		rig_compact(r);
	}

	assert_int_equal(rig_files(r, "log", ".log"), 1);
	assert_int_equal(rig_read(r), 6);
	rig_free(r);
}

TEST(when_somebody_removed_all_logs_it_is_said_and_numbers_go_on)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 9);
	rig_compact(r);
	rig_close(r);
	assert_int_equal(unlink(first_path(r, "log", ".log")), 0);
	rig_open(r);

	assert_true(rig_says(r, "there are segments, but no log"));
	assert_true(r->store->next_arrival == 11);
	rig_free(r);
}

/* ---- Dying at any call ----------------------------------------------------------------------- */

/* A history with commits of two clusters, an hour that ends, segments, ages and a destruction. */
static void live(struct rig *r, uint64_t *acked)
{
	const struct key_match match = { .cluster = "b", .part = -1, .hour_to = INT64_MAX };
	struct rows_id id = { 1, 1, 0, 0 };

	if (store_open(&r->conf, &r->store, &r->err) < 0)
		return;
	for (unsigned i = 0; i < 4; i++) {
		for (unsigned k = 0; k < 5; k++) {
			id.agent = 1 + k % 2;
			id.sequence = 1 + i * 5 + k;
			if (rig_add_id(r, k % 2 ? "b" : "a", &id) < 0)
				return;
		}
		if (store_commit(r->store, &r->err) < 0)
			return;
		*acked = i + 1;
		r->now_ns += KEYSTORE_HOUR_NS / 2 + 1;
		if (store_tick(r->store, &r->err) < 0)
			return;
	}
	(void)store_compact(r->store, &r->err);
	(void)store_destroy(r->store, &match, &r->err);
}

static size_t of_agent(const struct rig *r, uint32_t agent)
{
	size_t n = 0;

	for (size_t i = 0; i < r->rows; i++)
		n += r->id[i].agent == agent;
	return n;
}

/* Rows of agent 1: 3 in each commit. */
static void expect_all(struct rig *r, uint64_t acked, unsigned call)
{
	(void)rig_read(r);
	if (of_agent(r, 1) < 3 * acked || of_agent(r, 1) > 12)
		fail_msg("call %u: %zu rows of %llu commits", call, of_agent(r, 1),
			 (unsigned long long)acked);
}

TEST(dying_at_any_call_loses_and_doubles_nothing)
{
	bool died = true;

	for (unsigned call = 0; died; call++) {
		struct rig_fault f = { .code = -EIO, .after = call, .times = UINT32_MAX };
		struct rig *r = rig_new();
		uint64_t acked = 0;

		rig_inject(&f);
		live(r, &acked);
		died = f.seen > call;
		if (r->store)
			rig_kill(r);
		disk_inject(NULL);
		rig_open(r);
		expect_all(r, acked, call);
		rig_compact(r);
		expect_all(r, acked, call);
		rig_close(r);
		assert_int_equal(rig_verify(r), 0);
		if (!died)
			assert_int_equal(of_agent(r, 2), 0);
		rig_free(r);
	}
}

/* ---- Damage ---------------------------------------------------------------------------------- */

TEST(a_log_whose_segment_is_there_is_passed_over_and_removed)
{
	struct rig_fault f = { DISK_CALL_REMOVE, ".log", -EIO, 0, UINT32_MAX, 0 };
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 3);
	rig_commit(r);
	rig_inject(&f);
	assert_true(store_compact(r->store, &r->err) < 0);
	assert_int_equal(rig_read(r), 3);
	rig_kill(r);
	disk_inject(NULL);
	assert_int_equal(rig_files(r, "segments", ".meta"), 1);
	assert_int_equal(rig_files(r, "log", "0001.log"), 1);
	rig_open(r);
	assert_int_equal(rig_read(r), 3);
	rig_tick(r);

	assert_int_equal(rig_read(r), 3);
	assert_int_equal(rig_files(r, "log", "0001.log"), 0);
	rig_free(r);
}

TEST(a_segment_that_cannot_be_read_is_made_again_from_its_log)
{
	struct rig_fault f = { DISK_CALL_REMOVE, ".log", -EIO, 0, UINT32_MAX, 0 };
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 3);
	rig_commit(r);
	rig_inject(&f);
	assert_true(store_compact(r->store, &r->err) < 0);
	rig_kill(r);
	disk_inject(NULL);
	damage(first_path(r, "segments", ".meta"), -20);
	rig_open(r);

	assert_true(rig_says(r, "made again from its log"));
	rig_compact(r);
	assert_int_equal(rig_read(r), 3);
	rig_close(r);
	assert_int_equal(rig_verify(r), 0);
	rig_free(r);
}

TEST(parts_without_their_meta_are_removed_and_said)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 3);
	rig_compact(r);
	rig_close(r);
	assert_int_equal(unlink(first_path(r, "segments", ".meta")), 0);
	rig_open(r);

	assert_true(rig_says(r, ".payload is removed"));
	assert_int_equal(rig_files(r, "segments", ""), 0);
	rig_free(r);
}

TEST(parts_beside_a_damaged_meta_stay_until_their_hour_goes)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 3);
	rig_compact(r);
	rig_close(r);
	damage(first_path(r, "segments", ".meta"), 20);
	rig_open(r);
	rig_tick(r);
	assert_int_equal(rig_files(r, "segments", ""), 3);
	r->now_ns += 40 * 24 * KEYSTORE_HOUR_NS;
	rig_tick(r);

	assert_int_equal(rig_files(r, "segments", ""), 0);
	rig_free(r);
}

/* Three commits, of which the second is damaged. */
static struct rig *with_damaged_frame(void)
{
	struct rig *r = rig_new();
	uint64_t at;

	rig_open(r);
	rig_add(r, "a", 1, 3);
	rig_commit(r);
	at = r->store->files.v[0].log_bytes;
	rig_add(r, "a", 1, 2);
	rig_commit(r);
	rig_add(r, "a", 1, 4);
	rig_close(r);
	damage(first_path(r, "log", ".log"), (off_t)at + 120);
	return r;
}

TEST(a_damaged_frame_costs_itself_and_the_log_is_kept_aside)
{
	struct rig *r = with_damaged_frame();

	rig_open(r);
	assert_true(rig_says(r, "frame 2 at byte"));
	assert_int_equal(rig_read(r), 7);
	rig_compact(r);

	assert_true(rig_says(r, "0000000000000001.log.damaged"));
	assert_int_equal(rig_read(r), 7);
	assert_int_equal(r->problems, 0);
	assert_int_equal(rig_files(r, "log", ".damaged"), 1);
	rig_close(r);
	rig_open(r);
	assert_int_equal(rig_read(r), 7);
	rig_free(r);
}

TEST(a_log_that_was_kept_aside_goes_with_its_hour)
{
	struct rig *r = with_damaged_frame();

	rig_open(r);
	rig_compact(r);
	r->now_ns += 40 * 24 * KEYSTORE_HOUR_NS;
	rig_tick(r);

	assert_int_equal(rig_files(r, "log", ".damaged"), 0);
	rig_free(r);
}

TEST(a_log_with_a_damaged_header_is_kept_aside_and_the_rest_is_there)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 3);
	rig_add(r, "b", 2, 2);
	rig_close(r);
	damage(first_path(r, "log", ".log"), 20);
	rig_open(r);

	assert_int_equal(rig_files(r, "log", ".damaged"), 1);
	assert_int_equal(rig_read(r), 2);
	rig_free(r);
}

TEST(so_many_damaged_logs_are_kept_aside_and_no_more)
{
	struct rig *r = rig_new();

	for (unsigned i = 0; i < ASIDE_MAX + 2; i++) {
		rig_open(r);
		rig_add(r, "a", 1, 3);
		rig_compact(r);
		rig_add(r, "a", 1, 3);
		rig_close(r);
		damage(first_path(r, "log", ".log"), 20);
	}
	rig_open(r);
	rig_tick(r);

	assert_int_equal(rig_files(r, "log", ".damaged"), ASIDE_MAX);
	rig_free(r);
}

/* As a newer version would write the header of a log: its checksum fits. */
static void make_newer(const char *path)
{
	uint8_t head[96], hash[CRYPTO_SHA256_BYTES];
	int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_int_equal(pread(fd, head, sizeof(head), 0), sizeof(head));
	head[8]++;
	crypto_hash_begin(CRYPTO_SHA256);
	crypto_hash_add(CRYPTO_SHA256, (struct str){ (char *)head, sizeof(head) - 8 });
	assert_int_equal(crypto_hash_end(CRYPTO_SHA256, hash), 0);
	memcpy(head + sizeof(head) - 8, hash, 8);
	assert_int_equal(pwrite(fd, head, sizeof(head), 0), sizeof(head));
	fd_close(fd);
}

TEST(what_a_newer_version_wrote_is_left_alone)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 3);
	rig_close(r);
	make_newer(first_path(r, "log", ".log"));

	assert_int_equal(store_open(&r->conf, &r->store, &r->err), -ENOTSUP);
	assert_int_equal(r->err.id, ERR_STORE_VERSION);
	assert_int_equal(rig_files(r, "log", ".log"), 1);
	rig_free(r);
}

TEST_MAIN
