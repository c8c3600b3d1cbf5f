import Diptych
import DiptychDatasets
import DiptychEvaluation
import DiptychMedia
import DiptychTokenizers

/// Images and texts of a split, and which belong together.
struct RetrievalSet {
    /// Whole numbers or texts.
    var imageIDs: [JSONValue] = []
    var textIDs: [JSONValue] = []
    /// The words of each text, where they are known.
    var texts: [String] = []
    /// The images of each text by their places.
    var imagesOfTexts: [[Int]] = []
    /// The annotation as it stands, with images that are not there.
    var truth: [PredictionLines.Entry] = []
    /// Images that texts name and that are not there.
    var missing = 0

    private var places: [String: Int] = [:]

    /// Adds an image; false where its id is there already.
    mutating func add(image id: JSONValue) -> Bool {
        guard places.updateValue(imageIDs.count, forKey: id.text) == nil else { return false }
        imageIDs.append(id)
        return true
    }

    /// Adds a text behind all images.
    mutating func add(text id: JSONValue, _ words: String?, of images: [JSONValue]) {
        textIDs.append(id)
        if let words { texts.append(words) }
        let own = images.compactMap { places[$0.text] }
        missing += images.count - own.count
        imagesOfTexts.append(own)
        truth.append(.init(query: id, answers: images))
    }

    /// Tells one set of ids and pairs from another.
    var digest: String {
        var text = ""
        for id in imageIDs { text += id.text + "\n" }
        for (id, own) in zip(textIDs, imagesOfTexts) { text += "\(id.text) \(own)\n" }
        return Self.hash(text)
    }

    /// Tells the words of one set from another's; nil where they are not known.
    var wordsDigest: String? { texts.isEmpty ? nil : Self.hash(texts.joined(separator: "\n")) }

    static func hash(_ text: String) -> String {
        let hash = ContentHash(text.utf8)
        return [hash.high, hash.low].map { number in
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

/// The images of a split, one after the other, and then its texts.
final class PairReader: Sequence, IteratorProtocol {
    private var source: any PairSource
    /// What ended the reading early.
    private(set) var failure: DatasetError?

    init(_ part: DatasetPart) throws { source = try part.pairs() }

    /// The next image, or why it cannot be read.
    func next() -> Result<PairImage, DatasetError>? {
        guard failure == nil else { return nil }
        do throws(DatasetError) { return try source.nextImage().map { .success($0) } } catch {
            guard !error.place.isEmpty else {
                failure = error
                return nil
            }
            return .failure(error)
        }
    }

    /// Gives each text.
    func texts(_ skip: (DatasetError) -> Void, _ body: (PairText) -> Void) throws {
        while true {
            do throws(DatasetError) {
                guard let text = try source.nextText() else { return }
                body(text)
            } catch {
                guard !error.place.isEmpty else { throw error }
                skip(error)
            }
            try Task.checkCancellation()
        }
    }
}

/// A split with its features.
struct RetrievalFeatures {
    var set: RetrievalSet
    let images: Embeddings
    let texts: Embeddings

    private static let textsAtOnce = 256

    /// Features that are known.
    init(set: RetrievalSet, images: Embeddings, texts: Embeddings) {
        (self.set, self.images, self.texts) = (set, images, texts)
    }

    /// Reads a split and embeds it.
    ///
    /// - Parameter skip: takes each image and text that is left out.
    init(
        _ part: DatasetPart, by model: any DualEncoder, _ options: ImageOptions, isQuiet: Bool,
        skip: (DatasetError) -> Void
    ) async throws {
        (set, images) = try await Self.read(part, by: model, options, isQuiet: isQuiet, skip: skip)
        texts = try await Self.embed(set.texts, by: model, isQuiet: isQuiet)
    }

    /// Reads a split and embeds its images.
    ///
    /// - Parameter skip: takes each image and text that is left out.
    static func read(
        _ part: DatasetPart, by model: any Embedder, _ options: ImageOptions, normalize: Bool = true, isQuiet: Bool,
        skip: (DatasetError) -> Void
    ) async throws -> (RetrievalSet, Embeddings) {
        var set = RetrievalSet()
        var values: [Float] = []
        let reader = try PairReader(part)
        let preprocessing = model.preprocessing
        let progress = Progress("images", total: nil, isQuiet: isQuiet)
        defer { progress.end() }
        try await model.embedBatches(
            reader, readingFrom: { _ in nil }, normalize: normalize,
            load: { input in
                let image = try input.get()
                let read = try preprocessing.preprocessed(
                    image.bytes(), label: "\(image.path): \(image.place)", options: options)
                return LoadedInput(facts: image.id, pixels: read.pixels)
            },
            { items in
                for item in items {
                    do {
                        let (id, embedding) = try item.result.get()
                        guard set.add(image: ChineseClipFiles.id(of: id)) else {
                            throw Failure("the id \(id) stands there already")
                        }
                        values += embedding?.values ?? []
                    } catch let error as DatasetError { skip(error) } catch { skip(Self.error(error, of: item.input)) }
                }
                progress.update((items.last?.index ?? 0) + 1)
            })
        try Task.checkCancellation()
        if let failure = reader.failure { throw failure }
        try reader.texts(skip) { text in set.add(text: text.id, text.text, of: text.imageIDs) }
        guard set.imageIDs.count > 0 else { throw Failure("\(part.path): none of its images can be read") }
        guard set.textIDs.count > 0 else { throw Failure("\(part.path): has no texts") }
        return (set, Embeddings(values: values, dimension: model.dimension))
    }

    /// An image's failure with its place.
    private static func error(_ error: any Error, of input: Result<PairImage, DatasetError>) -> DatasetError {
        guard case .success(let image) = input else {
            return DatasetError(.unreadable, path: "", "\(error)")
        }
        let reason = (error as? ImageError)?.reason ?? Failure.describe(error)
        return DatasetError(.malformed, path: image.path, place: image.place, reason)
    }

    /// Embeds texts as Chinese-CLIP's evaluation does: its tokenizer gets straight quotation marks for curly ones.
    static func embed(_ texts: [String], by model: any DualEncoder, isQuiet: Bool) async throws -> Embeddings {
        let progress = Progress("texts", total: texts.count, isQuiet: isQuiet)
        defer { progress.end() }
        var values: [Float] = []
        values.reserveCapacity(texts.count * model.dimension)
        for start in stride(from: 0, to: texts.count, by: textsAtOnce) {
            try Task.checkCancellation()
            let some = texts[start..<min(start + textsAtOnce, texts.count)].map { Self.words($0, for: model) }
            values += try await model.embed(texts: some).values
            progress.update(start + some.count)
        }
        return Embeddings(values: values, dimension: model.dimension)
    }

    /// A text as a model's evaluation reads it.
    static func words(_ text: String, for model: any DualEncoder) -> String {
        guard model.tokenizer is BERTTokenizer else { return text }
        return text.replacing("“", with: "\"").replacing("”", with: "\"")
    }
}
