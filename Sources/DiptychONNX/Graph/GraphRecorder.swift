internal import SwiftProtobuf

/// A value of a graph: an input, a constant, or what a node gives.
struct Value: Hashable {
    let name: String
    let type: ONNXElementType
}

/// A graph as it is recorded, node after node.
final class GraphRecorder {
    private(set) var nodes: [ONNXNode] = []
    private(set) var initialisers: [Initialiser] = []
    private var names: Set<String>
    private var constants: [ConstantKey: Value] = [:]

    private struct ConstantKey: Hashable {
        let type: ONNXElementType
        let dims: [Int]
        let bytes: [UInt8]
    }

    /// Starts a graph in which no value but inputs and outputs has one of `reserved`.
    init(reserved: Set<String>) { names = reserved }

    /// `name`, or the first of name.2, name.3, … that is not taken.
    private func unique(_ name: String) -> String {
        var (candidate, count) = (name, 1)
        while !names.insert(candidate).inserted {
            count += 1
            candidate = "\(name).\(count)"
        }
        return candidate
    }

    /// Adds a node with one result.
    func node(
        _ operation: String, _ inputs: [Value], type: ONNXElementType? = nil, _ attributes: [ONNXAttribute] = []
    ) -> Value {
        nodes(operation, inputs, results: 1, type: type, attributes)[0]
    }

    /// Adds a node with several results of the same type, that of the first input unless `type` says otherwise.
    func nodes(
        _ operation: String, _ inputs: [Value], results: Int, type: ONNXElementType? = nil,
        _ attributes: [ONNXAttribute] = []
    ) -> [Value] {
        let name = unique("\(operation)_\(nodes.count)")
        let values = (0..<results).map {
            Value(name: unique("\(name):\($0)"), type: type ?? inputs[0].type)
        }
        nodes.append(
            .with {
                $0.name = name
                $0.opType = operation
                $0.input = inputs.map(\.name)
                $0.output = values.map(\.name)
                $0.attribute = attributes
            })
        return values
    }

    /// `value` as numbers of `type`.
    func cast(_ value: Value, to type: ONNXElementType) -> Value {
        value.type == type ? value : node("Cast", [value], type: type, [.int("to", type.rawValue)])
    }

    /// Gives the result `value` the name of the graph's output.
    func rename(_ value: Value, to name: String) {
        for index in nodes.indices {
            nodes[index].input = nodes[index].input.map { $0 == value.name ? name : $0 }
            nodes[index].output = nodes[index].output.map { $0 == value.name ? name : $0 }
        }
    }

    /// Adds weights under a name like that of the checkpoint's tensors `sources`.
    func weights(
        _ sources: [String], _ dims: [Int], _ type: ONNXElementType,
        _ floats: @escaping (_ put: ([Float]) throws -> Void) throws -> Void
    ) -> Value {
        let name = unique(sources.joined(separator: "+"))
        initialisers.append(Initialiser(name: name, type: type, dims: dims, content: .floats(floats)))
        return Value(name: name, type: type)
    }

    /// A few whole numbers, such as a shape.
    func constant(_ values: [Int]) -> Value {
        constant(.int64, [values.count], littleEndian(values.map(Int64.init)))
    }

    /// One whole number.
    func scalar(_ value: Int) -> Value { constant(.int64, [], littleEndian([Int64(value)])) }

    /// One number of the type of `other`, float or fp16.
    func scalar(_ value: Float, like other: Value) -> Value {
        other.type == .float16
            ? constant(.float16, [], littleEndian([Float16(value).bitPattern]))
            : constant(.float, [], littleEndian([value.bitPattern]))
    }

    /// Numbers in the order of `dims`.
    func constant(_ values: [Float], _ dims: [Int]) -> Value {
        constant(.float, dims, littleEndian(values.map(\.bitPattern)))
    }

    /// A constant, stored once however often it is asked for.
    private func constant(_ type: ONNXElementType, _ dims: [Int], _ bytes: [UInt8]) -> Value {
        let key = ConstantKey(type: type, dims: dims, bytes: bytes)
        if let known = constants[key] { return known }
        let value = Value(name: unique("constant_\(constants.count)"), type: type)
        initialisers.append(Initialiser(name: value.name, type: type, dims: dims, content: .bytes(bytes)))
        constants[key] = value
        return value
    }
}

extension ONNXAttribute {
    /// A number.
    static func float(_ name: String, _ value: Float) -> ONNXAttribute {
        .with {
            $0.name = name
            $0.f = value
            $0.type = .float
        }
    }

    /// A whole number.
    static func int(_ name: String, _ value: Int) -> ONNXAttribute {
        .with {
            $0.name = name
            $0.i = Int64(value)
            $0.type = .int
        }
    }

    /// Whole numbers.
    static func ints(_ name: String, _ values: [Int]) -> ONNXAttribute {
        .with {
            $0.name = name
            $0.ints = values.map(Int64.init)
            $0.type = .ints
        }
    }
}
