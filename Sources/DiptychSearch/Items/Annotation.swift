internal import Foundation

/// A statement by a person or a model about a part of an asset.
public struct Annotation: Sendable, Hashable {
    /// How it came to be.
    public enum Origin: Sendable, Hashable {
        /// Somebody typed or chose it.
        case typed
        /// A model suggested it with this probability, and somebody accepted it.
        case accepted(probability: Double)
        /// A model suggested something else with this probability, and somebody changed it.
        case changed(probability: Double)
        /// It comes from a file.
        case imported
        /// What was said last was taken back; this is what stood in the revision before, 0 where nothing did.
        case undone(to: Int)
    }

    /// The number of the part; that of a whole asset is the asset's.
    public var part: Int64
    /// The task it answers, for example `labels`.
    public var task: String
    /// What is said: a text, a list of texts, or what else the task takes; nil takes back what was said.
    public var value: AttributeValue?
    /// Who says it.
    public var author: String
    /// How it came to be.
    public var origin: Origin
    /// When it was said, in seconds since 1970; nil for now.
    public var time: Double?
    /// What else is known of how it came to be, such as how long it took and what was suggested: an object; nil for nothing.
    public var details: AttributeValue?

    /// The most bytes of a value as JSON.
    public static let byteLimit = 1 << 20
    /// The most bytes of its details as JSON.
    public static let detailsByteLimit = 1 << 13
    /// The most bytes of a task's or an author's name.
    public static let nameLimit = 200

    /// Says something about a part.
    public init(
        part: Int64, task: String, value: AttributeValue?, author: String, origin: Origin = .typed, time: Double? = nil,
        details: AttributeValue? = nil
    ) {
        self.part = part
        self.task = task
        self.value = value
        self.author = author
        self.origin = origin
        self.time = time
        self.details = details
    }

    /// The details as JSON, within the limits.
    package func encodedDetails() throws(AttributeError) -> String? {
        guard let details else { return nil }
        guard details.depth <= AttributeText.depthLimit else {
            throw AttributeError("its details stand more than \(AttributeText.depthLimit) levels deep")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(details) else {
            throw AttributeError("its details hold a number that is not finite")
        }
        guard data.count <= Self.detailsByteLimit else {
            throw AttributeError("its details are \(data.count) bytes of JSON, the most are \(Self.detailsByteLimit)")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// The value as JSON, within the limits.
    package func encodedValue() throws(AttributeError) -> String? {
        for (name, text) in [("task", task), ("author", author)]
        where text.isEmpty || text.utf8.count > Self.nameLimit || text.utf8.contains(0) {
            throw AttributeError("its \(name) is empty, longer than \(Self.nameLimit) bytes, or holds a zero byte")
        }
        guard time?.isFinite != false else { throw AttributeError("its time is not a number") }
        guard origin.probability.map({ (0...1).contains($0) }) ?? true else {
            throw AttributeError("its probability is not between 0 and 1")
        }
        guard let value else { return nil }
        guard value.depth <= AttributeText.depthLimit else {
            throw AttributeError("its value stands more than \(AttributeText.depthLimit) levels deep")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else {
            throw AttributeError("its value holds a number that is not finite")
        }
        guard data.count <= Self.byteLimit else {
            throw AttributeError("its value is \(data.count) bytes of JSON, the most are \(Self.byteLimit)")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// The value in a text that ``encodedValue()`` made; nil for any other.
    package static func decodedValue(_ text: String) -> AttributeValue? {
        try? JSONDecoder().decode(AttributeValue.self, from: Data(text.utf8))
    }
}

extension Annotation.Origin {
    /// As a store names it.
    package var name: String {
        switch self {
        case .typed: "typed"
        case .accepted: "accepted"
        case .changed: "changed"
        case .imported: "imported"
        case .undone: "undone"
        }
    }

    /// The probability of the suggestion.
    package var probability: Double? {
        switch self {
        case .accepted(let probability), .changed(let probability): probability
        case .typed, .imported, .undone: nil
        }
    }

    /// The revision that is said once more.
    package var restored: Int? {
        if case .undone(let revision) = self { return revision }
        return nil
    }

    /// Reads what a store keeps; an unknown name counts as imported.
    package init(named name: String, probability: Double?, restored: Int?) {
        switch name {
        case "typed": self = .typed
        case "accepted": self = .accepted(probability: probability ?? 0)
        case "changed": self = .changed(probability: probability ?? 0)
        case "undone": self = .undone(to: restored ?? 0)
        default: self = .imported
        }
    }
}

/// An annotation as a store keeps it.
public struct StoredAnnotation: Sendable, Hashable {
    /// Its number in its store.
    public let id: Int64
    /// Which it is of those of its part and task, from 1.
    public let revision: Int
    /// The annotation itself.
    public let annotation: Annotation

    /// Numbers an annotation.
    public init(id: Int64, revision: Int, annotation: Annotation) {
        (self.id, self.revision, self.annotation) = (id, revision, annotation)
    }
}
