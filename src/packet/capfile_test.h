/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of capture files: a file that grows by numbers in a chosen byte order, and a run
 * that reads it in windows of every kind and insists that all of them give the same answers.
 */
#ifndef REDOUBT_PACKET_CAPFILE_TEST_H
#define REDOUBT_PACKET_CAPFILE_TEST_H

#include "packet/packet.h"

#include "t.h"

struct file {
	bool big_endian;
	size_t n;
	uint8_t b[2 * MIB];
};

/* One at a time: the tests do not run beside each other. */
static struct file file;

static inline void file_start(bool big_endian)
{
	file.n = 0;
	file.big_endian = big_endian;
}

static inline void put_uint(uint64_t v, size_t bytes)
{
	assert_true(file.n + bytes <= sizeof(file.b));
	for (size_t i = 0; i < bytes; i++)
		file.b[file.n + (file.big_endian ? bytes - 1 - i : i)] = (uint8_t)(v >> 8 * i);
	file.n += bytes;
}

static inline void put_u16(uint16_t v)
{
	put_uint(v, sizeof(v));
}
static inline void put_u32(uint32_t v)
{
	put_uint(v, sizeof(v));
}

/* A frame body whose bytes differ from their neighbours. */
static inline void put_body(size_t n)
{
	assert_true(file.n + n <= sizeof(file.b));
	for (size_t i = 0; i < n; i++)
		file.b[file.n++] = (uint8_t)(i * 7 + 1);
}

static inline struct str file_str(void)
{
	return (struct str){ (const char *)file.b, file.n };
}

/* What came out, frames as places in the file. */
struct event {
	int answer;
	struct frame frame;
	size_t at;
};

struct run {
	size_t n;
	struct event v[16];
	int end; /* of capfile_end(), or what capfile_next() failed with */
	uint32_t sections;
	struct err err;
};

/* Calls with a window that ends exactly where its memory ends, so that a sanitizer sees every read
 * behind it. Large windows are not copied. */
static inline int run_next(struct capfile *cf, struct str window, size_t *used, struct event *e,
			   struct err *err)
{
	char *copy = window.n < 4 * KIB ? (char *)malloc(window.n) : NULL;
	struct str in = copy ? (struct str){ copy, window.n } : window;

	if (copy && window.n)
		memcpy(copy, window.p, window.n);
	memset(e, 0, sizeof(*e));
	e->answer = capfile_next(cf, in, used, &e->frame, err);
	if (e->answer == CAPFILE_FRAME && e->frame.bytes.n) {
		e->at = (size_t)(e->frame.bytes.p - in.p);
		assert_memory_equal(e->frame.bytes.p, window.p + e->at, e->frame.bytes.n);
	}
	e->frame.bytes.p = NULL;
	free(copy);
	return e->answer;
}

/* Reads all, the window growing by `step` bytes at each MORE. */
static inline void run_with(struct str all, size_t step, struct run *run)
{
	static struct capfile cf;
	size_t begin = 0, end = 0, used;

	memset(run, 0, sizeof(*run));
	capfile_init(&cf);
	for (;;) {
		struct event e;
		int r = run_next(&cf, (struct str){ all.p + begin, end - begin }, &used, &e,
				 &run->err);

		assert_true(used <= end - begin);
		if (e.frame.bytes.n)
			e.at += begin;
		begin += used;
		assert_int_equal(cf.offset, begin);
		if (r < 0) {
			run->end = r;
			break;
		}
		if (r == CAPFILE_MORE) {
			assert_true(used > 0 || end - begin < CAPFILE_WINDOW);
			if (end == all.n) {
				run->end = capfile_end(
					&cf, (struct str){ all.p + begin, end - begin }, &run->err);
				break;
			}
			end += size_min(step, all.n - end);
			continue;
		}
		assert_true(run->n < ARRAY_LEN(run->v));
		run->v[run->n++] = e;
	}
	run->sections = cf.sections;
}

static inline void run_same(const struct run *a, const struct run *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		const struct event *x = &a->v[i], *y = &b->v[i];

		assert_int_equal(x->answer, y->answer);
		if (x->answer == CAPFILE_BLOCK)
			continue;
		assert_int_equal(x->at, y->at);
		assert_int_equal(x->frame.bytes.n, y->frame.bytes.n);
		assert_int_equal(x->frame.wire_bytes, y->frame.wire_bytes);
		assert_int_equal(x->frame.interface, y->frame.interface);
		assert_int_equal(x->frame.link, y->frame.link);
		assert_int_equal(x->frame.at_ns, y->frame.at_ns);
	}
	assert_int_equal(a->end, b->end);
	assert_int_equal(a->sections, b->sections);
	assert_string_equal(a->err.text, b->err.text);
}

static inline struct run run_all(struct str all)
{
	static const size_t steps[] = { 1, 3, 17, 1000, 64 * KIB };
	struct run run, other;

	run_with(all, SIZE_MAX, &run);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		run_with(all, steps[i], &other);
		run_same(&run, &other);
	}
	return run;
}

static inline struct run run_file(void)
{
	return run_all(file_str());
}

/* The i-th answer is a frame with these properties. */
static inline void assert_frame(const struct run *run, size_t i, size_t bytes, uint32_t wire_bytes,
				int64_t at_ns)
{
	assert_true(i < run->n);
	assert_int_equal(run->v[i].answer, CAPFILE_FRAME);
	assert_int_equal(run->v[i].frame.bytes.n, bytes);
	assert_int_equal(run->v[i].frame.wire_bytes, wire_bytes);
	assert_int_equal(run->v[i].frame.at_ns, at_ns);
}

#endif
