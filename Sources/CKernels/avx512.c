#if defined(__x86_64__)
// 512-bit vectors throughout: without the preference the compiler halves them.
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c"), \
                                            min_vector_width(512))), apply_to = function)
#define LANES 16
#define PANEL 4
#define KERNEL(name) name##_avx512
#include "vector_kernels.h"
#pragma clang attribute pop
#endif
