/* SPDX-License-Identifier: Apache-2.0 */
/*
 * permessage-deflate: messages that zlib compressed have the length of what they were made of, over
 * contexts that go on and contexts that do not, up to the caps, and none where it cannot be known.
 */
#define PLAY_DISSECTOR ws_dissector
#include "play.h"

#include <zlib.h>

#include "dissect/ws/message.h"

/* What one side sends: frames appended by a compressor with a context. */
struct speaker {
	z_stream z;
	bool no_takeover;
	size_t n;
	char bytes[64 * KIB];
};

static struct speaker *speaker_new(int bits, bool no_takeover)
{
	struct speaker *sp = calloc(1, sizeof(*sp));

	assert_non_null(sp);
	sp->no_takeover = no_takeover;
	assert_int_equal(deflateInit2(&sp->z, 9, Z_DEFLATED, -bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	return sp;
}

static void speaker_free(struct speaker *sp)
{
	(void)deflateEnd(&sp->z);
	free(sp);
}

/* A compressed message of the server, without the tail that RFC 7692 leaves out. */
static void say(struct speaker *sp, const char *text, size_t n)
{
	static char body[32 * KIB];
	char *out = sp->bytes + sp->n;
	size_t len, head;

	if (sp->no_takeover)
		assert_int_equal(deflateReset(&sp->z), Z_OK);
	sp->z.next_in = (Bytef *)(uintptr_t)text;
	sp->z.avail_in = (uInt)n;
	sp->z.next_out = (Bytef *)body;
	sp->z.avail_out = sizeof(body);
	assert_int_equal(deflate(&sp->z, Z_SYNC_FLUSH), Z_OK);
	len = (size_t)((char *)sp->z.next_out - body) - 4;
	assert_memory_equal(body + len, "\0\0\xff\xff", 4);
	head = len < 126 ? 2 : 4;
	assert_true(sp->n + head + len <= sizeof(sp->bytes));
	memcpy(out,
	       (char[]){ (char)0xc1, len < 126 ? (char)len : 126, (char)(len >> 8), (char)len },
	       head);
	memcpy(out + head, body, len);
	sp->n += head + len;
}

static void play_speaker(const struct speaker *sp, const char *extensions, size_t hole_at,
			 size_t hole)
{
	struct event events[] = {
		{ SEND, FROM_SERVER, { sp->bytes, hole_at }, 0 },
		{ hole ? HOLE : SEND, FROM_SERVER, { NULL, 0 }, hole },
		{ SEND, FROM_SERVER, { sp->bytes + hole_at + hole, sp->n - hole_at - hole }, 0 },
		{ END, 0, { 0 }, 0 },
	};

	play_handed = str_of(extensions);
	play_twice(events, true, DISSECT_OPEN_MAX);
}

static const char text[] = "a text that is said, and a text that is said again, and again a text";
enum { TEXT = sizeof(text) - 1 };

TEST(a_context_goes_on_from_message_to_message)
{
	struct speaker *sp = speaker_new(15, false);

	say(sp, text, TEXT);
	say(sp, text, TEXT);
	play_speaker(sp, "permessage-deflate", sp->n, 0);

	expect_rows(2);
	expect_row(0, "ws.compressed=true ws.content_bytes=68 !ws.anomalies");
	expect_row(1, "ws.content_bytes=68 ws.bytes=6 ws.state=complete");
	speaker_free(sp);
}

TEST(a_masked_message_in_fragments_is_inflated)
{
	play_handed = STR("permessage-deflate; client_max_window_bits=15");

	/* "Hello" twice, of RFC 7692 §7.2.3.1 and §7.2.3.2, masked by zeros and not. */
	PLAY(C("\x41\x83\0\0\0\0\xf2\x48\xcd\x80\x84\0\0\0\0\xc9\xc9\x07\x00"),
	     C("\xc1\x85\xff\xff\xff\xff\x0d\xff\xee\xff\xff"));

	expect_row(0, "ws.frames=2 ws.bytes=7 ws.content_bytes=5 ws.compressed=true");
	expect_row(1, "ws.frames=1 ws.content_bytes=5 !ws.anomalies");
}

TEST(without_takeover_each_message_stands_for_itself)
{
	struct speaker *sp = speaker_new(15, true);

	say(sp, text, TEXT);
	say(sp, text, TEXT);
	play_speaker(sp, "permessage-deflate; server_no_context_takeover", sp->n, 0);

	expect_row(0, "ws.content_bytes=68");
	expect_row(1, "ws.content_bytes=68 !ws.anomalies");
	speaker_free(sp);
}

TEST(window_bits_are_agreed_for_each_side)
{
	struct ws_deflate d[2] = { 0 };

	assert_true(ws_deflate_agree(STR("x, PerMessage-Deflate ; server_max_window_bits = \"9\";"
					 "client_max_window_bits=12; client_no_context_takeover"),
				     d));

	assert_int_equal(d[FROM_SERVER].window_bits, 9);
	assert_false(d[FROM_SERVER].no_takeover);
	assert_int_equal(d[FROM_CLIENT].window_bits, 12);
	assert_true(d[FROM_CLIENT].no_takeover);
}

TEST(window_bits_out_of_range_are_as_none)
{
	struct ws_deflate d[2] = { 0 };

	assert_true(ws_deflate_agree(STR("permessage-deflate; server_max_window_bits=16;"
					 "client_max_window_bits=7"),
				     d));

	assert_int_equal(d[FROM_SERVER].window_bits, 15);
	assert_int_equal(d[FROM_CLIENT].window_bits, 15);
}

TEST(no_extension_is_none)
{
	struct ws_deflate d[2] = { 0 };

	assert_false(ws_deflate_agree(STR(" , "), d));
	assert_false(d[0].agreed);
}

TEST(a_small_window_suffices_where_it_was_agreed)
{
	struct speaker *sp = speaker_new(9, false);

	for (unsigned i = 0; i < 20; i++)
		say(sp, text, TEXT);
	play_speaker(sp, "permessage-deflate; server_max_window_bits=9", sp->n, 0);

	expect_rows(20);
	expect_row(19, "ws.content_bytes=68 !ws.anomalies");
	speaker_free(sp);
}

/* ---- Where it ends --------------------------------------------------------------------------- */

TEST(a_hole_ends_the_context_but_not_the_rows)
{
	struct speaker *sp = speaker_new(15, false);
	size_t first;

	say(sp, text, TEXT);
	first = sp->n;
	say(sp, text, TEXT);
	play_speaker(sp, "permessage-deflate", first - 10, 5);

	expect_rows(2);
	expect_row(0, "!ws.content_bytes ws.compressed=true ws.state=cut !ws.anomalies");
	expect_row(1, "!ws.content_bytes ws.compressed=true ws.state=complete");
	speaker_free(sp);
}

TEST(behind_a_hole_a_message_without_takeover_is_inflated_again)
{
	struct speaker *sp = speaker_new(15, true);
	size_t first;

	say(sp, text, TEXT);
	first = sp->n;
	say(sp, text, TEXT);
	play_speaker(sp, "permessage-deflate; server_no_context_takeover", first - 10, 5);

	expect_row(0, "!ws.content_bytes ws.state=cut");
	expect_row(1, "ws.content_bytes=68 ws.state=complete");
	speaker_free(sp);
}

TEST(what_is_not_compressed_as_it_says_is_marked)
{
	play_handed = STR("permessage-deflate");

	PLAY(S("\xc1\x02\xff\xff\xc1\x00"));

	expect_row(0, "!ws.content_bytes ws.anomalies=inflate-error ws.bytes=2");
	expect_row(1, "!ws.content_bytes !ws.anomalies");
}

TEST(a_final_block_ends_no_context)
{
	play_handed = STR("permessage-deflate");

	/* RFC 7692 §7.2.3.4, and a message that refers to it. */
	PLAY(S("\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), S("\xc1\x05\xf2\x00\x11\x00\x00"));

	expect_row(0, "ws.content_bytes=5 !ws.anomalies");
	expect_row(1, "ws.content_bytes=5 !ws.anomalies");
}

static void play_zeros(size_t n)
{
	struct speaker *sp = speaker_new(15, true);
	char *zeros = calloc(1, n);

	assert_non_null(zeros);
	say(sp, zeros, n);
	say(sp, text, TEXT);
	play_speaker(sp, "permessage-deflate; server_no_context_takeover", sp->n, 0);
	free(zeros);
	speaker_free(sp);
}

TEST(content_is_counted_to_its_cap)
{
	play_zeros(WS_INFLATE_MAX);
	expect_row(0, "ws.content_bytes=1048576 !ws.anomalies");
	play_zeros(WS_INFLATE_MAX + 1);
	expect_row(0, "ws.content_bytes=1048576(cut) ws.anomalies=inflate-cap ws.state=complete");
	expect_row(1, "ws.content_bytes=68");
}

TEST(a_side_that_only_sends_bombs_is_not_inflated_for_ever)
{
	struct speaker *sp = speaker_new(15, true);
	char *zeros = calloc(1, WS_INFLATE_MAX);

	assert_non_null(zeros);
	for (unsigned i = 0; i < 6; i++)
		say(sp, zeros, WS_INFLATE_MAX);
	play_speaker(sp, "permessage-deflate; server_no_context_takeover", sp->n, 0);

	expect_row(4, "ws.content_bytes=1048576 !ws.anomalies");
	expect_row(5, "!ws.content_bytes ws.anomalies=inflate-cap");
	free(zeros);
	speaker_free(sp);
}

TEST(without_memory_lengths_are_of_the_wire_alone)
{
	struct speaker *sp = speaker_new(15, false);
	struct fake *f = fake_new(&ws_dissector, true);

	say(sp, text, TEXT);
	f->heap.cap_bytes = 0;
	fake_handed(f, STR("permessage-deflate"));
	fake_send(f, FROM_SERVER, (struct str){ sp->bytes, sp->n }, SIZE_MAX);
	fake_close(f);

	assert_int_equal(f->rows, 1);
	assert_null(strstr(f->text, "content_bytes"));
	assert_null(strstr(f->text, "anomalies"));
	fake_free(f);
	speaker_free(sp);
}

TEST_MAIN
