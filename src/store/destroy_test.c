/* SPDX-License-Identifier: Apache-2.0 */
/* Destroying: what matches is gone, from copies of the files too, and nothing else. */
#include "store/fault_rig.h"

#include <dirent.h>

#define ALL_HOURS .hour_from = INT64_MIN, .hour_to = INT64_MAX

static ptrdiff_t destroy(struct rig *r, struct key_match match)
{
	ptrdiff_t n = store_destroy(r->store, &match, &r->err);

	if (n < 0)
		fail_msg("store_destroy: %s", r->err.text);
	return n;
}

static size_t rows_of(const struct rig *r, uint32_t agent)
{
	size_t n = 0;

	for (size_t i = 0; i < r->rows; i++)
		n += r->id[i].agent == agent;
	return n;
}

/* Agent 1 in a, agent 2 in b, one hour as segments, one in logs, one row each waits. */
static struct rig *with_rows(void)
{
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_add(r, "b", 2, 2);
	rig_compact(r);
	r->now_ns += KEYSTORE_HOUR_NS;
	rig_add(r, "a", 1, 2);
	rig_add(r, "b", 2, 2);
	rig_commit(r);
	rig_add(r, "a", 1, 1);
	rig_add(r, "b", 2, 1);
	return r;
}

TEST(a_cluster_is_destroyed_in_segments_logs_and_what_waits)
{
	struct rig *r = with_rows();

	assert_int_equal(destroy(r, (struct key_match){ .cluster = "a", .part = -1, ALL_HOURS }),
			 6);
	rig_commit(r);
	assert_int_equal(rig_read(r), 5);
	assert_int_equal(rows_of(r, 2), 5);
	rig_add(r, "a", 1, 1);
	rig_commit(r);
	assert_int_equal(rig_read(r), 6); /* under a new key of the same hour */

	rig_close(r);
	assert_int_equal(rig_verify(r), 0);
	rig_open(r);
	assert_int_equal(rig_read(r), 6);
	rig_free(r);
}

TEST(only_the_hours_that_match_are_destroyed)
{
	struct rig *r = with_rows();
	const int64_t hour = RIG_START_NS / KEYSTORE_HOUR_NS;

	assert_int_equal(
		destroy(r, (struct key_match){ .part = -1, .hour_from = hour, .hour_to = hour }),
		6);
	rig_commit(r);
	assert_int_equal(rig_read(r), 6);
	assert_int_equal(destroy(r, (struct key_match){ .part = -1,
							.hour_from = hour + 2,
							.hour_to = INT64_MAX }),
			 0);
	assert_int_equal(rig_read(r), 6);

	assert_int_equal(destroy(r, (struct key_match){ .part = -1,
							.hour_from = hour + 1,
							.hour_to = hour + 1 }),
			 6);
	assert_int_equal(rig_read(r), 0);
	rig_free(r);
}

TEST(a_part_is_destroyed_alone_but_for_meta)
{
	struct rig *r = with_rows();

	assert_int_equal(
		destroy(r, (struct key_match){ .cluster = "a", .part = PART_HEADERS, ALL_HOURS }),
		2);
	rig_commit(r);
	assert_int_equal(rig_read(r), 10);
	for (size_t i = 0; i < r->rows; i++)
		assert_int_equal(r->parts[i], r->id[i].agent == 1 ? 5 : 7);
	assert_int_equal(r->problems, 0);
	assert_int_equal(
		destroy(r, (struct key_match){ .cluster = "a", .part = PART_META, ALL_HOURS }), 4);

	assert_int_equal(rig_read(r), 5);
	rig_free(r);
}

/* ---- Copies ---------------------------------------------------------------------------------- */

static void copy_files(const struct rig *r, const char *sub, const char *to_dir)
{
	char from[320], to[320];
	DIR *dir;
	const struct dirent *entry;

	(void)snprintf(from, sizeof(from), "%s/%s", r->dir, sub);
	dir = opendir(from);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(from, sizeof(from), "%s/%s/%.64s", r->dir, sub, entry->d_name);
		(void)snprintf(to, sizeof(to), "%s/%.64s", to_dir, entry->d_name);
		assert_true(link(from, to) == 0 || errno == EEXIST);
	}
	(void)closedir(dir);
}

TEST(copies_of_the_files_do_not_open_with_the_keystore_that_is_left)
{
	struct rig *r = with_rows();
	char log[128], segments[128], path[128];

	(void)snprintf(log, sizeof(log), "%s/log.copy", r->base);
	(void)snprintf(segments, sizeof(segments), "%s/segments.copy", r->base);
	assert_int_equal(mkdir(log, 0700) | mkdir(segments, 0700), 0);
	rig_commit(r);
	copy_files(r, "log", log);
	copy_files(r, "segments", segments);
	(void)destroy(r, (struct key_match){ .cluster = "a", .part = -1, ALL_HOURS });
	rig_close(r);
	(void)snprintf(path, sizeof(path), "%s/log", r->dir);
	copy_files(r, "../log.copy", path);
	(void)snprintf(path, sizeof(path), "%s/segments", r->dir);
	copy_files(r, "../segments.copy", path);

	(void)rig_read(r);
	assert_int_equal(rows_of(r, 1), 0);
	assert_int_equal(rows_of(r, 2), 5);
	assert_int_equal(r->problems, 2);
	assert_non_null(strstr(r->problem, "the key of its META is destroyed"));
	rig_open(r);
	(void)rig_read(r);
	assert_int_equal(rows_of(r, 1), 0);
	rig_close(r);
	assert_int_equal(rig_verify(r), 0); /* the new writer removed them */
	rig_free(r);
}

/* ---- In bad times ---------------------------------------------------------------------------- */

TEST(files_that_cannot_be_removed_go_later)
{
	struct rig_fault f = { DISK_CALL_REMOVE, ".meta", -EIO, 0, 1, 0 };
	struct rig *r = with_rows();

	rig_inject(&f);
	(void)destroy(r, (struct key_match){ .cluster = "a", .part = -1, ALL_HOURS });
	assert_int_equal(f.seen, 1);
	(void)rig_read(r);
	assert_int_equal(rows_of(r, 1), 0);
	disk_inject(NULL);
	rig_kill(r);
	rig_open(r);
	rig_tick(r);

	assert_int_equal(rig_files(r, "segments", ".meta"), 1);
	rig_free(r);
}

/* Nothing can be written until what was set aside is given back. */
static int full_until_reserve(void *owner, enum disk_call call, int fd, const char *name,
			      uint64_t at, size_t *n)
{
	bool *room = owner;

	(void)fd;
	(void)at;
	(void)n;
	if (call == DISK_CALL_REMOVE && name && strcmp(name, RESERVE_NAME) == 0)
		*room = true;
	if (call == DISK_CALL_CREATE && name && strcmp(name, RESERVE_NAME) == 0)
		*room = false;
	return (call == DISK_CALL_CREATE || call == DISK_CALL_WRITE) && !*room ? -ENOSPC : 0;
}

/* Which of two keystores will be found is not known: a key that one of them has no more is used for
 * nothing new. */
TEST(after_a_destruction_that_may_or_may_not_be_durable_no_row_is_acknowledged)
{
	struct rig_fault f = { DISK_CALL_SYNC_DIR, "/keys", -EIO, 0, 1, 0 };
	const struct key_match match = { .cluster = "a", .part = PART_HEADERS, ALL_HOURS };
	struct rig *r = with_rows();
	struct rows_id id = { 1, 1, 0, 6 };
	uint64_t acked;

	rig_inject(&f);
	assert_true(store_destroy(r->store, &match, &r->err) < 0);
	assert_int_equal(f.seen, 1);
	acked = r->acked_rows;
	assert_true(rig_add_id(r, "a", &id) < 0);
	(void)!store_commit(r->store, &r->err);
	assert_true(r->acked_rows <= acked + 1); /* what waited in b, whose log is open */
	rig_kill(r);
	rig_open(r);

	assert_int_equal(rig_add_id(r, "a", &id), 1);
	rig_commit(r);
	(void)rig_read(r);
	assert_int_equal(r->parts[r->rows - 1], 7);
	rig_free(r);
}

TEST(keys_can_be_destroyed_on_a_full_disk)
{
	bool room = false;
	const struct disk_fault fault = { full_until_reserve, &room };
	struct rig *r = with_rows(); /* of which two wait */

	disk_inject(&fault);
	assert_int_equal(destroy(r, (struct key_match){ .cluster = "a", .part = -1, ALL_HOURS }),
			 6);
	disk_inject(NULL);
	rig_kill(r);

	(void)rig_read(r);
	assert_int_equal(rows_of(r, 1), 0);
	rig_free(r);
}

/* What a failed commit left in a log is void because a later log of its cluster is there: when that
 * one is destroyed, it must not come back. */
TEST(void_frames_stay_void_when_what_tells_of_them_is_destroyed)
{
	struct rig_fault f = { DISK_CALL_SYNC, ".log", -EIO, 0, 4, 0 };
	const int64_t hour = RIG_START_NS / KEYSTORE_HOUR_NS;
	struct rig *r = rig_new();

	r->conf.rest_ns = INT64_MAX;
	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_commit(r);
	rig_add(r, "a", 1, 3);
	rig_inject(&f);
	assert_true(store_commit(r->store, &r->err) < 0); /* twice */
	r->now_ns += KEYSTORE_HOUR_NS;
	assert_true(store_tick(r->store, &r->err) < 0); /* twice */
	rig_commit(r);                                  /* to a log of the next hour */
	assert_int_equal(rig_read(r), 5);
	assert_int_equal(destroy(r, (struct key_match){ .part = -1,
							.hour_from = hour + 1,
							.hour_to = hour + 1 }),
			 3);

	assert_int_equal(rig_read(r), 2);
	rig_kill(r);
	assert_int_equal(rig_read(r), 2);
	rig_open(r);
	rig_compact(r);
	assert_int_equal(rig_read(r), 2);
	rig_free(r);
}

TEST_MAIN
