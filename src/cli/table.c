/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table: a line a record. Which fields it shows, and in which order, stands in the record kinds
 * (FIELD_TABLE); a new kind needs nothing here.
 */
#include "cli/show.h"

/* A text takes at most so many columns. */
#define CLIP_WIDTH        64
#define CLIP_WIDTH_NARROW 24

/* A size as one reads it: 999B, 1.5KiB. */
static void put_bytes(struct buf *line, uint64_t n)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = (double)n / 1024;
	size_t unit = 0;

	if (n < 1024) {
		buf_printf(line, "%lluB", (unsigned long long)n);
		return;
	}
	for (; v >= 1023.95 && unit + 1 < ARRAY_LEN(units); unit++)
		v /= 1024;
	buf_printf(line, "%.1f%s", v, units[unit]);
}

static void put_value(struct show *s, const struct field *f, const struct row_value *value)
{
	size_t clip = show_narrow(s) ? CLIP_WIDTH_NARROW : CLIP_WIDTH;
	struct str text, head;

	if (f->type == FIELD_U64 && strcmp(f->unit, "bytes") == 0) {
		put_bytes(&s->line, value->u);
		return;
	}
	buf_clear(&s->cell);
	row_value_text(f, value, &s->cell);
	text = buf_str(&s->cell);
	head = show_head(text, clip);
	show_quoted(&s->line, head.n < text.n ? show_head(text, clip - 1) : text);
	if (head.n < text.n)
		buf_put(&s->line, STR("…"));
}

static struct str last_name(const struct field *f)
{
	const char *dot = strrchr(f->name, '.');

	return str_of(dot ? dot + 1 : f->name);
}

/* Fields named src_x and dst_x that follow each other are shown as one, x=client's/server's. */
static bool is_pair(const struct record_kind *kind, unsigned slot)
{
	struct str a = last_name(&kind->field[slot]), b;

	if (slot + 1U >= kind->slots || kind->field[slot].type != FIELD_U64)
		return false;
	b = last_name(&kind->field[slot + 1]);
	return str_starts(a, STR("src_")) && str_starts(b, STR("dst_")) &&
	       str_eq(str_skip(a, 4), str_skip(b, 4));
}

/* http.response.body_bytes is "body" in the table, flow.src_packets "packets". */
static struct str short_name(const struct field *f, bool pair)
{
	struct str name = last_name(f);

	if (pair)
		return str_skip(name, 4);
	if (str_ends(name, STR("_bytes")))
		name.n -= 6;
	return name;
}

/* One of few numbers that people know, such as a status. */
static bool is_code(const struct field *f)
{
	return f->type == FIELD_U64 && (f->flags & FIELD_FACET);
}

static const char *colour_of(const struct row_view *v, unsigned slot, uint64_t number)
{
	if (v->kind_id != KIND_HTTP || slot != http_status.ref.slot || number < 400)
		return NULL;
	return number < 500 ? show_magenta : show_red;
}

/* A number is told by its name, unless it is a code; a bool is its name when it is true. An absent
 * text or code leaves a dash, so that those behind it stay where people look for them. False when
 * it is absent. */
static bool put_detail(struct show *s, const struct row_view *v, unsigned slot, bool pair)
{
	const struct field *f = &v->kind->field[slot];
	bool named = f->type == FIELD_U64 && !is_code(f);
	struct row_value value;
	const char *colour;

	if (!row_value(v, slot, &value)) {
		if (!named && f->type != FIELD_BOOL)
			buf_put(&s->line, STR("- "));
		return false;
	}
	if (f->type == FIELD_BOOL) {
		if (value.b)
			buf_printf(&s->line, "%.*s ", STR_FMT(short_name(f, false)));
		return value.b;
	}
	if (named)
		buf_printf(&s->line, "%.*s=", STR_FMT(short_name(f, pair)));
	colour = colour_of(v, slot, value.u);
	if (colour)
		show_colour(s, colour);
	put_value(s, f, &value);
	if (colour)
		show_colour(s, show_plain);
	if (pair && row_value(v, slot + 1, &value)) {
		buf_put_char(&s->line, '/');
		put_value(s, f + 1, &value);
	}
	buf_put_char(&s->line, ' ');
	return true;
}

/* Codes come first, where a narrow terminal does not cut them off. Answers how long the line is up
 * to the last field that is there: a dash with nothing behind it says nothing. */
static size_t put_details(struct show *s, const struct row_view *v, bool codes, size_t told)
{
	for (unsigned slot = COMMON_SLOTS; slot < v->kind->slots; slot++) {
		const struct field *f = &v->kind->field[slot];
		bool pair = is_pair(v->kind, slot);

		if ((f->flags & FIELD_TABLE) && is_code(f) == codes && put_detail(s, v, slot, pair))
			told = s->line.len;
		slot += pair;
	}
	return told;
}

void show_table_row(struct show *s, const struct row_view *v)
{
	struct layout l = show_layout(s->width, false);

	(void)show_common(s, v, &l);
	if (v->kind) {
		size_t told = put_details(s, v, true, s->line.len);

		s->line.len = put_details(s, v, false, told);
	}
	show_line(s, true);
}
