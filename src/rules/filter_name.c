/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of a filter, against the record kinds: which field or kind is meant, and what is said where
 * there is none: the nearest name, or how other languages' words are written here.
 */
#include "rules/filter_int.h"

/* Limit: a name that differs by more is not suggested: it is another word. */
#define SUGGEST_EDITS_MAX 3
/* Limit: a beginning of fewer letters may be that of any name. */
#define SUGGEST_PREFIX_MIN 3

/* ---- Suggestions ---- */

/* A word of which more than half is wrong is another one, too. */
struct suggestion filter_suggestion(struct str wanted)
{
	return (struct suggestion){ wanted, NULL, size_min(wanted.n / 2, SUGGEST_EDITS_MAX) + 1 };
}

void filter_suggest(struct suggestion *s, const char *name)
{
	size_t d = str_distance(s->wanted, str_of(name));

	if (d < s->distance) {
		s->distance = d;
		s->name = name;
	}
}

/* The last part of a name, and what stands before its dot. */
static struct str last_part(struct str name, struct str *front)
{
	const char *dot = name.n ? memrchr(name.p, '.', name.n) : NULL;
	size_t n = dot ? (size_t)(dot - name.p) : 0;

	*front = str_head(name, n);
	return dot ? str_skip(name, n + 1) : name;
}

/* Is a what b begins or ends with, in whole parts? */
static bool is_part(struct str a, struct str b)
{
	struct str dot = STR(".");

	if (a.n >= b.n || a.n == 0)
		return str_eq(a, b) || a.n == 0;
	return (str_starts(b, a) && str_starts(str_skip(b, a.n), dot)) ||
	       (str_ends(b, a) && str_ends(str_head(b, b.n - a.n), dot));
}

/* How well a field answers to the last part of a name, or to its beginning; 0: not at all. What the
 * table shows wins: people have its names before their eyes. */
static unsigned likeness(struct str wanted, const struct field *f)
{
	struct str front, wanted_front;
	struct str last = last_part(str_of(f->name), &front);
	struct str wanted_last = last_part(wanted, &wanted_front);
	unsigned shown = f->flags & FIELD_TABLE ? 1 : 0;

	if (str_eq(wanted, str_of(f->wireshark)) || str_eq(wanted, str_of(f->otel)))
		return 6;
	if (!is_part(wanted_front, front))
		return 0;
	if (str_eq(last, wanted_last))
		return 4 + shown;
	return wanted_last.n >= SUGGEST_PREFIX_MIN && str_starts(last, wanted_last) ? 2 + shown : 0;
}

/* By likeness, for a field whose kind or whose end was left out; else by the letters. */
static const char *nearest(struct str wanted)
{
	struct suggestion s = filter_suggestion(wanted);
	const char *name = NULL;
	unsigned best = 0;

	for (size_t k = 0; k < RECORD_KINDS; k++) {
		const struct record_kind *kind = record_kind_at(k);

		filter_suggest(&s, kind->name);
		for (unsigned slot = 0; slot < kind->slots; slot++) {
			unsigned like = likeness(wanted, &kind->field[slot]);

			if (like > best) {
				best = like;
				name = kind->field[slot].name;
			}
			filter_suggest(&s, kind->field[slot].name);
		}
	}
	return name ? name : s.name;
}

/* ---- Names ---- */

const struct field *filter_find(struct str name, struct field_ref *ref)
{
	for (size_t k = 0; k < RECORD_KINDS; k++) {
		int slot = record_slot_by_name(record_kind_at(k), name);

		if (slot < 0)
			continue;
		ref->kind = (unsigned)slot < COMMON_SLOTS ? 0 : record_kind_at(k)->id;
		ref->slot = (uint16_t)slot;
		return &record_kind_at(k)->field[slot];
	}
	return NULL;
}

/* kind == "http", where the kind's name alone is the test. */
static void fail_kind(struct parser *p, size_t at)
{
	struct token value = filter_token(p->text, p->token.end);
	const struct record_kind *kind =
		value.type == TOKEN_STRING ? record_kind_by_name(value.text) : NULL;

	if (kind && filter_is_op(p, "=="))
		filter_fail(p, at, "There is no field 'kind': write %s alone.", kind->name);
	else if (kind && filter_is_op(p, "!="))
		filter_fail(p, at, "There is no field 'kind': write !%s.", kind->name);
	else
		filter_fail(p, at,
			    "There is no field 'kind': write the name of one alone, such "
			    "as http.");
}

/* A field's name and a method's, without what it is asked. */
static bool fail_method(struct parser *p, struct str name, size_t at)
{
	struct str front, last = last_part(name, &front);
	struct field_ref ref;

	if (!filter_is_method(last) || (!filter_find(front, &ref) && !filter_alias_find(front)))
		return false;
	filter_fail(p, at, "A method takes its text in parentheses: write %s(\"...\").",
		    filter_quote(name).text);
	return true;
}

static void fail_name(struct parser *p, struct str name, size_t at)
{
	const char *near;

	if (str_eq(name, STR("kind"))) {
		fail_kind(p, at);
		return;
	}
	if (str_eq(name, STR("id"))) {
		filter_fail(p, at, "A record's id cannot be asked for yet.");
		return;
	}
	if (fail_method(p, name, at))
		return;
	near = nearest(name);
	if (near)
		filter_fail(p, at, "There is no field '%s'; did you mean %s?",
			    filter_quote(name).text, near);
	else
		filter_fail(p, at, "There is no field '%s'.", filter_quote(name).text);
}

bool filter_resolve(struct parser *p, struct str name, size_t at, struct node *n)
{
	const struct record_kind *kind = record_kind_by_name(name);
	const struct filter_alias *alias;
	struct field_ref ref;

	if (kind) {
		n->type = NODE_KIND;
		n->kind = kind->id;
		return true;
	}
	n->field = filter_find(name, &ref);
	alias = n->field ? NULL : filter_alias_find(name);
	if (alias)
		return filter_alias_resolve(p, alias, at, n);
	if (!n->field) {
		fail_name(p, name, at);
		return false;
	}
	n->kind = ref.kind;
	n->slot = ref.slot;
	return true;
}

bool filter_check_word(struct parser *p, const struct node *n)
{
	static const struct {
		struct str word;
		const char *op;
	} words[] = {
		{ { "not", 3 }, "!" }, { { "and", 3 }, "&&" }, { { "or", 2 }, "||" },
		{ { "eq", 2 }, "==" }, { { "ne", 2 }, "!=" },  { { "lt", 2 }, "<" },
		{ { "le", 2 }, "<=" }, { { "gt", 2 }, ">" },   { { "ge", 2 }, ">=" },
	};

	if (p->failed || p->token.type != TOKEN_NAME)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_eq_nocase(p->token.text, words[i].word))
			filter_fail(p, p->token.at, "'%.*s' is written %s.", STR_FMT(p->token.text),
				    words[i].op);
	if (n && filter_is_method(p->token.text))
		filter_fail(p, p->token.at, "'%.*s' follows a dot: write %s.%.*s(\"...\").",
			    STR_FMT(p->token.text), n->field->name, STR_FMT(p->token.text));
	return !p->failed;
}
