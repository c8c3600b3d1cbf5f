// Coding, the driver of the scans, and the scalar twins.
#include "codes_internal.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF  // the same codes on every processor

static size_t padded_width(size_t dimension) { return (dimension + 15) / 16 * 16; }

size_t diptych_code_block_bytes(size_t dimension) {
    return DIPTYCH_CODE_BLOCK * (4 + padded_width(dimension) / 4);
}

size_t diptych_code_record_bytes(size_t dimension) { return DIPTYCH_CODE_RECORD_HEADER + padded_width(dimension); }

// The fast Walsh transform, divided by the square root of its length, a power of two.
static void walsh(float *values, size_t length) {
    for (size_t half = 1; half < length; half *= 2)
        for (size_t start = 0; start < length; start += 2 * half)
            for (size_t i = start; i < start + half; i++) {
                float a = values[i], b = values[i + half];
                values[i] = a + b;
                values[i + half] = a - b;
            }
    float scale = 1 / sqrtf((float)length);
    for (size_t i = 0; i < length; i++) values[i] *= scale;
}

void diptych_rotate(const diptych_rotation *rotation, float *vector) {
    size_t dimension = rotation->dimension, length = 1;
    while (2 * length <= dimension) length *= 2;
    for (size_t round = 0; round < rotation->rounds; round++) {
        for (size_t i = 0; i < dimension; i++) vector[i] *= rotation->signs[round * dimension + i];
        walsh(round % 2 ? vector + dimension - length : vector, length);
    }
}

uint32_t diptych_vector_checksum(const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    uint64_t sum = 0x9e3779b97f4a7c15u ^ count;
    for (; count >= 4; at += 4, count -= 4) {
        uint32_t word;
        memcpy(&word, at, 4);
        sum = (sum ^ word) * 0xff51afd7ed558ccdu;
        sum ^= sum >> 32;
    }
    for (; count > 0; at++, count--) sum = (sum ^ *at) * 0xff51afd7ed558ccdu;
    return (uint32_t)(sum ^ sum >> 32);
}

// Codes the turned and centred vector y. `reach` is the length of the vector itself.
static void encode_vector(size_t dimension, const float *y, double reach, size_t lane, unsigned char *block,
                          unsigned char *record) {
    size_t padded = padded_width(dimension);
    double square = 0;
    float largest = 0;
    for (size_t i = 0; i < dimension; i++) {
        square += (double)y[i] * y[i];
        largest = fmaxf(largest, fabsf(y[i]));
    }
    float step = (float)sqrt(square / (double)dimension);
    uint32_t *words = (uint32_t *)(block + 4 * DIPTYCH_CODE_BLOCK);
    double along = 0;
    for (size_t i = 0; i < dimension; i++) {
        uint32_t level = y[i] >= step ? 3 : y[i] >= 0 ? 2 : y[i] >= -step ? 1 : 0;
        along += y[i] * (level - 1.5);
        words[i / 16 * DIPTYCH_CODE_BLOCK + lane] |= level << (8 * (i % 4) + 2 * (i % 16 / 4));
    }
    ((float *)block)[lane] = along > 0 ? (float)(square / along) : 0;

    float scale = largest / 127, inverse = scale > 0 ? 1 / scale : 0;
    double lost = 0;
    for (size_t i = 0; i < padded; i++) {
        float code = i < dimension ? rintf(y[i] * inverse) : 0;
        code = fminf(127, fmaxf(-127, code));
        ((int8_t *)record)[DIPTYCH_CODE_RECORD_HEADER + i] = (int8_t)code;
        if (i < dimension) lost += ((double)y[i] - (double)scale * code) * ((double)y[i] - (double)scale * code);
    }
    // What single precision loses in turning and in sums of at most a few thousand terms is far below the second part.
    float bound = (float)(sqrt(lost) * 1.00001 + 1e-5 * fmax(1, reach));
    memcpy(record, &scale, 4);
    memcpy(record + 4, &bound, 4);
}

typedef struct {
    const diptych_rotation *rotation;
    const float *centre, *vectors;
    unsigned char *codes, *records;
    float *scratch;
} encode_work;

static void encode_block(void *context, size_t index) {
    const encode_work *w = context;
    size_t dimension = w->rotation->dimension, record_bytes = diptych_code_record_bytes(dimension);
    float *y = w->scratch + (size_t)diptych_thread_index() * 2 * dimension;
    unsigned char *block = w->codes + index * diptych_code_block_bytes(dimension);
    memset(block, 0, diptych_code_block_bytes(dimension));
    for (size_t lane = 0; lane < DIPTYCH_CODE_BLOCK; lane++) {
        size_t row = index * DIPTYCH_CODE_BLOCK + lane;
        const float *vector = w->vectors + row * dimension;
        unsigned char *record = w->records + row * record_bytes;
        memset(record, 0, record_bytes);
        uint32_t checksum = diptych_vector_checksum(vector, 4 * dimension);
        memcpy(record + 8, &checksum, 4);
        double square = 0;
        for (size_t i = 0; i < dimension; i++) square += (double)vector[i] * vector[i];
        if (!(square < 1e30)) {
            float unbounded = INFINITY;
            memcpy(record + 4, &unbounded, 4);
            continue;
        }
        memcpy(y, vector, 4 * dimension);
        diptych_rotate(w->rotation, y);
        for (size_t i = 0; i < dimension; i++) y[i] -= w->centre[i];
        encode_vector(dimension, y, sqrt(square), lane, block, record);
    }
}

void diptych_encode(int threads, const diptych_rotation *rotation, const float *centre, const float *vectors,
                    size_t blocks, void *codes, void *records, float *scratch) {
    encode_work w = {rotation, centre, vectors, codes, records, scratch};
    diptych_parallel(threads, blocks, encode_block, &w);
}

// MARK: the lists of the best

uint64_t diptych_code_key(float estimate, uint32_t number) {
    uint32_t bits;
    memcpy(&bits, &estimate, 4);
    bits ^= bits >> 31 ? 0xffffffffu : 0x80000000u;
    return (uint64_t)bits << 32 | (uint32_t)~number;
}

float diptych_code_key_estimate(uint64_t key) {
    uint32_t bits = (uint32_t)(key >> 32);
    bits ^= bits >> 31 ? 0x80000000u : 0xffffffffu;
    float estimate;
    memcpy(&estimate, &bits, 4);
    return estimate;
}

uint32_t diptych_code_key_number(uint64_t key) { return ~(uint32_t)key; }

// Moves the highest `keep` keys to the front (Hoare's selection).
static void select_highest(uint64_t *keys, size_t count, size_t keep) {
    size_t low = 0, high = count;  // the border lies in [low, high)
    while (high - low > 1) {
        uint64_t a = keys[low], b = keys[low + (high - low) / 2], c = keys[high - 1];
        uint64_t pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
        size_t i = low, j = high - 1;
        for (;;) {
            while (keys[i] > pivot) i++;
            while (keys[j] < pivot) j--;
            if (i >= j) break;
            uint64_t swap = keys[i];
            keys[i] = keys[j];
            keys[j] = swap;
            i++;
            j--;
        }
        // Everything before i is at least the pivot, everything from i on at most.
        if (i == low) i = low + 1;  // the pivot itself stands first
        if (keep < i) high = i;
        else low = i;
        if (keep <= low) break;
    }
}

void diptych_code_list_trim(diptych_code_list *list) {
    if (list->count <= list->keep) return;
    select_highest(list->keys, list->count, list->keep);
    list->count = list->keep;
    uint64_t lowest = list->keys[0];
    for (size_t i = 1; i < list->count; i++)
        if (list->keys[i] < lowest) lowest = list->keys[i];
    list->threshold = diptych_code_key_estimate(lowest);
}

void code_list_add(diptych_code_list *list, float estimate, uint32_t number) {
    if (!(estimate > list->threshold)) return;
    if (list->count == list->capacity) diptych_code_list_trim(list);
    if (!(estimate > list->threshold)) return;
    list->keys[list->count++] = diptych_code_key(estimate, number);
}

// MARK: the scans

typedef void (*scan_kernel)(size_t, const diptych_code_chunk *, const diptych_code_query *, const float *, size_t,
                            diptych_code_list *);

typedef struct {
    scan_kernel kernel;
    size_t words;
    const diptych_code_chunk *chunks;
    const diptych_code_query *queries;
    size_t query_count;
    diptych_code_list *lists;
} scan_work;

// A chunk is small enough to stay in the second-level cache while all queries pass over it.
static void scan_chunk(void *context, size_t index) {
    const scan_work *w = context;
    diptych_code_list *lists = w->lists + (size_t)diptych_thread_index() * w->query_count;
    const diptych_code_chunk *chunk = w->chunks + index;
    for (size_t q = 0; q < w->query_count; q += CODE_QUERIES) {
        size_t count = w->query_count - q < CODE_QUERIES ? w->query_count - q : CODE_QUERIES;
        w->kernel(w->words, chunk, w->queries + q, chunk->offsets + q, count, lists + q);
    }
}

void diptych_scan_codes(diptych_isa isa, int threads, size_t dimension, const diptych_code_chunk *chunks,
                        size_t chunk_count, const diptych_code_query *queries, size_t query_count,
                        diptych_code_list *lists) {
    scan_kernel kernel = scan_blocks_scalar;
#if defined(__x86_64__)
    if (isa == DIPTYCH_ISA_AVX512 && codes_has_vnni()) kernel = scan_blocks_vnni;
    else if (isa >= DIPTYCH_ISA_AVX2) kernel = scan_blocks_avx2;
#endif
    scan_work w = {kernel, padded_width(dimension) / 16, chunks, queries, query_count, lists};
    diptych_parallel(threads, chunk_count, scan_chunk, &w);
}

void diptych_score_records(diptych_isa isa, size_t dimension, const float *query, const void *records, size_t count,
                           float *scores) {
    float (*kernel)(size_t, const float *, const int8_t *) = score_record_scalar;
#if defined(__x86_64__)
    if (isa == DIPTYCH_ISA_AVX512) kernel = score_record_avx512;
    else if (isa == DIPTYCH_ISA_AVX2) kernel = score_record_avx2;
#endif
    size_t padded = padded_width(dimension);
    for (size_t i = 0; i < count; i++) {
        const char *record = (const char *)records + i * diptych_code_record_bytes(dimension);
        float scale;
        memcpy(&scale, record, 4);
        scores[i] = scale * kernel(padded, query, (const int8_t *)record + DIPTYCH_CODE_RECORD_HEADER);
    }
}

// MARK: the scalar twins

void scan_blocks_scalar(size_t words, const diptych_code_chunk *chunk, const diptych_code_query *queries,
                        const float *offsets, size_t query_count, diptych_code_list *lists) {
    size_t block_bytes = DIPTYCH_CODE_BLOCK * (4 + 4 * words);
    for (size_t b = 0; b < chunk->count; b++) {
        const char *block = (const char *)chunk->blocks + b * block_bytes;
        for (size_t q = 0; q < query_count; q++)
            for (size_t lane = 0; lane < DIPTYCH_CODE_BLOCK; lane++) {
                if (chunk->masks && !(chunk->masks[b] >> lane & 1)) continue;
                int32_t sum = 0;
                for (size_t i = 0; i < 16 * words; i++) {
                    uint32_t word;
                    memcpy(&word, block + 4 * (DIPTYCH_CODE_BLOCK * (1 + i / 16) + lane), 4);
                    sum += (int32_t)(word >> (8 * (i % 4) + 2 * (i % 16 / 4)) & 3) * queries[q].digits[i];
                }
                float factor;
                memcpy(&factor, block + 4 * lane, 4);
                float scaled = queries[q].scale * (float)sum;
                float centred = scaled - queries[q].bias;
                float part = factor * centred;
                code_list_add(lists + q, offsets[q] + part, chunk->first + (uint32_t)(b * DIPTYCH_CODE_BLOCK + lane));
            }
    }
}

float score_record_scalar(size_t padded, const float *query, const int8_t *codes) {
    float sum = 0;
    for (size_t i = 0; i < padded; i++) sum += query[i] * (float)codes[i];
    return sum;
}
