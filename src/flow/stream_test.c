/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From ordered bytes to records: recognising, skipping, finding the place again, and
 * changing the protocol.
 */
#include "flow/frames_test.h"

static const struct row_view *http(const struct rig *r, size_t i)
{
	return rig_row(r, KIND_HTTP, i);
}

/* Text of size n that is no protocol. */
static struct str filler(size_t n)
{
	static char text[256 * 1024];

	assert_true(n <= sizeof(text));
	memset(text, '.', sizeof(text));
	return (struct str){ text, n };
}

/* All bytes of a row but its id and times, which the number of frames decides. */
static void assert_same_exchange(const struct row_view *a, const struct row_view *b)
{
	for (unsigned slot = 0; slot < a->kind->slots; slot++) {
		struct row_value x, y;
		bool has = row_value(a, slot, &x);

		assert_int_equal(has, row_value(b, slot, &y));
		if (!has || x.type == FIELD_TIME || x.type == FIELD_DUR)
			continue;
		assert_true(str_eq(x.s, y.s));
		assert_int_equal(x.u, y.u);
		assert_memory_equal(&x.ip, &y.ip, sizeof(x.ip));
	}
}

TEST(byte_by_byte_is_the_same_record_as_whole)
{
	static const char post[] =
		"POST /p?q=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
	struct rig *r = rig_new();
	struct talk whole = talk_low(r), bytes = talk_low(r);

	talk_open(&whole);
	say(&whole, CLIENT, post);
	say(&whole, SERVER, OK_5);
	talk_close(&whole);
	bytes.next[CLIENT] += 5000;
	bytes.next[SERVER] += 5000;
	talk_open(&bytes);
	for (const char *p = post; *p; p++)
		say_bytes(&bytes, CLIENT, (struct str){ p, 1 });
	for (const char *p = OK_5; *p; p++)
		say_bytes(&bytes, SERVER, (struct str){ p, 1 });
	talk_close(&bytes);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_int_equal(row_u64(http(r, 0), http_request_body_bytes), 3);
	assert_same_exchange(http(r, 0), http(r, 1));
	rig_free(r);
}

TEST(a_request_behind_something_else_that_could_have_been_one_is_recognised)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	struct row_value method;

	talk_open(&t);
	say(&t, CLIENT, "HTTP/");
	talk_exchange(&t);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_true(row_value(http(r, 0), http_method.ref.slot, &method));
	rig_free(r);
}

/* ---- Joined in the middle -------------------------------------------------------------------- */

TEST(a_connection_joined_at_a_request_is_recognised)
{
	struct rig *r = rig_new();
	struct talk t =
		talk_of(r, (struct peer){ "10.0.0.9", 5000 }, (struct peer){ "10.0.0.2", 7000 });

	talk_exchange(&t);
	rig_end(r);

	assert_int_equal(row_u64(http(r, 0), http_status), 200);
	assert_int_equal(row_u64(http(r, 0), common_src_port), 5000);
	assert_true(row_true(rig_row(r, KIND_FLOW, 0), flow_midstream));
	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 0), flow_state), FLOW_OPEN);
	rig_free(r);
}

TEST(a_connection_joined_at_a_response_finds_its_client)
{
	struct rig *r = rig_new();
	struct talk t =
		talk_of(r, (struct peer){ "10.0.0.9", 5000 }, (struct peer){ "10.0.0.2", 7000 });

	say(&t, SERVER, OK_5);
	talk_exchange(&t);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_int_equal(row_u64(http(r, 0), http_state), HTTP_NO_REQUEST);
	assert_int_equal(row_u64(http(r, 1), http_state), HTTP_COMPLETE);
	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 0), common_src_port), 5000);
	rig_free(r);
}

TEST(a_connection_joined_in_a_long_body_is_recognised_by_its_next_request)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	for (unsigned i = 0; i < 2 * PROBES_MIDSTREAM; i++)
		say_bytes(&t, SERVER, filler(1000));
	talk_exchange(&t);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_int_equal(row_u64(http(r, 0), http_state), HTTP_COMPLETE);
	rig_free(r);
}

/* Otherwise a response whose request was not understood would be paired with the next request, and
 * all that follow with their neighbours. */
TEST(what_was_not_understood_first_does_not_shift_the_pairs)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT, "\x01\x02 something else\r\n");
	say(&t, SERVER, OK_0);
	say(&t, CLIENT, GET_A);
	say(&t, SERVER, OK_5);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_int_equal(row_u64(http(r, 0), http_state), HTTP_NO_REQUEST);
	assert_int_equal(row_u64(http(r, 1), http_status), 200);
	assert_str(row_text(http(r, 1), http_path), "/a");
	rig_free(r);
}

TEST(a_lost_first_request_does_not_shift_the_pairs)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	lose(&t, CLIENT, GET_B);
	say(&t, SERVER, OK_0);
	r->at_ns += 2 * TCP_HOLE_NS;
	say(&t, CLIENT, GET_A);
	r->at_ns += 2 * TCP_HOLE_NS;
	say(&t, SERVER, OK_5);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_int_equal(row_u64(http(r, 0), http_state), HTTP_NO_REQUEST);
	assert_int_equal(row_u64(http(r, 1), http_status), 200);
	assert_str(row_text(http(r, 1), http_path), "/a");
	rig_free(r);
}

/* ---- What is no known protocol --------------------------------------------------------------- */

TEST(a_stream_from_its_start_is_given_up_after_a_few_segments)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	for (unsigned i = 0; i < PROBES_FROM_START; i++) {
		say(&t, CLIENT, "\x01\x02");
		say(&t, SERVER, "\x03\x04");
	}
	talk_exchange(&t);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 0);
	assert_int_equal(rig_count(r, KIND_FLOW), 1);
	assert_false(has_value(rig_row(r, KIND_FLOW, 0), flow_protocol.ref));
	rig_free(r);
}

TEST(a_stream_is_still_asked_at_the_last_probe)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	for (unsigned i = 0; i + 1 < PROBES_FROM_START; i++)
		say(&t, CLIENT, "\x01\x02");
	talk_exchange(&t);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	rig_free(r);
}

TEST(a_response_overtakes_the_rest_of_its_request_line)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	struct str get = STR(GET_A);

	talk_open(&t);
	say_bytes(&t, CLIENT, str_head(get, 2));
	say(&t, SERVER, OK_5);
	say_bytes(&t, CLIENT, str_skip(get, 2));
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_int_equal(row_u64(http(r, 0), http_state), HTTP_COMPLETE);
	rig_free(r);
}

TEST(what_stops_being_http_is_rejected_once_and_still_counted)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	talk_exchange(&t);
	say(&t, CLIENT, "\x01\x02\x03\x04 this is not HTTP\r\n\r\n");
	talk_exchange(&t);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_int_equal(r->counters.v[COUNTER_PARSE_REJECTED], 1);
	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 0), flow_src_packets), 5);
	rig_free(r);
}

/* ---- Holes ----------------------------------------------------------------------------------- */

/* So much later that what is missing is known to be lost. */
static void later(struct talk *t, unsigned side)
{
	t->r->at_ns += 2 * TCP_HOLE_NS;
	flags_from(t, !side, TCP_ACK);
}

TEST(a_hole_inside_a_body_keeps_the_place)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT, GET_A);
	say(&t, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n01234");
	lose(&t, SERVER, "56789");
	say(&t, SERVER, "abcde");
	later(&t, SERVER);
	say(&t, CLIENT, GET_B);
	say(&t, SERVER, OK_5);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_int_equal(row_u64(http(r, 0), http_state), HTTP_CUT);
	assert_int_equal(row_u64(http(r, 1), http_state), HTTP_COMPLETE);
	assert_str(row_text(http(r, 1), http_path), "/b");
	assert_int_equal(rig_count(r, KIND_GAP), 1);
	assert_int_equal(row_u64(rig_row(r, KIND_GAP, 0), gap_bytes), 5);
	assert_str(row_text(rig_row(r, KIND_GAP, 0), gap_reason), "tcp.gaps");
	assert_true(row_true(rig_row(r, KIND_GAP, 0), gap_from_server));
	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 0), flow_gap_bytes), 5);
	rig_free(r);
}

TEST(a_hole_in_a_head_is_left_behind_at_the_next_message)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT, "GET /lost HTTP/1.1\r\nHo");
	lose(&t, CLIENT, "st: a.exam");
	say(&t, CLIENT, "ple\r\n\r\n");
	later(&t, CLIENT);
	say(&t, SERVER, OK_0);
	say(&t, CLIENT, GET_B);
	say(&t, SERVER, OK_5);
	rig_end(r);

	assert_str(row_text(http(r, rig_count(r, KIND_HTTP) - 1), http_path), "/b");
	assert_int_equal(row_u64(http(r, rig_count(r, KIND_HTTP) - 1), http_status), 200);
	assert_int_equal(row_u64(rig_row(r, KIND_GAP, 0), gap_bytes), 10);
	assert_false(row_true(rig_row(r, KIND_GAP, 0), gap_from_server));
	assert_int_equal(r->counters.v[COUNTER_TCP_GAP_BYTES], 10);
	rig_free(r);
}

TEST(a_hole_over_the_end_of_a_body_is_split_there)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT, GET_A);
	say(&t, SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
	lose(&t, SERVER, "56789HTTP/1.1 100 ");
	say(&t, SERVER, "Continue\r\n\r\n");
	later(&t, SERVER);
	say(&t, CLIENT, GET_B);
	say(&t, SERVER, OK_5);
	rig_end(r);

	assert_int_equal(row_u64(http(r, 0), http_response_body_bytes), 10);
	assert_str(row_text(http(r, rig_count(r, KIND_HTTP) - 1), http_path), "/b");
	assert_int_equal(row_u64(http(r, rig_count(r, KIND_HTTP) - 1), http_state), HTTP_COMPLETE);
	rig_free(r);
}

/* ---- Other protocols behind the first -------------------------------------------------------- */

TEST(bytes_behind_a_switch_are_recognised_anew)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT, "CONNECT b.example:80 HTTP/1.1\r\nHost: b.example:80\r\n\r\n");
	say(&t, SERVER, "HTTP/1.1 200 Established\r\n\r\n");
	talk_exchange(&t);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_str(row_text(http(r, 0), http_method), "CONNECT");
	assert_str(row_text(http(r, 1), http_path), "/a");
	assert_int_equal(row_u64(http(r, 1), http_state), HTTP_COMPLETE);
	rig_free(r);
}

/* A client that does not wait: its bytes are in a window when the server agrees. */
TEST(bytes_that_waited_for_a_switch_are_looked_at)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT, "CONNECT b.example:80 HTTP/1.1\r\nHost: b\r\n\r\n" GET_A);
	say(&t, SERVER, "HTTP/1.1 200 Established\r\n\r\n");
	say(&t, SERVER, OK_5);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_str(row_text(http(r, 1), http_path), "/a");
	assert_int_equal(row_u64(http(r, 1), http_status), 200);
	assert_int_equal(row_u64(http(r, 1), http_state), HTTP_COMPLETE);
	rig_free(r);
}

TEST(a_switch_and_what_follows_may_stand_in_one_segment)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT, "CONNECT b.example:80 HTTP/1.1\r\nHost: b\r\n\r\n" GET_A);
	say(&t, SERVER, "HTTP/1.1 200 Established\r\n\r\n" OK_5);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_int_equal(row_u64(http(r, 1), http_state), HTTP_COMPLETE);
	rig_free(r);
}

/* What waits for the other side's answer goes on when the answer declines. */
TEST(a_request_behind_a_declined_upgrade_is_not_forgotten)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT,
	    "GET /u HTTP/1.1\r\nHost: u\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" GET_A);
	say(&t, SERVER, OK_0);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_str(row_text(http(r, 1), http_path), "/a");
	assert_int_equal(row_u64(http(r, 1), http_state), HTTP_NO_RESPONSE);
	rig_free(r);
}

TEST(a_tunnel_of_something_unknown_is_only_counted)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT, "CONNECT b.example:443 HTTP/1.1\r\nHost: b\r\n\r\n");
	say(&t, SERVER, "HTTP/1.1 200 OK\r\n\r\n");
	for (unsigned i = 0; i < 2 * PROBES_FROM_START; i++) {
		say(&t, CLIENT, "\x16\x03\x01\x02");
		say(&t, SERVER, "\x16\x03\x03\x02");
	}
	assert_int_equal(r->e->streams.used, 0);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_str(row_text(rig_row(r, KIND_FLOW, 0), flow_protocol), "http1");
	assert_int_equal(r->counters.v[COUNTER_PARSE_REJECTED], 0);
	rig_free(r);
}

/* ---- Ends ------------------------------------------------------------------------------------ */

TEST(a_body_without_length_ends_with_the_connection)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT, "GET /a HTTP/1.0\r\n\r\n");
	say(&t, SERVER, "HTTP/1.0 200 OK\r\n\r\n0123456789");
	flags_from(&t, SERVER, TCP_FIN | TCP_ACK);
	rig_look(r);

	assert_int_equal(row_u64(http(r, 0), http_state), HTTP_COMPLETE);
	assert_int_equal(row_u64(http(r, 0), http_response_body_bytes), 10);
	rig_end(r);
	rig_free(r);
}

TEST(a_fin_with_bytes_in_front_of_it_delivers_them_first)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT, GET_A);
	segment_at(&t, SERVER, TCP_FIN | TCP_ACK, t.next[SERVER], STR(OK_5));
	rig_look(r);

	assert_int_equal(row_u64(http(r, 0), http_state), HTTP_COMPLETE);
	rig_end(r);
	rig_free(r);
}

TEST_MAIN
