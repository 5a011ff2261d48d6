/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in an X.509 certificate (RFC 5280), as parts of its bytes and as texts.
 */
#ifndef REDOUBT_TLS_X509_H
#define REDOUBT_TLS_X509_H

#include "tls/der.h"

/* Limit: names told of one certificate, and bytes of a subject or issuer. */
#define X509_NAMES_MAX     64
#define X509_NAME_TEXT_MAX 1024

enum x509_key { X509_KEY_OTHER, X509_KEY_RSA, X509_KEY_DSA, X509_KEY_EC };

/* What is weak about how a certificate was signed. */
enum x509_digest { X509_DIGEST_OTHER, X509_DIGEST_MD5, X509_DIGEST_SHA1 };

/* Parts that could not be read are empty. */
struct x509 {
	struct str serial;          /* bytes of the number */
	struct str issuer, subject; /* a Name's content */
	struct str alternatives;    /* content of subjectAltName's list */
	struct der not_before, not_after;
	struct str signature; /* name of its algorithm, ours, or empty */
	enum x509_digest digest;
	struct str key_name; /* "RSA", "EC P-256", "Ed25519", ours, or empty */
	enum x509_key key;
	size_t key_bits;  /* of RSA and DSA */
	bool self_signed; /* by its names: issuer and subject are the same */
};

/* 0, or -EBADMSG where it is damaged: *out holds what was read up to there. */
[[nodiscard]] int x509_parse(struct str certificate, struct x509 *out);

/* A Name as RFC 4514 writes it, "CN=example.org,O=Example", in the arena; *cut where something had
 * no room or is of a type that is not known. Empty where it says nothing. */
struct str x509_name(struct str name, struct arena *arena, bool *cut);
/* Names, addresses and hosts of URIs of subjectAltName; mail addresses are left out. Answers how
 * many stand in out. */
size_t x509_alternatives(struct str list, struct arena *arena, struct str out[X509_NAMES_MAX],
			 bool *cut);

#endif
