/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange: what the files of this dissector share. An exchange is one open transaction, a request
 * and its response; a half is what one side of the connection is at. http1.c walks the bytes,
 * exchange.c pairs and ends, fields.c fills the row, look.c reads those bodies that say more,
 * resync.c finds the next message behind a hole.
 */
#ifndef REDOUBT_DISSECT_HTTP1_EXCHANGE_H
#define REDOUBT_DISSECT_HTTP1_EXCHANGE_H

#include "dissect/dissect.h"
#include "http/http.h"
#include "http1/http1.h"
#include "record/record.h"

/* Limit: interim statuses kept of one exchange. */
#define INTERIM_MAX 16
/* Limit: requests in a row that found no memory and still are paired; beyond, the stream ends. */
#define SHED_MAX 32

/* ---- One exchange: dissect_tx.note[] --------------------------------------------------------- */

enum {
	NOTE_FLAGS, /* EX_ bits */
	NOTE_MARKS, /* HTTP1_BIT()s of all its heads and bodies */
	NOTE_ASKED_NS,
	NOTE_INTERIM,  /* uint64_t * in the arena */
	NOTE_INTERIMS, /* how many */
	NOTE_LOOK,     /* struct look * in the arena, where a body is read */
};

enum {
	EX_ASKED = 1 << 0, /* the request's head was seen */
	EX_ASKED_ALL = 1 << 1,
	EX_ANSWERED = 1 << 2, /* the final response's head was seen */
	EX_ANSWERED_ALL = 1 << 3,
	EX_TORN = 1 << 4,  /* a hole, or the end of understanding, lies inside */
	EX_ALONE = 1 << 5, /* its request was before the capture or in a hole: none will come */
	EX_HEAD = 1 << 6,  /* methods that decide how the response is framed */
	EX_CONNECT = 1 << 7,
};

static inline bool ex_has(const struct dissect_tx *tx, uint64_t flags)
{
	return (tx->note[NOTE_FLAGS] & flags) == flags;
}

static inline void ex_set(struct dissect_tx *tx, uint64_t flags)
{
	tx->note[NOTE_FLAGS] |= flags;
}

/* ---- One connection: dissect_stream.state ---------------------------------------------------- */

enum phase {
	PHASE_START, /* nothing was fed yet */
	PHASE_HEAD,  /* at a message's first byte, or within its head */
	PHASE_BODY,
	PHASE_HOLD,   /* the client asked to change the protocol: wait for the answer */
	PHASE_RESYNC, /* behind a hole: dropping bytes up to what looks like a message */
	PHASE_TUNNEL, /* another protocol's bytes */
};

struct half {
	enum phase phase;
	bool hold;             /* this request is followed by PHASE_HOLD */
	bool line_start;       /* the last byte dropped in PHASE_RESYNC ended a line */
	size_t head_seen;      /* for http1_head_end(), and of a request in PHASE_RESYNC */
	struct dissect_tx *tx; /* of the message being read; NULL where it is not recorded */
	struct http1_body body;
};

struct connection {
	struct half half[2]; /* by enum dissect_side */
	uint64_t sequence;   /* of the last exchange */
	uint32_t early;      /* open exchanges whose request is still expected: 0 or 1 */
	uint32_t shed;       /* requests without memory for a record, still unanswered … */
	uint64_t shed_flags; /* … and two bits of EX_HEAD and EX_CONNECT for each, oldest lowest */
	bool client_hole;    /* since the last request that was read */
	bool server_hole;    /* since the last response that was read */
	bool pipelined;      /* a response was read while a younger request waited */
};
static_assert(sizeof(struct connection) <= DISSECT_STATE_MAX, "a connection fits its state");
static_assert(2 * SHED_MAX <= 64, "two bits of shed_flags each");

static inline struct connection *connection_of(const struct dissect_stream *s)
{
	return s->state;
}

/* ---- exchange.c ------------------------------------------------------------------------------ */

/* The exchange that a request just read belongs to; *tx is NULL when it cannot be recorded.
 * -ENOBUFS when pairing is lost because too many could not. */
[[nodiscard]] int http1_exchange_request(struct dissect_stream *s, const struct http1_head *head,
					 struct dissect_tx **tx);
/* The same for a response; *method is empty where the request is not known. */
struct dissect_tx *http1_exchange_response(struct dissect_stream *s, bool interim,
					   struct str *method);
/* The message that a side was in is over; an exchange that has both ends here. */
void http1_exchange_part_over(struct dissect_stream *s, enum dissect_side side);
/* The same without having seen its end. */
void http1_exchange_part_torn(struct dissect_stream *s, enum dissect_side side);
void http1_exchange_end(struct dissect_stream *s, struct dissect_tx *tx);
/* Responses without a request have none to wait for any more. */
void http1_exchange_stop_waiting(struct dissect_stream *s);

/* ---- resync.c -------------------------------------------------------------------------------- */

/* Where a message begins in in, or may begin when more bytes come, and *found. A response may stand
 * anywhere, behind a body that ends without a line end. A request of any kind begins a line (as the
 * front of in does when line_start); within one, a usual one is found. *seen is of the request that
 * is answered, for which more bytes are needed, and is given back with them. */
size_t http1_find_response(struct str in, bool *found);
size_t http1_find_request(struct str in, bool line_start, size_t *seen, bool *found);

/* ---- fields.c -------------------------------------------------------------------------------- */

/* raw is the whole head; what the row needs of it is copied into the exchange's arena. */
void http1_fields_request(struct dissect_tx *tx, const struct http1_head *head, struct str raw);
void http1_fields_response(struct dissect_tx *tx, const struct http1_head *head, struct str raw,
			   enum http1_framing framing);
void http1_fields_interim(struct dissect_tx *tx, const struct http1_head *head);
/* Numbers of a body, whole or as far as it came. */
void http1_fields_body(struct dissect_tx *tx, enum dissect_side side,
		       const struct http1_body *body);
void http1_fields_end(struct dissect_tx *tx);

/* ---- look.c ---------------------------------------------------------------------------------- */

/* The head of a request, or of a final response, is in the row. */
void http1_look_request(struct dissect_stream *s, struct dissect_tx *tx);
void http1_look_response(struct dissect_stream *s, struct dissect_tx *tx);
/* How many of the next bytes of content need not be shown to http1_look_feed(); UINT64_MAX where
 * none must, now or later. tx may be NULL. */
uint64_t http1_look_skippable(const struct dissect_tx *tx, enum dissect_side side);
void http1_look_feed(struct dissect_tx *tx, enum dissect_side side, struct str in);
/* n <= http1_look_skippable() bytes went by. */
void http1_look_skip(struct dissect_tx *tx, enum dissect_side side, uint64_t n);
/* Bytes that had to be shown are missing. */
void http1_look_torn(struct dissect_tx *tx, enum dissect_side side);
/* The row is filled but for this; it may become one of the kind grpc. */
void http1_look_end(struct dissect_tx *tx);

#endif
