/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the writer does first, whoever died here before: it removes what was never finished, makes
 * durable what it finds, so that what it counts as there cannot go any more, and reads the logs for
 * marks and arrival numbers. Everything it drops it says.
 */
#include "store/store_int.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* ---- Unfinished files ------------------------------------------------------------------------ */

static int remove_new(void *owner, const char *name)
{
	const int *dir_fd = owner;

	return str_ends(str_of(name), STR(".new")) ? disk_remove(*dir_fd, name) : 0;
}

/* Afterwards every name in the directory is durable. */
static int settle(int dir_fd, const char *what, struct err *err)
{
	int r = disk_each(dir_fd, remove_new, &dir_fd);

	if (r == 0)
		r = disk_sync_dir(dir_fd);
	return r < 0 ? err_set(err, ERR_STORE_IO, "the directory %s: %s", what, strerror(-r)) : 0;
}

/* Keys that who died had not synced yet: logs will be under them. What the keystore left unfinished
 * it erases itself when it is opened. */
static int settle_keys(struct store *s, struct err *err)
{
	CLEANUP(fd_close) int dir_fd = disk_dir_open_at(s->dir_fd, KEYS_DIR, err);
	CLEANUP(fd_close) int fd = dir_fd < 0 ? -1 : disk_open(dir_fd, KEYSTORE_NAME);
	int r;

	if (dir_fd < 0)
		return dir_fd;
	r = fd < 0 ? fd : disk_sync(fd);
	if (r == 0)
		r = disk_sync_dir(dir_fd);
	return r < 0 ? err_set(err, ERR_STORE_IO, "the keystore: %s", strerror(-r)) : 0;
}

static int settle_all(struct store *s, struct err *err)
{
	int r = settle_keys(s, err);

	if (r == 0)
		r = settle(s->log_fd, LOG_DIR, err);
	return r < 0 ? r : settle(s->segments_fd, SEGMENTS_DIR, err);
}

/* ---- The list -------------------------------------------------------------------------------- */

struct recovery {
	struct store *s;
	struct err *err;
	int refused; /* a file of a newer version */
};

/* So that its name is free, and nobody takes it for what it is not. */
static void set_aside(struct store *s, bool is_log, const char *name, const char *suffix)
{
	char aside[ROWLOG_NAME_BYTES + sizeof(ASIDE_SUFFIX)];
	int r;

	(void)snprintf(aside, sizeof(aside), "%s%s", name, suffix);
	r = disk_rename(is_log ? s->log_fd : s->segments_fd, name, aside);
	if (r < 0)
		store_say(s, "%s cannot be renamed: %s", name, strerror(-r));
	else
		store_say(s, "%s is now %s", name, aside);
	s->sweep = true;
}

static void on_strange(void *owner, bool is_log, const char *name, const struct err *err)
{
	struct recovery *at = owner;

	if (err->id == ERR_STORE_VERSION) {
		*at->err = *err;
		at->refused = -ENOTSUP;
		return;
	}
	store_note(at->s, META_DAMAGED, 1, 0, "%s", err->text);
	at->s->unsure = at->s->unsure || is_log;
	if (err->id == ERR_STORE_OTHER)
		set_aside(at->s, is_log, name, OTHER_SUFFIX);
	else if (is_log && err->id == ERR_STORE_DAMAGED)
		set_aside(at->s, true, name, ASIDE_SUFFIX);
}

/* Of a log in which nothing opens nothing can be had, and it may be anybody's. */
static void drop_unproven(struct store *s, struct store_file *f)
{
	char name[ROWLOG_NAME_BYTES];

	if (!f->log || f->proven)
		return;
	rowlog_name(f->number, name);
	store_note(s, META_DAMAGED, 1, f->log_bytes, "log %s: no frame of it opens", name);
	set_aside(s, true, name, ASIDE_SUFFIX);
	f->log = false;
	f->log_bytes = 0;
	s->unsure = true;
}

/* Ids that an older keystore would give out again are under files already. */
static int check_keys(const struct store *s, const struct store_file *f, struct err *err)
{
	for (unsigned p = 0; p < ROW_PARTS; p++)
		if (f->key_id[p] && !store_key_known(s->ks, f->key_id[p]))
			return err_set(err, ERR_STORE_DAMAGED,
				       "%s %016" PRIx64 " names key %" PRIu64
				       ", which the keystore never gave out: the keystore is older "
				       "than the files",
				       f->log ? "log" : "segment", f->number, f->key_id[p]);
	return 0;
}

static bool has_meta(const struct store *s, const struct store_file *f)
{
	char name[SEGMENT_NAME_BYTES];

	segment_name(f->number, PART_META, name);
	return faccessat(s->segments_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* HEADERS and PAYLOAD get their names before META does. Beside a META that is damaged they stay,
 * since somebody may have a copy of it. */
static void remove_orphans(struct store *s, struct store_file *f)
{
	if (f->segment)
		return;
	if (!f->log && has_meta(s, f)) {
		f->segment = true;
		return;
	}
	for (unsigned p = 0; p < ROW_PARTS; p++) {
		char name[SEGMENT_NAME_BYTES];

		if (f->bytes[p] == 0)
			continue;
		segment_name(f->number, p, name);
		if (!f->log && !store_key_gone(s->ks, f->key_id[p]))
			store_note(s, META_RECOVERED, 1, f->bytes[p],
				   "%s is removed: there is no META of it, without which it says "
				   "nothing",
				   name);
		(void)disk_remove(s->segments_fd, name);
		f->bytes[p] = 0;
	}
}

/* Where a log and its segment are both there the segment counts, if it can be read. */
static void check_segment(struct store *s, struct store_file *f)
{
	struct err err = { .id = ERR_NONE };
	char name[SEGMENT_NAME_BYTES];

	if (!f->log || !f->segment ||
	    store_segment_check(s->segments_fd, f->number, s->ks, &err) != -EBADMSG)
		return;
	store_note(s, META_RECOVERED, 1, store_file_bytes(f) - f->log_bytes,
		   "%s; it is made again from its log", err.text);
	for (unsigned p = 0; p < ROW_PARTS; p++) {
		segment_name(f->number, p, name);
		(void)disk_remove(s->segments_fd, name);
		f->bytes[p] = 0;
	}
	f->segment = false;
}

static int scan(struct store *s, struct err *err)
{
	struct recovery at = { s, err, 0 };
	struct store_scan scan = { .log_fd = s->log_fd,
				   .segments_fd = s->segments_fd,
				   .ks = s->ks,
				   .files = &s->files,
				   .strange = on_strange,
				   .owner = &at };
	struct buf names;
	int r = store_list(s->log_fd, s->segments_fd, &names, err);

	if (r == 0)
		r = store_scan(&scan, &names, err);
	buf_done(&names);
	return r < 0 ? r : at.refused;
}

static int list(struct store *s, struct err *err)
{
	int r = scan(s, err);

	for (size_t i = 0; r == 0 && i < s->files.n; i++) {
		struct store_file *f = &s->files.v[i];

		drop_unproven(s, f);
		if (f->log || f->segment)
			r = check_keys(s, f, err);
		remove_orphans(s, f);
		check_segment(s, f);
	}
	store_files_tidy(&s->files);
	return r;
}

/* ---- Logs ------------------------------------------------------------------------------------ */

static void take_number(struct store *s, uint64_t last)
{
	if (last < NUMBER_MAX && last >= s->next_arrival)
		s->next_arrival = last + 1;
}

/* Of a void frame only the numbers count; of one that nobody proves nothing does, and no row that
 * counts is in it: before keys are destroyed another log carries the marks. */
static int take_frame(struct store *s, struct store_file *f, uint64_t until,
		      const struct rowlog_frame *frame)
{
	if (frame->rows == 0 || frame->first_arrival >= NUMBER_MAX)
		return 0;
	take_number(s, frame->first_arrival + frame->rows - 1);
	if (frame->first_arrival >= until)
		return 0;
	if (frame->at_ns > f->youngest_ns)
		f->youngest_ns = frame->at_ns;
	return rowlog_marks_raise(s->marks, &(struct rowlog_mark){ .agent = frame->agent,
								   .epoch = frame->epoch,
								   .shard = frame->shard,
								   .sequence = frame->sequence,
								   .at_ns = frame->at_ns });
}

static int read_frames(struct store *s, struct store_file *f, struct store_log_in *in,
		       struct err *err)
{
	uint64_t until = store_file_until(&s->files, f);
	struct rowlog_frame frame;
	bool marks = false;
	int step;

	while ((step = rowlog_next(in->reader, &frame, s->marks, err)) > ROWLOG_END) {
		int r = 0;

		marks = marks || step == ROWLOG_MARKS;
		if (step == ROWLOG_FRAME && store_frame_proven(in->reader))
			r = take_frame(s, f, until, &frame);
		if (step == ROWLOG_BAD) {
			f->bad = s->unsure = true;
			store_say(s, "%s", err->text);
		}
		if (step == ROWLOG_TORN)
			store_note(s, META_RECOVERED, 0, 0, "%s", err->text);
		if (r < 0)
			return err_set(err, ERR_MEMORY, "%s: the marks", in->name);
	}
	if (step == ROWLOG_END && !marks)
		store_note(s, META_DAMAGED, 1, 0,
			   "log %s: its table of what came already is lost; rows that are sent "
			   "again may be there twice",
			   in->name);
	return step;
}

/* Who died may have left rows that the kernel has and the disk does not: they count as there from
 * now on, so they are made durable. */
static int read_log(struct store *s, struct store_file *f, struct err *err)
{
	CLEANUP(store_log_close_ptr) struct store_log_in in = { .fd = -1 };
	int r = store_log_open(s->log_fd, f->number, s->ks, s->marks_key, &in, err);

	if (r < 0)
		return r;
	r = disk_sync(in.fd);
	if (r < 0)
		return err_set(err, ERR_STORE_IO, "%s: %s", in.name, strerror(-r));
	if (in.meta == -EBADMSG)
		store_note(s, META_DAMAGED, 1, f->log_bytes,
			   "%s: the key of its rows is damaged in the keystore", in.name);
	r = read_frames(s, f, &in, err);
	f->changed = 1; /* so that only a log that is begun from now on carries what it carries */
	return r;
}

/* Without any log marks and numbers are lost, which no crash does: somebody removed them. The
 * numbers at least are in the segments. */
static int numbers_of_segments(struct store *s, struct err *err)
{
	store_note(s, META_DAMAGED, 0, 0,
		   "there are segments, but no log: which rows came already is not known any more");
	for (size_t i = 0; i < s->files.n; i++) {
		CLEANUP(store_segment_close_ptr)
		struct store_segment_in in = { .fd = { -1, -1, -1 } };
		struct segment_summary sum;

		if (store_segment_open(s->segments_fd, s->files.v[i].number, s->ks, &in, err) < 0)
			continue;
		segment_summary(in.segment, &sum);
		take_number(s, sum.arrival_max);
	}
	return 0;
}

int store_recover(struct store *s, struct err *err)
{
	bool logs = false;
	int r = settle_all(s, err);

	if (r == 0)
		r = list(s, err);
	for (size_t i = 0; r == 0 && i < s->files.n; i++) {
		struct store_file *f = &s->files.v[i];

		if (f->proven)
			take_number(s, f->number);
		if (f->log)
			r = read_log(s, f, err);
		logs = logs || f->log;
	}
	if (r == 0 && !logs && s->files.n > 0)
		r = numbers_of_segments(s, err);
	/* What is damaged may have held numbers that somebody knows. */
	if (s->unsure)
		s->next_arrival += NUMBERS_OF_A_LOG;
	s->stamp = 1;
	s->sweep = true;
	s->carriers = true;
	return r;
}
