// SPDX-License-Identifier: Apache-2.0
/*
 * What the directory will say of a column: its bounds, and the hashes of what is in it. More of
 * them than are wanted are given up as soon as that is known.
 */
#include "segment/chunk_build.h"

#include <stdlib.h>

/* ---- Hashes in order ------------------------------------------------------------------------- */

/* Hashes are spread evenly unless somebody made them: they are dealt to buckets by their first
 * bits, so that each bucket is sorted at once, and a bucket that is too full by qsort(). */
#define BUCKET_BITS_MAX 14
#define BUCKET_MANY     32
#define INSERTION_MAX   64

static int compare(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

static void sort_few(uint64_t *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t x = v[i];
		size_t at = i;

		for (; at > 0 && v[at - 1] > x; at--)
			v[at] = v[at - 1];
		v[at] = x;
	}
}

/* Answers a number of buckets that leaves about 4 hashes in each. */
static unsigned bucket_bits(size_t n)
{
	unsigned bits = 1;

	while (bits < BUCKET_BITS_MAX && (n >> (bits + 2)) > 0)
		bits++;
	return bits;
}

/* Deals n hashes out of `from`; end[i] becomes where bucket i ends. */
static void deal(uint64_t *to, const uint64_t *from, size_t n, unsigned bits, uint32_t *end)
{
	uint32_t at = 0;

	memset(end, 0, sizeof(*end) << bits);
	for (size_t i = 0; i < n; i++)
		end[from[i] >> (64 - bits)]++;
	for (size_t i = 0; i < (size_t)1 << bits; i++) {
		uint32_t count = end[i];

		end[i] = at;
		at += count;
	}
	for (size_t i = 0; i < n; i++)
		to[end[from[i] >> (64 - bits)]++] = from[i];
}

/* Sorts into v what stands in `from`. */
static void sort_many(uint64_t *v, const uint64_t *from, size_t n)
{
	static uint32_t end[1 << BUCKET_BITS_MAX];
	unsigned bits = bucket_bits(n);
	size_t start = 0;

	deal(v, from, n, bits, end);
	for (size_t i = 0; i < (size_t)1 << bits; i++) {
		if (end[i] - start > BUCKET_MANY)
			qsort(v + start, end[i] - start, sizeof(*v), compare);
		else
			sort_few(v + start, end[i] - start);
		start = end[i];
	}
}

static uint32_t drop_doubles(uint64_t *v, size_t n)
{
	size_t kept = n > 0;

	for (size_t i = 1; i < n; i++)
		if (v[i] != v[i - 1])
			v[kept++] = v[i];
	return (uint32_t)kept;
}

/* ---- A set of them --------------------------------------------------------------------------- */

/* Hashes stand in v in the order in which they came, some twice, until it is full. */
#define RECENT 256
struct set {
	uint64_t *v, *spare;
	uint32_t n, room, most;
	bool many;
	uint64_t recent[RECENT];
};

/* v and spare change places, so that what is sorted stands in v. */
static void set_sort(struct set *s)
{
	if (s->n <= INSERTION_MAX) {
		sort_few(s->v, s->n);
	} else {
		uint64_t *from = s->v;

		sort_many(s->spare, from, s->n);
		s->v = s->spare;
		s->spare = from;
	}
	s->n = drop_doubles(s->v, s->n);
	s->many = s->n > s->most;
}

static inline void set_add(struct set *s, uint64_t hash)
{
	if (s->recent[hash % RECENT] == hash)
		return;
	s->recent[hash % RECENT] = hash;
	if (unlikely(s->n == s->room))
		set_sort(s);
	if (likely(!s->many))
		s->v[s->n++] = hash;
}

static bool has_elements(const struct chunk_build *b)
{
	return b->type == FIELD_LIST_U64 || b->type == FIELD_LIST_STR || b->type == FIELD_MAP;
}

/* Room for one hash a value. Of elements there may be any number: a full set is sorted, which
 * leaves at most half of its room taken. */
static int set_make(struct chunk_build *b, bool all, struct set *s)
{
	size_t room = 2 * (size_t)(all ? CHUNK_HASHES_MAX : CHUNK_FEW);
	int r;

	if (!has_elements(b))
		room = size_min(room, b->n + (size_t)1);
	r = chunk_grow(&b->sorted, &b->sorted_room, 2 * room, sizeof(*b->sorted));

	if (r < 0)
		return r;
	memset(s, 0, sizeof(*s));
	s->recent[0] = 1; /* no hash is taken for one that was there: 1 has another place */
	s->v = b->sorted;
	s->spare = b->sorted + room;
	s->room = (uint32_t)room;
	s->most = all ? CHUNK_HASHES_MAX : CHUNK_FEW;
	return 0;
}

/* ---- What goes into it ----------------------------------------------------------------------- */

static inline uint64_t hash_of_word(uint64_t word)
{
	return hash_bytes(&word, sizeof(word), 0);
}

static void add_words(struct set *s, const uint64_t *w, size_t n)
{
	for (size_t i = 0; i < n && !s->many; i++)
		if (i == 0 || w[i] != w[i - 1])
			set_add(s, hash_of_word(w[i]));
}

/* Numbers within a byte of each other: each is hashed once. */
static void add_near_words(struct set *s, const struct chunk_build *b, uint64_t min)
{
	bool seen[UINT8_MAX + 1] = { 0 };

	for (uint32_t i = 0; i < b->n; i++)
		seen[(uint8_t)(b->words[i] - min)] = true;
	for (size_t i = 0; i <= UINT8_MAX; i++)
		if (seen[i])
			set_add(s, hash_of_word(min + i));
}

static void add_entries(struct set *s, const struct chunk_build *b)
{
	if (b->entries > s->most) {
		s->many = true;
		return;
	}
	for (uint32_t i = 0; i < b->entries; i++)
		s->v[i] = b->hashes[i];
	s->n = b->entries;
}

/* Names of maps mostly stand where they stood in the map before: to compare one costs less than to
 * hash it. */
#define BEFORE_MAX 32
struct before {
	struct str name[BEFORE_MAX];
	size_t at;
};

static inline void add_name(struct set *s, struct before *before, struct str name)
{
	size_t at = before->at++ % BEFORE_MAX;

	if (before->name[at].p && str_eq(before->name[at], name))
		return;
	before->name[at] = name;
	set_add(s, hash_bytes(name.p, name.n, 0));
}

static void add_elements(struct set *s, const struct chunk_build *b)
{
	struct before before = { 0 };

	for (uint32_t i = 0; i < b->entries && !s->many; i++) {
		const struct row_value v = { .type = b->type, .s = chunk_build_entry(b, i) };
		struct row_pair pair;
		size_t pos = 0;
		uint64_t word;

		before.at = 0;
		while (row_value_next_u64(&v, &pos, &word))
			set_add(s, hash_of_word(word));
		while (row_value_next_str(&v, &pos, &pair.name))
			add_name(s, &before, pair.name);
		while (row_value_next_pair(&v, &pos, &pair))
			add_name(s, &before, pair.name);
	}
}

static void add_all(struct set *s, const struct chunk_build *b, const struct chunk_range *range,
		    uint32_t words)
{
	if (has_elements(b))
		add_elements(s, b);
	else if (b->class != CHUNK_WORDS)
		add_entries(s, b);
	else if (words > 0)
		add_words(s, b->spare, words);
	else if (b->n > 0 && range->max - range->min <= UINT8_MAX)
		add_near_words(s, b, range->min);
	else
		add_words(s, b->words, b->n);
}

static int fill_hashes(struct chunk_build *b, const struct chunk_range *range, uint32_t words,
		       struct chunk_facts *out)
{
	struct set s;
	int r;

	out->distinct = CHUNK_HASHES_MAX + 1;
	out->hashes = NULL;
	if (b->plain || b->type == FIELD_F64)
		return 0;
	r = set_make(b, out->all_hashes, &s);
	if (r < 0)
		return r;
	add_all(&s, b, range, words);
	if (!s.many)
		set_sort(&s);
	if (s.many)
		return 0;
	out->distinct = s.n;
	out->hashes = s.v;
	return 0;
}

/* ---- Bounds ---------------------------------------------------------------------------------- */

static double number(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

static void bound_floats(const struct chunk_build *b, struct chunk_facts *out)
{
	double min = number(b->words[0]), max = min;
	bool nan = false;

	for (uint32_t i = 0; i < b->n; i++) {
		double d = number(b->words[i]);

		nan |= d != d;
		min = d < min ? d : min;
		max = d > max ? d : max;
	}
	out->bounded = !nan;
	out->min.f = min;
	out->max.f = max;
}

static void bound_ips(const struct chunk_build *b, struct chunk_facts *out)
{
	struct ip_addr min, max;

	memcpy(&min, b->text, sizeof(min));
	max = min;
	for (uint32_t i = 1; i < b->entries; i++) {
		const char *ip = b->text + i * sizeof(min);

		if (memcmp(ip, &min, sizeof(min)) < 0)
			memcpy(&min, ip, sizeof(min));
		if (memcmp(ip, &max, sizeof(max)) > 0)
			memcpy(&max, ip, sizeof(max));
	}
	out->bounded = true;
	out->min.ip = min;
	out->max.ip = max;
}

static void fill_bounds(const struct chunk_build *b, const struct chunk_range *range,
			struct chunk_facts *out)
{
	out->bounded = false;
	if (b->n == 0 || b->class == CHUNK_TEXTS)
		return;
	if (b->class == CHUNK_IPS) {
		bound_ips(b, out);
	} else if (b->type == FIELD_F64) {
		bound_floats(b, out);
	} else {
		out->bounded = true;
		out->min.u = range->min;
		out->max.u = range->max;
	}
}

int chunk_facts_fill(struct chunk_build *b, const struct chunk_range *range, uint32_t words,
		     struct chunk_facts *out)
{
	out->present = b->n;
	memset(&out->min, 0, sizeof(out->min));
	memset(&out->max, 0, sizeof(out->max));
	fill_bounds(b, range, out);
	return fill_hashes(b, range, words, out);
}
