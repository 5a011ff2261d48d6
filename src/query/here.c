// SPDX-License-Identifier: Apache-2.0
/*
 * A query within one process: the same list, plan and engine without a channel between them.
 */
#include "query/wire.h"

static bool here_row(void *owner, uint64_t arrival, struct str row)
{
	const struct query_sink *sink = owner;
	struct row_view view;

	return row_view(row, &view) < 0 || sink->row(sink->owner, arrival, &view);
}

static bool here_group(void *owner, const struct query_group *group)
{
	const struct query_sink *sink = owner;

	return sink->group(sink->owner, group);
}

static void here_problem(void *owner, const char *text)
{
	const struct query_sink *sink = owner;

	if (sink->problem)
		sink->problem(sink->owner, text);
}

int query_run_here(const char *dir, const struct root_source *root,
		   const struct query_viewer *viewer, const struct query_spec *spec,
		   const struct query_sink *sink, struct query_end *end, struct err *err)
{
	CLEANUP(query_plan_free) struct query_plan *plan = NULL;
	CLEANUP(query_list_free) struct query_list *list = NULL;
	const struct query_sink to = *sink;
	struct query_out out = { here_row, here_group, here_problem, NULL };
	struct query_job job = { .out = &out, .begun_ns = time_mono_ns() };
	int r = query_plan_new(spec, viewer->parts, &plan, err);

	if (r == 0)
		r = query_list_open(dir, root, viewer->parts, spec, &list, err);
	if (r < 0)
		return r;
	/* The functions only read it; the cast is the struct's, whose owner is anybody's. */
	memcpy(&out.owner, &(const struct query_sink *){ &to }, sizeof(out.owner));
	job.plan = plan;
	job.pieces = query_list_pieces(list);
	if (crypto_random(&job.seed, sizeof(job.seed)) < 0)
		return err_set(err, ERR_INTERNAL, "no random number can be had");
	return query_engine(&job, end, err);
}
