/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redoubt-dissect: reads what a source holds and writes rows, and can do nothing else. It takes its
 * descriptors from the channel, maps them, gives up everything it has, and only then looks at the
 * first byte from outside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/dissect.h"
#include "crypto/crypto.h"

static void report(struct dissect_status *status, const struct err *err)
{
	(void)snprintf(status->err_text, sizeof(status->err_text), "%.*s",
		       (int)sizeof(status->err_text) - 1, err->text);
	atomic_store(&status->err_id, err->id);
}

/* The channel is the sign of a parent; nothing is to be had from us otherwise, nor help. */
static bool by_hand(int argc)
{
	struct stat st;

	return argc > 1 || fstat(PROC_CHANNEL_FD, &st) < 0 || !S_ISSOCK(st.st_mode);
}

static int receive(struct dissect_start *start, int fds[DISSECT_FDS], struct err *err)
{
	size_t n = DISSECT_FDS;
	ssize_t got = channel_receive(PROC_CHANNEL_FD, start, sizeof(*start), fds, &n);

	if (got < 0 || (size_t)got != sizeof(*start) || n != DISSECT_FDS)
		return err_set(err, ERR_ROLE_START, "no start message came");
	if (start->version != DISSECT_START_VERSION || start->label_bytes > DISSECT_LABEL_MAX ||
	    start->open_body_bytes > DISSECT_OPEN_BODY_MAX)
		return err_set(err, ERR_ROLE_START,
			       "start message of version %u, this program is %u", start->version,
			       DISSECT_START_VERSION);
	return 0;
}

static int attach(struct dissect *d, int fds[DISSECT_FDS], struct err *err)
{
	int r = page_attach(fds[DISSECT_FD_STATUS], sizeof(*d->status), (void **)&d->status, err);

	if (r == 0)
		r = ring_attach(fds + DISSECT_FD_INPUT, d->start.input_bytes, &d->input, err);
	if (r == 0)
		r = ring_attach(fds + DISSECT_FD_ROWS, d->start.rows_bytes, &d->rows, err);
	return r;
}

static int lock(struct dissect *d, struct err *err)
{
	const int keep[] = { d->input.data_fd, d->input.space_fd, d->rows.data_fd,
			     d->rows.space_fd };

	return proc_enter(PROC_ROLE_DISSECT, keep, ARRAY_LEN(keep), &d->status->layers, err);
}

int main(int argc, char **argv)
{
	static struct dissect d;
	int fds[DISSECT_FDS];
	struct err err = { ERR_NONE, "" };
	int r;

	(void)argv;
	if (by_hand(argc)) {
		(void)fputs("redoubt-dissect is started by redoubt, not by hand.\n", stderr);
		return err_row(ERR_USAGE)->exit;
	}
	log_init("redoubt-dissect", LOG_INFO);
	r = receive(&d.start, fds, &err);
	if (r == 0)
		r = attach(&d, fds, &err);
	if (r == 0)
		r = dissect_prepare(&d, &err);
	if (r == 0)
		r = crypto_init(&err);
	if (r == 0)
		r = lock(&d, &err);
	if (r < 0) {
		log_err("dissect.start", &err);
		if (d.status)
			report(d.status, &err);
		return err_row(err.id)->exit;
	}
	atomic_store(&d.status->state, DISSECT_IS_RUNNING);
	r = dissect_file(&d, &err);
	if (r < 0)
		report(d.status, &err);
	atomic_store(&d.status->state, r < 0 ? DISSECT_IS_FAILED : DISSECT_IS_DONE);
	ring_end(&d.rows);
	return 0;
}
