#include <stdatomic.h>

#include "diptych_kernels.h"

// libgomp's stable entry points. `#pragma omp` would need a compiler flag that SwiftPM forbids in dependencies.
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern void omp_set_num_threads(int threads);

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

void diptych_set_threads(int threads) { omp_set_num_threads(threads); }
