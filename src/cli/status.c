/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redoubt status: how large a state directory is, what it keeps and for how long that lasts, and
 * what happened to it.
 */
#include "cli/state.h"

#define EVENTS_MAX 1000

struct status_conf {
	struct state_conf state;
	uint64_t events;
};

// clang-format off
static const struct conf_opt opts[] = {
	STATE_OPT_DIR(struct status_conf, state, STATE_OPT_DIR_HELP),
	STATE_OPT_KEYS(struct status_conf, state),
	{ "events", 0, CONF_U64, offsetof(struct status_conf, events), "10", 0, EVENTS_MAX, NULL, "N",
	  "Show so many of the last entries of the ledger: what was recovered, expired, destroyed." },
};
// clang-format on

const struct conf_table cmd_status_table = {
	.command = "redoubt status",
	.summary = "Tells how large a state directory is, how much it may grow, and for how long "
		   "that lasts.",
	.opts = opts,
	.count = ARRAY_LEN(opts),
};

static void put_parts(const struct store_status *st, const struct store_keep *keep)
{
	char hour[STATE_HOUR_BYTES];

	(void)puts("PART          SIZE  HOURS  OLDEST HOUR    KEPT FOR");
	for (unsigned part = 0; part < ROW_PARTS; part++) {
		const struct store_part_status *p = &st->part[part];

		if (p->oldest_hour >= 0)
			state_hour(p->oldest_hour, hour);
		(void)printf("%-8s  %8s  %5llu  %-13s  %lld h\n",
			     field_part_name((enum field_part)part), state_bytes(p->bytes),
			     (unsigned long long)p->hours, p->oldest_hour >= 0 ? hour : "-",
			     (long long)(keep->part_ns[part] / KEYSTORE_HOUR_NS));
	}
}

static void put_shed(unsigned shed)
{
	for (unsigned part = 0; part < ROW_PARTS; part++)
		if (shed & 1U << part)
			(void)printf("disk full: new records lose %s\n",
				     field_part_name((enum field_part)part));
}

static void put_status(const struct store_status *st, const struct store_keep *keep)
{
	put_parts(st, keep);
	(void)printf("segments  %8llu\n", (unsigned long long)st->segments);
	(void)printf("log       %8s%s\n", state_bytes(st->log_bytes),
		     st->log_files ? ", not yet in segments" : ", nothing but what is remembered");
	(void)printf("together  %8s of %s; the disk has %s free of %s\n", state_bytes(st->bytes),
		     state_bytes(st->bytes_max), state_bytes(st->disk_free),
		     state_bytes(st->disk_all));
	if (st->bytes_a_day > 0)
		(void)printf("grows by  %8s a day\n", state_bytes((uint64_t)st->bytes_a_day));
	if (st->days_left >= 0)
		(void)printf("full in   %8.1f days, when the oldest hours begin to go early\n",
			     st->days_left);
	else if (st->bytes_a_day > 0)
		(void)puts("full in      never: hours expire by age before that");
	else
		(void)puts("full in          - (not known before an hour is over)");
	put_shed(st->shed);
}

static void put_event(void *owner, const struct meta_entry *e)
{
	char when[TIME_TEXT_BYTES];
	unsigned *shown = owner;

	if ((*shown)++ == 0)
		(void)puts("\nLAST EVENTS");
	(void)time_format(e->at_ns, when);
	(void)printf("%.19s  %-9s  ", when, meta_event_name(e->event));
	(void)fwrite(e->text.p, 1, e->text.n, stdout);
	(void)putchar('\n');
}

static int show(const struct status_conf *conf, struct err *err)
{
	struct store_status status = { 0 };
	struct store_keep keep = { 0 };
	struct state state;
	unsigned shown = 0;
	int r = state_find(&conf->state, &state, err);

	if (r == 0)
		r = state_need(&state, err);
	if (r == 0)
		r = store_status(state.dir, &state.root, NULL, &keep, &status, err);
	if (r < 0)
		return r;
	(void)fputs("state directory ", stdout);
	cli_put_text(state.dir, stdout);
	(void)putchar('\n');
	put_status(&status, &keep);
	return conf->events ? store_events(state.dir, &state.root, (unsigned)conf->events,
					   put_event, &shown, err)
			    : 0;
}

int cmd_status(int argc, char **argv)
{
	struct status_conf conf;
	struct err err = { ERR_NONE, "" };
	int r = conf_parse(&cmd_status_table, argc, argv, &conf, NULL, &err);

	if (r == 1) {
		cli_help(&cmd_status_table);
		return 0;
	}
	if (r == 0)
		r = show(&conf, &err);
	if (r == 0)
		r = cli_flush(&err);
	return r < 0 ? cli_fail(&err) : 0;
}
