internal import Foundation
internal import Hummingbird
internal import HummingbirdCore

/// The names that a route's query may have.
struct QueryNames: Sendable, ExpressibleByArrayLiteral {
    let names: [String]
    /// Those that may be given several times.
    var repeated: Set<String> = []

    init(arrayLiteral names: String...) { self.names = names }
    init(_ names: [String], repeated: Set<String> = []) { (self.names, self.repeated) = (names, repeated) }
}

/// The query of a URL, as forms write it: a plus sign is a space.
struct QueryValues: Sendable {
    private var values: [String: String] = [:]

    /// No values.
    init() {}

    /// - Throws: ``Problem`` where it is not UTF-8 behind its percent signs, for a name that is not one of `known`, and for one
    ///   that is given twice.
    init(_ request: Request, known: QueryNames) throws {
        for pair in (request.uri.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = parts.map { $0.replacing("+", with: "%20").removingPercentEncoding }
            guard let name = decoded[0], let value = decoded.count > 1 ? decoded[1] : "" else {
                throw Problem.badRequest(
                    "the URL is wrong: '\(pair.prefix(60))' is not text in UTF-8 with percent signs")
            }
            guard known.names.contains(name) else {
                throw Problem.unknown("query parameter", name, known: known.names)
            }
            guard values[name] == nil || known.repeated.contains(name) else {
                throw Problem.badField(name, "the query parameter '\(name)' is given more than once")
            }
            values[name] = value
        }
    }

    /// A text; nil where there is none or it is empty.
    func text(_ name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// A number within a range; nil where there is none.
    func number(_ name: String, in range: ClosedRange<Double>) throws -> Double? {
        guard let text = values[name] else { return nil }
        guard let number = Double(text), range.contains(number) else {
            throw Problem.badField(name, "'\(name)' must be a number, \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A whole number within a range; nil where there is none.
    func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = values[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw Problem.badField(
                name, "'\(name)' must be a whole number, \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
