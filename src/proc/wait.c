/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for one descriptor with a deadline, for rings and for the end of a role. Interrupted and
 * spurious wake-ups do not move the deadline.
 */
#include "proc/proc_int.h"

#include <limits.h>
#include <poll.h>

int64_t deadline_in(int timeout_ms)
{
	return timeout_ms < 0 ? DEADLINE_NEVER : time_mono_ns() + timeout_ms * NS_PER_MS;
}

/* What poll() takes; rounded up, so that it does not spin through the last millisecond. */
static int left_ms(int64_t deadline_ns)
{
	int64_t ms;

	if (deadline_ns == DEADLINE_NEVER)
		return -1;
	ms = (deadline_ns - time_mono_ns() + NS_PER_MS - 1) / NS_PER_MS;
	if (ms < 0)
		return 0;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

int deadline_wait(int64_t deadline_ns, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	for (;;) {
		int ms = left_ms(deadline_ns);
		int n;

		if (ms == 0)
			return -ETIMEDOUT;
		n = poll(&pfd, 1, ms);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}
