#if Milvus
    package import DiptychSearch

    /// A filter in Milvus' language, from both sides: every item that the filter accepts passes `upper`, and every item that passes
    /// `lower` is accepted. Where the language cannot say what the filter means, they differ, and the client decides.
    package struct MilvusCondition: Sendable, Equatable {
        package var upper: String
        package var lower: String

        /// Keys are greater than 0.
        static let everything = "id > 0"
        static let nothing = "id < 0"

        static let all = MilvusCondition(everything)
        static let none = MilvusCondition(nothing)
        static let unsaid = MilvusCondition(upper: everything, lower: nothing)

        init(_ exact: String) { (upper, lower) = (exact, exact) }
        init(upper: String, lower: String) { (self.upper, self.lower) = (upper, lower) }

        /// What `filter` means.
        ///
        /// - Parameter hasKinds: whether the collection tells images from texts.
        package init(_ filter: Filter, hasKinds: Bool = true) {
            func means(_ filter: Filter) -> MilvusCondition { MilvusCondition(filter, hasKinds: hasKinds) }
            func comparing(_ field: FilterField) -> MilvusComparison { MilvusComparison(field, hasKinds: hasKinds) }
            switch filter {
            case .all(let filters): self = Self.join(filters.map(means), "and", empty: .all)
            case .any(let filters): self = Self.join(filters.map(means), "or", empty: .none)
            case .not(let filter): self = means(filter).negated
            case .compare(let field, let comparison, let value):
                self = comparing(field).compare(comparison, value)
            case .oneOf(let field, let values):
                self = Self.join(values.map { comparing(field).compare(.equal, $0) }, "or", empty: .none)
            case .like(let field, let pattern): self = comparing(field).like(pattern)
            case .under(let folder): self = Self.under(folder)
            case .matches(let phrases):
                self = Self.join(phrases.map(Self.holds), "and", empty: Self("captioned == true"))
            case .within(let box): self = Self.within(box)
            case .exists(let field): self = comparing(field).exists
            }
        }

        var negated: MilvusCondition { MilvusCondition(upper: Self.not(lower), lower: Self.not(upper)) }

        static func and(_ conditions: [MilvusCondition]) -> MilvusCondition { join(conditions, "and", empty: .all) }
        static func or(_ conditions: [MilvusCondition]) -> MilvusCondition { join(conditions, "or", empty: .none) }

        private static func not(_ text: String) -> String {
            switch text {
            case everything: nothing
            case nothing: everything
            default: "(not (\(text)))"
            }
        }

        private static func join(_ conditions: [MilvusCondition], _ word: String, empty: MilvusCondition)
            -> MilvusCondition
        {
            MilvusCondition(
                upper: join(conditions.map(\.upper)[...], word, empty: empty.upper),
                lower: join(conditions.map(\.lower)[...], word, empty: empty.lower))
        }

        /// Nested in pairs, so that many alternatives are not deep; what decides by itself, or nothing, is left out.
        package static func join(_ texts: ArraySlice<String>, _ word: String, empty: String) -> String {
            let (neutral, decisive) = word == "and" ? (everything, nothing) : (nothing, everything)
            if texts.contains(decisive) { return decisive }
            func joined(_ texts: ArraySlice<String>) -> String {
                guard texts.count > 1 else { return texts.first ?? (empty) }
                let middle = texts.startIndex + texts.count / 2
                return "(\(joined(texts[..<middle])) \(word) \(joined(texts[middle...])))"
            }
            let left = texts.filter { $0 != neutral }
            return left.isEmpty && !texts.isEmpty ? neutral : joined(left[...])
        }

        /// Below a folder: from its slash to what follows a slash.
        static func under(_ folder: String) -> MilvusCondition {
            guard folder != "/" else { return MilvusCondition(#"(path >= "/" and path < "0")"#) }
            guard let from = literal(folder + "/"), let end = literal(folder + "0") else { return .unsaid }
            return MilvusCondition("(path >= \(from) and path < \(end))")
        }

        /// A caption with all words of a phrase; their order is the client's to check.
        private static func holds(_ phrase: CaptionPhrase) -> MilvusCondition {
            var whole = phrase.words
            if phrase.isPrefix, !whole.isEmpty { whole.removeLast() }
            let words = and(
                [MilvusCondition("captioned == true")]
                    + whole.map { word in
                        literal(word).map { indexed(#"json_contains($meta["w"], \#($0))"#) } ?? .unsaid
                    })
            return MilvusCondition(
                upper: words.upper, lower: phrase.words.count == 1 && !phrase.isPrefix ? words.lower : nothing)
        }

        private static func within(_ box: GeoBox) -> MilvusCondition {
            let latitude = "latitude >= \(box.south) and latitude <= \(box.north)"
            let longitude =
                box.west <= box.east
                ? "longitude >= \(box.west) and longitude <= \(box.east)"
                : "longitude >= \(box.west) or (longitude <= \(box.east) and longitude >= -180.0)"
            return MilvusCondition("((\(latitude)) and (\(longitude)))")
        }

        /// A condition on the dynamic field, which some items have not filled.
        static func indexed(_ text: String) -> MilvusCondition {
            MilvusCondition(upper: #"(\#(text) or $meta["x"] == true)"#, lower: text)
        }

        /// A text in Milvus' language; nil where it cannot be written.
        package static func literal(_ text: String) -> String? {
            var literal = "\""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\"": literal += "\\\""
                case "\\": literal += "\\\\"
                case "\n": literal += "\\n"
                case "\r": literal += "\\r"
                case "\t": literal += "\\t"
                default:
                    guard scalar.value >= 0x20, scalar.value != 0x7F else { return nil }
                    literal.unicodeScalars.append(scalar)
                }
            }
            return literal + "\""
        }
    }
#endif
