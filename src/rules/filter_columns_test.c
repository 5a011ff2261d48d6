/* SPDX-License-Identifier: Apache-2.0 */
/* Filters over columns: every row is judged as filter_match() judges it, in whatever form its
 * column is; columns are asked for when they are needed; and runs of words are exact at their
 * edges. */
#include "rules/expressions.h"
#include "t.h"

#define ROUNDS         1500
#define FILTERS_EACH   8
#define EXPRESSION_MAX (FILTER_TEXT_MAX - 1)

static struct filter *made(const char *text)
{
	struct filter *f = NULL;
	struct err err;

	if (filter_new(str_of(text), &f, &err) < 0)
		fail_msg("%s", err.text);
	return f;
}

static bool bit(const uint64_t *bits, size_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

/* ---- The same answers ---- */

static size_t compare_rows(const struct filter *f, const struct group *g, const uint64_t *selected,
			   uint64_t seed, struct str text)
{
	size_t n = 0;

	for (size_t i = 0; i < COLUMN_ROWS_MAX; i++) {
		bool yes = i < g->rows && filter_match(f, &g->row[i]);

		n += yes;
		if (yes != bit(selected, i))
			fail_msg("seed %llu, row %zu of %s is %d: %.*s", (unsigned long long)seed,
				 i, g->kind->name, yes, STR_FMT(text));
	}
	return n;
}

/* Returns how many rows it selects. */
static size_t select_as_match(struct group *g, uint64_t seed, struct filter_work **work)
{
	struct filter_columns columns = group_columns(g);
	CLEANUP(filter_free) struct filter *f = NULL;
	uint64_t selected[FILTER_WORDS];
	struct buf text;
	size_t n;

	buf_init(&text, EXPRESSION_MAX);
	f = any_filter(&g->chance, g->kind, &text);
	memset(selected, 0xa5, sizeof(selected));
	assert_true(filter_select(f, &columns, work, selected) >= 0);
	n = compare_rows(f, g, selected, seed, buf_str(&text));
	assert_int_equal(filter_select(f, &columns, work, selected), n);
	buf_done(&text);
	return n;
}

TEST(a_row_is_selected_where_filter_match_is_true_of_it)
{
	CLEANUP(filter_work_free) struct filter_work *work = NULL;
	size_t none = 0, all = 0, some = 0;
	static struct group g;

	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		group_any(&g, seed);
		for (unsigned i = 0; i < FILTERS_EACH; i++) {
			size_t n = select_as_match(&g, seed, &work);

			none += n == 0;
			all += n == g.rows;
			some += n > 0 && n < g.rows;
		}
		group_done(&g);
	}

	assert_true(none > ROUNDS && all > ROUNDS && some > ROUNDS / 2);
}

/* Those of a kind that this program does not know have the common fields. */
TEST(a_group_of_an_unknown_kind_has_common_fields_alone)
{
	CLEANUP(filter_work_free) struct filter_work *work = NULL;
	CLEANUP(filter_free) struct filter *common = made("src.port == 40000 && !http");
	CLEANUP(filter_free) struct filter *other = made("http.status == 40000 || gap");
	static const uint16_t ports[] = { 40000, 40001, 40000 };
	struct group g = { .rows = 3 };
	struct filter_columns columns = { 0xffff, 3, group_column, &g };
	uint64_t selected[FILTER_WORDS];

	for (unsigned slot = 0; slot < ROW_SLOTS_MAX; slot++) {
		g.has[slot] = true;
		g.column[slot] =
			(struct column){ .type = FIELD_U64, .width = 2, .rows = 3, .data = ports };
	}

	assert_int_equal(filter_select(common, &columns, &work, selected), 2);
	assert_int_equal(selected[0], 5);
	assert_int_equal(filter_select(other, &columns, &work, selected), 0);
}

/* ---- Limits ---- */

static struct group whole_group(const struct column *status)
{
	struct group g = { .kind = record_kind_by_id(KIND_HTTP), .rows = status->rows };

	g.has[http_slot_status] = true;
	g.column[http_slot_status] = *status;
	return g;
}

TEST(a_group_may_have_as_many_rows_as_the_limit_and_none)
{
	CLEANUP(filter_work_free) struct filter_work *work = NULL;
	CLEANUP(filter_free) struct filter *f = made("http.status >= 500");
	static uint16_t statuses[COLUMN_ROWS_MAX];
	struct column status = { .type = FIELD_U64, .width = 2, .data = statuses };
	struct filter_columns columns;
	uint64_t selected[FILTER_WORDS];
	struct group g;

	for (size_t i = 0; i < COLUMN_ROWS_MAX; i++)
		statuses[i] = i == 0 || i == 64 || i >= COLUMN_ROWS_MAX - 2 ? 500 : 499;
	status.rows = COLUMN_ROWS_MAX;
	g = whole_group(&status);
	columns = group_columns(&g);

	assert_int_equal(filter_select(f, &columns, &work, selected), 4);
	assert_true(bit(selected, 0) && bit(selected, 64) && bit(selected, COLUMN_ROWS_MAX - 1));
	columns.rows = g.column[http_slot_status].rows = 0;
	assert_int_equal(filter_select(f, &columns, &work, selected), 0);
	assert_false(bit(selected, 0));
}

/* Each || in a || by way of && needs memory of its own. */
TEST(work_grows_with_the_deepest_filter)
{
	CLEANUP(filter_work_free) struct filter_work *work = NULL;
	static const uint16_t statuses[] = { 1, 2, 3, 200 };
	struct column status = { .type = FIELD_U64, .width = 2, .rows = 4, .data = statuses };
	struct group g = whole_group(&status);
	struct filter_columns columns = group_columns(&g);
	uint64_t selected[FILTER_WORDS];

	for (unsigned depth = 0; depth <= FILTER_DEPTH_MAX; depth++) {
		CLEANUP(filter_free) struct filter *f = NULL;
		struct buf text;

		buf_init(&text, EXPRESSION_MAX);
		for (unsigned i = 0; i < depth; i++)
			(void)buf_put(&text,
				      i % 2 ? STR("http && !!(") : STR("http.status == 2 || !!("));
		(void)buf_put(&text, STR("http.status == 200 || http.status == 3"));
		for (unsigned i = 0; i < depth; i++)
			(void)buf_put(&text, STR(")"));
		f = made(text.p);

		assert_int_equal(filter_select(f, &columns, &work, selected), depth ? 3 : 2);
		assert_int_equal(selected[0], depth ? 14 : 12);
		buf_done(&text);
	}
}

/* ---- Columns that are asked for ---- */

static const uint16_t two_statuses[] = { 200, 404 };
static const uint32_t two_ends[] = { 4, 8 };

static struct group two_rows(void)
{
	struct group g = { .kind = record_kind_by_id(KIND_HTTP), .rows = 2 };

	g.has[http_slot_status] = g.has[http_slot_path] = g.has[http_slot_method] = true;
	g.column[http_slot_status] =
		(struct column){ .type = FIELD_U64, .width = 2, .rows = 2, .data = two_statuses };
	g.column[http_slot_path] = (struct column){
		.type = FIELD_STR, .rows = 2, .ends = two_ends, .text = "/one/two"
	};
	g.column[http_slot_method] = (struct column){
		.type = FIELD_STR, .rows = 2, .distinct = 1, .ends = two_ends, .text = "POST"
	};
	return g;
}

static ptrdiff_t selected_of_two(const char *text, struct group *g)
{
	CLEANUP(filter_work_free) struct filter_work *work = NULL;
	CLEANUP(filter_free) struct filter *f = made(text);
	struct filter_columns columns = group_columns(g);
	uint64_t selected[FILTER_WORDS];

	memset(g->asked, 0, sizeof(g->asked));
	return filter_select(f, &columns, &work, selected);
}

TEST(a_column_is_asked_for_while_rows_depend_on_it_and_once)
{
	struct group g = two_rows();

	assert_int_equal(selected_of_two("http.path.contains(\"o\") && http.status == 500", &g), 0);
	assert_int_equal(g.asked[http_slot_status], 1);
	assert_int_equal(g.asked[http_slot_path], 0);

	assert_int_equal(selected_of_two("http.path == \"\" || http.status < 500", &g), 2);
	assert_int_equal(g.asked[http_slot_path], 0);

	assert_int_equal(selected_of_two("!(http.path == \"/one\") && !(http.status == 404)", &g),
			 0);
	assert_int_equal(g.asked[http_slot_path], 1);

	assert_int_equal(selected_of_two("http.status == 200 || http.status == 404", &g), 2);
	assert_int_equal(g.asked[http_slot_status], 1);

	assert_int_equal(selected_of_two("flow && http.status == 404", &g), 0);
	assert_int_equal(selected_of_two("tls.sni == \"\" || redis.latency > \"1s\"", &g), 0);
	for (unsigned slot = 0; slot < ROW_SLOTS_MAX; slot++)
		assert_int_equal(g.asked[slot], 0);
}

TEST(few_values_are_asked_before_other_text)
{
	struct group g = two_rows();

	assert_int_equal(selected_of_two("http.path != \"\" && http.method == \"GET\"", &g), 0);
	assert_int_equal(g.asked[http_slot_method], 1);
	assert_int_equal(g.asked[http_slot_path], 0);
}

TEST(a_group_whose_column_failed_is_not_judged)
{
	struct group g = two_rows();

	g.failing = true;

	assert_int_equal(selected_of_two("http.status == 200", &g), -EIO);
	assert_int_equal(selected_of_two("!(http.status == 200) || http.path == \"\"", &g), -EIO);
	assert_int_equal(g.asked[http_slot_path], 0);
	assert_int_equal(selected_of_two("status_code == 200", &g), -EIO);
	assert_int_equal(selected_of_two("has(http.path)", &g), -EIO);
	assert_int_equal(selected_of_two("flow && http.status == 200", &g), 0);
}

/* ---- Runs of words ---- */

static const uint64_t edges[] = { 0,
				  1,
				  2,
				  127,
				  128,
				  254,
				  255,
				  256,
				  32768,
				  65534,
				  65535,
				  65536,
				  UINT32_MAX - 1,
				  UINT32_MAX,
				  UINT64_C(1) << 32,
				  INT64_MAX,
				  UINT64_C(1) << 63,
				  UINT64_MAX - 255,
				  UINT64_MAX - 1,
				  UINT64_MAX };

/* A comparison as its definition has it. */
static bool holds(enum field_type type, enum relation relation, uint64_t a, uint64_t b)
{
	bool sign = type != FIELD_U64;
	bool less = sign ? (int64_t)a < (int64_t)b : a < b;

	switch (relation) {
	case REL_EQ:
		return a == b;
	case REL_NE:
		return a != b;
	case REL_LT:
		return less;
	case REL_LE:
		return less || a == b;
	case REL_GT:
		return !less && a != b;
	case REL_GE:
		return !less;
	}
	return false;
}

static struct filter_span span_of(enum field_type type, enum relation relation, uint64_t word)
{
	struct literal l = { .type = LITERAL_INT, .u = word };
	struct filter_span span = { 0 };

	assert_true(filter_span(type, relation, &l, &span));
	return span;
}

TEST(a_comparison_is_a_run_of_words)
{
	static const enum field_type types[] = { FIELD_U64, FIELD_TIME };

	for (size_t t = 0; t < ARRAY_LEN(types); t++)
		for (unsigned r = REL_EQ; r <= REL_GE; r++)
			for (size_t i = 0; i < ARRAY_LEN(edges); i++)
				for (size_t j = 0; j < ARRAY_LEN(edges); j++)
					assert_int_equal(
						filter_span_has(span_of(types[t], r, edges[j]),
								edges[i]),
						holds(types[t], r, edges[i], edges[j]));
}

static void put_narrow(void *data, uint8_t width, size_t i, uint64_t word)
{
	memcpy((char *)data + i * width, &word, width);
}

/* Narrow words near their ends, and bases with which they go over the end of 64 bits. */
static void keep_as_wide(uint8_t width, uint64_t base, enum field_type type)
{
	enum { ROWS = 70 };
	uint64_t data[ROWS], max = UINT64_MAX >> (64 - 8 * width), rows[FILTER_WORDS];
	struct column c = {
		.type = (uint8_t)type, .width = width, .rows = ROWS, .base = base, .data = data
	};

	for (size_t i = 0; i < ROWS; i++)
		put_narrow(data, width, i, i % 2 ? max - i / 2 : (i / 2) & max);
	for (unsigned r = REL_EQ; r <= REL_GE; r++) {
		for (size_t j = 0; j < 3 * ARRAY_LEN(edges); j++) {
			uint64_t with = edges[j / 3] + (j % 3 ? base : 0) + (j % 3 == 2 ? max : 0);
			struct filter_span span = span_of(type, r, with);

			rows[0] = UINT64_MAX;
			rows[1] = (1 << (ROWS - 64)) - 1;
			filter_keep_spans(&c, &span, 1, j % 2 == 0, rows);
			for (size_t i = 0; i < ROWS; i++)
				assert_int_equal(bit(rows, i), holds(type, r, column_word(&c, i),
								     with) == (j % 2 == 0));
		}
	}
}

TEST(narrow_words_are_compared_as_wide_ones_are)
{
	static const uint8_t widths[] = { 1, 2, 4, 8 };

	for (size_t w = 0; w < ARRAY_LEN(widths); w++) {
		for (size_t b = 0; b < ARRAY_LEN(edges); b++) {
			keep_as_wide(widths[w], edges[b], FIELD_U64);
			keep_as_wide(widths[w], edges[b], FIELD_DUR);
		}
	}
}

TEST(rows_that_are_not_asked_about_stay_out)
{
	static const uint8_t data[] = { 5, 5, 5 };
	static const uint8_t table[] = { 0, 0, 0, 0, 0, 1 };
	struct column c = { .type = FIELD_U64, .width = 1, .rows = 3, .data = data };
	struct filter_span five = { true, 5, 0 };
	uint64_t rows[FILTER_WORDS] = { 5 };

	filter_keep_spans(&c, &five, 1, true, rows);
	assert_int_equal(rows[0], 5);
	filter_keep_table(&c, table, rows);
	assert_int_equal(rows[0], 5);
	filter_keep_spans(&c, NULL, 0, true, rows);
	assert_int_equal(rows[0], 0);
}

TEST_MAIN
