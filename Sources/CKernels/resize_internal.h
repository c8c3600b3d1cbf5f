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

// Rows of pixels somewhere in memory.
typedef struct {
    const uint8_t *pixels;
    size_t stride;
} resize_plane;

// The passes of a resize: which are needed, in which order, and their weights.
typedef struct {
    bool wider, higher, vertical_first;
    resize_table across, down;
} resize_passes;

// Whether the numbers of a geometry make sense.
bool resize_is_sound(const diptych_resize_geometry *geometry);
// The multiple of taps that the horizontal kernels of an instruction set want; the vertical ones take any number.
size_t resize_block(diptych_isa isa);
// Makes the tables, with rows whose length is a multiple of what is given where the input is long enough. Both are to be
// freed, whatever the status. No pass resamples by the nearest pixel.
diptych_resize_status resize_tables(
    const diptych_resize_geometry *geometry, diptych_filter filter, size_t across_multiple, size_t down_multiple,
    resize_passes *passes);
void resize_free_table(resize_table *table);
// The input samples that a table draws on, from *first, which becomes the table's zero. Returns their number.
size_t resize_narrow(resize_table *table, size_t *first);
// The horizontal pass over `rows` rows.
diptych_resize_status resize_horizontal(
    resize_plane in, size_t rows, resize_table *table, diptych_isa isa, uint8_t *out);
// The vertical pass over rows of `bytes` bytes.
diptych_resize_status resize_vertical(
    resize_plane in, size_t bytes, resize_table *table, diptych_isa isa, uint8_t *out);

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
