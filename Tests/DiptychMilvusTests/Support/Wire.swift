#if Milvus
    /// A message of Protocol Buffers, read by its own few lines: the fields by number.
    struct Wire {
        struct Malformed: Error {}
        private var numbers: [Int: [UInt64]] = [:]
        private var lengths: [Int: [[UInt8]]] = [:]

        init(_ bytes: [UInt8]) throws {
            var rest = bytes[...]
            func varint() throws -> UInt64 {
                var (value, shift): (UInt64, UInt64) = (0, 0)
                while let byte = rest.popFirst() {
                    value |= UInt64(byte & 0x7F) << shift
                    if byte < 0x80 { return value }
                    shift += 7
                    guard shift < 64 else { throw Malformed() }
                }
                throw Malformed()
            }
            while !rest.isEmpty {
                let tag = try varint()
                switch tag & 7 {
                case 0: numbers[Int(tag >> 3), default: []].append(try varint())
                case 2:
                    let count = Int(try varint())
                    guard count <= rest.count else { throw Malformed() }
                    lengths[Int(tag >> 3), default: []].append(Array(rest.prefix(count)))
                    rest = rest.dropFirst(count)
                default: throw Malformed()
                }
            }
        }

        func number(_ field: Int) -> UInt64 { numbers[field]?.last ?? 0 }
        func all(_ field: Int) -> [[UInt8]] { lengths[field] ?? [] }
        func bytes(_ field: Int) -> [UInt8] { all(field).last ?? [] }
        func text(_ field: Int) -> String { String(decoding: bytes(field), as: UTF8.self) }
        func message(_ field: Int) throws -> Wire { try Wire(bytes(field)) }
        func messages(_ field: Int) throws -> [Wire] { try all(field).map { try Wire($0) } }
    }
#endif
