/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels: message boundaries, descriptors that arrive and those that must not.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "t.h"

#include "proc/proc_int.h"

struct pair {
	int a, b;
};

static struct pair pair_open(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	return (struct pair){ fds[0], fds[1] };
}

static void pair_close(struct pair p)
{
	fd_close(p.a);
	fd_close(p.b);
}

static size_t open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

TEST(messages_keep_their_boundaries)
{
	struct pair p = pair_open();
	char msg[PROC_MESSAGE_MAX];
	size_t n = 0;

	assert_int_equal(channel_send(p.a, "one", 3, NULL, 0), 0);
	assert_int_equal(channel_send(p.a, "three", 5, NULL, 0), 0);

	assert_int_equal(channel_receive(p.b, msg, sizeof(msg), NULL, &n), 3);
	assert_memory_equal(msg, "one", 3);
	assert_int_equal(channel_receive(p.b, msg, sizeof(msg), NULL, &n), 5);
	assert_memory_equal(msg, "three", 5);
	pair_close(p);
}

TEST(descriptors_arrive_in_order_and_close_on_exec)
{
	struct pair p = pair_open();
	int fds[PROC_FDS_MAX], pipes[2], came[PROC_FDS_MAX];
	size_t n = PROC_FDS_MAX;
	char c = 0;

	assert_int_equal(pipe(pipes), 0);
	for (size_t i = 0; i < PROC_FDS_MAX; i++)
		fds[i] = pipes[i % 2];
	assert_int_equal(channel_send(p.a, "x", 1, fds, PROC_FDS_MAX), 0);
	assert_int_equal(channel_receive(p.b, &c, 1, came, &n), 1);

	assert_int_equal(n, PROC_FDS_MAX);
	assert_int_equal(write(came[n - 1], "p", 1), 1);
	assert_int_equal(read(came[0], &c, 1), 1);
	assert_int_equal(c, 'p');
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(fcntl(came[i], F_GETFD), FD_CLOEXEC);
		close(came[i]);
	}
	close(pipes[0]);
	close(pipes[1]);
	pair_close(p);
}

TEST(what_a_message_may_not_hold_is_not_sent)
{
	struct pair p = pair_open();
	static const char big[PROC_MESSAGE_MAX + 1];
	int fds[PROC_FDS_MAX + 1] = { 0 };

	assert_int_equal(channel_send(p.a, big, PROC_MESSAGE_MAX, NULL, 0), 0);
	assert_int_equal(channel_send(p.a, big, PROC_MESSAGE_MAX + 1, NULL, 0), -EMSGSIZE);
	assert_int_equal(channel_send(p.a, big, 0, NULL, 0), -EMSGSIZE);
	assert_int_equal(channel_send(p.a, big, 1, fds, PROC_FDS_MAX + 1), -EMSGSIZE);
	pair_close(p);
}

TEST(a_message_longer_than_the_room_is_refused_with_its_descriptors)
{
	struct pair p = pair_open();
	int came[PROC_FDS_MAX];
	size_t n = PROC_FDS_MAX, before = open_fds();
	char msg[4];

	assert_int_equal(channel_send(p.a, "12345", 5, &p.a, 1), 0);

	assert_int_equal(channel_receive(p.b, msg, sizeof(msg), came, &n), -EMSGSIZE);
	assert_int_equal(open_fds(), before);
	pair_close(p);
}

TEST(more_descriptors_than_the_room_are_refused_and_closed)
{
	struct pair p = pair_open();
	int fds[3] = { p.a, p.b, p.a }, came[PROC_FDS_MAX];
	size_t n = 2, before = open_fds();
	char msg[4];

	assert_int_equal(channel_send(p.a, "x", 1, fds, 3), 0);

	assert_int_equal(channel_receive(p.b, msg, sizeof(msg), came, &n), -EMSGSIZE);
	assert_int_equal(open_fds(), before);
	pair_close(p);
}

TEST(more_descriptors_than_any_message_may_hold_are_closed)
{
	enum { MANY = PROC_FDS_MAX + 1 };
	struct pair p = pair_open();
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(MANY * sizeof(int))];
	} control = { .head = { CMSG_LEN(MANY * sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { &p, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	size_t n = PROC_FDS_MAX, before = open_fds();
	int came[PROC_FDS_MAX];
	char msg[4];

	for (size_t i = 0; i < MANY; i++)
		memcpy(CMSG_DATA(&control.head) + i * sizeof(int), &p.a, sizeof(int));
	assert_int_equal(sendmsg(p.a, &m, 0), 1);

	assert_int_equal(channel_receive(p.b, msg, sizeof(msg), came, &n), -EMSGSIZE);
	assert_int_equal(open_fds(), before);
	pair_close(p);
}

TEST(a_gone_peer_is_answered_with_nothing)
{
	struct pair p = pair_open();
	size_t n = 0;
	char msg[4];

	assert_int_equal(channel_send(p.b, "unread", 6, NULL, 0), 0);
	close(p.a);

	assert_int_equal(channel_receive(p.b, msg, sizeof(msg), NULL, &n), 0);
	assert_int_equal(channel_send(p.b, "x", 1, NULL, 0), -EPIPE);
	close(p.b);
}

TEST_MAIN
