// SPDX-License-Identifier: Apache-2.0
/*
 * Names of a certificate as text: subject and issuer as RFC 4514 writes them, last part first, and
 * the alternatives as they are. Text of any of the old string types becomes UTF-8.
 */
#include "tls/x509.h"

/* Limit: parts of a subject or issuer. */
#define PARTS_MAX 32

struct attribute {
	struct str oid, name;
};

#define ROW(oid, name)                                                                             \
	{                                                                                          \
		{ oid, sizeof(oid) - 1 },                                                          \
		{                                                                                  \
			name, sizeof(name) - 1                                                     \
		}                                                                                  \
	}
#define X520         "\x55\x04"
#define JURISDICTION "\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01"
#define PILOT        "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01"

static const struct attribute attributes[] = {
	ROW(X520 "\x03", "CN"),
	ROW(X520 "\x04", "SN"),
	ROW(X520 "\x05", "serialNumber"),
	ROW(X520 "\x06", "C"),
	ROW(X520 "\x07", "L"),
	ROW(X520 "\x08", "ST"),
	ROW(X520 "\x09", "STREET"),
	ROW(X520 "\x0a", "O"),
	ROW(X520 "\x0b", "OU"),
	ROW(X520 "\x0c", "title"),
	ROW(X520 "\x0d", "description"),
	ROW(X520 "\x0f", "businessCategory"),
	ROW(X520 "\x11", "postalCode"),
	ROW(X520 "\x2a", "GN"),
	ROW(X520 "\x2b", "initials"),
	ROW(X520 "\x2e", "dnQualifier"),
	ROW(X520 "\x61", "organizationIdentifier"),
	ROW(JURISDICTION "\x01", "jurisdictionL"),
	ROW(JURISDICTION "\x02", "jurisdictionST"),
	ROW(JURISDICTION "\x03", "jurisdictionC"),
	ROW(PILOT "\x01", "UID"),
	ROW(PILOT "\x19", "DC"),
	ROW("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", "emailAddress"),
};

static struct str attribute_name(struct str oid)
{
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
		if (str_eq(attributes[i].oid, oid))
			return attributes[i].name;
	return (struct str){ NULL, 0 };
}

/* ---- Text with an end ------------------------------------------------------------------------ */

struct text {
	char p[X509_NAME_TEXT_MAX];
	size_t n;
	bool cut;
};

static void text_put(struct text *t, struct str s)
{
	if (s.n > sizeof(t->p) - t->n) {
		t->cut = true;
		return;
	}
	if (s.n)
		memcpy(t->p + t->n, s.p, s.n);
	t->n += s.n;
}

/* A character: as UTF-8, or escaped where RFC 4514 §2.4 has a meaning for it. */
static void text_put_code(struct text *t, uint32_t code, bool first)
{
	char out[4];
	size_t n = 0;

	if (code < ' ' || code == 0x7f) {
		static const char digits[] = "0123456789abcdef";

		text_put(t,
			 (struct str){ (char[]){ '\\', digits[code >> 4], digits[code & 15] }, 3 });
		return;
	}
	if (code < 0x80 &&
	    (memchr(",+\"\\<>;", (int)code, 7) || (first && strchr("# ", (int)code))))
		text_put(t, STR("\\"));
	if (code < 0x80) {
		out[n++] = (char)code;
	} else if (code < 0x800) {
		out[n++] = (char)(0xc0 | code >> 6);
		out[n++] = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		out[n++] = (char)(0xe0 | code >> 12);
		out[n++] = (char)(0x80 | (code >> 6 & 0x3f));
		out[n++] = (char)(0x80 | (code & 0x3f));
	} else {
		out[n++] = (char)(0xf0 | code >> 18);
		out[n++] = (char)(0x80 | (code >> 12 & 0x3f));
		out[n++] = (char)(0x80 | (code >> 6 & 0x3f));
		out[n++] = (char)(0x80 | (code & 0x3f));
	}
	text_put(t, (struct str){ out, n });
}

/* UTF-8 goes through byte by byte: what is none of it is shown as such by who shows the row. */
static void text_put_bytes(struct text *t, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((uint8_t)s.p[i] < 0x80)
			text_put_code(t, (uint8_t)s.p[i], i == 0);
		else
			text_put(t, (struct str){ s.p + i, 1 });
	}
}

/* Characters of `width` bytes each, most significant first; what is none becomes U+FFFD. */
static void text_put_wide(struct text *t, struct str s, size_t width)
{
	struct cur c = cur_of(s.p, s.n);
	bool first = true;

	while (c.n >= width) {
		uint32_t code = 0;

		for (size_t i = 0; i < width; i++)
			code = code << 8 | cur_u8(&c);
		if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
			code = 0xfffd;
		text_put_code(t, code, first);
		first = false;
	}
}

static bool text_put_value(struct text *t, const struct der *value)
{
	switch (value->tag) {
	case DER_UTF8_STRING:
	case DER_PRINTABLE_STRING:
	case DER_IA5_STRING:
		text_put_bytes(t, value->body);
		return true;
	case DER_T61_STRING: /* as everybody does: taken for Latin 1 */
		text_put_wide(t, value->body, 1);
		return true;
	case DER_BMP_STRING:
		text_put_wide(t, value->body, 2);
		return true;
	case DER_UNIVERSAL_STRING:
		text_put_wide(t, value->body, 4);
		return true;
	default:
		return false;
	}
}

/* ---- Subject and issuer ---------------------------------------------------------------------- */

/* A part is a SET of attributes, nearly always of one; several are joined by '+'. Puts as much as
 * is understood. */
static void put_part(struct text *t, struct str part)
{
	char before = t->n ? ',' : '\0';
	struct str attribute, oid;
	struct der value;

	while (part.n) {
		struct str name;
		size_t start = t->n;

		if (der_take(&part, DER_SEQUENCE, &attribute) < 0 ||
		    der_take(&attribute, DER_OID, &oid) < 0 || der_next(&attribute, &value) < 1) {
			t->cut = true;
			return;
		}
		name = attribute_name(oid);
		if (before)
			text_put(t, (struct str){ &before, 1 });
		text_put(t, name);
		text_put(t, STR("="));
		if (name.n == 0 || !text_put_value(t, &value)) {
			t->cut = true;
			t->n = start;
			continue;
		}
		before = '+';
	}
}

struct str x509_name(struct str name, struct arena *arena, bool *cut)
{
	struct text t = { .n = 0 };
	struct str part[PARTS_MAX], out;
	size_t parts = 0;

	while (name.n && parts < PARTS_MAX && der_take(&name, DER_SET, &part[parts]) == 0)
		parts++;
	t.cut = name.n > 0;
	while (parts > 0)
		put_part(&t, part[--parts]);
	out = arena_str(arena, (struct str){ t.p, t.n });
	*cut = t.cut || out.n < t.n;
	return out;
}

/* ---- Alternatives ---------------------------------------------------------------------------- */

enum { ALTERNATIVE_DNS = 2, ALTERNATIVE_URI = 6, ALTERNATIVE_IP = 7 };

/* "https://user@host:port/path" is its host: what else it says may be about a person. */
static struct str uri_host(struct str uri)
{
	struct str authority = STR(""), head;

	for (size_t i = 0; i + 3 <= uri.n; i++) {
		if (memcmp(uri.p + i, "://", 3) == 0) {
			authority = str_skip(uri, i + 3);
			break;
		}
	}
	for (size_t i = 0; i < authority.n; i++)
		if (strchr("/?#", authority.p[i]))
			authority.n = i;
	while (str_find(authority, '@', 0) >= 0)
		(void)str_cut(&authority, '@', &head);
	if (authority.n && authority.p[0] == '[')
		return authority;
	(void)str_cut(&authority, ':', &head);
	return head;
}

static struct str ip_text(struct str bytes, char out[IP_TEXT_BYTES])
{
	struct ip_addr ip = { .b = { [10] = 0xff, [11] = 0xff } };

	if (bytes.n != 4 && bytes.n != sizeof(ip.b))
		return STR("");
	memcpy(ip.b + sizeof(ip.b) - bytes.n, bytes.p, bytes.n);
	return (struct str){ out, ip_format(&ip, out) };
}

size_t x509_alternatives(struct str list, struct arena *arena, struct str out[X509_NAMES_MAX],
			 bool *cut)
{
	size_t n = 0;
	struct der d;
	int r = 0;

	*cut = false;
	while (list.n && (r = der_next(&list, &d)) == 1) {
		char text[IP_TEXT_BYTES];
		struct str name = STR("");

		if (d.tag == DER_CONTEXT_RAW(ALTERNATIVE_DNS))
			name = d.body;
		else if (d.tag == DER_CONTEXT_RAW(ALTERNATIVE_URI))
			name = uri_host(d.body);
		else if (d.tag == DER_CONTEXT_RAW(ALTERNATIVE_IP))
			name = ip_text(d.body, text);
		if (name.n == 0)
			continue;
		if (n < X509_NAMES_MAX)
			out[n] = arena_str(arena, name);
		if (n == X509_NAMES_MAX || out[n].n == 0) {
			*cut = true;
			break;
		}
		n++;
	}
	*cut |= r < 0;
	return n;
}
