/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types of a filter, against the record kinds: whether a field may be compared so; literals become
 * values of their field's type. Values that lack their quotes are told, with how they are written.
 */
#include <stdio.h>

#include "rules/filter_int.h"

bool filter_check_field(struct parser *p, const struct node *n, size_t at)
{
	if (n->field)
		return true;
	if (n->type == NODE_FLAG)
		filter_fail(p, at, "This name is true or false by itself.");
	else
		filter_fail(p, at, "%s is a record kind: it is true or false by itself.",
			    record_kind_by_id(n->kind)->name);
	return false;
}

bool filter_check_key(struct parser *p, const struct node *n, struct str key, size_t at)
{
	struct quoted lower = filter_quote(key);
	bool same = true;

	if (n->field->class != CLASS_HEADERS)
		return true;
	for (char *c = lower.text; *c; c++) {
		if (*c >= 'A' && *c <= 'Z') {
			*c = (char)(*c | 0x20);
			same = false;
		}
	}
	/* RFC 9110 §5.1: they are case-insensitive, and so are stored in one case. */
	if (!same)
		filter_fail(p, at, "Names of headers are in lower case here: write \"%s\".",
			    lower.text);
	return same;
}

/* ---- Relations ---- */

bool filter_check_relation(struct parser *p, const struct node *n, const enum relation *relation)
{
	enum field_type type = n->indexed ? FIELD_STR : n->field->type;
	bool ordered = relation && *relation != REL_EQ && *relation != REL_NE;
	const char *name = n->field->name;

	if (type == FIELD_MAP) {
		filter_fail(p, p->token.at, "%s is a map: write %s[\"key\"], or \"key\" in %s.",
			    name, name, name);
		return false;
	}
	if (type == FIELD_LIST_U64 || type == FIELD_LIST_STR) {
		filter_fail(p, p->token.at, "%s is a list: write %s in %s.", name,
			    type == FIELD_LIST_U64 ? "100" : "\"value\"", name);
		return false;
	}
	if (ordered && (type == FIELD_BOOL || type == FIELD_IP || type == FIELD_ENUM)) {
		filter_fail(p, p->token.at, "%s is of type %s, which has no order; write == or !=.",
			    name, field_type_name(type));
		return false;
	}
	return true;
}

/* ---- Quotes ---- */

/* What stands at a place, up to a blank or to what cannot be part of a value. */
static struct str bare_word(struct str text, size_t *at)
{
	size_t end;

	while (*at < text.n && memchr(" \t\r\n\f", text.p[*at], 5))
		++*at;
	end = *at;
	while (end < text.n && !memchr(" \t\r\n\f()[],&|!=<>\"'", text.p[end], 18))
		end++;
	return (struct str){ text.p + *at, end - *at };
}

/* Words and paths, but what may stand without quotes. */
static bool is_text(struct str word)
{
	static const char *const others[] = { "true", "false", "duration", "timestamp" };
	char c = word.p[0];
	struct field_ref ref;

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (str_eq(word, str_of(others[i])))
			return false;
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/') &&
	       !filter_find(word, &ref);
}

bool filter_check_quoted(struct parser *p, const struct node *n, size_t at)
{
	struct str word = bare_word(p->text, &at);
	enum field_type type = n->indexed ? FIELD_STR : n->field->type;
	const char *what = NULL;
	struct ip_addr ip;
	int64_t i;

	if (!word.n)
		return true;
	if (type == FIELD_IP && ip_parse(word, &ip) == 0)
		what = "An address";
	else if (type == FIELD_DUR && dur_parse(word, &i) == 0)
		what = "A duration";
	else if (type == FIELD_TIME && time_parse(word, &i) == 0)
		what = "A time";
	else if ((type == FIELD_STR || type == FIELD_ENUM) && is_text(word))
		what = type == FIELD_ENUM ? "A name" : "A string";
	if (what)
		filter_fail(p, at, "%s stands in quotes: write \"%s\".", what,
			    filter_quote(word).text);
	return !what;
}

/* ---- Literals ---- */

static bool wrong_type(struct parser *p, const struct node *n, const struct literal *l,
		       const char *wanted)
{
	static const char *const given[] = {
		[LITERAL_STR] = "a string",     [LITERAL_INT] = "a whole number",
		[LITERAL_FLOAT] = "a fraction", [LITERAL_BOOL] = "true or false",
		[LITERAL_TIME] = "a timestamp", [LITERAL_DUR] = "a duration",
	};

	filter_fail(p, l->at, "%s%s is of type %s: it takes %s, not %s.",
		    n->indexed ? "An entry of " : "", n->field->name,
		    n->indexed ? "str" : field_type_name(n->field->type), wanted, given[l->type]);
	return false;
}

/* All names of an enum, for one that is like none of them. */
static void fail_choices(struct parser *p, const struct node *n, const struct literal *l)
{
	char all[128] = "";
	int n_all = 0;

	for (const char *const *c = n->field->choices; *c && n_all < (int)sizeof(all); c++)
		n_all += snprintf(all + n_all, sizeof(all) - (size_t)n_all, "%s%s",
				  n_all ? ", " : "", *c);
	filter_fail(p, l->at, "%s is never \"%s\"; it is one of %s.", n->field->name,
		    filter_quote(l->s).text, all);
}

static bool check_choice(struct parser *p, const struct node *n, struct literal *l)
{
	struct suggestion s = filter_suggestion(l->s);

	if (l->type != LITERAL_STR)
		return wrong_type(p, n, l, "one of its names in quotes");
	for (unsigned i = 0; n->field->choices[i]; i++) {
		if (str_eq(l->s, str_of(n->field->choices[i]))) {
			l->u = i;
			return true;
		}
		filter_suggest(&s, n->field->choices[i]);
	}
	if (s.name)
		filter_fail(p, l->at, "%s is never \"%s\"; did you mean \"%s\"?", n->field->name,
			    filter_quote(l->s).text, s.name);
	else
		fail_choices(p, n, l);
	return false;
}

static bool check_ip(struct parser *p, const struct node *n, struct literal *l)
{
	if (l->type != LITERAL_STR)
		return wrong_type(p, n, l, "an address in quotes");
	if (ip_parse(l->s, &l->ip) == 0)
		return true;
	filter_fail(p, l->at, "\"%s\" is not an IP address%s.", filter_quote(l->s).text,
		    str_find(l->s, '/', 0) >= 0 ? "; networks cannot be asked for yet" : "");
	return false;
}

/* A number that is shown as hexadecimal digits may be given so. */
static bool check_hex(struct parser *p, const struct node *n, struct literal *l)
{
	uint64_t u;

	if (str_to_hex64(l->s, &u) < 0) {
		filter_fail(p, l->at, "\"%s\" is not a number of up to 16 hexadecimal digits.",
			    filter_quote(l->s).text);
		return false;
	}
	l->type = LITERAL_INT;
	l->u = u;
	return filter_check_literal(p, n, l);
}

/* An unsigned field may be compared with a negative number, as in CEL. */
static bool check_integer(struct parser *p, const struct node *n, struct literal *l)
{
	if (l->type == LITERAL_STR && n->field->flags & FIELD_HEX)
		return check_hex(p, n, l);
	if (l->type != LITERAL_INT)
		return wrong_type(p, n, l, "a whole number");
	if (n->field->type != FIELD_I64)
		return true;
	if (l->u > INT64_MAX && !l->negative) {
		filter_fail(p, l->at, "%s is never above 9223372036854775807.", n->field->name);
		return false;
	}
	l->i = l->negative ? (int64_t)(0 - l->u) : (int64_t)l->u;
	return true;
}

static bool check_number(struct parser *p, const struct node *n, struct literal *l)
{
	if (l->type == LITERAL_INT)
		l->f = l->negative ? -(double)l->u : (double)l->u;
	else if (l->type != LITERAL_FLOAT)
		return wrong_type(p, n, l, "a number");
	return true;
}

static bool check_time(struct parser *p, const struct node *n, struct literal *l)
{
	if (l->type == LITERAL_TIME)
		return true;
	if (l->type != LITERAL_STR)
		return wrong_type(p, n, l, "a time such as \"2026-01-31T12:00:00Z\"");
	if (time_parse(l->s, &l->i) == 0)
		return true;
	filter_fail(p, l->at, "\"%s\" is not an RFC 3339 time such as 2026-01-31T12:00:00Z.",
		    filter_quote(l->s).text);
	return false;
}

static bool check_dur(struct parser *p, const struct node *n, struct literal *l)
{
	if (l->type == LITERAL_DUR)
		return true;
	if (l->type != LITERAL_STR)
		return wrong_type(p, n, l, "a duration such as \"250ms\"");
	if (dur_parse(l->s, &l->i) == 0)
		return true;
	filter_fail(p, l->at, "\"%s\" is not a duration such as 250ms or 1h30m.",
		    filter_quote(l->s).text);
	return false;
}

bool filter_check_literal(struct parser *p, const struct node *n, struct literal *l)
{
	enum field_type type = n->indexed ? FIELD_STR : n->field->type;

	switch (type) {
	case FIELD_STR:
	case FIELD_BYTES:
	case FIELD_JSON:
	case FIELD_LIST_STR:
	case FIELD_MAP:
		return l->type == LITERAL_STR || wrong_type(p, n, l, "a string in quotes");
	case FIELD_ENUM:
		return check_choice(p, n, l);
	case FIELD_IP:
		return check_ip(p, n, l);
	case FIELD_U64:
	case FIELD_I64:
	case FIELD_LIST_U64:
		return check_integer(p, n, l);
	case FIELD_F64:
		return check_number(p, n, l);
	case FIELD_BOOL:
		return l->type == LITERAL_BOOL || wrong_type(p, n, l, "true or false");
	case FIELD_TIME:
		return check_time(p, n, l);
	case FIELD_DUR:
		return check_dur(p, n, l);
	}
	return wrong_type(p, n, l, "nothing");
}
