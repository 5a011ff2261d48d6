/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One source, from open to end: the dissector is started and given its rings, the file is read
 * straight into one, rows are taken from the other. Everything waits in one poll: rows to take,
 * room to fill, more to read, or the dissector's death.
 */
#include "capture/capture.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define INPUT_RING_BYTES (1 * MIB)
#define ROWS_RING_BYTES  (2 * MIB)
/* A file is read in pieces of this share of the ring. */
#define INPUT_PIECES 8
/* How long a dissector may take from its last row to its end. */
#define END_TIMEOUT_MS 10000

struct capture {
	char *name; /* for messages */
	bool standard_input;
	int fd;
	bool regular; /* reading never waits */
	bool input_done;
	bool rows_done;
	uint64_t size, done;
	struct capture_conf conf;
	struct proc proc;
	struct ring input, rows;
	struct dissect_status *status;
	size_t row_at, row_end; /* within what is readable; consumed when all of it was given */
	struct err read_error;
	uint8_t row[ROW_MAX]; /* the row that was given last */
};

static int source_open(struct capture *c, const char *path, struct err *err)
{
	struct stat st;

	c->standard_input = strcmp(path, "-") == 0;
	c->name = strdup(c->standard_input ? "standard input" : path);
	if (!c->name)
		return err_set(err, ERR_MEMORY, "opening %s", path);
	if (c->standard_input)
		c->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	else
		c->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (c->fd < 0 || fstat(c->fd, &st) < 0)
		return err_set(err, ERR_FILE_OPEN, "%s: %s", c->name, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_FILE_OPEN, "%s: it is a directory, not a capture file",
			       c->name);
	c->regular = S_ISREG(st.st_mode);
	c->size = c->regular ? (uint64_t)st.st_size : 0;
	if (c->regular)
		(void)posix_fadvise(c->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

/* What its rows call the source. */
static const char *label_of(const struct capture *c)
{
	const char *slash = strrchr(c->name, '/');

	if (c->standard_input)
		return "stdin";
	return slash ? slash + 1 : c->name;
}

static int start_message(const struct capture *c, struct dissect_start *start, struct err *err)
{
	struct str label = str_of(label_of(c));

	*start = (struct dissect_start){
		.version = DISSECT_START_VERSION,
		.input_bytes = c->input.size,
		.rows_bytes = c->rows.size,
		.flows = c->conf.flows,
	};
	/* A run's rows are told from another's by the epoch. */
	start->epoch = (uint32_t)(time_now_ns() / NS_PER_S);
	if (getrandom(&start->seed, sizeof(start->seed), 0) != sizeof(start->seed))
		return err_set(err, ERR_INTERNAL, "getrandom: %s", strerror(errno));
	start->label_bytes = (uint32_t)size_min(label.n, sizeof(start->label));
	memcpy(start->label, label.p, start->label_bytes);
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
		return err_set(err, ERR_MEMORY, "opening %s", path);
	c->fd = -1;
	c->proc = (struct proc){ -1, -1, -1 };
	c->input.memory_fd = c->input.data_fd = c->input.space_fd = -1;
	c->rows.memory_fd = c->rows.data_fd = c->rows.space_fd = -1;
	c->conf = *conf;
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
	if (c->proc.pid > 0)
		proc_stop(&c->proc);
	ring_done(&c->input);
	ring_done(&c->rows);
	page_done(c->status, sizeof(*c->status));
	fd_close(c->fd);
	free(c->name);
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

/* Reads one piece; true when something went on. */
static bool input_pump(struct capture *c)
{
	uint8_t *to;
	ssize_t n;

	if (c->input_done || (!c->regular && !fd_ready(c->fd)))
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
	}
	if (c->row_end == 0)
		return 0;
	rest = str_skip(str_head(ring_readable(&c->rows), c->row_end), c->row_at);
	n = row_length(rest);
	if (n > 0 && (size_t)n <= rest.n) {
		memcpy(c->row, rest.p, (size_t)n);
		rest = (struct str){ (const char *)c->row, (size_t)n };
		if (row_view(rest, row) == 0 && row->bytes.n == rest.n) {
			c->row_at += (size_t)n;
			return 1;
		}
	}
	return err_set(err, ERR_INTERNAL, "%s: the dissector wrote a row that is not one", c->name);
}

/* Sleeps until something can go on; true when the dissector has ended. */
static bool capture_wait(struct capture *c)
{
	struct pollfd p[4] = {
		{ .fd = c->proc.pid_fd, .events = POLLIN },
		{ .fd = c->rows.data_fd, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
	};

	ring_flush(&c->input);
	if (c->conf.idle)
		c->conf.idle(c->conf.owner);
	if (ring_sleep_reader(&c->rows, 0))
		return false;
	if (!c->input_done && ring_room(&c->input) < piece_bytes(c)) {
		if (ring_sleep_writer(&c->input, piece_bytes(c)))
			return false;
		p[2].fd = c->input.space_fd;
	} else if (!c->input_done) {
		p[3].fd = c->fd;
	}
	(void)poll(p, ARRAY_LEN(p), -1);
	if (p[1].revents)
		ring_woken(c->rows.data_fd);
	if (p[2].revents)
		ring_woken(c->input.space_fd);
	return p[0].revents != 0;
}

/* ---- The end ---- */

static void copy_status_error(const struct capture *c, uint32_t id, struct err *out)
{
	const char *text = c->status->err_text;
	size_t n = strnlen(text, sizeof(c->status->err_text));

	out->id = id < ERR_COUNT ? (enum err_id)id : ERR_INTERNAL;
	(void)snprintf(out->text, sizeof(out->text), "%s: %.*s", c->name, (int)n, text);
	/* The text comes from the sandbox: nothing in it may steer a terminal. */
	for (char *p = out->text + strlen(c->name); *p; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
			*p = '?';
}

static int dissector_died(struct capture *c, int status, struct err *err)
{
	uint32_t id = atomic_load(&c->status->err_id);
	struct buf text;

	if (id && WIFEXITED(status)) { /* it could say why */
		copy_status_error(c, id, err);
		return -err_row(err->id)->code;
	}
	buf_init(&text, 256);
	proc_status_format(status, &text);
	(void)err_set(err, ERR_ROLE_DIED, "%s: the dissector %.*s at byte %llu of its input",
		      c->name, STR_FMT(buf_str(&text)),
		      (unsigned long long)atomic_load(&c->status->input_used));
	buf_done(&text);
	return -err_row(ERR_ROLE_DIED)->code;
}

static int dissector_ended(struct capture *c, struct err *err)
{
	int status;

	if (proc_wait(&c->proc, END_TIMEOUT_MS, &status) < 0)
		return err_set(err, ERR_ROLE_DIED, "%s: the dissector does not end", c->name);
	if (atomic_load(&c->status->state) < DISSECT_DONE || status != 0)
		return dissector_died(c, status, err);
	c->rows_done = true;
	if (c->read_error.id) {
		*err = c->read_error;
		return -err_row(err->id)->code;
	}
	return 0;
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
			return dissector_ended(c, err);
		/* What it wrote before its death is still given. */
		if (!input_pump(c) && capture_wait(c) && ring_readable(&c->rows).n == 0)
			return dissector_ended(c, err);
	}
	return 0;
}

void capture_result(const struct capture *c, struct capture_result *out)
{
	uint32_t id = atomic_load(&c->status->err_id);

	*out = (struct capture_result){ .counters = c->status->counters,
					.layers = c->status->layers,
					.truncated = c->status->truncated != 0,
					.bytes = c->done };
	if (id)
		copy_status_error(c, id, &out->err);
}

void capture_progress(const struct capture *c, uint64_t *done, uint64_t *size)
{
	*done = c->done;
	*size = c->size;
}
