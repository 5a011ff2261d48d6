/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash: what its files share. A life is one state directory through several rounds. In each a
 * child writes rows and tells the parent what it does before it does it, and what the store
 * acknowledged after; it dies; the parent reads everything back and compares. What may be missing,
 * and what must be, follows from what was told alone, and from nothing the store says of itself.
 */
#ifndef REDOUBT_TESTS_STORE_CRASH_H
#define REDOUBT_TESTS_STORE_CRASH_H

#include "store/store.h"
#include "store_rows.h"

#define STREAMS       6
#define SEQUENCES_MAX 8192 /* of one stream in one life */
#define PARTS_ALL     7u
#define DIED          77 /* exit status of a child whose disk died with it */
#define PATH_BYTES    96

/* Hours that each part is kept. */
#define KEEP_META_HOURS    12
#define KEEP_HEADERS_HOURS 6
#define KEEP_PAYLOAD_HOURS 3

/* ---- Chance ---------------------------------------------------------------------------------- */

struct chance {
	uint64_t state;
};

/* 0 … below - 1 */
static inline uint64_t chance_of(struct chance *c, uint64_t below)
{
	c->state = hash_mix(c->state + 1, 0x51ed2701);
	return below ? (c->state >> 11) % below : 0;
}

/* ---- What a child tells ---------------------------------------------------------------------- */

enum tell {
	TELL_ADD,     /* stream, sequence: about to be added */
	TELL_ACK,     /* stream, sequence: up to here */
	TELL_THERE,   /* stream, sequence: the store says that it is there already */
	TELL_CLOCK,   /* at */
	TELL_DESTROY, /* cluster, part, from, to: begins; may be gone from now on */
	TELL_GONE,    /* the same: done; must be gone from now on */
	TELL_FULL,    /* the disk says that it is full */
	TELL_LIES,    /* the disk says that it synced a log, and does not */
	TELL_COPY,    /* copies of the files were taken */
};

struct told {
	enum tell what;
	unsigned stream; /* or 1 + cluster; 0: all */
	int part;        /* -1: all */
	uint64_t sequence;
	int64_t at, from, to; /* at: the clock; hours */
};

/* ---- A life ---------------------------------------------------------------------------------- */

struct state {
	bool added, acked, seen;
	uint8_t may_go, must_go; /* parts, as bits */
	uint8_t parts, times;    /* of the last reading */
	int64_t lo, hi;          /* its hour of arrival is within */
	uint64_t arrival;
};

struct stream {
	unsigned cluster;
	uint32_t agent, epoch;
	uint8_t shard;
	uint64_t added, acked; /* the highest */
	struct state row[SEQUENCES_MAX + 1];
};

struct life {
	char base[PATH_BYTES], dir[PATH_BYTES], key[PATH_BYTES], copy[PATH_BYTES], undo[PATH_BYTES];
	struct root_source root;
	int64_t now_ns;
	bool full, lied, copied;
	int64_t full_hour;     /* of the last time it was full */
	uint64_t last_arrival; /* the highest ever seen */
	struct buf said;
	uint64_t acked_rows, rounds; /* of all lives */
	struct stream stream[STREAMS];
};

static inline const char *cluster_name(unsigned cluster)
{
	return cluster ? "east" : "west";
}

static inline struct rows_id id_of(const struct stream *s, uint64_t sequence)
{
	return (struct rows_id){ s->agent, s->epoch, s->shard, sequence };
}

static inline int64_t hour_of(int64_t at_ns)
{
	return at_ns / KEYSTORE_HOUR_NS;
}

static inline int64_t keep_ns(unsigned part)
{
	static const int64_t hours[ROW_PARTS] = { KEEP_META_HOURS, KEEP_HEADERS_HOURS,
						  KEEP_PAYLOAD_HOURS };

	return hours[part] * KEYSTORE_HOUR_NS;
}

/* The last hour that is older than may be kept. */
static inline int64_t expired_hour(int64_t now_ns, unsigned part)
{
	return hour_of(now_ns - keep_ns(part)) - 1;
}

static inline uint8_t parts_of(int part)
{
	return (uint8_t)(part <= PART_META ? PARTS_ALL : 1u << part);
}

void crash_conf(const struct life *life, struct store_conf *conf);

/* ---- The disk (crash_disk.c) ----------------------------------------------------------------- */

/* When it dies, and what it does wrong before. Calls are counted from 1; 0: never. */
struct disk_plan {
	bool losing;     /* it loses what was not synced; otherwise only the process dies */
	uint64_t die_at; /* call */
	uint64_t eio_at; /* sync */
	uint64_t full_at, full_for; /* writes */
	uint64_t lie_at;            /* syncs of logs from here on are not done */
	uint64_t seed;
	char base[PATH_BYTES], dir[PATH_BYTES], undo[PATH_BYTES];
	void (*on_full)(void);
	void (*on_lie)(void);
};
void crash_disk(const struct disk_plan *plan);

/* ---- The child (crash_child.c) --------------------------------------------------------------- */

/* Never returns. */
_Noreturn void crash_work(const struct life *life, const struct disk_plan *plan, uint64_t seed,
			  int tell_fd);
/* Opens the store and dies, or not. */
_Noreturn void crash_recovery(const struct life *life, const struct disk_plan *plan);

/* ---- The parent (crash_check.c) -------------------------------------------------------------- */

void crash_note(struct life *life, const struct told *told);
/* Reads all, before or after the recovery, and ends the program with what is wrong. */
void crash_read(struct life *life, const char *when, bool recovered);
void crash_verify(struct life *life);
void crash_read_copy(struct life *life);
_Noreturn void crash_wrong(const struct life *life, const char *fmt, ...) PRINTF_LIKE(2, 3);
extern uint64_t crash_seed;

#endif
