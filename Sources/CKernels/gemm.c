// Packed products: the scalar twins, packing, and the spreading of work over threads.
#include "gemm_internal.h"

#include <stdlib.h>

bool diptych_gemm_is_fast(diptych_operand operand) {
#if defined(__x86_64__)
    if (diptych_detected_isa() != DIPTYCH_ISA_AVX512) return false;
    switch (operand) {
    case DIPTYCH_OPERAND_BF16: return diptych_has_bf16();
    case DIPTYCH_OPERAND_I8: return __builtin_cpu_supports("avx512vnni");
    case DIPTYCH_OPERAND_F32: return true;
    }
#else
    (void)operand;
#endif
    return false;
}

// The rows of a task at most: they stay in the second-level cache while the weights pass by.
enum { CHUNK = 96 };

// The bytes of weights that stay in the second-level cache beside the rows.
enum { FEW_WEIGHTS = 640 << 10 };

static size_t panels_of(size_t outputs) { return (outputs + DIPTYCH_PANEL - 1) / DIPTYCH_PANEL; }

size_t diptych_packed_size(diptych_operand operand, size_t inputs, size_t outputs) {
    return product_steps(operand, inputs) * 4 * DIPTYCH_PANEL * panels_of(outputs);
}

// MARK: packing

typedef struct {
    bool vectorised;
    diptych_operand operand;
    const float *weights;
    size_t inputs, outputs, input_stride, output_stride;
    char *packed;
    float *scales;
} pack_work;

// The operands of one output, in fours of bytes.
static void pack_output(const pack_work *w, size_t output, float *row, uint32_t *words, size_t steps) {
    const float *weights = w->weights + output * w->output_stride;
    for (size_t i = 0; i < w->inputs; i++) row[i] = weights[i * w->input_stride];
    switch (w->operand) {
    case DIPTYCH_OPERAND_F32: memcpy(words, row, steps * 4); break;
    case DIPTYCH_OPERAND_BF16:
        diptych_narrow_bf16(w->vectorised ? DIPTYCH_ISA_AVX512 : DIPTYCH_ISA_SCALAR, row, (uint16_t *)words, w->inputs);
        break;
    case DIPTYCH_OPERAND_I8: {
        const size_t width = 4 * steps;
        memset(row + w->inputs, 0, (width - w->inputs) * sizeof(float));
#if defined(__x86_64__)
        const float highest = w->vectorised ? rotate_row_avx512(row, width) : rotate_row_scalar(row, width);
#else
        const float highest = rotate_row_scalar(row, width);
#endif
        w->scales[output] = highest / 127;
        round_row_scalar(row, highest > 0 ? 127 / highest : 0, (int8_t *)words, width);
        for (size_t k = 0; k < steps; k++) words[k] ^= 0x80808080;  // plus 128
    }
    }
}

// One panel: its outputs one after the other, then transposed, a few steps at a time so that both sides stay in the cache.
static void pack_task(void *context, size_t panel) {
    const pack_work *w = context;
    enum { together = 16 };
    const size_t steps = product_steps(w->operand, w->inputs), first = panel * DIPTYCH_PANEL;
    const size_t outputs = w->outputs - first < DIPTYCH_PANEL ? w->outputs - first : DIPTYCH_PANEL;
    uint32_t *packed = (uint32_t *)w->packed + panel * steps * DIPTYCH_PANEL;
    // What lies behind the last output is nothing: also for bytes, whose zero is 128.
    const uint32_t nothing = w->operand == DIPTYCH_OPERAND_I8 ? 0x80808080 : 0;
    const size_t width = round_up(w->operand == DIPTYCH_OPERAND_I8 ? 4 * steps : w->inputs, 16);
    float *row = aligned_alloc(64, width * sizeof(float));
    uint32_t *words = malloc(DIPTYCH_PANEL * steps * 4);
    if (!row || !words) abort();  // as the language that calls this does
    for (size_t column = 0; column < outputs; column++)
        pack_output(w, first + column, row, words + column * steps, steps);
    for (size_t i = outputs * steps; i < DIPTYCH_PANEL * steps; i++) words[i] = nothing;
    if (w->operand == DIPTYCH_OPERAND_I8)
        for (size_t column = outputs; column < DIPTYCH_PANEL; column++) w->scales[first + column] = 0;
    for (size_t from = 0; from < steps; from += together) {
        const size_t to = from + together < steps ? from + together : steps;
        for (size_t column = 0; column < DIPTYCH_PANEL; column++)
            for (size_t k = from; k < to; k++) packed[k * DIPTYCH_PANEL + column] = words[column * steps + k];
    }
    free(row);
    free(words);
}

void diptych_pack(int threads, diptych_operand operand, const float *weights, size_t inputs, size_t outputs,
                  size_t input_stride, size_t output_stride, void *packed, float *scales) {
    pack_work w = {diptych_detected_isa() == DIPTYCH_ISA_AVX512, operand, weights, inputs, outputs, input_stride,
                   output_stride, packed, scales};
    diptych_parallel(threads, panels_of(outputs), pack_task, &w);
}

// MARK: windows

const float product_zeros[DIPTYCH_MOST_CHANNELS];

void gemm_starts(const diptych_gemm *p, size_t row, size_t rows, size_t stride,
                    const char *(*starts)[MOST_ROWS]) {
    const char *input = p->input;
    const diptych_im2col *w = &p->im2col;
    if (w->window == 0) {
        for (size_t i = 0; i < rows; i++) starts[0][i] = input + (row + i) * stride;
        return;
    }
    const size_t pad = w->window / 2, side = (w->side + 2 * pad - w->window) / w->stride + 1;
    const size_t pixel = w->channels * (p->operand == DIPTYCH_OPERAND_BF16 ? 2 : 4);
    for (size_t i = 0; i < rows; i++) {
        const size_t image = (row + i) / (side * side);
        const size_t top = (row + i) / side % side * w->stride, left = (row + i) % side * w->stride;
        for (size_t place = 0; place < w->window * w->window; place++) {
            // Numbers below the pad wrap around and are outside too.
            const size_t y = top + place / w->window - pad, x = left + place % w->window - pad;
            const bool inside = y < w->side && x < w->side;
            starts[place][i] = inside ? input + ((image * w->side + y) * w->side + x) * pixel : (const char *)product_zeros;
        }
    }
}

// MARK: the scalar twin

float activated_scalar(float x, diptych_activation activation) {
    switch (activation) {
    case DIPTYCH_QUICK_GELU: return x / (1 + expf(-1.702f * x));
    case DIPTYCH_GELU: return 0.5f * x * (1 + erff(x * 0.70710678118654752f));
    case DIPTYCH_GELU_TANH: return 0.5f * x * (1 + tanhf(0.79788456080286536f * (x + 0.044715f * x * x * x)));
    case DIPTYCH_RELU: return x > 0 ? x : x * 0;
    case DIPTYCH_NO_ACTIVATION: break;
    }
    return x;
}

// The product of a row and one output's weights, which stand DIPTYCH_PANEL words apart.
static float inner_product(const diptych_gemm *p, size_t row, size_t output, const char *weights,
                           const char *(*starts)[MOST_ROWS]) {
    const size_t places = gemm_places(p), steps = product_steps(p->operand, p->inputs) / places;
    float sum = 0;
    int32_t whole = 0;
    for (size_t place = 0; place < places; place++) {
        const char *input = starts[place][0];
        for (size_t k = 0; k < steps; k++, input += 4, weights += 4 * DIPTYCH_PANEL)
            switch (p->operand) {
            case DIPTYCH_OPERAND_F32: {
                float a, b;
                memcpy(&a, input, 4);
                memcpy(&b, weights, 4);
                sum += a * b;
                break;
            }
            case DIPTYCH_OPERAND_BF16: {
                uint16_t a[2], b[2];
                memcpy(a, input, 4);
                memcpy(b, weights, 4);
                for (int i = 0; i < 2; i++) sum += bf16_to_float(a[i]) * bf16_to_float(b[i]);
                break;
            }
            case DIPTYCH_OPERAND_I8:
                for (int i = 0; i < 4; i++) whole += (int8_t)input[i] * ((uint8_t)weights[i] - 128);
            }
    }
    return p->operand == DIPTYCH_OPERAND_I8 ? (float)whole * (p->facts[row].scale * p->scales[output]) : sum;
}

void gemm_part_scalar(const diptych_gemm *p, gemm_range panels, gemm_range rows) {
    const size_t steps = product_steps(p->operand, p->inputs);
    const size_t end = panels.end * DIPTYCH_PANEL < p->outputs ? panels.end * DIPTYCH_PANEL : p->outputs;
    const char *starts[gemm_places(p)][MOST_ROWS];
    for (size_t row = rows.first; row < rows.end; row++) {
        gemm_starts(p, row, 1, 4 * steps, starts);
        for (size_t output = panels.first * DIPTYCH_PANEL; output < end; output++) {
            const size_t panel = output / DIPTYCH_PANEL, column = output % DIPTYCH_PANEL, at = row * p->outputs + output;
            const char *weights = (const char *)p->packed + (panel * steps * DIPTYCH_PANEL + column) * 4;
            float y = inner_product(p, row, output, weights, starts) + p->bias[output];
            if (p->output_type == DIPTYCH_BF16) {
                uint16_t *result = (uint16_t *)p->output + at;
                *result = float_to_bf16(activated_scalar(y + (p->adds ? bf16_to_float(*result) : 0), p->activation));
            } else {
                float *result = (float *)p->output + at;
                *result = activated_scalar(y + (p->adds ? *result : 0), p->activation);
            }
        }
    }
}

// MARK: over threads

typedef struct {
    void (*part)(const diptych_gemm *product, gemm_range panels, gemm_range rows);
    const diptych_gemm *product;
    size_t panels, together, chunk;  // panels in all, those of a task, and its rows
} product_work;

// Neighbouring tasks share their rows.
static void product_task(void *context, size_t index) {
    const product_work *w = context;
    const size_t groups = (w->panels + w->together - 1) / w->together;
    const size_t row = index / groups * w->chunk, panel = index % groups * w->together;
    const gemm_range rows = {row, row + w->chunk < w->product->rows ? row + w->chunk : w->product->rows};
    const gemm_range panels = {panel, panel + w->together < w->panels ? panel + w->together : w->panels};
    w->part(w->product, panels, rows);
}

void diptych_multiply(diptych_isa isa, int threads, const diptych_gemm *product) {
    const size_t panels = panels_of(product->outputs), rows = product->rows, tasks = 8 * (size_t)threads;
    if (panels == 0 || rows == 0) return;
    // Fewer rows where many would leave cores idle at the end.
    size_t chunk = rows < CHUNK ? round_up(rows, TILE_ROWS) : CHUNK, together = 1;
    while (chunk > 4 * TILE_ROWS && panels * ((rows + chunk - 1) / chunk) < tasks) chunk = round_up(chunk / 2, TILE_ROWS);
    // Few weights stay in the cache all together; then rows of results are written from end to end.
    if (diptych_packed_size(product->operand, product->inputs, product->outputs) <= FEW_WEIGHTS &&
        (rows + chunk - 1) / chunk >= tasks)
        together = panels;
    product_work w = {gemm_part_scalar, product, panels, together, chunk};
#if defined(__x86_64__)
    if (isa == DIPTYCH_ISA_AVX512 && diptych_gemm_is_fast(product->operand))
        switch (product->operand) {
        case DIPTYCH_OPERAND_F32: w.part = gemm_part_f32; break;
        case DIPTYCH_OPERAND_BF16: w.part = gemm_part_bf16; break;
        case DIPTYCH_OPERAND_I8: w.part = diptych_has_bf16() ? gemm_part_i8_bf16 : gemm_part_i8; break;
        }
#endif
    diptych_parallel(threads, (panels + together - 1) / together * ((rows + chunk - 1) / chunk), product_task, &w);
}
