/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection: what the files of this dissector share. A connection has two halves, each of which is
 * somewhere in a frame; an exchange is one stream with its request and response, in an open
 * transaction. http2.c walks the bytes, frame.c knows frames and recognises them, place.c finds
 * where one begins, hpack.c decodes header blocks, exchange.c finds and ends exchanges, fields.c
 * fills their rows, report.c counts and makes the connection's own row.
 */
#ifndef REDOUBT_DISSECT_HTTP2_CONNECTION_H
#define REDOUBT_DISSECT_HTTP2_CONNECTION_H

#include <nghttp2/nghttp2.h>

#include "dissect/dissect.h"
#include "http/http.h"
#include "record/record.h"

/* Limit: bytes kept of the fields of one header block; of what is beyond, nothing is kept. */
#define BLOCK_KEPT_MAX (8 * KIB)
/* Limit: interim statuses kept of one exchange. */
#define INTERIM_MAX 8

/* ---- Frames (RFC 9113 §4, §6) ---------------------------------------------------------------- */

#define FRAME_HEAD   ((size_t)9)
#define PREFACE      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_SIZE (sizeof(PREFACE) - 1)

/* F(NAME, number) in the order of their numbers. */
#define FRAME_TABLE(F)                                                                             \
	F(DATA, 0)                                                                                 \
	F(HEADERS, 1)                                                                              \
	F(PRIORITY, 2)                                                                             \
	F(RST_STREAM, 3)                                                                           \
	F(SETTINGS, 4)                                                                             \
	F(PUSH_PROMISE, 5)                                                                         \
	F(PING, 6)                                                                                 \
	F(GOAWAY, 7)                                                                               \
	F(WINDOW_UPDATE, 8)                                                                        \
	F(CONTINUATION, 9)

#define FRAME_ENUM_(name, number) FRAME_##name = (number),
enum frame_type { FRAME_TABLE(FRAME_ENUM_) FRAME_OTHER };

enum {
	FLAG_END_STREAM = 0x1, /* and ACK */
	FLAG_ACK = 0x1,
	FLAG_END_HEADERS = 0x4,
	FLAG_PADDED = 0x8,
	FLAG_PRIORITY = 0x20,
};

struct frame {
	uint32_t length, stream;
	uint8_t type, flags;
	bool reserved; /* the bit before the stream is set */
};

/* p has FRAME_HEAD bytes. */
struct frame h2_frame_read(const uint8_t *p);
/* Is it allowed as it stands? What is of no known type is, as far as one can tell. */
bool h2_frame_is_legal(const struct frame *f);

/* Limit: fields of a header block, and sizes of its table, by which frames are recognised. */
#define FRAME_FIELDS_MAX 256
/* Who wrote this HEADERS frame of a whole block, as far as its first field tells without HPACK's
 * table. */
enum speaker { SPEAKER_UNKNOWN, SPEAKER_CLIENT, SPEAKER_SERVER };
enum speaker h2_frame_speaker(const struct frame *f, struct str payload);

/* Do frames begin here? Behind a hole, with little at hand: of streams up to stream_max; `known`
 * says that the stream of the first one is open, `data` that it may be DATA. 1 yes, 0 not decidable
 * with so few bytes, -1 no. Never looks further than FRAME_CHAIN_MAX bytes, and at few of them. */
#define FRAME_CHAIN_MAX (3 * (16 * KIB + FRAME_HEAD) + FRAME_HEAD)
int h2_frame_chain(struct str in, uint32_t stream_max, bool known, bool data);
enum dissect_probe h2_frame_probe(struct str in);

/* ---- What is unusual ------------------------------------------------------------------------- */

/* M(NAME, "token in the record") */
#define MARK_TABLE(M)                                                                              \
	M(FRAME_INVALID, "frame-invalid")                                                          \
	M(BLOCK_INTERRUPTED, "block-interrupted")                                                  \
	M(CONTINUATION_FLOOD, "continuation-flood")                                                \
	M(HEADERS_LARGE, "headers-large")                                                          \
	M(HPACK_ERROR, "hpack-error")                                                              \
	M(HPACK_MEMORY, "hpack-memory")                                                            \
	M(RAPID_RESET, "rapid-reset")                                                              \
	M(SETTINGS_FLOOD, "settings-flood")                                                        \
	M(PING_FLOOD, "ping-flood")                                                                \
	M(PRIORITY_FLOOD, "priority-flood")                                                        \
	M(EMPTY_FLOOD, "empty-frames-flood")

#define MARK_ENUM_(name, token) MARK_##name,
enum mark { MARK_TABLE(MARK_ENUM_) MARK_COUNT };

/* Limits beyond which it is unusual. Of one header block: its CONTINUATION frames, and the bytes of
 * its fields as HPACK counts them (RFC 7541 §4.1). */
#define CONTINUATIONS_MAX 32
#define BLOCK_LIST_MAX    (256 * KIB)
/* R(NAME, Limit: in one second) for one direction and the other together. */
#define RATE_TABLE(R)                                                                              \
	R(RAPID_RESET, 200)    /* streams that the client ended before they were answered */       \
	R(SETTINGS_FLOOD, 50)  /* SETTINGS without ACK */                                          \
	R(PING_FLOOD, 100)     /* PING without ACK */                                              \
	R(PRIORITY_FLOOD, 500) /* PRIORITY */                                                      \
	R(EMPTY_FLOOD, 200)    /* DATA and CONTINUATION without content or END */

#define RATE_ENUM_(name, limit) RATE_##name,
enum rate { RATE_TABLE(RATE_ENUM_) RATE_COUNT };

/* ---- One exchange ---------------------------------------------------------------------------- */

enum {
	EX_ASKED = 1 << 0, /* the request's head was seen */
	EX_ASKED_ALL = 1 << 1,
	EX_ANSWERED = 1 << 2, /* the final response's head was seen */
	EX_ANSWERED_ALL = 1 << 3,
	EX_TORN_CLIENT = 1 << 4, /* a hole lies inside */
	EX_TORN_SERVER = 1 << 5,
	EX_CONNECT = 1 << 6,
	EX_RESET = 1 << 7,
	EX_RESET_BY_SERVER = 1 << 8,
	EX_WAITS = 1 << 9, /* answered, and its request may still come: is counted */
	EX_TORN = EX_TORN_CLIENT | EX_TORN_SERVER,
};

/* In the arena of its transaction, whose note[0] points to it. */
struct exchange {
	struct dissect_tx *tx;
	struct exchange *chain; /* next one of the same bucket */
	uint32_t flags;
	uint32_t unknown; /* header fields that cannot be told */
	uint32_t reset;   /* error code */
	uint16_t status;
	uint8_t interims;
	bool typed[2];   /* Content-Type was told; by enum dissect_side, as all pairs below */
	uint8_t type[2]; /* enum grpc_type */
	bool any_data[2];
	uint32_t trailers[2];
	uint32_t head_bytes[2];
	uint64_t body_bytes[2];
	uint64_t *interim;
	struct http_headers headers[2];
	struct http_headers response_trailers;
	struct grpc_call call;
	struct http_graphql *graphql; /* of the request, where a rule opens it, or NULL */
	bool graphql_wants;           /* more of the body */
};

static inline struct exchange *exchange_of_tx(const struct dissect_tx *tx)
{
	return (struct exchange *)(uintptr_t)tx->note[0];
}

/* ---- One connection: dissect_stream.state ---------------------------------------------------- */

enum phase {
	PHASE_START,   /* nothing was fed yet */
	PHASE_PREFACE, /* before what a side must say first */
	PHASE_FRAME,   /* at a frame's first byte, or within its head */
	PHASE_PREFIX,  /* before what stands in front of its payload */
	PHASE_PAYLOAD,
	PHASE_PADDING,
	PHASE_RESYNC, /* dropping bytes up to what looks like a frame */
};

enum table {
	TABLE_NONE,   /* nothing was decoded yet */
	TABLE_TRUE,   /* as the sender has it */
	TABLE_PRIMED, /* what is older than where we joined are placeholders */
	TABLE_LOST,   /* no decoder: behind a hole, or an error */
};

struct hpack {
	nghttp2_hd_inflater *inflater;
	uint32_t fragment_bytes; /* of all blocks */
	uint16_t primes;         /* decoders made anew */
	uint16_t holders;        /* placeholders of the decoder, or of the next one */
	uint8_t table;           /* enum table; what follows is of TABLE_PRIMED */
	uint8_t begun_n;
	uint8_t begun[4]; /* bytes of a field's index of which more must come */
	bool in_field;    /* behind its index */
};

/* A header block, over its frames. */
struct block {
	struct exchange *ex; /* NULL where it is only decoded */
	uint32_t stream;
	uint32_t bytes;      /* of its fragments */
	uint32_t list_bytes; /* of its fields */
	uint32_t kept_bytes;
	uint32_t unknown; /* fields that cannot be told */
	uint16_t continuations;
	bool open, end_stream, trailers;
};

/* Settings that have a name. */
#define SETTING_TABLE(S)                                                                           \
	S(1, "HEADER_TABLE_SIZE")                                                                  \
	S(2, "ENABLE_PUSH")                                                                        \
	S(3, "MAX_CONCURRENT_STREAMS")                                                             \
	S(4, "INITIAL_WINDOW_SIZE")                                                                \
	S(5, "MAX_FRAME_SIZE")                                                                     \
	S(6, "MAX_HEADER_LIST_SIZE")                                                               \
	S(8, "ENABLE_CONNECT_PROTOCOL")                                                            \
	S(9, "NO_RFC7540_PRIORITIES")
#define SETTING_COUNT_(...) +1
enum { SETTINGS_NAMED = 0 SETTING_TABLE(SETTING_COUNT_) };

struct half {
	uint8_t phase;         /* enum phase */
	uint8_t pad;           /* bytes of padding behind the payload */
	uint8_t settings_seen; /* bits of settings */
	bool hole;             /* ever */
	struct frame frame;    /* the one being read */
	uint32_t left;         /* bytes of its payload still to come */
	struct exchange *ex;   /* of DATA; NULL where it is not recorded */
	struct block block;
	struct hpack hpack;
	uint32_t settings[SETTINGS_NAMED];
};

#define CLOSED_KEPT 6

struct connection {
	struct half half[2]; /* by enum dissect_side */
	nghttp2_mem *mem;    /* in the heap, as what follows */
	struct exchange **bucket;
	struct exchange *only; /* a table of one bucket, for where there is no memory */
	int64_t began_ns, last_ns, second_ns;
	uint64_t named[2]; /* bit i: highest_named - 2i; by the lowest bit of a stream's id */
	uint32_t highest_named[2];
	uint32_t first_request, last_request; /* streams whose request was seen, since a hole */
	uint32_t closed[CLOSED_KEPT];         /* of those that were not seen whole */
	uint32_t frames[FRAME_OTHER + 1];
	uint32_t streams, exchanges, shed, pushes, unknown;
	uint32_t resets[2];
	uint32_t goaway;
	uint32_t marks; /* bits of enum mark */
	uint16_t rate[RATE_COUNT];
	uint16_t waiting; /* exchanges with EX_WAITS */
	uint8_t closed_next;
	uint8_t buckets;
	bool from_start; /* its first bytes were seen, or the preface, which is among them */
	bool started;    /* either side */
	bool proven;     /* who is the client */
	bool began, has_goaway, upgraded;
};
static_assert(sizeof(struct connection) <= DISSECT_STATE_MAX, "a connection fits its state");
static_assert(MARK_COUNT <= 32 && SETTINGS_NAMED <= 8, "bits");

static inline struct connection *connection_of(const struct dissect_stream *s)
{
	return s->state;
}

static inline void mark(struct connection *c, enum mark m)
{
	c->marks |= UINT32_C(1) << m;
}

/* ---- place.c --------------------------------------------------------------------------------- */

/* Something of this side was not read: what was in it, nobody knows. */
void h2_place_lose(struct dissect_stream *s, enum dissect_side side);
/* Looks for a frame; bytes before *at are none. 1 there is one, 0 not decidable yet. */
int h2_place_find(struct dissect_stream *s, struct str in, size_t *at);
/* A client begins with its preface, a server with SETTINGS (RFC 9113 §3.4). 1 that is so, 0 not
 * decidable with so few bytes, -1 no. */
int h2_place_begins(enum dissect_side side, struct str in);
/* Where we joined among DATA alone, the guess who is the client may be wrong. in begins with f. 1
 * right or not known, 0 not decidable with so few bytes, -1 wrong. */
int h2_place_check_sides(struct connection *c, enum dissect_side side, const struct frame *f,
			 struct str in);

/* ---- hpack.c --------------------------------------------------------------------------------- */

/* A block begins: there is a decoder afterwards, or its fields are not known. */
void h2_hpack_begin(struct dissect_stream *s, enum dissect_side side);
/* A fragment of it; each field goes to h2_fields_one(). */
void h2_hpack_feed(struct dissect_stream *s, enum dissect_side side, struct str fragment,
		   bool last);
/* What follows was said in reference to something that was not seen. */
void h2_hpack_lose(struct connection *c, enum dissect_side side);

/* ---- exchange.c ------------------------------------------------------------------------------ */

struct exchange *h2_exchange_find(struct dissect_stream *s, uint32_t id);
/* The exchange that a header block or DATA belongs to, opened where that is due, or NULL. */
struct exchange *h2_exchange_of(struct dissect_stream *s, enum dissect_side side, uint32_t id,
				bool headers);
/* A side has said all; ends the exchange when that was the rest. */
void h2_exchange_side_over(struct dissect_stream *s, struct exchange *ex, enum dissect_side side);
void h2_exchange_reset(struct dissect_stream *s, enum dissect_side side, uint32_t id,
		       uint32_t code);
/* Whatever is open lacks something that this side said. */
void h2_exchange_all_torn(struct dissect_stream *s, enum dissect_side side);
void h2_exchange_end_all(struct dissect_stream *s);

/* ---- fields.c -------------------------------------------------------------------------------- */

/* One field of the block that a side is in; without a name where it is not known. */
void h2_fields_one(struct dissect_stream *s, enum dissect_side side, struct str name,
		   struct str value, bool known);
void h2_fields_block_over(struct dissect_stream *s, enum dissect_side side);
void h2_fields_data(struct exchange *ex, enum dissect_side side, struct str in);
/* How many of the next bytes may be skipped, and that they were. */
uint64_t h2_fields_data_skippable(const struct exchange *ex, enum dissect_side side);
void h2_fields_data_skipped(struct exchange *ex, enum dissect_side side, uint64_t n);
/* Completes the row, and makes it one of the kind that it is. */
void h2_fields_end(struct exchange *ex);

/* ---- report.c -------------------------------------------------------------------------------- */

/* The head of a frame was read. */
void h2_report_frame(struct dissect_stream *s, const struct frame *f);
void h2_report_rate(struct dissect_stream *s, enum rate rate);
/* p has the 6 bytes of one setting. */
void h2_report_setting(struct connection *c, enum dissect_side side, const uint8_t *p);
/* Counts a stream that is named for the first time. */
void h2_report_named(struct connection *c, uint32_t id);
struct str h2_report_error_name(uint32_t code);
/* The connection's row. */
void h2_report_end(struct dissect_stream *s);

#endif
