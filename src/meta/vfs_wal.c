// SPDX-License-Identifier: Apache-2.0
/*
 * The WAL: SQLite's header in a sealed head, and frames. SQLite writes a frame's header and then
 * its page; both are sealed together, since the header holds a sum over what is in clear. Now and
 * then it writes only one of them anew: then the frame is opened, changed and sealed again.
 */
#include "meta/vfs.h"

static struct meta_file *of(sqlite3_file *file)
{
	return (struct meta_file *)(void *)file;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* Where SQLite's offset lies: in frame *k, *in bytes behind its start. False within the header. */
static bool place(sqlite3_int64 at, uint64_t *k, size_t *in)
{
	if (at < META_WAL_HEADER_BYTES)
		return false;
	*k = ((uint64_t)at - META_WAL_HEADER_BYTES) / META_FRAME_BYTES;
	*in = ((uint64_t)at - META_WAL_HEADER_BYTES) % META_FRAME_BYTES;
	return true;
}

static int sealed_code(int r)
{
	if (r == 0)
		return SQLITE_OK;
	return r == -EBADMSG ? SQLITE_IOERR_DATA : SQLITE_IOERR_NOMEM;
}

/* ---- Reading --------------------------------------------------------------------------------- */

int meta_wal_head(struct meta_file *f, uint8_t out[META_BLOCK_TEXT_BYTES])
{
	uint8_t block[META_BLOCK_BYTES];
	int r = meta_file_read(f, 0, block, sizeof(block));

	if (r != SQLITE_OK)
		return r;
	r = meta_block_get(f->vault->seal, META_KIND_WAL, 0, block, out);
	return r == -ENOENT ? SQLITE_IOERR_SHORT_READ : sealed_code(r);
}

int meta_wal_frame(struct meta_file *f, uint64_t k, uint8_t out[META_FRAME_BYTES])
{
	int r = meta_file_read(f, meta_frame_offset(k), out, META_FRAME_BYTES);

	if (r != SQLITE_OK || is_zero(out, META_FRAME_BYTES))
		return r == SQLITE_OK ? SQLITE_IOERR_SHORT_READ : r;
	return sealed_code(meta_frame_get(f->vault->seal, k, out, out));
}

/* The replay ends here: SQLite is shown what is no frame and no header. */
static void cut_replay(struct meta_file *f, struct meta_damage damage)
{
	if (f->vault->replay_cut)
		return;
	f->vault->replay_cut = true;
	f->vault->cut = damage;
}

static int read_head(struct meta_file *f, uint8_t *to, size_t n, size_t at)
{
	uint8_t text[META_BLOCK_TEXT_BYTES] = { 0 };
	int r = meta_wal_head(f, text);

	if (r == SQLITE_IOERR_DATA) {
		cut_replay(f, (struct meta_damage){ META_FILE_WAL, true, 0, 0 });
		r = SQLITE_OK;
	}
	memcpy(to, text + at, n);
	return r;
}

/* A whole frame is read by who replays the WAL. */
static int read_frame(struct meta_file *f, uint64_t k, uint8_t *to)
{
	int r = meta_wal_frame(f, k, to);

	if (r == SQLITE_IOERR_DATA) {
		cut_replay(f, (struct meta_damage){ META_FILE_WAL, false, load_u32be(to), k });
		memset(to, 0, META_FRAME_BYTES);
		r = SQLITE_OK;
	}
	return r;
}

/* Its page alone, or its sum, by who uses it. */
static int read_piece(struct meta_file *f, uint64_t k, uint8_t *to, size_t n, size_t in)
{
	int r = meta_wal_frame(f, k, f->block);

	if (r == SQLITE_IOERR_DATA)
		return meta_file_damaged(f, (struct meta_damage){ META_FILE_WAL, false,
								  load_u32be(f->block), k });
	memcpy(to, f->block + in, n);
	return r;
}

int meta_wal_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
	struct meta_file *f = of(file);
	int r = meta_wal_flush(f);
	uint64_t k;
	size_t in;

	if (r != SQLITE_OK)
		return r;
	if (n <= 0 || at < 0)
		return SQLITE_IOERR_READ;
	if (at + n <= META_WAL_HEADER_BYTES)
		return read_head(f, to, (size_t)n, (size_t)at);
	if (!place(at, &k, &in) || in + (size_t)n > META_FRAME_BYTES)
		return SQLITE_IOERR_READ;
	return n == META_FRAME_BYTES ? read_frame(f, k, to) : read_piece(f, k, to, (size_t)n, in);
}

/* ---- Writing --------------------------------------------------------------------------------- */

static int write_head(struct meta_file *f, const uint8_t *from)
{
	uint8_t text[META_BLOCK_TEXT_BYTES] = { 0 };

	memcpy(text, from, META_WAL_HEADER_BYTES);
	if (meta_block_put(f->vault->seal, META_KIND_WAL, 0, text, f->block) < 0)
		return SQLITE_IOERR_NOMEM;
	return meta_file_write(f, 0, f->block, META_BLOCK_BYTES);
}

static int write_frame(struct meta_file *f, uint64_t k, const uint8_t *header, const uint8_t *page)
{
	if (meta_frame_put(f->vault->seal, k, header, page, f->block) < 0)
		return SQLITE_IOERR_NOMEM;
	return meta_file_write(f, meta_frame_offset(k), f->block, META_FRAME_BYTES);
}

/* One half of a frame that stands there. The other half is NULL. */
static int rewrite(struct meta_file *f, uint64_t k, const uint8_t *header, const uint8_t *page)
{
	uint8_t old[META_FRAME_BYTES];
	int r = meta_wal_frame(f, k, old);

	if (r == SQLITE_OK)
		r = write_frame(f, k, header ? header : old,
				page ? page : old + META_FRAME_HEADER_BYTES);
	crypto_wipe(old, sizeof(old));
	return r;
}

int meta_wal_flush(struct meta_file *f)
{
	if (!f->wal.waits)
		return SQLITE_OK;
	f->wal.waits = false;
	return rewrite(f, f->wal.frame, f->wal.header, NULL);
}

static int keep_header(struct meta_file *f, uint64_t k, const uint8_t *from)
{
	int r = meta_wal_flush(f);

	if (r != SQLITE_OK)
		return r;
	if (k >= META_FRAMES_MAX)
		return SQLITE_FULL;
	f->wal.waits = true;
	f->wal.frame = k;
	memcpy(f->wal.header, from, META_FRAME_HEADER_BYTES);
	return SQLITE_OK;
}

static int write_page(struct meta_file *f, uint64_t k, const uint8_t *from)
{
	int r;

	/* SQLite's sum covers the reserved bytes, which are not kept: they are always zero. */
	if (!is_zero(from + META_TEXT_BYTES, META_TRAILER_BYTES))
		return SQLITE_IOERR_WRITE;
	if (f->wal.waits && f->wal.frame == k) {
		f->wal.waits = false;
		return write_frame(f, k, f->wal.header, from);
	}
	r = meta_wal_flush(f);
	return r == SQLITE_OK ? rewrite(f, k, NULL, from) : r;
}

int meta_wal_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 at)
{
	struct meta_file *f = of(file);
	uint64_t k;
	size_t in;

	if (at == 0 && n == META_WAL_HEADER_BYTES)
		return write_head(f, from);
	if (!place(at, &k, &in))
		return SQLITE_IOERR_WRITE;
	if (in == 0 && n == META_FRAME_HEADER_BYTES)
		return keep_header(f, k, from);
	if (in == META_FRAME_HEADER_BYTES && n == META_PAGE_BYTES)
		return write_page(f, k, from);
	return SQLITE_IOERR_WRITE;
}

/* ---- Size ------------------------------------------------------------------------------------ */

#define SHIFT_BYTES (META_BLOCK_BYTES - META_WAL_HEADER_BYTES)

int meta_wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct meta_file *f = of(file);

	f->wal.waits = false;
	if (f->vault->sync_failed)
		return SQLITE_IOERR_TRUNCATE;
	return f->below->pMethods->xTruncate(f->below, size > 0 ? size + SHIFT_BYTES : 0);
}

int meta_wal_size(sqlite3_file *file, sqlite3_int64 *out)
{
	uint64_t bytes = 0;
	int r = meta_file_bytes(of(file), &bytes);

	if (r == SQLITE_OK)
		*out = bytes > SHIFT_BYTES ? (sqlite3_int64)(bytes - SHIFT_BYTES) : 0;
	return r;
}
