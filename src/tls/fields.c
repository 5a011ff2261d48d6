// SPDX-License-Identifier: Apache-2.0
/*
 * A row of kind tls from the two hellos. What a peer chose becomes a name of ours (names.h) or a
 * number; only the server name is text of his own.
 */
#include <stdio.h>

#include "tls/fingerprint.h"
#include "tls/handshake.h"
#include "tls/names.h"

/* Limit: entries of each list of a hello that are told. */
#define LIST_MAX 128
/* Limit: bytes of a server name (RFC 1035 §2.3.4). */
#define SERVER_NAME_MAX 255
/* Limit: alerts of one handshake that are told. */
#define ALERTS_MAX 8
/* Limit: protocols of an ALPN list that are told. */
#define PROTOCOLS_MAX 32

static struct str name_of(struct dissect_tx *tx, const struct name_table *t, uint32_t number)
{
	return tls_name_get(t, number, tx->arena);
}

static void put_name(struct dissect_tx *tx, struct field_str f, const struct name_table *t,
		     uint32_t number)
{
	struct str name = name_of(tx, t, number);

	if (name.n)
		row_put_str(tx->row, f, name);
}

/* ---- Lists ----------------------------------------------------------------------------------- */

static uint32_t number_at(struct str list, size_t i, size_t width)
{
	const uint8_t *p = (const uint8_t *)list.p + i * width;

	return width == 2 ? load_u16be(p) : (uint32_t)p[0] << 16 | load_u16be(p + 1);
}

/* Names of numbers of `width` bytes. Suites of SSL 2.0 that begin with a zero are those of later
 * versions. */
static void put_names(struct dissect_tx *tx, struct field_list_str f, const struct name_table *t,
		      struct str list, size_t width)
{
	size_t all = list.n / width, n = size_min(all, LIST_MAX);
	struct str *name = n ? arena_alloc(tx->arena, n * sizeof(*name)) : NULL;

	if (all == 0)
		return;
	for (size_t i = 0; i < n && name; i++) {
		uint32_t number = number_at(list, i, width);

		name[i] = name_of(tx, number > UINT16_MAX ? &tls_name_suites_v2 : t, number);
	}
	row_put_list_str(tx->row, f, name, name ? n : 0);
	if (n < all || !name)
		row_mark_cut(tx->row, f.ref);
}

static void put_protocols(struct dissect_tx *tx, struct str list)
{
	struct str kept[PROTOCOLS_MAX], *name, protocol;
	size_t n = 0;

	while (n < PROTOCOLS_MAX && tls_hello_next_protocol(&list, &protocol)) {
		kept[n] = tls_name_protocol(protocol, tx->arena);
		if (str_eq(kept[n], STR(MASK_TEXT)))
			hs_mark(tx, TLS_ANOMALY_PROTOCOL_MASKED);
		n++;
	}
	name = n ? arena_alloc(tx->arena, n * sizeof(*name)) : NULL;
	if (!name)
		return;
	memcpy(name, kept, n * sizeof(*name));
	row_put_list_str(tx->row, tls_client_alpn, name, n);
	if (list.n)
		row_mark_cut(tx->row, tls_client_alpn.ref);
	if (!row_has(tx->row, tls_alpn.ref.slot))
		row_put_str(tx->row, tls_alpn, name[0]);
}

static void put_extensions(struct dissect_tx *tx, struct str rest)
{
	uint64_t *type = rest.n ? arena_alloc(tx->arena, LIST_MAX * sizeof(*type)) : NULL;
	struct str data;
	uint16_t number;
	size_t n = 0;

	if (rest.n == 0)
		return;
	while (type && n < LIST_MAX && tls_hello_next_extension(&rest, &number, &data))
		type[n++] = number;
	row_put_list_u64(tx->row, tls_client_extensions, type, n);
	if (rest.n)
		row_mark_cut(tx->row, tls_client_extensions.ref);
}

/* ---- Hellos ---------------------------------------------------------------------------------- */

static void put_carrier(struct dissect_tx *tx, const struct tls_carrier *by)
{
	row_put_enum(tx->row, tls_transport, by->transport);
	if (by->quic_version.n)
		row_put_str(tx->row, tls_quic_version, by->quic_version);
}

static void put_text(struct dissect_tx *tx, struct field_str f, const char *text, size_t n)
{
	struct str kept = arena_str(tx->arena, (struct str){ text, n });

	if (kept.n)
		row_put_str(tx->row, f, kept);
}

static void put_fingerprints(struct dissect_tx *tx, const struct tls_hello *h, bool quic)
{
	char ja3[JA3_BYTES], ja4[JA4_BYTES];

	if (tls_fingerprint_ja3(h, ja3) == 0)
		put_text(tx, tls_ja3, ja3, sizeof(ja3));
	if (tls_fingerprint_ja4(h, quic, ja4) == 0)
		put_text(tx, tls_ja4, ja4, sizeof(ja4));
}

static void put_client_versions(struct dissect_tx *tx, const struct tls_hello *h)
{
	const uint8_t legacy[] = { (uint8_t)(h->legacy_version >> 8), (uint8_t)h->legacy_version };
	struct str list = h->versions;

	if (list.n == 0)
		list = (struct str){ (const char *)legacy, sizeof(legacy) };
	put_names(tx, tls_client_versions, &tls_name_versions, list, 2);
}

void hs_put_client(struct dissect_tx *tx, const struct tls_hello *h, const struct tls_carrier *by)
{
	put_carrier(tx, by);
	if (h->malformed)
		hs_mark(tx, TLS_ANOMALY_CLIENT_HELLO);
	if (h->name.n) {
		put_text(tx, tls_sni, h->name.p, size_min(h->name.n, SERVER_NAME_MAX));
		if (h->name.n > SERVER_NAME_MAX)
			row_mark_cut(tx->row, tls_sni.ref);
	}
	if (!hs_has(tx, HS_SERVER)) {
		put_name(tx, tls_version, &tls_name_versions, h->version);
		hs_choose(tx, h->version, 0);
	}
	put_client_versions(tx, h);
	put_names(tx, tls_client_ciphers, &tls_name_suites, h->suites, h->v2 ? SUITE_V2_BYTES : 2);
	put_names(tx, tls_client_groups, &tls_name_groups, h->groups, 2);
	put_protocols(tx, h->protocols);
	put_extensions(tx, h->extensions);
	put_fingerprints(tx, h, by->transport == TLS_OVER_QUIC);
	if (!h->v2)
		row_put_bool(tx->row, tls_ech, h->ech);
}

void hs_put_group(struct dissect_tx *tx, uint16_t group)
{
	put_name(tx, tls_group, &tls_name_groups, group);
	/* sect163 and sect193, and what has 160 or 192 bits. */
	if (group <= 5 || (group >= 15 && group <= 19))
		hs_weak(tx, WEAK_GROUP);
}

void hs_put_server(struct dissect_tx *tx, const struct tls_hello *h, const struct tls_carrier *by)
{
	struct str rest = h->protocols, protocol;
	char ja3s[JA3_BYTES];

	put_carrier(tx, by);
	if (h->malformed)
		hs_mark(tx, TLS_ANOMALY_SERVER_HELLO);
	put_name(tx, tls_version, &tls_name_versions, h->version);
	hs_choose(tx, h->version, h->suite);
	if (!h->v2)
		put_name(tx, tls_cipher, &tls_name_suites, h->suite);
	if (h->group)
		hs_put_group(tx, h->group);
	if (tls_hello_next_protocol(&rest, &protocol))
		row_put_str(tx->row, tls_alpn, tls_name_protocol(protocol, tx->arena));
	if (tls_fingerprint_ja3s(h, ja3s) == 0)
		put_text(tx, tls_ja3s, ja3s, sizeof(ja3s));
	if (h->version > 0x0303)
		row_put_bool(tx->row, tls_resumed, h->psk);
}

void hs_put_suite_v2(struct dissect_tx *tx, uint32_t suite)
{
	put_name(tx, tls_cipher, &tls_name_suites_v2, suite);
	hs_choose(tx, hs_version(tx), suite);
}

/* ---- Alerts ---------------------------------------------------------------------------------- */

void hs_put_alert(struct dissect_tx *tx, enum dissect_side side, uint8_t level, uint8_t description)
{
	struct str *list = (struct str *)(uintptr_t)tx->note[NOTE_ALERTS];
	uint64_t n = tx->note[NOTE_ALERTS_N];
	struct str name = tls_name_find(&tls_name_alerts, description);
	char text[64];
	int bytes;

	if (!list)
		list = arena_alloc(tx->arena, ALERTS_MAX * sizeof(*list));
	if (!list || n == ALERTS_MAX) {
		row_mark_cut(tx->row, tls_alerts.ref);
		return;
	}
	bytes = snprintf(text, sizeof(text), "%s %s ", side == FROM_CLIENT ? "client" : "server",
			 level == 2   ? "fatal"
			 : level == 1 ? "warning"
				      : "unknown");
	if (name.n)
		bytes +=
			snprintf(text + bytes, sizeof(text) - (size_t)bytes, "%.*s", STR_FMT(name));
	else
		bytes += snprintf(text + bytes, sizeof(text) - (size_t)bytes, "%u", description);
	list[n] = arena_str(tx->arena, (struct str){ text, (size_t)bytes });
	tx->note[NOTE_ALERTS] = (uint64_t)(uintptr_t)list;
	tx->note[NOTE_ALERTS_N] = n + 1;
	row_put_list_str(tx->row, tls_alerts, list, n + 1);
}

/* ---- The end --------------------------------------------------------------------------------- */

static void weak_version(struct dissect_tx *tx)
{
	static const struct {
		uint16_t version;
		enum tls_weak weak;
	} table[] = { { 0x0002, WEAK_SSL2 },
		      { 0x0300, WEAK_SSL3 },
		      { 0x0301, WEAK_TLS10 },
		      { 0x0302, WEAK_TLS11 } };

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (hs_version(tx) == table[i].version)
			hs_weak(tx, table[i].weak);
}

/* A suite's name says what it is made of. */
static void weak_suite(struct dissect_tx *tx)
{
	static const struct {
		struct str part;
		enum tls_weak weak;
	} table[] = {
		{ { "_NULL_", 6 }, WEAK_NULL_CIPHER }, { { "_anon_", 6 }, WEAK_ANONYMOUS },
		{ { "EXPORT", 6 }, WEAK_EXPORT },      { { "_RC4_", 5 }, WEAK_RC4 },
		{ { "_RC2_", 5 }, WEAK_RC2 },          { { "_DES_", 5 }, WEAK_DES },
		{ { "_DES40_", 7 }, WEAK_DES },        { { "_3DES_", 6 }, WEAK_DES3 },
		{ { "_EDE3_", 6 }, WEAK_DES3 },
	};
	struct str name;

	if (!row_has(tx->row, tls_cipher.ref.slot))
		return;
	name = tx->row->slot[tls_cipher.ref.slot].s;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (str_contains(name, table[i].part))
			hs_weak(tx, table[i].weak);
	if (str_ends(name, STR("_MD5")))
		hs_weak(tx, WEAK_MD5_MAC);
}

/* The names of the bits that are set. */
static void put_bits(struct dissect_tx *tx, struct field_list_str f, uint64_t bits,
		     const struct str *names)
{
	struct str *list;
	size_t n = 0;

	if (bits == 0)
		return;
	list = arena_alloc(tx->arena, (size_t)__builtin_popcountll(bits) * sizeof(*list));
	for (; list && bits; bits &= bits - 1)
		list[n++] = names[__builtin_ctzll(bits)];
	row_put_list_str(tx->row, f, list, n);
	if (!list)
		row_mark_cut(tx->row, f.ref);
}

#define NAME_(name, text) { text, sizeof(text) - 1 },
// clang-format off
static const struct str anomalies[] = { TLS_ANOMALY_TABLE(NAME_) };
static const struct str weaknesses[] = { TLS_WEAK_TABLE(NAME_) };
// clang-format on

void hs_put_end(struct dissect_tx *tx)
{
	weak_version(tx);
	weak_suite(tx);
	put_bits(tx, tls_weak, tx->note[NOTE_WEAK], weaknesses);
	put_bits(tx, tls_anomalies, tx->note[NOTE_ANOMALIES], anomalies);
	row_put_enum(tx->row, tls_state,
		     !hs_has(tx, HS_CLIENT)   ? TLS_NO_CLIENT_HELLO
		     : !hs_has(tx, HS_SERVER) ? TLS_NO_SERVER_HELLO
					      : TLS_COMPLETE);
}
