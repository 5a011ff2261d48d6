/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls: what handshakes say, whatever carries them. A dissector finds the messages, in records over
 * TCP or in CRYPTO frames of QUIC, and tells them here; from them come the rows of kind tls, one
 * for each ClientHello with what answered it. A row is open until tls_end().
 */
#ifndef REDOUBT_TLS_H
#define REDOUBT_TLS_H

#include "dissect/dissect.h"
#include "record/record.h"

/* Handshake messages that are read; others only pass (RFC 8446 §4, RFC 5246 §7.4). */
enum tls_message {
	TLS_CLIENT_HELLO = 1,
	TLS_SERVER_HELLO = 2,
	TLS_CERTIFICATE = 11,
	TLS_SERVER_KEY_EXCHANGE = 12,
	TLS_SERVER_HELLO_DONE = 14,
	/* of SSL 2.0, where the numbers are other ones */
	TLS_V2_CLIENT_HELLO = 1,
	TLS_V2_SERVER_HELLO = 4,
};

/* A message's head: type, and its length in three bytes. */
#define TLS_MESSAGE_HEAD ((size_t)4)

/* What is malformed or unusual; names are for ever. */
#define TLS_ANOMALY_TABLE(A)                                                                       \
	A(CLIENT_HELLO, "malformed-client-hello")                                                  \
	A(SERVER_HELLO, "malformed-server-hello")                                                  \
	A(CERTIFICATE, "malformed-certificate")                                                    \
	A(KEY_EXCHANGE, "malformed-key-exchange")                                                  \
	A(RECORD, "malformed-record")                                                              \
	A(MESSAGE_TOO_LONG, "message-too-long")                                                    \
	A(HOLE, "hole")                                                                            \
	A(NO_MEMORY, "no-memory")                                                                  \
	A(PROTOCOL_MASKED, "unknown-alpn")

#define TLS_ANOMALY_ENUM_(name, text) TLS_ANOMALY_##name,
enum tls_anomaly { TLS_ANOMALY_TABLE(TLS_ANOMALY_ENUM_) TLS_ANOMALIES };

/* What carries a handshake. */
struct tls_carrier {
	enum tls_transport transport;
	struct str quic_version; /* or empty */
};

/* How far a ServerHello brought the handshake. */
enum tls_agreed {
	TLS_AGAIN,      /* it asked for another ClientHello */
	TLS_IN_CLEAR,   /* what follows is in clear up to ChangeCipherSpec */
	TLS_ALL_SEALED, /* all that the server says from here on is encrypted */
};

/* A ClientHello or ServerHello without its head. It belongs to the oldest open row that has none of
 * its kind, or to a new one. */
void tls_client_hello(struct dissect_stream *s, struct str body, const struct tls_carrier *by);
enum tls_agreed tls_server_hello(struct dissect_stream *s, struct str body,
				 const struct tls_carrier *by);
/* The two of SSL 2.0, without the type; the first also stands for a hello of later versions. */
void tls_client_hello_v2(struct dissect_stream *s, struct str body);
void tls_server_hello_v2(struct dissect_stream *s, struct str body);
/* Is this a ClientHello, or ServerHello, without any defect? For places where it is in doubt. */
bool tls_is_hello(enum dissect_side side, struct str body);

/* The rest of the handshake in clear: of the newest row that a server answered, or else of the
 * newest. Without one they say nothing. */
void tls_certificate(struct dissect_stream *s, enum dissect_side side, struct str body);
void tls_key_exchange(struct dissect_stream *s, struct str body);
/* The server sent something that a resumed session has not. */
void tls_not_resumed(struct dissect_stream *s);
/* The server began to encrypt, below TLS 1.3. */
void tls_server_sealed(struct dissect_stream *s);
/* True when it ends the handshake. */
bool tls_alert(struct dissect_stream *s, enum dissect_side side, uint8_t level,
	       uint8_t description);
void tls_mark(struct dissect_stream *s, enum tls_anomaly what);

/* Limit: hellos of one stream that wait for their other half; then the first gives up. */
#define TLS_WAITING_MAX 16
/* All open rows leave as they are. */
void tls_end(struct dissect_stream *s);

#endif
