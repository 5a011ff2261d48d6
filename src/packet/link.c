/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link: from a frame's first byte to its IP header: link layers of capture files, Ethernet with
 * its tags, LLC, MPLS, PPP, and NSH. It knows nothing of IP but its version number.
 */
#include "packet/decode_int.h"

enum ethertype {
	TYPE_LENGTH_MAX = 1500, /* up to here it is a length: IEEE 802.3 */
	TYPE_FIRST = 0x0600,
	TYPE_IPV4 = 0x0800,
	TYPE_ETHERNET = 0x6558, /* transparent Ethernet bridging, RFC 1701 */
	TYPE_VLAN = 0x8100,
	TYPE_IPV6 = 0x86dd,
	TYPE_PPP = 0x880b,
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_UPSTREAM = 0x8848,
	TYPE_PPPOE = 0x8864,
	TYPE_VLAN_SERVICE = 0x88a8,
	TYPE_MACSEC = 0x88e5,
	TYPE_ITAG = 0x88e7,
	TYPE_VNTAG = 0x8926,
	TYPE_NSH = 0x894f,
	TYPE_VLAN_OLD = 0x9100,
};

/* What stands before the EtherType, and its offset, in the two "cooked" headers. */
enum { ETHERNET_BYTES = 14, COOKED1_BYTES = 16, COOKED2_BYTES = 20, COOKED_LLC = 4 };
enum { HARDWARE_NETLINK = 824 };

static enum layer type_layer(uint16_t type)
{
	switch (type) {
	case TYPE_IPV4:
		return LAYER_IPV4;
	case TYPE_IPV6:
		return LAYER_IPV6;
	case TYPE_VLAN:
	case TYPE_VLAN_SERVICE:
	case TYPE_VLAN_OLD:
		return LAYER_VLAN;
	case TYPE_MPLS:
	case TYPE_MPLS_UPSTREAM:
		return LAYER_MPLS;
	case TYPE_PPPOE:
		return LAYER_PPPOE;
	case TYPE_PPP:
		return LAYER_PPP;
	case TYPE_ETHERNET:
		return LAYER_ETHERNET;
	case TYPE_ITAG:
		return LAYER_ITAG;
	case TYPE_MACSEC:
		return LAYER_MACSEC;
	case TYPE_VNTAG:
		return LAYER_VNTAG;
	case TYPE_NSH:
		return LAYER_NSH;
	default:
		return LAYER_END;
	}
}

enum layer decode_ethertype(struct walk *w, uint16_t type)
{
	if (type > TYPE_LENGTH_MAX)
		return type_layer(type);
	span_limit(&w->at, size_min(w->at.wire, type));
	return LAYER_LLC;
}

/* Skips a header whose last two bytes are an EtherType. */
static inline enum layer past_type(struct walk *w, size_t header)
{
	uint16_t type = load_u16be(w->at.p + header - 2);

	span_skip(&w->at, header);
	return likely(type == TYPE_IPV4) ? LAYER_IPV4 : decode_ethertype(w, type);
}

enum layer decode_ethernet(struct walk *w)
{
	if (unlikely(w->at.n < ETHERNET_BYTES))
		return decode_malformed(w);
	return past_type(w, ETHERNET_BYTES);
}

enum layer decode_vlan(struct walk *w)
{
	struct packet *out = w->out;

	if (w->at.n < 4)
		return decode_malformed(w);
	if (out->vlans < PACKET_VLANS_MAX)
		out->vlan[out->vlans++] = load_u16be(w->at.p) & 0x0fff;
	return past_type(w, 4);
}

/* Cisco VN-Tag: four bytes about virtual ports. */
enum layer decode_vntag(struct walk *w)
{
	return w->at.n < 6 ? decode_malformed(w) : past_type(w, 6);
}

/* IEEE 802.1AE: flags, short length, packet number, and maybe the channel's name. The frame behind
 * it is readable when it is only signed; the signature at its end is behind the IP packet. */
enum layer decode_macsec(struct walk *w)
{
	enum { HAS_CHANNEL = 0x20, ENCRYPTED = 0x08, CHANGED = 0x04 };
	size_t header;

	if (w->at.n < 6)
		return decode_malformed(w);
	if (w->at.p[0] & (ENCRYPTED | CHANGED))
		return LAYER_END;
	header = (w->at.p[0] & HAS_CHANNEL ? 14 : 6) + 2;
	return w->at.n < header ? decode_malformed(w) : past_type(w, header);
}

/* The service instance tag of a provider backbone (IEEE 802.1ah); a customer frame follows. */
enum layer decode_itag(struct walk *w)
{
	if (w->at.n < 4)
		return decode_malformed(w);
	span_skip(&w->at, 4);
	return LAYER_ETHERNET;
}

/* IEEE 802.2; RFC 1042 for SNAP. */
enum layer decode_llc(struct walk *w)
{
	static const uint8_t snap[] = { 0xaa, 0xaa, 0x03 };
	static const uint8_t ip[] = { 0x06, 0x06, 0x03 };
	static const uint8_t encapsulated[] = { 0, 0, 0 };
	static const uint8_t bridged[] = { 0, 0, 0xf8 }; /* IEEE 802.1H */
	const uint8_t *p = w->at.p;

	if (w->at.n < 3)
		return decode_malformed(w);
	if (memcmp(p, ip, sizeof(ip)) == 0) {
		span_skip(&w->at, 3);
		return LAYER_IP;
	}
	if (memcmp(p, snap, sizeof(snap)) != 0)
		return LAYER_END;
	if (w->at.n < 8)
		return decode_malformed(w);
	if (memcmp(p + 3, encapsulated, 3) != 0 && memcmp(p + 3, bridged, 3) != 0)
		return LAYER_END;
	span_skip(&w->at, 8);
	return type_layer(load_u16be(p + 6));
}

/* An Ethernet header skip bytes on, with a type that is known? */
static bool ethernet_at(const struct span *s, size_t skip)
{
	return s->n >= skip + ETHERNET_BYTES &&
	       type_layer(load_u16be(s->p + skip + ETHERNET_BYTES - 2)) != LAYER_END;
}

/* One label. Nothing says what follows the last one (RFC 3032): IP shows its version; a pseudo-wire
 * for Ethernet may have a control word, which begins with four zero bits (RFC 4385). */
enum layer decode_mpls(struct walk *w)
{
	bool last;

	if (w->at.n < 4)
		return decode_malformed(w);
	last = (w->at.p[2] & 1) != 0;
	span_skip(&w->at, 4);
	if (!last)
		return LAYER_MPLS;
	if (w->at.n == 0)
		return decode_malformed(w);
	switch (w->at.p[0] >> 4) {
	case 4:
	case 6:
		return LAYER_IP;
	case 0:
		if (!ethernet_at(&w->at, 4))
			break;
		span_skip(&w->at, 4);
		return LAYER_ETHERNET;
	default:
		break;
	}
	return ethernet_at(&w->at, 0) ? LAYER_ETHERNET : LAYER_END;
}

/* RFC 2516, session stage. */
enum layer decode_pppoe(struct walk *w)
{
	enum { VERSION_TYPE = 0x11, HEADER = 6 };
	size_t length;

	if (w->at.n < HEADER)
		return decode_malformed(w);
	if (w->at.p[0] != VERSION_TYPE || w->at.p[1] != 0)
		return LAYER_END;
	length = load_u16be(w->at.p + 4);
	span_skip(&w->at, HEADER);
	span_limit(&w->at, size_min(w->at.wire, length));
	return LAYER_PPP;
}

static enum layer ppp_layer(unsigned protocol)
{
	switch (protocol) {
	case 0x0021:
		return LAYER_IPV4;
	case 0x0057:
		return LAYER_IPV6;
	case 0x0281:
	case 0x0283:
		return LAYER_MPLS;
	default:
		return LAYER_END;
	}
}

/* RFC 1661, with or without the address and control of RFC 1662; its protocol may be compressed to
 * one odd byte. Cisco's HDLC, told by its own addresses, has an EtherType. */
enum layer decode_ppp(struct walk *w)
{
	enum {
		ALL_STATIONS = 0xff,
		UNNUMBERED = 0x03,
		CISCO_UNICAST = 0x0f,
		CISCO_MULTICAST = 0x8f
	};
	const uint8_t *p = w->at.p;
	unsigned protocol;

	if (w->at.n >= 4 && (p[0] == CISCO_UNICAST || p[0] == CISCO_MULTICAST) && p[1] == 0) {
		span_skip(&w->at, 4);
		return type_layer(load_u16be(p + 2));
	}
	if (w->at.n >= 2 && p[0] == ALL_STATIONS && p[1] == UNNUMBERED)
		span_skip(&w->at, 2);
	p = w->at.p;
	if (w->at.n < 2)
		return decode_malformed(w);
	protocol = p[0] & 1 ? p[0] : load_u16be(p);
	span_skip(&w->at, p[0] & 1 ? 1 : 2);
	return ppp_layer(protocol);
}

enum layer decode_next_protocol(uint8_t number)
{
	static const enum layer next[] = { LAYER_END,      LAYER_IPV4, LAYER_IPV6,
					   LAYER_ETHERNET, LAYER_NSH,  LAYER_MPLS };

	return number < ARRAY_LEN(next) ? next[number] : LAYER_END;
}

/* RFC 8300: a base header, then as much as its length in words says. */
enum layer decode_nsh(struct walk *w)
{
	size_t header;
	uint8_t protocol;

	if (w->at.n < 8)
		return decode_malformed(w);
	header = (size_t)(w->at.p[1] & 0x3f) * 4;
	protocol = w->at.p[3];
	if (header < 8 || header > w->at.n)
		return decode_malformed(w);
	span_skip(&w->at, header);
	return decode_next_protocol(protocol);
}

/* Four bytes with an address family, in the byte order of the machine that captured (NULL) or of
 * the network (LOOP). Families are below 256, so the order shows. */
static enum layer loopback(struct walk *w)
{
	uint32_t family;

	if (w->at.n < 4)
		return decode_malformed(w);
	family = load_u32be(w->at.p);
	if (family > 0xffff)
		family = load_u32le(w->at.p);
	span_skip(&w->at, 4);
	switch (family) {
	case 2:
		return LAYER_IPV4;
	case 10: /* AF_INET6 of Linux, */
	case 23: /* Windows, */
	case 24: /* NetBSD and OpenBSD, */
	case 28: /* FreeBSD, */
	case 30: /* and Darwin */
		return LAYER_IPV6;
	default:
		return LAYER_END;
	}
}

/* Linux "cooked" captures: what the kernel knows of a frame instead of its link header. */
static enum layer cooked(struct walk *w, size_t header, size_t hardware_at, size_t type_at)
{
	const uint8_t *p = w->at.p;
	uint16_t type;

	if (w->at.n < header)
		return decode_malformed(w);
	type = load_u16be(p + type_at);
	span_skip(&w->at, header);
	if (load_u16be(p + hardware_at) == HARDWARE_NETLINK)
		return LAYER_END;
	if (type < TYPE_FIRST)
		return type == COOKED_LLC ? LAYER_LLC : LAYER_END;
	return type_layer(type);
}

/* Linux netfilter logs: four bytes, then attributes in the byte order of the machine that captured,
 * of which one is the packet. */
static enum layer nflog(struct walk *w)
{
	enum { HEADER = 4, PAYLOAD = 9, TYPE_MASK = 0x7fff, ATTRIBUTES_MAX = 32 };

	if (w->at.n < HEADER)
		return decode_malformed(w);
	span_skip(&w->at, HEADER);
	for (unsigned left = ATTRIBUTES_MAX; left > 0 && w->at.n >= HEADER; left--) {
		const uint8_t *p = w->at.p;
		bool swapped = load_u16le(p) > w->at.wire;
		size_t length = swapped ? load_u16be(p) : load_u16le(p);
		unsigned type = swapped ? load_u16be(p + 2) : load_u16le(p + 2);

		if (length < HEADER || length > w->at.wire)
			return decode_malformed(w);
		if ((type & TYPE_MASK) == PAYLOAD) {
			span_limit(&w->at, length);
			span_skip(&w->at, HEADER);
			return LAYER_IP;
		}
		length = (length + 3) & ~(size_t)3;
		if (length > w->at.n)
			break;
		span_skip(&w->at, length);
	}
	return LAYER_END;
}

enum layer decode_link(struct walk *w, uint16_t link)
{
	switch (link) {
	case LINK_ETHERNET:
		return LAYER_ETHERNET;
	case LINK_LINUX_SLL:
		return cooked(w, COOKED1_BYTES, 2, 14);
	case LINK_LINUX_SLL2:
		return cooked(w, COOKED2_BYTES, 8, 0);
	case LINK_NULL:
	case LINK_LOOP:
		return loopback(w);
	case LINK_NFLOG:
		return nflog(w);
	case LINK_RAW_BSD:
	case LINK_RAW_BSD2:
	case LINK_RAW:
		return LAYER_IP;
	case LINK_IPV4:
		return LAYER_IPV4;
	case LINK_IPV6:
		return LAYER_IPV6;
	case LINK_PPP:
	case LINK_PPP_HDLC:
		return LAYER_PPP;
	default:
		w->answer = PACKET_LINK;
		return LAYER_END;
	}
}
