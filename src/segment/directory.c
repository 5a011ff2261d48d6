/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory of a part file: for each group its rows and bounds, for each of its columns the
 * length of the chunk and what is known of the values. Chunks stand in its order without a gap, so
 * that places and numbers are sums, and no two can overlap. It was sealed, and is checked all the
 * same: whoever holds the key of one file must not be able to hurt the reader of all.
 */
#include "segment/segment_int.h"

#include <stdlib.h>

#define GROUP_BYTES  40
#define COLUMN_BYTES 16
#define COLUMN_FLAGS (COLUMN_BOUNDED | COLUMN_EXACT | COLUMN_BLOOM)

/* ---- Types ----------------------------------------------------------------------------------- */

enum segment_form segment_form(unsigned type)
{
	static const uint8_t forms[FIELD_MAP + 1] = {
		[FIELD_BOOL] = SEGMENT_UNSIGNED, [FIELD_U64] = SEGMENT_UNSIGNED,
		[FIELD_I64] = SEGMENT_SIGNED,    [FIELD_F64] = SEGMENT_FLOAT,
		[FIELD_STR] = SEGMENT_TEXT,      [FIELD_BYTES] = SEGMENT_TEXT,
		[FIELD_TIME] = SEGMENT_SIGNED,   [FIELD_DUR] = SEGMENT_SIGNED,
		[FIELD_IP] = SEGMENT_IP,         [FIELD_ENUM] = SEGMENT_UNSIGNED,
		[FIELD_JSON] = SEGMENT_TEXT,     [FIELD_LIST_U64] = SEGMENT_UNSIGNED,
		[FIELD_LIST_STR] = SEGMENT_TEXT, [FIELD_MAP] = SEGMENT_TEXT,
	};

	return type < ARRAY_LEN(forms) ? (enum segment_form)forms[type] : SEGMENT_NONE;
}

bool segment_is_list(unsigned type)
{
	return type == FIELD_LIST_U64 || type == FIELD_LIST_STR || type == FIELD_MAP;
}

static size_t bound_bytes(unsigned type)
{
	return segment_form(type) == SEGMENT_IP ? sizeof(struct ip_addr) : sizeof(uint64_t);
}

static bool may_be_bounded(unsigned type)
{
	return segment_form(type) != SEGMENT_TEXT && !segment_is_list(type);
}

/* ---- Writing --------------------------------------------------------------------------------- */

static void put(struct buf *out, const void *p, size_t n)
{
	(void)buf_put(out, (struct str){ p, n });
}

static void put_u16(struct buf *out, uint16_t v)
{
	put(out, &v, sizeof(v));
}

static void put_u32(struct buf *out, uint32_t v)
{
	put(out, &v, sizeof(v));
}

static void put_u64(struct buf *out, uint64_t v)
{
	put(out, &v, sizeof(v));
}

void segment_directory_put_group(const struct segment_group *g, struct buf *out)
{
	put_u16(out, g->kind_id);
	put_u16(out, (uint16_t)g->columns);
	put_u32(out, g->rows);
	put_u64(out, g->arrival_min);
	put_u64(out, g->arrival_max);
	put_u64(out, (uint64_t)g->time_min);
	put_u64(out, (uint64_t)g->time_max);
}

void segment_directory_put_column(const struct segment_column *c, const struct chunk_facts *facts,
				  struct buf *out)
{
	bool bounded = facts->bounded && may_be_bounded(c->type);
	/* -0.0 equals 0.0, and their bytes do not: numbers of this type are not hashed. */
	bool exact = facts->distinct <= CHUNK_FEW && (facts->hashes || facts->distinct == 0) &&
		     segment_form(c->type) != SEGMENT_FLOAT;

	put_u16(out, c->field_id);
	put(out, &c->type, 1);
	put(out,
	    &(uint8_t){ (uint8_t)((bounded ? COLUMN_BOUNDED : 0) | (exact ? COLUMN_EXACT : 0) |
				  (c->bloom ? COLUMN_BLOOM : 0)) },
	    1);
	put_u32(out, c->present);
	put_u32(out, c->sealed);
	put_u32(out, c->plain);
	if (bounded) {
		put(out, &facts->min, bound_bytes(c->type));
		put(out, &facts->max, bound_bytes(c->type));
	}
	if (exact) {
		put(out, &(uint8_t){ (uint8_t)facts->distinct }, 1);
		put(out, facts->hashes, facts->distinct * sizeof(uint64_t));
	}
	if (c->bloom)
		put_u32(out, c->bloom);
}

/* ---- Parsing --------------------------------------------------------------------------------- */

/* How far the parser is: where the next chunk stands, and how many were named. */
struct walk {
	struct cur c;
	struct str plain;
	const struct segment_sum *sum;
	enum field_part part;
	uint64_t at;
	uint64_t number, rows;
	size_t columns;
};

static uint32_t walk_at(const struct walk *w)
{
	return (uint32_t)(w->plain.n - w->c.n);
}

static bool has_sealed(uint32_t sealed, uint32_t plain)
{
	return plain > 0 && plain <= SEGMENT_PLAIN_MAX && sealed > CRYPTO_GCM_TAG_BYTES &&
	       sealed - CRYPTO_GCM_TAG_BYTES <= plain;
}

static bool take_bloom(struct walk *w, struct segment_column *c)
{
	c->bloom = cur_u32le(&w->c);
	return c->bloom > CRYPTO_GCM_TAG_BYTES && c->bloom % 8 == 0 &&
	       c->bloom - CRYPTO_GCM_TAG_BYTES <= segment_bloom_bytes(SEGMENT_BLOOM_VALUES_MAX);
}

static bool take_exact(struct walk *w, struct segment_column *c)
{
	uint64_t before = 0;

	c->distinct = cur_u8(&w->c);
	c->hashes = walk_at(w);
	for (unsigned i = 0; i < c->distinct; i++) {
		uint64_t hash = cur_u64le(&w->c);

		if (i > 0 && hash <= before)
			return false;
		before = hash;
	}
	return c->distinct <= CHUNK_FEW;
}

/* What follows a column's fixed part. */
static bool take_zone(struct walk *w, unsigned flags, struct segment_column *c)
{
	if (flags & ~(unsigned)COLUMN_FLAGS)
		return false;
	if (flags & COLUMN_BOUNDED) {
		c->bounds = walk_at(w);
		cur_skip(&w->c, 2 * bound_bytes(c->type));
		if (!may_be_bounded(c->type))
			return false;
	}
	if (flags & COLUMN_EXACT && !take_exact(w, c))
		return false;
	return !(flags & COLUMN_BLOOM) || take_bloom(w, c);
}

static bool take_column(struct walk *w, uint32_t rows, struct segment_column *c)
{
	unsigned flags;

	*c = (struct segment_column){ .field_id = cur_u16le(&w->c), .part = (uint8_t)w->part };
	c->type = cur_u8(&w->c);
	flags = cur_u8(&w->c);
	c->present = cur_u32le(&w->c);
	c->sealed = cur_u32le(&w->c);
	c->plain = cur_u32le(&w->c);
	if (segment_form(c->type) == SEGMENT_NONE || c->present == 0 || c->present > rows ||
	    !has_sealed(c->sealed, c->plain) || !take_zone(w, flags, c))
		return false;
	c->at = w->at;
	c->number = (uint32_t)w->number;
	w->at += (uint64_t)c->sealed + c->bloom;
	w->number += c->bloom ? 2 : 1;
	return cur_ok(&w->c) && w->number <= w->sum->chunks;
}

/* Ids and arrival numbers, of all rows, without holes. */
static bool is_id_column(const struct segment_column *c, uint32_t rows)
{
	return c->field_id == SEGMENT_ID_FIELD && c->type == FIELD_U64 && c->present == rows;
}

static bool take_columns(struct walk *w, const struct segment_group *g, struct segment_column *to)
{
	uint32_t ids = w->part == PART_META ? SEGMENT_ID_COLUMNS : 0;

	if (g->columns < ids || g->columns > SEGMENT_COLUMNS_MAX + ids ||
	    g->columns > w->sum->columns - w->columns)
		return false;
	for (uint32_t i = 0; i < g->columns; i++) {
		if (!take_column(w, g->rows, &to[i]))
			return false;
		if (i < ids ? !is_id_column(&to[i], g->rows)
			    : to[i].field_id <= (i > ids ? to[i - 1].field_id : SEGMENT_ID_FIELD))
			return false;
	}
	w->columns += g->columns;
	return true;
}

static bool take_group(struct walk *w, struct segment_group *g)
{
	*g = (struct segment_group){ .kind_id = cur_u16le(&w->c) };
	g->columns = cur_u16le(&w->c);
	g->rows = cur_u32le(&w->c);
	g->arrival_min = cur_u64le(&w->c);
	g->arrival_max = cur_u64le(&w->c);
	g->time_min = (int64_t)cur_u64le(&w->c);
	g->time_max = (int64_t)cur_u64le(&w->c);
	w->rows += g->rows;
	return cur_ok(&w->c) && g->kind_id != 0 && g->rows > 0 && g->rows <= SEGMENT_GROUP_ROWS &&
	       g->arrival_min <= g->arrival_max;
}

static bool parse(struct walk *w, struct segment_directory *d)
{
	for (uint32_t g = 0; g < w->sum->groups; g++) {
		d->first[g] = (uint32_t)w->columns;
		if (!take_group(w, &d->group[g]) ||
		    !take_columns(w, &d->group[g], d->column + w->columns))
			return false;
	}
	d->first[w->sum->groups] = (uint32_t)w->columns;
	return w->c.n == 0 && w->columns == w->sum->columns && w->number == w->sum->chunks &&
	       w->rows == w->sum->rows && w->at == SEGMENT_HEAD_BYTES + w->sum->chunk_bytes;
}

void segment_directory_done(struct segment_directory *d)
{
	free(d->group);
	free(d->first);
	free(d->column);
	*d = (struct segment_directory){ 0 };
}

int segment_directory_parse(struct str plain, enum field_part part, const struct segment_sum *sum,
			    struct segment_directory *out)
{
	struct walk w = { .c = cur_of(plain.p, plain.n),
			  .plain = plain,
			  .sum = sum,
			  .part = part,
			  .at = SEGMENT_HEAD_BYTES };

	*out = (struct segment_directory){ 0 };
	/* What is counted must be there, so that memory is bounded by the bytes. */
	if (plain.n != sum->directory_bytes || plain.n / GROUP_BYTES < sum->groups ||
	    plain.n / COLUMN_BYTES < sum->columns)
		return -EBADMSG;
	out->group = calloc(sum->groups, sizeof(*out->group));
	out->first = calloc((size_t)sum->groups + 1, sizeof(*out->first));
	out->column = calloc((size_t)sum->columns + 1, sizeof(*out->column));
	if (!out->group || !out->first || !out->column || !parse(&w, out)) {
		int r = out->group && out->first && out->column ? -EBADMSG : -ENOMEM;

		segment_directory_done(out);
		return r;
	}
	return 0;
}

void segment_directory_bounds(struct str plain, const struct segment_column *c, union row_slot *min,
			      union row_slot *max)
{
	size_t n = bound_bytes(c->type);

	assert(c->bounds > 0 && c->bounds + 2 * n <= plain.n);
	*min = *max = (union row_slot){ 0 };
	memcpy(min, plain.p + c->bounds, n);
	memcpy(max, plain.p + c->bounds + n, n);
}
