public import DiptychBasics

/// A fault of a dataset: how often it is there, where, and what it costs.
public struct Finding: Sendable, Equatable {
    /// What it is.
    public let kind: FindingKind
    /// How often.
    public internal(set) var count: Int
    /// The first ones, each as `file:line: what`.
    public internal(set) var examples: [String]

    /// As JSON: `kind`, `severity`, `count`, `examples`, `cost`.
    public var json: JSONValue {
        .object([
            .init("kind", .string(kind.rawValue)), .init("severity", .string(kind.severity.rawValue)),
            .init("count", .int(Int64(count))), .init("examples", .array(examples.map(JSONValue.string))),
            .init("cost", .string(kind.cost)),
        ])
    }
}

/// What was found in a dataset.
public struct CheckReport: Sendable, Equatable {
    /// What was looked at of a split.
    public struct Split: Sendable, Equatable {
        /// Its name; nil of a dataset without splits.
        public let name: String?
        /// Images, with those that are broken.
        public internal(set) var images = 0
        /// Texts, with those that are broken.
        public internal(set) var texts = 0
    }

    /// The faults, errors first, each kind once.
    public internal(set) var findings: [Finding] = []
    /// What was looked at.
    public internal(set) var splits: [Split] = []

    /// Whether nothing was found.
    public var isClean: Bool { findings.isEmpty }

    /// As JSON: `findings`, and `splits` with their numbers.
    public var json: JSONValue {
        .object([
            .init("findings", .array(findings.map(\.json))),
            .init("images", .int(Int64(splits.reduce(0) { $0 + $1.images }))),
            .init("texts", .int(Int64(splits.reduce(0) { $0 + $1.texts }))),
            .init(
                "splits",
                .array(
                    splits.map { split in
                        .object([
                            .init("split", split.name.map(JSONValue.string) ?? .null),
                            .init("images", .int(Int64(split.images))), .init("texts", .int(Int64(split.texts))),
                        ])
                    })),
        ])
    }
}

/// Collects faults by their kind.
struct FindingList {
    private var found: [FindingKind: Finding] = [:]
    /// The most examples of a kind that are kept.
    let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func add(_ kind: FindingKind, _ example: @autoclosure () -> String) {
        var finding = found[kind] ?? Finding(kind: kind, count: 0, examples: [])
        finding.count += 1
        if finding.examples.count < limit { finding.examples.append(example()) }
        found[kind] = finding
    }

    /// Errors first, in the order of kinds.
    var all: [Finding] {
        FindingKind.allCases.compactMap { found[$0] }
            .sorted { $0.kind.severity < $1.kind.severity }
    }
}
