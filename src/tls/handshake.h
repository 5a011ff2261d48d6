/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handshake: what the files of this room share about an open row. handshake.c pairs and ends,
 * fields.c and certificate.c fill.
 */
#ifndef REDOUBT_TLS_HANDSHAKE_H
#define REDOUBT_TLS_HANDSHAKE_H

#include "tls/hello.h"
#include "tls/tls.h"

/* dissect_tx.note[] */
enum {
	NOTE_FLAGS,     /* HS_ bits */
	NOTE_ANOMALIES, /* bits of enum tls_anomaly */
	NOTE_WEAK,      /* bits of enum tls_weak */
	NOTE_ALERTS,    /* struct str * in the arena */
	NOTE_ALERTS_N,
	NOTE_CHOSEN, /* version and suite: of the server, or the version of the client */
};

enum {
	HS_CLIENT = 1 << 0, /* its ClientHello was seen */
	HS_SERVER = 1 << 1, /* its ServerHello was seen */
	HS_FULL = 1 << 2,   /* the server sent what a resumed session has not */
	HS_AGAIN = 1 << 3,  /* that asks for another ClientHello */
};

/* What is weak; names are for ever. */
#define TLS_WEAK_TABLE(W)                                                                          \
	W(SSL2, "ssl2")                                                                            \
	W(SSL3, "ssl3")                                                                            \
	W(TLS10, "tls1.0")                                                                         \
	W(TLS11, "tls1.1")                                                                         \
	W(NULL_CIPHER, "null-cipher")                                                              \
	W(ANONYMOUS, "anonymous")                                                                  \
	W(EXPORT, "export")                                                                        \
	W(RC4, "rc4")                                                                              \
	W(RC2, "rc2")                                                                              \
	W(DES, "des")                                                                              \
	W(DES3, "3des")                                                                            \
	W(MD5_MAC, "md5-mac")                                                                      \
	W(GROUP, "group-below-224")                                                                \
	W(DH, "dh-below-2048")                                                                     \
	W(RSA, "rsa-below-2048")                                                                   \
	W(DSA, "dsa-below-2048")                                                                   \
	W(MD5_SIGNATURE, "md5-signature")                                                          \
	W(SHA1_SIGNATURE, "sha1-signature")                                                        \
	W(EXPIRED, "certificate-expired")                                                          \
	W(NOT_YET, "certificate-not-yet-valid")                                                    \
	W(SELF_SIGNED, "self-signed")                                                              \
	W(CLIENT_EXPIRED, "client-certificate-expired")

#define TLS_WEAK_ENUM_(name, text) WEAK_##name,
enum tls_weak { TLS_WEAK_TABLE(TLS_WEAK_ENUM_) WEAK_COUNT };

static inline bool hs_has(const struct dissect_tx *tx, uint64_t flags)
{
	return (tx->note[NOTE_FLAGS] & flags) == flags;
}

static inline void hs_set(struct dissect_tx *tx, uint64_t flags)
{
	tx->note[NOTE_FLAGS] |= flags;
}

static inline void hs_mark(struct dissect_tx *tx, enum tls_anomaly what)
{
	tx->note[NOTE_ANOMALIES] |= UINT64_C(1) << what;
}

static inline void hs_weak(struct dissect_tx *tx, enum tls_weak what)
{
	tx->note[NOTE_WEAK] |= UINT64_C(1) << what;
}

/* version in the upper half, suite in the lower one */
static inline void hs_choose(struct dissect_tx *tx, uint16_t version, uint32_t suite)
{
	tx->note[NOTE_CHOSEN] = (uint64_t)version << 32 | suite;
}

static inline uint16_t hs_version(const struct dissect_tx *tx)
{
	return (uint16_t)(tx->note[NOTE_CHOSEN] >> 32);
}

static inline uint32_t hs_suite(const struct dissect_tx *tx)
{
	return (uint32_t)tx->note[NOTE_CHOSEN];
}

/* ---- fields.c -------------------------------------------------------------------------------- */

void hs_put_client(struct dissect_tx *tx, const struct tls_hello *h, const struct tls_carrier *by);
void hs_put_server(struct dissect_tx *tx, const struct tls_hello *h, const struct tls_carrier *by);
void hs_put_suite_v2(struct dissect_tx *tx, uint32_t suite);
void hs_put_group(struct dissect_tx *tx, uint16_t group);
void hs_put_alert(struct dissect_tx *tx, enum dissect_side side, uint8_t level,
		  uint8_t description);
void hs_put_end(struct dissect_tx *tx);

/* ---- certificate.c --------------------------------------------------------------------------- */

/* A Certificate message below TLS 1.3, at this time. */
void hs_put_certificates(struct dissect_tx *tx, enum dissect_side side, struct str body,
			 int64_t at_ns);
/* One certificate that stands alone, as in SSL 2.0. */
void hs_put_certificate(struct dissect_tx *tx, struct str der, int64_t at_ns);

#endif
