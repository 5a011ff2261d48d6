// SPDX-License-Identifier: Apache-2.0
/*
 * UTF-8 for rows. Peers send anything, so nothing here assumes that a text is one.
 */
#include "record/text.h"

size_t text_char(struct str s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t lead = s.n ? (uint8_t)s.p[0] : 0xff;
	size_t n = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t c = n == 1 ? lead : lead & (0x7fU >> n);

	if (n == 0 || lead > 0xf4 || n > s.n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		uint8_t next = (uint8_t)s.p[i];

		if ((next & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (next & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*code = c;
	return n;
}

size_t text_border(struct str s, size_t n)
{
	/* By the upper half of a byte: 0 for one that continues a character. */
	static const uint8_t length[16] = { 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 3, 4 };

	for (size_t back = 1; back <= 3 && back <= n; back++) {
		uint8_t whole = length[(uint8_t)s.p[n - back] >> 4];

		if (whole)
			return whole > back ? n - back : n;
	}
	return n;
}
