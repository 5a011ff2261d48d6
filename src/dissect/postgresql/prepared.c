/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements that a client prepared: their texts by the hashes of their names, so that what is
 * executed later can be shown. The table is small and turns over: the statement that was prepared
 * first goes first. It stands in the stream's heap, and goes with it.
 */
#include "dissect/postgresql/session.h"

struct text {
	char *p;
	uint16_t n;
	bool cut;
};

struct prepared {
	uint64_t hash[PREPARED_MAX];    /* of free places, of what stood there last */
	struct text text[PREPARED_MAX]; /* p is NULL where a place is free */
	unsigned used;                  /* places that were ever taken */
	unsigned next;                  /* to be taken when all are */
};
static_assert(PREPARED_TEXT_MAX <= UINT16_MAX, "a text's length has 16 bits");

static uint64_t hash_of(struct str name)
{
	return hash_bytes(name.p, name.n, 0x9d6f);
}

/* Its place, or -1. */
static int place_of(const struct prepared *p, uint64_t hash)
{
	for (unsigned i = 0; p && i < p->used; i++)
		if (p->hash[i] == hash && p->text[i].p)
			return (int)i;
	return -1;
}

static struct prepared *table_of(struct dissect_stream *s)
{
	struct connection *c = session_of(s);

	if (!c->prepared) {
		c->prepared = heap_alloc(s->heap, sizeof(*c->prepared));
		if (c->prepared)
			*c->prepared = (struct prepared){ 0 };
	}
	return c->prepared;
}

static unsigned take_place(struct prepared *p)
{
	unsigned place;

	for (place = 0; place < p->used; place++)
		if (!p->text[place].p)
			return place;
	if (p->used < PREPARED_MAX)
		return p->used++;
	place = p->next;
	p->next = (p->next + 1) % PREPARED_MAX;
	return place;
}

static void release(struct dissect_stream *s, struct text *text)
{
	heap_free(s->heap, text->p);
	text->p = NULL;
}

void prepared_put(struct dissect_stream *s, struct str name, struct str text, bool cut)
{
	struct prepared *p = table_of(s);
	struct str head = statement_head(text, PREPARED_TEXT_MAX);
	uint64_t hash = hash_of(name);
	struct text *t;
	int place;

	if (!p)
		return;
	place = place_of(p, hash);
	if (place < 0)
		place = (int)take_place(p);
	t = &p->text[place];
	if (!t->p || t->n < head.n) {
		release(s, t);
		t->p = heap_alloc(s->heap, head.n + 1);
	}
	if (!t->p)
		return;
	p->hash[place] = hash;
	t->n = (uint16_t)head.n;
	t->cut = cut || head.n < text.n;
	if (head.n)
		memcpy(t->p, head.p, head.n);
}

bool prepared_find(struct dissect_stream *s, struct str name, struct str *text, bool *cut)
{
	const struct prepared *p = session_of(s)->prepared;
	int place = place_of(p, hash_of(name));

	if (place < 0)
		return false;
	*text = (struct str){ p->text[place].p, p->text[place].n };
	*cut = p->text[place].cut;
	return true;
}

void prepared_forget(struct dissect_stream *s, struct str name)
{
	struct prepared *p = session_of(s)->prepared;
	int place = place_of(p, hash_of(name));

	if (place >= 0)
		release(s, &p->text[place]);
}
