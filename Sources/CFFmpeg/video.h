// What an open video consists of.
#pragma once
#include <time.h>

#include "internal.h"

struct diptych_video {
  diptych_video_bytes bytes;
  diptych_video_limits limits;
  int64_t offset;
  bool has_read_failed;
  double began, frame_began;

  AVIOContext *io;
  AVFormatContext *format;
  AVStream *stream;
  AVCodecContext *codec;
  AVPacket *packet;
  AVFrame *frame;
  bool is_draining;
  int64_t damages;

  // How the stored frame becomes the shown one: its columns become rows first, then it is mirrored.
  bool transposes, mirrors_columns, mirrors_rows;

  struct SwsContext *scaler;
  // What the scaler was made for.
  int key[9];
  uint8_t *turned;
  size_t turned_size;
};

// Whether a limit of time has passed.
bool diptych_video_is_late(const diptych_video *video);
// The reason why an operation ended with `code`.
void diptych_video_explain(const diptych_video *video, char *reason, const char *doing, int code);
// How the stored frame has to be turned, and the shown size.
void diptych_video_read_geometry(diptych_video *video, diptych_video_facts *facts);
