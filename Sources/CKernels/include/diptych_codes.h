// Quantised codes of unit vectors, by which the nearest of a million are found without reading their floats.
//
// A vector x is centred and turned: y = R x − R c, with c near the mean of all vectors and R a random orthogonal matrix,
// so that the coordinates of y are nearly normal and errors of rounding are spread evenly (Gao and Long, "RaBitQ", 2024).
// Then the inner product with a query is q·x = Rq·Rc + Rq·y, of which the first part is the same for all vectors.
//
// First pass, two bits a dimension: y is near Δ · (u − 3/2) with levels u of 0 to 3, and Rq·y is estimated without bias as
// f · Rq·(u − 3/2) with the vector's factor f = |y|² / y·(u − 3/2). The standard deviation of the estimate's error is about
// DIPTYCH_CODE_ERROR · f · |q|.
// Second pass, a byte a dimension: y = s · codes + r, and |q·r| ≤ |q| |r|, so that both bounds of q·x are known.
//
// First-pass codes come in blocks of 16 vectors: 16 factors (float), then for each 16 dimensions 16 words of 32 bits, one
// a vector. Dimension 16 w + 4 j + b of a vector is in bits 8 b + 2 j and 8 b + 2 j + 1 of its word w.
// A second-pass record is a scale (float), the bound |r| of the error (float), a checksum of the vector's own bytes
// (uint32), four bytes of zero, and the codes, padded with zeros to a multiple of 16.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "diptych_kernels.h"

// The vectors of a block.
#define DIPTYCH_CODE_BLOCK 16
// The bytes of a record before its codes.
#define DIPTYCH_CODE_RECORD_HEADER 16
// The first pass's error for |q| = 1 and f = 1, one standard deviation: 0.94 · √(0.1175), from the distortion of the best
// quantiser with four even levels for normal numbers, and the root mean square of its levels.
#define DIPTYCH_CODE_ERROR 0.33f

// Bytes of a block and of a record. The dimension is at least 1 and at most 2^20.
size_t diptych_code_block_bytes(size_t dimension);
size_t diptych_code_record_bytes(size_t dimension);

// How vectors are turned: `rounds` times all signs are flipped as `signs` says, [rounds, dimension] of ±1, and the Walsh
// transform is applied, to the first 2^k coordinates in even rounds and to the last in odd ones, 2^k ≤ dimension.
typedef struct {
    size_t dimension, rounds;
    const float *signs;
} diptych_rotation;

// Turns a vector in place.
void diptych_rotate(const diptych_rotation *rotation, float *vector);

// A checksum of a vector's bytes.
uint32_t diptych_vector_checksum(const void *bytes, size_t count);

// Codes `blocks` · 16 vectors.
//   centre:   [dimension], turned: R c
//   vectors:  [blocks · 16, dimension]; one that is not finite gets codes of zero and an infinite bound
//   codes:    blocks · diptych_code_block_bytes(dimension) bytes
//   records:  blocks · 16 · diptych_code_record_bytes(dimension) bytes
//   scratch:  threads · 2 · dimension floats
void diptych_encode(int threads, const diptych_rotation *rotation, const float *centre, const float *vectors,
                    size_t blocks, void *codes, void *records, float *scratch);

// A query for the first pass: the integers nearest to Rq / scale, between −127 and 127, padded with zeros to a multiple of
// 16, and `bias` = Rq·(3/2, 3/2, …). A vector's estimate is offset + f · (scale · (digits·u) − bias) in floats, each operation
// rounded; the offset Rq·Rc belongs to a chunk.
typedef struct {
    const int8_t *digits;
    float scale, bias;
} diptych_code_query;

// A run of blocks. `masks` has for each block a bit for each vector that is wanted; NULL for all.
typedef struct {
    const void *blocks;
    size_t count;
    const uint16_t *masks;
    uint32_t first;        // the number of the first vector
    const float *offsets;  // one for each query
} diptych_code_chunk;

// The best estimates so far: keys in no order, of which the highest `keep` are certainly the best.
typedef struct {
    uint64_t *keys;   // capacity
    size_t count, capacity, keep;  // capacity ≥ keep + 16, keep ≥ 1
    float threshold;  // vectors that do not exceed it are left out; begins with −infinity
} diptych_code_list;

// A key orders first by estimate, then by number, lower ones better.
uint64_t diptych_code_key(float estimate, uint32_t number);
float diptych_code_key_estimate(uint64_t key);
uint32_t diptych_code_key_number(uint64_t key);

// Leaves the best `keep` keys of a list at most.
void diptych_code_list_trim(diptych_code_list *list);

// Scans chunks, one task each, for all queries.
//   lists: [threads, query_count]; every thread fills its own
void diptych_scan_codes(diptych_isa isa, int threads, size_t dimension, const diptych_code_chunk *chunks,
                        size_t chunk_count, const diptych_code_query *queries, size_t query_count,
                        diptych_code_list *lists);

// scale · (query · codes) for records that lie one after the other; the query has the records' padded width.
void diptych_score_records(diptych_isa isa, size_t dimension, const float *query, const void *records, size_t count,
                           float *scores);
