/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of rows for this room's tests and its fuzzer: some rows of one kind, drawn at random, the
 * same as columns, each in one of the forms that column.h allows, and what is known of them without
 * opening a column, which is true but may be unsure. All of it follows from a seed.
 */
#ifndef REDOUBT_RULES_GROUPS_H
#define REDOUBT_RULES_GROUPS_H

#include "rules/rows.h"

#define GROUP_ROWS_MAX 160
/* Pieces of memory of a group. */
#define GROUP_HELD_MAX 2048

/* ---- Chance ---------------------------------------------------------------------------------- */

struct chance {
	uint64_t state;
};

static uint64_t any(struct chance *c)
{
	c->state = hash_mix(c->state, 0x5eed);
	return c->state;
}

static size_t below(struct chance *c, size_t n)
{
	return (size_t)((any(c) >> 11) % n);
}

static bool one_in(struct chance *c, size_t n)
{
	return below(c, n) == 0;
}

/* ---- Values that rows have and expressions ask for ------------------------------------------- */

static const struct str group_texts[] = {
	{ "", 0 },
	{ "GET", 3 },
	{ "POST", 4 },
	{ "1.1", 3 },
	{ "2", 1 },
	{ "NXDOMAIN", 8 },
	{ "RCODE13", 7 },
	{ "node-1", 6 },
	{ "/api/items", 10 },
	{ "/api/orders", 11 },
	{ "shop.example", 12 },
	{ "a", 1 },
	{ "A", 1 },
	{ "[masked]", 8 },
};

static const struct str group_names[] = {
	{ "host", 4 }, { "accept", 6 }, { "cookie", 6 }, { "7", 1 }, { "", 0 },
};

static const uint64_t group_numbers[] = {
	0,
	1,
	2,
	80,
	200,
	404,
	500,
	503,
	255,
	256,
	65535,
	65536,
	UINT32_MAX,
	UINT64_C(1) << 32,
	INT64_MAX,
	UINT64_C(1) << 63,
	UINT64_MAX - 1,
	UINT64_MAX,
	ROWS_FLOW_ID,
};

/* Durations, and times from ROWS_TIME on. */
static const int64_t group_spans[] = {
	0, 1, -1, NS_PER_US, 999, 250 * NS_PER_MS, NS_PER_S, -NS_PER_S, 3600 * NS_PER_S, 40, 41, 42,
};

static const char *const group_ips[] = { "10.1.2.3", "10.1.2.4", "2001:db8::1", "::" };

static struct str any_text(struct chance *c)
{
	return group_texts[below(c, ARRAY_LEN(group_texts))];
}

static struct str any_name(struct chance *c)
{
	return group_names[below(c, ARRAY_LEN(group_names))];
}

static uint64_t any_number(struct chance *c)
{
	return group_numbers[below(c, ARRAY_LEN(group_numbers))];
}

static int64_t any_span(struct chance *c)
{
	return group_spans[below(c, ARRAY_LEN(group_spans))];
}

static const char *any_ip(struct chance *c)
{
	return group_ips[below(c, ARRAY_LEN(group_ips))];
}

static unsigned choices_of(const struct field *f)
{
	unsigned n = 0;

	while (f->choices[n])
		n++;
	return n;
}

/* ---- The group ------------------------------------------------------------------------------- */

struct group {
	struct chance chance;
	const struct record_kind *kind;
	uint32_t rows;
	struct row_view row[GROUP_ROWS_MAX];
	struct column column[ROW_SLOTS_MAX];
	bool has[ROW_SLOTS_MAX]; /* a column; else no row has the field */
	bool failing;            /* each column fails */
	size_t asked[ROW_SLOTS_MAX];
	void *held[GROUP_HELD_MAX];
	size_t n_held;
};

/* Exactly as large, so that a sanitizer sees what is read behind it. */
static void *group_get(struct group *g, size_t n)
{
	void *p = malloc(n > 0 ? n : 1);

	if (!p || g->n_held == GROUP_HELD_MAX)
		abort();
	g->held[g->n_held++] = p;
	return p;
}

[[maybe_unused]] static void group_done(struct group *g)
{
	while (g->n_held > 0)
		free(g->held[--g->n_held]);
}

/* ---- Rows ------------------------------------------------------------------------------------ */

/* How often a field is there, and how many values it has. */
struct habit {
	unsigned there, values;
};

static struct habit any_habit(struct chance *c)
{
	static const unsigned there[] = { 0, 0, 8, 8, 5, 1 }, values[] = { 1, 2, 3, 40 };

	return (struct habit){ there[below(c, ARRAY_LEN(there))],
			       values[below(c, ARRAY_LEN(values))] };
}

/* Elements of lists and maps, of one row until it is encoded. */
struct elements {
	uint64_t number[ROW_SLOTS_MAX][3];
	struct str text[ROW_SLOTS_MAX][3];
	struct row_pair pair[ROW_SLOTS_MAX][3];
};

static void put_elements(struct chance *c, struct elements *e, unsigned slot, enum field_type type,
			 union row_slot *out)
{
	out->list.n = below(c, 4);
	for (size_t i = 0; i < out->list.n; i++) {
		e->number[slot][i] = any_number(c);
		e->text[slot][i] = any_text(c);
		e->pair[slot][i] = (struct row_pair){ any_name(c), any_text(c) };
	}
	out->list.p = e->text[slot];
	if (type == FIELD_LIST_U64)
		out->list.p = e->number[slot];
	if (type == FIELD_MAP)
		out->list.p = e->pair[slot];
}

static void put_any(struct chance *c, struct elements *e, unsigned slot, const struct field *f,
		    union row_slot *out)
{
	switch ((enum field_type)f->type) {
	case FIELD_BOOL:
		out->b = one_in(c, 2);
		break;
	case FIELD_U64:
		out->u = any_number(c);
		break;
	case FIELD_I64:
	case FIELD_DUR:
		out->i = any_span(c);
		break;
	case FIELD_TIME:
		out->i = one_in(c, 40) ? INT64_MIN : ROWS_TIME + any_span(c);
		break;
	case FIELD_F64:
		out->f = (double)any_span(c);
		break;
	case FIELD_STR:
	case FIELD_BYTES:
	case FIELD_JSON:
		out->s = any_text(c);
		break;
	case FIELD_IP:
		out->ip = rows_ip(any_ip(c));
		break;
	case FIELD_ENUM:
		out->u = below(c, choices_of(f) + 1); /* one that this program does not know, too */
		break;
	case FIELD_LIST_U64:
	case FIELD_LIST_STR:
	case FIELD_MAP:
		put_elements(c, e, slot, f->type, out);
		break;
	}
}

/* Of each field one of few values, which a seed of its own draws again and again. */
static void make_row(struct group *g, const uint64_t seed[ROW_SLOTS_MAX],
		     const struct habit habit[ROW_SLOTS_MAX], struct row_view *out)
{
	static _Alignas(8) char memory[sizeof(struct row) + ROW_SLOTS_MAX * sizeof(union row_slot)];
	static struct elements elements;
	static char bytes[ROW_MAX];
	struct row *row = (void *)memory;
	ptrdiff_t n;
	char *copy;

	row_init(row, g->kind);
	for (unsigned slot = 0; slot < g->kind->slots; slot++) {
		struct chance value = { seed[slot] + below(&g->chance, habit[slot].values) };
		struct field_ref ref = { 0, (uint16_t)slot };

		if (below(&g->chance, 8) < habit[slot].there)
			put_any(&value, &elements, slot, &g->kind->field[slot],
				row_slot_(row, ref));
	}
	n = row_encode_clear(row, bytes, sizeof(bytes));
	if (n < 0)
		abort();
	copy = group_get(g, (size_t)n);
	memcpy(copy, bytes, (size_t)n);
	if (row_view((struct str){ copy, (size_t)n }, out) < 0)
		abort();
}

/* ---- Columns --------------------------------------------------------------------------------- */

/* The values of one slot: those of absent rows are the zero of their type, or another row's. */
struct values {
	struct row_value v[GROUP_ROWS_MAX];
	bool there[GROUP_ROWS_MAX];
	uint32_t present;
};

static void gather(struct group *g, unsigned slot, struct values *out)
{
	struct row_value absent = { .type = g->kind->field[slot].type };

	out->present = 0;
	for (uint32_t i = 0; i < g->rows; i++) {
		out->there[i] = row_value(&g->row[i], slot, &out->v[i]);
		out->present += out->there[i];
		if (out->there[i] && one_in(&g->chance, 4))
			absent = out->v[i];
	}
	for (uint32_t i = 0; i < g->rows; i++)
		if (!out->there[i])
			out->v[i] = absent;
}

static bool same(const struct row_value *a, const struct row_value *b)
{
	return a->u == b->u && str_eq(a->s, b->s) && memcmp(&a->ip, &b->ip, sizeof(a->ip)) == 0 &&
	       a->n == b->n;
}

/* The words less base, of any width that holds them; rows of no width have them all in base. */
static void put_words(struct group *g, struct column *c, const uint64_t *word, uint64_t base)
{
	static const uint8_t widths[] = { 0, 1, 2, 4, 8 };
	uint64_t most = 0;
	unsigned w = 0;
	uint8_t *data;

	for (uint32_t i = 0; i < g->rows; i++)
		most |= word[i] - base;
	while (widths[w] < 8 && most >> (8 * widths[w]))
		w++;
	if (one_in(&g->chance, 3))
		w += (unsigned)below(&g->chance, ARRAY_LEN(widths) - w);
	c->width = widths[w];
	c->base = base;
	data = group_get(g, (size_t)c->width * g->rows);
	for (uint32_t i = 0; i < g->rows; i++) {
		uint64_t narrow = word[i] - base;

		memcpy(data + (size_t)i * c->width, &narrow, c->width);
	}
	c->data = data;
}

/* Bases that a writer could choose: none, that of some row, the least without or with a sign. */
static uint64_t any_base(struct group *g, const uint64_t *word)
{
	uint64_t least = word[0];
	uint64_t sign = one_in(&g->chance, 2) ? UINT64_C(1) << 63 : 0;

	if (one_in(&g->chance, 3))
		return 0;
	if (one_in(&g->chance, 3))
		return word[below(&g->chance, g->rows)];
	for (uint32_t i = 0; i < g->rows; i++)
		least = (word[i] ^ sign) < (least ^ sign) ? word[i] : least;
	return least;
}

/* Distinct values, which may stand there twice or for no row at all, and each row's index. */
static uint32_t index_values(struct group *g, const struct values *in,
			     const struct row_value *entry[2 * GROUP_ROWS_MAX],
			     uint64_t index[GROUP_ROWS_MAX])
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->rows; i++) {
		uint32_t j = 0;

		while (j < n && !same(entry[j], &in->v[i]))
			j++;
		if (j == n || one_in(&g->chance, 100)) {
			j = n++;
			entry[j] = &in->v[i];
		}
		index[i] = j;
	}
	if (one_in(&g->chance, 5))
		entry[n++] = &in->v[0];
	return n;
}

/* n values of a column, or entries of its dictionary. */
static void put_values(struct group *g, struct column *c, const struct row_value *const *value,
		       uint32_t n)
{
	uint64_t *words = group_get(g, n * sizeof(*words));
	struct ip_addr *ips = group_get(g, n * sizeof(*ips));
	uint32_t *ends = group_get(g, n * sizeof(*ends));
	uint32_t *counts = group_get(g, n * sizeof(*counts));
	size_t bytes = 0;
	char *text;

	for (uint32_t j = 0; j < n; j++)
		bytes += value[j]->s.n;
	text = group_get(g, bytes);
	for (uint32_t j = 0, at = 0; j < n; j++) {
		words[j] = value[j]->u;
		ips[j] = value[j]->ip;
		if (value[j]->s.n > 0)
			memcpy(text + at, value[j]->s.p, value[j]->s.n);
		at += (uint32_t)value[j]->s.n;
		ends[j] = at;
		counts[j] = (uint32_t)value[j]->n;
	}
	c->words = words;
	c->ips = ips;
	c->ends = ends;
	c->counts = c->type >= FIELD_LIST_U64 ? counts : NULL;
	c->text = text;
}

static void put_dictionary(struct group *g, struct column *c, const struct values *in)
{
	const struct row_value *entry[2 * GROUP_ROWS_MAX];
	uint64_t index[GROUP_ROWS_MAX];

	c->distinct = index_values(g, in, entry, index);
	put_words(g, c, index, 0);
	put_values(g, c, entry, c->distinct);
	if (c->type == FIELD_IP && one_in(&g->chance, 4))
		c->distinct = 0; /* a list of addresses need not call itself one */
}

static void put_flat(struct group *g, struct column *c, const struct values *in)
{
	const struct row_value *value[GROUP_ROWS_MAX];
	uint64_t word[GROUP_ROWS_MAX];
	bool number = c->type < FIELD_LIST_U64 && c->type != FIELD_STR && c->type != FIELD_BYTES &&
		      c->type != FIELD_JSON;

	for (uint32_t i = 0; i < g->rows; i++) {
		value[i] = &in->v[i];
		word[i] = in->v[i].u;
	}
	if (number)
		put_words(g, c, word, any_base(g, word));
	else
		put_values(g, c, value, g->rows);
}

static void put_present(struct group *g, struct column *c, const struct values *in)
{
	size_t words = (g->rows + 63) / 64;
	uint64_t *bits = group_get(g, words * sizeof(*bits));

	for (size_t i = 0; i < words; i++) /* what is behind the last row means nothing */
		bits[i] = any(&g->chance);
	for (uint32_t i = 0; i < g->rows; i++) {
		uint64_t bit = UINT64_C(1) << (i % 64);

		bits[i / 64] = in->there[i] ? bits[i / 64] | bit : bits[i / 64] & ~bit;
	}
	if (in->present < g->rows || one_in(&g->chance, 4))
		c->present = bits;
}

static void make_column(struct group *g, unsigned slot)
{
	const struct field *field = &g->kind->field[slot];
	struct column *c = &g->column[slot];
	struct values values;

	gather(g, slot, &values);
	if (values.present == 0 && !one_in(&g->chance, 20))
		return;
	g->has[slot] = true;
	*c = (struct column){ .field_id = field->id, .type = field->type, .rows = g->rows };
	if (field->type == FIELD_IP || one_in(&g->chance, 2))
		put_dictionary(g, c, &values);
	else
		put_flat(g, c, &values);
	put_present(g, c, &values);
}

/* As struct filter_columns has it. */
static const struct column *group_column(void *owner, unsigned slot, bool *failed)
{
	struct group *g = owner;

	g->asked[slot]++;
	*failed |= g->failing;
	return g->has[slot] && !g->failing ? &g->column[slot] : NULL;
}

[[maybe_unused]] static struct filter_columns group_columns(struct group *g)
{
	return (struct filter_columns){ g->kind->id, g->rows, group_column, g };
}

/* ---- What is known --------------------------------------------------------------------------- */

static bool has_bounds(enum field_type type)
{
	return type == FIELD_BOOL || type == FIELD_U64 || type == FIELD_I64 || type == FIELD_TIME ||
	       type == FIELD_DUR || type == FIELD_ENUM || type == FIELD_IP;
}

static bool is_less(enum field_type type, const struct row_value *v, const union row_slot *than)
{
	if (type == FIELD_IP)
		return memcmp(&v->ip, &than->ip, sizeof(v->ip)) < 0;
	if (type == FIELD_U64 || type == FIELD_ENUM)
		return v->u < than->u;
	return type == FIELD_BOOL ? v->b < than->b : v->i < than->i;
}

static void slot_of(enum field_type type, const struct row_value *v, union row_slot *out)
{
	if (type == FIELD_IP)
		out->ip = v->ip;
	else if (type == FIELD_BOOL)
		out->b = v->b;
	else
		out->u = v->u;
}

static bool group_zone(void *owner, unsigned slot, struct filter_zone *out)
{
	struct group *g = owner;
	enum field_type type = g->kind->field[slot].type;
	struct row_value v;

	*out = (struct filter_zone){ .rows = g->rows };
	for (uint32_t i = 0; i < g->rows; i++) {
		if (!row_value(&g->row[i], slot, &v))
			continue;
		if (out->present++ == 0) {
			slot_of(type, &v, &out->min);
			out->max = out->min;
		}
		if (is_less(type, &v, &out->min))
			slot_of(type, &v, &out->min);
		else if (!is_less(type, &v, &out->max))
			slot_of(type, &v, &out->max);
	}
	out->bounded = has_bounds(type) && !one_in(&g->chance, 4);
	if (!out->bounded) /* then they mean nothing */
		out->min.u = out->max.u = any(&g->chance);
	return out->present > 0 || one_in(&g->chance, 2);
}

static bool value_holds(const struct row_value *v, const struct row_value *wanted)
{
	struct row_pair pair;
	struct str s;
	uint64_t u;
	size_t at = 0;

	if (v->type < FIELD_LIST_U64)
		return same(v, wanted);
	while (row_value_next_u64(v, &at, &u))
		if (u == wanted->u)
			return true;
	while (row_value_next_str(v, &at, &s))
		if (str_eq(s, wanted->s))
			return true;
	while (row_value_next_pair(v, &at, &pair))
		if (str_eq(pair.name, wanted->s))
			return true;
	return false;
}

static bool group_may_hold(void *owner, unsigned slot, const struct row_value *value)
{
	struct group *g = owner;
	struct row_value v;

	for (uint32_t i = 0; i < g->rows; i++)
		if (row_value(&g->row[i], slot, &v) && value_holds(&v, value))
			return true;
	return one_in(&g->chance, 8);
}

[[maybe_unused]] static struct filter_zones group_zones(struct group *g)
{
	return (struct filter_zones){ g->kind->id, group_zone, group_may_hold, g };
}

/* ---- Making one ------------------------------------------------------------------------------ */

/* With as many rows, of this kind. */
static void group_init(struct group *g, uint64_t seed, const struct record_kind *kind,
		       uint32_t rows)
{
	struct habit habit[ROW_SLOTS_MAX];
	uint64_t seeds[ROW_SLOTS_MAX];

	memset(g, 0, sizeof(*g));
	g->chance.state = seed;
	g->kind = kind;
	g->rows = rows;
	for (unsigned slot = 0; slot < kind->slots; slot++) {
		habit[slot] = any_habit(&g->chance);
		seeds[slot] = any(&g->chance);
	}
	for (uint32_t i = 0; i < rows; i++)
		make_row(g, seeds, habit, &g->row[i]);
	for (unsigned slot = 0; slot < kind->slots && rows > 0; slot++)
		make_column(g, slot);
}

/* Also with as many as fill a word of a bitmap, one less, and one more. */
[[maybe_unused]] static void group_any(struct group *g, uint64_t seed)
{
	static const uint32_t rows[] = { 1, 2, 63, 64, 65, 127, 128, 129, GROUP_ROWS_MAX };
	struct chance c = { seed };
	const struct record_kind *kind = record_kind_at(below(&c, RECORD_KINDS));

	group_init(g, any(&c), kind, rows[below(&c, ARRAY_LEN(rows))]);
}

#endif
