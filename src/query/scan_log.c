// SPDX-License-Identifier: Apache-2.0
/*
 * Frames of a log as units. They are listed once, by their headers, and then read one by one in any
 * order: the newest row of a log of 64 MiB costs a list and one frame. A frame is at most 1 MiB of
 * rows, so its matching rows are kept whole.
 */
#include "query/scan.h"

/* ---- Listing --------------------------------------------------------------------------------- */

/* False where no row of the frame counts. */
static bool frame_unit(const struct scan *s, struct piece *p, const struct rowlog_frame *f,
		       struct unit *u)
{
	uint64_t last;

	if (f->rows == 0 || f->first_arrival >= p->p.until_arrival ||
	    ckd_add(&last, f->first_arrival, f->rows - 1))
		return false;
	*u = (struct unit){ .piece = p, .number = f->number, .offset = f->offset };
	if (s->plan->spec.order == QUERY_OLDEST) {
		u->lo = f->first_arrival;
		u->hi = last;
	} else {
		u->lo = query_key(QUERY_NEWEST, last);
		u->hi = query_key(QUERY_NEWEST, f->first_arrival);
	}
	return query_scan_clip(s, u);
}

/* The next frame that counts: 1, or 0 behind the last. What is torn was never acknowledged, and may
 * be just being written. */
static int frame_next(struct scan *s, struct piece *p, struct unit *u, struct rowlog_frame *f)
{
	for (;;) {
		struct err err = { ERR_NONE, "" };
		int step = rowlog_next(p->log, f, NULL, &err);

		if (step == ROWLOG_FRAME && frame_unit(s, p, f, u))
			return 1;
		if (step == ROWLOG_END || step == ROWLOG_TORN)
			return 0;
		if (step == ROWLOG_BAD)
			query_scan_problem(s, "%s", err.text);
		if (step == -ENOMEM)
			return step;
		if (step < 0) {
			query_scan_problem(s, "%s", err.text);
			return -EBADMSG;
		}
	}
}

int query_scan_log_units(struct scan *s, struct piece *p,
			 int (*each)(void *owner, const struct unit *unit), void *owner)
{
	struct rowlog_frame f;
	struct unit u;
	int r;

	while ((r = frame_next(s, p, &u, &f)) == 1) {
		r = each(owner, &u);
		if (r < 0)
			return r;
	}
	return r;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

/* The next row of the frame that is asked for: 1 or 0. */
static int row_next(struct scan *s, struct piece *p, const struct unit *u, struct row_view *row,
		    uint64_t *arrival)
{
	int r;

	while ((r = rowlog_row(p->log, row, arrival)) == 1) {
		s->end->rows_looked_at++;
		if (query_key(s->plan->spec.order, *arrival) >= u->lo &&
		    query_plan_match(s->plan, row))
			return 1;
	}
	if (r < 0 && r != -ENOMEM) {
		query_scan_problem(s, "%s, frame %llu: it cannot be read", p->name,
				   (unsigned long long)u->number);
		return -EBADMSG;
	}
	return r;
}

static int frame_rows(struct scan *s, struct source *src)
{
	struct row_view row;
	uint64_t arrival;
	int r;

	while ((r = row_next(s, src->unit.piece, &src->unit, &row, &arrival)) == 1) {
		r = query_batch_add(&src->batch, arrival, row.bytes);
		if (r < 0)
			return r;
	}
	return r;
}

/* Goes to a frame that was listed. A section of it that is bad was told then, and comes before it
 * again. */
static int frame_seek(struct scan *s, const struct unit *u)
{
	struct rowlog_frame f = { .number = u->number, .offset = u->offset };
	struct err err = { ERR_NONE, "" };
	int r;

	rowlog_seek(u->piece->log, &f);
	r = rowlog_next(u->piece->log, &f, NULL, &err);
	if (r == ROWLOG_BAD)
		r = rowlog_next(u->piece->log, &f, NULL, NULL);
	if (r == ROWLOG_FRAME && f.number == u->number)
		return 0;
	query_scan_problem(s, "%s, frame %llu: %s", u->piece->name, (unsigned long long)u->number,
			   err.text[0] ? err.text : "it is not there any more");
	return -EBADMSG;
}

int query_scan_frame_open(struct scan *s, struct source *src)
{
	int r = frame_seek(s, &src->unit);

	if (r < 0)
		return r;
	r = frame_rows(s, src);
	if (r < 0)
		return r;
	if (s->plan->spec.order == QUERY_NEWEST)
		query_batch_reverse(&src->batch);
	if (src->batch.rows)
		src->key = query_key(s->plan->spec.order, src->batch.row[0].arrival);
	return 0;
}

/* ---- Adding up ------------------------------------------------------------------------------- */

static int frame_aggregate(struct scan *s, const struct unit *u, struct aggregate *a)
{
	struct row_view row;
	uint64_t arrival;
	int r;

	while ((r = row_next(s, u->piece, u, &row, &arrival)) == 1) {
		s->end->rows_matched++;
		r = query_aggregate_add_row(a, &row);
		if (r < 0)
			return r;
	}
	return r;
}

int query_scan_log_aggregate(struct scan *s, struct piece *p, struct aggregate *a,
			     bool (*late)(void *owner), void *owner)
{
	struct rowlog_frame f;
	struct unit u;
	int r;

	while (!late(owner)) {
		r = frame_next(s, p, &u, &f);
		if (r <= 0)
			return r;
		r = frame_aggregate(s, &u, a);
		if (r < 0 && r != -EBADMSG)
			return r;
	}
	return 0;
}
