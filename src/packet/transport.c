/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transport: TCP (RFC 9293), UDP (RFC 768), SCTP (RFC 9260), ICMP (RFC 792) and ICMPv6 (RFC 4443)
 * headers. A header that is cut leaves the ports if they are there, and an empty payload; the IP
 * packet around it stands in any case.
 */
#include "packet/decode_int.h"

enum { TCP_BYTES = 20, UDP_BYTES = 8, SCTP_BYTES = 12, ICMP_BYTES = 8 };

/* The payload is what stands behind header bytes; wire_bytes of it were sent. */
static inline void set_payload(struct walk *w, size_t header, size_t wire_bytes)
{
	span_skip(&w->at, header);
	w->out->payload = span_str(&w->at);
	w->out->payload_bytes = (uint32_t)wire_bytes;
}

static void set_ports(struct walk *w)
{
	w->out->src_port = load_u16be(w->at.p);
	w->out->dst_port = load_u16be(w->at.p + 2);
}

static enum layer cut(struct walk *w)
{
	w->out->transport_cut = true;
	w->out->payload = (struct str){ (const char *)w->at.p, 0 };
	w->out->payload_bytes = 0;
	return LAYER_END;
}

static enum layer cut_behind_ports(struct walk *w)
{
	if (w->at.n >= 4)
		set_ports(w);
	return cut(w);
}

static enum layer tcp_cut(struct walk *w)
{
	w->out->seq = 0;
	w->out->ack = 0;
	w->out->window = 0;
	w->out->tcp_flags = 0;
	return cut_behind_ports(w);
}

enum layer decode_tcp(struct walk *w)
{
	struct packet *out = w->out;
	const uint8_t *p = w->at.p;
	size_t header;

	if (unlikely(w->at.n < TCP_BYTES))
		return tcp_cut(w);
	header = (size_t)(p[12] >> 4) * 4;
	if (unlikely(header < TCP_BYTES || header > w->at.n))
		return tcp_cut(w);
	set_ports(w);
	out->seq = load_u32be(p + 4);
	out->ack = load_u32be(p + 8);
	out->tcp_flags = p[13];
	out->window = load_u16be(p + 14);
	set_payload(w, header, w->at.wire - header);
	return LAYER_END;
}

/* A length of 0 is a jumbogram's (RFC 2675) and means all there is. A length below the IP payload's
 * leaves a trailer out; one above it says that bytes are missing. */
enum layer decode_udp(struct walk *w)
{
	enum layer next;
	size_t length;

	if (unlikely(w->at.n < UDP_BYTES))
		return cut_behind_ports(w);
	length = load_u16be(w->at.p + 4);
	if (length == 0)
		length = w->at.wire;
	if (unlikely(length < UDP_BYTES))
		return cut_behind_ports(w);
	set_ports(w);
	span_limit(&w->at, size_min(length, w->at.wire));
	set_payload(w, UDP_BYTES, length - UDP_BYTES);
	if (w->out->fragment)
		return LAYER_END;
	next = decode_udp_port(w->out->src_port, w->out->dst_port);
	w->guessed = next != LAYER_END;
	return next;
}

enum layer decode_sctp(struct walk *w)
{
	if (w->at.n < SCTP_BYTES)
		return cut_behind_ports(w);
	set_ports(w);
	set_payload(w, SCTP_BYTES, w->at.wire - SCTP_BYTES);
	return LAYER_END;
}

/* ---- ICMP ------------------------------------------------------------------------------------ */

static bool icmp_is_echo(uint8_t proto, uint8_t type)
{
	if (proto == IP_PROTO_ICMP)
		return type == 0 || type == 8 || type == 42 || type == 43; /* RFC 8335 */
	return type == 128 || type == 129 || type == 160 || type == 161;
}

/* Unreachable, source quench, redirect, time exceeded, parameter problem; the same in ICMPv6, with
 * packet too big. */
static bool icmp_is_error(uint8_t proto, uint8_t type)
{
	if (proto == IP_PROTO_ICMP)
		return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
	return type >= 1 && type <= 4;
}

enum layer decode_icmp(struct walk *w)
{
	struct packet *out = w->out;
	const uint8_t *p = w->at.p;

	out->icmp_type = w->at.n > 0 ? p[0] : 0;
	out->icmp_code = w->at.n > 1 ? p[1] : 0;
	out->icmp_id = 0;
	if (w->at.n < ICMP_BYTES)
		return cut(w);
	if (icmp_is_echo(out->proto, out->icmp_type))
		out->icmp_id = load_u16be(p + 4);
	set_payload(w, ICMP_BYTES, w->at.wire - ICMP_BYTES);
	if (icmp_is_error(out->proto, out->icmp_type))
		decode_quote(&w->at, out);
	return LAYER_END;
}
