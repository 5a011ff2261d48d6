/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of crypto share: the start, and keeping memory from dumps and swap.
 */
#ifndef REDOUBT_CRYPTO_INT_H
#define REDOUBT_CRYPTO_INT_H

#include "crypto/crypto.h"

/* As crypto_init(), at no cost when it was called. */
bool crypto_ready(void);
/* Returns code; empties libcrypto's queue of errors, which nobody reads. */
int crypto_failed(int code);

/* Fetches the cipher and uses it once. Called by crypto_init(). */
bool crypto_aead_start(void);

/* Keeps whole pages from core dumps. */
void crypto_no_dump(void *p, size_t n);
/* Keeps as many of the first n bytes from swap as the limit of locked memory allows, at most
 * most_bytes. They are locked when they are first used, and cost nothing before. */
void crypto_no_swap(void *p, size_t n, size_t most_bytes);
/* Bytes that this process may lock: SIZE_MAX when there is no limit. */
size_t crypto_lock_limit(void);

/* Argon2id with all that the RFC has: a secret and associated data beside. For its test vector. */
[[nodiscard]] int crypto_argon2id_full(struct str passphrase, struct str salt, struct str secret,
				       struct str associated, const struct crypto_argon2 *cost,
				       uint8_t out[CRYPTO_KEY_BYTES]);

#endif
