/* SPDX-License-Identifier: Apache-2.0 */
/* What the store tells about itself: how much, how old, how long it lasts, what is wrong. */
#include "store/fault_rig.h"

static struct store_status status(struct rig *r, struct store_keep *used)
{
	struct store_status s;

	if (r->store)
		rig_close(r);
	if (store_status(r->dir, &r->conf.root, &(struct store_keep){ .bytes = 0 }, used, &s,
			 &r->err) < 0)
		fail_msg("store_status: %s", r->err.text);
	return s;
}

TEST(an_empty_store_has_nothing_and_knows_no_forecast)
{
	struct rig *r = rig_new();
	struct store_keep used;
	struct store_status s;

	rig_open(r);
	s = status(r, &used);

	assert_true(s.bytes == 0 && s.segments == 0 && s.log_files == 0);
	assert_true(s.part[PART_META].oldest_hour == -1);
	assert_true(s.next_arrival == 1);
	assert_true(s.days_left < 0);
	assert_true(s.disk_all >= s.disk_free);
	assert_true(used.bytes == GIB && s.bytes_max == GIB);
	rig_free(r);
}

TEST(without_a_store_there_is_no_status)
{
	struct rig *r = rig_new();
	struct store_status s;

	assert_int_equal(store_status(r->dir, &r->conf.root, &r->conf.keep, NULL, &s, &r->err),
			 -ENOENT);
	assert_int_equal(r->err.id, ERR_STORE_NONE);
	rig_free(r);
}

TEST(segments_and_logs_are_counted_by_part_and_hour)
{
	const int64_t hour = RIG_START_NS / KEYSTORE_HOUR_NS;
	struct rig *r = rig_new();
	struct store_status s;
	uint64_t next;

	rig_open(r);
	for (unsigned i = 0; i < 3; i++) {
		rig_add(r, "a", 1, 20);
		rig_add(r, "b", 2, 20);
		rig_compact(r);
		r->now_ns += KEYSTORE_HOUR_NS;
	}
	rig_add(r, "a", 1, 5);
	rig_commit(r);
	next = r->store->next_arrival;
	s = status(r, NULL);

	assert_true(s.segments == 6 && s.log_files == 1 && s.log_bytes > 0);
	for (unsigned p = 0; p < ROW_PARTS; p++) {
		assert_true(s.part[p].hours == 3);
		assert_true(s.part[p].oldest_hour == hour);
		assert_true(s.part[p].bytes > 0);
	}
	assert_true(s.bytes == s.log_bytes + s.part[0].bytes + s.part[1].bytes + s.part[2].bytes);
	assert_true(s.next_arrival == next);
	assert_true(s.bytes_a_day > 0 && s.days_left != 0);
	rig_free(r);
}

TEST(the_next_number_is_known_when_all_became_segments)
{
	struct rig *r = rig_new();
	struct store_status s;
	uint64_t next;

	rig_open(r);
	rig_add(r, "a", 1, 20);
	rig_compact(r);
	next = r->store->next_arrival;
	s = status(r, NULL);

	assert_true(s.next_arrival == next);
	rig_free(r);
}

TEST(what_a_full_disk_cost_is_told)
{
	struct rig_fault f = { DISK_CALL_WRITE, ".log", -ENOSPC, 0, UINT32_MAX, 0 };
	struct rows_id id = { 2, 1, 0, 1 };
	struct rig *r = rig_new();
	struct store_status s;

	rig_open(r);
	rig_add(r, "a", 1, 1);
	rig_inject(&f);
	assert_int_equal(store_commit(r->store, &r->err), -ENOSPC);
	assert_int_equal(rig_add_id(r, "b", &id), -ENOSPC);
	r->now_ns += LOOK_NS;
	(void)!store_tick(r->store, &r->err);
	disk_inject(NULL);
	rig_kill(r);
	s = status(r, NULL);

	assert_int_equal(s.shed, 1 << PART_PAYLOAD | 1 << PART_HEADERS);
	assert_true(s.rows_refused == 1);
	rig_free(r);
}

TEST(what_is_kept_is_what_was_asked_last_or_now)
{
	struct rig *r = rig_new();
	struct store_keep used;
	struct store_status s;

	r->conf.keep.part_ns[PART_HEADERS] = 5 * KEYSTORE_HOUR_NS;
	rig_open(r);
	rig_close(r);
	assert_int_equal(store_status(r->dir, &r->conf.root, &(struct store_keep){ .bytes = MIB },
				      &used, &s, &r->err),
			 0);

	assert_true(used.part_ns[PART_HEADERS] == 5 * KEYSTORE_HOUR_NS);
	assert_true(used.part_ns[PART_PAYLOAD] == store_keep_default.part_ns[PART_PAYLOAD]);
	assert_true(used.bytes == MIB);
	rig_free(r);
}

/* ---- The ledger ------------------------------------------------------------------------------ */

static void note_event(void *owner, const struct meta_entry *entry)
{
	(void)buf_printf(owner, "%s;", meta_event_name(entry->event));
}

TEST(the_ledger_tells_what_happened_newest_first)
{
	struct rig *r = rig_new();
	const struct key_match match = { .part = -1, .hour_to = INT64_MAX };
	struct buf events;

	buf_init(&events, KIB);
	rig_open(r);
	rig_add(r, "a", 1, 1);
	assert_int_equal(store_destroy(r->store, &match, &r->err), 3);
	rig_add(r, "a", 1, 1);
	rig_commit(r);
	r->now_ns += 40 * 24 * KEYSTORE_HOUR_NS;
	rig_tick(r);
	rig_close(r);
	assert_int_equal(store_events(r->dir, &r->conf.root, 10, note_event, &events, &r->err), 0);

	assert_non_null(strstr(events.p, meta_event_name(META_EXPIRED)));
	assert_true(strstr(events.p, meta_event_name(META_EXPIRED)) <
		    strstr(events.p, meta_event_name(META_DESTROYED)));
	assert_true(strstr(events.p, meta_event_name(META_DESTROYED)) <
		    strstr(events.p, meta_event_name(META_CREATED)));
	buf_done(&events);
	rig_free(r);
}

/* ---- The forecast ---------------------------------------------------------------------------- */

TEST(what_grows_evenly_fills_the_rest_evenly)
{
	const struct store_growth g = { .bytes_a_day = { 10, 20, 70 },
					.days_had = { 1, 1, 1 },
					.days_kept = { 30, 30, 30 } };

	assert_float_equal(store_days_left(&g, 100, 1100), 10, 1e-9);
	assert_float_equal(store_days_left(&g, 1100, 1100), 0, 1e-9);
	assert_float_equal(store_days_left(&g, 2000, 1100), 0, 1e-9);
}

TEST(a_part_that_is_old_enough_grows_no_more)
{
	const struct store_growth g = { .bytes_a_day = { 10, 20, 70 },
					.days_had = { 1, 1, 1 },
					.days_kept = { 30, 7, 1 } };

	/* Six days of META and HEADERS, then META alone. */
	assert_float_equal(store_days_left(&g, 0, 180), 6, 1e-9);
	assert_float_equal(store_days_left(&g, 0, 190), 7, 1e-9);
}

TEST(what_ages_keep_below_the_limit_never_reaches_it)
{
	const struct store_growth g = { .bytes_a_day = { 10, 20, 70 },
					.days_had = { 1, 1, 1 },
					.days_kept = { 30, 7, 1 } };

	assert_true(store_days_left(&g, 0, 29 * 10 + 6 * 20) > 0);
	assert_true(store_days_left(&g, 0, 29 * 10 + 6 * 20 + 1) < 0);
}

/* ---- Verifying ------------------------------------------------------------------------------- */

static void flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char c;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &c, 1, at), 1);
	c ^= 1;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	fd_close(fd);
}

TEST(verifying_counts_all_and_finds_nothing_wrong)
{
	struct rig *r = rig_new();
	struct store_verified v;

	rig_open(r);
	rig_add(r, "a", 1, 10);
	rig_compact(r);
	rig_add(r, "a", 1, 5);
	rig_close(r);

	assert_int_equal(store_verify(r->dir, &r->conf.root, rig_say_wrong, r, &v, &r->err), 0);
	assert_true(v.keys == 3 && v.segments == 1 && v.logs == 1 && v.rows == 15);
	assert_true(v.frames == 2 && v.chunks >= 4 && v.pages > 0 && v.bytes > 0);
	rig_free(r);
}

/* Every file of rows, at places all over it: the damage is found, and told with the file's name. */
TEST(every_flipped_bit_is_found_and_told_by_name)
{
	static const char *const files[] = { "segments/0000000000000001.meta",
					     "segments/0000000000000001.headers",
					     "segments/0000000000000001.payload",
					     "log/000000000000000d.log" };
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 10);
	rig_compact(r);
	rig_add(r, "a", 1, 5);
	rig_close(r);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char path[160];
		struct stat st;

		(void)snprintf(path, sizeof(path), "%s/%s", r->dir, files[i]);
		assert_int_equal(stat(path, &st), 0);
		for (off_t at = 0; at < st.st_size; at += 1 + st.st_size / 60) {
			buf_clear(&r->said);
			flip(path, at);
			if (rig_verify(r) == 0)
				fail_msg("%s: byte %ld of %ld is not missed", files[i], (long)at,
					 (long)st.st_size);
			if (!rig_says(r, strchr(files[i], '/') + 1))
				fail_msg("%s: not told by name: %s", files[i], r->said.p);
			flip(path, at);
		}
	}
	assert_int_equal(rig_verify(r), 0);
	rig_free(r);
}

TEST(damage_of_keys_and_of_the_database_is_told_too)
{
	static const char *const files[] = { "keys/keystore", "meta/redoubt.db" };
	struct rig *r = rig_new();

	rig_open(r);
	rig_add(r, "a", 1, 10);
	rig_close(r);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char path[160];
		struct stat st;

		(void)snprintf(path, sizeof(path), "%s/%s", r->dir, files[i]);
		assert_int_equal(stat(path, &st), 0);
		flip(path, st.st_size - 100);

		assert_int_not_equal(
			store_verify(r->dir, &r->conf.root, rig_say_wrong, r, NULL, &r->err), 0);
		flip(path, st.st_size - 100);
	}
	rig_free(r);
}

TEST_MAIN
