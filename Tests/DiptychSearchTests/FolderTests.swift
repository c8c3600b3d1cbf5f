import DiptychMedia
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// What walks through folders find, pass over and count.
@Suite struct FolderTests {
    private static func folder(_ names: [String]) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        for name in names {
            try directory.makeFolder(
                (["p"] + name.split(separator: "/").dropLast().map(String.init)).joined(separator: "/"))
            try directory.write("x", to: "p/\(name)")
        }
        return directory
    }

    private static func found(
        _ directory: TemporaryDirectory, _ patterns: [String] = [], usesDefaults: Bool = true,
        followsLinks: Bool = false
    ) -> [String] {
        var rules = FolderRules(excluding: patterns.compactMap { FolderPattern($0) }, usesDefaults: usesDefaults)
        rules.followsLinks = followsLinks
        let root = directory.path("p")
        return ImageFiles(roots: [root], rules: rules).map { String($0.dropFirst(root.count + 1)) }.sorted()
    }

    /// What git says of the same patterns: `git check-ignore` 2.39 on the same names.
    @Test(arguments: [
        ("b.jpg", ["a.jpg", "d/a.jpg", "d/e/c.jpg"]), ("*.jpg", []), ("d", ["a.jpg", "b.jpg"]),
        ("d/", ["a.jpg", "b.jpg"]), ("/a.jpg", ["b.jpg", "d/a.jpg", "d/b.jpg", "d/e/c.jpg"]),
        ("d/*.jpg", ["a.jpg", "b.jpg", "d/e/c.jpg"]), ("**/a.jpg", ["b.jpg", "d/b.jpg", "d/e/c.jpg"]),
        ("d/**", ["a.jpg", "b.jpg"]), ("d/**/c.jpg", ["a.jpg", "b.jpg", "d/a.jpg", "d/b.jpg"]),
        ("?.jpg", []), ("[ab].jpg", ["d/e/c.jpg"]), ("[!a].jpg", ["a.jpg", "d/a.jpg"]), ("[a-b].*", ["d/e/c.jpg"]),
        ("e", ["a.jpg", "b.jpg", "d/a.jpg", "d/b.jpg"]), ("*/a.jpg", ["a.jpg", "b.jpg", "d/b.jpg", "d/e/c.jpg"]),
        ("A.JPG", ["a.jpg", "b.jpg", "d/a.jpg", "d/b.jpg", "d/e/c.jpg"]),
    ])
    func patternsMeanWhatTheyMeanToGit(pattern: String, kept: [String]) throws {
        let directory = try Self.folder(["a.jpg", "b.jpg", "d/a.jpg", "d/b.jpg", "d/e/c.jpg"])
        #expect(Self.found(directory, [pattern]) == kept)
    }

    @Test func laterPatternsTakeBack() throws {
        let directory = try Self.folder(["a.jpg", "b.jpg", "@eaDir/c.jpg"])
        #expect(Self.found(directory, ["*.jpg", "!b.jpg"]) == ["b.jpg"])
        #expect(Self.found(directory, ["!@eaDir"]) == ["@eaDir/c.jpg", "a.jpg", "b.jpg"])
    }

    @Test func patternsTakeNoMoreThanTheirLength() throws {
        let directory = try Self.folder([String(repeating: "a", count: 200) + ".jpg"])
        let hostile = String(repeating: "*a", count: 1000) + "b"
        let clock = ContinuousClock()
        var kept = 0
        let took = clock.measure { kept = Self.found(directory, [hostile]).count }
        #expect(kept == 1 && took < .seconds(1))
        #expect(FolderPattern("") == nil && FolderPattern("/") == nil)
        #expect(FolderPattern(String(repeating: "a", count: 4097)) == nil)
    }

    @Test func previewsAndBinsAreLeftOut() throws {
        let left = [
            "@eaDir/photo.jpg/SYNOPHOTO_THUMB_XL.jpg", "#recycle/old.jpg", "#snapshot/a.jpg", "@Recycle/a.jpg",
            "$RECYCLE.BIN/x.jpg", "$Recycle.Bin/y.jpg", "RECYCLER/z.jpg", "System Volume Information/a.jpg",
            "lost+found/a.jpg", "node_modules/icon.jpg", "__MACOSX/a.jpg", "sub/@eaDir/a.jpg", "Photos.lrdata/1.jpg",
            ".thumbnails/a.jpg", "._photo.jpg", ".Trash-1000/files/a.jpg",
        ]
        let directory = try Self.folder(left + ["photo.jpg", "sub/b.jpg", "eaDir/c.jpg"])
        #expect(Self.found(directory) == ["eaDir/c.jpg", "photo.jpg", "sub/b.jpg"])
        // Without patterns only hidden ones are left out.
        #expect(Self.found(directory, usesDefaults: false).count == left.count - 3 + 3)
    }

    @Test func otherKindsAreCounted() async throws {
        let album = try await Album()
        try album.add("a.png", seed: 1)
        for name in ["1.nef", "2.NEF", "3.mp3", "readme", "4.xmp", ".hidden.nef", "@eaDir/5.nef"] {
            if name.hasPrefix("@") { try album.directory.makeFolder("pictures/@eaDir") }
            try album.directory.write("x", to: "pictures/\(name)")
        }
        symlink("/", "\(album.images)/link")
        let summary = try await album.index()
        #expect(summary.otherKinds == ["nef": 2, "mp3": 1, "": 1])
        #expect(summary.excludedFolders == 1 && summary.excludedFiles == 0 && summary.linkedFolders == 1)
        #expect(
            summary.notices == [
                "4 files of other kinds: 2 .nef, 1 without extension, 1 .mp3", "left out by patterns: 1 folder",
                "1 link to folders not followed",
            ])
    }

    @Test func endingsOfImagesInAnyCase() throws {
        let names = ["a.jfif", "b.HIF", "c.heif", "d.avif", "e.jxl", "f.PPM", "g.jpe", "h.dib"]
        let directory = try Self.folder(names + ["i.nef", "j", "k.jp"])
        #expect(Self.found(directory) == names)
    }

    /// A folder that links lead to several times, around in a circle, and into a root is walked once.
    @Test(.timeLimit(.minutes(1))) func linksAreFollowedOnce() throws {
        let directory = try Self.folder(["real/a.jpg", "b.jpg"])
        try directory.makeFolder("outside/deep")
        try directory.write("x", to: "outside/c.jpg")
        try directory.write("x", to: "outside/deep/d.jpg")
        for (target, name) in [
            (directory.path("outside"), "p/one"), (directory.path("outside"), "p/two"),
            (directory.path("outside/deep"), "p/zoom"), (directory.path("p"), "outside/back"),
            (directory.path("outside"), "outside/deep/loop"), ("real", "p/again"), (directory.path, "outside/up"),
        ] {
            symlink(target, directory.path(name))
        }
        #expect(Self.found(directory) == ["b.jpg", "real/a.jpg"])
        #expect(
            Self.found(directory, followsLinks: true) == ["b.jpg", "one/c.jpg", "one/deep/d.jpg", "real/a.jpg"])
    }
}
