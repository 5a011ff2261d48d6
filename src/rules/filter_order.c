/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order in which a group of rows is asked operands of && and ||: what costs least first. It
 * does not change what they say, since an operand that decides does so wherever it stands. What
 * costs is above all to open a column, so that the type of the field decides. A row in place is
 * asked in the order of the text: there all fields cost alike, and who wrote it may know more.
 */
#include "rules/filter_int.h"

enum cost {
	COST_NONE,   /* no field at all */
	COST_WORD,   /* numbers and the like */
	COST_FEW,    /* few values, so likely a dictionary; addresses */
	COST_TEXT,   /* other text */
	COST_PACKED, /* lists and maps */
	COST_ALIAS,  /* several fields, row by row */
	COSTS
};

static enum cost cost_of_field(const struct field *field)
{
	switch ((enum field_type)field->type) {
	case FIELD_BOOL:
	case FIELD_U64:
	case FIELD_I64:
	case FIELD_F64:
	case FIELD_TIME:
	case FIELD_DUR:
	case FIELD_ENUM:
		return COST_WORD;
	case FIELD_IP:
		return COST_FEW;
	case FIELD_STR:
	case FIELD_BYTES:
	case FIELD_JSON:
		return field->flags & FIELD_FACET ? COST_FEW : COST_TEXT;
	case FIELD_LIST_U64:
	case FIELD_LIST_STR:
	case FIELD_MAP:
		break;
	}
	return COST_PACKED;
}

static enum cost order(struct node *n);

/* Among operands of one cost the order stays. The chain costs what its dearest does. */
static enum cost order_operands(struct node *n)
{
	struct node *first[COSTS] = { NULL }, **end[COSTS], **last = &n->cheapest;
	enum cost dearest = COST_NONE;

	for (unsigned i = 0; i < COSTS; i++)
		end[i] = &first[i];
	for (struct node *operand = n->first; operand; operand = operand->next) {
		enum cost cost = order(operand);

		*end[cost] = operand;
		end[cost] = &operand->then;
		dearest = cost > dearest ? cost : dearest;
	}
	for (unsigned i = 0; i < COSTS; i++) {
		if (!first[i])
			continue;
		*last = first[i];
		last = end[i];
	}
	*last = NULL;
	return dearest;
}

static enum cost order(struct node *n)
{
	if (n->first)
		return order_operands(n);
	if (!n->field)
		return COST_NONE;
	return n->made ? COST_ALIAS : cost_of_field(n->field);
}

void filter_order(struct node *root)
{
	(void)order(root);
}
