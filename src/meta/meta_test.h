/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the room share: a directory of their own, a database in it, and its files as
 * bytes.
 */
#ifndef REDOUBT_META_TEST_H
#define REDOUBT_META_TEST_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk/disk.h"
#include "meta/meta_int.h"

#include "t.h"

static const uint8_t test_key[CRYPTO_KEY_BYTES] = "0123456789abcdef0123456789abcde";

struct test_dir {
	char path[256];
};

static inline struct test_dir test_dir_make(void)
{
	struct test_dir dir = { "/tmp/meta-XXXXXX" };

	assert_non_null(mkdtemp(dir.path));
	return dir;
}

static inline const char *test_path(const struct test_dir *dir, const char *name)
{
	static char path[4][320];
	static unsigned next;
	char *out = path[next++ % 4];

	(void)snprintf(out, sizeof(path[0]), "%s/%s", dir->path, name);
	return out;
}

static inline void test_dir_drop(const struct test_dir *dir)
{
	static const char *const names[] = { META_DB_NAME, META_WAL_NAME, META_JOURNAL_NAME,
					     META_DB_NAME "-shm", META_DB_NAME ".new" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)unlink(test_path(dir, names[i]));
	(void)rmdir(dir->path);
}

static inline struct meta *test_open(const struct test_dir *dir)
{
	struct meta *m = NULL;
	struct err err = { 0 };

	if (meta_open(dir->path, test_key, false, &m, &err) < 0)
		fail_msg("%s", err.text);
	return m;
}

/* Which error it is refused with; ERR_NONE when it opens. */
static inline enum err_id test_refused(const struct test_dir *dir, bool read_only, struct err *err)
{
	struct meta *m = NULL;
	int r;

	*err = (struct err){ .id = ERR_NONE };
	r = meta_open(dir->path, test_key, read_only, &m, err);
	assert_true((r < 0) == (err->id != ERR_NONE));
	meta_close(m);
	return err->id;
}

static inline void test_sql(struct meta *m, const char *sql)
{
	struct err err = { 0 };

	if (meta_exec(m, sql, &err) < 0)
		fail_msg("%s: %s", sql, err.text);
}

/* The first column of the first row. */
static inline int64_t test_number(struct meta *m, const char *sql)
{
	CLEANUP(meta_statement_done) struct sqlite3_stmt *stmt = NULL;
	struct err err = { 0 };

	if (meta_prepare(m, sql, NULL, 0, NULL, &stmt, &err) < 0 ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(m->db));
	return sqlite3_column_int64(stmt, 0);
}

static inline bool test_text_is(struct meta *m, const char *sql, const char *want)
{
	CLEANUP(meta_statement_done) struct sqlite3_stmt *stmt = NULL;
	struct err err = { 0 };

	if (meta_prepare(m, sql, NULL, 0, NULL, &stmt, &err) < 0 ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(m->db));
	return strcmp((const char *)sqlite3_column_text(stmt, 0), want) == 0;
}

/* ---- Files as bytes -------------------------------------------------------------------------- */

struct test_bytes {
	uint8_t *p;
	size_t n;
};

/* An empty one when there is no such file. */
static inline struct test_bytes test_load(const struct test_dir *dir, const char *name)
{
	struct test_bytes b = { NULL, 0 };
	int fd = open(test_path(dir, name), O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return b;
	assert_int_equal(fstat(fd, &st), 0);
	b.n = (size_t)st.st_size;
	b.p = malloc(b.n ? b.n : 1);
	assert_non_null(b.p);
	assert_int_equal(pread(fd, b.p, b.n, 0), b.n);
	fd_close(fd);
	return b;
}

static inline void test_store(const struct test_dir *dir, const char *name, struct test_bytes b)
{
	int fd = open(test_path(dir, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, b.p, b.n, 0), b.n);
	fd_close(fd);
}

static inline void test_flip(const struct test_dir *dir, const char *name, size_t at)
{
	struct test_bytes b = test_load(dir, name);

	assert_true(at < b.n);
	b.p[at] ^= 0x10;
	test_store(dir, name, b);
	free(b.p);
}

static inline void test_swap(const struct test_dir *dir, const char *name, size_t a, size_t b,
			     size_t n)
{
	struct test_bytes all = test_load(dir, name);

	assert_true(a + n <= all.n && b + n <= all.n);
	for (size_t i = 0; i < n; i++) {
		uint8_t kept = all.p[a + i];

		all.p[a + i] = all.p[b + i];
		all.p[b + i] = kept;
	}
	test_store(dir, name, all);
	free(all.p);
}

/* ---- Rows that are known again --------------------------------------------------------------- */

#define TEST_CANARY "canary-3f9c2a71"
#define TEST_ROWS   40

/* A table with rows of about a page each. */
static inline void test_fill(struct meta *m)
{
	char sql[256];

	test_sql(m, "CREATE TABLE secret_table (n INTEGER PRIMARY KEY, secret_column TEXT);"
		    "CREATE INDEX secret_index ON secret_table (secret_column)");
	for (unsigned i = 1; i <= TEST_ROWS; i++) {
		(void)snprintf(sql, sizeof(sql),
			       "INSERT INTO secret_table VALUES (%u,"
			       " replace(hex(zeroblob(100)), '00', '" TEST_CANARY "') || %u)",
			       i, i);
		test_sql(m, sql);
	}
}

static inline bool test_same_rows(struct meta *m, int64_t count)
{
	return test_number(m, "SELECT count(*) FROM secret_table") == count &&
	       test_number(m, "SELECT total(length(secret_column)) FROM secret_table") ==
		       count * 1500 + (count < 10 ? count : 2 * count - 9);
}

/* ---- Without waiting for the disk
 * ---------------------------------------------------------------- */

static inline int test_pretend_sync([[maybe_unused]] void *owner, enum disk_call call,
				    [[maybe_unused]] int fd, [[maybe_unused]] const char *name,
				    [[maybe_unused]] uint64_t at, [[maybe_unused]] size_t *n)
{
	return call == DISK_CALL_SYNC || call == DISK_CALL_SYNC_DIR;
}

/* For tests that open a thousand times; disk_inject(NULL) ends it. */
static inline void test_hurry(void)
{
	static const struct disk_fault pretend = { test_pretend_sync, NULL };

	disk_inject(&pretend);
}

/* ---- As after a crash ------------------------------------------------------------------------ */

/* The files as they are now, in another directory: what a crash at this moment leaves. */
static inline struct test_dir test_crash(const struct test_dir *dir)
{
	static const char *const names[] = { META_DB_NAME, META_WAL_NAME, META_JOURNAL_NAME };
	struct test_dir copy = test_dir_make();

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct test_bytes b = test_load(dir, names[i]);

		if (b.p)
			test_store(&copy, names[i], b);
		free(b.p);
	}
	return copy;
}

/* ---- What verify says ------------------------------------------------------------------------ */

struct test_said {
	char text[1024];
	unsigned lines;
};

static inline void test_say(void *owner, const char *text)
{
	struct test_said *said = owner;
	size_t n = strlen(said->text);

	said->lines++;
	(void)snprintf(said->text + n, sizeof(said->text) - n, "%s\n", text);
}

#endif
