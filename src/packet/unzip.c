/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompression as a stream, over zlib and libzstd. The magic number of each member or frame is
 * gathered and looked at here before a library sees it: so trailing bytes are told from a further
 * member, and libzstd never gets to its decoders of formats older than RFC 8878.
 */
#define ZLIB_CONST
#include "packet/packet.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define ZSTD_WINDOW_LOG_MAX 23
static_assert(UNZIP_WINDOW_MAX == (size_t)1 << ZSTD_WINDOW_LOG_MAX);

#define ZSTD_MAGIC      0xfd2fb528
#define ZSTD_SKIP_MAGIC 0x184d2a50 /* and the 15 that follow */
#define ZSTD_SKIP_MASK  0xfffffff0
#define ZSTD_HEAD_MAX   14 /* of a frame header behind the magic number: RFC 8878 section 3.1.1.1 */

/* zlib asks for about 40 KiB in two pieces: its state at once, its window with the first bytes. */
#define ZLIB_BLOCK_BYTES (64 * KIB)

struct unzip {
	enum unzip_kind kind;
	enum {
		UNZIP_BETWEEN, /* members or frames; magic is being gathered */
		UNZIP_INSIDE,
		UNZIP_PAST,   /* the last gzip member: nothing here is looked at */
		UNZIP_BROKEN, /* damaged, and for ever */
	} at;
	bool any_whole; /* at least one member or frame has ended */
	uint8_t magic[4];
	size_t magic_n;
	z_stream gzip;
	ZSTD_DCtx *zstd;
	size_t zstd_head; /* bytes that may still belong to the frame's header */
	size_t block_used;
	_Alignas(64) uint8_t block[ZLIB_BLOCK_BYTES]; /* what zlib allocates */
};

static bool zstd_magic(const uint8_t *p)
{
	uint32_t magic = load_u32le(p);

	return magic == ZSTD_MAGIC || (magic & ZSTD_SKIP_MASK) == ZSTD_SKIP_MAGIC;
}

static bool gzip_magic(const uint8_t *p, size_t n)
{
	return (n < 1 || p[0] == 0x1f) && (n < 2 || p[1] == 0x8b);
}

int unzip_kind(struct str head, bool whole)
{
	const uint8_t *p = (const uint8_t *)head.p;

	if (head.n < 4 && !whole)
		return -EAGAIN;
	if (head.n >= 2 && gzip_magic(p, head.n))
		return UNZIP_GZIP;
	if (head.n >= 4 && zstd_magic(p))
		return UNZIP_ZSTD;
	return UNZIP_PLAIN;
}

static voidpf zlib_alloc(voidpf opaque, uInt items, uInt size)
{
	struct unzip *uz = (struct unzip *)opaque;
	size_t bytes;

	if (ckd_mul(&bytes, (size_t)items, (size_t)size) || bytes > ZLIB_BLOCK_BYTES)
		return NULL;
	bytes = (bytes + 63) & ~(size_t)63;
	if (bytes > ZLIB_BLOCK_BYTES - uz->block_used)
		return NULL;
	uz->block_used += bytes;
	return uz->block + uz->block_used - bytes;
}

/* The block lives as long as the stream; zlib takes nothing twice. */
static void zlib_free([[maybe_unused]] voidpf opaque, [[maybe_unused]] voidpf p) {}

static int unzip_start(struct unzip *uz)
{
	if (uz->kind == UNZIP_GZIP) {
		uz->gzip.zalloc = zlib_alloc;
		uz->gzip.zfree = zlib_free;
		uz->gzip.opaque = uz;
		/* 16: a gzip header and trailer, no zlib ones. */
		return inflateInit2(&uz->gzip, 16 + MAX_WBITS) == Z_OK ? 0 : -ENOMEM;
	}
	uz->zstd = ZSTD_createDCtx();
	if (!uz->zstd)
		return -ENOMEM;
	if (ZSTD_isError(
		    ZSTD_DCtx_setParameter(uz->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX)))
		return -EINVAL;
	return 0;
}

int unzip_new(enum unzip_kind kind, struct unzip **out)
{
	CLEANUP(unzip_free) struct unzip *uz = NULL;
	int r;

	assert(kind == UNZIP_GZIP || kind == UNZIP_ZSTD);
	uz = (struct unzip *)aligned_alloc(_Alignof(struct unzip), sizeof(*uz));
	if (!uz)
		return -ENOMEM;
	memset(uz, 0, sizeof(*uz));
	uz->kind = kind;
	r = unzip_start(uz);
	if (r < 0)
		return r;

	*out = TAKE(uz);
	return 0;
}

void unzip_free(struct unzip *uz)
{
	if (!uz)
		return;
	if (uz->kind == UNZIP_GZIP)
		(void)inflateEnd(&uz->gzip);
	ZSTD_freeDCtx(uz->zstd);
	free(uz);
}

static int gzip_step(struct unzip *uz, struct str in, size_t *used, uint8_t *out, size_t room,
		     size_t *made)
{
	z_stream *z = &uz->gzip;
	int r;

	z->next_in = (const Bytef *)in.p;
	z->avail_in = (uInt)size_min(in.n, UINT32_MAX);
	z->next_out = out;
	z->avail_out = (uInt)size_min(room, UINT32_MAX);
	r = inflate(z, Z_NO_FLUSH);
	*used = in.p ? (size_t)((const char *)z->next_in - in.p) : 0;
	*made = (size_t)(z->next_out - out);

	switch (r) {
	case Z_OK:
	case Z_BUF_ERROR: /* it needs more input or room; no error */
		return 0;
	case Z_STREAM_END:
		(void)inflateReset(z);
		return 1;
	case Z_MEM_ERROR:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
}

static int zstd_step(struct unzip *uz, struct str in, size_t *used, uint8_t *out, size_t room,
		     size_t *made)
{
	ZSTD_inBuffer from = { in.p, in.n, 0 };
	ZSTD_outBuffer to = { out, room, 0 };
	size_t r;

	/* Once it has read the header, libzstd looks whether the whole frame is at hand, and takes
	 * the first byte of this call for the first of the frame. It is not: the magic number came
	 * before. One byte at a time can never be mistaken for a frame. */
	if (uz->zstd_head > 0)
		from.size = size_min(in.n, 1);
	r = ZSTD_decompressStream(uz->zstd, &to, &from);
	uz->zstd_head -= size_min(uz->zstd_head, from.pos);
	*used = from.pos;
	*made = to.pos;
	if (!ZSTD_isError(r))
		return r == 0 ? 1 : 0;
	return ZSTD_getErrorCode(r) == ZSTD_error_memory_allocation ? -ENOMEM : -EBADMSG;
}

static int unzip_inside(struct unzip *uz, struct str in, size_t *used, uint8_t *out, size_t room,
			size_t *made)
{
	int r = uz->kind == UNZIP_GZIP ? gzip_step(uz, in, used, out, room, made)
				       : zstd_step(uz, in, used, out, room, made);

	if (r < 0)
		uz->at = UNZIP_BROKEN;
	if (r > 0) {
		uz->at = UNZIP_BETWEEN;
		uz->magic_n = 0;
		uz->any_whole = true;
	}
	return r;
}

/* Gathers the magic number of what comes next, and gives it to the library once it is whole. */
static int unzip_between(struct unzip *uz, struct str in, size_t *used, uint8_t *out, size_t room)
{
	bool gzip = uz->kind == UNZIP_GZIP;
	size_t want = gzip ? 2 : 4, taken, made;
	int r;

	while (uz->magic_n < want && *used < in.n)
		uz->magic[uz->magic_n++] = (uint8_t)in.p[(*used)++];
	if (gzip && !gzip_magic(uz->magic, uz->magic_n)) {
		uz->at = uz->any_whole ? UNZIP_PAST : UNZIP_BROKEN;
		return uz->any_whole ? 1 : -EBADMSG;
	}
	if (uz->magic_n < want)
		return uz->any_whole && uz->magic_n == 0;
	if (!gzip && !zstd_magic(uz->magic)) {
		uz->at = UNZIP_BROKEN;
		return -EBADMSG;
	}

	uz->at = UNZIP_INSIDE;
	uz->zstd_head = 0;
	r = unzip_inside(uz, (struct str){ (const char *)uz->magic, want }, &taken, out, room,
			 &made);
	uz->zstd_head = ZSTD_HEAD_MAX;
	return r;
}

int unzip_step(struct unzip *uz, struct str in, size_t *used, uint8_t *out, size_t room,
	       size_t *made)
{
	size_t taken = 0;
	int r;

	assert(room > 0);
	*used = 0;
	*made = 0;
	if (uz->at == UNZIP_BROKEN)
		return -EBADMSG;
	if (uz->at == UNZIP_BETWEEN) {
		r = unzip_between(uz, in, &taken, out, room);
		*used = taken;
		if (uz->at == UNZIP_BETWEEN || uz->at == UNZIP_BROKEN)
			return r;
		in = str_skip(in, taken);
	}
	if (uz->at == UNZIP_PAST) {
		*used += in.n;
		return 1;
	}
	r = unzip_inside(uz, in, &taken, out, room, made);
	*used += taken;
	return r;
}
