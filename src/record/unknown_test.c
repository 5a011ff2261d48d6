/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cannot be known: the mark passes the dissector's own word through every mask, and nothing
 * that a peer said with it.
 */
#include "record/rig.h"

static const struct mask_name accept = { { "accept", 6 }, VALUE_TEXT };
static const struct mask_names names = { &accept, 1 };

TEST(an_unknown_text_passes_every_mask_but_drop_and_is_marked)
{
	static const enum mask_action actions[] = { MASK_KEEP,  MASK_WHOLE, MASK_PATH,
						    MASK_QUERY, MASK_WORD,  MASK_HOST,
						    MASK_SQL,   MASK_KEY,   MASK_HEADERS };
	struct rig *r = rig_new(MIB);

	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		struct row *row = rig_row(r, KIND_HTTP);
		struct row_value v;

		rig_mask(r, KIND_HTTP, http_path.ref, actions[i], NULL);
		row_put_unknown(row, http_path);
		v = rig_value(rig_commit(r, row), http_path.ref);

		assert_str(v.s, "[unknown]");
		assert_int_equal(v.marks, ROW_UNKNOWN);
	}
	rig_mask(r, KIND_HTTP, http_path.ref, MASK_DROP, NULL);
	row_put_unknown(rig_row(r, KIND_HTTP), http_path);
	assert_int_equal(rig_commit(r, (struct row *)(void *)r->memory)->fields, 0);
	rig_free(r);
}

/* The mark alone opens nothing. */
TEST(a_text_that_was_put_behind_the_mark_is_masked)
{
	struct rig *r = rig_new(MIB);
	struct row *row = rig_row(r, KIND_HTTP);
	struct row_value v;

	rig_mask(r, KIND_HTTP, http_path.ref, MASK_WHOLE, NULL);
	row_put_unknown(row, http_path);
	row_put_str(row, http_path, STR("[unknown]/hunter"));
	v = rig_value(rig_commit(r, row), http_path.ref);

	assert_str(v.s, MASK_TEXT);
	assert_int_equal(v.marks, ROW_MASKED);
	rig_free(r);
}

/* Commits the pair in a map, and answers it as it came out. */
static struct row_pair pair_of(struct rig *r, struct row_pair in, bool unknown, unsigned *marks)
{
	struct row *row = rig_row(r, KIND_HTTP);
	struct row_pair out = { 0 };
	struct row_value v;
	size_t pos = 0;

	rig_mask(r, KIND_HTTP, http_request_headers.ref, MASK_HEADERS, &names);
	row_put_map(row, http_request_headers, &in, 1);
	if (unknown)
		row_mark_unknown(row, http_request_headers.ref);
	v = rig_value(rig_commit(r, row), http_request_headers.ref);
	assert_true(row_value_next_pair(&v, &pos, &out));
	*marks = v.marks;
	return out;
}

TEST(in_a_marked_map_unknown_names_and_values_pass_and_others_are_masked)
{
	const struct {
		struct row_pair in;
		const char *name, *value;
		unsigned marks;
	} rows[] = {
		{ { STR("x-user"), STR("[unknown]") }, "x-user", "[unknown]", ROW_UNKNOWN },
		{ { STR("accept"), STR("[unknown]") }, "accept", "[unknown]", ROW_UNKNOWN },
		{ { STR("[unknown]"), STR("[unknown]") }, "[unknown]", "[unknown]", ROW_UNKNOWN },
		{ { STR("[unknown]"), STR("hunter") },
		  "[unknown]",
		  "[masked]",
		  ROW_UNKNOWN | ROW_MASKED },
		{ { STR("[unknown]"), STR("") }, "[unknown]", "", ROW_UNKNOWN },
		{ { STR("id 4711"), STR("[unknown]") },
		  "[masked]",
		  "[unknown]",
		  ROW_UNKNOWN | ROW_MASKED },
		{ { STR("x-user"), STR("[unknown] hunter") }, "x-user", "[masked]", ROW_MASKED },
		{ { STR("x-user"), STR("hunter") }, "x-user", "[masked]", ROW_MASKED },
		{ { STR("accept"), STR("*/*") }, "accept", "*/*", 0 },
	};
	struct rig *r = rig_new(MIB);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned marks;
		struct row_pair out = pair_of(r, rows[i].in, true, &marks);

		assert_true(str_eq(out.name, str_of(rows[i].name)));
		assert_true(str_eq(out.value, str_of(rows[i].value)));
		assert_int_equal(marks, rows[i].marks);
	}
	rig_free(r);
}

TEST(the_text_of_a_peer_is_masked_where_nothing_was_marked)
{
	struct rig *r = rig_new(MIB);
	unsigned marks;
	struct row_pair out =
		pair_of(r, (struct row_pair){ STR("x-user"), STR("[unknown]") }, false, &marks);

	assert_str(out.value, MASK_TEXT);
	assert_int_equal(marks, ROW_MASKED);
	rig_free(r);
}

TEST_MAIN
