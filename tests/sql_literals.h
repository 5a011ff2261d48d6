/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_literals: a second, small scanner of SQL, which only finds what is inside of literals, by
 * either of a server's two readings of a backslash. It is there to hold the mask of statements
 * against: made so that it shares nothing with it but the manual.
 */
#ifndef REDOUBT_TESTS_SQL_LITERALS_H
#define REDOUBT_TESTS_SQL_LITERALS_H

#include "base/base.h"

static size_t sql_end_of_string(struct str s, size_t at, bool escapes)
{
	while (at < s.n) {
		if (s.p[at] == '\\' && escapes)
			at += 2;
		else if (s.p[at] != '\'')
			at++;
		else if (at + 1 < s.n && s.p[at + 1] == '\'')
			at += 2;
		else
			return at;
	}
	return s.n;
}

static bool is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_sql_word(char c)
{
	return is_letter_or_digit(c) || c == '_' || c == '$' || (uint8_t)c >= 0x80;
}

static size_t sql_end_of_dollar(struct str s, size_t at, size_t *from)
{
	size_t n = at + 1;
	const char *end;

	while (n < s.n && is_sql_word(s.p[n]) && s.p[n] != '$')
		n++;
	if (n >= s.n || s.p[n] != '$' || (s.p[at + 1] >= '0' && s.p[at + 1] <= '9'))
		return 0;
	*from = ++n;
	end = n < s.n ? memmem(s.p + n, s.n - n, s.p + at, n - at) : NULL;
	return end ? (size_t)(end - s.p) : s.n;
}

static size_t sql_end_of_comment(struct str s, size_t at)
{
	unsigned depth = 0;

	for (; at + 1 < s.n; at++) {
		if (s.p[at] == '/' && s.p[at + 1] == '*') {
			depth++;
			at++;
		} else if (s.p[at] == '*' && s.p[at + 1] == '/') {
			at++;
			if (--depth == 0)
				return at + 1;
		}
	}
	return s.n;
}

/* Not behind a $, where that would make or break what ends a string. */
static void change(char *p, size_t from, size_t end)
{
	bool tag = false;

	for (size_t i = from; i < end; i++) {
		tag = p[i] == '$' || (tag && is_sql_word(p[i]));
		if (!tag && is_letter_or_digit(p[i]))
			p[i] = p[i] == 'z' ? 'q' : 'z';
	}
}

/* Letters and digits inside of literals are made others. conforming: as standard_conforming_strings
 * is on, when a backslash in a plain string escapes nothing. */
[[maybe_unused]] static void sql_change_literals(char *p, size_t n, bool conforming)
{
	struct str s = { p, n };
	size_t word = 0;

	for (size_t at = 0; at < n;) {
		size_t from = at, end = 0;
		char c = p[at];

		if (c == '\'') {
			bool e = word == 1 && (p[at - 1] | 0x20) == 'e';

			from = at + 1;
			end = sql_end_of_string(s, from, e || !conforming);
		} else if (c == '"') {
			const char *q = memchr(p + at + 1, '"', n - at - 1);

			at = q ? (size_t)(q - p) : n;
		} else if (c == '$' && word == 0) {
			end = sql_end_of_dollar(s, at, &from);
		} else if (c == '-' && at + 1 < n && p[at + 1] == '-') {
			while (at < n && p[at] != '\n' && p[at] != '\r')
				at++;
		} else if (c == '/' && at + 1 < n && p[at + 1] == '*') {
			at = sql_end_of_comment(s, at) - 1;
		}
		word = at < n && is_sql_word(p[at]) && !(word == 0 && p[at] == '$') ? word + 1 : 0;
		if (end == 0) {
			at++;
			continue;
		}
		change(p, from, end < n ? end : n);
		at = end + (c == '$' ? from - at : 1);
		word = 0;
	}
}

#endif
