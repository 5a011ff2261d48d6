/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the filter: any text is a filter or is refused with a text that keeps its form; a filter
 * answers about every row, the same each time, and as CEL's logic has it together with others.
 */
#include "rules/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The filter within head and tail; NULL where that is too much. */
static struct filter *wrapped(const char *head, struct str text, const char *tail)
{
	struct filter *f = NULL;
	struct buf b;

	buf_init(&b, FILTER_TEXT_MAX);
	(void)buf_put(&b, str_of(head));
	(void)buf_put(&b, text);
	(void)buf_put(&b, str_of(tail));
	if (b.full || filter_new(buf_str(&b), &f, NULL) < 0)
		f = NULL;
	buf_done(&b);
	return f;
}

/* Three lines of printable characters; the caret stands alone on the last. */
static void check_error(const struct err *err)
{
	size_t n = strnlen(err->text, sizeof(err->text));
	struct str left = { err->text, n }, line;

	assert(err->id == ERR_FILTER && n > 0 && n < sizeof(err->text));
	for (size_t i = 0; i < n; i++)
		assert(((uint8_t)err->text[i] >= ' ' && err->text[i] != 0x7f) ||
		       err->text[i] == '\n');
	assert(str_starts(left, STR("At ")));
	assert(str_cut(&left, '\n', &line) && line.n < 220);
	assert(str_cut(&left, '\n', &line) && str_starts(line, STR("  ")));
	assert(str_find(left, '\n', 0) < 0 && str_find(left, '^', 0) + 1 == (ptrdiff_t)left.n);
	assert(str_trim(left).n == 1 && left.n <= line.n + 1);
}

/* Errors and all: a filter and its negation are never both true, and with itself a filter is what
 * it is alone. What the parentheses add may be too deep. */
static void check_logic(const struct filter *f, struct str text)
{
	CLEANUP(filter_free) struct filter *not = wrapped("!(", text, ")");
	CLEANUP(filter_free) struct filter *both = wrapped("(", text, ") && true");
	CLEANUP(filter_free) struct filter *either = wrapped("has(flow.end) || (", text, ")");

	for (unsigned i = 0; i < ROW_NAMES; i++) {
		const struct row_view *row = rows_of((enum row_name)i);
		bool yes = filter_match(f, row);

		assert(filter_match(f, row) == yes);
		assert(!not || !yes || !filter_match(not, row));
		assert(!both || filter_match(both, row) == yes);
		assert(!either || filter_match(either, row) == yes);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(filter_free) struct filter *f = NULL;
	struct str text = { (const char *)data, size };
	struct err err;

	memset(&err, 'x', sizeof(err));
	if (filter_new(text, &f, &err) == 0)
		check_logic(f, text);
	else if (size <= FILTER_TEXT_MAX)
		check_error(&err);
	else
		assert(memchr(err.text, 0, sizeof(err.text)));
	return 0;
}
