/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may go, and when: no log before another one carries its marks and numbers, and no file that
 * bounds an older log of its cluster before that one (store_int.h).
 */
#include "store/store_int.h"

#include <inttypes.h>
#include <stdio.h>

static bool is_carried(const struct store *s, const struct store_file *f)
{
	for (const struct store_file *g = s->files.v; g < s->files.v + s->files.n; g++)
		if (g != f && g->log && g->began > f->changed)
			return true;
	return false;
}

/* A log of marks alone, under no data key, so that it lasts until another log begins. */
static int make_carrier(struct store *s, struct err *err)
{
	CLEANUP(rowlog_free) struct rowlog *log = NULL;
	struct rowlog_conf conf = { .dir_fd = s->log_fd, .hour = s->hour, .marks = s->marks };
	struct store_file *f;
	int r = store_next_number(s, &conf.first_arrival, err);

	if (r < 0)
		return r;

	memcpy(conf.store_id, keystore_id(s->ks), sizeof(conf.store_id));
	memcpy(conf.marks_key, s->marks_key, sizeof(conf.marks_key));
	r = rowlog_create(&conf, &log, err);
	crypto_wipe(&conf, sizeof(conf));
	/* What an attempt that failed left of this number is not tried again. */
	s->next_arrival++;
	if (r < 0)
		return r;
	f = store_file_add(&s->files, rowlog_first_arrival(log));
	if (!f)
		return err_set(err, ERR_LIMIT, "there are more than %zu logs and segments",
			       FILES_MAX);
	f->log = f->marks = f->proven = true;
	f->hour = s->hour;
	f->log_bytes = rowlog_bytes(log);
	f->began = f->changed = ++s->stamp;
	s->carriers = true;
	return 0;
}

int store_carry(struct store *s, const struct store_file *f, struct err *err)
{
	return is_carried(s, f) ? 0 : make_carrier(s, err);
}

bool store_bounds(const struct store_file *f, const struct store_file *older)
{
	return older->number < f->number && older->log && !older->segment && older->perhaps &&
	       strcmp(older->cluster, f->cluster) == 0;
}

bool store_matches(const struct key_match *match, const char *cluster, int64_t hour)
{
	return (match->cluster[0] == '\0' || strcmp(match->cluster, cluster) == 0) &&
	       hour >= match->hour_from && hour <= match->hour_to;
}

/* From the oldest on, so that none of them has to wait for another. */
int store_release(struct store *s, uint64_t number, const struct key_match *match, struct err *err)
{
	uint64_t older = 0;

	for (;;) {
		const struct store_file *f = store_file_find(&s->files, number);
		const struct store_file *g = store_file_from(&s->files, older);
		int r = 0;

		if (!f || g >= f)
			return 0;
		older = g->number + 1;
		if (!store_bounds(f, g) || (match && store_matches(match, g->cluster, g->hour)))
			continue;
		r = g->open ? -EBUSY : store_compact_log(s, g->number, err);
		if (r < 0)
			return r;
	}
}

static int remove_log(struct store *s, const struct store_file *f, bool aside)
{
	char name[ROWLOG_NAME_BYTES], to[ROWLOG_NAME_BYTES + sizeof(ASIDE_SUFFIX)];

	rowlog_name(f->number, name);
	if (!aside)
		return disk_remove(s->log_fd, name);
	(void)snprintf(to, sizeof(to), "%s" ASIDE_SUFFIX, name);
	s->sweep = true;
	return disk_rename(s->log_fd, name, to);
}

int store_drop_log(struct store *s, uint64_t number, bool aside, struct err *err)
{
	struct store_file *f = store_file_find(&s->files, number);
	int r = store_carry(s, f, err);

	if (r < 0)
		return r;
	f = store_file_find(&s->files, number); /* the list may have moved */
	r = remove_log(s, f, aside);
	if (r < 0)
		return err_set(err, ERR_STORE_IO, "log %016" PRIx64 ": %s", number, strerror(-r));
	f->log = false;
	f->log_bytes = 0;
	store_files_tidy(&s->files);
	return 0;
}

void store_drop_carriers(struct store *s)
{
	s->carriers = false;
	for (size_t i = 0; i < s->files.n; i++) {
		struct store_file *f = &s->files.v[i];

		if (f->log && f->marks && is_carried(s, f) && remove_log(s, f, false) == 0)
			f->log = false;
	}
	store_files_tidy(&s->files);
}
