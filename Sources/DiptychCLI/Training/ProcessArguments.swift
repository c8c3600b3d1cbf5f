import ArgumentParser
import DiptychTorch
import DiptychTraining
import Foundation

/// Several processes that train together, on one machine or several.
struct ProcessArguments: ParsableArguments {
    @Option(parsing: .unconditional, help: "Processes on this machine; with --engine cuda, each on a GPU.")
    var processes = 1

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Machines, on each of which the same command runs, with MASTER_ADDR and MASTER_PORT naming the first and RANK the \
            machine's number; or torchrun's WORLD_SIZE and RANK naming each process.
            """))
    var nodes = 1

    @Option(
        name: .customLong("process-timeout"), parsing: .unconditional,
        help: "Seconds for which a process waits for the others.")
    var timeout = 40

    func validate() throws {
        guard (1...1024).contains(processes), (1...4096).contains(nodes) else {
            throw ValidationError("--processes is 1 to 1024 and --nodes 1 to 4096.")
        }
        guard (1...86_400).contains(timeout) else { throw ValidationError("--process-timeout is 1 to 86400 seconds.") }
    }

    /// Which process this is, and where the first one listens.
    struct Place {
        let rank: Int
        let size: Int
        let localRank: Int
        let host: String
        let port: Int
    }

    private static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func number(_ name: String, _ range: Range<Int>) throws -> Int? {
        guard let text = variable(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw Failure(
                "the environment variable \(name) is '\(text)', not a number from \(range.lowerBound) to \(range.upperBound - 1)"
            )
        }
        return value
    }

    /// The place that the environment gives this process; nil where it is to start others, or is alone.
    func place() throws -> Place? {
        guard let size = try Self.number("WORLD_SIZE", 1..<(1 << 22)), let rank = try Self.number("RANK", 0..<size),
            size > 1
        else { return nil }
        return Place(
            rank: rank, size: size, localRank: try Self.number("LOCAL_RANK", 0..<1024) ?? rank,
            host: Self.variable("MASTER_ADDR") ?? "127.0.0.1",
            port: try Self.number("MASTER_PORT", 1..<65_536) ?? 29_500)
    }

    /// Whether other processes are to be started.
    func startsOthers() throws -> Bool { try place() == nil && processes * nodes > 1 }

    /// Starts the processes of this machine with the same arguments, and waits for them.
    ///
    /// - Throws: ``Failure`` that names the process which ended first; the others are ended then. ``ExitStatus`` where a signal did.
    func run() async throws {
        let node = try Self.number("RANK", 0..<nodes) ?? 0
        let port = try Self.number("MASTER_PORT", 1..<65_536) ?? (nodes == 1 ? try FreePort.find() : 29_500)
        let children = ChildProcesses()
        for local in 0..<processes {
            var environment = ProcessInfo.processInfo.environment
            environment["WORLD_SIZE"] = String(processes * nodes)
            environment["RANK"] = String(node * processes + local)
            environment["LOCAL_RANK"] = String(local)
            environment["LOCAL_WORLD_SIZE"] = String(processes)
            environment["MASTER_ADDR"] = environment["MASTER_ADDR"].flatMap { $0.isEmpty ? nil : $0 } ?? "127.0.0.1"
            environment["MASTER_PORT"] = String(port)
            environment["DIPTYCH_STARTED_BY"] = String(getpid())
            try children.start(environment, rank: node * processes + local)
        }
        let failure = await withTaskCancellationHandler {
            await children.wait()
        } onCancel: {
            children.interrupt()
        }
        if Task.isCancelled { throw Signals.status }
        if let failure { throw Failure("\(failure); the same command goes on from the last checkpoint") }
    }

    /// Whether the process that started this one is gone.
    static var isOrphan: Bool {
        guard let text = variable("DIPTYCH_STARTED_BY"), let parent = Int32(text) else { return false }
        return getppid() != parent
    }
}

/// A port of this machine that nobody uses.
enum FreePort {
    static func find() throws -> Int {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw Failure("no socket can be opened; close other programs") }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 ? getsockname(socket, $0, &length) : -1
            }
        }
        guard status == 0 else { throw Failure("no port of this machine is free; set MASTER_PORT") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// The processes of this machine.
private final class ChildProcesses: @unchecked Sendable {
    private let lock = NSLock()
    private var running: [Int: Process] = [:]
    private var failure: String?
    private let ended = DispatchGroup()

    func start(_ environment: [String: String], rank: Int) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = Array(CommandLine.arguments.dropFirst())
        process.environment = environment
        ended.enter()
        process.terminationHandler = { [self] process in
            let (isFirst, others) = lock.withLock {
                running[rank] = nil
                let isSignal = process.terminationReason == .uncaughtSignal
                // 3: it was done, but for pairs that were skipped.
                let isDone = !isSignal && [0, 3].contains(process.terminationStatus)
                let isFirst = !isDone && failure == nil
                if isFirst {
                    failure =
                        "process \(rank) (\(process.processIdentifier)) ended by "
                        + (isSignal ? "signal \(process.terminationStatus)" : "status \(process.terminationStatus)")
                }
                return (isFirst, Array(running.values))
            }
            ended.leave()
            guard isFirst else { return }
            // They notice by themselves; a hung one does not.
            DispatchQueue.global().asyncAfter(deadline: .now() + 10) {
                for other in others where other.isRunning { kill(other.processIdentifier, SIGKILL) }
            }
        }
        do { try process.run() } catch {
            ended.leave()
            throw Failure("process \(rank) cannot be started: \(error.localizedDescription)")
        }
        lock.withLock { running[rank] = process }
    }

    /// Waits for all. Why the first of them failed that did.
    func wait() async -> String? {
        await withCheckedContinuation { continuation in ended.notify(queue: .global()) { continuation.resume() } }
        return lock.withLock { failure }
    }

    /// Has them save and end.
    func interrupt() {
        for process in lock.withLock({ Array(running.values) }) { kill(process.processIdentifier, SIGINT) }
    }
}
