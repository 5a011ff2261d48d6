// SPDX-License-Identifier: Apache-2.0
/*
 * What letters tell about a text: whether people would put two of them side by side, and whether
 * characters beyond ASCII are letters at all. Both are small tables; they know no language, only
 * what nearly all of those written in them avoid.
 */
#include "record/mask.h"
#include "record/text.h"

/* For each letter, as bits from a on, those that hardly ever follow it in words and in names of
 * programs, whichever language they are of: less than a quarter of what chance would give. The same
 * letter twice is not counted. */
// clang-format off
static const uint32_t rare[26] = {
	0x0014000, /* a: oq */
	0x2e9b6ec, /* b: cdfghjkmnpqtvwxz */
	0x1e1a26a, /* c: bdfgjnpqvwxy */
	0x3e916e6, /* d: bcfghjkmqtvwxyz */
	0x0000000, /* e:  */
	0x3e196ce, /* f: bcdghjkmpqvwxyz */
	0x3e1962e, /* g: bcdfjkmpqvwxyz */
	0x3e1b66e, /* h: bcdfgjkmnpqvwxyz */
	0x0410080, /* i: hqw */
	0x3efbcee, /* j: bcdfghklmnpqrstvwxyz */
	0x3e1b26e, /* k: bcdfgjmnpqvwxyz */
	0x2c30280, /* l: hjqrwxz */
	0x3eb06ec, /* m: cdfghjkqrtvwxyz */
	0x0c30000, /* n: qrwx */
	0x1810200, /* o: jqxy */
	0x2e1364a, /* p: bdgjkmnqvwxz */
	0x3eeffff, /* q: abcdefghijklmnoprstvwxyz */
	0x0810200, /* r: jqx */
	0x0e1024a, /* s: bdgjqvwx */
	0x2e10642, /* t: bgjkqvwxz */
	0x3e10280, /* u: hjqvwxyz */
	0x3db3eee, /* v: bcdfghjklmnqrtuwxyz */
	0x2bb9eee, /* w: bcdfghjklmpqrtuvxz */
	0x3777eef, /* x: abcdfghjklmnoqrsuvwyz */
	0x2f30eea, /* y: bdfghjklqruvwxz */
	0x0efbeee, /* z: bcdfghjklmnpqrstvwx */
};
// clang-format on

bool letters_are_rare(char a, char b)
{
	return rare[(a | 0x20) - 'a'] >> ((b | 0x20) - 'a') & 1;
}

/* Blocks of letters, as far as people write names of things with them. Digits of other scripts,
 * full-width forms, mathematical letters and signs stand between or beyond them: what looks like
 * plain text to a person must not pass for a word here. */
static const struct {
	uint32_t first, last;
} blocks[] = {
	{ 0x00c0, 0x00d6 }, { 0x00d8, 0x00f6 }, { 0x00f8, 0x024f }, /* Latin */
	{ 0x0300, 0x036f },                                         /* its accents */
	{ 0x0370, 0x0481 }, { 0x048a, 0x0556 },                     /* Greek, Cyrillic, Armenian */
	{ 0x0561, 0x0587 }, { 0x05d0, 0x05ea },                     /* Armenian, Hebrew */
	{ 0x0620, 0x065f }, { 0x066e, 0x06d3 },                     /* Arabic */
	{ 0x0900, 0x0963 }, { 0x0980, 0x09e3 }, { 0x0a00, 0x0a5f }, /* India */
	{ 0x0a80, 0x0ae3 }, { 0x0b00, 0x0b63 }, { 0x0b80, 0x0bd7 },
	{ 0x0c00, 0x0c63 }, { 0x0c80, 0x0ce3 }, { 0x0d00, 0x0d63 },
	{ 0x0e01, 0x0e4e }, { 0x0e80, 0x0ecd },                     /* Thai, Lao */
	{ 0x10a0, 0x10ff },                                         /* Georgian */
	{ 0x1e00, 0x1fff },                                         /* Latin, Greek */
	{ 0x3041, 0x30ff }, { 0x3400, 0x4dbf }, { 0x4e00, 0x9fff }, /* Japanese, Chinese */
	{ 0xac00, 0xd7a3 },                                         /* Korean */
};

static bool is_letter(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
		if (code >= blocks[i].first && code <= blocks[i].last)
			return true;
	return false;
}

bool letters_beyond_ascii(struct str s)
{
	uint32_t code;

	while (s.n) {
		size_t n = text_char(s, &code);

		if (n == 0 || (n > 1 && !is_letter(code)))
			return false;
		s = str_skip(s, n);
	}
	return true;
}
