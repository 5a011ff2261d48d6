// SPDX-License-Identifier: Apache-2.0
/*
 * The engine: many units of many pieces become one answer. Arrival numbers are one order over all
 * clusters, while pieces overlap in it; so rows come from a merge of all units that may have the
 * next one, and a piece is opened as soon as it may have it. Aggregates need no order, and take
 * piece after piece.
 *
 * Invariant: the frontier, the lowest key that was neither given nor judged, only ascends; a cursor
 * is what stands before it.
 */
#include "query/scan.h"

#include <stdio.h>
#include <stdlib.h>

/* The clock is asked once in so many rows. */
#define ROWS_A_LOOK 256

/* ---- A heap of things by key ----------------------------------------------------------------- */

struct heap_entry {
	uint64_t key;
	void *what;
};

struct key_heap {
	struct heap_entry *entry;
	size_t n, room;
};

static int heap_put(struct key_heap *h, uint64_t key, void *what)
{
	size_t i = h->n;

	if (h->n == h->room) {
		size_t room = h->room ? h->room * 2 : 64;
		struct heap_entry *moved = reallocarray(h->entry, room, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		h->entry = moved;
		h->room = room;
	}
	h->n++;
	for (; i > 0 && h->entry[(i - 1) / 2].key > key; i = (i - 1) / 2)
		h->entry[i] = h->entry[(i - 1) / 2];
	h->entry[i] = (struct heap_entry){ key, what };
	return 0;
}

/* Puts e where the hole at i was. */
static void heap_sink(struct key_heap *h, size_t i, struct heap_entry e)
{
	for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
		if (child + 1 < h->n && h->entry[child + 1].key < h->entry[child].key)
			child++;
		if (h->entry[child].key >= e.key)
			break;
		h->entry[i] = h->entry[child];
	}
	h->entry[i] = e;
}

static void *heap_take(struct key_heap *h)
{
	void *what = h->entry[0].what;

	h->n--;
	if (h->n)
		heap_sink(h, 0, h->entry[h->n]);
	return what;
}

static uint64_t heap_key(const struct key_heap *h)
{
	return h->n ? h->entry[0].key : UINT64_MAX;
}

/* ---- The state of a query -------------------------------------------------------------------- */

struct engine {
	struct scan scan;
	const struct query_job *job;
	const struct query_plan *plan;
	struct query_end *end;
	struct key_heap units, sources;
	size_t next_piece;
	/* Pieces that were not looked at have no keys below this. */
	uint64_t bound;
	bool was_piece; /* the one looked at last … */
	int64_t hour;   /* … is of this hour, and … */
	uint64_t first; /* … begins here */
	uint64_t given, last_key;
	bool any_given, too_many, late;
};

static bool looked_at_all(const struct engine *e)
{
	return e->next_piece == e->job->pieces->count;
}

static bool engine_late(void *owner)
{
	struct engine *e = owner;
	int64_t patience = e->plan->spec.patience_ns;

	if (patience && !e->late && time_mono_ns() - e->job->begun_ns >= patience)
		e->late = true;
	return e->late;
}

static uint64_t frontier(const struct engine *e)
{
	uint64_t at = looked_at_all(e) ? UINT64_MAX : e->bound;

	if (heap_key(&e->units) < at)
		at = heap_key(&e->units);
	return heap_key(&e->sources) < at ? heap_key(&e->sources) : at;
}

/* ---- Looking at pieces ----------------------------------------------------------------------- */

static int unit_take(void *owner, const struct unit *unit)
{
	struct engine *e = owner;
	struct unit *u;

	if (e->units.n >= SCAN_UNITS_MAX) {
		e->too_many = true;
		return -ENOMEM;
	}
	u = malloc(sizeof(*u));
	if (!u || heap_put(&e->units, u->lo = unit->lo, u) < 0) {
		free(u);
		return -ENOMEM;
	}
	*u = *unit;
	u->piece->units++;
	return 0;
}

static void unit_drop(struct engine *e, struct unit *u)
{
	struct piece *p = u->piece;

	free(u);
	p->units--;
	query_scan_piece_put(&e->scan, p);
}

/*
 * What pieces that were not looked at may still have. Going up, they begin where the next one does.
 * Going down, a piece says where it begins, not where it ends; but when the hour of arrival
 * changes, every log ends: so all pieces from this one down end before the one above it began, if
 * that is of another hour.
 */
static void bound_move(struct engine *e, const struct piece *p)
{
	const struct query_pieces *from = e->job->pieces;

	if (e->plan->spec.order == QUERY_OLDEST) {
		if (!looked_at_all(e))
			e->bound = from->first(from->owner, e->next_piece);
		return;
	}
	if (!p)
		return;
	if (e->was_piece && e->hour != p->p.hour)
		e->bound = query_key(QUERY_NEWEST, e->first) + 1;
	e->was_piece = true;
	e->hour = p->p.hour;
	e->first = p->p.first_arrival;
}

static int piece_look(struct engine *e)
{
	struct piece *p;
	int r = query_scan_piece_new(&e->scan, e->next_piece, &p);

	if (r < 0)
		return r;
	e->next_piece++;
	p->units++; /* ours, while it is listed */
	r = query_scan_piece_units(&e->scan, p, unit_take, e);
	p->units--;
	if (r < 0 && r != -EBADMSG)
		return r;
	bound_move(e, p->open ? p : NULL);
	query_scan_piece_put(&e->scan, p);
	return 0;
}

/* A log became a segment: its units are others now. Those of the log that were opened are below
 * those that were not, so what is above the last opened one is listed anew. */
static int piece_look_again(struct engine *e, struct piece *p)
{
	struct key_heap old = e->units;
	int r = 0;

	e->units = (struct key_heap){ 0 };
	p->units++;
	for (size_t i = 0; i < old.n; i++) {
		struct unit *u = old.entry[i].what;

		if (r == 0 && u->piece != p)
			r = heap_put(&e->units, u->lo, u);
		else
			unit_drop(e, u);
	}
	free(old.entry);
	if (r == 0)
		r = query_scan_piece_units(&e->scan, p, unit_take, e);
	p->units--;
	query_scan_piece_put(&e->scan, p);
	return r == -EBADMSG ? 0 : r;
}

/* ---- Merging --------------------------------------------------------------------------------- */

static int unit_open(struct engine *e)
{
	struct unit *u = heap_take(&e->units);
	struct piece *p = u->piece;
	struct source *src = NULL;
	int r = query_scan_piece_open(&e->scan, p);

	if (r == 1) {
		p->units++;
		unit_drop(e, u);
		p->units--;
		return piece_look_again(e, p);
	}
	if (r == 0)
		r = query_source_open(&e->scan, u, &src);
	unit_drop(e, u);
	if (r < 0)
		return r == -EBADMSG ? 0 : r;
	r = src ? heap_put(&e->sources, src->key, src) : 0;
	if (r < 0)
		query_source_free(&e->scan, src);
	return r;
}

/* The source at the front has a new key, or is at its end. */
static int front_next(struct engine *e)
{
	struct source *src = e->sources.entry[0].what;
	int r = query_source_next(&e->scan, src);

	if (r == 1) {
		heap_sink(&e->sources, 0, (struct heap_entry){ src->key, src });
		return 0;
	}
	(void)heap_take(&e->sources);
	query_source_free(&e->scan, src);
	return r == -EBADMSG ? 0 : r;
}

static void stop_behind(struct engine *e, uint64_t key)
{
	e->end->next = query_key(e->plan->spec.order, key);
}

/* Gives the row at the front. Returns 1 when the query is at its end. */
static int row_give(struct engine *e)
{
	struct source *src = e->sources.entry[0].what;
	const struct query_out *out = e->job->out;
	uint64_t arrival, key = src->key;
	struct str row;
	int r = query_source_row(&e->scan, src, &arrival, &row);

	if (r < 0) {
		(void)heap_take(&e->sources);
		query_source_free(&e->scan, src);
		return r == -EBADMSG ? 0 : r;
	}
	if (e->any_given && key <= e->last_key) {
		query_scan_problem(&e->scan, "%s: row %llu is there twice", src->unit.piece->name,
				   (unsigned long long)arrival);
		return front_next(e);
	}
	e->any_given = true;
	e->last_key = key;
	e->end->rows_matched++;
	e->given++;
	if (!out->row(out->owner, arrival, row) || e->given == e->plan->limit) {
		if (query_source_more(src) || e->sources.n > 1 || e->units.n || !looked_at_all(e))
			stop_behind(e, key);
		return 1;
	}
	return front_next(e);
}

/* Patience is over once the cursor would be further than it was. */
static bool patience_over(struct engine *e)
{
	uint64_t at = frontier(e), from = e->scan.cut ? e->scan.after : 0;

	if (at <= from || at - 1 <= from || !engine_late(e))
		return false;
	e->end->partial = true;
	(void)strcpy(e->end->why, "the time that was given is over");
	stop_behind(e, at - 1);
	return true;
}

/* One step of the merge. Returns 1 at the end. */
static int merge_step(struct engine *e)
{
	uint64_t unit = heap_key(&e->units), row = heap_key(&e->sources);
	bool bounded = !looked_at_all(e);

	if (e->sources.n && (!e->units.n || row < unit) && (!bounded || row < e->bound)) {
		if (e->given % ROWS_A_LOOK == 0 && patience_over(e))
			return 1;
		return row_give(e);
	}
	if (patience_over(e))
		return 1;
	if (e->units.n && (!bounded || unit < e->bound))
		return unit_open(e);
	return bounded ? piece_look(e) : 1;
}

static int merge(struct engine *e)
{
	int r = 0;

	if (e->plan->spec.order == QUERY_OLDEST && e->job->pieces->count)
		bound_move(e, NULL);
	while (r == 0)
		r = merge_step(e);
	return r < 0 ? r : 0;
}

/* ---- Adding up ------------------------------------------------------------------------------- */

static int piece_aggregate(struct engine *e, struct aggregate *a)
{
	struct piece *p;
	int r = query_scan_piece_new(&e->scan, e->next_piece++, &p);

	if (r < 0)
		return r;
	r = query_scan_piece_open(&e->scan, p);
	if (r == 0)
		r = p->is_log ? query_scan_log_aggregate(&e->scan, p, a, engine_late, e)
			      : query_scan_segment_aggregate(&e->scan, p, a, engine_late, e);
	query_scan_piece_put(&e->scan, p);
	return r == -EBADMSG ? 0 : r;
}

static int aggregate_all(struct engine *e)
{
	CLEANUP(query_aggregate_free) struct aggregate *a = NULL;
	int r = query_aggregate_new(e->plan, e->job->seed, &a);

	while (r == 0 && !looked_at_all(e) && !engine_late(e))
		r = piece_aggregate(e, a);
	if (r == 0 && e->late) {
		e->end->partial = true;
		(void)strcpy(e->end->why, "the time that was given is over");
	} else if (r == 0 && query_aggregate_lacks(a)) {
		e->end->partial = true;
		(void)snprintf(e->end->why, sizeof(e->end->why), "%s", query_aggregate_lacks(a));
	}
	return r < 0 ? r : query_aggregate_give(a, e->job->out->group, e->job->out->owner);
}

/* ---- The query ------------------------------------------------------------------------------- */

static void engine_done(struct engine *e)
{
	while (e->sources.n)
		query_source_free(&e->scan, heap_take(&e->sources));
	while (e->units.n)
		unit_drop(e, heap_take(&e->units));
	free(e->sources.entry);
	free(e->units.entry);
	query_scan_done(&e->scan);
}

int query_engine(const struct query_job *job, struct query_end *end, struct err *err)
{
	struct engine e = { .job = job, .plan = job->plan, .end = end };
	int r;

	*end = (struct query_end){ 0 };
	query_scan_init(&e.scan, job, end);
	r = job->plan->aggregates ? aggregate_all(&e) : merge(&e);
	engine_done(&e);
	if (r == -ENOMEM && e.too_many)
		return err_set(err, ERR_LIMIT,
			       "the pieces overlap so much that %d units would wait",
			       SCAN_UNITS_MAX);
	if (r == -ENOMEM)
		return err_set(err, ERR_MEMORY, "a query");
	return r < 0 ? err_set(err, ERR_INTERNAL, "nobody gives pieces of the store any more") : 0;
}
