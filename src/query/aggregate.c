// SPDX-License-Identifier: Apache-2.0
/*
 * Groups of rows, by the values of some fields and steps of time: how many, their exact sum, their
 * quantiles. The table has a ceiling of groups and of bytes; what comes with a new key when it is
 * full is counted in one group that is called the rest, so that the counts still add up.
 */
#include <stdlib.h>

#include "query/query_int.h"

#define NO_GROUP     UINT32_MAX
#define INDEX_FIRST  1024
#define GROUPS_FIRST 64
#define KEYS_FIRST   (4 * KIB)

__extension__ typedef __int128 int128;

/* A key is i64 at, and for each field u8 type (0: absent), 3 × 0, u32 n, n bytes, padded to 8. */
struct agg_group {
	uint64_t hash;
	uint64_t count;
	int128 whole; /* sum of whole numbers, exact: 2^63 rows of 2^64 fit */
	double real;  /* of others */
	uint32_t key_at, key_bytes;
	bool has_sum;
};

struct aggregate {
	const struct query_plan *plan;
	uint64_t seed;
	uint32_t *index; /* by hash, a power of two; NO_GROUP: none */
	size_t index_room;
	struct agg_group *group;
	size_t groups, groups_room;
	char *keys;
	size_t keys_bytes, keys_room;
	char *key; /* the one looked for */
	size_t key_bytes, key_room;
	ptrdiff_t rest; /* the group's number, or -1 */
	struct sketch *sketch;
	bool overflowed;
	struct query_aggregate_work *work;
};

/* ---- Life ------------------------------------------------------------------------------------ */

int query_aggregate_new(const struct query_plan *plan, uint64_t seed, struct aggregate **out)
{
	CLEANUP(query_aggregate_free) struct aggregate *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->plan = plan;
	a->seed = seed;
	a->rest = -1;
	a->index = malloc(INDEX_FIRST * sizeof(uint32_t));
	if (!a->index || (plan->quantile && query_sketch_new(seed, &a->sketch) < 0))
		return -ENOMEM;
	memset(a->index, 0xff, INDEX_FIRST * sizeof(uint32_t));
	a->index_room = INDEX_FIRST;
	*out = TAKE(a);
	return 0;
}

void query_aggregate_free(struct aggregate *a)
{
	if (!a)
		return;
	query_aggregate_work_free(a->work);
	query_sketch_free(a->sketch);
	free(a->index);
	free(a->group);
	free(a->keys);
	free(a->key);
	free(a);
}

const struct query_plan *query_aggregate_plan(const struct aggregate *a)
{
	return a->plan;
}

struct query_aggregate_work **query_aggregate_work(struct aggregate *a)
{
	return &a->work;
}

const char *query_aggregate_lacks(const struct aggregate *a)
{
	static_assert(QUERY_GROUPS_MAX == 65536, "as said here");
	if (a->rest >= 0)
		return "more than 65536 groups, or 64 MiB of their keys; the others are counted "
		       "together";
	return a->overflowed ? "quantiles of so many groups do not fit into memory" : NULL;
}

/* ---- Keys ------------------------------------------------------------------------------------ */

/* Room for n bytes behind used; the memory doubles. */
static int room_for(char **p, size_t used, size_t *room, size_t n)
{
	size_t wanted = used + n;
	size_t larger = *room ? *room : KEYS_FIRST;
	char *moved;

	if (wanted <= *room)
		return 0;
	while (larger < wanted)
		larger *= 2;
	moved = realloc(*p, larger);
	if (!moved)
		return -ENOMEM;
	*p = moved;
	*room = larger;
	return 0;
}

static int key_put(struct aggregate *a, const struct row_value *v)
{
	struct str s = v ? query_value_bytes(v) : (struct str){ NULL, 0 };
	uint32_t head[2] = { v ? v->type : 0, (uint32_t)s.n };
	size_t n = sizeof(head) + query_pad8(s.n);

	if (room_for(&a->key, a->key_bytes, &a->key_room, n) < 0)
		return -ENOMEM;
	memset(a->key + a->key_bytes, 0, n);
	memcpy(a->key + a->key_bytes, head, sizeof(head));
	if (s.n)
		memcpy(a->key + a->key_bytes + sizeof(head), s.p, s.n);
	a->key_bytes += n;
	return 0;
}

static int key_make(struct aggregate *a, const struct group_key *key)
{
	int r = room_for(&a->key, 0, &a->key_room, sizeof(key->at_ns));

	if (r < 0)
		return r;
	memcpy(a->key, &key->at_ns, sizeof(key->at_ns));
	a->key_bytes = sizeof(key->at_ns);
	for (unsigned i = 0; r == 0 && i < a->plan->keys; i++)
		r = key_put(a, key->value[i]);
	return r;
}

/* ---- The table ------------------------------------------------------------------------------- */

static size_t index_of(const struct aggregate *a, uint64_t hash)
{
	size_t at = hash & (a->index_room - 1);

	for (; a->index[at] != NO_GROUP; at = (at + 1) & (a->index_room - 1)) {
		const struct agg_group *g = &a->group[a->index[at]];

		if (g->hash == hash && g->key_bytes == a->key_bytes &&
		    memcmp(a->keys + g->key_at, a->key, a->key_bytes) == 0)
			break;
	}
	return at;
}

static int index_grow(struct aggregate *a)
{
	size_t room = a->index_room * 2;
	uint32_t *index = malloc(room * sizeof(uint32_t));

	if (!index)
		return -ENOMEM;
	memset(index, 0xff, room * sizeof(uint32_t));
	for (size_t i = 0; i < a->groups; i++) {
		size_t at = a->group[i].hash & (room - 1);

		if ((ptrdiff_t)i == a->rest)
			continue;
		while (index[at] != NO_GROUP)
			at = (at + 1) & (room - 1);
		index[at] = (uint32_t)i;
	}
	free(a->index);
	a->index = index;
	a->index_room = room;
	return 0;
}

/* A group without rows. */
static ptrdiff_t group_new(struct aggregate *a)
{
	if (a->groups == a->groups_room) {
		size_t room = a->groups_room ? a->groups_room * 2 : GROUPS_FIRST;
		struct agg_group *moved = reallocarray(a->group, room, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		a->group = moved;
		a->groups_room = room;
	}
	a->group[a->groups] = (struct agg_group){ 0 };
	return (ptrdiff_t)a->groups++;
}

static ptrdiff_t group_rest(struct aggregate *a)
{
	if (a->rest < 0)
		a->rest = group_new(a);
	return a->rest;
}

static ptrdiff_t group_add(struct aggregate *a, uint64_t hash)
{
	ptrdiff_t g;

	if (a->groups - (a->rest >= 0) >= QUERY_GROUPS_MAX ||
	    a->key_bytes > AGGREGATE_KEYS_MAX - a->keys_bytes)
		return group_rest(a);
	if ((a->groups + 1) * 2 > a->index_room && index_grow(a) < 0)
		return -ENOMEM;
	if (room_for(&a->keys, a->keys_bytes, &a->keys_room, a->key_bytes) < 0)
		return -ENOMEM;
	g = group_new(a);
	if (g < 0)
		return g;
	memcpy(a->keys + a->keys_bytes, a->key, a->key_bytes);
	a->group[g].hash = hash;
	a->group[g].key_at = (uint32_t)a->keys_bytes;
	a->group[g].key_bytes = (uint32_t)a->key_bytes;
	a->keys_bytes += a->key_bytes;
	a->index[index_of(a, hash)] = (uint32_t)g;
	return g;
}

ptrdiff_t query_aggregate_group(struct aggregate *a, const struct group_key *key)
{
	uint64_t hash;
	uint32_t found;

	if (key_make(a, key) < 0)
		return -ENOMEM;
	hash = hash_bytes(a->key, a->key_bytes, a->seed);
	found = a->index[index_of(a, hash)];
	return found != NO_GROUP ? (ptrdiff_t)found : group_add(a, hash);
}

/* ---- Adding ---------------------------------------------------------------------------------- */

void query_aggregate_count(struct aggregate *a, size_t group, uint64_t n)
{
	a->group[group].count += n;
}

static double as_double(const struct row_value *v)
{
	if (v->type == FIELD_F64)
		return v->f;
	return v->type == FIELD_U64 ? (double)v->u : (double)v->i;
}

int query_aggregate_value(struct aggregate *a, size_t group, const struct row_value *sum,
			  const struct row_value *quantile)
{
	struct agg_group *g = &a->group[group];
	int r;

	if (sum) {
		g->has_sum = true;
		if (sum->type == FIELD_F64)
			g->real += sum->f;
		else
			g->whole += sum->type == FIELD_U64 ? (int128)sum->u : (int128)sum->i;
	}
	if (!quantile)
		return 0;
	r = query_sketch_add(a->sketch, (uint32_t)group, query_sketch_bucket(as_double(quantile)),
			     1);
	if (r == -ENOBUFS)
		a->overflowed = true;
	return r == -ENOMEM ? r : 0;
}

int64_t query_aggregate_step(const struct query_plan *p, bool has, int64_t time_ns)
{
	int64_t every = p->spec.every_ns, over, at;

	if (!every)
		return 0;
	if (!has)
		return INT64_MIN;
	over = time_ns % every;
	if (over < 0)
		over += every;
	return ckd_sub(&at, time_ns, over) ? INT64_MIN : at;
}

int query_aggregate_add_row(struct aggregate *a, const struct row_view *row)
{
	const struct query_plan *p = a->plan;
	struct row_value by[QUERY_BY_MAX], sum, quantile;
	struct group_key key = { 0 };
	int64_t at = 0;
	bool timed = row_get_time(row, common_time, &at);
	bool has_sum = p->sum && query_plan_value(p, p->sum, row, &sum);
	bool has_quantile = p->quantile && query_plan_value(p, p->quantile, row, &quantile);
	ptrdiff_t g;

	key.at_ns = query_aggregate_step(p, timed, at);
	for (unsigned i = 0; i < p->keys; i++)
		key.value[i] = query_plan_value(p, p->by[i], row, &by[i]) ? &by[i] : NULL;
	g = query_aggregate_group(a, &key);
	if (g < 0)
		return (int)g;
	query_aggregate_count(a, (size_t)g, 1);
	return query_aggregate_value(a, (size_t)g, has_sum ? &sum : NULL,
				     has_quantile ? &quantile : NULL);
}

/* ---- Giving ---------------------------------------------------------------------------------- */

/* The next value of a key; of type 0 when it is absent. */
static void key_next(struct cur *c, struct row_value *v)
{
	uint32_t type = cur_u32le(c), n = cur_u32le(c);
	const char *p = (const char *)cur_take(c, query_pad8(n));
	bool ok = query_value_of(type, (struct str){ p, n }, v);

	assert(ok);
}

static struct cur key_open(const struct aggregate *a, const struct agg_group *g, int64_t *at_ns)
{
	struct cur c = cur_of(a->keys + g->key_at, g->key_bytes);

	*at_ns = (int64_t)cur_u64le(&c);
	return c;
}

static int key_compare(const struct aggregate *a, const struct agg_group *x,
		       const struct agg_group *y)
{
	struct row_value v, w;
	int64_t at_x, at_y;
	struct cur cx = key_open(a, x, &at_x), cy = key_open(a, y, &at_y);
	int r = (at_x > at_y) - (at_x < at_y);

	for (unsigned i = 0; r == 0 && i < a->plan->keys; i++) {
		key_next(&cx, &v);
		key_next(&cy, &w);
		r = query_value_compare(&v, &w);
	}
	return r;
}

/* The rest is the last. */
static int group_compare(const void *x, const void *y, void *owner)
{
	const struct aggregate *a = owner;
	uint32_t i = *(const uint32_t *)x, j = *(const uint32_t *)y;
	const struct agg_group *g = &a->group[i], *h = &a->group[j];

	if ((ptrdiff_t)i == a->rest || (ptrdiff_t)j == a->rest)
		return ((ptrdiff_t)i == a->rest) - ((ptrdiff_t)j == a->rest);
	if (a->plan->spec.top && g->count != h->count)
		return g->count > h->count ? -1 : 1;
	return key_compare(a, g, h);
}

static void quantiles_put(const struct aggregate *a, uint32_t i, struct query_group *out)
{
	for (unsigned k = 0; a->sketch && k < ARRAY_LEN(out->quantile); k++) {
		double q = a->plan->spec.quantiles[k];

		if (q >= 0 && query_sketch_quantile(a->sketch, i, q, &out->quantile[k]))
			out->has_quantile = true;
	}
}

static void group_put(const struct aggregate *a, uint32_t i, struct query_group *out)
{
	const struct agg_group *g = &a->group[i];
	struct cur c;

	*out = (struct query_group){ .keys = a->plan->keys,
				     .rest = (ptrdiff_t)i == a->rest,
				     .count = g->count,
				     .sum = (double)g->whole + g->real,
				     .has_sum = g->has_sum };
	for (unsigned k = 0; k < out->keys; k++)
		out->field[k] = a->plan->by[k];
	quantiles_put(a, i, out);
	if (out->rest)
		return;
	c = key_open(a, g, &out->at_ns);
	for (unsigned k = 0; k < out->keys; k++)
		key_next(&c, &out->key[k]);
}

int query_aggregate_give(struct aggregate *a,
			 bool (*give)(void *owner, const struct query_group *group), void *owner)
{
	uint32_t *order = calloc(a->groups ? a->groups : 1, sizeof(uint32_t));
	uint64_t given = 0;
	struct query_group g;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < a->groups; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, a->groups, sizeof(uint32_t), group_compare, a);
	if (a->sketch)
		query_sketch_finish(a->sketch);
	for (size_t i = 0; i < a->groups; i++) {
		bool rest = (ptrdiff_t)order[i] == a->rest;

		if (given++ >= a->plan->limit && !rest)
			continue;
		group_put(a, order[i], &g);
		if (!give(owner, &g))
			break;
	}
	free(order);
	return 0;
}
