/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd: closing a descriptor at the end of its owner's scope. Opening is left to the rooms above.
 */
#include "base/base.h"

#include <unistd.h>

/* A failing close() has closed all the same on Linux, so there is nothing to answer; errno stays
 * what the caller's own failure made it. */
void fd_close(int fd)
{
	int keep = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = keep;
}
