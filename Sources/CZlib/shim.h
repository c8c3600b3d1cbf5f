// inflateInit2 and deflateInit2 are macros, which Swift cannot call.
#pragma once
#include <zlib.h>

// Prepares a stream that accepts exactly the gzip format.
static inline int diptych_inflate_gzip(z_stream *stream) { return inflateInit2(stream, 15 + 16); }

// Prepares a stream that makes the gzip format.
static inline int diptych_deflate_gzip(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

// Prepares a stream that accepts exactly the zlib format.
static inline int diptych_inflate_zlib(z_stream *stream) { return inflateInit(stream); }

// Prepares a stream that accepts deflate's bytes without a header.
static inline int diptych_inflate_raw(z_stream *stream) { return inflateInit2(stream, -15); }
