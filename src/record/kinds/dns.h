/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind dns: a DNS query with its response. Its fields and the names of their choices, in the
 * form that kinds.h explains and reads.
 */
#ifndef REDOUBT_RECORD_KINDS_DNS_H
#define REDOUBT_RECORD_KINDS_DNS_H

// clang-format off
#define DNS_FIELDS(F, k) \
	F(k, 100, STR, N1(name), PERSONAL, META, FIELD_INDEX | FIELD_TABLE, "", "Name of the first question, or where there is none of the first answer", "dns.question.name", "", "dns.qry.name") \
	F(k, 101, STR, N1(type), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Its type, such as A", "", "", "dns.qry.type") \
	F(k, 102, STR, N1(rcode), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Response code, such as NOERROR or NXDOMAIN", "dns.response_code", "", "dns.flags.rcode") \
	F(k, 103, DUR, N1(latency), PUBLIC, META, FIELD_TABLE, "ns", "From the query to the response", "dns.lookup.duration", "", "dns.time") \
	F(k, 104, LIST_STR, N1(answers), PERSONAL, META, FIELD_TABLE, "", "Answers: type and value; of texts and keys the type and length alone; the first 32", "dns.answers", "", "dns.a") \
	F(k, 105, LIST_STR, N1(questions), PERSONAL, META, 0, "", "Names of all questions, of the query or else the response", "", "", "dns.qry.name") \
	F(k, 106, LIST_STR, N1(question_types), PUBLIC, META, 0, "", "Their types", "", "", "") \
	F(k, 107, U64, N1(transaction), PUBLIC, META, 0, "", "Transaction id", "", "", "dns.id") \
	F(k, 108, STR, N1(opcode), PUBLIC, META, FIELD_FACET, "", "Kind of query, such as QUERY or UPDATE", "", "", "dns.flags.opcode") \
	F(k, 109, ENUM, N1(transport), PUBLIC, META, FIELD_FACET, "", "How it came", "", "", "") \
	F(k, 110, U64, N1(answer_count), PUBLIC, META, 0, "", "Answer records, by the headers of the response", "", "", "dns.count.answers") \
	F(k, 111, U64, N1(authority_count), PUBLIC, META, 0, "", "Authority records, likewise", "", "", "dns.count.auth_rr") \
	F(k, 112, U64, N1(additional_count), PUBLIC, META, 0, "", "Additional records, likewise", "", "", "dns.count.add_rr") \
	F(k, 113, U64, N1(ttl), PUBLIC, META, 0, "s", "Smallest time to live of the answers", "", "", "dns.resp.ttl") \
	F(k, 114, BOOL, N1(authoritative), PUBLIC, META, 0, "", "The server is an authority for the name", "", "", "dns.flags.authoritative") \
	F(k, 115, BOOL, N1(truncated), PUBLIC, META, FIELD_FACET, "", "The response was cut to fit; the client asks again over TCP", "", "", "dns.flags.truncated") \
	F(k, 116, BOOL, N1(recursion_desired), PUBLIC, META, 0, "", "The client asked for recursion", "", "", "dns.flags.recdesired") \
	F(k, 117, BOOL, N1(recursion_available), PUBLIC, META, 0, "", "The server offers recursion", "", "", "dns.flags.recavail") \
	F(k, 118, BOOL, N1(authenticated), PUBLIC, META, 0, "", "The server validated the answer (AD)", "", "", "dns.flags.authenticated") \
	F(k, 119, BOOL, N1(dnssec_ok), PUBLIC, META, 0, "", "The client wants DNSSEC records (DO)", "", "", "dns.resp.z.do") \
	F(k, 120, U64, N1(edns_version), PUBLIC, META, 0, "", "EDNS version, where EDNS was used", "", "", "") \
	F(k, 121, U64, N1(udp_size), PUBLIC, META, 0, "bytes", "UDP payload size that EDNS of the query offers", "", "", "dns.rr.udp_payload_size") \
	F(k, 122, LIST_STR, N1(edns_options), PUBLIC, META, 0, "", "EDNS options by name, such as COOKIE; their values are not kept", "", "", "dns.opt.code") \
	F(k, 123, U64, N2(request, bytes), PUBLIC, META, 0, "bytes", "Length of the query", "", "", "") \
	F(k, 124, U64, N2(response, bytes), PUBLIC, META, 0, "bytes", "Length of the response, of all its messages", "", "", "") \
	F(k, 125, U64, N1(retransmissions), PUBLIC, META, 0, "", "How often the query came again before its response", "", "", "dns.retransmission") \
	F(k, 126, LIST_STR, N1(anomalies), PUBLIC, META, FIELD_FACET, "", "What is malformed or unusual in the messages", "", "", "") \
	F(k, 127, ENUM, N1(state), PUBLIC, META, FIELD_FACET, "", "Whether query and response were seen; multicast has no pairs", "", "", "") \
	F(k, 128, U64, N1(queries), PUBLIC, META, 0, "", "Query messages: 1 and the retransmissions, or 0", "", "", "") \
	F(k, 129, U64, N1(responses), PUBLIC, META, 0, "", "Response messages, of which a transfer has many", "", "", "") \
	F(k, 130, BOOL, N1(checking_disabled), PUBLIC, META, 0, "", "The client takes answers that were not validated (CD)", "", "", "dns.flags.checkdisable")
// clang-format on

#define DNS_ENUMS(V)                                                                               \
	V(dns_transport, "udp", "tcp", "mdns", "llmnr")                                            \
	V(dns_state, "complete", "no-response", "no-request", "multicast")

enum dns_transport { DNS_UDP, DNS_TCP, DNS_MDNS, DNS_LLMNR };
enum dns_state { DNS_COMPLETE, DNS_NO_RESPONSE, DNS_NO_REQUEST, DNS_MULTICAST };

#endif
