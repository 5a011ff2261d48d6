/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tempdir: directories for tests, which are gone with all that is in them when the test ends.
 */
#ifndef REDOUBT_TESTS_TEMPDIR_H
#define REDOUBT_TESTS_TEMPDIR_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "t.h"

#define TEMPDIR_BYTES 32
#define TEMPDIRS_MAX  256

static char tempdirs[TEMPDIRS_MAX][TEMPDIR_BYTES];
static size_t tempdir_count;

static int tempdir_remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void tempdir_remove_all(void)
{
	for (size_t i = 0; i < tempdir_count; i++)
		(void)nftw(tempdirs[i], tempdir_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A new one; its path lives as long as the test. */
static const char *tempdir_make(void)
{
	char *path = tempdirs[tempdir_count];

	assert_true(tempdir_count < TEMPDIRS_MAX);
	if (tempdir_count == 0)
		assert_int_equal(atexit(tempdir_remove_all), 0);
	(void)snprintf(path, TEMPDIR_BYTES, "/tmp/redoubt-test-XXXXXX");
	assert_non_null(mkdtemp(path));
	tempdir_count++;
	return path;
}

/* The same, opened. */
[[maybe_unused]] static int tempdir_open(void)
{
	int fd = open(tempdir_make(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

#endif
