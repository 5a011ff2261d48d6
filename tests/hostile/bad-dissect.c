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
	atomic_store(&status->state, DISSECT_IS_FAILED);
	ring_end(&rows);
	_exit(0);
}

static void silent(void)
{
	_exit(0);
}

/* ---- Rows and ends as an honest dissector has them, and a little beside ---------------------- */

/* A row of a kind with one text, or with none. */
static void push_row(uint16_t kind, uint16_t field, size_t text_bytes)
{
	static uint8_t row[ROW_MAX];
	size_t n = text_bytes ? (24 + 8 + 4 + text_bytes + 7) & ~(size_t)7 : 24;
	const uint32_t length = (uint32_t)n, at = 32, bytes = (uint32_t)text_bytes;
	const uint16_t fields = text_bytes != 0;

	memset(row, 0, n);
	memcpy(row, &length, sizeof(length));
	memcpy(row + 4, &kind, sizeof(kind));
	memcpy(row + 6, &fields, sizeof(fields));
	if (text_bytes) {
		memcpy(row + 24, &field, sizeof(field));
		row[26] = FIELD_STR;
		memcpy(row + 28, &at, sizeof(at));
		memcpy(row + 32, &bytes, sizeof(bytes));
		memset(row + 36, 'x', text_bytes);
	}
	if (ring_wait_room(&rows, n, -1) < 0)
		_exit(1);
	push(row, n);
}

static void read_all(void)
{
	while (!ring_ended(&input)) {
		size_t n = ring_readable(&input).n;

		ring_consume(&input, n);
		atomic_fetch_add(&status->input_used, n);
		if (ring_wait_data(&input, 0, -1) < 0)
			_exit(1);
	}
}

_Noreturn static void end_with(enum dissect_state state, enum err_id why)
{
	atomic_store(&status->err_id, why);
	atomic_store(&status->state, state);
	ring_end(&rows);
	_exit(0);
}

/* All that is asked for: what the others leave out is what they are refused for. */
static void honest(void)
{
	read_all();
	push_row(KIND_CAPTURE, 0, 0);
	end_with(DISSECT_IS_DONE, ERR_NONE);
}

static void done_early(void)
{
	end_with(DISSECT_IS_DONE, ERR_NONE);
}

static void no_capture(void)
{
	read_all();
	end_with(DISSECT_IS_DONE, ERR_NONE);
}

static void unread(void)
{
	push_row(KIND_CAPTURE, 0, 0);
	end_with(DISSECT_IS_DONE, ERR_NONE);
}

static void read_more(void)
{
	read_all();
	atomic_fetch_add(&status->input_used, 1);
	push_row(KIND_CAPTURE, 0, 0);
	end_with(DISSECT_IS_DONE, ERR_NONE);
}

static void fails_mutely(void)
{
	read_all();
	push_row(KIND_CAPTURE, 0, 0);
	end_with(DISSECT_IS_FAILED, ERR_NONE);
}

/* A reason that is not its to give: the file was opened. */
static void borrows(void)
{
	read_all();
	push_row(KIND_CAPTURE, 0, 0);
	end_with(DISSECT_IS_FAILED, ERR_FILE_OPEN);
}

static void damaged(void)
{
	read_all();
	memcpy(status->err_text, "\033[31mreason", 12);
	push_row(KIND_CAPTURE, 0, 0);
	end_with(DISSECT_IS_FAILED, ERR_CAPTURE_DAMAGED);
}

static void wrong_status(void)
{
	read_all();
	push_row(KIND_CAPTURE, 0, 0);
	atomic_store(&status->state, DISSECT_IS_DONE);
	ring_end(&rows);
	_exit(7);
}

/* Says that it is done, and goes on. */
static void stays(void)
{
	atomic_store(&status->state, DISSECT_IS_DONE);
	ring_end(&rows);
}

/* ---- Holding its parent up ------------------------------------------------------------------- */

/* Neither reads nor writes, nor ends: main() waits for ever. */
static void hangs(void) {}

static void wakes(void)
{
	for (;;)
		wake(rows.data_fd);
}

static void blinks(void)
{
	for (;;) {
		atomic_store(&rows.page->ended, 1);
		atomic_store(&rows.page->ended, 0);
		wake(rows.data_fd);
	}
}

/* Rows without end, out of nothing. */
static void endless(void)
{
	for (;;)
		push_row(KIND_GAP, 100, ROW_MAX - 128);
}

/* ---- Standard error -------------------------------------------------------------------------- */

static void say(const char *text, size_t n)
{
	ssize_t done = write(STDERR_FILENO, text, n);

	(void)done;
}

/* A title, a cleared screen, and words that could be somebody else's. */
static void shouts(void)
{
	static const char text[] =
		"\033]0;title\007\033[2J\302\233\nerror: your password, please: ";

	say(text, sizeof(text) - 1);
	_exit(0);
}

static void floods(void)
{
	for (;;)
		say("0123456789abcdef\033[0m\n\n\n", 23);
}

static void floods_blank(void)
{
	for (;;)
		say("\n\n\n\n", 4);
}

static const struct {
	const char *name;
	void (*act)(void);
} acts[] = {
	{ "garbage", garbage },
	{ "cut-row", cut_row },
	{ "hollow-row", hollow_row },
	{ "head-far", head_far },
	{ "tail-far", tail_far },
	{ "bad-words", bad_words },
	{ "silent", silent },
	{ "honest", honest },
	{ "done-early", done_early },
	{ "no-capture", no_capture },
	{ "unread", unread },
	{ "read-more", read_more },
	{ "fails-mutely", fails_mutely },
	{ "borrows", borrows },
	{ "damaged", damaged },
	{ "wrong-status", wrong_status },
	{ "stays", stays },
	{ "hangs", hangs },
	{ "wakes", wakes },
	{ "blinks", blinks },
	{ "endless", endless },
	{ "shouts", shouts },
	{ "floods", floods },
	{ "floods-blank", floods_blank },
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
