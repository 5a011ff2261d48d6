/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record kinds: every field of every kind, declared once. From these rows come the handles that
 * dissectors put by, redaction, store columns, filter names, JSON, CSV, tables and the reference.
 * Ids are for ever (docs/schema.lock): common fields 1-99, a kind's own from 100.
 *
 * Each kind is a file in kinds/: NAME_FIELDS(F, k) has its fields, and NAME_ENUMS(V) the choices of
 * its enum fields as V(field, name of the first value, …), in the order of their numbers.
 *
 *   F(kind, id, TYPE, name, CLASS, PART, flags, unit, help, OpenTelemetry, OCSF, Wireshark)
 *   N1(a) is named "a", N2(a, b) "a.b", N3(a, b, c) "a.b.c"; the kind's name stands before it.
 */
#ifndef REDOUBT_RECORD_KINDS_H
#define REDOUBT_RECORD_KINDS_H

#include <stdint.h>

#include "record/kinds/capture.h"
#include "record/kinds/dns.h"
#include "record/kinds/flow.h"
#include "record/kinds/gap.h"
#include "record/kinds/grpc.h"
#include "record/kinds/http.h"
#include "record/kinds/http2.h"
#include "record/kinds/postgresql.h"
#include "record/kinds/redis.h"
#include "record/kinds/tls.h"
#include "record/kinds/ws.h"

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
// clang-format on

/* K(ENUM, id, name, fields, choices, help); ids are for ever. */
#define KIND_TABLE(K)                                                                              \
	K(CAPTURE, 1, capture, CAPTURE_FIELDS, CAPTURE_ENUMS, "A capture file that was read")      \
	K(FLOW, 2, flow, FLOW_FIELDS, FLOW_ENUMS, "A connection of any protocol")                  \
	K(GAP, 3, gap, GAP_FIELDS, GAP_ENUMS, "Something that was not seen")                       \
	K(HTTP, 4, http, HTTP_FIELDS, HTTP_ENUMS, "An HTTP exchange, request and response")        \
	K(GRPC, 5, grpc, GRPC_FIELDS, GRPC_ENUMS, "A gRPC call")                                   \
	K(WS, 6, ws, WS_FIELDS, WS_ENUMS, "A WebSocket message or control frame")                  \
	K(DNS, 7, dns, DNS_FIELDS, DNS_ENUMS, "A DNS query with its response")                     \
	K(TLS, 8, tls, TLS_FIELDS, TLS_ENUMS, "A TLS handshake, over TCP or in QUIC")              \
	K(REDIS, 9, redis, REDIS_FIELDS, REDIS_ENUMS, "A Redis command with its reply")            \
	K(POSTGRESQL, 10, postgresql, POSTGRESQL_FIELDS, POSTGRESQL_ENUMS,                         \
	  "A PostgreSQL exchange, such as a query with its answer")                                \
	K(HTTP2, 11, http2, HTTP2_FIELDS, HTTP2_ENUMS, "An HTTP/2 connection as a whole")

#define KIND_ENUM_(NAME, id, ...) KIND_##NAME = (id),
enum kind_id { KIND_TABLE(KIND_ENUM_) };
#define KIND_COUNT_(...) +1
enum { RECORD_KINDS = 0 KIND_TABLE(KIND_COUNT_) };

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
#define KIND_SLOTS_(NAME, id, k, FIELDS, ENUMS, help)                                              \
	enum k##_slot{ k##_slot_before_ = COMMON_SLOTS - 1, FIELDS(SLOT_ENUM_, k) k##_slots };
KIND_TABLE(KIND_SLOTS_)

#define FIELD_HANDLE_(...) FIELD_HANDLE__(__VA_ARGS__)
#define FIELD_HANDLE__(k, id, TYPE, ident, ...)                                                    \
	[[maybe_unused]] static const struct FIELD_TYPE_##TYPE##_ k##_##ident = {                  \
		{ k##_kind_id_, k##_slot_##ident }                                                 \
	};
enum { common_kind_id_ = 0 };
#define KIND_HANDLES_(NAME, id, k, FIELDS, ENUMS, help)                                            \
	enum { k##_kind_id_ = (id) };                                                              \
	FIELDS(FIELD_HANDLE_, k)
COMMON_FIELDS(FIELD_HANDLE_, common)
KIND_TABLE(KIND_HANDLES_)

#endif
