/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking rows: one log for each cluster, begun at its first row of an hour, and committed when
 * time, size or the caller asks for it. What a commit could not write waits, and goes to the next
 * log.
 */
#include "store/store_int.h"

#include <inttypes.h>
#include <stdio.h>

#define NEVER_NS INT64_MAX

/* ---- Slots ----------------------------------------------------------------------------------- */

/* One whose next number is drawn already is kept for it. */
static struct store_slot *free_slot(struct store *s)
{
	for (size_t i = 0; i < s->slots; i++)
		if (!s->slot[i].log && s->slot[i].next == 0)
			return &s->slot[i];
	return s->slots < ARRAY_LEN(s->slot) ? &s->slot[s->slots++] : NULL;
}

static int slot_of(struct store *s, const char *cluster, struct store_slot **out, struct err *err)
{
	struct store_slot *slot = &s->slot[s->last_slot];

	if (s->last_slot >= s->slots || strcmp(slot->cluster, cluster) != 0) {
		slot = NULL;
		for (size_t i = 0; i < s->slots && !slot; i++)
			if (strcmp(s->slot[i].cluster, cluster) == 0)
				slot = &s->slot[i];
	}
	if (!slot) {
		if (strlen(cluster) > KEYSTORE_CLUSTER_MAX || cluster[0] == '\0')
			return err_set(err, ERR_OPTION, "'%.70s' is no name of a cluster", cluster);
		slot = free_slot(s);
		if (!slot)
			return err_set(err, ERR_LIMIT, "rows of more than %d clusters at once",
				       STORE_CLUSTERS_MAX);
		*slot = (struct store_slot){ .waits_ns = NEVER_NS };
		(void)snprintf(slot->cluster, sizeof(slot->cluster), "%s", cluster);
	}
	s->last_slot = (size_t)(slot - s->slot);
	*out = slot;
	return 0;
}

uint64_t store_until(const struct store *s, const struct store_file *f)
{
	uint64_t until = store_file_until(&s->files, f);

	for (size_t i = 0; i < s->slots; i++)
		if (s->slot[i].next && strcmp(s->slot[i].cluster, f->cluster) == 0 &&
		    s->slot[i].next > f->number && s->slot[i].next < until)
			until = s->slot[i].next;
	return until;
}

int store_next_number(struct store *s, uint64_t *out, struct err *err)
{
	while (store_file_find(&s->files, s->next_arrival))
		s->next_arrival++;
	if (s->next_arrival >= NUMBER_MAX)
		return err_set(err, ERR_LIMIT, "there are no more arrival numbers");
	*out = s->next_arrival;
	return 0;
}

/* ---- Beginning and ending a log -------------------------------------------------------------- */

static int fill_keys(struct store *s, const struct store_slot *slot, struct rowlog_conf *conf,
		     struct err *err)
{
	struct key_scope scope = { .hour = s->hour };
	int r = 0;

	(void)snprintf(scope.cluster, sizeof(scope.cluster), "%s", slot->cluster);
	for (unsigned p = 0; p < ROW_PARTS && r == 0; p++) {
		scope.part = (uint8_t)p;
		r = keystore_use(s->ks, &scope, &conf->key[p].id, conf->key[p].key, err);
	}
	return r == -EINVAL
		       ? err_set(err, ERR_OPTION, "'%s' is no name of a cluster", slot->cluster)
		       : r;
}

/* What an attempt that failed may have left of this number. */
static void remove_remains(struct store *s, uint64_t number)
{
	char name[ROWLOG_NAME_BYTES], fresh[ROWLOG_NAME_BYTES + sizeof(".new")];

	rowlog_name(number, name);
	(void)snprintf(fresh, sizeof(fresh), "%s.new", name);
	(void)disk_remove(s->log_fd, fresh);
	(void)disk_remove(s->log_fd, name);
}

static int enter_log(struct store *s, struct store_slot *slot, const struct rowlog_conf *conf,
		     struct err *err)
{
	struct store_file *f = store_file_add(&s->files, conf->first_arrival);

	if (!f)
		return err_set(err, ERR_LIMIT, "there are more than %zu logs and segments",
			       FILES_MAX);
	f->log = f->open = f->proven = true;
	f->hour = conf->hour;
	f->log_bytes = rowlog_bytes(slot->log);
	f->youngest_ns = store_now(s);
	f->began = f->changed = ++s->stamp;
	for (unsigned p = 0; p < ROW_PARTS; p++)
		f->key_id[p] = conf->key[p].id;
	(void)snprintf(f->cluster, sizeof(f->cluster), "%s", slot->cluster);
	s->carriers = true;
	return 0;
}

static int begin(struct store *s, struct store_slot *slot, struct err *err)
{
	struct rowlog_conf conf = {
		.dir_fd = s->log_fd,
		.first_arrival = slot->next,
		.hour = s->hour,
		.marks = s->marks,
		.shed = store_shed_parts(s),
	};
	struct rowlog *log = NULL;
	int r;

	memcpy(conf.store_id, keystore_id(s->ks), sizeof(conf.store_id));
	memcpy(conf.marks_key, s->marks_key, sizeof(conf.marks_key));
	r = slot->next ? 0 : store_next_number(s, &conf.first_arrival, err);
	if (r == 0)
		r = fill_keys(s, slot, &conf, err);
	if (r == 0) {
		r = rowlog_create(&conf, &log, err);
		if (r < 0)
			remove_remains(s, conf.first_arrival);
	}
	if (r == 0) {
		slot->log = log;
		slot->number = conf.first_arrival;
		slot->next = 0;
		if (s->next_arrival <= slot->number)
			s->next_arrival = slot->number + 1;
		r = enter_log(s, slot, &conf, err);
		if (r < 0)
			rowlog_free(TAKE(slot->log));
	}
	crypto_wipe(&conf, sizeof(conf));
	return r;
}

static void end(struct store *s, struct store_slot *slot)
{
	struct store_file *f = slot->log ? store_file_find(&s->files, slot->number) : NULL;

	if (f)
		f->open = false;
	rowlog_free(TAKE(slot->log));
	slot->waits_ns = NEVER_NS;
	slot->failed = false;
}

/* ---- Commits --------------------------------------------------------------------------------- */

struct acking {
	struct store *s;
	struct store_slot *slot;
};

static void on_acked(void *owner, const struct rowlog_ack *ack)
{
	const struct acking *at = owner;

	if (at->s->conf.acked)
		at->s->conf.acked(at->s->conf.owner, at->slot->cluster, ack);
}

/* The numbers of a failed commit are used up, but for the first, which becomes that of the next
 * log: what this one may hold of them is void as soon as that one is there. */
static void fail(struct store *s, struct store_slot *slot, uint64_t first, size_t rows)
{
	struct store_file *f = store_file_find(&s->files, slot->number);

	slot->failed = true;
	slot->next = first;
	s->next_arrival = first + (rows ? rows : 1);
	f->open = false;
	f->perhaps = true;
}

static int commit_rows(struct store *s, struct store_slot *slot, struct err *err)
{
	struct acking at = { s, slot };
	int64_t now_ns = store_now(s);
	uint64_t first;
	size_t rows = 0;
	int r;

	if (rowlog_waiting(slot->log, &rows) == 0)
		return 0;
	r = store_next_number(s, &first, err); /* it is above the number of the log */
	if (r < 0)
		return r;
	rowlog_number(slot->log, first);
	r = rowlog_commit(slot->log, now_ns, on_acked, &at, err);
	if (r < 0) {
		fail(s, slot, first, rows);
		return r;
	}
	s->next_arrival = rowlog_next_arrival(slot->log);
	return 0;
}

static int move_row(void *owner, const struct row_view *row)
{
	struct acking *at = owner;
	int r = rowlog_add(at->slot->log, row, store_now(at->s));

	return r < 0 ? r : 0;
}

/* Begins the next log, with the rows of the one that failed. */
static int move_rows(struct store *s, struct store_slot *slot, struct err *err)
{
	struct acking at = { s, slot };
	struct rowlog *old = TAKE(slot->log);
	int r = begin(s, slot, err);

	if (r < 0) {
		slot->log = old;
		return r;
	}
	slot->failed = false;
	r = rowlog_rows_waiting(old, move_row, &at);
	rowlog_free(old);
	return r < 0 ? err_set(err, ERR_INTERNAL, "rows that wait do not fit a new log: %s",
			       strerror(-r))
		     : 0;
}

static int commit_once(struct store *s, struct store_slot *slot, struct err *err)
{
	struct store_file *f;
	int r = slot->failed ? move_rows(s, slot, err) : 0;

	if (r == 0)
		r = commit_rows(s, slot, err);
	if (r < 0)
		return r;
	slot->waits_ns = NEVER_NS;
	slot->patience_ns = 0;
	f = store_file_find(&s->files, slot->number);
	f->log_bytes = rowlog_bytes(slot->log);
	f->changed = ++s->stamp;
	s->grown = true;
	if (f->log_bytes >= ROWLOG_FILE_BYTES)
		end(s, slot);
	return 0;
}

/* Does it again as long as something can be done for room; once after any other error, since the
 * next log is another file. */
static int with_room(struct store *s, struct store_slot *slot,
		     int (*act)(struct store *s, struct store_slot *slot, struct err *err),
		     struct err *err)
{
	bool again = true;
	int r;

	while ((r = act(s, slot, err)) < 0) {
		if (store_is_full(r) ? store_make_room(s) == 0 : !again)
			break;
		again = again && store_is_full(r);
	}
	return store_is_full(r) ? err_set(err, ERR_STORE_FULL, "no row can be made durable") : r;
}

/* On a disk that errs each attempt leaves a file, so they become rarer. */
static int commit_slot(struct store *s, struct store_slot *slot, struct err *err)
{
	int r = slot->log ? with_room(s, slot, commit_once, err) : 0;

	if (r == 0)
		return 0;
	slot->failed_ns = store_now(s);
	slot->patience_ns = slot->patience_ns ? 2 * slot->patience_ns : STORE_COMMIT_NS;
	if (slot->patience_ns > PATIENCE_MAX_NS)
		slot->patience_ns = PATIENCE_MAX_NS;
	return r;
}

static bool is_patient(const struct store_slot *slot, int64_t now_ns)
{
	return slot->failed && now_ns >= slot->failed_ns &&
	       now_ns - slot->failed_ns < slot->patience_ns;
}

int store_commit(struct store *s, struct err *err)
{
	int first = 0;

	for (size_t i = 0; i < s->slots; i++) {
		int r = commit_slot(s, &s->slot[i], err);

		first = first < 0 ? first : r;
	}
	return first;
}

int store_end_log(struct store *s, struct store_slot *slot, struct err *err)
{
	int r = commit_once(s, slot, err);

	if (r == 0)
		end(s, slot);
	return r;
}

int store_end_logs(struct store *s, struct err *err)
{
	int first = 0;

	for (size_t i = 0; i < s->slots; i++) {
		int r = commit_slot(s, &s->slot[i], err);

		if (r == 0)
			end(s, &s->slot[i]);
		first = first < 0 ? first : r;
	}
	return first;
}

/* The number of the next log stays drawn, so that what failed stays void. */
void store_forget_log(struct store *s, struct store_slot *slot)
{
	end(s, slot);
}

int store_turn_hour(struct store *s, int64_t now_ns, struct err *err)
{
	int64_t hour = store_hour(now_ns);
	int r;

	if (hour == s->hour)
		return 0;
	r = store_end_logs(s, err);
	/* Rows that wait after a failure go to a log of the new hour. */
	s->hour = hour;
	return r;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

/* The slot has a log that takes rows. */
static int make_live(struct store *s, struct store_slot *slot, struct err *err)
{
	if (slot->failed)
		return move_rows(s, slot, err);
	return slot->log ? 0 : begin(s, slot, err);
}

/* So that rows that are all there already begin no log. */
static bool is_there(const struct store *s, const struct row_view *row)
{
	uint64_t sequence = row->id_lo << 8 >> 8;

	return sequence &&
	       sequence <= rowlog_marks_get(s->marks, (uint32_t)(row->id_hi >> 32),
					    (uint32_t)row->id_hi, (uint8_t)(row->id_lo >> 56));
}

static int add_row(struct store *s, struct store_slot *slot, const struct row_view *row,
		   int64_t now_ns, struct err *err)
{
	int r = 0;

	if (!slot->log && is_there(s, row))
		return 0;
	if (unlikely(is_patient(slot, now_ns)))
		return err_set(err, ERR_STORE_IO,
			       "rows of cluster %s could not be written, and are tried again later",
			       slot->cluster);
	if (!slot->log || slot->failed)
		r = with_room(s, slot, make_live, err);
	if (r < 0)
		return r;
	assert(slot->log);
	r = rowlog_add(slot->log, row, now_ns);
	if (r != -ENOBUFS)
		return r;
	r = commit_slot(s, slot, err);
	if (r == 0 && !slot->log)
		r = with_room(s, slot, make_live, err);
	return r < 0 ? r : rowlog_add(slot->log, row, now_ns);
}

int store_add(struct store *s, const char *cluster, const struct row_view *row, struct err *err)
{
	int64_t now_ns = store_now(s);
	struct store_slot *slot = NULL;
	int r;

	if (unlikely(s->full == FULL_REFUSE)) {
		s->rows_refused++;
		return err_set(err, ERR_STORE_FULL, "rows are refused until there is room again");
	}
	if (unlikely(row->fields > SEGMENT_COLUMNS_MAX))
		return err_set(err, ERR_LIMIT, "a row of %u fields; a segment has %d columns",
			       row->fields, SEGMENT_COLUMNS_MAX);
	r = store_turn_hour(s, now_ns, err);
	if (r == 0)
		r = slot_of(s, cluster, &slot, err);
	if (r < 0)
		return r;
	assert(slot);
	r = add_row(s, slot, row, now_ns, err);
	if (unlikely(r == -EBADMSG))
		return err_set(err, ERR_INTERNAL, "what cluster %s sent is no row", cluster);
	if (r <= 0)
		return r;
	if (slot->waits_ns == NEVER_NS)
		slot->waits_ns = now_ns;
	s->rows_shed += s->full != FULL_NOT;
	return 1;
}

/* ---- Time ------------------------------------------------------------------------------------ */

/* A clock that went back makes a commit due. */
static bool is_due(const struct store_slot *slot, int64_t now_ns)
{
	if (slot->waits_ns == NEVER_NS || is_patient(slot, now_ns))
		return false;
	return slot->failed || now_ns < slot->waits_ns ||
	       now_ns - slot->waits_ns >= STORE_COMMIT_NS;
}

static int commit_due(struct store *s, int64_t now_ns, struct err *err)
{
	int first = 0;

	for (size_t i = 0; i < s->slots && s->full != FULL_REFUSE; i++) {
		int r = is_due(&s->slot[i], now_ns) ? commit_slot(s, &s->slot[i], err) : 0;

		first = first < 0 ? first : r;
	}
	return first;
}

/* A log that does not become a segment now is tried again later, and its rows are read from it. */
static int compact_due(struct store *s, int64_t now_ns)
{
	struct err err = { .id = ERR_NONE };
	struct store_file *f = store_due(s, now_ns);

	if (!f)
		return 0;
	if (store_compact_log(s, f->number, &err) < 0)
		store_say(s, "a log does not become a segment yet: %s", err.text);
	return store_due(s, now_ns) != NULL;
}

int store_tick(struct store *s, struct err *err)
{
	int64_t now_ns = store_now(s);
	int r = store_turn_hour(s, now_ns, err);

	if (r == 0)
		r = commit_due(s, now_ns, err);
	store_look_at_room(s, now_ns);
	if (r == 0)
		r = s->grown ? store_retain(s, err) : store_retain_age(s, now_ns, err);
	if (r < 0)
		return r;
	if (s->sweep)
		(void)store_sweep(s);
	if (s->carriers)
		store_drop_carriers(s);
	return compact_due(s, now_ns);
}

int store_compact(struct store *s, struct err *err)
{
	const struct store_file *f;
	int r = store_end_logs(s, err);

	while (r == 0 && (f = store_due(s, INT64_MAX)))
		r = store_compact_log(s, f->number, err);
	if (s->carriers)
		store_drop_carriers(s);
	return r;
}
