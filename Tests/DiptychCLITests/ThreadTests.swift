import DiptychTestSupport
import Foundation
import Testing

/// `--threads 1` is one core, whatever the libraries underneath would take by themselves. On a loaded machine a process gets
/// less processor time than time passes, never more, so that other work cannot make these fail.
struct ThreadTests {
    private static let demo = ["DIPTYCH_MODEL": "demo", "OMP_NUM_THREADS": "4", "VIPS_CONCURRENCY": "4"]

    /// Runs a command to its end: processor seconds for each second that passed, and how many passed.
    private static func cores(_ arguments: [String]) throws -> (share: Double, seconds: Double) {
        let launcher = ["/bin/bash", "-c", "TIMEFORMAT='cores %U %S %R'; time \"$@\"", "bash"]
        let running = try Running(arguments + ["--quiet"], environment: demo, launcher: launcher)
        let result = running.end()
        #expect(result.status == 0, "\(result.error)")
        let line = try #require(result.error.split(separator: "\n").last { $0.hasPrefix("cores ") })
        let times = line.split(separator: " ").compactMap { Double($0) }
        try #require(times.count == 3)
        return ((times[0] + times[1]) / times[2], times[2])
    }

    @Test func `one thread is one core in every command`() throws {
        let folder = try TemporaryFolder()
        let images = folder / "pictures"
        let drawn = try Command.run("pictures", "--count", "300", "--seed", "6", "--output", images, "--quiet")
        #expect(drawn.status == 0, "\(drawn.error)")
        // Large enough that decoding one takes a while, in each format that may be decoded on several threads.
        var random = SeededGenerator(4)
        for (name, side) in [("large.png", 2400), ("wide.png", 3000)] {
            try Data(random.png(width: side, height: 1600)).write(to: URL(fileURLWithPath: images + "/" + name))
        }
        let commands = [
            ["embed", "--image", images, "--output", folder / "embeddings.npy"],
            ["index", images, "--store", folder / "store"],
            ["preprocess", images + "/wide.png", "--output", folder / "pixels.npy"],
            ["profile", "--batch", "16", "--repeat", "40", "--format", "json"],
            ["search", "a star", "--store", folder / "store"],
        ]
        for command in commands {
            let one = try Self.cores(command + ["--threads", "1"])
            // Processor time is counted in ticks of some milliseconds, which a tenth of a second has not many of.
            #expect(one.share <= 1.05 + 0.02 / one.seconds, "\(command[0]): \(one)")
        }
    }
}
