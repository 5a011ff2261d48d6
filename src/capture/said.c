/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a dissector writes to standard error, on its way to a person. It may be an attacker's words
 * by now: they come line by line, as printable ASCII, and soon end.
 */
#include <unistd.h>

#include "capture/capture_int.h"

/* Blank lines cost as others do. False when there is nothing left to spend. */
static bool line_end(struct said *s, said_tell *tell, void *owner)
{
	size_t cost = s->n > SAID_LINE_COST ? s->n : SAID_LINE_COST;
	bool paid = cost <= SAID_BYTES_MAX - s->spent;

	if (paid && s->n && tell)
		tell(owner, (struct str){ s->line, s->n });
	s->spent = paid ? s->spent + cost : SAID_BYTES_MAX;
	s->n = 0;
	if (s->spent == SAID_BYTES_MAX && tell)
		tell(owner, STR("(what it says further is not shown)"));
	return s->spent < SAID_BYTES_MAX;
}

static bool put_bytes(struct said *s, struct str bytes, said_tell *tell, void *owner)
{
	for (size_t i = 0; i < bytes.n; i++) {
		char c = bytes.p[i];

		if ((c == '\n' || s->n == SAID_LINE_MAX) && !line_end(s, tell, owner))
			return false;
		if (c != '\n')
			s->line[s->n++] = c >= ' ' && c < 0x7f ? c : '?';
	}
	return true;
}

bool said_take(struct said *s, int fd, said_tell *tell, void *owner)
{
	char piece[SAID_LINE_MAX];

	for (;;) {
		ssize_t n = read(fd, piece, sizeof(piece));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0) {
			if (s->n)
				(void)line_end(s, tell, owner);
			return false;
		}
		if (!put_bytes(s, (struct str){ piece, (size_t)n }, tell, owner))
			return false;
	}
}
