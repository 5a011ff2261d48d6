/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the state directory and its root key are, by the rules of ARCHITECTURE, and how hours,
 * parts and sizes are written. A key file is made for a new store only: a store whose key is gone
 * cannot be helped by another one.
 */
#include "cli/state.h"

#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

#define BYTES_TEXTS 4

static int join(char out[PATH_MAX], const char *dir, const char *name, struct err *err)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);

	return n > 0 && n < PATH_MAX ? 0
				     : err_set(err, ERR_USAGE, "A path is too long: %.60s…", dir);
}

/* NAME below what the variable says, or below DIR in the home directory. */
static int below_home(const char *variable, const char *dir, const char *name, char out[PATH_MAX],
		      struct err *err)
{
	const char *base = getenv(variable);
	const char *home = getenv("HOME");
	char below[PATH_MAX];
	int r;

	if (base && base[0] == '/')
		return join(out, base, name, err);
	if (!home || home[0] != '/')
		return err_set(err, ERR_USAGE,
			       "Neither %s nor HOME says where; give --state and --key-file.",
			       variable);
	r = join(below, home, dir, err);
	return r < 0 ? r : join(out, below, name, err);
}

static int copy(const char *given, char out[PATH_MAX], struct err *err)
{
	int n = snprintf(out, PATH_MAX, "%s", given);

	return n >= 0 && n < PATH_MAX
		       ? 0
		       : err_set(err, ERR_USAGE, "A path is too long: %.60s…", given);
}

int state_find(const struct state_conf *conf, struct state *out, struct err *err)
{
	bool root = geteuid() == 0;
	int r;

	if (conf->key_file && conf->passphrase_file)
		return err_set(err, ERR_USAGE,
			       "--key-file and --passphrase-file exclude each other.");
	if (conf->dir)
		r = copy(conf->dir, out->dir, err);
	else if (root)
		r = copy("/var/lib/redoubt", out->dir, err);
	else
		r = below_home("XDG_STATE_HOME", ".local/state", "redoubt", out->dir, err);
	if (r == 0 && conf->key_file)
		r = copy(conf->key_file, out->key_file, err);
	else if (r == 0 && root)
		r = copy("/etc/redoubt/root.key", out->key_file, err);
	else if (r == 0 && !conf->passphrase_file)
		r = below_home("XDG_CONFIG_HOME", ".config", "redoubt/root.key", out->key_file,
			       err);
	out->root = conf->passphrase_file
			    ? (struct root_source){ .passphrase_file = conf->passphrase_file }
			    : (struct root_source){ .key_file = out->key_file };
	return r < 0 ? r : proc_undumpable(err);
}

static int is_there(const struct state *state, const char *name)
{
	char path[PATH_MAX];

	if (join(path, state->dir, name, NULL) < 0)
		return -ENAMETOOLONG;
	return access(path, F_OK) == 0 ? 1 : -errno;
}

int state_is_new(const struct state *state, struct err *err)
{
	int r = is_there(state, "keys/keystore");

	if (r == 1)
		return 0;
	if (r == -ENOTDIR)
		return err_set(err, ERR_USAGE, "%s is no directory.", state->dir);
	if (r != -ENOENT)
		return err_set(err, ERR_STORE_IO, "%s: %s", state->dir, strerror(-r));
	if (is_there(state, "segments") == 1 || is_there(state, "log") == 1)
		return err_set(err, ERR_STORE_DAMAGED,
			       "%s has no keys/keystore, without which nothing in it opens",
			       state->dir);
	return 1;
}

int state_need(const struct state *state, struct err *err)
{
	int r = state_is_new(state, err);

	return r == 1 ? err_set(err, ERR_STORE_NONE, "%s", state->dir) : r;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Is the key file to be made where it would be refused afterwards? A directory that is not there
 * yet has its name alone. */
static bool within_state(const struct state *state)
{
	char dir[PATH_MAX], parent[PATH_MAX], copy[PATH_MAX];

	(void)snprintf(copy, sizeof(copy), "%s", state->key_file);
	if (is_below(copy, state->dir))
		return true;
	return realpath(state->dir, dir) && realpath(dirname(copy), parent) &&
	       is_below(parent, dir);
}

int state_make_key(const struct state *state, struct err *err)
{
	int r;

	if (!state->root.key_file || access(state->key_file, F_OK) == 0)
		return 0;
	if (within_state(state))
		return err_set(err, ERR_KEY_FILE, "%s lies within the state directory",
			       state->key_file);
	r = keystore_make_key_file(state->key_file, err);
	if (r == 0) {
		(void)fputs("A new root key is in ", stderr);
		cli_put_text(state->key_file, stderr);
		(void)fputs(". Whoever loses it loses the store; keep a copy elsewhere.\n", stderr);
	}
	return r;
}

const char *state_bytes(uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	static char texts[BYTES_TEXTS][16];
	static unsigned next;
	char *text = texts[next++ % BYTES_TEXTS];
	double n = (double)bytes;
	unsigned u = 0;

	for (; n >= 1024 && u + 1 < ARRAY_LEN(units); u++)
		n /= 1024;
	(void)snprintf(text, sizeof(texts[0]), u && n < 100 ? "%.1f %s" : "%.0f %s", n, units[u]);
	return text;
}

void state_said(void *owner, const char *text)
{
	(void)owner;
	(void)fputs("store: ", stderr);
	cli_put_text(text, stderr);
	(void)fputc('\n', stderr);
}

void state_hour(int64_t hour, char out[STATE_HOUR_BYTES])
{
	char text[TIME_TEXT_BYTES];

	(void)time_format(hour * KEYSTORE_HOUR_NS, text);
	(void)snprintf(out, STATE_HOUR_BYTES, "%.13s", text);
}

int state_hour_parse(const char *text, int64_t *out, struct err *err)
{
	char whole[TIME_TEXT_BYTES];
	int64_t ns;

	(void)snprintf(whole, sizeof(whole), "%.13s:00:00Z", text);
	if (strlen(text) != 13 || time_parse(str_of(whole), &ns) < 0)
		return err_set(err, ERR_USAGE,
			       "'%.40s' is no hour; write it as 2026-11-20T21, in UTC.", text);
	*out = ns / KEYSTORE_HOUR_NS;
	return 0;
}

int state_part(struct str name)
{
	for (int part = 0; part < ROW_PARTS; part++)
		if (str_eq_nocase(name, str_of(field_part_name((enum field_part)part))))
			return part;
	return -1;
}

int state_parts(const char *text, unsigned *out, struct err *err)
{
	struct str rest = str_of(text), name;
	unsigned parts = 0;

	while (rest.n) {
		int part;

		(void)str_cut(&rest, ',', &name);
		part = state_part(name);
		if (part < 0)
			return err_set(err, ERR_USAGE,
				       "'%.*s' is no part; there are meta, headers and payload.",
				       STR_FMT(str_head(name, 40)));
		parts |= 1U << part;
	}
	if (!(parts & 1U << PART_META))
		return err_set(err, ERR_USAGE, "The part meta is always needed: --parts meta,…");
	*out = parts;
	return 0;
}

void state_put_options(const struct state_conf *conf, const struct state *state, FILE *to)
{
	(void)fputs("--state ", to);
	cli_put_text(state->dir, to);
	if (conf->key_file)
		(void)fputs(" --key-file ", to);
	else if (conf->passphrase_file)
		(void)fputs(" --passphrase-file ", to);
	if (conf->key_file || conf->passphrase_file)
		cli_put_text(conf->key_file ? conf->key_file : conf->passphrase_file, to);
}
