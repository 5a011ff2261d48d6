/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies that are read: calls of gRPC-Web, in binary and in base64, in any framing and over holes,
 * and GraphQL requests where a rule opens them.
 */
#define PLAY_DISSECTOR http1_dissector
#include "play.h"

/* ---- gRPC-Web -------------------------------------------------------------------------------- */

#define CALL(type, length, body)                                                                   \
	C("POST /pkg.Greeter/Hello HTTP/1.1\r\nHost: h\r\nContent-Type: " type                     \
	  "\r\nContent-Length: " length "\r\nGrpc-Timeout: 2S\r\n\r\n" body)
#define ANSWER(type, length, body)                                                                 \
	S("HTTP/1.1 200 OK\r\nContent-Type: " type "\r\nContent-Length: " length "\r\n\r\n" body)

#define HI       "\0\0\0\0\2hi"
#define TRAILERS "\x80\0\0\0\x0fgrpc-status:5\r\n"

TEST(a_call_of_grpc_web_is_a_row_of_grpc)
{
	PLAY(CALL("application/grpc-web+proto", "7", HI),
	     ANSWER("application/grpc-web+proto", "34", HI HI TRAILERS));

	expect_rows(1);
	expect_row(0, "grpc.service=pkg.Greeter grpc.method=Hello grpc.web=true grpc.status=5 "
		      "grpc.status_name=NOT_FOUND grpc.http_version=1.1 grpc.http_status=200 "
		      "grpc.host=h grpc.request.messages=1 grpc.request.message_bytes=2 "
		      "grpc.response.messages=2 grpc.response.message_bytes=4 "
		      "grpc.streaming=server grpc.timeout=2000000000 grpc.latency=1000000 "
		      "grpc.response.trailers=grpc-status:5 grpc.state=complete "
		      "grpc.content_type=application/grpc-web+proto");
	assert_int_equal(played->ds.messages, 2);
}

TEST(messages_are_read_over_chunks)
{
	PLAY(CALL("application/grpc-web", "7", HI),
	     S("HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web\r\n"
	       "Transfer-Encoding: chunked\r\n\r\n"
	       "3\r\n\0\0\0\r\n4\r\n\0\2hi\r\n"
	       "14\r\n" TRAILERS "\r\n0\r\n\r\n"));

	expect_row(0, "grpc.response.messages=1 grpc.status=5 grpc.state=complete");
}

TEST(messages_are_read_out_of_base64)
{
	PLAY(CALL("application/grpc-web-text", "12", "AAAAAAJoaQ=="),
	     ANSWER("application/grpc-web-text", "40", "AAAAAAJoaQ==gAAAAA9ncnBjLXN0YXR1czo1DQo="));

	expect_row(0, "grpc.request.messages=1 grpc.response.messages=1 grpc.status=5 "
		      "grpc.state=complete");
}

TEST(the_status_may_stand_in_the_headers)
{
	PLAY(CALL("application/grpc-web", "7", HI),
	     S("HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web\r\nGRPC-Status: 16\r\n"
	       "Content-Length: 0\r\n\r\n"));

	expect_row(0, "grpc.status=16 grpc.status_name=UNAUTHENTICATED grpc.response.messages=0");
}

TEST(an_answer_in_another_form_still_ends_a_call)
{
	PLAY(CALL("application/grpc-web", "7", HI), ANSWER("text/html", "5", "\0\0\0\0\0"));

	expect_row(0, "grpc.request.messages=1 grpc.response.messages=0 !grpc.status "
		      "grpc.http_status=200");
}

TEST(only_the_answer_may_say_that_it_is_grpc_web)
{
	PLAY(CALL("text/plain", "7", "\0\0\0\0\2hi"), ANSWER("application/grpc-web", "7", HI));

	expect_row(0, "grpc.request.messages=0 grpc.response.messages=1");
}

TEST(an_answer_that_comes_within_the_request_disturbs_nothing)
{
	PLAY(C("POST /a/b HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n0123456789"),
	     ANSWER("application/grpc-web", "7", HI), C("0123456789"));

	expect_row(0, "grpc.request.messages=0 grpc.response.messages=1 grpc.state=complete");
}

TEST(a_hole_within_a_message_loses_no_count)
{
	PLAY(CALL("application/grpc-web", "7", HI),
	     S("HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web\r\nContent-Length: 40\r\n\r\n"
	       "\0\0\0\0\x0f"
	       "ab"),
	     S_HOLE(10), S("xyz" TRAILERS), C("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));

	expect_row(0, "grpc.response.messages=1 grpc.status=5 grpc.state=cut");
}

TEST(a_hole_between_messages_ends_the_counting_but_not_the_body)
{
	PLAY(CALL("application/grpc-web", "7", HI),
	     S("HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web\r\nContent-Length: 34\r\n\r\n"
	       "" HI "\0"),
	     S_HOLE(6), S(TRAILERS), C("GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
	     S("HTTP/1.1 204 No\r\n\r\n"));

	expect_rows(2);
	expect_row(0, "grpc.response.messages=1 !grpc.status grpc.state=cut");
	expect_row(1, "http.status=204 http.state=complete");
}

TEST(a_hole_beyond_a_body_that_is_read_is_one_between_messages)
{
	PLAY(CALL("application/grpc-web", "7", HI),
	     S("HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web\r\nContent-Length: 8\r\n\r\n"
	       "" HI),
	     S_HOLE(3), C("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), S("HTTP/1.1 204 No\r\n\r\n"));

	expect_row(0, "grpc.response.messages=1 grpc.state=cut");
	expect_row(1, "http.status=204");
}

/* ---- GraphQL --------------------------------------------------------------------------------- */

#define QUERY "{\"operationName\":null,\"query\":\"mutation Buy($a: Int) { buy(a: $a) }\"}"
#define ASK                                                                                        \
	C("POST /graphql HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"                \
	  "Content-Length: 69\r\n\r\n" QUERY)

static_assert(sizeof(QUERY) - 1 == 69, "the length in the head");

TEST(an_operation_is_named_where_a_rule_opens_the_body)
{
	play_opens_body = true;
	PLAY(ASK, S("HTTP/1.1 204 No\r\n\r\n"));
	play_opens_body = false;

	expect_row(0, "http.graphql.operation=Buy http.graphql.type=mutation "
		      "http.request.body_bytes=69 http.state=complete");
}

TEST(without_a_rule_no_body_is_read)
{
	PLAY(ASK, S("HTTP/1.1 204 No\r\n\r\n"));

	expect_row(0, "!http.graphql.operation !http.graphql.type http.request.body_bytes=69");
}

TEST(the_query_of_a_get_obeys_the_rule_as_well)
{
	PLAY(C("GET /graphql?query=query+All%7Ba%7D HTTP/1.1\r\nHost: h\r\n\r\n"));
	expect_row(0, "!http.graphql.operation");
	play_opens_body = true;
	PLAY(C("GET /graphql?query=query+All%7Ba%7D HTTP/1.1\r\nHost: h\r\n\r\n"));
	play_opens_body = false;
	expect_row(0, "http.graphql.operation=All http.graphql.type=query");
}

TEST(a_hole_in_an_opened_body_is_as_one_in_any_body)
{
	play_opens_body = true;
	PLAY(C("POST /graphql HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
	       "Content-Length: 20\r\n\r\n{\"query\":"),
	     C_HOLE(11), C("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
	play_opens_body = false;

	expect_rows(2);
	expect_row(0, "http.request.body_bytes=20 !http.graphql.operation");
	expect_row(1, "http.method=GET");
}

TEST_MAIN
