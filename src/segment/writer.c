/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a segment: rows are gathered by kind, a group is written when it has its rows or its
 * bytes, and all files get their names at the end, META last. An error of the disk is final for the
 * writer; a row that is refused is not.
 */
#include "segment/segment_int.h"

#include <inttypes.h>
#include <stdlib.h>

/* Limits of memory: a group is written when its columns hold so much, the largest one when all do
 * together, and what a group leaves behind is used again up to a third limit. */
#define GROUP_BYTES (32 * MIB)
#define OPEN_BYTES  (64 * MIB)
#define KEPT_BYTES  (128 * MIB)
/* Limit: kinds that are not known here whose rows are gathered at once. */
#define KINDS_UNKNOWN_OPEN 16
#define KINDS_OPEN         (RECORD_KINDS + KINDS_UNKNOWN_OPEN)
/* What a group takes in the directory at most: a column is at most 16 bytes, two bounds of 16, a
 * set of hashes, and the length of a Bloom filter. */
#define GROUP_DIRECTORY_BYTES                                                                      \
	(40 + (SEGMENT_COLUMNS_MAX + SEGMENT_ID_COLUMNS) * (16 + 32 + 1 + CHUNK_FEW * 8 + 4))

/* Measured on one core with rows of http, best of four: of META alone (12 fields, 266 bytes a row),
 * and with maps of headers (1090 bytes a row).
 *
 *   level                     -5     -1      1      3      5
 *   META, M rows/s           3.1    3.6    3.2    2.9    2.6
 *   META, bytes a row       22.6   22.1   19.8   19.8   19.7
 *   both, M rows/s          0.61   0.55   0.53   0.50   0.35
 *   both, bytes a row        139     85     73     76     66
 */
#define ZSTD_LEVEL 1

struct segment_writer {
	struct segment_conf conf;
	struct segment_file file[ROW_PARTS];
	unsigned parts; /* that are not left out, as bits */
	struct segment_gather *open[KINDS_OPEN];
	size_t opens, open_bytes; /* about what they hold together */
	ZSTD_CCtx *zstd;
	struct buf plain; /* of a chunk */
	struct segment_sum sum;
	size_t unknown_opens;
	uint64_t next_arrival; /* at least that of the next row */
	enum { WRITER_OPEN, WRITER_FAILED, WRITER_DONE } state;
};

/* ---- Beginning and end of its life ----------------------------------------------------------- */

static int writer_init(struct segment_writer *w, const struct segment_conf *conf, struct err *err)
{
	w->conf = *conf;
	w->next_arrival = conf->first_arrival;
	w->sum.time_min = INT64_MAX;
	w->sum.time_max = INT64_MIN;
	buf_init(&w->plain, SEGMENT_PLAIN_MAX);
	w->zstd = ZSTD_createCCtx();
	if (!w->zstd ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL)))
		return segment_error(-ENOMEM, "segment", "cannot be begun", err);
	if (crypto_random(w->sum.id, sizeof(w->sum.id)) < 0)
		return segment_error(-EIO, "segment", "no random number", err);
	for (unsigned i = 0; i < ROW_PARTS; i++) {
		int r;

		if (conf->key[i].id == 0)
			continue;
		r = segment_file_init(&w->file[i], conf, (enum field_part)i, err);
		if (r < 0)
			return r;
		w->parts |= 1u << i;
	}
	/* The files have their ciphers, and nobody asks for the keys again. */
	crypto_wipe(w->conf.key, sizeof(w->conf.key));
	return 0;
}

int segment_writer_new(const struct segment_conf *conf, struct segment_writer **out,
		       struct err *err)
{
	CLEANUP(segment_writer_free) struct segment_writer *w = calloc(1, sizeof(*w));
	int r;

	assert(conf->key[PART_META].id != 0);
	if (!w)
		return segment_error(-ENOMEM, "segment", "cannot be begun", err);
	for (size_t i = 0; i < ROW_PARTS; i++)
		w->file[i].fd = -1;
	r = writer_init(w, conf, err);
	if (r < 0)
		return r;
	*out = TAKE(w);
	return 0;
}

void segment_writer_free(struct segment_writer *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < ROW_PARTS; i++)
		segment_file_done(&w->file[i]);
	for (size_t i = 0; i < w->opens; i++)
		segment_gather_free(w->open[i]);
	ZSTD_freeCCtx(w->zstd);
	buf_done(&w->plain);
	crypto_wipe(w->conf.key, sizeof(w->conf.key));
	free(w);
}

/* ---- Groups ---------------------------------------------------------------------------------- */

static bool is_indexed(uint16_t kind_id, uint16_t field_id)
{
	const struct record_kind *kind = record_kind_by_id(kind_id);
	int slot = kind ? record_slot_by_id(kind, field_id) : -1;

	return slot >= 0 && kind->field[slot].flags & FIELD_INDEX;
}

static int put_bloom(struct segment_writer *w, struct segment_file *f,
		     const struct chunk_facts *facts, uint32_t *sealed, struct err *err)
{
	size_t n = segment_bloom_bytes(facts->distinct);
	char *bits;

	buf_clear(&w->plain);
	bits = buf_extend(&w->plain, n);
	if (!bits)
		return segment_error(-ENOMEM, f->name, "a filter cannot be made", err);
	memset(bits, 0, n);
	segment_bloom_fill((uint8_t *)bits, n, facts->hashes, facts->distinct);
	return segment_file_put(f, NULL, buf_str(&w->plain), sealed, err);
}

/* Encodes a column, and writes it with what is known of it. */
static int put_column(struct segment_writer *w, const struct segment_gather *g,
		      struct segment_file *f, struct chunk_build *chunk, struct segment_column *c,
		      struct err *err)
{
	struct chunk_facts facts = { .all_hashes = is_indexed(g->kind_id, c->field_id) };
	int r;

	buf_clear(&w->plain);
	r = chunk_encode(chunk, g->rows, &w->plain, &facts);
	if (r < 0)
		return segment_error(r, f->name, "a column cannot be encoded", err);
	c->present = facts.present;
	c->plain = (uint32_t)w->plain.len;
	r = segment_file_put(f, w->zstd, buf_str(&w->plain), &c->sealed, err);
	if (r == 0 && facts.all_hashes && facts.hashes && facts.distinct > CHUNK_FEW &&
	    facts.distinct <= SEGMENT_BLOOM_VALUES_MAX)
		r = put_bloom(w, f, &facts, &c->bloom, err);
	if (r < 0)
		return r;
	segment_directory_put_column(c, &facts, &f->directory);
	f->columns++;
	return f->directory.full ? segment_error(-ENOMEM, f->name, "its directory", err) : 0;
}

static int by_field(const void *a, const void *b)
{
	const struct segment_build *const *x = a, *const *y = b;

	return (*x)->field_id - (*y)->field_id;
}

/* The columns of a part that have values, in order. */
static size_t columns_of(struct segment_gather *g, enum field_part part,
			 struct segment_build *out[SEGMENT_COLUMNS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < g->columns; i++)
		if (g->column[i].part == part && g->column[i].present > 0)
			out[n++] = &g->column[i];
	qsort(out, n, sizeof(struct segment_build *), by_field);
	return n;
}

static int put_part(struct segment_writer *w, struct segment_gather *g, enum field_part part,
		    struct err *err)
{
	struct segment_build *column[SEGMENT_COLUMNS_MAX];
	struct segment_file *f = &w->file[part];
	size_t n = columns_of(g, part, column), ids = part == PART_META ? SEGMENT_ID_COLUMNS : 0;
	struct segment_group group = { g->kind_id,  g->rows,     g->arrival_min,     g->arrival_max,
				       g->time_min, g->time_max, (uint32_t)(ids + n) };
	int r = 0;

	segment_directory_put_group(&group, &f->directory);
	for (size_t i = 0; i < ids && r == 0; i++) {
		struct segment_column c = { .field_id = SEGMENT_ID_FIELD, .type = FIELD_U64 };

		r = put_column(w, g, f, g->id[i], &c, err);
	}
	for (size_t i = 0; i < n && r == 0; i++) {
		struct segment_column c = { .field_id = column[i]->field_id,
					    .type = column[i]->type };

		r = put_column(w, g, f, column[i]->chunk, &c, err);
	}
	return r;
}

static void add_to_sum(struct segment_sum *sum, const struct segment_gather *g)
{
	if (sum->rows == 0 || g->arrival_min < sum->arrival_min)
		sum->arrival_min = g->arrival_min;
	if (g->arrival_max > sum->arrival_max)
		sum->arrival_max = g->arrival_max;
	if (g->time_min < sum->time_min)
		sum->time_min = g->time_min;
	if (g->time_max > sum->time_max)
		sum->time_max = g->time_max;
	sum->rows += g->rows;
	sum->kinds |= segment_kind_bit(g->kind_id);
	sum->groups++;
}

/* Memory that grew in one group is kept for the next one of its kind, within a limit. */
static void keep_or_drop(struct segment_writer *w, struct segment_gather *g)
{
	size_t kept = 0;

	segment_gather_reset(g);
	for (size_t i = 0; i < w->opens; i++)
		kept += w->open[i]->kept;
	if (kept > KEPT_BYTES)
		segment_gather_drop(g);
}

static int write_group(struct segment_writer *w, struct segment_gather *g, struct err *err)
{
	int r = 0;

	if (g->rows == 0)
		return 0;
	for (unsigned i = 0; i < ROW_PARTS && r == 0; i++)
		if (w->parts >> i & 1)
			r = put_part(w, g, (enum field_part)i, err);
	if (r < 0)
		return r;
	add_to_sum(&w->sum, g);
	keep_or_drop(w, g);
	return 0;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static struct segment_gather *largest(struct segment_writer *w)
{
	size_t at = 0;

	for (size_t i = 1; i < w->opens; i++)
		if (w->open[i]->bytes > w->open[at]->bytes)
			at = i;
	return w->open[at];
}

static size_t directory_bytes(const struct segment_writer *w)
{
	size_t most = 0;

	for (size_t i = 0; i < ROW_PARTS; i++)
		if (w->file[i].directory.len > most)
			most = w->file[i].directory.len;
	return most;
}

/* Rows of kinds and fields that are not known may end a group early, as often as half of the
 * directory allows: the other half is for groups that are full, so that a peer who sends a new kind
 * or field with each row loses his own rows and nobody else's. */
static bool may_end_early(const struct segment_writer *w)
{
	return w->sum.groups < SEGMENT_GROUPS_MAX / 2 &&
	       directory_bytes(w) < SEGMENT_DIRECTORY_MAX / 2;
}

/* Of too many unknown kinds, the one with the most bytes makes room. */
static int close_unknown(struct segment_writer *w, struct err *err)
{
	size_t at = w->opens;
	int r;

	for (size_t i = 0; i < w->opens; i++)
		if (!record_kind_by_id(w->open[i]->kind_id) &&
		    (at == w->opens || w->open[i]->bytes > w->open[at]->bytes))
			at = i;
	assert(at < w->opens);
	r = write_group(w, w->open[at], err);
	if (r < 0)
		return r;
	segment_gather_free(w->open[at]);
	w->open[at] = w->open[--w->opens];
	w->unknown_opens--;
	return 0;
}

static int open_group(struct segment_writer *w, uint16_t kind_id, struct segment_gather **out,
		      struct err *err)
{
	bool unknown = !record_kind_by_id(kind_id);
	int r = 0;

	if (unknown && w->unknown_opens == KINDS_UNKNOWN_OPEN) {
		if (!may_end_early(w))
			return err_set(
				err, ERR_STORE_DAMAGED,
				"a row of kind %u, one of too many unknown kinds, is left out",
				kind_id);
		r = close_unknown(w, err);
	}
	if (r < 0)
		return r;
	r = segment_gather_new(kind_id, w->parts, out);
	if (r < 0)
		return segment_error(r, w->file[PART_META].name, "a group", err);
	w->open[w->opens++] = *out;
	w->unknown_opens += unknown;
	return 0;
}

static int find_group(struct segment_writer *w, uint16_t kind_id, struct segment_gather **out,
		      struct err *err)
{
	for (size_t i = 0; i < w->opens; i++) {
		if (w->open[i]->kind_id == kind_id) {
			*out = w->open[i];
			return 0;
		}
	}
	return open_group(w, kind_id, out, err);
}

/* Is there room for one more group in the directories, when all that are open are written? */
static bool has_room(const struct segment_writer *w)
{
	size_t groups = w->opens + 1;

	return w->sum.groups + groups <= SEGMENT_GROUPS_MAX &&
	       directory_bytes(w) + groups * GROUP_DIRECTORY_BYTES <= SEGMENT_DIRECTORY_MAX;
}

/* What is counted are bytes of rows, which are larger than their columns: they are weighed before
 * it is believed. */
static void weigh(struct segment_writer *w)
{
	w->open_bytes = 0;
	for (size_t i = 0; i < w->opens; i++) {
		segment_gather_weigh(w->open[i]);
		w->open_bytes += w->open[i]->bytes;
	}
}

/* Writes what has become too large. */
static int write_if_full(struct segment_writer *w, struct segment_gather *g, struct err *err)
{
	struct segment_gather *full = g->rows == SEGMENT_GROUP_ROWS ? g : NULL;
	int r;

	if (likely(!full && g->bytes < GROUP_BYTES && w->open_bytes < OPEN_BYTES))
		return 0;
	weigh(w);
	if (g->bytes >= GROUP_BYTES)
		full = g;
	else if (!full && w->open_bytes >= OPEN_BYTES)
		full = largest(w);
	r = full ? write_group(w, full, err) : 0;
	if (r == 0)
		weigh(w);
	return r;
}

/* Takes the row into its group, which ends where the row has other columns than fit. */
static int gather(struct segment_writer *w, struct segment_gather *g, const struct row_view *row,
		  uint64_t arrival, struct err *err)
{
	uint16_t field;
	int r = segment_gather_add(g, row, arrival, &field);

	if (likely(r != -ENOBUFS && r != -EBADMSG))
		return r < 0 ? segment_error(r, w->file[PART_META].name, "a row", err) : 0;
	if (row->fields > SEGMENT_COLUMNS_MAX)
		return err_set(err, ERR_STORE_DAMAGED,
			       "a row of kind %u with %u fields is left out; limit %d",
			       row->kind_id, row->fields, SEGMENT_COLUMNS_MAX);
	if (!may_end_early(w))
		return err_set(err, ERR_STORE_DAMAGED,
			       "a row of kind %u, whose field %u does not fit the rows before, is "
			       "left out",
			       row->kind_id, field);
	r = write_group(w, g, err);
	if (r < 0)
		return r;
	segment_gather_drop(g);
	r = segment_gather_add(g, row, arrival, &field);
	return r < 0 ? segment_error(r, w->file[PART_META].name, "a row", err) : 0;
}

static int add(struct segment_writer *w, const struct row_view *row, uint64_t arrival,
	       struct err *err)
{
	struct segment_gather *g = NULL;
	int r = find_group(w, row->kind_id, &g, err);

	if (r < 0)
		return r;
	assert(g);
	r = gather(w, g, row, arrival, err);
	if (r < 0)
		return r;
	w->open_bytes += row->bytes.n;
	return write_if_full(w, g, err);
}

int segment_writer_add(struct segment_writer *w, const struct row_view *row, uint64_t arrival,
		       struct err *err)
{
	int r;

	if (w->state != WRITER_OPEN)
		return err_set(err, ERR_STORE_IO, "%s: was given up", w->file[PART_META].name);
	if (arrival < w->next_arrival)
		return err_set(err, ERR_INTERNAL, "%s: row %" PRIu64 " is out of order",
			       w->file[PART_META].name, arrival);
	if (!has_room(w))
		return err_set(err, ERR_LIMIT, "%s: has as many groups as one may have",
			       w->file[PART_META].name);
	r = add(w, row, arrival, err);
	if (r == -EBADMSG)
		return r;
	if (r < 0) {
		w->state = WRITER_FAILED;
		return r;
	}
	w->next_arrival = arrival + 1;
	w->sum.raw_bytes += row->bytes.n;
	return 0;
}

/* ---- The end --------------------------------------------------------------------------------- */

/* Parts without a column have no file; one of an attempt before must not be taken for it. */
static bool has_file(const struct segment_writer *w, unsigned part)
{
	return part == PART_META || w->file[part].columns > 0;
}

static int end_files(struct segment_writer *w, struct segment_summary *out, struct err *err)
{
	int r = 0;

	for (unsigned i = 0; i < ROW_PARTS && r == 0; i++)
		if (has_file(w, i))
			r = segment_file_end(&w->file[i], w->zstd, &w->sum, &out->bytes[i], err);
	return r;
}

static int sync_dir(struct segment_writer *w, struct err *err)
{
	int r = disk_sync_dir(w->conf.dir_fd);

	return r < 0 ? segment_error(r, w->file[PART_META].name, "its directory", err) : 0;
}

/* All other files are durable under their names before META gets its own. */
static int name_files(struct segment_writer *w, struct err *err)
{
	char name[SEGMENT_NAME_BYTES];
	int r = 0;

	for (unsigned i = ROW_PARTS - 1; i > PART_META && r == 0; i--) {
		segment_name(w->conf.first_arrival, (enum field_part)i, name);
		if (has_file(w, i)) {
			r = segment_file_rename(&w->file[i], err);
		} else {
			r = disk_remove(w->conf.dir_fd, name);
			r = r < 0 ? segment_error(r, name, "cannot be removed", err) : 0;
		}
	}
	if (r == 0)
		r = sync_dir(w, err);
	if (r == 0)
		r = segment_file_rename(&w->file[PART_META], err);
	return r < 0 ? r : sync_dir(w, err);
}

static int finish(struct segment_writer *w, struct segment_summary *out, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < w->opens && r == 0; i++)
		r = write_group(w, w->open[i], err);
	if (r < 0 || w->sum.rows == 0)
		return r;
	r = end_files(w, out, err);
	return r < 0 ? r : name_files(w, err);
}

int segment_writer_finish(struct segment_writer *w, struct segment_summary *out, struct err *err)
{
	struct segment_summary s = { 0 };
	int r;

	if (w->state != WRITER_OPEN)
		return err_set(err, ERR_STORE_IO, "%s: was given up", w->file[PART_META].name);
	r = finish(w, &s, err);
	w->state = r < 0 ? WRITER_FAILED : WRITER_DONE;
	if (r < 0)
		return r;
	s.rows = w->sum.rows;
	s.arrival_min = w->sum.arrival_min;
	s.arrival_max = w->sum.arrival_max;
	s.time_min = w->sum.time_min;
	s.time_max = w->sum.time_max;
	s.raw_bytes = w->sum.raw_bytes;
	*out = s;
	return 0;
}
