// Chooses the twin for an instruction set and spreads rows or heads over threads.
#include "internal.h"

#if defined(__x86_64__)
#define CHOOSE(isa, name) ((isa) == DIPTYCH_ISA_AVX512 ? name##_avx512 : (isa) == DIPTYCH_ISA_AVX2 ? name##_avx2 : name##_scalar)
#else
#define CHOOSE(isa, name) name##_scalar
#endif

void diptych_widen(diptych_isa isa, diptych_type type, const void *source, float *destination, size_t count) {
    CHOOSE(isa, widen)(type, source, destination, count);
}

void diptych_narrow_bf16(diptych_isa isa, const float *source, uint16_t *destination, size_t count) {
    CHOOSE(isa, narrow_bf16)(source, destination, count);
}

void diptych_dot_rows(diptych_isa isa, const float *query, const float *matrix, size_t rows, size_t width,
                      float *scores) {
    CHOOSE(isa, dot_rows)(query, matrix, rows, width, scores);
}

// Rows that one task normalises: enough to be worth handing over.
enum { norm_rows = 16 };

typedef struct {
    diptych_isa isa;
    const float *input, *weight, *bias;
    float epsilon;
    void *output;
    diptych_type type;
    size_t rows, width;
} norm_work;

static void norm_task(void *context, size_t index) {
    const norm_work *w = context;
    size_t end = (index + 1) * norm_rows < w->rows ? (index + 1) * norm_rows : w->rows;
    size_t bytes = w->type == DIPTYCH_BF16 ? 2 : 4;
    for (size_t row = index * norm_rows; row < end; row++)
        CHOOSE(w->isa, layer_norm_row)
        (w->input + row * w->width, w->weight, w->bias, w->epsilon, (char *)w->output + row * w->width * bytes, w->type,
         w->width);
}

void diptych_layer_norm(diptych_isa isa, int threads, const float *input, const float *weight, const float *bias,
                        float epsilon, void *output, diptych_type output_type, size_t rows, size_t width) {
    norm_work w = {isa, input, weight, bias, epsilon, output, output_type, rows, width};
    diptych_parallel(threads, (rows + norm_rows - 1) / norm_rows, norm_task, &w);
}

size_t diptych_attention_scratch(size_t longest, size_t head_width) {
    size_t length = round_up(longest, 16), width = round_up(head_width, 16);
    return (2 * length * width + 6 * (2 * width + 2 * length)) * sizeof(float);
}

typedef struct {
    diptych_isa isa;
    const char *qkv;
    char *output;
    diptych_type type;
    const int32_t *offsets;
    size_t heads, head_width;
    int causal;
    char *scratch;
    size_t scratch_per_thread, together;
} attention_work;

static void attend(const attention_work *w, size_t sequence, size_t head) {
    size_t width = w->heads * w->head_width, bytes = w->type == DIPTYCH_BF16 ? 2 : 4;
    size_t first = (size_t)w->offsets[sequence];
    const char *q = w->qkv + (first * 3 * width + head * w->head_width) * bytes;
    attention_head h = {
        .q = q,
        .k = q + width * bytes,
        .v = q + 2 * width * bytes,
        .output = w->output + (first * width + head * w->head_width) * bytes,
        .type = w->type,
        .stride = 3 * width,
        .output_stride = width,
        .length = (size_t)w->offsets[sequence + 1] - first,
        .head_width = w->head_width,
        .causal = w->causal,
        .scratch = (float *)(w->scratch + (size_t)diptych_thread_index() * w->scratch_per_thread),
    };
#if defined(__x86_64__)
    if (w->isa == DIPTYCH_ISA_AVX512 && w->type == DIPTYCH_F32) return attention_head_f32(&h);
    if (w->isa == DIPTYCH_ISA_AVX512 && diptych_has_bf16() && h.head_width % 2 == 0) return attention_head_bf16(&h);
#endif
    CHOOSE(w->isa, attention_head)(&h);
}

// Neighbouring heads of a sequence lie in neighbouring lines of memory: one thread does several, where there are enough.
static void attention_task(void *context, size_t index) {
    const attention_work *w = context;
    const size_t groups = (w->heads + w->together - 1) / w->together;
    const size_t first = index % groups * w->together;
    for (size_t head = first; head < first + w->together && head < w->heads; head++) attend(w, index / groups, head);
}

void diptych_attention(diptych_isa isa, int threads, const void *qkv, void *output, diptych_type type,
                       const int32_t *offsets, size_t sequences, size_t heads, size_t head_width, int causal,
                       void *scratch, size_t scratch_per_thread) {
    size_t together = sequences * heads / (8 * (size_t)(threads > 0 ? threads : 1));
    together = together < 1 ? 1 : together > heads ? heads : together;
    attention_work w = {isa,    qkv,     output,            type, offsets, heads, head_width, causal,
                        scratch, scratch_per_thread, together};
    diptych_parallel(threads, sequences * ((heads + together - 1) / together), attention_task, &w);
}

typedef struct {
    diptych_isa isa;
    const char *query, *keys_values;
    char *output;
    diptych_type type;
    const int32_t *offsets;
    size_t heads, head_width;
    char *scratch;
    size_t scratch_per_thread;
} query_work;

static void query_task(void *context, size_t index) {
    const query_work *w = context;
    size_t sequence = index / w->heads, head = index % w->heads;
    size_t width = w->heads * w->head_width, bytes = w->type == DIPTYCH_BF16 ? 2 : 4;
    size_t first = (size_t)w->offsets[sequence], at = (sequence * width + head * w->head_width) * bytes;
    const char *k = w->keys_values + (first * 2 * width + head * w->head_width) * bytes;
    query_head h = {
        .q = w->query + at,
        .k = k,
        .v = k + width * bytes,
        .output = w->output + at,
        .type = w->type,
        .stride = 2 * width,
        .length = (size_t)w->offsets[sequence + 1] - first,
        .head_width = w->head_width,
        .scratch = (float *)(w->scratch + (size_t)diptych_thread_index() * w->scratch_per_thread),
    };
    CHOOSE(w->isa, query_head)(&h);
}

void diptych_query_attention(diptych_isa isa, int threads, const void *query, const void *keys_values, void *output,
                             diptych_type type, const int32_t *offsets, size_t sequences, size_t heads,
                             size_t head_width, void *scratch, size_t scratch_per_thread) {
    query_work w = {isa, query, keys_values, output, type, offsets, heads, head_width, scratch, scratch_per_thread};
    diptych_parallel(threads, sequences * heads, query_task, &w);
}

typedef struct {
    const float *pixels;
    size_t side;
    void *output;
    diptych_type type;
} channels_work;

// One task is one line of one image.
static void channels_task(void *context, size_t index) {
    const channels_work *w = context;
    size_t image = index / w->side, y = index % w->side, plane = w->side * w->side;
    const float *line = w->pixels + image * 3 * plane + y * w->side;
    size_t at = index * w->side * 3;
    for (size_t x = 0; x < w->side; x++)
        for (size_t channel = 0; channel < 3; channel++, at++) {
            float value = line[channel * plane + x];
            if (w->type == DIPTYCH_BF16) ((uint16_t *)w->output)[at] = float_to_bf16(value);
            else ((float *)w->output)[at] = value;
        }
}

void diptych_channels_last(int threads, const float *pixels, size_t count, size_t side, void *output,
                           diptych_type output_type) {
    channels_work w = {pixels, side, output, output_type};
    diptych_parallel(threads, count * side, channels_task, &w);
}

typedef struct {
    const float *pixels;
    size_t height, width, patch;
    void *output;
    diptych_type type;
    diptych_isa isa;
} patch_work;

// One task is one row of patches of one image.
static void patch_task(void *context, size_t index) {
    const patch_work *w = context;
    size_t across = w->width / w->patch, down = w->height / w->patch, depth = 3 * w->patch * w->patch;
    size_t image = index / down, row = index % down;
    const float *pixels = w->pixels + image * 3 * w->height * w->width;
    for (size_t column = 0; column < across; column++) {
        size_t at = ((image * down + row) * across + column) * depth;
        for (size_t channel = 0; channel < 3; channel++)
            for (size_t y = 0; y < w->patch; y++, at += w->patch) {
                const float *line =
                    pixels + (channel * w->height + row * w->patch + y) * w->width + column * w->patch;
                if (w->type == DIPTYCH_BF16) diptych_narrow_bf16(w->isa, line, (uint16_t *)w->output + at, w->patch);
                else memcpy((float *)w->output + at, line, w->patch * sizeof(float));
            }
    }
}

void diptych_patchify(diptych_isa isa, int threads, const float *pixels, size_t count, size_t height, size_t width,
                      size_t patch, void *output, diptych_type output_type) {
    patch_work w = {pixels, height, width, patch, output, output_type, isa};
    diptych_parallel(threads, count * (height / patch), patch_task, &w);
}

typedef struct {
    const float *patches, *class_token, *positions;
    size_t per_image, width;
    float *output;
} place_work;

// One task is one image.
static void place_task(void *context, size_t image) {
    const place_work *w = context;
    const float *patches = w->patches + image * w->per_image * w->width, *positions = w->positions;
    float *output = w->output + image * (w->per_image + (w->class_token ? 1 : 0)) * w->width;
    if (w->class_token) {
        for (size_t i = 0; i < w->width; i++) output[i] = w->class_token[i] + positions[i];
        output += w->width;
        positions += w->width;
    }
    for (size_t i = 0; i < w->per_image * w->width; i++) output[i] = patches[i] + positions[i];
}

void diptych_place_patches(int threads, const float *patches, const float *class_token, const float *positions,
                           size_t count, size_t per_image, size_t width, float *output) {
    place_work w = {patches, class_token, positions, per_image, width, output};
    diptych_parallel(threads, count, place_task, &w);
}
