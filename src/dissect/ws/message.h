/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: what the files of this dissector share. ws.c walks the frames of both sides, message.c
 * makes rows of messages and control frames, deflate.c measures what is compressed. Payload is
 * never kept, and nothing of it but a close code stands in a row.
 */
#ifndef REDOUBT_DISSECT_WS_MESSAGE_H
#define REDOUBT_DISSECT_WS_MESSAGE_H

#include "dissect/dissect.h"
#include "record/record.h"

/* M(name, "token in the record", what it means), by RFC 6455. */
#define WS_MARK_TABLE(M)                                                                           \
	M(CLIENT_UNMASKED, "client-unmasked", "A frame of the client without a mask (§5.1)")       \
	M(SERVER_MASKED, "server-masked", "A frame of the server with a mask (§5.1)")              \
	M(RESERVED_BITS, "reserved-bits", "RSV bits that no extension explains (§5.2)")            \
	M(RESERVED_OPCODE, "reserved-opcode", "An opcode that has no meaning yet (§5.2)")          \
	M(LENGTH_LONG, "length-long", "A length in more bytes than it needs (§5.2)")               \
	M(CONTROL_SPLIT, "control-fragmented", "A control frame in fragments (§5.5)")              \
	M(CONTROL_LONG, "control-oversized", "A control frame of more than 125 bytes (§5.5)")      \
	M(STRAY, "continuation-alone", "A continuation of nothing (§5.4)")                         \
	M(INTERRUPTED, "message-interrupted", "A message that another one ended (§5.4)")           \
	M(CLOSE_INVALID, "close-invalid", "A close code that must not be sent (§7.4)")             \
	M(AFTER_CLOSE, "after-close", "A frame behind a close frame of the same side (§5.5.1)")    \
	M(INFLATE_CAP, "inflate-cap", "More content than is inflated for counting")                \
	M(INFLATE_ERROR, "inflate-error", "What is said to be compressed is not (RFC 7692)")

#define WS_MARK_ENUM(name, ...) WS_MARK_##name,
enum ws_mark { WS_MARK_TABLE(WS_MARK_ENUM) WS_MARK_COUNT };
static_assert(WS_MARK_COUNT <= 16, "marks are bits of a u16");
#define WS_BIT(name) ((uint16_t)(1u << WS_MARK_##name))

/* ---- What is compressed (RFC 7692), of one direction ----------------------------------------- */

/* Limit: content of one message that is inflated to be counted. */
#define WS_INFLATE_MAX (1 * MIB)
/* Limit: of one direction no more is inflated than this, and so many times what came. */
#define WS_INFLATE_FREE  (4 * MIB)
#define WS_INFLATE_RATIO 64

struct ws_deflate {
	struct ws_inflater *inflater; /* in the stream's heap, once it is needed */
	uint64_t in, out;             /* of all messages */
	bool agreed;
	bool no_takeover; /* each message stands for itself */
	bool lost;        /* the context is: no message can be read that needs it */
	uint8_t window_bits;
};

enum ws_inflated { INFLATED, INFLATE_NO_MEMORY, INFLATE_CAP, INFLATE_ERROR };

/* Reads the answered Sec-WebSocket-Extensions for both directions, by enum dissect_side. Answers
 * whether there is an extension at all. */
bool ws_deflate_agree(struct str extensions, struct ws_deflate d[2]);
/* A compressed message begins; after other answers than INFLATED its content cannot be counted. */
enum ws_inflated ws_deflate_begin(struct ws_deflate *d, struct heap *heap);
/* Adds the length of what s is inflated to. After other answers than INFLATED the context is lost.
 */
enum ws_inflated ws_deflate_put(struct ws_deflate *d, struct heap *heap, struct str s,
				uint64_t *content);
/* The message is over. */
enum ws_inflated ws_deflate_end(struct ws_deflate *d, struct heap *heap, uint64_t *content);
/* Bytes are missing. */
void ws_deflate_lose(struct ws_deflate *d, struct heap *heap);

/* ---- Messages -------------------------------------------------------------------------------- */

struct ws_message {
	struct dissect_tx *tx; /* NULL where it is not recorded */
	uint64_t bytes, content;
	uint32_t frames;
	uint16_t marks; /* WS_BIT()s */
	uint16_t close_code;
	uint8_t code_bytes; /* of it that were read */
	uint8_t opcode;     /* enum ws_opcode */
	bool open;
	bool masked;
	bool compressed;
	bool counting; /* content is what it says, as far as it came */
	bool torn;     /* bytes of it are missing */
};

void ws_message_begin(struct dissect_stream *s, struct ws_message *m, enum dissect_side side,
		      uint64_t sequence);
void ws_message_end(struct dissect_stream *s, struct ws_message *m, bool whole);

#endif
