/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of the filter, a subset of CEL's: names, strings, numbers, operators; and the steps over
 * them that the parser takes. What CEL has and the filter has not is refused where it stands.
 */
#include "rules/filter_int.h"

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex_digit(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_name_char(char c)
{
	return is_name_start(c) || is_digit(c);
}

static size_t skip(struct str text, size_t at, bool (*is)(char))
{
	while (at < text.n && is(text.p[at]))
		at++;
	return at;
}

static struct token token_make(enum token_type type, struct str text, size_t at, size_t end)
{
	return (struct token){
		.type = type, .text = { text.p + at, end - at }, .at = at, .end = end
	};
}

static struct token token_bad(size_t at, const char *bad)
{
	return (struct token){ .type = TOKEN_BAD, .at = at, .end = at, .bad = bad };
}

static struct token lex_string(struct str text, size_t at)
{
	char quote = text.p[at];
	size_t i = at + 1;
	struct token t;

	while (i < text.n && text.p[i] != quote && text.p[i] != '\n' && text.p[i] != '\r')
		i += text.p[i] == '\\' ? 2 : 1;
	if (i >= text.n || text.p[i] != quote)
		return token_bad(at, "This string does not end.");
	t = token_make(TOKEN_STRING, text, at + 1, i);
	t.at = at;
	t.end = i + 1;
	return t;
}

static struct token lex_number(struct str text, size_t at)
{
	bool hex = str_starts(str_skip(text, at), STR("0x"));
	size_t i = hex ? skip(text, at + 2, is_hex_digit) : skip(text, at, is_digit);
	bool no_digit = hex && i == at + 2;
	enum token_type type = TOKEN_INT;

	if (!hex && i + 1 < text.n && text.p[i] == '.' && is_digit(text.p[i + 1])) {
		type = TOKEN_FLOAT;
		i = skip(text, i + 1, is_digit);
	}
	if (type == TOKEN_INT && i < text.n && (text.p[i] == 'u' || text.p[i] == 'U'))
		i++;
	if (no_digit || (i < text.n && is_name_char(text.p[i])))
		return token_bad(i, "A number does not go on like this.");
	return token_make(type, text, at, i);
}

/* The longer ones come first, then slips, and what is meant: a quotation mark from a text processor
 * begins so. */
static const char *const long_operators[] = { "==", "!=", "<=", ">=", "&&", "||" };
static const char *const operators[] = { "<", ">", "!", "(", ")", ".", ",", "[", "]", "-" };

static const char no_patterns[] = "There are no patterns yet: write .startsWith(\"...\"), "
				  ".endsWith(\"...\") or .contains(\"...\").";
static const char straight[] = "A string stands between straight quotation marks.";

static const struct {
	const char *begins, *say;
} slips[] = {
	{ "=>", "'Greater or equal' has its '=' at the end: write >=." },
	{ "=<", "'Less or equal' has its '=' at the end: write <=." },
	{ "=~", no_patterns },
	{ "!~", no_patterns },
	{ "~", no_patterns },
	{ "=", "A comparison is written ==." },
	{ "&", "'and' is written &&." },
	{ "|", "'or' is written ||." },
	{ "\u201c", straight },
	{ "\u201e", straight },
	{ "\u2018", straight },
};

static size_t operator_bytes(struct str s, const char *const *table, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_starts(s, str_of(table[i])))
			return strlen(table[i]);
	return 0;
}

static struct token lex_operator(struct str text, size_t at)
{
	struct str rest = str_skip(text, at);
	size_t n = operator_bytes(rest, long_operators, ARRAY_LEN(long_operators));

	for (size_t i = 0; !n && i < ARRAY_LEN(slips); i++)
		if (str_starts(rest, str_of(slips[i].begins)))
			return token_bad(at, slips[i].say);
	if (!n)
		n = operator_bytes(rest, operators, ARRAY_LEN(operators));
	return n ? token_make(TOKEN_OP, text, at, at + n)
		 : token_bad(at, "This character has no meaning here.");
}

struct token filter_token(struct str text, size_t at)
{
	while (at < text.n && memchr(" \t\r\n\f", text.p[at], 5))
		at++;
	if (at >= text.n)
		return (struct token){ .type = TOKEN_END, .at = text.n, .end = text.n };
	if (text.p[at] == '"' || text.p[at] == '\'')
		return lex_string(text, at);
	if (is_digit(text.p[at]))
		return lex_number(text, at);
	if (is_name_start(text.p[at]))
		return token_make(TOKEN_NAME, text, at, skip(text, at, is_name_char));
	return lex_operator(text, at);
}

/* ---- Steps ---- */

void filter_next(struct parser *p)
{
	p->token = filter_token(p->text, p->token.end);
	if (p->token.type == TOKEN_BAD)
		filter_fail(p, p->token.at, "%s", p->token.bad);
}

bool filter_is_op(const struct parser *p, const char *op)
{
	return p->token.type == TOKEN_OP && str_eq(p->token.text, str_of(op));
}

bool filter_is_name(const struct parser *p, const char *name)
{
	return p->token.type == TOKEN_NAME && str_eq(p->token.text, str_of(name));
}

bool filter_take_op(struct parser *p, const char *op)
{
	if (p->failed || !filter_is_op(p, op))
		return false;
	filter_next(p);
	return true;
}

bool filter_expect_op(struct parser *p, const char *op)
{
	if (filter_take_op(p, op))
		return true;
	filter_fail(p, p->token.at, "'%s' is expected here.", op);
	return false;
}
