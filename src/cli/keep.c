/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows into a store. Each run of the command is an agent of its own, with a random number, so that
 * no row of it can be taken for one that another run brought. Nothing late can come from a file, so
 * rows become segments as soon as a log is full, and at the end.
 */
#include "cli/keep.h"

#include <stdlib.h>
#include <sys/random.h>

/* The clock is looked at after so many rows. */
#define TICK_ROWS 1024

struct keep {
	struct state_conf conf;
	struct state state;
	struct store *store;
	const char *cluster;
	uint32_t agent;
	uint64_t rows, acked;
};

static void acked(void *owner, const char *cluster, const struct rowlog_ack *ack)
{
	struct keep *k = owner;

	(void)cluster;
	k->acked += ack->rows;
}

static int open_store(struct keep *k, const struct keep_conf *conf, struct err *err)
{
	struct store_conf store = {
		.dir = k->state.dir,
		.root = k->state.root,
		.create = true,
		.keep.bytes = conf->bytes,
		.acked = acked,
		.said = state_said,
		.owner = k,
	};

	memcpy(store.keep.part_ns, conf->part_ns, sizeof(store.keep.part_ns));
	if (getrandom(&k->agent, sizeof(k->agent), 0) != sizeof(k->agent))
		return err_set(err, ERR_INTERNAL, "getrandom: %s", strerror(errno));
	return store_open(&store, &k->store, err);
}

int keep_open(const struct keep_conf *conf, struct keep **out, struct err *err)
{
	CLEANUP(keep_close) struct keep *k = calloc(1, sizeof(*k));
	int r;

	if (!k)
		return err_set(err, ERR_MEMORY, "the store");
	k->cluster = conf->cluster;
	k->conf = conf->state;
	r = state_find(&conf->state, &k->state, err);
	if (r == 0)
		r = state_is_new(&k->state, err);
	if (r == 1)
		r = state_make_key(&k->state, err);
	if (r == 0)
		r = open_store(k, conf, err);
	if (r == 0)
		*out = TAKE(k);
	return r;
}

/* What is acknowledged stays; what only waited does not. */
void keep_close(struct keep *k)
{
	if (!k)
		return;
	store_abandon(k->store);
	free(k);
}

uint32_t keep_agent(const struct keep *k)
{
	return k->agent;
}

int keep_row(struct keep *k, const struct row_view *row, struct err *err)
{
	int r = store_add(k->store, k->cluster, row, err);

	if (r >= 0 && ++k->rows % TICK_ROWS == 0)
		r = store_tick(k->store, err);
	return r < 0 ? r : 0;
}

int keep_idle(struct keep *k, struct err *err)
{
	int r = store_tick(k->store, err);

	return r < 0 ? r : 0;
}

static void tell(const struct keep *k, bool cut)
{
	(void)fprintf(stderr, "%s%llu records are stored in ",
		      cut ? "Ended early: only the first " : "", (unsigned long long)k->acked);
	cli_put_text(k->state.dir, stderr);
	(void)fputs(". To read them: redoubt query ", stderr);
	state_put_options(&k->conf, &k->state, stderr);
	(void)fputc('\n', stderr);
}

int keep_end(struct keep *k, bool cut, struct err *err)
{
	int r = store_commit(k->store, err);

	if (r == 0)
		r = store_compact(k->store, err);
	if (r == 0)
		r = store_close(TAKE(k->store), err);
	tell(k, cut || r < 0);
	return r;
}

void keep_failed(const struct keep *k)
{
	tell(k, true);
}
