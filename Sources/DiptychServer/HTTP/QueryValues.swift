internal import Foundation
internal import Hummingbird
internal import HummingbirdCore

/// What stands behind the question mark of a URL, as forms write it: a plus sign is a space.
struct QueryValues {
    private let values: [String: String]

    /// - Throws: ``Problem`` where it is not UTF-8 behind its percent signs.
    init(_ request: Request) throws {
        var values: [String: String] = [:]
        for pair in (request.uri.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = parts.map { $0.replacing("+", with: "%20").removingPercentEncoding }
            guard let name = decoded[0], let value = decoded.count > 1 ? decoded[1] : "" else {
                throw Problem.badRequest(
                    "the URL is wrong: '\(pair.prefix(60))' is no text in UTF-8 with percent signs")
            }
            // The first counts.
            if values[name] == nil { values[name] = value }
        }
        self.values = values
    }

    /// A text; nil where there is none or it is empty.
    func text(_ name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// A whole number within a range; nil where there is none.
    func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = values[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw Problem.badRequest("'\(name)' must be a whole number, \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
