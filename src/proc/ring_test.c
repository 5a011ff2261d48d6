/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rings: order and bytes across the wrap, both sides asleep in turn, the end of a stream, and a
 * page on which the other side writes lies.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"

#include "proc/proc_int.h"

static size_t smallest(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static struct ring ring_of(size_t size)
{
	struct ring r;
	struct err err;

	assert_int_equal(ring_create(size, &r, &err), 0);
	return r;
}

static void fill(struct ring *r, size_t n, int byte)
{
	uint8_t *p = ring_reserve(r, n);

	assert_non_null(p);
	memset(p, byte, n);
	ring_publish(r, n);
}

static bool signalled(int event_fd)
{
	struct pollfd p = { .fd = event_fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

TEST(what_was_published_is_readable_in_order)
{
	struct ring r = ring_of(smallest());

	fill(&r, 3, 'a');
	fill(&r, 2, 'b');

	assert_str(ring_readable(&r), "aaabb");
	ring_consume(&r, 4);
	assert_str(ring_readable(&r), "b");
	ring_done(&r);
}

TEST(reserved_bytes_are_invisible_until_published)
{
	struct ring r = ring_of(smallest());
	uint8_t *p = ring_reserve(&r, 10);

	memset(p, 'x', 10);

	assert_int_equal(ring_readable(&r).n, 0);
	ring_done(&r);
}

TEST(bytes_stay_contiguous_across_the_wrap)
{
	size_t size = smallest();
	struct ring r = ring_of(size);
	struct str s;

	fill(&r, size - 3, 'a');
	assert_int_equal(ring_readable(&r).n, size - 3);
	ring_consume(&r, size - 3);
	fill(&r, 100, 'z');

	s = ring_readable(&r);
	assert_int_equal(s.n, 100);
	for (size_t i = 0; i < s.n; i++)
		assert_int_equal(s.p[i], 'z');
	assert_memory_equal(r.data, s.p + 3, 97);
	ring_done(&r);
}

TEST(a_full_ring_gives_no_room_and_an_empty_one_all)
{
	size_t size = smallest();
	struct ring r = ring_of(size);

	assert_int_equal(ring_room(&r), size);
	assert_null(ring_reserve(&r, size + 1));
	fill(&r, size, 'f');

	assert_int_equal(ring_room(&r), 0);
	assert_null(ring_reserve(&r, 1));
	assert_int_equal(ring_readable(&r).n, size);
	ring_consume(&r, 1);
	assert_non_null(ring_reserve(&r, 1));
	assert_null(ring_reserve(&r, 2));
	ring_done(&r);
}

TEST(sizes_out_of_bounds_are_refused)
{
	const size_t bad[] = { 0, smallest() / 2, smallest() + 1, smallest() * 3,
			       2 * RING_SIZE_MAX };
	struct ring r;
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_not_equal(ring_create(bad[i], &r, &err), 0);
		assert_int_equal(err.id, ERR_LIMIT);
	}
}

TEST(an_ended_ring_ends_after_its_last_byte)
{
	struct ring r = ring_of(smallest());

	fill(&r, 5, 'e');
	assert_false(ring_ended(&r));
	ring_end(&r);

	assert_false(ring_ended(&r));
	assert_int_equal(ring_wait_data(&r, 5, -1), 0);
	ring_consume(&r, ring_readable(&r).n);
	assert_true(ring_ended(&r));
	assert_int_equal(ring_wait_data(&r, 0, -1), 0);
	ring_done(&r);
}

TEST(waiting_ends_at_its_timeout)
{
	struct ring r = ring_of(smallest());

	assert_int_equal(ring_wait_data(&r, 0, 0), -ETIMEDOUT);
	assert_int_equal(ring_wait_data(&r, 0, 20), -ETIMEDOUT);
	assert_int_equal(ring_wait_room(&r, smallest(), 0), 0);
	fill(&r, 1, 'x');
	assert_int_equal(ring_wait_room(&r, smallest(), 20), -ETIMEDOUT);
	assert_int_equal(ring_wait_room(&r, smallest() + 1, -1), -EMSGSIZE);
	ring_done(&r);
}

TEST(an_event_that_never_falls_silent_does_not_hold_a_waiter)
{
	struct ring r = ring_of(smallest());
	const uint64_t many = 1000000;
	int64_t from = time_mono_ns();
	pid_t pid = fork();

	if (pid == 0) {
		for (;;) {
			if (write(r.data_fd, &many, sizeof(many)) < 0 && errno != EAGAIN)
				_exit(1);
		}
	}
	assert_int_equal(ring_wait_data(&r, 0, 50), -ETIMEDOUT);
	assert_true(time_mono_ns() - from < 10 * NS_PER_S);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	ring_done(&r);
}

TEST(a_sleeping_reader_is_woken_at_half_or_by_a_flush)
{
	size_t size = smallest();
	struct ring r = ring_of(size);

	assert_false(ring_sleep_reader(&r, 0));
	fill(&r, size / 2 - 1, 'x');
	assert_false(signalled(r.data_fd));
	fill(&r, 1, 'x');
	assert_true(signalled(r.data_fd));
	ring_woken(r.data_fd);
	assert_false(signalled(r.data_fd));

	ring_consume(&r, ring_readable(&r).n);
	assert_false(ring_sleep_reader(&r, 0));
	fill(&r, 1, 'x');
	assert_false(signalled(r.data_fd));
	ring_flush(&r);
	assert_true(signalled(r.data_fd));
	ring_done(&r);
}

TEST(a_reader_that_is_awake_costs_no_wake_up)
{
	size_t size = smallest();
	struct ring r = ring_of(size);

	fill(&r, size, 'x');
	ring_flush(&r);
	ring_end(&r);

	assert_false(signalled(r.data_fd));
	assert_true(ring_sleep_reader(&r, 0));
	ring_done(&r);
}

TEST(a_waiting_writer_is_woken_when_half_is_free)
{
	size_t size = smallest();
	struct ring r = ring_of(size);

	fill(&r, size, 'x');
	assert_false(ring_sleep_writer(&r, 10));
	(void)ring_readable(&r);
	ring_consume(&r, size / 2 - 1);
	assert_false(signalled(r.space_fd));
	ring_consume(&r, 1);

	assert_true(signalled(r.space_fd));
	assert_true(ring_sleep_writer(&r, 10));
	ring_done(&r);
}

TEST(a_writer_that_wants_more_than_half_is_woken_for_all_of_it)
{
	size_t size = smallest();
	struct ring r = ring_of(size);

	fill(&r, size, 'x');
	assert_false(ring_sleep_writer(&r, size - 5));
	(void)ring_readable(&r);
	ring_consume(&r, size - 6);
	assert_false(signalled(r.space_fd));
	ring_consume(&r, 1);

	assert_true(signalled(r.space_fd));
	ring_done(&r);
}

TEST(a_reader_that_goes_to_sleep_wakes_a_waiting_writer)
{
	size_t size = smallest();
	struct ring r = ring_of(size);

	fill(&r, size, 'x');
	assert_false(ring_sleep_writer(&r, 10));
	(void)ring_readable(&r);
	ring_consume(&r, 20);
	assert_false(signalled(r.space_fd));

	assert_false(ring_sleep_reader(&r, size - 20));
	assert_true(signalled(r.space_fd));
	ring_done(&r);
}

TEST(a_writer_that_goes_to_sleep_wakes_the_reader)
{
	size_t size = smallest();
	struct ring r = ring_of(size);

	assert_false(ring_sleep_reader(&r, 0));
	fill(&r, 10, 'x');
	assert_false(ring_sleep_writer(&r, size));

	assert_true(signalled(r.data_fd));
	ring_done(&r);
}

/* ---- Lies ------------------------------------------------------------------------------------ */

static void expect_broken_reader(struct ring *r)
{
	assert_int_equal(ring_readable(r).n, 0);
	assert_true(r->broken);
	assert_int_equal(ring_wait_data(r, 0, -1), -EPIPE);
	ring_consume(r, 1);
	atomic_store(&r->page->head, 1);
	atomic_store(&r->page->ended, 1);
	assert_int_equal(ring_readable(r).n, 0);
	assert_false(ring_ended(r));
	assert_true(ring_sleep_reader(r, 0));
}

TEST(a_head_beyond_the_size_breaks_the_ring)
{
	size_t size = smallest();
	const uint64_t lies[] = { size + 1, UINT64_MAX, UINT64_MAX - size, UINT64_C(1) << 63 };

	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		struct ring r = ring_of(size);

		atomic_store(&r.page->head, lies[i]);
		expect_broken_reader(&r);
		ring_done(&r);
	}
}

TEST(a_head_that_goes_back_breaks_the_ring)
{
	struct ring r = ring_of(smallest());

	atomic_store(&r.page->head, 100);
	assert_int_equal(ring_readable(&r).n, 100);
	ring_consume(&r, 10);
	atomic_store(&r.page->head, 99);

	expect_broken_reader(&r);
	ring_done(&r);
}

TEST(a_tail_that_lies_breaks_the_ring)
{
	size_t size = smallest();
	const uint64_t lies[] = { 101, 9, UINT64_MAX, UINT64_MAX - size, UINT64_C(1) << 63 };

	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		struct ring r = ring_of(size);

		fill(&r, 100, 'x');
		atomic_store(&r.page->tail, 10);
		assert_int_equal(ring_room(&r), size - 90);
		atomic_store(&r.page->tail, lies[i]);

		assert_int_equal(ring_room(&r), 0);
		assert_true(r.broken);
		assert_null(ring_reserve(&r, 1));
		ring_publish(&r, 1);
		assert_int_equal(ring_wait_room(&r, 1, -1), -EPIPE);
		assert_true(ring_sleep_writer(&r, 1));
		ring_flush(&r);
		ring_end(&r);
		ring_done(&r);
	}
}

TEST(a_full_ring_that_is_not_enough_breaks_it)
{
	size_t size = smallest();
	struct ring r = ring_of(size);

	fill(&r, size, 'x');

	assert_int_equal(ring_wait_data(&r, size - 1, -1), 0);
	assert_int_equal(ring_wait_data(&r, size, -1), -EPIPE);
	ring_done(&r);
}

TEST(unsealed_or_other_memory_is_not_attached)
{
	struct ring r = ring_of(smallest()), other;
	struct err err;
	int fds[RING_FDS];
	int loose[RING_FDS] = { memfd_create("loose", 0), dup(r.data_fd), dup(r.space_fd) };

	assert_int_equal(ftruncate(loose[0], (off_t)(2 * smallest())), 0);
	assert_int_not_equal(ring_attach(loose, smallest(), &other, &err), 0);
	assert_int_equal(fcntl(loose[0], F_GETFD), -1);

	ring_fds(&r, fds);
	for (size_t i = 0; i < RING_FDS; i++)
		fds[i] = dup(fds[i]);
	assert_int_not_equal(ring_attach(fds, 2 * smallest(), &other, &err), 0);
	ring_done(&r);
}

TEST(the_memory_of_a_ring_cannot_be_cut)
{
	struct ring r = ring_of(smallest());

	assert_int_equal(ftruncate(r.memory_fd, 0), -1);
	assert_int_equal(ftruncate(r.memory_fd, (off_t)(64 * smallest())), -1);
	ring_done(&r);
}

/* ---- Two processes --------------------------------------------------------------------------- */

#define MESSAGES    1000000
#define MESSAGE_MAX 300

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Length in the first two bytes, then bytes that follow from the message's number. */
static size_t message_make(uint32_t *state, uint32_t i, uint8_t *to)
{
	size_t n = 2 + random_next(state) % (MESSAGE_MAX - 2);

	to[0] = (uint8_t)n;
	to[1] = (uint8_t)(n >> 8);
	memset(to + 2, (int)(i & 0xff), n - 2);
	return n;
}

static int write_messages(struct ring *r)
{
	uint32_t state = 7;

	for (uint32_t i = 0; i < MESSAGES; i++) {
		uint8_t *to = ring_reserve(r, MESSAGE_MAX);

		if (!to) {
			if (ring_wait_room(r, MESSAGE_MAX, 30000) < 0)
				return 2;
			to = ring_reserve(r, MESSAGE_MAX);
		}
		if (!to)
			return 3;
		ring_publish(r, message_make(&state, i, to));
		if (random_next(&state) % 64 == 0)
			ring_flush(r);
	}
	ring_end(r);
	return 0;
}

/* How many messages came and were right; `every` consumes one at a time, else all that is there. */
static uint32_t read_messages(struct ring *r, bool every)
{
	uint32_t state = 7, right = 0;
	uint8_t expected[MESSAGE_MAX];

	for (;;) {
		struct str all = ring_readable(r);
		size_t at = 0;

		if (all.n == 0) {
			if (ring_ended(r) || ring_wait_data(r, 0, 30000) < 0)
				return right;
			continue;
		}
		while (at < all.n) {
			size_t n = message_make(&state, right, expected);

			(void)random_next(&state);
			if (all.n - at < n || memcmp(all.p + at, expected, n) != 0)
				return right;
			right++;
			at += n;
			if (every)
				ring_consume(r, n);
		}
		if (!every)
			ring_consume(r, at);
	}
}

static void stress(size_t size, bool every)
{
	struct ring r = ring_of(size), theirs;
	struct err err;
	int fds[RING_FDS], status;
	pid_t pid = fork();

	if (pid == 0) {
		ring_fds(&r, fds);
		_exit(ring_attach(fds, size, &theirs, &err) < 0 ? 1 : write_messages(&theirs));
	}
	assert_int_equal(read_messages(&r, every), MESSAGES);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ring_done(&r);
}

TEST(a_million_messages_cross_a_small_ring_one_by_one)
{
	stress(smallest(), true);
}

TEST(a_million_messages_cross_a_larger_ring_in_batches)
{
	stress(64 * KIB, false);
}

TEST(a_ring_survives_its_writer)
{
	struct ring r = ring_of(smallest());
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		memcpy(ring_reserve(&r, 4), "last", 4);
		ring_publish(&r, 4);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);

	assert_str(ring_readable(&r), "last");
	assert_false(ring_ended(&r));
	ring_done(&r);
}

/* ---- Pages ----------------------------------------------------------------------------------- */

TEST(a_page_shows_what_its_dead_writer_wrote)
{
	struct counters *c = NULL;
	void *p, *again;
	struct err err;
	int fd, status;
	pid_t pid;

	assert_int_equal(page_create(sizeof(*c), &p, &fd, &err), 0);
	c = p;
	assert_int_equal(c->v[0], 0);
	pid = fork();
	if (pid == 0) {
		if (page_attach(fd, sizeof(*c), &again, &err) < 0)
			_exit(1);
		((struct counters *)again)->v[COUNTER_ROWS] = 77;
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(c->v[COUNTER_ROWS], 77);
	assert_int_not_equal(page_attach(fd, sizeof(*c) + 1, &again, &err), 0);
	page_done(p, sizeof(*c));
	close(fd);
}

TEST_MAIN
