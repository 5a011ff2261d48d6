// SPDX-License-Identifier: Apache-2.0
/*
 * The bytes of docs/formats/log.md that are not rows: names, headers, and the packing of sections.
 * What is decoded here is no more than plausible until a seal over it opened.
 */
#include "rowlog/rowlog_int.h"

#include <stdio.h>

static const char log_magic[LOG_MAGIC_BYTES + 1] = "RDBT-LOG";
static const char frame_magic[LOG_MAGIC_BYTES + 1] = "RDBT-FRM";

#define KEY_INFO     "redoubt log 1"
#define NAME_DIGITS  16
#define CHECKSUM_AT  (LOG_FRAME_BYTES - 8)
#define NAME_SUFFIX  ".log"
#define PACK_PADDING (LOG_ALIGN - 1)

static_assert((int)LOG_HEAD_BYTES == (int)LOG_FRAME_BYTES, "one place for both checksums");

/* ---- Names ----------------------------------------------------------------------------------- */

void rowlog_name(uint64_t first_arrival, char out[ROWLOG_NAME_BYTES])
{
	(void)snprintf(out, ROWLOG_NAME_BYTES, "%016llx" NAME_SUFFIX,
		       (unsigned long long)first_arrival);
}

bool rowlog_name_parse(const char *name, uint64_t *first_arrival)
{
	struct str s = str_of(name);
	char same[ROWLOG_NAME_BYTES];
	uint64_t v;

	if (s.n != NAME_DIGITS + sizeof(NAME_SUFFIX) - 1 ||
	    str_to_hex64(str_head(s, NAME_DIGITS), &v) < 0)
		return false;
	/* The other digits of the same number, and other endings. */
	rowlog_name(v, same);
	if (strcmp(same, name) != 0)
		return false;
	*first_arrival = v;
	return true;
}

/* ---- Checksums ------------------------------------------------------------------------------- */

static uint8_t *put_bytes(uint8_t *p, const void *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return p + n;
}

/* The first eight bytes of SHA-256 of all before it: it tells a torn or damaged header cheaply, and
 * is no seal. */
static int checksum(const uint8_t *head, uint8_t out[8])
{
	uint8_t hash[CRYPTO_SHA256_BYTES];
	int r;

	crypto_hash_begin(CRYPTO_SHA256);
	crypto_hash_add(CRYPTO_SHA256, (struct str){ (const char *)head, CHECKSUM_AT });
	r = crypto_hash_end(CRYPTO_SHA256, hash);
	if (r == 0)
		memcpy(out, hash, 8);
	return r;
}

static bool checksum_fits(const uint8_t *head)
{
	uint8_t want[8];

	return checksum(head, want) == 0 && memcmp(want, head + CHECKSUM_AT, sizeof(want)) == 0;
}

/* ---- The header of a file -------------------------------------------------------------------- */

int rowlog_head_encode(const struct log_head *head, uint8_t out[LOG_HEAD_BYTES])
{
	uint8_t *p = out;

	p = put_bytes(p, log_magic, LOG_MAGIC_BYTES);
	p = put_le(p, LOG_VERSION, 2);
	p = put_le(p, 0, 6);
	p = put_bytes(p, head->says.store_id, ROWLOG_STORE_ID_BYTES);
	p = put_le(p, head->says.first_arrival, 8);
	p = put_le(p, (uint64_t)head->says.hour, 8);
	for (unsigned part = 0; part < ROW_PARTS; part++)
		p = put_le(p, head->says.key_id[part], 8);
	p = put_bytes(p, head->salt, LOG_SALT_BYTES);
	assert(p == out + CHECKSUM_AT);
	return checksum(out, p);
}

enum log_head_check rowlog_head_decode(const uint8_t in[LOG_HEAD_BYTES], struct log_head *out)
{
	struct cur c = cur_of(in + LOG_MAGIC_BYTES, LOG_HEAD_BYTES - LOG_MAGIC_BYTES);
	unsigned version;
	uint64_t zero;

	if (memcmp(in, log_magic, LOG_MAGIC_BYTES) != 0 || !checksum_fits(in))
		return LOG_HEAD_NONE;
	version = cur_u16le(&c);
	if (version > LOG_VERSION)
		return LOG_HEAD_NEWER;
	zero = cur_u16le(&c) | cur_u32le(&c);
	memcpy(out->says.store_id, cur_take(&c, ROWLOG_STORE_ID_BYTES), ROWLOG_STORE_ID_BYTES);
	out->says.first_arrival = cur_u64le(&c);
	out->says.hour = (int64_t)cur_u64le(&c);
	for (unsigned part = 0; part < ROW_PARTS; part++)
		out->says.key_id[part] = cur_u64le(&c);
	memcpy(out->salt, cur_take(&c, LOG_SALT_BYTES), LOG_SALT_BYTES);
	return version == LOG_VERSION && zero == 0 ? LOG_HEAD_FITS : LOG_HEAD_NONE;
}

int rowlog_section_key(const uint8_t secret[CRYPTO_KEY_BYTES], const uint8_t head[LOG_HEAD_BYTES],
		       struct crypto_aead **out)
{
	const size_t salt_at = CHECKSUM_AT - LOG_SALT_BYTES;
	char info[sizeof(KEY_INFO) - 1 + LOG_HEAD_BYTES] = KEY_INFO;
	uint8_t key[CRYPTO_KEY_BYTES];
	int r;

	memcpy(info + sizeof(KEY_INFO) - 1, head, LOG_HEAD_BYTES);
	r = crypto_hkdf((struct str){ (const char *)head + salt_at, LOG_SALT_BYTES },
			(struct str){ (const char *)secret, CRYPTO_KEY_BYTES },
			(struct str){ info, sizeof(info) }, key, sizeof(key));
	if (r == 0)
		r = crypto_aead_new(key, out);
	crypto_wipe(key, sizeof(key));
	return r;
}

/* ---- The header of a frame ------------------------------------------------------------------- */

int rowlog_frame_encode(const struct log_frame *frame, uint8_t out[LOG_FRAME_BYTES])
{
	uint8_t *p = out;

	p = put_bytes(p, frame_magic, LOG_MAGIC_BYTES);
	p = put_le(p, frame->offset, 8);
	p = put_le(p, frame->number, 8);
	p = put_le(p, frame->first_arrival, 8);
	p = put_le(p, frame->sequence, 8);
	p = put_le(p, (uint64_t)frame->at_ns, 8);
	p = put_le(p, frame->rows, 4);
	p = put_le(p, frame->agent, 4);
	p = put_le(p, frame->epoch, 4);
	p = put_le(p, frame->shard, 1);
	p = put_le(p, frame->kind, 1);
	p = put_le(p, frame->before, 2);
	for (unsigned part = 0; part < ROW_PARTS; part++) {
		p = put_le(p, frame->part[part].plain, 4);
		p = put_le(p, frame->part[part].sealed, 4);
	}
	assert(p == out + CHECKSUM_AT);
	return checksum(out, p);
}

static bool sections_fit(const struct log_frame *f, uint64_t plain_max)
{
	uint64_t plain = 0;

	for (unsigned part = 0; part < ROW_PARTS; part++) {
		const size_t sealed = f->part[part].sealed;

		plain += f->part[part].plain;
		if (sealed == 0 && f->part[part].plain == 0)
			continue;
		if (sealed < LOG_SECTION_MIN || sealed % LOG_ALIGN ||
		    sealed > rowlog_section_bound(f->part[part].plain))
			return false;
	}
	return plain <= plain_max && f->part[PART_META].sealed > 0;
}

/* The table of marks is the first frame, and only it is one. */
static bool frame_fits(const struct log_frame *f)
{
	if (f->kind == LOG_FRAME_MARKS)
		return f->number == 0 && f->offset == LOG_HEAD_BYTES &&
		       f->rows <= ROWLOG_MARKS_MAX &&
		       f->part[0].plain == f->rows * LOG_MARK_BYTES && f->part[1].sealed == 0 &&
		       f->part[2].sealed == 0 &&
		       sections_fit(f, (uint64_t)ROWLOG_MARKS_MAX * LOG_MARK_BYTES);
	return f->kind == LOG_FRAME_ROWS && f->number > 0 && f->rows > 0 &&
	       f->rows <= ROWLOG_FRAME_ROWS && f->sequence <= LOG_SEQUENCE_MASK &&
	       f->before < f->number && sections_fit(f, ROWLOG_FRAME_BYTES);
}

enum log_frame_check rowlog_frame_decode(const uint8_t in[LOG_FRAME_BYTES], uint64_t offset,
					 struct log_frame *out)
{
	struct cur c = cur_of(in + LOG_MAGIC_BYTES, LOG_FRAME_BYTES - LOG_MAGIC_BYTES);

	if (memcmp(in, frame_magic, LOG_MAGIC_BYTES) != 0 || !checksum_fits(in))
		return LOG_FRAME_NONE;
	out->offset = cur_u64le(&c);
	out->number = cur_u64le(&c);
	out->first_arrival = cur_u64le(&c);
	out->sequence = cur_u64le(&c);
	out->at_ns = (int64_t)cur_u64le(&c);
	out->rows = cur_u32le(&c);
	out->agent = cur_u32le(&c);
	out->epoch = cur_u32le(&c);
	out->shard = cur_u8(&c);
	out->kind = cur_u8(&c);
	out->before = cur_u16le(&c);
	for (unsigned part = 0; part < ROW_PARTS; part++) {
		out->part[part].plain = cur_u32le(&c);
		out->part[part].sealed = cur_u32le(&c);
	}
	if (out->offset != offset)
		return LOG_FRAME_MOVED;
	return frame_fits(out) ? LOG_FRAME_FITS : LOG_FRAME_NONE;
}

uint64_t rowlog_frame_length(const struct log_frame *frame)
{
	uint64_t n = LOG_FRAME_BYTES;

	for (unsigned part = 0; part < ROW_PARTS; part++)
		n += frame->part[part].sealed;
	return n;
}

void rowlog_nonce(uint64_t frame, unsigned part, uint8_t out[CRYPTO_GCM_NONCE_BYTES])
{
	(void)put_le(put_le(out, frame, 8), part, 4);
}

/* ---- Sections -------------------------------------------------------------------------------- */

/* Measured with rows of HTTP exchanges of 745 bytes in frames of 1 MiB, as time of one core for a
 * row, all of its insert but the sync: -7 costs 0.57 us and packs to 1/5.8, -5 0.58 us and 1/7.0,
 * -3 0.59 us and 1/8.4, -1 0.66 us and 1/10.3, 1 0.72 us and 1/10.8. With less packing more has to
 * be sealed and written, which takes back what was saved. Reading takes as long with each of them.
 */
#define ZIP_LEVEL (-3)

ZSTD_CCtx *rowlog_zip_new(void)
{
	ZSTD_CCtx *zip = ZSTD_createCCtx();

	if (zip && ZSTD_isError(ZSTD_CCtx_setParameter(zip, ZSTD_c_compressionLevel, ZIP_LEVEL))) {
		(void)ZSTD_freeCCtx(zip);
		return NULL;
	}
	return zip;
}

size_t rowlog_section_bound(size_t plain)
{
	return ZSTD_compressBound(plain) + PACK_PADDING + CRYPTO_GCM_TAG_BYTES;
}

ptrdiff_t rowlog_section_pack(ZSTD_CCtx *zip, struct str plain, uint8_t *out, size_t room)
{
	size_t n, end;

	assert(room >= rowlog_section_bound(plain.n));
	n = ZSTD_compress2(zip, out, room - PACK_PADDING - CRYPTO_GCM_TAG_BYTES, plain.p, plain.n);
	if (ZSTD_isError(n))
		return -EIO;
	end = (n + PACK_PADDING) & ~(size_t)PACK_PADDING;
	memset(out + n, 0, end - n);
	return (ptrdiff_t)(end + CRYPTO_GCM_TAG_BYTES);
}

int rowlog_section_unpack(ZSTD_DCtx *unzip, struct str packed, uint8_t *out, size_t plain)
{
	size_t n = ZSTD_findFrameCompressedSize(packed.p, packed.n);

	if (ZSTD_isError(n) || packed.n - n > PACK_PADDING)
		return -EBADMSG;
	for (size_t i = n; i < packed.n; i++)
		if (packed.p[i])
			return -EBADMSG;
	n = ZSTD_decompressDCtx(unzip, out, plain, packed.p, n);
	return !ZSTD_isError(n) && n == plain ? 0 : -EBADMSG;
}
