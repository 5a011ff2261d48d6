// SPDX-License-Identifier: Apache-2.0
/* Destroying keys, and what is left when a writer fails or dies at any of its calls. */
#include "keystore/place_test.h"

#define NOW INT64_C(1795163730000000007)

static const struct key_match everything = { .part = -1,
					     .hour_from = INT64_MIN,
					     .hour_to = INT64_MAX };

/* ---- What is destroyed ----------------------------------------------------------------------- */

TEST(a_destroyed_key_is_gone_and_its_scope_is_remembered)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(keystore_free) struct keystore *again = NULL;
	uint8_t gone[CRYPTO_KEY_BYTES], kept[CRYPTO_KEY_BYTES], out[CRYPTO_KEY_BYTES] = { 0 };
	const struct key_match match = { .cluster = "a", .part = 1, .hour_from = 5, .hour_to = 5 };
	struct key_info info;
	struct place p;

	place_make(&p);
	ks = place_create(&p);
	(void)use_key(ks, "a", 1, 5, gone);
	(void)use_key(ks, "a", 1, 6, kept);
	assert_int_equal(keystore_destroy(ks, &match, NOW, NULL), 1);
	again = place_open(&p, false);

	for (unsigned i = 0; i < 2; i++) {
		const struct keystore *in = i ? again : ks;

		assert_int_equal(keystore_get(in, 1, out, &info), -ENOKEY);
		assert_int_equal(out[0] | out[31], 0);
		assert_int_equal(info.state, KEY_DESTROYED);
		assert_int_equal(info.destroyed_ns, NOW);
		assert_string_equal(info.scope.cluster, "a");
		assert_int_equal(info.scope.part, 1);
		assert_int_equal(info.scope.hour, 5);
	}
	assert_int_equal(keystore_get(again, 2, out, &info), 0);
	assert_memory_equal(out, kept, sizeof(out));
	place_done(&p);
}

TEST(a_destroyed_scope_gets_a_new_key_with_a_new_id)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	uint8_t old[CRYPTO_KEY_BYTES], fresh[CRYPTO_KEY_BYTES];
	struct place p;

	place_make(&p);
	ks = place_create(&p);
	(void)use_key(ks, "a", 0, 5, old);
	assert_int_equal(keystore_destroy(ks, &everything, NOW, NULL), 1);

	assert_int_equal(use_key(ks, "a", 0, 5, fresh), 2);
	assert_memory_not_equal(old, fresh, sizeof(old));
	place_done(&p);
}

/* Of clusters a and b, three parts and hours 1 to 4: how many match. */
static ptrdiff_t destroyed_of_24(const struct key_match *match)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	uint8_t key[CRYPTO_KEY_BYTES];
	struct place p;
	ptrdiff_t n;

	place_make(&p);
	ks = place_create(&p);
	for (unsigned i = 0; i < 24; i++)
		(void)use_key(ks, i % 2 ? "a" : "b", i / 2 % 3, 1 + i / 6, key);
	n = keystore_destroy(ks, match, NOW, NULL);
	assert_int_equal(keystore_destroy(ks, match, NOW, NULL), 0);
	place_done(&p);
	return n;
}

TEST(cluster_part_and_hours_choose_what_is_destroyed)
{
	assert_int_equal(destroyed_of_24(&everything), 24);
	assert_int_equal(destroyed_of_24(&(struct key_match){ "a", -1, INT64_MIN, INT64_MAX }), 12);
	assert_int_equal(destroyed_of_24(&(struct key_match){ "", 2, INT64_MIN, INT64_MAX }), 8);
	assert_int_equal(destroyed_of_24(&(struct key_match){ "", -1, 2, 3 }), 12);
	assert_int_equal(destroyed_of_24(&(struct key_match){ "b", 0, 4, 4 }), 1);
	assert_int_equal(destroyed_of_24(&(struct key_match){ "c", -1, INT64_MIN, INT64_MAX }), 0);
	assert_int_equal(destroyed_of_24(&(struct key_match){ "", -1, 5, INT64_MAX }), 0);
	assert_int_equal(destroyed_of_24(&(struct key_match){ "", -1, 3, 2 }), 0);
}

TEST(an_older_copy_of_an_entry_does_not_open_in_the_new_epoch)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(keystore_free) struct keystore *forged = NULL;
	CLEANUP(buf_done_ptr) struct buf old, now;
	const struct key_match match = { "a", -1, INT64_MIN, INT64_MAX };
	uint8_t key[CRYPTO_KEY_BYTES], out[CRYPTO_KEY_BYTES];
	size_t told = 0;
	struct place p;

	place_make(&p);
	ks = place_create(&p);
	(void)use_key(ks, "a", 0, 5, key);
	(void)use_key(ks, "b", 0, 5, key);
	place_load(&p, KEYSTORE_FILE, &old);
	assert_int_equal(keystore_destroy(ks, &match, NOW, NULL), 1);
	place_load(&p, KEYSTORE_FILE, &now);
	memcpy(now.p + KEYSTORE_HEADER_BYTES, old.p + KEYSTORE_HEADER_BYTES, KEYSTORE_ENTRY_BYTES);
	place_store(&p, buf_str(&now));
	forged = place_open(&p, false);

	assert_int_equal(keystore_get(forged, 1, out, NULL), -EBADMSG);
	assert_int_equal(keystore_get(forged, 2, out, NULL), 0);
	assert_int_equal(keystore_verify(p.state_fd, ks, count_text, &told), 2);
	assert_int_equal(told, 2); /* the entry, and the sum */
	place_done(&p);
}

TEST(the_old_file_reads_as_zeros_afterwards)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	uint8_t key[CRYPTO_KEY_BYTES], bytes[1024];
	struct place p;
	ssize_t n;
	int old;

	place_make(&p);
	ks = place_create(&p);
	(void)use_key(ks, "a", 0, 5, key);
	old = openat(p.state_fd, "keys/keystore", O_RDONLY | O_CLOEXEC);
	assert_int_equal(keystore_destroy(ks, &everything, NOW, NULL), 1);

	n = pread(old, bytes, sizeof(bytes), 0);
	assert_int_equal(n, 2 * KEYSTORE_HEADER_BYTES + KEYSTORE_ENTRY_BYTES);
	for (ssize_t i = 0; i < n; i++)
		assert_int_equal(bytes[i], 0);
	assert_false(place_has(&p, KEYSTORE_FILE_NEW));
	fd_close(old);
	place_done(&p);
}

/* ---- The order of calls ---------------------------------------------------------------------- */

/* A letter for each call, and for the file it goes to: n the new one, o the old one. */
struct trace {
	char text[128];
	size_t n;
	ino_t old;
};

static int record(void *owner, enum disk_call call, int fd, [[maybe_unused]] const char *name,
		  [[maybe_unused]] uint64_t at, [[maybe_unused]] size_t *n)
{
	static const char *const names[DISK_CALLS] = { "create ",   "write ",  "sync ",
						       "sync-dir ", "rename ", "remove " };
	struct trace *t = owner;
	struct stat st;
	const char *file = "";

	if (call == DISK_CALL_WRITE || call == DISK_CALL_SYNC) {
		assert_int_equal(fstat(fd, &st), 0);
		file = st.st_ino == t->old ? "old-" : "new-";
	}
	t->n += (size_t)snprintf(t->text + t->n, sizeof(t->text) - t->n, "%s%s", file, names[call]);
	return 0;
}

TEST(the_new_file_is_durable_before_its_name_and_its_name_before_the_old_one_goes)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	struct trace trace = { .n = 0 };
	const struct disk_fault fault = { record, &trace };
	uint8_t key[CRYPTO_KEY_BYTES];
	struct place p;
	struct stat st;

	place_make(&p);
	ks = place_create(&p);
	(void)use_key(ks, "a", 0, 5, key);
	assert_int_equal(fstatat(p.state_fd, "keys/keystore", &st, 0), 0);
	trace.old = st.st_ino;
	disk_inject(&fault);
	assert_int_equal(keystore_destroy(ks, &everything, NOW, NULL), 1);
	disk_inject(NULL);

	assert_string_equal(trace.text, "create new-write new-sync rename sync-dir "
					"old-write old-sync remove sync-dir ");
	place_done(&p);
}

/* ---- Faults ---------------------------------------------------------------------------------- */

enum fault_kind {
	FAULT_ERROR, /* the call fails, those after it are done */
	FAULT_DEATH, /* neither it nor any after it is done */
	FAULT_TORN   /* half of a write is done, and nothing after it */
};

struct plan {
	enum fault_kind kind;
	size_t at, calls;
	int code;
};

static int inject(void *owner, enum disk_call call, [[maybe_unused]] int fd,
		  [[maybe_unused]] const char *name, [[maybe_unused]] uint64_t at, size_t *n)
{
	struct plan *plan = owner;
	size_t i = plan->calls++;

	if (i < plan->at || (plan->kind == FAULT_ERROR && i > plan->at))
		return 0;
	if (plan->kind == FAULT_TORN && i == plan->at && call == DISK_CALL_WRITE)
		*n /= 2;
	return plan->code;
}

/* Opens the file anew, and asserts that it is whole: the first key gone or not as is said, the
 * others as they were, nothing to complain of. */
static void assert_whole(struct three *s, bool destroyed)
{
	CLEANUP(keystore_free) struct keystore *ks = place_open(&s->place, true);
	uint8_t out[CRYPTO_KEY_BYTES];
	size_t told = 0;

	assert_int_equal(keystore_get(ks, 1, out, NULL), destroyed ? -ENOKEY : 0);
	if (!destroyed)
		assert_memory_equal(out, s->keys[0], sizeof(out));
	for (unsigned i = 1; i < 3; i++) {
		assert_int_equal(keystore_get(ks, i + 1, out, NULL), 0);
		assert_memory_equal(out, s->keys[i], sizeof(out));
	}
	assert_int_equal(keystore_verify(s->place.state_fd, ks, count_text, &told), 0);
	assert_false(place_has(&s->place, KEYSTORE_FILE_NEW));
}

/* Whether the file on disk has the first key destroyed, as any reader sees it. */
static bool is_destroyed_on_disk(struct three *s)
{
	CLEANUP(keystore_free) struct keystore *ks = place_open(&s->place, false);

	return keystore_at(ks, 0)->state == KEY_DESTROYED;
}

/* Destroys the first key with this fault. False when the plan's call was never reached. */
static bool destroy_with(struct plan plan)
{
	const struct key_match first = { "a", 0, 0, 0 };
	const struct disk_fault fault = { inject, &plan };
	struct three s;
	ptrdiff_t n;
	bool gone;
	struct err err;

	three_make(&s);
	disk_inject(&fault);
	n = keystore_destroy(s.ks, &first, NOW, &err);
	disk_inject(NULL);
	gone = is_destroyed_on_disk(&s);
	assert_true(n < 0 || gone);
	if (n < 0)
		assert_int_equal(err.id, plan.code == -ENOSPC ? ERR_STORE_FULL : ERR_STORE_IO);
	if (plan.kind == FAULT_ERROR && n < 0 && !s.ks->unsure) {
		/* Who lives on can try again, and then it is done. */
		assert_true(keystore_destroy(s.ks, &first, NOW, &err) == !gone);
		gone = true;
		assert_false(place_has(&s.place, KEYSTORE_FILE_NEW));
	}
	keystore_free(s.ks);
	assert_whole(&s, gone);
	place_done(&s.place);
	return plan.calls > plan.at;
}

#define CALLS 9

static void destroy_with_each(enum fault_kind kind, int code)
{
	size_t at = 0;

	while (destroy_with((struct plan){ .kind = kind, .at = at, .code = code }))
		at++;
	assert_int_equal(at, CALLS);
}

TEST(an_error_at_any_call_of_destroying_leaves_the_old_or_the_new_keystore)
{
	destroy_with_each(FAULT_ERROR, -EIO);
	destroy_with_each(FAULT_ERROR, -ENOSPC);
}

TEST(death_at_any_call_of_destroying_leaves_the_old_or_the_new_keystore)
{
	destroy_with_each(FAULT_DEATH, -EIO);
	destroy_with_each(FAULT_TORN, -EIO);
}

/* Uses a fourth key with this fault. */
static bool use_with(struct plan plan)
{
	const struct disk_fault fault = { inject, &plan };
	const struct key_scope scope = scope_of("a", 0, 3);
	uint8_t out[CRYPTO_KEY_BYTES];
	struct keystore *again;
	struct three s;
	uint64_t id = 0;
	struct err err;
	int r;

	three_make(&s);
	disk_inject(&fault);
	r = keystore_use(s.ks, &scope, &id, s.keys[3], &err);
	disk_inject(NULL);
	/* What was given out is durable, whatever failed behind it. */
	if (r == 0) {
		again = place_open(&s.place, false);
		assert_int_equal(keystore_get(again, id, out, NULL), 0);
		assert_memory_equal(out, s.keys[3], sizeof(out));
		keystore_free(again);
	} else {
		assert_null(keystore_at(s.ks, 3));
		assert_int_equal(s.ks->head.next_id, 4);
	}
	if (plan.kind == FAULT_ERROR && !s.ks->unsure) {
		assert_int_equal(use_key(s.ks, "a", 0, 3, out), 4);
		assert_int_equal(use_key(s.ks, "a", 0, 4, out), 5);
	}
	keystore_free(s.ks);
	assert_whole(&s, false);
	place_done(&s.place);
	return plan.calls > plan.at;
}

TEST(a_key_that_was_given_out_is_durable_whatever_fails)
{
	static const enum fault_kind kinds[] = { FAULT_ERROR, FAULT_DEATH, FAULT_TORN };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t at = 0;

		while (use_with((struct plan){ .kind = kinds[i], .at = at, .code = -EIO }))
			at++;
		assert_int_equal(at, CALLS);
	}
}

TEST(after_a_failed_sync_of_the_directory_nothing_more_is_written)
{
	struct plan plan = { .kind = FAULT_ERROR, .at = 4, .code = -EIO };
	const struct disk_fault fault = { inject, &plan };
	const struct key_scope scope = scope_of("a", 0, 3);
	uint8_t out[CRYPTO_KEY_BYTES];
	struct three s;
	uint64_t id;
	struct err err;

	three_make(&s);
	disk_inject(&fault);
	assert_true(keystore_use(s.ks, &scope, &id, out, &err) < 0);
	disk_inject(NULL);

	assert_true(keystore_use(s.ks, &scope, &id, out, &err) < 0);
	assert_int_equal(err.id, ERR_STORE_IO);
	assert_int_equal(use_key(s.ks, "a", 0, 2, out), 3);
	assert_true(keystore_destroy(s.ks, &everything, NOW, &err) < 0);
	/* Nor is the old file erased, which a power cut may bring back. */
	assert_true(place_has(&s.place, KEYSTORE_FILE_NEW));
	keystore_free(s.ks);
	assert_whole(&s, false);
	place_done(&s.place);
}

/* The file that is found after a power cut may be the one without the key. */
TEST(after_a_destruction_whose_last_sync_failed_no_key_is_given_to_write_with)
{
	struct plan plan = { .kind = FAULT_ERROR, .at = 4, .code = -EIO };
	const struct disk_fault fault = { inject, &plan };
	const struct key_scope scope = scope_of("a", 0, 2);
	const struct key_match one = { .cluster = "a", .part = 0, .hour_from = 2, .hour_to = 2 };
	uint8_t out[CRYPTO_KEY_BYTES];
	struct three s;
	uint64_t id;
	struct err err;

	three_make(&s);
	assert_int_equal(keystore_use(s.ks, &scope, &id, out, &err), 0);
	disk_inject(&fault);
	assert_true(keystore_destroy(s.ks, &one, NOW, &err) < 0);
	disk_inject(NULL);
	assert_true(s.ks->unsure);

	assert_true(keystore_use(s.ks, &scope, &id, out, &err) < 0);
	assert_int_equal(err.id, ERR_STORE_IO);
	keystore_free(s.ks);
	place_done(&s.place);
}

/* As after a death between the change of names and its sync. */
TEST(what_a_dead_writer_left_is_erased_only_when_the_names_are_durable)
{
	CLEANUP(buf_done_ptr) struct buf left;
	struct trace trace = { .n = 0 };
	const struct disk_fault fault = { record, &trace };
	struct three s;
	int dir;

	three_make(&s);
	keystore_free(s.ks);
	place_load(&s.place, KEYSTORE_FILE, &left);
	dir = openat(s.place.state_fd, KEYSTORE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(disk_replace(dir, KEYSTORE_FILE_NEW, buf_str(&left)), 0);
	fd_close(dir);
	disk_inject(&fault);
	keystore_free(place_open(&s.place, true));
	disk_inject(NULL);

	assert_string_equal(trace.text, "sync-dir new-write new-sync remove sync-dir ");
	assert_whole(&s, false);
	place_done(&s.place);
}

/* Bytes of a file that is open, until its end: are they all zero? */
static bool reads_as_zeros(int fd)
{
	uint8_t bytes[2048];
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);

	for (ssize_t i = 0; i < n; i++)
		if (bytes[i])
			return false;
	return n > 0;
}

/* Fails one call, and keeps the file that a write before it went to open. */
struct keeper {
	enum disk_call fails;
	bool failed;
	int fd;
};

static int keep_written(void *owner, enum disk_call call, int fd, [[maybe_unused]] const char *name,
			[[maybe_unused]] uint64_t at, [[maybe_unused]] size_t *n)
{
	struct keeper *k = owner;

	if (call == DISK_CALL_WRITE && k->fd < 0)
		k->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (call != k->fails || k->failed)
		return 0;
	k->failed = true;
	return -EIO;
}

TEST(a_new_file_that_did_not_come_into_force_reads_as_zeros)
{
	static const enum disk_call calls[] = { DISK_CALL_SYNC, DISK_CALL_RENAME };

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		struct keeper k = { calls[i], false, -1 };
		const struct disk_fault fault = { keep_written, &k };
		const struct key_scope scope = scope_of("a", 0, 3);
		uint8_t out[CRYPTO_KEY_BYTES];
		struct three s;
		uint64_t id;

		three_make(&s);
		disk_inject(&fault);
		assert_true(keystore_use(s.ks, &scope, &id, out, NULL) < 0);
		disk_inject(NULL);

		assert_true(k.failed);
		assert_true(reads_as_zeros(k.fd));
		assert_false(place_has(&s.place, KEYSTORE_FILE_NEW));
		fd_close(k.fd);
		keystore_free(s.ks);
		assert_whole(&s, false);
		place_done(&s.place);
	}
}

TEST(making_a_keystore_leaves_none_or_a_whole_one)
{
	bool reached = true;

	for (size_t at = 0; reached; at++) {
		struct plan plan = { .kind = FAULT_DEATH, .at = at, .code = -EIO };
		const struct disk_fault fault = { inject, &plan };
		struct keystore *ks = NULL;
		struct place p;
		struct err err;
		int r;

		place_make(&p);
		disk_inject(&fault);
		r = keystore_create(p.state_fd, &p.root, &ks, &err);
		disk_inject(NULL);
		reached = plan.calls > at;
		assert_true(reached == (r < 0));
		keystore_free(ks);
		ks = NULL;
		if (keystore_open(p.state_fd, &p.root, true, &ks, &err) < 0) {
			assert_int_equal(err.id, ERR_STORE_NONE);
			ks = place_create(&p);
		}
		keystore_free(ks);
		place_done(&p);
	}
}

/* A file system that cannot exchange names. */
static int refuse_exchange(void *owner, enum disk_call call, [[maybe_unused]] int fd,
			   [[maybe_unused]] const char *name, [[maybe_unused]] uint64_t at,
			   [[maybe_unused]] size_t *n)
{
	size_t *renames = owner;

	return call == DISK_CALL_RENAME && (*renames)++ == 0 ? -EINVAL : 0;
}

TEST(without_an_exchange_of_names_the_old_file_is_erased_all_the_same)
{
	size_t renames = 0;
	const struct disk_fault fault = { refuse_exchange, &renames };
	const struct key_match first = { "a", 0, 0, 0 };
	char bytes[64];
	struct three s;
	int old;

	three_make(&s);
	old = openat(s.place.state_fd, "keys/keystore", O_RDONLY | O_CLOEXEC);
	disk_inject(&fault);
	assert_int_equal(keystore_destroy(s.ks, &first, NOW, NULL), 1);
	disk_inject(NULL);

	assert_int_equal(renames, 2);
	assert_int_equal(pread(old, bytes, sizeof(bytes), 0), sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], 0);
	fd_close(old);
	keystore_free(s.ks);
	assert_whole(&s, true);
	place_done(&s.place);
}

TEST(destroyed_keys_leave_the_memory_of_the_process)
{
	struct three s;

	three_make(&s);
	assert_int_equal(keystore_destroy(s.ks, &everything, NOW, NULL), 3);

	for (unsigned i = 0; i < 3; i++)
		assert_null(memmem(s.ks->keys, s.ks->room * CRYPTO_KEY_BYTES, s.keys[i], 8));
	keystore_free(s.ks);
	place_done(&s.place);
}

TEST_MAIN
