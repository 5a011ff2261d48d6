/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play: runs a conversation against a dissector on the fake engine, once with all bytes of an event
 * at once and once byte by byte, holds that the rows are equal, and looks into them. Who includes
 * it defines PLAY_DISSECTOR before, such as http1_dissector.
 */
#ifndef REDOUBT_TESTS_PLAY_H
#define REDOUBT_TESTS_PLAY_H

#include "t.h"

#include "fake_engine.h"

extern const struct dissector PLAY_DISSECTOR;

struct event {
	enum { END, SEND, HOLE, FINISH, DATAGRAM } what;
	enum dissect_side side;
	struct str bytes;
	uint64_t n;
};

/* What the client and the server say, holes in it, and their FINs. Each event is a millisecond
 * after the one before. */
#define C(lit)                                                                                     \
	{                                                                                          \
		SEND, FROM_CLIENT, { "" lit, sizeof(lit) - 1 }, 0                                  \
	}
#define S(lit)                                                                                     \
	{                                                                                          \
		SEND, FROM_SERVER, { "" lit, sizeof(lit) - 1 }, 0                                  \
	}
/* The same as datagrams. */
#define CD(lit)                                                                                    \
	{                                                                                          \
		DATAGRAM, FROM_CLIENT, { "" lit, sizeof(lit) - 1 }, 0                              \
	}
#define SD(lit)                                                                                    \
	{                                                                                          \
		DATAGRAM, FROM_SERVER, { "" lit, sizeof(lit) - 1 }, 0                              \
	}
#define C_HOLE(n)                                                                                  \
	{                                                                                          \
		HOLE, FROM_CLIENT, { NULL, 0 }, n                                                  \
	}
#define S_HOLE(n)                                                                                  \
	{                                                                                          \
		HOLE, FROM_SERVER, { NULL, 0 }, n                                                  \
	}
#define C_FIN                                                                                      \
	{                                                                                          \
		FINISH, FROM_CLIENT, { NULL, 0 }, 0                                                \
	}
#define S_FIN                                                                                      \
	{                                                                                          \
		FINISH, FROM_SERVER, { NULL, 0 }, 0                                                \
	}

/* Set by a test before it plays; both are as nothing at first. */
static struct str play_handed;
static bool play_opens_body;

static struct fake *play_at(const struct event *events, bool from_start, unsigned open_max,
			    size_t step)
{
	struct fake *f = fake_new(&PLAY_DISSECTOR, from_start);

	f->open_max = open_max;
	f->opens_body = play_opens_body;
	if (play_handed.n)
		fake_handed(f, play_handed);
	for (const struct event *e = events; e->what != END; e++) {
		f->ds.at_ns += NS_PER_MS;
		if (e->what == SEND)
			fake_send(f, e->side, e->bytes, step);
		else if (e->what == DATAGRAM)
			fake_datagram(f, e->side, e->bytes, 0);
		else if (e->what == HOLE)
			fake_hole(f, e->side, e->n);
		else
			fake_finish(f, e->side);
	}
	fake_close(f);
	return f;
}

static struct fake *played;

static void play_twice(const struct event *events, bool from_start, unsigned open_max)
{
	struct fake *bytewise = play_at(events, from_start, open_max, 1);

	if (played)
		fake_free(played);
	played = play_at(events, from_start, open_max, SIZE_MAX);
	assert_int_equal(played->over, bytewise->over);
	assert_string_equal(played->text, bytewise->text);
	fake_free(bytewise);
}

#define PLAY_(from_start, open_max, ...)                                                           \
	do {                                                                                       \
		static const struct event events_[] = { __VA_ARGS__, { END, 0, { 0 }, 0 } };       \
		play_twice(events_, from_start, open_max);                                         \
	} while (0)
#define PLAY(...)           PLAY_(true, DISSECT_OPEN_MAX, __VA_ARGS__)
#define PLAY_MIDSTREAM(...) PLAY_(false, DISSECT_OPEN_MAX, __VA_ARGS__)

/* Row i, from 0, holds " name=value" for each word of want; of "!name" it has no such field. */
static void expect_row(unsigned row, const char *want)
{
	struct str all = { played->text, played->text_n }, line, list = str_of(want), word;
	char needle[256];

	for (unsigned i = 0; i <= row; i++)
		if (!str_cut(&all, '\n', &line))
			fail_msg("there is no row %u in:\n%s", row, played->text);
	while (list.n) {
		bool absent = list.p[0] == '!';
		int n;

		(void)str_cut(&list, ' ', &word);
		word = str_skip(word, absent);
		n = snprintf(needle, sizeof(needle), absent ? " %.*s=" : " %.*s ", STR_FMT(word));
		if (str_contains(line, (struct str){ needle, (size_t)n }) == absent)
			fail_msg("row %u: %s%s in:\n%.*s", row, absent ? "there is" : "there is no",
				 needle, STR_FMT(line));
	}
}

static void expect_rows(unsigned n)
{
	if (played->rows != n)
		fail_msg("%u rows, not %u:\n%s", played->rows, n, played->text);
}

#endif
