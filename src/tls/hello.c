// SPDX-License-Identifier: Apache-2.0
/*
 * Reading ClientHello and ServerHello of SSL 2.0 to TLS 1.3, drafts of 1.3 among them. Each takes
 * what can be read and says where it is not as it must be: a hello that is damaged still tells who
 * asked for whom.
 */
#include "tls/hello.h"

#include "tls/names.h"

static struct str rest_of(const struct cur *c)
{
	return (struct str){ (const char *)c->p, c->n };
}

static struct cur cur_str(struct str s)
{
	return cur_of(s.p, s.n);
}

/* n bytes, or as many as there are, and c is bad then. */
static struct str take(struct cur *c, size_t n)
{
	struct str s = str_head(rest_of(c), n);

	if (c->bad)
		return (struct str){ NULL, 0 };
	cur_skip(c, n);
	return s;
}

static struct str take_u8(struct cur *c)
{
	return take(c, cur_u8(c));
}

static struct str take_u16(struct cur *c)
{
	return take(c, cur_u16be(c));
}

bool tls_hello_next_extension(struct str *rest, uint16_t *type, struct str *data)
{
	struct cur c = cur_str(*rest);

	*type = cur_u16be(&c);
	*data = take_u16(&c);
	if (!cur_ok(&c))
		return false;
	*rest = rest_of(&c);
	return true;
}

bool tls_hello_next_protocol(struct str *rest, struct str *protocol)
{
	struct cur c = cur_str(*rest);

	*protocol = take_u8(&c);
	if (!cur_ok(&c))
		return false;
	*rest = rest_of(&c);
	return true;
}

/* ---- Extensions ------------------------------------------------------------------------------ */

/* A list that fills its extension. */
static struct str list_u16(struct tls_hello *h, struct str data)
{
	struct cur c = cur_str(data);
	struct str list = take_u16(&c);

	if (!cur_ok(&c) || c.n || list.n % 2)
		h->malformed = true;
	list.n &= ~(size_t)1;
	return list;
}

static struct str list_u8(struct tls_hello *h, struct str data)
{
	struct cur c = cur_str(data);
	struct str list = take_u8(&c);

	if (!cur_ok(&c) || c.n)
		h->malformed = true;
	return list;
}

static struct str list_protocols(struct tls_hello *h, struct str data)
{
	struct cur c = cur_str(data);
	struct str list = take_u16(&c), rest = list, protocol;

	while (rest.n && tls_hello_next_protocol(&rest, &protocol))
		;
	if (!cur_ok(&c) || c.n || rest.n)
		h->malformed = true;
	return list;
}

/* RFC 6066 §3: a list of which only names of type 0 were ever used. */
static void read_name(struct tls_hello *h, struct str data)
{
	struct cur c = cur_str(data), names;

	h->has_name = true;
	names = cur_str(take_u16(&c));
	while (names.n && cur_ok(&names)) {
		uint8_t type = cur_u8(&names);
		struct str name = take_u16(&names);

		if (type == 0 && h->name.n == 0 && cur_ok(&names))
			h->name = name;
	}
	if (!cur_ok(&c) || !cur_ok(&names))
		h->malformed = true;
}

static void read_client_versions(struct tls_hello *h, struct str data)
{
	h->versions = list_u8(h, data);
	h->versions.n &= ~(size_t)1;
	h->version = 0;
	for (size_t i = 0; i < tls_hello_count(h->versions); i++) {
		uint16_t version = tls_hello_at(h->versions, i);

		if (!tls_name_is_grease(version) && version > h->version)
			h->version = version;
	}
	if (h->version == 0)
		h->version = h->legacy_version;
}

static void read_client_extension(struct tls_hello *h, uint16_t type, struct str data)
{
	switch (type) {
	case EXTENSION_SERVER_NAME:
		read_name(h, data);
		break;
	case EXTENSION_GROUPS:
		h->groups = list_u16(h, data);
		break;
	case EXTENSION_POINTS:
		h->points = list_u8(h, data);
		break;
	case EXTENSION_SIGNATURES:
		h->signatures = list_u16(h, data);
		break;
	case EXTENSION_ALPN:
		h->protocols = list_protocols(h, data);
		break;
	case EXTENSION_VERSIONS:
		read_client_versions(h, data);
		break;
	case EXTENSION_ECH:
	case EXTENSION_ESNI:
		h->ech = true;
		break;
	}
}

static void read_server_extension(struct tls_hello *h, uint16_t type, struct str data)
{
	struct cur c = cur_str(data);

	switch (type) {
	case EXTENSION_ALPN:
		h->protocols = list_protocols(h, data);
		break;
	case EXTENSION_VERSIONS:
		h->version = cur_u16be(&c);
		break;
	case EXTENSION_KEY_SHARE:
		h->group = cur_u16be(&c);
		break;
	case EXTENSION_PSK:
		h->psk = true;
		break;
	}
	if (!cur_ok(&c))
		h->malformed = true;
}

static void read_extensions(struct tls_hello *h, struct cur *c,
			    void (*read)(struct tls_hello *, uint16_t, struct str))
{
	struct str rest, data;
	uint16_t type;

	if (c->n == 0) /* there were none before TLS 1.0 had them */
		return;
	h->extensions = take_u16(c);
	if (!cur_ok(c) || c->n)
		h->malformed = true;
	for (rest = h->extensions; rest.n && tls_hello_next_extension(&rest, &type, &data);)
		read(h, type, data);
	if (rest.n)
		h->malformed = true;
	h->extensions.n -= rest.n;
}

/* ---- Messages -------------------------------------------------------------------------------- */

#define RANDOM_BYTES     32
#define SESSION_ID_MAX   32
#define DRAFT_FIRST_HIGH 0x7f
#define DRAFT_22         0x7f16

void tls_hello_parse_client(struct str body, struct tls_hello *h)
{
	struct cur c = cur_str(body);

	*h = (struct tls_hello){ .legacy_version = cur_u16be(&c) };
	h->version = h->legacy_version;
	cur_skip(&c, RANDOM_BYTES);
	h->session_id = take_u8(&c);
	h->suites = take_u16(&c);
	(void)take_u8(&c); /* compression methods */
	if (!cur_ok(&c) || h->suites.n % 2 || h->session_id.n > SESSION_ID_MAX)
		h->malformed = true;
	h->suites.n &= ~(size_t)1;
	if (cur_ok(&c))
		read_extensions(h, &c, read_client_extension);
}

/* SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3). */
static bool is_retry(const uint8_t *random)
{
	static const uint8_t magic[RANDOM_BYTES] = {
		0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
		0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
		0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
	};

	return random && memcmp(random, magic, sizeof(magic)) == 0;
}

void tls_hello_parse_server(struct str body, struct tls_hello *h)
{
	struct cur c = cur_str(body);
	bool early_draft;

	*h = (struct tls_hello){ .legacy_version = cur_u16be(&c) };
	h->version = h->legacy_version;
	h->retry = is_retry(cur_take(&c, RANDOM_BYTES));
	/* Up to draft 21 the message was shorter. */
	early_draft = h->version >> 8 == DRAFT_FIRST_HIGH && h->version < DRAFT_22;
	if (!early_draft)
		h->session_id = take_u8(&c);
	h->suite = cur_u16be(&c);
	if (!early_draft)
		cur_skip(&c, 1);
	if (!cur_ok(&c) || h->session_id.n > SESSION_ID_MAX)
		h->malformed = true;
	if (cur_ok(&c))
		read_extensions(h, &c, read_server_extension);
}

void tls_hello_parse_client_v2(struct str body, struct tls_hello *h)
{
	struct cur c = cur_str(body);
	uint16_t suites, id, challenge;

	*h = (struct tls_hello){ .v2 = true, .legacy_version = cur_u16be(&c) };
	h->version = h->legacy_version;
	suites = cur_u16be(&c);
	id = cur_u16be(&c);
	challenge = cur_u16be(&c);
	h->suites = take(&c, suites);
	h->session_id = take(&c, id);
	cur_skip(&c, challenge);
	if (!cur_ok(&c) || c.n || h->suites.n % SUITE_V2_BYTES)
		h->malformed = true;
	h->suites.n -= h->suites.n % SUITE_V2_BYTES;
}
