/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Redis dissector: one record for each command with its reply, and one for each message that
 * the server sends of its own accord. Both sides are read as they come, element by element; values
 * are skipped by their lengths, so that it costs the same to pass a byte and a gigabyte.
 */
#include "dissect/redis/session.h"

/* Where a capture joined in the middle, only the side that was recognised is at a message's begin.
 */
static void begin(struct dissect_stream *s, enum dissect_side side)
{
	struct connection *c = session_of(s);

	c->begun = true;
	if (s->from_start)
		return;
	c->lost = true;
	if (side == FROM_CLIENT)
		c->reply.phase = PHASE_RESYNC;
	else
		c->request.phase = PHASE_RESYNC;
}

/* What is open stays as far as it came. */
static void give_up(struct dissect_stream *s)
{
	tx_set(session_of(s)->request.tx, TX_TORN);
	tx_set(session_of(s)->reply.tx, TX_TORN);
	session_end_all(s);
}

static enum verdict redis_feed(struct dissect_stream *s, enum dissect_side side, struct str in,
			       size_t *used, uint64_t *skip)
{
	struct dissect_visit v = { .s = s, .c = session_of(s), .in = in };

	if (unlikely(!v.c->begun))
		begin(s, side);
	if (side == FROM_CLIENT)
		while (request_step(&v))
			;
	else
		while (reply_step(&v))
			;
	if (v.verdict == DISSECT_REJECT)
		give_up(s);
	*used = v.used;
	*skip = v.skip;
	return v.verdict;
}

static void redis_skipped(struct dissect_stream *s, enum dissect_side side, uint64_t n,
			  uint64_t missing)
{
	struct connection *c = session_of(s);

	if (side == FROM_CLIENT) {
		c->request.left -= n;
		if (missing)
			tx_set(c->request.tx, TX_TORN);
		return;
	}
	c->reply.left -= n;
	c->reply.bytes += n;
	if (missing)
		tx_set(c->reply.tx, TX_TORN);
}

static enum verdict redis_gap(struct dissect_stream *s, enum dissect_side side,
			      [[maybe_unused]] uint64_t bytes)
{
	struct connection *c = session_of(s);

	c->begun = true;
	c->placed = false;
	session_gap(s, side);
	if (side == FROM_CLIENT)
		c->request = (struct request){ .phase = PHASE_RESYNC };
	else
		c->reply = (struct reply){ .phase = PHASE_RESYNC };
	return DISSECT_MORE;
}

/* No message ends by the end of the connection. */
static void redis_finished([[maybe_unused]] struct dissect_stream *s,
			   [[maybe_unused]] enum dissect_side side)
{
}

extern const struct dissector redis_dissector;
const struct dissector redis_dissector = {
	.name = "redis",
	.ports = { 6379, 6380, 26379, 16379, 7000, 7001 },
	.state_bytes = sizeof(struct connection),
	.window_bytes = DISSECT_WINDOW_MAX,
	.probe = redis_probe,
	.feed = redis_feed,
	.skipped = redis_skipped,
	.gap = redis_gap,
	.finished = redis_finished,
	.close = session_end_all,
};
