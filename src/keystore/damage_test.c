// SPDX-License-Identifier: Apache-2.0
/* What damage of the file costs, and that each is told. */
#include "keystore/place_test.h"

#define KEYS       4
#define FILE_BYTES (2 * (size_t)KEYSTORE_HEADER_BYTES + KEYS * (size_t)KEYSTORE_ENTRY_BYTES)

/* Four keys of cluster a, hours 0 to 3, and the file. */
struct sample {
	struct place place;
	struct keystore *ks;
	uint8_t keys[KEYS][CRYPTO_KEY_BYTES];
	struct buf file;
};

static void sample_make(struct sample *s)
{
	place_make(&s->place);
	s->ks = place_create(&s->place);
	for (unsigned i = 0; i < KEYS; i++)
		(void)use_key(s->ks, "a", 1, i, s->keys[i]);
	place_load(&s->place, KEYSTORE_FILE, &s->file);
	assert_int_equal(s->file.len, FILE_BYTES);
}

static void sample_done(struct sample *s)
{
	keystore_free(s->ks);
	buf_done(&s->file);
	place_done(&s->place);
}

static int known_keys(const void *owner, [[maybe_unused]] const struct keystore_header *h,
		      struct keystore_secrets *s)
{
	*s = *((const struct keystore *)owner)->secrets;
	return 0;
}

/* Reads these bytes with the sample's root key. */
static struct keystore *read_bytes(struct sample *s, struct str bytes, size_t *told,
				   struct err *err)
{
	const struct keystore_opener opener = { known_keys, s->ks };
	struct keystore_notes notes = { .known = s->ks };
	struct keystore *ks = keystore_new();

	if (keystore_read(bytes, &opener, ks, &notes, err) < 0) {
		keystore_free(ks);
		return NULL;
	}
	*told = notes.n;
	return ks;
}

/* How many of the keys are as they were; the others must be damaged, and never another key. */
static unsigned keys_left(const struct sample *s, const struct keystore *ks)
{
	uint8_t out[CRYPTO_KEY_BYTES];
	unsigned n = 0;

	for (unsigned i = 0; i < KEYS; i++) {
		int r = keystore_get(ks, i + 1, out, NULL);

		if (r == 0) {
			assert_memory_equal(out, s->keys[i], sizeof(out));
			n++;
		} else {
			assert_int_equal(r, -EBADMSG);
		}
	}
	return n;
}

static char *entry(struct sample *s, unsigned i)
{
	return s->file.p + KEYSTORE_HEADER_BYTES + i * (size_t)KEYSTORE_ENTRY_BYTES;
}

/* ---- Bits ------------------------------------------------------------------------------------ */

TEST(any_flipped_bit_is_told_and_costs_at_most_the_key_it_is_in)
{
	struct sample s;

	sample_make(&s);
	for (size_t bit = 0; bit < 8 * FILE_BYTES; bit++) {
		CLEANUP(keystore_free) struct keystore *ks = NULL;
		size_t at = bit / 8 - KEYSTORE_HEADER_BYTES, told = 0;
		bool in_entry = bit / 8 >= KEYSTORE_HEADER_BYTES &&
				bit / 8 < FILE_BYTES - KEYSTORE_HEADER_BYTES;
		bool costs = in_entry && at % KEYSTORE_ENTRY_BYTES >= 8;

		s.file.p[bit / 8] ^= (char)(1 << bit % 8);
		ks = read_bytes(&s, buf_str(&s.file), &told, NULL);
		s.file.p[bit / 8] ^= (char)(1 << bit % 8);
		assert_non_null(ks);
		assert_true(told >= 1);
		assert_int_equal(keys_left(&s, ks), costs ? KEYS - 1 : KEYS);
		if (costs)
			assert_int_equal(keystore_at(ks, at / KEYSTORE_ENTRY_BYTES)->state,
					 KEY_DAMAGED);
	}
	sample_done(&s);
}

TEST(both_headers_damaged_is_damage)
{
	struct sample s;
	struct err err;
	size_t told;

	sample_make(&s);
	s.file.p[50] ^= 1;
	s.file.p[FILE_BYTES - 200] ^= 1;

	assert_null(read_bytes(&s, buf_str(&s.file), &told, &err));
	assert_int_equal(err.id, ERR_STORE_DAMAGED);
	sample_done(&s);
}

TEST(a_file_cut_anywhere_keeps_what_stands_before)
{
	struct sample s;

	sample_make(&s);
	for (size_t n = 0; n < FILE_BYTES; n++) {
		CLEANUP(keystore_free) struct keystore *ks = NULL;
		uint8_t *exact = malloc(n ? n : 1);
		size_t told = 0, whole = 0;
		struct err err;

		memcpy(exact, s.file.p, n);
		ks = read_bytes(&s, (struct str){ (char *)exact, n }, &told, &err);
		if (n < KEYSTORE_HEADER_BYTES) {
			assert_null(ks);
			assert_int_equal(err.id, ERR_STORE_DAMAGED);
		} else {
			assert_non_null(ks);
			whole = size_min((n - KEYSTORE_HEADER_BYTES) / KEYSTORE_ENTRY_BYTES, KEYS);
			assert_int_equal(keys_left(&s, ks), whole);
			assert_true(told >= 1);
		}
		free(exact);
	}
	sample_done(&s);
}

TEST(bytes_behind_the_end_cost_nothing)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	struct sample s;
	size_t told = 0;

	sample_make(&s);
	assert_int_equal(buf_put(&s.file, STR("something")), 0);
	ks = read_bytes(&s, buf_str(&s.file), &told, NULL);

	assert_int_equal(keys_left(&s, ks), KEYS);
	assert_true(told >= 1);
	sample_done(&s);
}

/* ---- Entries moved about --------------------------------------------------------------------- */

TEST(swapped_entries_cost_nothing_and_are_told)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	char kept[KEYSTORE_ENTRY_BYTES];
	struct sample s;
	size_t told = 0;

	sample_make(&s);
	memcpy(kept, entry(&s, 0), sizeof(kept));
	memcpy(entry(&s, 0), entry(&s, 3), sizeof(kept));
	memcpy(entry(&s, 3), kept, sizeof(kept));
	ks = read_bytes(&s, buf_str(&s.file), &told, NULL);

	assert_int_equal(keys_left(&s, ks), KEYS);
	assert_int_equal(told, 2); /* the order, and the sum */
	sample_done(&s);
}

TEST(an_entry_in_the_place_of_another_costs_that_one)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	uint8_t out[CRYPTO_KEY_BYTES];
	struct sample s;
	size_t told = 0;

	sample_make(&s);
	memcpy(entry(&s, 2), entry(&s, 1), KEYSTORE_ENTRY_BYTES);
	ks = read_bytes(&s, buf_str(&s.file), &told, NULL);

	assert_int_equal(keys_left(&s, ks), KEYS - 1);
	assert_int_equal(keystore_get(ks, 3, out, NULL), -EBADMSG);
	assert_true(told >= 3); /* twice, missing, the sum */
	sample_done(&s);
}

TEST(an_entry_that_was_taken_out_is_missed)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	uint8_t out[CRYPTO_KEY_BYTES];
	struct sample s;
	size_t told = 0;

	sample_make(&s);
	memmove(entry(&s, 1), entry(&s, 2), FILE_BYTES - (size_t)(entry(&s, 2) - s.file.p));
	s.file.len -= KEYSTORE_ENTRY_BYTES;
	ks = read_bytes(&s, buf_str(&s.file), &told, NULL);

	assert_int_equal(keys_left(&s, ks), KEYS - 1);
	assert_int_equal(keystore_get(ks, 2, out, NULL), -EBADMSG);
	assert_true(told >= 2);
	sample_done(&s);
}

TEST(an_entry_of_another_store_does_not_open)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	struct sample s, other;
	size_t told = 0;

	sample_make(&s);
	sample_make(&other);
	memcpy(entry(&s, 1), entry(&other, 1), KEYSTORE_ENTRY_BYTES);
	ks = read_bytes(&s, buf_str(&s.file), &told, NULL);

	assert_int_equal(keys_left(&s, ks), KEYS - 1);
	assert_true(told >= 1);
	sample_done(&s);
	sample_done(&other);
}

TEST(of_two_headers_the_newer_one_counts)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(buf_done_ptr) struct buf newer;
	uint8_t key[CRYPTO_KEY_BYTES];
	struct sample s;
	size_t told = 0;

	sample_make(&s);
	(void)use_key(s.ks, "a", 1, 99, key);
	place_load(&s.place, KEYSTORE_FILE, &newer);
	memcpy(newer.p, s.file.p, KEYSTORE_HEADER_BYTES);
	ks = read_bytes(&s, buf_str(&newer), &told, NULL);

	assert_int_equal(ks->n, KEYS + 1);
	assert_int_equal(told, 1);
	sample_done(&s);
}

/* ---- Versions and keys ----------------------------------------------------------------------- */

TEST(a_newer_version_is_refused_by_name)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	struct sample s;
	struct err err;
	size_t told = 0;

	sample_make(&s);
	s.file.p[8] = 2;
	ks = read_bytes(&s, buf_str(&s.file), &told, &err);
	assert_non_null(ks); /* one of two is damage */
	s.file.p[FILE_BYTES - KEYSTORE_HEADER_BYTES + 8] = 2;

	assert_null(read_bytes(&s, buf_str(&s.file), &told, &err));
	assert_int_equal(err.id, ERR_STORE_VERSION);
	sample_done(&s);
}

static int reject(const void *owner, [[maybe_unused]] const struct keystore_header *h,
		  [[maybe_unused]] struct keystore_secrets *s)
{
	(*(unsigned *)(uintptr_t)owner)++;
	return -EKEYREJECTED;
}

TEST(a_wrong_passphrase_is_stretched_once)
{
	unsigned asked = 0;
	const struct keystore_opener opener = { reject, &asked };
	struct keystore_notes notes = { .say = NULL };
	struct keystore *ks = keystore_new();
	struct sample s;
	struct err err;

	sample_make(&s);
	assert_true(keystore_read(buf_str(&s.file), &opener, ks, &notes, &err) < 0);

	assert_int_equal(err.id, ERR_KEY_WRONG);
	assert_int_equal(asked, 1);
	keystore_free(ks);
	sample_done(&s);
}

/* ---- Living on with damage ------------------------------------------------------------------- */

TEST(a_damaged_keystore_is_used_and_written_on)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(keystore_free) struct keystore *again = NULL;
	const struct key_match first = { "a", 1, 0, 0 };
	uint8_t out[CRYPTO_KEY_BYTES];
	struct sample s;

	sample_make(&s);
	entry(&s, 2)[100] ^= 4;
	s.file.p[130] ^= 1;
	place_store(&s.place, buf_str(&s.file));
	ks = place_open(&s.place, true);
	assert_int_equal(keys_left(&s, ks), KEYS - 1);
	assert_int_equal(use_key(ks, "a", 1, 2, out), 5); /* a new one for the lost one's scope */
	assert_int_equal(keystore_destroy(ks, &first, 1, NULL), 1);
	again = place_open(&s.place, false);

	assert_int_equal(keystore_get(again, 3, out, NULL), -EBADMSG);
	assert_int_equal(keystore_at(again, 2)->state, KEY_DAMAGED);
	assert_int_equal(keystore_get(again, 5, out, NULL), 0);
	assert_int_equal(keystore_get(again, 2, out, NULL), 0);
	sample_done(&s);
}

/* ---- Verifying ------------------------------------------------------------------------------- */

struct said {
	char text[2048];
	size_t n;
};

static void keep_text(void *owner, const char *text)
{
	struct said *said = owner;

	said->n +=
		(size_t)snprintf(said->text + said->n, sizeof(said->text) - said->n, "%s\n", text);
}

TEST(a_whole_keystore_has_nothing_to_tell)
{
	struct said said = { .n = 0 };
	struct sample s;

	sample_make(&s);

	assert_int_equal(keystore_verify(s.place.state_fd, s.ks, keep_text, &said), 0);
	assert_int_equal(said.n, 0);
	sample_done(&s);
}

TEST(verifying_names_the_key_and_what_it_was_for)
{
	struct said said = { .n = 0 };
	struct sample s;

	sample_make(&s);
	entry(&s, 2)[100] ^= 4;
	place_store(&s.place, buf_str(&s.file));
	assert_int_equal(keystore_verify(s.place.state_fd, s.ks, keep_text, &said), 2);

	assert_string_equal(
		said.text, "key 3 (cluster a, headers, hour of 1970-01-01T02:00) is damaged in the "
			   "keystore, at entry 3\n"
			   "the keystore's entries are not those that were written: their sum does "
			   "not hold\n");
	sample_done(&s);
}

TEST(verifying_tells_what_is_gone_altogether)
{
	struct said said = { .n = 0 };
	struct sample s;

	sample_make(&s);
	assert_int_equal(unlinkat(s.place.state_fd, "keys/keystore", 0), 0);
	assert_int_equal(keystore_verify(s.place.state_fd, s.ks, keep_text, &said), 1);
	assert_int_equal(unlinkat(s.place.state_fd, "keys", AT_REMOVEDIR), 0);
	assert_int_equal(keystore_verify(s.place.state_fd, s.ks, keep_text, &said), 1);

	assert_non_null(strstr(said.text, "there is no keystore\n"));
	assert_non_null(strstr(said.text, "No such file or directory\n"));
	sample_done(&s);
}

TEST(verifying_tells_a_file_that_was_set_back)
{
	struct said said = { .n = 0 };
	uint8_t key[CRYPTO_KEY_BYTES];
	struct sample s;

	sample_make(&s);
	(void)use_key(s.ks, "a", 1, 99, key);
	place_store(&s.place, buf_str(&s.file));
	assert_int_equal(keystore_verify(s.place.state_fd, s.ks, keep_text, &said), 1);

	assert_string_equal(said.text, "the keystore was set back to an older one\n");
	sample_done(&s);
}

/* A writer comes in between: the first reading meets zeros, the second the new file. */
static int heal(const void *owner, const struct keystore_header *h, struct keystore_secrets *out)
{
	struct sample *s = (struct sample *)(uintptr_t)owner;

	place_store(&s->place, buf_str(&s->file));
	return known_keys(s->ks, h, out);
}

TEST(what_a_writer_zeroes_under_a_reader_is_read_again)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(buf_done_ptr) struct buf zeroed;
	struct keystore_notes notes = { .say = NULL };
	struct keystore_opener opener = { heal, NULL };
	struct sample s;
	int dir;

	sample_make(&s);
	opener.owner = &s;
	place_load(&s.place, KEYSTORE_FILE, &zeroed);
	memset(zeroed.p + 400, 0, zeroed.len - 400);
	place_store(&s.place, buf_str(&zeroed));
	dir = keystore_dir(s.place.state_fd);
	assert_int_equal(keystore_load(dir, &opener, &notes, &ks, NULL), 0);

	assert_int_equal(notes.n, 0);
	assert_int_equal(keys_left(&s, ks), KEYS);
	fd_close(dir);
	sample_done(&s);
}

/* ---- Entries that contradict themselves ------------------------------------------------------ */

/* Changes one byte of a plain entry that is otherwise right. */
static int decode_with(enum key_state state, size_t at, uint8_t value)
{
	const struct key_info info = { .scope = scope_of(state == KEY_DAMAGED ? "" : "abc", 0, 0),
				       .state = state };
	uint8_t plain[KEYSTORE_ENTRY_PLAIN], key[CRYPTO_KEY_BYTES] = { 5 };
	struct key_info out;

	keystore_entry_encode(&info, key, plain);
	assert_int_equal(keystore_entry_decode(plain, &out, key), 0);
	plain[at] = value;
	return keystore_entry_decode(plain, &out, key);
}

TEST(entries_that_contradict_themselves_are_refused)
{
	assert_int_equal(decode_with(KEY_ALIVE, 0, 0), -EBADMSG);
	assert_int_equal(decode_with(KEY_ALIVE, 0, 2), -EBADMSG); /* destroyed, with a key */
	assert_int_equal(decode_with(KEY_ALIVE, 0, 4), -EBADMSG);
	assert_int_equal(decode_with(KEY_ALIVE, 1, KEYSTORE_PARTS), -EBADMSG);
	assert_int_equal(decode_with(KEY_ALIVE, 2, 0), -EBADMSG);
	assert_int_equal(decode_with(KEY_ALIVE, 2, 2), -EBADMSG);
	assert_int_equal(decode_with(KEY_ALIVE, 2, 4), -EBADMSG);
	assert_int_equal(decode_with(KEY_ALIVE, 2, 255), -EBADMSG);
	assert_int_equal(decode_with(KEY_ALIVE, 3, 1), -EBADMSG);
	assert_int_equal(decode_with(KEY_ALIVE, 7, 1), -EBADMSG);
	assert_int_equal(decode_with(KEY_ALIVE, 15, 0x7f), -EBADMSG); /* an hour beyond time */
	assert_int_equal(decode_with(KEY_ALIVE, 16, 1), -EBADMSG); /* alive, and destroyed when */
	assert_int_equal(decode_with(KEY_ALIVE, 24, 0), -EBADMSG); /* without a key */
	assert_int_equal(decode_with(KEY_ALIVE, 57, 'B'), -EBADMSG);
	assert_int_equal(decode_with(KEY_ALIVE, 57, 0), -EBADMSG);
	assert_int_equal(decode_with(KEY_ALIVE, 119, 'x'), -EBADMSG);
	assert_int_equal(decode_with(KEY_DESTROYED, 30, 1), -EBADMSG);
	assert_int_equal(decode_with(KEY_DAMAGED, 30, 1), -EBADMSG);
	assert_int_equal(decode_with(KEY_DAMAGED, 8, 1), -EBADMSG);
	assert_int_equal(decode_with(KEY_ALIVE, 57, 'c'), 0);
	assert_int_equal(decode_with(KEY_DESTROYED, 20, 1), 0);
}

/* ---- Hostile costs --------------------------------------------------------------------------- */

/* A header that asks for this cost. */
static int decode_cost(uint32_t memory_kib, uint32_t passes, uint32_t lanes)
{
	struct keystore_header h = { .root = KEYSTORE_ROOT_PASSPHRASE,
				     .cost = { memory_kib, passes, lanes },
				     .epoch = 1,
				     .next_id = 1 };
	uint8_t bytes[KEYSTORE_HEADER_BYTES];
	struct sample s;
	int r;

	sample_make(&s);
	assert_int_equal(keystore_header_seal(&h, s.ks->secrets, bytes), 0);
	r = keystore_header_decode(bytes, &h);
	sample_done(&s);
	return r;
}

TEST(a_header_cannot_ask_for_all_memory_or_all_time)
{
	assert_int_equal(decode_cost(KEYSTORE_MEMORY_MAX, 64, 16), 0);
	assert_int_equal(decode_cost(KEYSTORE_MEMORY_MAX + 1, 1, 1), -EBADMSG);
	assert_int_equal(decode_cost(8, 65, 1), -EBADMSG);
	assert_int_equal(decode_cost(1024, 1, 17), -EBADMSG);
	assert_int_equal(decode_cost(8, 1, 1), 0);
	assert_int_equal(decode_cost(7, 1, 1), -EBADMSG);
	assert_int_equal(decode_cost(15, 1, 2), -EBADMSG);
	assert_int_equal(decode_cost(8, 0, 1), -EBADMSG);
	assert_int_equal(decode_cost(8, 1, 0), -EBADMSG);
}

TEST_MAIN
