/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading pieces, for the engine. Rows stand in units: a frame of a log, a group of a segment. A
 * unit knows the arrival numbers it lies between before it is opened; an opened one, a source,
 * gives its rows in the order of the query, some at a time. Pieces and decoded columns are closed
 * when there are too many, and opened anew when they are wanted again. Private to query.
 */
#ifndef REDOUBT_QUERY_SCAN_H
#define REDOUBT_QUERY_SCAN_H

#include "query/query_int.h"

/* Limits: pieces that are open, each with up to three descriptors; groups whose columns are
 * decoded; units that are known and not read yet. */
#define SCAN_PIECES_MAX 12
#define SCAN_LIVE_MAX   16
#define SCAN_UNITS_MAX  (1 << 20)

/* A piece that has units left. */
struct piece {
	size_t index;
	struct store_piece p;
	char name[SEGMENT_NAME_BYTES];
	bool open, is_log;
	bool looked; /* its units were listed, its problems told */
	bool dead;   /* nothing more is to be had from it */
	struct segment *segment;
	struct rowlog_reader *log;
	uint64_t used;  /* a tick: the one used longest ago is closed */
	uint64_t taken; /* keys up to this were in units that were opened */
	bool has_taken;
	size_t units; /* that still point here */
	struct piece *next;
};

/* Rows with keys from lo to hi. */
struct unit {
	struct piece *piece;
	uint64_t lo, hi;
	uint64_t number; /* of the group, or of the frame … */
	uint64_t offset; /* … which stands here */
};

/* Rows as bytes, in the order of the query. */
struct batch {
	char *bytes;
	size_t n, room;
	struct batch_row {
		uint64_t arrival;
		size_t at, bytes;
	} * row;
	size_t rows, rows_room, next;
};

/* One group's columns, decoded as they are asked for. */
struct group_columns {
	struct segment_scratch *scratch;
	struct source *source; /* who has it; NULL: the group is read at once */
	struct segment *segment;
	size_t group;
	uint16_t kind_id;
	uint32_t rows;
	size_t columns;
	enum { COLUMN_CLOSED, COLUMN_OPEN, COLUMN_BAD } state[SEGMENT_COLUMNS_MAX];
	struct column column[SEGMENT_COLUMNS_MAX];
	bool has_ids;
	struct column hi, lo, arrival;
	uint64_t used;
	struct scan *scan;
};

/* An opened unit. */
struct source {
	struct unit unit;
	struct batch batch;
	uint64_t key; /* of its next row */
	/* Of a group: selected rows that are in no batch yet. */
	uint64_t *selected;
	size_t left;
	uint32_t batch_rows; /* in the next batch */
	struct group_columns *live;
};

struct scan {
	const struct query_job *job;
	const struct query_plan *plan;
	struct query_end *end;
	bool cut; /* only rows with keys above `after` are asked for */
	uint64_t after;
	struct piece *pieces;
	size_t open;
	struct group_columns *live[SCAN_LIVE_MAX];
	struct filter_work *work;
	struct err column_err;
	uint64_t tick;
};

void query_scan_init(struct scan *s, const struct query_job *job, struct query_end *end);
void query_scan_done(struct scan *s);
/* Tells what is wrong with a piece. */
void query_scan_problem(struct scan *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* All below answer 0 or more, -EBADMSG when there was a problem, which is told already and costs no
 * more than what was asked for, -ENOMEM, or -EPIPE when nobody gives pieces any more. */

/* A new piece, not open yet; query_scan_piece_put() drops it once it has no units. */
[[nodiscard]] int query_scan_piece_new(struct scan *s, size_t index, struct piece **out);
void query_scan_piece_put(struct scan *s, struct piece *p);
/* Opens it where it is closed. 1: it was a log when it was looked at, and is a segment now. */
[[nodiscard]] int query_scan_piece_open(struct scan *s, struct piece *p);
/* Calls each for every unit that may have rows above what was taken. */
[[nodiscard]] int query_scan_piece_units(struct scan *s, struct piece *p,
					 int (*each)(void *owner, const struct unit *unit),
					 void *owner);

/* Leaves out of a unit what is not asked for, or was taken: a reader passes over rows below lo.
 * False when nothing is left. */
bool query_scan_clip(const struct scan *s, struct unit *u);

/* Frames (scan_log.c): all rows of one, or of a whole log. */
[[nodiscard]] int query_scan_log_units(struct scan *s, struct piece *p,
				       int (*each)(void *owner, const struct unit *unit),
				       void *owner);
[[nodiscard]] int query_scan_frame_open(struct scan *s, struct source *src);
[[nodiscard]] int query_scan_log_aggregate(struct scan *s, struct piece *p, struct aggregate *a,
					   bool (*late)(void *owner), void *owner);

/* Columns of one group (scan_columns.c): those of src, or of nobody. NULL: no memory. */
struct group_columns *query_scan_columns_get(struct scan *s, const struct unit *u,
					     struct source *src);
/* The column at a place, or of a field: NULL where no row has it, or *failed is set and
 * s->column_err says why. */
const struct column *query_scan_columns_at(struct group_columns *g, size_t i, bool *failed);
const struct column *query_scan_columns_of(struct group_columns *g, uint16_t field_id,
					   bool *failed);
/* Ids and arrival numbers: 0, or -EBADMSG with s->column_err. */
[[nodiscard]] int query_scan_columns_ids(struct group_columns *g);
/* The kind; of one that is not known any, for its common fields. */
const struct record_kind *query_scan_kind(uint16_t kind_id);

/* Groups (scan_segment.c). */
[[nodiscard]] int query_scan_segment_units(struct scan *s, struct piece *p,
					   int (*each)(void *owner, const struct unit *unit),
					   void *owner);
[[nodiscard]] int query_scan_group_open(struct scan *s, struct source *src);
[[nodiscard]] int query_scan_group_fill(struct scan *s, struct source *src);
[[nodiscard]] int query_scan_segment_aggregate(struct scan *s, struct piece *p, struct aggregate *a,
					       bool (*late)(void *owner), void *owner);

/* Sources (source.c). */
void query_source_free(struct scan *s, struct source *src);
/* Opens a unit; *out is NULL where it has no row that is asked for. */
[[nodiscard]] int query_source_open(struct scan *s, const struct unit *unit, struct source **out);
/* The row at its front, valid until the next call. */
[[nodiscard]] int query_source_row(struct scan *s, struct source *src, uint64_t *arrival,
				   struct str *row);
/* Is there a row behind it? */
bool query_source_more(const struct source *src);
/* Steps over it, to the next one: 1, or 0 when there is none. */
[[nodiscard]] int query_source_next(struct scan *s, struct source *src);

/* Batches (source.c). -ENOMEM, or 0. */
void query_batch_clear(struct batch *b);
[[nodiscard]] int query_batch_add(struct batch *b, uint64_t arrival, struct str row);
/* Room for a row of up to n bytes; NULL when there is none. query_batch_added() says how long it
 * is. */
char *query_batch_reserve(struct batch *b, size_t n);
[[nodiscard]] int query_batch_added(struct batch *b, uint64_t arrival, size_t n);
void query_batch_reverse(struct batch *b);
void query_batch_done(struct batch *b);

#endif
