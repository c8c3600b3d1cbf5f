internal import Diptych
public import DiptychDatasets
public import DiptychMedia
internal import Foundation

/// The images that lists, manifests, tables and archives name, as the indexer takes them.
public struct DatasetInputs: Sequence {
    private let files: [String]
    /// Images elsewhere, by their URLs.
    private let images: [String]
    private let kind: DatasetKind?
    private let columns: ColumnNames
    private let separator: LineStream.Separator
    private let notes: DatasetNotes
    private let shard: Shard?
    /// Whether whole files belong to a shard, and not rows.
    private let splitsFiles: Bool
    private let downloads: ImageDownloads

    /// From this many files a shard on, files are split rather than their rows, so that no job reads all of them.
    private static let filesPerShard = 4

    /// Names the inputs.
    ///
    /// - Parameters:
    ///   - patterns: files, or patterns of them as in ``BracePattern``; `-` is standard input.
    ///   - kind: what they are; without it, each file's content and name say.
    ///   - columns: which columns mean what.
    ///   - shard: only a part of the images.
    ///   - separator: what stands between the entries of lists.
    ///   - fetch: how URLs are read.
    ///   - notes: takes what is left out or changed without the loss of a picture.
    /// - Throws: ``DatasetError`` for a pattern of too many files, ``IndexInputError`` for a file that does not exist.
    public init(
        _ patterns: [String], kind: DatasetKind?, columns: ColumnNames, shard: Shard?,
        separator: LineStream.Separator, fetch: FetchOptions, notes: DatasetNotes
    ) throws {
        var (files, images): ([String], [String]) = ([], [])
        for pattern in patterns {
            for path in try pattern == "-" ? ["-"] : FilePattern.expand(pattern) {
                if let found = try RemotePaths.images(at: path) {
                    images += found
                } else {
                    files.append(path == "-" || RemotePaths.holds(path) ? path : try Self.resolve(path))
                }
            }
        }
        self.images = images
        let splitsFiles = shard.map { files.count >= Self.filesPerShard * $0.count } ?? false
        self.files = splitsFiles ? files.filter { shard?.holds($0) ?? true } : files
        self.kind = kind
        self.columns = columns
        self.separator = separator
        self.notes = notes
        self.shard = shard
        self.splitsFiles = splitsFiles
        downloads = ImageDownloads(fetch: fetch)
    }

    /// With symbolic links resolved, so that an image inside has one name.
    private static func resolve(_ path: String) throws -> String {
        do { return try ImageFiles.resolve(path) } catch let error as StoreError {
            throw IndexInputError(path: path, reason: error.reason)
        }
    }

    /// Goes through the inputs, or why one is none in its place.
    public func makeIterator() -> AnyIterator<Result<IndexInput, IndexInputError>> {
        var rows = DatasetRows(files, kind: kind, columns: columns, separator: separator, notes: notes)
            .makeIterator()
        let shard = splitsFiles ? nil : shard
        let downloads = downloads
        var images = images[...]
        return AnyIterator {
            while let url = images.popFirst() {
                guard self.shard?.holds(url) ?? true else { continue }
                return Self.input(DatasetRow(locator: url, image: .file(url)), name: url, downloads)
            }
            while let row = rows.next() {
                switch row {
                case .failure(let error):
                    // Each part of a job sees the same faults of the files that all of them read: the first one tells.
                    guard shard.map({ $0.index == 0 }) ?? true else { continue }
                    let place = error.place.isEmpty ? error.path : "\(error.path): \(error.place)"
                    return .failure(IndexInputError(path: place, reason: error.reason))
                case .success(let row):
                    let name = Self.name(row)
                    guard shard?.holds(name) ?? true else { continue }
                    return Self.input(row, name: name, downloads)
                }
            }
            return nil
        }
    }

    /// What the row is known by on this machine: an absolute path for a file. The file system is not asked, which for a
    /// list of millions would take longer than the rest.
    private static func name(_ row: DatasetRow) -> String {
        guard case .file(let path) = row.image, !RemotePaths.holds(path) else { return row.locator }
        return URL(fileURLWithPath: path).standardizedFileURL.path
    }

    private static func input(
        _ row: DatasetRow, name: String, _ downloads: ImageDownloads
    ) -> Result<IndexInput, IndexInputError> {
        // Where nothing is said, what the store has stays.
        let attributes =
            row.saysAttributes ? Dictionary(row.attributes.map { ($0.name, AttributeValue($0.value)) }) { $1 } : nil
        if let reason = AttributeValue.problem(attributes, caption: row.caption) {
            return .failure(IndexInputError(path: name, reason: reason))
        }
        func input(_ path: String, _ source: IndexInput.Source) -> IndexInput {
            IndexInput(path: path, source: source, caption: row.caption, attributes: attributes)
        }
        func fetched(_ download: ImageDownloads.Download) -> IndexInput {
            var input = input(
                name,
                .bytes { maximum in
                    do throws(ImageError) { return try download.bytes(maximumBytes: maximum) } catch {
                        guard error.kind == .forbiddenAddress else { throw error }
                        throw IndexInputError(path: name, reason: error.reason + " (--allow-private-urls)")
                    }
                })
            input.prepare = { download.begin() }
            return input
        }
        switch row.image {
        case .file(let url) where RemotePaths.holds(url): return .success(fetched(downloads.download(source: url)))
        case .file:
            let path = (try? ImageFiles.resolve(name)) ?? name
            return .success(input(path, .file(path)))
        case .bytes(let bytes): return .success(input(name, .bytes { _ in bytes }))
        case .part(let part):
            return .success(
                input(
                    name,
                    .bytes { maximum in
                        guard part.count <= maximum else {
                            throw IndexInputError(
                                path: name, reason: "\(part.count) bytes are more than the limit of \(maximum)")
                        }
                        return try part.read()
                    }))
        case .url(let url):
            guard url.prefix(5).lowercased() != "data:" else {
                return .success(input(name, .bytes { try ImageSource.url(url).bytes(maximumBytes: $0) }))
            }
            return .success(fetched(downloads.download(url)))
        }
    }
}

/// The pictures of a folder in clip-retrieval's layout, with their embeddings.
public struct ClipRetrievalInputs: Sequence {
    private let folder: ClipRetrievalFolder
    private let notes: DatasetNotes
    private let shard: Shard?

    /// Names the inputs: those of a folder, or of a part of it.
    public init(_ folder: ClipRetrievalFolder, shard: Shard?, notes: DatasetNotes) {
        self.folder = folder
        self.notes = notes
        self.shard = shard
    }

    /// Goes through the inputs, or why one is none in its place.
    public func makeIterator() -> AnyIterator<Result<GivenEmbedding, IndexInputError>> {
        var reader: ClipRetrievalFolder.Reader? = folder.makeReader(notes: notes)
        let shard = shard
        return AnyIterator {
            while true {
                do throws(DatasetError) {
                    guard let item = try reader?.next() else { return nil }
                    guard shard?.holds(item.imagePath) ?? true else { continue }
                    let attributes =
                        item.attributes.isEmpty
                        ? nil : Dictionary(item.attributes.map { ($0.name, AttributeValue($0.value)) }) { $1 }
                    if let reason = AttributeValue.problem(attributes, caption: item.caption) {
                        return .failure(IndexInputError(path: item.imagePath, reason: reason))
                    }
                    return .success(
                        GivenEmbedding(
                            path: item.imagePath, embedding: Embedding(values: item.embedding), caption: item.caption,
                            attributes: attributes))
                } catch {
                    reader = nil
                    let place = error.place.isEmpty ? error.path : "\(error.path): \(error.place)"
                    return .failure(IndexInputError(path: place, reason: error.reason))
                }
            }
        }
    }
}

extension AttributeValue {
    /// The same value as a store keeps it.
    public init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .integer(value)
        case .double(let value): self = value.isFinite ? .number(value) : .null
        case .string(let text): self = .text(text)
        case .array(let values): self = .list(values.map(AttributeValue.init))
        case .object(let members):
            self = .object(Dictionary(members.map { ($0.name, AttributeValue($0.value)) }) { $1 })
        }
    }

    /// The same value as data sets write it.
    public var datasetValue: JSONValue {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .int(value)
        case .number(let value): .double(value)
        case .text(let text): .string(text)
        case .list(let values): .array(values.map(\.datasetValue))
        case .object(let members):
            .object(members.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, $0.value.datasetValue) })
        }
    }

    /// Why a store would not take a caption and attributes; one bad row is no reason to end a run.
    static func problem(_ attributes: [String: AttributeValue]?, caption: String?) -> String? {
        if let caption, caption.utf8.count > AttributeText.captionByteLimit || caption.utf8.contains(0) {
            return "its caption is longer than \(AttributeText.captionByteLimit) bytes or holds a zero byte"
        }
        do throws(AttributeError) { _ = try attributes.map(AttributeText.encode) } catch { return error.description }
        return nil
    }
}
