/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of chunks share: a column of values, written and read again, and numbers by chance
 * that are the same in every run.
 */
#ifndef REDOUBT_SEGMENT_CHUNK_RIG_H
#define REDOUBT_SEGMENT_CHUNK_RIG_H

#include "t.h"

#include "segment/chunk_form.h"

#define RIG_FIELD 105

struct chunk_rig {
	uint8_t type;
	uint32_t rows;
	bool *has;               /* of each row */
	struct row_value *value; /* of each row that has one */
	struct chunk_build *build;
	struct buf out;
	struct chunk_facts facts;
	struct chunk_memory memory;
	struct column column; /* that was read again */
	void *bytes;          /* of which it borrows: exactly as long as the chunk */
};

static struct chunk_rig *rig_new(uint8_t type, uint32_t rows)
{
	struct chunk_rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->type = type;
	r->rows = rows;
	r->has = calloc(rows + 1, sizeof(*r->has));
	r->value = calloc(rows + 1, sizeof(*r->value));
	assert_true(r->has && r->value);
	assert_int_equal(chunk_build_new(RIG_FIELD, type, &r->build), 0);
	buf_init(&r->out, GIB);
	return r;
}

static void rig_free(struct chunk_rig *r)
{
	chunk_build_free(r->build);
	chunk_memory_done(&r->memory);
	buf_done(&r->out);
	free(r->bytes);
	free(r->has);
	free(r->value);
	free(r);
}

[[maybe_unused]] static uint64_t rig_chance(uint64_t *seed)
{
	return hash_mix(++*seed, UINT64_C(0x5bd1e995));
}

static void rig_put(struct chunk_rig *r, uint32_t row, struct row_value v)
{
	assert_true(row < r->rows);
	v.type = r->type;
	r->has[row] = true;
	r->value[row] = v;
}

/* A number in every member that has it. */
[[maybe_unused]] static void rig_put_word(struct chunk_rig *r, uint32_t row, uint64_t word)
{
	struct row_value v = { .u = word, .b = word, .i = (int64_t)word };

	memcpy(&v.f, &word, sizeof(v.f));
	rig_put(r, row, v);
}

[[maybe_unused]] static void rig_put_text(struct chunk_rig *r, uint32_t row, struct str s)
{
	rig_put(r, row, (struct row_value){ .s = s });
}

[[maybe_unused]] static void rig_put_ip(struct chunk_rig *r, uint32_t row, uint64_t number)
{
	struct row_value v = { 0 };

	memcpy(v.ip.b + 8, &number, sizeof(number));
	rig_put(r, row, v);
}

static void rig_add_all(struct chunk_rig *r)
{
	for (uint32_t i = 0; i < r->rows; i++)
		if (r->has[i])
			assert_int_equal(chunk_build_add(r->build, i, &r->value[i]), 0);
}

static const struct chunk_head *rig_encode(struct chunk_rig *r)
{
	static struct chunk_head head;

	rig_add_all(r);
	assert_int_equal(chunk_encode(r->build, r->rows, &r->out, &r->facts), 0);
	assert_true(r->out.len % CHUNK_ALIGN == 0 && r->out.len >= sizeof(head));
	memcpy(&head, r->out.p, sizeof(head));
	return &head;
}

static int rig_decode(struct chunk_rig *r)
{
	free(r->bytes);
	r->bytes = malloc(r->out.len > 0 ? r->out.len : 1);
	assert_non_null(r->bytes);
	memcpy(r->bytes, r->out.p, r->out.len);
	chunk_memory_reset(&r->memory);
	return chunk_decode((struct str){ r->bytes, r->out.len }, RIG_FIELD, r->type, r->rows,
			    &r->memory, &r->column);
}

/* A value as bytes that can be compared. */
static struct str rig_bytes(const struct row_value *v)
{
	switch (chunk_class_of(v->type)) {
	case CHUNK_WORDS:
		return (struct str){ (const char *)&v->u, sizeof(v->u) };
	case CHUNK_IPS:
		return (struct str){ (const char *)&v->ip, sizeof(v->ip) };
	case CHUNK_TEXTS:
	case CHUNK_NONE:
		break;
	}
	return v->s;
}

static void rig_compare(const struct chunk_rig *r)
{
	const struct column *c = &r->column;

	assert_int_equal(c->field_id, RIG_FIELD);
	assert_int_equal(c->type, r->type);
	assert_int_equal(c->rows, r->rows);
	for (uint32_t i = 0; i < r->rows; i++) {
		const struct row_value *want = &r->value[i];
		struct row_value got;

		if (column_value(c, i, &got) != r->has[i])
			fail_msg("row %u of %u is there when it should not be", i, r->rows);
		if (!r->has[i])
			continue;
		if (got.type != want->type || got.marks != want->marks || got.n != want->n ||
		    !str_eq(rig_bytes(&got), rig_bytes(want)))
			fail_msg("row %u of %u came back as another value", i, r->rows);
	}
}

/* Writes and reads it, and compares all of it. */
[[maybe_unused]] static const struct chunk_head *rig_round_trip(struct chunk_rig *r)
{
	const struct chunk_head *head = rig_encode(r);

	assert_int_equal(rig_decode(r), 0);
	rig_compare(r);
	return head;
}

#endif
