/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which response answers which request, and when an exchange is over. HTTP/1 pairs by order alone,
 * so that each lost message could shift all later ones; the rules below say what is kept together
 * when something was not seen, and prefer a record of one half to a wrong pair.
 *
 *   - An exchange ends when both messages are complete. A final response that comes before the end
 *     of its request (413, streaming) therefore waits for the request's body, which no younger
 *     request can overtake.
 *   - A response without a request waits for it, as the capture may have seen the two directions in
 *     the wrong order; but only one waits, and none does behind a hole or before the first request
 *     of a connection that was joined in the middle.
 *   - Behind a hole in the responses, the next one belongs to the youngest request, because a
 *     client that does not pipeline asks again only when it was answered. Where the client does
 *     pipeline, or has a hole itself, it belongs to none.
 */
#include "dissect/http1/exchange.h"

static const struct record_kind *http_kind(void)
{
	static const struct record_kind *kind;

	if (!kind)
		kind = record_kind_by_id(KIND_HTTP);
	return kind;
}

static struct dissect_tx *open_exchange(struct dissect_stream *s)
{
	struct connection *c = connection_of(s);
	struct dissect_tx *tx = dissect_tx_open(s, http_kind(), 0);

	c->sequence++;
	if (tx)
		row_put_u64(tx->row, http_sequence, c->sequence);
	return tx;
}

/* ---- Requests without memory ----------------------------------------------------------------- */

/* They still take their place in the order: while some are unanswered no younger one is recorded,
 * so that all recorded ones are older than all shed ones. */
static int shed_push(struct connection *c, uint64_t flags)
{
	uint64_t bits = (flags & EX_HEAD ? 1u : 0u) | (flags & EX_CONNECT ? 2u : 0u);

	if (c->shed == SHED_MAX)
		return -ENOBUFS;
	c->shed_flags |= bits << (2 * c->shed);
	c->shed++;
	return 0;
}

static uint64_t shed_flags(const struct connection *c)
{
	return (c->shed_flags & 1 ? EX_HEAD : 0u) | (c->shed_flags & 2 ? EX_CONNECT : 0u);
}

static void shed_pop(struct connection *c)
{
	c->shed_flags >>= 2;
	c->shed--;
}

/* ---- Pairing --------------------------------------------------------------------------------- */

static uint64_t method_flags(struct str method)
{
	if (str_eq(method, STR("HEAD")))
		return EX_HEAD;
	return str_eq(method, STR("CONNECT")) ? EX_CONNECT : 0;
}

static struct str method_of(uint64_t flags)
{
	if (flags & EX_HEAD)
		return STR("HEAD");
	return flags & EX_CONNECT ? STR("CONNECT") : STR("");
}

/* The oldest exchange that has none of these flags. */
static struct dissect_tx *oldest_without(const struct dissect_stream *s, uint64_t flags)
{
	struct dissect_tx *tx = s->first;

	while (tx && (tx->note[NOTE_FLAGS] & flags))
		tx = tx->next;
	return tx;
}

/* Where nothing of the server is seen, old requests make room for new ones. */
static struct dissect_tx *open_for_request(struct dissect_stream *s)
{
	struct connection *c = connection_of(s);
	enum phase server = c->half[FROM_SERVER].phase;
	struct dissect_tx *tx = open_exchange(s);

	if (tx || !s->first || (server != PHASE_START && server != PHASE_RESYNC))
		return tx;
	http1_exchange_end(s, s->first);
	c->server_hole = true;
	c->sequence--;
	return open_exchange(s);
}

int http1_exchange_request(struct dissect_stream *s, const struct http1_head *head,
			   struct dissect_tx **out)
{
	struct connection *c = connection_of(s);
	uint64_t flags = method_flags(head->method);
	struct dissect_tx *tx = NULL;

	c->client_hole = false;
	if (c->early) {
		tx = oldest_without(s, EX_ASKED | EX_ALONE);
		c->early--;
	} else if (c->shed == 0) {
		tx = open_for_request(s);
	} else {
		c->sequence++;
	}
	*out = tx;
	if (!tx)
		return shed_push(c, flags);
	ex_set(tx, EX_ASKED | flags);
	tx->note[NOTE_ASKED_NS] = (uint64_t)s->at_ns;
	return 0;
}

static void settle_behind_hole(struct dissect_stream *s)
{
	struct connection *c = connection_of(s);
	struct dissect_tx *keep = c->client_hole || c->pipelined ? NULL : s->last;
	struct dissect_tx *next;

	c->server_hole = false;
	c->shed = 0;
	c->shed_flags = 0;
	for (struct dissect_tx *tx = s->first; tx; tx = next) {
		next = tx->next;
		if (tx == keep || ex_has(tx, EX_ANSWERED))
			continue;
		ex_set(tx, EX_TORN);
		http1_exchange_end(s, tx);
	}
}

static struct dissect_tx *open_for_response(struct dissect_stream *s, bool behind_hole)
{
	struct connection *c = connection_of(s);
	struct dissect_tx *tx;

	if (c->early) {
		http1_exchange_stop_waiting(s);
		c->client_hole = true; /* requests are sent, but not seen */
	}
	tx = open_exchange(s);
	if (!tx)
		return NULL;
	if (behind_hole || c->client_hole || (!s->from_start && c->sequence == 1))
		ex_set(tx, EX_ALONE);
	else
		c->early++;
	return tx;
}

struct dissect_tx *http1_exchange_response(struct dissect_stream *s, bool interim,
					   struct str *method)
{
	struct connection *c = connection_of(s);
	bool behind_hole = c->server_hole;
	struct dissect_tx *tx;

	*method = STR("");
	if (behind_hole)
		settle_behind_hole(s);
	tx = oldest_without(s, EX_ANSWERED);
	if (!tx && c->shed > 0) {
		*method = method_of(shed_flags(c));
		if (!interim)
			shed_pop(c);
		return NULL;
	}
	if (!tx)
		tx = open_for_response(s, behind_hole);
	if (!tx)
		return NULL;
	if (tx->next)
		c->pipelined = true;
	*method = method_of(tx->note[NOTE_FLAGS]);
	if (!interim)
		ex_set(tx, EX_ANSWERED);
	return tx;
}

/* ---- Ending ---------------------------------------------------------------------------------- */

/* The side is in no message any more. */
static struct dissect_tx *detach(struct dissect_stream *s, enum dissect_side side)
{
	struct half *h = &connection_of(s)->half[side];
	struct dissect_tx *tx = h->tx;

	h->tx = NULL;
	if (tx)
		http1_fields_body(tx, side, &h->body);
	return tx;
}

static void request_over(struct dissect_stream *s, struct dissect_tx *tx)
{
	ex_set(tx, EX_ASKED_ALL);
	tx->marked_ns = s->at_ns;
}

static void response_over(struct dissect_stream *s, struct dissect_tx *tx)
{
	int64_t asked_ns = (int64_t)tx->note[NOTE_ASKED_NS];

	ex_set(tx, EX_ANSWERED_ALL);
	if (ex_has(tx, EX_ASKED) && s->at_ns >= asked_ns)
		row_put_dur(tx->row, http_duration, s->at_ns - asked_ns);
}

static void end_if_over(struct dissect_stream *s, struct dissect_tx *tx)
{
	if (ex_has(tx, EX_ANSWERED_ALL) && (ex_has(tx, EX_ASKED_ALL) || ex_has(tx, EX_ALONE)))
		http1_exchange_end(s, tx);
}

void http1_exchange_part_over(struct dissect_stream *s, enum dissect_side side)
{
	struct dissect_tx *tx = detach(s, side);

	if (!tx)
		return;
	if (side == FROM_CLIENT)
		request_over(s, tx);
	else
		response_over(s, tx);
	end_if_over(s, tx);
}

void http1_exchange_part_torn(struct dissect_stream *s, enum dissect_side side)
{
	struct dissect_tx *tx = detach(s, side);

	if (!tx)
		return;
	ex_set(tx, side == FROM_CLIENT ? EX_TORN | EX_ASKED_ALL : EX_TORN | EX_ANSWERED_ALL);
	end_if_over(s, tx);
}

void http1_exchange_stop_waiting(struct dissect_stream *s)
{
	struct connection *c = connection_of(s);
	struct dissect_tx *next;

	if (c->early == 0)
		return;
	c->early = 0;
	for (struct dissect_tx *tx = s->first; tx; tx = next) {
		next = tx->next;
		if (ex_has(tx, EX_ASKED))
			continue;
		ex_set(tx, EX_ALONE);
		end_if_over(s, tx);
	}
}

void http1_exchange_end(struct dissect_stream *s, struct dissect_tx *tx)
{
	struct connection *c = connection_of(s);

	if (c->half[FROM_CLIENT].tx == tx)
		(void)detach(s, FROM_CLIENT);
	if (c->half[FROM_SERVER].tx == tx)
		(void)detach(s, FROM_SERVER);
	if (!(tx->note[NOTE_FLAGS] & (EX_ASKED | EX_ALONE)))
		c->early--;
	http1_fields_end(tx);
	http1_look_end(tx);
	dissect_tx_commit(s, tx);
}
