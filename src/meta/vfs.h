/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file system "redoubt" of SQLite: a layer over the one of the operating system that seals what
 * SQLite writes and opens what it reads, and remembers what could not be opened. A file of another
 * shape than docs/formats/meta.md has is refused: temporary files, super-journals, databases nobody
 * announced.
 */
#ifndef REDOUBT_META_VFS_H
#define REDOUBT_META_VFS_H

#include <sqlite3.h>

#include "base/base.h"
#include "meta/vfs_seal.h"

#define META_DB_NAME      "redoubt.db"
#define META_WAL_NAME     META_DB_NAME "-wal"
#define META_JOURNAL_NAME META_DB_NAME "-journal"

/* Limit: pages of the database, and frames of its WAL: 1 GiB. The byte that SQLite locks lies
 * behind the last of these pages. */
#define META_PAGES_MAX  (UINT32_C(1) << 18)
#define META_FRAMES_MAX (UINT64_C(1) << 18)

/* SQLite's shapes. */
#define META_WAL_HEADER_BYTES     32
#define META_JOURNAL_HEADER_BYTES 28

enum meta_file_kind { META_FILE_DB, META_FILE_WAL, META_FILE_JOURNAL, META_FILES };

/* Something that is not what was written. */
struct meta_damage {
	enum meta_file_kind file;
	bool head;      /* the head of the file, no page */
	uint32_t page;  /* 0: not known */
	uint64_t frame; /* of a WAL, from 0 on */
};

/* What the files of one database share. It outlives them. */
struct meta_vault {
	const uint8_t *key; /* borrowed until the database was opened */
	struct meta_seal *seal;
	unsigned bad_copies; /* of the head, as bits */
	int refused;         /* why the head gave no keys: -EBADMSG or -ENOTSUP */
	bool sync_failed;    /* final: nothing more is written */
	uint64_t damages;    /* how many were met, and the last of them */
	struct meta_damage damage;
	bool replay_cut; /* a WAL was read up to something that is not what was written: this */
	struct meta_damage cut;
};

/* One open file. Made by SQLite, with the file below it behind it. */
struct meta_file {
	sqlite3_file base; /* first: SQLite knows only this */
	enum meta_file_kind kind;
	struct meta_vault *vault;
	sqlite3_file *below;
	union {
		/* A frame is written when its page comes, and then whole. */
		struct {
			bool waits;
			uint64_t frame;
			uint8_t header[META_FRAME_HEADER_BYTES];
		} wal;
		struct {
			uint8_t id[META_JOURNAL_ID_BYTES];
			struct meta_journal_head {
				uint64_t at;
				uint8_t text[META_BLOCK_TEXT_BYTES];
			} written, read; /* the newest of each; at UINT64_MAX: none */
			enum { RECORD_NONE, RECORD_NUMBER, RECORD_PAGE } waits;
			uint64_t record; /* offset of the one that waits */
			uint8_t waiting[META_RECORD_BYTES];
			uint64_t sum_at; /* where the sum of the record read last stands */
			uint8_t sum[4];
		} journal;
	};
	uint8_t block[META_FRAME_BYTES]; /* to seal and open in */
};

/* The next database opened belongs to this; NULL: none is expected. */
void meta_vfs_expect(struct meta_vault *vault);

/* ---- Between the files of the room ----------------------------------------------------------- */

/* Bytes below, by their real offset, and what the fault of room disk answers. SQLite's codes;
 * SQLITE_IOERR_SHORT_READ fills the rest with zeros. */
int meta_file_write(struct meta_file *f, uint64_t at, const void *p, size_t n);
int meta_file_read(struct meta_file *f, uint64_t at, void *p, size_t n);
int meta_file_bytes(struct meta_file *f, uint64_t *out);
/* Notes it, and answers SQLITE_IOERR_DATA. */
int meta_file_damaged(struct meta_file *f, struct meta_damage damage);

/* What SQLite calls; `at` is SQLite's offset. */
int meta_wal_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at);
int meta_wal_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 at);
int meta_wal_truncate(sqlite3_file *file, sqlite3_int64 size);
int meta_wal_size(sqlite3_file *file, sqlite3_int64 *out);
/* Writes what waits. */
int meta_wal_flush(struct meta_file *f);
int meta_journal_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at);
int meta_journal_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 at);
void meta_journal_begin(struct meta_file *f);

/* Page n as it lies in the database file. SQLITE_OK, SQLITE_IOERR_SHORT_READ (it is not there),
 * SQLITE_IOERR_DATA or another error; notes nothing. */
int meta_db_page(struct meta_file *f, uint32_t n, uint8_t out[META_PAGE_BYTES]);
/* Frame k; the same answers, and its clear header also when it is damaged. */
int meta_wal_frame(struct meta_file *f, uint64_t k, uint8_t out[META_FRAME_BYTES]);
/* SQLite's WAL header. */
int meta_wal_head(struct meta_file *f, uint8_t out[META_BLOCK_TEXT_BYTES]);

#endif
