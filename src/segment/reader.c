/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a segment: of each file that is had the end is read, which has the sealed summary and
 * mostly the directory, too. Files that are no pair (of another segment, or of another attempt to
 * write this one) are told apart by what is sealed in them. What is wrong in META is an error; what
 * is wrong in another part leaves that part out, with words.
 */
#include "segment/segment_int.h"

#include <stdio.h>
#include <stdlib.h>

/* One read of the end has the directory of most segments with it. */
#define TAIL_READ_BYTES (32 * KIB)

/* A file while it is opened. */
struct opening {
	struct segment_part *part;
	enum field_part which;
	uint8_t *tail; /* the last bytes of the file */
	size_t tail_bytes;
	struct segment_end end;
	struct err *err;
};

static int damaged(struct opening *o, const char *what)
{
	return err_set(o->err, ERR_STORE_DAMAGED, "%s: %s", o->part->name, what);
}

/* ---- Steps of opening a file ----------------------------------------------------------------- */

static int read_whole(struct opening *o, uint64_t at, void *to, size_t n)
{
	ssize_t got = disk_read(o->part->fd, at, to, n);

	if (got < 0)
		return segment_error((int)got, o->part->name, "cannot be read", o->err);
	return (size_t)got == n ? 0 : damaged(o, "became shorter while it was read");
}

static bool is_same_head(const struct segment_head *a, const struct segment_head *b)
{
	return memcmp(a->store_id, b->store_id, sizeof(a->store_id)) == 0 &&
	       a->first_arrival == b->first_arrival && a->hour == b->hour &&
	       a->key_id == b->key_id && a->part == b->part;
}

/* The header is read again, since the key is bound to all of it. */
static int open_header(struct opening *o, uint64_t first_arrival, const struct segment_head *head,
		       const struct segment_key *key)
{
	uint8_t bytes[SEGMENT_HEAD_BYTES];
	struct segment_header h = { 0 };
	int r = read_whole(o, 0, bytes, sizeof(bytes));

	if (r == 0)
		r = segment_header_get(bytes, o->part->name, &h, o->err);
	if (r < 0)
		return r;
	if (!is_same_head(&h.head, head) || h.head.first_arrival != first_arrival ||
	    h.head.part != o->which || h.head.key_id != key->id)
		return damaged(o, "is the file of another segment, part or key");
	r = segment_cipher(bytes, key->key, &o->part->aead);
	return r < 0 ? segment_error(r, o->part->name, "no key can be made", o->err) : 0;
}

static int read_tail(struct opening *o)
{
	int r = disk_size(o->part->fd, &o->part->bytes);

	if (r < 0)
		return segment_error(r, o->part->name, "cannot be read", o->err);
	if (o->part->bytes < SEGMENT_HEAD_BYTES + SEGMENT_TAIL_BYTES)
		return damaged(o, "is cut off");
	o->tail_bytes =
		(size_t)(o->part->bytes < TAIL_READ_BYTES ? o->part->bytes : TAIL_READ_BYTES);
	o->tail = malloc(o->tail_bytes);
	if (!o->tail)
		return segment_error(-ENOMEM, o->part->name, "cannot be read", o->err);
	r = read_whole(o, o->part->bytes - o->tail_bytes, o->tail, o->tail_bytes);
	if (r < 0)
		return r;
	if (!segment_end_get(o->tail + o->tail_bytes - SEGMENT_END_BYTES, o->part->bytes, &o->end))
		return damaged(o, "is cut off, or its end is damaged");
	return 0;
}

static int unseal(struct opening *o, enum segment_sealed what, struct str sealed, uint8_t *out)
{
	struct segment_nonce nonce = segment_nonce(what, 0);

	return crypto_aead_open(o->part->aead, nonce.b, (struct str){ 0 }, sealed, out);
}

static int open_sum(struct opening *o)
{
	const uint8_t *sealed = o->tail + o->tail_bytes - SEGMENT_TAIL_BYTES;
	uint8_t plain[SEGMENT_SUM_BYTES];

	if (unseal(o, SEALED_SUMMARY,
		   (struct str){ (const char *)sealed, SEGMENT_TAIL_BYTES - SEGMENT_END_BYTES },
		   plain) < 0)
		return damaged(o, "its header or summary is damaged, or the key is another one");
	if (!segment_sum_get(plain, &o->part->sum) ||
	    o->end.directory_at != SEGMENT_HEAD_BYTES + o->part->sum.chunk_bytes)
		return damaged(o, "its summary contradicts itself");
	return 0;
}

/* The sealed directory: of the bytes that were read already, or into *own. */
static int sealed_directory(struct opening *o, uint8_t **own, struct str *out)
{
	uint64_t n = o->end.directory_bytes;

	if (n <= CRYPTO_GCM_TAG_BYTES || n - CRYPTO_GCM_TAG_BYTES > o->part->sum.directory_bytes)
		return damaged(o, "its directory is damaged");
	if (n + SEGMENT_TAIL_BYTES <= o->tail_bytes) {
		out->p = (const char *)o->tail + o->tail_bytes - SEGMENT_TAIL_BYTES - n;
		out->n = (size_t)n;
		return 0;
	}
	*own = malloc((size_t)n);
	if (!*own)
		return segment_error(-ENOMEM, o->part->name, "its directory", o->err);
	*out = (struct str){ (const char *)*own, (size_t)n };
	return read_whole(o, o->end.directory_at, *own, (size_t)n);
}

static int unpack(struct opening *o, ZSTD_DCtx *zstd, struct str sealed)
{
	struct buf *to = &o->part->directory;
	size_t n = sealed.n - CRYPTO_GCM_TAG_BYTES, size = o->part->sum.directory_bytes;
	uint8_t *packed = malloc(n);
	char *plain;
	int r;

	buf_init(to, size);
	plain = buf_extend(to, size);
	r = packed && plain ? unseal(o, SEALED_DIRECTORY, sealed, packed) : -ENOMEM;
	if (r == 0 && n == size)
		memcpy(plain, packed, n);
	else if (r == 0 && ZSTD_decompressDCtx(zstd, plain, size, packed, n) != size)
		r = -EBADMSG;
	free(packed);
	if (r == -ENOMEM)
		return segment_error(r, o->part->name, "its directory", o->err);
	return r < 0 ? damaged(o, "its directory is damaged") : 0;
}

static int open_directory(struct opening *o, ZSTD_DCtx *zstd, struct segment_directory *out)
{
	uint8_t *own = NULL;
	struct str sealed = { 0 };
	int r = sealed_directory(o, &own, &sealed);

	if (r == 0)
		r = unpack(o, zstd, sealed);
	free(own);
	if (r < 0)
		return r;
	r = segment_directory_parse(buf_str(&o->part->directory), o->which, &o->part->sum, out);
	if (r == -ENOMEM)
		return segment_error(r, o->part->name, "its directory", o->err);
	return r < 0 ? damaged(o, "its directory contradicts itself") : 0;
}

static void part_close(struct segment_part *part)
{
	crypto_aead_free(part->aead);
	part->aead = NULL;
	buf_done(&part->directory);
}

static int open_part(struct segment *s, enum field_part which, const struct segment_head *head,
		     const struct segment_key *key, struct segment_directory *out, struct err *err)
{
	struct opening o = { .part = &s->part[which], .which = which, .err = err };
	int r = read_tail(&o);

	if (r == 0)
		r = open_header(&o, s->first_arrival, head, key);
	if (r == 0)
		r = open_sum(&o);
	if (r == 0)
		r = open_directory(&o, s->zstd, out);
	free(o.tail);
	if (r < 0)
		part_close(o.part);
	return r;
}

/* ---- Parts together -------------------------------------------------------------------------- */

/* Do the groups of another part have the rows of those of META? */
static bool is_pair(const struct segment *s, const struct segment_directory *meta,
		    const struct segment_directory *d, enum field_part which)
{
	const struct segment_sum *a = &s->part[PART_META].sum, *b = &s->part[which].sum;

	if (memcmp(a->id, b->id, sizeof(a->id)) != 0 || a->groups != b->groups)
		return false;
	for (uint32_t g = 0; g < a->groups; g++)
		if (meta->group[g].kind_id != d->group[g].kind_id ||
		    meta->group[g].rows != d->group[g].rows)
			return false;
	return true;
}

/* Opens what is not META: an error of the machine is returned, one of the file is kept in words. */
static int open_other(struct segment *s, enum field_part which, const struct segment_head *head,
		      const struct segment_key *key, const struct segment_directory *meta,
		      struct segment_directory *out, struct err *err)
{
	struct segment_part *part = &s->part[which];
	int r = open_part(s, which, head, key, out, &part->missing);

	if (r == 0 && !is_pair(s, meta, out, which)) {
		(void)err_set(&part->missing, ERR_STORE_DAMAGED, "%s: does not belong to %s",
			      part->name, s->part[PART_META].name);
		part_close(part);
		segment_directory_done(out);
	}
	if (r == -ENOMEM && err)
		*err = part->missing;
	return r == -ENOMEM ? r : 0;
}

/* Merges the columns of a group, which ascend in each part. False when two parts have a field. */
static bool merge_group(struct segment_directory *all, uint32_t g,
			const struct segment_directory d[ROW_PARTS])
{
	struct segment_column *to = all->column + all->first[g], *const start = to;
	uint32_t next[ROW_PARTS] = { 0 };

	for (size_t i = 0; i < ROW_PARTS; i++)
		if (d[i].first)
			next[i] = d[i].first[g];
	for (;;) {
		const struct segment_column *lowest = NULL;

		for (size_t i = 0; i < ROW_PARTS; i++) {
			const struct segment_column *c = d[i].column + next[i];

			if (d[i].first && next[i] < d[i].first[g + 1] &&
			    (!lowest || c->field_id < lowest->field_id))
				lowest = c;
		}
		if (!lowest)
			break;
		if (to > start && to[-1].field_id == lowest->field_id &&
		    to[-1].part != lowest->part)
			return false;
		*to++ = *lowest;
		next[lowest->part]++;
	}
	all->first[g + 1] = (uint32_t)(to - all->column);
	all->group[g].columns = (uint32_t)(to - start) - SEGMENT_ID_COLUMNS;
	return true;
}

/* Takes the groups of META. */
static int merge(struct segment *s, struct segment_directory d[ROW_PARTS], struct err *err)
{
	uint32_t groups = s->part[PART_META].sum.groups;
	size_t columns = 0;

	for (size_t i = 0; i < ROW_PARTS; i++)
		columns += d[i].first ? d[i].first[groups] : 0;
	s->all.group = TAKE(d[PART_META].group);
	s->all.first = calloc((size_t)groups + 1, sizeof(*s->all.first));
	s->all.column = calloc(columns + 1, sizeof(*s->all.column));
	if (!s->all.first || !s->all.column)
		return segment_error(-ENOMEM, s->part[PART_META].name, "its directory", err);
	for (uint32_t g = 0; g < groups; g++)
		if (!merge_group(&s->all, g, d))
			return err_set(err, ERR_STORE_DAMAGED, "%s: a field stands in two files",
				       s->part[PART_META].name);
	return 0;
}

static int open_parts(struct segment *s, const struct segment_head head[ROW_PARTS],
		      const struct segment_key key[ROW_PARTS],
		      struct segment_directory d[ROW_PARTS], struct err *err)
{
	int r;

	if (s->part[PART_META].fd < 0 || key[PART_META].id == 0)
		return err_set(err, ERR_STORE_DAMAGED, "%s: is missing, or its key is",
			       s->part[PART_META].name);
	r = open_part(s, PART_META, &head[PART_META], &key[PART_META], &d[PART_META], err);
	for (unsigned i = PART_META + 1; i < ROW_PARTS && r == 0; i++)
		if (s->part[i].fd >= 0 && key[i].id != 0)
			r = open_other(s, (enum field_part)i, &head[i], &key[i], &d[PART_META],
				       &d[i], err);
	return r < 0 ? r : merge(s, d, err);
}

int segment_open(uint64_t first_arrival, const int fd[ROW_PARTS],
		 const struct segment_head head[ROW_PARTS], const struct segment_key key[ROW_PARTS],
		 struct segment **out, struct err *err)
{
	CLEANUP(segment_free) struct segment *s = calloc(1, sizeof(*s));
	struct segment_directory d[ROW_PARTS] = { 0 };
	int r;

	if (!s)
		return segment_error(-ENOMEM, "segment", "cannot be opened", err);
	s->first_arrival = first_arrival;
	for (unsigned i = 0; i < ROW_PARTS; i++) {
		s->part[i].fd = fd[i];
		segment_name(first_arrival, (enum field_part)i, s->part[i].name);
	}
	s->zstd = ZSTD_createDCtx();
	r = s->zstd ? open_parts(s, head, key, d, err)
		    : segment_error(-ENOMEM, "segment", "cannot be opened", err);
	for (size_t i = 0; i < ROW_PARTS; i++)
		segment_directory_done(&d[i]);
	if (r < 0)
		return r;
	*out = TAKE(s);
	return 0;
}

void segment_free(struct segment *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < ROW_PARTS; i++)
		part_close(&s->part[i]);
	segment_directory_done(&s->all);
	chunk_memory_done(&s->bloom_memory);
	ZSTD_freeDCtx(s->zstd);
	free(s);
}

/* ---- What is in it --------------------------------------------------------------------------- */

void segment_summary(const struct segment *s, struct segment_summary *out)
{
	const struct segment_sum *sum = &s->part[PART_META].sum;

	*out = (struct segment_summary){ .rows = sum->rows,
					 .arrival_min = sum->arrival_min,
					 .arrival_max = sum->arrival_max,
					 .time_min = sum->time_min,
					 .time_max = sum->time_max,
					 .raw_bytes = sum->raw_bytes };
	for (size_t i = 0; i < ROW_PARTS; i++)
		out->bytes[i] = s->part[i].aead ? s->part[i].bytes : 0;
}

unsigned segment_parts(const struct segment *s)
{
	unsigned parts = 0;

	for (unsigned i = 0; i < ROW_PARTS; i++)
		if (s->part[i].aead)
			parts |= 1u << i;
	return parts;
}

const char *segment_missing(const struct segment *s, enum field_part part)
{
	return s->part[part].missing.id != ERR_NONE ? s->part[part].missing.text : NULL;
}

size_t segment_groups(const struct segment *s)
{
	return s->part[PART_META].sum.groups;
}

const struct segment_group *segment_group(const struct segment *s, size_t group)
{
	assert(group < segment_groups(s));
	return &s->all.group[group];
}

const struct segment_column *segment_columns(const struct segment *s, size_t group, size_t *n)
{
	assert(group < segment_groups(s));
	*n = s->all.first[group + 1] - s->all.first[group];
	return s->all.column + s->all.first[group];
}

uint16_t segment_column_field(const struct segment *s, size_t group, size_t column)
{
	size_t n;
	const struct segment_column *c = segment_columns(s, group, &n);

	assert(column + SEGMENT_ID_COLUMNS < n);
	return c[column + SEGMENT_ID_COLUMNS].field_id;
}

const struct segment_column *segment_find(const struct segment *s, size_t group, uint16_t field_id)
{
	size_t n;
	const struct segment_column *c = segment_columns(s, group, &n) + SEGMENT_ID_COLUMNS;

	n -= SEGMENT_ID_COLUMNS;
	while (n > 0) {
		size_t half = n / 2;

		if (c[half].field_id == field_id)
			return &c[half];
		if (c[half].field_id < field_id) {
			c += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return NULL;
}

void segment_read_so_far(const struct segment *s, uint64_t *chunks, uint64_t *bytes)
{
	*chunks = s->chunks_read;
	*bytes = s->bytes_read;
}
