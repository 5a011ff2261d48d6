/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams: whose they are, what their dissector is shown, and when a flow gives back what it
 * held.
 */
#include "flow/toys_test.h"

#define SERVER_53 ((struct peer){ "10.0.0.2", 53 })

static struct peer client(unsigned n)
{
	return (struct peer){ "10.0.0.1", (uint16_t)(20000 + n) };
}

static void ask(struct rig *r, unsigned n, const char *text)
{
	send_udp(r, client(n), SERVER_53, str_of(text));
}

static void reply(struct rig *r, unsigned n, const char *text)
{
	send_udp(r, SERVER_53, client(n), str_of(text));
}

/* The same where nobody knows the port. */
static const struct peer odd_server = { "10.0.0.2", 30000 };

static void ask_odd(struct rig *r, const char *text)
{
	send_udp(r, client(1), odd_server, str_of(text));
}

static void reply_odd(struct rig *r, const char *text)
{
	send_udp(r, odd_server, client(1), str_of(text));
}

static const struct row_view *flow_row(const struct rig *r, size_t i)
{
	return rig_row(r, KIND_FLOW, i);
}

TEST(a_question_and_its_answer_are_one_record)
{
	struct rig *r = rig_toys();

	ask(r, 1, "?a");
	assert_int_equal(r->e->streams.used, 1);
	assert_int_equal(r->e->transactions.used, 1);
	reply(r, 1, "!a");
	assert_int_equal(r->e->streams.used, 0);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_str(told(r, 0), "a");
	assert_int_equal(row_i64(rig_row(r, KIND_HTTP, 0), common_time), T0);
	assert_int_equal(row_u64(rig_row(r, KIND_HTTP, 0), common_dst_port), 53);
	assert_str(row_text(flow_row(r, 0), flow_protocol), "quiz");
	assert_int_equal(row_u64(flow_row(r, 0), flow_transactions), 1);
	rig_free(r);
}

TEST(who_asks_is_told_by_the_first_datagram_that_is_understood)
{
	struct rig *r = rig_toys();

	send_udp(r, client(1), (struct peer){ "10.0.0.2", 30000 }, STR("!a"));
	send_udp(r, client(1), (struct peer){ "10.0.0.2", 30000 }, STR("?b"));
	send_udp(r, client(1), (struct peer){ "10.0.0.2", 30000 }, STR("!b"));
	rig_end(r);

	assert_int_equal(row_u64(flow_row(r, 0), common_src_port), 30000);
	assert_false(row_true(rig_row(r, KIND_HTTP, 0), http_reset_by_server));
	assert_false(row_true(rig_row(r, KIND_HTTP, 1), http_reset_by_server));
	rig_free(r);
}

TEST(what_the_capture_lacks_of_a_datagram_is_said)
{
	struct rig *r = rig_toys();
	const struct shape cut = { .src = SERVER_53,
				   .dst = client(1),
				   .proto = IP_PROTO_UDP,
				   .body = STR("!a and more"),
				   .keep = 14 + 20 + 8 + 4 };

	ask(r, 1, "?a");
	send_shape(r, &cut);
	rig_end(r);

	assert_int_equal(row_u64(rig_row(r, KIND_HTTP, 0), http_status), 7);
	rig_free(r);
}

/* Its header is cut, or all behind it. */
TEST(a_datagram_of_which_nothing_was_captured_is_not_shown)
{
	struct rig *r = rig_toys();
	struct shape cut = {
		.src = client(1), .dst = SERVER_53, .proto = IP_PROTO_UDP, .body = STR("?a")
	};

	for (cut.keep = 14 + 20; cut.keep <= 14 + 20 + 8; cut.keep++)
		send_shape(r, &cut);
	ask(r, 1, "");
	ask(r, 1, "?a");
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_int_equal(r->counters.v[COUNTER_PARSE_REJECTED], 0);
	rig_free(r);
}

TEST(a_datagram_in_fragments_is_shown_whole)
{
	struct rig *r = rig_toys();
	struct shape part = { .src = client(1),
			      .dst = SERVER_53,
			      .proto = IP_PROTO_UDP,
			      .ip_id = 7,
			      .frag = 0x2000,
			      /* a UDP header of length 24, then the beginning */
			      .body = { "\x4e\x21\x00\x35\x00\x18\x00\x00?a first", 16 } };

	send_shape(r, &part);
	part.frag = 2;
	part.body = STR("and more");
	send_shape(r, &part);
	reply(r, 1, "!a");
	rig_end(r);

	assert_str(told(r, 0), "a firstand more");
	assert_int_equal(row_u64(flow_row(r, 0), flow_fragments), 2);
	assert_int_equal(row_u64(flow_row(r, 0), flow_payload_packets), 2);
	rig_free(r);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

TEST(ten_thousand_finished_flows_hold_no_stream)
{
	struct flow_conf conf = small_conf();
	struct rig *r;

	conf.flows = 16384;
	conf.streams = 1;
	conf.transactions = 1;
	r = rig_of(&conf, toys, ARRAY_LEN(toys));
	r->count_only = true;
	for (unsigned i = 0; i < 10000; i++) {
		r->at_ns = T0;
		ask(r, i, "?a");
		reply(r, i, "!a");
		assert_int_equal(r->e->streams.used, 0);
	}
	assert_int_equal(r->e->flows.used, 10000);
	rig_end(r);

	assert_int_equal(r->of_kind[KIND_HTTP], 10000);
	assert_int_equal(r->counters.v[COUNTER_TX_SHED], 0);
	rig_free(r);
}

TEST(an_unanswered_question_is_told_after_its_time_and_the_flow_goes_on)
{
	struct rig *r = rig_toys();

	ask(r, 1, "?a");
	r->at_ns = T0 + DISSECT_ANSWER_NS;
	send_udp(r, LOW, HIGH, STR("x"));
	assert_int_equal(r->e->streams.used, 1);
	r->at_ns = T0 + DISSECT_ANSWER_NS + 1;
	send_udp(r, LOW, HIGH, STR("x"));
	rig_look(r);
	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_int_equal(r->e->streams.used, 0);
	assert_int_equal(r->e->flows.used, 2);
	ask(r, 1, "?b");
	reply(r, 1, "!b");
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_int_equal(toy_closed, 1);
	assert_int_equal(rig_count(r, KIND_FLOW), 2);
	assert_int_equal(r->counters.v[COUNTER_FLOWS_IDLE], 0);
	rig_free(r);
}

TEST(the_time_of_an_answer_begins_anew_with_each_frame)
{
	struct rig *r = rig_toys();

	for (unsigned i = 0; i < 5; i++) {
		r->at_ns = T0 + i * DISSECT_ANSWER_NS;
		ask(r, 1, "?a");
	}

	assert_int_equal(r->e->streams.used, 1);
	assert_int_equal(toy_closed, 0);
	rig_end(r);
	assert_int_equal(rig_count(r, KIND_HTTP), 5);
	rig_free(r);
}

/* After it waited in vain it is unanswered again, and ends as such. */
TEST(a_flow_that_waited_ends_when_it_is_idle)
{
	struct rig *r = rig_toys();

	ask(r, 1, "?a");
	for (int64_t s = 1; s <= 130; s++) {
		r->at_ns = T0 + s * NS_PER_S;
		send_udp(r, LOW, HIGH, STR("x"));
	}
	rig_look(r);

	assert_int_equal(rig_count(r, KIND_FLOW), 1);
	assert_int_equal(row_u64(flow_row(r, 0), flow_end), END_IDLE);
	assert_int_equal(row_u64(flow_row(r, 0), common_src_port), 20001);
	rig_end(r);
	rig_free(r);
}

TEST(a_question_that_finds_no_stream_takes_that_of_the_oldest)
{
	struct flow_conf conf = small_conf();
	struct rig *r;

	conf.streams = 2;
	r = rig_of(&conf, toys, ARRAY_LEN(toys));
	ask(r, 1, "?a");
	ask(r, 2, "?b");
	ask(r, 3, "?c");
	rig_look(r);
	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_str(told(r, 0), "a");
	assert_int_equal(r->counters.v[COUNTER_TX_SHED], 1);
	reply(r, 2, "!b");
	reply(r, 3, "!c");
	reply(r, 1, "!a");
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 4);
	assert_str(told(r, 3), "nobody asked");
	rig_free(r);
}

/* A flood of questions must not keep connections from being read. */
TEST(a_connection_takes_the_stream_of_a_question)
{
	struct flow_conf conf = small_conf();
	struct talk t;
	struct rig *r;

	conf.streams = 1;
	r = rig_of(&conf, toys, ARRAY_LEN(toys));
	ask(r, 1, "?a");
	t = talk_low(r);
	talk_open(&t);
	say(&t, CLIENT, "toy\nbody\n");
	ask(r, 2, "?b");
	rig_end(r);

	assert_int_equal(r->counters.v[COUNTER_TX_SHED], 2);
	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_str(told(r, 0), "a");
	assert_str(told(r, 1), "left");
	rig_free(r);
}

/* The same of records: one is shed, then the oldest questions make room. */
TEST(questions_that_wait_make_room_for_records)
{
	struct flow_conf conf = small_conf();
	struct talk t;
	struct rig *r;

	conf.transactions = 8;
	r = rig_of(&conf, toys, ARRAY_LEN(toys));
	for (unsigned i = 0; i < 8; i++)
		ask(r, i, "?a");
	t = talk_low(r);
	talk_open(&t);
	say(&t, CLIENT, "toy\ndone\n");
	assert_int_equal(r->counters.v[COUNTER_TX_SHED], 1);
	ask(r, 9, "?b");
	reply(r, 9, "!b");
	rig_end(r);

	assert_int_equal(r->counters.v[COUNTER_TX_SHED], 1);
	assert_int_equal(rig_count(r, KIND_HTTP), 9);
	assert_str(told(r, 8), "b");
	rig_free(r);
}

TEST(an_evicted_flow_tells_its_open_question)
{
	struct flow_conf conf = small_conf();
	struct rig *r;

	conf.flows = 1;
	r = rig_of(&conf, toys, ARRAY_LEN(toys));
	ask(r, 1, "?a");
	send_udp(r, LOW, HIGH, STR("x"));
	rig_look(r);

	assert_str(told(r, 0), "a");
	assert_int_equal(r->e->streams.used, 0);
	rig_end(r);
	rig_free(r);
}

TEST(a_state_is_zero_for_each_datagram)
{
	struct rig *r = rig_toys();

	ask(r, 1, "=1");
	ask(r, 1, "=2");
	assert_int_equal(r->e->windows[0].used, 0);
	rig_end(r);

	assert_str(told(r, 1), "fresh");
	assert_int_equal(toy_closed, 0);
	rig_free(r);
}

TEST(a_state_that_is_kept_lasts_as_long_as_an_answer_is_waited_for)
{
	struct flow_conf conf = small_conf();
	struct rig *r = rig_of(&conf, keepers, ARRAY_LEN(keepers));

	ask(r, 1, "=1");
	ask(r, 1, "=2");
	assert_int_equal(r->e->windows[0].used, 1);
	r->at_ns += DISSECT_ANSWER_NS;
	ask(r, 1, "=3");
	assert_int_equal(toy_closed, 1);
	rig_end(r);

	assert_str(told(r, 0), "fresh");
	assert_str(told(r, 1), "not fresh");
	assert_str(told(r, 2), "fresh");
	rig_free(r);
}

/* ---- Not understood -------------------------------------------------------------------------- */

TEST(a_bad_datagram_is_dropped_and_what_is_open_stays)
{
	struct rig *r = rig_toys();

	ask(r, 1, "?a");
	ask(r, 1, "#");
	reply(r, 1, "!a");
	rig_end(r);

	assert_int_equal(r->counters.v[COUNTER_PARSE_REJECTED], 1);
	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_str(told(r, 0), "a");
	rig_free(r);
}

TEST(who_sends_bad_datagrams_only_is_only_counted)
{
	struct rig *r = rig_toys();

	ask_odd(r, "?a");
	for (unsigned i = 0; i < PROBES_DATAGRAM + 3; i++)
		ask_odd(r, "#");
	ask_odd(r, "?b");
	reply_odd(r, "!a");
	for (unsigned i = 0; i < PROBES_DATAGRAM + 3; i++)
		reply_odd(r, "#");
	assert_int_equal(r->e->streams.used, 0);
	rig_end(r);

	assert_int_equal(r->counters.v[COUNTER_PARSE_REJECTED], 2 * PROBES_DATAGRAM);
	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_int_equal(row_u64(flow_row(r, 0), flow_src_packets), PROBES_DATAGRAM + 5);
	rig_free(r);
}

TEST(a_good_datagram_forgives_the_bad_ones_before_it)
{
	struct rig *r = rig_toys();

	ask(r, 1, "=0");
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < PROBES_DATAGRAM - 1; i++)
			ask(r, 1, "#");
		ask(r, 1, "=ok");
	}
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 4);
	rig_free(r);
}

TEST(junk_in_front_does_not_hide_what_is_said_to_a_known_port)
{
	struct rig *r = rig_toys();

	for (unsigned i = 0; i < 3 * PROBES_DATAGRAM; i++) {
		ask(r, 1, "unknown");
		reply(r, 1, "unknown");
	}
	ask(r, 1, "?a");
	for (unsigned i = 0; i < 3 * PROBES_DATAGRAM; i++) {
		ask(r, 1, "#");
		reply(r, 1, "#");
	}
	reply(r, 1, "!a");
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_str(told(r, 0), "a");
	rig_free(r);
}

TEST(a_flow_is_asked_about_so_often_for_each_end)
{
	struct rig *r = rig_toys();

	for (unsigned i = 0; i < PROBES_DATAGRAM; i++)
		ask_odd(r, "unknown");
	ask_odd(r, "=late");
	for (unsigned i = 0; i < PROBES_DATAGRAM - 1; i++)
		reply_odd(r, "unknown");
	reply_odd(r, "=in time");
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_int_equal(r->counters.v[COUNTER_PARSE_REJECTED], 0);
	rig_free(r);
}

TEST(enough_said_is_no_defect)
{
	struct rig *r = rig_toys();

	ask(r, 1, "?a");
	ask(r, 1, "=enough");
	ask(r, 1, "=more");
	assert_int_equal(r->e->streams.used, 0);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_int_equal(r->counters.v[COUNTER_PARSE_REJECTED], 0);
	assert_str(row_text(flow_row(r, 0), flow_protocol), "quiz");
	rig_free(r);
}

/* ---- Counting -------------------------------------------------------------------------------- */

TEST(messages_and_packets_with_payload_are_counted)
{
	struct rig *r = rig_toys();

	ask(r, 1, "?a");
	ask(r, 1, "=x");
	reply(r, 1, "!a");
	reply(r, 1, "#");
	rig_end(r);

	assert_int_equal(row_u64(flow_row(r, 0), flow_messages), 4);
	assert_int_equal(row_u64(flow_row(r, 0), flow_payload_packets), 4);
	rig_free(r);
}

TEST(a_flow_without_a_protocol_has_no_messages_to_count)
{
	struct rig *r = rig_toys();

	ask(r, 1, "unknown");
	rig_end(r);

	assert_false(has_value(flow_row(r, 0), flow_messages.ref));
	rig_free(r);
}

TEST_MAIN
