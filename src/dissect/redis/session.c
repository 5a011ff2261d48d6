// SPDX-License-Identifier: Apache-2.0
/*
 * Which reply answers which command, and when a row is over. Redis answers in order; what the
 * client said of replies it does not want, and what the server says of its own accord, is told
 * apart here.
 *
 *   - A reply before any command waits for it, as the capture may have seen the two directions in
 *     the wrong order. Only one waits.
 *   - Behind a hole it is not known how many commands or answers were in it. Who does not pipeline
 *     asks again only when he was answered; and so does, in all likelihood, who was quiet for a
 *     while. From then on answers are paired again, and those before are not.
 */
#include "dissect/redis/session.h"

/* Behind a hole: so long nobody must have said anything for the next answer to be the next
 * command's. */
#define QUIET_NS (100 * NS_PER_MS)

/* ---- Rows ------------------------------------------------------------------------------------ */

struct dissect_tx *session_open(struct dissect_stream *s)
{
	static const struct record_kind *kind;

	if (unlikely(!kind))
		kind = record_kind_by_id(KIND_REDIS);
	return dissect_tx_open(s, kind, 0);
}

static void put_marks(struct dissect_tx *tx)
{
#define MARK_TEXT_(name, text) { text, sizeof(text) - 1 },
	static const struct str texts[] = { MARKS(MARK_TEXT_) };
	uint64_t marks = tx->note[NOTE_MARKS];
	struct str *list;
	size_t n = 0;

	if (likely(!marks))
		return;
	list = arena_alloc(tx->arena, MARK_COUNT * sizeof(*list));
	if (!list) {
		row_mark_cut(tx->row, redis_anomalies.ref);
		return;
	}
	for (; marks; marks &= marks - 1)
		list[n++] = texts[__builtin_ctzll(marks)];
	row_put_list_str(tx->row, redis_anomalies, list, n);
}

static enum redis_state state_of(const struct dissect_tx *tx)
{
	if (tx_has(tx, TX_TORN))
		return REDIS_CUT;
	if (tx_has(tx, TX_PUSHED))
		return tx_has(tx, TX_REPLIED) ? REDIS_COMPLETE : REDIS_CUT;
	if (!tx_has(tx, TX_ASKED))
		return tx_has(tx, TX_REPLIED) ? REDIS_NO_REQUEST : REDIS_CUT;
	if (tx_has(tx, TX_REPLIED) || tx_has(tx, TX_UNANSWERED))
		return REDIS_COMPLETE;
	return tx_has(tx, TX_BEGUN) ? REDIS_CUT : REDIS_NO_RESPONSE;
}

void session_end(struct dissect_stream *s, struct dissect_tx *tx)
{
	struct connection *c = session_of(s);

	if (!tx)
		return;
	if (c->request.tx == tx)
		c->request.tx = NULL;
	if (c->reply.tx == tx)
		c->reply.tx = NULL;
	if (c->early == tx)
		c->early = NULL;
	put_marks(tx);
	row_put_enum(tx->row, redis_state, state_of(tx));
	dissect_tx_commit(s, tx);
}

void session_end_all(struct dissect_stream *s)
{
	while (s->first)
		session_end(s, s->first);
}

/* ---- Commands -------------------------------------------------------------------------------- */

/* Are answers from here on those of commands from this one on? */
static void find_place(struct dissect_stream *s, const struct dissect_tx *asked)
{
	struct connection *c = session_of(s);

	if (likely(!c->lost))
		return;
	if (c->pipelined && s->at_ns - c->quiet_ns < QUIET_NS)
		return;
	for (struct dissect_tx *tx = s->first, *next; tx; tx = next) {
		next = tx->next;
		if (tx != asked && tx != c->reply.tx)
			session_end(s, tx);
	}
	c->answered = c->asked;
	c->reply.numbered = false;
	c->lost = false;
	c->placed = c->reply.phase == PHASE_RESYNC;
	c->placed_ns = s->at_ns;
}

struct dissect_tx *session_command(struct dissect_stream *s)
{
	struct connection *c = session_of(s);
	struct dissect_tx *tx = c->early;

	c->sequence++;
	c->early = NULL;
	if (!tx)
		tx = session_open(s);
	if (tx)
		row_put_u64(tx->row, redis_sequence, c->sequence);
	return tx;
}

/* Whether the server will answer, and with how many messages. */
static bool is_answered(struct connection *c, const struct redis_command *command)
{
	unsigned flags = command ? command->flags : 0;

	if (flags & COMMAND_RESET) {
		c->reply_off = c->monitor = c->subscribed = c->resp3 = false;
		c->skip_replies = 0;
		return true;
	}
	c->subscribed |= (flags & COMMAND_CONFIRMED) != 0;
	if (flags & COMMAND_MONITOR)
		c->monitor = true;
	if (c->reply_off)
		return false;
	if (c->skip_replies) {
		c->skip_replies--;
		return false;
	}
	return true;
}

static void take_number(struct dissect_stream *s, struct dissect_tx *tx)
{
	struct connection *c = session_of(s);
	uint64_t depth = ++c->asked - c->answered;

	c->pipelined |= depth > 1;
	if (!tx)
		return;
	tx->key = c->asked;
	row_put_u64(tx->row, redis_depth, depth);
}

/* The answer to it is waited for. */
static void await(struct dissect_stream *s, struct dissect_tx *tx,
		  const struct redis_command *command, uint32_t words)
{
	struct connection *c = session_of(s);
	unsigned flags = command ? command->flags : 0;

	/* Without a row nobody could tell how many confirmations are its own; they can be told from
	 * answers, so that they need no number. */
	if (flags & COMMAND_CONFIRMED && !tx)
		return;
	take_number(s, tx);
	if (flags & COMMAND_CONFIRMED) {
		tx_set(tx, TX_CONFIRMED);
		tx->note[NOTE_CONFIRMS] = words > 1 ? words - 1 : 1;
	}
	if (flags & COMMAND_SYNC)
		c->sync_at = c->asked;
}

void session_asked(struct dissect_stream *s, struct dissect_tx *tx,
		   const struct redis_command *command, uint32_t words)
{
	struct connection *c = session_of(s);
	bool answered;

	tx_set(tx, TX_ASKED);
	if (!command || !(command->flags & (COMMAND_CONFIRMED | COMMAND_SUBSCRIBED)))
		tx_set(tx, TX_ORDINARY);
	if (tx)
		tx->marked_ns = s->at_ns;
	find_place(s, tx);
	c->quiet_ns = s->at_ns;
	answered = is_answered(c, command);
	if (tx && tx_has(tx, TX_EARLY)) {
		if (tx_has(tx, TX_REPLIED))
			session_end(s, tx);
	} else if (!answered) {
		tx_set(tx, TX_UNANSWERED);
		session_end(s, tx);
	} else if (c->lost) {
		session_end(s, tx);
	} else {
		await(s, tx, command, words);
	}
}

/* ---- Replies --------------------------------------------------------------------------------- */

/* The row of a number, whose rows stand in order; NULL where it found no memory. */
static struct dissect_tx *numbered(const struct dissect_stream *s, uint64_t number)
{
	for (struct dissect_tx *tx = s->first; tx && tx->key <= number; tx = tx->next)
		if (tx->key == number)
			return tx;
	return NULL;
}

/* A message that no command is waiting for. */
static struct dissect_tx *unasked(struct dissect_stream *s)
{
	struct connection *c = session_of(s);
	struct dissect_tx *tx;

	session_end(s, c->early);
	tx = c->request.tx;
	if (tx && tx_has(tx, TX_EARLY))
		tx = NULL;
	if (!tx)
		tx = session_open(s);
	if (tx && s->from_start && !c->lost) {
		tx_set(tx, TX_EARLY);
		if (tx != c->request.tx)
			c->early = tx;
	}
	return tx;
}

bool session_confirms(const struct dissect_stream *s)
{
	const struct connection *c = session_of(s);
	const struct dissect_tx *next = NULL;

	if (c->resp3)
		return false;
	if (!c->subscribed && c->asked > c->answered)
		next = numbered(s, c->answered + 1);
	return c->subscribed || (next && tx_has(next, TX_CONFIRMED));
}

static struct dissect_tx *pushed(struct dissect_stream *s)
{
	struct dissect_tx *tx = session_open(s);

	tx_set(tx, TX_PUSHED);
	if (tx)
		row_put_bool(tx->row, redis_pushed, true);
	return tx;
}

void session_reply(struct dissect_stream *s, enum reply_kind kind)
{
	struct connection *c = session_of(s);
	struct dissect_tx *next = NULL;

	if (kind != REPLY_PUSHED && c->asked > c->answered)
		next = numbered(s, c->answered + 1);
	c->reply.numbered = false;
	if (kind == REPLY_PUSHED ||
	    (kind == REPLY_CONFIRMS && !(next && tx_has(next, TX_CONFIRMED)))) {
		c->reply.tx = pushed(s);
	} else if (c->asked > c->answered) {
		c->reply.tx = next;
		c->reply.numbered = true;
		if (next && kind == REPLY_ANSWER)
			next->note[NOTE_CONFIRMS] = 0;
	} else {
		c->reply.tx = unasked(s);
	}
	tx_set(c->reply.tx, TX_BEGUN);
}

static void put_reply(struct dissect_stream *s, struct dissect_tx *tx, uint64_t bytes)
{
	uint64_t before = 0;

	if (row_has(tx->row, redis_response_bytes.ref.slot))
		before = tx->row->slot[redis_response_bytes.ref.slot].u;
	row_put_u64(tx->row, redis_response_bytes, before + bytes);
	if (tx_has(tx, TX_ASKED) && s->at_ns >= tx->marked_ns)
		row_put_dur(tx->row, redis_latency, s->at_ns - tx->marked_ns);
}

void session_replied(struct dissect_stream *s)
{
	struct connection *c = session_of(s);
	struct dissect_tx *tx = c->reply.tx;

	s->messages++;
	c->quiet_ns = s->at_ns;
	c->reply.tx = NULL;
	if (tx)
		put_reply(s, tx, c->reply.bytes);
	if (tx && tx->note[NOTE_CONFIRMS] > 1) {
		tx->note[NOTE_CONFIRMS]--;
		return;
	}
	c->answered += c->reply.numbered;
	if (tx && tx_has(tx, TX_ORDINARY) && c->reply.numbered)
		c->subscribed = false;
	tx_set(tx, TX_REPLIED);
	if (tx && tx_has(tx, TX_EARLY) && !tx_has(tx, TX_ASKED))
		return;
	session_end(s, tx);
}

/* ---- Holes ----------------------------------------------------------------------------------- */

void session_gap(struct dissect_stream *s, enum dissect_side side)
{
	struct connection *c = session_of(s);
	struct dissect_tx *torn = side == FROM_CLIENT ? c->request.tx : c->reply.tx;

	tx_set(torn, TX_TORN);
	session_end(s, torn);
	session_end(s, c->early);
	c->lost = true;
	if (side == FROM_CLIENT)
		return;
	for (struct dissect_tx *tx = s->first, *next; tx; tx = next) {
		next = tx->next;
		if (tx != c->request.tx)
			session_end(s, tx);
	}
	c->answered = c->asked;
}
