/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what base reads out of text: whatever is accepted is printed again, and reading that must
 * give the same value; searching and cutting must agree with each other.
 */
#include "base/base.h"

#include <inttypes.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ip(struct str s)
{
	char text[IP_TEXT_BYTES];
	struct ip_addr a, b;
	size_t n;

	if (ip_parse(s, &a) < 0)
		return;
	n = ip_format(&a, text);
	assert(n < sizeof(text) && n == strlen(text));
	assert(ip_parse((struct str){ text, n }, &b) == 0);
	assert(memcmp(&a, &b, sizeof(a)) == 0);
}

/* Any 16 bytes are an address. */
static void check_ip_bytes(struct str s)
{
	char text[IP_TEXT_BYTES];
	struct ip_addr a, b;

	if (s.n < sizeof(a.b))
		return;
	memcpy(a.b, s.p, sizeof(a.b));
	assert(ip_parse((struct str){ text, ip_format(&a, text) }, &b) == 0);
	assert(memcmp(&a, &b, sizeof(a)) == 0);
}

static void check_time_ns(int64_t ns)
{
	char text[TIME_TEXT_BYTES];
	int64_t again;

	assert(time_parse((struct str){ text, time_format(ns, text) }, &again) == 0);
	assert(again == ns);
}

/* Printing rounds to three digits behind the point. */
static void check_dur_ns(int64_t ns)
{
	char text[TIME_TEXT_BYTES];
	int64_t again;
	size_t n = dur_format(ns, text);
	int r = dur_parse((struct str){ text, n }, &again);
	int64_t error;

	assert(n < sizeof(text) && n == strlen(text));
	if (r == -ERANGE) /* rounded past the end */
		return;
	assert(r == 0 && !ckd_sub(&error, again, ns));
	assert(error <= NS_PER_MS / 2 && error >= -NS_PER_MS / 2);
	assert(ns >= NS_PER_MS || ns <= -NS_PER_MS || error == 0);
}

static void check_times(struct str s)
{
	int64_t ns;

	if (time_parse(s, &ns) == 0)
		check_time_ns(ns);
	if (dur_parse(s, &ns) == 0)
		check_dur_ns(ns);
	if (s.n >= sizeof(ns)) {
		memcpy(&ns, s.p, sizeof(ns));
		check_time_ns(ns);
		check_dur_ns(ns);
	}
}

static void check_numbers(struct str s)
{
	char text[32];
	uint64_t v, again;

	if (str_to_u64(s, &v) == 0) {
		(void)snprintf(text, sizeof(text), "%" PRIu64, v);
		assert(str_to_u64(str_of(text), &again) == 0 && again == v);
		assert(bytes_parse(s, &again) == 0 && again == v);
	}
	if (str_to_hex64(s, &v) == 0) {
		(void)snprintf(text, sizeof(text), "%" PRIx64, v);
		assert(str_to_hex64(str_of(text), &again) == 0 && again == v);
	}
	if (bytes_parse(s, &v) == 0)
		assert(v % KIB == 0 || str_to_u64(s, &again) == 0);
}

static void check_words(struct str s)
{
	struct str left = s;
	struct str head;
	size_t total = 0;
	bool more = s.n > 0;

	while (more) {
		more = str_cut(&left, ' ', &head);
		assert(str_find(head, ' ', 0) == -1);
		assert(str_contains(s, head) && str_starts(head, str_head(head, 3)));
		assert(str_trim(head).n <= head.n);
		total += head.n + more;
	}
	assert(total == s.n && left.n == 0);
}

static void check_pairs(struct str s)
{
	struct str a = str_head(s, s.n / 2);
	struct str b = str_skip(s, s.n / 2);
	size_t d = str_distance(a, b);

	assert(d == str_distance(b, a));
	assert((d == 0) == str_eq(a, b) && (str_cmp(a, b) == 0) == str_eq(a, b));
	assert((str_cmp(a, b) < 0) == (str_cmp(b, a) > 0));
	assert(!str_eq(a, b) ||
	       (str_eq_nocase(a, b) && hash_bytes(a.p, a.n, 1) == hash_bytes(b.p, b.n, 1)));
	assert(str_ends(s, b) && str_starts(s, a));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { (const char *)data, size };

	check_ip(s);
	check_ip_bytes(s);
	check_times(s);
	check_numbers(s);
	check_words(s);
	if (size <= 128)
		check_pairs(s);
	return 0;
}
