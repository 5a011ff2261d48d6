// SPDX-License-Identifier: Apache-2.0
/*
 * Databases of version 1 in tests/formats/meta.v1 stay readable for ever, as two crashes left them:
 * one with a WAL to replay, one with a journal to undo. With REDOUBT_GOLDEN=DIR the same databases
 * are made anew in DIR/wal and DIR/journal instead.
 */
#include "meta/meta_test.h"

#define GOLDEN SOURCE_ROOT "/tests/formats/meta.v1"

static const struct {
	const char *name;
	uint64_t value;
} settings[] = { { "keep.bytes", UINT64_MAX }, { "keep.meta", 2592000 }, { "zero", 0 } };

static const struct meta_entry entries[] = {
	{ 1767225600000000000, META_CREATED, 0, 0, { "made", 4 } },
	{ 1767225600000000001,
	  META_DESTROYED,
	  3,
	  UINT64_MAX,
	  { "k\xc3\xbc"
	    "bel, hours 1 to 3",
	    20 } },
};

static void write_all(struct meta *m)
{
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		assert_int_equal(meta_set(m, settings[i].name, settings[i].value, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		assert_int_equal(meta_log(m, &entries[i], NULL), 0);
}

static void see(void *owner, const struct meta_entry *entry)
{
	size_t *left = owner;
	const struct meta_entry *want = &entries[--*left];

	assert_int_equal(entry->at_ns, want->at_ns);
	assert_int_equal(entry->event, want->event);
	assert_true(entry->count == want->count && entry->bytes == want->bytes);
	assert_true(str_eq(entry->text, want->text));
}

static void assert_reads(const struct test_dir *dir)
{
	struct meta *m = test_open(dir);
	size_t left = ARRAY_LEN(entries);

	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		uint64_t value = 1;

		assert_true(meta_get(m, settings[i].name, &value));
		assert_true(value == settings[i].value);
	}
	assert_int_equal(test_number(m, "SELECT count(*) FROM setting"), ARRAY_LEN(settings));
	assert_int_equal(meta_each(m, 10, see, &left, NULL), 0);
	assert_int_equal(left, 0);
	assert_int_equal(test_number(m, "PRAGMA user_version"), 1);
	assert_int_equal(meta_verify(m, NULL, NULL), 0);
	meta_close(m);
}

/* ---- Making them ----------------------------------------------------------------------------- */

static struct test_dir make_wal(void)
{
	struct test_dir dir = test_dir_make(), copy;
	struct meta *m = test_open(&dir);

	test_sql(m, "PRAGMA wal_checkpoint(TRUNCATE)");
	write_all(m);
	copy = test_crash(&dir);
	meta_close(m);
	test_dir_drop(&dir);
	return copy;
}

struct moment {
	const struct test_dir *dir;
	struct test_dir copy;
	unsigned writes;
};

/* The files after the first page of a commit was written. */
static int ask(void *owner, enum disk_call call, [[maybe_unused]] int fd, const char *name,
	       [[maybe_unused]] uint64_t at, [[maybe_unused]] size_t *n)
{
	struct moment *moment = owner;

	if (call == DISK_CALL_WRITE && name && strcmp(name, META_DB_NAME) == 0 &&
	    ++moment->writes == 2)
		moment->copy = test_crash(moment->dir);
	return 0;
}

static struct test_dir make_journal(void)
{
	struct test_dir dir = test_dir_make();
	struct moment moment = { .dir = &dir };
	const struct disk_fault fault = { ask, &moment };
	struct meta *m = test_open(&dir);

	write_all(m);
	test_sql(m, "PRAGMA journal_mode = DELETE");
	disk_inject(&fault);
	test_sql(m, "BEGIN; DELETE FROM event; DELETE FROM setting; COMMIT");
	disk_inject(NULL);
	assert_true(moment.writes > 2);
	meta_close(m);
	test_dir_drop(&dir);
	return moment.copy;
}

/* ---- Keeping and reading them ---------------------------------------------------------------- */

static void copy_dir(const struct test_dir *from, const struct test_dir *to)
{
	static const char *const names[] = { META_DB_NAME, META_WAL_NAME, META_JOURNAL_NAME };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct test_bytes b = test_load(from, names[i]);

		if (b.p)
			test_store(to, names[i], b);
		free(b.p);
	}
}

static struct test_dir named(const char *root, const char *name)
{
	struct test_dir dir;

	assert_true(snprintf(dir.path, sizeof(dir.path), "%s/%s", root, name) <
		    (int)sizeof(dir.path));
	return dir;
}

/* Reads the one that is kept, or keeps a new one. */
static void check(const char *name, struct test_dir (*make)(void))
{
	const char *keep = getenv("REDOUBT_GOLDEN");
	struct test_dir fresh = make(), copy = test_dir_make(), kept;

	if (keep) {
		kept = named(keep, name);
		copy_dir(&fresh, &kept);
	}
	assert_reads(&fresh);
	kept = named(keep ? keep : GOLDEN, name);
	copy_dir(&kept, &copy);
	assert_reads(&copy);
	test_dir_drop(&fresh);
	test_dir_drop(&copy);
}

TEST(a_wal_of_version_1_is_replayed)
{
	check("wal", make_wal);
}

TEST(a_journal_of_version_1_is_undone)
{
	check("journal", make_journal);
}

TEST_MAIN
