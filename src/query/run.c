// SPDX-License-Identifier: Apache-2.0
/*
 * A query from the side that holds the keys: checks it, starts a query process, gives it pieces as
 * it asks for them, and passes on its results. Everything waits in one poll. What that process says
 * is checked; a result that cannot be one, or an end without one, is its death.
 */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "query/wire.h"

/* A signal's handler and the end of patience are looked at so often. */
#define LOOK_MS 100
/* A process that was told how long it may take is ended when it takes so much longer. */
#define PATIENCE_GRACE_NS (10 * NS_PER_S)
#define END_WAIT_MS       2000
/* Between two signs of life lies at most the scan of one piece, which takes seconds. Time is held
 * against the process in slices: what passes while both of us are stopped counts as one. */
#define HANG_NS    (60 * NS_PER_S)
#define HANG_SLICE (NS_PER_MS * 2 * LOOK_MS)

int64_t query_hang_ns = HANG_NS;

/* Limit: times that a piece is opened, on average. It is opened again for each of its frames or
 * groups at most, where more pieces overlap than may be open. */
#define ASKS_EACH 65536
/* Limit: problems that are told one by one. All are counted. */
#define PROBLEMS_TOLD_MAX 1000

struct run {
	const struct query_plan *plan;
	const struct query_pieces *pieces;
	unsigned parts;
	const struct query_sink *sink;
	const volatile int *stop;
	struct query_end *end;
	struct err *err;
	struct proc proc;
	struct ring ring;
	struct result_reader reader;
	struct result result;
	int64_t begun_ns, idle_ns;
	uint64_t problems, rows;
	uint64_t asks;
	uint64_t last; /* arrival of the last row */
	bool over;     /* *end is filled */
};

/* ---- Starting -------------------------------------------------------------------------------- */

static int start_send(struct run *r)
{
	struct query_start start = { .version = QUERY_START_VERSION,
				     .parts = r->parts,
				     .ring_bytes = r->ring.size,
				     .pieces = r->pieces->count,
				     .first = UINT64_MAX,
				     .spec = r->plan->spec };
	int fds[RING_FDS];

	if (r->pieces->count)
		start.first = r->pieces->first(r->pieces->owner, 0);
	if (crypto_random(&start.seed, sizeof(start.seed)) < 0)
		return err_set(r->err, ERR_INTERNAL, "no random number can be had");
	ring_fds(&r->ring, fds);
	if (channel_send(r->proc.channel_fd, &start, sizeof(start), fds, RING_FDS) < 0)
		return err_set(r->err, ERR_ROLE_START, "redoubt-query: the start message: %s",
			       strerror(errno));
	return 0;
}

static int run_start(struct run *r)
{
	int ret = ring_create(QUERY_RING_BYTES, &r->ring, r->err);

	if (ret == 0 && query_result_reader_init(&r->reader, r->plan) < 0)
		ret = err_set(r->err, ERR_MEMORY, "a query");
	if (ret == 0)
		ret = proc_start(PROC_ROLE_QUERY, &r->proc, r->err);
	return ret < 0 ? ret : start_send(r);
}

/* ---- Its end --------------------------------------------------------------------------------- */

/* The last words of a process that died, on their way to a person. */
static void last_words(const struct run *r, char out[128])
{
	ssize_t n = read(r->proc.stderr_fd, out, 127);

	out[n > 0 ? n : 0] = '\0';
	for (char *p = out; *p; p++)
		if (*p < ' ' || *p >= 0x7f)
			*p = *p == '\n' ? ' ' : '?';
}

static int blame(struct run *r, const char *what)
{
	char words[128];

	last_words(r, words);
	proc_stop(&r->proc);
	return err_set(r->err, ERR_ROLE_DIED, "redoubt-query %s behind row %llu%s%s", what,
		       (unsigned long long)r->rows, words[0] ? "; it said: " : "", words);
}

static int died(struct run *r)
{
	struct buf text;
	int status, ret;

	buf_init(&text, 256);
	if (proc_wait(&r->proc, END_WAIT_MS, &status) == 0)
		proc_status_format(status, &text);
	ret = blame(r, text.len ? text.p : "ended");
	buf_done(&text);
	return ret;
}

/* What was given is the answer. Aggregates were not given, and are gone. */
static void cut_short(struct run *r, const char *why)
{
	*r->end = (struct query_end){ .partial = why != NULL,
				      .rows_matched = r->rows,
				      .problems = r->problems };
	if (why)
		(void)snprintf(r->end->why, sizeof(r->end->why), "%s", why);
	if (!r->plan->aggregates)
		r->end->next = r->rows ? r->last : r->plan->spec.after;
	r->over = true;
}

/* ---- Results --------------------------------------------------------------------------------- */

static void problem_give(struct run *r)
{
	r->problems++;
	if (r->sink->problem && r->problems <= PROBLEMS_TOLD_MAX)
		r->sink->problem(r->sink->owner, r->result.problem);
}

/* Passes on the result that was taken: 0, or negative with *err. */
static int result_give(struct run *r)
{
	switch (r->result.type) {
	case RESULT_ROW:
		r->rows++;
		r->last = r->result.arrival;
		if (!r->sink->row(r->sink->owner, r->last, &r->result.row))
			cut_short(r, NULL);
		break;
	case RESULT_GROUP:
		if (!r->sink->group(r->sink->owner, &r->result.group))
			cut_short(r, NULL);
		break;
	case RESULT_PROBLEM:
		problem_give(r);
		break;
	case RESULT_END:
		*r->end = r->result.end;
		r->over = true;
		break;
	case RESULT_FAILED:
		return err_set(r->err, r->result.err.id, "%s", r->result.err.text);
	}
	return 0;
}

/* Takes all results that are readable; *left gets the bytes of one that is not all there. */
static int results_take(struct run *r, size_t *left)
{
	struct str bytes = ring_readable(&r->ring);
	size_t taken = 0;
	ptrdiff_t n = 0;
	int ret = 0;

	while (ret == 0 && !r->over &&
	       (n = query_result_take(&r->reader, str_skip(bytes, taken), &r->result)) > 0) {
		taken += (size_t)n;
		ret = result_give(r);
	}
	ring_consume(&r->ring, taken);
	*left = bytes.n - taken;
	if (ret == 0 && !r->over && (n < 0 || r->ring.broken || *left >= RESULT_MAX))
		ret = blame(r, "gave something that is no result");
	return ret;
}

/* ---- The loop -------------------------------------------------------------------------------- */

/* Is there a reason to end it from here? */
static bool ended_here(struct run *r)
{
	int64_t patience = r->plan->spec.patience_ns;

	if (r->stop && *r->stop)
		cut_short(r, "it was stopped");
	else if (patience && time_mono_ns() - r->begun_ns - PATIENCE_GRACE_NS > patience)
		cut_short(r, "the time that was given is over");
	return r->over;
}

/* Nothing has happened since. */
static int hangs(struct run *r, int64_t from_ns)
{
	int64_t slice = time_mono_ns() - from_ns;

	r->idle_ns += slice < HANG_SLICE ? slice : HANG_SLICE;
	return r->idle_ns > query_hang_ns ? blame(r, "does not go on, and is ended,") : 0;
}

/* Sleeps until something happens; answers an ask for a piece. */
static int run_wait(struct run *r, size_t left)
{
	struct pollfd p[] = {
		{ .fd = r->proc.channel_fd, .events = POLLIN },
		{ .fd = r->ring.data_fd, .events = POLLIN },
		{ .fd = r->proc.pid_fd, .events = POLLIN },
	};
	int64_t from = time_mono_ns();
	int answered = 1;

	if (ring_sleep_reader(&r->ring, left))
		return 0;
	if (poll(p, ARRAY_LEN(p), LOOK_MS) <= 0)
		return hangs(r, from);
	r->idle_ns = 0;
	if (p[1].revents)
		ring_woken(r->ring.data_fd);
	if (p[0].revents & POLLIN && r->asks++ > (r->pieces->count + 1) * ASKS_EACH)
		return blame(r, "asks without end");
	if (p[0].revents & POLLIN)
		answered = query_answer(r->proc.channel_fd, r->pieces, r->parts);
	if (answered == -EBADMSG)
		return blame(r, "asked for something that is not to be had");
	/* What it wrote before its death is still given. */
	if ((answered <= 0 || p[2].revents) && ring_readable(&r->ring).n == left)
		return died(r);
	return 0;
}

static int run_loop(struct run *r)
{
	for (;;) {
		size_t left;
		int ret = results_take(r, &left);

		if (ret < 0 || r->over)
			return ret;
		if (ring_ended(&r->ring))
			return died(r);
		if (ended_here(r))
			return 0;
		ret = run_wait(r, left);
		if (ret < 0)
			return ret;
	}
}

static void run_done(struct run *r)
{
	proc_stop(&r->proc);
	ring_done(&r->ring);
	query_result_reader_done(&r->reader);
}

int query_run(const char *dir, const struct root_source *root, const struct query_viewer *viewer,
	      const struct query_spec *spec, const struct query_sink *sink,
	      const volatile int *stop, struct query_end *end, struct err *err)
{
	CLEANUP(query_plan_free) struct query_plan *plan = NULL;
	CLEANUP(query_list_free) struct query_list *list = NULL;
	struct run r = { .parts = viewer->parts,
			 .sink = sink,
			 .stop = stop,
			 .end = end,
			 .err = err,
			 .proc = PROC_NONE,
			 .begun_ns = time_mono_ns() };
	int ret = query_plan_new(spec, viewer->parts, &plan, err);

	if (ret == 0)
		ret = query_list_open(dir, root, viewer->parts, spec, &list, err);
	if (ret < 0)
		return ret;
	r.plan = plan;
	r.pieces = query_list_pieces(list);
	r.ring.memory_fd = r.ring.data_fd = r.ring.space_fd = -1;
	ret = run_start(&r);
	if (ret == 0)
		ret = run_loop(&r);
	run_done(&r);
	return ret;
}
