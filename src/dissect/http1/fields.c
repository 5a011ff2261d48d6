/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a message goes into its row. How strings are kept, and what is cut, is the room http's
 * business; the masks of the fields see them as they were sent.
 */
#include "dissect/http1/exchange.h"

static_assert(HTTP1_NO_BODY == 0 && HTTP1_LENGTH == 1 && HTTP1_CHUNKED == 2 &&
		      HTTP1_UNTIL_CLOSE == 3 && HTTP1_TUNNEL == 4,
	      "the choices of http.request.framing and http.response.framing");

/* ---- Messages -------------------------------------------------------------------------------- */

static void put_headers(const struct http_keeper *k, struct field_map f,
			const struct http1_head *head)
{
	struct http_headers headers = { 0 };

	http_headers_reserve(&headers, k, head->fields);
	for (size_t i = 0; i < head->fields && i < HTTP_HEADERS_MAX; i++)
		http_headers_add(&headers, k, head->field[i].name, head->field[i].value);
	headers.cut |= head->fields > HTTP_HEADERS_MAX;
	http_headers_put(&headers, k->row, f);
}

static void put_version(struct row *row, unsigned version)
{
	if (version >= 10)
		row_put_str(row, http_version, version == 10 ? STR("1.0") : STR("1.1"));
}

void http1_fields_request(struct dissect_tx *tx, const struct http1_head *head, struct str raw)
{
	struct http_keeper k = http_keeper_of(tx, raw);
	struct http_target t =
		http_target_split(head->target, str_eq(head->method, STR("CONNECT")));

	tx->note[NOTE_MARKS] |= head->marks;
	http_put_str(&k, http_method, head->method, head->method.n);
	http_put_target(&k, &t, head->host);
	put_version(tx->row, head->version);
	put_headers(&k, http_request_headers, head);
	http_put_media(&k, http_request_content_type, head->content_type);
	row_put_enum(tx->row, http_request_framing, http1_framing(head, STR("")));
	row_put_u64(tx->row, http_request_head_bytes, raw.n);
}

void http1_fields_response(struct dissect_tx *tx, const struct http1_head *head, struct str raw,
			   enum http1_framing framing)
{
	struct http_keeper k = http_keeper_of(tx, raw);

	tx->note[NOTE_MARKS] |= head->marks;
	row_put_u64(tx->row, http_status, head->status);
	if (!ex_has(tx, EX_ASKED))
		put_version(tx->row, head->version);
	put_headers(&k, http_response_headers, head);
	http_put_media(&k, http_response_content_type, head->content_type);
	if (head->status == 101)
		http_put_media(&k, http_upgrade, head->upgrade);
	row_put_enum(tx->row, http_response_framing, framing);
	row_put_u64(tx->row, http_response_head_bytes, raw.n);
}

void http1_fields_interim(struct dissect_tx *tx, const struct http1_head *head)
{
	uint64_t *list = (uint64_t *)(uintptr_t)tx->note[NOTE_INTERIM];
	uint64_t n = tx->note[NOTE_INTERIMS];

	tx->note[NOTE_MARKS] |= head->marks;
	if (!list)
		list = arena_alloc(tx->arena, INTERIM_MAX * sizeof(*list));
	if (!list || n == INTERIM_MAX) {
		row_mark_cut(tx->row, http_interim.ref);
		return;
	}
	list[n] = head->status;
	tx->note[NOTE_INTERIM] = (uint64_t)(uintptr_t)list;
	tx->note[NOTE_INTERIMS] = n + 1;
	row_put_list_u64(tx->row, http_interim, list, n + 1);
}

void http1_fields_body(struct dissect_tx *tx, enum dissect_side side, const struct http1_body *body)
{
	bool client = side == FROM_CLIENT;

	tx->note[NOTE_MARKS] |= body->marks;
	row_put_u64(tx->row, client ? http_request_body_bytes : http_response_body_bytes,
		    body->bytes);
	if (body->framing == HTTP1_CHUNKED)
		row_put_u64(tx->row, client ? http_request_trailers : http_response_trailers,
			    body->trailers);
}

/* ---- The end --------------------------------------------------------------------------------- */

static void put_anomalies(struct dissect_tx *tx)
{
	uint64_t marks = tx->note[NOTE_MARKS];
	struct str *list;
	size_t n = 0;

	if (!marks)
		return;
	list = arena_alloc(tx->arena, (size_t)__builtin_popcountll(marks) * sizeof(*list));
	if (!list) {
		row_put_list_str(tx->row, http_anomalies, NULL, 0);
		row_mark_cut(tx->row, http_anomalies.ref);
		return;
	}
	for (unsigned mark = 0; mark < HTTP1_MARK_COUNT; mark++)
		if (marks >> mark & 1)
			list[n++] = http1_mark_name((enum http1_mark)mark);
	row_put_list_str(tx->row, http_anomalies, list, n);
}

/* A message that is missing altogether is told before one that is not whole; but behind a hole
 * nobody knows that there was no response. */
static enum http_state state_of(const struct dissect_tx *tx)
{
	if (!ex_has(tx, EX_ASKED))
		return HTTP_NO_REQUEST;
	if (ex_has(tx, EX_TORN))
		return HTTP_CUT;
	if (!ex_has(tx, EX_ANSWERED))
		return HTTP_NO_RESPONSE;
	return ex_has(tx, EX_ASKED_ALL | EX_ANSWERED_ALL) ? HTTP_COMPLETE : HTTP_CUT;
}

void http1_fields_end(struct dissect_tx *tx)
{
	put_anomalies(tx);
	row_put_enum(tx->row, http_state, state_of(tx));
}
