/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dissect: the contract between the flow engine and one protocol's dissector, and nothing else. A
 * dissector is a folder beside this file with one `const struct dissector NAME_dissector`, named in
 * meson.build; it knows this header, record and the rooms below them, never another protocol.
 * The engine orders bytes, keeps what is not complete yet, holds the memory and pairs; a dissector
 * reads, and fills rows.
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
	DISSECT_SWITCH, /* from here on the stream, both ways, is another protocol: recognise anew
			 */
	DISSECT_REJECT, /* not understood any more: the stream is only counted from here */
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
};

/* One TCP stream or UDP flow as its dissector sees it. */
struct dissect_stream {
	const struct dissect_ops *ops;
	void *state;                 /* state_bytes of it, zero at first */
	int64_t at_ns;               /* of the frame that brought the newest bytes */
	uint16_t src_port, dst_port; /* client's, server's */
	bool from_start;             /* the first byte of the stream was seen */
	struct dissect_tx *first;    /* open transactions, oldest first */
	struct dissect_tx *last;
	unsigned open; /* how many */
};

struct dissector {
	const char *name;
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
	/* The flow ends: every open transaction must be committed or discarded here. */
	void (*close)(struct dissect_stream *s);
};

#define DISSECT_STATE_MAX  512
#define DISSECT_WINDOW_MAX (64 * KIB)
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

static inline void dissect_tx_discard(struct dissect_stream *s, struct dissect_tx *tx)
{
	s->ops->tx_discard(s, tx);
}

#endif
