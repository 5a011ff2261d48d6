/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a dissector writes to standard error: what of it arrives.
 */
#include <fcntl.h>
#include <unistd.h>

#include "t.h"

#include "capture/capture_int.h"

static struct buf told;

static void tell(void *owner, struct str line)
{
	(void)owner;
	buf_put(&told, line);
	buf_put_char(&told, '|');
}

/* Gives the text through a pipe, whose end is seen if it is closed. Returns the answer. */
static bool take(struct said *s, struct str text, bool closed)
{
	int fds[2];
	bool more;

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(write(fds[1], text.p, text.n), text.n);
	if (closed)
		close(fds[1]);
	more = said_take(s, fds[0], tell, NULL);
	close(fds[0]);
	if (!closed)
		close(fds[1]);
	return more;
}

static void begin(struct said *s)
{
	memset(s, 0, sizeof(*s));
	buf_done(&told);
	buf_init(&told, MIB);
	buf_put(&told, STR(""));
}

TEST(lines_are_told_one_by_one_and_the_last_at_the_end)
{
	struct said s;

	begin(&s);

	assert_true(take(&s, STR("one\ntw"), false));
	assert_str(buf_str(&told), "one|");
	assert_false(take(&s, STR("o\n\nthree"), true));
	assert_str(buf_str(&told), "one|two|three|");
}

TEST(nothing_that_steers_a_terminal_is_told)
{
	struct said s;

	begin(&s);

	assert_false(take(&s, STR("\033[2J\r\t\177\302\233\377\0x"), true));
	assert_str(buf_str(&told), "?[2J???????x|");
}

TEST(a_line_of_any_length_is_told_in_pieces)
{
	char text[SAID_LINE_MAX + 2];
	struct said s;

	begin(&s);
	memset(text, 'x', sizeof(text));

	assert_false(take(&s, (struct str){ text, sizeof(text) }, true));
	assert_int_equal(told.len, sizeof(text) + 2);
	assert_int_equal(told.p[SAID_LINE_MAX], '|');
}

/* Lines until it has enough. */
static size_t lines_until_enough(struct str line)
{
	struct said s;
	size_t n = 1;

	begin(&s);
	while (take(&s, line, false)) {
		assert_true(n <= SAID_BYTES_MAX);
		n++;
	}
	return n;
}

TEST(no_more_than_the_limit_is_told)
{
	char line[SAID_LINE_MAX];

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';

	assert_in_range(lines_until_enough((struct str){ line, sizeof(line) }),
			SAID_BYTES_MAX / SAID_LINE_MAX, SAID_BYTES_MAX / SAID_LINE_MAX + 1);
	assert_in_range(told.len, SAID_BYTES_MAX - SAID_LINE_MAX, SAID_BYTES_MAX + 128);
	assert_non_null(strstr(told.p, "not shown"));
}

TEST(short_and_blank_lines_spend_the_limit_too)
{
	assert_int_equal(lines_until_enough(STR("x\n")), SAID_BYTES_MAX / SAID_LINE_COST);
	assert_int_equal(lines_until_enough(STR("\n")), SAID_BYTES_MAX / SAID_LINE_COST);
}

TEST(nobody_needs_to_listen)
{
	struct said s = { 0 };
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x\ny", 3), 3);
	close(fds[1]);

	assert_false(said_take(&s, fds[0], NULL, NULL));
	close(fds[0]);
}

TEST_MAIN
