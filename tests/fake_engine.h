/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_engine: a test double of the flow engine. It keeps the contract of dissect.h for one stream
 * and writes committed rows as text, one line a row, " name=value" for each field, so that tests
 * can look into them and compare them. It is strict where the contract is: it asserts what a real
 * engine would rely on. Made for the tests and fuzzers of every protocol.
 */
#ifndef REDOUBT_TESTS_FAKE_ENGINE_H
#define REDOUBT_TESTS_FAKE_ENGINE_H

#include <stdio.h>
#include <stdlib.h>

#include "dissect/dissect.h"
#include "record/record.h"

#define FAKE_TEXT_MAX (256 * KIB)
#define FAKE_BLOCKS   512
#define FAKE_LARGE    8

struct fake_tx {
	struct dissect_tx tx;
	struct row *row_memory; /* tx.row may become another in the arena */
	struct arena arena;
};

struct fake {
	struct dissect_stream ds; /* first */
	const struct dissector *d;
	uint64_t state[DISSECT_STATE_MAX / 8];
	struct pool pool, heap_pools[HEAP_POOLS];
	struct heap heap;
	char detail[DISSECT_DETAIL_MAX];
	bool opens_body; /* what a body rule would answer */
	char window[2][DISSECT_WINDOW_MAX];
	size_t len[2];
	uint64_t skip[2];
	unsigned open_max; /* transactions beyond it are refused */
	unsigned open_most;
	unsigned rows;
	enum { FAKE_FEEDING, FAKE_SWITCHED, FAKE_REJECTED, FAKE_DONE, FAKE_FULL } over;
	size_t text_n;
	char text[FAKE_TEXT_MAX];
};

static void fake_append(struct fake *f, struct str s)
{
	size_t n = size_min(s.n, sizeof(f->text) - 1 - f->text_n);

	if (n)
		memcpy(f->text + f->text_n, s.p, n);
	f->text_n += n;
}

static void fake_append_u64(struct fake *f, uint64_t v)
{
	char digits[24];

	fake_append(f, (struct str){ digits, (size_t)snprintf(digits, sizeof(digits), "%llu",
							      (unsigned long long)v) });
}

static void fake_append_list(struct fake *f, const union row_slot *slot, unsigned type)
{
	for (size_t i = 0; i < slot->list.n; i++) {
		if (i)
			fake_append(f, STR(","));
		if (type == FIELD_LIST_U64) {
			fake_append_u64(f, ((const uint64_t *)slot->list.p)[i]);
		} else if (type == FIELD_LIST_STR) {
			fake_append(f, ((const struct str *)slot->list.p)[i]);
		} else {
			fake_append(f, ((const struct row_pair *)slot->list.p)[i].name);
			fake_append(f, STR(":"));
			fake_append(f, ((const struct row_pair *)slot->list.p)[i].value);
		}
	}
}

static void fake_append_field(struct fake *f, const struct row *row, unsigned slot)
{
	const struct field *field = &row->kind->field[slot];
	const union row_slot *v = &row->slot[slot];

	fake_append(f, STR(" "));
	fake_append(f, str_of(field->name));
	fake_append(f, STR("="));
	if (field->type == FIELD_STR || field->type == FIELD_BYTES || field->type == FIELD_JSON)
		fake_append(f, v->s);
	else if (field->type == FIELD_BOOL)
		fake_append(f, v->b ? STR("true") : STR("false"));
	else if (field->type == FIELD_ENUM)
		fake_append(f, str_of(field->choices[v->u]));
	else if (field->type == FIELD_U64 || field->type == FIELD_DUR || field->type == FIELD_TIME)
		fake_append_u64(f, v->u);
	else
		fake_append_list(f, v, field->type);
	if (row->cut[slot / 64] >> (slot % 64) & 1)
		fake_append(f, STR("(cut)"));
}

static struct dissect_tx *fake_open(struct dissect_stream *ds, const struct record_kind *kind,
				    uint64_t key)
{
	struct fake *f = (struct fake *)ds;
	struct fake_tx *t;

	if (ds->open >= f->open_max)
		return NULL;
	t = calloc(1, sizeof(*t));
	assert(t);
	arena_init(&t->arena, &f->pool, 64 * KIB);
	t->tx.key = key;
	t->tx.arena = &t->arena;
	t->tx.began_ns = ds->at_ns;
	t->tx.row = t->row_memory = malloc(row_bytes(kind));
	assert(t->tx.row);
	row_init(t->tx.row, kind);
	if (ds->last)
		ds->last->next = &t->tx;
	else
		ds->first = &t->tx;
	ds->last = &t->tx;
	if (++ds->open > f->open_most)
		f->open_most = ds->open;
	return &t->tx;
}

static void fake_discard(struct dissect_stream *ds, struct dissect_tx *tx)
{
	struct dissect_tx **at = &ds->first;

	while (*at != tx) {
		assert(*at);
		at = &(*at)->next;
	}
	*at = tx->next;
	ds->last = NULL;
	for (struct dissect_tx *i = ds->first; i; i = i->next)
		ds->last = i;
	ds->open--;
	arena_done(tx->arena);
	free(((struct fake_tx *)tx)->row_memory);
	free(tx);
}

static void fake_commit(struct dissect_stream *ds, struct dissect_tx *tx)
{
	struct fake *f = (struct fake *)ds;

	for (unsigned slot = 0; slot < tx->row->kind->slots; slot++)
		if (row_has(tx->row, slot))
			fake_append_field(f, tx->row, slot);
	fake_append(f, STR(" \n"));
	f->rows++;
	fake_discard(ds, tx);
}

/* Shown as a line "-> token detail". */
static void fake_hand_over(struct dissect_stream *ds, struct str token, struct str detail)
{
	struct fake *f = (struct fake *)ds;

	fake_append(f, STR("-> "));
	fake_append(f, token);
	fake_append(f, STR(" "));
	fake_append(f, str_head(detail, DISSECT_DETAIL_MAX));
	fake_append(f, STR("\n"));
}

static bool fake_opens_body(struct dissect_stream *ds, const struct dissect_tx *tx)
{
	assert(tx->row);
	return ((struct fake *)ds)->opens_body;
}

static const struct dissect_ops fake_ops = { fake_open, fake_commit, fake_discard, fake_hand_over,
					     fake_opens_body };

static void fake_make_heap(struct fake *f)
{
	static const size_t bytes[HEAP_POOLS] = { 4 * KIB, 16 * KIB, 64 * KIB };
	struct pool *pools[HEAP_POOLS];

	for (unsigned i = 0; i < HEAP_POOLS; i++) {
		pools[i] = &f->heap_pools[i];
		if (pool_init(pools[i], bytes[i], i ? FAKE_LARGE : FAKE_BLOCKS) < 0)
			abort();
	}
	heap_init(&f->heap, pools, DISSECT_HEAP_MAX);
	f->ds.heap = &f->heap;
}

/* What another protocol handed over, as the engine gives it to the next. */
[[maybe_unused]] static void fake_handed(struct fake *f, struct str detail)
{
	memcpy(f->detail, detail.p, detail.n);
	f->ds.handed = (struct str){ f->detail, detail.n };
}

static struct fake *fake_new(const struct dissector *d, bool from_start)
{
	struct fake *f = calloc(1, sizeof(*f));

	assert(f && d->state_bytes <= DISSECT_STATE_MAX && d->window_bytes <= DISSECT_WINDOW_MAX);
	if (pool_init(&f->pool, 4 * KIB, FAKE_BLOCKS) < 0)
		abort();
	fake_make_heap(f);
	f->d = d;
	f->ds.ops = &fake_ops;
	f->ds.state = f->state;
	f->ds.from_start = from_start;
	f->open_max = DISSECT_OPEN_MAX;
	return f;
}

/* The flow ends; every transaction must be gone then. */
static void fake_close(struct fake *f)
{
	f->d->close(&f->ds);
	assert(f->ds.open == 0 && !f->ds.first && !f->ds.last);
	heap_done(&f->heap);
	f->text[f->text_n] = '\0';
}

static void fake_free(struct fake *f)
{
	pool_done(&f->pool);
	for (unsigned i = 0; i < HEAP_POOLS; i++)
		pool_done(&f->heap_pools[i]);
	free(f);
}

static void fake_drop(struct fake *f, enum dissect_side side, size_t n)
{
	f->len[side] -= n;
	memmove(f->window[side], f->window[side] + n, f->len[side]);
}

static void fake_verdict(struct fake *f, enum verdict v)
{
	if (v == DISSECT_SWITCH)
		f->over = FAKE_SWITCHED;
	else if (v == DISSECT_REJECT)
		f->over = FAKE_REJECTED;
	else if (v == DISSECT_DONE)
		f->over = FAKE_DONE;
}

/* Shows the window until nothing more comes of it. */
[[maybe_unused]] static void fake_run(struct fake *f, enum dissect_side side)
{
	while (!f->over && f->len[side]) {
		uint64_t skip = 0;
		size_t used = 0;
		enum verdict v;

		if (f->skip[side]) {
			size_t n =
				f->len[side] < f->skip[side] ? f->len[side] : (size_t)f->skip[side];

			if (f->skip[side] != UINT64_MAX)
				f->skip[side] -= n;
			fake_drop(f, side, n);
			f->d->skipped(&f->ds, side, n, 0);
			continue;
		}
		v = f->d->feed(&f->ds, side, (struct str){ f->window[side], f->len[side] }, &used,
			       &skip);
		assert(used <= f->len[side]);
		fake_drop(f, side, used);
		if (v == DISSECT_MORE)
			break;
		assert(v != DISSECT_SKIP || skip > 0);
		f->skip[side] = skip;
		fake_verdict(f, v);
	}
}

/* Bytes of one side, at most step at a time. */
[[maybe_unused]] static void fake_send(struct fake *f, enum dissect_side side, struct str s,
				       size_t step)
{
	while (s.n && !f->over) {
		size_t n = size_min(size_min(s.n, step), DISSECT_WINDOW_MAX - f->len[side]);

		if (n == 0) {
			f->over = FAKE_FULL;
			break;
		}
		memcpy(f->window[side] + f->len[side], s.p, n);
		f->len[side] += n;
		s = str_skip(s, n);
		fake_run(f, side);
	}
}

[[maybe_unused]] static void fake_hole(struct fake *f, enum dissect_side side, uint64_t bytes)
{
	uint64_t n = bytes < f->skip[side] ? bytes : f->skip[side];

	if (f->over)
		return;
	f->len[side] = 0;
	if (n) {
		if (f->skip[side] != UINT64_MAX)
			f->skip[side] -= n;
		f->d->skipped(&f->ds, side, n, n);
	}
	if (bytes > n)
		fake_verdict(f, f->d->gap(&f->ds, side, bytes - n));
}

/* One datagram, of which `missing` bytes were not captured. */
[[maybe_unused]] static void fake_datagram(struct fake *f, enum dissect_side side, struct str s,
					   size_t missing)
{
	if (f->over)
		return;
	fake_verdict(f, f->d->datagram(&f->ds, side, s, missing));
	assert(f->over != FAKE_SWITCHED);
	if (f->ds.open == 0 && !f->d->keeps_state) {
		memset(f->state, 0, sizeof(f->state));
		heap_done(&f->heap);
	}
}

[[maybe_unused]] static void fake_finish(struct fake *f, enum dissect_side side)
{
	if (!f->over)
		f->d->finished(&f->ds, side);
}

#endif
