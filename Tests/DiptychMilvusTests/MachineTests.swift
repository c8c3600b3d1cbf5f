#if Milvus
    import DiptychTestSupport
    import Foundation
    import Testing

    /// A store on a server, used by the program from one machine after another.
    @Suite("Milvus from several machines", .enabled(if: MilvusServer.isInstalled, MilvusServer.missing))
    struct MachineTests {
        /// A machine: a home that is gone when this is.
        private struct Machine {
            let home: TemporaryDirectory
            init() throws { home = try TemporaryDirectory() }

            struct Failure: Error, CustomStringConvertible { let description: String }

            /// Runs the program that is built beside the tests.
            func run(_ arguments: String...) throws -> String {
                let bundle = Bundle(for: Marker.self).bundleURL
                let folders = [Bundle.main.bundleURL, bundle.deletingLastPathComponent(), bundle]
                let program = folders.map { $0.appendingPathComponent("diptych") }
                    .first { FileManager.default.isExecutableFile(atPath: $0.path) }
                let process = Process()
                process.executableURL = program
                process.arguments = arguments
                process.environment = [
                    "HOME": home.path, "XDG_CACHE_HOME": home.path + "/cache", "TMPDIR": home.path,
                    "DIPTYCH_MODEL": TinyModel.directory.path, "PATH": "/usr/bin:/bin",
                ]
                process.currentDirectoryURL = home.url
                let (output, errors) = (home.path + "/out", home.path + "/err")
                for path in [output, errors] { try Data().write(to: URL(fileURLWithPath: path)) }
                process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
                process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
                process.standardInput = FileHandle.nullDevice
                try process.run()
                process.waitUntilExit()
                func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
                guard process.terminationStatus == 0 else { throw Failure(description: try text(errors)) }
                return try text(output)
            }

            private final class Marker {}
        }

        @Test func deletingEveryLocalFileLosesNothing() async throws {
            let address = try await MilvusServer.shared.value.address("machines")
            let store = "\(address)?consistency=strong"
            let images = try TemporaryDirectory()
            for number in 0..<4 {
                var generator = SeededGenerator(UInt64(number))
                try images.write(generator.png(), to: "\(number).png")
            }
            let texts = try images.write("a red square\na blue circle\n", to: "texts.txt")
            let regions = try images.write(
                "{\"path\": \"\(images.path("1.png"))\", \"box\": [1, 2, 9, 8]}\n", to: "regions.jsonl")
            do {
                let first = try Machine()
                _ = try first.run("index", images.path, "--store", store, "--tiles", "2x2", "--quiet")
                _ = try first.run("index", "--texts", texts, "--store", store, "--quiet")
            }
            // The first machine is gone with all that it had.
            let second = try Machine()
            _ = try second.run("index", "--regions", regions, "--store", store, "--quiet")
            let again = try second.run("index", images.path, "--store", store, "--quiet", "--format", "json")
            #expect(again.contains("\"added\":0") && again.contains("\"unchanged\":4"), "\(again)")
            #expect(again.contains("\"index\":{\"kind\":\"IVF_FLAT\",\"metric\":\"IP\""), "\(again)")
            let info = try second.run("store", "info", "--store", store, "--format", "json")
            // Four images with four tiles each, a region, and two texts.
            #expect(info.contains("\"count\":6,") && info.contains("\"vectors\":23,"), "\(info)")
            #expect(info.contains("\"total\":23"), "\(info)")
            let found = try second.run(
                "search", "a red square", "--store", store, "--filter", "kind = text", "--format", "json", "--quiet")
            #expect(found.contains("a red square") && !found.contains(".png"), "\(found)")
            let boxes = try second.run(
                "search", "a red square", "--store", store, "--filter", "kind = image", "--format", "json", "--quiet")
            #expect(boxes.contains("\"box\":["), "\(boxes)")
            // Another model's space, made by one machine and switched to by the next.
            let other = try TinyModel.other()
            #expect(
                try second.run("store", "embed", "--store", store, "--model", other.path, "--quiet").hasPrefix(
                    "embedded 23,"))
            let third = try Machine()
            #expect(try third.run("store", "switch", "--store", store, "2").contains("current"))
            #expect(
                try third.run("search", "a red square", "--store", store, "--model", other.path, "--quiet").contains(
                    ".png"))
            #expect(
                try third.run("search", "a red square", "--store", store, "--space", "1", "--quiet").contains(".png"))
            #expect(try third.run("store", "verify", "--store", store).hasPrefix("ok"))
        }
    }
#endif
