/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer's lock: flock() on DIR/lock, which ends with the process that has it, however that
 * ends. The process id in the file is for people.
 */
#include "store/store_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_MODE 0600
#define PID_BYTES 24

static int busy(int fd, const char *dir, struct err *err)
{
	char text[PID_BYTES];
	ssize_t n = pread(fd, text, sizeof(text), 0);
	struct str pid = { text, n > 0 ? (size_t)n : 0 }, line;

	if (str_cut(&pid, '\n', &line) && line.n > 0)
		return err_set(err, ERR_STORE_BUSY, "%s is written to by process %.*s", dir,
			       STR_FMT(line));
	return err_set(err, ERR_STORE_BUSY, "%s is written to by another process", dir);
}

/* Nothing depends on its content, so nothing is done about a failure. */
static void write_pid(int fd)
{
	char text[PID_BYTES];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, text, (size_t)n, 0);
}

int store_lock(int dir_fd, const char *dir, struct err *err)
{
	CLEANUP(fd_close)
	int fd = openat(dir_fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOCK_MODE);

	if (fd < 0)
		return err_set(err, ERR_STORE_IO, "%s/" LOCK_NAME ": %s", dir, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? busy(fd, dir, err)
					    : err_set(err, ERR_STORE_IO, "%s/" LOCK_NAME ": %s",
						      dir, strerror(errno));
	write_pid(fd);
	return TAKE_FD(fd);
}

bool store_locked(int dir_fd)
{
	CLEANUP(fd_close) int fd = openat(dir_fd, LOCK_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}
