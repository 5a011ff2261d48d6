/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the store as its one writer: the lock, the layout, keys, the metadata database, then the
 * recovery; and closing it.
 */
#include "store/store_int.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define PURPOSE_META "meta"

/* ---- Closing --------------------------------------------------------------------------------- */

void store_abandon(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->slots; i++)
		rowlog_free(s->slot[i].log);
	meta_close(s->meta);
	rowlog_marks_free(s->marks);
	crypto_secret_free(s->marks_key);
	keystore_free(s->ks);
	free(s->files.v);
	fd_close(s->segments_fd);
	fd_close(s->log_fd);
	fd_close(s->dir_fd);
	fd_close(s->lock_fd); /* last: only now may another writer begin */
	free(s->dir);
	free(s);
}

int store_close(struct store *s, struct err *err)
{
	int r = store_end_logs(s, err);

	if (s->carriers)
		store_drop_carriers(s);
	store_abandon(s);
	return r;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static int make(const struct store_conf *conf, struct store **out)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->conf = *conf;
	s->dir_fd = s->lock_fd = s->log_fd = s->segments_fd = -1;
	s->next_arrival = 1;
	for (unsigned p = 0; p < ROW_PARTS; p++)
		s->expired[p] = INT64_MIN;
	s->dir = strdup(conf->dir);
	s->marks_key = crypto_secret_alloc(CRYPTO_KEY_BYTES);
	if (!s->dir || !s->marks_key || rowlog_marks_new(&s->marks) < 0) {
		store_abandon(s);
		return -ENOMEM;
	}
	s->conf.dir = s->dir;
	s->looked_ns = store_now(s) - LOOK_NS;
	s->hour = store_hour(store_now(s));
	*out = s;
	return 0;
}

static int count_file(void *owner, const char *name)
{
	size_t *n = owner;
	enum field_part part;
	uint64_t number;

	*n += rowlog_name_parse(name, &number) || segment_name_parse(name, &number, &part);
	return 0;
}

/* Under a new keystore they would be of another store, and nothing would ever open them again. */
static int refuse_orphans(struct store *s, struct err *err)
{
	size_t n = 0;
	int r = disk_each(s->log_fd, count_file, &n);

	if (r == 0)
		r = disk_each(s->segments_fd, count_file, &n);
	if (r < 0)
		return err_set(err, ERR_STORE_IO, "the lists of logs and segments: %s",
			       strerror(-r));
	return n == 0 ? 0
		      : err_set(err, ERR_STORE_DAMAGED,
				KEYS_DIR "/" KEYSTORE_NAME " is missing, and there are %zu logs or "
					 "segments",
				n);
}

static int open_keys(struct store *s, bool *created, struct err *err)
{
	int r = keystore_open(s->dir_fd, &s->conf.root, true, &s->ks, err);

	*created = false;
	if (r < 0 && err->id == ERR_STORE_NONE) {
		int x = refuse_orphans(s, err);

		if (x < 0 || !s->conf.create)
			return x < 0 ? x : r;
		r = keystore_create(s->dir_fd, &s->conf.root, &s->ks, err);
		*created = r == 0;
	}
	return r < 0 ? r : keystore_purpose(s->ks, STORE_PURPOSE_LOG, s->marks_key);
}

static int open_dirs(struct store *s, struct err *err)
{
	s->log_fd = disk_dir_open_at(s->dir_fd, LOG_DIR, err);
	if (s->log_fd < 0)
		return s->log_fd;
	s->segments_fd = disk_dir_open_at(s->dir_fd, SEGMENTS_DIR, err);
	return s->segments_fd < 0 ? s->segments_fd : 0;
}

/* The state directory, which is not made where none is asked for. */
static int open_dir(const struct store_conf *conf, struct store *s, struct err *err)
{
	if (!conf->create) {
		s->dir_fd = store_dir_open(conf->dir, err);
		if (s->dir_fd < 0)
			return s->dir_fd;
		fd_close(TAKE_FD(s->dir_fd));
	}
	s->dir_fd = disk_dir_open(conf->dir, err);
	if (s->dir_fd < 0)
		return s->dir_fd;
	s->lock_fd = store_lock(s->dir_fd, conf->dir, err);
	return s->lock_fd < 0 ? s->lock_fd : 0;
}

int store_meta_open(const char *dir, const struct keystore *ks, bool read_only, struct meta **out,
		    struct err *err)
{
	uint8_t key[CRYPTO_KEY_BYTES];
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/" META_DIR, dir);
	int r;

	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(err, ERR_STORE_IO, "the path of the state directory is too long");
	r = keystore_purpose(ks, PURPOSE_META, key);
	if (r == 0)
		r = meta_vfs_init(err);
	if (r == 0)
		r = meta_open(path, key, read_only, out, err);
	crypto_wipe(key, sizeof(key));
	return r;
}

/* Without it rows are taken and given all the same; but what a newer version made is left alone. */
static int open_ledger(struct store *s, struct err *err)
{
	CLEANUP(fd_close) int fd = disk_dir_open_at(s->dir_fd, META_DIR, err);
	struct err why = { .id = ERR_NONE };
	unsigned shed;

	if (fd < 0)
		return fd;
	if (store_meta_open(s->dir, s->ks, false, &s->meta, &why) < 0) {
		s->meta = NULL;
		if (why.id == ERR_STORE_VERSION) {
			*err = why;
			return -ENOTSUP;
		}
		store_say(s, "the ledger is off: %s", why.text);
	}
	store_shed_known(s->meta, &shed, &s->rows_shed, &s->rows_refused);
	s->told = UINT64_MAX;
	return 0;
}

static int settle_keep(struct store *s, struct err *err)
{
	store_keep_remember(s);
	store_keep_known(s->meta, &s->conf.keep, &s->keep);
	return store_keep_bytes(s->dir_fd, &s->keep, err);
}

/* Where it cannot be had, keys can be destroyed as long as the disk is not full. */
void store_set_reserve(struct store *s)
{
	int r = disk_reserve(s->dir_fd, RESERVE_NAME, STORE_RESERVE_BYTES);

	if (r < 0)
		store_say(s, "nothing can be set aside for a full disk: %s", strerror(-r));
}

static int open_all(struct store *s, struct err *err)
{
	bool created = false;
	int r = open_dir(&s->conf, s, err);

	if (r == 0)
		r = open_dirs(s, err);
	if (r == 0)
		r = open_keys(s, &created, err);
	if (r == 0)
		r = open_ledger(s, err);
	if (r < 0)
		return r;
	if (created)
		store_note(s, META_CREATED, 0, 0, "the store is made");
	store_set_reserve(s);
	r = settle_keep(s, err);
	return r < 0 ? r : store_recover(s, err);
}

int store_open(const struct store_conf *conf, struct store **out, struct err *err)
{
	CLEANUP(store_abandon) struct store *s = NULL;
	struct err unheard = { .id = ERR_NONE };
	int r = make(conf, &s);

	if (r < 0)
		return err_set(err, ERR_MEMORY, "the store");
	r = open_all(s, err ? err : &unheard);
	if (r < 0)
		return r;
	*out = TAKE(s);
	return 0;
}
