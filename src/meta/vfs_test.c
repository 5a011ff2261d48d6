// SPDX-License-Identifier: Apache-2.0
/* What lies on the disk: nothing in clear, no file of another shape; and what its faults do. */
#include "meta/meta_test.h"

/* ---- Nothing in clear ------------------------------------------------------------------------ */

static void assert_hides(struct test_bytes b)
{
	static const char *const words[] = { TEST_CANARY, "SQLite format 3", "secret_table",
					     "CREATE",    "secret_column",   "setting",
					     "sqlite_",   "secret_index",    "zeroblob" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		assert_null(memmem(b.p, b.n, words[i], strlen(words[i])));
}

/* Chi-squared of its bytes, of which sealed ones have 255, give or take 23. */
static double unevenness(const uint8_t *p, size_t n)
{
	double count[256] = { 0 }, want = (double)n / 256, sum = 0;

	for (size_t i = 0; i < n; i++)
		count[p[i]]++;
	for (unsigned i = 0; i < 256; i++)
		sum += (count[i] - want) * (count[i] - want) / want;
	return sum;
}

/* The sealed bytes of a file: `take` of each unit, behind a head. */
struct units {
	size_t head, unit, clear, take;
};

static const struct units pages = { META_PAGE_BYTES, META_PAGE_BYTES, 0, META_TEXT_BYTES };
static const struct units frames = { META_BLOCK_BYTES, META_FRAME_BYTES, META_BOUND_BYTES,
				     META_FRAME_TEXT_BYTES };

static void assert_even(struct test_bytes b, const struct units *u)
{
	uint8_t *all = malloc(b.n);
	size_t n = 0;

	assert_non_null(all);
	for (size_t at = u->head; at + u->unit <= b.n; at += u->unit, n += u->take)
		memcpy(all + n, b.p + at + u->clear, u->take);
	assert_true(n > 100 * KIB);
	assert_true(unevenness(all, n) < 400);
	free(all);
}

/* Returns how large it is. */
static size_t hide(const struct test_dir *dir, const char *name, const struct units *even)
{
	struct test_bytes b = test_load(dir, name);
	size_t n = b.n;

	if (n > 0)
		assert_hides(b);
	if (even)
		assert_even(b, even);
	free(b.p);
	return n;
}

TEST(nothing_is_in_clear_with_a_wal)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);

	test_fill(m);
	test_sql(m, "PRAGMA wal_checkpoint(PASSIVE); UPDATE secret_table SET n = n + 1000");

	(void)hide(&dir, META_DB_NAME, &pages);
	(void)hide(&dir, META_WAL_NAME, &frames);
	assert_true(hide(&dir, META_DB_NAME "-shm", NULL) > 0);
	meta_close(m);
	(void)hide(&dir, META_DB_NAME, &pages);
	test_dir_drop(&dir);
}

TEST(nothing_is_in_clear_with_a_journal)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);

	test_fill(m);
	test_sql(m, "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 5; BEGIN;"
		    "UPDATE secret_table SET secret_column = secret_column || 'x'");

	assert_true(hide(&dir, META_JOURNAL_NAME, NULL) > 100 * KIB);
	(void)hide(&dir, META_DB_NAME, &pages);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(equal_pages_are_never_equal_on_the_disk)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	struct test_bytes b;

	test_sql(m, "CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(100000))");
	test_sql(m, "PRAGMA wal_checkpoint(TRUNCATE)");
	b = test_load(&dir, META_DB_NAME);
	for (size_t i = 6; i < 20; i++)
		assert_memory_not_equal(b.p + i * META_PAGE_BYTES, b.p + (i + 1) * META_PAGE_BYTES,
					64);
	free(b.p);
	meta_close(m);
	test_dir_drop(&dir);
}

/* ---- Limits and refusals --------------------------------------------------------------------- */

static struct meta_file *file_of(struct meta *m, int op)
{
	sqlite3_file *file = NULL;

	assert_int_equal(sqlite3_file_control(m->db, "main", op, &file), SQLITE_OK);
	return (struct meta_file *)(void *)file;
}

TEST(a_wal_has_a_last_frame)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	struct meta_file *wal = file_of(m, SQLITE_FCNTL_JOURNAL_POINTER);
	const sqlite3_int64 past =
		META_WAL_HEADER_BYTES + (sqlite3_int64)META_FRAMES_MAX * META_FRAME_BYTES;
	uint8_t header[META_FRAME_HEADER_BYTES] = { 0 };

	assert_int_equal(meta_wal_write(&wal->base, header, sizeof(header), past), SQLITE_FULL);
	assert_int_equal(meta_wal_write(&wal->base, header, sizeof(header),
					past - META_FRAME_BYTES),
			 SQLITE_OK);
	wal->wal.waits = false;
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_full_database_says_so_and_stays_whole)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	struct err err = { .id = ERR_NONE };

	test_sql(m, "CREATE TABLE t (a); PRAGMA max_page_count = 20");

	assert_true(meta_exec(m, "INSERT INTO t VALUES (zeroblob(100000))", &err) < 0);
	assert_int_equal(err.id, ERR_STORE_FULL);
	assert_int_equal(meta_verify(m, NULL, NULL), 0);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(shapes_that_are_not_ours_are_refused)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	struct meta_file *db = file_of(m, SQLITE_FCNTL_FILE_POINTER);
	struct meta_file *wal = file_of(m, SQLITE_FCNTL_JOURNAL_POINTER);
	const sqlite3_io_methods *d = db->base.pMethods, *w = wal->base.pMethods;
	uint8_t page[META_PAGE_BYTES] = { 0 };

	assert_int_equal(d->xWrite(&db->base, page, 512, 0), SQLITE_IOERR_WRITE);
	assert_int_equal(d->xWrite(&db->base, page, META_PAGE_BYTES, 100), SQLITE_IOERR_WRITE);
	assert_int_equal(d->xWrite(&db->base, page, META_PAGE_BYTES,
				   (sqlite3_int64)META_PAGES_MAX * META_PAGE_BYTES),
			 SQLITE_IOERR_WRITE);
	assert_int_equal(d->xRead(&db->base, page, 200, 0), SQLITE_IOERR_READ);
	assert_int_equal(d->xRead(&db->base, page, META_PAGE_BYTES, 100), SQLITE_IOERR_READ);
	assert_int_equal(w->xWrite(&wal->base, page, 100, 0), SQLITE_IOERR_WRITE);
	assert_int_equal(w->xWrite(&wal->base, page, 100, 32), SQLITE_IOERR_WRITE);
	assert_int_equal(w->xRead(&wal->base, page, 100, 0), SQLITE_IOERR_READ);
	assert_int_equal(w->xRead(&wal->base, page, 100, 32 + META_FRAME_BYTES - 99),
			 SQLITE_IOERR_READ);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(other_files_are_not_opened)
{
	static const int flags[] = { SQLITE_OPEN_TEMP_DB,       SQLITE_OPEN_TEMP_JOURNAL,
				     SQLITE_OPEN_TRANSIENT_DB,  SQLITE_OPEN_SUBJOURNAL,
				     SQLITE_OPEN_SUPER_JOURNAL, SQLITE_OPEN_MAIN_DB };
	sqlite3_vfs *vfs;
	sqlite3_file *file;

	assert_int_equal(meta_vfs_init(NULL), 0);
	vfs = sqlite3_vfs_find("redoubt");
	file = calloc(1, (size_t)vfs->szOsFile);
	assert_non_null(file);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		const int how = flags[i] | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

		assert_int_equal(vfs->xOpen(vfs, "/tmp/meta-other", file, how, NULL),
				 SQLITE_CANTOPEN);
		assert_null(file->pMethods);
	}
	assert_int_equal(access("/tmp/meta-other", F_OK), -1);
	free(file);
}

/* ---- Faults ---------------------------------------------------------------------------------- */

struct fault {
	enum disk_call call;
	const char *name; /* of the file, or NULL for any */
	int answer;
	unsigned skip, met;
};

static int ask(void *owner, enum disk_call call, [[maybe_unused]] int fd, const char *name,
	       [[maybe_unused]] uint64_t at, [[maybe_unused]] size_t *n)
{
	struct fault *f = owner;

	if (call != f->call || (f->name && (!name || strcmp(name, f->name) != 0)) ||
	    f->met++ < f->skip)
		return 0;
	return f->answer;
}

static enum err_id set_under(struct meta *m, struct fault *fault)
{
	const struct disk_fault injected = { ask, fault };
	struct err err = { .id = ERR_NONE };

	disk_inject(&injected);
	(void)meta_set(m, "under", 1, &err);
	disk_inject(NULL);
	return err.id;
}

TEST(a_full_disk_is_told_and_passes)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	struct fault full = { DISK_CALL_WRITE, META_WAL_NAME, -ENOSPC, 0, 0 };
	uint64_t value;

	assert_int_equal(set_under(m, &full), ERR_STORE_FULL);
	assert_false(meta_get(m, "under", &value));
	assert_int_equal(meta_set(m, "under", 2, NULL), 0);
	assert_int_equal(meta_verify(m, NULL, NULL), 0);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_write_that_fails_is_told)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	struct fault fault = { DISK_CALL_WRITE, META_WAL_NAME, -EIO, 0, 0 };

	assert_int_equal(set_under(m, &fault), ERR_STORE_IO);
	assert_int_equal(meta_set(m, "under", 2, NULL), 0);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_sync_that_failed_is_final)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	struct fault fault = { DISK_CALL_SYNC, META_WAL_NAME, -EIO, 0, 0 };
	struct err err = { .id = ERR_NONE };

	assert_int_equal(meta_set(m, "before", 1, NULL), 0);
	assert_int_equal(set_under(m, &fault), ERR_STORE_IO);
	assert_true(meta_set(m, "after", 1, &err) < 0);
	assert_int_equal(err.id, ERR_STORE_IO);
	meta_close(m);
	m = test_open(&dir);

	assert_int_equal(meta_set(m, "after", 1, NULL), 0);
	assert_int_equal(test_number(m, "SELECT count(*) FROM setting WHERE name = 'before'"), 1);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_database_that_cannot_be_made_leaves_nothing_behind)
{
	static const enum disk_call calls[] = { DISK_CALL_CREATE, DISK_CALL_WRITE, DISK_CALL_SYNC,
						DISK_CALL_RENAME };

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		struct test_dir dir = test_dir_make();
		struct fault fault = { calls[i], NULL, -ENOSPC, 0, 0 };
		const struct disk_fault injected = { ask, &fault };
		struct err err;

		disk_inject(&injected);
		assert_int_equal(test_refused(&dir, false, &err), ERR_STORE_FULL);
		disk_inject(NULL);

		assert_int_equal(access(test_path(&dir, META_DB_NAME), F_OK), -1);
		assert_int_equal(test_refused(&dir, false, &err), ERR_NONE);
		test_dir_drop(&dir);
	}
}

TEST_MAIN
