import DiptychDatasets
import Foundation
import Testing

/// Measurements on datasets: retrieval, choice, comparison, and Chinese-CLIP's files of them.
struct EvaluationCommandTests {
    private static let features = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appendingPathComponent("DiptychEvaluationTests/Fixtures/retrieval").path

    private func data(_ path: String) -> Data { FileManager.default.contents(atPath: path) ?? Data() }

    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    private struct Direction: Decodable {
        let n, candidates, ties: Int
        let r1, r5, r10, mean_recall, mean_rank, median_rank: Double
        let interval_r1: [Double]
    }

    private struct Retrieval: Decodable {
        let text_to_image, image_to_text: Direction
        let mean_recall: Double
        let skipped: Int
        let files: [String]
    }

    /// Drawn images as a dataset of Chinese-CLIP's, split `test`.
    private func drawn(_ count: Int, choices: Int? = nil) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let more = choices.map { ["--choices", String($0)] } ?? []
        let made = try Command.run(
            ["pictures", "--count", String(count), "--seed", "7", "--output", folder / "drawn", "--quiet"] + more)
        #expect(made.status == 0, "\(made.error)")
        return folder
    }

    @Test func `features are measured as Chinese-CLIP's scripts measure them`() throws {
        let folder = try TemporaryFolder()
        let fixture = Self.features
        let result = try Command.run(
            "evaluate", "retrieval", "--image-features", fixture + "/test_imgs.img_feat.jsonl", "--text-features",
            fixture + "/test_texts.txt_feat.jsonl", "--truth", fixture + "/test_texts.jsonl", "--save-predictions",
            folder / "out", "--muge-score", folder / "score.json", "--format", "json")
        #expect(result.status == 0 && result.error.contains("both ways in"), "\(result.error)")
        for name in ["test_predictions.jsonl", "test_tr_predictions.jsonl", "test_texts.tr.jsonl"] {
            #expect(data(folder / "out/\(name)") == data(fixture + "/" + name), "\(name)")
        }
        let report = try result.json(Retrieval.self)
        #expect(report.files.count == 5)
        for (direction, name) in [(report.text_to_image, "score.json"), (report.image_to_text, "score.tr.json")] {
            let wanted = try JSONParser.parse(data(fixture + "/" + name))
            let found = try JSONParser.parse(data(folder / name))
            for key in ["score", "mean_recall", "r1", "r5", "r10"] {
                #expect(found["scoreJson"]?[key] == wanted["scoreJson"]?[key], "\(name) \(key)")
            }
            #expect(found["success"] == true && .double(direction.r1 * 100) == wanted["scoreJson"]?["r1"])
            #expect(direction.interval_r1[0] < direction.r1 && direction.r1 < direction.interval_r1[1])
        }
        // The same from the files of predictions, of either direction, with the truth of either.
        for (predictions, truth, score) in [
            ("test_predictions", "test_texts", "score"), ("test_predictions", "test_texts.tr", "score"),
            ("test_tr_predictions", "test_texts.tr", "score.tr"), ("test_tr_predictions", "test_texts", "score.tr"),
        ] {
            let again = try Command.run(
                "evaluate", "muge-score", "--predictions", folder / "out/\(predictions).jsonl", "--truth",
                fixture + "/\(truth).jsonl", "--output", folder / "again.json")
            #expect(again.status == 0, "\(again.error)")
            #expect(data(folder / "again.json") == data(folder / "\(score).json"))
            #expect(Data(again.output.utf8) == data(folder / "again.json"))
        }
        let text = try String(contentsOfFile: folder / "out/test_predictions.jsonl", encoding: .utf8)
        try write(text.split(separator: "\n").dropLast().joined(separator: "\n"), to: folder / "short.jsonl")
        let short = try Command.run(
            "evaluate", "muge-score", "--predictions", folder / "short.jsonl", "--truth", fixture + "/test_texts.jsonl",
            "--output", folder / "failed.json")
        expectFailure(short, status: 1, saying: folder / "short.jsonl", "no predictions of text_id")
        let failed = try JSONParser.parse(data(folder / "failed.json"))
        #expect(failed["success"] == false && failed["score"] == .int(0) && failed["errorMsg"]?.string != nil)
    }

    @Test func `every form of a dataset gives the same figures, and features those of embed`() throws {
        let folder = try drawn(24)
        func measured(_ source: String, _ arguments: String...) throws -> Retrieval {
            let result = try Command.run(
                ["evaluate", "retrieval", "--data", source, "--format", "json", "--quiet"] + arguments)
            #expect(result.status == 0, "\(source): \(result.error)")
            return try result.json(Retrieval.self)
        }
        let captions = folder / "drawn/captions.jsonl"
        let first = try measured(captions, "--text-column", "caption_en", "--save-features", folder / "features")
        #expect(first.text_to_image.candidates == 24 && first.image_to_text.n == 24)
        for form in ["chinese-clip", "lmdb", "webdataset", "csv", "parquet"] {
            let made = try Command.run(
                "dataset", "convert", captions, "--to", form, "--text-column", "caption_en", "--splits", "test",
                "--output", folder / form, "--quiet")
            #expect(made.status == 0, "\(made.error)")
            let report = try measured(folder / form, "--split", "test")
            #expect(report.text_to_image.mean_rank == first.text_to_image.mean_rank, "\(form)")
            #expect(report.image_to_text.mean_rank == first.image_to_text.mean_rank, "\(form)")
        }
        let environment = ["DIPTYCH_CATALOG": folder / "catalog"]
        #expect(try Command.run(["dataset", "create", "drawn", captions], environment: environment).status == 0)
        let named = try Command.run(
            ["evaluate", "retrieval", "--data", "drawn", "--text-column", "caption_en", "--format", "json"],
            environment: environment)
        #expect(named.status == 0, "\(named.error)")
        #expect(try named.json(Retrieval.self).text_to_image.mean_rank == first.text_to_image.mean_rank)

        let lines = try String(contentsOfFile: folder / "features/test_imgs.img_feat.jsonl", encoding: .utf8)
        let saved = try lines.split(separator: "\n").map { try JSONParser.parse($0.utf8) }
        let embedded = try Command.run("embed", "--image", folder / "drawn/scene-000003.jpg", "--quiet")
        let wanted = try embedded.jsonLines(EmbeddedLine.self)[0].embedding
        guard case .array(let values)? = saved[3]["feature"] else {
            Issue.record("no feature")
            return
        }
        let found = values.compactMap { if case .double(let value) = $0 { Float(value) } else { nil } }
        #expect(found.count == wanted.count && distance(found, wanted) < 1e-6)
    }

    @Test func `a broken image and a text without images are counted, and nothing is measured of nothing`() throws {
        let folder = try TemporaryFolder()
        for name in ["wide.jpg", "tall.png", "grey.png"] {
            try FileManager.default.copyItem(atPath: Fixture.images + "/" + name, toPath: folder / name)
        }
        try write("no image", to: folder / "broken.jpg")
        let rows = ["wide.jpg": "a bus", "tall.png": "a cat", "broken.jpg": "snow", "grey.png": "grey"].sorted {
            $0.key < $1.key
        }
        .map { "\($0.key),\($0.value)" }
        try write("image,text\n" + rows.joined(separator: "\n") + "\n", to: folder / "rows.csv")
        let result = try Command.run("evaluate", "retrieval", "--data", folder / "rows.csv", "--format", "json")
        #expect(result.status == 3 && result.error.contains("rows.csv: line 2: not an image"), "\(result.error)")
        let report = try result.json(Retrieval.self)
        #expect(report.skipped == 1 && report.text_to_image.n == 3 && report.text_to_image.candidates == 3)
        #expect(report.image_to_text.candidates == 4)

        try write("image,text\n", to: folder / "empty.csv")
        try write("image\nwide.jpg\n", to: folder / "silent.csv")
        for (arguments, status, words) in [
            (["--data", folder / "empty.csv"], Int32(1), "no images"),
            (["--data", folder / "silent.csv"], 1, "no text belongs to an image"),
            (["--data", folder / "rows.csv", "--split", "x", "--text-column", "nothing"], 1, "--text-column"),
            (["--data", folder / "gone.csv"], 1, "gone.csv"), (["--data", "store:"], 2, "store"),
            (["--data", folder / "rows.csv", "--images", "x"], 2, "one of"), (["--image-features", "x"], 2, "both"),
            (["--image-features", "x", "--text-features", "y"], 2, "--truth"),
            (["--data", folder / "rows.csv", "--truth", "x"], 2, "--truth"),
            (["--data", folder / "rows.csv", "--group", "5"], 2, "--group"),
            (["--data", folder / "rows.csv", "--output", folder / "gone/a.json"], 1, "gone/a.json"),
            (["--image-features", folder / "rows.csv", "--text-features", "y", "--truth", "z"], 1, "line 1"),
        ] {
            expectFailure(try Command.run(["evaluate", "retrieval"] + arguments), status: status, saying: words)
        }
    }

    private struct Choice: Decodable {
        struct Position: Decodable {
            let position, n: Int
            let accuracy: Double?
        }
        let n, skipped: Int
        let accuracy, mean_probability: Double
        let positions: [Position]
    }

    @Test func `choices are those of classify, by letters, places and columns`() throws {
        let folder = try drawn(12, choices: 3)
        func measured(_ source: String, _ arguments: String...) throws -> Command.Result {
            try Command.run(["evaluate", "choice", "--data", source, "--format", "json", "--quiet"] + arguments)
        }
        let result = try measured(folder / "drawn/choices.parquet", "--image", "filename", "--label", "label")
        #expect(result.status == 0, "\(result.error)")
        let first = try result.json(Choice.self)
        #expect(first.n == 12 && first.positions.map(\.n) == [4, 4, 4])

        // The same questions, with places and columns instead of letters and lists.
        let rows = try DatasetFiles.open([folder / "drawn/choices.parquet"])
        var csv = "image,a,b,c,label\n"
        var lists: [String] = []
        var right = 0
        for index in 0..<rows.count {
            let row = try rows.row(at: index)
            guard case .list(let values)? = row["caption_choices"], let file = row["filename"]?.text else { continue }
            let texts = values.compactMap(\.text)
            let place = index % 3
            csv += "drawn/\(file),\"\(texts.joined(separator: "\",\""))\",\(place)\n"
            let object = JSONValue.object([
                .init("file", .string("drawn/" + file)), .init("choices", .array(texts.map(JSONValue.string))),
                .init("label", .int(Int64(place))),
            ])
            lists.append(object.text)
            let nearest = try Command.run(
                ["classify", "--templates", "none", "--top", "1", "--format", "jsonl", folder / "drawn/\(file)"]
                    + texts.flatMap { ["--label", $0] })
            right += nearest.output.contains("\"label\":\(JSONValue.string(texts[place]).text)") ? 1 : 0
        }
        #expect(abs(first.accuracy - Double(right) / 12) < 1e-12)
        try write(csv, to: folder / "choices.csv")
        try write(lists.joined(separator: "\n") + "\n", to: folder / "choices.jsonl")
        let columns = try measured(folder / "choices.csv", "--choices", "a,b,c").json(Choice.self)
        let places = try measured(folder / "choices.jsonl").json(Choice.self)
        for other in [columns, places] {
            #expect(
                other.n == 12 && other.accuracy == first.accuracy && other.mean_probability == first.mean_probability)
        }

        try write(
            lists[0] + "\n" + lists[1].replacing("\"label\":1", with: "\"label\":3") + "\n", to: folder / "odd.jsonl")
        let odd = try measured(folder / "odd.jsonl")
        #expect(
            odd.status == 3 && odd.error.contains("odd.jsonl: line 2") && odd.error.contains("choice 3"), "\(odd.error)"
        )
        #expect(try odd.json(Choice.self).skipped == 1)
        for (arguments, words) in [
            (["--label", "right"], "no column 'right'"), (["--choices", "nothing"], "no column 'nothing'"),
            (["--image", "nothing"], "no column 'nothing'"),
        ] {
            let result = try Command.run(["evaluate", "choice", "--data", folder / "choices.jsonl"] + arguments)
            expectFailure(result, status: 1, saying: folder / "choices.jsonl", words)
        }
    }

    @Test func `Winoground and SugarCrepe have their own columns`() throws {
        let folder = try drawn(4)
        let file = { (index: Int) in folder / "drawn/scene-00000\(index).jpg" }
        try write(
            "image_0,image_1,caption_0,caption_1\n\(file(0)),\(file(1)),a cat,a dog\n\(file(2)),\(file(2)),a cat,a dog\n",
            to: folder / "pairs.csv")
        let pairs = try Command.run(
            "evaluate", "choice", "--kind", "winoground", "--data", folder / "pairs.csv", "--format", "json")
        #expect(pairs.status == 0, "\(pairs.error)")
        let scores = try JSONParser.parse(pairs.output.utf8)
        #expect(scores["n"] == .int(2))
        // Of one image twice, neither is nearer to anything.
        for name in ["text", "image", "group"] {
            guard case .double(let share)? = scores[name] else {
                Issue.record("no \(name): \(pairs.output)")
                continue
            }
            #expect(share == 0 || share == 0.5)
        }
        try write(
            "filename,caption,negative_caption\n\(file(0)),a cat,a dog\n\(file(0)),a dog,a cat\n",
            to: folder / "sugar.csv")
        let sugar = try Command.run(
            "evaluate", "choice", "--kind", "sugarcrepe", "--data", folder / "sugar.csv", "--format", "json")
        #expect(sugar.status == 0, "\(sugar.error)")
        #expect(try sugar.json(Choice.self).accuracy == 0.5)
        // As SugarCrepe's own files are.
        let rows = [("a cat", "a dog"), ("a dog", "a cat")].enumerated().map { index, texts in
            "\"\(index)\": {\"filename\": \"\(file(0))\", \"caption\": \"\(texts.0)\", \"negative_caption\": \"\(texts.1)\"}"
        }
        try write("{" + rows.joined(separator: ", ") + "}", to: folder / "sugar.json")
        let nested = try Command.run(
            "evaluate", "choice", "--kind", "sugarcrepe", "--data", folder / "sugar.json", "--format", "json")
        #expect(nested.output == sugar.output, "\(nested.error)")
    }

    @Test func `results are compared, and those of other data refused`() throws {
        let folder = try drawn(40)
        func measure(_ name: String, _ arguments: String...) throws {
            let result = try Command.run(
                ["evaluate", "retrieval", "--text-column", "caption_en", "--output", folder / name] + arguments)
            #expect(result.status == 0, "\(result.error)")
        }
        let captions = folder / "drawn/captions.jsonl"
        try measure("tiny.json", "--data", captions)
        try measure("demo.json", "--data", captions, "--model", "demo")
        let result = try Command.run(
            "evaluate", "compare", folder / "tiny.json", folder / "demo.json", "--format", "json", "--report",
            folder / "report.html")
        #expect(result.status == 0, "\(result.error)")
        // The tiny model has random weights.
        let found = try JSONParser.parse(result.output.utf8)
        #expect(found["verdict"] == "better" && found["metric"] == "mean_recall", "\(result.output)")
        let page = try String(contentsOfFile: folder / "report.html", encoding: .utf8)
        #expect(page.contains("Became better") && page.contains("<img src=\"data:image/jpeg;base64,"))
        #expect(!page.contains("<script") && !page.contains("no image</div>"))
        let back = try Command.run("evaluate", "compare", folder / "demo.json", folder / "tiny.json")
        #expect(back.output.hasPrefix("worse: B (tiny-clip) against A"), "\(back.output)")
        let same = try Command.run("evaluate", "compare", folder / "demo.json", folder / "demo.json")
        #expect(same.output.hasPrefix("undecided"), "\(same.output)")

        let text = try String(contentsOfFile: captions, encoding: .utf8)
        try write(text.split(separator: "\n").dropLast().joined(separator: "\n"), to: folder / "drawn/fewer.jsonl")
        try measure("fewer.json", "--data", folder / "drawn/fewer.jsonl")
        try write(text.replacing("caption_en\": \"", with: "caption_en\": \"tag "), to: folder / "drawn/other.jsonl")
        try measure("other.json", "--data", folder / "drawn/other.jsonl")
        for other in ["fewer.json", "other.json"] {
            let refused = try Command.run("evaluate", "compare", folder / "demo.json", folder / other)
            expectFailure(refused, status: 1, saying: folder / other, "different data")
        }
        try write("{}", to: folder / "none.json")
        expectFailure(
            try Command.run("evaluate", "compare", folder / "none.json", folder / "demo.json"), status: 1,
            saying: folder / "none.json", "--output")
        expectFailure(
            try Command.run("evaluate", "compare", folder / "gone.json", folder / "demo.json"), status: 1,
            saying: folder / "gone.json")
    }
}
