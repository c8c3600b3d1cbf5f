import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// Files and folders as disks hold them.
@Suite struct UnusualFilesTests {
    @Test func whatCountsAsAnImage() async throws {
        let album = try await Album()
        let yes = ["a.PNG", "b.Jpeg", "c.tif", "d.webp", "two.dots.png", "-dash.png", "#hash?.png"]
        let no = [".hidden.png", "notes.txt", "png", "a.png.part", ".png", "e.pngx"]
        for (seed, name) in (yes + no).enumerated() { try album.add(name, seed: UInt64(seed)) }
        try album.directory.makeFolder("pictures/.folder")
        try album.add(".folder/a.png", seed: 100)
        try album.directory.makeFolder("pictures/folder.png")
        try album.add("folder.png/a.png", seed: 101)
        let summary = try await album.index()
        #expect(try await album.found() == (yes + ["folder.png/a.png"]).sorted())
        #expect(summary.skippedCount == 0)
        // What is named is taken whatever it is called.
        let named = try await Indexer(store: album.store, model: album.model).index([
            "\(album.images)/notes.txt", "\(album.images)/.hidden.png",
        ])
        #expect(named.added == 2)
    }

    @Test func namesAreKeptByteForByte() async throws {
        let album = try await Album()
        let names = [
            "with space.png", "with\nnewline.png", "tab\t.png", "雪地.png", "👩‍👩‍👧‍👦.png", "é.png", "e\u{301}.png",
            "\u{301}combining.png", "quote'\".png", "%41.png", "back\\slash.png", "*.png",
            String(repeating: "长", count: 80) + ".png",
        ]
        for (seed, name) in names.enumerated() { try album.add(name, seed: UInt64(seed)) }
        let folders = ["e\u{301}", "\u{e9}", "\u{301}"]
        for (seed, folder) in folders.enumerated() {
            try album.directory.makeFolder("pictures/\(folder)")
            try album.add("\(folder)/\u{301}.png", seed: UInt64(100 + seed))
        }
        let summary = try await album.index()
        #expect(summary.added == names.count + folders.count && summary.skippedCount == 0)
        #expect(try await album.index().unchanged == names.count + folders.count)
        let found = try await album.found().map { Array($0.utf8) }
        for name in names { #expect(found.contains(Array(name.utf8)), "\(name)") }

        // Vanished below a folder whose name starts with a combining mark, and from one of two that look the same.
        unlink("\(album.images)/\u{301}/\u{301}.png")
        unlink("\(album.images)/\u{e9}/\u{301}.png")
        #expect(try await album.index().removed == 2)
    }

    @Test func namesThatAreNoTextAreReported() async throws {
        let album = try await Album()
        try album.add("good.png", seed: 1)
        func path(_ name: [UInt8]) -> [CChar] {
            (Array(album.images.utf8) + [0x2F] + name + [0]).map(CChar.init(bitPattern:))
        }
        func place(_ name: [UInt8], seed: UInt64) throws {
            var generator = SeededGenerator(seed)
            let descriptor = open(path(name), O_WRONLY | O_CREAT, 0o644)
            try #require(descriptor >= 0)
            let png = try generator.png()
            #expect(write(descriptor, png, png.count) == png.count)
            close(descriptor)
        }
        try place([0xFF, 0xFE] + Array(".png".utf8), seed: 2)
        try place([0xC3, 0x28] + Array(".txt".utf8), seed: 3)
        try place(Array("a".utf8) + [0xE9] + Array(".PNG".utf8), seed: 4)
        #expect(mkdir(path([0xE9]), 0o755) == 0)
        let summary = try await album.index()
        #expect(summary.added == 1 && summary.skippedCount == 3)
        #expect(summary.skipped.allSatisfy { $0.reason.contains("UTF-8") }, "\(summary.skipped)")
    }

    @Test func linksToFilesAreFollowedLinksToFoldersAreNot() async throws {
        let album = try await Album()
        try album.add("real.png", seed: 1)
        let outside = try album.directory.write(
            album.directory.bytes("pictures/real.png"), to: "outside.png")
        try album.directory.makeFolder("elsewhere")
        symlink(outside, "\(album.images)/link.png")
        symlink("\(album.images)/none.png", "\(album.images)/dangling.png")
        symlink("loop.png", "\(album.images)/loop.png")
        symlink(album.images, "\(album.images)/loop")
        symlink("..", "\(album.images)/up")
        symlink(album.directory.path("elsewhere"), "\(album.images)/folder.png")
        mkfifo("\(album.images)/pipe.png", 0o644)
        let summary = try await album.index()
        #expect(summary.added == 2 && summary.reused == 1 && summary.skippedCount == 0)
        #expect(try await album.found() == ["link.png", "real.png"])
        unlink(outside)
        #expect(try await album.index().removed == 1)
    }

    @Test func namedThingsThatAreNoFilesAreSkipped() async throws {
        let album = try await Album()
        mkfifo("\(album.images)/pipe", 0o644)
        let summary = try await Indexer(store: album.store, model: album.model).index([
            "\(album.images)/pipe", "/dev/null", "/dev/zero",
        ])
        #expect(summary.skippedCount == 3 && summary.added == 0)
    }

    /// A folder whose path is longer than the system takes cannot be listed, not even by root.
    @Test func foldersThatCannotBeListedAreReported() async throws {
        let album = try await Album()
        try album.add("good.png", seed: 1)
        var descriptor = open(album.images, O_RDONLY | O_DIRECTORY)
        for _ in 0..<20 {
            let name = String(repeating: "d", count: 250)
            mkdirat(descriptor, name, 0o755)
            let next = openat(descriptor, name, O_RDONLY | O_DIRECTORY)
            close(descriptor)
            descriptor = next
        }
        try #require(descriptor >= 0)
        close(descriptor)
        let summary = try await album.index()
        #expect(summary.added == 1 && summary.skippedCount == 1)
        #expect(summary.skipped.first?.path.hasPrefix(album.images + "/dddd") == true)
        #expect(summary.skipped.first?.reason.contains("\n") == false)
        print("\(summary.skipped.first?.reason ?? "")")
        let remove = Process()
        remove.executableURL = URL(fileURLWithPath: "/bin/rm")
        remove.arguments = ["-rf", album.images]
        try remove.run()
        remove.waitUntilExit()
    }

    @Test(.enabled(if: getuid() != 0, "no mode keeps root out"))
    func whatMayNotBeReadHasNotVanished() async throws {
        let album = try await Album()
        try album.directory.makeFolder("pictures/secret")
        try album.add("secret/a.png", seed: 1)
        try album.add("b.png", seed: 2)
        _ = try await album.index()
        chmod("\(album.images)/secret", 0)
        chmod("\(album.images)/b.png", 0)
        let summary = try await album.index()
        chmod("\(album.images)/secret", 0o755)
        #expect(summary.removed == 0 && summary.skippedCount == 1)
        #expect(try await album.found() == ["b.png", "secret/a.png"])
    }

    @Test func filesMayChangeWhileTheyAreIndexed() async throws {
        let album = try await Album(batchSize: 2)
        try album.add(count: 10)
        let directory = album.directory
        let restless = Task.detached {
            var seed: UInt64 = 1000
            while !Task.isCancelled {
                var generator = SeededGenerator(seed)
                let name = "\(seed % 10).png"
                let bytes = try generator.png(width: 20 + Int(seed % 30))
                // Cut, grown, gone, and there again.
                try directory.write(Array(bytes.prefix(bytes.count / 2)), to: "pictures/\(name)")
                try directory.write(bytes, to: "pictures/\(name)")
                seed += 1
                try await Task.sleep(for: .microseconds(500))
            }
        }
        for _ in 0..<5 { _ = try await album.index() }
        restless.cancel()
        _ = await restless.result
        #expect(try await album.index().skippedCount == 0)
        // Whatever happened: now the store holds what the files hold.
        let stored = try await album.stored()
        for seed in 0..<10 {
            let direct = try await album.model.embed(images: [.file("\(album.images)/\(seed).png")])[0]
            let similarity = try direct.similarity(to: #require(stored["\(seed).png"]))
            #expect(similarity > 0.999_99)
        }
        #expect(try await album.store.verify() == [])
    }
}
