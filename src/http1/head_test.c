/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads: where they end, however they are cut; what is read from them; and that each unusual thing
 * leaves its mark and nothing else does.
 */
#include "t.h"

#include "http1/http1.h"

#define GET  "GET /a HTTP/1.1\r\nHost: x\r\n"
#define POST "POST /a HTTP/1.1\r\nHost: x\r\n"
#define OK   "HTTP/1.1 200 OK\r\n"

static struct http1_head head;

/* The end of a head, of which each byte comes alone. */
static ptrdiff_t end_bytewise(struct str in)
{
	size_t seen = 0;

	for (size_t n = 0; n <= in.n; n++) {
		ptrdiff_t r = http1_head_end(str_head(in, n), &seen);

		assert_true(seen <= n);
		if (r != 0)
			return r;
	}
	return 0;
}

static ptrdiff_t end_of(struct str in)
{
	size_t seen = 0;
	ptrdiff_t whole = http1_head_end(in, &seen);

	assert_int_equal(whole, end_bytewise(in));
	return whole;
}

static void parse(struct str in, bool response)
{
	assert_int_equal(http1_head_parse(in, response, &head), 0);
}

TEST(head_end_is_behind_the_empty_line)
{
	assert_int_equal(end_of(STR("GET / HTTP/1.1\r\n\r\nrest")), 18);
	assert_int_equal(end_of(STR("GET / HTTP/1.1\r\nA: b\r\n\r\n")), 24);
	assert_int_equal(end_of(STR("GET / HTTP/1.1\n\nrest")), 16);
	assert_int_equal(end_of(STR("GET / HTTP/1.1\r\nA: b\n\r\n\n")), 23);
}

TEST(head_end_wants_more_without_an_empty_line)
{
	assert_int_equal(end_of(STR("")), 0);
	assert_int_equal(end_of(STR("GET / HTTP/1.1\r\n\r")), 0);
	assert_int_equal(end_of(STR("GET / HTTP/1.1\r\nA: b\r\n")), 0);
	assert_int_equal(end_of(STR("GET / HTTP/1.1\r\n\rA: b\r\n")), 0);
}

TEST(a_head_behind_too_many_empty_lines_is_none)
{
	struct str in = STR("\n\n\n\n\n\n\n\n\r\n\r\n\r\n\r\n" GET "\r\n");

	static_assert(HTTP1_EMPTY_MAX == 16, "8 * LF and 4 * CR LF");
	assert_int_equal(http1_head_parse(in, false, &head), 0);
	in = STR("\n\n\n\n\n\n\n\n\n\r\n\r\n\r\n\r\n" GET "\r\n");
	assert_int_equal(http1_head_parse(in, false, &head), -EBADMSG);
}

TEST(empty_lines_before_a_head_do_not_end_it)
{
	assert_int_equal(end_of(STR("\r\n\r\n\n")), 0);
	assert_int_equal(end_of(STR("\r\n\r\nGET / HTTP/1.1\r\n\r\n")), 22);
	assert_int_equal(end_of(STR("\n\r")), 0);
}

TEST(head_end_refuses_above_its_limit)
{
	static char big[HTTP1_HEAD_MAX + 1];
	size_t seen = 0;

	memset(big, 'a', sizeof(big));
	assert_int_equal(http1_head_end((struct str){ big, HTTP1_HEAD_MAX - 1 }, &seen), 0);
	assert_int_equal(http1_head_end((struct str){ big, HTTP1_HEAD_MAX }, &seen), -E2BIG);
	memcpy(big + HTTP1_HEAD_MAX - 4, "\r\n\r\n", 4);
	seen = 0;
	assert_int_equal(http1_head_end((struct str){ big, HTTP1_HEAD_MAX }, &seen),
			 HTTP1_HEAD_MAX);
	memcpy(big + HTTP1_HEAD_MAX - 4, "a\r\n\r\n", 5);
	seen = 0;
	assert_int_equal(http1_head_end((struct str){ big, sizeof(big) }, &seen), -E2BIG);
}

TEST(a_request_is_read_into_its_parts)
{
	parse(STR("PUT /p?q=1 HTTP/1.1\r\nHost: Example:80\r\nContent-Type:text/plain ;x=y\r\n"
		  "cONTENT-lENGTH: 12\r\nX-Empty:\r\nExpect: 100-Continue\r\n\r\n"),
	      false);

	assert_str(head.method, "PUT");
	assert_str(head.target, "/p?q=1");
	assert_int_equal(head.version, 11);
	assert_int_equal(head.fields, 5);
	assert_str(head.field[0].name, "Host");
	assert_str(head.field[0].value, "Example:80");
	assert_str(head.field[3].name, "X-Empty");
	assert_str(head.field[3].value, "");
	assert_str(head.host, "Example:80");
	assert_str(head.content_type, "text/plain ;x=y");
	assert_true(head.has_length);
	assert_int_equal(head.content_length, 12);
	assert_true(head.expect_continue);
	assert_true(head.keep_alive);
	assert_false(head.chunked);
	assert_int_equal(head.marks, 0);
}

TEST(a_response_is_read_into_its_parts)
{
	parse(STR("HTTP/1.0 404 Not  here\r\nTransfer-Encoding: chunked\r\n\r\n"), true);

	assert_int_equal(head.status, 404);
	assert_str(head.reason, "Not  here");
	assert_int_equal(head.version, 10);
	assert_true(head.chunked);
	assert_false(head.keep_alive);
	assert_int_equal(head.marks, HTTP1_BIT(TE_HTTP10));
}

TEST(the_reason_phrase_may_be_missing)
{
	parse(STR("HTTP/1.1 204\r\n\r\n"), true);
	assert_str(head.reason, "");
	parse(STR("HTTP/1.1 204 \r\n\r\n"), true);
	assert_int_equal(head.status, 204);
	assert_int_equal(head.marks, 0);
}

TEST(what_is_no_first_line_is_refused)
{
	static const char *const requests[] = {
		"",
		"\r\n",
		"GET\r\n\r\n",
		"GET /\r\n\r\n",
		"GET / FTP/1.1\r\n\r\n",
		"G(T / HTTP/1.1\r\n\r\n",
		" / HTTP/1.1\r\n\r\n",
		"GET / HTTP/\r\n\r\n",
		"GET / HTTP/x\r\n\r\n",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n\r\n",
	};
	static const char *const responses[] = {
		"HTTP/1.1\r\n\r\n",       "HTTP/1.1 20\r\n\r\n",    "HTTP/1.1 2000\r\n\r\n",
		"HTTP/1.1 099 x\r\n\r\n", "HTTP/1.1 2x0 x\r\n\r\n", "ICY 200 OK\r\n\r\n",
		"HTTP/1.1 200OK\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(requests); i++)
		assert_int_equal(http1_head_parse(str_of(requests[i]), false, &head), -EBADMSG);
	for (size_t i = 0; i < ARRAY_LEN(responses); i++)
		assert_int_equal(http1_head_parse(str_of(responses[i]), true, &head), -EBADMSG);
}

TEST(a_method_may_have_as_many_bytes_as_its_limit)
{
	parse(STR("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1\r\nHost: x\r\n\r\n"), false);

	assert_int_equal(head.method.n, HTTP1_METHOD_MAX);
}

TEST(fields_above_the_limit_are_refused)
{
	static char big[16 * KIB] = OK;
	size_t n = sizeof(OK) - 1;

	for (int i = 0; i < HTTP1_FIELDS_MAX; i++, n += 6)
		memcpy(big + n, "a: bc\n", 6);
	assert_int_equal(http1_head_parse((struct str){ big, n }, true, &head), 0);
	assert_int_equal(head.fields, HTTP1_FIELDS_MAX);
	memcpy(big + n, "a: bc\n", 6);
	assert_int_equal(http1_head_parse((struct str){ big, n + 6 }, true, &head), -E2BIG);
}

TEST(a_folded_value_is_one_value)
{
	parse(STR(OK "A: one\r\n  two\r\n\tthree \r\nB:\r\n x\r\nC: y\r\n \r\n\r\n"), true);

	assert_int_equal(head.fields, 3);
	assert_str(head.field[0].value, "one\r\n  two\r\n\tthree");
	assert_str(head.field[1].value, "x");
	assert_str(head.field[2].value, "y");
	assert_int_equal(head.marks, HTTP1_BIT(OBS_FOLD));
}

TEST(a_folded_coding_still_counts)
{
	parse(STR(OK "Transfer-Encoding: gzip,\r\n chunked\r\n\r\n"), true);

	assert_true(head.chunked);
}

TEST(lines_that_are_no_fields_are_not_kept)
{
	parse(STR(OK " Early: x\r\nno colon: in a name\r\nBea rer abc\r\n: empty\r\nA: b\r\n\r\n"),
	      true);

	assert_int_equal(head.fields, 1);
	assert_str(head.field[0].name, "A");
	assert_int_equal(head.marks, HTTP1_BIT(NAME_INVALID));
}

TEST(persistence_follows_version_and_connection)
{
	static const struct {
		const char *head;
		bool keep_alive;
	} cases[] = {
		{ "HTTP/1.1 200 x\r\n\r\n", true },
		{ "HTTP/1.0 200 x\r\n\r\n", false },
		{ "HTTP/1.1 200 x\r\nConnection: foo, Close\r\n\r\n", false },
		{ "HTTP/1.0 200 x\r\nConnection: Keep-Alive\r\n\r\n", true },
		{ "HTTP/1.0 200 x\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		parse(str_of(cases[i].head), true);
		assert_int_equal(head.keep_alive, cases[i].keep_alive);
	}
}

TEST(an_upgrade_needs_its_connection_option)
{
	parse(STR(GET "Upgrade: websocket\r\n\r\n"), false);
	assert_false(head.has_upgrade);
	parse(STR(GET "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n"), false);
	assert_true(head.has_upgrade);
	assert_str(head.upgrade, "websocket");
}

TEST(lengths_are_read_up_to_their_limit)
{
	parse(STR(OK "Content-Length: 9223372036854775807\r\n\r\n"), true);
	assert_true(head.content_length == INT64_MAX);
	parse(STR(OK "Content-Length: 9223372036854775808\r\n\r\n"), true);
	assert_false(head.has_length);
	assert_int_equal(head.marks, HTTP1_BIT(CL_INVALID));
}

TEST(of_lengths_that_differ_the_first_holds)
{
	parse(STR(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), true);

	assert_int_equal(head.content_length, 5);
}

/* Every mark, with heads that earn it and no other mark. */
static const struct {
	enum http1_mark mark;
	bool response;
	const char *head;
	size_t n;
} marked[] = {
#define M(mark, response, lit)                                                                     \
	{                                                                                          \
		HTTP1_MARK_##mark, response, lit, sizeof(lit) - 1                                  \
	}
	M(CL_TE, false, POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
	M(CL_TE, true, OK "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
	M(CL_DIFFERS, false, POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
	M(CL_DIFFERS, false, POST "Content-Length: 1, 2\r\n\r\n"),
	M(CL_REPEATED, false, POST "Content-Length: 1\r\nContent-Length: 01\r\n\r\n"),
	M(CL_REPEATED, false, POST "Content-Length: 1, 1\r\n\r\n"),
	M(CL_INVALID, false, POST "Content-Length: +1\r\n\r\n"),
	M(CL_INVALID, false, POST "Content-Length: -1\r\n\r\n"),
	M(CL_INVALID, false, POST "Content-Length: 0x1\r\n\r\n"),
	M(CL_INVALID, false, POST "Content-Length: 1 1\r\n\r\n"),
	M(CL_INVALID, false, POST "Content-Length:\r\n\r\n"),
	M(TE_NOT_LAST, false, POST "Transfer-Encoding: chunked, gzip\r\n\r\n"),
	M(TE_NOT_LAST, false, POST "Transfer-Encoding: gzip\r\n\r\n"),
	M(TE_UNKNOWN, false, POST "Transfer-Encoding: xyz, chunked\r\n\r\n"),
	M(TE_UNKNOWN, true, OK "Transfer-Encoding: chunkedx\r\n\r\n"),
	M(TE_UNKNOWN, false, POST "Transfer-Encoding: identity\r\n\r\n"),
	M(TE_UNKNOWN, false, POST "Transfer-Encoding:\r\n\r\n"),
	M(TE_HTTP10, false, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
	M(TE_REPEATED, false, POST "Transfer-Encoding: chunked, chunked\r\n\r\n"),
	M(TE_REPEATED, false, POST "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"),
	M(BARE_LF, false, "GET / HTTP/1.1\nHost: x\r\n\r\n"),
	M(BARE_LF, false, GET "A: b\n\r\n"),
	M(BARE_LF, false, GET "\n"),
	M(BARE_CR, false, GET "A: b\rC: d\r\n\r\n"),
	M(BARE_CR, false, GET "A: b\r\r\n\r\n"),
	M(OBS_FOLD, false, GET "A: b\r\n c\r\n\r\n"),
	M(NAME_SPACE, false, GET "A : b\r\n\r\n"),
	M(NAME_INVALID, false, GET "A\x01: b\r\n\r\n"),
	M(NAME_INVALID, false, GET "no colon\r\n\r\n"),
	M(NAME_INVALID, false, GET "\xc3\xa4: b\r\n\r\n"),
	M(VALUE_CONTROL, false, GET "A: b\x01\r\n\r\n"),
	M(VALUE_CONTROL, false, GET "A: b\x7f\r\n\r\n"),
	M(NUL, false, GET "A: b\0c\r\n\r\n"),
	M(HOST_MISSING, false, "GET / HTTP/1.1\r\n\r\n"),
	M(HOST_REPEATED, false, GET "hOST: y\r\n\r\n"),
	M(LINE_SPACES, false, "GET  / HTTP/1.1\r\nHost: x\r\n\r\n"),
	M(LINE_SPACES, false, "GET /  HTTP/1.1\r\nHost: x\r\n\r\n"),
	M(LINE_SPACES, false, "GET / HTTP/1.1 \r\nHost: x\r\n\r\n"),
	M(LINE_SPACES, false, "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n"),
	M(LINE_SPACES, true, "HTTP/1.1  200 OK\r\n\r\n"),
	M(TARGET_INVALID, false, "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"),
	M(TARGET_INVALID, false, "GET /a\tb HTTP/1.1\r\nHost: x\r\n\r\n"),
	M(TARGET_INVALID, false, "GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n"),
	M(TARGET_INVALID, false, "GET HTTP/1.1\r\nHost: x\r\n\r\n"),
	M(VERSION_ODD, false, "GET / HTTP/1.2\r\n\r\n"),
	M(VERSION_ODD, true, "HTTP/1.10 200 OK\r\n\r\n"),
	M(EMPTY_LINES, false, "\r\n\r\n" GET "\r\n"),
	M(GET_BODY, false, GET "Content-Length: 1\r\n\r\n"),
	M(GET_BODY, false, "HEAD / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"),
	M(GET_BODY, false, "DELETE / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n"),
#undef M
};

TEST(each_unusual_thing_leaves_its_mark_alone)
{
	for (size_t i = 0; i < ARRAY_LEN(marked); i++) {
		uint32_t want = UINT32_C(1) << marked[i].mark;

		parse((struct str){ marked[i].head, marked[i].n }, marked[i].response);
		if (head.marks != want)
			fail_msg("row %zu: marks %#x, not %s", i, head.marks,
				 http1_mark_name(marked[i].mark).p);
	}
}

TEST(each_mark_of_a_head_is_tested_above)
{
	uint32_t seen =
		HTTP1_BIT(CHUNK_INVALID) | HTTP1_BIT(CHUNK_EXTENSION) | HTTP1_BIT(CHUNK_BARE_LF);

	for (size_t i = 0; i < ARRAY_LEN(marked); i++)
		seen |= UINT32_C(1) << marked[i].mark;

	assert_int_equal(seen, (UINT32_C(1) << HTTP1_MARK_COUNT) - 1);
}

TEST(a_head_without_its_end_is_read_as_far_as_it_goes)
{
	static const char text[] = GET "A : b\r\n c\r\nContent-Length: 1\r\n\r\n";

	for (size_t n = sizeof("GET /a HTTP/1.1") - 1; n < sizeof(text); n++) {
		char *copy = malloc(n);

		memcpy(copy, text, n);
		assert_int_equal(http1_head_parse((struct str){ copy, n }, false, &head), 0);
		free(copy);
	}
}

TEST_MAIN
