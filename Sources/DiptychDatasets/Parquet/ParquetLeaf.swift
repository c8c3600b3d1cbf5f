/// A leaf of a file's schema tree: what is stored as one column of pages.
struct ParquetLeaf: Equatable {
    /// What the stored numbers and bytes mean.
    enum Meaning: Equatable {
        case bool
        /// A whole number, of which only so many bits count.
        case int, unsigned
        case float, double, half
        /// A whole number or bytes, to be divided by a power of ten.
        case decimal(scale: Int)
        case date
        case time(ParquetTimeUnit)
        case timestamp(ParquetTimeUnit, isUTC: Bool)
        case string
        case uuid
        case bytes
        /// Nothing: of a column that holds nulls alone.
        case nothing
    }

    let path: [String]
    let type: ParquetFormat.PhysicalType
    let typeLength: Int
    let meaning: Meaning
    /// The type as people write it, such as `decimal(9, 2)`.
    let typeName: String
    let maximumDefinition: Int
    let maximumRepetition: Int
    /// The definition level from which a list has an element.
    let elementDefinition: Int

    /// What its values are once they are read.
    var kind: ParquetValueKind {
        switch meaning {
        case .bool: .bool
        case .int, .unsigned: .int
        case .float, .half: .float
        case .double: .double
        case .decimal: .double
        case .date, .time, .timestamp, .string, .uuid: .string
        case .bytes: .bytes
        case .nothing: .string
        }
    }
}

extension ParquetLeaf.Meaning {
    /// What `node` means and what it is called.
    ///
    /// - Returns: the reason where its values cannot be read.
    static func of(
        _ node: ParquetMetadata.Element, _ type: ParquetFormat.PhysicalType
    ) -> (meaning: Self?, name: String) {
        let logical = node.logicalType.flatMap(ParquetFormat.LogicalType.init)
        if logical == .unknown { return (.nothing, "null") }
        if logical == .decimal || node.convertedType == 5 {
            let name = "decimal(\(node.precision), \(node.scale))"
            let isSized =
                switch type {
                case .int32, .int64, .byteArray: true
                case .fixedBytes: (1...64).contains(node.typeLength)
                default: false
                }
            return (isSized && (0...200).contains(node.scale) ? .decimal(scale: node.scale) : nil, name)
        }
        switch type {
        case .boolean: return (.bool, "boolean")
        case .int32, .int64: return number(node, logical, is64: type == .int64)
        case .int96: return (.timestamp(.nanoseconds, isUTC: false), "int96 timestamp")
        case .float: return (.float, "float")
        case .double: return (.double, "double")
        case .byteArray:
            switch logical {
            case .string?, .enumeration?, .json?: return (.string, "string")
            case .bson?: return (.bytes, "bson")
            default: break
            }
            // UTF8, ENUM and JSON of files from before logical types.
            if [0, 4, 19].contains(node.convertedType) { return (.string, "string") }
            return (.bytes, node.convertedType == 20 ? "bson" : "bytes")
        case .fixedBytes:
            if logical == .half, node.typeLength == 2 { return (.half, "float16") }
            if logical == .uuid, node.typeLength == 16 { return (.uuid, "uuid") }
            let name = node.convertedType == 21 ? "interval" : "bytes of length \(node.typeLength)"
            return (node.typeLength > 0 ? .bytes : nil, name)
        }
    }

    private static func number(
        _ node: ParquetMetadata.Element, _ logical: ParquetFormat.LogicalType?, is64: Bool
    ) -> (meaning: Self?, name: String) {
        let unit = node.unit ?? .milliseconds
        switch (logical, node.convertedType) {
        // A day of 64 bits is none.
        case (.date?, _) where !is64, (_, 6) where !is64: return (.date, "date")
        case (.time?, _): return (.time(unit), "time")
        case (_, 7): return (.time(.milliseconds), "time")
        case (_, 8): return (.time(.microseconds), "time")
        case (.timestamp?, _): return (.timestamp(unit, isUTC: node.isUTC), "timestamp")
        // Those from before logical types do not say which zone they are in; pyarrow takes none as well.
        case (_, 9): return (.timestamp(.milliseconds, isUTC: false), "timestamp")
        case (_, 10): return (.timestamp(.microseconds, isUTC: false), "timestamp")
        default: return (node.isUnsigned ? .unsigned : .int, (node.isUnsigned ? "uint" : "int") + (is64 ? "64" : "32"))
        }
    }
}
