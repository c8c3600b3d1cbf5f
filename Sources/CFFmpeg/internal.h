// FFmpeg's functions, by pointers that loading fills.
#pragma once
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "include/diptych_ffmpeg.h"

#define DIPTYCH_AVUTIL(X)                                                                                             \
  X(av_log_set_level) X(av_malloc) X(av_freep) X(av_frame_alloc) X(av_frame_free) X(av_frame_unref)                   \
  X(av_frame_get_buffer) X(av_frame_make_writable) X(av_strerror) X(av_display_rotation_get) X(av_dict_set)           \
  X(av_dict_parse_string) X(av_dict_free) X(av_opt_set_int) X(av_pix_fmt_desc_get) X(av_rescale_q)
#define DIPTYCH_AVCODEC(X)                                                                                            \
  X(avcodec_find_decoder) X(avcodec_find_encoder_by_name) X(avcodec_alloc_context3) X(avcodec_free_context)           \
  X(avcodec_parameters_to_context) X(avcodec_parameters_from_context) X(avcodec_open2) X(avcodec_send_packet)         \
  X(avcodec_receive_frame) X(avcodec_send_frame) X(avcodec_receive_packet) X(avcodec_flush_buffers)                   \
  X(avcodec_get_name) X(av_packet_alloc) X(av_packet_free) X(av_packet_unref) X(av_packet_rescale_ts)
#define DIPTYCH_AVFORMAT(X)                                                                                           \
  X(avformat_alloc_context) X(avformat_open_input) X(avformat_close_input) X(avformat_find_stream_info)               \
  X(avformat_free_context) X(av_find_best_stream) X(av_guess_frame_rate) X(av_guess_sample_aspect_ratio)              \
  X(av_probe_input_buffer2) X(av_read_frame) X(avformat_seek_file) X(avio_alloc_context) X(avio_context_free)         \
  X(avformat_alloc_output_context2) X(avformat_new_stream) X(avformat_write_header) X(av_interleaved_write_frame)     \
  X(av_write_trailer) X(av_stream_get_side_data) X(avio_open) X(avio_closep)
#define DIPTYCH_SWSCALE(X)                                                                                            \
  X(sws_alloc_context) X(sws_init_context) X(sws_freeContext) X(sws_scale) X(sws_getColorspaceDetails)                \
  X(sws_setColorspaceDetails) X(sws_getCoefficients)

#define DIPTYCH_POINTER(name) __typeof__(&name) name##_;
typedef struct {
  DIPTYCH_AVUTIL(DIPTYCH_POINTER)
  DIPTYCH_AVCODEC(DIPTYCH_POINTER)
  DIPTYCH_AVFORMAT(DIPTYCH_POINTER)
  DIPTYCH_SWSCALE(DIPTYCH_POINTER)
} diptych_ffmpeg_functions;
#undef DIPTYCH_POINTER

extern diptych_ffmpeg_functions diptych_ff;
// `ff(name)` is FFmpeg's function.
#define ff(name) (diptych_ff.name##_)

__attribute__((format(printf, 2, 3))) void diptych_ffmpeg_say(char *reason, const char *format, ...);
// Puts FFmpeg's words for `code` behind what was being done.
void diptych_ffmpeg_explain(char *reason, const char *doing, int code);
