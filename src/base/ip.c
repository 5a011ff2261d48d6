/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip: addresses as text. Printing follows RFC 5952, reading RFC 4291 section 2.2; what may be read
 * in two ways (octal-looking numbers, short IPv4 forms, zones) is refused.
 */
#include "base/base.h"

#define GROUPS 8

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

bool ip_is_v4(const struct ip_addr *a)
{
	return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

/* ---- printing -------------------------------------------------------------------------------- */

static char *put_decimal(char *out, unsigned v)
{
	if (v >= 100)
		*out++ = (char)('0' + v / 100);
	if (v >= 10)
		*out++ = (char)('0' + v / 10 % 10);
	*out++ = (char)('0' + v % 10);
	return out;
}

static char *put_v4(char *out, const uint8_t b[4])
{
	for (size_t i = 0; i < 4; i++) {
		if (i > 0)
			*out++ = '.';
		out = put_decimal(out, b[i]);
	}
	return out;
}

static char *put_group(char *out, unsigned v)
{
	static const char digits[] = "0123456789abcdef";
	int shift = 12;

	while (shift > 0 && v >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*out++ = digits[v >> shift & 0xf];
	return out;
}

struct run {
	size_t at, n;
};

/* RFC 5952 section 4.2: the longest run of zero groups, the first of equals, never a single one. */
static struct run longest_zeros(const uint16_t group[GROUPS])
{
	struct run best = { GROUPS, 0 };
	struct run run = { 0, 0 };

	for (size_t i = 0; i < GROUPS; i++) {
		if (group[i] != 0) {
			run = (struct run){ i + 1, 0 };
			continue;
		}
		run.n++;
		if (run.n > best.n && run.n > 1)
			best = run;
	}
	return best;
}

static char *put_v6(char *out, const uint8_t b[16])
{
	uint16_t group[GROUPS];
	struct run zeros;

	for (size_t i = 0; i < GROUPS; i++)
		group[i] = load_u16be(b + 2 * i);
	zeros = longest_zeros(group);
	for (size_t i = 0; i < GROUPS; i++) {
		if (i == zeros.at) {
			*out++ = ':';
			*out++ = ':';
			i += zeros.n - 1;
			continue;
		}
		if (i > 0 && i != zeros.at + zeros.n)
			*out++ = ':';
		out = put_group(out, group[i]);
	}
	return out;
}

size_t ip_format(const struct ip_addr *a, char out[IP_TEXT_BYTES])
{
	char *end = ip_is_v4(a) ? put_v4(out, a->b + sizeof(mapped)) : put_v6(out, a->b);

	*end = '\0';
	return (size_t)(end - out);
}

/* ---- reading --------------------------------------------------------------------------------- */

static int parse_v4(struct str s, uint8_t out[4])
{
	for (size_t i = 0; i < 4; i++) {
		struct str part;
		uint64_t v;

		if (str_cut(&s, '.', &part) != (i < 3))
			return -EINVAL;
		if (part.n > 3 || (part.n > 1 && part.p[0] == '0'))
			return -EINVAL;
		if (str_to_u64(part, &v) < 0 || v > UINT8_MAX)
			return -EINVAL;
		out[i] = (uint8_t)v;
	}
	return 0;
}

/* Groups between single colons; the last may be an IPv4 address. Answers the bytes written, or
 * -EINVAL. An empty s is no group. */
static int parse_groups(struct str s, bool last, uint8_t out[16])
{
	size_t n = 0;
	bool more = s.n > 0;

	while (more) {
		struct str part;
		uint64_t v;

		more = str_cut(&s, ':', &part);
		if (!more && last && str_find(part, '.', 0) >= 0) {
			if (n > 12 || parse_v4(part, out + n) < 0)
				return -EINVAL;
			n += 4;
			break;
		}
		if (n == 16 || part.n > 4 || str_to_hex64(part, &v) < 0)
			return -EINVAL;
		out[n++] = (uint8_t)(v >> 8);
		out[n++] = (uint8_t)v;
	}
	return (int)n;
}

/* The offset of the first "::", or -1. */
static ptrdiff_t find_gap(struct str s)
{
	const char *at = s.n >= 2 ? memmem(s.p, s.n, "::", 2) : NULL;

	return at ? at - s.p : -1;
}

static int parse_v6(struct str s, uint8_t out[16])
{
	uint8_t tail[16];
	ptrdiff_t gap = find_gap(s);
	int before;
	int behind;

	memset(out, 0, 16);
	if (gap < 0)
		return parse_groups(s, true, out) == 16 ? 0 : -EINVAL;
	before = parse_groups(str_head(s, (size_t)gap), false, out);
	behind = parse_groups(str_skip(s, (size_t)gap + 2), true, tail);
	/* The gap stands for at least one group. */
	if (before < 0 || behind < 0 || before + behind > 14)
		return -EINVAL;
	memcpy(out + 16 - behind, tail, (size_t)behind);
	return 0;
}

int ip_parse(struct str s, struct ip_addr *out)
{
	struct ip_addr a;
	int r;

	if (str_find(s, ':', 0) >= 0) {
		r = parse_v6(s, a.b);
	} else {
		memcpy(a.b, mapped, sizeof(mapped));
		r = parse_v4(s, a.b + sizeof(mapped));
	}
	if (r < 0)
		return r;
	*out = a;
	return 0;
}
