/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of records. In the table numbers stand first, in columns of fixed width, and the values
 * that make the group behind them, since those may be long. JSON and CSV have raw numbers:
 * durations are nanoseconds, as everywhere.
 */
#include "cli/groups.h"

/* A time with whole seconds, and with milliseconds. */
#define TIME_COLUMN   21
#define TIME_FINE     25
#define NUMBER_COLUMN 12
#define CELL_BYTES    64

static const struct field *field_of(const struct query_spec *spec, uint16_t id)
{
	const struct record_kind *kind =
		spec->kind ? record_kind_by_id(spec->kind) : record_kind_at(0);
	int slot = kind ? record_slot_by_id(kind, id) : -1;

	return slot < 0 ? NULL : &kind->field[slot];
}

static bool is_duration(const struct query_spec *spec, uint16_t id)
{
	const struct field *f = field_of(spec, id);

	return f && f->type == FIELD_DUR;
}

static unsigned quantiles(const struct query_spec *spec)
{
	unsigned n = 0;

	while (spec->quantile && n < ARRAY_LEN(spec->quantiles) && spec->quantiles[n] >= 0)
		n++;
	return n;
}

static unsigned keys(const struct query_spec *spec)
{
	unsigned n = 0;

	while (n < QUERY_BY_MAX && spec->by[n])
		n++;
	return n;
}

static int time_width(const struct query_spec *spec)
{
	return spec->every_ns % NS_PER_S ? TIME_FINE : TIME_COLUMN;
}

/* A quantile of whole numbers is one, as far as it is known at all. */
static double quantile(const struct query_spec *spec, const struct query_group *g, unsigned i)
{
	const struct field *f = field_of(spec, spec->quantile);

	return f && f->type != FIELD_F64 ? (double)(int64_t)(g->quantile[i] + 0.5) : g->quantile[i];
}

/* ---- Table ----------------------------------------------------------------------------------- */

/* A number as a person reads it: a duration with its unit. */
static void number_text(double v, bool there, bool duration, char out[CELL_BYTES])
{
	if (!there)
		(void)snprintf(out, CELL_BYTES, "-");
	else if (duration)
		(void)dur_format((int64_t)v, out);
	else
		(void)snprintf(out, CELL_BYTES, "%.0f", v);
}

static void put_right(struct show *s, const char *text)
{
	(void)buf_printf(&s->line, "%*s ", NUMBER_COLUMN, text);
}

static void end_line(struct show *s)
{
	while (s->line.len && s->line.p[s->line.len - 1] == ' ')
		s->line.len--;
	(void)buf_put_char(&s->line, '\n');
	(void)fwrite(s->line.p, 1, s->line.len, s->to);
}

static void table_begin(struct show *s, const struct query_spec *spec)
{
	char name[CELL_BYTES];

	buf_clear(&s->line);
	if (spec->every_ns)
		(void)buf_printf(&s->line, "%-*s", time_width(spec), "TIME (UTC)");
	put_right(s, "COUNT");
	if (spec->sum)
		put_right(s, "SUM");
	for (unsigned i = 0; i < quantiles(spec); i++) {
		(void)snprintf(name, sizeof(name), "P%g", spec->quantiles[i] * 100);
		put_right(s, name);
	}
	for (unsigned i = 0; i < keys(spec); i++)
		(void)buf_printf(&s->line, " %s%s", i ? " " : "",
				 field_of(spec, spec->by[i])->name);
	end_line(s);
}

/* Quoted where it could pass for several. */
static void put_key(struct show *s, const struct query_group *g, unsigned i)
{
	buf_clear(&s->cell);
	if (g->key[i].type)
		row_value_text(g->field[i], &g->key[i], &s->cell);
	(void)buf_put(&s->line, i ? STR("  ") : STR(" "));
	if (!g->key[i].type)
		(void)buf_put_char(&s->line, '-');
	else if (s->cell.len == 0 || memchr(s->cell.p, ' ', s->cell.len))
		(void)buf_printf(&s->line, "\"%.*s\"", STR_FMT(buf_str(&s->cell)));
	else
		(void)buf_put(&s->line, buf_str(&s->cell));
}

static void table_row(struct show *s, const struct query_spec *spec, const struct query_group *g)
{
	char text[CELL_BYTES];

	buf_clear(&s->line);
	if (spec->every_ns && time_format(g->at_ns, text))
		(void)buf_printf(&s->line, "%-*.*s", time_width(spec), time_width(spec) - 2,
				 g->rest ? "" : text);
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)g->count);
	put_right(s, text);
	if (spec->sum) {
		number_text(g->sum, g->has_sum, is_duration(spec, spec->sum), text);
		put_right(s, text);
	}
	for (unsigned i = 0; i < quantiles(spec); i++) {
		number_text(quantile(spec, g, i), g->has_quantile,
			    is_duration(spec, spec->quantile), text);
		put_right(s, text);
	}
	if (g->rest)
		(void)buf_put(&s->line, STR(" (all others)"));
	for (unsigned i = 0; i < g->keys && !g->rest; i++)
		put_key(s, g, i);
	end_line(s);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void json_numbers(struct json_writer *w, const struct query_spec *spec,
			 const struct query_group *g)
{
	char name[CELL_BYTES];

	json_key(w, STR("count"));
	json_u64(w, g->count);
	if (spec->sum && g->has_sum) {
		json_key(w, STR("sum"));
		json_f64(w, g->sum);
	}
	if (!spec->quantile || !g->has_quantile)
		return;
	json_key(w, STR("quantiles"));
	json_begin_object(w);
	for (unsigned i = 0; i < quantiles(spec); i++) {
		(void)snprintf(name, sizeof(name), "%g", spec->quantiles[i]);
		json_key(w, str_of(name));
		json_f64(w, quantile(spec, g, i));
	}
	json_end_object(w);
}

static void json_keys(struct json_writer *w, const struct query_group *g)
{
	json_key(w, STR("by"));
	json_begin_object(w);
	for (unsigned i = 0; i < g->keys; i++) {
		json_key(w, str_of(g->field[i]->name));
		if (g->key[i].type)
			row_value_json(w, g->field[i], &g->key[i]);
		else
			json_null(w);
	}
	json_end_object(w);
}

static void json_row(struct show *s, const struct query_spec *spec, const struct query_group *g)
{
	char time[TIME_TEXT_BYTES];
	struct json_writer w;
	int r;

	json_writer_init(&w, &s->line, 0);
	json_begin_object(&w);
	if (spec->every_ns && !g->rest) {
		json_key(&w, STR("time"));
		json_str(&w, (struct str){ time, time_format(g->at_ns, time) });
	}
	if (g->rest) {
		json_key(&w, STR("rest"));
		json_bool(&w, true);
	} else {
		json_keys(&w, g);
	}
	json_numbers(&w, spec, g);
	json_end_object(&w);
	r = json_writer_end(&w);
	assert(r == 0);
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static void csv_begin(struct show *s, const struct query_spec *spec)
{
	buf_clear(&s->line);
	if (spec->every_ns)
		(void)buf_put(&s->line, STR("time,"));
	for (unsigned i = 0; i < keys(spec); i++)
		(void)buf_printf(&s->line, "%s,", field_of(spec, spec->by[i])->name);
	(void)buf_put(&s->line, STR("count"));
	if (spec->sum)
		(void)buf_printf(&s->line, ",sum %s", field_of(spec, spec->sum)->name);
	for (unsigned i = 0; i < quantiles(spec); i++)
		(void)buf_printf(&s->line, ",p%g %s", spec->quantiles[i] * 100,
				 field_of(spec, spec->quantile)->name);
	(void)buf_put(&s->line, STR("\r\n"));
	(void)fwrite(s->line.p, 1, s->line.len, s->to);
}

static void csv_key(struct show *s, const struct query_group *g, unsigned i)
{
	const struct row_value *v = &g->key[i];

	buf_clear(&s->cell);
	if (v->type == FIELD_DUR || v->type == FIELD_I64)
		(void)buf_printf(&s->cell, "%lld", (long long)v->i);
	else if (v->type)
		row_value_text(g->field[i], v, &s->cell);
	form_csv_text(&s->line, v->type ? buf_str(&s->cell) : STR(""));
	(void)buf_put_char(&s->line, ',');
}

static void csv_row(struct show *s, const struct query_spec *spec, const struct query_group *g)
{
	char time[TIME_TEXT_BYTES];

	buf_clear(&s->line);
	if (spec->every_ns) {
		if (!g->rest)
			(void)buf_put(&s->line, (struct str){ time, time_format(g->at_ns, time) });
		(void)buf_put_char(&s->line, ',');
	}
	for (unsigned i = 0; i < keys(spec); i++) {
		if (g->rest)
			(void)buf_put(&s->line, i ? STR(",") : STR("(all others),"));
		else
			csv_key(s, g, i);
	}
	(void)buf_printf(&s->line, "%llu", (unsigned long long)g->count);
	if (spec->sum)
		(void)(g->has_sum ? buf_printf(&s->line, ",%.17g", g->sum)
				  : buf_put_char(&s->line, ','));
	for (unsigned i = 0; i < quantiles(spec); i++)
		(void)(g->has_quantile ? buf_printf(&s->line, ",%.17g", quantile(spec, g, i))
				       : buf_put_char(&s->line, ','));
	(void)buf_put(&s->line, STR("\r\n"));
	(void)fwrite(s->line.p, 1, s->line.len, s->to);
}

/* ---- All of them ----------------------------------------------------------------------------- */

void groups_begin(struct show *s, unsigned form, const struct query_spec *spec)
{
	if (form == FORM_CSV)
		csv_begin(s, spec);
	else if (form == FORM_JSON)
		(void)fputs("[", s->to);
	else if (form != FORM_NDJSON)
		table_begin(s, spec);
}

void groups_row(struct show *s, unsigned form, const struct query_spec *spec,
		const struct query_group *group)
{
	if (form == FORM_CSV) {
		csv_row(s, spec, group);
		return;
	}
	if (form != FORM_JSON && form != FORM_NDJSON) {
		table_row(s, spec, group);
		return;
	}
	buf_clear(&s->line);
	if (form == FORM_JSON)
		(void)buf_put(&s->line, s->rows ? STR(",\n") : STR("\n"));
	json_row(s, spec, group);
	if (form == FORM_NDJSON)
		(void)buf_put_char(&s->line, '\n');
	(void)fwrite(s->line.p, 1, s->line.len, s->to);
}

void groups_end(struct show *s, unsigned form, const struct query_spec *spec)
{
	(void)spec;
	if (form == FORM_JSON)
		(void)fputs(s->rows ? "\n]\n" : "]\n", s->to);
}
