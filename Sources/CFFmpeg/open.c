#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "video.h"

enum { BUFFER = 1 << 16, PACKETS_WITHOUT_A_FRAME = 1 << 20 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

bool diptych_video_is_late(const diptych_video *v) {
  double t = now();
  return t - v->began > v->limits.total_seconds || t - v->frame_began > v->limits.frame_seconds;
}

void diptych_video_explain(const diptych_video *v, char *reason, const char *doing, int code) {
  if (v->has_read_failed)
    diptych_ffmpeg_say(reason, "reading its bytes failed");
  else if (diptych_video_is_late(v))
    diptych_ffmpeg_say(reason, "it takes longer than the limit of %g s; it may be damaged or endless",
        now() - v->began > v->limits.total_seconds ? v->limits.total_seconds : v->limits.frame_seconds);
  else
    diptych_ffmpeg_explain(reason, doing, code);
}

static int interrupted(void *context) { return diptych_video_is_late(context); }

static int read_bytes(void *context, uint8_t *out, int count) {
  diptych_video *v = context;
  if (diptych_video_is_late(v)) return AVERROR_EXIT;
  int got = v->bytes.read(v->bytes.context, v->offset, out, count);
  if (got < 0) {
    v->has_read_failed = true;
    return AVERROR(EIO);
  }
  v->offset += got;
  return got ? got : AVERROR_EOF;
}

static int64_t seek_bytes(void *context, int64_t offset, int whence) {
  diptych_video *v = context;
  int64_t base;
  switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE: return v->bytes.size >= 0 ? v->bytes.size : AVERROR(ENOSYS);
    case SEEK_SET: base = 0; break;
    case SEEK_CUR: base = v->offset; break;
    case SEEK_END:
      if (v->bytes.size < 0) return AVERROR(ENOSYS);
      base = v->bytes.size;
      break;
    default: return AVERROR(EINVAL);
  }
  int64_t place;
  if (__builtin_add_overflow(base, offset, &place) || place < 0) return AVERROR(EINVAL);
  return v->offset = place;
}

// Formats that name other files ask for them by this. Nothing but the bytes that were given is read.
static int refuse(AVFormatContext *format, AVIOContext **io, const char *url, int flags, AVDictionary **options) {
  (void)format, (void)io, (void)url, (void)flags, (void)options;
  return AVERROR(EPERM);
}

// Formats that hold their own data, by FFmpeg's names for their readers.
static const char *const known[] = {
    "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpegts", "mpeg", "mpegvideo", "m4v", "h264", "hevc", "h263", "obu",
    "av1", "ivf", "flv", "asf", "ogg", "gif", "apng", "mjpeg", "mxf", "nut", "rm", "dv", "yuv4mpegpipe", "vc1", "wtv", "dirac",
};
static const char *const lists[] = {
    "hls", "concat", "dash", "imf", "sdp", "rtsp", "image2", "webm_dash_manifest", "vapoursynth", "applehttp", "lavfi",
};

static bool is_among(const char *const *names, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (!strcmp(names[i], name)) return true;
  return false;
}

// The reader for the bytes, which are at their beginning.
static const AVInputFormat *probe(diptych_video *v, char *reason) {
  const AVInputFormat *found = NULL;
  int code = ff(av_probe_input_buffer2)(v->io, &found, NULL, NULL, 0, 0);
  if (code < 0 || !found) {
    if (v->has_read_failed || diptych_video_is_late(v))
      diptych_video_explain(v, reason, "", code);
    else
      diptych_ffmpeg_say(reason, "not a video in a format that is read");
    return NULL;
  }
  if (is_among(lists, sizeof lists / sizeof *lists, found->name))
    diptych_ffmpeg_say(reason, "a list that names other files (%s), which are never followed; give the video itself", found->name);
  else if (!is_among(known, sizeof known / sizeof *known, found->name))
    diptych_ffmpeg_say(reason, "not a video: its format is '%.40s'", found->name);
  else
    return found;
  return NULL;
}

static void release(diptych_video *v) {
  ff(avcodec_free_context)(&v->codec);
  ff(av_packet_free)(&v->packet);
  ff(av_frame_free)(&v->frame);
  if (v->format) ff(avformat_close_input)(&v->format);
  if (v->io) {
    ff(av_freep)(&v->io->buffer);
    ff(avio_context_free)(&v->io);
  }
  v->stream = NULL;
}

static bool is_too_large(const diptych_video *v, int64_t width, int64_t height, char *reason) {
  if (width <= 0 || height <= 0 || width * height <= v->limits.pixels) return false;
  diptych_ffmpeg_say(reason, "frames of %lld × %lld pixels are more than the limit of %lld", (long long)width, (long long)height,
      (long long)v->limits.pixels);
  return true;
}

// Looks into the streams, with the limit of pixels for the decoders that this starts.
static int find_streams(diptych_video *v) {
  unsigned count = v->format->nb_streams;
  AVDictionary **options = calloc(count + 1, sizeof *options);
  if (!options) return AVERROR(ENOMEM);
  char pixels[24];
  snprintf(pixels, sizeof pixels, "%lld", (long long)v->limits.pixels);
  for (unsigned i = 0; i < count; i++) {
    ff(av_dict_set)(&options[i], "max_pixels", pixels, 0);
    ff(av_dict_set)(&options[i], "threads", "1", 0);
  }
  int code = ff(avformat_find_stream_info)(v->format, options);
  for (unsigned i = 0; i < count; i++) ff(av_dict_free)(&options[i]);
  free(options);
  return code;
}

static int open_decoder(diptych_video *v, const AVCodec *decoder, char *reason) {
  v->codec = ff(avcodec_alloc_context3)(decoder);
  v->packet = ff(av_packet_alloc)();
  v->frame = ff(av_frame_alloc)();
  if (!v->codec || !v->packet || !v->frame) {
    diptych_ffmpeg_say(reason, "memory ran out");
    return -1;
  }
  int code = ff(avcodec_parameters_to_context)(v->codec, v->stream->codecpar);
  v->codec->pkt_timebase = v->stream->time_base;
  v->codec->max_pixels = v->limits.pixels;
  v->codec->thread_count = v->limits.threads;
  if (code >= 0) code = ff(avcodec_open2)(v->codec, decoder, NULL);
  if (code >= 0) return 0;
  diptych_video_explain(v, reason, "its decoder refuses it", code);
  return -1;
}

static int choose_stream(diptych_video *v, char *reason) {
  const AVCodec *decoder = NULL;
  int index = ff(av_find_best_stream)(v->format, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
  if (index == AVERROR_DECODER_NOT_FOUND) {
    diptych_ffmpeg_say(reason, "its video has a coding that the installed FFmpeg does not decode");
    return -1;
  }
  if (index < 0 || (v->format->streams[index]->disposition & AV_DISPOSITION_ATTACHED_PIC)) {
    diptych_ffmpeg_say(reason, "it holds no video");
    return -1;
  }
  for (unsigned i = 0; i < v->format->nb_streams; i++)
    if ((int)i != index) v->format->streams[i]->discard = AVDISCARD_ALL;
  v->stream = v->format->streams[index];
  if (is_too_large(v, v->stream->codecpar->width, v->stream->codecpar->height, reason)) return -1;
  return open_decoder(v, decoder, reason);
}

static int open_all(diptych_video *v, char *reason) {
  v->offset = 0;
  v->is_draining = false;
  v->frame_began = now();
  uint8_t *buffer = ff(av_malloc)(BUFFER);
  v->io = buffer ? ff(avio_alloc_context)(buffer, BUFFER, 0, v, read_bytes, NULL, seek_bytes) : NULL;
  v->format = v->io ? ff(avformat_alloc_context)() : NULL;
  if (!v->format) {
    if (!v->io) ff(av_freep)(&buffer);
    diptych_ffmpeg_say(reason, "memory ran out");
    return -1;
  }
  const AVInputFormat *input = probe(v, reason);
  if (!input) return -1;
  v->format->pb = v->io;
  v->format->io_open = refuse;
  v->format->interrupt_callback = (AVIOInterruptCB){interrupted, v};
  AVDictionary *options = NULL;
  // No protocol has this name: whatever asks for one by another way than io_open is refused too.
  ff(av_dict_set)(&options, "protocol_whitelist", "none", 0);
  ff(av_dict_set)(&options, "max_streams", "256", 0);
  int code = ff(avformat_open_input)(&v->format, NULL, input, &options);
  ff(av_dict_free)(&options);
  if (code < 0) {
    diptych_video_explain(v, reason, "damaged, or not a video", code);
    return -1;
  }
  for (unsigned i = 0; i < v->format->nb_streams; i++)
    if (is_too_large(v, v->format->streams[i]->codecpar->width, v->format->streams[i]->codecpar->height, reason)) return -1;
  code = find_streams(v);
  if (code < 0) {
    diptych_video_explain(v, reason, "damaged, or not a video", code);
    return -1;
  }
  return choose_stream(v, reason);
}

static void read_facts(diptych_video *v, diptych_video_facts *facts) {
  AVCodecParameters *parameters = v->stream->codecpar;
  memset(facts, 0, sizeof *facts);
  facts->stored_width = parameters->width;
  facts->stored_height = parameters->height;
  facts->unit = av_q2d(v->stream->time_base);
  AVRational rate = ff(av_guess_frame_rate)(v->format, v->stream, NULL);
  if (v->stream->avg_frame_rate.num > 0 && v->stream->avg_frame_rate.den > 0) rate = v->stream->avg_frame_rate;
  facts->rate = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
  facts->frames = v->stream->nb_frames > 0 ? v->stream->nb_frames : 0;
  if (v->stream->duration != AV_NOPTS_VALUE)
    facts->duration = v->stream->duration * facts->unit;
  else if (v->format->duration != AV_NOPTS_VALUE)
    facts->duration = v->format->duration / (double)AV_TIME_BASE;
  if (!(facts->duration > 0)) facts->duration = 0;
  // As the program ffmpeg counts: from where the first of the file's streams begins.
  if (v->format->start_time != AV_NOPTS_VALUE)
    facts->origin = ff(av_rescale_q)(v->format->start_time, (AVRational){1, AV_TIME_BASE}, v->stream->time_base);
  snprintf(facts->codec, sizeof facts->codec, "%s", ff(avcodec_get_name)(parameters->codec_id));
  snprintf(facts->format, sizeof facts->format, "%s", v->format->iformat->name);
  bool has_samples = !strcmp(facts->format, known[0]) || !strcmp(facts->format, known[1]);
  switch (parameters->codec_id) {
    case AV_CODEC_ID_H264: case AV_CODEC_ID_HEVC: case AV_CODEC_ID_VP9: case AV_CODEC_ID_AV1: case AV_CODEC_ID_MJPEG:
    case AV_CODEC_ID_PRORES: facts->packets_are_frames = has_samples; break;
    default: break;
  }
  diptych_video_read_geometry(v, facts);
}

diptych_video *diptych_video_open(
    const diptych_video_bytes *bytes, const diptych_video_limits *limits, diptych_video_facts *facts, char *reason) {
  if (diptych_ffmpeg_load(reason)) return NULL;
  diptych_video *v = calloc(1, sizeof *v);
  if (!v) {
    diptych_ffmpeg_say(reason, "memory ran out");
    return NULL;
  }
  v->bytes = *bytes;
  v->limits = *limits;
  v->began = now();
  if (open_all(v, reason)) {
    diptych_video_close(v);
    return NULL;
  }
  read_facts(v, facts);
  if (facts->stored_width > 0 && facts->stored_height > 0) return v;
  diptych_ffmpeg_say(reason, "its video has no size; it is damaged or has no frames");
  diptych_video_close(v);
  return NULL;
}

void diptych_video_close(diptych_video *v) {
  if (!v) return;
  release(v);
  ff(sws_freeContext)(v->scaler);
  free(v->turned);
  free(v);
}

int diptych_video_seek(diptych_video *v, int64_t time, char *reason) {
  v->frame_began = now();
  if (time == INT64_MIN) {
    // Not every format can go back; every one can begin.
    release(v);
    return open_all(v, reason);
  }
  ff(avcodec_flush_buffers)(v->codec);
  v->is_draining = false;
  int code = ff(avformat_seek_file)(v->format, v->stream->index, INT64_MIN, time, time, 0);
  if (code >= 0) return 0;
  diptych_video_explain(v, reason, "cannot be sought in", code);
  return -1;
}

// The next packet of the stream, in `v->packet`.
static int read_packet(diptych_video *v) {
  for (int tries = 0; tries < PACKETS_WITHOUT_A_FRAME; tries++) {
    ff(av_packet_unref)(v->packet);
    if (diptych_video_is_late(v)) return AVERROR_EXIT;
    int code = ff(av_read_frame)(v->format, v->packet);
    if (code < 0 || v->packet->stream_index == v->stream->index) return code;
  }
  return AVERROR_INVALIDDATA;
}

int diptych_video_next_packet(diptych_video *v, diptych_video_packet *packet, char *reason) {
  v->frame_began = now();
  int code = read_packet(v);
  if (code == AVERROR_EOF) return DIPTYCH_VIDEO_END;
  if (code < 0) {
    diptych_video_explain(v, reason, "damaged", code);
    return DIPTYCH_VIDEO_FAILED;
  }
  packet->has_time = v->packet->pts != AV_NOPTS_VALUE;
  packet->time = packet->has_time ? v->packet->pts : 0;
  packet->is_key = v->packet->flags & AV_PKT_FLAG_KEY;
  packet->is_dropped = v->packet->flags & AV_PKT_FLAG_DISCARD;
  return DIPTYCH_VIDEO_GOT;
}

static bool is_wanted(const int64_t *wanted, size_t count, int64_t time) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (wanted[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low < count && wanted[low] == time;
}

int diptych_video_next_frame(
    diptych_video *v, const int64_t *wanted, size_t wanted_count, int64_t *time, bool *has_time, char *reason) {
  v->frame_began = now();
  for (;;) {
    ff(av_frame_unref)(v->frame);
    int code = ff(avcodec_receive_frame)(v->codec, v->frame);
    if (code >= 0) break;
    if (code == AVERROR_EOF) return DIPTYCH_VIDEO_END;
    if (diptych_video_is_late(v)) {
      diptych_video_explain(v, reason, "", code);
      return DIPTYCH_VIDEO_FAILED;
    }
    if (code != AVERROR(EAGAIN)) {
      v->damages++;
      if (v->is_draining && code != AVERROR_INVALIDDATA) return DIPTYCH_VIDEO_END;
      continue;
    }
    code = read_packet(v);
    if (code < 0) {
      // Whatever ends the data, the frames that the decoder still holds come first.
      if (code != AVERROR_EOF) v->damages++;
      if (v->is_draining) return DIPTYCH_VIDEO_END;
      v->is_draining = true;
      ff(avcodec_send_packet)(v->codec, NULL);
      if (v->has_read_failed || diptych_video_is_late(v)) {
        diptych_video_explain(v, reason, "damaged", code);
        return DIPTYCH_VIDEO_FAILED;
      }
      continue;
    }
    bool skips = wanted && v->packet->pts != AV_NOPTS_VALUE && !is_wanted(wanted, wanted_count, v->packet->pts);
    v->codec->skip_frame = skips ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
    code = ff(avcodec_send_packet)(v->codec, v->packet);
    if (code < 0 && code != AVERROR(EAGAIN)) v->damages++;
  }
  *has_time = v->frame->best_effort_timestamp != AV_NOPTS_VALUE;
  *time = *has_time ? v->frame->best_effort_timestamp : 0;
  return DIPTYCH_VIDEO_GOT;
}

int64_t diptych_video_damages(const diptych_video *v) { return v->damages; }
