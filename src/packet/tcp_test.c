/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of one TCP direction as the wire means it: order, repetitions, the ends of a stream. Where
 * bytes are missing is in tcp_hole_test.c, and random streams are in tcp_model_test.c.
 */
#include "packet/tcp_test.h"

/* ---- Order ----------------------------------------------------------------------------------- */

TEST(tcp_gives_bytes_in_order_without_a_copy)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 100, "abc");
	seg(&r, 103, "def");

	assert_str(told(&r), "abcdef");
	assert_int_equal(r.pool.fresh, 0);
	assert_int_equal(r.h.delivered_bytes, 6);
	assert_int_equal(r.h.out_of_order, 0);
}

TEST(tcp_orders_what_comes_early)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 106, "ghi");
	seg(&r, 103, "def");
	assert_int_equal(r.told_n, 0);
	seg(&r, 100, "abc");

	assert_str(told(&r), "abcdefghi");
	assert_int_equal(r.h.out_of_order, 2);
	assert_int_equal(r.h.retransmitted, 0);
	assert_int_equal(r.pool.used, 0);
}

TEST(tcp_counts_sequence_numbers_modulo_two_to_the_32)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 0xfffffffd, "");
	seg(&r, 1, "def");
	seg(&r, 0xfffffffe, "abc");
	seg(&r, 0xffffffff, "bcde");
	mark(&r, TCP_FIN, 4, "g");

	assert_str(told(&r), "abcdefg");
	assert_true(r.h.finished);
	assert_int_equal(r.h.retransmitted, 1);
}

TEST(tcp_begins_at_the_first_data_seen_without_a_syn)
{
	RIG(r, 4);

	ack(&r, 150);
	seg(&r, 100, "abc");
	seg(&r, 97, "xyz");
	seg(&r, 103, "def");

	assert_str(told(&r), "abcdef");
	assert_int_equal(r.h.retransmitted, 1);
	assert_int_equal(r.h.gaps, 0);
}

TEST(tcp_takes_the_data_of_a_syn_behind_its_number)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "abc");
	mark(&r, TCP_SYN, 99, "abc");
	seg(&r, 100, "abc");
	seg(&r, 103, "def");

	assert_str(told(&r), "abcdef");
	assert_int_equal(r.h.retransmitted, 2);
}

TEST(tcp_takes_a_second_syn_only_before_data_and_acknowledgement)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	mark(&r, TCP_SYN, 4999, "");
	ack(&r, 5000);
	mark(&r, TCP_SYN, 8999, "");
	seg(&r, 5000, "abc");
	mark(&r, TCP_SYN, 6999, "xyz");
	seg(&r, 5003, "def");

	assert_str(told(&r), "abcdef");
	assert_int_equal(r.h.queue_segments, 0);
}

TEST(tcp_tells_the_time_of_capture_or_of_the_bytes_waited_for)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	r.at_ns = 10;
	seg(&r, 103, "def");
	r.at_ns = 20;
	seg(&r, 100, "a");
	assert_int_equal(r.told_ns, 20);
	r.at_ns = 15;
	seg(&r, 110, "klm");
	r.at_ns = 18;
	seg(&r, 101, "bc");
	assert_str(told(&r), "abcdef");
	assert_int_equal(r.told_ns, 20);
	r.at_ns = 90;
	flush(&r);

	assert_int_equal(r.told_ns, 20);
}

TEST(tcp_never_tells_queued_bytes_earlier_than_those_in_front)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	r.at_ns = 10;
	seg(&r, 105, "f");
	r.at_ns = 20;
	seg(&r, 100, "ab");
	flush(&r);

	assert_str(told(&r), "ab###f");
	assert_int_equal(r.told_ns, 20);
}

/* ---- Repetitions ----------------------------------------------------------------------------- */

TEST(tcp_keeps_the_first_of_two_versions)
{
	RIG(r, 8);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 104, "ef");
	seg(&r, 102, "CDEFGH");
	seg(&r, 100, "ABC");

	assert_str(told(&r), "ABCDefGH");
	assert_int_equal(r.h.overlaps, 1);
	assert_int_equal(r.h.retransmitted, 0);
}

TEST(tcp_counts_no_difference_where_bytes_are_equal)
{
	RIG(r, 8);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 104, "ef");
	seg(&r, 104, "ef");
	seg(&r, 103, "defg");
	seg(&r, 100, "abcdefgh");

	assert_str(told(&r), "abcdefgh");
	assert_int_equal(r.h.overlaps, 0);
	assert_int_equal(r.h.retransmitted, 1);
}

TEST(tcp_takes_the_new_end_of_a_segment_that_begins_old)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 100, "abc");
	seg(&r, 98, "..XXcde");

	assert_str(told(&r), "abcde");
	assert_int_equal(r.h.retransmitted, 0);
}

TEST(tcp_fills_several_holes_from_one_segment)
{
	RIG(r, 16);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 102, "c");
	seg(&r, 104, "e");
	seg(&r, 107, "h");
	seg(&r, 101, "bcdefghi");
	assert_int_equal(r.h.queue_segments, 7);
	seg(&r, 100, "a");

	assert_str(told(&r), "abcdefghi");
	assert_int_equal(r.h.overlaps, 0);
}

TEST(tcp_does_not_take_keepalives_for_retransmissions)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 100, "abc");
	seg(&r, 102, "");
	seg(&r, 102, "x");
	assert_int_equal(r.h.retransmitted, 0);
	seg(&r, 101, "x");

	assert_int_equal(r.h.retransmitted, 1);
	assert_str(told(&r), "abc");
}

/* ---- End ------------------------------------------------------------------------------------- */

TEST(tcp_finishes_only_when_all_before_the_fin_is_there)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	mark(&r, TCP_FIN, 103, "def");
	assert_true(r.h.fin_seen);
	assert_false(r.h.finished);
	seg(&r, 100, "abc");

	assert_true(r.h.finished);
	assert_str(told(&r), "abcdef");
}

TEST(tcp_ignores_data_behind_the_fin)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	mark(&r, TCP_FIN, 100, "abc");
	seg(&r, 103, "def");
	mark(&r, TCP_FIN, 100, "abc");
	mark(&r, TCP_FIN, 103, "");
	flush(&r);

	assert_str(told(&r), "abc");
	assert_true(r.h.finished);
	assert_int_equal(r.h.retransmitted, 3);
}

TEST(tcp_ignores_a_fin_in_front_of_data_that_was_seen)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 103, "def");
	mark(&r, TCP_FIN, 101, "");
	seg(&r, 100, "abc");

	assert_false(r.h.fin_seen);
	assert_str(told(&r), "abcdef");
}

TEST(tcp_believes_the_nearest_of_several_fins)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	mark(&r, TCP_FIN, 5000, "");
	mark(&r, TCP_FIN, 100, "abc");

	assert_true(r.h.finished);
}

TEST(tcp_ignores_segments_with_rst_or_with_a_cut_header)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	mark(&r, TCP_RST, 100, "gone");
	r.cut_header = true;
	seg(&r, 700, "x");
	seg(&r, 100, "abc");

	assert_str(told(&r), "abc");
	assert_int_equal(r.h.queue_segments, 0);
}

TEST(tcp_flush_tells_holes_between_what_waits)
{
	RIG(r, 8);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 102, "cd");
	seg(&r, 106, "gh");
	mark(&r, TCP_FIN, 110, "");
	flush(&r);
	flush(&r);

	assert_str(told(&r), "##cd##gh##");
	assert_int_equal(r.h.gaps, 3);
	assert_true(r.h.finished);
	assert_int_equal(r.pool.used, 0);
}

TEST(tcp_flush_tells_bytes_that_only_the_peer_saw)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	ack(&r, 100);
	seg(&r, 100, "abc");
	ack(&r, 110);
	flush(&r);

	assert_str(told(&r), "abc#######");
}

TEST(tcp_flush_does_not_take_syn_and_fin_for_lost_bytes)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	ack(&r, 100);
	mark(&r, TCP_FIN, 100, "abc");
	ack(&r, 104);
	flush(&r);

	assert_str(told(&r), "abc");
	assert_int_equal(r.h.gaps, 0);
}

TEST(tcp_flush_says_nothing_of_a_half_that_never_spoke)
{
	RIG(r, 4);

	ack(&r, 1000);
	ack(&r, 2000);
	flush(&r);

	assert_int_equal(r.told_n, 0);
}

TEST(tcp_done_gives_the_queue_back_untold)
{
	RIG(r, 4);

	mark(&r, TCP_SYN, 99, "");
	seg(&r, 110, "abc");
	assert_int_equal(r.pool.used, 1);
	tcp_half_done(&r.h, &r.pool);

	assert_int_equal(r.pool.used, 0);
	assert_int_equal(r.told_n, 0);
}

TEST_MAIN
