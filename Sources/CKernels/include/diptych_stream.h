// How fast this machine moves bytes: plain loops over long arrays, for the roofline that operations are compared with.
#pragma once
#include "diptych_kernels.h"

// What is done with each element; the arrays hold 32-bit words.
typedef enum {
    DIPTYCH_STREAM_FILL = 0,   // a = 1.0: gives each thread's share of the memory to that thread's node
    DIPTYCH_STREAM_READ = 1,   // sum of a
    DIPTYCH_STREAM_COPY = 2,   // a = b
    DIPTYCH_STREAM_TRIAD = 3,  // a = b + 3 · c (McCalpin's STREAM)
} diptych_stream_pattern;

// Runs `pattern` `repeats` times over `count` words of each array, in one equal contiguous share for each thread. Arrays
// that the pattern does not name may be null; those that it names must not overlap. Stores are ordinary ones, as in kernels that other operations read from.
//
// Returns the sum of the words as integers, modulo 2^32, when reading (once, whatever `repeats`), and 0 otherwise.
uint32_t diptych_stream(diptych_isa isa, int threads, diptych_stream_pattern pattern, uint32_t *a, const uint32_t *b,
                        const uint32_t *c, size_t count, size_t repeats);

// Brings the team together `repeats` times, until each of its threads is there: what handing an operation to several cores costs.
void diptych_team_start(int threads, size_t repeats);
