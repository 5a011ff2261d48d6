// SPDX-License-Identifier: Apache-2.0
/*
 * What is needed to leave nothing of an old file behind: two names change places, and the one that
 * is old now is overwritten where it lies.
 */
#include "disk/disk.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZERO_BYTES (32 * KIB)

int disk_open_write(int dir_fd, const char *name)
{
	CLEANUP(fd_close) int fd = -1;
	struct stat st;

	assert(name[0] && !strchr(name, '/'));
	fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -EINVAL;
}

int disk_exchange(int dir_fd, const char *a, const char *b)
{
	int fault = disk_fault_ask(DISK_CALL_RENAME, dir_fd, b, 0, NULL);

	assert(!strchr(a, '/') && !strchr(b, '/'));
	if (fault)
		return fault < 0 ? fault : 0;
	if (renameat2(dir_fd, a, dir_fd, b, RENAME_EXCHANGE) == 0)
		return 0;
	return errno == ENOSYS || errno == EOPNOTSUPP ? -EINVAL : -errno;
}

int disk_zero(int fd)
{
	static const char zeros[ZERO_BYTES];
	uint64_t size = 0;
	int r = disk_size(fd, &size);

	for (uint64_t at = 0; r == 0 && at < size; at += ZERO_BYTES)
		r = disk_write(fd, at, (struct str){ zeros, size_min(size - at, ZERO_BYTES) });
	return r < 0 ? r : disk_sync(fd);
}
