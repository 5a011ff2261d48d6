/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock with every right handled and none granted: the process opens no file, binds and connects
 * no TCP socket, signals nobody outside, whatever the seccomp filter would let through. The kernel
 * refuses rights it does not know, so the table says which version brought which.
 */
#include "proc/proc_int.h"

#include <fcntl.h>
#include <unistd.h>

/* struct landlock_ruleset_attr as the newest kernel knows it; an older one takes its beginning. */
struct ruleset {
	uint64_t fs, net, scoped;
};

#define RULESET_VERSION UINT32_C(1) /* LANDLOCK_CREATE_RULESET_VERSION */
#define RIGHTS(n)       ((UINT64_C(1) << (n)) - 1)

/* The last row is good for all kernels to come. */
static const struct ruleset versions[] = {
	{ RIGHTS(13), 0, 0 },                 /* Linux 5.13: files and folders */
	{ RIGHTS(14), 0, 0 },                 /* 5.19: links and renames across folders */
	{ RIGHTS(15), 0, 0 },                 /* 6.2: truncation */
	{ RIGHTS(15), RIGHTS(2), 0 },         /* 6.7: TCP bind and connect */
	{ RIGHTS(16), RIGHTS(2), 0 },         /* 6.10: ioctl of devices */
	{ RIGHTS(16), RIGHTS(2), RIGHTS(2) }, /* 6.12: abstract unix sockets, signals */
};

static size_t ruleset_bytes(const struct ruleset *r)
{
	if (r->scoped != 0)
		return sizeof(*r);
	return r->net != 0 ? offsetof(struct ruleset, scoped) : offsetof(struct ruleset, net);
}

int landlock_apply(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, RULESET_VERSION);
	const struct ruleset *r;
	CLEANUP(fd_close) int fd = -1;

	if (version < 1)
		return version < 0 ? -errno : -ENOSYS;
	r = &versions[size_min((size_t)version, ARRAY_LEN(versions)) - 1];
	fd = (int)syscall(SYS_landlock_create_ruleset, r, ruleset_bytes(r), 0);
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return -errno;
	return 0;
}

bool landlock_holds(void)
{
	CLEANUP(fd_close) int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 && errno == EACCES;
}
