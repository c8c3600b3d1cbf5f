#pragma once
#include <lmdb.h>

#ifdef __linux__
// Swift sees no functions that glibc has for GNU programs alone.
int sync_file_range(int, long, long, unsigned int);
int syncfs(int);

/// Lets the disk begin with what was written to a file, without waiting for it.
static inline void diptych_start_writing(int descriptor) {
    sync_file_range(descriptor, 0, 0, 2 /* SYNC_FILE_RANGE_WRITE */);
}

static inline int diptych_sync_file_system(int descriptor) { return syncfs(descriptor); }
#else
#include <unistd.h>

static inline void diptych_start_writing(int descriptor) { (void)descriptor; }

static inline int diptych_sync_file_system(int descriptor) {
    (void)descriptor;
    sync();
    return 0;
}
#endif
