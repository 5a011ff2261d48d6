/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow, inside: the table's flow, its stream, and what the files of this room ask of each other.
 * table.c finds and evicts, engine.c takes frames, tcp.c follows connections, stream.c feeds
 * dissectors, tx.c holds what they gather, emit.c writes rows.
 */
#ifndef REDOUBT_FLOW_INT_H
#define REDOUBT_FLOW_INT_H

#include "dissect/dissect.h"
#include "flow/flow.h"

/* Limit: how often an unrecognised stream is probed, each side for itself: a connection seen from
 * its start says early what it is, one joined in the middle may be in a long body. */
#define PROBES_FROM_START 8
#define PROBES_MIDSTREAM  64
/* Frames of one side that make a TCP connection count as answered. */
#define ONE_SIDED_FRAMES 4
/* Limit: VLANs named in a capture record. */
#define CAPTURE_VLANS_MAX 256
/* Limit: link types named in a capture record. */
#define CAPTURE_LINKS_MAX 16
/* Limit: bytes that one open record may hold. */
#define TX_BYTES_MAX (64 * KIB)

/* Ends in the order of their bytes, so that both directions have one key. */
struct flow_key {
	struct ip_addr ip[2];
	/* Of TCP, UDP, SCTP; an ICMP echo's id; an ICMP message's type and code. */
	uint16_t port[2];
	uint32_t proto;
	uint64_t about; /* of an ICMP error: flow.id of what it quotes */
};
static_assert(sizeof(struct flow_key) == 48, "a key has no padding: it is compared by memcmp");

/*
 * Where a flow waits to be ended; each list is in the order of the last frame, oldest first. When
 * the table is full the first flow of the first list that has one makes room: this is the written
 * order.
 */
enum flow_list {
	LIST_CLOSED,     /* TCP after RST or both FINs */
	LIST_UNANSWERED, /* only one side has spoken: half-open streams, scans */
	LIST_OTHER,      /* answered, not TCP */
	LIST_TCP,
	LIST_COUNT,
};

struct flow {
	struct flow *hash_next;
	struct flow *older, *newer;
	struct flow_key key;
	uint64_t hash;
	int64_t first_ns, last_ns;
	int64_t seen_ns;               /* by the engine's clock */
	uint64_t packets[2], bytes[2]; /* by end of the key */
	struct tcp_half half[2];
	struct stream *stream;
	int64_t syn_ns, handshake_ns;
	uint32_t base_seq[2];
	uint32_t fragments, icmp_errors, transactions;
	uint16_t vlan[2];
	uint8_t vlans, tunnels;
	uint8_t list;   /* enum flow_list */
	uint8_t state;  /* enum flow_state */
	uint8_t client; /* which end of the key */
	uint8_t icmp_type, icmp_code;
	uint8_t probes[2]; /* how often nothing was recognised in what an end said */
	bool base_set[2];
	bool syn_seen, synack_seen, handshake_seen, fin_seen[2], fin_told[2];
	bool at_start;    /* nothing of the stream was passed over without being recognised */
	bool stream_done; /* recognised once and over, or given up */
	bool carries;     /* its packets carry others: a tunnel */
	const struct dissector *protocol; /* last recognised */
};

/* Bytes of one side that its dissector could not use yet: len of them at p + at. */
struct window {
	uint8_t *p;
	uint32_t at, len;
	uint8_t size; /* index of the pool, +1; 0: none */
};

#define WINDOW_SIZES 3

struct stream {
	struct dissect_stream ds; /* first: ops get it back as a stream */
	struct flow_engine *engine;
	struct flow *flow;
	const struct dissector *dissector; /* NULL while probing */
	bool moved;                        /* it has used bytes */
	struct window window[2];           /* by end of the key */
	uint64_t skip[2];
	_Alignas(8) uint8_t state[DISSECT_STATE_MAX];
};

/* What was lost for one reason, for its gap record. */
struct loss {
	uint64_t bytes;
	int64_t first_ns, last_ns;
};

struct flow_engine {
	struct flow_conf conf;
	char observer[256];
	struct counters *counters;
	struct row_out *out;
	struct pool flows, streams, transactions, segments, windows[WINDOW_SIZES];
	struct frag *frag;
	struct flow **bucket;
	uint64_t bucket_mask;
	uint64_t hash_key[4]; /* made of the seed */
	struct flow *oldest[LIST_COUNT], *newest[LIST_COUNT];
	int64_t now_ns, first_ns, last_ns;
	int64_t clock_ns; /* the latest time of all frames: never goes back, idleness is by it */
	uint64_t wire_bytes;
	uint64_t vlan[4096];
	uint64_t links[CAPTURE_LINKS_MAX];
	uint32_t links_seen;
	struct loss loss[COUNTER_COUNT];
	struct row *row;      /* for the engine's own records */
	struct packet packet; /* of the current frame: large, and on the stack it would be zeroed */
};

/* ---- table.c ---- */
[[nodiscard]] int table_init(struct flow_engine *e);
void table_reset(struct flow_engine *e);
/* Makes the key of a packet; *end says which end of it sent it. */
void table_key(const struct packet *p, struct flow_key *key, unsigned *end);
/* The same for a packet around it. */
void table_outer_key(const struct packet_outer *p, struct flow_key *key, unsigned *end);
uint64_t flow_id(const struct flow_key *key);
struct flow *table_find(const struct flow_engine *e, const struct flow_key *key, uint64_t hash);
uint64_t table_hash(const struct flow_engine *e, const struct flow_key *key);
/* A new flow, zeroed but for its key; evicts where the table is full. Never NULL. */
struct flow *table_add(struct flow_engine *e, const struct flow_key *key, uint64_t hash);
void table_remove(struct flow_engine *e, struct flow *f);
/* The flow is the newest of a list now. */
void table_touch(struct flow_engine *e, struct flow *f, enum flow_list list);
/* Ends what was idle too long. */
void table_expire(struct flow_engine *e);

/* ---- engine.c ---- */
/* Delivers what is left, writes the flow's record, frees it. */
void flow_finish(struct flow_engine *e, struct flow *f, enum flow_end end);
/* The key of what an ICMP error quotes. */
void quoted_key(const struct packet *p, struct flow_key *key, unsigned *end);

/* ---- tcp.c ---- */
/* Does this packet begin another connection with the same ends? */
bool tcp_is_new(const struct flow *f, unsigned end, const struct packet *p);
void tcp_frame(struct flow_engine *e, struct flow *f, unsigned end, const struct packet *p);
/* Delivers what is queued, and tells the dissector that the flow is over. */
void tcp_finish(struct flow_engine *e, struct flow *f);
/* It ended in order, or by a reset. */
static inline bool tcp_is_over(const struct flow *f)
{
	return f->state == FLOW_CLOSED || f->state == FLOW_RESET || f->state == FLOW_REFUSED;
}

/* ---- stream.c ---- */
/* at_ns is when the bytes, or those behind a hole, were captured. */
void stream_data(struct flow_engine *e, struct flow *f, unsigned end, struct str bytes,
		 int64_t at_ns);
void stream_gap(struct flow_engine *e, struct flow *f, unsigned end, uint64_t bytes, int64_t at_ns);
/* These two come at the time of the flow's last frame. */
void stream_side_finished(struct flow *f, unsigned end);
void stream_close(struct flow_engine *e, struct flow *f);

/* ---- tx.c ---- */
extern const struct dissect_ops tx_ops;

/* ---- emit.c ---- */
/* Fills observer, addresses and flow.id of the flow. */
void emit_ends(struct flow_engine *e, const struct flow *f, struct row *row);
void emit_flow(struct flow_engine *e, const struct flow *f, enum flow_end end);
void emit_stream_gap(struct flow_engine *e, const struct flow *f, unsigned end, uint64_t bytes,
		     int64_t at_ns);
void emit_losses(struct flow_engine *e);
void emit_capture(struct flow_engine *e, const struct flow_source *source);

#endif
