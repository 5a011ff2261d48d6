/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying a segment: every chunk is opened and decoded, every Bloom filter, and each value is
 * compared with what the directory says of its column. What is wrong is said a line each, and the
 * rest is looked at all the same.
 */
#include "segment/segment_int.h"

#include <inttypes.h>
#include <stdio.h>

struct verify {
	struct segment *s;
	size_t group;
	struct segment_scratch *scratch;
	void (*say)(void *owner, const char *text);
	void *owner;
	ptrdiff_t wrong;
};

static void say(struct verify *v, const char *text)
{
	v->wrong++;
	if (v->say)
		v->say(v->owner, text);
}

static void say_of(struct verify *v, const struct segment_column *c, const char *what)
{
	char place[SEGMENT_PLACE_BYTES], text[SEGMENT_PLACE_BYTES + 64];

	(void)snprintf(text, sizeof(text), "%s: %s", segment_place(v->s, v->group, c, place), what);
	say(v, text);
}

/* ---- Columns --------------------------------------------------------------------------------- */

static bool may_hold(struct verify *v, const struct segment_column *c, struct row_value value)
{
	return segment_may_hold(v->s, v->group, c->field_id, &value);
}

/* Elements of lists and names of maps are asked one by one. */
static bool holds(struct verify *v, const struct segment_column *c, const struct row_value *value)
{
	struct row_pair pair;
	uint64_t number;
	size_t pos = 0;
	bool all = true;

	while (row_value_next_u64(value, &pos, &number))
		all &= may_hold(v, c, (struct row_value){ .type = FIELD_U64, .u = number });
	while (row_value_next_str(value, &pos, &pair.name))
		all &= may_hold(v, c, (struct row_value){ .type = FIELD_STR, .s = pair.name });
	while (row_value_next_pair(value, &pos, &pair))
		all &= may_hold(v, c, (struct row_value){ .type = FIELD_STR, .s = pair.name });
	return all && may_hold(v, c, *value);
}

static void verify_zone(struct verify *v, const struct segment_column *c,
			const struct column *column)
{
	uint32_t present = 0, excluded = 0;
	struct row_value value;

	for (size_t i = 0; i < column->rows; i++) {
		if (!column_value(column, i, &value))
			continue;
		present++;
		excluded += !holds(v, c, &value);
	}
	if (present != c->present)
		say_of(v, c, "the directory counts other values than it has");
	if (excluded > 0)
		say_of(v, c, "the directory excludes values that it has");
}

static void verify_bloom(struct verify *v, const struct segment_column *c)
{
	struct str bits;
	struct err err = { 0 };

	if (segment_bloom(v->s, v->group, c, &bits, &err) < 0)
		say_of(v, c, "its filter is damaged");
}

/* Arrival numbers ascend within the bounds of the group. */
static void verify_arrivals(struct verify *v, const struct segment_column *c,
			    const struct column *column)
{
	const struct segment_group *g = segment_group(v->s, v->group);
	uint64_t first = column_word(column, 0), last = column_word(column, g->rows - 1);
	bool ascend = true;

	for (size_t i = 1; i < g->rows; i++)
		ascend = ascend && column_word(column, i) > column_word(column, i - 1);
	if (!ascend || first != g->arrival_min || last != g->arrival_max)
		say_of(v, c, "arrival numbers are not those of the directory");
}

static void verify_column(struct verify *v, const struct segment_column *c, bool arrivals)
{
	struct column column;
	struct err err = { 0 };

	segment_scratch_reset(v->scratch);
	if (c->bloom)
		verify_bloom(v, c);
	if (segment_decode(v->s, v->group, c, &v->scratch->memory, &column, &err) < 0)
		say(v, err.text);
	else if (c->field_id != SEGMENT_ID_FIELD)
		verify_zone(v, c, &column);
	else if (arrivals)
		verify_arrivals(v, c, &column);
}

ptrdiff_t segment_verify(struct segment *s, void (*say_it)(void *owner, const char *text),
			 void *owner)
{
	CLEANUP(segment_scratch_free) struct segment_scratch *scratch = NULL;
	struct verify v = { .s = s, .say = say_it, .owner = owner };
	int r = segment_scratch_new(&scratch);

	if (r < 0)
		return r;
	v.scratch = scratch;
	for (unsigned i = 0; i < ROW_PARTS; i++)
		if (segment_missing(s, (enum field_part)i))
			say(&v, segment_missing(s, (enum field_part)i));
	for (v.group = 0; v.group < segment_groups(s); v.group++) {
		size_t n;
		const struct segment_column *c = segment_columns(s, v.group, &n);

		for (size_t i = 0; i < n; i++)
			verify_column(&v, &c[i], i == SEGMENT_ID_COLUMNS - 1);
	}
	return v.wrong;
}
