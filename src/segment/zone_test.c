/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the directory says of a column never excludes a value that is there, whatever the values
 * are, and where it says that it is exact, it is.
 */
#include "segment/rig.h"

/* ---- Whatever the values are ----------------------------------------------------------------- */

static bool may_hold(struct rig *r, size_t g, uint16_t field, const struct row_value *v)
{
	return segment_may_hold(r->segment, g, field, v);
}

/* Each element of a list, name of a map, or the value itself. */
static void assert_may_hold(struct rig *r, size_t g, uint16_t field, const struct row_value *v)
{
	struct row_value element = { .type = FIELD_U64 };
	struct row_pair pair;
	size_t pos = 0;

	if (v->type == FIELD_LIST_U64) {
		while (row_value_next_u64(v, &pos, &element.u))
			assert_true(may_hold(r, g, field, &element));
		return;
	}
	element.type = FIELD_STR;
	if (v->type == FIELD_LIST_STR) {
		while (row_value_next_str(v, &pos, &element.s))
			assert_true(may_hold(r, g, field, &element));
	} else if (v->type == FIELD_MAP) {
		while (row_value_next_pair(v, &pos, &pair)) {
			element.s = pair.name;
			assert_true(may_hold(r, g, field, &element));
		}
	}
	assert_true(may_hold(r, g, field, v));
}

static void assert_bounded(const struct segment_zone *z, const struct row_value *v)
{
	switch (segment_form(v->type)) {
	case SEGMENT_UNSIGNED:
		assert_true(v->u >= z->min.u && v->u <= z->max.u);
		break;
	case SEGMENT_SIGNED:
		assert_true(v->i >= z->min.i && v->i <= z->max.i);
		break;
	case SEGMENT_FLOAT:
		assert_true(v->f >= z->min.f && v->f <= z->max.f);
		break;
	case SEGMENT_IP:
		assert_true(memcmp(&v->ip, &z->min.ip, 16) >= 0 &&
			    memcmp(&v->ip, &z->max.ip, 16) <= 0);
		break;
	case SEGMENT_NONE:
	case SEGMENT_TEXT:
		fail_msg("type %u has no bounds", v->type);
	}
}

static void check_group(struct rig *r, size_t g)
{
	const struct segment_group *group = segment_group(r->segment, g);

	for (size_t i = 0; i < group->columns; i++) {
		uint16_t field = segment_column_field(r->segment, g, i);
		struct segment_zone z;
		struct column c;
		struct row_value v;
		uint32_t present = 0;

		segment_scratch_reset(r->scratch);
		assert_int_equal(segment_column(r->segment, g, field, r->scratch, &c, &r->err), 0);
		assert_true(segment_zone(r->segment, g, field, &z));
		for (size_t row = 0; row < group->rows; row++) {
			if (!column_value(&c, row, &v))
				continue;
			present++;
			assert_may_hold(r, g, field, &v);
			if (z.bounded)
				assert_bounded(&z, &v);
		}
		assert_int_equal(z.present, present);
		assert_int_equal(z.rows, group->rows);
	}
}

TEST(no_zone_map_set_or_filter_excludes_a_value_that_is_there)
{
	struct rig *r = rig_new();

	for (unsigned round = 0; round < 3; round++) {
		rig_write(r);
		chance_state = 100 + round;
		rig_add_chance(r, round == 0 ? 40 : 4000);
		rig_finish(r);
		rig_open(r, RIG_ALL);
		for (size_t g = 0; g < segment_groups(r->segment); g++)
			check_group(r, g);
	}
	rig_free(r);
}

/* ---- What it is good for --------------------------------------------------------------------- */

static struct row_value u64_value(uint64_t u)
{
	return (struct row_value){ .type = FIELD_U64, .u = u, .i = (int64_t)u };
}

static struct row_value str_value(const char *text)
{
	return (struct row_value){ .type = FIELD_STR, .s = str_of(text) };
}

static struct row_value ip_value(const char *text)
{
	struct row_value v = { .type = FIELD_IP };

	assert_int_equal(ip_parse(str_of(text), &v.ip), 0);
	return v;
}

static void put_u64(struct rig *r, struct field_ref ref, uint64_t v)
{
	maker_field(&r->maker, record_kind_by_id(KIND_HTTP)->field[ref.slot].id, FIELD_U64, 0);
	maker_u64(&r->maker, v);
}

static void put_str(struct rig *r, struct field_ref ref, const char *v)
{
	maker_field(&r->maker, record_kind_by_id(KIND_HTTP)->field[ref.slot].id, FIELD_STR, 0);
	maker_text(&r->maker, str_of(v));
}

static uint16_t id_of(struct field_ref ref)
{
	return record_kind_by_id(KIND_HTTP)->field[ref.slot].id;
}

/* n rows of http: addresses 10.0.x.y, ports from 1000 on, hosts host-0 …, 3 statuses. */
static struct rig *http_rows(size_t n)
{
	struct rig *r = rig_new();
	struct row_value ip;
	char text[40];

	rig_write(r);
	for (size_t i = 0; i < n; i++) {
		maker_begin(&r->maker, KIND_HTTP, 1, i + 1);
		(void)snprintf(text, sizeof(text), "10.0.%zu.%zu", i / 250 % 250, i % 250);
		ip = ip_value(text);
		maker_field(&r->maker, id_of(common_src_ip.ref), FIELD_IP, 0);
		maker_bytes(&r->maker, &ip.ip, 16);
		put_u64(r, common_src_port.ref, 1000 + i);
		(void)snprintf(text, sizeof(text), "host-%zu", i);
		put_str(r, http_host.ref, text);
		put_u64(r, http_status.ref, 200 + i % 3);
		rig_add_made(r);
	}
	rig_finish(r);
	rig_open(r, RIG_META);
	return r;
}

TEST(bounds_exclude_what_lies_outside)
{
	struct rig *r = http_rows(300);
	struct row_value v;
	struct segment_zone z;

	assert_true(segment_zone(r->segment, 0, id_of(common_src_port.ref), &z));
	assert_true(z.bounded && z.min.u == 1000 && z.max.u == 1299);
	v = u64_value(999);
	assert_false(may_hold(r, 0, id_of(common_src_port.ref), &v));
	v = u64_value(1300);
	assert_false(may_hold(r, 0, id_of(common_src_port.ref), &v));
	v = u64_value(1000);
	assert_true(may_hold(r, 0, id_of(common_src_port.ref), &v));
	v = u64_value(1299);
	assert_true(may_hold(r, 0, id_of(common_src_port.ref), &v));
	v = ip_value("9.255.255.255");
	assert_false(may_hold(r, 0, id_of(common_src_ip.ref), &v));
	v = ip_value("10.0.1.50");
	assert_false(may_hold(r, 0, id_of(common_src_ip.ref), &v));
	v = ip_value("10.0.1.49");
	assert_true(may_hold(r, 0, id_of(common_src_ip.ref), &v));
	rig_free(r);
}

TEST(few_values_are_known_exactly)
{
	struct rig *r = http_rows(300);
	struct row_value v;
	struct segment_zone z;

	assert_true(segment_zone(r->segment, 0, id_of(http_status.ref), &z));
	assert_true(z.exact && z.distinct == 3);
	for (uint64_t status = 0; status < 1000; status++) {
		v = u64_value(status);
		assert_int_equal(may_hold(r, 0, id_of(http_status.ref), &v),
				 status >= 200 && status < 203);
	}
	assert_true(segment_zone(r->segment, 0, id_of(http_host.ref), &z));
	assert_false(z.exact);
	rig_free(r);
}

TEST(sixteen_values_are_few_and_seventeen_are_not)
{
	struct segment_zone z;
	struct rig *r = http_rows(16);

	assert_true(segment_zone(r->segment, 0, id_of(http_host.ref), &z));
	assert_true(z.exact && z.distinct == 16);
	rig_free(r);
	r = http_rows(17);
	assert_true(segment_zone(r->segment, 0, id_of(http_host.ref), &z));
	assert_false(z.exact);
	rig_free(r);
}

TEST(filters_let_through_at_most_two_percent_of_other_values)
{
	struct rig *r = http_rows(20000);
	unsigned passed = 0;
	char text[40];

	for (unsigned i = 0; i < 20000; i++) {
		struct row_value v;

		(void)snprintf(text, sizeof(text), "other-%u", i);
		v = str_value(text);
		passed += may_hold(r, 0, id_of(http_host.ref), &v);
	}

	assert_true(passed * 50 <= 20000);
	rig_free(r);
}

TEST(a_column_that_no_row_has_holds_nothing)
{
	struct rig *r = http_rows(3);
	struct segment_zone z;
	struct row_value v = str_value("GET");

	assert_false(segment_zone(r->segment, 0, id_of(http_method.ref), &z));
	assert_false(may_hold(r, 0, id_of(http_method.ref), &v));
	rig_free(r);
}

TEST(a_value_of_another_form_may_be_there)
{
	struct rig *r = http_rows(3);
	struct row_value v = str_value("200");

	assert_true(may_hold(r, 0, id_of(http_status.ref), &v));
	v = u64_value(7);
	assert_true(may_hold(r, 0, id_of(http_host.ref), &v));
	rig_free(r);
}

TEST(numbers_that_are_none_exclude_nothing)
{
	struct rig *r = rig_new();
	const double numbers[] = { 1.5, -0.0, 0.0 / 0.0 };
	struct row_value v = { .type = FIELD_F64 };

	rig_write(r);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		maker_begin(&r->maker, RIG_UNKNOWN_KIND, 1, i + 1);
		maker_field(&r->maker, 900, FIELD_F64, 0);
		maker_bytes(&r->maker, &numbers[i], 8);
		rig_add_made(r);
	}
	rig_finish(r);
	rig_open(r, RIG_ALL);

	v.f = 0.0;
	assert_true(may_hold(r, 0, 900, &v));
	v.f = numbers[2];
	assert_true(may_hold(r, 0, 900, &v));
	v.f = 1.5;
	assert_true(may_hold(r, 0, 900, &v));
	rig_free(r);
}

TEST_MAIN
