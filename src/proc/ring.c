/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring of bytes between two processes that do not trust each other. Data move without a system
 * call; the kernel is asked only to put a side to sleep or to wake it. What the other side wrote
 * into the page is believed only after it was checked against what it said before, and nothing
 * here follows a position out of the mapping.
 */
#include "proc/proc_int.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- Life ------------------------------------------------------------------------------------ */

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static int ring_size_check(size_t size, struct err *err)
{
	if (size < page_bytes() || size > RING_SIZE_MAX || (size & (size - 1)) != 0)
		return err_set(err, ERR_LIMIT,
			       "a ring of %zu bytes: the size is a power of two from %zu to %zu",
			       size, page_bytes(), RING_SIZE_MAX);
	return 0;
}

/* Maps page and data, and the data once more behind them, over a stretch that is reserved first so
 * that nothing else can come between. */
static int ring_map(int fd, size_t size, struct ring *r, struct err *err)
{
	const int prot = PROT_READ | PROT_WRITE;
	const int flags = MAP_SHARED | MAP_FIXED | MAP_POPULATE;
	size_t page = page_bytes();
	uint8_t *base = mmap(NULL, page + 2 * size, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return err_set(err, ERR_MEMORY, "addresses for a ring of %zu bytes: %s", size,
			       strerror(errno));
	if (mmap(base, page + size, prot, flags, fd, 0) == MAP_FAILED ||
	    mmap(base + page + size, size, prot, flags, fd, (off_t)page) == MAP_FAILED) {
		int code = errno;

		(void)munmap(base, page + 2 * size);
		return err_set(err, ERR_MEMORY, "mapping a ring of %zu bytes: %s", size,
			       strerror(code));
	}
	*r = (struct ring){ .data = base + page, .size = size, .memory_fd = -1 };
	r->page = (void *)base;
	return 0;
}

int ring_create(size_t size, struct ring *out, struct err *err)
{
	CLEANUP(fd_close) int memory = -1, data = -1, space = -1;
	int r = ring_size_check(size, err);

	if (r < 0)
		return r;
	data = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	space = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (data < 0 || space < 0)
		return err_set(err, ERR_MEMORY, "eventfd: %s", strerror(errno));
	r = memory_create("redoubt-ring", page_bytes() + size, &memory, err);
	if (r == 0)
		r = ring_map(memory, size, out, err);
	if (r < 0)
		return r;

	out->memory_fd = TAKE_FD(memory);
	out->data_fd = TAKE_FD(data);
	out->space_fd = TAKE_FD(space);
	return 0;
}

int ring_attach(const int fds[RING_FDS], size_t size, struct ring *out, struct err *err)
{
	CLEANUP(fd_close) int memory = fds[0], data = fds[1], space = fds[2];
	int r = ring_size_check(size, err);

	if (r == 0)
		r = memory_check(memory, page_bytes() + size, err);
	if (r == 0)
		r = ring_map(memory, size, out, err);
	if (r < 0)
		return r;

	out->data_fd = TAKE_FD(data);
	out->space_fd = TAKE_FD(space);
	return 0;
}

void ring_fds(const struct ring *r, int fds[RING_FDS])
{
	fds[0] = r->memory_fd;
	fds[1] = r->data_fd;
	fds[2] = r->space_fd;
}

void ring_done(struct ring *r)
{
	if (!r || !r->page)
		return;
	(void)munmap(r->page, page_bytes() + 2 * r->size);
	fd_close(r->memory_fd);
	fd_close(r->data_fd);
	fd_close(r->space_fd);
	*r = (struct ring){ .memory_fd = -1, .data_fd = -1, .space_fd = -1 };
}

/* ---- The other side's position --------------------------------------------------------------- */

/* Positions may be compared only as differences, which survive the overflow that a hostile page can
 * pretend. A broken ring looks full to the writer and empty to the reader, so the fast paths need
 * no look at the flag. */

static void writer_look(struct ring *r)
{
	uint64_t tail = atomic_load_explicit(&r->page->tail, memory_order_acquire);

	if (likely(!r->broken && tail - r->tail <= r->head - r->tail)) {
		r->tail = tail;
		return;
	}
	r->broken = true;
	r->tail = r->head - r->size;
}

static void reader_look(struct ring *r)
{
	uint64_t head = atomic_load_explicit(&r->page->head, memory_order_acquire);

	if (likely(!r->broken && head - r->tail <= r->size &&
		   head - r->tail >= r->head - r->tail)) {
		r->head = head;
		return;
	}
	r->broken = true;
	r->head = r->tail;
}

/* ---- Sleeping and waking --------------------------------------------------------------------- */

/*
 * No wake-up is lost: who will sleep sets its flag and then looks at the position; who moved the
 * position then looks at the flag; a full fence stands between the two on both sides, so at least
 * one of them sees the other's write. Nobody sleeps without waking the other first, so the two
 * never wait for each other's thrift.
 */

static void ring_signal(int event_fd)
{
	const uint64_t one = 1;
	ssize_t done = write(event_fd, &one, sizeof(one));

	(void)done; /* an eventfd that is full is readable, which is all we want */
}

void ring_woken(int event_fd)
{
	uint64_t count;
	ssize_t done = read(event_fd, &count, sizeof(count));

	(void)done; /* somebody else emptied it */
}

static void reader_wake(struct ring *r)
{
	r->flushed = r->head;
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&r->page->reader_sleeps, memory_order_relaxed) &&
	    atomic_exchange_explicit(&r->page->reader_sleeps, 0, memory_order_relaxed))
		ring_signal(r->data_fd);
}

/* Wakes a waiting writer whose wish is met; `anyway`, one whose wish is not. */
static void writer_wake(struct ring *r, bool anyway)
{
	uint64_t wants;

	atomic_thread_fence(memory_order_seq_cst);
	wants = atomic_load_explicit(&r->page->writer_wants, memory_order_relaxed);
	if (likely(!wants) || (!anyway && (int64_t)(r->tail - wants) < 0))
		return;
	if (atomic_exchange_explicit(&r->page->writer_wants, 0, memory_order_relaxed))
		ring_signal(r->space_fd);
}

/* ---- Writer ---------------------------------------------------------------------------------- */

uint8_t *ring_reserve_again(struct ring *r, size_t n)
{
	writer_look(r);
	if (n > r->size - (r->head - r->tail))
		return NULL;
	return r->data + (r->head & (r->size - 1));
}

/* The tail last seen may be old: only a ring that is half full as of now is worth a wake-up. */
void ring_publish_half(struct ring *r)
{
	writer_look(r);
	if (r->head - r->tail >= r->size / 2)
		reader_wake(r);
}

size_t ring_room(struct ring *r)
{
	writer_look(r);
	return r->size - (r->head - r->tail);
}

void ring_flush(struct ring *r)
{
	if (r->head != r->flushed)
		reader_wake(r);
}

void ring_end(struct ring *r)
{
	atomic_store_explicit(&r->page->ended, 1, memory_order_release);
	reader_wake(r);
}

static bool writer_ready(struct ring *r, size_t need)
{
	return ring_room(r) >= need || r->broken || need > r->size;
}

bool ring_sleep_writer(struct ring *r, size_t need)
{
	size_t enough = need > r->size / 2 ? need : r->size / 2;

	if (writer_ready(r, need))
		return true;
	ring_flush(r);
	atomic_store_explicit(&r->page->writer_wants, r->head + enough - r->size,
			      memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (!writer_ready(r, need))
		return false;
	atomic_store_explicit(&r->page->writer_wants, 0, memory_order_relaxed);
	return true;
}

int ring_wait_room(struct ring *r, size_t n, int timeout_ms)
{
	int64_t deadline = deadline_in(timeout_ms);

	if (n > r->size)
		return -EMSGSIZE;
	while (!ring_sleep_writer(r, n)) {
		int ret = deadline_wait(deadline, r->space_fd);

		atomic_store_explicit(&r->page->writer_wants, 0, memory_order_relaxed);
		if (ret < 0)
			return ret;
		ring_woken(r->space_fd);
	}
	return r->broken ? -EPIPE : 0;
}

/* ---- Reader ---------------------------------------------------------------------------------- */

struct str ring_readable(struct ring *r)
{
	reader_look(r);
	return (struct str){ (const char *)r->data + (r->tail & (r->size - 1)), r->head - r->tail };
}

void ring_consume(struct ring *r, size_t n)
{
	if (unlikely(r->broken))
		return;
	assert(n <= r->head - r->tail);
	r->tail += n;
	atomic_store_explicit(&r->page->tail, r->tail, memory_order_release);
	writer_wake(r, false);
}

/* The flag is read before the position: what was published before the end is seen then. */
static bool ring_said_end(struct ring *r)
{
	bool ended = atomic_load_explicit(&r->page->ended, memory_order_acquire);

	reader_look(r);
	return ended;
}

bool ring_ended(struct ring *r)
{
	return ring_said_end(r) && r->head == r->tail && !r->broken;
}

static bool reader_ready(struct ring *r, size_t have)
{
	return ring_said_end(r) || r->broken || r->head - r->tail > have;
}

bool ring_sleep_reader(struct ring *r, size_t have)
{
	if (have >= r->size) {
		r->broken = true;
		r->head = r->tail;
	}
	if (reader_ready(r, have))
		return true;
	writer_wake(r, true);
	atomic_store_explicit(&r->page->reader_sleeps, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (!reader_ready(r, have))
		return false;
	atomic_store_explicit(&r->page->reader_sleeps, 0, memory_order_relaxed);
	return true;
}

int ring_wait_data(struct ring *r, size_t have, int timeout_ms)
{
	int64_t deadline = deadline_in(timeout_ms);

	while (!ring_sleep_reader(r, have)) {
		int ret = deadline_wait(deadline, r->data_fd);

		atomic_store_explicit(&r->page->reader_sleeps, 0, memory_order_relaxed);
		if (ret < 0)
			return ret;
		ring_woken(r->data_fd);
	}
	return r->broken ? -EPIPE : 0;
}
