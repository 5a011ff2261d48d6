// SPDX-License-Identifier: Apache-2.0
/* The database as rooms above use it: opened, set, asked, refused. */
#include "meta/meta_test.h"

/* ---- Opening --------------------------------------------------------------------------------- */

TEST(a_new_database_is_made_and_opened_again)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	uint64_t value = 0;

	assert_int_equal(meta_set(m, "kept", 7, NULL), 0);
	meta_close(m);
	m = test_open(&dir);

	assert_true(meta_get(m, "kept", &value));
	assert_int_equal(value, 7);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(its_directories_are_made_with_it)
{
	struct test_dir dir = test_dir_make(), below = dir;

	strcat(below.path, "/meta");
	meta_close(test_open(&below));

	assert_int_equal(access(test_path(&below, META_DB_NAME), F_OK), 0);
	test_dir_drop(&below);
	test_dir_drop(&dir);
}

TEST(its_files_are_private)
{
	static const char *const names[] = { META_DB_NAME, META_WAL_NAME, META_DB_NAME "-shm" };
	struct test_dir dir = test_dir_make();
	mode_t old = umask(0);
	struct meta *m = test_open(&dir);
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(stat(test_path(&dir, names[i]), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	(void)umask(old);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(every_safe_setting_of_sqlite_is_on)
{
	static const struct {
		const char *sql;
		int64_t want;
	} rows[] = {
		{ "PRAGMA synchronous", 2 },
		{ "PRAGMA temp_store", 2 },
		{ "PRAGMA mmap_size", 0 },
		{ "PRAGMA cell_size_check", 1 },
		{ "PRAGMA trusted_schema", 0 },
		{ "PRAGMA secure_delete", 1 },
		{ "PRAGMA cache_size", -8192 },
		{ "PRAGMA page_size", 4096 },
		{ "PRAGMA max_page_count", META_PAGES_MAX },
	};
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(test_number(m, rows[i].sql), rows[i].want);
	assert_true(test_text_is(m, "PRAGMA journal_mode", "wal"));
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_reader_is_told_that_there_is_no_database)
{
	struct test_dir dir = test_dir_make(), none = { "/tmp/meta-there-is-none" };
	struct err err;

	assert_int_equal(test_refused(&dir, true, &err), ERR_STORE_NONE);
	assert_int_equal(test_refused(&none, true, &err), ERR_STORE_NONE);
	assert_int_not_equal(access(test_path(&dir, META_DB_NAME), F_OK), 0);
	test_dir_drop(&dir);
}

TEST(a_reader_changes_nothing)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	struct test_bytes before, after;
	struct err err;
	uint64_t value;

	assert_int_equal(meta_set(m, "a", 1, NULL), 0);
	meta_close(m);
	before = test_load(&dir, META_DB_NAME);
	assert_int_equal(meta_open(dir.path, test_key, true, &m, NULL), 0);
	assert_true(meta_get(m, "a", &value));
	assert_true(meta_set(m, "a", 2, &err) < 0);
	meta_close(m);
	after = test_load(&dir, META_DB_NAME);

	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.p, after.p, before.n);
	free(before.p);
	free(after.p);
	test_dir_drop(&dir);
}

TEST(a_reader_sees_what_a_writer_commits_beside_it)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir), *reader = NULL;
	uint64_t value = 0;

	assert_int_equal(meta_open(dir.path, test_key, true, &reader, NULL), 0);
	assert_false(meta_get(reader, "a", &value));
	assert_int_equal(meta_set(m, "a", 5, NULL), 0);

	assert_true(meta_get(reader, "a", &value));
	assert_int_equal(value, 5);
	meta_close(reader);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(another_key_opens_nothing)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	uint8_t other[CRYPTO_KEY_BYTES];
	struct err err;

	meta_close(m);
	memcpy(other, test_key, sizeof(other));
	other[31] ^= 1;
	m = NULL;

	assert_true(meta_open(dir.path, other, false, &m, &err) < 0);
	assert_int_equal(err.id, ERR_STORE_DAMAGED);
	assert_non_null(strstr(err.text, "another key"));
	assert_null(m);
	test_dir_drop(&dir);
}

TEST(a_newer_format_is_refused_by_its_version)
{
	struct test_dir dir = test_dir_make();
	struct test_bytes b;
	struct err err;

	meta_close(test_open(&dir));
	b = test_load(&dir, META_DB_NAME);
	for (size_t i = 0; i < META_HEAD_COPIES; i++)
		b.p[i * META_COPY_BYTES + 8] = META_VERSION + 1;
	test_store(&dir, META_DB_NAME, b);
	free(b.p);

	assert_int_equal(test_refused(&dir, false, &err), ERR_STORE_VERSION);
	assert_int_equal(test_refused(&dir, true, &err), ERR_STORE_VERSION);
	test_dir_drop(&dir);
}

TEST(what_is_no_regular_file_is_refused)
{
	struct test_dir dir = test_dir_make();
	struct err err;

	assert_int_equal(symlink("elsewhere", test_path(&dir, META_DB_NAME)), 0);

	assert_int_equal(test_refused(&dir, false, &err), ERR_STORE_IO);
	assert_int_equal(access(test_path(&dir, "elsewhere"), F_OK), -1);
	test_dir_drop(&dir);
}

TEST(a_file_shorter_than_its_head_is_refused)
{
	struct test_dir dir = test_dir_make();
	uint8_t few[META_PAGE_BYTES - 1] = { 0 };
	struct err err;

	test_store(&dir, META_DB_NAME, (struct test_bytes){ few, 0 });
	assert_int_equal(test_refused(&dir, false, &err), ERR_STORE_DAMAGED);
	test_store(&dir, META_DB_NAME, (struct test_bytes){ few, sizeof(few) });
	assert_int_equal(test_refused(&dir, false, &err), ERR_STORE_DAMAGED);
	test_dir_drop(&dir);
}

TEST(a_path_too_long_for_sqlite_is_refused)
{
	struct test_dir dir = test_dir_make();
	char path[600];
	struct meta *m = NULL;
	struct err err = { .id = ERR_NONE };

	memset(path, '/', sizeof(path));
	memcpy(path, dir.path, strlen(dir.path));
	path[sizeof(path) - 1] = '\0';

	assert_true(meta_open(path, test_key, false, &m, &err) < 0);
	assert_int_equal(err.id, ERR_STORE_IO);
	assert_non_null(strstr(err.text, "longer than SQLite takes"));
	test_dir_drop(&dir);
}

/* ---- What SQLite may not do ------------------------------------------------------------------ */

TEST(a_second_database_is_not_attached)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	char sql[160];

	(void)snprintf(sql, sizeof(sql), "ATTACH '%s' AS other", test_path(&dir, META_DB_NAME));

	assert_int_equal(sqlite3_exec(m->db, sql, NULL, NULL, NULL), SQLITE_CANTOPEN);
	(void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", test_path(&dir, "copy"));
	assert_int_equal(sqlite3_exec(m->db, sql, NULL, NULL, NULL), SQLITE_CANTOPEN);
	assert_int_equal(access(test_path(&dir, "copy"), F_OK), -1);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(sorting_and_temporary_tables_stay_in_memory)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);

	test_sql(m, "CREATE TEMP TABLE t AS WITH RECURSIVE n (i) AS"
		    " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
		    " SELECT hex(i * 7919 % 100003) AS v FROM n");
	test_sql(m, "CREATE INDEX temp.ti ON t (v)");

	assert_int_equal(test_number(m, "SELECT count(*) FROM t"), 100000);
	meta_close(m);
	test_dir_drop(&dir);
}

/* A statement that changes many rows and then fails is undone from memory. */
TEST(a_large_statement_is_undone_without_a_file)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);

	test_sql(m,
		 "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT CHECK (b <> 'bad'));"
		 "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
		 " INSERT INTO t SELECT i, hex(zeroblob(100)) FROM n");
	test_sql(m, "BEGIN; INSERT INTO t VALUES (100000, 'x')");
	assert_int_equal(sqlite3_exec(m->db,
				      "UPDATE t SET b = CASE a WHEN 20000 THEN 'bad' ELSE 'y' END",
				      NULL, NULL, NULL),
			 SQLITE_CONSTRAINT_CHECK);
	test_sql(m, "COMMIT");

	assert_int_equal(test_number(m, "SELECT count(*) FROM t WHERE b = 'y'"), 0);
	assert_int_equal(test_number(m, "SELECT count(*) FROM t"), 20001);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(vacuum_makes_it_smaller_and_keeps_it_sealed)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);

	test_sql(m, "CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(200000));"
		    "DELETE FROM t; INSERT INTO t VALUES (1)");
	test_sql(m, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");

	assert_true(test_number(m, "PRAGMA page_count") < 10);
	assert_int_equal(meta_verify(m, NULL, NULL), 0);
	meta_close(m);
	m = test_open(&dir);
	assert_int_equal(test_number(m, "SELECT a FROM t"), 1);
	meta_close(m);
	test_dir_drop(&dir);
}

/* ---- Settings -------------------------------------------------------------------------------- */

TEST(a_setting_that_was_never_set_is_not_there)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	uint64_t value = 42;

	assert_false(meta_get(m, "never", &value));
	assert_int_equal(value, 42);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_setting_holds_every_number)
{
	static const uint64_t values[] = { 0, 1, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX };
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		uint64_t value = 3;

		assert_int_equal(meta_set(m, "s", values[i], NULL), 0);
		assert_true(meta_get(m, "s", &value));
		assert_true(value == values[i]);
	}
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_second_writer_waits_its_turn_and_is_told)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir), *other = test_open(&dir);
	struct err err = { 0 };

	(void)sqlite3_busy_timeout(other->db, 1);
	test_sql(m, "BEGIN IMMEDIATE");
	assert_true(meta_set(other, "a", 1, &err) < 0);
	test_sql(m, "COMMIT");

	assert_int_equal(err.id, ERR_STORE_BUSY);
	assert_int_equal(meta_set(other, "a", 1, NULL), 0);
	meta_close(other);
	meta_close(m);
	test_dir_drop(&dir);
}

/* ---- The ledger ------------------------------------------------------------------------------ */

struct seen {
	unsigned n;
	struct meta_entry first;
	char text[512];
	uint64_t last_count;
};

static void see(void *owner, const struct meta_entry *entry)
{
	struct seen *s = owner;

	if (s->n++ == 0) {
		s->first = *entry;
		assert_true(entry->text.n < sizeof(s->text));
		memcpy(s->text, entry->text.p, entry->text.n);
		s->text[entry->text.n] = '\0';
	}
	s->last_count = entry->count;
}

TEST(an_entry_comes_back_as_it_was)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	const struct meta_entry entry = { -5, META_SHED, UINT64_MAX, 77, STR("part PAYLOAD") };
	struct seen seen = { 0 };

	assert_int_equal(meta_log(m, &entry, NULL), 0);
	assert_int_equal(meta_each(m, 10, see, &seen, NULL), 0);

	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.first.at_ns, -5);
	assert_int_equal(seen.first.event, META_SHED);
	assert_true(seen.first.count == UINT64_MAX);
	assert_int_equal(seen.first.bytes, 77);
	assert_string_equal(seen.text, "part PAYLOAD");
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(entries_come_newest_first_and_as_many_as_asked)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	struct seen seen = { 0 };

	for (uint64_t i = 1; i <= 5; i++)
		assert_int_equal(meta_log(m, &(struct meta_entry){ .count = i }, NULL), 0);
	assert_int_equal(meta_each(m, 3, see, &seen, NULL), 0);

	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.first.count, 5);
	assert_int_equal(seen.last_count, 3);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(the_ledger_keeps_ten_thousand)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	struct seen seen = { 0 };

	test_sql(m, "BEGIN");
	for (uint64_t i = 1; i <= 10000; i++)
		assert_int_equal(meta_log(m, &(struct meta_entry){ .count = i }, NULL), 0);
	assert_int_equal(test_number(m, "SELECT min(count) FROM event"), 1);
	for (uint64_t i = 10001; i <= 10003; i++)
		assert_int_equal(meta_log(m, &(struct meta_entry){ .count = i }, NULL), 0);
	test_sql(m, "COMMIT");
	assert_int_equal(meta_each(m, 20000, see, &seen, NULL), 0);

	assert_int_equal(seen.n, 10000);
	assert_int_equal(seen.first.count, 10003);
	assert_int_equal(seen.last_count, 4);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_long_text_is_cut_between_characters)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	char text[403];
	struct seen seen = { 0 };

	memset(text, 'x', sizeof(text));
	memcpy(text + 399, "\xe2\x82\xac", 3); /* its second byte is the 401st */
	assert_int_equal(meta_log(m, &(struct meta_entry){ .text = { text, sizeof(text) } }, NULL),
			 0);
	assert_int_equal(meta_each(m, 1, see, &seen, NULL), 0);

	assert_int_equal(strlen(seen.text), 399);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_text_of_four_hundred_bytes_is_whole)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	char text[400];
	struct seen seen = { 0 };

	memset(text, 'x', sizeof(text));
	assert_int_equal(meta_log(m, &(struct meta_entry){ .text = { text, sizeof(text) } }, NULL),
			 0);
	assert_int_equal(meta_each(m, 1, see, &seen, NULL), 0);

	assert_int_equal(strlen(seen.text), 400);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(every_event_has_a_name_and_others_are_unknown)
{
	for (unsigned i = META_CREATED; i <= META_DAMAGED; i++)
		assert_string_not_equal(meta_event_name((enum meta_event)i), "unknown");
	assert_string_equal(meta_event_name(META_DESTROYED), "destroyed");
	assert_string_equal(meta_event_name((enum meta_event)(META_DAMAGED + 1)), "unknown");
}

/* ---- Migrations ------------------------------------------------------------------------------ */

static const struct meta_step two[] = {
	{ 1, "make the table", "CREATE TABLE fake (a INTEGER)" },
	{ 2, "add a column", "ALTER TABLE fake ADD COLUMN b INTEGER DEFAULT 9" },
};

/* A database without a schema: as the head alone, with nothing in it. */
static struct meta *open_bare(const struct test_dir *dir)
{
	struct meta *m = test_open(dir);

	test_sql(m, "DROP TABLE setting; DROP TABLE event; PRAGMA user_version = 0");
	return m;
}

TEST(steps_are_done_one_after_another)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = open_bare(&dir);

	assert_int_equal(meta_schema_raise(m, two, 1, NULL), 0);
	test_sql(m, "INSERT INTO fake VALUES (1)");
	assert_int_equal(test_number(m, "PRAGMA user_version"), 1);
	assert_int_equal(meta_schema_raise(m, two, 2, NULL), 0);

	assert_int_equal(test_number(m, "PRAGMA user_version"), 2);
	assert_int_equal(test_number(m, "SELECT b FROM fake"), 9);
	assert_int_equal(meta_schema_raise(m, two, 2, NULL), 0);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_step_that_fails_changes_nothing)
{
	static const struct meta_step bad[] = {
		{ 1, "make the table", "CREATE TABLE fake (a INTEGER)" },
		{ 2, "fail", "CREATE TABLE half (a); INSERT INTO nowhere VALUES (1)" },
	};
	struct test_dir dir = test_dir_make();
	struct meta *m = open_bare(&dir);
	struct err err;

	assert_true(meta_schema_raise(m, bad, 2, &err) < 0);

	assert_int_equal(test_number(m, "PRAGMA user_version"), 1);
	assert_int_equal(test_number(m, "SELECT count(*) FROM sqlite_schema"), 1);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_newer_schema_is_refused)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);
	struct err err;

	test_sql(m, "PRAGMA user_version = 2");
	meta_close(m);

	assert_int_equal(test_refused(&dir, false, &err), ERR_STORE_VERSION);
	assert_int_equal(test_refused(&dir, true, &err), ERR_STORE_VERSION);
	test_dir_drop(&dir);
}

TEST(a_reader_refuses_an_older_schema)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = open_bare(&dir);
	struct err err;

	meta_close(m);

	assert_int_equal(test_refused(&dir, true, &err), ERR_STORE_VERSION);
	assert_int_equal(test_refused(&dir, false, &err), ERR_NONE);
	test_dir_drop(&dir);
}

TEST(the_plan_says_what_would_be_done)
{
	struct buf all, rest;

	buf_init(&all, KIB);
	buf_init(&rest, KIB);
	meta_schema_plan(two, 2, 0, &all);
	meta_schema_plan(two, 2, 1, &rest);
	assert_str(buf_str(&all), "1: make the table\n2: add a column\n");
	assert_str(buf_str(&rest), "2: add a column\n");
	buf_clear(&rest);
	meta_schema_plan(two, 2, 2, &rest);

	assert_int_equal(rest.len, 0);
	buf_done(&all);
	buf_done(&rest);
}

TEST(the_table_of_steps_counts_from_one)
{
	unsigned count;
	const struct meta_step *steps = meta_schema_steps(&count);

	assert_int_equal(count, meta_version());
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(steps[i].version, i + 1);
}

TEST_MAIN
