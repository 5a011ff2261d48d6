// SPDX-License-Identifier: Apache-2.0
/*
 * Results through the ring: what is written is read, and what a process that was taken over might
 * write instead is refused.
 */
#include <math.h>

#include "query/rig.h"

struct wired {
	struct rig *rig;
	struct query_plan *plan;
	struct ring ring;
	struct result_reader reader;
	struct result result;
	struct str row;
};

static void wire(struct wired *w, const struct query_spec *spec)
{
	struct row *row;

	*w = (struct wired){ .rig = rig_new() };
	assert_int_equal(query_plan_new(spec, RIG_ALL, &w->plan, NULL), 0);
	assert_int_equal(ring_create(QUERY_RING_BYTES, &w->ring, NULL), 0);
	assert_int_equal(query_result_reader_init(&w->reader, w->plan), 0);
	row = rig_begin(w->rig, KIND_HTTP);
	row_put_str(row, http_path, STR("/"));
	w->row = rig_commit(w->rig, row, 0, false);
}

static void unwire(struct wired *w)
{
	free((void *)(uintptr_t)w->row.p);
	query_result_reader_done(&w->reader);
	ring_done(&w->ring);
	query_plan_free(w->plan);
	rig_free(w->rig);
}

/* The answer about what is in the ring, which is taken out. */
static ptrdiff_t take(struct wired *w)
{
	struct str bytes = ring_readable(&w->ring);
	ptrdiff_t n = query_result_take(&w->reader, bytes, &w->result);

	ring_consume(&w->ring, bytes.n);
	return n;
}

/* Writes a result and turns one of its bytes before it is read. */
static ptrdiff_t take_turned(struct wired *w, size_t at, uint8_t with)
{
	struct str bytes = ring_readable(&w->ring);

	assert_true(at < bytes.n);
	w->ring.data[(w->ring.tail + at) & (w->ring.size - 1)] = with;
	return take(w);
}

static struct query_spec groups_spec(void)
{
	struct query_spec s = spec_all();

	s.kind = KIND_HTTP;
	s.by[0] = 102;
	s.by[1] = 10;
	s.by[2] = 105;
	s.sum = 106;
	s.quantile = 106;
	s.quantiles[0] = 0.5;
	return s;
}

static struct query_group group(void)
{
	struct query_group g = { .keys = 3,
				 .count = 7,
				 .at_ns = -5,
				 .sum = 1.5,
				 .has_sum = true,
				 .quantile = { 0.25 },
				 .has_quantile = true };

	g.key[0] = (struct row_value){ .type = FIELD_STR, .s = STR("hello") };
	g.key[1] = (struct row_value){ .type = FIELD_IP, .ip = { .b = { [15] = 9 } } };
	return g;
}

/* ---- What is written is read ----------------------------------------------------------------- */

TEST(a_row_comes_as_it_was)
{
	struct query_spec s = spec_all();
	struct wired w;

	wire(&w, &s);
	assert_true(query_result_put_row(&w.ring, 77, w.row));
	assert_true(take(&w) > 0);

	assert_int_equal(w.result.type, RESULT_ROW);
	assert_int_equal(w.result.arrival, 77);
	assert_true(str_eq(w.result.row.bytes, w.row));
	assert_ptr_not_equal(w.result.row.bytes.p, w.row.p);
	unwire(&w);
}

TEST(a_group_comes_as_it_was)
{
	struct query_spec s = groups_spec();
	struct query_group g = group();
	struct wired w;

	wire(&w, &s);
	assert_true(query_result_put_group(&w.ring, &g));
	assert_true(take(&w) > 0);

	assert_int_equal(w.result.type, RESULT_GROUP);
	assert_int_equal(w.result.group.keys, 3);
	assert_int_equal(w.result.group.count, 7);
	assert_int_equal(w.result.group.at_ns, -5);
	assert_true(w.result.group.sum == 1.5 && w.result.group.quantile[0] == 0.25);
	assert_str(w.result.group.key[0].s, "hello");
	assert_memory_equal(&w.result.group.key[1].ip, &g.key[1].ip, 16);
	assert_int_equal(w.result.group.key[2].type, 0);
	assert_string_equal(w.result.group.field[2]->name, "http.status");
	unwire(&w);
}

TEST(problems_are_made_printable)
{
	struct query_spec s = spec_all();
	struct wired w;

	wire(&w, &s);
	assert_true(query_result_put_problem(&w.ring, "a\033[31m\nb"));
	assert_true(take(&w) > 0);

	assert_int_equal(w.result.type, RESULT_PROBLEM);
	assert_string_equal(w.result.problem, "a?[31m?b");
	unwire(&w);
}

TEST(an_end_is_the_last)
{
	struct query_spec s = spec_all();
	struct query_end end = { .partial = true, .why = "slow", .next = 5, .rows_matched = 6 };
	struct wired w;

	wire(&w, &s);
	assert_true(query_result_put_end(&w.ring, &end));
	assert_true(take(&w) > 0);
	assert_int_equal(w.result.type, RESULT_END);
	assert_true(w.result.end.partial);
	assert_string_equal(w.result.end.why, "slow");
	assert_int_equal(w.result.end.next, 5);

	assert_true(query_result_put_row(&w.ring, 1, w.row));
	assert_int_equal(take(&w), -EBADMSG);
	unwire(&w);
}

TEST(an_error_is_one_that_a_query_can_meet)
{
	struct query_spec s = spec_all();
	struct err memory = { ERR_MEMORY, "no room" }, key = { ERR_KEY_WRONG, "give me yours" };
	struct wired w;

	wire(&w, &s);
	assert_true(query_result_put_failed(&w.ring, &memory));
	assert_true(take(&w) > 0);
	assert_int_equal(w.result.err.id, ERR_MEMORY);
	assert_string_equal(w.result.err.text, "no room");

	w.reader.ended = false;
	assert_true(query_result_put_failed(&w.ring, &key));
	assert_true(take(&w) > 0);
	assert_int_equal(w.result.err.id, ERR_INTERNAL);
	unwire(&w);
}

TEST(half_a_result_waits)
{
	struct query_spec s = spec_all();
	struct wired w;
	struct str all;

	wire(&w, &s);
	assert_true(query_result_put_row(&w.ring, 77, w.row));
	all = ring_readable(&w.ring);
	for (size_t n = 0; n < all.n; n++)
		assert_int_equal(query_result_take(&w.reader, str_head(all, n), &w.result), 0);
	assert_int_equal(query_result_take(&w.reader, all, &w.result), all.n);
	unwire(&w);
}

/* ---- What a hostile process might write ------------------------------------------------------ */

TEST(rows_out_of_order_or_twice_are_refused)
{
	struct query_spec s = spec_all();
	struct wired w;

	for (unsigned order = 0; order < 2; order++) {
		s.order = (enum query_order)order;
		wire(&w, &s);
		assert_true(query_result_put_row(&w.ring, 50, w.row));
		assert_true(take(&w) > 0);
		assert_true(query_result_put_row(&w.ring, 50, w.row));
		assert_int_equal(take(&w), -EBADMSG);
		assert_true(query_result_put_row(&w.ring, order == QUERY_OLDEST ? 49 : 51, w.row));
		assert_int_equal(take(&w), -EBADMSG);
		unwire(&w);
	}
}

TEST(rows_before_the_cursor_are_refused)
{
	struct query_spec s = spec_all();
	struct wired w;

	s.after = 10;
	wire(&w, &s);
	assert_true(query_result_put_row(&w.ring, 10, w.row));
	assert_int_equal(take(&w), -EBADMSG);
	assert_true(query_result_put_row(&w.ring, 11, w.row));
	assert_true(take(&w) > 0);
	unwire(&w);
	s.order = QUERY_NEWEST;
	wire(&w, &s);
	assert_true(query_result_put_row(&w.ring, 10, w.row));
	assert_int_equal(take(&w), -EBADMSG);
	assert_true(query_result_put_row(&w.ring, 9, w.row));
	assert_true(take(&w) > 0);
	unwire(&w);
}

TEST(more_rows_than_the_limit_are_refused)
{
	struct query_spec s = spec_all();
	struct wired w;

	s.limit = 2;
	wire(&w, &s);
	for (uint64_t i = 1; i <= 2; i++) {
		assert_true(query_result_put_row(&w.ring, i, w.row));
		assert_true(take(&w) > 0);
	}
	assert_true(query_result_put_row(&w.ring, 3, w.row));
	assert_int_equal(take(&w), -EBADMSG);
	unwire(&w);
}

TEST(results_of_the_other_form_are_refused)
{
	struct query_spec rows = spec_all(), groups = groups_spec();
	struct query_group g = group();
	struct wired w;

	wire(&w, &rows);
	g.keys = 0;
	assert_true(query_result_put_group(&w.ring, &g));
	assert_int_equal(take(&w), -EBADMSG);
	unwire(&w);
	wire(&w, &groups);
	assert_true(query_result_put_row(&w.ring, 1, w.row));
	assert_int_equal(take(&w), -EBADMSG);
	unwire(&w);
}

TEST(groups_beyond_the_limit_or_behind_the_rest_are_refused)
{
	struct query_spec s = groups_spec();
	struct query_group g = group();
	struct wired w;

	s.limit = 1;
	wire(&w, &s);
	assert_true(query_result_put_group(&w.ring, &g));
	assert_true(take(&w) > 0);
	assert_true(query_result_put_group(&w.ring, &g));
	assert_int_equal(take(&w), -EBADMSG);
	g.rest = true;
	assert_true(query_result_put_group(&w.ring, &g));
	assert_true(take(&w) > 0);
	assert_true(query_result_put_group(&w.ring, &g));
	assert_int_equal(take(&w), -EBADMSG);
	unwire(&w);
}

TEST(keys_of_another_type_are_refused)
{
	struct query_spec s = groups_spec();
	struct query_group g = group();
	struct wired w;

	wire(&w, &s);
	g.key[0].type = FIELD_BYTES;
	assert_true(query_result_put_group(&w.ring, &g));
	assert_int_equal(take(&w), -EBADMSG);
	g = group();
	g.keys = 2;
	assert_true(query_result_put_group(&w.ring, &g));
	assert_int_equal(take(&w), -EBADMSG);
	g = group();
	g.sum = NAN;
	assert_true(query_result_put_group(&w.ring, &g));
	assert_int_equal(take(&w), -EBADMSG);
	unwire(&w);
}

TEST(numbers_that_nobody_asked_for_are_refused)
{
	struct query_spec s = groups_spec();
	struct query_group g = group();
	struct wired w;

	s.sum = 0;
	wire(&w, &s);
	assert_true(query_result_put_group(&w.ring, &g));
	assert_int_equal(take(&w), -EBADMSG);
	unwire(&w);
	s = groups_spec();
	s.quantile = 0;
	wire(&w, &s);
	assert_true(query_result_put_group(&w.ring, &g));
	assert_int_equal(take(&w), -EBADMSG);
	unwire(&w);
}

/* Bytes 0 to 3 are the length, 4 to 7 the type; a bool that is 2 would be undefined to read. */
TEST(heads_and_bools_that_cannot_be_are_refused)
{
	struct query_spec s = spec_all();
	struct query_end end = { .partial = true };
	struct wired w;

	wire(&w, &s);
	assert_true(query_result_put_end(&w.ring, &end));
	assert_int_equal(take_turned(&w, 8, 2), -EBADMSG);
	assert_true(query_result_put_row(&w.ring, 1, w.row));
	assert_int_equal(take_turned(&w, 4, 99), -EBADMSG);
	assert_true(query_result_put_row(&w.ring, 1, w.row));
	assert_int_equal(take_turned(&w, 0, 7), -EBADMSG);
	assert_true(query_result_put_row(&w.ring, 1, w.row));
	assert_int_equal(take_turned(&w, 3, 1), -EBADMSG);
	unwire(&w);
}

TEST(a_row_that_is_none_is_refused)
{
	struct query_spec s = spec_all();
	struct wired w;

	wire(&w, &s);
	for (size_t at = 16; at < 16 + w.row.n; at++) {
		w.reader.any = false;
		w.reader.given = 0;
		assert_true(query_result_put_row(&w.ring, 1, w.row));
		if (take_turned(&w, at, 0xff) > 0)
			assert_int_equal(w.result.row.bytes.n, w.row.n);
	}
	assert_true(query_result_put_row(&w.ring, 2, str_head(w.row, 8)));
	assert_int_equal(take(&w), -EBADMSG);
	unwire(&w);
}

TEST_MAIN
