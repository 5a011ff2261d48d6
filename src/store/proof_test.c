/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who can write to the state directory and has no key may cost what he touches, and nothing else:
 * what a file says in clear counts for others only when something in it opens.
 */
#include "store/fault_rig.h"

/* As docs/formats/log.md has them. */
enum { HEAD_BYTES = 96, HEAD_NUMBER = 32, FRAME_SEQUENCE = 32, CHECKSUM_BYTES = 8 };

static void path_of(const struct rig *r, const char *sub, const char *name, char out[192])
{
	(void)snprintf(out, 192, "%s/%s/%s", r->dir, sub, name);
}

static size_t load(const struct rig *r, const char *sub, const char *name, uint8_t *to, size_t room)
{
	char path[192];
	ssize_t n;
	int fd;

	path_of(r, sub, name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, to, room);
	assert_true(n > 0 && (size_t)n < room);
	fd_close(fd);
	return (size_t)n;
}

static void plant(const struct rig *r, const char *sub, const char *name, const void *p, size_t n)
{
	char path[192];
	int fd;

	path_of(r, sub, name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), (ssize_t)n);
	fd_close(fd);
}

/* Of a header of 96 bytes, as anybody can make it. */
static void seal_again(uint8_t *head)
{
	uint8_t hash[CRYPTO_SHA256_BYTES];

	crypto_hash_begin(CRYPTO_SHA256);
	crypto_hash_add(CRYPTO_SHA256, (struct str){ (char *)head, HEAD_BYTES - CHECKSUM_BYTES });
	assert_int_equal(crypto_hash_end(CRYPTO_SHA256, hash), 0);
	memcpy(head + HEAD_BYTES - CHECKSUM_BYTES, hash, CHECKSUM_BYTES);
}

/* A copy of a log under another number. */
static void plant_log(const struct rig *r, uint8_t *bytes, size_t n, uint64_t number)
{
	char name[ROWLOG_NAME_BYTES];

	rows_put((char *)bytes + HEAD_NUMBER, number, 8);
	seal_again(bytes);
	rowlog_name(number, name);
	plant(r, "log", name, bytes, n);
}

/* A store with ten rows in one log, the bytes of which are in `bytes`. */
static struct rig *with_log(uint8_t bytes[8192], size_t *n, uint64_t *number)
{
	struct rig *r = rig_new();
	char name[ROWLOG_NAME_BYTES];

	rig_open(r);
	rig_add(r, "a", 1, 10);
	rig_commit(r);
	*number = r->store->files.v[0].number;
	rowlog_name(*number, name);
	*n = load(r, "log", name, bytes, 8192);
	return r;
}

TEST(a_frame_that_nobody_sealed_raises_no_mark)
{
	const struct key_match all = { .part = -1, .hour_to = INT64_MAX };
	uint8_t bytes[8192];
	uint64_t number;
	size_t n, frame;
	struct rig *r = with_log(bytes, &n, &number);

	/* The frame of rows, which is the last, claims all rows of agent 1 there ever will be. */
	for (frame = n - HEAD_BYTES; memcmp(bytes + frame, "RDBT-FRM", 8) != 0; frame -= 8)
		;
	rows_put((char *)bytes + frame + FRAME_SEQUENCE, (UINT64_C(1) << 56) - 1, 8);
	seal_again(bytes + frame);
	assert_int_equal(store_destroy(r->store, &all, &r->err), 3);
	rig_close(r);
	plant_log(r, bytes, n, 0x1000);
	rig_open(r);

	rig_add(r, "a", 1, 1); /* asks that it is taken */
	rig_commit(r);
	assert_int_equal(rig_read(r), 1);
	rig_free(r);
}

TEST(destroying_an_hour_loses_no_mark_even_when_it_dies_behind_the_keys)
{
	const struct key_match all = { .part = -1, .hour_to = INT64_MAX };
	struct rig_fault f = { DISK_CALL_REMOVE, ".log", -EIO, 0, UINT32_MAX, 0 };
	struct rows_id id = { 1, 1, 0, 10 };
	uint8_t bytes[8192];
	uint64_t number;
	size_t n;
	struct rig *r = with_log(bytes, &n, &number);

	rig_inject(&f);
	assert_int_equal(store_destroy(r->store, &all, &r->err), 3);
	rig_kill(r);
	disk_inject(NULL);
	rig_open(r);

	assert_int_equal(rig_add_id(r, "a", &id), 0);
	assert_int_equal(rig_read(r), 0);
	rig_free(r);
}

TEST(a_name_alone_moves_no_number)
{
	static const char *const names[] = { "ffffffffffffffff.log", "fffffffffffffffe.log",
					     "4000000000000000.log", "3fffffffffffffff.log",
					     "0000000000000013.log" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct rig *r = rig_new();

		rig_open(r);
		rig_add(r, "a", 1, 2);
		rig_compact(r);
		rig_close(r);
		plant(r, "log", names[i], "x", i % 2);
		r->now_ns += KEYSTORE_HOUR_NS;
		rig_open(r);
		for (unsigned k = 0; k < 20; k++) {
			rig_add(r, "a", 1, 1);
			rig_compact(r);
		}

		assert_true(r->store->next_arrival < UINT64_C(1) << 40);
		assert_int_equal(rig_read(r), 22);
		rig_free(r);
	}
}

TEST(a_forged_header_voids_no_row_of_another_log)
{
	uint8_t bytes[8192];
	uint64_t number;
	size_t n;
	struct rig *r = with_log(bytes, &n, &number);

	rig_kill(r);
	plant_log(r, bytes, HEAD_BYTES, number + 1);
	assert_int_equal(rig_read(r), 10);
	rig_open(r);
	rig_compact(r);

	assert_int_equal(rig_read(r), 10);
	assert_true(rig_says(r, "no frame of it opens"));
	rig_close(r);
	assert_int_equal(rig_verify(r), 0);
	rig_free(r);
}

TEST(a_forged_segment_voids_no_row_of_a_log_and_hides_none)
{
	uint8_t bytes[8192], meta[8192];
	char name[SEGMENT_NAME_BYTES];
	uint64_t number;
	size_t n, meta_bytes;
	struct rig *r = with_log(bytes, &n, &number);

	rig_compact(r);
	segment_name(number, PART_META, name);
	meta_bytes = load(r, "segments", name, meta, sizeof(meta));
	rig_add(r, "a", 1, 3);
	rig_commit(r);
	number = r->store->files.v[r->store->files.n - 1].number;
	rig_kill(r);
	/* Of the same cluster, by its key; for the log that is there, and behind it. */
	for (uint64_t i = 0; i < 2; i++) {
		segment_name(number + i, PART_META, name);
		plant(r, "segments", name, meta, meta_bytes);
	}
	assert_int_equal(rig_read(r), 13);
	rig_open(r);
	rig_add(r, "a", 1, 1);
	rig_compact(r);

	assert_int_equal(rig_read(r), 14);
	rig_free(r);
}

TEST(a_file_of_another_store_is_left_to_its_owner)
{
	uint8_t bytes[8192];
	uint64_t number;
	size_t n;
	struct rig *other = with_log(bytes, &n, &number), *r = rig_new();

	rig_open(r);
	rig_close(r);
	plant_log(r, bytes, n, 1);
	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_commit(r);

	assert_int_equal(rig_read(r), 2);
	assert_int_equal(rig_files(r, "log", ".log.other"), 1);
	rig_free(r);
	rig_free(other);
}

TEST(a_keystore_that_is_older_than_the_files_is_refused)
{
	static uint8_t keys[MIB];
	struct rig *r = rig_new();
	char path[192];
	size_t n;

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_compact(r);
	n = load(r, "keys", "keystore", keys, sizeof(keys));
	r->now_ns += KEYSTORE_HOUR_NS;
	rig_add(r, "a", 1, 2);
	rig_compact(r);
	rig_close(r);
	path_of(r, "keys", "keystore", path);
	assert_int_equal(unlink(path), 0);
	plant(r, "keys", "keystore", keys, n);

	assert_int_equal(store_open(&r->conf, &r->store, &r->err), -EBADMSG);
	assert_int_equal(r->err.id, ERR_STORE_DAMAGED);
	assert_non_null(strstr(r->err.text, "the keystore is older than the files"));
	assert_int_equal(rig_files(r, "segments", ".meta"), 2);
	rig_free(r);
}

TEST(files_without_a_keystore_get_no_new_one)
{
	struct rig *r = rig_new();
	char path[192];

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_compact(r);
	rig_close(r);
	path_of(r, "keys", "keystore", path);
	assert_int_equal(unlink(path), 0);

	assert_int_equal(store_open(&r->conf, &r->store, &r->err), -EBADMSG);
	assert_non_null(strstr(r->err.text, "keys/keystore is missing, and there are"));
	r->conf.create = false;
	assert_int_equal(store_open(&r->conf, &r->store, &r->err), -EBADMSG);
	assert_int_not_equal(access(path, F_OK), 0);
	rig_free(r);
}

TEST(a_table_of_marks_that_is_damaged_is_said)
{
	struct rig *r = rig_new();
	char name[ROWLOG_NAME_BYTES], path[192];
	int fd;

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_compact(r);
	rig_add(r, "a", 1, 2);
	rig_commit(r);
	rowlog_name(r->store->files.v[r->store->files.n - 1].number, name);
	rig_close(r);
	path_of(r, "log", name, path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "x", 1, 2 * HEAD_BYTES + 8), 1);
	fd_close(fd);
	rig_open(r);

	assert_true(rig_says(r, "its table of what came already is lost"));
	assert_int_equal(rig_read(r), 4);
	rig_free(r);
}

/* ---- Cut while it is open -------------------------------------------------------------------- */

/* Two commits, the second of 2 rows, and the end of the log's file is gone. */
static void cut_and_compact(struct rig *r, bool whole_frame)
{
	char name[ROWLOG_NAME_BYTES], path[192];
	uint64_t first_bytes;

	rig_open(r);
	rig_add(r, "a", 1, 2);
	rig_commit(r);
	first_bytes = r->store->files.v[0].log_bytes;
	rig_add(r, "a", 1, 2);
	rig_commit(r);
	rowlog_name(r->store->files.v[0].number, name);
	path_of(r, "log", name, path);
	assert_int_equal(truncate(path, (off_t)(whole_frame ? first_bytes
							    : r->store->files.v[0].log_bytes - 1)),
			 0);
	rig_compact(r);
}

TEST(the_end_of_an_acknowledged_log_that_is_cut_is_said_and_the_rest_is_kept)
{
	for (unsigned i = 0; i < 2; i++) {
		struct rig *r = rig_new();

		cut_and_compact(r, i == 1);

		assert_true(rig_says(r, "bytes, and had"));
		assert_int_equal(rig_files(r, "log", ".damaged"), 1);
		assert_int_equal(rig_read(r), 2);
		rig_free(r);
	}
}

TEST_MAIN
