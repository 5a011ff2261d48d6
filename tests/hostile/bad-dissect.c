/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A redoubt-dissect that an attacker has taken over, for tests: it stands beside a copy of redoubt,
 * and does to its parent what the name of the source says. The parent must survive, end, and say
 * so.
 */
#include <stdio.h>
#include <unistd.h>

#include "capture/capture.h"

static struct dissect_start start;
static struct dissect_status *status;
static struct ring input, rows;

static void push(const void *bytes, size_t n)
{
	uint8_t *to = ring_reserve(&rows, n);

	assert(to);
	memcpy(to, bytes, n);
	ring_publish(&rows, n);
	ring_flush(&rows);
}

/* Bytes that are no row: no length, an impossible one, one without what it promises. */
static void garbage(void)
{
	push("\xff\xff\xff\xff garbage", 12);
}

static void cut_row(void)
{
	push("\x18\x00", 2);
}

static void hollow_row(void)
{
	static const uint8_t row[64] = { 64, 0, 0, 0, 4, 0, 9, 0 };

	push(row, sizeof(row));
}

static void wake(int event_fd)
{
	const uint64_t one = 1;

	if (write(event_fd, &one, sizeof(one)) < 0)
		_exit(1);
}

/* Positions that no honest side could have: of the reader's ring, and of the writer's. */
static void head_far(void)
{
	push("x", 1);
	atomic_store(&rows.page->head, UINT64_MAX / 2);
	wake(rows.data_fd);
}

static void tail_far(void)
{
	atomic_store(&input.page->tail, UINT64_MAX / 2);
	wake(input.space_fd);
}

/* An error that is none, in words that would steer a terminal. */
static void bad_words(void)
{
	memset(status->err_text, '\033', sizeof(status->err_text)); /* without an end */
	atomic_store(&status->err_id, UINT32_MAX);
	atomic_store(&status->state, DISSECT_FAILED);
	ring_end(&rows);
	_exit(0);
}

static void silent(void)
{
	_exit(0);
}

static void wrong_status(void)
{
	atomic_store(&status->state, DISSECT_DONE);
	ring_end(&rows);
	_exit(7);
}

/* Says that it is done, and goes on. */
static void stays(void)
{
	atomic_store(&status->state, DISSECT_DONE);
	ring_end(&rows);
}

static const struct {
	const char *name;
	void (*act)(void);
} acts[] = {
	{ "garbage", garbage },   { "cut-row", cut_row },   { "hollow-row", hollow_row },
	{ "head-far", head_far }, { "tail-far", tail_far }, { "bad-words", bad_words },
	{ "silent", silent },     { "stays", stays },       { "wrong-status", wrong_status },
};

int main(void)
{
	int fds[DISSECT_FDS];
	size_t n = DISSECT_FDS;
	struct err err;

	if (channel_receive(PROC_CHANNEL_FD, &start, sizeof(start), fds, &n) != sizeof(start) ||
	    page_attach(fds[DISSECT_FD_STATUS], sizeof(*status), (void **)&status, &err) < 0 ||
	    ring_attach(fds + DISSECT_FD_INPUT, start.input_bytes, &input, &err) < 0 ||
	    ring_attach(fds + DISSECT_FD_ROWS, start.rows_bytes, &rows, &err) < 0)
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(acts); i++)
		if (str_eq(str_of(acts[i].name), (struct str){ start.label, start.label_bytes }))
			acts[i].act();
	(void)pause();
	return 0;
}
