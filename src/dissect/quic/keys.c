// SPDX-License-Identifier: Apache-2.0
/*
 * The protection of Initial packets (RFC 9001 §5): its keys come from what anyone can read, so that
 * it hides nothing, and tells that a packet was not damaged.
 */
#include "dissect/quic/initial.h"

#define NUMBER_MAX 4 /* bytes of a packet number */
/* Limit: bytes of a packet's header, its token among them. */
#define HEADER_MAX 2048

static int derive_side(const struct version *v, const uint8_t *initial, struct str label,
		       struct keys *out)
{
	uint8_t secret[CRYPTO_SHA256_BYTES];
	int r = crypto_hkdf_expand_label(initial, label, secret, sizeof(secret));

	if (r == 0)
		r = crypto_hkdf_expand_label(secret, v->v2 ? STR("quicv2 key") : STR("quic key"),
					     out->key, sizeof(out->key));
	if (r == 0)
		r = crypto_hkdf_expand_label(secret, v->v2 ? STR("quicv2 iv") : STR("quic iv"),
					     out->nonce, sizeof(out->nonce));
	if (r == 0)
		r = crypto_hkdf_expand_label(secret, v->v2 ? STR("quicv2 hp") : STR("quic hp"),
					     out->header, sizeof(out->header));
	return r;
}

int quic_keys_derive(const struct version *version, struct str id, struct initial *out)
{
	uint8_t initial[CRYPTO_SHA256_BYTES];
	int r = crypto_hkdf_extract((struct str){ (const char *)version->salt, SALT_BYTES }, id,
				    initial);

	assert(id.n <= ID_MAX);
	if (r == 0)
		r = derive_side(version, initial, STR("client in"), &out->keys[FROM_CLIENT]);
	if (r == 0)
		r = derive_side(version, initial, STR("server in"), &out->keys[FROM_SERVER]);
	if (r < 0)
		return r;
	out->version = version->number;
	out->id_n = (uint8_t)id.n;
	if (id.n)
		memcpy(out->id, id.p, id.n);
	return 0;
}

/* The number next to what was expected whose low bits these are (RFC 9000 §A.3). */
static uint64_t whole_number(uint64_t largest, uint64_t low, unsigned bytes)
{
	uint64_t expected = largest + 1, window = UINT64_C(1) << 8 * bytes;
	uint64_t number = (expected & ~(window - 1)) | low;

	if (number + window / 2 <= expected)
		return number + window;
	if (number > expected + window / 2 && number >= window)
		return number - window;
	return number;
}

int quic_keys_open(const struct keys *keys, const struct packet *packet, uint64_t *largest,
		   struct str *frames)
{
	static uint8_t plain[PACKET_MAX];
	uint8_t header[HEADER_MAX], mask[CRYPTO_BLOCK_BYTES], nonce[CRYPTO_GCM_NONCE_BYTES];
	const uint8_t *p = (const uint8_t *)packet->whole.p;
	size_t at = packet->number_at;
	uint64_t number = 0;
	struct str sealed;
	unsigned bytes;

	if (packet->whole.n > PACKET_MAX || at + NUMBER_MAX > HEADER_MAX ||
	    packet->whole.n < at + NUMBER_MAX + CRYPTO_BLOCK_BYTES)
		return -EBADMSG;
	if (crypto_aes128_block(keys->header, p + at + NUMBER_MAX, mask) < 0)
		return -EIO;
	memcpy(header, p, at + NUMBER_MAX);
	header[0] ^= mask[0] & 0x0f;
	bytes = (header[0] & 3) + 1U;
	for (unsigned i = 0; i < bytes; i++) {
		header[at + i] ^= mask[1 + i];
		number = number << 8 | header[at + i];
	}
	number = whole_number(*largest, number, bytes);
	memcpy(nonce, keys->nonce, sizeof(nonce));
	for (unsigned i = 0; i < 8; i++)
		nonce[sizeof(nonce) - 1 - i] ^= (uint8_t)(number >> 8 * i);
	sealed = str_skip(packet->whole, at + bytes);
	if (sealed.n < CRYPTO_GCM_TAG_BYTES ||
	    crypto_aes128_gcm_open(keys->key, nonce, (struct str){ (char *)header, at + bytes },
				   sealed, plain) < 0)
		return -EBADMSG;
	if (number > *largest)
		*largest = number;
	*frames = (struct str){ (const char *)plain, sealed.n - CRYPTO_GCM_TAG_BYTES };
	return 0;
}
