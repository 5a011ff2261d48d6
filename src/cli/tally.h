/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally: how often each of several names came, for --counts. Names are kept whole; there may be
 * very many of them.
 */
#ifndef REDOUBT_CLI_TALLY_H
#define REDOUBT_CLI_TALLY_H

#include <stdio.h>

#include "base/base.h"

/* Limit: different names of one tally; further ones are counted together, as "others". */
#define TALLY_MAX (UINT32_C(1) << 16)
/* Limit: bytes of one of them; it is cut there. */
#define TALLY_NAME_MAX 1024

struct tally {
	struct tally_entry *entry;
	uint32_t *index; /* hash to 1 + place in entry; index_size is a power of two */
	uint32_t used, room, index_size;
};

/* Without memory the name is left out, and counted nowhere. */
void tally_add(struct tally *t, struct str name, uint64_t n);
void tally_done(struct tally *t);

/* "GET:6,POST:1": the most frequent first, equal ones by their bytes; top of them, 0: all. */
void tally_print(struct tally *t, unsigned top, FILE *to);
/* "h2,http/1.1": names alone, in the order of their bytes. */
void tally_print_names(struct tally *t, unsigned top, FILE *to);

#endif
