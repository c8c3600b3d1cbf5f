internal import DiptychBasics

/// The samples of a WebDataset shard by their places in the archive: the columns `key`, `image`, `text`, and the members of
/// their JSON.
struct WebDatasetDataset: Dataset {
    let columns: [DatasetColumn]
    private let path: String
    private let file: InputFile
    /// Of each row: where its sample begins, and which of the rows from there on it is.
    private var samples: [Int] = []
    private var numbers: [UInt32] = []
    private var keys = TextTable()
    /// What pax headers said of all entries from a place on.
    private var globals: [(offset: Int, records: PaxRecords)] = []

    /// Reads the archive's headers and JSON once, to find its samples; images are passed over.
    init(path: String) throws(DatasetError) {
        self.path = path
        file = try InputFile.plainBytes(path)
        // Everything is named by its place, as in a file that is not compressed.
        var source = WebDatasetSource(
            ByteStream(file), path: file.path, columns: ColumnNames(), notes: nil)
        var scan = ColumnScan()
        for (name, type) in [("key", DatasetType.text), ("image", .image), ("text", .null)] { _ = scan.add(name, type) }
        while let result = source.next() {
            samples.append(source.origin.offset)
            numbers.append(UInt32(clamping: source.origin.number))
            if globals.last?.records != source.globalRecords {
                globals.append((source.origin.offset, source.globalRecords))
            }
            switch result {
            case .failure(let error):
                // An archive that cannot be read on is cut short: a damaged entry is a row that says so.
                guard !error.place.isEmpty else { throw error }
                keys.append("")
            case .success(let row):
                keys.append(Self.key(row.locator))
                for member in row.members {
                    guard scan.add(member.name, DatasetType(of: member.value)) else {
                        throw DatasetError(
                            .tooLarge, path: path, place: Self.key(row.locator),
                            "the samples have more than \(ColumnScan.limit) different members")
                    }
                }
            }
        }
        columns = scan.columns.map { $0.name == "text" ? DatasetColumn("text", .text) : $0 }
    }

    var count: Int { samples.count }

    func place(ofRow index: Int) -> DatasetPlace {
        let key = keys[index]
        return DatasetPlace(file: path, place: key.isEmpty ? "sample \(index + 1)" : "key \(key)")
    }

    func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        let offset = samples[index]
        var source = WebDatasetSource(
            ByteStream(file, from: offset, count: file.size - offset, chunk: 1 << 14), path: file.path,
            columns: ColumnNames(), notes: nil, global: globals.last { $0.offset <= offset }?.records ?? PaxRecords())
        for _ in 0..<numbers[index] { _ = source.next() }
        guard let result = source.next() else {
            throw DatasetError(.unreadable, path: path, place: keys[index], "changed while it was read; try again")
        }
        var values = try result.get().members
        values.append(DatasetValue.Member("key", .text(keys[index])))
        let named = Dictionary(values.map { ($0.name, $0.value) }) { $1 }
        return DatasetRecord(
            columns: columns,
            values: try columns.map { (column) throws(DatasetError) in
                let value = named[column.name] ?? .null
                // A part of a nameless temporary file has no path by which others could read it.
                guard case .image(.part(let part)) = value, file.isTemporary else {
                    return value.converted(to: column.type)
                }
                return .image(.bytes(try file.read(at: part.offset, count: part.count)))
            })
    }

    private static func key(_ locator: String) -> String {
        locator.firstIndex(of: "#").map { String(locator[locator.index(after: $0)...]) } ?? locator
    }
}
