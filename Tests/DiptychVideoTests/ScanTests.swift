import DiptychTestSupport
import DiptychVideo
import Foundation
import Testing

/// One pass over a video gives what several give.
@Suite(.enabled(if: FFmpeg.isHere, "needs the program ffmpeg"))
struct ScanTests {
    private static func video(_ folder: TemporaryDirectory) throws -> String {
        let path = folder.path("video.mp4")
        try FFmpeg.run(
            "ffmpeg",
            ShotTests.scenes.flatMap { ["-f", "lavfi", "-t", "3", "-i", $0] } + [
                "-filter_complex", "[0][1][2][3][4]concat=n=5,fps=25,format=yuv420p", "-c:v", "libx264", "-preset",
                "veryfast", "-g", "60", "-y", path,
            ])
        return path
    }

    @Test(arguments: [1.0, 2.5, 100]) func `Frames come at their times, and cuts are those of shots`(rate: Double)
        throws
    {
        let folder = try TemporaryDirectory()
        let path = try Self.video(folder)
        let scan = try VideoScan(.file(path), perSecond: rate)
        var times: [Double] = []
        while !scan.isAtEnd { try scan.read(most: 7) { times.append($0.time) } }
        let table = try VideoFile(.file(path)).table()
        let wanted = rate >= 25 ? table.times : (0..<Int((15 * rate).rounded(.up))).map { Double($0) / rate }
        #expect(times.count == wanted.count)
        #expect(zip(times, wanted).allSatisfy { $0 - $1 >= -1e-6 && $0 - $1 < 0.04 + 1e-6 })
        #expect([3, 6, 9, 12].allSatisfy { scan.cuts().contains($0) })
        #expect(try scan.cuts() == VideoFile(.file(path)).shots().dropFirst().map(\.start))
        #expect(abs(scan.end - 15) < 1e-6 && scan.damage == nil)
        #expect(scan.strongestChange(after: 5, through: 7) == 6)
    }

    @Test func `A scan that begins later sees the same from there on, and cuts that are certain stay`() throws {
        let folder = try TemporaryDirectory()
        let path = try Self.video(folder)
        let scan = try VideoScan(.file(path), perSecond: 2, from: 6)
        var times: [Double] = []
        var known: [Double] = []
        while !scan.isAtEnd {
            try scan.read(most: 1) { times.append($0.time) }
            #expect(scan.cuts().starts(with: known))
            known = scan.cuts()
        }
        #expect(times.first == 6 && times.count == 18)
        #expect(known.prefix(2) == [9, 12])
    }

    @Test func `A frame by its time is that of the table`() throws {
        let folder = try TemporaryDirectory()
        let path = try Self.video(folder)
        for time in [0, 0.04, 5.28, 14.96] {
            let video = try VideoFile(.file(path))
            let frame = try video.frame(at: time)
            #expect(abs(frame.time - time) < 1e-6)
            var same = false
            try video.frames(at: [video.table().index(at: time)]) { same = $0.image == frame.image }
            #expect(same)
        }
        // Behind the end it is the last.
        #expect(try abs(VideoFile(.file(path)).frame(at: 100).time - 14.96) < 1e-6)
    }
}
