public import Diptych
public import DiptychMedia

/// Which tiles of a sheet show which words, with the layout of the sheet.
public struct TileAnswer: Sendable {
    /// Where the tiles are; nil where no grid was found.
    public var layout: TileLayout?
    /// The words.
    public var words: [String]
    /// What was decided; nil where there was nothing to decide.
    public var decision: TileDecision?
    /// Why the answer is unsure; nil where it is not.
    public var reason: String?

    /// An answer that says why there is none.
    public init(layout: TileLayout? = nil, words: [String], reason: String) {
        (self.layout, self.words, decision, self.reason) = (layout, words, nil, reason)
    }

    /// An answer.
    public init(layout: TileLayout, words: [String], decision: TileDecision) {
        (self.layout, self.words, self.decision) = (layout, words, decision)
        reason = decision.reason ?? Self.problem(of: layout)
    }

    /// Why a layout is not one that can be trusted.
    static func problem(of layout: TileLayout) -> String? {
        if layout.boxes.count == 1 { return "there is one tile only" }
        let shortest = layout.boxes.map { min($0.width, $0.height) }.min() ?? 0
        return shortest < TileLayout.shortestSide
            ? "tiles are \(shortest) pixels wide or high; \(TileLayout.shortestSide) are needed to tell anything" : nil
    }

    /// As commands and the server answer.
    package var json: JSON {
        let tiles = (layout?.boxes ?? []).enumerated().map { index, box -> JSON in
            [
                "index": .int(index + 1),
                "box": .array([box.x, box.y, box.width, box.height].map(JSON.int)),
                "probabilities": .floats(decision?.probabilities[index] ?? []),
                "similarities": .floats(decision?.similarities[index] ?? []),
            ]
        }
        var members: [(String, JSON)] = [
            (
                "layout",
                layout.map { ["rows": .int($0.rows), "columns": .int($0.columns)] } ?? .null
            ),
            ("words", .array(words.map(JSON.string))), ("tiles", .array(tiles)),
            (
                "matches",
                .array((decision?.matches ?? words.map { _ in [] }).map { .array($0.map { .int($0 + 1) }) })
            ),
            ("unsure", .bool(reason != nil)),
        ]
        if let reason { members.append(("reason", .string(reason))) }
        return .object(members)
    }
}

/// Chooses tiles by words: words are embedded once, and used for any number of sheets.
///
/// ```swift
/// let chooser = try await TileChooser(words: ["a cat"], by: model)
/// let answer = try await chooser.answer(to: try Image.decode(file: "sheet.png"), by: model)
/// print(answer.decision?.matches ?? [], answer.reason ?? "sure")
/// ```
public struct TileChooser: Sendable {
    /// The words.
    public let words: [String]
    /// How tiles are chosen.
    public let options: TileOptions
    private let embeddings: Embeddings
    private let neutrals: Embeddings?

    /// Embeds words and neutral texts.
    ///
    /// - Throws: ``TileError`` where there are no words or one is empty; what the model throws.
    public init(words: [String], by texts: any TextEmbedder, options: TileOptions = TileOptions()) async throws {
        guard !words.isEmpty, words.allSatisfy({ !$0.allSatisfy(\.isWhitespace) }) else {
            throw TileError("there is nothing to look for: give at least one word")
        }
        (self.words, self.options) = (words, options)
        if case .texts(let neutral) = options.neutral, !neutral.isEmpty {
            let all = try await texts.embed(texts: words + neutral)
            let split = words.count * all.dimension
            embeddings = Embeddings(values: Array(all.values[..<split]), dimension: all.dimension)
            neutrals = Embeddings(values: Array(all.values[split...]), dimension: all.dimension)
        } else {
            embeddings = try await texts.embed(texts: words)
            neutrals = nil
        }
    }

    /// What embedded tiles of a layout show.
    public func answer(of tiles: Embeddings, in layout: TileLayout) -> TileAnswer {
        TileAnswer(
            layout: layout, words: words,
            decision: TileDecision(
                tiles: tiles, words: embeddings, neutrals: neutrals, names: words, options: options,
                layout: layout.confidence))
    }

    /// Finds the tiles of a sheet, and which show the words.
    ///
    /// - Parameter layout: where the tiles are, if that is known.
    /// - Throws: what the model throws.
    public func answer(
        to sheet: Image, layout given: TileLayout? = nil, by model: any Embedder
    ) async throws -> TileAnswer {
        guard let layout = given ?? LayoutFinder().layout(of: sheet) else {
            return TileAnswer(words: words, reason: TileAnswer.noGrid)
        }
        if let reason = Self.refusal(layout) { return TileAnswer(layout: layout, words: words, reason: reason) }
        let images = try layout.images(of: sheet, layout.boxes.indices)
        return answer(of: try await model.embed(images: images), in: layout)
    }

    /// Why tiles of a layout are not even looked at.
    public static func refusal(_ layout: TileLayout) -> String? {
        if layout.boxes.count > TileLayout.limit {
            return "\(layout.boxes.count) tiles are more than \(TileLayout.limit)"
        }
        let shortest = layout.boxes.map { min($0.width, $0.height) }.min() ?? 0
        return shortest < TileLayout.shortestSide ? TileAnswer.problem(of: layout) : nil
    }
}

extension TileAnswer {
    /// What is said of a sheet without tiles.
    public static let noGrid = "no grid of tiles was found; give rows and columns, or the tiles by themselves"
}
