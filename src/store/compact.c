/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log becomes a segment: its rows in their order of arrival, under the log's own keys. Then, and
 * only then, the log goes; one with something damaged in it is kept aside.
 */
#include "store/store_int.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

static int start_writer(struct store *s, const struct store_log_in *in, struct segment_writer **out,
			struct err *err)
{
	struct segment_conf conf = { .dir_fd = s->segments_fd,
				     .first_arrival = in->head.first_arrival,
				     .hour = in->head.hour };
	int r;

	memcpy(conf.store_id, in->head.store_id, sizeof(conf.store_id));
	(void)store_keys(s->ks, in->head.key_id, PARTS_ALL, conf.key);
	r = segment_writer_new(&conf, out, err);
	crypto_wipe(&conf, sizeof(conf));
	return r;
}

struct copying {
	struct store *s;
	struct store_log_in in;
	struct segment_writer *to;
	uint64_t until;   /* rows from here on do not count */
	bool said;        /* what is damaged was said before */
	bool perhaps;     /* its end may not have been acknowledged */
	bool bad;         /* something is */
	uint64_t refused; /* rows that no segment takes */
};

/* A row may be more than a segment allows, which costs that row. */
static int copy_frame(struct copying *c, struct err *err)
{
	struct row_view row;
	uint64_t arrival;
	int r, put;

	while ((r = rowlog_row(c->in.reader, &row, &arrival)) == 1) {
		put = segment_writer_add(c->to, &row, arrival, err);
		if (put < 0 && put != -EBADMSG)
			return put;
		c->refused += put == -EBADMSG;
	}
	if (r == -EBADMSG && !c->said)
		store_say(c->s, "%s: a frame holds what is no row", c->in.name);
	c->bad = c->bad || r == -EBADMSG;
	return r == -EBADMSG ? 0 : r;
}

/* What this writer acknowledged to its end has no torn end, unless somebody cut it. */
static void spoilt(struct copying *c, int step, const struct err *err)
{
	if (step != ROWLOG_BAD && (step != ROWLOG_TORN || c->perhaps))
		return;
	if (!c->said)
		store_say(c->s, "%s", err->text);
	c->bad = true;
}

static int copy_rows(struct copying *c, struct err *err)
{
	struct rowlog_frame frame;
	int step;

	while ((step = rowlog_next(c->in.reader, &frame, NULL, err)) > ROWLOG_END) {
		int r = 0;

		if (step == ROWLOG_FRAME && frame.first_arrival < c->until)
			r = copy_frame(c, err);
		if (r < 0)
			return r;
		spoilt(c, step, err);
	}
	return step;
}

static void enter_segment(struct store *s, struct store_file *f, const struct segment_summary *sum)
{
	f->segment = sum->rows > 0;
	memcpy(f->bytes, sum->bytes, sizeof(f->bytes));
	for (unsigned p = 0; p < ROW_PARTS; p++)
		if (sum->bytes[p] == 0)
			f->key_id[p] = 0;
	s->grown = true;
}

/* An attempt that failed at its end may have left META, which must not stand beside parts of
 * another attempt. */
static int remove_remains(struct store *s, uint64_t number, struct err *err)
{
	char name[SEGMENT_NAME_BYTES];
	int r;

	segment_name(number, PART_META, name);
	if (faccessat(s->segments_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	r = disk_remove(s->segments_fd, name);
	if (r == 0)
		r = disk_sync_dir(s->segments_fd);
	return r < 0 ? err_set(err, ERR_STORE_IO, "%s: %s", name, strerror(-r)) : 0;
}

static int make_segment(struct copying *c, struct store_file *f, struct err *err)
{
	struct segment_summary sum = { .rows = 0 };
	int r = remove_remains(c->s, f->number, err);

	if (r == 0)
		r = start_writer(c->s, &c->in, &c->to, err);
	if (r == 0)
		r = copy_rows(c, err);
	if (r == 0)
		r = segment_writer_finish(c->to, &sum, err);
	if (r < 0)
		return r;
	enter_segment(c->s, f, &sum);
	if (c->refused)
		store_note(c->s, META_DAMAGED, c->refused, 0,
			   "%s: %" PRIu64 " rows have more fields or kinds than a segment may "
			   "have, and are left out",
			   c->in.name, c->refused);
	return 0;
}

static void check_length(struct copying *c, const struct store_file *f)
{
	uint64_t size;

	if (disk_size(c->in.fd, &size) < 0 || size >= f->log_bytes)
		return;
	store_say(c->s, "log %s has %" PRIu64 " bytes, and had %" PRIu64, c->in.name, size,
		  f->log_bytes);
	c->bad = true;
}

/* A log whose META has no key any more has no rows, and none is lost: they were destroyed. */
static int compact(struct store *s, struct store_file *f, bool *bad, struct err *err)
{
	struct copying c = { .s = s,
			     .in = { .fd = -1 },
			     .until = store_until(s, f),
			     .said = f->bad,
			     .bad = f->bad };
	int r = store_log_open(s->log_fd, f->number, s->ks, NULL, &c.in, err);

	if (r == 0)
		check_length(&c, f);
	if (r == 0 && c.in.meta == 0)
		r = make_segment(&c, f, err);
	*bad = c.bad || c.in.meta == -EBADMSG;
	segment_writer_free(c.to);
	store_log_close(&c.in);
	return r;
}

int store_compact_log(struct store *s, uint64_t number, struct err *err)
{
	struct store_file *f = store_file_find(&s->files, number);
	struct err unheard = { .id = ERR_NONE };
	bool bad = f->bad;
	int r = f->segment ? 0 : compact(s, f, &bad, err ? err : &unheard);

	f->bad = bad;
	if (r == 0 && bad)
		store_note(s, META_DAMAGED, 1, f->log_bytes,
			   "log %016" PRIx64
			   " is damaged: what can be read of it became a segment, "
			   "and it is kept as %016" PRIx64 ".log" ASIDE_SUFFIX,
			   number, number);
	/* One without rows leaves no file of its number, which may tell what of older logs counts.
	 */
	if (r == 0 && !f->segment)
		r = store_release(s, number, NULL, err);
	if (r == 0)
		r = store_drop_log(s, number, bad, err);
	f = store_file_find(&s->files, number);
	if (r < 0 && f)
		f->again_ns = store_now(s) + STORE_REST_NS;
	return r;
}

/* A clock that went back makes logs due. */
struct store_file *store_due(struct store *s, int64_t now_ns)
{
	for (struct store_file *f = s->files.v; f < s->files.v + s->files.n; f++) {
		bool rested = now_ns < f->youngest_ns || now_ns - f->youngest_ns >= s->conf.rest_ns;

		if (f->log && !f->open && !f->marks && now_ns >= f->again_ns &&
		    (rested || f->segment))
			return f;
	}
	return NULL;
}
