/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keystore: every key of a store, in one small file (docs/formats/keystore.md). A root key, which
 * stands outside, wraps a master key, from which purpose keys come, and an epoch key, which wraps
 * the data keys: one for each cluster, part and hour of arrival. Destroying keys replaces the epoch
 * key, so that an older copy of an entry opens nothing. The file is replaced whole; two writers are
 * kept apart by the store's lock. Keys lie in memory of crypto_secret_alloc().
 */
#ifndef REDOUBT_KEYSTORE_H
#define REDOUBT_KEYSTORE_H

#include "base/base.h"
#include "crypto/crypto.h"

/* ---- The root key ---------------------------------------------------------------------------- */

/* Where it comes from: one of the two is set. */
struct root_source {
	const char *key_file;        /* 64 hexadecimal digits and a newline, mode 0600 */
	const char *passphrase_file; /* "-": asked for on the terminal, twice for a new store */
};

/* Makes a key file with a new random key, mode 0600, and directories above it 0700; synced.
 * ERR_KEY_FILE when there is one already or it cannot be made. */
[[nodiscard]] int keystore_make_key_file(const char *path, struct err *err);

/* ---- The keystore ---------------------------------------------------------------------------- */

#define KEYSTORE_ID_BYTES    16
#define KEYSTORE_CLUSTER_MAX 63 /* bytes of a cluster's name: a DNS label, or such labels */
/* Limit: data keys that are alive, and destroyed ones that are remembered. */
#define KEYSTORE_KEYS_MAX (UINT64_C(1) << 18)
#define KEYSTORE_PARTS    3 /* as enum field_part of record: META, HEADERS, PAYLOAD */
#define KEYSTORE_HOUR_NS  (3600 * NS_PER_S)

struct keystore;

/* state_fd is the state directory; the file is keys/keystore below it. Opening tells apart: there
 * is none (ERR_STORE_NONE), another root key (ERR_KEY_WRONG), a root key file that others can read
 * or that lies within the state directory (ERR_KEY_FILE), damage (ERR_STORE_DAMAGED). Creating
 * makes it, with a new store id. writes: its caller holds the store's lock, and may change it. */
[[nodiscard]] int keystore_create(int state_fd, const struct root_source *root,
				  struct keystore **out, struct err *err);
[[nodiscard]] int keystore_open(int state_fd, const struct root_source *root, bool writes,
				struct keystore **out, struct err *err);
void keystore_free(struct keystore *ks);
CLEANUP_DEFINE(struct keystore *, keystore_free)
/* Random, made with the store: files of one store are refused by another. */
const uint8_t *keystore_id(const struct keystore *ks);
/* A key for one purpose, such as "meta": HKDF of the master key. */
[[nodiscard]] int keystore_purpose(const struct keystore *ks, const char *purpose,
				   uint8_t out[CRYPTO_KEY_BYTES]);

/* What a data key is for. hour counts from 1970, of arrival. */
struct key_scope {
	char cluster[KEYSTORE_CLUSTER_MAX + 1];
	uint8_t part;
	int64_t hour;
};

enum key_state { KEY_ALIVE, KEY_DESTROYED, KEY_DAMAGED };

struct key_info {
	uint64_t id; /* never used again, never 0 */
	struct key_scope scope;
	enum key_state state;
	int64_t destroyed_ns; /* when */
};

/* The key of a scope, made and durable before this answers when there is none alive. -EINVAL for a
 * name that is none. */
[[nodiscard]] int keystore_use(struct keystore *ks, const struct key_scope *scope, uint64_t *id,
			       uint8_t out[CRYPTO_KEY_BYTES], struct err *err);
/* The key with this id: 0, -ENOKEY (destroyed) or -EBADMSG (its entry is damaged or lost, or this
 * keystore never gave the id out: then it is older than what names the key, and info->id is 0).
 * *info, which may be NULL, is filled as far as it is known. */
[[nodiscard]] int keystore_get(const struct keystore *ks, uint64_t id,
			       uint8_t out[CRYPTO_KEY_BYTES], struct key_info *info);
/* All of them, in the order of their ids, destroyed ones too; NULL behind the last. */
const struct key_info *keystore_at(const struct keystore *ks, size_t i);

/* Destroys all keys that match: cluster empty is any, part -1 any, hours from…to inclusive. The
 * others are wrapped anew under a new epoch key; the old file is overwritten and gone before this
 * answers. Returns how many, or negative. */
struct key_match {
	char cluster[KEYSTORE_CLUSTER_MAX + 1];
	int part;
	int64_t hour_from, hour_to;
};
[[nodiscard]] ptrdiff_t keystore_destroy(struct keystore *ks, const struct key_match *match,
					 int64_t now_ns, struct err *err);
/* Checks the whole file against its own sums and says each thing that is wrong, in words. Returns
 * how many. */
[[nodiscard]] ptrdiff_t keystore_verify(int state_fd, const struct keystore *ks,
					void (*say)(void *owner, const char *text), void *owner);

#endif
