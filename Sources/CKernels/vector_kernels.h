// The vectorised kernels, written once over the vector width and compiled for each instruction set by a file that
// defines: LANES (floats in a vector), PANEL (vectors in a tile's row), KERNEL(name) and the target attribute.
#include "vector_math.h"

void KERNEL(widen)(diptych_type type, const void *source, float *destination, size_t count) {
    if (type == DIPTYCH_F32) {
        memcpy(destination, source, count * 4);
        return;
    }
    const char *bytes = source;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        if (type == DIPTYCH_BF16) {
            store(destination + i, load_bf16((const uint16_t *)(bytes + 2 * i)));
        } else {
            f16vec h;
            memcpy(&h, bytes + 2 * i, sizeof h);
            store(destination + i, __builtin_convertvector(h, vec));
        }
    }
    widen_scalar(type, bytes + 2 * i, destination + i, count - i);
}

void KERNEL(narrow_bf16)(const float *source, uint16_t *destination, size_t count) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) store_bf16(destination + i, load(source + i));
    narrow_bf16_scalar(source + i, destination + i, count - i);
}

void KERNEL(layer_norm_row)(const float *input, const float *weight, const float *bias, float epsilon, void *output,
                            diptych_type type, size_t width) {
    size_t whole = width / LANES * LANES;
    vec total = splat(0);
    for (size_t i = 0; i < whole; i += LANES) total += load(input + i);
    float mean = sum_of(total);
    for (size_t i = whole; i < width; i++) mean += input[i];
    mean /= (float)width;
    vec squares = splat(0);
    for (size_t i = 0; i < whole; i += LANES) {
        vec d = load(input + i) - mean;
        squares = __builtin_elementwise_fma(d, d, squares);
    }
    float variance = sum_of(squares);
    for (size_t i = whole; i < width; i++) variance += (input[i] - mean) * (input[i] - mean);
    float scale = 1 / sqrtf(variance / (float)width + epsilon);
    for (size_t i = 0; i < whole; i += LANES) {
        vec y = __builtin_elementwise_fma((load(input + i) - mean) * scale, load(weight + i), load(bias + i));
        if (type == DIPTYCH_BF16) store_bf16((uint16_t *)output + i, y);
        else store((float *)output + i, y);
    }
    for (size_t i = whole; i < width; i++) {
        float y = (input[i] - mean) * scale * weight[i] + bias[i];
        if (type == DIPTYCH_BF16) ((uint16_t *)output)[i] = float_to_bf16(y);
        else ((float *)output)[i] = y;
    }
}

// C[rows][vectors] = A[rows][depth] · B[depth][vectors], all in registers; the counts are constants where it is inlined.
INLINE void tile(const float *a, size_t a_stride, const float *b, size_t b_stride, float *c, size_t c_stride,
                 size_t depth, const int rows, const int vectors) {
    vec sum[6][PANEL];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) sum[i][j] = splat(0);
    for (size_t k = 0; k < depth; k++) {
        vec row[PANEL];
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) row[j] = load(b + k * b_stride + (size_t)j * LANES);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            vec x = splat(a[(size_t)i * a_stride + k]);
#pragma clang loop unroll(full)
            for (int j = 0; j < vectors; j++) sum[i][j] = __builtin_elementwise_fma(x, row[j], sum[i][j]);
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) store(c + (size_t)i * c_stride + (size_t)j * LANES, sum[i][j]);
}

// Six rows of A times B of any number of vectors, in tiles of at most PANEL vectors.
static void six_rows(const float *a, size_t a_stride, const float *b, size_t b_stride, float *c, size_t c_stride,
                     size_t depth, size_t vectors) {
    size_t j = 0;
    for (; j + PANEL <= vectors; j += PANEL)
        tile(a, a_stride, b + j * LANES, b_stride, c + j * LANES, c_stride, depth, 6, PANEL);
    for (; j < vectors; j++) tile(a, a_stride, b + j * LANES, b_stride, c + j * LANES, c_stride, depth, 6, 1);
}

INLINE float element(const void *p, diptych_type type, size_t index) {
    return type == DIPTYCH_BF16 ? bf16_to_float(((const uint16_t *)p)[index]) : ((const float *)p)[index];
}

INLINE vec load_typed(const void *p, diptych_type type, size_t index) {
    return type == DIPTYCH_BF16 ? load_bf16((const uint16_t *)p + index) : load((const float *)p + index);
}

INLINE void load_row(const void *p, diptych_type type, size_t start, float *destination, size_t count) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        store(destination + i, load_typed(p, type, start + i));
    for (; i < count; i++) destination[i] = element(p, type, start + i);
}

// The perfect shuffle of two vectors: the lanes of `a` at even places, those of `b` at odd ones, over both results.
INLINE void interleave(vec a, vec b, vec *low, vec *high) {
#if LANES == 16
    *low = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    *high = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#else
    *low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
    *high = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#endif
}

// Writes the keys of LANES positions from `first` on as columns: keys[c][first…]. Positions past the end give zeros.
// A square of LANES rows is transposed by shuffling rows i and i + LANES/2 together, log2(LANES) times over.
static void transpose_keys(const attention_head *h, size_t first, float *keys, size_t padded_length) {
    for (size_t c = 0; c < h->head_width; c += LANES) {
        const size_t channels = h->head_width - c < LANES ? h->head_width - c : LANES;
        vec rows[LANES], next[LANES];
        for (size_t j = 0; j < LANES; j++) {
            float row[LANES] = {0};
            if (first + j < h->length) load_row(h->k, h->type, (first + j) * h->stride + c, row, channels);
            rows[j] = load(row);
        }
        for (int step = 1; step < LANES; step *= 2) {
#pragma clang loop unroll(full)
            for (int i = 0; i < LANES / 2; i++)
                interleave(rows[i], rows[i + LANES / 2], &next[2 * i], &next[2 * i + 1]);
            memcpy(rows, next, sizeof rows);
        }
        for (size_t i = 0; i < channels; i++) store(keys + (c + i) * padded_length + first, rows[i]);
    }
}

// Keys are laid out transposed [head_width][length] and values [length][head_width], both padded with zeros to whole
// vectors, so that both products of attention run in the same tile. Six query rows are done at a time, which fit in
// registers; their scores stay in the first-level cache.
void KERNEL(attention_head)(const attention_head *h) {
    const size_t length = h->length, width = h->head_width;
    const size_t padded_length = round_up(length, LANES), padded_width = round_up(width, LANES);
    float *keys = h->scratch;                                // [width][padded_length]
    float *values = keys + width * padded_length;            // [length][padded_width]
    float *queries = values + padded_length * padded_width;  // [6][padded_width]
    float *scores = queries + 6 * padded_width;             // [6][padded_length]
    float *result = scores + 6 * padded_length;             // [6][padded_width]
    const float scale = 1 / sqrtf((float)width);

    for (size_t j = 0; j < length; j++) {
        load_row(h->v, h->type, j * h->stride, values + j * padded_width, width);
        for (size_t c = width; c < padded_width; c++) values[j * padded_width + c] = 0;
    }
    for (size_t j = 0; j < padded_length; j += LANES) transpose_keys(h, j, keys, padded_length);
    for (size_t first = 0; first < length; first += 6) {
        const size_t rows = length - first < 6 ? length - first : 6;
        // Rows past the end repeat the last one: their results are not stored.
        for (size_t i = 0; i < 6; i++) {
            size_t row = first + (i < rows ? i : rows - 1);
            load_row(h->q, h->type, row * h->stride, queries + i * padded_width, width);
            for (size_t c = 0; c < width; c++) queries[i * padded_width + c] *= scale;
        }
        const size_t reach = h->causal ? first + rows : length;  // keys that any of these rows sees
        const size_t padded_reach = round_up(reach, LANES);
        six_rows(queries, padded_width, keys, padded_length, scores, padded_length, width, padded_reach / LANES);
        float sums[6];
        for (size_t i = 0; i < 6; i++) {
            float *row = scores + i * padded_length;
            const size_t seen = h->causal ? first + (i < rows ? i : rows - 1) + 1 : length;
            for (size_t j = seen; j < padded_reach; j++) row[j] = -INFINITY;
            vec highest = load(row);
            for (size_t j = LANES; j < padded_reach; j += LANES)
                highest = __builtin_elementwise_max(highest, load(row + j));
            float top = highest[0];
            for (int j = 1; j < LANES; j++) top = highest[j] > top ? highest[j] : top;
            vec total = splat(0);
            for (size_t j = 0; j < padded_reach; j += LANES) {
                vec e = exp_of(load(row + j) - top);
                store(row + j, e);
                total += e;
            }
            // A masked score became e^-87 rather than zero: far below rounding, but zero is exact and cheap.
            for (size_t j = seen; j < padded_reach; j++) row[j] = 0;
            sums[i] = sum_of(total);
        }
        six_rows(scores, padded_length, values, padded_width, result, padded_width, reach, padded_width / LANES);
        for (size_t i = 0; i < rows; i++) {
            float *row = result + i * padded_width;
            const float inverse = 1 / sums[i];
            for (size_t c = 0; c < padded_width; c += LANES) store(row + c, load(row + c) * inverse);
            if (h->type == DIPTYCH_BF16)
                KERNEL(narrow_bf16)(row, (uint16_t *)h->output + (first + i) * h->output_stride, width);
            else memcpy((float *)h->output + (first + i) * h->output_stride, row, width * 4);
        }
    }
}

// A lone query streams once over keys and values: there is nothing to tile.
void KERNEL(query_head)(const query_head *h) {
    const size_t width = h->head_width, whole = width / LANES * LANES;
    float *weights = h->scratch, *result = weights + h->length;
    const float scale = 1 / sqrtf((float)width);
    float highest = -INFINITY;
    for (size_t j = 0; j < h->length; j++) {
        vec total = splat(0);
        for (size_t c = 0; c < whole; c += LANES)
            total = __builtin_elementwise_fma(load_typed(h->q, h->type, c), load_typed(h->k, h->type, j * h->stride + c),
                                              total);
        float dot = sum_of(total);
        for (size_t c = whole; c < width; c++) dot += element(h->q, h->type, c) * element(h->k, h->type, j * h->stride + c);
        weights[j] = dot * scale;
        highest = weights[j] > highest ? weights[j] : highest;
    }
    float sum = 0;
    for (size_t j = 0; j < h->length; j++) sum += weights[j] = expf(weights[j] - highest);
    memset(result, 0, width * sizeof(float));
    for (size_t j = 0; j < h->length; j++) {
        const vec weight = splat(weights[j] / sum);
        for (size_t c = 0; c < whole; c += LANES)
            store(result + c, __builtin_elementwise_fma(weight, load_typed(h->v, h->type, j * h->stride + c),
                                                        load(result + c)));
        for (size_t c = whole; c < width; c++) result[c] += weights[j] / sum * element(h->v, h->type, j * h->stride + c);
    }
    if (h->type == DIPTYCH_BF16) KERNEL(narrow_bf16)(result, h->output, width);
    else memcpy(h->output, result, width * sizeof(float));
}

void KERNEL(dot_rows)(const float *query, const float *matrix, size_t rows, size_t width, float *scores) {
    const size_t whole = width / LANES * LANES;
    for (size_t r = 0; r < rows; r++) {
        const float *row = matrix + r * width;
        // Four independent sums hide the latency of the multiply-add.
        vec sum[4] = {splat(0), splat(0), splat(0), splat(0)};
        size_t i = 0;
        for (; i + 4 * LANES <= whole; i += 4 * LANES)
            for (int j = 0; j < 4; j++)
                sum[j] = __builtin_elementwise_fma(load(query + i + j * LANES), load(row + i + j * LANES), sum[j]);
        for (; i < whole; i += LANES) sum[0] = __builtin_elementwise_fma(load(query + i), load(row + i), sum[0]);
        float total = sum_of((sum[0] + sum[1]) + (sum[2] + sum[3]));
        for (; i < width; i++) total += query[i] * row[i];
        scores[r] = total;
    }
}
