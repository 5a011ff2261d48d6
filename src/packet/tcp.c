/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of a TCP stream: what each segment and acknowledgement means for the order of its
 * bytes (RFC 9293). A segment in order is handed on without a copy; others wait in the queue of
 * tcp_queue.c until the hole in front of them is filled or given up.
 *
 *   delivered …  next          hole           queue              hole   queue
 *   ────────────────┤░░░░░░░░░░░░░░░░░░░░░├──────────────┤░░░░░░░░├──────┤
 */
#include "packet/tcp_int.h"

void tcp_half_init(struct tcp_half *h)
{
	*h = (struct tcp_half){ 0 };
}

void tcp_half_done(struct tcp_half *h, struct pool *pool)
{
	while (h->queue) {
		struct tcp_segment *s = h->queue;

		h->queue = s->next;
		pool_put(pool, s);
	}
	h->last = NULL;
	h->queue_segments = 0;
	h->queue_bytes = 0;
}

/* ---- Where the stream stands ----------------------------------------------------------------- */

/* Acknowledgements are kept as offsets: a number would wrap when the peer falls silent. */
static int64_t offset_of_next(const struct tcp_half *h)
{
	return (int64_t)(h->delivered_bytes + h->gap_bytes);
}

static void start_at(struct tcp_half *h, uint32_t seq)
{
	h->started = true;
	h->next = seq;
	h->acked_valid = h->acked_valid && seq_near(h->acked, seq);
	h->acked_offset = offset_of_next(h) + seq_ahead(h->acked, seq);
}

static bool is_acked(const struct tcp_half *h, uint32_t seq)
{
	return h->acked_valid && h->acked_offset >= offset_of_next(h) + seq_ahead(seq, h->next);
}

static bool has_come(int64_t at_ns, int64_t since_ns, int64_t wait_ns)
{
	return at_ns > since_ns && (uint64_t)at_ns - (uint64_t)since_ns >= (uint64_t)wait_ns;
}

/* Whether the bytes up to seq will not come any more. */
static bool is_lost(const struct tcp_turn *t, uint32_t seq)
{
	const struct tcp_half *h = t->h;

	return is_acked(h, seq) && (h->hole_segments >= TCP_HOLE_SEGMENTS ||
				    has_come(t->at_ns, h->hole_since_ns, TCP_HOLE_NS));
}

/* Waits for bytes: in front of the queue, or of the FIN. */
static bool has_hole(const struct tcp_half *h)
{
	return h->queue || (h->fin_seen && !h->finished);
}

/* Skips the holes that are lost, and sees whether the FIN is reached. */
static void settle(struct tcp_turn *t)
{
	struct tcp_half *h = t->h;

	while (h->queue && is_lost(t, h->queue->seq))
		tcp_skip_hole(t);
	if (!h->fin_seen || h->finished)
		return;
	if (!h->queue && h->next != h->fin_seq && is_lost(t, h->fin_seq))
		tcp_give_up(t, h->fin_seq, t->at_ns);
	h->finished = h->next == h->fin_seq;
}

/* ---- Segments too far away ------------------------------------------------------------------- */

/* Whether this segment and those before it show that the stream has gone on elsewhere. */
static bool far_is_believed(struct tcp_half *h, const struct tcp_part *part)
{
	if (h->far_segments == 0 || h->far_from != h->next || h->far_next != part->seq) {
		h->far_segments = 0;
		h->far_acked = false;
		h->far_from = h->next;
	}
	h->far_next = part->seq + part->wire_bytes;
	h->far_segments++;
	return h->far_segments >= TCP_HOLE_SEGMENTS && (h->far_acked || !h->acked_valid);
}

/* Ends what is queued and goes on at part. True when that was done. The gap is the distance modulo
 * 2^32; the segments that were not believed at first are in it. */
static bool follow_far(struct tcp_turn *t, const struct tcp_part *part)
{
	struct tcp_half *h = t->h;

	if (h->fin_seen || part->wire_bytes == 0 || !far_is_believed(h, part)) {
		h->strays++;
		return false;
	}
	while (h->queue)
		tcp_skip_hole(t);
	tcp_give_up(t, part->seq, t->at_ns);
	h->far_segments = 0;
	return true;
}

/* ---- Segments -------------------------------------------------------------------------------- */

static struct tcp_part part_of(const struct packet *p)
{
	struct tcp_part part = { p->seq, (uint32_t)p->payload.n, p->payload };

	if (p->payload_bytes > part.wire_bytes && p->payload_bytes <= TCP_WIRE_BYTES_MAX)
		part.wire_bytes = p->payload_bytes;
	if (p->tcp_flags & TCP_SYN)
		part.seq++; /* RFC 9293 section 3.4: the SYN stands before the first byte */
	return part;
}

/* A SYN begins the stream, unless it has already begun with one that is in use. */
static bool may_start(const struct tcp_half *h, const struct packet *p, uint32_t seq)
{
	if (!h->started)
		return true;
	return (p->tcp_flags & TCP_SYN) && seq != h->next && offset_of_next(h) == 0 &&
	       !has_hole(h) && !h->finished && !(h->acked_valid && h->acked == h->next);
}

/* RFC 9293 section 3.8.4: one old byte, or a zero-window probe repeated. */
static bool is_keepalive(const struct tcp_half *h, const struct packet *p)
{
	return !(p->tcp_flags & (TCP_SYN | TCP_FIN)) && p->payload_bytes <= 1 &&
	       p->seq + 1 == h->next;
}

static void end_at_fin(const struct tcp_half *h, struct tcp_part *part)
{
	int32_t room = seq_ahead(h->fin_seq, part->seq);

	if (h->fin_seen)
		*part = tcp_part_head(*part, room > 0 ? (uint32_t)room : 0);
}

/* What is full gives up its first hole, at most up to the bytes that need the room. */
static void make_room(struct tcp_turn *t, uint32_t seq)
{
	struct tcp_half *h = t->h;

	t->counters->v[COUNTER_TCP_QUEUE_FULL]++;
	if (h->queue && seq_ahead(seq, h->queue->seq) > 0)
		tcp_skip_hole(t);
	else
		tcp_give_up(t, seq, t->at_ns);
}

static void deliver_to_queue(struct tcp_turn *t, struct tcp_part *part)
{
	const struct tcp_segment *first = t->h->queue;
	uint32_t n = first ? first->seq - part->seq : part->wire_bytes;
	struct tcp_part head = tcp_part_head(*part, n);

	tcp_part_skip(part, head.wire_bytes);
	tcp_deliver(t, &head);
}

/* Delivers or queues what is new; true when anything was. */
static bool take_bytes(struct tcp_turn *t, struct tcp_part part)
{
	struct tcp_half *h = t->h;
	bool fresh = false;

	while (part.wire_bytes > 0) {
		int32_t ahead = seq_ahead(part.seq, h->next);
		int stored;

		if (ahead < 0) {
			tcp_part_skip(&part, (uint32_t)-ahead);
		} else if (ahead == 0) {
			deliver_to_queue(t, &part);
			fresh = true;
		} else {
			stored = tcp_queue_store(t, &part);
			if (stored < 0)
				make_room(t, part.seq);
			fresh = fresh || stored > 0;
		}
	}
	return fresh;
}

/* Of several FINs the nearest counts; one in front of bytes that were seen is none. True when this
 * one told something new. */
static bool take_fin(struct tcp_turn *t, uint32_t seq)
{
	struct tcp_half *h = t->h;

	if (seq_ahead(seq, tcp_seen_end(h)) < 0 || (h->fin_seen && seq_ahead(seq, h->fin_seq) >= 0))
		return false;
	if (!has_hole(h)) {
		h->hole_since_ns = t->at_ns;
		h->hole_segments = 0;
	}
	h->fin_seen = true;
	h->fin_seq = seq;
	return true;
}

/* What is in the window: compares, takes, counts. */
static void take_near(struct tcp_turn *t, const struct packet *p, struct tcp_part part, bool fresh)
{
	struct tcp_half *h = t->h;
	bool early = seq_ahead(part.seq, h->next) > 0;
	uint32_t end = part.seq + part.wire_bytes;

	if (tcp_queue_differs(h, &part)) {
		h->overlaps++;
		t->counters->v[COUNTER_TCP_OVERLAP]++;
	}
	end_at_fin(h, &part);
	fresh |= take_bytes(t, part);
	if (early && has_hole(h))
		h->hole_segments++;
	if (p->tcp_flags & TCP_FIN)
		fresh |= take_fin(t, end);
	if (!fresh) {
		h->retransmitted++;
		t->counters->v[COUNTER_TCP_RETRANSMITTED]++;
	} else if (early) {
		h->out_of_order++;
	}
	settle(t);
}

static void take_segment(struct tcp_turn *t, const struct packet *p)
{
	struct tcp_half *h = t->h;
	struct tcp_part part = part_of(p);
	bool syn = p->tcp_flags & TCP_SYN, begins = may_start(h, p, part.seq);

	if (begins)
		start_at(h, part.seq);
	else if (syn && seq_ahead(part.seq, h->next) > 0)
		return; /* of another connection */
	else if (!seq_near(part.seq, h->next) && !follow_far(t, &part))
		return;
	else if (is_keepalive(h, p))
		return;
	take_near(t, p, part, begins && syn);
}

void tcp_half_segment(struct tcp_half *h, struct pool *pool, struct counters *counters,
		      const struct packet *p, int64_t at_ns, const struct tcp_sink *sink)
{
	struct str bytes = p->payload;
	uint8_t marks = p->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST);

	if (likely(!marks && !h->queue && p->seq == h->next && h->started && !h->fin_seen &&
		   p->payload_bytes == bytes.n && bytes.n > 0)) {
		h->next += (uint32_t)bytes.n;
		h->delivered_bytes += bytes.n;
		sink->data(sink->owner, bytes, at_ns);
		return;
	}
	if ((p->payload_bytes == 0 && !marks) || (marks & TCP_RST) || p->transport_cut)
		return;
	take_segment(&(struct tcp_turn){ h, pool, counters, sink, at_ns }, p);
}

/* ---- Acknowledgements and the end ------------------------------------------------------------ */

void tcp_half_acked(struct tcp_half *h, struct pool *pool, struct counters *counters, uint32_t ack,
		    int64_t at_ns, const struct tcp_sink *sink)
{
	int64_t here = offset_of_next(h), seen = here, offset;

	if (unlikely(!h->started)) {
		h->acked = ack;
		h->acked_valid = true;
		return;
	}
	if (unlikely(!seq_near(ack, h->next))) {
		h->far_acked |= h->far_segments > 0 && seq_near(ack, h->far_next);
		return;
	}
	offset = here + seq_ahead(ack, h->next);
	if (h->queue)
		seen += tcp_seen_end(h) - h->next;
	/* One that is above all that was seen may be damaged: the next one is believed instead. */
	if (!h->acked_valid || offset > h->acked_offset || h->acked_offset > seen) {
		h->acked = ack;
		h->acked_offset = offset;
		h->acked_valid = true;
	}
	if (unlikely(has_hole(h)))
		settle(&(struct tcp_turn){ h, pool, counters, sink, at_ns });
}

bool tcp_half_reaches(const struct tcp_half *h, uint32_t seq, int32_t reach)
{
	uint32_t end = tcp_seen_end(h);

	if (h->acked_valid && seq_ahead(h->acked, end) > 0)
		end = h->acked;
	return !h->started || (seq_ahead(seq, h->next) >= -reach && seq_ahead(seq, end) <= reach);
}

void tcp_half_flush(struct tcp_half *h, struct pool *pool, struct counters *counters, int64_t at_ns,
		    const struct tcp_sink *sink)
{
	struct tcp_turn t = { h, pool, counters, sink, at_ns };
	int64_t unseen;

	if (!h->started)
		return;
	while (h->queue)
		tcp_skip_hole(&t);
	unseen = h->acked_valid ? h->acked_offset - offset_of_next(h) : 0;
	if (h->fin_seen && h->next != h->fin_seq)
		tcp_give_up(&t, h->fin_seq, at_ns);
	else if (!h->fin_seen && unseen > 0)
		tcp_give_up(&t, h->next + (uint32_t)unseen, at_ns);
	h->finished = h->fin_seen;
}
