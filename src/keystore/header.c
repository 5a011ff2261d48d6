// SPDX-License-Identifier: Apache-2.0
/*
 * The header of the file: what stands in it in clear, and the two keys wrapped by keys of the root
 * key. All that is in clear is associated with both, so it opens unchanged or not at all.
 */
#include "keystore/keystore_int.h"

#define MAGIC          "RDBTKEYS"
#define MASTER_AT      KEYSTORE_CLEAR_BYTES
#define WRAPPED_BYTES  (CRYPTO_GCM_NONCE_BYTES + CRYPTO_KEY_BYTES + CRYPTO_GCM_TAG_BYTES)
#define EPOCH_AT       (MASTER_AT + WRAPPED_BYTES)
#define CHECKSUM_AT    (EPOCH_AT + WRAPPED_BYTES)
#define CHECKSUM_BYTES 8
static_assert(CHECKSUM_AT + CHECKSUM_BYTES == KEYSTORE_HEADER_BYTES, "as the format says");

int keystore_sum(struct str bytes, uint8_t out[CRYPTO_SHA256_BYTES])
{
	crypto_hash_begin(CRYPTO_SHA256);
	crypto_hash_add(CRYPTO_SHA256, bytes);
	return crypto_hash_end(CRYPTO_SHA256, out);
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

static bool cost_is_valid(const struct keystore_header *h)
{
	static const uint8_t no_salt[KEYSTORE_SALT_BYTES];
	const struct crypto_argon2 *c = &h->cost;

	if (h->root == KEYSTORE_ROOT_FILE)
		return c->lanes == 0 && c->memory_kib == 0 && c->passes == 0 &&
		       memcmp(h->salt, no_salt, sizeof(no_salt)) == 0;
	return h->root == KEYSTORE_ROOT_PASSPHRASE && c->lanes >= 1 &&
	       c->lanes <= KEYSTORE_LANES_MAX && c->memory_kib >= 8 * c->lanes &&
	       c->memory_kib <= KEYSTORE_MEMORY_MAX && c->passes >= 1 &&
	       c->passes <= KEYSTORE_PASSES_MAX;
}

static bool counts_are_valid(const struct keystore_header *h)
{
	return h->epoch >= 1 && h->next_id >= 1 && h->entries <= KEYSTORE_KEYS_MAX &&
	       h->entries < h->next_id && h->forgotten < h->next_id - h->entries;
}

static void take_into(struct cur *c, uint8_t *out, size_t n)
{
	const uint8_t *p = cur_take(c, n);

	assert(p); /* the header is as long as it is */
	memcpy(out, p, n);
}

int keystore_header_decode(const uint8_t in[KEYSTORE_HEADER_BYTES], struct keystore_header *out)
{
	struct cur c = cur_of(in, KEYSTORE_CLEAR_BYTES);
	struct keystore_header h;
	unsigned version;

	if (memcmp(cur_take(&c, sizeof(MAGIC) - 1), MAGIC, sizeof(MAGIC) - 1) != 0)
		return -EBADMSG;
	version = cur_u16le(&c);
	if (version != KEYSTORE_VERSION)
		return version > KEYSTORE_VERSION ? -ENOTSUP : -EBADMSG;
	h.root = (enum keystore_root_kind)cur_u16le(&c);
	h.cost.lanes = cur_u32le(&c);
	h.cost.memory_kib = cur_u32le(&c);
	h.cost.passes = cur_u32le(&c);
	take_into(&c, h.salt, sizeof(h.salt));
	take_into(&c, h.id, sizeof(h.id));
	h.generation = cur_u64le(&c);
	h.epoch = cur_u64le(&c);
	h.next_id = cur_u64le(&c);
	h.entries = cur_u64le(&c);
	h.forgotten = cur_u64le(&c);
	take_into(&c, h.sum, sizeof(h.sum));
	if (!cost_is_valid(&h) || !counts_are_valid(&h))
		return -EBADMSG;
	*out = h;
	return 0;
}

static uint8_t *put_le(uint8_t *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*p++ = (uint8_t)(v >> 8 * i);
	return p;
}

static uint8_t *put_bytes(uint8_t *p, const void *from, size_t n)
{
	memcpy(p, from, n);
	return p + n;
}

static void encode_clear(const struct keystore_header *h, uint8_t out[KEYSTORE_CLEAR_BYTES])
{
	uint8_t *p = put_bytes(out, MAGIC, sizeof(MAGIC) - 1);

	p = put_le(p, KEYSTORE_VERSION, 2);
	p = put_le(p, h->root, 2);
	p = put_le(p, h->cost.lanes, 4);
	p = put_le(p, h->cost.memory_kib, 4);
	p = put_le(p, h->cost.passes, 4);
	p = put_bytes(p, h->salt, sizeof(h->salt));
	p = put_bytes(p, h->id, sizeof(h->id));
	p = put_le(p, h->generation, 8);
	p = put_le(p, h->epoch, 8);
	p = put_le(p, h->next_id, 8);
	p = put_le(p, h->entries, 8);
	p = put_le(p, h->forgotten, 8);
	p = put_bytes(p, h->sum, sizeof(h->sum));
	assert(p == out + KEYSTORE_CLEAR_BYTES);
}

/* ---- Wrapping -------------------------------------------------------------------------------- */

static int wrap(const uint8_t by[CRYPTO_KEY_BYTES], const uint8_t key[CRYPTO_KEY_BYTES],
		uint8_t header[KEYSTORE_HEADER_BYTES], size_t at)
{
	CLEANUP(crypto_aead_free) struct crypto_aead *a = NULL;
	uint8_t *nonce = header + at;
	int r = crypto_aead_new(by, &a);

	if (r == 0)
		r = crypto_random(nonce, CRYPTO_GCM_NONCE_BYTES);
	if (r < 0)
		return r;
	return crypto_aead_seal(a, nonce, (struct str){ (char *)header, KEYSTORE_CLEAR_BYTES },
				(struct str){ (const char *)key, CRYPTO_KEY_BYTES },
				nonce + CRYPTO_GCM_NONCE_BYTES);
}

static int unwrap(const uint8_t by[CRYPTO_KEY_BYTES], const uint8_t header[KEYSTORE_HEADER_BYTES],
		  size_t at, uint8_t key[CRYPTO_KEY_BYTES])
{
	CLEANUP(crypto_aead_free) struct crypto_aead *a = NULL;
	const uint8_t *nonce = header + at;
	int r = crypto_aead_new(by, &a);

	if (r < 0)
		return r;
	return crypto_aead_open(a, nonce,
				(struct str){ (const char *)header, KEYSTORE_CLEAR_BYTES },
				(struct str){ (const char *)nonce + CRYPTO_GCM_NONCE_BYTES,
					      CRYPTO_KEY_BYTES + CRYPTO_GCM_TAG_BYTES },
				key);
}

bool keystore_header_whole(const uint8_t in[KEYSTORE_HEADER_BYTES])
{
	uint8_t sum[CRYPTO_SHA256_BYTES];

	return keystore_sum((struct str){ (const char *)in, CHECKSUM_AT }, sum) == 0 &&
	       memcmp(sum, in + CHECKSUM_AT, CHECKSUM_BYTES) == 0;
}

int keystore_header_open(const uint8_t in[KEYSTORE_HEADER_BYTES], struct keystore_secrets *s)
{
	int r = unwrap(s->wraps_master, in, MASTER_AT, s->master);

	return r < 0 ? r : unwrap(s->wraps_epoch, in, EPOCH_AT, s->epoch);
}

int keystore_header_seal(const struct keystore_header *h, const struct keystore_secrets *s,
			 uint8_t out[KEYSTORE_HEADER_BYTES])
{
	uint8_t sum[CRYPTO_SHA256_BYTES];
	int r;

	encode_clear(h, out);
	r = wrap(s->wraps_master, s->master, out, MASTER_AT);
	if (r == 0)
		r = wrap(s->wraps_epoch, s->epoch, out, EPOCH_AT);
	if (r == 0)
		r = keystore_sum((struct str){ (char *)out, CHECKSUM_AT }, sum);
	if (r == 0)
		memcpy(out + CHECKSUM_AT, sum, CHECKSUM_BYTES);
	return r;
}
