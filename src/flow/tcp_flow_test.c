/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TCP connection becomes: its ends, state, counts and times, whichever way round it is seen.
 */
#include "flow/frames_test.h"

static const struct row_view *only_flow(struct rig *r)
{
	rig_end(r);
	assert_int_equal(rig_count(r, KIND_FLOW), 1);
	return rig_row(r, KIND_FLOW, 0);
}

static void whole_connection(struct talk *t)
{
	talk_open(t);
	talk_exchange(t);
	talk_close(t);
}

static void check_whole_connection(struct rig *r, const char *client, const char *server)
{
	const struct row_view *f = only_flow(r);
	const struct row_view *h = rig_row(r, KIND_HTTP, 0);

	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_row_ip(f, common_src_ip, client);
	assert_row_ip(f, common_dst_ip, server);
	assert_int_equal(row_u64(f, common_dst_port), 80);
	assert_int_equal(row_u64(f, flow_src_packets), 5);
	assert_int_equal(row_u64(f, flow_dst_packets), 3);
	assert_int_equal(row_u64(f, flow_src_bytes), 5 * 40 + strlen(GET_A));
	assert_int_equal(row_u64(f, flow_dst_bytes), 3 * 40 + strlen(OK_5));
	assert_int_equal(row_u64(f, flow_transactions), 1);
	assert_str(row_text(f, flow_protocol), "http1");
	assert_row_ip(h, common_src_ip, client);
	assert_int_equal(row_u64(h, common_src_port), 40000);
	assert_int_equal(row_u64(h, http_status), 200);
	assert_int_equal(row_u64(h, common_flow_id), row_u64(f, common_flow_id));
}

TEST(a_client_with_the_lower_address_is_the_source)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	whole_connection(&t);

	check_whole_connection(r, "10.0.0.1", "10.0.0.2");
	rig_free(r);
}

TEST(a_client_with_the_higher_address_is_the_source)
{
	struct rig *r = rig_new();
	struct talk t = talk_of(r, (struct peer){ "10.0.0.9", 40000 }, HIGH);

	whole_connection(&t);

	check_whole_connection(r, "10.0.0.9", "10.0.0.2");
	rig_free(r);
}

TEST(ipv6_connections_are_followed_as_well)
{
	struct rig *r = rig_new();
	struct talk t = talk_of(r, (struct peer){ "2001:db8::9", 40000 },
				(struct peer){ "2001:db8::1", 80 });
	const struct row_view *f;

	whole_connection(&t);
	f = only_flow(r);

	assert_row_ip(f, common_src_ip, "2001:db8::9");
	assert_int_equal(row_u64(f, flow_src_bytes), 5 * 60 + strlen(GET_A));
	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	rig_free(r);
}

TEST(a_whole_connection_is_closed_with_its_handshake_timed)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	const struct row_view *f;

	whole_connection(&t);
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_state), FLOW_CLOSED);
	assert_int_equal(row_u64(f, flow_end), END_CLOSED);
	assert_int_equal(row_i64(f, flow_handshake), 2 * NS_PER_MS);
	assert_int_equal(row_i64(f, flow_duration), 7 * NS_PER_MS);
	assert_int_equal(row_i64(f, common_time), T0);
	assert_false(row_true(f, flow_midstream));
	rig_free(r);
}

/* Both directions have one id, and it is the same in every version. */
TEST(the_flow_id_is_stable)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	const struct row_view *f;

	flags_from(&t, SERVER, TCP_ACK);
	flags_from(&t, CLIENT, TCP_ACK);
	f = only_flow(r);

	assert_int_equal(row_u64(f, common_flow_id), UINT64_C(0x5dda960277c5583f));
	rig_free(r);
}

TEST(a_lone_syn_is_half_open)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	const struct row_view *f;

	flags_from(&t, CLIENT, TCP_SYN);
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_state), FLOW_HALF_OPEN);
	assert_int_equal(row_u64(f, flow_end), END_OF_CAPTURE);
	assert_false(has_value(f, flow_handshake.ref));
	rig_free(r);
}

TEST(a_handshake_within_one_tick_of_the_clock_took_no_time)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	const struct row_view *f;

	flags_from(&t, CLIENT, TCP_SYN);
	flags_from(&t, SERVER, TCP_SYN | TCP_ACK);
	r->at_ns = T0;
	flags_from(&t, CLIENT, TCP_ACK);
	f = only_flow(r);

	assert_int_equal(row_i64(f, flow_handshake), 0);
	rig_free(r);
}

TEST(a_clock_that_goes_back_makes_no_negative_times)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	const struct row_view *f;

	flags_from(&t, CLIENT, TCP_SYN);
	r->at_ns = T0 - NS_PER_S;
	flags_from(&t, SERVER, TCP_SYN | TCP_ACK);
	flags_from(&t, CLIENT, TCP_ACK);
	f = only_flow(r);

	assert_int_equal(row_i64(f, flow_duration), NS_PER_S);
	assert_int_equal(row_i64(f, common_time), T0 - NS_PER_S);
	assert_false(has_value(f, flow_handshake.ref));
	rig_free(r);
}

TEST(a_reset_in_answer_to_a_syn_is_a_refusal)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	const struct row_view *f;

	flags_from(&t, CLIENT, TCP_SYN);
	flags_from(&t, SERVER, TCP_RST | TCP_ACK);
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_state), FLOW_REFUSED);
	assert_int_equal(row_u64(f, flow_end), END_CLOSED);
	rig_free(r);
}

TEST(a_reset_of_an_open_connection_ends_it)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	const struct row_view *f;

	talk_open(&t);
	say(&t, CLIENT, GET_A);
	flags_from(&t, SERVER, TCP_RST);
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_state), FLOW_RESET);
	assert_int_equal(row_u64(rig_row(r, KIND_HTTP, 0), http_state), HTTP_NO_RESPONSE);
	rig_free(r);
}

TEST(a_reset_behind_both_fins_changes_nothing)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	whole_connection(&t);
	flags_from(&t, CLIENT, TCP_RST);

	assert_int_equal(row_u64(only_flow(r), flow_state), FLOW_CLOSED);
	rig_free(r);
}

TEST(data_behind_a_reset_is_counted_and_not_dissected)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	flags_from(&t, SERVER, TCP_RST);
	talk_exchange(&t);

	assert_int_equal(row_u64(only_flow(r), flow_src_packets), 3);
	assert_int_equal(rig_count(r, KIND_HTTP), 0);
	rig_free(r);
}

TEST(one_fin_leaves_a_connection_closing)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	const struct row_view *f;

	talk_open(&t);
	flags_from(&t, CLIENT, TCP_FIN | TCP_ACK);
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_state), FLOW_CLOSING);
	assert_int_equal(row_u64(f, flow_end), END_OF_CAPTURE);
	rig_free(r);
}

TEST(a_syn_that_is_sent_again_is_the_same_connection)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	const struct row_view *f;

	flags_from(&t, CLIENT, TCP_SYN);
	t.next[CLIENT]--;
	talk_open(&t);
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_src_packets), 3);
	assert_int_equal(row_i64(f, flow_handshake), 3 * NS_PER_MS);
	rig_free(r);
}

TEST(a_syn_with_another_number_replaces_the_connection)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	whole_connection(&t);
	t.next[CLIENT] += 50000;
	t.next[SERVER] += 50000;
	whole_connection(&t);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_FLOW), 2);
	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 0), flow_end), END_REPLACED);
	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 1), flow_end), END_CLOSED);
	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 1), flow_src_packets), 5);
	rig_free(r);
}

/* RFC 9293 section 3.10.7.4: a server that still holds an older connection answers with an ACK. */
TEST(a_syn_repeated_behind_a_reset_is_one_attempt)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	const struct row_view *f;

	flags_from(&t, CLIENT, TCP_SYN);
	segment_at(&t, SERVER, TCP_ACK, 77, STR(""));
	segment_at(&t, CLIENT, TCP_RST, 88, STR(""));
	t.next[CLIENT]--;
	talk_open(&t);
	talk_exchange(&t);
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_state), FLOW_OPEN);
	assert_int_equal(row_i64(f, flow_handshake), 5 * NS_PER_MS);
	assert_int_equal(row_u64(f, flow_gaps), 0);
	assert_int_equal(row_u64(rig_row(r, KIND_HTTP, 0), http_state), HTTP_COMPLETE);
	rig_free(r);
}

/* What the older connection says may be anywhere; nothing of it is believed. */
TEST(an_older_connections_ack_and_reset_tell_nothing_of_an_attempt)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r), older = t;
	const struct row_view *f;

	flags_from(&t, CLIENT, TCP_SYN);
	older.next[CLIENT] += 976271786;
	segment_at(&older, SERVER, TCP_ACK, 3863424624, STR(""));
	segment_at(&older, CLIENT, TCP_RST, older.next[CLIENT], STR(""));
	rig_look(r);
	assert_int_equal(rig_count(r, KIND_GAP), 0);
	t.next[CLIENT]--;
	talk_open(&t);
	talk_exchange(&t);
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_state), FLOW_OPEN);
	assert_int_equal(row_i64(f, flow_handshake), 5 * NS_PER_MS);
	assert_int_equal(row_u64(f, flow_gaps), 0);
	assert_int_equal(row_u64(rig_row(r, KIND_HTTP, 0), http_state), HTTP_COMPLETE);
	rig_free(r);
}

/* The window of a SYN is not scaled (RFC 7323 section 2.2). */
TEST(a_reset_of_an_attempt_counts_within_its_window)
{
	for (unsigned beyond = 0; beyond < 2; beyond++) {
		struct rig *r = rig_new();
		struct talk t = talk_low(r);

		flags_from(&t, CLIENT, TCP_SYN);
		segment_at(&t, CLIENT, TCP_RST, t.next[CLIENT] + 65535 + beyond, STR(""));

		assert_int_equal(row_u64(only_flow(r), flow_state),
				 beyond ? FLOW_HALF_OPEN : FLOW_RESET);
		rig_free(r);
	}
}

/* RFC 5961 section 3: otherwise who guesses at a number could hide what follows from us. */
TEST(a_reset_far_from_the_stream_ends_nothing)
{
	static const int32_t shifts[] = { RST_REACH + 1, -RST_REACH - 1, INT32_MIN };

	for (size_t i = 0; i < ARRAY_LEN(shifts); i++) {
		struct rig *r = rig_new();
		struct talk t = talk_low(r);
		const struct row_view *f;

		talk_open(&t);
		segment_at(&t, SERVER, TCP_RST, t.next[SERVER] + (uint32_t)shifts[i], STR(""));
		segment_at(&t, CLIENT, TCP_RST | TCP_ACK, t.next[CLIENT] + (uint32_t)shifts[i],
			   STR(""));
		talk_exchange(&t);
		f = only_flow(r);

		assert_int_equal(row_u64(f, flow_state), FLOW_OPEN);
		assert_int_equal(row_u64(rig_row(r, KIND_HTTP, 0), http_state), HTTP_COMPLETE);
		rig_free(r);
	}
}

TEST(a_reset_near_the_stream_ends_it)
{
	static const int32_t shifts[] = { RST_REACH, -RST_REACH, 1 };

	for (size_t i = 0; i < ARRAY_LEN(shifts); i++) {
		struct rig *r = rig_new();
		struct talk t = talk_low(r);

		talk_open(&t);
		segment_at(&t, SERVER, TCP_RST, t.next[SERVER] + (uint32_t)shifts[i], STR(""));
		talk_exchange(&t);

		assert_int_equal(row_u64(only_flow(r), flow_state), FLOW_RESET);
		assert_int_equal(rig_count(r, KIND_HTTP), 0);
		rig_free(r);
	}
}

/* Only the server is seen: its SYN says that there is another connection. */
TEST(an_answered_syn_behind_an_end_begins_another_connection)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	for (unsigned i = 0; i < 2; i++) {
		flags_from(&t, SERVER, TCP_SYN | TCP_ACK);
		say(&t, SERVER, OK_5);
		flags_from(&t, SERVER, TCP_RST);
		t.next[SERVER] += 50000;
	}
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_FLOW), 2);
	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 1), common_src_port), 40000);
	rig_free(r);
}

TEST(an_unfinished_exchange_leaves_when_its_connection_is_replaced)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	const struct row_view *h;

	talk_open(&t);
	say(&t, CLIENT, GET_A);
	t.next[CLIENT] += 50000;
	flags_from(&t, CLIENT, TCP_SYN);
	rig_look(r);
	h = rig_row(r, KIND_HTTP, 0);

	assert_int_equal(row_u64(h, http_state), HTTP_NO_RESPONSE);
	assert_int_equal(row_i64(h, common_time), T0 + 3 * NS_PER_MS);
	rig_end(r);
	rig_free(r);
}

TEST(retransmissions_are_counted_and_do_not_repeat_records)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	const struct row_view *f;

	talk_open(&t);
	say(&t, CLIENT, GET_A);
	segment_at(&t, CLIENT, TCP_ACK, t.next[CLIENT] - (uint32_t)strlen(GET_A), STR(GET_A));
	say(&t, SERVER, OK_5);
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_src_retransmissions), 1);
	assert_int_equal(row_u64(f, flow_dst_retransmissions), 0);
	assert_int_equal(r->counters.v[COUNTER_TCP_RETRANSMITTED], 1);
	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	rig_free(r);
}

TEST(segments_in_any_order_make_one_record)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	struct str get = STR(GET_A);
	uint32_t at;
	const struct row_view *f;

	talk_open(&t);
	at = t.next[CLIENT];
	segment_at(&t, CLIENT, TCP_ACK, at + 20, str_skip(get, 20));
	segment_at(&t, CLIENT, TCP_ACK, at + 10, str_head(str_skip(get, 10), 10));
	segment_at(&t, CLIENT, TCP_ACK, at, str_head(get, 10));
	t.next[CLIENT] += (uint32_t)get.n;
	say(&t, SERVER, OK_5);
	f = only_flow(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_str(row_text(rig_row(r, KIND_HTTP, 0), http_path), "/a");
	assert_int_equal(row_u64(f, flow_out_of_order), 2);
	assert_int_equal(row_u64(f, flow_gaps), 0);
	rig_free(r);
}

TEST(an_overlap_with_other_bytes_is_counted_and_the_first_ones_win)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	struct str get = STR(GET_A);
	const struct row_view *f;

	talk_open(&t);
	segment_at(&t, CLIENT, TCP_ACK, t.next[CLIENT] + 5, str_skip(get, 5));
	segment_at(&t, CLIENT, TCP_ACK, t.next[CLIENT] + 4, STR("/EVIL"));
	segment_at(&t, CLIENT, TCP_ACK, t.next[CLIENT], str_head(get, 5));
	t.next[CLIENT] += (uint32_t)get.n;
	say(&t, SERVER, OK_5);
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_overlaps), 1);
	assert_str(row_text(rig_row(r, KIND_HTTP, 0), http_path), "/a");
	rig_free(r);
}

/* Bytes that waited for earlier ones are told with the times they have, not with that of what ended
 * the flow. */
TEST(an_idle_end_does_not_date_what_it_delivers)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	const struct row_view *gap;

	talk_open(&t);
	say(&t, CLIENT, GET_A);
	lose(&t, SERVER, "xx");
	say(&t, SERVER, OK_5);
	r->at_ns += 2 * r->conf.idle_tcp_ns;
	send_udp(r, LOW, HIGH, STR("later"));
	rig_look(r);
	gap = rig_row(r, KIND_GAP, 0);

	assert_int_equal(row_i64(gap, common_time), T0 + 4 * NS_PER_MS);
	assert_int_equal(row_u64(rig_row(r, KIND_HTTP, 0), http_status), 200);
	rig_end(r);
	rig_free(r);
}

TEST_MAIN
