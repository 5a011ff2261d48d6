/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of keystore share: the parts of its file (docs/formats/keystore.md), the root key,
 * and reading and writing the file whole.
 */
#ifndef REDOUBT_KEYSTORE_INT_H
#define REDOUBT_KEYSTORE_INT_H

#include <sys/types.h>

#include "keystore/keystore.h"

#define KEYSTORE_FILE     "keystore"
#define KEYSTORE_FILE_NEW "keystore.new"
#define KEYSTORE_DIR      "keys"

#define KEYSTORE_VERSION      1
#define KEYSTORE_SALT_BYTES   16
#define KEYSTORE_HEADER_BYTES 256
#define KEYSTORE_CLEAR_BYTES  128 /* of the header, in front of what is sealed */
#define KEYSTORE_ENTRY_BYTES  160
#define KEYSTORE_ENTRY_PLAIN  120
#define KEYSTORE_ENTRY_SEALED 24 /* offset */
#define KEYSTORE_FILE_MAX                                                                          \
	(2 * (size_t)KEYSTORE_HEADER_BYTES + KEYSTORE_KEYS_MAX * KEYSTORE_ENTRY_BYTES)
#define KEYSTORE_HOUR_MAX   (INT64_MAX / KEYSTORE_HOUR_NS - 1)
#define KEYSTORE_HOUR_MIN   (-KEYSTORE_HOUR_MAX - 1)
#define KEYSTORE_MEMORY_KIB (UINT32_C(64) * 1024) /* cost of a new store's passphrase */
#define KEYSTORE_PASSES     3
#define KEYSTORE_LANES      1
#define KEYSTORE_MEMORY_MAX (UINT32_C(1024) * 1024)
#define KEYSTORE_PASSES_MAX 64
#define KEYSTORE_LANES_MAX  16

/* ---- The header ------------------------------------------------------------------------------ */

enum keystore_root_kind { KEYSTORE_ROOT_FILE = 1, KEYSTORE_ROOT_PASSPHRASE = 2 };

struct keystore_header {
	enum keystore_root_kind root;
	struct crypto_argon2 cost;
	uint8_t salt[KEYSTORE_SALT_BYTES];
	uint8_t id[KEYSTORE_ID_BYTES];
	uint64_t generation, epoch, next_id, entries, forgotten;
	uint8_t sum[CRYPTO_SHA256_BYTES];
};

/* In memory of crypto_secret_alloc(). */
struct keystore_secrets {
	uint8_t wraps_master[CRYPTO_KEY_BYTES], wraps_epoch[CRYPTO_KEY_BYTES];
	uint8_t master[CRYPTO_KEY_BYTES], epoch[CRYPTO_KEY_BYTES];
};

/* 0, -ENOTSUP (a newer version) or -EBADMSG. What it answers is not to be believed before the
 * header was opened. */
[[nodiscard]] int keystore_header_decode(const uint8_t in[KEYSTORE_HEADER_BYTES],
					 struct keystore_header *out);
/* Its checksum holds: if it does not open, then the key is wrong. */
bool keystore_header_whole(const uint8_t in[KEYSTORE_HEADER_BYTES]);
/* Unwraps master and epoch key: 0, -EBADMSG, -EIO or -ENOMEM. */
[[nodiscard]] int keystore_header_open(const uint8_t in[KEYSTORE_HEADER_BYTES],
				       struct keystore_secrets *s);
/* Encodes and wraps both keys: 0, -EIO or -ENOMEM. */
[[nodiscard]] int keystore_header_seal(const struct keystore_header *h,
				       const struct keystore_secrets *s,
				       uint8_t out[KEYSTORE_HEADER_BYTES]);
/* SHA-256; 0 or -EIO. */
[[nodiscard]] int keystore_sum(struct str bytes, uint8_t out[CRYPTO_SHA256_BYTES]);

/* ---- Entries --------------------------------------------------------------------------------- */

bool keystore_cluster_is_name(struct str name);
bool keystore_scope_is_valid(const struct key_scope *scope);
/* What was opened may still contradict itself. 0 or -EBADMSG; *info gets all but its id. */
[[nodiscard]] int keystore_entry_decode(const uint8_t plain[KEYSTORE_ENTRY_PLAIN],
					struct key_info *info, uint8_t key[CRYPTO_KEY_BYTES]);
void keystore_entry_encode(const struct key_info *info, const uint8_t key[CRYPTO_KEY_BYTES],
			   uint8_t plain[KEYSTORE_ENTRY_PLAIN]);
/* Opens the entry as that of this key, whatever id it says itself. 0, -EBADMSG or -EIO. */
[[nodiscard]] int keystore_entry_open(struct crypto_aead *epoch, const struct keystore_header *h,
				      uint64_t id, const uint8_t in[KEYSTORE_ENTRY_BYTES],
				      struct key_info *info, uint8_t key[CRYPTO_KEY_BYTES]);
[[nodiscard]] int keystore_entry_seal(struct crypto_aead *epoch, const struct keystore_header *h,
				      const struct key_info *info,
				      const uint8_t key[CRYPTO_KEY_BYTES],
				      uint8_t out[KEYSTORE_ENTRY_BYTES]);

/* ---- The root key ---------------------------------------------------------------------------- */

/* Limit: bytes of a passphrase; a new one has at least MIN. */
#define KEYSTORE_PASSPHRASE_MAX 1024
#define KEYSTORE_PASSPHRASE_MIN 8

/* A root key, or a passphrase that it comes from. In memory of crypto_secret_alloc(). */
struct keystore_root {
	enum keystore_root_kind kind;
	size_t n;
	uint8_t bytes[KEYSTORE_PASSPHRASE_MAX];
};

/* Reads it from its source. is_new: a passphrase is asked for twice, and must not be short.
 * state_fd is where it must not lie. Freed by crypto_secret_free(). */
[[nodiscard]] int keystore_root_read(int state_fd, const struct root_source *source, bool is_new,
				     struct keystore_root **out, struct err *err);
/* Derives both wrapping keys for this header: 0, -EKEYREJECTED (the header wants another kind of
 * root key), -EIO or -ENOMEM. */
[[nodiscard]] int keystore_root_keys(const struct keystore_root *root,
				     const struct keystore_header *h, struct keystore_secrets *s);
/* A line from the terminal of this process, which does not show it: its length, -ENXIO (there is no
 * terminal), -ECANCELED, -ENOBUFS (longer than n) or the error of the terminal. */
[[nodiscard]] ssize_t keystore_ask(const char *prompt, uint8_t *out, size_t n);

/* ---- The keystore in memory ------------------------------------------------------------------ */

struct keystore_item {
	struct key_info info;
	uint32_t slot; /* of keys */
	uint8_t sealed[KEYSTORE_ENTRY_BYTES];
};

/* Invariant: items ascend by id, and none has the slot of another. */
struct keystore {
	struct keystore_header head;
	struct keystore_secrets *secrets;
	struct crypto_aead *epoch;
	struct keystore_item *items;
	size_t n, room;
	uint8_t (*keys)[CRYPTO_KEY_BYTES]; /* room of them, in memory of crypto_secret_alloc() */
	uint32_t slots;                    /* from here on none was given out */
	int dir_fd;
	bool writes;
	bool unsure;   /* a sync failed: which file has the name is not known, nothing is written */
	bool forsaken; /* and it was that of a destruction: keys may be gone in the file that is
			  found */
	bool altered;  /* of this epoch entries were damaged or missing when it was read */
};

/* With its secrets, and nothing in it; NULL when there is no memory. */
struct keystore *keystore_new(void);
/* Appends an item, whose id is above all others or will be sorted; -ENOMEM, or -ENOBUFS at
 * KEYSTORE_KEYS_MAX. */
[[nodiscard]] int keystore_add(struct keystore *ks, const struct keystore_item *item,
			       const uint8_t key[CRYPTO_KEY_BYTES]);
/* The item with this id, or NULL. */
const struct keystore_item *keystore_find(const struct keystore *ks, uint64_t id);

/* ---- Its file -------------------------------------------------------------------------------- */

/* What is wrong, told one by one. say may be NULL; known, which may be NULL, is a keystore that was
 * read before and can tell what a damaged key was for. */
struct keystore_notes {
	void (*say)(void *owner, const char *text);
	void *owner;
	const struct keystore *known;
	size_t n;
};

void keystore_note(struct keystore_notes *notes, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Who derives the keys that a header is opened with; answers as keystore_root_keys(). */
struct keystore_opener {
	int (*keys)(const void *owner, const struct keystore_header *h, struct keystore_secrets *s);
	const void *owner;
};

/* Fills a new keystore from the bytes of a file. */
[[nodiscard]] int keystore_read(struct str file, const struct keystore_opener *opener,
				struct keystore *ks, struct keystore_notes *notes, struct err *err);
/* Loads the file and reads it, again when a writer came in between. */
[[nodiscard]] int keystore_load(int dir_fd, const struct keystore_opener *opener,
				struct keystore_notes *notes, struct keystore **out,
				struct err *err);
/* The directory of the file, below the state directory: its descriptor, or -ENOENT. */
[[nodiscard]] int keystore_dir(int state_fd);

/* An image of the file: begun, one entry after the other, ended with its header, whose number of
 * entries and sum are set here. */
void keystore_image_begin(struct buf *image);
[[nodiscard]] int keystore_image_end(struct buf *image, struct keystore_header *h,
				     const struct keystore_secrets *s);
/* Replaces the file: 0 when the new one is durable. *replaced tells after an error that it is all
 * the same, and only the old bytes could not be erased. */
[[nodiscard]] int keystore_replace(struct keystore *ks, struct str image, bool *replaced,
				   struct err *err);
/* Erases what a writer who died left. */
[[nodiscard]] int keystore_erase_left(int dir_fd);
[[nodiscard]] int keystore_io(struct err *err, int code, const char *what);

/* As keystore_create(), with another cost. */
[[nodiscard]] int keystore_create_with(int state_fd, const struct root_source *root,
				       const struct crypto_argon2 *cost, struct keystore **out,
				       struct err *err);

#endif
