/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inet: IPv4 (RFC 791) and IPv6 (RFC 8200) headers, the extension headers between them and the
 * transport, fragments, and the packet that an ICMP error quotes. A header is judged whole before
 * anything of it is written, so that a packet inside a tunnel replaces the outer one only when it
 * is a packet.
 */
#include "packet/decode_int.h"

/* Limit: extension headers of one IPv6 packet. */
#define EXTENSIONS_MAX 16

enum { IPV4_BYTES = 20, IPV6_BYTES = 40, FRAGMENT_BYTES = 8 };

enum extension {
	EXT_HOP_BY_HOP = 0,
	EXT_ROUTING = 43,
	EXT_FRAGMENT = 44,
	EXT_AH = IP_PROTO_AH,
	EXT_NONE = 59,
	EXT_DESTINATION = 60,
	EXT_MOBILITY = 135,
	EXT_SHIM6 = 140,
};

/* Extension headers: the walk through them, and what they say. */
struct chain {
	struct span at;
	uint8_t next; /* kind of the header at at */
	bool fragment, more;
	uint32_t id, offset;
};

static void address4(struct ip_addr *to, const uint8_t *p)
{
	/* Two stores of 8: what is read as 16 later need not wait for pieces. */
	static const uint8_t mapped[4] = { 0, 0, 0xff, 0xff };
	uint8_t low[8];

	memset(to->b, 0, 8);
	memcpy(low, mapped, 4);
	memcpy(low + 4, p, 4);
	memcpy(to->b + 8, low, 8);
}

/* ---- Extension headers ----------------------------------------------------------------------- */

/* Bytes of the extension header at p, or 0 for what is none. Of IPv4's protocols only AH is one. */
static size_t extension_bytes(uint8_t kind, uint8_t version, const uint8_t *p)
{
	if (version == 4 && kind != EXT_AH)
		return 0;
	switch (kind) {
	case EXT_HOP_BY_HOP:
	case EXT_ROUTING:
	case EXT_DESTINATION:
	case EXT_SHIM6:
		return (size_t)(p[1] + 1) * 8;
	case EXT_MOBILITY: /* nothing follows it today (RFC 6275), so it is what the packet is */
		return p[0] == EXT_NONE ? 0 : (size_t)(p[1] + 1) * 8;
	case EXT_AH:
		return (size_t)(p[1] + 2) * 4;
	case EXT_FRAGMENT:
		return FRAGMENT_BYTES;
	default:
		return 0;
	}
}

/* An atomic fragment (RFC 6946) is whole: only its header is passed. */
static void chain_fragment(struct chain *c, const uint8_t *p)
{
	unsigned field = load_u16be(p + 2);

	c->more = (field & 1) != 0;
	c->offset = field & 0xfff8;
	c->id = load_u32be(p + 4);
	c->fragment = c->more || c->offset > 0;
}

/* Walks to the first header that is no extension, or behind a fragment header: what follows that
 * is known when the packet is whole. False when a header is cut or there are too many. */
static bool chain_walk(struct chain *c, uint8_t version)
{
	static const uint8_t none[2];

	for (unsigned left = EXTENSIONS_MAX; left > 0; left--) {
		const uint8_t *p = c->at.p;
		size_t n = extension_bytes(c->next, version, c->at.n < sizeof(none) ? none : p);

		if (n == 0)
			return true;
		if (n > c->at.n)
			return false;
		if (c->next == EXT_FRAGMENT)
			chain_fragment(c, p);
		c->next = p[0];
		span_skip(&c->at, n);
		if (c->fragment)
			return true;
	}
	return false;
}

/* ---- From IP to the layer inside ------------------------------------------------------------- */

/* What every packet has, as far as the IP headers say it: all behind them is payload. */
static inline void set_protocol(struct walk *w, uint8_t proto)
{
	struct packet *out = w->out;

	out->proto = proto;
	out->src_port = 0;
	out->dst_port = 0;
	out->transport_cut = false;
	out->icmp_quotes = false;
	out->payload = span_str(&w->at);
	out->payload_bytes = (uint32_t)w->at.wire;
}

static inline enum layer past_ip(struct walk *w, uint8_t proto)
{
	set_protocol(w, proto);
	switch (proto) {
	case IP_PROTO_TCP:
		return decode_tcp(w);
	case IP_PROTO_UDP:
		return decode_udp(w);
	case IP_PROTO_SCTP:
		return decode_sctp(w);
	case IP_PROTO_ICMP:
	case IP_PROTO_ICMPV6:
		return decode_icmp(w);
	default:
		return w->out->fragment ? LAYER_END : decode_tunnel(proto);
	}
}

/* What was innermost until now carries another packet. */
static void enter_tunnel(struct packet *out)
{
	if (out->tunnels < PACKET_OUTERS_MAX)
		out->outer[out->tunnels] = (struct packet_outer){
			.src = out->src,
			.dst = out->dst,
			.src_port = out->src_port,
			.dst_port = out->dst_port,
			.proto = out->proto,
			.ip_bytes = out->ip_bytes,
		};
	out->tunnels++;
}

/* The fixed header is right; commits to this packet. */
static void commit(struct walk *w, uint8_t version, size_t total)
{
	if (unlikely(w->ip))
		enter_tunnel(w->out);
	w->out->ip_version = version;
	w->out->ip_bytes = (uint32_t)total;
	w->out->fragment = false;
	w->ip = true;
	w->guessed = false;
	w->answer = PACKET_IP;
}

static enum layer fragment(struct walk *w, const struct chain *c)
{
	struct packet *out = w->out;

	w->answer = PACKET_FRAGMENT;
	w->at = c->at;
	out->fragment = true;
	out->frag_id = c->id;
	out->frag_offset = c->offset;
	out->frag_more = c->more;
	out->frag_bytes = (uint32_t)c->at.wire;
	out->frag_body = span_str(&c->at);
	if (c->offset == 0)
		return past_ip(w, c->next);
	set_protocol(w, c->next);
	return LAYER_END;
}

/* IPv4 and IPv6 agree from here on. */
static enum layer past_chain(struct walk *w, const struct chain *c)
{
	if (c->fragment)
		return fragment(w, c);
	w->at = c->at;
	return past_ip(w, c->next);
}

/* ---- IPv4 ------------------------------------------------------------------------------------ */

/* Fragments and AH, apart from the common path. */
static enum layer ipv4_unusual(struct walk *w, size_t header, size_t total)
{
	const uint8_t *p = w->at.p;
	unsigned field = load_u16be(p + 6);
	struct chain c = {
		.at = w->at,
		.next = p[9],
		.more = (field & 0x2000) != 0,
		.offset = (field & 0x1fffu) * 8,
		.id = load_u16be(p + 4),
	};

	c.fragment = c.more || c.offset > 0;
	span_limit(&c.at, total);
	span_skip(&c.at, header);
	if (!c.fragment && !chain_walk(&c, 4))
		return decode_malformed(w);
	commit(w, 4, total);
	address4(&w->out->src, p + 12);
	address4(&w->out->dst, p + 16);
	return past_chain(w, &c);
}

enum layer decode_ipv4(struct walk *w)
{
	const uint8_t *p = w->at.p;
	size_t header, total;

	if (unlikely(w->at.n < IPV4_BYTES || p[0] >> 4 != 4))
		return decode_malformed(w);
	header = (size_t)(p[0] & 0x0f) * 4;
	total = load_u16be(p + 2);
	if (unlikely(total == 0)) /* left to the network card, which cuts it into segments */
		total = w->at.wire;
	if (unlikely(header < IPV4_BYTES || header > w->at.n || header > total ||
		     (w->guessed && total > w->at.wire)))
		return decode_malformed(w);
	if (unlikely((load_u16be(p + 6) & 0x3fff) != 0 || p[9] == IP_PROTO_AH))
		return ipv4_unusual(w, header, total);

	commit(w, 4, total);
	address4(&w->out->src, p + 12);
	address4(&w->out->dst, p + 16);
	span_limit(&w->at, total);
	span_skip(&w->at, header);
	return past_ip(w, p[9]);
}

/* ---- IPv6 ------------------------------------------------------------------------------------ */

/* The length in a jumbo payload option (RFC 2675), or 0. It stands in a hop-by-hop header. */
static size_t jumbo_bytes(const struct span *s)
{
	enum { PAD1 = 0, JUMBO = 0xc2 };
	size_t at = IPV6_BYTES + 2, end;

	if (s->n < at || s->p[6] != EXT_HOP_BY_HOP)
		return 0;
	end = size_min(s->n, IPV6_BYTES + (size_t)(s->p[IPV6_BYTES + 1] + 1) * 8);
	while (at + 6 <= end) {
		uint8_t kind = s->p[at];

		if (kind == JUMBO && s->p[at + 1] == 4)
			return load_u32be(s->p + at + 2);
		at += kind == PAD1 ? 1 : 2 + (size_t)s->p[at + 1];
	}
	return 0;
}

/* Bytes of the packet by its header. A length of 0 is a jumbogram's, or was left to the network
 * card, unless nothing follows. */
static size_t ipv6_bytes(const struct span *s)
{
	size_t length = load_u16be(s->p + 4);

	if (length == 0)
		length = jumbo_bytes(s);
	if (length == 0 && s->p[6] != EXT_NONE)
		return s->wire;
	return IPV6_BYTES + length;
}

enum layer decode_ipv6(struct walk *w)
{
	const uint8_t *p = w->at.p;
	struct chain c;
	size_t total;

	if (unlikely(w->at.n < IPV6_BYTES || p[0] >> 4 != 6))
		return decode_malformed(w);
	total = ipv6_bytes(&w->at);
	if (unlikely((w->guessed && total > w->at.wire) || total > UINT32_MAX))
		return decode_malformed(w);
	c = (struct chain){ .at = w->at, .next = p[6] };
	span_limit(&c.at, total);
	span_skip(&c.at, IPV6_BYTES);
	if (unlikely(!chain_walk(&c, 6)))
		return decode_malformed(w);

	commit(w, 6, total);
	memcpy(w->out->src.b, p + 8, 16);
	memcpy(w->out->dst.b, p + 24, 16);
	return past_chain(w, &c);
}

/* ---- Either, and what is left over ----------------------------------------------------------- */

enum layer decode_ip(struct walk *w)
{
	if (w->at.n == 0)
		return decode_malformed(w);
	return w->at.p[0] >> 4 == 6 ? decode_ipv6(w) : decode_ipv4(w);
}

enum layer decode_body(struct walk *w)
{
	struct chain c = { .at = w->at, .next = w->out->proto };

	if (!chain_walk(&c, w->out->ip_version)) {
		w->answer = PACKET_MALFORMED;
		return LAYER_END;
	}
	return past_chain(w, &c);
}

/* Ports stand first in all three transports. */
static void quote_ports(const struct chain *c, struct packet *out)
{
	bool ports = c->next == IP_PROTO_TCP || c->next == IP_PROTO_UDP || c->next == IP_PROTO_SCTP;

	out->quote_proto = c->next;
	out->quote_src_port = 0;
	out->quote_dst_port = 0;
	if (!ports || c->offset > 0 || c->at.n < 4)
		return;
	out->quote_src_port = load_u16be(c->at.p);
	out->quote_dst_port = load_u16be(c->at.p + 2);
}

void decode_quote(const struct span *at, struct packet *out)
{
	const uint8_t *p = at->p;
	struct chain c = { .at = *at };
	uint8_t version = at->n > 0 ? p[0] >> 4 : 0;
	size_t header = version == 4 ? (size_t)(p[0] & 0x0f) * 4 : IPV6_BYTES;

	if ((version != 4 && version != 6) || header < IPV4_BYTES || at->n < header)
		return;
	if (version == 4) {
		address4(&out->quote_src, p + 12);
		address4(&out->quote_dst, p + 16);
		c.next = p[9];
		c.offset = (load_u16be(p + 6) & 0x1fffu) * 8;
	} else {
		memcpy(out->quote_src.b, p + 8, 16);
		memcpy(out->quote_dst.b, p + 24, 16);
		c.next = p[6];
	}
	span_skip(&c.at, header);
	if (c.offset == 0)
		(void)chain_walk(&c, version); /* a cut chain leaves its last kind */
	quote_ports(&c, out);
	out->icmp_quotes = true;
}
