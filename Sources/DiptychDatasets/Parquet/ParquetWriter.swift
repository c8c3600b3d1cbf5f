public import DiptychCheckpoints

/// Writes a Parquet file of values, lists of values and structures of them, all of them optional, in constant memory.
///
///     let writer = try ParquetWriter(path: "metadata.parquet", columns: [.init("image_path", .string)])
///     try writer.append([.string("a.jpg")])
///     try writer.finish()
///
/// Pages are of the first version and plainly encoded, so that every reader takes them.
public final class ParquetWriter {
    /// A column to write.
    public struct Column: Sendable, Equatable {
        /// Its name.
        public let name: String
        /// What it holds.
        public let kind: ParquetValueKind

        /// What whole numbers of it mean; nil for numbers.
        public let meaning: ParquetMeaning?

        /// Whether each row holds a list of such values.
        public let isList: Bool
        /// The members of a structure; none of another column.
        public let members: [Column]

        /// Names a column.
        public init(_ name: String, _ kind: ParquetValueKind, isList: Bool = false) {
            self.name = name
            self.kind = kind
            self.isList = isList
            meaning = nil
            members = []
        }

        /// Names a column of days, moments or decimal numbers, whose cells are whole numbers.
        public init(_ name: String, _ meaning: ParquetMeaning) {
            self.name = name
            kind = .int
            self.meaning = meaning
            isList = false
            members = []
        }

        /// Names a column of structures, whose cells are ``ParquetValue/object(_:)`` with these members in their order.
        public init(_ name: String, members: [Column]) {
            self.name = name
            kind = .nested
            meaning = nil
            isList = false
            self.members = members
        }

        /// What is stored as pages of its own.
        fileprivate var leaves: [Leaf] {
            if isList { return [Leaf(path: [name, "list", "element"], kind: kind, definition: 3, repetition: 1)] }
            guard members.isEmpty else {
                return members.map { Leaf(path: [name, $0.name], kind: $0.kind, definition: 2, repetition: 0) }
            }
            return [Leaf(path: [name], kind: kind, definition: 1, repetition: 0, isDay: meaning == .date)]
        }
    }

    fileprivate struct Leaf {
        let path: [String]
        let kind: ParquetValueKind
        let definition: Int
        let repetition: Int
        /// Whether it is a number of 32 bits.
        var isDay = false
        var pages: PageBuilder {
            PageBuilder(
                kind: kind, maximumDefinition: definition, maximumRepetition: repetition, intBytes: isDay ? 4 : 8)
        }
    }

    /// The number of rows so far.
    public private(set) var count = 0

    private struct Group {
        let chunks: [Chunk]
        let rowCount: Int
        var bytes: Int { chunks.reduce(0) { $0 + $1.uncompressed } }
    }

    private struct Chunk {
        let offset: Int
        let values: Int
        let compressed: Int
        let uncompressed: Int
    }

    private let file: AtomicFile
    private let path: String
    private let columns: [Column]
    private let compression: ParquetCompression
    private let rowsPerGroup: Int
    private let leaves: [Leaf]
    private var pages: [PageBuilder]
    private var rowsInGroup = 0
    private var offset = 4
    private var groups: [Group] = []

    /// A row group ends at this many bytes whatever its number of rows.
    private static let bytesPerGroup = 64 << 20

    /// Starts a file.
    ///
    /// - Parameters:
    ///   - compression: ``ParquetCompression/gzip`` is read and not written.
    ///   - rowsPerGroup: the rows that readers take up at a time.
    /// - Throws: ``FileWriteError``.
    public init(
        path: String, columns: [Column], compression: ParquetCompression = .zstd, rowsPerGroup: Int = 65_536
    ) throws(FileWriteError) {
        self.path = path
        self.columns = columns
        self.compression = compression
        self.rowsPerGroup = max(1, rowsPerGroup)
        precondition(
            columns.allSatisfy { $0.members.allSatisfy { !$0.isList && $0.members.isEmpty } }, "deeper structures")
        leaves = columns.flatMap(\.leaves)
        pages = leaves.map(\.pages)
        file = try AtomicFile(path: path)
        try file.write(ParquetFormat.magic)
    }

    /// Adds a row: a cell for each column, of its kind or ``ParquetValue/null``.
    ///
    /// - Throws: ``FileWriteError``, also where a cell is of another kind than its column.
    public func append(_ cells: [ParquetValue]) throws(FileWriteError) {
        precondition(cells.count == columns.count, "\(cells.count) cells for \(columns.count) columns")
        var leaf = 0
        for (column, cell) in zip(columns, cells) {
            var values = [cell]
            if !column.members.isEmpty {
                guard case .object(let members) = cell, members.count == column.members.count else {
                    throw unfit(column)
                }
                values = members.map(\.value)
            }
            for value in values {
                guard pages[leaf].append(value) else { throw unfit(column) }
                leaf += 1
            }
        }
        count += 1
        rowsInGroup += 1
        let isFull = rowsInGroup >= rowsPerGroup || pages.reduce(0) { $0 + $1.byteCount } >= Self.bytesPerGroup
        if isFull { try endGroup() }
    }

    private func unfit(_ column: Column) -> FileWriteError {
        FileWriteError(path: path, "row \(count + 1): column \(column.name) cannot hold such a value")
    }

    /// Completes the file and puts it in its place.
    ///
    /// - Throws: ``FileWriteError``; the file is not there then.
    public func finish() throws(FileWriteError) {
        try endGroup()
        let footer = footer()
        try file.write(footer)
        try file.write((0..<4).map { UInt8(truncatingIfNeeded: footer.count >> (8 * $0)) })
        try file.write(ParquetFormat.magic)
        try file.commit()
    }

    private func endGroup() throws(FileWriteError) {
        guard rowsInGroup > 0 else { return }
        var chunks: [Chunk] = []
        for index in leaves.indices {
            let start = offset
            var (uncompressed, values) = (0, 0)
            for page in pages[index].pages() {
                let body: [UInt8]
                do throws(ParquetFault) { body = try compression.compress(page.bytes) } catch {
                    throw FileWriteError(path: path, error.reason)
                }
                var header = ThriftWriter()
                header.structure { header in
                    header.field(1, int32: ParquetFormat.PageType.data.rawValue)
                    header.field(2, int32: page.bytes.count)
                    header.field(3, int32: body.count)
                    header.field(5) { data in
                        data.field(1, int32: page.valueCount)
                        data.field(2, int32: ParquetFormat.Encoding.plain.rawValue)
                        data.field(3, int32: ParquetFormat.Encoding.rle.rawValue)
                        data.field(4, int32: ParquetFormat.Encoding.rle.rawValue)
                    }
                }
                try file.write(header.bytes)
                try file.write(body)
                offset += header.bytes.count + body.count
                uncompressed += header.bytes.count + page.bytes.count
                values += page.valueCount
            }
            chunks.append(
                Chunk(offset: start, values: values, compressed: offset - start, uncompressed: uncompressed))
            pages[index] = leaves[index].pages
        }
        groups.append(Group(chunks: chunks, rowCount: rowsInGroup))
        rowsInGroup = 0
    }

    /// An element of the schema tree.
    private struct Element {
        let name: String
        var kind: ParquetValueKind?
        var repetition: ParquetFormat.Repetition?
        var children = 0
        var isList = false
        var meaning: ParquetMeaning?

        func write(to writer: inout ThriftWriter) {
            writer.structure { element in
                if let kind {
                    element.field(
                        1, int32: (meaning == .date ? ParquetFormat.PhysicalType.int32 : kind.physical).rawValue)
                }
                if let repetition { element.field(3, int32: repetition.rawValue) }
                element.field(4, string: name)
                if kind == nil { element.field(5, int32: children) }
                // UTF8 and LIST, and the logical types of those names.
                if kind == .string {
                    element.field(6, int32: 0)
                    element.field(10) { $0.field(1) { _ in } }
                } else if isList {
                    element.field(6, int32: 3)
                    element.field(10) { $0.field(3) { _ in } }
                } else {
                    meaning?.write(to: &element)
                }
            }
        }
    }

    private var schema: [Element] {
        var elements = [Element(name: "schema", children: columns.count)]
        for column in columns {
            if column.isList {
                elements += [
                    Element(name: column.name, repetition: .optional, children: 1, isList: true),
                    Element(name: "list", repetition: .repeated, children: 1),
                    Element(name: "element", kind: column.kind, repetition: .optional),
                ]
            } else if column.members.isEmpty {
                elements.append(
                    Element(name: column.name, kind: column.kind, repetition: .optional, meaning: column.meaning))
            } else {
                elements.append(Element(name: column.name, repetition: .optional, children: column.members.count))
                elements += column.members.map { Element(name: $0.name, kind: $0.kind, repetition: .optional) }
            }
        }
        return elements
    }

    private func footer() -> [UInt8] {
        var writer = ThriftWriter()
        writer.structure { file in
            file.field(1, int32: 1)
            file.field(2, list: schema, of: .structure) { writer, element in element.write(to: &writer) }
            file.field(3, int64: count)
            file.field(4, list: groups, of: .structure) { writer, group in
                writer.structure { rows in
                    rows.field(1, list: Array(zip(leaves, group.chunks)), of: .structure) { writer, entry in
                        writer.structure { describe(entry.0, entry.1, in: &$0) }
                    }
                    rows.field(2, int64: group.bytes)
                    rows.field(3, int64: group.rowCount)
                }
            }
            file.field(6, string: "diptych")
        }
        return writer.bytes
    }

    private func describe(_ leaf: Leaf, _ chunk: Chunk, in writer: inout ThriftWriter) {
        writer.field(2, int64: chunk.offset)
        writer.field(3) { metadata in
            metadata.field(1, int32: (leaf.isDay ? ParquetFormat.PhysicalType.int32 : leaf.kind.physical).rawValue)
            let encodings = [ParquetFormat.Encoding.plain, .rle]
            metadata.field(2, list: encodings, of: .int32) { $0.integer($1.rawValue) }
            metadata.field(3, list: leaf.path, of: .binary) { $0.binary($1) }
            metadata.field(4, int32: compression.rawValue)
            metadata.field(5, int64: chunk.values)
            metadata.field(6, int64: chunk.uncompressed)
            metadata.field(7, int64: chunk.compressed)
            metadata.field(9, int64: chunk.offset)
        }
    }
}

extension ParquetValueKind {
    /// How values of the kind are stored.
    fileprivate var physical: ParquetFormat.PhysicalType {
        switch self {
        case .bool: .boolean
        case .int: .int64
        case .float: .float
        case .double: .double
        case .string, .bytes, .nested: .byteArray
        }
    }
}
