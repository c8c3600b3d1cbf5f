public import DiptychCheckpoints

/// Writes a Parquet file of flat columns, all of them optional, in constant memory.
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

        /// Names a column.
        public init(_ name: String, _ kind: ParquetValueKind) {
            self.name = name
            self.kind = kind
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
        pages = columns.map { PageBuilder(kind: $0.kind) }
        file = try AtomicFile(path: path)
        try file.write(ParquetFormat.magic)
    }

    /// Adds a row: a cell for each column, of its kind or ``ParquetValue/null``.
    ///
    /// - Throws: ``FileWriteError``, also where a cell is of another kind than its column.
    public func append(_ cells: [ParquetValue]) throws(FileWriteError) {
        precondition(cells.count == columns.count, "\(cells.count) cells for \(columns.count) columns")
        for index in cells.indices where !pages[index].append(cells[index]) {
            throw FileWriteError(path: path, "row \(count + 1): column \(columns[index].name) cannot hold such a value")
        }
        count += 1
        rowsInGroup += 1
        let isFull = rowsInGroup >= rowsPerGroup || pages.reduce(0) { $0 + $1.byteCount } >= Self.bytesPerGroup
        if isFull { try endGroup() }
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
        for index in columns.indices {
            let start = offset
            var uncompressed = 0
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
            }
            chunks.append(
                Chunk(offset: start, values: rowsInGroup, compressed: offset - start, uncompressed: uncompressed))
            pages[index] = PageBuilder(kind: columns[index].kind)
        }
        groups.append(Group(chunks: chunks, rowCount: rowsInGroup))
        rowsInGroup = 0
    }

    private func footer() -> [UInt8] {
        var writer = ThriftWriter()
        writer.structure { file in
            file.field(1, int32: 1)
            file.field(2, list: [nil] + columns.map { $0 }, of: .structure) { (writer, column: Column?) in
                writer.structure { element in
                    guard let column else {
                        element.field(4, string: "schema")
                        element.field(5, int32: columns.count)
                        return
                    }
                    element.field(1, int32: column.kind.physical.rawValue)
                    element.field(3, int32: ParquetFormat.Repetition.optional.rawValue)
                    element.field(4, string: column.name)
                    guard column.kind == .string else { return }
                    // UTF8, and the logical type STRING.
                    element.field(6, int32: 0)
                    element.field(10) { $0.field(1) { _ in } }
                }
            }
            file.field(3, int64: count)
            file.field(4, list: groups, of: .structure) { writer, group in
                writer.structure { rows in
                    rows.field(1, list: Array(zip(columns, group.chunks)), of: .structure) { writer, entry in
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

    private func describe(_ column: Column, _ chunk: Chunk, in writer: inout ThriftWriter) {
        writer.field(2, int64: chunk.offset)
        writer.field(3) { metadata in
            metadata.field(1, int32: column.kind.physical.rawValue)
            let encodings = [ParquetFormat.Encoding.plain, .rle]
            metadata.field(2, list: encodings, of: .int32) { $0.integer($1.rawValue) }
            metadata.field(3, list: [column.name], of: .binary) { $0.binary($1) }
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
