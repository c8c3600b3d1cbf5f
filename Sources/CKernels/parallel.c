#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "diptych_kernels.h"

// libgomp's stable entry points. `#pragma omp` would need a compiler flag that SwiftPM forbids in dependencies.
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern void omp_set_num_threads(int threads);
extern int omp_get_num_procs(void);

typedef struct {
    void (*body)(void *context, size_t index);
    void *context;
    size_t count;
    atomic_size_t next;
} work;

static void drain(void *data) {
    work *w = data;
    for (;;) {
        size_t index = atomic_fetch_add_explicit(&w->next, 1, memory_order_relaxed);
        if (index >= w->count) return;
        w->body(w->context, index);
    }
}

void diptych_parallel(int threads, size_t count, void (*body)(void *context, size_t index), void *context) {
    if (threads <= 1 || count <= 1) {
        for (size_t i = 0; i < count; i++) body(context, i);
        return;
    }
    work w = {body, context, count, 0};
    GOMP_parallel(drain, &w, (unsigned)((size_t)threads < count ? (size_t)threads : count), 0);
}

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
    pthread_sigmask(SIG_SETMASK, &all, &before);  // signals go to threads that have something to do with them
    pthread_t thread;
    if (pthread_create(&thread, 0, stay_parked, (void *)size) == 0) pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, 0);
}

void diptych_set_threads(int threads) {
    omp_set_num_threads(threads);
    keep_spinning_short(threads);
}
