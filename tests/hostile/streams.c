/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP streams and HTTP messages without end, in the smallest pieces, out of order, or with texts
 * that nobody should print.
 */
#include "hostile.h"

static const char request_begin[] = "GET / HTTP/1.1\r\nHost: example.com\r\n";
static const char response_begin[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/* ---- Cases: HTTP ---- */

/* A request whose headers go on for N bytes. */
void head_endless(uint64_t n)
{
	struct conn c;

	begin();
	c = conn_open(1, 1);
	say_text(&c, 0, request_begin);
	say_endless(&c, 0, "X-Header-Of-Many: a value that is not short but not long\r\n", n);
}

void header_line(uint64_t n)
{
	struct conn c;

	begin();
	c = conn_open(1, 1);
	say_text(&c, 0, request_begin);
	say_text(&c, 0, "Cookie: ");
	say_endless(&c, 0, "abcdefgh", n);
}

void headers_tiny(uint64_t n)
{
	struct conn c;

	begin();
	c = conn_open(1, 1);
	say_text(&c, 0, request_begin);
	say_endless(&c, 0, "a:\r\n", n * 4);
	say_text(&c, 0, "\r\n");
}

/* Chunk sizes of N digits, chunk extensions of N bytes, trailers of N bytes. */
void chunks(uint64_t n)
{
	static const char *const parts[] = { "0", "1;extension=value-", "0\r\nX-Trailer: " };

	begin();
	for (uint32_t i = 0; i < 3; i++) {
		struct conn c = conn_open(i, i);

		say_text(&c, 0, request_begin);
		say_text(&c, 0, "\r\n");
		say_text(&c, 1, response_begin);
		say_text(&c, 1, parts[i]);
		say_endless(&c, 1, "00000000", n);
		say_text(&c, 1, "\r\n");
	}
}

/* Chunks and bodies of the largest length there is, and above it. */
void body_lengths(uint64_t n)
{
	static const char *const sizes[] = { "7fffffffffffffff",
					     "8000000000000000",
					     "ffffffffffffffff",
					     "10000000000000000",
					     "-1",
					     "0x10",
					     " 5",
					     "9223372036854775807",
					     "18446744073709551615",
					     "18446744073709551616" };

	(void)n;
	begin();
	for (uint32_t i = 0; i < 20; i++) {
		struct conn c = conn_open(i, i);
		char text[200];

		say_text(&c, 0, request_begin);
		say_text(&c, 0, "\r\n");
		if (i < 10)
			(void)snprintf(text, sizeof(text), "%s%s\r\n", response_begin, sizes[i]);
		else
			(void)snprintf(text, sizeof(text),
				       "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n",
				       sizes[i - 10]);
		say_text(&c, 1, text);
		say_text(&c, 1, "some bytes of the body\r\n0\r\n\r\n");
	}
}

void pipelining(uint64_t n)
{
	struct conn c;

	begin();
	c = conn_open(1, 1);
	say_endless(&c, 0, "GET /next HTTP/1.1\r\nHost: example.com\r\n\r\n", n * 41);
}

/* N exchanges of which every segment has one byte. */
void single_bytes(uint64_t n)
{
	static const char *const text[2] = {
		"POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
	};
	struct conn c;

	begin();
	c = conn_open(1, 1);
	for (uint64_t i = 0; i < n; i++)
		for (unsigned side = 0; side < 2; side++)
			for (const char *p = text[side]; *p; p++)
				say(&c, side, p, 1);
}

/* What looks like a request again and again, where one is looked for, for N bytes each. */
void resync(uint64_t n)
{
	static const char *const patterns[] = { "GET /", "GET /\n", "POST /aaaaaaaaaaaaaaaa",
						"A " };

	begin();
	for (uint32_t i = 0; i < 4; i++) {
		struct conn c = conn_open(i, i);

		say_text(&c, 0, request_begin);
		say_text(&c, 0, "\r\n");
		c.next[0] += 5000;
		say_endless(&c, 0, patterns[i], n);
	}
}

/* Before the first request, and behind it. */
void empty_lines(uint64_t n)
{
	begin();
	for (uint32_t i = 0; i < 2; i++) {
		struct conn c = conn_open(i, i);

		if (i) {
			say_text(&c, 0, request_begin);
			say_text(&c, 0, "\r\n");
		}
		for (uint64_t k = 0; k < n; k++)
			say(&c, 0, k % 2 ? "\n" : "\r", 1);
	}
}

/* The client says text, each % in it replaced. */
static void say_with(struct conn *c, const char *text, const char *with)
{
	char said[400] = "";
	size_t n = 0;

	for (const char *p = text; *p; p++)
		n += (size_t)snprintf(said + n, sizeof(said) - n, "%.*s", *p == '%' ? 64 : 1,
				      *p == '%' ? with : p);
	say(c, 0, said, n);
}

/* Texts that would steer a terminal, forge columns or run as formulas, at every place of a message
 * that has room for one. */
void texts(uint64_t n)
{
	static const char *const evil[] = {
		"\033]0;evil\a",
		"\033[2Jevil",
		"\302\233"
		"31mevil",
		"evil\177\b\b",
		"\202\302evil",
		"\342\200\256evil",
		"=evil(1)",
		"+evil,\"x\"",
		"evil x\ty",
		"@evil\n\033[0m",
		"-evil'\\",
		"\302\205evil\302\215",
	};
	static const char *const places[] = {
		"% / HTTP/1.1\r\nHost: a.example.com\r\n\r\n",
		"GET /% HTTP/1.1\r\nHost: a.example.com\r\n\r\n",
		"GET % HTTP/1.1\r\nHost: a.example.com\r\n\r\n",
		"GET /a?%=% HTTP/1.1\r\nHost: a.example.com\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: %\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: a.example.com\r\nUser-Agent: %\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: a.example.com\r\n%: x\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: a.example.com\r\nContent-Type: %\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: a.example.com\r\nUpgrade: %\r\n\r\n",
	};
	char text[400];

	(void)n;
	begin();
	for (uint32_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
		for (uint32_t k = 0; k < sizeof(places) / sizeof(places[0]); k++) {
			struct conn c = conn_open(i * 16 + k, i);

			say_with(&c, places[k], evil[i]);
			(void)snprintf(text, sizeof(text),
				       "HTTP/1.1 200 OK\r\nServer: %s\r\nContent-Type: %s\r\n"
				       "Content-Length: 0\r\n\r\n",
				       evil[i], evil[i]);
			say_text(&c, 1, text);
		}
	}
}

/* ---- Cases: segments ---- */

/* The same bytes with other content, N times, around a hole that is never filled. */
void segments(uint64_t n)
{
	struct conn c;

	begin();
	c = conn_open(1, 1);
	for (uint32_t i = 0; i < n; i++) {
		char body[64];

		memset(body, 'a' + (int)(i % 26), sizeof(body));
		segment(&c, i & 1, 100 + i * 7 % 4000, ACK, body, 1 + i % sizeof(body));
		segment(&c, i & 1, 0U - i, ACK, body, 3);
		if (i % 100 == 99)
			segment(&c, i & 1, i * 65536, ACK | FIN, body, 1);
	}
}

/* A stream over the end of the sequence numbers, N times around, with far strays. */
void sequences(uint64_t n)
{
	struct conn c;

	begin();
	c = conn_open(1, 0xffffff00);
	say_text(&c, 0,
		 "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 99999999999\r\n\r\n");
	for (uint64_t i = 0; i < n; i++) {
		say_endless(&c, 0, "0123456789", BODY_MAX);
		segment(&c, 0, 0x80000000, ACK, "stray", 5);
		segment(&c, 0, 0x40000000, ACK | FIN, "", 0);
		c.next[0] += (uint32_t)(i % 3 ? 0 : 1U << 30);
	}
}
