/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Literals of the filter: strings with CEL's escapes (but for the octal ones), numbers, times and
 * durations, as they are written. Whether a field may be compared with one is not asked here.
 */
#include <math.h>
#include <stdlib.h>

#include "rules/filter_int.h"

void *filter_alloc(struct parser *p, size_t n)
{
	void *m = arena_alloc(&p->filter->arena, n);

	if (!m)
		filter_fail(p, p->token.at, "The expression is too large.");
	else
		memset(m, 0, n);
	return m;
}

/* ---- Strings ---- */

static size_t put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* A code point in hexadecimal behind x, u or U; the bytes taken, 0 when it is none. */
static size_t hex_escape(struct str s, char *to, size_t *n)
{
	size_t digits = s.p[0] == 'x' ? 2 : s.p[0] == 'u' ? 4 : s.p[0] == 'U' ? 8 : 0;
	uint64_t c;

	if (!digits || s.n < 1 + digits || str_to_hex64(str_head(str_skip(s, 1), digits), &c) < 0)
		return 0;
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*n += put_utf8(to, (uint32_t)c);
	return 1 + digits;
}

/* What stands behind a backslash; the bytes taken, 0 when it is no escape. No escape is shorter
 * than what it stands for. */
static size_t unescape(struct str s, char *to, size_t *n)
{
	static const char from[] = "abfnrtv\\'\"`?", means[] = "\a\b\f\n\r\t\v\\'\"`?";
	const char *simple = s.n ? memchr(from, s.p[0], sizeof(from) - 1) : NULL;

	if (!simple)
		return s.n ? hex_escape(s, to, n) : 0;
	*to = means[simple - from];
	*n += 1;
	return 1;
}

bool filter_parse_string(struct parser *p, struct str *out)
{
	struct str raw = p->token.text;
	size_t n = 0;
	char *to;

	if (p->failed || p->token.type != TOKEN_STRING) {
		filter_fail(p, p->token.at, "A string in quotes is expected here.");
		return false;
	}
	to = filter_alloc(p, raw.n);
	for (size_t i = 0; to && i < raw.n;) {
		size_t taken;

		if (raw.p[i] != '\\') {
			to[n++] = raw.p[i++];
			continue;
		}
		taken = unescape(str_skip(raw, i + 1), to + n, &n);
		if (!taken) {
			filter_fail(
				p, p->token.at + 1 + i,
				"This escape is not known; a backslash itself is written \\\\.");
			break;
		}
		i += 1 + taken;
	}
	*out = (struct str){ to, n };
	filter_next(p);
	return !p->failed;
}

/* ---- Numbers ---- */

static void parse_float(struct parser *p, struct literal *l)
{
	char *text = filter_alloc(p, p->token.text.n + 1);

	if (!text)
		return;
	memcpy(text, p->token.text.p, p->token.text.n);
	l->type = LITERAL_FLOAT;
	l->f = strtod(text, NULL);
	if (isinf(l->f))
		filter_fail(p, p->token.at, "This number is too large.");
	if (l->negative)
		l->f = -l->f;
	l->negative = false;
}

/* CEL's integers have a sign unless u follows, and each fits into 64 bits. */
static void parse_integer(struct parser *p, struct literal *l)
{
	struct str text = p->token.text;
	bool no_sign = text.p[text.n - 1] == 'u' || text.p[text.n - 1] == 'U';
	int r;

	l->type = LITERAL_INT;
	text.n -= no_sign;
	r = str_starts(text, STR("0x")) ? str_to_hex64(str_skip(text, 2), &l->u)
					: str_to_u64(text, &l->u);
	if (r < 0)
		filter_fail(p, p->token.at, "This number does not fit into 64 bits.");
	else if (no_sign && l->negative)
		filter_fail(p, p->token.at, "A number with u behind it has no sign.");
	else if (l->negative && l->u > (uint64_t)INT64_MAX + 1)
		filter_fail(p, p->token.at, "This number does not fit into 64 bits.");
	else if (!no_sign && !l->negative && l->u > INT64_MAX)
		filter_fail(p, p->token.at, "A number above 9223372036854775807 ends with u.");
	l->negative = l->negative && l->u > 0;
}

/* ---- Literals ---- */

/* duration("…") and timestamp("…") */
static bool parse_conversion(struct parser *p, struct literal *l)
{
	bool time = filter_is_name(p, "timestamp");
	size_t at;
	int r;

	l->type = time ? LITERAL_TIME : LITERAL_DUR;
	filter_next(p);
	if (!filter_expect_op(p, "("))
		return false;
	at = p->token.at;
	if (!filter_parse_string(p, &l->s))
		return false;
	r = time ? time_parse(l->s, &l->i) : dur_parse(l->s, &l->i);
	if (r < 0)
		filter_fail(p, at,
			    time ? "This is not an RFC 3339 time such as 2026-01-31T12:00:00Z."
				 : "This is not a duration such as 250ms or 1h30m.");
	return filter_expect_op(p, ")");
}

bool filter_parse_literal(struct parser *p, struct literal *l)
{
	*l = (struct literal){ .at = p->token.at };
	if (p->token.type == TOKEN_STRING) {
		l->type = LITERAL_STR;
		return filter_parse_string(p, &l->s);
	}
	if (filter_is_name(p, "true") || filter_is_name(p, "false")) {
		l->type = LITERAL_BOOL;
		l->b = filter_is_name(p, "true");
		filter_next(p);
		return !p->failed;
	}
	if (filter_is_name(p, "timestamp") || filter_is_name(p, "duration"))
		return parse_conversion(p, l);
	l->negative = filter_take_op(p, "-");
	if (p->token.type == TOKEN_FLOAT)
		parse_float(p, l);
	else if (p->token.type == TOKEN_INT)
		parse_integer(p, l);
	else
		filter_fail(p, p->token.at,
			    "A value is expected here: a string in quotes, a number, true or "
			    "false.");
	if (!p->failed)
		filter_next(p);
	return !p->failed;
}
