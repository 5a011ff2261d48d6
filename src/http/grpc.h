/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC over any HTTP version: message framing and the meaning of its headers and trailers, as a row
 * of the kind grpc has them (gRPC over HTTP/2 protocol; gRPC-Web protocol). A dissector fills the
 * row of an exchange as for HTTP and tells a struct grpc_call about it on the way; at the end one
 * call makes a row of the kind grpc from both. Content of messages is never looked at.
 */
#ifndef REDOUBT_HTTP_GRPC_H
#define REDOUBT_HTTP_GRPC_H

#include "base/base.h"
#include "dissect/dissect.h"
#include "record/record.h"

enum grpc_type { GRPC_NONE, GRPC_PLAIN, GRPC_WEB, GRPC_WEB_TEXT };

/* By a Content-Type: application/grpc, application/grpc-web or application/grpc-web-text, each with
 * what may follow (+proto, ;charset). */
enum grpc_type grpc_type_of(struct str content_type);

/* Limit: bytes kept of the trailers of gRPC-Web. */
#define GRPC_TRAILER_MAX 512

/* ---- Messages of one direction --------------------------------------------------------------- */

/*
 * The body of one direction: any number of
 *   flags u8 (1 compressed, 128 trailers of gRPC-Web) | length u32 | message
 * over any split of the bytes. Zeroed it is a plain gRPC body.
 */
struct grpc_body {
	uint64_t messages, bytes, compressed; /* of whole messages */
	uint32_t left;                        /* bytes of the current message still to come */
	uint32_t length;                      /* its length */
	uint8_t type;                         /* enum grpc_type */
	uint8_t have;                         /* bytes of the prefix */
	uint8_t prefix[5];
	bool broken;       /* not gRPC, or a hole: nothing is told any more */
	bool fed;          /* any byte came */
	uint8_t quantum_n; /* of base64: characters of the current four */
	uint32_t quantum;
	uint16_t trailer_n;
	bool trailer_cut;
	char *trailer; /* of gRPC-Web, in the arena, GRPC_TRAILER_MAX */
};

/* Reads bytes of a body; arena is for the trailers of gRPC-Web (may be NULL for GRPC_PLAIN). */
void grpc_body_feed(struct grpc_body *b, struct arena *arena, struct str in);
/* How many of the next bytes of the body need not be fed but may be told by grpc_body_skip(). */
uint64_t grpc_body_skippable(const struct grpc_body *b);
/* n <= grpc_body_skippable() bytes went by. */
void grpc_body_skip(struct grpc_body *b, uint64_t n);
/* It stands between two messages, and all before was gRPC. */
bool grpc_body_is_whole(const struct grpc_body *b);

/* ---- A call ---------------------------------------------------------------------------------- */

struct grpc_call {
	struct grpc_body body[2]; /* by enum dissect_side */
	struct str encoding[2];   /* in the arena */
	struct row_pair *trailer; /* of the response, in the arena */
	unsigned trailers;
	bool trailers_cut;
	int64_t timeout_ns;
	int64_t first_latency_ns; /* from the first header of the request to that of the response,
				   * 0 where not known: the latency of a streaming call */
	uint32_t status;
	bool has_status, has_timeout;
	bool marks_grpc; /* a header or trailer that only gRPC has was seen */
	bool web;
};

/* One header or trailer field of the given side; takes what it knows and copies it into the arena.
 * Names in small letters. */
void grpc_call_field(struct grpc_call *c, struct arena *arena, enum dissect_side side,
		     struct str name, struct str value);
/* Reads the trailers that gRPC-Web has in its body, at the end of the response: each goes to
 * grpc_call_field() and to the call's trailers. */
void grpc_call_web_trailers(struct grpc_call *c, struct arena *arena);

/* Replaces tx->row, of the kind http and filled, by a row of the kind grpc that says the same, and
 * adds what the call knows: service and method from http.path, status, messages, streaming.
 * Returns 0, or -ENOBUFS when the arena is full, and the row stays what it is. */
[[nodiscard]] int grpc_make_row(struct dissect_tx *tx, const struct grpc_call *c);

/* Name of a status code, such as NOT_FOUND; empty above 16. */
struct str grpc_name_of_status(uint32_t status);
/* grpc-timeout: at most 8 digits and one of H M S m u n; 0 or -EINVAL. */
[[nodiscard]] int grpc_timeout_parse(struct str s, int64_t *out_ns);

#endif
