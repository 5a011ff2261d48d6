// SPDX-License-Identifier: Apache-2.0
/*
 * The query process: takes its start message and its ring, gives up everything else, and only then
 * reads the first byte of a filter or of the store. What goes wrong later is a result, too.
 */
#include <malloc.h>

#include "query/wire.h"

/* Blocks of columns this large go back to the kernel when they are freed, so that the limit of the
 * address space is not reached by holes; by itself glibc would keep ever larger ones. */
#define OWN_MAPPING_BYTES (256 * KIB)

struct serve {
	int channel_fd;
	struct query_start start;
	struct ring ring;
};

/* ---- Results --------------------------------------------------------------------------------- */

static bool serve_row(void *owner, uint64_t arrival, struct str row)
{
	return query_result_put_row(owner, arrival, row);
}

static bool serve_group(void *owner, const struct query_group *group)
{
	return query_result_put_group(owner, group);
}

static void serve_problem(void *owner, const char *text)
{
	(void)query_result_put_problem(owner, text);
}

/* ---- The start ------------------------------------------------------------------------------- */

static int receive(struct serve *s, int fds[RING_FDS], struct err *err)
{
	size_t n = RING_FDS;
	ssize_t got = channel_receive(s->channel_fd, &s->start, sizeof(s->start), fds, &n);

	if (got != (ssize_t)sizeof(s->start) || n != RING_FDS)
		return err_set(err, ERR_ROLE_START, "no start message came");
	if (s->start.version != QUERY_START_VERSION)
		return err_set(err, ERR_ROLE_START,
			       "start message of version %u, this program is %u", s->start.version,
			       QUERY_START_VERSION);
	return 0;
}

static int lock(const struct serve *s, struct err *err)
{
	const int keep[] = { s->channel_fd, s->ring.data_fd, s->ring.space_fd };
	unsigned layers;

	return proc_enter(PROC_ROLE_QUERY, keep, ARRAY_LEN(keep), &layers, err);
}

/* ---- The query ------------------------------------------------------------------------------- */

static int run(struct serve *s, struct query_end *end, struct err *err)
{
	CLEANUP(query_plan_free) struct query_plan *plan = NULL;
	struct query_remote remote = { s->channel_fd, s->start.first, &s->ring };
	const struct query_pieces pieces = { s->start.pieces, query_remote_first, query_remote_open,
					     &remote };
	const struct query_out out = { serve_row, serve_group, serve_problem, &s->ring };
	struct query_job job = {
		.pieces = &pieces, .out = &out, .seed = s->start.seed, .begun_ns = time_mono_ns()
	};
	int r = query_plan_new(&s->start.spec, s->start.parts, &plan, err);

	if (r < 0)
		return r;
	job.plan = plan;
	return query_engine(&job, end, err);
}

int query_serve(int channel_fd)
{
	static struct serve s;
	struct query_end end = { 0 };
	struct err err = { ERR_NONE, "" };
	int fds[RING_FDS];
	int r;

	s.channel_fd = channel_fd;
	r = receive(&s, fds, &err);
	if (r == 0)
		r = ring_attach(fds, s.start.ring_bytes, &s.ring, &err);
	if (r < 0) {
		log_err("query.start", &err);
		return err_row(err.id)->exit;
	}
	(void)mallopt(M_MMAP_THRESHOLD, OWN_MAPPING_BYTES);
	r = crypto_init(&err);
	if (r == 0)
		r = lock(&s, &err);
	if (r == 0)
		r = run(&s, &end, &err);
	if (r < 0)
		(void)query_result_put_failed(&s.ring, &err);
	else
		(void)query_result_put_end(&s.ring, &end);
	ring_end(&s.ring);
	return r < 0 ? err_row(err.id)->exit : 0;
}
