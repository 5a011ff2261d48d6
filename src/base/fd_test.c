/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of fd: a descriptor closes with its scope unless it was handed over.
 */
#include "base/base.h"
#include "t.h"

#include <fcntl.h>
#include <unistd.h>

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int open_and_close(void)
{
	CLEANUP(fd_close) int fd = dup(STDOUT_FILENO);

	assert_true(is_open(fd));
	return fd;
}

static int open_and_take(void)
{
	CLEANUP(fd_close) int fd = dup(STDOUT_FILENO);

	return TAKE_FD(fd);
}

TEST(fd_closes_at_the_end_of_its_scope)
{
	assert_false(is_open(open_and_close()));
}

TEST(fd_that_was_taken_stays_open)
{
	int fd = open_and_take();

	assert_true(is_open(fd));
	fd_close(fd);
	assert_false(is_open(fd));
}

TEST(fd_close_of_none_leaves_errno_alone)
{
	errno = EXDEV;
	fd_close(-1);
	fd_close(1 << 20); /* not open either */

	assert_int_equal(errno, EXDEV);
}

TEST_MAIN
