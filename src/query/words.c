// SPDX-License-Identifier: Apache-2.0
/*
 * What people write, as a spec: names of fields become ids of one kind, times and durations become
 * nanoseconds. An error names the word, what was wrong with it, and the name that was perhaps
 * meant.
 */
#include <stdio.h>
#include <stdlib.h>

#include "query/query_int.h"

/* Limit: a name that differs by more is not suggested: it is another word. */
#define SUGGEST_EDITS_MAX 3

/* A word as a message may quote it: short, and printable. */
struct shown {
	char text[64];
};

static struct shown show(struct str s)
{
	struct shown out = { "" };
	size_t n = size_min(s.n, sizeof(out.text) - 4);

	for (size_t i = 0; i < n; i++)
		out.text[i] = s.p[i] >= ' ' && s.p[i] < 0x7f ? s.p[i] : '?';
	if (n < s.n)
		memcpy(out.text + n, "...", 4);
	return out;
}

/* ---- Fields ---------------------------------------------------------------------------------- */

/* A field by its whole name; *kind is 0 of a common one. */
static const struct field *field_by_name(struct str name, uint16_t *kind)
{
	for (size_t k = 0; k < RECORD_KINDS; k++) {
		const struct record_kind *in = record_kind_at(k);
		int slot = record_slot_by_name(in, name);

		if (slot < 0)
			continue;
		*kind = slot < (int)COMMON_SLOTS ? 0 : in->id;
		return &in->field[slot];
	}
	return NULL;
}

/* By the letters; or the one whose end it is, as "status" of http.status. */
static const char *nearest(struct str wanted)
{
	size_t best = size_min(wanted.n / 2, SUGGEST_EDITS_MAX) + 1;
	const char *name = NULL, *end = NULL;

	for (size_t k = 0; k < RECORD_KINDS; k++) {
		const struct record_kind *in = record_kind_at(k);

		for (unsigned slot = 0; slot < in->slots; slot++) {
			struct str f = str_of(in->field[slot].name);
			size_t d = str_distance(wanted, f);

			if (d < best) {
				best = d;
				name = f.p;
			}
			if (!end && wanted.n && f.n > wanted.n && str_ends(f, wanted) &&
			    f.p[f.n - wanted.n - 1] == '.')
				end = f.p;
		}
	}
	return end ? end : name;
}

/* Adds a field of the word to the spec, whose kind it must share. */
static int field_take(const char *word, struct str name, struct query_spec *s, uint16_t *out,
		      struct err *err)
{
	uint16_t kind = 0;
	const struct field *f = field_by_name(name, &kind);
	const char *near = f ? NULL : nearest(name);

	if (!f && near)
		return err_set(err, ERR_QUERY, "%s: there is no field '%s'; did you mean %s?", word,
			       show(name).text, near);
	if (!f)
		return err_set(err, ERR_QUERY, "%s: there is no field '%s'", word, show(name).text);
	if (kind && s->kind && kind != s->kind)
		return err_set(err, ERR_QUERY,
			       "%s: %s is of another kind than the other fields, which are of %s",
			       word, f->name, record_kind_by_id(s->kind)->name);
	if (kind)
		s->kind = kind;
	*out = f->id;
	return 0;
}

static int type_refused(const char *word, uint16_t id, const struct query_spec *s,
			bool (*takes)(unsigned type), const char *wants, struct err *err)
{
	const struct record_kind *kind = s->kind ? record_kind_by_id(s->kind) : record_kind_at(0);
	const struct field *f = &kind->field[record_slot_by_id(kind, id)];

	if (takes(f->type))
		return 0;
	return err_set(err, ERR_QUERY, "%s: %s is of type %s: it takes %s", word, f->name,
		       field_type_name((enum field_type)f->type), wants);
}

static int by_take(const struct query_words *w, struct query_spec *s, struct err *err)
{
	int r = 0;

	if (w->bys > QUERY_BY_MAX)
		return err_set(err, ERR_QUERY, "by: %zu fields; there may be %d", w->bys,
			       QUERY_BY_MAX);
	for (size_t i = 0; r == 0 && i < w->bys; i++) {
		r = field_take("by", str_of(w->by[i]), s, &s->by[i], err);
		if (r == 0)
			r = type_refused("by", s->by[i], s, query_type_groups,
					 "a number, a text, a time, an address or a choice", err);
	}
	return r;
}

static int sum_take(const char *word, struct query_spec *s, struct err *err)
{
	int r = field_take("sum", str_of(word), s, &s->sum, err);

	return r < 0 ? r
		     : type_refused("sum", s->sum, s, query_type_adds, "a number or a duration",
				    err);
}

/* ---- Quantiles ------------------------------------------------------------------------------- */

static const double default_quantiles[] = { 0.5, 0.9, 0.99 };

/* "0.99": digits and one point. strtod() alone would take far more. */
static int fraction_parse(struct str s, double *out)
{
	char text[24];
	char *end;

	if (s.n == 0 || s.n >= sizeof(text))
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != '.')
			return -EINVAL;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	*out = strtod(text, &end);
	return *end == '\0' && end > text && *out >= 0 && *out <= 1 ? 0 : -EINVAL;
}

static int quantile_take(const char *word, struct query_spec *s, struct err *err)
{
	struct str rest = str_of(word), name, one;
	bool list = str_cut(&rest, ':', &name);
	int r = field_take("quantile", name, s, &s->quantile, err);

	if (r == 0)
		r = type_refused("quantile", s->quantile, s, query_type_adds,
				 "a number or a duration", err);
	if (r < 0)
		return r;
	if (!list) {
		memcpy(s->quantiles, default_quantiles, sizeof(default_quantiles));
		return 0;
	}
	for (size_t i = 0;; i++) {
		bool more = str_cut(&rest, ',', &one);

		if (i == ARRAY_LEN(s->quantiles))
			return err_set(err, ERR_QUERY, "quantile: there may be %zu of them",
				       ARRAY_LEN(s->quantiles));
		if (fraction_parse(one, &s->quantiles[i]) < 0)
			return err_set(err, ERR_QUERY,
				       "quantile: '%s' is not a number from 0 to 1, such as 0.99",
				       show(one).text);
		if (!more)
			return 0;
	}
}

/* ---- Times ----------------------------------------------------------------------------------- */

static int time_take(const char *name, const char *word, int64_t now_ns, int64_t *out,
		     struct err *err)
{
	int64_t ns;

	if (time_parse(str_of(word), out) == 0)
		return 0;
	if (dur_parse(str_of(word), &ns) == 0 && ns >= 0 && !ckd_sub(out, now_ns, ns))
		return 0;
	return err_set(err, ERR_QUERY,
		       "%s: '%s' is neither a time such as 2026-11-20T08:15:00Z nor a duration "
		       "before now such as 15m",
		       name, show(str_of(word)).text);
}

static int every_take(const char *word, struct query_spec *s, struct err *err)
{
	if (dur_parse(str_of(word), &s->every_ns) < 0 || s->every_ns <= 0)
		return err_set(err, ERR_QUERY, "every: '%s' is not a duration such as 5m",
			       show(str_of(word)).text);
	return 0;
}

static int range_take(const struct query_words *w, int64_t now_ns, struct query_spec *s,
		      struct err *err)
{
	int r = w->since ? time_take("since", w->since, now_ns, &s->since_ns, err) : 0;

	if (r == 0 && w->until)
		r = time_take("until", w->until, now_ns, &s->until_ns, err);
	if (r == 0 && s->since_ns >= s->until_ns)
		return err_set(err, ERR_QUERY, "since: '%s' is not before until",
			       show(str_of(w->since)).text);
	return r;
}

/* ---- All of it ------------------------------------------------------------------------------- */

static int where_take(const char *word, struct query_spec *s, struct err *err)
{
	CLEANUP(filter_free) struct filter *f = NULL;
	struct str text = str_of(word);

	if (text.n > QUERY_TEXT_MAX)
		return err_set(err, ERR_QUERY, "where: a filter of %zu bytes; there may be %d",
			       text.n, QUERY_TEXT_MAX);
	memcpy(s->where, text.p, text.n + 1);
	return text.n ? filter_new(text, &f, err) : 0;
}

int query_spec_from_words(const struct query_words *words, int64_t now_ns, struct query_spec *out,
			  struct err *err)
{
	struct query_spec s = { .since_ns = INT64_MIN,
				.until_ns = INT64_MAX,
				.quantiles = { -1, -1, -1, -1 } };
	int r = words->where ? where_take(words->where, &s, err) : 0;

	if (r == 0)
		r = range_take(words, now_ns, &s, err);
	if (r == 0)
		r = by_take(words, &s, err);
	if (r == 0 && words->sum)
		r = sum_take(words->sum, &s, err);
	if (r == 0 && words->quantile)
		r = quantile_take(words->quantile, &s, err);
	if (r == 0 && words->every)
		r = every_take(words->every, &s, err);
	if (r == 0)
		*out = s;
	return r;
}
