import DiptychCheckpoints
import Foundation
import Testing

/// Where the files that PyTorch wrote are.
enum Fixture {
    static let folder =
        Bundle.module.resourceURL?.appendingPathComponent("Fixtures") ?? URL(fileURLWithPath: "Fixtures")
    static func url(_ name: String) -> URL { folder.appendingPathComponent(name) }
}

@Suite struct TorchFileTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Compares names, types, shapes and every bit.
    func expectEqual(_ found: Checkpoint, _ expected: String) throws {
        let expected = try SafetensorsFile(url: Fixture.url(expected)).tensors
        #expect(found.tensors.keys.sorted() == expected.keys.sorted())
        for (name, view) in expected {
            let tensor = try #require(found.tensors[name])
            #expect(
                tensor.name == name && tensor.elementType == view.elementType && tensor.shape == view.shape, "\(name)")
            #expect(tensor.bytes.elementsEqual(view.bytes), "\(name)")
        }
    }

    @Test(arguments: [2, 3, 4, 5])
    func `every type and layout is read as PyTorch reads it`(protocol version: Int) throws {
        let checkpoint = try Checkpoint(at: Fixture.url("state-\(version).pt"))
        #expect(checkpoint.format == .stateDict)
        try expectEqual(checkpoint, "state.safetensors")
        // Only what does not lie in order is copied.
        let copied = checkpoint.tensors.filter { $0.value.file == nil }.keys.sorted()
        #expect(
            copied == [
                "layout.bytes", "layout.channels_last", "layout.columns", "layout.doubles", "layout.expanded",
                "layout.permuted", "layout.repeated_rows", "layout.transposed",
            ])
    }

    @Test(arguments: [
        ("training.pt", "training.safetensors"), ("training-5.pt", "training.safetensors"),
        ("model-key.pt", "plain.safetensors"),
        ("no-checksums.pt", "plain.safetensors"),
    ])
    func `training checkpoints give their weights`(file: String, expected: String) throws {
        let checkpoint = try Checkpoint(at: Fixture.url(file))
        #expect(checkpoint.format == .stateDict)
        try expectEqual(checkpoint, expected)
    }

    @Test(arguments: [
        "lightning.pt", "lightning-with-loss.pt", "lightning-compiled.pt", "compiled.pt", "parallel-compiled.pt",
        "part-compiled.pt", "script.pt", "nested.pt", "net.pt", "student.pt", "compiled.safetensors",
    ])
    func `the names that training code puts around a model's are taken off`(file: String) throws {
        try expectEqual(try Checkpoint(at: Fixture.url("wrapped/\(file)")), "wrapped/plain.safetensors")
    }

    @Test func `a part of a model loses its wrapper's name, and two models in one file are refused`() throws {
        #expect(try Checkpoint(at: Fixture.url("wrapped/tower.pt")).tensors.keys.sorted() == ["visual.proj"])
        let error = try #require(throws: CheckpointError.self) {
            try Checkpoint(at: Fixture.url("wrapped/two-models.pt"))
        }
        #expect(error.kind == .unsupported)
        #expect(error.reason.contains("'average.' and 'online.'"))
    }

    @Test func `a TorchScript archive gives the state dict that PyTorch gives`() throws {
        let checkpoint = try Checkpoint(at: Fixture.url("script.pt"))
        #expect(checkpoint.format == .torchScript)
        try expectEqual(checkpoint, "script.safetensors")
        #expect(checkpoint.tensors["input_resolution"]?.shape == [])
        #expect(checkpoint.tensors["input_resolution"]?.elementType == .int64)
        #expect(checkpoint.tensors["blocks.1.linear.weight"]?.elementType == .float16)
    }

    @Test func `archives of PyTorch 1_7 are read`() throws {
        // No record of the byte order, numbers as keys, weights on a GPU, no checksum after the data, no zip64.
        let weight = Pickle.tensor(
            Pickle.storage(Pickle.int(0), count: 3, on: "cuda:0"), shape: [1, 3], strides: [3, 1])
        let size = Pickle.tensor(
            Pickle.storage(Pickle.text("1"), count: 1, type: "LongStorage"), shape: [], strides: [])
        let inner = Pickle.object([("weight", weight), ("training", Pickle.no), ("mask", weight)])
        let root = Pickle.object([("size", size), ("training", Pickle.no), ("visual", inner)])
        var builder = ZipBuilder(
            pickle: Pickle.file(root),
            records: [("0", bytes(of: [1, 2, 3])), ("1", Data([224] + [UInt8](repeating: 0, count: 7)))],
            isScript: true)
        builder.entries.removeAll { $0.name == "a/byteorder" }
        for index in builder.entries.indices { builder.entries[index].flags = 0 }
        builder.hasWideEnd = false
        let checkpoint = try Checkpoint(at: directory.write(builder.data(), "clip.pt"))
        #expect(checkpoint.format == .torchScript && checkpoint.tensors.keys.sorted() == ["size", "visual.weight"])
        #expect(checkpoint.tensors["visual.weight"]?.floats() == [1, 2, 3])
        #expect(checkpoint.tensors["size"]?.bytes.first == 224)
    }

    @Test func `large files open at once`() throws {
        // 400 tensors of 1.5 MB, and two of more than 4 GiB, as holes that take no room; zip64 throughout the end.
        let sizes = [Int](repeating: 1 << 20, count: 400) + [5 << 30, 5 << 30, 4]
        let tensors = sizes.enumerated().map { index, size in
            (
                "t\(index)",
                Pickle.tensor(Pickle.storage(Pickle.text("\(index)"), count: size / 4), shape: [size / 4], strides: [1])
            )
        }
        var builder = ZipBuilder(pickle: Pickle.file(Pickle.dictionary(tensors)))
        for (index, size) in sizes.enumerated() {
            builder.entries.append(.init(name: "a/data/\(index)", data: bytes(of: [Float(index)]), hole: size - 4))
        }
        let url = directory.url.appendingPathComponent("large.pt")
        try builder.write(to: url)
        let start = ContinuousClock.now
        let checkpoint = try Checkpoint(at: url)
        #expect(ContinuousClock.now - start < .milliseconds(500))
        #expect(checkpoint.tensors["t402"]?.floats() == [402])
        #expect(checkpoint.tensors["t401"]?.bytes.loadUnaligned(as: Float.self) == 401)
        #expect(checkpoint.tensors["t401"]?.count == 5 << 28)
    }

    @Test func `a directory is searched for safetensors first`() throws {
        let state = try Data(contentsOf: Fixture.url("model-key.pt"))
        let safe = try Data(contentsOf: Fixture.url("plain.safetensors"))
        let names = [
            "open_clip_pytorch_model.bin", "pytorch_model.bin", "open_clip_model.safetensors", "model.safetensors",
        ]
        for name in names {
            _ = try directory.write(name.hasSuffix(".bin") ? state : safe, name)
            let checkpoint = try Checkpoint(at: directory.url)
            #expect(checkpoint.path.hasSuffix("/\(name)"))
            #expect(checkpoint.format == (name.hasSuffix(".bin") ? .stateDict : .safetensors))
            try expectEqual(checkpoint, "plain.safetensors")
        }
    }

    @Test func `names do not matter, and links are followed`() throws {
        let file = try directory.write(Data(contentsOf: Fixture.url("plain.safetensors")), "weights.bin")
        #expect(try Checkpoint(at: file).format == .safetensors)
        let archive = try directory.write(Data(contentsOf: Fixture.url("model-key.pt")), "blob")
        let link = directory.url.appendingPathComponent("model.safetensors")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: archive)
        #expect(try Checkpoint(at: directory.url).format == .stateDict)
    }

    @Test func `shards of PyTorch are joined`() throws {
        let tensor = Pickle.tensor(Pickle.storage(Pickle.text("0"), count: 2), shape: [2], strides: [1])
        for (file, name) in [("one.bin", "a"), ("two.bin", "b")] {
            let pickle = Pickle.file(Pickle.dictionary([(name, tensor)]))
            _ = try directory.write(ZipBuilder(pickle: pickle, records: [("0", bytes(of: [3, 4]))]).data(), file)
        }
        func index(_ map: [String: String]) throws -> Checkpoint {
            _ = try directory.write(JSONEncoder().encode(["weight_map": map]), "pytorch_model.bin.index.json")
            return try Checkpoint(at: directory.url)
        }
        let checkpoint = try index(["a": "one.bin", "b": "two.bin"])
        #expect(checkpoint.format == .stateDict && checkpoint.tensors["b"]?.floats() == [3, 4])
        #expect(throws: CheckpointError.self) { try index(["a": "one.bin", "b": "one.bin"]) }
        #expect(throws: CheckpointError.self) { try index(["a": "one.safetensors"]) }
    }

    @Test func `older formats are recognised`() throws {
        let magic = Data([0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E])
        var tape = Data(count: 512)
        tape.replaceSubrange(257..<262, with: Data("ustar".utf8))
        for data in [magic, tape] {
            let error = try #require(throws: CheckpointError.self) {
                try Checkpoint(at: directory.write(data, "old.pt"))
            }
            #expect(error.kind == .unsupported && error.reason.contains("torch.save(torch.load("))
        }
        // A safetensors header of 640 bytes starts with the bytes of a pickle of protocol 2.
        let header = "{\"__metadata__\":{\"a\":\"\(String(repeating: "b", count: 615))\"}}"
        let padded = header.padding(toLength: 640, withPad: " ", startingAt: 0)
        #expect(try Checkpoint(at: directory.write(safetensors(header: padded), "a.pt")).format == .safetensors)
    }
}
