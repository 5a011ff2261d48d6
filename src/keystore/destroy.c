// SPDX-License-Identifier: Apache-2.0
/*
 * Destroying keys: a new epoch key, under which everything that stays is sealed anew. What is
 * destroyed is forgotten here when the file that says so is durable, and not before.
 */
#include "disk/disk.h"
#include "keystore/keystore_int.h"

static bool matches(const struct key_match *m, const struct key_info *info)
{
	const struct key_scope *s = &info->scope;

	return info->state == KEY_ALIVE && s->hour >= m->hour_from && s->hour <= m->hour_to &&
	       (m->part < 0 || m->part == s->part) &&
	       (!m->cluster[0] || strcmp(m->cluster, s->cluster) == 0);
}

static size_t count_matches(const struct keystore *ks, const struct key_match *match)
{
	size_t n = 0;

	for (size_t i = 0; i < ks->n; i++)
		n += matches(match, &ks->items[i].info);
	return n;
}

/* What an item becomes. */
static struct key_info after(const struct key_match *match, int64_t now_ns,
			     const struct key_info *before)
{
	struct key_info info = *before;

	if (matches(match, before)) {
		info.state = KEY_DESTROYED;
		info.destroyed_ns = now_ns;
	}
	return info;
}

/* The keystore as it will be, in a new epoch. */
struct epoch {
	struct keystore_header head;
	struct keystore_secrets *secrets;
	struct crypto_aead *seals;
	struct buf image;
};

static int seal_epoch(const struct keystore *ks, const struct key_match *match, int64_t now_ns,
		      struct epoch *e)
{
	int r = crypto_random(e->secrets->epoch, CRYPTO_KEY_BYTES);

	if (r == 0)
		r = crypto_aead_new(e->secrets->epoch, &e->seals);
	e->head.epoch++;
	e->head.generation++;
	for (size_t i = 0; r == 0 && i < ks->n; i++) {
		const struct keystore_item *item = &ks->items[i];
		const struct key_info info = after(match, now_ns, &item->info);
		char *out = buf_extend(&e->image, KEYSTORE_ENTRY_BYTES);

		r = out ? keystore_entry_seal(e->seals, &e->head, &info, ks->keys[item->slot],
					      (uint8_t *)out)
			: -ENOMEM;
	}
	return r < 0 ? r : keystore_image_end(&e->image, &e->head, e->secrets);
}

/* The new epoch is durable: it becomes true. */
static void enter_epoch(struct keystore *ks, const struct key_match *match, int64_t now_ns,
			struct epoch *e)
{
	const char *sealed = e->image.p + KEYSTORE_HEADER_BYTES;

	for (size_t i = 0; i < ks->n; i++, sealed += KEYSTORE_ENTRY_BYTES) {
		struct keystore_item *item = &ks->items[i];

		item->info = after(match, now_ns, &item->info);
		memcpy(item->sealed, sealed, KEYSTORE_ENTRY_BYTES);
		if (item->info.state != KEY_ALIVE)
			crypto_wipe(ks->keys[item->slot], CRYPTO_KEY_BYTES);
	}
	ks->head = e->head;
	*ks->secrets = *e->secrets;
	crypto_aead_free(ks->epoch);
	ks->epoch = TAKE(e->seals);
	ks->altered = false;
}

static int destroy(struct keystore *ks, const struct key_match *match, int64_t now_ns,
		   struct epoch *e, struct err *err)
{
	bool replaced = false;
	int r = seal_epoch(ks, match, now_ns, e);

	if (r < 0)
		return keystore_io(err, r, "sealing the keystore anew");
	r = keystore_replace(ks, buf_str(&e->image), &replaced, err);
	if (r == 0 || replaced)
		enter_epoch(ks, match, now_ns, e);
	else
		ks->forsaken = ks->unsure;
	return r;
}

ptrdiff_t keystore_destroy(struct keystore *ks, const struct key_match *match, int64_t now_ns,
			   struct err *err)
{
	struct epoch e = { .head = ks->head };
	size_t n = count_matches(ks, match);
	int r;

	assert(ks->writes);
	/* Of an earlier destruction, whose last step failed. */
	r = ks->unsure ? -EIO : keystore_erase_left(ks->dir_fd);
	if (r < 0)
		return keystore_io(err, r, "erasing the old keystore");
	/* A key whose entry is damaged or was taken out may match, and its bytes may be had
	 * elsewhere: they end with the epoch. */
	if (n == 0 && !ks->altered)
		return 0;
	e.secrets = crypto_secret_alloc(sizeof(*e.secrets));
	if (!e.secrets)
		return err_set(err, ERR_MEMORY, "the keystore");
	*e.secrets = *ks->secrets;
	keystore_image_begin(&e.image);
	r = destroy(ks, match, now_ns, &e, err);
	crypto_aead_free(e.seals);
	crypto_secret_free(e.secrets);
	buf_done(&e.image);
	return r < 0 ? r : (ptrdiff_t)n;
}
