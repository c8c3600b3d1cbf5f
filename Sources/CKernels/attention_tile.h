// Attention of one head over one type of elements, for the file that defines PRODUCT (its name), FEATURES, TYPE and
// MULTIPLY_ADD, which multiplies the elements of a word of four bytes and adds.
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define NAMED(name) PASTE(name, PRODUCT)
#define WORD (TYPE == DIPTYCH_BF16 ? 2 : 1)     // elements in a word
#define ELEMENT (TYPE == DIPTYCH_BF16 ? 2 : 4)  // bytes

#pragma clang attribute push(__attribute__((target(FEATURES), min_vector_width(512))), apply_to = function)
// The words of all keys as columns: [words of a row][padded_length]. Positions past the end give zeros.
static void NAMED(pack_keys_)(const attention_head *h, size_t words, uint32_t *keys, size_t padded_length) {
    for (size_t first = 0; first < padded_length; first += 16)
        for (size_t from = 0; from < words; from += 16) {
            const size_t some = words - from < 16 ? words - from : 16;
            const __mmask16 mask = (__mmask16)((1u << some) - 1);
            __m512i rows[16];
            for (size_t i = 0; i < 16; i++) {
                const char *row = (const char *)h->k + (first + i) * h->stride * ELEMENT + from * 4;
                rows[i] = first + i < h->length ? _mm512_maskz_loadu_epi32(mask, row) : _mm512_setzero_si512();
            }
            transpose_words(rows);
            for (size_t i = 0; i < some; i++) _mm512_storeu_si512(keys + (from + i) * padded_length + first, rows[i]);
        }
}

// Values as words of one or two positions side by side: [positions / elements of a word][padded_width].
static void NAMED(pack_values_)(const attention_head *h, uint32_t *values, size_t padded_width) {
    for (size_t at = 0; at < h->length; at += WORD)
        for (size_t c = 0; c < padded_width; c += 16) {
            const __mmask16 mask = c + 16 <= h->head_width ? 0xffff : (__mmask16)((1u << (h->head_width - c)) - 1);
            const char *row = (const char *)h->v + (at * h->stride + c) * ELEMENT;
            __m512i word;
            if (TYPE == DIPTYCH_BF16) {
                const __m256i none = _mm256_setzero_si256(), low = _mm256_maskz_loadu_epi16(mask, row);
                const __m256i high = at + 1 < h->length ? _mm256_maskz_loadu_epi16(mask, row + h->stride * 2) : none;
                word = _mm512_or_si512(_mm512_cvtepu16_epi32(low), _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16));
            } else {
                word = _mm512_maskz_loadu_epi32(mask, row);
            }
            _mm512_storeu_si512(values + at / WORD * padded_width + c, word);
        }
}

// result[6][vectors · 16] = six rows of words · columns, with `vectors` a constant where this is inlined.
static inline __attribute__((always_inline)) void NAMED(six_)(
    const char *const *rows, size_t steps, const uint32_t *columns, size_t stride, float *result, size_t result_stride,
    const int vectors) {
    __m512 sum[6][4];
#pragma clang loop unroll(full)
    for (int i = 0; i < 6; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) sum[i][j] = _mm512_setzero_ps();
    const char *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3], *r4 = rows[4], *r5 = rows[5];
    for (size_t k = 0; k < steps; k++, columns += stride) {
        __m512i step[4];
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) step[j] = _mm512_loadu_si512(columns + 16 * j);
        const char *const at[6] = {r0, r1, r2, r3, r4, r5};
#pragma clang loop unroll(full)
        for (int i = 0; i < 6; i++) {
            int32_t word;
            memcpy(&word, at[i] + 4 * k, 4);
            const __m512i x = _mm512_set1_epi32(word);
#pragma clang loop unroll(full)
            for (int j = 0; j < vectors; j++) sum[i][j] = MULTIPLY_ADD(sum[i][j], step[j], x);
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 6; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) _mm512_storeu_ps(result + (size_t)i * result_stride + 16 * j, sum[i][j]);
}

static void NAMED(six_rows_)(const char *const *rows, size_t steps, const uint32_t *columns, size_t stride,
                             float *result, size_t result_stride, size_t vectors) {
    for (; vectors >= 4; vectors -= 4, columns += 64, result += 64)
        NAMED(six_)(rows, steps, columns, stride, result, result_stride, 4);
    switch (vectors) {
    case 3: NAMED(six_)(rows, steps, columns, stride, result, result_stride, 3); break;
    case 2: NAMED(six_)(rows, steps, columns, stride, result, result_stride, 2); break;
    case 1: NAMED(six_)(rows, steps, columns, stride, result, result_stride, 1); break;
    }
}

// Turns the first `seen` scores into e^(scale · (score − highest)) and the rest into zeros, as the next product reads them;
// returns their sum.
static inline __attribute__((always_inline)) float NAMED(soften_)(const float *scores, size_t seen, size_t padded,
                                                                  float scale, void *weights) {
    __m512 highest = _mm512_set1_ps(-INFINITY), total = _mm512_setzero_ps();
    const size_t whole = seen / 16 * 16;
    const __mmask16 rest = (__mmask16)((1u << (seen - whole)) - 1);
    for (size_t j = 0; j < whole; j += 16) highest = _mm512_max_ps(highest, _mm512_loadu_ps(scores + j));
    if (rest) highest = _mm512_mask_max_ps(highest, rest, highest, _mm512_loadu_ps(scores + whole));
    const __m512 top = _mm512_set1_ps(_mm512_reduce_max_ps(highest) * scale), factor = _mm512_set1_ps(scale);
    for (size_t j = 0; j < padded; j += 16) {
        const __mmask16 mask = j < whole ? 0xffff : j == whole ? rest : 0;
        const vec power = exp_of((vec)_mm512_fmsub_ps(_mm512_loadu_ps(scores + j), factor, top));
        const __m512 kept = _mm512_maskz_mov_ps(mask, (__m512)power);
        total = _mm512_add_ps(total, kept);
        if (TYPE == DIPTYCH_BF16) store_bf16((uint16_t *)weights + j, (vec)kept);
        else _mm512_storeu_ps((float *)weights + j, kept);
    }
    return _mm512_reduce_add_ps(total);
}

// Six queries at a time: their scores, and the weights that become of them, stay in the first-level cache.
void NAMED(attention_head_)(const attention_head *h) {
    const size_t length = h->length, width = h->head_width, words = width / WORD;
    const size_t padded_length = round_up(length, 16), padded_width = round_up(width, 16);
    uint32_t *keys = (uint32_t *)h->scratch;                       // [words][padded_length]
    uint32_t *values = keys + words * padded_length;               // [padded_length / WORD][padded_width]
    float *scores = (float *)(values + padded_length / WORD * padded_width);  // [6][padded_length]
    float *weights = scores + 6 * padded_length;                   // [6][padded_length]
    float *result = weights + 6 * padded_length;                   // [6][padded_width]
    const float scale = 1 / sqrtf((float)width);

    NAMED(pack_keys_)(h, words, keys, padded_length);
    NAMED(pack_values_)(h, values, padded_width);
    for (size_t first = 0; first < length; first += 6) {
        const size_t rows = length - first < 6 ? length - first : 6;
        // Rows past the end repeat the last one: their results are not stored.
        const char *queries[6], *softened[6];
        for (size_t i = 0; i < 6; i++) {
            queries[i] = (const char *)h->q + (first + (i < rows ? i : rows - 1)) * h->stride * ELEMENT;
            softened[i] = (const char *)weights + i * padded_length * ELEMENT;
        }
        const size_t reach = h->causal ? first + rows : length;  // keys that any of these rows sees
        const size_t padded_reach = round_up(reach, 16);
        NAMED(six_rows_)(queries, words, keys, padded_length, scores, padded_length, padded_reach / 16);
        float sums[6];
        for (size_t i = 0; i < 6; i++)
            sums[i] = NAMED(soften_)(scores + i * padded_length, h->causal && i < rows ? first + i + 1 : reach,
                                     padded_reach, scale, (void *)softened[i]);
        NAMED(six_rows_)(softened, (reach + WORD - 1) / WORD, values, padded_width, result, padded_width,
                         padded_width / 16);
        for (size_t i = 0; i < rows; i++) {
            char *output = (char *)h->output + (first + i) * h->output_stride * ELEMENT;
            for (size_t c = 0; c < width; c += 16) {
                const __mmask16 mask = c + 16 <= width ? 0xffff : (__mmask16)((1u << (width - c)) - 1);
                const __m512 y =
                    _mm512_mul_ps(_mm512_loadu_ps(result + i * padded_width + c), _mm512_set1_ps(1 / sums[i]));
                if (TYPE == DIPTYCH_BF16) {
                    uint16_t narrow[16];
                    store_bf16(narrow, (vec)y);
                    _mm256_mask_storeu_epi16(output + c * 2, mask, _mm256_loadu_si256((const __m256i *)narrow));
                } else {
                    _mm512_mask_storeu_ps(output + c * 4, mask, y);
                }
            }
        }
    }
}

#pragma clang attribute pop
#undef PASTE_
#undef PASTE
#undef NAMED
#undef WORD
#undef ELEMENT
#undef PRODUCT
#undef FEATURES
#undef TYPE
#undef MULTIPLY_ADD
