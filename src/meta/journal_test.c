// SPDX-License-Identifier: Apache-2.0
/* The rollback journal: what it undoes, what a changed byte of it costs, and how it is told. */
#include "meta/meta_test.h"

/* As after a crash within a change of every row, parts of which are in the database already. */
static struct test_dir crashed_in_delete_mode(void)
{
	struct test_dir dir = test_dir_make(), copy;
	struct meta *m = test_open(&dir);

	test_fill(m);
	test_sql(m, "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 5; BEGIN;"
		    "UPDATE secret_table SET secret_column = secret_column || 'x'");
	copy = test_crash(&dir);
	meta_close(m);
	test_dir_drop(&dir);
	return copy;
}

TEST(a_journal_undoes_what_a_crash_left)
{
	struct test_dir dir = crashed_in_delete_mode();
	struct test_bytes b = test_load(&dir, META_JOURNAL_NAME);
	struct meta *m;

	assert_true(b.n > 10 * META_RECORD_BYTES);
	free(b.p);
	m = test_open(&dir);

	assert_true(test_same_rows(m, TEST_ROWS));
	assert_int_equal(meta_verify(m, NULL, NULL), 0);
	assert_int_equal(access(test_path(&dir, META_JOURNAL_NAME), F_OK), -1);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(a_bit_that_flips_in_the_journal_is_refused_or_harmless)
{
	struct test_dir dir = crashed_in_delete_mode();
	struct test_bytes db = test_load(&dir, META_DB_NAME),
			  b = test_load(&dir, META_JOURNAL_NAME);
	unsigned refused = 0;

	test_hurry();
	for (size_t at = 0; at < b.n; at += 97 * 7) {
		struct meta *m = NULL;
		struct err err = { .id = ERR_NONE };

		test_store(&dir, META_DB_NAME, db);
		b.p[at] ^= (uint8_t)(1u << at % 8);
		test_store(&dir, META_JOURNAL_NAME, b);
		b.p[at] ^= (uint8_t)(1u << at % 8);
		if (meta_open(dir.path, test_key, false, &m, &err) < 0) {
			assert_int_equal(err.id, ERR_STORE_DAMAGED);
			refused++;
			continue;
		}
		assert_true(test_same_rows(m, TEST_ROWS));
		meta_close(m);
	}

	disk_inject(NULL);
	assert_true(refused > 50);
	free(b.p);
	free(db.p);
	test_dir_drop(&dir);
}

/* A crash before the journal was durable: it is not undone, and the next change writes over it. */
TEST(a_journal_that_never_counted_is_written_over)
{
	struct test_dir dir = crashed_in_delete_mode(), copy = test_dir_make();
	struct test_bytes left = test_load(&dir, META_JOURNAL_NAME);
	struct meta *m = test_open(&copy);

	test_sql(m, "PRAGMA journal_mode = DELETE");
	meta_close(m);
	memset(left.p, 0, META_BLOCK_BYTES);
	test_store(&copy, META_JOURNAL_NAME, left);
	m = test_open(&copy);
	assert_int_equal(meta_set(m, "a", 1, NULL), 0);

	assert_int_equal(meta_verify(m, NULL, NULL), 0);
	meta_close(m);
	free(left.p);
	test_dir_drop(&dir);
	test_dir_drop(&copy);
}

TEST(a_damaged_record_is_named)
{
	struct test_dir dir = crashed_in_delete_mode();
	struct err err;

	test_flip(&dir, META_JOURNAL_NAME, META_BLOCK_BYTES + META_RECORD_BYTES + 50);

	assert_int_equal(test_refused(&dir, false, &err), ERR_STORE_DAMAGED);
	assert_int_equal(strncmp(err.text, "redoubt.db-journal: page ", 25), 0);
	test_dir_drop(&dir);
}

TEST(a_reader_does_not_undo_a_journal_and_says_so)
{
	struct test_dir dir = crashed_in_delete_mode();
	struct err err;

	assert_int_equal(test_refused(&dir, true, &err), ERR_STORE_BUSY);
	assert_int_equal(test_refused(&dir, false, &err), ERR_NONE);
	test_dir_drop(&dir);
}

TEST(a_page_torn_where_its_journal_has_it_is_made_whole)
{
	struct test_dir dir = crashed_in_delete_mode();
	struct meta *m;

	test_flip(&dir, META_DB_NAME, META_PAGE_BYTES + 300); /* page 1, which tells page sizes */
	m = test_open(&dir);

	assert_true(test_same_rows(m, TEST_ROWS));
	assert_int_equal(meta_verify(m, NULL, NULL), 0);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST(changes_are_rolled_back_from_a_journal)
{
	struct test_dir dir = test_dir_make();
	struct meta *m = test_open(&dir);

	test_fill(m);
	test_sql(m, "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 5; BEGIN;"
		    "UPDATE secret_table SET secret_column = 'a' WHERE n = 1; SAVEPOINT s;"
		    "UPDATE secret_table SET secret_column = 'b'; SAVEPOINT s2;"
		    "DELETE FROM secret_table; ROLLBACK TO s2");
	assert_int_equal(test_number(m,
				     "SELECT count(*) FROM secret_table WHERE secret_column = 'b'"),
			 TEST_ROWS);
	test_sql(m, "ROLLBACK TO s");
	assert_int_equal(
		test_number(m, "SELECT count(*) FROM secret_table WHERE secret_column = 'a'"), 1);
	test_sql(m, "ROLLBACK");

	assert_true(test_same_rows(m, TEST_ROWS));
	assert_int_equal(meta_verify(m, NULL, NULL), 0);
	meta_close(m);
	test_dir_drop(&dir);
}

TEST_MAIN
