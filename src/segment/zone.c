/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the directory knows of a column, asked before it is opened. The answers exclude only what
 * cannot be: where a zone map, a set of hashes or a Bloom filter is not there, is damaged or is of
 * another form than the value, the value may be there.
 */
#include "segment/segment_int.h"

bool segment_zone(const struct segment *s, size_t group, uint16_t field_id,
		  struct segment_zone *out)
{
	const struct segment_column *c = segment_find(s, group, field_id);
	struct segment_zone z = { 0 };

	if (!c)
		return false;
	z.rows = s->all.group[group].rows;
	z.present = c->present;
	z.bounded = c->bounds > 0;
	if (z.bounded)
		segment_directory_bounds(buf_str(&s->part[c->part].directory), c, &z.min, &z.max);
	z.exact = c->hashes > 0;
	z.distinct = c->distinct;
	*out = z;
	return true;
}

/* ---- One value ------------------------------------------------------------------------------- */

static bool is_number(enum segment_form form)
{
	return form == SEGMENT_UNSIGNED || form == SEGMENT_SIGNED;
}

/* Can values of the column be compared with this one? A list or map as a value is none of its
 * elements. */
static bool is_comparable(const struct segment_column *c, const struct row_value *v)
{
	enum segment_form mine = segment_form(c->type), theirs = segment_form(v->type);

	if (segment_is_list(v->type))
		return false;
	return mine == theirs || (is_number(mine) && is_number(theirs));
}

static bool is_within(const struct segment_column *c, struct str directory,
		      const struct row_value *v)
{
	union row_slot min, max;

	segment_directory_bounds(directory, c, &min, &max);
	switch (segment_form(c->type)) {
	case SEGMENT_UNSIGNED:
		return v->u >= min.u && v->u <= max.u;
	case SEGMENT_SIGNED:
		return v->i >= min.i && v->i <= max.i;
	case SEGMENT_FLOAT:
		return !(v->f < min.f || v->f > max.f);
	case SEGMENT_IP:
		return memcmp(&v->ip, &min.ip, sizeof(v->ip)) >= 0 &&
		       memcmp(&v->ip, &max.ip, sizeof(v->ip)) <= 0;
	case SEGMENT_NONE:
	case SEGMENT_TEXT:
		break;
	}
	return true;
}

static uint64_t hash_of(const struct row_value *v)
{
	switch (segment_form(v->type)) {
	case SEGMENT_IP:
		return hash_bytes(&v->ip, sizeof(v->ip), 0);
	case SEGMENT_TEXT:
		return hash_bytes(v->s.p, v->s.n, 0);
	case SEGMENT_NONE:
	case SEGMENT_UNSIGNED:
	case SEGMENT_SIGNED:
	case SEGMENT_FLOAT:
		break;
	}
	return hash_bytes(&v->u, sizeof(v->u), 0);
}

static bool is_among(const struct segment_column *c, struct str directory, uint64_t hash)
{
	const uint8_t *p = (const uint8_t *)directory.p + c->hashes;

	for (unsigned i = 0; i < c->distinct; i++)
		if (load_u64le(p + i * sizeof(uint64_t)) == hash)
			return true;
	return false;
}

bool segment_may_hold(struct segment *s, size_t group, uint16_t field_id,
		      const struct row_value *value)
{
	const struct segment_column *c = segment_find(s, group, field_id);
	struct str directory, bloom;

	if (!c)
		return false;
	if (!is_comparable(c, value))
		return true;
	directory = buf_str(&s->part[c->part].directory);
	if (c->bounds && !is_within(c, directory, value))
		return false;
	if (segment_form(c->type) == SEGMENT_FLOAT)
		return true;
	if (c->hashes)
		return is_among(c, directory, hash_of(value));
	if (!c->bloom || segment_bloom(s, group, c, &bloom, NULL) < 0)
		return true;
	return segment_bloom_has((const uint8_t *)bloom.p, bloom.n, hash_of(value));
}
