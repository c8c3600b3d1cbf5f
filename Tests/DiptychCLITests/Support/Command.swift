import Foundation
import Testing

/// The built `diptych`, run as users run it.
struct Command {
    /// What a run gave.
    struct Result {
        let status: Int32
        /// The signal that ended the process, if one did.
        let signal: Int32?
        let output: String
        let error: String

        /// The lines of standard output.
        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    /// The program, which the package manager builds beside the tests.
    static let path: String = {
        let bundle = Bundle(for: Marker.self).bundleURL
        let folders = [Bundle.main.bundleURL, bundle.deletingLastPathComponent(), bundle]
        let candidates = folders.map { $0.appendingPathComponent("diptych").path }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "diptych"
    }()

    private final class Marker {}

    /// Runs `diptych` to its end with the tiny model, unless the environment says otherwise.
    static func run(
        _ arguments: String..., input: Data? = nil, in directory: String? = nil,
        environment: [String: String] = [:]
    ) throws -> Result {
        try run(arguments, input: input, in: directory, environment: environment)
    }

    static func run(
        _ arguments: [String], input: Data? = nil, in directory: String? = nil, environment: [String: String] = [:],
        launcher: [String] = []
    ) throws -> Result {
        try Running(arguments, input: input, in: directory, environment: environment, launcher: launcher).end()
    }
}

/// A `diptych` that has been started.
final class Running {
    let process = Process()
    private let folder: TemporaryFolder

    /// Starts `diptych`, or `launcher` with `diptych` and its arguments behind it.
    init(
        _ arguments: [String], input: Data? = nil, in directory: String? = nil, environment: [String: String] = [:],
        launcher: [String] = [], inputHandle: FileHandle? = nil
    ) throws {
        folder = try TemporaryFolder()
        let line = launcher + [Command.path] + arguments
        process.executableURL = URL(fileURLWithPath: line[0])
        process.arguments = Array(line.dropFirst())
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        // One thread: the tests share the cores, and the tiny model has nothing to gain.
        var variables = ProcessInfo.processInfo.environment
        variables["DIPTYCH_MODEL"] = Fixture.model
        variables["OMP_NUM_THREADS"] = "1"
        variables["DIPTYCH_ISA"] = nil
        process.environment = variables.merging(environment) { $1 }
        // Files rather than pipes: nobody has to empty them while the process runs.
        for name in ["out", "err", "in"] {
            try (name == "in" ? input ?? Data() : Data()).write(to: URL(fileURLWithPath: folder / name))
        }
        process.standardInput = try inputHandle ?? FileHandle(forReadingFrom: URL(fileURLWithPath: folder / "in"))
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: folder / "out"))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: folder / "err"))
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// What it has printed so far.
    var output: String { text("out") }

    /// The bytes that it has printed so far.
    var outputSize: Int {
        var status = stat()
        return stat(folder / "out", &status) == 0 ? Int(status.st_size) : 0
    }

    private func text(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: folder / name) ?? Data(), as: UTF8.self)
    }

    /// The most memory it has used so far, in KiB, where the system tells.
    var peakMemory: Int? {
        let status = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(separator: " ").compactMap { Int($0) }.first
    }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits for its end.
    func end() -> Command.Result {
        process.waitUntilExit()
        let isSignal = process.terminationReason == .uncaughtSignal
        return Command.Result(
            status: process.terminationStatus, signal: isSignal ? process.terminationStatus : nil, output: output,
            error: text("err"))
    }

    /// Waits until `condition` holds or the process has ended; false when neither happened in a minute.
    func wait(until condition: () -> Bool) -> Bool {
        for _ in 0..<12_000 {
            if condition() || !process.isRunning { return true }
            usleep(5_000)
        }
        return false
    }
}

/// A directory that goes away with its owner.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/diptych-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    static func / (folder: TemporaryFolder, name: String) -> String { folder.path + "/" + name }

    /// The names in it.
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// Whether a run failed as documented: the status, one line with these words, and no trace of a crash.
func expectFailure(
    _ result: Command.Result, status: Int32, saying words: String..., sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(result.signal == nil, "\(result.error)", sourceLocation: sourceLocation)
    #expect(result.status == status, "\(result.error)", sourceLocation: sourceLocation)
    let line = result.error.split(separator: "\n").first { $0.hasPrefix("diptych: ") } ?? ""
    #expect(!line.isEmpty, "no reason in: \(result.error)", sourceLocation: sourceLocation)
    for word in words { #expect(line.contains(word), "\(result.error)", sourceLocation: sourceLocation) }
    if status == 1 {
        #expect(result.error.split(separator: "\n").last == line, "\(result.error)", sourceLocation: sourceLocation)
    }
}
