/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str: the operations on borrowed bytes that are too long for the header: comparing as protocols
 * compare, searching, numbers out of digits, the distance of two words, and the hash. Nothing here
 * allocates, and nothing needs a NUL at the end.
 */
#include "base/base.h"

/* Limit: words longer than this are no slip of the finger. */
#define DISTANCE_MAX ((size_t)64)

static inline uint8_t lower(char c)
{
	return (uint8_t)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool str_ends(struct str s, struct str with)
{
	return s.n >= with.n && str_eq(str_skip(s, s.n - with.n), with);
}

bool str_contains(struct str s, struct str part)
{
	if (part.n == 0)
		return true;
	return s.n >= part.n && memmem(s.p, s.n, part.p, part.n);
}

int str_cmp(struct str a, struct str b)
{
	size_t both = size_min(a.n, b.n);
	int r = both > 0 ? memcmp(a.p, b.p, both) : 0;

	return r != 0 ? r : (a.n > b.n) - (a.n < b.n);
}

ptrdiff_t str_find(struct str s, char c, size_t from)
{
	const char *at;

	if (from >= s.n)
		return -1;
	at = memchr(s.p + from, c, s.n - from);
	return at ? at - s.p : -1;
}

bool str_cut(struct str *s, char c, struct str *head)
{
	ptrdiff_t at = str_find(*s, c, 0);

	if (at < 0) {
		*head = *s;
		*s = str_skip(*s, s->n);
		return false;
	}
	*head = str_head(*s, (size_t)at);
	*s = str_skip(*s, (size_t)at + 1);
	return true;
}

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = str_skip(s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* The value of a digit in any base up to 16, or 16 for anything else. */
static inline unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (lower(c) >= 'a' && lower(c) <= 'f')
		return (unsigned)(lower(c) - 'a') + 10;
	return 16;
}

static inline int number(struct str s, unsigned base, uint64_t *out)
{
	uint64_t v = 0;
	bool fits = true;

	if (s.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		unsigned d = digit(s.p[i]);

		if (d >= base)
			return -EINVAL;
		if (ckd_mul(&v, v, base) || ckd_add(&v, v, d))
			fits = false;
	}
	if (!fits)
		return -ERANGE;
	*out = v;
	return 0;
}

int str_to_u64(struct str s, uint64_t *out)
{
	return number(s, 10, out);
}

int str_to_hex64(struct str s, uint64_t *out)
{
	return number(s, 16, out);
}

/* One row of the Levenshtein table at a time: row[j] is the distance of the a read so far to the
 * first j bytes of b. */
size_t str_distance(struct str a, struct str b)
{
	size_t row[DISTANCE_MAX + 1];

	if (a.n > DISTANCE_MAX || b.n > DISTANCE_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 0; i < a.n; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < b.n; j++) {
			size_t replace = diagonal + (a.p[i] != b.p[j]);

			diagonal = row[j + 1];
			row[j + 1] = size_min(replace, size_min(diagonal, row[j]) + 1);
		}
	}
	return row[b.n];
}

static inline uint64_t swap_halves(uint64_t v)
{
	return v << 32 | v >> 32;
}

/* Both factors of every multiplication are mixed with the seed: otherwise a peer could choose eight
 * bytes that make one factor zero, and so any number of keys with the same hash. */
static inline uint64_t hash_step(uint64_t seed, uint64_t a, uint64_t b)
{
	return hash_mix(a ^ seed, b ^ swap_halves(seed));
}

uint64_t hash_bytes(const void *key, size_t n, uint64_t seed)
{
	const uint8_t *p = key;
	uint64_t a = 0;
	uint64_t b = 0;

	seed = hash_mix(seed, n);
	for (size_t left = n; left > 16; left -= 16) {
		seed = hash_step(seed, load_u64le(p), load_u64le(p + 8));
		p += 16;
	}
	/* The last 1 to 16 bytes, read from both ends so that the reads may overlap. */
	if (n > 16) {
		const uint8_t *end = (const uint8_t *)key + n;

		a = load_u64le(end - 16);
		b = load_u64le(end - 8);
	} else if (n >= 8) {
		a = load_u64le(p);
		b = load_u64le(p + n - 8);
	} else if (n >= 4) {
		a = load_u32le(p);
		b = load_u32le(p + n - 4);
	} else if (n > 0) {
		a = (uint64_t)p[0] << 16 | (uint64_t)p[n / 2] << 8 | p[n - 1];
	}
	return hash_mix(hash_step(seed, a, b), seed);
}
