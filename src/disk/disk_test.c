// SPDX-License-Identifier: Apache-2.0
/* Files: whole writes, replacing in one step, and faults that tests ask for. */
#include "disk/disk.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t.h"
#include "tempdir.h"

static void assert_holds(int dir, const char *name, struct str want)
{
	struct buf b;

	buf_init(&b, MIB);
	assert_int_equal(disk_load(dir, name, &b), 0);
	assert_int_equal(b.len, want.n);
	if (want.n)
		assert_memory_equal(b.p, want.p, want.n);
	buf_done(&b);
}

static bool is_there(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, 0) == 0;
}

/* ---- Files ----------------------------------------------------------------------------------- */

TEST(a_new_file_is_private_and_made_only_once)
{
	int dir = tempdir_open(), fd = disk_create(dir, "a");
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(disk_create(dir, "a"), -EEXIST);
	fd_close(fd);
	fd_close(dir);
}

TEST(only_regular_files_are_opened)
{
	int dir = tempdir_open(), fd;

	fd_close(disk_create(dir, "a"));
	assert_int_equal(symlinkat("a", dir, "link"), 0);
	assert_int_equal(mkdirat(dir, "dir", 0700), 0);
	assert_int_equal(mkfifoat(dir, "pipe", 0600), 0);

	assert_int_equal(disk_open(dir, "link"), -ELOOP);
	assert_int_equal(disk_open(dir, "dir"), -EINVAL);
	assert_int_equal(disk_open(dir, "pipe"), -EINVAL);
	assert_int_equal(disk_open(dir, "none"), -ENOENT);
	fd = disk_open(dir, "a");
	assert_true(fd >= 0);
	assert_int_equal(disk_write(fd, 0, STR("x")), -EBADF);
	fd_close(fd);
	fd_close(dir);
}

TEST(bytes_are_written_and_read_at_their_place)
{
	int dir = tempdir_open(), fd = disk_create(dir, "a");
	char got[8] = "";
	uint64_t size = 0;

	assert_int_equal(disk_write(fd, 3, STR("def")), 0);
	assert_int_equal(disk_write(fd, 0, STR("abc")), 0);
	assert_int_equal(disk_write(fd, 6, STR("")), 0);
	assert_int_equal(disk_sync(fd), 0);
	assert_int_equal(disk_sync_dir(dir), 0);

	assert_int_equal(disk_size(fd, &size), 0);
	assert_int_equal(size, 6);
	assert_int_equal(disk_read(fd, 0, got, 6), 6);
	assert_memory_equal(got, "abcdef", 6);
	assert_int_equal(disk_read(fd, 4, got, 4), 2);
	assert_memory_equal(got, "ef", 2);
	assert_int_equal(disk_read(fd, 6, got, 4), 0);
	assert_int_equal(disk_read(-1, 0, got, 4), -EBADF);
	assert_int_equal(disk_size(-1, &size), -EBADF);
	assert_int_equal(disk_sync(-1), -EBADF);
	assert_int_equal(disk_sync_dir(-1), -EBADF);
	fd_close(fd);
	fd_close(dir);
}

TEST(a_write_past_the_limit_of_a_file_is_an_error)
{
	int dir = tempdir_open(), fd = disk_create(dir, "a");
	struct rlimit old, small;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 4;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);

	/* The first four fit, and the rest is told. */
	assert_int_equal(disk_write(fd, 0, STR("abcdef")), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	fd_close(fd);
	fd_close(dir);
}

TEST(removing_what_is_not_there_is_no_error)
{
	int dir = tempdir_open();

	fd_close(disk_create(dir, "a"));

	assert_int_equal(disk_remove(dir, "a"), 0);
	assert_false(is_there(dir, "a"));
	assert_int_equal(disk_remove(dir, "a"), 0);
	assert_int_equal(mkdirat(dir, "d", 0700), 0);
	assert_int_equal(disk_remove(dir, "d"), -EISDIR);
	fd_close(dir);
}

TEST(a_name_is_taken_over)
{
	int dir = tempdir_open();

	assert_int_equal(disk_replace(dir, "a", STR("1")), 0);
	assert_int_equal(disk_replace(dir, "b", STR("2")), 0);
	assert_int_equal(disk_rename(dir, "a", "b"), 0);

	assert_holds(dir, "b", STR("1"));
	assert_false(is_there(dir, "a"));
	assert_int_equal(disk_rename(dir, "a", "b"), -ENOENT);
	fd_close(dir);
}

TEST(a_file_is_loaded_whole_or_not_at_all)
{
	static char big[100 * 1024];
	int dir = tempdir_open();
	struct buf b;

	memset(big, 'x', sizeof(big));
	assert_int_equal(disk_replace(dir, "a", (struct str){ big, sizeof(big) }), 0);
	assert_holds(dir, "a", (struct str){ big, sizeof(big) });

	buf_init(&b, sizeof(big) - 1);
	assert_int_equal(disk_load(dir, "a", &b), -ENOBUFS);
	assert_int_equal(b.len, 0);
	assert_int_equal(disk_load(dir, "none", &b), -ENOENT);
	buf_done(&b);
	buf_init(&b, sizeof(big));
	assert_int_equal(disk_load(dir, "a", &b), 0);
	assert_int_equal(b.len, sizeof(big));
	assert_int_equal(disk_load(dir, "a", &b), -ENOBUFS);
	buf_done(&b);
	fd_close(dir);
}

TEST(an_empty_file_is_loaded_as_nothing)
{
	int dir = tempdir_open();

	assert_int_equal(disk_replace(dir, "a", STR("")), 0);

	assert_holds(dir, "a", STR(""));
	fd_close(dir);
}

TEST(reserved_bytes_are_there_and_are_given_back)
{
	int dir = tempdir_open();
	struct stat st;

	assert_int_equal(disk_reserve(dir, "spare", MIB), 0);
	assert_int_equal(fstatat(dir, "spare", &st, 0), 0);
	assert_int_equal(st.st_size, MIB);
	assert_true((size_t)st.st_blocks * 512 >= MIB);
	assert_int_equal(disk_reserve(dir, "spare", 2 * MIB), 0);
	assert_int_equal(disk_reserve(dir, "spare", 4096), 0);
	assert_int_equal(fstatat(dir, "spare", &st, 0), 0);
	assert_int_equal(st.st_size, 4096);

	/* More than any disk has: an error, and nothing is left of it. */
	assert_true(disk_reserve(dir, "spare", UINT64_C(1) << 60) < 0);
	assert_false(is_there(dir, "spare"));
	fd_close(dir);
}

/* ---- Faults ---------------------------------------------------------------------------------- */

/* Answers so at the nth call of one kind, and notes all calls. */
struct plan {
	enum disk_call call;
	int countdown;
	int answer;
	size_t keep; /* bytes of a write; SIZE_MAX leaves them */
	size_t asked[DISK_CALLS];
	uint64_t at;
	size_t n;
	char name[64];
};

static int ask(void *owner, enum disk_call call, int fd, const char *name, uint64_t at, size_t *n)
{
	struct plan *plan = owner;

	assert_true(fd >= 0);
	plan->asked[call]++;
	plan->at = at;
	plan->n = *n;
	if (name)
		(void)snprintf(plan->name, sizeof(plan->name), "%s", name);
	if (call != plan->call || plan->countdown-- != 0)
		return 0;
	if (plan->keep < *n)
		*n = plan->keep;
	return plan->answer;
}

static struct plan plan;
static const struct disk_fault fault = { ask, &plan };

static void inject(enum disk_call call, int answer, size_t keep)
{
	plan = (struct plan){ .call = call, .answer = answer, .keep = keep };
	disk_inject(&fault);
}

TEST(a_fault_is_asked_with_what_is_about_to_be_done)
{
	int dir = tempdir_open(), fd;

	inject(DISK_CALLS, 0, SIZE_MAX);
	fd = disk_create(dir, "a");
	assert_string_equal(plan.name, "a");
	assert_int_equal(disk_write(fd, 7, STR("abc")), 0);
	assert_int_equal(plan.at, 7);
	assert_int_equal(plan.n, 3);
	assert_int_equal(disk_sync(fd), 0);
	assert_int_equal(disk_rename(dir, "a", "b"), 0);
	assert_string_equal(plan.name, "b");
	assert_int_equal(disk_remove(dir, "b"), 0);
	assert_int_equal(disk_sync_dir(dir), 0);
	disk_inject(NULL);

	for (unsigned call = 0; call < DISK_CALLS; call++)
		assert_int_equal(plan.asked[call], 1);
	assert_int_equal(disk_remove(dir, "b"), 0);
	assert_int_equal(plan.asked[DISK_CALL_REMOVE], 1);
	fd_close(fd);
	fd_close(dir);
}

TEST(an_injected_error_is_answered_and_nothing_is_done)
{
	int dir = tempdir_open(), fd = disk_create(dir, "a");
	uint64_t size = 1;

	inject(DISK_CALL_CREATE, -EMFILE, SIZE_MAX);
	assert_int_equal(disk_create(dir, "b"), -EMFILE);
	inject(DISK_CALL_WRITE, -ENOSPC, SIZE_MAX);
	assert_int_equal(disk_write(fd, 0, STR("abc")), -ENOSPC);
	inject(DISK_CALL_SYNC, -EIO, SIZE_MAX);
	assert_int_equal(disk_sync(fd), -EIO);
	inject(DISK_CALL_SYNC_DIR, -EIO, SIZE_MAX);
	assert_int_equal(disk_sync_dir(dir), -EIO);
	inject(DISK_CALL_RENAME, -EIO, SIZE_MAX);
	assert_int_equal(disk_rename(dir, "a", "b"), -EIO);
	inject(DISK_CALL_REMOVE, -EROFS, SIZE_MAX);
	assert_int_equal(disk_remove(dir, "a"), -EROFS);
	inject(DISK_CALL_CREATE, -ENOSPC, SIZE_MAX);
	assert_int_equal(disk_reserve(dir, "b", 1), -ENOSPC);
	disk_inject(NULL);

	assert_true(is_there(dir, "a"));
	assert_false(is_there(dir, "b"));
	assert_int_equal(disk_size(fd, &size), 0);
	assert_int_equal(size, 0);
	fd_close(fd);
	fd_close(dir);
}

TEST(a_write_can_be_cut_with_an_error_or_without_a_word)
{
	int dir = tempdir_open(), fd = disk_create(dir, "a");

	inject(DISK_CALL_WRITE, -ENOSPC, 2);
	assert_int_equal(disk_write(fd, 0, STR("abc")), -ENOSPC);
	assert_holds(dir, "a", STR("ab"));
	inject(DISK_CALL_WRITE, 0, 1);
	assert_int_equal(disk_write(fd, 2, STR("cde")), 0);
	disk_inject(NULL);

	assert_holds(dir, "a", STR("abc"));
	fd_close(fd);
	fd_close(dir);
}

TEST(a_call_can_be_left_out_as_if_it_were_done)
{
	int dir = tempdir_open();

	fd_close(disk_create(dir, "a"));
	inject(DISK_CALL_SYNC, 1, SIZE_MAX);
	assert_int_equal(disk_sync(dir), 0);
	inject(DISK_CALL_SYNC_DIR, 1, SIZE_MAX);
	assert_int_equal(disk_sync_dir(dir), 0);
	inject(DISK_CALL_RENAME, 1, SIZE_MAX);
	assert_int_equal(disk_rename(dir, "a", "b"), 0);
	inject(DISK_CALL_REMOVE, 1, SIZE_MAX);
	assert_int_equal(disk_remove(dir, "a"), 0);
	disk_inject(NULL);

	assert_true(is_there(dir, "a"));
	fd_close(dir);
}

/* ---- Replacing ------------------------------------------------------------------------------- */

TEST(a_file_is_replaced_whole)
{
	int dir = tempdir_open();

	assert_int_equal(disk_replace(dir, "a", STR("first, and longer")), 0);
	assert_int_equal(disk_replace(dir, "a", STR("second")), 0);

	assert_holds(dir, "a", STR("second"));
	assert_false(is_there(dir, "a.new"));
	fd_close(dir);
}

TEST(what_an_earlier_replacement_left_over_does_not_hinder)
{
	int dir = tempdir_open(), fd = disk_create(dir, "a.new");

	assert_int_equal(disk_write(fd, 0, STR("left over, and longer")), 0);
	fd_close(fd);

	assert_int_equal(disk_replace(dir, "a", STR("x")), 0);
	assert_holds(dir, "a", STR("x"));
	fd_close(dir);
}

TEST(a_replacement_that_fails_before_its_name_leaves_the_old_bytes)
{
	static const enum disk_call calls[] = { DISK_CALL_REMOVE, DISK_CALL_CREATE, DISK_CALL_WRITE,
						DISK_CALL_SYNC, DISK_CALL_RENAME };
	int dir = tempdir_open();

	assert_int_equal(disk_replace(dir, "a", STR("old")), 0);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		inject(calls[i], -EIO, SIZE_MAX);
		assert_int_equal(disk_replace(dir, "a", STR("new")), -EIO);
		disk_inject(NULL);
		assert_holds(dir, "a", STR("old"));
	}

	inject(DISK_CALL_SYNC_DIR, -EIO, SIZE_MAX);
	assert_int_equal(disk_replace(dir, "a", STR("new")), -EIO);
	disk_inject(NULL);
	assert_holds(dir, "a", STR("new"));
	fd_close(dir);
}

TEST(a_name_that_leaves_no_room_for_its_new_one_is_refused)
{
	char name[256];
	int dir = tempdir_open();

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';

	assert_int_equal(disk_replace(dir, name, STR("x")), -ENAMETOOLONG);
	name[251] = '\0'; /* with ".new" the 255 that a name may have */
	assert_int_equal(disk_replace(dir, name, STR("x")), 0);
	fd_close(dir);
}

TEST_MAIN
