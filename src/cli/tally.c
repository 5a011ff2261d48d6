/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing array of names with their counts, found by an open-addressing index beside it. Printing
 * sorts the array and makes the index anew, so that more may be added afterwards.
 */
#include <stdlib.h>

#include "cli/tally.h"

#define ROOM_MIN 16

struct tally_entry {
	struct str name; /* owned */
	uint64_t n;
};

/* ---- The index ------------------------------------------------------------------------------- */

/* The place of a name in the index, or where it would stand. */
static uint32_t *place_of(const struct tally *t, struct str name)
{
	uint32_t mask = t->index_size - 1;
	uint32_t i = (uint32_t)hash_bytes(name.p, name.n, 0) & mask;

	while (t->index[i] && !str_eq(t->entry[t->index[i] - 1].name, name))
		i = (i + 1) & mask;
	return &t->index[i];
}

static void index_fill(struct tally *t)
{
	memset(t->index, 0, t->index_size * sizeof(*t->index));
	for (uint32_t i = 0; i < t->used; i++)
		*place_of(t, t->entry[i].name) = i + 1;
}

/* Twice the room; the index is at most half full. */
static bool grow(struct tally *t)
{
	uint32_t room = t->room ? 2 * t->room : ROOM_MIN;
	struct tally_entry *entry = realloc(t->entry, room * sizeof(*entry));
	uint32_t *index;

	if (!entry)
		return false;
	t->entry = entry;
	index = calloc(2 * (size_t)room, sizeof(*index));
	if (!index)
		return false;
	free(t->index);
	t->index = index;
	t->index_size = 2 * room;
	t->room = room;
	index_fill(t);
	return true;
}

/* ---- Names ----------------------------------------------------------------------------------- */

void tally_add(struct tally *t, struct str name, uint64_t n)
{
	uint32_t *at;
	char *copy;

	name = str_head(name, TALLY_NAME_MAX);
	if (t->used == t->room && !grow(t))
		return;
	at = place_of(t, name);
	if (!*at && t->used >= TALLY_MAX - 1) {
		name = STR("others");
		at = place_of(t, name);
	}
	if (*at) {
		t->entry[*at - 1].n += n;
		return;
	}
	copy = malloc(name.n + 1);
	if (!copy)
		return;
	if (name.n)
		memcpy(copy, name.p, name.n);
	t->entry[t->used++] = (struct tally_entry){ { copy, name.n }, n };
	*at = t->used;
}

void tally_done(struct tally *t)
{
	for (uint32_t i = 0; i < t->used; i++)
		free((char *)(uintptr_t)t->entry[i].name.p);
	free(t->entry);
	free(t->index);
	*t = (struct tally){ 0 };
}

/* ---- Printing -------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const struct tally_entry *x = a, *y = b;

	return str_cmp(x->name, y->name);
}

static int by_count(const void *a, const void *b)
{
	const struct tally_entry *x = a, *y = b;

	return x->n == y->n ? by_name(a, b) : x->n < y->n ? 1 : -1;
}

static uint32_t sorted(struct tally *t, int (*order)(const void *, const void *), unsigned top)
{
	if (t->used)
		qsort(t->entry, t->used, sizeof(*t->entry), order);
	if (t->index)
		index_fill(t);
	return top && top < t->used ? top : t->used;
}

void tally_print(struct tally *t, unsigned top, FILE *to)
{
	uint32_t shown = sorted(t, by_count, top);

	for (uint32_t i = 0; i < shown; i++)
		(void)fprintf(to, "%s%.*s:%llu", i ? "," : "", STR_FMT(t->entry[i].name),
			      (unsigned long long)t->entry[i].n);
}

void tally_print_names(struct tally *t, unsigned top, FILE *to)
{
	uint32_t shown = sorted(t, by_name, top);

	for (uint32_t i = 0; i < shown; i++)
		(void)fprintf(to, "%s%.*s", i ? "," : "", STR_FMT(t->entry[i].name));
}
