/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads and bodies of HTTP/1 from arbitrary bytes. Held: nothing is read outside the input, all
 * strings lie in the head, names are tokens, and every answer is the same whether the bytes come
 * one by one or at once. The first byte chooses what the rest is taken for.
 */
#include <stdlib.h>

#include "http1/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http1_head head;

static void check_inside(struct str whole, struct str part)
{
	assert(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void check_head(struct str in, bool response)
{
	if (http1_head_parse(in, response, &head) < 0)
		return;
	assert(head.response == response);
	assert(head.fields <= HTTP1_FIELDS_MAX);
	assert(!response || (head.status >= 100 && head.status <= 999));
	assert(response || http1_is_token(head.method));
	assert(head.method.n <= HTTP1_METHOD_MAX);
	check_inside(in, head.method);
	check_inside(in, head.target);
	check_inside(in, head.reason);
	check_inside(in, head.host);
	check_inside(in, head.content_type);
	check_inside(in, head.upgrade);
	for (unsigned i = 0; i < head.fields; i++) {
		assert(http1_is_token(head.field[i].name));
		check_inside(in, head.field[i].name);
		check_inside(in, head.field[i].value);
	}
	assert(head.content_length <= INT64_MAX);
	assert(!head.chunked || head.has_transfer_encoding);
}

/* An answer never changes once it was given. */
static void check_probe(int (*like)(struct str), struct str in)
{
	int answer = 0;

	for (size_t n = 0; n <= in.n; n++) {
		int r = like(str_head(in, n));

		assert(answer == 0 || r == answer);
		answer = r;
	}
}

static ptrdiff_t check_head_end(struct str in)
{
	size_t seen = 0, seen_bytewise = 0;
	ptrdiff_t whole = http1_head_end(in, &seen), bytewise = 0;

	for (size_t n = 0; n <= in.n && bytewise == 0; n++) {
		bytewise = http1_head_end(str_head(in, n), &seen_bytewise);
		assert(seen_bytewise <= n);
	}
	assert(whole == bytewise);
	assert(whole <= (ptrdiff_t)in.n);
	return whole;
}

/* Runs a chunked body over in, `step` more bytes at a time. */
static enum http1_body_answer run_body(struct str in, size_t step, struct http1_body *b)
{
	size_t at = 0, known = 0;

	http1_body_init(b, HTTP1_CHUNKED, 0);
	for (;;) {
		size_t used = 0;
		enum http1_body_answer answer =
			http1_body_next(b, (struct str){ in.p + at, known - at }, &used);

		assert(used <= known - at);
		at += used;
		if (answer == HTTP1_BODY_CONTENT) {
			uint64_t n = known - at < b->left ? known - at : b->left;

			assert(b->left > 0);
			http1_body_skip(b, n);
			at += n;
			if (b->left == 0)
				continue;
		}
		if (answer == HTTP1_BODY_END || answer == HTTP1_BODY_BAD || known == in.n)
			return answer;
		known = size_min(in.n, known + step);
	}
}

static void check_body(struct str in)
{
	struct http1_body whole, bytewise;

	assert(run_body(in, in.n, &whole) == run_body(in, 1, &bytewise));
	assert(whole.bytes == bytewise.bytes && whole.chunks == bytewise.chunks);
	assert(whole.marks == bytewise.marks && whole.trailers == bytewise.trailers);
	assert(whole.bytes <= in.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = NULL;
	struct str in;
	ptrdiff_t end;

	if (size < 1 || size > 32 * KIB)
		return 0;
	/* A copy of its exact size, so that the sanitizer sees a read past its end. */
	copy = malloc(size - 1 ? size - 1 : 1);
	if (!copy)
		return 0;
	memcpy(copy, data + 1, size - 1);
	in = (struct str){ copy, size - 1 };

	if (data[0] == 'c') {
		check_body(in);
	} else {
		bool response = data[0] == 'r';

		check_probe(response ? http1_looks_like_response : http1_looks_like_request,
			    str_head(in, 2 * KIB));
		end = check_head_end(in);
		check_head(end > 0 ? str_head(in, (size_t)end) : in, response);
	}
	free(copy);
	return 0;
}
