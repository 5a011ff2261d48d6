/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet: from the bytes of a capture file to ordered TCP bytes. Five parts that do not know each
 * other's users: decompression, capture files, one frame's headers, IP fragments, one direction of
 * a TCP stream. Each takes bytes as they come and gives the same answers however they are cut.
 * Nothing here allocates once its owner has started; what is full is skipped and counted.
 */
#ifndef REDOUBT_PACKET_H
#define REDOUBT_PACKET_H

#include "base/base.h"

/* ---- Decompression: gzip (RFC 1952, several members) and zstd (RFC 8878, several frames) ------
 */

enum unzip_kind { UNZIP_PLAIN, UNZIP_GZIP, UNZIP_ZSTD };

/* Limit: the window of a zstd frame, 8 MiB as RFC 8878 recommends; larger ones are refused. */
#define UNZIP_WINDOW_MAX (8 * MIB)

struct unzip;

/* Tells the kind from the first four bytes; fewer bytes answer -EAGAIN unless whole is true. */
int unzip_kind(struct str head, bool whole);
/* Memory is allocated here, or, for zstd, when the first frame begins; freed by unzip_free(). */
[[nodiscard]] int unzip_new(enum unzip_kind kind, struct unzip **out);
void unzip_free(struct unzip *uz);
CLEANUP_DEFINE(struct unzip *, unzip_free)
/* Takes bytes of in (*used of them) and writes at most room bytes to out (*made of them).
 * Returns 0, 1 at the end of a member or frame with nothing pending (more may follow; call again
 * while bytes are left), -EBADMSG when the compressed data is damaged or its window too large, or
 * -ENOMEM; what was made before a failure is good. With bytes in hand and room there is always
 * progress. An end of the input after 0 means that it was cut. What follows the last gzip member
 * and is none is ignored, as gzip does. */
[[nodiscard]] int unzip_step(struct unzip *uz, struct str in, size_t *used, uint8_t *out,
			     size_t room, size_t *made);

/* ---- Capture files: pcap (libpcap's, µs and ns, both byte orders) and pcapng ------------------
 */

/* Limit: bytes of one frame; longer frames are skipped and counted as drop.too-long. */
#define FRAME_MAX (256 * KIB)
/* Limit: interfaces of one pcapng section; frames of further ones are drop.link-unknown. */
#define CAPFILE_INTERFACES_MAX 4096

/* Limit: bytes that a record or block claims; more is damage. Those of an interface description
 * must fit into the window. */
#define CAPFILE_BLOCK_MAX (256 * MIB)
/* An input of this size is always enough for capfile_next() to go on. */
#define CAPFILE_WINDOW (FRAME_MAX + 64 * KIB)

/* In struct frame, where pcapng does not describe the interface or it is past the limit. */
#define FRAME_LINK_NONE      UINT16_C(0xffff)
#define FRAME_INTERFACE_NONE UINT32_MAX

/* Link types (LINKTYPE_ of the pcap registry) that packet_decode() knows. */
enum link_type {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_PPP_HDLC = 50,
	LINK_RAW_BSD = 12,
	LINK_RAW_BSD2 = 14,
	LINK_RAW = 101,
	LINK_LOOP = 108,
	LINK_LINUX_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_NFLOG = 239,
	LINK_LINUX_SLL2 = 276,
};

struct frame {
	struct str bytes;    /* what was captured; borrowed from the input */
	uint32_t wire_bytes; /* length on the wire, never less than bytes.n */
	uint32_t interface;  /* 0 in pcap; counted through all sections in pcapng */
	uint16_t link;       /* enum link_type, or a type that is not known */
	int64_t at_ns;       /* UTC; 0 in a simple packet block of pcapng, which has no time */
};

enum capfile_answer {
	CAPFILE_MORE,    /* give a longer input that begins at the first byte not used */
	CAPFILE_FRAME,   /* *frame is filled */
	CAPFILE_SKIPPED, /* *frame's header fields are filled, its bytes were not kept: FRAME_MAX */
	CAPFILE_BLOCK,   /* a block without a frame was passed over */
};

/* The state of one file; small, without pointers. */
struct capfile_interface {
	uint16_t link;
	uint8_t resolution; /* if_tsresol: 10^-n, or 2^-(n & 0x7f) with the high bit */
	uint32_t snaplen;
	int64_t offset_s; /* if_tsoffset */
	uint32_t tick_ns; /* of the resolution, 0 where it is no whole number */
};

/* What the bytes that are being passed over belong to: a block without a frame, a frame longer than
 * FRAME_MAX, or the rest of a block whose frame was given. */
enum capfile_skip { CAPFILE_SKIP_NONE, CAPFILE_SKIP_BLOCK, CAPFILE_SKIP_FRAME, CAPFILE_SKIP_REST };

struct capfile {
	enum { CAPFILE_UNKNOWN, CAPFILE_PCAP, CAPFILE_PCAPNG } format;
	bool big_endian;    /* the writer's byte order, in pcapng of this section */
	bool nanoseconds;   /* pcap only, as the next two */
	bool lengths_mixed; /* before version 2.4 the two lengths may stand either way round */
	uint8_t record_head_bytes; /* 16, or 24 with the fields some Linux systems added */
	enum capfile_skip skip;
	uint32_t skip_bytes;       /* still to be passed over */
	uint32_t skip_block_bytes; /* pcapng: length of that block, which its last bytes repeat */
	struct frame skipped;      /* the header fields of that frame */
	uint64_t offset;           /* bytes of the file used so far, for messages */
	uint32_t sections;
	uint32_t first_interface; /* of the current section, in the count through all sections */
	uint32_t interfaces;      /* of the current section, those past the limit included */
	struct capfile_interface interface[CAPFILE_INTERFACES_MAX];
};

void capfile_init(struct capfile *cf);
/* Reads the next thing from in; *used is how many bytes of in are done with (frame->bytes may lie
 * in them and is valid as long as in is). An input of CAPFILE_WINDOW is always enough to get an
 * answer other than MORE, or progress in *used. Returns an enum capfile_answer, or a negative code
 * with *err: ERR_CAPTURE_FORMAT, _VERSION, _DAMAGED. At the end of the file the caller asks
 * capfile_end(). */
[[nodiscard]] int capfile_next(struct capfile *cf, struct str in, size_t *used, struct frame *frame,
			       struct err *err);
/* Tells what an end after `in` unused bytes means: 0 (a whole file), 1 (cut within a frame: one
 * offered frame is lost), 2 (cut elsewhere), or negative with *err when no file was recognised. */
[[nodiscard]] int capfile_end(const struct capfile *cf, struct str in, struct err *err);

/* ---- One frame: link layer, VLANs, IP, extension headers, tunnels, transport ------------------
 */

#define PACKET_VLANS_MAX 4
/* Limit: packets around the innermost one that are kept; further ones are passed over. */
#define PACKET_OUTERS_MAX 4
/* Limit: headers of one frame that are followed, link to transport, tunnels included. */
#define PACKET_HEADERS_MAX 32

enum packet_answer {
	PACKET_IP,        /* ip fields are filled, and transport fields as far as present */
	PACKET_FRAGMENT,  /* the same, and fragment fields: give it to frag_add() */
	PACKET_OTHER,     /* no IP inside: ARP, LLDP, 802.11 … */
	PACKET_LINK,      /* the link type is not decoded */
	PACKET_MALFORMED, /* a header up to the first IP header's is cut or contradicts itself */
};

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
};

enum ip_proto {
	IP_PROTO_ICMP = 1,
	IP_PROTO_IPIP = 4,
	IP_PROTO_TCP = 6,
	IP_PROTO_UDP = 17,
	IP_PROTO_IPV6 = 41,
	IP_PROTO_GRE = 47,
	IP_PROTO_ESP = 50,
	IP_PROTO_AH = 51,
	IP_PROTO_ICMPV6 = 58,
	IP_PROTO_SCTP = 132,
};

/* A packet that carries the one inside, as its tunnel's ends see it. */
struct packet_outer {
	struct ip_addr src, dst;
	uint16_t src_port, dst_port; /* of UDP tunnels */
	uint8_t proto;
	uint32_t ip_bytes;
};

/*
 * The answer says what is valid. Always: vlan, vlans, tunnels, fragment, whole, and as many of
 * outer as tunnels says. With PACKET_IP and PACKET_FRAGMENT also the addresses, ip_bytes, proto,
 * ports, transport_cut, icmp_quotes and payload; frag_* if fragment, quote_* if icmp_quotes, and
 * unless it is a fragment behind the first, seq to tcp_flags if proto is TCP, icmp_* if proto is
 * ICMP or ICMPv6. The rest keeps what was there before.
 */
struct packet {
	uint16_t vlan[PACKET_VLANS_MAX]; /* ids, outermost first */
	uint8_t vlans;                   /* more than the array holds are passed, not kept */
	uint8_t ip_version;              /* 4 or 6 */
	uint8_t proto;                   /* transport, behind extension headers */
	uint8_t tunnels;                 /* how many IP packets stand around this one */
	struct packet_outer outer[PACKET_OUTERS_MAX]; /* outermost first */
	struct ip_addr src, dst;
	uint32_t ip_bytes; /* total length of this IP packet by its header */

	bool fragment;
	uint32_t frag_id;
	uint32_t frag_offset; /* bytes */
	bool frag_more;
	uint32_t frag_bytes;  /* of frag_body on the wire: more than its n if cut */
	struct str frag_body; /* the fragmentable part */
	bool whole; /* by packet_decode_whole(): the fate of its frames is counted already */

	uint16_t src_port, dst_port; /* TCP, UDP, SCTP; 0 otherwise */
	uint8_t icmp_type, icmp_code;
	uint16_t icmp_id;  /* of echo messages */
	uint32_t seq, ack; /* TCP */
	uint16_t window;
	uint8_t tcp_flags;
	/* Captured bytes end within the transport header, or it contradicts itself: what was not
	 * there is 0, and the payload is empty. */
	bool transport_cut;
	struct str payload;     /* captured bytes behind the transport header */
	uint32_t payload_bytes; /* its length on the wire: more than payload.n if cut */
	/* An ICMP error quotes the packet it is about; its addresses and ports, as they stood in
	 * it. */
	bool icmp_quotes;
	struct ip_addr quote_src, quote_dst;
	uint16_t quote_src_port, quote_dst_port;
	uint8_t quote_proto;
};

/* Decodes what a frame of a link type holds. Every str in *out borrows from bytes. The innermost IP
 * packet is the answer: what is inside it and does not decode is its payload. Of a fragment the
 * transport header is read if it is there, tunnels are left to packet_decode_whole(). */
enum packet_answer packet_decode(uint16_t link, struct str bytes, uint32_t wire_bytes,
				 struct packet *out);
/* Decodes a reassembled fragmentable part whose IP header was decoded into *first before; the
 * answer is in *out with the vlans and addresses of *first. */
enum packet_answer packet_decode_whole(const struct packet *first, struct str body,
				       struct packet *out);

/* ---- IP fragments ---------------------------------------------------------------------------- */

/* Limits: packets being gathered at once, fragments of one, and how long (RFC 791 and RFC 8200
 * say 60 s at most). Memory is body_blocks blocks of 2 KiB, all from one pool; a fragment takes at
 * least one. When it is short the oldest packet goes first. */
#define FRAG_PACKETS_MAX 1024
#define FRAG_PARTS_MAX   1024
#define FRAG_TIMEOUT_NS  (60 * NS_PER_S)
#define FRAG_WHOLE_MAX   65535

struct frag;

enum frag_answer { FRAG_HELD, FRAG_WHOLE, FRAG_SHED };

/* The counters get one of frames.fragment, drop.fragment-* for each fragment, at the time its fate
 * is known. Returns 0, -ENOMEM. */
[[nodiscard]] int frag_new(size_t body_blocks, struct counters *counters, struct frag **out);
void frag_free(struct frag *fr);
CLEANUP_DEFINE(struct frag *, frag_free)
/* Adds a fragment. FRAG_WHOLE: *body is the fragmentable part, valid until the next call; *first is
 * the packet whose offset was 0, for packet_decode_whole(); *parts is the number of fragments that
 * it took. An overlap never yields a packet (RFC 5722, also applied to IPv4): its fragments, held
 * and to come, are drop.fragment-bad. An exact repetition shares the fate of its packet. FRAG_SHED:
 * dropped, and counted already. A fragment with p->whole set is gathered like any other, but its
 * frames had their fate counted before: nothing is counted for it. p may borrow from the last
 * *body. */
enum frag_answer frag_add(struct frag *fr, const struct packet *p, int64_t at_ns,
			  struct packet *first, struct str *body, unsigned *parts);
/* Gives up what is older than FRAG_TIMEOUT_NS; INT64_MAX gives up all. */
void frag_expire(struct frag *fr, int64_t now_ns);
/* Fragments held now, each offered and not yet accounted. */
size_t frag_held(const struct frag *fr);

/* ---- One direction of a TCP stream ----------------------------------------------------------- */

/* Limit: segments and bytes that one direction may hold out of order before its first hole is
 * skipped. */
#define TCP_QUEUE_SEGMENTS_MAX 256
#define TCP_QUEUE_BYTES_MAX    (512 * KIB)
/* A hole is skipped when the peer acknowledged the bytes it lacks and this many segments came
 * behind it, or this much time went by: then it was not reordering, the capture lacks the bytes. */
#define TCP_HOLE_SEGMENTS 8
#define TCP_HOLE_NS       (1 * NS_PER_S)
/* Limit: how far from the next byte a sequence or acknowledgement number may lie, either way: the
 * largest window there is (RFC 7323 section 2.3). What lies further is damaged, forged, or comes
 * after a loss of more than that: it is believed when TCP_HOLE_SEGMENTS segments in a row continue
 * each other while nothing nearer comes, and the peer, if it is heard at all, acknowledges them. */
#define TCP_WINDOW_MAX (INT32_C(1) << 30)

struct tcp_segment; /* lives in the pool */

struct tcp_half {
	uint32_t next;  /* sequence number of the next byte in order */
	uint32_t acked; /* highest acknowledgement from the other side */
	bool started;   /* next is valid */
	bool acked_valid;
	bool fin_seen; /* a FIN was in a segment; fin_seq is behind its last byte */
	bool finished; /* all bytes up to the FIN were delivered, or are in gaps */
	uint32_t fin_seq;
	struct tcp_segment *queue; /* sorted by sequence, without overlap; begins behind next */
	uint64_t delivered_bytes;
	uint64_t gap_bytes;
	/* acked as an offset in the stream, where next is at delivered + gap bytes */
	int64_t acked_offset;
	struct tcp_segment *last; /* of the queue */
	int64_t hole_since_ns;
	uint32_t hole_segments;
	uint32_t queue_segments;
	uint32_t queue_bytes;
	uint32_t far_from; /* next, when the first of the far segments came */
	uint32_t far_next; /* where they would continue */
	uint16_t far_segments;
	bool far_acked;
	uint32_t retransmitted; /* segments with nothing new */
	uint32_t out_of_order;  /* segments with something new that had to wait for earlier ones */
	uint32_t overlaps;      /* that differed */
	uint32_t strays;        /* segments ignored because they lie too far away */
	uint32_t gaps;
};

/* What the half tells its owner, in stream order. bytes are valid during the call only; neither
 * function may call the half. at_ns is when the bytes were captured, or when the earlier ones came
 * that they had to wait for. */
struct tcp_sink {
	void (*data)(void *owner, struct str bytes, int64_t at_ns);
	void (*gap)(void *owner, uint64_t bytes, int64_t at_ns);
	void *owner;
};

/* Segment bodies are kept in blocks of the pool, a segment may take several. */
#define TCP_SEGMENT_BLOCK_BYTES 2048

void tcp_half_init(struct tcp_half *h);
/* Gives the queue back to the pool without delivering it. */
void tcp_half_done(struct tcp_half *h, struct pool *pool);
/* A segment of this direction: SYN (its sequence number is taken), data, FIN; one with RST or with
 * a header that was cut is ignored. Delivers what is now in order; without a SYN the stream begins
 * at the first data seen. Old bytes are compared where they are still queued: the first to come
 * wins, a difference is counted. payload_bytes > payload.n means that the capture cut it: a gap
 * follows. Keep-alives (one old byte) and empty segments change nothing. A SYN with another number
 * begins the stream anew as long as neither data came nor the peer acknowledged the first; later it
 * is ignored. Data behind a FIN is ignored, and a FIN in front of data that was seen. When the
 * queue or the pool is full the first hole is skipped: each byte is delivered or in a gap, whatever
 * happens. */
void tcp_half_segment(struct tcp_half *h, struct pool *pool, struct counters *counters,
		      const struct packet *p, int64_t at_ns, const struct tcp_sink *sink);
/* The other side acknowledged up to ack: may show that a hole will never be filled. */
void tcp_half_acked(struct tcp_half *h, struct pool *pool, struct counters *counters, uint32_t ack,
		    int64_t at_ns, const struct tcp_sink *sink);
/* Whether seq is at most reach before the next byte, or behind the last one that was seen or
 * acknowledged; true before anything was. */
bool tcp_half_reaches(const struct tcp_half *h, uint32_t seq, int32_t reach);
/* Nothing more will come: delivers what is queued, with its holes as gaps. Bytes that the peer
 * acknowledged and nobody saw are a last gap; without the FIN it may count the FIN as one byte. */
void tcp_half_flush(struct tcp_half *h, struct pool *pool, struct counters *counters, int64_t at_ns,
		    const struct tcp_sink *sink);

#endif
