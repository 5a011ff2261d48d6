/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header blocks, decoded by nghttp2 as they come, in the order of the capture, with its memory on
 * the stream's heap.
 *
 * HPACK's table is what both ends remember. Who joins in the middle does not; but entries are
 * counted from the newest, so that whatever is learned since is found where the sender says. For
 * what is older, a new decoder is first told placeholders, fields without a name: each of 32 bytes,
 * the least an entry counts, so that they give way to new ones at least as slowly as what they
 * stand for. A reference to one of them is a field that is not known. Few of them are enough for
 * most connections, of which an agent that starts meets hundreds at once; for who refers further
 * back the decoder is replaced by one with more of them, that is told what the other has learned.
 */
#include "dissect/http2/connection.h"

/* Limit: the table that a sender may ask for; larger ones than the usual are rare. */
#define TABLE_MAX      (64 * KIB)
#define TABLE_USUAL    4096
#define ENTRY_OVERHEAD 32
#define STATIC_ENTRIES 61 /* RFC 7541 appendix A; behind them is the newest entry of the table */
/* Limit: placeholders of one decoder, each of which takes 160 bytes of memory. They are made so
 * many at a time. */
#define HOLDERS_MAX  256
#define HOLDERS_STEP 32
/* Limit: decoders made anew, each of which costs as much as reading some KiB: so many at once, and
 * one more for so many bytes. */
#define PRIMES_FREE      8
#define PRIME_EARN_BYTES (2 * KIB)

/* ---- Memory ---------------------------------------------------------------------------------- */

static void *mem_malloc(size_t n, void *heap)
{
	return heap_alloc(heap, n);
}

static void mem_free(void *p, void *heap)
{
	heap_free(heap, p);
}

static void *mem_calloc(size_t count, size_t size, void *heap)
{
	size_t n;
	void *p;

	if (ckd_mul(&n, count, size))
		return NULL;
	p = heap_alloc(heap, n);
	if (p)
		memset(p, 0, n);
	return p;
}

static void *mem_realloc(void *p, size_t n, void *heap)
{
	return heap_resize(heap, p, n);
}

static nghttp2_mem *mem_of(struct dissect_stream *s)
{
	struct connection *c = connection_of(s);

	if (!c->mem) {
		c->mem = heap_alloc(s->heap, sizeof(*c->mem));
		if (c->mem)
			*c->mem = (nghttp2_mem){ s->heap, mem_malloc, mem_free, mem_calloc,
						 mem_realloc };
	}
	return c->mem;
}

/* ---- Decoders -------------------------------------------------------------------------------- */

static void drop_inflater(struct hpack *h)
{
	if (h->inflater)
		nghttp2_hd_inflate_del(h->inflater);
	h->inflater = NULL;
	h->table = TABLE_LOST;
	h->begun_n = 0;
	h->in_field = false;
}

void h2_hpack_lose(struct connection *c, enum dissect_side side)
{
	drop_inflater(&c->half[side].hpack);
}

static int tell(nghttp2_hd_inflater *inflater, const void *p, size_t n, bool last)
{
	const uint8_t *at = p;

	for (;;) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t used = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, at, n, last);

		if (used < 0)
			return (int)used;
		at += used;
		n -= (size_t)used;
		if (flags & NGHTTP2_HD_INFLATE_FINAL)
			return nghttp2_hd_inflate_end_headers(inflater);
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && n == 0)
			return 0;
	}
}

/* An integer behind the bits of first that are not in mask (RFC 7541 §5.1). */
#define INTEGER_MAX 6
static int tell_integer(nghttp2_hd_inflater *inflater, uint8_t first, uint8_t mask, size_t v)
{
	uint8_t bytes[INTEGER_MAX];
	size_t n = 0;

	assert(v < UINT32_MAX);
	bytes[n++] = (uint8_t)(first | (v < mask ? v : mask));
	if (v >= mask) {
		for (v -= mask; v >= 0x80; v >>= 7)
			bytes[n++] = (uint8_t)(v | 0x80);
		bytes[n++] = (uint8_t)v;
	}
	return tell(inflater, bytes, n, false);
}

/* A literal that is to be remembered (§6.2.1). */
static int tell_entry(nghttp2_hd_inflater *inflater, const nghttp2_nv *nv)
{
	int r = tell(inflater, "\x40", 1, false);

	if (r == 0)
		r = tell_integer(inflater, 0, 0x7f, nv->namelen);
	if (r == 0)
		r = tell(inflater, nv->name, nv->namelen, false);
	if (r == 0)
		r = tell_integer(inflater, 0, 0x7f, nv->valuelen);
	return r == 0 ? tell(inflater, nv->value, nv->valuelen, false) : r;
}

/* Such a literal with a new, empty name and an empty value, and then the same with the name of the
 * entry before, which spares the memory of a name. */
static int tell_holders(nghttp2_hd_inflater *inflater, size_t holders)
{
	uint8_t block[1 + 2 * HOLDERS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < holders; i++) {
		block[n++] = i ? 0x7e : 0x40;
		if (i == 0)
			block[n++] = 0;
		block[n++] = 0;
	}
	return tell(inflater, block, n, false);
}

/* Entries that are no placeholders, from the newest; they are never behind one. */
struct learned {
	nghttp2_hd_inflater *by; /* NULL: nothing is */
	size_t entries, bytes;
};

static struct learned learned_by(nghttp2_hd_inflater *inflater)
{
	size_t count = nghttp2_hd_inflate_get_num_table_entries(inflater);
	struct learned l = { inflater, 0, 0 };

	for (size_t i = STATIC_ENTRIES + 1; i <= count; i++) {
		const nghttp2_nv *nv = nghttp2_hd_inflate_get_table_entry(inflater, i);

		if (!nv || nv->namelen + nv->valuelen == 0)
			break;
		l.entries++;
		l.bytes += nv->namelen + nv->valuelen + ENTRY_OVERHEAD;
	}
	return l;
}

static int prime(nghttp2_hd_inflater *inflater, size_t limit, size_t holders,
		 const struct learned *l)
{
	int r = 0;

	if (limit != TABLE_USUAL)
		r = tell_integer(inflater, 0x20, 0x1f, limit);
	if (r == 0)
		r = tell_holders(inflater, holders);
	for (size_t i = l->entries; r == 0 && i > 0; i--)
		r = tell_entry(inflater,
			       nghttp2_hd_inflate_get_table_entry(l->by, STATIC_ENTRIES + i));
	return r == 0 ? tell(inflater, "", 0, true) : r;
}

/* NULL where there is no memory. */
static nghttp2_hd_inflater *make(struct dissect_stream *s, size_t limit, size_t holders,
				 const struct learned *l)
{
	nghttp2_mem *mem = mem_of(s);
	nghttp2_hd_inflater *inflater = NULL;
	int r = mem ? nghttp2_hd_inflate_new2(&inflater, mem) : NGHTTP2_ERR_NOMEM;

	if (r == 0) {
		r = nghttp2_hd_inflate_change_table_size(inflater, TABLE_MAX);
		if (r == 0 && holders)
			r = prime(inflater, limit, holders, l);
		if (r == 0)
			return inflater;
		nghttp2_hd_inflate_del(inflater);
	}
	mark(connection_of(s), MARK_HPACK_MEMORY);
	return NULL;
}

static void make_inflater(struct dissect_stream *s, struct hpack *h, bool true_table)
{
	bool large = h->holders > TABLE_USUAL / ENTRY_OVERHEAD;

	if (h->holders == 0)
		h->holders = HOLDERS_STEP;
	h->inflater = make(s, large ? TABLE_MAX : TABLE_USUAL, true_table ? 0 : h->holders,
			   &(struct learned){ 0 });
	h->table = !h->inflater ? TABLE_LOST : true_table ? TABLE_TRUE : TABLE_PRIMED;
}

static bool may_make(struct hpack *h)
{
	if (h->primes >= PRIMES_FREE + h->fragment_bytes / PRIME_EARN_BYTES)
		return false;
	h->primes = (uint16_t)(h->primes + (h->primes < UINT16_MAX));
	return true;
}

/* Replaces the decoder by one that reaches back to this index. What is beyond the usual table is in
 * a larger one, of which only that is known; beyond the most placeholders is an error. */
static void widen(struct dissect_stream *s, struct hpack *h, size_t index)
{
	struct learned l = learned_by(h->inflater);
	size_t limit = nghttp2_hd_inflate_get_max_dynamic_table_size(h->inflater);
	nghttp2_hd_inflater *wider;
	size_t need;

	need = index - STATIC_ENTRIES - l.entries;
	if (limit == TABLE_USUAL && l.bytes + need * ENTRY_OVERHEAD > limit)
		limit = TABLE_MAX;
	if (need > HOLDERS_MAX || l.bytes + need * ENTRY_OVERHEAD > limit || !may_make(h))
		return;
	need = limit == TABLE_MAX ? HOLDERS_MAX
				  : (need + HOLDERS_STEP - 1) / HOLDERS_STEP * HOLDERS_STEP;
	wider = make(s, limit, need, &l);
	if (!wider)
		return;
	nghttp2_hd_inflate_del(h->inflater);
	h->inflater = wider;
	h->holders = (uint16_t)need;
}

void h2_hpack_begin(struct dissect_stream *s, enum dissect_side side)
{
	const struct connection *c = connection_of(s);
	struct half *half = &connection_of(s)->half[side];
	struct hpack *h = &half->hpack;

	if (h->table == TABLE_NONE && c->from_start && !half->hole) {
		make_inflater(s, h, true);
	} else if (!h->inflater && may_make(h)) {
		make_inflater(s, h, false);
	}
	if (!h->inflater)
		h2_fields_one(s, side, STR(""), STR(""), false);
}

/* The rest of the block is not known. */
static void broken(struct dissect_stream *s, enum dissect_side side, ssize_t error)
{
	struct connection *c = connection_of(s);
	struct hpack *h = &c->half[side].hpack;

	if (error == NGHTTP2_ERR_NOMEM)
		mark(c, MARK_HPACK_MEMORY);
	else if (h->table == TABLE_TRUE)
		mark(c, MARK_HPACK_ERROR);
	drop_inflater(h);
	h2_fields_one(s, side, STR(""), STR(""), false);
}

/* Decodes up to the end of the next field, or what there is. Returns nghttp2's flags, or negative
 * when there is no decoder any more. */
static int inflate(struct dissect_stream *s, enum dissect_side side, struct str *in, bool last)
{
	struct hpack *h = &connection_of(s)->half[side].hpack;
	nghttp2_nv nv;
	int flags = 0;
	ssize_t used = nghttp2_hd_inflate_hd2(h->inflater, &nv, &flags,
					      (const uint8_t *)(in->n ? in->p : ""), in->n, last);

	if (used < 0) {
		broken(s, side, used);
		return -1;
	}
	*in = str_skip(*in, (size_t)used);
	if (flags & NGHTTP2_HD_INFLATE_EMIT)
		h2_fields_one(s, side, (struct str){ (const char *)nv.name, nv.namelen },
			      (struct str){ (const char *)nv.value, nv.valuelen },
			      nv.namelen || h->table == TABLE_TRUE);
	if (flags & NGHTTP2_HD_INFLATE_FINAL)
		(void)nghttp2_hd_inflate_end_headers(h->inflater);
	return flags;
}

/* ---- Fields of a table with placeholders ----------------------------------------------------- */

/* Which bits of a field's first byte are of its integer (RFC 7541 §6). */
static uint8_t index_mask(uint8_t first)
{
	if (first & 0x80)
		return 0x7f; /* indexed */
	if (first & 0x40)
		return 0x3f; /* a literal to be remembered */
	return first & 0x20 ? 0x1f /* the size of the table */ : 0x0f;
}

/* Moves the integer that a field begins with from in to begun. False when more bytes are needed. */
static bool take_begun(struct hpack *h, struct str *in)
{
	for (;;) {
		uint8_t mask = index_mask(h->begun[0]);
		size_t n = h->begun_n;

		if (n == sizeof(h->begun) || (n > 0 && (h->begun[0] & mask) != mask) ||
		    (n > 1 && !(h->begun[n - 1] & 0x80)))
			return true;
		if (in->n == 0)
			return false;
		h->begun[h->begun_n++] = (uint8_t)in->p[0];
		*in = str_skip(*in, 1);
	}
}

static size_t begun_index(const struct hpack *h)
{
	uint8_t mask = index_mask(h->begun[0]);
	size_t index = h->begun[0] & mask;

	for (unsigned i = 1; i < h->begun_n; i++)
		index += (size_t)(h->begun[i] & 0x7f) << 7 * (i - 1);
	return mask == 0x1f ? 0 : index;
}

/* Decodes a field up to the end of its index, which the decoder must reach. */
static void begin_field(struct dissect_stream *s, enum dissect_side side)
{
	struct hpack *h = &connection_of(s)->half[side].hpack;
	bool is_size = index_mask(h->begun[0]) == 0x1f;
	uint8_t bytes[sizeof(h->begun)];
	struct str in = { (const char *)bytes, h->begun_n };
	int flags;

	if (begun_index(h) > nghttp2_hd_inflate_get_num_table_entries(h->inflater))
		widen(s, h, begun_index(h));
	memcpy(bytes, h->begun, sizeof(bytes));
	h->begun_n = 0;
	flags = inflate(s, side, &in, false);
	h->in_field = flags >= 0 && !(flags & NGHTTP2_HD_INFLATE_EMIT) && !is_size;
}

void h2_hpack_feed(struct dissect_stream *s, enum dissect_side side, struct str fragment, bool last)
{
	struct hpack *h = &connection_of(s)->half[side].hpack;
	struct str in = fragment;

	if (ckd_add(&h->fragment_bytes, h->fragment_bytes, in.n))
		h->fragment_bytes = UINT32_MAX;
	while (h->inflater) {
		int flags;

		if (h->table == TABLE_PRIMED && !h->in_field && (in.n || h->begun_n)) {
			if (!take_begun(h, &in) && !last)
				return;
			begin_field(s, side);
			continue;
		}
		flags = inflate(s, side, &in, last);
		if (flags > 0)
			h->in_field = false;
		if (flags <= 0 || (flags & NGHTTP2_HD_INFLATE_FINAL))
			return;
	}
}
