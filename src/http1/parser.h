/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parser: what head.c and fields.c of this room share and nobody else sees: the state of one head
 * being read, and the white space of HTTP.
 */
#ifndef REDOUBT_HTTP1_PARSER_H
#define REDOUBT_HTTP1_PARSER_H

#include "http1/http1.h"

struct parser {
	const char *p, *end;
	struct http1_head *h;
	bool close, keep_alive, upgrade; /* said by Connection */
};

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool is_fold_byte(char c)
{
	return is_blank(c) || c == '\r' || c == '\n';
}

/* Without the white space at both ends, line breaks of obs-fold included. */
static inline struct str trim_fold(struct str s)
{
	while (s.n && is_fold_byte(s.p[0]))
		s = str_skip(s, 1);
	while (s.n && is_fold_byte(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* Takes from a field what the head's summary needs. */
void http1_field_known(struct parser *ps, const struct http1_field *f);
/* Concludes what only the whole head can tell. */
void http1_head_conclude(const struct parser *ps);

#endif
