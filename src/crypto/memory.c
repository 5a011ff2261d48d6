// SPDX-License-Identifier: Apache-2.0
/*
 * The memory of libcrypto: a heap over pools that are mapped at start. Starting a hash anew makes
 * libcrypto 3.0 allocate its state anew; here that is a piece taken from a list and given back, and
 * the whole has a ceiling.
 */
#include "crypto/memory.h"

#include <openssl/crypto.h>

#include "crypto/crypto_int.h"

/* Limit: memory of libcrypto, of which about 350 KiB are used once the default provider is loaded,
 * and 1.3 KiB for each key of crypto_aead_new(). */
#define MEMORY_MAX (10 * MIB)

static struct memory {
	struct pool pool[HEAP_POOLS];
	struct heap heap;
	uint64_t asked;
} memory;

static const struct {
	size_t block_bytes, blocks;
} sizes[HEAP_POOLS] = { { 4 * KIB, 2048 }, { 16 * KIB, 64 }, { 64 * KIB, 16 } };

static void *take(size_t n, [[maybe_unused]] const char *file, [[maybe_unused]] int line)
{
	memory.asked++;
	return n ? heap_alloc(&memory.heap, n) : NULL;
}

static void give(void *p, [[maybe_unused]] const char *file, [[maybe_unused]] int line)
{
	heap_free(&memory.heap, p);
}

static void *resize(void *p, size_t n, const char *file, int line)
{
	if (n == 0) {
		give(p, file, line);
		return NULL;
	}
	memory.asked++;
	return heap_resize(&memory.heap, p, n);
}

/* Key schedules lie in here. Blocks are used from the start of a pool on, so that is what is
 * locked; half of the limit stays for crypto_secret_alloc(). */
static void protect(struct pool *pool)
{
	size_t limit = crypto_lock_limit();

	crypto_no_dump(pool->base, pool->block_bytes * pool->blocks);
	crypto_no_swap(pool->base, pool->block_bytes * pool->blocks,
		       limit == SIZE_MAX ? limit : limit / 2 / HEAP_POOLS);
}

int crypto_memory_route(void)
{
	struct pool *pools[HEAP_POOLS];
	int r = 0;

	for (unsigned i = 0; i < HEAP_POOLS; i++) {
		pools[i] = &memory.pool[i];
		if (r == 0)
			r = pool_init(pools[i], sizes[i].block_bytes, sizes[i].blocks);
	}
	if (r == 0) {
		for (unsigned i = 0; i < HEAP_POOLS; i++)
			protect(pools[i]);
		heap_init(&memory.heap, pools, MEMORY_MAX);
		r = CRYPTO_set_mem_functions(take, resize, give) == 1 ? 0 : -EALREADY;
	}
	for (unsigned i = 0; i < HEAP_POOLS && r < 0; i++)
		pool_done(pools[i]);
	return r;
}

size_t crypto_memory_held(void)
{
	return memory.heap.bytes;
}

uint64_t crypto_memory_asked(void)
{
	return memory.asked;
}
