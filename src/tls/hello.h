/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in a ClientHello and a ServerHello, as parts of their bytes. Lists stay as they are
 * on the wire: whoever wants one walks it.
 */
#ifndef REDOUBT_TLS_HELLO_H
#define REDOUBT_TLS_HELLO_H

#include "base/base.h"

struct tls_hello {
	uint16_t legacy_version; /* the field of the message */
	uint16_t version;        /* what the server chose, or the highest that the client offers */
	uint16_t suite;          /* that the server chose */
	uint16_t group;          /* that the server chose, or 0 */
	struct str session_id;
	struct str suites;                       /* u16 each, or three bytes each where v2 */
	struct str extensions;                   /* as on the wire */
	struct str groups, versions, signatures; /* u16 each */
	struct str points;                       /* u8 each */
	struct str protocols;                    /* of ALPN: length and name each */
	struct str name;                         /* server name */
	bool v2;                                 /* in the form of SSL 2.0 */
	bool has_name;                           /* the extension is there */
	bool ech;
	bool psk;   /* of a server: the session is an earlier one */
	bool retry; /* of a server: it asks for another ClientHello */
	/* The message is not as it must be; what could be read stands above. */
	bool malformed;
};

/* The message without its head. */
void tls_hello_parse_client(struct str body, struct tls_hello *h);
void tls_hello_parse_server(struct str body, struct tls_hello *h);
/* RFC 5246 §E.2: the whole message behind its type. */
void tls_hello_parse_client_v2(struct str body, struct tls_hello *h);

/* Extension after extension; false at the end, or where the rest is none. */
bool tls_hello_next_extension(struct str *rest, uint16_t *type, struct str *data);
/* Name after name of an ALPN list. */
bool tls_hello_next_protocol(struct str *rest, struct str *protocol);

/* Numbers of a list of u16. */
static inline size_t tls_hello_count(struct str list)
{
	return list.n / 2;
}

static inline uint16_t tls_hello_at(struct str list, size_t i)
{
	return load_u16be((const uint8_t *)list.p + 2 * i);
}

enum {
	EXTENSION_SERVER_NAME = 0,
	EXTENSION_GROUPS = 10,
	EXTENSION_POINTS = 11,
	EXTENSION_SIGNATURES = 13,
	EXTENSION_ALPN = 16,
	EXTENSION_PSK = 41,
	EXTENSION_VERSIONS = 43,
	EXTENSION_KEY_SHARE = 51,
	EXTENSION_ECH = 0xfe0d,
	EXTENSION_ESNI = 0xffce, /* what came before ECH */
};

#define SUITE_V2_BYTES 3

#endif
