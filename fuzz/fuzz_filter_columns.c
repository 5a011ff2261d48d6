/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the filter over columns: whatever the expression, the rows of a group that it selects are
 * those that it matches one by one, and no group is passed over that has one. The first byte
 * chooses the group.
 */
#include "rules/groups.h"

/* Groups of each kind. */
#define EACH 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* They live for ever. */
static struct group *group_by_number(unsigned number)
{
	static struct group groups[RECORD_KINDS * EACH];
	struct group *g = &groups[number];

	if (!g->kind)
		group_init(g, number, record_kind_at(number / EACH), 60 + 5 * (number % EACH));
	return g;
}

static bool check_rows(const struct filter *f, const struct group *g, const uint64_t *selected,
		       size_t n)
{
	for (size_t i = 0; i < COLUMN_ROWS_MAX; i++) {
		bool yes = i < g->rows && filter_match(f, &g->row[i]);

		assert(yes == (selected[i / 64] >> (i % 64) & 1));
		n -= yes;
	}
	return n == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct group *g = group_by_number(size > 0 ? data[0] % (RECORD_KINDS * EACH) : 0);
	struct str text = { (const char *)data + (size > 0), size - (size > 0) };
	CLEANUP(filter_work_free) struct filter_work *work = NULL;
	CLEANUP(filter_free) struct filter *f = NULL;
	static uint64_t selected[COLUMN_ROWS_MAX / 64];
	struct filter_columns columns;
	struct filter_zones zones;
	const char *name;
	ptrdiff_t n;

	if (filter_new(text, &f, NULL) < 0)
		return 0;
	g->chance.state = size;
	columns = group_columns(g);
	zones = group_zones(g);
	n = filter_select(f, &columns, &work, selected);
	assert(n >= 0 && check_rows(f, g, selected, (size_t)n));
	assert(n == 0 || filter_may_select(f, &zones));
	assert(filter_parts(f, 0, &name) == 0 ? !name : name != NULL);
	return 0;
}
