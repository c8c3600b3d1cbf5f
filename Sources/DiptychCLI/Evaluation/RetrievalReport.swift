import Diptych
import DiptychDatasets
import DiptychEvaluation
import Foundation

/// What a measurement was made with, for files of results.
struct EvaluationOrigin {
    /// The model's name and fingerprint; nil where features were given.
    var model: (name: String, fingerprint: String)?
    var sources: [String] = []
    var split: String?
    var imageColumn: String?
    var textColumn: String?
    /// Tells one set of samples from another.
    var digest = ""
    /// Tells what they say.
    var words: String?

    var json: [(String, JSON)] {
        [
            (
                "model",
                model.map { ["name": .string($0.name), "fingerprint": .string($0.fingerprint)] } ?? .null
            ),
            (
                "data",
                [
                    "sources": .array(sources.map { .string($0) }), "split": split.map { .string($0) } ?? .null,
                    "image_column": imageColumn.map { .string($0) } ?? .null,
                    "text_column": textColumn.map { .string($0) } ?? .null, "digest": .string(digest),
                    "words": words.map { .string($0) } ?? .null,
                ]
            ),
        ]
    }
}

/// The version of files of results.
let evaluationFileVersion = 1

extension JSON {
    /// A number, or null.
    static func number(_ value: Double?) -> JSON { value.map { .double($0) } ?? .null }

    /// The ends of an interval, or null.
    static func interval(_ value: Interval?) -> JSON { value.map { [.double($0.low), .double($0.high)] } ?? .null }

    /// The members of an object.
    var members: [(String, JSON)] { if case .object(let members) = self { members } else { [] } }

    /// An id.
    init(id: JSONValue) {
        switch id {
        case .int(let number): self = .int(Int(number))
        case .string(let text): self = .string(text)
        default: self = .string(id.text)
        }
    }
}

/// The figures of retrieval, for people and for programs.
struct RetrievalReport {
    let metrics: RetrievalMetrics
    let set: RetrievalSet
    let origin: EvaluationOrigin
    let skipped: Int
    let files: [String]
    private let intervals: [DirectionIntervals?]
    private let more: [(String, JSON)]

    private typealias DirectionIntervals = (r1: Interval, r5: Interval, r10: Interval, meanRecall: Interval)

    init(
        _ metrics: RetrievalMetrics, _ set: RetrievalSet, _ origin: EvaluationOrigin, skipped: Int, files: [String],
        seed: UInt64, more: [(String, JSON)] = []
    ) {
        (self.metrics, self.set, self.origin, self.skipped, self.files) = (metrics, set, origin, skipped, files)
        self.more = more
        intervals = [metrics.textToImage, metrics.imageToText].map { $0.intervals(seed: seed) }
    }

    private func json(_ direction: RetrievalDirection, _ intervals: DirectionIntervals?) -> JSON {
        [
            "n": .int(direction.queries.count), "candidates": .int(direction.candidates),
            "r1": .number(direction.recall(at: 1)), "r5": .number(direction.recall(at: 5)),
            "r10": .number(direction.recall(at: 10)), "mean_recall": .number(direction.meanRecall),
            "mean_rank": .number(direction.meanRank), "median_rank": .number(direction.medianRank),
            "ties": .int(direction.tied), "interval_r1": .interval(intervals?.r1),
            "interval_r5": .interval(intervals?.r5), "interval_r10": .interval(intervals?.r10),
            "interval_mean_recall": .interval(intervals?.meanRecall),
        ]
    }

    private var members: [(String, JSON)] {
        [
            ("text_to_image", json(metrics.textToImage, intervals[0])),
            ("image_to_text", json(metrics.imageToText, intervals[1])),
            ("mean_recall", .number(metrics.meanRecall)), ("images", .int(set.imageIDs.count)),
            ("texts", .int(set.textIDs.count)), ("skipped", .int(skipped)),
            ("files", .array(files.map { .string($0) })),
        ] + more
    }

    /// The figures.
    var json: JSON { .object(members) }

    /// The figures, what they were measured with, and each query's rank.
    var file: JSON {
        func samples(_ direction: RetrievalDirection, _ body: (Int) -> [(String, JSON)]) -> JSON {
            .array(
                direction.queries.indices.map { place in
                    let own: [(String, JSON)] = [
                        ("rank", .int(direction.ranks[place] + 1)), ("cluster", .int(direction.clusters[place])),
                    ]
                    return .object(body(direction.queries[place]) + own)
                })
        }
        let texts = samples(metrics.textToImage) { text in
            var members: [(String, JSON)] = [("id", JSON(id: set.textIDs[text]))]
            if let image = set.imagesOfTexts[text].first { members.append(("image", JSON(id: set.imageIDs[image]))) }
            if !set.texts.isEmpty { members.append(("text", .string(set.texts[text]))) }
            return members
        }
        let images = samples(metrics.imageToText) { image in
            [("id", JSON(id: set.imageIDs[image])), ("image", JSON(id: set.imageIDs[image]))]
        }
        let head: [(String, JSON)] = [("kind", "retrieval"), ("version", .int(evaluationFileVersion))]
        return .object(
            head + origin.json + members + [("samples", ["text_to_image": texts, "image_to_text": images])])
    }

    var text: String {
        let one = [("text → image", metrics.textToImage, "images"), ("image → text", metrics.imageToText, "texts")]
        var lines: [String] = []
        for ((title, direction, candidates), intervals) in zip(one, intervals) {
            lines.append("\(title)  \(direction.queries.count) queries among \(direction.candidates) \(candidates)")
            let figures = [
                ("R@1", direction.recall(at: 1), intervals?.r1), ("R@5", direction.recall(at: 5), intervals?.r5),
                ("R@10", direction.recall(at: 10), intervals?.r10),
                ("mean recall", direction.meanRecall, intervals?.meanRecall),
            ]
            for (name, value, interval) in figures {
                let range = interval.map { "  95 %: \(Self.share($0.low)) to \(Self.share($0.high))" } ?? ""
                lines.append("  \(Columns.left(name, 12)) \(Self.share(value))\(range)")
            }
            let (mean, median) = (direction.meanRank ?? .nan, direction.medianRank ?? .nan)
            lines.append(String(format: "  %@ mean %.1f, median %.1f", Columns.left("rank", 12), mean, median))
            if direction.tied > 0 {
                lines.append(
                    "  \(direction.tied) queries have a wrong candidate with the same score; the first given counts")
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func share(_ value: Double?) -> String { value.map { String(format: "%.3f", $0) } ?? "–" }
}
