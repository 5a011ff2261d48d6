// SPDX-License-Identifier: Apache-2.0
/*
 * Asking for pieces, and giving them. Only what the viewer may read goes over the channel: no key
 * and no file of another part, whatever the list would give.
 */
#include <poll.h>
#include <stdio.h>

#include "query/wire.h"

/* ---- Giving ---------------------------------------------------------------------------------- */

/* What the viewer may not read is left out. A log is one file, whose other parts stay sealed. */
static void restrict_parts(struct store_piece *p, unsigned parts)
{
	for (unsigned i = 0; i < ROW_PARTS; i++) {
		if (parts >> i & 1)
			continue;
		crypto_wipe(&p->key[i], sizeof(p->key[i]));
		if (!p->is_log)
			fd_close(TAKE_FD(p->fd[i]));
	}
}

static size_t give_fds(struct query_give *give, int fds[ROW_PARTS])
{
	size_t n = 0;

	for (unsigned i = 0; i < ROW_PARTS; i++) {
		if (give->p.fd[i] < 0)
			continue;
		fds[n++] = give->p.fd[i];
		give->has |= 1U << i;
	}
	return n;
}

static void give_fill(struct query_give *give, const struct query_pieces *pieces, uint64_t i,
		      unsigned parts)
{
	struct err err = { ERR_NONE, "" };

	*give = (struct query_give){ .piece = i, .next_first = UINT64_MAX };
	for (unsigned part = 0; part < ROW_PARTS; part++)
		give->p.fd[part] = -1;
	give->result = pieces->open(pieces->owner, i, &give->p, &err);
	if (give->result == 0)
		restrict_parts(&give->p, parts);
	else
		(void)snprintf(give->text, sizeof(give->text), "%.*s", (int)sizeof(give->text) - 1,
			       err.text);
	if (i + 1 < pieces->count)
		give->next_first = pieces->first(pieces->owner, i + 1);
}

/* Who has asked once waits for the answer. One that only asks would let us sleep in a socket that
 * is full. */
static bool takes(int channel_fd)
{
	struct pollfd p = { .fd = channel_fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

int query_answer(int channel_fd, const struct query_pieces *pieces, unsigned parts)
{
	struct query_give give;
	struct query_ask ask;
	int fds[ROW_PARTS];
	size_t n = 0;
	ssize_t got = channel_receive(channel_fd, &ask, sizeof(ask), NULL, &n);
	int r;

	if (got == 0)
		return 0;
	if (got != sizeof(ask) || ask.piece >= pieces->count)
		return -EBADMSG;
	give_fill(&give, pieces, ask.piece, parts);
	n = give.result == 0 ? give_fds(&give, fds) : 0;
	r = takes(channel_fd) ? channel_send(channel_fd, &give, sizeof(give), fds, n) : -EBADMSG;
	if (give.result == 0)
		store_piece_done(&give.p);
	crypto_wipe(&give, sizeof(give));
	return r < 0 ? r : 1;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

uint64_t query_remote_first(void *owner, size_t)
{
	return ((const struct query_remote *)owner)->first;
}

/* Puts the descriptors that came where they belong; false when they are not those announced. */
static bool take_fds(struct store_piece *p, unsigned has, const int *fds, size_t n)
{
	size_t taken = 0;

	for (unsigned i = 0; i < ROW_PARTS; i++)
		p->fd[i] = has >> i & 1 && taken < n ? fds[taken++] : -1;
	return taken == n && (size_t)__builtin_popcount(has) == n;
}

int query_remote_open(void *owner, size_t i, struct store_piece *out, struct err *err)
{
	struct query_remote *remote = owner;
	struct query_ask ask = { i };
	struct query_give give = { 0 };
	int fds[ROW_PARTS];
	size_t n = ROW_PARTS;
	int r;

	ring_flush(remote->flush);
	if (channel_send(remote->channel_fd, &ask, sizeof(ask), NULL, 0) < 0 ||
	    channel_receive(remote->channel_fd, &give, sizeof(give), fds, &n) != sizeof(give))
		return -EPIPE;
	r = take_fds(&give.p, give.has, fds, n) && give.piece == i ? give.result : -EPIPE;
	remote->first = give.next_first;
	if (r == 0)
		*out = give.p;
	else if (r != -EPIPE && r != -ENOENT)
		r = err_set(err, ERR_STORE_IO, "%.*s", (int)sizeof(give.text) - 1, give.text);
	crypto_wipe(&give, sizeof(give));
	return r;
}
