// Video files to frames, and frames to video files, through FFmpeg's libraries. They are loaded when they are first used and not
// when the program starts: they bring a hundred others with them.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The longest reason, with its terminating zero.
#define DIPTYCH_FFMPEG_REASON 240

// Loads the libraries. 0, or not 0 with the reason and what to install.
int diptych_ffmpeg_load(char *reason);

// The bytes of a video file. Nothing else is ever opened.
typedef struct {
  void *context;
  // All bytes, or -1 where that is unknown.
  int64_t size;
  // Copies up to `count` bytes from `offset`: how many, 0 at the end, negative where reading failed.
  int (*read)(void *context, int64_t offset, uint8_t *out, int count);
} diptych_video_bytes;

typedef struct {
  int threads;
  // The most pixels of a frame.
  int64_t pixels;
  // The longest time between two frames, and for everything, in seconds.
  double frame_seconds, total_seconds;
} diptych_video_limits;

typedef struct {
  // As shown: after rotation, with square pixels.
  int width, height;
  // As stored.
  int stored_width, stored_height;
  // What the file claims: seconds, frames a second and frames; 0 where it claims nothing.
  double duration, rate;
  int64_t frames;
  // Seconds of a unit of time stamps, and the stamp at which the file begins.
  double unit;
  int64_t origin;
  // Whether each packet has its own time and holds one frame, so that packets tell which frames there are.
  bool packets_are_frames;
  char codec[32], format[64];
} diptych_video_facts;

typedef struct diptych_video diptych_video;

enum { DIPTYCH_VIDEO_FAILED = -1, DIPTYCH_VIDEO_END = 0, DIPTYCH_VIDEO_GOT = 1 };

// Reads the header. NULL where that fails, with the reason.
diptych_video *diptych_video_open(
    const diptych_video_bytes *bytes, const diptych_video_limits *limits, diptych_video_facts *facts, char *reason);
void diptych_video_close(diptych_video *video);

// A packet of the video, without decoding it.
typedef struct {
  int64_t time;
  bool has_time, is_key, is_dropped;
} diptych_video_packet;
int diptych_video_next_packet(diptych_video *video, diptych_video_packet *packet, char *reason);

// Continues at the key frame at or before `time`; at the beginning where `time` is INT64_MIN.
int diptych_video_seek(diptych_video *video, int64_t time, char *reason);

// Decodes the next frame in the order of showing. `wanted`, ascending, are the times that the caller needs; where it is not
// NULL, frames that no other depends on may be skipped if they are not among them. GOT, END, or FAILED with the reason.
int diptych_video_next_frame(
    diptych_video *video, const int64_t *wanted, size_t wanted_count, int64_t *time, bool *has_time, char *reason);
// How many pieces of the data could not be decoded so far.
int64_t diptych_video_damages(const diptych_video *video);

// The frame as RGB, as shown: 3 bytes a pixel, rows without gaps.
int diptych_video_rgb(diptych_video *video, uint8_t *out, int width, int height, char *reason);
// Means of `columns` × `rows` cells of the frame as stored: brightness and two colour differences, one plane after the other.
int diptych_video_cells(diptych_video *video, uint8_t *out, int columns, int rows, char *reason);

// Writes RGB frames as a video file.
typedef struct diptych_encoder diptych_encoder;
typedef struct {
  int width, height, rate_numerator, rate_denominator;
  // The names of FFmpeg's encoder and of the file's format, and the encoder's options as key=value:key=value.
  const char *codec, *format, *options;
  int key_interval, threads;
} diptych_encoder_options;
diptych_encoder *diptych_encoder_open(const char *path, const diptych_encoder_options *options, char *reason);
int diptych_encoder_write(diptych_encoder *encoder, const uint8_t *rgb, char *reason);
// Ends the file and frees everything, whether it succeeds or not. `isWhole` is false after a failure.
int diptych_encoder_close(diptych_encoder *encoder, bool is_whole, char *reason);
