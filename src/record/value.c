// SPDX-License-Identifier: Apache-2.0
/*
 * The masks of values of allowed headers, by what such a value may say. Where it says more, the
 * part that does is replaced; where no part can be told, the whole. A value that is shown as it is
 * costs one walk over it and no copy.
 */
#include "http1/http1.h"
#include "record/mask.h"

/* A value being masked: `in` up to `done` is written, once anything had to be replaced. */
struct value {
	struct str in;
	size_t done;
	struct mask_out *o;
};

static void replace(struct value *v, size_t from, size_t to, struct str with)
{
	mask_put(v->o, str_head(str_skip(v->in, v->done), from - v->done));
	mask_replace(v->o, with);
	v->done = to;
}

static void replace_all(struct value *v)
{
	v->o->p = v->o->start;
	v->o->full = false;
	v->done = 0;
	replace(v, 0, v->in.n, STR(MASK_TEXT));
}

/* ---- Numbers and dates ----------------------------------------------------------------------- */

/* Limit: digits of a number; a card number has more. */
#define DIGITS_MAX 12

static bool is_digit(char c)
{
	return char_class(c) == CHAR_DIGIT;
}

static bool is_number(struct str s)
{
	s = str_skip(s, str_starts(s, STR("-")));
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]))
			return false;
	return s.n > 0 && s.n <= DIGITS_MAX;
}

/* bytes=0-499,-500 and bytes 0-499/1234, whose numbers are not cut by anything else. */
static bool is_range(struct str s)
{
	size_t run = 0, digits = 0;

	if (!str_starts(s, STR("bytes=")) && !str_starts(s, STR("bytes ")))
		return false;
	for (size_t i = 6; i < s.n; i++) {
		if (!is_digit(s.p[i]) && !(s.p[i] && strchr("-/*, ", s.p[i])))
			return false;
		run = is_digit(s.p[i]) ? run + 1 : 0;
		digits += run > 0;
		if (run > DIGITS_MAX)
			return false;
	}
	return digits <= (size_t)3 * DIGITS_MAX;
}

static bool is_among(const char *all, const char *three)
{
	for (; *all; all += 3)
		if (memcmp(all, three, 3) == 0)
			return true;
	return false;
}

/* RFC 9110 §5.6.7, in the form that is to be sent. */
static bool is_date(struct str s)
{
	static const char shape[] = "Aaa, 00 Aaa 0000 00:00:00 GMT";

	if (s.n != sizeof(shape) - 1)
		return is_number(s);
	for (size_t i = 0; i < s.n; i++) {
		bool same = shape[i] == '0' ? is_digit(s.p[i]) : s.p[i] == shape[i];

		if (!same && (shape[i] | 0x20) != 'a')
			return false;
	}
	return is_among("MonTueWedThuFriSatSun", s.p) &&
	       is_among("JanFebMarAprMayJunJulAugSepOctNovDec", s.p + 8);
}

/* ---- Text ------------------------------------------------------------------------------------ */

#define NAME(s)                                                                                    \
	{                                                                                          \
		{ s, sizeof(s) - 1 }, VALUE_QUERY                                                  \
	}

/* Parameters that are about the message: their values are plain. */
static const struct mask_name parameters[] = {
	NAME("as"),
	NAME("charset"),
	NAME("encoding"),
	NAME("escaping"),
	NAME("g"),
	NAME("h2"),
	NAME("h3"),
	NAME("level"),
	NAME("ma"),
	NAME("max"),
	NAME("max-age"),
	NAME("max-stale"),
	NAME("min-fresh"),
	NAME("post-check"),
	NAME("pre-check"),
	NAME("proto"),
	NAME("q"),
	NAME("s-max-age"),
	NAME("s-maxage"),
	NAME("stale-if-error"),
	NAME("stale-while-revalidate"),
	NAME("timeout"),
	NAME("v"),
	NAME("version"),
};
static const struct mask_names known_parameters = { parameters, ARRAY_LEN(parameters) };

/* Limits: the value of a parameter; digits of a number, of all numbers in a row, of a version
 * behind a slash, and of one of its parts; a mixture of letters and digits there. */
#define PARAMETER_MAX  48
#define NUMBER_MAX     6
#define ROW_DIGITS_MAX 8
#define VERSION_MAX    14
#define VERSION_PART   5
#define BUILD_MAX      6

/* A word: what stands between characters of other kinds, which stays as it is. */
struct word {
	size_t from, to;
	unsigned classes;
};

static inline bool word_next(struct str s, size_t at, struct word *out)
{
	unsigned class;

	while (at < s.n && char_class(s.p[at]) == CHAR_OTHER)
		at++;
	*out = (struct word){ at, at, 0 };
	for (; at < s.n && (class = char_class(s.p[at])) != CHAR_OTHER; at++)
		out->classes |= class;
	out->to = at;
	return at > out->from;
}

/* 1.2, v1.29.0, 10_15_7, and behind a slash 120.0.6099.109 and 20240131, with a build such as
 * 15E148. *digits is how many it has. */
static bool is_version(struct str s, bool behind_slash, size_t *digits)
{
	size_t run = 0, longest = 0;
	bool plain = true;

	for (size_t i = 0; i < s.n; i++) {
		bool digit = is_digit(s.p[i]);

		plain &= digit || (i == 0 && s.p[0] == 'v') || char_class(s.p[i]) == CHAR_JOINT;
		run = digit ? run + 1 : 0;
		longest = run > longest ? run : longest;
		*digits += digit;
	}
	if (plain && *digits <= NUMBER_MAX)
		return *digits > 0;
	if (!behind_slash)
		return false;
	if (s.n == 8 && longest == 8)
		return str_starts(s, STR("20")) || str_starts(s, STR("19"));
	return plain ? *digits <= VERSION_MAX && longest <= VERSION_PART
		     : s.n <= BUILD_MAX && is_digit(s.p[0]);
}

static size_t pass_blanks(struct str s, size_t at)
{
	while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t'))
		at++;
	return at;
}

/* The end of what belongs to a name in front of = or :, a string in quotes as a whole. */
static size_t assigned_end(struct str s, size_t at)
{
	if (at < s.n && s.p[at] == '"') {
		ptrdiff_t quote = str_find(s, '"', at + 1);

		return quote < 0 ? s.n : (size_t)quote + 1;
	}
	while (at < s.n && !strchr(" ,;()<>[]{}\"", s.p[at]))
		at++;
	return at;
}

static bool is_plain_parameter(struct str value)
{
	if (value.n > PARAMETER_MAX)
		return false;
	if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		value = str_head(str_skip(value, 1), value.n - 2);
	value = str_skip(value, str_starts(value, STR(":")));
	for (size_t i = 0; i < value.n; i++)
		if (!(char_class(value.p[i]) & (CHAR_LETTER | CHAR_DIGIT | CHAR_JOINT)))
			return false;
	return is_number(value) || !mask_looks(value).n;
}

/* name = value or name: value, whose = or : is at `at`; answers where it ends. A value stays when
 * its name is known, and behind a colon when it is a version, or the rest of a URL, which is read
 * on. */
static size_t mask_assigned(struct value *v, struct str name, size_t at)
{
	size_t from = pass_blanks(v->in, at + 1), end = assigned_end(v->in, from), digits = 0;
	struct str value = str_head(str_skip(v->in, from), end - from);

	if (v->in.p[at] == ':') {
		if (value.n == 0 || value.p[0] == '/')
			return from;
		if (is_version(value, false, &digits))
			return end;
	}
	if (!mask_names_find(name, &known_parameters) || !is_plain_parameter(value))
		replace(v, from, end, STR(MASK_TEXT));
	return end;
}

/* The replacement for a word that is no assignment, or {NULL, 0}. */
static struct str judge(struct str word, unsigned classes, bool only_known)
{
	if (only_known)
		return word.n == 0 || mask_known_word(word) || http1_is_known_method(word) ||
				       str_eq(word, STR("-"))
			       ? (struct str){ NULL, 0 }
			       : STR(MASK_TEXT);
	if (word.n < MASK_WORD_MAX && !(classes & ~(unsigned)(CHAR_LETTER | CHAR_JOINT)))
		return (struct str){ NULL, 0 };
	return mask_looks(word);
}

/* Masks from `at` on; false when numbers follow each other as those of a card do. */
static bool mask_text(struct value *v, size_t at, bool only_known)
{
	size_t in_row = 0;
	struct word w;

	for (; word_next(v->in, at, &w); at = w.to) {
		struct str word = str_head(str_skip(v->in, w.from), w.to - w.from), with;
		size_t mark = pass_blanks(v->in, w.to);
		char next = mark < v->in.n ? v->in.p[mark] : ' ';
		bool behind_slash = w.from > 0 && v->in.p[w.from - 1] == '/';
		bool version;
		size_t digits = 0;

		version = w.classes & CHAR_DIGIT && is_version(word, behind_slash, &digits);
		in_row = !version ? 0 : in_row + (behind_slash ? 0 : digits);
		if (in_row > ROW_DIGITS_MAX)
			return false;
		with = version || (next == '=' && mask_names_find(word, &known_parameters))
			       ? (struct str){ NULL, 0 }
			       : judge(word, w.classes, only_known);
		if (with.n)
			replace(v, w.from, w.to, with);
		if (next == '=' || next == ':')
			w.to = mask_assigned(v, word, mark);
	}
	return true;
}

static bool mask_media(struct value *v)
{
	struct str type = v->in, rest = v->in;

	(void)str_cut(&rest, ';', &type);
	while (type.n && (type.p[type.n - 1] == ' ' || type.p[type.n - 1] == '\t'))
		type.n--;
	if (!mask_is_known(type))
		replace(v, 0, type.n, STR(MASK_TEXT));
	return mask_text(v, type.n, false);
}

/* ---- By kind --------------------------------------------------------------------------------- */

/* False when all of it is to be masked. */
static bool mask_by(struct value *v, enum mask_value kind)
{
	switch (kind) {
	case VALUE_TEXT:
		return mask_text(v, 0, false);
	case VALUE_WORDS:
		return mask_text(v, 0, true);
	case VALUE_MEDIA:
		return v->in.n == 0 || mask_media(v);
	case VALUE_NUMBER:
		return is_number(v->in);
	case VALUE_RANGE:
		return is_range(v->in);
	case VALUE_DATE:
		return is_date(v->in);
	case VALUE_WORD:
		mask_word_to(v->in, v->o);
		v->done = v->in.n;
		return true;
	case VALUE_HOST:
		mask_host_to(v->in, v->o);
		v->done = v->in.n;
		return true;
	case VALUE_QUERY:
		break;
	}
	return false;
}

void mask_value_to(struct str value, enum mask_value kind, struct mask_out *o)
{
	struct value v = { value, 0, o };

	if (value.n == 0)
		return;
	if (!mask_by(&v, kind))
		replace_all(&v);
	if (o->masked)
		mask_put(o, str_skip(value, v.done));
}
