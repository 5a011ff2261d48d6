/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathering rows of one kind as columns. Rows of a kind have mostly the same fields, so that a
 * column that was made stays for the groups that follow, and a row costs one walk over its
 * directory. A row is taken whole or not at all: its columns are found before any value is added.
 */
#include "segment/segment_int.h"

#include <stdlib.h>

static_assert(SEGMENT_COLUMNS_MAX < UINT8_MAX, "a place fits a byte");

static void empty(struct segment_gather *g)
{
	g->rows = 0;
	g->bytes = 0;
	g->time_min = INT64_MAX;
	g->time_max = INT64_MIN;
}

int segment_gather_new(uint16_t kind_id, unsigned parts, struct segment_gather **out)
{
	CLEANUP(segment_gather_free) struct segment_gather *g = calloc(1, sizeof(*g));
	int r = 0;

	if (!g)
		return -ENOMEM;
	g->kind_id = kind_id;
	g->parts = parts;
	empty(g);
	for (size_t i = 0; i < SEGMENT_ID_COLUMNS && r == 0; i++)
		r = chunk_build_new(SEGMENT_ID_FIELD, FIELD_U64, &g->id[i]);
	if (r < 0)
		return r;
	*out = TAKE(g);
	return 0;
}

void segment_gather_drop(struct segment_gather *g)
{
	for (size_t i = 0; i < g->columns; i++)
		chunk_build_free(g->column[i].chunk);
	g->columns = 0;
	g->kept = 0;
	memset(g->place, 0, sizeof(g->place));
}

void segment_gather_free(struct segment_gather *g)
{
	if (!g)
		return;
	segment_gather_drop(g);
	for (size_t i = 0; i < SEGMENT_ID_COLUMNS; i++)
		chunk_build_free(g->id[i]);
	free(g);
}

void segment_gather_weigh(struct segment_gather *g)
{
	g->bytes = 0;
	for (size_t i = 0; i < SEGMENT_ID_COLUMNS; i++)
		g->bytes += chunk_build_bytes(g->id[i]);
	for (size_t i = 0; i < g->columns; i++)
		if (g->column[i].chunk)
			g->bytes += chunk_build_bytes(g->column[i].chunk);
}

void segment_gather_reset(struct segment_gather *g)
{
	segment_gather_weigh(g);
	g->kept = g->bytes > g->kept ? g->bytes : g->kept;
	for (size_t i = 0; i < SEGMENT_ID_COLUMNS; i++)
		chunk_build_reset(g->id[i], SEGMENT_ID_FIELD, FIELD_U64);
	for (size_t i = 0; i < g->columns; i++) {
		struct segment_build *b = &g->column[i];

		b->present = 0;
		if (b->chunk)
			chunk_build_reset(b->chunk, b->field_id, b->type);
	}
	empty(g);
}

/* ---- Columns --------------------------------------------------------------------------------- */

static struct segment_build *find(struct segment_gather *g, uint16_t field_id)
{
	if (likely(field_id < SEGMENT_GATHER_TABLE)) {
		unsigned place = g->place[field_id];

		return place > 0 ? &g->column[place - 1] : NULL;
	}
	for (size_t i = 0; i < g->columns; i++)
		if (g->column[i].field_id == field_id)
			return &g->column[i];
	return NULL;
}

static int add_column(struct segment_gather *g, uint16_t field_id, uint8_t type)
{
	struct segment_build *b = &g->column[g->columns];
	enum field_part part = row_field_part(g->kind_id, field_id);
	int r = 0;

	if (g->columns == SEGMENT_COLUMNS_MAX)
		return -ENOBUFS;
	*b = (struct segment_build){ .field_id = field_id, .type = type, .part = (uint8_t)part };
	if (g->parts >> part & 1)
		r = chunk_build_new(field_id, type, &b->chunk);
	if (r < 0)
		return r;
	g->columns++;
	if (field_id < SEGMENT_GATHER_TABLE)
		g->place[field_id] = (uint8_t)g->columns;
	return 0;
}

/* A column without values may become one of another type. */
static int change_type(struct segment_build *b, uint8_t type)
{
	if (b->present > 0)
		return -EBADMSG;
	b->type = type;
	if (b->chunk)
		chunk_build_reset(b->chunk, b->field_id, type);
	return 0;
}

/* Finds or makes the column of each field of the row, and reads its values. */
static int resolve(struct segment_gather *g, const struct row_view *row, uint8_t *column,
		   uint16_t *field)
{
	*field = 0;
	if (row->fields > SEGMENT_COLUMNS_MAX)
		return -EBADMSG;
	for (unsigned i = 0; i < row->fields; i++) {
		uint16_t id = row_value_at(row, i, &g->value[i]);
		struct segment_build *b = find(g, id);
		uint8_t type = (uint8_t)g->value[i].type;
		int r = 0;

		if (unlikely(!b)) {
			r = add_column(g, id, type);
			b = &g->column[g->columns - 1];
		} else if (unlikely(b->type != type)) {
			r = change_type(b, type);
		}
		if (unlikely(r < 0)) {
			*field = id;
			return r;
		}
		column[i] = (uint8_t)(b - g->column);
	}
	return 0;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static int add_ids(struct segment_gather *g, const struct row_view *row, uint64_t arrival)
{
	int r = chunk_build_add_word(g->id[0], g->rows, row->id_hi);

	if (r == 0)
		r = chunk_build_add_word(g->id[1], g->rows, row->id_lo);
	return r < 0 ? r : chunk_build_add_word(g->id[2], g->rows, arrival);
}

static void note_time(struct segment_gather *g, const struct row_view *row)
{
	int64_t at_ns;

	if (!row_get_time(row, common_time, &at_ns))
		return;
	if (at_ns < g->time_min)
		g->time_min = at_ns;
	if (at_ns > g->time_max)
		g->time_max = at_ns;
}

int segment_gather_add(struct segment_gather *g, const struct row_view *row, uint64_t arrival,
		       uint16_t *field)
{
	uint8_t column[SEGMENT_COLUMNS_MAX];
	int r = resolve(g, row, column, field);

	if (r < 0)
		return r;
	r = add_ids(g, row, arrival);
	for (unsigned i = 0; i < row->fields && r == 0; i++) {
		struct segment_build *b = &g->column[column[i]];

		b->present++;
		if (b->chunk)
			r = chunk_build_add(b->chunk, g->rows, &g->value[i]);
	}
	if (r < 0)
		return r;
	if (g->rows == 0)
		g->arrival_min = arrival;
	g->arrival_max = arrival;
	note_time(g, row);
	g->rows++;
	g->bytes += row->bytes.n;
	return 0;
}
