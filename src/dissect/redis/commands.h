/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands: what is known of Redis' commands and of the codes of its errors. Private to this
 * dissector.
 */
#ifndef REDOUBT_DISSECT_REDIS_COMMANDS_H
#define REDOUBT_DISSECT_REDIS_COMMANDS_H

#include "base/base.h"

/* Limit: bytes of a command's name, with its subcommand. */
#define REDIS_COMMAND_MAX 32

enum redis_command_flag {
	COMMAND_SUBS = 1 << 0,       /* its first argument is a subcommand */
	COMMAND_STREAMS = 1 << 1,    /* its keys stand behind the word STREAMS */
	COMMAND_CONFIRMED = 1 << 2,  /* each argument is confirmed by a message of its own */
	COMMAND_SUBSCRIBED = 1 << 3, /* allowed to who has subscribed, as CONFIRMED and RESET */
	COMMAND_RESET = 1 << 4,
	COMMAND_MONITOR = 1 << 5,
	COMMAND_SYNC = 1 << 6,   /* becomes a replica: no more commands and replies */
	COMMAND_REPLY = 1 << 7,  /* says which commands are replied to */
	COMMAND_SHARED = 1 << 8, /* other protocols have such lines too */
};

struct redis_command {
	char name[REDIS_COMMAND_MAX]; /* not ended */
	uint8_t n;
	int8_t arity; /* words, itself among them; below 0: at least so many */
	int8_t first, last, step;
	uint8_t number; /* place of the number of keys, which follow it; or 0 */
	uint16_t flags;
};

static inline struct str redis_command_name(const struct redis_command *c)
{
	return (struct str){ c->name, c->n };
}

/* By its name in any case, or NULL. */
const struct redis_command *redis_command_find(struct str word);
const struct redis_command *redis_subcommand_find(const struct redis_command *of, struct str word);
/* All of them, by their names; NULL behind the last. */
const struct redis_command *redis_command_at(size_t i);
/* The code in front of an error's text where it is a known one, or empty; lives for ever. */
struct str redis_error_code(struct str line);

#endif
