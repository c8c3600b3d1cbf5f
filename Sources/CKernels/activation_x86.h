// What may follow a product, over vectors, for the files that define LANES as 16 and a target attribute with AVX-512.
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
