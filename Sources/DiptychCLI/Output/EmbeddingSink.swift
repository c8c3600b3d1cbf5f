import Diptych
import DiptychCheckpoints
import Foundation

/// Where embeddings go, one after the other, in constant memory.
protocol EmbeddingSink: AnyObject {
    /// Adds one embedding.
    ///
    /// - Parameter facts: what it is the embedding of, in the order of JSON keys.
    func append(_ facts: [(String, JSON)], _ embedding: [Float]) throws
    /// Completes the result; without this, files never appear.
    func finish() throws
}

/// The kinds of files that embeddings are written to, by their endings.
enum EmbeddingFileKind: String, CaseIterable {
    case npy, safetensors, jsonl

    /// The kind of `path`, nil where the ending is of another kind.
    init?(path: String) { self.init(rawValue: (path as NSString).pathExtension.lowercased()) }

    static let expectation = "must end in .npy, .safetensors or .jsonl"
}

/// JSON lines on standard output, or one JSON document.
final class StandardOutputSink: EmbeddingSink {
    private var list: ResultList
    init(_ format: ResultFormat) { list = ResultList(format) }

    func append(_ facts: [(String, JSON)], _ embedding: [Float]) throws {
        try list.add(.object(facts + [("embedding", .floats(embedding))]), text: "")
    }

    func finish() throws { try list.end() }
}

/// A file of JSON lines; with or without the embeddings.
final class JSONLinesSink: EmbeddingSink {
    private let file: AtomicFile
    private let includesEmbeddings: Bool

    init(path: String, includesEmbeddings: Bool = true) throws {
        file = try AtomicFile(path: path)
        self.includesEmbeddings = includesEmbeddings
    }

    func append(_ facts: [(String, JSON)], _ embedding: [Float]) throws {
        let members = includesEmbeddings ? facts + [("embedding", .floats(embedding))] : facts
        try file.write((JSON.object(members).text + "\n").utf8)
    }

    func finish() throws { try file.commit() }
}

/// A NumPy array [count, dimension], and optionally a file of JSON lines beside it that says what each row is.
final class NumpySink: EmbeddingSink {
    private let writer: NumpyWriter
    private let companion: JSONLinesSink?

    init(path: String, dimension: Int, companion: String? = nil) throws {
        writer = try NumpyWriter(path: path, entryShape: [dimension])
        self.companion = try companion.map { try JSONLinesSink(path: $0, includesEmbeddings: false) }
    }

    func append(_ facts: [(String, JSON)], _ embedding: [Float]) throws {
        try writer.append(embedding)
        try companion?.append(facts, embedding)
    }

    func finish() throws {
        try companion?.finish()
        try writer.finish()
    }
}

/// A safetensors file with the tensor `embeddings` [count, dimension]; its metadata say what each row is.
final class SafetensorsSink: EmbeddingSink {
    private let path: String
    private let dimension: Int
    private let metadata: [String: String]
    private let spool: TemporaryFloatFile
    private var inputs: [UInt8] = []
    private var count = 0

    init(path: String, dimension: Int, metadata: [String: String]) throws {
        self.path = path
        self.dimension = dimension
        self.metadata = metadata
        // The header stands first and holds the count, so the numbers wait in a file until it is known.
        spool = try TemporaryFloatFile(beside: path)
    }

    func append(_ facts: [(String, JSON)], _ embedding: [Float]) throws {
        inputs += [UInt8(ascii: count == 0 ? "[" : ",")]
        inputs += Array(JSON.object(facts).text.utf8)
        // As JSON inside JSON it gets longer still; the writer checks the exact length.
        guard inputs.count < SafetensorsFile.maximumHeaderBytes else {
            throw FileWriteError(
                path: path, "has no room for the names of more than \(count) inputs; write .npy or .jsonl instead")
        }
        try spool.write(embedding)
        count += 1
    }

    func finish() throws {
        let list = (count == 0 ? "[" : "") + String(decoding: inputs, as: UTF8.self) + "]"
        let writer = try SafetensorsWriter(
            path: path, tensors: [("embeddings", [count, dimension])],
            metadata: metadata.merging(["inputs": list]) { $1 })
        try spool.forEachChunk { try writer.append($0) }
        try writer.finish()
    }
}
