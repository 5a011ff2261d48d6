/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind flow: a connection of any protocol. Its fields and the names of their choices, in the
 * form that kinds.h explains and reads.
 */
#ifndef REDOUBT_RECORD_KINDS_FLOW_H
#define REDOUBT_RECORD_KINDS_FLOW_H

// clang-format off
#define FLOW_FIELDS(F, k)                                                                                                \
	F(k, 100, ENUM, N1(transport), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Transport protocol", "network.transport", "connection_info.protocol_name", "") \
	F(k, 101, U64, N1(ip_protocol), PUBLIC, META, 0, "", "Its IP protocol number", "", "connection_info.protocol_num", "ip.proto") \
	F(k, 102, STR, N1(protocol), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Application protocol, where it was recognised", "network.protocol.name", "app_name", "") \
	F(k, 103, ENUM, N1(state), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "State of the connection at its end", "", "", "") \
	F(k, 104, ENUM, N1(end), PUBLIC, META, FIELD_FACET, "", "Why the record was written", "", "", "")                \
	F(k, 105, DUR, N1(duration), PUBLIC, META, FIELD_TABLE, "ns", "From the first to the last frame", "", "duration", "tcp.time_relative") \
	F(k, 106, U64, N1(src_packets), PUBLIC, META, FIELD_TABLE, "", "Frames from the client", "", "traffic.packets_out", "") \
	F(k, 107, U64, N1(dst_packets), PUBLIC, META, FIELD_TABLE, "", "Frames from the server", "", "traffic.packets_in", "") \
	F(k, 108, U64, N1(src_bytes), PUBLIC, META, FIELD_TABLE, "bytes", "Their bytes, IP header and all", "", "traffic.bytes_out", "") \
	F(k, 109, U64, N1(dst_bytes), PUBLIC, META, FIELD_TABLE, "bytes", "Their bytes, IP header and all", "", "traffic.bytes_in", "") \
	F(k, 110, DUR, N1(handshake), PUBLIC, META, 0, "ns", "From SYN to the ACK that completes the TCP handshake", "", "", "tcp.analysis.initial_rtt") \
	F(k, 111, U64, N1(src_retransmissions), PUBLIC, META, 0, "", "TCP segments the client sent again", "", "", "tcp.analysis.retransmission") \
	F(k, 112, U64, N1(dst_retransmissions), PUBLIC, META, 0, "", "TCP segments the server sent again", "", "", "tcp.analysis.retransmission") \
	F(k, 113, U64, N1(out_of_order), PUBLIC, META, 0, "", "TCP segments that came before an earlier one", "", "", "tcp.analysis.out_of_order") \
	F(k, 114, U64, N1(overlaps), PUBLIC, META, 0, "", "TCP segments that repeat bytes with other content", "", "", "tcp.segment.overlap.conflict") \
	F(k, 115, U64, N1(gaps), PUBLIC, META, 0, "", "Holes in the TCP streams", "", "", "tcp.analysis.lost_segment")  \
	F(k, 116, U64, N1(gap_bytes), PUBLIC, META, 0, "bytes", "Bytes in those holes", "", "traffic.bytes_missed", "") \
	F(k, 117, BOOL, N1(midstream), PUBLIC, META, 0, "", "The connection began before the capture", "", "", "")       \
	F(k, 118, LIST_U64, N1(vlans), PUBLIC, META, 0, "", "VLAN ids of its first frame, outermost first", "", "", "vlan.id") \
	F(k, 119, U64, N1(icmp_type), PUBLIC, META, 0, "", "ICMP type of the first frame", "", "", "icmp.type")          \
	F(k, 120, U64, N1(icmp_code), PUBLIC, META, 0, "", "ICMP code of the first frame", "", "", "icmp.code")          \
	F(k, 121, U64, N1(icmp_errors), PUBLIC, META, 0, "", "ICMP errors about this connection", "", "", "")            \
	F(k, 122, U64, N1(tunnels), PUBLIC, META, 0, "", "IP headers around the inner one", "", "", "")                  \
	F(k, 123, U64, N1(fragments), PUBLIC, META, 0, "", "IP fragments its packets came in", "", "", "")               \
	F(k, 124, U64, N1(transactions), PUBLIC, META, 0, "", "Application records of this connection", "", "", "") \
	F(k, 125, U64, N1(messages), PUBLIC, META, 0, "", "Application messages that were read to their ends", "", "", "") \
	F(k, 126, U64, N1(payload_packets), PUBLIC, META, 0, "", "Packets with bytes of the application; TCP segments seen before are not among them", "", "", "")
// clang-format on

#define FLOW_ENUMS(V)                                                                              \
	V(flow_transport, "tcp", "udp", "icmp", "icmpv6", "sctp", "other")                         \
	V(flow_state, "half-open", "open", "closing", "closed", "reset", "refused", "stateless")   \
	V(flow_end, "closed", "idle", "evicted", "replaced", "end-of-capture")

enum flow_transport {
	TRANSPORT_TCP,
	TRANSPORT_UDP,
	TRANSPORT_ICMP,
	TRANSPORT_ICMPV6,
	TRANSPORT_SCTP,
	TRANSPORT_OTHER
};
enum flow_state {
	FLOW_HALF_OPEN,
	FLOW_OPEN,
	FLOW_CLOSING,
	FLOW_CLOSED,
	FLOW_RESET,
	FLOW_REFUSED,
	FLOW_STATELESS
};
enum flow_end { END_CLOSED, END_IDLE, END_EVICTED, END_REPLACED, END_OF_CAPTURE };

#endif
