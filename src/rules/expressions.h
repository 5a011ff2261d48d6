/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions drawn at random from the grammar in rules.h, over the fields of all kinds and the
 * names of KFL2, with the values that groups.h puts into rows. Each is a filter.
 */
#ifndef REDOUBT_RULES_EXPRESSIONS_H
#define REDOUBT_RULES_EXPRESSIONS_H

#include <stdio.h>

#include "rules/filter_int.h"
#include "rules/groups.h"

/* An expression being written: fields are mostly those of this kind. */
struct writing {
	struct chance *chance;
	const struct record_kind *kind;
	struct buf *out;
};

static const char *const write_relations[] = { "==", "!=", "<", "<=", ">", ">=" };

static void write_literal(const struct writing *w, const struct field *f)
{
	struct chance *c = w->chance;
	char time[TIME_TEXT_BYTES];

	switch ((enum field_type)f->type) {
	case FIELD_BOOL:
		(void)buf_printf(w->out, "%s", one_in(c, 2) ? "true" : "false");
		break;
	case FIELD_I64:
		(void)buf_printf(w->out, "%lld", (long long)any_span(c));
		break;
	case FIELD_U64:
	case FIELD_LIST_U64:
		if (one_in(c, 10))
			(void)buf_printf(w->out, "-%zu", below(c, 3));
		else
			(void)buf_printf(w->out, "%lluu", (unsigned long long)any_number(c));
		break;
	case FIELD_F64:
		(void)buf_printf(w->out, "%lld.0", (long long)any_span(c));
		break;
	case FIELD_TIME:
		(void)time_format(ROWS_TIME + any_span(c), time);
		(void)buf_printf(w->out, "timestamp(\"%s\")", time);
		break;
	case FIELD_DUR:
		(void)buf_printf(w->out, "\"%lldns\"", (long long)any_span(c));
		break;
	case FIELD_IP:
		(void)buf_printf(w->out, "\"%s\"", any_ip(c));
		break;
	case FIELD_ENUM:
		(void)buf_printf(w->out, "\"%s\"", f->choices[below(c, choices_of(f))]);
		break;
	case FIELD_STR:
	case FIELD_BYTES:
	case FIELD_JSON:
	case FIELD_LIST_STR:
		(void)buf_printf(w->out, "\"%.*s\"", STR_FMT(any_text(c)));
		break;
	case FIELD_MAP:
		(void)buf_printf(w->out, "\"%.*s\"", STR_FMT(any_name(c)));
		break;
	}
}

static bool has_order(const struct field *f)
{
	return f->type != FIELD_BOOL && f->type != FIELD_IP && f->type != FIELD_ENUM;
}

static void write_list(const struct writing *w, const struct field *f)
{
	size_t n = 1 + below(w->chance, one_in(w->chance, 20) ? 200 : 4);

	(void)buf_put(w->out, STR(" in ["));
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			(void)buf_put(w->out, STR(", "));
		write_literal(w, f);
	}
	(void)buf_put_char(w->out, ']');
}

/* What stands behind a value of this field's type. */
static void write_relation(const struct writing *w, const struct field *f)
{
	static const char *const methods[] = { "startsWith", "endsWith", "contains" };
	struct chance *c = w->chance;

	if (f->type == FIELD_BOOL && one_in(c, 2))
		return;
	if (f->type == FIELD_STR && one_in(c, 3)) {
		(void)buf_printf(w->out, ".%s(", methods[below(c, ARRAY_LEN(methods))]);
		write_literal(w, f);
		(void)buf_put_char(w->out, ')');
	} else if (one_in(c, 4)) {
		write_list(w, f);
	} else {
		(void)buf_printf(w->out, " %s ", write_relations[below(c, has_order(f) ? 6 : 2)]);
		write_literal(w, f);
	}
}

static void write_test(const struct writing *w, const struct field *f)
{
	static const struct field entry = { .type = FIELD_STR };
	struct chance *c = w->chance;

	if (one_in(c, 6)) {
		(void)buf_printf(w->out, "has(%s)", f->name);
	} else if (f->type < FIELD_LIST_U64) {
		(void)buf_put(w->out, str_of(f->name));
		write_relation(w, f);
	} else if (f->type == FIELD_MAP && one_in(c, 2)) {
		(void)buf_printf(w->out, "%s[\"%.*s\"]", f->name, STR_FMT(any_name(c)));
		write_relation(w, &entry);
	} else {
		write_literal(w, f);
		(void)buf_printf(w->out, " in %s", f->name);
	}
}

/* An alias is asked as a field of its name and type would be. */
static void write_alias(const struct writing *w)
{
	const struct filter_alias *a;
	struct field f = { 0 };
	size_t n = 0;

	while ((a = filter_alias_at(n)) && a->from)
		n++;
	a = filter_alias_at(below(w->chance, n));
	f.type = a->type;
	f.name = a->name;
	if (a->type)
		write_test(w, &f);
	else
		(void)buf_put(w->out, str_of(a->name));
}

static const struct record_kind *any_kind(const struct writing *w)
{
	return one_in(w->chance, 8) ? record_kind_at(below(w->chance, RECORD_KINDS)) : w->kind;
}

static void write_leaf(const struct writing *w)
{
	const struct record_kind *kind = any_kind(w);

	switch (below(w->chance, 16)) {
	case 0:
		(void)buf_put(w->out, str_of(kind->name));
		break;
	case 1:
		(void)buf_put(w->out, one_in(w->chance, 2) ? STR("true") : STR("false"));
		break;
	case 2:
	case 3:
		write_alias(w);
		break;
	default:
		write_test(w, &kind->field[below(w->chance, kind->slots)]);
		break;
	}
}

static void write_expression(const struct writing *w, unsigned depth)
{
	size_t operands = 1 + below(w->chance, 4);
	bool and = one_in(w->chance, 2);

	if (depth == 0 || one_in(w->chance, 4)) {
		write_leaf(w);
		return;
	}
	for (size_t i = 0; i < operands; i++) {
		if (i > 0)
			(void)buf_put(w->out, and? STR(" && ") : STR(" || "));
		(void)buf_put(w->out, one_in(w->chance, 3) ? STR("!(") : STR("("));
		write_expression(w, depth - 1);
		(void)buf_put_char(w->out, ')');
	}
}

/* Appends one to out, which must have room for it. */
static struct filter *any_filter(struct chance *c, const struct record_kind *kind, struct buf *out)
{
	const struct writing w = { c, kind, out };
	struct filter *f = NULL;
	struct err err = { 0 };

	write_expression(&w, (unsigned)below(c, 4));
	if (out->full || filter_new(buf_str(out), &f, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		abort();
	}
	return f;
}

#endif
