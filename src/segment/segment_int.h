/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share: the layout of a part file as docs/formats/segment.md has it,
 * its directory, Bloom filters, and the writer of one file. Private to segment.
 */
#ifndef REDOUBT_SEGMENT_INT_H
#define REDOUBT_SEGMENT_INT_H

#include <zstd.h>

#include "segment/chunk.h"
#include "segment/segment.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	      "segments are written as the machine has them");

/* ---- Layout ---------------------------------------------------------------------------------- */

#define SEGMENT_VERSION    1
#define SEGMENT_HEAD_BYTES 80
#define SEGMENT_SALT_BYTES 16
#define SEGMENT_ID_BYTES   16
#define SEGMENT_SUM_BYTES  104
#define SEGMENT_END_BYTES  32
/* What stands behind the directory. */
#define SEGMENT_TAIL_BYTES (SEGMENT_SUM_BYTES + CRYPTO_GCM_TAG_BYTES + SEGMENT_END_BYTES)

/* Ids and arrival numbers are the first columns of each group of META, all with this field id. */
#define SEGMENT_ID_FIELD   1
#define SEGMENT_ID_COLUMNS 3

/* Limits: a chunk, and a directory, before compression. */
#define SEGMENT_PLAIN_MAX     (64 * MIB)
#define SEGMENT_DIRECTORY_MAX (16 * MIB)

/* What is sealed, in the top bits of the nonce; chunks are numbered below it. */
enum segment_sealed { SEALED_CHUNK, SEALED_DIRECTORY, SEALED_SUMMARY };

struct segment_nonce {
	uint8_t b[CRYPTO_GCM_NONCE_BYTES];
};
struct segment_nonce segment_nonce(enum segment_sealed what, uint64_t number);

/* The clear header. */
struct segment_header {
	struct segment_head head;
	uint8_t salt[SEGMENT_SALT_BYTES];
};
void segment_header_put(const struct segment_header *h, uint8_t out[SEGMENT_HEAD_BYTES]);
/* ERR_STORE_DAMAGED or ERR_STORE_VERSION. */
[[nodiscard]] int segment_header_get(const uint8_t bytes[SEGMENT_HEAD_BYTES], const char *name,
				     struct segment_header *out, struct err *err);
/* The cipher of a file, whose key is bound to all bytes of its header. 0, -EIO or -ENOMEM. */
[[nodiscard]] int segment_cipher(const uint8_t header[SEGMENT_HEAD_BYTES],
				 const uint8_t data_key[CRYPTO_KEY_BYTES],
				 struct crypto_aead **out);

/* The sealed summary. */
struct segment_sum {
	uint8_t id[SEGMENT_ID_BYTES]; /* random, the same in all files of the segment */
	uint64_t rows, raw_bytes;
	uint64_t arrival_min, arrival_max;
	int64_t time_min, time_max;
	uint64_t kinds; /* bit k: there are rows of kind k; bit 0: of kinds from 64 on */
	uint64_t chunk_bytes;
	uint32_t groups, columns, chunks;
	uint32_t directory_bytes; /* before compression */
};
void segment_sum_put(const struct segment_sum *s, uint8_t out[SEGMENT_SUM_BYTES]);
/* False when it contradicts itself or a limit. */
bool segment_sum_get(const uint8_t bytes[SEGMENT_SUM_BYTES], struct segment_sum *out);
uint64_t segment_kind_bit(uint16_t kind_id);

/* The clear end: where the sealed directory stands. */
struct segment_end {
	uint64_t directory_at, directory_bytes;
};
void segment_end_put(const struct segment_end *e, uint8_t out[SEGMENT_END_BYTES]);
/* False when it is none, or none of a file of this size. */
bool segment_end_get(const uint8_t bytes[SEGMENT_END_BYTES], uint64_t file_bytes,
		     struct segment_end *out);

/* ---- Values ---------------------------------------------------------------------------------- */

/* How values of a type, or elements of a list, names of a map, are compared and hashed. */
enum segment_form {
	SEGMENT_NONE, /* no type has this number */
	SEGMENT_UNSIGNED,
	SEGMENT_SIGNED,
	SEGMENT_FLOAT,
	SEGMENT_IP,
	SEGMENT_TEXT,
};
enum segment_form segment_form(unsigned type);
bool segment_is_list(unsigned type); /* a map is one, too */

/* ---- The directory --------------------------------------------------------------------------- */

enum segment_column_flag {
	COLUMN_BOUNDED = 1, /* min and max follow */
	COLUMN_EXACT = 2,   /* the hashes of all its values follow */
	COLUMN_BLOOM = 4,   /* the chunk behind it is its Bloom filter, whose length follows */
};

struct segment_column {
	uint64_t at;            /* of its chunk; that of the Bloom filter follows it */
	uint32_t number;        /* of its chunk; that of the Bloom filter is one more */
	uint32_t sealed, plain; /* bytes of the chunk, sealed and before compression */
	uint32_t bloom;         /* sealed bytes of the Bloom filter; 0: there is none */
	uint32_t present;
	uint32_t bounds, hashes; /* where they stand in the directory's bytes; 0: not there */
	uint16_t field_id;
	uint8_t type, part;
	uint8_t distinct; /* hashes */
};

/* The directory of one file. The columns of group g are from first[g] to first[g + 1]. */
struct segment_directory {
	struct segment_group *group;
	uint32_t *first;
	struct segment_column *column;
};
void segment_directory_done(struct segment_directory *d);
static inline void segment_directory_done_cleanup(struct segment_directory *d)
{
	segment_directory_done(d);
}
/* Checks and parses the plain bytes of a directory. -EBADMSG or -ENOMEM; *out is written in any
 * case, and empty then. */
[[nodiscard]] int segment_directory_parse(struct str plain, enum field_part part,
					  const struct segment_sum *sum,
					  struct segment_directory *out);

void segment_directory_put_group(const struct segment_group *g, struct buf *out);
/* at, number, bounds, hashes, distinct and part of the column are not looked at. */
void segment_directory_put_column(const struct segment_column *c, const struct chunk_facts *facts,
				  struct buf *out);
void segment_directory_bounds(struct str plain, const struct segment_column *c, union row_slot *min,
			      union row_slot *max);

/* ---- Bloom filters --------------------------------------------------------------------------- */

/* Limit: values of one filter. Above it a column has none. */
#define SEGMENT_BLOOM_VALUES_MAX ((uint32_t)1 << 20)

/* Bytes of a filter for so many distinct values. */
size_t segment_bloom_bytes(uint32_t distinct);
/* Into zeroed bytes. */
void segment_bloom_fill(uint8_t *bits, size_t bytes, const uint64_t *hashes, uint32_t n);
bool segment_bloom_has(const uint8_t *bits, size_t bytes, uint64_t hash);

/* ---- Writing one file ------------------------------------------------------------------------ */

struct segment_file {
	int dir_fd, fd; /* fd -1 until there is something to write */
	enum field_part part;
	char name[SEGMENT_NAME_BYTES];
	uint8_t header[SEGMENT_HEAD_BYTES];
	struct crypto_aead *aead; /* NULL: this part is left out */
	struct buf out;           /* what is not written yet */
	struct buf directory;
	uint64_t at; /* bytes written */
	uint64_t chunk_bytes;
	uint32_t columns, chunks;
};

[[nodiscard]] int segment_file_init(struct segment_file *f, const struct segment_conf *conf,
				    enum field_part part, struct err *err);
/* Removes NAME.new when it was not renamed. */
void segment_file_done(struct segment_file *f);
/* A chunk, compressed where that pays; *sealed gets its length. */
[[nodiscard]] int segment_file_put(struct segment_file *f, ZSTD_CCtx *zstd, struct str plain,
				   uint32_t *sealed, struct err *err);
/* Directory, summary and end, then all of it synced. *bytes gets the length of the file. */
[[nodiscard]] int segment_file_end(struct segment_file *f, ZSTD_CCtx *zstd,
				   const struct segment_sum *sum, uint64_t *bytes, struct err *err);
/* Gives it its name. The directory is not synced. */
[[nodiscard]] int segment_file_rename(struct segment_file *f, struct err *err);

/* Turns the answer of a disk call, or -ENOMEM, into an error with words. */
int segment_error(int code, const char *name, const char *what, struct err *err);

/* ---- An open group of rows ------------------------------------------------------------------- */

struct segment_build {
	struct chunk_build *chunk; /* NULL: its part is left out */
	uint32_t present;
	uint16_t field_id;
	uint8_t type, part;
};

/* Low field ids find their column through a table, others by a walk. */
#define SEGMENT_GATHER_TABLE 512

/* Rows of one kind being gathered, with the columns that this kind has had. */
struct segment_gather {
	uint16_t kind_id;
	uint16_t columns;
	unsigned parts; /* that are not left out, as bits */
	uint32_t rows;
	size_t bytes; /* about what its columns hold, never much less */
	size_t kept;  /* what their memory has come to in earlier groups */
	uint64_t arrival_min, arrival_max;
	int64_t time_min, time_max;
	struct chunk_build *id[SEGMENT_ID_COLUMNS];
	struct segment_build column[SEGMENT_COLUMNS_MAX];
	uint8_t place[SEGMENT_GATHER_TABLE]; /* 1 + place in column; 0: none */
	struct row_value value[SEGMENT_COLUMNS_MAX];
};

[[nodiscard]] int segment_gather_new(uint16_t kind_id, unsigned parts, struct segment_gather **out);
void segment_gather_free(struct segment_gather *g);
CLEANUP_DEFINE(struct segment_gather *, segment_gather_free)
/* Takes a row of its kind: 0; -ENOBUFS when it has columns for which there is no room until
 * segment_gather_drop(); -EBADMSG and *field when a field has another type in the rows before, or
 * there are too many fields (*field 0): nothing was taken. -ENOMEM: g is of no use any more. */
[[nodiscard]] int segment_gather_add(struct segment_gather *g, const struct row_view *row,
				     uint64_t arrival, uint16_t *field);
/* Sets bytes to what it holds now. */
void segment_gather_weigh(struct segment_gather *g);
/* No rows any more; columns and memory stay. */
void segment_gather_reset(struct segment_gather *g);
/* Without rows: no columns either, and no memory. */
void segment_gather_drop(struct segment_gather *g);

/* ---- Reading --------------------------------------------------------------------------------- */

struct segment_part {
	int fd;
	struct crypto_aead *aead; /* NULL: not had */
	uint64_t bytes;           /* of the file */
	struct segment_sum sum;
	struct buf directory; /* its plain bytes */
	char name[SEGMENT_NAME_BYTES];
	struct err missing; /* why it is not had */
};

struct segment {
	uint64_t first_arrival;
	struct segment_part part[ROW_PARTS];
	/* Of all parts that are had; the ids come first in each group. */
	struct segment_directory all;
	ZSTD_DCtx *zstd;
	/* The Bloom filter that was opened last. */
	struct chunk_memory bloom_memory;
	const struct segment_column *bloom_of;
	struct str bloom;
	uint64_t chunks_read, bytes_read;
};

struct segment_scratch {
	struct chunk_memory memory;
};

/* The column of a group with this field, or NULL. */
const struct segment_column *segment_find(const struct segment *s, size_t group, uint16_t field_id);
/* Its columns, ids first, and how many. */
const struct segment_column *segment_columns(const struct segment *s, size_t group, size_t *n);
/* Opens and decodes the chunk of a column. As segment_column(). */
[[nodiscard]] int segment_decode(struct segment *s, size_t group, const struct segment_column *c,
				 struct chunk_memory *m, struct column *out, struct err *err);
/* The Bloom filter of a column that has one, until the next call. */
[[nodiscard]] int segment_bloom(struct segment *s, size_t group, const struct segment_column *c,
				struct str *out, struct err *err);
/* "00….meta: field http.status of http rows in group 3", for an error. */
#define SEGMENT_PLACE_BYTES 256
const char *segment_place(const struct segment *s, size_t group, const struct segment_column *c,
			  char out[SEGMENT_PLACE_BYTES]);

#endif
