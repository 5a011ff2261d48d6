/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who understands this? Asked of the content, first of those that know the port, then of all, in
 * the order of src/dissect/meson.build. A dissector takes part in what it has the functions for.
 */
#include "flow/flow_int.h"

#include "dissectors.h"

#define DISSECTOR_EXTERN(name) extern const struct dissector name##_dissector;
DISSECTOR_LIST(DISSECTOR_EXTERN)
#define DISSECTOR_ADDRESS(name) &name##_dissector,
static const struct dissector *const dissectors[] = { DISSECTOR_LIST(DISSECTOR_ADDRESS) };

void recognise_init(struct flow_engine *e)
{
	e->dissectors = dissectors;
	e->dissectors_n = ARRAY_LEN(dissectors);
}

static bool knows_port(const struct dissector *d, const struct flow *f)
{
	for (size_t i = 0; i < ARRAY_LEN(d->ports) && d->ports[i]; i++)
		if (d->ports[i] == f->key.port[0] || d->ports[i] == f->key.port[1])
			return true;
	return false;
}

const struct dissector *recognise_stream(const struct flow_engine *e, const struct flow *f,
					 struct str in, enum dissect_probe *answer)
{
	*answer = PROBE_NO;
	for (unsigned by_port = 2; by_port-- > 0;) {
		for (size_t i = 0; i < e->dissectors_n; i++) {
			const struct dissector *d = e->dissectors[i];
			enum dissect_probe a;

			if (!d->probe || !d->feed || knows_port(d, f) != by_port)
				continue;
			a = d->probe(in);
			if (a == PROBE_NO)
				continue;
			*answer = a;
			if (a != PROBE_MORE)
				return d;
		}
	}
	return NULL;
}

bool recognise_port(const struct flow_engine *e, const struct flow *f)
{
	for (size_t i = 0; i < e->dissectors_n; i++)
		if (e->dissectors[i]->datagram && knows_port(e->dissectors[i], f))
			return true;
	return false;
}

const struct dissector *recognise_datagram(const struct flow_engine *e, const struct flow *f,
					   unsigned end, struct str in, enum dissect_probe *answer)
{
	unsigned least = f->probes[end] >= PROBES_DATAGRAM;

	for (unsigned by_port = 2; by_port-- > least;) {
		for (size_t i = 0; i < e->dissectors_n; i++) {
			const struct dissector *d = e->dissectors[i];

			if (!d->probe_datagram || !d->datagram || knows_port(d, f) != by_port)
				continue;
			*answer = d->probe_datagram(in, f->key.port[end], f->key.port[!end]);
			assert(*answer != PROBE_MORE);
			if (*answer != PROBE_NO)
				return d;
		}
	}
	return NULL;
}

const struct dissector *recognise_token(const struct flow_engine *e, struct str token)
{
	for (size_t i = 0; i < e->dissectors_n; i++) {
		const struct dissector *d = e->dissectors[i];

		if (d->token && d->feed && str_eq_nocase(token, str_of(d->token)))
			return d;
	}
	return NULL;
}
