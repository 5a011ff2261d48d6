/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of log: the exact line, the lowest level, and that no text can break out of its line.
 */
#include "base/base.h"
#include "t.h"

#include <unistd.h>

/* What write_lines() prints on standard error. */
static struct str capture(void (*write_lines)(void))
{
	static char text[8192];
	int ends[2];
	int keep = dup(STDERR_FILENO);
	ssize_t n;

	assert_true(keep >= 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	write_lines();
	assert_int_equal(dup2(keep, STDERR_FILENO), STDERR_FILENO);
	fd_close(keep);
	fd_close(ends[1]);
	n = read(ends[0], text, sizeof(text));
	fd_close(ends[0]);
	return (struct str){ text, n > 0 ? (size_t)n : 0 };
}

/* The line without its time, which is checked. */
static struct str without_time(struct str line)
{
	struct str time;
	int64_t ns;

	assert_true(str_starts(line, STR("time=")));
	line = str_skip(line, 5);
	assert_true(str_cut(&line, ' ', &time));
	assert_int_equal(time_parse(time, &ns), 0);
	return line;
}

static void one_line(void)
{
	log_init("redoubt-test", LOG_INFO);
	log_line(LOG_WARN, "capture.end", "frames=%u", 7U);
}

TEST(line_has_time_level_program_event_and_fields)
{
	assert_str(without_time(capture(one_line)),
		   "level=warn program=redoubt-test event=capture.end frames=7\n");
}

static void bare_line(void)
{
	static const char *const none = "";

	log_init("t", LOG_DEBUG);
	log_line(LOG_DEBUG, "start", "%s", none);
}

TEST(line_without_fields_still_ends)
{
	struct str line = without_time(capture(bare_line));

	assert_true(str_starts(line, STR("level=debug program=t event=start")));
	assert_true(str_ends(line, STR("\n")));
}

static void low_line(void)
{
	log_init("t", LOG_WARN);
	log_line(LOG_INFO, "start", "x=%d", 1);
}

TEST(line_below_the_lowest_level_is_not_printed)
{
	assert_int_equal(capture(low_line).n, 0);
}

static void control_line(void)
{
	log_init("t", LOG_INFO);
	log_line(LOG_INFO, "e", "v=%s", "a\nlevel=error\x1b[0m");
}

TEST(line_holds_no_control_character)
{
	assert_str(without_time(capture(control_line)),
		   "level=info program=t event=e v=a?level=error?[0m\n");
}

static void long_line(void)
{
	log_init("t", LOG_INFO);
	log_line(LOG_INFO, "e", "v=%05000d", 1);
}

TEST(line_that_is_too_long_is_cut_and_says_so)
{
	struct str line = capture(long_line);

	assert_int_equal(line.n, 2047);
	assert_true(str_ends(line, STR("000 cut=true\n")));
}

static void error_line(void)
{
	struct err err;

	(void)err_set(&err, ERR_OUTPUT, "\"%s\" is full", "a\\b");
	log_init("t", LOG_ERROR);
	log_err("output.end", &err);
}

TEST(error_line_quotes_its_text_and_adds_the_hint)
{
	assert_str(without_time(capture(error_line)),
		   "level=error program=t event=output.end err=output.write "
		   "text=\"\\\"a\\\\b\\\" is full\" "
		   "hint=\"Check the disk or the program that reads the output.\"\n");
}

static void keep_errno(void)
{
	errno = EXDEV;
	log_line(LOG_ERROR, "e", "x=%d", 1);
	assert_int_equal(errno, EXDEV);
}

TEST(line_leaves_errno_alone)
{
	assert_true(capture(keep_errno).n > 0);
}

TEST_MAIN
