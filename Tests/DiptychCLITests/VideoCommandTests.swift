import Foundation
import Testing

/// `diptych video`: the contract's documents, bad input in one line, and embeddings of videos by their frames.
struct VideoCommandTests {
    struct Frames: Decodable {
        struct Frame: Decodable {
            let index: Int
            let time: Double
            let file: String?
        }
        let frames: [Frame]
    }
    struct Shots: Decodable {
        struct Shot: Decodable {
            let start: Double
            let end: Double
            let first_frame: Int
            let last_frame: Int
        }
        let shots: [Shot]
    }
    struct Row: Decodable {
        let kind: String
        let input: String
        let embedding: [Float]
    }

    static func decoded<Value: Decodable>(_ text: String, as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    @Test func `Frames by count, rate, number and time`() throws {
        let folder = try TemporaryFolder()
        let video = folder / "v.mp4"
        try SampleVideo.write(to: video)
        // The middles of [0, 25) and [25, 50): (0 + 25 − 1) // 2 and (25 + 50 − 1) // 2.
        let count = try Command.run("video", "frames", video, "--count", "2", "--format", "json")
        #expect(count.output == #"{"frames":[{"index":12,"time":0.48},{"index":37,"time":1.48}]}"# + "\n")
        func indices(_ arguments: String..., input: Data? = nil) throws -> [Int] {
            let result = try Command.run(["video", "frames", "--format", "json"] + arguments, input: input)
            #expect(result.status == 0, "\(result.error)")
            return try Self.decoded(result.output, as: Frames.self).frames.map(\.index)
        }
        #expect(try indices(video, "--fps", "2") == [0, 12, 25, 37])
        #expect(try indices(video, "--index", "49", "--index", "0") == [49, 0])
        #expect(try indices(video, "--time", "0.999", "--time", "1") == [24, 25])
        #expect(try indices(video, "--count", "8", "--sampling", "viclip") == [0, 6, 12, 18, 24, 30, 36, 42])
        let bytes = try Data(contentsOf: URL(fileURLWithPath: video))
        #expect(try indices("-", "--count", "1", input: bytes) == [24])
    }

    @Test func `Shots by the contract`() throws {
        let folder = try TemporaryFolder()
        try SampleVideo.write(to: folder / "v.mp4")
        let result = try Command.run("video", "shots", folder / "v.mp4", "--format", "json")
        #expect(
            result.output
                == #"{"shots":[{"start":0.0,"end":1.0,"first_frame":0,"last_frame":24},{"start":1.0,"end":2.0,"first_frame":25,"last_frame":49}]}"#
                + "\n")
    }

    @Test func `A video's embedding is the mean of its frames', or their maximum`() throws {
        let folder = try TemporaryFolder()
        try SampleVideo.write(to: folder / "v.mp4")
        let written = try Command.run(
            "video", "frames", folder / "v.mp4", "--count", "3", "--output", folder / "f", "--format", "json")
        let files = try Self.decoded(written.output, as: Frames.self).frames.compactMap(\.file)
        try #require(files.count == 3)
        func rows(_ arguments: [String]) throws -> [Row] {
            let result = try Command.run(arguments)
            #expect(result.status == 0, "\(result.error)")
            return try result.lines.map { try Self.decoded($0, as: Row.self) }
        }
        let frames = try rows(["embed"] + files.flatMap { ["--image", $0] }).map(\.embedding)
        for pooling in ["mean", "max"] {
            let video = try #require(
                try rows(["video", "embed", folder / "v.mp4", "--frames", "3", "--pooling", pooling]).first)
            let joined = frames[0].indices.map { i in
                let column = frames.map { $0[i] }
                return pooling == "mean" ? column.reduce(0, +) / 3 : column.max() ?? 0
            }
            let length = joined.map { $0 * $0 }.reduce(0, +).squareRoot()
            #expect(video.kind == "video" && video.input == folder / "v.mp4")
            #expect(zip(video.embedding, joined).allSatisfy { abs($0 - $1 / length) < 1e-5 })
        }
    }

    @Test func `Probabilities of texts add up to 1`() throws {
        struct Answer: Decodable {
            struct Result: Decodable {
                struct Prediction: Decodable {
                    let label: String
                    let probability: Double
                }
                let input: String
                let predictions: [Prediction]
            }
            let results: [Result]
        }
        let folder = try TemporaryFolder()
        try SampleVideo.write(to: folder / "v.mp4")
        let result = try Command.run(
            "video", "classify", folder / "v.mp4", "--label", "a bar", "--label", "squares", "--format", "json")
        let predictions = try Self.decoded(result.output, as: Answer.self).results[0].predictions
        #expect(Set(predictions.map(\.label)) == ["a bar", "squares"])
        #expect(abs(predictions.map(\.probability).reduce(0, +) - 1) < 1e-5)
    }

    @Test func `Bad input is one line`() throws {
        let folder = try TemporaryFolder()
        try SampleVideo.write(to: folder / "v.mp4")
        try Data("#EXTM3U\n#EXTINF:1,\n\(folder / "v.mp4")\n".utf8).write(
            to: URL(fileURLWithPath: folder / "list.m3u8"))
        try Data("words".utf8).write(to: URL(fileURLWithPath: folder / "words.mp4"))
        let whole = try Data(contentsOf: URL(fileURLWithPath: folder / "v.mp4"))
        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: folder / "cut.mp4"))
        for name in ["none.mp4", "list.m3u8", "words.mp4", "cut.mp4"] {
            for arguments in [["frames", "--count", "1"], ["shots"]] {
                let result = try Command.run(["video"] + arguments + [folder / name])
                #expect([1, 3].contains(result.status), "\(name)")
                #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
                #expect(result.error.contains(name))
            }
        }
        for wrong in [[], ["--count", "0"], ["--count", "1", "--fps", "1"], ["--fps", "-1"]] {
            #expect(try Command.run(["video", "frames", folder / "v.mp4"] + wrong).status == 2)
        }
        #expect(try Command.run("video", "frames", folder / "v.mp4", "--index", "50").error.contains("has no frame 50"))
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/ffmpeg"), "needs the program ffmpeg"))
    func `the commands of the page work`() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Documentation/video.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let blocks = text.components(separatedBy: "```sh\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
        let folder = try TemporaryFolder()
        let binary = (Command.path as NSString).deletingLastPathComponent
        let result = try Command.run(
            [], in: folder.path,
            environment: [
                "PATH": binary + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""), "DIPTYCH_MODEL": "demo",
            ],
            launcher: ["/bin/sh", "-e", "-c", blocks.joined(separator: "\n")])
        #expect(result.status == 0, "\(result.error)")
        #expect(FileManager.default.fileExists(atPath: folder / "frames/frame-00000075.png"))
        #expect(FileManager.default.fileExists(atPath: folder / "clips.npy"))
    }
}
