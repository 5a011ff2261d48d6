// SPDX-License-Identifier: Apache-2.0
/*
 * The mask of SQL statements, in PostgreSQL's dialect: what people sent stands in literals, and
 * each becomes a "?". It reads words, quoted names, literals and comments as the server's scanner
 * does; where two settings of a server would read a text differently, or where nothing fits, the
 * rest of the statement is left out, since a literal taken for something else would be shown. It
 * looks at each byte a bounded number of times, and keeps nothing.
 */
#include "record/mask.h"

/* ---- Characters ------------------------------------------------------------------------------ */

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Bytes beyond ASCII are letters, as the server has it. */
static bool begins_word(char c)
{
	return char_class(c) & CHAR_LETTER || c == '_' || (uint8_t)c >= 0x80;
}

static bool is_word_char(char c)
{
	return begins_word(c) || is_digit(c) || c == '$';
}

/* What stands for itself, of what is none of the above and no quote; not what the dialect does not
 * know, such as control characters. */
static bool is_sign(char c)
{
	return char_class(c) & (CHAR_OTHER | CHAR_JOINT | CHAR_PERCENT) && c != '\\' && c != '`' &&
	       c != '{' && c != '}';
}

/* ---- State ----------------------------------------------------------------------------------- */

/* Lists of literals are written once: "1, 2, 3" is "?", and "(1, 2), (3, 4)" is "(?)". What may
 * turn out to be more of the same is held back, up to the place where that is known. Each state
 * behind a comma follows the one before it. */
enum list {
	LIST_NONE,
	LIST_OPEN, /* behind a ( */
	LIST_ONE,  /* behind a literal that is not the first in a ( */
	LIST_ONE_COMMA,
	LIST_ROW, /* behind (? */
	LIST_ROW_COMMA,
	LIST_ROWS, /* behind (?) */
	LIST_ROWS_COMMA,
	LIST_ROWS_OPEN, /* behind (?), ( of which the comma and more are held back */
	LIST_ROWS_ONE,
	LIST_ROWS_ONE_COMMA,
};

/* What kind of sentence the words so far make, as far as a value may stand in it as a word. */
enum sentence {
	SENTENCE_BEGIN,
	SENTENCE_OTHER,
	SENTENCE_CREATE,  /* CREATE or ALTER … */
	SENTENCE_ROLE,    /* … ROLE, USER or GROUP, which may have a PASSWORD */
	SENTENCE_SECRET,  /* behind the word PASSWORD of one */
	SENTENCE_THING,   /* … something else, which may have a SET */
	SENTENCE_SET,     /* SET name … */
	SENTENCE_SETTING, /* … TO, = or PASSWORD, behind which values may be words */
};

/* Limit: bytes held back: " , ( ? ,". */
#define HELD_MAX 8

struct scan {
	struct str in; /* what is not read yet */
	struct mask_out *o;
	char held[HELD_MAX];
	uint8_t held_n;
	uint8_t held_before; /* the last comma in it */
	uint8_t list;        /* enum list */
	uint8_t sentence;    /* enum sentence */
	bool space;          /* white space or a comment stands before the next token */
	bool wrote;
};

static void leave_out_rest(struct scan *s)
{
	s->in.n = 0;
	s->o->masked = true;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static void release(struct scan *s)
{
	if (s->held_n)
		mask_put(s->o, (struct str){ s->held, s->held_n });
	s->held_n = 0;
	s->list = LIST_NONE;
}

static void begin_token(struct scan *s)
{
	release(s);
	if (s->space && s->wrote)
		mask_put_char(s->o, ' ');
	s->space = false;
	s->wrote = true;
}

static void put_token(struct scan *s, struct str token)
{
	begin_token(s);
	mask_put(s->o, token);
}

static void hold(struct scan *s, char c, enum list next)
{
	s->held_before = s->held_n;
	if (s->space)
		s->held[s->held_n++] = ' ';
	s->held[s->held_n++] = c;
	s->space = false;
	s->list = (uint8_t)next;
}

static bool may_begin_list(const struct scan *s)
{
	return s->list == LIST_OPEN || s->list == LIST_ONE_COMMA || s->list == LIST_ROW_COMMA ||
	       s->list == LIST_ROWS_OPEN || s->list == LIST_ROWS_ONE_COMMA;
}

static void put_literal(struct scan *s)
{
	bool open = s->list == LIST_OPEN;

	s->o->masked = true;
	if (s->sentence == SENTENCE_SECRET)
		s->sentence = SENTENCE_ROLE;
	switch ((enum list)s->list) {
	case LIST_ONE_COMMA:
	case LIST_ROW_COMMA:
	case LIST_ROWS_ONE_COMMA:
		s->held_n = s->held_before;
		s->list--;
		s->space = false;
		return;
	case LIST_ONE:
	case LIST_ROW:
	case LIST_ROWS_ONE:
		s->space = false; /* a string that goes on behind white space */
		return;
	case LIST_ROWS_OPEN:
		hold(s, '?', LIST_ROWS_ONE);
		return;
	case LIST_NONE:
	case LIST_OPEN:
	case LIST_ROWS:
	case LIST_ROWS_COMMA:
		break;
	}
	put_token(s, STR("?"));
	s->list = open ? LIST_ROW : LIST_ONE;
}

static void put_sign(struct scan *s, char c)
{
	enum list list = (enum list)s->list;

	if (c == ',' &&
	    (list == LIST_ONE || list == LIST_ROW || list == LIST_ROWS || list == LIST_ROWS_ONE)) {
		hold(s, c, list + 1);
	} else if (c == '(' && list == LIST_ROWS_COMMA) {
		hold(s, c, LIST_ROWS_OPEN);
	} else if (c == ')' && list == LIST_ROWS_ONE) {
		s->held_n = 0;
		s->space = false;
		s->list = LIST_ROWS;
	} else {
		put_token(s, (struct str){ &c, 1 });
		if (c == '(')
			s->list = LIST_OPEN;
		else if (c == ')' && list == LIST_ROW)
			s->list = LIST_ROWS;
	}
}

/* ---- Literals -------------------------------------------------------------------------------- */

/* Does a quote at q, in a text that begins at from, end or double as it seems? Before it may stand
 * a backslash, which escapes it by one setting of the server and not by another; and in some
 * encodings the last byte of a character beyond ASCII looks like one. */
enum quote { QUOTE_PLAIN, QUOTE_ESCAPED, QUOTE_UNSURE };

static enum quote quote_at(struct str text, size_t q, bool escapes)
{
	size_t n = 0;

	while (n < q && text.p[q - n - 1] == '\\')
		n++;
	if (n == 0)
		return QUOTE_PLAIN;
	if (n < q && (uint8_t)text.p[q - n - 1] >= 0x80)
		return QUOTE_UNSURE;
	if (n % 2 == 0)
		return QUOTE_PLAIN;
	return escapes ? QUOTE_ESCAPED : QUOTE_UNSURE;
}

/* At its first byte, of `skip` up to and with the quote. */
static void scan_string(struct scan *s, size_t skip, bool escapes)
{
	struct str text = str_skip(s->in, skip);
	ptrdiff_t found;
	size_t at = 0;

	put_literal(s);
	while ((found = str_find(text, '\'', at)) >= 0) {
		size_t q = (size_t)found;
		enum quote quote = quote_at(text, q, escapes);

		if (quote == QUOTE_UNSURE)
			break;
		at = q + 1;
		if (quote == QUOTE_ESCAPED)
			continue;
		if (at == text.n || text.p[at] != '\'') {
			s->in = str_skip(text, at);
			return;
		}
		at++;
	}
	leave_out_rest(s);
}

/* $$…$$ or $tag$…$tag$, at the first $; n is where the tag's second $ stands. */
static void scan_dollar_string(struct scan *s, size_t n)
{
	struct str tag = str_head(s->in, n + 1), text = str_skip(s->in, n + 1);
	const char *end = text.n ? memmem(text.p, text.n, tag.p, tag.n) : NULL;

	put_literal(s);
	if (end)
		s->in = str_skip(text, (size_t)(end - text.p) + tag.n);
	else
		leave_out_rest(s);
}

/* With all that clings to it. */
static void scan_number(struct scan *s)
{
	struct str in = s->in;
	size_t n = 1;

	while (n < in.n) {
		bool exponent =
			(in.p[n - 1] | 0x20) == 'e' && n + 1 < in.n && is_digit(in.p[n + 1]);

		if (!begins_word(in.p[n]) && !is_digit(in.p[n]) && in.p[n] != '.' &&
		    !(exponent && (in.p[n] == '-' || in.p[n] == '+')))
			break;
		n++;
	}
	s->in = str_skip(in, n);
	put_literal(s);
	if (n < in.n && in.p[n] == '$')
		leave_out_rest(s); /* servers disagree where in 1e$a$ the number ends */
}

/* Limit: digits of the number of a parameter; more may be somebody's number. */
#define PARAMETER_DIGITS 5

static void scan_dollar(struct scan *s)
{
	struct str in = s->in;
	bool digits = true;
	size_t n = 1;

	for (; n < in.n && (begins_word(in.p[n]) || is_digit(in.p[n])); n++)
		digits &= is_digit(in.p[n]);
	if (n > 1 && digits && n <= 1 + PARAMETER_DIGITS && (n == in.n || in.p[n] != '$')) {
		put_token(s, str_head(in, n));
		s->in = str_skip(in, n);
	} else if (n < in.n && in.p[n] == '$' && (n == 1 || !is_digit(in.p[1]))) {
		scan_dollar_string(s, n);
	} else {
		leave_out_rest(s);
	}
}

/* ---- Names and words ------------------------------------------------------------------------- */

/* Limit: the server cuts longer names, so that nobody has any. */
#define NAME_MAX 63

static void put_name_piece(struct scan *s, struct str piece)
{
	struct str with = mask_looks(piece);

	if (with.n)
		mask_replace(s->o, with);
	else
		mask_put(s->o, piece);
}

/* What stands between the quotes of a name is anybody's choice, such as the title of a column. */
static void put_quoted(struct scan *s, struct str name)
{
	struct str with = mask_looks(name);
	size_t n;

	if (with.n) {
		mask_replace(s->o, with);
		return;
	}
	for (; name.n; name = str_skip(name, n)) {
		for (n = 0; n < name.n && !(char_class(name.p[n]) & CHAR_OTHER);)
			n++;
		if (n == 0)
			mask_put_char(s->o, name.p[n++]);
		else
			put_name_piece(s, str_head(name, n));
	}
}

static bool is_plain_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '\'' || (uint8_t)name.p[i] < ' ' || name.p[i] == 0x7f)
			return false;
	return name.n > 0 && name.n <= NAME_MAX;
}

/* At its first byte, of `skip` up to and with the quote. Of a name with escapes nothing is shown.
 */
static void scan_quoted(struct scan *s, size_t skip, bool escapes)
{
	struct str text = str_skip(s->in, skip);
	ptrdiff_t q = str_find(text, '"', 0);

	while (q >= 0 && (size_t)q + 1 < text.n && text.p[q + 1] == '"')
		q = str_find(text, '"', (size_t)q + 2);
	if (q < 0) {
		leave_out_rest(s);
		return;
	}
	s->in = str_skip(text, (size_t)q + 1);
	text = str_head(text, (size_t)q);
	if (s->sentence == SENTENCE_SECRET || s->sentence == SENTENCE_SETTING) {
		put_literal(s);
		return;
	}
	put_token(s, STR("\""));
	if (escapes || !is_plain_name(text))
		mask_replace(s->o, STR("?"));
	else
		put_quoted(s, text);
	mask_put_char(s->o, '"');
}

static bool is_one_of(struct str word, const char *const *list)
{
	for (; *list; list++)
		if (str_eq_nocase(word, str_of(*list)))
			return true;
	return false;
}

/* Takes note of a word; answers whether it is a value. */
static bool word_is_value(struct scan *s, struct str word)
{
	static const char *const create[] = { "create", "alter", NULL };
	static const char *const or_replace[] = { "or", "replace", NULL };
	static const char *const role[] = { "role", "user", "group", NULL };
	enum sentence next = (enum sentence)s->sentence;

	switch (next) {
	case SENTENCE_OTHER:
		return false;
	case SENTENCE_SETTING:
		return true;
	case SENTENCE_SECRET:
		return true; /* put_literal() goes on */
	case SENTENCE_BEGIN:
		next = str_eq_nocase(word, STR("set")) ? SENTENCE_SET
		       : is_one_of(word, create)       ? SENTENCE_CREATE
						       : SENTENCE_OTHER;
		break;
	case SENTENCE_CREATE:
		if (!is_one_of(word, or_replace))
			next = is_one_of(word, role) ? SENTENCE_ROLE : SENTENCE_THING;
		break;
	case SENTENCE_ROLE:
		if (str_eq_nocase(word, STR("password")))
			next = SENTENCE_SECRET;
		[[fallthrough]];
	case SENTENCE_THING:
		if (str_eq_nocase(word, STR("set")))
			next = SENTENCE_SET;
		break;
	case SENTENCE_SET:
		if (str_eq_nocase(word, STR("to")) || str_eq_nocase(word, STR("password")))
			next = SENTENCE_SETTING;
		break;
	}
	s->sentence = (uint8_t)next;
	return false;
}

/* Constants are words; in a list of literals they are like them. */
static bool is_constant(struct str word)
{
	static const char *const constants[] = { "null", "default", "true", "false", NULL };

	return word.n >= 4 && word.n <= 7 && is_one_of(word, constants);
}

static void put_word(struct scan *s, struct str word)
{
	struct str with;

	if (word_is_value(s, word) || (may_begin_list(s) && is_constant(word))) {
		put_literal(s);
		return;
	}
	with = word.n <= NAME_MAX ? mask_looks(word) : STR("{token}");
	if (with.n == 0) {
		put_token(s, word);
		return;
	}
	begin_token(s);
	mask_replace(s->o, with);
}

/* Is the word, up to n, the beginning of a literal or name: E'…', B'…', X'…', N'…', U&'…', U&"…"?
 */
static bool scan_prefixed(struct scan *s, size_t n)
{
	struct str in = s->in;
	char letter = (char)(in.p[0] | 0x20);

	if (n != 1 || in.n < 2)
		return false;
	if (in.p[1] == '\'' && strchr("ebxn", letter)) {
		scan_string(s, 2, letter == 'e');
		return true;
	}
	if (letter != 'u' || in.n < 3 || in.p[1] != '&' || (in.p[2] != '\'' && in.p[2] != '"'))
		return false;
	if (in.p[2] == '"')
		scan_quoted(s, 3, true);
	else
		scan_string(s, 3, false);
	return true;
}

static void scan_word(struct scan *s)
{
	struct str in = s->in;
	size_t n = 0, dollars = 0;

	for (; n < in.n && is_word_char(in.p[n]); n++)
		dollars += in.p[n] == '$';
	if (scan_prefixed(s, n))
		return;
	/* To the server that is a name, but who wrote AS$$…$$ did not mean one. */
	if (dollars > 1) {
		leave_out_rest(s);
		return;
	}
	s->in = str_skip(in, n);
	put_word(s, str_head(in, n));
}

/* ---- Comments and signs ---------------------------------------------------------------------- */

static void scan_line_comment(struct scan *s)
{
	size_t n = 2;

	while (n < s->in.n && s->in.p[n] != '\n' && s->in.p[n] != '\r')
		n++;
	s->in = str_skip(s->in, n);
	s->space = s->o->masked = true;
}

/* They nest. */
static void scan_comment(struct scan *s)
{
	struct str in = s->in;
	size_t depth = 1, n = 2;

	for (; n + 1 < in.n && depth; n++) {
		if (in.p[n] == '/' && in.p[n + 1] == '*') {
			depth++;
			n++;
		} else if (in.p[n] == '*' && in.p[n + 1] == '/') {
			depth--;
			n++;
		}
	}
	if (depth)
		leave_out_rest(s);
	else
		s->in = str_skip(in, n);
	s->space = s->o->masked = true;
}

static bool is_number_at(struct str in, size_t at)
{
	if (at < in.n && in.p[at] == '.')
		at++;
	return at < in.n && is_digit(in.p[at]);
}

static void scan_sign(struct scan *s)
{
	char c = s->in.p[0], next = s->in.n > 1 ? s->in.p[1] : '\0';

	if (c == '-' && next == '-') {
		scan_line_comment(s);
	} else if (c == '/' && next == '*') {
		scan_comment(s);
	} else if (c == '.' && is_digit(next)) {
		scan_number(s);
	} else if ((c == '-' || c == '+') && may_begin_list(s) && is_number_at(s->in, 1)) {
		s->in = str_skip(s->in, 1);
	} else if (is_sign(c)) {
		if (c == ';')
			s->sentence = SENTENCE_BEGIN;
		else if (c == '=' && s->sentence == SENTENCE_SET)
			s->sentence = SENTENCE_SETTING;
		put_sign(s, c);
		s->in = str_skip(s->in, 1);
	} else {
		leave_out_rest(s);
	}
}

/* ---- The mask -------------------------------------------------------------------------------- */

static void scan_token(struct scan *s)
{
	char c = s->in.p[0];

	if (begins_word(c)) {
		scan_word(s);
	} else if (is_space(c)) {
		s->space = true;
		s->in = str_skip(s->in, 1);
	} else if (is_digit(c)) {
		scan_number(s);
	} else if (c == '\'') {
		scan_string(s, 1, false);
	} else if (c == '"') {
		scan_quoted(s, 1, false);
	} else if (c == '$') {
		scan_dollar(s);
	} else {
		scan_sign(s);
	}
}

void mask_sql_to(struct str statement, struct mask_out *o)
{
	struct scan s = { .in = statement, .o = o };

	while (s.in.n && !o->full)
		scan_token(&s);
	release(&s);
}
