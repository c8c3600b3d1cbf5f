extension Filter: CustomStringConvertible {
    /// The filter in its language; reading it gives the same filter back.
    public var description: String { text(within: .alternatives) }

    /// How tightly what stands around holds together.
    private enum Level: Int { case alternatives, conjunction, negation }

    private func text(within level: Level) -> String {
        func group(_ filters: [Filter], _ word: String, _ own: Level) -> String {
            let text = filters.map { $0.text(within: Level(rawValue: own.rawValue + 1) ?? .negation) }
                .joined(separator: " \(word) ")
            return own.rawValue < level.rawValue ? "(\(text))" : text
        }
        return switch self {
        // Nothing is everywhere known, so these two have no shorter form.
        case .all(let filters) where filters.isEmpty: "not (id in ('') and not id in (''))"
        case .any(let filters) where filters.isEmpty: "(id in ('') and not id in (''))"
        case .all(let filters): group(filters, "and", .conjunction)
        case .any(let filters): group(filters, "or", .alternatives)
        case .not(let filter): "not \(filter.text(within: .negation))"
        case .compare(let field, let comparison, let value):
            "\(Self.name(field)) \(comparison.rawValue) \(Self.text(value, field))"
        case .oneOf(let field, let values):
            "\(Self.name(field)) in (\(values.map { Self.text($0, field) }.joined(separator: ", ")))"
        case .like(let field, let pattern): "\(Self.name(field)) like \(Self.quoted(pattern))"
        case .under(let folder): "path under \(Self.quoted(folder))"
        case .matches(let phrases): "caption matches \(Self.quoted(phrases.map(Self.text).joined(separator: " ")))"
        case .within(let box): "location within (\(box.south), \(box.west), \(box.north), \(box.east))"
        case .exists(let field): "exists \(Self.name(field))"
        }
    }

    private static func name(_ field: FilterField) -> String {
        if case .attribute(let name) = field { return "[\(name.doubling("]"))]" }
        return field.name
    }

    private static func text(_ value: FilterValue, _ field: FilterField) -> String {
        switch value {
        // A whole number that is read as seconds by itself stays what it is.
        case .integer(let seconds) where field.kind == .time && FilterDate.plainSeconds.contains(Double(seconds)): break
        case .integer, .number: if field.kind == .time { return "\(value.asNumber)s" }
        default: break
        }
        return switch value {
        case .integer(let value): String(value)
        // With a decimal point or an exponent, so that it stays what it is.
        case .number(let value): value.description
        case .text(let text): quoted(text)
        case .bool(let value): value ? "true" : "false"
        }
    }

    private static func text(_ phrase: CaptionPhrase) -> String {
        // Words of more than one character stand side by side only where something parts them.
        phrase.words.joined(separator: "-") + (phrase.isPrefix ? "*" : "")
    }

    private static func quoted(_ text: String) -> String { "'\(text.doubling("'"))'" }
}

extension String {
    /// With every `mark` written twice.
    fileprivate func doubling(_ mark: Unicode.Scalar) -> String {
        var text = ""
        for scalar in unicodeScalars {
            text.unicodeScalars.append(scalar)
            if scalar == mark { text.unicodeScalars.append(mark) }
        }
        return text
    }
}
