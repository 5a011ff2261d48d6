/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redoubt schema: every record kind and field, from the tables.
 */
#include "cli/cli.h"

#define SCHEMA_TEXT_MAX (4 * MIB)

struct schema_conf {
	unsigned form;
};

static const struct conf_opt opts[] = {
	{ .name = "output",
	  .letter = 'o',
	  .type = CONF_CHOICE,
	  .offset = offsetof(struct schema_conf, form),
	  .def = "table",
	  .choices = "table|json|markdown|lock",
	  .arg = "FORM",
	  .help = "How it is written; lock is one line a field, for docs/schema.lock." },
};

const struct conf_table cmd_schema_table = {
	.command = "redoubt schema",
	.summary = "Prints every record kind and its fields: type, class, part and meaning.",
	.usage = "",
	.opts = opts,
	.count = ARRAY_LEN(opts),
};

int cmd_schema(int argc, char **argv)
{
	struct schema_conf conf = { 0 };
	struct conf_list rest = { .n = 0 };
	struct err err;
	struct buf text;
	int r = conf_parse(&cmd_schema_table, argc, argv, &conf, &rest, &err);

	if (r == 0 && rest.n)
		r = err_set(&err, ERR_USAGE, "'%.200s' is not understood.", rest.v[0]);
	if (r < 0)
		return cli_fail(&err);
	buf_init(&text, SCHEMA_TEXT_MAX);
	if (r == 1)
		conf_help(&cmd_schema_table, &text);
	else
		schema_write((enum schema_form)conf.form, &text);
	(void)fwrite(text.p, 1, text.len, stdout);
	buf_done(&text);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)err_set(&err, ERR_OUTPUT, "standard output");
		return cli_fail(&err);
	}
	return 0;
}
