/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena: blocks of one size out of one mapping (pool), and allocation by advancing in such blocks
 * (arena), given back all at once. All memory is decided at start: nothing here calls the kernel
 * after pool_init(). Under ASan whatever nobody holds is poisoned.
 *
 *   pool   | out | free | out | free | fresh …    the free list runs through the free blocks
 *   block  | next | used … | room |               of an arena; next is the block before it
 */
#include "base/base.h"

#include <sys/mman.h>

#ifdef __SANITIZE_ADDRESS__
#define POISONING 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONING 1
#endif
#endif

#ifdef POISONING
#include <sanitizer/asan_interface.h>
#define poison(p, n)   __asan_poison_memory_region((p), (n))
#define unpoison(p, n) __asan_unpoison_memory_region((p), (n))
#define poisoned(p)    (__asan_address_is_poisoned(p) != 0)
#else
#define poison(p, n)   ((void)(p), (void)(n))
#define unpoison(p, n) ((void)(p), (void)(n))
#define poisoned(p)    ((void)(p), false)
#endif

#define BLOCK_ALIGN  ((size_t)16)
#define ALLOC_ALIGN  ((size_t)8)
#define HEADER_BYTES sizeof(struct link)

/* The first bytes of a block on the free list, and of an arena's block. */
struct link {
	struct link *next;
};

static_assert(sizeof(struct link) % ALLOC_ALIGN == 0 && sizeof(struct link) <= BLOCK_ALIGN);

/* ---- pool ------------------------------------------------------------------------------------ */

int pool_init(struct pool *pool, size_t block_bytes, size_t blocks)
{
	size_t rounded;
	size_t total;
	void *base;

	if (block_bytes == 0 || blocks == 0 || ckd_add(&rounded, block_bytes, BLOCK_ALIGN - 1))
		return -EINVAL;
	rounded &= ~(BLOCK_ALIGN - 1);
	if (ckd_mul(&total, rounded, blocks))
		return -EINVAL;
	base = mmap(NULL, total, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -ENOMEM;
	*pool = (struct pool){ .base = base, .block_bytes = rounded, .blocks = blocks };
	poison(base, rounded);
	return 0;
}

/* Bytes that were ever given out, with the fresh block behind them: the part that is poisoned.
 * Poisoning all of a large mapping at start would touch an eighth of it. */
[[maybe_unused]] static size_t touched_bytes(const struct pool *pool)
{
	return size_min(pool->fresh + 1, pool->blocks) * pool->block_bytes;
}

void pool_done(struct pool *pool)
{
	if (pool->base) {
		unpoison(pool->base, touched_bytes(pool));
		(void)munmap(pool->base, pool->block_bytes * pool->blocks);
	}
	*pool = (struct pool){ 0 };
}

void pool_share(struct pool *pool, size_t reserved, size_t *shared)
{
	pool->reserved = reserved;
	pool->shared = shared;
}

/* There is another block, and memory for it. */
static bool has_fresh(struct pool *pool)
{
	if (pool->fresh == pool->blocks)
		return false;
	if (pool->fresh < pool->backed)
		return true;
	if (pool->shared && pool->fresh >= pool->reserved) {
		if (*pool->shared < pool->block_bytes)
			return false;
		*pool->shared -= pool->block_bytes;
	}
	pool->backed++;
	return true;
}

static void *take_fresh(struct pool *pool)
{
	uint8_t *block = pool->base + pool->fresh * pool->block_bytes;

	pool->fresh++;
	if (pool->fresh < pool->blocks)
		poison(block + pool->block_bytes, pool->block_bytes);
	return block;
}

void *pool_get(struct pool *pool)
{
	struct link *block = pool->free_list;

	if (likely(block)) {
		unpoison(block, pool->block_bytes);
		pool->free_list = block->next;
	} else if (has_fresh(pool)) {
		block = take_fresh(pool);
		unpoison(block, pool->block_bytes);
	} else {
		pool->refused++;
		return NULL;
	}
	pool->used++;
	return block;
}

static bool pool_owns(const struct pool *pool, const void *block)
{
	uintptr_t at = (uintptr_t)block - (uintptr_t)pool->base;

	return at < pool->fresh * pool->block_bytes && at % pool->block_bytes == 0;
}

void pool_put(struct pool *pool, void *block)
{
	struct link *link = block;

	if (!block)
		return;
	assert(pool_owns(pool, block) && pool->used > 0);
	assert(!poisoned(block)); /* put twice */
	link->next = pool->free_list;
	pool->free_list = link;
	pool->used--;
	poison(block, pool->block_bytes);
}

size_t pool_left(const struct pool *pool)
{
	size_t backed = pool->backed, more = pool->blocks - backed;

	if (pool->shared) {
		size_t own = backed < pool->reserved ? pool->reserved - backed : 0;

		more = size_min(more, own + *pool->shared / pool->block_bytes);
	}
	return backed - pool->used + more;
}

void pool_reset(struct pool *pool)
{
	poison(pool->base, touched_bytes(pool));
	pool->free_list = NULL;
	pool->used = 0;
	pool->fresh = 0;
}

/* ---- arena ----------------------------------------------------------------------------------- */

void arena_init(struct arena *a, struct pool *pool, size_t cap_bytes)
{
	assert(pool->block_bytes >= HEADER_BYTES + ALLOC_ALIGN);
	*a = (struct arena){ .pool = pool, .cap_bytes = cap_bytes };
}

void arena_done(struct arena *a)
{
	struct link *block = a->head;

	while (block) {
		struct link *next = block->next;

		pool_put(a->pool, block);
		block = next;
	}
	a->head = NULL;
	a->room = 0;
	a->bytes = 0;
}

static bool next_block(struct arena *a)
{
	struct link *block = pool_get(a->pool);

	if (!block)
		return false;
	block->next = a->head;
	a->head = block;
	a->room = a->pool->block_bytes - HEADER_BYTES;
	poison((uint8_t *)block + HEADER_BYTES, a->room);
	return true;
}

void *arena_alloc(struct arena *a, size_t n)
{
	size_t take;
	uint8_t *p;

	if (unlikely(ckd_add(&take, n, ALLOC_ALIGN - 1)))
		return NULL;
	take = take < 2 * ALLOC_ALIGN ? ALLOC_ALIGN : take & ~(ALLOC_ALIGN - 1);
	if (unlikely(take > a->cap_bytes - a->bytes))
		return NULL;
	if (unlikely(take > a->room) &&
	    (take > a->pool->block_bytes - HEADER_BYTES || !next_block(a)))
		return NULL;
	p = (uint8_t *)a->head + a->pool->block_bytes - a->room;
	a->room -= take;
	a->bytes += take;
	unpoison(p, n);
	return p;
}

struct str arena_str(struct arena *a, struct str s)
{
	char *p;

	if (s.n == 0)
		return STR("");
	p = arena_alloc(a, s.n);
	if (!p)
		return (struct str){ NULL, 0 };
	memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}
