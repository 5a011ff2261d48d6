/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions: the records that dissectors have begun and not ended. Each lives in an arena of its
 * own, with its row in the arena's first block, so that opening and ending one is a block taken and
 * given back. When there is no block, the record is shed and counted, and its stream goes on; with
 * the next frame those that are least likely to be answered make room.
 */
#include "flow/flow_int.h"

struct tx {
	struct dissect_tx tx; /* first: dissectors hold this */
	struct arena arena;
};

static void list_append(struct dissect_stream *ds, struct dissect_tx *tx)
{
	if (ds->last)
		ds->last->next = tx;
	else
		ds->first = tx;
	ds->last = tx;
	ds->open++;
}

static void list_take(struct dissect_stream *ds, struct dissect_tx *tx)
{
	struct dissect_tx *before = NULL;

	for (struct dissect_tx *i = ds->first; i != tx; i = i->next)
		before = i;
	if (before)
		before->next = tx->next;
	else
		ds->first = tx->next;
	if (ds->last == tx)
		ds->last = before;
	ds->open--;
}

/* Limit: of what is left, one stream gets a quarter: so many at once that there is always some for
 * others, without anybody being given up. It may have OPEN_SURE in any case. */
#define OPEN_SURE 8

static bool may_open(const struct dissect_stream *ds, const struct flow_engine *e)
{
	return ds->open < OPEN_SURE ||
	       (ds->open < DISSECT_OPEN_MAX && ds->open < pool_left(&e->transactions) / 4);
}

static struct dissect_tx *tx_open(struct dissect_stream *ds, const struct record_kind *kind,
				  uint64_t key)
{
	struct flow_engine *e = stream_of(ds)->engine;
	struct arena arena;
	struct tx *t = NULL;

	arena_init(&arena, &e->transactions, TX_BYTES_MAX);
	if (may_open(ds, e))
		t = arena_alloc(&arena, sizeof(*t));
	if (t) {
		*t = (struct tx){ .tx.key = key, .tx.began_ns = ds->at_ns };
		t->tx.row = arena_alloc(&arena, row_bytes(kind));
	}
	if (!t || !t->tx.row) {
		arena_done(&arena);
		e->counters->v[COUNTER_TX_SHED]++;
		return NULL;
	}
	row_init(t->tx.row, kind);
	t->arena = arena;
	t->tx.arena = &t->arena;
	list_append(ds, &t->tx);
	return &t->tx;
}

static void tx_discard(struct dissect_stream *ds, struct dissect_tx *tx)
{
	struct arena arena = *tx->arena;

	list_take(ds, tx);
	arena_done(&arena);
}

static void tx_commit(struct dissect_stream *ds, struct dissect_tx *tx)
{
	struct stream *s = stream_of(ds);

	row_put_time(tx->row, common_time, tx->began_ns);
	emit_ends(s->engine, s->flow, tx->row);
	/* A row that is lost is counted by row_commit() itself. */
	if (row_commit(tx->row, s->engine->out) == 0)
		s->flow->transactions++;
	tx_discard(ds, tx);
}

static void hand_over(struct dissect_stream *ds, struct str token, struct str detail)
{
	struct stream *s = stream_of(ds);
	struct hand_over *h = &s->engine->hand_over;

	h->from = s;
	h->to = recognise_token(s->engine, token);
	h->n = size_min(detail.n, sizeof(h->detail));
	if (h->n)
		memcpy(h->detail, detail.p, h->n);
}

/* A rule may ask for ends and time as for all else. */
static bool opens_body(struct dissect_stream *ds, const struct dissect_tx *tx)
{
	const struct stream *s = stream_of(ds);
	const struct flow_conf *conf = &s->engine->conf;

	if (!conf->opens_body)
		return false;
	row_put_time(tx->row, common_time, tx->began_ns);
	emit_ends(s->engine, s->flow, tx->row);
	return conf->opens_body(conf->opens_body_owner, tx->row);
}

const struct dissect_ops tx_ops = { tx_open, tx_commit, tx_discard, hand_over, opens_body };
