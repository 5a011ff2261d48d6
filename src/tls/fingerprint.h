/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fingerprints of hellos: who asks and who answers, by how they do it and not by what for.
 */
#ifndef REDOUBT_TLS_FINGERPRINT_H
#define REDOUBT_TLS_FINGERPRINT_H

#include "tls/hello.h"

#define JA3_BYTES 32
#define JA4_BYTES 36
/* Limit: cipher suites, and extensions, of a hello that has a JA4. */
#define JA4_LIST_MAX 512

/* Each answers 0, or negative where the hello has none: it is in the form of SSL 2.0, or damaged,
 * or beyond JA4_LIST_MAX. out is not ended by a NUL. */
[[nodiscard]] int tls_fingerprint_ja3(const struct tls_hello *client, char out[JA3_BYTES]);
[[nodiscard]] int tls_fingerprint_ja3s(const struct tls_hello *server, char out[JA3_BYTES]);
[[nodiscard]] int tls_fingerprint_ja4(const struct tls_hello *client, bool quic,
				      char out[JA4_BYTES]);

/* Lower case hexadecimal digits of n bytes. */
void tls_fingerprint_hex(const uint8_t *bytes, size_t n, char *out);

#endif
