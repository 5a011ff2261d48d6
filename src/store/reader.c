/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading without a lock: the pieces that are there at one moment, and each of them with its
 * descriptors and those keys that the reader may have.
 */
#include "store/store_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* One of the two. */
struct piece {
	uint64_t number;
	const struct store_file *file;
	const struct store_strange *strange;
};

struct store_reader {
	struct store_view view;
	unsigned parts;
	struct piece *piece;
	size_t pieces;
};

/* ---- The list -------------------------------------------------------------------------------- */

void store_reader_free(struct store_reader *r)
{
	if (!r)
		return;
	store_view_close(&r->view);
	free(r->piece);
	free(r);
}

static int by_number(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* A log of marks has no rows. What is strange in a part of a segment is told with the segment. */
static bool is_piece(const struct store_file *f)
{
	return f->segment || (f->log && !f->marks);
}

static bool is_part_of_piece(const struct store_reader *r, const struct store_strange *x)
{
	const struct store_file *f = store_file_find(&r->view.files, x->number);

	return f && is_piece(f);
}

static int list(struct store_reader *r)
{
	r->piece = calloc(r->view.files.n + r->view.stranges + 1, sizeof(*r->piece));
	if (!r->piece)
		return -ENOMEM;
	for (size_t i = 0; i < r->view.files.n; i++) {
		const struct store_file *f = &r->view.files.v[i];

		if (is_piece(f))
			r->piece[r->pieces++] = (struct piece){ f->number, f, NULL };
	}
	for (size_t i = 0; i < r->view.stranges; i++) {
		const struct store_strange *x = &r->view.strange[i];

		if (!is_part_of_piece(r, x))
			r->piece[r->pieces++] = (struct piece){ x->number, NULL, x };
	}
	qsort(r->piece, r->pieces, sizeof(*r->piece), by_number);
	return 0;
}

int store_reader_open(const char *dir, const struct root_source *root, unsigned parts,
		      struct store_reader **out, struct err *err)
{
	CLEANUP(store_reader_free) struct store_reader *r = calloc(1, sizeof(*r));
	int x;

	if (!r)
		return err_set(err, ERR_MEMORY, "a reader of the store");
	r->view = (struct store_view){ .dir_fd = -1, .log_fd = -1, .segments_fd = -1 };
	r->parts = parts;
	x = store_view_open(dir, root, &r->view, err);
	if (x < 0)
		return x;
	if (list(r) < 0)
		return err_set(err, ERR_MEMORY, "the list of %zu files", r->view.files.n);
	*out = TAKE(r);
	return 0;
}

const uint8_t *store_reader_id(const struct store_reader *r)
{
	return keystore_id(r->view.ks);
}

size_t store_reader_pieces(const struct store_reader *r)
{
	return r->pieces;
}

uint64_t store_reader_first(const struct store_reader *r, size_t i)
{
	assert(i < r->pieces);
	return r->piece[i].number;
}

/* ---- A piece --------------------------------------------------------------------------------- */

void store_piece_done(struct store_piece *p)
{
	for (unsigned part = 0; part < ROW_PARTS; part++)
		fd_close(TAKE_FD(p->fd[part]));
	crypto_wipe(p->key, sizeof(p->key));
}

/* A name as long as the limit fits, and err is not longer than text where it matters. */
static void tell(struct store_piece *p, int bad, const char *text)
{
	p->bad = bad;
	(void)snprintf(p->text, sizeof(p->text), "%.255s", text);
}

static void take_keys(const struct store_reader *r, const uint64_t key_id[ROW_PARTS],
		      const char *name, struct store_piece *p)
{
	int meta = store_keys(r->view.ks, key_id, r->parts, p->key);
	char text[sizeof(p->text)];

	if (meta == 0)
		return;
	(void)snprintf(text, sizeof(text), "%s: the key of its META is %s", name,
		       meta == -EBADMSG ? "damaged in the keystore" : "destroyed");
	tell(p, meta, text);
}

static int open_log(const struct store_reader *r, const struct store_file *f, struct store_piece *p)
{
	char name[ROWLOG_NAME_BYTES];
	struct err err = { .id = ERR_NONE };
	int x;

	rowlog_name(f->number, name);
	p->fd[0] = disk_open(r->view.log_fd, name);
	if (p->fd[0] < 0)
		return p->fd[0];
	p->is_log = true;
	x = rowlog_read_head(p->fd[0], name, store_reader_id(r), &p->log_head, &err);
	if (x < 0)
		tell(p, x, err.text);
	else
		take_keys(r, p->log_head.key_id, name, p);
	p->until_arrival = store_file_until(&r->view.files, f);
	return 0;
}

/* One that is not there, or not right, is left out; META cannot be. */
static int open_part(const struct store_reader *r, uint64_t number, enum field_part part,
		     struct store_piece *p, uint64_t key_id[ROW_PARTS])
{
	char name[SEGMENT_NAME_BYTES];
	struct err err = { .id = ERR_NONE };
	int x;

	segment_name(number, part, name);
	p->fd[part] = disk_open(r->view.segments_fd, name);
	if (p->fd[part] == -ENOENT)
		return -ENOENT;
	x = p->fd[part] < 0 ? err_set(&err, ERR_STORE_IO, "%s: %s", name, strerror(-p->fd[part]))
			    : segment_read_head(p->fd[part], name, store_reader_id(r),
						&p->segment_head[part], &err);
	if (x == 0) {
		key_id[part] = p->segment_head[part].key_id;
		return 0;
	}
	fd_close(TAKE_FD(p->fd[part]));
	tell(p, part == PART_META ? x : 0, err.text);
	return 0;
}

static int open_segment(const struct store_reader *r, const struct store_file *f,
			struct store_piece *p)
{
	uint64_t key_id[ROW_PARTS] = { 0 };
	char name[SEGMENT_NAME_BYTES];

	p->is_log = false;
	if (open_part(r, f->number, PART_META, p, key_id) < 0)
		return -ENOENT;
	for (unsigned part = PART_META + 1; part < ROW_PARTS; part++)
		(void)open_part(r, f->number, part, p, key_id);
	segment_name(f->number, PART_META, name);
	if (p->bad == 0)
		take_keys(r, key_id, name, p);
	return 0;
}

/* A log that is gone since the list was made is a segment now. */
static int open_file(const struct store_reader *r, const struct store_file *f,
		     struct store_piece *p)
{
	int x = f->segment ? -ENOENT : open_log(r, f, p);

	(void)snprintf(p->cluster, sizeof(p->cluster), "%s", f->cluster);
	p->hour = f->hour;
	if (x == -ENOENT)
		x = open_segment(r, f, p);
	return x;
}

int store_reader_piece(struct store_reader *r, size_t i, struct store_piece *out, struct err *err)
{
	const struct piece *at = &r->piece[i];
	struct store_piece p = { .first_arrival = at->number,
				 .fd = { -1, -1, -1 },
				 .until_arrival = UINT64_MAX };
	int x = 0;

	assert(i < r->pieces);
	if (at->file) {
		x = open_file(r, at->file, &p);
	} else {
		p.is_log = at->strange->is_log;
		tell(&p, at->strange->code, at->strange->text);
	}
	for (unsigned part = 0; part < ROW_PARTS; part++)
		if (p.fd[part] < 0)
			p.fd[part] = -1;
	if (x < 0) {
		store_piece_done(&p);
		return x == -ENOENT ? -ENOENT
				    : err_set(err, ERR_STORE_IO, "%016" PRIx64 ": %s", at->number,
					      strerror(-x));
	}
	*out = p;
	crypto_wipe(&p, sizeof(p));
	return 0;
}
