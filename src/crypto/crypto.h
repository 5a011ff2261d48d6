/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto: hashes, key derivation and ciphers over OpenSSL's EVP. Algorithms and contexts are got
 * once and used again, and all memory of libcrypto comes from pools made at the start, so that a
 * process in its sandbox opens no file, asks for no memory and draws no random number here. For one
 * thread. Nothing of our own is a primitive.
 */
#ifndef REDOUBT_CRYPTO_H
#define REDOUBT_CRYPTO_H

#include "base/base.h"

/* Gets everything ready; called before the sandbox is entered. Who forgets it pays at the first
 * use. 0, or -ENOMEM with *err. */
[[nodiscard]] int crypto_init(struct err *err);

/* ---- Hashes ---------------------------------------------------------------------------------- */

#define CRYPTO_MD5_BYTES    16
#define CRYPTO_SHA256_BYTES 32

/* MD5 is here for fingerprints that are defined by it, never for anything to rely on. */
enum crypto_hash { CRYPTO_MD5, CRYPTO_SHA256, CRYPTO_HASHES };

/* One hash of each kind at a time: begin, add as often as needed, end. A failure on the way, which
 * only want of memory can cause, is told at the end: -EIO. */
void crypto_hash_begin(enum crypto_hash which);
void crypto_hash_add(enum crypto_hash which, struct str bytes);
[[nodiscard]] int crypto_hash_end(enum crypto_hash which, uint8_t *out);

/* ---- Keys (HKDF with SHA-256) ---------------------------------------------------------------- */

/* RFC 5869 §2.2. 0 or -EIO, as all below. */
[[nodiscard]] int crypto_hkdf_extract(struct str salt, struct str secret,
				      uint8_t out[CRYPTO_SHA256_BYTES]);
/* HKDF-Expand-Label of RFC 8446 §7.1 with an empty context; label without "tls13 ", at most
 * CRYPTO_LABEL_MAX bytes; n at most CRYPTO_SHA256_BYTES, which is all that TLS and QUIC ask for. */
#define CRYPTO_LABEL_MAX 32
[[nodiscard]] int crypto_hkdf_expand_label(const uint8_t secret[CRYPTO_SHA256_BYTES],
					   struct str label, uint8_t *out, size_t n);

/* ---- Ciphers --------------------------------------------------------------------------------- */

#define CRYPTO_AES128_BYTES    16
#define CRYPTO_BLOCK_BYTES     16
#define CRYPTO_GCM_NONCE_BYTES 12
#define CRYPTO_GCM_TAG_BYTES   16

/* AES-128 of one block, as header protection needs it (RFC 9001 §5.4.3). */
[[nodiscard]] int crypto_aes128_block(const uint8_t key[CRYPTO_AES128_BYTES],
				      const uint8_t in[CRYPTO_BLOCK_BYTES],
				      uint8_t out[CRYPTO_BLOCK_BYTES]);
/* AES-128-GCM: out gets sealed.n - CRYPTO_GCM_TAG_BYTES bytes. -EBADMSG when it is not what was
 * sealed; out is to be ignored then. sealed and out do not overlap. */
[[nodiscard]] int crypto_aes128_gcm_open(const uint8_t key[CRYPTO_AES128_BYTES],
					 const uint8_t nonce[CRYPTO_GCM_NONCE_BYTES],
					 struct str associated, struct str sealed, uint8_t *out);

/* ---- Sealing (AES-256-GCM) ------------------------------------------------------------------- */

#define CRYPTO_KEY_BYTES 32

/* HKDF of RFC 5869, extract and expand: out gets n bytes, at most CRYPTO_SHA256_BYTES. */
[[nodiscard]] int crypto_hkdf(struct str salt, struct str secret, struct str info, uint8_t *out,
			      size_t n);

/* AES-256-GCM under one key, whose schedule it keeps. The caller never uses a nonce twice. */
struct crypto_aead;

/* Limit: this many can live at once. */
#define CRYPTO_AEAD_MAX 4096
/* Limit: bytes of one text, and of what is associated with it. To seal more is a bug; what claims
 * to hold more is not opened. */
#define CRYPTO_AEAD_BYTES_MAX GIB

/* 0, -EIO or -ENOMEM. The key is not kept beside the schedule. */
[[nodiscard]] int crypto_aead_new(const uint8_t key[CRYPTO_KEY_BYTES], struct crypto_aead **out);
/* Wipes it. */
void crypto_aead_free(struct crypto_aead *a);
CLEANUP_DEFINE(struct crypto_aead *, crypto_aead_free)
/* out gets plain.n + CRYPTO_GCM_TAG_BYTES bytes; out may be where plain lies. */
[[nodiscard]] int crypto_aead_seal(struct crypto_aead *a,
				   const uint8_t nonce[CRYPTO_GCM_NONCE_BYTES],
				   struct str associated, struct str plain, uint8_t *out);
/* out gets sealed.n - CRYPTO_GCM_TAG_BYTES bytes, and may be where sealed lies. -EBADMSG when it is
 * not what was sealed; out holds zeros then. */
[[nodiscard]] int crypto_aead_open(struct crypto_aead *a,
				   const uint8_t nonce[CRYPTO_GCM_NONCE_BYTES],
				   struct str associated, struct str sealed, uint8_t *out);

/* ---- Secrets --------------------------------------------------------------------------------- */

/* Bytes nobody can foresee, from the kernel. 0 or -EIO. */
[[nodiscard]] int crypto_random(void *to, size_t n);
/* Memory for keys: zeroed, kept from core dumps and, as far as the limit of locked memory allows,
 * from swap; wiped when freed. NULL when there is none. */
void *crypto_secret_alloc(size_t n);
void crypto_secret_free(void *p);
CLEANUP_DEFINE(void *, crypto_secret_free)
/* Overwrites in a way that is not optimised away. */
void crypto_wipe(void *p, size_t n);
/* Equal, in a time that does not depend on where they differ. */
bool crypto_equal(const void *a, const void *b, size_t n);

/* A key from a passphrase: Argon2id (RFC 9106), version 0x13. 0, -EINVAL (a parameter that the
 * function does not allow) or -ENOMEM. */
struct crypto_argon2 {
	uint32_t memory_kib, passes, lanes;
};
[[nodiscard]] int crypto_argon2id(struct str passphrase, const uint8_t salt[16],
				  const struct crypto_argon2 *cost, uint8_t out[CRYPTO_KEY_BYTES]);

#endif
