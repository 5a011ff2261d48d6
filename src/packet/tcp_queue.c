/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of one TCP direction that came too early, and the way out for all bytes and gaps. The
 * queue is a list of pool blocks, sorted, without overlap; it never begins at the next byte, since
 * what is in order is handed out at once. Whatever moves next is in this file and keeps the sum:
 * delivered and gap bytes together are the distance from the stream's first byte.
 */
#include "packet/tcp_int.h"

static const char *body_of(const struct tcp_segment *s)
{
	return (const char *)(s + 1);
}

/* ---- Out ------------------------------------------------------------------------------------- */

static void tell_gap(struct tcp_turn *t, uint32_t bytes, int64_t at_ns)
{
	struct tcp_half *h = t->h;

	h->next += bytes;
	h->gaps++;
	h->gap_bytes += bytes;
	t->counters->v[COUNTER_TCP_GAPS]++;
	t->counters->v[COUNTER_TCP_GAP_BYTES] += bytes;
	t->sink->gap(t->sink->owner, bytes, at_ns);
}

/* The bytes that were captured, and a gap for those that the capture cut off. */
static void hand_out(struct tcp_turn *t, struct str bytes, uint32_t wire_bytes, int64_t at_ns)
{
	struct tcp_half *h = t->h;

	if (bytes.n > 0) {
		h->next += (uint32_t)bytes.n;
		h->delivered_bytes += bytes.n;
		t->sink->data(t->sink->owner, bytes, at_ns);
	}
	if (wire_bytes > bytes.n)
		tell_gap(t, wire_bytes - (uint32_t)bytes.n, at_ns);
}

/* Bytes are not told earlier than those in front of them. */
static void queue_not_before(struct tcp_half *h, int64_t at_ns)
{
	if (h->queue && h->queue->at_ns < at_ns)
		h->queue->at_ns = at_ns;
}

/* The next hole is as old as the first segment behind it; one in front of a FIN, as what was
 * handed out last. */
static void begin_next_hole(struct tcp_half *h, int64_t at_ns)
{
	h->hole_since_ns = h->queue ? h->queue->at_ns : at_ns;
	h->hole_segments = h->queue_segments;
	if (!h->queue)
		h->last = NULL;
}

static void drain(struct tcp_turn *t)
{
	struct tcp_half *h = t->h;
	struct tcp_segment *s;

	while ((s = h->queue) && s->seq == h->next) {
		int64_t at_ns = s->at_ns;

		h->queue = s->next;
		h->queue_segments -= s->leads;
		h->queue_bytes -= s->kept;
		queue_not_before(h, at_ns);
		begin_next_hole(h, at_ns);
		hand_out(t, (struct str){ body_of(s), s->kept }, s->wire_bytes, at_ns);
		pool_put(t->pool, s);
	}
}

void tcp_deliver(struct tcp_turn *t, const struct tcp_part *part)
{
	assert(part->seq == t->h->next);
	queue_not_before(t->h, t->at_ns);
	hand_out(t, part->bytes, part->wire_bytes, t->at_ns);
	drain(t);
}

void tcp_give_up(struct tcp_turn *t, uint32_t seq, int64_t at_ns)
{
	tell_gap(t, seq - t->h->next, at_ns);
	drain(t);
}

void tcp_skip_hole(struct tcp_turn *t)
{
	const struct tcp_segment *first = t->h->queue;

	tcp_give_up(t, first->seq, first->at_ns);
}

/* ---- In -------------------------------------------------------------------------------------- */

/* Takes off the part what the queue holds of its beginning. Returns the stretch behind which the
 * rest belongs (NULL: first of all), and in *room how much of it fits in front of the next one. */
static struct tcp_segment *find_place(const struct tcp_half *h, struct tcp_part *part,
				      uint32_t *room)
{
	struct tcp_segment *before = NULL, *s = h->queue;

	*room = part->wire_bytes;
	if (h->last && seq_ahead(part->seq, tcp_segment_end(h->last)) >= 0)
		return h->last;
	for (; s && seq_ahead(part->seq, s->seq) >= 0; before = s, s = s->next) {
		int32_t covered = seq_ahead(tcp_segment_end(s), part->seq);

		if (covered > 0)
			tcp_part_skip(part, (uint32_t)covered);
	}
	*room = part->wire_bytes;
	if (s && s->seq - part->seq < *room)
		*room = s->seq - part->seq;
	return before;
}

static bool has_room(const struct tcp_turn *t, size_t bytes)
{
	const struct tcp_half *h = t->h;
	size_t blocks = bytes ? (bytes + TCP_BODY_BYTES - 1) / TCP_BODY_BYTES : 1;

	return h->queue_segments < TCP_QUEUE_SEGMENTS_MAX &&
	       h->queue_bytes + bytes <= TCP_QUEUE_BYTES_MAX &&
	       t->pool->blocks - t->pool->used >= blocks;
}

/* The first bytes of *part in a block of their own; they are taken off it. */
static struct tcp_segment *keep(struct tcp_turn *t, struct tcp_part *part)
{
	struct tcp_segment *s = pool_get(t->pool);
	size_t kept = size_min(part->bytes.n, TCP_BODY_BYTES);

	assert(s); /* has_room() has counted */
	*s = (struct tcp_segment){
		.at_ns = t->at_ns,
		.seq = part->seq,
		.wire_bytes = kept == part->bytes.n ? part->wire_bytes : (uint32_t)kept,
		.kept = (uint16_t)kept,
	};
	if (kept)
		memcpy(s + 1, part->bytes.p, kept);
	tcp_part_skip(part, s->wire_bytes);
	return s;
}

static void link_behind(struct tcp_half *h, struct tcp_segment *before, struct tcp_segment *s)
{
	struct tcp_segment **at = before ? &before->next : &h->queue;

	s->next = *at;
	*at = s;
	if (!s->next)
		h->last = s;
}

int tcp_queue_store(struct tcp_turn *t, struct tcp_part *part)
{
	struct tcp_half *h = t->h;
	uint32_t room;
	struct tcp_segment *before = find_place(h, part, &room);
	struct tcp_part fits = tcp_part_head(*part, room);
	bool leads = true;

	if (fits.wire_bytes == 0)
		return 0;
	assert(t->pool->block_bytes >= TCP_SEGMENT_BLOCK_BYTES);
	if (!has_room(t, fits.bytes.n))
		return -ENOBUFS;
	if (!h->queue) {
		h->hole_since_ns = t->at_ns;
		h->hole_segments = 0;
	}
	tcp_part_skip(part, fits.wire_bytes);
	h->queue_segments++;
	h->queue_bytes += (uint32_t)fits.bytes.n;
	while (fits.wire_bytes > 0) {
		struct tcp_segment *s = keep(t, &fits);

		s->leads = leads;
		leads = false;
		link_behind(h, before, s);
		before = s;
	}
	return 1;
}

bool tcp_queue_differs(const struct tcp_half *h, const struct tcp_part *part)
{
	int64_t n = (int64_t)part->bytes.n;

	if (!h->last || seq_ahead(part->seq, tcp_segment_end(h->last)) >= 0)
		return false;
	for (const struct tcp_segment *s = h->queue; s; s = s->next) {
		int64_t at = seq_ahead(s->seq, part->seq); /* where s begins in the part */
		int64_t from = at > 0 ? at : 0;
		int64_t to = at + s->kept < n ? at + s->kept : n;

		if (at >= n)
			break;
		if (from < to && memcmp(part->bytes.p + from, body_of(s) + (from - at),
					(size_t)(to - from)) != 0)
			return true;
	}
	return false;
}
