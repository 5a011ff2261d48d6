/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode_int: what the files that decode one frame share. A frame is walked header by header: each
 * layer's function reads its header, fills what it knows in struct packet, and names the layer
 * that follows; the loop in decode.c counts them. Nothing here is for other rooms.
 */
#ifndef REDOUBT_PACKET_DECODE_INT_H
#define REDOUBT_PACKET_DECODE_INT_H

#include "packet/packet.h"

/* Invariant: n <= wire. The first n bytes of wire were captured. */
struct span {
	const uint8_t *p;
	size_t n;
	size_t wire; /* by the lengths of the headers around, or of the frame */
};

/*
 * Invariant: once ip is true, *out describes a whole IP packet, and everything inside it that does
 * not decode leaves it as the answer.
 */
struct walk {
	struct span at;
	struct packet *out;
	enum packet_answer answer;
	bool ip;
	bool guessed; /* inside a tunnel known by its UDP port only: lengths must agree */
};

/* L(LAYER, function): each function finds its header at the beginning of w->at. */
#define LAYER_TABLE(L)                                                                             \
	L(ETHERNET, decode_ethernet)                                                               \
	L(LLC, decode_llc)                                                                         \
	L(VLAN, decode_vlan)                                                                       \
	L(VNTAG, decode_vntag)                                                                     \
	L(MACSEC, decode_macsec)                                                                   \
	L(ITAG, decode_itag)                                                                       \
	L(MPLS, decode_mpls)                                                                       \
	L(PPPOE, decode_pppoe)                                                                     \
	L(PPP, decode_ppp)                                                                         \
	L(NSH, decode_nsh)                                                                         \
	L(IP, decode_ip)                                                                           \
	L(IPV4, decode_ipv4)                                                                       \
	L(IPV6, decode_ipv6)                                                                       \
	L(GRE, decode_gre)                                                                         \
	L(ERSPAN, decode_erspan)                                                                   \
	L(ETHERIP, decode_etherip)                                                                 \
	L(VXLAN, decode_vxlan)                                                                     \
	L(VXLAN_GPE, decode_vxlan_gpe)                                                             \
	L(GENEVE, decode_geneve)                                                                   \
	L(GTPU, decode_gtpu)                                                                       \
	L(TEREDO, decode_teredo)

#define LAYER_ENUM(name, function) LAYER_##name,
enum layer { LAYER_TABLE(LAYER_ENUM) LAYER_END };

#define LAYER_FUNCTION(name, function) enum layer function(struct walk *w);
LAYER_TABLE(LAYER_FUNCTION)

/* The first layer of a frame, or LAYER_END with the answer set. */
enum layer decode_link(struct walk *w, uint16_t link);
/* The layer of an EtherType, or of what a length below 1501 in its place means. */
enum layer decode_ethertype(struct walk *w, uint16_t type);
/* The layer of NSH's next protocol numbers, which VXLAN-GPE shares. */
enum layer decode_next_protocol(uint8_t number);
/* Transport is the last header, unless it turns out to carry a tunnel. */
enum layer decode_tcp(struct walk *w);
enum layer decode_udp(struct walk *w);
enum layer decode_sctp(struct walk *w);
enum layer decode_icmp(struct walk *w);
/* Goes on with a reassembled body: w->out has the addresses and the protocol. */
enum layer decode_body(struct walk *w);
/* The layer that an IP protocol carries when it is a tunnel, or LAYER_END. */
enum layer decode_tunnel(uint8_t proto);
/* The layer that a well-known UDP port suggests, or LAYER_END. */
enum layer decode_udp_port(uint16_t src, uint16_t dst);
/* Reads the packet that an ICMP error quotes. */
void decode_quote(const struct span *at, struct packet *out);

/* A header is cut or contradicts itself. */
static inline enum layer decode_malformed(struct walk *w)
{
	if (!w->ip)
		w->answer = PACKET_MALFORMED;
	return LAYER_END;
}

/* n must have been captured. */
static inline void span_skip(struct span *s, size_t n)
{
	s->p += n;
	s->n -= n;
	s->wire -= n;
}

/* A header says how many bytes belong to it; what stands behind is padding. */
static inline void span_limit(struct span *s, size_t wire)
{
	s->n = size_min(s->n, wire);
	s->wire = wire;
}

static inline struct str span_str(const struct span *s)
{
	return (struct str){ (const char *)s->p, s->n };
}

#endif
