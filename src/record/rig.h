/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of this room share: a ring with a plan, and a row of any kind.
 */
#ifndef REDOUBT_RECORD_RIG_H
#define REDOUBT_RECORD_RIG_H

#include "t.h"

#include "record/row.h"

struct rig {
	struct ring ring;
	struct counters counters;
	struct mask_plan plan; /* at first everything is kept */
	struct row_out out;
	struct row_view view; /* of the row taken last */
	struct buf text;
	_Alignas(8) char memory[sizeof(struct row) + ROW_SLOTS_MAX * sizeof(union row_slot)];
};

static struct rig *rig_new(size_t ring_bytes)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	assert_int_equal(ring_create(ring_bytes, &r->ring, NULL), 0);
	r->out = (struct row_out){ .ring = &r->ring,
				   .plan = &r->plan,
				   .counters = &r->counters,
				   .agent = 0xa1a2a3a4,
				   .epoch = 7,
				   .shard = 3 };
	buf_init(&r->text, MIB);
	return r;
}

static void rig_free(struct rig *r)
{
	ring_done(&r->ring);
	buf_done(&r->text);
	free(r);
}

static struct row *rig_row(struct rig *r, enum kind_id kind)
{
	struct row *row = (void *)r->memory;

	/* What is not put must not be read: the sanitizers cannot say so, odd bytes can. */
	memset(r->memory, 0xa5, sizeof(r->memory));
	row_init(row, record_kind_by_id((uint16_t)kind));
	return row;
}

[[maybe_unused]] static void rig_mask(struct rig *r, enum kind_id kind, struct field_ref ref,
				      enum mask_action action, const struct mask_names *allow)
{
	const struct record_kind *k = record_kind_by_id((uint16_t)kind);

	r->plan.rule[record_kind_place(k)][ref.slot] = (struct mask_rule){ action, allow };
}

/* Takes the row at the front of the ring and checks it; it stays readable until the next one. */
[[maybe_unused]] static const struct row_view *rig_take(struct rig *r)
{
	struct str bytes = ring_readable(&r->ring);
	ptrdiff_t n = row_length(bytes);

	assert_true(n > 0);
	assert_int_equal(row_view(str_head(bytes, (size_t)n), &r->view), 0);
	ring_consume(&r->ring, (size_t)n);
	return &r->view;
}

[[maybe_unused]] static const struct row_view *rig_commit(struct rig *r, const struct row *row)
{
	assert_int_equal(row_commit(row, &r->out), 0);
	return rig_take(r);
}

[[maybe_unused]] static struct row_value rig_value(const struct row_view *v, struct field_ref ref)
{
	struct row_value value;

	assert_true(row_value(v, ref.slot, &value));
	return value;
}

#endif
