/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the writer tells a person, at once and in the ledger, and the time it goes by. A ledger that
 * cannot be written stops nothing.
 */
#include "store/store_int.h"

#include <inttypes.h>
#include <stdio.h>

#define LINE_BYTES 512

int64_t store_now(const struct store *s)
{
	return s->conf.now ? s->conf.now(s->conf.owner) : time_now_ns();
}

static void say(struct store *s, const char *line)
{
	if (s->conf.said)
		s->conf.said(s->conf.owner, line);
}

void store_say(struct store *s, const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	say(s, line);
}

/* After an error of the disk the database takes nothing more until it is opened anew. */
static int enter_anew(struct store *s, const struct meta_entry *entry, struct err *err)
{
	int r;

	meta_close(TAKE(s->meta));
	r = store_meta_open(s->dir, s->ks, false, &s->meta, err);
	if (r < 0) {
		s->meta = NULL;
		return r;
	}
	return meta_log(s->meta, entry, err);
}

static void enter(struct store *s, const struct meta_entry *entry)
{
	struct err err = { .id = ERR_NONE };
	int r;

	if (!s->meta)
		return;
	r = meta_log(s->meta, entry, &err);
	if (r < 0 && err.id != ERR_STORE_DAMAGED && err.id != ERR_STORE_FULL)
		r = enter_anew(s, entry, &err);
	if (r == 0)
		return;
	store_say(s, "the ledger has no entry of this: %s", err.text);
	if (s->meta && err.id == ERR_STORE_DAMAGED)
		meta_close(TAKE(s->meta));
	if (!s->meta)
		store_say(s, "the ledger is off until the store is opened again");
}

void store_note(struct store *s, enum meta_event event, uint64_t count, uint64_t bytes,
		const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	say(s, line);
	enter(s, &(struct meta_entry){ .at_ns = store_now(s),
				       .event = event,
				       .count = count,
				       .bytes = bytes,
				       .text = str_of(line) });
}

const char *store_hour_text(int64_t hour, char out[STORE_HOUR_TEXT])
{
	char text[TIME_TEXT_BYTES];
	int64_t at_ns;

	if (ckd_mul(&at_ns, hour, KEYSTORE_HOUR_NS)) {
		(void)snprintf(out, STORE_HOUR_TEXT, "hour %" PRId64, hour);
		return out;
	}
	(void)time_format(at_ns, text);
	text[10] = ' '; /* instead of the T: "2026-11-20 08:00" */
	text[16] = '\0';
	(void)snprintf(out, STORE_HOUR_TEXT, "%.16s", text);
	return out;
}
