/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who makes room, who ends for being idle, and that floods stay within the memory decided at start.
 */
#include "flow/toys_test.h"

static struct peer port(unsigned n)
{
	return (struct peer){ "10.0.0.1", (uint16_t)(20000 + n) };
}

static void udp_answered(struct rig *r, unsigned n)
{
	send_udp(r, port(n), (struct peer){ "10.0.0.2", 53 }, STR("?"));
	send_udp(r, (struct peer){ "10.0.0.2", 53 }, port(n), STR("!"));
}

static void udp_unanswered(struct rig *r, unsigned n)
{
	send_udp(r, port(n), (struct peer){ "10.0.0.2", 53 }, STR("?"));
}

static void udp_waiting(struct rig *r, unsigned n)
{
	send_udp(r, port(n), (struct peer){ "10.0.0.2", 53 }, STR("?q"));
}

static void tcp_opened(struct rig *r, unsigned n)
{
	struct talk t = talk_of(r, port(n), HIGH);

	talk_open(&t);
}

static void tcp_closed(struct rig *r, unsigned n)
{
	struct talk t = talk_of(r, port(n), HIGH);

	talk_open(&t);
	talk_close(&t);
}

/* The order of the lists, not of the times: tcp came first and goes last. */
TEST(closed_then_unanswered_then_waiting_then_other_then_tcp_makes_room)
{
	static const unsigned expected[] = { 5, 4, 3, 2, 1 };
	struct flow_conf conf = small_conf();
	struct rig *r;

	conf.flows = 5;
	r = rig_of(&conf, toys, ARRAY_LEN(toys));
	tcp_opened(r, 1);
	udp_answered(r, 2);
	udp_waiting(r, 3);
	udp_unanswered(r, 4);
	tcp_closed(r, 5);
	for (unsigned i = 0; i < 5; i++)
		tcp_opened(r, 100 + i);
	rig_look(r);

	assert_int_equal(rig_count(r, KIND_FLOW), 5);
	for (size_t i = 0; i < 5; i++) {
		const struct row_view *f = rig_row(r, KIND_FLOW, i);

		assert_int_equal(row_u64(f, common_src_port), 20000 + expected[i]);
		assert_int_equal(row_u64(f, flow_end), END_EVICTED);
	}
	assert_int_equal(r->counters.v[COUNTER_FLOWS_EVICTED], 5);
	rig_end(r);
	rig_free(r);
}

TEST(within_a_list_the_longest_silent_makes_room)
{
	struct flow_conf conf = small_conf();
	struct rig *r;

	conf.flows = 3;
	r = rig_with(&conf);
	udp_unanswered(r, 1);
	udp_unanswered(r, 2);
	udp_unanswered(r, 3);
	udp_unanswered(r, 1);
	udp_unanswered(r, 4);
	rig_look(r);

	assert_int_equal(rig_count(r, KIND_FLOW), 1);
	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 0), common_src_port), 20002);
	rig_end(r);
	rig_free(r);
}

/* The record of an evicted connection comes with what it had, and its pools are free for others. */
TEST(an_evicted_connection_delivers_what_it_has)
{
	struct flow_conf conf = small_conf();
	struct rig *r;
	struct talk t;

	conf.flows = 1;
	r = rig_with(&conf);
	t = talk_low(r);
	talk_open(&t);
	say(&t, CLIENT, GET_A);
	say(&t, SERVER, "HTTP/1.1 200 OK\r\nContent-Len");
	udp_unanswered(r, 1);
	rig_look(r);

	assert_int_equal(row_u64(rig_row(r, KIND_HTTP, 0), http_state), HTTP_NO_RESPONSE);
	assert_int_equal(r->e->streams.used, 0);
	assert_int_equal(r->e->windows[0].used, 0);
	assert_int_equal(r->e->flows.used, 1);
	rig_end(r);
	rig_free(r);
}

/* ---- Idle ------------------------------------------------------------------------------------ */

static size_t ended_after(void (*begin)(struct rig *, unsigned), int64_t wait_ns)
{
	struct rig *r = rig_new();
	size_t n;

	begin(r, 1);
	r->at_ns += wait_ns - NS_PER_MS; /* since the last frame */
	udp_unanswered(r, 2);
	rig_look(r);
	n = rig_count(r, KIND_FLOW);
	rig_end(r);
	rig_free(r);
	return n;
}

TEST(flows_end_when_idle_by_the_clock_of_the_capture)
{
	struct flow_conf conf = small_conf();

	assert_int_equal(ended_after(tcp_opened, conf.idle_tcp_ns), 0);
	assert_int_equal(ended_after(tcp_opened, conf.idle_tcp_ns + 1), 1);
	assert_int_equal(ended_after(tcp_closed, conf.idle_closed_ns), 0);
	assert_int_equal(ended_after(tcp_closed, conf.idle_closed_ns + 1), 1);
	assert_int_equal(ended_after(udp_unanswered, conf.idle_closed_ns), 0);
	assert_int_equal(ended_after(udp_unanswered, conf.idle_closed_ns + 1), 1);
	assert_int_equal(ended_after(udp_answered, conf.idle_other_ns), 0);
	assert_int_equal(ended_after(udp_answered, conf.idle_other_ns + 1), 1);
}

TEST(an_idle_end_is_named_and_counted)
{
	struct rig *r = rig_new();

	tcp_opened(r, 1);
	r->at_ns += 2 * r->conf.idle_tcp_ns;
	udp_unanswered(r, 2);
	rig_look(r);

	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 0), flow_end), END_IDLE);
	assert_int_equal(r->counters.v[COUNTER_FLOWS_IDLE], 1);
	rig_end(r);
	rig_free(r);
}

TEST(a_closed_connection_ends_as_closed_however_it_is_found)
{
	struct rig *r = rig_new();

	tcp_closed(r, 1);
	r->at_ns += 2 * r->conf.idle_closed_ns;
	udp_unanswered(r, 2);
	rig_look(r);

	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 0), flow_end), END_CLOSED);
	assert_int_equal(r->counters.v[COUNTER_FLOWS_IDLE], 0);
	rig_end(r);
	rig_free(r);
}

/* Two interfaces of one file whose clocks are hours apart: the later one rules. */
TEST(clocks_that_disagree_do_not_end_each_others_flows)
{
	struct rig *r = rig_new();

	for (unsigned i = 0; i < 10; i++) {
		r->at_ns = T0 + 10 * r->conf.idle_tcp_ns;
		udp_answered(r, 1);
		r->at_ns = T0;
		udp_answered(r, 2);
	}
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_FLOW), 2);
	assert_int_equal(r->counters.v[COUNTER_FLOWS_IDLE], 0);
	rig_free(r);
}

/* A frame without a time is as old as the one before it. */
TEST(a_frame_without_a_time_ends_nothing)
{
	struct rig *r = rig_new();
	const struct row_view *f;

	udp_answered(r, 1);
	for (unsigned i = 0; i < 2; i++) {
		r->at_ns = 0;
		send_udp(r, port(1), (struct peer){ "10.0.0.2", 53 }, STR("?"));
	}
	rig_end(r);
	f = rig_row(r, KIND_FLOW, 0);

	assert_int_equal(rig_count(r, KIND_FLOW), 1);
	assert_int_equal(row_u64(f, flow_src_packets), 3);
	assert_int_equal(row_i64(f, common_time), T0);
	assert_int_equal(row_i64(f, flow_duration), NS_PER_MS);
	rig_free(r);
}

/* ---- Floods ---------------------------------------------------------------------------------- */

static void check_bounds(const struct rig *r)
{
	const struct counters *c = &r->counters;

	assert_int_equal(c->v[COUNTER_FRAMES_OFFERED], counters_sum(c, COUNTER_DELIVERED));
	assert_int_equal(c->v[COUNTER_FLOWS], r->of_kind[KIND_FLOW]);
	assert_int_equal(c->v[COUNTER_ROWS_LOST], 0);
}

/* A frame made once and changed in place: address and port of the client. */
static void flood_frame(struct rig *r, size_t length, unsigned n)
{
	put32(r->frame + 26, 0x0a000000 | n >> 12);
	put16(r->frame + 34, 1024 + (n & 0xfff));
	send_raw(r, r->frame, length, 0);
}

static size_t flood_shape(struct rig *r, uint8_t flags, struct str body)
{
	send_shape(r, &(struct shape){ .src = LOW,
				       .dst = { "11.0.0.2", 80 },
				       .proto = IP_PROTO_TCP,
				       .flags = flags,
				       .seq = 1,
				       .body = body });
	return 14 + 20 + 20 + body.n;
}

TEST(a_million_flows_of_one_packet_pass_a_table_of_4096)
{
	struct flow_conf conf = small_conf();
	struct rig *r;
	size_t length;

	conf.flows = 4096;
	r = rig_with(&conf);
	r->count_only = true;
	length = flood_shape(r, TCP_SYN, STR(""));
	for (unsigned n = 1; n < 1000000; n++) {
		r->at_ns = T0;
		flood_frame(r, length, n);
	}
	assert_int_equal(r->e->flows.used, 4096);
	rig_end(r);

	assert_int_equal(r->counters.v[COUNTER_FLOWS], 1000000);
	assert_int_equal(r->counters.v[COUNTER_FLOWS_EVICTED], 1000000 - 4096);
	check_bounds(r);
	rig_free(r);
}

/* Each begins a request and never ends it: streams, windows and transactions all run out. */
TEST(a_hundred_thousand_half_open_streams_stay_within_their_pools)
{
	struct flow_conf conf = small_conf();
	struct rig *r;
	size_t length;

	conf.flows = 4096;
	conf.streams = 1024;
	r = rig_with(&conf);
	r->count_only = true;
	length = flood_shape(r, TCP_ACK, STR("GET /a HTTP/1.1\r\nHost: a\r\n"));
	for (unsigned n = 1; n < 100000; n++) {
		r->at_ns = T0;
		flood_frame(r, length, n);
	}
	rig_end(r);

	assert_true(r->e->windows[0].refused > 0);
	assert_int_equal(r->counters.v[COUNTER_PARSE_REJECTED], 0);
	check_bounds(r);
	rig_free(r);
}

static uint64_t count_complete(const struct rig *r)
{
	uint64_t n = 0;

	for (size_t i = 0; i < rig_count(r, KIND_HTTP); i++)
		n += row_u64(rig_row(r, KIND_HTTP, i), http_state) == HTTP_COMPLETE;
	return n;
}

/* Requests that nobody answers fill streams and records; whoever is answered is read all the same,
 * but for the first that finds no room. */
static uint64_t complete_behind_a_flood(struct str body)
{
	struct flow_conf conf = small_conf();
	struct rig *r;
	uint64_t complete;
	size_t length;

	conf.flows = 4096;
	r = rig_with(&conf);
	length = flood_shape(r, TCP_ACK, body);
	for (unsigned n = 1; n < 1000; n++)
		flood_frame(r, length, n);
	for (unsigned n = 0; n < 20; n++) {
		struct talk t = talk_of(r, port(n), HIGH);

		talk_open(&t);
		talk_exchange(&t);
	}
	rig_end(r);
	complete = count_complete(r);
	check_bounds(r);
	rig_free(r);
	return complete;
}

TEST(requests_that_nobody_answers_do_not_hide_others)
{
	assert_int_equal(complete_behind_a_flood(STR("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")), 20);
}

TEST(beginnings_that_nobody_answers_do_not_hide_others)
{
	assert_int_equal(complete_behind_a_flood(STR("GET /a HTTP/1.1\r\nHost: a\r\n")), 20);
	assert_int_equal(complete_behind_a_flood(STR("G")), 20);
}

/* Busy ones, too: nobody is given up for them, but each gets less of what is left. */
TEST(connections_with_many_open_requests_leave_room_for_others)
{
	struct rig *r = rig_new();
	struct talk t;

	for (unsigned n = 0; n < 4; n++) {
		t = talk_of(r, port(n), HIGH);
		talk_open(&t);
		for (unsigned i = 0; i < DISSECT_OPEN_MAX; i++)
			say(&t, CLIENT, GET_A);
	}
	for (unsigned n = 10; n < 20; n++) {
		t = talk_of(r, port(n), HIGH);
		talk_open(&t);
		talk_exchange(&t);
	}
	rig_end(r);

	assert_int_equal(count_complete(r), 10);
	rig_free(r);
}

/* Of connections that were answered, those that were quiet for long make room; they are recognised
 * again when they go on. */
TEST(quiet_connections_make_room_and_go_on)
{
	struct flow_conf conf = small_conf();
	struct talk quiet, busy, other;
	struct rig *r;

	conf.streams = 2;
	r = rig_with(&conf);
	quiet = talk_of(r, port(1), HIGH);
	busy = talk_of(r, port(2), HIGH);
	other = talk_of(r, port(3), HIGH);
	talk_open(&quiet);
	talk_exchange(&quiet);
	r->at_ns += 20 * NS_PER_S;
	talk_open(&busy);
	talk_exchange(&busy);
	talk_open(&other);
	for (unsigned i = 0; i < 3; i++) {
		talk_exchange(&busy);
		talk_exchange(&other);
	}
	r->at_ns += 20 * NS_PER_S;
	talk_exchange(&quiet);
	rig_end(r);

	assert_int_equal(count_complete(r), 9);
	rig_free(r);
}

/* More of everything than there is memory for: each pool has its quarter, and no more is touched
 * than was decided. */
TEST(pools_that_share_memory_stay_within_it)
{
	struct flow_conf conf = small_conf();
	struct rig *r;
	size_t length;

	conf.flows = 4096;
	conf.streams = 1024;
	conf.windows = 2048;
	conf.transactions = 2048;
	conf.shared_bytes = 512 * KIB;
	r = rig_with(&conf);
	r->count_only = true;
	for (unsigned n = 1; n < 10000; n++) {
		r->at_ns = T0;
		length = flood_shape(r, TCP_ACK, STR("GET /a HTTP/1.1\r\nHost: a\r\n"));
		flood_frame(r, length, n);
	}
	assert_true(r->e->shared_bytes < 4 * KIB);
	assert_true(r->e->flows.backed >= conf.flows / 4);
	assert_true(r->e->flows.backed < conf.flows);
	assert_true(r->e->streams.backed >= conf.streams / 4);
	assert_true(r->e->streams.backed < conf.streams);
	rig_end(r);

	assert_true(r->counters.v[COUNTER_FLOWS_EVICTED] > 0);
	check_bounds(r);
	rig_free(r);
}

/* With nothing to share each pool has its quarter, and at least one block. */
TEST(an_engine_runs_on_the_quarters_alone)
{
	struct flow_conf conf = small_conf();
	struct rig *r;
	struct talk t;

	conf.flows = 1;
	conf.streams = 1;
	conf.windows = 1;
	conf.shared_bytes = 0;
	r = rig_with(&conf);
	t = talk_low(r);
	talk_open(&t);
	talk_exchange(&t);
	udp_unanswered(r, 1);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_FLOW), 2);
	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	rig_free(r);
}

/* An address may be forged, so no choice of it may put all keys into one chain. */
TEST(chosen_addresses_do_not_share_a_hash)
{
	struct rig *r = rig_new();
	uint64_t first = 0;
	unsigned same = 0;

	for (uint8_t i = 0; i < 100; i++) {
		/* The upper half of the second address is a multiplier of hash_mix(). */
		static const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
		struct flow_key key = { .proto = IP_PROTO_TCP };
		uint64_t hash;

		memcpy(key.ip[1].b, &factor, sizeof(factor));
		key.ip[1].b[15] = i;
		hash = table_hash(r->e, &key);
		if (i == 0)
			first = hash;
		same += hash == first;
	}

	assert_int_equal(same, 1);
	rig_free(r);
}

/* Keys that meet under one seed part under another. */
TEST(the_hash_follows_its_seed_in_every_part_of_the_key)
{
	struct flow_conf a = small_conf(), b = small_conf();
	struct rig *x, *y;

	b.seed = a.seed + 1;
	x = rig_with(&a);
	y = rig_with(&b);
	for (unsigned word = 0; word < sizeof(struct flow_key) / 8; word++) {
		struct flow_key key = { 0 }, zero = { 0 };
		uint64_t one = 1;

		memcpy((uint8_t *)&key + 8 * (size_t)word, &one, sizeof(one));
		assert_int_not_equal(table_hash(x->e, &key) ^ table_hash(x->e, &zero),
				     table_hash(y->e, &key) ^ table_hash(y->e, &zero));
	}
	rig_free(x);
	rig_free(y);
}

TEST_MAIN
