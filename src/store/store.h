/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: the state directory as one thing (docs/formats). Its one writer takes rows into a log,
 * acknowledges them when they are durable, makes segments of what has rested, drops whole hours
 * when they are too old or too many, and destroys keys; after a crash it finds everything that was
 * acknowledged, once. Readers need no lock: they list what is there and read it by its keys.
 *
 *   DIR/lock  DIR/reserve  DIR/keys/keystore  DIR/meta/redoubt.db
 *   DIR/log/FIRST.log      DIR/segments/FIRST.meta .headers .payload
 *
 * FIRST is a number of its own from the row of arrival numbers, below that of its first row.
 * Invariant: a log whose segment is there (its .meta has its name) holds nothing that is not in the
 * segment, and is passed over and removed.
 */
#ifndef REDOUBT_STORE_H
#define REDOUBT_STORE_H

#include "base/base.h"
#include "keystore/keystore.h"
#include "meta/meta.h"
#include "record/record.h"
#include "rowlog/rowlog.h"
#include "segment/segment.h"

/* Limit: rows rest in the log at least so long before they become a segment; a commit is at most so
 * far behind the first row that waits for it. */
#define STORE_REST_NS   (10 * NS_PER_S)
#define STORE_COMMIT_NS (100 * NS_PER_MS)
/* Limit: clusters whose rows are taken at once. */
#define STORE_CLUSTERS_MAX 256
/* What is set aside so that keys can be destroyed on a full disk. */
#define STORE_RESERVE_BYTES (4 * MIB)

/* How long rows are kept, by arrival, and in how many bytes. 0 of any of them: as it was set last
 * for this store, or the default; what is not 0 is remembered as a setting of the metadata database
 * ("keep.meta", "keep.headers", "keep.payload" in ns, "keep.bytes"). */
struct store_keep {
	int64_t part_ns[ROW_PARTS]; /* whole hours count */
	uint64_t bytes; /* of logs and segments; never set: a fifth of the file system */
};
/* META 30 d, HEADERS 7 d, PAYLOAD 24 h, a fifth of the disk. */
extern const struct store_keep store_keep_default;

struct store_conf {
	const char *dir;
	struct root_source root;
	bool create;
	struct store_keep keep;
	int64_t rest_ns; /* STORE_REST_NS; 0 in imports, where nothing late can come */
	/* The time, for tests; NULL: time_now_ns(). */
	int64_t (*now)(void *owner);
	/* Rows that are durable now. May be NULL. */
	void (*acked)(void *owner, const char *cluster, const struct rowlog_ack *ack);
	/* One line about something a person should know, such as what a recovery dropped. */
	void (*said)(void *owner, const char *text);
	void *owner;
};

/* ---- Writing --------------------------------------------------------------------------------- */

struct store;

/* Takes the writer's lock (ERR_STORE_BUSY names who has it), opens all, recovers: names ending in
 * .new go, logs are read for marks and arrival numbers, what was torn is said and entered in the
 * ledger. */
[[nodiscard]] int store_open(const struct store_conf *conf, struct store **out, struct err *err);
/* Commits what waits; an error is returned, and the store is closed all the same. */
[[nodiscard]] int store_close(struct store *s, struct err *err);
void store_abandon(struct store *s); /* closes without a commit; NULL is nothing */
CLEANUP_DEFINE(struct store *, store_abandon)

/* Takes a row: 1, it waits for a commit; 0, it is there already; negative with *err: it could not
 * be taken, and is not acknowledged. Commits when a frame is full. Above ROW_MAX never comes. */
[[nodiscard]] int store_add(struct store *s, const char *cluster, const struct row_view *row,
			    struct err *err);
/* Commits all that waits. */
[[nodiscard]] int store_commit(struct store *s, struct err *err);
/* What time asks for: a commit that is due, logs that are due become segments (one a call), hours
 * that are due go. Called often; cheap when nothing is due. 1 when there is more to do at once. */
[[nodiscard]] int store_tick(struct store *s, struct err *err);
/* Makes segments of all that was committed, however young. */
[[nodiscard]] int store_compact(struct store *s, struct err *err);

/* Destroys the keys that match, then the files nobody can read any more. META takes the other parts
 * along, which say nothing without it. Rows that wait in such an hour are destroyed, too. Returns
 * how many keys. */
[[nodiscard]] ptrdiff_t store_destroy(struct store *s, const struct key_match *match,
				      struct err *err);
/* Destroys and removes what is older or larger than may be kept: store_tick() does it too. */
[[nodiscard]] int store_retain(struct store *s, struct err *err);

/* What goes first when the disk is full, in this order, a sentence each; NULL behind the last.
 * After each step it is tried again, and when there is room, the steps for new rows are taken back.
 */
const char *store_shed_step(size_t i);

/* ---- Looking at it --------------------------------------------------------------------------- */

struct store_part_status {
	uint64_t bytes, hours;
	int64_t oldest_hour; /* -1: there is none */
};
struct store_status {
	struct store_part_status part[ROW_PARTS]; /* of segments */
	uint64_t log_bytes, log_files, segments, rows_waiting;
	uint64_t bytes, bytes_max, disk_free, disk_all;
	uint64_t next_arrival;
	unsigned shed; /* parts that new rows lose now, as bits */
	uint64_t rows_shed, rows_refused;
	double bytes_a_day; /* of the hours that are whole; 0: not known */
	double days_left;   /* until bytes_max or age drops the oldest hour of META by bytes; < 0:
			     * not known */
};
/* Of a directory, without a lock. keep as in store_conf, but nothing is remembered; keep_used,
 * which may be NULL, gets what holds. */
[[nodiscard]] int store_status(const char *dir, const struct root_source *root,
			       const struct store_keep *keep, struct store_keep *keep_used,
			       struct store_status *out, struct err *err);

/* What a reader reads: a log or a segment, with its descriptors and keys. */
struct store_piece {
	bool is_log;
	uint64_t first_arrival;
	int64_t hour;
	char cluster[KEYSTORE_CLUSTER_MAX + 1]; /* empty where the key is gone */
	int fd[ROW_PARTS];                      /* a log: [0] alone; -1: none */
	struct rowlog_head log_head;
	struct segment_head segment_head[ROW_PARTS];
	struct segment_key key[ROW_PARTS]; /* id 0: not had */
	/* Of a log: frames from this arrival on are void. A commit that failed left them there, and
	 * their rows are in the next log of the cluster. UINT64_MAX: there are none. */
	uint64_t until_arrival;
	int bad;        /* 0, or why nothing can be read: -ENOKEY, -EBADMSG, …; text says it */
	char text[256]; /* of a part alone, too: empty where all is well */
};

struct store_reader;

/* Lists what is there now, by first arrival. parts: bits of those whose keys may be handed out. */
[[nodiscard]] int store_reader_open(const char *dir, const struct root_source *root, unsigned parts,
				    struct store_reader **out, struct err *err);
void store_reader_free(struct store_reader *r);
CLEANUP_DEFINE(struct store_reader *, store_reader_free)
const uint8_t *store_reader_id(const struct store_reader *r);
size_t store_reader_pieces(const struct store_reader *r);
/* The number in the name of a piece, below the arrival number of its first row. */
uint64_t store_reader_first(const struct store_reader *r, size_t i);
/* Opens one; the descriptors are the caller's. 0, or -ENOENT when it is gone since (a log that
 * became a segment: open the list anew and go on behind the last arrival number seen). */
[[nodiscard]] int store_reader_piece(struct store_reader *r, size_t i, struct store_piece *out,
				     struct err *err);
void store_piece_done(struct store_piece *p);

/* The newest entries of the ledger, newest first. ERR_STORE_DAMAGED where it cannot be read. */
[[nodiscard]] int store_events(const char *dir, const struct root_source *root, unsigned limit,
			       void (*each)(void *owner, const struct meta_entry *entry),
			       void *owner, struct err *err);

/* Verifies every frame, chunk, page and key, and says what is wrong in words, a line each. Returns
 * how many things are wrong. counts, which may be NULL, gets what was looked at. */
struct store_verified {
	uint64_t keys, logs, frames, segments, chunks, pages, rows, bytes;
};
[[nodiscard]] ptrdiff_t store_verify(const char *dir, const struct root_source *root,
				     void (*say)(void *owner, const char *text), void *owner,
				     struct store_verified *counts, struct err *err);

#endif
