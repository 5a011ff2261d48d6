/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recognition of streams, and finding the place in one: joins in the middle, holes, one direction,
 * the wrong order, and no memory.
 */
#define PLAY_DISSECTOR postgresql_dissector
#include "play.h"

#include "dissect/postgresql/bytes_test.h"

static void expect_probe(struct str in, enum dissect_probe want)
{
	assert_int_equal(postgresql_dissector.probe(in), want);
}

/* ---- Recognition ----------------------------------------------------------------------------- */

TEST(the_beginnings_of_sessions_are_recognised)
{
	expect_probe(STR(SSL), PROBE_FROM_CLIENT);
	expect_probe(STR(GSS), PROBE_FROM_CLIENT);
	expect_probe(STR(CANCEL), PROBE_FROM_CLIENT);
	expect_probe(STR(STARTUP), PROBE_FROM_CLIENT);
	expect_probe(STR(STARTUP_32), PROBE_FROM_CLIENT);
}

TEST(each_beginning_is_undecided_up_to_its_end)
{
	static const struct str whole = { STARTUP, sizeof(STARTUP) - 1 };

	for (size_t n = 1; n < whole.n; n++)
		expect_probe(str_head(whole, n), PROBE_MORE);
	expect_probe(str_head(STR(SSL), 7), PROBE_MORE);
	expect_probe(str_head(STR(SELECT_1), 9), PROBE_MORE);
}

TEST(what_only_begins_like_a_session_is_not)
{
	expect_probe(STR("\0\0\0\x2d\0\3\0\0\0\0\0\1\0\7console"), PROBE_NO); /* Kafka */
	expect_probe(STR(STARTUP_NOBODY), PROBE_NO);
	expect_probe(STR("\0\0\0\x08\0\3\0\0"), PROBE_NO);
	expect_probe(STR("\0\0\0\x09\x04\xd2\x16\x2fx"), PROBE_NO);
	expect_probe(STR("\0\0\0\x12\0\2\0\0user\0bob\0\0"), PROBE_NO);
	expect_probe(STR("\0\1\0\0\0\1\0\0"), PROBE_NO);
}

TEST(messages_of_a_client_are_recognised)
{
	expect_probe(STR(SELECT_1), PROBE_FROM_CLIENT);
	expect_probe(STR(PARSE BIND DESCRIBE EXECUTE SYNC), PROBE_FROM_CLIENT);
	expect_probe(STR(BIND_S1 EXECUTE SYNC), PROBE_FROM_CLIENT);
	expect_probe(STR(TERMINATE), PROBE_FROM_CLIENT);
}

TEST(messages_of_a_server_are_recognised)
{
	expect_probe(STR(AUTH_MD5), PROBE_FROM_SERVER);
	expect_probe(STR(AUTH_SASL), PROBE_FROM_SERVER);
	expect_probe(STR(AUTH_OK STATUS KEY READY), PROBE_FROM_SERVER);
	expect_probe(STR(COLUMNS ROW DONE_SELECT READY), PROBE_FROM_SERVER);
	expect_probe(STR(PARSED BOUND NO_DATA ERROR), PROBE_FROM_SERVER);
	expect_probe(STR(COPY_IN), PROBE_FROM_SERVER);
	expect_probe(STR(NOTIFY), PROBE_FROM_SERVER);
}

TEST(other_protocols_are_not_recognised)
{
	expect_probe(STR("GET / HTTP/1.1\r\n"), PROBE_NO);
	expect_probe(STR("HTTP/1.1 200 OK\r\n"), PROBE_NO);
	expect_probe(STR("\x16\x03\x01\x02\0\1"), PROBE_NO);
	expect_probe(STR("*1\r\n$4\r\nPING\r\n"), PROBE_NO);
	expect_probe(STR("Q\0\0\0\x0dhello wor\0"), PROBE_NO);
	expect_probe(STR("Z\0\0\0\5X"), PROBE_NO);
	expect_probe(STR("D\0\0\0\x0b\0\1\0\0\0\2"
			 "1"),
		     PROBE_NO);
	expect_probe(STR("R\0\0\0\x08\0\0\0\x0d"), PROBE_NO);
	expect_probe(STR("S\0\0\0\4xxxxx"), PROBE_NO);
	expect_probe(STR("T\0\0\x20\0"), PROBE_NO);
	expect_probe(STR("d\0\0\0\6x\n"), PROBE_NO);
}

TEST(what_is_checked_whole_has_a_limit)
{
	expect_probe(STR("D\0\0\x1f\xff\0\1"), PROBE_MORE);
	expect_probe(STR("D\0\0\x20\0\0\1"), PROBE_NO);
	expect_probe(STR("\0\0\x27\x10\0\3\0\0user"), PROBE_MORE);
	expect_probe(STR("\0\0\x27\x11\0\3\0\0user"), PROBE_NO);
}

/* ---- Joins in the middle --------------------------------------------------------------------- */

TEST(a_join_at_a_query_is_a_join)
{
	PLAY_MIDSTREAM(C(SELECT_1), S(COLUMNS ROW DONE_SELECT READY));

	expect_rows(1);
	expect_row(0, "postgresql.state=complete postgresql.rows=1 !postgresql.user");
}

TEST(the_rest_of_an_answer_is_passed_over_or_stands_alone)
{
	PLAY_MIDSTREAM(S("rest of a row" ROW DONE_SELECT READY), C(SELECT_1), S(DONE_SELECT READY));

	expect_rows(2);
	expect_row(0, "postgresql.state=no-request postgresql.rows=1 !postgresql.latency");
	expect_row(1, "postgresql.state=complete postgresql.sequence=2");
}

TEST(the_rest_of_a_request_is_passed_over)
{
	PLAY_MIDSTREAM(C("x\0\0Q\0\0\0\x0dhello wo\0" SELECT_1), S(DONE_SELECT READY));

	expect_rows(1);
	expect_row(0, "postgresql.state=complete postgresql.request.bytes=14");
}

TEST(answers_alone_are_records)
{
	PLAY(S(AUTH_OK STATUS READY), S(COLUMNS ROW DONE_SELECT READY),
	     S(PARSED DONE_SELECT READY));

	expect_rows(3);
	assert_true(played->open_most <= 1);
	expect_row(0, "postgresql.operation=startup postgresql.state=no-request");
	expect_row(1, "postgresql.operation=other postgresql.command=SELECT postgresql.rows=1");
	expect_row(2, "postgresql.operation=extended");
}

TEST(requests_alone_leave_when_there_is_no_room)
{
	PLAY_(true, 2, C(SELECT_1), C(SELECT_1), C(PARSE SYNC), C(SELECT_1));

	expect_rows(4);
	expect_row(0, "postgresql.state=no-response postgresql.sequence=1");
	expect_row(3, "postgresql.state=no-response postgresql.sequence=4");
}

TEST(requests_without_memory_keep_their_place)
{
	PLAY_(true, 1, C(STARTUP), S(AUTH_OK READY), C(SELECT_1 PARSE BIND SYNC SELECT_1),
	      S(DONE_SELECT READY), S(PARSED DONE_SELECT READY ROW DONE_SELECT READY), C(BEGIN),
	      S(DONE_BEGIN READY));

	expect_rows(3);
	expect_row(1, "postgresql.operation=query postgresql.state=complete");
	expect_row(2, "postgresql.command=BEGIN postgresql.state=complete postgresql.sequence=3");
}

TEST(an_answer_that_was_seen_before_its_request_is_paired_with_it)
{
	PLAY(C(STARTUP), S(AUTH_OK READY), S(DONE_SELECT READY), C(SELECT_1), C(BEGIN),
	     S(DONE_BEGIN READY));

	expect_rows(3);
	expect_row(1, "postgresql.operation=query postgresql.rows=1 postgresql.state=complete "
		      "!postgresql.latency");
	expect_row(2, "postgresql.command=BEGIN postgresql.state=complete");
}

TEST(an_answer_that_was_seen_before_the_sync_waits_for_it)
{
	PLAY(C(PARSE BIND), S(PARSED BOUND DONE_SELECT READY), C(EXECUTE SYNC), C(SELECT_1),
	     S(DONE_SELECT READY));

	expect_rows(2);
	expect_row(0, "postgresql.operation=extended postgresql.state=complete");
	expect_row(1, "postgresql.operation=query postgresql.state=complete");
}

/* ---- Holes ----------------------------------------------------------------------------------- */

TEST(behind_a_hole_in_answers_the_next_one_is_of_the_youngest_request)
{
	PLAY(C(SELECT_1), S(COLUMNS "D\0"), C(BEGIN), S_HOLE(40), S("x\0\0" DONE_BEGIN READY),
	     C(SELECT_1), S(DONE_SELECT READY));

	expect_rows(3);
	expect_row(0, "postgresql.state=cut postgresql.command=SELECT !postgresql.statements");
	expect_row(1, "postgresql.state=cut postgresql.command=BEGIN postgresql.statements=1");
	expect_row(2, "postgresql.state=complete postgresql.rows=1");
}

TEST(behind_a_hole_in_pipelined_answers_nothing_is_paired_wrongly)
{
	PLAY(C(PARSE SYNC PARSE SYNC PARSE SYNC), S(PARSED READY), S_HOLE(5), S(READY PARSED),
	     S(READY), C(SELECT_1), S(DONE_SELECT READY));

	expect_row(0, "postgresql.state=complete");
	expect_row(1, "postgresql.state=cut");
	expect_row(2, "postgresql.state=cut");
	expect_row(3, "postgresql.state=no-request");
	expect_row(5, "postgresql.operation=query postgresql.state=complete");
	expect_rows(6);
}

TEST(an_answer_whose_request_is_in_a_hole_stands_alone)
{
	PLAY(C(SELECT_1), S(DONE_SELECT READY), C_HOLE(14), S(DONE_BEGIN READY), C(SELECT_1),
	     S(DONE_SELECT READY));

	expect_rows(3);
	expect_row(1, "postgresql.state=no-request postgresql.command=BEGIN");
	expect_row(2, "postgresql.state=complete postgresql.command=SELECT");
}

TEST(a_request_torn_by_a_hole_is_still_answered)
{
	PLAY(C(PARSE "B\0"), C_HOLE(30), S(PARSED BOUND DONE_SELECT READY), C(SELECT_1),
	     S(DONE_SELECT READY));

	expect_rows(2);
	expect_row(0, "postgresql.operation=extended postgresql.state=cut postgresql.rows=1");
	expect_row(1, "postgresql.state=complete");
}

TEST(a_value_that_looks_like_a_message_is_not_the_place)
{
	PLAY(C(SELECT_1), S(COLUMNS), S_HOLE(20),
	     S("1\0\0\0\4true\0\0\0\1n\0\0\0\4true" ROW DONE_SELECT READY), C(BEGIN),
	     S(DONE_BEGIN READY));

	assert_int_equal(played->over, FAKE_FEEDING);
	expect_rows(2);
	expect_row(0, "postgresql.state=cut postgresql.rows=1 postgresql.transaction=idle");
	expect_row(1, "postgresql.state=complete");
}

TEST(a_wrong_place_is_left_again)
{
	PLAY(C(SELECT_1), S(COLUMNS), S_HOLE(20), S("Z\0\0\0\5ITEM" ROW DONE_SELECT READY),
	     C(BEGIN), S(DONE_BEGIN READY));

	assert_int_equal(played->over, FAKE_FEEDING);
	expect_rows(3);
	expect_row(1, "postgresql.state=no-request postgresql.rows=1");
	expect_row(2, "postgresql.command=BEGIN postgresql.state=complete");
}

TEST(a_place_is_held_to_be_right_behind_three_messages)
{
	PLAY(C(SELECT_1), S_HOLE(20), S(ROW ROW "\1" ROW));
	assert_int_equal(played->over, FAKE_FEEDING);
	PLAY(C(SELECT_1), S_HOLE(20), S(ROW ROW ROW "\1" ROW));
	assert_int_equal(played->over, FAKE_REJECTED);
}

/* What waited behind a hole comes later than what the other side said meanwhile, with the time of
 * its own frame. */
static void at(struct fake *f, int64_t ms, enum dissect_side side, struct str bytes)
{
	f->ds.at_ns = ms * NS_PER_MS;
	fake_send(f, side, bytes, SIZE_MAX);
}

static void end(struct fake *f)
{
	fake_close(f);
	if (played)
		fake_free(played);
	played = f;
}

TEST(answers_that_waited_behind_a_hole_find_their_requests)
{
	struct fake *f = fake_new(&postgresql_dissector, true);

	at(f, 1, FROM_CLIENT, STR(SELECT_1));
	at(f, 3, FROM_CLIENT, STR(BEGIN));
	at(f, 5, FROM_CLIENT, STR(WITH));
	fake_hole(f, FROM_SERVER, 20);
	at(f, 4, FROM_SERVER, STR(DONE_BEGIN READY));
	at(f, 6, FROM_SERVER, STR(DONE_INSERT READY));
	end(f);

	expect_rows(3);
	expect_row(0, "postgresql.command=SELECT postgresql.state=cut !postgresql.statements");
	expect_row(1, "postgresql.command=BEGIN postgresql.state=cut postgresql.latency=1000000");
	expect_row(2, "postgresql.command=INSERT postgresql.state=complete");
}

TEST(requests_that_waited_behind_a_hole_leave_without_their_answers)
{
	struct fake *f = fake_new(&postgresql_dissector, true);

	at(f, 1, FROM_CLIENT, STR(SELECT_1));
	at(f, 2, FROM_SERVER, STR(DONE_SELECT READY));
	at(f, 4, FROM_SERVER, STR(DONE_INSERT READY));
	at(f, 6, FROM_SERVER, STR(DONE_COPY READY));
	fake_hole(f, FROM_CLIENT, 20);
	at(f, 5, FROM_CLIENT, STR(WITH));
	at(f, 7, FROM_CLIENT, STR(BEGIN));
	at(f, 8, FROM_SERVER, STR(DONE_BEGIN READY));
	end(f);

	expect_rows(5);
	expect_row(1, "postgresql.command=INSERT postgresql.state=no-request");
	expect_row(2, "postgresql.command=COPY postgresql.state=no-request");
	expect_row(3, "postgresql.command=WITH postgresql.state=cut");
	expect_row(4, "postgresql.command=BEGIN postgresql.state=complete");
}

TEST_MAIN
