internal import DiptychBasics
internal import Foundation

/// The forms that datasets are written in.
public enum DatasetFormat: String, Sendable, CaseIterable {
    /// `{split}_imgs.tsv` and `{split}_texts.jsonl`.
    case chineseClip = "chinese-clip"
    /// `lmdb/{split}/imgs` and `lmdb/{split}/pairs`, with `{split}_texts.jsonl` beside them.
    case lmdb
    /// `{split}-000000.tar` and so on.
    case webdataset
    /// `{split}.csv`.
    case csv
    /// `{split}.tsv`.
    case tsv
    /// `{split}.jsonl`.
    case jsonl
    /// `{split}.parquet`.
    case parquet
    /// `{split}/{label}/…`.
    case folder
    /// `img_emb` and `metadata`, of datasets with embeddings.
    case clipRetrieval = "clip-retrieval"
}

/// Writes datasets in other forms. Image files go over byte by byte; nothing is decoded.
public struct DatasetConversion: Sendable {
    /// The form to write.
    public let format: DatasetFormat
    /// The folder to write to; made where it is missing.
    public let output: String
    /// What ids of images follow from besides their bytes.
    public var seed: UInt32 = 0
    /// A shard ends at so many samples.
    public var samplesPerShard = 10_000
    /// A shard ends at so many bytes.
    public var bytesPerShard = 1 << 30
    /// Whether tables refer to copies of image files that are there already.
    public var copiesImages = false
    /// Whether tables have absolute paths of the images that are written beside them.
    public var hasAbsolutePaths = false
    /// The folder of LMDB; without it, `lmdb` in ``output``.
    public var lmdbFolder: String?
    /// Whether only the LMDB is written, as Chinese-CLIP's script does it, and no texts beside it.
    public var isInPlace = false
    /// Takes what changes on the way without the loss of a row.
    public var notes: DatasetNotes?

    /// What was written of a split.
    public struct Summary: Sendable, Equatable {
        /// The split.
        public var split: String
        /// Images, each once, however many rows name it; 0 of a table without images.
        public var images = 0
        /// Texts, with those that describe no image.
        public var texts = 0
        /// Pairs of an image and a text.
        public var pairs = 0
        /// Rows of a table; the images of Chinese-CLIP's files.
        public var rows = 0
        /// Rows that are left out.
        public var skipped = 0
        /// Pairs whose image is not there.
        public var orphans = 0
        /// Files of the split's folder that were there before, which are read as its rows too.
        public var strays = 0
        /// What was written, by path.
        public var files: [String] = []
    }

    /// Writes to `output`.
    public init(to format: DatasetFormat, output: String) {
        self.format = format
        self.output = output
    }

    /// Writes a part as a split.
    ///
    /// - Parameters:
    ///   - split: what the split is called.
    ///   - progress: is told how many images are done.
    ///   - skip: takes each row that is left out.
    /// - Throws: ``DatasetError`` where nothing can be read on, ``FileWriteError``, `CancellationError`. Nothing of the split
    ///   is in its place then.
    public func write(
        _ part: DatasetPart, as split: String, progress: (Int) -> Void = { _ in },
        skip: (DatasetError) -> Void = { _ in }
    ) throws -> Summary {
        guard !split.isEmpty, split != ".", split != "..", !split.utf8.contains(where: { $0 < 0x20 || $0 == 0x2F })
        else {
            throw DatasetError(.unsupported, path: part.path, "'\(split)' cannot be the name of a split")
        }
        try Self.makeFolder(output)
        switch format {
        case .chineseClip, .lmdb: return try writePairs(part, split, progress, skip)
        default: return try writeRows(part, split, progress, skip)
        }
    }

    /// Makes a folder and those above it.
    package static func makeFolder(_ path: String) throws(FileWriteError) {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) {
            guard isDirectory.boolValue else {
                throw FileWriteError(path: path, "is a file; give a folder to write to, or remove it")
            }
            return
        }
        do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
            throw FileWriteError(path: path, "cannot be made: \((error as NSError).localizedDescription)")
        }
    }

    /// Writes a split as Chinese-CLIP's files, or as an LMDB.
    ///
    /// - Throws: ``FileWriteError``.
    package func pairWriter(_ split: String) throws -> any PairWriter {
        try Self.makeFolder(output)
        guard format == .lmdb else { return try ChineseClipWriter(folder: output, split: split) }
        return try LMDBSplitWriter(
            folder: "\(lmdbFolder ?? "\(output)/lmdb")/\(split)",
            texts: isInPlace ? nil : "\(output)/\(split)_texts.jsonl")
    }

    private func writePairs(
        _ part: DatasetPart, _ split: String, _ progress: (Int) -> Void, _ skip: (DatasetError) -> Void
    ) throws -> Summary {
        var source = try part.pairs(seed: seed)
        let writer = try pairWriter(split)
        var summary = Summary(split: split)
        func each<T>(_ read: () throws(DatasetError) -> T?, _ body: (T) throws -> Void) throws {
            while true {
                do {
                    guard let value = try read() else { return }
                    try body(value)
                } catch let error as DatasetError {
                    guard !error.place.isEmpty else { throw error }
                    summary.skipped += 1
                    skip(error)
                }
                try Task.checkCancellation()
            }
        }
        var known: Set<String> = []
        try each({ () throws(DatasetError) in try source.nextImage() }) { image in
            guard known.insert(image.id).inserted else {
                throw DatasetError(
                    .malformed, path: image.path, place: image.place, "the id \(image.id) stands there already")
            }
            do { try writer.add(image) } catch {
                known.remove(image.id)
                throw error
            }
            (summary.images, summary.rows) = (summary.images + 1, summary.rows + 1)
            progress(summary.images)
        }
        try each({ () throws(DatasetError) in try source.nextText() }) { text in
            try writer.add(text)
            summary.texts += 1
            summary.pairs += text.imageIDs.count
            summary.orphans += text.imageIDs.count { !known.contains(ChineseClipFiles.name(of: $0) ?? "") }
        }
        summary.files = try writer.finish()
        return summary
    }

    private func writeRows(
        _ part: DatasetPart, _ split: String, _ progress: (Int) -> Void, _ skip: (DatasetError) -> Void
    ) throws -> Summary {
        let rows =
            switch format {
            case .clipRetrieval: try part.rows()
            // What is a table in any case may have no images.
            case .csv, .tsv, .jsonl, .parquet: try part.tableRows()
            default: try part.imageRows()
            }
        let hasImages = rows.columns.contains { $0.name == "image" && $0.type == .image }
        let isText = [.csv, .tsv, .jsonl, .webdataset, .folder].contains(format)
        var notFinite = (count: 0, place: "")
        let texts = part.rowColumns(rows)
        let writer = try rowWriter(rows, split, path: part.path)
        var summary = Summary(split: split)
        var known: Set<UInt64> = []
        // A table refers to images and reads none.
        let reads = hasImages && (copiesImages || ![.csv, .tsv, .jsonl, .clipRetrieval].contains(format))
        var ahead = reads ? ReadAhead(rows) : nil
        for index in 0..<rows.count {
            try Task.checkCancellation()
            ahead?.advance(to: index)
            do {
                let found = rows.place(ofRow: index)
                let row = ConvertedRow(
                    record: try rows.row(at: index), number: index, path: found.file.isEmpty ? part.path : found.file,
                    place: found.place.isEmpty ? "row \(index + 1)" : found.place, columns: texts)
                try writer.add(row)
                summary.rows += 1
                if hasImages && !row.lacksImage || format == .clipRetrieval, known.insert(row.imageHash.low).inserted {
                    summary.images += 1
                }
                if isText, case let count = row.record.values.reduce(0, { $0 + $1.notFiniteCount }), count > 0 {
                    notFinite = (notFinite.count + count, notFinite.count == 0 ? row.place : notFinite.place)
                }
                summary.texts += row.texts.count
                if hasImages, !row.lacksImage { summary.pairs += row.texts.count }
                progress(index + 1)
            } catch let error as DatasetError {
                summary.skipped += 1
                skip(rows.failure(error, inRow: index, of: part.path))
            }
        }
        notes?.add(
            "numbers that are not finite (inf, nan) are null or empty", path: part.path, place: notFinite.place,
            count: notFinite.count)
        summary.files = try writer.finish()
        summary.strays = writer.strays
        return summary
    }

    private func rowWriter(_ rows: any Dataset, _ split: String, path: String) throws -> any RowWriter {
        let images = ImageFiles(
            folder: output, split: split, copies: copiesImages, isAbsolute: hasAbsolutePaths)
        switch format {
        case .csv: return try DelimitedWriter("\(output)/\(split).csv", ",", rows.columns, images)
        case .tsv: return try DelimitedWriter("\(output)/\(split).tsv", "\t", rows.columns, images)
        case .jsonl: return try JSONLinesWriter("\(output)/\(split).jsonl", images)
        case .parquet: return try ParquetRowWriter("\(output)/\(split).parquet", rows.columns)
        case .webdataset:
            return WebDatasetWriter(
                folder: output, split: split, samplesPerShard: samplesPerShard, bytesPerShard: bytesPerShard)
        case .folder: return try FolderWriter(folder: "\(output)/\(split)")
        case .clipRetrieval, .chineseClip, .lmdb: return try EmbeddingRowWriter(output, rows, path: path)
        }
    }
}

/// Takes rows with images.
protocol RowWriter: AnyObject {
    /// Adds a row.
    ///
    /// - Throws: ``DatasetError`` where it is left out, ``FileWriteError``.
    func add(_ row: ConvertedRow) throws
    /// Completes the files, and gives their paths.
    func finish() throws -> [String]
    /// The files beside those that were written, which readers would take for rows of the split.
    var strays: Int { get }
}

extension RowWriter {
    var strays: Int { 0 }
}

/// Takes the images and texts of a split.
package protocol PairWriter: AnyObject {
    func add(_ image: PairImage) throws
    func add(_ text: PairText) throws
    /// Puts the files in their places, and gives their paths.
    func finish() throws -> [String]
}
