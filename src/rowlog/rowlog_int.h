/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What writer and reader of a log must agree on, as docs/formats/log.md has it: the header of a
 * file, that of a frame, sections, and the rows within them. Private to this room and its tests.
 */
#ifndef REDOUBT_ROWLOG_INT_H
#define REDOUBT_ROWLOG_INT_H

#include "rowlog/rowlog.h"

#include <zstd.h>

enum {
	LOG_VERSION = 1,
	LOG_ALIGN = 8,
	LOG_MAGIC_BYTES = 8,
	LOG_SALT_BYTES = 16,
	LOG_HEAD_BYTES = 96,   /* of a file, and */
	LOG_FRAME_BYTES = 96,  /* of a frame: both end with eight bytes of checksum */
	LOG_SECTION_MIN = 32,  /* an empty frame of zstd, padded, and the tag */
	LOG_MARK_BYTES = 32,   /* one row of the table of marks */
	LOG_STREAMS_MAX = 4096 /* Limit: frames of one commit */
};

#define LOG_SEQUENCE_MASK ((UINT64_C(1) << 56) - 1)

static inline uint64_t stream_agent_epoch(uint32_t agent, uint32_t epoch)
{
	return (uint64_t)agent << 32 | epoch;
}

static inline uint8_t *put_le(uint8_t *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
	return p + n;
}

/* ---- Headers --------------------------------------------------------------------------------- */

/* Of a file: what its reader is told, and the salt of its keys. */
struct log_head {
	struct rowlog_head says;
	uint8_t salt[LOG_SALT_BYTES];
};

/* 0, or -EIO. */
[[nodiscard]] int rowlog_head_encode(const struct log_head *head, uint8_t out[LOG_HEAD_BYTES]);

enum log_head_check { LOG_HEAD_FITS, LOG_HEAD_NONE, LOG_HEAD_NEWER };
enum log_head_check rowlog_head_decode(const uint8_t in[LOG_HEAD_BYTES], struct log_head *out);

/* What seals the sections of one part in this file: HKDF of a data key. 0, -EIO or -ENOMEM. */
[[nodiscard]] int rowlog_section_key(const uint8_t secret[CRYPTO_KEY_BYTES],
				     const uint8_t head[LOG_HEAD_BYTES], struct crypto_aead **out);

enum log_frame_kind { LOG_FRAME_ROWS, LOG_FRAME_MARKS };

struct log_frame {
	uint64_t offset;
	uint64_t number;
	uint64_t first_arrival;
	uint64_t sequence;
	int64_t at_ns;
	uint32_t rows; /* or marks */
	uint32_t agent, epoch;
	uint8_t shard;
	uint8_t kind;
	uint16_t before; /* frames of the same commit that stand before this one */
	struct {
		uint32_t plain, sealed;
	} part[ROW_PARTS];
};

/* 0, or -EIO. */
[[nodiscard]] int rowlog_frame_encode(const struct log_frame *frame, uint8_t out[LOG_FRAME_BYTES]);

/* NONE: no header, or a damaged one. MOVED: a header, but it was written for another place. */
enum log_frame_check { LOG_FRAME_FITS, LOG_FRAME_NONE, LOG_FRAME_MOVED };
/* Only what FITS is filled whole, and within the limits of this room. */
enum log_frame_check rowlog_frame_decode(const uint8_t in[LOG_FRAME_BYTES], uint64_t offset,
					 struct log_frame *out);
/* Header and sections. */
uint64_t rowlog_frame_length(const struct log_frame *frame);
void rowlog_nonce(uint64_t frame, unsigned part, uint8_t out[CRYPTO_GCM_NONCE_BYTES]);

/* ---- Sections -------------------------------------------------------------------------------- */

/* Room that a section of so many plain bytes may take, sealed. */
size_t rowlog_section_bound(size_t plain);
/* Compresses to `out` and pads; the answer is the length with room for the tag, or -EIO. */
[[nodiscard]] ptrdiff_t rowlog_section_pack(ZSTD_CCtx *zip, struct str plain, uint8_t *out,
					    size_t room);
/* From what a seal held: 0, or -EBADMSG when it is not exactly so many bytes. */
[[nodiscard]] int rowlog_section_unpack(ZSTD_DCtx *unzip, struct str packed, uint8_t *out,
					size_t plain);
/* A compressor as sections want it; NULL when there is no memory. */
ZSTD_CCtx *rowlog_zip_new(void);

/* ---- Rows of a frame ------------------------------------------------------------------------- */

struct rowlog_rows {
	struct str left[ROW_PARTS];
	uint64_t id_hi;
	uint64_t sequence, last; /* of the row before, and the frame's */
	uint32_t rows;           /* that are still to come */
	uint8_t shard;
	char *merged; /* ROW_MAX bytes */
};

/* plain[i] is empty where a part is not had. merged is the caller's. */
void rowlog_rows_begin(struct rowlog_rows *rows, const struct log_frame *frame,
		       const struct str plain[ROW_PARTS], char *merged);
/* 1, 0 behind the last, or -EBADMSG when a row, or their order or number, is not as the frame says.
 */
[[nodiscard]] int rowlog_rows_next(struct rowlog_rows *rows, struct row_view *out);

/* ---- Marks ----------------------------------------------------------------------------------- */

/* All of them, LOG_MARK_BYTES each, the one raised longest ago first. */
void rowlog_marks_encode(const struct rowlog_marks *m, uint8_t *out);
/* Raises them all; 0, or -EBADMSG and none was raised. */
[[nodiscard]] int rowlog_marks_decode(struct rowlog_marks *m, struct str plain);

#endif
