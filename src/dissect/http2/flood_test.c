/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is sent to wear a reader down is bounded, counted and named, at the edge of each limit; and
 * the connection goes on.
 */
#include <time.h>

#include "talk_test.h"

/* The connection's row has this mark, or none. */
static void expect_mark(const char *token)
{
	char want[64];

	(void)snprintf(want, sizeof(want), token ? "http2.anomalies=%s" : "!http2.anomalies",
		       token);
	expect_row(played->rows - 1, want);
}

/* n frames, of which one more than the limit is a flood. */
static void flood(unsigned type, unsigned flags, struct str payload, uint32_t stream, size_t n)
{
	begin();
	say(FROM_CLIENT, STR(PREFACE));
	headers(FROM_CLIENT, 1, FLAG_END_HEADERS, POST("/"));
	for (size_t i = 0; i < n; i++)
		frame(FROM_CLIENT, type, flags, stream, payload);
	play_talk();
}

TEST(floods_of_small_frames_are_named)
{
	flood(FRAME_SETTINGS, 0, STR(""), 0, 50);
	expect_mark(NULL);
	flood(FRAME_SETTINGS, 0, STR(""), 0, 51);
	expect_mark("settings-flood");
	flood(FRAME_PING, 0, STR("12345678"), 0, 100);
	expect_mark(NULL);
	flood(FRAME_PING, 0, STR("12345678"), 0, 101);
	expect_mark("ping-flood");
	flood(FRAME_PING, FLAG_ACK, STR("12345678"), 0, 101);
	expect_mark(NULL);
	flood(FRAME_PRIORITY, 0, STR("\0\0\0\0\1"), 3, 500);
	expect_mark(NULL);
	flood(FRAME_PRIORITY, 0, STR("\0\0\0\0\1"), 3, 501);
	expect_mark("priority-flood");
	flood(FRAME_DATA, 0, STR(""), 1, 200);
	expect_mark(NULL);
	flood(FRAME_DATA, 0, STR(""), 1, 201);
	expect_mark("empty-frames-flood");
}

/* The frames of a second; each event is a millisecond. */
TEST(what_comes_slowly_is_no_flood)
{
	begin_hello();
	for (unsigned i = 0; i < 150; i++) {
		for (unsigned k = 0; k < 15; k++)
			frame(FROM_SERVER, FRAME_WINDOW_UPDATE, 0, 0, STR("\0\0\0\1"));
		frame(FROM_CLIENT, FRAME_PING, 0, 0, STR("12345678"));
	}

	play_talk();

	expect_mark(NULL);
}

static void resets(uint32_t n)
{
	begin();
	say(FROM_CLIENT, STR(PREFACE));
	for (uint32_t i = 0; i < n; i++) {
		headers(FROM_CLIENT, 1 + 2 * i, END_BOTH, GET("/"));
		frame(FROM_CLIENT, FRAME_RST_STREAM, 0, 1 + 2 * i, STR("\0\0\0\x08"));
	}
	play_talk();
}

TEST(a_rapid_reset_is_named)
{
	resets(200);
	expect_mark(NULL);
	resets(201);
	expect_mark("rapid-reset");
	expect_row(201, "http2.client_resets=201 http2.exchanges=201");
}

static void continuations(unsigned n)
{
	begin_hello();
	frame(FROM_CLIENT, FRAME_HEADERS, FLAG_END_STREAM, 1, STR("\x82\x86\x84"));
	for (unsigned i = 0; i < n; i++)
		frame(FROM_CLIENT, FRAME_CONTINUATION, 0, 1, STR("\x82"));
	frame(FROM_CLIENT, FRAME_CONTINUATION, FLAG_END_HEADERS, 1, STR(""));
	headers(FROM_SERVER, 1, END_BOTH, OK);
	play_talk();
}

TEST(a_flood_of_continuations_is_named_and_the_block_still_read)
{
	continuations(CONTINUATIONS_MAX - 1);
	expect_mark(NULL);
	continuations(CONTINUATIONS_MAX);
	expect_mark("continuation-flood");
	expect_row(0, "http.path=/ http.state=complete");
}

/* One entry of about 4 KB, and n references to it of one byte each. */
static void bomb(size_t n)
{
	char room[16 * KIB];
	struct str b;

	begin_hello();
	memset(room, 'a', sizeof(room));
	memcpy(room, "\x82\x86\x84\x40\1x\x7f\xa0\x1e", 9);
	b = (struct str){ room, 9 + 127 + (0x20 + (0x1e << 7)) };
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 1, b);
	memset(room, '\xbe', sizeof(room));
	frame(FROM_CLIENT, FRAME_HEADERS, END_BOTH, 3, (struct str){ room, n });
	headers(FROM_SERVER, 3, END_BOTH, OK);
	play_talk();
}

TEST(a_bomb_of_hpack_is_counted_and_little_of_it_is_kept)
{
	size_t kept = 0;

	bomb(64);
	expect_mark(NULL);
	bomb(66);
	expect_mark("headers-large");
	for (size_t i = 0; i < played->text_n; i++)
		kept += played->text[i] == 'a';
	assert_true(kept < 16 * KIB);
	expect_row(0, "http.state=complete");
}

TEST(what_is_beyond_the_open_exchanges_is_shed_and_counted)
{
	begin_hello();
	for (uint32_t i = 0; i < DISSECT_OPEN_MAX + 5; i++)
		headers(FROM_CLIENT, 1 + 2 * i, END_BOTH, GET("/"));
	headers(FROM_SERVER, 1 + 2 * DISSECT_OPEN_MAX, END_BOTH, OK);
	headers(FROM_SERVER, 1, END_BOTH, OK);

	play_talk();

	expect_rows(DISSECT_OPEN_MAX + 1);
	expect_row(0, "http.stream=1 http.state=complete");
	expect_row(DISSECT_OPEN_MAX, "http2.shed=5");
}

TEST(without_memory_streams_are_shed_and_the_table_is_kept)
{
	begin_hello();
	headers(FROM_CLIENT, 1, FLAG_END_HEADERS, POST("/a"));
	headers(FROM_CLIENT, 3, END_BOTH, GET("/b") "x: remembered\n");
	headers(FROM_SERVER, 3, END_BOTH, OK);
	headers(FROM_SERVER, 1, FLAG_END_HEADERS, OK);
	frame(FROM_CLIENT, FRAME_DATA, FLAG_END_STREAM, 1, STR("x"));
	frame(FROM_SERVER, FRAME_DATA, FLAG_END_STREAM, 1, STR("x"));
	headers(FROM_CLIENT, 5, END_BOTH, GET("/b") "x: remembered\n");
	headers(FROM_SERVER, 5, END_BOTH, OK);

	play_twice(talk, true, 1);

	expect_row(0, "http.path=/a http.state=complete");
	expect_row(1, "http.path=/b http.request.headers=x:remembered http.state=complete");
	expect_row(2, "http2.shed=1 http2.exchanges=2");
}

TEST(without_memory_for_a_decoder_exchanges_are_told_without_headers)
{
	struct fake *f = fake_new(&http2_dissector, true);

	begin_hello();
	headers(FROM_CLIENT, 1, FLAG_END_HEADERS, POST("/a"));
	frame(FROM_CLIENT, FRAME_DATA, FLAG_END_STREAM, 1, STR("x"));
	headers(FROM_SERVER, 1, END_BOTH, OK);
	f->heap.cap_bytes = 0;
	for (size_t i = 0; i < talk_n; i++)
		fake_send(f, talk[i].side, talk[i].bytes, SIZE_MAX);
	fake_close(f);
	if (played)
		fake_free(played);
	played = f;

	expect_row(0, "http.path=[unknown] http.request.body_bytes=1 http.unknown_headers=2 "
		      "http.state=complete");
	expect_mark("hpack-memory");
}

/* A table of 64 KiB of small entries takes more than the heap has: it is begun anew. */
TEST(a_request_whose_block_is_never_over_is_no_upgrade)
{
	begin_hello();
	frame(FROM_CLIENT, FRAME_HEADERS, FLAG_END_STREAM, 1, STR("\x82\x86\x84"));
	for (unsigned i = 0; i < 10; i++)
		frame(FROM_CLIENT, FRAME_CONTINUATION, 0, 1, STR("\x40\1a\1b"));

	play_talk();

	expect_rows(2);
	expect_row(1, "http2.upgraded=false");
}

TEST(a_table_that_grows_beyond_the_heap_is_begun_anew)
{
	char fields[16 * KIB];

	begin();
	nghttp2_hd_deflate_del(talk_deflater[FROM_CLIENT]);
	if (nghttp2_hd_deflate_new(&talk_deflater[FROM_CLIENT], 64 * KIB) != 0 ||
	    nghttp2_hd_deflate_change_table_size(talk_deflater[FROM_CLIENT], 64 * KIB) != 0)
		abort();
	say(FROM_CLIENT, STR(PREFACE));
	for (unsigned i = 0; i < 40; i++) {
		size_t n = (size_t)snprintf(fields, sizeof(fields), GET("/"));

		for (unsigned k = 0; k < 50; k++)
			n += (size_t)snprintf(fields + n, sizeof(fields) - n, "x-%u: %u\n",
					      50 * i + k, k);
		headers(FROM_CLIENT, 1 + 2 * i, END_BOTH, fields);
	}

	play_talk();

	expect_rows(41);
	expect_mark("hpack-memory");
	expect_row(13, "!http.unknown_headers");
	expect_row(14, "http.method=GET http.host=shop http.unknown_headers=1");
	expect_row(15, "http.method=GET http.host=[unknown]");
}

/* ---- Time ------------------------------------------------------------------------------------ */

/* The CPU time of the same frame from a client, over and over, per MiB; the least of three times.
 */
static int64_t time_of(struct str bytes)
{
	static char pattern[MIB];
	size_t n = sizeof(pattern) / bytes.n * bytes.n;
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < n; i++)
		pattern[i] = bytes.p[i % bytes.n];
	for (unsigned i = 0; i < 3; i++) {
		struct fake *f = fake_new(&http2_dissector, true);
		struct timespec from, to;
		int64_t took;

		fake_send(f, FROM_CLIENT, STR(PREFACE), SIZE_MAX);
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		fake_send(f, FROM_CLIENT, (struct str){ pattern, n }, SIZE_MAX);
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		took = (to.tv_sec - from.tv_sec) * NS_PER_S + to.tv_nsec - from.tv_nsec;
		least = took < least ? took : least;
		fake_close(f);
		fake_free(f);
	}
	return least;
}

TEST(no_frame_costs_much_for_its_bytes)
{
	static char bomb_frame[9 + 16 * KIB];
	static const struct str frames[] = {
		{ "\0\0\0\0\0\0\0\0\1", 9 },                          /* empty DATA */
		{ "\0\0\0\4\0\0\0\0\0", 9 },                          /* empty SETTINGS */
		{ "\0\0\2\1\5\0\0\0\1\x82\x80", 11 },                 /* an error of HPACK */
		{ "\0\0\2\1\5\0\0\0\1\x82\xff", 11 },                 /* a block that ends early */
		{ "\0\0\1\1\1\0\0\0\1\x82\0\0\0\x09\4\0\0\0\1", 19 }, /* HEADERS, CONTINUATION */
		{ "\0\x3f\xff\1\5\0\0\0\1", 9 },                      /* a frame in a frame */
		{ "\0\0\1\6\0\0\0\0\0", 9 },                          /* a frame that is none */
	};

	frame_head(bomb_frame, FRAME_HEADERS, FLAG_END_HEADERS, 1, 16 * KIB);
	memset(bomb_frame + 9, '\x90', 16 * KIB);
	assert_true(time_of((struct str){ bomb_frame, sizeof(bomb_frame) }) < NS_PER_S);
	for (size_t i = 0; i < ARRAY_LEN(frames); i++)
		if (time_of(frames[i]) > NS_PER_S)
			fail_msg("a MiB of frames number %zu takes over a second", i);
}

TEST_MAIN
