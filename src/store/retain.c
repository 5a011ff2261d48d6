/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is too old, or too much, goes in whole hours of arrival: by age each part for itself, by
 * bytes the oldest hours with all their parts. The current hour never goes.
 */
#include "store/store_int.h"

#include <inttypes.h>
#include <stdio.h>

static bool has_part(const struct store_file *f, unsigned part)
{
	return part == PART_META ? (f->segment || (f->log && !f->marks)) : f->bytes[part] > 0;
}

int64_t store_oldest_hour(const struct store *s, enum field_part part, int64_t before)
{
	int64_t oldest = INT64_MAX;

	for (size_t i = 0; i < s->files.n; i++) {
		const struct store_file *f = &s->files.v[i];

		if (has_part(f, part) && f->hour < before && f->hour < oldest)
			oldest = f->hour;
	}
	return oldest;
}

/* ---- By age ---------------------------------------------------------------------------------- */

/* Whether there is a key that lives, of this hour or before. */
static bool alive_until(const struct store *s, unsigned part, int64_t hour)
{
	const struct key_info *info;

	for (size_t i = 0; (info = keystore_at(s->ks, i)); i++)
		if (info->state == KEY_ALIVE && info->scope.part == part &&
		    info->scope.hour <= hour)
			return true;
	return false;
}

/* Up to and including the hour. */
static int expire(struct store *s, int part, int64_t hour, const char *why, struct err *err)
{
	const struct key_match match = { .part = part, .hour_from = INT64_MIN, .hour_to = hour };
	char text[STORE_HOUR_TEXT];
	uint64_t bytes;
	ptrdiff_t n = store_destroy_keys(s, &match, &bytes, err);

	if (n < 0 || (n == 0 && bytes == 0))
		return (int)n;
	store_note(s, META_EXPIRED, (uint64_t)n, bytes,
		   "%s up to the hour of %s is gone, since %s: %td key%s, %" PRIu64 " bytes",
		   part < 0 || part == PART_META ? "all" : field_part_name(part),
		   store_hour_text(hour, text), why, n, n == 1 ? "" : "s", bytes);
	return 0;
}

bool store_clock_holds(struct store_clock *c, int64_t wall_ns, int64_t mono_ns)
{
	int64_t wall = wall_ns - c->wall_ns, mono = mono_ns - c->mono_ns;

	if (c->mono_ns && wall - mono > CLOCK_JUMP_NS)
		c->until_ns = mono_ns + CLOCK_HOLD_NS;
	c->wall_ns = wall_ns;
	c->mono_ns = mono_ns;
	return mono_ns < c->until_ns;
}

/* A clock that a test sets may jump. */
static bool clock_holds(struct store *s, int64_t now_ns)
{
	bool holds = !s->conf.now && store_clock_holds(&s->clock, now_ns, time_mono_ns());

	if (holds && !s->held)
		store_say(s, "the clock went ahead by more than a day: nothing is too old for an "
			     "hour");
	s->held = holds;
	return holds;
}

int store_retain_age(struct store *s, int64_t now_ns, struct err *err)
{
	if (clock_holds(s, now_ns))
		return 0;
	for (unsigned p = 0; p < ROW_PARTS; p++) {
		int64_t limit_ns, hour;
		int r = 0;

		if (ckd_sub(&limit_ns, now_ns, s->keep.part_ns[p]))
			continue;
		/* The last hour all of which is older; the current one is not, whatever is kept. */
		hour = store_hour(limit_ns) - 1;
		if (hour >= s->hour)
			hour = s->hour - 1;
		if (hour != s->expired[p] && alive_until(s, p, hour))
			r = expire(s, (int)p, hour, "it is older than may be kept", err);
		if (r < 0)
			return r;
		s->expired[p] = hour;
	}
	return 0;
}

/* ---- By bytes -------------------------------------------------------------------------------- */

static uint64_t bytes_up_to(const struct store *s, int64_t hour)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < s->files.n; i++)
		if (s->files.v[i].hour <= hour)
			bytes += store_file_bytes(&s->files.v[i]);
	return bytes;
}

/* Of as many of the oldest hours as must go, the youngest; INT64_MIN: none. */
static int64_t last_to_go(const struct store *s, uint64_t too_many)
{
	int64_t last = INT64_MIN;

	for (uint64_t gone = 0; gone < too_many; gone = bytes_up_to(s, last)) {
		int64_t next = INT64_MAX;

		for (size_t i = 0; i < s->files.n; i++) {
			const struct store_file *f = &s->files.v[i];

			if (f->hour > last && f->hour < next && has_part(f, PART_META))
				next = f->hour;
		}
		if (next >= s->hour)
			break;
		last = next;
	}
	return last;
}

/* A segment is smaller than its log. */
static void shrink(struct store *s)
{
	struct err err = { .id = ERR_NONE };
	const struct store_file *f;
	int r = 0;

	while (r == 0 && bytes_up_to(s, INT64_MAX) > s->keep.bytes &&
	       (f = store_due(s, store_now(s))))
		r = store_compact_log(s, f->number, &err);
	if (r < 0)
		store_say(s, "a log does not become a segment yet: %s", err.text);
}

static void say_too_little(struct store *s)
{
	uint64_t bytes = bytes_up_to(s, INT64_MAX);
	bool too_little = bytes > s->keep.bytes;

	if (too_little && !s->too_little)
		store_say(s,
			  "the current hour alone has %" PRIu64 " bytes, and %" PRIu64
			  " may be kept: it stays until it is over",
			  bytes, s->keep.bytes);
	s->too_little = too_little;
}

static int retain_bytes(struct store *s, struct err *err)
{
	uint64_t bytes;
	int64_t hour;
	int r = 0;

	shrink(s);
	s->grown = false;
	bytes = bytes_up_to(s, INT64_MAX);
	hour = bytes > s->keep.bytes ? last_to_go(s, bytes - s->keep.bytes) : INT64_MIN;
	if (hour > INT64_MIN)
		r = expire(s, -1, hour, "there is more than may be kept", err);
	if (r == 0)
		say_too_little(s);
	return r;
}

int store_retain(struct store *s, struct err *err)
{
	int64_t now_ns = store_now(s);
	int r = store_turn_hour(s, now_ns, err);

	if (r == 0)
		r = store_retain_age(s, now_ns, err);
	return r < 0 ? r : retain_bytes(s, err);
}
