public import DiptychBasics

/// The score of predictions as the MUGE benchmark counts it and Chinese-CLIP's `evaluation` writes it: the share of queries with any
/// of their answers among the first 1, 5 and 10, and the mean of the three, in percent.
public enum MUGEScore: Sendable, Equatable {
    /// Shares, 0 to 1.
    case score(r1: Double, r5: Double, r10: Double)
    /// Why there is none.
    case failure(String)

    /// How many answers each query must have.
    public static let answers = 10

    /// The mean of the shares, 0 to 1; 0 where there are none.
    public var meanRecall: Double {
        guard case .score(let one, let five, let ten) = self else { return 0 }
        return (one + five + ten) / 3
    }

    /// The score file, in percent.
    public var json: JSONValue {
        switch self {
        case .score(let one, let five, let ten):
            let mean = JSONValue.double(meanRecall * 100)
            return .object([
                .init("success", true), .init("score", mean),
                .init(
                    "scoreJson",
                    .object([
                        .init("score", mean), .init("mean_recall", mean), .init("r1", .double(one * 100)),
                        .init("r5", .double(five * 100)), .init("r10", .double(ten * 100)),
                    ])),
            ])
        case .failure(let reason):
            return .object([
                .init("errorDetail", .string(reason)), .init("errorMsg", .string(reason)), .init("score", .int(0)),
                .init("scoreJson", .object([])), .init("success", false),
            ])
        }
    }

    /// Counts the predictions of one direction.
    ///
    /// Predictions of queries that the truth does not have are checked like the others and do not count; of two for one query, the
    /// last counts.
    ///
    /// - Parameters:
    ///   - predictions: with ten different whole numbers each.
    ///   - truth: the queries, with all answers of each.
    public init(
        predictions: [PredictionLines.Entry], truth: [PredictionLines.Entry], _ direction: PredictionLines.Direction
    ) {
        var found: [JSONKey: [JSONKey]] = [:]
        for entry in predictions {
            guard case .int = entry.query else {
                self = .failure("\(direction.query) \(entry.query.text) should be a whole number")
                return
            }
            let name = "\(direction.query) \(entry.query.text)"
            guard entry.answers.count == Self.answers else {
                self = .failure("\(name): has \(entry.answers.count) \(direction.answers); \(Self.answers) are wanted")
                return
            }
            for answer in entry.answers {
                guard case .int = answer else {
                    self = .failure("\(name): \(answer.text) among its \(direction.answers) should be a whole number")
                    return
                }
            }
            let answers = entry.answers.map(JSONKey.init)
            guard Set(answers).count == answers.count else {
                self = .failure("\(name): has the same id twice among its \(direction.answers)")
                return
            }
            found[JSONKey(entry.query)] = answers
        }
        var (order, golds): ([JSONKey], [JSONKey: Set<JSONKey>]) = ([], [:])
        for entry in truth {
            let key = JSONKey(entry.query)
            if golds.updateValue(Set(entry.answers.map(JSONKey.init)), forKey: key) == nil { order.append(key) }
        }
        guard !order.isEmpty else {
            self = .failure("the truth has no queries")
            return
        }
        let missing = order.filter { found[$0] == nil }
        guard missing.isEmpty else {
            let list = missing.prefix(20).map(\.text).joined(separator: ", ")
            let more = missing.count > 20 ? " and \(missing.count - 20) more" : ""
            self = .failure("there are no predictions of \(direction.query) \(list)\(more)")
            return
        }
        let shares = [1, 5, 10].map { k in
            let hits = order.count { key in
                found[key, default: []].prefix(k).contains { golds[key]?.contains($0) ?? false }
            }
            return Double(hits) / Double(order.count)
        }
        self = .score(r1: shares[0], r5: shares[1], r10: shares[2])
    }

    /// An id, told apart by its JSON: 1 is not "1".
    private struct JSONKey: Hashable {
        let text: String
        init(_ value: JSONValue) { text = value.text }
    }
}
