/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --counts: one line of tab-separated numbers a file, made from its rows alone, under the column
 * names that the index of a capture corpus uses. A column is a row of a table: its name and how it
 * prints.
 */
#include <stdlib.h>

#include "cli/cli.h"

/* Limit: different methods, or VLANs, that are counted by name; further ones are counted together.
 */
#define TALLY_MAX  512
#define TALLY_NAME 40
#define STATUS_MAX 1000

struct tally {
	struct {
		char name[TALLY_NAME];
		uint64_t n;
	} entry[TALLY_MAX];
	size_t used;
};

struct counts {
	uint64_t packets, tcp_convs, udp_convs, requests, responses, fragments;
	uint64_t status[STATUS_MAX];
	struct tally methods, vlans;
	struct buf text;
};

int counts_new(struct counts **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	buf_init(&(*out)->text, 4 * ROW_VALUE_MAX);
	return 0;
}

void counts_free(struct counts *c)
{
	if (c)
		buf_done(&c->text);
	free(c);
}

static void tally_add(struct tally *t, const char *name, uint64_t n)
{
	char text[TALLY_NAME];
	size_t i = 0;

	(void)snprintf(text, sizeof(text), "%s", name);
	while (i < t->used && strcmp(t->entry[i].name, text) != 0)
		i++;
	if (i == t->used && i == TALLY_MAX - 1)
		(void)snprintf(text, sizeof(text), "others");
	if (i == t->used && i < TALLY_MAX) {
		memcpy(t->entry[i].name, text, sizeof(text));
		t->used++;
	}
	t->entry[size_min(i, TALLY_MAX - 1)].n += n;
}

/* A peer chose the method: it is made harmless, as any value that is shown. */
static void add_method(struct counts *c, const struct row_view *v, const struct row_value *method)
{
	buf_clear(&c->text);
	row_value_text(&v->kind->field[http_method.ref.slot], method, &c->text);
	tally_add(&c->methods, c->text.len ? c->text.p : "", 1);
}

static void add_response(struct counts *c, uint64_t status)
{
	c->responses++;
	if (status < STATUS_MAX)
		c->status[status]++;
}

static void add_http(struct counts *c, const struct row_view *v)
{
	struct row_value method, interim;
	uint64_t status;
	size_t pos = 0;

	if (row_value(v, http_method.ref.slot, &method)) {
		c->requests++;
		add_method(c, v, &method);
	}
	if (row_get_u64(v, http_status, &status))
		add_response(c, status);
	if (row_value(v, http_interim.ref.slot, &interim))
		while (row_value_next_u64(&interim, &pos, &status))
			add_response(c, status);
}

static void add_capture(struct counts *c, const struct row_view *v)
{
	struct row_value vlans;
	struct row_pair pair;
	char name[TALLY_NAME];
	size_t pos = 0;
	uint64_t n, vlan;

	if (row_get_u64(v, capture_packets, &n))
		c->packets += n;
	if (row_get_u64(v, capture_fragments, &n))
		c->fragments += n;
	if (row_value(v, capture_vlans.ref.slot, &vlans))
		while (row_value_next_pair(&vlans, &pos, &pair)) {
			if (str_to_u64(pair.name, &vlan) < 0 || str_to_u64(pair.value, &n) < 0)
				continue;
			(void)snprintf(name, sizeof(name), "%llu", (unsigned long long)vlan);
			tally_add(&c->vlans, name, n);
		}
}

static void add_flow(struct counts *c, const struct row_view *v)
{
	uint64_t transport;

	if (!row_get_enum(v, flow_transport, &transport))
		return;
	c->tcp_convs += transport == TRANSPORT_TCP;
	c->udp_convs += transport == TRANSPORT_UDP;
}

void counts_add(struct counts *c, const struct row_view *v)
{
	if (v->kind_id == KIND_HTTP)
		add_http(c, v);
	else if (v->kind_id == KIND_FLOW)
		add_flow(c, v);
	else if (v->kind_id == KIND_CAPTURE)
		add_capture(c, v);
}

static void print_tally(const struct tally *t, FILE *to)
{
	for (size_t i = 0; i < t->used; i++)
		(void)fprintf(to, "%s%s:%llu", i ? "," : "", t->entry[i].name,
			      (unsigned long long)t->entry[i].n);
}

static void print_statuses(const struct counts *c, FILE *to)
{
	const char *comma = "";

	for (unsigned i = 0; i < STATUS_MAX; i++) {
		if (!c->status[i])
			continue;
		(void)fprintf(to, "%s%u:%llu", comma, i, (unsigned long long)c->status[i]);
		comma = ",";
	}
}

static void print_methods(const struct counts *c, FILE *to)
{
	print_tally(&c->methods, to);
}

static void print_vlans(const struct counts *c, FILE *to)
{
	print_tally(&c->vlans, to);
}

static const struct column {
	const char *name;
	size_t number; /* offset, where it is a number */
	void (*print)(const struct counts *c, FILE *to);
} columns[] = {
	{ "packets", offsetof(struct counts, packets), NULL },
	{ "tcp_convs", offsetof(struct counts, tcp_convs), NULL },
	{ "udp_convs", offsetof(struct counts, udp_convs), NULL },
	{ "http_requests", offsetof(struct counts, requests), NULL },
	{ "http_responses", offsetof(struct counts, responses), NULL },
	{ "http_methods", 0, print_methods },
	{ "http_statuses", 0, print_statuses },
	{ "ip_fragments", offsetof(struct counts, fragments), NULL },
	{ "vlan", 0, print_vlans },
};

void counts_header(FILE *to)
{
	(void)fputs("file", to);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		(void)fprintf(to, "\t%s", columns[i].name);
	(void)fputc('\n', to);
}

void counts_print(const struct counts *c, const char *file, FILE *to)
{
	cli_put_text(file, to);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		uint64_t n;

		(void)fputc('\t', to);
		if (columns[i].print) {
			columns[i].print(c, to);
			continue;
		}
		memcpy(&n, (const char *)c + columns[i].number, sizeof(n));
		(void)fprintf(to, "%llu", (unsigned long long)n);
	}
	(void)fputc('\n', to);
}
