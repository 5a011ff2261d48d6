// SPDX-License-Identifier: Apache-2.0
/*
 * Groups: exact counts and sums, their order, and the rest, where the table is full. That columns
 * give the same as rows, and both what an oracle says, is chance_test.c's.
 */
#include "query/rig.h"

struct made {
	struct rig *rig;
	struct query_plan *plan;
	struct aggregate *a;
	struct found found;
};

static void make(struct made *m, const struct query_spec *spec)
{
	struct err err = { ERR_NONE, "" };

	*m = (struct made){ .rig = rig_new() };
	if (query_plan_new(spec, RIG_ALL, &m->plan, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(query_aggregate_new(m->plan, 1, &m->a), 0);
}

static void give(struct made *m)
{
	assert_int_equal(query_aggregate_give(m->a, found_take_group, &m->found), 0);
}

static void done(struct made *m)
{
	found_clear(&m->found);
	query_aggregate_free(m->a);
	query_plan_free(m->plan);
	rig_free(m->rig);
}

/* Adds an HTTP row with a path and a latency; NULL and negative leave them out. */
static void add(struct made *m, const char *path, int64_t latency)
{
	struct row *row = rig_begin(m->rig, KIND_HTTP);
	struct row_view v;
	struct str bytes;

	if (path)
		row_put_str(row, http_path, str_of(path));
	if (latency >= 0)
		row_put_dur(row, http_latency, latency);
	bytes = rig_commit(m->rig, row, 0, false);
	assert_int_equal(row_view(bytes, &v), 0);
	assert_int_equal(query_aggregate_add_row(m->a, &v), 0);
	free((void *)(uintptr_t)bytes.p);
}

static struct query_spec by_path(void)
{
	struct query_spec s = spec_all();

	s.kind = KIND_HTTP;
	s.by[0] = 102;
	s.sum = 106;
	return s;
}

TEST(groups_come_by_key_and_absent_ones_first)
{
	struct query_spec s = by_path();
	struct made m;

	make(&m, &s);
	add(&m, "b", 5);
	add(&m, NULL, -1);
	add(&m, "a", 7);
	add(&m, "b", -1);
	add(&m, "", 1);
	give(&m);

	assert_int_equal(m.found.groups, 4);
	assert_int_equal(m.found.group[0].key[0].type, 0);
	assert_int_equal(m.found.group[1].key[0].type, FIELD_STR);
	assert_str(m.found.group[1].key[0].s, "");
	assert_str(m.found.group[2].key[0].s, "a");
	assert_str(m.found.group[3].key[0].s, "b");
	assert_int_equal(m.found.group[3].count, 2);
	assert_true(m.found.group[3].sum == 5 && m.found.group[3].has_sum);
	assert_false(m.found.group[0].has_sum);
	assert_string_equal(m.found.group[0].field[0]->name, "http.path");
	done(&m);
}

TEST(top_groups_come_by_count_and_then_by_key)
{
	struct query_spec s = by_path();
	struct made m;

	s.top = true;
	s.limit = 2;
	make(&m, &s);
	add(&m, "c", -1);
	add(&m, "b", -1);
	add(&m, "d", -1);
	add(&m, "d", -1);
	give(&m);

	assert_null(query_aggregate_lacks(m.a));
	assert_int_equal(m.found.groups, 2);
	assert_str(m.found.group[0].key[0].s, "d");
	assert_str(m.found.group[1].key[0].s, "b");
	done(&m);
}

TEST(sums_are_exact_beyond_what_a_double_adds)
{
	struct query_spec s = by_path();
	struct made m;

	make(&m, &s);
	add(&m, "a", INT64_MAX);
	for (unsigned i = 0; i < 4096; i++)
		add(&m, "a", 1);
	give(&m);

	assert_true(m.found.group[0].sum == 9223372036854775807.0 + 4096);
	done(&m);
}

TEST(a_quantile_that_no_row_has_is_none)
{
	struct query_spec s = by_path();
	struct made m;

	s.quantile = 106;
	s.quantiles[0] = 0.5;
	make(&m, &s);
	add(&m, "a", -1);
	add(&m, "b", 0);
	give(&m);

	assert_false(m.found.group[0].has_quantile);
	assert_true(m.found.group[1].has_quantile);
	assert_true(m.found.group[1].quantile[0] == 0);
	done(&m);
}

TEST(steps_of_time_begin_at_their_multiples_also_before_1970)
{
	struct query_plan p = { .spec = { .every_ns = 10 } };

	assert_int_equal(query_aggregate_step(&p, true, 0), 0);
	assert_int_equal(query_aggregate_step(&p, true, 9), 0);
	assert_int_equal(query_aggregate_step(&p, true, 10), 10);
	assert_int_equal(query_aggregate_step(&p, true, -1), -10);
	assert_int_equal(query_aggregate_step(&p, true, -10), -10);
	assert_int_equal(query_aggregate_step(&p, true, INT64_MIN + 1), INT64_MIN);
	assert_int_equal(query_aggregate_step(&p, false, 5), INT64_MIN);
	p.spec.every_ns = 0;
	assert_int_equal(query_aggregate_step(&p, true, 77), 0);
}

/* One group more than the table has: it and all further ones are the rest, which is the last. */
TEST(what_finds_no_group_is_counted_in_the_rest)
{
	struct query_spec s = by_path();
	struct made m;
	char path[16];
	struct query_group *last;

	make(&m, &s);
	for (unsigned i = 0; i < QUERY_GROUPS_MAX + 5; i++) {
		(void)snprintf(path, sizeof(path), "%u", i);
		add(&m, path, 2);
	}
	add(&m, "0", -1);
	add(&m, "another", 3);
	give(&m);

	assert_int_equal(m.found.groups, QUERY_GROUPS_MAX + 1);
	assert_string_equal(query_aggregate_lacks(m.a),
			    "more than 65536 groups, or 64 MiB of their keys; the others are "
			    "counted together");
	last = &m.found.group[QUERY_GROUPS_MAX];
	assert_true(last->rest);
	assert_int_equal(last->count, 6);
	assert_true(last->sum == 13);
	assert_false(m.found.group[0].rest);
	assert_str(m.found.group[0].key[0].s, "0");
	assert_int_equal(m.found.group[0].count, 2);
	done(&m);
}

TEST(the_rest_is_given_beyond_the_limit)
{
	struct query_spec s = by_path();
	struct made m;
	char path[16];

	s.limit = 3;
	make(&m, &s);
	for (unsigned i = 0; i <= QUERY_GROUPS_MAX; i++) {
		(void)snprintf(path, sizeof(path), "%u", i);
		add(&m, path, -1);
	}
	give(&m);

	assert_int_equal(m.found.groups, 4);
	assert_true(m.found.group[3].rest);
	assert_int_equal(m.found.group[3].count, 1);
	done(&m);
}

/* Keys of 8 KiB: long before there are too many groups. */
TEST(long_keys_have_a_ceiling_together)
{
	struct query_spec s = by_path();
	struct made m;
	char *path = malloc(ROW_VALUE_MAX + 1);
	uint64_t count = 0;
	unsigned n = AGGREGATE_KEYS_MAX / ROW_VALUE_MAX + 100;

	assert_non_null(path);
	memset(path, 'x', ROW_VALUE_MAX);
	path[ROW_VALUE_MAX] = '\0';
	make(&m, &s);
	for (unsigned i = 0; i < n; i++) {
		char number[16];

		(void)snprintf(number, sizeof(number), "%08u", i);
		memcpy(path, number, 8);
		add(&m, path, -1);
	}
	give(&m);

	assert_true(m.found.group[m.found.groups - 1].rest);
	assert_true(m.found.groups <= AGGREGATE_KEYS_MAX / ROW_VALUE_MAX);
	for (size_t i = 0; i < m.found.groups; i++)
		count += m.found.group[i].count;
	assert_int_equal(count, n);
	done(&m);
	free(path);
}

TEST_MAIN
