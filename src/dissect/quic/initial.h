/* SPDX-License-Identifier: Apache-2.0 */
/*
 * initial: what the files of this dissector share. packet.c cuts datagrams into packets and knows
 * the versions, keys.c removes the protection of Initial packets, gather.c puts CRYPTO frames into
 * order, quic.c leads.
 */
#ifndef REDOUBT_DISSECT_QUIC_INITIAL_H
#define REDOUBT_DISSECT_QUIC_INITIAL_H

#include "crypto/crypto.h"
#include "dissect/dissect.h"
#include "tls/tls.h"

/* ---- packet.c -------------------------------------------------------------------------------- */

#define SALT_BYTES 20
/* RFC 9000 §17.2; the client's first is at least 8 (§7.2). */
#define ID_MAX 20
#define ID_MIN 8

struct version {
	uint32_t number;
	bool v2; /* types and labels of RFC 9369 */
	struct str name;
	const uint8_t *salt;
};

/* The versions that may have this number, one after the other: most have one row. NULL where there
 * is no further one. */
const struct version *quic_version_next(const struct version *after, uint32_t number);

enum packet_type { PACKET_INITIAL, PACKET_0RTT, PACKET_HANDSHAKE, PACKET_RETRY };

struct packet {
	const struct version *version;
	enum packet_type type;
	struct str to; /* destination connection id */
	struct str whole;
	size_t number_at; /* where the packet number begins */
};

/* The next packet with a long header and a known version: 1, or 0 where none follows that can be
 * read. */
int quic_packet_next(struct str *datagram, struct packet *out);

/* Is this a Version Negotiation packet (RFC 8999 §6)? */
bool quic_packet_negotiates(struct str datagram);

/* A number of variable length (RFC 9000 §16). */
uint64_t quic_packet_varint(struct cur *c);

/* ---- keys.c ---------------------------------------------------------------------------------- */

struct keys {
	uint8_t key[CRYPTO_AES128_BYTES];
	uint8_t nonce[CRYPTO_GCM_NONCE_BYTES];
	uint8_t header[CRYPTO_AES128_BYTES];
};

/* Of one version and one connection id. */
struct initial {
	uint32_t version; /* 0: none */
	uint8_t id_n;
	uint8_t id[ID_MAX];
	struct keys keys[2]; /* by who sends */
};

/* RFC 9001 §5.2. 0 or -EIO. */
[[nodiscard]] int quic_keys_derive(const struct version *version, struct str id,
				   struct initial *out);
/* Limit: bytes of an Initial packet that is opened. */
#define PACKET_MAX (16 * KIB)
/* The frames in an Initial packet, in memory of the process that is used again. *largest is the
 * largest packet number so far. -EBADMSG where these are not its keys. */
[[nodiscard]] int quic_keys_open(const struct keys *keys, const struct packet *packet,
				 uint64_t *largest, struct str *frames);

/* ---- gather.c -------------------------------------------------------------------------------- */

/* Limit: bytes of one side's CRYPTO stream; the largest piece of the heap's middle size. */
#define GATHER_MAX (16 * KIB - 16)
/* Limit: parts with holes between them. */
#define GATHER_PARTS 24

/* Zeroed is empty. */
struct gather {
	uint8_t *bytes; /* in the heap */
	uint16_t room;
	uint16_t done; /* bytes of messages that were read */
	uint16_t parts;
	bool dead; /* a message does not fit */
	struct {
		uint16_t from, to;
	} part[GATHER_PARTS]; /* in order, never touching */
};

/* 0, -ENOBUFS beyond a limit, -ENOMEM. */
[[nodiscard]] int quic_gather_add(struct gather *g, struct heap *heap, uint64_t offset,
				  struct str bytes);
/* The next whole message: its type and body. */
bool quic_gather_next(struct gather *g, uint8_t *type, struct str *body);

#endif
