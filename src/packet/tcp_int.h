/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two files of a TCP direction share: the queue of segments that wait for earlier ones,
 * and the arguments of one call bundled. tcp_queue.c keeps bytes and hands them out in order; it
 * leaves to tcp.c what a segment means and when a hole is given up.
 */
#ifndef REDOUBT_PACKET_TCP_INT_H
#define REDOUBT_PACKET_TCP_INT_H

#include "packet/packet.h"

/*
 * One block of the pool: a stretch of the stream. Only the last stretch of a segment may be longer
 * than the bytes that are kept of it; the rest was cut by the capture.
 *
 *   | next at_ns seq … | kept bytes …           |     TCP_SEGMENT_BLOCK_BYTES
 */
struct tcp_segment {
	struct tcp_segment *next;
	int64_t at_ns; /* not before anything that stands in front of it */
	uint32_t seq;
	uint32_t wire_bytes; /* sequence numbers that it covers, one at least */
	uint16_t kept;
	bool leads; /* counted in queue_segments; the others only continue it */
};

#define TCP_BODY_BYTES (TCP_SEGMENT_BLOCK_BYTES - sizeof(struct tcp_segment))

/* Limit: the length a segment is believed to have had on the wire, if the capture cut it: eight
 * times what one IP packet holds, as the largest offloads make them. */
#define TCP_WIRE_BYTES_MAX (8 * 65535)

/* A segment on its way in, or what is left of it. Invariant: bytes.n <= wire_bytes. */
struct tcp_part {
	uint32_t seq;
	uint32_t wire_bytes;
	struct str bytes;
};

/* One call of the owner. */
struct tcp_turn {
	struct tcp_half *h;
	struct pool *pool;
	struct counters *counters;
	const struct tcp_sink *sink;
	int64_t at_ns;
};

/* How far a lies ahead of b, modulo 2^32 (RFC 9293 section 3.4). */
static inline int32_t seq_ahead(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static inline bool seq_near(uint32_t a, uint32_t b)
{
	int32_t ahead = seq_ahead(a, b);

	return ahead < TCP_WINDOW_MAX && ahead > -TCP_WINDOW_MAX;
}

/* The first n sequence numbers of a part. */
static inline struct tcp_part tcp_part_head(struct tcp_part part, uint32_t n)
{
	if (n >= part.wire_bytes)
		return part;
	return (struct tcp_part){ part.seq, n, str_head(part.bytes, n) };
}

static inline void tcp_part_skip(struct tcp_part *part, uint32_t n)
{
	if (n > part->wire_bytes)
		n = part->wire_bytes;
	part->seq += n;
	part->wire_bytes -= n;
	part->bytes = str_skip(part->bytes, n);
}

static inline uint32_t tcp_segment_end(const struct tcp_segment *s)
{
	return s->seq + s->wire_bytes;
}

/* Behind the last byte that was seen of this direction. */
static inline uint32_t tcp_seen_end(const struct tcp_half *h)
{
	return h->last ? tcp_segment_end(h->last) : h->next;
}

/* Hands out a part that begins at next, and what follows it in the queue. */
void tcp_deliver(struct tcp_turn *t, const struct tcp_part *part);
/* Gives up the bytes up to seq, and hands out what follows them in the queue. */
void tcp_give_up(struct tcp_turn *t, uint32_t seq, int64_t at_ns);
/* Gives up the first hole of a queue that is not empty. */
void tcp_skip_hole(struct tcp_turn *t);
/* Takes off *part what is queued already and what can be queued up to the next queued stretch;
 * part begins behind next. Returns 1 when something was queued, 0 when there was nothing new, and
 * -ENOBUFS when a limit or the pool does not allow it. */
[[nodiscard]] int tcp_queue_store(struct tcp_turn *t, struct tcp_part *part);
/* Tells whether some of the part's bytes stand otherwise in the queue. */
bool tcp_queue_differs(const struct tcp_half *h, const struct tcp_part *part);

#endif
