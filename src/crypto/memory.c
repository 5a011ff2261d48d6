// SPDX-License-Identifier: Apache-2.0
/*
 * The memory of libcrypto: a heap over pools that are mapped at start. Starting a hash anew makes
 * libcrypto 3.0 allocate its state anew; here that is a piece taken from a list and given back, and
 * the whole has a ceiling.
 */
#include "crypto/memory.h"

#include <openssl/crypto.h>

/* Limit: memory of libcrypto, of which about 350 KiB are used once the default provider is loaded.
 */
#define MEMORY_MAX (4 * MIB)

static struct memory {
	struct pool pool[HEAP_POOLS];
	struct heap heap;
	uint64_t asked;
} memory;

static const struct {
	size_t block_bytes, blocks;
} sizes[HEAP_POOLS] = { { 4 * KIB, 512 }, { 16 * KIB, 64 }, { 64 * KIB, 16 } };

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
