/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The framing of bodies: how one is delimited (RFC 9112 §6.3), and the machine that passes it over.
 * It sees chunk lines and trailers, and of the content only lengths. A line is used whole or not at
 * all, so that the caller keeps what is incomplete; `seen` spares looking at its bytes twice.
 */
#include "http1/http1.h"

/* ---- Which framing --------------------------------------------------------------------------- */

/* A request whose codings do not end with chunked has no length one can rely on; it is marked, and
 * read as who does not know the coding would read it: by Content-Length, else without a body. */
static enum http1_framing request_framing(const struct http1_head *h)
{
	if (h->chunked)
		return HTTP1_CHUNKED;
	return h->has_length ? HTTP1_LENGTH : HTTP1_NO_BODY;
}

enum http1_framing http1_framing(const struct http1_head *h, struct str request_method)
{
	if (!h->response)
		return request_framing(h);
	if (h->status == 101)
		return HTTP1_TUNNEL;
	if (h->status / 100 == 2 && str_eq(request_method, STR("CONNECT")))
		return HTTP1_TUNNEL;
	if (h->status / 100 == 1 || h->status == 204 || h->status == 304 ||
	    str_eq(request_method, STR("HEAD")))
		return HTTP1_NO_BODY;
	if (h->has_transfer_encoding)
		return h->chunked ? HTTP1_CHUNKED : HTTP1_UNTIL_CLOSE;
	return h->has_length ? HTTP1_LENGTH : HTTP1_UNTIL_CLOSE;
}

/* ---- The body -------------------------------------------------------------------------------- */

/*
 *   size [;ext] CRLF  content  CRLF  …  0 [;ext] CRLF  *( trailer CRLF )  CRLF
 *   `---- SIZE -----´ ` DATA ´ `GAP´    `--- SIZE ---´ `--- TRAILER ---´  ´ → END
 */
enum chunk_state { CHUNK_SIZE, CHUNK_DATA, CHUNK_GAP, CHUNK_TRAILER, CHUNK_END };

void http1_body_init(struct http1_body *b, enum http1_framing framing, uint64_t length)
{
	*b = (struct http1_body){ .framing = framing };
	if (framing == HTTP1_LENGTH)
		b->left = length;
	else if (framing == HTTP1_UNTIL_CLOSE || framing == HTTP1_TUNNEL)
		b->left = UINT64_MAX;
}

void http1_body_skip(struct http1_body *b, uint64_t n)
{
	assert(n <= b->left);
	if (b->left != UINT64_MAX)
		b->left -= n;
	b->bytes += n;
}

static unsigned hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* The digits at the front of *line, cut from it. False without digits, and above INT64_MAX. */
static bool read_hex(struct str *line, uint64_t *out)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < line->n && hex_value(line->p[i]) < 16; i++) {
		if (v > (uint64_t)INT64_MAX >> 4)
			return false;
		v = v << 4 | hex_value(line->p[i]);
	}
	*line = str_skip(*line, i);
	*out = v;
	return i > 0;
}

/* Reads a chunk-size line. Servers pad sizes with spaces and some take 0x: both are read, and
 * marked. False when it is no size at all. */
static bool read_size_line(struct http1_body *b, struct str line, uint64_t *size)
{
	struct str trimmed;

	if (str_find(line, '\r', 0) >= 0)
		b->marks |= HTTP1_BIT(CHUNK_INVALID);
	trimmed = str_trim(line);
	if (trimmed.n != line.n)
		b->marks |= HTTP1_BIT(CHUNK_INVALID);
	line = trimmed;
	if (line.n >= 2 && line.p[0] == '0' && (line.p[1] | 0x20) == 'x') {
		b->marks |= HTTP1_BIT(CHUNK_INVALID);
		line = str_skip(line, 2);
	}
	if (!read_hex(&line, size))
		return false;
	trimmed = str_trim(line);
	if (trimmed.n != line.n)
		b->marks |= HTTP1_BIT(CHUNK_INVALID);
	if (trimmed.n == 0)
		return true;
	b->marks |= HTTP1_BIT(CHUNK_EXTENSION);
	return trimmed.p[0] == ';';
}

/* The next line of in without its end; *n is its length with it. 1 found, 0 more, -1 too long. */
static int chunk_line(struct http1_body *b, struct str in, size_t max, struct str *line, size_t *n)
{
	struct str head = str_head(in, max);
	ptrdiff_t lf = str_find(head, '\n', b->seen);

	if (lf < 0) {
		b->seen = head.n;
		return head.n == max ? -1 : 0;
	}
	assert(in.p);
	b->seen = 0;
	*n = (size_t)lf + 1;
	*line = str_head(in, (size_t)lf);
	if (str_ends(*line, STR("\r")))
		line->n--;
	else
		b->marks |= HTTP1_BIT(CHUNK_BARE_LF);
	return 1;
}

static int step_size(struct http1_body *b, struct str in, size_t *used)
{
	struct str line;
	uint64_t size = 0;
	size_t n = 0;
	int r = chunk_line(b, in, HTTP1_CHUNK_LINE_MAX, &line, &n);

	if (r <= 0)
		return r;
	if (!read_size_line(b, line, &size))
		return -1;
	*used += n;
	b->left = size;
	b->chunks += size > 0;
	b->state = size > 0 ? CHUNK_DATA : CHUNK_TRAILER;
	return 1;
}

/* The line end behind a chunk's content. */
static int step_gap(struct http1_body *b, struct str in, size_t *used)
{
	size_t n = in.n > 0 && in.p[0] == '\r' ? 2 : 1;

	if (in.n < n)
		return 0;
	if (in.p[n - 1] != '\n')
		return -1;
	if (n == 1)
		b->marks |= HTTP1_BIT(CHUNK_BARE_LF);
	*used += n;
	b->state = CHUNK_SIZE;
	return 1;
}

static int step_trailer(struct http1_body *b, struct str in, size_t *used)
{
	struct str line;
	size_t n = 0;
	int r = chunk_line(b, in, HTTP1_TRAILER_MAX - b->trailer_bytes, &line, &n);

	if (r <= 0)
		return r;
	*used += n;
	b->trailer_bytes += (uint32_t)n;
	if (line.n == 0)
		b->state = CHUNK_END;
	else if (!str_starts(line, STR(" ")) && !str_starts(line, STR("\t")))
		b->trailers++;
	return 1;
}

static enum http1_body_answer chunked_next(struct http1_body *b, struct str in, size_t *used)
{
	for (;;) {
		struct str rest = str_skip(in, *used);
		int r = -1;

		switch ((enum chunk_state)b->state) {
		case CHUNK_SIZE:
			r = step_size(b, rest, used);
			break;
		case CHUNK_DATA:
			if (b->left > 0)
				return HTTP1_BODY_CONTENT;
			b->state = CHUNK_GAP;
			continue;
		case CHUNK_GAP:
			r = step_gap(b, rest, used);
			break;
		case CHUNK_TRAILER:
			r = step_trailer(b, rest, used);
			break;
		case CHUNK_END:
			return HTTP1_BODY_END;
		}
		if (r <= 0)
			return r == 0 ? HTTP1_BODY_MORE : HTTP1_BODY_BAD;
	}
}

enum http1_body_answer http1_body_next(struct http1_body *b, struct str in, size_t *used)
{
	*used = 0;
	if (b->framing == HTTP1_CHUNKED)
		return chunked_next(b, in, used);
	return b->left > 0 ? HTTP1_BODY_CONTENT : HTTP1_BODY_END;
}
