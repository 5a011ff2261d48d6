/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which message belongs to which exchange, and when an exchange is over. The server answers in
 * order, and says ReadyForQuery behind each answer; so each of its messages belongs to the oldest
 * open exchange. When something was not seen, a record of one half is preferred to a wrong pair:
 *
 *   - A simple query, a function call, and all messages of an extended query up to its Sync are one
 *     exchange each. It ends when it was asked and answered whole.
 *   - What the server says while nothing is open is a record of its own: at once where the protocol
 *     has it so (notices, notifications, the end of a session), else up to ReadyForQuery. If both
 *     sides were seen from their start, it waits for its request, as the capture may have seen the
 *     two directions in the wrong order.
 *   - Behind a hole in the answers, the next one belongs to the youngest request before it, because
 *     a client that does not pipeline asks again only when it was answered; else it belongs to
 *     none. Requests that waited behind a hole while their answers went by stay without them.
 */
#include "dissect/postgresql/session.h"

static const struct record_kind *postgresql_kind(void)
{
	static const struct record_kind *kind;

	if (!kind)
		kind = record_kind_by_id(KIND_POSTGRESQL);
	return kind;
}

static struct dissect_tx *open_exchange(struct dissect_stream *s, enum operation operation,
					uint32_t flags)
{
	struct connection *c = session_of(s);
	struct dissect_tx *tx = dissect_tx_open(s, postgresql_kind(), 0);
	struct exchange *x;

	if (!tx)
		return NULL;
	x = arena_alloc(tx->arena, sizeof(*x));
	if (!x) {
		dissect_tx_discard(s, tx);
		return NULL;
	}
	*x = (struct exchange){ .flags = flags, .operation = (uint8_t)operation };
	x->sequence = ++c->sequence;
	tx->note[0] = (uint64_t)(uintptr_t)x;
	return tx;
}

void exchange_end(struct dissect_stream *s, struct dissect_tx *tx)
{
	struct connection *c = session_of(s);

	for (unsigned side = 0; side < 2; side++)
		if (c->half[side].tx == tx)
			c->half[side].tx = NULL;
	if (c->building == tx)
		c->building = NULL;
	fields_end(s, tx);
	dissect_tx_commit(s, tx);
}

void exchange_end_all(struct dissect_stream *s)
{
	while (s->first)
		exchange_end(s, s->first);
}

static void end_if_over(struct dissect_stream *s, struct dissect_tx *tx)
{
	if (ex_has(tx, EX_ANSWERED_ALL) && (ex_has(tx, EX_ASKED_ALL) || ex_has(tx, EX_ALONE)))
		exchange_end(s, tx);
}

/* Those that were answered before they were asked have nothing to wait for any more. */
static void end_answered(struct dissect_stream *s)
{
	while (s->first && ex_has(s->first, EX_ANSWERED_ALL)) {
		ex_set(s->first, ex_has(s->first, EX_ASKED) ? EX_TORN : EX_ALONE);
		exchange_end(s, s->first);
	}
}

/* ---- Of the client --------------------------------------------------------------------------- */

/* Where nothing of the server is seen, old requests make room for new ones. */
static struct dissect_tx *make_room(struct dissect_stream *s, enum operation operation)
{
	struct connection *c = session_of(s);
	uint8_t server = c->half[FROM_SERVER].phase;

	if (!s->first || (server != PHASE_BEGIN && server != PHASE_RESYNC))
		return NULL;
	exchange_end(s, s->first);
	c->server_hole = true;
	return open_exchange(s, operation, EX_ASKED);
}

/* One that the server has answered before the capture saw what was asked. */
static struct dissect_tx *answered_early(struct dissect_stream *s)
{
	struct dissect_tx *tx = s->first;

	return tx && !(exchange_of(tx)->flags & (EX_ASKED | EX_ALONE | EX_ONE_WAY)) ? tx : NULL;
}

static struct dissect_tx *open_request(struct dissect_stream *s, enum operation operation)
{
	struct connection *c = session_of(s);
	struct dissect_tx *tx = answered_early(s);

	c->client_hole = false;
	if (tx) {
		ex_set(tx, EX_ASKED);
		if (exchange_of(tx)->operation == OPERATION_OTHER)
			exchange_of(tx)->operation = (uint8_t)operation;
		return tx;
	}
	if (c->shed == 0)
		tx = open_exchange(s, operation, EX_ASKED);
	if (!tx && c->shed == 0)
		tx = make_room(s, operation);
	if (!tx)
		c->shed++;
	else if (s->at_ns < c->ready_ns)
		ex_set(tx, EX_LATE);
	return tx;
}

static struct dissect_tx *extended_request(struct dissect_stream *s)
{
	struct connection *c = session_of(s);

	if (c->building || c->shed_building)
		return c->building;
	c->building = open_request(s, OPERATION_EXTENDED);
	c->shed_building = !c->building;
	if (c->building)
		ex_set(c->building, EX_EXTENDED);
	return c->building;
}

/* What is copied goes to the one whose answer asked for it; else to what was asked last. */
static struct dissect_tx *copied_request(struct dissect_stream *s)
{
	if (s->first && ex_has(s->first, EX_COPYING))
		return s->first;
	return s->last;
}

static struct dissect_tx *startup_request(struct dissect_stream *s)
{
	struct dissect_tx *tx = s->first;

	if (tx && exchange_of(tx)->operation == OPERATION_STARTUP) {
		ex_set(tx, EX_ASKED);
		return tx;
	}
	return open_request(s, OPERATION_STARTUP);
}

static struct dissect_tx *for_client(struct dissect_stream *s, enum message m)
{
	switch ((int)m) {
	case MESSAGE_STARTUP:
	case MESSAGE_SSL_REQUEST:
	case MESSAGE_GSS_REQUEST:
	case MESSAGE_PASSWORD:
	case MESSAGE_SASL_INITIAL:
	case MESSAGE_SASL_RESPONSE:
	case MESSAGE_GSS_RESPONSE:
		return startup_request(s);
	case MESSAGE_CANCEL:
		return s->first ? s->first : open_exchange(s, OPERATION_CANCEL, EX_ASKED);
	case MESSAGE_TERMINATION:
		return open_exchange(s, OPERATION_TERMINATE, EX_ASKED | EX_ONE_WAY);
	case MESSAGE_QUERY:
		return open_request(s, OPERATION_QUERY);
	case MESSAGE_FUNCTION_CALL:
		return open_request(s, OPERATION_FUNCTION);
	case MESSAGE_COPY_DATA:
	case MESSAGE_COPY_DONE:
	case MESSAGE_COPY_FAIL:
		return copied_request(s);
	default:
		return extended_request(s);
	}
}

/* ---- Of the server --------------------------------------------------------------------------- */

/* Which request an answer behind a hole belongs to. What waited behind it has the time of its own
 * frame, so that younger requests may be open already. */
static struct dissect_tx *asked_before(const struct dissect_stream *s)
{
	const struct connection *c = session_of(s);
	struct dissect_tx *last = NULL;

	if (c->client_hole || c->pipelined)
		return NULL;
	for (struct dissect_tx *tx = s->first; tx && tx->began_ns <= s->at_ns; tx = tx->next)
		last = tx;
	return last;
}

static void settle_behind_hole(struct dissect_stream *s)
{
	struct connection *c = session_of(s);
	struct dissect_tx *keep = asked_before(s);

	c->server_hole = false;
	c->shed = 0;
	c->shed_building = false;
	while (s->first && s->first != keep) {
		ex_set(s->first, EX_TORN);
		exchange_end(s, s->first);
	}
	if (keep)
		ex_set(keep, EX_TORN);
	else
		c->client_hole = true; /* the answers of those that are given up may still come */
}

/* What a server that was asked nothing seems to answer. */
static enum operation operation_of(enum message m)
{
	switch ((int)m) {
	case MESSAGE_AUTHENTICATION:
	case MESSAGE_NEGOTIATE:
	case MESSAGE_KEY_DATA:
		return OPERATION_STARTUP;
	case MESSAGE_PARSED:
	case MESSAGE_BOUND:
	case MESSAGE_CLOSED:
	case MESSAGE_PARAMETERS:
	case MESSAGE_NO_DATA:
	case MESSAGE_SUSPENDED:
		return OPERATION_EXTENDED;
	case MESSAGE_FUNCTION_RESULT:
		return OPERATION_FUNCTION;
	default:
		return OPERATION_OTHER;
	}
}

/* It may say these at any time. */
static bool is_unasked(enum message m)
{
	return m == MESSAGE_NOTICE || m == MESSAGE_NOTIFICATION || m == MESSAGE_PARAMETER_STATUS;
}

static struct dissect_tx *open_answer(struct dissect_stream *s, enum message m)
{
	struct connection *c = session_of(s);
	bool alone = !s->from_start || c->client_hole || c->half[FROM_CLIENT].phase == PHASE_BEGIN;

	if (is_unasked(m))
		return open_exchange(s, OPERATION_OTHER, EX_ONE_WAY);
	return open_exchange(s, operation_of(m), alone ? EX_ALONE : 0);
}

void exchange_answered(struct dissect_stream *s, struct dissect_tx *tx)
{
	int64_t asked_ns = exchange_of(tx)->asked_ns;

	if (ex_has(tx, EX_ANSWERED))
		return;
	ex_set(tx, EX_ANSWERED);
	if (ex_has(tx, EX_ASKED) && asked_ns && s->at_ns >= asked_ns)
		row_put_dur(tx->row, postgresql_latency, s->at_ns - asked_ns);
}

static struct dissect_tx *for_server(struct dissect_stream *s, enum message m)
{
	struct connection *c = session_of(s);
	struct dissect_tx *tx;

	if (c->server_hole)
		settle_behind_hole(s);
	end_answered(s);
	tx = s->first;
	if (!tx && c->shed == 0)
		tx = open_answer(s, m);
	if (tx && tx->next && tx->next->began_ns <= s->at_ns)
		c->pipelined = true;
	if (tx)
		exchange_answered(s, tx);
	return tx;
}

struct dissect_tx *exchange_for(struct dissect_stream *s, enum dissect_side side, enum message m)
{
	return side == FROM_CLIENT ? for_client(s, m) : for_server(s, m);
}

/* ---- Ending ---------------------------------------------------------------------------------- */

static void asked(struct dissect_stream *s, struct dissect_tx *tx)
{
	if (!tx)
		return;
	ex_set(tx, EX_ASKED_ALL);
	if (ex_has(tx, EX_LATE)) {
		ex_set(tx, EX_TORN);
		exchange_end(s, tx);
	} else {
		end_if_over(s, tx);
	}
}

static void client_over(struct dissect_stream *s, struct dissect_tx *tx, enum message m)
{
	struct connection *c = session_of(s);

	if (tx && !ex_has(tx, EX_ANSWERED))
		exchange_of(tx)->asked_ns = s->at_ns;
	switch ((int)m) {
	case MESSAGE_SYNC:
		c->building = NULL;
		c->shed_building = false;
		asked(s, tx);
		return;
	case MESSAGE_QUERY:
	case MESSAGE_FUNCTION_CALL:
	case MESSAGE_STARTUP:
	case MESSAGE_SSL_REQUEST:
	case MESSAGE_GSS_REQUEST:
	case MESSAGE_PASSWORD:
	case MESSAGE_SASL_INITIAL:
	case MESSAGE_SASL_RESPONSE:
	case MESSAGE_GSS_RESPONSE:
		asked(s, tx);
		return;
	case MESSAGE_CANCEL:
	case MESSAGE_TERMINATION:
		if (tx) {
			ex_set(tx, EX_ONE_WAY);
			if (m == MESSAGE_CANCEL)
				exchange_of(tx)->operation = OPERATION_CANCEL;
			exchange_end(s, tx);
		}
		return;
	default:
		return;
	}
}

static void answered(struct dissect_stream *s, struct dissect_tx *tx)
{
	struct connection *c = session_of(s);

	if (ex_has(tx, EX_ASKED) && s->at_ns >= tx->began_ns)
		row_put_dur(tx->row, postgresql_duration, s->at_ns - tx->began_ns);
	ex_set(tx, EX_ANSWERED_ALL);
	if (c->client_hole || ex_has(tx, EX_TORN))
		ex_set(tx, EX_ALONE);
	end_if_over(s, tx);
}

/* The server ignores what came behind an extended query that copies in, up to the end of the copy:
 * a Sync that the client sent ahead ended nothing. */
static void begin_copy(struct dissect_stream *s, struct dissect_tx *tx, enum message m)
{
	struct connection *c = session_of(s);

	if (m == MESSAGE_COPY_OUT)
		return;
	ex_set(tx, EX_COPYING);
	if (m == MESSAGE_COPY_IN && ex_has(tx, EX_EXTENDED) && !c->building && tx == s->last) {
		exchange_of(tx)->flags &= ~(uint32_t)EX_ASKED_ALL;
		c->building = tx;
	}
}

static bool is_fatal(const struct dissect_tx *tx)
{
	struct str severity = exchange_of(tx)->severity;

	return str_eq(severity, STR("FATAL")) || str_eq(severity, STR("PANIC"));
}

static void server_over(struct dissect_stream *s, struct dissect_tx *tx, enum message m)
{
	struct connection *c = session_of(s);

	if (m == MESSAGE_READY)
		c->ready_ns = s->at_ns;
	if (m == MESSAGE_READY && !tx && c->shed)
		c->shed--;
	if (!tx)
		return;
	if (m == MESSAGE_COPY_IN || m == MESSAGE_COPY_OUT || m == MESSAGE_COPY_BOTH)
		begin_copy(s, tx, m);
	if (ex_has(tx, EX_ONE_WAY)) {
		exchange_end(s, tx);
	} else if (m == MESSAGE_ERROR && is_fatal(tx)) {
		if (!ex_has(tx, EX_ASKED))
			ex_set(tx, EX_ONE_WAY);
		ex_set(tx, EX_ANSWERED_ALL);
		exchange_end(s, tx);
	} else if (m == MESSAGE_READY) {
		answered(s, tx);
	}
}

void exchange_message_over(struct dissect_stream *s, enum dissect_side side)
{
	struct half *h = &session_of(s)->half[side];
	struct dissect_tx *tx = h->tx;
	enum message m = (enum message)h->message;

	h->tx = NULL;
	s->messages++;
	if (tx) {
		exchange_of(tx)->messages[m]++;
		exchange_of(tx)->bytes[side] += h->length;
	}
	if (side == FROM_CLIENT)
		client_over(s, tx, m);
	else
		server_over(s, tx, m);
}

void exchange_hole(struct dissect_stream *s, enum dissect_side side)
{
	struct connection *c = session_of(s);
	struct half *h = &c->half[side];

	if (h->tx)
		ex_set(h->tx, EX_TORN);
	h->tx = NULL;
	if (side == FROM_SERVER) {
		c->server_hole = true;
		return;
	}
	c->client_hole = true;
	c->shed_building = false;
	if (c->building)
		ex_set(c->building, EX_TORN);
	c->building = NULL;
	if (s->first && ex_has(s->first, EX_COPYING))
		ex_set(s->first, EX_TORN);
	prepared_forget(s, STR(""));
	end_answered(s);
}
