/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a writer leaves behind when it is given up, when the disk fails under it, and what it finds
 * of an attempt before.
 */
#include "segment/rig.h"

TEST(a_writer_that_is_given_up_leaves_nothing)
{
	struct rig *r = rig_new();

	rig_write(r);
	for (size_t i = 0; i < SEGMENT_GROUP_ROWS; i++) {
		maker_begin(&r->maker, KIND_GAP, 1, i + 1);
		rig_add_made(r);
	}
	assert_true(rig_exists(r, "00000000000004d2.meta.new"));
	segment_writer_free(r->writer);
	r->writer = NULL;

	assert_false(rig_exists(r, "00000000000004d2.meta.new"));
	assert_false(rig_exists(r, "00000000000004d2.meta"));
	rig_free(r);
}

TEST(files_of_an_attempt_before_are_replaced)
{
	struct rig *r = rig_new();
	int fd;

	fd = disk_create(r->dir_fd, "00000000000004d2.meta.new");
	assert_true(fd >= 0);
	(void)close(fd);
	rig_store(r, PART_META, STR("old"));
	rig_write(r);
	rig_add_chance(r, 10);
	rig_finish(r);
	rig_open(r, RIG_ALL);

	rig_compare(r, RIG_ALL);
	rig_free(r);
}

/* ---- When the disk fails --------------------------------------------------------------------- */

/* Lets the n-th call of a kind fail. */
struct fail_at {
	enum disk_call call;
	int after, code;
	bool hit;
};

static int ask(void *owner, enum disk_call call, int fd, const char *name, uint64_t at, size_t *n)
{
	struct fail_at *f = owner;

	(void)fd;
	(void)name;
	(void)at;
	(void)n;
	if (call != f->call || f->after-- > 0)
		return 0;
	f->hit = true;
	return f->code;
}

TEST(a_disk_that_fails_leaves_no_meta_file_and_says_so)
{
	static const struct {
		enum disk_call call;
		int code;
		enum err_id id;
	} row[] = {
		{ DISK_CALL_CREATE, -ENOSPC, ERR_STORE_FULL },
		{ DISK_CALL_WRITE, -ENOSPC, ERR_STORE_FULL },
		{ DISK_CALL_SYNC, -EIO, ERR_STORE_IO },
		{ DISK_CALL_SYNC_DIR, -EIO, ERR_STORE_IO },
		{ DISK_CALL_RENAME, -EIO, ERR_STORE_IO },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		for (int after = 0; after < 4; after++) {
			struct fail_at f = { row[i].call, after, row[i].code, false };
			struct disk_fault fault = { ask, &f };
			struct rig *r = rig_new();
			int code;

			rig_write(r);
			rig_add_chance(r, 300);
			disk_inject(&fault);
			code = segment_writer_finish(r->writer, &r->summary, &r->err);
			disk_inject(NULL);
			if (!f.hit) {
				assert_int_equal(code, 0);
			} else {
				assert_true(code < 0);
				assert_int_equal(r->err.id, row[i].id);
				/* The last sync of the directory comes behind META's name. */
				assert_true(!rig_exists(r, "00000000000004d2.meta") ||
					    row[i].call == DISK_CALL_SYNC_DIR);
				assert_true(segment_writer_finish(r->writer, &r->summary, &r->err) <
					    0);
			}
			assert_true(f.hit || after > 0);
			rig_free(r);
		}
	}
}

TEST(meta_gets_its_name_when_the_others_are_durable)
{
	struct rig *r = rig_new();
	/* The first sync of the directory is that of the others' names. */
	struct fail_at f = { DISK_CALL_SYNC_DIR, 0, -EIO, false };
	struct disk_fault fault = { ask, &f };

	rig_write(r);
	rig_add_chance(r, 300);
	disk_inject(&fault);
	assert_true(segment_writer_finish(r->writer, &r->summary, &r->err) < 0);
	disk_inject(NULL);

	assert_true(rig_exists(r, "00000000000004d2.payload"));
	assert_true(rig_exists(r, "00000000000004d2.headers"));
	assert_false(rig_exists(r, "00000000000004d2.meta"));
	rig_free(r);
}

/* The calls in their order, a letter each. */
static char calls[64];

static int note(void *owner, enum disk_call call, int fd, const char *name, uint64_t at, size_t *n)
{
	static const char letter[] = {
		[DISK_CALL_CREATE] = 'c',   [DISK_CALL_WRITE] = 'w',  [DISK_CALL_SYNC] = 's',
		[DISK_CALL_SYNC_DIR] = 'd', [DISK_CALL_RENAME] = 'r', [DISK_CALL_REMOVE] = 'x'
	};
	size_t used = strlen(calls);

	(void)owner;
	(void)fd;
	(void)at;
	(void)n;
	if (used + 1 < sizeof(calls))
		calls[used] =
			call == DISK_CALL_RENAME && strstr(name, ".meta") ? 'M' : letter[call];
	return 0;
}

TEST(every_file_is_synced_before_any_gets_its_name_and_meta_is_the_last)
{
	struct disk_fault fault = { note, NULL };
	struct rig *r = rig_new();

	memset(calls, 0, sizeof(calls));
	rig_write(r);
	rig_add_chance(r, 300);
	disk_inject(&fault);
	rig_finish(r);
	disk_inject(NULL);

	/* Each file is made (what is left of one before goes), written and synced. */
	assert_string_equal(calls, "xcxcxcwswswsrrdMd");
	rig_free(r);
}

/* Half of the write is not done, and nobody is told, as when power goes. */
static int lose(void *owner, enum disk_call call, int fd, const char *name, uint64_t at, size_t *n)
{
	struct fail_at *f = owner;

	(void)fd;
	(void)name;
	(void)at;
	if (call == DISK_CALL_WRITE && f->after-- == 0)
		*n /= 2;
	return 0;
}

TEST(bytes_that_the_disk_lost_are_missed)
{
	for (int after = 0; after < 3; after++) {
		struct fail_at f = { .after = after };
		struct disk_fault fault = { lose, &f };
		struct rig *r = rig_new();

		rig_write(r);
		rig_add_chance(r, 300);
		disk_inject(&fault);
		rig_finish(r);
		disk_inject(NULL);

		if (after == 0) {
			assert_int_equal(rig_try_open(r, RIG_ALL), -EBADMSG);
			assert_non_null(strstr(r->err.text, "00000000000004d2.meta"));
		} else {
			rig_open(r, RIG_ALL);
			assert_non_null(segment_missing(r->segment,
							after == 1 ? PART_HEADERS : PART_PAYLOAD));
		}
		rig_free(r);
	}
}

TEST_MAIN
