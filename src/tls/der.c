// SPDX-License-Identifier: Apache-2.0
/*
 * DER (X.690): tag, length, content. Lengths are definite and in their shortest form; more than 24
 * bits they cannot have here, since no handshake message has.
 */
#include "tls/der.h"

#include <stdio.h>

#define TAG_LONG    0x1f
#define LENGTH_LONG 0x80

static int read_length(struct cur *c, size_t *out)
{
	uint8_t first = cur_u8(c);
	size_t n = 0;

	if (first < LENGTH_LONG) {
		*out = first;
		return 0;
	}
	if (first != (LENGTH_LONG | 1) && first != (LENGTH_LONG | 2) && first != (LENGTH_LONG | 3))
		return -EBADMSG;
	for (unsigned i = first & 0x7f; i > 0; i--)
		n = n << 8 | cur_u8(c);
	/* One byte less would have done. */
	if (n < LENGTH_LONG || n >> 8 * ((first & 0x7f) - 1) == 0)
		return -EBADMSG;
	*out = n;
	return 0;
}

int der_next(struct str *in, struct der *out)
{
	struct cur c = cur_of(in->p, in->n);
	size_t n;
	uint8_t tag;

	if (in->n == 0)
		return 0;
	tag = cur_u8(&c);
	if ((tag & TAG_LONG) == TAG_LONG || read_length(&c, &n) < 0 || !cur_ok(&c) || n > c.n)
		return -EBADMSG;
	out->tag = tag;
	out->body = (struct str){ (const char *)c.p, n };
	out->whole = str_head(*in, in->n - c.n + n);
	*in = str_skip(*in, out->whole.n);
	return 1;
}

int der_take(struct str *in, uint8_t tag, struct str *body)
{
	struct str at = *in;
	struct der d;

	if (der_next(&at, &d) < 1 || d.tag != tag)
		return -EBADMSG;
	*in = at;
	*body = d.body;
	return 0;
}

int der_take_optional(struct str *in, uint8_t tag, struct str *body)
{
	if (in->n == 0 || (uint8_t)in->p[0] != tag)
		return 0;
	return der_take(in, tag, body) < 0 ? -EBADMSG : 1;
}

/* Made into RFC 3339, which time_parse() knows all about. */
int der_time(const struct der *d, int64_t *out_ns)
{
	struct str t = d->body;
	char text[24];
	const char *century = "";
	int n;

	if (t.n == 0 || t.p[t.n - 1] != 'Z')
		return -EBADMSG;
	for (size_t i = 0; i + 1 < t.n; i++)
		if (t.p[i] < '0' || t.p[i] > '9')
			return -EBADMSG;
	if (d->tag == DER_UTC_TIME && t.n == 13)
		century = t.p[0] >= '5' ? "19" : "20";
	else if (d->tag != DER_GENERALIZED_TIME || t.n != 15)
		return -EBADMSG;
	n = snprintf(text, sizeof(text), "%s%.*s-%.2s-%.2sT%.2s:%.2s:%.2sZ", century, (int)t.n - 11,
		     t.p, t.p + t.n - 11, t.p + t.n - 9, t.p + t.n - 7, t.p + t.n - 5,
		     t.p + t.n - 3);
	return time_parse((struct str){ text, (size_t)n }, out_ns);
}

size_t der_bits(struct str integer)
{
	while (integer.n && integer.p[0] == 0)
		integer = str_skip(integer, 1);
	if (integer.n == 0)
		return 0;
	return 8 * integer.n - (size_t)__builtin_clz((uint8_t)integer.p[0]) + 24;
}
