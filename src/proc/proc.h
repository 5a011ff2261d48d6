/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc: role programs, each exec'd fresh and holding only what its row of the profile table grants.
 * A parent starts a role, hands it descriptors over a channel, and shares with it rings of bytes
 * and a page of counters that outlives it. A required layer of the sandbox that is missing stops
 * the start; nothing here fails open.
 */
#ifndef REDOUBT_PROC_H
#define REDOUBT_PROC_H

#include <stdatomic.h>
#include <sys/types.h>

#include "base/base.h"

/* ---- Profiles -------------------------------------------------------------------------------- */

/*
 * R(name, program, uid offset, address space bytes or 0, descriptors kept after the start,
 * syscalls) Required for all: no capability at all, no_new_privs, a seccomp filter of exactly the
 * named calls, undumpable, death with the parent. Used where the platform gives them: a uid of its
 * own (when started as root) and Landlock with nothing allowed. A call outside the list kills. In a
 * build with sanitizers there is no limit of the address space and no Landlock, the runtime's calls
 * are added, and other calls fail instead of killing, so that a report gets out.
 *
 * Some calls are narrower than their names: memory is never executable and never a file's, nothing
 * is read from stderr, signals go to the process itself. What libc does behind one's back counts:
 * the first byte through a buffered stdio stream asks what file it is, and dies.
 */
#define PROC_ROLE_TABLE(R)                                                                         \
	R(DISSECT, "redoubt-dissect", 1, 1 * GIB, 16,                                              \
	  CALLS(read, write, poll, ppoll, futex, munmap, mremap, mprotect, madvise, brk,           \
		mmap_anonymous, close, clock_gettime, restart_syscall, rt_sigreturn,               \
		rt_sigprocmask, tgkill, exit, exit_group, getrandom, gettid, getpid))              \
	R(QUERY, "redoubt-query", 2, 1 * GIB, 64,                                                  \
	  CALLS(read, write, pread64, lseek, recvmsg, sendmsg, poll, ppoll, futex, munmap, mremap, \
		mprotect, madvise, brk, mmap_anonymous, close, clock_gettime, restart_syscall,     \
		rt_sigreturn, rt_sigprocmask, tgkill, exit, exit_group, getrandom, gettid,         \
		getpid))

enum proc_role {
#define PROC_ROLE_ENUM(name, ...) PROC_ROLE_##name,
	PROC_ROLE_TABLE(PROC_ROLE_ENUM) PROC_ROLE_COUNT
};

/* Layers of the sandbox, as bits. Required, but where it says otherwise. */
enum proc_layer {
	PROC_NO_NEW_PRIVS = 1 << 0,
	PROC_NO_CAPS = 1 << 1,
	PROC_SECCOMP = 1 << 2,
	PROC_UNDUMPABLE = 1 << 3,
	PROC_LANDLOCK = 1 << 4, /* not required */
	PROC_OWN_UID = 1 << 5,  /* not required */
	PROC_LIMITS = 1 << 6,
};
/* "limits,no-caps,undumpable,…" */
void proc_layers_format(unsigned layers, struct buf *out);

/* Called by a role's main once it has its descriptors: closes every descriptor but 0, 1, 2 (0 and 1
 * are /dev/null) and those in keep, drops everything else, and locks it. *layers gets what is in
 * force. Answers 0, or ERR_SANDBOX with the layer that is missing: the program must end then. */
[[nodiscard]] int proc_enter(enum proc_role role, const int *keep, size_t keeps, unsigned *layers,
			     struct err *err);

/* For a program that is no role and holds keys: no core file, and no other process of this user may
 * trace it or read its memory (the latter not under sanitizers, which trace themselves). 0 or
 * ERR_SANDBOX. Not inherited by what it executes. */
[[nodiscard]] int proc_undumpable(struct err *err);

/* ---- Starting a role ------------------------------------------------------------------------- */

/* The descriptor on which a started role finds its channel. */
#define PROC_CHANNEL_FD  3
#define PROC_MESSAGE_MAX 4096
#define PROC_FDS_MAX     16

struct proc {
	pid_t pid;
	int pid_fd;     /* readable when it ended */
	int channel_fd; /* SOCK_SEQPACKET, message by message */
	int stderr_fd;  /* what it writes to its standard error; neither end ever blocks */
};

#define PROC_NONE ((struct proc){ -1, -1, -1, -1 })

/* Executes the role's program from the directory of our own executable, with an empty environment
 * (but for the sanitizers' options in such builds), 0 and 1 on /dev/null, 2 on a pipe to us, and
 * nothing else inherited. Answers 0 or ERR_ROLE_START; that also in a process that was given rights
 * by its file (setuid, setgid, capabilities), whose user may not be trusted with them. */
[[nodiscard]] int proc_start(enum proc_role role, struct proc *out, struct err *err);
/* Waits until it ended, at most timeout_ms (-1: for ever). Returns 0 with *status as waitpid()
 * gives it, or -ETIMEDOUT. */
[[nodiscard]] int proc_wait(struct proc *p, int timeout_ms, int *status);
/* "exited with status 3", "killed by signal 11 (Segmentation fault)", "killed by its sandbox". */
void proc_status_format(int status, struct buf *out);
/* Kills it where it still runs, reaps it, closes its descriptors. */
void proc_stop(struct proc *p);

/* One message with descriptors. They are not closed here, and those received are close-on-exec. */
[[nodiscard]] int channel_send(int channel_fd, const void *msg, size_t bytes, const int *fds,
			       size_t n);
/* Returns the message's bytes (0: the other end is gone); *n is the room in fds and gets what came.
 * A message or a count larger than the room is -EMSGSIZE, and everything in it is closed. */
[[nodiscard]] ssize_t channel_receive(int channel_fd, void *msg, size_t room, int *fds, size_t *n);

/* ---- Rings: one writer, one reader, bytes in order ------------------------------------------- */

/*
 * The data area is mapped twice in a row, so whatever is readable or writable is contiguous:
 *
 *      | page: head tail flags | data ............ | data again ...... |
 *                                    ^tail    ^head
 * Invariant: 0 <= head - tail <= size, both only grow. The other side may be hostile: each side
 * keeps its own position privately, and checks the other's before it is used. Within one process
 * one struct may serve both sides.
 */

/* The shared page. Each side writes a line of its own; a sleeper sets its flag, who wakes it clears
 * it. */
struct ring_page {
	_Alignas(64) _Atomic uint64_t head;
	_Atomic uint32_t ended; /* the writer's, as head is */
	_Alignas(64) _Atomic uint64_t tail;
	_Alignas(64) _Atomic uint32_t reader_sleeps;
	_Alignas(64) _Atomic uint64_t writer_wants; /* 0, or the tail that wakes the writer */
};

struct ring {
	struct ring_page *page;
	uint8_t *data;
	size_t size;           /* a power of two, at least one page, at most RING_SIZE_MAX */
	uint64_t head, tail;   /* ours, and the other's as last seen and checked */
	uint64_t flushed;      /* head when the reader was last looked after */
	bool broken;           /* the other side's position was impossible */
	int memory_fd;         /* -1 once let go */
	int data_fd, space_fd; /* eventfds: something to read, room to write */
};

#define RING_SIZE_MAX GIB
#define RING_FDS      3

/* Makes a ring in a sealed memory file. Answers 0 or negative with *err. */
[[nodiscard]] int ring_create(size_t size, struct ring *out, struct err *err);
/* Maps a ring that came over a channel, RING_FDS descriptors as ring_fds() gave them; they belong
 * to the ring then, and the memory's is closed at once. When it fails all three are closed. */
[[nodiscard]] int ring_attach(const int fds[RING_FDS], size_t size, struct ring *out,
			      struct err *err);
void ring_fds(const struct ring *r, int fds[RING_FDS]);
void ring_done(struct ring *r);

/* The slow halves of the two below. */
uint8_t *ring_reserve_again(struct ring *r, size_t n);
void ring_publish_half(struct ring *r);

/* Writer: n contiguous bytes, or NULL when there is no room now (or never, n > size). */
static inline uint8_t *ring_reserve(struct ring *r, size_t n)
{
	if (unlikely(n > r->size - (r->head - r->tail)))
		return ring_reserve_again(r, n);
	return r->data + (r->head & (r->size - 1));
}

/* Writer: n reserved bytes are readable now. The reader is woken when it sleeps and half of the
 * ring is full; for less, call ring_flush(). */
static inline void ring_publish(struct ring *r, size_t n)
{
	if (unlikely(r->broken))
		return;
	assert(n <= r->size - (r->head - r->tail));
	r->head += n;
	atomic_store_explicit(&r->page->head, r->head, memory_order_release);
	if (unlikely(r->head - r->tail >= r->size / 2))
		ring_publish_half(r);
}

/* Room for writing now. */
size_t ring_room(struct ring *r);
/* Writer: wakes a sleeping reader if there is anything to read. */
void ring_flush(struct ring *r);
/* Writer: nothing will follow. */
void ring_end(struct ring *r);
/* Writer: sleeps until n bytes are free, at most timeout_ms (-1: for ever); 0, -ETIMEDOUT, -EPIPE
 * when the ring is broken, -EMSGSIZE when n > size. Wakes the reader first, and is itself woken
 * when half of the ring is free or the reader sleeps, not for every row that was read. */
[[nodiscard]] int ring_wait_room(struct ring *r, size_t n, int timeout_ms);

/* Reader: all that is readable, contiguous; valid until consumed. */
struct str ring_readable(struct ring *r);
/* Reader: n bytes are done with. A waiting writer is woken when what it waits for is free. n is at
 * most what ring_readable() gave; on a broken ring this does nothing. */
void ring_consume(struct ring *r, size_t n);
/* Reader: true when the writer ended and everything was consumed; a broken ring never ends. */
bool ring_ended(struct ring *r);
/* Reader: sleeps until more than `have` bytes are readable or the writer ended; 0, -ETIMEDOUT,
 * -EPIPE. Who has a full ring and waits for more has met a broken one. */
[[nodiscard]] int ring_wait_data(struct ring *r, size_t have, int timeout_ms);
/* For a caller's own poll(): says that the side will sleep on data_fd (or space_fd). Returns true
 * when there is something to do already, and nothing should be waited for. */
bool ring_sleep_reader(struct ring *r, size_t have);
bool ring_sleep_writer(struct ring *r, size_t need);
/* Empties the eventfd after poll() said so. */
void ring_woken(int event_fd);

/* ---- Pages: a shared struct that outlives its writer ----------------------------------------- */

/* A sealed memory file of `bytes` zeroes, mapped. */
[[nodiscard]] int page_create(size_t bytes, void **out, int *fd, struct err *err);
/* Maps one that came over a channel; the descriptor stays the caller's. */
[[nodiscard]] int page_attach(int fd, size_t bytes, void **out, struct err *err);
void page_done(void *p, size_t bytes);

#endif
