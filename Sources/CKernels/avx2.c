#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define LANES 8
#define PANEL 2
#define KERNEL(name) name##_avx2
#include "vector_kernels.h"
#pragma clang attribute pop
#endif
