/* SPDX-License-Identifier: Apache-2.0 */
/* docs/filter.md keeps its word: each expression in it is one, each error in it is said so, and
 * every type and every method is in it. */
#include <stdio.h>

#include "rules/rules.h"
#include "t.h"

/* Limit: the page is read whole. */
#define DOC_BYTES_MAX (64 * KIB)

static struct str page(void)
{
	static char text[DOC_BYTES_MAX];
	static size_t n;
	FILE *file;

	if (n)
		return (struct str){ text, n };
	file = fopen(REDOUBT_FILTER_DOC, "re");
	if (!file)
		fail_msg("%s cannot be opened", REDOUBT_FILTER_DOC);
	n = fread(text, 1, sizeof(text), file);
	(void)fclose(file);
	assert_true(n > 0 && n < sizeof(text));
	return (struct str){ text, n };
}

/* The next block between ```KIND and ```; false when there is none. */
static bool next_block(struct str *left, const char *kind, struct str *block)
{
	char fence[32];
	struct str line;
	bool inside = false;

	(void)snprintf(fence, sizeof(fence), "```%s", kind);
	while (left->n) {
		const char *at = left->p;

		(void)str_cut(left, '\n', &line);
		if (inside && str_eq(line, STR("```"))) {
			block->n = (size_t)(at - block->p);
			return true;
		}
		if (!inside && str_eq(line, str_of(fence))) {
			inside = true;
			block->p = left->p;
		}
	}
	return false;
}

TEST(every_expression_compiles)
{
	struct str left = page(), block, line;
	size_t count = 0;

	while (next_block(&left, "filter", &block)) {
		while (block.n) {
			CLEANUP(filter_free) struct filter *f = NULL;
			struct err err;

			(void)str_cut(&block, '\n', &line);
			if (filter_new(line, &f, &err) < 0)
				fail_msg("%s", err.text);
			count++;
		}
	}
	assert_true(count >= 20);
}

/* The second line of an error is the expression. */
TEST(every_error_is_said_so)
{
	struct str left = page(), block, line;
	size_t count = 0;

	while (next_block(&left, "filter-error", &block)) {
		struct filter *f = NULL;
		struct str rest = block;
		struct err err;

		block.n--; /* its last newline */
		(void)str_cut(&rest, '\n', &line);
		(void)str_cut(&rest, '\n', &line);
		assert_int_equal(filter_new(str_skip(line, 2), &f, &err), -EINVAL);
		if (!str_eq(block, str_of(err.text)))
			fail_msg("the page has\n%.*s\nbut it is\n%s", STR_FMT(block), err.text);
		count++;
	}
	assert_true(count >= 3);
}

TEST(every_type_that_a_field_has_is_explained)
{
	for (size_t k = 0; k < RECORD_KINDS; k++) {
		const struct record_kind *kind = record_kind_at(k);

		for (unsigned slot = 0; slot < kind->slots; slot++) {
			char cell[32];

			(void)snprintf(cell, sizeof(cell), "| %s |",
				       field_type_name(kind->field[slot].type));
			if (!str_contains(page(), str_of(cell)))
				fail_msg("no row of the table begins with %s", cell);
		}
	}
}

TEST(limits_are_the_ones_in_force)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%zu KiB", FILTER_TEXT_MAX / KIB);
	assert_true(str_contains(page(), str_of(text)));
	(void)snprintf(text, sizeof(text), "%d parentheses", FILTER_DEPTH_MAX);
	assert_true(str_contains(page(), str_of(text)));
	(void)snprintf(text, sizeof(text), "%d values", FILTER_LIST_MAX);
	assert_true(str_contains(page(), str_of(text)));
}

TEST_MAIN
