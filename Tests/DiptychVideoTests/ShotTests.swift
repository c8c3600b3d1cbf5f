import DiptychTestSupport
import DiptychVideo
import Foundation
import Testing

/// Shots of videos whose cuts are known, since ffmpeg was told where to put them.
@Suite(.enabled(if: FFmpeg.isHere, "needs the program ffmpeg"))
struct ShotTests {
    /// Pictures in motion that look different from each other.
    static let scenes = [
        "testsrc2=size=192x108:rate=25", "mandelbrot=size=192x108:rate=25", "smptebars=size=192x108:rate=25",
        "life=size=192x108:rate=25:seed=3:mold=10:life_color=#30A0FF",
        "gradients=size=192x108:rate=25:c0=red:c1=yellow:seed=5:speed=0.02",
    ]

    static func shots(_ inputs: [String], seconds: Double = 2, filter: String) throws -> [Shot] {
        let folder = try TemporaryDirectory()
        let path = folder.path("video.mp4")
        try FFmpeg.run(
            "ffmpeg",
            inputs.flatMap { ["-f", "lavfi", "-t", "\(seconds)", "-i", $0] } + [
                "-filter_complex", filter + ",format=yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-y", path,
            ])
        var options = VideoOptions()
        options.threads = 2
        return try VideoFile(.file(path), options: options).shots()
    }

    @Test func `Hard cuts, to the frame`() throws {
        let shots = try Self.shots(Self.scenes, filter: "[0][1][2][3][4]concat=n=5,fps=25")
        #expect(shots.map(\.firstFrame) == [0, 50, 100, 150, 200])
        #expect(shots.map(\.lastFrame) == [49, 99, 149, 199, 249])
        #expect(abs((shots.first?.end ?? 0) - 2) < 1e-3 && abs((shots.last?.end ?? 0) - 10) < 1e-3)
    }

    @Test(arguments: [0.4, 0.8, 1.2]) func `A dissolve is one boundary within it`(seconds: Double) throws {
        let shots = try Self.shots(
            [Self.scenes[2], Self.scenes[0]], seconds: 3,
            filter: "[0][1]xfade=transition=fade:duration=\(seconds):offset=1.5,fps=25")
        try #require(shots.count == 2)
        let boundary = Double(shots[1].firstFrame) / 25
        #expect((1.5...(1.5 + seconds)).contains(boundary), "\(boundary)")
    }

    @Test func `A fade through black is one boundary`() throws {
        let shots = try Self.shots(
            [Self.scenes[2], Self.scenes[0]],
            filter: "[0]fade=out:st=1.5:d=0.5[a];[1]fade=in:st=0:d=0.5[b];[a][b]concat=n=2,fps=25")
        try #require(shots.count == 2)
        #expect((1.5...2.5).contains(Double(shots[1].firstFrame) / 25))
    }

    @Test func `Flashes, pans and changing light are no cuts`() throws {
        let flash = try Self.shots(
            [Self.scenes[2]], seconds: 3, filter: "[0]eq=brightness='if(between(n,30,32),0.6,0)':eval=frame,fps=25")
        #expect(flash.count == 1)
        let pan = try Self.shots(
            ["mandelbrot=size=1024x576:rate=25:end_scale=0.3"], seconds: 3,
            filter: "[0]crop=192:108:x='min(n*9,800)':y=200,fps=25")
        #expect(pan.count == 1)
        let light = try Self.shots(
            [Self.scenes[2]], seconds: 3, filter: "[0]eq=brightness='-0.3+n/125':eval=frame,fps=25")
        #expect(light.count == 1)
    }
}
