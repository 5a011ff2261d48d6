// SPDX-License-Identifier: Apache-2.0
/*
 * One entry of the file: a key and what it is for, sealed on its own, so that a damaged one costs
 * no other.
 */
#include "keystore/keystore_int.h"

/* Offsets within the plain entry; the rest is zero. */
#define STATE_AT     0
#define PART_AT      1
#define LENGTH_AT    2
#define ZERO_AT      3
#define HOUR_AT      8
#define DESTROYED_AT 16
#define KEY_AT       24
#define CLUSTER_AT   56
static_assert(KEY_AT + CRYPTO_KEY_BYTES == CLUSTER_AT &&
		      CLUSTER_AT + KEYSTORE_CLUSTER_MAX + 1 == KEYSTORE_ENTRY_PLAIN,
	      "as the format says");

/* Offsets within the entry. */
#define NONCE_AT   8
#define CLEAR_AT   20
#define CLEAR_SIZE 4
static_assert(KEYSTORE_ENTRY_SEALED + KEYSTORE_ENTRY_PLAIN + CRYPTO_GCM_TAG_BYTES ==
		      KEYSTORE_ENTRY_BYTES,
	      "as the format says");

/* ---- What a key is for ----------------------------------------------------------------------- */

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool keystore_cluster_is_name(struct str name)
{
	if (name.n < 1 || name.n > KEYSTORE_CLUSTER_MAX || !is_alnum(name.p[0]) ||
	    !is_alnum(name.p[name.n - 1]))
		return false;
	for (size_t i = 0; i < name.n; i++) {
		if (!is_alnum(name.p[i]) && name.p[i] != '.' && name.p[i] != '-')
			return false;
	}
	return true;
}

static struct str cluster_of(const struct key_scope *scope)
{
	return (struct str){ scope->cluster, strnlen(scope->cluster, sizeof(scope->cluster)) };
}

bool keystore_scope_is_valid(const struct key_scope *scope)
{
	return keystore_cluster_is_name(cluster_of(scope)) && scope->part < KEYSTORE_PARTS &&
	       scope->hour >= KEYSTORE_HOUR_MIN && scope->hour <= KEYSTORE_HOUR_MAX;
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

static void put_u64(uint8_t *p, uint64_t v)
{
	for (unsigned i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static bool is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i])
			return false;
	}
	return true;
}

void keystore_entry_encode(const struct key_info *info, const uint8_t key[CRYPTO_KEY_BYTES],
			   uint8_t plain[KEYSTORE_ENTRY_PLAIN])
{
	struct str cluster = cluster_of(&info->scope);

	memset(plain, 0, KEYSTORE_ENTRY_PLAIN);
	plain[STATE_AT] = (uint8_t)(info->state + 1);
	plain[PART_AT] = info->scope.part;
	plain[LENGTH_AT] = (uint8_t)cluster.n;
	put_u64(plain + HOUR_AT, (uint64_t)info->scope.hour);
	if (info->state == KEY_DESTROYED)
		put_u64(plain + DESTROYED_AT, (uint64_t)info->destroyed_ns);
	if (info->state == KEY_ALIVE)
		memcpy(plain + KEY_AT, key, CRYPTO_KEY_BYTES);
	memcpy(plain + CLUSTER_AT, cluster.p, cluster.n);
}

/* What the state allows. */
static bool is_consistent(const uint8_t plain[KEYSTORE_ENTRY_PLAIN], const struct key_info *info)
{
	bool has_key = !is_zero(plain + KEY_AT, CRYPTO_KEY_BYTES);

	if (!is_zero(plain + ZERO_AT, HOUR_AT - ZERO_AT))
		return false;
	switch (info->state) {
	case KEY_ALIVE:
		return has_key && info->destroyed_ns == 0 && keystore_scope_is_valid(&info->scope);
	case KEY_DESTROYED:
		return !has_key && keystore_scope_is_valid(&info->scope);
	case KEY_DAMAGED:
		return is_zero(plain + PART_AT, KEYSTORE_ENTRY_PLAIN - PART_AT);
	}
	return false;
}

int keystore_entry_decode(const uint8_t plain[KEYSTORE_ENTRY_PLAIN], struct key_info *info,
			  uint8_t key[CRYPTO_KEY_BYTES])
{
	size_t n = plain[LENGTH_AT];

	if (plain[STATE_AT] < 1 || plain[STATE_AT] > KEY_DAMAGED + 1 || n > KEYSTORE_CLUSTER_MAX ||
	    !is_zero(plain + CLUSTER_AT + n, KEYSTORE_CLUSTER_MAX + 1 - n))
		return -EBADMSG;
	info->state = (enum key_state)(plain[STATE_AT] - 1);
	info->scope.part = plain[PART_AT];
	info->scope.hour = (int64_t)load_u64le(plain + HOUR_AT);
	info->destroyed_ns = (int64_t)load_u64le(plain + DESTROYED_AT);
	memcpy(info->scope.cluster, plain + CLUSTER_AT, KEYSTORE_CLUSTER_MAX + 1);
	if (cluster_of(&info->scope).n != n || !is_consistent(plain, info))
		return -EBADMSG;
	memcpy(key, plain + KEY_AT, CRYPTO_KEY_BYTES);
	return 0;
}

/* ---- Sealing --------------------------------------------------------------------------------- */

#define ASSOCIATED_BYTES (KEYSTORE_ID_BYTES + 8 + 8 + CLEAR_SIZE)

static struct str associate(const struct keystore_header *h, uint64_t id,
			    const uint8_t entry[KEYSTORE_ENTRY_BYTES],
			    uint8_t out[ASSOCIATED_BYTES])
{
	memcpy(out, h->id, KEYSTORE_ID_BYTES);
	put_u64(out + KEYSTORE_ID_BYTES, h->epoch);
	put_u64(out + KEYSTORE_ID_BYTES + 8, id);
	memcpy(out + KEYSTORE_ID_BYTES + 16, entry + CLEAR_AT, CLEAR_SIZE);
	return (struct str){ (char *)out, ASSOCIATED_BYTES };
}

int keystore_entry_open(struct crypto_aead *epoch, const struct keystore_header *h, uint64_t id,
			const uint8_t in[KEYSTORE_ENTRY_BYTES], struct key_info *info,
			uint8_t key[CRYPTO_KEY_BYTES])
{
	const struct str sealed = { (const char *)in + KEYSTORE_ENTRY_SEALED,
				    KEYSTORE_ENTRY_BYTES - KEYSTORE_ENTRY_SEALED };
	uint8_t associated[ASSOCIATED_BYTES], plain[KEYSTORE_ENTRY_PLAIN];
	struct key_info found = { .id = id };
	int r = crypto_aead_open(epoch, in + NONCE_AT, associate(h, id, in, associated), sealed,
				 plain);

	if (r == 0)
		r = keystore_entry_decode(plain, &found, key);
	if (r == 0)
		*info = found;
	crypto_wipe(plain, sizeof(plain));
	return r;
}

int keystore_entry_seal(struct crypto_aead *epoch, const struct keystore_header *h,
			const struct key_info *info, const uint8_t key[CRYPTO_KEY_BYTES],
			uint8_t out[KEYSTORE_ENTRY_BYTES])
{
	uint8_t associated[ASSOCIATED_BYTES], plain[KEYSTORE_ENTRY_PLAIN];
	int r;

	memset(out, 0, KEYSTORE_ENTRY_SEALED);
	put_u64(out, info->id);
	r = crypto_random(out + NONCE_AT, CRYPTO_GCM_NONCE_BYTES);
	if (r < 0)
		return r;
	keystore_entry_encode(info, key, plain);
	r = crypto_aead_seal(epoch, out + NONCE_AT, associate(h, info->id, out, associated),
			     (struct str){ (char *)plain, sizeof(plain) },
			     out + KEYSTORE_ENTRY_SEALED);
	crypto_wipe(plain, sizeof(plain));
	return r;
}
