/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message with descriptors over a SOCK_SEQPACKET socket. A receiver never ends up with a
 * descriptor it did not ask for: what does not fit is closed, whole.
 */
#include "proc/proc_int.h"

#include <sys/socket.h>
#include <unistd.h>

/* Room for the descriptors of one message, aligned as the kernel wants it. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(PROC_FDS_MAX * sizeof(int))];
};

int channel_send(int channel_fd, const void *msg, size_t bytes, const int *fds, size_t n)
{
	union control control = { 0 };
	struct iovec iov = { .iov_len = bytes };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	if (bytes == 0 || bytes > PROC_MESSAGE_MAX || n > PROC_FDS_MAX)
		return -EMSGSIZE;
	memcpy(&iov.iov_base, &msg, sizeof(msg)); /* sendmsg() does not write there */
	if (n > 0) {
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, n * sizeof(int));
	}
	do {
		sent = sendmsg(channel_fd, &m, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fd_close(fds[i]);
}

/* The descriptors of a message. The buffer has no room for more than PROC_FDS_MAX. */
static size_t received_fds(struct msghdr *m, int fds[PROC_FDS_MAX])
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t bytes = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		assert(n + bytes / sizeof(int) <= PROC_FDS_MAX);
		memcpy(fds + n, CMSG_DATA(c), bytes);
		n += bytes / sizeof(int);
	}
	return n;
}

ssize_t channel_receive(int channel_fd, void *msg, size_t room, int *fds, size_t *n)
{
	union control control = { 0 };
	struct iovec iov = { .iov_base = msg, .iov_len = room };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.bytes,
			    .msg_controllen = sizeof(control.bytes) };
	int came[PROC_FDS_MAX];
	size_t count;
	ssize_t got;

	do {
		got = recvmsg(channel_fd, &m, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0 && errno != ECONNRESET)
		return -errno;
	if (got < 0) /* it went away and left our message unread */
		got = 0;

	count = received_fds(&m, came);
	if ((m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || count > *n) {
		close_all(came, count);
		return -EMSGSIZE;
	}
	for (size_t i = 0; i < count; i++)
		fds[i] = came[i];
	*n = count;
	return got;
}
