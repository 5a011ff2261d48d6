/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of a TCP direction share: a half with all around it, which writes down what it is
 * told and checks at its end that all sums agree and no block is left out.
 */
#ifndef REDOUBT_PACKET_TCP_TEST_H
#define REDOUBT_PACKET_TCP_TEST_H

#include "packet/tcp_int.h"

#include "t.h"

#define POOL_BLOCKS 2048
#define GAP_MARK    '#'

/* A half with all around it, and what it has told: gaps as marks, up to a few. */
struct rig {
	struct tcp_half h;
	struct pool pool;
	struct counters counters;
	struct tcp_sink sink;
	int64_t at_ns;
	uint8_t flags;
	bool cut_header;
	uint64_t offset; /* in the stream, of what is told next */
	char told[600];
	size_t told_n;
	int64_t told_ns;
	uint64_t gap_bytes;
	unsigned data_calls;
	unsigned gap_calls;
};

static inline void on_data(void *owner, struct str bytes, int64_t at_ns)
{
	struct rig *r = owner;

	assert_true(bytes.n > 0);
	for (size_t i = 0; i < bytes.n && r->told_n < sizeof(r->told); i++)
		r->told[r->told_n++] = bytes.p[i];
	r->offset += bytes.n;
	r->told_ns = at_ns;
	r->data_calls++;
}

static inline void on_gap(void *owner, uint64_t bytes, int64_t at_ns)
{
	struct rig *r = owner;

	assert_true(bytes > 0);
	for (size_t i = 0; i < bytes && i < 20 && r->told_n < sizeof(r->told); i++)
		r->told[r->told_n++] = GAP_MARK;
	r->offset += bytes;
	r->gap_bytes += bytes;
	r->told_ns = at_ns;
	r->gap_calls++;
}

static inline void rig_init(struct rig *r, size_t blocks)
{
	*r = (struct rig){ .at_ns = NS_PER_S };
	assert_int_equal(pool_init(&r->pool, TCP_SEGMENT_BLOCK_BYTES, blocks), 0);
	tcp_half_init(&r->h);
	r->sink = (struct tcp_sink){ on_data, on_gap, r };
}

/* All that was told and kept adds up, and nothing stays behind. */
static inline void rig_done_cleanup(struct rig *r)
{
	assert_int_equal(r->offset, r->h.delivered_bytes + r->h.gap_bytes);
	assert_int_equal(r->gap_bytes, r->h.gap_bytes);
	assert_int_equal(r->gap_calls, r->h.gaps);
	assert_int_equal(r->counters.v[COUNTER_TCP_GAPS], r->h.gaps);
	assert_int_equal(r->counters.v[COUNTER_TCP_GAP_BYTES], r->h.gap_bytes);
	assert_int_equal(r->counters.v[COUNTER_TCP_RETRANSMITTED], r->h.retransmitted);
	assert_int_equal(r->counters.v[COUNTER_TCP_OVERLAP], r->h.overlaps);
	tcp_half_done(&r->h, &r->pool);
	assert_int_equal(r->pool.used, 0);
	assert_int_equal(r->h.queue_bytes + r->h.queue_segments, 0);
	pool_done(&r->pool);
}

#define RIG(r, blocks)                                                                             \
	__attribute__((cleanup(rig_done_cleanup))) struct rig r;                                   \
	rig_init(&(r), blocks)

static inline void put(struct rig *r, uint32_t seq, struct str bytes, uint32_t wire_bytes)
{
	struct packet p = { .proto = IP_PROTO_TCP,
			    .seq = seq,
			    .tcp_flags = r->flags | TCP_ACK,
			    .transport_cut = r->cut_header,
			    .payload = bytes,
			    .payload_bytes = wire_bytes };

	tcp_half_segment(&r->h, &r->pool, &r->counters, &p, r->at_ns, &r->sink);
	r->flags = 0;
	r->cut_header = false;
}

static inline void seg(struct rig *r, uint32_t seq, const char *text)
{
	put(r, seq, str_of(text), (uint32_t)strlen(text));
}

static inline void mark(struct rig *r, uint8_t flags, uint32_t seq, const char *text)
{
	r->flags = flags;
	seg(r, seq, text);
}

static inline void ack(struct rig *r, uint32_t number)
{
	tcp_half_acked(&r->h, &r->pool, &r->counters, number, r->at_ns, &r->sink);
}

static inline void flush(struct rig *r)
{
	tcp_half_flush(&r->h, &r->pool, &r->counters, r->at_ns, &r->sink);
}

static inline struct str told(const struct rig *r)
{
	return (struct str){ r->told, r->told_n };
}

#endif
