#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct diptych_encoder {
  AVFormatContext *format;
  AVCodecContext *codec;
  AVStream *stream;
  AVFrame *frame;
  AVPacket *packet;
  struct SwsContext *scaler;
  int64_t count;
  bool has_header;
};

static int start(diptych_encoder *e, const char *path, const diptych_encoder_options *o, char *reason) {
  const AVCodec *codec = ff(avcodec_find_encoder_by_name)(o->codec);
  if (!codec) {
    diptych_ffmpeg_say(reason, "the installed FFmpeg has no encoder '%.40s'", o->codec);
    return -1;
  }
  int code = ff(avformat_alloc_output_context2)(&e->format, NULL, o->format, path);
  e->codec = ff(avcodec_alloc_context3)(codec);
  e->frame = ff(av_frame_alloc)();
  e->packet = ff(av_packet_alloc)();
  if (code < 0 || !e->codec || !e->frame || !e->packet || !(e->stream = ff(avformat_new_stream)(e->format, NULL))) {
    diptych_ffmpeg_explain(reason, "a video cannot be written", code);
    return -1;
  }
  enum AVPixelFormat pixels = codec->pix_fmts ? codec->pix_fmts[0] : AV_PIX_FMT_YUV420P;
  for (const enum AVPixelFormat *p = codec->pix_fmts; p && *p != AV_PIX_FMT_NONE; p++)
    if (*p == AV_PIX_FMT_YUV420P) pixels = *p;
  e->codec->width = o->width;
  e->codec->height = o->height;
  e->codec->pix_fmt = pixels;
  e->codec->time_base = (AVRational){o->rate_denominator, o->rate_numerator};
  e->codec->framerate = (AVRational){o->rate_numerator, o->rate_denominator};
  e->codec->gop_size = o->key_interval;
  e->codec->thread_count = o->threads;
  // The same bytes from the same frames.
  e->codec->flags |= AV_CODEC_FLAG_BITEXACT;
  e->format->flags |= AVFMT_FLAG_BITEXACT;
  if (e->format->oformat->flags & AVFMT_GLOBALHEADER) e->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  AVDictionary *options = NULL;
  if (o->options) ff(av_dict_parse_string)(&options, o->options, "=", ":", 0);
  code = ff(avcodec_open2)(e->codec, codec, &options);
  ff(av_dict_free)(&options);
  if (code >= 0) code = ff(avcodec_parameters_from_context)(e->stream->codecpar, e->codec);
  e->stream->time_base = e->codec->time_base;
  e->stream->avg_frame_rate = e->codec->framerate;
  e->frame->format = pixels;
  e->frame->width = o->width;
  e->frame->height = o->height;
  if (code >= 0) code = ff(av_frame_get_buffer)(e->frame, 0);
  if (code >= 0) code = ff(avio_open)(&e->format->pb, path, AVIO_FLAG_WRITE);
  AVDictionary *layout = NULL;
  // Players start before they have the whole file.
  ff(av_dict_set)(&layout, "movflags", "+faststart", 0);
  if (code >= 0) code = ff(avformat_write_header)(e->format, &layout);
  ff(av_dict_free)(&layout);
  if (code < 0) {
    diptych_ffmpeg_explain(reason, "the video cannot be written", code);
    return -1;
  }
  e->has_header = true;
  e->scaler = ff(sws_alloc_context)();
  if (!e->scaler) return -1;
  ff(av_opt_set_int)(e->scaler, "srcw", o->width, 0);
  ff(av_opt_set_int)(e->scaler, "srch", o->height, 0);
  ff(av_opt_set_int)(e->scaler, "src_format", AV_PIX_FMT_RGB24, 0);
  ff(av_opt_set_int)(e->scaler, "dstw", o->width, 0);
  ff(av_opt_set_int)(e->scaler, "dsth", o->height, 0);
  ff(av_opt_set_int)(e->scaler, "dst_format", pixels, 0);
  ff(av_opt_set_int)(e->scaler, "sws_flags", SWS_BICUBIC | SWS_ACCURATE_RND, 0);
  if (ff(sws_init_context)(e->scaler, NULL, NULL) >= 0) return 0;
  diptych_ffmpeg_say(reason, "frames cannot be converted");
  return -1;
}

static void release(diptych_encoder *e) {
  ff(avcodec_free_context)(&e->codec);
  ff(av_frame_free)(&e->frame);
  ff(av_packet_free)(&e->packet);
  ff(sws_freeContext)(e->scaler);
  if (e->format) {
    if (e->format->pb) ff(avio_closep)(&e->format->pb);
    ff(avformat_free_context)(e->format);
  }
  free(e);
}

diptych_encoder *diptych_encoder_open(const char *path, const diptych_encoder_options *options, char *reason) {
  if (diptych_ffmpeg_load(reason)) return NULL;
  diptych_encoder *e = calloc(1, sizeof *e);
  diptych_ffmpeg_say(reason, "memory ran out");
  if (!e || !start(e, path, options, reason)) return e;
  release(e);
  return NULL;
}

static int drain(diptych_encoder *e, char *reason) {
  for (;;) {
    int code = ff(avcodec_receive_packet)(e->codec, e->packet);
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return 0;
    if (code >= 0) {
      ff(av_packet_rescale_ts)(e->packet, e->codec->time_base, e->stream->time_base);
      e->packet->stream_index = e->stream->index;
      code = ff(av_interleaved_write_frame)(e->format, e->packet);
    }
    if (code < 0) {
      diptych_ffmpeg_explain(reason, "the video cannot be written", code);
      return -1;
    }
  }
}

int diptych_encoder_write(diptych_encoder *e, const uint8_t *rgb, char *reason) {
  int code = ff(av_frame_make_writable)(e->frame);
  if (code >= 0) {
    const uint8_t *planes[4] = {rgb};
    int strides[4] = {3 * e->codec->width};
    ff(sws_scale)(e->scaler, planes, strides, 0, e->codec->height, e->frame->data, e->frame->linesize);
    e->frame->pts = e->count++;
    code = ff(avcodec_send_frame)(e->codec, e->frame);
  }
  if (code >= 0) return drain(e, reason);
  diptych_ffmpeg_explain(reason, "a frame cannot be encoded", code);
  return -1;
}

int diptych_encoder_close(diptych_encoder *e, bool is_whole, char *reason) {
  int status = 0;
  if (is_whole && e->has_header) {
    int code = ff(avcodec_send_frame)(e->codec, NULL);
    status = code < 0 ? -1 : drain(e, reason);
    if (!status) code = ff(av_write_trailer)(e->format);
    if (code < 0) {
      diptych_ffmpeg_explain(reason, "the video cannot be ended", code);
      status = -1;
    }
  }
  release(e);
  return status;
}
