// SPDX-License-Identifier: Apache-2.0
/*
 * Handshake messages, wherever records cut them. One that comes whole is read where it lies; else
 * it is gathered in the stream's heap, which grows as its bytes come and not as its head claims.
 */
#include "dissect/tls/session.h"

/* Limit: a handshake message that is read; a longer one is passed over. It is the largest piece of
 * a stream's heap. */
#define MESSAGE_MAX (64 * KIB - 16)
#define KEPT_FIRST  ((size_t)2 * KIB)
static const struct tls_carrier tcp = { TLS_OVER_TCP, { NULL, 0 } };

void session_forget(struct dissect_stream *s, struct half *h)
{
	heap_free(s->heap, h->kept);
	h->kept = NULL;
	h->kept_n = h->kept_room = 0;
	h->head_n = 0;
	h->keep = false;
	h->todo = 0;
}

static void server_hello(struct dissect_visit *v, struct str body)
{
	enum tls_agreed agreed = tls_server_hello(v->s, body, &tcp);
	struct half *client = &v->c->half[FROM_CLIENT];

	if (agreed == TLS_AGAIN)
		return;
	v->c->agreed = true;
	v->h->over = agreed == TLS_ALL_SEALED;
	/* Only where the capture has the directions in the wrong order. */
	client->over |= agreed == TLS_IN_CLEAR && client->changed;
}

static bool is_hello(enum dissect_side side, uint8_t type)
{
	return type == (side == FROM_CLIENT ? TLS_CLIENT_HELLO : TLS_SERVER_HELLO);
}

static void read_message(struct dissect_visit *v, struct str body)
{
	uint8_t type = v->h->head[0];
	bool server = v->side == FROM_SERVER;

	if (v->h->changed && !tls_is_hello(v->side, body))
		return;
	if (type == TLS_CLIENT_HELLO && !server)
		tls_client_hello(v->s, body, &tcp);
	else if (type == TLS_SERVER_HELLO && server)
		server_hello(v, body);
	else if (type == TLS_CERTIFICATE)
		tls_certificate(v->s, v->side, body);
	else if (type == TLS_SERVER_KEY_EXCHANGE && server)
		tls_key_exchange(v->s, body);
}

/* It ended, and was kept or not. */
static void message_over(struct dissect_visit *v, struct str body)
{
	struct half *h = v->h;
	bool keep = h->keep;

	v->s->messages++;
	if (h->head[0] == TLS_SERVER_HELLO_DONE && v->side == FROM_SERVER && !h->changed)
		tls_not_resumed(v->s);
	if (keep)
		read_message(v, body);
	session_forget(v->s, h);
}

/* The head is there. */
static void message_begin(struct dissect_visit *v)
{
	struct half *h = v->h;
	uint8_t type = h->head[0];

	h->todo = (uint32_t)h->head[1] << 16 | load_u16be(h->head + 2);
	/* Behind ChangeCipherSpec most of this is encrypted, and only looks like a message. */
	if (h->changed && (!is_hello(v->side, type) || h->todo > h->left)) {
		session_forget(v->s, h);
		h->content = CONTENT_PASSED;
		return;
	}
	h->keep = is_hello(v->side, type) || type == TLS_CERTIFICATE ||
		  (type == TLS_SERVER_KEY_EXCHANGE && v->side == FROM_SERVER);
	if (h->keep && h->todo > MESSAGE_MAX) {
		h->keep = false;
		tls_mark(v->s, TLS_ANOMALY_MESSAGE_TOO_LONG);
	}
	if (h->todo == 0)
		message_over(v, STR(""));
}

/* Adds n bytes to what is kept; what has no room is passed over. */
static void keep_bytes(struct dissect_visit *v, const char *p, size_t n)
{
	struct half *h = v->h;

	if (h->kept_n + n > h->kept_room) {
		size_t room = h->kept_room ? (size_t)2 * h->kept_room : KEPT_FIRST;
		uint8_t *larger;

		while (room < h->kept_n + n)
			room *= 2;
		room = size_min(room, MESSAGE_MAX);
		larger = heap_resize(v->s->heap, h->kept, room);
		if (!larger) {
			h->keep = false;
			tls_mark(v->s, TLS_ANOMALY_NO_MEMORY);
			return;
		}
		h->kept = larger;
		h->kept_room = (uint32_t)room;
	}
	memcpy(h->kept + h->kept_n, p, n);
	h->kept_n += (uint32_t)n;
}

void session_read(struct dissect_visit *v)
{
	struct half *h = v->h;
	size_t n = size_min(v->in.n, h->left);
	const char *p = v->in.p;

	if (h->head_n < TLS_MESSAGE_HEAD) {
		n = size_min(n, TLS_MESSAGE_HEAD - h->head_n);
		memcpy(h->head + h->head_n, p, n);
		h->head_n = (uint8_t)(h->head_n + n);
		h->left = (uint16_t)(h->left - n);
		dissect_use(v, n);
		if (h->head_n == TLS_MESSAGE_HEAD)
			message_begin(v);
		return;
	}
	n = size_min(n, h->todo);
	h->todo -= (uint32_t)n;
	h->left = (uint16_t)(h->left - n);
	dissect_use(v, n);
	if (h->todo == 0 && h->kept_n == 0) {
		message_over(v, (struct str){ p, n });
		return;
	}
	if (h->keep)
		keep_bytes(v, p, n);
	if (h->todo == 0)
		message_over(v, (struct str){ (const char *)h->kept, h->kept_n });
}
