// SPDX-License-Identifier: Apache-2.0
/*
 * The keystore's reader, by the first byte of the input: bytes as they could lie in the file,
 * opened with a fixed root key; what stands behind the seals, which the harness seals itself: a
 * header's numbers and plain entries, some of them then damaged, moved or cut off. Whatever is read
 * must be in order, and a keystore that reads without a note must be written with the same bytes
 * again.
 */
#include "keystore/keystore_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ENTRIES_MAX 16

/* Both wrapping keys are ones, master and epoch key twos. */
static void fixed_secrets(struct keystore_secrets *s)
{
	memset(s->wraps_master, 1, CRYPTO_KEY_BYTES);
	memset(s->wraps_epoch, 1, CRYPTO_KEY_BYTES);
	memset(s->master, 2, CRYPTO_KEY_BYTES);
	memset(s->epoch, 2, CRYPTO_KEY_BYTES);
}

static int fixed_keys([[maybe_unused]] const void *owner,
		      [[maybe_unused]] const struct keystore_header *h, struct keystore_secrets *s)
{
	fixed_secrets(s);
	return 0;
}

/* ---- What was read --------------------------------------------------------------------------- */

static void check_items(const struct keystore *ks)
{
	uint8_t key[CRYPTO_KEY_BYTES];
	uint64_t before = 0;

	for (size_t i = 0; keystore_at(ks, i); i++) {
		const struct key_info *info = keystore_at(ks, i);
		int r = keystore_get(ks, info->id, key, NULL);

		assert(info->id > before && info->id < ks->head.next_id);
		assert((r == 0) == (info->state == KEY_ALIVE));
		assert(info->state == KEY_DAMAGED || keystore_scope_is_valid(&info->scope));
		assert(info->state == KEY_DESTROYED || info->destroyed_ns == 0);
		before = info->id;
	}
	(void)keystore_get(ks, before + 1, key, NULL);
}

/* The entries that were read, as a file again. */
static void check_same(struct str file, struct keystore *ks)
{
	struct buf image;

	keystore_image_begin(&image);
	for (size_t i = 0; i < ks->n; i++)
		(void)buf_put(&image, (struct str){ (const char *)ks->items[i].sealed,
						    KEYSTORE_ENTRY_BYTES });
	assert(keystore_image_end(&image, &ks->head, ks->secrets) == 0 && image.len == file.n);
	/* The wrapped keys have nonces of their own. */
	assert(memcmp(image.p, file.p, KEYSTORE_CLEAR_BYTES) == 0);
	assert(memcmp(image.p + KEYSTORE_HEADER_BYTES, file.p + KEYSTORE_HEADER_BYTES,
		      file.n - 2 * (size_t)KEYSTORE_HEADER_BYTES) == 0);
	buf_done(&image);
}

static void count_note(void *owner, const char *text)
{
	assert(text[0]);
	(*(size_t *)owner)++;
}

static void read_file(struct str file)
{
	static const struct keystore_opener opener = { .keys = fixed_keys };
	struct keystore *ks = keystore_new();
	size_t told = 0;
	struct keystore_notes notes = { .say = count_note, .owner = &told, .known = ks };
	struct err err;

	assert(ks);
	if (keystore_read(file, &opener, ks, &notes, &err) == 0) {
		assert(told == notes.n);
		check_items(ks);
		if (notes.n == 0)
			check_same(file, ks);
	} else {
		assert(err.id != ERR_MEMORY);
	}
	keystore_free(ks);
}

/* ---- Behind the seals ------------------------------------------------------------------------ */

/* Numbers of the header, most of them small, as a writer would have them. */
static struct keystore_header header_of(struct cur *c)
{
	struct keystore_header h = { .root = KEYSTORE_ROOT_FILE, .epoch = 1 };

	h.epoch += cur_u8(c);
	h.generation = cur_u8(c);
	h.next_id = cur_u8(c);
	h.forgotten = cur_u8(c);
	if (cur_u8(c) == 0xff)
		h.next_id = cur_u64le(c);
	return h;
}

static void seal_entry(struct crypto_aead *epoch, const struct keystore_header *h, struct cur *c,
		       struct buf *image)
{
	uint8_t associated[KEYSTORE_ID_BYTES + 20] = { 0 };
	uint8_t entry[KEYSTORE_ENTRY_BYTES] = { 0 };
	uint64_t id = cur_u8(c);
	const uint8_t *plain = cur_take(c, KEYSTORE_ENTRY_PLAIN);

	if (!plain)
		return;
	entry[0] = (uint8_t)id;
	entry[8] = (uint8_t)image->len;
	entry[9] = (uint8_t)(image->len >> 8);
	memcpy(associated, h->id, KEYSTORE_ID_BYTES);
	for (unsigned i = 0; i < 8; i++)
		associated[KEYSTORE_ID_BYTES + i] = (uint8_t)(h->epoch >> 8 * i);
	associated[KEYSTORE_ID_BYTES + 8] = (uint8_t)id;
	assert(crypto_aead_seal(epoch, entry + 8,
				(struct str){ (char *)associated, sizeof(associated) },
				(struct str){ (const char *)plain, KEYSTORE_ENTRY_PLAIN },
				entry + KEYSTORE_ENTRY_SEALED) == 0);
	(void)buf_put(image, (struct str){ (char *)entry, sizeof(entry) });
}

/* What is left of the input: places and what becomes of the bytes there. */
static struct str damage(struct cur *c, struct buf *image)
{
	struct str file = buf_str(image);

	while (cur_ok(c) && c->n >= 4) {
		size_t at = cur_u16le(c) % image->len;
		uint8_t what = cur_u8(c), value = cur_u8(c);

		if (what == 1)
			file = str_head(file, at);
		else
			image->p[at] ^= (char)value;
	}
	return file;
}

static void read_sealed(struct cur c)
{
	struct keystore_secrets *secrets = crypto_secret_alloc(sizeof(*secrets));
	struct crypto_aead *epoch = NULL;
	struct keystore_header h = header_of(&c);
	size_t n = cur_u8(&c) % (ENTRIES_MAX + 1);
	struct buf image;
	struct str file;
	uint8_t *exact;

	assert(secrets);
	fixed_secrets(secrets);
	assert(crypto_aead_new(secrets->epoch, &epoch) == 0);
	keystore_image_begin(&image);
	for (size_t i = 0; i < n; i++)
		seal_entry(epoch, &h, &c, &image);
	assert(keystore_image_end(&image, &h, secrets) == 0);
	file = damage(&c, &image);
	exact = malloc(file.n ? file.n : 1);
	assert(exact);
	if (file.n)
		memcpy(exact, file.p, file.n);
	read_file((struct str){ (char *)exact, file.n });
	free(exact);
	buf_done(&image);
	crypto_aead_free(epoch);
	crypto_secret_free(secrets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 's')
		read_sealed(cur_of(data + 1, size - 1));
	else
		read_file((struct str){ (const char *)data + 1, size - 1 });
	return 0;
}
