/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: a directory of its own with a state directory and a root key file, and scopes in few
 * words.
 */
#ifndef REDOUBT_KEYSTORE_PLACE_TEST_H
#define REDOUBT_KEYSTORE_PLACE_TEST_H

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk/disk.h"
#include "keystore/keystore_int.h"

#include "t.h"

#define PLACE_PATH 128
#define TEST_KEY   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* What a passphrase costs in tests. */
static const struct crypto_argon2 cheap
	[[maybe_unused]] = { .memory_kib = 8, .passes = 1, .lanes = 1 };

struct place {
	char path[PLACE_PATH / 2], state[PLACE_PATH], key[PLACE_PATH];
	int state_fd;
	struct root_source root; /* the key file */
};

static inline void put_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	fd_close(fd);
}

static inline void place_make(struct place *p)
{
	(void)snprintf(p->path, sizeof(p->path), "/tmp/keystore-XXXXXX");
	assert_non_null(mkdtemp(p->path));
	(void)snprintf(p->state, sizeof(p->state), "%s/state", p->path);
	(void)snprintf(p->key, sizeof(p->key), "%s/root.key", p->path);
	assert_int_equal(mkdir(p->state, 0700), 0);
	p->state_fd = open(p->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->state_fd >= 0);
	put_file(p->key, TEST_KEY "\n", 0600);
	p->root = (struct root_source){ .key_file = p->key };
}

static inline int place_remove(const char *path, [[maybe_unused]] const struct stat *st,
			       [[maybe_unused]] int flag, [[maybe_unused]] struct FTW *ftw)
{
	return remove(path);
}

static inline void place_done(struct place *p)
{
	fd_close(p->state_fd);
	(void)nftw(p->path, place_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline struct keystore *place_create(struct place *p)
{
	struct keystore *ks = NULL;
	struct err err;
	int r = keystore_create(p->state_fd, &p->root, &ks, &err);

	if (r < 0)
		fail_msg("%s", err.text);
	return ks;
}

static inline struct keystore *place_open(struct place *p, bool writes)
{
	struct keystore *ks = NULL;
	struct err err;
	int r = keystore_open(p->state_fd, &p->root, writes, &ks, &err);

	if (r < 0)
		fail_msg("%s", err.text);
	return ks;
}

/* The file of the keystore, whole. */
static inline void place_load(struct place *p, const char *name, struct buf *out)
{
	int dir = openat(p->state_fd, "keys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	buf_init(out, KEYSTORE_FILE_MAX);
	assert_int_equal(disk_load(dir, name, out), 0);
	fd_close(dir);
}

static inline void place_store(struct place *p, struct str bytes)
{
	int dir = openat(p->state_fd, "keys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(disk_replace(dir, KEYSTORE_FILE, bytes), 0);
	fd_close(dir);
}

static inline bool place_has(struct place *p, const char *name)
{
	char path[PLACE_PATH];

	(void)snprintf(path, sizeof(path), "keys/%s", name);
	return faccessat(p->state_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline struct key_scope scope_of(const char *cluster, unsigned part, int64_t hour)
{
	struct key_scope s = { .part = (uint8_t)part, .hour = hour };

	(void)snprintf(s.cluster, sizeof(s.cluster), "%s", cluster);
	return s;
}

/* The id of a scope's key, which goes to out. */
static inline uint64_t use_key(struct keystore *ks, const char *cluster, unsigned part,
			       int64_t hour, uint8_t out[CRYPTO_KEY_BYTES])
{
	const struct key_scope scope = scope_of(cluster, part, hour);
	uint64_t id = 0;
	struct err err;

	if (keystore_use(ks, &scope, &id, out, &err) < 0)
		fail_msg("%s", err.text);
	return id;
}

static inline void count_text(void *owner, [[maybe_unused]] const char *text)
{
	(*(size_t *)owner)++;
}

/* Keys 1 to 3 of cluster a, and what they were. */
struct three {
	struct place place;
	struct keystore *ks;
	uint8_t keys[4][CRYPTO_KEY_BYTES];
};

static inline void three_make(struct three *s)
{
	place_make(&s->place);
	s->ks = place_create(&s->place);
	for (unsigned i = 0; i < 3; i++)
		(void)use_key(s->ks, "a", 0, i, s->keys[i]);
}

#endif
