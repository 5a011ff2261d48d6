/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of this room share: a state directory of its own with a key file beside it, a
 * clock that the test sets, and what the store said and acknowledged.
 */
#ifndef REDOUBT_STORE_RIG_H
#define REDOUBT_STORE_RIG_H

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t.h"

#include "store/store_int.h"
#include "store_rows.h"

#define RIG_START_NS (INT64_C(490000) * KEYSTORE_HOUR_NS) /* the begin of an hour in 2025 */
#define RIG_ROWS     4096

struct rig {
	char base[64], dir[80], key[80];
	struct store_conf conf;
	struct store *store;
	struct err err;
	int64_t now_ns;
	uint64_t sequence[8]; /* of agents 0…7, the last that was made */
	uint64_t acked_rows, acked_sequence;
	struct buf said;
	/* Of the last rig_read(): */
	size_t rows, problems;
	uint64_t arrival[RIG_ROWS]; /* in the order they were read */
	struct rows_id id[RIG_ROWS];
	unsigned parts[RIG_ROWS];
	char problem[512];
};

static int64_t rig_now(void *owner)
{
	return ((struct rig *)owner)->now_ns;
}

static void rig_acked(void *owner, const char *cluster, const struct rowlog_ack *ack)
{
	struct rig *r = owner;

	(void)cluster;
	r->acked_rows += ack->rows;
	r->acked_sequence = ack->sequence;
}

static void rig_said(void *owner, const char *text)
{
	(void)buf_printf(&((struct rig *)owner)->said, "%s\n", text);
}

static struct rig *rig_new(void)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	/* Syncs cost nothing in memory, and no test asks the disk. */
	(void)snprintf(r->base, sizeof(r->base), "%s/store-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(r->base));
	(void)snprintf(r->dir, sizeof(r->dir), "%s/state", r->base);
	(void)snprintf(r->key, sizeof(r->key), "%s/root.key", r->base);
	assert_int_equal(keystore_make_key_file(r->key, &r->err), 0);
	r->now_ns = RIG_START_NS;
	buf_init(&r->said, MIB);
	r->conf = (struct store_conf){ .dir = r->dir,
				       .root = { .key_file = r->key },
				       .create = true,
				       .keep = { .bytes = GIB },
				       .rest_ns = STORE_REST_NS,
				       .now = rig_now,
				       .acked = rig_acked,
				       .said = rig_said,
				       .owner = r };
	return r;
}

static int rig_remove(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

static void rig_free(struct rig *r)
{
	disk_inject(NULL);
	store_abandon(r->store);
	(void)nftw(r->base, rig_remove, 8, FTW_DEPTH | FTW_PHYS);
	buf_done(&r->said);
	free(r);
}

static void rig_open(struct rig *r)
{
	if (store_open(&r->conf, &r->store, &r->err) < 0)
		fail_msg("store_open: %s", r->err.text);
}

/* Ends without a commit, as who is killed does. */
[[maybe_unused]] static void rig_kill(struct rig *r)
{
	store_abandon(TAKE(r->store));
}

[[maybe_unused]] static void rig_close(struct rig *r)
{
	assert_int_equal(store_close(TAKE(r->store), &r->err), 0);
}

[[maybe_unused]] static int rig_add_id(struct rig *r, const char *cluster, const struct rows_id *id)
{
	char row[ROWS_BYTES];
	struct row_view v;

	assert_int_equal(row_view((struct str){ row, rows_make(id, row) }, &v), 0);
	return store_add(r->store, cluster, &v, &r->err);
}

/* The next rows of an agent. */
[[maybe_unused]] static void rig_add(struct rig *r, const char *cluster, uint32_t agent, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct rows_id id = { agent, 1, 0, ++r->sequence[agent] };

		if (rig_add_id(r, cluster, &id) != 1)
			fail_msg("store_add: %s", r->err.text);
	}
}

[[maybe_unused]] static void rig_commit(struct rig *r)
{
	if (store_commit(r->store, &r->err) < 0)
		fail_msg("store_commit: %s", r->err.text);
}

[[maybe_unused]] static void rig_compact(struct rig *r)
{
	if (store_compact(r->store, &r->err) < 0)
		fail_msg("store_compact: %s", r->err.text);
}

/* Ticks until nothing more is to be done. */
[[maybe_unused]] static void rig_tick(struct rig *r)
{
	int x;

	while ((x = store_tick(r->store, &r->err)) > 0)
		;
	if (x < 0)
		fail_msg("store_tick: %s", r->err.text);
}

static void rig_row(void *owner, const struct store_piece *p, const struct row_view *v,
		    uint64_t arrival)
{
	struct rig *r = owner;
	int parts = rows_check(v);

	(void)p;
	assert_true(parts >= 0);
	assert_true(r->rows < RIG_ROWS);
	r->arrival[r->rows] = arrival;
	r->id[r->rows] = rows_id_of(v);
	r->parts[r->rows++] = (unsigned)parts;
}

static void rig_problem(void *owner, const struct store_piece *p, const char *text)
{
	struct rig *r = owner;

	(void)p;
	r->problems++;
	(void)snprintf(r->problem, sizeof(r->problem), "%s", text);
}

/* Reads all, and asks that nothing is there twice. */
[[maybe_unused]] static size_t rig_read(struct rig *r)
{
	const struct rows_reading to = { rig_row, rig_problem, r };

	r->rows = r->problems = 0;
	r->problem[0] = '\0';
	if (rows_read_all(r->dir, &r->conf.root, &to, &r->err) < 0)
		fail_msg("reading: %s", r->err.text);
	for (size_t i = 0; i < r->rows; i++)
		for (size_t k = 0; k < i; k++) {
			assert_int_not_equal(r->arrival[i], r->arrival[k]);
			assert_memory_not_equal(&r->id[i], &r->id[k], sizeof(r->id[i]));
		}
	return r->rows;
}

[[maybe_unused]] static bool rig_says(struct rig *r, const char *text)
{
	return r->said.p && strstr(r->said.p, text);
}

static unsigned rig_counted;
static const char *rig_suffix;

static int rig_count(void *owner, const char *name)
{
	(void)owner;
	rig_counted += str_ends(str_of(name), str_of(rig_suffix));
	return 0;
}

/* Files of a directory of the store whose names end so. */
[[maybe_unused]] static unsigned rig_files(const struct rig *r, const char *sub, const char *suffix)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", r->dir, sub);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	rig_counted = 0;
	rig_suffix = suffix;
	assert_int_equal(disk_each(fd, rig_count, NULL), 0);
	fd_close(fd);
	return rig_counted;
}

static void rig_say_wrong(void *owner, const char *text)
{
	(void)buf_printf(&((struct rig *)owner)->said, "wrong: %s\n", text);
}

/* How many things are wrong; the store is closed. */
[[maybe_unused]] static ptrdiff_t rig_verify(struct rig *r)
{
	ptrdiff_t n;

	assert_null(r->store);
	n = store_verify(r->dir, &r->conf.root, rig_say_wrong, r, NULL, &r->err);
	if (n < 0)
		fail_msg("store_verify: %s", r->err.text);
	return n;
}

#endif
