// SPDX-License-Identifier: Apache-2.0
/*
 * DER and what stands in certificates.
 */
#include "tls/x509.h"

#include "t.h"
#include "tls_samples.h"

/* ---- DER ------------------------------------------------------------------------------------- */

#define DER(lit) ((struct str){ lit, sizeof(lit) - 1 })

TEST(elements_follow_each_other)
{
	struct str in = DER("\x02\x01\x05\x04\x02hi");
	struct der d;

	assert_int_equal(der_next(&in, &d), 1);
	assert_int_equal(d.tag, DER_INTEGER);
	assert_str(d.body, "\x05");
	assert_int_equal(der_next(&in, &d), 1);
	assert_str(d.body, "hi");
	assert_str(d.whole, "\x04\x02hi");
	assert_int_equal(der_next(&in, &d), 0);
}

TEST(what_is_not_der_is_refused)
{
	static const struct str bad[] = {
		{ "\x02", 1 },                 /* no length */
		{ "\x02\x02\x05", 3 },         /* beyond the end */
		{ "\x30\x80\x00\x00", 4 },     /* indefinite */
		{ "\x04\x81\x02hi", 5 },       /* longer than need be */
		{ "\x04\x82\x00\x02hi", 6 },   /* the same */
		{ "\x1f\x81\x01\x01\x00", 5 }, /* a tag of several bytes */
		{ "\x04\x84\x00\x00\x00\x02hi", 8 },
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct str in = bad[i];
		struct der d;

		assert_int_equal(der_next(&in, &d), -EBADMSG);
		assert_int_equal(in.n, bad[i].n);
	}
}

TEST(long_lengths_are_read)
{
	static char bytes[4 + 0x180] = "\x04\x82\x01\x80";
	struct str in = { bytes, sizeof(bytes) };
	struct der d;

	assert_int_equal(der_next(&in, &d), 1);
	assert_int_equal(d.body.n, 0x180);
	in = (struct str){ bytes, sizeof(bytes) - 1 };
	assert_int_equal(der_next(&in, &d), -EBADMSG);
}

TEST(an_element_that_may_be_missing_may)
{
	struct str in = DER("\x02\x01\x05"), body;

	assert_int_equal(der_take_optional(&in, DER_BOOLEAN, &body), 0);
	assert_int_equal(der_take_optional(&in, DER_INTEGER, &body), 1);
	assert_int_equal(der_take(&in, DER_INTEGER, &body), -EBADMSG);
}

static int time_of(uint8_t tag, const char *text, int64_t *out)
{
	struct der d = { .tag = tag, .body = str_of(text) };

	return der_time(&d, out);
}

TEST(times_are_of_either_form)
{
	int64_t t = 0;

	assert_int_equal(time_of(DER_UTC_TIME, "700101000001Z", &t), 0);
	assert_int_equal(t, NS_PER_S);
	assert_int_equal(time_of(DER_GENERALIZED_TIME, "19700101000002Z", &t), 0);
	assert_int_equal(t, 2 * NS_PER_S);
	assert_int_equal(time_of(DER_UTC_TIME, "491231235959Z", &t), 0);
	assert_int_equal(t, INT64_C(2524607999) * NS_PER_S);
	assert_int_equal(time_of(DER_UTC_TIME, "500101000000Z", &t), 0);
	assert_int_equal(t, INT64_C(-631152000) * NS_PER_S);
}

TEST(what_is_no_time_is_refused)
{
	int64_t t;

	assert_int_equal(time_of(DER_UTC_TIME, "7001010000Z", &t), -EBADMSG);
	assert_int_equal(time_of(DER_UTC_TIME, "700101000001+", &t), -EBADMSG);
	assert_int_equal(time_of(DER_UTC_TIME, "70010100000xZ", &t), -EBADMSG);
	assert_int_equal(time_of(DER_UTC_TIME, "", &t), -EBADMSG);
	assert_int_equal(time_of(DER_INTEGER, "700101000001Z", &t), -EBADMSG);
	assert_true(time_of(DER_UTC_TIME, "701301000001Z", &t) < 0);
	assert_int_equal(time_of(DER_GENERALIZED_TIME, "99991231235959Z", &t), -ERANGE);
}

TEST(bits_of_numbers_are_counted)
{
	assert_int_equal(der_bits(DER("\x00\x80\x00")), 16);
	assert_int_equal(der_bits(DER("\x01\x00\x01")), 17);
	assert_int_equal(der_bits(DER("\x00")), 0);
	assert_int_equal(der_bits(DER("")), 0);
}

/* ---- Certificates ---------------------------------------------------------------------------- */

static struct pool pool;
static struct arena arena;

static void arena_begin(void)
{
	assert_int_equal(pool_init(&pool, 4 * KIB, 4), 0);
	arena_init(&arena, &pool, 16 * KIB);
}

static void arena_end(void)
{
	arena_done(&arena);
	pool_done(&pool);
}

TEST(a_certificate_is_read)
{
	struct x509 x;
	bool cut;

	arena_begin();
	assert_int_equal(x509_parse(DER(CERTIFICATE_RSA), &x), 0);

	assert_str(x.serial, "\x12\x34");
	assert_str(x.signature, "RSA-SHA1");
	assert_str(x.key_name, "RSA");
	assert_int_equal(x.key_bits, 1024);
	assert_int_equal(x.digest, X509_DIGEST_SHA1);
	assert_true(x.self_signed);
	assert_str(x509_name(x.subject, &arena, &cut), "CN=shop.example,O=Comma\\, Inc,C=XX");
	assert_false(cut);
	arena_end();
}

TEST(a_key_on_a_curve_has_its_name)
{
	struct x509 x;

	assert_int_equal(x509_parse(DER(CERTIFICATE_EC), &x), 0);

	assert_str(x.key_name, "EC P-256");
	assert_str(x.signature, "ECDSA-SHA256");
	assert_int_equal(x.key_bits, 0);
}

TEST(alternatives_are_names_addresses_and_hosts_but_no_mail)
{
	struct str name[X509_NAMES_MAX];
	struct x509 x;
	bool cut;

	arena_begin();
	assert_int_equal(x509_parse(DER(CERTIFICATE_RSA), &x), 0);
	assert_int_equal(x509_alternatives(x.alternatives, &arena, name, &cut), 4);

	assert_false(cut);
	assert_str(name[0], "shop.example");
	assert_str(name[1], "192.0.2.7");
	assert_str(name[2], "2001:db8::1");
	assert_str(name[3], "api.example");
	arena_end();
}

TEST(alternatives_are_told_up_to_the_limit)
{
	static char list[4 * (X509_NAMES_MAX + 1)];
	struct str name[X509_NAMES_MAX];
	bool cut;

	for (size_t i = 0; i < sizeof(list); i += 4)
		memcpy(list + i, "\x82\x02h.", 4);
	arena_begin();
	assert_int_equal(x509_alternatives((struct str){ list, sizeof(list) - 4 }, &arena, name,
					   &cut),
			 X509_NAMES_MAX);
	assert_false(cut);
	assert_int_equal(x509_alternatives((struct str){ list, sizeof(list) }, &arena, name, &cut),
			 X509_NAMES_MAX);
	assert_true(cut);
	arena_end();
}

TEST(names_of_all_string_types_become_utf_8)
{
	/* A part each: CN of BMPString U+00E9, O of T61String 0xE9, OU of UTF8String with controls,
	 * and one of an unknown type. */
	struct str name = DER("\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x1e\x02\x00\xe9"
			      "\x31\x0a\x30\x08\x06\x03\x55\x04\x0a\x14\x01\xe9"
			      "\x31\x0c\x30\x0a\x06\x03\x55\x04\x0b\x0c\x03\x00#x"
			      "\x31\x0a\x30\x08\x06\x03\x55\x04\x7e\x0c\x01z");
	bool cut;

	arena_begin();
	assert_str(x509_name(name, &arena, &cut), "OU=\\00#x,O=\xc3\xa9,CN=\xc3\xa9");
	assert_true(cut);
	arena_end();
}

TEST(a_name_ends_at_its_limit)
{
	/* A SET and a SEQUENCE around CN with 0x3ff bytes: with "CN=" that is too long by two. */
	static char part[17 + 0x3ff] = "\x31\x82\x04\x0c\x30\x82\x04\x08\x06\x03\x55\x04\x03"
				       "\x13\x82\x03\xff";
	struct str text;
	bool cut;

	memset(part + 17, 'x', 0x3ff);
	arena_begin();
	text = x509_name((struct str){ part, sizeof(part) }, &arena, &cut);

	assert_true(cut);
	assert_int_equal(text.n, X509_NAME_TEXT_MAX);
	arena_end();
}

TEST(every_cut_of_a_certificate_is_refused)
{
	static const char whole[] = CERTIFICATE_RSA;

	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		char *copy = malloc(n + 1); /* so that a read beyond it is seen */
		struct x509 x;

		assert_non_null(copy);
		memcpy(copy, whole, n);
		assert_int_equal(x509_parse((struct str){ copy, n }, &x), -EBADMSG);
		free(copy);
	}
}

TEST_MAIN
