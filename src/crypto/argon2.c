// SPDX-License-Identifier: Apache-2.0
/*
 * Keys from passphrases, by the reference implementation of Argon2. Its memory is a mapping of its
 * own, kept from core dumps and wiped by the library; the lanes run one after the other, so that no
 * thread is made.
 */
#include <argon2.h>
#include <sys/mman.h>

#include "crypto/crypto_int.h"

/* Limit: bytes of a passphrase. */
#define PASSPHRASE_MAX ((size_t)1024)

static int map(uint8_t **memory, size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return ARGON2_MEMORY_ALLOCATION_ERROR;
	crypto_no_dump(p, n);
	*memory = p;
	return ARGON2_OK;
}

static void unmap(uint8_t *memory, size_t n)
{
	(void)munmap(memory, n);
}

/* The library reads them only, but says so nowhere. */
static uint8_t *bytes_of(struct str s)
{
	union {
		const char *in;
		uint8_t *out;
	} p = { .in = s.p };

	return p.out;
}

int crypto_argon2id_full(struct str passphrase, struct str salt, struct str secret,
			 struct str associated, const struct crypto_argon2 *cost,
			 uint8_t out[CRYPTO_KEY_BYTES])
{
	uint8_t key[CRYPTO_KEY_BYTES];
	argon2_context context = {
		.out = key,
		.outlen = sizeof(key),
		.pwd = bytes_of(passphrase),
		.pwdlen = (uint32_t)passphrase.n,
		.salt = bytes_of(salt),
		.saltlen = (uint32_t)salt.n,
		.secret = bytes_of(secret),
		.secretlen = (uint32_t)secret.n,
		.ad = bytes_of(associated),
		.adlen = (uint32_t)associated.n,
		.t_cost = cost->passes,
		.m_cost = cost->memory_kib,
		.lanes = cost->lanes,
		.threads = 1,
		.version = ARGON2_VERSION_13,
		.allocate_cbk = map,
		.free_cbk = unmap,
	};
	int r = passphrase.n > PASSPHRASE_MAX ? ARGON2_PWD_TOO_LONG : argon2id_ctx(&context);

	if (r == ARGON2_OK)
		memcpy(out, key, sizeof(key));
	crypto_wipe(key, sizeof(key));
	if (r == ARGON2_OK)
		return 0;
	return r == ARGON2_MEMORY_ALLOCATION_ERROR ? -ENOMEM : -EINVAL;
}

int crypto_argon2id(struct str passphrase, const uint8_t salt[16], const struct crypto_argon2 *cost,
		    uint8_t out[CRYPTO_KEY_BYTES])
{
	return crypto_argon2id_full(passphrase, (struct str){ (const char *)salt, 16 }, STR(""),
				    STR(""), cost, out);
}
