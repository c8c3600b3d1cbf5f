internal import Foundation

/// A question that people answer about images: one label of a list, several, or a text of their own.
///
/// Answers are annotations of the store, under ``name``. A store has at most one task of each kind.
public struct LabelTask: Sendable, Hashable, Codable {
    /// The form of an answer.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// One label.
        case single
        /// Any number of labels.
        case multiple
        /// A phrase.
        case text
    }

    /// The form of an answer.
    public let kind: Kind
    /// The labels, in the order of their keys.
    public private(set) var labels: [String]
    /// What renamed labels are called now, by what they were called.
    public private(set) var renamed: [String: String]

    /// The most labels of a task.
    public static let labelLimit = 100_000
    /// The most bytes of a label or a phrase.
    public static let byteLimit = 1_000

    /// A task with the labels that there are at first.
    ///
    /// - Throws: ``LabelError`` for a label that cannot be one, and for two that are the same.
    public init(_ kind: Kind, labels: [String] = []) throws(LabelError) {
        (self.kind, self.labels, renamed) = (kind, [], [:])
        var known: Set<String> = []
        for label in labels {
            let label = try Self.checked(label)
            guard known.insert(label).inserted else {
                throw LabelError("the label '\(Self.shown(label))' is given twice; give it once")
            }
            try room(for: known.count)
            self.labels.append(label)
        }
    }

    /// What the store calls the task: `label`, `labels` or `text`.
    public var name: String { Self.name(kind) }

    /// The name of the task of a kind.
    public static func name(_ kind: Kind) -> String {
        switch kind {
        case .single: "label"
        case .multiple: "labels"
        case .text: "text"
        }
    }

    /// A label as it is kept: without white space around it, in composed form (NFC).
    ///
    /// - Throws: ``LabelError`` where it is empty, too long, or holds a line break or another control character.
    public static func checked(_ label: String) throws(LabelError) -> String {
        let text = label.precomposedStringWithCanonicalMapping.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !text.isEmpty else { throw LabelError("a label is empty; give at least one character") }
        guard text.utf8.count <= byteLimit else {
            throw LabelError(
                "the label '\(shown(text))' has \(text.utf8.count) bytes; the most are \(byteLimit)")
        }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw LabelError("the label '\(shown(text))' holds a control character; remove it")
        }
        return text
    }

    /// The beginning of a label, for messages.
    static func shown(_ label: String) -> String {
        let plain = label.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : String($0) }.joined()
        return plain.count > 60 ? plain.prefix(60) + "…" : plain
    }

    private func room(for count: Int) throws(LabelError) {
        guard count <= Self.labelLimit else { throw LabelError("a task has \(Self.labelLimit) labels at most") }
    }

    /// What a label is called now.
    public func current(_ label: String) -> String { renamed[label] ?? label }

    /// Adds a label.
    ///
    /// - Returns: the label as it is kept; one that is there already stays where it is.
    /// - Throws: ``LabelError`` where it cannot be one.
    @discardableResult
    public mutating func add(_ label: String) throws(LabelError) -> String {
        let label = try Self.checked(label)
        guard !labels.contains(label) else { return label }
        try room(for: labels.count + 1)
        // A name that was given up is taken again by whoever uses it for something new.
        renamed[label] = nil
        labels.append(label)
        return label
    }

    /// Gives a label another name, which may be that of another label: the two become one.
    ///
    /// - Throws: ``LabelError`` where there is no such label, or the new name cannot be one.
    public mutating func rename(_ label: String, to name: String) throws(LabelError) {
        let name = try Self.checked(name)
        guard let place = labels.firstIndex(of: label) else {
            throw LabelError("there is no label '\(Self.shown(label))' to rename")
        }
        guard name != label else { return }
        if labels.contains(name) { labels.remove(at: place) } else { labels[place] = name }
        for (old, new) in renamed where new == label { renamed[old] = name }
        renamed[label] = name
        renamed[name] = nil
    }

    /// Reads a list of labels, one a line; blank lines are passed over.
    ///
    /// - Parameter path: what errors call the list.
    /// - Throws: ``LabelError`` naming the line.
    public static func list(_ text: String, path: String) throws(LabelError) -> [String] {
        var labels: [String] = []
        var lines: [String: Int] = [:]
        let text = String(text.unicodeScalars.drop { $0 == "\u{FEFF}" })
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
        where !line.allSatisfy(\.isWhitespace) {
            let label: String
            do { label = try checked(String(line)) } catch {
                throw LabelError("\(path), line \(number + 1): \(error.description)")
            }
            if let first = lines[label] {
                throw LabelError(
                    "\(path), line \(number + 1): the label '\(shown(label))' stands on line \(first) already; remove one"
                )
            }
            guard labels.count < labelLimit else {
                throw LabelError("\(path), line \(number + 1): a task has \(labelLimit) labels at most")
            }
            lines[label] = number + 1
            labels.append(label)
        }
        guard !labels.isEmpty else { throw LabelError("\(path): holds no label; write one a line") }
        return labels
    }
}
