internal import Foundation

/// A folder in clip-retrieval's layout, to read: embeddings in `img_emb`, and the images' paths, captions and other
/// columns in `metadata`.
public struct ClipRetrievalFolder {
    /// The numbers of an embedding.
    public let dimension: Int
    /// The number of images.
    public let count: Int
    private let parts: [Part]
    /// The files of each part.
    var paths: [(embeddings: String, metadata: String)] { parts.map { ($0.embeddings.path, $0.metadata.path) } }

    fileprivate struct Part {
        let embeddings: NumpyMatrix
        let metadata: ParquetFile
    }

    /// Opens the folder.
    ///
    /// - Throws: ``DatasetError`` when a part is missing, damaged, or of another dimension or length than its companion.
    public init(_ directory: String) throws(DatasetError) {
        let folder = "\(directory)/\(ClipRetrievalLayout.images)"
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw DatasetError(.unreadable, path: folder, "there is no such folder; clip-retrieval writes one")
        }
        let prefix = ClipRetrievalLayout.images + "_"
        let numbers = names.filter { $0.hasPrefix(prefix) && $0.hasSuffix(".npy") }
            .map { String($0.dropFirst(prefix.count).dropLast(".npy".count)) }
            .sorted { (Int($0) ?? .max, $0) < (Int($1) ?? .max, $1) }
        var parts: [Part] = []
        for number in numbers {
            let path = ClipRetrievalLayout.embeddings(directory, number)
            let part = Part(
                embeddings: try NumpyMatrix(path: path),
                metadata: try ParquetFile(path: ClipRetrievalLayout.metadata(directory, number)))
            guard part.embeddings.rowCount == part.metadata.rowCount else {
                throw DatasetError(
                    .malformed, path: path,
                    "has \(part.embeddings.rowCount) rows, and \(part.metadata.path) has \(part.metadata.rowCount)")
            }
            if let first = parts.first, first.embeddings.columnCount != part.embeddings.columnCount {
                throw DatasetError(
                    .malformed, path: path,
                    "has rows of \(part.embeddings.columnCount) numbers, and those before it of "
                        + "\(first.embeddings.columnCount)")
            }
            parts.append(part)
        }
        guard let first = parts.first else {
            throw DatasetError(.incomplete, path: folder, "holds no \(prefix)0.npy")
        }
        self.parts = parts
        dimension = first.embeddings.columnCount
        count = parts.reduce(0) { $0 + $1.embeddings.rowCount }
    }

    /// Goes through the images.
    ///
    /// - Parameter notes: takes which columns were left out.
    public func makeReader(notes: DatasetNotes? = nil) -> Reader { Reader(parts: parts, notes: notes) }

    /// Goes through the images, holding a few hundred embeddings at a time.
    public struct Reader {
        private var parts: ArraySlice<Part>
        private var part: Part?
        private var columns: [ParquetColumn] = []
        private var rows: ParquetRows?
        private var embeddings: [Float] = []
        private var first = 0
        /// Columns of the part that were given up and noted.
        private var leftOut: Set<Int> = []

        private static let rowsAtOnce = 256

        private let notes: DatasetNotes?

        fileprivate init(parts: [Part], notes: DatasetNotes?) {
            self.parts = parts[...]
            self.notes = notes
        }

        /// The next image; nil behind the last one.
        ///
        /// - Throws: ``DatasetError`` when a part cannot be read on; reading must stop then.
        public mutating func next() throws(DatasetError) -> ClipRetrievalItem? {
            while true {
                if let part, let cells = try rows?.next() {
                    for (index, fault) in rows?.leftOut ?? [:] where leftOut.insert(index).inserted {
                        leaveOut(columns[index].name, "it \(fault.reason)", part.metadata.path)
                    }
                    let row = (rows?.count ?? 1) - 1
                    guard row < part.embeddings.rowCount else { throw Self.tooLong(part) }
                    if row == first + embeddings.count / part.embeddings.columnCount {
                        first = row
                        embeddings = try part.embeddings.rows(
                            from: row, count: min(Self.rowsAtOnce, part.embeddings.rowCount - row))
                    }
                    let start = (row - first) * part.embeddings.columnCount
                    return try item(cells, Array(embeddings[start..<start + part.embeddings.columnCount]), row, part)
                }
                if let part, (rows?.count ?? 0) != part.embeddings.rowCount { throw Self.tooLong(part) }
                guard let next = parts.popFirst() else {
                    (part, rows) = (nil, nil)
                    return nil
                }
                (part, first, embeddings, leftOut) = (next, 0, [], [])
                columns = next.metadata.columns.compactMap { $0.withoutBytes().column }
                rows = next.metadata.rowsLeavingOut(of: columns)
                note(next.metadata)
            }
        }

        private func leaveOut(_ column: String, _ reason: String, _ path: String) {
            notes?.add("left out: " + reason, about: column, path: path, place: "column \(column)")
        }

        private func note(_ file: ParquetFile) {
            for (name, reason) in file.unsupportedColumns { leaveOut(name, reason, file.path) }
            for column in file.columns {
                for name in column.withoutBytes().leftOut {
                    leaveOut(name, "\(column.typeName), and bytes are no attribute", file.path)
                }
            }
        }

        private static func tooLong(_ part: Part) -> DatasetError {
            DatasetError(.malformed, path: part.metadata.path, "has not the number of rows that it says")
        }

        private func item(
            _ cells: [ParquetValue], _ embedding: [Float], _ row: Int, _ part: Part
        ) throws(DatasetError) -> ClipRetrievalItem {
            var (path, caption, attributes): (String?, String?, [JSONValue.Member]) = (nil, nil, [])
            var url: String?
            for (column, cell) in zip(columns, cells) {
                switch (column.name, cell) {
                case (_, .null): break
                case (_, .floats(let values)) where values.count > ParquetSource.longestFloats:
                    leaveOut(
                        column.name, "lists of more than \(ParquetSource.longestFloats) floats are no attributes",
                        part.metadata.path)
                case ("image_path", .string(let text)): path = text
                case ("caption", .string(let text)): caption = text
                case ("attributes", .string(let text)), ("metadata", .string(let text)):
                    // What another program keeps under that name may be any text.
                    if case .object(let members)? = try? JSONParser.parse(text.utf8) {
                        attributes += members
                    } else {
                        attributes.append(JSONValue.Member(column.name, .string(text)))
                    }
                default:
                    if column.name == "url", case .string(let text) = cell { url = text }
                    if let value = cell.json { attributes.append(JSONValue.Member(column.name, value)) }
                }
            }
            // Files of a run over shards without paths have the URL alone.
            guard let path = path ?? url, !path.isEmpty else {
                throw DatasetError(
                    .incomplete, path: part.metadata.path, place: "row \(row + 1)",
                    "has neither an image_path nor a url")
            }
            return ClipRetrievalItem(imagePath: path, caption: caption, attributes: attributes, embedding: embedding)
        }
    }
}
