// SPDX-License-Identifier: Apache-2.0
/*
 * Marks: for each stream the last sequence number that was accepted. All memory is had at the
 * start, so that a mark can be raised behind a commit, where nothing may fail any more. The one
 * that was raised longest ago makes room for a new one.
 */
#include "rowlog/rowlog_int.h"

#include <stdlib.h>

#define SLOTS ((size_t)2 * ROWLOG_MARKS_MAX) /* a power of two */
#define NONE  UINT32_MAX

struct entry {
	struct rowlog_mark mark;
	uint32_t chain;        /* the next one of the same slot */
	uint32_t older, newer; /* in the order in which they were raised */
};

/* Invariant: entry[0..n) are in use, each in one chain and in the order. */
struct rowlog_marks {
	uint64_t seed; /* so that nobody chooses streams of one slot */
	size_t n;
	uint32_t oldest, newest;
	uint32_t slot[SLOTS];
	struct entry entry[ROWLOG_MARKS_MAX];
};

int rowlog_marks_new(struct rowlog_marks **out)
{
	CLEANUP(rowlog_marks_free) struct rowlog_marks *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	r = crypto_random(&m->seed, sizeof(m->seed));
	if (r < 0)
		return r;
	m->oldest = m->newest = NONE;
	memset(m->slot, 0xff, sizeof(m->slot));
	*out = TAKE(m);
	return 0;
}

void rowlog_marks_free(struct rowlog_marks *m)
{
	free(m);
}

/* ---- Finding --------------------------------------------------------------------------------- */

static uint32_t slot_of(const struct rowlog_marks *m, uint32_t agent, uint32_t epoch, uint8_t shard)
{
	uint64_t h = hash_mix(stream_agent_epoch(agent, epoch) ^ m->seed, shard + m->seed);

	return (uint32_t)(h % SLOTS);
}

static uint32_t find(const struct rowlog_marks *m, uint32_t slot, uint32_t agent, uint32_t epoch,
		     uint8_t shard)
{
	uint32_t i = m->slot[slot];

	while (i != NONE && (m->entry[i].mark.agent != agent || m->entry[i].mark.epoch != epoch ||
			     m->entry[i].mark.shard != shard))
		i = m->entry[i].chain;
	return i;
}

uint64_t rowlog_marks_get(const struct rowlog_marks *m, uint32_t agent, uint32_t epoch,
			  uint8_t shard)
{
	uint32_t i = find(m, slot_of(m, agent, epoch, shard), agent, epoch, shard);

	return i == NONE ? 0 : m->entry[i].mark.sequence;
}

size_t rowlog_marks_count(const struct rowlog_marks *m)
{
	return m->n;
}

const struct rowlog_mark *rowlog_marks_at(const struct rowlog_marks *m, size_t i)
{
	return i < m->n ? &m->entry[i].mark : NULL;
}

/* ---- The order ------------------------------------------------------------------------------- */

static void order_remove(struct rowlog_marks *m, uint32_t i)
{
	const struct entry *e = &m->entry[i];

	if (e->older == NONE)
		m->oldest = e->newer;
	else
		m->entry[e->older].newer = e->newer;
	if (e->newer == NONE)
		m->newest = e->older;
	else
		m->entry[e->newer].older = e->older;
}

static void order_add(struct rowlog_marks *m, uint32_t i)
{
	m->entry[i].older = m->newest;
	m->entry[i].newer = NONE;
	if (m->newest == NONE)
		m->oldest = i;
	else
		m->entry[m->newest].newer = i;
	m->newest = i;
}

/* ---- Raising --------------------------------------------------------------------------------- */

static void chain_remove(struct rowlog_marks *m, uint32_t i)
{
	const struct rowlog_mark *mark = &m->entry[i].mark;
	uint32_t *at = &m->slot[slot_of(m, mark->agent, mark->epoch, mark->shard)];

	while (*at != i)
		at = &m->entry[*at].chain;
	*at = m->entry[i].chain;
}

/* A free entry, or that of the oldest mark, which is forgotten. */
static uint32_t take_entry(struct rowlog_marks *m)
{
	uint32_t i = m->oldest;

	if (m->n < ROWLOG_MARKS_MAX)
		return (uint32_t)m->n++;
	order_remove(m, i);
	chain_remove(m, i);
	return i;
}

int rowlog_marks_raise(struct rowlog_marks *m, const struct rowlog_mark *mark)
{
	uint32_t slot = slot_of(m, mark->agent, mark->epoch, mark->shard);
	uint32_t i = find(m, slot, mark->agent, mark->epoch, mark->shard);

	if (i != NONE) {
		if (mark->sequence <= m->entry[i].mark.sequence)
			return 0;
		order_remove(m, i);
	} else {
		i = take_entry(m);
		m->entry[i].chain = m->slot[slot];
		m->slot[slot] = i;
	}
	m->entry[i].mark = *mark;
	order_add(m, i);
	return 0;
}

/* ---- The table in a file --------------------------------------------------------------------- */

void rowlog_marks_encode(const struct rowlog_marks *m, uint8_t *out)
{
	for (uint32_t i = m->oldest; i != NONE; i = m->entry[i].newer) {
		const struct rowlog_mark *mark = &m->entry[i].mark;

		out = put_le(out, mark->agent, 4);
		out = put_le(out, mark->epoch, 4);
		out = put_le(out, mark->shard, 8);
		out = put_le(out, mark->sequence, 8);
		out = put_le(out, (uint64_t)mark->at_ns, 8);
	}
}

static bool take_mark(struct cur *c, struct rowlog_mark *out)
{
	uint64_t shard;

	out->agent = cur_u32le(c);
	out->epoch = cur_u32le(c);
	shard = cur_u64le(c);
	out->shard = (uint8_t)shard;
	out->sequence = cur_u64le(c);
	out->at_ns = (int64_t)cur_u64le(c);
	return cur_ok(c) && shard <= UINT8_MAX && out->sequence <= LOG_SEQUENCE_MASK;
}

int rowlog_marks_decode(struct rowlog_marks *m, struct str plain)
{
	struct rowlog_mark mark;
	struct cur c = cur_of(plain.p, plain.n);

	while (c.n > 0)
		if (!take_mark(&c, &mark))
			return -EBADMSG;
	c = cur_of(plain.p, plain.n);
	while (c.n > 0 && take_mark(&c, &mark)) {
		int r = rowlog_marks_raise(m, &mark);

		if (r < 0)
			return r;
	}
	return 0;
}
