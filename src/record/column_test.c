// SPDX-License-Identifier: Apache-2.0
/* Values out of columns in each of their forms, and rows out of columns. */
#include "record/rig.h"

#define ROWS 4

static struct row_value value_at(const struct column *c, size_t row)
{
	struct row_value v;

	assert_true(column_value(c, row, &v));
	assert_int_equal(v.type, c->type);
	return v;
}

TEST(numbers_of_each_width_stand_above_their_base)
{
	static const uint8_t one[ROWS] = { 1, 2, 3, 255 };
	static const uint16_t two[ROWS] = { 1, 2, 3, UINT16_MAX };
	static const uint32_t four[ROWS] = { 1, 2, 3, UINT32_MAX };
	static const uint64_t eight[ROWS] = { 1, 2, 3, UINT64_MAX };
	const struct column c[] = {
		{ .type = FIELD_U64, .width = 1, .rows = ROWS, .base = 1000, .data = one },
		{ .type = FIELD_U64, .width = 2, .rows = ROWS, .base = 1000, .data = two },
		{ .type = FIELD_U64, .width = 4, .rows = ROWS, .base = 1000, .data = four },
		{ .type = FIELD_U64, .width = 8, .rows = ROWS, .base = 1000, .data = eight },
		{ .type = FIELD_U64, .rows = ROWS, .base = 1000 },
	};
	static const uint64_t last[] = { 1255, 1000 + UINT16_MAX, UINT64_C(1000) + UINT32_MAX, 999,
					 1000 };

	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		assert_true(value_at(&c[i], 1).u == (c[i].width ? 1002 : 1000));
		assert_true(value_at(&c[i], 3).u == last[i]);
	}
}

TEST(a_number_is_every_type_of_number)
{
	static const uint64_t words[ROWS] = { 1, UINT64_MAX, 0, UINT64_C(0x3ff8000000000000) };
	struct column c = { .type = FIELD_I64, .width = 8, .rows = ROWS, .data = words };

	assert_int_equal(value_at(&c, 1).i, -1);
	assert_true(value_at(&c, 0).b);
	assert_false(value_at(&c, 2).b);
	c.type = FIELD_F64;
	assert_true(value_at(&c, 3).f == 1.5);
}

TEST(a_dictionary_of_numbers_is_looked_up)
{
	static const uint8_t index[ROWS] = { 2, 0, 1, 2 };
	static const uint64_t words[] = { 200, 404, UINT64_MAX };
	const struct column c = { .type = FIELD_U64,
				  .width = 1,
				  .rows = ROWS,
				  .distinct = 3,
				  .data = index,
				  .words = words };
	struct row_value v;

	assert_true(value_at(&c, 0).u == UINT64_MAX);
	assert_int_equal(value_at(&c, 1).u, 200);
	column_entry(&c, 1, &v);
	assert_int_equal(v.u, 404);
	assert_int_equal(v.type, FIELD_U64);
}

TEST(addresses_are_looked_up_also_when_there_is_one)
{
	static const uint16_t index[ROWS] = { 1, 0, 1, 1 };
	static const struct ip_addr ips[] = { { { 1 } }, { { 2 } } };
	struct column c = {
		.type = FIELD_IP, .width = 2, .rows = ROWS, .distinct = 2, .data = index, .ips = ips
	};

	assert_int_equal(value_at(&c, 0).ip.b[0], 2);
	assert_int_equal(value_at(&c, 1).ip.b[0], 1);
	c.width = 0;
	c.data = NULL;
	assert_int_equal(value_at(&c, 0).ip.b[0], 1);
	c.width = 2;
	c.data = index;
	c.distinct = 0;
	assert_int_equal(value_at(&c, 0).ip.b[0], 2);
}

TEST(texts_stand_by_row_or_in_a_dictionary)
{
	static const uint32_t ends[ROWS] = { 3, 3, 7, 8 };
	static const uint8_t index[ROWS] = { 3, 2, 1, 0 };
	struct column c = { .type = FIELD_STR, .rows = ROWS, .ends = ends, .text = "GETPOSTX" };

	assert_str(value_at(&c, 0).s, "GET");
	assert_str(value_at(&c, 1).s, "");
	assert_str(value_at(&c, 2).s, "POST");
	c.distinct = 4;
	c.width = 1;
	c.data = index;
	assert_str(value_at(&c, 0).s, "X");
	assert_str(value_at(&c, 3).s, "GET");
	c.width = 0;
	c.data = NULL;
	assert_str(value_at(&c, 3).s, "GET");
}

TEST(absent_rows_have_no_value_and_marks_are_kept)
{
	static const uint64_t present[] = { 0xd };
	static const uint8_t marks[ROWS] = { 0, ROW_CUT, ROW_MASKED, 0 };
	const struct column c = {
		.type = FIELD_U64, .rows = ROWS, .base = 7, .present = present, .marks = marks
	};
	struct row_value v;

	assert_false(column_value(&c, 1, &v));
	assert_int_equal(value_at(&c, 0).marks, 0);
	assert_int_equal(value_at(&c, 2).marks, ROW_MASKED);
}

/* ---- Rows ------------------------------------------------------------------------------------ */

/* Columns of one row, made from a row by hand. */
struct columns {
	struct column c[ROW_SLOTS_MAX];
	const struct column *at[ROW_SLOTS_MAX];
	uint32_t ends[ROW_SLOTS_MAX], counts[ROW_SLOTS_MAX];
	uint8_t marks[ROW_SLOTS_MAX];
	struct ip_addr ips[ROW_SLOTS_MAX];
	size_t n;
};

static void columns_of(const struct row_view *row, struct columns *to)
{
	*to = (struct columns){ 0 };
	for (unsigned slot = 0; slot < row->kind->slots; slot++) {
		struct column *c = &to->c[to->n];
		struct row_value v;

		if (!row_value(row, slot, &v))
			continue;
		to->marks[to->n] = v.marks;
		to->ips[to->n] = v.ip;
		to->ends[to->n] = (uint32_t)v.s.n;
		to->counts[to->n] = (uint32_t)v.n;
		*c = (struct column){ .field_id = row->kind->field[slot].id,
				      .type = (uint8_t)v.type,
				      .rows = 1,
				      .base = v.type == FIELD_IP ? 0 : v.u,
				      .marks = &to->marks[to->n],
				      .ips = &to->ips[to->n],
				      .ends = &to->ends[to->n],
				      .counts = &to->counts[to->n],
				      .text = v.s.p };
		to->at[to->n++] = c;
	}
}

static const struct row_view *a_capture(struct rig *r)
{
	static const uint64_t links[] = { 1, 113, UINT64_MAX };
	const struct row_pair vlans[] = { { STR("7"), STR("20") }, { STR(""), STR("") } };
	struct row *row = rig_row(r, KIND_CAPTURE);
	struct ip_addr ip = { { 1, 2, 3 } };

	row_put_time(row, common_time, -5);
	row_put_str(row, common_observer, STR("eth0"));
	row_mark_cut(row, common_observer.ref);
	row_put_ip(row, common_src_ip, ip);
	row_put_enum(row, capture_format, 1);
	row_put_u64(row, capture_packets, UINT64_MAX);
	row_put_bool(row, capture_truncated, true);
	row_put_map(row, capture_vlans, vlans, 2);
	row_put_list_u64(row, capture_links, links, 3);
	return rig_commit(r, row);
}

TEST(a_row_from_its_columns_is_the_same_bytes)
{
	struct rig *r = rig_new(MIB);
	const struct row_view *row = a_capture(r);
	struct columns *c = malloc(sizeof(*c));
	uint8_t to[1024];
	ptrdiff_t n;

	assert_non_null(c);
	columns_of(row, c);
	assert_int_equal(c->n, 8);
	n = row_from_columns(row->kind_id, row->id_hi, row->id_lo, c->at, c->n, 0, to, sizeof(to));

	assert_int_equal(n, row->bytes.n);
	assert_memory_equal(to, row->bytes.p, row->bytes.n);
	free(c);
	rig_free(r);
}

TEST(a_list_of_texts_from_a_column_is_the_same_bytes)
{
	const struct str marks[] = { STR("te-and-cl"), STR(""), STR("bare-lf") };
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);
	struct columns *c = malloc(sizeof(*c));
	const struct row_view *v;
	uint8_t to[1024];

	assert_non_null(c);
	row_put_list_str(row, http_anomalies, marks, 3);
	v = rig_commit(r, row);
	columns_of(v, c);

	assert_int_equal(row_from_columns(v->kind_id, v->id_hi, v->id_lo, c->at, c->n, 0, to,
					  sizeof(to)),
			 v->bytes.n);
	assert_memory_equal(to, v->bytes.p, v->bytes.n);
	free(c);
	rig_free(r);
}

TEST(columns_without_a_value_at_the_row_are_left_out)
{
	static const uint64_t present[] = { 2 };
	const struct column time = { .field_id = 2, .type = FIELD_TIME, .rows = 2, .base = 9 };
	const struct column status = {
		.field_id = 105, .type = FIELD_U64, .rows = 2, .base = 200, .present = present
	};
	const struct column *const at[] = { &time, &status };
	struct row_view v;
	uint64_t to[16];

	for (size_t row = 0; row < 2; row++) {
		ptrdiff_t n = row_from_columns(KIND_HTTP, 1, 2, at, 2, row, to, sizeof(to));

		assert_int_equal(row_view((struct str){ (char *)to, (size_t)n }, &v), 0);
		assert_int_equal(v.fields, 1 + row);
		assert_int_equal(v.id_hi, 1);
		assert_int_equal(v.id_lo, 2);
	}
}

TEST(want_of_room_is_told_at_each_length)
{
	struct rig *r = rig_new(MIB);
	const struct row_view *row = a_capture(r);
	struct columns *c = malloc(sizeof(*c));

	assert_non_null(c);
	columns_of(row, c);
	for (size_t room = 0; room <= row->bytes.n + 8; room++) {
		uint8_t *to = malloc(room > 0 ? room : 1);
		ptrdiff_t n = row_from_columns(row->kind_id, row->id_hi, row->id_lo, c->at, c->n, 0,
					       to, room);

		assert_int_equal(n, room < row->bytes.n ? -ENOBUFS : (ptrdiff_t)row->bytes.n);
		free(to);
	}
	free(c);
	rig_free(r);
}

TEST_MAIN
