/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which exchange a frame belongs to, and when one is over. Streams say it by their number, so that
 * pairing needs no rule; what needs some is what was not seen:
 *
 *   - A request opens an exchange. A response or DATA without one opens one only where the request
 *     may have been before the capture, in a hole or in HTTP/1.1: not for a stream that is over.
 *   - Where a connection is full, its oldest exchange makes room if nobody can say that it goes on:
 *     it was answered, or torn by a hole, or nothing of the server is seen.
 */
#include "dissect/http2/connection.h"

/* As many buckets as make, with the heap's own head, a piece of a kilobyte. */
#define BUCKETS 126

/* ---- The table of streams -------------------------------------------------------------------- */

static void make_table(struct dissect_stream *s)
{
	struct connection *c = connection_of(s);

	c->bucket = heap_alloc(s->heap, BUCKETS * sizeof(struct exchange *));
	c->buckets = BUCKETS;
	if (!c->bucket) {
		c->bucket = &c->only;
		c->buckets = 1;
	}
	memset(c->bucket, 0, c->buckets * sizeof(struct exchange *));
}

static struct exchange **bucket_of(const struct connection *c, uint32_t id)
{
	return &c->bucket[hash_mix(id, 0) % c->buckets];
}

struct exchange *h2_exchange_find(struct dissect_stream *s, uint32_t id)
{
	const struct connection *c = connection_of(s);
	struct exchange *ex = c->bucket ? *bucket_of(c, id) : NULL;

	while (ex && ex->tx->key != id)
		ex = ex->chain;
	return ex;
}

static void unlink_exchange(struct connection *c, struct exchange *ex)
{
	struct exchange **at = bucket_of(c, (uint32_t)ex->tx->key);

	while (*at != ex)
		at = &(*at)->chain;
	*at = ex->chain;
	for (unsigned side = 0; side < 2; side++) {
		if (c->half[side].ex == ex)
			c->half[side].ex = NULL;
		if (c->half[side].block.ex == ex)
			c->half[side].block.ex = NULL;
	}
}

/* ---- Opening and ending ---------------------------------------------------------------------- */

static void set_waiting(struct connection *c, struct exchange *ex, bool waits)
{
	if (waits == !!(ex->flags & EX_WAITS))
		return;
	ex->flags ^= EX_WAITS;
	c->waiting = (uint16_t)(waits ? c->waiting + 1 : c->waiting - 1);
}

static void exchange_end(struct dissect_stream *s, struct exchange *ex)
{
	struct connection *c = connection_of(s);
	struct dissect_tx *tx = ex->tx;

	if (!(ex->flags & EX_ASKED) || (ex->flags & EX_TORN)) {
		c->closed[c->closed_next] = (uint32_t)tx->key;
		c->closed_next = (uint8_t)((c->closed_next + 1) % CLOSED_KEPT);
	}
	if ((ex->flags & (EX_ASKED | EX_ANSWERED)) == EX_ANSWERED && tx->key == 1 &&
	    c->from_start && c->half[FROM_CLIENT].phase > PHASE_PREFACE &&
	    !c->half[FROM_CLIENT].hole)
		c->upgraded = true;
	set_waiting(c, ex, false);
	unlink_exchange(c, ex);
	h2_fields_end(ex);
	c->exchanges++;
	dissect_tx_commit(s, tx);
}

/* Makes room; false when all that is open may go on. */
static bool end_oldest(struct dissect_stream *s)
{
	const struct connection *c = connection_of(s);
	struct exchange *oldest = s->first ? exchange_of_tx(s->first) : NULL;

	if (!oldest || (!(oldest->flags & (EX_ANSWERED_ALL | EX_TORN)) &&
			c->half[FROM_SERVER].phase != PHASE_START))
		return false;
	exchange_end(s, oldest);
	return true;
}

static struct exchange *open_exchange(struct dissect_stream *s, uint32_t id)
{
	static const struct record_kind *kind;
	struct connection *c = connection_of(s);
	struct dissect_tx *tx;
	struct exchange *ex;

	if (!kind)
		kind = record_kind_by_id(KIND_HTTP);
	if (!c->bucket)
		make_table(s);
	if (s->open >= DISSECT_OPEN_MAX)
		(void)end_oldest(s);
	tx = dissect_tx_open(s, kind, id);
	if (!tx && end_oldest(s))
		tx = dissect_tx_open(s, kind, id);
	ex = tx ? arena_alloc(tx->arena, sizeof(*ex)) : NULL;
	if (!ex) {
		if (tx)
			dissect_tx_discard(s, tx);
		c->shed++;
		return NULL;
	}
	*ex = (struct exchange){ .tx = tx, .chain = *bucket_of(c, id) };
	*bucket_of(c, id) = ex;
	tx->note[0] = (uintptr_t)ex;
	row_put_u64(tx->row, http_stream, id);
	row_put_u64(tx->row, http_sequence, c->exchanges + s->open);
	row_put_str(tx->row, http_version, STR("2"));
	return ex;
}

/* ---- Requests that may come late ------------------------------------------------------------- */

/* Where the directions were captured in the wrong order, a request may come after its response. */
static bool request_may_come(struct dissect_stream *s, const struct exchange *ex)
{
	const struct connection *c = connection_of(s);

	return c->half[FROM_CLIENT].phase != PHASE_START && ex->tx->key > c->last_request &&
	       (ex->tx->key != 1 || !c->from_start);
}

static bool is_over(struct dissect_stream *s, const struct exchange *ex)
{
	if (!(ex->flags & EX_ANSWERED_ALL))
		return false;
	if (ex->flags & EX_ASKED)
		return ex->flags & (EX_ASKED_ALL | EX_TORN_CLIENT);
	return !request_may_come(s, ex);
}

/* Ids grow: those below the one that came will not come. */
static void stop_waiting(struct dissect_stream *s, uint32_t id)
{
	struct dissect_tx *next;

	for (struct dissect_tx *tx = s->first; tx; tx = next) {
		next = tx->next;
		if (tx->key < id && (exchange_of_tx(tx)->flags & EX_WAITS))
			exchange_end(s, exchange_of_tx(tx));
	}
}

/* ---- Whose frame ----------------------------------------------------------------------------- */

static bool was_closed(const struct connection *c, uint32_t id)
{
	for (unsigned i = 0; i < CLOSED_KEPT; i++)
		if (c->closed[i] == id)
			return true;
	return false;
}

/* May its request have been where we did not see it? */
static bool may_be_unseen(struct dissect_stream *s, enum dissect_side side, uint32_t id,
			  bool headers)
{
	const struct connection *c = connection_of(s);

	if (c->first_request && id >= c->first_request && id <= c->last_request)
		return false;
	if (was_closed(c, id))
		return false;
	if (!c->from_start || c->half[FROM_CLIENT].hole || c->half[side].hole)
		return true;
	return side == FROM_SERVER && headers;
}

struct exchange *h2_exchange_of(struct dissect_stream *s, enum dissect_side side, uint32_t id,
				bool headers)
{
	struct connection *c = connection_of(s);
	struct exchange *ex = h2_exchange_find(s, id);
	bool request = side == FROM_CLIENT && headers && id > c->last_request;

	if (id % 2 == 0)
		return NULL; /* pushed */
	if (request) {
		if (unlikely(c->waiting))
			stop_waiting(s, id);
		if (ex)
			set_waiting(c, ex, false);
		c->last_request = id;
		if (!c->first_request)
			c->first_request = id;
	}
	if (!ex && (request || may_be_unseen(s, side, id, headers)))
		ex = open_exchange(s, id);
	return ex;
}

/* ---- The end --------------------------------------------------------------------------------- */

void h2_exchange_side_over(struct dissect_stream *s, struct exchange *ex, enum dissect_side side)
{
	if (side == FROM_CLIENT) {
		ex->flags |= EX_ASKED_ALL;
		ex->tx->marked_ns = s->at_ns;
	} else {
		ex->flags |= EX_ANSWERED_ALL;
		if (ex->flags & EX_ASKED && s->at_ns >= ex->tx->began_ns)
			row_put_dur(ex->tx->row, http_duration, s->at_ns - ex->tx->began_ns);
	}
	if (is_over(s, ex))
		exchange_end(s, ex);
	else if (!(ex->flags & EX_ASKED) && ex->flags & EX_ANSWERED_ALL)
		set_waiting(connection_of(s), ex, true);
}

/* A server that has answered may so tell the client to stop sending, and all is well (RFC 9113
 * §8.1). */
void h2_exchange_reset(struct dissect_stream *s, enum dissect_side side, uint32_t id, uint32_t code)
{
	struct connection *c = connection_of(s);
	struct exchange *ex = h2_exchange_find(s, id);

	c->resets[side]++;
	if (side == FROM_CLIENT && (!ex || !(ex->flags & EX_ANSWERED)))
		h2_report_rate(s, RATE_RAPID_RESET);
	if (!ex)
		return;
	if (side == FROM_SERVER && code == NGHTTP2_NO_ERROR && ex->flags & EX_ANSWERED_ALL) {
		ex->flags |= EX_ASKED_ALL;
	} else {
		ex->flags |= EX_RESET | (side == FROM_SERVER ? EX_RESET_BY_SERVER : 0U);
		ex->reset = code;
	}
	exchange_end(s, ex);
}

void h2_exchange_all_torn(struct dissect_stream *s, enum dissect_side side)
{
	uint32_t all = side == FROM_CLIENT ? EX_ASKED_ALL : EX_ANSWERED_ALL;
	struct dissect_tx *next;

	for (struct dissect_tx *tx = s->first; tx; tx = next) {
		struct exchange *ex = exchange_of_tx(tx);

		next = tx->next;
		if (ex->flags & all)
			continue;
		ex->flags |= side == FROM_CLIENT ? EX_TORN_CLIENT : EX_TORN_SERVER;
		ex->call.body[side].broken = true;
		if (side == FROM_CLIENT && ex->graphql)
			http_graphql_torn(ex->graphql);
		if (is_over(s, ex))
			exchange_end(s, ex);
	}
}

void h2_exchange_end_all(struct dissect_stream *s)
{
	while (s->first)
		exchange_end(s, exchange_of_tx(s->first));
}
