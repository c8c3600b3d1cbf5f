#if Milvus
    import DiptychMilvus
    import DiptychTestSupport
    import Foundation
    import Testing

    /// A real Milvus server, which ends with the test process however that ends.
    actor MilvusServer {
        /// Where the server was installed, and whether it is there: `Scripts/milvus install`.
        static let isInstalled: Bool = {
            let environment = ProcessInfo.processInfo.environment
            let cache = environment["XDG_CACHE_HOME"] ?? "\(NSHomeDirectory())/.cache"
            let home = environment["DIPTYCH_MILVUS"] ?? "\(cache)/diptych-milvus"
            return FileManager.default.fileExists(atPath: "\(home)/2.3.5/complete")
        }()

        /// Said where the tests are left out.
        static let missing: Comment = "no Milvus server is installed: run Scripts/milvus install (x86-64 Linux)"

        /// The server that the suites share.
        static let shared = Task { try await MilvusServer(start: 0) }

        nonisolated let port: Int
        nonisolated let data: String
        private nonisolated let options: [String]
        private var process: Int32

        private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Scripts/milvus").path

        /// Starts one on a free block of ports; `start` keeps several of one process apart.
        init(start: Int, options: [String] = []) async throws {
            data = NSTemporaryDirectory() + "diptych-milvus-\(UUID().uuidString)"
            self.options = options
            // Processes beside this one start at other places.
            var block = Int(getpid()) % 500 + 97 * start
            while true {
                let port = 20480 + 11 * (block % 1000)
                do {
                    process = try Self.launch(data, port, options + ["--temporary"])
                    self.port = port
                    return
                } catch let failure as Failure where failure.text.contains("is taken") { block += 1 }
            }
        }

        struct Failure: Error { let text: String }

        private static func launch(_ data: String, _ port: Int, _ options: [String]) throws -> Int32 {
            let (status, output, errors) = try run(["start", data, "\(port)", "--while", "\(getpid())"] + options)
            guard status == 0, let process = Int32(output.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                throw Failure(text: errors)
            }
            return process
        }

        private static func run(_ arguments: [String]) throws -> (Int32, String, String) {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            process.arguments = [script] + arguments
            let (output, errors) = (Pipe(), Pipe())
            process.standardOutput = output
            process.standardError = errors
            process.standardInput = FileHandle.nullDevice
            try process.run()
            let text = try output.fileHandleForReading.readToEnd() ?? Data()
            let said = try errors.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return (
                process.terminationStatus, String(decoding: text, as: UTF8.self), String(decoding: said, as: UTF8.self)
            )
        }

        /// Ends it at once, as a crash would.
        func crash() throws { _ = try Self.run(["stop", data, "--now"]) }

        /// Starts it again on what it had stored.
        func restart() throws { process = try Self.launch(data, port, options) }

        /// Holds it, as a machine that is overloaded would.
        func freeze() { kill(process, SIGSTOP) }

        /// Lets it go on.
        func thaw() { kill(process, SIGCONT) }

        /// A collection of its own for a test.
        nonisolated func address(_ name: String, options: String = "", database: String = "tests") throws
            -> MilvusAddress
        {
            try MilvusAddress("milvus://127.0.0.1:\(port)/\(database)/\(name)\(options)")
        }
    }
#endif
