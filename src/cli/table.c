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

/* ---- Names ----------------------------------------------------------------------------------- */

/* Without its kind's. */
static struct str own_name(const struct record_kind *kind, const struct field *f)
{
	return str_skip(str_of(f->name), strlen(kind->name) + 1);
}

/* Numbers of both ends that follow each other are shown as one, x=client's/server's. What both are
 * called, or nothing where they are none. */
static struct str pair_name(const struct record_kind *kind, unsigned slot)
{
	static const char *const ends[][2] = { { "src_", "dst_" },
					       { "client_", "server_" },
					       { "request.", "response." } };
	const struct field *f = &kind->field[slot];
	struct str a, b;

	if (slot + 1U >= kind->slots || f[0].type != FIELD_U64 || f[1].type != FIELD_U64 ||
	    !(f[1].flags & FIELD_TABLE))
		return (struct str){ 0 };
	a = own_name(kind, &f[0]);
	b = own_name(kind, &f[1]);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct str client = str_of(ends[i][0]), server = str_of(ends[i][1]);

		if (str_starts(a, client) && str_starts(b, server) &&
		    str_eq(str_skip(a, client.n), str_skip(b, server.n)))
			return str_skip(a, client.n);
	}
	return (struct str){ 0 };
}

/* http.response.body_bytes is "body" in the table. */
static struct str short_name(struct str name)
{
	const char *dot = name.n ? memrchr(name.p, '.', name.n) : NULL;

	if (dot)
		name = str_skip(name, (size_t)(dot + 1 - name.p));
	if (str_ends(name, STR("_bytes")))
		name.n -= 6;
	return name;
}

/* ---- Failures -------------------------------------------------------------------------------- */

/* What of a record says how it ended, and when that is a failure: a number from `from` up, a text
 * that is not `fine`; one that has neither is there only when something failed. Failures of who
 * asks are magenta, those of who answers red. */
static const struct failure {
	struct field_ref field;
	unsigned from;
	const char *fine;
	bool asker;
} failures[] = {
	{ .field = { http_kind_id_, http_slot_status }, .from = 500 },
	{ .field = { http_kind_id_, http_slot_status }, .from = 400, .asker = true },
	{ .field = { grpc_kind_id_, grpc_slot_status_name }, .fine = "OK" },
	{ .field = { dns_kind_id_, dns_slot_rcode }, .fine = "NOERROR" },
	{ .field = { redis_kind_id_, redis_slot_error } },
	{ .field = { postgresql_kind_id_, postgresql_slot_error_code } },
	{ .field = { capture_kind_id_, capture_slot_error } },
};

static bool is_of(const struct failure *f, const struct row_view *v, unsigned slot)
{
	return f->field.kind == v->kind_id && f->field.slot == slot;
}

/* Is it there of every record that was answered, whether it failed or not? */
static bool is_outcome(const struct row_view *v, unsigned slot)
{
	for (size_t i = 0; i < ARRAY_LEN(failures); i++)
		if (is_of(&failures[i], v, slot))
			return failures[i].from || failures[i].fine;
	return false;
}

static const char *colour_of(const struct row_view *v, unsigned slot, const struct row_value *value)
{
	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		const struct failure *f = &failures[i];
		bool fine = f->from   ? value->u < f->from
			    : f->fine ? str_eq(value->s, str_of(f->fine))
				      : false;

		if (is_of(f, v, slot) && !fine)
			return f->asker ? show_magenta : show_red;
	}
	return NULL;
}

/* ---- One line -------------------------------------------------------------------------------- */

/* How far a line is. Texts stand at its front, and are known by their place; behind the first
 * number or duration everything has its name. */
struct progress {
	bool behind;
	unsigned absent; /* texts of the front that are not there; a dash each, if one follows */
};

static void put_place(struct show *s, struct progress *at)
{
	for (; at->absent; at->absent--)
		buf_put(&s->line, STR("- "));
}

static void put_coloured(struct show *s, const struct row_view *v, unsigned slot,
			 const struct row_value *value)
{
	const char *colour = colour_of(v, slot, value);

	if (colour)
		show_colour(s, colour);
	put_value(s, &v->kind->field[slot], value);
	if (colour)
		show_colour(s, show_plain);
}

static void put_pair(struct show *s, const struct row_view *v, unsigned slot, struct str name)
{
	char sign = '=';

	buf_put(&s->line, short_name(name));
	for (unsigned end = slot; end < slot + 2; end++) {
		struct row_value value;

		buf_put_char(&s->line, sign);
		if (row_value(v, end, &value))
			put_value(s, &v->kind->field[end], &value);
		else
			buf_put_char(&s->line, '-');
		sign = '/';
	}
	buf_put_char(&s->line, ' ');
}

static void put_text(struct show *s, const struct row_view *v, unsigned slot,
		     const struct row_value *value, struct progress *at)
{
	if (at->behind)
		buf_printf(&s->line, "%.*s=", STR_FMT(own_name(v->kind, &v->kind->field[slot])));
	else
		put_place(s, at);
	put_coloured(s, v, slot, value);
	buf_put_char(&s->line, ' ');
}

/* A bool is its name when it is true, and a duration is known by its unit. */
static void put_detail(struct show *s, const struct row_view *v, unsigned slot, struct progress *at)
{
	const struct field *f = &v->kind->field[slot];
	bool list = f->type == FIELD_LIST_U64 || f->type == FIELD_LIST_STR;
	struct row_value value;

	if (!row_value(v, slot, &value)) {
		at->absent += f->type == FIELD_STR || f->type == FIELD_ENUM || is_outcome(v, slot);
		return;
	}
	if (f->type == FIELD_STR || f->type == FIELD_ENUM || is_outcome(v, slot)) {
		put_text(s, v, slot, &value, at);
		return;
	}
	if (f->type == FIELD_BOOL) {
		if (value.b)
			buf_printf(&s->line, "%.*s ", STR_FMT(short_name(str_of(f->name))));
		return;
	}
	at->behind = true;
	if (f->type == FIELD_U64 || list)
		buf_printf(&s->line, "%.*s=", STR_FMT(short_name(str_of(f->name))));
	put_value(s, f, &value);
	buf_put_char(&s->line, ' ');
}

/* How it ended comes first, where a narrow terminal does not cut it off. */
static void put_details(struct show *s, const struct row_view *v, bool outcome, struct progress *at)
{
	for (unsigned slot = COMMON_SLOTS; slot < v->kind->slots; slot++) {
		struct str pair = pair_name(v->kind, slot);
		struct row_value value;

		if (!(v->kind->field[slot].flags & FIELD_TABLE) || is_outcome(v, slot) != outcome)
			continue;
		if (pair.n && (row_value(v, slot, &value) || row_value(v, slot + 1, &value))) {
			put_pair(s, v, slot, pair);
			at->behind = true;
		} else if (!pair.n) {
			put_detail(s, v, slot, at);
		}
		slot += pair.n > 0;
	}
}

void show_table_row(struct show *s, const struct row_view *v)
{
	struct layout l = show_layout(s->width, false);

	struct progress at = { 0 };

	(void)show_common(s, v, &l);
	if (v->kind) {
		put_details(s, v, true, &at);
		put_details(s, v, false, &at);
	}
	show_line(s, true);
}
