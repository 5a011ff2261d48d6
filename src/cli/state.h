/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands over a state directory share (state.c): where it and its root key are, and how
 * numbers of it are told.
 */
#ifndef REDOUBT_CLI_STATE_H
#define REDOUBT_CLI_STATE_H

#include <limits.h>

#include "cli/cli.h"
#include "store/store.h"

/* As given on the command line; NULL: not given. */
struct state_conf {
	const char *dir, *key_file, *passphrase_file;
};

// clang-format off
/* Rows of option tables, for a struct of which a member is a struct state_conf. */
#define STATE_OPT_DIR(type, member, help) \
	{ "state", 's', CONF_STR, offsetof(type, member.dir), NULL, 0, 0, NULL, "DIR", help }
#define STATE_OPT_DIR_HELP \
	"State directory; default /var/lib/redoubt, for anyone but root $XDG_STATE_HOME/redoubt."
#define STATE_OPT_KEYS(type, member) \
	{ "key-file", 0, CONF_STR, offsetof(type, member.key_file), NULL, 0, 0, NULL, "FILE", \
	  "File with the root key, mode 0600, outside the state directory; default " \
	  "/etc/redoubt/root.key, for anyone but root $XDG_CONFIG_HOME/redoubt/root.key." }, \
	{ "passphrase-file", 0, CONF_STR, offsetof(type, member.passphrase_file), NULL, 0, 0, NULL, \
	  "FILE", "File with the passphrase that the store was made with, in place of a key file; " \
	  "- asks for it." }
// clang-format on

/* Where everything is; root borrows from it. */
struct state {
	char dir[PATH_MAX], key_file[PATH_MAX];
	struct root_source root;
};
/* Fills in what was not given, and keeps this process from being looked into, before it has a key.
 */
[[nodiscard]] int state_find(const struct state_conf *conf, struct state *out, struct err *err);
/* 0: there is a store; 1: there is none, and one can be made; negative with *err. */
[[nodiscard]] int state_is_new(const struct state *state, struct err *err);
/* 0, or ERR_STORE_NONE and the like. */
[[nodiscard]] int state_need(const struct state *state, struct err *err);
/* The options by which another command finds the same store. */
void state_put_options(const struct state_conf *conf, const struct state *state, FILE *to);
/* For a store that is not there yet: makes the key file where it is not there, and says so. */
[[nodiscard]] int state_make_key(const struct state *state, struct err *err);

/* "12.3 MiB", into a buffer that the next call but three uses again. */
const char *state_bytes(uint64_t bytes);
/* A line that the store says, for a person: to stderr. A store_conf's said. */
void state_said(void *owner, const char *text);
/* "2026-11-20T21" and back: an hour of arrival, UTC. */
#define STATE_HOUR_BYTES 16
void state_hour(int64_t hour, char out[STATE_HOUR_BYTES]);
[[nodiscard]] int state_hour_parse(const char *text, int64_t *out, struct err *err);
/* "payload" and the like; -1 when it is none. */
int state_part(struct str name);
/* "meta,headers" as bits; ERR_USAGE. */
[[nodiscard]] int state_parts(const char *text, unsigned *out, struct err *err);

#endif
