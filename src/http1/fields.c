/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header fields that framing and pairing rest on: lengths, codings, Connection, Host and a few
 * more. They are read while the head is parsed, so that no caller looks for a name again; what is
 * ambiguous in them is marked here.
 */
#include "http1/parser.h"

/* ---- Reading one ----------------------------------------------------------------------------- */

/* The next element of a comma list, trimmed; empty elements are passed over. */
static bool list_next(struct str *list, struct str *element)
{
	while (list->n) {
		(void)str_cut(list, ',', element);
		*element = trim_fold(*element);
		if (element->n)
			return true;
	}
	return false;
}

static void read_length(struct parser *ps, struct str value)
{
	struct http1_head *h = ps->h;
	struct str element;
	bool any = false;

	while (list_next(&value, &element)) {
		uint64_t n = 0;

		any = true;
		if (str_to_u64(element, &n) < 0 || n > INT64_MAX) {
			h->marks |= HTTP1_BIT(CL_INVALID);
		} else if (h->has_length) {
			h->marks |= n == h->content_length ? HTTP1_BIT(CL_REPEATED)
							   : HTTP1_BIT(CL_DIFFERS);
		} else {
			h->has_length = true;
			h->content_length = n;
		}
	}
	if (!any)
		h->marks |= HTTP1_BIT(CL_INVALID);
}

/* IANA's transfer codings. "identity" was withdrawn (RFC 7230 A.2) and changes no framing. */
static bool is_registered_coding(struct str name)
{
	static const struct str codings[] = {
		{ "chunked", 7 }, { "gzip", 4 },     { "deflate", 7 },
		{ "x-gzip", 6 },  { "compress", 8 }, { "x-compress", 10 },
	};

	for (size_t i = 0; i < ARRAY_LEN(codings); i++)
		if (str_eq_nocase(name, codings[i]))
			return true;
	return false;
}

static void read_transfer_encoding(struct parser *ps, struct str value)
{
	struct http1_head *h = ps->h;
	struct str coding;
	bool any = false;

	if (h->has_transfer_encoding)
		h->marks |= HTTP1_BIT(TE_REPEATED);
	while (list_next(&value, &coding)) {
		bool chunked = str_eq_nocase(coding, STR("chunked"));
		struct str name;

		any = true;
		(void)str_cut(&coding, ';', &name);
		if (!is_registered_coding(trim_fold(name)))
			h->marks |= HTTP1_BIT(TE_UNKNOWN);
		if (str_eq_nocase(trim_fold(name), STR("identity")))
			continue;
		if (chunked && h->chunked)
			h->marks |= HTTP1_BIT(TE_REPEATED);
		h->has_transfer_encoding = true;
		h->chunked = chunked;
	}
	if (!any)
		h->marks |= HTTP1_BIT(TE_UNKNOWN);
}

static void read_connection(struct parser *ps, struct str value)
{
	struct str option;

	while (list_next(&value, &option)) {
		ps->close |= str_eq_nocase(option, STR("close"));
		ps->keep_alive |= str_eq_nocase(option, STR("keep-alive"));
		ps->upgrade |= str_eq_nocase(option, STR("upgrade"));
	}
}

static void read_host(struct parser *ps, struct str value)
{
	if (ps->h->host.p)
		ps->h->marks |= HTTP1_BIT(HOST_REPEATED);
	else
		ps->h->host = value;
}

static void read_content_type(struct parser *ps, struct str value)
{
	if (!ps->h->content_type.p)
		ps->h->content_type = value;
}

static void read_upgrade(struct parser *ps, struct str value)
{
	if (!ps->h->upgrade.p)
		ps->h->upgrade = value;
}

static void read_expect(struct parser *ps, struct str value)
{
	ps->h->expect_continue |= str_eq_nocase(value, STR("100-continue"));
}

struct known_field {
	const char *name; /* lower case */
	void (*read)(struct parser *ps, struct str value);
};

/* By length: no two of these names are equally long, which -Woverride-init holds. */
#define KNOWN(name, read) [sizeof(name) - 1] = { name, read }
static const struct known_field known_fields[] = {
	KNOWN("host", read_host),
	KNOWN("expect", read_expect),
	KNOWN("upgrade", read_upgrade),
	KNOWN("connection", read_connection),
	KNOWN("content-type", read_content_type),
	KNOWN("content-length", read_length),
	KNOWN("transfer-encoding", read_transfer_encoding),
};

void http1_field_known(struct parser *ps, const struct http1_field *f)
{
	const struct known_field *known;

	if (f->name.n >= ARRAY_LEN(known_fields))
		return;
	known = &known_fields[f->name.n];
	if (!known->name)
		return;
	/* In a token, setting the bit 0x20 makes capitals small and leaves '-' alone. */
	for (size_t i = 0; i < f->name.n; i++)
		if ((f->name.p[i] | 0x20) != known->name[i])
			return;
	known->read(ps, f->value);
}

/* ---- The whole head -------------------------------------------------------------------------- */

static bool is_bodiless_method(struct str method)
{
	return str_eq(method, STR("GET")) || str_eq(method, STR("HEAD")) ||
	       str_eq(method, STR("DELETE"));
}

void http1_head_conclude(const struct parser *ps)
{
	struct http1_head *h = ps->h;

	if (h->has_transfer_encoding) {
		if (h->has_length)
			h->marks |= HTTP1_BIT(CL_TE);
		if (h->version == 10)
			h->marks |= HTTP1_BIT(TE_HTTP10);
		if (!h->response && !h->chunked)
			h->marks |= HTTP1_BIT(TE_NOT_LAST);
	}
	if (!h->response) {
		if (!h->host.p && h->version == 11)
			h->marks |= HTTP1_BIT(HOST_MISSING);
		if ((h->chunked || h->content_length > 0) && is_bodiless_method(h->method))
			h->marks |= HTTP1_BIT(GET_BODY);
	}
	h->keep_alive = !ps->close && (h->version == 11 || ps->keep_alive);
	h->has_upgrade = ps->upgrade && h->upgrade.p;
}
