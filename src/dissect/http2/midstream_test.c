/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joining in the middle: how frames are recognised, what HPACK's placeholders stand for, and that
 * nothing is guessed.
 */
#include "talk_test.h"

/* What was said before the capture. */
static void forget(void)
{
	talk_n = talk_used = 0;
	talk[0] = (struct event){ END, 0, { 0 }, 0 };
}

static void ping(enum dissect_side side)
{
	frame(side, FRAME_PING, 0, 0, STR("12345678"));
}

TEST(what_was_said_before_is_unknown_and_what_is_said_since_is_known)
{
	begin();
	headers(FROM_CLIENT, 1, END_BOTH, GET("/old") "x-old: 1\n");
	headers(FROM_SERVER, 1, END_BOTH, OK "server: old\n");
	forget();
	headers(FROM_CLIENT, 3, END_BOTH, GET("/new") "x-old: 1\nx-new: 2\n");
	ping(FROM_CLIENT);
	headers(FROM_SERVER, 3, END_BOTH, OK "server: old\nx-s: 3\n");
	ping(FROM_SERVER);
	headers(FROM_CLIENT, 5, END_BOTH, GET("/new") "x-new: 2\nx-old: 1\n");
	headers(FROM_SERVER, 5, END_BOTH, OK "x-s: 3\n");

	play_talk_midstream();

	expect_rows(3);
	expect_row(0, "http.method=GET http.path=/new http.host=[unknown] http.status=200 "
		      "http.request.headers=[unknown]:[unknown],[unknown]:[unknown],x-new:2 "
		      "http.response.headers=[unknown]:[unknown],x-s:3 http.unknown_headers=3 "
		      "http.state=complete");
	expect_row(1, "http.path=/new http.request.headers=[unknown]:[unknown],x-new:2,"
		      "[unknown]:[unknown] http.response.headers=x-s:3");
	expect_row(2, "http2.midstream=true http2.unknown_headers=5 !http2.anomalies");
}

TEST(a_path_that_was_said_before_is_unknown)
{
	begin();
	/* :method and :scheme are of the static table, and two more are not. */
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 3, STR("\x82\x86\xbe\xbf"));
	ping(FROM_CLIENT);
	headers(FROM_SERVER, 3, END_BOTH, OK);
	ping(FROM_SERVER);

	play_talk_midstream();

	expect_row(0, "http.method=GET http.path=[unknown] http.host=[unknown] http.status=200");
}

TEST(a_known_value_of_an_unknown_name_is_kept)
{
	begin();
	/* The newest entry's name, and a value of its own. */
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 1, STR("\x82\x86\x84\x7e\1v"));
	ping(FROM_CLIENT);

	play_talk_midstream();

	expect_row(0, "http.method=GET http.path=/ http.request.headers=[unknown]:v");
}

/* 4096 bytes of entries push all placeholders out, one by one. */
TEST(placeholders_give_way_to_what_is_learned)
{
	char fields[100];

	begin();
	for (uint32_t i = 0; i < 300; i++) {
		(void)snprintf(fields, sizeof(fields), GET("/") "x-%u: %u\n", i % 60, i % 60);
		headers(FROM_CLIENT, 1 + 2 * i, END_BOTH, fields);
		headers(FROM_SERVER, 1 + 2 * i, END_BOTH, OK);
	}

	play_talk_midstream();

	expect_rows(301);
	expect_row(299, "http.request.headers=x-59:59 !http.unknown_headers");
	expect_row(300, "http2.unknown_headers=0 !http2.anomalies");
}

/* Fields of which each is named as its value, from 128, of which a table of 4096 bytes holds 98:
 * every reference ends at the right one, or is unknown, however far back it points. */
TEST(nothing_is_taken_for_another_however_far_back_it_was_said)
{
	uint32_t random = 1, known = 0;
	char fields[300];

	begin();
	for (uint32_t i = 0; i < 300; i++) {
		int n = snprintf(fields, sizeof(fields), GET("/"));

		if (i == 100)
			forget();
		for (unsigned k = 0; k < 4; k++) {
			random = random * 1103515245 + 12345;
			n += snprintf(fields + n, sizeof(fields) - (size_t)n, "%u: %u\n",
				      random >> 16 & 127, random >> 16 & 127);
		}
		headers(FROM_CLIENT, 1 + 2 * i, END_BOTH, fields);
	}

	play_talk_midstream();

	for (const char *p = strpbrk(played->text, "=,"); p; p = strpbrk(p + 1, "=,")) {
		char *end;
		unsigned long name = strtoul(p + 1, &end, 10);

		if (end == p + 1 || *end != ':')
			continue;
		assert_int_equal(strtoul(end + 1, NULL, 10), name);
		known++;
	}
	assert_true(known > 400);
}

/* Index 200 is not in a table of 4096 bytes: the sender's must be larger. */
TEST(a_larger_table_is_recognised_by_what_it_refers_to)
{
	begin();
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 1, STR("\x82\x86\x84\xff\x49\xbe"));
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 3, STR("\x82\x86\x84\xff\x49\x40\1a\1b"));
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 5, STR("\x82\x86\x84\xff\x4a\xbe"));

	play_talk_midstream();

	expect_row(0, "http.unknown_headers=2 "
		      "http.request.headers=[unknown]:[unknown],[unknown]:[unknown]");
	expect_row(1, "http.request.headers=[unknown]:[unknown],a:b");
	expect_row(2, "http.request.headers=[unknown]:[unknown],a:b");
	expect_row(3, "!http2.anomalies");
}

/* Few placeholders are made at first. The field that was learned stands where it was when there are
 * more of them: for index 188, as many as the usual table has. */
TEST(what_is_learned_stays_known_when_a_sender_refers_further_back)
{
	begin();
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 1, STR("\x82\x86\x84\xdd\x40\1a\1b"));
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 3, STR("\x82\x86\x84\xbe\xdf\xbe"));
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 5, STR("\x82\x86\x84\xff\x00\xbe"));
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 7, STR("\x82\x86\x84\xff\x3d\x40\1c\1d"));
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 9, STR("\x82\x86\x84\xfe\xbe\xbf"));

	play_talk_midstream();

	expect_row(0, "http.request.headers=[unknown]:[unknown],a:b http.unknown_headers=1");
	expect_row(1, "http.request.headers=a:b,[unknown]:[unknown],a:b");
	expect_row(2, "http.request.headers=[unknown]:[unknown],a:b");
	expect_row(3, "http.request.headers=[unknown]:[unknown],c:d");
	expect_row(4, "http.request.headers=[unknown]:[unknown],c:d,a:b");
	expect_row(5, "!http2.anomalies");
}

/* Index 3000: more placeholders than are ever made. */
TEST(who_refers_beyond_all_placeholders_is_unknown_from_there)
{
	begin();
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 1, STR("\x82\x86\x84\x40\1a\1b"));
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 3, STR("\x82\x86\x84\xff\xb9\x16\xbe"));
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 5, STR("\x82\x86\x84\xbe"));

	play_talk_midstream();

	expect_row(0, "http.request.headers=a:b");
	expect_row(1, "http.path=/ http.request.headers=[unknown]:[unknown] "
		      "http.unknown_headers=1");
	expect_row(2, "http.request.headers=[unknown]:[unknown] http.unknown_headers=1");
}

/* A table that is emptied and made large again, and referred to: each would cost all placeholders.
 */
TEST(references_to_nothing_do_not_cost_a_decoder_each)
{
	begin();
	for (uint32_t i = 0; i < 100; i++)
		frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 1 + 2 * i,
		      STR("\x20\x3f\xe1\xff\x03\x82\x86\x84\xff\xbe\x01"));

	play_talk_midstream();

	expect_row(6, "http.path=/ http.request.headers=[unknown]:[unknown]");
	expect_row(7, "http.path=/ http.request.headers=[unknown]:[unknown]");
	expect_row(8, "http.path=[unknown]");
	expect_row(99, "http.path=[unknown] http.unknown_headers=1");
}

/* An error that no placeholder mends: an index of 0. */
TEST(an_error_in_the_middle_is_begun_anew)
{
	begin();
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 1, STR("\x82\x86\x84\x40\1a\1b"));
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 3, STR("\x82\x86\x84\xbe\x80\xbe"));
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 5, STR("\x82\x86\x84\xbe"));

	play_talk_midstream();

	expect_row(0, "http.request.headers=a:b");
	expect_row(1, "http.request.headers=a:b,[unknown]:[unknown] http.unknown_headers=1");
	expect_row(2, "http.request.headers=[unknown]:[unknown] http.unknown_headers=1");
}

/* An agent that starts on a node meets hundreds of connections at once. */
TEST(a_connection_joined_in_the_middle_takes_little_memory)
{
	struct fake *f = fake_new(&http2_dissector, false);

	begin();
	headers(FROM_CLIENT, 1, END_BOTH, CALL("/shop.Cart/Get"));
	headers(FROM_SERVER, 1, END_BOTH, OK_CALL "grpc-status: 0\n");
	ping(FROM_SERVER);
	for (const struct event *e = talk; e->what != END; e++)
		fake_send(f, e->side, e->bytes, SIZE_MAX);

	assert_int_equal(f->rows, 1);
	assert_in_range(f->heap.bytes, 1, 24 * KIB);

	fake_close(f);
	fake_free(f);
}

TEST(an_error_of_the_encoder_is_marked_and_the_next_block_is_read)
{
	begin_hello();
	headers(FROM_CLIENT, 1, END_BOTH, GET("/") "x: y\n");
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 3, STR("\x82\x80"));
	headers(FROM_CLIENT, 5, END_BOTH, GET("/new") "x: y\n");
	headers(FROM_SERVER, 5, END_BOTH, OK);

	play_talk();

	expect_row(0, "http.path=/new http.unknown_headers=2 http.state=complete");
	expect_row(3, "http2.anomalies=hpack-error");
}

/* Each would cost a decoder made anew. */
TEST(errors_do_not_cost_a_decoder_each)
{
	begin_hello();
	for (uint32_t i = 0; i < 100; i++)
		frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 1 + 2 * i, STR("\x82\x80"));
	headers(FROM_CLIENT, 201, END_BOTH, GET("/lost"));

	play_talk();

	expect_row(8, "http.method=GET");
	expect_row(9, "http.method=[unknown]");
	expect_row(100, "http.path=[unknown] http.unknown_headers=1");
}

TEST(a_response_to_a_request_before_is_a_row)
{
	begin();
	headers(FROM_SERVER, 7, FLAG_END_HEADERS, OK);
	frame(FROM_SERVER, FRAME_DATA, FLAG_END_STREAM, 7, STR("x"));
	ping(FROM_SERVER);
	headers(FROM_CLIENT, 9, END_BOTH, GET("/"));
	ping(FROM_CLIENT);
	headers(FROM_SERVER, 9, END_BOTH, OK);

	play_talk_midstream();

	expect_row(0, "http.stream=7 http.status=200 http.state=no-request "
		      "http.response.body_bytes=1");
	expect_row(1, "http.stream=9 http.state=complete");
}

TEST(a_preface_tells_that_nothing_was_before)
{
	begin_hello();
	headers(FROM_CLIENT, 1, END_BOTH, GET("/"));
	headers(FROM_SERVER, 1, END_BOTH, OK "x: y\n");

	play_talk_midstream();

	expect_row(1, "http2.midstream=false http2.unknown_headers=0");
}

/* Among DATA alone it is a guess who the client is. */
TEST(a_wrong_guess_of_the_client_is_recognised_anew)
{
	begin();
	for (unsigned i = 0; i < 3; i++)
		frame(FROM_CLIENT, FRAME_DATA, 0, 3, STR("some content"));
	headers(FROM_CLIENT, 5, FLAG_END_HEADERS, OK "x: y\n");

	play_talk_midstream();

	assert_int_equal(played->over, FAKE_SWITCHED);
	expect_rows(0);
}

/* ---- Recognising ----------------------------------------------------------------------------- */

static enum dissect_probe probe(struct str in)
{
	return http2_dissector.probe(in);
}

/* The bytes of all that was said, as one. */
static struct str said(void)
{
	return (struct str){ talk_bytes, talk_used };
}

TEST(a_preface_is_a_client)
{
	for (size_t n = 1; n < PREFACE_SIZE; n++)
		assert_int_equal(probe(str_head(STR(PREFACE), n)), PROBE_MORE);
	assert_int_equal(probe(STR(PREFACE)), PROBE_FROM_CLIENT);
	assert_int_equal(probe(STR("PRI * HTTP/1.1\r\n")), PROBE_NO);
}

TEST(settings_at_first_are_a_server)
{
	begin();
	frame(FROM_SERVER, FRAME_SETTINGS, 0, 0, STR("\0\3\0\0\0\x64"));

	assert_int_equal(probe(said()), PROBE_FROM_SERVER);
	assert_int_equal(probe(str_head(said(), 14)), PROBE_MORE);
	begin();
	frame(FROM_SERVER, FRAME_SETTINGS, 0, 0, STR(""));
	assert_int_equal(probe(said()), PROBE_MORE);
}

TEST(pseudo_headers_tell_who_speaks)
{
	begin();
	headers(FROM_CLIENT, 3, END_BOTH, GET("/"));
	assert_int_equal(probe(said()), PROBE_FROM_CLIENT);
	assert_int_equal(probe(str_head(said(), said().n - 1)), PROBE_MORE);
	begin();
	headers(FROM_SERVER, 3, FLAG_END_HEADERS, OK);
	frame(FROM_SERVER, FRAME_DATA, 0, 3, STR("x"));
	assert_int_equal(probe(said()), PROBE_FROM_SERVER);
}

TEST(trailers_behind_data_are_a_server)
{
	begin();
	frame(FROM_SERVER, FRAME_DATA, 0, 3, STR("x"));
	headers(FROM_SERVER, 3, END_BOTH, "grpc-status: 0\n");
	ping(FROM_SERVER);

	assert_int_equal(probe(said()), PROBE_FROM_SERVER);
}

TEST(data_alone_is_waited_for_and_then_a_client)
{
	static const char kilobyte[1000];

	begin();
	for (unsigned i = 0; i < 3; i++)
		frame(FROM_CLIENT, FRAME_DATA, 0, 3, (struct str){ kilobyte, 1000 });
	assert_int_equal(probe(said()), PROBE_MORE);
	for (unsigned i = 0; i < 2; i++)
		frame(FROM_CLIENT, FRAME_DATA, 0, 3, (struct str){ kilobyte, 1000 });
	assert_int_equal(probe(said()), PROBE_FROM_CLIENT);
}

/* Each is as short as a field can be, so that reading them over and over, as more bytes come, would
 * be much work for few. */
TEST(a_block_of_more_fields_than_anybody_sends_is_none)
{
	static char fields[FRAME_FIELDS_MAX + 1];

	memset(fields, 0xbe, sizeof(fields));
	begin();
	frame(FROM_CLIENT, FRAME_HEADERS, FLAG_END_HEADERS, 1,
	      (struct str){ fields, FRAME_FIELDS_MAX });
	assert_int_equal(probe(said()), PROBE_MORE);
	begin();
	frame(FROM_CLIENT, FRAME_HEADERS, FLAG_END_HEADERS, 1,
	      (struct str){ fields, FRAME_FIELDS_MAX + 1 });
	assert_int_equal(probe(said()), PROBE_NO);
}

#define BYTES(lit)                                                                                 \
	{                                                                                          \
		"" lit, sizeof(lit) - 1                                                            \
	}

TEST(what_is_no_frame_is_refused)
{
	static const struct str others[] = {
		BYTES("GET / HTTP/1.1\r\n"),
		BYTES("\x16\x03\x01\x02\x00\x01"),                         /* TLS */
		BYTES("\0\0\0\x29\0\3\0\0user\0a\0"),                      /* PostgreSQL */
		BYTES("\0\0\0\x08\x04\xd2\x16\x2f"),                       /* its SSLRequest */
		BYTES("\0\x1d\x12\x34\1\0\0\1\0\0\0\0\0\0"),               /* DNS over TCP */
		BYTES("\0\0\0\x14\0\3\0\7\0\0\0\1\0\4test\0\0"),           /* Kafka */
		BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),             /* nothing */
		BYTES("*1\r\n$4\r\nPING\r\n"),                             /* Redis */
		BYTES("\0\0\4\x08\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0"), /* one, and none */
		BYTES("\0\0\6\4\0\0\0\0\0\0\x77\0\0\0\1"),                 /* no such setting */
		BYTES("\0\0\2\1\5\0\0\0\1\x80\x80"),                       /* no header block */
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (probe(others[i]) != PROBE_NO)
			fail_msg("number %zu is taken for frames", i);
}

TEST_MAIN
