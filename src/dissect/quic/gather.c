// SPDX-License-Identifier: Apache-2.0
/*
 * The CRYPTO stream of one side: pieces in any order become messages. Kept are the bytes from the
 * start on, and which of them are there.
 *
 *   bytes | message, read | message being gathered … hole … part … hole … part |
 *                          ^done
 */
#include "dissect/quic/initial.h"

#define ROOM_FIRST ((size_t)2 * KIB)

static int make_room(struct gather *g, struct heap *heap, size_t n)
{
	size_t room = g->room ? g->room : ROOM_FIRST;
	uint8_t *larger;

	if (n <= g->room)
		return 0;
	while (room < n)
		room *= 2;
	room = size_min(room, GATHER_MAX);
	larger = heap_resize(heap, g->bytes, room);
	if (!larger)
		return -ENOMEM;
	g->bytes = larger;
	g->room = (uint16_t)room;
	return 0;
}

/* Joins from..to with the parts that it touches. */
static int note_part(struct gather *g, uint16_t from, uint16_t to)
{
	unsigned first = 0, last;

	while (first < g->parts && g->part[first].to < from)
		first++;
	for (last = first; last < g->parts && g->part[last].from <= to; last++) {
		if (g->part[last].from < from)
			from = g->part[last].from;
		if (g->part[last].to > to)
			to = g->part[last].to;
	}
	if (first == last && g->parts == GATHER_PARTS)
		return -ENOBUFS;
	memmove(&g->part[first + 1], &g->part[last], (g->parts - last) * sizeof(g->part[0]));
	g->parts = (uint16_t)(g->parts - (last - first) + 1);
	g->part[first].from = from;
	g->part[first].to = to;
	return 0;
}

int quic_gather_add(struct gather *g, struct heap *heap, uint64_t offset, struct str bytes)
{
	int r;

	if (bytes.n == 0)
		return 0;
	if (g->dead || offset > GATHER_MAX || bytes.n > GATHER_MAX - offset)
		return -ENOBUFS;
	r = make_room(g, heap, (size_t)offset + bytes.n);
	if (r == 0)
		r = note_part(g, (uint16_t)offset, (uint16_t)(offset + bytes.n));
	if (r == 0)
		memcpy(g->bytes + offset, bytes.p, bytes.n);
	return r;
}

bool quic_gather_next(struct gather *g, uint8_t *type, struct str *body)
{
	size_t there = g->parts && g->part[0].from == 0 ? g->part[0].to : 0, done = g->done, n;
	const uint8_t *p = g->bytes + done;

	if (there < done + TLS_MESSAGE_HEAD)
		return false;
	n = (size_t)p[1] << 16 | load_u16be(p + 2);
	done += TLS_MESSAGE_HEAD + n;
	if (done > GATHER_MAX) {
		g->dead = true;
		return false;
	}
	if (there < done)
		return false;
	*type = p[0];
	*body = (struct str){ (const char *)p + TLS_MESSAGE_HEAD, n };
	g->done = (uint16_t)done;
	return true;
}
