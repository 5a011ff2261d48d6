/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_test: messages as literals, and conversations between two ports, for this room's tests.
 */
#ifndef REDOUBT_DISSECT_DNS_DNS_TEST_H
#define REDOUBT_DISSECT_DNS_DNS_TEST_H

#define PLAY_DISSECTOR dns_dissector
#include "play.h"

/* Counts of one octal digit each, such as COUNTS("1", "0", "0", "0"). */
#define W(lit)                       "\0" lit
#define ID                           "\x12\x34"
#define COUNTS(q, a, n, x)           W(q) W(a) W(n) W(x)
#define NAME                         "\7example\3org\0"
#define QUESTION                     NAME W("\1") W("\1")
#define ASKED                        "\xc0\x0c"
#define ASK(id, question)            id "\1\0" COUNTS("\1", "\0", "\0", "\0") question
#define QUERY                        ASK(ID, QUESTION)
#define RR(type, ttl, length, rdata) ASKED W(type) W("\1") "\0\0\0" ttl W(length) rdata
#define ADDRESS                      RR("\1", "\x3c", "\4", "\300\0\2\1")
#define ANSWER                       ID "\x81\x80" COUNTS("\1", "\1", "\0", "\0") QUESTION ADDRESS
/* In a stream. */
#define QUERY_BYTES  "\0\x1d"
#define ANSWER_BYTES "\0\x2d"

[[maybe_unused]] static struct fake *talk_at(const struct event *events, uint16_t client,
					     uint16_t server)
{
	struct fake *f = fake_new(&dns_dissector, true);

	f->ds.src_port = client;
	f->ds.dst_port = server;
	for (const struct event *e = events; e->what != END; e++) {
		f->ds.at_ns += NS_PER_MS;
		if (e->what == DATAGRAM)
			fake_datagram(f, e->side, e->bytes, (size_t)e->n);
		else
			f->ds.at_ns += (int64_t)e->n;
	}
	fake_close(f);
	if (played)
		fake_free(played);
	played = f;
	return f;
}

/* Datagrams between these ports. A HOLE is a pause of n nanoseconds. */
#define TALK(client, server, ...)                                                                  \
	do {                                                                                       \
		static const struct event events_[] = { __VA_ARGS__, { END, 0, { 0 }, 0 } };       \
		(void)talk_at(events_, client, server);                                            \
	} while (0)

/* Row i holds all of " name=value " as it is, blanks within it included. */
[[maybe_unused]] static void expect_text(unsigned row, const char *want)
{
	struct str all = { played->text, played->text_n }, line = { 0 };

	for (unsigned i = 0; i <= row; i++)
		if (!str_cut(&all, '\n', &line))
			fail_msg("there is no row %u in:\n%s", row, played->text);
	if (!str_contains(line, str_of(want)))
		fail_msg("row %u: there is no %s in:\n%.*s", row, want, STR_FMT(line));
}

#endif
