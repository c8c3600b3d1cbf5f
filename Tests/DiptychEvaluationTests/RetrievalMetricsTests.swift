import Diptych
import DiptychBasics
import DiptychEvaluation
import Foundation
import Testing

/// Ranks, files and scores against Chinese-CLIP's scripts and numpy; see Scripts/fixtures/retrieval.py.
struct RetrievalMetricsTests {
    private struct Expected: Decodable {
        let images_of_texts: [[Int]]
        let text_ranks: [Int]
        let image_ranks: [Int?]
        let text_mean_rank, text_median_rank, image_mean_rank, image_median_rank: Double
        let clusters: Int
        let interval_r1: [Double]
    }

    private let expected: Expected
    private let images: FeatureLines.Features
    private let texts: FeatureLines.Features

    private static func data(_ name: String) throws -> Data {
        let folder = try #require(Bundle.module.resourceURL)
        return try Data(contentsOf: folder.appendingPathComponent("Fixtures/retrieval/\(name)"))
    }

    private static func lines(_ name: String) throws -> [(number: Int, bytes: [UInt8])] {
        try data(name).split(separator: 0x0A).enumerated().map { ($0 + 1, Array($1)) }
    }

    private static func entries(
        _ name: String, _ direction: PredictionLines.Direction
    ) throws -> [PredictionLines.Entry] {
        try lines(name).map { try entry(try JSONParser.parse($0.bytes), direction) }
    }

    private static func entry(
        _ value: JSONValue, _ direction: PredictionLines.Direction
    ) throws -> PredictionLines.Entry {
        guard case .array(let answers)? = value[direction.answers] else { throw EvaluationError("no answers") }
        return .init(query: try #require(value[direction.query]), answers: answers)
    }

    init() throws {
        expected = try JSONDecoder().decode(Expected.self, from: Self.data("expected.json"))
        images = try FeatureLines.read(Self.lines("test_imgs.img_feat.jsonl"), .image)
        texts = try FeatureLines.read(Self.lines("test_texts.txt_feat.jsonl"), .text)
    }

    private func metrics(threads: Int? = nil) throws -> RetrievalMetrics {
        try RetrievalMetrics(
            images: images.embeddings, texts: texts.embeddings, imagesOfTexts: expected.images_of_texts, limit: 10,
            threads: threads)
    }

    @Test func `ranks are those of a stable sort, in both directions`() throws {
        let metrics = try metrics()
        #expect(metrics.textToImage.ranks == expected.text_ranks)
        #expect(metrics.textToImage.queries == Array(0..<texts.ids.count))
        #expect(metrics.imageToText.ranks == expected.image_ranks.compactMap(\.self))
        #expect(metrics.imageToText.queries == expected.image_ranks.indices.filter { expected.image_ranks[$0] != nil })
        #expect(abs((metrics.textToImage.meanRank ?? 0) - expected.text_mean_rank) < 1e-9)
        #expect(metrics.textToImage.medianRank == expected.text_median_rank)
        #expect(abs((metrics.imageToText.meanRank ?? 0) - expected.image_mean_rank) < 1e-9)
        #expect(metrics.imageToText.medianRank == expected.image_median_rank)
        #expect(Set(metrics.textToImage.clusters).count == expected.clusters)
        // The fixture has a copy of an image.
        #expect(metrics.textToImage.tied > 0)
        #expect(try self.metrics(threads: 1) == metrics)
    }

    @Test func `predictions are Chinese-CLIP's, byte by byte`() throws {
        let metrics = try metrics()
        let forward = zip(texts.ids, metrics.imagesForTexts).map { id, best in
            PredictionLines.line(.init(query: id, answers: best.map { images.ids[$0] }), .textToImage)
        }
        let back = zip(images.ids, metrics.textsForImages).map { id, best in
            PredictionLines.line(.init(query: id, answers: best.map { texts.ids[$0] }), .imageToText)
        }
        #expect(try Data((forward.joined(separator: "\n") + "\n").utf8) == Self.data("test_predictions.jsonl"))
        #expect(try Data((back.joined(separator: "\n") + "\n").utf8) == Self.data("test_tr_predictions.jsonl"))
        let inverted = PredictionLines.inverted(try Self.entries("test_texts.jsonl", .textToImage))
            .map { PredictionLines.line($0, .imageToText) }
        #expect(try Data((inverted.joined(separator: "\n") + "\n").utf8) == Self.data("test_texts.tr.jsonl"))
    }

    @Test(arguments: [
        ("test_predictions.jsonl", "test_texts.jsonl", "score.json", PredictionLines.Direction.textToImage),
        ("test_tr_predictions.jsonl", "test_texts.tr.jsonl", "score.tr.json", .imageToText),
    ])
    func `scores are Chinese-CLIP's`(
        _ predictions: String, _ truth: String, _ score: String, _ direction: PredictionLines.Direction
    ) throws {
        let found = MUGEScore(
            predictions: try Self.entries(predictions, direction), truth: try Self.entries(truth, direction), direction)
        let wanted = try JSONParser.parse(Self.data(score))
        #expect(found.json["success"] == wanted["success"])
        for key in ["score", "mean_recall", "r1", "r5", "r10"] {
            #expect(found.json["scoreJson"]?[key] == wanted["scoreJson"]?[key], "\(key)")
        }
        #expect(found.json["score"] == wanted["score"])
    }

    @Test func `what Chinese-CLIP refuses is refused`() throws {
        let cases = try JSONParser.parse(Self.data("failures.json"))
        guard case .array(let cases) = cases else { throw EvaluationError("no cases") }
        #expect(cases.count == 11)
        let good = try Self.entries("test_predictions.jsonl", .textToImage)
        let truth = try Self.entries("test_texts.jsonl", .textToImage)
        for one in cases {
            var rows = good
            if let row = one["row"], row != .null {
                rows[4] = try Self.entry(row, .textToImage)
            } else {
                rows.remove(at: 4)
            }
            if case .array(let added)? = one["added"] { rows += try added.map { try Self.entry($0, .textToImage) } }
            let found = MUGEScore(predictions: rows, truth: truth, .textToImage).json
            #expect(found["success"] == one["success"], "\(one["name"]?.string ?? "")")
            #expect(found["score"] == one["score"], "\(one["name"]?.string ?? "")")
            if found["success"] == false {
                #expect(found["errorMsg"]?.string?.isEmpty == false && found["scoreJson"] == .object([]))
            }
        }
    }

    @Test func `intervals are those of a bootstrap of clusters`() throws {
        let direction = try metrics().textToImage
        let interval = try #require(direction.intervals(seed: 3)).r1
        // What a thousand draws leave open, at five standard errors of a percentile.
        #expect(abs(interval.low - expected.interval_r1[0]) < 0.03, "\(interval)")
        #expect(abs(interval.high - expected.interval_r1[1]) < 0.03, "\(interval)")
        #expect(direction.intervals(seed: 3)?.r1 == interval)
        // Twenty texts an image that are all found or none: taken one by one, they promise √20 times too much.
        let ranks = (0..<400).map { $0 / 20 % 2 == 0 ? 0 : 9 }
        func width(_ clusters: [Int]) throws -> Double {
            let direction = RetrievalDirection(
                queries: Array(0..<400), ranks: ranks, clusters: clusters, candidates: 40)
            let interval = try #require(direction.intervals(seed: 3)).r1
            return interval.high - interval.low
        }
        let (single, whole) = (try width(Array(0..<400)), try width((0..<400).map { $0 / 20 }))
        #expect(abs(whole / single - 20.0.squareRoot()) < 0.6, "\(whole) \(single)")
    }

    @Test func `where every draw is the same, the number of clusters says what is possible`() throws {
        let all = RetrievalDirection(
            queries: Array(0..<20), ranks: .init(repeating: 0, count: 20), clusters: Array(0..<20), candidates: 20)
        let interval = try #require(all.intervals()).r1
        // Clopper and Pearson's for 20 of 20: 0.8316.
        #expect(interval.high == 1 && abs(interval.low - 0.8316) < 1e-4)
        let one = RetrievalDirection(queries: [0, 1], ranks: [0, 3], clusters: [5, 5], candidates: 4)
        #expect(one.intervals() == nil)
    }

    @Test func `large blocks rank as small ones`() throws {
        var generator = Seeded(state: 5)
        func rows(_ count: Int) -> Embeddings {
            Embeddings(values: (0..<count * 16).map { _ in generator.unit() }, dimension: 16)
        }
        // More queries than a block, and more candidates than a panel.
        let (images, texts) = (rows(333), rows(501))
        let pairs = (0..<501).map { [$0 % 333] }
        let metrics = try RetrievalMetrics(images: images, texts: texts, imagesOfTexts: pairs, limit: 7)
        for text in [0, 63, 64, 250, 500] {
            let scores = (0..<333).map { image in
                (0..<16).reduce(0.0) {
                    $0 + Double(images.values[image * 16 + $1]) * Double(texts.values[text * 16 + $1])
                }
            }
            let order = scores.indices.sorted { scores[$0] > scores[$1] }
            #expect(metrics.textToImage.ranks[text] == order.firstIndex(of: text % 333))
            #expect(metrics.imagesForTexts[text] == Array(order.prefix(7)))
        }
    }

    private struct Seeded {
        var state: UInt64
        mutating func unit() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(state >> 40) / Float(1 << 24) - 0.5
        }
    }

    @Test func `features that cannot be ranked are refused`() throws {
        let two = Embeddings(values: [1, 0, 0, 1], dimension: 2)
        let three = Embeddings(values: [1, 0, 0], dimension: 3)
        #expect(throws: EvaluationError.self) { try RetrievalMetrics(images: two, texts: three, imagesOfTexts: [[0]]) }
        #expect(throws: EvaluationError.self) {
            try RetrievalMetrics(images: two, texts: two, imagesOfTexts: [[0], [2]])
        }
        #expect(throws: EvaluationError.self) { try RetrievalMetrics(images: two, texts: two, imagesOfTexts: [[0]]) }
        let broken = Embeddings(values: [1, 0, .nan, 1], dimension: 2)
        #expect(throws: EvaluationError("the features of text 2 are not all finite numbers")) {
            try RetrievalMetrics(images: two, texts: broken, imagesOfTexts: [[0], [1]])
        }
    }

    @Test(arguments: [
        ("{\"image_id\": 1, \"feature\": [1, 2]}\n{\"image_id\": 2, \"feature\": [1]}", "line 2"),
        ("{\"image_id\": 1, \"feature\": [1]}\n{\"image_id\": 1, \"feature\": [1]}", "line 2"),
        ("{\"image_id\": 1, \"feature\": [1e99]}", "line 1"), ("{\"image_id\": 1, \"feature\": []}", "line 1"),
        ("{\"text_id\": 1, \"feature\": [1]}", "line 1"), ("{\"image_id\": 1.5, \"feature\": [1]}", "line 1"),
        ("[1]", "line 1"), ("", "no features"),
    ])
    func `lines that are no features are named`(_ text: String, _ words: String) {
        let lines = text.split(separator: "\n").enumerated().map { ($0 + 1, Array($1.utf8)) }
        do {
            _ = try FeatureLines.read(lines, .image)
            Issue.record("\(text) is taken")
        } catch { #expect(error.description.contains(words), "\(error)") }
    }

    @Test func `features keep every bit, and further members are passed over`() throws {
        let values: [Float] = [0.1, -1.1754944e-38, 3.4028235e38, .leastNonzeroMagnitude]
        let line = FeatureLines.line(.text, id: .string("a"), values)
        #expect(try FeatureLines.read([(1, Array(line.utf8))], .text).embeddings.values == values)
        let more = "{\"text_id\": 7, \"text\": \"x\", \"feature\": [0.5, 2]}"
        let read = try FeatureLines.read([(1, Array(more.utf8))], .text)
        #expect(read.embeddings.values == [0.5, 2] && read.ids == [.int(7)])
    }
}
