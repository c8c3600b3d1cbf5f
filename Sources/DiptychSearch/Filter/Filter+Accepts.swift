internal import Foundation

extension Filter {
    /// Whether an item with this id, path and attributes is accepted: what the filter means, spelled out, for stores that
    /// cannot ask their database.
    public func accepts(id: String, path: String, attributes: ItemAttributes) -> Bool {
        Subject(id: id, path: path, attributes: attributes).fits(self)
    }

    /// Whether an item of a store is accepted.
    public func accepts(_ item: StoredItem) -> Bool {
        accepts(id: item.id, path: item.path, attributes: item.attributes)
    }

    /// The folder of a path without the last slash; empty where there is none, `/` for what lies at the root.
    package static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// What stands behind the last slash of a path.
    package static func name(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return String(path[path.utf8.index(after: slash)...])
    }
}

/// An item that a filter is asked about.
private struct Subject {
    let id: String
    let path: String
    let attributes: ItemAttributes

    func fits(_ filter: Filter) -> Bool {
        switch filter {
        case .all(let filters): filters.allSatisfy(fits)
        case .any(let filters): filters.contains(where: fits)
        case .not(let filter): !fits(filter)
        case .compare(.videoTime, let comparison, let value):
            values(of: .videoTime).contains { VideoTimes(comparison, value).accepts(0, $0.asNumber) }
        case .compare(let field, .notEqual, let value):
            !values(of: field).isEmpty && !values(of: field).contains { Self.compare($0, .equal, value) }
        case .compare(let field, let comparison, let value):
            values(of: field).contains { Self.compare($0, comparison, value) }
        case .oneOf(let field, let wanted):
            values(of: field).contains { value in wanted.contains { Self.compare(value, .equal, $0) } }
        case .like(let field, let pattern):
            values(of: field).contains { value in
                guard case .text(let text) = value else { return false }
                return Self.matches(Array(text.unicodeScalars), Array(pattern.unicodeScalars))
            }
        case .under(let folder):
            path.utf8.starts(with: (folder == "/" ? "/" : folder + "/").utf8)
        case .matches(let phrases):
            attributes.caption.map(CaptionWords.split).map { words in
                phrases.allSatisfy { CaptionWords.contain(words, $0) }
            } ?? false
        case .within(let box):
            if let latitude = attributes.latitude, let longitude = attributes.longitude {
                box.contains(latitude: latitude, longitude: longitude)
            } else {
                false
            }
        case .exists(let field): exists(field)
        }
    }

    private func exists(_ field: FilterField) -> Bool {
        guard case .attribute(let name) = field else { return !values(of: field).isEmpty }
        return leaves.contains { $0.name == name || $0.name.utf8.starts(with: (name + ".").utf8) }
    }

    private var leaves: [(name: String, value: AttributeValue)] {
        attributes.other.flatMap { $0.value.leaves(named: $0.key) }
    }

    private func values(of field: FilterField) -> [FilterValue] {
        func text(_ text: String?) -> [FilterValue] { text.map { [.text($0)] } ?? [] }
        func number(_ number: Double?) -> [FilterValue] { number.map { [.number($0)] } ?? [] }
        switch field {
        case .id: return text(id)
        case .path: return text(path)
        case .folder: return text(Filter.folder(of: path))
        case .name: return text(Filter.name(of: path))
        case .type: return text(attributes.type)
        case .kind: return text(attributes.kind.rawValue)
        case .bytes: return [.integer(Int64(attributes.bytes))]
        case .width: return [.integer(Int64(attributes.width))]
        case .height: return [.integer(Int64(attributes.height))]
        case .duration: return number(attributes.duration)
        // Of an item: the last second at which something may be found, see VideoTimes.
        case .videoTime: return attributes.kind == .video ? number(attributes.duration) : []
        case .modified: return number(attributes.modified)
        case .taken: return number(attributes.taken)
        case .added: return number(attributes.added)
        case .camera: return text(attributes.camera)
        case .latitude: return number(attributes.latitude)
        case .longitude: return number(attributes.longitude)
        case .caption: return text(attributes.caption)
        case .attribute(let name):
            return leaves.filter { $0.name.utf8.elementsEqual(name.utf8) }.compactMap { FilterValue($0.value) }
        }
    }

    private static func compare(_ value: FilterValue, _ comparison: Filter.Comparison, _ other: FilterValue) -> Bool {
        let order: Int
        switch (value, other) {
        case (.text(let a), .text(let b)):
            order = a.utf8.elementsEqual(b.utf8) ? 0 : a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
        case (.text, _), (_, .text): return false
        case (.integer(let a), .integer(let b)): order = a == b ? 0 : a < b ? -1 : 1
        default:
            let (a, b) = (value.asNumber, other.asNumber)
            order = a == b ? 0 : a < b ? -1 : 1
        }
        return switch comparison {
        case .equal: order == 0
        case .notEqual: order != 0
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        }
    }

    /// Whether `pattern` describes the whole of `text`; linear but for the last star, which moves on.
    private static func matches(_ text: [Unicode.Scalar], _ pattern: [Unicode.Scalar]) -> Bool {
        var (t, p) = (0, 0)
        var retry: (text: Int, pattern: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == "*" {
                retry = (t, p + 1)
                p += 1
            } else if p < pattern.count, pattern[p] == "?" || pattern[p] == text[t] {
                t += 1
                p += 1
            } else if let (from, behind) = retry {
                retry = (from + 1, behind)
                (t, p) = (from + 1, behind)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == "*" }
    }
}

extension FilterValue {
    /// A plain attribute value; nil for nothing, lists and objects.
    package init?(_ value: AttributeValue) {
        switch value {
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = .number(value)
        case .text(let value): self = .text(value)
        case .null, .list, .object: return nil
        }
    }

    /// As a number: truth is 1. Zero for texts, which are compared with texts only.
    package var asNumber: Double {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .bool(let value): value ? 1 : 0
        case .text: 0
        }
    }
}
