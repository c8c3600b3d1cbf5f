import DiptychCheckpoints
import Foundation
import Testing

/// Files that are written whole or not at all.
struct WriterTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("diptych-writers-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    private var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted() }

    @Test(arguments: [([], 1, "(3,)"), ([4], 4, "(3, 4)"), ([3, 2, 2], 12, "(3, 3, 2, 2)")])
    func `a NumPy file has the header of format 1.0`(_ entryShape: [Int], _ size: Int, _ shape: String) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let writer = try NumpyWriter(path: path("a.npy"), entryShape: entryShape)
        for entry in 0..<3 { try writer.append((0..<size).map { Float(entry * size + $0) }) }
        #expect(names != ["a.npy"])
        try writer.finish()
        #expect(names == ["a.npy"])
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path("a.npy"))))
        #expect(bytes[..<10] == [0x93, 78, 85, 77, 80, 89, 1, 0, 118, 0])
        let header = String(decoding: bytes[10..<128], as: UTF8.self)
        #expect(
            header.trimmingCharacters(in: .whitespacesAndNewlines)
                == "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }")
        #expect(header.hasSuffix("\n") && bytes.count == 128 + 4 * 3 * size)
        let values = bytes[128...].withUnsafeBytes { raw in
            (0..<3 * size).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
        #expect(values == (0..<3 * size).map(Float.init))
    }

    @Test func `a safetensors file reads back`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let metadata = ["note": "quote \" and 雪", "empty": ""]
        let writer = try SafetensorsWriter(
            path: path("a.safetensors"), tensors: [("b", [2, 3]), ("a", []), ("none", [0, 7])], metadata: metadata)
        try writer.append([1, 2, 3, 4])
        try writer.append([5, 6, -7.5])
        try writer.finish()
        let file = try SafetensorsFile(url: URL(fileURLWithPath: path("a.safetensors")))
        #expect(file.metadata == metadata)
        #expect(file.tensors["b"]?.shape == [2, 3] && file.tensors["b"]?.floats() == [1, 2, 3, 4, 5, 6])
        #expect(file.tensors["a"]?.shape == [] && file.tensors["a"]?.floats() == [-7.5])
        #expect(file.tensors["none"]?.shape == [0, 7])
    }

    @Test func `a safetensors file of too few numbers is not written`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            let writer = try SafetensorsWriter(path: path("a.safetensors"), tensors: [("a", [2])])
            try writer.append([1])
            #expect(throws: FileWriteError.self) { try writer.finish() }
        }
        #expect(names.isEmpty)
    }

    @Test func `what is not finished leaves the old file alone`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("old".utf8).write(to: URL(fileURLWithPath: path("a.npy")))
        do {
            let writer = try NumpyWriter(path: path("a.npy"), entryShape: [2])
            try writer.append([1, 2])
        }
        #expect(names == ["a.npy"])
        #expect(FileManager.default.contents(atPath: path("a.npy")) == Data("old".utf8))
    }

    @Test func `places that cannot be written are named`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        for path in [path("none/a.npy"), "", "/dev/null", folder.path, "a\0b"] {
            let error = #expect(throws: FileWriteError.self) { try NumpyWriter(path: path, entryShape: [1]) }
            #expect(error?.description.hasPrefix(path) == true)
        }
    }
}
