internal import Diptych
internal import Foundation

/// A labelled sheet, as a model sees it.
public struct LabelledSheet: Sendable {
    /// For each tile the cosine of each word.
    public var similarities: [[Float]]
    /// For each tile, whether it shows each word.
    public var shows: [[Bool]]
    /// The confidence of the layout that was found, 0 where none was, and whether it is right.
    public var layout: (confidence: Float, isRight: Bool)

    /// Joins cosines and labels.
    public init(
        similarities: [[Float]], shows: [[Bool]], layout: (confidence: Float, isRight: Bool) = (1, true)
    ) {
        (self.similarities, self.shows, self.layout) = (similarities, shows, layout)
    }
}

extension TileCalibration {
    /// Fits a calibration to labelled sheets: the neutral cosine that makes the fewest mistakes, the temperature that makes
    /// probabilities right (maximum likelihood), and the confidence below which a tenth of sheets are.
    ///
    /// - Throws: ``TileError`` where there are no matches, or nothing else.
    public init(fitting sheets: [LabelledSheet], fingerprint: String) throws(TileError) {
        var pairs: [(cosine: Float, shows: Bool)] = []
        for sheet in sheets {
            for (cosines, labels) in zip(sheet.similarities, sheet.shows) {
                pairs += zip(cosines, labels).map { ($0, $1) }
            }
        }
        pairs.sort { $0.cosine < $1.cosine }
        let positives = pairs.count { $0.shows }
        guard positives > 0, positives < pairs.count else {
            throw TileError("a calibration needs sheets with tiles that show their words and tiles that do not")
        }
        // Below the cut nothing shows: mistakes are the matches below and the others above.
        var mistakes = pairs.count - positives
        var (least, cuts) = (mistakes, [pairs[0].cosine])
        for (place, pair) in pairs.enumerated() {
            mistakes += pair.shows ? 1 : -1
            let next = place + 1 < pairs.count ? pairs[place + 1].cosine : pair.cosine
            guard next > pair.cosine || place + 1 == pairs.count else { continue }
            let cut = (pair.cosine + next) / 2
            if mistakes < least { (least, cuts) = (mistakes, [cut]) } else if mistakes == least { cuts.append(cut) }
        }
        let neutral = cuts[cuts.count / 2]
        let temperature = Self.temperature(pairs, neutral)
        self.init(
            neutral: neutral, temperature: temperature, sure: 0.5, fingerprint: fingerprint, sheets: sheets.count)
        let confidences = sheets.map { confidence(of: $0) }.sorted()
        sure = confidences[min(confidences.count - 1, confidences.count / 10)]
    }

    /// The temperature under which labels are most likely, by golden section over its logarithm.
    private static func temperature(_ pairs: [(cosine: Float, shows: Bool)], _ neutral: Float) -> Float {
        func loss(_ logarithm: Double) -> Double {
            let temperature = exp(logarithm)
            return pairs.reduce(0) { sum, pair in
                let logit = Double(TileDecision.scale) * Double(pair.cosine - neutral) / temperature
                let signed = pair.shows ? logit : -logit
                return sum + (signed > 0 ? log1p(exp(-signed)) : log1p(exp(signed)) - signed)
            }
        }
        var (low, high) = (log(0.05), log(200.0))
        let ratio = (5.0.squareRoot() - 1) / 2
        for _ in 0..<40 {
            let (a, b) = (high - ratio * (high - low), low + ratio * (high - low))
            if loss(a) < loss(b) { high = b } else { low = a }
        }
        return Float(exp((low + high) / 2))
    }

    /// How sure the least sure tile of a sheet is, times the layout's confidence.
    public func confidence(of sheet: LabelledSheet) -> Float {
        var least: Float = 1
        for cosine in sheet.similarities.joined() {
            let margin = abs(Double(TileDecision.scale) * Double(cosine - neutral)) / Double(temperature)
            least = min(least, Float(1 / (1 + exp(-margin))))
        }
        return least * sheet.layout.confidence
    }

    /// Whether its layout was found, and all of a sheet's tiles are decided as they are labelled.
    public func isRight(_ sheet: LabelledSheet) -> Bool {
        sheet.layout.isRight
            && zip(sheet.similarities.joined(), sheet.shows.joined()).allSatisfy { ($0 >= neutral) == $1 }
    }

    /// The share of sheets that are all right, of those that are most sure.
    ///
    /// - Parameter coverage: the share of sheets that are answered.
    public func accuracy(of sheets: [LabelledSheet], coverage: Double) -> Double {
        let sorted = sheets.map { (confidence(of: $0), isRight($0)) }.sorted { $0.0 > $1.0 }
        let count = max(1, Int((Double(sorted.count) * coverage).rounded()))
        return Double(sorted.prefix(count).count { $0.1 }) / Double(min(count, max(1, sorted.count)))
    }
}
