import DiptychONNX
import Foundation
import SwiftProtobuf
import Testing

/// A file of the exporter's, read again.
struct WrittenModel {
    let model: ONNXModel
    /// The bytes of each constant, from this file or the one beside it.
    let bytes: [String: [UInt8]]
    private let besideCount: Int?

    init(_ path: String) throws {
        model = try ONNXModel(serializedBytes: Data(contentsOf: URL(fileURLWithPath: path)))
        let beside = path + ".extra_file"
        var bytes: [String: [UInt8]] = [:]
        var weights: [UInt8]?
        for tensor in model.graph.initializer {
            guard tensor.dataLocation == .external else {
                bytes[tensor.name] = [UInt8](tensor.rawData)
                continue
            }
            let place = Dictionary(uniqueKeysWithValues: tensor.externalData.map { ($0.key, $0.value) })
            #expect(place["location"] == URL(fileURLWithPath: beside).lastPathComponent)
            let all = try weights ?? [UInt8](Data(contentsOf: URL(fileURLWithPath: beside)))
            weights = all
            let offset = try #require(place["offset"].flatMap { Int($0) })
            let length = try #require(place["length"].flatMap { Int($0) })
            #expect(offset % 4096 == 0, "\(tensor.name) starts at \(offset)")
            try #require(offset >= 0 && length >= 0 && length <= all.count && offset <= all.count - length)
            bytes[tensor.name] = Array(all[offset..<offset + length])
        }
        self.bytes = bytes
        besideCount = weights?.count
    }

    /// Whether weights stand in a second file.
    var hasBeside: Bool { besideCount != nil }

    func tensor(_ name: String) throws -> ONNXTensor {
        try #require(model.graph.initializer.first { $0.name == name }, "no tensor called \(name)")
    }

    /// What every reader of the format relies on.
    func checkStructure() {
        #expect(model.irVersion == 8 && model.opsetImport.map(\.version) == [17])
        #expect(model.opsetImport.allSatisfy { $0.domain.isEmpty } && model.producerName == "diptych")
        let graph = model.graph
        var known = Set<String>()
        for name in graph.input.map(\.name) + graph.initializer.map(\.name) {
            #expect(known.insert(name).inserted, "\(name) twice")
        }
        for tensor in graph.initializer {
            let count = tensor.dims.reduce(tensor.dataType.byteCount) { $0 * Int($1) }
            #expect(tensor.dims.allSatisfy { $0 > 0 } && bytes[tensor.name]?.count == count, "\(tensor.name)")
        }
        var (nodes, used) = (Set<String>(), Set<String>())
        for node in graph.node {
            #expect(nodes.insert(node.name).inserted && !node.opType.isEmpty, "node \(node.name)")
            for name in node.input { #expect(known.contains(name), "\(node.name) reads \(name) before it is there") }
            used.formUnion(node.input)
            for name in node.output { #expect(known.insert(name).inserted, "\(name) twice") }
            for attribute in node.attribute { #expect(attribute.hasType && !attribute.name.isEmpty) }
        }
        for output in graph.output {
            #expect(known.contains(output.name), "nothing gives \(output.name)")
            used.insert(output.name)
        }
        #expect(known.subtracting(used).isEmpty, "nobody reads \(known.subtracting(used).sorted())")
    }
}

extension ONNXValueInfo {
    /// Its extents, by name where they are free.
    var extents: [String] {
        type.tensorType.shape.dim.map { $0.value == .dimParam($0.dimParam) ? $0.dimParam : "\($0.dimValue)" }
    }
}

/// Whether files lie in a folder, by name.
func names(in path: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
