/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes options: the input is the arguments, each ended by a NUL, for a table with a row of every
 * type. What is accepted is within the bounds of its row, what is refused says why, and help that
 * was asked for changes nothing.
 */
#include <stdlib.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Beyond the limit of a list, so that it is met. */
#define ARGS_MAX  (CONF_LIST_MAX + 64)
#define INPUT_MAX (16 * KIB)

struct settings {
	bool verbose;
	uint64_t limit, memory;
	int64_t idle_ns;
	const char *output;
	unsigned form;
	struct conf_list files;
};

#define AT(member) offsetof(struct settings, member)
// clang-format off
static const struct conf_opt opts[] = {
	{ "verbose", 'v', CONF_FLAG, AT(verbose), NULL, 0, 0, NULL, NULL, "Say more" },
	{ "limit", 'l', CONF_U64, AT(limit), "10", 1, 100, NULL, "N", "End after N" },
	{ "memory", 'm', CONF_BYTES, AT(memory), "64M", 4096, 0, NULL, "SIZE", "Memory to use" },
	{ "idle", 0, CONF_DUR, AT(idle_ns), "1m30s", 1000, 3600000000000, NULL, "TIME", "Until the end" },
	{ "output", 'o', CONF_STR, AT(output), "-", 0, 0, NULL, "FILE", "Where to" },
	{ "form", 0, CONF_CHOICE, AT(form), "wide", 0, 0, "text|json|wide", NULL, "How it looks" },
	{ "read", 'r', CONF_LIST, AT(files), NULL, 0, 0, NULL, "FILE", "What to read" },
};
// clang-format on

static const struct conf_table table = {
	.command = "redoubt fuzz",
	.summary = "Takes anything.",
	.usage = "[WORD…]",
	.opts = opts,
	.count = ARRAY_LEN(opts),
};

/* Cuts the text, which ends with a NUL, at each NUL. */
static int cut(char *text, size_t n, char *argv[ARGS_MAX + 2])
{
	int argc = 1;

	argv[0] = text + n;
	for (size_t at = 0; at < n && argc <= ARGS_MAX; at += strlen(text + at) + 1)
		argv[argc++] = text + at;
	argv[argc] = NULL;
	return argc;
}

/* A list holds arguments, or their ends behind "=" and "-r". */
static void check_list(const struct conf_list *list, const char *text, size_t n)
{
	assert(list->n <= CONF_LIST_MAX);
	for (size_t i = 0; i < list->n; i++)
		assert(list->v[i] >= text && list->v[i] <= text + n);
}

static void check(const struct settings *conf, const struct conf_list *rest, const char *text,
		  size_t n)
{
	assert(conf->limit >= 1 && conf->limit <= 100);
	assert(conf->memory >= 4096);
	assert(conf->idle_ns >= 1000 && conf->idle_ns <= INT64_C(3600000000000));
	assert(conf->form < 3);
	assert(conf->output);
	check_list(&conf->files, text, n);
	check_list(rest, text, n);
}

static void check_refused(int r, const struct err *err)
{
	assert(r == -err_row(err->id)->code);
	assert(err->id == ERR_OPTION || err->id == ERR_USAGE || err->id == ERR_LIMIT);
	assert(err->text[0] && memchr(err->text, 0, sizeof(err->text)));
}

static void run(int argc, char **argv, const char *text, size_t n, bool with_rest)
{
	static struct settings conf;
	static struct conf_list rest;
	struct err err;
	int r;

	memset(&conf, 0xa5, sizeof(conf));
	memset(&err, 'x', sizeof(err));
	rest.n = 0;
	r = conf_parse(&table, argc, argv, &conf, with_rest ? &rest : NULL, &err);
	if (r < 0)
		check_refused(r, &err);
	else if (r == 0)
		check(&conf, &rest, text, n);
	else
		assert(r == 1 && conf.limit == UINT64_C(0xa5a5a5a5a5a5a5a5));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *argv[ARGS_MAX + 2];
	char *text;
	int argc;

	if (size > INPUT_MAX)
		return 0;
	text = malloc(size + 1);
	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	argc = cut(text, size, argv);
	(void)clearenv(); /* options of whoever runs this would be taken */
	run(argc, argv, text, size, true);
	run(argc, argv, text, size, false);
	free(text);
	return 0;
}
