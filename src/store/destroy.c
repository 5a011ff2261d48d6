/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Destroying: the keys first, which is what counts, then the files that nobody can read any more.
 * META takes the other parts along, since they say nothing without it. Where files cannot be
 * removed at once, it is done later.
 */
#include "store/store_int.h"

#include <inttypes.h>

/* ---- Files ----------------------------------------------------------------------------------- */

static bool part_gone(const struct store *s, const struct store_file *f, unsigned part)
{
	return f->key_id[part] && store_key_gone(s->ks, f->key_id[part]);
}

static void remove_part(struct store *s, struct store_file *f, unsigned part)
{
	char name[SEGMENT_NAME_BYTES];

	segment_name(f->number, part, name);
	if ((f->bytes[part] == 0 && part != PART_META) || disk_remove(s->segments_fd, name) < 0)
		return;
	f->bytes[part] = 0;
	if (part == PART_META)
		f->segment = false;
}

/* A META whose head cannot be read goes with the last of its other parts. */
static bool is_rest(const struct store *s, const struct store_file *f)
{
	if (!f->segment || f->key_id[PART_META])
		return false;
	for (unsigned p = PART_META + 1; p < ROW_PARTS; p++)
		if (f->bytes[p] && !part_gone(s, f, p))
			return false;
	return true;
}

/* A log goes before its segment, or it would be there again; of a segment META goes first, and with
 * it all of it. */
static void sweep_file(struct store *s, uint64_t number)
{
	struct store_file *f = store_file_find(&s->files, number);
	bool meta = part_gone(s, f, PART_META) || is_rest(s, f);
	int r = 0;

	if (f->open)
		return;
	if (meta)
		r = store_release(s, number, NULL, NULL);
	f = store_file_find(&s->files, number);
	if (r == 0 && meta && f->log)
		r = store_drop_log(s, number, false, NULL);
	if (r < 0) {
		s->sweep = true;
		return;
	}
	f = store_file_find(&s->files, number);
	for (unsigned p = 0; f && p < ROW_PARTS; p++)
		if (meta || part_gone(s, f, p))
			remove_part(s, f, p);
}

/* ---- Logs that were set aside ---------------------------------------------------------------- */

struct aside {
	struct store *s;
	unsigned there;
	uint64_t bytes;
};

static bool is_aside(const char *name, char log_name[ROWLOG_NAME_BYTES], uint64_t *number)
{
	struct str s = str_of(name);

	if (!str_ends(s, STR(ASIDE_SUFFIX)) || s.n >= ROWLOG_NAME_BYTES + sizeof(ASIDE_SUFFIX) - 1)
		return false;
	s.n -= sizeof(ASIDE_SUFFIX) - 1;
	memcpy(log_name, s.p, s.n);
	log_name[s.n] = '\0';
	return rowlog_name_parse(log_name, number);
}

static int count_aside(void *owner, const char *name)
{
	char log_name[ROWLOG_NAME_BYTES];
	struct aside *at = owner;
	uint64_t number;

	at->there += is_aside(name, log_name, &number);
	return 0;
}

/* One whose keys cannot be told goes when it is the oldest of too many. */
static bool may_go(const struct aside *at, int fd, const char *log_name)
{
	struct rowlog_head head;

	if (at->there > ASIDE_MAX)
		return true;
	if (rowlog_read_head(fd, log_name, keystore_id(at->s->ks), &head, NULL) < 0)
		return false;
	return head.key_id[PART_META] && store_key_gone(at->s->ks, head.key_id[PART_META]);
}

static int sweep_aside(void *owner, const char *name)
{
	char log_name[ROWLOG_NAME_BYTES];
	struct aside *at = owner;
	uint64_t number, size = 0;
	CLEANUP(fd_close) int fd = -1;

	if (!is_aside(name, log_name, &number))
		return 0;
	fd = disk_open(at->s->log_fd, name);
	if (fd < 0 || !may_go(at, fd, log_name))
		return 0;
	(void)disk_size(fd, &size);
	if (disk_remove(at->s->log_fd, name) == 0) {
		at->there--;
		at->bytes += size;
	}
	return 0;
}

/* ---- Both ------------------------------------------------------------------------------------ */

static uint64_t all_bytes(const struct store *s)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < s->files.n; i++)
		bytes += store_file_bytes(&s->files.v[i]);
	return bytes;
}

uint64_t store_sweep(struct store *s)
{
	uint64_t before = all_bytes(s), after;
	struct aside at = { s, 0, 0 };
	const struct store_file *f;
	uint64_t number;

	s->sweep = false;
	/* The list may move while a log goes, so it is walked by number. */
	for (f = store_file_from(&s->files, 0); f; f = store_file_from(&s->files, number + 1)) {
		number = f->number;
		sweep_file(s, number);
	}
	store_files_tidy(&s->files);
	(void)disk_each(s->log_fd, count_aside, &at);
	(void)disk_each(s->log_fd, sweep_aside, &at);
	(void)disk_sync_dir(s->log_fd);
	(void)disk_sync_dir(s->segments_fd);
	after = all_bytes(s);
	return (before > after ? before - after : 0) + at.bytes;
}

/* ---- Keys ------------------------------------------------------------------------------------ */

/* Logs of the hours end, so that what comes behind them is under other keys. Rows that cannot be
 * committed were never acknowledged, and go too. */
static void end_logs(struct store *s, const struct key_match *match)
{
	for (size_t i = 0; i < s->slots; i++) {
		struct store_slot *slot = &s->slot[i];
		struct err err = { .id = ERR_NONE };

		if (!slot->log || !store_matches(match, slot->cluster, rowlog_hour(slot->log)))
			continue;
		if (!slot->failed && store_end_log(s, slot, &err) == 0)
			continue;
		store_say(s, "rows of cluster %s that waited are dropped: %s", slot->cluster,
			  err.text);
		store_forget_log(s, slot);
	}
}

/* With the keys goes the proof of what a log says of marks, and of what a segment says of older
 * logs: both are seen to before. */
static int prepare(struct store *s, const struct key_match *match, struct err *err)
{
	uint64_t number = 0;
	struct store_file *f;
	int r = 0;

	for (; r == 0 && (f = store_file_from(&s->files, number)); number++) {
		number = f->number;
		if (f->marks || !store_matches(match, f->cluster, f->hour))
			continue;
		r = store_release(s, number, match, err);
		f = store_file_find(&s->files, number);
		if (r == 0 && f && f->log)
			r = store_carry(s, f, err);
	}
	return r;
}

/* What is set aside for it may be needed on a full disk. */
ptrdiff_t store_destroy_keys(struct store *s, const struct key_match *match, uint64_t *freed_bytes,
			     struct err *err)
{
	struct key_match all = *match;
	ptrdiff_t n = 0;

	if (all.part == PART_META)
		all.part = -1;
	*freed_bytes = 0;
	(void)disk_remove(s->dir_fd, RESERVE_NAME);
	if (all.part < 0)
		n = prepare(s, &all, err);
	if (n == 0)
		n = keystore_destroy(s->ks, &all, store_now(s), err);
	if (n >= 0)
		*freed_bytes = store_sweep(s);
	store_set_reserve(s);
	return n;
}

static const char *bound_text(int64_t hour, char out[STORE_HOUR_TEXT])
{
	return hour <= 0           ? "the first"
	       : hour == INT64_MAX ? "the last"
				   : store_hour_text(hour, out);
}

static void note_destroyed(struct store *s, const struct key_match *match, ptrdiff_t n,
			   uint64_t bytes)
{
	char from[STORE_HOUR_TEXT], to[STORE_HOUR_TEXT];
	bool all = match->part <= PART_META;

	store_note(s, META_DESTROYED, (uint64_t)n, bytes,
		   "%s of %s%s, hours from %s to %s, is destroyed: %td key%s, %" PRIu64 " bytes",
		   all ? "all" : field_part_name(match->part),
		   match->cluster[0] ? "cluster " : "all clusters", match->cluster,
		   bound_text(match->hour_from, from), bound_text(match->hour_to, to), n,
		   n == 1 ? "" : "s", bytes);
}

ptrdiff_t store_destroy(struct store *s, const struct key_match *match, struct err *err)
{
	int r = store_turn_hour(s, store_now(s), err);
	uint64_t bytes;
	ptrdiff_t n;

	if (r < 0)
		store_say(s, "rows that waited: %s", err ? err->text : strerror(-r));
	end_logs(s, match);
	n = store_destroy_keys(s, match, &bytes, err);
	if (n > 0 || bytes > 0)
		note_destroyed(s, match, n, bytes);
	return n;
}
