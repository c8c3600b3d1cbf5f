// Loops over all cores. Each thread that calls has a team of its own, whose workers wait for its next loop.
//
// A pass of a model is a hundred loops of a few microseconds to a few milliseconds, one after the other. So workers spin for
// some microseconds when a loop ends, for the next one mostly begins by then, and sleep after that: spinning longer would take
// the very time that a busy neighbour's processes need. And nobody waits for a worker that has not come: who comes late
// finds the loop closed.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <sched.h>
#endif

#include "diptych_kernels.h"

// Waiting.

// Pauses, of some twenty nanoseconds each: for workers about as long as it takes to wake one; longer for the thread that waits
// for the last of them, which are at work.
enum { spins = 600, last_spins = 3000 };

static inline void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void sleep_while(_Atomic uint32_t *word, uint32_t value) {
#if defined(__linux__)
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, 0, 0, 0);
#else
    if (atomic_load(word) == value) sched_yield();
#endif
}

static void wake(_Atomic uint32_t *word, int count) {
#if defined(__linux__)
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, 0, 0, 0);
#else
    (void)word, (void)count;
#endif
}

// Teams.

typedef struct {
    // The loop, which only those read who have joined it.
    void (*body)(void *context, size_t index);
    void *context;
    size_t count;
    _Alignas(64) atomic_size_t next;
    // Counts loops; workers wait for it to change.
    _Alignas(64) _Atomic uint32_t loop;
    _Atomic uint32_t sleepers;
    // Who may join and who has: the number of the loop, whether it is open, how many may still come, how many are at work.
    _Alignas(64) _Atomic uint64_t state;
    _Atomic uint32_t finished;  // changes when the last worker leaves a closed loop
    atomic_bool stops;
    int size;               // workers
    pthread_t *workers;
} team;

#define STATE(loop, open, places, active) \
    ((uint64_t)(loop) << 32 | (uint64_t)(open) << 31 | (uint64_t)(places) << 16 | (uint64_t)(active))
enum { most_workers = 4095 };
static inline uint32_t loop_of(uint64_t state) { return (uint32_t)(state >> 32); }
static inline bool is_open(uint64_t state) { return state >> 31 & 1; }
static inline uint32_t places_of(uint64_t state) { return state >> 16 & 0x7fff; }
static inline uint32_t active_of(uint64_t state) { return state & 0xffff; }

static _Thread_local int thread_index;
static _Thread_local bool is_inside;
static _Thread_local team *own;

int diptych_thread_index(void) { return thread_index; }

static void drain(team *t) {
    for (;;) {
        const size_t index = atomic_fetch_add_explicit(&t->next, 1, memory_order_relaxed);
        if (index >= t->count) return;
        t->body(t->context, index);
    }
}

// Joins the loop if it is open and has a place; the number of the place, from 1, or 0.
static int join(team *t, uint32_t loop) {
    uint64_t state = atomic_load(&t->state);
    while (loop_of(state) == loop && is_open(state) && places_of(state) > 0)
        if (atomic_compare_exchange_weak(&t->state, &state, state - STATE(0, 0, 1, 0) + 1)) return (int)places_of(state);
    return 0;
}

static void leave(team *t) {
    const uint64_t state = atomic_fetch_sub(&t->state, 1) - 1;
    if (!is_open(state) && active_of(state) == 0) {
        atomic_fetch_add(&t->finished, 1);
        wake(&t->finished, 1);
    }
}

static void *work(void *argument) {
    team *t = argument;
    uint32_t seen = 0;
    is_inside = true;
    for (;;) {
        int turns = 0;
        while (atomic_load(&t->loop) == seen && !atomic_load(&t->stops)) {
            if (turns++ < spins) {
                pause_briefly();
                continue;
            }
            atomic_fetch_add(&t->sleepers, 1);
            if (!atomic_load(&t->stops)) sleep_while(&t->loop, seen);
            atomic_fetch_sub(&t->sleepers, 1);
        }
        if (atomic_load(&t->stops)) return 0;
        seen = atomic_load(&t->loop);
        thread_index = join(t, seen);
        if (thread_index == 0) continue;
        drain(t);
        leave(t);
    }
}

static void dismiss(void *argument) {
    team *t = argument;
    own = 0;
    atomic_store(&t->stops, true);
    atomic_fetch_add(&t->loop, 1);
    wake(&t->loop, most_workers);
    for (int i = 0; i < t->size; i++) pthread_join(t->workers[i], 0);
    free(t->workers);
    free(t);
}

static pthread_key_t at_exit;
static void make_key(void) { pthread_key_create(&at_exit, dismiss); }

// The team of this thread with at least so many workers, or as many as the system grants; null where there is none.
static team *team_of(int workers) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (!own) {
        pthread_once(&once, make_key);
        team *made = aligned_alloc(64, (sizeof *made + 63) / 64 * 64);
        if (!made) return 0;
        *made = (team){0};
        own = made;
        pthread_setspecific(at_exit, made);  // ends the workers with the thread
    }
    if (own->size >= workers) return own;
    pthread_t *more = realloc(own->workers, (size_t)workers * sizeof *more);
    if (!more) return own;
    own->workers = more;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // signals go to threads that have something to do with them
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 8 << 20);
    while (own->size < workers && pthread_create(own->workers + own->size, &attributes, work, own) == 0) own->size++;
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, 0);
    return own;
}

void diptych_parallel(int threads, size_t count, void (*body)(void *context, size_t index), void *context) {
    if (threads > most_workers) threads = most_workers;
    if ((size_t)threads > count) threads = (int)count;
    // A loop inside a loop has the cores already.
    team *t = threads > 1 && !is_inside ? team_of(threads - 1) : 0;
    if (!t || t->size == 0) {
        const int index = thread_index;
        thread_index = 0;
        for (size_t i = 0; i < count; i++) body(context, i);
        thread_index = index;
        return;
    }
    t->body = body;
    t->context = context;
    t->count = count;
    atomic_store_explicit(&t->next, 0, memory_order_relaxed);
    const uint32_t loop = atomic_load(&t->loop) + 1;
    atomic_store(&t->state, STATE(loop, 1, threads - 1, 0));
    atomic_store(&t->loop, loop);
    if (atomic_load(&t->sleepers) > 0) wake(&t->loop, threads - 1);
    is_inside = true;
    drain(t);
    is_inside = false;
    atomic_fetch_and(&t->state, ~STATE(0, 1, 0, 0));
    for (int turns = 0;; turns++) {
        const uint32_t finished = atomic_load(&t->finished);
        if (active_of(atomic_load(&t->state)) == 0) return;
        if (turns < last_spins) pause_briefly();
        else sleep_while(&t->finished, finished);
    }
}

// libgomp's stable entry points, for the team that oneDNN calls. `#pragma omp` would need a compiler flag that SwiftPM
// forbids in dependencies.
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern void omp_set_num_threads(int threads);
extern int omp_get_num_procs(void);

static void nothing(void *data) { (void)data; }

static void *stay_parked(void *size) {
    GOMP_parallel(nothing, 0, (unsigned)(size_t)size, 0);
    for (;;) pause();
    return 0;
}

// libgomp's threads spin for milliseconds at the end of every parallel region before they sleep, and only briefly once
// it knows of more threads than processors. While another process wants the cores too, the long spin burns the very time
// that the thread they wait for needs: ten times slower with one busy neighbour was measured, and no gain without one.
// The environment variables that set this are read before main, so the team that tips the balance is made here: it
// sleeps for good.
static void keep_spinning_short(int threads) {
    static atomic_flag done = ATOMIC_FLAG_INIT;
    if (threads <= 1 || atomic_flag_test_and_set(&done)) return;
    int spare = omp_get_num_procs() - threads;
    size_t size = (size_t)(spare > 0 ? spare : 0) + 2;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    if (pthread_create(&thread, 0, stay_parked, (void *)size) == 0) pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, 0);
}

void diptych_set_threads(int threads) {
    omp_set_num_threads(threads);
    keep_spinning_short(threads);
}
