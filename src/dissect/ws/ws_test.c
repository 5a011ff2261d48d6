/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames as rows: lengths, masks, fragments and what comes between them, close codes, all that must
 * not be, and holes. Every conversation is also played byte by byte (play.h).
 */
#define PLAY_DISSECTOR ws_dissector
#include "play.h"

/* A client's mask, and bytes under it. */
#define KEY "\x01\x02\x03\x04"

static void handed(const char *extensions)
{
	play_handed = str_of(extensions);
}

TEST(a_message_of_each_side_is_a_row)
{
	handed("");

	PLAY(C("\x81\x85" KEY "hello"), S("\x82\x03"
					  "abc"));

	expect_rows(2);
	expect_row(0, "ws.from_server=false ws.opcode=text ws.bytes=5 ws.content_bytes=5 "
		      "ws.frames=1 ws.masked=true ws.compressed=false ws.sequence=1 "
		      "ws.state=complete !ws.anomalies !ws.close_code");
	expect_row(1, "ws.from_server=true ws.opcode=binary ws.bytes=3 ws.masked=false");
	assert_int_equal(played->ds.messages, 2);
}

TEST(an_empty_message_is_complete)
{
	handed("");

	PLAY(S("\x81\x00"));

	expect_row(0, "ws.bytes=0 ws.frames=1 ws.state=complete");
}

TEST(fragments_are_one_message_and_control_frames_between_them_are_rows)
{
	handed("");

	PLAY(S("\x01\x02"
	       "ab"),
	     S("\x89\x01!"),
	     S("\x00\x01"
	       "c"),
	     S("\x80\x00\x82\x00"));

	expect_rows(3);
	expect_row(0, "ws.opcode=ping ws.bytes=1 ws.frames=1 ws.sequence=2");
	expect_row(1, "ws.opcode=text ws.bytes=3 ws.frames=3 ws.sequence=1 ws.duration=3000000");
	expect_row(2, "ws.opcode=binary ws.sequence=3");
	assert_int_equal(played->ds.messages, 3);
}

/* ---- Lengths --------------------------------------------------------------------------------- */

static void play_length(const char *head, size_t head_n, size_t payload)
{
	char *all = calloc(1, head_n + payload);
	struct event events[] = { { SEND, FROM_SERVER, { all, head_n + payload }, 0 },
				  { END, 0, { 0 }, 0 } };

	assert_non_null(all);
	memcpy(all, head, head_n);
	play_twice(events, true, DISSECT_OPEN_MAX);
	free(all);
}

TEST(lengths_have_three_forms)
{
	handed("");

	play_length("\x82\x7d", 2, 125);
	expect_row(0, "ws.bytes=125 ws.state=complete !ws.anomalies");
	play_length("\x82\x7e\x00\x7e", 4, 126);
	expect_row(0, "ws.bytes=126 ws.state=complete !ws.anomalies");
	play_length("\x82\x7e\xff\xff", 4, 65535);
	expect_row(0, "ws.bytes=65535 ws.state=complete !ws.anomalies");
	play_length("\x82\x7f\0\0\0\0\0\x01\0\0", 10, 65536);
	expect_row(0, "ws.bytes=65536 ws.state=complete !ws.anomalies");
}

TEST(a_length_in_more_bytes_than_it_needs_is_marked)
{
	handed("");

	play_length("\x82\x7e\x00\x7d", 4, 125);
	expect_row(0, "ws.bytes=125 ws.anomalies=length-long");
	play_length("\x82\x7f\0\0\0\0\0\0\xff\xff", 10, 65535);
	expect_row(0, "ws.bytes=65535 ws.anomalies=length-long");
}

TEST(a_length_with_its_highest_bit_ends_the_stream)
{
	handed("");

	PLAY(S("\x82\x7f\x80\0\0\0\0\0\0\0"));

	assert_int_equal(played->over, FAKE_REJECTED);
	expect_rows(0);
}

/* ---- Close codes ----------------------------------------------------------------------------- */

TEST(a_close_code_is_read_under_its_mask)
{
	handed("");

	PLAY(C("\x88\x84" KEY "\x02\xeaxy"), S("\x88\x02\x03\xe8"));

	expect_row(0, "ws.opcode=close ws.close_code=1000 ws.bytes=4 !ws.anomalies");
	expect_row(1, "ws.close_code=1000 ws.from_server=true");
}

TEST(a_close_frame_without_a_code_says_1005)
{
	handed("");

	PLAY(S("\x88\x00"));

	expect_row(0, "ws.close_code=1005 !ws.anomalies");
}

TEST(codes_that_must_not_be_sent_are_marked)
{
	handed("");

	PLAY(S("\x88\x02\x03\xed"));
	expect_row(0, "ws.close_code=1005 ws.anomalies=close-invalid");
	PLAY(S("\x88\x02\x13\x88"));
	expect_row(0, "ws.close_code=5000 ws.anomalies=close-invalid");
	PLAY(S("\x88\x02\x13\x87"));
	expect_row(0, "ws.close_code=4999 !ws.anomalies");
	PLAY(S("\x88\x01\x03"));
	expect_row(0, "!ws.close_code ws.anomalies=close-invalid");
}

/* ---- What must not be ------------------------------------------------------------------------ */

TEST(wrong_masking_is_marked)
{
	handed("");

	PLAY(C("\x81\x01x"), S("\x81\x81" KEY "x"));

	expect_row(0, "ws.masked=false ws.anomalies=client-unmasked");
	expect_row(1, "ws.masked=true ws.anomalies=server-masked");
}

TEST(reserved_bits_are_marked_unless_an_extension_may_explain_them)
{
	handed("");
	PLAY(S("\xc1\x01x"));
	expect_row(0, "ws.compressed=false ws.anomalies=reserved-bits");
	handed("x-own");
	PLAY(S("\xf1\x01x"));
	expect_row(0, "ws.compressed=false !ws.anomalies");
	handed("permessage-deflate");
	PLAY(S("\xc9\x01x"));
	expect_row(0, "ws.opcode=ping ws.anomalies=reserved-bits");
}

TEST(a_reserved_opcode_is_a_row_of_its_own)
{
	handed("");

	PLAY(S("\x83\x01x\x8b\x00\x81\x00"));

	expect_row(0, "ws.opcode=other ws.bytes=1 ws.anomalies=reserved-opcode");
	expect_row(1, "ws.opcode=other ws.anomalies=reserved-opcode");
	expect_row(2, "ws.opcode=text !ws.anomalies");
}

TEST(control_frames_in_fragments_or_too_long_are_marked)
{
	handed("");

	PLAY(S("\x09\x00"));
	expect_row(0, "ws.opcode=ping ws.anomalies=control-fragmented");
	play_length("\x89\x7e\x00\x7e", 4, 126);
	expect_row(0, "ws.opcode=ping ws.bytes=126 ws.anomalies=control-oversized");
}

TEST(a_continuation_of_nothing_is_marked)
{
	handed("");

	PLAY(S("\x80\x01x\x81\x00"));

	expect_row(0, "ws.opcode=other ws.bytes=1 ws.anomalies=continuation-alone");
	expect_row(1, "ws.opcode=text !ws.anomalies");
}

TEST(a_message_within_a_message_ends_the_first)
{
	handed("");

	PLAY(S("\x01\x01x\x82\x00"));

	expect_row(0, "ws.opcode=text ws.state=cut ws.anomalies=message-interrupted");
	expect_row(1, "ws.opcode=binary ws.state=complete !ws.anomalies");
}

TEST(frames_behind_a_close_frame_are_marked)
{
	handed("");

	PLAY(S("\x88\x00\x81\x00"), C("\x81\x80" KEY));

	expect_row(1, "ws.anomalies=after-close");
	expect_row(2, "ws.from_server=false !ws.anomalies");
}

TEST(what_has_two_defects_at_once_is_no_frame)
{
	handed("");

	PLAY(C("GET / HTTP/1.1\r\n"));

	assert_int_equal(played->over, FAKE_REJECTED);
	expect_rows(0);
}

/* ---- Holes and ends -------------------------------------------------------------------------- */

TEST(a_hole_within_a_payload_is_survived)
{
	handed("");

	PLAY(S("\x81\x0a"
	       "ab"),
	     S_HOLE(5), S("cde\x82\x00"));

	expect_rows(2);
	expect_row(0, "ws.bytes=10 ws.state=cut");
	expect_row(1, "ws.opcode=binary ws.state=complete");
	assert_int_equal(played->ds.messages, 2);
}

TEST(a_hole_beyond_a_payload_ends_the_stream)
{
	handed("");

	PLAY(S("\x81\x05"
	       "ab"),
	     S_HOLE(4), S("\x82\x00"));

	assert_int_equal(played->over, FAKE_REJECTED);
	expect_rows(1);
	expect_row(0, "ws.bytes=5 ws.state=cut");
}

TEST(a_hole_within_a_head_ends_the_stream)
{
	handed("");

	PLAY(S("\x01\x00\x82"), S_HOLE(1), S("\x82\x00"));

	assert_int_equal(played->over, FAKE_REJECTED);
	expect_rows(1);
	expect_row(0, "ws.opcode=text ws.state=cut");
}

TEST(a_close_code_in_a_hole_is_absent)
{
	handed("");

	PLAY(S("\x88\x05\x03"), S_HOLE(1), S("abc"));

	expect_row(0, "ws.opcode=close !ws.close_code ws.state=cut !ws.anomalies");
}

TEST(what_is_unfinished_at_the_end_is_cut)
{
	handed("");

	PLAY(S("\x01\x02"
	       "ab"),
	     C("\x89\x84" KEY "x"));

	expect_rows(2);
	expect_row(0, "ws.from_server=false ws.opcode=ping ws.bytes=1 ws.state=cut");
	expect_row(1, "ws.opcode=text ws.bytes=2 ws.frames=1 ws.state=cut");
}

TEST(without_memory_for_rows_it_goes_on)
{
	handed("");

	PLAY_(true, 1, S("\x01\x00\x89\x00\x80\x00\x89\x00"));

	expect_rows(2);
	expect_row(0, "ws.opcode=text ws.frames=2");
	expect_row(1, "ws.opcode=ping");
}

TEST_MAIN
