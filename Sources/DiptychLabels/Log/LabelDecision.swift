internal import DiptychSearch

/// A label that a model proposes for an image.
public struct LabelSuggestion: Sendable, Hashable {
    /// The label.
    public let label: String
    /// How probable it is, calibrated on what was confirmed before.
    public let probability: Double
    /// The same before calibration, which learns from it.
    public let raw: Double

    /// Proposes a label.
    public init(label: String, probability: Double, raw: Double) {
        (self.label, self.probability, self.raw) = (label, probability, raw)
    }
}

/// What somebody decides about an image, or about one of several that were chosen together.
public struct LabelDecision: Sendable, Hashable {
    /// Tells this decision from all others: who sends it again gets the same answer, and nothing is stored twice.
    public var id: String
    /// The part that it is about, mostly a whole image.
    public var part: Int64
    /// The labels, or the phrase.
    public var labels: [String]
    /// Whether it is left without an answer for now.
    public var isSkip = false
    /// How long it took.
    public var milliseconds: Int?
    /// What the model suggested.
    public var suggestion: LabelSuggestion?
    /// Whether the suggestion was kept from whoever decided, to measure what suggestions do.
    public var isBlind = false
    /// Decisions of one group are undone together.
    public var group: String?
    /// The revision that was seen: somebody else's later one is not written over. nil writes in any case.
    public var revision: Int?
    /// Whether the labels come to those that stand, where an image may have several; else they replace them.
    public var adds = false
    /// Whether it settles what several people answered differently.
    public var settles = false
    /// Whether it comes from a file.
    public var isImport = false
    /// When it was made, in seconds since 1970; nil for now.
    public var time: Double?

    /// Decides something.
    public init(id: String, part: Int64, labels: [String]) { (self.id, self.part, self.labels) = (id, part, labels) }

    /// The most bytes of an identifier of a decision or a group.
    public static let idLimit = 100

    /// How it came to be.
    var origin: Annotation.Origin {
        if isImport { return .imported }
        guard let suggestion, !isBlind, !isSkip else { return .typed }
        let probability = min(1, max(0, suggestion.probability))
        return labels == [suggestion.label] ? .accepted(probability: probability) : .changed(probability: probability)
    }

    /// What stands with it in the store.
    var details: AttributeValue {
        var members: [String: AttributeValue] = ["id": .text(id)]
        if isSkip { members["skipped"] = .bool(true) }
        if settles { members["settles"] = .bool(true) }
        if let milliseconds { members["ms"] = .integer(Int64(milliseconds)) }
        if let group { members["group"] = .text(group) }
        if let suggestion {
            members["suggested"] = .text(suggestion.label)
            members["probability"] = .number(suggestion.probability)
            members["raw"] = .number(suggestion.raw)
            members["blind"] = .bool(isBlind)
        }
        return .object(members)
    }
}

/// What became of a decision.
public enum LabelOutcome: Sendable, Equatable {
    /// It is on disk, as this revision of the part.
    case stored(revision: Int)
    /// It was on disk already, under the same identifier.
    case repeated(revision: Int)
    /// Somebody else decided meanwhile; nothing was written.
    case conflict(LabelState)
}

/// What holds for an image now.
public struct LabelState: Sendable, Equatable {
    /// The labels; empty where none is given.
    public let labels: [String]
    /// Whether somebody decided it, be it that no label fits.
    public let isDecided: Bool
    /// Whether it was left without an answer.
    public let isSkipped: Bool
    /// The last revision; 0 where nothing was ever said.
    public let revision: Int
    /// Who said it last.
    public let author: String?
}
