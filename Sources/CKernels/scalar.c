// The scalar twins: the plainest form of each kernel, which the vectorised ones are tested against.
#include "internal.h"

static float half_to_float(uint16_t bits) {
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = bits >> 10 & 0x1f, mantissa = bits & 0x3ff;
    if (exponent == 0) {
        float magnitude = (float)mantissa * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    uint32_t wide = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | mantissa << 13;
    float value;
    memcpy(&value, &wide, 4);
    return value;
}

void widen_scalar(diptych_type type, const void *source, float *destination, size_t count) {
    if (type == DIPTYCH_F32) {
        memcpy(destination, source, count * 4);
        return;
    }
    const char *bytes = source;
    for (size_t i = 0; i < count; i++) {
        uint16_t bits;
        memcpy(&bits, bytes + 2 * i, 2);
        destination[i] = type == DIPTYCH_BF16 ? bf16_to_float(bits) : half_to_float(bits);
    }
}

void narrow_bf16_scalar(const float *source, uint16_t *destination, size_t count) {
    for (size_t i = 0; i < count; i++) destination[i] = float_to_bf16(source[i]);
}

static void store(void *output, diptych_type type, size_t index, float value) {
    if (type == DIPTYCH_BF16) ((uint16_t *)output)[index] = float_to_bf16(value);
    else ((float *)output)[index] = value;
}

static float load(const void *input, diptych_type type, size_t index) {
    return type == DIPTYCH_BF16 ? bf16_to_float(((const uint16_t *)input)[index]) : ((const float *)input)[index];
}

void layer_norm_row_scalar(const float *input, const float *weight, const float *bias, float epsilon, void *output,
                           diptych_type type, size_t width) {
    float mean = 0, variance = 0;
    for (size_t i = 0; i < width; i++) mean += input[i];
    mean /= (float)width;
    for (size_t i = 0; i < width; i++) variance += (input[i] - mean) * (input[i] - mean);
    float scale = 1 / sqrtf(variance / (float)width + epsilon);
    for (size_t i = 0; i < width; i++) store(output, type, i, (input[i] - mean) * scale * weight[i] + bias[i]);
}

void attention_head_scalar(const attention_head *h) {
    float scale = 1 / sqrtf((float)h->head_width);
    float *weights = h->scratch;
    for (size_t i = 0; i < h->length; i++) {
        size_t keys = h->causal ? i + 1 : h->length;
        float highest = -INFINITY, sum = 0;
        for (size_t j = 0; j < keys; j++) {
            float dot = 0;
            for (size_t c = 0; c < h->head_width; c++)
                dot += load(h->q, h->type, i * h->stride + c) * load(h->k, h->type, j * h->stride + c);
            weights[j] = dot * scale;
            highest = fmaxf(highest, weights[j]);
        }
        for (size_t j = 0; j < keys; j++) sum += weights[j] = expf(weights[j] - highest);
        for (size_t c = 0; c < h->head_width; c++) {
            float value = 0;
            for (size_t j = 0; j < keys; j++) value += weights[j] * load(h->v, h->type, j * h->stride + c);
            store(h->output, h->type, i * h->output_stride + c, value / sum);
        }
    }
}

void query_head_scalar(const query_head *h) {
    float scale = 1 / sqrtf((float)h->head_width), highest = -INFINITY, sum = 0;
    for (size_t j = 0; j < h->length; j++) {
        float dot = 0;
        for (size_t c = 0; c < h->head_width; c++)
            dot += load(h->q, h->type, c) * load(h->k, h->type, j * h->stride + c);
        h->scratch[j] = dot * scale;
        highest = fmaxf(highest, h->scratch[j]);
    }
    for (size_t j = 0; j < h->length; j++) sum += h->scratch[j] = expf(h->scratch[j] - highest);
    for (size_t c = 0; c < h->head_width; c++) {
        float value = 0;
        for (size_t j = 0; j < h->length; j++) value += h->scratch[j] * load(h->v, h->type, j * h->stride + c);
        store(h->output, h->type, c, value / sum);
    }
}

void dot_rows_scalar(const float *query, const float *matrix, size_t rows, size_t width, float *scores) {
    for (size_t r = 0; r < rows; r++) {
        float sum = 0;
        for (size_t i = 0; i < width; i++) sum += query[i] * matrix[r * width + i];
        scores[r] = sum;
    }
}
