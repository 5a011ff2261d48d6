/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms for programs: JSON, JSON by lines, and CSV (RFC 4180), and the table of all forms. CSV
 * has one column a field of every kind, always the same ones, so that files of different runs fit
 * together; durations are nanoseconds, as in JSON.
 */
#include "cli/cli.h"

static void nothing(struct show *s)
{
	(void)s;
}

static void flush_line(struct show *s)
{
	(void)fwrite(s->line.p, 1, s->line.len, s->to);
}

/* The ceiling of a line is far above that of a row, so the writer does not meet it. */
static void put_json(struct show *s, const struct row_view *v)
{
	struct json_writer w;
	int r;

	json_writer_init(&w, &s->line, 0);
	row_write_json(&w, v);
	r = json_writer_end(&w);
	assert(r == 0);
}

static void json_begin(struct show *s)
{
	(void)fputs("[", s->to);
}

static void json_row(struct show *s, const struct row_view *v)
{
	buf_clear(&s->line);
	buf_put(&s->line, s->rows ? STR(",\n") : STR("\n"));
	put_json(s, v);
	flush_line(s);
}

static void json_end(struct show *s)
{
	(void)fputs(s->rows ? "\n]\n" : "]\n", s->to);
}

static void ndjson_row(struct show *s, const struct row_view *v)
{
	buf_clear(&s->line);
	put_json(s, v);
	buf_put_char(&s->line, '\n');
	flush_line(s);
}

static void csv_begin(struct show *s)
{
	buf_clear(&s->line);
	buf_put(&s->line, STR("kind"));
	for (unsigned slot = 0; slot < COMMON_SLOTS; slot++)
		buf_printf(&s->line, ",%s", record_kind_at(0)->field[slot].name);
	for (size_t k = 0; k < RECORD_KINDS; k++)
		for (unsigned slot = COMMON_SLOTS; slot < record_kind_at(k)->slots; slot++)
			buf_printf(&s->line, ",%s", record_kind_at(k)->field[slot].name);
	buf_put(&s->line, STR("\r\n"));
	flush_line(s);
}

/* Quoted where RFC 4180 asks for it. Text that a spreadsheet would run as a formula gets an
 * apostrophe in front, as spreadsheets themselves write it. */
void form_csv_text(struct buf *line, struct str s)
{
	bool formula = s.n && (s.p[0] == '=' || s.p[0] == '+' || s.p[0] == '-' || s.p[0] == '@');

	if (!formula && !memchr(s.p, ',', s.n) && !memchr(s.p, '"', s.n)) {
		buf_put(line, s);
		return;
	}
	buf_put(line, formula ? STR("\"'") : STR("\""));
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_put_char(line, '"');
		buf_put_char(line, s.p[i]);
	}
	buf_put_char(line, '"');
}

static void csv_cell(struct show *s, const struct row_view *v, unsigned slot)
{
	struct row_value value;

	buf_put_char(&s->line, ',');
	if (!row_value(v, slot, &value))
		return;
	if (value.type == FIELD_DUR || value.type == FIELD_I64) {
		buf_printf(&s->line, "%lld", (long long)value.i);
		return;
	}
	buf_clear(&s->cell);
	row_value_text(&v->kind->field[slot], &value, &s->cell);
	if (s->cell.len)
		form_csv_text(&s->line, buf_str(&s->cell));
}

static void csv_row(struct show *s, const struct row_view *v)
{
	if (!v->kind)
		return;
	buf_clear(&s->line);
	buf_put(&s->line, str_of(v->kind->name));
	for (unsigned slot = 0; slot < COMMON_SLOTS; slot++)
		csv_cell(s, v, slot);
	for (size_t k = 0; k < RECORD_KINDS; k++) {
		const struct record_kind *kind = record_kind_at(k);

		for (unsigned slot = COMMON_SLOTS; slot < kind->slots; slot++) {
			if (kind == v->kind)
				csv_cell(s, v, slot);
			else
				buf_put_char(&s->line, ',');
		}
	}
	buf_put(&s->line, STR("\r\n"));
	flush_line(s);
}

const struct form_row form_rows[FORM_COUNT] = {
	[FORM_TABLE] = { nothing, show_table_row, nothing },
	[FORM_WIDE] = { nothing, show_wide_row, nothing },
	[FORM_JSON] = { json_begin, json_row, json_end },
	[FORM_NDJSON] = { nothing, ndjson_row, nothing },
	[FORM_CSV] = { csv_begin, csv_row, nothing },
};
