/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine with packets that are no TCP: what is one flow, who is its client, fragments, VLANs,
 * ICMP, and an engine that is used again.
 */
#include "flow/frames_test.h"

#define DNS ((struct peer){ "10.0.0.2", 53 })

static const struct row_view *only_flow(struct rig *r)
{
	rig_end(r);
	assert_int_equal(rig_count(r, KIND_FLOW), 1);
	return rig_row(r, KIND_FLOW, 0);
}

/* ---- UDP, SCTP, others ----------------------------------------------------------------------- */

TEST(a_udp_question_and_its_answer_are_one_flow)
{
	struct rig *r = rig_new();
	const struct row_view *f;

	send_udp(r, LOW, DNS, STR("question"));
	send_udp(r, DNS, LOW, STR("answer"));
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_transport), TRANSPORT_UDP);
	assert_int_equal(row_u64(f, flow_state), FLOW_STATELESS);
	assert_int_equal(row_u64(f, flow_src_packets), 1);
	assert_int_equal(row_u64(f, flow_src_bytes), 28 + 8);
	assert_int_equal(row_u64(f, flow_dst_bytes), 28 + 6);
	assert_int_equal(row_u64(f, common_dst_port), 53);
	assert_str(row_text(f, common_observer), "eth0");
	rig_free(r);
}

TEST(an_answer_that_is_seen_alone_comes_from_the_low_port)
{
	struct rig *r = rig_new();
	const struct row_view *f;

	send_udp(r, DNS, LOW, STR("answer"));
	f = only_flow(r);

	assert_int_equal(row_u64(f, common_dst_port), 53);
	assert_int_equal(row_u64(f, flow_dst_packets), 1);
	assert_int_equal(row_u64(f, flow_src_packets), 0);
	rig_free(r);
}

TEST(a_host_that_talks_to_itself_has_two_ends)
{
	struct rig *r = rig_new();
	struct peer a = { "127.0.0.1", 5000 }, b = { "127.0.0.1", 6000 };
	const struct row_view *f;

	send_udp(r, b, a, STR("1"));
	send_udp(r, a, b, STR("2"));
	send_udp(r, b, a, STR("3"));
	f = only_flow(r);

	assert_int_equal(row_u64(f, common_src_port), 6000);
	assert_int_equal(row_u64(f, flow_src_packets), 2);
	assert_int_equal(row_u64(f, flow_dst_packets), 1);
	rig_free(r);
}

TEST(sctp_is_counted_by_its_ports)
{
	struct rig *r = rig_new();
	const struct row_view *f;

	send_shape(r, &(struct shape){ .src = LOW, .dst = HIGH, .proto = IP_PROTO_SCTP });
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_transport), TRANSPORT_SCTP);
	assert_int_equal(row_u64(f, common_dst_port), 80);
	assert_int_equal(row_u64(f, flow_ip_protocol), 132);
	rig_free(r);
}

TEST(a_protocol_without_ports_is_a_flow_of_its_addresses)
{
	struct rig *r = rig_new();
	const struct row_view *f;

	send_shape(r, &(struct shape){ .src = LOW, .dst = HIGH, .proto = 89, .body = STR("ospf") });
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_transport), TRANSPORT_OTHER);
	assert_int_equal(row_u64(f, flow_ip_protocol), 89);
	assert_false(has_value(f, common_src_port.ref));
	rig_free(r);
}

TEST(the_same_ports_of_two_protocols_are_two_flows)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);

	send_udp(r, LOW, HIGH, STR("x"));
	flags_from(&t, CLIENT, TCP_SYN);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_FLOW), 2);
	assert_int_not_equal(row_u64(rig_row(r, KIND_FLOW, 0), common_flow_id),
			     row_u64(rig_row(r, KIND_FLOW, 1), common_flow_id));
	rig_free(r);
}

/* ---- ICMP ------------------------------------------------------------------------------------ */

static void echo(struct rig *r, struct peer src, struct peer dst, uint8_t type, uint16_t id)
{
	bool v6 = strchr(src.ip, ':') != NULL;

	send_shape(r, &(struct shape){ .src = src,
				       .dst = dst,
				       .proto = v6 ? IP_PROTO_ICMPV6 : IP_PROTO_ICMP,
				       .icmp_type = type,
				       .icmp_id = id,
				       .body = STR("payload") });
}

TEST(an_echo_and_its_reply_pair_by_their_id)
{
	struct rig *r = rig_new();

	echo(r, HIGH, LOW, 8, 77);
	echo(r, LOW, HIGH, 0, 77);
	echo(r, HIGH, LOW, 8, 78);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_FLOW), 2);
	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 0), flow_icmp_type), 8);
	for (size_t i = 0; i < 2; i++) {
		const struct row_view *f = rig_row(r, KIND_FLOW, i);

		assert_row_ip(f, common_src_ip, "10.0.0.2");
		assert_false(has_value(f, common_src_port.ref));
	}
	rig_free(r);
}

TEST(an_echo_reply_alone_names_its_receiver_as_client)
{
	struct rig *r = rig_new();
	struct peer a = { "2001:db8::1", 0 }, b = { "2001:db8::2", 0 };
	const struct row_view *f;

	echo(r, b, a, 129, 5);
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_transport), TRANSPORT_ICMPV6);
	assert_row_ip(f, common_src_ip, "2001:db8::1");
	rig_free(r);
}

/* RFC 8335: the types of the extended echo. */
TEST(an_extended_echo_pairs_as_well)
{
	struct rig *r = rig_new();
	const struct row_view *f;

	echo(r, LOW, HIGH, 42, 9);
	echo(r, HIGH, LOW, 43, 9);
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_src_packets), 1);
	assert_int_equal(row_u64(f, flow_dst_packets), 1);
	rig_free(r);
}

/* A router says that a packet of the shape could not be delivered. */
static void icmp_error(struct rig *r, const struct shape *about)
{
	uint8_t quoted[128];
	size_t n = put_ip(quoted, about);

	send_shape(r, &(struct shape){ .src = { "10.9.9.9", 0 },
				       .dst = about->src,
				       .proto = IP_PROTO_ICMP,
				       .icmp_type = 3,
				       .icmp_code = 3,
				       .body = { (const char *)quoted, n } });
}

TEST(an_icmp_error_joins_the_flow_it_is_about)
{
	struct shape lost = { .src = LOW, .dst = DNS, .proto = IP_PROTO_UDP, .body = STR("?") };
	struct rig *r = rig_new();
	const struct row_view *udp, *icmp;

	send_shape(r, &lost);
	icmp_error(r, &lost);
	rig_end(r);
	udp = rig_row(r, KIND_FLOW, 0);
	icmp = rig_row(r, KIND_FLOW, 1);

	assert_int_equal(rig_count(r, KIND_FLOW), 2);
	assert_int_equal(row_u64(udp, flow_icmp_errors), 1);
	assert_int_equal(row_u64(icmp, flow_icmp_type), 3);
	assert_int_equal(row_u64(icmp, flow_icmp_code), 3);
	assert_row_ip(icmp, common_src_ip, "10.9.9.9");
	assert_int_equal(row_u64(icmp, common_flow_id), row_u64(udp, common_flow_id));
	rig_free(r);
}

TEST(errors_about_two_flows_are_two_flows)
{
	struct shape a = { .src = LOW, .dst = DNS, .proto = IP_PROTO_UDP }, b = a;
	struct rig *r = rig_new();

	b.src.port++;
	icmp_error(r, &a);
	icmp_error(r, &b);
	icmp_error(r, &a);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_FLOW), 2);
	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 0), flow_src_packets) +
				 row_u64(rig_row(r, KIND_FLOW, 1), flow_src_packets),
			 3);
	rig_free(r);
}

/* ---- Fragments ------------------------------------------------------------------------------- */

#define MORE_FRAGMENTS 0x2000

static void fragment(struct rig *r, uint16_t id, unsigned at, bool more, struct str body)
{
	send_shape(r, &(struct shape){ .src = LOW,
				       .dst = DNS,
				       .proto = IP_PROTO_UDP,
				       .ip_id = id,
				       .frag = (uint16_t)(at / 8 | (more ? MORE_FRAGMENTS : 0)),
				       .body = body });
}

/* A UDP header for 24 bytes behind it, then the first 8 of them. */
#define UDP_32                                                                                     \
	((struct str){ "\x9c\x40\x00\x35\x00\x20\x00\x00"                                          \
		       "01234567",                                                                 \
		       16 })

TEST(fragments_are_one_packet_and_as_many_frames)
{
	struct rig *r = rig_new();
	const struct row_view *f;

	fragment(r, 5, 0, true, UDP_32);
	fragment(r, 5, 24, false, STR("89abcdef"));
	assert_int_equal(r->counters.v[COUNTER_FRAMES_FRAGMENT], 0);
	fragment(r, 5, 16, true, STR("ghijklmn"));
	assert_int_equal(r->counters.v[COUNTER_FRAMES_FRAGMENT], 3);
	f = only_flow(r);

	assert_int_equal(row_u64(f, common_src_port), 40000);
	assert_int_equal(row_u64(f, flow_src_packets), 3);
	assert_int_equal(row_u64(f, flow_src_bytes), 3 * 20 + 32);
	assert_int_equal(row_u64(f, flow_fragments), 3);
	assert_int_equal(row_u64(rig_row(r, KIND_CAPTURE, 0), capture_fragments), 3);
	rig_free(r);
}

TEST(fragments_that_stay_alone_are_dropped_in_time)
{
	struct rig *r = rig_new();

	fragment(r, 5, 0, true, UDP_32);
	r->at_ns += FRAG_TIMEOUT_NS + 1;
	send_udp(r, LOW, HIGH, STR("x"));
	assert_int_equal(r->counters.v[COUNTER_DROP_FRAG_TIMEOUT], 1);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_GAP), 1);
	assert_str(row_text(rig_row(r, KIND_GAP, 0), gap_reason), "drop.fragment-timeout");
	assert_int_equal(row_u64(rig_row(r, KIND_GAP, 0), gap_frames), 1);
	rig_free(r);
}

/* IP in IP, where both are fragmented: each storey is gathered in turn. */
TEST(fragments_within_fragments_are_gathered)
{
	struct rig *r = rig_new();
	uint8_t inner[2][64];
	size_t n[2];
	const struct row_view *tunnel, *f;

	n[0] = put_ip(inner[0], &(struct shape){ .src = LOW,
						 .dst = DNS,
						 .proto = IP_PROTO_UDP,
						 .ip_id = 1,
						 .frag = MORE_FRAGMENTS,
						 .body = UDP_32 });
	n[1] = put_ip(inner[1], &(struct shape){ .src = LOW,
						 .dst = DNS,
						 .proto = IP_PROTO_UDP,
						 .ip_id = 1,
						 .frag = 2,
						 .body = STR("ghijklmn89abcdef") });
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned half = 0; half < 2; half++) {
			struct str body = { (const char *)inner[i], n[i] };

			send_shape(r,
				   &(struct shape){
					   .src = { "192.168.0.1", 0 },
					   .dst = { "192.168.0.2", 0 },
					   .proto = IP_PROTO_IPIP,
					   .ip_id = (uint16_t)(50 + i),
					   .frag = half ? 2 : MORE_FRAGMENTS,
					   .body = half ? str_skip(body, 16) : str_head(body, 16),
				   });
		}
	}
	rig_end(r);
	tunnel = rig_row(r, KIND_FLOW, 0);
	f = rig_row(r, KIND_FLOW, 1);

	assert_int_equal(rig_count(r, KIND_FLOW), 2);
	assert_str(row_text(tunnel, flow_protocol), "tunnel");
	assert_row_ip(tunnel, common_src_ip, "192.168.0.1");
	assert_row_ip(f, common_src_ip, "10.0.0.1");
	assert_int_equal(row_u64(f, common_dst_port), 53);
	assert_int_equal(row_u64(f, flow_tunnels), 1);
	assert_int_equal(r->counters.v[COUNTER_FRAMES_FRAGMENT], 4);
	rig_free(r);
}

TEST(a_tcp_connection_may_come_in_fragments)
{
	struct rig *r = rig_new();
	struct talk t = talk_low(r);
	uint8_t packet[256];
	size_t n, whole;

	talk_open(&t);
	n = put_ip(packet, &(struct shape){ .src = LOW,
					    .dst = HIGH,
					    .proto = IP_PROTO_TCP,
					    .flags = TCP_ACK,
					    .seq = t.next[CLIENT],
					    .body = STR(GET_A) });
	whole = n - 20;
	for (unsigned i = 0; i < 2; i++)
		send_shape(r, &(struct shape){ .src = LOW,
					       .dst = HIGH,
					       .proto = IP_PROTO_TCP,
					       .ip_id = 9,
					       .frag = i ? 4 : MORE_FRAGMENTS,
					       .body = { (const char *)packet + 20 + 32 * i,
							 i ? whole - 32 : 32 } });
	t.next[CLIENT] += (uint32_t)strlen(GET_A);
	say(&t, SERVER, OK_5);
	rig_end(r);

	assert_int_equal(rig_count(r, KIND_HTTP), 1);
	assert_int_equal(row_u64(rig_row(r, KIND_HTTP, 0), http_status), 200);
	assert_int_equal(row_u64(rig_row(r, KIND_FLOW, 0), flow_fragments), 2);
	rig_free(r);
}

/* ---- VLANs, other frames --------------------------------------------------------------------- */

TEST(vlans_stand_in_the_flow_and_are_counted_in_the_capture)
{
	struct rig *r = rig_new();
	struct row_value vlans;
	struct row_pair pair;
	uint64_t id = 0;
	size_t at = 0;

	r->vlan = 12;
	send_udp(r, LOW, DNS, STR("x"));
	send_udp(r, LOW, DNS, STR("x"));
	r->vlan = 0;
	send_udp(r, DNS, LOW, STR("x"));
	rig_end(r);

	vlans = value_in(rig_row(r, KIND_FLOW, 0), flow_vlans.ref);
	assert_true(row_value_next_u64(&vlans, &at, &id));
	assert_int_equal(id, 12);
	assert_int_equal(vlans.n, 1);
	vlans = value_in(rig_row(r, KIND_CAPTURE, 0), capture_vlans.ref);
	at = 0;
	assert_int_equal(vlans.n, 1);
	assert_true(row_value_next_pair(&vlans, &at, &pair));
	assert_str(pair.name, "12");
	assert_str(pair.value, "2");
	rig_free(r);
}

TEST(a_frame_without_ip_is_kept_as_other)
{
	struct rig *r = rig_new();
	uint8_t arp[42] = { [12] = 0x08, [13] = 0x06 };

	send_raw(r, arp, sizeof(arp), 0);
	rig_end(r);

	assert_int_equal(r->counters.v[COUNTER_FRAMES_OTHER], 1);
	assert_int_equal(rig_count(r, KIND_FLOW), 0);
	assert_int_equal(rig_count(r, KIND_CAPTURE), 1);
	rig_free(r);
}

TEST(a_tcp_header_that_is_cut_still_counts_for_its_flow)
{
	struct rig *r = rig_new();
	const struct row_view *f;

	send_shape(r, &(struct shape){ .src = LOW,
				       .dst = HIGH,
				       .proto = IP_PROTO_TCP,
				       .flags = TCP_ACK,
				       .keep = 14 + 20 + 4 });
	send_shape(r, &(struct shape){ .src = LOW,
				       .dst = HIGH,
				       .proto = IP_PROTO_TCP,
				       .flags = TCP_ACK,
				       .seq = 5 });
	f = only_flow(r);

	assert_int_equal(row_u64(f, flow_src_packets), 2);
	assert_int_equal(row_u64(f, flow_state), FLOW_OPEN);
	rig_free(r);
}

/* ---- Start, reset ---------------------------------------------------------------------------- */

static int try_conf(const struct flow_conf *conf)
{
	struct counters counters;
	struct row_out out = { 0 };
	struct flow_engine *e = NULL;
	int r = flow_engine_new(conf, &out, &counters, &e);

	flow_engine_free(e);
	return r;
}

TEST(an_engine_needs_at_least_one_of_everything)
{
	struct flow_conf conf = small_conf();

	assert_int_equal(try_conf(&conf), 0);
	conf.windows = 1;
	assert_int_equal(try_conf(&conf), 0);
	conf.windows = 0;
	assert_int_equal(try_conf(&conf), -EINVAL);
	conf = small_conf();
	conf.flows = 0;
	assert_int_equal(try_conf(&conf), -EINVAL);
}

TEST(an_observer_longer_than_its_limit_is_cut)
{
	static char name[300];
	struct flow_conf conf = small_conf();
	struct rig *r;

	memset(name, 'n', sizeof(name));
	conf.observer = (struct str){ name, sizeof(name) };
	r = rig_with(&conf);
	send_udp(r, LOW, DNS, STR("x"));

	assert_int_equal(row_text(only_flow(r), common_observer).n, 256);
	rig_free(r);
}

/* Something of everything, with things left open. */
static void mixed_traffic(struct rig *r)
{
	struct talk t = talk_low(r), u = talk_of(r, (struct peer){ "10.0.0.7", 1 }, HIGH);
	uint8_t junk[64] = { 1 };

	r->at_ns = T0;
	r->vlan = 3;
	talk_open(&t);
	talk_exchange(&t);
	say(&t, CLIENT, "GET /half HT");
	talk_open(&u);
	lose(&u, CLIENT, "lost");
	say(&u, CLIENT, GET_B);
	send_udp(r, LOW, DNS, STR("x"));
	fragment(r, 1, 0, true, UDP_32);
	send_raw(r, junk, 10, 0);
	echo(r, LOW, HIGH, 8, 3);
}

/* The rows of one run, without their ids. */
static void take_rows(struct rig *r, struct buf *rows)
{
	rig_end(r);
	assert_int_equal(buf_put(rows, buf_str(&r->rows)), 0);
	for (size_t i = 0, at = 0; i < r->views; i++) {
		memset(rows->p + at + 8, 0, 16);
		at += r->view[i].bytes.n;
	}
	buf_clear(&r->rows);
}

TEST(an_engine_that_was_reset_gives_the_same_rows)
{
	struct rig *r = rig_new();
	struct counters counters;
	struct buf first, again;

	buf_init(&first, MIB);
	buf_init(&again, MIB);
	mixed_traffic(r);
	take_rows(r, &first);
	counters = r->counters;
	flow_engine_reset(r->e);
	mixed_traffic(r); /* is forgotten: this reset comes without an end */
	flow_engine_reset(r->e);
	rig_drain(r, 0);
	buf_clear(&r->rows);
	mixed_traffic(r);
	take_rows(r, &again);

	assert_true(first.len > 0);
	assert_true(str_eq(buf_str(&first), buf_str(&again)));
	assert_memory_equal(&r->counters, &counters, sizeof(counters));
	buf_done(&first);
	buf_done(&again);
	rig_free(r);
}

TEST_MAIN
