/// How often the right one of some texts is the one that fits an image best.
///
/// A text that scores just as high as the right one counts as higher.
public struct ChoiceAccuracy: Sendable, Equatable {
    /// One question's outcome.
    public struct Outcome: Sendable, Equatable {
        /// The place of the right text among the choices, from 0.
        public let position: Int
        /// How many choices there were.
        public let choices: Int
        /// How many wrong texts score as high as the right one or higher.
        public let rank: Int
        /// The probability of the right text.
        public let probability: Double
    }

    /// The counts of some questions.
    public struct Count: Sendable, Equatable {
        /// The questions.
        public fileprivate(set) var questions = 0
        /// Those whose right text scores highest.
        public fileprivate(set) var right = 0
        /// The probabilities of right texts, added up.
        fileprivate var probabilities = 0.0

        /// The share of right answers; nil without questions.
        public var accuracy: Double? { questions > 0 ? Double(right) / Double(questions) : nil }
        /// The mean of the right texts' probabilities; nil without questions.
        public var meanProbability: Double? { questions > 0 ? probabilities / Double(questions) : nil }

        fileprivate mutating func add(_ outcome: Outcome) {
            questions += 1
            right += outcome.rank == 0 ? 1 : 0
            probabilities += outcome.probability
        }
    }

    /// The outcomes, in the order in which they were added.
    public private(set) var outcomes: [Outcome] = []
    /// The counts of all questions.
    public private(set) var all = Count()
    /// The counts of questions by the place of the right text.
    public private(set) var positions: [Count] = []

    /// No questions yet.
    public init() {}

    /// Adds a question.
    ///
    /// - Parameters:
    ///   - scores: one a choice, higher for nearer.
    ///   - probabilities: one a choice.
    ///   - label: the place of the right one.
    public mutating func add(scores: [Float], probabilities: [Float], label: Int) {
        precondition(scores.count == probabilities.count && scores.indices.contains(label), "scores of other choices")
        let outcome = Outcome(
            position: label, choices: scores.count, rank: RetrievalAccuracy.rank(scores, relevant: [label]),
            probability: Double(probabilities[label]))
        outcomes.append(outcome)
        all.add(outcome)
        while positions.count <= label { positions.append(Count()) }
        positions[label].add(outcome)
    }

    /// The 95 % interval of the share of right answers; nil for fewer than two questions.
    ///
    /// - Parameter clusters: the image of each question; without it, each is by itself.
    public func interval(clusters: [Int]? = nil, seed: UInt64 = 0) -> Interval? {
        ClusterBootstrap.intervals(
            of: [outcomes.map { $0.rank == 0 ? 1 : 0 }], bounds: 0...1, clusters: clusters ?? Array(outcomes.indices),
            seed: seed)?.first
    }
}

/// How often two images and two captions of the same words are told apart (Thrush and others, 2022, "Winoground").
public struct WinogroundAccuracy: Sendable, Equatable {
    /// One question's outcome.
    public struct Outcome: Sendable, Equatable {
        /// Whether each image is nearer to its own caption than to the other.
        public let text: Bool
        /// Whether each caption is nearer to its own image than to the other.
        public let image: Bool
        /// Whether both hold.
        public var group: Bool { text && image }
    }

    /// The outcomes, in the order in which they were added.
    public private(set) var outcomes: [Outcome] = []

    /// No questions yet.
    public init() {}

    /// Adds a question by its four scores; `scores[i][c]` is that of image i and caption c.
    public mutating func add(scores: [[Float]]) {
        precondition(scores.count == 2 && scores.allSatisfy { $0.count == 2 }, "two images and two captions")
        outcomes.append(
            Outcome(
                text: scores[0][0] > scores[0][1] && scores[1][1] > scores[1][0],
                image: scores[0][0] > scores[1][0] && scores[1][1] > scores[0][1]))
    }

    /// The share of questions for which something holds; nil without questions.
    public func share(_ path: KeyPath<Outcome, Bool>) -> Double? {
        outcomes.isEmpty ? nil : Double(outcomes.count { $0[keyPath: path] }) / Double(outcomes.count)
    }

    /// The 95 % interval of that share; nil for fewer than two questions.
    public func interval(_ path: KeyPath<Outcome, Bool>, seed: UInt64 = 0) -> Interval? {
        ClusterBootstrap.intervals(
            of: [outcomes.map { $0[keyPath: path] ? 1 : 0 }], bounds: 0...1, clusters: Array(outcomes.indices),
            seed: seed)?.first
    }
}
