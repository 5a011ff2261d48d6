/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken for Redis, and what of other protocols is not. */
#include "dissect/dissect.h"
#include "t.h"

extern const struct dissector redis_dissector;

static void assert_probe(const char *in, enum dissect_probe want)
{
	enum dissect_probe got = redis_dissector.probe(str_of(in));

	if (got != want)
		fail_msg("%s is %d, not %d", in, (int)got, (int)want);
}

TEST(an_array_that_begins_with_a_command_is_a_clients)
{
	assert_probe("*1\r\n$4\r\nPING\r\n", PROBE_FROM_CLIENT);
	assert_probe("*3\r\n$3\r\nset\r\n$1\r\na\r\n$100\r\nxxx", PROBE_FROM_CLIENT);
	assert_probe("*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n", PROBE_FROM_CLIENT);
}

TEST(what_may_become_one_is_waited_for)
{
	static const char command[] = "*2\r\n$3\r\nGET\r\n$";

	for (size_t n = 0; n < sizeof(command) - 2; n++)
		assert_int_equal(redis_dissector.probe((struct str){ command, n }), PROBE_MORE);
	assert_probe("*2\r\n$3\r\nGET\r\n$3\r\nabc\r\n", PROBE_FROM_CLIENT);
}

TEST(what_parses_as_a_reply_is_a_servers)
{
	static const char *const replies[] = {
		"*2\r\n$3\r\nfoo\r\n$3\r\nbar\r\n",
		"*544\r\n$8\r\nfcall_ro\r\n*10\r\n",
		"*3\r\n$9\r\nsubscribe\r\n$3\r\nFoo\r\n:1\r\n",
		"*3\r\n$7\r\nmessage\r\n$3\r\nFoo\r\n$1\r\na\r\n",
		"*1\r\n:1\r\n",
		"*0\r\n",
		"$-1\r\n",
		"$3\r\nabc\r\n",
		"%1\r\n+a\r\n",
		">2\r\n$10\r\ninvalidate\r\n",
		"|1\r\n+a\r\n",
		"~1\r\n_\r\n",
		"+PONG\r\n",
		"-NOAUTH Authentication required.\r\n",
		"-ERR unknown command 'x'\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(replies); i++)
		assert_probe(replies[i], PROBE_FROM_SERVER);
}

TEST(lines_that_nobody_else_says_are_a_clients)
{
	assert_probe("SET key \"my value\"\r\n", PROBE_FROM_CLIENT);
	assert_probe("PUBLISH Foo hi\r\n", PROBE_FROM_CLIENT);
	assert_probe("PING\r\nPING\r\n", PROBE_FROM_CLIENT);
	assert_probe("\r\nPING\r\nPING\n", PROBE_FROM_CLIENT);
	assert_probe("AUTH noone password\r\nPING\r\n", PROBE_FROM_CLIENT);
}

TEST(lines_that_others_say_too_wait_for_the_other_side)
{
	assert_probe("PING\r\n", PROBE_MORE);
	assert_probe("AUTH x\r\n", PROBE_MORE);
	assert_probe("SE", PROBE_MORE);
}

TEST(other_protocols_are_not_redis)
{
	static const char *const others[] = {
		"GET / HTTP/1.1\r\n",
		"GET /index.html\r\n",
		"COPY /a HTTP/1.1\r\nDestination: /b\r\n",
		"EHLO mail.example.org\r\n",
		"USER anonymous\r\n",
		"220 mail.example.org ESMTP\r\n",
		"+OK POP3 ready\r\n",
		"+OK\r\n",
		"-ERR no such message\r\n",
		"* OK IMAP4rev1 ready\r\n",
		"*4 x\r\n",
		"get key\r\n",
		"set key 0 0 5\r\nhello\r\n",
		"INFO {\"server_id\":\"x\"}\r\n+",
		":server 001 nick\r\n",
		"$Lock abc\r\n",
		"%PDF-1.4\r\n",
		">hello\r\n",
		"#!/bin/sh\n",
		"SSH-2.0-OpenSSH_9.2\r\n",
		"\x16\x03\x01",
		"\x01",
		"$3\r\nabcd\r\n",
		"*2\r\n$3\r\nfoo\r\nbar",
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		enum dissect_probe got = redis_dissector.probe(str_of(others[i]));

		if (got == PROBE_FROM_CLIENT || got == PROBE_FROM_SERVER)
			fail_msg("%s is taken for Redis", others[i]);
	}
}

TEST(what_stays_undecided_is_given_up)
{
	static char line[600];

	memset(line, 'A', sizeof(line));

	assert_int_equal(redis_dissector.probe((struct str){ line, 511 }), PROBE_MORE);
	assert_int_equal(redis_dissector.probe((struct str){ line, 512 }), PROBE_NO);
}

TEST_MAIN
