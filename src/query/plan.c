// SPDX-License-Identifier: Apache-2.0
/*
 * A spec, checked: each field is there and of a type that can be asked so, and all that the query
 * names lies in parts that its viewer may read, since what filters, groups or sums a value tells
 * it. Both sides of a query make their plan from the same spec; only the one with the keys decides.
 */
#include <math.h>
#include <stdlib.h>

#include "query/query_int.h"

/* ---- Fields ---------------------------------------------------------------------------------- */

/* Common fields are the same in every kind. */
static const struct field *field_of(uint16_t kind_id, uint16_t field_id)
{
	const struct record_kind *kind = kind_id ? record_kind_by_id(kind_id) : record_kind_at(0);
	int slot = kind ? record_slot_by_id(kind, field_id) : -1;

	if (slot < 0 || (!kind_id && slot >= (int)COMMON_SLOTS))
		return NULL;
	return &kind->field[slot];
}

static int may_not(const char *name, enum field_part part, struct err *err)
{
	return err_set(err, ERR_QUERY_PART, "%s: this query was not given the key of part %s", name,
		       field_part_name(part));
}

/* What a word of the spec is about, and what it asks of a type. */
struct asked {
	const char *word;
	bool (*takes)(unsigned type);
	const char *refusal;
};
static const struct asked asked_by = { "by", query_type_groups, "nothing can be grouped by it" };
static const struct asked asked_sum = { "sum", query_type_adds, "it cannot be added up" };
static const struct asked asked_quantile = { "quantile", query_type_adds,
					     "it has no order of numbers" };

static int field_check(const struct query_spec *s, uint16_t id, const struct asked *asked,
		       unsigned parts, const struct field **out, struct err *err)
{
	const struct field *f = field_of(s->kind, id);

	if (!f)
		return err_set(err, ERR_QUERY, "%s: there is no field %u of kind %u", asked->word,
			       id, s->kind);
	if (!asked->takes(f->type))
		return err_set(err, ERR_QUERY, "%s: %s is of type %s: %s", asked->word, f->name,
			       field_type_name((enum field_type)f->type), asked->refusal);
	if (!(parts >> f->part & 1))
		return may_not(f->name, (enum field_part)f->part, err);
	*out = f;
	return 0;
}

static int fields_check(struct query_plan *p, unsigned parts, struct err *err)
{
	const struct query_spec *s = &p->spec;
	int r = 0;

	for (; r == 0 && p->keys < QUERY_BY_MAX && s->by[p->keys]; p->keys++)
		r = field_check(s, s->by[p->keys], &asked_by, parts, &p->by[p->keys], err);
	if (r == 0 && s->sum)
		r = field_check(s, s->sum, &asked_sum, parts, &p->sum, err);
	if (r == 0 && s->quantile)
		r = field_check(s, s->quantile, &asked_quantile, parts, &p->quantile, err);
	return r;
}

/* ---- The rest -------------------------------------------------------------------------------- */

static int quantiles_check(struct query_plan *p, struct err *err)
{
	for (size_t i = 0; p->quantile && i < ARRAY_LEN(p->spec.quantiles); i++) {
		double q = p->spec.quantiles[i];

		if (!isfinite(q) || q > 1)
			return err_set(err, ERR_QUERY, "quantile: %g is not from 0 to 1", q);
		p->quantiles += q >= 0;
	}
	if (p->quantile && !p->quantiles)
		return err_set(err, ERR_QUERY, "quantile: of %s none is asked for",
			       p->quantile->name);
	return 0;
}

static int numbers_check(struct query_plan *p, struct err *err)
{
	const struct query_spec *s = &p->spec;

	if (s->order != QUERY_OLDEST && s->order != QUERY_NEWEST)
		return err_set(err, ERR_QUERY, "order: there is no order %u", (unsigned)s->order);
	if (s->limit > QUERY_ROWS_MAX)
		return err_set(err, ERR_QUERY, "limit: %llu is above %d",
			       (unsigned long long)s->limit, QUERY_ROWS_MAX);
	if (s->every_ns < 0 || s->patience_ns < 0)
		return err_set(err, ERR_QUERY, "%s: a duration below 0",
			       s->every_ns < 0 ? "every" : "patience");
	p->limit = s->limit ? s->limit : QUERY_ROWS_MAX;
	p->ranged = s->since_ns != INT64_MIN || s->until_ns != INT64_MAX;
	p->aggregates = s->by[0] || s->count || s->sum || s->quantile || s->every_ns || s->top;
	return quantiles_check(p, err);
}

static int filter_check(struct query_plan *p, unsigned parts, struct err *err)
{
	const struct query_spec *s = &p->spec;
	size_t n = strnlen(s->where, sizeof(s->where));
	const char *name = NULL;
	unsigned beyond, part = 0;
	int r;

	if (n > QUERY_TEXT_MAX)
		return err_set(err, ERR_QUERY, "where: the filter does not end");
	if (n == 0)
		return 0;
	r = filter_new((struct str){ s->where, n }, &p->filter, err);
	if (r < 0)
		return r;
	beyond = filter_parts(p->filter, parts, &name) & ~parts;
	if (!beyond)
		return 0;
	while (!(beyond >> part & 1))
		part++;
	return may_not(name ? name : "the filter", (enum field_part)part, err);
}

int query_plan_new(const struct query_spec *spec, unsigned parts, struct query_plan **out,
		   struct err *err)
{
	CLEANUP(query_plan_free) struct query_plan *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return err_set(err, ERR_MEMORY, "a query");
	if (!(parts >> PART_META & 1))
		return err_set(err, ERR_QUERY,
			       "parts: meta is always needed: it has the rows themselves");
	p->spec = *spec;
	r = fields_check(p, parts, err);
	if (r == 0)
		r = numbers_check(p, err);
	if (r == 0)
		r = filter_check(p, parts, err);
	if (r < 0)
		return r;
	*out = TAKE(p);
	return 0;
}

void query_plan_free(struct query_plan *p)
{
	if (!p)
		return;
	filter_free(p->filter);
	free(p);
}

/* ---- Asking rows ----------------------------------------------------------------------------- */

bool query_plan_match(const struct query_plan *p, const struct row_view *row)
{
	int64_t at;

	if (p->ranged && (!row_get_time(row, common_time, &at) || at < p->spec.since_ns ||
			  at >= p->spec.until_ns))
		return false;
	return !p->filter || filter_match(p->filter, row);
}

bool query_plan_value(const struct query_plan *p, const struct field *f, const struct row_view *row,
		      struct row_value *out)
{
	const struct record_kind *kind =
		p->spec.kind ? record_kind_by_id(p->spec.kind) : record_kind_at(0);
	ptrdiff_t slot = f - kind->field;

	if (slot >= (ptrdiff_t)COMMON_SLOTS && row->kind_id != kind->id)
		return false;
	return row_value(row, (unsigned)slot, out);
}
