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
    private let form: Form

    /// How files are read.
    fileprivate struct Form {
        let kind: DatasetKind?
        let columns: ColumnNames
        let separator: LineStream.Separator
        let notes: DatasetNotes?
    }

    /// Names the inputs.
    ///
    /// - Parameters:
    ///   - paths: files, or patterns of them as in ``BracePattern``; `-` is standard input.
    ///   - kind: what they are; without it, each file's content says, and its name where that leaves a choice.
    ///   - columns: which columns mean what.
    ///   - separator: what stands between the entries of lists.
    ///   - notes: takes what was left out or changed without the loss of a row.
    public init(
        _ paths: [String], kind: DatasetKind? = nil, columns: ColumnNames = ColumnNames(),
        separator: LineStream.Separator = .lineBreak, notes: DatasetNotes? = nil
    ) {
        self.paths = paths
        form = Form(kind: kind, columns: columns, separator: separator, notes: notes)
    }

    /// Goes through the rows.
    public func makeIterator() -> Iterator { Iterator(paths: paths, form: form) }

    /// Goes through the rows, one file at a time.
    public struct Iterator: IteratorProtocol {
        private var patterns: ArraySlice<String>
        private var paths: ArraySlice<String> = []
        private let form: Form
        private var source: (any RowSource)?

        fileprivate init(paths: [String], form: Form) {
            patterns = paths[...]
            self.form = form
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
                paths = pattern == "-" ? ["-"] : try FilePattern.expand(pattern)[...]
            }
            return paths.popFirst()
        }

        private func open(_ path: String) throws(DatasetError) -> any RowSource {
            let bytes = try ByteStream(path: path)
            let text = TextStream(bytes)
            let kind: FoundKind
            do throws(DatasetError) {
                kind = try FoundKind(path, bytes, text, kind: form.kind, separator: form.separator)
            } catch {
                // The head of an archive that is cut short within its compression may still hold whole rows.
                guard error.kind == .malformed else { throw error }
                kind = .known(form.kind ?? DatasetKind(path: path))
            }
            let (columns, notes) = (form.columns, form.notes)
            return switch kind {
            case .chineseClip: try ChineseClipSource(text, path: path, notes: notes)
            case .known(.list): ListSource(text, separator: form.separator)
            case .known(.jsonl): try JSONSource(text, path: path, columns: columns, notes: notes)
            case .known(.csv):
                try DelimitedSource(text, path: path, delimiter: UInt8(ascii: ","), columns: columns)
            case .known(.tsv):
                try DelimitedSource(text, path: path, delimiter: UInt8(ascii: "\t"), columns: columns)
            case .known(.parquet): try ParquetSource(path: path, columns: columns, notes: notes)
            case .known(.tar): WebDatasetSource(bytes, path: path, columns: columns, notes: notes)
            }
        }
    }
}

/// The rows of one file. After an error that ends the file, it gives nil.
protocol RowSource {
    mutating func next() -> Result<DatasetRow, DatasetError>?
}
