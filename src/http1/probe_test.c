/* SPDX-License-Identifier: Apache-2.0 */
/* Recognition: what is HTTP/1, what is not, and that an answer never changes with more bytes. */
#include "t.h"

#include "http1/http1.h"

static int bytewise(int (*like)(struct str), struct str in)
{
	int answer = 0;

	for (size_t n = 0; n <= in.n; n++) {
		int r = like(str_head(in, n));

		assert_true(answer == 0 || r == answer);
		answer = r;
	}
	return answer;
}

TEST(requests_are_recognised)
{
	static const char *const yes[] = {
		"GET / HTTP/1.1\r\n",      "\r\nPOST /x HTTP/1.0\r\n", "PROPFIND /x HTTP/1.1\n",
		"M-SEARCH * HTTP/1.1\r\n", "WHATEVER /x HTTP/1.1\r\n", "GET  /a b  HTTP/1.1",
		"CONNECT a:443 HTTP/1.",
	};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_int_equal(bytewise(http1_looks_like_request, str_of(yes[i])), 1);
}

TEST(other_protocols_are_not_requests)
{
	static const struct str no[] = {
		{ "OPTIONS rtsp://a/ RTSP/1.0\r\n", 28 },
		{ "NOTIFY sip:a@b SIP/2.0\r\n", 24 },
		{ "OPTIONS icap://a/ ICAP/1.0\r\n", 28 },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24 },
		{ "GET /\r\n", 7 },
		{ "SSH-2.0-x\r\n", 11 },
		{ "EHLO x\r\n", 8 },
		{ "\x16\x03\x01\x02\x00\x01\x00", 7 },
		{ "*1\r\n$4\r\nPING\r\n", 14 },
		{ "HTTP/1.1 200 OK\r\n", 17 },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG", 33 },
		{ "GET /\0 HTTP/1.1\r\n", 17 },
		{ "GET /xHTTP/1.1\r\n", 16 },
		{ "GET HTTP/1.1\r\n", 14 },
	};

	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_int_equal(bytewise(http1_looks_like_request, no[i]), -1);
}

TEST(too_few_bytes_are_not_decided)
{
	assert_int_equal(http1_looks_like_request(STR("")), 0);
	assert_int_equal(http1_looks_like_request(STR("\r\n")), 0);
	assert_int_equal(http1_looks_like_request(STR("GET /index HTTP/")), 0);
	assert_int_equal(http1_looks_like_response(STR("HTTP/1.1")), 0);
}

TEST(a_long_target_is_waited_for_up_to_its_limit)
{
	static char line[20 * KIB];

	memset(line, 'a', sizeof(line));
	memcpy(line, "GET /", 5);
	assert_int_equal(http1_looks_like_request((struct str){ line, 16 * KIB + 2 }), 0);
	assert_int_equal(http1_looks_like_request((struct str){ line, 16 * KIB + 3 }), -1);
	memcpy(line, "GOT /", 5);
	assert_int_equal(http1_looks_like_request((struct str){ line, 1 * KIB + 2 }), 0);
	assert_int_equal(http1_looks_like_request((struct str){ line, 1 * KIB + 3 }), -1);
}

TEST(empty_lines_in_front_are_passed_over_up_to_their_limit)
{
	char text[64];

	memset(text, '\n', sizeof(text));
	memcpy(text + HTTP1_EMPTY_MAX, "GET / HTTP/1.1\r\n", 16);
	assert_int_equal(bytewise(http1_looks_like_request, (struct str){ text, 32 }), 1);
	memcpy(text + HTTP1_EMPTY_MAX, "HTTP/1.1 200 OK\r\n", 17);
	assert_int_equal(bytewise(http1_looks_like_response, (struct str){ text, 33 }), 1);
	text[HTTP1_EMPTY_MAX] = '\n';
	assert_int_equal(http1_looks_like_request((struct str){ text, HTTP1_EMPTY_MAX }), 0);
	assert_int_equal(http1_looks_like_request((struct str){ text, HTTP1_EMPTY_MAX + 1 }), -1);
	assert_int_equal(http1_looks_like_response((struct str){ text, HTTP1_EMPTY_MAX + 1 }), -1);
}

TEST(methods_are_known_in_capitals)
{
	assert_true(http1_is_known_method(STR("GET")));
	assert_true(http1_is_known_method(STR("VERSION-CONTROL")));
	assert_false(http1_is_known_method(STR("get")));
	assert_false(http1_is_known_method(STR("GETS")));
	assert_false(http1_is_known_method(STR("")));
}

TEST(responses_are_recognised)
{
	assert_int_equal(bytewise(http1_looks_like_response, STR("HTTP/1.0 200 OK\r\n")), 1);
	assert_int_equal(bytewise(http1_looks_like_response, STR("\r\nHTTP/1.1 ")), 1);
	assert_int_equal(bytewise(http1_looks_like_response, STR("HTTP/1.x ")), -1);
	assert_int_equal(bytewise(http1_looks_like_response, STR("HTTP/1.10 ")), -1);
	assert_int_equal(bytewise(http1_looks_like_response, STR("HTTP/2 200\r\n")), -1);
	assert_int_equal(bytewise(http1_looks_like_response, STR("GET / HTTP/1.1\r\n")), -1);
}

TEST_MAIN
