/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of an exchange goes into its row. Fields of header blocks come one by one and are put as
 * they come; at the end it is decided whether the exchange was a gRPC call, which is told by the
 * media type or, where that was said before the capture, by what only gRPC does.
 */
#include "dissect/http2/connection.h"

/* Choices of http.request.framing and http.response.framing. */
enum { FRAMING_NONE = 0, FRAMING_FRAMES = 5 };

/* ---- Fields of a block ----------------------------------------------------------------------- */

static struct http_keeper keeper_of(const struct exchange *ex)
{
	return (struct http_keeper){ .arena = ex->tx->arena, .row = ex->tx->row };
}

static void pseudo_of_request(struct exchange *ex, const struct http_keeper *k, struct str name,
			      struct str value)
{
	const struct row *row = k->row;

	if (str_eq(name, STR(":path")) && !row_has(row, http_slot_path)) {
		struct http_target t = http_target_split(value, false);

		http_put_target(k, &t, STR(""));
	} else if (str_eq(name, STR(":method")) && !row_has(row, http_slot_method)) {
		http_put_str(k, http_method, value, value.n);
		if (str_eq(value, STR("CONNECT")))
			ex->flags |= EX_CONNECT;
	} else if (str_eq(name, STR(":authority")) && !row_has(row, http_slot_host)) {
		http_put_host(k, http_host, value);
	} else if (str_eq(name, STR(":protocol")) && !row_has(row, http_slot_upgrade)) {
		http_put_media(k, http_upgrade, value); /* RFC 8441 */
	}
}

static void pseudo_of_response(struct exchange *ex, struct str name, struct str value)
{
	uint64_t v;

	if (str_eq(name, STR(":status")) && value.n == 3 && str_to_u64(value, &v) == 0)
		ex->status = (uint16_t)v;
}

static void meaning_of(struct exchange *ex, const struct http_keeper *k, enum dissect_side side,
		       struct str name, struct str value)
{
	if (str_eq(name, STR("content-type"))) {
		ex->typed[side] = true;
		ex->type[side] = (uint8_t)grpc_type_of(value);
		http_put_media(k,
			       side == FROM_CLIENT ? http_request_content_type
						   : http_response_content_type,
			       value);
	} else if (side == FROM_CLIENT && str_eq(name, STR("host"))) {
		if (!row_has(k->row, http_slot_host))
			http_put_host(k, http_host, value);
	} else {
		grpc_call_field(&ex->call, k->arena, side, name, value);
	}
}

static struct http_headers *list_of(struct exchange *ex, enum dissect_side side, bool trailers)
{
	if (!trailers)
		return &ex->headers[side];
	return side == FROM_SERVER ? &ex->response_trailers : NULL;
}

static void keep(struct block *b, const struct http_keeper *k, struct http_headers *list,
		 struct str name, struct str value)
{
	if (!list)
		return;
	b->kept_bytes += (uint32_t)(name.n + value.n);
	if (b->kept_bytes > BLOCK_KEPT_MAX) {
		b->kept_bytes = BLOCK_KEPT_MAX;
		list->cut = true;
		return;
	}
	http_headers_add(list, k, name, value);
}

void h2_fields_one(struct dissect_stream *s, enum dissect_side side, struct str name,
		   struct str value, bool known)
{
	struct connection *c = connection_of(s);
	struct block *b = &c->half[side].block;
	struct exchange *ex = b->ex;
	struct http_keeper k;

	/* As HPACK counts; neither may be larger than nghttp2 allows, which is 64 KiB. */
	b->list_bytes += (uint32_t)(name.n + value.n + 32);
	if (b->list_bytes > BLOCK_LIST_MAX) {
		b->list_bytes = BLOCK_LIST_MAX;
		mark(c, MARK_HEADERS_LARGE);
	}
	if (!known) {
		b->unknown++;
		c->unknown++;
	}
	if (!ex)
		return;
	k = keeper_of(ex);
	if (!known) {
		struct str unknown = STR(UNKNOWN_TEXT);

		keep(b, &k, list_of(ex, side, b->trailers), unknown, value.n ? value : unknown);
		return;
	}
	if (str_starts(name, STR(":"))) {
		if (side == FROM_CLIENT && !b->trailers)
			pseudo_of_request(ex, &k, name, value);
		else if (!b->trailers)
			pseudo_of_response(ex, name, value);
		return;
	}
	meaning_of(ex, &k, side, name, value);
	keep(b, &k, list_of(ex, side, b->trailers), name, value);
}

/* ---- A block's end --------------------------------------------------------------------------- */

static void put_unknown(struct row *row, struct field_str f)
{
	if (!row_has(row, f.ref.slot))
		row_put_unknown(row, f);
}

/* All that a rule may ask of a request is in the row then. */
static void begin_graphql(struct dissect_stream *s, struct exchange *ex)
{
	if (ex->type[FROM_CLIENT] != GRPC_NONE)
		return;
	http_headers_put(&ex->headers[FROM_CLIENT], ex->tx->row, http_request_headers);
	ex->graphql = http_graphql_begin(s, ex->tx);
	ex->graphql_wants = ex->graphql != NULL;
}

/* A hole before a message's head is none in it. */
static void begins_whole(struct exchange *ex, enum dissect_side side)
{
	if (ex->any_data[side])
		return;
	ex->flags &= ~(uint32_t)(side == FROM_CLIENT ? EX_TORN_CLIENT : EX_TORN_SERVER);
	ex->call.body[side].broken = false;
}

static void request_head(struct dissect_stream *s, struct exchange *ex, const struct block *b)
{
	struct row *row = ex->tx->row;

	begins_whole(ex, FROM_CLIENT);
	ex->flags |= EX_ASKED;
	if (b->unknown) {
		put_unknown(row, http_method);
		put_unknown(row, http_host);
		if (!(ex->flags & EX_CONNECT))
			put_unknown(row, http_path);
	}
	row_put_u64(row, http_request_head_bytes, b->bytes);
	row_put_enum(row, http_request_framing, b->end_stream ? FRAMING_NONE : FRAMING_FRAMES);
	begin_graphql(s, ex);
}

static void interim_head(struct exchange *ex)
{
	struct http_headers *h = &ex->headers[FROM_SERVER];

	h->n = 0;
	h->cut = false;
	if (!ex->interim)
		ex->interim = arena_alloc(ex->tx->arena, INTERIM_MAX * sizeof(*ex->interim));
	if (ex->interim && ex->interims < INTERIM_MAX)
		ex->interim[ex->interims++] = ex->status;
	else
		row_mark_cut(ex->tx->row, http_interim.ref);
	ex->status = 0;
}

static void response_head(struct dissect_stream *s, struct exchange *ex, const struct block *b)
{
	struct row *row = ex->tx->row;

	begins_whole(ex, FROM_SERVER);
	ex->flags |= EX_ANSWERED;
	if (ex->status)
		row_put_u64(row, http_status, ex->status);
	if (ex->flags & EX_ASKED_ALL && !(ex->flags & EX_TORN) && s->at_ns >= ex->tx->marked_ns)
		row_put_dur(row, http_latency, s->at_ns - ex->tx->marked_ns);
	if (ex->flags & EX_ASKED && s->at_ns >= ex->tx->began_ns)
		ex->call.first_latency_ns = s->at_ns - ex->tx->began_ns;
	row_put_u64(row, http_response_head_bytes, b->bytes);
	row_put_enum(row, http_response_framing, b->end_stream ? FRAMING_NONE : FRAMING_FRAMES);
}

/* What ends a stream of which no request was seen, and has no :status, is no head: it stood before
 * the capture. */
static bool is_late_trailers(const struct exchange *ex, const struct block *b)
{
	return b->end_stream && !(ex->flags & EX_ASKED) && ex->status == 0;
}

static void trailers_over(struct exchange *ex, enum dissect_side side, const struct http_headers *h)
{
	ex->trailers[side] += h ? h->n : 0;
}

void h2_fields_block_over(struct dissect_stream *s, enum dissect_side side)
{
	struct block *b = &connection_of(s)->half[side].block;
	struct exchange *ex = b->ex;

	ex->unknown += b->unknown;
	if (b->trailers) {
		trailers_over(ex, side, list_of(ex, side, true));
	} else if (side == FROM_CLIENT) {
		request_head(s, ex, b);
	} else if (ex->status >= 100 && ex->status < 200 && !b->end_stream) {
		interim_head(ex);
	} else if (is_late_trailers(ex, b)) {
		ex->response_trailers = ex->headers[side];
		ex->headers[side] = (struct http_headers){ 0 };
		ex->flags |= EX_ANSWERED;
		trailers_over(ex, side, &ex->response_trailers);
	} else {
		response_head(s, ex, b);
	}
}

/* ---- Content --------------------------------------------------------------------------------- */

/* Of which framing the body is, as far as it is told. Where it was said before the capture, it is
 * read as if it were gRPC: what is not, breaks. */
static enum grpc_type type_of(const struct exchange *ex, enum dissect_side side)
{
	if (ex->typed[side])
		return (enum grpc_type)ex->type[side];
	if (ex->typed[!side])
		return (enum grpc_type)ex->type[!side];
	return ex->unknown || !(ex->flags & EX_ASKED) ? GRPC_PLAIN : GRPC_NONE;
}

void h2_fields_data(struct exchange *ex, enum dissect_side side, struct str in)
{
	struct grpc_body *body = &ex->call.body[side];

	if (!ex->any_data[side]) {
		enum grpc_type type = type_of(ex, side);

		ex->any_data[side] = true;
		body->type = (uint8_t)type;
		body->broken |= type == GRPC_NONE;
	}
	ex->body_bytes[side] += in.n;
	if (side == FROM_CLIENT && ex->graphql_wants)
		ex->graphql_wants = http_graphql_feed(ex->graphql, ex->tx->arena, in);
	grpc_body_feed(body, ex->tx->arena, in);
}

uint64_t h2_fields_data_skippable(const struct exchange *ex, enum dissect_side side)
{
	if (side == FROM_CLIENT && ex->graphql_wants)
		return 0;
	return ex->any_data[side] ? grpc_body_skippable(&ex->call.body[side]) : 0;
}

void h2_fields_data_skipped(struct exchange *ex, enum dissect_side side, uint64_t n)
{
	ex->body_bytes[side] += n;
	grpc_body_skip(&ex->call.body[side], n);
}

/* ---- The end --------------------------------------------------------------------------------- */

static enum http_state state_of(const struct exchange *ex)
{
	const uint32_t all = EX_ASKED_ALL | EX_ANSWERED_ALL;

	if (!(ex->flags & EX_ASKED))
		return HTTP_NO_REQUEST;
	if (ex->flags & EX_TORN)
		return HTTP_CUT;
	if (!(ex->flags & EX_ANSWERED))
		return HTTP_NO_RESPONSE;
	return (ex->flags & all) == all && !(ex->flags & EX_RESET) ? HTTP_COMPLETE : HTTP_CUT;
}

static void put_half(struct exchange *ex, enum dissect_side side)
{
	struct row *row = ex->tx->row;
	bool client = side == FROM_CLIENT;

	http_headers_put(&ex->headers[side], row,
			 client ? http_request_headers : http_response_headers);
	if (!(ex->flags & (client ? EX_ASKED : EX_ANSWERED)) && !ex->any_data[side])
		return;
	row_put_u64(row, client ? http_request_body_bytes : http_response_body_bytes,
		    ex->body_bytes[side]);
	if (ex->trailers[side])
		row_put_u64(row, client ? http_request_trailers : http_response_trailers,
			    ex->trailers[side]);
}

static void mark_unknown(struct row *row, struct field_map f)
{
	if (row_has(row, f.ref.slot))
		row_mark_unknown(row, f.ref);
}

static void put_ends(struct exchange *ex)
{
	struct row *row = ex->tx->row;

	put_half(ex, FROM_CLIENT);
	put_half(ex, FROM_SERVER);
	if (ex->interims)
		row_put_list_u64(row, http_interim, ex->interim, ex->interims);
	if (ex->flags & EX_RESET) {
		row_put_str(row, http_reset, h2_report_error_name(ex->reset));
		row_put_bool(row, http_reset_by_server, ex->flags & EX_RESET_BY_SERVER);
	}
	if (ex->unknown) {
		row_put_u64(row, http_unknown_headers, ex->unknown);
		mark_unknown(row, http_request_headers);
		mark_unknown(row, http_response_headers);
	}
	row_put_enum(row, http_state, state_of(ex));
}

/* What came of this body is messages of gRPC and nothing else. */
static bool may_be_messages(const struct exchange *ex, enum dissect_side side)
{
	uint32_t torn = side == FROM_CLIENT ? EX_TORN_CLIENT : EX_TORN_SERVER;

	return !ex->any_data[side] || ex->flags & torn || grpc_body_is_whole(&ex->call.body[side]);
}

/* It is, to its end, and there are some: a length of four bytes fits by no accident. */
static bool is_messages(const struct exchange *ex, enum dissect_side side)
{
	uint32_t all = side == FROM_CLIENT ? EX_ASKED_ALL : EX_ANSWERED_ALL;
	const struct grpc_body *body = &ex->call.body[side];

	return ex->flags & all && body->messages && grpc_body_is_whole(body);
}

static bool is_grpc(const struct exchange *ex)
{
	if (ex->type[FROM_CLIENT] || ex->type[FROM_SERVER] || ex->call.marks_grpc)
		return true;
	if (ex->typed[FROM_CLIENT] || ex->typed[FROM_SERVER] || ex->unknown == 0)
		return false;
	return may_be_messages(ex, FROM_CLIENT) && may_be_messages(ex, FROM_SERVER) &&
	       (is_messages(ex, FROM_CLIENT) || is_messages(ex, FROM_SERVER));
}

static void put_call(struct exchange *ex)
{
	struct grpc_call *call = &ex->call;

	call->web = ex->type[FROM_CLIENT] > GRPC_PLAIN || ex->type[FROM_SERVER] > GRPC_PLAIN;
	call->trailer = ex->response_trailers.pair;
	call->trailers = ex->response_trailers.n;
	call->trailers_cut = ex->response_trailers.cut;
	if (call->web)
		grpc_call_web_trailers(call, ex->tx->arena);
	if (grpc_make_row(ex->tx, call) == 0 && ex->unknown)
		mark_unknown(ex->tx->row, grpc_response_trailers);
}

void h2_fields_end(struct exchange *ex)
{
	put_ends(ex);
	if (ex->graphql)
		http_graphql_end(ex->graphql, ex->tx->row);
	if (is_grpc(ex))
		put_call(ex);
}
