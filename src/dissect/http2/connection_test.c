/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole conversations: what of frames and streams becomes which row.
 */
#include "talk_test.h"

TEST(an_exchange_is_a_row)
{
	begin_hello();
	headers(FROM_CLIENT, 1, FLAG_END_HEADERS,
		POST("/a?q=1") "content-type: text/plain\nX: y\n");
	frame(FROM_CLIENT, FRAME_DATA, 0, 1, STR("hello "));
	frame(FROM_CLIENT, FRAME_DATA, FLAG_END_STREAM, 1, STR("world"));
	headers(FROM_SERVER, 1, FLAG_END_HEADERS, OK "server: s\n");
	frame(FROM_SERVER, FRAME_DATA, FLAG_END_STREAM, 1, STR("hi"));

	play_talk();

	expect_rows(2);
	expect_row(0, "http.method=POST http.host=shop http.path=/a http.query=q=1 http.version=2 "
		      "http.status=200 http.latency=1000000 http.duration=4000000 "
		      "http.request.headers=content-type:text/plain,x:y "
		      "http.response.headers=server:s http.request.body_bytes=11 "
		      "http.response.body_bytes=2 http.request.framing=frames "
		      "http.request.content_type=text/plain http.state=complete http.stream=1 "
		      "http.sequence=1 !http.unknown_headers !http.reset");
}

TEST(a_connection_is_a_row)
{
	begin_hello();
	headers(FROM_CLIENT, 1, END_BOTH, GET("/"));
	headers(FROM_SERVER, 1, END_BOTH, OK);
	frame(FROM_SERVER, FRAME_GOAWAY, 0, 0,
	      STR("\0\0\0\1\0\0\0\x0b"
		  "debug"));

	play_talk();

	expect_row(1, "http2.streams=1 http2.exchanges=1 http2.shed=0 http2.pushes=0 "
		      "http2.goaway=ENHANCE_YOUR_CALM http2.frames=HEADERS:2,SETTINGS:2,GOAWAY:1 "
		      "http2.client.settings=ENABLE_PUSH:0,INITIAL_WINDOW_SIZE:65536 "
		      "http2.server.settings=MAX_CONCURRENT_STREAMS:100 http2.midstream=false "
		      "http2.upgraded=false http2.duration=4000000 !http2.anomalies");
	assert_int_equal(played->ds.messages, 2);
}

TEST(streams_may_be_interleaved)
{
	begin_hello();
	headers(FROM_CLIENT, 1, FLAG_END_HEADERS, POST("/a"));
	headers(FROM_CLIENT, 3, END_BOTH, GET("/b"));
	frame(FROM_CLIENT, FRAME_DATA, 0, 1, STR("12"));
	headers(FROM_SERVER, 3, END_BOTH, ":status: 404\n");
	frame(FROM_CLIENT, FRAME_DATA, FLAG_END_STREAM, 1, STR("3"));
	headers(FROM_SERVER, 1, END_BOTH, OK);

	play_talk();

	expect_row(0, "http.path=/b http.status=404 http.response.framing=none");
	expect_row(1, "http.path=/a http.status=200 http.request.body_bytes=3");
}

TEST(padding_and_priority_are_no_content)
{
	char room[256], padded[300] = "\x05\0\0\0\0\x10";
	struct str b;

	begin_hello();
	b = block(FROM_CLIENT, POST("/a"), room, sizeof(room));
	memcpy(padded + 6, b.p, b.n);
	frame(FROM_CLIENT, FRAME_HEADERS, FLAG_END_HEADERS | FLAG_PADDED | FLAG_PRIORITY, 1,
	      (struct str){ padded, 6 + b.n + 5 });
	frame(FROM_CLIENT, FRAME_DATA, FLAG_PADDED | FLAG_END_STREAM, 1, STR("\3abc\0\0\0"));
	headers(FROM_SERVER, 1, FLAG_END_HEADERS, OK);
	frame(FROM_SERVER, FRAME_DATA, FLAG_PADDED | FLAG_END_STREAM, 1, STR("\1\0"));

	play_talk();

	expect_row(0, "http.path=/a http.request.body_bytes=3 http.response.body_bytes=0 "
		      "http.state=complete");
	expect_row(1, "!http2.anomalies");
}

TEST(a_block_goes_on_in_continuations)
{
	char room[256];
	struct str b;

	begin_hello();
	b = block(FROM_CLIENT, GET("/long") "x: y\n", room, sizeof(room));
	frame(FROM_CLIENT, FRAME_HEADERS, FLAG_END_STREAM, 1, str_head(b, 3));
	frame(FROM_CLIENT, FRAME_CONTINUATION, 0, 1, STR(""));
	frame(FROM_CLIENT, FRAME_CONTINUATION, 0, 1, str_head(str_skip(b, 3), 9));
	frame(FROM_CLIENT, FRAME_CONTINUATION, FLAG_END_HEADERS, 1, str_skip(b, 12));
	headers(FROM_SERVER, 1, END_BOTH, OK);

	play_talk();

	expect_row(0, "http.path=/long http.request.headers=x:y http.state=complete");
	expect_row(1, "!http2.anomalies");
}

TEST(trailers_are_counted)
{
	begin_hello();
	headers(FROM_CLIENT, 1, FLAG_END_HEADERS, POST("/a"));
	headers(FROM_CLIENT, 1, END_BOTH, "t: 1\n");
	headers(FROM_SERVER, 1, FLAG_END_HEADERS, OK);
	frame(FROM_SERVER, FRAME_DATA, 0, 1, STR("x"));
	headers(FROM_SERVER, 1, END_BOTH, "a: 1\nb: 2\n");

	play_talk();

	expect_row(0, "http.response.trailers=2 http.state=complete !http.response.headers");
	assert_int_equal(played->ds.messages, 2);
}

TEST(interim_responses_are_told_before_the_final_one)
{
	begin_hello();
	headers(FROM_CLIENT, 1, END_BOTH, GET("/"));
	headers(FROM_SERVER, 1, FLAG_END_HEADERS, ":status: 103\nlink: x\n");
	headers(FROM_SERVER, 1, END_BOTH, OK "server: s\n");

	play_talk();

	expect_row(0, "http.interim=103 http.status=200 http.latency=2000000 "
		      "http.response.headers=server:s http.state=complete");
}

TEST(a_reset_ends_an_exchange)
{
	begin_hello();
	headers(FROM_CLIENT, 1, END_BOTH, GET("/a"));
	frame(FROM_CLIENT, FRAME_RST_STREAM, 0, 1, STR("\0\0\0\x08"));
	headers(FROM_SERVER, 1, END_BOTH, OK);
	headers(FROM_CLIENT, 3, FLAG_END_HEADERS, POST("/b"));
	headers(FROM_SERVER, 3, FLAG_END_HEADERS, OK);
	frame(FROM_SERVER, FRAME_RST_STREAM, 0, 3, STR("\0\0\0\x02"));

	play_talk();

	expect_rows(3);
	expect_row(0, "http.reset=CANCEL http.reset_by_server=false http.state=no-response");
	expect_row(1, "http.reset=INTERNAL_ERROR http.reset_by_server=true http.state=cut");
	expect_row(2, "http2.client_resets=1 http2.server_resets=1 http2.exchanges=2");
}

TEST(an_answer_that_needs_no_more_of_the_request_is_complete)
{
	begin_hello();
	headers(FROM_CLIENT, 1, FLAG_END_HEADERS, POST("/a"));
	headers(FROM_SERVER, 1, END_BOTH, ":status: 413\n");
	frame(FROM_SERVER, FRAME_RST_STREAM, 0, 1, STR("\0\0\0\0"));

	play_talk();

	expect_row(0, "http.status=413 http.state=complete !http.reset");
}

TEST(a_push_is_counted_and_its_headers_stay_in_the_table)
{
	char promise[256] = "\0\0\0\2";
	struct str b;

	begin_hello();
	headers(FROM_CLIENT, 1, END_BOTH, GET("/"));
	b = block(FROM_SERVER, GET("/style") "x-a: remembered\n", promise + 4, 252);
	frame(FROM_SERVER, FRAME_PUSH_PROMISE, FLAG_END_HEADERS, 1,
	      (struct str){ promise, 4 + b.n });
	headers(FROM_SERVER, 1, END_BOTH, OK "x-a: remembered\n");
	headers(FROM_SERVER, 2, FLAG_END_HEADERS, OK);
	frame(FROM_SERVER, FRAME_DATA, FLAG_END_STREAM, 2, STR("css"));

	play_talk();

	expect_rows(2);
	expect_row(0, "http.path=/ http.response.headers=x-a:remembered http.state=complete");
	expect_row(1, "http2.pushes=1 http2.streams=2 http2.exchanges=1");
}

TEST(frames_of_other_types_are_passed_over)
{
	begin_hello();
	frame(FROM_SERVER, 10, 0, 0, STR("\0\1xh2=\":1\""));
	frame(FROM_CLIENT, 0xfa, 0xff, 7, STR("grease"));
	headers(FROM_CLIENT, 1, END_BOTH, GET("/"));
	headers(FROM_SERVER, 1, END_BOTH, OK);

	play_talk();

	expect_row(0, "http.path=/ http.state=complete");
	expect_row(1, "http2.frames=HEADERS:2,SETTINGS:2,other:2 !http2.anomalies");
}

TEST(a_frame_may_be_of_megabytes)
{
	static char big[2 * MIB];

	begin_hello();
	headers(FROM_CLIENT, 1, END_BOTH, GET("/"));
	headers(FROM_SERVER, 1, FLAG_END_HEADERS, OK);
	frame(FROM_SERVER, FRAME_DATA, FLAG_END_STREAM, 1, (struct str){ big, sizeof(big) });

	play_talk();

	expect_row(0, "http.response.body_bytes=2097152 http.state=complete");
}

TEST(an_upgraded_connection_answers_a_request_of_http1)
{
	begin_hello();
	headers(FROM_SERVER, 1, FLAG_END_HEADERS, OK);
	frame(FROM_SERVER, FRAME_DATA, FLAG_END_STREAM, 1, STR("x"));
	headers(FROM_CLIENT, 3, END_BOTH, GET("/b"));
	headers(FROM_SERVER, 3, END_BOTH, OK);

	play_talk();

	expect_row(0, "http.stream=1 http.state=no-request http.status=200 !http.path");
	expect_row(1, "http.stream=3 http.state=complete");
	expect_row(2, "http2.upgraded=true");
}

TEST(streams_are_counted_when_any_frame_names_them)
{
	begin_hello();
	frame(FROM_CLIENT, FRAME_PRIORITY, 0, 3, STR("\0\0\0\0\1"));
	frame(FROM_CLIENT, FRAME_PRIORITY, 0, 7, STR("\0\0\0\0\1"));
	frame(FROM_CLIENT, FRAME_PRIORITY, 0, 5, STR("\0\0\0\0\1"));
	frame(FROM_CLIENT, FRAME_PRIORITY, 0, 3, STR("\0\0\0\0\1"));
	headers(FROM_CLIENT, 9, END_BOTH, GET("/"));
	frame(FROM_SERVER, FRAME_WINDOW_UPDATE, 0, 9, STR("\0\0\0\1"));

	play_talk();

	expect_row(1, "http2.streams=4");
}

TEST(who_is_not_answered_says_so)
{
	begin_hello();
	headers(FROM_CLIENT, 1, END_BOTH, GET("/"));

	play_talk();

	expect_row(0, "http.path=/ http.state=no-response !http.status");
}

TEST(one_side_alone_is_told)
{
	begin();
	frame(FROM_SERVER, FRAME_SETTINGS, 0, 0, STR(""));
	for (uint32_t id = 1; id < 7; id += 2)
		headers(FROM_SERVER, id, END_BOTH, OK);

	play_talk();

	expect_rows(4);
	expect_row(2, "http.state=no-request http.status=200 http.stream=5");
}

TEST(old_requests_make_room_where_no_server_is_seen)
{
	begin();
	say(FROM_CLIENT, STR(PREFACE));
	for (uint32_t id = 1; id < 2 * (DISSECT_OPEN_MAX + 10); id += 2)
		headers(FROM_CLIENT, id, END_BOTH, GET("/"));

	play_talk();

	expect_rows(DISSECT_OPEN_MAX + 10 + 1);
	expect_row(DISSECT_OPEN_MAX + 10, "http2.shed=0");
}

TEST(a_connect_has_no_path)
{
	begin_hello();
	headers(FROM_CLIENT, 1, FLAG_END_HEADERS, ":method: CONNECT\n:authority: db:5432\n");
	headers(FROM_SERVER, 1, FLAG_END_HEADERS, OK);
	frame(FROM_CLIENT, FRAME_DATA, FLAG_END_STREAM, 1, STR("x"));
	frame(FROM_SERVER, FRAME_DATA, FLAG_END_STREAM, 1, STR("y"));

	play_talk();

	expect_row(0, "http.method=CONNECT http.host=db:5432 !http.path http.state=complete");
}

/* Where directions are captured by themselves, the server may seem to be the first. */
TEST(a_response_may_come_before_its_request)
{
	begin_hello();
	headers(FROM_CLIENT, 1, END_BOTH, GET("/a"));
	headers(FROM_SERVER, 1, END_BOTH, OK);
	headers(FROM_SERVER, 3, END_BOTH, ":status: 404\n");
	headers(FROM_CLIENT, 3, END_BOTH, GET("/b"));

	play_talk();

	expect_rows(3);
	expect_row(1, "http.path=/b http.status=404 http.state=complete !http.latency");
}

TEST(a_request_that_does_not_come_is_not_waited_for)
{
	begin_hello();
	headers(FROM_SERVER, 3, END_BOTH, OK);
	headers(FROM_CLIENT, 5, END_BOTH, GET("/b"));
	headers(FROM_SERVER, 5, END_BOTH, OK);

	play_talk();

	expect_row(0, "http.stream=3 http.state=no-request");
	expect_row(1, "http.stream=5 http.state=complete");
}

static void graphql(void)
{
	begin_hello();
	headers(FROM_CLIENT, 1, FLAG_END_HEADERS,
		POST("/graphql") "content-type: application/json\n");
	frame(FROM_CLIENT, FRAME_DATA, 0, 1, STR("{\"query\": \"mutation B"));
	frame(FROM_CLIENT, FRAME_DATA, FLAG_END_STREAM, 1, STR("uy{a}\"}"));
	headers(FROM_SERVER, 1, END_BOTH, OK);
	play_talk();
}

TEST(a_graphql_operation_is_named_where_a_rule_opens_the_body)
{
	graphql();
	expect_row(0, "!http.graphql.operation http.request.body_bytes=28");
	play_opens_body = true;
	graphql();
	play_opens_body = false;
	expect_row(0, "http.graphql.operation=Buy http.graphql.type=mutation "
		      "http.request.body_bytes=28");
}

/* ---- Holes ----------------------------------------------------------------------------------- */

/* The head of a DATA frame alone, and what follows is a hole. */
static void data_in_hole(enum dissect_side side, uint32_t stream, unsigned flags, size_t n)
{
	char head[10] = { 0 };

	frame_head(head, FRAME_DATA, flags, stream, n);
	say(side, (struct str){ head, 10 });
	hole(side, n - 1);
}

TEST(a_hole_in_content_costs_nothing_else)
{
	begin_hello();
	headers(FROM_CLIENT, 1, END_BOTH, GET("/a"));
	headers(FROM_SERVER, 1, FLAG_END_HEADERS, OK);
	data_in_hole(FROM_SERVER, 1, FLAG_END_STREAM, 1000);
	headers(FROM_CLIENT, 3, END_BOTH, GET("/b"));
	headers(FROM_SERVER, 3, END_BOTH, OK "server: s\n");

	play_talk();

	expect_row(0, "http.path=/a http.state=cut http.response.body_bytes=1000");
	expect_row(1, "http.path=/b http.state=complete http.response.headers=server:s "
		      "!http.unknown_headers");
}

TEST(what_is_open_across_a_hole_is_cut)
{
	begin_hello();
	headers(FROM_CLIENT, 1, END_BOTH, GET("/a"));
	headers(FROM_SERVER, 1, FLAG_END_HEADERS, OK);
	hole(FROM_SERVER, 100);
	frame(FROM_SERVER, FRAME_DATA, FLAG_END_STREAM, 1, STR("x"));
	frame(FROM_SERVER, FRAME_PING, 0, 0, STR("12345678"));

	play_talk();

	expect_row(0, "http.path=/a http.state=cut http.response.body_bytes=1");
}

TEST(the_place_is_found_behind_a_hole)
{
	begin_hello();
	headers(FROM_CLIENT, 1, END_BOTH, GET("/a") "x: remembered\n");
	hole(FROM_SERVER, 100);
	say(FROM_SERVER, STR("the rest of some frame"));
	headers(FROM_SERVER, 1, FLAG_END_HEADERS, OK);
	frame(FROM_SERVER, FRAME_DATA, FLAG_END_STREAM, 1, STR("x"));
	headers(FROM_CLIENT, 3, END_BOTH, GET("/b") "x: remembered\n");
	headers(FROM_SERVER, 3, END_BOTH, OK);
	frame(FROM_SERVER, FRAME_PING, 0, 0, STR("12345678"));

	play_talk();

	expect_row(0, "http.path=/a http.status=200 http.response.body_bytes=1");
	expect_row(1, "http.path=/b http.state=complete http.request.headers=x:remembered");
}

TEST(what_an_encoder_said_in_a_hole_is_not_guessed)
{
	begin_hello();
	headers(FROM_CLIENT, 1, END_BOTH, GET("/a") "x: lost\n");
	talk_n--;
	hole(FROM_CLIENT, 50);
	headers(FROM_CLIENT, 3, END_BOTH, GET("/b") "x: lost\n");
	frame(FROM_CLIENT, FRAME_PING, 0, 0, STR("12345678"));
	headers(FROM_SERVER, 3, END_BOTH, OK);

	play_talk();

	expect_row(0, "http.path=/b http.unknown_headers=2 http.host=[unknown] "
		      "http.request.headers=[unknown]:[unknown],[unknown]:[unknown]");
}

TEST(a_frame_that_cannot_be_is_marked_and_the_next_are_found)
{
	begin_hello();
	frame(FROM_CLIENT, FRAME_PING, 0, 0, STR("\xff\xff\xff"));
	headers(FROM_CLIENT, 1, END_BOTH, GET("/a"));
	frame(FROM_CLIENT, FRAME_PING, 0, 0, STR("12345678"));
	headers(FROM_SERVER, 1, END_BOTH, OK);

	play_talk();

	expect_row(0, "http.path=/a http.state=complete");
	expect_row(1, "http2.anomalies=frame-invalid");
}

TEST(a_block_that_is_interrupted_is_given_up)
{
	begin_hello();
	headers(FROM_CLIENT, 1, FLAG_END_STREAM, GET("/a"));
	headers(FROM_CLIENT, 3, END_BOTH, GET("/b"));
	headers(FROM_SERVER, 3, END_BOTH, OK);

	play_talk();

	expect_row(0, "http.path=/b http.state=complete");
	expect_row(2, "http2.anomalies=block-interrupted");
}

TEST_MAIN
