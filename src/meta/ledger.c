// SPDX-License-Identifier: Apache-2.0
/*
 * The ledger: what happened to the store, newest last, the oldest entries dropped when there are
 * too many.
 */
#include "meta/meta_int.h"

/* Limit: entries that are kept, and bytes of one text. */
#define LEDGER_MAX     "10000"
#define TEXT_BYTES_MAX 400

static const char *const event_names[] = {
	[META_CREATED] = "created",     [META_RECOVERED] = "recovered", [META_EXPIRED] = "expired",
	[META_DESTROYED] = "destroyed", [META_SHED] = "shed",           [META_DAMAGED] = "damaged",
};

const char *meta_event_name(enum meta_event event)
{
	return (unsigned)event < ARRAY_LEN(event_names) ? event_names[event] : "unknown";
}

/* At most so many bytes of whole UTF-8 characters. */
static struct str cut(struct str text)
{
	if (text.n <= TEXT_BYTES_MAX)
		return text;
	text.n = TEXT_BYTES_MAX;
	while (text.n > 0 && ((uint8_t)text.p[text.n] & 0xc0) == 0x80)
		text.n--;
	return text;
}

static int insert(struct meta *m, const struct meta_entry *entry, struct err *err)
{
	CLEANUP(meta_statement_done) struct sqlite3_stmt *stmt = NULL;
	const int64_t numbers[] = { entry->at_ns, (int64_t)entry->event, (int64_t)entry->count,
				    (int64_t)entry->bytes };
	const struct str text = cut(entry->text);
	int r = meta_prepare(m,
			     "INSERT INTO event (at_ns, kind, count, bytes, text)"
			     " VALUES (?, ?, ?, ?, ?)",
			     numbers, ARRAY_LEN(numbers), &text, &stmt, err);

	if (r < 0)
		return r;
	return sqlite3_step(stmt) == SQLITE_DONE ? 0 : meta_fail(m, "the ledger", err);
}

int meta_log(struct meta *m, const struct meta_entry *entry, struct err *err)
{
	int r = meta_exec(m, "SAVEPOINT ledger", err);

	if (r < 0)
		return r;
	r = insert(m, entry, err);
	if (r == 0)
		r = meta_exec(m,
			      "DELETE FROM event WHERE id <="
			      " (SELECT max(id) FROM event) - " LEDGER_MAX,
			      err);
	if (r == 0)
		r = meta_exec(m, "RELEASE ledger", err);
	if (r < 0)
		(void)sqlite3_exec(m->db, "ROLLBACK TO ledger; RELEASE ledger", NULL, NULL, NULL);
	return r;
}

static void show(sqlite3_stmt *stmt, void (*each)(void *owner, const struct meta_entry *entry),
		 void *owner)
{
	const char *text = (const char *)sqlite3_column_text(stmt, 4);
	const int bytes = sqlite3_column_bytes(stmt, 4);
	const struct meta_entry entry = {
		.at_ns = sqlite3_column_int64(stmt, 0),
		.event = (enum meta_event)sqlite3_column_int(stmt, 1),
		.count = (uint64_t)sqlite3_column_int64(stmt, 2),
		.bytes = (uint64_t)sqlite3_column_int64(stmt, 3),
		.text = { text, text && bytes > 0 ? (size_t)bytes : 0 },
	};

	each(owner, &entry);
}

int meta_each(struct meta *m, unsigned limit,
	      void (*each)(void *owner, const struct meta_entry *entry), void *owner,
	      struct err *err)
{
	CLEANUP(meta_statement_done) struct sqlite3_stmt *stmt = NULL;
	const int64_t rows = limit;
	int r = meta_prepare(m,
			     "SELECT at_ns, kind, count, bytes, text FROM event"
			     " ORDER BY id DESC LIMIT ?",
			     &rows, 1, NULL, &stmt, err);

	if (r < 0)
		return r;
	while ((r = sqlite3_step(stmt)) == SQLITE_ROW)
		show(stmt, each, owner);
	return r == SQLITE_DONE ? 0 : meta_fail(m, "the ledger", err);
}
