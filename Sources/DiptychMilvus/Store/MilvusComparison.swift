#if Milvus
    internal import DiptychSearch

    /// How a field of the filter language is compared in Milvus' language.
    struct MilvusComparison {
        private enum Column {
            /// A text, and the condition that it is known; nil where it always is.
            case text(String, known: String?)
            case number(String, known: String?)
            case integer(String)
            case key
            /// The same text for every item.
            case constant(String)
            case attribute(String)
        }

        private let column: Column
        /// The field that names a row's item.
        private let item: String

        init(_ field: FilterField, hasKinds: Bool) {
            item = hasKinds ? "item" : "id"
            func perhaps(_ name: String) -> Column { .number(name, known: "\(name) > -1e299") }
            column =
                switch field {
                case .id: .key
                case .path: .text("path", known: nil)
                case .folder: .text("folder", known: nil)
                case .name: .text("name", known: nil)
                case .type: .text("type", known: #"type != """#)
                // The first collections hold images only.
                case .kind: hasKinds ? .text("kind", known: nil) : .constant(AssetKind.image.rawValue)
                case .camera: .text("camera", known: #"camera != """#)
                case .caption: .text("caption", known: "captioned == true")
                case .bytes: .integer("bytes")
                case .width: .integer("width")
                case .height: .integer("height")
                case .modified: .number("modified", known: nil)
                case .added: .number("added", known: nil)
                case .taken: perhaps("taken")
                case .latitude: perhaps("latitude")
                case .longitude: perhaps("longitude")
                // Videos are not kept here: none is found by them.
                case .duration, .videoTime: .attribute(field.name)
                case .attribute(let name): .attribute(name)
                }
        }

        /// That the value is known.
        var exists: MilvusCondition {
            switch column {
            case .text(_, let known), .number(_, let known): known.map { MilvusCondition($0) } ?? .all
            case .integer, .key, .constant: .all
            case .attribute(let name):
                MilvusCondition.literal(name).map { .indexed(#"json_contains($meta["e"], \#($0))"#) } ?? .unsaid
            }
        }

        func compare(_ comparison: Filter.Comparison, _ value: FilterValue) -> MilvusCondition {
            switch column {
            case .text(let name, let known):
                guard case .text(let text) = value else { return mismatch(comparison) }
                // One item, found by its key.
                if name == "path", comparison == .equal {
                    return MilvusCondition.literal(text).map {
                        MilvusCondition("(\(item) == \(Layout.key(of: text)) and path == \($0))")
                    } ?? MilvusCondition(upper: "\(item) == \(Layout.key(of: text))", lower: MilvusCondition.nothing)
                }
                guard let literal = MilvusCondition.literal(text) else { return .unsaid }
                return guarded("\(name) \(comparison.inMilvus) \(literal)", known)
            case .number(let name, let known):
                if case .text = value { return mismatch(comparison) }
                return guarded("\(name) \(comparison.inMilvus) \(value.asNumber)", known)
            case .integer(let name): return integer(name, comparison, value)
            case .key: return key(comparison, value)
            case .constant(let text):
                guard case .text(let other) = value else { return mismatch(comparison) }
                switch comparison {
                case .equal: return text == other ? .all : .none
                case .notEqual: return text == other ? .none : .all
                default: return .unsaid
                }
            case .attribute(let name): return attribute(name, comparison, value)
            }
        }

        private func guarded(_ condition: String, _ known: String?) -> MilvusCondition {
            MilvusCondition(known.map { "(\(condition) and \($0))" } ?? condition)
        }

        /// A text never compares with a number; both differ, where both are known.
        private func mismatch(_ comparison: Filter.Comparison) -> MilvusCondition {
            comparison == .notEqual ? exists : .none
        }

        private func integer(_ name: String, _ comparison: Filter.Comparison, _ value: FilterValue) -> MilvusCondition {
            let number: Int64
            switch value {
            case .text: return mismatch(comparison)
            case .bool(let value): number = value ? 1 : 0
            case .integer(let value): number = value
            case .number(let value):
                // Whole numbers beyond this are not all doubles.
                guard abs(value) <= 9e15 else { return .unsaid }
                number = Int64(value.rounded(.down))
                guard Double(number) != value else { break }
                // Between `number` and the next one.
                switch comparison {
                case .equal: return .none
                case .notEqual: return .all
                case .less, .lessOrEqual: return MilvusCondition("\(name) <= \(number)")
                case .greater, .greaterOrEqual: return MilvusCondition("\(name) > \(number)")
                }
            }
            guard number != .min else { return .unsaid }
            return MilvusCondition("\(name) \(comparison.inMilvus) \(number)")
        }

        /// Ids are texts to the outside: they are compared as such.
        private func key(_ comparison: Filter.Comparison, _ value: FilterValue) -> MilvusCondition {
            guard case .text(let text) = value else { return mismatch(comparison) }
            let number = Int64(text).flatMap { String($0) == text && $0 > 0 ? $0 : nil }
            switch comparison {
            case .equal: return number.map { MilvusCondition("\(item) == \($0)") } ?? .none
            case .notEqual: return number.map { MilvusCondition("\(item) != \($0)") } ?? .all
            default: return .unsaid
            }
        }

        private func attribute(_ name: String, _ comparison: Filter.Comparison, _ value: FilterValue) -> MilvusCondition
        {
            guard let literal = MilvusCondition.literal(name) else { return .unsaid }
            let known = MilvusCondition.indexed(#"json_contains($meta["l"], \#(literal))"#)
            var isLarge = false
            if case .integer(let number) = value { isLarge = number.magnitude >= 1 << 53 }
            switch comparison {
            case .equal, .notEqual:
                guard let entry = MilvusCondition.literal(FilterIndex.entry(name, value)) else {
                    return MilvusCondition(upper: known.upper, lower: MilvusCondition.nothing)
                }
                var equal = MilvusCondition.indexed(#"json_contains($meta["v"], \#(entry))"#)
                if isLarge { equal.lower = MilvusCondition.nothing }
                return comparison == .equal ? equal : .and([known, equal.negated])
            default:
                let isLess = comparison == .less || comparison == .lessOrEqual
                var (object, bound) = ("n", String?("\(value.asNumber)"))
                if case .text(let text) = value { (object, bound) = ("t", MilvusCondition.literal(text)) }
                guard FilterIndex.isPlain(name), !isLarge, let bound else {
                    return MilvusCondition(upper: known.upper, lower: MilvusCondition.nothing)
                }
                return .indexed(
                    #"$meta["\#(object)\#(isLess ? "l" : "h")"][\#(literal)] \#(comparison.inMilvus) \#(bound)"#)
            }
        }

        /// By what stands before the first star or mark; the client checks the rest.
        func like(_ pattern: String) -> MilvusCondition {
            let prefix = String(String.UnicodeScalarView(pattern.unicodeScalars.prefix { $0 != "*" && $0 != "?" }))
            let isWhole = prefix.unicodeScalars.count == pattern.unicodeScalars.count
            switch column {
            case .number, .integer: return .none
            case .key, .constant: return .unsaid
            case .attribute(let name):
                if isWhole { return compare(.equal, .text(pattern)) }
                guard let literal = MilvusCondition.literal(name) else { return .unsaid }
                return MilvusCondition(
                    upper: MilvusCondition.indexed(#"json_contains($meta["l"], \#(literal))"#).upper,
                    lower: MilvusCondition.nothing)
            case .text(let name, let known):
                if isWhole { return compare(.equal, .text(pattern)) }
                let isOnlyPrefix = pattern == prefix + "*"
                guard !prefix.isEmpty else {
                    return isOnlyPrefix ? exists : MilvusCondition(upper: exists.upper, lower: MilvusCondition.nothing)
                }
                guard let from = MilvusCondition.literal(prefix),
                    let end = Self.following(prefix).flatMap(MilvusCondition.literal)
                else { return MilvusCondition(upper: exists.upper, lower: MilvusCondition.nothing) }
                let range = guarded("(\(name) >= \(from) and \(name) < \(end))", known)
                return isOnlyPrefix ? range : MilvusCondition(upper: range.upper, lower: MilvusCondition.nothing)
            }
        }

        /// The first text behind all that begin with `prefix`, in the order of scalars, which is that of UTF-8's bytes.
        private static func following(_ prefix: String) -> String? {
            var scalars = Array(prefix.unicodeScalars)
            while let last = scalars.popLast() {
                guard last.value < 0x10FFFF, let next = Unicode.Scalar(last.value == 0xD7FF ? 0xE000 : last.value + 1)
                else {
                    continue
                }
                return String(String.UnicodeScalarView(scalars + [next]))
            }
            return nil
        }
    }

    extension Filter.Comparison {
        fileprivate var inMilvus: String { self == .equal ? "==" : rawValue }
    }
#endif
