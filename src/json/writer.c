/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON writer: it places commas, colons, line ends and escapes, so that a caller only names
 * keys and values in their order. It promises valid JSON as long as the buffer's ceiling is not
 * met, and leaves the ceiling's answer to json_writer_end.
 */
#include "json/json.h"

#include "json/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Below it a double without a fraction has at most 15 digits, and is written as an integer. */
#define F64_INTEGER_MAX 1e15

static void put_line(struct json_writer *w)
{
	static const char spaces[] = "                                ";
	size_t left = (size_t)w->indent * w->depth;

	buf_put_char(w->out, '\n');
	while (left > 0) {
		size_t n = size_min(left, sizeof(spaces) - 1);

		buf_put(w->out, (struct str){ spaces, n });
		left -= n;
	}
}

/* What stands between a member or element and the one before it. */
static void put_separator(struct json_writer *w)
{
	bool *has_members = &w->has_members[w->depth - 1];

	if (*has_members)
		buf_put_char(w->out, ',');
	*has_members = true;
	if (w->indent > 0)
		put_line(w);
}

static void value_begin(struct json_writer *w)
{
	const struct buf *out = w->out;

	if (w->depth == 0) {
		if (w->root_written && out->len > 0 && out->p[out->len - 1] != '\n')
			buf_put_char(w->out, '\n');
		w->root_written = true;
	} else if (w->in_object[w->depth - 1]) {
		assert(w->key_written);
		w->key_written = false;
	} else {
		put_separator(w);
	}
}

static void container_begin(struct json_writer *w, bool object)
{
	assert(w->depth < JSON_DEPTH_MAX);
	value_begin(w);
	buf_put_char(w->out, object ? '{' : '[');
	w->in_object[w->depth] = object;
	w->has_members[w->depth] = false;
	w->depth++;
}

static void container_end(struct json_writer *w, bool object)
{
	assert(w->depth > 0 && w->in_object[w->depth - 1] == object && !w->key_written);
	w->depth--;
	if (w->indent > 0 && w->has_members[w->depth])
		put_line(w);
	buf_put_char(w->out, object ? '}' : ']');
}

static void put_escape(struct buf *out, unsigned c)
{
	static const char hex[] = "0123456789abcdef";
	static const char names[0x20] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
	};
	char name = c == '"' || c == '\\' ? (char)c : c < 0x20 ? names[c] : 0;

	if (name)
		buf_put(out, (struct str){ (char[]){ '\\', name }, 2 });
	else
		buf_put(out, (struct str){ (char[]){ '\\', 'u', hex[c >> 12], hex[c >> 8 & 15],
						     hex[c >> 4 & 15], hex[c & 15] },
					   6 });
}

/* The code of a well-formed sequence of two or three bytes, 0 for a longer one. */
static unsigned code_of(struct str one)
{
	const uint8_t *p = (const uint8_t *)one.p;

	if (one.n == 2)
		return (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU);
	if (one.n == 3)
		return (p[0] & 0x0fU) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU);
	return 0;
}

/* What would steer a terminal, hide, or reorder what stands around it: C1 controls, marks and
 * embeddings of direction, what has no width, the byte order mark. U+2028 and U+2029 are among
 * them, which end a line in JavaScript, and in tools that take JSON for it. */
static bool is_escaped(unsigned code)
{
	return (code >= 0x80 && code < 0xa0) || code == 0x061c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x2069) || code == 0xfeff;
}

/* One sequence that is not ASCII; returns how many bytes of s it took. A bad byte stands for itself
 * alone, as in Go. */
static size_t put_sequence(struct buf *out, struct str s)
{
	size_t n = text_utf8(s);
	struct str one = str_head(s, n);

	if (n == 0) {
		buf_put(out, STR(TEXT_REPLACEMENT));
		return 1;
	}
	if (is_escaped(code_of(one)))
		put_escape(out, code_of(one));
	else
		buf_put(out, one);
	return n;
}

/* Bytes that stand for themselves; DEL does not, though JSON would let it pass. */
static size_t plain_bytes(struct str s)
{
	size_t n = text_plain(s, true);
	const char *del = n ? memchr(s.p, 0x7f, n) : NULL;

	return del ? (size_t)(del - s.p) : n;
}

static void put_quoted(struct buf *out, struct str s)
{
	buf_put_char(out, '"');
	while (s.n > 0) {
		size_t n = plain_bytes(s);

		if (n > 0) {
			buf_put(out, str_head(s, n));
		} else if ((uint8_t)s.p[0] < 0x80) {
			put_escape(out, (uint8_t)s.p[0]);
			n = 1;
		} else {
			n = put_sequence(out, s);
		}
		s = str_skip(s, n);
	}
	buf_put_char(out, '"');
}

static void put_literal(struct json_writer *w, struct str s)
{
	value_begin(w);
	buf_put(w->out, s);
}

void json_writer_init(struct json_writer *w, struct buf *out, unsigned indent)
{
	*w = (struct json_writer){ .out = out, .indent = indent };
}

void json_begin_object(struct json_writer *w)
{
	container_begin(w, true);
}

void json_end_object(struct json_writer *w)
{
	container_end(w, true);
}

void json_begin_array(struct json_writer *w)
{
	container_begin(w, false);
}

void json_end_array(struct json_writer *w)
{
	container_end(w, false);
}

void json_key(struct json_writer *w, struct str key)
{
	assert(w->depth > 0 && w->in_object[w->depth - 1] && !w->key_written);
	put_separator(w);
	put_quoted(w->out, key);
	buf_put(w->out, w->indent > 0 ? STR(": ") : STR(":"));
	w->key_written = true;
}

void json_str(struct json_writer *w, struct str s)
{
	value_begin(w);
	put_quoted(w->out, s);
}

void json_u64(struct json_writer *w, uint64_t v)
{
	value_begin(w);
	buf_put_u64(w->out, v);
}

void json_i64(struct json_writer *w, int64_t v)
{
	value_begin(w);
	if (v < 0)
		buf_put_char(w->out, '-');
	buf_put_u64(w->out, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void json_f64(struct json_writer *w, double v)
{
	char text[32];
	int n = 0;

	if (!isfinite(v)) {
		json_null(w);
		return;
	}
	if (v == 0 && signbit(v)) { /* readers take "-0" for the integer, which has no sign */
		put_literal(w, STR("-0.0"));
		return;
	}
	if (fabs(v) < F64_INTEGER_MAX && v == (double)(int64_t)v) {
		json_i64(w, (int64_t)v);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		n = snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	put_literal(w, (struct str){ text, (size_t)n });
}

void json_bool(struct json_writer *w, bool v)
{
	put_literal(w, v ? STR("true") : STR("false"));
}

void json_null(struct json_writer *w)
{
	put_literal(w, STR("null"));
}

void json_u64_str(struct json_writer *w, uint64_t v)
{
	value_begin(w);
	buf_put_char(w->out, '"');
	buf_put_u64(w->out, v);
	buf_put_char(w->out, '"');
}

int json_writer_end(struct json_writer *w)
{
	assert(w->depth == 0);
	return w->out->full ? -ENOBUFS : 0;
}
