/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GraphQL documents (October 2021, §2): which operations they define. It reads byte by byte what
 * may come in any pieces, and tells names, strings, comments and brackets from each other, so that
 * nothing within an argument or a string is taken for a definition.
 */
#include "http/http.h"

enum mode { MODE_PLAIN, MODE_COMMENT, MODE_STRING, MODE_BLOCK };

/* Where in a definition it is. */
enum place {
	PLACE_BEGIN,
	PLACE_NAME, /* behind the keyword of an operation: its name, if it has one, is next */
	PLACE_HEAD, /* variables and directives, up to the selection */
	PLACE_OTHER_HEAD,
	PLACE_SELECTION,
	PLACE_OTHER,
};

static bool begins_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool continues_name(char c)
{
	return begins_name(c) || (c >= '0' && c <= '9');
}

bool graphql_is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(i ? continues_name(s.p[i]) : begins_name(s.p[i])))
			return false;
	return s.n > 0;
}

/* ---- Definitions ----------------------------------------------------------------------------- */

static void add_operation(struct graphql_lexer *l, struct arena *arena)
{
	struct graphql_operation *o;

	if (!l->operation)
		l->operation = arena_alloc(arena, GRAPHQL_OPERATIONS_MAX * sizeof(*o));
	if (!l->operation || l->operations == GRAPHQL_OPERATIONS_MAX) {
		l->more = true;
		return;
	}
	o = &l->operation[l->operations++];
	*o = (struct graphql_operation){ .type = l->type };
	if (l->title_n)
		o->name = arena_str(arena, (struct str){ l->title, l->title_n });
}

static int operation_type(struct str keyword)
{
	static const struct str keywords[] = { { "query", 5 },
					       { "mutation", 8 },
					       { "subscription", 12 } };

	static_assert(GRAPHQL_QUERY == 0 && GRAPHQL_MUTATION == 1 && GRAPHQL_SUBSCRIPTION == 2,
		      "the order of the keywords");
	for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
		if (str_eq(keyword, keywords[i]))
			return (int)i;
	return -1;
}

/* A name outside of all brackets. */
static void name_over(struct graphql_lexer *l)
{
	size_t n = l->name_n;
	int type;

	l->name_n = 0;
	if (l->depth > 0)
		return;
	if (l->place == PLACE_BEGIN) {
		type = n > GRAPHQL_NAME_MAX ? -1 : operation_type((struct str){ l->name, n });
		l->place = type < 0 ? PLACE_OTHER_HEAD : PLACE_NAME;
		l->type = type < 0 ? 0 : (uint8_t)type;
		l->title_n = 0;
	} else if (l->place == PLACE_NAME) {
		l->place = PLACE_HEAD;
		l->title_n = n > GRAPHQL_NAME_MAX ? 0 : (uint8_t)n;
		memcpy(l->title, l->name, l->title_n);
	}
}

/* The brace that begins a definition's body. */
static void open_body(struct graphql_lexer *l, struct arena *arena)
{
	if (l->place == PLACE_BEGIN) {
		l->type = GRAPHQL_QUERY;
		l->title_n = 0;
	}
	if (l->place == PLACE_OTHER_HEAD) {
		l->place = PLACE_OTHER;
		return;
	}
	l->place = PLACE_SELECTION;
	add_operation(l, arena);
}

static void bracket(struct graphql_lexer *l, struct arena *arena, char c)
{
	if (c == '{' || c == '(' || c == '[') {
		if (l->depth == 0 && c == '{')
			open_body(l, arena);
		l->depth += l->depth < UINT32_MAX;
		return;
	}
	l->depth -= l->depth > 0;
	if (l->depth == 0 && (l->place == PLACE_SELECTION || l->place == PLACE_OTHER))
		l->place = PLACE_BEGIN;
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

static void take_plain(struct graphql_lexer *l, struct arena *arena, char c)
{
	if (l->name_n ? continues_name(c) : begins_name(c)) {
		if (l->name_n < GRAPHQL_NAME_MAX)
			l->name[l->name_n] = c;
		if (l->name_n <= GRAPHQL_NAME_MAX)
			l->name_n++;
		return;
	}
	if (l->name_n)
		name_over(l);
	if (c == '#')
		l->mode = MODE_COMMENT;
	else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',')
		return;
	else if (c == '{' || c == '}' || c == '(' || c == ')' || c == '[' || c == ']')
		bracket(l, arena, c);
	else if (l->depth == 0 && l->place == PLACE_BEGIN)
		l->place = PLACE_OTHER_HEAD;
	if (l->place == PLACE_NAME && c != '#')
		l->place = PLACE_HEAD;
}

/* One quote begins a string, two are an empty one, three begin a block. */
static bool take_opening(struct graphql_lexer *l, char c)
{
	if (c == '"') {
		if (l->name_n)
			name_over(l);
		if (++l->quotes == 3) {
			l->mode = MODE_BLOCK;
			l->quotes = 0;
		}
		return true;
	}
	if (l->quotes == 1)
		l->mode = MODE_STRING;
	l->quotes = 0;
	return l->mode == MODE_STRING;
}

static void take_string(struct graphql_lexer *l, char c)
{
	bool ends = (c == '"' && !l->escaped) || c == '\n' || c == '\r';

	l->escaped = c == '\\' && !l->escaped;
	if (ends) {
		l->mode = MODE_PLAIN;
		l->escaped = false;
	}
}

/* Only \""" is an escape in a block. */
static void take_block(struct graphql_lexer *l, char c)
{
	if (c == '"') {
		l->quotes++;
		if (l->quotes < 3)
			return;
		l->mode = l->escaped ? MODE_BLOCK : MODE_PLAIN;
		l->escaped = false;
		l->quotes = 0;
		return;
	}
	l->quotes = 0;
	l->escaped = c == '\\';
}

static void take(struct graphql_lexer *l, struct arena *arena, char c)
{
	switch ((enum mode)l->mode) {
	case MODE_PLAIN:
		if ((c == '"' || l->quotes) && take_opening(l, c)) {
			/* The first byte behind one quote is within the string already. */
			if (l->mode == MODE_STRING)
				take_string(l, c);
			return;
		}
		take_plain(l, arena, c);
		return;
	case MODE_COMMENT:
		if (c == '\n' || c == '\r')
			l->mode = MODE_PLAIN;
		return;
	case MODE_STRING:
		take_string(l, c);
		return;
	case MODE_BLOCK:
		take_block(l, c);
		return;
	}
}

void graphql_lexer_feed(struct graphql_lexer *l, struct arena *arena, struct str in)
{
	for (size_t i = 0; i < in.n; i++)
		take(l, arena, in.p[i]);
}

bool graphql_lexer_is_whole(const struct graphql_lexer *l)
{
	return l->place == PLACE_BEGIN && l->mode != MODE_STRING && l->mode != MODE_BLOCK &&
	       l->name_n == 0;
}
