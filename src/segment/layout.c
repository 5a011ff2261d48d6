/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a file that have a fixed size: the clear header, to whose bytes the key is bound,
 * the sealed summary, and the clear end that says where the directory stands.
 */
#include "segment/segment_int.h"

#include <inttypes.h>

static const char head_magic[8] = { 'R', 'D', 'B', 'T', 'S', 'E', 'G', 'M' };
static const char end_magic[8] = { 'R', 'D', 'B', 'T', 'S', 'E', 'N', 'D' };

#define CHECK_BYTES 8
/* The common label, and what follows of it is the header. */
#define KEY_LABEL "redoubt segment 1"

struct segment_nonce segment_nonce(enum segment_sealed what, uint64_t number)
{
	struct segment_nonce n = { 0 };

	memcpy(n.b, &number, sizeof(number));
	n.b[CRYPTO_GCM_NONCE_BYTES - 1] = (uint8_t)what;
	return n;
}

/* ---- Writing fixed fields -------------------------------------------------------------------- */

struct pen {
	uint8_t *p;
};

static void put(struct pen *pen, const void *from, size_t n)
{
	memcpy(pen->p, from, n);
	pen->p += n;
}

static void put_u16(struct pen *pen, uint16_t v)
{
	put(pen, &v, sizeof(v));
}

static void put_u32(struct pen *pen, uint32_t v)
{
	put(pen, &v, sizeof(v));
}

static void put_u64(struct pen *pen, uint64_t v)
{
	put(pen, &v, sizeof(v));
}

/* ---- Header ---------------------------------------------------------------------------------- */

void segment_header_put(const struct segment_header *h, uint8_t out[SEGMENT_HEAD_BYTES])
{
	struct pen pen = { out };

	put(&pen, head_magic, sizeof(head_magic));
	put_u16(&pen, SEGMENT_VERSION);
	put_u16(&pen, (uint16_t)h->head.part);
	put_u32(&pen, 0);
	put(&pen, h->head.store_id, sizeof(h->head.store_id));
	put_u64(&pen, h->head.first_arrival);
	put_u64(&pen, (uint64_t)h->head.hour);
	put_u64(&pen, h->head.key_id);
	put(&pen, h->salt, sizeof(h->salt));
	put_u64(&pen, hash_bytes(out, SEGMENT_HEAD_BYTES - CHECK_BYTES, 0));
}

static void take(struct cur *c, void *to, size_t n)
{
	const uint8_t *p = cur_take(c, n);

	assert(p);
	memcpy(to, p, n);
}

static bool is_checked(const uint8_t *bytes, size_t n)
{
	return hash_bytes(bytes, n - CHECK_BYTES, 0) == load_u64le(bytes + n - CHECK_BYTES);
}

int segment_header_get(const uint8_t bytes[SEGMENT_HEAD_BYTES], const char *name,
		       struct segment_header *out, struct err *err)
{
	struct cur c = cur_of(bytes, SEGMENT_HEAD_BYTES);
	struct segment_header h = { 0 };
	uint16_t version, part;
	uint32_t zero;

	if (memcmp(cur_take(&c, sizeof(head_magic)), head_magic, sizeof(head_magic)) != 0)
		return err_set(err, ERR_STORE_DAMAGED, "%s: is no segment file", name);
	if (!is_checked(bytes, SEGMENT_HEAD_BYTES))
		return err_set(err, ERR_STORE_DAMAGED, "%s: its header is damaged", name);
	version = cur_u16le(&c);
	if (version > SEGMENT_VERSION)
		return err_set(err, ERR_STORE_VERSION, "%s: version %u; this program reads %u",
			       name, version, SEGMENT_VERSION);
	part = cur_u16le(&c);
	zero = cur_u32le(&c);
	take(&c, h.head.store_id, sizeof(h.head.store_id));
	h.head.first_arrival = cur_u64le(&c);
	h.head.hour = (int64_t)cur_u64le(&c);
	h.head.key_id = cur_u64le(&c);
	take(&c, h.salt, sizeof(h.salt));
	if (version == 0 || part >= ROW_PARTS || zero != 0)
		return err_set(err, ERR_STORE_DAMAGED, "%s: its header contradicts itself", name);
	h.head.part = (enum field_part)part;
	*out = h;
	return 0;
}

static int read_header(int fd, const char *name, uint8_t bytes[SEGMENT_HEAD_BYTES], struct err *err)
{
	ssize_t n = disk_read(fd, 0, bytes, SEGMENT_HEAD_BYTES);

	if (n < 0)
		return segment_error((int)n, name, "cannot be read", err);
	if (n < SEGMENT_HEAD_BYTES)
		return err_set(err, ERR_STORE_DAMAGED, "%s: is cut off within its header", name);
	return 0;
}

int segment_read_head(int fd, const char *name, const uint8_t store_id[SEGMENT_STORE_ID_BYTES],
		      struct segment_head *out, struct err *err)
{
	uint8_t bytes[SEGMENT_HEAD_BYTES];
	struct segment_header h;
	int r = read_header(fd, name, bytes, err);

	if (r == 0)
		r = segment_header_get(bytes, name, &h, err);
	if (r < 0)
		return r;
	if (memcmp(h.head.store_id, store_id, SEGMENT_STORE_ID_BYTES) != 0)
		return err_set(err, ERR_STORE_OTHER, "%s: was written by another store", name);
	*out = h.head;
	return 0;
}

int segment_cipher(const uint8_t header[SEGMENT_HEAD_BYTES],
		   const uint8_t data_key[CRYPTO_KEY_BYTES], struct crypto_aead **out)
{
	static_assert(SEGMENT_HEAD_BYTES == 72 + CHECK_BYTES);
	const uint8_t *salt = header + SEGMENT_HEAD_BYTES - CHECK_BYTES - SEGMENT_SALT_BYTES;
	char info[sizeof(KEY_LABEL) - 1 + SEGMENT_HEAD_BYTES];
	uint8_t key[CRYPTO_KEY_BYTES];
	int r;

	memcpy(info, KEY_LABEL, sizeof(KEY_LABEL) - 1);
	memcpy(info + sizeof(KEY_LABEL) - 1, header, SEGMENT_HEAD_BYTES);
	r = crypto_hkdf((struct str){ (const char *)salt, SEGMENT_SALT_BYTES },
			(struct str){ (const char *)data_key, CRYPTO_KEY_BYTES },
			(struct str){ info, sizeof(info) }, key, sizeof(key));
	if (r == 0)
		r = crypto_aead_new(key, out);
	crypto_wipe(key, sizeof(key));
	return r;
}

/* ---- Summary --------------------------------------------------------------------------------- */

uint64_t segment_kind_bit(uint16_t kind_id)
{
	return kind_id < 64 ? UINT64_C(1) << kind_id : 1;
}

void segment_sum_put(const struct segment_sum *s, uint8_t out[SEGMENT_SUM_BYTES])
{
	struct pen pen = { out };

	put(&pen, s->id, sizeof(s->id));
	put_u64(&pen, s->rows);
	put_u64(&pen, s->raw_bytes);
	put_u64(&pen, s->arrival_min);
	put_u64(&pen, s->arrival_max);
	put_u64(&pen, (uint64_t)s->time_min);
	put_u64(&pen, (uint64_t)s->time_max);
	put_u64(&pen, s->kinds);
	put_u64(&pen, s->chunk_bytes);
	put_u32(&pen, s->groups);
	put_u32(&pen, s->columns);
	put_u32(&pen, s->chunks);
	put_u32(&pen, s->directory_bytes);
	put_u64(&pen, 0);
	assert(pen.p == out + SEGMENT_SUM_BYTES);
}

bool segment_sum_get(const uint8_t bytes[SEGMENT_SUM_BYTES], struct segment_sum *out)
{
	struct cur c = cur_of(bytes, SEGMENT_SUM_BYTES);
	struct segment_sum s;

	take(&c, s.id, sizeof(s.id));
	s.rows = cur_u64le(&c);
	s.raw_bytes = cur_u64le(&c);
	s.arrival_min = cur_u64le(&c);
	s.arrival_max = cur_u64le(&c);
	s.time_min = (int64_t)cur_u64le(&c);
	s.time_max = (int64_t)cur_u64le(&c);
	s.kinds = cur_u64le(&c);
	s.chunk_bytes = cur_u64le(&c);
	s.groups = cur_u32le(&c);
	s.columns = cur_u32le(&c);
	s.chunks = cur_u32le(&c);
	s.directory_bytes = cur_u32le(&c);
	*out = s;
	return cur_u64le(&c) == 0 && s.groups > 0 && s.groups <= SEGMENT_GROUPS_MAX && s.rows > 0 &&
	       s.rows <= (uint64_t)s.groups * SEGMENT_GROUP_ROWS &&
	       s.directory_bytes <= SEGMENT_DIRECTORY_MAX && s.arrival_min <= s.arrival_max;
}

/* ---- End ------------------------------------------------------------------------------------- */

void segment_end_put(const struct segment_end *e, uint8_t out[SEGMENT_END_BYTES])
{
	struct pen pen = { out };

	put_u64(&pen, e->directory_at);
	put_u64(&pen, e->directory_bytes);
	put(&pen, end_magic, sizeof(end_magic));
	put_u64(&pen, hash_bytes(out, SEGMENT_END_BYTES - CHECK_BYTES, 0));
}

bool segment_end_get(const uint8_t bytes[SEGMENT_END_BYTES], uint64_t file_bytes,
		     struct segment_end *out)
{
	uint64_t rest = file_bytes - SEGMENT_HEAD_BYTES - SEGMENT_TAIL_BYTES;
	uint64_t at = load_u64le(bytes), n = load_u64le(bytes + 8);

	if (file_bytes < SEGMENT_HEAD_BYTES + SEGMENT_TAIL_BYTES ||
	    memcmp(bytes + 16, end_magic, sizeof(end_magic)) != 0 ||
	    !is_checked(bytes, SEGMENT_END_BYTES))
		return false;
	if (n > rest || at != SEGMENT_HEAD_BYTES + rest - n)
		return false;
	*out = (struct segment_end){ at, n };
	return true;
}
