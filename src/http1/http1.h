/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http1: one tokenizer for the heads and the body framing of HTTP/1.0 and 1.1 (RFC 9110, RFC 9112),
 * shared by the dissector, which must show what it saw, and the server, which must refuse what is
 * ambiguous. So nothing is judged here: everything unusual is a mark, and the caller decides.
 * It allocates nothing and copies nothing; all strings borrow from the head.
 */
#ifndef REDOUBT_HTTP1_H
#define REDOUBT_HTTP1_H

#include "base/base.h"

/* Limits of one head; above them it is refused. */
#define HTTP1_HEAD_MAX   (64 * KIB)
#define HTTP1_FIELDS_MAX 256
/* Limit: a method; a longer token is not one. */
#define HTTP1_METHOD_MAX 32
/* Limit: bytes of empty lines before a head; behind more of them is none (RFC 9112 §2.2 asks for
 * one line). */
#define HTTP1_EMPTY_MAX 16
/* Limit: a chunk-size line with its extensions, and one trailer section. */
#define HTTP1_CHUNK_LINE_MAX (4 * KIB)
#define HTTP1_TRAILER_MAX    (16 * KIB)

/* M(name, "token in the record", what it means). Rows marked by RFC 9112 §2.2, §5, §6, §11. */
#define HTTP1_MARK_TABLE(M)                                                                        \
	M(CL_TE, "cl-te", "Content-Length and Transfer-Encoding together (RFC 9112 §6.1)")         \
	M(CL_DIFFERS, "cl-differs", "Several Content-Length values that differ (§6.3)")            \
	M(CL_REPEATED, "cl-repeated", "Several Content-Length values that agree (§6.3)")           \
	M(CL_INVALID, "cl-invalid", "Content-Length that is not a number (§6.3)")                  \
	M(TE_NOT_LAST, "te-not-last",                                                              \
	  "A request whose last transfer coding is not chunked (§6.3)")                            \
	M(TE_UNKNOWN, "te-unknown", "A transfer coding that is not registered")                    \
	M(TE_HTTP10, "te-http10", "Transfer-Encoding in an HTTP/1.0 message (§6.1)")               \
	M(TE_REPEATED, "te-repeated", "Several Transfer-Encoding lines, or chunked twice")         \
	M(BARE_LF, "bare-lf", "A line ended by LF alone (§2.2)")                                   \
	M(BARE_CR, "bare-cr", "CR within a line (§2.2)")                                           \
	M(OBS_FOLD, "obs-fold", "A header line continued on the next (§5.2)")                      \
	M(NAME_SPACE, "name-space", "White space between header name and colon (§5.1)")            \
	M(NAME_INVALID, "name-invalid",                                                            \
	  "A header name that is not a token, or a line without colon; the line is not kept")      \
	M(VALUE_CONTROL, "value-control", "A control character in a header value")                 \
	M(NUL, "nul", "A zero byte in the head")                                                   \
	M(HOST_MISSING, "host-missing", "An HTTP/1.1 request without Host (§3.2)")                 \
	M(HOST_REPEATED, "host-repeated", "Several Host lines (§3.2)")                             \
	M(LINE_SPACES, "line-spaces", "Extra white space in the first line (§3)")                  \
	M(TARGET_INVALID, "target-invalid",                                                        \
	  "An empty request target, or one with spaces or control characters")                     \
	M(VERSION_ODD, "version-odd", "A version other than HTTP/1.0 and HTTP/1.1")                \
	M(EMPTY_LINES, "empty-lines", "Empty lines before the first line (§2.2)")                  \
	M(GET_BODY, "get-body", "A GET, HEAD or DELETE request with a body")                       \
	M(CHUNK_INVALID, "chunk-invalid", "A chunk size that is not plain hexadecimal")            \
	M(CHUNK_EXTENSION, "chunk-extension", "A chunk with an extension (§7.1.1)")                \
	M(CHUNK_BARE_LF, "chunk-bare-lf", "A chunk line ended by LF alone")

#define HTTP1_MARK_ENUM(name, ...) HTTP1_MARK_##name,
enum http1_mark { HTTP1_MARK_TABLE(HTTP1_MARK_ENUM) HTTP1_MARK_COUNT };
static_assert(HTTP1_MARK_COUNT <= 32, "marks are bits of a u32");
#define HTTP1_BIT(name) (UINT32_C(1) << HTTP1_MARK_##name)

/* The token of a mark. */
struct str http1_mark_name(enum http1_mark mark);

struct http1_field {
	struct str name;  /* as sent */
	struct str value; /* trimmed; a folded value still holds its line break */
};

enum http1_framing {
	HTTP1_NO_BODY,
	HTTP1_LENGTH, /* content_length bytes */
	HTTP1_CHUNKED,
	HTTP1_UNTIL_CLOSE, /* responses only */
	HTTP1_TUNNEL,      /* CONNECT answered by 2xx, or 101: the bytes are another protocol's */
};

struct http1_head {
	bool response;
	struct str method; /* request */
	struct str target; /* request, as sent */
	unsigned status;   /* response, 100 to 999 */
	struct str reason; /* response */
	unsigned version;  /* 10 or 11; 9 stands for any other */
	uint32_t marks;    /* HTTP1_BIT()s */
	unsigned fields;
	/* Invariant: every name is a token, whatever the head held. Beyond `fields` undefined. */
	struct http1_field field[HTTP1_FIELDS_MAX];
	/* What framing and pairing need, read once while parsing. */
	bool has_length, chunked, has_transfer_encoding;
	uint64_t content_length;
	bool keep_alive;  /* by version and Connection */
	bool has_upgrade; /* Upgrade together with Connection: upgrade */
	bool expect_continue;
	struct str host, content_type, upgrade;
};

/* One or more tchar of RFC 9110 §5.6.2. */
bool http1_is_token(struct str s);
/* A method that is registered or widely used, in capitals as it is sent. */
bool http1_is_known_method(struct str s);

/* Does in begin like a message? Answers 1 yes, 0 not yet decidable, -1 no. Requests: a known or
 * plausible method token, a space, a target, and HTTP/1. on the first line; responses: "HTTP/1.x ".
 */
int http1_looks_like_request(struct str in);
int http1_looks_like_response(struct str in);

/* Finds the end of the head. *seen is where an earlier call stopped (0 at first), so that bytes
 * that come one by one are looked at once. Returns the head's length with its empty line, 0 when
 * more is needed, -E2BIG above HTTP1_HEAD_MAX. Empty lines before the head belong to it. */
[[nodiscard]] ptrdiff_t http1_head_end(struct str in, size_t *seen);

/* Parses a whole head (as http1_head_end() found it). Returns 0, -EBADMSG when its first line is
 * not one or stands behind more than HTTP1_EMPTY_MAX bytes of empty lines, or -E2BIG above
 * HTTP1_FIELDS_MAX. */
[[nodiscard]] int http1_head_parse(struct str head, bool response, struct http1_head *out);

/* How the body of this message is framed (RFC 9112 §6.3). For a response the method of its request
 * is needed; an empty one means that it was not seen. */
enum http1_framing http1_framing(const struct http1_head *head, struct str request_method);

/* The body, passed over without being touched: the caller is told how many bytes to skip. */
struct http1_body {
	enum http1_framing framing;
	uint64_t left;  /* bytes of the current piece still to come */
	uint64_t bytes; /* content bytes so far, without chunk framing */
	uint32_t marks; /* of chunk lines */
	uint32_t chunks;
	uint32_t trailers; /* trailer fields */
	uint32_t trailer_bytes;
	uint8_t state;
	size_t seen; /* of the current line */
};

enum http1_body_answer {
	HTTP1_BODY_MORE,    /* *used bytes are done with, more is needed behind them */
	HTTP1_BODY_CONTENT, /* the next `left` bytes are content: skip or read them, then say how
			     * many by http1_body_skip() */
	HTTP1_BODY_END,     /* the message is complete; what follows *used belongs to the next */
	HTTP1_BODY_BAD,     /* the framing is broken: only the end of the connection helps */
};

void http1_body_init(struct http1_body *b, enum http1_framing framing, uint64_t length);
enum http1_body_answer http1_body_next(struct http1_body *b, struct str in, size_t *used);
/* n <= left bytes of content went by. UNTIL_CLOSE and TUNNEL bodies have left == UINT64_MAX. */
void http1_body_skip(struct http1_body *b, uint64_t n);

#endif
