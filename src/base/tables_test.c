/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the tables of errors and counters: what every row promises, and how errors are filled in.
 */
#include "t.h"
#include "base/base.h"

/* Lower-case words with dashes, joined by dots. */
static bool is_dotted_id(const char *id)
{
	char before = '.';

	for (const char *c = id; *c; c++) {
		bool word = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');

		if (!word && *c != '.' && *c != '-')
			return false;
		if (!word && (before == '.' || before == '-'))
			return false;
		before = *c;
	}
	return before != '.' && before != '-';
}

TEST(err_ids_are_dotted_and_unique)
{
	for (enum err_id i = 0; i < ERR_COUNT; i++) {
		if (!is_dotted_id(err_row(i)->id))
			fail_msg("%s", err_row(i)->id);
		for (enum err_id j = 0; j < i; j++)
			assert_string_not_equal(err_row(i)->id, err_row(j)->id);
	}
}

TEST(err_rows_say_what_happened_and_what_to_do)
{
	for (enum err_id i = ERR_NONE + 1; i < ERR_COUNT; i++) {
		struct str title = str_of(err_row(i)->title);
		struct str hint = str_of(err_row(i)->hint);

		if (title.n < 10 || !str_ends(title, STR(".")))
			fail_msg("%s: title", err_row(i)->id);
		if (hint.n < 10 || !str_ends(hint, STR(".")))
			fail_msg("%s: hint", err_row(i)->id);
	}
}

TEST(err_rows_have_codes_that_exist)
{
	static const int exits[] = { 0, 1, 2, 3, 4, 5, 10 };

	for (enum err_id i = 0; i < ERR_COUNT; i++) {
		const struct err_row *row = err_row(i);
		bool known = false;

		for (size_t k = 0; k < ARRAY_LEN(exits); k++)
			known = known || row->exit == exits[k];
		if (!known || (row->exit == 0) != (i == ERR_NONE))
			fail_msg("%s: exit %d", row->id, row->exit);
		if (row->http < (i == ERR_NONE ? 200 : 400) || row->http > 599)
			fail_msg("%s: http %d", row->id, row->http);
		if ((row->code > 0) != (i != ERR_NONE))
			fail_msg("%s: code %d", row->id, row->code);
	}
}

TEST(err_set_fills_the_text_and_answers_the_negative_code)
{
	struct err err;

	assert_int_equal(err_set(&err, ERR_LIMIT, "%s: %d", "rows", 7), -E2BIG);

	assert_int_equal(err.id, ERR_LIMIT);
	assert_string_equal(err.text, "rows: 7");
	assert_int_equal(err_set(NULL, ERR_FILE_OPEN, "%s", "x"), -ENOENT);
}

TEST(err_set_cuts_a_long_text_at_its_end)
{
	struct err err;

	(void)err_set(&err, ERR_LIMIT, "%0600d", 1);

	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

TEST(counter_names_are_dotted_unique_and_explained)
{
	for (enum counter i = 0; i < COUNTER_COUNT; i++) {
		if (!is_dotted_id(counter_row(i)->name) || strlen(counter_row(i)->help) < 10)
			fail_msg("%s", counter_row(i)->name);
		for (enum counter j = 0; j < i; j++)
			assert_string_not_equal(counter_row(i)->name, counter_row(j)->name);
	}
}

TEST(counter_drops_and_only_they_are_named_so)
{
	for (enum counter i = 0; i < COUNTER_COUNT; i++)
		assert_int_equal(str_starts(str_of(counter_row(i)->name), STR("drop.")),
				 counter_row(i)->role == COUNTER_DROP);
}

TEST(counters_sum_takes_each_row_in_exactly_one_role)
{
	struct counters c;
	uint64_t sum = 0;

	for (size_t i = 0; i < COUNTER_COUNT; i++)
		c.v[i] = UINT64_C(1) << i;
	for (enum counter_role role = COUNTER_OFFERED; role <= COUNTER_NOTE; role++)
		sum += counters_sum(&c, role);

	assert_true(sum == (UINT64_C(1) << COUNTER_COUNT) - 1);
	assert_true(counters_sum(&c, COUNTER_OFFERED) == UINT64_C(1) << COUNTER_FRAMES_OFFERED);
}

TEST(counters_add_adds_each)
{
	struct counters a;
	struct counters b;

	for (size_t i = 0; i < COUNTER_COUNT; i++) {
		a.v[i] = i;
		b.v[i] = 100;
	}
	counters_add(&a, &b);

	for (size_t i = 0; i < COUNTER_COUNT; i++)
		assert_int_equal(a.v[i], 100 + i);
}

TEST_MAIN
