/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cases of make-hostile are made of: bytes of a capture file, layers of a frame, segments
 * of a connection. One frame is made at a time, in f; a case may change its bytes before emit().
 */
#ifndef REDOUBT_TESTS_HOSTILE_H
#define REDOUBT_TESTS_HOSTILE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_ROOM 70000
/* The most that one segment carries. */
#define BODY_MAX 60000
#define ETHERNET 1
#define BEGIN_S  1767225600U /* 2026-01-01T00:00:00Z */

/* C(name, function, help): the cases. N says how much, or which value. */
#define CASE_TABLE(C)                                                                              \
	C("pcap-record", pcap_record, "a record of N bytes")                                       \
	C("pcap-wire", pcap_wire, "a record that had N bytes on the wire")                         \
	C("pcap-snaplen", pcap_snaplen, "a snap length of N")                                      \
	C("ng-block", ng_block, "blocks of N bytes")                                               \
	C("ng-option", ng_option, "an option of N bytes, a packet of N bytes")                     \
	C("ng-interfaces", ng_interfaces, "N interfaces")                                          \
	C("times", times, "times at their extremes and backwards")                                 \
	C("ng-times", ng_times, "every resolution of times, with an offset of N")                  \
	C("headers", headers, "every two bytes of headers at their extremes")                      \
	C("nesting", nesting, "tunnels and tags N deep")                                           \
	C("fragments", fragments, "N packets whose fragments overlap")                             \
	C("fragments-small", fragments_small, "N packets in 8000 fragments")                       \
	C("udp-flows", udp_flows, "N flows of one datagram")                                       \
	C("questions", questions, "N DNS queries, each a flow, without an answer")                 \
	C("syn-flows", syn_flows, "N flows of one SYN")                                            \
	C("half-heads", half_heads, "N streams with half a request")                               \
	C("head-endless", head_endless, "headers for N bytes")                                     \
	C("header-line", header_line, "a header of N bytes")                                       \
	C("headers-tiny", headers_tiny, "N headers")                                               \
	C("chunks", chunks, "chunk sizes, extensions, trailers of N bytes")                        \
	C("body-lengths", body_lengths, "lengths of bodies at their extremes")                     \
	C("pipelining", pipelining, "N requests without a response")                               \
	C("single-bytes", single_bytes, "N exchanges, byte by byte")                               \
	C("resync", resync, "N bytes that might be requests, behind a hole")                       \
	C("empty-lines", empty_lines, "N line ends, one by one")                                   \
	C("texts", texts, "texts that would steer a terminal")                                     \
	C("segments", segments, "N overlapping segments")                                          \
	C("sequences", sequences, "N jumps of sequence numbers")                                   \
	C("h2-bomb", h2_bomb, "N references to one large field")                                   \
	C("h2-tables", h2_tables, "N changes of the size of a table of fields")                    \
	C("h2-control", h2_control, "N SETTINGS, PING, PRIORITY, WINDOW_UPDATE and no frames")     \
	C("h2-resets", h2_resets, "N requests that are reset at once")                             \
	C("h2-continued", h2_continued, "a header block in N frames of one byte")                  \
	C("h2-fields", h2_fields, "a header block of N bytes")                                     \
	C("h2-streams", h2_streams, "N streams without an end")                                    \
	C("h2-middle", h2_middle, "N connections joined in the middle")                            \
	C("h2-holes", h2_holes, "N holes, each in front of fields that refer to what was lost")    \
	C("dns-loops", dns_loops, "N datagrams with names that point at themselves")               \
	C("dns-asked", dns_asked, "N queries over TCP without an answer")                          \
	C("resp-array", resp_array, "an array of N elements")                                      \
	C("resp-bulk", resp_bulk, "a string of N bytes")                                           \
	C("resp-nesting", resp_nesting, "arrays N deep")                                           \
	C("resp-pipeline", resp_pipeline, "N commands without an answer")                          \
	C("pg-parse", pg_parse, "N prepared statements")                                           \
	C("pg-length", pg_length, "messages of N bytes")                                           \
	C("pg-columns", pg_columns, "N descriptions of many columns, and rows")                    \
	C("tls-records", tls_records, "N ClientHellos in records of one byte")                     \
	C("tls-length", tls_length, "handshake messages of N bytes")                               \
	C("tls-chain", tls_chain, "N certificates")                                                \
	C("quic-flow", quic_flow, "N Initial packets of a flow")                                   \
	C("quic-flows", quic_flows, "N flows of one Initial packet")                               \
	C("ws-bomb", ws_bomb, "N bytes of zeros, compressed")                                      \
	C("ws-control", ws_control, "N control frames")                                            \
	C("ws-fragments", ws_fragments, "a message in N frames, without an end")

#define CASE_DECLARE(name, make, help) void make(uint64_t n);
CASE_TABLE(CASE_DECLARE)

enum { FIN = 0x01, SYN = 0x02, ACK = 0x10 };
enum { ICMP = 1, IPIP = 4, TCP = 6, UDP = 17, IPV6 = 41, FRAGMENT = 44, GRE = 47, AH = 51 };

struct frame {
	size_t n;
	uint8_t b[FRAME_ROOM];
};
extern struct frame f;

struct conn {
	uint32_t client, server;
	uint16_t port;
	uint32_t next[2]; /* sequence number of each side's next byte */
	uint16_t to;      /* the server's port */
};

/* What a side says, gathered for large segments. */
struct pour {
	struct conn *c;
	unsigned side;
	size_t n;
	char b[BODY_MAX];
};

/* Bytes of the file; where nobody reads them any more the program ends. */
void out(const void *p, size_t n);
void out_u16(uint32_t v);
void out_u32(uint32_t v);
void out_fill(uint64_t n, char with);
/* Bytes of the frame, in network order. */
void put(const void *p, size_t n);
void put_u8(unsigned v);
void put_u16(unsigned v);
void put_u32(uint32_t v);
void put_zero(size_t n);
/* The file's head, and records; begin() is a head with usual values. emit() writes the frame. */
void pcap_head(uint32_t snaplen);
void record(uint32_t seconds, uint32_t fraction, uint32_t kept, uint32_t wire);
void emit(void);
void begin(void);
/* Layers; a length is that of the bytes to come. */
void ethernet(unsigned type);
void ipv4(unsigned proto, uint32_t from, uint32_t to, size_t n);
void ipv6(unsigned next, size_t n);
void tcp(unsigned from, unsigned to, uint32_t seq, uint32_t ack, unsigned flags);
void udp(unsigned from, unsigned to, size_t n);
/* A connection, on port 80: side 0 is the client. */
void segment(struct conn *c, unsigned side, uint32_t shift, unsigned flags, const char *p,
	     size_t n);
void say(struct conn *c, unsigned side, const char *p, size_t n);
void say_text(struct conn *c, unsigned side, const char *text);
struct conn conn_open(uint32_t number, uint32_t first);
struct conn conn_open_to(unsigned port, uint32_t number, uint32_t first);
/* The same, of which the capture saw no SYN. */
struct conn conn_joined(unsigned port, uint32_t number, uint32_t first);
void say_endless(struct conn *c, unsigned side, const char *text, uint64_t n);
/* Bytes of one stream, in network order; pour_begin() at first, pour_end() at last. */
void pour_begin(struct pour *p, struct conn *c, unsigned side);
void pour(struct pour *p, const void *bytes, size_t n);
void pour_u8(struct pour *p, unsigned v);
void pour_u16(struct pour *p, unsigned v);
void pour_u24(struct pour *p, uint32_t v);
void pour_u32(struct pour *p, uint32_t v);
void pour_fill(struct pour *p, uint64_t n, char with);
void pour_end(struct pour *p);
#define POUR(p, literal) pour((p), "" literal, sizeof(literal) - 1)

#endif
