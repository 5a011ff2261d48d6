/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_frag: a run of fragments of four packets, four bytes each, against a model that remembers
 * every fragment. With plenty of memory each answer must be the model's; with little, each
 * fragment must still be counted once, and what is whole must have the right bytes.
 */
#include "packet/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define IDS       4
#define STEPS_MAX 200

/* Of one fragment: where, how long, the last one, and which of two contents. */
struct piece {
	uint32_t offset, end;
	bool last, other;
};

struct model {
	struct piece piece[STEPS_MAX];
	size_t pieces;
	int64_t at_ns;
	bool used, closed;
};

static uint8_t content(uint32_t offset, bool other)
{
	return (uint8_t)(offset * 7 + offset / 256 + other);
}

static void model_reset(struct model *m)
{
	m->pieces = 0;
	m->used = m->closed = false;
}

static bool piece_eq(const struct piece *a, const struct piece *b)
{
	return a->offset == b->offset && a->end == b->end && a->last == b->last &&
	       a->other == b->other;
}

static bool pieces_conflict(const struct piece *a, const struct piece *b)
{
	return (a->offset < b->end && b->offset < a->end) || (a->last && b->end > a->end) ||
	       (b->last && a->end > b->end) || (a->last && b->last);
}

static bool model_whole(const struct model *m)
{
	uint32_t sum = 0, total = 0;

	for (size_t i = 0; i < m->pieces; i++) {
		sum += m->piece[i].end - m->piece[i].offset;
		if (m->piece[i].last)
			total = m->piece[i].end;
	}
	return total > 0 && sum == total;
}

static enum frag_answer model_add(struct model *m, const struct piece *p, int64_t at_ns)
{
	if (p->offset == p->end || p->end > FRAG_WHOLE_MAX ||
	    (!p->last && (p->end - p->offset) % 8 != 0))
		return FRAG_SHED;
	if (m->used && at_ns - m->at_ns > FRAG_TIMEOUT_NS)
		model_reset(m);
	if (!m->used) {
		m->used = true;
		m->at_ns = at_ns;
	}
	if (m->closed)
		return FRAG_SHED;
	for (size_t i = 0; i < m->pieces; i++)
		if (piece_eq(&m->piece[i], p))
			return FRAG_HELD;
	for (size_t i = 0; i < m->pieces; i++)
		if (pieces_conflict(&m->piece[i], p)) {
			m->closed = true;
			return FRAG_SHED;
		}
	m->piece[m->pieces++] = *p;
	return model_whole(m) ? FRAG_WHOLE : FRAG_HELD;
}

/* Every byte stands where one of the fragments had it. */
static void check_bytes(struct str body, const struct packet *first)
{
	assert(first->frag_offset == 0);
	assert(first->frag_body.p == body.p && first->frag_body.n <= body.n);
	for (uint32_t k = 0; k < body.n; k++)
		assert((uint8_t)body.p[k] == content(k, false) ||
		       (uint8_t)body.p[k] == content(k, true));
}

/* And of the very fragments that the model has. */
static void check_pieces(const struct model *m, struct str body)
{
	for (size_t i = 0; i < m->pieces; i++) {
		assert(m->piece[i].end <= body.n);
		for (uint32_t k = m->piece[i].offset; k < m->piece[i].end; k++)
			assert((uint8_t)body.p[k] == content(k, m->piece[i].other));
	}
}

static void check_sum(const struct counters *c, size_t held, uint64_t fed)
{
	assert(c->v[COUNTER_FRAMES_FRAGMENT] + c->v[COUNTER_DROP_FRAG_TIMEOUT] +
		       c->v[COUNTER_DROP_FRAG_FULL] + c->v[COUNTER_DROP_FRAG_BAD] + held ==
	       fed);
}

/* Four bytes: id, last, other content, offset near the end, seconds; offset; length twice. */
static struct piece piece_of(const uint8_t *d)
{
	struct piece p = {
		.offset = (d[0] & 0x10 ? 65528u - 255u * 8u : 0u) + d[1] * 8u,
		.last = (d[0] & 0x04) != 0,
		.other = (d[0] & 0x08) != 0,
	};

	p.end = p.offset + load_u16be(d + 2) % 5000;
	return p;
}

static struct packet packet_of(const struct piece *piece, uint32_t id, uint8_t *bytes)
{
	size_t n = piece->end - piece->offset;

	for (uint32_t k = 0; k < n; k++)
		bytes[k] = content(piece->offset + k, piece->other);
	return (struct packet){
		.ip_version = 4,
		.fragment = true,
		.frag_id = id,
		.frag_offset = piece->offset,
		.frag_more = !piece->last,
		.frag_bytes = (uint32_t)n,
		.frag_body = { (const char *)bytes, n },
		.ip_bytes = (uint32_t)n + 20,
	};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model models[IDS];
	static uint8_t bytes[5000];
	struct counters counters = { 0 };
	struct frag *fr;
	uint64_t fed = 0;
	int64_t now_ns = 0;
	bool plenty;

	if (size < 1 || size > 1 + 4 * STEPS_MAX)
		return 0;
	plenty = data[0] >= 64;
	if (frag_new(plenty ? 4 * STEPS_MAX : data[0] + 1u, &counters, &fr) < 0)
		return 0;
	for (size_t i = 0; i < IDS; i++)
		model_reset(&models[i]);

	for (size_t at = 1; at + 4 <= size; at += 4) {
		const uint8_t *d = data + at;
		struct model *m = &models[d[0] % IDS];
		struct piece piece = piece_of(d);
		struct packet p = packet_of(&piece, d[0] % IDS, bytes), first;
		enum frag_answer expected, answer;
		struct str body;
		unsigned parts;

		now_ns += (d[0] >> 5) * 5 * NS_PER_S;
		expected = model_add(m, &piece, now_ns);
		answer = frag_add(fr, &p, now_ns, &first, &body, &parts);
		check_sum(&counters, frag_held(fr), ++fed);
		assert(!plenty || answer == expected);
		if (answer == FRAG_WHOLE)
			check_bytes(body, &first);
		if (plenty && answer == FRAG_WHOLE)
			check_pieces(m, body);
		if (expected == FRAG_WHOLE)
			model_reset(m);
	}
	frag_expire(fr, INT64_MAX);
	check_sum(&counters, 0, fed);
	assert(frag_held(fr) == 0);
	frag_free(fr);
	return 0;
}
