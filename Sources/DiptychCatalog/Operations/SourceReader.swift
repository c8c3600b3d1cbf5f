internal import DiptychBasics
internal import DiptychDatasets
internal import Foundation
internal import GRDB
internal import GRDBSQLite

/// Reads the rows of one source into a table.
struct SourceReader {
    /// The file or folder.
    let path: String
    /// What its files were like when it was opened.
    let signature: String
    /// The same source in the version before, where it need not be read again.
    let known: CatalogInput?
    private let rows: (any Dataset)?
    /// The same rows, whose images are found by the usual names of columns.
    private let images: ImageDataset?
    /// Whether rows say which file they are of.
    private let hasFiles: Bool

    private static let fileColumns = [
        DatasetColumn("file.source", .text), DatasetColumn("file.path", .text), DatasetColumn("file.size", .integer),
        DatasetColumn("file.version", .text), DatasetColumn("file.etag", .text),
        DatasetColumn("file.last_modified", .timestamp),
    ]

    init(_ path: String, options: DatasetOptions, known: CatalogInput?) throws {
        self.path = path
        signature = options.named[path] == nil ? Self.signature(of: path) : ""
        // A folder of images is listed in any case; only what rows say has to be read from tables.
        guard known?.signature != signature || known?.failed != 0 || signature.isEmpty else {
            (self.known, rows, images, hasFiles) = (known, nil, nil, false)
            return
        }
        self.known = nil
        let rows = try DatasetFiles.open([path], options: options)
        self.rows = rows
        let hasImages = rows.columns.contains { $0.name == "image" && $0.type == .image }
        images = hasImages ? nil : try Self.images(of: rows, path: path, options)
        try Self.requireColumn(of: rows, path: path, options)
        switch Self.firstImage(hasImages ? rows : nil, images) {
        case .file?, .part?: hasFiles = true
        case .url(let url)?: hasFiles = hasImages && RemotePaths.facts(of: url) != nil
        case .bytes?, nil: hasFiles = false
        }
    }

    /// Rows that are looked at to learn what a column holds.
    private static let firstRows = 100

    /// The first image that rows have: one of them may lack it.
    private static func firstImage(_ rows: (any Dataset)?, _ images: ImageDataset?) -> ImageReference? {
        if let rows {
            for index in 0..<min(rows.count, firstRows) {
                if case .image(let image)? = try? rows.row(at: index)["image"] { return image }
            }
        } else if let images {
            for index in 0..<min(images.count, firstRows) {
                if let item = try? images.item(at: index) { return item.image }
            }
        }
        return nil
    }

    /// Refuses a column of images that was named and is not there.
    private static func requireColumn(of rows: any Dataset, path: String, _ options: DatasetOptions) throws {
        guard let name = namedColumn(options),
            !rows.columns.contains(where: { $0.name.lowercased() == name.lowercased() })
        else { return }
        let known = rows.columns.prefix(20).map(\.name).joined(separator: ", ")
        throw CatalogError(.invalid, "\(path): has no column '\(name)'; it has \(known)")
    }

    /// The column of images that was named instead of the usual ones.
    private static func namedColumn(_ options: DatasetOptions) -> String? {
        options.columns.image == ColumnNames().image ? nil : options.columns.image.first
    }

    /// The folder that a source's files lie in.
    static func root(of path: String) -> String {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue { return path }
        let real = CatalogRoots.real(path)
        return real.lastIndex(of: "/").map { $0 == real.startIndex ? "/" : String(real[..<$0]) } ?? "/"
    }

    /// Size and time of a file; empty for a folder, whose rows are listed again, and for what is not there.
    private static func signature(of path: String) -> String {
        if RemotePaths.holds(path) { return RemotePaths.facts(of: path)?.etag ?? "" }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return "" }
        return FileFacts(status).etag
    }

    /// A table's images, where its columns name some: bytes, URLs, or files of which one of the first is there. A column that
    /// was named holds images whatever is there.
    private static func images(of rows: any Dataset, path: String, _ options: DatasetOptions) throws -> ImageDataset? {
        guard namedColumn(options) == nil else {
            try requireColumn(of: rows, path: path, options)
            return try ImageDataset(rows, columns: options.columns, path: path)
        }
        guard let images = try? ImageDataset(rows, columns: options.columns, path: path) else { return nil }
        for index in 0..<min(images.count, firstRows) {
            guard let image = try? images.item(at: index).image else { continue }
            if case .file(let file) = image, !RemotePaths.holds(file), !FileManager.default.fileExists(atPath: file) {
                continue
            }
            return images
        }
        return nil
    }

    private var columns: [DatasetColumn] {
        guard let rows else { return [] }
        var columns = rows.columns
        if images != nil {
            columns = [DatasetColumn("image", .image)] + columns.filter { !Self.isImageBytes($0) }
        }
        return columns + (hasFiles ? Self.fileColumns : [])
    }

    /// Whether a column holds what the column `image` says already.
    private static func isImageBytes(_ column: DatasetColumn) -> Bool {
        if column.name.lowercased() == "image" { return true }
        return column.type == .bytes && ["image.bytes"].contains(column.name.lowercased())
    }

    /// The columns of several sources; those of the version before come first where one is not read again.
    ///
    /// - Returns: the columns, with names that differ for SQL too, and what the sources call each.
    static func columns(
        of readers: [SourceReader], before: CatalogTable?
    ) -> (columns: [DatasetColumn], origins: [String]) {
        var found: [DatasetColumn] = []
        func merge(_ columns: [DatasetColumn]) {
            for column in columns {
                if let index = found.firstIndex(where: { $0.name == column.name }) {
                    found[index] = DatasetColumn(column.name, found[index].type.merged(with: column.type))
                } else {
                    found.append(column)
                }
            }
        }
        if readers.contains(where: { $0.known != nil }), let before { merge(before.columns) }
        for reader in readers { merge(reader.columns) }
        if found.isEmpty { found = [DatasetColumn("image", .image)] }
        let names = TableWriter.distinct(found.map(\.name))
        return (zip(names, found).map { DatasetColumn($0, $1.type) }, found.map(\.name))
    }

    /// Adds the source's rows.
    ///
    /// - Returns: the number of rows that could not be read.
    func read(
        into writer: TableWriter, columns: [DatasetColumn], origins: [String], coding: ValueCoding,
        before: CatalogTable?,
        skip: (DatasetError) -> Void
    ) throws -> Int {
        guard let rows else {
            if let known, let before { try copy(known, of: before, into: writer, columns: columns, coding: coding) }
            return 0
        }
        // The place of each of the table's columns among the source's.
        let own = rows.columns
        let places = origins.map { name in own.firstIndex { $0.name == name } }
        let image = columns.firstIndex { $0.name == "image" }
        let files = hasFiles ? columns.firstIndex { $0.name == "file.source" } : nil
        var failed = 0
        var values = [StoredValue](repeating: .null, count: columns.count)
        for index in 0..<rows.count {
            do throws(DatasetError) {
                let row = try rows.row(at: index)
                for (place, column) in zip(places.indices, columns) {
                    values[place] = places[place].map { coding.stored(row.values[$0], in: column.type) } ?? .null
                }
                var reference: ImageReference?
                if let images, let image {
                    reference = try images.image(of: row, at: index)
                    values[image] = reference.map(coding.roots.stored) ?? .null
                } else if let image, let place = places[image], case .image(let found) = row.values[place] {
                    reference = found
                }
                if let files, let reference { fill(&values, at: files, reference, coding.roots) }
            } catch {
                failed += 1
                skip(error.inSource(path, row: index))
                continue
            }
            try writer.append(values)
        }
        return failed
    }

    /// `file.source` and the columns behind it.
    private func fill(_ values: inout [StoredValue], at first: Int, _ image: ImageReference, _ roots: CatalogRoots) {
        let path: String
        switch image {
        case .file(let file) where RemotePaths.holds(file):
            if let facts = RemotePaths.facts(of: file) { fill(&values, at: first, facts) }
            return
        case .file(let file): path = file
        case .part(let part): path = part.path
        case .url(let url):
            if let facts = RemotePaths.facts(of: url) { fill(&values, at: first, facts) }
            return
        case .bytes: return
        }
        let absolute = CatalogRoots.absolute(path)
        let place = roots.split(absolute)
        values[first] = place.map { .text($0.root) } ?? .null
        values[first + 1] = .text(place?.path ?? absolute)
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        let facts = FileFacts(status)
        values[first + 2] = .integer(facts.size)
        values[first + 4] = .text(facts.etag)
        values[first + 5] = DatasetValue.timestamp(facts.modified).json?.string.map(StoredValue.text) ?? .null
    }

    private func fill(_ values: inout [StoredValue], at first: Int, _ facts: RemoteFacts) {
        values[first] = .text(facts.source)
        values[first + 1] = .text(facts.path)
        values[first + 2] = facts.size.map { .integer(Int64($0)) } ?? .null
        values[first + 3] = facts.version.map(StoredValue.text) ?? .null
        values[first + 4] = facts.etag.map(StoredValue.text) ?? .null
        values[first + 5] =
            facts.lastModified.flatMap { DatasetValue.timestamp($0).json?.string }.map(StoredValue.text) ?? .null
    }

    /// Takes the rows of a source that is as it was from the version before.
    private func copy(
        _ known: CatalogInput, of before: CatalogTable, into writer: TableWriter, columns: [DatasetColumn],
        coding: ValueCoding
    ) throws {
        let places = columns.map { column in
            before.columns.firstIndex { $0.name.lowercased() == column.name.lowercased() }
        }
        let first = min(known.first, before.count)
        for index in first..<first + min(known.count, before.count - first) {
            let row = try before.storedRow(at: index)
            try writer.append(places.map { $0.map { row[$0] } ?? .null })
        }
    }
}

/// What a version notes of a file.
struct FileFacts {
    let size: Int64
    let modified: DatasetTimestamp

    init(_ status: stat) {
        size = Int64(status.st_size)
        modified = DatasetTimestamp(
            seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int32(clamping: status.st_mtim.tv_nsec), isUTC: true)
    }

    /// Tells one state of a file from another, as servers' tags do: its size and time.
    var etag: String {
        "\(String(size, radix: 16))-\(String(modified.seconds, radix: 16)).\(String(modified.nanoseconds, radix: 16))"
    }
}

extension DatasetError {
    /// The same failure with the row and the file where it lacks them.
    fileprivate func inSource(_ file: String, row: Int) -> DatasetError {
        place.isEmpty ? DatasetError(kind, path: path, place: "row \(row + 1)", reason) : self
    }
}
