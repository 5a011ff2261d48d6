// SPDX-License-Identifier: Apache-2.0
/* Names that change places, and files that are overwritten where they lie. */
#include "disk/disk.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t.h"

/* A new directory with these files, each holding its own name. */
static int new_dir(const char *const names[], size_t n)
{
	char path[] = "/tmp/disk-XXXXXX";
	int dir;

	assert_non_null(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	for (size_t i = 0; i < n; i++) {
		int fd = disk_create(dir, names[i]);

		assert_true(fd >= 0);
		assert_int_equal(disk_write(fd, 0, str_of(names[i])), 0);
		fd_close(fd);
	}
	return dir;
}

static void assert_holds(int dir, const char *name, struct str want)
{
	struct buf b;

	buf_init(&b, MIB);
	assert_int_equal(disk_load(dir, name, &b), 0);
	assert_int_equal(b.len, want.n);
	assert_memory_equal(b.p, want.p, want.n);
	buf_done(&b);
}

static int refuse(void *owner, enum disk_call call, [[maybe_unused]] int fd, const char *name,
		  [[maybe_unused]] uint64_t at, [[maybe_unused]] size_t *n)
{
	const enum disk_call *which = owner;

	assert_true(call != DISK_CALL_RENAME || strcmp(name, "b") == 0);
	return call == *which ? -EIO : 0;
}

TEST(exchanged_names_have_each_others_bytes)
{
	int dir = new_dir((const char *const[]){ "a", "b" }, 2);

	assert_int_equal(disk_exchange(dir, "a", "b"), 0);

	assert_holds(dir, "a", STR("b"));
	assert_holds(dir, "b", STR("a"));
	fd_close(dir);
}

TEST(a_name_is_not_exchanged_with_none)
{
	int dir = new_dir((const char *const[]){ "a" }, 1);

	assert_int_equal(disk_exchange(dir, "a", "b"), -ENOENT);

	assert_holds(dir, "a", STR("a"));
	fd_close(dir);
}

TEST(an_exchange_can_be_refused_by_a_test)
{
	enum disk_call which = DISK_CALL_RENAME;
	struct disk_fault fault = { refuse, &which };
	int dir = new_dir((const char *const[]){ "a", "b" }, 2);

	disk_inject(&fault);
	assert_int_equal(disk_exchange(dir, "a", "b"), -EIO);
	disk_inject(NULL);

	assert_holds(dir, "a", STR("a"));
	fd_close(dir);
}

TEST(only_regular_files_are_opened_for_writing)
{
	int dir = new_dir((const char *const[]){ "a" }, 1), fd;

	assert_int_equal(symlinkat("a", dir, "link"), 0);
	assert_int_equal(mkfifoat(dir, "pipe", 0600), 0);
	assert_int_equal(mkdirat(dir, "dir", 0700), 0);

	assert_int_equal(disk_open_write(dir, "link"), -ELOOP);
	assert_int_equal(disk_open_write(dir, "pipe"), -EINVAL);
	assert_int_equal(disk_open_write(dir, "dir"), -EISDIR);
	assert_int_equal(disk_open_write(dir, "none"), -ENOENT);
	fd = disk_open_write(dir, "a");
	assert_int_equal(disk_write(fd, 1, STR("z")), 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_holds(dir, "a", STR("az"));
	fd_close(fd);
	fd_close(dir);
}

/* Of this size a file is zeroed to its end, and no longer. */
static void assert_zeroed(size_t n)
{
	int dir = new_dir((const char *const[]){ "a" }, 1);
	char *bytes = malloc(n), *zeros = calloc(1, n);
	int fd = disk_open_write(dir, "a");

	assert_true(bytes && zeros && fd >= 0);
	memset(bytes, 'x', n);
	assert_int_equal(disk_write(fd, 0, (struct str){ bytes, n }), 0);
	assert_int_equal(disk_zero(fd), 0);
	assert_holds(dir, "a", (struct str){ zeros, n });
	free(bytes);
	free(zeros);
	fd_close(fd);
	fd_close(dir);
}

TEST(a_file_is_zeroed_to_its_end)
{
	assert_zeroed(1);
	assert_zeroed(32 * KIB - 1);
	assert_zeroed(32 * KIB);
	assert_zeroed(32 * KIB + 1);
	assert_zeroed(100 * KIB);
}

TEST(zeroing_tells_what_failed)
{
	enum disk_call which = DISK_CALL_WRITE;
	struct disk_fault fault = { refuse, &which };
	int dir = new_dir((const char *const[]){ "a" }, 1), fd = disk_open_write(dir, "a");

	disk_inject(&fault);
	assert_int_equal(disk_zero(fd), -EIO);
	which = DISK_CALL_SYNC;
	assert_int_equal(disk_zero(fd), -EIO);
	disk_inject(NULL);
	assert_int_equal(disk_zero(-1), -EBADF);
	fd_close(fd);
	fd_close(dir);
}

TEST_MAIN
