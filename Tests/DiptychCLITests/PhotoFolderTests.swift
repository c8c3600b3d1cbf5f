import DiptychCheckpoints
import Foundation
import Testing

/// What people's own folders and cameras bring along.
struct PhotoFolderTests {
    private let folder: TemporaryFolder
    private var images: String { folder / "pictures" }
    private var store: String { folder / "store" }

    init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: Fixture.images, toPath: images)
    }

    private struct Summary: Decodable {
        let added, moved, removed, excluded_folders, excluded_files, linked_folders: Int
        let other_kinds: [String: Int]
    }

    private func index(_ options: String...) throws -> Command.Result {
        try Command.run(["index", images, "--store", store] + options)
    }

    @Test func `the summary counts other kinds and what patterns leave out`() throws {
        for name in ["1.nef", "2.nef", "3.doc", "none", "@eaDir/tall.png"] {
            let path = "\(images)/\(name)"
            try FileManager.default.createDirectory(
                atPath: path[..<(path.lastIndex(of: "/") ?? path.endIndex)].description,
                withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: images + "/tall.png", toPath: path)
        }
        let summary: Summary = try index("--format", "json", "--exclude", "gr?y.*").json()
        #expect(summary.other_kinds["nef"] == 2 && summary.other_kinds["doc"] == 1 && summary.other_kinds[""] == 1)
        #expect(summary.added == 4 && summary.excluded_folders == 1 && summary.excluded_files == 1)
        let text = try index("--no-default-excludes", "--exclude", "gr?y.*")
        #expect(text.output.contains("2 .nef") && text.output.contains("left out by patterns: 1 file"))
        #expect(text.output.hasPrefix("added 1,"), "\(text.output)")
        expectFailure(try index("--exclude", "/"), status: 2, saying: "--exclude '/'")
    }

    @Test func `a folder that held images and is empty or missing is refused, and nothing is removed`() throws {
        #expect(try index().status == 0)
        try FileManager.default.moveItem(atPath: images, toPath: folder / "away")
        let missing = try index("--prune")
        expectFailure(missing, status: 1, saying: images, "--root-is-empty")
        try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: false)
        let empty = try index("--prune")
        expectFailure(empty, status: 1, saying: images, "5 images", "--root-is-empty")
        #expect(empty.error.split(separator: "\n").count == 1)
        struct Info: Decodable { let count, missing, vectors: Int }
        let info: Info = try Command.run("store", "info", "--store", store, "--format", "json").json()
        #expect(info.count == 5 && info.missing == 0 && info.vectors == 5)
        // The drive is back.
        try FileManager.default.removeItem(atPath: images)
        try FileManager.default.moveItem(atPath: folder / "away", toPath: images)
        #expect(try index("--prune").output.hasPrefix("added 0, updated 0, unchanged 5"))
        try FileManager.default.removeItem(atPath: images)
        #expect(try index("--prune", "--root-is-empty").status == 0)
        let after: Info = try Command.run("store", "info", "--store", store, "--format", "json").json()
        #expect(after.count == 0 && after.vectors == 0)
    }

    @Test func `an image beyond --max-pixels is refused by every command, with the option's name`() throws {
        // A header of 20,000 x 15,000 pixels, with nothing behind it.
        var png = try Data(contentsOf: URL(fileURLWithPath: images + "/tall.png"))
        png.replaceSubrange(16..<24, with: [0, 0, 0x4E, 0x20, 0, 0, 0x3A, 0x98])
        try FileManager.default.createDirectory(atPath: folder / "large", withIntermediateDirectories: false)
        let path = folder / "large/large.png"
        // libpng compares the header with its checksum.
        let checksum = Self.crc32(Array(png[12..<29]))
        png.replaceSubrange(29..<33, with: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: checksum >> $0) })
        try png.write(to: URL(fileURLWithPath: path))
        _ = try index()
        let lines = [
            ["embed", "--image", path], ["classify", "--label", "a", "--label", "b", path],
            ["preprocess", path, "--output", folder / "a.npy"],
            ["similarity", "--query-image", path, "--text", "a"], ["search", "--store", store, "--image", path],
            ["index", folder / "large", "--store", folder / "other"],
        ]
        for line in lines {
            let refused = try Command.run(line)
            #expect(refused.status != 0 && refused.error.contains("--max-pixels"), "\(line[0]): \(refused.error)")
            // With the option it is the data that are missing.
            let allowed = try Command.run(line + ["--max-pixels", "300"])
            #expect(allowed.status != 0 && allowed.error.contains("end too early"), "\(line[0]): \(allowed.error)")
        }
        expectFailure(try Command.run("embed", "--image", path, "--max-pixels", "0"), status: 2, saying: "--max-pixels")
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var state = ~UInt32(0)
        for byte in bytes {
            state ^= UInt32(byte)
            for _ in 0..<8 { state = state & 1 == 1 ? (state >> 1) ^ 0xEDB8_8320 : state >> 1 }
        }
        return ~state
    }

    @Test func `a JPEG without its end is refused by default and read with --tolerant`() throws {
        let whole = images + "/wide.jpg", cut = folder / "cut.jpg"
        try Data(contentsOf: URL(fileURLWithPath: whole)).dropLast(2).write(to: URL(fileURLWithPath: cut))
        let refused = try Command.run("embed", "--image", cut)
        #expect(refused.status == 3 && refused.error.contains("--tolerant"), "\(refused.error)")
        struct Line: Decodable { let embedding: [Float] }
        let read: Line = try Command.run("embed", "--image", cut, "--tolerant").json()
        let expected: Line = try Command.run("embed", "--image", whole).json()
        #expect(read.embedding == expected.embedding)
    }
}
