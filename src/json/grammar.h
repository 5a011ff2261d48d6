/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of RFC 8259, once: which token may stand where, which byte begins it, and the form of
 * a number. The streaming tokenizer and the tree both walk it, so they accept the same texts and
 * the same depth. What is inside a string or literal is theirs.
 */
#ifndef REDOUBT_JSON_GRAMMAR_H
#define REDOUBT_JSON_GRAMMAR_H

#include "json/json.h"
#include "json/text.h"

/* What may stand next. */
enum grammar_state {
	GRAMMAR_VALUE,
	GRAMMAR_FIRST_VALUE, /* of an array, or its end */
	GRAMMAR_KEY,
	GRAMMAR_FIRST_KEY, /* of an object, or its end */
	GRAMMAR_COLON,
	GRAMMAR_NEXT, /* a comma, or the container's end */
	GRAMMAR_DONE,
};

static inline bool grammar_in_object(const struct json_tokenizer *t)
{
	unsigned level = t->depth - 1;

	return t->stack[level / 8] >> level % 8 & 1;
}

static inline enum json_token grammar_enter(struct json_tokenizer *t, bool object)
{
	unsigned level = t->depth;
	uint8_t bit = (uint8_t)(1U << level % 8);

	if (level == JSON_DEPTH_MAX)
		return JSON_TOKEN_BAD;
	t->stack[level / 8] =
		(uint8_t)(object ? t->stack[level / 8] | bit : t->stack[level / 8] & ~bit);
	t->depth++;
	t->state = object ? GRAMMAR_FIRST_KEY : GRAMMAR_FIRST_VALUE;
	return object ? JSON_TOKEN_OBJECT_BEGIN : JSON_TOKEN_ARRAY_BEGIN;
}

static inline enum json_token grammar_leave(struct json_tokenizer *t, char c)
{
	bool object = grammar_in_object(t);

	if (c != (object ? '}' : ']'))
		return JSON_TOKEN_BAD;
	t->depth--;
	t->state = t->depth > 0 ? GRAMMAR_NEXT : GRAMMAR_DONE;
	return object ? JSON_TOKEN_OBJECT_END : JSON_TOKEN_ARRAY_END;
}

static inline enum json_token grammar_value(struct json_tokenizer *t, char c)
{
	if (c == '{' || c == '[')
		return grammar_enter(t, c == '{');
	t->state = t->depth > 0 ? GRAMMAR_NEXT : GRAMMAR_DONE;
	if (c == '"')
		return JSON_TOKEN_STR;
	if (c == '-' || text_is_digit(c))
		return JSON_TOKEN_NUMBER;
	if (c == 't')
		return JSON_TOKEN_TRUE;
	if (c == 'f')
		return JSON_TOKEN_FALSE;
	return c == 'n' ? JSON_TOKEN_NULL : JSON_TOKEN_BAD;
}

/* The token that c begins, c being its first byte; JSON_TOKEN_MORE for a comma or colon. Moves t to
 * what stands behind the whole token. */
static inline enum json_token grammar_take(struct json_tokenizer *t, char c)
{
	switch ((enum grammar_state)t->state) {
	case GRAMMAR_FIRST_VALUE:
		if (c == ']')
			return grammar_leave(t, c);
		[[fallthrough]];
	case GRAMMAR_VALUE:
		return grammar_value(t, c);
	case GRAMMAR_FIRST_KEY:
		if (c == '}')
			return grammar_leave(t, c);
		[[fallthrough]];
	case GRAMMAR_KEY:
		t->state = GRAMMAR_COLON;
		return c == '"' ? JSON_TOKEN_KEY : JSON_TOKEN_BAD;
	case GRAMMAR_COLON:
		t->state = GRAMMAR_VALUE;
		return c == ':' ? JSON_TOKEN_MORE : JSON_TOKEN_BAD;
	case GRAMMAR_NEXT:
		if (c != ',')
			return grammar_leave(t, c);
		t->state = grammar_in_object(t) ? GRAMMAR_KEY : GRAMMAR_VALUE;
		return JSON_TOKEN_MORE;
	case GRAMMAR_DONE:
		break;
	}
	return JSON_TOKEN_BAD;
}

/* The word of a literal's token. */
static inline struct str grammar_word(enum json_token token)
{
	return token == JSON_TOKEN_TRUE    ? STR("true")
	       : token == JSON_TOKEN_FALSE ? STR("false")
					   : STR("null");
}

/* What of a number was read last. */
enum number_state {
	NUMBER_START,
	NUMBER_MINUS,
	NUMBER_ZERO, /* an integer part that begins with 0 ends with it */
	NUMBER_INTEGER,
	NUMBER_DOT,
	NUMBER_FRACTION,
	NUMBER_E,
	NUMBER_SIGN,
	NUMBER_EXPONENT,
	NUMBER_STOP, /* c does not belong to the number */
};

static inline enum number_state number_next(enum number_state state, char c)
{
	bool digit = text_is_digit(c);
	bool e = c == 'e' || c == 'E';

	switch (state) {
	case NUMBER_START:
		if (c == '-')
			return NUMBER_MINUS;
		[[fallthrough]];
	case NUMBER_MINUS:
		return c == '0' ? NUMBER_ZERO : digit ? NUMBER_INTEGER : NUMBER_STOP;
	case NUMBER_INTEGER:
		if (digit)
			return NUMBER_INTEGER;
		[[fallthrough]];
	case NUMBER_ZERO:
		return c == '.' ? NUMBER_DOT : e ? NUMBER_E : NUMBER_STOP;
	case NUMBER_FRACTION:
		if (e)
			return NUMBER_E;
		[[fallthrough]];
	case NUMBER_DOT:
		return digit ? NUMBER_FRACTION : NUMBER_STOP;
	case NUMBER_E:
		if (c == '+' || c == '-')
			return NUMBER_SIGN;
		[[fallthrough]];
	case NUMBER_SIGN:
	case NUMBER_EXPONENT:
		return digit ? NUMBER_EXPONENT : NUMBER_STOP;
	case NUMBER_STOP:
		break;
	}
	return NUMBER_STOP;
}

static inline bool number_is_integer(enum number_state state)
{
	return state == NUMBER_ZERO || state == NUMBER_INTEGER;
}

/* A number may end here. */
static inline bool number_is_whole(enum number_state state)
{
	return number_is_integer(state) || state == NUMBER_FRACTION || state == NUMBER_EXPONENT;
}

#endif
