// SPDX-License-Identifier: Apache-2.0
/*
 * Gathering a column. Numbers are kept as they come; texts and addresses are looked up among those
 * that came before. Values are chosen by whoever is watched, and the hash is not secret: a table in
 * which they were made to collide is given up, and the column is then written without a dictionary.
 */
#include "segment/chunk_build.h"

#include <stdlib.h>

#define ROOM_FIRST  ((size_t)256)
#define SLOTS_FIRST ((size_t)512)
/* Limits: a reset keeps no more than this of the texts, and of what one encoding needed. */
#define KEEP_TEXT_BYTES  (4 * MIB)
#define KEEP_SPARE_WORDS ((size_t)8 * KIB)
/* Limit: probes for one value. Half full and not made to collide, a table needs some 50. */
#define PROBES_MAX 256

int chunk_grow(void *array, size_t *room, size_t n, size_t bytes)
{
	size_t more = *room > ROOM_FIRST / 2 ? *room * 2 : ROOM_FIRST, total;
	void *p;

	if (n <= *room)
		return 0;
	more = more > n ? more : n;
	if (ckd_mul(&total, more, bytes))
		return -ENOMEM;
	memcpy(&p, array, sizeof(p));
	p = realloc(p, total);
	if (!p)
		return -ENOMEM;
	memcpy(array, &p, sizeof(p));
	*room = more;
	return 0;
}

/* Arrays that grow together have the room only when each of them has it. */
#define GROW(array, room, n) chunk_grow(&(array), &(size_t){ room }, (n), sizeof(*(array)))

/* ---- Birth and reset ------------------------------------------------------------------------- */

int chunk_build_new(uint16_t field_id, uint8_t type, struct chunk_build **out)
{
	struct chunk_build *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	chunk_build_reset(b, field_id, type);
	*out = b;
	return 0;
}

void chunk_build_free(struct chunk_build *b)
{
	if (!b)
		return;
	free(b->words);
	free(b->index);
	free(b->marks);
	free(b->ends);
	free(b->hashes);
	free(b->text);
	free(b->table);
	free(b->spare);
	free(b->sorted);
	free(b);
}

/* Memory that few columns need as much of. */
static void forget(void *array, size_t *room, size_t most)
{
	void *p;

	if (*room <= most)
		return;
	memcpy(&p, array, sizeof(p));
	free(p);
	p = NULL;
	memcpy(array, &p, sizeof(p));
	*room = 0;
}

void chunk_build_reset(struct chunk_build *b, uint16_t field_id, uint8_t type)
{
	assert(chunk_class_of(type) != CHUNK_NONE);
	b->field_id = field_id;
	b->type = type;
	b->class = (uint8_t)chunk_class_of(type);
	b->marked = 0;
	b->plain = b->crowded = false;
	b->n = b->rows = b->entries = 0;
	b->slots = 0;
	b->values_bytes = 0;
	memset(b->present, 0, sizeof(b->present));
	forget(&b->text, &b->text_room, KEEP_TEXT_BYTES);
	forget(&b->spare, &b->spare_room, KEEP_SPARE_WORDS);
	forget(&b->sorted, &b->sorted_room, KEEP_SPARE_WORDS);
}

size_t chunk_build_bytes(const struct chunk_build *b)
{
	size_t each = b->class == CHUNK_WORDS ? sizeof(*b->words) : sizeof(*b->index);

	return b->n * (each + sizeof(*b->marks)) + chunk_build_text(b) +
	       b->entries * (sizeof(*b->ends) + sizeof(*b->hashes)) + b->slots * sizeof(*b->table);
}

/* ---- Entries --------------------------------------------------------------------------------- */

static inline uint32_t slot_of(uint64_t hash, uint32_t entry)
{
	return (uint32_t)(hash >> 48) << 16 | (entry + 1);
}

/* Every entry is in the table, which has room for as many again. */
static int table_grow(struct chunk_build *b, size_t slots)
{
	int r = chunk_grow(&b->table, &b->table_room, slots, sizeof(*b->table));

	if (r < 0)
		return r;
	b->slots = slots;
	memset(b->table, 0, slots * sizeof(*b->table));
	for (uint32_t i = 0; i < b->entries; i++) {
		size_t at = b->hashes[i] & (slots - 1);

		while (b->table[at])
			at = (at + 1) & (slots - 1);
		b->table[at] = slot_of(b->hashes[i], i);
	}
	return 0;
}

static int grow_entries(struct chunk_build *b)
{
	size_t n = b->entries_room > 0 ? b->entries_room * 2 : ROOM_FIRST;
	int r = GROW(b->ends, b->entries_room, n);

	if (r == 0)
		r = chunk_grow(&b->hashes, &b->entries_room, n, sizeof(*b->hashes));
	return r;
}

static int entry_add(struct chunk_build *b, struct str s, uint64_t hash)
{
	size_t at = chunk_build_text(b), end;
	int r = b->entries < b->entries_room ? 0 : grow_entries(b);

	if (unlikely(ckd_add(&end, at, s.n) || end > UINT32_MAX))
		return -ENOMEM;
	if (likely(r == 0))
		r = chunk_grow(&b->text, &b->text_room, end, 1);
	if (unlikely(r < 0))
		return r;
	if (s.n > 0)
		memcpy(b->text + at, s.p, s.n);
	b->ends[b->entries] = (uint32_t)end;
	b->hashes[b->entries++] = hash;
	return 0;
}

/* The number of the entry, or -ENOENT; then *at is the free slot, or there is no table any more. */
static int entry_find(struct chunk_build *b, struct str s, uint64_t hash, size_t *at)
{
	size_t mask = b->slots - 1;
	unsigned probes = 0;

	for (*at = hash & mask; b->table[*at]; *at = (*at + 1) & mask) {
		uint32_t slot = b->table[*at], i = (slot & UINT16_MAX) - 1;

		if (slot >> 16 == hash >> 48 && b->hashes[i] == hash) {
			if (likely(str_eq(chunk_build_entry(b, i), s)))
				return (int)i;
			b->crowded = true;
			break;
		}
		if (unlikely(++probes == PROBES_MAX)) {
			b->crowded = true;
			break;
		}
	}
	return -ENOENT;
}

/* Answers the number of the entry, or -ENOMEM. */
static int entry_of(struct chunk_build *b, struct str s)
{
	uint64_t hash;
	size_t at = 0;
	int r;

	/* What is the same for a while needs no hash. */
	if (b->n > 0 && str_eq(chunk_build_entry(b, b->index[b->n - 1]), s))
		return b->index[b->n - 1];
	hash = hash_bytes(s.p, s.n, 0);
	if (unlikely(2 * (size_t)b->entries >= b->slots) && !b->crowded) {
		r = table_grow(b, b->slots > 0 ? b->slots * 2 : SLOTS_FIRST);
		if (r < 0)
			return r;
	}
	if (likely(!b->crowded)) {
		r = entry_find(b, s, hash, &at);
		if (r >= 0)
			return r;
	}
	r = entry_add(b, s, hash);
	if (r < 0)
		return r;
	if (likely(!b->crowded))
		b->table[at] = slot_of(hash, b->entries - 1);
	return (int)b->entries - 1;
}

/* ---- Values ---------------------------------------------------------------------------------- */

static int grow_values(struct chunk_build *b)
{
	size_t n = b->room > 0 ? b->room * 2 : ROOM_FIRST;
	int r = GROW(b->marks, b->room, n);

	if (r == 0)
		r = chunk_grow(&b->index, &b->room, n, sizeof(*b->index));
	return r;
}

static inline int begin(struct chunk_build *b, uint32_t row)
{
	assert(row >= b->rows && row < COLUMN_ROWS_MAX);
	return likely(b->n < b->room) ? 0 : grow_values(b);
}

static inline int put_word(struct chunk_build *b, uint64_t word)
{
	if (unlikely(b->n == b->words_room)) {
		int r = chunk_grow(&b->words, &b->words_room, b->n + 1, sizeof(*b->words));

		if (r < 0)
			return r;
	}
	b->words[b->n] = word;
	return 0;
}

static inline int put_entry(struct chunk_build *b, struct str s)
{
	int i = entry_of(b, s);

	if (unlikely(i < 0))
		return i;
	b->index[b->n] = (uint16_t)i;
	b->values_bytes += s.n;
	return 0;
}

static inline void end(struct chunk_build *b, uint32_t row, uint8_t marks)
{
	b->marks[b->n++] = marks;
	b->marked |= marks;
	b->present[row / 64] |= UINT64_C(1) << (row % 64);
	b->rows = row + 1;
}

/* Whatever member of the value its type has. */
static uint64_t word_of(const struct row_value *v)
{
	uint64_t word = v->u;

	if (v->type == FIELD_BOOL)
		word = v->b;
	else if (v->type == FIELD_F64)
		memcpy(&word, &v->f, sizeof(word));
	else if (v->type == FIELD_I64 || v->type == FIELD_TIME || v->type == FIELD_DUR)
		word = (uint64_t)v->i;
	return word;
}

static int put_value(struct chunk_build *b, const struct row_value *v)
{
	switch (b->class) {
	case CHUNK_WORDS:
		return put_word(b, word_of(v));
	case CHUNK_IPS:
		return put_entry(b, (struct str){ (const char *)v->ip.b, sizeof(v->ip.b) });
	default:
		return put_entry(b, v->s);
	}
}

int chunk_build_add(struct chunk_build *b, uint32_t row, const struct row_value *v)
{
	int r;

	if (unlikely(v->type != b->type))
		return -EINVAL;
	r = begin(b, row);
	if (likely(r == 0))
		r = put_value(b, v);
	if (unlikely(r < 0))
		return r;
	end(b, row, v->marks);
	return 0;
}

int chunk_build_add_word(struct chunk_build *b, uint32_t row, uint64_t word)
{
	int r = begin(b, row);

	assert(b->class == CHUNK_WORDS);
	if (likely(r == 0))
		r = put_word(b, word);
	if (unlikely(r < 0))
		return r;
	b->plain = true;
	end(b, row, 0);
	return 0;
}
