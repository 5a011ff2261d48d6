// SPDX-License-Identifier: Apache-2.0
/*
 * EVP, with each algorithm fetched once and each context made once. The library is started without
 * its configuration file, without anything at exit and without error texts: what a peer sends fails
 * by a number.
 */
#include "crypto/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto/crypto_int.h"
#include "crypto/memory.h"

static struct crypto {
	bool ready;
	struct {
		EVP_MD *algorithm;
		EVP_MD_CTX *context;
		bool failed;
	} hash[CRYPTO_HASHES];
	EVP_MAC_CTX *hmac;
	EVP_CIPHER_CTX *block, *gcm;
} crypto;

/* ---- Start ----------------------------------------------------------------------------------- */

static bool make_hash(enum crypto_hash which, const char *name)
{
	crypto.hash[which].algorithm = EVP_MD_fetch(NULL, name, NULL);
	crypto.hash[which].context = EVP_MD_CTX_new();
	return crypto.hash[which].algorithm && crypto.hash[which].context;
}

static bool make_hmac(void)
{
	char digest[] = "SHA2-256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	crypto.hmac = mac ? EVP_MAC_CTX_new(mac) : NULL;
	EVP_MAC_free(mac); /* the context holds it */
	return crypto.hmac && EVP_MAC_CTX_set_params(crypto.hmac, params) == 1;
}

static EVP_CIPHER_CTX *make_cipher(const char *name, bool encrypts)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	bool ok = cipher && context &&
		  EVP_CipherInit_ex2(context, cipher, NULL, NULL, encrypts, NULL) == 1 &&
		  EVP_CIPHER_CTX_set_padding(context, 0) == 1;

	EVP_CIPHER_free(cipher); /* the context holds it */
	if (ok)
		return context;
	EVP_CIPHER_CTX_free(context);
	return NULL;
}

static bool make_all(void)
{
	const uint64_t options = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT |
				 OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
				 OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS;

	if (OPENSSL_init_crypto(options, NULL) != 1 || !make_hash(CRYPTO_MD5, "MD5") ||
	    !make_hash(CRYPTO_SHA256, "SHA2-256") || !make_hmac())
		return false;
	crypto.block = make_cipher("AES-128-ECB", true);
	crypto.gcm = make_cipher("AES-128-GCM", false);
	return crypto.block && crypto.gcm;
}

/* The first use of some things makes them: all of them are used once, for nothing. */
static bool warm(void)
{
	static const uint8_t zero[CRYPTO_SHA256_BYTES];
	const struct str sealed = { (const char *)zero, sizeof(zero) };
	uint8_t out[CRYPTO_SHA256_BYTES];

	for (unsigned which = 0; which < CRYPTO_HASHES; which++) {
		crypto_hash_begin((enum crypto_hash)which);
		if (crypto_hash_end((enum crypto_hash)which, out) < 0)
			return false;
	}
	return crypto_hkdf_extract(STR(""), STR(""), out) == 0 &&
	       crypto_aes128_block(zero, zero, out) == 0 &&
	       crypto_aes128_gcm_open(zero, zero, STR(""), sealed, out) == -EBADMSG &&
	       crypto_aead_start();
}

int crypto_init(struct err *err)
{
	if (crypto.ready)
		return 0;
	/* A library of the process may have used libcrypto before; then its memory is the
	 * process's. */
	if (crypto_memory_route() == -ENOMEM || !make_all())
		return err_set(err, ERR_MEMORY, "the cryptography library");
	crypto.ready = true;
	if (!warm()) {
		crypto.ready = false;
		return err_set(err, ERR_MEMORY, "the cryptography library");
	}
	return 0;
}

bool crypto_ready(void)
{
	return likely(crypto.ready) || crypto_init(NULL) == 0;
}

int crypto_failed(int code)
{
	ERR_clear_error();
	return code;
}

/* ---- Hashes ---------------------------------------------------------------------------------- */

void crypto_hash_begin(enum crypto_hash which)
{
	crypto.hash[which].failed =
		!crypto_ready() || EVP_DigestInit_ex2(crypto.hash[which].context,
						      crypto.hash[which].algorithm, NULL) != 1;
}

void crypto_hash_add(enum crypto_hash which, struct str bytes)
{
	if (!crypto.hash[which].failed && bytes.n)
		crypto.hash[which].failed =
			EVP_DigestUpdate(crypto.hash[which].context, bytes.p, bytes.n) != 1;
}

int crypto_hash_end(enum crypto_hash which, uint8_t *out)
{
	if (crypto.hash[which].failed ||
	    EVP_DigestFinal_ex(crypto.hash[which].context, out, NULL) != 1)
		return crypto_failed(-EIO);
	return 0;
}

/* ---- Keys ------------------------------------------------------------------------------------ */

/* Of a text in two parts. */
static int hmac(struct str key, struct str text, struct str more, uint8_t out[CRYPTO_SHA256_BYTES])
{
	/* An empty key is one of zeros to HMAC; a NULL would mean the key of before. */
	static const uint8_t empty[1];
	const uint8_t *k = key.n ? (const uint8_t *)key.p : empty;
	size_t n = 0;

	if (!crypto_ready() || EVP_MAC_init(crypto.hmac, k, key.n, NULL) != 1 ||
	    EVP_MAC_update(crypto.hmac, (const uint8_t *)text.p, text.n) != 1 ||
	    EVP_MAC_update(crypto.hmac, (const uint8_t *)more.p, more.n) != 1 ||
	    EVP_MAC_final(crypto.hmac, out, &n, CRYPTO_SHA256_BYTES) != 1 ||
	    n != CRYPTO_SHA256_BYTES)
		return crypto_failed(-EIO);
	return 0;
}

int crypto_hkdf_extract(struct str salt, struct str secret, uint8_t out[CRYPTO_SHA256_BYTES])
{
	return hmac(salt, secret, STR(""), out);
}

/*
 * One round of HKDF-Expand over
 *
 *   HkdfLabel | n u16 | length u8 | "tls13 " label | length of context u8 = 0 | round u8 = 1
 */
int crypto_hkdf_expand_label(const uint8_t secret[CRYPTO_SHA256_BYTES], struct str label,
			     uint8_t *out, size_t n)
{
	static const struct str prefix = { "tls13 ", 6 };
	uint8_t info[3 + 6 + CRYPTO_LABEL_MAX + 2], whole[CRYPTO_SHA256_BYTES];
	size_t at = 3 + prefix.n + label.n;
	int r;

	assert(label.n <= CRYPTO_LABEL_MAX && n <= CRYPTO_SHA256_BYTES);
	info[0] = 0;
	info[1] = (uint8_t)n;
	info[2] = (uint8_t)(prefix.n + label.n);
	memcpy(info + 3, prefix.p, prefix.n);
	memcpy(info + 3 + prefix.n, label.p, label.n);
	info[at++] = 0;
	info[at++] = 1;
	r = hmac((struct str){ (const char *)secret, CRYPTO_SHA256_BYTES },
		 (struct str){ (const char *)info, at }, STR(""), whole);
	if (r == 0)
		memcpy(out, whole, n);
	return r;
}

/* RFC 5869 §2.3 with one round. */
int crypto_hkdf(struct str salt, struct str secret, struct str info, uint8_t *out, size_t n)
{
	uint8_t extracted[CRYPTO_SHA256_BYTES], whole[CRYPTO_SHA256_BYTES];
	int r = hmac(salt, secret, STR(""), extracted);

	assert(n <= CRYPTO_SHA256_BYTES);
	if (r == 0)
		r = hmac((struct str){ (const char *)extracted, sizeof(extracted) }, info,
			 STR("\x01"), whole);
	if (r == 0)
		memcpy(out, whole, n);
	crypto_wipe(extracted, sizeof(extracted));
	crypto_wipe(whole, sizeof(whole));
	return r;
}

/* ---- Ciphers --------------------------------------------------------------------------------- */

int crypto_aes128_block(const uint8_t key[CRYPTO_AES128_BYTES],
			const uint8_t in[CRYPTO_BLOCK_BYTES], uint8_t out[CRYPTO_BLOCK_BYTES])
{
	int n = 0;

	if (!crypto_ready() || EVP_EncryptInit_ex2(crypto.block, NULL, key, NULL, NULL) != 1 ||
	    EVP_EncryptUpdate(crypto.block, out, &n, in, CRYPTO_BLOCK_BYTES) != 1 ||
	    n != CRYPTO_BLOCK_BYTES)
		return crypto_failed(-EIO);
	return 0;
}

int crypto_aes128_gcm_open(const uint8_t key[CRYPTO_AES128_BYTES],
			   const uint8_t nonce[CRYPTO_GCM_NONCE_BYTES], struct str associated,
			   struct str sealed, uint8_t *out)
{
	uint8_t tag[CRYPTO_GCM_TAG_BYTES], rest[CRYPTO_BLOCK_BYTES];
	size_t text = sealed.n - CRYPTO_GCM_TAG_BYTES;
	int n = 0;

	if (sealed.n < CRYPTO_GCM_TAG_BYTES || sealed.n > INT32_MAX || associated.n > INT32_MAX)
		return -EBADMSG;
	memcpy(tag, sealed.p + text, sizeof(tag));
	if (!crypto_ready() || EVP_DecryptInit_ex2(crypto.gcm, NULL, key, nonce, NULL) != 1 ||
	    EVP_DecryptUpdate(crypto.gcm, NULL, &n, (const uint8_t *)associated.p,
			      (int)associated.n) != 1 ||
	    EVP_DecryptUpdate(crypto.gcm, out, &n, (const uint8_t *)sealed.p, (int)text) != 1 ||
	    EVP_CIPHER_CTX_ctrl(crypto.gcm, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) != 1)
		return crypto_failed(-EIO);
	if (EVP_DecryptFinal_ex(crypto.gcm, rest, &n) != 1)
		return crypto_failed(-EBADMSG);
	return 0;
}
