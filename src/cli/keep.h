/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that go into a store instead of onto the screen (keep.c): what traffic --state does with
 * them.
 */
#ifndef REDOUBT_CLI_KEEP_H
#define REDOUBT_CLI_KEEP_H

#include "cli/state.h"

struct keep_conf {
	struct state_conf state;
	const char *cluster;
	int64_t part_ns[ROW_PARTS]; /* 0: as it was */
	uint64_t bytes;
};

struct keep;

/* Opens the store, or makes it. */
[[nodiscard]] int keep_open(const struct keep_conf *conf, struct keep **out, struct err *err);
void keep_close(struct keep *k);
CLEANUP_DEFINE(struct keep *, keep_close)
/* A number that no other run has in the ids of its rows. */
uint32_t keep_agent(const struct keep *k);
/* Takes a row; what time asks for is done now and then. */
[[nodiscard]] int keep_row(struct keep *k, const struct row_view *row, struct err *err);
/* Nothing more is to be had now: what waits becomes durable when it is time. */
[[nodiscard]] int keep_idle(struct keep *k, struct err *err);
/* All rows are durable and in segments; says how many there are, to stderr. cut: there would have
 * been more. */
[[nodiscard]] int keep_end(struct keep *k, bool cut, struct err *err);
/* A row could not be taken: says how many are durable. */
void keep_failed(const struct keep *k);

#endif
