import Diptych
import DiptychLabels
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// Decisions, undoing and orders on a store of drawn images.
struct LabelWorkspaceTests {
    private let directory: TemporaryDirectory
    private let store: EmbeddedStore

    init() async throws {
        directory = try TemporaryDirectory()
        let model = try await TinyModel.load()
        try directory.makeFolder("pictures")
        for seed in 0..<12 {
            var generator = SeededGenerator(UInt64(seed))
            try directory.write(generator.png(width: 60, height: 40), to: "pictures/\(seed).png")
        }
        store = try await EmbeddedStore.open(at: directory.url.appendingPathComponent("store"), for: model)
        _ = try await Indexer(store: store, model: model).index([directory.path("pictures")])
    }

    private func open(
        _ kind: LabelTask.Kind = .single, _ labels: [String] = ["cat", "dog"], people: Int = 1
    ) async throws -> LabelWorkspace {
        let task = try LabelTask(kind, labels: labels)
        let workspace = try await LabelWorkspace.open(task, of: store, texts: TinyModel.load(), people: people)
        try await workspace.load()
        return workspace
    }

    private func request(_ tab: String = "a", author: String = "ann", count: Int = 20) -> LabelRequest {
        var request = LabelRequest(tab: tab, author: author)
        request.count = count
        return request
    }

    private func decision(_ id: String, _ image: QueuedImage, _ labels: String...) -> LabelDecision {
        LabelDecision(id: id, part: image.part, labels: labels)
    }

    @Test("A decision is stored once however often it is sent, with how it came to be, also after a restart")
    func once() async throws {
        var workspace = try await open()
        let images = try await workspace.next(request())
        #expect(images.count == 12)
        var one = decision("1", images[0], "cat")
        one.milliseconds = 812
        one.suggestion = LabelSuggestion(label: "dog", probability: 0.75, raw: 0.5)
        #expect(try await workspace.decide([one], by: "ann") == [.stored(revision: 1)])
        #expect(try await workspace.decide([one], by: "ann") == [.repeated(revision: 1)])
        workspace = try await open()
        #expect(try await workspace.decide([one], by: "ann") == [.repeated(revision: 1)])
        let said = try await store.annotations(ofPart: images[0].part, task: "label")
        #expect(said.count == 1)
        let annotation = try #require(said.first?.annotation)
        #expect(
            annotation.value == "cat" && annotation.author == "ann" && annotation.origin == .changed(probability: 0.75))
        #expect(
            annotation.details == [
                "id": "1", "ms": 812, "suggested": "dog", "probability": 0.75, "raw": 0.5, "blind": false,
            ])
        #expect(try await workspace.next(request()).map(\.part) == images.dropFirst().map(\.part))
    }

    @Test(
        "Undoing goes back without limit, also after a restart; a group goes at once, and sent again it undoes nothing else"
    )
    func undoing() async throws {
        var workspace = try await open()
        let images = try await workspace.next(request())
        _ = try await workspace.decide([decision("1", images[0], "cat")], by: "ann")
        _ = try await workspace.decide([decision("2", images[0], "dog")], by: "ann")
        var group = [decision("3", images[1], "cat"), decision("4", images[2], "cat")]
        for place in group.indices { group[place].group = "g" }
        _ = try await workspace.decide(group, by: "ann")
        _ = try await workspace.decide([decision("5", images[3], "dog")], by: "bob")
        workspace = try await open()
        #expect(try await workspace.undo(id: "u1", by: "ann").map(\.part) == [images[1].part, images[2].part])
        #expect(try await workspace.undo(id: "u1", by: "ann").isEmpty)
        var undone = try await workspace.undo(id: "u2", by: "ann")
        #expect(undone.map(\.state.labels) == [["cat"]])
        workspace = try await open()
        undone = try await workspace.undo(id: "u3", by: "ann")
        #expect(undone.map(\.state.isDecided) == [false])
        #expect(try await workspace.undo(id: "u4", by: "ann").isEmpty)
        #expect(try await store.currentAnnotations(task: "label").map(\.annotation.value) == ["dog"])
        #expect(try await workspace.progress(for: "ann").decided == 1)
    }

    @Test("Windows get different images, and none writes over what another one decided")
    func windows() async throws {
        let workspace = try await open()
        let first = try await workspace.next(request("a", count: 5))
        let second = try await workspace.next(request("b", count: 20))
        #expect(second.count == 7 && Set(first.map(\.part)).isDisjoint(with: second.map(\.part)))
        var (one, other) = (decision("1", first[0], "cat"), decision("2", first[0], "dog"))
        (one.revision, other.revision) = (0, 0)
        _ = try await workspace.decide([one], by: "ann")
        guard case .conflict(let state) = try await workspace.decide([other], by: "ann").first else {
            Issue.record("the second decision was stored")
            return
        }
        #expect(state.labels == ["cat"] && state.revision == 1)
        other.revision = 1
        #expect(try await workspace.decide([other], by: "ann") == [.stored(revision: 2)])
        // A window that is gone gives its images back.
        var fresh = request("c")
        fresh.isFresh = true
        #expect(try await workspace.next(fresh).count == 11)
    }

    @Test("Two programs on one store see each other's decisions, and keep all of them")
    func programs() async throws {
        let (one, other) = (try await open(), try await open())
        let images = try await one.next(request())
        async let first: Void = {
            for image in images.prefix(6) {
                _ = try await one.decide([decision("a\(image.part)", image, "cat")], by: "ann")
            }
        }()
        async let second: Void = {
            for image in images.suffix(6) {
                _ = try await other.decide([decision("b\(image.part)", image, "dog")], by: "bob")
            }
        }()
        _ = try await (first, second)
        #expect(try await one.progress(for: "ann").counts == ["cat": 6, "dog": 6])
        #expect(try await other.next(request()).isEmpty)
    }

    @Test("A renamed label is renamed wherever it stands, in the store too, and undoing goes on with the new name")
    func renaming() async throws {
        let workspace = try await open()
        let images = try await workspace.next(request())
        for place in 0..<3 { _ = try await workspace.decide([decision("\(place)", images[place], "cat")], by: "ann") }
        #expect(try await workspace.rename(label: "cat", to: "kitten", by: "bob") == 3)
        #expect(
            try await store.currentAnnotations(task: "label").map(\.annotation.value) == ["kitten", "kitten", "kitten"])
        #expect(try await workspace.undo(id: "u", by: "ann").map(\.part) == [images[2].part])
        // The list that the task was opened with still has the old name.
        let again = try await open()
        #expect(try await again.progress(for: "ann").counts["kitten"] == 2)
        #expect(await again.current.labels == ["kitten", "dog"])
        // Somebody takes the old name for something new: what was renamed stays so.
        try await again.add(label: "cat")
        #expect(try await open().progress(for: "ann").counts["kitten"] == 2)
    }

    @Test("A label that is added to several images comes to those that they have, also twice in one request")
    func adding() async throws {
        let workspace = try await open(.multiple)
        let images = try await workspace.next(request())
        _ = try await workspace.decide([decision("1", images[0], "cat")], by: "ann")
        var more = [decision("2", images[0], "dog"), decision("3", images[1], "dog"), decision("4", images[1], "cat")]
        for place in more.indices { more[place].adds = true }
        _ = try await workspace.decide(more, by: "ann")
        #expect(try await workspace.image(images[0].item.id).state.labels == ["cat", "dog"])
        #expect(try await workspace.image(images[1].item.id).state.labels == ["dog", "cat"])
        _ = try await workspace.decide([decision("5", images[0], "dog")], by: "ann")
        #expect(try await workspace.image(images[0].item.id).state.labels == ["dog"])
        let labels = try await workspace.labels().byItem
        #expect(labels == [images[0].item.id: "dog", images[1].item.id: "dog"])
    }

    @Test(
        "Answers of several people stand beside each other; what settles them counts, and agreement is of what they said"
    )
    func people() async throws {
        let workspace = try await open(people: 2)
        let images = try await workspace.next(request(author: "ann"))
        for (place, image) in images.enumerated() {
            _ = try await workspace.decide([decision("a\(place)", image, place % 2 == 0 ? "cat" : "dog")], by: "ann")
        }
        let again = try await workspace.next(request("b", author: "bob"))
        #expect(again.count == 12)
        for (place, image) in images.enumerated() {
            _ = try await workspace.decide(
                [decision("b\(place)", image, place % 2 == 0 && place > 1 ? "cat" : "dog")], by: "bob")
        }
        var disputed = request("c", author: "eve")
        disputed.order = .disputed
        let found = try await workspace.next(disputed)
        #expect(found.map(\.part) == [images[0].part] && found[0].answers.map(\.labels) == [["cat"], ["dog"]])
        var last = decision("e", images[0], "cat")
        last.settles = true
        _ = try await workspace.decide([last], by: "eve")
        #expect(try await workspace.next(disputed).isEmpty)
        let report = try await workspace.report()
        // 11 of 12 alike; 6 and 6, 5 and 7: (11/12 − 1/2) / (1 − 1/2).
        #expect(abs(try #require(report.kappas.first?.measure.value) - 5.0 / 6) < 1e-12)
        #expect(report.disputed == 0 && report.alpha.images == 12)
    }

    @Test("A head learns from decisions in the background, and what it suggests becomes right")
    func learning() async throws {
        let workspace = try await open(.single, ["one", "two"])
        let images = try await workspace.next(request())
        let truth = Dictionary(uniqueKeysWithValues: images.enumerated().map { ($1.part, $0 < 6 ? "one" : "two") })
        for image in images.dropLast(1).dropFirst(1) {
            _ = try await workspace.decide([decision("\(image.part)", image, truth[image.part] ?? "")], by: "ann")
        }
        var learnt = 0
        for _ in 0..<100 where learnt < 10 {
            try await Task.sleep(for: .milliseconds(50))
            learnt = try await workspace.progress(for: "ann").learntFrom
        }
        #expect(learnt == 10)
        var all = request()
        (all.scope, all.isGrid) = (.all, true)
        let shown = try await workspace.next(all).filter { $0.state.isDecided }
        #expect(shown.count == 10 && shown.allSatisfy { $0.suggestions.first?.label == truth[$0.part] })
    }

    @Test("What makes no sense is refused in one line, and nothing is stored")
    func refused() async throws {
        let workspace = try await open()
        let images = try await workspace.next(request())
        for wrong in [
            decision("", images[0], "cat"), decision("1", images[0]), decision("1", images[0], "a", "b"),
            decision("1", images[0], " "), LabelDecision(id: "1", part: 999_999, labels: ["cat"]),
        ] {
            await #expect(throws: (any Error).self) {
                _ = try await workspace.decide([wrong, decision("2", images[1], "cat")], by: "ann")
            }
        }
        #expect(try await store.currentAnnotations(task: "label").isEmpty)
    }
}
