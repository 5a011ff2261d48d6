// SPDX-License-Identifier: Apache-2.0
/*
 * Opening and closing the database, its settings, and errors in words. A new database gets its head
 * before SQLite sees the file, in one step, so that there is never a file without one.
 */
#include "meta/meta_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk/disk.h"

/* As long as another process's turn may last: a commit or a checkpoint. */
#define BUSY_MS 5000
/* Limit: memory for pages of one database, negative as SQLite wants KiB. What is read again from
 * the disk is opened again: 300,000 rows with an index on a random column in commits of 1,000
 * take 1.5 times the processor time of plain SQLite when both have SQLite's 2,000 KiB, and 1.25
 * times with 8 MiB as with 16 MiB; in one commit 1.85, and 1.0 to 1.1. */
#define CACHE_KIB "-8192"
/* SQLite's own limit of a path. */
#define PATH_BYTES 512
/* Limit: attached databases; VACUUM makes one in memory. A file is refused by the file system. */
#define ATTACHED_MAX 1

/* ---- Errors ---------------------------------------------------------------------------------- */

void meta_damage_words(const struct meta_damage *damage, char out[META_WORDS_BYTES])
{
	static const char *const files[META_FILES] = { META_DB_NAME, META_WAL_NAME,
						       META_JOURNAL_NAME };
	const char *name = files[damage->file];
	int n;

	if (damage->head)
		n = snprintf(out, META_WORDS_BYTES, "%s: its head is not what was written", name);
	else if (damage->file == META_FILE_WAL)
		n = snprintf(out, META_WORDS_BYTES,
			     "%s: frame %llu (page %u) is not what was written", name,
			     (unsigned long long)damage->frame, damage->page);
	else
		n = snprintf(out, META_WORDS_BYTES, "%s: page %u is not what was written", name,
			     damage->page);
	assert(n > 0 && n < META_WORDS_BYTES);
}

static enum err_id id_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_STORE_DAMAGED;
	case SQLITE_FULL:
		return ERR_STORE_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_STORE_BUSY;
	case SQLITE_NOMEM:
		return ERR_MEMORY;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_READONLY:
		return ERR_STORE_IO;
	default:
		return ERR_INTERNAL;
	}
}

static int fail_code(struct meta *m, int code, const char *what, struct err *err)
{
	enum err_id id = id_of(code);
	char words[META_WORDS_BYTES];

	if (m->vault.refused == -ENOTSUP)
		return err_set(err, ERR_STORE_VERSION, META_DB_NAME ": its format is a newer one");
	if (m->vault.refused)
		return err_set(err, ERR_STORE_DAMAGED,
			       META_DB_NAME ": its head is damaged, or of another key");
	if (code == SQLITE_IOERR_DATA && m->vault.damages > 0) {
		meta_damage_words(&m->vault.damage, words);
		return err_set(err, ERR_STORE_DAMAGED, "%s", words);
	}
	if (code == SQLITE_IOERR_NOMEM)
		id = ERR_MEMORY;
	if (code == SQLITE_READONLY_ROLLBACK || code == SQLITE_READONLY_RECOVERY)
		id = ERR_STORE_BUSY;
	if (id == ERR_STORE_IO && m->db && sqlite3_system_errno(m->db) == ENOSPC)
		id = ERR_STORE_FULL;
	return err_set(err, id, META_DB_NAME "%s%s: %s", what ? ", " : "", what ? what : "",
		       m->db ? sqlite3_errmsg(m->db) : sqlite3_errstr(code));
}

int meta_fail(struct meta *m, const char *what, struct err *err)
{
	return fail_code(m, sqlite3_extended_errcode(m->db), what, err);
}

/* ---- Statements ------------------------------------------------------------------------------ */

int meta_exec(struct meta *m, const char *sql, struct err *err)
{
	return sqlite3_exec(m->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
								       : meta_fail(m, NULL, err);
}

int meta_prepare(struct meta *m, const char *sql, const int64_t *numbers, int n,
		 const struct str *text, struct sqlite3_stmt **out, struct err *err)
{
	CLEANUP(meta_statement_done) struct sqlite3_stmt *stmt = NULL;
	int r = sqlite3_prepare_v2(m->db, sql, -1, &stmt, NULL);

	for (int i = 0; r == SQLITE_OK && i < n; i++)
		r = sqlite3_bind_int64(stmt, i + 1, numbers[i]);
	if (r == SQLITE_OK && text)
		r = sqlite3_bind_text64(stmt, n + 1, text->p ? text->p : "", text->n,
					SQLITE_TRANSIENT, SQLITE_UTF8);
	if (r != SQLITE_OK)
		return meta_fail(m, NULL, err);
	*out = TAKE(stmt);
	return 0;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static int disk_fail(const char *dir, int code, struct err *err)
{
	return err_set(err, code == -ENOSPC || code == -EDQUOT ? ERR_STORE_FULL : ERR_STORE_IO,
		       "%s/" META_DB_NAME ": %s", dir, strerror(-code));
}

static int make_head(int dir_fd, const char *dir, const uint8_t key[CRYPTO_KEY_BYTES],
		     struct err *err)
{
	uint8_t salt[META_SALT_BYTES], head[META_PAGE_BYTES];
	int r = crypto_random(salt, sizeof(salt));

	if (r == 0)
		r = meta_head_make(key, salt, head);
	if (r < 0)
		return err_set(err, ERR_INTERNAL, "%s/" META_DB_NAME ": no salt", dir);
	r = disk_replace(dir_fd, META_DB_NAME, (struct str){ (const char *)head, sizeof(head) });
	return r < 0 ? disk_fail(dir, r, err) : 0;
}

/* The directory, which who only reads does not make. */
static int open_dir(const char *dir, bool read_only, struct err *err)
{
	int fd;

	if (!read_only)
		return disk_dir_open(dir, err);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? err_set(err, ERR_STORE_NONE, "%s", dir)
				       : disk_fail(dir, -errno, err);
	return fd;
}

/* The file is looked at by its name alone: closing a descriptor of it would end SQLite's locks on
 * it, of this whole process. */
static int prepare_file(const char *dir, const uint8_t key[CRYPTO_KEY_BYTES], bool read_only,
			struct err *err)
{
	CLEANUP(fd_close) int fd = open_dir(dir, read_only, err);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstatat(fd, META_DB_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISREG(st.st_mode)
			       ? 0
			       : err_set(err, ERR_STORE_IO,
					 "%s/" META_DB_NAME " is not a regular file", dir);
	if (errno != ENOENT)
		return disk_fail(dir, -errno, err);
	if (read_only)
		return err_set(err, ERR_STORE_NONE, "%s/" META_DB_NAME, dir);
	return make_head(fd, dir, key, err);
}

static int open_file(struct meta *m, const char *dir, struct err *err)
{
	const int flags = (m->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
			  SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
	char path[PATH_BYTES];
	/* "./": a name that begins with "file:" would be a URI. */
	int n = snprintf(path, sizeof(path), "%s%s/" META_DB_NAME, dir[0] == '/' ? "" : "./", dir);
	int r;

	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(err, ERR_STORE_IO,
			       META_DB_NAME ": its path is longer than SQLite takes (%d bytes)",
			       PATH_BYTES - 1);
	meta_vfs_expect(&m->vault);
	r = sqlite3_open_v2(path, &m->db, flags, "redoubt");
	meta_vfs_expect(NULL);
	m->vault.key = NULL;
	return r == SQLITE_OK ? 0 : fail_code(m, r, NULL, err);
}

static int set_up(struct meta *m, struct err *err)
{
	static const char *const always = "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
					  "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON;"
					  "PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON;"
					  "PRAGMA cache_size = " CACHE_KIB ";"
					  "PRAGMA max_page_count = ";
	char sql[512];
	int r;

	(void)sqlite3_busy_timeout(m->db, BUSY_MS);
	(void)sqlite3_limit(m->db, SQLITE_LIMIT_ATTACHED, ATTACHED_MAX);
	if (sqlite3_db_config(m->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK)
		return meta_fail(m, NULL, err);
	(void)sqlite3_snprintf(sizeof(sql), sql, "%s%u", always, META_PAGES_MAX);
	r = meta_exec(m, sql, err);
	return r < 0 || m->read_only ? r : meta_exec(m, "PRAGMA journal_mode = WAL", err);
}

/* Settings have no way to say that they could not be read: what can be said is said now. */
static int try_settings(struct meta *m, struct err *err)
{
	CLEANUP(meta_statement_done) struct sqlite3_stmt *stmt = NULL;
	int r = meta_prepare(m, "SELECT sum(value & 1) FROM setting", NULL, 0, NULL, &stmt, err);

	if (r < 0)
		return r;
	return sqlite3_step(stmt) == SQLITE_ROW ? 0 : meta_fail(m, "settings", err);
}

/* A replay that ended at a torn frame lost nothing that was acknowledged; one that ended before
 * frames of the same round, or without a head, did. What was not replayed is dropped, so that it is
 * told once. */
static int tell_cut(struct meta *m, struct err *err)
{
	const struct meta_damage *cut = &m->vault.cut;
	char words[META_WORDS_BYTES];
	struct meta_entry entry = { .at_ns = time_now_ns(), .event = META_RECOVERED, .count = 1 };
	int r;

	if (!m->vault.replay_cut || m->read_only)
		return 0;
	if (cut->head || meta_wal_goes_on(m, cut->frame))
		entry.event = META_DAMAGED;
	meta_damage_words(cut, words);
	entry.text = str_of(words);
	r = meta_log(m, &entry, err);
	if (r == 0) /* a reader may be in its way: then verify goes on telling */
		(void)sqlite3_wal_checkpoint_v2(m->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
						NULL);
	return r;
}

int meta_open(const char *dir, const uint8_t key[CRYPTO_KEY_BYTES], bool read_only,
	      struct meta **out, struct err *err)
{
	CLEANUP(meta_close) struct meta *m = NULL;
	unsigned count;
	const struct meta_step *steps = meta_schema_steps(&count);
	int r = meta_vfs_init(err);

	if (r == 0)
		r = prepare_file(dir, key, read_only, err);
	if (r < 0)
		return r;
	m = calloc(1, sizeof(*m));
	if (!m)
		return err_set(err, ERR_MEMORY, META_DB_NAME);
	m->read_only = read_only;
	m->vault.key = key;

	r = open_file(m, dir, err);
	if (r == 0)
		r = set_up(m, err);
	if (r == 0)
		r = meta_schema_raise(m, steps, count, err);
	if (r == 0)
		r = try_settings(m, err);
	if (r == 0)
		r = tell_cut(m, err);
	if (r < 0)
		return r;
	*out = TAKE(m);
	return 0;
}

void meta_close(struct meta *m)
{
	int r;

	if (!m)
		return;
	r = sqlite3_close(m->db);
	assert(r == SQLITE_OK); /* or a room above still has a statement */
	meta_seal_free(m->vault.seal);
	free(m);
}

struct sqlite3 *meta_db(struct meta *m)
{
	return m->db;
}

/* ---- Settings -------------------------------------------------------------------------------- */

int meta_set(struct meta *m, const char *name, uint64_t value, struct err *err)
{
	CLEANUP(meta_statement_done) struct sqlite3_stmt *stmt = NULL;
	const int64_t number = (int64_t)value;
	const struct str text = str_of(name);
	int r = meta_prepare(m,
			     "INSERT INTO setting (value, name) VALUES (?, ?)"
			     " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
			     &number, 1, &text, &stmt, err);

	if (r < 0)
		return r;
	return sqlite3_step(stmt) == SQLITE_DONE ? 0 : meta_fail(m, name, err);
}

bool meta_get(struct meta *m, const char *name, uint64_t *out)
{
	CLEANUP(meta_statement_done) struct sqlite3_stmt *stmt = NULL;
	const struct str text = str_of(name);

	if (meta_prepare(m, "SELECT value FROM setting WHERE name = ?", NULL, 0, &text, &stmt,
			 NULL) < 0 ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		return false;
	*out = (uint64_t)sqlite3_column_int64(stmt, 0);
	return true;
}
