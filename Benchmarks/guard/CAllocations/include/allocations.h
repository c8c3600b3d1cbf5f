// Counts what a program asks of the allocator, by standing in front of glibc's.
#pragma once
#include <stddef.h>

// The calls so far that asked for memory, and the bytes that they asked for.
size_t diptych_allocation_calls(void);
size_t diptych_allocation_bytes(void);

// Calls body(context). A function of its own, so that a tool that counts instructions can be told to count here.
void diptych_guard_measured(void (*body)(void *context), void *context);
