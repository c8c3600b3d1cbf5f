import Diptych
import DiptychDatasets
import DiptychEvaluation
import Foundation

/// A file of results that a measurement wrote with --output.
struct EvaluationFile {
    /// A measured thing.
    struct Sample {
        let id: JSONValue
        /// The image's id or path, or the row's number.
        let image: JSONValue?
        let text: String?
        let cluster: Int
        let value: JSONValue

        /// The place of the right one, from 1.
        var rank: Int? { if case .int(let rank)? = value["rank"] { Int(rank) } else { nil } }
        /// The probability of the right one.
        var probability: Double? {
            switch value["probability"] {
            case .double(let number)?: number
            case .int(let number)?: Double(number)
            default: nil
            }
        }
        func flag(_ name: String) -> Bool? { if case .bool(let flag)? = value[name] { flag } else { nil } }
    }

    let path: String
    let kind: String
    let model: String
    let data: JSONValue
    /// The lists of samples by their names.
    let samples: [String: [Sample]]

    /// - Throws: ``Failure`` where the file is none.
    init(_ path: String) throws {
        self.path = path
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw Failure("\(path): there is no such file, or it cannot be read")
        }
        guard let json = try? JSONParser.parse(bytes), let kind = json["kind"]?.string, let data = json["data"],
            data["digest"]?.string != nil, case .object(let lists)? = json["samples"],
            case .int(let version)? = json["version"]
        else { throw Failure("\(path): is not a file of results; `diptych evaluate … --output \(path)` writes one") }
        guard version == evaluationFileVersion else {
            throw Failure("\(path): has the version \(version), and \(evaluationFileVersion) is read; measure again")
        }
        (self.kind, self.data) = (kind, data)
        model = json["model"]?["name"]?.string ?? "features"
        samples = try Dictionary(
            lists.map { list in
                guard case .array(let values) = list.value else { throw Failure("\(path): its samples are not lists") }
                return (
                    list.name,
                    try values.enumerated().map { place, value in
                        guard let id = value["id"], case .int(let cluster)? = value["cluster"] else {
                            throw Failure("\(path): sample \(place + 1) of \(list.name) has no id or cluster")
                        }
                        return Sample(
                            id: id, image: value["image"] ?? value["row"], text: value["text"]?.string,
                            cluster: Int(cluster), value: value)
                    }
                )
            }, uniquingKeysWith: { $1 })
    }

    /// Refuses results of other data.
    func check(_ other: EvaluationFile) throws {
        guard kind == other.kind else {
            throw Failure("\(path) measures \(kind) and \(other.path) \(other.kind); compare two of one kind")
        }
        let words = (data["words"]?.string, other.data["words"]?.string)
        let isSame =
            data["digest"] == other.data["digest"] && (words.0 == words.1 || words.0 == nil || words.1 == nil)
            && samples.keys == other.samples.keys
            && samples.allSatisfy { name, list in list.map(\.id) == other.samples[name, default: []].map(\.id) }
        guard isSame else {
            throw Failure(
                "\(path) and \(other.path) were measured on different data, or other samples were left out; measure both on the "
                    + "same")
        }
    }
}

/// Two files of results and what can be said of them.
struct EvaluationComparison {
    let first: EvaluationFile
    let second: EvaluationFile
    /// By their names, the one that decides first.
    let metrics: [(name: String, result: PairedComparison)]

    /// - Throws: ``Failure`` where the files are of different data, or lack what their kind has.
    init(_ first: EvaluationFile, _ second: EvaluationFile, seed: UInt64) throws {
        try first.check(second)
        (self.first, self.second) = (first, second)
        func compared(_ list: String, _ value: (EvaluationFile.Sample) -> Double?) throws -> PairedComparison {
            func values(_ file: EvaluationFile) throws -> [Double] {
                try file.samples[list, default: []].map { sample in
                    guard let value = value(sample) else {
                        throw Failure("\(file.path): the sample \(sample.id.text) of \(list) has no outcome")
                    }
                    return value
                }
            }
            return PairedComparison(
                first: try values(first), second: try values(second),
                clusters: first.samples[list, default: []].map(\.cluster), seed: seed)
        }
        func hits(_ k: Int) -> (EvaluationFile.Sample) -> Double? { { $0.rank.map { $0 <= k ? 1 : 0 } } }
        func flag(_ name: String) -> (EvaluationFile.Sample) -> Double? { { $0.flag(name).map { $0 ? 1 : 0 } } }
        func recall(_ sample: EvaluationFile.Sample) -> Double? {
            sample.rank.map { rank in [1, 5, 10].reduce(0.0) { $0 + (rank <= $1 ? 1 : 0) } / 3 }
        }
        switch first.kind {
        case "retrieval":
            var found = [("mean_recall", try Self.meanRecall(first, second, seed: seed, recall))]
            for list in ["text_to_image", "image_to_text"] where !first.samples[list, default: []].isEmpty {
                found.append(("\(list) mean_recall", try compared(list, recall)))
                for k in [1, 5, 10] { found.append(("\(list) r\(k)", try compared(list, hits(k)))) }
            }
            metrics = found
        case "zero-shot", "probe":
            metrics = [("top1", try compared("images", hits(1))), ("top5", try compared("images", hits(5)))]
        case "choice":
            metrics = [
                ("accuracy", try compared("questions", hits(1))),
                ("mean_probability", try compared("questions", \.probability)),
            ]
        case "winoground":
            metrics = try [("group", "group_right"), ("text", "text_right"), ("image", "image_right")].map {
                ($0, try compared("questions", flag($1)))
            }
        default: throw Failure("\(first.path): measures \(first.kind), which is not compared")
        }
        if metrics.isEmpty || first.samples.values.allSatisfy(\.isEmpty) {
            throw Failure("\(first.path): has no samples to compare")
        }
    }

    /// The mean recall of both directions: each cluster has a share in both means.
    private static func meanRecall(
        _ first: EvaluationFile, _ second: EvaluationFile, seed: UInt64, _ recall: (EvaluationFile.Sample) -> Double?
    ) throws -> PairedComparison {
        let lists = ["text_to_image", "image_to_text"].filter { !first.samples[$0, default: []].isEmpty }
        var order: [Int] = []
        var places: [Int: Int] = [:]
        for list in lists {
            for sample in first.samples[list, default: []] where places[sample.cluster] == nil {
                places[sample.cluster] = order.count
                order.append(sample.cluster)
            }
        }
        func shares(_ file: EvaluationFile) throws -> [Double] {
            var sums = [Double](repeating: 0, count: order.count)
            for list in lists {
                let samples = file.samples[list, default: []]
                for (sample, own) in zip(samples, first.samples[list, default: []]) {
                    guard let value = recall(sample), let place = places[own.cluster] else {
                        throw Failure("\(file.path): the sample \(sample.id.text) of \(list) has no rank")
                    }
                    sums[place] += value / Double(samples.count) / Double(lists.count) * Double(order.count)
                }
            }
            return sums
        }
        return PairedComparison(first: try shares(first), second: try shares(second), clusters: order, seed: seed)
    }

    /// What decides.
    var verdict: PairedComparison.Verdict { metrics[0].result.verdict }

    private static func json(_ name: String, _ result: PairedComparison) -> [(String, JSON)] {
        [
            ("metric", .string(name)), ("verdict", .string(result.verdict.rawValue)), ("a", .double(result.first)),
            ("b", .double(result.second)), ("difference", .double(result.difference)),
            ("interval", .interval(result.interval)), ("p", .number(result.probability)),
            ("smallest_difference", .number(result.smallestDifference)), ("test", .string(result.test.rawValue)),
        ]
    }

    var json: JSON {
        let models: [(String, JSON)] = [("model_a", .string(first.model)), ("model_b", .string(second.model))]
        return .object(
            [("kind", .string(first.kind))] + Self.json(metrics[0].name, metrics[0].result) + models
                + [("metrics", .array(metrics.map { .object(Self.json($0.name, $0.result)) }))])
    }

    var text: String {
        let result = metrics[0].result
        let smallest = result.smallestDifference.map { String(format: "%.4f", $0) } ?? "none"
        var lines = [
            "\(verdict.rawValue): B (\(second.model)) against A (\(first.model)) in \(metrics[0].name), "
                + String(format: "%+.4f", result.difference)
                + "; the smallest difference that could be told is \(smallest)", "",
            "metric                            A        B    B − A  95 % interval       p       verdict    test",
        ]
        for (name, result) in metrics {
            let interval = result.interval.map { String(format: "%+.4f to %+.4f", $0.low, $0.high) } ?? "–"
            lines.append(
                Columns.left(name, 28)
                    + String(format: "%7.4f  %7.4f  %+.4f  ", result.first, result.second, result.difference)
                    + Columns.left(interval, 20)
                    + Columns.left(result.probability.map { String(format: "%.4f", $0) } ?? "–", 8)
                    + Columns.left(result.verdict.rawValue, 11) + result.test.rawValue)
        }
        return lines.joined(separator: "\n")
    }

    /// A sample whose outcome changed.
    struct Change {
        let sample: EvaluationFile.Sample
        /// What the first and the second say of it.
        let before: String
        let after: String
        /// How much better the second is; below 0 for worse.
        let size: Double
    }

    /// The samples that changed most: those that became better, and those that became worse.
    func changes(_ count: Int) -> (better: [Change], worse: [Change]) {
        let list = first.samples["text_to_image"] != nil ? "text_to_image" : first.samples.keys.sorted().first ?? ""
        var changes: [Change] = []
        for (old, new) in zip(first.samples[list, default: []], second.samples[list, default: []]) {
            if let one = old.probability, let other = new.probability {
                changes.append(
                    Change(
                        sample: old, before: String(format: "p %.3f", one), after: String(format: "p %.3f", other),
                        size: other - one))
            } else if let one = old.rank, let other = new.rank {
                changes.append(
                    Change(
                        sample: old, before: "rank \(one)", after: "rank \(other)",
                        size: log(Double(max(1, one))) - log(Double(max(1, other)))))
            } else if let one = old.flag("group_right"), let other = new.flag("group_right") {
                changes.append(
                    Change(
                        sample: old, before: one ? "right" : "wrong", after: other ? "right" : "wrong",
                        size: (other ? 1 : 0) - (one ? 1 : 0)))
            }
        }
        // Equal ones keep the order of the data.
        let sorted = changes.enumerated().sorted {
            ($0.element.size.magnitude, $1.offset) > ($1.element.size.magnitude, $0.offset)
        }.map(\.element)
        return (
            Array(sorted.filter { $0.size > 0 }.prefix(count)), Array(sorted.filter { $0.size < 0 }.prefix(count))
        )
    }
}
