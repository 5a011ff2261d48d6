/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows a record as "TYPE value". The form of a type, in tables.c, is a letter a part; small ones
 * are shown, capital ones are passed by, but for two:
 *
 *   4 6    an address               b h w   a number of 1, 2, 4 bytes; B H W
 *   n N    a name                   s S     a character string
 *   t      the number of a type     P       parameters of SVCB (RFC 9460 2.2), to the end
 *   L      how many bytes follow    -       whatever follows is passed by
 *
 * Texts, keys and signatures are told by their length alone.
 */
#include "dissect/dns/message.h"

struct show {
	struct text *t;
	struct str in; /* the message up to the end of the rdata */
	size_t at;
	uint32_t wrong;
};

static struct str rest(const struct show *s)
{
	return str_skip(s->in, s->at);
}

static const uint8_t *take(struct show *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s->in.p + s->at;

	if (n > s->in.n - s->at) {
		s->wrong = ANOMALY_RDATA;
		return NULL;
	}
	s->at += n;
	return p;
}

static uint64_t number(struct show *s, size_t n)
{
	const uint8_t *p = take(s, n);
	uint64_t v = 0;

	for (size_t i = 0; p && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static void put_ip(struct text *t, const uint8_t *p, size_t n)
{
	struct ip_addr ip = { { [10] = 0xff, [11] = 0xff } };
	char out[IP_TEXT_BYTES];

	memcpy(ip.b + sizeof(ip.b) - n, p, n);
	text_put(t, out, ip_format(&ip, out));
}

static void show_bytes(struct text *t, size_t n)
{
	dns_text_put_u64(t, n);
	text_put_z(t, n == 1 ? " byte" : " bytes");
}

static void show_ip(struct show *s, size_t n)
{
	const uint8_t *p = take(s, n);

	if (p)
		put_ip(s->t, p, n);
}

static void show_name(struct show *s, struct text *t)
{
	uint32_t wrong = dns_name_read(s->in, &s->at, t);

	if (wrong)
		s->wrong = wrong == ANOMALY_NAME_CUT ? ANOMALY_RDATA : wrong;
}

static void show_string(struct show *s, struct text *t)
{
	size_t n = number(s, 1);
	const uint8_t *p = take(s, n);

	if (p && t)
		dns_text_put_escaped(t, p, n, ' ');
}

/* ---- SVCB and HTTPS -------------------------------------------------------------------------- */

static bool show_alpn(struct text *t, struct str value)
{
	struct cur c = cur_of(value.p, value.n);

	while (c.n) {
		size_t n = cur_u8(&c);
		const uint8_t *p = cur_take(&c, n);

		if (!p)
			return false;
		dns_text_put_escaped(t, p, n, ',');
		if (c.n)
			text_put_char(t, ',');
	}
	return true;
}

static bool show_hints(struct text *t, struct str value, size_t each)
{
	for (size_t at = 0; value.n - at >= each; at += each) {
		if (at)
			text_put_char(t, ',');
		put_ip(t, (const uint8_t *)value.p + at, each);
	}
	return value.n % each == 0;
}

static bool show_param_value(struct text *t, unsigned key, struct str value)
{
	switch (key) {
	case 1:
		return show_alpn(t, value);
	case 3:
		if (value.n == 2)
			dns_text_put_u64(t, load_u16be((const uint8_t *)value.p));
		return value.n == 2;
	case 4:
		return show_hints(t, value, 4);
	case 6:
		return show_hints(t, value, 16);
	default:
		show_bytes(t, value.n);
		return true;
	}
}

static void show_param(struct show *s)
{
	unsigned key = (unsigned)number(s, 2);
	size_t n = number(s, 2);
	const uint8_t *p = take(s, n);
	const char *name = dns_table_svcb_key(key);

	if (!p)
		return;
	text_put_char(s->t, ' ');
	text_put_z(s->t, name ? name : "key");
	if (!name)
		dns_text_put_u64(s->t, key);
	if (n == 0)
		return;
	text_put_char(s->t, '=');
	if (!show_param_value(s->t, key, (struct str){ (const char *)p, n }))
		s->wrong = ANOMALY_RDATA;
}

/* ---- Parts ----------------------------------------------------------------------------------- */

static void show_rest(struct show *s, char part)
{
	if (part == 'L')
		show_bytes(s->t, rest(s).n);
	while (part == 'P' && rest(s).n && !s->wrong)
		show_param(s);
	s->at = s->in.n;
}

static void show_part(struct show *s, char part)
{
	switch (part) {
	case '4':
		show_ip(s, 4);
		break;
	case '6':
		show_ip(s, 16);
		break;
	case 'n':
		show_name(s, s->t);
		break;
	case 'N':
		show_name(s, NULL);
		break;
	case 'b':
		dns_text_put_u64(s->t, number(s, 1));
		break;
	case 'h':
		dns_text_put_u64(s->t, number(s, 2));
		break;
	case 'w':
		dns_text_put_u64(s->t, number(s, 4));
		break;
	case 'B':
		(void)take(s, 1);
		break;
	case 'H':
		(void)take(s, 2);
		break;
	case 'W':
		(void)take(s, 4);
		break;
	case 's':
		show_string(s, s->t);
		break;
	case 'S':
		show_string(s, NULL);
		break;
	case 't':
		dns_show_type(s->t, (unsigned)number(s, 2), CLASS_IN);
		break;
	default:
		show_rest(s, part);
		break;
	}
}

static bool is_shown(char part)
{
	return (part >= 'a' && part <= 'z') || part == '4' || part == '6' || part == 'L';
}

static uint32_t show_parts(struct show *s, const char *form)
{
	for (; *form && !s->wrong; form++) {
		if (is_shown(*form))
			text_put_char(s->t, ' ');
		show_part(s, *form);
	}
	if (!s->wrong && s->at < s->in.n)
		s->wrong = ANOMALY_RDATA;
	return s->wrong;
}

void dns_show_type(struct text *t, unsigned type, unsigned class)
{
	const struct type_row *row = dns_table_type(type);
	const char *class_name = dns_table_class(class);

	if (class != CLASS_IN) {
		text_put_z(t, class_name ? class_name : "CLASS");
		if (!class_name)
			dns_text_put_u64(t, class);
		text_put_char(t, ' ');
	}
	text_put_z(t, row ? row->name : "TYPE");
	if (!row)
		dns_text_put_u64(t, type);
}

uint32_t dns_show_record(struct text *t, struct str in, size_t at)
{
	const uint8_t *p = (const uint8_t *)in.p + at;
	unsigned type = load_u16be(p), class = load_u16be(p + 2) & CLASS_MASK;
	size_t length = load_u16be(p + 8), before;
	const struct type_row *row = dns_table_type(type);
	struct show s = { .t = t, .in = str_head(in, at + 10 + length), .at = at + 10 };

	dns_show_type(t, type, class);
	before = t->n;
	/* In an update it is the name of a set of records (RFC 2136 2.4, 2.5). */
	if (length == 0)
		return 0;
	/* An address in CHAOS is no address of the Internet; NONE is of an update's records. */
	if (show_parts(&s, row && (class == CLASS_IN || class == CLASS_NONE) ? row->form : "L") &&
	    !t->full) {
		t->n = before;
		text_put_char(t, ' ');
		show_bytes(t, length);
	}
	return s.wrong;
}
