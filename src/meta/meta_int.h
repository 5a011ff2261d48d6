/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the room share: the open database, and how an answer of SQLite becomes an error
 * that names the page.
 */
#ifndef REDOUBT_META_META_INT_H
#define REDOUBT_META_META_INT_H

#include "meta/meta.h"
#include "meta/vfs.h"

struct meta {
	struct sqlite3 *db;
	bool read_only;
	struct meta_vault vault;
};

/* One page, frame or head that is not what was written, in words. */
#define META_WORDS_BYTES 160
void meta_damage_words(const struct meta_damage *damage, char out[META_WORDS_BYTES]);

/* The error of SQLite's last answer; what: "setting x", or NULL. */
int meta_fail(struct meta *m, const char *what, struct err *err);
[[nodiscard]] int meta_exec(struct meta *m, const char *sql, struct err *err);
/* A statement with these numbers, and then a text unless it is NULL, as its parameters in order. */
[[nodiscard]] int meta_prepare(struct meta *m, const char *sql, const int64_t *numbers, int n,
			       const struct str *text, struct sqlite3_stmt **out, struct err *err);
static inline void meta_statement_done(struct sqlite3_stmt *stmt)
{
	(void)sqlite3_finalize(stmt);
}
CLEANUP_DEFINE(struct sqlite3_stmt *, meta_statement_done)

/* ---- The schema ------------------------------------------------------------------------------ */

struct meta_step {
	unsigned version; /* that it leads to: 1 for the first row, then one more each */
	const char *line; /* what it does, for a person */
	const char *sql;
};

/* Does what is missing, each row in a transaction with its number. */
[[nodiscard]] int meta_schema_raise(struct meta *m, const struct meta_step *steps, unsigned count,
				    struct err *err);
void meta_schema_plan(const struct meta_step *steps, unsigned count, unsigned from,
		      struct buf *out);
/* The table of this program. */
const struct meta_step *meta_schema_steps(unsigned *count);

/* ---- Looking at the WAL ---------------------------------------------------------------------- */

/* Whether frames of the same round that can be opened stand behind frame k. */
[[nodiscard]] bool meta_wal_goes_on(struct meta *m, uint64_t k);

#endif
