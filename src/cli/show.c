/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms for people: table and wide. Which fields the table shows, and in which order, stands in
 * the record kinds (FIELD_TABLE); a new kind needs nothing here. Values come from other people: all
 * of them pass row_value_text(), which leaves nothing in them that could steer a terminal, and
 * texts with spaces are quoted, so that none can pass for several.
 */
#include "cli/cli.h"

#define END_TEXT_BYTES (IP_TEXT_BYTES + 16)
/* Columns: what two IPv4 ends need, and a time with three digits. Ends grow with what is shown. */
#define END_WIDTH        21
#define END_WIDTH_NARROW 6
#define KIND_WIDTH       7
#define DAY_WIDTH        10
/* Below so many columns the table leaves out the day and the client's port. */
#define NARROW_WIDTH 120
/* A text takes at most so many columns of the table. */
#define CLIP_WIDTH        64
#define CLIP_WIDTH_NARROW 24

/* Readable on dark and on light ground. */
static const char dim[] = "\033[2m", bold[] = "\033[1m", magenta[] = "\033[35m", red[] = "\033[31m",
		  plain[] = "\033[0m";

static size_t columns_of(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* The front of s that takes that many columns. */
static struct str str_columns(struct str s, size_t columns)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] & 0xc0) != 0x80 && columns-- == 0)
			return str_head(s, i);
	return s;
}

static bool narrow(const struct show *s)
{
	return s->width && s->width < NARROW_WIDTH;
}

static void put_colour(struct show *s, const char *colour)
{
	if (s->colour)
		buf_put(&s->line, str_of(colour));
}

static void put_column(struct show *s, struct str text, size_t width)
{
	buf_put(&s->line, text);
	for (size_t n = columns_of(text); n < width + 1; n++)
		buf_put_char(&s->line, ' ');
}

/* Cuts the line to the terminal, not counting colours. */
static void cut_to_width(struct show *s)
{
	size_t columns = 0, last = 0;
	bool escape = false;

	for (size_t i = 0; s->width && i < s->line.len; i++) {
		unsigned char c = (unsigned char)s->line.p[i];

		escape |= c == 033;
		if (!escape && (c & 0xc0) != 0x80) {
			if (++columns == s->width)
				last = i;
			if (columns > s->width) {
				s->line.len = last;
				buf_put(&s->line, STR("…"));
				put_colour(s, plain);
				return;
			}
		}
		escape &= c != 'm';
	}
}

static void put_line(struct show *s)
{
	while (s->line.len && s->line.p[s->line.len - 1] == ' ')
		s->line.len--;
	cut_to_width(s);
	buf_put_char(&s->line, '\n');
	(void)fwrite(s->line.p, 1, s->line.len, s->to);
}

/* ---- The columns of every kind --------------------------------------------------------------- */

/* 2026-11-20T08:15:30.123456789Z: from which byte to which a form shows it. */
struct time_part {
	size_t from, to;
};

static struct time_part time_part(const struct show *s, bool wide)
{
	return wide ? (struct time_part){ 0, 30 } : (struct time_part){ narrow(s) ? 11 : 0, 23 };
}

static void put_head(struct show *s, struct time_part part)
{
	buf_clear(&s->line);
	put_colour(s, bold);
	put_column(s, STR("TIME (UTC)"), part.to - part.from);
	put_column(s, STR("CLIENT"), s->end_width[0]);
	put_column(s, STR("SERVER"), s->end_width[1]);
	put_column(s, STR("KIND"), KIND_WIDTH);
	buf_put(&s->line, STR("WHAT"));
	put_colour(s, plain);
	put_line(s);
}

/* A form without room for the day says it in a line of its own when it changes. */
static void put_day(struct show *s, struct str time)
{
	struct str day = str_head(time, DAY_WIDTH);

	if (day.n < DAY_WIDTH || str_eq(day, (struct str){ s->day, DAY_WIDTH }))
		return;
	memcpy(s->day, day.p, DAY_WIDTH);
	buf_clear(&s->line);
	put_colour(s, dim);
	buf_put(&s->line, day);
	put_colour(s, plain);
	put_line(s);
}

static size_t end_text(const struct row_view *v, struct field_ip ip, struct field_u64 port,
		       bool with_port, char out[END_TEXT_BYTES])
{
	char address[IP_TEXT_BYTES];
	struct ip_addr a;
	uint64_t p = 0;

	if (!row_get_ip(v, ip, &a))
		return (size_t)snprintf(out, END_TEXT_BYTES, "-");
	(void)ip_format(&a, address);
	if (!with_port || !row_get_u64(v, port, &p) || p == 0)
		return (size_t)snprintf(out, END_TEXT_BYTES, "%s", address);
	return (size_t)snprintf(out, END_TEXT_BYTES, ip_is_v4(&a) ? "%s:%llu" : "[%s]:%llu",
				address, (unsigned long long)p);
}

/* What concerns a whole source names it where others have their two ends. */
static void put_source(struct show *s, const struct row_view *v)
{
	struct row_value value;

	buf_clear(&s->cell);
	if (row_value(v, common_observer.ref.slot, &value))
		row_value_text(&record_kind_at(0)->field[common_observer.ref.slot], &value,
			       &s->cell);
	put_column(s, str_columns(buf_str(&s->cell), CLIP_WIDTH),
		   s->end_width[0] + 1 + s->end_width[1]);
}

/* A source that held no packet has no time. */
static size_t time_text(const struct row_view *v, char time[TIME_TEXT_BYTES])
{
	uint64_t packets;
	int64_t at_ns;

	if (v->kind_id == KIND_CAPTURE && row_get_u64(v, capture_packets, &packets) && packets == 0)
		return 0;
	return row_get_time(v, common_time, &at_ns) ? time_format(at_ns, time) : 0;
}

static void put_common(struct show *s, const struct row_view *v, bool wide)
{
	char time[TIME_TEXT_BYTES] = "", end[2][END_TEXT_BYTES];
	struct time_part part = time_part(s, wide);
	struct ip_addr any;
	struct str text = { time, 0 };
	size_t n[2];

	n[0] = end_text(v, common_src_ip, common_src_port, wide || !narrow(s), end[0]);
	n[1] = end_text(v, common_dst_ip, common_dst_port, true, end[1]);
	for (unsigned i = 0; i < 2; i++) {
		size_t least = narrow(s) ? END_WIDTH_NARROW : END_WIDTH;

		if (s->end_width[i] < least || s->end_width[i] < n[i])
			s->end_width[i] = n[i] > least ? n[i] : least;
	}
	if (s->rows == 0)
		put_head(s, part);
	text.n = time_text(v, time);
	if (part.from)
		put_day(s, text);

	buf_clear(&s->line);
	put_colour(s, dim);
	put_column(s, text.n ? str_skip(str_head(text, part.to), part.from) : STR("-"),
		   part.to - part.from);
	put_colour(s, plain);
	if (row_get_ip(v, common_src_ip, &any)) {
		put_column(s, (struct str){ end[0], n[0] }, s->end_width[0]);
		put_column(s, (struct str){ end[1], n[1] }, s->end_width[1]);
	} else {
		put_source(s, v);
	}
	if (v->kind_id == KIND_GAP)
		put_colour(s, magenta);
	put_column(s, str_of(v->kind ? v->kind->name : "?"), KIND_WIDTH);
	if (v->kind_id == KIND_GAP)
		put_colour(s, plain);
}

/* ---- The table's details --------------------------------------------------------------------- */

static void put_quoted(struct buf *line, struct str text)
{
	if (text.n && !memchr(text.p, ' ', text.n) && !memchr(text.p, '"', text.n)) {
		buf_put(line, text);
		return;
	}
	buf_put_char(line, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			buf_put_char(line, '\\');
		buf_put_char(line, text.p[i]);
	}
	buf_put_char(line, '"');
}

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
	size_t clip = narrow(s) ? CLIP_WIDTH_NARROW : CLIP_WIDTH;
	struct str text, head;

	if (f->type == FIELD_U64 && strcmp(f->unit, "bytes") == 0) {
		put_bytes(&s->line, value->u);
		return;
	}
	buf_clear(&s->cell);
	row_value_text(f, value, &s->cell);
	text = buf_str(&s->cell);
	head = str_columns(text, clip);
	put_quoted(&s->line, head.n < text.n ? str_columns(text, clip - 1) : text);
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
	return number < 500 ? magenta : red;
}

/* A number is told by its name, unless it is a code; a bool is its name when it is true. An absent
 * text or code leaves a dash, so that those behind it stay where people look for them. */
static void put_detail(struct show *s, const struct row_view *v, unsigned slot, bool pair)
{
	const struct field *f = &v->kind->field[slot];
	bool named = f->type == FIELD_U64 && !is_code(f);
	struct row_value value;
	const char *colour;

	if (!row_value(v, slot, &value)) {
		if (!named && f->type != FIELD_BOOL)
			buf_put(&s->line, STR("- "));
		return;
	}
	if (f->type == FIELD_BOOL) {
		if (value.b)
			buf_printf(&s->line, "%.*s ", STR_FMT(short_name(f, false)));
		return;
	}
	if (named)
		buf_printf(&s->line, "%.*s=", STR_FMT(short_name(f, pair)));
	colour = colour_of(v, slot, value.u);
	if (colour)
		put_colour(s, colour);
	put_value(s, f, &value);
	if (colour)
		put_colour(s, plain);
	if (pair && row_value(v, slot + 1, &value)) {
		buf_put_char(&s->line, '/');
		put_value(s, f + 1, &value);
	}
	buf_put_char(&s->line, ' ');
}

/* Codes come first, where a narrow terminal does not cut them off. */
static void put_details(struct show *s, const struct row_view *v, bool codes)
{
	for (unsigned slot = COMMON_SLOTS; slot < v->kind->slots; slot++) {
		const struct field *f = &v->kind->field[slot];
		bool pair = is_pair(v->kind, slot);

		if ((f->flags & FIELD_TABLE) && is_code(f) == codes)
			put_detail(s, v, slot, pair);
		slot += pair;
	}
}

void show_table_row(struct show *s, const struct row_view *v)
{
	put_common(s, v, false);
	if (v->kind) {
		put_details(s, v, true);
		put_details(s, v, false);
	}
	put_line(s);
}

void show_wide_row(struct show *s, const struct row_view *v)
{
	size_t prefix = v->kind ? strlen(v->kind->name) + 1 : 0;

	put_common(s, v, true);
	for (unsigned slot = COMMON_SLOTS; v->kind && slot < v->kind->slots; slot++) {
		const struct field *f = &v->kind->field[slot];
		struct row_value value;

		if (!row_value(v, slot, &value))
			continue;
		buf_clear(&s->cell);
		row_value_text(f, &value, &s->cell);
		buf_printf(&s->line, "%s=", f->name + prefix);
		put_quoted(&s->line, buf_str(&s->cell));
		buf_put_char(&s->line, ' ');
	}
	put_line(s);
}
