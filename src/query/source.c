// SPDX-License-Identifier: Apache-2.0
/*
 * Sources: an opened unit gives its rows one by one, from batches that it fills as they run out; so
 * a group of 32 Ki rows of which ten are wanted makes no more than its first small batch.
 */
#include "query/scan.h"

#include <stdlib.h>

#define BATCH_ROWS_FIRST  64
#define BATCH_BYTES_FIRST (16 * KIB)
#define BATCH_MARKS_FIRST 64

/* ---- Batches --------------------------------------------------------------------------------- */

void query_batch_clear(struct batch *b)
{
	b->n = 0;
	b->rows = 0;
	b->next = 0;
}

void query_batch_done(struct batch *b)
{
	free(b->bytes);
	free(b->row);
	*b = (struct batch){ 0 };
}

char *query_batch_reserve(struct batch *b, size_t n)
{
	size_t room = b->room ? b->room : BATCH_BYTES_FIRST;
	char *moved;

	while (room - b->n < n)
		room *= 2;
	if (room != b->room) {
		moved = realloc(b->bytes, room);
		if (!moved)
			return NULL;
		b->bytes = moved;
		b->room = room;
	}
	return b->bytes + b->n;
}

int query_batch_added(struct batch *b, uint64_t arrival, size_t n)
{
	if (b->rows == b->rows_room) {
		size_t room = b->rows_room ? b->rows_room * 2 : BATCH_MARKS_FIRST;
		struct batch_row *moved = reallocarray(b->row, room, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		b->row = moved;
		b->rows_room = room;
	}
	b->row[b->rows++] = (struct batch_row){ arrival, b->n, n };
	b->n += n;
	return 0;
}

int query_batch_add(struct batch *b, uint64_t arrival, struct str row)
{
	char *to = query_batch_reserve(b, row.n);

	if (!to)
		return -ENOMEM;
	memcpy(to, row.p, row.n);
	return query_batch_added(b, arrival, row.n);
}

void query_batch_reverse(struct batch *b)
{
	for (size_t i = 0, j = b->rows; i + 1 < j; i++) {
		struct batch_row other = b->row[--j];

		b->row[j] = b->row[i];
		b->row[i] = other;
	}
}

/* ---- Sources --------------------------------------------------------------------------------- */

void query_source_free(struct scan *s, struct source *src)
{
	struct piece *p;

	if (!src)
		return;
	p = src->unit.piece;
	if (src->live)
		src->live->source = NULL;
	query_batch_done(&src->batch);
	free(src->selected);
	free(src);
	p->units--;
	query_scan_piece_put(s, p);
}

int query_source_open(struct scan *s, const struct unit *unit, struct source **out)
{
	struct source *src = calloc(1, sizeof(*src));
	struct piece *p = unit->piece;
	int r;

	*out = NULL;
	if (!src)
		return -ENOMEM;
	src->unit = *unit;
	src->batch_rows = BATCH_ROWS_FIRST;
	p->units++;
	if (!p->has_taken || unit->hi > p->taken)
		p->taken = unit->hi;
	p->has_taken = true;
	r = p->is_log ? query_scan_frame_open(s, src) : query_scan_group_open(s, src);
	/* Of a frame with a bad section, what came before it is good. */
	if ((r < 0 && r != -EBADMSG) || (src->batch.rows == 0 && src->left == 0)) {
		query_source_free(s, src);
		return r;
	}
	*out = src;
	return 0;
}

int query_source_row(struct scan *s, struct source *src, uint64_t *arrival, struct str *row)
{
	const struct batch_row *front;
	int r = 0;

	if (src->batch.next == src->batch.rows)
		r = query_scan_group_fill(s, src);
	if (r < 0)
		return r;
	front = &src->batch.row[src->batch.next];
	*arrival = front->arrival;
	*row = (struct str){ src->batch.bytes + front->at, front->bytes };
	return 0;
}

bool query_source_more(const struct source *src)
{
	return src->batch.next + 1 < src->batch.rows || src->left > 0;
}

int query_source_next(struct scan *s, struct source *src)
{
	int r;

	src->batch.next++;
	if (src->batch.next >= src->batch.rows) {
		if (src->left == 0)
			return 0;
		r = query_scan_group_fill(s, src);
		if (r < 0)
			return r;
	}
	src->key = query_key(s->plan->spec.order, src->batch.row[src->batch.next].arrival);
	return 1;
}
