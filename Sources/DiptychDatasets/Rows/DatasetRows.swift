/// The rows of a data set's files, one after the other, in constant memory.
///
///     for row in DatasetRows(["pictures.jsonl", "shards-{00000..00099}.tar"]) {
///         switch row {
///         case .success(let row): print(row.locator, row.caption ?? "")
///         case .failure(let error): print("skipped", error)
///         }
///     }
///
/// What is wrong with one row is given in its place, and the next rows follow. A file that cannot be read (on) gives its
/// error once, and the next file follows.
public struct DatasetRows: Sequence {
    private let paths: [String]
    private let kind: DatasetKind?
    private let columns: ColumnNames

    /// Names the inputs.
    ///
    /// - Parameters:
    ///   - paths: files, or patterns of them as in ``BracePattern``; `-` is standard input.
    ///   - kind: what they are; without it, each file's name says.
    ///   - columns: which columns mean what.
    public init(_ paths: [String], kind: DatasetKind? = nil, columns: ColumnNames = ColumnNames()) {
        self.paths = paths
        self.kind = kind
        self.columns = columns
    }

    /// Goes through the rows.
    public func makeIterator() -> Iterator { Iterator(paths: paths, kind: kind, columns: columns) }

    /// Goes through the rows, one file at a time.
    public struct Iterator: IteratorProtocol {
        private var patterns: ArraySlice<String>
        private var paths: ArraySlice<String> = []
        private let kind: DatasetKind?
        private let columns: ColumnNames
        private var source: (any RowSource)?

        fileprivate init(paths: [String], kind: DatasetKind?, columns: ColumnNames) {
            patterns = paths[...]
            self.kind = kind
            self.columns = columns
        }

        /// The next row, or why there is none in its place; nil at the end.
        public mutating func next() -> Result<DatasetRow, DatasetError>? {
            while true {
                if let row = source?.next() { return row }
                source = nil
                do throws(DatasetError) {
                    guard let path = try nextPath() else { return nil }
                    source = try open(path)
                } catch { return .failure(error) }
            }
        }

        private mutating func nextPath() throws(DatasetError) -> String? {
            while paths.isEmpty {
                guard let pattern = patterns.popFirst() else { return nil }
                paths = try BracePattern.expand(pattern)[...]
            }
            return paths.popFirst()
        }

        private func open(_ path: String) throws(DatasetError) -> any RowSource {
            switch kind ?? DatasetKind(path: path) {
            case .list: try ListSource(path: path)
            case .jsonl: try JSONLinesSource(path: path, columns: columns)
            case .csv: try DelimitedSource(path: path, delimiter: UInt8(ascii: ","), columns: columns)
            case .tsv: try DelimitedSource(path: path, delimiter: UInt8(ascii: "\t"), columns: columns)
            case .parquet: try ParquetSource(path: path, columns: columns)
            case .tar: try WebDatasetSource(path: path, columns: columns)
            }
        }
    }
}

/// The rows of one file. After an error that ends the file, it gives nil.
protocol RowSource {
    mutating func next() -> Result<DatasetRow, DatasetError>?
}
