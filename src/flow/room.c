/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who makes room when memory for streams, records or unfinished messages is short, in the order of
 * the flow table: first TCP connections of which one side alone was seen, as a flood of requests
 * from made-up addresses is; then datagrams that wait for an answer; then connections that were
 * quiet for long. A connection that made room goes on, and is recognised anew when it says more.
 */
#include "flow/flow_int.h"

/* Limit: streams that are looked at, at once. */
#define ROOM_LOOKS 64
/* A connection is quiet when no frame came for so long. */
#define ROOM_QUIET_NS DISSECT_ANSWER_NS

static bool is_answered(const struct flow *f)
{
	return f->packets[0] && f->packets[1];
}

/* ---- The lists: each in the order in which streams came to it, oldest first -------------------
 */

static void list_append(struct flow_engine *e, struct stream *s, enum room_list list)
{
	s->room_list = (uint8_t)list;
	s->older = e->room_newest[list];
	s->newer = NULL;
	if (s->older)
		s->older->newer = s;
	else
		e->room_oldest[list] = s;
	e->room_newest[list] = s;
}

static void list_take(struct flow_engine *e, struct stream *s)
{
	if (s->older)
		s->older->newer = s->newer;
	else
		e->room_oldest[s->room_list] = s->newer;
	if (s->newer)
		s->newer->older = s->older;
	else
		e->room_newest[s->room_list] = s->older;
}

void room_add(struct flow_engine *e, struct stream *s)
{
	if (s->flow->key.proto == IP_PROTO_TCP)
		list_append(e, s, ROOM_UNANSWERED);
}

void room_remove(struct flow_engine *e, struct stream *s)
{
	if (s->flow->key.proto == IP_PROTO_TCP)
		list_take(e, s);
}

/* ---- Making room ----------------------------------------------------------------------------- */

static void give(struct flow_engine *e, struct stream *s)
{
	struct flow *f = s->flow;

	s->ds.at_ns = f->last_ns;
	stream_free(e, f);
	f->at_start = false;
}

/* Each stream passes from here to the other list at most once. */
static bool unanswered_give(struct flow_engine *e, unsigned n)
{
	struct stream *s;
	unsigned given = 0;

	for (unsigned i = 0; i < ROOM_LOOKS && given < n && (s = e->room_oldest[ROOM_UNANSWERED]);
	     i++) {
		if (is_answered(s->flow)) {
			list_take(e, s);
			list_append(e, s, ROOM_ANSWERED);
		} else {
			give(e, s);
			given++;
		}
	}
	return given > 0;
}

static bool quiet_give(struct flow_engine *e)
{
	struct stream *s;

	for (unsigned i = 0; i < ROOM_LOOKS && (s = e->room_oldest[ROOM_ANSWERED]); i++) {
		if (e->clock_ns - s->flow->seen_ns >= ROOM_QUIET_NS) {
			give(e, s);
			return true;
		}
		list_take(e, s);
		list_append(e, s, ROOM_ANSWERED);
	}
	return false;
}

static uint64_t refused(const struct flow_engine *e)
{
	uint64_t n = e->streams.refused + e->transactions.refused;

	for (unsigned i = 0; i < WINDOW_SIZES; i++)
		n += e->windows[i].refused;
	return n;
}

bool room_make(struct flow_engine *e, unsigned n)
{
	e->room_refused = refused(e);
	return unanswered_give(e, n) || datagram_make_room(e, n) || quiet_give(e);
}

void room_check(struct flow_engine *e)
{
	if (unlikely(refused(e) != e->room_refused))
		(void)room_make(e, ROOM_FLOWS);
}
