internal import Foundation

/// What the files of Amazon's tools say: `~/.aws/credentials` and `~/.aws/config`, or `~/.boto` with Google's keys.
public struct KeyFile: Sendable {
    private var sections: [String: [String: String]] = [:]

    /// Reads lines of `[section]` and `name = value`; anything else is passed over.
    public init(_ text: String) {
        var section = ""
        for line in text.split(whereSeparator: \.isNewline) {
            // What is indented belongs to a value before.
            guard let first = line.first, !first.isWhitespace, first != "#", first != ";" else { continue }
            let trimmed = Self.trimmed(line)
            if trimmed.hasPrefix("["), trimmed.hasSuffix("]") {
                section = Self.trimmed(trimmed.dropFirst().dropLast())
            } else if let equals = trimmed.firstIndex(of: "=") {
                let name = Self.trimmed(trimmed[..<equals]).lowercased()
                sections[section, default: [:]][name] = Self.trimmed(trimmed[trimmed.index(after: equals)...])
            }
        }
    }

    /// A value of a section; nil where it is missing or empty.
    public subscript(section: String, name: String) -> String? {
        sections[section]?[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A value of a profile: `[name]`, or `[profile name]` as `config` has it.
    public func value(_ name: String, profile: String) -> String? {
        self[profile, name] ?? self["profile \(profile)", name]
    }

    private static func trimmed(_ text: some StringProtocol) -> String { text.trimmingCharacters(in: .whitespaces) }
}
