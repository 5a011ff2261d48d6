// SPDX-License-Identifier: Apache-2.0
/*
 * Keys out of other keys and out of passphrases against the vectors of RFC 5869 and RFC 9106; and
 * where secrets lie, as the kernel tells it.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/crypto_int.h"

#include "crypto/hex_test.h"

/* ---- HKDF (RFC 5869, appendix A) ------------------------------------------------------------- */

TEST(hkdf_is_that_of_rfc_5869)
{
	uint8_t salt[13], secret[22], info[10], out[32];

	memset(secret, 0x0b, sizeof(secret));
	for (uint8_t i = 0; i < sizeof(salt); i++)
		salt[i] = i;
	for (uint8_t i = 0; i < sizeof(info); i++)
		info[i] = (uint8_t)(0xf0 + i);
	assert_int_equal(crypto_hkdf((struct str){ (char *)salt, sizeof(salt) },
				     (struct str){ (char *)secret, sizeof(secret) },
				     (struct str){ (char *)info, sizeof(info) }, out, sizeof(out)),
			 0);

	assert_hex(out, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
}

TEST(hkdf_of_longer_inputs_is_that_of_rfc_5869)
{
	uint8_t salt[80], secret[80], info[80], out[32];

	for (uint8_t i = 0; i < 80; i++) {
		secret[i] = i;
		salt[i] = (uint8_t)(0x60 + i);
		info[i] = (uint8_t)(0xb0 + i);
	}
	assert_int_equal(crypto_hkdf((struct str){ (char *)salt, 80 },
				     (struct str){ (char *)secret, 80 },
				     (struct str){ (char *)info, 80 }, out, sizeof(out)),
			 0);

	assert_hex(out, "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c");
}

TEST(hkdf_without_salt_and_info_is_that_of_rfc_5869)
{
	uint8_t secret[22], out[32];

	memset(secret, 0x0b, sizeof(secret));
	assert_int_equal(crypto_hkdf(STR(""), (struct str){ (char *)secret, sizeof(secret) },
				     STR(""), out, sizeof(out)),
			 0);

	assert_hex(out, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

TEST(hkdf_writes_no_more_than_asked)
{
	uint8_t out[32];

	memset(out, 0xee, sizeof(out));
	assert_int_equal(crypto_hkdf(STR(""), STR("s"), STR(""), out, 12), 0);

	assert_int_equal(out[12], 0xee);
}

/* ---- Argon2id (RFC 9106, section 5.3) -------------------------------------------------------- */

TEST(argon2id_is_that_of_rfc_9106)
{
	const struct crypto_argon2 cost = { .memory_kib = 32, .passes = 3, .lanes = 4 };
	uint8_t password[32], salt[16], secret[8], associated[12], out[32];

	memset(password, 1, sizeof(password));
	memset(salt, 2, sizeof(salt));
	memset(secret, 3, sizeof(secret));
	memset(associated, 4, sizeof(associated));
	assert_int_equal(
		crypto_argon2id_full((struct str){ (char *)password, sizeof(password) },
				     (struct str){ (char *)salt, sizeof(salt) },
				     (struct str){ (char *)secret, sizeof(secret) },
				     (struct str){ (char *)associated, sizeof(associated) }, &cost,
				     out),
		0);

	assert_hex(out, "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
}

static int stretch(struct str passphrase, uint8_t salt, struct crypto_argon2 cost, uint8_t out[32])
{
	uint8_t salts[16] = { salt };

	return crypto_argon2id(passphrase, salts, &cost, out);
}

TEST(argon2id_depends_on_each_of_its_inputs)
{
	const struct crypto_argon2 cost = { 32, 1, 1 };
	uint8_t is[32], other[32];

	assert_int_equal(stretch(STR("a passphrase"), 0, cost, is), 0);
	assert_int_equal(stretch(STR("a passphrase"), 0, cost, other), 0);
	assert_memory_equal(is, other, sizeof(is));
	assert_int_equal(stretch(STR("a passphrasf"), 0, cost, other), 0);
	assert_memory_not_equal(is, other, sizeof(is));
	assert_int_equal(stretch(STR("a passphrase"), 1, cost, other), 0);
	assert_memory_not_equal(is, other, sizeof(is));
	assert_int_equal(stretch(STR("a passphrase"), 0, (struct crypto_argon2){ 40, 1, 1 }, other),
			 0);
	assert_memory_not_equal(is, other, sizeof(is));
	assert_int_equal(stretch(STR("a passphrase"), 0, (struct crypto_argon2){ 32, 2, 1 }, other),
			 0);
	assert_memory_not_equal(is, other, sizeof(is));
}

TEST(argon2id_refuses_what_it_does_not_allow)
{
	static const char long_one[1025];
	uint8_t out[32];

	assert_int_equal(stretch(STR("p"), 0, (struct crypto_argon2){ 7, 1, 1 }, out), -EINVAL);
	assert_int_equal(stretch(STR("p"), 0, (struct crypto_argon2){ 8, 1, 1 }, out), 0);
	assert_int_equal(stretch(STR("p"), 0, (struct crypto_argon2){ 32, 0, 1 }, out), -EINVAL);
	assert_int_equal(stretch(STR("p"), 0, (struct crypto_argon2){ 32, 1, 0 }, out), -EINVAL);
	assert_int_equal(stretch((struct str){ long_one, 1024 }, 0,
				 (struct crypto_argon2){ 8, 1, 1 }, out),
			 0);
	assert_int_equal(stretch((struct str){ long_one, 1025 }, 0,
				 (struct crypto_argon2){ 8, 1, 1 }, out),
			 -EINVAL);
}

/* ---- Memory for keys ------------------------------------------------------------------------- */

/* The flags that the kernel shows of the mapping at p. */
static void flags_of(const void *p, char *out, size_t n)
{
	FILE *maps = fopen("/proc/self/smaps", "re");
	char line[256];
	bool here = false;

	assert_non_null(maps);
	out[0] = 0;
	while (fgets(line, sizeof(line), maps)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (uintptr_t)p >= from && (uintptr_t)p < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			(void)snprintf(out, n, "%.200s", line + 8);
	}
	(void)fclose(maps);
	if (!strchr(out, ' '))
		skip(); /* this kernel does not tell */
}

TEST(secrets_are_zeroed_and_writable)
{
	CLEANUP(crypto_secret_free) void *p = crypto_secret_alloc(5000);

	assert_non_null(p);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(((uint8_t *)p)[i], 0);
	memset(p, 0xff, 5000);
}

TEST(secrets_are_in_no_core_dump_and_not_swapped)
{
	CLEANUP(crypto_secret_free) void *p = crypto_secret_alloc(32);
	char flags[256];

	assert_non_null(p);
	memset(p, 1, 32);
	flags_of(p, flags, sizeof(flags));

	assert_non_null(strstr(flags, " dd"));
	assert_true(crypto_lock_limit() < 64 * KIB || strstr(flags, " lo"));
}

TEST(key_schedules_are_in_no_core_dump_and_not_swapped)
{
	CLEANUP(crypto_aead_free) struct crypto_aead *a = NULL;
	uint8_t key[32] = { 0 };
	char flags[256];

	assert_int_equal(crypto_aead_new(key, &a), 0);
	flags_of(a, flags, sizeof(flags));

	assert_non_null(strstr(flags, " dd"));
	assert_true(crypto_lock_limit() < 64 * KIB || strstr(flags, " lo"));
}

/* In a child, since a limit once lowered is not raised. */
TEST(without_room_to_lock_there_is_memory_all_the_same)
{
	const struct rlimit none = { 0, 0 };
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		uint8_t *p;

		(void)setrlimit(RLIMIT_MEMLOCK, &none);
		p = crypto_secret_alloc(100 * KIB);
		if (p)
			p[100 * KIB - 1] = 1;
		crypto_secret_free(p);
		_exit(p ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);

	assert_int_equal(status, 0);
}

TEST(more_memory_than_there_can_be_is_refused)
{
	assert_null(crypto_secret_alloc(SIZE_MAX));
	assert_null(crypto_secret_alloc(SIZE_MAX / 2));
	crypto_secret_free(NULL);
}

/* ---- Small things ---------------------------------------------------------------------------- */

TEST(random_bytes_differ)
{
	uint8_t a[64] = { 0 }, b[64] = { 0 };

	assert_int_equal(crypto_random(a, sizeof(a)), 0);
	assert_int_equal(crypto_random(b, sizeof(b)), 0);

	assert_memory_not_equal(a, b, 16);
	assert_memory_not_equal(a + 48, b + 48, 16);
}

TEST(equal_is_about_all_bytes)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };

	assert_true(crypto_equal(a, b, sizeof(a)));
	b[31] = 1;
	assert_false(crypto_equal(a, b, sizeof(a)));
	assert_true(crypto_equal(a, b, 31));
	assert_true(crypto_equal(NULL, NULL, 0));
}

TEST(wiped_bytes_are_zero)
{
	uint8_t a[32], zero[32] = { 0 };

	memset(a, 1, sizeof(a));
	crypto_wipe(a, 31);
	assert_memory_equal(a, zero, 31);
	assert_int_equal(a[31], 1);
	crypto_wipe(NULL, 0);
}

TEST_MAIN
