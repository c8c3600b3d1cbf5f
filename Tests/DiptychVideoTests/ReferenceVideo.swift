import DiptychMedia
import DiptychTestSupport
import Foundation
import Testing

/// The programs ffmpeg and ffprobe, which make the videos of these tests and say what is in them.
enum FFmpeg {
    static let isHere = ["ffmpeg", "ffprobe"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
    }

    /// Runs a program and returns what it printed.
    @discardableResult
    static func run(_ program: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/\(program)")
        process.arguments = ["-v", "error"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return data
    }

    /// A moving drawing of ffmpeg's.
    static func source(_ size: String = "192x108", rate: Int = 25, seconds: Double) -> [String] {
        ["-f", "lavfi", "-i", "testsrc2=size=\(size):rate=\(rate):duration=\(seconds)"]
    }

    /// The frames that the program ffmpeg gives: RGB, as it turns them.
    static func frames(_ path: String, width: Int, height: Int, filter: String? = nil) throws -> [Data] {
        let filters = filter.map { ["-vf", $0] } ?? []
        let all = try run(
            "ffmpeg",
            ["-i", path, "-map", "0:v:0"] + filters + [
                "-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo", "-",
            ])
        let size = width * height * 3
        return stride(from: 0, to: all.count - size + 1, by: size).map { all.subdata(in: $0..<$0 + size) }
    }

    /// The times of the frames, in seconds from the file's beginning.
    static func times(_ path: String) throws -> [Double] {
        let lines = String(
            decoding: try run(
                "ffprobe",
                [
                    "-select_streams", "v:0", "-show_entries", "frame=best_effort_timestamp_time:format=start_time",
                    "-of", "csv", path,
                ]),
            as: UTF8.self
        ).split(separator: "\n")
        let start = lines.first { $0.hasPrefix("format,") }.flatMap { Double($0.dropFirst(7)) } ?? 0
        return lines.filter { $0.hasPrefix("frame,") }.compactMap {
            Double($0.dropFirst(6).prefix { $0 != "," })
        }.map { $0 - start }
    }
}
