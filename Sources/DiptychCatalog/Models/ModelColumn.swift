public import Diptych
public import DiptychDatasets
public import DiptychMedia
internal import Foundation
internal import Synchronization

/// A column that a model computes.
public struct ModelColumn: Sendable {
    /// What is computed.
    public enum Value: String, Sendable, CaseIterable {
        /// The cosine of image and text; of each text of a list.
        case similarity
        /// The probability of each text of a list, as the model was trained: a softmax over them, or a sigmoid of each.
        case probability
        /// The embedding of the image, or of the text where no image is named, of length 1.
        case embedding
        /// The most probable text of a list.
        case label
    }

    /// What is computed.
    public var value: Value
    /// The column of images.
    public var image: String?
    /// The column with a text.
    public var text: String?
    /// The column with a list of texts.
    public var texts: String?
    /// Texts that are the same for each row, instead of a column.
    public var labels: [String]
    /// The name of the new column; one of this name is replaced.
    public var name: String

    /// Describes a column.
    public init(
        _ value: Value, image: String? = nil, text: String? = nil, texts: String? = nil, labels: [String] = [],
        as name: String
    ) {
        (self.value, self.image, self.text, self.texts, self.labels, self.name) = (
            value, image, text, texts, labels, name
        )
    }

    func check() throws(CatalogError) {
        let given = [text != nil, texts != nil, !labels.isEmpty].count { $0 }
        guard !name.isEmpty else { throw CatalogError(.invalid, "the new column has no name") }
        guard given <= 1 else {
            throw CatalogError(.invalid, "give one of a column with a text, a column with lists of texts, and labels")
        }
        switch value {
        case .embedding:
            guard texts == nil, labels.isEmpty, (image == nil) != (text == nil) else {
                throw CatalogError(.invalid, "an embedding is that of an image or of a text; name one column")
            }
        case .similarity:
            guard image != nil, given == 1 else {
                throw CatalogError(
                    .invalid, "a similarity wants a column of images, and one with a text or lists of texts")
            }
        case .probability, .label:
            guard image != nil, given == 1, text == nil else {
                throw CatalogError(
                    .invalid,
                    "a \(value.rawValue) is one among several texts: name a column of images, and one with lists of texts"
                )
            }
        }
    }

    var type: DatasetType {
        switch value {
        case .embedding: .vector
        case .label: .text
        case .probability: .list(.double)
        case .similarity: text == nil ? .list(.double) : .double
        }
    }
}

extension CatalogTable {
    /// The rows with a column that a model computes.
    ///
    /// Embeddings are kept in the catalog by content and model: nothing is computed twice, and a call that was cut off goes on
    /// behind its last batch. Where an image cannot be read, the column is null.
    ///
    ///     try await pairs.map(.init(.probability, image: "image", texts: "choices", as: "scores"), by: model)
    ///
    /// - Parameters:
    ///   - images: how images are read.
    ///   - fetch: how URLs are fetched.
    ///   - progress: is told how many images are done.
    ///   - notes: takes the files that are not as they were when the version was made.
    ///   - skip: takes each image that cannot be read.
    /// - Throws: ``CatalogError`` for unknown columns, `ModelError`, `CancellationError`.
    public func map(
        _ column: ModelColumn, by model: any Embedder, images: ImageOptions = ImageOptions(),
        fetch: FetchOptions = FetchOptions(), notes: DatasetNotes? = nil, progress: @escaping (Int) -> Void = { _ in },
        skip: @escaping (DatasetError) -> Void = { _ in }
    ) async throws -> CatalogTable {
        try column.check()
        let fingerprint = await model.fingerprint()
        let settings =
            "\(fingerprint) \(model.options.precision.rawValue) \(images.decode.rawValue) \(images.appliesOrientation)"
        let places = try ColumnPlaces(column, self)
        let cache = try EmbeddingCache(catalog.directory, model: settings)
        let contents = try await embedImages(places, by: model, cache, images, fetch, notes, progress, skip)
        if places.text != nil || places.texts != nil || !column.labels.isEmpty {
            try await embedTexts(places, column.labels, by: model.requireTexts(), cache)
        }
        let logits = (model as? any DualEncoder)?.logits
        let values = RowValues(column: column, places: places, contents: contents, cache: cache, logits: logits)
        let file = try write(column) { row, index in try values.value(of: row, at: index) }
        var parameters: [JSONValue.Member] = [
            .init("as", .string(column.name)), .init("compute", .string(column.value.rawValue)),
        ]
        for (key, name) in [("image", column.image), ("text", column.text), ("texts", column.texts)] {
            if let name { parameters.append(.init(key, .string(name))) }
        }
        if !column.labels.isEmpty { parameters.append(.init("labels", .array(column.labels.map(JSONValue.string)))) }
        parameters.append(.init("model", .string(model.name)))
        return try derived(file, origin.adding("map", parameters, models: [fingerprint]))
    }

    /// Writes the rows with a new column, at the end or in the place of one of its name.
    func write(
        _ column: ModelColumn, _ value: (DatasetRecord, Int) throws -> DatasetValue
    ) throws -> TableFile {
        try write(DatasetColumn(column.name, column.type), value)
    }

    func write(_ column: DatasetColumn, _ value: (DatasetRecord, Int) throws -> DatasetValue) throws -> TableFile {
        let kept = columns.indices.filter { columns[$0].name.lowercased() != column.name.lowercased() }
        return try TableWriter.write(
            to: catalog.temporaryPath(), columns: kept.map { columns[$0] } + [column]
        ) { writer in
            for index in 0..<count {
                let stored = try storedRow(at: index)
                let new = coding.stored(try value(try row(at: index), index), in: column.type)
                try writer.append(kept.map { stored[$0] } + [new])
            }
        }
    }

    /// Embeds the images that have no embedding yet.
    ///
    /// - Returns: what each row's image is known by; nil where it cannot be read.
    private func embedImages(
        _ places: ColumnPlaces, by model: any Embedder, _ cache: EmbeddingCache, _ images: ImageOptions,
        _ fetch: FetchOptions, _ notes: DatasetNotes?, _ progress: (Int) -> Void, _ skip: (DatasetError) -> Void
    ) async throws -> [ContentHash?] {
        guard let place = places.image else { return [] }
        var contents = [ContentHash?](repeating: nil, count: count)
        // What has an embedding, or gets one in this run.
        let known = Mutex(try cache.contents(.image))
        let preprocessing = model.preprocessing
        let name = columns[place].name
        try await model.embedBatches(
            0..<count,
            readingFrom: { index in
                if let row = try? self.storedRow(at: index), case .file(let path)? = self.coding.roots.image(row[place])
                {
                    path
                } else {
                    nil
                }
            },
            load: { [self] index in
                guard let image = coding.roots.image(try storedRow(at: index)[place]) else {
                    throw DatasetError(.incomplete, path: title, place: "row \(index + 1)", "has no image in \(name)")
                }
                if let notes { try noteChange(ofRow: index, image, in: name, notes) }
                let source = try image.source(place: "\(title): row \(index + 1)")
                let bytes = try source.bytes(maximumBytes: images.maximumBytes, fetch: fetch)
                let content = ContentHash(bytes)
                guard known.withLock({ $0.insert(content).inserted }) else {
                    return LoadedInput(facts: content, pixels: nil)
                }
                do {
                    let read = try preprocessing.preprocessed(bytes, label: source.description, options: images)
                    return LoadedInput(facts: content, pixels: read.pixels)
                } catch {
                    known.withLock { _ = $0.remove(content) }
                    throw error
                }
            },
            { items in
                var made: [(ContentHash, [Float])] = []
                for item in items {
                    switch item.result {
                    case .success(let (content, embedding)):
                        contents[item.index] = content
                        if let embedding { made.append((content, embedding.values)) }
                    case .failure(let error):
                        skip(
                            (error as? DatasetError)
                                ?? DatasetError(.unreadable, path: title, place: "row \(item.index + 1)", "\(error)"))
                    }
                }
                try cache.store(.image, made)
                progress((items.last?.index ?? 0) + 1)
            })
        return contents
    }

    /// Notes a file whose size or time differs from those that the row says.
    private func noteChange(ofRow index: Int, _ image: ImageReference, in column: String, _ notes: DatasetNotes) throws
    {
        guard column == "image", case .file(let path) = image, !RemotePaths.holds(path),
            let place = columns.firstIndex(where: { $0.name == "file.etag" }),
            case .text(let known) = try storedRow(at: index)[place]
        else { return }
        var status = stat()
        guard stat(path, &status) == 0, FileFacts(status).etag != known else { return }
        notes.add(
            "its size or time is another than when \(title) was made; what it holds now counts", about: title,
            path: path,
            place: "row \(index + 1)")
    }

    private static let textsAtOnce = 256

    /// Embeds the texts that have no embedding yet.
    private func embedTexts(
        _ places: ColumnPlaces, _ labels: [String], by model: any DualEncoder, _ cache: EmbeddingCache
    ) async throws {
        var known = try cache.contents(.text)
        var waiting: [(content: ContentHash, text: String)] = []
        func flush() async throws {
            guard !waiting.isEmpty else { return }
            let embeddings = try await model.embed(texts: waiting.map(\.text))
            try cache.store(.text, waiting.enumerated().map { ($1.content, embeddings[$0].values) })
            waiting = []
        }
        for index in -1..<count {
            let texts = index < 0 ? labels : places.texts(of: try row(at: index))
            for text in texts where !text.allSatisfy(\.isWhitespace) {
                let content = ContentHash(text.utf8)
                guard known.insert(content).inserted else { continue }
                waiting.append((content, text))
                if waiting.count >= Self.textsAtOnce { try await flush() }
            }
            try Task.checkCancellation()
        }
        try await flush()
    }
}

extension ImageReference {
    /// The image as one that is decoded.
    fileprivate func source(place: String) throws(DatasetError) -> ImageSource {
        switch self {
        case .file(let path):
            RemotePaths.holds(path)
                ? .data(try RemotePaths.read(path, limit: ImageOptions().maximumBytes), label: path) : .file(path)
        case .url(let url): .url(url)
        case .bytes(let bytes): .data(bytes, label: place)
        case .part(let part): .data(try part.read(), label: place)
        }
    }
}
