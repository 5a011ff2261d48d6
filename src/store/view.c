/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at a store without its lock: its directories, its keys, and the files of rows that are
 * there at this moment. Nothing is made or changed.
 */
#include "store/store_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int store_dir_open(const char *dir, struct err *err)
{
	CLEANUP(fd_close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
		return err_set(err, ERR_STORE_IO, "directory %s: %s", dir, strerror(errno));
	if (fd < 0 || (faccessat(fd, KEYS_DIR, F_OK, 0) < 0 && faccessat(fd, LOG_DIR, F_OK, 0) < 0))
		return err_set(err, ERR_STORE_NONE, "%s is no state directory", dir);
	return disk_dir_open(dir, err); /* which asks whose it is, and is there */
}

static int open_part(int dir_fd, const char *name)
{
	return openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

void store_view_close(struct store_view *v)
{
	fd_close(TAKE_FD(v->segments_fd));
	fd_close(TAKE_FD(v->log_fd));
	fd_close(TAKE_FD(v->dir_fd));
	keystore_free(TAKE(v->ks));
	free(v->files.v);
	free(v->strange);
	v->strange = NULL;
	v->files = (struct store_files){ .n = 0 };
}

static void on_strange(void *owner, bool is_log, const char *name, const struct err *err)
{
	struct store_view *v = owner;
	struct store_strange *x;
	enum field_part part;

	x = v->stranges < STRANGE_MAX
		    ? reallocarray(v->strange, v->stranges + 1, sizeof(*v->strange))
		    : NULL;
	if (!x)
		return;
	v->strange = x;
	x += v->stranges++;
	*x = (struct store_strange){ .is_log = is_log, .code = -err_row(err->id)->code };
	(void)snprintf(x->name, sizeof(x->name), "%s", name);
	(void)snprintf(x->text, sizeof(x->text), "%.255s", err->text);
	if (is_log ? !rowlog_name_parse(name, &x->number)
		   : !segment_name_parse(name, &x->number, &part))
		x->number = 0;
}

/* The keystore is read after the names and before the files: it has the keys of all that is listed,
 * and names their store. */
static int look(struct store_view *v, const struct root_source *root, struct err *err)
{
	struct store_scan scan = { .log_fd = v->log_fd,
				   .segments_fd = v->segments_fd,
				   .files = &v->files,
				   .strange = on_strange,
				   .owner = v };
	struct buf names;
	int r = store_list(v->log_fd, v->segments_fd, &names, err);

	if (r == 0)
		r = keystore_open(v->dir_fd, root, false, &v->ks, err);
	if (r == 0) {
		scan.ks = v->ks;
		r = store_scan(&scan, &names, err);
	}
	buf_done(&names);
	return r;
}

/* Where a log and its segment are both there the segment counts, if it can be read. */
static void choose(struct store_view *v)
{
	for (size_t i = 0; i < v->files.n; i++) {
		struct store_file *f = &v->files.v[i];
		struct err err;

		if (f->log && f->segment &&
		    store_segment_check(v->segments_fd, f->number, v->ks, &err) == -EBADMSG)
			f->segment = false;
	}
}

int store_view_open(const char *dir, const struct root_source *root, struct store_view *out,
		    struct err *err)
{
	CLEANUP(store_view_close_ptr)
	struct store_view v = { .dir_fd = -1, .log_fd = -1, .segments_fd = -1 };
	int r;

	v.dir_fd = store_dir_open(dir, err);
	if (v.dir_fd < 0)
		return v.dir_fd;
	v.log_fd = open_part(v.dir_fd, LOG_DIR);
	v.segments_fd = open_part(v.dir_fd, SEGMENTS_DIR);
	r = look(&v, root, err);
	if (r < 0)
		return r;
	choose(&v);

	*out = v;
	v = (struct store_view){ .dir_fd = -1, .log_fd = -1, .segments_fd = -1 };
	return 0;
}
