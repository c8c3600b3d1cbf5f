import DiptychMedia
import DiptychTestSupport
import DiptychVideo
import Foundation
import Testing

/// Frames and their times against the programs ffmpeg and ffprobe.
@Suite(.enabled(if: FFmpeg.isHere, "needs the programs ffmpeg and ffprobe"))
struct FrameTests {
    /// A name, what makes the video, and its size as shown.
    struct Kind: Sendable, CustomTestStringConvertible {
        let name: String
        var ending = "mp4"
        let arguments: [String]
        var width = 192
        var height = 108
        /// The filter by which ffmpeg shows it.
        var filter: String?
        /// A rounding of colours that the order of turning and converting makes.
        var tolerance = 0

        var testDescription: String { name }
    }

    static let x264 = ["-c:v", "libx264", "-preset", "veryfast"]
    static let kinds: [Kind] = [
        Kind(name: "H.264 with B-frames, key frames far apart", arguments: x264 + ["-bf", "3", "-g", "30"]),
        Kind(
            name: "H.264, open groups", ending: "mkv",
            arguments: x264 + ["-x264-params", "open-gop=1:bframes=3:keyint=12"]),
        Kind(name: "H.264, edit list cuts the beginning", arguments: x264 + ["-bf", "2", "-g", "20", "-ss", "0.7"]),
        Kind(
            name: "HEVC",
            arguments: ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=25"]),
        Kind(
            name: "VP9", ending: "webm",
            arguments: ["-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-g", "30"]),
        Kind(
            name: "VP8", ending: "webm",
            arguments: [
                "-c:v", "libvpx", "-cpu-used", "8", "-deadline", "realtime", "-auto-alt-ref", "1", "-lag-in-frames",
                "16",
            ]),
        Kind(
            name: "AV1", ending: "mkv",
            arguments: ["-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-t", "1"]),
        Kind(name: "MPEG-4", ending: "avi", arguments: ["-c:v", "mpeg4", "-bf", "2", "-g", "15"]),
        Kind(name: "MPEG-2 in a transport stream", ending: "ts", arguments: ["-c:v", "mpeg2video", "-bf", "2"]),
        Kind(name: "MJPEG, full range", ending: "avi", arguments: ["-c:v", "mjpeg", "-q:v", "3"]),
        Kind(name: "ProRes, 10 bit", ending: "mov", arguments: ["-c:v", "prores_ks", "-profile:v", "2", "-t", "0.6"]),
        Kind(name: "H.264, 10 bit", arguments: x264 + ["-pix_fmt", "yuv420p10le", "-t", "1"]),
        Kind(
            name: "H.264, full range",
            arguments: x264 + ["-pix_fmt", "yuv420p", "-vf", "scale=out_range=full", "-color_range", "pc"]),
        Kind(
            name: "H.264, BT.709",
            arguments: x264 + ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]),
        Kind(name: "GIF", ending: "gif", arguments: ["-r", "10"]),
        Kind(
            name: "variable rate", ending: "mkv",
            arguments: x264 + ["-vf", "select='not(mod(n\\,3))+lt(n\\,20)'", "-fps_mode", "vfr"]),
        Kind(
            name: "wide pixels", arguments: x264 + ["-vf", "setsar=4/3"], width: 256, filter: "scale=iw*sar:ih,setsar=1"
        ),
    ]

    /// Makes the video of a kind.
    static func make(_ kind: Kind, in folder: URL, seconds: Double = 3) throws -> String {
        let path = folder.appendingPathComponent("video.\(kind.ending)").path
        var arguments = FFmpeg.source(seconds: seconds) + kind.arguments
        if !arguments.contains("-pix_fmt"), !["gif", "mov"].contains(kind.ending) {
            arguments += ["-pix_fmt", kind.ending == "avi" && kind.name.hasPrefix("MJPEG") ? "yuvj420p" : "yuv420p"]
        }
        try FFmpeg.run("ffmpeg", arguments + ["-y", path])
        return path
    }

    @Test(arguments: kinds)
    func `All frames and their times are ffmpeg's`(kind: Kind) throws {
        let folder = try TemporaryDirectory()
        let path = try Self.make(kind, in: folder.url)
        try Self.compare(path, kind)
    }

    static func compare(_ path: String, _ kind: Kind) throws {
        let expected = try FFmpeg.frames(path, width: kind.width, height: kind.height, filter: kind.filter)
        let times = try FFmpeg.times(path)
        var options = VideoOptions()
        options.threads = 3
        let video = try VideoFile(.file(path), options: options)
        #expect(video.facts.width == kind.width && video.facts.height == kind.height)
        let table = try video.table()
        try #require(table.count == expected.count && expected.count > 5)
        #expect(
            zip(table.times, times).allSatisfy { abs($0 - $1) < 2e-3 }, "\(table.times.prefix(5)) \(times.prefix(5))")
        // All of them, and some from anywhere, which are found by jumps.
        for wanted in [Array(0..<expected.count), [expected.count - 1, 3, expected.count / 2, expected.count - 4]] {
            var seen: [Int] = []
            try video.frames(at: wanted) { frame in
                seen.append(frame.index)
                let worst = zip(frame.image.bytes, expected[frame.index]).map { abs(Int($0) - Int($1)) }.max() ?? 255
                #expect(worst <= kind.tolerance, "frame \(frame.index) differs by \(worst)")
            }
            #expect(seen == Set(wanted).sorted())
        }
        #expect(video.damage == nil)
    }

    @Test(arguments: [90, 180, 270])
    func `Turned videos are shown as ffmpeg turns them`(angle: Int) throws {
        let folder = try TemporaryDirectory()
        let plain = try Self.make(Self.kinds[0], in: folder.url, seconds: 0.5)
        let turned = folder.url.appendingPathComponent("turned.mp4").path
        try FFmpeg.run("ffmpeg", ["-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate=\(angle)", "-y", turned])
        let upright = angle == 180
        try Self.compare(
            turned,
            Kind(name: "", arguments: [], width: upright ? 192 : 108, height: upright ? 108 : 192, tolerance: 0))
    }

    @Test func `Frames by time are those on screen`() {
        let table = FrameTable(times: [0, 0.04, 0.08, 0.5])
        #expect([-1, 0, 0.039, 0.04, 0.3, 0.5, 99].map(table.index) == [0, 0, 0, 1, 2, 3, 3])
    }
}
