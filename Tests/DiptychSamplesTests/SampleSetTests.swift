import DiptychSamples
import Foundation
import Testing

struct SampleSetTests {
    private struct Line: Decodable {
        var file: String
        var caption_en: String
        var caption_zh: String
    }

    private func lines(of directory: String) throws -> [Line] {
        let text = try String(contentsOfFile: directory + "/captions.jsonl", encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    @Test func writesEveryImageAndItsCaptions() async throws {
        try await withTemporaryDirectory { directory in
            let set = SampleSet(seed: 21)
            try await set.write(count: 40, to: directory + "/new/folder")
            let lines = try lines(of: directory + "/new/folder")
            #expect(lines.map(\.file) == (0..<40).map(SampleSet.fileName(at:)))
            #expect(lines.map(\.caption_en) == (0..<40).map { set.scene(at: $0).captionEnglish })
            #expect(lines.map(\.caption_zh) == (0..<40).map { set.scene(at: $0).captionChinese })
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/new/folder").count == 41)
            for line in lines {
                let size = try ImageHeader.size(ofFile: directory + "/new/folder/" + line.file)
                #expect(min(size.width, size.height) == 176)
                #expect([176, 234].contains(max(size.width, size.height)))
            }
        }
    }

    @Test func theSameSeedGivesTheSameBytes() async throws {
        try await withTemporaryDirectory { directory in
            try await SampleSet(seed: 22).write(count: 20, to: directory + "/a")
            try await SampleSet(seed: 22).write(count: 20, to: directory + "/b")
            try await SampleSet(seed: 23).write(count: 20, to: directory + "/c")
            for index in 0..<20 {
                let files = ["a", "b", "c"].map { "\(directory)/\($0)/\(SampleSet.fileName(at: index))" }
                let bytes = try files.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
                #expect(bytes[0] == bytes[1])
                #expect(bytes[0] != bytes[2])
            }
        }
    }

    @Test func writesTrainingLinesOnRequest() async throws {
        struct Training: Decodable {
            struct Group: Decodable { var shape, color, texture, size: String, count: Int }
            var file, relation, backdrop: String
            var groups: [Group]
            var full_en, full_zh, brief_en, brief_zh: [String]
        }
        try await withTemporaryDirectory { directory in
            try await SampleSet(seed: 24).write(count: 30, to: directory, companion: .training(wordings: 3))
            let text = try String(contentsOfFile: directory + "/training.jsonl", encoding: .utf8)
            let lines = try text.split(separator: "\n").map {
                try JSONDecoder().decode(Training.self, from: Data($0.utf8))
            }
            #expect(lines.count == 30)
            for (index, line) in lines.enumerated() {
                let scene = SampleSet(seed: 24).scene(at: index)
                #expect(line.groups.map(\.shape) == scene.arrangement.groups.map(\.shape.rawValue))
                #expect(line.full_en == (0..<3).map { scene.captions(phrasing: $0).english })
                #expect(line.brief_zh == (0..<3).map { scene.briefCaptions(phrasing: $0).chinese })
            }
        }
    }

    @Test func replacesItsOwnFilesAndKeepsOthers() async throws {
        try await withTemporaryDirectory { directory in
            try "mine".write(toFile: directory + "/notes.txt", atomically: true, encoding: .utf8)
            try await SampleSet(seed: 25).write(count: 5, to: directory)
            try await SampleSet(seed: 26).write(count: 3, to: directory)
            #expect(try String(contentsOfFile: directory + "/notes.txt", encoding: .utf8) == "mine")
            #expect(try lines(of: directory).count == 3)
            #expect(FileManager.default.fileExists(atPath: directory + "/" + SampleSet.fileName(at: 4)))
        }
    }

    @Test func saysWhyADirectoryCannotBeUsed() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory + "/file"
            try "x".write(toFile: file, atomically: true, encoding: .utf8)
            await #expect(throws: SamplesError.self) { try await SampleSet(seed: 0).write(count: 1, to: file) }
            await #expect(throws: SamplesError.self) {
                try await SampleSet(seed: 0).write(count: 1, to: file + "/in")
            }
            await #expect(throws: SamplesError.self) { try await SampleSet(seed: 0).write(count: 0, to: directory) }
            do {
                try await SampleSet(seed: 0).write(count: 1, to: file + "/in")
            } catch {
                #expect("\(error)".contains(file + "/in"))
                #expect(!"\(error)".contains("\n"))
            }
        }
    }

    @Test func aCancelledRunLeavesNoCaptions() async throws {
        try await withTemporaryDirectory { directory in
            // Those of an earlier run would be wrong for the images that were replaced.
            try await SampleSet(seed: 28).write(count: 2, to: directory)
            let task = Task { try await SampleSet(seed: 27).write(count: 100_000, to: directory) }
            try await Task.sleep(for: .milliseconds(100))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(!FileManager.default.fileExists(atPath: directory + "/captions.jsonl"))
        }
    }
}
