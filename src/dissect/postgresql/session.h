/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session: what the files of this dissector share. An exchange is one open transaction, from what
 * the client asks to ReadyForQuery; a half is what one side of the connection is at. postgresql.c
 * walks the bytes, exchange.c says which message belongs to which exchange and when one is over,
 * fields.c reads messages and fills the row, prepared.c remembers statements by their names.
 */
#ifndef REDOUBT_DISSECT_POSTGRESQL_SESSION_H
#define REDOUBT_DISSECT_POSTGRESQL_SESSION_H

#include "dissect/postgresql/message.h"
#include "record/record.h"

/* Limit: statements remembered of one connection. */
#define PREPARED_MAX 64
/* Limit: bytes of a name of a user or database; the server cuts them at 63. */
#define SESSION_NAME_MAX 128

/* ---- One exchange: in its arena, at dissect_tx.note[0] --------------------------------------- */

/* O(ID, word): postgresql.operation. */
#define OPERATIONS(O)                                                                              \
	O(OTHER, "other")                                                                          \
	O(STARTUP, "startup")                                                                      \
	O(QUERY, "query")                                                                          \
	O(EXTENDED, "extended")                                                                    \
	O(COPY_IN, "copy-in")                                                                      \
	O(COPY_OUT, "copy-out")                                                                    \
	O(COPY_BOTH, "copy-both")                                                                  \
	O(FUNCTION, "function")                                                                    \
	O(CANCEL, "cancel")                                                                        \
	O(TERMINATE, "terminate")

#define OPERATION_ENUM_(id, word) OPERATION_##id,
enum operation { OPERATIONS(OPERATION_ENUM_) };

/* A(ID, word): postgresql.anomalies. */
#define ANOMALIES(A) A(CLEARTEXT_PASSWORD, "cleartext-password")

#define ANOMALY_ENUM_(id, word) ANOMALY_##id,
enum anomaly { ANOMALIES(ANOMALY_ENUM_) ANOMALY_COUNT };

enum {
	EX_ASKED = 1 << 0, /* something of the client was seen */
	EX_ASKED_ALL = 1 << 1,
	EX_ANSWERED = 1 << 2, /* something of the server was seen */
	EX_ANSWERED_ALL = 1 << 3,
	EX_TORN = 1 << 4,    /* a hole, or the end of understanding, lies inside */
	EX_ALONE = 1 << 5,   /* its other half was before the capture or in a hole */
	EX_ONE_WAY = 1 << 6, /* there is no other half */
	EX_EXTENDED = 1 << 7,
	EX_COPYING = 1 << 8, /* the client's copied data belongs to it */
	EX_ROWS = 1 << 9,    /* it returned or changed rows, or said that it did none */
	EX_CUT_TEXT = 1 << 10,
	EX_LATE = 1 << 11, /* the capture has shown its answer before */
};

struct exchange {
	uint32_t flags;      /* EX_ bits */
	uint32_t anomalies;  /* bits of enum anomaly */
	uint8_t operation;   /* enum operation */
	uint8_t transaction; /* 1 + enum postgresql_transaction */
	uint8_t encryption;  /* 1 accepted, 2 refused */
	char code[5];        /* of the first error, or NULs */
	struct str severity;
	struct str command;   /* of the statement */
	struct str tag;       /* of the first completion */
	struct str statement; /* in the arena */
	struct str method;
	int64_t asked_ns; /* end of the last message of the client in front of an answer */
	uint64_t sequence;
	uint64_t bytes[2];        /* of whole messages, by enum dissect_side */
	uint64_t rows, data_rows; /* of completed statements; on the wire since the last one */
	uint64_t statements, parameters, errors, notices;
	uint64_t copied_rows, copied_bytes;
	uint32_t messages[MESSAGE_COUNT];
};

static inline struct exchange *exchange_of(const struct dissect_tx *tx)
{
	return (struct exchange *)(uintptr_t)tx->note[0];
}

static inline bool ex_has(const struct dissect_tx *tx, uint32_t flags)
{
	return (exchange_of(tx)->flags & flags) == flags;
}

static inline void ex_set(struct dissect_tx *tx, uint32_t flags)
{
	exchange_of(tx)->flags |= flags;
}

/* ---- One connection: dissect_stream.state ---------------------------------------------------- */

enum phase {
	PHASE_BEGIN,   /* nothing was fed yet */
	PHASE_STARTUP, /* of the client: a packet that has no byte */
	PHASE_HEAD,    /* at a message's first byte, or within its front */
	PHASE_SKIP,    /* behind the front of one */
	PHASE_RESYNC,  /* behind a hole: dropping bytes up to what is a message */
};

struct half {
	uint8_t unsure;        /* messages to come before the place is held to be right */
	uint8_t phase;         /* enum phase */
	uint8_t message;       /* being read, enum message */
	uint32_t length;       /* of it, whole */
	uint32_t left;         /* of it, to be skipped */
	struct dissect_tx *tx; /* that it belongs to; NULL where that is not recorded */
};

struct prepared;

struct connection {
	struct half half[2];         /* by enum dissect_side */
	struct dissect_tx *building; /* extended query that has had no Sync yet */
	struct prepared *prepared;   /* in the heap, or NULL */
	struct str user, database;   /* in the heap */
	uint64_t sequence;           /* of the last exchange */
	int64_t ready_ns;            /* of the last ReadyForQuery */
	uint32_t shed; /* exchanges without memory, still unanswered; younger than all open ones */
	uint8_t authentication; /* the code that the server sent last */
	bool encryption_asked;  /* an answer of one byte is due */
	bool cut_user, cut_database;
	bool shed_building; /* the extended query that is being built is one of `shed` */
	bool client_hole;   /* since the last request that was read */
	bool server_hole;   /* since the last answer that was read */
	bool pipelined;     /* a request was read while an older one waited */
};
static_assert(sizeof(struct connection) <= DISSECT_STATE_MAX, "a connection fits its state");

static inline struct connection *session_of(const struct dissect_stream *s)
{
	return s->state;
}

/* ---- exchange.c ------------------------------------------------------------------------------ */

/* The exchange that a message belongs to of which the front was read; it may be opened for it. NULL
 * when there is no memory for a record. */
struct dissect_tx *exchange_for(struct dissect_stream *s, enum dissect_side side, enum message m);
/* The first of its answer is there. */
void exchange_answered(struct dissect_stream *s, struct dissect_tx *tx);
/* The message that a side is in is whole. */
void exchange_message_over(struct dissect_stream *s, enum dissect_side side);
/* A hole in what a side says, outside of a skip. */
void exchange_hole(struct dissect_stream *s, enum dissect_side side);
void exchange_end(struct dissect_stream *s, struct dissect_tx *tx);
void exchange_end_all(struct dissect_stream *s);

/* ---- fields.c -------------------------------------------------------------------------------- */

/* Reads the front of a message. */
void fields_message(struct dissect_stream *s, struct dissect_tx *tx, enum dissect_side side,
		    enum message m, struct str body, size_t whole);
/* The packet that opens the session; body is what stands behind its code. */
void fields_startup(struct dissect_stream *s, struct str body);
/* The record is about to leave. */
void fields_end(struct dissect_stream *s, struct dissect_tx *tx);

/* ---- prepared.c ------------------------------------------------------------------------------ */

/* Each may fail for want of memory, and then nothing is known of the name. cut: there was more. */
void prepared_put(struct dissect_stream *s, struct str name, struct str text, bool cut);
bool prepared_find(struct dissect_stream *s, struct str name, struct str *text, bool *cut);
void prepared_forget(struct dissect_stream *s, struct str name);

#endif
