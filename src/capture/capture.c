/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One source, from open to end: the dissector is started and given its rings, the file is read
 * straight into one, rows are taken from the other. Everything waits in one poll: rows to take,
 * room to fill, more to read, words of the dissector, or its death. A dissector that holds us up is
 * ended.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "capture/capture_int.h"

#define INPUT_RING_BYTES (1 * MIB)
#define ROWS_RING_BYTES  (2 * MIB)
/* A file is read in pieces of this share of the ring. */
#define INPUT_PIECES 8
/* Time is held against a dissector in slices: what passes while both of us are stopped counts as
 * one. */
#define PATIENCE_SLICE_MS 250
/*
 * Limit: bytes of rows for one step of the input. A dissector has nothing to write of but what it
 * was given since, at most a ring and what a decompressor makes of one read, and its memory: flows
 * and held segments. That makes no more than this, even of the smallest exchanges.
 *
 * There is no limit over a whole file: of compressed bytes any number of honest rows can come.
 */
#define STEP_ROWS_MAX (4 * GIB)
/* A Ctrl-C is often for the writer of a pipe as well: what it still has is read for so long. */
#define STOP_GRACE_NS (500 * NS_PER_MS)

static int start_message(const struct capture *c, struct dissect_start *start, struct err *err)
{
	struct str label = str_of(c->label);

	*start = (struct dissect_start){
		.version = DISSECT_START_VERSION,
		.agent = c->conf.agent + c->conf.number,
		.input_bytes = c->input.size,
		.rows_bytes = c->rows.size,
		.flows = c->conf.flows,
	};
	/* A run's rows are told from another's by the epoch, and within it by the number. */
	start->epoch = (uint32_t)(time_now_ns() / NS_PER_S);
	if (getrandom(&start->seed, sizeof(start->seed), 0) != sizeof(start->seed))
		return err_set(err, ERR_INTERNAL, "getrandom: %s", strerror(errno));
	start->label_bytes = (uint32_t)size_min(label.n, sizeof(start->label));
	memcpy(start->label, label.p, start->label_bytes);
	assert(c->conf.open_body.n <= sizeof(start->open_body));
	start->open_body_bytes = (uint32_t)c->conf.open_body.n;
	if (c->conf.open_body.n)
		memcpy(start->open_body, c->conf.open_body.p, c->conf.open_body.n);
	return 0;
}

static int dissector_start(struct capture *c, struct err *err)
{
	struct dissect_start start;
	int fds[DISSECT_FDS];
	int r, status_fd;

	r = ring_create(INPUT_RING_BYTES, &c->input, err);
	if (r == 0)
		r = ring_create(ROWS_RING_BYTES, &c->rows, err);
	if (r == 0)
		r = start_message(c, &start, err);
	if (r < 0)
		return r;
	r = page_create(sizeof(*c->status), (void **)&c->status, &status_fd, err);
	if (r < 0)
		return r;
	fds[DISSECT_FD_STATUS] = status_fd;
	ring_fds(&c->input, fds + DISSECT_FD_INPUT);
	ring_fds(&c->rows, fds + DISSECT_FD_ROWS);
	r = proc_start(PROC_ROLE_DISSECT, &c->proc, err);
	if (r == 0 && channel_send(c->proc.channel_fd, &start, sizeof(start), fds, DISSECT_FDS) < 0)
		r = err_set(err, ERR_ROLE_START, "sending the start message: %s", strerror(errno));
	fd_close(status_fd);
	return r;
}

int capture_open(const char *path, const struct capture_conf *conf, struct capture **out,
		 struct err *err)
{
	struct capture *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_set(err, ERR_MEMORY, "opening a file");
	c->fd = -1;
	c->proc = PROC_NONE;
	c->input.memory_fd = c->input.data_fd = c->input.space_fd = -1;
	c->rows.memory_fd = c->rows.data_fd = c->rows.space_fd = -1;
	c->conf = *conf;
	if (!c->conf.patience_ns)
		c->conf.patience_ns = CAPTURE_PATIENCE_NS;
	r = source_open(c, path, err);
	if (r == 0)
		r = dissector_start(c, err);
	if (r < 0) {
		capture_close(c);
		return r;
	}
	*out = c;
	return 0;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	proc_stop(&c->proc);
	ring_done(&c->input);
	ring_done(&c->rows);
	page_done(c->status, sizeof(*c->status));
	fd_close(c->fd);
	free(c->name);
	free(c->label);
	free(c);
}

/* ---- The file, into its ring ---- */

static void input_end(struct capture *c)
{
	c->input_done = true;
	ring_end(&c->input);
}

static bool fd_ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static size_t piece_bytes(const struct capture *c)
{
	return c->input.size / INPUT_PIECES;
}

static bool is_stopped(const struct capture *c)
{
	return !c->regular && c->conf.stop && *c->conf.stop;
}

/* How long a writer that was stopped with us may still take. */
static int64_t grace_ns(struct capture *c)
{
	int64_t now = time_mono_ns();

	if (!c->stop_ns)
		c->stop_ns = now + STOP_GRACE_NS;
	return c->stop_ns - now;
}

/* Reads one piece; true when something went on. */
static bool input_pump(struct capture *c)
{
	uint8_t *to;
	ssize_t n;

	if (c->input_done)
		return false;
	if (is_stopped(c) && grace_ns(c) <= 0) {
		input_end(c);
		return true;
	}
	if (!c->regular && !fd_ready(c->fd))
		return false;
	to = ring_reserve(&c->input, piece_bytes(c));
	if (!to)
		return false;
	n = read(c->fd, to, piece_bytes(c));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return errno == EINTR;
	if (n < 0)
		(void)err_set(&c->read_error, ERR_FILE_READ, "%s, at byte %llu: %s", c->name,
			      (unsigned long long)c->done, strerror(errno));
	if (n <= 0) {
		input_end(c);
		return true;
	}
	c->done += (uint64_t)n;
	ring_publish(&c->input, (size_t)n);
	if (!c->regular)
		ring_flush(&c->input);
	return true;
}

/* ---- The dissector's pace -------------------------------------------------------------------- */

/* True when it has used input since this was asked last. */
static bool input_moved(struct capture *c)
{
	uint64_t used = atomic_load_explicit(&c->status->input_used, memory_order_relaxed);

	if (used <= c->used_seen || used > c->done)
		return false;
	c->used_seen = used;
	c->idle_bytes = 0;
	return true;
}

/* It has all there is, or all there is room for; so the next step is its own. */
static bool dissector_owes(struct capture *c)
{
	return c->input_done || ring_room(&c->input) < piece_bytes(c);
}

/* Counts the time that is the dissector's; false when that is more than we wait. */
static bool patience(struct capture *c)
{
	int64_t now = time_mono_ns();
	int64_t slice = now - c->looked_ns;

	if (input_moved(c) || !dissector_owes(c) || !c->looked_ns) {
		c->owed_ns = 0;
		slice = 0;
	}
	c->looked_ns = now;
	c->owed_ns += slice < PATIENCE_SLICE_MS * NS_PER_MS ? slice : PATIENCE_SLICE_MS * NS_PER_MS;
	return c->owed_ns <= c->conf.patience_ns;
}

/* ---- Rows, out of theirs ---- */

/* The dissector may be an attacker's by now, and could change a row in the ring behind our back:
 * what is checked and given is a copy. */
static int row_take(struct capture *c, struct row_view *row, struct err *err)
{
	struct str rest;
	ptrdiff_t n;

	if (c->row_at == c->row_end) {
		ring_consume(&c->rows, c->row_end);
		c->row_at = 0;
		c->row_end = ring_readable(&c->rows).n;
		if (c->row_end == 0)
			return 0;
		c->looked_ns = 0;
		c->idle_bytes += c->row_end;
		if (c->idle_bytes > STEP_ROWS_MAX && !input_moved(c))
			return capture_blame(c, "writes more than it can have read,", err);
	}
	rest = str_skip(str_head(ring_readable(&c->rows), c->row_end), c->row_at);
	n = row_length(rest);
	if (n > 0 && (size_t)n <= rest.n) {
		memcpy(c->row, rest.p, (size_t)n);
		rest = (struct str){ (const char *)c->row, (size_t)n };
		if (row_view(rest, row) == 0 && row->bytes.n == rest.n) {
			c->row_at += (size_t)n;
			c->last_kind = row->kind_id;
			return 1;
		}
	}
	return err_set(err, ERR_INTERNAL, "%s: the dissector wrote a row that is not one", c->name);
}

void capture_listen(struct capture *c)
{
	if (c->proc.stderr_fd >= 0 &&
	    !said_take(&c->said, c->proc.stderr_fd, c->conf.said, c->conf.owner))
		fd_close(TAKE_FD(c->proc.stderr_fd));
}

/* The caller's time is not the dissector's. */
static void idle(struct capture *c)
{
	int64_t from = time_mono_ns();

	if (!c->conf.idle)
		return;
	c->conf.idle(c->conf.owner);
	if (c->looked_ns)
		c->looked_ns += time_mono_ns() - from;
}

/* How long to sleep: while the dissector may owe us a step, a slice of our patience. */
static int sleep_ms(struct capture *c, bool for_source)
{
	if (!for_source)
		return PATIENCE_SLICE_MS;
	if (!is_stopped(c))
		return -1;
	return grace_ns(c) > 0 ? (int)(grace_ns(c) / NS_PER_MS) + 1 : 0;
}

/* No signal comes between the look at what it says and the sleep. */
static void sleep_on(struct capture *c, struct pollfd *p, size_t n, bool for_source)
{
	sigset_t all, before;
	struct timespec time;
	int ms;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	ms = sleep_ms(c, for_source);
	time = (struct timespec){ ms / 1000, ms % 1000 * NS_PER_MS };
	(void)ppoll(p, n, ms < 0 ? NULL : &time, &before);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Sleeps until something can go on: 0, 1 when the dissector has ended, or negative with *err when
 * it holds us up. */
static int capture_wait(struct capture *c, struct err *err)
{
	struct pollfd p[] = {
		{ .fd = c->proc.pid_fd, .events = POLLIN },
		{ .fd = c->rows.data_fd, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
		{ .fd = c->proc.stderr_fd, .events = POLLIN },
	};

	ring_flush(&c->input);
	if (!patience(c))
		return capture_blame(c, "does not go on, and is ended,", err);
	idle(c);
	if (ring_sleep_reader(&c->rows, 0))
		return 0;
	if (!c->input_done && ring_room(&c->input) < piece_bytes(c)) {
		if (ring_sleep_writer(&c->input, piece_bytes(c)))
			return 0;
		p[2].fd = c->input.space_fd;
	} else if (!c->input_done) {
		p[3].fd = c->fd;
	}
	sleep_on(c, p, ARRAY_LEN(p), p[3].fd >= 0);
	if (p[1].revents)
		ring_woken(c->rows.data_fd);
	if (p[2].revents)
		ring_woken(c->input.space_fd);
	if (p[4].revents)
		capture_listen(c);
	return p[0].revents != 0;
}

int capture_next(struct capture *c, struct row_view *row, struct err *err)
{
	while (!c->rows_done) {
		int r = row_take(c, row, err);

		if (r != 0)
			return r;
		if (c->rows.broken || c->input.broken)
			return err_set(err, ERR_INTERNAL, "%s: the dissector broke its rings",
				       c->name);
		if (ring_ended(&c->rows))
			return capture_ended(c, err);
		if (input_pump(c))
			continue;
		r = capture_wait(c, err);
		if (r < 0)
			return r;
		/* What it wrote before its death is still given. */
		if (r == 1 && ring_readable(&c->rows).n == 0)
			return capture_ended(c, err);
	}
	return 0;
}

void capture_result(const struct capture *c, struct capture_result *out)
{
	*out = (struct capture_result){ .counters = c->status->counters,
					.layers = c->status->layers,
					.truncated = c->status->truncated != 0,
					.bytes = c->done,
					.err = c->failure };
}

void capture_progress(const struct capture *c, uint64_t *done, uint64_t *size)
{
	*done = c->done;
	*size = c->size;
}

bool capture_is_stream(const struct capture *c)
{
	return !c->regular;
}

bool capture_waits(const struct capture *c)
{
	return !c->regular && c->done == 0 && !c->input_done;
}

bool capture_given(const struct capture *c)
{
	return c->input_done || (c->regular && c->done >= c->size);
}
