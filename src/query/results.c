// SPDX-License-Identifier: Apache-2.0
/*
 * Results through the ring: u32 bytes (of all of it, a multiple of 8), u32 type, then
 *
 *   row      u64 arrival, the row
 *   group    struct wire_group, and for each key u32 type, u32 n, n bytes padded to 8
 *   problem  text padded with zeros
 *   end      struct query_end
 *   failed   u32 id of the error, u32 0, text padded with zeros
 *
 * Both ends are the same build. The reader copies a result out of the shared memory and then checks
 * it whole, since its writer may be an attacker's by then and still be writing.
 */
#include "query/wire.h"

#include <math.h>
#include <stdlib.h>

struct result_head {
	uint32_t bytes, type;
};

/* Without holes, so that nothing but itself travels. */
struct wire_group {
	uint64_t count;
	int64_t at_ns;
	double sum;
	double quantile[4];
	uint32_t keys;
	uint8_t rest, has_sum, has_quantile, zero;
};
static_assert(sizeof(struct wire_group) == 64, "no holes");

/* ---- Writing --------------------------------------------------------------------------------- */

/* Room for a result of n bytes behind its head; NULL when nobody reads. */
static char *begin(struct ring *ring, enum result_type type, size_t n)
{
	size_t bytes = sizeof(struct result_head) + query_pad8(n);
	struct result_head head = { (uint32_t)bytes, type };
	uint8_t *to;

	assert(bytes <= RESULT_MAX);
	while (!(to = ring_reserve(ring, bytes)))
		if (ring_wait_room(ring, bytes, -1) < 0)
			return NULL;
	memset(to, 0, bytes);
	memcpy(to, &head, sizeof(head));
	return (char *)to + sizeof(head);
}

static bool end(struct ring *ring, size_t n)
{
	ring_publish(ring, sizeof(struct result_head) + query_pad8(n));
	return true;
}

bool query_result_put_row(struct ring *ring, uint64_t arrival, struct str row)
{
	size_t n = sizeof(arrival) + row.n;
	char *to = begin(ring, RESULT_ROW, n);

	if (!to)
		return false;
	memcpy(to, &arrival, sizeof(arrival));
	memcpy(to + sizeof(arrival), row.p, row.n);
	return end(ring, n);
}

bool query_result_put_group(struct ring *ring, const struct query_group *group)
{
	struct wire_group w = { group->count,   group->at_ns,        group->sum,
				{ 0 },          group->keys,         group->rest,
				group->has_sum, group->has_quantile, 0 };
	size_t n = sizeof(w);
	char *to;

	memcpy(w.quantile, group->quantile, sizeof(w.quantile));
	for (unsigned i = 0; i < group->keys; i++)
		n += 8 + query_pad8(query_value_bytes(&group->key[i]).n);
	to = begin(ring, RESULT_GROUP, n);
	if (!to)
		return false;
	memcpy(to, &w, sizeof(w));
	to += sizeof(w);
	for (unsigned i = 0; i < group->keys; i++) {
		struct str s = query_value_bytes(&group->key[i]);
		uint32_t head[2] = { group->key[i].type, (uint32_t)s.n };

		memcpy(to, head, sizeof(head));
		if (s.n)
			memcpy(to + sizeof(head), s.p, s.n);
		to += sizeof(head) + query_pad8(s.n);
	}
	return end(ring, n);
}

bool query_result_put_problem(struct ring *ring, const char *text)
{
	size_t n = strlen(text) + 1;
	char *to = begin(ring, RESULT_PROBLEM, n);

	if (!to)
		return false;
	memcpy(to, text, n);
	(void)end(ring, n);
	ring_flush(ring);
	return true;
}

bool query_result_put_end(struct ring *ring, const struct query_end *what)
{
	char *to = begin(ring, RESULT_END, sizeof(*what));

	if (!to)
		return false;
	memcpy(to, what, sizeof(*what));
	return end(ring, sizeof(*what));
}

bool query_result_put_failed(struct ring *ring, const struct err *err)
{
	size_t n = strlen(err->text) + 1;
	uint32_t id[2] = { err->id, 0 };
	char *to = begin(ring, RESULT_FAILED, sizeof(id) + n);

	if (!to)
		return false;
	memcpy(to, id, sizeof(id));
	memcpy(to + sizeof(id), err->text, n);
	return end(ring, sizeof(id) + n);
}

/* ---- Reading --------------------------------------------------------------------------------- */

int query_result_reader_init(struct result_reader *r, const struct query_plan *plan)
{
	*r = (struct result_reader){ .plan = plan, .copy = malloc(RESULT_MAX) };
	return r->copy ? 0 : -ENOMEM;
}

void query_result_reader_done(struct result_reader *r)
{
	free(r->copy);
	r->copy = NULL;
}

/* So that nothing in it can steer a terminal. */
static bool take_text(struct str s, char *out, size_t room)
{
	size_t n = strnlen(s.p, s.n);

	if (n == s.n || n >= room)
		return false;
	for (size_t i = 0; i < n; i++)
		out[i] = s.p[i] >= ' ' && s.p[i] < 0x7f ? s.p[i] : '?';
	out[n] = '\0';
	return true;
}

static bool take_row(struct result_reader *r, struct str s, struct result *out)
{
	const struct query_spec *spec = &r->plan->spec;
	uint64_t key;

	if (r->plan->aggregates || s.n < sizeof(out->arrival) || r->given == r->plan->limit)
		return false;
	memcpy(&out->arrival, s.p, sizeof(out->arrival));
	s = str_skip(s, sizeof(out->arrival));
	key = query_key(spec->order, out->arrival);
	if ((r->any && key <= r->last_key) ||
	    (spec->after && key <= query_key(spec->order, spec->after)))
		return false;
	r->any = true;
	r->last_key = key;
	r->given++;
	return row_view(s, &out->row) == 0 && out->row.bytes.n == s.n;
}

static bool take_key(struct cur *c, const struct field *f, struct row_value *v)
{
	uint32_t type = cur_u32le(c), n = cur_u32le(c);
	const char *p = (const char *)cur_take(c, query_pad8(n));

	return cur_ok(c) && (type == 0 || type == f->type) &&
	       query_value_of(type, (struct str){ p, n }, v);
}

static bool numbers_fit(const struct query_plan *p, const struct wire_group *w)
{
	for (size_t i = 0; i < ARRAY_LEN(w->quantile); i++)
		if (isnan(w->quantile[i]))
			return false;
	return w->keys == p->keys && w->rest <= 1 && w->has_sum <= 1 && w->has_quantile <= 1 &&
	       (p->sum || !w->has_sum) && (p->quantile || !w->has_quantile) && !isnan(w->sum);
}

/* Beyond the limit there may be one, the rest. */
static bool take_group(struct result_reader *r, struct str s, struct result *out)
{
	struct query_group *g = &out->group;
	struct wire_group w;
	struct cur c = cur_of(s.p, s.n);
	const uint8_t *p = cur_take(&c, sizeof(w));

	if (!p || !r->plan->aggregates)
		return false;
	memcpy(&w, p, sizeof(w));
	if (!numbers_fit(r->plan, &w) || r->given > r->plan->limit ||
	    (r->given == r->plan->limit && !w.rest))
		return false;
	r->given = w.rest ? UINT64_MAX : r->given + 1;
	*g = (struct query_group){ .keys = w.keys,
				   .at_ns = w.at_ns,
				   .rest = w.rest != 0,
				   .count = w.count,
				   .sum = w.sum,
				   .has_sum = w.has_sum != 0,
				   .has_quantile = w.has_quantile != 0 };
	memcpy(g->quantile, w.quantile, sizeof(g->quantile));
	for (unsigned i = 0; i < g->keys; i++) {
		g->field[i] = r->plan->by[i];
		if (!take_key(&c, g->field[i], &g->key[i]))
			return false;
	}
	return cur_ok(&c) && c.n == 0;
}

static bool take_end(struct result_reader *r, struct str s, struct result *out)
{
	struct query_end *e = &out->end;
	char why[sizeof(e->why)];
	uint8_t partial;

	if (s.n != query_pad8(sizeof(*e)))
		return false;
	/* A bool that is neither 0 nor 1 must not be read as one. */
	memcpy(&partial, s.p + offsetof(struct query_end, partial), sizeof(partial));
	memcpy(e, s.p, sizeof(*e));
	if (partial > 1 || !take_text((struct str){ e->why, sizeof(e->why) }, why, sizeof(why)))
		return false;
	memcpy(e->why, why, sizeof(why));
	r->ended = true;
	return true;
}

/* What a query process can meet itself. */
static bool take_failed(struct result_reader *r, struct str s, struct result *out)
{
	static const enum err_id reasons[] = { ERR_LIMIT,      ERR_MEMORY,   ERR_SANDBOX,
					       ERR_ROLE_START, ERR_INTERNAL, ERR_QUERY,
					       ERR_QUERY_PART, ERR_FILTER };
	uint32_t id[2];

	if (s.n < sizeof(id))
		return false;
	memcpy(id, s.p, sizeof(id));
	out->err.id = ERR_INTERNAL;
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (id[0] == (uint32_t)reasons[i])
			out->err.id = reasons[i];
	r->ended = true;
	return take_text(str_skip(s, sizeof(id)), out->err.text, sizeof(out->err.text));
}

static bool take_any(struct result_reader *r, uint32_t type, struct str s, struct result *out)
{
	out->type = (enum result_type)type;
	if (r->ended)
		return false;
	switch (type) {
	case RESULT_ROW:
		return take_row(r, s, out);
	case RESULT_GROUP:
		return take_group(r, s, out);
	case RESULT_PROBLEM:
		return take_text(s, out->problem, sizeof(out->problem));
	case RESULT_END:
		return take_end(r, s, out);
	case RESULT_FAILED:
		return take_failed(r, s, out);
	default:
		return false;
	}
}

ptrdiff_t query_result_take(struct result_reader *r, struct str bytes, struct result *out)
{
	struct result_head head;
	struct str body;

	if (bytes.n < sizeof(head))
		return 0;
	memcpy(&head, bytes.p, sizeof(head));
	if (head.bytes < sizeof(head) || head.bytes > RESULT_MAX || head.bytes % 8)
		return -EBADMSG;
	if (head.bytes > bytes.n)
		return 0;
	memcpy(r->copy, bytes.p, head.bytes);
	body = (struct str){ (const char *)r->copy + sizeof(head), head.bytes - sizeof(head) };
	return take_any(r, head.type, body, out) ? (ptrdiff_t)head.bytes : -EBADMSG;
}
