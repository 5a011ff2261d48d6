// SPDX-License-Identifier: Apache-2.0
/*
 * What the mask of statements hides and what it leaves, by example on both sides of each rule, and
 * held against two small scanners of the test's own: whatever is inside a literal by either of a
 * server's two readings, the output does not depend on it.
 */
#include "t.h"

#include "record/mask.h"
#include "sql_literals.h"

static struct buf shown;

static struct str masked(struct str statement)
{
	buf_clear(&shown);
	mask_sql(statement, &shown);
	return buf_str(&shown);
}

static void expect(struct str in, const char *want)
{
	struct str out = masked(in);

	if (!str_eq(out, str_of(want)))
		fail_msg("%.*s\nbecomes %.*s\nnot     %s", STR_FMT(in), STR_FMT(out), want);
}

struct example {
	const char *in, *out;
};

static void expect_all(const struct example *e, size_t n)
{
	buf_init(&shown, MIB);
	for (size_t i = 0; i < n; i++)
		expect(str_of(e[i].in), e[i].out);
	buf_done(&shown);
}

#define EXPECT_ALL(...)                                                                            \
	do {                                                                                       \
		static const struct example e_[] = { __VA_ARGS__ };                                \
		expect_all(e_, ARRAY_LEN(e_));                                                     \
	} while (0)

/* ---- What stays ------------------------------------------------------------------------------ */

TEST(words_names_signs_and_parameters_stay)
{
	EXPECT_ALL({ "", "" }, { "BEGIN", "BEGIN" }, { "begin;", "begin;" },
		   { "SELECT abalance FROM pgbench_accounts WHERE aid = $1",
		     "SELECT abalance FROM pgbench_accounts WHERE aid = $1" },
		   { "SELECT a.\"Mixed Name\", b::text[] FROM s.t a JOIN u b ON a.x<=b.y",
		     "SELECT a.\"Mixed Name\", b::text[] FROM s.t a JOIN u b ON a.x<=b.y" },
		   { "SELECT * FROM t WHERE a IS NULL AND b = TRUE AND j ?| $2 AND j @> $3",
		     "SELECT * FROM t WHERE a IS NULL AND b = TRUE AND j ?| $2 AND j @> $3" },
		   { "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)",
		     "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)" },
		   { "SELECT stra\xc3\x9f"
		     "e FROM x",
		     "SELECT stra\xc3\x9f"
		     "e FROM x" });
}

TEST(white_space_is_one_space_and_comments_go)
{
	EXPECT_ALL({ " \t\nSELECT\r\n  a\f,\vb ", "SELECT a , b" },
		   { "SELECT a -- bob@x.org\n, b", "SELECT a , b" },
		   { "SELECT a--x\rFROM t", "SELECT a FROM t" },
		   { "SELECT/* a /* b */ c */a", "SELECT a" },
		   { "/* x */ SELECT a /**/", "SELECT a" }, { "SELECT a /*/ b */ c", "SELECT a c" },
		   { "SELECT a -- end", "SELECT a" }, { "SELECT a+--x\nb", "SELECT a+ b" },
		   { "/* traceparent='00-1' */COMMIT", "COMMIT" });
}

/* ---- Literals -------------------------------------------------------------------------------- */

TEST(strings_of_all_kinds_are_replaced)
{
	EXPECT_ALL({ "SELECT 'bob'", "SELECT ?" }, { "SELECT ''", "SELECT ?" },
		   { "SELECT 'it''s' || 'x'", "SELECT ? || ?" }, { "SELECT ''''", "SELECT ?" },
		   { "SELECT E'it\\'s \\\\' AS a", "SELECT ? AS a" },
		   { "SELECT e'\\\\\\'' AS a", "SELECT ? AS a" },
		   { "SELECT E'a''b' AS a", "SELECT ? AS a" },
		   { "SELECT B'101', x'1F', N'z', U&'d\\0061' UESCAPE '!'", "SELECT ? UESCAPE ?" },
		   { "SELECT type'x', date '2024-01-01'", "SELECT type?, date ?" },
		   { "SELECT 'a'\n  'b'", "SELECT ?" }, { "SELECT 'a\\b' AS a", "SELECT ? AS a" },
		   { "SELECT 'a\\\\' AS a", "SELECT ? AS a" },
		   { "SELECT '/* ' AS a, ' */ -- '", "SELECT ? AS a, ?" },
		   { "x='a'AND y='b'", "x=?AND y=?" });
}

TEST(dollar_quotes_are_replaced)
{
	EXPECT_ALL({ "SELECT $$it's$$ AS a", "SELECT ? AS a" },
		   { "AS $f$ SELECT $$x$$; $g$ $f$ LANGUAGE sql", "AS ? LANGUAGE sql" },
		   { "SELECT $a$x$a$$b$y$b$", "SELECT ?" },
		   { "SELECT $_a1$x$_a1$ b", "SELECT ? b" },
		   { "SELECT $A$x$a$y$A$ b", "SELECT ? b" });
}

TEST(numbers_are_replaced)
{
	EXPECT_ALL({ "LIMIT 10 OFFSET 20", "LIMIT ? OFFSET ?" },
		   { "x=1.5e-10+.5-1e5*0x1F/1_000%1.", "x=?+?-?*?/?%?" },
		   { "a[1:2] = -5", "a[?:?] = -?" }, { "SELECT 1e", "SELECT ?" },
		   { "SELECT t1.c2", "SELECT t1.c2" }, { "SELECT 4111x", "SELECT ?" },
		   { "SELECT 1-2", "SELECT ?-?" });
}

TEST(lists_of_literals_are_one)
{
	EXPECT_ALL({ "a IN (1, 2,3 , 'x')", "a IN (?)" },
		   { "a IN (1) OR b IN ('x', 'y')", "a IN (?) OR b IN (?)" },
		   { "VALUES (1, 'x', NULL), (2, 'y', -3.5),(+4,'z',DEFAULT) ON CONFLICT",
		     "VALUES (?) ON CONFLICT" },
		   { "VALUES (1, now()), (2, now())", "VALUES (?, now()), (?, now())" },
		   { "VALUES (1, 2), (3, x)", "VALUES (?), (?, x)" },
		   { "VALUES (1), (x)", "VALUES (?), (x)" }, { "VALUES (1), x", "VALUES (?), x" },
		   { "f(1, 2, $1)", "f(?, $1)" }, { "f(a, 1, 2)", "f(a, ?)" },
		   { "ARRAY[1,2,3]", "ARRAY[?]" }, { "LIMIT 1, 2", "LIMIT ?" },
		   { "f(NULL, TRUE)", "f(?)" }, { "IN (1, 2,", "IN (?," },
		   { "VALUES (1), (2 ,", "VALUES (?), (? ," });
}

TEST(values_that_are_words_are_replaced)
{
	EXPECT_ALL({ "ALTER USER bob WITH ENCRYPTED PASSWORD 'x' VALID UNTIL '2030'",
		     "ALTER USER bob WITH ENCRYPTED PASSWORD ? VALID UNTIL ?" },
		   { "create role bob login password hunter2 createdb",
		     "create role bob login password ? createdb" },
		   { "CREATE OR REPLACE USER bob PASSWORD hunter",
		     "CREATE OR REPLACE USER bob PASSWORD ?" },
		   { "SET PASSWORD FOR bob = hunter; SELECT a", "SET PASSWORD ? = ?; SELECT a" },
		   { "ALTER USER MAPPING FOR bob SERVER s OPTIONS (SET password hunter)",
		     "ALTER USER MAPPING FOR bob SERVER s OPTIONS (SET password ?)" },
		   { "CREATE TABLE t (password text)", "CREATE TABLE t (password text)" },
		   { "SET app.user TO bob, 'x', eve; SELECT a", "SET app.user TO ?; SELECT a" },
		   { "SET LOCAL app.user = \"bob\"", "SET LOCAL app.user = ?" },
		   { "ALTER ROLE bob SET search_path = private",
		     "ALTER ROLE bob SET search_path = ?" },
		   { "UPDATE t SET a = b WHERE c = d", "UPDATE t SET a = b WHERE c = d" },
		   { "COMMENT ON TABLE t IS 'x'", "COMMENT ON TABLE t IS ?" });
}

/* ---- Names that are none --------------------------------------------------------------------- */

TEST(names_that_look_like_ids_are_replaced)
{
	EXPECT_ALL({ "SELECT eyJhbGciOiJIUzI1NiIsInR5cCI6", "SELECT {token}" },
		   { "LISTEN \"bob@example.org\"", "LISTEN \"{email}\"" },
		   { "SELECT x AS \"4711\"", "SELECT x AS \"{id}\"" },
		   { "SELECT x AS \"a (4711) of\"", "SELECT x AS \"a ({id}) of\"" },
		   { "SELECT x AS \"it's\"", "SELECT x AS \"?\"" },
		   { "SELECT x AS \"a\"\"b\"", "SELECT x AS \"a\"\"b\"" },
		   { "SELECT U&\"d\\0061t\"", "SELECT \"?\"" },
		   { "SELECT \"1234567890123456789012345678901234567890123456789012345678901234\"",
		     "SELECT \"?\"" });
}

TEST(names_are_shown_up_to_their_limit)
{
#define N20 "name_of_a_nice_table"
	EXPECT_ALL({ "\"" N20 " " N20 " " N20 "\"", "\"" N20 " " N20 " " N20 "\"" },
		   { "\"" N20 " " N20 " " N20 " x\"", "\"?\"" },
		   { N20 "_" N20 "_" N20 "_", N20 "_" N20 "_" N20 "_" },
		   { N20 "_" N20 "_" N20 "_x", "{token}" });
}

TEST(a_parameter_has_a_small_number)
{
	EXPECT_ALL({ "x = $65535", "x = $65535" }, { "x = $411111 y", "x =" },
		   { "x = $1a y", "x =" });
}

/* ---- What is not understood ------------------------------------------------------------------ */

TEST(what_never_ends_is_left_out_from_there)
{
	EXPECT_ALL({ "SELECT 'bob", "SELECT ?" }, { "SELECT a, 'it''", "SELECT a, ?" },
		   { "SELECT E'a\\'", "SELECT ?" }, { "SELECT $$a", "SELECT ?" },
		   { "SELECT $a$b$a", "SELECT ?" }, { "SELECT $abc", "SELECT" },
		   { "SELECT $", "SELECT" }, { "SELECT \"bob", "SELECT" },
		   { "SELECT a /* b", "SELECT a" }, { "SELECT a /* /* b */ c", "SELECT a" },
		   { "SELECT 12", "SELECT ?" });
}

TEST(what_two_settings_read_differently_is_left_out_from_there)
{
	EXPECT_ALL({ "SELECT 'a\\' , ' bob '", "SELECT ?" },
		   { "SELECT 'a\\'' , ' bob '", "SELECT ?" },
		   { "SELECT N'a\\\\\\' , ' bob '", "SELECT ?" },
		   { "SELECT U&'\\' , ' bob '", "SELECT ?" },
		   { "SELECT E'\x95\\' , ' bob '", "SELECT ?" },
		   { "SELECT '\x95\\\\' , ' bob '", "SELECT ?" },
		   { "SELECT 1e'\\' , ' bob '", "SELECT ?" },
		   { "SELECT 1e$b$ ' $b$ bob '", "SELECT ?" },
		   { "CREATE FUNCTION f() AS$$ bob $$", "CREATE FUNCTION f()" },
		   { "SELECT a$b$c FROM t", "SELECT" },
		   { "SELECT a$b FROM t", "SELECT a$b FROM t" });
}

TEST(what_is_not_in_the_dialect_is_left_out_from_there)
{
	EXPECT_ALL({ "SELECT `a`", "SELECT" }, { "SELECT {d '2024-01-01'}", "SELECT" },
		   { "SELECT a \\ b", "SELECT a" }, { "SELECT a \x01 b", "SELECT a" });
	buf_init(&shown, MIB);
	expect(STR("SELECT a\0 b"), "SELECT a");
	buf_done(&shown);
}

/* ---- In general ------------------------------------------------------------------------------ */

static uint64_t seed = 1;

static size_t chance(size_t n)
{
	seed = hash_mix(seed, 0x5eed);
	return (size_t)(seed % n);
}

TEST(the_output_does_not_depend_on_what_is_inside_of_literals)
{
	static const char *const pieces[] = {
		"'",      "'",        "''",
		"E'",     "e'",       "\\",
		"\\'",    "\\\\",     "$$",
		"$a$",    "$b$",      "U&'",
		"N'",     "\"",       "--",
		"/*",     "*/",       "\n",
		" ",      " ",        "x",
		"secret", "12",       ",",
		"(",      ")",        ";",
		"$1",     "\x95",     "SET",
		"=",      ".5",       "a$",
		"1e",     "-",        "AS",
		"NULL",   "PASSWORD", "ALTER USER b ",
	};
	struct buf in, first;

	buf_init(&in, MIB);
	buf_init(&first, MIB);
	buf_init(&shown, MIB);
	for (unsigned round = 0; round < 40000; round++) {
		buf_clear(&in);
		buf_clear(&first);
		for (size_t n = 1 + chance(24); n; n--)
			(void)buf_put(&in, str_of(pieces[chance(ARRAY_LEN(pieces))]));
		(void)buf_put(&first, masked(buf_str(&in)));
		sql_change_literals(in.p, in.len, round % 2);
		if (!str_eq(buf_str(&first), masked(buf_str(&in))))
			fail_msg("%.*s\nchanged   %.*s\nof        %.*s", STR_FMT(buf_str(&first)),
				 STR_FMT(masked(buf_str(&in))), STR_FMT(buf_str(&in)));
	}
	buf_done(&in);
	buf_done(&first);
	buf_done(&shown);
}

TEST(a_statement_cut_anywhere_shows_no_literal)
{
	static const char text[] =
		"SELECT 'SECRET1', E'SECRET2\\'SECRET3', $a$SECRET4$a$ /* SECRET5 */ FROM t -- SECRET6\n"
		"WHERE a = 'SECRET7''SECRET8' AND U&'SECRET9' = N'SECRET0'";

	buf_init(&shown, MIB);
	for (size_t n = 0; n <= sizeof(text) - 1; n++)
		assert_false(str_contains(masked((struct str){ text, n }), STR("SEC")));
	buf_done(&shown);
}

TEST(nothing_much_grows_and_much_is_fast)
{
	static const char *const units[] = { "'",  "\\'", "$a",   "$$", "/*",
					     "\"", "1,",  "(1),", "a",  "-" };
	struct buf in;

	buf_init(&in, MIB);
	buf_init(&shown, 4 * MIB);
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		buf_clear(&in);
		while (in.len < 900 * KIB)
			(void)buf_put(&in, str_of(units[i]));
		assert_true(masked(buf_str(&in)).n <= in.len + 16);
	}
	buf_done(&in);
	buf_done(&shown);
}

TEST(what_was_hidden_is_marked)
{
	char room[64];
	struct mask_out o = { room, room, room + sizeof(room), NULL, false, false };

	mask_sql_to(STR("SELECT a FROM t WHERE b = $1"), &o);
	assert_false(o.masked);
	mask_sql_to(STR("SELECT 1"), &o);
	assert_true(o.masked);
}

TEST_MAIN
