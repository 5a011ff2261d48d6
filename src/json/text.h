/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room's own helpers for single bytes and for the bytes of strings: where a run of plain bytes
 * ends, what an escape stands for, how long a well-formed UTF-8 sequence is. Writer, tokenizer and
 * tree share them, so all three agree on what a string may hold.
 */
#ifndef REDOUBT_JSON_TEXT_H
#define REDOUBT_JSON_TEXT_H

#include "base/base.h"

/* U+FFFD, which stands for bytes that were not UTF-8. */
#define TEXT_REPLACEMENT "\xef\xbf\xbd"

#define TEXT_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))
#define TEXT_HIGH_BITS  TEXT_EACH(0x80)

/* Eight bytes at once: the high bit of each byte that is zero in x, exact up to the first one. */
static inline uint64_t text_zeros(uint64_t x)
{
	return (x - TEXT_EACH(0x01)) & ~x & TEXT_HIGH_BITS;
}

/* The high bit of each byte that ends a plain run: a control character, a quote, a backslash. */
static inline uint64_t text_specials(uint64_t x)
{
	uint64_t controls = (x - TEXT_EACH(0x20)) & ~x & TEXT_HIGH_BITS;

	return controls | text_zeros(x ^ TEXT_EACH('"')) | text_zeros(x ^ TEXT_EACH('\\'));
}

static inline bool text_is_special(uint8_t c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

/* Length of the front of s that stands in a JSON string as it is; ascii stops at other bytes too.
 */
static inline size_t text_plain(struct str s, bool ascii)
{
	const uint8_t *p = (const uint8_t *)s.p;
	uint64_t others = ascii ? TEXT_HIGH_BITS : 0;
	size_t i = 0;

	for (; s.n - i >= 8; i += 8) {
		uint64_t x = load_u64le(p + i);
		uint64_t stops = text_specials(x) | (x & others);

		if (stops)
			return i + (size_t)__builtin_ctzll(stops) / 8;
	}
	while (i < s.n && !text_is_special(p[i]) && !(ascii && p[i] >= 0x80))
		i++;
	return i;
}

/* RFC 8259 §2. */
static inline bool text_is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline bool text_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of a hexadecimal digit, or -1. */
static inline int text_hex(char c)
{
	char low = (char)(c | 0x20);

	if (text_is_digit(c))
		return c - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* What the letter behind a backslash stands for, or 0; \\u is not one of them. */
static inline char text_escape(char c)
{
	static const char bytes[128] = {
		['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
		['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
	};

	return (uint8_t)c < sizeof(bytes) ? bytes[(uint8_t)c] : '\0';
}

/* Length of the well-formed UTF-8 sequence at the front (RFC 3629 §4), or 0 where there is none. */
static inline size_t text_utf8(struct str s)
{
	const uint8_t *p = (const uint8_t *)s.p;
	uint8_t low = 0x80, high = 0xbf; /* bounds of the second byte */
	size_t n;

	if (s.n == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		low = 0xa0; /* shorter forms exist */
	else if (p[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (p[0] == 0xf0)
		low = 0x90; /* shorter forms exist */
	else if (p[0] == 0xf4)
		high = 0x8f; /* above U+10FFFF */
	if (s.n < n || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

#endif
