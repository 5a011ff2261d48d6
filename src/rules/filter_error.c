/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a filter, and where: the message, the expression around the place, and a caret
 * right under it, also behind characters of several bytes or two columns. Whatever the expression
 * holds, the text is valid UTF-8 on three lines and fits into an error.
 */
#include <stdio.h>

#include "rules/filter_int.h"

/* How much of the expression is shown, in columns of a terminal. */
#define SHOWN_COLUMNS 60
#define SHOWN_BEFORE  30          /* at most so many of them before the place */
#define CHAR_MAX      ((size_t)4) /* bytes */
#define SHOWN_BYTES   (SHOWN_COLUMNS * CHAR_MAX + sizeof("......"))
#define MESSAGE_BYTES 200
static_assert(sizeof("At 16385: \n  \n  ^") + MESSAGE_BYTES + SHOWN_BYTES + SHOWN_BEFORE + 3 <=
		      sizeof(((struct err *)NULL)->text),
	      "an error holds all three lines");

/* ---- Characters ---- */

struct shape {
	size_t bytes;
	unsigned columns;
	char instead; /* is shown for it; 0: it is shown as it is */
};

/* East Asian wide characters and emoji, in whole blocks. */
static bool is_wide(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} wide[] = {
		{ 0x1100, 0x115f },   { 0x2e80, 0xa4cf },   { 0xac00, 0xd7a3 },
		{ 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff01, 0xff60 },
		{ 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff },
		{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
	};

	for (size_t i = 0; i < ARRAY_LEN(wide); i++)
		if (c >= wide[i].from && c <= wide[i].to)
			return true;
	return false;
}

/* The character of several bytes at the front of s; 0 when it is no valid UTF-8 (RFC 3629). */
static uint32_t decode(struct str s, size_t *bytes)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t lead = (uint8_t)s.p[0];
	size_t n = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	uint32_t c = lead & (0x7fU >> n);

	if (lead < 0xc0 || lead > 0xf7 || s.n < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (((uint8_t)s.p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | ((uint8_t)s.p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*bytes = n;
	return c;
}

static struct shape shape_at(struct str text, size_t at)
{
	uint8_t byte = (uint8_t)text.p[at];
	struct shape s = { 1, 1, 0 };
	uint32_t c;

	if (byte < 0x80) {
		s.instead = byte < ' ' ? ' ' : byte == 0x7f ? '?' : 0;
		return s;
	}
	c = decode(str_skip(text, at), &s.bytes);
	if (c < 0xa0)
		s.instead = '?';
	else
		s.columns = is_wide(c) ? 2 : 1;
	return s;
}

/* Needs no more room than s has. */
static size_t put_clean(char *to, struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n;) {
		struct shape c = shape_at(s, i);

		if (c.instead)
			to[n++] = c.instead;
		else
			for (size_t j = 0; j < c.bytes; j++)
				to[n++] = s.p[i + j];
		i += c.bytes;
	}
	return n;
}

struct quoted filter_quote(struct str s)
{
	const size_t room = sizeof(((struct quoted *)NULL)->text) - sizeof("...");
	struct quoted q = { "" };
	size_t n = 0, shown;

	while (n < s.n) {
		size_t bytes = shape_at(s, n).bytes;

		if (n + bytes > room)
			break;
		n += bytes;
	}
	shown = put_clean(q.text, str_head(s, n));
	if (n < s.n)
		memcpy(q.text + shown, "...", sizeof("..."));
	return q;
}

/* ---- The text ---- */

/* The part of the expression that is shown, and the caret's place. */
struct window {
	size_t from, to;
	size_t column;  /* of the place, in characters from 1 */
	unsigned caret; /* columns of the terminal before it */
};

static struct window window_around(struct str text, size_t at)
{
	struct window w = { .to = at, .column = 1 };
	unsigned columns;

	for (size_t i = 0; i < at;) {
		struct shape c = shape_at(text, i);

		i += c.bytes;
		w.column++;
		w.caret += c.columns;
		while (w.caret > SHOWN_BEFORE) {
			c = shape_at(text, w.from);
			w.from += c.bytes;
			w.caret -= c.columns;
		}
	}
	columns = w.caret;
	while (w.to < text.n) {
		struct shape c = shape_at(text, w.to);

		columns += c.columns;
		if (columns > SHOWN_COLUMNS)
			break;
		w.to += c.bytes;
	}
	return w;
}

void filter_fail(struct parser *p, size_t at, const char *fmt, ...)
{
	struct str text = p->text;
	char message[MESSAGE_BYTES], shown[SHOWN_BYTES];
	struct window w;
	const char *before;
	va_list args;

	if (p->failed)
		return;
	p->failed = true;
	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);

	w = window_around(text, at);
	before = w.from > 0 ? "..." : "";
	shown[put_clean(shown, (struct str){ text.p + w.from, w.to - w.from })] = 0;
	(void)err_set(p->err, ERR_FILTER, "At %zu: %s\n  %s%s%s\n  %*s^", w.column, message, before,
		      shown, w.to < text.n ? "..." : "", (int)(w.caret + strlen(before)), "");
}
