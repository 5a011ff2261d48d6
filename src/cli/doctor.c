/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redoubt doctor store: every byte of a state directory is read, opened and compared, and what is
 * wrong is said in words, a line each.
 */
#include "cli/state.h"

#define EXIT_FALSE 1

struct doctor_conf {
	struct state_conf state;
};

// clang-format off
static const struct conf_opt opts[] = {
	STATE_OPT_DIR(struct doctor_conf, state, STATE_OPT_DIR_HELP),
	STATE_OPT_KEYS(struct doctor_conf, state),
};
// clang-format on

const struct conf_table cmd_doctor_store_table = {
	.command = "redoubt doctor store",
	.summary = "Verifies every key, frame, chunk and page of a state directory, and says what "
		   "is wrong. Ends with status 1 where something is.",
	.opts = opts,
	.count = ARRAY_LEN(opts),
};

static void say(void *owner, const char *text)
{
	(void)owner;
	cli_put_text(text, stdout);
	(void)putchar('\n');
}

static void tell(const struct store_verified *n, ptrdiff_t wrong)
{
	(void)printf("Looked at %llu keys, %llu logs with %llu frames, %llu segments with %llu "
		     "chunks, %llu pages: %llu records in %s.\n",
		     (unsigned long long)n->keys, (unsigned long long)n->logs,
		     (unsigned long long)n->frames, (unsigned long long)n->segments,
		     (unsigned long long)n->chunks, (unsigned long long)n->pages,
		     (unsigned long long)n->rows, state_bytes(n->bytes));
	if (wrong)
		(void)printf("%td %s wrong.\n", wrong, wrong == 1 ? "thing is" : "things are");
	else
		(void)puts("Nothing is wrong.");
}

static int check(int argc, char **argv, struct err *err)
{
	struct doctor_conf conf = { { 0 } };
	struct store_verified counts = { 0 };
	struct state state;
	ptrdiff_t wrong;
	int r = conf_parse(&cmd_doctor_store_table, argc, argv, &conf, NULL, err);

	if (r == 1) {
		cli_help(&cmd_doctor_store_table);
		return 0;
	}
	if (r == 0)
		r = state_find(&conf.state, &state, err);
	if (r == 0)
		r = state_need(&state, err);
	if (r < 0)
		return r;
	wrong = store_verify(state.dir, &state.root, say, NULL, &counts, err);
	if (wrong < 0)
		return (int)wrong;
	tell(&counts, wrong);
	r = cli_flush(err);
	return r == 0 && wrong ? EXIT_FALSE : r;
}

int cmd_doctor(int argc, char **argv)
{
	struct err err = { ERR_NONE, "" };
	int r;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		cli_help(&cmd_doctor_store_table);
		return 0;
	}
	if (argc < 2 || strcmp(argv[1], "store") != 0)
		r = err_set(&err, ERR_USAGE, "redoubt doctor needs a word more: store.");
	else
		r = check(argc - 1, argv + 1, &err);
	return r < 0 ? cli_fail(&err) : r;
}
