/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walker over DER: small, strict, and without depth of its own, since who reads a structure says
 * what it expects at each step.
 */
#ifndef REDOUBT_TLS_DER_H
#define REDOUBT_TLS_DER_H

#include "base/base.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_UTF8_STRING = 0x0c,
	DER_PRINTABLE_STRING = 0x13,
	DER_T61_STRING = 0x14,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_UNIVERSAL_STRING = 0x1c,
	DER_BMP_STRING = 0x1e,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};
/* A tag of the context, constructed or not. */
#define DER_CONTEXT(n)     (0xa0 | (n))
#define DER_CONTEXT_RAW(n) (0x80 | (n))

struct der {
	uint8_t tag;
	struct str body;
	struct str whole; /* with tag and length */
};

/* The next element of *in, which goes behind it: 1, 0 at the end, or -EBADMSG where there is none:
 * it reaches beyond the end, has an indefinite length, or one not in its shortest form, or a tag of
 * more than a byte. *in stays as it was then. */
[[nodiscard]] int der_next(struct str *in, struct der *out);
/* The same of one that must be there and have this tag: 0 or -EBADMSG. */
[[nodiscard]] int der_take(struct str *in, uint8_t tag, struct str *body);
/* The same of one that may be missing: 1, 0 or -EBADMSG. */
[[nodiscard]] int der_take_optional(struct str *in, uint8_t tag, struct str *body);

/* A UTCTime or GeneralizedTime, in UTC as certificates must have it (RFC 5280 §4.1.2.5). -ERANGE
 * where it is beyond what nanoseconds since 1970 can say, as in the year 9999. */
[[nodiscard]] int der_time(const struct der *d, int64_t *out_ns);
/* Bits of a positive INTEGER. */
size_t der_bits(struct str integer);

#endif
