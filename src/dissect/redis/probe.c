// SPDX-License-Identifier: Apache-2.0
/*
 * Is it Redis? A client says an array of bulks whose first is a known command; a server says what
 * parses as RESP and is more than one line, since "+OK" and "-ERR" are words of other protocols
 * too. Lines of commands are hardly ever taken for Redis: they look like HTTP, FTP, SMTP, POP3,
 * IRC, NATS and memcached.
 */
#include "dissect/redis/session.h"

/* Limit: bytes that are waited for. */
#define WAIT_MAX ((size_t)512)

static enum dissect_probe wait_for(struct str in, enum dissect_probe otherwise)
{
	return in.n < WAIT_MAX ? PROBE_MORE : otherwise;
}

/* ---- Arrays ---------------------------------------------------------------------------------- */

/* Cuts an element from the front: its type, 0 when more is needed, -1 when there is none. */
static int element_cut(struct str *s)
{
	char type = s->n ? s->p[0] : '\0';
	const char *end;
	struct number n;
	int r;

	if (!type)
		return s->n ? -1 : 0;
	if (!strchr("+-:_#,($=!*%~>|", type))
		return -1;
	if (strchr("+-:_#,(", type)) {
		end = memchr(s->p, '\n', s->n);
		if (!end)
			return s->n < WAIT_MAX ? 0 : -1;
		if (end[-1] != '\r')
			return -1;
		*s = str_skip(*s, (size_t)(end - s->p) + 1);
		return type;
	}
	r = number_read(str_head(*s, NUMBER_MAX), &n);
	if (r <= 0)
		return r;
	if (n.value < -1 || n.value > (int64_t)BULK_MAX)
		return -1;
	*s = str_skip(*s, n.line);
	if (!strchr("$=!", type) || n.value < 0)
		return type;
	if (s->n < (size_t)n.value + 2)
		return 0;
	if (s->p[n.value] != '\r' || s->p[n.value + 1] != '\n')
		return -1;
	*s = str_skip(*s, (size_t)n.value + 2);
	return type;
}

/* "*3 subscribe channel 1": the server confirms in the client's words, and only a number tells. */
static bool is_confirmation(struct str in, uint64_t elements)
{
	const struct redis_command *c;
	struct number n = { 0 };
	struct str word;

	if (elements != 3 || number_read(str_head(in, NUMBER_MAX), &n) <= 0)
		return false;
	word = str_head(str_skip(in, n.line), (size_t)n.value);
	c = redis_command_find(word);
	return c && c->flags & COMMAND_CONFIRMED;
}

/* An array that begins with a known command: a client's, unless an element is none of bulks. */
static enum dissect_probe probe_command(struct str in)
{
	struct number n;
	int type = '$';
	int64_t i = 0;
	struct str rest;

	if (number_read(str_head(in, NUMBER_MAX), &n) <= 0)
		return PROBE_NO;
	rest = str_skip(in, n.line);
	for (; i < n.value && type == '$'; i++)
		type = element_cut(&rest);
	if (type == '$')
		return PROBE_FROM_CLIENT;
	if (type > 0)
		return PROBE_FROM_SERVER;
	if (type < 0)
		return PROBE_NO;
	return is_confirmation(str_skip(in, n.line), (uint64_t)n.value)
		       ? wait_for(in, PROBE_NO)
		       : (i > 1 || n.value == 1 ? PROBE_FROM_CLIENT : PROBE_MORE);
}

/* What only a server says: an aggregate or a bulk, all of whose elements parse as far as they are
 * there, and one of which is whole. */
static enum dissect_probe probe_server(struct str in)
{
	struct str rest = str_head(in, WAIT_MAX);
	int64_t left = 1, whole = 0;

	while (left > 0) {
		struct number n = { 0 };
		bool aggregate = rest.n && strchr("*%~>|", rest.p[0]);
		bool pairs = rest.n && strchr("%|", rest.p[0]);
		int type;

		if (aggregate && number_read(str_head(rest, NUMBER_MAX), &n) <= 0)
			n.value = 0;
		type = element_cut(&rest);
		if (type < 0)
			return PROBE_NO;
		if (type == 0)
			return whole ? PROBE_FROM_SERVER : wait_for(in, PROBE_NO);
		whole += !aggregate || n.value <= 0;
		left += (n.value > 0 ? n.value : 0) * (pairs ? 2 : 1) - (type != '|');
	}
	return PROBE_FROM_SERVER;
}

/* ---- Lines ----------------------------------------------------------------------------------- */

/* Lines of a server that no other protocol has. */
static enum dissect_probe probe_status(struct str in)
{
	static const struct str telling[] = {
		{ "+PONG\r\n", 7 },
		{ "+QUEUED\r\n", 9 },
		{ "-ERR unknown command ", 21 },
		{ "-ERR wrong number of arguments for '", 36 },
		{ "-ERR Protocol error: ", 21 },
		{ "-NOAUTH Authentication required", 31 },
		{ "-WRONGPASS invalid username-password pair", 41 },
		{ "-WRONGTYPE Operation against a key", 34 },
		{ "-NOPERM ", 8 },
		{ "-DENIED Redis is running", 24 },
		{ "-LOADING Redis is loading", 25 },
	};

	for (size_t i = 0; i < ARRAY_LEN(telling); i++) {
		if (str_starts(in, telling[i]))
			return PROBE_FROM_SERVER;
		if (str_starts(telling[i], in))
			return PROBE_MORE;
	}
	return PROBE_NO;
}

/* A command in capitals with as many words as it has: what of it others say too is told. */
static bool is_command(struct str line, bool *shared)
{
	const struct redis_command *c;
	struct str word[2];
	size_t n;

	if (!inline_words(line, word, ARRAY_LEN(word), &n) || n == 0)
		return false;
	for (size_t i = 0; i < word[0].n; i++)
		if (word[0].p[i] < 'A' || word[0].p[i] > 'Z')
			return false;
	c = redis_command_find(word[0]);
	if (!c || (c->arity < 0 ? n < (size_t)-c->arity : n != (size_t)c->arity) ||
	    str_contains(line, STR(" HTTP/")) || (n > 1 && str_starts(word[1], STR("/"))))
		return false;
	*shared = c->flags & COMMAND_SHARED;
	return true;
}

/* One line that nobody else says, or several that others would not say in a row, such as PING and
 * PING; a single PING waits for what the server says to it. */
static enum dissect_probe probe_lines(struct str in)
{
	struct str rest = str_head(in, WAIT_MAX), line;
	size_t lines = 0, telling = 0;
	bool shared, other = false;

	while (!other && str_cut(&rest, '\n', &line)) {

		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n == 0)
			continue;
		other = !is_command(line, &shared);
		lines += !other;
		telling += !other && !shared;
	}
	if (telling || lines > 1)
		return PROBE_FROM_CLIENT;
	/* What is left is the front of a line. */
	if (other || (line.n && (line.p[0] < 'A' || line.p[0] > 'Z')))
		return PROBE_NO;
	return wait_for(in, PROBE_NO);
}

enum dissect_probe redis_probe(struct str in)
{
	int command = request_begins(in);

	if (command > 0)
		return probe_command(in);
	if (command == 0)
		return PROBE_MORE;
	if (in.p[0] == '+' || in.p[0] == '-')
		return probe_status(in);
	if (in.p[0] && strchr("$=!*%~>|", in.p[0]))
		return probe_server(in);
	return probe_lines(in);
}
