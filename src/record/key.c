// SPDX-License-Identifier: Apache-2.0
/*
 * The mask of keys of a key-value store, such as session:8f14e45f or {user1000}.following. Stores
 * know no structure in a key, people do: it is cut where they put separators, and what looks like
 * an id, a token or an address is replaced by what it is, numbers too, so that keys of one use
 * become alike. Ordinary words stay. A key that is no text, or longer than people write one, is
 * masked whole.
 */
#include "record/mask.h"

/* Limit: a longer key is masked whole. */
#define KEY_MAX ((size_t)128)
/* Limit: digits behind letters that are a version or a width, and no id: v12, db0, utf8. */
#define KEY_DIGITS_MAX 2

/* What parts a key in pieces. Not the characters that stand within e-mail addresses, UUIDs and
 * tokens: these part a piece only when it is none. */
// clang-format off
static bool parts_pieces(char c)
{
	switch (c) {
	case ' ': case '!': case '"': case '#': case '$': case '&': case '\'': case '(':
	case ')': case '*': case ',': case '/': case ':': case ';': case '<': case '>':
	case '?': case '[': case '\\': case ']': case '`': case '{': case '|': case '}':
		return true;
	default:
		return false;
	}
}
// clang-format on

static bool parts_words(char c)
{
	return c == '.' || c == '-' || c == '_' || c == '@';
}

static size_t run_until(struct str s, bool (*ends)(char))
{
	size_t n = 0;

	while (n < s.n && !ends(s.p[n]))
		n++;
	return n;
}

/* ---- Addresses with colons ------------------------------------------------------------------- */

/* Limit: groups of an IPv6 address, with an empty one at its begin. */
#define GROUPS_MAX 9

static bool is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* The length of an IPv6 or MAC address in front: groups of up to four hexadecimal digits between
 * colons, four at least, or three where one is empty; 0 when there is none. */
static size_t address_length(struct str s)
{
	size_t end = 0, at = 0, groups = 0, digits = 0;
	bool empty = false;

	for (; groups < GROUPS_MAX; groups++, at = end + 1) {
		size_t n = 0;

		while (at + n < s.n && is_hex_digit(s.p[at + n]))
			n++;
		if (n > 4 || (at + n < s.n && !parts_pieces(s.p[at + n])))
			break;
		empty = empty || (n == 0 && groups > 0);
		digits += n;
		end = at + n;
		if (end == s.n || s.p[end] != ':') {
			groups++;
			break;
		}
	}
	return digits > 0 && (groups > 3 || (groups == 3 && empty)) ? end : 0;
}

/* ---- Pieces ---------------------------------------------------------------------------------- */

static void mask_part(struct str part, struct mask_out *o)
{
	struct str looks = mask_looks(part);
	size_t letters = part.n;

	if (looks.n) {
		mask_replace(o, looks);
		return;
	}
	while (letters > 0 && char_class(part.p[letters - 1]) == CHAR_DIGIT)
		letters--;
	if (part.n - letters <= KEY_DIGITS_MAX && char_class(part.p[0]) & CHAR_LETTER)
		letters = part.n;
	mask_put(o, str_head(part, letters));
	if (letters < part.n)
		mask_replace(o, STR("{id}"));
}

/* name=value: what the value means is not known. */
static void mask_assigned(struct str name, struct str value, struct mask_out *o)
{
	if (name.n)
		mask_part(name, o);
	mask_put_char(o, '=');
	if (value.n)
		mask_replace(o, STR(MASK_TEXT));
}

static void mask_piece(struct str piece, struct mask_out *o)
{
	struct str looks = mask_looks(piece), value = piece, name;

	if (looks.n) {
		mask_replace(o, looks);
		return;
	}
	if (str_cut(&value, '=', &name)) {
		mask_assigned(name, value, o);
		return;
	}
	while (!o->full) {
		size_t n = run_until(piece, parts_words);

		if (n)
			mask_part(str_head(piece, n), o);
		if (n == piece.n)
			break;
		mask_put_char(o, piece.p[n]);
		piece = str_skip(piece, n + 1);
	}
}

/* ---- Keys ------------------------------------------------------------------------------------ */

static bool is_text(struct str key)
{
	bool beyond = false;

	for (size_t i = 0; i < key.n; i++) {
		uint8_t c = (uint8_t)key.p[i];

		if (c < ' ' || c == 0x7f)
			return false;
		beyond = beyond || c >= 0x80;
	}
	return !beyond || letters_beyond_ascii(key);
}

void mask_key_to(struct str key, struct mask_out *o)
{
	if (key.n > KEY_MAX || !is_text(key)) {
		mask_replace(o, STR(MASK_TEXT));
		return;
	}
	while (!o->full) {
		size_t n = address_length(key);

		if (n) {
			mask_replace(o, STR("{id}"));
		} else {
			n = run_until(key, parts_pieces);
			if (n)
				mask_piece(str_head(key, n), o);
		}
		if (n == key.n)
			break;
		mask_put_char(o, key.p[n]);
		key = str_skip(key, n + 1);
	}
}
