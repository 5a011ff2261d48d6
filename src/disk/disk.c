// SPDX-License-Identifier: Apache-2.0
/*
 * Files: created once, written whole, synced, replaced in one step. Calls that a signal or a short
 * answer cut are taken up again here, so that nobody above sees a part of one; a sync is never
 * taken up again.
 */
#include "disk/disk.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define FILE_MODE  0600
#define LOAD_BYTES (32 * KIB)
#define NAME_BYTES 256

static const struct disk_fault *injected;

void disk_inject(const struct disk_fault *fault)
{
	injected = fault;
}

int disk_fault_ask(enum disk_call call, int fd, const char *name, uint64_t at, size_t *n)
{
	size_t none = 0;

	return injected ? injected->ask(injected->owner, call, fd, name, at, n ? n : &none) : 0;
}

/* Invariant: names are ours, and never lead out of their directory. */
static void check_name(const char *name)
{
	assert(name[0] && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
}

static int errno_of(int answer)
{
	return answer < 0 ? -errno : 0;
}

/* ---- Opening --------------------------------------------------------------------------------- */

int disk_create(int dir_fd, const char *name)
{
	int fault, fd;

	check_name(name);
	fault = disk_fault_ask(DISK_CALL_CREATE, dir_fd, name, 0, NULL);
	if (fault < 0)
		return fault;
	fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	return fd < 0 ? -errno : fd;
}

int disk_open(int dir_fd, const char *name)
{
	/* O_NONBLOCK: a pipe of this name would be waited for. */
	CLEANUP(fd_close) int fd = -1;
	struct stat st;

	check_name(name);
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -EINVAL;
}

/* ---- Reading and writing --------------------------------------------------------------------- */

static int write_all(int fd, uint64_t at, struct str bytes)
{
	while (bytes.n > 0) {
		ssize_t n = pwrite(fd, bytes.p, bytes.n, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes = str_skip(bytes, (size_t)n);
		at += (uint64_t)n;
	}
	return 0;
}

int disk_write(int fd, uint64_t at, struct str bytes)
{
	size_t n = bytes.n;
	int fault = disk_fault_ask(DISK_CALL_WRITE, fd, NULL, at, &n);
	int r;

	if (fault < 0 && n == bytes.n)
		return fault;
	r = write_all(fd, at, str_head(bytes, n));
	return fault < 0 ? fault : r;
}

ssize_t disk_read(int fd, uint64_t at, void *to, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(fd, (char *)to + done, n - done, (off_t)(at + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* Not by fstat(), which is newfstatat() to the kernel and would open every path to a process whose
 * sandbox allows it. Nobody reads from the descriptor's own place. */
int disk_size(int fd, uint64_t *out)
{
	off_t end = lseek(fd, 0, SEEK_END);

	if (end < 0)
		return -errno;
	*out = (uint64_t)end;
	return 0;
}

/* ---- Durability and names -------------------------------------------------------------------- */

int disk_sync(int fd)
{
	int fault = disk_fault_ask(DISK_CALL_SYNC, fd, NULL, 0, NULL);

	if (fault)
		return fault < 0 ? fault : 0;
	return errno_of(fdatasync(fd));
}

int disk_sync_dir(int dir_fd)
{
	int fault = disk_fault_ask(DISK_CALL_SYNC_DIR, dir_fd, NULL, 0, NULL);

	if (fault)
		return fault < 0 ? fault : 0;
	return errno_of(fsync(dir_fd));
}

int disk_rename(int dir_fd, const char *from, const char *to)
{
	int fault;

	check_name(from);
	check_name(to);
	fault = disk_fault_ask(DISK_CALL_RENAME, dir_fd, to, 0, NULL);
	if (fault)
		return fault < 0 ? fault : 0;
	return errno_of(renameat(dir_fd, from, dir_fd, to));
}

int disk_remove(int dir_fd, const char *name)
{
	int fault;

	check_name(name);
	fault = disk_fault_ask(DISK_CALL_REMOVE, dir_fd, name, 0, NULL);
	if (fault)
		return fault < 0 ? fault : 0;
	return unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int write_new(int dir_fd, const char *name, struct str bytes)
{
	CLEANUP(fd_close) int fd = -1;
	int r = disk_remove(dir_fd, name); /* of somebody who died here */

	if (r < 0)
		return r;
	fd = disk_create(dir_fd, name);
	if (fd < 0)
		return fd;
	r = disk_write(fd, 0, bytes);
	return r < 0 ? r : disk_sync(fd);
}

int disk_replace(int dir_fd, const char *name, struct str bytes)
{
	char fresh[NAME_BYTES];
	int n = snprintf(fresh, sizeof(fresh), "%s.new", name);
	int r;

	if (n < 0 || (size_t)n >= sizeof(fresh))
		return -ENAMETOOLONG;
	r = write_new(dir_fd, fresh, bytes);
	if (r == 0)
		r = disk_rename(dir_fd, fresh, name);
	return r < 0 ? r : disk_sync_dir(dir_fd);
}

/* ---- Whole files ----------------------------------------------------------------------------- */

int disk_load(int dir_fd, const char *name, struct buf *out)
{
	CLEANUP(fd_close) int fd = disk_open(dir_fd, name);
	char piece[LOAD_BYTES];
	uint64_t size = 0, at = 0;
	ssize_t n;
	int r;

	if (fd < 0)
		return fd;
	r = disk_size(fd, &size);
	if (r < 0)
		return r;
	if (size > out->cap_bytes - out->len)
		return -ENOBUFS;

	while ((n = disk_read(fd, at, piece, sizeof(piece))) > 0) {
		r = buf_put(out, (struct str){ piece, (size_t)n });
		if (r < 0)
			return r;
		at += (uint64_t)n;
	}
	return (int)n;
}

int disk_reserve(int dir_fd, const char *name, uint64_t bytes)
{
	CLEANUP(fd_close) int fd = -1;
	int r;

	check_name(name);
	r = disk_fault_ask(DISK_CALL_CREATE, dir_fd, name, 0, NULL);
	if (r < 0)
		return r;
	fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		    FILE_MODE);
	if (fd < 0)
		return -errno;
	/* Of an older, larger one the rest is given back. */
	r = errno_of(ftruncate(fd, (off_t)bytes));
	if (r == 0 && bytes > 0)
		r = -posix_fallocate(fd, 0, (off_t)bytes);
	if (r == 0)
		r = disk_sync(fd);
	if (r < 0) {
		(void)disk_remove(dir_fd, name);
		return r;
	}
	return disk_sync_dir(dir_fd);
}
