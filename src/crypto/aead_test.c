// SPDX-License-Identifier: Apache-2.0
/*
 * AES-256-GCM against the test cases of its specification (McGrew and Viega, appendix B), and what
 * is promised about memory.
 */
#include "crypto/crypto.h"
#include "crypto/memory.h"

#include "crypto/hex_test.h"

struct vector {
	const char *key, *nonce, *plain, *associated, *sealed;
};

#define ZERO_16  "00000000000000000000000000000000"
#define KEY_15   "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
#define NONCE_15 "cafebabefacedbaddecaf888"
#define PLAIN_60                                                                                   \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e24" \
	"49a6b525b16aedf5aa0de657ba637b39"
#define SEALED_60                                                                                  \
	"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10" \
	"56828838c5f61e6393ba7a0abcc9f662"

static const struct vector vectors[] = {
	{ ZERO_16 ZERO_16, "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
	{ ZERO_16 ZERO_16, "000000000000000000000000", ZERO_16, "",
	  "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919" },
	{ KEY_15, NONCE_15, PLAIN_60 "1aafd255", "",
	  SEALED_60 "898015adb094dac5d93471bdec1a502270e3cc6c" },
	{ KEY_15, NONCE_15, PLAIN_60, "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  SEALED_60 "76fc6ece0f4e1768cddf8853bb2d551b" },
};

/* A vector as bytes. */
struct sample {
	uint8_t key[CRYPTO_KEY_BYTES], nonce[CRYPTO_GCM_NONCE_BYTES];
	uint8_t bytes[3][128];
	struct str plain, associated, sealed;
};

static void sample_of(const struct vector *v, struct sample *s)
{
	(void)hex_into(s->key, sizeof(s->key), v->key);
	(void)hex_into(s->nonce, sizeof(s->nonce), v->nonce);
	s->plain = hex_into(s->bytes[0], sizeof(s->bytes[0]), v->plain);
	s->associated = hex_into(s->bytes[1], sizeof(s->bytes[1]), v->associated);
	s->sealed = hex_into(s->bytes[2], sizeof(s->bytes[2]), v->sealed);
}

TEST(sealing_is_that_of_the_specification)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		CLEANUP(crypto_aead_free) struct crypto_aead *a = NULL;
		uint8_t out[128];
		struct sample s;

		sample_of(&vectors[i], &s);
		assert_int_equal(crypto_aead_new(s.key, &a), 0);
		assert_int_equal(crypto_aead_seal(a, s.nonce, s.associated, s.plain, out), 0);

		assert_int_equal(s.sealed.n, s.plain.n + CRYPTO_GCM_TAG_BYTES);
		assert_memory_equal(out, s.sealed.p, s.sealed.n);
	}
}

TEST(opening_is_that_of_the_specification)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		CLEANUP(crypto_aead_free) struct crypto_aead *a = NULL;
		uint8_t out[128];
		struct sample s;

		sample_of(&vectors[i], &s);
		assert_int_equal(crypto_aead_new(s.key, &a), 0);
		assert_int_equal(crypto_aead_open(a, s.nonce, s.associated, s.sealed, out), 0);

		assert_memory_equal(out, s.plain.p, s.plain.n);
	}
}

TEST(one_context_seals_and_opens_in_any_order_and_in_place)
{
	CLEANUP(crypto_aead_free) struct crypto_aead *a = NULL;
	uint8_t buf[128];
	struct sample s;

	sample_of(&vectors[3], &s);
	assert_int_equal(crypto_aead_new(s.key, &a), 0);
	for (unsigned i = 0; i < 3; i++) {
		struct str plain = { (char *)buf, s.plain.n }, sealed = { plain.p, s.sealed.n };

		memcpy(buf, s.plain.p, s.plain.n);
		assert_int_equal(crypto_aead_seal(a, s.nonce, s.associated, plain, buf), 0);
		assert_memory_equal(buf, s.sealed.p, s.sealed.n);
		assert_int_equal(crypto_aead_open(a, s.nonce, s.associated, sealed, buf), 0);
		assert_memory_equal(buf, s.plain.p, s.plain.n);
	}
}

static bool is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i])
			return false;
	}
	return true;
}

TEST(any_flipped_bit_is_refused_and_leaves_zeros)
{
	CLEANUP(crypto_aead_free) struct crypto_aead *a = NULL;
	struct sample s;

	sample_of(&vectors[3], &s);
	assert_int_equal(crypto_aead_new(s.key, &a), 0);
	for (size_t bit = 0; bit < 8 * s.sealed.n; bit++) {
		uint8_t out[128];

		memset(out, 0xff, sizeof(out));
		s.bytes[2][bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(crypto_aead_open(a, s.nonce, s.associated, s.sealed, out),
				 -EBADMSG);
		s.bytes[2][bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(is_zero(out, s.plain.n));
		assert_int_equal(out[s.plain.n], 0xff);
	}
}

TEST(another_nonce_or_other_associated_bytes_are_refused)
{
	CLEANUP(crypto_aead_free) struct crypto_aead *a = NULL;
	uint8_t out[128];
	struct sample s;

	sample_of(&vectors[3], &s);
	assert_int_equal(crypto_aead_new(s.key, &a), 0);

	assert_int_equal(crypto_aead_open(a, s.nonce, str_skip(s.associated, 1), s.sealed, out),
			 -EBADMSG);
	assert_int_equal(crypto_aead_open(a, s.nonce, STR(""), s.sealed, out), -EBADMSG);
	s.nonce[11] ^= 1;
	assert_int_equal(crypto_aead_open(a, s.nonce, s.associated, s.sealed, out), -EBADMSG);
	s.nonce[11] ^= 1;
	assert_int_equal(crypto_aead_open(a, s.nonce, s.associated, s.sealed, out), 0);
}

TEST(another_key_is_refused)
{
	CLEANUP(crypto_aead_free) struct crypto_aead *a = NULL;
	uint8_t out[128];
	struct sample s;

	sample_of(&vectors[3], &s);
	s.key[31] ^= 1;
	assert_int_equal(crypto_aead_new(s.key, &a), 0);

	assert_int_equal(crypto_aead_open(a, s.nonce, s.associated, s.sealed, out), -EBADMSG);
}

TEST(less_than_a_tag_is_refused)
{
	CLEANUP(crypto_aead_free) struct crypto_aead *a = NULL;
	uint8_t out[16], zero[32] = { 0 };

	assert_int_equal(crypto_aead_new(zero, &a), 0);

	assert_int_equal(crypto_aead_open(a, zero, STR(""), (struct str){ (char *)zero, 15 }, out),
			 -EBADMSG);
	assert_int_equal(crypto_aead_open(a, zero, STR(""), (struct str){ NULL, 0 }, out),
			 -EBADMSG);
}

TEST(more_than_the_limit_is_not_opened)
{
	CLEANUP(crypto_aead_free) struct crypto_aead *a = NULL;
	uint8_t zero[32] = { 0 };
	struct str claimed = { (char *)zero, CRYPTO_AEAD_BYTES_MAX + CRYPTO_GCM_TAG_BYTES + 1 };

	assert_int_equal(crypto_aead_new(zero, &a), 0);

	assert_int_equal(crypto_aead_open(a, zero, STR(""), claimed, NULL), -EBADMSG);
}

TEST(a_large_text_comes_back_whole)
{
	CLEANUP(crypto_aead_free) struct crypto_aead *a = NULL;
	const size_t n = 3 * MIB + 5;
	uint8_t *plain = malloc(n), *sealed = malloc(n + CRYPTO_GCM_TAG_BYTES);
	uint8_t key[32] = { 7 }, nonce[12] = { 1 };

	assert_true(plain && sealed);
	for (size_t i = 0; i < n; i++)
		plain[i] = (uint8_t)(i * 7 + i / 256);
	assert_int_equal(crypto_aead_new(key, &a), 0);
	assert_int_equal(
		crypto_aead_seal(a, nonce, STR("x"), (struct str){ (char *)plain, n }, sealed), 0);
	assert_int_equal(crypto_aead_open(a, nonce, STR("x"),
					  (struct str){ (char *)sealed, n + CRYPTO_GCM_TAG_BYTES },
					  sealed),
			 0);

	assert_memory_equal(sealed, plain, n);
	free(plain);
	free(sealed);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

/* Seals under the key that begins with the number i, twice as often as there are keys. */
static void seal_number(struct crypto_aead *a, size_t i, uint8_t out[24])
{
	uint8_t nonce[12] = { 0 };

	memcpy(nonce, &i, sizeof(i));
	assert_int_equal(crypto_aead_seal(a, nonce, STR(""), STR("a text."), out), 0);
}

TEST(as_many_keys_live_at_once_as_promised_and_all_work)
{
	static struct crypto_aead *a[CRYPTO_AEAD_MAX];
	uint8_t key[32] = { 0 }, first[24], again[24];
	size_t held;

	for (size_t i = 0; i < CRYPTO_AEAD_MAX; i++) {
		memcpy(key, &i, sizeof(i));
		assert_int_equal(crypto_aead_new(key, &a[i]), 0);
	}
	held = crypto_memory_held();
	for (size_t i = 0; i < CRYPTO_AEAD_MAX; i++) {
		CLEANUP(crypto_aead_free) struct crypto_aead *alone = NULL;

		if (i % 64 == 0) {
			memcpy(key, &i, sizeof(i));
			assert_int_equal(crypto_aead_new(key, &alone), 0);
			seal_number(a[i], i, first);
			seal_number(alone, i, again);
			assert_memory_equal(first, again, sizeof(first));
		}
	}
	for (size_t i = 0; i < CRYPTO_AEAD_MAX; i++)
		crypto_aead_free(a[i]);

	assert_true(held < 7 * MIB);
}

TEST(keys_beyond_the_memory_are_refused_and_it_comes_back)
{
	enum { FAR_MORE = 4 * CRYPTO_AEAD_MAX };
	static struct crypto_aead *a[FAR_MORE];
	uint8_t key[32] = { 0 };
	size_t n = 0;

	while (n < FAR_MORE && crypto_aead_new(key, &a[n]) == 0)
		n++;
	assert_true(n >= CRYPTO_AEAD_MAX && n < FAR_MORE);
	assert_int_equal(crypto_aead_new(key, &a[n]), -ENOMEM);
	for (size_t i = 0; i < n; i++)
		crypto_aead_free(a[i]);

	assert_int_equal(crypto_aead_new(key, &a[0]), 0);
	crypto_aead_free(a[0]);
}

TEST(use_asks_for_no_memory)
{
	CLEANUP(crypto_aead_free) struct crypto_aead *a = NULL;
	uint64_t asked;
	struct sample s;
	uint8_t out[128];

	sample_of(&vectors[3], &s);
	assert_int_equal(crypto_aead_new(s.key, &a), 0);
	asked = crypto_memory_asked();
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(crypto_aead_seal(a, s.nonce, s.associated, s.plain, out), 0);
		assert_int_equal(crypto_aead_open(a, s.nonce, s.associated, s.sealed, out), 0);
	}

	assert_int_equal(crypto_memory_asked(), asked);
}

TEST_MAIN
