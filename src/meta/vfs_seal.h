/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing and opening of everything that stands in the files of the metadata database, in memory
 * (docs/formats/meta.md). It knows where bytes stand and under which key; when they are read and
 * written is left to the file system.
 */
#ifndef REDOUBT_META_VFS_SEAL_H
#define REDOUBT_META_VFS_SEAL_H

#include "base/base.h"
#include "crypto/crypto.h"

#define META_VERSION 1

#define META_PAGE_BYTES    4096
#define META_TRAILER_BYTES 32
#define META_TEXT_BYTES    (META_PAGE_BYTES - META_TRAILER_BYTES) /* what SQLite uses of a page */
#define META_SALT_BYTES    16
#define META_BOUND_BYTES   16

/* The head of the database: one page, of equal copies. */
#define META_HEAD_COPIES 8
#define META_COPY_BYTES  (META_PAGE_BYTES / META_HEAD_COPIES)

/* The head of a WAL or journal. */
#define META_BLOCK_BYTES      512
#define META_BLOCK_TEXT_BYTES 40 /* 32 for SQLite's header, 8 for the journal's id */
#define META_JOURNAL_ID_BYTES 8

/* SQLite's frame: header and page. Its last 8 header bytes are sealed with the page. */
#define META_FRAME_HEADER_BYTES 24
#define META_FRAME_BYTES        (META_FRAME_HEADER_BYTES + META_PAGE_BYTES)
#define META_FRAME_TEXT_BYTES   (META_FRAME_BYTES - META_BOUND_BYTES - META_TRAILER_BYTES)

/* SQLite's journal record: number, page, sum. */
#define META_RECORD_BYTES      (4 + META_PAGE_BYTES + 4)
#define META_RECORD_TEXT_BYTES (META_RECORD_BYTES - 4 - META_TRAILER_BYTES)

/* Limit: things that one derived key seals; then another is drawn. */
#define META_SEALS_MAX (UINT64_C(1) << 32)

enum meta_kind {
	META_KIND_PAGE = 'P',
	META_KIND_WAL = 'W',
	META_KIND_FRAME = 'F',
	META_KIND_JOURNAL = 'J',
	META_KIND_RECORD = 'R',
};

/* What a sealed thing is bound to. */
struct meta_place {
	enum meta_kind kind;
	uint64_t offset; /* of its first byte in the file */
	uint8_t bound[META_BOUND_BYTES];
};

/* ---- The head of the database ---------------------------------------------------------------- */

[[nodiscard]] int meta_head_make(const uint8_t key[CRYPTO_KEY_BYTES],
				 const uint8_t salt[META_SALT_BYTES], uint8_t out[META_PAGE_BYTES]);

/* The keys of one database, for one who opened it: two of them never share a key to write with. */
struct meta_seal;

/* The keys that the head gives. *bad gets a bit for each copy that is not what was written. 0,
 * -ENOTSUP (a newer version), -EBADMSG (damaged, or of another key), -ENOMEM or -EIO. */
[[nodiscard]] int meta_seal_new(const uint8_t key[CRYPTO_KEY_BYTES],
				const uint8_t head[META_PAGE_BYTES], struct meta_seal **out,
				unsigned *bad);
void meta_seal_free(struct meta_seal *s);
CLEANUP_DEFINE(struct meta_seal *, meta_seal_free)

/* ---- Sealing --------------------------------------------------------------------------------- */

/* out gets text.n + META_TRAILER_BYTES bytes, and may be where text lies. 0, -EIO or -ENOMEM. */
[[nodiscard]] int meta_seal_put(struct meta_seal *s, const struct meta_place *place,
				struct str text, uint8_t *out);
/* out gets sealed.n - META_TRAILER_BYTES bytes, and may be where sealed lies. -EBADMSG when it is
 * not what was sealed at this place; out holds zeros then. */
[[nodiscard]] int meta_seal_get(struct meta_seal *s, const struct meta_place *place,
				struct str sealed, uint8_t *out);
/* For tests: as if the key to write with had sealed so many things. */
void meta_seal_jump(struct meta_seal *s, uint64_t sealed);

/* ---- The five things ------------------------------------------------------------------------- */

/* Page n, from 1 on; page is META_PAGE_BYTES, and SQLite's part of it META_TEXT_BYTES. */
[[nodiscard]] int meta_page_put(struct meta_seal *s, uint32_t n, const uint8_t *page, uint8_t *out);
/* The reserved bytes become zero, as SQLite had them. out may be where sealed lies. */
[[nodiscard]] int meta_page_get(struct meta_seal *s, uint32_t n, const uint8_t *sealed,
				uint8_t *out);
static inline uint64_t meta_page_offset(uint32_t n)
{
	return (uint64_t)n * META_PAGE_BYTES;
}

/* Frame k, from 0 on, META_FRAME_BYTES each. */
[[nodiscard]] int meta_frame_put(struct meta_seal *s, uint64_t k, const uint8_t *header,
				 const uint8_t *page, uint8_t *out);
[[nodiscard]] int meta_frame_get(struct meta_seal *s, uint64_t k, const uint8_t *sealed,
				 uint8_t *out);
static inline uint64_t meta_frame_offset(uint64_t k)
{
	return META_BLOCK_BYTES + k * META_FRAME_BYTES;
}

/* A record at an offset of the journal with this id. */
[[nodiscard]] int meta_record_put(struct meta_seal *s, uint64_t offset,
				  const uint8_t journal[META_JOURNAL_ID_BYTES],
				  const uint8_t *record, uint8_t *out);
[[nodiscard]] int meta_record_get(struct meta_seal *s, uint64_t offset,
				  const uint8_t journal[META_JOURNAL_ID_BYTES],
				  const uint8_t *sealed, uint8_t *out);

/* A head of a WAL or journal: META_BLOCK_TEXT_BYTES in META_BLOCK_BYTES. */
[[nodiscard]] int meta_block_put(struct meta_seal *s, enum meta_kind kind, uint64_t offset,
				 const uint8_t *text, uint8_t *out);
/* -ENOENT for a block of zeros: it was never written. */
[[nodiscard]] int meta_block_get(struct meta_seal *s, enum meta_kind kind, uint64_t offset,
				 const uint8_t *block, uint8_t *out);

#endif
