/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rowlog: rows made durable before they are acknowledged (docs/formats/log.md): the hub's journal,
 * and later the agent's spool. A log is one file of one cluster and one hour of arrival; it is
 * written by one process, from its creation to its end, and never appended to after that. Each
 * commit is one or more frames and one sync. A frame holds rows of one stream (agent, epoch, shard)
 * in up to three sections, one a part, each compressed and sealed by the data key of that part.
 */
#ifndef REDOUBT_ROWLOG_H
#define REDOUBT_ROWLOG_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "disk/disk.h"
#include "record/record.h"

#define ROWLOG_STORE_ID_BYTES 16
/* Limit: plain bytes of the rows of one frame; with them it is committed at the latest. */
#define ROWLOG_FRAME_BYTES MIB
#define ROWLOG_FRAME_ROWS  16384
/* Limit: bytes of one file, after which the next is begun. */
#define ROWLOG_FILE_BYTES (64 * MIB)

/* A data key with the id under which the keystore knows it. id 0: this part is not had. */
struct rowlog_key {
	uint64_t id;
	uint8_t key[CRYPTO_KEY_BYTES];
};

/* ---- Marks: which rows are there already ----------------------------------------------------- */

/* The last sequence number of each (agent, epoch, shard) that was accepted. */
struct rowlog_mark {
	uint32_t agent, epoch;
	uint8_t shard;
	uint64_t sequence;
	int64_t at_ns; /* when it was last raised */
};

/* Limit: streams that are remembered; beyond them the one raised longest ago is forgotten. */
#define ROWLOG_MARKS_MAX 65536

struct rowlog_marks;
[[nodiscard]] int rowlog_marks_new(struct rowlog_marks **out);
void rowlog_marks_free(struct rowlog_marks *m);
CLEANUP_DEFINE(struct rowlog_marks *, rowlog_marks_free)
/* 0 when nothing of it is known. */
uint64_t rowlog_marks_get(const struct rowlog_marks *m, uint32_t agent, uint32_t epoch,
			  uint8_t shard);
/* Keeps the higher sequence. */
[[nodiscard]] int rowlog_marks_raise(struct rowlog_marks *m, const struct rowlog_mark *mark);
size_t rowlog_marks_count(const struct rowlog_marks *m);
/* In no order; NULL behind the last. */
const struct rowlog_mark *rowlog_marks_at(const struct rowlog_marks *m, size_t i);

/* ---- Writing --------------------------------------------------------------------------------- */

struct rowlog_conf {
	int dir_fd;
	uint8_t store_id[ROWLOG_STORE_ID_BYTES];
	uint64_t first_arrival; /* of its first row; names the file */
	int64_t hour;           /* of arrival, since 1970 */
	struct rowlog_key key[ROW_PARTS];
	/* All that is known when the file begins goes into its first frame, so that older files may
	 * be removed; the writer raises them as it commits. */
	struct rowlog_marks *marks;
	uint8_t marks_key[CRYPTO_KEY_BYTES]; /* purpose key "log": seals that frame alone */
	/* Parts that new frames leave out, as bits 1 << enum field_part, when the disk is full; may
	 * be changed by rowlog_shed(). META cannot be. */
	unsigned shed;
};

struct rowlog;

/* Creates the file and makes it durable, with its first frame, before it gets its name, which is
 * rowlog_name(). With all key ids 0 it keeps marks alone, and no row can be added. */
[[nodiscard]] int rowlog_create(const struct rowlog_conf *conf, struct rowlog **out,
				struct err *err);
/* Ends it; what was not committed is lost. */
void rowlog_free(struct rowlog *log);
CLEANUP_DEFINE(struct rowlog *, rowlog_free)
/* Takes a row into the next commit. 1: it waits for the commit; 0: it, or a later one of its
 * stream, is there already, or waits already, and it is left out; -EBADMSG: no row; -EIO: the log
 * is finished; -EINVAL: it keeps marks alone. When what waits is full, -ENOBUFS, and nothing was
 * taken: commit first. */
[[nodiscard]] int rowlog_add(struct rowlog *log, const struct row_view *row, int64_t now_ns);
/* Bytes and rows that wait. */
size_t rowlog_waiting(const struct rowlog *log, size_t *rows);
/* Writes what waits as frames, one for each stream, and syncs; when it answers 0 the rows are
 * durable, their marks are raised, and each frame is told to `acked`, which may be NULL. On an
 * error nothing is acknowledged and the log is finished: its rows wait still
 * (rowlog_rows_waiting()), to be added to the next log, and nothing more is written to this one. */
struct rowlog_ack {
	uint32_t agent, epoch;
	uint8_t shard;
	uint64_t sequence;      /* up to here */
	uint64_t first_arrival; /* of the frame */
	uint32_t rows;
};
[[nodiscard]] int rowlog_commit(struct rowlog *log, int64_t now_ns,
				void (*acked)(void *owner, const struct rowlog_ack *ack),
				void *owner, struct err *err);
/* The rows that wait, one after another in their order of arrival; a negative answer ends it and is
 * returned. Without the parts that were shed. */
[[nodiscard]] int rowlog_rows_waiting(const struct rowlog *log,
				      int (*each)(void *owner, const struct row_view *row),
				      void *owner);
void rowlog_shed(struct rowlog *log, unsigned parts);
/* Rows that wait get numbers from this one on, where it is above rowlog_next_arrival(): called
 * before a commit. The numbers of a file ascend, with gaps between frames. */
void rowlog_number(struct rowlog *log, uint64_t arrival);
uint64_t rowlog_first_arrival(const struct rowlog *log);
/* The number that the next row will get. */
uint64_t rowlog_next_arrival(const struct rowlog *log);
uint64_t rowlog_bytes(const struct rowlog *log);
int64_t rowlog_hour(const struct rowlog *log);

/* ---- Reading --------------------------------------------------------------------------------- */

#define ROWLOG_NAME_BYTES 32
/* "00000000000004d2.log"; the other way answers false for any other name. */
void rowlog_name(uint64_t first_arrival, char out[ROWLOG_NAME_BYTES]);
bool rowlog_name_parse(const char *name, uint64_t *first_arrival);

/* The header of a file, which is in clear: which keys it needs. */
struct rowlog_head {
	uint8_t store_id[ROWLOG_STORE_ID_BYTES];
	uint64_t first_arrival;
	int64_t hour;
	uint64_t key_id[ROW_PARTS];
};
/* ERR_STORE_DAMAGED (also under another name than its own), ERR_STORE_VERSION (newer),
 * ERR_STORE_OTHER (another store's) or ERR_STORE_IO. 1: the file ends within its header; nothing of
 * it can be read, *out holds no keys, and its reader says so as ROWLOG_TORN. */
[[nodiscard]] int rowlog_read_head(int fd, const char *name,
				   const uint8_t store_id[ROWLOG_STORE_ID_BYTES],
				   struct rowlog_head *out, struct err *err);

struct rowlog_reader;

/* Reads a file from its start to where it ends now; the descriptor stays the caller's. Keys by
 * part; one whose id is 0 is not had, and its sections are passed over; without META's, frames have
 * no rows, and what they say of themselves is not proven. marks_key NULL: the frame of marks is
 * passed over. */
[[nodiscard]] int rowlog_reader_new(int fd, const char *name, const struct rowlog_head *head,
				    const struct rowlog_key key[ROW_PARTS],
				    const uint8_t *marks_key, struct rowlog_reader **out,
				    struct err *err);
void rowlog_reader_free(struct rowlog_reader *r);
CLEANUP_DEFINE(struct rowlog_reader *, rowlog_reader_free)

struct rowlog_frame {
	uint64_t number; /* within the file, from 0 */
	uint64_t offset;
	uint64_t first_arrival; /* that of row i is this + i */
	uint32_t rows;
	uint32_t agent, epoch;
	uint8_t shard;
	uint64_t sequence; /* of its last row: the high-water mark */
	int64_t at_ns;     /* when it was committed */
};

enum rowlog_step {
	ROWLOG_END,   /* nothing more */
	ROWLOG_FRAME, /* *frame is the next one; its rows come from rowlog_row() */
	ROWLOG_MARKS, /* the frame of marks; they were put into *marks */
	ROWLOG_BAD,   /* a frame, or a section of it, is not what was written; *err names it.
		       * Reading goes on behind it, where the next frame is found; of a frame whose
		       * META is whole the other rows' parts come, as the next ROWLOG_FRAME. */
	ROWLOG_TORN,  /* the last one: bytes at the end that are no whole frame. *err says how many.
		       * A crash leaves such, never acknowledged. In the last commit of a file a
		       * frame with one bad section counts as not there at all, since what was never
		       * acknowledged will be sent again. */
};
/* marks may be NULL; those of other frames are for the caller to raise. -EIO (ERR_STORE_IO) when
 * the file cannot be read. */
[[nodiscard]] int rowlog_next(struct rowlog_reader *r, struct rowlog_frame *frame,
			      struct rowlog_marks *marks, struct err *err);
/* The next rowlog_next() gives this frame again, or says what is bad in it; an earlier reader of
 * the same file gave it. Only number and offset are looked at. */
void rowlog_seek(struct rowlog_reader *r, const struct rowlog_frame *frame);
/* The next row of the frame, merged from the parts that are had, checked; valid until the next
 * call: 1, 0 behind the last, -EBADMSG. */
[[nodiscard]] int rowlog_row(struct rowlog_reader *r, struct row_view *row, uint64_t *arrival);
/* Bits 1 << enum field_part of the sections of the frame that are there and were opened. */
unsigned rowlog_frame_parts(const struct rowlog_reader *r);

#endif
