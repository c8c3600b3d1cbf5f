import DiptychTestSupport
import Foundation
import Testing

/// The templates of Documentation/operations.md, taken from the page and run.
struct OperationsTests {
    private let folder: TemporaryFolder
    private static let shards = 4

    init() throws { folder = try TemporaryFolder() }

    private static let page: String = {
        var folder = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { folder.deleteLastPathComponent() }
        let page = folder.appendingPathComponent("Documentation/operations.md")
        return (try? String(contentsOf: page, encoding: .utf8)) ?? ""
    }()

    /// The first fenced block of a language.
    private static func block(_ language: String) -> String? {
        guard let start = page.range(of: "```\(language)\n"),
            let end = page[start.upperBound...].range(of: "```\n")
        else { return nil }
        return String(page[start.upperBound..<end.lowerBound])
    }

    private func makeManifest(_ count: Int) throws -> String {
        var random = SeededGenerator(8)
        var manifest = ""
        for number in 0..<count {
            try Data(random.png()).write(to: URL(fileURLWithPath: folder / "\(number).png"))
            manifest += "{\"image\": \"\(number).png\", \"number\": \(number), \"caption\": \"image \(number)\"}\n"
        }
        // One that cannot be read: a job must succeed all the same.
        manifest += "{\"image\": \"missing.png\"}\n"
        try manifest.write(toFile: folder / "manifest.jsonl", atomically: true, encoding: .utf8)
        return folder / "manifest.jsonl"
    }

    private func environment(_ manifest: String, _ stores: String) -> [String: String] {
        let programs = URL(fileURLWithPath: Command.path).deletingLastPathComponent().path
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return [
            "PATH": "\(programs):\(path)", "INPUT": manifest, "STORES": stores, "MODEL": Fixture.model,
            "PRECISION": "fp32", "SHARDS": "\(Self.shards)", "OMP_NUM_THREADS": "1",
        ]
    }

    /// Merges the shards' stores as the page says, and compares with one run over everything.
    private func expectWhole(_ manifest: String, _ stores: String, count: Int) throws {
        let parts = (0..<Self.shards).map { "\(stores)/\($0)" }
        let merged = try Command.run(["store", "merge"] + parts + ["--store", stores + "/all", "--quiet"])
        #expect(merged.status == 0, "\(merged.error)")
        #expect(try Command.run("index", "--from", manifest, "--store", stores + "/whole", "--quiet").status == 3)
        let whole = try ExportedItem.of(stores + "/whole", in: folder)
        #expect(whole.count == count)
        expectSame(try ExportedItem.of(stores + "/all", in: folder), whole)
    }

    @Test("The Slurm array embeds everything; a task that is killed or stopped in between is simply run again")
    func slurm() throws {
        let script = folder / "index.sbatch"
        try #require(Self.block("bash")).write(toFile: script, atomically: true, encoding: .utf8)
        _ = try Shell.run("bash -n '\(script)'")
        let count = 400
        let manifest = try makeManifest(count)
        let stores = folder / "stores"
        var variables = environment(manifest, stores)
        variables["SLURM_ARRAY_TASK_COUNT"] = "2"
        variables["SLURM_CPUS_PER_TASK"] = "1"
        variables["TMPDIR"] = folder.path

        // The node dies: nothing is copied, and nothing is lost but time.
        variables["SLURM_ARRAY_TASK_ID"] = "1"
        let setting = variables.map { "\($0)='\($1)'" }.joined(separator: " ")
        _ = try? Shell.run("\(setting) timeout -s KILL 0.1 bash '\(script)' 2>/dev/null")
        // Its time is over: the signal reaches the program, which stores what it has; the task fails, or had just finished.
        variables["SLURM_ARRAY_TASK_ID"] = "2"
        _ = try? Shell.run("timeout --foreground -s TERM 0.2 bash '\(script)' 2>/dev/null", environment: variables)
        for task in [2, 0, 3, 1] {
            variables["SLURM_ARRAY_TASK_ID"] = "\(task)"
            _ = try Shell.run("bash '\(script)' 2>/dev/null", environment: variables)
        }
        // Again, with nothing to do.
        let again = try Shell.run("bash '\(script)' 2>/dev/null", environment: variables)
        #expect(again.hasPrefix("added 0, updated 0,"), "\(again)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: stores).sorted() == ["0", "1", "2", "3"])
        try expectWhole(manifest, stores, count: count)
    }

    @Test("The Kubernetes job's script embeds everything")
    func kubernetes() throws {
        let yaml = try #require(Self.block("yaml"))
        #expect(yaml.contains("completionMode: Indexed"))
        // The block scalar behind `- |`: the lines that are indented further than it.
        let lines = yaml.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0.hasSuffix("- |") })
        let indentation = lines[start + 1].prefix { $0 == " " }.count
        let body = lines[(start + 1)...].prefix { $0.prefix(indentation).allSatisfy { $0 == " " } }
            .map { $0.dropFirst(indentation) }.joined(separator: "\n")
        let script = folder / "job"
        try body.write(toFile: script, atomically: true, encoding: .utf8)
        _ = try Shell.run("bash -n '\(script)'")
        let manifest = try makeManifest(40)
        var variables = environment(manifest, folder / "stores")
        for index in [1, 3, 0, 2, 1] {
            variables["JOB_COMPLETION_INDEX"] = "\(index)"
            variables["SCRATCH"] = folder / "scratch-\(UUID().uuidString)"
            _ = try Shell.run(
                "mkdir '\(variables["SCRATCH"] ?? "")' && bash '\(script)' 2>/dev/null", environment: variables)
        }
        try expectWhole(manifest, folder / "stores", count: 40)
    }
}
