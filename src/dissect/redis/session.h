/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session: what the files of this dissector share. request.c reads what the client says, reply.c
 * what the server says, session.c pairs both and ends rows, probe.c recognises, redis.c is the
 * dissector itself.
 *
 * Commands that will be answered are numbered, and so are answers: the number pairs them. So a
 * command that found no memory for a row leaves no mark but its number, and pipelines of any depth
 * stay paired. Messages that the server sends of its own accord take no number.
 */
#ifndef REDOUBT_DISSECT_REDIS_SESSION_H
#define REDOUBT_DISSECT_REDIS_SESSION_H

#include "dissect/dissect.h"
#include "dissect/redis/commands.h"
#include "record/record.h"

/* Limit: aggregates around an element of a reply; deeper ones are not read. */
#define DEPTH_MAX 16
/* Limit: bytes of a bulk, as the server's own. */
#define BULK_MAX (512 * MIB)
/* Limit: elements of an aggregate, as the server's own; a map has twice as many. */
#define ELEMENTS_MAX INT32_MAX
/* Limit: bytes of a line that tells a number, with its type and end. */
#define NUMBER_MAX 32
/* Limit: bytes of a command that is a line. */
#define INLINE_MAX (16 * KIB)
/* Limit: bytes of a key that are kept: one more than the mask shows, so that a longer key is masked
 * whole. */
#define KEY_KEPT 129

/* ---- One row: dissect_tx.note[] -------------------------------------------------------------- */

enum {
	NOTE_FLAGS,    /* TX_ bits */
	NOTE_MARKS,    /* MARK_ bits */
	NOTE_CONFIRMS, /* messages that confirm it, still to come */
};

enum {
	TX_ASKED = 1 << 0,   /* the whole command was seen */
	TX_REPLIED = 1 << 1, /* the whole reply was seen */
	TX_BEGUN = 1 << 2,   /* the reply's begin was seen */
	TX_EARLY = 1 << 3,   /* the reply came before the command */
	TX_PUSHED = 1 << 4,
	TX_TORN = 1 << 5,       /* a hole, or the end of understanding, lies inside */
	TX_UNANSWERED = 1 << 6, /* the client asked for no reply */
	TX_CONFIRMED = 1 << 7,  /* answered by confirmations */
	TX_ORDINARY = 1 << 8,   /* not allowed to who has subscribed, in RESP2 */
};

/* X(name, as shown) */
#define MARKS(X)                                                                                   \
	X(UNKNOWN_COMMAND, "unknown-command")                                                      \
	X(UNBALANCED_QUOTES, "unbalanced-quotes")                                                  \
	X(UNKNOWN_ERROR, "unknown-error")                                                          \
	X(NESTED_TOO_DEEP, "nested-too-deep")                                                      \
	X(PROTOCOL_ERROR, "protocol-error")                                                        \
	X(BAD_LINE_END, "bad-line-end")
#define MARK_ENUM_(name, text) MARK_##name,
enum mark { MARKS(MARK_ENUM_) MARK_COUNT };

static inline bool tx_has(const struct dissect_tx *tx, uint64_t flags)
{
	return (tx->note[NOTE_FLAGS] & flags) == flags;
}

static inline void tx_set(struct dissect_tx *tx, uint64_t flags)
{
	if (tx)
		tx->note[NOTE_FLAGS] |= flags;
}

static inline void tx_mark(struct dissect_tx *tx, enum mark mark)
{
	if (tx)
		tx->note[NOTE_MARKS] |= UINT64_C(1) << mark;
}

/* ---- One connection: dissect_stream.state ---------------------------------------------------- */

enum phase {
	PHASE_START,    /* at a message's first byte */
	PHASE_ELEMENT,  /* at the first byte of an argument or of an element */
	PHASE_LINE,     /* within a line that is not kept */
	PHASE_BULK,     /* within a bulk */
	PHASE_BULK_END, /* at the line end behind it */
	PHASE_RESYNC,   /* the place in the stream is not known */
};

/* What the client is saying. */
struct request {
	uint8_t phase;
	bool inlined;
	uint32_t arguments, at; /* words of the command, and the one that is next */
	uint32_t key_at;        /* the word that is the key, 0 for none or not known yet */
	uint64_t left;          /* of a bulk */
	uint64_t bytes;         /* of the command so far */
	size_t seen;            /* of a line without an end */
	const struct redis_command *command;
	struct dissect_tx *tx; /* NULL where it is not recorded */
};

/* What the server is saying. */
struct reply {
	uint8_t phase;
	bool open;     /* its first element was seen, so that tx and numbered tell what it is */
	bool numbered; /* it answers a command */
	uint8_t depth;
	uint16_t attribute; /* a bit for each level that is an attribute, and no element */
	uint16_t text;      /* … that is the chunks of a text */
	uint64_t left;      /* of a bulk */
	uint64_t bytes;     /* of the message so far */
	uint32_t elements[DEPTH_MAX]; /* to come on each level */
	struct dissect_tx *tx;
};
/* The elements of an aggregate that does not tell how many it has. */
#define ELEMENTS_STREAMED UINT32_MAX

struct connection {
	struct request request;
	struct reply reply;
	uint64_t sequence; /* of the last command */
	uint64_t asked;    /* number of the last command that is answered */
	uint64_t answered; /* number of the last answer */
	uint64_t sync_at;  /* number of the command to become a replica, or 0 */
	int64_t placed_ns; /* what the server said later than this begins with an answer */
	int64_t quiet_ns;  /* when either side last said something */
	struct dissect_tx *early;
	uint8_t skip_replies; /* commands whose replies the client does not want */
	bool reply_off;
	bool monitor;
	bool subscribed; /* RESP2: arrays may be messages */
	bool resp3;      /* what the server sends of its own accord has a type of its own */
	bool pipelined;  /* a command was sent before the one before it was answered */
	bool begun;
	bool placed; /* placed_ns is set */
	bool lost;   /* it is not known which answer is the next one */
};
static_assert(sizeof(struct connection) <= DISSECT_STATE_MAX, "a session fits its state");

static inline struct connection *session_of(const struct dissect_stream *s)
{
	return s->state;
}

/* A number on a line, as in "$12\r\n". */
struct number {
	int64_t value;
	size_t line; /* bytes of the line, with its end */
	bool odd;    /* behind the CR stands something else than LF */
};

/* Reads it behind the type: 1, 0 when more is needed, -1 when it is none. */
int number_read(struct str in, struct number *out);
/* As the server reads those of a client: the byte behind the CR may be any. */
int number_read_lax(struct str in, struct number *out);

/* ---- request.c, reply.c ---------------------------------------------------------------------- */

bool request_step(struct dissect_visit *v);
bool reply_step(struct dissect_visit *v);
/* Does an array whose first word is a known command begin in front? 0 when more is needed to tell,
 * -1 when none does. */
int request_begins(struct str in);
/* The words of a line, at most max of them; false where quotes are not balanced. */
bool inline_words(struct str line, struct str *word, size_t max, size_t *n);

/* ---- probe.c */

enum dissect_probe redis_probe(struct str in);

/* ---- session.c ------------------------------------------------------------------------------- */

struct dissect_tx *session_open(struct dissect_stream *s);
/* The row of a command that begins. */
struct dissect_tx *session_command(struct dissect_stream *s);
/* It is whole, and has so many words. */
void session_asked(struct dissect_stream *s, struct dissect_tx *tx,
		   const struct redis_command *command, uint32_t words);
/* May an array be a message that the server sends of its own accord? */
bool session_confirms(const struct dissect_stream *s);
/* What a message of the server is, when its first element is seen. */
enum reply_kind { REPLY_ANSWER, REPLY_CONFIRMS, REPLY_PUSHED };
void session_reply(struct dissect_stream *s, enum reply_kind kind);
void session_replied(struct dissect_stream *s);
void session_end(struct dissect_stream *s, struct dissect_tx *tx);
void session_end_all(struct dissect_stream *s);
/* A hole: what is open is ended as far as it can have been in it. */
void session_gap(struct dissect_stream *s, enum dissect_side side);

#endif
