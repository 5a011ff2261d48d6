// SPDX-License-Identifier: Apache-2.0
/*
 * The pieces of a store in the order of a query, on the side that has the keys. What lies before
 * the cursor is left out as far as that is known without reading: a piece says where it begins, and
 * it ends before the hour of arrival does.
 */
#include <stdlib.h>

#include "query/wire.h"

struct query_list {
	enum query_order order;
	struct store_reader *reader;
	size_t from, to; /* places in the reader's list, which ascends */
	struct query_pieces pieces;
};

/* ---- Places ---------------------------------------------------------------------------------- */

/* The first place whose piece begins at or above an arrival number. */
static size_t place_of(const struct store_reader *r, uint64_t arrival)
{
	size_t lo = 0, hi = store_reader_pieces(r);

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (store_reader_first(r, mid) < arrival)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static size_t place_at(const struct query_list *l, size_t i)
{
	assert(i < l->to - l->from);
	return l->order == QUERY_OLDEST ? l->from + i : l->to - 1 - i;
}

static uint64_t list_first(void *owner, size_t i)
{
	const struct query_list *l = owner;

	return store_reader_first(l->reader, place_at(l, i));
}

/* ---- Opening --------------------------------------------------------------------------------- */

/* A log that is gone is a segment now: the reader gives that. */
static int list_open(void *owner, size_t i, struct store_piece *out, struct err *err)
{
	const struct query_list *l = owner;

	return store_reader_piece(l->reader, place_at(l, i), out, err);
}

/* ---- What the cursor leaves out -------------------------------------------------------------- */

/* The hour of a piece; false when it cannot be told. */
static bool hour_of(struct query_list *l, size_t at, int64_t *hour)
{
	struct store_piece p;
	struct err err;
	bool told;

	if (store_reader_piece(l->reader, at, &p, &err) < 0)
		return false;
	told = !p.bad;
	*hour = p.hour;
	store_piece_done(&p);
	return told;
}

/* Upward from `after`: the piece that may have the next number, and those before it of the same
 * hour; when the hour changes every log ends, so that all before ended below it. */
static size_t first_place(struct query_list *l, uint64_t after)
{
	size_t at = after == UINT64_MAX ? store_reader_pieces(l->reader)
					: place_of(l->reader, after + 1);
	int64_t hour = 0, before;
	bool known = false;

	for (; at > 0; at--) {
		bool told = hour_of(l, at - 1, &before);

		if (told && known && before != hour)
			break;
		if (told) {
			hour = before;
			known = true;
		}
	}
	return at;
}

int query_list_open(const char *dir, const struct root_source *root, unsigned parts,
		    const struct query_spec *spec, struct query_list **out, struct err *err)
{
	CLEANUP(query_list_free) struct query_list *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return err_set(err, ERR_MEMORY, "a query");
	l->order = spec->order;
	r = store_reader_open(dir, root, parts, &l->reader, err);
	if (r < 0)
		return r;
	l->to = store_reader_pieces(l->reader);
	if (spec->after && spec->order == QUERY_OLDEST)
		l->from = first_place(l, spec->after);
	else if (spec->after)
		l->to = place_of(l->reader, spec->after);
	l->pieces = (struct query_pieces){ l->to - l->from, list_first, list_open, l };
	*out = TAKE(l);
	return 0;
}

void query_list_free(struct query_list *l)
{
	if (!l)
		return;
	store_reader_free(l->reader);
	free(l);
}

const struct query_pieces *query_list_pieces(const struct query_list *l)
{
	return &l->pieces;
}
