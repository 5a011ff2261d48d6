/* SPDX-License-Identifier: Apache-2.0 */
/*
 * permessage-deflate (RFC 7692): how long a compressed message is. It is inflated by zlib, with the
 * stream's heap for memory, into a buffer that nobody reads. Each direction has a context that goes
 * on from message to message, unless it was agreed that it does not; what is missing or broken ends
 * it, and with it the counting until a message begins anew.
 */
#include "dissect/ws/message.h"

#define ZLIB_CONST
#include <zlib.h>

struct ws_inflater {
	z_stream z;
};

/* ---- What was agreed ------------------------------------------------------------------------- */

static struct str unquoted(struct str s)
{
	s = str_trim(s);
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return str_head(str_skip(s, 1), s.n - 2);
	return s;
}

/* max_window_bits of 8 is spoken with 9, as zlib does; no value is the greatest. */
static uint8_t window_bits(struct str value)
{
	value = unquoted(value);
	if (value.n == 1 && value.p[0] >= '8' && value.p[0] <= '9')
		return 9;
	if (value.n == 2 && value.p[0] == '1' && value.p[1] >= '0' && value.p[1] <= '5')
		return (uint8_t)(10 + value.p[1] - '0');
	return MAX_WBITS;
}

static void agree_parameter(struct str value, struct ws_deflate d[2])
{
	struct str name;

	(void)str_cut(&value, '=', &name);
	name = str_trim(name);
	if (str_eq_nocase(name, STR("client_no_context_takeover")))
		d[FROM_CLIENT].no_takeover = true;
	else if (str_eq_nocase(name, STR("server_no_context_takeover")))
		d[FROM_SERVER].no_takeover = true;
	else if (str_eq_nocase(name, STR("client_max_window_bits")))
		d[FROM_CLIENT].window_bits = window_bits(value);
	else if (str_eq_nocase(name, STR("server_max_window_bits")))
		d[FROM_SERVER].window_bits = window_bits(value);
}

bool ws_deflate_agree(struct str extensions, struct ws_deflate d[2])
{
	bool any = false;

	while (extensions.n) {
		struct str extension, part;

		(void)str_cut(&extensions, ',', &extension);
		(void)str_cut(&extension, ';', &part);
		any |= str_trim(part).n > 0;
		if (!str_eq_nocase(str_trim(part), STR("permessage-deflate")) ||
		    d[FROM_CLIENT].agreed)
			continue;
		for (unsigned side = 0; side < 2; side++)
			d[side] = (struct ws_deflate){ .agreed = true, .window_bits = MAX_WBITS };
		while (extension.n) {
			(void)str_cut(&extension, ';', &part);
			agree_parameter(part, d);
		}
	}
	return any;
}

/* ---- Inflating ------------------------------------------------------------------------------- */

static voidpf heap_zalloc(voidpf heap, uInt items, uInt size)
{
	size_t bytes;

	return ckd_mul(&bytes, (size_t)items, (size_t)size) ? NULL : heap_alloc(heap, bytes);
}

static void heap_zfree(voidpf heap, voidpf p)
{
	heap_free(heap, p);
}

static void drop_inflater(struct ws_deflate *d, struct heap *heap)
{
	if (!d->inflater)
		return;
	(void)inflateEnd(&d->inflater->z);
	heap_free(heap, TAKE(d->inflater));
}

void ws_deflate_lose(struct ws_deflate *d, struct heap *heap)
{
	drop_inflater(d, heap);
	d->lost = true;
}

static enum ws_inflated make_inflater(struct ws_deflate *d, struct heap *heap)
{
	struct ws_inflater *inflater = heap_alloc(heap, sizeof(*inflater));

	if (!inflater)
		return INFLATE_NO_MEMORY;
	*inflater = (struct ws_inflater){
		.z = { .zalloc = heap_zalloc, .zfree = heap_zfree, .opaque = heap },
	};
	if (inflateInit2(&inflater->z, -d->window_bits) != Z_OK) {
		heap_free(heap, inflater);
		return INFLATE_NO_MEMORY;
	}
	d->inflater = inflater;
	return INFLATED;
}

enum ws_inflated ws_deflate_begin(struct ws_deflate *d, struct heap *heap)
{
	enum ws_inflated r = INFLATED;

	if (d->lost && !d->no_takeover)
		return INFLATE_NO_MEMORY;
	d->lost = false;
	if (d->out > WS_INFLATE_FREE && d->out / WS_INFLATE_RATIO > d->in)
		r = INFLATE_CAP;
	else if (!d->inflater)
		r = make_inflater(d, heap);
	else if (d->no_takeover && inflateReset(&d->inflater->z) != Z_OK)
		r = INFLATE_ERROR;
	if (r != INFLATED)
		ws_deflate_lose(d, heap);
	return r;
}

/* One step of inflate, at most to one byte above the cap, so that whether the cap was passed does
 * not depend on how the bytes came. A final block (§7.2.3.4) ends no context. */
static enum ws_inflated step(struct ws_deflate *d, uint64_t *content)
{
	static uint8_t nowhere[16 * KIB];
	z_stream *z = &d->inflater->z;
	size_t room = size_min(sizeof(nowhere), (size_t)(WS_INFLATE_MAX + 1 - *content));
	int r;

	z->next_out = nowhere;
	z->avail_out = (uInt)room;
	r = inflate(z, Z_SYNC_FLUSH);
	*content += room - z->avail_out;
	d->out += room - z->avail_out;
	if (*content > WS_INFLATE_MAX) {
		*content = WS_INFLATE_MAX;
		return INFLATE_CAP;
	}
	if (r == Z_STREAM_END)
		r = inflateResetKeep(z);
	if (r == Z_MEM_ERROR)
		return INFLATE_NO_MEMORY;
	return r == Z_OK || r == Z_BUF_ERROR ? INFLATED : INFLATE_ERROR;
}

enum ws_inflated ws_deflate_put(struct ws_deflate *d, struct heap *heap, struct str s,
				uint64_t *content)
{
	z_stream *z = &d->inflater->z;
	enum ws_inflated r;

	assert(s.n <= UINT32_MAX);
	z->opaque = heap;
	z->next_in = (const Bytef *)s.p;
	z->avail_in = (uInt)s.n;
	d->in += s.n;
	do
		r = step(d, content);
	while (r == INFLATED && (z->avail_in > 0 || z->avail_out == 0));
	if (r != INFLATED)
		ws_deflate_lose(d, heap);
	return r;
}

/* What a sender removes from the end of each message (§7.2.1). */
enum ws_inflated ws_deflate_end(struct ws_deflate *d, struct heap *heap, uint64_t *content)
{
	static const char tail[] = { 0, 0, (char)0xff, (char)0xff };

	return ws_deflate_put(d, heap, (struct str){ tail, sizeof(tail) }, content);
}
