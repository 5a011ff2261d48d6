/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flow table: a hash of keys, chained, over a pool of flows fixed at the start, and five lists
 * in the order of the last frame. Eviction and idle ends both take the oldest of a list, so neither
 * ever searches. The hash is keyed by a seed, so that a peer cannot aim at one chain.
 */
#include "flow/flow_int.h"

#include <sys/mman.h>

/* Each word of a key meets a secret of its own: products of words that a peer chooses could be
 * made equal otherwise, whatever the seed. */
static void hash_keys(struct flow_engine *e)
{
	uint64_t k = e->conf.seed;

	for (size_t i = 0; i < ARRAY_LEN(e->hash_key); i++) {
		k = hash_mix(k, e->conf.seed + i);
		e->hash_key[i] = k;
	}
}

int table_init(struct flow_engine *e)
{
	size_t buckets = 1024;
	void *p;

	hash_keys(e);

	while (buckets < e->conf.flows)
		buckets *= 2;
	p = mmap(NULL, buckets * sizeof(struct flow *), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	e->bucket = p;
	e->bucket_mask = buckets - 1;
	return 0;
}

void table_reset(struct flow_engine *e)
{
	memset(e->bucket, 0, (e->bucket_mask + 1) * sizeof(struct flow *));
	memset(e->oldest, 0, sizeof(e->oldest));
	memset(e->newest, 0, sizeof(e->newest));
	pool_reset(&e->flows);
}

/* Which end comes first in the key: the lower address, then the lower port. */
static bool ends_swapped(const struct ip_addr *a, uint16_t a_port, const struct ip_addr *b,
			 uint16_t b_port)
{
	int order = memcmp(a, b, sizeof(*a));

	return order > 0 || (order == 0 && a_port > b_port);
}

static void key_fill(struct flow_key *key, unsigned *end, const struct ip_addr *src,
		     uint16_t src_port, const struct ip_addr *dst, uint16_t dst_port,
		     uint32_t proto)
{
	unsigned s = ends_swapped(src, src_port, dst, dst_port);
	uint16_t low = s ? dst_port : src_port, high = s ? src_port : dst_port;
	uint64_t tail = low | (uint64_t)high << 16 | (uint64_t)proto << 32;

	key->ip[s] = *src;
	key->ip[!s] = *dst;
	/* Ports and protocol in one store: they are read as one word at once. */
	memcpy((uint8_t *)key + offsetof(struct flow_key, port), &tail, sizeof(tail));
	key->about = 0;
	*end = s;
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ &&
		      offsetof(struct flow_key, proto) == offsetof(struct flow_key, port) + 4,
	      "the word in the key is port, port, proto");

void quoted_key(const struct packet *p, struct flow_key *key, unsigned *end)
{
	key_fill(key, end, &p->quote_src, p->quote_src_port, &p->quote_dst, p->quote_dst_port,
		 p->quote_proto);
}

void table_outer_key(const struct packet_outer *p, struct flow_key *key, unsigned *end)
{
	key_fill(key, end, &p->src, p->src_port, &p->dst, p->dst_port, p->proto);
}

/* Those with an id: echo, and extended echo (RFC 8335). */
static bool icmp_is_echo(const struct packet *p)
{
	uint8_t type = p->icmp_type;

	if (p->proto == IP_PROTO_ICMP)
		return type == 0 || type == 8 || type == 42 || type == 43;
	return type == 128 || type == 129 || type == 160 || type == 161;
}

void table_key(const struct packet *p, struct flow_key *key, unsigned *end)
{
	struct flow_key quoted;
	unsigned quoted_end;
	uint16_t message;

	if (likely(p->proto != IP_PROTO_ICMP && p->proto != IP_PROTO_ICMPV6)) {
		key_fill(key, end, &p->src, p->src_port, &p->dst, p->dst_port, p->proto);
		return;
	}
	message = p->icmp_id;
	if (!icmp_is_echo(p))
		message = (uint16_t)(p->icmp_type << 8 | p->icmp_code);
	key_fill(key, end, &p->src, message, &p->dst, message, p->proto);
	if (p->icmp_quotes) {
		quoted_key(p, &quoted, &quoted_end);
		key->about = flow_id(&quoted);
	}
}

/* The same on every node and in every version. An ICMP error has that of the flow it is about. */
uint64_t flow_id(const struct flow_key *key)
{
	return key->about ? key->about : hash_bytes(key, offsetof(struct flow_key, about), 0);
}

uint64_t table_hash(const struct flow_engine *e, const struct flow_key *key)
{
	const uint64_t *k = e->hash_key;
	uint64_t w[6];

	memcpy(w, key, sizeof(w));
	return hash_mix(hash_mix(w[0] ^ k[0], w[1] ^ k[1]) ^ w[4],
			hash_mix(w[2] ^ k[2], w[3] ^ k[3]) ^ w[5]);
}

static inline bool key_eq(const struct flow_key *a, const struct flow_key *b)
{
	uint64_t x[6], y[6], differ = 0;

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	for (unsigned i = 0; i < ARRAY_LEN(x); i++)
		differ |= x[i] ^ y[i];
	return differ == 0;
}

struct flow *table_find(const struct flow_engine *e, const struct flow_key *key, uint64_t hash)
{
	struct flow *f = e->bucket[hash & e->bucket_mask];

	while (f && (f->hash != hash || !key_eq(&f->key, key)))
		f = f->hash_next;
	return f;
}

static void list_take(struct flow_engine *e, struct flow *f)
{
	if (f->older)
		f->older->newer = f->newer;
	else
		e->oldest[f->list] = f->newer;
	if (f->newer)
		f->newer->older = f->older;
	else
		e->newest[f->list] = f->older;
}

static void list_append(struct flow_engine *e, struct flow *f, enum flow_list list)
{
	f->list = (uint8_t)list;
	f->older = e->newest[list];
	f->newer = NULL;
	if (f->older)
		f->older->newer = f;
	else
		e->oldest[list] = f;
	e->newest[list] = f;
}

void table_touch(struct flow_engine *e, struct flow *f, enum flow_list list)
{
	if (f->list == list && !f->newer)
		return;
	list_take(e, f);
	list_append(e, f, list);
}

static void evict_one(struct flow_engine *e)
{
	for (unsigned list = 0; list < LIST_COUNT; list++) {
		if (e->oldest[list]) {
			e->counters->v[COUNTER_FLOWS_EVICTED]++;
			flow_finish(e, e->oldest[list], END_EVICTED);
			return;
		}
	}
	assert(false && "a full table has a flow to evict");
}

struct flow *table_add(struct flow_engine *e, const struct flow_key *key, uint64_t hash)
{
	struct flow **head = &e->bucket[hash & e->bucket_mask];
	struct flow *f = pool_get(&e->flows);

	if (!f) {
		evict_one(e);
		f = pool_get(&e->flows);
		assert(f);
	}
	memset(f, 0, sizeof(*f));
	f->key = *key;
	f->hash = hash;
	f->hash_next = *head;
	*head = f;
	list_append(e, f, LIST_UNANSWERED);
	e->counters->v[COUNTER_FLOWS]++;
	return f;
}

void table_remove(struct flow_engine *e, struct flow *f)
{
	struct flow **at = &e->bucket[f->hash & e->bucket_mask];

	while (*at != f)
		at = &(*at)->hash_next;
	*at = f->hash_next;
	list_take(e, f);
	pool_put(&e->flows, f);
}

static void end_idle(struct flow_engine *e, struct flow *f)
{
	if (f->list == LIST_WAITING) {
		datagram_unanswered(e, f);
		return;
	}
	if (f->list == LIST_CLOSED) {
		flow_finish(e, f, END_CLOSED);
		return;
	}
	e->counters->v[COUNTER_FLOWS_IDLE]++;
	flow_finish(e, f, END_IDLE);
}

void table_expire(struct flow_engine *e)
{
	const int64_t idle[LIST_COUNT] = {
		[LIST_CLOSED] = e->conf.idle_closed_ns, [LIST_UNANSWERED] = e->conf.idle_closed_ns,
		[LIST_WAITING] = DISSECT_ANSWER_NS,     [LIST_OTHER] = e->conf.idle_other_ns,
		[LIST_TCP] = e->conf.idle_tcp_ns,
	};

	for (unsigned list = 0; list < LIST_COUNT; list++)
		while (e->oldest[list] && e->clock_ns - e->oldest[list]->seen_ns > idle[list])
			end_idle(e, e->oldest[list]);
}
