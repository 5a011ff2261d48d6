// SPDX-License-Identifier: Apache-2.0
/*
 * The rollback journal: heads and records, in the small pieces in which SQLite writes and reads
 * them. A record (number, page, sum) is gathered and sealed whole, since its sum is one over what
 * is in clear. What does not open is never passed over: a change undone by half would be worse than
 * a database that says it is damaged.
 */
#include "meta/vfs.h"

#define NONE       UINT64_MAX
#define ID_AT      32 /* in a head's text */
#define MAGIC_SIZE 8  /* that SQLite reads first, and writes anew with the count, 12 bytes */
#define COUNT_SIZE 12

static struct meta_file *of(sqlite3_file *file)
{
	return (struct meta_file *)(void *)file;
}

void meta_journal_begin(struct meta_file *f)
{
	f->journal.written.at = NONE;
	f->journal.read.at = NONE;
	f->journal.sum_at = NONE;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static int write_head(struct meta_file *f, uint64_t at)
{
	if (meta_block_put(f->vault->seal, META_KIND_JOURNAL, at, f->journal.written.text,
			   f->block) < 0)
		return SQLITE_IOERR_NOMEM;
	return meta_file_write(f, at, f->block, META_BLOCK_BYTES);
}

/* The first head of a file makes its id. SQLite writes over a journal that a crash left before it
 * was durable; nothing of that may lie behind what is written now. */
static int begin_journal(struct meta_file *f)
{
	if (crypto_random(f->journal.id, sizeof(f->journal.id)) < 0)
		return SQLITE_IOERR_WRITE;
	return f->below->pMethods->xTruncate(f->below, 0);
}

static int new_head(struct meta_file *f, const uint8_t *from, uint64_t at)
{
	struct meta_journal_head *head = &f->journal.written;
	int r = at == 0 ? begin_journal(f) : SQLITE_OK;

	if (r != SQLITE_OK)
		return r;
	memset(head->text, 0, sizeof(head->text));
	memcpy(head->text, from, META_JOURNAL_HEADER_BYTES);
	memcpy(head->text + ID_AT, f->journal.id, sizeof(f->journal.id));
	head->at = at;
	f->journal.read.at = NONE;
	return write_head(f, at);
}

static int count_records(struct meta_file *f, const uint8_t *from, uint64_t at)
{
	if (at != f->journal.written.at)
		return SQLITE_IOERR_WRITE;
	memcpy(f->journal.written.text, from, COUNT_SIZE);
	f->journal.read.at = NONE;
	return write_head(f, at);
}

static int finish_record(struct meta_file *f, const uint8_t *sum)
{
	uint8_t *record = f->journal.waiting;
	uint64_t at = f->journal.record;

	memcpy(record + 4 + META_PAGE_BYTES, sum, 4);
	f->journal.waits = RECORD_NONE;
	if (meta_record_put(f->vault->seal, at, f->journal.id, record, f->block) < 0)
		return SQLITE_IOERR_NOMEM;
	return meta_file_write(f, at, f->block, META_RECORD_BYTES);
}

/* Four bytes are a record's page number, or the sum behind its page. */
static int write_number(struct meta_file *f, const uint8_t *from, uint64_t at)
{
	if (f->journal.waits == RECORD_PAGE && at == f->journal.record + 4 + META_PAGE_BYTES)
		return finish_record(f, from);
	f->journal.waits = RECORD_NUMBER;
	f->journal.record = at;
	memcpy(f->journal.waiting, from, 4);
	return SQLITE_OK;
}

static int keep_page(struct meta_file *f, const uint8_t *from, uint64_t at)
{
	if (f->journal.waits != RECORD_NUMBER || at != f->journal.record + 4)
		return SQLITE_IOERR_WRITE;
	f->journal.waits = RECORD_PAGE;
	memcpy(f->journal.waiting + 4, from, META_PAGE_BYTES);
	return SQLITE_OK;
}

int meta_journal_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 at)
{
	struct meta_file *f = of(file);

	if (n == 4)
		return write_number(f, from, (uint64_t)at);
	if (n == META_PAGE_BYTES)
		return keep_page(f, from, (uint64_t)at);
	if (n == META_BLOCK_BYTES && at % META_BLOCK_BYTES == 0)
		return new_head(f, from, (uint64_t)at);
	if (n == COUNT_SIZE)
		return count_records(f, from, (uint64_t)at);
	return SQLITE_IOERR_WRITE; /* such as the name of a super-journal */
}

/* ---- Reading --------------------------------------------------------------------------------- */

static int damaged_head(struct meta_file *f)
{
	return meta_file_damaged(f, (struct meta_damage){ META_FILE_JOURNAL, true, 0, 0 });
}

/* Its magic is read first, and says whether there is a head. */
static int read_head(struct meta_file *f, uint8_t *to, uint64_t at)
{
	struct meta_journal_head head = { at, { 0 } };
	int r = meta_file_read(f, at, f->block, META_BLOCK_BYTES);

	memset(to, 0, MAGIC_SIZE);
	if (r != SQLITE_OK)
		return r;
	r = meta_block_get(f->vault->seal, META_KIND_JOURNAL, at, f->block, head.text);
	if (r == -ENOENT)
		return SQLITE_OK;
	if (r < 0)
		return r == -EBADMSG ? damaged_head(f) : SQLITE_IOERR_NOMEM;
	if (at > 0 && memcmp(head.text + ID_AT, f->journal.id, sizeof(f->journal.id)) != 0)
		return damaged_head(f);
	memcpy(f->journal.id, head.text + ID_AT, sizeof(f->journal.id));
	f->journal.read = head;
	memcpy(to, head.text, MAGIC_SIZE);
	return SQLITE_OK;
}

/* Whether there is a journal to undo: SQLite writes the magic when the records are durable. */
static int read_first(struct meta_file *f, uint8_t *to)
{
	uint8_t magic[MAGIC_SIZE];
	int r = read_head(f, magic, 0);

	*to = magic[0];
	return r;
}

static int read_record(struct meta_file *f, uint8_t *to, uint64_t at)
{
	uint64_t record = at - 4;
	uint8_t *block = f->block;
	int r = meta_file_read(f, record, block, META_RECORD_BYTES);

	if (r != SQLITE_OK && r != SQLITE_IOERR_SHORT_READ)
		return r;
	r = meta_record_get(f->vault->seal, record, f->journal.id, block, block);
	if (r == -EBADMSG)
		return meta_file_damaged(f, (struct meta_damage){ META_FILE_JOURNAL, false,
								  load_u32be(block), 0 });
	if (r < 0)
		return SQLITE_IOERR_NOMEM;
	memcpy(to, block + 4, META_PAGE_BYTES);
	memcpy(f->journal.sum, block + 4 + META_PAGE_BYTES, sizeof(f->journal.sum));
	f->journal.sum_at = record + 4 + META_PAGE_BYTES;
	return SQLITE_OK;
}

/* From a head that was written or read: SQLite reads its numbers one by one. */
static bool from_head(const struct meta_journal_head *head, uint8_t *to, uint64_t at)
{
	if (head->at == NONE || at < head->at || at + 4 > head->at + META_JOURNAL_HEADER_BYTES)
		return false;
	memcpy(to, head->text + (at - head->at), 4);
	return true;
}

/* Of a record, the number stands in clear. */
static int read_number(struct meta_file *f, uint8_t *to, uint64_t at)
{
	if (from_head(&f->journal.read, to, at) || from_head(&f->journal.written, to, at))
		return SQLITE_OK;
	if (at == f->journal.sum_at) {
		memcpy(to, f->journal.sum, sizeof(f->journal.sum));
		return SQLITE_OK;
	}
	return meta_file_read(f, at, to, 4);
}

int meta_journal_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
	struct meta_file *f = of(file);

	if (n == 4)
		return read_number(f, to, (uint64_t)at);
	if (n == META_PAGE_BYTES && at >= 4)
		return read_record(f, to, (uint64_t)at);
	if (n == MAGIC_SIZE && at % META_BLOCK_BYTES == 0)
		return read_head(f, to, (uint64_t)at);
	if (n == 1 && at == 0)
		return read_first(f, to);
	if (n != MAGIC_SIZE)
		return SQLITE_IOERR_READ;
	memset(to, 0, MAGIC_SIZE); /* the end of a super-journal's name: there is none */
	return SQLITE_OK;
}
