/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A full disk: what goes, in which order. First what is old, the most private part of it first;
 * then parts of what is new; then new rows themselves. What is taken from new rows is given back as
 * soon as there is room again.
 */
#include "store/store_int.h"

#include <inttypes.h>
#include <stdio.h>

/* Room there must be before a step is taken back: a log, but no more than a share of the disk. */
#define ROOM_BYTES ROWLOG_FILE_BYTES
#define ROOM_SHARE 32

static const char setting_shed[] = "store.shed";
static const char setting_rows_shed[] = "store.rows-shed";
static const char setting_rows_refused[] = "store.rows-refused";

unsigned store_shed_parts(const struct store *s)
{
	return (s->full >= FULL_PAYLOAD ? 1u << PART_PAYLOAD : 0) |
	       (s->full >= FULL_HEADERS ? 1u << PART_HEADERS : 0);
}

/* ---- For those who look at the store ----------------------------------------------------------
 */

void store_shed_known(struct meta *meta, unsigned *shed, uint64_t *rows_shed,
		      uint64_t *rows_refused)
{
	uint64_t v;

	*shed = meta && meta_get(meta, setting_shed, &v) ? (unsigned)v & PARTS_ALL : 0;
	*rows_shed = meta && meta_get(meta, setting_rows_shed, &v) ? v : 0;
	*rows_refused = meta && meta_get(meta, setting_rows_refused, &v) ? v : 0;
}

/* As they are told; a disk that is full may not take it. */
static void tell(struct store *s)
{
	uint64_t now = hash_mix(hash_mix(s->full, s->rows_shed), s->rows_refused);

	if (!s->meta || now == s->told)
		return;
	s->told = now;
	(void)(meta_set(s->meta, setting_shed, store_shed_parts(s), NULL) < 0 ||
	       meta_set(s->meta, setting_rows_shed, s->rows_shed, NULL) < 0 ||
	       meta_set(s->meta, setting_rows_refused, s->rows_refused, NULL) < 0);
}

/* ---- Steps ----------------------------------------------------------------------------------- */

/* Destroys the oldest hour of a part before this one: 1, or 0 when there is none. */
static int drop_oldest(struct store *s, enum field_part part, int64_t before)
{
	int64_t hour = store_oldest_hour(s, part, before);
	const struct key_match match = { .part = part == PART_META ? -1 : (int)part,
					 .hour_from = hour,
					 .hour_to = hour };
	char text[STORE_HOUR_TEXT];
	struct err err = { .id = ERR_NONE };
	uint64_t bytes;
	ptrdiff_t n;

	if (hour == INT64_MAX)
		return 0;
	n = store_destroy_keys(s, &match, &bytes, &err);
	if (n < 0) {
		store_say(s, "the disk is full, and no room can be made: %s", err.text);
		return 0;
	}
	store_note(s, META_SHED, (uint64_t)n, bytes,
		   "the disk is full: %s of the hour of %s is destroyed, %" PRIu64 " bytes",
		   part == PART_META ? "all" : field_part_name(part), store_hour_text(hour, text),
		   bytes);
	return n > 0 || bytes > 0;
}

static int drop_payload(struct store *s)
{
	return drop_oldest(s, PART_PAYLOAD, s->hour);
}

static int drop_headers(struct store *s)
{
	return drop_oldest(s, PART_HEADERS, s->hour);
}

/* The newest hour that is whole stays. */
static int drop_meta(struct store *s)
{
	int64_t newest = INT64_MIN;

	for (size_t i = 0; i < s->files.n; i++)
		if (!s->files.v[i].marks && s->files.v[i].hour < s->hour &&
		    s->files.v[i].hour > newest)
			newest = s->files.v[i].hour;
	return drop_oldest(s, PART_META, newest);
}

static void set_full(struct store *s, enum store_full full, const char *what)
{
	s->full = full;
	for (size_t i = 0; i < s->slots; i++)
		if (s->slot[i].log)
			rowlog_shed(s->slot[i].log, store_shed_parts(s));
	store_note(s, META_SHED, 0, 0, "%s", what);
	tell(s);
}

static int shed_payload(struct store *s)
{
	if (s->full >= FULL_PAYLOAD)
		return 0;
	set_full(s, FULL_PAYLOAD, "the disk is full: new rows lose PAYLOAD");
	return 1;
}

static int shed_headers(struct store *s)
{
	if (s->full >= FULL_HEADERS)
		return 0;
	set_full(s, FULL_HEADERS, "the disk is full: new rows lose HEADERS, too");
	return 1;
}

static int refuse(struct store *s)
{
	if (s->full < FULL_REFUSE)
		set_full(s, FULL_REFUSE, "the disk is full: new rows are refused");
	return 0;
}

/* The written order. Each answers 1 when it did something after which it may go on. */
static const struct step {
	int (*act)(struct store *s);
	const char *what;
} steps[] = {
	{ drop_payload, "PAYLOAD of the oldest hour that is over is destroyed, hour after hour" },
	{ drop_headers, "HEADERS of the oldest hour that is over, likewise" },
	{ drop_meta, "All of the oldest hour, likewise; the newest hour that is over stays" },
	{ shed_payload, "New rows lose PAYLOAD" },
	{ shed_headers, "New rows lose HEADERS, too" },
	{ refuse, "New rows are refused, and counted" },
};

const char *store_shed_step(size_t i)
{
	return i < ARRAY_LEN(steps) ? steps[i].what : NULL;
}

int store_make_room(struct store *s)
{
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (steps[i].act(s))
			return 1;
	return 0;
}

/* ---- Back again ------------------------------------------------------------------------------ */

static bool has_room(const struct store *s)
{
	uint64_t free_bytes, all_bytes;

	return disk_room(s->dir_fd, &free_bytes, &all_bytes) == 0 &&
	       free_bytes >=
		       (all_bytes / ROOM_SHARE < ROOM_BYTES ? all_bytes / ROOM_SHARE : ROOM_BYTES);
}

void store_look_at_room(struct store *s, int64_t now_ns)
{
	static const char *const back[] = {
		[FULL_PAYLOAD] = "there is room again: new rows keep PAYLOAD",
		[FULL_HEADERS] = "there is room again: new rows keep HEADERS",
		[FULL_REFUSE] = "there is room again: new rows are taken",
	};

	if (now_ns >= s->looked_ns && now_ns - s->looked_ns < LOOK_NS)
		return;
	s->looked_ns = now_ns;
	if (s->full != FULL_NOT && has_room(s))
		set_full(s, s->full - 1, back[s->full]);
	tell(s);
}
