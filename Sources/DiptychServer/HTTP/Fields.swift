internal import DiptychSearch
internal import Foundation
internal import HTTPTypes

/// What a request's body says, by name: the members of a JSON object or the fields of a form.
///
/// Reading asks for each name once and says what is wrong in the client's terms; names other than those that ``BodyFields``
/// declares are refused, so that a misspelt option is not passed over.
struct Fields {
    private enum Body {
        case json(KeyedDecodingContainer<Name>)
        case form(MultipartForm)
    }

    /// A member's name.
    struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private let body: Body
    /// What a request may use.
    let limits: RequestLimits

    init(_ json: KeyedDecodingContainer<Name>, _ limits: RequestLimits) { (body, self.limits) = (.json(json), limits) }
    init(_ form: MultipartForm, _ limits: RequestLimits) { (body, self.limits) = (.form(form), limits) }

    /// Refuses names other than these.
    func allow(only names: [String]) throws(Problem) {
        let given: [String] =
            switch body {
            case .json(let container): container.allKeys.map(\.stringValue)
            case .form(let form): form.parts.map(\.name)
            }
        // Whichever comes first in a form; JSON's members have no order.
        let unknown = given.filter { !names.contains($0) }
        if case .form = body, let first = unknown.first { throw .unknown("field", first, known: names) }
        if let first = unknown.min() { throw .unknown("field", first, known: names) }
    }

    // MARK: Plain values

    /// A text; nil where there is none or it is null.
    func text(_ name: String) throws -> String? {
        let text = try anyText(name)
        if let text { try check(text, name) }
        return text
    }

    /// The same of any length, for what has a limit of another kind.
    func anyText(_ name: String) throws -> String? {
        switch body {
        case .json(let container): try value(String.self, name, in: container, "a text")
        case .form(let form): try only(name, form).map { try Self.utf8($0, name) }
        }
    }

    /// A text that must be there and not be empty.
    func requiredText(_ name: String) throws -> String {
        guard let text = try text(name) else { throw Problem.missing(name) }
        guard !text.isBlank else { throw Problem.badField(name, "'\(name)' is empty") }
        return text
    }

    /// One text or a list of texts; nil where there is none.
    func texts(_ name: String) throws -> [String]? {
        guard let texts = try anyTexts(name) else { return nil }
        var bytes = 0
        for (index, text) in texts.enumerated() {
            try check(text, texts.count == 1 ? name : "\(name)[\(index)]")
            bytes += text.utf8.count
        }
        guard bytes <= limits.allTextBytes else {
            throw Problem(
                status: .contentTooLarge,
                detail: "'\(name)' holds \(bytes) bytes of text; the most are \(limits.allTextBytes)", field: name)
        }
        return texts
    }

    /// One list of token ids or several, of JSON; nil where the field holds something else.
    func tokens(_ name: String) throws -> [[Int]]? {
        guard case .json(let container) = body else { return nil }
        let key = Name(stringValue: name)
        if let one = try? container.decode([Int].self, forKey: key), !one.isEmpty { return [one] }
        guard let lists = try? container.decode([[Int]].self, forKey: key), !lists.isEmpty else { return nil }
        return lists
    }

    /// A list of finite numbers; in a form, as JSON text.
    func numbers(_ name: String) throws -> [Float]? {
        let wanted = "a list of numbers"
        let given: [Double]?
        switch body {
        case .json(let container): given = try value([Double].self, name, in: container, wanted)
        case .form(let form):
            given = try only(name, form).map { part in
                guard let numbers = try? JSONDecoder().decode([Double].self, from: Data(part.bytes)) else {
                    throw Problem.badField(name, "'\(name)' must be \(wanted)")
                }
                return numbers
            }
        }
        let numbers = given?.map { Float($0) }
        if let place = numbers?.firstIndex(where: { !$0.isFinite }) {
            throw Problem.badField(name, "'\(name)[\(place)]' is not a finite number of 32 bits")
        }
        return numbers
    }

    private func check(_ text: String, _ name: String) throws(Problem) {
        guard text.utf8.count <= limits.textBytes else {
            throw Problem(
                status: .contentTooLarge,
                detail: "'\(name)' is a text of \(text.utf8.count) bytes; the most are \(limits.textBytes)", field: name
            )
        }
    }

    private func anyTexts(_ name: String) throws -> [String]? {
        switch body {
        case .json(let container):
            let key = Name(stringValue: name)
            guard container.contains(key), try !container.decodeNil(forKey: key) else { return nil }
            if let one = try? container.decode(String.self, forKey: key) { return [one] }
            return try value([String].self, name, in: container, "a text or a list of texts")
        case .form(let form):
            let parts = form.parts.filter { $0.name == name }
            return parts.isEmpty ? nil : try parts.map { try Self.utf8($0, name) }
        }
    }

    /// A whole number within a range.
    func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        let number: Int?
        switch body {
        case .json(let container): number = try value(Int.self, name, in: container, "a whole number")
        case .form(let form):
            number = try only(name, form).map { part in
                let text = try Self.utf8(part, name)
                guard let number = Int(text) else { throw Problem.badField(name, "'\(name)' must be a whole number") }
                return number
            }
        }
        if let number, !range.contains(number) {
            throw Problem.badField(
                name, "'\(name)' must be \(range.lowerBound) to \(range.upperBound), not \(number)")
        }
        return number
    }

    /// A number within a range.
    func number(_ name: String, in range: ClosedRange<Float>) throws -> Float? {
        let number: Float?
        switch body {
        // By way of a double: what is too small for a float is nothing, and no mistake.
        case .json(let container): number = try value(Double.self, name, in: container, "a number").map { Float($0) }
        case .form(let form):
            number = try only(name, form).map { part in
                guard let number = Float(try Self.utf8(part, name)) else {
                    throw Problem.badField(name, "'\(name)' must be a number")
                }
                return number
            }
        }
        if let number, !range.contains(number) {
            throw Problem.badField(
                name, "'\(name)' must be \(range.lowerBound) to \(range.upperBound), not \(number)")
        }
        return number
    }

    /// A truth value; false where there is none.
    func flag(_ name: String) throws -> Bool {
        switch body {
        case .json(let container): return try value(Bool.self, name, in: container, "true or false") ?? false
        case .form(let form):
            guard let part = try only(name, form) else { return false }
            switch try Self.utf8(part, name) {
            case "true", "1", "on": return true
            case "false", "0", "": return false
            default: throw Problem.badField(name, "'\(name)' must be true or false")
            }
        }
    }

    /// An object of attributes; in a form, as JSON text.
    func attributes(_ name: String) throws -> [String: AttributeValue]? {
        switch body {
        case .json(let container):
            return try value([String: AttributeValue].self, name, in: container, "an object")
        case .form(let form):
            guard let part = try only(name, form) else { return nil }
            do { return try AttributeText.decode(Self.utf8(part, name)) } catch let error as AttributeError {
                throw Problem.badField(name, "'\(name)': \(error.description)")
            }
        }
    }

    /// A list of objects, of JSON only.
    func objects(_ name: String, most: Int) throws -> [[String: AttributeValue]]? {
        let wanted = "a list of objects"
        guard case .json(let container) = body else {
            throw Problem.badField(name, "'\(name)' must be JSON: \(wanted)")
        }
        let list = try value([[String: AttributeValue]].self, name, in: container, wanted)
        if let list, list.count > most {
            throw Problem.badField(name, "'\(name)' has \(list.count) members; the most are \(most)")
        }
        return list
    }

    // MARK: Images

    /// One image; nil where there is none.
    func image(_ name: String) throws -> ImageInput? {
        let all = try images(name)
        guard all?.count ?? 1 == 1 else { throw Problem.badField(name, "'\(name)' must be one image") }
        return all?.first
    }

    /// One image or several, each as a URL, a data URI, or a file of a form.
    func images(_ name: String) throws -> [ImageInput]? {
        if case .form(let form) = body {
            let parts = form.parts.filter { $0.name == name }
            guard !parts.isEmpty else { return nil }
            return try parts.map { part in
                if part.fileName != nil { return .file(Array(part.bytes), name: part.fileName ?? "") }
                return try address(Self.utf8(part, name), name)
            }
        }
        return try anyTexts(name)?.map { try address($0, name) }
    }

    /// A URL. A data URI is a file, which has a limit of its own.
    private func address(_ text: String, _ name: String) throws(Problem) -> ImageInput {
        if text.prefix(5).lowercased() != "data:" { try check(text, name) }
        return .url(text)
    }

    // MARK: Parts

    private func value<T: Decodable>(
        _ type: T.Type, _ name: String, in container: KeyedDecodingContainer<Name>, _ wanted: String
    ) throws -> T? {
        do { return try container.decodeIfPresent(type, forKey: Name(stringValue: name)) } catch {
            throw Problem.badField(name, "'\(name)' must be \(wanted)")
        }
    }

    private func only(_ name: String, _ form: MultipartForm) throws -> MultipartForm.Part? {
        let parts = form.parts.filter { $0.name == name }
        guard parts.count < 2 else { throw Problem.badField(name, "'\(name)' is given \(parts.count) times") }
        return parts.first
    }

    private static func utf8(_ part: MultipartForm.Part, _ name: String) throws -> String {
        guard let text = String(validating: part.bytes, as: UTF8.self) else {
            throw Problem.badField(name, "'\(name)' is not UTF-8")
        }
        return text
    }
}

/// An image that a request brings or names.
enum ImageInput: Sendable {
    /// A URL or a data URI.
    case url(String)
    /// A file, and what the client calls it.
    case file([UInt8], name: String)
}

extension String {
    /// Whether there is nothing in it, or only white space.
    var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}
