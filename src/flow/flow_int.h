/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow, inside: the table's flow, its stream, and what the files of this room ask of each other.
 * table.c finds and evicts, engine.c takes frames, tcp.c follows connections, recognise.c finds
 * dissectors, stream.c feeds them bytes in order and datagram.c datagrams, tx.c holds what they
 * gather, room.c says who gives memory back when it is short, emit.c writes rows.
 */
#ifndef REDOUBT_FLOW_INT_H
#define REDOUBT_FLOW_INT_H

#include "dissect/dissect.h"
#include "flow/flow.h"

/* Limit: how often an unrecognised stream is probed, each side for itself: a connection seen from
 * its start says early what it is, one joined in the middle may be in a long body. */
#define PROBES_FROM_START 8
#define PROBES_MIDSTREAM  64
/* Limit: how many datagrams of one end in a row may be unknown or not understood; the end is only
 * counted from there on. */
#define PROBES_DATAGRAM 8
/* Limit: how many flows make room at once when memory is short. */
#define ROOM_FLOWS 64
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
	LIST_WAITING,    /* not TCP, and holds a stream: its dissector waits for a datagram */
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
	uint64_t messages, payload_packets;
	uint32_t fragments, icmp_errors, transactions;
	uint16_t vlan[2];
	uint8_t vlans, tunnels;
	uint8_t list;   /* enum flow_list */
	uint8_t state;  /* enum flow_state */
	uint8_t client; /* which end of the key */
	uint8_t icmp_type, icmp_code;
	uint8_t probes[2]; /* how often nothing was recognised in what an end said */
	bool base_set[2], fin_seen[2], fin_told[2];
	bool syn_seen : 1, synack_seen : 1, handshake_seen : 1;
	bool at_start : 1;    /* nothing of the stream was passed over without being recognised */
	bool stream_done : 1; /* recognised once and over, or given up */
	bool carries : 1;     /* its packets carry others: a tunnel */
	const struct dissector *protocol; /* last recognised */
};
static_assert(sizeof(struct flow) <= 448, "what flow.h says that a flow takes");

/* Bytes of one side that its dissector could not use yet: len of them at p + at. */
struct window {
	uint8_t *p;
	uint32_t at, len;
	uint8_t size; /* index of the pool, +1; 0: none */
};

/* Where a TCP connection's stream waits to make room; who has spoken may be more by now. */
enum room_list { ROOM_UNANSWERED, ROOM_ANSWERED, ROOM_LISTS };

#define WINDOW_SIZES 3
static_assert(WINDOW_SIZES == HEAP_POOLS, "a stream's heap takes its blocks from the windows");

struct stream {
	struct dissect_stream ds; /* first: ops get it back as a stream */
	struct flow_engine *engine;
	struct flow *flow;
	const struct dissector *dissector; /* NULL while probing */
	uint64_t told;                     /* of ds.messages: they are in the flow */
	bool moved;                        /* it has used bytes */
	uint8_t room_list;                 /* enum room_list, of TCP */
	struct stream *older, *newer;      /* of its list */
	struct window window[2];           /* by end of the key */
	uint64_t skip[2];
	struct heap heap;
	_Alignas(8) uint8_t state[DISSECT_STATE_MAX]; /* zeroed when a dissector comes */
};

/* What dissect_hand_over() said, up to the DISSECT_SWITCH behind it in the same call. */
struct hand_over {
	const struct stream *from; /* NULL: nothing was said */
	const struct dissector *to;
	size_t n;
	char detail[DISSECT_DETAIL_MAX];
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
	size_t shared_bytes; /* left of them */
	struct frag *frag;
	struct flow **bucket;
	uint64_t bucket_mask;
	uint64_t hash_key[4]; /* made of the seed */
	struct flow *oldest[LIST_COUNT], *newest[LIST_COUNT];
	int64_t now_ns, first_ns, last_ns;
	int64_t clock_ns; /* the latest time of all frames: never goes back, idleness is by it */
	uint64_t wire_bytes;
	const struct dissector *const *dissectors; /* all there are, in the order they are asked */
	size_t dissectors_n;
	struct hand_over hand_over;
	struct stream *room_oldest[ROOM_LISTS], *room_newest[ROOM_LISTS];
	uint64_t room_refused; /* how often there was no memory, when that was last looked at */
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
/* Where the flow belongs. */
enum flow_list flow_list_of(const struct flow *f);
/* The key of what an ICMP error quotes. */
void quoted_key(const struct packet *p, struct flow_key *key, unsigned *end);

/* ---- tcp.c ---- */
/* Limit: how far from where its side's stream stands a reset is believed. Receivers ask for one in
 * their window (RFC 5961 section 3.2), which we know of only that few are larger. */
#define RST_REACH (INT32_C(1) << 24)
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

/* ---- recognise.c ---- */
/* Those that the build has. */
void recognise_init(struct flow_engine *e);
/* Does somebody who reads datagrams know this port? */
bool recognise_port(const struct flow_engine *e, const struct flow *f);
/* Whose is what one side said? NULL when the answer is PROBE_NO or PROBE_MORE. */
const struct dissector *recognise_stream(const struct flow_engine *e, const struct flow *f,
					 struct str in, enum dissect_probe *answer);
const struct dissector *recognise_datagram(const struct flow_engine *e, const struct flow *f,
					   unsigned end, struct str in, enum dissect_probe *answer);
/* The one that goes on under this name, or NULL. */
const struct dissector *recognise_token(const struct flow_engine *e, struct str token);

/* ---- datagram.c ---- */
/* Shows a packet's payload to its dissector. */
void datagram_frame(struct flow_engine *e, struct flow *f, unsigned end, const struct packet *p);
/* The n that wait longest for a datagram make room; false when none does. Not in a dissector. */
bool datagram_make_room(struct flow_engine *e, unsigned n);
/* No answer came: the flow's stream is closed, and the flow goes on. */
void datagram_unanswered(struct flow_engine *e, struct flow *f);

/* ---- room.c ---- */
/* A stream was opened, or is about to be freed. */
void room_add(struct flow_engine *e, struct stream *s);
void room_remove(struct flow_engine *e, struct stream *s);
/* Up to n flows give memory back; false when none may. Not within a dissector. */
bool room_make(struct flow_engine *e, unsigned n);
/* The same of many, where there was no memory for something since room was last made. */
void room_check(struct flow_engine *e);

/* ---- stream.c ---- */
static inline enum dissect_side side_of(const struct flow *f, unsigned end)
{
	return end == f->client ? FROM_CLIENT : FROM_SERVER;
}

/* Memory for what a dissector keeps of a flow; NULL when there is none. Shortage is counted. */
struct stream *stream_open(struct flow_engine *e, struct flow *f);
/* Its dissector from here on, with nothing kept. */
void stream_set_dissector(struct stream *s, const struct dissector *d);
/* Closes what the dissector has and gives the memory back; the flow may open another one. */
void stream_free(struct flow_engine *e, struct flow *f);
/* Counts to the flow the messages that the dissector has counted. */
void stream_count_messages(struct stream *s);
/* at_ns is when the bytes, or those behind a hole, were captured. */
void stream_data(struct flow_engine *e, struct flow *f, unsigned end, struct str bytes,
		 int64_t at_ns);
void stream_gap(struct flow_engine *e, struct flow *f, unsigned end, uint64_t bytes, int64_t at_ns);
/* These two come at the time of the flow's last frame. */
void stream_side_finished(struct flow *f, unsigned end);
void stream_close(struct flow_engine *e, struct flow *f);

/* ---- tx.c ---- */
extern const struct dissect_ops tx_ops;
static inline struct stream *stream_of(struct dissect_stream *ds)
{
	return (struct stream *)(void *)ds;
}

/* ---- emit.c ---- */
/* Fills observer, addresses and flow.id of the flow. */
void emit_ends(struct flow_engine *e, const struct flow *f, struct row *row);
void emit_flow(struct flow_engine *e, const struct flow *f, enum flow_end end);
void emit_stream_gap(struct flow_engine *e, const struct flow *f, unsigned end, uint64_t bytes,
		     int64_t at_ns);
void emit_losses(struct flow_engine *e);
void emit_capture(struct flow_engine *e, const struct flow_source *source);

#endif
