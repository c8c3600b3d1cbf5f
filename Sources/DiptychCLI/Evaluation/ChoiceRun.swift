import Diptych
import DiptychDatasets
import DiptychEvaluation
import DiptychMedia
import Foundation

/// Asks a model the questions of rows.
struct ChoiceRun {
    let rows: NamedRows
    let model: any DualEncoder
    let images: ImageOptions
    let isQuiet: Bool

    /// Questions with one image and several texts.
    func choice(
        _ columns: [String], label: String?, _ origin: EvaluationOrigin, _ skips: inout Skips
    ) async throws -> ChoiceReport {
        // Questions are read before anything is computed.
        var questions: [(row: Int, question: ChoiceQuestion)] = []
        for index in 0..<rows.rows.count {
            do {
                questions.append((index, try ChoiceQuestion(try rows.row(index), choices: columns, label: label)))
            } catch {
                skips.add(rows.failure(error, index))
            }
        }
        guard !questions.isEmpty else { throw Failure("\(rows.path): none of its rows is a question") }
        var report = ChoiceReport(origin: origin)
        var failures: [DatasetError] = []
        try await embed(questions.map(\.row), column: 0) { items in
            let found = items.compactMap { item -> (Int, UInt64, Embedding)? in
                switch item.result {
                case .success(let (content, embedding)): return embedding.map { (item.index, content, $0) }
                case .failure(let error):
                    failures.append(rows.failure(error, item.input))
                    return nil
                }
            }
            let texts = try await embed(texts: found.flatMap { questions[$0.0].question.choices })
            var next = 0
            for (place, content, image) in found {
                let (row, question) = questions[place]
                let scores = question.choices.indices.map { image.similarity(to: texts[next + $0]) }
                next += question.choices.count
                let probability = model.logits.probability(among: scores)
                report.add(question, row: row, image: content, scores: scores, probabilities: scores.map(probability))
            }
        }
        for failure in failures { skips.add(failure) }
        guard report.accuracy.all.questions > 0 else { throw Failure("\(rows.path): none of its images can be read") }
        return report
    }

    /// Questions with two images and two captions.
    func winoground(
        captions: [String], _ origin: EvaluationOrigin, _ skips: inout Skips
    ) async throws -> WinogroundReport {
        var questions: [(row: Int, texts: [String])] = []
        for index in 0..<rows.rows.count {
            do {
                let question = try ChoiceQuestion(try rows.row(index), choices: captions, label: nil)
                questions.append((index, question.choices))
            } catch { skips.add(rows.failure(error, index)) }
        }
        guard !questions.isEmpty else { throw Failure("\(rows.path): none of its rows is a question") }
        var found = [[Embedding?]](repeating: [nil, nil], count: questions.count)
        var failures: [Int: DatasetError] = [:]
        for column in 0..<2 {
            try await embed(questions.map(\.row), column: column) { items in
                for item in items {
                    switch item.result {
                    case .success(let (_, embedding)): found[item.index][column] = embedding
                    case .failure(let error): failures[item.input] = rows.failure(error, item.input)
                    }
                }
            }
        }
        for (_, failure) in failures.sorted(by: { $0.key < $1.key }) { skips.add(failure) }
        var report = WinogroundReport(origin: origin)
        let texts = try await embed(texts: questions.flatMap(\.texts))
        for (place, question) in questions.enumerated() {
            guard let first = found[place][0], let second = found[place][1] else { continue }
            report.add(
                question.texts, row: question.row,
                scores: [first, second].map { image in [0, 1].map { image.similarity(to: texts[2 * place + $0]) } })
        }
        guard !report.accuracy.outcomes.isEmpty else { throw Failure("\(rows.path): none of its images can be read") }
        return report
    }

    private func embed(
        _ indices: [Int], column: Int, _ body: ([BulkItem<Int, UInt64>]) async throws -> Void
    ) async throws {
        let (rows, images, preprocessing) = (rows, images, model.preprocessing)
        let progress = Progress("images", total: indices.count, isQuiet: isQuiet)
        defer { progress.end() }
        try await model.embedBatches(
            indices, readingFrom: { _ in nil },
            load: { index in
                let bytes = try rows.bytes(index, column: column)
                let (path, place) = rows.place(index)
                let read = try preprocessing.preprocessed(bytes, label: "\(path): \(place)", options: images)
                return LoadedInput(facts: ContentHash(bytes).low, pixels: read.pixels)
            },
            { items in
                try await body(items)
                progress.update((items.last?.index ?? 0) + 1)
            })
        try Task.checkCancellation()
    }

    /// Embeds texts, each once.
    private func embed(texts: [String]) async throws -> [Embedding] {
        var places: [String: Int] = [:]
        var order: [String] = []
        for text in texts where places[text] == nil {
            places[text] = order.count
            order.append(text)
        }
        guard !order.isEmpty else { return [] }
        let rows = try await RetrievalFeatures.embed(order, by: model, isQuiet: true)
        return texts.map { rows[places[$0] ?? 0] }
    }
}

/// The figures of questions with one image and several texts.
struct ChoiceReport: EvaluationReport {
    private(set) var accuracy = ChoiceAccuracy()
    private var origin: EvaluationOrigin
    private var samples: [(row: Int, text: String)] = []
    private var words = ""
    /// The number of each question's image: questions of one image hang together.
    private var clusters: [Int] = []
    private var images: [UInt64: Int] = [:]

    init(origin: EvaluationOrigin) { self.origin = origin }

    /// - Parameter image: what the bytes of the image's file are known by.
    mutating func add(
        _ question: ChoiceQuestion, row: Int, image: UInt64, scores: [Float], probabilities: [Float]
    ) {
        let cluster = images[image] ?? images.count
        images[image] = cluster
        clusters.append(cluster)
        accuracy.add(scores: scores, probabilities: probabilities, label: question.label)
        samples.append((row, question.choices[question.label]))
        words += "\(row)\t\(question.label)\t\(question.choices.joined(separator: "\t"))\n"
    }

    private static func json(_ count: ChoiceAccuracy.Count) -> [(String, JSON)] {
        [
            ("n", .int(count.questions)), ("accuracy", .number(count.accuracy)),
            ("mean_probability", .number(count.meanProbability)),
        ]
    }

    func json(_ skipped: Int) -> JSON {
        .object(
            Self.json(accuracy.all) + [
                ("interval_accuracy", .interval(accuracy.interval(clusters: clusters))),
                (
                    "positions",
                    .array(
                        accuracy.positions.enumerated().map { place, count in
                            .object([("position", .int(place))] + Self.json(count))
                        })
                ), ("skipped", .int(skipped)),
            ])
    }

    func file(_ skipped: Int) -> JSON {
        var origin = origin
        origin.digest = RetrievalSet.hash(words)
        let rows = zip(zip(samples, clusters), accuracy.outcomes).map { sample, outcome -> JSON in
            let (sample, cluster) = sample
            return [
                "id": .int(sample.row), "row": .int(sample.row), "text": .string(sample.text),
                "rank": .int(outcome.rank + 1), "probability": .double(outcome.probability),
                "position": .int(outcome.position), "cluster": .int(cluster),
            ]
        }
        let head: [(String, JSON)] = [("kind", "choice"), ("version", .int(evaluationFileVersion))]
        return .object(head + origin.json + json(skipped).members + [("samples", ["questions": .array(rows)])])
    }

    var text: String {
        let interval =
            accuracy.interval(clusters: clusters).map { String(format: "  95 %%: %.3f to %.3f", $0.low, $0.high) } ?? ""
        var lines = [
            "questions         \(accuracy.all.questions)",
            String(format: "accuracy          %.3f", accuracy.all.accuracy ?? .nan) + interval,
            String(format: "mean probability  %.3f", accuracy.all.meanProbability ?? .nan), "",
            "position  questions  accuracy  mean probability",
        ]
        for (place, count) in accuracy.positions.enumerated() where count.questions > 0 {
            lines.append(
                Columns.right(String(place), 8) + Columns.right(String(count.questions), 11)
                    + String(
                        format: "     %.3f             %.3f", count.accuracy ?? .nan, count.meanProbability ?? .nan))
        }
        return lines.joined(separator: "\n")
    }
}

/// The figures of questions with two images and two captions.
struct WinogroundReport: EvaluationReport {
    private(set) var accuracy = WinogroundAccuracy()
    private var origin: EvaluationOrigin
    private var samples: [(row: Int, text: String)] = []
    private var words = ""

    private static var scores: [(String, KeyPath<WinogroundAccuracy.Outcome, Bool>)] {
        [("text", \.text), ("image", \.image), ("group", \.group)]
    }

    init(origin: EvaluationOrigin) { self.origin = origin }

    mutating func add(_ texts: [String], row: Int, scores: [[Float]]) {
        accuracy.add(scores: scores)
        samples.append((row, texts[0]))
        words += "\(row)\t\(texts.joined(separator: "\t"))\n"
    }

    func json(_ skipped: Int) -> JSON {
        let shares = Self.scores.flatMap { name, path -> [(String, JSON)] in
            [(name, .number(accuracy.share(path))), ("interval_\(name)", .interval(accuracy.interval(path)))]
        }
        return .object([("n", .int(accuracy.outcomes.count))] + shares + [("skipped", .int(skipped))])
    }

    func file(_ skipped: Int) -> JSON {
        var origin = origin
        origin.digest = RetrievalSet.hash(words)
        let rows = zip(samples, accuracy.outcomes).map { sample, outcome -> JSON in
            [
                "id": .int(sample.row), "row": .int(sample.row), "text": .string(sample.text),
                "text_right": .bool(outcome.text), "image_right": .bool(outcome.image),
                "group_right": .bool(outcome.group), "cluster": .int(sample.row),
            ]
        }
        let head: [(String, JSON)] = [("kind", "winoground"), ("version", .int(evaluationFileVersion))]
        return .object(head + origin.json + json(skipped).members + [("samples", ["questions": .array(rows)])])
    }

    var text: String {
        let lines = Self.scores.map { name, path in
            let interval =
                accuracy.interval(path).map { String(format: "  95 %%: %.3f to %.3f", $0.low, $0.high) } ?? ""
            return Columns.left(name, 12) + String(format: "%.3f", accuracy.share(path) ?? .nan) + interval
        }
        return (["questions   \(accuracy.outcomes.count)"] + lines).joined(separator: "\n")
    }
}
