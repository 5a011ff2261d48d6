/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: the messages of PostgreSQL's protocol 3 as tables: how each is called, by which byte it
 * is told on each side, how long it may be, how much of its front a dissector wants to see, and how
 * it is built. The walk of a stream goes by bytes and lengths; who is to recognise a stream, or to
 * find his place in one, checks the whole build.
 */
#ifndef REDOUBT_DISSECT_POSTGRESQL_MESSAGE_H
#define REDOUBT_DISSECT_POSTGRESQL_MESSAGE_H

#include "dissect/dissect.h"

/* Limit: bytes of a statement that are kept. */
#define STATEMENT_MAX (3 * KIB)
/* Limit: bytes of a statement that is remembered by its name. */
#define PREPARED_TEXT_MAX (1 * KIB)
/* Limit: the server refuses longer messages. */
#define MESSAGE_MAX 0x3fffffffU
/* Limit: bytes of a message that is checked whole. */
#define CHECKED_MAX (8 * KIB)
/* Limits of messages that have no byte: the packets that open a connection. */
#define STARTUP_MIN 8U
#define STARTUP_MAX 10000U

/* N(id, name): names as Wireshark has them. */
#define MESSAGE_NAMES(N)                                                                           \
	N(STARTUP, "Startup message")                                                              \
	N(SSL_REQUEST, "SSL request")                                                              \
	N(GSS_REQUEST, "GSS encrypt request")                                                      \
	N(CANCEL, "Cancel request")                                                                \
	N(PASSWORD, "Password message")                                                            \
	N(SASL_INITIAL, "SASLInitialResponse message")                                             \
	N(SASL_RESPONSE, "SASLResponse message")                                                   \
	N(GSS_RESPONSE, "GSSResponse message")                                                     \
	N(QUERY, "Simple query")                                                                   \
	N(PARSE, "Parse")                                                                          \
	N(BIND, "Bind")                                                                            \
	N(EXECUTE, "Execute")                                                                      \
	N(DESCRIBE, "Describe")                                                                    \
	N(CLOSE, "Close")                                                                          \
	N(FLUSH, "Flush")                                                                          \
	N(SYNC, "Sync")                                                                            \
	N(FUNCTION_CALL, "Function call")                                                          \
	N(COPY_DATA, "Copy data")                                                                  \
	N(COPY_DONE, "Copy completion")                                                            \
	N(COPY_FAIL, "Copy failure")                                                               \
	N(TERMINATION, "Termination")                                                              \
	N(AUTHENTICATION, "Authentication request")                                                \
	N(KEY_DATA, "Backend key data")                                                            \
	N(PARAMETER_STATUS, "Parameter status")                                                    \
	N(PARSED, "Parse completion")                                                              \
	N(BOUND, "Bind completion")                                                                \
	N(CLOSED, "Close completion")                                                              \
	N(COMMAND_DONE, "Command completion")                                                      \
	N(PARAMETERS, "Parameter description")                                                     \
	N(ROW_DESCRIPTION, "Row description")                                                      \
	N(DATA_ROW, "Data row")                                                                    \
	N(EMPTY_QUERY, "Empty query")                                                              \
	N(NO_DATA, "No data")                                                                      \
	N(ERROR, "Error")                                                                          \
	N(NOTICE, "Notice")                                                                        \
	N(SUSPENDED, "Portal suspended")                                                           \
	N(READY, "Ready for query")                                                                \
	N(NOTIFICATION, "Notification")                                                            \
	N(FUNCTION_RESULT, "Function call response")                                               \
	N(COPY_IN, "CopyIn response")                                                              \
	N(COPY_OUT, "CopyOut response")                                                            \
	N(COPY_BOTH, "CopyBoth response")                                                          \
	N(NEGOTIATE, "Negotiate protocol version")

#define MESSAGE_ENUM_(id, name) MESSAGE_##id,
enum message { MESSAGE_NAMES(MESSAGE_ENUM_) MESSAGE_COUNT };

struct str message_name(enum message m);

/* What is known of a byte that begins a message. */
struct wire {
	uint8_t message;   /* enum message */
	uint16_t front;    /* bytes of its body that are wanted before it is handled */
	uint32_t min, max; /* its length, with the four bytes of the length; max 0: no such byte */
	const char *build; /* see check.c; NULL where anything may be in it */
};

const struct wire *wire_of(enum dissect_side side, char byte);

/* Is what in begins with a message of that side, as its table has it? 1 and its whole length, -1,
 * or 0 when more bytes are needed to tell. More bytes never change an answer. */
int message_check(enum dissect_side side, struct str in, size_t *length);

/* The codes of packets that open a connection, and of versions. */
enum {
	CODE_CANCEL = 80877102,
	CODE_SSL = 80877103,
	CODE_GSS = 80877104,
};

/* The same for such a packet. */
int startup_check(struct str in, size_t *length);
/* The name and value at *rest of a StartupMessage, which stands behind them then. */
bool startup_next(struct str *rest, struct str *name, struct str *value);

/* The front of a statement, at most max bytes, that does not end within a word. */
struct str statement_head(struct str text, size_t max);
/* The word of a statement or tag, from a table, or empty. */
struct str command_word(struct str text);

#endif
