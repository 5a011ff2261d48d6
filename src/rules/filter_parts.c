/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which parts of rows a filter asks about, so that who may not read a part is told so before
 * anything is opened. An alias asks about all the fields it is made of.
 */
#include "rules/filter_int.h"

struct asked {
	unsigned parts, allowed;
	const struct field *first; /* in the first part that is not allowed */
};

static void ask_field(struct asked *a, const struct field *field)
{
	a->parts |= 1U << field->part;
	if (a->allowed >> field->part & 1 || (a->first && a->first->part <= field->part))
		return;
	a->first = field;
}

static void walk(struct asked *a, const struct node *n)
{
	const struct field *field;
	struct field_ref ref;

	for (const struct node *operand = n->first; operand; operand = operand->next)
		walk(a, operand);
	if (!n->field)
		return;
	if (!n->made)
		ask_field(a, n->field);
	for (size_t i = 0; n->made && (field = filter_alias_field(n->made, i, &ref)); i++)
		ask_field(a, field);
}

unsigned filter_parts(const struct filter *f, unsigned allowed, const char **name)
{
	struct asked a = { .allowed = allowed };

	walk(&a, f->root);
	if (name)
		*name = a.first ? a.first->name : NULL;
	return a.parts;
}
