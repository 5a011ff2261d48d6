/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of key symbols: names are copied in once and numbered from 0, a hash table finds them.
 * Names and their entries share one mapping of the cap's size and never move; only the hash table
 * is made anew when it grows. All of it counts against the cap.
 *
 *     base                                              base + cap_bytes
 *     | entry 0 | entry 1 | … ->                  <- … | name 1 | name 0 |
 */
#include "json/symbols.h"

#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>

enum { SLOTS_AT_START = 256 };

struct entry {
	const char *name;
	uint32_t name_bytes;
	uint32_t note;
	uint64_t noted_in; /* the round of the note */
};

/* A slot is 0, or the upper half of the name's hash and, below it, its symbol + 1. */
struct json_symbols {
	struct entry *entries; /* the mapping's front */
	char *names;           /* the newest name; the mapping's end when there is none */
	uint64_t *slots;
	size_t slot_count; /* a power of two, at most half of it used */
	size_t cap_bytes;
	uint32_t count;
	uint64_t seed;
	uint64_t round;
};

/* Peers choose keys: the seed must differ between processes, so that nobody prepares keys that
 * collide. The kernel's random bytes need no system call. */
static uint64_t random_seed(void)
{
	const uint8_t *random = (const uint8_t *)getauxval(AT_RANDOM);

	return random ? hash_mix(load_u64le(random), load_u64le(random + 8)) : 0;
}

static char *mapping_end(const struct json_symbols *s)
{
	return (char *)s->entries + s->cap_bytes;
}

int json_symbols_new(size_t cap_bytes, struct json_symbols **out)
{
	CLEANUP(json_symbols_free) struct json_symbols *s = calloc(1, sizeof(*s));
	void *mapping;

	if (!s)
		return -ENOMEM;
	s->slots = calloc(SLOTS_AT_START, sizeof(*s->slots));
	if (!s->slots || cap_bytes == 0)
		return -ENOMEM;
	mapping = mmap(NULL, cap_bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mapping == MAP_FAILED)
		return -ENOMEM;
	s->entries = mapping;
	s->cap_bytes = cap_bytes;
	s->names = mapping_end(s);
	s->slot_count = SLOTS_AT_START;
	s->seed = random_seed();

	*out = TAKE(s);
	return 0;
}

void json_symbols_free(struct json_symbols *s)
{
	if (!s)
		return;
	if (s->entries)
		(void)munmap(s->entries, s->cap_bytes);
	free(s->slots);
	free(s);
}

static uint64_t slot_of(uint64_t hash, uint32_t symbol)
{
	return (hash & ~(uint64_t)UINT32_MAX) | (symbol + 1);
}

struct str json_symbol_name(const struct json_symbols *s, json_symbol symbol)
{
	if (symbol >= s->count)
		return (struct str){ NULL, 0 };
	return (struct str){ s->entries[symbol].name, s->entries[symbol].name_bytes };
}

/* The slot that holds the key, or the empty one where it belongs. */
static uint64_t *find_slot(const struct json_symbols *s, struct str key, uint64_t hash)
{
	for (size_t at = hash;; at++) {
		uint64_t *slot = &s->slots[at & (s->slot_count - 1)];

		if (*slot == 0)
			return slot;
		if ((*slot ^ hash) >> 32 == 0 &&
		    str_eq(json_symbol_name(s, (uint32_t)*slot - 1), key))
			return slot;
	}
}

static uint64_t hash_of(const struct json_symbols *s, struct str key)
{
	return hash_bytes(key.p, key.n, s->seed);
}

static bool grow_slots(struct json_symbols *s)
{
	size_t slot_count = 2 * s->slot_count;
	uint64_t *slots = calloc(slot_count, sizeof(*slots));

	if (!slots)
		return false;
	free(s->slots);
	s->slots = slots;
	s->slot_count = slot_count;
	for (uint32_t i = 0; i < s->count; i++) {
		struct str name = json_symbol_name(s, i);
		uint64_t hash = hash_of(s, name);

		*find_slot(s, name, hash) = slot_of(hash, i);
	}
	return true;
}

/* Whether one more entry with this name fits, together with so many slots. */
static bool has_room(const struct json_symbols *s, size_t name_bytes, size_t slot_count)
{
	size_t room = (size_t)(s->names - (const char *)(s->entries + s->count));
	size_t slot_bytes = slot_count * sizeof(*s->slots);

	return room >= sizeof(struct entry) && room - sizeof(struct entry) >= slot_bytes &&
	       room - sizeof(struct entry) - slot_bytes >= name_bytes;
}

json_symbol json_symbol_find(const struct json_symbols *s, struct str key)
{
	uint64_t slot = *find_slot(s, key, hash_of(s, key));

	return slot == 0 ? JSON_NO_SYMBOL : (uint32_t)slot - 1;
}

json_symbol json_symbol_of(struct json_symbols *s, struct str key)
{
	uint64_t hash = hash_of(s, key);
	uint64_t *slot = find_slot(s, key, hash);
	bool grow = s->count >= s->slot_count / 2;

	if (*slot != 0)
		return (uint32_t)*slot - 1;
	if (key.n > UINT32_MAX || s->count == JSON_NO_SYMBOL - 1 ||
	    !has_room(s, key.n, grow ? 3 * s->slot_count : s->slot_count))
		return JSON_NO_SYMBOL;
	if (grow) {
		if (!grow_slots(s))
			return JSON_NO_SYMBOL;
		slot = find_slot(s, key, hash);
	}
	s->names -= key.n;
	if (key.n > 0)
		memcpy(s->names, key.p, key.n);
	s->entries[s->count] = (struct entry){ .name = s->names, .name_bytes = (uint32_t)key.n };
	*slot = slot_of(hash, s->count);
	return s->count++;
}

void symbols_notes_begin(struct json_symbols *s)
{
	s->round++;
}

uint32_t symbols_note(struct json_symbols *s, json_symbol symbol, uint32_t note)
{
	struct entry *e = &s->entries[symbol];

	if (e->noted_in != s->round) {
		e->noted_in = s->round;
		e->note = note;
	}
	return e->note;
}
