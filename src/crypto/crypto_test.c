// SPDX-License-Identifier: Apache-2.0
/*
 * crypto against the vectors of the standards, and what it promises about memory.
 */
#include "crypto/crypto.h"
#include "crypto/memory.h"

#include "t.h"

static uint8_t bytes[256];

/* Reads hexadecimal digits into bytes. */
static struct str hex(const char *digits)
{
	size_t n = 0;

	for (; digits[0]; digits += 2) {
		uint64_t v = 0;

		assert_int_equal(str_to_hex64((struct str){ digits, 2 }, &v), 0);
		bytes[n++] = (uint8_t)v;
	}
	return (struct str){ (const char *)bytes, n };
}

#define assert_bytes(is, digits)                                                                   \
	do {                                                                                       \
		struct str want_ = hex(digits);                                                    \
		assert_memory_equal(is, want_.p, want_.n);                                         \
	} while (0)

/* ---- Hashes ---------------------------------------------------------------------------------- */

static void hash(enum crypto_hash which, struct str a, struct str b, uint8_t *out)
{
	crypto_hash_begin(which);
	crypto_hash_add(which, a);
	crypto_hash_add(which, b);
	assert_int_equal(crypto_hash_end(which, out), 0);
}

TEST(md5_is_that_of_rfc_1321)
{
	uint8_t out[CRYPTO_MD5_BYTES];

	hash(CRYPTO_MD5, STR("abc"), STR("defghijklmnopqrstuvwxyz"), out);

	assert_bytes(out, "c3fcd3d76192e4007dfb496cca67e13b");
}

TEST(md5_of_nothing_is_that_of_rfc_1321)
{
	uint8_t out[CRYPTO_MD5_BYTES];

	hash(CRYPTO_MD5, STR(""), STR(""), out);

	assert_bytes(out, "d41d8cd98f00b204e9800998ecf8427e");
}

TEST(sha256_is_that_of_fips_180)
{
	uint8_t out[CRYPTO_SHA256_BYTES];

	hash(CRYPTO_SHA256, STR("a"), STR("bc"), out);

	assert_bytes(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(two_kinds_of_hash_run_beside_each_other)
{
	uint8_t sha[CRYPTO_SHA256_BYTES], md5[CRYPTO_MD5_BYTES];

	crypto_hash_begin(CRYPTO_SHA256);
	crypto_hash_add(CRYPTO_SHA256, STR("a"));
	hash(CRYPTO_MD5, STR("a"), STR(""), md5);
	crypto_hash_add(CRYPTO_SHA256, STR("bc"));
	assert_int_equal(crypto_hash_end(CRYPTO_SHA256, sha), 0);

	assert_bytes(md5, "0cc175b9c0f1b6a831c399e269772661");
	assert_bytes(sha, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* ---- Keys ------------------------------------------------------------------------------------ */

TEST(extract_is_that_of_rfc_5869)
{
	uint8_t salt[13], secret[22], out[CRYPTO_SHA256_BYTES];

	for (uint8_t i = 0; i < sizeof(salt); i++)
		salt[i] = i;
	memset(secret, 0x0b, sizeof(secret));
	assert_int_equal(crypto_hkdf_extract((struct str){ (char *)salt, sizeof(salt) },
					     (struct str){ (char *)secret, sizeof(secret) }, out),
			 0);

	assert_bytes(out, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
}

TEST(extract_without_salt_is_that_of_rfc_8448)
{
	static const char zero[32];
	uint8_t out[CRYPTO_SHA256_BYTES];

	assert_int_equal(crypto_hkdf_extract(STR(""), (struct str){ zero, sizeof(zero) }, out), 0);

	assert_bytes(out, "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
}

TEST(labels_expand_as_in_rfc_9001)
{
	uint8_t initial[CRYPTO_SHA256_BYTES], client[CRYPTO_SHA256_BYTES], key[16], iv[12];
	struct str id;
	char salt[20];

	memcpy(salt, hex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a").p, sizeof(salt));
	id = hex("8394c8f03e515708");
	assert_int_equal(crypto_hkdf_extract((struct str){ salt, sizeof(salt) }, id, initial), 0);
	assert_int_equal(crypto_hkdf_expand_label(initial, STR("client in"), client, 32), 0);
	assert_int_equal(crypto_hkdf_expand_label(client, STR("quic key"), key, 16), 0);
	assert_int_equal(crypto_hkdf_expand_label(client, STR("quic iv"), iv, 12), 0);

	assert_bytes(initial, "7db5df06e7a69e432496adedb00851923595221596ae2ae9fb8115c1e9ed0a44");
	assert_bytes(client, "c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea");
	assert_bytes(key, "1f369613dd76d5467730efcbe3b1a22d");
	assert_bytes(iv, "fa044b2f42a3fd3b46fb255c");
}

/* ---- Ciphers --------------------------------------------------------------------------------- */

TEST(a_block_is_that_of_fips_197)
{
	uint8_t key[16], out[16];

	memcpy(key, hex("000102030405060708090a0b0c0d0e0f").p, sizeof(key));
	(void)hex("00112233445566778899aabbccddeeff");
	assert_int_equal(crypto_aes128_block(key, bytes, out), 0);

	assert_bytes(out, "69c4e0d86a7b0430d8cdb78070b4c55a");
}

/* Test case 4 of the GCM specification. */
static int open_case_4(uint8_t flip, uint8_t out[60])
{
	static const char *const sealed = "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e23"
					  "29aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac97"
					  "3d58e0915bc94fbc3221a5db94fae95ae7121a47";
	uint8_t key[16], nonce[12];
	char associated[20];

	memcpy(key, hex("feffe9928665731c6d6a8f9467308308").p, sizeof(key));
	memcpy(nonce, hex("cafebabefacedbaddecaf888").p, sizeof(nonce));
	memcpy(associated, hex("feedfacedeadbeeffeedfacedeadbeefabaddad2").p, sizeof(associated));
	(void)hex(sealed);
	bytes[75] ^= flip;
	return crypto_aes128_gcm_open(key, nonce, (struct str){ associated, sizeof(associated) },
				      (struct str){ (const char *)bytes, 76 }, out);
}

TEST(what_was_sealed_is_opened)
{
	uint8_t out[60];

	assert_int_equal(open_case_4(0, out), 0);

	assert_bytes(out, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
			  "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
}

TEST(what_was_changed_is_not_opened)
{
	uint8_t out[60];

	assert_int_equal(open_case_4(1, out), -EBADMSG);
	assert_int_equal(open_case_4(0, out), 0);
}

TEST(less_than_a_tag_is_not_opened)
{
	uint8_t key[16] = { 0 }, out[16];
	struct str sealed = STR("fifteen bytes..");

	assert_int_equal(sealed.n, CRYPTO_GCM_TAG_BYTES - 1);
	assert_int_equal(crypto_aes128_gcm_open(key, key, STR(""), sealed, out), -EBADMSG);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static void use_everything(void)
{
	uint8_t out[64];

	hash(CRYPTO_MD5, STR("a"), STR("b"), out);
	hash(CRYPTO_SHA256, STR("a"), STR("b"), out);
	assert_int_equal(crypto_hkdf_extract(STR("s"), STR("t"), out), 0);
	assert_int_equal(crypto_hkdf_expand_label(out, STR("l"), out + 32, 32), 0);
	assert_int_equal(crypto_aes128_block(out, out, out + 32), 0);
	assert_int_equal(open_case_4(0, out), 0);
	assert_int_equal(open_case_4(1, out), -EBADMSG);
}

TEST(memory_is_ours_and_does_not_grow_by_use)
{
	size_t held;
	uint64_t asked;

	assert_int_equal(crypto_init(NULL), 0);
	held = crypto_memory_held();
	asked = crypto_memory_asked();
	for (unsigned i = 0; i < 100; i++)
		use_everything();

	assert_true(held > 0 && held < MIB);
	assert_true(crypto_memory_asked() > asked);
	assert_int_equal(crypto_memory_held(), held);
}

TEST_MAIN
