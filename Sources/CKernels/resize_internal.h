// What the resampling driver shares with its kernels.
#pragma once
#include <stdbool.h>

#include "diptych_resize.h"

// Weights are fixed-point with this many fractional bits: 32 less 8 for the sample and 2 for overshoot.
enum { WEIGHT_BITS = 22 };

// The weights of every output sample along one axis. All rows are `taps` long; a sample's own weights stand at the front
// and zeros fill the rest, unless that would read past the input's end: then the row starts earlier, with zeros in front.
typedef struct {
    size_t outputs, taps;
    int32_t *start;    // outputs: the first input sample of each row
    int32_t *weights;  // outputs × taps
    // The same weights in pieces that multiply faster; NULL when the kernel in use does not want them.
    int16_t *halves;  // outputs × 2 × taps: weight = high × 2^16 + low, both signed; low first
    int8_t *digits;   // outputs × 3 × taps: weight = Σ digit_i × 2^(8i), signed digits; lowest first
} resize_table;

static inline uint8_t resize_clip(int32_t sum) {
    int32_t value = sum >> WEIGHT_BITS;
    return value < 0 ? 0 : value > 255 ? 255 : (uint8_t)value;
}

#if defined(__x86_64__)
// Whether the processor has the byte dot product of AVX-512 VNNI, which DIPTYCH_ISA_AVX512 does not promise.
bool resize_has_vnni(void);
// Each function takes `rows` rows of the input and gives as many rows of table->outputs pixels.
void resize_horizontal_avx2(
    const uint8_t *in, size_t in_stride, size_t rows, const resize_table *table, uint8_t *out);
void resize_horizontal_vnni(
    const uint8_t *in, size_t in_stride, size_t rows, const resize_table *table, uint8_t *out);
// One output row: the weighted sum of table->taps input rows of `bytes` bytes each (at least 16).
void resize_vertical_avx2(
    const uint8_t *in, size_t in_stride, size_t bytes, const resize_table *table, size_t output, uint8_t *out);
#endif
