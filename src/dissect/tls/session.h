/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session: what the files of this dissector share. tls.c walks records, messages.c what is in them,
 * probe.c recognises.
 */
#ifndef REDOUBT_DISSECT_TLS_SESSION_H
#define REDOUBT_DISSECT_TLS_SESSION_H

#include "dissect/dissect.h"
#include "tls/tls.h"

/* ContentType of a record (RFC 8446 §5.1), and ours for one that is passed over. */
enum content {
	CONTENT_PASSED = 0,
	CONTENT_CHANGE_CIPHER = 20,
	CONTENT_ALERT = 21,
	CONTENT_HANDSHAKE = 22,
	CONTENT_DATA = 23,
	CONTENT_HEARTBEAT = 24,
};

#define RECORD_HEAD 5
/* Limit: a record's content; RFC 5246 §6.2.3 allows 2048 more than its text has. */
#define RECORD_MAX (16384 + 2048)
/* A record of SSL 2.0 has a head of two bytes, the first with its top bit set; behind it stands the
 * type of the message. */
#define V2_HEAD ((size_t)2)
/* Limit: a hello of SSL 2.0, its certificate included. */
#define V2_MAX (8 * KIB)

/* ---- State ----------------------------------------------------------------------------------- */

/* One side. */
struct half {
	uint8_t *kept; /* the message being read, where it did not come whole; in the heap */
	uint32_t kept_n, kept_room;
	uint32_t todo;   /* bytes of the message's body still to come */
	uint32_t passed; /* bytes in which nothing was looked for */
	uint16_t left;   /* bytes of the record */
	uint8_t content; /* of the record */
	uint8_t head_n;
	uint8_t head[TLS_MESSAGE_HEAD];
	uint8_t alert[2];
	bool begun;   /* a record was seen */
	bool waiting; /* part of a record's head waits in the window */
	bool seek;    /* the place is lost: dropping bytes up to what looks like a hello */
	bool keep;    /* this message is read */
	bool changed; /* ChangeCipherSpec was seen: what follows is in clear only in doubt */
	bool over;    /* nothing in clear will come */
};

struct connection {
	struct half half[2]; /* by enum dissect_side */
	bool agreed;         /* a ServerHello that does not ask again was seen */
	bool ended;          /* by an alert, or by a ServerHello of SSL 2.0 */
};
static_assert(sizeof(struct connection) <= DISSECT_STATE_MAX, "a session fits its state");

/* ---- messages.c ------------------------------------------------------------------------------ */

/* Uses bytes of a handshake record up to the end of a message, or of its head, at most. */
void session_read(struct dissect_visit *v);
/* What was gathered of a message is forgotten. */
void session_forget(struct dissect_stream *s, struct half *h);

/* ---- probe.c --------------------------------------------------------------------------------- */

/* Is this a hello of SSL 2.0, as far as it can be seen? By its type, 0 where it is none. */
uint8_t probe_v2(struct str in);
enum dissect_probe probe_tls(struct str in);

#endif
