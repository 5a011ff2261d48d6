/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does this begin like HTTP/1? The answer is final once it is given: more bytes behind the same
 * ones never change a yes or a no. Text protocols that share methods with HTTP (RTSP, SIP, ICAP)
 * are told apart by the version, so that a request is one only with " HTTP/1." on its first line.
 */
#include "http1/http1.h"

/* Limit: how far " HTTP/1." is looked for, behind a registered method and behind any other token.
 */
#define PROBE_LINE_KNOWN_MAX (16 * KIB)
#define PROBE_LINE_OTHER_MAX (1 * KIB)

/* IANA's registry of methods without PRI, which begins HTTP/2; then UPnP, caches, Exchange, RPC. */
// clang-format off
static const char *const methods[] = {
	"GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "QUERY",
	"ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "COPY", "LABEL", "LINK", "LOCK",
	"MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE",
	"ORDERPATCH", "PROPFIND", "PROPPATCH", "REBIND", "REPORT", "SEARCH", "UNBIND",
	"UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL",
	"M-SEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "PURGE", "BAN", "BCOPY", "BDELETE",
	"BMOVE", "BPROPFIND", "BPROPPATCH", "POLL", "RPC_IN_DATA", "RPC_OUT_DATA", "SOURCE",
};
// clang-format on

bool http1_is_known_method(struct str token)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (str_eq(token, str_of(methods[i])))
			return true;
	return false;
}

/* Behind the line ends at the front of *in; false when they are too many. */
static bool pass_line_ends(struct str *in)
{
	size_t n = 0;

	while (n < in->n && (in->p[n] == '\r' || in->p[n] == '\n'))
		if (++n > HTTP1_EMPTY_MAX)
			return false;
	*in = str_skip(*in, n);
	return true;
}

/* Is prefix at the front of in: 1, 0 not decidable yet, -1. */
static int begins(struct str in, struct str prefix)
{
	if (!str_starts(prefix, str_head(in, prefix.n)))
		return -1;
	return in.n >= prefix.n;
}

/* Looks behind a target for a word that begins with HTTP/1. in the rest of a first line; a line end
 * or any other control character comes too early. */
static int find_version(struct str rest, size_t limit)
{
	struct str line = str_head(rest, limit);
	bool target = false;

	for (size_t i = 0; i < line.n; i++) {
		uint8_t c = (uint8_t)line.p[i];

		if (c == ' ' || c == '\t')
			continue;
		if (c < 0x20 || c == 0x7f)
			return -1;
		if (c == 'H' && target && (line.p[i - 1] == ' ' || line.p[i - 1] == '\t')) {
			int r = begins(str_skip(rest, i), STR("HTTP/1."));

			if (r >= 0)
				return r;
		}
		target = true;
	}
	return rest.n >= limit ? -1 : 0;
}

int http1_looks_like_request(struct str in)
{
	struct str line = in, method;
	size_t n = 0;

	if (!pass_line_ends(&line))
		return -1;
	while (n < line.n && n <= HTTP1_METHOD_MAX && http1_is_token((struct str){ line.p + n, 1 }))
		n++;
	if (n > HTTP1_METHOD_MAX)
		return -1;
	if (n == line.n)
		return 0;
	if (n == 0 || (line.p[n] != ' ' && line.p[n] != '\t'))
		return -1;
	method = str_head(line, n);
	return find_version(str_skip(line, n), http1_is_known_method(method)
						       ? PROBE_LINE_KNOWN_MAX
						       : PROBE_LINE_OTHER_MAX);
}

int http1_looks_like_response(struct str in)
{
	struct str line = in;
	int r = pass_line_ends(&line) ? begins(line, STR("HTTP/1.")) : -1;

	if (r <= 0)
		return r;
	line = str_skip(line, 7);
	if (line.n > 0 && (line.p[0] < '0' || line.p[0] > '9'))
		return -1;
	if (line.n > 1 && line.p[1] != ' ' && line.p[1] != '\t')
		return -1;
	return line.n > 1;
}
