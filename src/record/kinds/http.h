/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind http: an HTTP exchange, of any version. Its fields and the names of their choices, in
 * the form that kinds.h explains and reads.
 */
#ifndef REDOUBT_RECORD_KINDS_HTTP_H
#define REDOUBT_RECORD_KINDS_HTTP_H

// clang-format off
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
	F(k, 124, U64, N2(response, trailers), PUBLIC, META, 0, "", "Trailer fields of the response", "", "", "") \
	F(k, 125, U64, N1(stream), PUBLIC, META, 0, "", "Stream id, of HTTP/2", "", "", "http2.streamid") \
	F(k, 126, STR, N1(reset), PUBLIC, META, FIELD_FACET, "", "Error code that ended the stream early, of HTTP/2", "", "", "http2.rst_stream.error") \
	F(k, 127, BOOL, N1(reset_by_server), PUBLIC, META, 0, "", "The server ended it early", "", "", "") \
	F(k, 128, U64, N1(unknown_headers), PUBLIC, META, 0, "", "Header fields that were said by reference to something before the capture", "", "", "") \
	F(k, 129, STR, N2(graphql, operation), PATH, META, FIELD_FACET, "", "Name of the GraphQL operation, where a body rule opens the request", "graphql.operation.name", "", "") \
	F(k, 130, ENUM, N2(graphql, type), PUBLIC, META, FIELD_FACET, "", "Its type, where a body rule opens the request", "graphql.operation.type", "", "")
// clang-format on

#define HTTP_ENUMS(V)                                                                              \
	V(http_request_framing, "none", "length", "chunked", "close", "tunnel", "frames")          \
	V(http_response_framing, "none", "length", "chunked", "close", "tunnel", "frames")         \
	V(http_state, "complete", "no-response", "no-request", "cut")                              \
	V(http_graphql_type, "query", "mutation", "subscription")

enum http_state { HTTP_COMPLETE, HTTP_NO_RESPONSE, HTTP_NO_REQUEST, HTTP_CUT };
enum http_graphql_type { GRAPHQL_QUERY, GRAPHQL_MUTATION, GRAPHQL_SUBSCRIPTION };

#endif
