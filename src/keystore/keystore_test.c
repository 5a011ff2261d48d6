// SPDX-License-Identifier: Apache-2.0
/* Making, opening and using a keystore. */
#include <sys/wait.h>

#include "keystore/place_test.h"

/* ---- Making and opening ---------------------------------------------------------------------- */

TEST(a_new_keystore_is_opened_again_by_its_key)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(keystore_free) struct keystore *again = NULL;
	struct place p;

	place_make(&p);
	ks = place_create(&p);
	again = place_open(&p, false);

	assert_memory_equal(keystore_id(ks), keystore_id(again), KEYSTORE_ID_BYTES);
	assert_null(keystore_at(again, 0));
	place_done(&p);
}

TEST(two_stores_have_nothing_in_common)
{
	CLEANUP(keystore_free) struct keystore *a = NULL;
	CLEANUP(keystore_free) struct keystore *b = NULL;
	uint8_t of_a[CRYPTO_KEY_BYTES], of_b[CRYPTO_KEY_BYTES];
	struct place p, q;

	place_make(&p);
	place_make(&q);
	a = place_create(&p);
	b = place_create(&q);

	assert_memory_not_equal(keystore_id(a), keystore_id(b), KEYSTORE_ID_BYTES);
	assert_int_equal(keystore_purpose(a, "meta", of_a), 0);
	assert_int_equal(keystore_purpose(b, "meta", of_b), 0);
	assert_memory_not_equal(of_a, of_b, CRYPTO_KEY_BYTES);
	place_done(&p);
	place_done(&q);
}

TEST(where_there_is_none_that_is_said_and_nothing_is_made)
{
	struct keystore *ks = NULL;
	struct place p;
	struct err err;

	place_make(&p);
	assert_true(keystore_open(p.state_fd, &p.root, true, &ks, &err) < 0);
	assert_int_equal(err.id, ERR_STORE_NONE);
	assert_int_not_equal(faccessat(p.state_fd, "keys", F_OK, 0), 0);
	assert_int_equal(mkdirat(p.state_fd, "keys", 0700), 0);
	assert_true(keystore_open(p.state_fd, &p.root, true, &ks, &err) < 0);

	assert_int_equal(err.id, ERR_STORE_NONE);
	assert_null(ks);
	place_done(&p);
}

TEST(a_second_keystore_is_not_made_over_the_first)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(keystore_free) struct keystore *again = NULL;
	struct keystore *other = NULL;
	uint8_t id[KEYSTORE_ID_BYTES];
	struct place p;
	struct err err;

	place_make(&p);
	ks = place_create(&p);
	memcpy(id, keystore_id(ks), sizeof(id));
	assert_true(keystore_create(p.state_fd, &p.root, &other, &err) < 0);

	assert_int_equal(err.id, ERR_STORE_IO);
	again = place_open(&p, true);
	assert_memory_equal(id, keystore_id(again), sizeof(id));
	place_done(&p);
}

TEST(another_root_key_is_wrong_and_not_damage)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	struct keystore *other = NULL;
	struct place p;
	struct err err;

	place_make(&p);
	ks = place_create(&p);
	put_file(p.key, "100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", 0600);

	assert_true(keystore_open(p.state_fd, &p.root, false, &other, &err) < 0);
	assert_int_equal(err.id, ERR_KEY_WRONG);
	assert_null(other);
	place_done(&p);
}

TEST(the_file_and_its_directory_are_for_their_owner_alone)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	struct place p;
	struct stat st;

	place_make(&p);
	ks = place_create(&p);

	assert_int_equal(fstatat(p.state_fd, "keys/keystore", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fstatat(p.state_fd, "keys", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_false(place_has(&p, KEYSTORE_FILE_NEW));
	place_done(&p);
}

/* ---- Purposes -------------------------------------------------------------------------------- */

TEST(a_purpose_has_one_key_for_ever)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(keystore_free) struct keystore *again = NULL;
	uint8_t meta[CRYPTO_KEY_BYTES], other[CRYPTO_KEY_BYTES], same[CRYPTO_KEY_BYTES];
	uint8_t key[CRYPTO_KEY_BYTES];
	const struct key_match all = { .part = -1, .hour_from = INT64_MIN, .hour_to = INT64_MAX };
	struct place p;

	place_make(&p);
	ks = place_create(&p);
	assert_int_equal(keystore_purpose(ks, "meta", meta), 0);
	assert_int_equal(keystore_purpose(ks, "metb", other), 0);
	(void)use_key(ks, "a", 0, 1, key);
	assert_int_equal(keystore_destroy(ks, &all, 1, NULL), 1);
	again = place_open(&p, false);
	assert_int_equal(keystore_purpose(again, "meta", same), 0);

	assert_memory_equal(meta, same, sizeof(meta));
	assert_memory_not_equal(meta, other, sizeof(meta));
	place_done(&p);
}

/* ---- Using ----------------------------------------------------------------------------------- */

TEST(a_scope_has_one_key_also_after_opening_again)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(keystore_free) struct keystore *again = NULL;
	uint8_t first[CRYPTO_KEY_BYTES], second[CRYPTO_KEY_BYTES], third[CRYPTO_KEY_BYTES];
	struct place p;
	uint64_t id;

	place_make(&p);
	ks = place_create(&p);
	id = use_key(ks, "prod.eu-1", 2, 493210, first);
	assert_int_equal(use_key(ks, "prod.eu-1", 2, 493210, second), id);
	again = place_open(&p, true);
	assert_int_equal(use_key(again, "prod.eu-1", 2, 493210, third), id);

	assert_memory_equal(first, second, sizeof(first));
	assert_memory_equal(first, third, sizeof(first));
	place_done(&p);
}

TEST(cluster_part_and_hour_each_make_another_key)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	uint8_t keys[5][CRYPTO_KEY_BYTES];
	uint64_t ids[5];
	struct place p;

	place_make(&p);
	ks = place_create(&p);
	ids[0] = use_key(ks, "a", 0, 1, keys[0]);
	ids[1] = use_key(ks, "ab", 0, 1, keys[1]);
	ids[2] = use_key(ks, "a", 1, 1, keys[2]);
	ids[3] = use_key(ks, "a", 0, 2, keys[3]);
	ids[4] = use_key(ks, "a", 0, -1, keys[4]);

	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(ids[i], i + 1);
		for (unsigned j = 0; j < i; j++)
			assert_memory_not_equal(keys[i], keys[j], CRYPTO_KEY_BYTES);
	}
	place_done(&p);
}

TEST(keys_are_found_by_id_and_listed_in_its_order)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(keystore_free) struct keystore *again = NULL;
	uint8_t keys[100][CRYPTO_KEY_BYTES], out[CRYPTO_KEY_BYTES];
	struct key_info info;
	struct place p;

	place_make(&p);
	ks = place_create(&p);
	for (unsigned i = 0; i < 100; i++)
		(void)use_key(ks, "a", i % 3, i, keys[i]);
	again = place_open(&p, false);

	for (unsigned i = 0; i < 100; i++) {
		const struct key_info *at = keystore_at(again, i);

		assert_non_null(at);
		assert_int_equal(at->id, i + 1);
		assert_int_equal(keystore_get(again, i + 1, out, &info), 0);
		assert_memory_equal(out, keys[i], sizeof(out));
		assert_string_equal(info.scope.cluster, "a");
		assert_int_equal(info.scope.part, i % 3);
		assert_int_equal(info.scope.hour, i);
		assert_int_equal(info.state, KEY_ALIVE);
	}
	assert_null(keystore_at(again, 100));
	place_done(&p);
}

TEST(a_key_that_was_never_given_out_is_not_called_destroyed)
{
	CLEANUP(keystore_free) struct keystore *older = NULL;
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	uint8_t out[CRYPTO_KEY_BYTES];
	struct key_info info;
	struct place p;

	place_make(&p);
	ks = place_create(&p);
	(void)use_key(ks, "a", 0, 1, out);
	older = place_open(&p, false);
	assert_int_equal(use_key(ks, "a", 0, 2, out), 2);

	assert_int_equal(keystore_get(older, 2, out, &info), -EBADMSG);
	assert_int_equal(info.id, 0);
	assert_int_equal(keystore_get(older, 0, out, &info), -EBADMSG);
	assert_int_equal(info.id, 0);
	assert_int_equal(keystore_get(ks, 2, out, &info), 0);
	assert_int_equal(info.id, 2);
	place_done(&p);
}

static int use_scope(struct keystore *ks, const char *cluster, unsigned part, int64_t hour)
{
	const struct key_scope scope = scope_of(cluster, part, hour);
	uint8_t key[CRYPTO_KEY_BYTES];
	uint64_t id;
	struct err err;

	return keystore_use(ks, &scope, &id, key, &err);
}

TEST(names_of_clusters_are_checked_to_the_byte)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	static const char *const good[] = {
		"a",
		"0",
		"a-b",
		"a.b",
		"a--b",
		"a..b",
		"123456789012345678901234567890123456789012345678901234567890123",
	};
	static const char *const bad[] = { "",    "-a",  "a-",  ".a",       "a.", "A",     "a_b",
					   "a b", "a/b", "a\n", "\xc3\xa9", "..", "a\xff", "-" };
	struct key_scope endless = { .hour = 1 };
	uint8_t key[CRYPTO_KEY_BYTES];
	struct place p;
	uint64_t id;

	place_make(&p);
	ks = place_create(&p);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(use_scope(ks, good[i], 0, 1), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(use_scope(ks, bad[i], 0, 1), -EINVAL);
	memset(endless.cluster, 'a', sizeof(endless.cluster));
	assert_int_equal(keystore_use(ks, &endless, &id, key, NULL), -EINVAL);
	place_done(&p);
}

TEST(parts_and_hours_are_checked_to_their_limits)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(keystore_free) struct keystore *again = NULL;
	struct place p;

	place_make(&p);
	ks = place_create(&p);

	assert_int_equal(use_scope(ks, "a", KEYSTORE_PARTS - 1, 1), 0);
	assert_int_equal(use_scope(ks, "a", KEYSTORE_PARTS, 1), -EINVAL);
	assert_int_equal(use_scope(ks, "a", 0, 2562046), 0);
	assert_int_equal(use_scope(ks, "a", 0, 2562047), -EINVAL);
	assert_int_equal(use_scope(ks, "a", 0, -2562047), 0);
	assert_int_equal(use_scope(ks, "a", 0, -2562048), -EINVAL);
	assert_int_equal(use_scope(ks, "a", 0, INT64_MIN), -EINVAL);
	again = place_open(&p, false);
	assert_int_equal(keystore_at(again, 2)->scope.hour, -2562047);
	place_done(&p);
}

TEST(a_found_key_writes_nothing)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(buf_done_ptr) struct buf before, after;
	uint8_t key[CRYPTO_KEY_BYTES];
	struct place p;

	place_make(&p);
	ks = place_create(&p);
	(void)use_key(ks, "a", 0, 1, key);
	place_load(&p, KEYSTORE_FILE, &before);
	(void)use_key(ks, "a", 0, 1, key);
	place_load(&p, KEYSTORE_FILE, &after);

	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.p, after.p, before.len);
	place_done(&p);
}

TEST(no_key_and_no_name_stands_in_the_file)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(buf_done_ptr) struct buf file;
	uint8_t key[CRYPTO_KEY_BYTES], meta[CRYPTO_KEY_BYTES];
	struct place p;

	place_make(&p);
	ks = place_create(&p);
	(void)use_key(ks, "secret-cluster", 0, 1, key);
	assert_int_equal(keystore_purpose(ks, "meta", meta), 0);
	place_load(&p, KEYSTORE_FILE, &file);

	assert_null(memmem(file.p, file.len, "secret-cluster", 14));
	assert_null(memmem(file.p, file.len, key, 8));
	assert_null(memmem(file.p, file.len, meta, 8));
	assert_null(memmem(file.p, file.len, ks->secrets->epoch, 8));
	assert_null(memmem(file.p, file.len, ks->secrets->master, 8));
	place_done(&p);
}

/* ---- Limits ---------------------------------------------------------------------------------- */

/* Fills the keystore in memory, since making keys one by one would write the file as often. */
static void fill(struct keystore *ks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct keystore_item item = { .info = { .id = ks->head.next_id++,
							.scope = scope_of("a", 0, (int64_t)i) } };
		uint8_t key[CRYPTO_KEY_BYTES] = { 1 };

		memcpy(key + 1, &i, sizeof(i));
		if (i == 7) {
			item.info.state = KEY_DESTROYED;
			item.info.destroyed_ns = 5;
		}
		assert_int_equal(
			keystore_entry_seal(ks->epoch, &ks->head, &item.info, key, item.sealed), 0);
		assert_int_equal(keystore_add(ks, &item, key), 0);
	}
}

TEST(a_full_keystore_forgets_what_was_destroyed_first_and_no_key_that_is_alive)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(keystore_free) struct keystore *again = NULL;
	uint8_t key[CRYPTO_KEY_BYTES], out[CRYPTO_KEY_BYTES];
	const struct key_scope one_more = scope_of("a", 0, -2);
	size_t told = 0;
	struct place p;
	struct err err;
	uint64_t id;

	place_make(&p);
	ks = place_create(&p);
	fill(ks, KEYSTORE_KEYS_MAX);
	id = use_key(ks, "a", 0, -1, key);
	assert_int_equal(id, KEYSTORE_KEYS_MAX + 1);
	assert_true(keystore_use(ks, &one_more, &id, out, &err) < 0);
	assert_int_equal(err.id, ERR_LIMIT);
	again = place_open(&p, true);

	assert_null(keystore_at(again, KEYSTORE_KEYS_MAX));
	assert_int_equal(keystore_get(again, KEYSTORE_KEYS_MAX + 1, out, NULL), 0);
	assert_memory_equal(out, key, sizeof(key));
	assert_int_equal(keystore_get(again, 8, out, NULL), -ENOKEY);
	assert_int_equal(keystore_get(again, 9, out, NULL), 0);
	assert_int_equal(out[1], 8);
	assert_int_equal(keystore_get(again, KEYSTORE_KEYS_MAX, out, NULL), 0);
	assert_int_equal(keystore_verify(p.state_fd, again, count_text, &told), 0);
	place_done(&p);
}

/* ---- Beside each other ----------------------------------------------------------------------- */

#define WRITES 100

TEST(who_reads_while_another_writes_meets_nothing_broken)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	struct place p;
	int status = 0;
	pid_t pid;

	place_make(&p);
	ks = place_create(&p);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		uint8_t key[CRYPTO_KEY_BYTES];

		for (unsigned i = 0; i < WRITES; i++)
			(void)use_key(ks, "a", 0, i, key);
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		CLEANUP(keystore_free) struct keystore *seen = place_open(&p, false);
		size_t n = 0;

		while (keystore_at(seen, n)) {
			assert_int_equal(keystore_at(seen, n)->state, KEY_ALIVE);
			n++;
		}
		assert_int_equal(n, seen->head.next_id - 1);
	}

	assert_int_equal(status, 0);
	place_done(&p);
}

TEST_MAIN
