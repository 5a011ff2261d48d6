/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment: rows of one cluster and one hour of arrival as sealed columns (docs/formats/segment.md),
 * written once and never changed. A segment is up to three files, one a part, each sealed by the
 * data key of that part: who has only the key of META reads only META. Within a file each column of
 * each group of rows is a chunk of its own: encoded, compressed, sealed; a directory at the end
 * says where each stands and what is in it (zone maps), so that a reader opens only what it needs.
 */
#ifndef REDOUBT_SEGMENT_H
#define REDOUBT_SEGMENT_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "disk/disk.h"
#include "record/record.h"

#define SEGMENT_STORE_ID_BYTES 16
/* Limits: rows of one group, which are of one kind; groups and columns of one segment. */
#define SEGMENT_GROUP_ROWS  COLUMN_ROWS_MAX
#define SEGMENT_GROUPS_MAX  65536
#define SEGMENT_COLUMNS_MAX ROW_SLOTS_MAX

/* id 0: this part is not had; a part without rows has no file. */
struct segment_key {
	uint64_t id;
	uint8_t key[CRYPTO_KEY_BYTES];
};

/* ---- Names ----------------------------------------------------------------------------------- */

#define SEGMENT_NAME_BYTES 32
/* "00000000000004d2.meta", ".headers", ".payload": the arrival number of its first row, which is
 * that of the log it was made from. */
void segment_name(uint64_t first_arrival, enum field_part part, char out[SEGMENT_NAME_BYTES]);
bool segment_name_parse(const char *name, uint64_t *first_arrival, enum field_part *part);

/* ---- Writing --------------------------------------------------------------------------------- */

struct segment_conf {
	int dir_fd;
	uint8_t store_id[SEGMENT_STORE_ID_BYTES];
	uint64_t first_arrival;
	int64_t hour;
	struct segment_key key[ROW_PARTS]; /* rows' fields of a part without a key are left out */
};

struct segment_writer;

[[nodiscard]] int segment_writer_new(const struct segment_conf *conf, struct segment_writer **out,
				     struct err *err);
/* Leaves nothing behind but names that end in ".new". */
void segment_writer_free(struct segment_writer *w);
CLEANUP_DEFINE(struct segment_writer *, segment_writer_free)
/* Rows come in ascending order of arrival; each is copied. Memory is bounded by the open groups,
 * one a kind, of which those with the most bytes are written when together they exceed a limit.
 * -EBADMSG: this row is left out, and the next one may come: it has more than SEGMENT_COLUMNS_MAX
 * fields, or is one of so many of unknown kinds or fields that groups would become too many. Any
 * other error is final. */
[[nodiscard]] int segment_writer_add(struct segment_writer *w, const struct row_view *row,
				     uint64_t arrival, struct err *err);

struct segment_summary {
	uint64_t rows;
	uint64_t arrival_min, arrival_max;
	int64_t time_min, time_max; /* of event time; min > max where no row has one */
	uint64_t bytes[ROW_PARTS];  /* of the files; 0: none */
	uint64_t raw_bytes;         /* of the rows, as rows */
};
/* Syncs the files, and gives them their names, META last: with that name the segment is there,
 * whole, also after a crash. No rows make no file. After an error of the last sync META may have
 * its name; a new attempt replaces it. */
[[nodiscard]] int segment_writer_finish(struct segment_writer *w, struct segment_summary *out,
					struct err *err);

/* ---- Reading --------------------------------------------------------------------------------- */

/* The header of a file, which is in clear: which key it needs. */
struct segment_head {
	uint8_t store_id[SEGMENT_STORE_ID_BYTES];
	uint64_t first_arrival;
	int64_t hour;
	uint64_t key_id;
	enum field_part part;
};
/* ERR_STORE_DAMAGED, ERR_STORE_VERSION (newer), ERR_STORE_OTHER (another store's). */
[[nodiscard]] int segment_read_head(int fd, const char *name,
				    const uint8_t store_id[SEGMENT_STORE_ID_BYTES],
				    struct segment_head *out, struct err *err);

struct segment;

/* Opens the files that are there and whose key is had (fd -1 or key id 0: not). META is needed.
 * Reads the directories only. A directory of another part that is damaged leaves that part out, and
 * is told by segment_missing(). The descriptors stay the caller's. */
[[nodiscard]] int segment_open(uint64_t first_arrival, const int fd[ROW_PARTS],
			       const struct segment_head head[ROW_PARTS],
			       const struct segment_key key[ROW_PARTS], struct segment **out,
			       struct err *err);
void segment_free(struct segment *s);
CLEANUP_DEFINE(struct segment *, segment_free)
void segment_summary(const struct segment *s, struct segment_summary *out);
/* Parts that are had, as bits. */
unsigned segment_parts(const struct segment *s);
/* Why a part whose file and key were given is not had, in words; NULL when it is, or was not given.
 */
const char *segment_missing(const struct segment *s, enum field_part part);

/* Chunks opened, Bloom filters too, and bytes of them read since segment_open(). */
void segment_read_so_far(const struct segment *s, uint64_t *chunks, uint64_t *bytes);

/* A group: rows of one kind, ascending by arrival. */
struct segment_group {
	uint16_t kind_id;
	uint32_t rows;
	uint64_t arrival_min, arrival_max;
	int64_t time_min, time_max;
	uint32_t columns;
};
size_t segment_groups(const struct segment *s);
const struct segment_group *segment_group(const struct segment *s, size_t group);
/* The field of a column of a group, ascending by id, over all parts that are had. Field 1 is the
 * id, and has no column here. */
uint16_t segment_column_field(const struct segment *s, size_t group, size_t column);

/* What the directory knows about a column without opening it. */
struct segment_zone {
	uint32_t rows, present; /* of the group; rows that have a value */
	bool bounded;           /* min and max hold: of numbers, times, addresses */
	union row_slot min, max;
	bool exact; /* distinct is right, and segment_may_hold() is never wrongly true */
	uint32_t distinct;
};
/* False when the group has no such column: no row has the field. */
bool segment_zone(const struct segment *s, size_t group, uint16_t field_id,
		  struct segment_zone *out);
/* May a row of the group have this value in the field (of a list: as an element; of a map: as a
 * name)? Never wrongly false. A number is compared as the column's type has it. Opens the Bloom
 * filter of the column where it has one. */
bool segment_may_hold(struct segment *s, size_t group, uint16_t field_id,
		      const struct row_value *value);

/* Memory for the columns of one group at a time, which is used again and again. */
struct segment_scratch;
[[nodiscard]] int segment_scratch_new(struct segment_scratch **out);
void segment_scratch_free(struct segment_scratch *m);
CLEANUP_DEFINE(struct segment_scratch *, segment_scratch_free)
/* All columns that were decoded into it are gone. They borrow from nothing else. */
void segment_scratch_reset(struct segment_scratch *m);

/* Opens one column: 0; -ENOENT when the group has none; -EBADMSG with *err, which names file, kind,
 * field and group, when it is not what was written; -ENOMEM. */
[[nodiscard]] int segment_column(struct segment *s, size_t group, uint16_t field_id,
				 struct segment_scratch *m, struct column *out, struct err *err);
/* Ids and arrival numbers of all rows of a group, as columns of words: hi, lo, arrival. */
[[nodiscard]] int segment_ids(struct segment *s, size_t group, struct segment_scratch *m,
			      struct column *hi, struct column *lo, struct column *arrival,
			      struct err *err);
/* Opens and decodes every chunk, Bloom filters too, and compares each with its zone map; says each
 * thing that is wrong. Returns how many. */
[[nodiscard]] ptrdiff_t segment_verify(struct segment *s,
				       void (*say)(void *owner, const char *text), void *owner);

#endif
