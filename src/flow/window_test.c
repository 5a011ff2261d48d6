/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that wait for more, and what becomes of a stream when there is no memory for them, for its
 * records or for itself.
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

/* Requests that are not complete, one window each. */
static void hold_windows(struct rig *r, struct talk *holder, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		holder[i] = talk_of(r, (struct peer){ "10.0.0.1", (uint16_t)(40000 + i) }, HIGH);
		talk_open(&holder[i]);
		say(&holder[i], CLIENT, "GET /h HTTP/1.1\r\n");
	}
}

/* A prefix that stays undecided waits in a window, which is given back. */
TEST(an_undecided_prefix_gives_its_window_back)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT, "GE");
	assert_int_equal(r->e->windows[0].used, 1);
	say(&t, CLIENT, "\x01");
	assert_int_equal(r->e->windows[0].used, 0);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 0);
	rig_free(r);
}

/* Nothing can wait for the rest of the first word. */
TEST(an_undecided_prefix_that_finds_no_window_is_shed)
{
	struct flow_conf conf = small_conf();
	struct talk holder[18], t;
	struct rig *r;

	conf.windows = 16;
	r = rig_with(&conf);
	hold_windows(r, holder, ARRAY_LEN(holder));
	t = talk_of(r, (struct peer){ "10.0.0.3", 40000 }, HIGH);
	talk_open(&t);
	say(&t, CLIENT, "GE");
	assert_int_equal(r->counters.v[COUNTER_TX_SHED], 1);
	say(&t, CLIENT, "T /shed HTTP/1.1\r\n\r\n");
	say(&t, SERVER, OK_0);
	talk_exchange(&t);
	rig_look(r);

	assert_int_equal(row_u64(http(r, rig_count(r, KIND_HTTP) - 1), http_status), 200);
	assert_str(row_text(http(r, rig_count(r, KIND_HTTP) - 1), http_path), "/a");
	rig_end(r);
	rig_free(r);
}

/* The head waits in a window while it is refused: the window must come back with the stream. */
TEST(a_rejected_stream_gives_its_windows_back)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT, "GET /a HTTP/1.1\r\nHost: x\r\n");
	say(&t, SERVER, "HTTP/1.1 200 OK\r\nContent-");
	assert_int_equal(r->e->windows[0].used, 2);
	say(&t, CLIENT, "\x01 bad line\r\n\r\n");
	rig_look(r);

	if (r->counters.v[COUNTER_PARSE_REJECTED] == 0)
		say(&t, CLIENT, "\x01\x02\x03 no request\r\n\r\n");
	assert_int_equal(r->counters.v[COUNTER_PARSE_REJECTED], 1);
	assert_int_equal(r->e->windows[0].used, 0);
	assert_int_equal(r->e->streams.used, 0);
	rig_end(r);
	rig_free(r);
}

/* ---- Many messages in one segment, long messages --------------------------------------------- */

/* One connection may have as many records open as any. */
static struct rig *rig_of_many(void)
{
	struct flow_conf conf = small_conf();

	conf.transactions = 8 * DISSECT_OPEN_MAX;
	return rig_with(&conf);
}

TEST(a_segment_of_64_kib_may_hold_many_requests)
{
	struct rig *r = rig_of_many();
	struct talk t = talk_low(r);
	struct buf requests;
	size_t n = 0;

	buf_init(&requests, 64 * KIB);
	while (requests.len + strlen(GET_A) <= 64 * KIB - 100 && n < DISSECT_OPEN_MAX) {
		assert_int_equal(buf_put(&requests, STR(GET_A)), 0);
		n++;
	}
	talk_open(&t);
	say_bytes(&t, CLIENT, buf_str(&requests));
	for (size_t i = 0; i < n; i++)
		say(&t, SERVER, OK_5);
	rig_end(r);

	assert_int_equal(n, DISSECT_OPEN_MAX);
	assert_int_equal(rig_count(r, KIND_HTTP), n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(row_u64(http(r, i), http_sequence), i + 1);
	buf_done(&requests);
	rig_free(r);
}

/* The window holds what came behind half a head; each message in it must not move all that follow.
 */
TEST(messages_behind_half_a_head_are_all_found)
{
	static const char post[] = "POST /p HTTP/1.1\r\nContent-Length: 1\r\n\r\nx";
	struct rig *r = rig_of_many();
	struct talk t = talk_low(r);
	struct buf rest;
	size_t n = 200;

	buf_init(&rest, 64 * KIB);
	assert_int_equal(buf_put(&rest, STR("T /p HTTP/1.1\r\nContent-Length: 1\r\n\r\nx")), 0);
	for (size_t i = 1; i < n; i++)
		assert_int_equal(buf_put(&rest, str_of(post)), 0);
	talk_open(&t);
	say(&t, CLIENT, "POS");
	say_bytes(&t, CLIENT, buf_str(&rest));
	assert_int_equal(r->e->windows[0].used + r->e->windows[1].used + r->e->windows[2].used, 0);
	for (size_t i = 0; i < n; i++)
		say(&t, SERVER, OK_0);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), n);
	buf_done(&rest);
	rig_free(r);
}

/* Grows through the windows of all sizes; 3 KiB, 12 KiB and 48 KiB are kept whole. */
TEST(a_head_grows_through_all_windows)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT, "GET /a HTTP/1.1\r\nX: ");
	say_bytes(&t, CLIENT, filler(3 * KIB));
	assert_int_equal(r->e->windows[0].used, 1);
	say_bytes(&t, CLIENT, filler(9 * KIB));
	assert_int_equal(r->e->windows[0].used, 0);
	assert_int_equal(r->e->windows[1].used, 1);
	say_bytes(&t, CLIENT, filler(30 * KIB));
	assert_int_equal(r->e->windows[1].used, 0);
	assert_int_equal(r->e->windows[2].used, 1);
	say(&t, CLIENT, "\r\n\r\n");
	assert_int_equal(r->e->windows[2].used, 0);
	say(&t, SERVER, OK_5);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_int_equal(row_u64(http(r, 0), http_status), 200);
	rig_free(r);
}

TEST(a_head_longer_than_a_window_ends_the_stream)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	say(&t, CLIENT, "GET /a HTTP/1.1\r\nX: ");
	for (unsigned i = 0; i < 17; i++)
		say_bytes(&t, CLIENT, filler(4 * KIB));
	rig_end(r);

	assert_int_equal(r->counters.v[COUNTER_PARSE_REJECTED], 1);
	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 0), flow_src_packets), 20);
	rig_free(r);
}

/* What is left of a window moves to its front when more comes than fits behind it. */
TEST(a_window_is_used_from_its_front_again)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	struct buf first;

	buf_init(&first, 8 * KIB);
	assert_int_equal(buf_put(&first, STR("T /1 HTTP/1.1\r\nX: ")), 0);
	assert_int_equal(buf_put(&first, filler(3 * KIB)), 0);
	assert_int_equal(buf_put(&first, STR("\r\n\r\nGET /2 HTTP/1.1\r\nHost: ")), 0);
	talk_open(&t);
	say(&t, CLIENT, "GE");
	say_bytes(&t, CLIENT, buf_str(&first));
	say_bytes(&t, CLIENT, filler(2 * KIB));
	assert_int_equal(r->e->windows[0].used, 1);
	assert_int_equal(r->e->windows[1].used, 0);
	say(&t, CLIENT, "\r\n\r\n");
	assert_int_equal(r->e->windows[0].used, 0);
	say(&t, SERVER, OK_0 OK_5);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_str(row_text(http(r, 1), http_path), "/2");
	assert_int_equal(row_u64(http(r, 1), http_request_head_bytes),
			 strlen("GET /2 HTTP/1.1\r\nHost: \r\n\r\n") + 2 * KIB);
	buf_done(&first);
	rig_free(r);
}

/* ---- Short memory ---------------------------------------------------------------------------- */

TEST(streams_beyond_the_pool_are_shed_and_counted)
{
	struct flow_conf conf = small_conf();
	struct rig *r;

	conf.streams = 2;
	r = rig_with(&conf);
	for (uint16_t i = 0; i < 5; i++) {
		struct talk t =
			talk_of(r, (struct peer){ "10.0.0.1", (uint16_t)(40000 + i) }, HIGH);

		talk_open(&t);
		talk_exchange(&t);
	}
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 2);
	assert_int_equal(rig_count(r, KIND_FLOW), 5);
	/* For each time that somebody said something. */
	assert_int_equal(r->counters.v[COUNTER_TX_SHED], 6);
	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 4), flow_dst_packets), 2);
	rig_free(r);
}

TEST(transactions_beyond_the_pool_are_shed_and_their_stream_goes_on)
{
	struct flow_conf conf = small_conf();
	struct rig *r;
	struct talk t;

	conf.transactions = 2;
	r = rig_with(&conf);
	t = talk_low(r);
	talk_open(&t);
	talk_exchange(&t);
	for (unsigned i = 0; i < 5; i++)
		say(&t, CLIENT, GET_A);
	for (unsigned i = 0; i < 5; i++)
		say(&t, SERVER, OK_5);
	say(&t, CLIENT, GET_B);
	say(&t, SERVER, OK_0);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 4);
	assert_true(r->counters.v[COUNTER_TX_SHED] >= 1);
	assert_str(row_text(http(r, 3), http_path), "/b");
	assert_int_equal(row_u64(http(r, 3), http_status), 204);
	rig_free(r);
}

TEST(the_limit_of_open_transactions_holds)
{
	struct rig *r = rig_of_many();
	struct talk t = talk_low(r);

	talk_open(&t);
	talk_exchange(&t);
	for (unsigned i = 0; i < DISSECT_OPEN_MAX; i++)
		say(&t, CLIENT, GET_A);
	assert_int_equal(r->counters.v[COUNTER_TX_SHED], 0);
	say(&t, CLIENT, GET_A);
	assert_int_equal(r->counters.v[COUNTER_TX_SHED], 1);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 1 + DISSECT_OPEN_MAX);
	rig_free(r);
}

/* Nothing can wait any more: that is counted as shed, not as a protocol that is not understood, and
 * the stream finds its place again. */
TEST(a_head_that_finds_no_window_is_shed_and_its_stream_goes_on)
{
	struct flow_conf conf = small_conf();
	struct talk holder[18], t;
	struct rig *r;

	conf.windows = 16;
	r = rig_with(&conf);
	hold_windows(r, holder, ARRAY_LEN(holder));
	assert_int_equal(r->counters.v[COUNTER_TX_SHED], 0);
	t = talk_of(r, (struct peer){ "10.0.0.3", 40000 }, HIGH);
	talk_open(&t);
	say(&t, CLIENT, "GET /shed HTTP/1.1\r\n");
	say(&t, CLIENT, "Host: a\r\n\r\n");
	say(&t, SERVER, OK_0);
	say(&t, CLIENT, GET_B);
	say(&t, SERVER, OK_5);
	rig_look(r);

	assert_int_equal(r->counters.v[COUNTER_PARSE_REJECTED], 0);
	assert_int_equal(r->counters.v[COUNTER_TX_SHED], 1);
	assert_str(row_text(http(r, rig_count(r, KIND_HTTP) - 1), http_path), "/b");
	assert_int_equal(row_u64(http(r, rig_count(r, KIND_HTTP) - 1), http_state), HTTP_COMPLETE);
	rig_end(r);
	rig_free(r);
}

TEST_MAIN
