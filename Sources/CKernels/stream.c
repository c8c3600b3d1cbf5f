// Streams over long arrays: the scalar twin, and the split over threads.
#include "stream_internal.h"

#include <stdatomic.h>

#include "internal.h"

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

uint32_t stream_scalar(diptych_stream_pattern pattern, uint32_t *a, const uint32_t *b, const uint32_t *c, size_t count) {
    uint32_t sum = 0;
    switch (pattern) {
    case DIPTYCH_STREAM_FILL:
        for (size_t i = 0; i < count; i++) a[i] = bits_of(1);
        break;
    case DIPTYCH_STREAM_READ:
        for (size_t i = 0; i < count; i++) sum += a[i];
        break;
    case DIPTYCH_STREAM_COPY: memcpy(a, b, count * 4); break;
    case DIPTYCH_STREAM_TRIAD:
        for (size_t i = 0; i < count; i++) a[i] = bits_of(float_of(b[i]) + 3 * float_of(c[i]));
        break;
    }
    return sum;
}

#if defined(__x86_64__)
#define CHOOSE(isa) ((isa) == DIPTYCH_ISA_AVX512 ? stream_avx512 : (isa) == DIPTYCH_ISA_AVX2 ? stream_avx2 : stream_scalar)
#else
#define CHOOSE(isa) stream_scalar
#endif

typedef struct {
    diptych_isa isa;
    diptych_stream_pattern pattern;
    uint32_t *a;
    const uint32_t *b, *c;
    size_t count, share, repeats;
    uint32_t sum;
} stream_work;

static void stream_task(void *context, size_t index) {
    stream_work *w = context;
    size_t first = index * w->share < w->count ? index * w->share : w->count;
    size_t count = w->count - first < w->share ? w->count - first : w->share;
    uint32_t sum = 0;
    for (size_t i = 0; i < w->repeats; i++) {
        sum = CHOOSE(w->isa)(w->pattern, w->a + first, w->b ? w->b + first : 0, w->c ? w->c + first : 0, count);
        // The compiler must not drop repetitions whose result it knows.
        __asm__ volatile("" : "+r"(sum) : "r"(w->a), "r"(w->b), "r"(w->c) : "memory");
    }
    __atomic_fetch_add(&w->sum, sum, __ATOMIC_RELAXED);
}

uint32_t diptych_stream(diptych_isa isa, int threads, diptych_stream_pattern pattern, uint32_t *a, const uint32_t *b,
                        const uint32_t *c, size_t count, size_t repeats) {
    size_t parts = threads > 1 ? (size_t)threads : 1;
    // Whole cache lines, so that no two threads write to the same one.
    size_t share = round_up((count + parts - 1) / parts, 16);
    stream_work w = {isa, pattern, a, b, c, count, share, repeats, 0};
    diptych_parallel(threads, parts, stream_task, &w);
    return w.sum;
}

typedef struct {
    atomic_int arrived;
    int threads;
} meeting;

// A thread that finds nothing left to do would not come at all: all wait until the last is there, but not for ever.
static void meet(void *context, size_t index) {
    (void)index;
    meeting *m = context;
    atomic_fetch_add(&m->arrived, 1);
    for (int turns = 0; turns < 1 << 20 && atomic_load(&m->arrived) < m->threads; turns++) {
    }
}

void diptych_team_start(int threads, size_t repeats) {
    if (threads < 1) threads = 1;
    for (size_t i = 0; i < repeats; i++) {
        meeting m = {0, threads};
        diptych_parallel(threads, (size_t)threads, meet, &m);
    }
}
