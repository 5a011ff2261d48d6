/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies that are looked into: those of gRPC-Web, whose messages are counted and whose trailers
 * stand in the body, and requests of GraphQL where a rule opens them. All others go by unseen. What
 * is found is in the arena until the exchange ends; nothing of the bodies themselves is kept.
 */
#include "dissect/http1/exchange.h"

struct look {
	struct grpc_call *call;
	struct http_graphql *graphql;
};

static struct look *look_of(const struct dissect_tx *tx)
{
	return tx ? (struct look *)(uintptr_t)tx->note[NOTE_LOOK] : NULL;
}

static struct look *look_new(struct dissect_tx *tx)
{
	struct look *look = look_of(tx);

	if (look)
		return look;
	look = arena_alloc(tx->arena, sizeof(*look));
	if (look)
		*look = (struct look){ 0 };
	tx->note[NOTE_LOOK] = (uint64_t)(uintptr_t)look;
	return look;
}

/* ---- gRPC-Web -------------------------------------------------------------------------------- */

/* Of a side whose head did not say that it is gRPC-Web, nothing is read. */
static struct grpc_call *call_new(struct dissect_tx *tx)
{
	struct look *look = look_new(tx);

	if (!look || look->call)
		return look ? look->call : NULL;
	look->call = arena_alloc(tx->arena, sizeof(*look->call));
	if (look->call)
		*look->call =
			(struct grpc_call){ .web = true,
					    .body = { { .broken = true }, { .broken = true } } };
	return look->call;
}

static enum grpc_type type_of(const struct dissect_tx *tx, struct field_str content_type)
{
	unsigned slot = content_type.ref.slot;

	return row_has(tx->row, slot) ? grpc_type_of(tx->row->slot[slot].s) : GRPC_NONE;
}

/* The names are in small letters there. */
static void read_headers(struct dissect_tx *tx, struct grpc_call *call, enum dissect_side side)
{
	unsigned slot =
		(side == FROM_CLIENT ? http_request_headers : http_response_headers).ref.slot;
	const struct row_pair *pair = tx->row->slot[slot].list.p;

	for (size_t i = 0; row_has(tx->row, slot) && i < tx->row->slot[slot].list.n; i++)
		grpc_call_field(call, tx->arena, side, pair[i].name, pair[i].value);
}

/* Answers whether this message is one of gRPC-Web. A response in another form, such as a proxy's
 * error, is the end of a call all the same. */
static bool look_grpc(struct dissect_tx *tx, enum dissect_side side)
{
	enum grpc_type type = type_of(tx, side == FROM_CLIENT ? http_request_content_type
							      : http_response_content_type);
	bool web = type == GRPC_WEB || type == GRPC_WEB_TEXT;
	struct look *look = look_of(tx);
	struct grpc_call *call = web ? call_new(tx) : look ? look->call : NULL;

	if (!call)
		return web;
	call->body[side].type = (uint8_t)type;
	call->body[side].broken = !web;
	read_headers(tx, call, side);
	return true;
}

/* ---- Both ------------------------------------------------------------------------------------ */

void http1_look_request(struct dissect_stream *s, struct dissect_tx *tx)
{
	struct http_graphql *graphql;
	struct look *look;

	if (look_grpc(tx, FROM_CLIENT))
		return;
	graphql = http_graphql_begin(s, tx);
	look = graphql ? look_new(tx) : NULL;
	if (look)
		look->graphql = graphql;
}

void http1_look_response(struct dissect_stream *s, struct dissect_tx *tx)
{
	int64_t asked_ns = (int64_t)tx->note[NOTE_ASKED_NS];

	if (look_grpc(tx, FROM_SERVER) && look_of(tx) && look_of(tx)->call &&
	    ex_has(tx, EX_ASKED) && s->at_ns > asked_ns)
		look_of(tx)->call->first_latency_ns = s->at_ns - asked_ns;
}

uint64_t http1_look_skippable(const struct dissect_tx *tx, enum dissect_side side)
{
	const struct look *look = look_of(tx);

	if (!look)
		return UINT64_MAX;
	if (look->call)
		return grpc_body_skippable(&look->call->body[side]);
	return side == FROM_CLIENT && look->graphql && !look->graphql->done ? 0 : UINT64_MAX;
}

void http1_look_feed(struct dissect_tx *tx, enum dissect_side side, struct str in)
{
	struct look *look = look_of(tx);

	if (look->call)
		grpc_body_feed(&look->call->body[side], tx->arena, in);
	else
		(void)http_graphql_feed(look->graphql, tx->arena, in);
}

void http1_look_skip(struct dissect_tx *tx, enum dissect_side side, uint64_t n)
{
	struct look *look = look_of(tx);

	if (look && look->call)
		grpc_body_skip(&look->call->body[side], n);
}

void http1_look_torn(struct dissect_tx *tx, enum dissect_side side)
{
	struct look *look = look_of(tx);

	if (look->call)
		look->call->body[side].broken = true;
	else
		http_graphql_torn(look->graphql);
}

void http1_look_end(struct dissect_tx *tx)
{
	struct look *look = look_of(tx);

	if (look && look->graphql)
		http_graphql_end(look->graphql, tx->row);
	if (!look || !look->call)
		return;
	grpc_call_web_trailers(look->call, tx->arena);
	/* Without memory it stays what it also is. */
	(void)grpc_make_row(tx, look->call);
}
