/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying: every frame, chunk, page and key is opened, and what is not as it was written is said
 * by its name. Nothing is changed, and no lock is taken.
 */
#include "store/store_int.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

/* Limits: of the newest entries of the ledger. */
#define RECOVERED_ENTRIES 1000
#define RECOVERED_BYTES   (512 * KIB)

#define META_FILE  "redoubt.db"
#define PAGE_BYTES ((uint64_t)4096)

struct verifying {
	void (*say)(void *owner, const char *text);
	void *owner;
	struct store_view view;
	struct store_verified counts;
	ptrdiff_t wrong;
	bool written;         /* somebody writes now */
	struct buf recovered; /* what recoveries said, a line each */
};

static void wrong(struct verifying *v, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void wrong(struct verifying *v, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	v->wrong++;
	if (v->say)
		v->say(v->owner, text);
}

/* ---- Logs ------------------------------------------------------------------------------------ */

static void verify_frame(struct verifying *v, struct store_log_in *in,
			 const struct rowlog_frame *frame)
{
	struct row_view row;
	uint64_t arrival;
	int r;

	v->counts.frames++;
	if (in->meta < 0)
		return;
	while ((r = rowlog_row(in->reader, &row, &arrival)) == 1)
		v->counts.rows++;
	if (r < 0)
		wrong(v, "%s: frame %" PRIu64 " at byte %" PRIu64 " is damaged", in->name,
		      frame->number, frame->offset);
}

/* The end of a log that who died left unfinished, and a recovery has explained; or which somebody
 * is just writing. */
static bool is_explained(const struct verifying *v, const struct store_file *f, const char *text)
{
	bool last = store_file_until(&v->view.files, f) == UINT64_MAX;

	return (last && v->written) || str_contains(buf_str(&v->recovered), str_of(text));
}

static void verify_frames(struct verifying *v, struct store_log_in *in, const struct store_file *f)
{
	CLEANUP(rowlog_marks_free) struct rowlog_marks *marks = NULL;
	struct rowlog_frame frame;
	struct err err = { .id = ERR_NONE };
	int step;

	if (rowlog_marks_new(&marks) < 0)
		return;
	while ((step = rowlog_next(in->reader, &frame, marks, &err)) > ROWLOG_END) {
		if (step == ROWLOG_FRAME)
			verify_frame(v, in, &frame);
		else if (step == ROWLOG_MARKS)
			v->counts.frames++;
		else if (step == ROWLOG_BAD || !is_explained(v, f, err.text))
			wrong(v, "%s", err.text);
	}
	if (step < 0)
		wrong(v, "%s: %s", in->name, strerror(-step));
}

static void verify_log(struct verifying *v, const struct store_file *f, const uint8_t *marks_key)
{
	CLEANUP(store_log_close_ptr) struct store_log_in in = { .fd = -1 };
	struct err err = { .id = ERR_NONE };
	int r = store_log_open(v->view.log_fd, f->number, v->view.ks, marks_key, &in, &err);

	if (r == -ENOENT)
		return; /* it became a segment meanwhile */
	if (r < 0) {
		wrong(v, "%s", err.text);
		return;
	}
	v->counts.logs++;
	v->counts.bytes += f->log_bytes;
	if (in.meta == -EBADMSG)
		wrong(v, "%s: the key of its META is damaged in the keystore", in.name);
	verify_frames(v, &in, f);
}

/* ---- Segments -------------------------------------------------------------------------------- */

static void count_chunks(struct verifying *v, const struct store_segment_in *in)
{
	struct segment_summary sum;

	segment_summary(in->segment, &sum);
	v->counts.rows += sum.rows;
	for (size_t g = 0; g < segment_groups(in->segment); g++)
		v->counts.chunks += segment_group(in->segment, g)->columns;
}

static void verify_parts(struct verifying *v, const struct store_segment_in *in)
{
	for (unsigned p = 0; p < ROW_PARTS; p++)
		if (in->key[p].id && !(segment_parts(in->segment) >> p & 1))
			wrong(v, "%s", segment_missing(in->segment, p));
}

static void verify_segment(struct verifying *v, const struct store_file *f)
{
	CLEANUP(store_segment_close_ptr) struct store_segment_in in = { .fd = { -1, -1, -1 } };
	struct err err = { .id = ERR_NONE };
	ptrdiff_t n;
	int r = store_segment_open(v->view.segments_fd, f->number, v->view.ks, &in, &err);

	if (r == -ENOENT || r == -ENOKEY)
		return; /* its hour went meanwhile */
	if (r < 0) {
		wrong(v, "%s", err.id == ERR_NONE ? "a segment whose key is damaged" : err.text);
		return;
	}
	v->counts.segments++;
	v->counts.bytes += store_file_bytes(f) - f->log_bytes;
	count_chunks(v, &in);
	verify_parts(v, &in);
	n = segment_verify(in.segment, v->say, v->owner);
	v->wrong += n > 0 ? n : 0;
}

/* ---- Keys and pages -------------------------------------------------------------------------- */

static void verify_keys(struct verifying *v)
{
	ptrdiff_t n = keystore_verify(v->view.dir_fd, v->view.ks, v->say, v->owner);

	v->wrong += n > 0 ? n : 0;
	while (keystore_at(v->view.ks, v->counts.keys))
		v->counts.keys++;
}

/* Of the metadata database, which nobody may open beside SQLite. */
static void count_pages(struct verifying *v)
{
	struct stat st;

	if (fstatat(v->view.dir_fd, META_DIR "/" META_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0)
		v->counts.pages += (uint64_t)st.st_size / PAGE_BYTES;
}

static void note_recovered(void *owner, const struct meta_entry *entry)
{
	struct verifying *v = owner;

	if (entry->event == META_RECOVERED && buf_put(&v->recovered, entry->text) == 0)
		(void)buf_put_char(&v->recovered, '\n');
}

/* A database that cannot be read is told later. */
static void load_recovered(struct verifying *v, const char *dir)
{
	CLEANUP(meta_close) struct meta *meta = NULL;

	buf_init(&v->recovered, RECOVERED_BYTES);
	if (store_meta_open(dir, v->view.ks, true, &meta, NULL) == 0)
		(void)!meta_each(meta, RECOVERED_ENTRIES, note_recovered, v, NULL);
	else
		meta = NULL;
}

static void verify_meta(struct verifying *v, const char *dir)
{
	struct meta *meta = NULL;
	struct err err = { .id = ERR_NONE };
	ptrdiff_t n;

	if (store_meta_open(dir, v->view.ks, true, &meta, &err) < 0) {
		wrong(v, "%s", err.text);
		return;
	}
	n = meta_verify(meta, v->say, v->owner);
	meta_close(meta);
	v->wrong += n > 0 ? n : 0;
	count_pages(v);
}

/* ---- All of it ------------------------------------------------------------------------------- */

static void verify_files(struct verifying *v, const uint8_t *marks_key)
{
	for (size_t i = 0; i < v->view.files.n; i++) {
		const struct store_file *f = &v->view.files.v[i];

		if (f->segment)
			verify_segment(v, f);
		else if (f->log)
			verify_log(v, f, marks_key);
	}
	for (size_t i = 0; i < v->view.stranges; i++)
		wrong(v, "%s", v->view.strange[i].text);
}

ptrdiff_t store_verify(const char *dir, const struct root_source *root,
		       void (*say)(void *owner, const char *text), void *owner,
		       struct store_verified *counts, struct err *err)
{
	struct verifying v = { .say = say,
			       .owner = owner,
			       .view = { .dir_fd = -1, .log_fd = -1, .segments_fd = -1 } };
	uint8_t *marks_key = crypto_secret_alloc(CRYPTO_KEY_BYTES);
	int r = marks_key ? store_view_open(dir, root, &v.view, err)
			  : err_set(err, ERR_MEMORY, "verifying");

	if (r == 0)
		r = keystore_purpose(v.view.ks, STORE_PURPOSE_LOG, marks_key);
	if (r == 0) {
		v.written = store_locked(v.view.dir_fd);
		load_recovered(&v, dir);
		verify_keys(&v);
		verify_files(&v, marks_key);
		verify_meta(&v, dir);
	}
	buf_done(&v.recovered);
	store_view_close(&v.view);
	crypto_secret_free(marks_key);
	if (r < 0)
		return r;
	if (counts)
		*counts = v.counts;
	return v.wrong;
}
