// SPDX-License-Identifier: Apache-2.0
/*
 * The file system itself, and the database file: whole pages, each at its place behind the head.
 * Locks, shared memory, names and times are those of the file system below; randomness is ours.
 */
#include "meta/vfs.h"

#include <endian.h>
#include <stdlib.h>

#include "disk/disk.h"
#include "meta/meta.h"

/* Limit: memory of SQLite, of all databases of the process. */
#define SQLITE_BYTES_MAX (64 * MIB)

/* SQLite reads its header, 100 bytes at most, before it undoes a journal. */
#define PEEK_BYTES 100

static sqlite3_vfs *below;
static struct meta_vault *expected;

static const char *const names[META_FILES] = {
	[META_FILE_DB] = META_DB_NAME,
	[META_FILE_WAL] = META_WAL_NAME,
	[META_FILE_JOURNAL] = META_JOURNAL_NAME,
};

static struct meta_file *of(sqlite3_file *file)
{
	return (struct meta_file *)(void *)file;
}

/* ---- Below ----------------------------------------------------------------------------------- */

static int code_of(int fault, int otherwise)
{
	return fault == -ENOSPC || fault == -EDQUOT ? SQLITE_FULL : otherwise;
}

int meta_file_write(struct meta_file *f, uint64_t at, const void *p, size_t n)
{
	size_t part = n;
	int fault, r = SQLITE_OK;

	if (f->vault->sync_failed)
		return SQLITE_IOERR_WRITE;
	fault = disk_fault_ask(DISK_CALL_WRITE, -1, names[f->kind], at, &part);
	if (fault < 0 && part == n)
		return code_of(fault, SQLITE_IOERR_WRITE);
	if (part > 0)
		r = f->below->pMethods->xWrite(f->below, p, (int)part, (sqlite3_int64)at);
	return fault < 0 ? code_of(fault, SQLITE_IOERR_WRITE) : r;
}

int meta_file_read(struct meta_file *f, uint64_t at, void *p, size_t n)
{
	return f->below->pMethods->xRead(f->below, p, (int)n, (sqlite3_int64)at);
}

int meta_file_bytes(struct meta_file *f, uint64_t *out)
{
	sqlite3_int64 n = 0;
	int r = f->below->pMethods->xFileSize(f->below, &n);

	if (r == SQLITE_OK)
		*out = n > 0 ? (uint64_t)n : 0;
	return r;
}

int meta_file_damaged(struct meta_file *f, struct meta_damage damage)
{
	f->vault->damages++;
	f->vault->damage = damage;
	return SQLITE_IOERR_DATA;
}

/* ---- The database file ----------------------------------------------------------------------- */

int meta_db_page(struct meta_file *f, uint32_t n, uint8_t out[META_PAGE_BYTES])
{
	int r = meta_file_read(f, meta_page_offset(n), out, META_PAGE_BYTES);

	if (r == SQLITE_IOERR_SHORT_READ) {
		uint64_t bytes;

		r = meta_file_bytes(f, &bytes);
		if (r == SQLITE_OK)
			r = bytes > meta_page_offset(n) ? SQLITE_IOERR_DATA
							: SQLITE_IOERR_SHORT_READ;
		memset(out, 0, META_PAGE_BYTES);
		return r;
	}
	if (r != SQLITE_OK)
		return r;
	r = meta_page_get(f->vault->seal, n, out, out);
	if (r < 0)
		return r == -EBADMSG ? SQLITE_IOERR_DATA : SQLITE_IOERR_NOMEM;
	return SQLITE_OK;
}

/* What SQLite is told of page 1 while that is missing or cannot be opened: the two things that are
 * the same in all our databases. A journal may have to be undone before page 1 is whole. */
static void peek_default(uint8_t page[META_PAGE_BYTES])
{
	memset(page, 0, META_PAGE_BYTES);
	page[16] = META_PAGE_BYTES >> 8;
	page[20] = META_TRAILER_BYTES;
}

static int db_peek(struct meta_file *f, void *to, size_t n, size_t at)
{
	int r = meta_db_page(f, 1, f->block);

	if (r == SQLITE_IOERR_SHORT_READ || r == SQLITE_IOERR_DATA)
		peek_default(f->block);
	else if (r != SQLITE_OK)
		return r;
	memcpy(to, f->block + at, n);
	return SQLITE_OK;
}

static int db_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
	struct meta_file *f = of(file);
	uint32_t page;
	int r;

	if (n > 0 && at >= 0 && n + at <= PEEK_BYTES)
		return db_peek(f, to, (size_t)n, (size_t)at);
	if (n != META_PAGE_BYTES || at < 0 || at % META_PAGE_BYTES ||
	    at / META_PAGE_BYTES > UINT32_MAX - 1)
		return SQLITE_IOERR_READ;
	page = (uint32_t)(at / META_PAGE_BYTES) + 1;
	r = meta_db_page(f, page, to);
	if (r == SQLITE_IOERR_DATA)
		return meta_file_damaged(f, (struct meta_damage){ META_FILE_DB, false, page, 0 });
	return r;
}

static int db_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 at)
{
	struct meta_file *f = of(file);
	uint32_t page = (uint32_t)(at / META_PAGE_BYTES) + 1;

	if (n != META_PAGE_BYTES || at < 0 || at % META_PAGE_BYTES ||
	    at / META_PAGE_BYTES >= META_PAGES_MAX)
		return SQLITE_IOERR_WRITE;
	if (meta_page_put(f->vault->seal, page, from, f->block) < 0)
		return SQLITE_IOERR_NOMEM;
	return meta_file_write(f, meta_page_offset(page), f->block, META_PAGE_BYTES);
}

static int db_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct meta_file *f = of(file);

	if (f->vault->sync_failed)
		return SQLITE_IOERR_TRUNCATE;
	return f->below->pMethods->xTruncate(f->below, size + META_PAGE_BYTES);
}

static int db_size(sqlite3_file *file, sqlite3_int64 *out)
{
	uint64_t bytes = 0;
	int r = meta_file_bytes(of(file), &bytes);

	if (r == SQLITE_OK)
		*out = bytes > META_PAGE_BYTES ? (sqlite3_int64)(bytes - META_PAGE_BYTES) : 0;
	return r;
}

/* Reads the head, and gets the keys. */
static int db_unlock(struct meta_file *f)
{
	struct meta_vault *v = f->vault;
	int r = meta_file_read(f, 0, f->block, META_PAGE_BYTES);

	if (r == SQLITE_IOERR_SHORT_READ)
		v->refused = -EBADMSG;
	if (r != SQLITE_OK)
		return r;
	r = meta_seal_new(v->key, f->block, &v->seal, &v->bad_copies);
	v->key = NULL;
	if (r == 0)
		return SQLITE_OK;
	v->refused = r == -ENOTSUP || r == -EBADMSG ? r : 0;
	return r == -ENOMEM ? SQLITE_NOMEM : SQLITE_CANTOPEN;
}

/* ---- What all files do ----------------------------------------------------------------------- */

static int file_close(sqlite3_file *file)
{
	struct meta_file *f = of(file);
	int flushed = f->kind == META_FILE_WAL ? meta_wal_flush(f) : SQLITE_OK;
	int r = f->below->pMethods ? f->below->pMethods->xClose(f->below) : SQLITE_OK;

	crypto_wipe(f->block, sizeof(f->block));
	return flushed == SQLITE_OK ? r : flushed;
}

static int plain_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct meta_file *f = of(file);

	return f->vault->sync_failed ? SQLITE_IOERR_TRUNCATE
				     : f->below->pMethods->xTruncate(f->below, size);
}

static int plain_size(sqlite3_file *file, sqlite3_int64 *out)
{
	struct meta_file *f = of(file);

	return f->below->pMethods->xFileSize(f->below, out);
}

/* A sync that failed is final: the kernel may have forgotten what it could not write. */
static int file_sync(sqlite3_file *file, int flags)
{
	struct meta_file *f = of(file);
	int r = f->kind == META_FILE_WAL ? meta_wal_flush(f) : SQLITE_OK;
	int fault;

	if (r != SQLITE_OK)
		return r;
	if (f->vault->sync_failed)
		return SQLITE_IOERR_FSYNC;
	fault = disk_fault_ask(DISK_CALL_SYNC, -1, names[f->kind], 0, NULL);
	if (fault > 0)
		return SQLITE_OK;
	r = fault < 0 ? code_of(fault, SQLITE_IOERR_FSYNC)
		      : f->below->pMethods->xSync(f->below, flags);
	f->vault->sync_failed = r != SQLITE_OK;
	return r;
}

static int file_lock(sqlite3_file *file, int level)
{
	return of(file)->below->pMethods->xLock(of(file)->below, level);
}

static int file_unlock(sqlite3_file *file, int level)
{
	return of(file)->below->pMethods->xUnlock(of(file)->below, level);
}

static int file_check_reserved(sqlite3_file *file, int *out)
{
	return of(file)->below->pMethods->xCheckReservedLock(of(file)->below, out);
}

/* Sizes hinted are SQLite's, not ours, and mapped files would be read past us. */
static int file_control(sqlite3_file *file, int op, void *arg)
{
	if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE)
		return SQLITE_OK;
	if (op == SQLITE_FCNTL_MMAP_SIZE) {
		*(sqlite3_int64 *)arg = 0;
		return SQLITE_OK;
	}
	return of(file)->below->pMethods->xFileControl(of(file)->below, op, arg);
}

/* With the promise below a journal's header is 512 bytes, and frames follow each other without
 * padding: our formats rest on it. */
static int file_sector_bytes([[maybe_unused]] sqlite3_file *file)
{
	return META_BLOCK_BYTES;
}

static int file_characteristics([[maybe_unused]] sqlite3_file *file)
{
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int file_shm_map(sqlite3_file *file, int region, int bytes, int extend, void volatile **out)
{
	return of(file)->below->pMethods->xShmMap(of(file)->below, region, bytes, extend, out);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return of(file)->below->pMethods->xShmLock(of(file)->below, offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
	of(file)->below->pMethods->xShmBarrier(of(file)->below);
}

static int file_shm_unmap(sqlite3_file *file, int remove)
{
	return of(file)->below->pMethods->xShmUnmap(of(file)->below, remove);
}

#define METHODS(read, write, truncate, size)                                                       \
	{                                                                                          \
		.iVersion = 2, /* without xFetch: nothing is mapped */                             \
			.xClose = file_close, .xRead = (read), .xWrite = (write),                  \
		.xTruncate = (truncate), .xSync = file_sync, .xFileSize = (size),                  \
		.xLock = file_lock, .xUnlock = file_unlock,                                        \
		.xCheckReservedLock = file_check_reserved, .xFileControl = file_control,           \
		.xSectorSize = file_sector_bytes, .xDeviceCharacteristics = file_characteristics,  \
		.xShmMap = file_shm_map, .xShmLock = file_shm_lock,                                \
		.xShmBarrier = file_shm_barrier, .xShmUnmap = file_shm_unmap,                      \
	}

static const sqlite3_io_methods methods[META_FILES] = {
	[META_FILE_DB] = METHODS(db_read, db_write, db_truncate, db_size),
	[META_FILE_WAL] = METHODS(meta_wal_read, meta_wal_write, meta_wal_truncate, meta_wal_size),
	[META_FILE_JOURNAL] =
		METHODS(meta_journal_read, meta_journal_write, plain_truncate, plain_size),
};

/* ---- The file system ------------------------------------------------------------------------- */

/* META_FILES for what has no place here. */
static enum meta_file_kind kind_of(int flags)
{
	if (flags & SQLITE_OPEN_DELETEONCLOSE)
		return META_FILES;
	if (flags & SQLITE_OPEN_MAIN_DB)
		return META_FILE_DB;
	if (flags & SQLITE_OPEN_WAL)
		return META_FILE_WAL;
	return flags & SQLITE_OPEN_MAIN_JOURNAL ? META_FILE_JOURNAL : META_FILES;
}

static struct meta_vault *vault_of(enum meta_file_kind kind, const char *name)
{
	struct meta_vault *v = expected;

	if (kind != META_FILE_DB)
		return of(sqlite3_database_file_object(name))->vault;
	expected = NULL;
	return v;
}

static int vfs_open([[maybe_unused]] sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
		    int flags, int *out_flags)
{
	struct meta_file *f = of(file);
	enum meta_file_kind kind = kind_of(flags);
	struct meta_vault *vault;
	int r;

	f->base.pMethods = NULL;
	vault = name && kind < META_FILES ? vault_of(kind, name) : NULL;
	if (!vault)
		return SQLITE_CANTOPEN;
	if ((flags & SQLITE_OPEN_CREATE) &&
	    disk_fault_ask(DISK_CALL_CREATE, -1, names[kind], 0, NULL) < 0)
		return SQLITE_CANTOPEN;
	memset(f, 0, sizeof(*f));
	f->kind = kind;
	f->vault = vault;
	f->below = (sqlite3_file *)(f + 1);
	r = below->xOpen(below, name, f->below, flags, out_flags);
	if (r == SQLITE_OK && kind == META_FILE_DB)
		r = db_unlock(f);
	if (kind == META_FILE_JOURNAL)
		meta_journal_begin(f);
	if (r == SQLITE_OK)
		f->base.pMethods = &methods[kind];
	else if (f->below->pMethods)
		(void)f->below->pMethods->xClose(f->below);
	return r;
}

static int vfs_delete([[maybe_unused]] sqlite3_vfs *vfs, const char *name, int sync_dir)
{
	const char *last = strrchr(name, '/');
	int fault = disk_fault_ask(DISK_CALL_REMOVE, -1, last ? last + 1 : name, 0, NULL);

	if (fault)
		return fault < 0 ? SQLITE_IOERR_DELETE : SQLITE_OK;
	return below->xDelete(below, name, sync_dir);
}

static int vfs_access([[maybe_unused]] sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	return below->xAccess(below, name, flags, out);
}

static int vfs_full_name([[maybe_unused]] sqlite3_vfs *vfs, const char *name, int n, char *out)
{
	return below->xFullPathname(below, name, n, out);
}

static int vfs_random([[maybe_unused]] sqlite3_vfs *vfs, int n, char *out)
{
	return n > 0 && crypto_random(out, (size_t)n) == 0 ? n : 0;
}

static int vfs_sleep([[maybe_unused]] sqlite3_vfs *vfs, int us)
{
	return below->xSleep(below, us);
}

static int vfs_time([[maybe_unused]] sqlite3_vfs *vfs, double *out)
{
	return below->xCurrentTime(below, out);
}

static int vfs_last_error([[maybe_unused]] sqlite3_vfs *vfs, int n, char *out)
{
	return below->xGetLastError(below, n, out);
}

static int vfs_time_ms([[maybe_unused]] sqlite3_vfs *vfs, sqlite3_int64 *out)
{
	return below->xCurrentTimeInt64(below, out);
}

/* Without xDl…: extensions are never loaded, and SQLite asks for them only then. */
static sqlite3_vfs redoubt = {
	.iVersion = 2,
	.zName = "redoubt",
	.xOpen = vfs_open,
	.xDelete = vfs_delete,
	.xAccess = vfs_access,
	.xFullPathname = vfs_full_name,
	.xRandomness = vfs_random,
	.xSleep = vfs_sleep,
	.xCurrentTime = vfs_time,
	.xGetLastError = vfs_last_error,
	.xCurrentTimeInt64 = vfs_time_ms,
};

void meta_vfs_expect(struct meta_vault *vault)
{
	expected = vault;
}

int meta_vfs_init(struct err *err)
{
	if (below)
		return 0;
	/* Statement journals never leave memory. Refused when SQLite is in use already. */
	if (sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1) != SQLITE_OK ||
	    sqlite3_initialize() != SQLITE_OK)
		return err_set(err, ERR_INTERNAL, "SQLite is in use before its files are sealed");
	(void)sqlite3_hard_heap_limit64((sqlite3_int64)SQLITE_BYTES_MAX);
	below = sqlite3_vfs_find("unix");
	if (!below)
		return err_set(err, ERR_INTERNAL, "SQLite has no file system \"unix\"");
	redoubt.szOsFile = (int)sizeof(struct meta_file) + below->szOsFile;
	redoubt.mxPathname = below->mxPathname;
	if (sqlite3_vfs_register(&redoubt, 0) != SQLITE_OK) {
		below = NULL;
		return err_set(err, ERR_INTERNAL, "SQLite takes no file system");
	}
	return 0;
}
