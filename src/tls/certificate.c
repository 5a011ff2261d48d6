// SPDX-License-Identifier: Apache-2.0
/*
 * The Certificate message below TLS 1.3: a list of certificates, of which the first is whose the
 * message is. The others are counted.
 */
#include <stdio.h>

#include "crypto/crypto.h"
#include "tls/fingerprint.h"
#include "tls/handshake.h"
#include "tls/x509.h"

/* Limit: bytes of a serial number that are told; RFC 5280 §4.1.2.2 has 20. */
#define SERIAL_MAX 32
/* Below it a key of RSA, DSA or Diffie and Hellman is weak. */
#define BITS_ENOUGH 2048

static void put_name(struct dissect_tx *tx, struct field_str f, struct str name)
{
	bool cut;
	struct str text = x509_name(name, tx->arena, &cut);

	if (text.n)
		row_put_str(tx->row, f, text);
	if (text.n && cut)
		row_mark_cut(tx->row, f.ref);
}

static void put_hex(struct dissect_tx *tx, struct field_str f, const uint8_t *bytes, size_t n)
{
	char *text = arena_alloc(tx->arena, 2 * n);

	if (!text)
		return;
	tls_fingerprint_hex(bytes, n, text);
	row_put_str(tx->row, f, (struct str){ text, 2 * n });
}

static void put_alternatives(struct dissect_tx *tx, struct str list)
{
	struct str name[X509_NAMES_MAX], *kept;
	bool cut;
	size_t n = x509_alternatives(list, tx->arena, name, &cut);

	if (n == 0)
		return;
	kept = arena_alloc(tx->arena, n * sizeof(*kept));
	if (!kept)
		return;
	memcpy(kept, name, n * sizeof(*kept));
	row_put_list_str(tx->row, tls_certificate_names, kept, n);
	if (cut)
		row_mark_cut(tx->row, tls_certificate_names.ref);
}

static void put_key(struct dissect_tx *tx, const struct x509 *x)
{
	char text[48];
	int n;

	if (x->key_name.n == 0)
		return;
	if (x->key_bits == 0) {
		row_put_str(tx->row, tls_certificate_key, x->key_name);
		return;
	}
	n = snprintf(text, sizeof(text), "%.*s %zu", STR_FMT(x->key_name), x->key_bits);
	row_put_str(tx->row, tls_certificate_key,
		    arena_str(tx->arena, (struct str){ text, (size_t)n }));
	if (x->key_bits < BITS_ENOUGH)
		hs_weak(tx, x->key == X509_KEY_DSA ? WEAK_DSA : WEAK_RSA);
}

static void put_signature(struct dissect_tx *tx, const struct x509 *x)
{
	if (x->signature.n)
		row_put_str(tx->row, tls_certificate_signature, x->signature);
	if (x->digest == X509_DIGEST_MD5)
		hs_weak(tx, WEAK_MD5_SIGNATURE);
	if (x->digest == X509_DIGEST_SHA1)
		hs_weak(tx, WEAK_SHA1_SIGNATURE);
	if (x->self_signed)
		hs_weak(tx, WEAK_SELF_SIGNED);
}

static void put_validity(struct dissect_tx *tx, const struct x509 *x, int64_t at_ns)
{
	int64_t t;

	if (der_time(&x->not_before, &t) == 0) {
		row_put_time(tx->row, tls_certificate_not_before, t);
		if (at_ns < t)
			hs_weak(tx, WEAK_NOT_YET);
	}
	if (der_time(&x->not_after, &t) == 0) {
		row_put_time(tx->row, tls_certificate_not_after, t);
		if (at_ns > t)
			hs_weak(tx, WEAK_EXPIRED);
	}
}

void hs_put_certificate(struct dissect_tx *tx, struct str der, int64_t at_ns)
{
	uint8_t hash[CRYPTO_SHA256_BYTES];
	struct x509 x;

	if (x509_parse(der, &x) < 0)
		hs_mark(tx, TLS_ANOMALY_CERTIFICATE);
	put_name(tx, tls_certificate_subject, x.subject);
	put_name(tx, tls_certificate_issuer, x.issuer);
	put_alternatives(tx, x.alternatives);
	put_validity(tx, &x, at_ns);
	if (x.serial.n && x.serial.n <= SERIAL_MAX)
		put_hex(tx, tls_certificate_serial, (const uint8_t *)x.serial.p, x.serial.n);
	put_key(tx, &x);
	put_signature(tx, &x);
	crypto_hash_begin(CRYPTO_SHA256);
	crypto_hash_add(CRYPTO_SHA256, der);
	if (crypto_hash_end(CRYPTO_SHA256, hash) == 0)
		put_hex(tx, tls_certificate_sha256, hash, sizeof(hash));
}

static void certificate_of_client(struct dissect_tx *tx, struct str der, int64_t at_ns)
{
	struct x509 x;
	int64_t t;

	if (x509_parse(der, &x) < 0)
		hs_mark(tx, TLS_ANOMALY_CERTIFICATE);
	put_name(tx, tls_client_subject, x.subject);
	put_name(tx, tls_client_issuer, x.issuer);
	if (der_time(&x.not_after, &t) < 0)
		return;
	row_put_time(tx->row, tls_client_not_after, t);
	if (at_ns > t)
		hs_weak(tx, WEAK_CLIENT_EXPIRED);
}

static struct str take_u24(struct cur *c)
{
	size_t n = (size_t)cur_u8(c) << 16;
	const uint8_t *p;

	n |= cur_u16be(c);
	p = cur_take(c, n);
	return p ? (struct str){ (const char *)p, n } : (struct str){ NULL, 0 };
}

void hs_put_certificates(struct dissect_tx *tx, enum dissect_side side, struct str body,
			 int64_t at_ns)
{
	struct cur c = cur_of(body.p, body.n), list;
	struct str whole = take_u24(&c), der;
	uint64_t n = 0;

	list = cur_of(whole.p, whole.n);
	if (!cur_ok(&c) || c.n)
		hs_mark(tx, TLS_ANOMALY_CERTIFICATE);
	while (list.n && cur_ok(&list)) {
		der = take_u24(&list);
		if (!cur_ok(&list))
			hs_mark(tx, TLS_ANOMALY_CERTIFICATE);
		else if (n++ == 0 && side == FROM_SERVER)
			hs_put_certificate(tx, der, at_ns);
		else if (n == 1)
			certificate_of_client(tx, der, at_ns);
	}
	if (side == FROM_SERVER)
		row_put_u64(tx->row, tls_certificates, n);
}
