/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters: the rows of the counter table, and sums over them. Counting itself is a plain addition
 * at its place; who shares the page is left to the rooms above.
 */
#include "base/base.h"

#define COUNTER_ROW(name, id, role, help) { id, COUNTER_##role, help },
static const struct counter_row rows[] = { COUNTER_TABLE(COUNTER_ROW) };

static_assert(ARRAY_LEN(rows) == COUNTER_COUNT);

const struct counter_row *counter_row(enum counter id)
{
	assert((size_t)id < ARRAY_LEN(rows));
	return &rows[id];
}

uint64_t counters_sum(const struct counters *c, enum counter_role role)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].role == role)
			sum += c->v[i];
	return sum;
}

void counters_add(struct counters *to, const struct counters *from)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		to->v[i] += from->v[i];
}
