/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The QUIC dissector behind the protection of its packets: arbitrary frames are sealed as anyone
 * can, since the keys of Initial packets are no secret, and played on the fake engine. Held: the
 * contract that it asserts, and that no transaction is left open.
 *
 *   input = events: side (u8), length (u8 of fours for bytes), frames
 */
#include <openssl/evp.h>

#include "dissect/quic/initial.h"
#include "fake_engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct dissector quic_dissector;

static const char id[ID_MIN] = "12345678";

static int encrypt(const EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *nonce,
		   struct str header, struct str text, uint8_t *out, uint8_t *tag)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n = 0;

	assert(c && EVP_EncryptInit_ex(c, cipher, NULL, key, nonce) == 1);
	if (header.n)
		assert(EVP_EncryptUpdate(c, NULL, &n, (const uint8_t *)header.p, (int)header.n) ==
		       1);
	assert(EVP_EncryptUpdate(c, out, &n, (const uint8_t *)text.p, (int)text.n) == 1);
	if (tag) {
		int rest = 0;

		assert(EVP_EncryptFinal_ex(c, out + n, &rest) == 1);
		assert(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1);
	}
	EVP_CIPHER_CTX_free(c);
	return n;
}

/* An Initial packet of version 1 with number 0 in four bytes. */
static size_t seal(enum dissect_side side, struct str frames, uint8_t *out)
{
	struct initial keys;
	const struct keys *k = &keys.keys[side];
	size_t length = 4 + frames.n + CRYPTO_GCM_TAG_BYTES, n = 0, at;
	uint8_t mask[CRYPTO_BLOCK_BYTES];

	assert(quic_keys_derive(quic_version_next(NULL, 1), (struct str){ id, sizeof(id) },
				&keys) == 0);
	memcpy(out, "\xc3\x00\x00\x00\x01\x08", 6);
	memcpy(out + 6, id, sizeof(id));
	n = 6 + sizeof(id);
	out[n++] = 0; /* source id */
	out[n++] = 0; /* token */
	out[n++] = (uint8_t)(0x40 | length >> 8);
	out[n++] = (uint8_t)length;
	at = n;
	memset(out + n, 0, 4);
	n += 4;
	(void)encrypt(EVP_aes_128_gcm(), k->key, k->nonce, (struct str){ (char *)out, n }, frames,
		      out + n, out + n + frames.n);
	assert(crypto_aes128_block(k->header, out + at + 4, mask) == 0);
	out[0] ^= mask[0] & 15;
	for (unsigned i = 0; i < 4; i++)
		out[at + i] ^= mask[1 + i];
	return n + frames.n + CRYPTO_GCM_TAG_BYTES;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake *f;
	struct cur c = cur_of(data, size);

	if (size > 16 * KIB || crypto_init(NULL) < 0)
		return 0;
	f = fake_new(&quic_dissector, true);
	while (c.n >= 2 && !f->over) {
		enum dissect_side side = cur_u8(&c) & 1 ? FROM_SERVER : FROM_CLIENT;
		size_t asked = (size_t)cur_u8(&c) * 4, n = size_min(asked, c.n);
		struct str frames = { (const char *)cur_take(&c, n), n };
		uint8_t packet[2 * KIB];

		f->ds.at_ns += NS_PER_MS;
		if (n == 0)
			continue;
		n = seal(side, frames, packet);
		fake_datagram(f, side, (struct str){ (char *)packet, n }, 0);
	}
	fake_close(f);
	fake_free(f);
	return 0;
}
