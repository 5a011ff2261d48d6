// SPDX-License-Identifier: Apache-2.0
/*
 * Crashes: processes killed at any moment, and a disk that at a power cut keeps any part of what
 * was not synced. What was acknowledged is there afterwards, and nothing by half.
 */
#include <signal.h>
#include <sys/wait.h>

#include "meta/meta_test.h"

#define ROUNDS      25 /* of kill -9, in each mode */
#define CUTS        60 /* of power, in each mode */
#define COMMIT_ROWS 3  /* a commit has so many rows, or none */

/* A generator of our own, so that a round can be had again. */
static uint64_t random_state;

static uint64_t random_below(uint64_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (random_state >> 33) % n;
}

/* Small caches and early checkpoints: every kind of write happens often. */
static bool prepare(struct meta *m, const char *mode)
{
	char sql[256];

	(void)snprintf(sql, sizeof(sql),
		       "PRAGMA journal_mode = %s; PRAGMA cache_size = 5;"
		       "PRAGMA wal_autocheckpoint = 20;"
		       "CREATE TABLE IF NOT EXISTS t (n INTEGER, text TEXT);"
		       "CREATE INDEX IF NOT EXISTS ti ON t (text)",
		       mode);
	return meta_exec(m, sql, NULL) == 0;
}

/* One commit; false when it was refused. */
static bool commit(struct meta *m, int64_t n)
{
	char sql[256];

	(void)snprintf(
		sql, sizeof(sql),
		"WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d)"
		"INSERT INTO t SELECT %lld, hex(randomblob(600)) FROM c",
		COMMIT_ROWS, (long long)n);
	return meta_exec(m, sql, NULL) == 0;
}

/* Commits 1…acked are there, perhaps one more, and each with all its rows. */
static int64_t assert_kept(struct meta *m, int64_t acked)
{
	int64_t rows = test_number(m, "SELECT count(*) FROM t");
	int64_t last = test_number(m, "SELECT coalesce(max(n), 0) FROM t");

	assert_int_equal(rows, last * COMMIT_ROWS);
	assert_true(last == acked || last == acked + 1);
	assert_true(test_text_is(m, "PRAGMA integrity_check", "ok"));
	return last;
}

/* ---- kill -9 --------------------------------------------------------------------------------- */

/* Commits for ever, and says each to the pipe. Now and then it does not wait for the disk,
 * which a killed process does not need. */
static void child(const struct test_dir *dir, const char *mode, int to, int64_t n)
{
	struct meta *m = NULL;

	if (n % 2)
		test_hurry();
	if (meta_open(dir->path, test_key, false, &m, NULL) < 0)
		_exit(1);
	if (!prepare(m, mode))
		_exit(1);
	while (commit(m, ++n))
		if (write(to, &n, sizeof(n)) != sizeof(n))
			break;
	_exit(1);
}

/* Returns the last commit that was acknowledged. In most rounds there is one. */
static int64_t run_and_kill(const struct test_dir *dir, const char *mode, int64_t acked)
{
	int pipes[2], status = 0;
	int64_t n;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child(dir, mode, pipes[1], acked);
	fd_close(pipes[1]);
	if (random_below(4) > 0 && read(pipes[0], &n, sizeof(n)) == sizeof(n))
		acked = n;
	(void)usleep((useconds_t)random_below(30000));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status)); /* or it ended by itself: an error */
	while (read(pipes[0], &n, sizeof(n)) == sizeof(n))
		acked = n;
	fd_close(pipes[0]);
	return acked;
}

static void kill_often(const char *mode)
{
	struct test_dir dir = test_dir_make();
	int64_t kept = 0;

	random_state = 1;
	for (unsigned i = 0; i < ROUNDS; i++) {
		int64_t acked = run_and_kill(&dir, mode, kept);
		struct meta *m = test_open(&dir);

		assert_true(prepare(m, mode));
		kept = assert_kept(m, acked);
		assert_int_equal(meta_verify(m, NULL, NULL), 0);
		meta_close(m);
	}
	assert_true(kept > ROUNDS);
	test_dir_drop(&dir);
}

TEST(a_killed_writer_loses_nothing_acknowledged_with_a_wal)
{
	kill_often("WAL");
}

TEST(a_killed_writer_loses_nothing_acknowledged_with_a_journal)
{
	kill_often("DELETE");
}

/* ---- Power cuts ------------------------------------------------------------------------------ */

enum { DB, WAL, JOURNAL, CUT_FILES };

static const char *const cut_names[CUT_FILES] = { META_DB_NAME, META_WAL_NAME, META_JOURNAL_NAME };

/* A disk that remembers what was synced. */
struct disk {
	const struct test_dir *dir;
	struct test_bytes synced[CUT_FILES];
	uint64_t calls_left; /* until the power goes */
};

static int file_number(const char *name)
{
	for (int i = 0; name && i < CUT_FILES; i++)
		if (strcmp(name, cut_names[i]) == 0)
			return i;
	return -1;
}

static void remember(struct disk *d, int file)
{
	free(d->synced[file].p);
	d->synced[file] = test_load(d->dir, cut_names[file]);
}

static int ask(void *owner, enum disk_call call, [[maybe_unused]] int fd, const char *name,
	       [[maybe_unused]] uint64_t at, [[maybe_unused]] size_t *n)
{
	struct disk *d = owner;
	int file = file_number(name);

	if (file < 0)
		return 0;
	if (d->calls_left == 0)
		return -EIO;
	d->calls_left--;
	if (call == DISK_CALL_SYNC) {
		remember(d, file);
		return 1;
	}
	if (call == DISK_CALL_REMOVE) {
		free(d->synced[file].p);
		d->synced[file] = (struct test_bytes){ NULL, 0 };
	}
	return 0;
}

/* What the disk holds afterwards: of each sector that was not synced, its old or its new bytes. */
static void tear(struct disk *d, int file, const struct test_dir *to)
{
	struct test_bytes now = test_load(d->dir, cut_names[file]), old = d->synced[file];
	struct test_bytes left = { NULL, random_below(2) ? now.n : old.n };

	if (!now.p)
		return;
	if (left.n > now.n) /* it was made shorter */
		left.n = now.n;
	left.p = calloc(1, left.n ? left.n : 1);
	assert_non_null(left.p);
	for (size_t at = 0; at < left.n; at += 512) {
		size_t n = size_min(512, left.n - at);

		if (random_below(2))
			memcpy(left.p + at, now.p + at, n);
		else if (at < old.n)
			memcpy(left.p + at, old.p + at, size_min(n, old.n - at));
	}
	test_store(to, cut_names[file], left);
	free(left.p);
	free(now.p);
}

static void cut_once(const char *mode, uint64_t calls)
{
	struct test_dir dir = test_dir_make(), after = test_dir_make();
	struct disk disk = { .dir = &dir, .calls_left = calls };
	const struct disk_fault fault = { ask, &disk };
	struct meta *m = test_open(&dir);
	int64_t acked = 0;

	assert_true(prepare(m, mode));
	for (int i = 0; i < CUT_FILES; i++)
		remember(&disk, i);
	disk_inject(&fault);
	while (acked < 1000 && commit(m, acked + 1))
		acked++;
	meta_close(m);
	disk_inject(NULL);
	for (int i = 0; i < CUT_FILES; i++)
		tear(&disk, i, &after);

	m = test_open(&after);
	assert_true(prepare(m, mode));
	(void)assert_kept(m, acked);
	assert_int_equal(meta_verify(m, NULL, NULL), 0);
	meta_close(m);
	for (int i = 0; i < CUT_FILES; i++)
		free(disk.synced[i].p);
	test_dir_drop(&dir);
	test_dir_drop(&after);
}

static void cut_often(const char *mode)
{
	random_state = 2;
	for (unsigned i = 0; i < CUTS; i++)
		cut_once(mode, 1 + random_below(400));
}

TEST(a_power_cut_loses_nothing_acknowledged_with_a_wal)
{
	cut_often("WAL");
}

TEST(a_power_cut_loses_nothing_acknowledged_with_a_journal)
{
	cut_often("DELETE");
}

/* Every moment of making a database, one after another. */
TEST(a_power_cut_while_it_is_made_leaves_one_that_opens)
{
	for (uint64_t calls = 0; calls < 60; calls++) {
		struct test_dir dir = test_dir_make(), after = test_dir_make();
		struct disk disk = { .dir = &dir, .calls_left = calls };
		const struct disk_fault fault = { ask, &disk };
		struct meta *m = NULL;
		uint8_t salt[META_SALT_BYTES] = { 1 }, head[META_PAGE_BYTES];

		assert_int_equal(meta_head_make(test_key, salt, head), 0);
		test_store(&dir, META_DB_NAME, (struct test_bytes){ head, sizeof(head) });
		remember(&disk, DB);
		disk_inject(&fault);
		(void)meta_open(dir.path, test_key, false, &m, NULL);
		meta_close(m);
		disk_inject(NULL);
		for (int i = 0; i < CUT_FILES; i++)
			tear(&disk, i, &after);

		m = test_open(&after);
		assert_int_equal(meta_set(m, "made", calls, NULL), 0);
		assert_int_equal(meta_verify(m, NULL, NULL), 0);
		meta_close(m);
		for (int i = 0; i < CUT_FILES; i++)
			free(disk.synced[i].p);
		test_dir_drop(&dir);
		test_dir_drop(&after);
	}
}

TEST_MAIN
