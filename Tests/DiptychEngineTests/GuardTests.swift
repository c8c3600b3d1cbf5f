import CKernels
import Foundation
import Testing

/// Regressions that a clock would miss on a busy machine: what kernels and passes ask of the allocator, and how many
/// instructions they take.
///
/// `engine-guard` runs each twice and reports the second time. Bounds are a little above what was counted when they were
/// written (`swift test --filter GuardTests` prints the counts); who makes something cheaper lowers its bound.
@Suite struct GuardTests {
    struct Bound {
        let allocations: Int
        /// Instructions with AVX2, in thousands.
        let instructions: Int
        /// Those of them that copy memory, in thousands.
        let copies: Int
    }

    static let bounds: [String: Bound] = [
        "layer norm fp32": Bound(allocations: 0, instructions: 94, copies: 0),
        "layer norm bf16": Bound(allocations: 0, instructions: 149, copies: 0),
        "attention fp32": Bound(allocations: 0, instructions: 2434, copies: 18),
        "narrow bf16": Bound(allocations: 0, instructions: 272, copies: 0),
        "attention bf16, causal": Bound(allocations: 0, instructions: 1791, copies: 0),
        "patchify": Bound(allocations: 0, instructions: 284, copies: 104),
        "dot rows": Bound(allocations: 0, instructions: 55, copies: 0),
        "image pass, batch 1": Bound(allocations: 255, instructions: 24_200, copies: 84),
        "image pass, batch 8": Bound(allocations: 267, instructions: 0, copies: 0),
        "text pass, batch 4": Bound(allocations: 159, instructions: 3450, copies: 11),
        "text pass, batch 64": Bound(allocations: 167, instructions: 0, copies: 0),
    ]

    /// The allocations of passes with AVX-512.
    static let widestAllocations = [
        "image pass, batch 1": 57, "image pass, batch 8": 65, "text pass, batch 4": 39, "text pass, batch 64": 47,
    ]

    static let model = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Sources/DiptychCLI/Resources/DemoModel").path

    static let program: String = {
        let bundle = Bundle(for: Marker.self).bundleURL
        let folders = [Bundle.main.bundleURL, bundle.deletingLastPathComponent(), bundle]
        let candidates = folders.map { $0.appendingPathComponent("engine-guard").path }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "engine-guard"
    }()
    private final class Marker {}

    static let valgrind = tool("valgrind")
    static let strip = tool("strip")

    private static func tool(_ name: String) -> String? {
        ["/usr/bin/\(name)", "/usr/local/bin/\(name)"].first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Runs a program to its end: its standard output's lines.
    private static func run(_ line: [String]) throws -> [String] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: line[0])
        process.arguments = Array(line.dropFirst())
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        let complaints = Task.detached { errors.fileHandleForReading.readDataToEndOfFile() }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        _ = complaints
        try #require(process.terminationStatus == 0, "\(line.joined(separator: " ")): \(text)")
        return text.split(separator: "\n").map(String.init)
    }

    /// The name and the allocations of each case, in order.
    private static func cases(_ lines: [String]) -> [(name: String, allocations: Int)] {
        lines.compactMap { line in
            let cells = line.split(separator: "\t")
            return cells.count == 3 ? Int(cells[1]).map { (String(cells[0]), $0) } : nil
        }
    }

    @Test func passesAskTheAllocatorForLittle() throws {
        let cases = Self.cases(try Self.run([Self.program, Self.model, "avx2"]))
        #expect(Set(cases.map(\.name)) == Set(Self.bounds.keys))
        for (name, allocations) in cases {
            let bound = try #require(Self.bounds[name])
            #expect(allocations <= bound.allocations, "\(name)")
        }
        // This package's own products ask for less than oneDNN does.
        if diptych_detected_isa() == DIPTYCH_ISA_AVX512 {
            let widest = Self.cases(try Self.run([Self.program, Self.model, "avx512"]))
            #expect(widest.count == Self.bounds.count)
            for (name, allocations) in widest {
                #expect(allocations <= Self.widestAllocations[name, default: 0], "\(name)")
            }
        }
        // Nothing is asked for by row: 64 texts need hardly more calls than 4, and 8 images than 1. The few more are
        // oneDNN's, which cuts larger products otherwise.
        let counts = Dictionary(cases.map { ($0.name, $0.allocations) }, uniquingKeysWith: max)
        let pairs = [("text pass, batch 64", "text pass, batch 4"), ("image pass, batch 8", "image pass, batch 1")]
        for (many, few) in pairs {
            #expect(try #require(counts[many]) < #require(counts[few]) + 20)
        }
    }

    @Test(.enabled(if: valgrind != nil && strip != nil, "valgrind or strip is not installed"))
    func kernelsAndPassesTakeAsManyInstructionsAsBefore() throws {
        let valgrind = try #require(Self.valgrind)
        let strip = try #require(Self.strip)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("diptych-guard-\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Debian 12's valgrind cannot read the debugging information of today's compilers; names stay without it.
        let program = folder.appendingPathComponent("engine-guard").path
        _ = try Self.run([strip, "--strip-debug", "-o", program, Self.program])
        // valgrind knows no AVX-512, and shows every program the same processor, so that oneDNN chooses the same code.
        let lines = try Self.run([
            valgrind, "--tool=callgrind", "--callgrind-out-file=\(folder.path)/counts", "--collect-atstart=no",
            "--toggle-collect=diptych_guard_measured", "--dump-after=diptych_guard_measured", program, Self.model,
            "avx2", "small",
        ])
        for (index, (name, _)) in Self.cases(lines).enumerated() {
            let dump = try String(contentsOf: folder.appendingPathComponent("counts.\(index + 1)"), encoding: .utf8)
            let (all, copies) = Self.instructions(in: dump)
            print("\(name): \(all) instructions, \(copies) of them copy")
            let bound = try #require(Self.bounds[name])
            #expect(all > 0 && all <= bound.instructions * 1000, "\(name)")
            #expect(copies <= bound.copies * 1000, "\(name)")
        }
    }

    /// The instructions of a dump of callgrind's, and those of memcpy and memmove.
    ///
    /// A line "fn=(id) name" begins a function, the name only when it comes first; lines of numbers below it are
    /// positions and costs, but for the one after "calls=", which is what the called function took.
    private static func instructions(in dump: String) -> (all: Int, copies: Int) {
        var names: [Substring: Substring] = [:]
        var (all, copies) = (0, 0)
        var (isCopy, isCall) = (false, false)
        for line in dump.split(separator: "\n") {
            if line.hasPrefix("fn=") || line.hasPrefix("cfn=") {
                let value = line.drop { $0 != "=" }.dropFirst()
                let id = value.prefix { $0 != ")" }
                let name = value.dropFirst(id.count + 1)
                if !name.isEmpty { names[id] = name }
                if line.hasPrefix("fn=") {
                    let name = names[id, default: ""]
                    isCopy = name.contains("memcpy") || name.contains("memmove")
                }
            } else if line.hasPrefix("calls=") {
                isCall = true
            } else if let first = line.first, first.isNumber || first == "+" || first == "-" || first == "*" {
                let cost = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
                if isCall {
                    isCall = false
                } else {
                    all += cost
                    if isCopy { copies += cost }
                }
            }
        }
        return (all, copies)
    }
}
