import Foundation

/// Parts of pickles, by hand.
enum Pickle {
    typealias Bytes = [UInt8]

    static let emptyTuple: Bytes = [0x29]
    static let no: Bytes = [0x89]
    static let nothing: Bytes = [UInt8(ascii: "N")]
    static let mark: Bytes = [UInt8(ascii: "(")]
    static let reduce: Bytes = [UInt8(ascii: "R")]
    static let build: Bytes = [UInt8(ascii: "b")]
    static let newObject: Bytes = [0x81]

    static func file(_ body: Bytes, protocol version: UInt8 = 2) -> Bytes { [0x80, version] + body + [0x2E] }

    static func number<Number: FixedWidthInteger>(_ value: Number) -> Bytes {
        withUnsafeBytes(of: value.littleEndian) { Bytes($0) }
    }

    static func text(_ text: String) -> Bytes { [0x58] + number(UInt32(text.utf8.count)) + Bytes(text.utf8) }
    static func int(_ value: Int) -> Bytes { [0x8A, 8] + number(value) }
    static func global(_ module: String, _ name: String) -> Bytes { Bytes("c\(module)\n\(name)\n".utf8) }
    static func stackGlobal(_ module: String, _ name: String) -> Bytes { text(module) + text(name) + [0x93] }
    static func tuple(_ items: [Bytes]) -> Bytes { mark + items.joined() + [0x74] }
    static func list(_ items: [Bytes]) -> Bytes { [0x5D] + mark + items.joined() + [0x65] }
    static func put(_ key: UInt32) -> Bytes { [0x72] + number(key) }
    static func get(_ key: UInt32) -> Bytes { [0x6A] + number(key) }

    static func dictionary(_ pairs: [(String, Bytes)]) -> Bytes {
        [0x7D] + mark + pairs.flatMap { text($0.0) + $0.1 } + [0x75]
    }

    static func orderedDictionary() -> Bytes { global("collections", "OrderedDict") + emptyTuple + reduce }

    static func storage(_ key: Bytes, count: Int, type: String = "FloatStorage", on device: String = "cpu") -> Bytes {
        tuple([text("storage"), global("torch", type), key, text(device), int(count)]) + [0x51]
    }

    static func tensor(_ storage: Bytes, offset: Int = 0, shape: [Int], strides: [Int], metadata: Bytes? = nil) -> Bytes
    {
        global("torch._utils", "_rebuild_tensor_v2")
            + tuple(
                [storage, int(offset), tuple(shape.map(int)), tuple(strides.map(int)), no, orderedDictionary()]
                    + (metadata.map { [$0] } ?? [])) + reduce
    }

    /// An object of a TorchScript class.
    static func object(_ attributes: [(String, Bytes)]) -> Bytes {
        global("__torch__.a", "B") + emptyTuple + newObject + dictionary(attributes) + build
    }
}
