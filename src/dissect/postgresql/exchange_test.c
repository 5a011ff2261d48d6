/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conversations: which messages become one record, when, and in which state; over holes, joins in
 * the middle, one side alone and encryption. Each runs whole and byte by byte (play.h).
 */
#define PLAY_DISSECTOR postgresql_dissector
#include "play.h"

#include "dissect/postgresql/bytes_test.h"

#define OPENED AUTH_OK STATUS KEY READY

/* ---- Beginnings ------------------------------------------------------------------------------ */

TEST(the_start_of_a_session_is_one_record)
{
	PLAY(C(STARTUP), S(AUTH_MD5), C(PASSWORD), S(OPENED));

	expect_rows(1);
	expect_row(0, "postgresql.operation=startup postgresql.user=bob postgresql.database=shop "
		      "postgresql.authentication=md5 postgresql.transaction=idle "
		      "postgresql.state=complete postgresql.latency=1000000 "
		      "postgresql.duration=3000000 postgresql.request.bytes=44 "
		      "postgresql.response.bytes=59 postgresql.sequence=1 !postgresql.statement "
		      "!postgresql.rows !postgresql.errors !postgresql.encryption "
		      "!postgresql.anomalies");
	assert_int_equal(played->ds.messages, 7);
}

TEST(messages_of_sasl_are_told_apart)
{
	PLAY(C(STARTUP), S(AUTH_SASL), C(SASL_HEAD), S(SASL_MORE), C(PASSWORD),
	     S(SASL_LAST OPENED));

	expect_rows(1);
	expect_row(0, "postgresql.authentication=scram-sha-256 postgresql.state=complete");
	assert_non_null(strstr(
		played->text, "postgresql.messages=Startup message:1,SASLInitialResponse message:1,"
			      "SASLResponse message:1,Authentication request:4,Backend key data:1,"
			      "Parameter status:1,Ready for query:1 "));
}

TEST(trust_and_cleartext_are_told)
{
	PLAY(C(STARTUP), S(OPENED));
	expect_row(0, "postgresql.authentication=trust");

	PLAY(C(STARTUP), S(AUTH_CLEAR), C(PASSWORD), S(OPENED));
	expect_row(0, "postgresql.authentication=cleartext "
		      "postgresql.anomalies=cleartext-password");
}

TEST(a_refused_login_ends_the_session)
{
	PLAY(C(STARTUP), S(AUTH_MD5), C(PASSWORD), S(FATAL), S_FIN);

	expect_rows(1);
	expect_row(0, "postgresql.operation=startup postgresql.error.code=57P01 "
		      "postgresql.error.severity=FATAL postgresql.errors=1 "
		      "postgresql.state=complete !postgresql.transaction");
}

TEST(the_name_of_a_database_is_the_users_where_there_is_none)
{
	PLAY(C(STARTUP_32), S(OPENED), C(SELECT_1), S(DONE_SELECT READY));

	expect_row(0, "postgresql.user=bob postgresql.database=bob");
	expect_row(1, "postgresql.user=bob postgresql.database=bob");
}

TEST(accepted_encryption_switches_the_stream)
{
	PLAY(C(SSL), S("S"), C("\x16\x03\x01\0\5"), S("\x16\x03\x03"));

	assert_int_equal(played->over, FAKE_SWITCHED);
	expect_rows(1);
	expect_row(
		0,
		"postgresql.operation=startup postgresql.encryption=accepted postgresql.state=complete");
}

TEST(tls_that_hurries_waits_for_the_answer)
{
	PLAY(C(SSL "\x16\x03\x01\0\5"), S("S"));

	assert_int_equal(played->over, FAKE_SWITCHED);
	assert_int_equal(played->len[FROM_CLIENT], 5);
}

TEST(tls_without_an_answer_switches_when_much_of_it_came)
{
#define T16  "\x16\x03\x01xxxxxxxxxxxxx"
#define T256 T16 T16 T16 T16 T16 T16 T16 T16 T16 T16 T16 T16 T16 T16 T16 T16
#define T3K  T256 T256 T256 T256 T256 T256 T256 T256 T256 T256 T256 T256
	PLAY(C(SSL T3K));
	assert_int_equal(played->over, FAKE_FEEDING);
	PLAY(C(SSL T3K "x"));
	assert_int_equal(played->over, FAKE_SWITCHED);
	expect_row(0, "postgresql.state=no-response");
}

TEST(refused_encryption_goes_on)
{
	PLAY(C(GSS), S("N"), C(SSL), S("N"), C(STARTUP), S(OPENED));

	expect_rows(1);
	expect_row(0, "postgresql.encryption=refused postgresql.user=bob postgresql.state=complete "
		      "postgresql.latency=1000000");
}

TEST(encryption_of_gss_is_the_end_of_what_can_be_told)
{
	PLAY(C(GSS), S("G"), C("\0\0\0\1x"));

	assert_int_equal(played->over, FAKE_DONE);
	expect_row(0, "postgresql.encryption=accepted postgresql.state=complete");
}

TEST(an_error_may_answer_a_request_for_encryption)
{
	PLAY(C(SSL), S(FATAL));

	expect_rows(1);
	expect_row(0, "postgresql.error.code=57P01 postgresql.state=complete");
}

TEST(a_cancellation_is_a_record)
{
	PLAY(C(CANCEL), C_FIN, S_FIN);
	expect_rows(1);
	expect_row(0, "postgresql.operation=cancel postgresql.state=complete "
		      "postgresql.request.bytes=16");

	PLAY(C(SSL), S("N"), C(CANCEL_LONG));
	expect_rows(1);
	expect_row(0, "postgresql.operation=cancel postgresql.encryption=refused "
		      "postgresql.state=complete");
}

/* ---- Queries --------------------------------------------------------------------------------- */

TEST(a_query_is_one_record)
{
	PLAY(C(STARTUP), S(OPENED), C(SELECT_1), S(COLUMNS ROW ROW), S(DONE_SELECT READY_OPEN));

	expect_rows(2);
	expect_row(1, "postgresql.operation=query postgresql.command=SELECT postgresql.rows=2 "
		      "postgresql.statements=1 postgresql.transaction=open postgresql.user=bob "
		      "postgresql.database=shop postgresql.latency=1000000 "
		      "postgresql.duration=2000000 postgresql.sequence=2 "
		      "postgresql.state=complete postgresql.request.bytes=14 "
		      "postgresql.response.bytes=71");
	assert_non_null(strstr(played->text, "postgresql.statement=SELECT 1 "));
	assert_non_null(strstr(played->text,
			       "postgresql.messages=Simple query:1,Command completion:1,"
			       "Row description:1,Data row:2,Ready for query:1 "));
}

TEST(several_statements_of_one_query_are_counted)
{
	PLAY(C(SELECT_1), S(DONE_BEGIN COLUMNS ROW DONE_SELECT DONE_INSERT READY));

	expect_row(0, "postgresql.statements=3 postgresql.rows=6 postgresql.command=SELECT");
}

TEST(an_empty_query_is_a_statement)
{
	PLAY(C(EMPTY), S(DONE_EMPTY READY));

	expect_row(0, "postgresql.statements=1 postgresql.statement= !postgresql.rows "
		      "!postgresql.command");
}

TEST(errors_and_notices_are_counted)
{
	PLAY(C(SELECT_1), S(NOTICE NOTICE ERROR READY_FAILED));

	expect_rows(1);
	expect_row(0, "postgresql.error.code=42P01 postgresql.error.severity=ERROR "
		      "postgresql.errors=1 postgresql.notices=2 postgresql.transaction=failed "
		      "postgresql.state=complete");
}

TEST(a_session_that_is_ended_in_a_query_tells_the_fatal_error)
{
	PLAY(C(SELECT_1), S(ERROR FATAL));

	expect_rows(1);
	expect_row(0, "postgresql.error.code=57P01 postgresql.errors=2");
}

TEST(a_function_call_is_a_record)
{
	PLAY(C(CALL), S(CALLED READY));

	expect_row(0, "postgresql.operation=function postgresql.parameters=1 "
		      "postgresql.state=complete");
}

TEST(the_end_of_a_session_is_a_record)
{
	PLAY(C(TERMINATE), C_FIN);

	expect_rows(1);
	expect_row(0, "postgresql.operation=terminate postgresql.state=complete");
}

/* ---- Extended queries ------------------------------------------------------------------------ */

TEST(an_extended_query_is_one_record_up_to_its_sync)
{
	PLAY(C(PARSE BIND DESCRIBE EXECUTE SYNC), S(PARSED BOUND COLUMNS ROW DONE_SELECT READY));

	expect_rows(1);
	expect_row(0, "postgresql.operation=extended postgresql.command=SELECT postgresql.rows=1 "
		      "postgresql.parameters=1 postgresql.statements=1 postgresql.state=complete "
		      "postgresql.latency=1000000");
	assert_non_null(strstr(played->text, "postgresql.statement=SELECT $1 "));
}

TEST(a_statement_is_remembered_by_its_name)
{
	PLAY(C(PARSE_S1 SYNC), S(PARSED READY), C(BIND_S1 EXECUTE SYNC),
	     S(BOUND ROW DONE_SELECT READY), C(CLOSE_S1 SYNC), S(CLOSED READY),
	     C(BIND_S1 EXECUTE SYNC), S(ERROR READY));

	expect_rows(4);
	expect_row(1, "postgresql.command=SELECT postgresql.rows=1");
	expect_row(2, "!postgresql.statement");
	expect_row(3, "!postgresql.statement postgresql.error.code=42P01");
}

TEST(pipelined_cycles_are_answered_in_order)
{
	PLAY(C(PARSE BIND EXECUTE SYNC PARSE BIND), C(EXECUTE SYNC BIND EXECUTE SYNC),
	     S(PARSED BOUND ROW DONE_SELECT READY PARSED BOUND),
	     S(ERROR READY_FAILED BOUND DONE_SELECT READY));

	expect_rows(3);
	expect_row(0, "postgresql.rows=1 postgresql.state=complete postgresql.sequence=1");
	expect_row(1, "postgresql.error.code=42P01 postgresql.state=complete");
	expect_row(2, "postgresql.rows=1 postgresql.state=complete postgresql.command=SELECT");
}

TEST(a_flush_ends_nothing)
{
	PLAY(C(PARSE DESCRIBE FLUSH), S(PARSED COLUMNS), C(BIND EXECUTE SYNC),
	     S(BOUND ROW DONE_SELECT READY));

	expect_rows(1);
	expect_row(0, "postgresql.state=complete postgresql.rows=1 postgresql.latency=1000000 "
		      "postgresql.duration=3000000");
}

/* ---- Copies ---------------------------------------------------------------------------------- */

TEST(a_copy_in_is_one_record)
{
	PLAY(C(SELECT_1), S(COPY_IN), C(COPIED COPIED COPY_DONE), S(DONE_COPY READY));

	expect_rows(1);
	expect_row(0, "postgresql.operation=copy-in postgresql.copied_rows=2 "
		      "postgresql.copied_bytes=4 postgresql.rows=2 postgresql.state=complete");
}

TEST(a_copy_out_is_one_record)
{
	PLAY(C(SELECT_1), S(COPY_OUT COPIED COPIED COPY_DONE DONE_COPY READY));

	expect_rows(1);
	expect_row(0, "postgresql.operation=copy-out postgresql.copied_rows=2 postgresql.rows=2");
}

TEST(a_failed_copy_is_an_error)
{
	PLAY(C(SELECT_1), S(COPY_IN), C(COPIED COPY_FAIL), S(ERROR READY));

	expect_rows(1);
	expect_row(0, "postgresql.operation=copy-in postgresql.errors=1 postgresql.state=complete");
}

TEST(the_sync_ahead_of_an_extended_copy_in_ends_nothing)
{
	PLAY(C(PARSE BIND EXECUTE SYNC), S(PARSED BOUND COPY_IN), C(COPIED COPIED COPY_DONE SYNC),
	     S(DONE_COPY READY), C(SELECT_1), S(DONE_SELECT READY));

	expect_rows(2);
	expect_row(0, "postgresql.operation=copy-in postgresql.copied_rows=2 "
		      "postgresql.state=complete");
	expect_row(1, "postgresql.operation=query postgresql.state=complete");
}

TEST(replication_is_a_copy_both_ways)
{
	PLAY(C(SELECT_1), S(COPY_BOTH COPIED), C(COPIED), S(COPIED));

	expect_rows(1);
	expect_row(0, "postgresql.operation=copy-both postgresql.copied_rows=3 "
		      "postgresql.state=cut");
}

/* ---- What nobody asked for ------------------------------------------------------------------- */

TEST(what_the_server_says_unasked_is_a_record_of_its_own)
{
	PLAY(C(STARTUP), S(OPENED), S(NOTIFY STATUS), S(FATAL), S_FIN);

	expect_rows(4);
	expect_row(1, "postgresql.operation=other postgresql.state=complete postgresql.user=bob "
		      "postgresql.messages=Notification:1");
	expect_row(3, "postgresql.error.code=57P01 postgresql.state=complete");
}

/* ---- Ends ------------------------------------------------------------------------------------ */

TEST(a_query_without_answer_says_so)
{
	PLAY(C(SELECT_1), C_FIN);
	expect_rows(1);
	expect_row(0, "postgresql.state=no-response !postgresql.latency");

	PLAY(C(SELECT_1), S(COLUMNS));
	expect_row(0, "postgresql.state=cut");
}

TEST(what_is_no_message_ends_the_stream)
{
	PLAY(C(SELECT_1 "\x01"), S(DONE_SELECT));
	assert_int_equal(played->over, FAKE_REJECTED);
	expect_rows(1);
	expect_row(0, "postgresql.state=cut");

	PLAY(C(SELECT_1), S("Z\0\0\0\6I"));
	assert_int_equal(played->over, FAKE_REJECTED);
}

TEST(a_message_has_a_limit)
{
	PLAY(C(SELECT_1), S("D\x3f\xff\xff\xff"));
	assert_int_equal(played->over, FAKE_FEEDING);
	PLAY(C(SELECT_1), S("D\x40\0\0\0"));
	assert_int_equal(played->over, FAKE_REJECTED);
	PLAY(C(SELECT_1), S("D\0\0\0\5"));
	assert_int_equal(played->over, FAKE_REJECTED);
}

/* ---- Long messages --------------------------------------------------------------------------- */

TEST(a_hole_in_values_keeps_the_place)
{
	PLAY(C(SELECT_1), S(COLUMNS "D\0\0\1\0\0\1\0\0\0\xf6xxx"), S_HOLE(243),
	     S(DONE_SELECT READY), C(BEGIN), S(DONE_BEGIN READY));

	expect_rows(2);
	expect_row(0, "postgresql.rows=1 postgresql.state=cut");
	expect_row(1, "postgresql.state=complete");
}

TEST(long_statements_are_cut)
{
#define X16  "xxxxxxxxxxxxxxx "
#define X256 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16
#define X1K  X256 X256 X256 X256
	PLAY(C("Q\0\0\x0c\x05" X1K X1K X1K "\0"), S(DONE_SELECT READY));
	expect_rows(1);
	assert_null(strstr(played->text, "(cut)"));

	PLAY(C("Q\0\0\x0c\x06" X1K X1K X1K "x\0"), S(DONE_SELECT READY));
	expect_rows(1);
	assert_non_null(strstr(played->text, "(cut)"));

	PLAY(C("Q\0\0\x14\x05" X1K X1K X1K), C(X1K X1K "\0"), S(DONE_SELECT READY));
	expect_row(0, "postgresql.state=complete postgresql.request.bytes=5126");
	assert_non_null(strstr(played->text, "xxx (cut)"));
}

TEST(a_remembered_statement_is_cut_sooner)
{
	PLAY(C("P\0\0\x04\x09"
	       "a\0" X1K "\0\0\0" SYNC),
	     S(PARSED READY),
	     C("B\0\0\0\x0d\0"
	       "a\0\0\0\0\0\0\0" SYNC),
	     S(BOUND READY));
	expect_rows(2);
	assert_null(strstr(played->text, "(cut)"));

	PLAY(C("P\0\0\x04\x0a"
	       "a\0" X1K "x\0\0\0" SYNC),
	     S(PARSED READY),
	     C("B\0\0\0\x0d\0"
	       "a\0\0\0\0\0\0\0" SYNC),
	     S(BOUND READY));
	expect_rows(2);
	assert_non_null(strstr(played->text, "xxx (cut)"));
}

TEST_MAIN
