/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_packet: two bytes of link type, one of bytes that the capture cut, then a frame. Whatever
 * the headers say, the answer must lie within the frame, agree with itself, and not depend on what
 * *out held before.
 */
#include "packet/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct str part, struct str all)
{
	assert(part.n == 0 || (part.p >= all.p && part.p + part.n <= all.p + all.n));
}

static void check_ip(const struct packet *p, struct str all)
{
	assert(p->ip_version == 4 || p->ip_version == 6);
	assert(p->tunnels < PACKET_HEADERS_MAX);
	check_inside(p->payload, all);
	assert(p->payload.n <= p->payload_bytes);
	assert(!p->transport_cut || p->payload.n == 0);
	if (p->fragment) {
		check_inside(p->frag_body, all);
		assert(p->frag_body.n <= p->frag_bytes);
		assert(p->frag_bytes <= p->ip_bytes);
		assert(p->frag_more || p->frag_offset > 0);
		assert(p->frag_offset % 8 == 0);
	}
}

static void check(enum packet_answer answer, const struct packet *p, struct str all)
{
	assert(p->vlans <= PACKET_VLANS_MAX);
	for (size_t i = 0; i < p->vlans; i++)
		assert(p->vlan[i] < 4096);
	switch (answer) {
	case PACKET_IP:
	case PACKET_FRAGMENT:
		assert(p->fragment == (answer == PACKET_FRAGMENT));
		check_ip(p, all);
		break;
	case PACKET_OTHER:
	case PACKET_LINK:
	case PACKET_MALFORMED:
		break;
	default:
		assert(false);
	}
}

/* The answer again, with other bytes in *out before. */
static void check_repeats(uint16_t link, struct str frame, uint32_t wire_bytes,
			  enum packet_answer answer, const struct packet *p)
{
	struct packet q;

	memset(&q, 0x5a, sizeof(q));
	assert(packet_decode(link, frame, wire_bytes, &q) == answer);
	assert(q.vlans == p->vlans && q.tunnels == p->tunnels && q.fragment == p->fragment);
	if (answer != PACKET_IP && answer != PACKET_FRAGMENT)
		return;
	assert(memcmp(&q.src, &p->src, sizeof(q.src)) == 0);
	assert(memcmp(&q.dst, &p->dst, sizeof(q.dst)) == 0);
	assert(q.proto == p->proto && q.ip_bytes == p->ip_bytes);
	assert(q.src_port == p->src_port && q.dst_port == p->dst_port);
	assert(q.payload.n == p->payload.n && q.payload_bytes == p->payload_bytes);
	assert(q.transport_cut == p->transport_cut && q.icmp_quotes == p->icmp_quotes);
	if (q.proto == IP_PROTO_TCP && (!q.fragment || q.frag_offset == 0))
		assert(q.seq == p->seq && q.ack == p->ack && q.tcp_flags == p->tcp_flags);
	if (q.icmp_quotes)
		assert(q.quote_proto == p->quote_proto && q.quote_dst_port == p->quote_dst_port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet p;
	enum packet_answer answer;
	struct str frame;
	uint32_t wire_bytes;
	uint16_t link;

	if (size < 3 || size > FRAME_MAX)
		return 0;
	link = load_u16be(data);
	frame = (struct str){ (const char *)data + 3, size - 3 };
	wire_bytes = (uint32_t)(frame.n + data[2]);

	memset(&p, 0xa5, sizeof(p));
	answer = packet_decode(link, frame, wire_bytes, &p);
	check(answer, &p, frame);
	check_repeats(link, frame, wire_bytes, answer, &p);

	/* A fragment is taken for the whole: each time a header less is left. */
	while (answer == PACKET_FRAGMENT && p.frag_body.n == p.frag_bytes) {
		struct packet first = p;

		answer = packet_decode_whole(&first, first.frag_body, &p);
		check(answer, &p, frame);
		assert(p.whole);
		assert(answer != PACKET_FRAGMENT || p.frag_body.n < first.frag_body.n);
	}
	return 0;
}
