/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tunnel: headers that carry another packet inside IP or UDP. A protocol number says what follows;
 * a UDP port only suggests it, so each of those headers must look like one, and the packet inside
 * must fit, before the answer is the inner packet.
 */
#include "packet/decode_int.h"

enum {
	PROTO_IPIP_OLD = 94,
	PROTO_ETHERIP = 97,
	PROTO_MPLS = 137,
	PROTO_ETHERNET = 143,
};

enum layer decode_tunnel(uint8_t proto)
{
	switch (proto) {
	case IP_PROTO_IPIP:
	case PROTO_IPIP_OLD:
		return LAYER_IPV4;
	case IP_PROTO_IPV6:
		return LAYER_IPV6;
	case IP_PROTO_GRE:
		return LAYER_GRE;
	case PROTO_ETHERIP:
		return LAYER_ETHERIP;
	case PROTO_MPLS:
		return LAYER_MPLS;
	case PROTO_ETHERNET:
		return LAYER_ETHERNET;
	default:
		return LAYER_END;
	}
}

static enum layer port_layer(uint16_t port)
{
	switch (port) {
	case 2152:
		return LAYER_GTPU;
	case 3544:
		return LAYER_TEREDO;
	case 4754: /* RFC 8086 */
		return LAYER_GRE;
	case 4789:
	case 8472: /* what Linux chose before there was a number, and flannel uses */
		return LAYER_VXLAN;
	case 4790:
		return LAYER_VXLAN_GPE;
	case 6081:
		return LAYER_GENEVE;
	case 6635: /* RFC 7510 */
		return LAYER_MPLS;
	default:
		return LAYER_END;
	}
}

enum layer decode_udp_port(uint16_t src, uint16_t dst)
{
	enum layer layer = port_layer(dst);

	return layer != LAYER_END ? layer : port_layer(src);
}

/* ---- GRE and what only GRE carries ----------------------------------------------------------- */

enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACK = 0x0080, /* version 1 only */
	GRE_VERSION = 0x0007,
};

enum {
	GRE_TYPE_ERSPAN3 = 0x22eb,
	GRE_TYPE_WCCP = 0x883e,
	GRE_TYPE_ERSPAN = 0x88be,
};

/* Cisco's web cache protocol puts four bytes before the packet in its version 2. */
static enum layer gre_wccp(struct walk *w)
{
	if (w->at.n >= 4 && w->at.p[0] >> 4 != 4)
		span_skip(&w->at, 4);
	return LAYER_IPV4;
}

/* RFC 2784 and 2890. The routing field of RFC 1701 is gone from practice; it is not followed. */
static enum layer gre_version0(struct walk *w, unsigned flags, uint16_t type)
{
	size_t header = 4 + (flags & GRE_CHECKSUM ? 4u : 0u) + (flags & GRE_KEY ? 4u : 0u) +
			(flags & GRE_SEQUENCE ? 4u : 0u);

	if ((flags & GRE_ROUTING) || w->at.n < header)
		return decode_malformed(w);
	span_skip(&w->at, header);
	switch (type) {
	case GRE_TYPE_WCCP:
		return gre_wccp(w);
	case GRE_TYPE_ERSPAN3:
		return LAYER_ERSPAN;
	case GRE_TYPE_ERSPAN: /* type I has neither a sequence number nor a header of its own */
		return flags & GRE_SEQUENCE ? LAYER_ERSPAN : LAYER_ETHERNET;
	default:
		return type < 0x0600 ? LAYER_END : decode_ethertype(w, type);
	}
}

/* RFC 2637: the key's first half is the payload's length. */
static enum layer gre_version1(struct walk *w, unsigned flags)
{
	size_t header = 8 + (flags & GRE_SEQUENCE ? 4u : 0u) + (flags & GRE_ACK ? 4u : 0u);
	size_t length;

	if (!(flags & GRE_KEY) || w->at.n < header)
		return decode_malformed(w);
	length = load_u16be(w->at.p + 4);
	span_skip(&w->at, header);
	span_limit(&w->at, size_min(w->at.wire, length));
	return flags & GRE_SEQUENCE ? LAYER_PPP : LAYER_END;
}

enum layer decode_gre(struct walk *w)
{
	unsigned flags;

	if (w->at.n < 4)
		return decode_malformed(w);
	flags = load_u16be(w->at.p);
	switch (flags & GRE_VERSION) {
	case 0:
		return gre_version0(w, flags, load_u16be(w->at.p + 2));
	case 1:
		return gre_version1(w, flags);
	default:
		return LAYER_END;
	}
}

/* Types II and III by the version in the first four bits; a type III header may have a platform
 * specific part, and may carry a bare IP packet. */
enum layer decode_erspan(struct walk *w)
{
	enum { HEADER2 = 8, HEADER3 = 12, HEADER3_PLATFORM = 20 };
	enum { FRAME_ETHERNET = 0, FRAME_IP = 2 };
	size_t header = HEADER2;
	unsigned version, frame = FRAME_ETHERNET;

	if (w->at.n < HEADER2)
		return decode_malformed(w);
	version = w->at.p[0] >> 4;
	if (version == 2) {
		if (w->at.n < HEADER3)
			return decode_malformed(w);
		frame = w->at.p[10] >> 2 & 0x1f;
		header = w->at.p[11] & 1 ? HEADER3_PLATFORM : HEADER3;
	}
	if ((version != 1 && version != 2) || w->at.n < header)
		return decode_malformed(w);
	span_skip(&w->at, header);
	if (frame == FRAME_IP)
		return LAYER_IP;
	return frame == FRAME_ETHERNET ? LAYER_ETHERNET : LAYER_END;
}

/* RFC 3378. */
enum layer decode_etherip(struct walk *w)
{
	if (w->at.n < 2 || w->at.p[0] >> 4 != 3)
		return decode_malformed(w);
	span_skip(&w->at, 2);
	return LAYER_ETHERNET;
}

/* ---- Tunnels told by a UDP port -------------------------------------------------------------- */

/* RFC 7348; the highest bit is group based policy's. */
enum layer decode_vxlan(struct walk *w)
{
	enum { HEADER = 8, POLICY = 0x80, VNI = 0x08 };

	if (w->at.n < HEADER || (w->at.p[0] & ~POLICY) != VNI || w->at.p[7] != 0)
		return LAYER_END;
	span_skip(&w->at, HEADER);
	return LAYER_ETHERNET;
}

/* The same with a version, and a next protocol if the P bit says so. */
enum layer decode_vxlan_gpe(struct walk *w)
{
	enum { HEADER = 8, VERSION = 0x30, VNI = 0x08, NEXT = 0x04 };
	uint8_t flags, protocol;

	if (w->at.n < HEADER)
		return LAYER_END;
	flags = w->at.p[0];
	protocol = w->at.p[3];
	if (!(flags & VNI) || (flags & VERSION))
		return LAYER_END;
	span_skip(&w->at, HEADER);
	return flags & NEXT ? decode_next_protocol(protocol) : LAYER_ETHERNET;
}

/* RFC 8926. */
enum layer decode_geneve(struct walk *w)
{
	enum { HEADER = 8, OPTION_WORDS = 0x3f, RESERVED = 0x3f };
	const uint8_t *p = w->at.p;
	size_t header;
	uint16_t type;

	if (w->at.n < HEADER || p[0] >> 6 != 0 || (p[1] & RESERVED) || p[7] != 0)
		return LAYER_END;
	header = HEADER + (size_t)(p[0] & OPTION_WORDS) * 4;
	type = load_u16be(p + 2);
	if (w->at.n < header || type < 0x0600)
		return LAYER_END;
	span_skip(&w->at, header);
	return decode_ethertype(w, type);
}

/* 3GPP TS 29.281: a chain of extension headers, each with its length in words first and the kind
 * of the next one last. True when it ended; *at is behind it then. */
static bool gtpu_extensions(struct span *at, uint8_t next)
{
	enum { EXTENSIONS_MAX = 8 };

	for (unsigned left = EXTENSIONS_MAX; next != 0; left--) {
		size_t n = at->n > 0 ? (size_t)at->p[0] * 4 : 0;

		if (left == 0 || n == 0 || n > at->n)
			return false;
		next = at->p[n - 1];
		span_skip(at, n);
	}
	return true;
}

/* Only user packets (G-PDU) of version 1 are tunnels. */
enum layer decode_gtpu(struct walk *w)
{
	enum {
		HEADER = 8,
		OPTIONAL = 4,
		VERSION1_GTP = 0x30,
		HAS_OPTIONAL = 0x07,
		HAS_NEXT = 0x04,
		G_PDU = 0xff
	};
	struct span at = w->at;
	uint8_t flags, next = 0;
	size_t length;

	if (at.n < HEADER || (at.p[0] & 0xf8) != VERSION1_GTP || at.p[1] != G_PDU)
		return LAYER_END;
	flags = at.p[0];
	length = load_u16be(at.p + 2);
	if (length > at.wire - HEADER)
		return LAYER_END;
	span_skip(&at, HEADER);
	span_limit(&at, length);
	if (flags & HAS_OPTIONAL) {
		if (at.n < OPTIONAL)
			return LAYER_END;
		next = flags & HAS_NEXT ? at.p[3] : 0;
		span_skip(&at, OPTIONAL);
	}
	if (!gtpu_extensions(&at, next))
		return LAYER_END;
	w->at = at;
	return LAYER_IP;
}

/* RFC 4380: an authentication header and an origin indication may stand before the IPv6 packet. */
enum layer decode_teredo(struct walk *w)
{
	enum { AUTHENTICATION = 1, ORIGIN = 0, AUTHENTICATION_BYTES = 13, ORIGIN_BYTES = 8 };
	struct span *at = &w->at;

	if (at->n >= AUTHENTICATION_BYTES && load_u16be(at->p) == AUTHENTICATION) {
		size_t n = AUTHENTICATION_BYTES + (size_t)at->p[2] + at->p[3];

		if (n > at->n)
			return LAYER_END;
		span_skip(at, n);
	}
	if (at->n >= ORIGIN_BYTES && load_u16be(at->p) == ORIGIN)
		span_skip(at, ORIGIN_BYTES);
	return LAYER_IPV6;
}
