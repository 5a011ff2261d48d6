// SPDX-License-Identifier: Apache-2.0
/*
 * Names of versions, groups, alerts and protocols, and how any of them is found.
 */
#include "tls/names.h"

#include <stdio.h>

#include "record/record.h"

// clang-format off
#define NAME(number, name) { number, { name, sizeof(name) - 1 } }

static const struct name versions[] = {
	NAME(0x0002, "SSL 2.0"), NAME(0x0300, "SSL 3.0"), NAME(0x0301, "TLS 1.0"),
	NAME(0x0302, "TLS 1.1"), NAME(0x0303, "TLS 1.2"), NAME(0x0304, "TLS 1.3"),
	/* Drafts of TLS 1.3; there is no version below 14 that was spoken in the open. */
	NAME(0x7f0e, "TLS 1.3 draft 14"), NAME(0x7f0f, "TLS 1.3 draft 15"),
	NAME(0x7f10, "TLS 1.3 draft 16"), NAME(0x7f11, "TLS 1.3 draft 17"),
	NAME(0x7f12, "TLS 1.3 draft 18"), NAME(0x7f13, "TLS 1.3 draft 19"),
	NAME(0x7f14, "TLS 1.3 draft 20"), NAME(0x7f15, "TLS 1.3 draft 21"),
	NAME(0x7f16, "TLS 1.3 draft 22"), NAME(0x7f17, "TLS 1.3 draft 23"),
	NAME(0x7f18, "TLS 1.3 draft 24"), NAME(0x7f19, "TLS 1.3 draft 25"),
	NAME(0x7f1a, "TLS 1.3 draft 26"), NAME(0x7f1b, "TLS 1.3 draft 27"),
	NAME(0x7f1c, "TLS 1.3 draft 28"),
};

static const struct name groups[] = {
	NAME(1, "sect163k1"), NAME(2, "sect163r1"), NAME(3, "sect163r2"), NAME(4, "sect193r1"),
	NAME(5, "sect193r2"), NAME(6, "sect233k1"), NAME(7, "sect233r1"), NAME(8, "sect239k1"),
	NAME(9, "sect283k1"), NAME(10, "sect283r1"), NAME(11, "sect409k1"),
	NAME(12, "sect409r1"), NAME(13, "sect571k1"), NAME(14, "sect571r1"),
	NAME(15, "secp160k1"), NAME(16, "secp160r1"), NAME(17, "secp160r2"),
	NAME(18, "secp192k1"), NAME(19, "secp192r1"), NAME(20, "secp224k1"),
	NAME(21, "secp224r1"), NAME(22, "secp256k1"), NAME(23, "secp256r1"),
	NAME(24, "secp384r1"), NAME(25, "secp521r1"), NAME(26, "brainpoolP256r1"),
	NAME(27, "brainpoolP384r1"), NAME(28, "brainpoolP512r1"), NAME(29, "x25519"),
	NAME(30, "x448"), NAME(31, "brainpoolP256r1tls13"), NAME(32, "brainpoolP384r1tls13"),
	NAME(33, "brainpoolP512r1tls13"), NAME(34, "GC256A"), NAME(35, "GC256B"),
	NAME(36, "GC256C"), NAME(37, "GC256D"), NAME(38, "GC512A"), NAME(39, "GC512B"),
	NAME(40, "GC512C"), NAME(41, "curveSM2"), NAME(256, "ffdhe2048"),
	NAME(257, "ffdhe3072"), NAME(258, "ffdhe4096"), NAME(259, "ffdhe6144"),
	NAME(260, "ffdhe8192"), NAME(512, "MLKEM512"), NAME(513, "MLKEM768"),
	NAME(514, "MLKEM1024"), NAME(4587, "SecP256r1MLKEM768"), NAME(4588, "X25519MLKEM768"),
	NAME(4589, "SecP384r1MLKEM1024"), NAME(25497, "X25519Kyber768Draft00"),
	NAME(25498, "SecP256r1Kyber768Draft00"),
};

/* RFC 8446 §6 and, of what older versions had besides, RFC 5246 §7.2. */
static const struct name alerts[] = {
	NAME(0, "close_notify"), NAME(10, "unexpected_message"), NAME(20, "bad_record_mac"),
	NAME(21, "decryption_failed"), NAME(22, "record_overflow"),
	NAME(30, "decompression_failure"), NAME(40, "handshake_failure"),
	NAME(41, "no_certificate"), NAME(42, "bad_certificate"),
	NAME(43, "unsupported_certificate"), NAME(44, "certificate_revoked"),
	NAME(45, "certificate_expired"), NAME(46, "certificate_unknown"),
	NAME(47, "illegal_parameter"), NAME(48, "unknown_ca"), NAME(49, "access_denied"),
	NAME(50, "decode_error"), NAME(51, "decrypt_error"),
	NAME(52, "too_many_cids_requested"), NAME(60, "export_restriction"),
	NAME(70, "protocol_version"), NAME(71, "insufficient_security"),
	NAME(80, "internal_error"), NAME(86, "inappropriate_fallback"),
	NAME(90, "user_canceled"), NAME(100, "no_renegotiation"), NAME(109, "missing_extension"),
	NAME(110, "unsupported_extension"), NAME(111, "certificate_unobtainable"),
	NAME(112, "unrecognized_name"), NAME(113, "bad_certificate_status_response"),
	NAME(114, "bad_certificate_hash_value"), NAME(115, "unknown_psk_identity"),
	NAME(116, "certificate_required"), NAME(120, "no_application_protocol"),
	NAME(121, "ech_required"),
};

/* SSL 2.0 has its own, of three bytes. */
static const struct name suites_v2[] = {
	NAME(0x010080, "SSL_CK_RC4_128_WITH_MD5"),
	NAME(0x020080, "SSL_CK_RC4_128_EXPORT40_WITH_MD5"),
	NAME(0x030080, "SSL_CK_RC2_128_CBC_WITH_MD5"),
	NAME(0x040080, "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5"),
	NAME(0x050080, "SSL_CK_IDEA_128_CBC_WITH_MD5"),
	NAME(0x060040, "SSL_CK_DES_64_CBC_WITH_MD5"),
	NAME(0x0700c0, "SSL_CK_DES_192_EDE3_CBC_WITH_MD5"),
	NAME(0x080080, "SSL_CK_RC4_64_WITH_MD5"),
};

/* Whole names, and families: behind the head comes a version of at most 6 digits, dots and
 * letters. */
static const struct protocol {
	struct str head;
	bool family;
} protocols[] = {
#define WHOLE(name) { { name, sizeof(name) - 1 }, false }
#define FAMILY(head) { { head, sizeof(head) - 1 }, true }
	WHOLE("h2"), WHOLE("h2c"), WHOLE("h3"), WHOLE("dot"), WHOLE("doq"), WHOLE("imap"),
	WHOLE("pop3"), WHOLE("smtp"), WHOLE("ftp"), WHOLE("managesieve"), WHOLE("coap"), WHOLE("co"),
	WHOLE("xmpp-client"), WHOLE("xmpp-server"), WHOLE("webrtc"), WHOLE("c-webrtc"),
	WHOLE("stun.turn"), WHOLE("stun.nat-discovery"), WHOLE("irc"), WHOLE("nntp"), WHOLE("nnsp"),
	WHOLE("mqtt"), WHOLE("smb"), WHOLE("sunrpc"), WHOLE("ntske"), WHOLE("ntske/1"),
	WHOLE("postgresql"), WHOLE("radius/1.0"), WHOLE("radius/1.1"), WHOLE("netperfmeter/control"),
	WHOLE("acme-tls/1"), WHOLE("tds/8.0"), WHOLE("dicom"), WHOLE("sip"), WHOLE("sip/2"),
	WHOLE("grpc-exp"), WHOLE("istio"), WHOLE("istio-peer-exchange"), WHOLE("istio-http/1.0"),
	WHOLE("istio-http/1.1"), WHOLE("istio-h2"), WHOLE("linkerd"), WHOLE("x-amzn-mqtt-ca"),
	WHOLE("x-amzn-http-ca"), WHOLE("siren"), WHOLE("quic-echo-example"), WHOLE("libp2p"),
	WHOLE("hq-interop"), WHOLE("h2-fb"), WHOLE("h1q-fb"), WHOLE("wq-vvv-01"), WHOLE("perf"),
	WHOLE("siduck"), WHOLE("apns-pack-v1"), WHOLE("apns-security-v3"), WHOLE("kafka"),
	FAMILY("http/"), FAMILY("spdy/"), FAMILY("h2-"), FAMILY("h3-"), FAMILY("h3-fb-"),
	FAMILY("h3-T"), FAMILY("h3-Q"), FAMILY("hq-"), FAMILY("h1q-"), FAMILY("doq-i"),
	FAMILY("doq-"), FAMILY("moq-"), FAMILY("siduck-"),
};
// clang-format on

const struct name_table tls_name_versions = { versions, ARRAY_LEN(versions) };
const struct name_table tls_name_groups = { groups, ARRAY_LEN(groups) };
const struct name_table tls_name_alerts = { alerts, ARRAY_LEN(alerts) };
const struct name_table tls_name_suites_v2 = { suites_v2, ARRAY_LEN(suites_v2) };

struct str tls_name_find(const struct name_table *t, uint32_t number)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->row[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < t->n && t->row[low].number == number)
		return t->row[low].name;
	return (struct str){ NULL, 0 };
}

struct str tls_name_get(const struct name_table *t, uint32_t number, struct arena *arena)
{
	struct str name = tls_name_find(t, number);
	char text[12];

	if (name.n)
		return name;
	if (number <= UINT16_MAX && tls_name_is_grease((uint16_t)number))
		return STR("GREASE");
	return arena_str(arena, (struct str){ text, (size_t)snprintf(text, sizeof(text), "0x%04x",
								     number) });
}

#define PROTOCOL_VERSION_MAX 6

/* Digits, dots and at most two letters. */
static bool is_version(struct str s)
{
	unsigned letters = 0;

	for (size_t i = 0; i < s.n; i++) {
		if ((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z'))
			letters++;
		else if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != '.')
			return false;
	}
	return s.n > 0 && s.n <= PROTOCOL_VERSION_MAX && letters <= 2;
}

struct str tls_name_protocol(struct str protocol, struct arena *arena)
{
	if (protocol.n == 2 && tls_name_is_grease(load_u16be((const uint8_t *)protocol.p)))
		return STR("GREASE");
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
		const struct protocol *p = &protocols[i];

		if (!p->family && str_eq(protocol, p->head))
			return p->head;
		if (p->family && str_starts(protocol, p->head) &&
		    is_version(str_skip(protocol, p->head.n)))
			return arena_str(arena, protocol);
	}
	return STR(MASK_TEXT);
}
