/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: what messages of any HTTP version have in common on their way into a row: strings kept in
 * the exchange's arena and cut where nothing half-known remains, a target split into its parts,
 * header fields gathered into maps, gRPC as it is told by them, and the operation that a GraphQL
 * request names. How a version frames its messages is its dissector's business: it says when a head
 * is in the row (http_graphql_begin, grpc_call_field), shows the content that these ask for, and
 * says when a message is over.
 */
#ifndef REDOUBT_HTTP_H
#define REDOUBT_HTTP_H

#include "base/base.h"
#include "dissect/dissect.h"
#include "http/graphql.h"
#include "http/grpc.h"
#include "record/record.h"

/* Limit: bytes copied in one piece; a block of the arena, less its header, holds them. */
#define HTTP_KEEP_MAX 3584
/* Limit: a header name; longer ones are no name that anybody uses, and are left out. */
#define HTTP_NAME_MAX  256
#define HTTP_HOST_MAX  512
#define HTTP_MEDIA_MAX 128
/* Limit: header fields kept of one message. */
#define HTTP_HEADERS_MAX 64

/* ---- Keeping strings ------------------------------------------------------------------------- */

/* Puts borrowed strings into a row, copied into its arena. Where a version has its whole head in
 * one piece, that is `raw`, which is copied once: strings within it cost no further copy, and
 * strings outside it are taken for constants of ours. Where raw is empty each string is copied. */
struct http_keeper {
	struct arena *arena;
	struct row *row;
	struct str raw;
	const char *copy; /* of all of raw, or NULL */
};

struct http_keeper http_keeper_of(struct dissect_tx *tx, struct str raw);
/* s as it lies in the arena; false when there is no room. */
bool http_keep(const struct http_keeper *k, struct str s, struct str *out);
/* Puts s, of which `whole` bytes were there; what lacks is marked as cut. */
void http_put_str(const struct http_keeper *k, struct field_str f, struct str s, size_t whole);
/* At most max bytes of s, left out when empty. */
void http_put_some(const struct http_keeper *k, struct field_str f, struct str s, size_t max);
/* A Host, :authority or authority of a target, without "user:password@". */
void http_put_host(const struct http_keeper *k, struct field_str f, struct str s);
/* type/subtype of a Content-Type, or the first product of Upgrade. */
void http_put_media(const struct http_keeper *k, struct field_str f, struct str s);
struct str http_media_part(struct str s);

/* ---- Targets --------------------------------------------------------------------------------- */

struct http_target {
	struct str authority, path, query;
	bool has_path, has_query;
};

/* The four forms of RFC 9112 §3.2; :path of HTTP/2 is one of them. The fragment, which has no
 * business here, is dropped, and so is "user:password@". */
struct http_target http_target_split(struct str target, bool connect);
/* Into http.path, http.query and http.host; `host` is the Host header or :authority, for where the
 * target has none. A row of the kind http only. */
void http_put_target(const struct http_keeper *k, const struct http_target *t, struct str host);

/* ---- Header fields --------------------------------------------------------------------------- */

/* Fields of one message, gathered one by one. Zeroed it is empty. */
struct http_headers {
	struct row_pair *pair; /* in the arena */
	unsigned n, room;
	bool cut;
};

/* Memory for n fields at once, where they are known beforehand. */
void http_headers_reserve(struct http_headers *h, const struct http_keeper *k, size_t n);
/* Name and value are borrowed for the call. Names are kept in small letters, as HTTP/2 has them:
 * they are the same in any case (RFC 9110 §5.1). What is beyond HTTP_HEADERS_MAX, or finds no
 * memory, marks the map as cut. For a value that is not known pass UNKNOWN_TEXT. */
void http_headers_add(struct http_headers *h, const struct http_keeper *k, struct str name,
		      struct str value);
/* Nothing when nothing was added. May be called again when more was. */
void http_headers_put(const struct http_headers *h, struct row *row, struct field_map f);

#endif
