// SPDX-License-Identifier: Apache-2.0
/*
 * What a piece of a path or a name looks like: an id, a token, an address, or an ordinary word. One
 * table of recognisers, tried in order; the first that knows the piece gives its replacement. They
 * see through percent-encoding. In doubt a long or strange piece is taken for a secret, and a short
 * one of letters for a word.
 */
#include "record/mask.h"

/* clang-format off */
#define L CHAR_LOWER
#define U CHAR_UPPER
#define D CHAR_DIGIT
#define J CHAR_JOINT
#define P CHAR_PERCENT
#define S CHAR_STRANGE
#define O CHAR_OTHER
#define ROW16(x) x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x
const uint8_t char_classes[256] = {
	ROW16(S), ROW16(S),
	O, O, O, O, O, P, O, O, O, O, O, O, O, J, J, O, /*   ! " # $ % & ' ( ) * + , - . / */
	D, D, D, D, D, D, D, D, D, D, O, O, O, O, O, O, /* 0-9 : ; < = > ? */
	O, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, /* @ A-O */
	U, U, U, U, U, U, U, U, U, U, U, O, O, O, O, J, /* P-Z [ \ ] ^ _ */
	O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* ` a-o */
	L, L, L, L, L, L, L, L, L, L, L, O, O, O, J, S, /* p-z { | } ~ DEL */
	ROW16(S), ROW16(S), ROW16(S), ROW16(S), ROW16(S), ROW16(S), ROW16(S), ROW16(S),
};
#undef L
#undef U
#undef D
#undef J
#undef P
#undef S
#undef O
#undef ROW16
/* clang-format on */

/* Limit: a longer piece is nobody's word. */
#define LOOK_MAX 256

/* The piece, decoded, and a count of its characters. */
struct look {
	struct str s;
	unsigned classes;
	size_t digits, uppers;
	bool decoded; /* it was percent-encoded */
};

static struct look look_at(struct str s)
{
	struct look l = { .s = s };

	for (size_t i = 0; i < s.n; i++) {
		unsigned class = char_class(s.p[i]);

		l.classes |= class;
		l.digits += class == CHAR_DIGIT;
		l.uppers += class == CHAR_UPPER;
	}
	return l;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool all_hex(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (hex_digit(s.p[i]) < 0)
			return false;
	return true;
}

/* ---- Percent-encoding ------------------------------------------------------------------------ */

/* Limit: encodings around an encoding. */
#define DECODE_ROUNDS 3

/* Decodes once; false when out has no room. May work in place. */
static bool decode_once(struct str s, char *out, size_t room, size_t *n, bool *changed)
{
	size_t at = 0;

	*changed = false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%' && s.n - i > 2 && hex_digit(s.p[i + 1]) >= 0 &&
		    hex_digit(s.p[i + 2]) >= 0) {
			c = (char)(hex_digit(s.p[i + 1]) << 4 | hex_digit(s.p[i + 2]));
			i += 2;
			*changed = true;
		}
		if (at == room)
			return false;
		out[at++] = c;
	}
	*n = at;
	return true;
}

bool mask_decode(struct str s, char *out, size_t room, size_t *n)
{
	bool changed = true;

	for (unsigned round = 0; changed; round++) {
		if (round > DECODE_ROUNDS || !decode_once(s, out, room, n, &changed))
			return false;
		s = (struct str){ out, *n };
	}
	return true;
}

/* ---- Whole pieces ---------------------------------------------------------------------------- */

/* 8-4-4-4-12 hexadecimal digits. */
static bool looks_uuid(const struct look *l)
{
	static const uint8_t dash[] = { 8, 13, 18, 23 };
	size_t next = 0;

	if (l->s.n != 36)
		return false;
	for (size_t i = 0; i < l->s.n; i++) {
		if (next < ARRAY_LEN(dash) && i == dash[next]) {
			if (l->s.p[i] != '-')
				return false;
			next++;
		} else if (hex_digit(l->s.p[i]) < 0) {
			return false;
		}
	}
	return true;
}

/* 1 to 3 digits, four times, with dots. */
static bool is_ipv4(struct str s)
{
	for (unsigned i = 0; i < 4; i++) {
		struct str part;
		bool more = str_cut(&s, '.', &part);
		uint64_t v;

		if (more != (i < 3) || part.n > 3 || str_to_u64(part, &v) < 0 || v > 255)
			return false;
	}
	return true;
}

/* 4, v4, 1.2.3, v1.2-3 */
static bool is_release(struct str s)
{
	if (is_ipv4(s))
		return false;
	if (s.n && s.p[0] == 'v')
		s = str_skip(s, 1);
	for (size_t i = 0; i < s.n; i++)
		if (char_class(s.p[i]) != CHAR_DIGIT && s.p[i] != '.' && s.p[i] != '-')
			return false;
	return s.n > 0;
}

/* Something, an @, and a host; but not @scope, nor package@1.2.3. With user:password, any host. */
static bool looks_email(const struct look *l)
{
	ptrdiff_t at = l->s.n ? str_find(l->s, '@', 1) : -1;
	struct str host;

	if (at < 0)
		return false;
	host = str_skip(l->s, (size_t)at + 1);
	return host.n > 0 && (!is_release(host) || memchr(l->s.p, ':', (size_t)at));
}

/* Beginnings that issuers give their tokens so that scanners find them, and base64url of '{"', with
 * which a JWT begins. */
bool mask_is_issued(struct str s)
{
	static const char *const prefixes[] = {
		"AKIA", "ASIA",        "AIza",   "ya29.", "ghp_",  "gho_",     "ghu_",
		"ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "sk_live_", "rk_live_",
	};

	if (str_starts(s, STR("eyJ")))
		return s.n >= 12;
	for (size_t i = 0; s.n >= 20 && i < ARRAY_LEN(prefixes); i++)
		if (str_starts(s, str_of(prefixes[i])))
			return true;
	return false;
}

static bool looks_issued(const struct look *l)
{
	return mask_is_issued(l->s);
}

/* Digits; or 7 and more of them with what people put between: 4111-1111-1111-1111, +49 30 1234. */
static bool looks_number(const struct look *l)
{
	if (l->digits == l->s.n)
		return true;
	return l->digits >= 7 && !(l->classes & (CHAR_LETTER | CHAR_STRANGE));
}

/* IPv4, and what has hexadecimal digits between at least two colons: IPv6, MAC. */
static bool looks_address(const struct look *l)
{
	size_t colons = 0;

	for (size_t i = 0; i < l->s.n; i++) {
		if (l->s.p[i] == ':')
			colons++;
		else if (hex_digit(l->s.p[i]) < 0 && l->s.p[i] != '.')
			return false;
	}
	return colons >= 2 || is_ipv4(l->s);
}

static bool looks_hex(const struct look *l)
{
	bool prefix = str_starts(l->s, STR("0x")) || str_starts(l->s, STR("0X"));
	struct str s = prefix ? str_skip(l->s, 2) : l->s;

	return all_hex(s) && (s.n >= 16 || (s.n >= 8 && l->digits > 0));
}

/* Bytes that are no text, characters beyond ASCII that are no letters, such as full-width digits,
 * and text within the encoding that is structure again, such as a URL with its own query. */
static bool looks_blob(const struct look *l)
{
	if (l->s.n > LOOK_MAX)
		return true;
	for (size_t i = 0; i < l->s.n; i++) {
		char c = l->s.p[i];

		if ((c >= 0 && c < ' ') || c == 0x7f)
			return true;
		if (l->decoded && (c == '=' || c == '&' || c == '?' || c == ';'))
			return true;
	}
	return l->classes & CHAR_STRANGE && !letters_beyond_ascii(l->s);
}

/* ---- Parts between joints -------------------------------------------------------------------- */

/* A run of letters and digits within the piece. */
struct part {
	struct str s;
	size_t digits, uppers, vowels;
	size_t digit_run; /* the longest */
	size_t turns;     /* changes between letters and digits */
	size_t humps;     /* an upper case letter behind a lower case one */
	size_t odd; /* 2 for a turn and for letters that are rare side by side, 1 for a hump */
};

static bool is_vowel(char c)
{
	return strchr("aeiouy", c | 0x20) != NULL;
}

/* Takes the next part from the front of *rest; false when there is none. */
static bool part_next(struct str *rest, struct part *out)
{
	size_t i = 0, from, run = 0;
	unsigned before = 0;

	while (i < rest->n && !(char_class(rest->p[i]) & (CHAR_LETTER | CHAR_DIGIT)))
		i++;
	from = i;
	*out = (struct part){ 0 };
	for (; i < rest->n; i++) {
		unsigned class = char_class(rest->p[i]);

		if (!(class & (CHAR_LETTER | CHAR_DIGIT)))
			break;
		run = class == CHAR_DIGIT ? run + 1 : 0;
		if (run > out->digit_run)
			out->digit_run = run;
		out->digits += class == CHAR_DIGIT;
		out->uppers += class == CHAR_UPPER;
		out->vowels += class != CHAR_DIGIT && is_vowel(rest->p[i]);
		if (before && (before == CHAR_DIGIT) != (class == CHAR_DIGIT))
			out->turns++;
		else if (before == CHAR_LOWER && class == CHAR_UPPER)
			out->humps++;
		else if (before && class != CHAR_DIGIT)
			out->odd += letters_are_rare(rest->p[i - 1], rest->p[i]);
		before = class;
	}
	out->odd = 2 * (out->odd + out->turns) + out->humps;
	out->s = (struct str){ rest->p + from, i - from };
	*rest = str_skip(*rest, i);
	return out->s.n > 0;
}

/* v1, v1beta1, v2alpha10 */
static bool is_api_version(struct str s)
{
	static const struct str stage[] = { { "alpha", 5 }, { "beta", 4 }, { "rc", 2 } };

	if (s.n == 0 || s.p[0] != 'v')
		return false;
	for (s = str_skip(s, 1); s.n && char_class(s.p[0]) == CHAR_DIGIT;)
		s = str_skip(s, 1);
	for (size_t i = 0; i < ARRAY_LEN(stage); i++)
		if (str_starts(s, stage[i]))
			s = str_skip(s, stage[i].n);
	while (s.n && char_class(s.p[0]) == CHAR_DIGIT)
		s = str_skip(s, 1);
	return s.n == 0;
}

/* Letters that no language would put together: hardly a vowel, or upper case all over. */
static bool is_scrambled(const struct part *p)
{
	size_t letters = p->s.n - p->digits;
	bool mixed = p->uppers > 0 && p->uppers < letters;

	return p->vowels * 5 < letters || (mixed && p->uppers * 3 > p->s.n);
}

/* So odd are the pairs of neighbours that chance put them there: in words of any language 1 of 10
 * is, in random text every second. */
static bool is_random(size_t odd, size_t pairs)
{
	return pairs >= 15 ? odd * 2 > pairs : pairs >= 9 && odd * 5 > pairs * 4;
}

/* Limit: letters of one case in a row that are a word. */
#define PART_WORD_MAX 32

static bool part_is_id(const struct part *p)
{
	size_t n = p->s.n, lowers = n - p->digits - p->uppers;

	if (p->digits == 0 && p->humps == 0 && n > PART_WORD_MAX)
		return true;
	if (is_random(p->odd, n - 1))
		return !is_api_version(p->s);
	if (p->digits == 0)
		return (n >= 16 && is_scrambled(p)) || (n >= 8 && p->humps * 3 >= n);
	if (p->digit_run >= 5 || p->turns >= 4)
		return true;
	if (n >= 6 && p->turns >= 3 && lowers && p->uppers)
		return true;
	if (n >= 6 && p->turns >= 2 && !lowers)
		return true;
	if (n >= 8 && (p->turns >= 3 || all_hex(p->s)))
		return !is_api_version(p->s);
	return (n >= 10 && is_scrambled(p)) || (n >= 12 && !lowers);
}

/* Long, and with so many changes of case and kind that nobody wrote it by hand; or long with a long
 * part that is not a word. */
static bool looks_token(const struct look *l)
{
	struct str rest = l->s;
	size_t changes = 0;
	struct part p;

	if (l->s.n < 20)
		return false;
	while (part_next(&rest, &p)) {
		changes += p.humps + p.turns;
		if (p.s.n >= 16 && !all_hex(p.s) && part_is_id(&p))
			return true;
	}
	return changes * 4 > l->s.n && l->uppers >= 3 && (l->digits >= 2 || l->uppers * 3 > l->s.n);
}

/* An id within a name: order-1234567, coredns-5d78c9869d-x2v7k, DE89 3704 0044 0532, ip-10-0-12-34,
 * 7fGh-2kLm-9pQr; but not 1.25.3-alpine3.18. */
static bool looks_part_id(const struct look *l)
{
	size_t digits = 0, octets = 0, changes = 0, odd = 0, pairs = 0;
	struct str rest = l->s;
	struct part p;

	while (part_next(&rest, &p)) {
		if (part_is_id(&p))
			return true;
		odd += p.odd;
		pairs += p.s.n - 1;
		digits += p.digit_run >= 3 ? p.digits : 0;
		octets = p.digits == p.s.n && p.s.n <= 3 ? octets + 1 : 0;
		changes += p.humps + p.turns;
		if (digits >= 7 || octets == 4)
			return true;
	}
	/* Extensions are short and odd, and random text has no dots. */
	if (pairs >= 9 && odd * 5 > pairs * 4 && !memchr(l->s.p, '.', l->s.n))
		return true;
	return changes * 3 > l->s.n && l->digits >= 3 && l->uppers >= 2;
}

/* ---- The table ------------------------------------------------------------------------------- */

static const struct recogniser {
	const char *name;
	struct str replacement;
	bool (*looks)(const struct look *);
} recognisers[] = {
	{ "uuid", { "{uuid}", 6 }, looks_uuid },
	{ "email", { "{email}", 7 }, looks_email },
	{ "issued token", { "{token}", 7 }, looks_issued },
	{ "number", { "{id}", 4 }, looks_number },
	{ "address", { "{id}", 4 }, looks_address },
	{ "hex", { "{id}", 4 }, looks_hex },
	{ "blob", { "{token}", 7 }, looks_blob },
	{ "token", { "{token}", 7 }, looks_token },
	{ "id in a name", { "{id}", 4 }, looks_part_id },
};

static struct str recognise(const struct look *l)
{
	for (size_t i = 0; i < ARRAY_LEN(recognisers); i++)
		if (recognisers[i].looks(l))
			return recognisers[i].replacement;
	return (struct str){ NULL, 0 };
}

static struct str recognise_decoded(struct str piece)
{
	char text[LOOK_MAX];
	struct look l;
	size_t n;

	if (!mask_decode(piece, text, sizeof(text), &n))
		return STR("{token}");
	l = look_at((struct str){ text, n });
	l.decoded = n != piece.n;
	return recognise(&l);
}

struct str mask_looks_closely(struct str piece)
{
	struct look l = look_at(piece);

	if (l.classes & CHAR_PERCENT)
		return recognise_decoded(piece);
	return recognise(&l);
}
