internal import DiptychEvaluation
internal import Foundation

/// What was done for a task: how much, how fast, how good suggestions were, what they did to decisions, and how far people agree.
public struct LabelReport: Sendable {
    /// What one person did.
    public struct Person: Sendable, Equatable {
        /// The person.
        public let name: String
        /// Decisions that stand.
        public let decisions: Int
        /// Images that were skipped.
        public let skips: Int
        /// The median time of a decision in milliseconds; nil where no time is known.
        public let median: Double?
    }

    /// Decisions with a suggestion that was shown, or kept back.
    public struct Suggestions: Sendable, Equatable {
        /// The decisions.
        public let count: Int
        /// The share of them that are what was suggested; nil without decisions.
        public let agreed: Double?
        /// The median time in milliseconds.
        public let median: Double?
    }

    /// Images with a decision that stands.
    public let decided: Int
    /// Images that were skipped.
    public let skipped: Int
    /// How many images have each label, the most first.
    public let labels: [(label: String, images: Int)]
    /// Everybody who decided.
    public let people: [Person]
    /// Where suggestions were shown.
    public let shown: Suggestions
    /// Where they were kept back, for one image in twenty.
    public let blind: Suggestions
    /// How far calibrated probabilities of suggestions are from what was decided; nil without suggestions.
    public let calibrationError: Double?
    /// Cohen's kappa of each two people.
    public let kappas: [(first: String, second: String, measure: Agreement.Measure)]
    /// Krippendorff's alpha of all.
    public let alpha: Agreement.Measure
    /// Images on which people disagree, and nobody has settled it.
    public let disputed: Int

    /// By how much people agree more with a suggestion that they see than with one that they do not: what suggestions talk them into.
    public var bias: Double? {
        guard let shown = shown.agreed, let blind = blind.agreed else { return nil }
        return shown - blind
    }

    /// How many times faster decisions are with a suggestion.
    public var speedUp: Double? {
        guard let shown = shown.median, let blind = blind.median, shown > 0 else { return nil }
        return blind / shown
    }

    /// Sums a log up.
    public init(_ log: LabelLog) {
        (decided, skipped) = (log.decided, log.skipped)
        labels = log.counts.filter { $0.value > 0 }.map { (label: $0.key, images: $0.value) }
            .sorted { ($1.images, $0.label) < ($0.images, $1.label) }
        let standing = log.records.filter { !$0.isUndone }
        people = log.authors.enumerated().map { number, name in
            let own = standing.filter { Int($0.author) == number }
            return Person(
                name: name, decisions: own.count { !$0.isSkip }, skips: own.count { $0.isSkip },
                median: Self.median(own.compactMap(\.milliseconds)))
        }.filter { $0.decisions + $0.skips > 0 }
        let suggested = standing.filter { $0.probability != nil && !$0.isSkip }
        shown = Self.suggestions(suggested.filter { !$0.isBlind })
        blind = Self.suggestions(suggested.filter(\.isBlind))
        let said = suggested.compactMap { record in record.probability.map { (probability: $0, isTrue: record.isRight) }
        }
        calibrationError = said.isEmpty ? nil : Calibration(said).expectedError
        disputed = log.parts.keys.count { log.isDisputed($0) }
        var answers: [[Int32: Int]] = []
        var numbers: [[String]: Int] = [:]
        // In the order of parts, as the draws of intervals go by it.
        for part in log.parts.keys.sorted() {
            let own = log.answers(part).filter { !$0.value.isSkip }
            guard own.count > 1 else { continue }
            answers.append(
                own.mapValues { entry in
                    let key = log.labels(entry).sorted()
                    numbers[key] = numbers[key] ?? numbers.count
                    return numbers[key] ?? 0
                })
        }
        var kappas: [(first: String, second: String, measure: Agreement.Measure)] = []
        for first in log.authors.indices {
            for second in log.authors.indices where second > first {
                let pairs = answers.compactMap { own in
                    own[Int32(first)].flatMap { one in own[Int32(second)].map { (one, $0) } }
                }
                guard !pairs.isEmpty else { continue }
                kappas.append((log.authors[first], log.authors[second], Agreement.kappa(pairs)))
            }
        }
        self.kappas = kappas
        alpha = Agreement.alpha(answers.map { $0.sorted { $0.key < $1.key }.map(\.value) })
    }

    private static func suggestions(_ records: [LabelLog.Record]) -> Suggestions {
        Suggestions(
            count: records.count,
            agreed: records.isEmpty ? nil : Double(records.count { $0.isRight }) / Double(records.count),
            median: median(records.compactMap(\.milliseconds)))
    }

    private static func median(_ values: [Int]) -> Double? {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return nil }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? Double(sorted[middle]) : Double(sorted[middle - 1] + sorted[middle]) / 2
    }
}
