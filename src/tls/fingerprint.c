// SPDX-License-Identifier: Apache-2.0
/*
 * JA3 and JA3S are the MD5 of lists of numbers as they stand in the hello; JA4 is a readable head
 * and two short SHA-256 of sorted lists, so that a client that shuffles its extensions keeps its
 * fingerprint. GREASE is left out of all. Of the JA4 family only JA4 itself is made here.
 */
#include "tls/fingerprint.h"

#include <stdio.h>

#include "crypto/crypto.h"
#include "tls/names.h"

/* ---- Text on its way into a hash ------------------------------------------------------------- */

struct feed {
	enum crypto_hash hash;
	size_t n;
	char text[256];
};

static void feed_flush(struct feed *f)
{
	crypto_hash_add(f->hash, (struct str){ f->text, f->n });
	f->n = 0;
}

static char *feed_room(struct feed *f, size_t n)
{
	if (f->n + n > sizeof(f->text))
		feed_flush(f);
	f->n += n;
	return f->text + f->n - n;
}

static void feed_char(struct feed *f, char c)
{
	*feed_room(f, 1) = c;
}

static void feed_decimal(struct feed *f, unsigned v)
{
	char digits[10];
	size_t n = sizeof(digits);

	do
		digits[--n] = (char)('0' + v % 10);
	while (v /= 10);
	memcpy(feed_room(f, sizeof(digits) - n), digits + n, sizeof(digits) - n);
}

static const char hex_digits[] = "0123456789abcdef";

void tls_fingerprint_hex(const uint8_t *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = hex_digits[bytes[i] >> 4];
		out[2 * i + 1] = hex_digits[bytes[i] & 15];
	}
}

static void feed_hex16(struct feed *f, uint16_t v)
{
	const uint8_t bytes[] = { (uint8_t)(v >> 8), (uint8_t)v };

	tls_fingerprint_hex(bytes, sizeof(bytes), feed_room(f, 4));
}

static void feed_begin(struct feed *f, enum crypto_hash hash)
{
	f->hash = hash;
	f->n = 0;
	crypto_hash_begin(hash);
}

static int feed_end(struct feed *f, uint8_t *out)
{
	feed_flush(f);
	return crypto_hash_end(f->hash, out);
}

/* ---- JA3, JA3S ------------------------------------------------------------------------------- */

/* "1-2-3", without GREASE. */
static void feed_numbers(struct feed *f, struct str list)
{
	bool first = true;

	for (size_t i = 0; i < tls_hello_count(list); i++) {
		if (tls_name_is_grease(tls_hello_at(list, i)))
			continue;
		if (!first)
			feed_char(f, '-');
		first = false;
		feed_decimal(f, tls_hello_at(list, i));
	}
}

static void feed_extensions(struct feed *f, struct str rest)
{
	struct str data;
	bool first = true;
	uint16_t type;

	while (tls_hello_next_extension(&rest, &type, &data)) {
		if (tls_name_is_grease(type))
			continue;
		if (!first)
			feed_char(f, '-');
		first = false;
		feed_decimal(f, type);
	}
}

static int ja3_end(struct feed *f, char out[JA3_BYTES])
{
	uint8_t md5[CRYPTO_MD5_BYTES];
	int r = feed_end(f, md5);

	if (r == 0)
		tls_fingerprint_hex(md5, sizeof(md5), out);
	return r;
}

int tls_fingerprint_ja3(const struct tls_hello *h, char out[JA3_BYTES])
{
	struct feed f;

	if (h->v2 || h->malformed)
		return -ENODATA;
	feed_begin(&f, CRYPTO_MD5);
	feed_decimal(&f, h->legacy_version);
	feed_char(&f, ',');
	feed_numbers(&f, h->suites);
	feed_char(&f, ',');
	feed_extensions(&f, h->extensions);
	feed_char(&f, ',');
	feed_numbers(&f, h->groups);
	feed_char(&f, ',');
	for (size_t i = 0; i < h->points.n; i++) {
		if (i)
			feed_char(&f, '-');
		feed_decimal(&f, (uint8_t)h->points.p[i]);
	}
	return ja3_end(&f, out);
}

int tls_fingerprint_ja3s(const struct tls_hello *h, char out[JA3_BYTES])
{
	struct feed f;

	if (h->v2 || h->malformed)
		return -ENODATA;
	feed_begin(&f, CRYPTO_MD5);
	feed_decimal(&f, h->legacy_version);
	feed_char(&f, ',');
	feed_decimal(&f, h->suite);
	feed_char(&f, ',');
	feed_extensions(&f, h->extensions);
	return ja3_end(&f, out);
}

/* ---- JA4 ------------------------------------------------------------------------------------- */

/* A list to be sorted. */
struct sorted {
	uint16_t v[JA4_LIST_MAX];
	size_t n;
};

static void sorted_add(struct sorted *s, uint16_t v)
{
	if (s->n < JA4_LIST_MAX)
		s->v[s->n++] = v;
}

/* Shell's sort: lists are short and often sorted in parts. */
static void sort(struct sorted *s)
{
	for (size_t gap = 301; gap > 0; gap = gap / 3) {
		for (size_t i = gap; i < s->n; i++) {
			uint16_t v = s->v[i];
			size_t at = i;

			for (; at >= gap && s->v[at - gap] > v; at -= gap)
				s->v[at] = s->v[at - gap];
			s->v[at] = v;
		}
	}
}

#define JA4_HASH_BYTES 6 /* of which 12 digits are shown */

static void feed_sorted(struct feed *f, struct sorted *s)
{
	sort(s);
	for (size_t i = 0; i < s->n; i++) {
		if (i)
			feed_char(f, ',');
		feed_hex16(f, s->v[i]);
	}
}

/* Nothing has no hash: twelve zeros stand for it. */
static int ja4_end(struct feed *f, bool empty, char out[2 * JA4_HASH_BYTES])
{
	uint8_t hash[CRYPTO_SHA256_BYTES];
	int r = feed_end(f, hash);

	if (empty)
		memset(hash, 0, JA4_HASH_BYTES);
	if (r == 0)
		tls_fingerprint_hex(hash, JA4_HASH_BYTES, out);
	return r;
}

static int ja4_suites(const struct tls_hello *h, struct sorted *s, char out[2 * JA4_HASH_BYTES])
{
	struct feed f;

	for (size_t i = 0; i < tls_hello_count(h->suites); i++)
		if (!tls_name_is_grease(tls_hello_at(h->suites, i)))
			sorted_add(s, tls_hello_at(h->suites, i));
	feed_begin(&f, CRYPTO_SHA256);
	feed_sorted(&f, s);
	return ja4_end(&f, s->n == 0, out);
}

/* Server name and ALPN are told in the head: who speaks to a name is still the same. */
static int ja4_extensions(const struct tls_hello *h, size_t *count, char out[2 * JA4_HASH_BYTES])
{
	struct sorted s = { .n = 0 };
	struct str rest = h->extensions, data;
	struct feed f;
	uint16_t type;
	char before = '_';

	*count = 0;
	while (tls_hello_next_extension(&rest, &type, &data)) {
		if (tls_name_is_grease(type))
			continue;
		++*count;
		if (type != EXTENSION_SERVER_NAME && type != EXTENSION_ALPN)
			sorted_add(&s, type);
	}
	feed_begin(&f, CRYPTO_SHA256);
	feed_sorted(&f, &s);
	for (size_t i = 0; i < tls_hello_count(h->signatures); i++) {
		uint16_t signature = tls_hello_at(h->signatures, i);

		if (tls_name_is_grease(signature))
			continue;
		feed_char(&f, before);
		feed_hex16(&f, signature);
		before = ',';
	}
	return ja4_end(&f, s.n == 0, out);
}

static const char *ja4_version(uint16_t version)
{
	static const struct {
		uint16_t version;
		char name[3];
	} names[] = { { 0x0304, "13" }, { 0x0303, "12" }, { 0x0302, "11" },
		      { 0x0301, "10" }, { 0x0300, "s3" }, { 0x0002, "s2" } };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].version == version)
			return names[i].name;
	return "00";
}

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* First and last character of the first protocol, or the first and last digit of its bytes. */
static void ja4_protocol(const struct tls_hello *h, char out[2])
{
	struct str rest = h->protocols, protocol;
	uint8_t first, last;

	out[0] = out[1] = '0';
	if (!tls_hello_next_protocol(&rest, &protocol) || protocol.n == 0)
		return;
	first = (uint8_t)protocol.p[0];
	last = (uint8_t)protocol.p[protocol.n - 1];
	if (is_alphanumeric((char)first) && is_alphanumeric((char)last)) {
		out[0] = (char)first;
		out[1] = (char)last;
	} else {
		out[0] = hex_digits[first >> 4];
		out[1] = hex_digits[last & 15];
	}
}

int tls_fingerprint_ja4(const struct tls_hello *h, bool quic, char out[JA4_BYTES])
{
	struct sorted suites = { .n = 0 };
	char head[11], protocol[2];
	size_t extensions = 0;
	int r;

	if (h->v2 || h->malformed || tls_hello_count(h->suites) > JA4_LIST_MAX)
		return -ENODATA;
	r = ja4_suites(h, &suites, out + 11);
	if (r == 0)
		r = ja4_extensions(h, &extensions, out + 24);
	if (r < 0 || extensions > JA4_LIST_MAX)
		return r < 0 ? r : -ENODATA;
	ja4_protocol(h, protocol);
	(void)snprintf(head, sizeof(head), "%c%s%c%02u%02u", quic ? 'q' : 't',
		       ja4_version(h->version), h->has_name ? 'd' : 'i',
		       (unsigned)size_min(suites.n, 99), (unsigned)size_min(extensions, 99));
	memcpy(out, head, 8);
	memcpy(out + 8, protocol, sizeof(protocol));
	out[10] = out[23] = '_';
	return 0;
}
