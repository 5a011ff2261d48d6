/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redoubt keys: the data keys of a state directory. They are listed, never shown; a key that is
 * destroyed takes with it, for ever, what it sealed, in every copy of the files.
 */
#include <stdlib.h>

#include "cli/state.h"

#define EXIT_FALSE 1

struct keys_conf {
	struct state_conf state;
	const char *cluster, *part, *hour, *until;
	bool yes;
};

#define AT(member) offsetof(struct keys_conf, member)
// clang-format off
static const struct conf_opt list_opts[] = {
	STATE_OPT_DIR(struct keys_conf, state, STATE_OPT_DIR_HELP),
	STATE_OPT_KEYS(struct keys_conf, state),
};

static const struct conf_opt destroy_opts[] = {
	STATE_OPT_DIR(struct keys_conf, state, STATE_OPT_DIR_HELP),
	STATE_OPT_KEYS(struct keys_conf, state),
	{ "hour", 0, CONF_STR, AT(hour), NULL, 0, 0, NULL, "HOUR",
	  "The hour of arrival, UTC, such as 2026-11-20T21; or the first of several, with --to." },
	{ "to", 0, CONF_STR, AT(until), NULL, 0, 0, NULL, "HOUR",
	  "The last of these hours." },
	{ "cluster", 0, CONF_STR, AT(cluster), NULL, 0, 0, NULL, "NAME",
	  "Only keys of this cluster; without --hour all of them." },
	{ "part", 0, CONF_STR, AT(part), NULL, 0, 0, NULL, "PART",
	  "Only keys of this part: meta, headers or payload." },
	{ "yes", 0, CONF_FLAG, AT(yes), NULL, 0, 0, NULL, NULL,
	  "Do it; without this word it is only told what would be destroyed." },
};
// clang-format on

const struct conf_table cmd_keys_list_table = {
	.command = "redoubt keys list",
	.summary = "Lists the data keys of a state directory: one for each cluster, part and hour "
		   "of arrival, and those that were destroyed.",
	.opts = list_opts,
	.count = ARRAY_LEN(list_opts),
};

const struct conf_table cmd_keys_destroy_table = {
	.command = "redoubt keys destroy",
	.summary = "Destroys data keys, and removes the files that nobody can read any more. What "
		   "they sealed is gone for ever, also in copies of the files.",
	.examples = "  redoubt keys destroy --state DIR --hour 2026-11-20T21\n"
		    "  redoubt keys destroy --state DIR --cluster staging --yes\n",
	.opts = destroy_opts,
	.count = ARRAY_LEN(destroy_opts),
};

const struct conf_table cmd_keys_expire_table = {
	.command = "redoubt keys expire",
	.summary = "Destroys the keys of hours that are older, or of more bytes, than is kept, and "
		   "removes their files. Whoever stores records does so too; where nobody does, "
		   "run this once an hour.",
	.opts = list_opts,
	.count = ARRAY_LEN(list_opts),
};

static int open_keystore(const struct state *state, struct keystore **out, struct err *err)
{
	CLEANUP(fd_close) int fd = -1;

	int r = state_need(state, err);

	if (r < 0)
		return r;
	fd = disk_dir_open(state->dir, err);
	return fd < 0 ? fd : keystore_open(fd, &state->root, false, out, err);
}

static void put_key(const struct key_info *k)
{
	static const char *const states[] = { "alive", "destroyed", "damaged" };
	char hour[STATE_HOUR_BYTES], when[TIME_TEXT_BYTES] = "";

	if (k->state == KEY_DAMAGED) {
		(void)printf("%8llu  damaged\n", (unsigned long long)k->id);
		return;
	}
	state_hour(k->scope.hour, hour);
	if (k->state == KEY_DESTROYED)
		(void)time_format(k->destroyed_ns, when);
	(void)printf("%8llu  %-9s  %-13s  %-7s  %s%s%.19s\n", (unsigned long long)k->id,
		     states[k->state], hour, field_part_name((enum field_part)k->scope.part),
		     k->scope.cluster, when[0] ? "  at " : "", when);
}

static int list(const struct keys_conf *conf, struct err *err)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	struct state state;
	const struct key_info *k;
	int r = state_find(&conf->state, &state, err);

	if (r == 0)
		r = open_keystore(&state, &ks, err);
	if (r < 0)
		return r;
	(void)puts("     KEY  STATE      HOUR (UTC)     PART     CLUSTER");
	for (size_t i = 0; (k = keystore_at(ks, i)); i++)
		put_key(k);
	return 0;
}

static int read_match(const struct keys_conf *conf, struct key_match *m, struct err *err)
{
	int r = 0;

	*m = (struct key_match){ .part = -1, .hour_from = INT64_MIN, .hour_to = INT64_MAX };
	if (!conf->hour && !conf->cluster)
		return err_set(err, ERR_USAGE,
			       "Nothing says which keys: give --hour or --cluster.");
	if (conf->until && !conf->hour)
		return err_set(err, ERR_USAGE, "--to needs --hour, the first of the hours.");
	if (conf->cluster && strlen(conf->cluster) > KEYSTORE_CLUSTER_MAX)
		return err_set(err, ERR_USAGE, "The cluster's name is longer than %d bytes.",
			       KEYSTORE_CLUSTER_MAX);
	if (conf->cluster)
		(void)snprintf(m->cluster, sizeof(m->cluster), "%s", conf->cluster);
	if (conf->part && (m->part = state_part(str_of(conf->part))) < 0)
		return err_set(err, ERR_USAGE,
			       "'%.40s' is no part; there are meta, headers and payload.",
			       conf->part);
	if (conf->hour) {
		r = state_hour_parse(conf->hour, &m->hour_from, err);
		m->hour_to = m->hour_from;
	}
	if (r == 0 && conf->until)
		r = state_hour_parse(conf->until, &m->hour_to, err);
	if (r == 0 && m->hour_to < m->hour_from)
		return err_set(err, ERR_USAGE, "--to is before --hour.");
	return r;
}

static bool matches(const struct key_match *m, const struct key_info *k)
{
	return k->state == KEY_ALIVE && k->scope.hour >= m->hour_from &&
	       k->scope.hour <= m->hour_to && (m->part < 0 || m->part == k->scope.part) &&
	       (!m->cluster[0] || strcmp(m->cluster, k->scope.cluster) == 0);
}

static int foretell(const struct state *state, const struct key_match *m, struct err *err)
{
	CLEANUP(keystore_free) struct keystore *ks = NULL;
	const struct key_info *k;
	unsigned n = 0;
	int r = open_keystore(state, &ks, err);

	if (r < 0)
		return r;
	for (size_t i = 0; (k = keystore_at(ks, i)); i++) {
		if (!matches(m, k))
			continue;
		put_key(k);
		n++;
	}
	(void)printf("%u %s would be destroyed%s\n", n, n == 1 ? "key" : "keys",
		     n ? "; to do it, add --yes." : ".");
	return EXIT_FALSE;
}

static int destroy(const struct keys_conf *conf, struct err *err)
{
	CLEANUP(store_abandon) struct store *store = NULL;
	struct store_conf open = { .said = state_said };
	struct key_match match;
	struct state state;
	ptrdiff_t n;
	int r = read_match(conf, &match, err);

	if (r == 0)
		r = state_find(&conf->state, &state, err);
	if (r == 0)
		r = state_need(&state, err);
	if (r < 0)
		return r;
	if (!conf->yes)
		return foretell(&state, &match, err);
	open.dir = state.dir;
	open.root = state.root;
	r = store_open(&open, &store, err);
	if (r < 0)
		return r;
	n = store_destroy(store, &match, err);
	if (n < 0)
		return (int)n;
	(void)printf("%td %s destroyed.\n", n, n == 1 ? "key was" : "keys were");
	return store_close(TAKE(store), err);
}

static int expire(const struct keys_conf *conf, struct err *err)
{
	CLEANUP(store_abandon) struct store *store = NULL;
	struct store_conf open = { .said = state_said };
	struct state state;
	int r = state_find(&conf->state, &state, err);

	if (r == 0)
		r = state_need(&state, err);
	if (r < 0)
		return r;
	open.dir = state.dir;
	open.root = state.root;
	r = store_open(&open, &store, err);
	if (r == 0)
		r = store_compact(store, err);
	if (r == 0)
		r = store_retain(store, err);
	return r < 0 ? r : store_close(TAKE(store), err);
}

static const struct verb {
	const char *name;
	const struct conf_table *table;
	int (*run)(const struct keys_conf *conf, struct err *err);
} verbs[] = {
	{ "list", &cmd_keys_list_table, list },
	{ "destroy", &cmd_keys_destroy_table, destroy },
	{ "expire", &cmd_keys_expire_table, expire },
};

static int run_verb(const struct verb *v, int argc, char **argv)
{
	struct keys_conf conf = { .yes = false };
	struct err err = { ERR_NONE, "" };
	int r = conf_parse(v->table, argc, argv, &conf, NULL, &err);

	if (r == 1) {
		cli_help(v->table);
		return 0;
	}
	if (r == 0)
		r = v->run(&conf, &err);
	if (r >= 0 && cli_flush(&err) < 0)
		r = -EIO;
	return r < 0 ? cli_fail(&err) : r;
}

int cmd_keys(int argc, char **argv)
{
	struct err err;

	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(verbs); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return run_verb(&verbs[i], argc - 1, argv + 1);
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
			cli_help(verbs[i].table);
		return 0;
	}
	(void)err_set(&err, ERR_USAGE, "redoubt keys needs a word more: list, destroy or expire.");
	return cli_fail(&err);
}
