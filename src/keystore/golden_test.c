// SPDX-License-Identifier: Apache-2.0
/*
 * The golden file of version 1, which stays readable for ever: made once by the code of version 1,
 * and compared value by value.
 */
#include "keystore/place_test.h"

#define PASSPHRASE "a golden passphrase"
#define DESTROYED  INT64_C(1795163730000000007)

/* Makes it, when the environment says where. Nobody needs this again, but to see how it was. */
TEST(a_golden_file_is_made_when_asked_for)
{
	const char *path = getenv("KEYSTORE_MAKE_GOLDEN");
	const struct key_match first = { "a", 0, 493210, 493210 };
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(buf_done_ptr) struct buf file = { .p = NULL };
	uint8_t key[CRYPTO_KEY_BYTES];
	struct place p;

	if (!path)
		return;
	place_make(&p);
	put_file(p.key, PASSPHRASE "\n", 0600);
	p.root = (struct root_source){ .passphrase_file = p.key };
	assert_int_equal(keystore_create_with(p.state_fd, &p.root, &cheap, &ks, NULL), 0);
	for (unsigned i = 0; i < 3; i++)
		(void)use_key(ks, "a", i, 493210, key);
	(void)use_key(ks, "prod.eu-1", 2, -1, key);
	assert_int_equal(keystore_destroy(ks, &first, DESTROYED, NULL), 1);
	place_load(&p, KEYSTORE_FILE, &file);
	put_file(path, "", 0644);
	assert_int_equal(truncate(path, 0), 0);
	{
		CLEANUP(fd_close) int fd = open(path, O_WRONLY | O_CLOEXEC);

		assert_int_equal(disk_write(fd, 0, buf_str(&file)), 0);
	}
	place_done(&p);
}

static void assert_bytes(const uint8_t *is, const char *digits)
{
	for (size_t i = 0; digits[2 * i]; i++) {
		uint64_t v = 0;

		assert_int_equal(str_to_hex64((struct str){ digits + 2 * i, 2 }, &v), 0);
		assert_int_equal(is[i], v);
	}
}

static const struct {
	struct key_info info;
	const char *key; /* NULL: destroyed */
} golden[] = {
	{ { 1, { "a", 0, 493210 }, KEY_DESTROYED, DESTROYED }, NULL },
	{ { 2, { "a", 1, 493210 }, KEY_ALIVE, 0 },
	  "c22d68eee5ad5df452196887c10bd49f4791a0ec7f98e3fa55a6e70df2eadbc1" },
	{ { 3, { "a", 2, 493210 }, KEY_ALIVE, 0 },
	  "86ca157a9ac190422f95f7043ea8fd09078073758023b898de9be18bd363f2e9" },
	{ { 4, { "prod.eu-1", 2, -1 }, KEY_ALIVE, 0 },
	  "173d417596b47ac19b58f2f839daf2cd9587437143f03ba93dc353f3569cf4d4" },
};

static void assert_golden_keys(const struct keystore *ks)
{
	for (size_t i = 0; i < ARRAY_LEN(golden); i++) {
		const struct key_info *want = &golden[i].info;
		uint8_t key[CRYPTO_KEY_BYTES];
		struct key_info info;

		assert_int_equal(keystore_get(ks, want->id, key, &info),
				 golden[i].key ? 0 : -ENOKEY);
		if (golden[i].key)
			assert_bytes(key, golden[i].key);
		assert_int_equal(info.id, want->id);
		assert_int_equal(info.state, want->state);
		assert_int_equal(info.destroyed_ns, want->destroyed_ns);
		assert_string_equal(info.scope.cluster, want->scope.cluster);
		assert_int_equal(info.scope.part, want->scope.part);
		assert_int_equal(info.scope.hour, want->scope.hour);
	}
	assert_null(keystore_at(ks, ARRAY_LEN(golden)));
}

TEST(the_golden_file_of_version_1_is_read)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(buf_done_ptr) struct buf file;
	int dir = open(KEYSTORE_FORMATS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint8_t meta[CRYPTO_KEY_BYTES];
	size_t told = 0;
	struct place p;

	assert_true(dir >= 0);
	buf_init(&file, KEYSTORE_FILE_MAX);
	assert_int_equal(disk_load(dir, "keystore.v1", &file), 0);
	place_make(&p);
	assert_int_equal(mkdirat(p.state_fd, KEYSTORE_DIR, 0700), 0);
	place_store(&p, buf_str(&file));
	put_file(p.key, PASSPHRASE "\n", 0600);
	p.root = (struct root_source){ .passphrase_file = p.key };
	ks = place_open(&p, true);

	assert_bytes(keystore_id(ks), "c4787a3eb961e3f0bb42d3fb2f898237");
	assert_int_equal(keystore_purpose(ks, "meta", meta), 0);
	assert_bytes(meta, "2be1e0056e86b0291d69d474a1299e719f907ac451c79c6d9b5c035cf805bfff");
	assert_int_equal(ks->head.generation, 6);
	assert_int_equal(ks->head.epoch, 2);
	assert_int_equal(ks->head.next_id, 5);
	assert_int_equal(ks->head.forgotten, 0);
	assert_int_equal(ks->head.cost.memory_kib, 8);
	assert_golden_keys(ks);
	assert_int_equal(keystore_verify(p.state_fd, ks, count_text, &told), 0);
	/* And it can be written on. */
	assert_int_equal(use_key(ks, "a", 0, 493210, meta), 5);
	fd_close(dir);
	place_done(&p);
}

TEST_MAIN
