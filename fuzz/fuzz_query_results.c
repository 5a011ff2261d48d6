// SPDX-License-Identifier: Apache-2.0
/*
 * What a query process that was taken over may write into the ring of its results. The first byte
 * chooses what was asked; the rest is read as results. What is accepted must keep to the plan: rows
 * are rows, in order and within the limit, keys are of the types of their fields, texts are
 * printable.
 */
#include "query/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT 5

static struct query_plan *plan_of(unsigned what)
{
	struct query_spec s = { .since_ns = INT64_MIN,
				.until_ns = INT64_MAX,
				.quantiles = { -1, 0.5, -1, -1 },
				.order = what & 1 ? QUERY_NEWEST : QUERY_OLDEST,
				.after = what & 2 ? 1000 : 0,
				.limit = LIMIT,
				.kind = KIND_HTTP };
	struct query_plan *plan = NULL;
	int r;

	if (what & 4) {
		s.by[0] = 102;
		s.by[1] = 10;
		s.by[2] = 105;
		s.sum = 106;
		s.quantile = what & 8 ? 106 : 0;
	}
	r = query_plan_new(&s, 7, &plan, NULL);
	assert(r == 0);
	return plan;
}

static void check_text(const char *text, size_t room)
{
	size_t n = strnlen(text, room);

	assert(n < room);
	for (size_t i = 0; i < n; i++)
		assert(text[i] >= ' ' && text[i] < 0x7f);
}

/* Touches each byte, for the sanitizers. */
static unsigned sum_of(struct str s)
{
	unsigned sum = 0;

	for (size_t i = 0; i < s.n; i++)
		sum += (uint8_t)s.p[i];
	return sum;
}

static void check_group(const struct query_plan *plan, const struct query_group *g)
{
	assert(plan->aggregates && g->keys == plan->keys);
	for (unsigned i = 0; i < g->keys; i++) {
		assert(g->key[i].type == 0 || g->key[i].type == g->field[i]->type);
		(void)sum_of(g->key[i].s);
	}
}

static void check(const struct query_plan *plan, const struct result *r, uint64_t *last)
{
	uint64_t key = query_key(plan->spec.order, r->arrival);

	switch (r->type) {
	case RESULT_ROW:
		assert(!plan->aggregates && (*last == 0 || key > *last));
		*last = key;
		(void)sum_of(r->row.bytes);
		break;
	case RESULT_GROUP:
		check_group(plan, &r->group);
		break;
	case RESULT_PROBLEM:
		check_text(r->problem, sizeof(r->problem));
		break;
	case RESULT_END:
		check_text(r->end.why, sizeof(r->end.why));
		break;
	case RESULT_FAILED:
		check_text(r->err.text, sizeof(r->err.text));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct result result;
	struct result_reader reader;
	struct query_plan *plan;
	struct str bytes = { (const char *)data + 1, size - 1 };
	unsigned rows = 0, groups = 0;
	uint64_t last = 0;
	ptrdiff_t n;
	int made;

	if (size < 1)
		return 0;
	plan = plan_of(data[0]);
	made = query_result_reader_init(&reader, plan);
	assert(made == 0);
	while ((n = query_result_take(&reader, bytes, &result)) > 0) {
		assert((size_t)n <= bytes.n);
		check(plan, &result, &last);
		rows += result.type == RESULT_ROW;
		groups += result.type == RESULT_GROUP;
		bytes = str_skip(bytes, (size_t)n);
	}
	assert(rows <= LIMIT && groups <= LIMIT + 1);
	query_result_reader_done(&reader);
	query_plan_free(plan);
	return 0;
}
