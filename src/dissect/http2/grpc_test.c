/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC calls over HTTP/2, with and without knowing that they are.
 */
#include "talk_test.h"

#define DATA(side, id, bytes)     frame(side, FRAME_DATA, 0, id, STR(bytes))
#define DATA_END(side, id, bytes) frame(side, FRAME_DATA, FLAG_END_STREAM, id, STR(bytes))
#define MESSAGE                   "\0\0\0\0\3abc"

static void call(uint32_t id, const char *fields)
{
	headers(FROM_CLIENT, id, FLAG_END_HEADERS, fields);
	DATA_END(FROM_CLIENT, id, MESSAGE);
}

static void answer(uint32_t id, const char *fields)
{
	headers(FROM_SERVER, id, FLAG_END_HEADERS, fields);
	DATA(FROM_SERVER, id, MESSAGE);
	headers(FROM_SERVER, id, END_BOTH, "grpc-status: 0\ngrpc-message: \n");
}

TEST(a_unary_call)
{
	begin_hello();
	call(1, CALL("/shop.v1.Cart/Get") "grpc-timeout: 2S\ngrpc-encoding: gzip\n");
	answer(1, OK_CALL "grpc-encoding: identity\n");

	play_talk();

	expect_rows(2);
	expect_row(0, "grpc.service=shop.v1.Cart grpc.method=Get grpc.status=0 grpc.status_name=OK "
		      "grpc.streaming=unary grpc.request.messages=1 grpc.response.messages=1 "
		      "grpc.request.message_bytes=3 grpc.host=shop grpc.http_status=200 "
		      "grpc.http_version=2 grpc.web=false grpc.content_type=application/grpc "
		      "grpc.timeout=2000000000 grpc.request.encoding=gzip "
		      "grpc.response.encoding=identity grpc.latency=1000000 "
		      "grpc.duration=4000000 grpc.response.trailers=grpc-status:0,grpc-message: "
		      "grpc.state=complete grpc.stream=1");
}

TEST(an_error_in_a_header_block_alone)
{
	begin_hello();
	call(1, CALL("/shop.Nope/Missing"));
	headers(FROM_SERVER, 1, END_BOTH, OK_CALL "grpc-status: 12\n");

	play_talk();

	expect_row(0, "grpc.status=12 grpc.status_name=UNIMPLEMENTED grpc.response.messages=0 "
		      "grpc.state=complete");
}

TEST(messages_tell_the_kind_of_streaming)
{
	begin_hello();
	call(1, CALL("/s/Watch"));
	headers(FROM_SERVER, 1, FLAG_END_HEADERS, OK_CALL);
	DATA(FROM_SERVER, 1, MESSAGE "\1\0\0\0\2");
	DATA(FROM_SERVER, 1, "x");
	DATA(FROM_SERVER, 1, "y");
	headers(FROM_SERVER, 1, END_BOTH, "grpc-status: 0\n");
	headers(FROM_CLIENT, 3, FLAG_END_HEADERS, CALL("/s/Talk"));
	headers(FROM_SERVER, 3, FLAG_END_HEADERS, OK_CALL);
	DATA_END(FROM_CLIENT, 3, MESSAGE MESSAGE);
	DATA(FROM_SERVER, 3, MESSAGE MESSAGE MESSAGE);
	headers(FROM_SERVER, 3, END_BOTH, "grpc-status: 0\n");
	headers(FROM_CLIENT, 5, FLAG_END_HEADERS, CALL("/s/Upload"));
	DATA_END(FROM_CLIENT, 5, MESSAGE MESSAGE);
	answer(5, OK_CALL);

	play_talk();

	expect_row(0, "grpc.streaming=server grpc.response.messages=2 grpc.response.compressed=1 "
		      "grpc.response.message_bytes=5 grpc.latency=2000000");
	expect_row(1, "grpc.streaming=bidi grpc.request.messages=2 grpc.response.messages=3");
	expect_row(2, "grpc.streaming=client grpc.method=Upload");
}

TEST(a_cancelled_call_has_no_status)
{
	begin_hello();
	headers(FROM_CLIENT, 1, FLAG_END_HEADERS, CALL("/s/Watch"));
	frame(FROM_CLIENT, FRAME_RST_STREAM, 0, 1, STR("\0\0\0\x08"));

	play_talk();

	expect_row(0, "grpc.reset=CANCEL grpc.reset_by_server=false !grpc.status "
		      "grpc.state=no-response");
}

TEST(an_error_of_a_proxy_is_still_a_call)
{
	begin_hello();
	call(1, CALL("/s/Get"));
	headers(FROM_SERVER, 1, FLAG_END_HEADERS, ":status: 503\ncontent-type: text/html\n");
	DATA_END(FROM_SERVER, 1, "<html>sorry");

	play_talk();

	expect_row(0, "grpc.http_status=503 !grpc.status grpc.response.messages=0");
}

TEST(grpc_web_has_its_trailers_in_the_body)
{
	begin_hello();
	headers(FROM_CLIENT, 1, FLAG_END_HEADERS,
		POST("/s/Get") "content-type: application/grpc-web+proto\n");
	DATA_END(FROM_CLIENT, 1, MESSAGE);
	headers(FROM_SERVER, 1, FLAG_END_HEADERS, OK "content-type: application/grpc-web+proto\n");
	DATA_END(FROM_SERVER, 1, MESSAGE "\x80\0\0\0\x0fgrpc-status:5\r\n");

	play_talk();

	expect_row(0, "grpc.web=true grpc.status=5 grpc.status_name=NOT_FOUND "
		      "grpc.response.messages=1 grpc.response.trailers=grpc-status:5");
}

TEST(what_only_looks_like_messages_is_http)
{
	begin_hello();
	call(1, POST("/raw") "content-type: application/octet-stream\n");
	answer(1, OK);
	call(3, POST("/raw"));
	headers(FROM_SERVER, 3, END_BOTH, OK);

	play_talk();

	expect_row(0, "grpc.method=raw grpc.status=0");
	expect_row(1, "http.path=/raw");
}

/* ---- Joined in the middle -------------------------------------------------------------------- */

/* All that calls say again and again was said before. */
static void begin_late(void)
{
	begin();
	call(1, CALL("/shop.Cart/Get"));
	answer(1, OK_CALL);
	talk_n = talk_used = 0;
}

TEST(a_call_is_recognised_by_its_messages_and_trailers)
{
	begin_late();
	call(3, CALL("/shop.Cart/Get"));
	answer(3, OK_CALL);
	call(5, CALL("/shop.Cart/Get"));
	headers(FROM_SERVER, 5, END_BOTH, OK_CALL "grpc-status: 12\n");
	frame(FROM_SERVER, FRAME_PING, 0, 0, STR("12345678"));

	play_talk_midstream();

	expect_row(0, "grpc.service=shop.Cart grpc.host=[unknown] "
		      "!grpc.status grpc.request.messages=1 grpc.response.messages=1 "
		      "grpc.state=complete");
	/* A value without its name is no status. */
	expect_row(1, "!grpc.status grpc.response.messages=0 "
		      "grpc.response.headers=[unknown]:[unknown],[unknown]:12");
}

/* Some encoders remember paths. */
TEST(a_route_that_was_said_before_is_unknown)
{
	begin_late();
	frame(FROM_CLIENT, FRAME_HEADERS, FLAG_END_HEADERS, 3, STR("\x83\x86\xc0\xbf\xbe"));
	DATA_END(FROM_CLIENT, 3, MESSAGE);
	answer(3, OK_CALL);

	play_talk_midstream();

	expect_row(0, "grpc.service=[unknown] grpc.method=[unknown] grpc.state=complete");
}

TEST(an_unknown_body_that_is_no_message_is_http)
{
	begin_late();
	headers(FROM_CLIENT, 3, FLAG_END_HEADERS, CALL("/shop.Cart/Get"));
	DATA_END(FROM_CLIENT, 3, "{\"a\": 1}");
	headers(FROM_SERVER, 3, END_BOTH, OK);
	frame(FROM_SERVER, FRAME_PING, 0, 0, STR("12345678"));

	play_talk_midstream();

	expect_row(0, "http.host=[unknown] http.request.body_bytes=8 http.status=200");
}

TEST_MAIN
