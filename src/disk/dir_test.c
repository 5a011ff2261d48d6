// SPDX-License-Identifier: Apache-2.0
/* Directories: private, durable, listed in order. */
#include "disk/disk.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"
#include "tempdir.h"

/* A new directory of its own, made the current one, so that relative paths are short. */
static void enter_new(void)
{
	assert_int_equal(chdir(tempdir_make()), 0);
}

static int here(void)
{
	return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

TEST(missing_directories_are_made_private)
{
	struct err err = { .id = ERR_NONE };
	int fd;

	enter_new();
	fd = disk_dir_open("a//b/./c/", &err);

	assert_true(fd >= 0);
	assert_int_equal(mode_of("a"), 0700);
	assert_int_equal(mode_of("a/b"), 0700);
	assert_int_equal(mode_of("a/b/c"), 0700);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd_close(fd);
}

TEST(an_absolute_path_and_one_that_is_there_are_opened)
{
	char now[4096], path[sizeof(now) + 2];
	int fd;

	enter_new();
	assert_non_null(getcwd(now, sizeof(now)));
	(void)snprintf(path, sizeof(path), "%s/x", now);
	fd = disk_dir_open(path, NULL);
	assert_true(fd >= 0);
	fd_close(fd);
	fd = disk_dir_open("x", NULL);

	assert_true(fd >= 0);
	fd_close(fd);
}

TEST(a_directory_that_others_may_write_is_refused)
{
	struct err err = { .id = ERR_NONE };

	enter_new();
	assert_int_equal(mkdir("g", 0700), 0);
	assert_int_equal(chmod("g", 0770), 0);

	assert_int_equal(disk_dir_open("g", &err), -EIO);
	assert_int_equal(err.id, ERR_STORE_IO);
	assert_non_null(strstr(err.text, "may be written by others (mode 0770)"));
	assert_int_equal(chmod("g", 0702), 0);
	assert_true(disk_dir_open("g", &err) < 0);
	assert_int_equal(chmod("g", 0755), 0);
	assert_true(disk_dir_open("g", &err) >= 0);
}

TEST(a_directory_of_another_user_is_refused)
{
	struct err err = { .id = ERR_NONE };

	enter_new();
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir("o", 0700), 0);
	assert_int_equal(chown("o", 12345, 0), 0);

	assert_true(disk_dir_open("o", &err) < 0);
	assert_non_null(strstr(err.text, "belongs to user 12345"));
}

TEST(what_is_no_directory_is_refused)
{
	struct err err = { .id = ERR_NONE };
	int fd;

	enter_new();
	fd = open("f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	fd_close(fd);

	assert_true(disk_dir_open("f", &err) < 0);
	assert_int_equal(err.id, ERR_STORE_IO);
	assert_true(disk_dir_open("f/x", &err) < 0);
	assert_true(disk_dir_open("", &err) < 0);
}

TEST(a_path_that_is_too_long_is_refused)
{
	static char path[8192];
	struct err err = { .id = ERR_NONE };

	memset(path, 'a', sizeof(path) - 1);

	assert_true(disk_dir_open(path, &err) < 0);
	assert_int_equal(err.id, ERR_STORE_IO);
}

TEST(a_directory_within_another_is_made_and_no_link_is_followed)
{
	struct err err = { .id = ERR_NONE };
	int dir, fd;

	enter_new();
	dir = here();
	fd = disk_dir_open_at(dir, "log", &err);
	assert_true(fd >= 0);
	fd_close(fd);
	assert_int_equal(mode_of("log"), 0700);
	assert_int_equal(symlink("log", "link"), 0);

	assert_true(disk_dir_open_at(dir, "link", &err) < 0);
	fd = disk_dir_open_at(dir, "log", &err);
	assert_true(fd >= 0);
	fd_close(fd);
	fd_close(dir);
}

static int no_space(void *owner, enum disk_call call, int fd, const char *name, uint64_t at,
		    size_t *n)
{
	(void)fd;
	(void)name;
	(void)at;
	(void)n;
	return call == *(const enum disk_call *)owner ? -ENOSPC : 0;
}

TEST(a_directory_that_cannot_be_made_for_want_of_space_says_so)
{
	enum disk_call call = DISK_CALL_CREATE;
	const struct disk_fault fault = { no_space, &call };
	struct err err = { .id = ERR_NONE };

	enter_new();
	disk_inject(&fault);
	assert_int_equal(disk_dir_open("a/b", &err), -ENOSPC);
	assert_int_equal(err.id, ERR_STORE_FULL);
	call = DISK_CALL_SYNC_DIR;
	assert_int_equal(disk_dir_open("a/b", &err), -ENOSPC);
	disk_inject(NULL);

	assert_int_not_equal(access("a/b", F_OK), 0);
}

/* ---- Listing --------------------------------------------------------------------------------- */

static char seen[256];

static int note(void *owner, const char *name)
{
	const size_t n = strlen(seen);

	(void)snprintf(seen + n, sizeof(seen) - n, "%s ", name);
	return owner && strcmp(owner, name) == 0 ? -EINTR : 0;
}

static void touch(int dir, const char *name)
{
	int fd = disk_create(dir, name);

	assert_true(fd >= 0);
	fd_close(fd);
}

TEST(files_are_listed_in_the_order_of_their_names_and_nothing_else)
{
	int dir;

	enter_new();
	dir = here();
	touch(dir, "b");
	touch(dir, "a");
	touch(dir, "B");
	touch(dir, ".c");
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(symlink("a", "e"), 0);
	assert_int_equal(mkfifo("f", 0600), 0);
	seen[0] = '\0';

	assert_int_equal(disk_each(dir, note, NULL), 0);
	assert_string_equal(seen, ".c B a b ");
	assert_int_equal(disk_each(dir, note, NULL), 0);
	assert_string_equal(seen, ".c B a b .c B a b ");
	fd_close(dir);
}

TEST(a_negative_answer_ends_the_list)
{
	char stop[] = "b";
	int dir;

	enter_new();
	dir = here();
	touch(dir, "a");
	touch(dir, "b");
	touch(dir, "c");
	seen[0] = '\0';

	assert_int_equal(disk_each(dir, note, stop), -EINTR);
	assert_string_equal(seen, "a b ");
	assert_true(fcntl(dir, F_GETFD) >= 0);
	fd_close(dir);
}

TEST(an_empty_directory_lists_nothing_and_a_bad_descriptor_is_an_error)
{
	int dir;

	enter_new();
	dir = here();
	seen[0] = '\0';

	assert_int_equal(disk_each(dir, note, NULL), 0);
	assert_string_equal(seen, "");
	assert_int_equal(disk_each(-1, note, NULL), -EBADF);
	fd_close(dir);
}

TEST(the_room_of_the_file_system_is_told)
{
	uint64_t some = 0, all = 0;
	int dir;

	enter_new();
	dir = here();

	assert_int_equal(disk_room(dir, &some, &all), 0);
	assert_true(all > 0 && some <= all);
	assert_int_equal(disk_room(-1, &some, &all), -EBADF);
	fd_close(dir);
}

TEST_MAIN
