#pragma once
#include <lmdb.h>

#ifdef __linux__
// Swift sees no functions that glibc has for GNU programs alone.
int sync_file_range(int, long, long, unsigned int);

/// Lets the disk begin with what was written to a file, without waiting for it.
static inline void diptych_start_writing(int descriptor) {
    sync_file_range(descriptor, 0, 0, 2 /* SYNC_FILE_RANGE_WRITE */);
}
#else
static inline void diptych_start_writing(int descriptor) { (void)descriptor; }
#endif
