/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring whose other side is hostile: between the calls of an honest writer and an honest reader
 * the input writes whatever it likes into the shared page. Nothing may crash, no answer may leave
 * the mapping, and what broke once stays broken.
 */
#include <stdlib.h>

#include "proc/proc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE ((size_t)64 * KIB)

/* Positions near the truth are likelier to pass a check that is off by one. */
static uint64_t lie(struct cur *c, const struct ring *r)
{
	uint8_t how = cur_u8(c);

	switch (how & 3) {
	case 0:
		return cur_u64le(c);
	case 1:
		return r->head + (uint64_t)(int8_t)cur_u8(c);
	case 2:
		return r->tail + (uint64_t)(int8_t)cur_u8(c);
	default:
		return r->tail + r->size + (uint64_t)(int8_t)cur_u8(c);
	}
}

static void corrupt(struct cur *c, struct ring *r)
{
	switch (cur_u8(c) % 5) {
	case 0:
		atomic_store(&r->page->head, lie(c, r));
		break;
	case 1:
		atomic_store(&r->page->tail, lie(c, r));
		break;
	case 2:
		atomic_store(&r->page->writer_wants, lie(c, r));
		break;
	case 3:
		atomic_store(&r->page->reader_sleeps, cur_u8(c));
		break;
	default:
		atomic_store(&r->page->ended, cur_u8(c) & 1);
		break;
	}
}

static void check(const struct ring *r, bool was_broken)
{
	assert(r->head - r->tail <= r->size);
	assert(r->broken || !was_broken);
}

/* Between reserve and publish the page may change again. */
static void writer_step(struct cur *c, struct ring *w)
{
	uint8_t what = cur_u8(c);
	size_t n = cur_u16be(c) * (size_t)(1 + (what >> 7));
	bool was_broken = w->broken;
	uint8_t *to;

	switch (what & 3) {
	case 0:
		to = ring_reserve(w, n);
		if (to) {
			assert(n <= SIZE && to >= w->data && to + n <= w->data + 2 * SIZE);
			memset(to, what, n);
			if (what & 4)
				corrupt(c, w);
			if (what & 8)
				assert(ring_room(w) <= SIZE);
			ring_publish(w, n);
		}
		break;
	case 1:
		ring_flush(w);
		break;
	case 2: {
		int ret = ring_wait_room(w, n, 0);

		assert(ret == 0 || ret == -ETIMEDOUT || ret == -EPIPE || ret == -EMSGSIZE);
		assert((ret == -EPIPE) == w->broken || n > SIZE);
		break;
	}
	default:
		(void)ring_sleep_writer(w, n);
		ring_woken(w->space_fd);
		break;
	}
	check(w, was_broken);
}

static void reader_step(struct cur *c, struct ring *r)
{
	uint8_t what = cur_u8(c);
	size_t n = cur_u16be(c);
	bool was_broken = r->broken;
	struct str s;

	switch (what & 3) {
	case 0:
		s = ring_readable(r);
		assert(s.n <= SIZE && s.p >= (char *)r->data &&
		       s.p + s.n <= (char *)r->data + 2 * SIZE);
		(void)hash_bytes(s.p, s.n, 1);
		if (what & 4)
			corrupt(c, r);
		if (what & 8)
			(void)ring_ended(r);
		ring_consume(r, size_min(n, s.n));
		break;
	case 1:
		assert(!ring_ended(r) || r->head == r->tail);
		break;
	case 2: {
		int ret = ring_wait_data(r, n, 0);

		assert(ret == 0 || ret == -ETIMEDOUT || ret == -EPIPE);
		assert((ret == -EPIPE) == r->broken);
		break;
	}
	default:
		(void)ring_sleep_reader(r, n);
		ring_woken(r->data_fd);
		break;
	}
	check(r, was_broken);
}

/* Mapping a ring costs more than the rest of a run, so one is used for all. */
static void renew(struct ring *r)
{
	struct err err;

	if (!r->page && ring_create(SIZE, r, &err) < 0)
		abort();
	memset(r->page, 0, sizeof(*r->page));
	r->head = r->tail = r->flushed = 0;
	r->broken = false;
	ring_woken(r->data_fd);
	ring_woken(r->space_fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ring writer, reader;
	struct cur c = cur_of(data, size);

	renew(&writer);
	renew(&reader);
	while (cur_ok(&c) && c.n > 0) {
		switch (cur_u8(&c) & 3) {
		case 0:
			corrupt(&c, &writer);
			break;
		case 1:
			corrupt(&c, &reader);
			break;
		case 2:
			writer_step(&c, &writer);
			break;
		default:
			reader_step(&c, &reader);
			break;
		}
	}
	return 0;
}
