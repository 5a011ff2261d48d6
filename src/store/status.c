/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much there is, how old, how much more may come, and what the writer told last of a full disk:
 * from names, sizes and heads of files, without the lock.
 */
#include "store/store_int.h"

#define HOURS_A_DAY 24
/* Growth is that of the newest whole hours, at most so many. */
#define GROWTH_HOURS 24

/* ---- Counting -------------------------------------------------------------------------------- */

static void count_file(const struct store_file *f, struct store_status *out)
{
	out->bytes += store_file_bytes(f);
	out->log_bytes += f->log_bytes;
	out->log_files += f->log && !f->marks;
	out->segments += f->segment;
	for (unsigned p = 0; p < ROW_PARTS; p++) {
		struct store_part_status *part = &out->part[p];

		part->bytes += f->bytes[p];
		if (f->bytes[p] && (part->oldest_hour < 0 || f->hour < part->oldest_hour))
			part->oldest_hour = f->hour;
	}
}

/* Hours are not in order of numbers where a clock went back: few are, so they are compared. */
static bool seen_before(const struct store_files *files, const struct store_file *f, unsigned part)
{
	for (const struct store_file *g = f; g-- > files->v;) {
		if (g->hour == f->hour && g->bytes[part])
			return true;
		if (g->hour < f->hour)
			return false;
	}
	return false;
}

static void count(const struct store_files *files, struct store_status *out)
{
	for (unsigned p = 0; p < ROW_PARTS; p++)
		out->part[p].oldest_hour = -1;
	for (size_t i = 0; i < files->n; i++) {
		const struct store_file *f = &files->v[i];

		count_file(f, out);
		for (unsigned p = 0; p < ROW_PARTS; p++)
			out->part[p].hours += f->bytes[p] && !seen_before(files, f, p);
	}
}

/* ---- The next number ------------------------------------------------------------------------- */

static void take(uint64_t last, uint64_t *next)
{
	if (last >= *next)
		*next = last + 1;
}

static void take_log(const struct store_view *v, const struct store_file *f, uint64_t *next)
{
	CLEANUP(store_log_close_ptr) struct store_log_in in = { .fd = -1 };
	struct rowlog_frame frame;
	struct err err;
	int step;

	if (store_log_open(v->log_fd, f->number, v->ks, NULL, &in, &err) < 0)
		return;
	while ((step = rowlog_next(in.reader, &frame, NULL, &err)) > ROWLOG_END)
		if (step == ROWLOG_FRAME)
			take(frame.first_arrival + frame.rows - 1, next);
}

static void take_segment(const struct store_view *v, const struct store_file *f, uint64_t *next)
{
	CLEANUP(store_segment_close_ptr) struct store_segment_in in = { .fd = { -1, -1, -1 } };
	struct segment_summary sum;
	struct err err;

	if (store_segment_open(v->segments_fd, f->number, v->ks, &in, &err) < 0)
		return;
	segment_summary(in.segment, &sum);
	take(sum.arrival_max, next);
}

/* The highest is in a log, or in the last segment of a cluster. */
static uint64_t next_arrival(const struct store_view *v)
{
	uint64_t next = 1;

	for (size_t i = 0; i < v->files.n; i++) {
		const struct store_file *f = &v->files.v[i];

		take(f->number, &next);
		if (f->log)
			take_log(v, f, &next);
		else if (store_file_until(&v->files, f) == UINT64_MAX)
			take_segment(v, f, &next);
	}
	return next;
}

/* ---- Growth ---------------------------------------------------------------------------------- */

/* Of hours that are whole: the newest one may still be written to. */
static void measure(const struct store_files *files, const struct store_keep *keep,
		    struct store_growth *g)
{
	int64_t newest = INT64_MIN, oldest = INT64_MAX, from;
	double hours;

	*g = (struct store_growth){ .days_had = { 0 } };
	for (size_t i = 0; i < files->n; i++)
		if (!files->v[i].marks && files->v[i].hour > newest)
			newest = files->v[i].hour;
	for (size_t i = 0; i < files->n; i++)
		if (!files->v[i].marks && files->v[i].hour < oldest)
			oldest = files->v[i].hour;
	if (oldest >= newest)
		return;
	from = newest - oldest > GROWTH_HOURS ? newest - GROWTH_HOURS : oldest;
	hours = (double)(newest - from);
	for (size_t i = 0; i < files->n; i++) {
		const struct store_file *f = &files->v[i];

		if (f->hour < from || f->hour >= newest)
			continue;
		g->bytes_a_day[PART_META] += (double)f->log_bytes / hours * HOURS_A_DAY;
		for (unsigned p = 0; p < ROW_PARTS; p++)
			g->bytes_a_day[p] += (double)f->bytes[p] / hours * HOURS_A_DAY;
	}
	for (unsigned p = 0; p < ROW_PARTS; p++) {
		g->days_kept[p] = (double)keep->part_ns[p] / (double)KEYSTORE_HOUR_NS / HOURS_A_DAY;
		g->days_had[p] = (double)(newest - oldest) / HOURS_A_DAY;
	}
}

static void forecast(const struct store_files *files, const struct store_keep *keep,
		     struct store_status *out)
{
	struct store_growth g;

	measure(files, keep, &g);
	for (unsigned p = 0; p < ROW_PARTS; p++)
		out->bytes_a_day += g.bytes_a_day[p];
	out->days_left =
		out->bytes_a_day > 0 ? store_days_left(&g, out->bytes, out->bytes_max) : -1;
}

/* ---- All of it ------------------------------------------------------------------------------- */

int store_status(const char *dir, const struct root_source *root, const struct store_keep *keep,
		 struct store_keep *keep_used, struct store_status *out, struct err *err)
{
	CLEANUP(store_view_close_ptr)
	struct store_view v = { .dir_fd = -1, .log_fd = -1, .segments_fd = -1 };
	CLEANUP(meta_close) struct meta *meta = NULL;
	struct store_status status = { .days_left = -1 };
	struct store_keep known;
	int r = store_view_open(dir, root, &v, err);

	if (r < 0)
		return r;
	/* A database that cannot be read leaves what it knows unsaid. */
	if (store_meta_open(dir, v.ks, true, &meta, NULL) < 0)
		meta = NULL;
	store_keep_known(meta, keep, &known);
	r = store_keep_bytes(v.dir_fd, &known, err);
	if (r == 0 && disk_room(v.dir_fd, &status.disk_free, &status.disk_all) < 0)
		r = err_set(err, ERR_STORE_IO, "the room of the file system");
	if (r < 0)
		return r;
	store_shed_known(meta, &status.shed, &status.rows_shed, &status.rows_refused);
	status.bytes_max = known.bytes;
	count(&v.files, &status);
	status.next_arrival = next_arrival(&v);
	forecast(&v.files, &known, &status);
	if (keep_used)
		*keep_used = known;
	*out = status;
	return 0;
}

int store_events(const char *dir, const struct root_source *root, unsigned limit,
		 void (*each)(void *owner, const struct meta_entry *entry), void *owner,
		 struct err *err)
{
	CLEANUP(store_view_close_ptr)
	struct store_view v = { .dir_fd = -1, .log_fd = -1, .segments_fd = -1 };
	CLEANUP(meta_close) struct meta *meta = NULL;
	int r = store_view_open(dir, root, &v, err);

	if (r == 0)
		r = store_meta_open(dir, v.ks, true, &meta, err);
	return r < 0 ? r : meta_each(meta, limit, each, owner, err);
}
