// The vectorised streams, compiled for each instruction set.
#if defined(__x86_64__)
#include <immintrin.h>

#include "stream_internal.h"

// What remains behind whole groups of vectors goes to the scalar twin.
#define REST(done) \
    stream_scalar(pattern, a + (done), b ? b + (done) : 0, c ? c + (done) : 0, count - (done))

__attribute__((target("avx2,fma"))) uint32_t stream_avx2(diptych_stream_pattern pattern, uint32_t *a, const uint32_t *b,
                                                         const uint32_t *c, size_t count) {
    size_t i = 0;
    uint32_t sum = 0;
    switch (pattern) {
    case DIPTYCH_STREAM_FILL: {
        const __m256 one = _mm256_set1_ps(1);
        for (; i + 8 <= count; i += 8) _mm256_storeu_ps((float *)(a + i), one);
        break;
    }
    case DIPTYCH_STREAM_READ: {
        // Four independent sums keep more reads in flight than a chain of additions would.
        __m256i sums[4] = {0};
        for (; i + 32 <= count; i += 32)
            for (int j = 0; j < 4; j++)
                sums[j] = _mm256_add_epi32(sums[j], _mm256_loadu_si256((const __m256i *)(a + i + 8 * j)));
        uint32_t lanes[8];
        _mm256_storeu_si256((__m256i *)lanes, _mm256_add_epi32(_mm256_add_epi32(sums[0], sums[1]),
                                                               _mm256_add_epi32(sums[2], sums[3])));
        for (int j = 0; j < 8; j++) sum += lanes[j];
        break;
    }
    case DIPTYCH_STREAM_COPY:
        for (; i + 8 <= count; i += 8)
            _mm256_storeu_si256((__m256i *)(a + i), _mm256_loadu_si256((const __m256i *)(b + i)));
        break;
    case DIPTYCH_STREAM_TRIAD: {
        const __m256 three = _mm256_set1_ps(3);
        for (; i + 8 <= count; i += 8)
            _mm256_storeu_ps((float *)(a + i), _mm256_fmadd_ps(three, _mm256_loadu_ps((const float *)(c + i)),
                                                               _mm256_loadu_ps((const float *)(b + i))));
        break;
    }
    }
    return sum + REST(i);
}

__attribute__((target("avx512f"), min_vector_width(512))) uint32_t stream_avx512(
    diptych_stream_pattern pattern, uint32_t *a, const uint32_t *b, const uint32_t *c, size_t count) {
    size_t i = 0;
    uint32_t sum = 0;
    switch (pattern) {
    case DIPTYCH_STREAM_FILL: {
        const __m512 one = _mm512_set1_ps(1);
        for (; i + 16 <= count; i += 16) _mm512_storeu_ps(a + i, one);
        break;
    }
    case DIPTYCH_STREAM_READ: {
        __m512i sums[4] = {0};
        for (; i + 64 <= count; i += 64)
            for (int j = 0; j < 4; j++) sums[j] = _mm512_add_epi32(sums[j], _mm512_loadu_si512(a + i + 16 * j));
        uint32_t lanes[16];
        _mm512_storeu_si512(lanes, _mm512_add_epi32(_mm512_add_epi32(sums[0], sums[1]),
                                                    _mm512_add_epi32(sums[2], sums[3])));
        for (int j = 0; j < 16; j++) sum += lanes[j];
        break;
    }
    case DIPTYCH_STREAM_COPY:
        for (; i + 16 <= count; i += 16) _mm512_storeu_si512(a + i, _mm512_loadu_si512(b + i));
        break;
    case DIPTYCH_STREAM_TRIAD: {
        const __m512 three = _mm512_set1_ps(3);
        for (; i + 16 <= count; i += 16)
            _mm512_storeu_ps(a + i, _mm512_fmadd_ps(three, _mm512_loadu_ps(c + i), _mm512_loadu_ps(b + i)));
        break;
    }
    }
    return sum + REST(i);
}
#endif
