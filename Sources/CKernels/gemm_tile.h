// The product of one kind of operands, for the file that defines PRODUCT (its name), FEATURES, OPERAND, MULTIPLY_ADD, and NARROW,
// which rounds floats to bfloat16.
//
// A tile is six rows by 64 outputs, or twelve by 32 where there are no more: 24 sums, the step's weights in four
// registers, and an operand that is read and spread at once, which leaves the multipliers as the limit. Weights stay in
// the second-level cache while the rows pass by.
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define NAMED(name) PASTE(name, PRODUCT)

#pragma clang attribute push(__attribute__((target(FEATURES), min_vector_width(512))), apply_to = function)

// Sixteen results of a row: sums become numbers and go through what follows the product. `activation` is a
// constant where this is inlined; `mask` is 0xffff but for the last outputs.
INLINE void NAMED(finish_vector_)(const diptych_gemm *p, __m512i sum, size_t row, size_t output, __m512 scale,
                                  __mmask16 mask, const diptych_activation activation) {
    const size_t at = row * p->outputs + output;
    __m512 y = _mm512_loadu_ps(p->bias + output);
    if (OPERAND == DIPTYCH_OPERAND_I8)
        y = _mm512_fmadd_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(p->scales + output)), scale, y);
    else y = _mm512_add_ps(_mm512_castsi512_ps(sum), y);
    if (p->adds)
        y = _mm512_add_ps(
            y, p->output_type == DIPTYCH_F32
                   ? _mm512_maskz_loadu_ps(mask, (const float *)p->output + at)
                   : _mm512_castsi512_ps(_mm512_slli_epi32(
                         _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, (const uint16_t *)p->output + at)), 16)));
    if (p->output_type == DIPTYCH_F32) {
        _mm512_mask_storeu_ps((float *)p->output + at, mask, (__m512)activated((vec)y, activation, false));
    } else {
        const __m256i z = NARROW((__m512)activated((vec)y, activation, true));
        _mm256_mask_storeu_epi16((uint16_t *)p->output + at, mask, z);
    }
}

INLINE void NAMED(finish_rows_)(const diptych_gemm *p, const __m512i *sums, size_t row, size_t rows, size_t first,
                                const diptych_activation activation) {
    for (size_t i = 0; i < rows; i++, sums += 4) {
        const __m512 scale = _mm512_set1_ps(OPERAND == DIPTYCH_OPERAND_I8 ? p->facts[row + i].scale : 1);
        if (first + DIPTYCH_PANEL <= p->outputs) {
#pragma clang loop unroll(full)
            for (int j = 0; j < 4; j++)
                NAMED(finish_vector_)(p, sums[j], row + i, first + (size_t)j * LANES, scale, 0xffff, activation);
            continue;
        }
        for (size_t j = 0; first + j * LANES < p->outputs; j++) {
            const size_t left = p->outputs - first - j * LANES;
            const __mmask16 mask = left >= LANES ? 0xffff : (__mmask16)((1u << left) - 1);
            NAMED(finish_vector_)(p, sums[j], row + i, first + j * LANES, scale, mask, activation);
        }
    }
}

INLINE void NAMED(finish_)(const diptych_gemm *p, const __m512i *sums, size_t row, size_t rows, size_t first) {
    switch (p->activation) {
    case DIPTYCH_QUICK_GELU: NAMED(finish_rows_)(p, sums, row, rows, first, DIPTYCH_QUICK_GELU); break;
    case DIPTYCH_GELU: NAMED(finish_rows_)(p, sums, row, rows, first, DIPTYCH_GELU); break;
    case DIPTYCH_GELU_TANH: NAMED(finish_rows_)(p, sums, row, rows, first, DIPTYCH_GELU_TANH); break;
    case DIPTYCH_RELU: NAMED(finish_rows_)(p, sums, row, rows, first, DIPTYCH_RELU); break;
    case DIPTYCH_NO_ACTIVATION: NAMED(finish_rows_)(p, sums, row, rows, first, DIPTYCH_NO_ACTIVATION); break;
    }
}

// The sums of some rows, each of which lies in `places` pieces of `steps` words: their beginnings are starts[place][row]. `rows`
// and `vectors`, of 16 outputs each, are constants where this is inlined.
static inline __attribute__((always_inline)) void NAMED(tile_)(const diptych_gemm *p, size_t row,
                                                               const char *const (*starts)[MOST_ROWS], size_t places,
                                                               size_t steps, const char *weights, __m512i *sums,
                                                               const int rows, const int vectors) {
    __m512i sum[MOST_ROWS][4];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
        // Weights are stored plus 128, which every byte of the row has to make good.
        const int32_t start = OPERAND == DIPTYCH_OPERAND_I8 ? -128 * p->facts[row + (size_t)i].sum : 0;
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) sum[i][j] = _mm512_set1_epi32(start);
    }
    for (size_t place = 0; place < places; place++) {
        const char *at[MOST_ROWS];
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) at[i] = starts[place][i];
        for (size_t k = 0; k < steps; k++, weights += 4 * DIPTYCH_PANEL) {
            __m512i step[4];
#pragma clang loop unroll(full)
            for (int j = 0; j < vectors; j++) step[j] = _mm512_load_si512(weights + 64 * j);
#pragma clang loop unroll(full)
            for (int i = 0; i < rows; i++) {
                int32_t word;
                memcpy(&word, at[i] + 4 * k, 4);
                const __m512i x = _mm512_set1_epi32(word);
#pragma clang loop unroll(full)
                for (int j = 0; j < vectors; j++) sum[i][j] = MULTIPLY_ADD(sum[i][j], step[j], x);
            }
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) sums[4 * i + j] = sum[i][j];
}

void NAMED(gemm_part_)(const diptych_gemm *p, gemm_range panels, gemm_range rows) {
    const size_t all = product_steps(OPERAND, p->inputs), places = gemm_places(p), steps = all / places;
    const char *starts[places][MOST_ROWS];
    __m512i sums[MOST_ROWS * 4];
    size_t row = rows.first;
    for (; p->outputs <= 32 && row + MOST_ROWS <= rows.end; row += MOST_ROWS) {
        gemm_starts(p, row, MOST_ROWS, 4 * all, starts);
        NAMED(tile_)(p, row, starts, places, steps, p->packed, sums, MOST_ROWS, 2);
        NAMED(finish_)(p, sums, row, MOST_ROWS, 0);
    }
    for (; row < rows.end; row += TILE_ROWS) {
        const size_t count = rows.end - row < TILE_ROWS ? rows.end - row : TILE_ROWS;
        gemm_starts(p, row, count, 4 * all, starts);
        for (size_t panel = panels.first; panel < panels.end; panel++) {
            const char *weights = (const char *)p->packed + panel * all * 4 * DIPTYCH_PANEL;
            switch (count) {
            case 6: NAMED(tile_)(p, row, starts, places, steps, weights, sums, 6, 4); break;
            case 5: NAMED(tile_)(p, row, starts, places, steps, weights, sums, 5, 4); break;
            case 4: NAMED(tile_)(p, row, starts, places, steps, weights, sums, 4, 4); break;
            case 3: NAMED(tile_)(p, row, starts, places, steps, weights, sums, 3, 4); break;
            case 2: NAMED(tile_)(p, row, starts, places, steps, weights, sums, 2, 4); break;
            default: NAMED(tile_)(p, row, starts, places, steps, weights, sums, 1, 4); break;
            }
            NAMED(finish_)(p, sums, row, count, panel * DIPTYCH_PANEL);
        }
    }
}

#pragma clang attribute pop
#undef PASTE_
#undef PASTE
#undef NAMED
#undef PRODUCT
#undef FEATURES
#undef OPERAND
#undef MULTIPLY_ADD
#undef NARROW
