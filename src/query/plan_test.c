// SPDX-License-Identifier: Apache-2.0
/*
 * What may be asked: nothing that names a field of a part the viewer may not read, however it names
 * it, and nothing that makes no sense.
 */
#include <math.h>

#include "t.h"

#include "query/query_int.h"

#define ALL  7u
#define META 1u

static struct err err;

static struct query_spec any(void)
{
	return (struct query_spec){ .since_ns = INT64_MIN,
				    .until_ns = INT64_MAX,
				    .quantiles = { -1, -1, -1, -1 } };
}

static int plan(const struct query_spec *s, unsigned parts)
{
	struct query_plan *p = NULL;
	int r;

	err = (struct err){ ERR_NONE, "" };
	r = query_plan_new(s, parts, &p, &err);
	query_plan_free(p);
	return r;
}

static void refused(const struct query_spec *s, unsigned parts, enum err_id id, const char *text)
{
	assert_true(plan(s, parts) < 0);
	assert_int_equal(err.id, id);
	assert_string_equal(err.text, text);
}

TEST(who_may_read_all_may_ask_all)
{
	struct query_spec s = any();

	(void)strcpy(s.where, "\"host\" in http.request.headers");
	assert_int_equal(plan(&s, ALL), 0);
}

TEST(a_filter_that_names_a_field_of_another_part_is_refused)
{
	static const char *const wheres[] = { "has(http.request.headers)",
					      "http || \"a\" in http.response.headers",
					      "!(http.request.headers[\"host\"] == \"a\")",
					      "true || has(grpc.response.trailers)" };
	struct query_spec s = any();

	for (size_t i = 0; i < ARRAY_LEN(wheres); i++) {
		(void)strcpy(s.where, wheres[i]);
		assert_int_equal(plan(&s, META | 1u << PART_HEADERS), 0);
		assert_true(plan(&s, META) < 0);
		assert_int_equal(err.id, ERR_QUERY_PART);
		assert_non_null(strstr(err.text, "headers"));
		assert_non_null(strstr(err.text, ": this query was not given the key of part "));
	}
}

TEST(an_alias_does_not_hide_a_field)
{
	struct query_spec s = any();

	(void)strcpy(s.where, "\"host\" in request.headers");
	assert_int_equal(plan(&s, ALL), 0);
	assert_true(plan(&s, META) < 0);
	assert_int_equal(err.id, ERR_QUERY_PART);
}

TEST(nobody_asks_without_META)
{
	struct query_spec s = any();

	refused(&s, 0, ERR_QUERY, "parts: meta is always needed: it has the rows themselves");
	refused(&s, ALL & ~META, ERR_QUERY,
		"parts: meta is always needed: it has the rows themselves");
}

TEST(fields_are_those_of_the_kind)
{
	struct query_spec s = any();

	s.by[0] = 105;
	refused(&s, ALL, ERR_QUERY, "by: there is no field 105 of kind 0");
	s.kind = KIND_HTTP;
	assert_int_equal(plan(&s, ALL), 0);
	s.kind = 4444;
	refused(&s, ALL, ERR_QUERY, "by: there is no field 105 of kind 4444");
	s = any();
	s.sum = 9999;
	refused(&s, ALL, ERR_QUERY, "sum: there is no field 9999 of kind 0");
}

TEST(types_that_cannot_are_refused)
{
	struct query_spec s = any();

	s.kind = KIND_HTTP;
	s.by[0] = 108;
	refused(&s, ALL, ERR_QUERY,
		"by: http.request.headers is of type map: nothing can be grouped by it");
	s = any();
	s.kind = KIND_HTTP;
	s.sum = 100;
	refused(&s, ALL, ERR_QUERY, "sum: http.method is of type str: it cannot be added up");
	s = any();
	s.quantile = 2;
	s.quantiles[0] = 0.5;
	refused(&s, ALL, ERR_QUERY, "quantile: time is of type time: it has no order of numbers");
}

TEST(quantiles_are_from_0_to_1)
{
	struct query_spec s = any();

	s.quantile = 11;
	refused(&s, ALL, ERR_QUERY, "quantile: of src.port none is asked for");
	s.quantiles[3] = 1;
	assert_int_equal(plan(&s, ALL), 0);
	s.quantiles[0] = 1.0001;
	assert_true(plan(&s, ALL) < 0);
	s.quantiles[0] = NAN;
	assert_true(plan(&s, ALL) < 0);
}

TEST(numbers_have_bounds)
{
	struct query_spec s = any();

	s.limit = QUERY_ROWS_MAX;
	assert_int_equal(plan(&s, ALL), 0);
	s.limit++;
	refused(&s, ALL, ERR_QUERY, "limit: 10000001 is above 10000000");
	s = any();
	s.every_ns = -1;
	refused(&s, ALL, ERR_QUERY, "every: a duration below 0");
	s = any();
	s.patience_ns = -1;
	refused(&s, ALL, ERR_QUERY, "patience: a duration below 0");
	s = any();
	s.order = (enum query_order)2;
	refused(&s, ALL, ERR_QUERY, "order: there is no order 2");
}

TEST(a_filter_that_does_not_end_is_refused)
{
	struct query_spec s = any();

	memset(s.where, ' ', sizeof(s.where));
	refused(&s, ALL, ERR_QUERY, "where: the filter does not end");
}

TEST_MAIN
