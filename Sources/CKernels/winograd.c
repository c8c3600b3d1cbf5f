// Winograd's convolution: the transforms as the matrices that they are, packing, and the spreading of work over threads.
#include "winograd_internal.h"

#include <stdlib.h>

// Transforms of a line of inputs and of one of products: inputs are multiplied by the coefficients of the polynomial that is zero
// at the other points, products by powers of the points. A square is transformed by columns, then by rows.
static const float of_inputs[POINTS][POINTS] = {
    {NEAR2 * FAR2, 0, -NEAR2 - FAR2, 0, 1, 0},
    {0, -NEAR * FAR2, -FAR2, NEAR, 1, 0},
    {0, NEAR * FAR2, -FAR2, -NEAR, 1, 0},
    {0, -FAR * NEAR2, -NEAR2, FAR, 1, 0},
    {0, FAR * NEAR2, -NEAR2, -FAR, 1, 0},
    {0, NEAR2 * FAR2, 0, -NEAR2 - FAR2, 0, 1},
};
static const float of_products[RESULTS][POINTS] = {
    {1, 1, 1, 1, 1, 0},
    {0, NEAR, -NEAR, FAR, -FAR, 0},
    {0, NEAR2, NEAR2, FAR2, FAR2, 0},
    {0, NEAR2 * NEAR, -NEAR2 * NEAR, FAR2 * FAR, -FAR2 * FAR, 1},
};

// The squares of a task, a multiple of TILE_ROWS: each weight that comes from a cache is used so often, and what is transformed
// stays in the second-level cache where channels are few.
enum { SQUARES = 24 };

// The floats from one of the 36 numbers to the next, where there are `count` of each: a line of the cache more, or all 36 would
// compete for the same places in it.
static size_t stride_of(size_t count) { return count + 16; }

static size_t panels_of(size_t outputs) { return (outputs + DIPTYCH_PANEL - 1) / DIPTYCH_PANEL; }

size_t diptych_winograd_size(size_t inputs, size_t outputs) {
    return PLACES * panels_of(outputs) * diptych_packed_size(DIPTYCH_OPERAND_F32, inputs, DIPTYCH_PANEL);
}

size_t diptych_winograd_scratch(size_t inputs) {
    return PLACES * (stride_of(SQUARES * inputs) + stride_of(SQUARES * DIPTYCH_PANEL)) * sizeof(float);
}

// MARK: packing

typedef struct {
    const float *weights;
    size_t inputs, outputs;
    char *packed;
} pack_work;

// A line of three weights, `step` apart: their polynomial at each point, over the product of its distances from the others.
static void transform_weights(const double *g, size_t step, double *v) {
    const double near = 1 / (2.0 * NEAR2 * (NEAR2 - FAR2)), far = 1 / (2.0 * FAR2 * (FAR2 - NEAR2));
    const double near_even = near * (g[0] + NEAR2 * g[2 * step]), near_odd = near * NEAR * g[step];
    const double far_even = far * (g[0] + FAR2 * g[2 * step]), far_odd = far * FAR * g[step];
    v[0] = g[0] / (NEAR2 * FAR2);
    v[1] = near_even + near_odd;
    v[2] = near_even - near_odd;
    v[3] = far_even + far_odd;
    v[4] = far_even - far_odd;
    v[5] = g[2 * step];
}

// One panel.
static void pack_task(void *context, size_t panel) {
    const pack_work *w = context;
    const size_t first = panel * DIPTYCH_PANEL, size = diptych_packed_size(DIPTYCH_OPERAND_F32, w->inputs, DIPTYCH_PANEL);
    const size_t outputs = w->outputs - first < DIPTYCH_PANEL ? w->outputs - first : DIPTYCH_PANEL;
    const size_t count = outputs * w->inputs, stride = stride_of(count);
    float *values = malloc(PLACES * stride * sizeof(float));  // [36, outputs, inputs]
    if (!values) abort();                                      // as the language that calls this does
    for (size_t i = 0; i < count; i++) {
        double window[9], columns[3][POINTS], row[POINTS];
        for (size_t k = 0; k < 9; k++) window[k] = w->weights[(first * w->inputs + i) * 9 + k];
        for (size_t x = 0; x < 3; x++) transform_weights(window + x, 3, columns[x]);
        for (size_t p = 0; p < POINTS; p++) {
            transform_weights(columns[0] + p, POINTS, row);
            for (size_t q = 0; q < POINTS; q++) values[(p * POINTS + q) * stride + i] = (float)row[q];
        }
    }
    for (size_t n = 0; n < PLACES; n++)
        diptych_pack(1, DIPTYCH_OPERAND_F32, values + n * stride, w->inputs, outputs, 1, w->inputs,
                     w->packed + (panel * PLACES + n) * size, 0);
    free(values);
}

void diptych_winograd_pack(int threads, const float *weights, size_t inputs, size_t outputs, void *packed) {
    pack_work w = {weights, inputs, outputs, packed};
    diptych_parallel(threads, panels_of(outputs), pack_task, &w);
}

// MARK: the scalar twins

void winograd_input_scalar(const float *const *at, size_t channels, float *values, size_t stride) {
    for (size_t channel = 0; channel < channels; channel++) {
        float columns[POINTS][POINTS] = {0};
        for (size_t p = 0; p < POINTS; p++)
            for (size_t k = 0; k < PLACES; k++) columns[p][k % POINTS] += of_inputs[p][k / POINTS] * at[k][channel];
        for (size_t n = 0; n < PLACES; n++) {
            float sum = 0;
            for (size_t k = 0; k < POINTS; k++) sum += of_inputs[n % POINTS][k] * columns[n / POINTS][k];
            values[n * stride + channel] = sum;
        }
    }
}

void winograd_output_scalar(const diptych_winograd *w, winograd_square square, const float *products, size_t stride,
                            size_t first, size_t outputs) {
    for (size_t output = 0; output < outputs; output++) {
        float columns[RESULTS][POINTS] = {0};
        for (size_t r = 0; r < RESULTS; r++)
            for (size_t n = 0; n < PLACES; n++)
                columns[r][n % POINTS] += of_products[r][n / POINTS] * products[n * stride + output];
        for (size_t i = 0; i < RESULTS * RESULTS; i++) {
            const size_t y = square.top + i / RESULTS, x = square.left + i % RESULTS;
            if (y >= w->side || x >= w->side) continue;
            float sum = w->bias[first + output];
            for (size_t k = 0; k < POINTS; k++) sum += of_products[i % RESULTS][k] * columns[i / RESULTS][k];
            float *result = w->output + ((square.image * w->side + y) * w->side + x) * w->outputs + first + output;
            *result = activated_scalar(sum + (w->adds ? *result : 0), w->activation);
        }
    }
}

// MARK: over threads

typedef struct {
    const diptych_winograd *convolution;
    void (*part)(const diptych_gemm *product, gemm_range panels, gemm_range rows);
    void (*input)(const float *const *at, size_t channels, float *values, size_t stride);
    void (*output)(const diptych_winograd *convolution, winograd_square square, const float *products, size_t stride,
                   size_t first, size_t outputs);
    size_t along, squares;    // squares along a side, and in all
    size_t panels, together;  // panels in all, and those of a task
} winograd_work;

static winograd_square square_of(const winograd_work *w, size_t index) {
    const size_t area = w->along * w->along;
    return (winograd_square){index / area, index % area / w->along * RESULTS, index % w->along * RESULTS};
}

// Some squares through some panels.
static void winograd_task(void *context, size_t index) {
    const winograd_work *w = context;
    const diptych_winograd *c = w->convolution;
    const size_t groups = (w->panels + w->together - 1) / w->together;
    const size_t first = index / groups * SQUARES;
    size_t panel = index % groups * w->together;
    const size_t count = w->squares - first < SQUARES ? w->squares - first : SQUARES;
    const size_t end = w->panels - panel < w->together ? w->panels : panel + w->together;
    const size_t size = diptych_packed_size(DIPTYCH_OPERAND_F32, c->inputs, DIPTYCH_PANEL);
    const size_t value_stride = stride_of(SQUARES * c->inputs), product_stride = stride_of(SQUARES * DIPTYCH_PANEL);
    float *values = (float *)((char *)c->scratch + (size_t)diptych_thread_index() * diptych_winograd_scratch(c->inputs));
    float *products = values + PLACES * value_stride;

    for (size_t i = 0; i < count; i++) {
        const winograd_square square = square_of(w, first + i);
        const float *at[PLACES];
        for (size_t n = 0; n < PLACES; n++) {
            // Numbers below zero wrap around and are outside too.
            const size_t y = square.top + n / POINTS - 1, x = square.left + n % POINTS - 1;
            const bool inside = y < c->side && x < c->side;
            at[n] = inside ? c->input + ((square.image * c->side + y) * c->side + x) * c->inputs : product_zeros;
        }
        w->input(at, c->inputs, values + i * c->inputs, value_stride);
    }
    for (; panel < end; panel++) {
        const size_t output = panel * DIPTYCH_PANEL;
        const size_t outputs = c->outputs - output < DIPTYCH_PANEL ? c->outputs - output : DIPTYCH_PANEL;
        for (size_t n = 0; n < PLACES; n++) {
            const diptych_gemm product = {
                .operand = DIPTYCH_OPERAND_F32, .rows = count, .inputs = c->inputs, .outputs = outputs,
                .input = values + n * value_stride, .packed = (const char *)c->packed + (panel * PLACES + n) * size,
                .bias = product_zeros, .output = products + n * product_stride};
            w->part(&product, (gemm_range){0, 1}, (gemm_range){0, count});
        }
        for (size_t i = 0; i < count; i++)
            w->output(c, square_of(w, first + i), products + i * outputs, product_stride, output, outputs);
    }
}

void diptych_winograd_convolve(diptych_isa isa, int threads, const diptych_winograd *convolution) {
    const size_t along = (convolution->side + RESULTS - 1) / RESULTS, panels = panels_of(convolution->outputs);
    winograd_work w = {convolution, gemm_part_scalar, winograd_input_scalar, winograd_output_scalar,
                       along, convolution->images * along * along, panels, panels};
    if (w.squares == 0 || w.panels == 0) return;
    // Inputs are transformed once more for each group of panels, which is better than idle cores.
    const size_t blocks = (w.squares + SQUARES - 1) / SQUARES;
    while (w.together > 1 && blocks * ((w.panels + w.together - 1) / w.together) < 4 * (size_t)threads)
        w.together = (w.together + 1) / 2;
#if defined(__x86_64__)
    if (isa == DIPTYCH_ISA_AVX512 && diptych_gemm_is_fast(DIPTYCH_OPERAND_F32)) {
        w.part = gemm_part_f32;
        w.input = winograd_input_avx512;
        w.output = winograd_output_avx512;
    }
#endif
    diptych_parallel(threads, blocks * ((w.panels + w.together - 1) / w.together), winograd_task, &w);
}
