// SPDX-License-Identifier: Apache-2.0
/*
 * AES-256-GCM under keys that are used often. The key schedule is the same for both directions, so
 * one context of libcrypto serves both: each call sets the direction and the nonce, and no more.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto/crypto_int.h"

struct crypto_aead {
	EVP_CIPHER_CTX *context;
};

static EVP_CIPHER *cipher;

bool crypto_aead_start(void)
{
	static const uint8_t zero[CRYPTO_KEY_BYTES];
	uint8_t sealed[CRYPTO_GCM_TAG_BYTES];
	struct crypto_aead *a = NULL;
	bool ok;

	cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	if (!cipher || crypto_aead_new(zero, &a) < 0 || !a)
		return false;
	ok = crypto_aead_seal(a, zero, STR(""), STR(""), sealed) == 0 &&
	     crypto_aead_open(a, zero, STR(""), (struct str){ (char *)sealed, sizeof(sealed) },
			      NULL) == 0;
	crypto_aead_free(a);
	return ok;
}

int crypto_aead_new(const uint8_t key[CRYPTO_KEY_BYTES], struct crypto_aead **out)
{
	CLEANUP(crypto_aead_free) struct crypto_aead *a = NULL;

	if (!crypto_ready())
		return -EIO;
	a = OPENSSL_zalloc(sizeof(*a));
	if (a)
		a->context = EVP_CIPHER_CTX_new();
	if (!a || !a->context || EVP_EncryptInit_ex2(a->context, cipher, key, NULL, NULL) != 1)
		return crypto_failed(-ENOMEM);
	*out = TAKE(a);
	return 0;
}

void crypto_aead_free(struct crypto_aead *a)
{
	if (!a)
		return;
	EVP_CIPHER_CTX_free(a->context); /* wipes the schedule */
	OPENSSL_free(a);
}

static bool add(EVP_CIPHER_CTX *context, struct str bytes, uint8_t *out)
{
	int n = 0;

	return bytes.n == 0 ||
	       EVP_CipherUpdate(context, out, &n, (const uint8_t *)bytes.p, (int)bytes.n) == 1;
}

/* What gets or takes the tag. */
static void tag_params(uint8_t tag[CRYPTO_GCM_TAG_BYTES], OSSL_PARAM params[2])
{
	params[0] = OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag,
						      CRYPTO_GCM_TAG_BYTES);
	params[1] = OSSL_PARAM_construct_end();
}

int crypto_aead_seal(struct crypto_aead *a, const uint8_t nonce[CRYPTO_GCM_NONCE_BYTES],
		     struct str associated, struct str plain, uint8_t *out)
{
	uint8_t rest[CRYPTO_BLOCK_BYTES];
	OSSL_PARAM params[2];
	int n = 0;

	assert(plain.n <= CRYPTO_AEAD_BYTES_MAX && associated.n <= CRYPTO_AEAD_BYTES_MAX);
	tag_params(out + plain.n, params);
	if (EVP_EncryptInit_ex2(a->context, NULL, NULL, nonce, NULL) != 1 ||
	    !add(a->context, associated, NULL) || !add(a->context, plain, out) ||
	    EVP_EncryptFinal_ex(a->context, rest, &n) != 1 ||
	    EVP_CIPHER_CTX_get_params(a->context, params) != 1)
		return crypto_failed(-EIO);
	return 0;
}

int crypto_aead_open(struct crypto_aead *a, const uint8_t nonce[CRYPTO_GCM_NONCE_BYTES],
		     struct str associated, struct str sealed, uint8_t *out)
{
	uint8_t tag[CRYPTO_GCM_TAG_BYTES], rest[CRYPTO_BLOCK_BYTES];
	struct str text = { sealed.p, sealed.n - CRYPTO_GCM_TAG_BYTES };
	OSSL_PARAM params[2];
	int n = 0;

	assert(associated.n <= CRYPTO_AEAD_BYTES_MAX);
	if (sealed.n < CRYPTO_GCM_TAG_BYTES || text.n > CRYPTO_AEAD_BYTES_MAX)
		return -EBADMSG;
	memcpy(tag, sealed.p + text.n, sizeof(tag));
	tag_params(tag, params);
	if (EVP_DecryptInit_ex2(a->context, NULL, NULL, nonce, params) == 1 &&
	    add(a->context, associated, NULL) && add(a->context, text, out) &&
	    EVP_DecryptFinal_ex(a->context, rest, &n) == 1)
		return 0;
	if (text.n)
		memset(out, 0, text.n);
	return crypto_failed(-EBADMSG);
}
