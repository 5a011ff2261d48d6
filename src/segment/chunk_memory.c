// SPDX-License-Identifier: Apache-2.0
/*
 * Memory of columns. After a few groups there is one block that is large enough for any of them,
 * and nothing is allocated any more.
 */
#include "segment/chunk.h"

#include <stdlib.h>

#define ALIGN       ((size_t)64)
#define BLOCK_FIRST (1 * MIB)

/* A block begins with the one before it, in a piece of its own. */
static void free_chain(void *block)
{
	while (block) {
		void *older;

		memcpy(&older, block, sizeof(older));
		free(block);
		block = older;
	}
}

/* A block with room for n bytes; the one before is kept, since columns lie in it. */
static bool add_block(struct chunk_memory *m, size_t n)
{
	size_t room = m->room > SIZE_MAX / 4 ? m->room : m->room * 2;
	uint8_t *p;

	room = room > BLOCK_FIRST ? room : BLOCK_FIRST;
	room = room > n + ALIGN ? room : n + ALIGN;
	p = aligned_alloc(ALIGN, room);
	if (!p)
		return false;
	memcpy(p, &m->p, sizeof(m->p));
	m->older = m->p;
	m->p = p;
	m->room = room;
	m->used = ALIGN;
	return true;
}

void *chunk_memory_get(struct chunk_memory *m, size_t n)
{
	void *p;

	if (unlikely(n > SIZE_MAX / 2))
		return NULL;
	n = (n + ALIGN - 1) & ~(ALIGN - 1);
	if (unlikely(!m->p || n > m->room - m->used) && !add_block(m, n))
		return NULL;
	p = m->p + m->used;
	m->used += n;
	return p;
}

void chunk_memory_reset(struct chunk_memory *m)
{
	void *none = NULL;

	free_chain(m->older);
	m->older = NULL;
	m->used = ALIGN;
	if (m->p)
		memcpy(m->p, &none, sizeof(none));
}

void chunk_memory_done(struct chunk_memory *m)
{
	free_chain(m->p);
	*m = (struct chunk_memory){ 0 };
}
