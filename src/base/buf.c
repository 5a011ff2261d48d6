/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: bytes that grow up to a ceiling given at birth. A put happens whole or not at all, and the
 * content is always followed by a NUL, so that it may be handed to libc.
 */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST_ROOM ((size_t)128)
#define U64_DIGITS 20

void buf_init(struct buf *b, size_t cap_bytes)
{
	assert(cap_bytes < SIZE_MAX);
	*b = (struct buf){ .cap_bytes = cap_bytes };
}

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ .cap_bytes = b->cap_bytes };
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->p)
		b->p[0] = '\0';
}

static int refuse(struct buf *b, int code)
{
	b->full = true;
	return code;
}

/* room does not count the NUL; it doubles until the ceiling. */
static int grow(struct buf *b, size_t need)
{
	size_t twice = b->room > b->cap_bytes / 2 ? b->cap_bytes : b->room * 2;
	size_t room = twice > FIRST_ROOM ? twice : FIRST_ROOM;
	char *p;

	room = size_min(room > need ? room : need, b->cap_bytes);
	p = realloc(b->p, room + 1);
	if (!p)
		return refuse(b, -ENOMEM);
	b->p = p;
	b->room = room;
	return 0;
}

/* Makes room for n more bytes. */
static inline int reserve(struct buf *b, size_t n)
{
	if (unlikely(b->full || n > b->cap_bytes - b->len))
		return refuse(b, -ENOBUFS);
	if (unlikely(!b->p || n > b->room - b->len))
		return grow(b, b->len + n);
	return 0;
}

int buf_put(struct buf *b, struct str s)
{
	int r = reserve(b, s.n);

	if (unlikely(r < 0))
		return r;
	if (s.n > 0)
		memcpy(b->p + b->len, s.p, s.n);
	b->len += s.n;
	b->p[b->len] = '\0';
	return 0;
}

int buf_put_char(struct buf *b, char c)
{
	int r = reserve(b, 1);

	if (unlikely(r < 0))
		return r;
	b->p[b->len++] = c;
	b->p[b->len] = '\0';
	return 0;
}

int buf_put_u64(struct buf *b, uint64_t v)
{
	char digits[U64_DIGITS];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	return buf_put(b, (struct str){ digits + at, sizeof(digits) - at });
}

/* Prints into the room there is, and once more when that was too small. */
static int print(struct buf *b, const char *fmt, va_list args) PRINTF_LIKE(2, 0);
static int print(struct buf *b, const char *fmt, va_list args)
{
	va_list again;
	size_t free_bytes;
	int n;
	int r = reserve(b, 0);

	if (r < 0)
		return r;
	free_bytes = b->room - b->len + 1;
	va_copy(again, args);
	n = vsnprintf(b->p + b->len, free_bytes, fmt, args);
	if (n >= 0 && (size_t)n >= free_bytes) {
		b->p[b->len] = '\0';
		r = reserve(b, (size_t)n);
		if (r == 0)
			n = vsnprintf(b->p + b->len, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	assert(n >= 0);
	if (r == 0)
		b->len += (size_t)n;
	return r;
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	int r;

	va_start(args, fmt);
	r = print(b, fmt, args);
	va_end(args);
	return r;
}

char *buf_extend(struct buf *b, size_t n)
{
	char *p;

	if (unlikely(reserve(b, n) < 0))
		return NULL;
	p = b->p + b->len;
	b->len += n;
	b->p[b->len] = '\0';
	return p;
}

void buf_drop(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	b->len -= n;
	memmove(b->p, b->p + n, b->len + 1);
}
