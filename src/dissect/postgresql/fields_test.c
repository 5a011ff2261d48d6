/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of messages goes into a record, and what never does; and how many statements are remembered.
 */
#define PLAY_DISSECTOR postgresql_dissector
#include "play.h"

#include "dissect/postgresql/bytes_test.h"
#include "dissect/postgresql/session.h"

/* ---- Words ----------------------------------------------------------------------------------- */

static void expect_word(const char *text, const char *want)
{
	struct str word = command_word(str_of(text));

	if (!str_eq(word, str_of(want)))
		fail_msg("%s: %.*s", text, STR_FMT(word));
}

TEST(the_word_of_a_statement_is_found_in_any_case_and_behind_comments)
{
	expect_word("select 1", "SELECT");
	expect_word(" \t\n((Select 1))", "SELECT");
	expect_word("-- note\n/* x */ UPDATE t", "UPDATE");
	expect_word("START_REPLICATION SLOT x", "START_REPLICATION");
	expect_word("CREATE_REPLICATION_SLOT x", "CREATE_REPLICATION_SLOT");
	expect_word("BEGIN;", "BEGIN");
}

TEST(what_is_no_word_of_the_table_is_none)
{
	expect_word("", "");
	expect_word("selec", "");
	expect_word("selects", "");
	expect_word("hunter2", "");
	expect_word("-- select", "");
	expect_word("/* select", "");
	expect_word("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "");
}

TEST(the_table_of_words_is_sorted)
{
	static const char *const some[] = { "ABORT", "ANALYZE", "DROP", "END", "START", "WITH" };

	for (size_t i = 0; i < ARRAY_LEN(some); i++)
		expect_word(some[i], some[i]);
}

TEST(a_head_does_not_end_within_a_word)
{
	assert_int_equal(statement_head(STR("SELECT secret"), 13).n, 13);
	assert_int_equal(statement_head(STR("SELECT secret"), 12).n, 7);
	assert_int_equal(statement_head(STR("SELECT secret"), 7).n, 7);
	assert_int_equal(statement_head(STR("SELECT"), 3).n, 0);
}

/* ---- Statements and rows --------------------------------------------------------------------- */

TEST(the_tag_tells_what_with_did)
{
	PLAY(C(WITH), S(DONE_INSERT READY));

	expect_row(0, "postgresql.command=INSERT postgresql.rows=5");
}

TEST(rows_of_a_portal_that_is_read_in_parts_are_summed)
{
	PLAY(C(PARSE BIND EXECUTE EXECUTE SYNC),
	     S(PARSED BOUND ROW ROW SUSPENDED ROW DONE_SELECT READY));

	expect_row(0, "postgresql.rows=3 postgresql.statements=1");
}

TEST(counts_of_messages_are_whole_numbers)
{
#define ROW4  ROW ROW ROW ROW
#define ROW16 ROW4 ROW4 ROW4 ROW4
	PLAY(C(SELECT_1), S(ROW16 ROW16 ROW16 ROW16 ROW16 ROW16 ROW16), S(DONE_SELECT READY));

	assert_non_null(strstr(played->text, "Data row:112,"));
}

TEST(nothing_of_a_password_an_error_or_a_value_is_kept)
{
	PLAY(C(STARTUP), S(AUTH_CLEAR), C(PASSWORD), S(AUTH_OK STATUS KEY READY),
	     C(PARSE_S1 BIND_S1 DESCRIBE EXECUTE SYNC),
	     S(PARSED BOUND TYPES COLUMNS ROW ERROR READY));

	expect_rows(2);
	assert_null(strstr(played->text, "secret"));
	assert_null(strstr(played->text, "UTC"));
	assert_null(strstr(played->text, "=x"));
	assert_null(strstr(played->text, "no "));
}

/* "user" and "database", as clients send what they were given for a database's name. */
TEST(an_address_with_a_password_is_no_name_of_a_database)
{
	PLAY(C("\0\0\0\x33\0\3\0\0"
	       "user\0bob\0database\0postgres://b:secret@h/d\0\0"),
	     S(AUTH_OK KEY READY));
	expect_row(0, "postgresql.user=bob postgresql.database=[masked]");

	PLAY(C("\0\0\0\x34\0\3\0\0"
	       "user\0bob\0database\0dbname=d password=secret\0\0"),
	     S(AUTH_OK KEY READY));
	expect_row(0, "postgresql.user=bob postgresql.database=[masked]");
}

TEST(an_error_is_told_by_its_syntax_alone)
{
	PLAY(C(SELECT_1), S(ERROR_ODD READY));

	expect_row(0, "postgresql.errors=1 postgresql.error.severity=ERROR !postgresql.error.code");
}

TEST(a_newer_version_is_negotiated)
{
	PLAY(C(STARTUP_32), S(NEGOTIATE AUTH_OK KEY_LONG READY));

	expect_rows(1);
	expect_row(0, "postgresql.operation=startup postgresql.state=complete");
	assert_non_null(strstr(played->text, "Negotiate protocol version:1"));
}

TEST(a_name_is_kept_up_to_its_limit)
{
#define N32 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
	PLAY(C("\0\0\0\x8f\0\3\0\0user\0" N32 N32 N32 N32 "\0\0"), S(AUTH_OK READY));
	expect_row(0, "postgresql.user=" N32 N32 N32 N32);

	PLAY(C("\0\0\0\x90\0\3\0\0user\0" N32 N32 N32 N32 "n\0\0"), S(AUTH_OK READY));
	expect_row(0, "postgresql.user=" N32 N32 N32 N32 "(cut)");
}

/* ---- Remembered statements ------------------------------------------------------------------- */

static bool finds(struct fake *f, uint32_t name)
{
	struct str text;
	bool cut;

	return prepared_find(&f->ds, (struct str){ (const char *)&name, sizeof(name) }, &text,
			     &cut) &&
	       str_eq(text, STR("text")) && !cut;
}

static void put(struct fake *f, uint32_t name)
{
	prepared_put(&f->ds, (struct str){ (const char *)&name, sizeof(name) }, STR("text"), false);
}

TEST(the_last_statements_are_remembered)
{
	struct fake *f = fake_new(&postgresql_dissector, true);

	for (uint32_t i = 0; i < PREPARED_MAX; i++)
		put(f, i);
	assert_true(finds(f, 0));
	put(f, PREPARED_MAX);
	assert_false(finds(f, 0));
	for (uint32_t i = 1; i <= PREPARED_MAX; i++)
		assert_true(finds(f, i));
	fake_close(f);
	fake_free(f);
}

TEST(a_statement_is_replaced_and_forgotten)
{
	struct fake *f = fake_new(&postgresql_dissector, true);
	struct str text;
	bool cut;

	prepared_put(&f->ds, STR("a"), STR("one"), false);
	prepared_put(&f->ds, STR("a"), STR("longer"), true);
	assert_true(prepared_find(&f->ds, STR("a"), &text, &cut));
	assert_true(str_eq(text, STR("longer")) && cut);
	prepared_put(&f->ds, STR("a"), STR(""), false);
	assert_true(prepared_find(&f->ds, STR("a"), &text, &cut));
	assert_int_equal(text.n, 0);
	prepared_forget(&f->ds, STR("a"));
	assert_false(prepared_find(&f->ds, STR("a"), &text, &cut));
	prepared_forget(&f->ds, STR("b"));
	fake_close(f);
	fake_free(f);
}

TEST(a_heap_that_is_full_forgets)
{
	struct fake *f = fake_new(&postgresql_dissector, true);
	struct str text;
	bool cut;

	f->heap.cap_bytes = 0;
	prepared_put(&f->ds, STR("a"), STR("one"), false);

	assert_false(prepared_find(&f->ds, STR("a"), &text, &cut));
	fake_close(f);
	fake_free(f);
}

TEST_MAIN
