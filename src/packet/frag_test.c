/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of fragment gathering: what makes a packet whole, what spoils it, what is shed when memory
 * is short, and that each fragment is counted once in any case.
 */
#include "packet/decode_make.h"

#define BLOCKS 64

/* Bytes that a block of 2 KiB holds, see frag.c. */
#define BLOCK_DATA 2024

/* A gatherer, what it counted, what was given to it, and its last answer. */
struct bench {
	struct frag *fr;
	struct counters counters;
	uint64_t fed;
	struct packet first;
	struct str body;
	unsigned parts;
};

static void bench_done(struct bench *b)
{
	uint64_t fate =
		b->counters.v[COUNTER_FRAMES_FRAGMENT] + b->counters.v[COUNTER_DROP_FRAG_TIMEOUT] +
		b->counters.v[COUNTER_DROP_FRAG_FULL] + b->counters.v[COUNTER_DROP_FRAG_BAD];

	assert_int_equal(fate + frag_held(b->fr), b->fed);
	frag_expire(b->fr, INT64_MAX);
	assert_int_equal(frag_held(b->fr), 0);
	frag_free(b->fr);
}

static inline void bench_done_cleanup(struct bench *b)
{
	bench_done(b);
}

static void bench_init(struct bench *b, size_t blocks)
{
	memset(b, 0, sizeof(*b));
	assert_int_equal(frag_new(blocks, &b->counters, &b->fr), 0);
}

#define BENCH(name, blocks)                                                                        \
	CLEANUP(bench_done) struct bench name;                                                     \
	bench_init(&name, blocks)

/* Bytes from of a pattern that never repeats within a packet. */
static struct str pattern(size_t from, size_t n)
{
	struct str s = make(n);

	for (size_t i = 0; i < n; i++)
		((char *)(uintptr_t)s.p)[i] = (char)((from + i) * 31 + (from + i) / 251);
	return s;
}

static struct packet part(uint32_t id, uint32_t offset, struct str body, bool more)
{
	struct packet p = {
		.ip_version = 4,
		.proto = IP_PROTO_UDP,
		.fragment = true,
		.frag_id = id,
		.frag_offset = offset,
		.frag_more = more,
		.frag_bytes = (uint32_t)body.n,
		.frag_body = body,
		.ip_bytes = 20 + (uint32_t)body.n,
	};

	p.src.b[15] = 1;
	p.dst.b[15] = 2;
	return p;
}

static enum frag_answer give(struct bench *b, const struct packet *p, int64_t at_ns)
{
	b->fed += !p->whole;
	return frag_add(b->fr, p, at_ns, &b->first, &b->body, &b->parts);
}

static enum frag_answer add(struct bench *b, uint32_t id, uint32_t offset, size_t n, bool more)
{
	struct packet p = part(id, offset, pattern(offset, n), more);

	return give(b, &p, 0);
}

static void check_body(const struct bench *b, size_t n)
{
	assert_int_equal(b->body.n, n);
	assert_memory_equal(b->body.p, pattern(0, n).p, n);
}

static uint64_t counted(const struct bench *b, enum counter id)
{
	return b->counters.v[id];
}

/* ---- Whole packets --------------------------------------------------------------------------- */

TEST(fragments_in_order_become_the_packet)
{
	BENCH(b, BLOCKS);

	assert_int_equal(add(&b, 1, 0, 1480, true), FRAG_HELD);
	assert_int_equal(add(&b, 1, 1480, 1480, true), FRAG_HELD);
	assert_int_equal(frag_held(b.fr), 2);
	assert_int_equal(add(&b, 1, 2960, 11, false), FRAG_WHOLE);

	check_body(&b, 2971);
	assert_int_equal(b.parts, 3);
	assert_int_equal(b.first.frag_offset, 0);
	assert_int_equal(b.first.frag_body.n, 1480);
	assert_int_equal(frag_held(b.fr), 0);
	assert_int_equal(counted(&b, COUNTER_FRAMES_FRAGMENT), 3);
}

TEST(fragments_in_any_order_become_the_packet)
{
	static const uint8_t orders[][4] = { { 3, 2, 1, 0 }, { 2, 0, 3, 1 }, { 1, 3, 0, 2 } };

	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		BENCH(b, BLOCKS);

		for (size_t k = 0; k < 4; k++) {
			uint32_t at = orders[i][k];

			assert_int_equal(add(&b, 1, at * 800, 800, at < 3),
					 k < 3 ? FRAG_HELD : FRAG_WHOLE);
		}
		check_body(&b, 3200);
		assert_int_equal(b.first.frag_offset, 0);
	}
}

TEST(large_fragments_take_several_blocks)
{
	static const size_t sizes[] = { BLOCK_DATA, BLOCK_DATA + 8, 2 * BLOCK_DATA + 8, 20000 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		BENCH(b, BLOCKS);

		assert_int_equal(add(&b, 1, 0, sizes[i], true), FRAG_HELD);
		assert_int_equal(add(&b, 1, (uint32_t)sizes[i], 9, false), FRAG_WHOLE);
		check_body(&b, sizes[i] + 9);
	}
}

TEST(largest_packet_is_gathered_and_one_byte_more_is_not)
{
	BENCH(b, BLOCKS);

	assert_int_equal(add(&b, 1, 0, 65528, true), FRAG_HELD);
	assert_int_equal(add(&b, 1, 65528, 8, false), FRAG_SHED);
	assert_int_equal(counted(&b, COUNTER_DROP_FRAG_BAD), 1);
	assert_int_equal(add(&b, 1, 65528, 7, false), FRAG_WHOLE);

	check_body(&b, FRAG_WHOLE_MAX);
}

TEST(packets_are_told_apart_by_the_whole_key)
{
	BENCH(b, BLOCKS);
	struct packet others[6];

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		others[i] = part(1, 8, pattern(8, 8), false);
	others[0].src.b[0] = 1;
	others[1].dst.b[0] = 1;
	others[2].frag_id = 2;
	others[3].proto = IP_PROTO_TCP;
	others[4].tunnels = 1;
	others[5].ip_version = 6;

	assert_int_equal(add(&b, 1, 0, 8, true), FRAG_HELD);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(give(&b, &others[i], 0), FRAG_HELD);
	assert_int_equal(add(&b, 1, 8, 8, false), FRAG_WHOLE);
	check_body(&b, 16);
}

TEST(ipv6_fragments_may_differ_in_their_next_header)
{
	BENCH(b, BLOCKS);
	struct packet p = part(1, 0, pattern(0, 8), true);

	p.ip_version = 6;
	assert_int_equal(give(&b, &p, 0), FRAG_HELD);
	p = part(1, 8, pattern(8, 8), false);
	p.ip_version = 6;
	p.proto = IP_PROTO_TCP;
	assert_int_equal(give(&b, &p, 0), FRAG_WHOLE);

	assert_int_equal(b.first.proto, IP_PROTO_UDP);
}

TEST(whole_body_decodes_with_the_first_fragments_addresses)
{
	BENCH(b, BLOCKS);
	struct str datagram = udp(7, 9, pattern(0, 100));
	struct packet p;

	assert_int_equal(decode_as(LINK_IPV4,
				   ip4_fragment(1, 17, 5, 0x2000, str_head(datagram, 64)), &p),
			 PACKET_FRAGMENT);
	assert_int_equal(give(&b, &p, 0), FRAG_HELD);
	assert_int_equal(decode_as(LINK_IPV4, ip4_fragment(1, 17, 5, 8, str_skip(datagram, 64)),
				   &p),
			 PACKET_FRAGMENT);
	assert_int_equal(give(&b, &p, 0), FRAG_WHOLE);
	assert_int_equal(packet_decode_whole(&b.first, b.body, &p), PACKET_IP);

	assert_int_equal(p.ip_bytes, 20 + datagram.n);
	assert_ip(p.src, "10.0.1.1");
	assert_int_equal(p.dst_port, 9);
	assert_int_equal(p.payload.n, 100);
	assert_memory_equal(p.payload.p, pattern(0, 100).p, 100);
}

TEST(fragments_in_a_reassembled_packet_are_gathered_and_not_counted)
{
	BENCH(b, BLOCKS);
	struct packet p = part(1, 0, pattern(0, 8), true), nested;

	p.whole = true;
	assert_int_equal(give(&b, &p, 0), FRAG_HELD);
	assert_int_equal(frag_held(b.fr), 0);

	/* The second part lies in the body that the gatherer itself gave out. */
	assert_int_equal(add(&b, 2, 0, 8, true), FRAG_HELD);
	assert_int_equal(add(&b, 2, 8, 16, false), FRAG_WHOLE);
	nested = part(1, 8, str_skip(b.body, 8), false);
	nested.whole = true;
	assert_int_equal(give(&b, &nested, 0), FRAG_WHOLE);

	check_body(&b, 24);
	assert_int_equal(counted(&b, COUNTER_FRAMES_FRAGMENT), 2);
}

/* ---- Repetition, overlap, contradiction ------------------------------------------------------ */

TEST(exact_repetition_shares_the_fate_of_its_packet)
{
	BENCH(b, BLOCKS);

	assert_int_equal(add(&b, 1, 0, 3000, true), FRAG_HELD);
	assert_int_equal(add(&b, 1, 0, 3000, true), FRAG_HELD);
	assert_int_equal(add(&b, 1, 3008, 8, false), FRAG_HELD);
	assert_int_equal(add(&b, 1, 3008, 8, false), FRAG_HELD);
	assert_int_equal(frag_held(b.fr), 4);
	assert_int_equal(add(&b, 1, 3000, 8, true), FRAG_WHOLE);

	check_body(&b, 3016);
	assert_int_equal(b.parts, 5);
	assert_int_equal(counted(&b, COUNTER_FRAMES_FRAGMENT), 5);
	assert_int_equal(counted(&b, COUNTER_FRAGMENTS_OVERLAP), 0);
}

TEST(overlap_spoils_the_packet_and_all_that_follows)
{
	static const struct {
		uint32_t offset;
		size_t n;
		bool more;
	} rows[] = {
		{ 8, 16, true }, { 24, 16, true }, { 8, 40, true }, { 16, 8, true },
		{ 24, 8, true }, { 16, 24, true }, { 8, 24, true }, { 24, 12, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BENCH(b, BLOCKS);

		assert_int_equal(add(&b, 1, 16, 16, true), FRAG_HELD);
		assert_int_equal(add(&b, 1, rows[i].offset, rows[i].n, rows[i].more), FRAG_SHED);
		assert_int_equal(add(&b, 1, 0, 16, true), FRAG_SHED);
		assert_int_equal(add(&b, 1, 32, 8, false), FRAG_SHED);

		assert_int_equal(counted(&b, COUNTER_DROP_FRAG_BAD), 4);
		assert_int_equal(counted(&b, COUNTER_FRAGMENTS_OVERLAP), 1);
		assert_int_equal(frag_held(b.fr), 0);
	}
}

TEST(repetition_with_other_content_is_an_overlap)
{
	static const size_t at[] = { 0, BLOCK_DATA - 1, BLOCK_DATA, 2999 };

	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		BENCH(b, BLOCKS);
		struct packet p = part(1, 0, pattern(0, 3000), true);

		assert_int_equal(give(&b, &p, 0), FRAG_HELD);
		p.frag_body = pattern(0, 3000);
		((char *)(uintptr_t)p.frag_body.p)[at[i]] ^= 1;
		assert_int_equal(give(&b, &p, 0), FRAG_SHED);

		assert_int_equal(counted(&b, COUNTER_FRAGMENTS_OVERLAP), 1);
		assert_int_equal(counted(&b, COUNTER_DROP_FRAG_BAD), 2);
	}
}

TEST(two_ends_spoil_the_packet)
{
	static const struct {
		uint32_t offset[2];
		bool more[2];
	} rows[] = {
		{ { 32, 16 }, { true, false } },  /* the end before data that is there */
		{ { 16, 32 }, { false, true } },  /* data behind the end */
		{ { 16, 32 }, { false, false } }, /* another end */
		{ { 32, 16 }, { false, false } },
		{ { 16, 16 }, { false, true } }, /* a repetition that takes the end back */
		{ { 16, 16 }, { true, false } },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BENCH(b, BLOCKS);

		assert_int_equal(add(&b, 1, rows[i].offset[0], 8, rows[i].more[0]), FRAG_HELD);
		assert_int_equal(add(&b, 1, rows[i].offset[1], 8, rows[i].more[1]), FRAG_SHED);
		assert_int_equal(counted(&b, COUNTER_DROP_FRAG_BAD), 2);
	}
}

TEST(fragment_that_no_packet_can_use_does_not_spoil_its_packet)
{
	BENCH(b, BLOCKS);
	struct packet cut = part(1, 8, pattern(8, 8), true);

	cut.frag_bytes = 16;
	assert_int_equal(add(&b, 1, 0, 8, true), FRAG_HELD);
	assert_int_equal(give(&b, &cut, 0), FRAG_SHED);
	assert_int_equal(add(&b, 1, 8, 0, true), FRAG_SHED);
	assert_int_equal(add(&b, 1, 8, 7, true), FRAG_SHED);
	assert_int_equal(add(&b, 1, 65528, 8, true), FRAG_SHED);
	assert_int_equal(counted(&b, COUNTER_DROP_FRAG_BAD), 4);
	assert_int_equal(add(&b, 1, 8, 7, false), FRAG_WHOLE);

	check_body(&b, 15);
}

/* ---- Time ------------------------------------------------------------------------------------ */

TEST(packet_is_given_up_after_its_time)
{
	BENCH(b, BLOCKS);

	assert_int_equal(add(&b, 1, 0, 8, true), FRAG_HELD);
	frag_expire(b.fr, FRAG_TIMEOUT_NS);
	assert_int_equal(frag_held(b.fr), 1);
	frag_expire(b.fr, FRAG_TIMEOUT_NS + 1);

	assert_int_equal(frag_held(b.fr), 0);
	assert_int_equal(counted(&b, COUNTER_DROP_FRAG_TIMEOUT), 1);
	assert_int_equal(add(&b, 1, 8, 8, false), FRAG_HELD);
}

TEST(late_fragment_begins_anew)
{
	BENCH(b, BLOCKS);
	struct packet p = part(1, 8, pattern(8, 8), false);

	assert_int_equal(add(&b, 1, 0, 8, true), FRAG_HELD);
	assert_int_equal(give(&b, &p, FRAG_TIMEOUT_NS + 1), FRAG_HELD);

	assert_int_equal(counted(&b, COUNTER_DROP_FRAG_TIMEOUT), 1);
	assert_int_equal(frag_held(b.fr), 1);
}

TEST(clocks_at_their_ends_do_no_harm)
{
	BENCH(b, BLOCKS);
	struct packet p = part(1, 0, pattern(0, 8), true);

	assert_int_equal(give(&b, &p, INT64_MAX), FRAG_HELD);
	assert_int_equal(give(&b, &p, INT64_MIN), FRAG_HELD);
	frag_expire(b.fr, INT64_MIN);
	assert_int_equal(frag_held(b.fr), 2);

	p.frag_id = 2;
	assert_int_equal(give(&b, &p, INT64_MIN), FRAG_HELD);
	assert_int_equal(give(&b, &p, INT64_MAX), FRAG_HELD);
	assert_int_equal(counted(&b, COUNTER_DROP_FRAG_TIMEOUT), 1);
}

/* ---- Full ------------------------------------------------------------------------------------ */

TEST(oldest_packet_goes_when_there_are_too_many)
{
	BENCH(b, 2 * FRAG_PACKETS_MAX);

	for (uint32_t id = 0; id < FRAG_PACKETS_MAX; id++)
		assert_int_equal(add(&b, id, 0, 8, true), FRAG_HELD);
	assert_int_equal(counted(&b, COUNTER_DROP_FRAG_FULL), 0);
	assert_int_equal(add(&b, FRAG_PACKETS_MAX, 0, 8, true), FRAG_HELD);
	assert_int_equal(counted(&b, COUNTER_DROP_FRAG_FULL), 1);

	assert_int_equal(add(&b, 1, 8, 8, false), FRAG_WHOLE);
	assert_int_equal(add(&b, 0, 8, 8, false), FRAG_HELD);
}

TEST(oldest_packet_gives_its_blocks_to_a_newer_one)
{
	BENCH(b, 3);

	assert_int_equal(add(&b, 1, 0, 8, true), FRAG_HELD);
	assert_int_equal(add(&b, 2, 0, 8, true), FRAG_HELD);
	assert_int_equal(add(&b, 3, 0, BLOCK_DATA + 8, true), FRAG_HELD);
	assert_int_equal(counted(&b, COUNTER_DROP_FRAG_FULL), 1);

	assert_int_equal(add(&b, 1, 8, 8, false), FRAG_SHED);
	assert_int_equal(counted(&b, COUNTER_DROP_FRAG_FULL), 2);
	assert_int_equal(add(&b, 2, 8, 8, false), FRAG_SHED);
	assert_int_equal(counted(&b, COUNTER_DROP_FRAG_FULL), 4);
	assert_int_equal(add(&b, 3, BLOCK_DATA + 8, 8, false), FRAG_WHOLE);
}

TEST(packet_larger_than_all_memory_is_shed)
{
	BENCH(b, 2);

	assert_int_equal(add(&b, 1, 0, 2 * BLOCK_DATA, true), FRAG_HELD);
	assert_int_equal(add(&b, 1, 2 * BLOCK_DATA, 8, false), FRAG_SHED);
	assert_int_equal(counted(&b, COUNTER_DROP_FRAG_FULL), 2);

	assert_int_equal(add(&b, 2, 0, 2 * BLOCK_DATA + 8, true), FRAG_SHED);
	assert_int_equal(add(&b, 3, 0, 2 * BLOCK_DATA, true), FRAG_HELD);
}

TEST(packet_may_have_its_limit_of_parts_and_no_more)
{
	BENCH(b, FRAG_PARTS_MAX + 1);

	for (uint32_t i = 0; i < FRAG_PARTS_MAX; i++)
		assert_int_equal(add(&b, 1, i * 8, 8, i + 1 < FRAG_PARTS_MAX),
				 i + 1 < FRAG_PARTS_MAX ? FRAG_HELD : FRAG_WHOLE);
	check_body(&b, (size_t)FRAG_PARTS_MAX * 8);

	for (uint32_t i = 0; i < FRAG_PARTS_MAX; i++)
		assert_int_equal(add(&b, 1, i * 8, 8, true), FRAG_HELD);
	assert_int_equal(add(&b, 1, FRAG_PARTS_MAX * 8, 8, false), FRAG_SHED);
	assert_int_equal(counted(&b, COUNTER_DROP_FRAG_FULL), FRAG_PARTS_MAX + 1);
}

TEST_MAIN
