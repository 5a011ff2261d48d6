/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meta: the metadata database: SQLite, of which every page and every record of its journals is
 * sealed before it reaches a file. What SQLite keeps beside pages stays in memory. A page that is
 * not what was written is refused by its number; the rest stays readable. The schema only goes
 * forward, by the rows of one table.
 */
#ifndef REDOUBT_META_H
#define REDOUBT_META_H

#include "base/base.h"
#include "crypto/crypto.h"

struct sqlite3;

/* Makes the sealing file system known to SQLite as "redoubt", once. 0 or ERR_INTERNAL. */
[[nodiscard]] int meta_vfs_init(struct err *err);

struct meta;

/* Opens or makes redoubt.db in the directory (a path, since SQLite names its files itself), with
 * the purpose key "meta"; brings its schema up to date. read_only: nothing is changed, and an older
 * schema is refused. ERR_STORE_DAMAGED (a page, or another key), ERR_STORE_VERSION (newer schema).
 */
[[nodiscard]] int meta_open(const char *dir, const uint8_t key[CRYPTO_KEY_BYTES], bool read_only,
			    struct meta **out, struct err *err);
void meta_close(struct meta *m);
CLEANUP_DEFINE(struct meta *, meta_close)
/* For rooms above with tables of their own. */
struct sqlite3 *meta_db(struct meta *m);
/* The migrations that opening would run on a database of this version, one line each, for a person.
 */
void meta_plan(unsigned from_version, struct buf *out);
unsigned meta_version(void);

/* ---- Settings and the ledger ----------------------------------------------------------------- */

[[nodiscard]] int meta_set(struct meta *m, const char *name, uint64_t value, struct err *err);
/* False when it was never set. */
bool meta_get(struct meta *m, const char *name, uint64_t *out);

/* What happened to the store that a person may ask about later. */
enum meta_event {
	META_CREATED,
	META_RECOVERED,
	META_EXPIRED,
	META_DESTROYED,
	META_SHED,
	META_DAMAGED
};
const char *meta_event_name(enum meta_event event);
struct meta_entry {
	int64_t at_ns;
	enum meta_event event;
	uint64_t count, bytes; /* rows, keys or files; as the event has it */
	struct str text;       /* one line in words; never a value of a row */
};
[[nodiscard]] int meta_log(struct meta *m, const struct meta_entry *entry, struct err *err);
/* The newest `limit` entries, newest first. */
[[nodiscard]] int meta_each(struct meta *m, unsigned limit,
			    void (*each)(void *owner, const struct meta_entry *entry), void *owner,
			    struct err *err);
/* Reads every page of database and journals, and SQLite's own integrity check; says what is wrong.
 * Returns how many things. */
[[nodiscard]] ptrdiff_t meta_verify(struct meta *m, void (*say)(void *owner, const char *text),
				    void *owner);

#endif
