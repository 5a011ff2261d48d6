// SPDX-License-Identifier: Apache-2.0
/*
 * Groups of a segment as units. A group is asked in steps, each of which may end it: its arrival
 * numbers and times, its zone maps, the columns that the filter names, and only for rows that are
 * really given all other columns. A column that is damaged is told; one that was asked about costs
 * its group, one that is only shown costs itself.
 */
#include "query/scan.h"

#include <stdlib.h>

/* A batch ends with this many rows or bytes. */
#define BATCH_ROWS_MAX  4096
#define BATCH_BYTES_MAX (256 * KIB)
#define BATCH_GROWTH    4
#define BITMAP_WORDS    (COLUMN_ROWS_MAX / 64)

/* ---- Listing --------------------------------------------------------------------------------- */

static bool times_fit(const struct query_plan *p, const struct segment_group *g)
{
	return !p->ranged || (g->time_min <= g->time_max && g->time_max >= p->spec.since_ns &&
			      g->time_min < p->spec.until_ns);
}

static bool group_unit(struct scan *s, struct piece *p, size_t i, struct unit *u)
{
	const struct segment_group *g = segment_group(p->segment, i);
	enum query_order order = s->plan->spec.order;
	uint64_t a = query_key(order, g->arrival_min), b = query_key(order, g->arrival_max);

	*u = (struct unit){ .piece = p, .lo = a < b ? a : b, .hi = a < b ? b : a, .number = i };
	if (!query_scan_clip(s, u))
		return false;
	if (!p->looked)
		s->end->groups_of_rows++;
	if (times_fit(s->plan, g))
		return true;
	if (!p->looked)
		s->end->groups_pruned++;
	return false;
}

int query_scan_segment_units(struct scan *s, struct piece *p,
			     int (*each)(void *owner, const struct unit *unit), void *owner)
{
	size_t n = segment_groups(p->segment);
	struct unit u;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (group_unit(s, p, i, &u))
			r = each(owner, &u);
	return r;
}

/* ---- Zone maps ------------------------------------------------------------------------------- */

struct zones {
	const struct piece *p;
	size_t group;
	const struct record_kind *kind; /* of an unknown kind, any: its common fields */
};

static bool zone(void *owner, unsigned slot, struct filter_zone *out)
{
	const struct zones *z = owner;
	struct segment_zone from;

	if (!segment_zone(z->p->segment, z->group, z->kind->field[slot].id, &from))
		return false;
	*out = (struct filter_zone){ from.rows, from.present, from.bounded, from.min, from.max };
	return true;
}

static bool may_hold(void *owner, unsigned slot, const struct row_value *value)
{
	const struct zones *z = owner;

	return segment_may_hold(z->p->segment, z->group, z->kind->field[slot].id, value);
}

static bool may_select(const struct scan *s, const struct unit *u)
{
	const struct segment_group *g = segment_group(u->piece->segment, u->number);
	struct zones z = { u->piece, u->number, query_scan_kind(g->kind_id) };
	const struct filter_zones zones = { g->kind_id, zone, may_hold, &z };

	return !s->plan->filter || filter_may_select(s->plan->filter, &zones);
}

static int column_problem(struct scan *s)
{
	query_scan_problem(s, "%s", s->column_err.text);
	return -EBADMSG;
}

/* ---- Selecting ------------------------------------------------------------------------------- */

static const struct column *filter_column(void *owner, unsigned slot, bool *failed)
{
	struct group_columns *g = owner;

	return query_scan_columns_of(g, query_scan_kind(g->kind_id)->field[slot].id, failed);
}

static void select_all(uint64_t *selected, uint32_t rows)
{
	memset(selected, 0, BITMAP_WORDS * sizeof(*selected));
	memset(selected, 0xff, rows / 64 * sizeof(*selected));
	if (rows % 64)
		selected[rows / 64] = (UINT64_C(1) << (rows % 64)) - 1;
}

static ptrdiff_t count_selected(const uint64_t *selected)
{
	ptrdiff_t n = 0;

	for (size_t w = 0; w < BITMAP_WORDS; w++)
		n += __builtin_popcountll(selected[w]);
	return n;
}

/* Does every row lie within the range of times, by the zone map? */
static bool times_inside(const struct query_plan *p, const struct group_columns *g)
{
	const struct segment_group *group = segment_group(g->segment, g->group);
	struct segment_zone z;

	return group->time_min >= p->spec.since_ns && group->time_max < p->spec.until_ns &&
	       segment_zone(g->segment, g->group,
			    query_scan_kind(0)->field[common_time.ref.slot].id, &z) &&
	       z.present == group->rows;
}

static void select_times(const struct query_plan *p, const struct column *time, uint32_t rows,
			 uint64_t *selected)
{
	for (size_t row = 0; row < rows; row++) {
		int64_t at = (int64_t)query_number(time, row);

		if (!column_has(time, row) || at < p->spec.since_ns || at >= p->spec.until_ns)
			selected[row / 64] &= ~(UINT64_C(1) << (row % 64));
	}
}

static void select_keys(struct scan *s, const struct column *arrival, const struct unit *u,
			uint64_t *selected)
{
	for (size_t row = 0; row < arrival->rows; row++)
		if (query_key(s->plan->spec.order, query_number(arrival, row)) < u->lo)
			selected[row / 64] &= ~(UINT64_C(1) << (row % 64));
}

/* Is the whole group behind the cursor? */
static bool keys_inside(const struct scan *s, const struct group_columns *g, const struct unit *u)
{
	const struct segment_group *group = segment_group(g->segment, g->group);

	return query_key(s->plan->spec.order, group->arrival_min) >= u->lo &&
	       query_key(s->plan->spec.order, group->arrival_max) >= u->lo;
}

/* Sets the bits of rows that are asked for. Returns how many, or -EBADMSG. */
static ptrdiff_t group_select(struct scan *s, struct group_columns *g, const struct unit *u,
			      uint64_t *selected)
{
	const struct query_plan *p = s->plan;
	const struct filter_columns columns = { g->kind_id, g->rows, filter_column, g };
	const struct column *time;
	bool failed = false;
	ptrdiff_t n;

	s->end->rows_looked_at += g->rows;
	select_all(selected, g->rows);
	if (p->filter) {
		n = filter_select(p->filter, &columns, &s->work, selected);
		if (n == -ENOMEM)
			return n;
		if (n <= 0)
			return n < 0 ? column_problem(s) : 0;
	}
	if (p->ranged && !times_inside(p, g)) {
		time = filter_column(g, common_time.ref.slot, &failed);
		if (failed)
			return column_problem(s);
		if (!time)
			return 0;
		select_times(p, time, g->rows, selected);
	}
	if (!keys_inside(s, g, u)) {
		if (query_scan_columns_ids(g) < 0)
			return column_problem(s);
		select_keys(s, &g->arrival, u, selected);
	}
	return count_selected(selected);
}

/* ---- Rows in order --------------------------------------------------------------------------- */

/* The next selected row in the order of the query; there is one. */
static size_t selected_next(const struct scan *s, const uint64_t *selected)
{
	if (s->plan->spec.order == QUERY_OLDEST) {
		for (size_t w = 0; w < BITMAP_WORDS; w++)
			if (selected[w])
				return w * 64 + (size_t)__builtin_ctzll(selected[w]);
	}
	for (size_t w = BITMAP_WORDS; w-- > 0;)
		if (selected[w])
			return w * 64 + 63 - (size_t)__builtin_clzll(selected[w]);
	assert(false);
}

int query_scan_group_open(struct scan *s, struct source *src)
{
	struct group_columns *g;
	ptrdiff_t n;

	if (!may_select(s, &src->unit)) {
		s->end->groups_pruned++;
		return 0;
	}
	src->selected = malloc(BITMAP_WORDS * sizeof(*src->selected));
	g = src->selected ? query_scan_columns_get(s, &src->unit, src) : NULL;
	if (!g)
		return -ENOMEM;
	n = group_select(s, g, &src->unit, src->selected);
	if (n <= 0)
		return (int)n;
	if (query_scan_columns_ids(g) < 0)
		return column_problem(s);
	src->left = (size_t)n;
	src->key = query_key(s->plan->spec.order,
			     query_number(&g->arrival, selected_next(s, src->selected)));
	return 0;
}

/* All columns of the group that can be read, in the order of their fields. One that is only shown
 * costs no row. Returns how many. */
static int columns_open(struct scan *s, struct group_columns *g, const struct column **out)
{
	int n = 0;

	if (query_scan_columns_ids(g) < 0)
		return column_problem(s);
	for (size_t i = 0; i < g->columns; i++) {
		bool failed = false, was_bad = g->state[i] == COLUMN_BAD;
		const struct column *c = query_scan_columns_at(g, i, &failed);

		if (c)
			out[n++] = c;
		else if (failed && !was_bad)
			(void)column_problem(s);
	}
	return n;
}

static int fill_row(struct scan *s, struct source *src, const struct column *const *columns,
		    size_t n_columns)
{
	const struct group_columns *g = src->live;
	size_t row = selected_next(s, src->selected);
	char *to = query_batch_reserve(&src->batch, ROW_MAX);
	ptrdiff_t n;

	if (!to)
		return -ENOMEM;
	src->selected[row / 64] &= ~(UINT64_C(1) << (row % 64));
	src->left--;
	n = row_from_columns(g->kind_id, query_number(&g->hi, row), query_number(&g->lo, row),
			     columns, n_columns, row, to, ROW_MAX);
	if (n < 0) {
		query_scan_problem(s, "%s, group %zu, row %zu: it is larger than a row may be",
				   src->unit.piece->name, g->group, row);
		return 0;
	}
	return query_batch_added(&src->batch, query_number(&g->arrival, row), (size_t)n);
}

int query_scan_group_fill(struct scan *s, struct source *src)
{
	const struct column *columns[SEGMENT_COLUMNS_MAX];
	struct group_columns *g;
	int r = query_scan_piece_open(s, src->unit.piece), n;

	if (r != 0)
		return r < 0 ? r : -EBADMSG;
	g = src->live ? src->live : query_scan_columns_get(s, &src->unit, src);
	if (!g)
		return -ENOMEM;
	g->used = ++s->tick;
	g->segment = src->unit.piece->segment;
	n = columns_open(s, g, columns);
	if (n < 0)
		return n;
	query_batch_clear(&src->batch);
	while (r == 0 && src->left && src->batch.rows < src->batch_rows &&
	       src->batch.n < BATCH_BYTES_MAX)
		r = fill_row(s, src, columns, (size_t)n);
	if (src->batch_rows < BATCH_ROWS_MAX)
		src->batch_rows *= BATCH_GROWTH;
	if (r == 0 && src->batch.rows == 0)
		r = -EBADMSG;
	return r;
}

/* ---- Adding up ------------------------------------------------------------------------------- */

/* A column of a field of the plan, which may be of another kind than the group. */
static const struct column *plan_column(const struct scan *s, struct group_columns *g,
					const struct field *f, bool *failed)
{
	uint16_t kind = s->plan->spec.kind;
	bool common;

	if (!f)
		return NULL;
	common = record_slot_by_id(query_scan_kind(0), f->id) >= 0 &&
		 record_slot_by_id(query_scan_kind(0), f->id) < (int)COMMON_SLOTS;
	if (!common && g->kind_id != kind)
		return NULL;
	return query_scan_columns_of(g, f->id, failed);
}

static int rows_aggregate(struct scan *s, struct group_columns *g, size_t n,
			  const uint64_t *selected, struct aggregate *a)
{
	const struct query_plan *p = s->plan;
	struct aggregate_rows rows = { .kind_id = g->kind_id,
				       .rows = g->rows,
				       .selected = n == g->rows ? NULL : selected,
				       .count = n };
	bool failed = false;

	for (unsigned i = 0; i < p->keys; i++)
		rows.by[i] = plan_column(s, g, p->by[i], &failed);
	if (p->spec.every_ns)
		rows.time = filter_column(g, common_time.ref.slot, &failed);
	rows.sum = plan_column(s, g, p->sum, &failed);
	rows.quantile = plan_column(s, g, p->quantile, &failed);
	if (failed)
		return column_problem(s);
	s->end->rows_matched += n;
	return query_aggregate_add_rows(a, &rows);
}

static int group_aggregate(struct scan *s, const struct unit *u, struct aggregate *a)
{
	uint64_t selected[BITMAP_WORDS];
	struct group_columns *g;
	ptrdiff_t n;

	if (!may_select(s, u)) {
		s->end->groups_pruned++;
		return 0;
	}
	g = query_scan_columns_get(s, u, NULL);
	if (!g)
		return -ENOMEM;
	n = group_select(s, g, u, selected);
	return n <= 0 ? (int)n : rows_aggregate(s, g, (size_t)n, selected, a);
}

int query_scan_segment_aggregate(struct scan *s, struct piece *p, struct aggregate *a,
				 bool (*late)(void *owner), void *owner)
{
	size_t n = segment_groups(p->segment);
	struct unit u;

	for (size_t i = 0; i < n && !late(owner); i++) {
		int r = group_unit(s, p, i, &u) ? group_aggregate(s, &u, a) : 0;

		if (r < 0 && r != -EBADMSG)
			return r;
	}
	return 0;
}
