// SPDX-License-Identifier: Apache-2.0
/*
 * What is read from the files of the metadata database, by the first byte of the input: a head, a
 * page, a frame, a record or a head of a journal, as it is; and the same thing as we sealed it,
 * with the rest of the input laid over it by exclusive or. What is not as it was sealed must not
 * open, and what is must give its text.
 */
#include "meta/vfs_seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NUMBER 7

static const uint8_t key[CRYPTO_KEY_BYTES] = "0123456789abcdef0123456789abcde";
static const uint8_t salt[META_SALT_BYTES] = "salt of a test.";
static const uint8_t journal[META_JOURNAL_ID_BYTES] = "journal";

enum thing { HEAD, PAGE, FRAME, RECORD, WAL_HEAD, JOURNAL_HEAD, THINGS };

/* Its bytes, and how many of them are checked; the others are padding. */
static const struct {
	size_t bytes, checked;
} sizes[THINGS] = {
	[HEAD] = { META_PAGE_BYTES, 0 }, /* one copy is enough */
	[PAGE] = { META_PAGE_BYTES, META_PAGE_BYTES },
	[FRAME] = { META_FRAME_BYTES, META_FRAME_BYTES },
	[RECORD] = { META_RECORD_BYTES, META_RECORD_BYTES },
	[WAL_HEAD] = { META_BLOCK_BYTES, 16 + META_BLOCK_TEXT_BYTES + META_TRAILER_BYTES },
	[JOURNAL_HEAD] = { META_BLOCK_BYTES, 16 + META_BLOCK_TEXT_BYTES + META_TRAILER_BYTES },
};

static int put(struct meta_seal *s, enum thing thing, const uint8_t *text, uint8_t *out)
{
	switch (thing) {
	case PAGE:
		return meta_page_put(s, NUMBER, text, out);
	case FRAME:
		return meta_frame_put(s, NUMBER, text, text + META_FRAME_HEADER_BYTES, out);
	case RECORD:
		return meta_record_put(s, NUMBER, journal, text, out);
	case WAL_HEAD:
		return meta_block_put(s, META_KIND_WAL, 0, text, out);
	case JOURNAL_HEAD:
		return meta_block_put(s, META_KIND_JOURNAL, 0, text, out);
	case HEAD:
	case THINGS:
	default:
		return meta_head_make(key, salt, out);
	}
}

static int get_head(const uint8_t *head)
{
	struct meta_seal *s = NULL;
	unsigned bad = 0;
	int r = meta_seal_new(key, head, &s, &bad);

	assert((r == 0) == (s != NULL) && bad < 1u << META_HEAD_COPIES);
	meta_seal_free(s);
	return r;
}

static int get(struct meta_seal *s, enum thing thing, const uint8_t *sealed, uint8_t *out)
{
	switch (thing) {
	case PAGE:
		return meta_page_get(s, NUMBER, sealed, out);
	case FRAME:
		return meta_frame_get(s, NUMBER, sealed, out);
	case RECORD:
		return meta_record_get(s, NUMBER, journal, sealed, out);
	case WAL_HEAD:
		return meta_block_get(s, META_KIND_WAL, 0, sealed, out);
	case JOURNAL_HEAD:
		return meta_block_get(s, META_KIND_JOURNAL, 0, sealed, out);
	case HEAD:
	case THINGS:
	default:
		return get_head(sealed);
	}
}

/* Lays the input over what was sealed; true when something that is checked has changed. */
static bool lay_over(uint8_t *sealed, enum thing thing, const uint8_t *data, size_t size)
{
	bool changed = false;

	for (size_t i = 0; i < size_min(size, sizes[thing].bytes); i++) {
		sealed[i] ^= data[i];
		changed |= data[i] && i < sizes[thing].checked;
	}
	return changed;
}

static void open_changed(struct meta_seal *s, enum thing thing, const uint8_t *data, size_t size)
{
	uint8_t text[META_FRAME_BYTES], sealed[META_FRAME_BYTES] = { 0 }, opened[META_FRAME_BYTES];
	bool changed;
	int r;

	memset(text, 'T', sizeof(text));
	assert(put(s, thing, text, sealed) == 0);
	changed = lay_over(sealed, thing, data, size);
	r = get(s, thing, sealed, opened);
	if (thing == HEAD)
		return;
	assert((r == 0) == !changed);
	assert(r < 0 || memcmp(opened, text, META_BLOCK_TEXT_BYTES) == 0);
}

static void open_as_it_is(struct meta_seal *s, enum thing thing, const uint8_t *data, size_t size)
{
	uint8_t sealed[META_FRAME_BYTES] = { 0 }, opened[META_FRAME_BYTES];

	memcpy(sealed, data, size_min(size, sizes[thing].bytes));
	(void)get(s, thing, sealed, opened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct meta_seal *s;
	uint8_t head[META_PAGE_BYTES];
	unsigned bad;

	if (size == 0 || crypto_init(NULL) < 0)
		return 0;
	if (!s)
		assert(meta_head_make(key, salt, head) == 0 &&
		       meta_seal_new(key, head, &s, &bad) == 0);
	open_as_it_is(s, (enum thing)(data[0] % THINGS), data + 1, size - 1);
	open_changed(s, (enum thing)(data[0] % THINGS), data + 1, size - 1);
	return 0;
}
