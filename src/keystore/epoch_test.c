// SPDX-License-Identifier: Apache-2.0
/* What a destruction does to entries that nobody can read now: they end with their epoch. */
#include "keystore/place_test.h"

#define NOW INT64_C(1795163730000000007)

/* ---- Entries that nobody can read now -------------------------------------------------------- */

/* Destroys everything of a store whose second entry is changed by `change`, and then puts the bytes
 * of before back behind the header of now: no key may come of them. */
static void destroy_altered(void (*change)(struct buf *file))
{
	CLEANUP(buf_done_ptr) struct buf before, file;
	CLEANUP(keystore_free) struct keystore *forged = NULL;
	const struct key_match second = { "a", 0, 1, 1 };
	uint8_t out[CRYPTO_KEY_BYTES];
	struct three s;

	three_make(&s);
	keystore_free(s.ks);
	place_load(&s.place, KEYSTORE_FILE, &before);
	place_load(&s.place, KEYSTORE_FILE, &file);
	change(&file);
	place_store(&s.place, buf_str(&file));
	s.ks = place_open(&s.place, true);
	assert_int_equal(keystore_get(s.ks, 2, out, NULL), -EBADMSG);

	assert_int_equal(keystore_destroy(s.ks, &second, NOW, NULL), 0);

	buf_done(&file);
	place_load(&s.place, KEYSTORE_FILE, &file);
	memcpy(file.p + KEYSTORE_HEADER_BYTES, before.p + KEYSTORE_HEADER_BYTES,
	       file.len - 2 * (size_t)KEYSTORE_HEADER_BYTES);
	place_store(&s.place, buf_str(&file));
	forged = place_open(&s.place, false);
	assert_true(keystore_get(forged, 2, out, NULL) < 0);
	keystore_free(s.ks);
	place_done(&s.place);
}

static void flip_second(struct buf *file)
{
	file->p[KEYSTORE_HEADER_BYTES + KEYSTORE_ENTRY_BYTES + 40] ^= 1;
}

static void take_out_second(struct buf *file)
{
	char *second = file->p + KEYSTORE_HEADER_BYTES + KEYSTORE_ENTRY_BYTES;

	memmove(second, second + KEYSTORE_ENTRY_BYTES,
		file->len - KEYSTORE_HEADER_BYTES - 2 * (size_t)KEYSTORE_ENTRY_BYTES);
	file->len -= KEYSTORE_ENTRY_BYTES;
}

TEST(destroying_ends_the_epoch_of_entries_that_were_damaged_or_taken_out)
{
	destroy_altered(flip_second);
	destroy_altered(take_out_second);
}

TEST_MAIN
