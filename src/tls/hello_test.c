// SPDX-License-Identifier: Apache-2.0
/*
 * Hellos and their fingerprints, against RFC 8448 and the published example of JA4.
 */
#include "tls/fingerprint.h"
#include "tls/hello.h"
#include "tls/names.h"

#include "t.h"
#include "tls_samples.h"

static struct str body_of(const char *message, size_t n)
{
	return (struct str){ message + 4, n - 4 };
}
#define BODY(message) body_of(message, sizeof(message) - 1)

#define assert_fingerprint(text, want) assert_memory_equal(text, want, sizeof(want) - 1)

/* ---- Reading --------------------------------------------------------------------------------- */

TEST(the_client_of_rfc_8448_is_read)
{
	struct tls_hello h;

	tls_hello_parse_client(BODY(CLIENT_HELLO_13), &h);

	assert_false(h.malformed);
	assert_int_equal(h.legacy_version, 0x0303);
	assert_int_equal(h.version, 0x0304);
	assert_str(h.name, "server");
	assert_int_equal(tls_hello_count(h.suites), 3);
	assert_int_equal(tls_hello_count(h.groups), 9);
	assert_int_equal(tls_hello_at(h.groups, 0), 29);
	assert_int_equal(tls_hello_count(h.signatures), 15);
	assert_int_equal(h.protocols.n, 0);
}

TEST(the_server_of_rfc_8448_is_read)
{
	struct tls_hello h;

	tls_hello_parse_server(BODY(SERVER_HELLO_13), &h);

	assert_false(h.malformed);
	assert_int_equal(h.version, 0x0304);
	assert_int_equal(h.suite, 0x1301);
	assert_int_equal(h.group, 29);
	assert_false(h.retry || h.psk);
}

TEST(a_request_for_another_hello_is_told_from_a_hello)
{
	struct tls_hello h;

	tls_hello_parse_server(BODY(HELLO_RETRY), &h);

	assert_true(h.retry);
	assert_int_equal(h.group, 23);
}

TEST(grease_is_no_version)
{
	struct tls_hello h;

	tls_hello_parse_client(BODY(CLIENT_HELLO_AGAIN), &h);

	assert_int_equal(h.version, 0x0304);
	assert_int_equal(tls_hello_count(h.versions), 2);
}

/* Up to draft 21 a ServerHello had no session id and no compression. */
TEST(the_short_form_of_drafts_is_read)
{
	static const char hello[] = "\x7f\x0e"
				    "0123456789abcdef0123456789abcdef"
				    "\x13\x01\x00\x08\x00\x28\x00\x04\x00\x1d\x00\x00";
	struct tls_hello h;

	tls_hello_parse_server((struct str){ hello, sizeof(hello) - 1 }, &h);

	assert_false(h.malformed);
	assert_int_equal(h.version, 0x7f0e);
	assert_int_equal(h.suite, 0x1301);
}

TEST(every_cut_of_a_hello_is_malformed_but_the_one_before_extensions)
{
	struct str whole = BODY(CLIENT_HELLO_12);
	struct tls_hello h;
	size_t sane = 0;

	for (size_t n = 0; n < whole.n; n++) {
		char *copy = malloc(n + 1); /* so that a read beyond it is seen */

		assert_non_null(copy);
		memcpy(copy, whole.p, n);
		tls_hello_parse_client((struct str){ copy, n }, &h);
		sane += !h.malformed;
		free(copy);
	}

	assert_int_equal(sane, 1);
}

TEST(a_damaged_hello_tells_what_stands_before_the_damage)
{
	struct str whole = BODY(CLIENT_HELLO_12);
	struct tls_hello h;

	tls_hello_parse_client(str_head(whole, whole.n - 3), &h);

	assert_true(h.malformed);
	assert_str(h.name, "shop.example");
	assert_int_equal(tls_hello_count(h.suites), 3);
}

/* ---- Fingerprints ---------------------------------------------------------------------------- */

TEST(ja3_is_the_md5_of_numbers)
{
	struct tls_hello h;
	char ja3[JA3_BYTES];

	tls_hello_parse_client(BODY(CLIENT_HELLO_12), &h);
	assert_int_equal(tls_fingerprint_ja3(&h, ja3), 0);

	/* 771,49199-156-10,0-10-11-13-16,29-23,0 */
	assert_fingerprint(ja3, "625e26c315d0ee17395bc609c89b784a");
}

TEST(ja3s_is_the_md5_of_numbers)
{
	struct tls_hello h;
	char ja3s[JA3_BYTES];

	tls_hello_parse_server(BODY(SERVER_HELLO_12), &h);
	assert_int_equal(tls_fingerprint_ja3s(&h, ja3s), 0);

	/* 771,49199,16 */
	assert_fingerprint(ja3s, "896415616b22361262d7a961b6325cfd");
}

TEST(ja3_without_extensions_has_empty_lists)
{
	struct tls_hello h;
	char ja3[JA3_BYTES];

	tls_hello_parse_client(BODY(CLIENT_HELLO_10), &h);
	assert_int_equal(tls_fingerprint_ja3(&h, ja3), 0);

	/* 769,5-10,,, */
	assert_fingerprint(ja3, "6f48c2cf5284d77ff4710643719f2eaf");
}

/* The example of its description, with the lists in another order and GREASE in each. */
static struct tls_hello example(char *extensions, size_t room)
{
	static const uint16_t types[] = { 0x2a2a, 0x0000, 0x0017, 0xff01, 0x000a, 0x000b,
					  0x0023, 0x0010, 0x0005, 0x000d, 0x0012, 0x0033,
					  0x002d, 0x002b, 0x001b, 0x4469, 0xaaaa, 0x0015 };
	static const char suites[] = "\x0a\x0a\x13\x01\x13\x02\x13\x03\xc0\x2b\xc0\x2f\xc0\x2c\xc0"
				     "\x30\xcc\xa9\xcc\xa8\xc0\x13\xc0\x14\x00\x9c\x00\x9d\x00\x2f"
				     "\x00\x35";
	static const char signatures[] = "\x04\x03\x08\x04\x04\x01\x05\x03\x08\x05\x05\x01\x08\x06"
					 "\x06\x01";
	struct tls_hello h = { .legacy_version = 0x0303, .version = 0x0304, .has_name = true };

	assert_true(room >= 4 * ARRAY_LEN(types));
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		extensions[4 * i] = (char)(types[i] >> 8);
		extensions[4 * i + 1] = (char)types[i];
		extensions[4 * i + 2] = extensions[4 * i + 3] = 0;
	}
	h.extensions = (struct str){ extensions, 4 * ARRAY_LEN(types) };
	h.suites = (struct str){ suites, sizeof(suites) - 1 };
	h.signatures = (struct str){ signatures, sizeof(signatures) - 1 };
	h.protocols = STR("\x02h2\x08http/1.1");
	return h;
}

TEST(ja4_is_that_of_its_description)
{
	char extensions[128], ja4[JA4_BYTES];
	struct tls_hello h = example(extensions, sizeof(extensions));

	assert_int_equal(tls_fingerprint_ja4(&h, false, ja4), 0);

	assert_fingerprint(ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

TEST(ja4_says_what_carries_the_hello_and_whether_it_names_a_host)
{
	char extensions[128], ja4[JA4_BYTES];
	struct tls_hello h = example(extensions, sizeof(extensions));

	h.has_name = false;
	assert_int_equal(tls_fingerprint_ja4(&h, true, ja4), 0);

	assert_fingerprint(ja4, "q13i1516h2_");
}

TEST(ja4_writes_a_protocol_that_is_no_text_by_its_bytes)
{
	static const struct {
		struct str protocols;
		char want[3];
	} cases[] = { { { "\x01\xab", 2 }, "ab" },
		      { { "\x02\xab\xcd", 3 }, "ad" },
		      { { "\x02\x30\xab", 3 }, "3b" },
		      { { "\x01h", 2 }, "hh" },
		      { { "", 0 }, "00" },
		      { { "\x00", 1 }, "00" } };
	char extensions[128], ja4[JA4_BYTES];
	struct tls_hello h = example(extensions, sizeof(extensions));

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		h.protocols = cases[i].protocols;
		assert_int_equal(tls_fingerprint_ja4(&h, false, ja4), 0);
		assert_memory_equal(ja4 + 8, cases[i].want, 2);
	}
}

TEST(ja4_of_nothing_is_zeros)
{
	struct tls_hello h = { .legacy_version = 0x0300, .version = 0x0300 };
	char ja4[JA4_BYTES];

	assert_int_equal(tls_fingerprint_ja4(&h, false, ja4), 0);

	assert_fingerprint(ja4, "ts3i000000_000000000000_000000000000");
}

TEST(ja4_is_of_as_many_suites_as_it_sorts)
{
	static char suites[2 * JA4_LIST_MAX + 2];
	struct tls_hello h = { .version = 0x0303, .suites = { suites, 2 * JA4_LIST_MAX } };
	char ja4[JA4_BYTES];

	assert_int_equal(tls_fingerprint_ja4(&h, false, ja4), 0);
	assert_fingerprint(ja4, "t12i990000_");
	h.suites.n = sizeof(suites);
	assert_int_equal(tls_fingerprint_ja4(&h, false, ja4), -ENODATA);
}

TEST(a_damaged_hello_has_no_fingerprint)
{
	struct tls_hello h = { .malformed = true };
	char text[JA4_BYTES];

	assert_int_equal(tls_fingerprint_ja3(&h, text), -ENODATA);
	assert_int_equal(tls_fingerprint_ja3s(&h, text), -ENODATA);
	assert_int_equal(tls_fingerprint_ja4(&h, false, text), -ENODATA);
}

/* ---- Names ----------------------------------------------------------------------------------- */

TEST(tables_are_sorted)
{
	static const struct name_table *const tables[] = { &tls_name_suites, &tls_name_suites_v2,
							   &tls_name_versions, &tls_name_groups,
							   &tls_name_alerts };

	for (size_t t = 0; t < ARRAY_LEN(tables); t++)
		for (size_t i = 1; i < tables[t]->n; i++)
			assert_true(tables[t]->row[i - 1].number < tables[t]->row[i].number);
}

TEST(a_number_without_a_name_is_written)
{
	struct pool pool;
	struct arena arena;

	assert_int_equal(pool_init(&pool, 4 * KIB, 1), 0);
	arena_init(&arena, &pool, 4 * KIB);

	assert_str(tls_name_get(&tls_name_suites, 0x1301, &arena), "TLS_AES_128_GCM_SHA256");
	assert_str(tls_name_get(&tls_name_suites, 0xfafa, &arena), "GREASE");
	assert_str(tls_name_get(&tls_name_suites, 0x00fe, &arena), "0x00fe");
	arena_done(&arena);
	pool_done(&pool);
}

TEST(only_protocols_that_are_known_are_shown)
{
	static const char *const shown[] = { "h2",      "http/1.1",   "spdy/3.1", "h3-29",
					     "h3-T050", "hq-interop", "doq-i00" };
	static const char *const hidden[] = {
		"", "h2x", "http/", "http/1234567", "h3-abc", "alice@example.org", "hunter2"
	};
	struct pool pool;
	struct arena arena;

	assert_int_equal(pool_init(&pool, 4 * KIB, 1), 0);
	arena_init(&arena, &pool, 4 * KIB);
	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		assert_true(str_eq(tls_name_protocol(str_of(shown[i]), &arena), str_of(shown[i])));
	for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
		assert_str(tls_name_protocol(str_of(hidden[i]), &arena), "[masked]");
	assert_str(tls_name_protocol(STR("\x4a\x4a"), &arena), "GREASE");
	arena_done(&arena);
	pool_done(&pool);
}

TEST_MAIN
