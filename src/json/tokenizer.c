/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The streaming tokenizer: reads a JSON text that comes in any pieces, or that is cut, with no
 * memory but its struct. It promises the same concatenated tokens however the bytes are cut. Bytes
 * of strings are handed out as they stand, neither unescaped nor checked for UTF-8.
 */
#include "json/json.h"

#include "json/grammar.h"

/* escape_left counts the bytes that an escape still needs: four hexadecimal digits, or before them
 * the letter behind the backslash. */
enum { ESCAPE_NONE = 0, ESCAPE_DIGITS = 4, ESCAPE_LETTER = 5 };

/* One answer of the tokenizer. A piece may be empty when it ends its token. */
struct piece {
	enum json_token token;
	size_t text; /* its length; it stands at the front of the input */
	size_t used;
	bool last;
};

static struct piece bad(struct json_tokenizer *t, size_t used)
{
	t->inside = JSON_TOKEN_BAD;
	return (struct piece){ .token = JSON_TOKEN_BAD, .used = used };
}

static struct piece ended(struct json_tokenizer *t, size_t text, size_t used)
{
	enum json_token token = (enum json_token)t->inside;

	t->inside = JSON_TOKEN_MORE;
	return (struct piece){ token, text, used, true };
}

/* The token goes on behind n bytes that belong to it. What stopped it there, when it was not the
 * input's end, is bad, but is answered only after the bytes before it. */
static struct piece unfinished(struct json_tokenizer *t, size_t n, bool at_end, bool whole)
{
	if (n > 0)
		return (struct piece){ (enum json_token)t->inside, n, n, false };
	if (!at_end || whole)
		return bad(t, 0);
	return (struct piece){ .token = JSON_TOKEN_MORE };
}

/* Reads one byte of an escape; false when it does not belong there. */
static bool escape_take(struct json_tokenizer *t, char c)
{
	if (t->escape_left < ESCAPE_LETTER) {
		t->escape_left--;
		return text_hex(c) >= 0;
	}
	t->escape_left = c == 'u' ? ESCAPE_DIGITS : ESCAPE_NONE;
	return c == 'u' || text_escape(c) != '\0';
}

static struct piece string_next(struct json_tokenizer *t, struct str in, bool whole)
{
	size_t n = 0;

	while (n < in.n) {
		if (t->escape_left != ESCAPE_NONE) {
			uint8_t left = t->escape_left;

			if (!escape_take(t, in.p[n])) {
				t->escape_left = left;
				break;
			}
			n++;
			continue;
		}
		n += text_plain(str_skip(in, n), false);
		if (n == in.n)
			break;
		if (in.p[n] == '"')
			return ended(t, n, n + 1);
		if (in.p[n] != '\\')
			break;
		t->escape_left = ESCAPE_LETTER;
		n++;
	}
	return unfinished(t, n, n == in.n, whole);
}

static struct piece number_piece(struct json_tokenizer *t, struct str in, bool whole)
{
	enum number_state state = (enum number_state)t->number_state;
	size_t n = 0;

	for (; n < in.n; n++) {
		enum number_state next = number_next(state, in.p[n]);

		if (next == NUMBER_STOP)
			break;
		state = next;
	}
	t->number_state = (uint8_t)state;
	if ((n < in.n || whole) && number_is_whole(state))
		return ended(t, n, n);
	return unfinished(t, n, n == in.n, whole);
}

static struct piece literal_next(struct json_tokenizer *t, struct str in, bool whole)
{
	struct str word = grammar_word((enum json_token)t->inside);
	size_t n = 0;

	while (t->literal_at < word.n && n < in.n && in.p[n] == word.p[t->literal_at]) {
		t->literal_at++;
		n++;
	}
	if (t->literal_at == word.n)
		return ended(t, 0, n);
	if (n < in.n || whole)
		return bad(t, n);
	return (struct piece){ .token = JSON_TOKEN_MORE, .used = n };
}

static struct piece inside_next(struct json_tokenizer *t, struct str in, bool whole)
{
	if (t->inside == JSON_TOKEN_BAD)
		return bad(t, 0);
	if (t->inside == JSON_TOKEN_KEY || t->inside == JSON_TOKEN_STR)
		return string_next(t, in, whole);
	if (t->inside == JSON_TOKEN_NUMBER)
		return number_piece(t, in, whole);
	return literal_next(t, in, whole);
}

static bool is_scalar(enum json_token token)
{
	return token >= JSON_TOKEN_KEY && token <= JSON_TOKEN_NULL;
}

/* Goes on to the next token's first byte. A token of one byte is answered; of any other the answer
 * is its name with last unset, and t->inside is it. */
static struct piece between_next(struct json_tokenizer *t, struct str in, bool whole)
{
	for (size_t n = 0; n < in.n; n++) {
		enum json_token token;

		if (text_is_space(in.p[n]))
			continue;
		token = grammar_take(t, in.p[n]);
		if (token == JSON_TOKEN_BAD)
			return bad(t, n);
		if (token == JSON_TOKEN_MORE)
			continue;
		if (!is_scalar(token))
			return (struct piece){ token, 0, n + 1, true };
		t->inside = (uint8_t)token;
		t->number_state = NUMBER_START;
		t->literal_at = 0;
		t->escape_left = ESCAPE_NONE;
		if (token == JSON_TOKEN_KEY || token == JSON_TOKEN_STR)
			n++; /* the quote */
		return (struct piece){ .token = token, .used = n };
	}
	if (!whole)
		return (struct piece){ .token = JSON_TOKEN_MORE, .used = in.n };
	if (t->state != GRAMMAR_DONE)
		return bad(t, in.n);
	return (struct piece){ JSON_TOKEN_END, 0, in.n, true };
}

void json_tokenizer_init(struct json_tokenizer *t)
{
	*t = (struct json_tokenizer){ .state = GRAMMAR_VALUE, .inside = JSON_TOKEN_MORE };
}

enum json_token json_tokenizer_next(struct json_tokenizer *t, struct str in, bool whole,
				    size_t *used, struct str *text, bool *last)
{
	struct piece piece = { .token = JSON_TOKEN_MORE };
	size_t skipped = 0;

	if (t->inside == JSON_TOKEN_MORE) {
		piece = between_next(t, in, whole);
		skipped = piece.used;
	}
	if (t->inside != JSON_TOKEN_MORE && piece.token != JSON_TOKEN_BAD) {
		in = str_skip(in, skipped);
		piece = inside_next(t, in, whole);
		piece.used += skipped;
	}
	t->offset += piece.used;
	*used = piece.used;
	*text = str_head(in, piece.text);
	*last = piece.last;
	return piece.token;
}
