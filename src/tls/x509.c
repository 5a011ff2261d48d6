// SPDX-License-Identifier: Apache-2.0
/*
 * The parts of a certificate. Structures are read in their order, each element where it must be;
 * algorithms are known by a table of object identifiers, as their bytes.
 */
#include "tls/x509.h"

struct algorithm {
	struct str oid, name;
	unsigned what; /* enum x509_digest, or enum x509_key */
};

#define ROW(oid, name, what)                                                                       \
	{                                                                                          \
		{ oid, sizeof(oid) - 1 }, { name, sizeof(name) - 1 }, what                         \
	}

#define PKCS1    "\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define ANSI_EC  "\x2a\x86\x48\xce\x3d"
#define ANSI_DSA "\x2a\x86\x48\xce\x38\x04"
#define NIST_SIG "\x60\x86\x48\x01\x65\x03\x04\x03"

static const struct algorithm signatures[] = {
	ROW(PKCS1 "\x02", "RSA-MD2", X509_DIGEST_MD5),
	ROW(PKCS1 "\x04", "RSA-MD5", X509_DIGEST_MD5),
	ROW(PKCS1 "\x05", "RSA-SHA1", X509_DIGEST_SHA1),
	ROW("\x2b\x0e\x03\x02\x1d", "RSA-SHA1", X509_DIGEST_SHA1),
	ROW(PKCS1 "\x0a", "RSA-PSS", X509_DIGEST_OTHER),
	ROW(PKCS1 "\x0b", "RSA-SHA256", X509_DIGEST_OTHER),
	ROW(PKCS1 "\x0c", "RSA-SHA384", X509_DIGEST_OTHER),
	ROW(PKCS1 "\x0d", "RSA-SHA512", X509_DIGEST_OTHER),
	ROW(PKCS1 "\x0e", "RSA-SHA224", X509_DIGEST_OTHER),
	ROW(ANSI_EC "\x04\x01", "ECDSA-SHA1", X509_DIGEST_SHA1),
	ROW(ANSI_EC "\x04\x03\x01", "ECDSA-SHA224", X509_DIGEST_OTHER),
	ROW(ANSI_EC "\x04\x03\x02", "ECDSA-SHA256", X509_DIGEST_OTHER),
	ROW(ANSI_EC "\x04\x03\x03", "ECDSA-SHA384", X509_DIGEST_OTHER),
	ROW(ANSI_EC "\x04\x03\x04", "ECDSA-SHA512", X509_DIGEST_OTHER),
	ROW(ANSI_DSA "\x03", "DSA-SHA1", X509_DIGEST_SHA1),
	ROW(NIST_SIG "\x01", "DSA-SHA224", X509_DIGEST_OTHER),
	ROW(NIST_SIG "\x02", "DSA-SHA256", X509_DIGEST_OTHER),
	ROW(NIST_SIG "\x11", "ML-DSA-44", X509_DIGEST_OTHER),
	ROW(NIST_SIG "\x12", "ML-DSA-65", X509_DIGEST_OTHER),
	ROW(NIST_SIG "\x13", "ML-DSA-87", X509_DIGEST_OTHER),
	ROW("\x2b\x65\x70", "Ed25519", X509_DIGEST_OTHER),
	ROW("\x2b\x65\x71", "Ed448", X509_DIGEST_OTHER),
	ROW("\x2a\x81\x1c\xcf\x55\x01\x83\x75", "SM2-SM3", X509_DIGEST_OTHER),
};

static const struct algorithm keys[] = {
	ROW(PKCS1 "\x01", "RSA", X509_KEY_RSA),
	ROW(PKCS1 "\x0a", "RSA-PSS", X509_KEY_RSA),
	ROW(ANSI_DSA "\x01", "DSA", X509_KEY_DSA),
	ROW(ANSI_EC "\x02\x01", "EC", X509_KEY_EC),
	ROW("\x2b\x65\x70", "Ed25519", X509_KEY_OTHER),
	ROW("\x2b\x65\x71", "Ed448", X509_KEY_OTHER),
	ROW(NIST_SIG "\x11", "ML-DSA-44", X509_KEY_OTHER),
	ROW(NIST_SIG "\x12", "ML-DSA-65", X509_KEY_OTHER),
	ROW(NIST_SIG "\x13", "ML-DSA-87", X509_KEY_OTHER),
};

static const struct algorithm curves[] = {
	ROW(ANSI_EC "\x03\x01\x01", "EC P-192", 0),
	ROW(ANSI_EC "\x03\x01\x07", "EC P-256", 0),
	ROW("\x2b\x81\x04\x00\x21", "EC P-224", 0),
	ROW("\x2b\x81\x04\x00\x22", "EC P-384", 0),
	ROW("\x2b\x81\x04\x00\x23", "EC P-521", 0),
	ROW("\x2b\x81\x04\x00\x0a", "EC secp256k1", 0),
	ROW("\x2b\x24\x03\x03\x02\x08\x01\x01\x07", "EC brainpoolP256r1", 0),
	ROW("\x2b\x24\x03\x03\x02\x08\x01\x01\x0b", "EC brainpoolP384r1", 0),
	ROW("\x2b\x24\x03\x03\x02\x08\x01\x01\x0d", "EC brainpoolP512r1", 0),
	ROW("\x2a\x81\x1c\xcf\x55\x01\x82\x2d", "EC SM2", 0),
};

static const struct algorithm *find(const struct algorithm *table, size_t n, struct str oid)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(table[i].oid, oid))
			return &table[i];
	return NULL;
}

/* ---- Algorithms ------------------------------------------------------------------------------ */

/* AlgorithmIdentifier: an identifier, and parameters as they come. */
static int read_algorithm(struct str *in, struct str *oid, struct str *parameters)
{
	struct str body;

	if (der_take(in, DER_SEQUENCE, &body) < 0 || der_take(&body, DER_OID, oid) < 0)
		return -EBADMSG;
	*parameters = body;
	return 0;
}

static int read_signature(struct str *in, struct x509 *out)
{
	const struct algorithm *a;
	struct str oid, parameters;

	if (read_algorithm(in, &oid, &parameters) < 0)
		return -EBADMSG;
	a = find(signatures, ARRAY_LEN(signatures), oid);
	if (a) {
		out->signature = a->name;
		out->digest = (enum x509_digest)a->what;
	}
	return 0;
}

/* RSAPublicKey: the modulus, then the exponent. */
static int read_rsa(struct str key, struct x509 *out)
{
	struct str body, modulus;

	if (der_take(&key, DER_SEQUENCE, &body) < 0 || der_take(&body, DER_INTEGER, &modulus) < 0)
		return -EBADMSG;
	out->key_bits = der_bits(modulus);
	return 0;
}

/* DSA: p, q and g are parameters, and may be the issuer's. */
static int read_dsa(struct str parameters, struct x509 *out)
{
	struct str body, p;

	if (der_take(&parameters, DER_SEQUENCE, &body) == 0 &&
	    der_take(&body, DER_INTEGER, &p) == 0)
		out->key_bits = der_bits(p);
	return 0;
}

static int read_curve(struct str parameters, struct x509 *out)
{
	const struct algorithm *curve = NULL;
	struct str oid;

	if (der_take(&parameters, DER_OID, &oid) == 0)
		curve = find(curves, ARRAY_LEN(curves), oid);
	if (curve)
		out->key_name = curve->name;
	return 0;
}

static int read_key(struct str *in, struct x509 *out)
{
	const struct algorithm *a;
	struct str body, oid, parameters, key;

	if (der_take(in, DER_SEQUENCE, &body) < 0 || read_algorithm(&body, &oid, &parameters) < 0 ||
	    der_take(&body, DER_BIT_STRING, &key) < 0)
		return -EBADMSG;
	a = find(keys, ARRAY_LEN(keys), oid);
	if (!a)
		return 0;
	out->key_name = a->name;
	out->key = (enum x509_key)a->what;
	switch (out->key) {
	case X509_KEY_RSA:
		return read_rsa(str_skip(key, 1), out); /* behind the count of unused bits */
	case X509_KEY_DSA:
		return read_dsa(parameters, out);
	case X509_KEY_EC:
		return read_curve(parameters, out);
	case X509_KEY_OTHER:
		break;
	}
	return 0;
}

/* ---- The certificate ------------------------------------------------------------------------- */

static int read_validity(struct str *in, struct x509 *out)
{
	struct str body;

	if (der_take(in, DER_SEQUENCE, &body) < 0 || der_next(&body, &out->not_before) < 1 ||
	    der_next(&body, &out->not_after) < 1)
		return -EBADMSG;
	return 0;
}

/* Of the extensions only subjectAltName is looked into: an OCTET STRING with a SEQUENCE. */
static int read_extensions(struct str list, struct x509 *out)
{
	static const struct str alternatives = { "\x55\x1d\x11", 3 };
	struct str extension, oid, critical, value;

	while (list.n) {
		if (der_take(&list, DER_SEQUENCE, &extension) < 0 ||
		    der_take(&extension, DER_OID, &oid) < 0 ||
		    der_take_optional(&extension, DER_BOOLEAN, &critical) < 0 ||
		    der_take(&extension, DER_OCTET_STRING, &value) < 0)
			return -EBADMSG;
		if (str_eq(oid, alternatives) &&
		    der_take(&value, DER_SEQUENCE, &out->alternatives) < 0)
			return -EBADMSG;
	}
	return 0;
}

/*
 *   TBSCertificate | [0] version | serial | signature | issuer | validity | subject | key
 *                  | [1] issuer's id | [2] subject's id | [3] extensions
 */
static int read_signed_part(struct str in, struct x509 *out)
{
	struct str ignored, parameters, list;
	int r;

	if (der_take_optional(&in, DER_CONTEXT(0), &ignored) < 0 ||
	    der_take(&in, DER_INTEGER, &out->serial) < 0 ||
	    read_algorithm(&in, &ignored, &parameters) < 0 ||
	    der_take(&in, DER_SEQUENCE, &out->issuer) < 0 || read_validity(&in, out) < 0 ||
	    der_take(&in, DER_SEQUENCE, &out->subject) < 0)
		return -EBADMSG;
	out->self_signed = str_eq(out->issuer, out->subject);
	if (read_key(&in, out) < 0 || der_take_optional(&in, DER_CONTEXT_RAW(1), &ignored) < 0 ||
	    der_take_optional(&in, DER_CONTEXT_RAW(2), &ignored) < 0)
		return -EBADMSG;
	r = der_take_optional(&in, DER_CONTEXT(3), &list);
	if (r == 1)
		r = der_take(&list, DER_SEQUENCE, &ignored) < 0 ? -EBADMSG
								: read_extensions(ignored, out);
	return r < 0 || in.n ? -EBADMSG : 0;
}

int x509_parse(struct str certificate, struct x509 *out)
{
	struct str whole, part, ignored;

	*out = (struct x509){ 0 };
	if (der_take(&certificate, DER_SEQUENCE, &whole) < 0 ||
	    der_take(&whole, DER_SEQUENCE, &part) < 0 || read_signed_part(part, out) < 0 ||
	    read_signature(&whole, out) < 0 || der_take(&whole, DER_BIT_STRING, &ignored) < 0)
		return -EBADMSG;
	return whole.n || certificate.n ? -EBADMSG : 0;
}
