/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/protocols/NAME.md, one page for each kind of record that is a protocol: the part that the
 * table of fields says. What is not decoded, and what else a reader should know, is written in the
 * page itself, around that part.
 */
#include "docs.h"
#include "rules/rules.h"

/* Kinds that are about the capture, not about a protocol. */
static bool is_protocol(const struct record_kind *kind)
{
	return kind->id != KIND_CAPTURE && kind->id != KIND_FLOW && kind->id != KIND_GAP;
}

const struct record_kind *docs_protocol_at(size_t i)
{
	for (size_t k = 0; k < RECORD_KINDS; k++)
		if (is_protocol(record_kind_at(k)) && i-- == 0)
			return record_kind_at(k);
	return NULL;
}

static void put_choices(struct buf *out, const struct field *f)
{
	for (unsigned i = 0; f->choices && f->choices[i]; i++)
		(void)buf_printf(out, "%s`%s`", i ? ", " : ": ", f->choices[i]);
}

static void put_field(struct buf *out, const struct field *f, struct mask_rule rule)
{
	(void)buf_printf(out, "| `%s` | %s | ", f->name, field_type_name(f->type));
	docs_cell(out, f->help);
	put_choices(out, f);
	if (f->unit[0] && !(strcmp(f->unit, "bytes") == 0 && strcasestr(f->help, f->unit)))
		(void)buf_printf(out, " (%s)", f->unit);
	(void)buf_put(out, STR(" | "));
	if (rule.action != MASK_KEEP)
		docs_cell(out, docs_mask_text(rule.action));
	else if (f->class == CLASS_PERSONAL)
		(void)buf_put(out, STR("kept; may point to a person"));
	(void)buf_put(out, STR(" |\n"));
}

void docs_protocol_fields(struct buf *out, const struct record_kind *kind)
{
	const struct mask_plan *plan = rules_default_masks();
	size_t place = record_kind_place(kind);

	(void)buf_printf(
		out,
		"A record of the kind `%s` is %c%s, with these fields beside those [of all "
		"kinds](../records.md#fields-of-all-kinds). A field is there only when it "
		"was seen.\n\n| field | type | what | masked |\n|---|---|---|---|\n",
		kind->name, kind->help[0] | 0x20, kind->help + 1);
	for (unsigned slot = COMMON_SLOTS; slot < kind->slots; slot++)
		put_field(out, &kind->field[slot], plan->rule[place][slot]);
}
