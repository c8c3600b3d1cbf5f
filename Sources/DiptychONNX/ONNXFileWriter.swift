internal import DiptychCheckpoints
internal import Foundation
internal import SwiftProtobuf

/// Writes a graph and its weights as one file, or as two with the weights in the second.
///
/// A protobuf message states the length of each part before the part. The lengths follow from the shapes, so that weights go
/// from the checkpoint to the file without the message ever being whole in memory.
final class ONNXFileWriter {
    private let file: AtomicFile
    /// The file of weights, if they are not in the other.
    private let beside: AtomicFile?
    private let besideName: String

    /// What stands beside the graph starts at multiples of a page, so that runtimes can map it.
    static let alignment = 4096
    /// Smaller tensors stay with the graph, as Chinese-CLIP's exporter has it.
    static let smallestBeside = 1024

    /// Starts the files: that at `path`, and `path`.extra_file unless the first is the whole.
    ///
    /// - Throws: `FileWriteError` when the directory is missing or may not be written to.
    init(path: String, isWhole: Bool) throws {
        file = try AtomicFile(path: path)
        beside = isWhole ? nil : try AtomicFile(path: path + ".extra_file")
        besideName = URL(fileURLWithPath: path).lastPathComponent + ".extra_file"
    }

    /// Writes everything and puts the files in their places; gives their paths.
    func write(
        _ model: ONNXModel, _ initialisers: [Initialiser], progress: (_ done: Int, _ total: Int) -> Void
    ) throws -> [String] {
        let parts = try laidOut(initialisers)
        var done = 0
        func advance() throws {
            done += 1
            progress(done, initialisers.count)
            try Task.checkCancellation()
        }
        // The model's own fields, then the field of the graph: its nodes, then each tensor.
        var shell = model
        shell.clearGraph()
        let nodes: [UInt8] = try model.graph.serializedBytes()
        let lengths = parts.map { part in
            part.header.count
                + (part.isBeside
                    ? 0 : Self.opening(Field.rawData, part.initialiser.byteCount).count + part.initialiser.byteCount)
        }
        let graphLength = zip(parts, lengths).reduce(nodes.count) {
            $0 + Self.opening(Field.initializer, $1.1).count + $1.1
        }
        try file.write(shell.serializedBytes() as [UInt8])
        try file.write(Self.opening(Field.graph, graphLength))
        try file.write(nodes)
        for (part, length) in zip(parts, lengths) {
            try file.write(Self.opening(Field.initializer, length))
            try file.write(part.header)
            guard !part.isBeside else { continue }
            try file.write(Self.opening(Field.rawData, part.initialiser.byteCount))
            try part.initialiser.write { try file.write($0) }
            try advance()
        }
        if let beside {
            var offset = 0
            for part in parts where part.isBeside {
                try beside.write([UInt8](repeating: 0, count: part.offset - offset))
                try part.initialiser.write { try beside.write($0) }
                offset = part.offset + part.initialiser.byteCount
                try advance()
            }
            // The weights first: a graph never stands beside weights that are not there.
            try beside.commit()
        }
        try file.commit()
        return [file.path] + (beside.map { [$0.path] } ?? [])
    }

    /// A tensor, its message without the numbers, and where its numbers stand in the other file.
    private struct Part {
        let initialiser: Initialiser
        let header: [UInt8]
        let isBeside: Bool
        let offset: Int
    }

    private func laidOut(_ initialisers: [Initialiser]) throws -> [Part] {
        var end = 0
        return try initialisers.map { initialiser in
            let isBeside = beside != nil && initialiser.byteCount >= Self.smallestBeside
            let offset = (end + Self.alignment - 1) / Self.alignment * Self.alignment
            let message = ONNXTensor.with {
                $0.name = initialiser.name
                $0.dataType = initialiser.type
                $0.dims = initialiser.dims.map(Int64.init)
                guard isBeside else { return }
                $0.dataLocation = .external
                $0.externalData = [
                    ("location", besideName), ("offset", "\(offset)"), ("length", "\(initialiser.byteCount)"),
                ].map { entry in
                    .with {
                        $0.key = entry.0
                        $0.value = entry.1
                    }
                }
            }
            if isBeside { end = offset + initialiser.byteCount }
            return Part(
                initialiser: initialiser, header: try message.serializedBytes(), isBeside: isBeside, offset: offset)
        }
    }

    /// The numbers that the schema gives to the fields whose lengths are written here.
    private enum Field {
        static let graph = 7
        static let initializer = 5
        static let rawData = 9
    }

    /// What stands before the bytes of a field: its number with the wire type of lengths, 2, and the length.
    private static func opening(_ field: Int, _ length: Int) -> [UInt8] { varint(field << 3 | 2) + varint(length) }

    /// Seven bits a byte, the lowest first; the highest bit says that more follow.
    private static func varint(_ value: Int) -> [UInt8] {
        var (bytes, rest) = ([UInt8](), UInt64(value))
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
