/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap: an allocator for libraries, over fixed pools. Small pieces have a size class, are cut from
 * blocks of the smallest pool and kept by class when they are freed; a large piece is a block of
 * its own and goes back to its pool at once. What is held counts against a cap by whole blocks.
 * Classes without the head are multiples of 16, and from 128 on powers of two, as libraries like to
 * ask for them, with one step between two of them.
 *
 *   piece | head: class or pool, 16 bytes | what the caller gets, aligned to 16 …
 */
#include "base/base.h"

#define PIECE_HEAD  ((size_t)16)
#define LARGE_PIECE HEAP_CLASSES /* and beyond: blocks of pools[index - LARGE_PIECE] */

struct piece {
	uint64_t class;
	struct piece *next; /* of a free one, and of a large one */
};
static_assert(sizeof(struct piece) == PIECE_HEAD, "what follows the head is aligned as it is");

/* The head of each small block. */
struct block {
	struct block *next;
	uint64_t unused;
};
static_assert(sizeof(struct block) == PIECE_HEAD, "the first piece of a block is aligned");

/* Classes of 16, 32, 48, 64, 80, 96, and from here on 128, 192, 256, 384, … */
#define CLASS_STEPS 6U

/* The smallest class that has n bytes; beyond HEAP_CLASSES there is none. */
static unsigned class_of(size_t n)
{
	unsigned log2;

	if (n <= (size_t)CLASS_STEPS * 16)
		return n ? (unsigned)((n - 1) / 16) : 0;
	log2 = 63 - (unsigned)__builtin_clzll(n - 1);
	return CLASS_STEPS + 2 * (log2 - 6) + (unsigned)((n - 1) >> (log2 - 1) & 1) - 1;
}

/* With its head. */
static size_t class_bytes(unsigned class)
{
	size_t bytes = class < CLASS_STEPS
			       ? 16 * (size_t)(class + 1)
			       : (size_t)(4 - class % 2) << (5 + (class + 1 - CLASS_STEPS) / 2);

	return PIECE_HEAD + bytes;
}

static size_t small_block_room(const struct heap *h)
{
	return h->pools[0]->block_bytes - sizeof(struct block);
}

void heap_init(struct heap *h, struct pool *const pools[HEAP_POOLS], size_t cap_bytes)
{
	*h = (struct heap){ .cap_bytes = cap_bytes };
	memcpy(h->pools, pools, sizeof(h->pools));
}

static void *take_block(struct heap *h, unsigned pool)
{
	size_t bytes = h->pools[pool]->block_bytes;
	void *block;

	if (bytes > h->cap_bytes - h->bytes)
		return NULL;
	block = pool_get(h->pools[pool]);
	if (block)
		h->bytes += bytes;
	return block;
}

void heap_done(struct heap *h)
{
	struct block *block = h->blocks;
	struct piece *large = h->large;

	while (block) {
		struct block *next = block->next;

		pool_put(h->pools[0], block);
		block = next;
	}
	while (large) {
		struct piece *next = large->next;

		pool_put(h->pools[large->class - LARGE_PIECE], large);
		large = next;
	}
	h->bytes = 0;
	h->blocks = NULL;
	h->room = 0;
	memset(h->free_list, 0, sizeof(h->free_list));
	h->large = NULL;
}

static size_t capacity(const struct heap *h, const struct piece *piece)
{
	size_t bytes = piece->class < LARGE_PIECE
			       ? class_bytes((unsigned)piece->class)
			       : h->pools[piece->class - LARGE_PIECE]->block_bytes;

	return bytes - PIECE_HEAD;
}

static struct piece *cut_piece(struct heap *h, unsigned class)
{
	size_t at = h->pools[0]->block_bytes - h->room;
	struct piece *piece = (void *)((uint8_t *)h->blocks + at);

	h->room -= class_bytes(class);
	piece->class = class;
	return piece;
}

/* What is left of the newest block is too short for what is asked: it becomes pieces that wait. */
static void use_up(struct heap *h)
{
	for (unsigned class = HEAP_CLASSES; class -- > 0;) {
		while (h->room >= class_bytes(class)) {
			struct piece *piece = cut_piece(h, class);

			piece->next = h->free_list[class];
			h->free_list[class] = piece;
		}
	}
}

static struct piece *freed_piece(struct heap *h, unsigned class)
{
	struct piece *piece = h->free_list[class];

	if (piece)
		h->free_list[class] = piece->next;
	return piece;
}

static bool add_block(struct heap *h)
{
	struct block *block = take_block(h, 0);

	if (!block)
		return false;
	use_up(h);
	block->next = h->blocks;
	h->blocks = block;
	h->room = small_block_room(h);
	return true;
}

/* From what was freed, or the end of the newest block, or what was freed of the next two classes,
 * or a new block. */
static struct piece *small_piece(struct heap *h, unsigned class)
{
	struct piece *piece = freed_piece(h, class);

	if (piece)
		return piece;
	if (h->room >= class_bytes(class))
		return cut_piece(h, class);
	for (unsigned larger = class + 1; larger <= class + 2 && larger < HEAP_CLASSES; larger++) {
		piece = freed_piece(h, larger);
		if (piece)
			return piece;
	}
	return add_block(h) ? cut_piece(h, class) : NULL;
}

static struct piece *large_piece(struct heap *h, size_t bytes)
{
	for (unsigned pool = 0; pool < HEAP_POOLS; pool++) {
		struct piece *piece;

		if (h->pools[pool]->block_bytes < bytes)
			continue;
		piece = take_block(h, pool);
		if (!piece)
			continue;
		piece->class = LARGE_PIECE + pool;
		piece->next = h->large;
		h->large = piece;
		return piece;
	}
	return NULL;
}

void *heap_alloc(struct heap *h, size_t n)
{
	unsigned fit = class_of(n);
	struct piece *piece;
	size_t bytes;

	if (ckd_add(&bytes, n, PIECE_HEAD))
		return NULL;
	if (fit < HEAP_CLASSES && class_bytes(fit) <= small_block_room(h))
		piece = small_piece(h, fit);
	else
		piece = large_piece(h, bytes);
	return piece ? (uint8_t *)piece + PIECE_HEAD : NULL;
}

static void free_large(struct heap *h, struct piece *piece)
{
	struct piece *before = NULL;
	struct pool *pool = h->pools[piece->class - LARGE_PIECE];

	for (struct piece *i = h->large; i != piece; i = i->next) {
		assert(i); /* freed twice, or never ours */
		before = i;
	}
	if (before)
		before->next = piece->next;
	else
		h->large = piece->next;
	h->bytes -= pool->block_bytes;
	pool_put(pool, piece);
}

void heap_free(struct heap *h, void *p)
{
	struct piece *piece = p ? (void *)((uint8_t *)p - PIECE_HEAD) : NULL;

	if (!piece)
		return;
	if (piece->class >= LARGE_PIECE) {
		free_large(h, piece);
		return;
	}
	piece->next = h->free_list[piece->class];
	h->free_list[piece->class] = piece;
}

void *heap_resize(struct heap *h, void *p, size_t n)
{
	size_t old = p ? capacity(h, (void *)((uint8_t *)p - PIECE_HEAD)) : 0;
	void *larger;

	if (p && n <= old)
		return p;
	larger = heap_alloc(h, n);
	if (larger && p) {
		memcpy(larger, p, old);
		heap_free(h, p);
	}
	return larger;
}
