import DiptychCheckpoints
import Foundation
import Testing

struct EmbedTests {
    private let tolerance = 1e-5

    @Test func `lost tokens are counted, or refused`() throws {
        let long = String(repeating: "很", count: 300)
        let told = try Command.run("embed", "--text", long)
        #expect(told.status == 0, "\(told.error)")
        #expect(told.error.contains("warning:") && told.error.contains("are lost"), "\(told.error)")
        let quiet = try Command.run("embed", "--quiet", "--text", long)
        #expect(quiet.status == 0 && quiet.error.isEmpty, "\(quiet.error)")
        let refused = try Command.run("embed", "--strict-length", "--text", long)
        #expect(refused.status == 1 && refused.output.isEmpty, "\(refused.output)")
        #expect(refused.error.contains("shorten the text"), "\(refused.error)")
        let short = try Command.run("embed", "--strict-length", "--text", "a cat")
        #expect(short.status == 0 && !short.error.contains("lost"), "\(short.error)")
    }

    @Test func `embeddings equal the reference's, in the order given`() throws {
        let expected = try Fixture.expected()
        var arguments = ["embed"]
        for (index, text) in expected.texts.enumerated() {
            arguments += ["--text", text.text]
            if index < expected.pictures.count {
                arguments += ["--image", Fixture.images + "/" + expected.pictures[index].file]
            }
        }
        let result = try Command.run(arguments)
        #expect(result.status == 0, "\(result.error)")
        let lines = try result.jsonLines(EmbeddedLine.self)
        #expect(lines.count == expected.texts.count + expected.pictures.count)
        let (texts, images) = (lines.filter { $0.kind == "text" }, lines.filter { $0.kind == "image" })
        for (line, text) in zip(texts, expected.texts) {
            #expect(line.input == text.text)
            #expect(distance(line.embedding, text.embedding) <= tolerance, "\(text.text)")
        }
        for (line, image) in zip(images, expected.pictures) {
            #expect(line.input == Fixture.images + "/" + image.file)
            #expect(distance(line.embedding, image.upright) <= tolerance, "\(image.file)")
        }
        // Texts and images took turns, as long as there were images.
        #expect(lines.prefix(4).map(\.kind) == ["text", "image", "text", "image"])
    }

    @Test(arguments: ["scalar", "avx2", "avx512"])
    func `every instruction set gives the reference's embeddings`(_ set: String) throws {
        let expected = try Fixture.expected()
        let result = try Command.run(
            ["embed", "--text", expected.texts[0].text, "--image", Fixture.images + "/wide.jpg"],
            environment: ["DIPTYCH_ISA": set])
        let lines = try result.jsonLines(EmbeddedLine.self)
        try #require(lines.count == 2, "\(result.error)")
        #expect(distance(lines[0].embedding, expected.texts[0].embedding) <= tolerance)
        let wide = try #require(expected.pictures.first { $0.file == "wide.jpg" })
        #expect(distance(lines[1].embedding, wide.upright) <= tolerance)
    }

    @Test func `images stay as stored without orientation`() throws {
        let image = try #require(Fixture.expected().pictures.first { $0.file == "turned.jpg" })
        #expect(distance(image.as_stored, image.upright) > 1e-3)
        let result = try Command.run("embed", "--no-orientation", "--image", Fixture.images + "/turned.jpg")
        let line = try #require(result.jsonLines(EmbeddedLine.self).first)
        #expect(distance(line.embedding, image.as_stored) <= tolerance)
    }

    @Test func `lengths are kept on request`() throws {
        let text = try Fixture.expected().texts[0]
        let result = try Command.run("embed", "--text", text.text, "--no-normalize")
        let raw = try #require(result.jsonLines(EmbeddedLine.self).first).embedding
        for (a, b) in zip(raw, text.embedding) { #expect(abs(a - b) < 1e-4 * max(1, abs(b))) }
        let unit = try #require(try Command.run("embed", "--text", text.text).jsonLines(EmbeddedLine.self).first)
        #expect(abs(unit.embedding.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
    }

    @Test func `files, directories, lists, data URIs and standard input are all images`() throws {
        let folder = try TemporaryFolder()
        let bytes = try Data(contentsOf: URL(fileURLWithPath: Fixture.images + "/tiny.png"))
        let list = ["wide.jpg", "", "tall.png"].map { $0.isEmpty ? "" : Fixture.images + "/" + $0 }
        try Data(list.joined(separator: "\r\n").utf8).write(to: URL(fileURLWithPath: folder / "list"))
        let uri = "data:image/png;base64," + bytes.base64EncodedString()
        let result = try Command.run(
            "embed", "--image", "-", "--input", folder / "list", "--image", uri, "--image", Fixture.images,
            input: bytes)
        let lines = try result.jsonLines(EmbeddedLine.self)
        #expect(lines.count == 1 + 2 + 1 + 5, "\(result.error)")
        #expect(lines[0].input == "-")
        #expect(lines[1].input == Fixture.images + "/wide.jpg")
        #expect(lines[3].input == uri)
        #expect(lines[0].embedding == lines[3].embedding)
        #expect(
            lines[4...].map { ($0.input as NSString).lastPathComponent }
                == ["grey.png", "tall.png", "tiny.png", "turned.jpg", "wide.jpg"])
    }

    @Test func `files hold what standard output would`() throws {
        let folder = try TemporaryFolder()
        let inputs = ["--text", "a cat", "--image", Fixture.images]
        let lines = try Command.run(["embed"] + inputs).jsonLines(EmbeddedLine.self)
        for name in ["e.npy", "e.safetensors", "e.jsonl"] {
            let result = try Command.run(["embed"] + inputs + ["--output", folder / name])
            #expect(result.status == 0 && result.output.isEmpty, "\(result.error)")
        }
        let values = lines.flatMap(\.embedding)
        let array = try Data(contentsOf: URL(fileURLWithPath: folder / "e.npy"))
        #expect(array.prefix(8) == Data([0x93] + Array("NUMPY".utf8) + [1, 0]))
        #expect(String(decoding: array[10..<128], as: UTF8.self).contains("'shape': (6, 32)"))
        #expect(array.dropFirst(128) == values.withUnsafeBytes { Data($0) })

        let file = try SafetensorsFile(url: URL(fileURLWithPath: folder / "e.safetensors"))
        let tensor = try #require(file.tensors["embeddings"])
        #expect(tensor.shape == [6, 32] && tensor.floats() == values)
        struct Input: Decodable { let kind, input: String }
        let named = try JSONDecoder().decode([Input].self, from: Data((file.metadata["inputs"] ?? "").utf8))
        #expect(named.map(\.input) == lines.map(\.input))

        let text = try String(contentsOfFile: folder / "e.jsonl", encoding: .utf8)
        #expect(text == (try Command.run(["embed"] + inputs).output))
        #expect(folder.names == ["e.jsonl", "e.npy", "e.safetensors"])
    }

    @Test func `what cannot be read is skipped and listed`() throws {
        let folder = try TemporaryFolder()
        try Data("no image".utf8).write(to: URL(fileURLWithPath: folder / "bad.jpg"))
        let result = try Command.run(
            "embed", "--image", folder / "bad.jpg", "--image", Fixture.images + "/wide.jpg", "--image",
            folder / "none.png", "--output", folder / "e.npy")
        #expect(result.status == 3)
        #expect(result.error.contains("skipped \(folder / "bad.jpg"): "))
        #expect(result.error.contains("skipped \(folder / "none.png"): "))
        #expect(result.error.contains("2 of 3 inputs skipped"))
        #expect(FileManager.default.contents(atPath: folder / "e.npy")?.count == 128 + 4 * 32)
    }

    @Test func `a list of many lines takes constant memory`() throws {
        let folder = try TemporaryFolder()
        let line = Fixture.images + "/tiny.png\n"
        var peaks: [Int] = []
        for count in [100, 4000] {
            try Data(String(repeating: line, count: count).utf8).write(to: URL(fileURLWithPath: folder / "list"))
            let run = try Running(["embed", "--threads", "1", "--input", folder / "list"])
            var peak = 0
            _ = run.wait { () -> Bool in
                peak = max(peak, run.peakMemory ?? 0)
                return false
            }
            let result = run.end()
            #expect(result.status == 0 && result.lines.count == count, "\(result.error)")
            peaks.append(peak)
        }
        // In KiB. All embeddings together would be 2 MB more as text, all images 50 MB.
        #expect(peaks[1] - peaks[0] < 16_000, "\(peaks)")
    }
}
