// Rounding rows to bytes: the scalar twins, and the spreading of rows over threads.
#include "gemm_internal.h"

size_t diptych_quantised_width(size_t columns) { return round_up(columns, 64); }

float rotate_row_scalar(float *row, size_t width) {
    const size_t block = rotation_block(width);
    const float scale = 1 / sqrtf((float)block);
    float highest = 0, poison = 0;
    for (float *x = row; x < row + width; x += block) {
        for (size_t step = 1; step < block; step *= 2)
            for (size_t i = 0; i < block; i++) {
                if (i & step) continue;
                const float a = x[i], b = x[i + step];
                x[i] = a + b;
                x[i + step] = a - b;
            }
        for (size_t i = 0; i < block; i++) {
            x[i] *= scale;
            highest = fmaxf(highest, fabsf(x[i]));
            poison += x[i] * 0;  // not a number once a value is not finite
        }
    }
    return highest + poison;
}

int32_t round_row_scalar(const float *row, float inverse, int8_t *bytes, size_t width) {
    int32_t sum = 0;
    for (size_t i = 0; i < width; i++) {
        const float value = row[i] * inverse;
        bytes[i] = value == value ? (int8_t)lrintf(fminf(fmaxf(value, -127), 127)) : 0;
        sum += bytes[i];
    }
    return sum;
}

void quantise_row_scalar(const void *input, diptych_type type, size_t columns, size_t width, int8_t *bytes,
                         diptych_quantised_row *facts, float *scratch) {
    widen_scalar(type, input, scratch, columns);
    memset(scratch + columns, 0, (width - columns) * sizeof(float));
    const float highest = rotate_row_scalar(scratch, width);
    facts->scale = highest / 127;
    facts->sum = round_row_scalar(scratch, highest > 0 ? 127 / highest : 0, bytes, width);
}

// Rows that one task rounds.
enum { task_rows = 8 };

typedef struct {
    bool vectorised;
    const char *input;
    diptych_type type;
    size_t rows, columns, width;
    int8_t *bytes;
    diptych_quantised_row *facts;
} quantise_work;

static void quantise_task(void *context, size_t index) {
    const quantise_work *w = context;
    const size_t end = (index + 1) * task_rows < w->rows ? (index + 1) * task_rows : w->rows;
    const size_t stride = w->columns * (w->type == DIPTYCH_F32 ? 4 : 2);
    float scratch[w->width] __attribute__((aligned(64)));
    for (size_t row = index * task_rows; row < end; row++) {
        const void *input = w->input + row * stride;
        int8_t *bytes = w->bytes + row * w->width;
#if defined(__x86_64__)
        if (w->vectorised) {
            quantise_row_avx512(input, w->type, w->columns, w->width, bytes, w->facts + row, scratch);
            continue;
        }
#endif
        quantise_row_scalar(input, w->type, w->columns, w->width, bytes, w->facts + row, scratch);
    }
}

void diptych_quantise_rows(diptych_isa isa, int threads, const void *input, diptych_type type, size_t rows,
                           size_t columns, int8_t *bytes, diptych_quantised_row *facts) {
    quantise_work w = {isa == DIPTYCH_ISA_AVX512, input, type, rows, columns, diptych_quantised_width(columns), bytes,
                       facts};
    diptych_parallel(threads, (rows + task_rows - 1) / task_rows, quantise_task, &w);
}
