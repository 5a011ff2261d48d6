/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record kinds: every field of every kind, declared once. From these rows come the handles that
 * dissectors put by, redaction, store columns, filter names, JSON, CSV, tables and the reference.
 * Ids are for ever (docs/schema.lock): common fields 1-99, a kind's own from 100.
 *
 *   F(kind, id, TYPE, name, CLASS, PART, flags, unit, help, OpenTelemetry, OCSF, Wireshark)
 *   N1(a) is named "a", N2(a, b) "a.b", N3(a, b, c) "a.b.c"; the kind's name stands before it.
 */
#ifndef REDOUBT_RECORD_KINDS_H
#define REDOUBT_RECORD_KINDS_H

#include <stdint.h>

#define N1(a)       a, #a
#define N2(a, b)    a##_##b, #a "." #b
#define N3(a, b, c) a##_##b##_##c, #a "." #b "." #c

// clang-format off
/* The two ends of a connection have the same fields; ids count from base. */
#define END_FIELDS(F, k, end, base, End, OTEL, OCSF)                                                                     \
	F(k, base + 0, IP, N2(end, ip), PERSONAL, META, FIELD_INDEX, "", "Address of the " End, OTEL ".address", OCSF ".ip", "ip." #end) \
	F(k, base + 1, U64, N2(end, port), PUBLIC, META, FIELD_INDEX, "", "Port of the " End, OTEL ".port", OCSF ".port", "tcp." #end "port") \
	F(k, base + 2, STR, N3(end, pod, name), PUBLIC, META, FIELD_INDEX | FIELD_FACET, "", "Pod of the " End, "k8s.pod.name", OCSF ".container.pod_uuid", "") \
	F(k, base + 3, STR, N3(end, pod, namespace), PUBLIC, META, FIELD_INDEX | FIELD_FACET, "", "Namespace of that pod", "k8s.namespace.name", "", "") \
	F(k, base + 4, STR, N3(end, pod, uid), PUBLIC, META, FIELD_INDEX, "", "UID of that pod", "k8s.pod.uid", "", "")   \
	F(k, base + 5, STR, N3(end, workload, kind), PUBLIC, META, FIELD_FACET, "", "Kind of the owner of that pod, such as Deployment", "", "", "") \
	F(k, base + 6, STR, N3(end, workload, name), PUBLIC, META, FIELD_INDEX | FIELD_FACET, "", "Name of that owner", "k8s.deployment.name", "", "") \
	F(k, base + 7, STR, N3(end, service, name), PUBLIC, META, FIELD_INDEX | FIELD_FACET, "", "Service that was addressed", "", "", "") \
	F(k, base + 8, STR, N3(end, service, namespace), PUBLIC, META, FIELD_FACET, "", "Namespace of that service", "", "", "") \
	F(k, base + 9, STR, N3(end, process, name), PUBLIC, META, FIELD_FACET, "", "Program of the " End, "process.executable.name", "process.name", "") \
	F(k, base + 10, STR, N2(end, zone), PUBLIC, META, FIELD_FACET, "", "Zone of the " End, "cloud.availability_zone", "", "") \
	F(k, base + 11, MAP, N2(end, labels), PUBLIC, META, 0, "", "Labels of that pod", "", "", "")

#define COMMON_FIELDS(F, k)                                                                                              \
	F(k, 2, TIME, N1(time), PUBLIC, META, FIELD_TABLE, "", "When it began, UTC", "time_unix_nano", "time", "frame.time") \
	F(k, 3, STR, N1(cluster), PUBLIC, META, FIELD_FACET, "", "Cluster, by the certificate of the agent", "k8s.cluster.name", "", "") \
	F(k, 4, STR, N1(node), PUBLIC, META, FIELD_FACET, "", "Node, by the certificate of the agent", "k8s.node.name", "device.hostname", "") \
	F(k, 5, STR, N1(observer), PUBLIC, META, FIELD_FACET, "", "Where it was seen: an interface, or the name of a capture file", "observer.name", "", "frame.interface_name") \
	END_FIELDS(F, k, src, 10, "client", "client", "src_endpoint")                                                    \
	END_FIELDS(F, k, dst, 40, "server", "server", "dst_endpoint")                                                    \
	F(k, 70, U64, N2(flow, id), PUBLIC, META, FIELD_INDEX | FIELD_WIDE | FIELD_HEX, "", "Hash of addresses, ports and protocol, the same in both directions", "", "connection_info.uid", "")

#define CAPTURE_FIELDS(F, k)                                                                                             \
	F(k, 100, ENUM, N1(format), PUBLIC, META, FIELD_FACET, "", "Format of the file", "", "", "")                     \
	F(k, 101, ENUM, N1(compression), PUBLIC, META, 0, "", "Compression of the file", "", "", "")                     \
	F(k, 102, U64, N1(file_bytes), PUBLIC, META, 0, "bytes", "Bytes read from the file", "", "", "")                 \
	F(k, 103, U64, N1(packets), PUBLIC, META, FIELD_TABLE, "", "Frames in the file", "", "", "")                               \
	F(k, 104, U64, N1(packet_bytes), PUBLIC, META, 0, "bytes", "Their bytes on the wire", "", "", "")                \
	F(k, 105, TIME, N1(until), PUBLIC, META, 0, "", "Time of the last frame", "", "", "")                            \
	F(k, 106, BOOL, N1(truncated), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "The file ends within a frame or block", "", "", "") \
	F(k, 107, U64, N1(delivered), PUBLIC, META, 0, "", "Frames that were accounted to a flow or kept as other", "", "", "") \
	F(k, 108, U64, N1(dropped), PUBLIC, META, FIELD_TABLE, "", "Frames that were not, see the gap records", "", "", "")        \
	F(k, 109, U64, N1(fragments), PUBLIC, META, 0, "", "IP fragments used in reassembled packets", "", "", "")       \
	F(k, 110, MAP, N1(vlans), PUBLIC, META, 0, "", "Frames by VLAN id", "", "", "vlan.id")                           \
	F(k, 111, U64, N1(interfaces), PUBLIC, META, 0, "", "Interfaces the file describes", "", "", "")                 \
	F(k, 112, LIST_U64, N1(links), PUBLIC, META, 0, "", "Link types in the file (LINKTYPE numbers)", "", "", "")     \
	F(k, 113, STR, N1(error), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Why reading ended early, as an error id", "", "", "")

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
	F(k, 124, U64, N1(transactions), PUBLIC, META, 0, "", "Application records of this connection", "", "", "")

#define GAP_FIELDS(F, k)                                                                                                 \
	F(k, 100, STR, N1(reason), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "The counter it adds to, such as drop.cut or tcp.gaps", "", "", "") \
	F(k, 101, U64, N1(frames), PUBLIC, META, FIELD_TABLE, "", "Frames not seen", "", "", "")                         \
	F(k, 102, U64, N1(bytes), PUBLIC, META, FIELD_TABLE, "bytes", "Bytes not seen", "", "", "")                      \
	F(k, 103, TIME, N1(until), PUBLIC, META, 0, "", "When it ended; it began at time", "", "", "")                   \
	F(k, 104, BOOL, N1(from_server), PUBLIC, META, 0, "", "The hole is in what the server sent", "", "", "")

#define HTTP_FIELDS(F, k)                                                                                                \
	F(k, 100, STR, N1(method), WORD, META, FIELD_FACET | FIELD_TABLE, "", "Request method, if it is a registered one", "http.request.method", "http_request.http_method", "http.request.method") \
	F(k, 101, STR, N1(host), HOST, META, FIELD_INDEX | FIELD_FACET | FIELD_TABLE, "", "Host of the request; labels that look like ids or tokens are replaced", "server.address", "http_request.url.hostname", "http.host") \
	F(k, 102, STR, N1(path), PATH, META, FIELD_INDEX | FIELD_TABLE, "", "Path of the request; ids, tokens and addresses in it are replaced", "url.path", "http_request.url.path", "http.request.uri.path") \
	F(k, 103, STR, N1(query), QUERY, META, 0, "", "Query of the request; values are masked unless allowed", "url.query", "http_request.url.query_string", "http.request.uri.query") \
	F(k, 104, STR, N1(version), PUBLIC, META, FIELD_FACET, "", "Protocol version, such as 1.1", "network.protocol.version", "http_request.version", "http.request.version") \
	F(k, 105, U64, N1(status), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Status of the final response", "http.response.status_code", "http_response.code", "http.response.code") \
	F(k, 106, DUR, N1(latency), PUBLIC, META, FIELD_TABLE, "ns", "From the end of the request to the head of the response", "http.server.request.duration", "http_response.latency", "http.time") \
	F(k, 107, DUR, N1(duration), PUBLIC, META, 0, "ns", "From the head of the request to the end of the response", "", "duration", "") \
	F(k, 108, MAP, N2(request, headers), HEADERS, HEADERS, 0, "", "Request headers; values are masked unless allowed", "http.request.header", "http_request.http_headers", "http.request.line") \
	F(k, 109, MAP, N2(response, headers), HEADERS, HEADERS, 0, "", "Response headers; values are masked unless allowed", "http.response.header", "http_response.http_headers", "http.response.line") \
	F(k, 110, U64, N2(request, body_bytes), PUBLIC, META, 0, "bytes", "Content of the request, without framing", "http.request.body.size", "http_request.body_length", "") \
	F(k, 111, U64, N2(response, body_bytes), PUBLIC, META, FIELD_TABLE, "bytes", "Content of the response, without framing", "http.response.body.size", "http_response.body_length", "") \
	F(k, 112, STR, N2(request, content_type), WORD, META, FIELD_FACET, "", "Media type of the request", "", "", "http.content_type") \
	F(k, 113, STR, N2(response, content_type), WORD, META, FIELD_FACET, "", "Media type of the response", "", "http_response.content_type", "http.content_type") \
	F(k, 114, ENUM, N2(request, framing), PUBLIC, META, 0, "", "How the body of the request is delimited", "", "", "")  \
	F(k, 115, ENUM, N2(response, framing), PUBLIC, META, 0, "", "How the body of the response is delimited", "", "", "") \
	F(k, 116, LIST_U64, N1(interim), PUBLIC, META, 0, "", "Statuses of 1xx responses before the final one", "", "", "") \
	F(k, 117, LIST_STR, N1(anomalies), PUBLIC, META, FIELD_FACET, "", "What is unusual in the messages, smuggling marks among it", "", "", "") \
	F(k, 118, ENUM, N1(state), PUBLIC, META, FIELD_FACET, "", "Whether both messages were seen whole", "", "", "")    \
	F(k, 119, STR, N1(upgrade), WORD, META, FIELD_FACET, "", "Protocol that the connection changed to", "", "", "http.upgrade") \
	F(k, 120, U64, N1(sequence), PUBLIC, META, 0, "", "Number of the exchange in its connection, from 1", "", "", "") \
	F(k, 121, U64, N2(request, head_bytes), PUBLIC, META, 0, "bytes", "Length of the request's head", "", "", "")    \
	F(k, 122, U64, N2(response, head_bytes), PUBLIC, META, 0, "bytes", "Length of the response's head", "", "", "")  \
	F(k, 123, U64, N2(request, trailers), PUBLIC, META, 0, "", "Trailer fields of the request", "", "", "")          \
	F(k, 124, U64, N2(response, trailers), PUBLIC, META, 0, "", "Trailer fields of the response", "", "", "")
// clang-format on

/* K(ENUM, id, name, fields, help); ids are for ever. */
#define KIND_TABLE(K)                                                                              \
	K(CAPTURE, 1, capture, CAPTURE_FIELDS, "A capture file that was read")                     \
	K(FLOW, 2, flow, FLOW_FIELDS, "A connection of any protocol")                              \
	K(GAP, 3, gap, GAP_FIELDS, "Something that was not seen")                                  \
	K(HTTP, 4, http, HTTP_FIELDS, "An HTTP exchange, request and response")

#define KIND_ENUM_(NAME, id, ...) KIND_##NAME = (id),
enum kind_id { KIND_TABLE(KIND_ENUM_) };
#define KIND_COUNT_(...) +1
enum { RECORD_KINDS = 0 KIND_TABLE(KIND_COUNT_) };

/* Choices of enum fields: V(field, name of the first value, …), in the order of their numbers. */
#define ENUM_TABLE(V)                                                                              \
	V(capture_format, "pcap", "pcapng")                                                        \
	V(capture_compression, "none", "gzip", "zstd")                                             \
	V(flow_transport, "tcp", "udp", "icmp", "icmpv6", "sctp", "other")                         \
	V(flow_state, "half-open", "open", "closing", "closed", "reset", "refused", "stateless")   \
	V(flow_end, "closed", "idle", "evicted", "replaced", "end-of-capture")                     \
	V(http_request_framing, "none", "length", "chunked", "close", "tunnel")                    \
	V(http_response_framing, "none", "length", "chunked", "close", "tunnel")                   \
	V(http_state, "complete", "no-response", "no-request", "cut")

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
enum http_state { HTTP_COMPLETE, HTTP_NO_RESPONSE, HTTP_NO_REQUEST, HTTP_CUT };

/* ---- Handles: the type of a field is the type of its handle ---------------------------------- */

struct field_ref {
	uint16_t kind; /* 0 for common fields */
	uint16_t slot;
};

#define FIELD_HANDLE_TYPE_(suffix)                                                                 \
	struct field_##suffix {                                                                    \
		struct field_ref ref;                                                              \
	};
FIELD_HANDLE_TYPE_(bool)
FIELD_HANDLE_TYPE_(u64)
FIELD_HANDLE_TYPE_(i64)
FIELD_HANDLE_TYPE_(f64)
FIELD_HANDLE_TYPE_(str)
FIELD_HANDLE_TYPE_(bytes)
FIELD_HANDLE_TYPE_(time)
FIELD_HANDLE_TYPE_(dur)
FIELD_HANDLE_TYPE_(ip)
FIELD_HANDLE_TYPE_(enum)
FIELD_HANDLE_TYPE_(json)
FIELD_HANDLE_TYPE_(list_u64)
FIELD_HANDLE_TYPE_(list_str)
FIELD_HANDLE_TYPE_(map)

#define FIELD_TYPE_BOOL_     field_bool
#define FIELD_TYPE_U64_      field_u64
#define FIELD_TYPE_I64_      field_i64
#define FIELD_TYPE_F64_      field_f64
#define FIELD_TYPE_STR_      field_str
#define FIELD_TYPE_BYTES_    field_bytes
#define FIELD_TYPE_TIME_     field_time
#define FIELD_TYPE_DUR_      field_dur
#define FIELD_TYPE_IP_       field_ip
#define FIELD_TYPE_ENUM_     field_enum
#define FIELD_TYPE_JSON_     field_json
#define FIELD_TYPE_LIST_U64_ field_list_u64
#define FIELD_TYPE_LIST_STR_ field_list_str
#define FIELD_TYPE_MAP_      field_map

#define SLOT_ENUM_(...)                      SLOT_ENUM__(__VA_ARGS__)
#define SLOT_ENUM__(k, id, TYPE, ident, ...) k##_slot_##ident,
enum common_slot { COMMON_FIELDS(SLOT_ENUM_, common) COMMON_SLOTS };
#define KIND_SLOTS_(NAME, id, k, FIELDS, help)                                                     \
	enum k##_slot{ k##_slot_before_ = COMMON_SLOTS - 1, FIELDS(SLOT_ENUM_, k) k##_slots };
KIND_TABLE(KIND_SLOTS_)

#define FIELD_HANDLE_(...) FIELD_HANDLE__(__VA_ARGS__)
#define FIELD_HANDLE__(k, id, TYPE, ident, ...)                                                    \
	[[maybe_unused]] static const struct FIELD_TYPE_##TYPE##_ k##_##ident = {                  \
		{ k##_kind_id_, k##_slot_##ident }                                                 \
	};
enum { common_kind_id_ = 0 };
#define KIND_HANDLES_(NAME, id, k, FIELDS, help)                                                   \
	enum { k##_kind_id_ = (id) };                                                              \
	FIELDS(FIELD_HANDLE_, k)
COMMON_FIELDS(FIELD_HANDLE_, common)
KIND_TABLE(KIND_HANDLES_)

#endif
