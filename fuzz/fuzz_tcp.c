/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzer of one TCP direction: the input is a list of operations on a stream whose byte at each
 * sequence number is known. After each operation the queue, the limits and the sums are checked;
 * each delivered byte must be the known one unless a segment with other content was sent.
 *
 *   operation: | what, flags | distance: selector and two bytes | length: two bytes |
 */
#include "packet/tcp_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define POOL_BLOCKS   300
#define SEGMENT_BYTES ((size_t)65536)

struct world {
	struct tcp_half h;
	struct pool *pool;
	struct counters counters;
	struct tcp_sink sink;
	bool tampered;
	uint32_t first;  /* sequence number of the first byte told */
	uint64_t offset; /* of what is told next */
	uint64_t gap_bytes;
	int64_t at_ns;
};

static char byte_at(uint32_t seq)
{
	return (char)((seq * UINT32_C(2654435761)) >> 17);
}

/* The half has moved next already when it tells bytes. */
static void told(struct world *w, uint64_t bytes)
{
	if (w->offset == 0)
		w->first = w->h.next - (uint32_t)bytes;
	w->offset += bytes;
}

static void on_data(void *owner, struct str bytes, int64_t at_ns)
{
	struct world *w = owner;

	(void)at_ns;
	assert(bytes.n > 0);
	for (size_t i = 0; i < bytes.n && !w->tampered; i++)
		assert(bytes.p[i] == byte_at(w->h.next - (uint32_t)(bytes.n - i)));
	told(w, bytes.n);
}

static void on_gap(void *owner, uint64_t bytes, int64_t at_ns)
{
	struct world *w = owner;

	(void)at_ns;
	assert(bytes > 0);
	told(w, bytes);
	w->gap_bytes += bytes;
}

static void check_sums(const struct world *w)
{
	const struct tcp_half *h = &w->h;

	assert(w->offset == 0 || h->next == w->first + (uint32_t)w->offset);
	assert(w->offset == h->delivered_bytes + h->gap_bytes && w->gap_bytes == h->gap_bytes);
	assert(w->tampered || h->overlaps == 0);
	assert(h->started || (w->offset == 0 && !h->queue && !h->fin_seen));
	assert(!h->finished || (h->next == h->fin_seq && !h->queue));
}

static void check_queue(const struct world *w, size_t others_blocks)
{
	const struct tcp_half *h = &w->h;
	uint32_t segments = 0, bytes = 0, end = h->next;
	const struct tcp_segment *last = NULL;
	size_t blocks = 0;

	for (const struct tcp_segment *s = h->queue; s; last = s, s = s->next) {
		assert(s->wire_bytes > 0 && s->kept <= s->wire_bytes && s->kept <= TCP_BODY_BYTES);
		assert(seq_ahead(s->seq, end) > 0 || (last && s->seq == end));
		assert(s->leads || s->seq == end);
		segments += s->leads;
		bytes += s->kept;
		blocks++;
		end = tcp_segment_end(s);
	}
	assert(h->last == last);
	assert(segments == h->queue_segments && segments <= TCP_QUEUE_SEGMENTS_MAX);
	assert(bytes == h->queue_bytes && bytes <= TCP_QUEUE_BYTES_MAX);
	assert(w->pool->used == blocks + others_blocks && w->pool->refused == 0);
	assert(!h->fin_seen || seq_ahead(h->fin_seq, end) >= 0);
}

static void check(const struct world *w, size_t others_blocks)
{
	check_sums(w);
	check_queue(w, others_blocks);
}

/* Where an operation aims: mostly close to the next byte. */
static uint32_t aim(struct cur *c, const struct tcp_half *h)
{
	uint8_t selector = cur_u8(c);
	uint32_t distance = cur_u16be(c), base = h->started ? h->next : 0;

	switch (selector & 7) {
	case 0:
		return base;
	case 1:
		return base - (distance & 0x1fff);
	case 2:
		return base + distance;
	case 3:
		return base + (distance << 16 | selector);
	case 4:
		return h->fin_seq;
	case 5:
		return h->far_next;
	case 6:
		return tcp_seen_end(h);
	default:
		return base + (distance & 0xff);
	}
}

static void send_segment(struct world *w, struct cur *c, uint8_t what)
{
	static char bytes[SEGMENT_BYTES];
	uint32_t seq = aim(c, &w->h), n = cur_u16be(c);
	struct packet p = { .seq = seq, .payload = { bytes, n }, .payload_bytes = n };

	if (!(what & 0x08))
		p.payload.n = p.payload_bytes = n & 0x1ff;
	if (what & 0x10)
		p.tcp_flags |= TCP_SYN;
	if (what & 0x20)
		p.tcp_flags |= TCP_FIN;
	if (what & 0x40)
		p.payload.n /= 2;
	seq += what & 0x10 ? 1 : 0;
	for (size_t i = 0; i < p.payload.n; i++)
		bytes[i] = byte_at(seq + (uint32_t)i);
	if ((what & 0x80) && p.payload.n > 0) {
		bytes[p.payload.n / 2] ^= 1;
		w->tampered = true;
	}
	tcp_half_segment(&w->h, w->pool, &w->counters, &p, w->at_ns, &w->sink);
}

static void operate(struct world *w, struct cur *c)
{
	uint8_t what = cur_u8(c);

	switch (what & 7) {
	case 0:
		tcp_half_acked(&w->h, w->pool, &w->counters, aim(c, &w->h), w->at_ns, &w->sink);
		break;
	case 1:
		w->at_ns += (int64_t)(what >> 3) * (TCP_HOLE_NS / 8);
		break;
	case 2:
		if (what >> 3 == 31)
			tcp_half_flush(&w->h, w->pool, &w->counters, w->at_ns, &w->sink);
		break;
	default:
		send_segment(w, c, what);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur c = cur_of(data, size);
	static struct pool pool;
	struct world w = { .at_ns = NS_PER_S, .pool = &pool };
	size_t others = (size_t)cur_u8(&c) + 44;
	uint32_t steps = 0;

	if (!pool.base && pool_init(&pool, TCP_SEGMENT_BLOCK_BYTES, POOL_BLOCKS) < 0)
		abort();
	w.sink = (struct tcp_sink){ on_data, on_gap, &w };
	tcp_half_init(&w.h);
	for (size_t i = 0; i < others; i++)
		(void)pool_get(&pool);
	while (cur_ok(&c) && c.n > 0 && steps++ < 2000) {
		operate(&w, &c);
		check(&w, others);
	}
	if (size & 1) {
		tcp_half_flush(&w.h, w.pool, &w.counters, w.at_ns, &w.sink);
		check(&w, others);
		assert(!w.h.queue && w.h.finished == w.h.fin_seen);
	}
	tcp_half_done(&w.h, w.pool);
	check_queue(&w, others);
	pool_reset(&pool);
	return 0;
}
