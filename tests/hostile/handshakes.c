/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS and QUIC: handshakes in the smallest pieces and of the largest lengths, chains of many
 * certificates, and Initial packets that cost their reader the most.
 */
#include "hostile.h"
#include "quic_samples.h"
#include "tls_samples.h"

static struct pour to;
static const char hello[] = CLIENT_HELLO_12, answer[] = SERVER_HELLO_12;
static const char certificate[] = CERTIFICATE_RSA;

static void record_head(unsigned type, size_t n)
{
	pour_u8(&to, type);
	pour_u16(&to, 0x0303);
	pour_u16(&to, (unsigned)n);
}

/* ---- Cases: TLS ---- */

void tls_records(uint64_t n)
{
	begin();
	for (uint64_t i = 0; i < n; i++) {
		struct conn c = conn_open_to(443, (uint32_t)i, 1);

		pour_begin(&to, &c, 0);
		for (size_t k = 0; k < sizeof(hello) - 1; k++) {
			record_head(0x16, 1);
			pour(&to, hello + k, 1);
		}
		pour_end(&to);
	}
}

/* A message of each type that is read, on a connection that has begun in order, and at its first
 * byte. */
void tls_length(uint64_t n)
{
	static const uint8_t types[] = { 1, 2, 4, 8, 11, 12, 13, 16, 22 };

	begin();
	for (uint32_t i = 0; i < 4 * sizeof(types); i++) {
		struct conn c = conn_open_to(443, i, i);
		unsigned side = i & 1;

		if (i & 2) {
			pour_begin(&to, &c, 0);
			record_head(0x16, sizeof(hello) - 1);
			pour(&to, hello, sizeof(hello) - 1);
			pour_end(&to);
			pour_begin(&to, &c, 1);
			record_head(0x16, sizeof(answer) - 1);
			pour(&to, answer, sizeof(answer) - 1);
			pour_end(&to);
		}
		pour_begin(&to, &c, side);
		record_head(0x16, 4);
		pour_u8(&to, types[i / 4]);
		pour_u24(&to, (uint32_t)(n < 0xffffff ? n : 0xffffff));
		for (uint64_t k = 0; k < n; k += 16384) {
			record_head(0x16, 16384);
			pour_fill(&to, 16384, '\3');
		}
		pour_end(&to);
	}
}

/* As one message; the chains of a server and of a client. */
void tls_chain(uint64_t n)
{
	static const size_t each = 3 + sizeof(certificate) - 1;
	static const uint8_t *bytes;
	size_t all = 3 + (size_t)n * each, at = 0;
	uint8_t *message = calloc(1, 4 + all);

	if (!message)
		exit(1);
	message[0] = 11;
	for (unsigned i = 0; i < 3; i++) {
		message[1 + i] = (uint8_t)(all >> (16 - 8 * i));
		message[4 + i] = (uint8_t)((all - 3) >> (16 - 8 * i));
	}
	for (uint64_t i = 0; i < n; i++) {
		uint8_t *p = message + 7 + i * each;

		p[1] = (uint8_t)((sizeof(certificate) - 1) >> 8);
		p[2] = (uint8_t)(sizeof(certificate) - 1);
		memcpy(p + 3, certificate, sizeof(certificate) - 1);
	}
	bytes = message;
	begin();
	for (unsigned i = 0; i < 2; i++) {
		struct conn c = conn_open_to(443, i, 1);

		pour_begin(&to, &c, 0);
		record_head(0x16, sizeof(hello) - 1);
		pour(&to, hello, sizeof(hello) - 1);
		pour_end(&to);
		pour_begin(&to, &c, 1);
		record_head(0x16, sizeof(answer) - 1);
		pour(&to, answer, sizeof(answer) - 1);
		if (i)
			pour_end(&to);
		if (i)
			pour_begin(&to, &c, 0);
		for (at = 0; at < 4 + all; at += 16384) {
			size_t part = 4 + all - at < 16384 ? 4 + all - at : 16384;

			record_head(0x16, part);
			pour(&to, bytes + at, part);
		}
		pour_end(&to);
	}
	free(message);
}

/* ---- Cases: QUIC ---- */

static const char initial[] = QUIC_CLIENT;

static void quic(uint32_t from, unsigned port, const char *p, size_t n)
{
	ethernet(0x0800);
	ipv4(UDP, from, 0xc0000201, 8 + n);
	put_u16(port);
	put_u16(443);
	put_u16((unsigned)(8 + n));
	put_u16(0);
	put(p, n);
	emit();
}

/* Each has keys of its own, with which it cannot be opened; on another flow each can be, and is
 * half of a hello of which the other half never comes. */
void quic_flow(uint64_t n)
{
	static const char half[] = QUIC_CLIENT_HALF_1;
	static char packet[sizeof(initial) - 1];

	begin();
	for (uint64_t i = 0; i < n; i++)
		quic(0x0a000001, 2001, half, sizeof(half) - 1);
	memcpy(packet, initial, sizeof(packet));
	for (uint64_t i = 0; i < n; i++) {
		memcpy(packet + 6, &i, sizeof(i)); /* the connection's id */
		quic(0x0a000001, 2000, packet, sizeof(packet));
	}
}

/* Every other one can be opened. */
void quic_flows(uint64_t n)
{
	static char packet[sizeof(initial) - 1];

	begin();
	for (uint64_t i = 0; i < n; i++) {
		memcpy(packet, initial, sizeof(packet));
		if (i % 2)
			memcpy(packet + 6, &i, sizeof(i));
		quic(0x0a000000 + (uint32_t)(i >> 14), 1024 + (unsigned)(i & 0x3fff), packet,
		     sizeof(packet));
	}
}
