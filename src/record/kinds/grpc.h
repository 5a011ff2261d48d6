/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind grpc: a gRPC call, over HTTP/2 or as gRPC-Web. Its fields and the names of their
 * choices, in the form that kinds.h explains and reads.
 */
#ifndef REDOUBT_RECORD_KINDS_GRPC_H
#define REDOUBT_RECORD_KINDS_GRPC_H

// clang-format off
#define GRPC_FIELDS(F, k) \
	F(k, 100, STR, N1(service), PATH, META, FIELD_INDEX | FIELD_FACET | FIELD_TABLE, "", "Package and service; what looks like an id or token is replaced", "rpc.service", "", "") \
	F(k, 101, STR, N1(method), PATH, META, FIELD_INDEX | FIELD_FACET | FIELD_TABLE, "", "Method of the service", "rpc.method", "", "") \
	F(k, 102, U64, N1(status), PUBLIC, META, FIELD_FACET, "", "Status code of the call, from its trailers", "rpc.grpc.status_code", "", "grpc.status_code") \
	F(k, 103, STR, N1(status_name), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Its name, such as NOT_FOUND", "", "", "") \
	F(k, 104, DUR, N1(latency), PUBLIC, META, FIELD_TABLE, "ns", "From the end of the request to the first header of the response; of streaming calls from the begin of the request", "rpc.server.duration", "", "") \
	F(k, 105, DUR, N1(duration), PUBLIC, META, 0, "ns", "From the first header of the request to the end of the response", "", "", "") \
	F(k, 106, ENUM, N1(streaming), PUBLIC, META, FIELD_FACET, "", "Kind of call, as far as the counts of messages tell", "", "", "") \
	F(k, 107, U64, N2(request, messages), PUBLIC, META, FIELD_TABLE, "", "Messages from the client", "rpc.server.requests_per_rpc", "", "") \
	F(k, 108, U64, N2(response, messages), PUBLIC, META, FIELD_TABLE, "", "Messages from the server", "rpc.server.responses_per_rpc", "", "") \
	F(k, 109, U64, N2(request, message_bytes), PUBLIC, META, 0, "bytes", "Their bytes, without framing", "rpc.server.request.size", "", "") \
	F(k, 110, U64, N2(response, message_bytes), PUBLIC, META, 0, "bytes", "Their bytes, without framing", "rpc.server.response.size", "", "") \
	F(k, 111, U64, N2(request, compressed), PUBLIC, META, 0, "", "Messages from the client with the compressed flag", "", "", "grpc.compressed_flag") \
	F(k, 112, U64, N2(response, compressed), PUBLIC, META, 0, "", "Messages from the server with the compressed flag", "", "", "grpc.compressed_flag") \
	F(k, 113, STR, N2(request, encoding), WORD, META, 0, "", "Compression of the messages from the client (grpc-encoding)", "", "", "") \
	F(k, 114, STR, N2(response, encoding), WORD, META, 0, "", "Compression of the messages from the server (grpc-encoding)", "", "", "") \
	F(k, 115, STR, N1(host), HOST, META, FIELD_INDEX | FIELD_FACET, "", "Authority of the request", "server.address", "", "http2.headers.authority") \
	F(k, 116, U64, N1(http_status), PUBLIC, META, FIELD_FACET, "", "HTTP status of the response", "http.response.status_code", "", "") \
	F(k, 117, STR, N1(http_version), PUBLIC, META, FIELD_FACET, "", "HTTP version below, such as 2", "network.protocol.version", "", "") \
	F(k, 118, BOOL, N1(web), PUBLIC, META, FIELD_FACET, "", "It is gRPC-Web", "", "", "") \
	F(k, 119, STR, N1(content_type), WORD, META, 0, "", "Media type of the request", "", "", "") \
	F(k, 120, DUR, N1(timeout), PUBLIC, META, 0, "ns", "How long the client was willing to wait (grpc-timeout)", "", "", "") \
	F(k, 121, MAP, N2(request, headers), HEADERS, HEADERS, 0, "", "Request headers; values are masked unless allowed", "rpc.grpc.request.metadata", "", "") \
	F(k, 122, MAP, N2(response, headers), HEADERS, HEADERS, 0, "", "Response headers; values are masked unless allowed", "rpc.grpc.response.metadata", "", "") \
	F(k, 123, MAP, N2(response, trailers), HEADERS, HEADERS, 0, "", "Response trailers; values are masked unless allowed", "", "", "") \
	F(k, 124, U64, N1(stream), PUBLIC, META, 0, "", "Stream id, of HTTP/2", "", "", "http2.streamid") \
	F(k, 125, STR, N1(reset), PUBLIC, META, FIELD_FACET, "", "Error code that ended the stream early", "", "", "http2.rst_stream.error") \
	F(k, 126, BOOL, N1(reset_by_server), PUBLIC, META, 0, "", "The server ended it early", "", "", "") \
	F(k, 127, U64, N1(unknown_headers), PUBLIC, META, 0, "", "Header fields that were said by reference to something before the capture", "", "", "") \
	F(k, 128, LIST_STR, N1(anomalies), PUBLIC, META, FIELD_FACET, "", "What is unusual in the call", "", "", "") \
	F(k, 129, ENUM, N1(state), PUBLIC, META, FIELD_FACET, "", "Whether both directions were seen whole", "", "", "")
// clang-format on

#define GRPC_ENUMS(V)                                                                              \
	V(grpc_streaming, "unary", "client", "server", "bidi")                                     \
	V(grpc_state, "complete", "no-response", "no-request", "cut")

enum grpc_streaming { GRPC_UNARY, GRPC_CLIENT_STREAM, GRPC_SERVER_STREAM, GRPC_BIDI };

#endif
