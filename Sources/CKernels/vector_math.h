// Vectors of LANES floats and the elementary functions over them, for the files that define LANES and a target attribute.
#include "internal.h"

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int32_t ivec __attribute__((vector_size(LANES * 4)));
typedef uint32_t uvec __attribute__((vector_size(LANES * 4)));
typedef uint16_t hvec __attribute__((vector_size(LANES * 2)));
typedef _Float16 f16vec __attribute__((vector_size(LANES * 2)));
#define INLINE static inline __attribute__((always_inline))

INLINE vec load(const float *p) {
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}
INLINE void store(float *p, vec v) { memcpy(p, &v, sizeof v); }
INLINE vec splat(float x) { return (vec){0} + x; }
INLINE float sum_of(vec v) {
    float total = 0, lanes[LANES];
    memcpy(lanes, &v, sizeof v);
    // Pairwise, so that the result does not depend on a serial chain.
    for (int n = LANES / 2; n > 0; n /= 2)
        for (int i = 0; i < n; i++) lanes[i] += lanes[i + n];
    total = lanes[0];
    return total;
}

INLINE vec load_bf16(const uint16_t *p) {
    hvec h;
    memcpy(&h, p, sizeof h);
    return (vec)(__builtin_convertvector(h, uvec) << 16);
}
INLINE void store_bf16(uint16_t *p, vec v) {
    uvec bits = (uvec)v;
    uvec rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    uvec nan = (uvec)((bits & 0x7fffffff) > 0x7f800000);
    hvec h = __builtin_convertvector((rounded & ~nan) | ((bits >> 16 | 0x40) & nan), hvec);
    memcpy(p, &h, sizeof h);
}

// e^x for x ≤ 0 by range reduction to |r| ≤ ln2 / 2 and the degree-6 Taylor polynomial: relative error below 2e-7.
INLINE vec exp_of(vec x) {
    x = __builtin_elementwise_max(x, splat(-87.0f));
    vec n = __builtin_elementwise_roundeven(x * 1.44269504088896341f);
    vec r = __builtin_elementwise_fma(n, splat(-0.693145751953125f), x);
    r = __builtin_elementwise_fma(n, splat(-1.42860682030941723e-6f), r);
    vec p = splat(1.0f / 720);
    p = __builtin_elementwise_fma(p, r, splat(1.0f / 120));
    p = __builtin_elementwise_fma(p, r, splat(1.0f / 24));
    p = __builtin_elementwise_fma(p, r, splat(1.0f / 6));
    p = __builtin_elementwise_fma(p, r, splat(0.5f));
    p = __builtin_elementwise_fma(p, r, splat(1.0f));
    p = __builtin_elementwise_fma(p, r, splat(1.0f));
    return p * (vec)((__builtin_convertvector(n, ivec) + 127) << 23);
}

// The same to 5e-5, with the polynomial of degree 4.
INLINE vec rough_exp_of(vec x) {
    x = __builtin_elementwise_max(x, splat(-87.0f));
    vec n = __builtin_elementwise_roundeven(x * 1.44269504088896341f);
    vec r = __builtin_elementwise_fma(n, splat(-0.693147180559945f), x);
    vec p = splat(1.0f / 24);
    p = __builtin_elementwise_fma(p, r, splat(1.0f / 6));
    p = __builtin_elementwise_fma(p, r, splat(0.5f));
    p = __builtin_elementwise_fma(p, r, splat(1.0f));
    p = __builtin_elementwise_fma(p, r, splat(1.0f));
    return p * (vec)((__builtin_convertvector(n, ivec) + 127) << 23);
}
