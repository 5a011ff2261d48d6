/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers and strings of the tree, and the repair of texts that are not UTF-8. Numbers are exact:
 * 64-bit integers stay integers, everything else is the nearest double, infinite past its range.
 */
#include "json/scalar.h"

#include "json/grammar.h"

#include <stdlib.h>

/* ---- Numbers --------------------------------------------------------------------------------- */

/* The digits of an integer, or false beyond 64 bits. */
static bool integer_of(struct str digits, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < digits.n; i++)
		if (ckd_mul(&v, v, 10) || ckd_add(&v, v, (uint64_t)(digits.p[i] - '0')))
			return false;
	*out = v;
	return true;
}

static bool store_integer(uint64_t v, bool negative, struct json_value *out)
{
	if (negative && v > (uint64_t)INT64_MAX + 1)
		return false;
	if (v > INT64_MAX && !negative)
		*out = (struct json_value){ .type = JSON_U64, .u = v };
	else
		*out = (struct json_value){ .type = JSON_I64,
					    .i = (int64_t)(negative ? 0 - v : v) };
	return true;
}

/* Numbers of few digits: mantissa and power of ten are exact in a double, so one division rounds
 * once, and correctly. False when it is not that simple. */
static bool simple_double(struct str number, double *out)
{
	static const double powers[] = { 1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
					 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
	bool negative = number.p[0] == '-';
	size_t fraction = 0;
	uint64_t v = 0;

	if (number.n > ARRAY_LEN(powers))
		return false;
	for (size_t i = negative; i < number.n; i++) {
		if (number.p[i] == '.')
			fraction = number.n - i - 1;
		else if (text_is_digit(number.p[i]))
			v = 10 * v + (uint64_t)(number.p[i] - '0');
		else
			return false;
	}
	*out = (double)v / powers[fraction];
	if (negative)
		*out = -*out;
	return true;
}

size_t scalar_number(struct str in, struct json_value *out)
{
	enum number_state state = NUMBER_START;
	bool negative = in.n > 0 && in.p[0] == '-';
	size_t n = 0;
	uint64_t u;
	double f;

	for (; n < in.n; n++) {
		enum number_state next = number_next(state, in.p[n]);

		if (next == NUMBER_STOP)
			break;
		state = next;
	}
	if (!number_is_whole(state))
		return 0;
	in = str_head(in, n);
	if (number_is_integer(state) && integer_of(str_skip(in, negative), &u) &&
	    store_integer(u, negative, out))
		return n;
	if (!simple_double(in, &f))
		f = strtod(in.p, NULL);
	*out = (struct json_value){ .type = JSON_F64, .f = f };
	return n;
}

/* ---- Strings --------------------------------------------------------------------------------- */

enum {
	SURROGATE_HIGH = 0xd800,
	SURROGATE_LOW = 0xdc00,
	SURROGATE_END = 0xe000,
	UNICODE_ASTRAL = 0x10000,
	UNICODE_REPLACEMENT = 0xfffd,
	UNICODE_ESCAPE_BYTES = 6, /* \uXXXX */
};

/* The code unit of the \uXXXX at the front, or -1. */
static int32_t code_unit(struct str in)
{
	int32_t unit = 0;

	if (in.n < UNICODE_ESCAPE_BYTES || in.p[0] != '\\' || in.p[1] != 'u')
		return -1;
	for (size_t i = 2; i < UNICODE_ESCAPE_BYTES; i++) {
		int digit = text_hex(in.p[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

static size_t put_utf8(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < UNICODE_ASTRAL) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Reads one or, for a pair of surrogates, two \uXXXX; out may be where in begins. Returns the bytes
 * taken, 0 when there is none, and advances *to past what was written. */
static size_t unescape_unicode(struct str in, char **to)
{
	int32_t first = code_unit(in), second;
	uint32_t c = UNICODE_REPLACEMENT;
	size_t taken = UNICODE_ESCAPE_BYTES;

	if (first < 0)
		return 0;
	if (first < SURROGATE_HIGH || first >= SURROGATE_END) {
		c = (uint32_t)first;
	} else if (first < SURROGATE_LOW) {
		second = code_unit(str_skip(in, UNICODE_ESCAPE_BYTES));
		if (second >= SURROGATE_LOW && second < SURROGATE_END) {
			c = (uint32_t)(UNICODE_ASTRAL + ((first - SURROGATE_HIGH) << 10) +
				       (second - SURROGATE_LOW));
			taken += UNICODE_ESCAPE_BYTES;
		}
	}
	*to += put_utf8(c, *to);
	return taken;
}

/* Reads the escape at the front as above. */
static size_t unescape(struct str in, char **to)
{
	char c;

	if (in.n < 2)
		return 0;
	if (in.p[1] == 'u')
		return unescape_unicode(in, to);
	c = text_escape(in.p[1]);
	if (c == '\0')
		return 0;
	*(*to)++ = c;
	return 2;
}

size_t scalar_string(char *p, size_t n, struct str *out)
{
	struct str in = { p, n };
	char *to = p;

	for (;;) {
		size_t taken = text_plain(in, false);

		if (to != in.p)
			memmove(to, in.p, taken);
		to += taken;
		in = str_skip(in, taken);
		if (in.n == 0)
			return 0;
		if (in.p[0] == '"')
			break;
		taken = in.p[0] == '\\' ? unescape(in, &to) : 0;
		if (taken == 0)
			return 0;
		in = str_skip(in, taken);
	}
	*out = (struct str){ p, (size_t)(to - p) };
	return (size_t)(in.p - p) + 1;
}

/* ---- Repair ---------------------------------------------------------------------------------- */

/* Length of the front of s that is UTF-8. */
static size_t valid_bytes(struct str s)
{
	size_t n = 0, sequence;

	while ((sequence = text_utf8(str_skip(s, n))) > 0)
		n += sequence;
	return n;
}

size_t scalar_repaired_bytes(struct str text, uint64_t *strings)
{
	bool in_string = false, counted = false;
	size_t bytes = 0, sequence;

	*strings = 0;
	for (size_t i = 0; i < text.n; i += sequence) {
		sequence = text_utf8(str_skip(text, i));
		if (sequence == 0) {
			sequence = 1;
			bytes += sizeof(TEXT_REPLACEMENT) - 1;
			*strings += !counted;
			counted = true;
			continue;
		}
		bytes += sequence;
		if (text.p[i] == '"') {
			in_string = !in_string;
			counted = false;
		} else if (text.p[i] == '\\' && in_string && i + 1 < text.n &&
			   (uint8_t)text.p[i + 1] < 0x80) {
			sequence++; /* an escaped quote ends no string */
			bytes++;
		}
	}
	return bytes;
}

void scalar_repair(struct str text, char *out)
{
	while (text.n > 0) {
		size_t valid = valid_bytes(text);

		memcpy(out, text.p, valid);
		out += valid;
		text = str_skip(text, valid);
		if (text.n > 0) {
			memcpy(out, TEXT_REPLACEMENT, sizeof(TEXT_REPLACEMENT) - 1);
			out += sizeof(TEXT_REPLACEMENT) - 1;
			text = str_skip(text, 1);
		}
	}
}
