/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sum: whatever is offered is delivered or dropped, each drop stands in a gap record, and the
 * capture record says the same as the counters.
 */
#include "flow/frames_test.h"

static const struct row_view *capture(const struct rig *r)
{
	return rig_row(r, KIND_CAPTURE, 0);
}

/* Frames and bytes of all gap records with a reason. */
static uint64_t gap_sum(const struct rig *r, const char *reason, struct field_u64 field)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->views; i++) {
		const struct row_view *g = &r->view[i];

		if (g->kind_id == KIND_GAP && str_eq(row_text(g, gap_reason), str_of(reason)) &&
		    has_value(g, field.ref))
			sum += row_u64(g, field);
	}
	return sum;
}

static void check_sums(const struct rig *r)
{
	const struct counters *c = &r->counters;
	uint64_t offered = c->v[COUNTER_FRAMES_OFFERED], in_flows = 0, fragments = 0;

	assert_int_equal(offered,
			 counters_sum(c, COUNTER_DELIVERED) + counters_sum(c, COUNTER_DROP));
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		if (counter_row(i)->role == COUNTER_DROP)
			assert_int_equal(gap_sum(r, counter_row(i)->name, gap_frames), c->v[i]);
	assert_int_equal(gap_sum(r, "tcp.gaps", gap_bytes), c->v[COUNTER_TCP_GAP_BYTES]);
	for (size_t i = 0; i < r->views; i++) {
		const struct row_view *f = &r->view[i];

		if (f->kind_id != KIND_FLOW)
			continue;
		in_flows += row_u64(f, flow_src_packets) + row_u64(f, flow_dst_packets);
		fragments += row_u64(f, flow_fragments);
	}
	/* A tunnel's packets are counted to it as well as to what it carries. */
	assert_true(in_flows - fragments >= c->v[COUNTER_FRAMES_FLOW]);
	assert_int_equal(rig_count(r, KIND_FLOW), c->v[COUNTER_FLOWS]);
	assert_int_equal(r->views, c->v[COUNTER_ROWS]);
	assert_int_equal(row_u64(capture(r), capture_packets), offered);
	assert_int_equal(row_u64(capture(r), capture_delivered),
			 counters_sum(c, COUNTER_DELIVERED));
	assert_int_equal(row_u64(capture(r), capture_dropped), counters_sum(c, COUNTER_DROP));
}

TEST(an_empty_source_has_a_capture_record_alone)
{
	struct rig *r = rig_new();

	rig_end(r);

	assert_int_equal(r->views, 1);
	assert_int_equal(row_u64(capture(r), capture_packets), 0);
	rig_free(r);
}

TEST(the_capture_record_is_last_and_tells_the_source)
{
	struct flow_source source = { .format = 1,
				      .compression = 2,
				      .file_bytes = 99,
				      .interfaces = 3,
				      .truncated = true,
				      .error = "capture.damaged" };
	struct rig *r = rig_new();
	const struct row_view *c;
	size_t at = 0;
	uint64_t link = 0;
	struct row_value links;

	send_udp(r, LOW, HIGH, STR("abc"));
	send_udp(r, LOW, HIGH, STR("abc"));
	flow_engine_end(r->e, &source);
	rig_look(r);
	c = &r->view[r->views - 1];

	assert_int_equal(c->kind_id, KIND_CAPTURE);
	assert_int_equal(row_u64(c, capture_format), 1);
	assert_int_equal(row_u64(c, capture_compression), 2);
	assert_int_equal(row_u64(c, capture_file_bytes), 99);
	assert_int_equal(row_u64(c, capture_interfaces), 3);
	assert_true(row_true(c, capture_truncated));
	assert_str(row_text(c, capture_error), "capture.damaged");
	assert_int_equal(row_i64(c, common_time), T0);
	assert_int_equal(row_i64(c, capture_until), T0 + NS_PER_MS);
	assert_int_equal(row_u64(c, capture_packet_bytes), 2 * (14 + 28 + 3));
	links = value_in(c, capture_links.ref);
	assert_true(row_value_next_u64(&links, &at, &link));
	assert_int_equal(link, LINK_ETHERNET);
	rig_free(r);
}

TEST(a_lost_first_frame_begins_the_capture)
{
	struct rig *r = rig_new();

	flow_engine_lost(r->e, COUNTER_DROP_TOO_LONG, 300000, T0 - NS_PER_S);
	send_udp(r, LOW, HIGH, STR("abc"));
	rig_end(r);

	assert_int_equal(row_i64(capture(r), common_time), T0 - NS_PER_S);
	assert_int_equal(row_i64(capture(r), capture_until), T0);
	assert_int_equal(row_u64(capture(r), capture_packet_bytes), 300000 + 14 + 28 + 3);
	assert_int_equal(gap_sum(r, "drop.too-long", gap_bytes), 300000);
	check_sums(r);
	rig_free(r);
}

TEST(a_lost_frame_without_a_time_has_that_of_the_one_before)
{
	struct rig *r = rig_new();
	const struct row_view *g;

	send_udp(r, LOW, HIGH, STR("abc"));
	flow_engine_lost(r->e, COUNTER_DROP_CUT, 60, 0);
	rig_end(r);
	g = rig_row(r, KIND_GAP, 0);

	assert_int_equal(row_i64(g, common_time), T0);
	assert_int_equal(row_i64(g, gap_until), T0);
	assert_int_equal(row_i64(capture(r), capture_until), T0);
	check_sums(r);
	rig_free(r);
}

TEST(a_gap_spans_all_that_was_lost_for_one_reason)
{
	struct rig *r = rig_new();
	uint8_t junk[20] = { [12] = 0x08, [13] = 0x00, [14] = 0x45 };
	const struct row_view *g;

	send_raw(r, junk, sizeof(junk), 0);
	send_udp(r, LOW, HIGH, STR("abc"));
	send_raw(r, junk, sizeof(junk), 0);
	rig_end(r);
	g = rig_row(r, KIND_GAP, 0);

	assert_int_equal(rig_count(r, KIND_GAP), 1);
	assert_str(row_text(g, gap_reason), "drop.malformed");
	assert_int_equal(row_u64(g, gap_frames), 2);
	assert_int_equal(row_u64(g, gap_bytes), 40);
	assert_int_equal(row_i64(g, common_time), T0);
	assert_int_equal(row_i64(g, gap_until), T0 + 2 * NS_PER_MS);
	check_sums(r);
	rig_free(r);
}

/* How many bytes the dropped fragments had is not known; a 0 would be a claim. */
TEST(a_gap_without_known_bytes_does_not_name_any)
{
	struct rig *r = rig_new();

	send_shape(r, &(struct shape){ .src = LOW,
				       .dst = HIGH,
				       .proto = IP_PROTO_UDP,
				       .frag = 0x2000,
				       .body = STR("12345678") });
	rig_end(r);

	assert_false(has_value(rig_row(r, KIND_GAP, 0), gap_bytes.ref));
	assert_int_equal(row_i64(rig_row(r, KIND_GAP, 0), common_time), T0);
	check_sums(r);
	rig_free(r);
}

TEST(an_unknown_link_type_is_dropped_by_name)
{
	struct rig *r = rig_new();
	struct frame frame = { .bytes = STR("abcdef"), .wire_bytes = 6, .link = 147, .at_ns = T0 };

	flow_engine_frame(r->e, &frame);
	rig_end(r);

	assert_int_equal(r->counters.v[COUNTER_DROP_LINK], 1);
	check_sums(r);
	rig_free(r);
}

TEST(a_capture_cut_by_its_snap_length_tells_the_rest_as_gaps)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	talk_open(&t);
	send_shape(r, &(struct shape){ .src = LOW,
				       .dst = HIGH,
				       .proto = IP_PROTO_TCP,
				       .flags = TCP_ACK,
				       .seq = t.next[CLIENT],
				       .ack = t.next[SERVER],
				       .body = STR(GET_A),
				       .keep = 14 + 40 + 10 });
	rig_end(r);

	assert_int_equal(gap_sum(r, "tcp.gaps", gap_bytes), strlen(GET_A) - 10);
	check_sums(r);
	rig_free(r);
}

/* ---- Anything -------------------------------------------------------------------------------- */

struct dice {
	uint64_t x;
};

static uint32_t roll(struct dice *d, uint32_t below)
{
	d->x += UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(hash_mix(d->x, 17) >> 11) % below;
}

/* A frame of some conversation; then some of its bytes, its length and its time are changed. */
static void random_frame(struct rig *r, struct dice *d)
{
	static const uint8_t protos[] = { 6, 6, 6, 6, 6, 17, 17, 1, 132, 89, 4 };
	static const char *const texts[] = { GET_A,
					     OK_5,
					     "\x01\x02",
					     "GET /x",
					     "",
					     "HTTP/1.1 101 x\r\n\r\n",
					     "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n123" };
	struct peer peers[] = { { "10.0.0.1", (uint16_t)(1000 + roll(d, 20)) },
				{ "10.0.0.2", 80 } };
	unsigned from = roll(d, 2);
	struct shape s = {
		.src = peers[from],
		.dst = peers[!from],
		.proto = protos[roll(d, ARRAY_LEN(protos))],
		.flags = (uint8_t)(roll(d, 3) ? TCP_ACK : roll(d, 64)),
		.seq = 1000 + roll(d, 300),
		.ack = 1000 + roll(d, 300),
		.icmp_type = (uint8_t)roll(d, 12),
		.icmp_id = (uint16_t)roll(d, 3),
		.ip_id = (uint16_t)roll(d, 4),
		.body = str_of(texts[roll(d, ARRAY_LEN(texts))]),
		.keep = roll(d, 8) ? 0 : 1 + roll(d, 90),
	};

	if (roll(d, 8) == 0) {
		s.frag = (uint16_t)(roll(d, 2) * 0x2000 + roll(d, 3));
		s.body = STR("01234567");
	}
	r->vlan = roll(d, 10) ? 0 : roll(d, 4096);
	r->at_ns += (int64_t)roll(d, 1000) * 100 * NS_PER_MS - 20 * NS_PER_S;
	send_shape(r, &s);
	for (unsigned i = roll(d, 4); i > 0; i--)
		r->frame[roll(d, 80)] ^= (uint8_t)(1 << roll(d, 8));
	if (roll(d, 2))
		send_raw(r, r->frame, 1 + roll(d, 100), roll(d, 120));
	if (roll(d, 500) == 0)
		flow_engine_lost(r->e, COUNTER_DROP_TOO_LONG, roll(d, 1000), r->at_ns);
}

TEST(the_sum_holds_for_anything_that_is_offered)
{
	struct flow_conf conf = small_conf();
	struct dice d = { 1 };
	struct rig *r;

	conf.flows = 16;
	conf.streams = 8;
	conf.transactions = 8;
	conf.windows = 16;
	conf.segments = 8;
	conf.fragments = 4;
	r = rig_with(&conf);
	while (r->counters.v[COUNTER_FRAMES_OFFERED] < 20000)
		random_frame(r, &d);
	rig_end(r);

	assert_true(r->counters.v[COUNTER_FRAMES_FRAGMENT] > 0);
	assert_true(r->counters.v[COUNTER_DROP_MALFORMED] > 0);
	assert_true(r->counters.v[COUNTER_FLOWS_EVICTED] > 0);
	assert_true(r->of_kind[KIND_HTTP] > 0);
	check_sums(r);
	rig_free(r);
}

TEST_MAIN
