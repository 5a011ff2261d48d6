/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base: what every room may use, on libc alone: borrowed strings and checked cursors for bytes from
 * outside, bounded buffers, arenas over a fixed page pool, times, errors, counters, options and log
 * lines. It promises that nothing here grows without a ceiling and that nothing reads past an end.
 * It leaves files, processes and every format to the rooms above.
 */
#ifndef REDOUBT_BASE_H
#define REDOUBT_BASE_H

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/tables.h"

/* ---- Small things of the language ------------------------------------------------------------ */

#define KIB       ((size_t)1024)
#define MIB       (1024 * KIB)
#define GIB       (1024 * MIB)
#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

#define ARRAY_LEN(a)           (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define likely(x)              __builtin_expect(!!(x), 1)
#define unlikely(x)            __builtin_expect(!!(x), 0)

/* Checked arithmetic as in C23's <stdckdint.h>: true when the true result did not fit. */
#define ckd_add(out, a, b) __builtin_add_overflow((a), (b), (out))
#define ckd_sub(out, a, b) __builtin_sub_overflow((a), (b), (out))
#define ckd_mul(out, a, b) __builtin_mul_overflow((a), (b), (out))

/* CLEANUP(foo_free) struct foo *f = …; calls foo_free(f) when f leaves its scope; TAKE(f) hands f
 * over. CLEANUP_DEFINE(type *, foo_free) makes the glue once, after foo_free is declared. */
#define CLEANUP(fn) __attribute__((cleanup(fn##_cleanup)))
#define CLEANUP_DEFINE(type, fn)                                                                   \
	static inline void fn##_cleanup(type *p)                                                   \
	{                                                                                          \
		fn(*p);                                                                            \
	}
#define TAKE(p)                                                                                    \
	__extension__({                                                                            \
		typeof(p) taken_ = (p);                                                            \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

static inline size_t size_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A descriptor that closes itself: CLEANUP(fd_close) int fd = …; TAKE_FD(fd) hands it over. */
void fd_close(int fd);
CLEANUP_DEFINE(int, fd_close)
#define TAKE_FD(fd)                                                                                \
	__extension__({                                                                            \
		int taken_ = (fd);                                                                 \
		(fd) = -1;                                                                         \
		taken_;                                                                            \
	})

/* ---- str: bytes that somebody else owns ------------------------------------------------------ */

/* Borrowed, not NUL-terminated, passed by value. p may be NULL when n is 0. */
struct str {
	const char *p;
	size_t n;
};

#define STR(lit)   ((struct str){ ("" lit), sizeof(lit) - 1 })
#define STR_FMT(s) (int)(s).n, (s).p ? (s).p : "" /* for "%.*s" */

static inline struct str str_of(const char *z)
{
	return (struct str){ z, z ? strlen(z) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_starts(struct str s, struct str with)
{
	return s.n >= with.n && (with.n == 0 || memcmp(s.p, with.p, with.n) == 0);
}

/* The rest of s behind its first n bytes; an empty string when there are fewer. */
static inline struct str str_skip(struct str s, size_t n)
{
	return n >= s.n ? (struct str){ s.p ? s.p + s.n : NULL, 0 }
			: (struct str){ s.p + n, s.n - n };
}

static inline struct str str_head(struct str s, size_t n)
{
	return (struct str){ s.p, size_min(s.n, n) };
}

/* ASCII only, as protocols mean it. */
bool str_eq_nocase(struct str a, struct str b);
bool str_ends(struct str s, struct str with);
bool str_contains(struct str s, struct str part);
/* Orders by bytes, a shorter prefix first, as memcmp does. */
int str_cmp(struct str a, struct str b);

/* Offset of the first c at or after from, or -1. */
ptrdiff_t str_find(struct str s, char c, size_t from);

/* Cuts *s at the first c: *head gets what stands before it, *s what stands behind it.
 * Without c, *head gets all, *s becomes empty, and the answer is false. */
bool str_cut(struct str *s, char c, struct str *head);

/* Without the spaces and tabs at both ends (RFC 9110 OWS). */
struct str str_trim(struct str s);

/* Digits only, the whole string, no sign: 0, -EINVAL, or -ERANGE. Writes *out only on success. */
[[nodiscard]] int str_to_u64(struct str s, uint64_t *out);
/* The same for hexadecimal digits without a prefix. */
[[nodiscard]] int str_to_hex64(struct str s, uint64_t *out);

/* Levenshtein distance, for "did you mean"; strings above 64 bytes answer SIZE_MAX. */
size_t str_distance(struct str a, struct str b);

/* 64-bit hash of bytes, seeded; not for secrets. Stable across versions and machines. */
uint64_t hash_bytes(const void *p, size_t n, uint64_t seed);

__extension__ typedef unsigned __int128 uint128;

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	uint128 m =
		(uint128)(a ^ UINT64_C(0x9e3779b97f4a7c15)) * (b ^ UINT64_C(0xe7037ed1a0b428db));

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* ---- cur: numbers out of bytes, checked ------------------------------------------------------ */

/* After a read past the end every read answers 0 and cur_ok() is false: read all, then ask once. */
struct cur {
	const uint8_t *p;
	size_t n;
	bool bad;
};

static inline struct cur cur_of(const void *p, size_t n)
{
	return (struct cur){ p, n, false };
}

static inline bool cur_ok(const struct cur *c)
{
	return !c->bad;
}

/* n bytes, or NULL. */
static inline const uint8_t *cur_take(struct cur *c, size_t n)
{
	const uint8_t *p = c->p;

	if (unlikely(c->bad || n > c->n)) {
		c->bad = true;
		return NULL;
	}
	c->p += n;
	c->n -= n;
	return p;
}

static inline void cur_skip(struct cur *c, size_t n)
{
	(void)cur_take(c, n);
}

static inline uint8_t cur_u8(struct cur *c)
{
	const uint8_t *p = cur_take(c, 1);

	return p ? *p : 0;
}

static inline uint16_t load_u16be(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t load_u32be(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t load_u16le(const uint8_t *p)
{
	return (uint16_t)(p[1] << 8 | p[0]);
}

static inline uint32_t load_u32le(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t load_u64le(const uint8_t *p)
{
	return (uint64_t)load_u32le(p + 4) << 32 | load_u32le(p);
}

static inline uint16_t cur_u16be(struct cur *c)
{
	const uint8_t *p = cur_take(c, 2);

	return p ? load_u16be(p) : 0;
}

static inline uint32_t cur_u32be(struct cur *c)
{
	const uint8_t *p = cur_take(c, 4);

	return p ? load_u32be(p) : 0;
}

static inline uint16_t cur_u16le(struct cur *c)
{
	const uint8_t *p = cur_take(c, 2);

	return p ? load_u16le(p) : 0;
}

static inline uint32_t cur_u32le(struct cur *c)
{
	const uint8_t *p = cur_take(c, 4);

	return p ? load_u32le(p) : 0;
}

static inline uint64_t cur_u64le(struct cur *c)
{
	const uint8_t *p = cur_take(c, 8);

	return p ? load_u64le(p) : 0;
}

/* ---- buf: bytes we own, born with a ceiling -------------------------------------------------- */

/* Invariant: len <= cap_bytes, and p[len] is a NUL whenever p is set. Once full is true the
 * content ends at the last put that fitted whole, and every later put is refused and ignored. */
struct buf {
	char *p;
	size_t len;
	size_t room;
	size_t cap_bytes;
	bool full;
};

void buf_init(struct buf *b, size_t cap_bytes);
void buf_done(struct buf *b);
static inline void buf_done_ptr_cleanup(struct buf *b)
{
	buf_done(b);
}
/* Empties b and keeps its memory. */
void buf_clear(struct buf *b);
/* Each answers 0, or -ENOBUFS past the ceiling, or -ENOMEM; b->full says so too, so that a long
 * run of puts may be checked once at its end. */
int buf_put(struct buf *b, struct str s);
int buf_put_char(struct buf *b, char c);
int buf_put_u64(struct buf *b, uint64_t v);
int buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Appends n bytes of undefined content for the caller to write, and answers where they stand until
 * the next put; NULL where a put would have been refused. */
char *buf_extend(struct buf *b, size_t n);
/* Drops the first n bytes. */
void buf_drop(struct buf *b, size_t n);

static inline struct str buf_str(const struct buf *b)
{
	return (struct str){ b->p, b->len };
}

/* ---- pool and arena: memory decided at start ------------------------------------------------- */

/* A pool is one mapping cut into blocks of one size; a block is got and given back in constant
 * time. The kernel backs a block with memory only when it is first used. */
struct pool {
	uint8_t *base;
	size_t block_bytes;
	size_t blocks;
	size_t used;  /* blocks out now */
	size_t fresh; /* blocks from here on were never given out */
	void *free_list;
	size_t backed;    /* blocks that may have memory: fresh at its highest */
	size_t reserved;  /* so many it may have anyway */
	size_t *shared;   /* bytes that are left for what goes beyond, see pool_share() */
	uint64_t refused; /* gets answered with NULL */
};

/* block_bytes is rounded up to 16. Returns 0, -EINVAL or -ENOMEM. */
[[nodiscard]] int pool_init(struct pool *pool, size_t block_bytes, size_t blocks);
void pool_done(struct pool *pool);
/* Several pools, each as large as it could have to be, that together are larger than they may
 * become: blocks beyond the first `reserved` take their bytes from *shared when they are first
 * used, and keep them. *shared outlives the pool. */
void pool_share(struct pool *pool, size_t reserved, size_t *shared);
/* A block with undefined content, or NULL when the pool is empty; that is counted. */
void *pool_get(struct pool *pool);
void pool_put(struct pool *pool, void *block);
/* How many blocks can still be had. */
size_t pool_left(const struct pool *pool);
/* Gives all blocks back at once. */
void pool_reset(struct pool *pool);

/* An arena takes blocks from a pool and gives them all back at its end. */
struct arena {
	struct pool *pool;
	void *head;   /* chain of blocks, newest first */
	size_t room;  /* bytes left in the newest block */
	size_t bytes; /* handed out so far */
	size_t cap_bytes;
};

void arena_init(struct arena *a, struct pool *pool, size_t cap_bytes);
void arena_done(struct arena *a);
/* n bytes aligned to 8 and counted in multiples of 8, undefined content; NULL past the cap, when
 * the pool is empty, or when n is larger than a block holds. */
void *arena_alloc(struct arena *a, size_t n);
/* A copy of s in the arena, or {NULL, 0} where s.n > 0. */
struct str arena_str(struct arena *a, struct str s);

/* ---- heap: memory that is given back piece by piece, within fixed pools ---------------------- */

#define HEAP_POOLS   3
#define HEAP_CLASSES 15

/* Pieces up to half a block of the first pool are cut from such blocks and kept by size when freed;
 * larger ones are a block of the smallest pool that fits. Made for libraries that want an
 * allocator. Zeroed but for pools and cap_bytes is empty. */
struct heap {
	struct pool *pools[HEAP_POOLS]; /* by size, smallest first */
	size_t cap_bytes, bytes;        /* bytes: of the blocks that are held */
	void *blocks;
	size_t room; /* behind what is used of the newest small block */
	void *free_list[HEAP_CLASSES];
	void *large;
};

void heap_init(struct heap *h, struct pool *const pools[HEAP_POOLS], size_t cap_bytes);
/* Gives everything back. */
void heap_done(struct heap *h);
/* Aligned to 16; NULL when the cap or the pools are full, or n is larger than a block. */
void *heap_alloc(struct heap *h, size_t n);
/* Keeps what p held, as realloc(); p stays as it was when the answer is NULL. */
void *heap_resize(struct heap *h, void *p, size_t n);
void heap_free(struct heap *h, void *p);

/* ---- err: what went wrong, for a person ------------------------------------------------------ */

struct err {
	enum err_id id;
	char text[512]; /* what and where; the table adds what to do */
};

struct err_row {
	const char *id; /* such as "capture.not-a-capture" */
	int code;       /* errno, positive */
	int http;       /* status of a problem+json answer */
	int exit;       /* exit status of the command line */
	const char *title;
	const char *hint; /* what to do */
};

const struct err_row *err_row(enum err_id id);
/* Fills *err (which may be NULL) and returns the row's code, negative. */
int err_set(struct err *err, enum err_id id, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* ---- counters: one table, one page ----------------------------------------------------------- */

/* Invariant: offered = Σ delivered + Σ drops, and it holds at every frame's end. */
enum counter_role { COUNTER_OFFERED, COUNTER_DELIVERED, COUNTER_DROP, COUNTER_NOTE };

struct counter_row {
	const char *name;
	enum counter_role role;
	const char *help;
};

/* Plain numbers, written by one process; others may read them while it runs or after it died. */
struct counters {
	uint64_t v[COUNTER_COUNT];
};

const struct counter_row *counter_row(enum counter id);
/* Sum over all counters of one role. */
uint64_t counters_sum(const struct counters *c, enum counter_role role);
void counters_add(struct counters *to, const struct counters *from);

/* ---- ip addresses ---------------------------------------------------------------------------- */

#define IP_TEXT_BYTES 46

/* 16 bytes; IPv4 is mapped (::ffff:a.b.c.d). Invariant: comparable by memcmp. */
struct ip_addr {
	uint8_t b[16];
};

bool ip_is_v4(const struct ip_addr *a);
/* RFC 5952; IPv4-mapped addresses are printed dotted. Returns the length. */
size_t ip_format(const struct ip_addr *a, char out[IP_TEXT_BYTES]);
/* Both families, no zone, no prefix length; 0 or -EINVAL. */
[[nodiscard]] int ip_parse(struct str s, struct ip_addr *out);

/* ---- time ------------------------------------------------------------------------------------ */

#define TIME_TEXT_BYTES 36

/* Nanoseconds since 1970 UTC. */
int64_t time_now_ns(void);
/* Nanoseconds of a clock that never jumps, for measuring. */
int64_t time_mono_ns(void);
/* RFC 3339 in UTC with nine digits, such as 2026-11-20T08:15:30.000000001Z. Returns its length. */
size_t time_format(int64_t at_ns, char out[TIME_TEXT_BYTES]);
/* RFC 3339, also with an offset, 0 to 9 fraction digits; 0, -EINVAL or -ERANGE. */
[[nodiscard]] int time_parse(struct str s, int64_t *out_ns);
/* A duration as Go and CEL write it ("1h2m3.5s", "300ms", "2us", "7ns"); 0, -EINVAL, -ERANGE. */
[[nodiscard]] int dur_parse(struct str s, int64_t *out_ns);
/* The shortest of ns, us, ms, s with at most 3 significant fraction digits, such as "1.25ms". */
size_t dur_format(int64_t ns, char out[TIME_TEXT_BYTES]);

/* ---- log: one logfmt line on stderr ---------------------------------------------------------- */

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Names the program in every line, and sets the lowest level that is printed. */
void log_init(const char *program, enum log_level lowest);
/* time=… level=… program=… event=EVENT and then fmt, which is "key=%u key2=%s". Values that a peer
 * chose must never be passed. */
void log_line(enum log_level level, const char *event, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same for an error: err=ID, text="…" and the row's hint="…". */
void log_err(const char *event, const struct err *err);

/* ---- conf: options are rows of a table ------------------------------------------------------- */

enum conf_type { CONF_FLAG, CONF_U64, CONF_BYTES, CONF_DUR, CONF_STR, CONF_CHOICE, CONF_LIST };

#define CONF_LIST_MAX 4096

/* A list option keeps borrowed arguments. */
struct conf_list {
	const char *v[CONF_LIST_MAX];
	size_t n;
};

/* Where a value came from; the order is the precedence. */
enum conf_source { CONF_DEFAULT, CONF_ENV, CONF_ARG };

struct conf_opt {
	const char *name; /* "--name"; in the environment as conf_env_name() says */
	char letter;      /* "-x", or 0 */
	enum conf_type type;
	size_t offset;       /* of bool, uint64_t, int64_t ns, const char *, unsigned, conf_list */
	const char *def;     /* as one would write it, or NULL */
	uint64_t min, max;   /* bounds of U64, BYTES and DUR (in ns); max 0 means none */
	const char *choices; /* "a|b|c" of a CONF_CHOICE, stored as its index */
	const char *arg;     /* what help calls the value, such as "FILE" */
	const char *help;
};

struct conf_table {
	const char *command; /* "redoubt traffic" */
	const char *summary;
	const char *usage;    /* what may follow the options */
	const char *examples; /* or NULL */
	const struct conf_opt *opts;
	size_t count;
};

/* Fills *conf from defaults, environment and arguments (argv[0] is skipped); what is no option goes
 * to *rest, or is refused where rest is NULL. "--" ends the options. A CONF_LIST option takes all
 * arguments up to the next option, and one value when written --name=VALUE or in the environment.
 * A value that stands for itself must not begin with '-', unless it is "-".
 * Returns 0, 1 when --help was asked for (nothing else is done then), or a negative code with *err
 * that names the option, the value and what is allowed. */
[[nodiscard]] int conf_parse(const struct conf_table *t, int argc, char *const *argv, void *conf,
			     struct conf_list *rest, struct err *err);
/* How an option is called in the environment, such as REDOUBT_TRAFFIC_LIMIT, with its final NUL. */
#define CONF_ENV_BYTES 80
void conf_env_name(const struct conf_table *t, const struct conf_opt *opt,
		   char out[CONF_ENV_BYTES]);
/* Appends the help text made from the table, 80 columns. */
void conf_help(const struct conf_table *t, struct buf *out);
/* "64M", "1GiB", "4096": powers of 1024; 0, -EINVAL or -ERANGE. */
[[nodiscard]] int bytes_parse(struct str s, uint64_t *out);

#endif
