/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing one part file: header, chunks one behind another, directory, summary, end. It stands
 * under NAME.new until all of it is synced. Each chunk is compressed straight into the buffer that
 * goes to the disk, and sealed in place.
 */
#include "segment/segment_int.h"

#include <stdio.h>
#include <unistd.h>

/* Bytes are written when so many wait; a chunk may be larger. */
#define FLUSH_BYTES (1 * MIB)
/* Limit: a buffer that a large chunk has grown beyond this is given back. */
#define KEEP_BYTES (4 * MIB)
/* Limit: the buffer, with one chunk that grew as zstd may let it grow. */
#define BUFFER_MAX (FLUSH_BYTES + SEGMENT_PLAIN_MAX + SEGMENT_PLAIN_MAX / 128 + MIB)

/* Chunks shorter than this are not compressed. */
#define COMPRESS_MIN 64
/* What compression saves must be one part in so many, or it is not worth its time. */
#define COMPRESS_GAIN 16

#define NEW_NAME_BYTES (SEGMENT_NAME_BYTES + 4)

static void new_name(const struct segment_file *f, char out[NEW_NAME_BYTES])
{
	(void)snprintf(out, NEW_NAME_BYTES, "%s.new", f->name);
}

int segment_error(int code, const char *name, const char *what, struct err *err)
{
	switch (code) {
	case -ENOMEM:
		return err_set(err, ERR_MEMORY, "%s: %s: no memory", name, what);
	case -ENOSPC:
	case -EDQUOT:
		return err_set(err, ERR_STORE_FULL, "%s: %s: %s", name, what, strerror(-code));
	default:
		return err_set(err, ERR_STORE_IO, "%s: %s: %s", name, what, strerror(-code));
	}
}

/* ---- Header ---------------------------------------------------------------------------------- */

int segment_file_init(struct segment_file *f, const struct segment_conf *conf, enum field_part part,
		      struct err *err)
{
	struct segment_header h = { .head = { .first_arrival = conf->first_arrival,
					      .hour = conf->hour,
					      .key_id = conf->key[part].id,
					      .part = part } };
	int r = crypto_random(h.salt, sizeof(h.salt));

	*f = (struct segment_file){ .dir_fd = conf->dir_fd, .fd = -1, .part = part };
	buf_init(&f->out, BUFFER_MAX);
	buf_init(&f->directory, SEGMENT_DIRECTORY_MAX);
	segment_name(conf->first_arrival, part, f->name);
	memcpy(h.head.store_id, conf->store_id, sizeof(h.head.store_id));
	segment_header_put(&h, f->header);
	if (r == 0)
		r = segment_cipher(f->header, conf->key[part].key, &f->aead);
	return r < 0 ? segment_error(r, f->name, "no key can be made", err) : 0;
}

void segment_file_done(struct segment_file *f)
{
	char name[NEW_NAME_BYTES];

	if (f->fd >= 0) {
		new_name(f, name);
		(void)!disk_remove(f->dir_fd, name);
		fd_close(f->fd);
	}
	crypto_aead_free(f->aead);
	buf_done(&f->out);
	buf_done(&f->directory);
	*f = (struct segment_file){ .fd = -1 };
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

static int flush(struct segment_file *f, struct err *err)
{
	int r = disk_write(f->fd, f->at, buf_str(&f->out));

	if (r < 0)
		return segment_error(r, f->name, "cannot be written", err);
	f->at += f->out.len;
	if (f->out.room > KEEP_BYTES)
		buf_done(&f->out);
	else
		buf_clear(&f->out);
	return 0;
}

/* What an earlier attempt left over is replaced. */
static int begin(struct segment_file *f, struct err *err)
{
	char name[NEW_NAME_BYTES];
	int r;

	if (f->fd >= 0)
		return 0;
	new_name(f, name);
	r = disk_remove(f->dir_fd, name);
	if (r == 0)
		r = disk_create(f->dir_fd, name);
	if (r < 0)
		return segment_error(r, f->name, "cannot be made", err);
	f->fd = r;
	r = buf_put(&f->out, (struct str){ (const char *)f->header, sizeof(f->header) });
	return r < 0 ? segment_error(-ENOMEM, f->name, "cannot be written", err) : 0;
}

/* Writes the compressed or the plain bytes to `to`, which has room for the bound. */
static size_t compress(ZSTD_CCtx *zstd, struct str plain, char *to, size_t bound)
{
	size_t n = plain.n;

	if (plain.n >= COMPRESS_MIN)
		n = ZSTD_compress2(zstd, to, bound, plain.p, plain.n);
	if (!ZSTD_isError(n) && n <= plain.n - plain.n / COMPRESS_GAIN && n < plain.n)
		return n;
	memcpy(to, plain.p, plain.n);
	return plain.n;
}

/* Compresses (with zstd) and seals into the buffer. Returns the sealed length, or negative. */
static ptrdiff_t put_sealed(struct segment_file *f, ZSTD_CCtx *zstd, struct str plain,
			    enum segment_sealed what, uint64_t number)
{
	size_t bound = zstd ? ZSTD_compressBound(plain.n) : plain.n;
	struct segment_nonce nonce = segment_nonce(what, number);
	size_t len = f->out.len, n = plain.n;
	char *to = buf_extend(&f->out, bound + CRYPTO_GCM_TAG_BYTES);
	int r;

	if (!to)
		return -ENOMEM;
	if (zstd)
		n = compress(zstd, plain, to, bound);
	else
		memcpy(to, plain.p, plain.n);
	r = crypto_aead_seal(f->aead, nonce.b, (struct str){ 0 }, (struct str){ to, n },
			     (uint8_t *)to);
	if (r < 0)
		return r;
	f->out.len = len + n + CRYPTO_GCM_TAG_BYTES;
	f->out.p[f->out.len] = '\0';
	return (ptrdiff_t)(n + CRYPTO_GCM_TAG_BYTES);
}

int segment_file_put(struct segment_file *f, ZSTD_CCtx *zstd, struct str plain, uint32_t *sealed,
		     struct err *err)
{
	ptrdiff_t n;
	int r = begin(f, err);

	if (r < 0)
		return r;
	n = put_sealed(f, zstd, plain, SEALED_CHUNK, f->chunks);
	if (n < 0)
		return segment_error((int)n, f->name, "a chunk cannot be sealed", err);
	f->chunks++;
	f->chunk_bytes += (uint64_t)n;
	*sealed = (uint32_t)n;
	return f->out.len >= FLUSH_BYTES ? flush(f, err) : 0;
}

/* ---- The end --------------------------------------------------------------------------------- */

static int put_tail(struct segment_file *f, ZSTD_CCtx *zstd, const struct segment_sum *sum)
{
	uint8_t sum_bytes[SEGMENT_SUM_BYTES], end_bytes[SEGMENT_END_BYTES];
	struct segment_sum s = *sum;
	ptrdiff_t n = put_sealed(f, zstd, buf_str(&f->directory), SEALED_DIRECTORY, 0);

	if (n < 0)
		return (int)n;
	s.chunk_bytes = f->chunk_bytes;
	s.columns = f->columns;
	s.chunks = f->chunks;
	s.directory_bytes = (uint32_t)f->directory.len;
	segment_sum_put(&s, sum_bytes);
	segment_end_put(&(struct segment_end){ SEGMENT_HEAD_BYTES + f->chunk_bytes, (uint64_t)n },
			end_bytes);
	n = put_sealed(f, NULL, (struct str){ (const char *)sum_bytes, sizeof(sum_bytes) },
		       SEALED_SUMMARY, 0);
	if (n < 0)
		return (int)n;
	return buf_put(&f->out, (struct str){ (const char *)end_bytes, sizeof(end_bytes) });
}

int segment_file_end(struct segment_file *f, ZSTD_CCtx *zstd, const struct segment_sum *sum,
		     uint64_t *bytes, struct err *err)
{
	int r = begin(f, err);

	if (r < 0)
		return r;
	r = put_tail(f, zstd, sum);
	if (r < 0)
		return segment_error(r, f->name, "its directory cannot be sealed", err);
	r = flush(f, err);
	if (r < 0)
		return r;
	*bytes = f->at;
	r = disk_sync(f->fd);
	return r < 0 ? segment_error(r, f->name, "cannot be synced", err) : 0;
}

int segment_file_rename(struct segment_file *f, struct err *err)
{
	char name[NEW_NAME_BYTES];
	int r;

	new_name(f, name);
	r = disk_rename(f->dir_fd, name, f->name);
	if (r < 0)
		return segment_error(r, f->name, "cannot be given its name", err);
	fd_close(f->fd);
	f->fd = -1;
	return 0;
}
