/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header fields of a message as a map of its row. HTTP/1 knows how many there are; HTTP/2 tells
 * them one by one, so the list grows in the arena, each time to twice its size.
 */
#include "http/http.h"

#include "http/keep.h"

#define ROOM_FIRST 16

void http_headers_reserve(struct http_headers *h, const struct http_keeper *k, size_t n)
{
	struct row_pair *pair;

	n = size_min(n, HTTP_HEADERS_MAX);
	if (n <= h->room)
		return;
	pair = arena_alloc(k->arena, n * sizeof(*pair));
	if (!pair)
		return;
	if (h->n)
		memcpy(pair, h->pair, h->n * sizeof(*pair));
	h->pair = pair;
	h->room = (unsigned)n;
}

void http_headers_add(struct http_headers *h, const struct http_keeper *k, struct str name,
		      struct str value)
{
	struct str kept = str_head(value, HTTP_KEEP_MAX);
	struct row_pair *pair;

	if (h->n == h->room)
		http_headers_reserve(h, k, h->room ? 2 * (size_t)h->room : ROOM_FIRST);
	if (h->n == h->room || name.n > HTTP_NAME_MAX) {
		h->cut = true;
		return;
	}
	pair = &h->pair[h->n];
	if (http_keep_lower(k, name, &pair->name) && http_keep(k, kept, &pair->value))
		h->n++;
	else
		h->cut = true;
	h->cut |= kept.n < value.n;
}

void http_headers_put(const struct http_headers *h, struct row *row, struct field_map f)
{
	if (h->n == 0 && !h->cut)
		return;
	row_put_map(row, f, h->pair, h->n);
	if (h->cut)
		row_mark_cut(row, f.ref);
}
