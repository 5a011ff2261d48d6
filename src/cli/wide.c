/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wide: every field of a record by its name. In a pipe a record is one line, for other tools; on a
 * terminal, which would break it anywhere, each field has a line of its own, named as a filter
 * names it.
 */
#include "cli/show.h"

static void put_value(struct show *s, const struct field *f, const struct row_value *value)
{
	buf_clear(&s->cell);
	row_value_text(f, value, &s->cell);
	show_quoted(&s->line, buf_str(&s->cell));
}

/* Does a column show this field already, and whole? */
static bool has_column(unsigned slot, bool shortened)
{
	return slot == common_time.ref.slot || slot == common_src_port.ref.slot ||
	       slot == common_dst_port.ref.slot ||
	       (!shortened && (slot == common_src_ip.ref.slot || slot == common_dst_ip.ref.slot));
}

static void fields_below(struct show *s, const struct row_view *v, bool shortened)
{
	for (unsigned slot = 0; v->kind && slot < v->kind->slots; slot++) {
		const struct field *f = &v->kind->field[slot];
		struct row_value value;

		if (has_column(slot, shortened) || !row_value(v, slot, &value))
			continue;
		buf_clear(&s->line);
		show_colour(s, show_dim);
		buf_printf(&s->line, "  %s =", f->name);
		show_colour(s, show_plain);
		buf_put_char(&s->line, ' ');
		put_value(s, f, &value);
		show_line(s, false);
	}
}

static void fields_behind(struct show *s, const struct row_view *v)
{
	size_t prefix = v->kind ? strlen(v->kind->name) + 1 : 0;

	for (unsigned slot = COMMON_SLOTS; v->kind && slot < v->kind->slots; slot++) {
		const struct field *f = &v->kind->field[slot];
		struct row_value value;

		if (!row_value(v, slot, &value))
			continue;
		buf_printf(&s->line, "%s=", f->name + prefix);
		put_value(s, f, &value);
		buf_put_char(&s->line, ' ');
	}
}

void show_wide_row(struct show *s, const struct row_view *v)
{
	struct layout l = show_layout(s->width, true);
	bool shortened = show_common(s, v, &l);

	if (s->width == 0)
		fields_behind(s, v);
	show_line(s, true);
	if (s->width)
		fields_below(s, v, shortened);
}
