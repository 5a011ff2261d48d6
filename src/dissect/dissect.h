/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dissect: the contract between the flow engine and one protocol's dissector, and nothing else. A
 * dissector is a folder beside this file with one `const struct dissector NAME_dissector`, named in
 * meson.build; it knows this header, record and the rooms below them, never another protocol.
 * The engine orders bytes, keeps what is not complete yet, holds the memory and pairs; a dissector
 * reads, and fills rows. One that reads streams has probe, feed, skipped, gap and finished; one
 * that reads datagrams has probe_datagram and datagram; one may have both.
 * docs/adding-a-protocol.md walks through it.
 */
#ifndef REDOUBT_DISSECT_H
#define REDOUBT_DISSECT_H

#include "base/base.h"

struct row;
struct record_kind;

/* Who speaks. The client is who asks, whichever end the capture saw first. */
enum dissect_side { FROM_CLIENT, FROM_SERVER };

enum dissect_probe {
	PROBE_NO,
	PROBE_MORE,        /* not decidable with so few bytes */
	PROBE_FROM_CLIENT, /* mine, and a client said this */
	PROBE_FROM_SERVER, /* mine, and a server said this */
};

enum verdict {
	DISSECT_MORE,   /* *used bytes are done with; call again when more have come behind them */
	DISSECT_SKIP,   /* the same, and the next *skip bytes need not be shown: they are counted to
			 * the state by skipped() as they go by, holes included */
	DISSECT_SWITCH, /* from here on the stream, both ways, is another protocol: the one that
			 * dissect_hand_over() named, or else recognised anew */
	DISSECT_REJECT, /* not understood any more: the stream is only counted from here */
	DISSECT_DONE,   /* all that can be told was told, such as at the begin of encryption: the
			 * same, but no defect */
};

/* What a dissector gathers for one record. Memory in it lives until it is committed or discarded.
 */
struct dissect_tx {
	struct row *row;
	struct arena *arena;
	uint64_t key;      /* what pairs request and response: a stream id, a query id, or 0 */
	int64_t began_ns;  /* when it was opened */
	int64_t marked_ns; /* for the dissector's own use, such as the end of the request */
	uint64_t note[6];  /* for the dissector's own use, zero at first */
	struct dissect_tx *next; /* younger one of the same stream */
};

struct dissect_stream;

/* What the engine does for a dissector; see the inline functions below. */
struct dissect_ops {
	struct dissect_tx *(*tx_open)(struct dissect_stream *s, const struct record_kind *kind,
				      uint64_t key);
	void (*tx_commit)(struct dissect_stream *s, struct dissect_tx *tx);
	void (*tx_discard)(struct dissect_stream *s, struct dissect_tx *tx);
	void (*hand_over)(struct dissect_stream *s, struct str token, struct str detail);
	bool (*opens_body)(struct dissect_stream *s, const struct dissect_tx *tx);
};

/* One TCP stream or UDP flow as its dissector sees it. */
struct dissect_stream {
	const struct dissect_ops *ops;
	void *state;       /* state_bytes of it, zero at first */
	struct heap *heap; /* for what does not fit there; all of it goes with the state */
	struct str handed; /* detail of dissect_hand_over(), where it came so, or empty */
	int64_t at_ns;     /* of the frame that brought the newest bytes */
	uint16_t src_port, dst_port; /* client's, server's */
	uint64_t messages;           /* whole messages read so far, by the dissector */
	bool from_start;             /* the first byte of the stream was seen; of
				      * datagrams always true */
	struct dissect_tx *first;    /* open transactions, oldest first */
	struct dissect_tx *last;
	unsigned open; /* how many */
};

/* One call of feed() as a dissector takes it, step by step; c and h are its own types: what it
 * knows of the connection, and of the side that speaks. Zero at first but for what it sets. */
struct connection;
struct half;

struct dissect_visit {
	struct dissect_stream *s;
	struct connection *c;
	struct half *h;
	enum dissect_side side;
	struct str in; /* what is not used yet */
	size_t used;
	uint64_t skip;
	enum verdict verdict;
};

/* A step's answer to whether another may follow: none, and this is the verdict. */
static inline bool dissect_answer(struct dissect_visit *v, enum verdict verdict)
{
	v->verdict = verdict;
	return false;
}

/* The next n bytes, which are there, are done with; where they stand. */
static inline const uint8_t *dissect_use(struct dissect_visit *v, size_t n)
{
	const uint8_t *p = (const uint8_t *)v->in.p;

	v->used += n;
	v->in = str_skip(v->in, n);
	return p;
}

struct dissector {
	const char *name;
	const char *token;     /* its name in an HTTP Upgrade header, or NULL: see hand_over */
	uint16_t ports[8];     /* usual server ports, 0-ended: who is asked first, never a proof */
	uint32_t state_bytes;  /* at most DISSECT_STATE_MAX */
	uint32_t window_bytes; /* how many bytes may wait for MORE, at most DISSECT_WINDOW_MAX */
	/* Is this the beginning of something it understands? in is what one side said first, or
	 * what it said first after joining in the middle. Never keeps anything. */
	enum dissect_probe (*probe)(struct str in);
	/* Reads in from one side. What is not used comes again with more behind it. */
	enum verdict (*feed)(struct dissect_stream *s, enum dissect_side side, struct str in,
			     size_t *used, uint64_t *skip);
	/* n bytes of a DISSECT_SKIP went by, `missing` of them in a hole. */
	void (*skipped)(struct dissect_stream *s, enum dissect_side side, uint64_t n,
			uint64_t missing);
	/* A hole outside a skip. MORE: the next bytes are looked at (the dissector finds its place
	 * again, by dropping what it cannot place); REJECT ends. */
	enum verdict (*gap)(struct dissect_stream *s, enum dissect_side side, uint64_t bytes);
	/* One side ended in order (FIN); may complete a message. */
	void (*finished)(struct dissect_stream *s, enum dissect_side side);
	/* The flow ends: every open transaction must be committed or discarded here. Of datagrams
	 * this is also called when none came for DISSECT_ANSWER_NS while memory was held; the flow
	 * may go on after it, with the state zero again. */
	void (*close)(struct dissect_stream *s);
	/* As probe, of one datagram; ports are source and destination. Never PROBE_MORE. */
	enum dissect_probe (*probe_datagram)(struct str in, uint16_t src_port, uint16_t dst_port);
	/* One datagram, or the front of it: `missing` bytes behind it were not captured. MORE, DONE
	 * or REJECT. Where no transaction is open behind it and keeps_state is false, the state is
	 * zero again at the next one. */
	enum verdict (*datagram)(struct dissect_stream *s, enum dissect_side side, struct str in,
				 size_t missing);
	bool keeps_state;
};

#define DISSECT_STATE_MAX  512
#define DISSECT_WINDOW_MAX (64 * KIB)
/* How long a datagram is waited for while a transaction is open. */
#define DISSECT_ANSWER_NS (10 * NS_PER_S)
/* Limit: bytes of a stream's heap. */
#define DISSECT_HEAP_MAX (192 * KIB)
/* Limit: bytes of the detail that one protocol leaves to the next. */
#define DISSECT_DETAIL_MAX 256
/* Limit: open transactions of one stream. */
#define DISSECT_OPEN_MAX 256

/* Opens a record that will pair by key; its row is empty, times and addresses are the engine's to
 * fill. NULL when memory or DISSECT_OPEN_MAX is reached, which is counted: go on without it. */
static inline struct dissect_tx *dissect_tx_open(struct dissect_stream *s,
						 const struct record_kind *kind, uint64_t key)
{
	return s->ops->tx_open(s, kind, key);
}

static inline struct dissect_tx *dissect_tx_find(struct dissect_stream *s, uint64_t key)
{
	for (struct dissect_tx *tx = s->first; tx; tx = tx->next)
		if (tx->key == key)
			return tx;
	return NULL;
}

/* The row leaves, masked; tx is gone afterwards. */
static inline void dissect_tx_commit(struct dissect_stream *s, struct dissect_tx *tx)
{
	s->ops->tx_commit(s, tx);
}

/* Before DISSECT_SWITCH: who goes on, by its token in any case of letters, and what it must know of
 * how that was agreed on, such as the extensions of a WebSocket; cut at DISSECT_DETAIL_MAX. A token
 * that nobody has is as none. */
static inline void dissect_hand_over(struct dissect_stream *s, struct str token, struct str detail)
{
	s->ops->hand_over(s, token, detail);
}

/* Does a rule allow to look into the body of this request, of which what came before the body is in
 * the row? */
static inline bool dissect_opens_body(struct dissect_stream *s, const struct dissect_tx *tx)
{
	return s->ops->opens_body(s, tx);
}

static inline void dissect_tx_discard(struct dissect_stream *s, struct dissect_tx *tx)
{
	s->ops->tx_discard(s, tx);
}

#endif
