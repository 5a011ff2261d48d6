/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of rows: which logs and segments there are, by number, and what their heads say, which
 * are in clear. Used by the writer for all its time, and by who only looks, once.
 */
#include "store/store_int.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- The list -------------------------------------------------------------------------------- */

/* The first that is not below number. */
static size_t place_of(const struct store_files *files, uint64_t number)
{
	size_t low = 0, high = files->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (files->v[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct store_file *store_file_find(const struct store_files *files, uint64_t number)
{
	size_t i = place_of(files, number);

	return i < files->n && files->v[i].number == number ? &files->v[i] : NULL;
}

struct store_file *store_file_from(const struct store_files *files, uint64_t number)
{
	size_t i = place_of(files, number);

	return i < files->n ? &files->v[i] : NULL;
}

static bool grow(struct store_files *files)
{
	size_t room = files->room ? files->room * 2 : 64;
	struct store_file *v;

	if (files->n < files->room)
		return true;
	if (room > FILES_MAX)
		return false;
	v = reallocarray(files->v, room, sizeof(*v));
	if (!v)
		return false;
	files->v = v;
	files->room = room;
	return true;
}

struct store_file *store_file_add(struct store_files *files, uint64_t number)
{
	struct store_file *f = store_file_find(files, number);
	size_t i = place_of(files, number);

	if (f)
		return f;
	if (!grow(files))
		return NULL;
	f = &files->v[i];
	memmove(f + 1, f, (files->n - i) * sizeof(*f));
	files->n++;
	*f = (struct store_file){ .number = number };
	return f;
}

void store_files_tidy(struct store_files *files)
{
	size_t n = 0;

	for (size_t i = 0; i < files->n; i++)
		if (files->v[i].log || files->v[i].segment)
			files->v[n++] = files->v[i];
	files->n = n;
}

uint64_t store_file_bytes(const struct store_file *f)
{
	uint64_t bytes = f->log_bytes;

	for (unsigned p = 0; p < ROW_PARTS; p++)
		bytes += f->bytes[p];
	return bytes;
}

uint64_t store_file_until(const struct store_files *files, const struct store_file *f)
{
	if (f->cluster[0] == '\0')
		return UINT64_MAX;
	for (const struct store_file *g = f + 1; g < files->v + files->n; g++)
		if (g->proven && strcmp(g->cluster, f->cluster) == 0)
			return g->number;
	return UINT64_MAX;
}

/* ---- Names ----------------------------------------------------------------------------------- */

/* Limit: bytes of the names that are listed at once. */
#define NAMES_BYTES_MAX (64 * MIB)

/* Names stand one behind another, each with its NUL, and before it the directory: */
enum { LISTED_LOG = 'l', LISTED_SEGMENT = 's' };

struct listing {
	struct buf *names;
	char dir;
};

static int list_name(void *owner, const char *name)
{
	const struct listing *at = owner;
	int r = buf_put_char(at->names, at->dir);

	return r < 0 ? r : buf_put(at->names, (struct str){ name, strlen(name) + 1 });
}

/* Logs first: one that becomes a segment meanwhile is found as the one, the other, or both. */
int store_list(int log_fd, int segments_fd, struct buf *names, struct err *err)
{
	struct listing logs = { names, LISTED_LOG }, segments = { names, LISTED_SEGMENT };
	int r = 0;

	buf_init(names, NAMES_BYTES_MAX);
	if (log_fd >= 0)
		r = disk_each(log_fd, list_name, &logs);
	if (r == 0 && segments_fd >= 0)
		r = disk_each(segments_fd, list_name, &segments);
	return r < 0 ? err_set(err, ERR_STORE_IO, "the lists of logs and segments: %s",
			       strerror(-r))
		     : 0;
}

/* ---- Heads ----------------------------------------------------------------------------------- */

static void strange(const struct store_scan *scan, bool is_log, const char *name,
		    const struct err *err)
{
	if (scan->strange)
		scan->strange(scan->owner, is_log, name, err);
}

/* One that is gone since it was listed is no error. Returns its descriptor, or negative. */
static int open_listed(const struct store_scan *scan, bool is_log, const char *name, uint64_t *size)
{
	CLEANUP(fd_close) int fd = disk_open(is_log ? scan->log_fd : scan->segments_fd, name);
	struct err err = { .id = ERR_NONE };
	int r = fd < 0 ? fd : disk_size(fd, size);

	if (r < 0 && r != -ENOENT) {
		(void)err_set(&err, ERR_STORE_IO, "%s: %s", name, strerror(-r));
		strange(scan, is_log, name, &err);
	}
	return r < 0 ? r : TAKE_FD(fd);
}

static void name_cluster(const struct store_scan *scan, struct store_file *f)
{
	struct key_info info = { .id = 0 };
	uint8_t key[CRYPTO_KEY_BYTES];

	if (f->key_id[PART_META] == 0)
		return;
	(void)!keystore_get(scan->ks, f->key_id[PART_META], key, &info);
	crypto_wipe(key, sizeof(key));
	if (info.id)
		(void)snprintf(f->cluster, sizeof(f->cluster), "%s", info.scope.cluster);
}

static struct store_file *add_listed(const struct store_scan *scan, uint64_t number,
				     struct err *err)
{
	struct store_file *f = store_file_add(scan->files, number);

	if (!f)
		(void)err_set(err, ERR_LIMIT, "there are more than %zu logs and segments",
			      FILES_MAX);
	return f;
}

static bool in_range(const struct store_scan *scan, bool is_log, const char *name, uint64_t number)
{
	struct err err = { .id = ERR_NONE };

	if (number < NUMBER_MAX)
		return true;
	(void)err_set(&err, ERR_STORE_DAMAGED, "%s: no store gives such a number", name);
	strange(scan, is_log, name, &err);
	return false;
}

static int scan_segment(const struct store_scan *scan, const char *name, struct err *out_err)
{
	struct segment_head head;
	struct err err = { .id = ERR_NONE };
	enum field_part part;
	struct store_file *f;
	uint64_t number, size = 0;
	CLEANUP(fd_close) int fd = -1;

	if (!segment_name_parse(name, &number, &part) || !in_range(scan, false, name, number))
		return 0;
	fd = open_listed(scan, false, name, &size);
	if (fd < 0)
		return 0;
	if (segment_read_head(fd, name, keystore_id(scan->ks), &head, &err) < 0) {
		strange(scan, false, name, &err);
		return 0;
	}

	f = add_listed(scan, number, out_err);
	if (!f)
		return -E2BIG;
	f->segment = f->segment || part == PART_META;
	f->hour = head.hour;
	f->bytes[part] = size;
	f->key_id[part] = head.key_id;
	if (part == PART_META)
		name_cluster(scan, f);
	return 0;
}

/* A log that is gone since it was listed is a segment now, which may not be listed. */
static int scan_gone(const struct store_scan *scan, uint64_t number, struct err *err)
{
	char name[SEGMENT_NAME_BYTES];
	int r = 0;

	for (unsigned p = 0; p < ROW_PARTS && r == 0 && scan->segments_fd >= 0; p++) {
		segment_name(number, p, name);
		r = scan_segment(scan, name, err);
	}
	return r;
}

static int scan_log(const struct store_scan *scan, const char *name, struct err *out_err)
{
	struct rowlog_head head;
	struct err err = { .id = ERR_NONE };
	struct store_file *f;
	uint64_t number, size = 0;
	CLEANUP(fd_close) int fd = -1;

	if (!rowlog_name_parse(name, &number) || !in_range(scan, true, name, number))
		return 0;
	fd = open_listed(scan, true, name, &size);
	if (fd == -ENOENT)
		return scan_gone(scan, number, out_err);
	if (fd < 0)
		return 0;
	if (rowlog_read_head(fd, name, keystore_id(scan->ks), &head, &err) < 0) {
		strange(scan, true, name, &err);
		return 0;
	}

	f = add_listed(scan, number, out_err);
	if (!f)
		return -E2BIG;
	f->log = true;
	f->perhaps = true;
	f->hour = head.hour;
	f->log_bytes = size;
	memcpy(f->key_id, head.key_id, sizeof(f->key_id));
	f->marks = f->key_id[PART_META] == 0;
	name_cluster(scan, f);
	return 0;
}

/* ---- Proof ----------------------------------------------------------------------------------- */

/* Its first frame opens, or where that is damaged another one. */
static bool log_opens(const struct store_scan *scan, const struct store_file *f,
		      const uint8_t *marks_key)
{
	CLEANUP(store_log_close_ptr) struct store_log_in in = { .fd = -1 };
	struct rowlog_frame frame;
	struct err err;
	int step;

	if (store_log_open(scan->log_fd, f->number, scan->ks, marks_key, &in, &err) < 0)
		return false;
	while ((step = rowlog_next(in.reader, &frame, NULL, &err)) > ROWLOG_END)
		if (step == ROWLOG_MARKS || (step == ROWLOG_FRAME && store_frame_proven(in.reader)))
			return true;
	return false;
}

static bool segment_opens(const struct store_scan *scan, const struct store_file *f)
{
	CLEANUP(store_segment_close_ptr) struct store_segment_in in = { .fd = { -1, -1, -1 } };
	struct err err;

	return store_segment_open(scan->segments_fd, f->number, scan->ks, &in, &err) == 0;
}

/* The next file of the log's cluster that is proven; of segments no others are asked. */
static void prove_bound(const struct store_scan *scan, const struct store_file *f)
{
	struct store_file *end = scan->files->v + scan->files->n;

	for (struct store_file *g = scan->files->v + (f - scan->files->v) + 1; g < end; g++) {
		if (f->cluster[0] == '\0' || strcmp(g->cluster, f->cluster) != 0)
			continue;
		if (!g->proven && g->segment)
			g->proven = segment_opens(scan, g);
		if (g->proven)
			return;
	}
}

static int prove(const struct store_scan *scan, struct err *err)
{
	struct store_file *f, *end = scan->files->v + scan->files->n;
	uint8_t *marks_key = crypto_secret_alloc(CRYPTO_KEY_BYTES);
	int r = marks_key ? keystore_purpose(scan->ks, STORE_PURPOSE_LOG, marks_key) : -ENOMEM;

	for (f = scan->files->v; r == 0 && f < end; f++)
		if (f->log)
			f->proven = log_opens(scan, f, marks_key);
	for (f = scan->files->v; r == 0 && f < end; f++)
		if (f->log && !f->segment)
			prove_bound(scan, f);
	crypto_secret_free(marks_key);
	return r < 0 ? err_set(err, ERR_MEMORY, "the list of logs and segments") : 0;
}

int store_scan(const struct store_scan *scan, const struct buf *names, struct err *err)
{
	int r = 0;

	for (const char *p = names->p; r == 0 && p && p < names->p + names->len; p += strlen(p) + 1)
		r = p[0] == LISTED_LOG ? scan_log(scan, p + 1, err)
				       : scan_segment(scan, p + 1, err);
	return r < 0 ? r : prove(scan, err);
}
