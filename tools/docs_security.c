/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an auditor asks for: what each role may do, and what is masked. The lists come from the
 * tables that the program itself uses, and the examples from the masks themselves.
 */
#include <stdio.h>

#include "docs.h"
#include "proc/proc.h"
#include "proc/proc_int.h" /* PROC_UID_BASE */
#include "rules/rules.h"

/* ---- Sandbox --------------------------------------------------------------------------------- */

#define CALLS(...)                                      #__VA_ARGS__
#define ROLE_ROW(name, program, uid, space, fds, calls) { program, uid, space, fds, calls },
static const struct role {
	const char *program;
	unsigned uid;
	uint64_t space_bytes;
	unsigned fds;
	const char *calls;
} roles[PROC_ROLE_COUNT] = { PROC_ROLE_TABLE(ROLE_ROW) };

static void put_role(struct buf *out, const struct role *r)
{
	(void)buf_printf(out,
			 "\n## %s\n\n| what | value |\n|---|---|\n"
			 "| uid and gid, when started as root | %u |\n| address space | ",
			 r->program, PROC_UID_BASE + r->uid);
	if (r->space_bytes)
		docs_bytes(out, r->space_bytes);
	else
		(void)buf_put(out, STR("not limited"));
	(void)buf_printf(out,
			 " |\n| descriptors, the standard ones included | at most %u |\n"
			 "| capabilities | none |\n| system calls | `%s` |\n",
			 r->fds, r->calls);
}

static const struct {
	unsigned bit;
	const char *what;
} layers[] = {
	{ PROC_LIMITS, "Limits of address space and descriptors; no core file, no new process" },
	{ PROC_OWN_UID, "A uid and gid of its own and no groups, where it is started as root. "
			"**Not required.**" },
	{ PROC_NO_CAPS, "No capability in any set" },
	{ PROC_UNDUMPABLE, "No core dump, and no process of the same user may trace it" },
	{ PROC_NO_NEW_PRIVS, "Nothing it could execute gives it more" },
	{ PROC_LANDLOCK, "Every right handled and none granted: no file by path, no TCP bind or "
			 "connect where the kernel knows them. **Not required.**" },
	{ PROC_SECCOMP, "Only the system calls of its row; any other ends the process" },
};

static void put_layers(struct buf *out)
{
	(void)buf_put(out, STR("\n| layer | what it means |\n|---|---|\n"));
	for (size_t i = 0; i < ARRAY_LEN(layers); i++) {
		(void)buf_put(out, STR("| `"));
		proc_layers_format(layers[i].bit, out);
		(void)buf_printf(out, "` | %s |\n", layers[i].what);
	}
}

void docs_sandbox(struct buf *out)
{
	docs_head(out, "Sandbox profiles", "src/proc/proc.h");
	(void)buf_put(
		out,
		STR("Each role program is executed afresh by its parent, with an empty environment "
		    "and no descriptor but those it is given. It maps what it was given, gives up "
		    "everything else as its row here says, and only then looks at the first byte "
		    "from outside. After the layers are applied the kernel is asked for each whether "
		    "it holds; a required layer that does not stops the program with "
		    "[`sandbox.missing`](errors.md). It dies with its parent.\n"));
	put_layers(out);
	(void)buf_put(
		out,
		STR("\nOf some system calls the arguments are looked at too: `mmap` only of anonymous "
		    "memory (`mmap_anonymous` below) and, as `mprotect`, never executable; `read` "
		    "never from standard error; `tgkill` only to itself, for abort(). Standard error is a "
		    "pipe to the parent, which shows a person a few lines of it, cleaned.\n\n`redoubt traffic "
		    "--stats` prints the layers in force. A build with sanitizers is for tests: it "
		    "has no limit of address space, no Landlock, more system calls, and refuses where "
		    "a release build kills.\n"));
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		put_role(out, &roles[i]);
}

/* ---- Masking --------------------------------------------------------------------------------- */

const char *docs_mask_text(enum mask_action action)
{
	switch (action) {
	case MASK_KEEP:
		return "kept";
	case MASK_DROP:
		return "left out";
	case MASK_WHOLE:
		return "replaced by `" MASK_TEXT "`";
	case MASK_PATH:
		return "segments that look like ids, tokens or addresses are replaced";
	case MASK_QUERY:
	case MASK_HEADERS:
		return "values are replaced by `" MASK_TEXT "`, but for allowed names";
	case MASK_WORD:
		return "kept when it is a registered method, a known protocol or a media type, else "
		       "replaced by `" MASK_TEXT "`";
	case MASK_HOST:
		return "labels that look like ids or tokens are replaced; what is no `host[:port]` by "
		       "`" MASK_TEXT "`";
	case MASK_SQL:
		return "each literal is replaced by `?`, comments are left out";
	case MASK_KEY:
		return "parts that look like ids, tokens or addresses, and numbers, are replaced";
	}
	return "replaced";
}

static void put_masked(struct buf *out, const struct record_kind *kind, size_t place, unsigned from)
{
	const struct mask_plan *plan = rules_default_masks();

	for (unsigned slot = from; slot < kind->slots; slot++) {
		enum mask_action action = plan->rule[place][slot].action;

		if (action != MASK_KEEP)
			(void)buf_printf(out, "| `%s` | %s | %s |\n", kind->field[slot].name,
					 field_class_name(kind->field[slot].class),
					 docs_mask_text(action));
	}
}

static void put_personal(struct buf *out, const struct record_kind *kind, unsigned from)
{
	unsigned to = from < COMMON_SLOTS ? COMMON_SLOTS : kind->slots;

	for (unsigned slot = from; slot < to; slot++)
		if (kind->field[slot].class == CLASS_PERSONAL)
			(void)buf_printf(out, " `%s`", kind->field[slot].name);
}

/* The fields common to all kinds once, each kind's own behind them. */
void docs_masked_fields(struct buf *out)
{
	(void)buf_put(out, STR("| field | class | what becomes of it |\n|---|---|---|\n"));
	put_masked(out, record_kind_at(0), 0, 0);
	for (size_t k = 1; k < RECORD_KINDS; k++)
		put_masked(out, record_kind_at(k), k, COMMON_SLOTS);
	(void)buf_put(out, STR("\nKept, and listed since they may point to a person:"));
	put_personal(out, record_kind_at(0), 0);
	for (size_t k = 0; k < RECORD_KINDS; k++)
		put_personal(out, record_kind_at(k), COMMON_SLOTS);
	(void)buf_put(out, STR(".\n"));
}

/* Names whose values are of one kind. */
static void put_names(struct buf *out, const struct mask_names *names, enum mask_value value)
{
	bool any = false;

	for (size_t i = 0; i < names->n; i++) {
		if (names->name[i].value != value)
			continue;
		(void)buf_printf(out, "%s`%.*s`", any ? ", " : "", STR_FMT(names->name[i].name));
		any = true;
	}
}

static const struct {
	enum mask_value value;
	const char *what;
} values[] = {
	{ VALUE_TEXT,
	  "words and versions; what looks like an id or a token is replaced, and so are "
	  "values of parameters that are not about the message" },
	{ VALUE_WORDS,
	  "words of protocols, each of a fixed list, with their versions and parameters" },
	{ VALUE_MEDIA, "a media type; of its parameters those about the message" },
	{ VALUE_HOST, "as `http.host`" },
	{ VALUE_NUMBER, "one number of up to 12 digits" },
	{ VALUE_RANGE, "ranges of bytes" },
	{ VALUE_DATE, "a date, or a number" },
};

void docs_allowed_headers(struct buf *out)
{
	(void)buf_put(out, STR("| names | what is kept of their values |\n|---|---|\n"));
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		(void)buf_put(out, STR("| "));
		put_names(out, rules_allowed_headers(), values[i].value);
		(void)buf_printf(out, " | %s |\n", values[i].what);
	}
}

void docs_allowed_parameters(struct buf *out)
{
	put_names(out, rules_allowed_parameters(), VALUE_QUERY);
	(void)buf_put(out, STR("\n"));
}

static const char *const paths[] = {
	"/api/v1/orders/12345",
	"/users/jane.doe@example.com/cart",
	"/users/jane.doe%40example.com/cart",
	"/files/8f14e45f-ceea-467f-a1d4-91e0f2a1b3c4",
	"/pay/4111-1111-1111-1111",
	"/reset/eyJhbGciOiJub25lIn0.eyJzdWIiOiJqYW5lIn0.c2ln",
	"/pods/coredns-5d78c9869d-x2v7k/log",
	"/session;jsessionid=secret/start",
	"/blob/5f4dcc3b5aa765d61d8327deb882cf99.pdf",
	"/static/app.min.js",
};
static const char *const hosts[] = {
	"Web.example.com:8080",
	"dQw4w9WgXcQ.example.com",
	"jane:not-a-port",
};
static const char *const texts[] = {
	"kubectl/v1.29.0 (linux/amd64) kubernetes/3f7a50f",
	"shop/2.1 (key=c2VjcmV0)",
	"shop/2.1 (jane.doe@example.com)",
};
static const char *const queries[] = {
	"page=2&customer=jane",
	"sort=name&api_key=0123456789abcdef",
	"limit=50&jane.doe@example.com",
	"verbose",
};

static void put_example(struct buf *out, const char *what, const char *in, const struct buf *masked)
{
	(void)buf_printf(out, "| %s | `%s` | `%.*s` |\n", what, in, STR_FMT(buf_str(masked)));
}

void docs_mask_examples(struct buf *out)
{
	struct buf masked;

	buf_init(&masked, 64 * KIB);
	(void)buf_put(out, STR("| of | on the wire | in the record |\n|---|---|---|\n"));
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		buf_clear(&masked);
		mask_path(str_of(paths[i]), &masked);
		put_example(out, "path", paths[i], &masked);
	}
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		buf_clear(&masked);
		mask_query(str_of(queries[i]), rules_allowed_parameters(), &masked);
		put_example(out, "query", queries[i], &masked);
	}
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		buf_clear(&masked);
		mask_host(str_of(hosts[i]), &masked);
		put_example(out, "host", hosts[i], &masked);
	}
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		buf_clear(&masked);
		mask_value(str_of(texts[i]), VALUE_TEXT, &masked);
		put_example(out, "`user-agent`", texts[i], &masked);
	}
	buf_done(&masked);
}
