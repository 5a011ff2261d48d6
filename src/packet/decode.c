/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode: the walk through the headers of one frame, outermost first. The number of headers is
 * bounded here, once, for all of them. What the headers are stands in link.c, inet.c, tunnel.c and
 * transport.c.
 */
#include "packet/decode_int.h"

static enum packet_answer follow(struct walk *w, enum layer layer)
{
	for (unsigned left = PACKET_HEADERS_MAX; left > 0; left--) {
		switch (layer) {
#define LAYER_CASE(name, function)                                                                 \
	case LAYER_##name:                                                                         \
		layer = function(w);                                                               \
		break;
			LAYER_TABLE(LAYER_CASE)
		case LAYER_END:
			return w->answer;
		}
	}
	if (layer != LAYER_END)
		(void)decode_malformed(w);
	return w->answer;
}

enum packet_answer packet_decode(uint16_t link, struct str bytes, uint32_t wire_bytes,
				 struct packet *out)
{
	struct walk w = {
		.at = { (const uint8_t *)bytes.p, bytes.n,
			wire_bytes > bytes.n ? wire_bytes : bytes.n },
		.out = out,
		.answer = PACKET_OTHER,
	};

	out->vlans = 0;
	out->tunnels = 0;
	out->fragment = false;
	out->whole = false;
	return follow(&w, decode_link(&w, link));
}

enum packet_answer packet_decode_whole(const struct packet *first, struct str body,
				       struct packet *out)
{
	struct walk w = {
		.at = { (const uint8_t *)body.p, body.n, body.n },
		.out = out,
		.answer = PACKET_IP,
		.ip = true,
	};

	*out = *first;
	out->ip_bytes = first->ip_bytes - first->frag_bytes + (uint32_t)body.n;
	out->fragment = false;
	out->whole = true;
	return follow(&w, decode_body(&w));
}
