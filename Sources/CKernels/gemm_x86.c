// Products of packed weights with AVX-512: one tile for all operands, which differ in the instruction that multiplies the
// four bytes of a step and adds.
#if defined(__x86_64__)
#include <immintrin.h>

#include "gemm_internal.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c"), \
                                            min_vector_width(512))), apply_to = function)
#define LANES 16
#include "activation_x86.h"

INLINE __m256i narrowed(__m512 y) {
    const __m512i bits = _mm512_castps_si512(y), high = _mm512_srli_epi32(bits, 16);
    const __m512i odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
    const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    const __mmask16 nan = _mm512_cmp_ps_mask(y, y, _CMP_UNORD_Q);
    const __m512i rounded = _mm512_srli_epi32(sum, 16);
    return _mm512_cvtepi32_epi16(_mm512_mask_or_epi32(rounded, nan, high, _mm512_set1_epi32(0x40)));
}
#pragma clang attribute pop

#define PRODUCT f32
#define FEATURES "avx512f,avx512bw,avx512dq,avx512vl,fma,f16c"
#define OPERAND DIPTYCH_OPERAND_F32
#define NARROW(y) narrowed(y)
#define MULTIPLY_ADD(sum, weights, x) \
    _mm512_castps_si512(_mm512_fmadd_ps(_mm512_castsi512_ps(weights), _mm512_castsi512_ps(x), _mm512_castsi512_ps(sum)))
#include "gemm_tile.h"

#define PRODUCT bf16
#define FEATURES "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma,f16c"
#define OPERAND DIPTYCH_OPERAND_BF16
#define NARROW(y) ((__m256i)_mm512_cvtneps_pbh(y))
#define MULTIPLY_ADD(sum, weights, x) \
    _mm512_castps_si512(_mm512_dpbf16_ps(_mm512_castsi512_ps(sum), (__m512bh)(weights), (__m512bh)(x)))
#include "gemm_tile.h"

#define PRODUCT i8
#define FEATURES "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma,f16c"
#define OPERAND DIPTYCH_OPERAND_I8
#define NARROW(y) narrowed(y)
#define MULTIPLY_ADD(sum, weights, x) _mm512_dpbusd_epi32(sum, weights, x)
#include "gemm_tile.h"

// On processors that narrow floats to bfloat16 as well.
#define PRODUCT i8_bf16
#define FEATURES "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,fma,f16c"
#define OPERAND DIPTYCH_OPERAND_I8
#define NARROW(y) ((__m256i)_mm512_cvtneps_pbh(y))
#define MULTIPLY_ADD(sum, weights, x) _mm512_dpbusd_epi32(sum, weights, x)
#include "gemm_tile.h"
#endif
