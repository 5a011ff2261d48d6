/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter asked about what is known of a group of rows before its columns are opened: whether it
 * may be true of some row. It may be false only where each operand of || may be, and so on; errors
 * need not be followed, since no error becomes true. Invariant: the answer is true wherever
 * filter_match() is of any row; what is not known here may be anything.
 */
#include "rules/filter_int.h"

/* ---- What is known --------------------------------------------------------------------------- */

static bool zone_of(const struct filter_zones *z, struct field_ref ref, struct filter_zone *out)
{
	return (!ref.kind || ref.kind == z->kind_id) && z->zone(z->owner, ref.slot, out) &&
	       out->present > 0;
}

static bool may_hold(const struct filter_zones *z, const struct node *n, struct row_value v)
{
	return z->may_hold(z->owner, n->slot, &v);
}

static bool may_hold_text(const struct filter_zones *z, const struct node *n, struct str s,
			  enum field_type type)
{
	return may_hold(z, n, (struct row_value){ .type = type, .s = s });
}

static bool may_hold_word(const struct filter_zones *z, const struct node *n, uint64_t word,
			  enum field_type type)
{
	return may_hold(
		z, n, (struct row_value){ .type = type, .u = word, .i = (int64_t)word, .b = word });
}

/* ---- Comparisons ----------------------------------------------------------------------------- */

/* Have two runs of words one in common? Then one of them begins in the other. */
static bool meet(struct filter_span a, struct filter_span b)
{
	return filter_span_has(a, b.first) || filter_span_has(b, a.first);
}

/* From the least to the largest, also where they have a sign. */
static struct filter_span span_of_zone(const struct filter_zone *zone, enum field_type type)
{
	uint64_t min = type == FIELD_BOOL ? zone->min.b : zone->min.u;
	uint64_t max = type == FIELD_BOOL ? zone->max.b : zone->max.u;

	return (struct filter_span){ true, min, max - min };
}

static bool word_may(const struct filter_zones *z, const struct node *n, struct filter_span span,
		     const struct filter_zone *zone)
{
	enum field_type type = n->field->type;

	if (!span.any || (zone->bounded && !meet(span, span_of_zone(zone, type))))
		return false;
	return span.more > 0 || may_hold_word(z, n, span.first, type);
}

static bool ip_may(const struct filter_zones *z, const struct node *n, enum relation relation,
		   const struct literal *l, const struct filter_zone *zone)
{
	int least = memcmp(&zone->min.ip, &l->ip, sizeof(l->ip));
	int largest = memcmp(&zone->max.ip, &l->ip, sizeof(l->ip));

	if (relation != REL_EQ)
		return !zone->bounded || least != 0 || largest != 0;
	return (!zone->bounded || (least <= 0 && largest >= 0)) &&
	       may_hold(z, n, (struct row_value){ .type = FIELD_IP, .ip = l->ip });
}

/* Equal fractions need not be the same bytes, and bounds say nothing of what is no number. */
static bool comparison_may(const struct filter_zones *z, const struct node *n,
			   enum relation relation, const struct literal *l,
			   const struct filter_zone *zone)
{
	enum field_type type = n->field->type;
	struct filter_span span;

	if (filter_span(type, relation, l, &span))
		return word_may(z, n, span, zone);
	if (type == FIELD_IP)
		return ip_may(z, n, relation, l, zone);
	return type == FIELD_F64 || relation != REL_EQ || may_hold_text(z, n, l->s, type);
}

/* What is false of a comparison is true of this. What is no number is not looked at here. */
static enum relation opposite(enum relation relation)
{
	static const enum relation of[] = {
		[REL_EQ] = REL_NE, [REL_NE] = REL_EQ, [REL_LT] = REL_GE,
		[REL_LE] = REL_GT, [REL_GT] = REL_LE, [REL_GE] = REL_LT,
	};

	return of[relation];
}

static bool among_may(const struct filter_zones *z, const struct node *n,
		      const struct filter_zone *zone)
{
	for (size_t i = 0; i < n->literals; i++)
		if (comparison_may(z, n, REL_EQ, &n->literal[i], zone))
			return true;
	return false;
}

static bool member_may(const struct filter_zones *z, const struct node *n)
{
	if (n->field->type == FIELD_LIST_U64)
		return !n->literal->negative && may_hold_word(z, n, n->literal->u, FIELD_U64);
	return may_hold_text(z, n, n->literal->s, FIELD_STR);
}

/* ---- Tests ----------------------------------------------------------------------------------- */

/* Of a field that some row has. */
static bool value_may(const struct filter_zones *z, const struct node *n, enum truth wanted,
		      const struct filter_zone *zone)
{
	static const struct literal yes = { .type = LITERAL_BOOL, .b = true };

	if (n->indexed)
		return may_hold_text(z, n, n->key, FIELD_STR);
	switch (n->type) {
	case NODE_HAS:
		return wanted == IS_TRUE || zone->present < zone->rows;
	case NODE_BOOL:
		return comparison_may(z, n, wanted == IS_TRUE ? REL_EQ : REL_NE, &yes, zone);
	case NODE_COMPARE:
		return comparison_may(z, n, wanted == IS_TRUE ? n->relation : opposite(n->relation),
				      n->literal, zone);
	case NODE_IN:
		return wanted == IS_FALSE || among_may(z, n, zone);
	case NODE_MEMBER:
		return wanted == IS_FALSE || member_may(z, n);
	case NODE_STARTS:
	case NODE_ENDS:
	case NODE_CONTAINS:
	case NODE_CONST:
	case NODE_AND:
	case NODE_OR:
	case NODE_NOT:
	case NODE_KIND:
	case NODE_FLAG:
		break;
	}
	return true;
}

/* Without a field, or where no row has it, all rows have the same answer. */
static bool test_may(const struct filter_zones *z, const struct node *n, enum truth wanted)
{
	const struct filter_source nothing = { .kind_id = z->kind_id };
	struct field_ref ref = { n->kind, n->slot };
	struct filter_zone zone;

	if (n->field && !n->made && zone_of(z, ref, &zone))
		return value_may(z, n, wanted, &zone);
	for (size_t i = 0; n->made && filter_alias_field(n->made, i, &ref); i++)
		if (zone_of(z, ref, &zone))
			return true;
	return filter_ask(n, &nothing) == wanted;
}

/* ---- The tree -------------------------------------------------------------------------------- */

static bool may(const struct filter_zones *z, const struct node *n, enum truth wanted);

/* && is true where each operand is, and false where some operand is; || the other way round. */
static bool chain_may(const struct filter_zones *z, const struct node *n, enum truth wanted)
{
	bool each = (n->type == NODE_AND) == (wanted == IS_TRUE);

	for (const struct node *operand = n->cheapest; operand; operand = operand->then)
		if (may(z, operand, wanted) != each)
			return !each;
	return each;
}

/* May n be true, or false, of some row? */
static bool may(const struct filter_zones *z, const struct node *n, enum truth wanted)
{
	switch (n->type) {
	case NODE_AND:
	case NODE_OR:
		return chain_may(z, n, wanted);
	case NODE_NOT:
		return may(z, n->first, wanted == IS_TRUE ? IS_FALSE : IS_TRUE);
	case NODE_FLAG:
		return may(z, n->first, wanted);
	case NODE_CONST:
	case NODE_KIND:
	case NODE_HAS:
	case NODE_BOOL:
	case NODE_COMPARE:
	case NODE_IN:
	case NODE_STARTS:
	case NODE_ENDS:
	case NODE_CONTAINS:
	case NODE_MEMBER:
		break;
	}
	return test_may(z, n, wanted);
}

bool filter_may_select(const struct filter *f, const struct filter_zones *zones)
{
	return may(zones, f->root, IS_TRUE);
}
