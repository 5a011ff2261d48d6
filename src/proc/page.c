/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared memory that outlives its writer: a memory file, sealed so that neither side can change its
 * size under the other, and mapped. It lives as long as somebody has it mapped or holds its
 * descriptor. What stands in it is the users' affair.
 */
#include "proc/proc_int.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Newer kernels want to be told that nothing in the file will be executed, older ones refuse it. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

#define MEMORY_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

int memory_create(const char *name, size_t bytes, int *fd, struct err *err)
{
	CLEANUP(fd_close) int file = memory_file(name);

	if (file < 0 || ftruncate(file, (off_t)bytes) < 0 ||
	    fcntl(file, F_ADD_SEALS, MEMORY_SEALS) < 0)
		return err_set(err, ERR_MEMORY, "shared memory \"%s\" of %zu bytes: %s", name,
			       bytes, strerror(errno));
	*fd = TAKE_FD(file);
	return 0;
}

int memory_check(int fd, size_t bytes, struct err *err)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (seals < 0 || (seals & MEMORY_SEALS) != MEMORY_SEALS)
		return err_set(err, ERR_INTERNAL, "descriptor %d is no sealed memory", fd);
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size != bytes)
		return err_set(err, ERR_INTERNAL, "shared memory has %jd bytes and not %zu",
			       (intmax_t)st.st_size, bytes);
	return 0;
}

static int page_map(int fd, size_t bytes, void **out, struct err *err)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);

	if (p == MAP_FAILED)
		return err_set(err, ERR_MEMORY, "mapping a page of %zu bytes: %s", bytes,
			       strerror(errno));
	*out = p;
	return 0;
}

int page_create(size_t bytes, void **out, int *fd, struct err *err)
{
	CLEANUP(fd_close) int file = -1;
	int r = memory_create("redoubt-page", bytes, &file, err);

	if (r == 0)
		r = page_map(file, bytes, out, err);
	if (r == 0)
		*fd = TAKE_FD(file);
	return r;
}

int page_attach(int fd, size_t bytes, void **out, struct err *err)
{
	int r = memory_check(fd, bytes, err);

	return r < 0 ? r : page_map(fd, bytes, out, err);
}

void page_done(void *p, size_t bytes)
{
	if (p)
		(void)munmap(p, bytes);
}
