#ifndef CRESOURCES_H
#define CRESOURCES_H

#include <stddef.h>

/// A file that is part of the program, so that a binary that was copied somewhere by itself has what it needs.
struct diptych_resource {
    /// Its path in the folders of resources, such as "Pages/index.html".
    const char *path;
    /// Its first byte.
    const unsigned char *start;
    /// Behind its last byte.
    const unsigned char *end;
};

/// The file with this number; null behind the last one.
const struct diptych_resource *diptych_resource_at(size_t index);

#endif
