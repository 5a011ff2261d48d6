/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind tls: a TLS handshake, over TCP or in QUIC: one ClientHello with what answered it. Its
 * fields and the names of their choices, in the form that kinds.h explains and reads.
 */
#ifndef REDOUBT_RECORD_KINDS_TLS_H
#define REDOUBT_RECORD_KINDS_TLS_H

// clang-format off
#define TLS_FIELDS(F, k) \
	F(k, 100, STR, N1(sni), PERSONAL, META, FIELD_INDEX | FIELD_FACET | FIELD_TABLE, "", "Server name that the client asked for", "tls.client.server_name", "", "tls.handshake.extensions_server_name") \
	F(k, 101, STR, N1(version), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Version agreed on, or the highest offered where no answer was seen", "tls.protocol.version", "", "tls.handshake.version") \
	F(k, 102, STR, N1(cipher), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Cipher suite that the server chose (IANA name)", "tls.cipher", "", "tls.handshake.ciphersuite") \
	F(k, 103, STR, N1(alpn), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Protocol that the server chose, where in clear; else the first offered; one that is not known is masked", "tls.next_protocol", "", "tls.handshake.extensions_alpn_str") \
	F(k, 104, STR, N1(group), PUBLIC, META, FIELD_FACET, "", "Key exchange group that the server chose", "tls.curve", "", "") \
	F(k, 105, ENUM, N1(transport), PUBLIC, META, FIELD_FACET, "", "What carries it", "", "", "") \
	F(k, 106, STR, N1(ja3), PUBLIC, META, FIELD_INDEX | FIELD_FACET, "", "JA3 of the ClientHello", "tls.client.ja3", "", "tls.handshake.ja3") \
	F(k, 107, STR, N1(ja3s), PUBLIC, META, FIELD_INDEX | FIELD_FACET, "", "JA3S of the ServerHello", "tls.server.ja3s", "", "tls.handshake.ja3s") \
	F(k, 108, STR, N1(ja4), PUBLIC, META, FIELD_INDEX | FIELD_FACET, "", "JA4 of the ClientHello", "", "", "") \
	F(k, 109, LIST_STR, N2(client, versions), PUBLIC, META, 0, "", "Versions offered", "", "", "") \
	F(k, 110, LIST_STR, N2(client, ciphers), PUBLIC, META, 0, "", "Cipher suites offered", "tls.client.supported_ciphers", "", "") \
	F(k, 111, LIST_STR, N2(client, groups), PUBLIC, META, 0, "", "Groups offered", "", "", "") \
	F(k, 112, LIST_STR, N2(client, alpn), PUBLIC, META, 0, "", "Protocols offered", "", "", "tls.handshake.extensions_alpn_str") \
	F(k, 113, LIST_U64, N2(client, extensions), PUBLIC, META, 0, "", "Extensions of the ClientHello, in their order", "", "", "tls.handshake.extension.type") \
	F(k, 114, BOOL, N1(ech), PUBLIC, META, FIELD_FACET, "", "The client sent an encrypted ClientHello or server name (ECH, ESNI, or GREASE for it)", "", "", "") \
	F(k, 115, BOOL, N1(retry), PUBLIC, META, 0, "", "The server answered by asking for another ClientHello", "", "", "") \
	F(k, 116, BOOL, N1(resumed), PUBLIC, META, FIELD_FACET, "", "The handshake resumed an earlier session", "tls.resumed", "", "") \
	F(k, 117, STR, N2(certificate, subject), PERSONAL, META, FIELD_INDEX, "", "Subject of the server certificate", "tls.server.subject", "", "x509sat.printableString") \
	F(k, 118, STR, N2(certificate, issuer), PERSONAL, META, FIELD_INDEX | FIELD_FACET, "", "Issuer of the server certificate", "tls.server.issuer", "", "") \
	F(k, 119, LIST_STR, N2(certificate, names), PERSONAL, META, 0, "", "Names and addresses it is for (subjectAltName)", "", "", "") \
	F(k, 120, TIME, N2(certificate, not_before), PUBLIC, META, 0, "", "It is valid from", "tls.server.not_before", "", "") \
	F(k, 121, TIME, N2(certificate, not_after), PUBLIC, META, FIELD_INDEX, "", "It is valid until", "tls.server.not_after", "", "") \
	F(k, 122, STR, N2(certificate, serial), PUBLIC, META, 0, "", "Its serial number, hexadecimal", "", "", "") \
	F(k, 123, STR, N2(certificate, sha256), PUBLIC, META, FIELD_INDEX, "", "SHA-256 of the certificate, hexadecimal", "tls.server.hash.sha256", "", "") \
	F(k, 124, STR, N2(certificate, key), PUBLIC, META, FIELD_FACET, "", "Its key, such as RSA 2048 or EC P-256", "", "", "") \
	F(k, 125, STR, N2(certificate, signature), PUBLIC, META, FIELD_FACET, "", "Algorithm of its signature", "", "", "") \
	F(k, 126, U64, N1(certificates), PUBLIC, META, 0, "", "Certificates that the server sent", "", "", "") \
	F(k, 127, STR, N2(client, subject), PERSONAL, META, FIELD_INDEX, "", "Subject of the client certificate", "tls.client.subject", "", "") \
	F(k, 128, STR, N2(client, issuer), PERSONAL, META, 0, "", "Issuer of the client certificate", "tls.client.issuer", "", "") \
	F(k, 129, TIME, N2(client, not_after), PUBLIC, META, 0, "", "The client certificate is valid until", "tls.client.not_after", "", "") \
	F(k, 130, LIST_STR, N1(alerts), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "Alerts in clear: sender, level, description", "", "", "tls.alert_message.desc") \
	F(k, 131, LIST_STR, N1(weak), PUBLIC, META, FIELD_FACET | FIELD_TABLE, "", "What is weak: versions, ciphers, groups, keys, signatures, certificates out of time", "", "", "") \
	F(k, 132, DUR, N1(latency), PUBLIC, META, FIELD_TABLE, "ns", "From the ClientHello to the ServerHello", "", "", "") \
	F(k, 133, STR, N1(quic_version), PUBLIC, META, FIELD_FACET, "", "QUIC version, where QUIC carries it", "", "", "quic.version") \
	F(k, 134, LIST_STR, N1(anomalies), PUBLIC, META, FIELD_FACET, "", "What is malformed or unusual in the handshake", "", "", "") \
	F(k, 135, ENUM, N1(state), PUBLIC, META, FIELD_FACET, "", "What of the hellos was seen", "", "", "")
// clang-format on

#define TLS_ENUMS(V)                                                                               \
	V(tls_transport, "tcp", "quic")                                                            \
	V(tls_state, "complete", "no-server-hello", "no-client-hello")

enum tls_transport { TLS_OVER_TCP, TLS_OVER_QUIC };
enum tls_state { TLS_COMPLETE, TLS_NO_SERVER_HELLO, TLS_NO_CLIENT_HELLO };

#endif
