// SPDX-License-Identifier: Apache-2.0
/* What a changed byte of the database or its WAL costs, and how it is told. */
#include "meta/meta_test.h"

/* ---- A changed byte of the database ---------------------------------------------------------- */

/* A closed database of about a hundred pages. */
static struct test_dir filled(void)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);

	test_fill(m);
	meta_close(m);
	return dir;
}

/* True when all is as it was; false when it was refused, by name. */
static bool reads_or_refuses(const struct test_dir *dir)
{
	CLEANUP(meta_close) struct meta *m = NULL;
	CLEANUP(meta_statement_done) struct sqlite3_stmt *stmt = NULL;
	struct err err = { .id = ERR_NONE };
	int r = meta_open(dir->path, test_key, true, &m, &err);

	if (r == 0)
		r = meta_prepare(m,
				 "SELECT count(*), total(length(secret_column)) FROM secret_table"
				 " NOT INDEXED",
				 NULL, 0, NULL, &stmt, &err);
	if (r == 0 && sqlite3_step(stmt) != SQLITE_ROW)
		r = meta_fail(m, NULL, &err);
	if (r < 0) {
		assert_int_equal(err.id, ERR_STORE_DAMAGED);
		assert_true(strstr(err.text, "page ") || strstr(err.text, "head"));
		return false;
	}
	assert_int_equal(sqlite3_column_int64(stmt, 0), TEST_ROWS);
	assert_int_equal(sqlite3_column_int64(stmt, 1), TEST_ROWS * 1500 + 2 * TEST_ROWS - 9);
	return true;
}

TEST(a_bit_that_flips_in_the_database_is_refused_or_harmless)
{
	struct test_dir dir = filled();
	struct test_bytes b = test_load(&dir, META_DB_NAME);
	unsigned harmless = 0, refused = 0;

	test_hurry();
	for (size_t at = 0; at < b.n; at += 97) {
		b.p[at] ^= (uint8_t)(1u << at % 8);
		test_store(&dir, META_DB_NAME, b);
		b.p[at] ^= (uint8_t)(1u << at % 8);
		if (reads_or_refuses(&dir))
			harmless++;
		else
			refused++;
	}

	disk_inject(NULL);
	assert_true(refused > 500);
	assert_true(harmless > 40); /* the head, and pages that were not asked for */
	free(b.p);
	test_dir_drop(&dir);
}

static int64_t root_of(struct meta *m, const char *name)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql), "SELECT rootpage FROM sqlite_schema WHERE name = '%s'",
		       name);
	return test_number(m, sql);
}

TEST(a_damaged_page_is_named_and_costs_itself)
{
	struct test_dir dir = filled();
	struct meta *m = test_open(&dir);
	int64_t page = root_of(m, "secret_index");
	struct test_said said = { 0 };
	struct err err;
	char want[64];

	meta_close(m);
	test_flip(&dir, META_DB_NAME, (size_t)page * META_PAGE_BYTES + 1234);
	(void)snprintf(want, sizeof(want), "redoubt.db: page %d is not what was written",
		       (int)page);
	m = test_open(&dir);

	assert_int_equal(test_number(m, "SELECT count(*) FROM secret_table NOT INDEXED"),
			 TEST_ROWS);
	assert_true(meta_exec(m, "SELECT n FROM secret_table WHERE secret_column = ''", &err) < 0);
	assert_int_equal(err.id, ERR_STORE_DAMAGED);
	assert_string_equal(err.text, want);
	assert_int_equal(meta_verify(m, test_say, &said), 1);
	assert_int_equal(strncmp(said.text, want, strlen(want)), 0);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_damaged_first_page_is_named_at_open)
{
	struct test_dir dir = filled();
	struct err err;

	test_flip(&dir, META_DB_NAME, META_PAGE_BYTES + 20);

	assert_int_equal(test_refused(&dir, false, &err), ERR_STORE_DAMAGED);
	assert_string_equal(err.text, "redoubt.db: page 1 is not what was written");
	assert_int_equal(test_refused(&dir, true, &err), ERR_STORE_DAMAGED);
	test_dir_drop(&dir);
}

TEST(damaged_settings_are_told_at_open)
{
	struct test_dir dir = filled();
	struct meta *m = test_open(&dir);
	int64_t page = root_of(m, "setting");
	struct err err;

	meta_close(m);
	test_flip(&dir, META_DB_NAME, (size_t)page * META_PAGE_BYTES + 4095);

	assert_int_equal(test_refused(&dir, false, &err), ERR_STORE_DAMAGED);
	test_dir_drop(&dir);
}

TEST(pages_that_changed_places_are_refused)
{
	struct test_dir dir = filled();
	struct meta *m = NULL;
	struct test_said said = { 0 };

	test_swap(&dir, META_DB_NAME, 10 * META_PAGE_BYTES, 11 * META_PAGE_BYTES, META_PAGE_BYTES);
	m = test_open(&dir);

	assert_int_equal(meta_verify(m, test_say, &said), 2);
	assert_string_equal(said.text, "redoubt.db: page 10 is not what was written\n"
				       "redoubt.db: page 11 is not what was written\n");
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_page_of_another_database_is_refused)
{
	struct test_dir dir = filled(), other = filled();
	struct test_bytes a = test_load(&dir, META_DB_NAME), b = test_load(&other, META_DB_NAME);
	struct meta *m;

	memcpy(a.p + 9 * META_PAGE_BYTES, b.p + 9 * META_PAGE_BYTES, META_PAGE_BYTES);
	test_store(&dir, META_DB_NAME, a);
	m = test_open(&dir);

	assert_int_equal(meta_verify(m, NULL, NULL), 1);
	meta_close(m);
	free(a.p);
	free(b.p);
	test_dir_drop(&dir);
	test_dir_drop(&other);
}

TEST(a_damaged_copy_of_the_head_is_told_and_costs_nothing)
{
	struct test_dir dir = filled();
	struct meta *m;
	struct test_said said = { 0 };

	test_flip(&dir, META_DB_NAME, 2 * META_COPY_BYTES + 20);
	m = test_open(&dir);

	assert_true(test_same_rows(m, TEST_ROWS));
	assert_int_equal(meta_verify(m, test_say, &said), 1);
	assert_string_equal(said.text, "redoubt.db: copy 3 of its head is not what was written\n");
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_database_cut_short_is_refused)
{
	struct test_dir dir = filled();
	struct test_bytes b = test_load(&dir, META_DB_NAME);
	struct err err;

	b.n -= META_PAGE_BYTES;
	test_store(&dir, META_DB_NAME, b);
	assert_int_equal(test_refused(&dir, true, &err), ERR_STORE_DAMAGED);
	b.n = META_PAGE_BYTES + 100;
	test_store(&dir, META_DB_NAME, b);
	assert_int_equal(test_refused(&dir, true, &err), ERR_STORE_DAMAGED);
	free(b.p);
	test_dir_drop(&dir);
}

TEST(a_whole_database_has_nothing_to_tell)
{
	struct test_dir dir = filled();
	struct meta *m = test_open(&dir);
	struct test_said said = { 0 };

	test_sql(m, "UPDATE secret_table SET n = n + 1000");
	(void)meta_verify(m, test_say, &said);

	assert_string_equal(said.text, "");
	meta_close(m);
	test_dir_drop(&dir);
}

/* ---- A changed byte of the WAL --------------------------------------------------------------- */

/* As after a crash: five rows in the database, the others in the WAL, one commit each. */
static struct test_dir crashed(void)
{
	struct test_dir dir = test_dir_make(), copy;
	struct meta *m = test_open(&dir);
	char sql[160];

	test_sql(m, "CREATE TABLE secret_table (n INTEGER PRIMARY KEY, secret_column TEXT);"
		    "PRAGMA wal_checkpoint(TRUNCATE)");
	for (unsigned i = 1; i <= 12; i++) {
		(void)snprintf(sql, sizeof(sql),
			       "INSERT INTO secret_table VALUES (%u,"
			       " replace(hex(zeroblob(100)), '00', '" TEST_CANARY "') || %u)",
			       i, i);
		test_sql(m, sql);
	}
	copy = test_crash(&dir);
	meta_close(m);
	test_dir_drop(&dir);
	return copy;
}

static unsigned frames(const struct test_dir *dir)
{
	struct test_bytes b = test_load(dir, META_WAL_NAME);
	size_t n = (b.n - META_BLOCK_BYTES) / META_FRAME_BYTES;

	free(b.p);
	return (unsigned)n;
}

TEST(a_wal_is_replayed_after_a_crash)
{
	struct test_dir dir = crashed();
	struct meta *m = test_open(&dir);

	assert_true(test_same_rows(m, 12));
	assert_int_equal(meta_verify(m, NULL, NULL), 0);
	meta_close(m);
	test_dir_drop(&dir);
}

/* What is left is what was committed up to some moment; when that is not the last, it is told. */
TEST(a_bit_that_flips_in_the_wal_is_told_or_harmless)
{
	struct test_dir dir = crashed();
	struct test_bytes b = test_load(&dir, META_WAL_NAME);
	unsigned told = 0;

	test_hurry();
	for (size_t at = 0; at < b.n; at += 97) {
		struct meta *m = NULL;
		int64_t rows;

		b.p[at] ^= (uint8_t)(1u << at % 8);
		(void)unlink(test_path(&dir, META_DB_NAME "-shm"));
		test_store(&dir, META_WAL_NAME, b);
		b.p[at] ^= (uint8_t)(1u << at % 8);
		assert_int_equal(meta_open(dir.path, test_key, true, &m, NULL), 0);
		rows = test_number(m, "SELECT count(*) FROM secret_table");
		assert_true(test_same_rows(m, rows));
		assert_true(rows == 12 || meta_verify(m, NULL, NULL) > 0);
		told += rows < 12;
		meta_close(m);
	}

	disk_inject(NULL);
	assert_true(told > 400);
	free(b.p);
	test_dir_drop(&dir);
}

struct seen {
	enum meta_event event;
	char text[128];
};

static void see(void *owner, const struct meta_entry *entry)
{
	struct seen *seen = owner;

	seen->event = entry->event;
	(void)snprintf(seen->text, sizeof(seen->text), "%.*s", STR_FMT(entry->text));
}

/* Of a frame whose page does not matter. */
static void assert_names_frame(const char *text, unsigned frame)
{
	char want[64];

	(void)snprintf(want, sizeof(want), "redoubt.db-wal: frame %u (page ", frame);
	assert_int_equal(strncmp(text, want, strlen(want)), 0);
}

TEST(a_torn_last_frame_loses_its_own_commit_and_is_told_once)
{
	struct test_dir dir = crashed();
	struct test_said said = { 0 };
	struct seen seen = { 0 };
	struct meta *m = NULL;
	unsigned last = frames(&dir) - 1;

	test_flip(&dir, META_WAL_NAME, meta_frame_offset(last) + 2000);
	assert_int_equal(meta_open(dir.path, test_key, true, &m, NULL), 0);
	assert_int_equal(meta_verify(m, test_say, &said), 1);
	assert_names_frame(said.text, last);
	meta_close(m);
	m = test_open(&dir);

	assert_true(test_same_rows(m, 11));
	assert_int_equal(meta_each(m, 10, see, &seen, NULL), 0);
	assert_int_equal(seen.event, META_RECOVERED);
	assert_names_frame(seen.text, last);
	assert_int_equal(meta_verify(m, NULL, NULL), 0);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_damaged_frame_within_ends_the_replay_and_is_entered)
{
	struct test_dir dir = crashed();
	struct meta *m;
	struct seen seen = { 0 };

	test_flip(&dir, META_WAL_NAME, meta_frame_offset(4) + 100);
	m = test_open(&dir);

	assert_true(test_number(m, "SELECT count(*) FROM secret_table") < 12);
	assert_int_equal(meta_each(m, 10, see, &seen, NULL), 0);
	assert_int_equal(seen.event, META_DAMAGED);
	assert_names_frame(seen.text, 4);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_damaged_head_of_the_wal_costs_the_wal_and_is_entered)
{
	struct test_dir dir = crashed();
	struct meta *m;
	struct seen seen = { 0 };

	test_flip(&dir, META_WAL_NAME, 20);
	m = test_open(&dir);

	assert_int_equal(test_number(m, "SELECT count(*) FROM secret_table"), 0);
	assert_int_equal(meta_each(m, 10, see, &seen, NULL), 0);
	assert_int_equal(seen.event, META_DAMAGED);
	assert_string_equal(seen.text, "redoubt.db-wal: its head is not what was written");
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_reader_is_told_of_a_damaged_head_by_verify)
{
	struct test_dir dir = crashed();
	struct meta *m = NULL;
	struct test_said said = { 0 };

	test_flip(&dir, META_WAL_NAME, 20);
	assert_int_equal(meta_open(dir.path, test_key, true, &m, NULL), 0);
	(void)meta_verify(m, test_say, &said);

	assert_string_equal(said.text, "redoubt.db-wal: its head is not what was written\n");
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(frames_that_changed_places_end_the_replay)
{
	struct test_dir dir = crashed();
	struct meta *m = NULL;

	test_swap(&dir, META_WAL_NAME, meta_frame_offset(3), meta_frame_offset(4),
		  META_FRAME_BYTES);
	assert_int_equal(meta_open(dir.path, test_key, true, &m, NULL), 0);

	assert_true(test_number(m, "SELECT count(*) FROM secret_table") < 12);
	assert_int_equal(meta_verify(m, NULL, NULL), 2);
	meta_close(m);
	test_dir_drop(&dir);
}

/* Frames of the round before lie behind those of this one, and open. */
TEST(frames_of_an_older_round_are_not_replayed)
{
	struct test_dir dir = test_dir_make(), copy;
	struct meta *m = test_open(&dir);

	test_fill(m);
	test_sql(m, "PRAGMA wal_checkpoint(RESTART)");
	test_sql(m, "DELETE FROM secret_table WHERE n > 20");
	copy = test_crash(&dir);
	assert_true(frames(&copy) > 100);
	meta_close(m);
	m = test_open(&copy);

	assert_true(test_same_rows(m, 20));
	assert_int_equal(test_number(m, "SELECT count(*) FROM event"), 0);
	assert_int_equal(meta_verify(m, NULL, NULL), 0);
	meta_close(m);
	test_dir_drop(&dir);
	test_dir_drop(&copy);
}

/* The index is there, so nobody replays: the frame is read when its page is wanted. */
TEST(a_frame_damaged_while_it_is_used_is_named)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir), *reader = NULL;
	struct err err = { .id = ERR_NONE };
	int fd = open(test_path(&dir, META_WAL_NAME), O_RDWR | O_CLOEXEC);
	uint8_t byte = 0;

	assert_int_equal(meta_open(dir.path, test_key, true, &reader, NULL), 0);
	test_sql(m, "PRAGMA wal_checkpoint(RESTART)");
	test_sql(m, "CREATE TABLE t (a); INSERT INTO t VALUES (1)");
	for (uint64_t k = 0; pread(fd, &byte, 1, (off_t)meta_frame_offset(k) + 3000) == 1; k++) {
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)meta_frame_offset(k) + 3000), 1);
	}

	assert_true(meta_exec(reader, "SELECT count(*) FROM setting", &err) < 0);
	assert_int_equal(err.id, ERR_STORE_DAMAGED);
	assert_non_null(strstr(err.text, "redoubt.db-wal: frame "));
	fd_close(fd);
	meta_close(reader);
	meta_close(m);
	test_dir_drop(&dir);
}

/* With a small cache pages are written to the WAL before the commit, and some of them twice: SQLite
 * writes their pages alone, and then all headers anew. */
TEST(frames_written_anew_in_one_commit_are_replayed)
{
	struct test_dir dir = test_dir_make(), copy;
	struct meta *m = test_open(&dir);

	test_fill(m);
	test_sql(m, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA cache_size = 5; BEGIN");
	for (unsigned i = 0; i < 4; i++)
		test_sql(m, "UPDATE secret_table SET secret_column = substr(secret_column, 2)");
	test_sql(m, "COMMIT");
	assert_true(frames(&dir) < 4u * 2 * TEST_ROWS); /* or nothing was written twice */
	copy = test_crash(&dir);
	meta_close(m);
	m = test_open(&copy);

	assert_int_equal(test_number(m, "SELECT total(length(secret_column)) FROM secret_table"),
			 TEST_ROWS * 1500 + 2 * TEST_ROWS - 9 - 4 * TEST_ROWS);
	assert_int_equal(meta_verify(m, NULL, NULL), 0);
	meta_close(m);
	test_dir_drop(&dir);
	test_dir_drop(&copy);
}

TEST_MAIN
