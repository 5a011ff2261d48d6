// SPDX-License-Identifier: Apache-2.0
/* Root keys: files, passphrases, and a terminal that shows nothing of what is typed. */
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <termios.h>

#include "keystore/place_test.h"

#define KEY_LINE TEST_KEY "\n"

/* Asserts that this key file is refused as such, with this in the text. */
static void assert_refused(struct place *p, const char *path, const char *why)
{
	const struct root_source root = { .key_file = path };
	struct keystore *ks = NULL;
	struct err err;

	assert_true(keystore_create(p->state_fd, &root, &ks, &err) < 0);
	assert_int_equal(err.id, ERR_KEY_FILE);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

/* ---- Key files ------------------------------------------------------------------------------- */

TEST(a_key_file_is_64_digits_and_a_newline_at_most)
{
	static const char *const bad[] = {
		"",
		"\n",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1\n",
		TEST_KEY "0",
		TEST_KEY "0\n",
		TEST_KEY "\n\n",
		TEST_KEY "\r\n",
		TEST_KEY " ",
		"0x0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
		"g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
		"+00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
	};
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(keystore_free) struct keystore *again = NULL;
	struct place p;

	place_make(&p);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		put_file(p.key, bad[i], 0600);
		assert_refused(&p, p.key, "64 hexadecimal digits");
	}
	put_file(p.key, TEST_KEY, 0600);
	ks = place_create(&p);
	put_file(p.key, "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\n", 0400);
	again = place_open(&p, false);
	assert_non_null(again);
	place_done(&p);
}

TEST(a_key_file_that_others_may_touch_is_refused)
{
	static const mode_t bad[] = { 0640, 0604, 0620, 0602, 0610, 0601, 0644, 0777 };
	struct place p;

	place_make(&p);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		put_file(p.key, KEY_LINE, bad[i]);
		assert_refused(&p, p.key, "0600");
	}
	place_done(&p);
}

TEST(what_is_no_regular_file_is_refused_and_not_waited_for)
{
	char path[PLACE_PATH];
	struct place p;

	place_make(&p);
	(void)snprintf(path, sizeof(path), "%s/pipe", p.path);
	assert_int_equal(mkfifo(path, 0600), 0);

	assert_refused(&p, path, "no regular file");
	assert_refused(&p, p.path, "no regular file");
	(void)snprintf(path, sizeof(path), "%s/none", p.path);
	assert_refused(&p, path, "No such file");
	place_done(&p);
}

TEST(a_key_file_of_another_user_is_refused)
{
	struct place p;

	if (geteuid() != 0)
		skip();
	place_make(&p);
	assert_int_equal(chown(p.key, 12345, 12345), 0);

	assert_refused(&p, p.key, "another user");
	place_done(&p);
}

/* ---- Where it may lie ------------------------------------------------------------------------ */

#define WITHIN "within the state directory"

TEST(a_key_file_within_the_state_directory_is_refused_at_any_depth)
{
	char path[2 * PLACE_PATH];
	struct place p;

	place_make(&p);
	(void)snprintf(path, sizeof(path), "%s/root.key", p.state);
	put_file(path, KEY_LINE, 0600);
	assert_refused(&p, path, WITHIN);
	assert_int_equal(mkdirat(p.state_fd, "a", 0700), 0);
	assert_int_equal(mkdirat(p.state_fd, "a/b", 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/a/b/root.key", p.state);
	put_file(path, KEY_LINE, 0600);
	assert_refused(&p, path, WITHIN);
	place_done(&p);
}

TEST(no_other_way_of_writing_the_path_hides_where_it_lies)
{
	char path[2 * PLACE_PATH], target[2 * PLACE_PATH];
	struct place p;

	place_make(&p);
	(void)snprintf(target, sizeof(target), "%s/root.key", p.state);
	put_file(target, KEY_LINE, 0600);
	(void)snprintf(path, sizeof(path), "%s/../state/./root.key", p.state);
	assert_refused(&p, path, WITHIN);
	(void)snprintf(path, sizeof(path), "%s/link", p.path);
	assert_int_equal(symlink("state/root.key", path), 0);
	assert_refused(&p, path, WITHIN);
	(void)snprintf(path, sizeof(path), "%s/dir", p.path);
	assert_int_equal(symlink("state", path), 0);
	(void)snprintf(path, sizeof(path), "%s/dir/root.key", p.path);
	assert_refused(&p, path, WITHIN);
	place_done(&p);
}

TEST(a_bind_mount_does_not_hide_where_it_lies)
{
	char path[2 * PLACE_PATH];
	struct place p;

	place_make(&p);
	(void)snprintf(path, sizeof(path), "%s/root.key", p.state);
	put_file(path, KEY_LINE, 0600);
	(void)snprintf(path, sizeof(path), "%s/mount", p.path);
	assert_int_equal(mkdir(path, 0700), 0);
	if (mount(p.state, path, NULL, MS_BIND, NULL) < 0) {
		place_done(&p);
		skip();
	}
	(void)snprintf(path, sizeof(path), "%s/mount/root.key", p.path);
	assert_refused(&p, path, WITHIN);

	(void)snprintf(path, sizeof(path), "%s/mount", p.path);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
	place_done(&p);
}

TEST(beside_the_state_directory_and_above_it_is_allowed)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	char path[2 * PLACE_PATH];
	struct place p;

	place_make(&p);
	(void)snprintf(path, sizeof(path), "%s/state-keys", p.path);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/state-keys/root.key", p.path);
	put_file(path, KEY_LINE, 0600);
	p.root.key_file = path;

	ks = place_create(&p);
	assert_non_null(ks);
	place_done(&p);
}

/* ---- Making one ------------------------------------------------------------------------------ */

TEST(a_made_key_file_opens_a_store_and_is_private)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	char path[2 * PLACE_PATH];
	struct place p;
	struct stat st;
	struct err err;

	place_make(&p);
	(void)snprintf(path, sizeof(path), "%s/new/er/root.key", p.path);
	assert_int_equal(keystore_make_key_file(path, &err), 0);
	p.root.key_file = path;
	ks = place_create(&p);

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 65);
	*strrchr(path, '/') = '\0';
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	place_done(&p);
}

static void read_text(const char *path, char out[128])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, out, 127);

	assert_true(n >= 0);
	out[n] = '\0';
	fd_close(fd);
}

TEST(two_made_key_files_differ)
{
	char path[2][2 * PLACE_PATH], text[2][128];
	struct place p;

	place_make(&p);
	for (unsigned i = 0; i < 2; i++) {
		(void)snprintf(path[i], sizeof(path[i]), "%s/%u", p.path, i);
		assert_int_equal(keystore_make_key_file(path[i], NULL), 0);
		read_text(path[i], text[i]);
	}

	assert_string_not_equal(text[0], text[1]);
	place_done(&p);
}

TEST(a_key_file_is_never_made_over_another)
{
	char text[128];
	struct place p;
	struct err err;

	place_make(&p);
	assert_true(keystore_make_key_file(p.key, &err) < 0);

	assert_int_equal(err.id, ERR_KEY_FILE);
	read_text(p.key, text);
	assert_string_equal(text, KEY_LINE);
	place_done(&p);
}

TEST(what_names_no_file_is_no_key_file)
{
	static const char *const bad[] = { "", "/", "a/", ".", "..", "a/..", "a/." };
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_true(keystore_make_key_file(bad[i], &err) < 0);
		assert_int_equal(err.id, ERR_KEY_FILE);
	}
}

static int refuse_call(void *owner, enum disk_call call, [[maybe_unused]] int fd,
		       [[maybe_unused]] const char *name, [[maybe_unused]] uint64_t at,
		       [[maybe_unused]] size_t *n)
{
	return call == *(const enum disk_call *)owner ? -EIO : 0;
}

TEST(a_key_file_that_could_not_be_made_durable_is_not_left)
{
	static const enum disk_call calls[] = { DISK_CALL_CREATE, DISK_CALL_WRITE, DISK_CALL_SYNC,
						DISK_CALL_SYNC_DIR };

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		enum disk_call call = calls[i];
		const struct disk_fault fault = { refuse_call, &call };
		char path[2 * PLACE_PATH];
		struct place p;
		struct err err;

		place_make(&p);
		(void)snprintf(path, sizeof(path), "%s/new", p.path);
		disk_inject(&fault);
		assert_true(keystore_make_key_file(path, &err) < 0);
		disk_inject(NULL);
		assert_int_equal(err.id, ERR_KEY_FILE);
		assert_int_not_equal(access(path, F_OK), 0);
		place_done(&p);
	}
}

/* ---- Passphrases from files ------------------------------------------------------------------ */

static int create_by_passphrase(struct place *p, const char *text, struct keystore **ks,
				struct err *err)
{
	put_file(p->key, text, 0600);
	p->root = (struct root_source){ .passphrase_file = p->key };
	return keystore_create_with(p->state_fd, &p->root, &cheap, ks, err);
}

TEST(a_passphrase_opens_what_was_made_with_it)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(keystore_free) struct keystore *again = NULL;
	struct keystore *wrong = NULL;
	struct place p;
	struct err err;

	place_make(&p);
	assert_int_equal(create_by_passphrase(&p, "correct horse\nsecond line\n", &ks, &err), 0);
	put_file(p.key, "correct horse", 0600);
	again = place_open(&p, true);
	put_file(p.key, "correct horsf\n", 0600);

	assert_true(keystore_open(p.state_fd, &p.root, false, &wrong, &err) < 0);
	assert_int_equal(err.id, ERR_KEY_WRONG);
	assert_non_null(strstr(err.text, "passphrase"));
	place_done(&p);
}

TEST(the_cost_of_a_new_passphrase_is_the_promised_one)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	CLEANUP(keystore_free) struct keystore *again = NULL;
	struct place p;

	place_make(&p);
	put_file(p.key, "correct horse\n", 0600);
	p.root = (struct root_source){ .passphrase_file = p.key };
	ks = place_create(&p);
	again = place_open(&p, false);

	assert_int_equal(again->head.cost.memory_kib, 64 * 1024);
	assert_int_equal(again->head.cost.passes, 3);
	assert_int_equal(again->head.cost.lanes, 1);
	place_done(&p);
}

TEST(a_key_file_does_not_open_what_a_passphrase_made_and_the_other_way_round)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	struct keystore *wrong = NULL;
	struct place p;
	struct err err;

	place_make(&p);
	assert_int_equal(create_by_passphrase(&p, "correct horse\n", &ks, &err), 0);
	put_file(p.key, KEY_LINE, 0600);
	p.root = (struct root_source){ .key_file = p.key };
	assert_true(keystore_open(p.state_fd, &p.root, false, &wrong, &err) < 0);

	assert_int_equal(err.id, ERR_KEY_WRONG);
	place_done(&p);
}

TEST(passphrases_are_bounded)
{
	struct keystore *ks = NULL;
	char text[KEYSTORE_PASSPHRASE_MAX + 2];
	struct place p;
	struct err err;

	place_make(&p);
	assert_true(create_by_passphrase(&p, "\n", &ks, &err) < 0);
	assert_int_equal(err.id, ERR_KEY_FILE);
	assert_true(create_by_passphrase(&p, "1234567\n", &ks, &err) < 0);
	assert_int_equal(err.id, ERR_KEY_FILE);
	assert_int_equal(create_by_passphrase(&p, "12345678\r\n", &ks, &err), 0);
	keystore_free(ks);
	place_done(&p);

	place_make(&p);
	memset(text, 'x', sizeof(text));
	text[KEYSTORE_PASSPHRASE_MAX + 1] = '\0';
	assert_true(create_by_passphrase(&p, text, &ks, &err) < 0);
	text[KEYSTORE_PASSPHRASE_MAX] = '\n';
	assert_true(create_by_passphrase(&p, text, &ks, &err) < 0);
	text[KEYSTORE_PASSPHRASE_MAX - 1] = '\n';
	assert_int_equal(create_by_passphrase(&p, text, &ks, &err), 0);
	keystore_free(ks);
	place_done(&p);
}

TEST(a_passphrase_file_is_as_private_as_a_key_file)
{
	struct keystore *ks = NULL;
	char path[2 * PLACE_PATH];
	struct root_source root = { .passphrase_file = path };
	struct place p;
	struct err err;

	place_make(&p);
	(void)snprintf(path, sizeof(path), "%s/passphrase", p.state);
	put_file(path, "correct horse\n", 0600);
	assert_true(keystore_create(p.state_fd, &root, &ks, &err) < 0);
	assert_int_equal(err.id, ERR_KEY_FILE);
	(void)snprintf(path, sizeof(path), "%s/passphrase", p.path);
	put_file(path, "correct horse\n", 0640);
	assert_true(keystore_create(p.state_fd, &root, &ks, &err) < 0);
	assert_int_equal(err.id, ERR_KEY_FILE);
	place_done(&p);
}

TEST(one_source_is_given_and_not_two_or_none)
{
	struct keystore *ks = NULL;
	struct root_source root = { NULL, NULL };
	struct place p;
	struct err err;

	place_make(&p);
	assert_true(keystore_create(p.state_fd, &root, &ks, &err) < 0);
	assert_int_equal(err.id, ERR_KEY_FILE);
	root = (struct root_source){ p.key, p.key };
	assert_true(keystore_create(p.state_fd, &root, &ks, &err) < 0);
	assert_int_equal(err.id, ERR_KEY_FILE);
	place_done(&p);
}

/* ---- The terminal ---------------------------------------------------------------------------- */

#define SHOWN 1024

/* A child with a terminal of its own, which makes a store (is_new) or opens it. It ends with the
 * id of the error, or 0; with 100 where the terminal was left changed. */
static pid_t start_child(struct place *p, const char *terminal, bool is_new)
{
	const struct root_source root = { .passphrase_file = "-" };
	struct keystore *ks = NULL;
	struct termios before, after;
	struct err err = { .id = ERR_NONE };
	pid_t pid = fork();
	int fd, r;

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	(void)setsid();
	fd = terminal ? open(terminal, O_RDWR) : -1; /* becomes the controlling one */
	if (fd >= 0)
		(void)tcgetattr(fd, &before);
	r = is_new ? keystore_create_with(p->state_fd, &root, &cheap, &ks, &err)
		   : keystore_open(p->state_fd, &root, false, &ks, &err);
	keystore_free(ks);
	if (fd >= 0 && (tcgetattr(fd, &after) < 0 || after.c_lflag != before.c_lflag))
		_exit(100);
	_exit(r < 0 ? (int)err.id : 0);
}

/* Types these answers, one at each prompt, and returns how the child ended. What the terminal
 * showed goes to shown. */
static int type(struct place *p, bool is_new, const char *const answers[], char shown[SHOWN])
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), status = 0;
	size_t n = 0, answered = 0;
	pid_t pid;

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	pid = start_child(p, ptsname(master), is_new);
	for (;;) {
		struct pollfd ready = { .fd = master, .events = POLLIN };
		ssize_t got = poll(&ready, 1, 20) > 0 ? read(master, shown + n, SHOWN - 1 - n) : 0;

		n += got > 0 ? (size_t)got : 0;
		shown[n] = '\0';
		if (n >= 2 && strcmp(shown + n - 2, ": ") == 0 && answers[answered] && got > 0) {
			const char *answer = answers[answered++];

			assert_int_equal(write(master, answer, strlen(answer)), strlen(answer));
		}
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
	}
	fd_close(master);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(a_passphrase_is_asked_for_twice_for_a_new_store_and_never_shown)
{
	char shown[SHOWN];
	struct place p;

	place_make(&p);
	assert_int_equal(type(&p, true,
			      (const char *[]){ "correct horse\n", "correct horse\r", NULL },
			      shown),
			 0);
	assert_non_null(strstr(shown, "New passphrase: "));
	assert_non_null(strstr(shown, "The same again: "));
	assert_null(strstr(shown, "correct"));
	assert_int_equal(type(&p, false, (const char *[]){ "correct horse\n", NULL }, shown), 0);
	assert_null(strstr(shown, "correct"));
	assert_int_equal(type(&p, false, (const char *[]){ "correct horsf\n", NULL }, shown),
			 ERR_KEY_WRONG);
	place_done(&p);
}

TEST(what_was_typed_wrong_can_be_taken_back)
{
	char shown[SHOWN];
	struct place p;

	place_make(&p);
	assert_int_equal(type(&p, true,
			      (const char *[]){ "nonsense\x15"
						"correct\xc3\xa9\x7f x\b horse\n",
						"correct  horse\n", NULL },
			      shown),
			 0);
	place_done(&p);
}

TEST(two_answers_that_differ_make_no_store)
{
	char shown[SHOWN];
	struct place p;

	place_make(&p);
	assert_int_equal(type(&p, true,
			      (const char *[]){ "correct horse\n", "correct horsf\n", NULL },
			      shown),
			 ERR_KEY_FILE);
	assert_int_equal(type(&p, true, (const char *[]){ "correct horse\n", "correct\n", NULL },
			      shown),
			 ERR_KEY_FILE);
	assert_false(place_has(&p, KEYSTORE_FILE));
	place_done(&p);
}

TEST(asking_can_be_cancelled_and_the_terminal_is_as_before)
{
	char shown[SHOWN];
	struct place p;

	place_make(&p);
	assert_int_equal(type(&p, true, (const char *[]){ "corr\x03", NULL }, shown), ERR_KEY_FILE);
	assert_int_equal(type(&p, true, (const char *[]){ "\x04", NULL }, shown), ERR_KEY_FILE);
	assert_int_equal(type(&p, true, (const char *[]){ "short\n", "short\n", NULL }, shown),
			 ERR_KEY_FILE);
	place_done(&p);
}

TEST(without_a_terminal_nothing_is_asked)
{
	struct place p;
	int status = 0;
	pid_t pid;

	place_make(&p);
	pid = start_child(&p, NULL, true);
	assert_int_equal(waitpid(pid, &status, 0), pid);

	assert_int_equal(WEXITSTATUS(status), ERR_KEY_FILE);
	place_done(&p);
}

TEST_MAIN
