/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model test of one TCP direction: the segments of random streams are cut, shuffled, repeated and
 * dropped, and each byte must come out at its place or in a gap.
 */
#include "packet/tcp_test.h"

#define MODEL_BYTES ((size_t)100 * 1000)
#define MODEL_CUTS  1024
#define MODEL_SEEDS 3000

static uint64_t model_state;

static uint32_t rnd(uint32_t below)
{
	model_state = hash_mix(model_state, 0x5eed);
	return (uint32_t)((model_state >> 11) % below);
}

static char model_byte(uint64_t offset)
{
	return (char)(offset * 2654435761u >> 13);
}

struct model {
	uint64_t offset;
	uint64_t gap_bytes;
};

static void model_data(void *owner, struct str bytes, int64_t at_ns)
{
	struct model *m = owner;

	(void)at_ns;
	for (size_t i = 0; i < bytes.n; i++) {
		if (bytes.p[i] != model_byte(m->offset + i))
			fail_msg("wrong byte at %zu", (size_t)m->offset + i);
	}
	m->offset += bytes.n;
}

static void model_gap(void *owner, uint64_t bytes, int64_t at_ns)
{
	struct model *m = owner;

	(void)at_ns;
	m->offset += bytes;
	m->gap_bytes += bytes;
}

struct piece {
	uint32_t offset;
	uint32_t bytes;
	uint32_t place; /* when it comes */
};

static int by_place(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return (x->place > y->place) - (x->place < y->place);
}

/* Cuts the stream into pieces, some of them twice and cut otherwise; each comes up to a quarter of
 * reach places late. */
static size_t model_cut(struct piece *pieces, uint32_t largest, uint32_t reach, uint32_t drop)
{
	uint32_t n = 0, at = 0;

	while (at < MODEL_BYTES && n < MODEL_CUTS - 1) {
		uint32_t left = (uint32_t)MODEL_BYTES - at, early = rnd(50);
		uint32_t bytes = n < MODEL_CUTS - 2 ? 1 + rnd(largest) : left;

		bytes = bytes < left ? bytes : left;
		if (drop == 0 || rnd(1000) >= drop) {
			pieces[n] = (struct piece){ at, bytes, n * 4 + rnd(reach) };
			n++;
		}
		if (rnd(10) == 0 && early < at && n < MODEL_CUTS - 2) {
			pieces[n] = (struct piece){ at - early, early + rnd(bytes + 1),
						    n * 4 + rnd(reach) };
			n++;
		}
		at += bytes;
	}
	qsort(pieces, n, sizeof(*pieces), by_place);
	return n;
}

/* Everything of one run. */
struct run {
	struct tcp_half h;
	struct pool *pool;
	struct counters counters;
	struct tcp_sink sink;
	struct model model;
	uint32_t first; /* sequence number */
	int64_t at_ns;
};

static void run_segment(struct run *r, uint8_t flags, uint32_t offset, struct str bytes)
{
	struct packet p = { .tcp_flags = flags,
			    .seq = r->first + offset,
			    .payload = bytes,
			    .payload_bytes = (uint32_t)bytes.n };

	r->at_ns += NS_PER_MS;
	tcp_half_segment(&r->h, r->pool, &r->counters, &p, r->at_ns, &r->sink);
}

static void run_check(struct run *r)
{
	assert_true(r->h.finished);
	assert_int_equal(r->model.offset, MODEL_BYTES);
	assert_int_equal(r->h.delivered_bytes + r->h.gap_bytes, MODEL_BYTES);
	assert_int_equal(r->h.gap_bytes, r->model.gap_bytes);
	assert_int_equal(r->h.overlaps, 0);
	assert_int_equal(r->pool->used, 0);
}

/* One stream through one half; returns its gap bytes. With drops the peer acknowledges all up to
 * some distance behind. */
static uint64_t model_run(uint64_t seed, uint32_t drop, struct pool *pool, const char *stream)
{
	static struct piece pieces[MODEL_CUTS];
	struct run r = { .pool = pool };
	uint32_t acked = 0;
	size_t n;

	model_state = seed * 7919 + 1;
	r.sink = (struct tcp_sink){ model_data, model_gap, &r.model };
	r.first = rnd(3) ? rnd(UINT32_MAX) : (uint32_t)-rnd(MODEL_BYTES);
	n = model_cut(pieces, rnd(4) ? 1460 : 20000, 1 + rnd(120), drop);
	tcp_half_init(&r.h);
	run_segment(&r, TCP_SYN, UINT32_MAX, STR(""));
	for (size_t i = 0; i < n; i++) {
		uint32_t at = pieces[i].offset, end = at + pieces[i].bytes;

		run_segment(&r, end == MODEL_BYTES ? TCP_FIN : 0, at,
			    (struct str){ stream + at, pieces[i].bytes });
		if (at > acked + 10000)
			acked = at - 10000;
		if (drop && rnd(3) == 0)
			tcp_half_acked(&r.h, pool, &r.counters, r.first + acked, r.at_ns, &r.sink);
	}
	run_segment(&r, TCP_FIN, MODEL_BYTES, STR(""));
	tcp_half_flush(&r.h, pool, &r.counters, r.at_ns, &r.sink);
	run_check(&r);
	tcp_half_done(&r.h, pool);
	return r.model.gap_bytes;
}

static void model_seeds(uint32_t drop, size_t blocks, bool gaps)
{
	static char stream[MODEL_BYTES];
	uint64_t gap_bytes = 0;
	struct pool pool;

	for (size_t i = 0; i < sizeof(stream); i++)
		stream[i] = model_byte(i);
	assert_int_equal(pool_init(&pool, TCP_SEGMENT_BLOCK_BYTES, blocks), 0);
	for (uint64_t seed = 0; seed < MODEL_SEEDS; seed++)
		gap_bytes += model_run(seed, drop, &pool, stream);
	pool_done(&pool);
	assert_int_equal(gap_bytes > 0, gaps);
}

TEST(tcp_model_gives_every_byte_when_none_was_lost)
{
	model_seeds(0, POOL_BLOCKS, false);
}

TEST(tcp_model_accounts_for_every_byte_when_some_were_lost)
{
	model_seeds(30, POOL_BLOCKS, true);
}

TEST(tcp_model_accounts_for_every_byte_with_a_small_pool)
{
	model_seeds(5, 7, true);
}

TEST_MAIN
