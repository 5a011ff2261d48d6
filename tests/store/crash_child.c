/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child: adds rows of several streams, commits, lets time pass, compacts, expires and destroys,
 * in an order that chance gives, and tells all of it. It dies somewhere within, or comes to its
 * end.
 */
#include "crash.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define STEPS       40
#define BURST_ROWS  30
#define OVERLAP_MAX 4 /* rows that are sent again though they were acknowledged */

static const struct life *life;
static struct store *store;
static struct chance chance;
static int64_t now_ns;
static int tell_fd;
static uint64_t next[STREAMS];
static bool disturbed; /* the disk did something on purpose */

_Noreturn static void die(const char *what, const char *why)
{
	(void)dprintf(STDERR_FILENO, "child, seed %llu: %s: %s\n", (unsigned long long)crash_seed,
		      what, why);
	_exit(2);
}

static void tell(struct told told)
{
	told.at = now_ns;
	if (write(tell_fd, &told, sizeof(told)) != (ssize_t)sizeof(told))
		_exit(3);
}

static int64_t clock_now(void *owner)
{
	(void)owner;
	return now_ns;
}

static void on_acked(void *owner, const char *cluster, const struct rowlog_ack *ack)
{
	(void)owner;
	(void)cluster;
	for (unsigned i = 0; i < STREAMS; i++) {
		const struct stream *s = &life->stream[i];

		if (s->agent == ack->agent && s->epoch == ack->epoch && s->shard == ack->shard)
			tell((struct told){
				.what = TELL_ACK, .stream = i, .sequence = ack->sequence });
	}
}

static void on_full(void)
{
	disturbed = true;
	tell((struct told){ .what = TELL_FULL });
}

static void on_lie(void)
{
	disturbed = true;
	tell((struct told){ .what = TELL_LIES });
}

static int failed(const char *what, int r, const struct err *err)
{
	/* On a disk that errs, what cannot be done is an answer. */
	if (r < 0 && !disturbed)
		die(what, err->text);
	return r;
}

/* ---- Steps ----------------------------------------------------------------------------------- */

static void open_store(void)
{
	struct err err = { .id = ERR_NONE };
	struct store_conf conf;

	crash_conf(life, &conf);
	conf.now = clock_now;
	conf.acked = on_acked;
	if (failed("store_open", store_open(&conf, &store, &err), &err) < 0)
		_exit(0);
	for (unsigned i = 0; i < STREAMS; i++) {
		uint64_t back = chance_of(&chance, OVERLAP_MAX);

		next[i] = life->stream[i].acked + 1;
		next[i] = next[i] > back + 1 ? next[i] - back : 1;
	}
}

static void add_one(unsigned i)
{
	const struct stream *s = &life->stream[i];
	struct rows_id id = id_of(s, next[i]);
	struct err err = { .id = ERR_NONE };
	char row[ROWS_BYTES];
	struct row_view v;
	int r;

	if (next[i] > SEQUENCES_MAX || row_view((struct str){ row, rows_make(&id, row) }, &v) < 0)
		return;
	if (id.sequence > s->acked)
		tell((struct told){ .what = TELL_ADD, .stream = i, .sequence = id.sequence });
	r = failed("store_add", store_add(store, cluster_name(s->cluster), &v, &err), &err);
	if (r < 0)
		return; /* it is sent again, as the next one */
	next[i]++;
	if (r == 1 && id.sequence <= s->acked && !life->lied)
		die("store_add", "a row that was acknowledged is taken again");
	if (r == 0)
		tell((struct told){ .what = TELL_THERE, .stream = i, .sequence = id.sequence });
}

static void add_some(void)
{
	unsigned i = (unsigned)chance_of(&chance, STREAMS);
	uint64_t n = 1 + chance_of(&chance, BURST_ROWS);

	while (n-- > 0)
		add_one(i);
}

static void commit(void)
{
	struct err err = { .id = ERR_NONE };

	(void)failed("store_commit", store_commit(store, &err), &err);
}

/* Milliseconds, seconds, minutes, or most of an hour. */
static void pass_time(void)
{
	static const int64_t step_ns[] = { 50 * NS_PER_MS, 5 * NS_PER_S, 240 * NS_PER_S,
					   KEYSTORE_HOUR_NS * 2 / 3 };
	struct err err = { .id = ERR_NONE };

	now_ns += 1 +
		  (int64_t)chance_of(&chance,
				     2 * (uint64_t)step_ns[chance_of(&chance, ARRAY_LEN(step_ns))]);
	tell((struct told){ .what = TELL_CLOCK });
	(void)failed("store_tick", store_tick(store, &err), &err);
}

static void compact(void)
{
	struct err err = { .id = ERR_NONE };

	(void)failed("store_compact", store_compact(store, &err), &err);
}

static void retain(void)
{
	struct err err = { .id = ERR_NONE };

	if (failed("store_retain", store_retain(store, &err), &err) < 0)
		return;
	for (int p = 0; p < ROW_PARTS; p++)
		tell((struct told){ .what = TELL_GONE,
				    .part = p,
				    .from = INT64_MIN,
				    .to = expired_hour(now_ns, (unsigned)p) });
}

static int link_file(void *owner, const char *name)
{
	const int *fd = owner;

	(void)unlinkat(fd[1], name, 0);
	return linkat(fd[0], name, fd[1], name, 0) < 0 ? -errno : 0;
}

static void copy_dir(const char *sub)
{
	char from[PATH_BYTES + 16], to[PATH_BYTES + 16];
	int fd[2];

	(void)snprintf(from, sizeof(from), "%s/%s", life->dir, sub);
	(void)snprintf(to, sizeof(to), "%s/%s", life->copy, sub);
	fd[0] = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd[1] = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd[0] >= 0 && fd[1] >= 0)
		(void)disk_each(fd[0], link_file, fd);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

static void destroy(void)
{
	struct told told = { .what = TELL_DESTROY,
			     .stream = (unsigned)chance_of(&chance, 3),
			     .part = (int)chance_of(&chance, 4) - 1 };
	struct err err = { .id = ERR_NONE };
	struct key_match match = { .part = told.part };

	told.to = hour_of(now_ns) - (int64_t)chance_of(&chance, 4);
	told.from = told.to - (int64_t)chance_of(&chance, 2);
	match.hour_from = told.from;
	match.hour_to = told.to;
	if (told.stream > 0)
		(void)snprintf(match.cluster, sizeof(match.cluster), "%s",
			       cluster_name(told.stream - 1));
	copy_dir("log");
	copy_dir("segments");
	tell((struct told){ .what = TELL_COPY });
	tell(told);
	if (failed("store_destroy", (int)store_destroy(store, &match, &err), &err) < 0)
		return;
	told.what = TELL_GONE;
	tell(told);
}

static void close_store(void)
{
	struct err err = { .id = ERR_NONE };

	(void)failed("store_close", store_close(TAKE(store), &err), &err);
}

static void step(void)
{
	uint64_t x = chance_of(&chance, 100);

	if (x < 45)
		add_some();
	else if (x < 60)
		commit();
	else if (x < 85)
		pass_time();
	else if (x < 91)
		compact();
	else if (x < 94)
		retain();
	else if (x < 97)
		destroy();
	else
		commit();
}

/* ---- Its life -------------------------------------------------------------------------------- */

static void begin(const struct life *of, const struct disk_plan *plan, uint64_t seed)
{
	struct disk_plan p = *plan;

	life = of;
	chance.state = seed;
	now_ns = of->now_ns;
	p.on_full = on_full;
	p.on_lie = on_lie;
	disturbed = plan->eio_at || plan->full_at || plan->lie_at;
	crash_disk(&p);
}

void crash_work(const struct life *of, const struct disk_plan *plan, uint64_t seed, int fd)
{
	uint64_t steps;

	tell_fd = fd;
	begin(of, plan, seed);
	open_store();
	steps = 1 + chance_of(&chance, STEPS);
	while (steps-- > 0)
		step();
	close_store();
	_exit(0);
}

void crash_recovery(const struct life *of, const struct disk_plan *plan)
{
	tell_fd = -1;
	begin(of, plan, plan->seed);
	open_store();
	_exit(0);
}
