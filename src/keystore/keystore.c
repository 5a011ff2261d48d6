// SPDX-License-Identifier: Apache-2.0
/*
 * The keystore in memory. Every change is first made as a whole new file, and becomes true here
 * when that file is durable.
 */
#include "keystore/keystore.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "disk/disk.h"
#include "keystore/keystore_int.h"

#define ROOM_FIRST   64
#define PURPOSE_INFO "redoubt purpose 1 "
#define PURPOSE_MAX  64

/* ---- Memory ---------------------------------------------------------------------------------- */

struct keystore *keystore_new(void)
{
	CLEANUP(keystore_free) struct keystore *ks = calloc(1, sizeof(*ks));

	if (!ks)
		return NULL;
	ks->dir_fd = -1;
	ks->secrets = crypto_secret_alloc(sizeof(*ks->secrets));
	return ks->secrets ? TAKE(ks) : NULL;
}

void keystore_free(struct keystore *ks)
{
	if (!ks)
		return;
	crypto_aead_free(ks->epoch);
	crypto_secret_free(ks->secrets);
	crypto_secret_free(ks->keys);
	free(ks->items);
	fd_close(ks->dir_fd);
	free(ks);
}

static int grow(struct keystore *ks)
{
	size_t room = size_min(ks->room ? 2 * ks->room : ROOM_FIRST, KEYSTORE_KEYS_MAX);
	struct keystore_item *items;
	void *keys;

	if (room == ks->room)
		return -ENOBUFS;
	items = reallocarray(ks->items, room, sizeof(*items));
	if (!items)
		return -ENOMEM;
	ks->items = items;
	keys = crypto_secret_alloc(room * CRYPTO_KEY_BYTES);
	if (!keys)
		return -ENOMEM;
	if (ks->keys)
		memcpy(keys, ks->keys, ks->slots * (size_t)CRYPTO_KEY_BYTES);
	crypto_secret_free(ks->keys);
	ks->keys = keys;
	ks->room = room;
	return 0;
}

int keystore_add(struct keystore *ks, const struct keystore_item *item,
		 const uint8_t key[CRYPTO_KEY_BYTES])
{
	int r = ks->slots < ks->room ? 0 : grow(ks);

	if (r < 0)
		return r;
	ks->items[ks->n] = *item;
	ks->items[ks->n].slot = ks->slots;
	memcpy(ks->keys[ks->slots++], key, CRYPTO_KEY_BYTES);
	ks->n++;
	return 0;
}

const struct keystore_item *keystore_find(const struct keystore *ks, uint64_t id)
{
	size_t low = 0, high = ks->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ks->items[middle].info.id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ks->n && ks->items[low].info.id == id ? &ks->items[low] : NULL;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static int keys_of_root(const void *owner, const struct keystore_header *h,
			struct keystore_secrets *s)
{
	const struct keystore_root *root = owner;

	return keystore_root_keys(root, h, s);
}

int keystore_open(int state_fd, const struct root_source *source, bool writes,
		  struct keystore **out, struct err *err)
{
	CLEANUP(crypto_secret_free) void *root = NULL;
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(fd_close) int dir_fd = keystore_dir(state_fd);
	struct keystore_notes notes = { .say = NULL };
	struct keystore_opener opener = { .keys = keys_of_root };
	int r;

	if (dir_fd == -ENOENT ||
	    (dir_fd >= 0 && faccessat(dir_fd, KEYSTORE_FILE, F_OK, 0) < 0 && errno == ENOENT))
		return err_set(err, ERR_STORE_NONE, "there is no keystore");
	if (dir_fd < 0)
		return keystore_io(err, dir_fd, "the directory of the keystore");
	r = keystore_root_read(state_fd, source, false, (struct keystore_root **)&root, err);
	if (r < 0)
		return r;
	opener.owner = root;
	r = keystore_load(dir_fd, &opener, &notes, &ks, err);
	if (r == 0 && writes) {
		r = keystore_erase_left(dir_fd);
		if (r < 0)
			return keystore_io(err, r, "erasing what an older writer left");
	}
	if (r < 0)
		return r;
	ks->dir_fd = TAKE_FD(dir_fd);
	ks->writes = writes;
	*out = TAKE(ks);
	return 0;
}

/* Writes all items as they are, with what the caller changed. */
static int write_items(struct keystore *ks, bool *replaced, struct err *err)
{
	CLEANUP(buf_done_ptr) struct buf image;
	struct keystore_header h = ks->head;
	int r;

	keystore_image_begin(&image);
	for (size_t i = 0; i < ks->n; i++)
		(void)buf_put(&image, (struct str){ (const char *)ks->items[i].sealed,
						    KEYSTORE_ENTRY_BYTES });
	h.generation++;
	r = keystore_image_end(&image, &h, ks->secrets);
	if (r < 0)
		return keystore_io(err, r, "sealing the keystore");
	r = keystore_replace(ks, buf_str(&image), replaced, err);
	if (r == 0 || *replaced)
		ks->head = h;
	return r;
}

static int fill_new(struct keystore *ks, const struct keystore_root *root,
		    const struct crypto_argon2 *cost)
{
	struct keystore_header *h = &ks->head;
	int r = crypto_random(h->id, sizeof(h->id));

	h->root = root->kind;
	h->epoch = 1;
	h->next_id = 1;
	if (r == 0 && root->kind == KEYSTORE_ROOT_PASSPHRASE) {
		h->cost = *cost;
		r = crypto_random(h->salt, sizeof(h->salt));
	}
	if (r == 0)
		r = crypto_random(ks->secrets->master, CRYPTO_KEY_BYTES);
	if (r == 0)
		r = crypto_random(ks->secrets->epoch, CRYPTO_KEY_BYTES);
	if (r == 0)
		r = keystore_root_keys(root, h, ks->secrets);
	return r < 0 ? r : crypto_aead_new(ks->secrets->epoch, &ks->epoch);
}

int keystore_create_with(int state_fd, const struct root_source *source,
			 const struct crypto_argon2 *cost, struct keystore **out, struct err *err)
{
	CLEANUP(crypto_secret_free) void *root = NULL;
	CLEANUP(keystore_free) struct keystore *ks = keystore_new();
	bool replaced = false;
	int r;

	if (!ks)
		return err_set(err, ERR_MEMORY, "the keystore");
	ks->dir_fd = disk_dir_open_at(state_fd, KEYSTORE_DIR, err);
	if (ks->dir_fd < 0)
		return ks->dir_fd;
	if (faccessat(ks->dir_fd, KEYSTORE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(err, ERR_STORE_IO, "there is a keystore already");
	r = keystore_root_read(state_fd, source, true, (struct keystore_root **)&root, err);
	if (r < 0)
		return r;
	r = fill_new(ks, root, cost);
	if (r < 0)
		return keystore_io(err, r, "making a keystore");
	r = write_items(ks, &replaced, err);
	if (r < 0)
		return r;
	ks->writes = true;
	*out = TAKE(ks);
	return 0;
}

int keystore_create(int state_fd, const struct root_source *source, struct keystore **out,
		    struct err *err)
{
	static const struct crypto_argon2 cost = { .memory_kib = KEYSTORE_MEMORY_KIB,
						   .passes = KEYSTORE_PASSES,
						   .lanes = KEYSTORE_LANES };

	return keystore_create_with(state_fd, source, &cost, out, err);
}

/* ---- Keys ------------------------------------------------------------------------------------ */

const uint8_t *keystore_id(const struct keystore *ks)
{
	return ks->head.id;
}

int keystore_purpose(const struct keystore *ks, const char *purpose, uint8_t out[CRYPTO_KEY_BYTES])
{
	char info[sizeof(PURPOSE_INFO) + PURPOSE_MAX];
	int n = snprintf(info, sizeof(info), "%s%s", PURPOSE_INFO, purpose);

	assert(n > 0 && (size_t)n < sizeof(info));
	return crypto_hkdf((struct str){ (const char *)ks->head.id, KEYSTORE_ID_BYTES },
			   (struct str){ (const char *)ks->secrets->master, CRYPTO_KEY_BYTES },
			   (struct str){ info, (size_t)n }, out, CRYPTO_KEY_BYTES);
}

static bool is_scope(const struct key_scope *a, const struct key_scope *b)
{
	return a->hour == b->hour && a->part == b->part && strcmp(a->cluster, b->cluster) == 0;
}

/* The newest first: what is asked for is nearly always of this hour. */
static const struct keystore_item *find_alive(const struct keystore *ks,
					      const struct key_scope *scope)
{
	for (size_t i = ks->n; i-- > 0;) {
		const struct key_info *info = &ks->items[i].info;

		if (info->state == KEY_ALIVE && is_scope(&info->scope, scope))
			return &ks->items[i];
	}
	return NULL;
}

/* Gives the last slot's key this slot, so that slots stay without a hole. */
static void free_slot(struct keystore *ks, uint32_t slot)
{
	uint32_t last = --ks->slots;

	for (size_t i = 0; i < ks->n && slot != last; i++) {
		if (ks->items[i].slot == last) {
			memcpy(ks->keys[slot], ks->keys[last], CRYPTO_KEY_BYTES);
			ks->items[i].slot = slot;
			break;
		}
	}
	crypto_wipe(ks->keys[last], CRYPTO_KEY_BYTES);
}

/* Makes room in a full keystore: what was destroyed or lost first is no longer remembered. */
static bool forget_oldest(struct keystore *ks)
{
	uint32_t slot;
	size_t i = 0;

	while (i < ks->n && ks->items[i].info.state == KEY_ALIVE)
		i++;
	if (i == ks->n)
		return false;
	slot = ks->items[i].slot;
	ks->n--;
	memmove(&ks->items[i], &ks->items[i + 1], (ks->n - i) * sizeof(*ks->items));
	free_slot(ks, slot);
	ks->head.forgotten++;
	return true;
}

/* Appends a new key in memory. */
static int add_new(struct keystore *ks, const struct key_scope *scope)
{
	struct keystore_item item = { .info = { .id = ks->head.next_id, .state = KEY_ALIVE } };
	uint8_t key[CRYPTO_KEY_BYTES];
	int r = crypto_random(key, sizeof(key));

	memcpy(item.info.scope.cluster, scope->cluster, strlen(scope->cluster));
	item.info.scope.part = scope->part;
	item.info.scope.hour = scope->hour;
	if (r == 0)
		r = keystore_entry_seal(ks->epoch, &ks->head, &item.info, key, item.sealed);
	if (r == 0)
		r = keystore_add(ks, &item, key);
	crypto_wipe(key, sizeof(key));
	if (r == 0)
		ks->head.next_id++;
	return r;
}

static void remove_last(struct keystore *ks)
{
	ks->n--;
	free_slot(ks, ks->items[ks->n].slot);
	ks->head.next_id--;
}

static int make_key(struct keystore *ks, const struct key_scope *scope, struct err *err)
{
	bool replaced = false;
	int r;

	assert(ks->writes);
	if (ks->slots == KEYSTORE_KEYS_MAX && !forget_oldest(ks))
		return err_set(err, ERR_LIMIT, "the keystore holds %zu keys, all of them alive",
			       ks->n);
	r = add_new(ks, scope);
	if (r < 0)
		return keystore_io(err, r, "making a key");
	r = write_items(ks, &replaced, err);
	if (r == 0 || replaced) /* old bytes that are left are erased by the next write */
		return 0;
	remove_last(ks);
	return r;
}

int keystore_use(struct keystore *ks, const struct key_scope *scope, uint64_t *id,
		 uint8_t out[CRYPTO_KEY_BYTES], struct err *err)
{
	const struct keystore_item *item;
	int r;

	if (!keystore_scope_is_valid(scope))
		return err_set(err, ERR_OPTION,
			       "a cluster's name is 1 to %d of a-z, 0-9, '.' and '-', the first "
			       "and the last a letter or digit",
			       KEYSTORE_CLUSTER_MAX);
	/* It may be destroyed in the file that will be found: nothing new may be under it. */
	if (ks->forsaken)
		return err_set(err, ERR_STORE_IO,
			       "the keystore could not be synced before; open the store again");
	item = find_alive(ks, scope);
	if (!item) {
		r = make_key(ks, scope, err);
		if (r < 0)
			return r;
		item = &ks->items[ks->n - 1];
	}
	assert(ks->keys);
	*id = item->info.id;
	memcpy(out, ks->keys[item->slot], CRYPTO_KEY_BYTES);
	return 0;
}

int keystore_get(const struct keystore *ks, uint64_t id, uint8_t out[CRYPTO_KEY_BYTES],
		 struct key_info *info)
{
	const struct keystore_item *item = keystore_find(ks, id);

	if (!item) {
		/* An id that was given out and is not here was forgotten, or lost while none was;
		 * any other is of a newer state of this keystore. */
		bool given = id > 0 && id < ks->head.next_id;
		bool forgotten = given && ks->head.forgotten > 0;

		if (info)
			*info = (struct key_info){ .id = given ? id : 0,
						   .state = forgotten ? KEY_DESTROYED
								      : KEY_DAMAGED };
		return forgotten ? -ENOKEY : -EBADMSG;
	}
	if (info)
		*info = item->info;
	if (item->info.state != KEY_ALIVE)
		return item->info.state == KEY_DAMAGED ? -EBADMSG : -ENOKEY;
	memcpy(out, ks->keys[item->slot], CRYPTO_KEY_BYTES);
	return 0;
}

const struct key_info *keystore_at(const struct keystore *ks, size_t i)
{
	return i < ks->n ? &ks->items[i].info : NULL;
}
