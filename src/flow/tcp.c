/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP connections: which packet begins a new one, what state it is in, and the way of its bytes
 * from the two halves to the stream. Ordering itself is packet's.
 */
#include "flow/flow_int.h"

/* Whose bytes a half delivers. */
struct delivery {
	struct flow_engine *e;
	struct flow *f;
	unsigned end;
};

static void deliver_data(void *owner, struct str bytes, int64_t at_ns)
{
	const struct delivery *d = owner;

	stream_data(d->e, d->f, d->end, bytes, at_ns);
}

static void deliver_gap(void *owner, uint64_t bytes, int64_t at_ns)
{
	const struct delivery *d = owner;

	emit_stream_gap(d->e, d->f, d->end, bytes, at_ns);
	stream_gap(d->e, d->f, d->end, bytes, at_ns);
}

/* A SYN with the connection's own number repeats it; with another it begins another. Its answer
 * does so only behind an end: before, it may be one that was late. */
bool tcp_is_new(const struct flow *f, unsigned end, const struct packet *p)
{
	if (likely(!(p->tcp_flags & TCP_SYN)) || p->transport_cut || !f->base_set[end] ||
	    p->seq == f->base_seq[end])
		return false;
	return !(p->tcp_flags & TCP_ACK) || tcp_is_over(f);
}

/* A server that still holds an older connection answers a SYN with an ACK; the client resets that
 * one and repeats its SYN (RFC 9293 §3.10.7.4): the attempt goes on. Both tell their numbers: where
 * they are outside the window of the attempt, which no SYN can scale (RFC 7323 §2.2), nothing of it
 * was meant. */
#define SYN_WINDOW 65535

static bool is_of_older(const struct flow *f, unsigned end, const struct packet *p)
{
	const struct tcp_half *asking = &f->half[f->client];

	if (!f->syn_seen || f->synack_seen || p->payload_bytes ||
	    (p->tcp_flags & (TCP_SYN | TCP_FIN)))
		return false;
	if (end == f->client)
		return (p->tcp_flags & TCP_RST) && !tcp_half_reaches(asking, p->seq, SYN_WINDOW);
	return (p->tcp_flags & TCP_ACK) && !tcp_half_reaches(asking, p->ack, SYN_WINDOW);
}

/* They were near, and the reset was believed. */
static void follow_repeated_syn(struct flow *f, unsigned end, const struct packet *p)
{
	bool attempt = f->syn_seen && !f->synack_seen && end == f->client;

	if ((p->tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN || !attempt || f->state != FLOW_RESET)
		return;
	f->state = FLOW_HALF_OPEN;
	f->stream_done = false;
	f->base_set[!end] = false;
}

static void follow_handshake(struct flow_engine *e, struct flow *f, unsigned end,
			     const struct packet *p)
{
	bool syn = p->tcp_flags & TCP_SYN, ack = p->tcp_flags & TCP_ACK;

	if (syn && !ack && !f->syn_seen) {
		f->syn_seen = true;
		f->at_start = true;
		f->syn_ns = e->now_ns;
		f->client = (uint8_t)end;
	} else if (syn && ack) {
		f->synack_seen = true;
	} else if (f->state == FLOW_HALF_OPEN && !syn && ack) {
		/* The ACK that completes the handshake, or a connection joined in the middle. */
		if (f->syn_seen && f->synack_seen && end == f->client) {
			f->handshake_ns = e->now_ns - f->syn_ns;
			f->handshake_seen = f->handshake_ns >= 0;
		}
		if (!f->syn_seen || end == f->client)
			f->state = FLOW_OPEN;
	}
}

/* The first end counts: a reset behind both FINs tells nothing new. */
static void follow_reset(struct flow *f, unsigned end)
{
	bool refused = f->syn_seen && !f->synack_seen && end != f->client;

	if (!tcp_is_over(f))
		f->state = refused ? FLOW_REFUSED : FLOW_RESET;
}

static void follow_fin(struct flow *f, unsigned end)
{
	if (tcp_is_over(f))
		return;
	f->fin_seen[end] = true;
	f->state = f->fin_seen[!end] ? FLOW_CLOSED : FLOW_CLOSING;
}

static void tell_finished(struct flow_engine *e, struct flow *f)
{
	for (unsigned end = 0; end < 2; end++) {
		if (!f->half[end].finished || f->fin_told[end])
			continue;
		f->fin_told[end] = true;
		stream_side_finished(f, end);
	}
	if (f->fin_told[0] && f->fin_told[1])
		stream_close(e, f);
}

void tcp_frame(struct flow_engine *e, struct flow *f, unsigned end, const struct packet *p)
{
	struct delivery to_us = { e, f, end }, to_them = { e, f, !end };
	struct tcp_sink ours = { deliver_data, deliver_gap, &to_us };
	struct tcp_sink theirs = { deliver_data, deliver_gap, &to_them };

	if (unlikely(f->state == FLOW_HALF_OPEN) && is_of_older(f, end, p))
		return;
	if (!f->base_set[end]) {
		f->base_set[end] = true;
		f->base_seq[end] = p->seq - !(p->tcp_flags & TCP_SYN);
	}
	if (unlikely(f->state == FLOW_RESET))
		follow_repeated_syn(f, end, p);
	if (unlikely(f->state == FLOW_HALF_OPEN))
		follow_handshake(e, f, end, p);
	/* First the ACK: what the other side said was heard before this was answered. */
	if (p->tcp_flags & TCP_ACK)
		tcp_half_acked(&f->half[!end], &e->segments, e->counters, p->ack, e->now_ns,
			       &theirs);
	if (p->payload_bytes || (p->tcp_flags & (TCP_SYN | TCP_FIN))) {
		uint32_t again = f->half[end].retransmitted;

		tcp_half_segment(&f->half[end], &e->segments, e->counters, p, e->now_ns, &ours);
		f->payload_packets += p->payload_bytes && f->half[end].retransmitted == again;
	}
	if (unlikely(p->tcp_flags & TCP_RST)) {
		if (!tcp_half_reaches(&f->half[end], p->seq, RST_REACH))
			return;
		follow_reset(f, end);
		tcp_finish(e, f);
		return;
	}
	if (p->tcp_flags & TCP_FIN)
		follow_fin(f, end);
	if (f->half[0].finished || f->half[1].finished)
		tell_finished(e, f);
}

void tcp_finish(struct flow_engine *e, struct flow *f)
{
	for (unsigned end = 0; end < 2; end++) {
		struct delivery d = { e, f, end };
		struct tcp_sink sink = { deliver_data, deliver_gap, &d };

		tcp_half_flush(&f->half[end], &e->segments, e->counters, f->last_ns, &sink);
	}
	tell_finished(e, f);
	stream_close(e, f);
	f->stream_done = true;
}
