// SPDX-License-Identifier: Apache-2.0
/*
 * Pieces: opened when they are wanted, closed when too many are open. A log may have become a
 * segment in between; arrival numbers stay, so reading goes on behind the last one that was taken.
 */
#include "query/scan.h"

#include <stdio.h>
#include <stdlib.h>

void query_scan_init(struct scan *s, const struct query_job *job, struct query_end *end)
{
	const struct query_spec *spec = &job->plan->spec;

	*s = (struct scan){ .job = job, .plan = job->plan, .end = end };
	s->cut = spec->after != 0;
	s->after = query_key(spec->order, spec->after);
}

void query_scan_problem(struct scan *s, const char *fmt, ...)
{
	char text[sizeof(((struct err *)NULL)->text)];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	s->end->problems++;
	s->job->out->problem(s->job->out->owner, text);
}

bool query_scan_clip(const struct scan *s, struct unit *u)
{
	const struct piece *p = u->piece;

	if ((s->cut && u->hi <= s->after) || (p->has_taken && u->hi <= p->taken))
		return false;
	if (s->cut && u->lo <= s->after)
		u->lo = s->after + 1;
	if (p->has_taken && u->lo <= p->taken)
		u->lo = p->taken + 1;
	return true;
}

/* ---- Life of a piece ------------------------------------------------------------------------- */

int query_scan_piece_new(struct scan *s, size_t index, struct piece **out)
{
	struct piece *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->index = index;
	p->next = s->pieces;
	s->pieces = p;
	*out = p;
	return 0;
}

static void piece_close(struct scan *s, struct piece *p)
{
	uint64_t chunks = 0, bytes = 0;

	if (!p->open)
		return;
	if (p->segment)
		segment_read_so_far(p->segment, &chunks, &bytes);
	s->end->chunks_opened += chunks;
	s->end->bytes_read += bytes;
	segment_free(TAKE(p->segment));
	rowlog_reader_free(TAKE(p->log));
	store_piece_done(&p->p);
	p->open = false;
	s->open--;
}

static void piece_drop(struct scan *s, struct piece *p)
{
	struct piece **at = &s->pieces;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	piece_close(s, p);
	free(p);
}

void query_scan_piece_put(struct scan *s, struct piece *p)
{
	if (p->units == 0)
		piece_drop(s, p);
}

void query_scan_done(struct scan *s)
{
	while (s->pieces)
		piece_drop(s, s->pieces);
	for (size_t i = 0; i < SCAN_LIVE_MAX; i++) {
		if (s->live[i])
			segment_scratch_free(s->live[i]->scratch);
		free(s->live[i]);
	}
	filter_work_free(s->work);
}

/* ---- Opening --------------------------------------------------------------------------------- */

static void close_one(struct scan *s)
{
	struct piece *oldest = NULL;

	if (s->open < SCAN_PIECES_MAX)
		return;
	for (struct piece *p = s->pieces; p; p = p->next)
		if (p->open && (!oldest || p->used < oldest->used))
			oldest = p;
	assert(oldest);
	piece_close(s, oldest);
}

static int log_open(struct piece *p, struct err *err)
{
	struct rowlog_key key[ROW_PARTS];
	int r;

	for (unsigned i = 0; i < ROW_PARTS; i++) {
		key[i].id = p->p.key[i].id;
		memcpy(key[i].key, p->p.key[i].key, sizeof(key[i].key));
	}
	rowlog_name(p->p.first_arrival, p->name);
	r = rowlog_reader_new(p->p.fd[0], p->name, &p->p.log_head, key, NULL, &p->log, err);
	crypto_wipe(key, sizeof(key));
	return r;
}

static int files_open(struct piece *p, struct err *err)
{
	if (p->p.is_log)
		return log_open(p, err);
	segment_name(p->p.first_arrival, PART_META, p->name);
	return segment_open(p->p.first_arrival, p->p.fd, p->p.segment_head, p->p.key, &p->segment,
			    err);
}

/* A part that was given and cannot be read: rows come without its fields. */
static void tell_missing(struct scan *s, const struct piece *p)
{
	for (unsigned part = 0; !p->is_log && part < ROW_PARTS; part++) {
		bool given = p->p.fd[part] >= 0 && p->p.key[part].id != 0;

		if (given && !(segment_parts(p->segment) >> part & 1))
			query_scan_problem(s, "%s",
					   segment_missing(p->segment, (enum field_part)part));
	}
}

static int piece_bad(struct scan *s, struct piece *p, const char *text)
{
	query_scan_problem(s, "%s", text);
	piece_close(s, p);
	p->dead = true;
	return -EBADMSG;
}

/* One that is gone had its keys destroyed, by age or by hand: nobody is told. */
static int piece_ask(struct scan *s, struct piece *p)
{
	const struct query_pieces *from = s->job->pieces;
	struct err err = { ERR_NONE, "" };
	int r = from->open(from->owner, p->index, &p->p, &err);

	if (r == -ENOENT)
		p->dead = true;
	else if (r < 0 && r != -EPIPE && r != -ENOMEM)
		return piece_bad(s, p, err.text);
	if (r < 0)
		return r == -ENOENT ? -EBADMSG : r;
	p->open = true;
	s->open++;
	if (p->p.bad)
		return piece_bad(s, p, p->p.text);
	if (p->p.text[0] && !p->looked)
		query_scan_problem(s, "%s", p->p.text);
	return 0;
}

int query_scan_piece_open(struct scan *s, struct piece *p)
{
	struct err err = { ERR_NONE, "" };
	bool was_log = p->is_log;
	int r;

	p->used = ++s->tick;
	if (p->open || p->dead)
		return p->dead ? -EBADMSG : 0;
	close_one(s);
	r = piece_ask(s, p);
	if (r < 0)
		return r;
	r = files_open(p, &err);
	for (unsigned part = 0; part < ROW_PARTS; part++)
		crypto_wipe(p->p.key[part].key, sizeof(p->p.key[part].key));
	if (r < 0)
		return piece_bad(s, p, err.text);
	p->is_log = p->p.is_log;
	if (!p->looked)
		tell_missing(s, p);
	return p->looked && was_log != p->is_log;
}

int query_scan_piece_units(struct scan *s, struct piece *p,
			   int (*each)(void *owner, const struct unit *unit), void *owner)
{
	int r = query_scan_piece_open(s, p);

	if (r < 0)
		return r;
	r = p->is_log ? query_scan_log_units(s, p, each, owner)
		      : query_scan_segment_units(s, p, each, owner);
	p->looked = true;
	return r;
}
