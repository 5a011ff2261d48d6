// SPDX-License-Identifier: Apache-2.0
/*
 * Keys, nonces and what each sealed thing is bound to. A key to write with is drawn when it is
 * first needed, so that who only reads draws none; keys to read with are derived as trailers name
 * them, and the last of them are kept.
 */
#include "meta/vfs_seal.h"

#include <endian.h>
#include <stdlib.h>

#define MAGIC_BYTES       8
#define CLEAR_BYTES       32 /* of a copy of the head: what its check covers */
#define VERSION_AT        8
#define SALT_AT           16
#define CHECK_AT          CLEAR_BYTES
#define BLOCK_CLEAR_BYTES META_BOUND_BYTES

#define EPOCH_BYTES      12
#define ASSOCIATED_BYTES 32
/* Limit: derived keys that are kept to read with. A power of two. */
#define KEPT_MAX 64

static const char head_magic[MAGIC_BYTES] = "RDBTMETA";
static const char wal_magic[MAGIC_BYTES] = "RDBTMWAL";
static const char journal_magic[MAGIC_BYTES] = "RDBTMJNL";

struct kept {
	uint8_t epoch[EPOCH_BYTES];
	struct crypto_aead *aead; /* NULL: empty */
};

struct meta_seal {
	uint8_t key[CRYPTO_KEY_BYTES]; /* of the file */
	struct kept own;               /* to write with */
	uint64_t sealed;               /* under it: the next counter */
	struct kept kept[KEPT_MAX];
};

static void store_u64le(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

static bool is_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static void put_clear(uint8_t *to, const char magic[MAGIC_BYTES])
{
	memset(to, 0, BLOCK_CLEAR_BYTES);
	memcpy(to, magic, MAGIC_BYTES);
	to[VERSION_AT] = META_VERSION;
}

/* ---- The head of the database ---------------------------------------------------------------- */

static int derive(const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t clear[CLEAR_BYTES],
		  struct str purpose, uint8_t out[CRYPTO_KEY_BYTES])
{
	char info[32 + CLEAR_BYTES];

	assert(purpose.n <= sizeof(info) - CLEAR_BYTES);
	memcpy(info, purpose.p, purpose.n);
	memcpy(info + purpose.n, clear, CLEAR_BYTES);
	return crypto_hkdf((struct str){ (const char *)clear + SALT_AT, META_SALT_BYTES },
			   (struct str){ (const char *)key, CRYPTO_KEY_BYTES },
			   (struct str){ info, purpose.n + CLEAR_BYTES }, out, CRYPTO_KEY_BYTES);
}

int meta_head_make(const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t salt[META_SALT_BYTES],
		   uint8_t out[META_PAGE_BYTES])
{
	int r;

	memset(out, 0, META_COPY_BYTES);
	put_clear(out, head_magic);
	memcpy(out + SALT_AT, salt, META_SALT_BYTES);
	r = derive(key, out, STR("redoubt meta head 1"), out + CHECK_AT);
	for (size_t i = 1; r == 0 && i < META_HEAD_COPIES; i++)
		memcpy(out + i * META_COPY_BYTES, out, META_COPY_BYTES);
	return r;
}

/* 0, -ENOTSUP, -EBADMSG or -EIO. */
static int check_copy(const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t *copy)
{
	uint8_t check[CRYPTO_KEY_BYTES];
	int r;

	if (memcmp(copy, head_magic, MAGIC_BYTES) != 0)
		return -EBADMSG;
	if (load_u16le(copy + VERSION_AT) > META_VERSION)
		return -ENOTSUP;
	r = derive(key, copy, STR("redoubt meta head 1"), check);
	if (r < 0)
		return r;
	return crypto_equal(check, copy + CHECK_AT, sizeof(check)) ? 0 : -EBADMSG;
}

/* The first good copy, or NULL with the reason: a newer version only when nothing speaks for ours.
 */
static const uint8_t *good_copy(const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t *head,
				unsigned *bad, int *why)
{
	const uint8_t *good = NULL;

	*bad = 0;
	*why = -EBADMSG;
	for (size_t i = 0; i < META_HEAD_COPIES; i++) {
		const uint8_t *copy = head + i * META_COPY_BYTES;
		int r = check_copy(key, copy);

		if (r == 0 && !good)
			good = copy;
		if (r < 0) {
			*bad |= 1u << i;
			*why = r == -EBADMSG ? *why : r;
		}
	}
	return good;
}

int meta_seal_new(const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t head[META_PAGE_BYTES],
		  struct meta_seal **out, unsigned *bad)
{
	CLEANUP(meta_seal_free) struct meta_seal *s = NULL;
	unsigned bad_copies;
	int why, r;
	const uint8_t *copy = good_copy(key, head, &bad_copies, &why);

	if (!copy)
		return why;
	s = crypto_secret_alloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	r = derive(key, copy, STR("redoubt meta 1"), s->key);
	if (r < 0)
		return r;

	*bad = bad_copies;
	*out = TAKE(s);
	return 0;
}

void meta_seal_free(struct meta_seal *s)
{
	if (!s)
		return;
	crypto_aead_free(s->own.aead);
	for (size_t i = 0; i < KEPT_MAX; i++)
		crypto_aead_free(s->kept[i].aead);
	crypto_secret_free(s);
}

/* ---- Derived keys ---------------------------------------------------------------------------- */

static int derive_epoch(const struct meta_seal *s, const uint8_t epoch[EPOCH_BYTES],
			struct kept *out)
{
	uint8_t key[CRYPTO_KEY_BYTES];
	struct crypto_aead *aead = NULL;
	int r = crypto_hkdf((struct str){ (const char *)epoch, EPOCH_BYTES },
			    (struct str){ (const char *)s->key, sizeof(s->key) },
			    STR("redoubt meta epoch 1"), key, sizeof(key));

	if (r == 0)
		r = crypto_aead_new(key, &aead);
	crypto_wipe(key, sizeof(key));
	if (r < 0)
		return r;
	crypto_aead_free(out->aead);
	memcpy(out->epoch, epoch, EPOCH_BYTES);
	out->aead = aead;
	return 0;
}

static int draw_own(struct meta_seal *s)
{
	uint8_t epoch[EPOCH_BYTES];
	int r = crypto_random(epoch, sizeof(epoch));

	if (r == 0)
		r = derive_epoch(s, epoch, &s->own);
	if (r == 0)
		s->sealed = 0;
	return r;
}

/* The key that a trailer names. Bytes of the epoch are random: the first says where it is kept. */
static int find_key(struct meta_seal *s, const uint8_t epoch[EPOCH_BYTES], struct crypto_aead **out)
{
	struct kept *k = &s->kept[epoch[0] % KEPT_MAX];
	int r = 0;

	if (s->own.aead && memcmp(s->own.epoch, epoch, EPOCH_BYTES) == 0)
		k = &s->own;
	else if (!k->aead || memcmp(k->epoch, epoch, EPOCH_BYTES) != 0)
		r = derive_epoch(s, epoch, k);
	*out = k->aead;
	return r;
}

/* ---- Sealing --------------------------------------------------------------------------------- */

static struct str associate(const struct meta_place *place, uint8_t out[ASSOCIATED_BYTES])
{
	memset(out, 0, 8);
	out[0] = (uint8_t)place->kind;
	store_u64le(out + 8, place->offset);
	memcpy(out + 16, place->bound, META_BOUND_BYTES);
	return (struct str){ (const char *)out, ASSOCIATED_BYTES };
}

int meta_seal_put(struct meta_seal *s, const struct meta_place *place, struct str text,
		  uint8_t *out)
{
	uint8_t associated[ASSOCIATED_BYTES], name[EPOCH_BYTES + 4];
	uint32_t counter;
	int r = 0;

	if (!s->own.aead || s->sealed == META_SEALS_MAX)
		r = draw_own(s);
	if (r < 0)
		return r;
	/* Counted before it is used, whatever becomes of the write. */
	counter = htole32((uint32_t)s->sealed++);
	memcpy(name, s->own.epoch, EPOCH_BYTES);
	memcpy(name + EPOCH_BYTES, &counter, sizeof(counter));

	r = crypto_aead_seal(s->own.aead, name + 4, associate(place, associated), text, out);
	if (r == 0)
		memcpy(out + text.n + CRYPTO_GCM_TAG_BYTES, name, sizeof(name));
	return r;
}

int meta_seal_get(struct meta_seal *s, const struct meta_place *place, struct str sealed,
		  uint8_t *out)
{
	uint8_t associated[ASSOCIATED_BYTES], name[EPOCH_BYTES + 4];
	struct crypto_aead *aead;
	int r;

	assert(sealed.n >= META_TRAILER_BYTES);
	sealed.n -= sizeof(name);
	memcpy(name, sealed.p + sealed.n, sizeof(name)); /* out may be where it lies */
	r = find_key(s, name, &aead);
	if (r < 0)
		return r;
	return crypto_aead_open(aead, name + 4, associate(place, associated), sealed, out);
}

void meta_seal_jump(struct meta_seal *s, uint64_t sealed)
{
	s->sealed = sealed;
}

/* ---- The five things ------------------------------------------------------------------------- */

int meta_page_put(struct meta_seal *s, uint32_t n, const uint8_t *page, uint8_t *out)
{
	const struct meta_place place = { META_KIND_PAGE, meta_page_offset(n), { 0 } };

	return meta_seal_put(s, &place, (struct str){ (const char *)page, META_TEXT_BYTES }, out);
}

int meta_page_get(struct meta_seal *s, uint32_t n, const uint8_t *sealed, uint8_t *out)
{
	const struct meta_place place = { META_KIND_PAGE, meta_page_offset(n), { 0 } };
	int r = meta_seal_get(s, &place, (struct str){ (const char *)sealed, META_PAGE_BYTES },
			      out);

	memset(out + META_TEXT_BYTES, 0, META_TRAILER_BYTES);
	return r;
}

/* A frame is bound to what of its header stands in clear. */
static struct meta_place frame_place(uint64_t k, const uint8_t *header)
{
	struct meta_place place = { META_KIND_FRAME, meta_frame_offset(k), { 0 } };

	memcpy(place.bound, header, META_BOUND_BYTES);
	return place;
}

int meta_frame_put(struct meta_seal *s, uint64_t k, const uint8_t *header, const uint8_t *page,
		   uint8_t *out)
{
	const struct meta_place place = frame_place(k, header);

	memmove(out + META_FRAME_HEADER_BYTES, page, META_TEXT_BYTES);
	memmove(out, header, META_FRAME_HEADER_BYTES);
	out += META_BOUND_BYTES;
	return meta_seal_put(s, &place, (struct str){ (const char *)out, META_FRAME_TEXT_BYTES },
			     out);
}

int meta_frame_get(struct meta_seal *s, uint64_t k, const uint8_t *sealed, uint8_t *out)
{
	const struct meta_place place = frame_place(k, sealed);
	const struct str text = { (const char *)sealed + META_BOUND_BYTES,
				  META_FRAME_TEXT_BYTES + META_TRAILER_BYTES };
	int r;

	memmove(out, sealed, META_BOUND_BYTES);
	r = meta_seal_get(s, &place, text, out + META_BOUND_BYTES);
	memset(out + META_BOUND_BYTES + META_FRAME_TEXT_BYTES, 0, META_TRAILER_BYTES);
	return r;
}

/* A record is bound to its page's number and to its journal. */
static struct meta_place record_place(uint64_t offset, const uint8_t journal[META_JOURNAL_ID_BYTES],
				      const uint8_t *record)
{
	struct meta_place place = { META_KIND_RECORD, offset, { 0 } };

	memcpy(place.bound, record, 4);
	memcpy(place.bound + 8, journal, META_JOURNAL_ID_BYTES);
	return place;
}

int meta_record_put(struct meta_seal *s, uint64_t offset,
		    const uint8_t journal[META_JOURNAL_ID_BYTES], const uint8_t *record,
		    uint8_t *out)
{
	const struct meta_place place = record_place(offset, journal, record);
	uint8_t sum[4];

	memcpy(sum, record + 4 + META_PAGE_BYTES, sizeof(sum));
	memmove(out, record, 4 + META_TEXT_BYTES);
	memcpy(out + 4 + META_TEXT_BYTES, sum, sizeof(sum));
	return meta_seal_put(
		s, &place, (struct str){ (const char *)out + 4, META_RECORD_TEXT_BYTES }, out + 4);
}

int meta_record_get(struct meta_seal *s, uint64_t offset,
		    const uint8_t journal[META_JOURNAL_ID_BYTES], const uint8_t *sealed,
		    uint8_t *out)
{
	const struct meta_place place = record_place(offset, journal, sealed);
	const struct str text = { (const char *)sealed + 4,
				  META_RECORD_TEXT_BYTES + META_TRAILER_BYTES };
	int r;

	memmove(out, sealed, 4);
	r = meta_seal_get(s, &place, text, out + 4);
	memcpy(out + 4 + META_PAGE_BYTES, out + 4 + META_TEXT_BYTES, 4);
	memset(out + 4 + META_TEXT_BYTES, 0, META_TRAILER_BYTES);
	return r;
}

/* ---- Heads of WAL and journal ---------------------------------------------------------------- */

static const char *magic_of(enum meta_kind kind)
{
	assert(kind == META_KIND_WAL || kind == META_KIND_JOURNAL);
	return kind == META_KIND_WAL ? wal_magic : journal_magic;
}

static struct meta_place block_place(enum meta_kind kind, uint64_t offset, const uint8_t *block)
{
	struct meta_place place = { kind, offset, { 0 } };

	memcpy(place.bound, block, BLOCK_CLEAR_BYTES);
	return place;
}

int meta_block_put(struct meta_seal *s, enum meta_kind kind, uint64_t offset, const uint8_t *text,
		   uint8_t *out)
{
	struct meta_place place;

	memset(out, 0, META_BLOCK_BYTES);
	put_clear(out, magic_of(kind));
	place = block_place(kind, offset, out);
	return meta_seal_put(s, &place, (struct str){ (const char *)text, META_BLOCK_TEXT_BYTES },
			     out + BLOCK_CLEAR_BYTES);
}

int meta_block_get(struct meta_seal *s, enum meta_kind kind, uint64_t offset, const uint8_t *block,
		   uint8_t *out)
{
	const struct meta_place place = block_place(kind, offset, block);
	const struct str sealed = { (const char *)block + BLOCK_CLEAR_BYTES,
				    META_BLOCK_TEXT_BYTES + META_TRAILER_BYTES };

	if (is_zero(block, META_BLOCK_BYTES))
		return -ENOENT;
	if (memcmp(block, magic_of(kind), MAGIC_BYTES) != 0)
		return -EBADMSG;
	return meta_seal_get(s, &place, sealed, out);
}
