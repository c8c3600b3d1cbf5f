internal import Diptych
internal import DiptychMedia
internal import DiptychReading
internal import DiptychSearch
internal import DiptychTiles
internal import Hummingbird

/// Which tiles of a sheet show words, and what text an image has.
struct TileRoutes: RouteGroup {
    let services: Services
    private let readers = TextReaders()

    init(services: Services) { self.services = services }

    var routes: [Route] {
        [
            .post("/v1/tiles", .read, takes: TilesBody.self, use: tiles),
            .post("/v1/read", .read, takes: ReadBody.self, use: read),
        ]
    }

    /// `POST /v1/read`.
    private func read(_ body: ReadBody, _ request: Request, _ context: ServerContext) async throws -> Response {
        let work = try await services.loader.load(body.image, as: "image")
        let (reading, readers) = (services.reading, readers)
        let lines = try await services.work.images.run {
            let image = try ImageDecoder(options: reading).decode(work.bytes, label: work.label)
            return try readers.reader(body.languages).lines(of: image, mode: .anywhere)
        }
        return JSON.object([("input", .string(body.name)), ("lines", .array(lines.map(\.json)))]).response()
    }

    /// `POST /v1/tiles`.
    private func tiles(_ body: TilesBody, _ request: Request, _ context: ServerContext) async throws -> Response {
        let model = try await services.models.model(named: body.model)
        _ = try model.encoder()
        let options = try await options(body, model)
        guard body.tiles.count <= context.limits.inputs else {
            throw Problem.badField(
                "tiles", "'tiles' has \(body.tiles.count) members; the most are \(context.limits.inputs)")
        }
        if let sheet = body.sheet { return try await answer(body, sheet, model, options) }
        var (rows, boxes): ([Float], [TileBox]) = ([], [])
        for (place, tile) in body.tiles.enumerated() {
            let work = try await services.loader.load(tile, as: "tiles[\(place)]")
            let embedded = try await model.embed(work)
            rows += embedded.embedding.values
            boxes.append(TileBox(x: 0, y: 0, width: embedded.size.width, height: embedded.size.height))
        }
        let layout = TileLayout(rows: 1, columns: boxes.count, boxes: boxes)
        if let reason = TileChooser.refusal(layout) {
            return TileAnswer(layout: layout, words: body.words, reason: reason).json.response()
        }
        let chooser = try await TileChooser(words: body.words, by: model, options: options)
        var answer = chooser.answer(of: Embeddings(values: rows, dimension: model.dimension), in: layout)
        if boxes.count == 1 { answer.reason = answer.decision?.reason }
        return answer.json.response()
    }

    /// What there is to do with a sheet, once it was looked at.
    private struct Seen: Sendable {
        var answer: TileAnswer?
        var layout: TileLayout?
        var image: Image?
        var words: [String] = []
    }

    private func answer(
        _ body: TilesBody, _ sheet: ImageInput, _ model: ServedModel, _ options: TileOptions
    ) async throws -> Response {
        let work = try await services.loader.load(sheet, as: "image")
        let (reading, readers) = (services.reading, readers)
        let seen = try await services.work.images.run { try Self.look(at: work, body, reading, readers) }
        if let answer = seen.answer { return answer.json.response() }
        guard let layout = seen.layout, let image = seen.image else {
            return TileAnswer(words: seen.words, reason: TileAnswer.noGrid).json.response()
        }
        var rows: [Float] = []
        // Some at a time: a thousand tiles as a model sees them are much memory.
        for start in stride(from: 0, to: layout.boxes.count, by: 32) {
            let range = start..<min(start + 32, layout.boxes.count)
            let preprocessing = model.model.preprocessing
            let prepared = try await services.work.images.run {
                try layout.images(of: image, range).enumerated().map { place, tile in
                    ImageWork(
                        bytes: [], label: "tile \(start + place + 1)",
                        content: ContentHash(of: tile.bytes + Array("\(tile.width)x\(tile.height)".utf8)), cost: 0,
                        prepared: try preprocessing.preprocessed(tile))
                }
            }
            for result in try await model.embed(prepared) { rows += try result.get().embedding.values }
        }
        let chooser = try await TileChooser(words: seen.words, by: model, options: options)
        let answer = chooser.answer(of: Embeddings(values: rows, dimension: model.dimension), in: layout)
        return answer.json.response()
    }

    /// Decodes a sheet, finds its tiles and, where that is asked for, its words.
    private static func look(
        at work: ImageWork, _ body: TilesBody, _ reading: ImageOptions, _ readers: TextReaders
    ) throws -> Seen {
        // A language that is not there is said whatever the sheet is.
        let reader = try body.reads ? readers.reader(body.languages) : nil
        let image = try ImageDecoder(options: reading).decode(work.bytes, label: work.label)
        var found: TileLayout?
        if let rows = body.rows, let columns = body.columns {
            guard rows * columns <= TileLayout.limit else {
                let reason = "\(rows) × \(columns) tiles are more than \(TileLayout.limit)"
                return Seen(answer: TileAnswer(words: body.words, reason: reason))
            }
            found = TileLayout.even(rows: rows, columns: columns, width: image.width, height: image.height)
            if found == nil {
                return Seen(
                    answer: TileAnswer(
                        words: body.words,
                        reason: "the sheet has \(image.width) × \(image.height) pixels, too few for these tiles"))
            }
        } else {
            found = LayoutFinder().layout(of: image)
        }
        guard let layout = found else {
            return Seen(answer: TileAnswer(words: body.words, reason: TileAnswer.noGrid))
        }
        if let reason = TileChooser.refusal(layout) {
            return Seen(answer: TileAnswer(layout: layout, words: body.words, reason: reason))
        }
        var words = body.words
        if let reader {
            words = try SheetInstruction(of: image, layout: layout, by: reader).words
            if words.isEmpty {
                return Seen(answer: TileAnswer(layout: layout, words: [], reason: SheetInstruction.unread))
            }
        }
        return Seen(layout: layout, image: image, words: words)
    }

    /// The options of a request with what is known of the model.
    private func options(_ body: TilesBody, _ model: ServedModel) async throws -> TileOptions {
        let path = TileCalibration.path(ofModelAt: model.model.path)
        var calibration = try await services.work.text.run { try TileCalibration.load(path) }
        if let known = calibration, !known.fingerprint.isEmpty, await model.model.fingerprint() != known.fingerprint {
            calibration = nil
        }
        var options = TileOptions(calibration)
        if !body.neutral.isEmpty { options.neutral = .texts(body.neutral) }
        if let threshold = body.threshold { options.threshold = threshold }
        (options.count, options.assigns) = (body.count, body.assigns)
        return options
    }
}
