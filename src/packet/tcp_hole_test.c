/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of one TCP direction where bytes are missing: when a hole is given up, what the capture cut
 * off, full memory, numbers too far away; each limit at its edge.
 */
#include "packet/tcp_test.h"

/* ---- Holes ----------------------------------------------------------------------------------- */

TEST(tcp_skips_an_acknowledged_hole_after_some_segments)
{
	RIG(r, 16);

	mark(&r, TCP_SYN, 99, "");
	ack(&r, 103);
	for (uint32_t i = 0; i < TCP_HOLE_SEGMENTS - 1; i++)
		seg(&r, 103 + i, "x");
	assert_int_equal(r.told_n, 0);
	seg(&r, 103 + TCP_HOLE_SEGMENTS - 1, "y");

	assert_str(told(&r), "###xxxxxxxy");
	assert_int_equal(r.counters.v[COUNTER_TCP_QUEUE_FULL], 0);
}

TEST(tcp_skips_an_acknowledged_hole_after_some_time)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 103, "def");
	r.at_ns += TCP_HOLE_NS - 1;
	ack(&r, 106);
	assert_int_equal(r.told_n, 0);
	r.at_ns++;
	ack(&r, 106);

	assert_str(told(&r), "###def");
	assert_int_equal(r.told_ns, NS_PER_S);
}

TEST(tcp_waits_at_a_hole_that_is_not_acknowledged_whole)
{
	RIG(r, 32);

	mark(&r, TCP_SYN, 99, "");
	ack(&r, 102);
	for (uint32_t i = 0; i < 2 * TCP_HOLE_SEGMENTS; i++)
		seg(&r, 103 + i, "x");
	r.at_ns += 5 * TCP_HOLE_NS;
	ack(&r, 102);
	assert_int_equal(r.told_n, 0);
	ack(&r, 103);

	assert_int_equal(r.told_n, 3 + 2 * TCP_HOLE_SEGMENTS);
}

TEST(tcp_judges_each_hole_by_itself)
{
	RIG(r, 32);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 101, "b");
	for (uint32_t i = 0; i < TCP_HOLE_SEGMENTS - 1; i++)
		seg(&r, 103 + i, "x");
	ack(&r, 150);

	assert_str(told(&r), "#b");
	seg(&r, 120, "y");
	assert_str(told(&r), "#b#xxxxxxx");
	assert_int_equal(r.h.queue_segments, 1);
}

TEST(tcp_measures_the_age_of_a_hole_from_when_it_came_first)
{
	RIG(r, 8);
	int64_t half_ns = TCP_HOLE_NS / 2;

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 103, "def");
	seg(&r, 109, "jkl");
	r.at_ns += half_ns;
	seg(&r, 100, "abc");
	ack(&r, 112);
	r.at_ns += half_ns;
	ack(&r, 112);
	assert_str(told(&r), "abcdef");
	r.at_ns += half_ns;
	ack(&r, 112);

	assert_str(told(&r), "abcdef###jkl");
}

TEST(tcp_keeps_the_highest_acknowledgement_of_what_was_seen)
{
	RIG(r, 16);

	mark(&r, TCP_SYN, 99, "");
	for (uint32_t i = 0; i < TCP_HOLE_SEGMENTS - 1; i++)
		seg(&r, 103 + i, "x");
	ack(&r, 105);
	ack(&r, 100);
	seg(&r, 103 + TCP_HOLE_SEGMENTS - 1, "y");

	assert_str(told(&r), "###xxxxxxxy");
}

TEST(tcp_forgets_an_acknowledgement_far_from_where_the_stream_begins)
{
	RIG(r, 16);

	ack(&r, 103 + TCP_WINDOW_MAX);
	seg(&r, 100, "abc");
	for (uint32_t i = 0; i < TCP_HOLE_SEGMENTS; i++)
		seg(&r, 104 + i, "x");

	assert_str(told(&r), "abc");
}

TEST(tcp_skips_the_hole_in_front_of_an_acknowledged_fin)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	mark(&r, TCP_FIN, 103, "");
	ack(&r, 104);
	assert_false(r.h.finished);
	r.at_ns += TCP_HOLE_NS;
	ack(&r, 104);

	assert_str(told(&r), "###");
	assert_true(r.h.finished);
}

TEST(tcp_does_not_believe_an_old_acknowledgement_after_the_numbers_wrapped)
{
	RIG(r, 16);
	static char part[64 * 1024];
	uint32_t n = sizeof(part), seq = 100;

	mark(&r, TCP_SYN, 99, "");
	ack(&r, 100);
	for (unsigned i = 0; i < 40000; i++, seq += n)
		put(&r, seq, (struct str){ part, n }, n);
	for (uint32_t i = 1; i <= TCP_HOLE_SEGMENTS; i++)
		seg(&r, seq + i, "x");

	assert_int_equal(r.h.gaps, 0);
	assert_int_equal(r.h.queue_segments, TCP_HOLE_SEGMENTS);
}

TEST(tcp_forgets_an_acknowledgement_that_the_next_one_contradicts)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 100, "abc");
	ack(&r, 500000);
	ack(&r, 103);
	flush(&r);

	assert_str(told(&r), "abc");
}

/* ---- Cut by the capture ---------------------------------------------------------------------- */

TEST(tcp_tells_cut_bytes_as_a_gap_at_their_place)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	put(&r, 110, STR("klm"), 5);
	put(&r, 100, STR("abc"), 10);
	put(&r, 115, STR(""), 4);
	seg(&r, 119, "z");

	assert_str(told(&r), "abc#######klm######z");
}

TEST(tcp_takes_from_the_queue_what_a_later_segment_was_cut_of)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 105, "fg");
	put(&r, 100, STR("abc"), 9);

	assert_str(told(&r), "abc##fg##");
}

TEST(tcp_does_not_believe_an_impossible_length)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	put(&r, 100, STR("abc"), TCP_WIRE_BYTES_MAX + 1);
	assert_str(told(&r), "abc");
	put(&r, 103, STR("def"), TCP_WIRE_BYTES_MAX);

	assert_int_equal(r.h.gap_bytes, TCP_WIRE_BYTES_MAX - 3);
}

/* ---- Full ------------------------------------------------------------------------------------ */

TEST(tcp_holds_as_many_segments_as_the_limit_says)
{
	RIG(r, POOL_BLOCKS);

	mark(&r, TCP_SYN, 99, "");
	for (uint32_t i = 0; i < TCP_QUEUE_SEGMENTS_MAX; i++)
		seg(&r, 102 + 2 * i, "x");
	assert_int_equal(r.h.queue_segments, TCP_QUEUE_SEGMENTS_MAX);
	assert_int_equal(r.told_n, 0);
	seg(&r, 102 + 2 * TCP_QUEUE_SEGMENTS_MAX, "x");

	assert_str(told(&r), "##x");
	assert_int_equal(r.h.queue_segments, TCP_QUEUE_SEGMENTS_MAX);
	assert_int_equal(r.counters.v[COUNTER_TCP_QUEUE_FULL], 1);
}

TEST(tcp_holds_as_many_bytes_as_the_limit_says)
{
	RIG(r, POOL_BLOCKS);
	static char part[64 * 1024];
	uint32_t n = sizeof(part), seq = 101;

	mark(&r, TCP_SYN, 99, "");
	for (size_t held = 0; held < TCP_QUEUE_BYTES_MAX; held += n, seq += n)
		put(&r, seq, (struct str){ part, n }, n);
	assert_int_equal(r.h.queue_bytes, TCP_QUEUE_BYTES_MAX);
	assert_int_equal(r.h.queue_segments, TCP_QUEUE_BYTES_MAX / n);
	assert_int_equal(r.told_n, 0);
	put(&r, seq, (struct str){ part, 1 }, 1);

	assert_int_equal(r.h.gap_bytes, 1);
	assert_int_equal(r.h.delivered_bytes, TCP_QUEUE_BYTES_MAX + 1);
	assert_int_equal(r.counters.v[COUNTER_TCP_QUEUE_FULL], 1);
}

TEST(tcp_keeps_a_large_segment_in_a_chain)
{
	RIG(r, 64);
	char part[TCP_BODY_BYTES + 1];

	memset(part, 'p', sizeof(part));
	mark(&r, TCP_SYN, 99, "");
	put(&r, 101, (struct str){ part, TCP_BODY_BYTES }, TCP_BODY_BYTES);
	assert_int_equal(r.pool.used, 1);
	put(&r, 5000, (struct str){ part, TCP_BODY_BYTES + 1 }, TCP_BODY_BYTES + 1);
	assert_int_equal(r.pool.used, 3);
	assert_int_equal(r.h.queue_segments, 2);
	flush(&r);

	assert_int_equal(r.data_calls, 3);
	assert_int_equal(r.h.delivered_bytes, 2 * TCP_BODY_BYTES + 1);
}

TEST(tcp_skips_its_first_hole_when_the_pool_is_empty)
{
	RIG(r, 2);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 101, "b");
	seg(&r, 103, "d");
	seg(&r, 105, "f");
	assert_str(told(&r), "#b");
	assert_int_equal(r.pool.used, 2);
	assert_int_equal(r.pool.refused, 0);
	flush(&r);

	assert_str(told(&r), "#b#d#f");
}

TEST(tcp_loses_nothing_silently_when_others_hold_the_pool)
{
	RIG(r, 1);
	void *theirs = pool_get(&r.pool);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 103, "def");
	seg(&r, 100, "abc");
	put(&r, 108, STR("i"), 3);
	pool_put(&r.pool, theirs);

	assert_str(told(&r), "###def##i##");
	assert_int_equal(r.h.retransmitted, 1);
	assert_int_equal(r.counters.v[COUNTER_TCP_QUEUE_FULL], 2);
}

TEST(tcp_delivers_in_front_of_the_queue_what_it_cannot_keep)
{
	RIG(r, 1);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 110, "klm");
	seg(&r, 105, "fg");
	assert_str(told(&r), "#####fg");
	flush(&r);

	assert_str(told(&r), "#####fg###klm");
}

/* ---- Far away -------------------------------------------------------------------------------- */

/* From 103, the next byte, to 206, the last one that was seen; later to 300, that was acknowledged.
 */
TEST(tcp_reaches_from_the_next_byte_to_the_last_that_is_known)
{
	RIG(r, 4);

	assert_true(tcp_half_reaches(&r.h, 0x80000000, 0));
	mark(&r, TCP_SYN, 99, "");
	seg(&r, 100, "abc");
	seg(&r, 203, "xyz");
	assert_true(tcp_half_reaches(&r.h, 103, 0));
	assert_true(tcp_half_reaches(&r.h, 206, 0));
	assert_false(tcp_half_reaches(&r.h, 102, 0));
	assert_false(tcp_half_reaches(&r.h, 207, 0));
	assert_true(tcp_half_reaches(&r.h, 93, 10));
	assert_true(tcp_half_reaches(&r.h, 216, 10));
	assert_false(tcp_half_reaches(&r.h, 92, 10));
	assert_false(tcp_half_reaches(&r.h, 217, 10));
	ack(&r, 300);

	assert_true(tcp_half_reaches(&r.h, 310, 10));
	assert_false(tcp_half_reaches(&r.h, 311, 10));
	assert_false(tcp_half_reaches(&r.h, 103 + 0x80000000, 10));
}

TEST(tcp_ignores_segments_outside_every_window)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 100, "abc");
	seg(&r, 103 + TCP_WINDOW_MAX, "far");
	seg(&r, 103 - (uint32_t)TCP_WINDOW_MAX, "far");
	assert_int_equal(r.h.strays, 2);
	assert_int_equal(r.h.queue_segments, 0);
	seg(&r, 103 + TCP_WINDOW_MAX - 1, "near");
	assert_int_equal(r.h.queue_segments, 1);
	seg(&r, 103, "def");

	assert_str(told(&r), "abcdef");
	assert_int_equal(r.h.strays, 2);
}

static void put_far(struct rig *r, uint32_t seq, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		seg(r, seq + 2 * i, "xy");
}

TEST(tcp_follows_a_stream_that_went_on_far_away)
{
	RIG(r, 4);
	uint32_t far = 103 + UINT32_C(0x80000000);

	mark(&r, TCP_SYN, 99, "");
	ack(&r, 100);
	seg(&r, 100, "abc");
	put_far(&r, far, TCP_HOLE_SEGMENTS - 1);
	ack(&r, far + 4);
	assert_str(told(&r), "abc");
	seg(&r, far + 2 * (TCP_HOLE_SEGMENTS - 1), "def");

	assert_int_equal(r.h.gap_bytes, UINT32_C(0x80000000) + 2 * (TCP_HOLE_SEGMENTS - 1));
	assert_int_equal(r.h.delivered_bytes, 6);
}

TEST(tcp_follows_far_without_acknowledgements_when_there_never_were_any)
{
	RIG(r, 4);

	seg(&r, 100, "abc");
	put_far(&r, UINT32_C(0x90000000), TCP_HOLE_SEGMENTS);

	assert_int_equal(r.h.delivered_bytes, 5);
	assert_int_equal(r.h.gaps, 1);
}

TEST(tcp_does_not_follow_far_against_the_peer_or_beside_a_living_stream)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	ack(&r, 100);
	put_far(&r, UINT32_C(0x90000000), 2 * TCP_HOLE_SEGMENTS);
	assert_int_equal(r.told_n, 0);
	for (uint32_t i = 0; i < 2 * TCP_HOLE_SEGMENTS; i++) {
		ack(&r, UINT32_C(0xa0000000) + 2 * i);
		seg(&r, UINT32_C(0xa0000000) + 2 * i, "xy");
		seg(&r, 100 + i, "a");
	}

	assert_str(told(&r), "aaaaaaaaaaaaaaaa");
	assert_int_equal(r.h.gaps, 0);
}

TEST_MAIN
