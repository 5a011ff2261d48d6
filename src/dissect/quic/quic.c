// SPDX-License-Identifier: Apache-2.0
/*
 * The QUIC dissector: the TLS handshake in Initial packets, as far as it is in clear to everybody,
 * that is both hellos. What follows them has keys that only the two ends know. gQUIC, which had a
 * handshake of its own, is not read.
 */
#include "dissect/quic/initial.h"

/* Limit: packets of one flow that are opened, or tried to: each costs a cipher over its bytes. */
#define OPEN_MAX 64
/* Limit: datagrams of one flow that are looked at for hellos. */
#define DATAGRAMS_MAX 512

struct connection {
	struct initial initial;
	uint64_t largest[2]; /* packet numbers, by who sends */
	struct gather gather[2];
	uint16_t opened, datagrams;
	uint64_t hello; /* hash of the last ClientHello */
	bool again;     /* the version was negotiated since then */
	bool asked;     /* a ClientHello was told */
	bool agreed;    /* a ServerHello that does not ask again was told */
};
static_assert(sizeof(struct connection) <= DISSECT_STATE_MAX, "a connection fits its state");

/* ---- Frames ---------------------------------------------------------------------------------- */

/* Behind a negotiation of the version most clients say the same hello once more. */
static void client_hello(struct dissect_stream *s, struct str body, const struct tls_carrier *by)
{
	struct connection *c = s->state;
	uint64_t hello = hash_bytes(body.p, body.n, 0);

	c->asked = true;
	if (c->again && c->hello == hello)
		return;
	if (c->again)
		tls_end(s);
	c->again = false;
	c->hello = hello;
	tls_client_hello(s, body, by);
}

static void read_message(struct dissect_stream *s, enum dissect_side side, uint8_t type,
			 struct str body, const struct tls_carrier *by)
{
	struct connection *c = s->state;

	s->messages++;
	if (side == FROM_CLIENT && type == TLS_CLIENT_HELLO)
		client_hello(s, body, by);
	else if (side == FROM_SERVER && type == TLS_SERVER_HELLO && !c->agreed)
		c->agreed = tls_server_hello(s, body, by) != TLS_AGAIN;
}

static void read_crypto(struct dissect_stream *s, enum dissect_side side, struct cur *frame,
			const struct tls_carrier *by)
{
	struct connection *c = s->state;
	struct gather *g = &c->gather[side];
	uint64_t offset = quic_packet_varint(frame), n = quic_packet_varint(frame);
	struct str body;
	uint8_t type;
	const uint8_t *p = n <= frame->n ? cur_take(frame, (size_t)n) : NULL;

	if (!p || !cur_ok(frame)) {
		frame->bad = true;
		return;
	}
	switch (quic_gather_add(g, s->heap, offset, (struct str){ (const char *)p, (size_t)n })) {
	case -ENOMEM:
		tls_mark(s, TLS_ANOMALY_NO_MEMORY);
		break;
	case -ENOBUFS:
		tls_mark(s, TLS_ANOMALY_MESSAGE_TOO_LONG);
		break;
	}
	while (quic_gather_next(g, &type, &body))
		read_message(s, side, type, body, by);
}

/* RFC 9000 §19.3. The ranges are as many as there are bytes at most: a read beyond the end is bad.
 */
static void skip_ack(struct cur *frame, bool ecn)
{
	uint64_t ranges;

	(void)quic_packet_varint(frame);
	(void)quic_packet_varint(frame);
	ranges = quic_packet_varint(frame);
	(void)quic_packet_varint(frame);
	for (ranges = 2 * ranges + (ecn ? 3 : 0); ranges > 0 && cur_ok(frame); ranges--)
		(void)quic_packet_varint(frame);
}

enum {
	FRAME_PADDING = 0,
	FRAME_PING = 1,
	FRAME_ACK = 2,
	FRAME_ACK_ECN = 3,
	FRAME_CRYPTO = 6,
	FRAME_CRYPTO_T050 = 8, /* in others a stream's, which has no place in an Initial packet */
};

/* Of what may stand in an Initial packet (RFC 9000 §12.4) only CONNECTION_CLOSE is not looked at:
 * it is the last. */
static void read_frames(struct dissect_stream *s, enum dissect_side side, struct str frames,
			const struct tls_carrier *by)
{
	struct cur c = cur_of(frames.p, frames.n);

	while (c.n && cur_ok(&c)) {
		switch (cur_u8(&c)) {
		case FRAME_PADDING:
		case FRAME_PING:
			break;
		case FRAME_ACK:
			skip_ack(&c, false);
			break;
		case FRAME_ACK_ECN:
			skip_ack(&c, true);
			break;
		case FRAME_CRYPTO:
		case FRAME_CRYPTO_T050:
			read_crypto(s, side, &c, by);
			break;
		default:
			return;
		}
	}
}

/* ---- Packets --------------------------------------------------------------------------------- */

static struct str id_of(const struct initial *i)
{
	return (struct str){ (const char *)i->id, i->id_n };
}

/* Opens it with keys of this id; they are kept where they fit. */
static bool open_with(struct connection *c, enum dissect_side side, const struct packet *packet,
		      struct str id, struct str *frames)
{
	const struct version *v = packet->version;
	struct initial other;

	for (; v; v = quic_version_next(v, v->number)) {
		uint64_t largest = 0;

		if (quic_keys_derive(v, id, &other) < 0 ||
		    quic_keys_open(&other.keys[side], packet, &largest, frames) < 0)
			continue;
		c->initial = other;
		c->largest[side] = largest;
		return true;
	}
	return false;
}

/* The keys come from the id that the client first asked for, and go on with it; a Retry makes it
 * ask for another, and the versions may change on the way (RFC 9368). */
static bool open_initial(struct connection *c, enum dissect_side side, const struct packet *packet,
			 struct str *frames)
{
	bool known = c->initial.version != 0;

	if (c->opened >= OPEN_MAX)
		return false;
	c->opened++;
	if (known && c->initial.version == packet->version->number &&
	    quic_keys_open(&c->initial.keys[side], packet, &c->largest[side], frames) == 0)
		return true;
	if (known && c->initial.version != packet->version->number &&
	    open_with(c, side, packet, id_of(&c->initial), frames))
		return true;
	return side == FROM_CLIENT &&
	       !(known && str_eq(packet->to, id_of(&c->initial)) &&
		 c->initial.version == packet->version->number) &&
	       open_with(c, side, packet, packet->to, frames);
}

/* The server knows no such version: the client begins anew. */
static void start_again(struct dissect_stream *s)
{
	struct connection *c = s->state;

	heap_free(s->heap, c->gather[FROM_CLIENT].bytes);
	heap_free(s->heap, c->gather[FROM_SERVER].bytes);
	*c = (struct connection){
		.opened = c->opened,
		.datagrams = c->datagrams,
		.hello = c->hello,
		.again = c->again || c->asked,
	};
}

static enum verdict quic_datagram(struct dissect_stream *s, enum dissect_side side, struct str in,
				  [[maybe_unused]] size_t missing)
{
	struct connection *c = s->state;
	struct packet packet;
	struct str frames;

	if (side == FROM_SERVER && quic_packet_negotiates(in))
		start_again(s);
	while (quic_packet_next(&in, &packet) == 1) {
		struct tls_carrier by = { TLS_OVER_QUIC, packet.version->name };

		if (packet.type == PACKET_INITIAL && open_initial(c, side, &packet, &frames))
			read_frames(s, side, frames, &by);
	}
	if ((c->asked && c->agreed) || ++c->datagrams >= DATAGRAMS_MAX) {
		tls_end(s);
		return DISSECT_DONE;
	}
	return DISSECT_MORE;
}

/* ---- Recognising ----------------------------------------------------------------------------- */

static bool is_ours(uint16_t port)
{
	return port == 443 || port == 8443 || port == 4433 || port == 853 || port == 784;
}

#define FIXED_BIT 0x40

/* An Initial packet of a known version, whole. A server's may have a short id to ask for; where
 * that does not tell, a usual port does. */
static enum dissect_probe quic_probe(struct str in, uint16_t src_port, uint16_t dst_port)
{
	struct packet packet;

	if (in.n < ID_MIN || !(in.p[0] & FIXED_BIT) || quic_packet_next(&in, &packet) != 1 ||
	    packet.type != PACKET_INITIAL ||
	    packet.whole.n < packet.number_at + 4 + CRYPTO_GCM_TAG_BYTES)
		return PROBE_NO;
	if (packet.to.n < ID_MIN || (is_ours(src_port) && !is_ours(dst_port)))
		return PROBE_FROM_SERVER;
	return PROBE_FROM_CLIENT;
}

extern const struct dissector quic_dissector;
const struct dissector quic_dissector = {
	.name = "quic",
	.ports = { 443, 8443, 4433, 853, 784 },
	.state_bytes = sizeof(struct connection),
	.close = tls_end,
	.probe_datagram = quic_probe,
	.datagram = quic_datagram,
	.keeps_state = true,
};
