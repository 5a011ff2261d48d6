// SPDX-License-Identifier: Apache-2.0
/*
 * The masks of single words: of a method, a protocol or a media type, which stay only as far as
 * they are known ones, and of a host, which stays as far as it is one. A peer may send anything at
 * these places, so that what is not foreseen here is hidden.
 */
#include "http1/http1.h"
#include "record/mask.h"

/* ---- Known words ----------------------------------------------------------------------------- */

#define WORD(s, value)                                                                             \
	{                                                                                          \
		{ s, sizeof(s) - 1 }, VALUE_##value                                                \
	}

/* What headers about the message consist of. MEDIA: a subtype stands behind its slash; NUMBER: a
 * version may. */
// clang-format off
static const struct mask_name words[] = {
	WORD("100-continue", WORDS), WORD("amqp", NUMBER), WORD("application", MEDIA),
	WORD("audio", MEDIA), WORD("br", WORDS), WORD("bytes", WORDS), WORD("bzip2", WORDS),
	WORD("cache", WORDS), WORD("charset", WORDS), WORD("chunked", WORDS),
	WORD("close", WORDS), WORD("compress", WORDS), WORD("connect-ip", WORDS),
	WORD("connect-udp", WORDS), WORD("deflate", WORDS), WORD("deny", WORDS),
	WORD("exi", WORDS), WORD("font", MEDIA), WORD("grpc", WORDS), WORD("gzip", WORDS),
	WORD("h2", WORDS), WORD("h2c", WORDS), WORD("h3", WORDS), WORD("haptics", MEDIA),
	WORD("http", NUMBER), WORD("http2-settings", WORDS), WORD("identity", WORDS),
	WORD("image", MEDIA), WORD("immutable", WORDS), WORD("ipp", NUMBER),
	WORD("irc", NUMBER), WORD("keep-alive", WORDS), WORD("lzma", WORDS),
	WORD("max-age", WORDS), WORD("message", MEDIA), WORD("model", MEDIA),
	WORD("multipart", MEDIA), WORD("must-revalidate", WORDS),
	WORD("must-understand", WORDS), WORD("no-cache", WORDS), WORD("no-store", WORDS),
	WORD("no-transform", WORDS), WORD("none", WORDS), WORD("nosniff", WORDS),
	WORD("only-if-cached", WORDS), WORD("private", WORDS), WORD("proxy-connection", WORDS),
	WORD("proxy-revalidate", WORDS), WORD("public", WORDS), WORD("s-maxage", WORDS),
	WORD("sameorigin", WORDS), WORD("sdch", WORDS), WORD("spdy", NUMBER),
	WORD("stale-if-error", WORDS), WORD("stale-while-revalidate", WORDS),
	WORD("tcp", WORDS), WORD("te", WORDS), WORD("text", MEDIA), WORD("tls", NUMBER),
	WORD("trailers", WORDS), WORD("transfer-encoding", WORDS), WORD("upgrade", WORDS),
	WORD("video", MEDIA), WORD("webdav", WORDS), WORD("websocket", WORDS),
	WORD("x-compress", WORDS), WORD("x-gzip", WORDS), WORD("xz", WORDS),
	WORD("zstd", WORDS),
};
// clang-format on
static const struct mask_names known = { words, ARRAY_LEN(words) };

const struct mask_name *mask_known_word(struct str word)
{
	return mask_names_find(word, &known);
}

/* Limits: a subtype, and a version behind a slash. */
#define SUBTYPE_MAX 80
#define VERSION_MAX 4

static bool is_subtype(struct str s)
{
	if (s.n == 0 || s.n > SUBTYPE_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!(char_class(s.p[i]) & (CHAR_LETTER | CHAR_DIGIT | CHAR_JOINT)) &&
		    s.p[i] != '+')
			return false;
	return !mask_looks(s).n;
}

static bool is_version(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (char_class(s.p[i]) != CHAR_DIGIT && s.p[i] != '.')
			return false;
	return s.n > 0 && s.n <= VERSION_MAX;
}

bool mask_is_known(struct str word)
{
	struct str rest = word, head;
	bool more = str_cut(&rest, '/', &head);
	const struct mask_name *name = mask_known_word(head);

	if (!name)
		return false;
	if (name->value == VALUE_MEDIA)
		return more && is_subtype(rest);
	return !more || (name->value == VALUE_NUMBER && is_version(rest));
}

static unsigned classes_of(struct str s)
{
	unsigned classes = 0;

	for (size_t i = 0; i < s.n; i++)
		classes |= char_class(s.p[i]);
	return classes;
}

static void put_lower(struct mask_out *o, struct str s)
{
	if (likely(!(classes_of(s) & CHAR_UPPER))) {
		mask_put(o, s);
		return;
	}
	for (size_t i = 0; i < s.n; i++)
		mask_put_char(o, char_class(s.p[i]) == CHAR_UPPER ? (char)(s.p[i] | 0x20) : s.p[i]);
}

void mask_word_to(struct str word, struct mask_out *o)
{
	if (word.n == 0 || mask_was_clean(word, VALUE_WORD) || http1_is_known_method(word)) {
		mask_put(o, word);
	} else if (!mask_is_known(word)) {
		mask_replace(o, STR(MASK_TEXT));
	} else {
		put_lower(o, word);
		if (!(classes_of(word) & CHAR_UPPER))
			mask_is_clean(word, VALUE_WORD);
	}
}

/* ---- Hosts ----------------------------------------------------------------------------------- */

/* Limits: a name of the DNS (RFC 1035 §2.3.4), and digits of a port. */
#define HOST_NAME_MAX 255
#define PORT_MAX      5
/* Limit: digits of a label that is a number, and no id. */
#define LABEL_DIGITS_MAX 2

/* ":" and up to five digits, or nothing. */
static bool is_port(struct str s)
{
	if (s.n == 0)
		return true;
	for (size_t i = 1; i < s.n; i++)
		if (char_class(s.p[i]) != CHAR_DIGIT)
			return false;
	return s.p[0] == ':' && s.n <= 1 + PORT_MAX;
}

/* Cuts the port, with its colon, from the end; false when the rest cannot be a host. */
static bool cut_port(struct str *s, struct str *port)
{
	char ends = s->n && s->p[0] == '[' ? ']' : ':';
	size_t n = 0;

	while (n < s->n && s->p[n] != ends)
		n++;
	n += ends == ']' && n < s->n;
	*port = str_skip(*s, n);
	*s = str_head(*s, n);
	return is_port(*port);
}

/* An address, or a name without a token that its issuer would know again. */
static bool is_host(struct str s, bool *address)
{
	unsigned classes = classes_of(s);
	struct ip_addr ip;

	*address = true;
	if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		return ip_parse(str_head(str_skip(s, 1), s.n - 2), &ip) == 0 &&
		       str_find(s, ':', 0) > 0;
	if (s.n && !(classes & ~(unsigned)(CHAR_DIGIT | CHAR_JOINT)))
		return ip_parse(s, &ip) == 0;
	*address = false;
	return s.n <= HOST_NAME_MAX &&
	       !(classes & ~(unsigned)(CHAR_LETTER | CHAR_DIGIT | CHAR_JOINT)) &&
	       !memchr(s.p, '~', s.n) && !mask_is_issued(s);
}

static void put_label(struct mask_out *o, struct str label)
{
	struct str looks = mask_looks(label);

	if (looks.n && !(label.n <= LABEL_DIGITS_MAX && classes_of(label) == CHAR_DIGIT))
		mask_replace(o, looks);
	else
		put_lower(o, label);
}

static void put_labels(struct mask_out *o, struct str name)
{
	struct str label;

	while (str_cut(&name, '.', &label)) {
		put_label(o, label);
		mask_put_char(o, '.');
	}
	put_label(o, label);
}

void mask_host_to(struct str host, struct mask_out *o)
{
	struct str whole = host, port;
	bool address, masked = o->masked;

	if (host.n == 0 || mask_was_clean(host, VALUE_HOST)) {
		mask_put(o, host);
		return;
	}
	if (!cut_port(&host, &port) || host.n == 0 || !is_host(host, &address)) {
		mask_replace(o, STR(MASK_TEXT));
		return;
	}
	if (address)
		put_lower(o, host);
	else
		put_labels(o, host);
	mask_put(o, port);
	if (o->masked == masked && !(classes_of(whole) & CHAR_UPPER))
		mask_is_clean(whole, VALUE_HOST);
}
