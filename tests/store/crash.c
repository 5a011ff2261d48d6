/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash [--rounds N] [--seed S] [kill|fault]: kills whoever writes to a store, at any
 * moment, and asks that nothing acknowledged is lost, nothing doubled, and nothing destroyed comes
 * back. kill: the process is killed. fault: its disk dies with it, and loses what was not synced,
 * sectors and names; or errs, is full, or lies before.
 */
#include "crash.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Rounds with one state directory, after which a new one is begun. */
#define ROUNDS_A_LIFE 8
#define START_NS      (INT64_C(490000) * KEYSTORE_HOUR_NS)
#define SOON_NS       (2 * NS_PER_MS)

uint64_t crash_seed;

static struct life life;
static struct chance chance;

/* ---- A life ---------------------------------------------------------------------------------- */

static void on_said(void *owner, const char *text)
{
	(void)buf_printf(&((struct life *)owner)->said, "%s\n", text);
}

static int64_t clock_now(void *owner)
{
	return ((struct life *)owner)->now_ns;
}

void crash_conf(const struct life *of, struct store_conf *conf)
{
	*conf = (struct store_conf){ .dir = of->dir,
				     .root = of->root,
				     .create = true,
				     .keep = { .bytes = GIB },
				     .rest_ns = STORE_REST_NS };
	for (unsigned p = 0; p < ROW_PARTS; p++)
		conf->keep.part_ns[p] = keep_ns(p);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

static void make_dir(char out[PATH_BYTES], const char *name)
{
	(void)snprintf(out, PATH_BYTES, "%.40s/%s", life.base, name);
	(void)mkdir(out, 0700);
}

static void end_life(void)
{
	if (life.base[0] != '\0')
		(void)nftw(life.base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void begin_life(void)
{
	static const struct {
		unsigned cluster;
		uint32_t agent;
		uint8_t shard;
	} streams[STREAMS] = { { 0, 1, 0 }, { 0, 1, 1 }, { 0, 2, 0 },
			       { 1, 3, 0 }, { 1, 4, 0 }, { 1, 4, 7 } };
	uint64_t acked_rows = life.acked_rows, rounds = life.rounds;
	char path[PATH_BYTES];
	struct err err;

	end_life();
	buf_done(&life.said);
	memset(&life, 0, sizeof(life));
	buf_init(&life.said, MIB);
	life.acked_rows = acked_rows;
	life.rounds = rounds;
	life.now_ns = START_NS;
	(void)snprintf(life.base, sizeof(life.base), "%s/crash-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(life.base))
		crash_wrong(&life, "no directory can be made");
	(void)snprintf(life.dir, sizeof(life.dir), "%.40s/state", life.base);
	(void)snprintf(life.key, sizeof(life.key), "%.40s/root.key", life.base);
	make_dir(life.undo, "undo");
	make_dir(life.copy, "copy");
	make_dir(path, "copy/log");
	make_dir(path, "copy/segments");
	make_dir(path, "copy/keys");
	life.root.key_file = life.key;
	if (keystore_make_key_file(life.key, &err) < 0)
		crash_wrong(&life, "%s", err.text);
	for (unsigned i = 0; i < STREAMS; i++) {
		life.stream[i].cluster = streams[i].cluster;
		life.stream[i].agent = streams[i].agent;
		life.stream[i].shard = streams[i].shard;
		life.stream[i].epoch = (uint32_t)chance_of(&chance, 3) + 1;
	}
}

/* ---- A child --------------------------------------------------------------------------------- */

/* All that it told, up to its end; after `enough` it is killed, a moment later. */
static void listen_to(int fd, pid_t pid, uint64_t enough)
{
	struct told told;
	uint64_t n = 0;
	ssize_t got;

	while ((got = read(fd, &told, sizeof(told))) == (ssize_t)sizeof(told)) {
		crash_note(&life, &told);
		if (++n == enough) {
			struct timespec wait = { 0, (long)chance_of(&chance, SOON_NS) };

			(void)nanosleep(&wait, NULL);
			(void)kill(pid, SIGKILL);
		}
	}
	if (got != 0)
		crash_wrong(&life, "a child told half a sentence");
}

static void expect_end(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		crash_wrong(&life, "a child cannot be waited for");
	if (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == DIED))
		return;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return;
	crash_wrong(&life, "a child ended with status %x", (unsigned)status);
}

static void run_child(const struct disk_plan *plan, uint64_t enough)
{
	uint64_t seed = chance_of(&chance, UINT64_MAX);
	int pipe_fd[2];
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		crash_wrong(&life, "there is no pipe");
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		(void)close(pipe_fd[0]);
		crash_work(&life, plan, seed, pipe_fd[1]);
	}
	(void)close(pipe_fd[1]);
	listen_to(pipe_fd[0], pid, enough);
	(void)close(pipe_fd[0]);
	expect_end(pid);
}

static void run_recovery(const struct disk_plan *plan)
{
	pid_t pid = fork();

	if (pid == 0)
		crash_recovery(&life, plan);
	expect_end(pid);
}

/* ---- A round --------------------------------------------------------------------------------- */

static struct disk_plan make_plan(bool fault)
{
	struct disk_plan plan = { .losing = fault, .seed = chance_of(&chance, UINT64_MAX) };

	memcpy(plan.dir, life.dir, sizeof(plan.dir));
	memcpy(plan.undo, life.undo, sizeof(plan.undo));
	return plan;
}

/* One thing goes wrong in a round, if any; a disk that lies does so near its end. */
static struct disk_plan plan_fault(void)
{
	struct disk_plan plan = make_plan(true);

	plan.die_at = 20 + chance_of(&chance, 400);
	switch (chance_of(&chance, 6)) {
	case 0:
		plan.eio_at = 10 + chance_of(&chance, 60);
		break;
	case 1:
		plan.full_at = 10 + chance_of(&chance, 100);
		plan.full_for = 1 + chance_of(&chance, 12);
		break;
	case 2:
		/* After a lie nothing can be asked of the store: it is the last round. */
		if (life.rounds % ROUNDS_A_LIFE == ROUNDS_A_LIFE - 1)
			plan.lie_at = 10 + chance_of(&chance, 60);
		break;
	default:
		break;
	}
	return plan;
}

static void work(bool fault)
{
	struct disk_plan plan;

	if (fault) {
		plan = plan_fault();
		run_child(&plan, 0);
	} else if (chance_of(&chance, 2)) {
		plan = make_plan(false);
		run_child(&plan, 1 + chance_of(&chance, 400));
	} else {
		plan = make_plan(false);
		plan.die_at = 1 + chance_of(&chance, 400);
		run_child(&plan, 0);
	}
}

static void recover(void)
{
	struct err err = { .id = ERR_NONE };
	struct store_conf conf;
	struct store *store = NULL;

	crash_conf(&life, &conf);
	conf.now = clock_now;
	conf.said = on_said;
	conf.owner = &life;
	if (store_open(&conf, &store, &err) < 0)
		crash_wrong(&life, "it cannot be opened: %s", err.text);
	crash_read(&life, "after", true);
	if (chance_of(&chance, 3) == 0) {
		if (store_compact(store, &err) < 0)
			crash_wrong(&life, "it cannot be compacted: %s", err.text);
		crash_read(&life, "compacted", true);
	}
	if (store_close(store, &err) < 0)
		crash_wrong(&life, "it cannot be closed: %s", err.text);
}

static void run_round(bool fault)
{
	struct disk_plan plan = make_plan(fault);

	buf_clear(&life.said);
	work(fault);
	crash_read(&life, "before", false);
	while (chance_of(&chance, 3) == 0) {
		plan.die_at = 1 + chance_of(&chance, 40);
		plan.seed++;
		run_recovery(&plan);
	}
	recover();
	crash_verify(&life);
	crash_read_copy(&life);
	life.rounds++;
}

/* ---- Arguments ------------------------------------------------------------------------------- */

static int usage(void)
{
	(void)fprintf(stderr, "crash [--rounds N] [--seed S] [kill|fault]\n");
	return 2;
}

static bool number(int argc, char **argv, int *i, const char *name, uint64_t *out)
{
	if (strcmp(argv[*i], name) != 0 || *i + 1 >= argc)
		return false;
	return str_to_u64(str_of(argv[++*i]), out) == 0;
}

int main(int argc, char **argv)
{
	uint64_t rounds = 10, seed = 1;
	bool fault = false;

	for (int i = 1; i < argc; i++) {
		if (number(argc, argv, &i, "--rounds", &rounds) ||
		    number(argc, argv, &i, "--seed", &seed))
			continue;
		fault = strcmp(argv[i], "fault") == 0;
		if (!fault && strcmp(argv[i], "kill") != 0)
			return usage();
	}
	crash_seed = seed;
	chance.state = seed;
	for (uint64_t i = 0; i < rounds; i++) {
		if (i % ROUNDS_A_LIFE == 0)
			begin_life();
		run_round(fault);
	}
	end_life();
	(void)printf(
		"%llu rounds of %s: %llu rows were acknowledged, and none was lost or doubled\n",
		(unsigned long long)rounds, fault ? "fault" : "kill",
		(unsigned long long)life.acked_rows);
	return 0;
}
