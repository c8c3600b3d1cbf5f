import DiptychCheckpoints
import Foundation
import Testing

/// Pickles that want something else than weights are refused by a line that names it, and nothing is run.
@Suite struct TorchPickleTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Reads an archive with the pickle `body` and a record of four numbers.
    func read(_ body: [UInt8], protocol version: UInt8 = 2, isScript: Bool = false) throws -> Checkpoint {
        let builder = ZipBuilder(
            pickle: Pickle.file(body, protocol: version), records: [("0", bytes(of: [1, 2, 3, 4]))], isScript: isScript)
        return try Checkpoint(at: directory.write(builder.data(), "m.pt"))
    }

    func refuse(_ body: [UInt8], protocol version: UInt8 = 2, isScript: Bool = false) throws -> CheckpointError {
        let error = try #require(throws: CheckpointError.self) {
            try read(body, protocol: version, isScript: isScript)
        }
        #expect(!error.reason.isEmpty && !error.reason.contains("\n") && error.reason.utf8.count < 2000)
        return error
    }

    static let storage = Pickle.storage(Pickle.text("0"), count: 4)
    static let tensor = Pickle.tensor(storage, shape: [4], strides: [1])
    static func state(_ value: [UInt8]) -> [UInt8] { Pickle.dictionary([("w", value)]) }

    @Test func `nothing that a pickle asks for is run`() throws {
        let trace = directory.url.appendingPathComponent("ran").path
        let command = Pickle.text("touch '\(trace)'")
        let arguments = Pickle.tuple([command])
        let attempts: [(name: String, body: [UInt8])] = [
            ("os.system", Pickle.global("os", "system") + arguments + Pickle.reduce),
            ("posix.system", Pickle.stackGlobal("posix", "system") + arguments + Pickle.reduce),
            ("os.system", Pickle.mark + command + Array("ios\nsystem\n".utf8)),
            ("os.system", Pickle.mark + Pickle.global("os", "system") + command + [0x6F]),
            ("subprocess.Popen", Pickle.global("subprocess", "Popen") + arguments + Pickle.newObject),
            ("subprocess.Popen", Pickle.global("subprocess", "Popen") + arguments + [0x7D, 0x92]),
            ("builtins.eval", Pickle.global("builtins", "eval") + arguments + Pickle.reduce),
            ("__builtin__.exec", Pickle.global("__builtin__", "exec") + arguments + Pickle.reduce),
            ("builtins.getattr", Pickle.stackGlobal("builtins", "getattr") + arguments + Pickle.reduce),
            ("torch.storage._load_from_bytes", Pickle.global("torch.storage", "_load_from_bytes")),
            ("torch.load", Pickle.global("torch", "load")),
            ("argparse.Namespace", Pickle.global("argparse", "Namespace") + Pickle.emptyTuple + Pickle.newObject),
            ("my.model.CLIP", Pickle.global("my.model", "CLIP") + Pickle.emptyTuple + Pickle.newObject),
            ("__torch__.M", Pickle.global("__torch__", "M") + Pickle.emptyTuple + Pickle.newObject),
            ("collections.OrderedDict.__init__", Pickle.stackGlobal("collections", "OrderedDict.__init__")),
        ]
        for (name, body) in attempts {
            for body in [body, Self.state(body), Pickle.dictionary([("w", Self.tensor), ("args", body)])] {
                let error = try refuse(body, protocol: 4)
                #expect(error.kind == .unsafe && error.reason.contains("'\(name)'"), "\(error)")
                #expect(error.reason.contains("safetensors"))
            }
        }
        let odd = try refuse(Pickle.stackGlobal("o\ns", "a\u{202E}b" + String(repeating: "x", count: 5000)))
        #expect(odd.kind == .unsafe && odd.reason.contains("'o?s.a?bx"))
        // In a TorchScript archive its own classes are bags of attributes, everything else stays refused.
        #expect(try refuse(Pickle.global("os", "system"), isScript: true).kind == .unsafe)
        #expect(!FileManager.default.fileExists(atPath: trace))
    }

    static let huge = Pickle.number(UInt64(1) << 60)
    static let broken: [(why: String, body: [UInt8], says: String)] = [
        ("a text of 2^60 bytes", [0x8D] + huge, "announces 1152921504606846976 bytes"),
        ("a text of 2^64 - 1 bytes", [0x8D] + Pickle.number(UInt64.max), "announces"),
        ("a text of 4 GiB", [0x58] + Pickle.number(UInt32.max), "announces 4294967295 bytes"),
        ("bytes of 2^60", [0x8E] + huge, "announces"),
        ("an array of 2^60", [0x96] + huge, "announces"),
        ("a number of 2 GiB", [0x8B] + Pickle.number(Int32.max), "announces 2147483647 bytes"),
        ("a number of -1 bytes", [0x8B] + Pickle.number(Int32(-1)), "announces -1 bytes"),
        ("a string of -1 bytes", [0x54] + Pickle.number(Int32(-1)), "announces -1 bytes"),
        ("a name without end", Array("cos".utf8), "ends too early"),
        ("text that is none", [0x8C, 2, 0xC3, 0x28], "not valid UTF-8"),
        ("an unknown code", [0xFF], "code 255"),
        ("an extension code", [0x82, 1], "code 130"),
        ("a text code of protocol 0", Array("I1\n".utf8), "code 73"),
        ("a persistent id of protocol 0", Array("Pa\n".utf8), "code 80"),
        ("an out-of-band buffer", [0x97], "code 151"),
        ("no value", [], "a value is missing"),
        ("a pop too many", [0x30], "a value is missing"),
        ("no mark", [0x74], "a mark is missing"),
        ("a tuple beyond the mark", [0x4E, 0x4E, 0x28, 0x86], "a tuple lacks values"),
        ("a list that is none", [0x4E, 0x4E, 0x61], "appends to what is no list"),
        ("half a pair", [0x7D, 0x28, 0x4E, 0x75], "sets keys"),
        ("an empty memo", [0x68, 9], "remembers nothing under 9"),
        ("an empty memo", [0x6A, 0xFF, 0xFF, 0xFF, 0xFF], "remembers nothing under 4294967295"),
        ("nothing to remember", [0x71, 0], "a value is missing"),
        ("a call of a number", [0x4E, 0x29, 0x52], "calls what is no function"),
        ("a call without arguments", Pickle.global("torch", "Size") + [0x4E, 0x52], "arguments are no tuple"),
        ("a call of a type", Pickle.global("torch", "FloatStorage") + [0x29, 0x52], "calls a type"),
        (
            "a parameter of nothing", Pickle.global("torch._utils", "_rebuild_parameter") + [0x4E, 0x85, 0x52],
            "no tensor"
        ),
        ("a state for a number", [0x4E, 0x7D, 0x62], "gives a state"),
        ("a storage that is a text", Pickle.text("0") + [0x51], "not named by a tuple"),
        ("a storage of four parts", Pickle.tuple([Pickle.text("storage")]) + [0x51], "unknown way"),
        ("a storage of -1 numbers", Pickle.storage(Pickle.text("0"), count: -1), "of -1 elements"),
        ("a storage that overflows", Pickle.storage(Pickle.text("0"), count: .max), "of 9223372036854775807 elements"),
        ("a storage that is too large", Pickle.storage(Pickle.text("0"), count: 5), "of 5 elements has only 16 bytes"),
        ("a storage of another name", Pickle.storage(Pickle.text("../version"), count: 1), "'a/data/../version'"),
        (
            "a storage of complex numbers", Pickle.storage(Pickle.text("0"), count: 1, type: "ComplexFloatStorage"),
            "ComplexFloatStorage"
        ),
        ("a tensor that is too large", Pickle.tensor(storage, shape: [5], strides: [1]), "does not fit"),
        ("an offset too far", Pickle.tensor(storage, offset: 1, shape: [4], strides: [1]), "does not fit"),
        ("a negative offset", Pickle.tensor(storage, offset: -1, shape: [1], strides: [1]), "does not fit"),
        ("a large offset", Pickle.tensor(storage, offset: .max, shape: [2], strides: [1]), "does not fit"),
        ("a negative extent", Pickle.tensor(storage, shape: [-1], strides: [1]), "does not fit"),
        ("a negative stride", Pickle.tensor(storage, offset: 3, shape: [4], strides: [-1]), "does not fit"),
        ("a stride too far", Pickle.tensor(storage, shape: [2, 2], strides: [3, 1]), "does not fit"),
        ("strides that overflow", Pickle.tensor(storage, shape: [3, 3], strides: [.max, .max]), "does not fit"),
        ("extents that overflow", Pickle.tensor(storage, shape: [1 << 40, 1 << 40], strides: [0, 0]), "does not fit"),
        ("bytes that overflow", Pickle.tensor(storage, shape: [.max], strides: [0]), "does not fit"),
        (
            "empty extents that overflow", Pickle.tensor(storage, shape: [.max, 2, 0], strides: [0, 0, 0]),
            "does not fit"
        ),
        ("fewer strides than extents", Pickle.tensor(storage, shape: [2, 2], strides: [1]), "does not fit"),
        ("65 extents", Pickle.tensor(storage, shape: .init(repeating: 1, count: 65), strides: []), "at most 64"),
        (
            "a tensor to be negated",
            Pickle.tensor(storage, shape: [4], strides: [1], metadata: Pickle.dictionary([("neg", [0x88])])), "negated"
        ),
        (
            "a tensor of a gigantic shape", state(Pickle.tensor(storage, shape: [1 << 40], strides: [0])),
            "would take 4398046511104 bytes"
        ),
        ("no dictionary", tensor, "no state dict"),
        ("no tensors", Pickle.dictionary([("epoch", Pickle.int(1))]), "but 'epoch'"),
        ("no tensors inside", Pickle.dictionary([("state_dict", Pickle.dictionary([]))]), "the dictionary is empty"),
        ("a tensor without a name", [0x7D] + Pickle.int(1) + tensor + [0x73], "has no name"),
        (
            "a tensor with a long name", Pickle.dictionary([(String(repeating: "n", count: 5000), tensor)]),
            "longer than 4096"
        ),
    ]

    @Test(arguments: broken.indices)
    func `broken pickles say where`(index: Int) throws {
        let (why, body, says) = Self.broken[index]
        let reason = try refuse(body, protocol: 5).reason
        #expect(reason.contains(says), "\(why): \(reason)")
    }

    @Test func `only protocols 2 to 5 are read`() throws {
        for version: UInt8 in [0, 1, 6, 255] {
            #expect(try refuse(Self.state(Self.tensor), protocol: version).reason.contains("protocol \(version)"))
        }
        let bare = ZipBuilder(pickle: Self.state(Self.tensor) + [0x2E])
        #expect(throws: CheckpointError.self) { try Checkpoint(at: directory.write(bare.data(), "m.pt")) }
    }

    @Test func `numbers that repeat or overlap are read`() throws {
        let names: [(String, [UInt8], [Float])] = [
            ("module.a", Pickle.tensor(Self.storage, offset: 1, shape: [2, 2], strides: [1, 1]), [2, 3, 3, 4]),
            (
                "module.b", Pickle.tensor(Self.storage, offset: 3, shape: [1, 1, 3], strides: [.max, 99, 0]), [4, 4, 4]
            ),
            ("module.c", Pickle.tensor(Self.storage, offset: 9, shape: [0, 7], strides: [1, 1]), []),
            ("module.d", Pickle.tensor(Self.storage, offset: 2, shape: [], strides: []), [3]),
        ]
        let checkpoint = try read(Pickle.dictionary(names.map { ($0.0, $0.1) }))
        #expect(checkpoint.tensors.count == 4)
        for (name, _, values) in names { #expect(checkpoint.tensors[String(name.dropFirst(7))]?.floats() == values) }
        // The prefix stays when it is not everybody's, and the last value of a key counts.
        let mixed = try read(
            Pickle.dictionary([
                ("module.a", Self.tensor), ("b", Self.tensor), ("c", Self.tensor), ("b", Pickle.nothing),
            ]))
        #expect(mixed.tensors.keys.sorted() == ["c", "module.a"])
    }

    /// The most memory that this process has had at once, in bytes; nil where the system does not say.
    static func peakMemory() -> Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line.flatMap { $0.split(separator: " ").dropLast().last.flatMap { Int($0) } }.map { $0 * 1024 }
    }

    @Test func `nesting and repetition stay within bounds`() throws {
        let before = Self.peakMemory()
        let start = ContinuousClock.now
        func many(_ part: [UInt8], _ count: Int) -> [UInt8] {
            [UInt8]([[UInt8]](repeating: part, count: count).joined())
        }

        // A hundred thousand containers in one another are a value like any other.
        for nested in [many([0x28], 100_000) + [0x4E] + many([0x74], 100_000), [0x4E] + many([0x85], 100_000)] {
            #expect(try read(Pickle.dictionary([("w", Self.tensor), ("x", nested)])).tensors.count == 1)
        }
        // Billion laughs: a hundred lists, each ten times the one before.
        var laughs = Pickle.list([]) + Pickle.put(0)
        for level: UInt32 in 0..<100 {
            laughs += Pickle.list(.init(repeating: Pickle.get(level), count: 10)) + Pickle.put(level + 1)
        }
        #expect(try refuse(Self.state(laughs)).reason.contains("holds no tensors"))
        #expect(try read(Pickle.dictionary([("w", Self.tensor), ("x", laughs)])).tensors.count == 1)
        // A list and a dictionary that hold themselves.
        let ring =
            [0x5D] + Pickle.put(0) + Pickle.get(0) + [0x61, 0x7D] + Pickle.put(1) + Pickle.text("state_dict")
            + Pickle.get(1) + [0x73]
        #expect(throws: CheckpointError.self) { try read(ring) }

        // Too many values, marks, memories, and copies of a long list.
        let pairs = Pickle.list(.init(repeating: [0x4E, 0x4E, 0x86], count: 50_000)) + Pickle.put(0)
        let copies = Pickle.global("collections", "OrderedDict") + Pickle.get(0) + [0x85, 0x52, 0x30]
        for body in [
            many([0x7D], 3_000_000), many([0x28], 3_000_000), [0x4E] + many([0x94], 3_000_000),
            many([0x5D, 0x4E, 0x61], 2_000_000), pairs + many(copies, 1000),
        ] { #expect(try refuse(body, protocol: 4).reason.contains("more than the 2097152 values")) }
        var long = ZipBuilder(pickle: Pickle.file(Self.state(Self.tensor)))
        long.entries[0].hole = 65 << 20
        let url = directory.url.appendingPathComponent("long.pt")
        try long.write(to: url)
        let error = #expect(throws: CheckpointError.self) { try Checkpoint(at: url) }
        #expect(error?.reason.contains("more than the 67108864") == true)

        // Modules in one another: too deep, around in a circle, and shared ten times on each of sixty levels.
        let training = ("training", Pickle.no)
        var deep = Pickle.object([("w", Self.tensor), training])
        for _ in 0..<100 { deep = Pickle.object([training, ("m", deep)]) }
        #expect(try refuse(deep, isScript: true).reason.contains("too deep"))
        let circle =
            Pickle.global("__torch__", "M") + Pickle.emptyTuple + Pickle.newObject + Pickle.put(0)
            + Pickle.dictionary([training, ("m", Pickle.get(0))]) + Pickle.build
        #expect(try refuse(circle, isScript: true).reason.contains("too deep"))
        var shared = Pickle.object([("w", Self.tensor), training]) + Pickle.put(0) + [0x30]
        for level: UInt32 in 0..<60 {
            let children = (0..<10).map { ("m\($0)", Pickle.get(level)) }
            shared += Pickle.object([training] + children) + Pickle.put(level + 1) + [0x30]
        }
        #expect(try refuse(shared + Pickle.get(60), isScript: true).reason.contains("too many"))
        // A thousand names for one tensor that has to be put in order share the copy.
        let turned = Pickle.tensor(Self.storage, shape: [1 << 20], strides: [0]) + Pickle.put(0)
        let alike = [("a", turned)] + (0..<1000).map { ("n\($0)", Pickle.get(0)) }
        #expect(try read(Pickle.dictionary(alike)).tensors.count == 1001)

        #expect(ContinuousClock.now - start < .seconds(20))
        if let before, let after = Self.peakMemory() {
            #expect(after - before < 768 << 20, "\((after - before) >> 20) MiB")
        }
    }
}
