// inflateInit2 is a macro, which Swift cannot call.
#pragma once
#include <zlib.h>

// Prepares a stream that accepts exactly the gzip format.
static inline int diptych_inflate_gzip(z_stream *stream) { return inflateInit2(stream, 15 + 16); }

// Prepares a stream that accepts exactly the zlib format.
static inline int diptych_inflate_zlib(z_stream *stream) { return inflateInit(stream); }
