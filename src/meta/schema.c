// SPDX-License-Identifier: Apache-2.0
/*
 * The schema, as the steps that led to it. A row that was released is never changed: a change is a
 * new row at the end.
 */
#include "meta/meta_int.h"

static const struct meta_step steps[] = {
	{ 1, "make the tables of settings and of the ledger",
	  "CREATE TABLE setting (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL)"
	  " STRICT, WITHOUT ROWID;"
	  "CREATE TABLE event (id INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL,"
	  " kind INTEGER NOT NULL, count INTEGER NOT NULL, bytes INTEGER NOT NULL,"
	  " text TEXT NOT NULL) STRICT;" },
};

const struct meta_step *meta_schema_steps(unsigned *count)
{
	*count = ARRAY_LEN(steps);
	return steps;
}

unsigned meta_version(void)
{
	return ARRAY_LEN(steps);
}

void meta_plan(unsigned from_version, struct buf *out)
{
	meta_schema_plan(steps, ARRAY_LEN(steps), from_version, out);
}

void meta_schema_plan(const struct meta_step *table, unsigned count, unsigned from, struct buf *out)
{
	for (unsigned i = from; i < count; i++)
		(void)buf_printf(out, "%u: %s\n", table[i].version, table[i].line);
}

static int read_version(struct meta *m, int64_t *out, struct err *err)
{
	CLEANUP(meta_statement_done) struct sqlite3_stmt *stmt = NULL;
	int r = meta_prepare(m, "PRAGMA user_version", NULL, 0, NULL, &stmt, err);

	if (r < 0)
		return r;
	if (sqlite3_step(stmt) != SQLITE_ROW)
		return meta_fail(m, "its version", err);
	*out = sqlite3_column_int64(stmt, 0);
	return 0;
}

/* Within its transaction. The version is read again: another process may have been faster. */
static int raise_to(struct meta *m, const struct meta_step *step, struct err *err)
{
	char pragma[64];
	int64_t version = 0;
	int r = read_version(m, &version, err);

	if (r < 0 || version >= (int64_t)step->version)
		return r;
	(void)sqlite3_snprintf(sizeof(pragma), pragma, "PRAGMA user_version = %u", step->version);
	r = meta_exec(m, step->sql, err);
	return r < 0 ? r : meta_exec(m, pragma, err);
}

static int raise_in_transaction(struct meta *m, const struct meta_step *step, struct err *err)
{
	int r = meta_exec(m, "BEGIN IMMEDIATE", err);

	if (r < 0)
		return r;
	r = raise_to(m, step, err);
	if (r == 0)
		r = meta_exec(m, "COMMIT", err);
	if (r < 0)
		(void)sqlite3_exec(m->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

int meta_schema_raise(struct meta *m, const struct meta_step *table, unsigned count,
		      struct err *err)
{
	int64_t version = 0;
	int r = read_version(m, &version, err);

	if (r < 0)
		return r;
	if (version < 0 || version > (int64_t)count)
		return err_set(err, ERR_STORE_VERSION,
			       META_DB_NAME ": its schema has version %lld, this program knows %u",
			       (long long)version, count);
	if (m->read_only && version < (int64_t)count)
		return err_set(err, ERR_STORE_VERSION,
			       META_DB_NAME ": its schema has version %lld, this program reads %u; "
					    "open the store for writing once",
			       (long long)version, count);
	for (unsigned i = (unsigned)version; r == 0 && i < count; i++)
		r = raise_in_transaction(m, &table[i], err);
	return r;
}
