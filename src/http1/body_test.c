/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies: which framing a message has (RFC 9112 §6.3), and that chunks, trailers and lengths are
 * passed over alike whether their bytes come one by one or at once.
 */
#include "t.h"

#include "http1/http1.h"

static struct http1_head head;

static enum http1_framing framing_of(const char *text, bool response, const char *method)
{
	assert_int_equal(http1_head_parse(str_of(text), response, &head), 0);
	return http1_framing(&head, str_of(method));
}

#define REQ(fields) framing_of("POST / HTTP/1.1\r\nHost: x\r\n" fields "\r\n", false, NULL)
#define RES(status, fields, method)                                                                \
	framing_of("HTTP/1.1 " status " x\r\n" fields "\r\n", true, method)

TEST(requests_without_length_have_no_body)
{
	assert_int_equal(REQ(""), HTTP1_NO_BODY);
	assert_int_equal(REQ("Content-Length: x\r\n"), HTTP1_NO_BODY);
	assert_int_equal(REQ("Content-Length: 3\r\n"), HTTP1_LENGTH);
	assert_int_equal(REQ("Transfer-Encoding: chunked\r\n"), HTTP1_CHUNKED);
}

TEST(chunked_overrides_a_length)
{
	assert_int_equal(REQ("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), HTTP1_CHUNKED);
	assert_int_equal(RES("200", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "GET"),
			 HTTP1_CHUNKED);
}

TEST(a_request_with_an_unreliable_coding_falls_back_to_its_length)
{
	assert_int_equal(REQ("Content-Length: 3\r\nTransfer-Encoding: xchunked\r\n"), HTTP1_LENGTH);
	assert_int_equal(REQ("Transfer-Encoding: gzip\r\n"), HTTP1_NO_BODY);
}

TEST(responses_without_length_run_until_close)
{
	assert_int_equal(RES("200", "", "GET"), HTTP1_UNTIL_CLOSE);
	assert_int_equal(RES("200", "", ""), HTTP1_UNTIL_CLOSE);
	assert_int_equal(RES("200", "Transfer-Encoding: gzip\r\nContent-Length: 1\r\n", "GET"),
			 HTTP1_UNTIL_CLOSE);
	assert_int_equal(RES("200", "Content-Length: 0\r\n", "GET"), HTTP1_LENGTH);
}

TEST(some_responses_never_have_a_body)
{
	assert_int_equal(RES("200", "Content-Length: 9\r\n", "HEAD"), HTTP1_NO_BODY);
	assert_int_equal(RES("204", "Content-Length: 9\r\n", "GET"), HTTP1_NO_BODY);
	assert_int_equal(RES("304", "Transfer-Encoding: chunked\r\n", "GET"), HTTP1_NO_BODY);
	assert_int_equal(RES("100", "", "POST"), HTTP1_NO_BODY);
	assert_int_equal(RES("103", "", "GET"), HTTP1_NO_BODY);
}

TEST(tunnels_begin_with_101_and_with_a_granted_connect)
{
	assert_int_equal(RES("101", "Content-Length: 9\r\n", "GET"), HTTP1_TUNNEL);
	assert_int_equal(RES("200", "Content-Length: 9\r\n", "CONNECT"), HTTP1_TUNNEL);
	assert_int_equal(RES("204", "", "CONNECT"), HTTP1_TUNNEL);
	assert_int_equal(RES("407", "Content-Length: 9\r\n", "CONNECT"), HTTP1_LENGTH);
}

/* ---- The machine ----------------------------------------------------------------------------- */

struct result {
	enum http1_body_answer answer;
	size_t used;
	struct http1_body body;
};

/* Runs a body over in, of which `step` more bytes come at a time; content is skipped. */
static struct result run(struct str in, enum http1_framing framing, uint64_t length, size_t step)
{
	struct result r = { .answer = HTTP1_BODY_MORE };
	size_t known = 0;

	http1_body_init(&r.body, framing, length);
	for (;;) {
		struct str have = { in.p + r.used, known - r.used };
		size_t used = 0;

		r.answer = http1_body_next(&r.body, have, &used);
		assert_true(used <= have.n);
		r.used += used;
		if (r.answer == HTTP1_BODY_CONTENT) {
			uint64_t n = known - r.used < r.body.left ? known - r.used : r.body.left;

			http1_body_skip(&r.body, n);
			r.used += n;
			if (n > 0 && r.body.left == 0)
				continue;
		}
		if (r.answer == HTTP1_BODY_END || r.answer == HTTP1_BODY_BAD || known == in.n)
			return r;
		known = size_min(in.n, known + step);
	}
}

static struct result chunked(struct str in)
{
	struct result whole = run(in, HTTP1_CHUNKED, 0, in.n);
	struct result bytewise = run(in, HTTP1_CHUNKED, 0, 1);

	assert_int_equal(whole.answer, bytewise.answer);
	assert_int_equal(whole.body.bytes, bytewise.body.bytes);
	assert_int_equal(whole.body.marks, bytewise.body.marks);
	assert_int_equal(whole.body.trailers, bytewise.body.trailers);
	if (whole.answer != HTTP1_BODY_BAD)
		assert_int_equal(whole.used, bytewise.used);
	return whole;
}

TEST(chunks_are_passed_over)
{
	struct result r = chunked(STR("5\r\nhello\r\n00A\r\n0123456789\r\n0\r\n\r\nnext"));

	assert_int_equal(r.answer, HTTP1_BODY_END);
	assert_int_equal(r.used, 32);
	assert_int_equal(r.body.bytes, 15);
	assert_int_equal(r.body.chunks, 2);
	assert_int_equal(r.body.marks, 0);
}

TEST(trailers_are_counted)
{
	struct result r = chunked(STR("0\r\nA: b\r\nC: d\r\n folded\r\n\r\n"));

	assert_int_equal(r.answer, HTTP1_BODY_END);
	assert_int_equal(r.body.trailers, 2);
}

TEST(an_unfinished_body_wants_more)
{
	assert_int_equal(chunked(STR("5\r\nhello\r\n0\r\n")).answer, HTTP1_BODY_MORE);
	assert_int_equal(chunked(STR("5\r\nhello\r")).answer, HTTP1_BODY_MORE);
	assert_int_equal(chunked(STR("5\r\nhel")).answer, HTTP1_BODY_CONTENT);
}

TEST(unusual_chunk_lines_are_read_and_marked)
{
	static const struct {
		uint32_t marks;
		const char *text;
	} cases[] = {
		{ HTTP1_BIT(CHUNK_EXTENSION), "1;a=b;c\r\nx\r\n0\r\n\r\n" },
		{ HTTP1_BIT(CHUNK_INVALID), "1  \r\nx\r\n0\r\n\r\n" },
		{ HTTP1_BIT(CHUNK_INVALID), " 1\r\nx\r\n0\r\n\r\n" },
		{ HTTP1_BIT(CHUNK_INVALID), "0x1\r\nx\r\n0\r\n\r\n" },
		{ HTTP1_BIT(CHUNK_INVALID) | HTTP1_BIT(CHUNK_EXTENSION),
		  "1;\r;\r\nx\r\n0\r\n\r\n" },
		{ HTTP1_BIT(CHUNK_BARE_LF), "1\nx\r\n0\r\n\r\n" },
		{ HTTP1_BIT(CHUNK_BARE_LF), "1\r\nx\n0\r\n\r\n" },
		{ HTTP1_BIT(CHUNK_BARE_LF), "1\r\nx\r\n0\r\n\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct result r = chunked(str_of(cases[i].text));

		assert_int_equal(r.answer, HTTP1_BODY_END);
		assert_int_equal(r.body.bytes, 1);
		assert_int_equal(r.body.marks, cases[i].marks);
	}
}

TEST(broken_chunk_framing_is_bad)
{
	static const char *const cases[] = {
		"\r\n",        "x\r\n",     "-1\r\n", "1g\r\n",
		"1 2\r\n",     "0x\r\n",    ";a\r\n", "8000000000000000\r\n",
		"1\r\nxy\r\n", "1\r\nx\rz",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (chunked(str_of(cases[i])).answer != HTTP1_BODY_BAD)
			fail_msg("%zu is not bad", i);
}

TEST(a_chunk_may_be_as_large_as_its_limit)
{
	struct result r = chunked(STR("00007fffffffffffffff\r\nx"));

	assert_int_equal(r.answer, HTTP1_BODY_CONTENT);
	assert_true(r.body.left == INT64_MAX - 1);
}

TEST(a_chunk_line_may_be_as_long_as_its_limit)
{
	static char line[HTTP1_CHUNK_LINE_MAX + 1];

	memset(line, 'x', sizeof(line));
	memcpy(line, "1;", 2);
	assert_int_equal(chunked((struct str){ line, HTTP1_CHUNK_LINE_MAX - 1 }).answer,
			 HTTP1_BODY_MORE);
	assert_int_equal(chunked((struct str){ line, HTTP1_CHUNK_LINE_MAX }).answer,
			 HTTP1_BODY_BAD);
	line[HTTP1_CHUNK_LINE_MAX - 1] = '\n';
	assert_int_equal(chunked((struct str){ line, HTTP1_CHUNK_LINE_MAX }).answer,
			 HTTP1_BODY_CONTENT);
}

TEST(a_trailer_section_may_be_as_long_as_its_limit)
{
	static char text[3 + HTTP1_TRAILER_MAX] = "0\r\n";
	size_t n = 3;

	for (; n + 10 <= sizeof(text); n += 8)
		memcpy(text + n, "abc: d\r\n", 8);
	memcpy(text + n, "aa: xxxx", sizeof(text) - n < 8 ? sizeof(text) - n : 8);
	assert_int_equal(chunked((struct str){ text, sizeof(text) }).answer, HTTP1_BODY_BAD);
	memcpy(text + sizeof(text) - 4, "\r\n\r\n", 4);
	assert_int_equal(chunked((struct str){ text, sizeof(text) }).answer, HTTP1_BODY_END);
}

TEST(a_length_ends_where_it_says)
{
	struct result r = run(STR("helloGET"), HTTP1_LENGTH, 5, 1);

	assert_int_equal(r.answer, HTTP1_BODY_END);
	assert_int_equal(r.used, 5);
	assert_int_equal(r.body.bytes, 5);
	assert_int_equal(run(STR("hello"), HTTP1_LENGTH, 0, 5).answer, HTTP1_BODY_END);
	assert_int_equal(run(STR("hello"), HTTP1_NO_BODY, 0, 5).used, 0);
}

TEST(until_close_never_ends_by_itself)
{
	struct result r = run(STR("hello"), HTTP1_UNTIL_CLOSE, 0, 1);

	assert_int_equal(r.answer, HTTP1_BODY_CONTENT);
	assert_int_equal(r.body.bytes, 5);
	assert_true(r.body.left == UINT64_MAX);
}

TEST_MAIN
