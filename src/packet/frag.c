/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frag: gathers the fragments of IP packets. Memory is fixed at the start: trackers, one for each
 * packet that is being gathered, and a pool of blocks for the bytes. A fragment waits in its
 * tracker until the fate of its packet is known, and is counted then; nothing is counted twice,
 * and nothing that was offered is left out.
 */
#include <stdlib.h>

#include "packet/packet.h"

#define BUCKETS ((size_t)2 * FRAG_PACKETS_MAX)

enum {
	BLOCK_HEAD_BYTES = 24,
	BLOCK_BYTES = 2048,
	BLOCK_DATA_BYTES = BLOCK_BYTES - BLOCK_HEAD_BYTES
};

/*
 * One fragment's bytes:  first block ─more→ block ─more→ NULL
 *                             │next (higher offset)
 *                        first block ─more→ …
 */
struct block {
	struct block *more;
	struct block *next;     /* this and the following only in a first block */
	uint32_t offset, bytes; /* of the whole fragment */
	uint8_t data[BLOCK_DATA_BYTES];
};
static_assert(sizeof(struct block) == BLOCK_BYTES);

struct key {
	struct ip_addr src, dst;
	uint32_t id;
	uint8_t version, proto, tunnels;
};

/* Invariant: the parts are sorted by offset and do not overlap; gathered is the sum of their
 * bytes. A closed tracker has no parts: it remembers what to do with late fragments. */
struct tracker {
	struct key key;
	struct tracker *chain; /* in its bucket, or the free list */
	struct tracker *older, *newer;
	struct block *parts, *last;
	int64_t at_ns; /* of its first fragment to come */
	uint32_t part_count;
	uint32_t fragments; /* that were taken, repetitions included */
	uint32_t frames;    /* held, not counted yet: fragments that came as frames */
	uint32_t gathered;
	uint32_t total;      /* known once the last fragment came, until then 0 */
	enum counter closed; /* the drop that late fragments share; COUNTER_COUNT while open */
	struct packet first; /* the packet at offset 0, once it came */
};

struct frag {
	struct pool pool;
	struct counters *counters;
	struct tracker *oldest, *newest;
	struct tracker *unused;
	size_t held;
	struct tracker *bucket[BUCKETS];
	struct tracker tracker[FRAG_PACKETS_MAX];
	uint8_t whole[FRAG_WHOLE_MAX];
};

int frag_new(size_t body_blocks, struct counters *counters, struct frag **out)
{
	struct frag *fr = calloc(1, sizeof(*fr));
	int r;

	if (!fr)
		return -ENOMEM;
	r = pool_init(&fr->pool, sizeof(struct block), body_blocks);
	if (r < 0) {
		free(fr);
		return -ENOMEM;
	}
	fr->counters = counters;
	for (size_t i = 0; i < FRAG_PACKETS_MAX; i++) {
		fr->tracker[i].chain = fr->unused;
		fr->unused = &fr->tracker[i];
	}
	*out = fr;
	return 0;
}

void frag_free(struct frag *fr)
{
	if (!fr)
		return;
	pool_done(&fr->pool);
	free(fr);
}

size_t frag_held(const struct frag *fr)
{
	return fr->held;
}

/* ---- Trackers -------------------------------------------------------------------------------- */

/* IPv6 has one space of numbers for all protocols (RFC 8200, 4.5). */
static struct key key_of(const struct packet *p)
{
	return (struct key){
		.src = p->src,
		.dst = p->dst,
		.id = p->frag_id,
		.version = p->ip_version,
		.proto = p->ip_version == 4 ? p->proto : 0,
		.tunnels = p->tunnels,
	};
}

static bool key_eq(const struct key *a, const struct key *b)
{
	return a->id == b->id && a->version == b->version && a->proto == b->proto &&
	       a->tunnels == b->tunnels && memcmp(&a->src, &b->src, sizeof(a->src)) == 0 &&
	       memcmp(&a->dst, &b->dst, sizeof(a->dst)) == 0;
}

static struct tracker **bucket_of(struct frag *fr, const struct key *key)
{
	uint64_t h = hash_bytes(key, offsetof(struct key, id), key->id);

	return &fr->bucket[h % BUCKETS];
}

static struct tracker *tracker_find(struct frag *fr, const struct key *key)
{
	struct tracker *t = *bucket_of(fr, key);

	while (t && !key_eq(&t->key, key))
		t = t->chain;
	return t;
}

static void block_put_all(struct frag *fr, struct block *b)
{
	while (b) {
		struct block *more = b->more;

		pool_put(&fr->pool, b);
		b = more;
	}
}

/* Gives the parts back, and counts the frames that waited. */
static void settle(struct frag *fr, struct tracker *t, enum counter fate)
{
	while (t->parts) {
		struct block *next = t->parts->next;

		block_put_all(fr, t->parts);
		t->parts = next;
	}
	t->last = NULL;
	t->part_count = 0;
	fr->counters->v[fate] += t->frames;
	fr->held -= t->frames;
	t->frames = 0;
}

/* The packet will never be whole: its fragments so far, and all that follow, are dropped. */
static void tracker_close(struct frag *fr, struct tracker *t, enum counter drop)
{
	settle(fr, t, drop);
	t->closed = drop;
}

static void tracker_end(struct frag *fr, struct tracker *t, enum counter fate)
{
	struct tracker **link = bucket_of(fr, &t->key);

	settle(fr, t, fate);
	while (*link != t)
		link = &(*link)->chain;
	*link = t->chain;
	*(t->older ? &t->older->newer : &fr->oldest) = t->newer;
	*(t->newer ? &t->newer->older : &fr->newest) = t->older;
	t->chain = fr->unused;
	fr->unused = t;
}

static struct tracker *tracker_begin(struct frag *fr, const struct key *key, int64_t at_ns)
{
	struct tracker **bucket = bucket_of(fr, key);
	struct tracker *t;

	if (!fr->unused)
		tracker_end(fr, fr->oldest, COUNTER_DROP_FRAG_FULL);
	t = fr->unused;
	fr->unused = t->chain;
	t->key = *key;
	t->parts = t->last = NULL;
	t->at_ns = at_ns;
	t->part_count = t->fragments = t->frames = t->gathered = t->total = 0;
	t->closed = COUNTER_COUNT;
	t->chain = *bucket;
	*bucket = t;
	t->newer = NULL;
	t->older = fr->newest;
	*(fr->newest ? &fr->newest->newer : &fr->oldest) = t;
	fr->newest = t;
	return t;
}

static bool expired(const struct tracker *t, int64_t now_ns)
{
	int64_t age_ns;

	if (ckd_sub(&age_ns, now_ns, t->at_ns))
		return now_ns > t->at_ns;
	return age_ns > FRAG_TIMEOUT_NS;
}

void frag_expire(struct frag *fr, int64_t now_ns)
{
	while (fr->oldest && (now_ns == INT64_MAX || expired(fr->oldest, now_ns)))
		tracker_end(fr, fr->oldest, COUNTER_DROP_FRAG_TIMEOUT);
}

/* ---- Parts ----------------------------------------------------------------------------------- */

/* Takes memory from the oldest packets, at last from the one it is for: false then. */
static struct block *block_get(struct frag *fr, const struct tracker *wanting)
{
	struct block *b = pool_get(&fr->pool);

	for (struct tracker *t = fr->oldest; t && !b; t = t->newer) {
		if (t == wanting)
			return NULL;
		if (!t->parts)
			continue;
		tracker_close(fr, t, COUNTER_DROP_FRAG_FULL);
		b = pool_get(&fr->pool);
	}
	return b;
}

/* Copies a fragment's bytes into blocks. */
static struct block *part_new(struct frag *fr, const struct tracker *t, const struct packet *p)
{
	struct str body = p->frag_body;
	struct block *first = NULL, **link = &first;

	while (body.n > 0) {
		size_t n = size_min(body.n, BLOCK_DATA_BYTES);
		struct block *b = block_get(fr, t);

		if (!b) {
			block_put_all(fr, first);
			return NULL;
		}
		memcpy(b->data, body.p, n);
		b->more = NULL;
		*link = b;
		link = &b->more;
		body = str_skip(body, n);
	}
	first->offset = p->frag_offset;
	first->bytes = (uint32_t)p->frag_body.n;
	return first;
}

/* An exact repetition, also in being the last one or not. */
static bool part_equals(const struct tracker *t, const struct block *part, const struct packet *p)
{
	struct str body = p->frag_body;
	bool last = t->total == part->offset + part->bytes;

	if (part->offset != p->frag_offset || part->bytes != body.n || last == p->frag_more)
		return false;
	for (const struct block *b = part; b; b = b->more) {
		size_t n = size_min(body.n, BLOCK_DATA_BYTES);

		if (memcmp(b->data, body.p, n) != 0)
			return false;
		body = str_skip(body, n);
	}
	return true;
}

/* The part with the highest offset below that of p, or NULL. In order is the common case. */
static struct block *part_before(const struct tracker *t, uint32_t offset)
{
	struct block *before = NULL;

	if (t->last && t->last->offset < offset)
		return t->last;
	for (struct block *b = t->parts; b && b->offset < offset; b = b->next)
		before = b;
	return before;
}

/* What the last fragment says about the end must hold for all. */
static bool end_agrees(const struct tracker *t, const struct packet *p, uint32_t end)
{
	if (!p->frag_more && t->total != 0 && t->total != end)
		return false;
	if (!p->frag_more && t->last && t->last->offset + t->last->bytes > end)
		return false;
	return t->total == 0 || end <= t->total;
}

enum part_answer { PART_KEPT, PART_REPEATED, PART_OVERLAPS, PART_CONTRADICTS, PART_FULL };

static enum part_answer part_add(struct frag *fr, struct tracker *t, const struct packet *p)
{
	uint32_t end = p->frag_offset + (uint32_t)p->frag_body.n;
	struct block *before = part_before(t, p->frag_offset);
	struct block *after = before ? before->next : t->parts;
	struct block *part;

	if (after && part_equals(t, after, p))
		return PART_REPEATED;
	if ((before && before->offset + before->bytes > p->frag_offset) ||
	    (after && after->offset < end))
		return PART_OVERLAPS;
	if (!end_agrees(t, p, end))
		return PART_CONTRADICTS;
	if (t->part_count == FRAG_PARTS_MAX)
		return PART_FULL;
	part = part_new(fr, t, p);
	if (!part)
		return PART_FULL;

	part->next = after;
	*(before ? &before->next : &t->parts) = part;
	if (!after)
		t->last = part;
	t->part_count++;
	t->gathered += part->bytes;
	if (!p->frag_more)
		t->total = end;
	if (p->frag_offset == 0)
		t->first = *p;
	return PART_KEPT;
}

/* ---- Fragments ------------------------------------------------------------------------------- */

/* A fragment that no packet can use: cut by the capture, empty, of a length that leaves no room for
 * the next one, or beyond what a packet may be. */
static bool usable(const struct packet *p)
{
	size_t n = p->frag_body.n;

	return n > 0 && n == p->frag_bytes && (!p->frag_more || n % 8 == 0) &&
	       p->frag_offset <= FRAG_WHOLE_MAX && n <= FRAG_WHOLE_MAX - p->frag_offset;
}

static enum frag_answer shed(struct frag *fr, const struct packet *p, enum counter drop)
{
	fr->counters->v[drop] += !p->whole;
	return FRAG_SHED;
}

/* Puts the bytes together and ends the tracker. */
static enum frag_answer deliver(struct frag *fr, struct tracker *t, struct packet *first,
				struct str *body, unsigned *parts)
{
	uint8_t *to = fr->whole;

	for (const struct block *part = t->parts; part; part = part->next) {
		size_t left = part->bytes;

		for (const struct block *b = part; b; b = b->more) {
			size_t n = size_min(left, BLOCK_DATA_BYTES);

			memcpy(to, b->data, n);
			to += n;
			left -= n;
		}
	}
	*body = (struct str){ (const char *)fr->whole, t->gathered };
	*parts = t->fragments;
	*first = t->first;
	first->frag_body = str_head(*body, first->frag_bytes);
	first->payload = (struct str){ NULL, 0 };
	tracker_end(fr, t, COUNTER_FRAMES_FRAGMENT);
	return FRAG_WHOLE;
}

static enum frag_answer refuse(struct frag *fr, struct tracker *t, const struct packet *p,
			       enum part_answer why)
{
	enum counter drop = why == PART_FULL ? COUNTER_DROP_FRAG_FULL : COUNTER_DROP_FRAG_BAD;

	fr->counters->v[COUNTER_FRAGMENTS_OVERLAP] += why == PART_OVERLAPS;
	tracker_close(fr, t, drop);
	return shed(fr, p, drop);
}

enum frag_answer frag_add(struct frag *fr, const struct packet *p, int64_t at_ns,
			  struct packet *first, struct str *body, unsigned *parts)
{
	struct key key = key_of(p);
	struct tracker *t = tracker_find(fr, &key);
	enum part_answer answer;

	if (!usable(p))
		return shed(fr, p, COUNTER_DROP_FRAG_BAD);
	if (t && expired(t, at_ns)) {
		tracker_end(fr, t, COUNTER_DROP_FRAG_TIMEOUT);
		t = NULL;
	}
	if (!t)
		t = tracker_begin(fr, &key, at_ns);
	if (t->closed != COUNTER_COUNT)
		return shed(fr, p, t->closed);

	answer = part_add(fr, t, p);
	if (answer != PART_KEPT && answer != PART_REPEATED)
		return refuse(fr, t, p, answer);
	t->fragments++;
	t->frames += !p->whole;
	fr->held += !p->whole;
	if (t->total == 0 || t->gathered != t->total)
		return FRAG_HELD;
	return deliver(fr, t, first, body, parts);
}
