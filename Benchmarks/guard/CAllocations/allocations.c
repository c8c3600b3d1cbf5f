#include "allocations.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>

static atomic_size_t calls, bytes;

size_t diptych_allocation_calls(void) { return atomic_load_explicit(&calls, memory_order_relaxed); }
size_t diptych_allocation_bytes(void) { return atomic_load_explicit(&bytes, memory_order_relaxed); }

__attribute__((noinline)) void diptych_guard_measured(void (*body)(void *context), void *context) {
    body(context);
    __asm__ volatile("");  // no tail call: the function must still be on the stack
}

#if defined(__GLIBC__)
// A program's own malloc is used by all its libraries; glibc offers its own under these names for that purpose.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static void count(size_t size) {
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&bytes, size, memory_order_relaxed);
}

void *malloc(size_t size) {
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    count(size);
    return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    count(size);
    *block = __libc_memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}
#endif
