// SPDX-License-Identifier: Apache-2.0
/*
 * Quantiles are within their share of the true value, for any values and any number of groups.
 */
#include <math.h>

#include "t.h"

#include "query/query_int.h"

static struct sketch *sketch(void)
{
	struct sketch *s;

	assert_int_equal(query_sketch_new(3, &s), 0);
	return s;
}

static void add(struct sketch *s, uint32_t group, double v)
{
	assert_int_equal(query_sketch_add(s, group, query_sketch_bucket(v), 1), 0);
}

static double at(const struct sketch *s, uint32_t group, double q)
{
	double v;

	assert_true(query_sketch_quantile(s, group, q, &v));
	return v;
}

/* One value alone comes back within the share. */
static void require_near(double v)
{
	struct sketch *s = sketch();

	add(s, 0, v);
	query_sketch_finish(s);
	if (fabs(at(s, 0, 0.5) - v) > fabs(v) * (SKETCH_ERROR + 1e-9))
		fail_msg("%g became %g", v, at(s, 0, 0.5));
	query_sketch_free(s);
}

TEST(every_value_is_within_one_percent)
{
	require_near(0);
	for (double v = 1e-15; v < 1e30; v *= 1.0037) {
		require_near(v);
		require_near(-v);
	}
	require_near((double)UINT64_MAX);
	require_near((double)INT64_MIN);
}

TEST(buckets_ascend_with_their_values)
{
	uint32_t last = query_sketch_bucket(-1e38);

	assert_true(last < query_sketch_bucket(-1e34));
	for (double v = -1e34; v < -1e-12; v *= 0.985) {
		assert_true(query_sketch_bucket(v) >= last);
		last = query_sketch_bucket(v);
	}
	assert_true(last < query_sketch_bucket(0));
	assert_true(query_sketch_bucket(0) < query_sketch_bucket(1e-12));
	assert_true(query_sketch_bucket(1) < query_sketch_bucket(1.03));
	assert_true(query_sketch_bucket(1e34) < query_sketch_bucket(INFINITY));
	assert_int_equal(query_sketch_bucket(NAN), query_sketch_bucket(0));
}

TEST(ranks_are_those_of_the_sorted_values)
{
	struct sketch *s = sketch();

	for (unsigned i = 1; i <= 1000; i++)
		add(s, 7, (double)((i * 7919) % 1000));
	query_sketch_finish(s);

	assert_true(at(s, 7, 0) == 0);
	for (unsigned i = 1; i <= 1000; i++) {
		double q = i / 1000.0, exact = floor(q * 999);

		assert_true(fabs(at(s, 7, q) - exact) <= exact * (SKETCH_ERROR + 1e-9));
	}
	query_sketch_free(s);
}

TEST(groups_do_not_mix)
{
	struct sketch *s = sketch();
	double v;

	for (uint32_t g = 0; g < 3000; g++)
		for (unsigned i = 0; i < 20; i++)
			add(s, g * 2, g * 1000.0 + 1);
	query_sketch_finish(s);

	for (uint32_t g = 0; g < 3000; g++) {
		double exact = g * 1000.0 + 1;

		assert_true(fabs(at(s, g * 2, 0.5) - exact) <= exact * (SKETCH_ERROR + 1e-9));
		assert_false(query_sketch_quantile(s, g * 2 + 1, 0.5, &v));
	}
	query_sketch_free(s);
}

TEST(a_full_table_refuses_new_pairs_and_counts_known_ones)
{
	struct sketch *s = sketch();

	for (uint32_t i = 0; i < SKETCH_CELLS_MAX; i++)
		assert_int_equal(query_sketch_add(s, i, 5, 1), 0);
	assert_int_equal(query_sketch_add(s, SKETCH_CELLS_MAX, 5, 1), -ENOBUFS);
	assert_int_equal(query_sketch_add(s, 0, 5, 1), 0);
	query_sketch_free(s);
}

TEST_MAIN
