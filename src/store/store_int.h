/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share: the writer's own view of the state directory, and what each
 * file does for the others. Private to store.
 *
 * Three rules keep every acknowledged row there, once, through any crash:
 *
 * Invariant (marks): marks and arrival numbers are in logs alone. A log goes only when another log
 * stands durable in the directory that began after the last commit of this one, since that one's
 * first frame carries all marks, and its number is above all arrivals, of this one. Where there is
 * none, a log of marks alone is made first (store_carry()). So a store that ever held a row has a
 * log.
 *
 * Invariant (void frames): the number of a log, drawn when it begins, is above every arrival that
 * was acknowledged in older logs of its cluster, and not above any that was not. So of a log only
 * what is below the next number of its cluster counts: what a failed commit may have left behind
 * that is written again to the next log, and read from there. While a log may hold such frames, the
 * file that bounds it stays.
 *
 * Invariant (segments): a log goes after its segment has its name, durable; where both are there
 * the segment counts.
 */
#ifndef REDOUBT_STORE_INT_H
#define REDOUBT_STORE_INT_H

#include "store/store.h"

#define LOCK_NAME     "lock"
#define RESERVE_NAME  "reserve"
#define KEYS_DIR      "keys"
#define KEYSTORE_NAME "keystore"
#define META_DIR      "meta"
#define LOG_DIR       "log"
#define SEGMENTS_DIR  "segments"
/* The purpose key that seals marks. */
#define STORE_PURPOSE_LOG "log"
#define ASIDE_SUFFIX      ".damaged" /* a damaged log whose good rows are a segment */

/* Limit: files of rows, so that what is known of them stays within 64 MiB. */
#define FILES_MAX    ((size_t)1 << 18)
#define OTHER_SUFFIX ".other" /* a file of another store, which is left to its owner */
/* Limit: arrival numbers, and those of files; a name above it is none that a store gave. */
#define NUMBER_MAX (UINT64_C(1) << 62)
/* More rows than a log can hold: numbers that may have been given where it cannot be known. */
#define NUMBERS_OF_A_LOG (UINT64_C(1) << 32)
/* Limit: how long a log that fails waits until it is tried again unasked; at first STORE_COMMIT_NS,
 * and twice as long each time. */
#define PATIENCE_MAX_NS (60 * NS_PER_S)
/* Limit: damaged logs that are kept aside; the oldest goes. */
#define ASIDE_MAX 4
/* Limit: files that cannot be used, which one look at the store tells of. */
#define STRANGE_MAX 1024
/* What is full, and what failed, is looked at again after so long. */
#define LOOK_NS NS_PER_S

#define PARTS_ALL ((1u << ROW_PARTS) - 1)

/* ---- Files of rows --------------------------------------------------------------------------- */

/* A log, its segment, or both for a moment: one number. */
struct store_file {
	uint64_t number;
	int64_t hour;
	bool log, segment;
	bool open;    /* its log is being written */
	bool marks;   /* a log of marks alone */
	bool perhaps; /* its log may hold frames that nobody was told of */
	bool bad;     /* something in the log cannot be read */
	bool proven;  /* something in it opens: this store wrote it */
	char cluster[KEYSTORE_CLUSTER_MAX + 1]; /* empty: not known, or of marks alone */
	uint64_t key_id[ROW_PARTS];             /* 0: no such part */
	uint64_t log_bytes, bytes[ROW_PARTS];   /* of the log, of the segment */
	int64_t youngest_ns;                    /* of a log: when its last row came */
	int64_t again_ns;                       /* do not try before, since it failed */
	uint64_t began, changed;                /* stamps of the log: its first and last commit */
};

/* By number, ascending. A pointer into it is good until the next one is added. */
struct store_files {
	struct store_file *v;
	size_t n, room;
};

/* That of a number, made where there is none: NULL when there is no room. */
struct store_file *store_file_add(struct store_files *files, uint64_t number);
struct store_file *store_file_find(const struct store_files *files, uint64_t number);
/* The first of this number or a higher one, or NULL. */
struct store_file *store_file_from(const struct store_files *files, uint64_t number);
/* Forgets those that have neither log nor segment. */
void store_files_tidy(struct store_files *files);
uint64_t store_file_bytes(const struct store_file *f);
/* The log's rows of this arrival and later are void: the next number of its cluster, of a file that
 * is proven. */
uint64_t store_file_until(const struct store_files *files, const struct store_file *f);

/* What is in the two directories, with what the heads of the files say. *strange is called for
 * what cannot be used, with the reason; may be NULL. Directories may be -1: then they are empty. A
 * head is in clear and proves nothing: what a file tells of others counts when it is proven. */
struct store_scan {
	int log_fd, segments_fd;
	const struct keystore *ks;
	struct store_files *files;
	/* is_log: of the two. The name is that in its directory. */
	void (*strange)(void *owner, bool is_log, const char *name, const struct err *err);
	void *owner;
};
/* In two steps, so that the keystore can be opened between them, which then has the keys of all
 * that is listed. names is born by the first with its ceiling, and owned by the caller. */
[[nodiscard]] int store_list(int log_fd, int segments_fd, struct buf *names, struct err *err);
[[nodiscard]] int store_scan(const struct store_scan *scan, const struct buf *names,
			     struct err *err);

/* A log that is read: its keys are those that are alive. */
struct store_log_in {
	int fd;
	char name[ROWLOG_NAME_BYTES];
	struct rowlog_head head;
	int meta; /* what keystore_get() said of the key of META; 0 for a log of marks alone, too */
	struct rowlog_reader *reader;
};
/* marks_key may be NULL. -ENOENT when there is no such log. */
[[nodiscard]] int store_log_open(int log_fd, uint64_t number, const struct keystore *ks,
				 const uint8_t *marks_key, struct store_log_in *out,
				 struct err *err);
void store_log_close(struct store_log_in *in);
static inline void store_log_close_ptr_cleanup(struct store_log_in *in)
{
	store_log_close(in);
}
/* The keys of a segment's or log's parts among `parts` that are alive; id 0 for others. Returns
 * what keystore_get() said of META, 0 where it has no such part. */
[[nodiscard]] int store_keys(const struct keystore *ks, const uint64_t key_id[ROW_PARTS],
			     unsigned parts, struct segment_key key[ROW_PARTS]);
/* The key was destroyed. */
bool store_key_gone(const struct keystore *ks, uint64_t id);
/* The keystore gave this id out once. */
bool store_key_known(const struct keystore *ks, uint64_t id);
/* The frame that the reader stands at was sealed by who had the keys. */
static inline bool store_frame_proven(const struct rowlog_reader *r)
{
	return rowlog_frame_parts(r) >> PART_META & 1;
}
/* Opens a segment's files by number, as far as keys are had. */
struct store_segment_in {
	int fd[ROW_PARTS];
	struct segment_head head[ROW_PARTS];
	struct segment_key key[ROW_PARTS];
	struct segment *segment;
};
[[nodiscard]] int store_segment_open(int segments_fd, uint64_t number, const struct keystore *ks,
				     struct store_segment_in *out, struct err *err);
void store_segment_close(struct store_segment_in *in);
/* What stands beside its log counts instead of it: -EBADMSG when some of it cannot be read. */
[[nodiscard]] int store_segment_check(int segments_fd, uint64_t number, const struct keystore *ks,
				      struct err *err);
static inline void store_segment_close_ptr_cleanup(struct store_segment_in *in)
{
	store_segment_close(in);
}

/* A file that cannot be used. */
struct store_strange {
	bool is_log;
	char name[ROWLOG_NAME_BYTES];
	uint64_t number;
	int code;
	char text[256];
};

/* What is known of a store without its lock. */
struct store_view {
	int dir_fd, log_fd, segments_fd; /* -1: there is none */
	struct keystore *ks;
	struct store_files files;
	struct store_strange *strange;
	size_t stranges;
};
/* The keystore is not older than the files. */
[[nodiscard]] int store_view_open(const char *dir, const struct root_source *root,
				  struct store_view *out, struct err *err);
void store_view_close(struct store_view *v);
static inline void store_view_close_ptr_cleanup(struct store_view *v)
{
	store_view_close(v);
}

/* ---- The writer ------------------------------------------------------------------------------ */

/* What a cluster's rows are written to. */
struct store_slot {
	char cluster[KEYSTORE_CLUSTER_MAX + 1]; /* empty: free */
	struct rowlog *log;                     /* NULL: none was begun */
	uint64_t number;                        /* of the log */
	int64_t waits_ns;                       /* since then a row waits; INT64_MAX: none does */
	bool failed;   /* a commit failed: the rows that wait go to the next log */
	uint64_t next; /* the number of the next log, where it is drawn already; or 0 */
	int64_t failed_ns, patience_ns; /* when, and how long until it is tried again unasked */
};

/* A clock that goes ahead by itself, by more than a day, holds what is old back for an hour: what
 * is destroyed does not come back when the clock is set right. Times of the wall, and of a clock
 * that never jumps. */
#define CLOCK_JUMP_NS (24 * KEYSTORE_HOUR_NS)
#define CLOCK_HOLD_NS KEYSTORE_HOUR_NS
struct store_clock {
	int64_t wall_ns, mono_ns; /* of the last look; 0: there was none */
	int64_t until_ns;         /* of the clock that never jumps */
};

/* How full the disk is, as far as it was noticed. */
enum store_full { FULL_NOT, FULL_PAYLOAD, FULL_HEADERS, FULL_REFUSE };

struct store {
	struct store_conf conf;
	char *dir;
	struct store_keep keep;
	int dir_fd, lock_fd, log_fd, segments_fd;
	struct keystore *ks;
	struct meta *meta; /* NULL: the ledger is off */
	struct rowlog_marks *marks;
	uint8_t *marks_key; /* of crypto_secret_alloc() */
	struct store_files files;
	struct store_slot slot[STORE_CLUSTERS_MAX];
	size_t slots, last_slot; /* in use; of the last row */
	uint64_t next_arrival;
	uint64_t stamp;
	int64_t hour; /* the logs that are open are of this one */
	struct store_clock clock;
	bool held;                  /* and it was said */
	int64_t expired[ROW_PARTS]; /* up to this hour, as it was looked at last */
	int64_t looked_ns;          /* at the room of the disk */
	bool unsure;                /* numbers may have been given that are not known */
	bool sweep;                 /* there may be files that nobody can read */
	bool too_little; /* the current hour alone is more than may be kept, and it was said */
	bool grown;      /* there are more bytes than when they were counted last */
	bool carriers;   /* there may be logs of marks that are of no use any more */
	enum store_full full;
	uint64_t rows_shed, rows_refused, told; /* told: a hash of what was told last */
};

static inline int64_t store_hour(int64_t at_ns)
{
	int64_t hour = at_ns / KEYSTORE_HOUR_NS;

	return at_ns % KEYSTORE_HOUR_NS < 0 ? hour - 1 : hour;
}

int64_t store_now(const struct store *s);
/* One line to a person. */
void store_say(struct store *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same, and into the ledger, where there is one. */
void store_note(struct store *s, enum meta_event event, uint64_t count, uint64_t bytes,
		const char *fmt, ...) PRINTF_LIKE(5, 6);
/* "2026-11-20 08:00", of an hour. */
#define STORE_HOUR_TEXT 24
const char *store_hour_text(int64_t hour, char out[STORE_HOUR_TEXT]);
static inline bool store_is_full(int r)
{
	return r == -ENOSPC || r == -EDQUOT;
}

/* lock.c: the writer's lock, given back by closing it. Returns its descriptor. */
[[nodiscard]] int store_lock(int dir_fd, const char *dir, struct err *err);
/* Somebody writes now. */
bool store_locked(int dir_fd);

/* view.c: the state directory as it is, which is not made. ERR_STORE_NONE. */
[[nodiscard]] int store_dir_open(const char *dir, struct err *err);

/* open.c */
[[nodiscard]] int store_meta_open(const char *dir, const struct keystore *ks, bool read_only,
				  struct meta **out, struct err *err);
/* Where it cannot be had, keys can be destroyed as long as the disk is not full. */
void store_set_reserve(struct store *s);

/* keep.c: what may be kept: given, remembered, or the default. meta may be NULL. */
void store_keep_known(struct meta *meta, const struct store_keep *given, struct store_keep *out);
void store_keep_remember(struct store *s);
[[nodiscard]] int store_keep_bytes(int dir_fd, struct store_keep *keep, struct err *err);

/* recover.c */
[[nodiscard]] int store_recover(struct store *s, struct err *err);

/* write.c */
/* Commits what waits and ends the log. That of one cluster makes no room for it on a full disk, and
 * is for destroying. */
[[nodiscard]] int store_end_log(struct store *s, struct store_slot *slot, struct err *err);
[[nodiscard]] int store_end_logs(struct store *s, struct err *err);
/* What waits is forgotten, and the log ends: its hour is destroyed. */
void store_forget_log(struct store *s, struct store_slot *slot);
/* Ends the logs of an hour that is over. */
[[nodiscard]] int store_turn_hour(struct store *s, int64_t now_ns, struct err *err);
uint64_t store_until(const struct store *s, const struct store_file *f);
/* Draws none, but passes over numbers that files have. ERR_LIMIT at the end of all numbers. */
[[nodiscard]] int store_next_number(struct store *s, uint64_t *out, struct err *err);

/* carry.c */
/* Afterwards the log may go, as far as marks and numbers go. May move the list of files. */
[[nodiscard]] int store_carry(struct store *s, const struct store_file *f, struct err *err);
/* Older logs of its cluster become segments, as long as this file tells what of them counts: but
 * not those that match, which go with it. match and err may be NULL. May move the list. */
[[nodiscard]] int store_release(struct store *s, uint64_t number, const struct key_match *match,
				struct err *err);
bool store_matches(const struct key_match *match, const char *cluster, int64_t hour);
/* The older one is a log of its cluster that may hold void frames, of which this file tells. */
bool store_bounds(const struct store_file *f, const struct store_file *older);
/* Removes a log, or sets it aside; what it carries is carried on first. May move the list. */
[[nodiscard]] int store_drop_log(struct store *s, uint64_t number, bool aside, struct err *err);
/* Removes logs of marks that newer ones made needless. */
void store_drop_carriers(struct store *s);

/* compact.c: a log becomes a segment. A log that is due: NULL when there is none. */
[[nodiscard]] int store_compact_log(struct store *s, uint64_t number, struct err *err);
struct store_file *store_due(struct store *s, int64_t now_ns);

/* destroy.c: keys first, then files. Returns how many keys. */
[[nodiscard]] ptrdiff_t store_destroy_keys(struct store *s, const struct key_match *match,
					   uint64_t *freed_bytes, struct err *err);
/* Removes what nobody can read any more. Returns its bytes. */
uint64_t store_sweep(struct store *s);

/* retain.c */
/* The clock is not to be trusted yet. */
bool store_clock_holds(struct store_clock *c, int64_t wall_ns, int64_t mono_ns);
/* By age alone, where an hour more is old enough. */
[[nodiscard]] int store_retain_age(struct store *s, int64_t now_ns, struct err *err);
/* The oldest hour before `before` whose segments have this part, META also of logs; INT64_MAX:
 * none. */
int64_t store_oldest_hour(const struct store *s, enum field_part part, int64_t before);

/* shed.c */
/* Does the next thing that may help on a full disk: 1, try again; 0: nothing is left to do. */
[[nodiscard]] int store_make_room(struct store *s);
/* Takes back one of its steps where there is room again. */
void store_look_at_room(struct store *s, int64_t now_ns);
unsigned store_shed_parts(const struct store *s);
/* As the writer told it last; meta may be NULL. */
void store_shed_known(struct meta *meta, unsigned *shed, uint64_t *rows_shed,
		      uint64_t *rows_refused);

/* forecast.c: what grows at these rates, until it is more than bytes_max. */
struct store_growth {
	double bytes_a_day[ROW_PARTS];
	double days_had[ROW_PARTS];  /* since the oldest hour of the part */
	double days_kept[ROW_PARTS]; /* after which as much goes as comes */
};
double store_days_left(const struct store_growth *g, uint64_t bytes, uint64_t bytes_max);

#endif
