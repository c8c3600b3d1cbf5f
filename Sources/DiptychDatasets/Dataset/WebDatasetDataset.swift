internal import DiptychBasics
internal import Synchronization

/// The samples of a WebDataset shard by their places in the archive: the columns `key`, `image`, `text`, and the members of
/// their JSON. An archive without any image is one of texts and JSON, and has no column `image`.
final class WebDatasetDataset: Dataset {
    let columns: [DatasetColumn]
    private let path: String
    private let file: InputFile
    private let hasImages: Bool
    /// Of each row: where its sample begins, and which of the rows from there on it is.
    private let samples: [Int]
    private let numbers: [UInt32]
    private let keys: TextTable
    /// What pax headers said of all entries from a place on.
    private let globals: [(offset: Int, records: PaxRecords)]
    /// Rows that are read one after the other are read in one go.
    private let sequence = Mutex(Sequence())

    private struct Sequence {
        /// The row that `source` gives next.
        var next = -1
        /// How many rows in a row were asked for.
        var run = 0
        var source: WebDatasetSource?
    }

    /// Reads the archive's headers and JSON once, to find its samples; images are passed over.
    ///
    /// - Parameter notes: takes the members that are not read.
    init(path: String, notes: DatasetNotes? = nil) throws(DatasetError) {
        self.path = path
        file = try InputFile.plainBytes(path)
        // Everything is named by its place, as in a file that is not compressed.
        var source = WebDatasetSource(
            ByteStream(file), path: file.path, columns: ColumnNames(), notes: notes, keepsTexts: true)
        var hasImages = false
        var (samples, numbers, keys) = ([Int](), [UInt32](), TextTable())
        var globals: [(offset: Int, records: PaxRecords)] = []
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
                hasImages = hasImages || row.image != WebDatasetSample.noImage
                for member in row.members {
                    guard scan.add(member.name, DatasetType(of: member.value)) else {
                        throw DatasetError(
                            .tooLarge, path: path, place: Self.key(row.locator),
                            "the samples have more than \(ColumnScan.limit) different members")
                    }
                }
            }
        }
        let isEmpty = samples.isEmpty
        (self.samples, self.numbers, self.keys, self.globals, self.hasImages) = (
            samples, numbers, keys, globals, hasImages
        )
        columns = scan.columns.filter { hasImages || isEmpty || $0.name != "image" }
            .map { $0.name == "text" ? DatasetColumn("text", .text) : $0 }
    }

    var count: Int { samples.count }

    func place(ofRow index: Int) -> DatasetPlace {
        let key = keys[index]
        return DatasetPlace(file: path, place: key.isEmpty ? "sample \(index + 1)" : "key \(key)")
    }

    func row(at index: Int) throws(DatasetError) -> DatasetRecord {
        let result: Result<DatasetRow, DatasetError>
        if let next = sequence.withLock({ nextInSequence(index, &$0) }) {
            result = next
        } else {
            result = try read(index)
        }
        return try record(result, index)
    }

    /// The row where it follows the one that was read before.
    private func nextInSequence(_ index: Int, _ state: inout Sequence) -> Result<DatasetRow, DatasetError>? {
        state.run = index == state.next ? state.run + 1 : 0
        if index != state.next { state.source = nil }
        state.next = index + 1
        // A second row in a row is worth reading ahead.
        guard state.run > 0 else { return nil }
        if state.source == nil {
            var source = source(from: index, chunk: 1 << 18)
            for _ in 0..<numbers[index] { _ = source.next() }
            state.source = source
        }
        return state.source?.next()
    }

    private func source(from index: Int, chunk: Int) -> WebDatasetSource {
        let offset = samples[index]
        return WebDatasetSource(
            ByteStream(file, from: offset, count: file.size - offset, chunk: chunk), path: file.path,
            columns: ColumnNames(), notes: nil, global: globals.last { $0.offset <= offset }?.records ?? PaxRecords(),
            keepsTexts: true)
    }

    private func read(_ index: Int) throws(DatasetError) -> Result<DatasetRow, DatasetError> {
        let offset = samples[index]
        // As far as the next sample, where that is near: more is read only where it is wanted.
        let next = index + 1 < samples.count ? samples[index + 1] : file.size
        var source = source(from: index, chunk: max(1024, min(1 << 14, next - offset + 512)))
        for _ in 0..<numbers[index] { _ = source.next() }
        guard let result = source.next() else {
            throw DatasetError(.unreadable, path: path, place: keys[index], "changed while it was read; try again")
        }
        return result
    }

    private func record(
        _ result: Result<DatasetRow, DatasetError>, _ index: Int
    ) throws(DatasetError) -> DatasetRecord {
        let row = try result.get()
        if hasImages, row.image == WebDatasetSample.noImage {
            throw DatasetError(.incomplete, path: path, place: keys[index], WebDatasetSample.imageIsMissing)
        }
        var values = row.members
        values.append(DatasetValue.Member("key", .text(keys[index])))
        return DatasetRecord(
            columns: columns,
            values: try columns.map { (column) throws(DatasetError) in
                let value = values.last { $0.name == column.name }?.value ?? .null
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
