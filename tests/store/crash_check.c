/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent's side: what was told, and what is there. A row that was acknowledged is there once,
 * with its content, unless its hour was destroyed or is older than may be kept; a part that was
 * destroyed is nowhere, not in an older copy of the files either; arrival numbers only grow.
 */
#include "crash.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void crash_wrong(const struct life *life, const char *fmt, ...)
{
	va_list args;

	(void)printf("seed %llu, round %llu: ", (unsigned long long)crash_seed,
		     (unsigned long long)life->rounds);
	va_start(args, fmt);
	(void)vprintf(fmt, args);
	va_end(args);
	(void)printf("\nthe state is in %s; the store said:\n%.*s\n", life->base,
		     STR_FMT(buf_str(&life->said)));
	exit(1);
}

/* ---- What was told --------------------------------------------------------------------------- */

static void note_add(struct state *row, int64_t hour)
{
	if (!row->added || hour < row->lo)
		row->lo = hour;
	if (!row->added || hour > row->hi)
		row->hi = hour;
	row->added = true;
	row->must_go = 0;
}

/* Those of the stream up to here are durable; a row may have moved to a log of a later hour. */
static void note_acked(struct life *life, struct stream *s, uint64_t sequence, int64_t hour)
{
	for (uint64_t i = s->acked + 1; i <= sequence; i++) {
		struct state *row = &s->row[i];

		if (hour > row->hi) {
			row->hi = hour;
			row->must_go = 0;
		}
		row->acked = true;
		life->acked_rows++;
	}
	if (sequence > s->acked)
		s->acked = sequence;
}

static void note_destroy(struct life *life, const struct told *told)
{
	uint8_t parts = parts_of(told->part);

	for (unsigned k = 0; k < STREAMS; k++) {
		struct stream *s = &life->stream[k];

		if (told->stream > 0 && told->stream - 1 != s->cluster)
			continue;
		for (uint64_t i = 1; i <= s->added; i++) {
			struct state *row = &s->row[i];

			if (row->lo <= told->to && row->hi >= told->from)
				row->may_go |= parts;
			if (told->what == TELL_GONE && row->lo >= told->from && row->hi <= told->to)
				row->must_go |= parts;
		}
	}
}

void crash_note(struct life *life, const struct told *told)
{
	struct stream *s = &life->stream[told->stream % STREAMS];
	int64_t hour = hour_of(told->at);

	switch (told->what) {
	case TELL_ADD:
		note_add(&s->row[told->sequence], hour);
		if (told->sequence > s->added)
			s->added = told->sequence;
		break;
	case TELL_ACK:
	case TELL_THERE:
		note_acked(life, s, told->sequence, hour);
		break;
	case TELL_DESTROY:
	case TELL_GONE:
		note_destroy(life, told);
		break;
	case TELL_FULL:
		life->full = true;
		life->full_hour = hour;
		break;
	case TELL_LIES:
		life->lied = true;
		break;
	case TELL_COPY:
		life->copied = true;
		break;
	case TELL_CLOCK:
		break;
	}
	if (told->at > life->now_ns)
		life->now_ns = told->at;
}

/* ---- What may be missing --------------------------------------------------------------------- */

static uint8_t may_miss(const struct life *life, const struct state *row)
{
	uint8_t parts = row->may_go;

	for (unsigned p = 0; p < ROW_PARTS; p++)
		if (row->lo <= expired_hour(life->now_ns, p))
			parts |= parts_of((int)p);
	/* On a full disk the oldest hours go, and parts of what is new. */
	if (life->full && row->lo < life->full_hour)
		parts = PARTS_ALL;
	if (life->full)
		parts |= (uint8_t)(1u << PART_HEADERS | 1u << PART_PAYLOAD);
	return life->lied ? PARTS_ALL : parts;
}

/* ---- Reading --------------------------------------------------------------------------------- */

struct reading {
	struct life *life;
	const char *when;
	uint64_t arrivals; /* how many, and in order: */
	uint64_t *arrival;
	size_t room;
	uint64_t highest;
	bool copy; /* of an older state: only what must be gone is asked */
};

static struct stream *stream_of(struct life *life, const struct rows_id *id)
{
	for (unsigned i = 0; i < STREAMS; i++) {
		struct stream *s = &life->stream[i];

		if (s->agent == id->agent && s->epoch == id->epoch && s->shard == id->shard)
			return s;
	}
	return NULL;
}

static void keep_arrival(struct reading *at, uint64_t arrival)
{
	if (at->arrivals == at->room) {
		at->room = at->room ? 2 * at->room : 1024;
		at->arrival = reallocarray(at->arrival, at->room, sizeof(*at->arrival));
		assert(at->arrival);
	}
	at->arrival[at->arrivals++] = arrival;
	if (arrival > at->highest)
		at->highest = arrival;
}

static void on_row(void *owner, const struct store_piece *p, const struct row_view *v,
		   uint64_t arrival)
{
	struct reading *at = owner;
	struct rows_id id = rows_id_of(v);
	struct stream *s = stream_of(at->life, &id);
	struct state *row = s && id.sequence <= s->added ? &s->row[id.sequence] : NULL;
	unsigned long long sequence = id.sequence;
	int parts = rows_check(v);

	if (!row || !row->added)
		crash_wrong(at->life, "%s: there is a row that nobody sent: %u, %llu", at->when,
			    id.agent, sequence);
	if (parts < 0)
		crash_wrong(at->life, "%s: row %u, %llu is not what was sent", at->when, id.agent,
			    sequence);
	if (p->cluster[0] != '\0' && strcmp(p->cluster, cluster_name(s->cluster)) != 0)
		crash_wrong(at->life, "%s: row %u, %llu is in cluster %s", at->when, id.agent,
			    sequence, p->cluster);
	if ((unsigned)parts & row->must_go && !at->life->lied)
		crash_wrong(at->life,
			    "%s: row %u, %llu has parts %x of which %x were destroyed (piece %llx)",
			    at->when, id.agent, sequence, (unsigned)parts, row->must_go,
			    (unsigned long long)p->first_arrival);
	if (at->copy)
		return;
	if (row->times++)
		crash_wrong(at->life, "%s: row %u, %llu is there twice, as %llu and %llu", at->when,
			    id.agent, sequence, (unsigned long long)row->arrival,
			    (unsigned long long)arrival);
	if (!row->seen && arrival <= at->life->last_arrival && !at->life->lied)
		crash_wrong(at->life,
			    "%s: row %u, %llu is new and has the number %llu, but %llu was given",
			    at->when, id.agent, sequence, (unsigned long long)arrival,
			    (unsigned long long)at->life->last_arrival);
	if (row->seen && row->arrival != arrival && !at->life->lied)
		crash_wrong(at->life, "%s: the number of row %u, %llu changed", at->when, id.agent,
			    sequence);
	row->arrival = arrival;
	row->parts = (uint8_t)parts;
	keep_arrival(at, arrival);
}

/* After the recovery a problem must be one that it said. */
static void on_problem(void *owner, const struct store_piece *p, const char *text)
{
	struct reading *at = owner;

	if (at->copy || p->bad == -ENOKEY)
		return;
	if (strcmp(at->when, "before") != 0 &&
	    !str_contains(buf_str(&at->life->said), str_of(text)))
		crash_wrong(at->life, "%s: not explained: %s", at->when, text);
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void check_numbers(const struct reading *at)
{
	if (at->arrivals == 0)
		return;
	qsort(at->arrival, at->arrivals, sizeof(*at->arrival), by_number);
	for (uint64_t i = 1; i < at->arrivals; i++)
		if (at->arrival[i] == at->arrival[i - 1])
			crash_wrong(at->life, "%s: two rows have the number %llu", at->when,
				    (unsigned long long)at->arrival[i]);
}

static void check_stream(const struct reading *at, struct stream *s)
{
	uint64_t last = 0;

	for (uint64_t i = 1; i <= s->added; i++) {
		struct state *row = &s->row[i];
		unsigned missing = PARTS_ALL & ~(unsigned)(row->parts | may_miss(at->life, row));

		row->seen = row->seen || row->times;
		if (row->times && row->arrival <= last)
			crash_wrong(at->life, "%s: row %u, %llu came before the one before it",
				    at->when, s->agent, (unsigned long long)i);
		last = row->times ? row->arrival : last;
		if (!row->acked || missing == 0)
			continue;
		crash_wrong(at->life,
			    "%s: row %u, %llu was acknowledged in hour %lld to %lld, and of it %s "
			    "(parts %x)",
			    at->when, s->agent, (unsigned long long)i, (long long)row->lo,
			    (long long)row->hi, row->times ? "a part is lost" : "nothing is there",
			    missing);
	}
}

/* On a disk that lied some of the last rows of an hour may be lost, but none before one that is
 * there, unless the recovery said that something is damaged. */
static void check_prefix(const struct reading *at, const struct stream *s)
{
	bool lost = false;
	int64_t hour = INT64_MIN;

	for (uint64_t i = 1; i <= s->acked; i++) {
		const struct state *row = &s->row[i];

		if (row->lo != row->hi || row->may_go)
			continue;
		lost = lost && row->lo == hour;
		hour = row->lo;
		if (lost && row->times && !str_contains(buf_str(&at->life->said), STR("log ")))
			crash_wrong(at->life, "%s: before row %u, %llu others are lost", at->when,
				    s->agent, (unsigned long long)i);
		lost = lost || row->times == 0;
	}
}

void crash_read(struct life *life, const char *when, bool recovered)
{
	struct reading at = { .life = life, .when = when, .highest = life->last_arrival };
	const struct rows_reading to = { on_row, on_problem, &at };
	struct err err = { .id = ERR_NONE };

	for (unsigned k = 0; k < STREAMS; k++)
		for (uint64_t i = 1; i <= life->stream[k].added; i++)
			life->stream[k].row[i].times = life->stream[k].row[i].parts = 0;
	if (rows_read_all(life->dir, &life->root, &to, &err) < 0) {
		/* A child that died at once may have left no store. */
		if (err.id == ERR_STORE_NONE && !recovered && life->last_arrival == 0)
			return;
		crash_wrong(life, "%s: it cannot be read: %s", when, err.text);
	}
	check_numbers(&at);
	for (unsigned k = 0; k < STREAMS; k++)
		check_stream(&at, &life->stream[k]);
	for (unsigned k = 0; k < STREAMS && life->lied && recovered; k++)
		check_prefix(&at, &life->stream[k]);
	life->last_arrival = at.highest;
	free(at.arrival);
}

/* ---- Verifying ------------------------------------------------------------------------------- */

static void on_wrong(void *owner, const char *text)
{
	const struct life *life = owner;

	if (!life->lied && !str_contains(buf_str(&life->said), str_of(text)))
		crash_wrong(life, "verifying: not explained: %s", text);
}

void crash_verify(struct life *life)
{
	struct err err = { .id = ERR_NONE };

	if (store_verify(life->dir, &life->root, on_wrong, life, NULL, &err) < 0)
		crash_wrong(life, "it cannot be verified: %s", err.text);
}

/* ---- An older copy --------------------------------------------------------------------------- */

static void copy_keys(const struct life *life)
{
	char from[PATH_BYTES + 32], to[PATH_BYTES + 32];
	static char bytes[MIB];
	ssize_t n;
	int fd;

	(void)snprintf(from, sizeof(from), "%s/keys/keystore", life->dir);
	(void)snprintf(to, sizeof(to), "%s/keys/keystore", life->copy);
	fd = open(from, O_RDONLY | O_CLOEXEC);
	n = read(fd, bytes, sizeof(bytes));
	(void)close(fd);
	fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (n <= 0 || n == (ssize_t)sizeof(bytes) || write(fd, bytes, (size_t)n) != n)
		crash_wrong(life, "the keystore cannot be copied");
	(void)close(fd);
}

/* Files of before a destruction under the keystore of after it. */
void crash_read_copy(struct life *life)
{
	struct reading at = { .life = life, .when = "copy", .copy = true };
	const struct rows_reading to = { on_row, on_problem, &at };
	struct err err = { .id = ERR_NONE };

	if (!life->copied)
		return;
	copy_keys(life);
	if (rows_read_all(life->copy, &life->root, &to, &err) < 0)
		crash_wrong(life, "the copy cannot be read: %s", err.text);
}
