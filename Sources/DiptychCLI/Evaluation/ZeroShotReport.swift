import Diptych
import DiptychEvaluation
import Foundation

/// The accuracy of zero-shot classification, for people and for programs.
struct ZeroShotReport {
    let accuracy: ClassificationAccuracy
    /// The class folder of a label, by the label's index.
    let folders: [Int: String]
    let templates: Int
    let skipped: Int
    /// The most mistakes to show.
    let confusions: Int
    let outcome: ZeroShotOutcome
    /// Further members.
    var more: [(String, JSON)] = []

    /// Class folders of which no image counted.
    var emptyFolders: [String] {
        accuracy.labels.indices.filter { accuracy.counts[$0].images == 0 }.compactMap { folders[$0] }
    }

    var json: JSON { .object(figures.members + more) }

    private var figures: JSON {
        [
            "pictures": .int(accuracy.images), "skipped": .int(skipped), "labels": .int(accuracy.labels.count),
            "templates": .int(templates), "top1": Self.number(accuracy.top1), "top5": Self.number(accuracy.top5),
            "mean_per_class": Self.number(accuracy.meanPerClass),
            "interval_top1": .interval(outcome.intervals?.top1),
            "interval_top5": accuracy.top5 == nil ? .null : .interval(outcome.intervals?.top5),
            "classes": .array(
                accuracy.labels.indices.map { index in
                    let count = accuracy.counts[index]
                    return [
                        "label": .string(accuracy.labels[index]),
                        "folder": folders[index].map { .string($0) } ?? .null, "pictures": .int(count.images),
                        "top1": .int(count.top1), "top5": .int(count.top5), "accuracy": Self.number(count.accuracy),
                    ]
                }),
            "confusions": .array(
                accuracy.worstConfusions(confusions).map { confusion, images in
                    [
                        "label": .string(accuracy.labels[confusion.label]),
                        "predicted": .string(accuracy.labels[confusion.predicted]), "pictures": .int(images),
                    ]
                }),
        ]
    }

    var text: String {
        var lines = [
            "images        \(accuracy.images)" + (skipped > 0 ? " (\(skipped) skipped)" : ""),
            "labels          \(accuracy.labels.count)", "templates       \(templates)",
            "top-1           \(Self.share(accuracy.top1))\(Self.range(outcome.intervals?.top1))",
            "top-5           "
                + (accuracy.top5 == nil
                    ? "– (says nothing below 6 labels)"
                    : Self.share(accuracy.top5) + Self.range(outcome.intervals?.top5)),
            "mean per class  \(Self.share(accuracy.meanPerClass))", "", "images   top-1   top-5  class",
        ]
        for (label, count) in zip(accuracy.labels, accuracy.counts) {
            let top5 = count.accuracy.map { _ in Double(count.top5) / Double(count.images) }
            lines.append(
                "\(Columns.right(String(count.images), 8))   \(Self.share(count.accuracy))   "
                    + "\(accuracy.top5 == nil ? "    –" : Self.share(top5))  \(label)")
        }
        let worst = accuracy.worstConfusions(confusions)
        if !worst.isEmpty { lines += ["", "images  of → taken for"] }
        lines += worst.map { confusion, images in
            "\(Columns.right(String(images), 8))  \(accuracy.labels[confusion.label]) → "
                + accuracy.labels[confusion.predicted]
        }
        return lines.joined(separator: "\n")
    }

    private static func number(_ value: Double?) -> JSON { value.map { .double($0) } ?? .null }

    private static func range(_ interval: Interval?) -> String {
        interval.map { "  95 %: \(share($0.low)) to \(share($0.high))" } ?? ""
    }

    private static func share(_ value: Double?) -> String { value.map { String(format: "%.3f", $0) } ?? "    –" }
}
