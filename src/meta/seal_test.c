// SPDX-License-Identifier: Apache-2.0
/* Keys, nonces, and what a sealed thing is bound to, in memory. */
#include "meta/vfs_seal.h"

#include "t.h"

static const uint8_t key[CRYPTO_KEY_BYTES] = "0123456789abcdef0123456789abcde";
static uint8_t head[META_PAGE_BYTES];
static uint8_t text[META_FRAME_BYTES], sealed[META_FRAME_BYTES], opened[META_FRAME_BYTES];

/* Keys of one database; each call another opener of it. */
static struct meta_seal *opener(void)
{
	static const uint8_t salt[META_SALT_BYTES] = "salt of a test.";
	struct meta_seal *s = NULL;
	unsigned bad = 1;

	assert_int_equal(meta_head_make(key, salt, head), 0);
	assert_int_equal(meta_seal_new(key, head, &s, &bad), 0);
	assert_int_equal(bad, 0);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 31 + 7);
	return s;
}

static const uint8_t *trailer_of_page(void)
{
	return sealed + META_TEXT_BYTES;
}

/* ---- Round trips ----------------------------------------------------------------------------- */

TEST(a_page_comes_back_with_its_reserved_bytes_zero)
{
	struct meta_seal *s = opener();
	static const uint8_t zero[META_TRAILER_BYTES];

	assert_int_equal(meta_page_put(s, 3, text, sealed), 0);
	assert_int_equal(meta_page_get(s, 3, sealed, opened), 0);

	assert_memory_equal(opened, text, META_TEXT_BYTES);
	assert_memory_equal(opened + META_TEXT_BYTES, zero, sizeof(zero));
	meta_seal_free(s);
}

TEST(a_frame_comes_back_and_shows_its_page_and_salts_alone)
{
	struct meta_seal *s = opener();

	assert_int_equal(meta_frame_put(s, 5, text, text + META_FRAME_HEADER_BYTES, sealed), 0);
	assert_int_equal(meta_frame_get(s, 5, sealed, opened), 0);

	assert_memory_equal(opened, text, META_FRAME_HEADER_BYTES + META_TEXT_BYTES);
	assert_memory_equal(sealed, text, META_BOUND_BYTES);
	assert_memory_not_equal(sealed + META_BOUND_BYTES, text + META_BOUND_BYTES, 8);
	meta_seal_free(s);
}

TEST(a_record_comes_back_and_shows_its_number_alone)
{
	static const uint8_t id[META_JOURNAL_ID_BYTES] = "journal";
	struct meta_seal *s = opener();

	assert_int_equal(meta_record_put(s, 512, id, text, sealed), 0);
	assert_int_equal(meta_record_get(s, 512, id, sealed, opened), 0);

	assert_memory_equal(opened, text, 4 + META_TEXT_BYTES);
	assert_memory_equal(opened + 4 + META_PAGE_BYTES, text + 4 + META_PAGE_BYTES, 4);
	assert_memory_equal(sealed, text, 4);
	meta_seal_free(s);
}

TEST(a_head_of_a_journal_comes_back)
{
	struct meta_seal *s = opener();

	assert_int_equal(meta_block_put(s, META_KIND_WAL, 0, text, sealed), 0);
	assert_int_equal(meta_block_get(s, META_KIND_WAL, 0, sealed, opened), 0);

	assert_memory_equal(opened, text, META_BLOCK_TEXT_BYTES);
	meta_seal_free(s);
}

TEST(a_head_that_was_never_written_is_none)
{
	struct meta_seal *s = opener();

	memset(sealed, 0, META_BLOCK_BYTES);
	assert_int_equal(meta_block_get(s, META_KIND_JOURNAL, 0, sealed, opened), -ENOENT);
	sealed[META_BLOCK_BYTES - 1] = 1;
	assert_int_equal(meta_block_get(s, META_KIND_JOURNAL, 0, sealed, opened), -EBADMSG);
	meta_seal_free(s);
}

/* ---- What a thing is bound to ---------------------------------------------------------------- */

TEST(a_page_opens_at_its_place_only)
{
	struct meta_seal *s = opener();

	assert_int_equal(meta_page_put(s, 3, text, sealed), 0);

	assert_int_equal(meta_page_get(s, 2, sealed, opened), -EBADMSG);
	assert_int_equal(meta_page_get(s, 3, sealed, opened), 0);
	meta_seal_free(s);
}

TEST(a_page_opens_with_every_bit_as_it_was_only)
{
	struct meta_seal *s = opener();

	assert_int_equal(meta_page_put(s, 3, text, sealed), 0);
	for (size_t i = 0; i < META_PAGE_BYTES; i++) {
		sealed[i] ^= (uint8_t)(1u << i % 8);
		assert_int_equal(meta_page_get(s, 3, sealed, opened), -EBADMSG);
		sealed[i] ^= (uint8_t)(1u << i % 8);
	}
	assert_int_equal(meta_page_get(s, 3, sealed, opened), 0);
	meta_seal_free(s);
}

TEST(a_page_that_does_not_open_shows_nothing)
{
	static const uint8_t zero[META_PAGE_BYTES];
	struct meta_seal *s = opener();

	assert_int_equal(meta_page_put(s, 3, text, sealed), 0);
	assert_int_equal(meta_page_get(s, 4, sealed, sealed), -EBADMSG);

	assert_memory_equal(sealed, zero, sizeof(zero));
	meta_seal_free(s);
}

TEST(a_frame_opens_with_its_header_as_it_was_only)
{
	struct meta_seal *s = opener();

	assert_int_equal(meta_frame_put(s, 5, text, text + META_FRAME_HEADER_BYTES, sealed), 0);
	for (size_t i = 0; i < META_FRAME_BYTES; i++) {
		sealed[i] ^= 1;
		assert_int_equal(meta_frame_get(s, 5, sealed, opened), -EBADMSG);
		sealed[i] ^= 1;
	}
	assert_int_equal(meta_frame_get(s, 4, sealed, opened), -EBADMSG);
	assert_int_equal(meta_frame_get(s, 5, sealed, opened), 0);
	meta_seal_free(s);
}

TEST(a_record_opens_in_its_journal_at_its_place_only)
{
	static const uint8_t id[META_JOURNAL_ID_BYTES] = "journal";
	static const uint8_t other[META_JOURNAL_ID_BYTES] = "another";
	struct meta_seal *s = opener();

	assert_int_equal(meta_record_put(s, 512, id, text, sealed), 0);

	assert_int_equal(meta_record_get(s, 512, other, sealed, opened), -EBADMSG);
	assert_int_equal(meta_record_get(s, 512 + META_RECORD_BYTES, id, sealed, opened), -EBADMSG);
	sealed[3] ^= 1;
	assert_int_equal(meta_record_get(s, 512, id, sealed, opened), -EBADMSG);
	meta_seal_free(s);
}

TEST(a_head_is_one_of_its_kind_at_its_place)
{
	struct meta_seal *s = opener();

	assert_int_equal(meta_block_put(s, META_KIND_JOURNAL, 512, text, sealed), 0);

	assert_int_equal(meta_block_get(s, META_KIND_JOURNAL, 0, sealed, opened), -EBADMSG);
	memcpy(sealed, "RDBTMWAL", 8);
	assert_int_equal(meta_block_get(s, META_KIND_WAL, 512, sealed, opened), -EBADMSG);
	memcpy(sealed, "RDBTMJNL", 8);
	sealed[8] = META_VERSION + 1;
	assert_int_equal(meta_block_get(s, META_KIND_JOURNAL, 512, sealed, opened), -EBADMSG);
	meta_seal_free(s);
}

TEST(a_thing_opens_as_its_own_kind_only)
{
	struct meta_seal *s = opener();
	struct meta_place place = { META_KIND_WAL, 0, { 0 } };

	assert_int_equal(meta_seal_put(s, &place, (struct str){ (char *)text, 40 }, sealed), 0);
	place.kind = META_KIND_JOURNAL;

	assert_int_equal(meta_seal_get(s, &place, (struct str){ (char *)sealed, 72 }, opened),
			 -EBADMSG);
	place.kind = META_KIND_WAL;
	assert_int_equal(meta_seal_get(s, &place, (struct str){ (char *)sealed, 72 }, opened), 0);
	meta_seal_free(s);
}

TEST(a_page_of_another_database_with_this_key_does_not_open)
{
	static const uint8_t salt[META_SALT_BYTES] = "another salt...";
	struct meta_seal *s = opener(), *other = NULL;
	unsigned bad;

	assert_int_equal(meta_head_make(key, salt, head), 0);
	assert_int_equal(meta_seal_new(key, head, &other, &bad), 0);
	assert_int_equal(meta_page_put(s, 3, text, sealed), 0);

	assert_int_equal(meta_page_get(other, 3, sealed, opened), -EBADMSG);
	meta_seal_free(other);
	meta_seal_free(s);
}

/* ---- Nonces ---------------------------------------------------------------------------------- */

TEST(one_opener_counts)
{
	struct meta_seal *s = opener();
	uint8_t first[META_TRAILER_BYTES];

	assert_int_equal(meta_page_put(s, 1, text, sealed), 0);
	memcpy(first, trailer_of_page(), sizeof(first));
	assert_int_equal(meta_page_put(s, 1, text, sealed), 0);

	assert_memory_equal(first + 16, trailer_of_page() + 16, 12);
	assert_int_equal(load_u32le(first + 28), 0);
	assert_int_equal(load_u32le(trailer_of_page() + 28), 1);
	meta_seal_free(s);
}

TEST(two_openers_never_share_a_key_and_read_each_other)
{
	struct meta_seal *a = opener(), *b = opener();
	uint8_t epoch[12];

	assert_int_equal(meta_page_put(a, 1, text, sealed), 0);
	memcpy(epoch, trailer_of_page() + 16, sizeof(epoch));
	assert_int_equal(meta_page_get(b, 1, sealed, opened), 0);
	assert_int_equal(meta_page_put(b, 1, text, sealed), 0);

	assert_memory_not_equal(epoch, trailer_of_page() + 16, sizeof(epoch));
	assert_int_equal(meta_page_get(a, 1, sealed, opened), 0);
	meta_seal_free(a);
	meta_seal_free(b);
}

TEST(the_last_nonce_of_a_key_is_used_and_then_another_key_is_drawn)
{
	struct meta_seal *s = opener();
	uint8_t last[META_PAGE_BYTES];

	assert_int_equal(meta_page_put(s, 1, text, sealed), 0);
	meta_seal_jump(s, META_SEALS_MAX - 1);
	assert_int_equal(meta_page_put(s, 1, text, last), 0);
	assert_memory_equal(last + META_TEXT_BYTES + 16, trailer_of_page() + 16, 12);
	assert_int_equal(load_u32le(last + META_TEXT_BYTES + 28), UINT32_MAX);
	assert_int_equal(meta_page_put(s, 1, text, sealed), 0);

	assert_memory_not_equal(last + META_TEXT_BYTES + 16, trailer_of_page() + 16, 12);
	assert_int_equal(load_u32le(trailer_of_page() + 28), 0);
	assert_int_equal(meta_page_get(s, 1, last, opened), 0);
	assert_int_equal(meta_page_get(s, 1, sealed, opened), 0);
	meta_seal_free(s);
}

/* More keys than are kept. */
TEST(pages_of_many_openers_are_read)
{
	enum { OPENERS = 300 };
	static uint8_t pages[OPENERS][META_PAGE_BYTES];
	struct meta_seal *reader = opener();

	for (uint32_t i = 0; i < OPENERS; i++) {
		struct meta_seal *s = opener();

		assert_int_equal(meta_page_put(s, i + 1, text, pages[i]), 0);
		meta_seal_free(s);
	}

	for (unsigned round = 0; round < 2; round++)
		for (uint32_t i = 0; i < OPENERS; i++)
			assert_int_equal(meta_page_get(reader, i + 1, pages[i], opened), 0);
	meta_seal_free(reader);
}

/* ---- The head -------------------------------------------------------------------------------- */

TEST(one_whole_copy_of_the_head_is_enough)
{
	struct meta_seal *s = opener(), *again = NULL;
	unsigned bad = 0;

	assert_int_equal(meta_page_put(s, 1, text, sealed), 0);
	memset(head, 0xff, META_PAGE_BYTES - META_COPY_BYTES);
	assert_int_equal(meta_seal_new(key, head, &again, &bad), 0);

	assert_int_equal(bad, 0x7f);
	assert_int_equal(meta_page_get(again, 1, sealed, opened), 0);
	meta_seal_free(again);
	meta_seal_free(s);
}

TEST(a_head_of_another_key_opens_nothing)
{
	struct meta_seal *s = opener();
	uint8_t other[CRYPTO_KEY_BYTES];
	unsigned bad;

	meta_seal_free(s);
	s = NULL;
	memcpy(other, key, sizeof(other));
	other[0] ^= 1;

	assert_int_equal(meta_seal_new(other, head, &s, &bad), -EBADMSG);
	assert_null(s);
}

TEST(each_byte_of_a_copy_that_means_something_is_checked)
{
	struct meta_seal *s = opener();
	unsigned bad = 0;

	meta_seal_free(s);
	for (size_t i = 0; i < 64; i++) {
		head[i] ^= 1;
		assert_int_equal(meta_seal_new(key, head, &s, &bad), 0);
		assert_int_equal(bad, 1);
		meta_seal_free(s);
		head[i] ^= 1;
	}
}

TEST(a_newer_head_is_told_from_a_damaged_one)
{
	struct meta_seal *s = opener();
	unsigned bad;

	meta_seal_free(s);
	s = NULL;
	memset(head, 0, META_PAGE_BYTES);
	assert_int_equal(meta_seal_new(key, head, &s, &bad), -EBADMSG);
	memcpy(head, "RDBTMETA\2\0", 10);
	assert_int_equal(meta_seal_new(key, head, &s, &bad), -ENOTSUP);
}

TEST_MAIN
