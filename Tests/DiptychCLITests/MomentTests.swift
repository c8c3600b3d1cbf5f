import DiptychCheckpoints
import Foundation
import Testing

/// Moments of videos in a store: drawn, indexed, found, filtered, and gone on with.
@Suite(.serialized) struct MomentTests {
    private struct Truth: Decodable {
        struct Moment: Decodable { let start, end: Double, begins, caption_en, caption_zh, event_en, event_zh: String }
        let file: String
        let moments: [Moment]
    }

    private struct Found: Decodable {
        struct Hit: Decodable {
            struct Moment: Decodable { let start, end, best: Double, similarity: Float }
            struct Attributes: Decodable { let kind: String?, duration: Double?, type: String? }
            let id, path: String
            let start, end, best: Double?
            let moments: [Moment]?
            let attributes: Attributes
        }
        let results: [Hit]
    }

    private struct Summary: Decodable { let added, updated, unchanged, moved, reused, skipped_count: Int }

    /// Six drawn videos with their truth.
    private struct World {
        let folder: TemporaryFolder
        let truth: [Truth]
        var films: String { folder / "films" }
        var store: String { folder / "store" }

        init() throws {
            folder = try TemporaryFolder()
            let drawn = try Command.run("pictures", "--videos", "6", "--seed", "5", "--output", folder / "films")
            try #require(drawn.status == 0, "\(drawn.error)")
            let lines = try String(contentsOfFile: folder / "films/videos.jsonl", encoding: .utf8)
            truth = try lines.split(separator: "\n").map {
                try JSONDecoder().decode(Truth.self, from: Data($0.utf8))
            }
        }

        func index(_ options: String..., status: Int32 = 0) throws -> Summary {
            let result = try Command.run(
                ["index", films, "--store", store, "--model", "demo", "--format", "json"] + options)
            #expect(result.status == status, "\(result.error)")
            return try result.json()
        }

        func search(_ options: String...) throws -> [Found.Hit] {
            try Command.run(["search", "--store", store, "--model", "demo", "--format", "json"] + options)
                .json(Found.self).results
        }
    }

    private static func overlap(_ hit: Found.Hit, _ moment: Truth.Moment) -> Double {
        guard let start = hit.start, let end = hit.end else { return 0 }
        return max(0, min(end, moment.end) - max(start, moment.start))
            / (max(end, moment.end) - min(start, moment.start))
    }

    @Test func `a store finds the seconds of a video that a caption tells of`() throws {
        let world = try World()
        #expect(world.truth.count == 6)
        for (number, video) in world.truth.enumerated() {
            let moments = video.moments
            #expect(moments.count.isMultiple(of: 2) && moments[0].start == 0)
            #expect(zip(moments, moments.dropFirst()).allSatisfy { $0.end == $1.start })
            #expect(moments.count { $0.begins == "cut" } * 2 == moments.count)
            // Look-alikes come in pairs of equal times.
            #expect(moments.map(\.start) == world.truth[number ^ 1].moments.map(\.start))
        }
        #expect(world.truth[0].moments[0].caption_en != world.truth[1].moments[0].caption_en)
        #expect(try world.index().added == 6)
        var (found, queries) = (0, 0)
        for video in world.truth {
            for moment in video.moments where moment.begins != "moves" {
                queries += 1
                let hit = try #require(try world.search(moment.caption_en, "-k", "1").first)
                #expect(hit.attributes.kind == "video" && hit.attributes.type == "mp4")
                let (start, end) = (try #require(hit.start), try #require(hit.end))
                #expect(start < end && (start...end).contains(hit.best ?? -1))
                if hit.path.hasSuffix(video.file), Self.overlap(hit, moment) >= 0.5 { found += 1 }
            }
        }
        #expect(Double(found) >= 0.7 * Double(queries), "\(found) of \(queries)")
        let length = try #require(world.truth[0].moments.last).end
        let first = try #require(try world.search("a star", "--filter", "name = 'video-000000.mp4'").first)
        #expect(abs((first.attributes.duration ?? 0) - length) < 0.01)
        // The moments of a file are all of its time, one after the other.
        let all = try #require(first.moments).sorted { $0.start < $1.start }
        #expect(all.first?.start == 0 && abs((all.last?.end ?? 0) - length) < 0.01)
        #expect(zip(all, all.dropFirst()).allSatisfy { abs($0.end - $1.start) < 1e-6 })
    }

    @Test func `filters know kinds, lengths and seconds`() throws {
        let world = try World()
        try FileManager.default.copyItem(atPath: Fixture.images + "/tall.png", toPath: world.films + "/tall.png")
        #expect(try world.index().added == 7)
        #expect(try world.search("a star", "--filter", "kind = video").count == 6)
        #expect(try world.search("a star", "--filter", "kind = image").map(\.path).allSatisfy { $0.hasSuffix(".png") })
        let lengths = world.truth.map { $0.moments.last?.end ?? 0 }.sorted()
        let middle = (lengths[2] + lengths[3]) / 2
        let long = try world.search("a star", "--filter", "duration > \(middle)")
        #expect(long.count == lengths.count { $0 > middle })
        let early = try world.search("a star", "--filter", "video.time < 2")
        #expect(early.count == 6 && early.allSatisfy { ($0.start ?? 9) < 2 })
        let late = try world.search("a star", "--filter", "video.time > \(lengths[0])", "-k", "100")
        #expect(late.count == lengths.count { $0 >= lengths[0] } && late.allSatisfy { ($0.end ?? 0) >= lengths[0] })
        let none = try world.search("a star", "--filter", "video.time > 1000")
        #expect(none.isEmpty)
        // The moments stay where they are for another model.
        let filled = try Command.run("store", "embed", "--store", world.store, "--model", Fixture.model)
        #expect(filled.status == 0, "\(filled.error)")
        let other = try Command.run(
            "search", "--store", world.store, "--space", "2", "--format", "json", "a star", "--filter", "kind = video",
            "--model", Fixture.model
        ).json(Found.self).results
        #expect(other.count == 6 && other.allSatisfy { $0.start != nil })
    }

    @Test func `indexing again only looks at what is new, and goes on after a kill`() throws {
        let world = try World()
        let long = world.folder / "films/long.mp4"
        let joined = try Self.ffmpegConcat(world, to: long)
        let running = try Running(["index", world.films, "--store", world.store, "--model", "demo", "--list"])
        // The long video comes first by its name; its first moments are stored long before its end.
        let database = world.store + "/store.sqlite-wal"
        _ = running.wait { (try? FileManager.default.attributesOfItem(atPath: database)[.size] as? Int) ?? 0 > 100_000 }
        running.send(SIGKILL)
        _ = running.end()
        let summary = try world.index()
        #expect(summary.skipped_count == 0 && summary.added + summary.unchanged == (joined ? 7 : 6))
        #expect(try world.index().unchanged == (joined ? 7 : 6))
        #expect(try world.search("a star", "-k", "20").count == (joined ? 7 : 6))
        // A file under another name is known, with its moments.
        try FileManager.default.moveItem(
            atPath: world.films + "/video-000003.mp4", toPath: world.films + "/moved.mp4")
        let moved = try world.index()
        #expect(moved.moved == 1 && moved.added == 0)
        #expect(try Command.run("store", "verify", "--store", world.store).status == 0)
    }

    /// One video of all, several times; false where the program ffmpeg is not there.
    private static func ffmpegConcat(_ world: World, to path: String) throws -> Bool {
        let list = world.folder / "list.txt"
        let lines = (0..<8).flatMap { _ in world.truth.map { "file '\(world.films)/\($0.file)'\n" } }
        try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: list))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i", list, "-c", "copy", path]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    @Test func `what is no video is left out in one line, and what breaks off is kept as far as it goes`() throws {
        let world = try World()
        try Data("words".utf8).write(to: URL(fileURLWithPath: world.films + "/words.mp4"))
        try Data("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n".utf8).write(to: URL(fileURLWithPath: world.films + "/list.mov"))
        try Data().write(to: URL(fileURLWithPath: world.films + "/empty.mkv"))
        let result = try Command.run("index", world.films, "--store", world.store, "--model", "demo")
        #expect(result.status == 3)
        let skipped = result.error.split(separator: "\n").filter { $0.contains("skipped") }
        #expect(skipped.count == 3, "\(result.error)")
        #expect(try world.search("a star", "-k", "20").count == 6)
    }

    @Test func `evaluate moments prints recall of moments and files`() throws {
        let world = try World()
        struct Report: Decodable {
            struct Tally: Decodable { let queries: Int, recall_at_1, file_recall_at_1: Double }
            let moments, stored_moments: Int
            let all, en, zh: Tally
        }
        let report: Report = try Command.run(
            "evaluate", "moments", "--videos", world.films, "--model", "demo", "--format", "json"
        ).json()
        let count = world.truth.reduce(0) { $0 + $1.moments.count }
        #expect(report.moments == count && report.all.queries == 2 * count && report.en.queries == count)
        #expect(report.all.recall_at_1 > 0.6 && report.all.file_recall_at_1 >= report.all.recall_at_1)
        let wrong = try Command.run("evaluate", "moments", "--videos", world.folder / "none", "--model", "demo")
        #expect(wrong.status == 1 && wrong.error.contains("videos.jsonl"))
    }
}
