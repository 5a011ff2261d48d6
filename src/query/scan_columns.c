// SPDX-License-Identifier: Apache-2.0
/*
 * Columns of groups, decoded when they are first asked for and kept while the group gives rows. Few
 * groups have theirs at a time; one that was taken from its source is decoded again.
 */
#include "query/scan.h"

#include <stdlib.h>

const struct record_kind *query_scan_kind(uint16_t kind_id)
{
	const struct record_kind *kind = record_kind_by_id(kind_id);

	return kind ? kind : record_kind_at(0);
}

/* ---- Whose columns are decoded --------------------------------------------------------------- */

static struct group_columns *live_new(struct scan *s)
{
	struct group_columns *g = calloc(1, sizeof(*g));

	if (g && segment_scratch_new(&g->scratch) < 0) {
		free(g);
		return NULL;
	}
	if (g)
		g->scan = s;
	return g;
}

/* One that nobody has, or a new one, or that which was used longest ago. */
static struct group_columns *live_choose(struct scan *s)
{
	struct group_columns *oldest = NULL;

	for (size_t i = 0; i < SCAN_LIVE_MAX; i++) {
		struct group_columns *g = s->live[i];

		if (!g)
			return s->live[i] = live_new(s);
		if (!g->source)
			return g;
		if (!oldest || g->used < oldest->used)
			oldest = g;
	}
	oldest->source->live = NULL;
	return oldest;
}

struct group_columns *query_scan_columns_get(struct scan *s, const struct unit *u,
					     struct source *src)
{
	struct segment *in = u->piece->segment;
	const struct segment_group *group = segment_group(in, u->number);
	struct group_columns *g = live_choose(s);

	if (!g)
		return NULL;
	segment_scratch_reset(g->scratch);
	memset(g->state, 0, sizeof(g->state));
	g->has_ids = false;
	g->source = src;
	g->segment = in;
	g->group = u->number;
	g->kind_id = group->kind_id;
	g->rows = group->rows;
	g->columns = group->columns;
	g->used = ++s->tick;
	if (src)
		src->live = g;
	return g;
}

/* ---- Columns --------------------------------------------------------------------------------- */

/* Where the column of a field stands in its group, or -1. */
static ptrdiff_t place_of(const struct group_columns *g, uint16_t field_id)
{
	size_t lo = 0, hi = g->columns;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		uint16_t id = segment_column_field(g->segment, g->group, mid);

		if (id == field_id)
			return (ptrdiff_t)mid;
		if (id < field_id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -1;
}

/* Frees what all others have decoded; they decode it again when it is their turn. */
static void live_shed(struct scan *s, const struct group_columns *but)
{
	for (size_t i = 0; i < SCAN_LIVE_MAX; i++) {
		struct group_columns *g = s->live[i];

		if (!g || g == but)
			continue;
		if (g->source)
			g->source->live = NULL;
		segment_scratch_free(g->scratch);
		free(g);
		s->live[i] = NULL;
	}
}

static int column_open(struct group_columns *g, size_t i)
{
	uint16_t id = segment_column_field(g->segment, g->group, i);
	int r = segment_column(g->segment, g->group, id, g->scratch, &g->column[i],
			       &g->scan->column_err);

	if (r != -ENOMEM)
		return r;
	live_shed(g->scan, g);
	return segment_column(g->segment, g->group, id, g->scratch, &g->column[i],
			      &g->scan->column_err);
}

const struct column *query_scan_columns_at(struct group_columns *g, size_t i, bool *failed)
{
	if (g->state[i] == COLUMN_OPEN)
		return &g->column[i];
	if (g->state[i] == COLUMN_BAD || column_open(g, i) < 0) {
		g->state[i] = COLUMN_BAD;
		*failed = true;
		return NULL;
	}
	g->state[i] = COLUMN_OPEN;
	return &g->column[i];
}

const struct column *query_scan_columns_of(struct group_columns *g, uint16_t field_id, bool *failed)
{
	ptrdiff_t i = place_of(g, field_id);

	return i < 0 ? NULL : query_scan_columns_at(g, (size_t)i, failed);
}

static int ids_decode(struct group_columns *g)
{
	return segment_ids(g->segment, g->group, g->scratch, &g->hi, &g->lo, &g->arrival,
			   &g->scan->column_err);
}

int query_scan_columns_ids(struct group_columns *g)
{
	int r;

	if (g->has_ids)
		return 0;
	r = ids_decode(g);
	if (r == -ENOMEM) {
		live_shed(g->scan, g);
		r = ids_decode(g);
	}
	g->has_ids = r == 0;
	return r == 0 ? 0 : -EBADMSG;
}
