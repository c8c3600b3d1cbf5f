import DiptychMedia
import DiptychTestSupport
import DiptychVideo
import Foundation
import Testing

/// What is no video, damaged, too large, or asks for other files: one line each, and nothing read that was not given.
@Suite struct HostileVideoTests {
    static func reason(_ source: VideoSource, _ options: VideoOptions = VideoOptions()) -> String? {
        do {
            _ = try VideoFile(source, options: options).table()
            return nil
        } catch { return "\(error)" }
    }

    @Test func `Files that are no video`() throws {
        let folder = try TemporaryDirectory()
        #expect(Self.reason(.file(folder.path("none.mp4")))?.hasSuffix("there is no such file") == true)
        #expect(Self.reason(.file(folder.path))?.contains("it is a directory") == true)
        #expect(Self.reason(.file(try folder.write([], to: "empty.mp4")))?.hasSuffix("the file is empty") == true)
        for (name, bytes) in [
            ("text.mp4", Array("not a video at all, only some words\n".utf8)),
            ("zeros.mp4", [UInt8](repeating: 0, count: 5000)),
        ] {
            let reason = try #require(Self.reason(.file(try folder.write(bytes, to: name))))
            #expect(reason.hasPrefix(folder.path(name)) && !reason.contains("\n"))
        }
    }

    /// Each names a file that exists, and a video at that.
    @Test func `Lists that name other files are never followed`() throws {
        let folder = try TemporaryDirectory()
        let target = folder.path("target.mp4")
        if FFmpeg.isHere {
            try FFmpeg.run("ffmpeg", FFmpeg.source(seconds: 0.2) + ["-pix_fmt", "yuv420p", "-y", target])
        }
        let hls = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10.0,\n\(target)\n#EXT-X-ENDLIST\n"
        let remote = hls.replacingOccurrences(of: target, with: "http://169.254.169.254/latest/meta-data")
        let lists = [
            ("a.m3u8", hls), ("b.mp4", hls), ("c.m3u8", remote),
            ("concat.txt", "ffconcat version 1.0\nfile '\(target)'\n"),
            (
                "dash.mpd",
                "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"urn:mpeg:dash:profile:isoff-on-demand:2011\" type=\"static\"><BaseURL>\(target)</BaseURL></MPD>"
            ),
            (
                "session.sdp",
                "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
            ),
        ]
        for (name, text) in lists {
            let reason = try #require(Self.reason(.file(try folder.write(text, to: name))), "\(name)")
            #expect(reason.contains("never followed") || reason.contains("not a video"), "\(reason)")
        }
        #expect(Self.reason(.data(Array(hls.utf8)))?.contains("a list that names other files (hls)") == true)
    }

    @Test(.enabled(if: FFmpeg.isHere)) func `Frames that are too large, and sound alone`() throws {
        let folder = try TemporaryDirectory()
        let large = folder.path("large.avi")
        try FFmpeg.run(
            "ffmpeg",
            [
                "-f", "lavfi", "-i", "color=size=16000x16000:rate=1:duration=1", "-c:v", "mjpeg", "-pix_fmt",
                "yuvj420p", "-frames:v", "1", "-y", large,
            ])
        #expect(Self.reason(.file(large))?.contains("16000 × 16000 pixels are more than the limit of 67108864") == true)
        let sound = folder.path("sound.mp4")
        try FFmpeg.run("ffmpeg", ["-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", "-y", sound])
        #expect(Self.reason(.file(sound))?.hasSuffix("it holds no video") == true)
        let wave = folder.path("sound.wav")
        try FFmpeg.run("ffmpeg", ["-f", "lavfi", "-i", "sine=duration=1", "-y", wave])
        #expect(Self.reason(.file(wave))?.contains("not a video: its format is 'wav'") == true)
    }

    @Test(.enabled(if: FFmpeg.isHere)) func `A file that is cut gives the frames that are there`() throws {
        let folder = try TemporaryDirectory()
        let whole = try FrameTests.make(FrameTests.kinds[0], in: folder.url)
        let ordered = folder.path("ordered.mp4")
        try FFmpeg.run("ffmpeg", ["-i", whole, "-c", "copy", "-movflags", "+faststart", "-y", ordered])
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: ordered)))
        let video = try VideoFile(.data(Array(bytes[..<(bytes.count * 6 / 10)]), label: "cut"))
        let count = try video.table().count
        #expect((10..<75).contains(count))
        var seen = 0
        try video.frames(at: Array(0..<count)) { _ in seen += 1 }
        #expect(seen >= count - 4)
        // Without its table of contents, an MP4 file is nothing.
        let reason = Self.reason(.data(Array(bytes[..<300]), label: "head"))
        #expect(reason?.hasPrefix("head: ") == true)
    }

    /// Some hundred containers with bytes changed, cut out and doubled; DIPTYCH_FUZZ asks for more.
    @Test(.enabled(if: FFmpeg.isHere), .timeLimit(.minutes(20))) func `Mutated containers neither crash nor hang`()
        throws
    {
        let count = ProcessInfo.processInfo.environment["DIPTYCH_FUZZ"].flatMap { Int($0) } ?? 300
        let folder = try TemporaryDirectory()
        let seeds = try [0, 1, 3, 7, 8, 9, 14].map { kind -> [UInt8] in
            let path = try FrameTests.make(FrameTests.kinds[kind], in: folder.url, seconds: 0.4)
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        }
        var options = VideoOptions()
        options.threads = 2
        options.frameTimeLimit = .seconds(5)
        options.timeLimit = .seconds(10)
        options.maximumPixels = 1 << 22
        options.maximumFrames = 500
        var random = SeededGenerator(21)
        var readable = 0
        for number in 0..<count {
            var bytes = seeds[number % seeds.count]
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                // The heads of files decide most.
                let reach = Bool.random(using: &random) ? min(bytes.count, 2000) : bytes.count
                let at = Int.random(in: 0..<reach, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[at] = [0, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
                case 2: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 3: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...64, using: &random)))
                default: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 32)], at: at)
                }
                guard bytes.count > 16 else { break }
            }
            let began = ContinuousClock.now
            do {
                let video = try VideoFile(.data(bytes, label: "mutant \(number)"), options: options)
                let table = try video.table()
                try video.frames(at: VideoSampling.middles(of: table.count, frames: 4)) { _ in readable += 1 }
            } catch {
                #expect("\(error)".split(separator: "\n").count == 1)
            }
            #expect(ContinuousClock.now - began < .seconds(15), "mutant \(number)")
        }
        #expect(readable > count / 2)
    }

    @Test(.enabled(if: FFmpeg.isHere)) func `A URL is read in parts, and private addresses are refused`() throws {
        #expect(Self.reason(.url("http://127.0.0.1:9/a.mp4"))?.contains("not a public address") == true)
        let folder = try TemporaryDirectory()
        let path = try FrameTests.make(FrameTests.kinds[0], in: folder.url)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let expected = try VideoFile(.file(path)).table()
        for givesParts in [true, false] {
            let server = try #require(
                LoopbackServer { request, _ in
                    guard givesParts,
                        let range = request.headers["range"]?.dropFirst("bytes=".count).split(separator: "-"),
                        let first = range.first.flatMap({ Int($0) }), let last = range.last.flatMap({ Int($0) })
                    else { return .response("200 OK", body: bytes) }
                    let end = min(bytes.count - 1, last)
                    return .response(
                        "206 Partial Content", body: Array(bytes[first...end]),
                        headers: ["Content-Range: bytes \(first)-\(end)/\(bytes.count)"])
                })
            var options = VideoOptions()
            options.fetch.addresses = .everywhere
            let video = try VideoFile(.url("http://127.0.0.1:\(server.port)/a.mp4"), options: options)
            #expect(try video.table() == expected)
        }
    }
}
