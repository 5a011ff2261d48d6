// SPDX-License-Identifier: Apache-2.0
/*
 * Looking at everything: the copies of the head, each page of the database, each frame of the WAL,
 * and then what SQLite finds in them. Another process may write meanwhile: what does not open is
 * read again before it is called damaged.
 */
#include "meta/meta_int.h"

#include <stdio.h>
#include <stdlib.h>

/* Reads of what is being written at the same moment. */
#define TRIES 3
/* Limit: things that SQLite tells. */
#define INTEGRITY_MAX "100"

struct look {
	struct meta *m;
	void (*say)(void *owner, const char *text);
	void *owner;
	ptrdiff_t wrong;
	uint8_t in_wal[META_PAGES_MAX / 8]; /* pages of which the WAL has a newer form */
	uint8_t bytes[META_FRAME_BYTES];
};

static void say(struct look *l, const char *text)
{
	l->wrong++;
	if (l->say)
		l->say(l->owner, text);
}

static void say_damage(struct look *l, const struct meta_damage *damage)
{
	char words[META_WORDS_BYTES];

	meta_damage_words(damage, words);
	say(l, words);
}

static struct meta_file *file_of(struct meta *m, int op, enum meta_file_kind kind)
{
	sqlite3_file *file = NULL;
	struct meta_file *f;

	if (sqlite3_file_control(m->db, "main", op, &file) != SQLITE_OK || !file || !file->pMethods)
		return NULL;
	f = (struct meta_file *)(void *)file;
	return f->kind == kind ? f : NULL;
}

/* ---- The WAL --------------------------------------------------------------------------------- */

static int read_frame(struct meta_file *wal, uint64_t k, uint8_t *out)
{
	int r = SQLITE_IOERR_DATA;

	for (unsigned i = 0; i < TRIES && r == SQLITE_IOERR_DATA; i++)
		r = meta_wal_frame(wal, k, out);
	return r;
}

/* Salts stand in SQLite's header at 16, in a frame at 8. */
static bool same_round(const uint8_t *head, const uint8_t *frame)
{
	return memcmp(head + 16, frame + 8, 8) == 0;
}

static uint64_t frames_of(struct meta_file *wal)
{
	sqlite3_int64 size = 0;

	if (meta_wal_size(&wal->base, &size) != SQLITE_OK || size < META_WAL_HEADER_BYTES)
		return 0;
	return ((uint64_t)size - META_WAL_HEADER_BYTES) / META_FRAME_BYTES;
}

bool meta_wal_goes_on(struct meta *m, uint64_t k)
{
	struct meta_file *wal = file_of(m, SQLITE_FCNTL_JOURNAL_POINTER, META_FILE_WAL);
	uint8_t head[META_BLOCK_TEXT_BYTES], frame[META_FRAME_BYTES];
	uint64_t n = wal ? frames_of(wal) : 0;
	bool good = false;

	if (!wal || meta_wal_head(wal, head) != SQLITE_OK)
		return false;
	while (!good && ++k < n)
		good = meta_wal_frame(wal, k, frame) == SQLITE_OK && same_round(head, frame);
	crypto_wipe(frame, sizeof(frame));
	return good;
}

static void note_newer(struct look *l, uint32_t page)
{
	if (page > 0 && page <= META_PAGES_MAX)
		l->in_wal[(page - 1) / 8] |= (uint8_t)(1u << (page - 1) % 8);
}

static bool is_newer(const struct look *l, uint32_t page)
{
	return page <= META_PAGES_MAX && l->in_wal[(page - 1) / 8] & 1u << (page - 1) % 8;
}

static bool is_good(struct look *l, struct meta_file *wal, const uint8_t *head, uint64_t k)
{
	return read_frame(wal, k, l->bytes) == SQLITE_OK && same_round(head, l->bytes);
}

/* A WAL that began anew meanwhile says nothing of its frames before: the database has them. */
static bool began_anew(struct meta_file *wal, const uint8_t *head)
{
	uint8_t now[META_BLOCK_TEXT_BYTES];

	return meta_wal_head(wal, now) == SQLITE_OK && memcmp(now, head, sizeof(now)) != 0;
}

/* Up to the last good frame of this round all have to be good. Behind it lie frames of an older
 * round, which are nothing, and such of this one as a crash tore. */
static void look_at_frames(struct look *l, struct meta_file *wal, const uint8_t *head)
{
	uint64_t n = frames_of(wal), end = n;

	while (end > 0 && !is_good(l, wal, head, end - 1))
		end--;
	for (uint64_t k = 0; k < n; k++) {
		bool good = is_good(l, wal, head, k);

		if (good)
			note_newer(l, load_u32be(l->bytes));
		else if (began_anew(wal, head))
			return;
		else if (k < end || same_round(head, l->bytes))
			say_damage(l, &(struct meta_damage){ META_FILE_WAL, false,
							     load_u32be(l->bytes), k });
	}
}

static void look_at_wal(struct look *l)
{
	struct meta_file *wal = file_of(l->m, SQLITE_FCNTL_JOURNAL_POINTER, META_FILE_WAL);
	uint8_t head[META_BLOCK_TEXT_BYTES];
	int r = wal ? meta_wal_head(wal, head) : SQLITE_IOERR_SHORT_READ;

	if (r == SQLITE_OK)
		look_at_frames(l, wal, head);
	else if (r == SQLITE_IOERR_DATA)
		say_damage(l, &(struct meta_damage){ META_FILE_WAL, true, 0, 0 });
	else if (r != SQLITE_IOERR_SHORT_READ)
		say(l, META_WAL_NAME ": cannot be read");
}

/* ---- The database ---------------------------------------------------------------------------- */

static void look_at_head(struct look *l)
{
	char words[META_WORDS_BYTES];

	for (unsigned i = 0; i < META_HEAD_COPIES; i++) {
		if (!(l->m->vault.bad_copies & 1u << i))
			continue;
		(void)snprintf(words, sizeof(words),
			       META_DB_NAME ": copy %u of its head is not what was written", i + 1);
		say(l, words);
	}
}

static void look_at_page(struct look *l, struct meta_file *db, uint32_t page)
{
	int r = SQLITE_IOERR_DATA;

	for (unsigned i = 0; i < TRIES && r == SQLITE_IOERR_DATA; i++)
		r = meta_db_page(db, page, l->bytes);
	if (r == SQLITE_IOERR_DATA && !is_newer(l, page))
		say_damage(l, &(struct meta_damage){ META_FILE_DB, false, page, 0 });
	else if (r != SQLITE_OK && r != SQLITE_IOERR_DATA && r != SQLITE_IOERR_SHORT_READ)
		say(l, META_DB_NAME ": cannot be read");
}

static void look_at_pages(struct look *l)
{
	struct meta_file *db = file_of(l->m, SQLITE_FCNTL_FILE_POINTER, META_FILE_DB);
	uint64_t bytes = 0;

	if (!db || meta_file_bytes(db, &bytes) != SQLITE_OK) {
		say(l, META_DB_NAME ": cannot be read");
		return;
	}
	for (uint32_t page = 1; page <= META_PAGES_MAX && meta_page_offset(page) < bytes; page++)
		look_at_page(l, db, page);
}

/* ---- What SQLite finds ----------------------------------------------------------------------- */

static void tell_row(struct look *l, sqlite3_stmt *stmt)
{
	const char *text = (const char *)sqlite3_column_text(stmt, 0);
	char words[META_WORDS_BYTES];

	if (!text || strcmp(text, "ok") == 0)
		return;
	(void)snprintf(words, sizeof(words), META_DB_NAME ": %.120s", text);
	say(l, words);
}

/* Of pages that are all good. */
static void check_integrity(struct look *l)
{
	CLEANUP(meta_statement_done) struct sqlite3_stmt *stmt = NULL;
	struct err err = { .id = ERR_NONE };
	int r = meta_prepare(l->m, "PRAGMA integrity_check(" INTEGRITY_MAX ")", NULL, 0, NULL,
			     &stmt, &err);

	if (r == 0) {
		while ((r = sqlite3_step(stmt)) == SQLITE_ROW)
			tell_row(l, stmt);
		r = r == SQLITE_DONE ? 0 : meta_fail(l->m, NULL, &err);
	}
	if (r < 0)
		say(l, err.text);
}

ptrdiff_t meta_verify(struct meta *m, void (*say_line)(void *owner, const char *text), void *owner)
{
	struct look *l = calloc(1, sizeof(*l));
	ptrdiff_t wrong;

	if (!l)
		return -ENOMEM;
	*l = (struct look){ .m = m, .say = say_line, .owner = owner };
	look_at_head(l);
	wrong = l->wrong;
	look_at_wal(l);
	look_at_pages(l);
	if (l->wrong == wrong)
		check_integrity(l);
	wrong = l->wrong;
	crypto_wipe(l->bytes, sizeof(l->bytes));
	free(l);
	return wrong;
}
