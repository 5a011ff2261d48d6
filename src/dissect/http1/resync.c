/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where messages begin again behind a hole, or where a connection was joined in the middle. Bytes
 * that are no message are dropped, each looked at once, and text within a body is not to be taken
 * for a request: only what nobody writes by accident is.
 */
#include "dissect/http1/exchange.h"

/* "HTTP/1.x NNN" is telling enough to be looked for everywhere. */
size_t http1_find_response(struct str in, bool *found)
{
	static const char pattern[] = "HTTP/1.d ddd";
	const char *p = in.p, *end = in.p + in.n;

	for (; (p = memchr(p, 'H', (size_t)(end - p))); p++) {
		size_t i = 0;

		while (i < sizeof(pattern) - 1 && p + i < end &&
		       (pattern[i] == 'd' ? p[i] >= '0' && p[i] <= '9' : p[i] == pattern[i]))
			i++;
		*found = i == sizeof(pattern) - 1;
		if (*found || p + i == end)
			return (size_t)(p - in.p);
	}
	return in.n;
}

/* Limit: a target behind a hole. */
#define RESYNC_TARGET_MAX (16 * KIB)

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* http1_looks_like_request() for a place that is only guessed: a target with blanks in it is more
 * likely to be somebody's text, and text must not be taken for a path. So the next blank decides,
 * and no byte is looked at for two places. Up to *seen it is known that none comes. */
static int begins_request(struct str in, size_t *seen)
{
	static const struct str version = { "HTTP/1.", 7 };
	size_t n = 0, at;
	struct str rest;

	while (n < in.n && n <= HTTP1_METHOD_MAX && http1_is_token((struct str){ in.p + n, 1 }))
		n++;
	if (n == in.n && n <= HTTP1_METHOD_MAX)
		return 0;
	if (n == 0 || n > HTTP1_METHOD_MAX || !is_blank(in.p[n]))
		return -1;
	for (at = *seen > n ? *seen : n + 1; at < in.n && at < RESYNC_TARGET_MAX; at++)
		if ((uint8_t)in.p[at] <= ' ' || in.p[at] == 0x7f)
			break;
	*seen = at;
	if (at == RESYNC_TARGET_MAX || (at < in.n && (at == n + 1 || !is_blank(in.p[at]))))
		return -1;
	rest = str_head(str_skip(in, at + 1), version.n);
	return !str_starts(version, rest) ? -1 : rest.n == version.n;
}

/* The same for the methods and targets that are common. */
static int begins_usual_request(struct str in, size_t *seen)
{
	static const struct str usual[] = {
		{ "GET /", 5 },    { "POST /", 6 },  { "PUT /", 5 },     { "HEAD /", 6 },
		{ "DELETE /", 8 }, { "PATCH /", 7 }, { "OPTIONS /", 9 },
	};

	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		if (str_starts(in, usual[i]))
			return begins_request(in, seen);
		if (str_starts(usual[i], in))
			return 0;
	}
	return -1;
}

size_t http1_find_request(struct str in, bool line_start, size_t *seen, bool *found)
{
	for (size_t at = 0; at < in.n; at++) {
		struct str rest = str_skip(in, at);
		bool line_end = rest.p[0] == '\r' || rest.p[0] == '\n';
		int r = -1;

		if (line_start && !line_end)
			r = begins_request(rest, seen);
		else if (rest.p[0] >= 'D' && rest.p[0] <= 'P')
			r = begins_usual_request(rest, seen);
		*found = r > 0;
		if (r >= 0)
			return at;
		*seen = 0;
		line_start = rest.p[0] == '\n';
	}
	return in.n;
}
