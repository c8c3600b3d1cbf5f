internal import Diptych
internal import DiptychMedia
internal import DiptychReading
internal import DiptychTiles
internal import HTTPTypes
internal import Synchronization

/// What `POST /v1/tiles` takes.
struct TilesBody: BodyFields {
    static let names = [
        "image", "tiles", "words", "rows", "columns", "threshold", "count", "assign", "neutral", "read", "languages",
        "model",
    ]
    let sheet: ImageInput?
    let tiles: [ImageInput]
    let words: [String]
    let rows: Int?
    let columns: Int?
    let threshold: Float?
    let count: Int?
    let assigns: Bool
    let neutral: [String]
    let reads: Bool
    let languages: [String]
    let model: String?

    /// The most words of a request.
    private static let mostWords = 64

    init(_ fields: Fields) throws {
        sheet = try fields.image("image")
        let given = try fields.images("tiles")
        if let given, given.isEmpty { throw Problem.badField("tiles", "'tiles' must be a list of at least one") }
        tiles = given ?? []
        guard (sheet == nil) != tiles.isEmpty else {
            throw Problem.badRequest("give one sheet as 'image', or several images as 'tiles'")
        }
        words = try Self.texts("words", fields)
        neutral = try Self.texts("neutral", fields)
        reads = try fields.flag("read")
        guard reads != !words.isEmpty else {
            throw Problem.badRequest("give 'words', or 'read' to take them from the sheet; one of both")
        }
        guard !reads || tiles.isEmpty else { throw Problem.badRequest("'read' needs a sheet") }
        rows = try fields.integer("rows", in: 1...TileLayout.limit)
        columns = try fields.integer("columns", in: 1...TileLayout.limit)
        guard (rows == nil) == (columns == nil), rows == nil || tiles.isEmpty else {
            throw Problem.badRequest("'rows' and 'columns' go together, with a sheet")
        }
        threshold = try fields.number("threshold", in: 0...1)
        count = try fields.integer("count", in: 1...TileLayout.limit)
        assigns = try fields.flag("assign")
        guard count == nil || !assigns else { throw Problem.badRequest("'count' and 'assign' exclude each other") }
        guard try reads || fields.text("languages") == nil else {
            throw Problem.badField("languages", "'languages' says how 'read' reads; without it, nothing is read")
        }
        languages = try ReadBody.languages(fields)
        model = try fields.text("model")
    }

    private static func texts(_ name: String, _ fields: Fields) throws -> [String] {
        guard let texts = try fields.texts(name) else { return [] }
        guard !texts.isEmpty else { throw Problem.badField(name, "'\(name)' must be a list of at least one") }
        if let empty = texts.firstIndex(where: \.isBlank) {
            throw Problem.badField(name, texts.count == 1 ? "'\(name)' is empty" : "'\(name)[\(empty)]' is empty")
        }
        guard texts.count <= mostWords else {
            throw Problem.badField(name, "'\(name)' has \(texts.count) members; the most are \(mostWords)")
        }
        return texts
    }
}

/// What `POST /v1/read` takes.
struct ReadBody: BodyFields {
    static let names = ["image", "languages"]
    let image: ImageInput
    let languages: [String]

    init(_ fields: Fields) throws {
        guard let image = try fields.image("image") else { throw Problem.missing("image") }
        self.image = image
        languages = try Self.languages(fields)
    }

    /// What answers call the image.
    var name: String {
        switch image {
        case .url(let url): ImageSource.url(url).description
        case .file(_, let name): name
        }
    }

    static func languages(_ fields: Fields) throws -> [String] {
        guard let text = try fields.text("languages") else { return TesseractReader.usualLanguages }
        let names = text.split { ",+ ".contains($0) }.map(String.init)
        let isName = { (name: String) in
            name.utf8.count <= 20 && name.utf8.allSatisfy { ($0 | 32) >= 97 && ($0 | 32) <= 122 || $0 == 95 }
        }
        guard !names.isEmpty, names.count <= 4, names.allSatisfy(isName) else {
            throw Problem.badField("languages", "'languages' must be one to four names such as chi_sim,eng")
        }
        return names
    }
}

/// Readers by their languages, which are opened once. The readers of a few sets of languages are kept.
final class TextReaders: Sendable {
    private let readers = Mutex<[(languages: [String], reader: TesseractReader)]>([])
    private static let most = 3

    /// - Throws: ``Problem``, 501 where there is no engine, 400 where it does not know a language.
    func reader(_ languages: [String]) throws -> TesseractReader {
        try readers.withLock { readers in
            if let known = readers.first(where: { $0.languages == languages }) { return known.reader }
            let reader: TesseractReader
            do throws(ReadingError) { reader = try TesseractReader(languages: languages) } catch {
                guard languages != TesseractReader.usualLanguages else {
                    throw Problem(status: .notImplemented, detail: error.description)
                }
                throw Problem.badField("languages", error.description)
            }
            readers.append((languages, reader))
            if readers.count > Self.most { readers.removeFirst() }
            return reader
        }
    }
}

extension ReadLine {
    /// As answers show it.
    var json: JSON {
        [
            "text": .string(text), "box": .array([box.x, box.y, box.width, box.height].map(JSON.int)),
            "confidence": .float(confidence),
        ]
    }
}
