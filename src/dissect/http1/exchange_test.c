/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conversations: which messages become one record, when, and in which state; over holes, joins in
 * the middle, tunnels and broken framing. Each runs whole and byte by byte (play.h).
 */
#define PLAY_DISSECTOR http1_dissector
#include "play.h"

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK(length) "HTTP/1.1 200 OK\r\nContent-Length: " #length "\r\n\r\n"

/* ---- Whole conversations --------------------------------------------------------------------- */

TEST(one_exchange_is_one_record)
{
	PLAY(C(GET("/a")), S(OK(5)), S("hello"));

	expect_rows(1);
	expect_row(0, "http.method=GET http.path=/a http.host=h http.version=1.1 http.status=200 "
		      "http.request.body_bytes=0 http.response.body_bytes=5 "
		      "http.request.framing=none http.response.framing=length "
		      "http.state=complete http.sequence=1 http.latency=1000000 "
		      "http.duration=2000000 http.request.head_bytes=28 "
		      "http.response.head_bytes=38 !http.anomalies !http.interim !http.upgrade");
}

TEST(a_connection_is_used_again)
{
	PLAY(C(GET("/a")), S(OK(1) "x"), C(GET("/b")), S(OK(0)), C(GET("/c")), S(OK(1) "x"));

	expect_rows(3);
	expect_row(1, "http.path=/b http.status=200 http.sequence=2 http.response.body_bytes=0");
	expect_row(2, "http.path=/c http.state=complete http.sequence=3");
}

TEST(pipelined_requests_are_answered_in_order)
{
	PLAY(C(GET("/a") GET("/b") GET("/c")),
	     S(OK(1) "x"
		     "HTTP/1.1 404 x\r\nContent-Length: 2\r\n\r\nxx"),
	     S("HTTP/1.1 204 x\r\n\r\n"));

	expect_rows(3);
	expect_row(0, "http.path=/a http.status=200 http.response.body_bytes=1");
	expect_row(1, "http.path=/b http.status=404 http.response.body_bytes=2");
	expect_row(2, "http.path=/c http.status=204 http.latency=2000000");
}

TEST(chunks_and_trailers_are_counted)
{
	PLAY(C("POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
	     C("2;x\r\nde\r\n0\r\nA: b\r\n\r\n" GET("/b")),
	     S("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\nC: d\r\n\r\n" OK(
		     0)));

	expect_rows(2);
	expect_row(0, "http.request.body_bytes=5 http.request.trailers=1 "
		      "http.request.framing=chunked http.response.body_bytes=0 "
		      "http.response.trailers=2 http.anomalies=chunk-extension "
		      "http.state=complete");
	expect_row(1, "http.path=/b http.state=complete !http.request.trailers");
}

TEST(interim_responses_precede_the_final_one)
{
	PLAY(C("PUT /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"),
	     S("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n"), C("abc"), S(OK(0)));

	expect_rows(1);
	expect_row(0, "http.interim=100,103 http.status=200 http.request.body_bytes=3 "
		      "http.latency=1000000 http.duration=3000000 http.state=complete");
}

TEST(interim_statuses_are_kept_up_to_their_limit)
{
#define I4                                                                                         \
	"HTTP/1.1 102 x\r\n\r\nHTTP/1.1 102 x\r\n\r\nHTTP/1.1 102 x\r\n\r\nHTTP/1.1 102 x\r\n\r\n"
	PLAY(C(GET("/")), S(I4 I4 I4 I4 OK(0)));
	expect_row(0, "http.interim=102,102,102,102,102,102,102,102,102,102,102,102,102,102,102,"
		      "102");
	PLAY(C(GET("/")), S(I4 I4 I4 I4 "HTTP/1.1 103 x\r\n\r\n" OK(0)));
	expect_row(0, "http.interim=102,102,102,102,102,102,102,102,102,102,102,102,102,102,102,"
		      "102(cut) http.status=200");
}

TEST(an_interim_response_without_a_final_one_is_kept)
{
	PLAY(C(GET("/")), S("HTTP/1.1 100 x\r\n\r\n"));

	expect_rows(1);
	expect_row(0, "http.interim=100 http.state=no-response !http.status");
}

TEST(responses_without_body_by_rule_have_none)
{
	PLAY(C("HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n"), S(OK(99)), C(GET("/b")),
	     S("HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n"), C(GET("/c")),
	     S("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n"), C(GET("/d")), S(OK(0)));

	expect_rows(4);
	expect_row(0, "http.method=HEAD http.response.framing=none http.response.body_bytes=0");
	expect_row(1, "http.status=304 http.response.framing=none");
	expect_row(2, "http.status=204 http.response.framing=none");
	expect_row(3, "http.path=/d http.status=200 http.state=complete");
}

TEST(an_answer_that_precedes_the_end_of_its_request_waits_for_it)
{
	PLAY(C("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc"),
	     S("HTTP/1.1 413 x\r\nContent-Length: 0\r\n\r\n"), C("def" GET("/b")), S(OK(0)));

	expect_rows(2);
	expect_row(0, "http.status=413 http.request.body_bytes=6 http.state=complete "
		      "!http.latency http.duration=1000000");
	expect_row(1, "http.path=/b http.status=200");
}

/* ---- Ends ------------------------------------------------------------------------------------ */

TEST(a_body_until_close_ends_with_the_fin)
{
	PLAY(C("GET / HTTP/1.0\r\n\r\n"), S("HTTP/1.0 200 OK\r\n\r\nhel"), S("lo"), S_FIN);

	expect_rows(1);
	expect_row(0, "http.version=1.0 http.response.framing=close http.response.body_bytes=5 "
		      "http.state=complete http.duration=3000000");
}

TEST(what_comes_behind_the_fin_that_ended_a_body_is_nobodys)
{
	PLAY(C("GET / HTTP/1.0\r\n\r\n"), S("HTTP/1.0 200 OK\r\n\r\nhel"), S_FIN, S("lo"));

	expect_rows(1);
	expect_row(0, "http.response.body_bytes=3 http.state=complete");
}

TEST(a_body_until_close_without_a_fin_is_cut)
{
	PLAY(C("GET / HTTP/1.0\r\n\r\n"), S("HTTP/1.0 200 OK\r\n\r\nhel"));

	expect_rows(1);
	expect_row(0, "http.response.body_bytes=3 http.state=cut !http.duration");
}

TEST(what_ends_too_early_is_cut)
{
	PLAY(C("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc"), S(OK(0)), C_FIN);
	expect_row(0, "http.request.body_bytes=3 http.status=200 http.state=cut");

	PLAY(C(GET("/")), S(OK(5) "he"), S_FIN);
	expect_row(0, "http.response.body_bytes=2 http.state=cut");
}

TEST(a_request_without_response_says_so)
{
	PLAY(C(GET("/a") GET("/b")), C_FIN, S_FIN);
	expect_rows(2);
	expect_row(0, "http.path=/a http.state=no-response !http.status !http.latency");
	expect_row(1, "http.path=/b http.state=no-response");

	PLAY(C("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc"));
	expect_row(0, "http.method=POST http.request.body_bytes=3 http.state=no-response");
}

TEST(a_head_that_never_ended_is_no_record)
{
	PLAY(C("GET / HTTP/1.1\r\nHost: h\r\n"));

	expect_rows(0);
}

TEST(junk_between_messages_ends_the_stream)
{
	PLAY(C(GET("/a") "\x01\x02\x03"), S(OK(0)));
	assert_int_equal(played->over, FAKE_REJECTED);
	expect_rows(1);
	expect_row(0, "http.path=/a http.state=cut");

	PLAY(C(GET("/a")), S("HTTP/1.1 2x0\r\n\r\n"));
	assert_int_equal(played->over, FAKE_REJECTED);
}

TEST(broken_chunks_end_the_stream)
{
	PLAY(C(GET("/a")), S("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n"));

	assert_int_equal(played->over, FAKE_REJECTED);
	expect_rows(1);
	expect_row(0, "http.status=200 http.response.body_bytes=3 http.state=cut");
}

TEST(junk_is_told_before_a_head_could_end)
{
	PLAY(C("\r\n" GET("/a") "\r"), S(OK(0) "HTT"));
	assert_int_equal(played->over, FAKE_FEEDING);
	PLAY(C(GET("/a") "A(B"));
	assert_int_equal(played->over, FAKE_REJECTED);
	PLAY(C("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF"));
	assert_int_equal(played->over, FAKE_FEEDING);
	PLAY(C("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG"));
	assert_int_equal(played->over, FAKE_REJECTED);
	PLAY(S(OK(0) "HTTQ"));
	assert_int_equal(played->over, FAKE_REJECTED);
}

TEST(the_preface_of_http2_is_not_a_request)
{
	PLAY(C("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));

	assert_int_equal(played->over, FAKE_REJECTED);
	expect_rows(0);
}

/* ---- Other protocols behind this one --------------------------------------------------------- */

TEST(an_accepted_upgrade_switches_the_stream)
{
	PLAY(C("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
	     S("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n\r\n\x81\x01x"));

	assert_int_equal(played->over, FAKE_SWITCHED);
	expect_rows(1);
	expect_row(0, "http.status=101 http.upgrade=WebSocket http.response.framing=tunnel "
		      "http.state=complete");
}

TEST(a_websocket_is_handed_over_with_its_extensions)
{
	PLAY(C("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
	     S("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: WebSocket, x\r\n"
	       "sec-websocket-extensions: permessage-deflate; a\r\n"
	       "Sec-WebSocket-Extensions: b\r\n\r\n"));

	assert_non_null(strstr(played->text, "\n-> WebSocket permessage-deflate; a,b,\n"));
}

TEST(the_detail_of_a_hand_over_is_cut)
{
	char head[1024];
	struct event events[] = {
		C("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
		{ SEND, FROM_SERVER, { head, 0 }, 0 },
		{ END, 0, { 0 }, 0 },
	};
	const char *detail;

	events[1].bytes.n = (size_t)snprintf(head, sizeof(head),
					     "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n"
					     "Sec-WebSocket-Extensions: %0*d\r\n\r\n",
					     DISSECT_DETAIL_MAX + 1, 0);
	play_twice(events, true, DISSECT_OPEN_MAX);

	detail = strstr(played->text, "-> websocket ");
	assert_non_null(detail);
	assert_int_equal(strcspn(detail + 13, "\n"), DISSECT_DETAIL_MAX);
}

TEST(http2_is_handed_over_without_detail)
{
	PLAY(C("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
	     S("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
	       "Sec-WebSocket-Extensions: no\r\n\r\n"));

	assert_non_null(strstr(played->text, "\n-> h2c \n"));
}

TEST(a_granted_connect_names_no_protocol)
{
	PLAY(C("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
	     S("HTTP/1.1 200 Established\r\nUpgrade: websocket\r\n\r\n"));

	assert_null(strstr(played->text, "-> "));
}

TEST(whole_messages_are_counted)
{
	PLAY(C("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab"),
	     S("HTTP/1.1 100 Continue\r\n\r\n"));
	assert_int_equal(played->ds.messages, 1);
	PLAY(C("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"),
	     S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
	     C("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), S("HTTP/1.1 200 OK\r\n\r\nabc"), S_FIN);
	assert_int_equal(played->ds.messages, 4);
}

TEST(a_granted_connect_switches_the_stream)
{
	PLAY(C("CONNECT Example.com:443 HTTP/1.1\r\nHost: Example.com:443\r\n\r\n"),
	     S("HTTP/1.1 200 Established\r\nContent-Length: 5\r\n\r\n"));

	assert_int_equal(played->over, FAKE_SWITCHED);
	expect_row(0, "http.method=CONNECT http.host=Example.com:443 !http.path "
		      "http.response.framing=tunnel http.state=complete !http.upgrade");
}

TEST(bytes_that_hurry_after_a_connect_wait_for_the_answer)
{
	PLAY(C("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03\x01"),
	     S("HTTP/1.1 200 x\r\n\r\n"));

	assert_int_equal(played->over, FAKE_SWITCHED);
	assert_int_equal(played->len[FROM_CLIENT], 3);
}

TEST(a_refused_connect_or_upgrade_goes_on)
{
	PLAY(C("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
	     S("HTTP/1.1 407 x\r\nContent-Length: 2\r\n\r\nno"),
	     C("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
	     S(OK(0)), C(GET("/b")), S(OK(0)));

	assert_int_equal(played->over, FAKE_FEEDING);
	expect_rows(3);
	expect_row(0, "http.status=407 http.response.body_bytes=2 http.response.framing=length");
	expect_row(1, "http.status=200 !http.upgrade");
	expect_row(2, "http.path=/b http.state=complete");
}

/* ---- Ambiguous messages ---------------------------------------------------------------------- */

TEST(length_and_coding_together_are_chunked_and_marked)
{
	PLAY(C("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n"
	       "\r\n1\r\nx\r\n0\r\n\r\n" GET("/b")),
	     S(OK(0) OK(0)));

	expect_rows(2);
	expect_row(0, "http.request.framing=chunked http.anomalies=cl-te http.state=complete");
	expect_row(1, "http.path=/b http.state=complete");
}

TEST(marks_of_both_messages_are_gathered)
{
	PLAY(C("POST / HTTP/1.1\nContent-Length: 1, 1\r\n\r\nx"),
	     S("HTTP/1.1  200 x\r\nTransfer-Encoding : chunked\r\n\r\n1 \r\nx\n0\r\n\r\n"));

	expect_row(0, "http.anomalies=cl-repeated,bare-lf,name-space,host-missing,line-spaces,"
		      "chunk-invalid,chunk-bare-lf http.state=complete");
}

TEST(the_first_of_lengths_that_differ_holds)
{
	PLAY(C("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"),
	     C(GET("/b")), S(OK(0) OK(0)));

	expect_rows(2);
	expect_row(0, "http.request.body_bytes=1 http.anomalies=cl-differs");
}

/* ---- Holes ----------------------------------------------------------------------------------- */

TEST(a_hole_in_content_keeps_the_place)
{
	PLAY(C(GET("/a")), S(OK(10) "abc"), S_HOLE(4), S("hij"), C(GET("/b")), S(OK(0)));

	expect_rows(2);
	expect_row(0, "http.response.body_bytes=10 http.state=cut");
	expect_row(1, "http.path=/b http.state=complete");
}

TEST(a_hole_up_to_the_end_of_content_ends_the_message)
{
	PLAY(C(GET("/a")), S(OK(10) "abc"), S_HOLE(7), C(GET("/b")), S(OK(0)));

	expect_rows(2);
	expect_row(1, "http.path=/b http.state=complete");
}

TEST(behind_a_hole_in_a_response_the_next_one_answers_the_youngest_request)
{
	PLAY(C(GET("/a")), S("HTTP/1.1 200 OK\r\nConte"), C(GET("/b")), S_HOLE(30),
	     S("junk HTTP/1.x\r\n\r\nHTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n"), C(GET("/c")),
	     S(OK(0)));

	expect_rows(3);
	expect_row(0, "http.path=/a http.state=cut !http.status");
	expect_row(1, "http.path=/b http.status=404 http.state=complete");
	expect_row(2, "http.path=/c http.status=200 http.state=complete");
}

TEST(behind_a_hole_in_pipelined_responses_nothing_is_paired_wrongly)
{
	PLAY(C(GET("/a") GET("/b") GET("/c")), S(OK(0)), S_HOLE(30), S(OK(0)), C(GET("/d")),
	     S(OK(0)));

	expect_rows(5);
	expect_row(0, "http.path=/a http.state=complete");
	expect_row(1, "http.path=/b http.state=cut !http.status");
	expect_row(2, "http.path=/c http.state=cut !http.status");
	expect_row(3, "http.status=200 !http.method");
	expect_row(4, "http.path=/d http.status=200 http.state=complete");
}

TEST(a_hole_in_chunk_framing_tears_the_exchange_and_finds_the_next)
{
	PLAY(C(GET("/a")), S("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
	     S_HOLE(100), S("}HTTP/1.1 200 x\r\nContent-Length: 1\r\n\r\nx"), C(GET("/b")),
	     S(OK(0)));

	expect_row(0, "http.path=/a http.response.body_bytes=3 http.state=cut");
	expect_row(1, "http.status=200 http.response.body_bytes=1 !http.method");
	expect_row(2, "http.path=/b http.state=complete");
	expect_rows(3);
}

TEST(behind_a_hole_in_requests_the_next_line_that_is_one_is_found)
{
	PLAY(C("GET /a HTTP/1.1\r\nHo"), C_HOLE(50), C("st: x\r\nA: b\r\n\r\n" GET("/b")),
	     S(OK(0)));

	expect_rows(1);
	expect_row(0, "http.path=/b http.status=200 http.state=complete !http.anomalies");
}

TEST(a_usual_request_is_found_behind_a_body_without_line_end)
{
	PLAY(C("POST /a HTTP/1.1\r\nHost: h\r\nContent-"), C_HOLE(20),
	     C("xx\":\"GET /x\"}PPOST /b HTTP/1.1\r\nHost: h\r\n\r\n"), S(OK(0)));

	expect_rows(1);
	expect_row(0, "http.method=POST http.path=/b http.status=200 http.state=complete");
}

TEST(a_response_whose_request_is_in_a_hole_is_not_given_to_the_next_request)
{
	PLAY(C(GET("/a")), S(OK(0)), S(OK(1) "x"), C_HOLE(29), C(GET("/c")),
	     S("HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n"));

	expect_rows(3);
	expect_row(1, "http.state=no-request http.status=200 !http.method");
	expect_row(2, "http.path=/c http.status=404 http.state=complete");
}

TEST(a_request_torn_by_a_hole_is_still_answered)
{
	PLAY(C("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello"),
	     C_HOLE(7), S(OK(0)), C(GET("/b")), S(OK(0)));

	expect_rows(2);
	expect_row(0, "http.path=/a http.status=200 http.state=cut http.request.body_bytes=5 "
		      "!http.latency");
	expect_row(1, "http.path=/b http.state=complete");
}

/* ---- Joins in the middle, one direction, wrong order ----------------------------------------- */

TEST(a_response_before_any_request_stands_alone)
{
	PLAY_MIDSTREAM(S(OK(1) "x"), C(GET("/b")), S(OK(0)));

	expect_rows(2);
	expect_row(0, "http.state=no-request http.status=200 http.version=1.1 "
		      "http.response.body_bytes=1 !http.method !http.latency !http.duration");
	expect_row(1, "http.path=/b http.state=complete http.sequence=2");
}

TEST(the_middle_of_a_body_is_passed_over)
{
	PLAY_MIDSTREAM(C(GET("/b")), S("rest of a body\r\nHTTP/1.1 200"), S(" OK\r\n\r\n"), S_FIN);

	expect_rows(1);
	expect_row(0, "http.path=/b http.status=200 http.state=complete");
}

TEST(a_response_seen_before_its_request_is_paired_with_it)
{
	PLAY(S(OK(1) "x"), C(GET("/a")), C(GET("/b")), S(OK(0)));

	expect_rows(2);
	expect_row(0, "http.path=/a http.response.body_bytes=1 http.state=complete !http.latency");
	expect_row(1, "http.path=/b http.response.body_bytes=0 http.state=complete");
}

TEST(responses_of_a_stream_seen_one_way_leave_one_by_one)
{
	PLAY(S(OK(0)), S(OK(1) "x"), S(OK(2) "xx"), S(OK(0)));

	expect_rows(4);
	assert_true(played->open_most <= 2);
	expect_row(2, "http.state=no-request http.response.body_bytes=2 http.sequence=3");
}

TEST(requests_of_a_stream_seen_one_way_leave_when_there_is_no_room)
{
	PLAY_(true, 2, C(GET("/1")), C(GET("/2")), C(GET("/3")), C(GET("/4")));

	expect_rows(4);
	assert_int_equal(played->over, FAKE_FEEDING);
	expect_row(0, "http.path=/1 http.state=no-response http.sequence=1");
	expect_row(3, "http.path=/4 http.state=no-response http.sequence=4");
}

TEST(requests_without_memory_keep_their_place)
{
	PLAY_(true, 1, C(GET("/1")), S("HTTP/1.1 100 x\r\n\r\n"),
	      C("HEAD /2 HTTP/1.1\r\nHost: h\r\n\r\n" GET("/3")), S(OK(0) OK(9)), S(OK(0)),
	      C(GET("/4")), S(OK(0)));

	expect_rows(2);
	expect_row(0, "http.path=/1 http.status=200 http.interim=100");
	expect_row(1, "http.path=/4 http.status=200 http.sequence=4");
}

TEST(too_many_requests_without_memory_end_the_stream)
{
#define R4  GET("/") GET("/") GET("/") GET("/")
#define R32 R4 R4 R4 R4 R4 R4 R4 R4
	PLAY_(true, 1, C(GET("/")), S("HTTP/1.1 100 x\r\n\r\n"), C(R32));
	assert_int_equal(played->over, FAKE_FEEDING);
	PLAY_(true, 1, C(GET("/")), S("HTTP/1.1 100 x\r\n\r\n"), C(R32 GET("/")));
	assert_int_equal(played->over, FAKE_REJECTED);
	expect_rows(1);
}

/* ---- Recognition ----------------------------------------------------------------------------- */

TEST(the_probe_tells_who_spoke)
{
	assert_int_equal(http1_dissector.probe(STR("GET / HTTP/1.1\r\n")), PROBE_FROM_CLIENT);
	assert_int_equal(http1_dissector.probe(STR("HTTP/1.1 200 OK\r\n")), PROBE_FROM_SERVER);
	assert_int_equal(http1_dissector.probe(STR("HTTP/")), PROBE_MORE);
	assert_int_equal(http1_dissector.probe(STR("GET /")), PROBE_MORE);
	assert_int_equal(http1_dissector.probe(STR("\x16\x03\x01\x00")), PROBE_NO);
	assert_int_equal(http1_dissector.probe(STR("PRI * HTTP/2.0\r\n\r\n")), PROBE_NO);
}

TEST_MAIN
