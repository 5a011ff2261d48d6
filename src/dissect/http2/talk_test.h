/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk: HTTP/2 conversations for tests, frame by frame, each an event of its own, with header
 * blocks by nghttp2's own encoder. Forget what was said with begin(), say something, and play it.
 */
#ifndef REDOUBT_DISSECT_HTTP2_TALK_TEST_H
#define REDOUBT_DISSECT_HTTP2_TALK_TEST_H

#define PLAY_DISSECTOR http2_dissector
#include "play.h"

#include "dissect/http2/connection.h"

#define TALK_EVENTS 4096
#define TALK_BYTES  (8 * MIB)

static struct event talk[TALK_EVENTS];
static size_t talk_n;
static char talk_bytes[TALK_BYTES];
static size_t talk_used;
static nghttp2_hd_deflater *talk_deflater[2];

[[maybe_unused]] static void begin(void)
{
	talk_n = talk_used = 0;
	for (unsigned side = 0; side < 2; side++) {
		if (talk_deflater[side])
			nghttp2_hd_deflate_del(talk_deflater[side]);
		if (nghttp2_hd_deflate_new(&talk_deflater[side], 4096) != 0)
			abort();
	}
}

static void add_event(struct event e)
{
	assert_true(talk_n + 1 < TALK_EVENTS);
	talk[talk_n++] = e;
	talk[talk_n] = (struct event){ END, 0, { 0 }, 0 };
}

[[maybe_unused]] static void say(enum dissect_side side, struct str bytes)
{
	char *p = talk_bytes + talk_used;

	assert_true(bytes.n <= TALK_BYTES - talk_used);
	if (bytes.n)
		memcpy(p, bytes.p, bytes.n);
	talk_used += bytes.n;
	add_event((struct event){ SEND, side, { p, bytes.n }, 0 });
}

[[maybe_unused]] static void hole(enum dissect_side side, uint64_t n)
{
	add_event((struct event){ HOLE, side, { 0 }, n });
}

static void frame_head(char head[9], unsigned type, unsigned flags, uint32_t stream, size_t n)
{
	const char bytes[9] = {
		(char)(n >> 16),      (char)(n >> 8),      (char)n,
		(char)type,           (char)flags,         (char)(stream >> 24),
		(char)(stream >> 16), (char)(stream >> 8), (char)stream,
	};

	memcpy(head, bytes, sizeof(bytes));
}

/* A frame, in one event. */
[[maybe_unused]] static void frame(enum dissect_side side, unsigned type, unsigned flags,
				   uint32_t stream, struct str payload)
{
	size_t at = talk_used;

	frame_head(talk_bytes + at, type, flags, stream, payload.n);
	if (payload.n)
		memcpy(talk_bytes + at + 9, payload.p, payload.n);
	talk_used += 9 + payload.n;
	add_event((struct event){ SEND, side, { talk_bytes + at, 9 + payload.n }, 0 });
}

/* fields: "name: value\n…" as a block of this side. */
static struct str block(enum dissect_side side, const char *fields, char *out, size_t room)
{
	struct str rest = str_of(fields), line;
	nghttp2_nv nv[300];
	size_t n = 0;
	ssize_t r;

	while (str_cut(&rest, '\n', &line)) {
		ptrdiff_t colon = str_find(line, ':', 1);

		assert_true(colon > 0 && n < ARRAY_LEN(nv));
		nv[n++] = (nghttp2_nv){
			(uint8_t *)(uintptr_t)line.p,
			(uint8_t *)(uintptr_t)line.p + colon + 2,
			(size_t)colon,
			line.n - (size_t)colon - 2,
			0,
		};
	}
	r = nghttp2_hd_deflate_hd(talk_deflater[side], (uint8_t *)out, room, nv, n);
	assert_true(r >= 0);
	return (struct str){ out, (size_t)r };
}

[[maybe_unused]] static void headers(enum dissect_side side, uint32_t stream, unsigned flags,
				     const char *fields)
{
	char room[32 * KIB];

	frame(side, FRAME_HEADERS, flags, stream, block(side, fields, room, sizeof(room)));
}

#define END_BOTH   (FLAG_END_HEADERS | FLAG_END_STREAM)
#define GET(path)  ":method: GET\n:scheme: http\n:path: " path "\n:authority: shop\n"
#define POST(path) ":method: POST\n:scheme: http\n:path: " path "\n:authority: shop\n"
#define OK         ":status: 200\n"
#define CALL(path) POST(path) "te: trailers\ncontent-type: application/grpc\n"
#define OK_CALL    OK "content-type: application/grpc\n"

/* Both sides' beginning. */
[[maybe_unused]] static void hello(void)
{
	say(FROM_CLIENT, STR(PREFACE));
	frame(FROM_CLIENT, FRAME_SETTINGS, 0, 0, STR("\0\2\0\0\0\0\0\4\0\1\0\0"));
	frame(FROM_SERVER, FRAME_SETTINGS, 0, 0, STR("\0\3\0\0\0\x64"));
}

/* Both sides' beginning, and play from it. */
[[maybe_unused]] static void begin_hello(void)
{
	begin();
	hello();
}

[[maybe_unused]] static void play_talk(void)
{
	play_twice(talk, true, DISSECT_OPEN_MAX);
}

[[maybe_unused]] static void play_talk_midstream(void)
{
	play_twice(talk, false, DISSECT_OPEN_MAX);
}

#endif
