// SPDX-License-Identifier: Apache-2.0
/*
 * The root key: read from a file that nobody else may read and that does not lie beside what it
 * opens, or from a passphrase.
 */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk/disk.h"
#include "keystore/keystore_int.h"

#define KEY_FILE_DIGITS ((size_t)2 * CRYPTO_KEY_BYTES)
#define INFO_MASTER     "redoubt keystore master 1"
#define INFO_EPOCH      "redoubt keystore epoch 1"

/* ---- Where the file lies --------------------------------------------------------------------- */

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Steps up from the directory *fd. False at the root, which is its own parent. */
static bool step_up(int *fd, struct stat *here)
{
	struct stat above;
	int up = openat(*fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	fd_close(*fd);
	*fd = up;
	if (up < 0 || fstat(up, &above) < 0 || is_same(&above, here))
		return false;
	*here = above;
	return true;
}

/* Whether the file lies in the directory or below it: 0 or 1, or the error that keeps it unknown.
 * Names are resolved, and directories are compared by what they are. */
static int lies_within(const char *path, int dir_fd)
{
	CLEANUP(fd_close) int fd = -1;
	char real[PATH_MAX];
	struct stat dir, here;

	if (!realpath(path, real) || fstat(dir_fd, &dir) < 0)
		return -errno;
	fd = open(dirname(real), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &here) < 0)
		return -errno;
	do {
		if (is_same(&here, &dir))
			return 1;
	} while (step_up(&fd, &here));
	return fd < 0 ? -EACCES : 0;
}

static int refuse(struct err *err, const char *path, const char *why)
{
	return err_set(err, ERR_KEY_FILE, "%s: %s", path, why);
}

/* Opens a file that is for its owner alone. */
static int open_private(int state_fd, const char *path, struct err *err)
{
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int within;

	if (fd < 0 || fstat(fd, &st) < 0)
		return refuse(err, path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(err, path, "this is no regular file");
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return refuse(err, path, "it belongs to another user");
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return refuse(err, path, "others may read it: its mode must be 0600");
	within = lies_within(path, state_fd);
	if (within < 0)
		return refuse(err, path, strerror(-within));
	if (within > 0)
		return refuse(err, path,
			      "it lies within the state directory, whose copies it would open");
	return TAKE_FD(fd);
}

/* ---- A key file ------------------------------------------------------------------------------ */

static bool parse_digits(struct str text, uint8_t key[CRYPTO_KEY_BYTES])
{
	uint64_t bad = text.n != KEY_FILE_DIGITS;

	for (size_t i = 0; !bad && i < CRYPTO_KEY_BYTES; i++) {
		uint64_t v = 0;

		bad = str_to_hex64((struct str){ text.p + 2 * i, 2 }, &v) < 0;
		key[i] = (uint8_t)v;
	}
	return !bad;
}

static int read_key_file(int state_fd, const char *path, struct keystore_root *root,
			 struct err *err)
{
	CLEANUP(fd_close) int fd = open_private(state_fd, path, err);
	char *text = (char *)root->bytes + CRYPTO_KEY_BYTES; /* read behind where the key goes */
	ssize_t n;
	struct str digits;

	if (fd < 0)
		return fd;
	n = disk_read(fd, 0, text, KEY_FILE_DIGITS + 2);
	if (n < 0)
		return refuse(err, path, strerror((int)-n));
	digits = (struct str){ text, (size_t)n };
	if (n == KEY_FILE_DIGITS + 1 && text[n - 1] == '\n')
		digits.n--;
	root->kind = KEYSTORE_ROOT_FILE;
	root->n = CRYPTO_KEY_BYTES;
	if (!parse_digits(digits, root->bytes))
		return refuse(err, path, "a root key is 64 hexadecimal digits and a newline");
	return 0;
}

static int write_key(int dir_fd, const char *name)
{
	CLEANUP(fd_close) int fd = -1;
	uint8_t key[CRYPTO_KEY_BYTES];
	char text[KEY_FILE_DIGITS + 2];
	int r = crypto_random(key, sizeof(key));

	for (size_t i = 0; i < sizeof(key); i++)
		(void)snprintf(text + 2 * i, 3, "%02x", key[i]);
	text[KEY_FILE_DIGITS] = '\n';
	if (r == 0)
		fd = disk_create(dir_fd, name);
	if (r == 0 && fd < 0)
		r = fd;
	if (r == 0) {
		r = disk_write(fd, 0, (struct str){ text, KEY_FILE_DIGITS + 1 });
		if (r == 0)
			r = disk_sync(fd);
		if (r == 0)
			r = disk_sync_dir(dir_fd);
		if (r < 0)
			(void)disk_remove(dir_fd, name);
	}
	crypto_wipe(key, sizeof(key));
	crypto_wipe(text, sizeof(text));
	return r;
}

int keystore_make_key_file(const char *path, struct err *err)
{
	CLEANUP(fd_close) int dir_fd = -1;
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char dir[PATH_MAX];
	size_t n = slash ? (size_t)(slash - path) : 0;
	struct err why;
	int r;

	if (n >= sizeof(dir) || !name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return refuse(err, path, "this is no name of a file");
	memcpy(dir, path, n);
	dir[n] = '\0';
	dir_fd = disk_dir_open(n ? dir : slash ? "/" : ".", &why);
	if (dir_fd < 0)
		return refuse(err, path, why.text);
	r = write_key(dir_fd, name);
	return r < 0 ? refuse(err, path, strerror(-r)) : 0;
}

/* ---- A passphrase ---------------------------------------------------------------------------- */

/* The first line. */
static int read_passphrase_file(int state_fd, const char *path, struct keystore_root *root,
				struct err *err)
{
	CLEANUP(fd_close) int fd = open_private(state_fd, path, err);
	ssize_t n;
	ptrdiff_t end;

	if (fd < 0)
		return fd;
	n = disk_read(fd, 0, root->bytes, sizeof(root->bytes));
	if (n < 0)
		return refuse(err, path, strerror((int)-n));
	end = str_find((struct str){ (char *)root->bytes, (size_t)n }, '\n', 0);
	if (end < 0 && n == (ssize_t)sizeof(root->bytes))
		return refuse(err, path, "its first line is longer than a passphrase may be");
	root->n = end < 0 ? (size_t)n : (size_t)end;
	if (root->n && root->bytes[root->n - 1] == '\r')
		root->n--;
	return 0;
}

static int ask(const char *prompt, uint8_t *out, size_t *n, struct err *err)
{
	ssize_t got = keystore_ask(prompt, out, KEYSTORE_PASSPHRASE_MAX);

	if (got == -ENXIO)
		return refuse(err, "passphrase", "there is no terminal to ask on");
	if (got == -ECANCELED)
		return refuse(err, "passphrase", "asking was cancelled");
	if (got < 0)
		return refuse(err, "passphrase", strerror((int)-got));
	*n = (size_t)got;
	return 0;
}

static int ask_passphrase(bool is_new, struct keystore_root *root, struct err *err)
{
	CLEANUP(crypto_secret_free) void *again = NULL;
	size_t n = 0;
	int r = ask(is_new ? "New passphrase: " : "Passphrase: ", root->bytes, &root->n, err);

	if (r < 0 || !is_new)
		return r;
	again = crypto_secret_alloc(KEYSTORE_PASSPHRASE_MAX);
	if (!again)
		return err_set(err, ERR_MEMORY, "the passphrase");
	r = ask("The same again: ", again, &n, err);
	if (r == 0 && (n != root->n || !crypto_equal(again, root->bytes, n)))
		return refuse(err, "passphrase", "the two are not the same");
	return r;
}

static int read_passphrase(int state_fd, const char *path, bool is_new, struct keystore_root *root,
			   struct err *err)
{
	bool asks = strcmp(path, "-") == 0;
	int r = asks ? ask_passphrase(is_new, root, err)
		     : read_passphrase_file(state_fd, path, root, err);

	root->kind = KEYSTORE_ROOT_PASSPHRASE;
	if (r == 0 && root->n == 0)
		return refuse(err, asks ? "passphrase" : path, "the passphrase is empty");
	if (r == 0 && is_new && root->n < KEYSTORE_PASSPHRASE_MIN)
		return refuse(err, asks ? "passphrase" : path,
			      "a new passphrase has at least 8 bytes");
	return r;
}

/* ---- Both ------------------------------------------------------------------------------------ */

int keystore_root_read(int state_fd, const struct root_source *source, bool is_new,
		       struct keystore_root **out, struct err *err)
{
	CLEANUP(crypto_secret_free) void *root = NULL;
	int r;

	if (!source->key_file == !source->passphrase_file)
		return err_set(err, ERR_KEY_FILE, "give either a key file or a passphrase");
	root = crypto_secret_alloc(sizeof(struct keystore_root));
	if (!root)
		return err_set(err, ERR_MEMORY, "the root key");
	if (source->key_file)
		r = read_key_file(state_fd, source->key_file, root, err);
	else
		r = read_passphrase(state_fd, source->passphrase_file, is_new, root, err);
	if (r == 0)
		*out = TAKE(root);
	return r;
}

static int derive(struct str root, const struct keystore_header *h, struct keystore_secrets *s)
{
	const struct str id = { (const char *)h->id, sizeof(h->id) };
	int r = crypto_hkdf(id, root, STR(INFO_MASTER), s->wraps_master, CRYPTO_KEY_BYTES);

	if (r == 0)
		r = crypto_hkdf(id, root, STR(INFO_EPOCH), s->wraps_epoch, CRYPTO_KEY_BYTES);
	return r;
}

int keystore_root_keys(const struct keystore_root *root, const struct keystore_header *h,
		       struct keystore_secrets *s)
{
	struct str bytes = { (const char *)root->bytes, root->n };
	uint8_t key[CRYPTO_KEY_BYTES];
	int r;

	if (h->root != root->kind)
		return -EKEYREJECTED;
	if (root->kind == KEYSTORE_ROOT_FILE)
		return derive(bytes, h, s);
	r = crypto_argon2id(bytes, h->salt, &h->cost, key);
	if (r == 0)
		r = derive((struct str){ (char *)key, sizeof(key) }, h, s);
	crypto_wipe(key, sizeof(key));
	return r;
}
