/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the forms for people share: lines of columns, and the columns that all records have: when,
 * from whom, to whom, and of which kind. Values come from other people: all of them pass
 * row_value_text(), which leaves nothing in them that could steer a terminal, and texts with spaces
 * are quoted, so that none can pass for several.
 */
#include "cli/show.h"

/* An address in brackets, shortened or not, and its port. */
#define END_TEXT_BYTES (IP_TEXT_BYTES + sizeof("…") + sizeof("[]:65535"))
/* Columns: what two IPv4 ends need, and a time with three digits. Ends grow with what is shown. */
#define END_WIDTH        21
#define END_WIDTH_NARROW 6
#define KIND_WIDTH       10
#define DAY_WIDTH        10
/* Below so many columns the table leaves out the day and the client's port. */
#define NARROW_WIDTH 120
/* What the ends leave to the last column, on a terminal. Only IPv6 is shortened for that. */
#define WHAT_WIDTH 28
/* Brackets and port; the shortest ends are 2001…b19e, and the same with those. */
#define PORT_WIDTH    ((size_t)8)
#define ADDRESS_WIDTH ((size_t)9)
/* The name of a source may take so much outside of terminals. */
#define SOURCE_WIDTH 64

const char show_dim[] = "\033[2m", show_bold[] = "\033[1m", show_magenta[] = "\033[35m",
	   show_red[] = "\033[31m", show_plain[] = "\033[0m";

/* ---- Columns and lines ----------------------------------------------------------------------- */

static size_t columns_of(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

struct str show_head(struct str text, size_t columns)
{
	for (size_t i = 0; i < text.n; i++)
		if (((unsigned char)text.p[i] & 0xc0) != 0x80 && columns-- == 0)
			return str_head(text, i);
	return text;
}

bool show_narrow(const struct show *s)
{
	return s->width && s->width < NARROW_WIDTH;
}

void show_colour(struct show *s, const char *colour)
{
	if (s->colour)
		buf_put(&s->line, str_of(colour));
}

static void put_column(struct show *s, struct str text, size_t width)
{
	size_t n = columns_of(text);

	buf_put(&s->line, text);
	do
		buf_put_char(&s->line, ' ');
	while (n++ < width);
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
				show_colour(s, show_plain);
				return;
			}
		}
		escape &= c != 'm';
	}
}

void show_line(struct show *s, bool cut)
{
	while (s->line.len && s->line.p[s->line.len - 1] == ' ')
		s->line.len--;
	if (cut)
		cut_to_width(s);
	buf_put_char(&s->line, '\n');
	(void)fwrite(s->line.p, 1, s->line.len, s->to);
}

void show_quoted(struct buf *line, struct str text)
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

/* ---- The layout ------------------------------------------------------------------------------ */

struct layout show_layout(unsigned width, bool wide)
{
	bool narrow = width && width < NARROW_WIDTH;
	struct layout l = { .time_from = narrow && !wide ? 11 : 0,
			    .time_to = wide ? 30 : 23,
			    .client_port = wide || !narrow,
			    .end_max = { SIZE_MAX, SIZE_MAX },
			    .source_max = wide ? SIZE_MAX : SOURCE_WIDTH,
			    .what = !wide || !width };
	size_t others = l.time_to - l.time_from + KIND_WIDTH + 4; /* and the blanks between */
	size_t ports = l.client_port ? 2 * PORT_WIDTH : PORT_WIDTH;
	size_t least = 2 * ADDRESS_WIDTH + ports, ends;

	if (!width)
		return l;
	others += l.what ? WHAT_WIDTH : 0;
	ends = width < others + least ? least : width - others;
	l.end_max[0] = (ends - ports) / 2 + (l.client_port ? PORT_WIDTH : 0);
	l.end_max[1] = ends - l.end_max[0];
	l.source_max = ends + 1;
	return l;
}

/* ---- Both ends ------------------------------------------------------------------------------- */

size_t show_address(struct str a, size_t columns, char out[IP_TEXT_BYTES + sizeof("…")])
{
	const char *last = a.n ? memrchr(a.p, ':', a.n) : NULL;
	size_t tail = last ? (size_t)(last - a.p) : 0, head = 0;

	if (a.n <= columns || !last || tail == 0) {
		memcpy(out, a.p, a.n);
		return a.n;
	}
	if (a.p[tail - 1] == ':')
		tail--;
	for (size_t i = 1; i < tail && i + 2 + a.n - tail <= columns; i++)
		if (a.p[i] == ':' && a.p[i - 1] != ':')
			head = i + 1;
	if (head == 0) { /* one group each, without the colons */
		head = (size_t)((const char *)memchr(a.p, ':', a.n) - a.p);
		while (tail < a.n && a.p[tail] == ':')
			tail++;
	}
	return (size_t)sprintf(out, "%.*s…%.*s", (int)head, a.p, (int)(a.n - tail), a.p + tail);
}

struct end {
	char text[END_TEXT_BYTES];
	size_t n;
	bool shortened;
};

static void end_make(struct end *e, const struct row_view *v, struct field_ip ip,
		     struct field_u64 port, bool with_port, size_t max)
{
	char address[IP_TEXT_BYTES + sizeof("…")], colon_port[8] = "";
	struct ip_addr a;
	uint64_t p = 0;
	size_t n, around;
	bool brackets;

	*e = (struct end){ .text = "-", .n = 1 };
	if (!row_get_ip(v, ip, &a))
		return;
	if (with_port && row_get_u64(v, port, &p) && p > 0)
		(void)snprintf(colon_port, sizeof(colon_port), ":%u", (unsigned)p & 0xffff);
	brackets = colon_port[0] && !ip_is_v4(&a);
	n = ip_format(&a, address);
	around = strlen(colon_port) + (brackets ? 2 : 0);
	if (!ip_is_v4(&a) && n + around > max) {
		char whole[IP_TEXT_BYTES];

		memcpy(whole, address, n);
		n = show_address((struct str){ whole, n }, max > around ? max - around : 0,
				 address);
		e->shortened = true;
	}
	e->n = (size_t)snprintf(e->text, sizeof(e->text), "%s%.*s%s%s", brackets ? "[" : "", (int)n,
				address, brackets ? "]" : "", colon_port);
}

static void end_grow(struct show *s, unsigned end, size_t columns)
{
	size_t least = show_narrow(s) ? END_WIDTH_NARROW : END_WIDTH;

	columns = columns > least ? columns : least;
	if (s->end_width[end] < columns)
		s->end_width[end] = columns;
}

/* ---- A source -------------------------------------------------------------------------------- */

/* What concerns a whole source names it where others have their two ends; in s->cell. */
static void source_make(struct show *s, const struct row_view *v, const struct layout *l)
{
	struct row_value value;
	struct str text;

	buf_clear(&s->cell);
	if (row_value(v, common_observer.ref.slot, &value))
		row_value_text(&record_kind_at(0)->field[common_observer.ref.slot], &value,
			       &s->cell);
	text = buf_str(&s->cell);
	if (columns_of(text) > l->source_max) {
		s->cell.len = show_head(text, l->source_max - 1).n;
		buf_put(&s->cell, STR("…"));
	}
}

/* ---- The columns of every kind --------------------------------------------------------------- */

static void put_head(struct show *s, const struct layout *l)
{
	buf_clear(&s->line);
	show_colour(s, show_bold);
	put_column(s, STR("TIME (UTC)"), l->time_to - l->time_from);
	put_column(s, STR("CLIENT"), s->end_width[0]);
	put_column(s, STR("SERVER"), s->end_width[1]);
	put_column(s, STR("KIND"), KIND_WIDTH);
	if (l->what)
		buf_put(&s->line, STR("WHAT"));
	show_colour(s, show_plain);
	show_line(s, true);
}

/* A form without room for the day says it in a line of its own when it changes. */
static void put_day(struct show *s, struct str time)
{
	struct str day = str_head(time, DAY_WIDTH);

	if (day.n < DAY_WIDTH || str_eq(day, (struct str){ s->day, DAY_WIDTH }))
		return;
	memcpy(s->day, day.p, DAY_WIDTH);
	buf_clear(&s->line);
	show_colour(s, show_dim);
	buf_put(&s->line, day);
	show_colour(s, show_plain);
	show_line(s, true);
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

/* Both ends, or the source; true when an address was shortened. */
static bool ends_make(struct show *s, const struct row_view *v, const struct layout *l,
		      struct end end[2], bool *source)
{
	struct ip_addr any;

	*source = !row_get_ip(v, common_src_ip, &any);
	end_make(&end[0], v, common_src_ip, common_src_port, l->client_port, l->end_max[0]);
	end_make(&end[1], v, common_dst_ip, common_dst_port, true, l->end_max[1]);
	for (unsigned i = 0; i < 2; i++)
		end_grow(s, i, columns_of((struct str){ end[i].text, end[i].n }));
	if (*source) {
		size_t n;

		source_make(s, v, l);
		n = columns_of(buf_str(&s->cell));
		if (l->source_max != SIZE_MAX && n > s->end_width[0] + 1)
			end_grow(s, 1, n - s->end_width[0] - 1);
	}
	return end[0].shortened || end[1].shortened;
}

bool show_common(struct show *s, const struct row_view *v, const struct layout *l)
{
	char time[TIME_TEXT_BYTES] = "";
	struct str text = { time, time_text(v, time) };
	struct end end[2];
	bool source, shortened = ends_make(s, v, l, end, &source);

	if (s->rows == 0)
		put_head(s, l);
	if (l->time_from)
		put_day(s, text);

	buf_clear(&s->line);
	show_colour(s, show_dim);
	put_column(s, text.n ? str_skip(str_head(text, l->time_to), l->time_from) : STR("-"),
		   l->time_to - l->time_from);
	show_colour(s, show_plain);
	if (source) {
		put_column(s, buf_str(&s->cell), s->end_width[0] + 1 + s->end_width[1]);
	} else {
		put_column(s, (struct str){ end[0].text, end[0].n }, s->end_width[0]);
		put_column(s, (struct str){ end[1].text, end[1].n }, s->end_width[1]);
	}
	if (v->kind_id == KIND_GAP)
		show_colour(s, show_magenta);
	put_column(s, str_of(v->kind ? v->kind->name : "?"), KIND_WIDTH);
	if (v->kind_id == KIND_GAP)
		show_colour(s, show_plain);
	return shortened;
}
