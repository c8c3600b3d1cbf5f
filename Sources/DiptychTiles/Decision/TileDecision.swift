public import Diptych
internal import Foundation

/// Against what a word is weighed.
public enum TileNeutral: Sendable, Equatable {
    /// Texts, as they are given: the probability is the softmax over them and the word.
    case texts([String])
    /// A cosine, which labelled sheets told.
    case similarity(Float)

    /// What stands for "something else" with a model that was not calibrated.
    public static let general = TileNeutral.texts(["a picture", "something else", "a background", "图片", "其他东西"])
}

/// How tiles are chosen.
public struct TileOptions: Sendable, Equatable {
    /// From which probability a tile matches.
    public var threshold: Float
    /// This many tiles for each word, whatever their probability; nil for those at or above the threshold.
    public var count: Int?
    /// Whether each word gets one tile, and no tile two words.
    public var assigns: Bool
    /// Against what words are weighed.
    public var neutral: TileNeutral
    /// See ``TileCalibration/temperature``.
    public var temperature: Float
    /// See ``TileCalibration/sure``.
    public var sure: Float

    /// The usual choice with a model that has a calibration, or none.
    public init(_ calibration: TileCalibration? = nil) {
        threshold = calibration?.threshold ?? 0.5
        (count, assigns) = (nil, false)
        neutral = calibration.map { .similarity($0.neutral) } ?? .general
        (temperature, sure) = (calibration?.temperature ?? 1, calibration?.sure ?? 0.6)
    }
}

/// Which tiles show which words.
public struct TileDecision: Sendable, Equatable {
    /// For each tile the probability of each word: softmax of 100 · cosine over the neutral and the word.
    public var probabilities: [[Float]]
    /// For each tile the cosine of each word.
    public var similarities: [[Float]]
    /// For each word the places of its tiles, from 0, in reading order.
    public var matches: [[Int]]
    /// How sure the least sure part is, 0.5 to 1.
    public var confidence: Float
    /// Why it is unsure; nil where it is not.
    public var reason: String?

    /// What cosines are multiplied by before the softmax, whatever the model's own scale.
    public static let scale: Float = 100

    /// Decides.
    ///
    /// - Parameters:
    ///   - tiles: an embedding a tile.
    ///   - words: an embedding a word.
    ///   - neutrals: an embedding a text of ``TileOptions/neutral``; none for a cosine.
    ///   - names: the words, for reasons.
    ///   - layout: how likely the tiles are tiles at all; see ``TileLayout/confidence``.
    public init(
        tiles: Embeddings, words: Embeddings, neutrals: Embeddings?, names: [String], options: TileOptions,
        layout: Float = 1
    ) {
        let cosines = tiles.similarity(to: words)
        let others = neutrals.map { tiles.similarity(to: $0) }
        var margins: [[Double]] = []
        (similarities, probabilities) = ([], [])
        for tile in 0..<tiles.count {
            let own = (0..<words.count).map { cosines[tile, $0] }
            var neutral: [Float] = []
            if let others { neutral = (0..<others.columns).map { others[tile, $0] } }
            if case .similarity(let value) = options.neutral { neutral = [value] }
            // The logarithm of the odds of the word against all neutrals.
            let logits = own.map { word -> Double in
                let scaled = neutral.map { Double(Self.scale) * Double($0) }
                let most = scaled.max() ?? 0
                let all = most + log(scaled.reduce(0) { $0 + exp($1 - most) })
                return Double(Self.scale) * Double(word) - all
            }
            similarities.append(own)
            probabilities.append(logits.map { Float(1 / (1 + exp(-$0))) })
            margins.append(logits)
        }
        (matches, confidence, reason) = ([], 1, nil)
        choose(margins, names, options)
        confidence *= layout
        if confidence < options.sure, reason == nil { reason = "the grid of tiles is not clear" }
    }

    private mutating func choose(_ logits: [[Double]], _ names: [String], _ options: TileOptions) {
        let (tiles, words) = (logits.count, names.count)
        let threshold = min(max(Double(options.threshold), 1e-6), 1 - 1e-6)
        let cut = log(threshold / (1 - threshold)), temperature = Double(options.temperature)
        func sure(_ margin: Double) -> Float { Float(1 / (1 + exp(-abs(margin) / temperature))) }
        if options.assigns {
            // By the logarithm where probabilities are all but 0 or 1 they would be ties; the sum of probabilities decides.
            let places = Assignment.least(
                (0..<words).map { word in (0..<tiles).map { -Double(probabilities[$0][word]) } })
            matches = places.map { $0.map { [$0] } ?? [] }
            if words > tiles {
                reason = "there are \(words) words and \(tiles) tiles; \(words - tiles) words have none"
            }
            for (word, place) in places.enumerated() {
                guard let place else { continue }
                note(sure(logits[place][word] - cut), isBelow: logits[place][word] < cut, place, names[word], options)
            }
        } else if let count = options.count {
            for word in 0..<words {
                let order = (0..<tiles).sorted { (logits[$1][word], $0) < (logits[$0][word], $1) }
                matches.append(order.prefix(count).sorted())
                if count > tiles { reason = "there are \(tiles) tiles, fewer than the \(count) that were asked for" }
                if count < tiles, count > 0 {
                    let gap = logits[order[count - 1]][word] - logits[order[count]][word]
                    note(sure(gap / 2), isBelow: false, order[count - 1], names[word], options)
                }
                for place in order.prefix(count) where logits[place][word] < cut {
                    note(sure(logits[place][word] - cut), isBelow: true, place, names[word], options)
                }
            }
        } else {
            for word in 0..<words {
                matches.append((0..<tiles).filter { probabilities[$0][word] >= options.threshold })
                for tile in 0..<tiles {
                    note(sure(logits[tile][word] - cut), isBelow: false, tile, names[word], options)
                }
            }
        }
    }

    /// Takes in how sure a part is.
    private mutating func note(
        _ sure: Float, isBelow: Bool, _ tile: Int, _ word: String, _ options: TileOptions
    ) {
        // What was taken although it is below the threshold is no more sure than a coin.
        let sure = isBelow ? 0.5 : sure
        guard sure < confidence else { return }
        confidence = sure
        guard sure < options.sure, reason == nil || confidence < options.sure, !isFinal else { return }
        reason =
            isBelow
            ? "tile \(tile + 1) was taken for '\(word)' and is below the threshold"
            : "tile \(tile + 1) shows '\(word)' or not: too near to tell"
    }

    /// Whether the reason is one of numbers, which nothing else replaces.
    private var isFinal: Bool { reason?.hasPrefix("there are ") ?? false }
}
