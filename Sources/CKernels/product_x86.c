// Products of packed weights with AVX-512: one tile for all operands, which differ in the instruction that multiplies the
// four bytes of a step and adds.
#if defined(__x86_64__)
#include <immintrin.h>

#include "product_internal.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma,f16c"), \
                                            min_vector_width(512))), apply_to = function)
#define LANES 16
#include "vector_math.h"

// 1 / x, to a part in 16,000 where that is enough.
INLINE vec inverse_of(vec x, const bool roughly) { return roughly ? (vec)_mm512_rcp14_ps((__m512)x) : 1 / x; }

// x / (1 + e^z), z held where e^z is finite.
INLINE vec over_one_plus_exp(vec x, vec z, const bool roughly) {
    z = __builtin_elementwise_min(z, splat(87));
    return roughly ? x * inverse_of(1 + rough_exp_of(z), true) : x / (1 + exp_of(z));
}

// Roughly is to a part in 10,000: a twentieth of what rounding to bfloat16 does.
INLINE vec activated(vec x, const diptych_activation activation, const bool roughly) {
    switch (activation) {
    case DIPTYCH_QUICK_GELU: return over_one_plus_exp(x, -1.702f * x, roughly);
    case DIPTYCH_GELU_TANH:
        // (1 + tanh u) / 2 is 1 / (1 + e^−2u).
        return over_one_plus_exp(x, -1.59576912160573071f * (x + 0.044715f * x * x * x), roughly);
    case DIPTYCH_GELU: {
        // The error function by Abramowitz & Stegun 7.1.26, whose error is below 1.5e-7.
        const vec z = __builtin_elementwise_abs(x) * 0.70710678118654752f;
        const vec t = inverse_of(1 + 0.3275911f * z, roughly);
        vec p = splat(1.061405429f);
        p = __builtin_elementwise_fma(p, t, splat(-1.453152027f));
        p = __builtin_elementwise_fma(p, t, splat(1.421413741f));
        p = __builtin_elementwise_fma(p, t, splat(-0.284496736f));
        p = __builtin_elementwise_fma(p, t, splat(0.254829592f));
        const vec tail = p * t * (roughly ? rough_exp_of(-z * z) : exp_of(-z * z));  // 1 − erf z
        const ivec negative = x < 0;
        const vec twice = (vec)(((ivec)tail & negative) | ((ivec)(2 - tail) & ~negative));
        return 0.5f * x * twice;
    }
    case DIPTYCH_RELU: return _mm512_max_ps(splat(0), x);
    case DIPTYCH_NO_ACTIVATION: break;
    }
    return x;
}

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
#include "product_tile.h"

#define PRODUCT bf16
#define FEATURES "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma,f16c"
#define OPERAND DIPTYCH_OPERAND_BF16
#define NARROW(y) ((__m256i)_mm512_cvtneps_pbh(y))
#define MULTIPLY_ADD(sum, weights, x) \
    _mm512_castps_si512(_mm512_dpbf16_ps(_mm512_castsi512_ps(sum), (__m512bh)(weights), (__m512bh)(x)))
#include "product_tile.h"

#define PRODUCT i8
#define FEATURES "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma,f16c"
#define OPERAND DIPTYCH_OPERAND_I8
#define NARROW(y) narrowed(y)
#define MULTIPLY_ADD(sum, weights, x) _mm512_dpbusd_epi32(sum, weights, x)
#include "product_tile.h"

// On processors that narrow floats to bfloat16 as well.
#define PRODUCT i8_bf16
#define FEATURES "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,fma,f16c"
#define OPERAND DIPTYCH_OPERAND_I8
#define NARROW(y) ((__m256i)_mm512_cvtneps_pbh(y))
#define MULTIPLY_ADD(sum, weights, x) _mm512_dpbusd_epi32(sum, weights, x)
#include "product_tile.h"
#endif
