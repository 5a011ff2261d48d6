/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations with Redis: which rows come of them, and what never stands in one. */
#define PLAY_DISSECTOR redis_dissector
#include "play.h"

#define GET_A "*2\r\n$3\r\nGET\r\n$1\r\na\r\n"
#define PING  "*1\r\n$4\r\nPING\r\n"

/* ---- Commands and their replies -------------------------------------------------------------- */

TEST(a_command_and_its_reply_are_one_row)
{
	PLAY(C("*3\r\n$3\r\nset\r\n$6\r\nuser:1\r\n$5\r\nhello\r\n"), S("+OK\r\n"));

	expect_rows(1);
	expect_row(0, "redis.command=SET redis.key=user:1 redis.keys=1 redis.arguments=2 "
		      "redis.response.type=simple redis.latency=1000000 redis.request.bytes=36 "
		      "redis.response.bytes=5 redis.sequence=1 redis.depth=1 redis.state=complete "
		      "!redis.inline !redis.pushed !redis.anomalies");
	assert_false(str_contains((struct str){ played->text, played->text_n }, STR("hello")));
}

TEST(every_type_of_reply_is_told)
{
	static const struct {
		const char *reply, *type;
	} rows[] = {
		{ "+OK\r\n", "simple" },
		{ "-ERR no\r\n", "error" },
		{ "!7\r\nOOM all\r\n", "error" },
		{ ":-12\r\n", "integer" },
		{ "$0\r\n\r\n", "bulk" },
		{ "$3\r\na\r\n\r\n", "bulk" },
		{ "$-1\r\n", "null" },
		{ "*-1\r\n", "null" },
		{ "_\r\n", "null" },
		{ "*0\r\n", "array" },
		{ "*3\r\n:1\r\n*2\r\n$1\r\na\r\n+b\r\n$-1\r\n", "array" },
		{ "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n_\r\n", "map" },
		{ "~2\r\n#t\r\n,1.5e3\r\n", "set" },
		{ ",-inf\r\n", "double" },
		{ "#f\r\n", "boolean" },
		{ "(3492890328409238509324850943850943825024385\r\n", "big-number" },
		{ "=7\r\ntxt:abc\r\n", "verbatim" },
		{ "$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n", "bulk" },
		{ "*?\r\n:1\r\n*?\r\n.\r\n$?\r\n;0\r\n.\r\n", "array" },
		{ "%?\r\n+a\r\n:1\r\n.\r\n", "map" },
		{ "|1\r\n+ttl\r\n:3600\r\n*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n", "array" },
		{ "|0\r\n:1\r\n", "integer" },
		{ "|?\r\n+a\r\n+b\r\n.\r\n~0\r\n", "set" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char want[128];
		const struct event events[] = {
			C(PING),
			{ SEND, FROM_SERVER, str_of(rows[i].reply), 0 },
			C(PING),
			S("+PONG\r\n"),
			{ END, 0, { 0 }, 0 },
		};

		play_twice(events, true, DISSECT_OPEN_MAX);
		expect_rows(2);
		(void)snprintf(want, sizeof(want),
			       "redis.response.type=%s redis.response.bytes=%zu "
			       "redis.state=complete redis.sequence=1",
			       rows[i].type, strlen(rows[i].reply));
		expect_row(0, want);
		expect_row(1, "redis.sequence=2 redis.response.type=simple redis.state=complete");
		assert_int_equal(played->ds.messages, 4);
	}
}

TEST(elements_of_a_reply_are_counted_as_the_server_counts_them)
{
	PLAY(C(PING), S("%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n"), C(PING), S("*3\r\n:1\r\n:2\r\n:3\r\n"));

	expect_row(0, "redis.response.elements=2");
	expect_row(1, "redis.response.elements=3");
}

TEST(the_first_key_and_the_number_of_keys_are_where_the_command_has_them)
{
	PLAY(C("*5\r\n$4\r\nMSET\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n"), S("+OK\r\n"),
	     C("*4\r\n$5\r\nBLPOP\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\n0\r\n"), S("*-1\r\n"),
	     C("*6\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n2\r\n$1\r\nx\r\n$1\r\ny\r\n$1\r\nz\r\n"),
	     S(":1\r\n"),
	     C("*7\r\n$5\r\nXREAD\r\n$5\r\nCOUNT\r\n$1\r\n2\r\n$7\r\nstreams\r\n$1\r\ns\r\n$1\r\nt\r\n$"
	       "1\r\n0\r\n"),
	     S("*-1\r\n"), C("*3\r\n$6\r\nOBJECT\r\n$8\r\nENCODING\r\n$1\r\nk\r\n"),
	     S("$3\r\nraw\r\n"),
	     C("*5\r\n$11\r\nZUNIONSTORE\r\n$3\r\nout\r\n$1\r\n2\r\n$1\r\na\r\n$1\r\nb\r\n"),
	     S(":0\r\n"));

	expect_row(0, "redis.command=MSET redis.key=a redis.keys=2 redis.arguments=4");
	expect_row(1, "redis.command=BLPOP redis.key=a redis.keys=2");
	expect_row(2, "redis.command=EVAL redis.key=x redis.keys=2 redis.arguments=5");
	expect_row(3, "redis.command=XREAD redis.key=s redis.keys=1");
	expect_row(5, "redis.command=ZUNIONSTORE redis.key=out redis.keys=3");
}

TEST(a_subcommand_is_part_of_the_command)
{
	PLAY(C("*3\r\n$6\r\nobject\r\n$8\r\nencoding\r\n$1\r\nk\r\n"), S("$3\r\nraw\r\n"),
	     C("*2\r\n$6\r\nCONFIG\r\n$6\r\nsecret\r\n"), S("-ERR unknown subcommand\r\n"));

	assert_true(str_contains((struct str){ played->text, played->text_n },
				 STR("redis.command=OBJECT ENCODING redis.key=k redis.keys=1 "
				     "redis.arguments=1 ")));
	expect_row(1, "redis.command=CONFIG redis.anomalies=unknown-command redis.error=ERR");
	assert_false(str_contains((struct str){ played->text, played->text_n }, STR("secret")));
}

TEST(what_is_no_key_never_stands_in_a_row)
{
	PLAY(C("*3\r\n$4\r\nAUTH\r\n$6\r\nhunter\r\n$7\r\nhunter2\r\n"),
	     S("-WRONGPASS invalid hunter3\r\n"),
	     C("*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$6\r\nhunter\r\n$7\r\nhunter2\r\n"),
	     S("-NOAUTH hunter\r\n"),
	     C("*4\r\n$6\r\nCONFIG\r\n$3\r\nSET\r\n$11\r\nrequirepass\r\n$7\r\nhunter2\r\n"),
	     S("+hunter\r\n"), C("*2\r\n$7\r\nhunter2\r\n$6\r\nhunter\r\n"),
	     S("-HUNTER hunter\r\n"), C("hunter2 hunter\r\n"), S("$6\r\nhunter\r\n"),
	     C("*8\r\n$7\r\nMIGRATE\r\n$6\r\nhunter\r\n$4\r\n6379\r\n$1\r\nk\r\n$1\r\n0\r\n$1\r\n1\r\n$4"
	       "\r\nAUTH\r\n$7\r\nhunter2\r\n"),
	     S("+OK\r\n"));

	expect_rows(6);
	assert_false(str_contains((struct str){ played->text, played->text_n }, STR("hunter")));
	assert_false(str_contains((struct str){ played->text, played->text_n }, STR("HUNTER")));
	expect_row(0, "redis.command=AUTH redis.error=WRONGPASS !redis.key");
	expect_row(3, "!redis.command redis.anomalies=unknown-command,unknown-error !redis.error");
	expect_row(4, "!redis.command redis.inline=true");
	expect_row(5, "redis.command=MIGRATE redis.key=k");
}

TEST(a_key_is_kept_as_long_as_the_mask_shows_one_and_a_byte_more)
{
	static const char command[] = "*2\r\n$3\r\nGET\r\n$300\r\n";
	char text[sizeof(command) + 302];
	const struct event events[] = { { SEND, FROM_CLIENT, { text, sizeof(text) - 1 }, 0 },
					S("$-1\r\n"),
					{ END, 0, { 0 }, 0 } };
	char want[160] = "redis.key=";

	memcpy(text, command, sizeof(command) - 1);
	memset(text + sizeof(command) - 1, 'k', 300);
	memcpy(text + sizeof(command) + 299, "\r\n", 2);
	memset(want + 10, 'k', 129);
	memcpy(want + 139, "(cut)", 6);
	play_twice(events, true, DISSECT_OPEN_MAX);

	expect_rows(1);
	expect_row(0, want);
}

/* ---- Lines ----------------------------------------------------------------------------------- */

TEST(lines_are_commands_too)
{
	PLAY(C("\r\nset \"my key\" 'a b'\r\n"), S("+OK\r\n"), C("PING\n\n\n"), S("+PONG\r\n"));

	expect_rows(2);
	expect_row(0,
		   "redis.command=SET redis.inline=true redis.arguments=2 redis.request.bytes=20");
	assert_true(str_contains((struct str){ played->text, played->text_n },
				 STR("redis.key=my key ")));
	expect_row(1, "redis.command=PING redis.inline=true redis.request.bytes=5");
}

TEST(quotes_without_an_end_are_told)
{
	PLAY(C("SET a 'b c\r\n"), S("-ERR Protocol error: unbalanced quotes in request\r\n"));

	expect_row(0, "redis.command=SET redis.anomalies=unbalanced-quotes redis.error=ERR");
}

TEST(a_line_longer_than_the_limit_ends_the_stream)
{
	static char line[INT16_MAX];
	const struct event events[] = { { SEND, FROM_CLIENT, { line, 16 * KIB + 1 }, 0 },
					{ END, 0, { 0 }, 0 } };

	memset(line, 'a', sizeof(line));
	line[16 * KIB - 1] = '\n';
	play_twice(events, true, DISSECT_OPEN_MAX);
	expect_rows(1);
	assert_int_equal(played->over, FAKE_FEEDING);

	line[16 * KIB - 1] = 'a';
	line[16 * KIB] = '\n';
	play_twice(events, true, DISSECT_OPEN_MAX);
	assert_int_equal(played->over, FAKE_REJECTED);
}

/* ---- Pairing --------------------------------------------------------------------------------- */

TEST(pipelined_commands_pair_in_order)
{
	PLAY(C(GET_A PING GET_A), S("$1\r\n1\r\n+PONG\r\n"), S("$-1\r\n"));

	expect_rows(3);
	expect_row(0, "redis.command=GET redis.depth=1 redis.response.type=bulk redis.sequence=1");
	expect_row(1, "redis.command=PING redis.depth=2 redis.response.type=simple");
	expect_row(2, "redis.command=GET redis.depth=3 redis.response.type=null redis.sequence=3");
}

TEST(commands_without_memory_for_a_row_do_not_shift_the_pairs)
{
	PLAY_(true, 2, C(GET_A PING), C(PING PING), S("$1\r\n1\r\n+PONG\r\n"), C(GET_A),
	      S("+PONG\r\n+PONG\r\n$1\r\n1\r\n"));

	expect_rows(3);
	expect_row(0, "redis.command=GET redis.sequence=1 redis.response.type=bulk");
	expect_row(1, "redis.command=PING redis.sequence=2 redis.response.type=simple");
	expect_row(2, "redis.command=GET redis.sequence=5 redis.response.type=bulk redis.depth=3");
	assert_int_equal(played->ds.messages, 10);
}

TEST(a_pipeline_of_ten_thousand_stays_paired)
{
	struct fake *f = fake_new(&redis_dissector, true);

	for (unsigned i = 0; i < 10000; i++)
		fake_send(f, FROM_CLIENT, STR(PING), SIZE_MAX);
	for (unsigned i = 0; i < 10000; i++)
		fake_send(f, FROM_SERVER, STR("+PONG\r\n"), SIZE_MAX);
	f->text_n = 0;
	fake_send(f, FROM_CLIENT, STR(GET_A), SIZE_MAX);
	fake_send(f, FROM_SERVER, STR("$1\r\nx\r\n"), SIZE_MAX);
	fake_close(f);

	assert_int_equal(f->rows, DISSECT_OPEN_MAX + 1);
	assert_non_null(strstr(f->text, "redis.command=GET "));
	assert_non_null(strstr(f->text, "redis.sequence=10001 "));
	assert_non_null(strstr(f->text, "redis.response.type=bulk "));
	assert_non_null(strstr(f->text, "redis.depth=1 "));
	fake_free(f);
}

TEST(a_reply_that_came_before_its_command_waits_for_it)
{
	PLAY(S("$1\r\nx\r\n"), C(GET_A), C(PING), S("+PONG\r\n"));

	expect_rows(2);
	expect_row(0, "redis.command=GET redis.response.type=bulk redis.state=complete");
	expect_row(1, "redis.command=PING redis.response.type=simple redis.state=complete");
}

TEST(of_two_replies_before_a_command_the_younger_waits)
{
	PLAY(S("+OK\r\n:1\r\n"), C(GET_A));

	expect_rows(2);
	expect_row(0, "redis.state=no-request redis.response.type=simple !redis.command");
	expect_row(1, "redis.state=complete redis.response.type=integer redis.command=GET");
}

TEST(what_is_open_at_the_end_says_how_far_it_came)
{
	PLAY(C(GET_A PING "*2\r\n$3\r\nGET\r\n"), S("$5\r\nab"));

	expect_rows(3);
	expect_row(0, "redis.command=GET redis.state=cut redis.response.type=bulk");
	expect_row(1, "redis.command=PING redis.state=no-response");
	expect_row(2, "redis.state=cut !redis.command");
}

TEST(transactions_answer_each_command)
{
	PLAY(C("MULTI\r\nINCR a\r\nEXEC\r\n"), S("+OK\r\n+QUEUED\r\n*1\r\n:1\r\n"));

	expect_rows(3);
	expect_row(0, "redis.command=MULTI redis.response.type=simple");
	expect_row(1, "redis.command=INCR redis.response.type=simple");
	expect_row(2, "redis.command=EXEC redis.response.type=array redis.response.elements=1");
}

/* ---- Replies that do not come, and messages that nobody asked for ---------------------------- */

static unsigned rows_with(const char *what)
{
	unsigned n = 0;

	for (const char *p = played->text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

/* Rows without a reply are over at once, before those that wait. */
TEST(who_wants_no_replies_gets_rows_without)
{
	PLAY(C("PING\r\nCLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY ON\r\nPING\r\n"),
	     S("+PONG\r\n+OK\r\n+PONG\r\n"));

	expect_rows(5);
	assert_int_equal(rows_with("redis.state=complete"), 5);
	assert_int_equal(rows_with("redis.response.type=simple"), 3);
	expect_row(0, "redis.sequence=2 !redis.response.type");
	expect_row(1, "redis.sequence=3 !redis.response.type");
	expect_row(2, "redis.sequence=1 redis.response.type=simple");
	expect_row(3, "redis.sequence=4 redis.response.type=simple");
}

TEST(a_skipped_reply_is_that_of_the_next_command)
{
	PLAY(C("CLIENT REPLY SKIP\r\n" GET_A PING), S("+PONG\r\n"));

	expect_rows(3);
	expect_row(0, "redis.arguments=1 !redis.response.type");
	expect_row(1, "redis.command=GET !redis.response.type redis.state=complete");
	expect_row(2, "redis.command=PING redis.response.type=simple");
}

#define SUBSCRIBED(name, channel) "*3\r\n$9\r\n" name "\r\n$1\r\n" channel "\r\n:1\r\n"
#define MESSAGE                   "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n"

TEST(a_subscription_is_answered_by_all_its_confirmations)
{
	PLAY(C("SUBSCRIBE a b\r\n"), S(SUBSCRIBED("subscribe", "a") SUBSCRIBED("subscribe", "b")),
	     S(MESSAGE), C("PING\r\n"), S(MESSAGE "*2\r\n$4\r\npong\r\n$0\r\n\r\n"));

	expect_rows(4);
	expect_row(0, "redis.command=SUBSCRIBE redis.response.type=array redis.state=complete "
		      "redis.response.bytes=60");
	expect_row(1, "redis.pushed=true redis.response.type=array redis.state=complete "
		      "!redis.command !redis.latency");
	expect_row(2, "redis.pushed=true");
	expect_row(3, "redis.command=PING redis.state=complete !redis.pushed");
	assert_false(str_contains((struct str){ played->text, played->text_n }, STR("hello")));
}

TEST(who_left_all_channels_gets_ordinary_arrays_again)
{
	PLAY(C("SUBSCRIBE a\r\n"), S(SUBSCRIBED("subscribe", "a")), C("UNSUBSCRIBE\r\nGET a\r\n"),
	     S(MESSAGE "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n$1\r\nx\r\n"),
	     C("LRANGE l 0 -1\r\n"), S("*1\r\n$7\r\nmessage\r\n"));

	expect_rows(5);
	expect_row(1, "redis.pushed=true");
	expect_row(2, "redis.command=UNSUBSCRIBE redis.state=complete");
	expect_row(3, "redis.command=GET redis.response.type=bulk");
	expect_row(4, "redis.command=LRANGE redis.response.type=array !redis.pushed");
}

TEST(pushes_of_resp3_pair_with_no_command_but_confirmations_do)
{
	PLAY(C("HELLO 3\r\n"), S("%1\r\n+proto\r\n:3\r\n"), C("SUBSCRIBE a\r\nGET a\r\n"),
	     S(">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n>2\r\n+invalidate\r\n*0\r\n"),
	     S(">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n$1\r\ny\r\n"));

	expect_rows(5);
	expect_row(1, "redis.command=SUBSCRIBE redis.response.type=push !redis.pushed");
	expect_row(2, "redis.pushed=true redis.response.type=push");
	expect_row(3, "redis.pushed=true redis.response.type=push");
	expect_row(4, "redis.command=GET redis.response.type=bulk redis.state=complete");
}

TEST(who_watches_gets_what_others_say_pushed)
{
	PLAY(C("MONITOR\r\n"), S("+OK\r\n"),
	     S("+1729622832.637041 [0 127.0.0.1:49992] \"AUTH\" \"hunter2\"\r\n"), C("QUIT\r\n"),
	     S("+1729622833.1 [0 lua] \"x\"\r\n+OK\r\n"));

	expect_rows(4);
	expect_row(0, "redis.command=MONITOR redis.response.type=simple");
	expect_row(1, "redis.pushed=true redis.response.type=simple");
	expect_row(2, "redis.pushed=true");
	expect_row(3, "redis.command=QUIT redis.response.bytes=5");
	assert_false(str_contains((struct str){ played->text, played->text_n }, STR("hunter")));
}

TEST(a_reset_ends_what_was_asked_for)
{
	PLAY(C("MONITOR\r\n"), S("+OK\r\n"), C("CLIENT REPLY OFF\r\nRESET\r\nECHO 1\r\n"),
	     S("+RESET\r\n+1\r\n"));

	expect_rows(4);
	expect_row(2, "redis.command=RESET redis.response.type=simple");
	expect_row(3, "redis.command=ECHO redis.response.type=simple !redis.pushed");
}

TEST(a_replica_is_followed_to_its_copy_of_the_data)
{
	PLAY(C("PSYNC ? -1\r\n"), S("\n\n+FULLRESYNC 0123 0\r\n$1000\r\nREDIS"));

	expect_rows(1);
	expect_row(0, "redis.command=PSYNC redis.response.type=simple redis.state=complete");
	assert_int_equal(played->over, FAKE_DONE);

	PLAY(C("SYNC\r\n"), S("$EOF:0123\r\n"));
	expect_row(0, "redis.command=SYNC redis.response.type=bulk redis.state=complete");
	assert_int_equal(played->over, FAKE_DONE);

	PLAY(C("SYNC\r\n"), S("-NOAUTH x\r\n"), C("PING\r\n"), S("+PONG\r\n"));
	expect_rows(2);
}

/* ---- Limits ---------------------------------------------------------------------------------- */

TEST(sixteen_levels_are_read_and_one_more_is_not)
{
#define FOUR "*1\r\n*1\r\n*1\r\n*1\r\n"
	PLAY(C(PING), S(FOUR FOUR FOUR FOUR ":1\r\n"));
	expect_row(0, "redis.state=complete !redis.anomalies");
	assert_int_equal(played->over, FAKE_FEEDING);

	PLAY(C(PING), S(FOUR FOUR FOUR FOUR "*1\r\n:1\r\n"));
	expect_row(0, "redis.state=cut redis.anomalies=nested-too-deep");
	assert_int_equal(played->over, FAKE_REJECTED);
}

TEST(a_bulk_of_the_limit_is_skipped_and_a_longer_one_is_not)
{
	PLAY(C(PING), S("$536870912\r\nab"));
	expect_row(0, "redis.response.type=bulk redis.state=cut");
	assert_int_equal(played->skip[FROM_SERVER], 536870910);
	assert_int_equal(played->over, FAKE_FEEDING);

	PLAY(C(PING), S("$536870913\r\n"));
	assert_int_equal(played->over, FAKE_REJECTED);
	PLAY(C("*2\r\n$3\r\nGET\r\n$536870913\r\n"));
	assert_int_equal(played->over, FAKE_REJECTED);
}

TEST(arrays_of_the_limit_are_begun_and_larger_ones_are_not)
{
	PLAY(C(PING), S("%2147483647\r\n+a\r\n"));
	expect_row(0, "redis.response.elements=2147483647 redis.state=cut");
	assert_int_equal(played->over, FAKE_FEEDING);

	PLAY(C(PING), S("*2147483648\r\n"));
	assert_int_equal(played->over, FAKE_REJECTED);
	PLAY(C("*2147483648\r\n"));
	assert_int_equal(played->over, FAKE_REJECTED);
}

TEST(what_is_no_resp_ends_the_stream)
{
	static const char *const replies[] = {
		"not RESP\r\n", "$-2\r\n", "*-2\r\n",     "$1x\r\n",       "$\r\n",
		":1x\r\n",      "#x\r\n",  "_x\r\n",      "$1\r\nabc\r\n", "+a\rb\r\n",
		";1\r\na\r\n",  ".\r\n",   "*1\r\n.\r\n", "!-1\r\n",       "*1\r\n\r\n",
		"$?\r\n:1\r\n", "+OK\n",   "%-1\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
		const struct event events[] = { C(PING),
						{ SEND, FROM_SERVER, str_of(replies[i]), 0 },
						{ END, 0, { 0 }, 0 } };

		play_twice(events, true, DISSECT_OPEN_MAX);
		if (played->over != FAKE_REJECTED)
			fail_msg("%s is taken for a reply", replies[i]);
		expect_rows(1);
	}
}

TEST(an_end_that_the_server_does_not_look_at_is_marked_and_followed)
{
	PLAY(C("*2\r\n$3\r\nGETxy$1\r\na\r\n"), S("$-1\r\n"), C("*1\rx$4\rxPING\r\n"),
	     S("+PONG\r\n"), C(GET_A), S("$-1\r\n"));

	expect_rows(3);
	expect_row(0, "redis.command=GET redis.key=a redis.anomalies=bad-line-end");
	expect_row(1, "redis.command=PING redis.anomalies=bad-line-end");
	expect_row(2, "redis.command=GET redis.key=a !redis.anomalies");
}

TEST(what_the_server_would_refuse_ends_the_stream)
{
	static const char *const commands[] = {
		"*1\r\n:1\r\n", "*1\r\n$-1\r\n", "*2\r\n$3\r\nGETx\r\n",
		"*x\r\n",       "GET\x01 a\r\n", "*10000000000000000000000000000000000\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		const struct event events[] = { { SEND, FROM_CLIENT, str_of(commands[i]), 0 },
						{ END, 0, { 0 }, 0 } };

		play_twice(events, true, DISSECT_OPEN_MAX);
		if (played->over != FAKE_REJECTED)
			fail_msg("%s is taken for a command", commands[i]);
	}
}

TEST(an_empty_array_of_a_client_is_no_command)
{
	PLAY(C("*0\r\n*-1\r\n" PING), S("+PONG\r\n"));

	expect_rows(1);
	assert_int_equal(played->ds.messages, 4);
}

/* ---- Holes, and captures that join in the middle --------------------------------------------- */

TEST(a_hole_within_a_value_costs_nothing_but_its_mark)
{
	PLAY(C("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100\r\nxx"), C_HOLE(98), C("\r\n"), S("+OK\r\n"),
	     C(PING), S("+PONG\r\n"));

	expect_rows(2);
	expect_row(0, "redis.command=SET redis.response.type=simple redis.state=cut");
	expect_row(1, "redis.command=PING redis.response.type=simple redis.state=complete");
}

TEST(behind_a_hole_of_the_client_its_next_command_is_paired)
{
	PLAY(C(PING), S("+PONG\r\n"), C("*2\r\n$3\r\nGE"), C_HOLE(50), C("xx\r\n" GET_A),
	     S("$1\r\nx\r\n"));

	expect_rows(3);
	expect_row(1, "redis.state=cut !redis.command");
	expect_row(2, "redis.command=GET redis.response.type=bulk redis.state=complete");
}

TEST(behind_a_hole_of_the_server_the_next_command_is_paired)
{
	PLAY(C(GET_A), S_HOLE(10), S("bc\r\n"), C(PING), S("+PONG\r\n"));

	expect_rows(2);
	expect_row(0, "redis.command=GET redis.state=no-response");
	expect_row(1, "redis.command=PING redis.response.type=simple redis.state=complete");
}

TEST(a_second_hole_of_the_server_is_as_the_first)
{
	PLAY(C(GET_A), S_HOLE(10), C(PING), S("+PONG\r\n"), C(GET_A), S_HOLE(10), S("bc\r\n"),
	     C(PING), S("+PONG\r\n"));

	expect_rows(4);
	expect_row(2, "redis.command=GET redis.state=no-response");
	expect_row(3, "redis.command=PING redis.response.type=simple redis.state=complete");
}

TEST(who_pipelines_is_paired_again_when_it_was_quiet)
{
	struct fake *f = fake_new(&redis_dissector, true);

	fake_send(f, FROM_CLIENT, STR(PING PING), SIZE_MAX);
	fake_hole(f, FROM_SERVER, 3);
	fake_send(f, FROM_SERVER, STR("NG\r\n+PONG\r\n"), SIZE_MAX);
	f->ds.at_ns += 99 * NS_PER_MS;
	fake_send(f, FROM_CLIENT, STR(PING), SIZE_MAX);
	fake_send(f, FROM_SERVER, STR("+PONG\r\n"), SIZE_MAX);
	assert_int_equal(f->rows, 3);
	f->ds.at_ns += 100 * NS_PER_MS;
	f->text_n = 0;
	fake_send(f, FROM_CLIENT, STR(GET_A), SIZE_MAX);
	f->ds.at_ns++;
	fake_send(f, FROM_SERVER, STR("$-1\r\n"), SIZE_MAX);
	fake_close(f);

	assert_int_equal(f->rows, 4);
	assert_non_null(strstr(f->text, "redis.response.type=null "));
	fake_free(f);
}

TEST(a_capture_that_joins_at_a_command_pairs_it)
{
	PLAY_MIDSTREAM(C(GET_A), S("$1\r\nx\r\n"));

	expect_rows(1);
	expect_row(0, "redis.command=GET redis.response.type=bulk redis.state=complete");
}

/* What waited to be recognised is shown behind the other side's, and at its time. */
TEST(a_reply_from_before_the_first_command_is_not_its_answer)
{
	struct fake *f = fake_new(&redis_dissector, false);

	fake_send(f, FROM_CLIENT, STR(GET_A GET_A), SIZE_MAX);
	fake_send(f, FROM_SERVER, STR("+OK\r\n"), SIZE_MAX);
	f->ds.at_ns++;
	fake_send(f, FROM_SERVER, STR("$1\r\nx\r\n$-1\r\n"), SIZE_MAX);
	fake_close(f);

	assert_int_equal(f->rows, 2);
	assert_non_null(strstr(f->text, "redis.response.type=bulk "));
	assert_non_null(strstr(f->text, "redis.response.type=null "));
	assert_null(strstr(f->text, "redis.response.type=simple "));
	fake_free(f);
}

TEST(a_capture_that_joins_at_a_reply_shows_it_alone)
{
	PLAY_MIDSTREAM(S("$1\r\nx\r\n"), C("yy\r\n$3\r\nzzz\r\n" GET_A), S(":1\r\n"));

	expect_rows(2);
	expect_row(0, "redis.response.type=bulk redis.state=no-request");
	expect_row(1, "redis.command=GET redis.response.type=integer redis.state=complete");
}

TEST_MAIN
