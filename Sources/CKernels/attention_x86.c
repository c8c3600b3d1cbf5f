// Attention with AVX-512: both of its products in tiles of six rows, in floats or in pairs of bfloat16.
#if defined(__x86_64__)
#include <immintrin.h>

#include "internal.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c"), \
                                            min_vector_width(512))), apply_to = function)
#define LANES 16
#include "vector_math.h"

// Sixteen rows of sixteen words, transposed.
INLINE void transpose_words(__m512i *r) {
    __m512i t[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
        r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
        r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
        r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
        r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
    }
}
#pragma clang attribute pop

#define PRODUCT f32
#define FEATURES "avx512f,avx512bw,avx512dq,avx512vl,fma,f16c"
#define TYPE DIPTYCH_F32
#define MULTIPLY_ADD(sum, step, x) _mm512_fmadd_ps(_mm512_castsi512_ps(step), _mm512_castsi512_ps(x), sum)
#include "attention_tile.h"

#define PRODUCT bf16
#define FEATURES "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma,f16c"
#define TYPE DIPTYCH_BF16
#define MULTIPLY_ADD(sum, step, x) _mm512_dpbf16_ps(sum, (__m512bh)(step), (__m512bh)(x))
#include "attention_tile.h"
#endif
