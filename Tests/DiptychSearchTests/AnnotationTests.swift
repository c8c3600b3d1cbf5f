import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// What was said about assets, which is never changed and never lost.
@Suite struct AnnotationTests {
    private static func album() async throws -> Album {
        let album = try await Album()
        try album.add(count: 3)
        _ = try await album.index()
        return album
    }

    private static func label(_ value: AttributeValue?, _ origin: Annotation.Origin = .typed, part: Int64 = 1)
        -> Annotation
    {
        Annotation(part: part, task: "labels", value: value, author: "ann", origin: origin)
    }

    @Test func revisionsAreAdded() async throws {
        let store = try await Self.album().store
        let made = try await store.annotate([
            Self.label(.text("cat")), Self.label(.list([.text("cat"), .text("dog")]), .accepted(probability: 0.75)),
            Self.label(.text("bird"), .changed(probability: 0.5), part: 2),
        ])
        #expect(made.map(\.revision) == [1, 2, 1])
        let log = try await store.annotations(ofPart: 1)
        #expect(log == Array(made[..<2]))
        #expect(log[1].annotation.origin == .accepted(probability: 0.75) && log[1].annotation.author == "ann")
        #expect(abs((log[0].annotation.time ?? 0) - Date().timeIntervalSince1970) < 60)
        #expect(try await store.currentAnnotations(task: "labels") == [made[1], made[2]])
        #expect(try await store.annotations(ofPart: 1, task: "other").isEmpty)
    }

    @Test func undoGoesBackStepByStep() async throws {
        let store = try await Self.album().store
        #expect(try await store.undoAnnotation(part: 1, task: "labels", author: "bob") == nil)
        for value in ["a", "b", "c"] { try await store.annotate([Self.label(.text(value))]) }
        func undone() async throws -> AttributeValue? {
            try await store.undoAnnotation(part: 1, task: "labels", author: "bob")?.annotation.value
        }
        #expect(try await undone() == .text("b"))
        #expect(try await undone() == .text("a"))
        #expect(try await undone() == nil)
        #expect(try await store.currentAnnotations(task: "labels").isEmpty)
        // What was said stays readable, and what is said next counts.
        let log = try await store.annotations(ofPart: 1)
        #expect(log.map(\.annotation.value) == [.text("a"), .text("b"), .text("c"), .text("b"), .text("a"), nil])
        #expect(log[3].annotation.origin == .undone(to: 2) && log[3].annotation.author == "bob")
        try await store.annotate([Self.label(.text("d"))])
        #expect(try await undone() == nil)
    }

    @Test func theyOutliveIndexingPruningAndReopening() async throws {
        let album = try await Self.album()
        try await album.store.annotate([Self.label(.text("cat")), Self.label(.text("dog"), part: 2)])
        let one = album.images + "/0.png"
        _ = try await Indexer(store: album.store, model: album.model).index(inputs: [
            .success(IndexInput(path: one, source: .file(one), caption: "other", attributes: ["x": .integer(1)]))
        ])
        // The file goes, is dropped, and comes back: it is the same part.
        let bytes = try album.directory.bytes("pictures/0.png")
        try FileManager.default.removeItem(atPath: one)
        #expect(try await album.index().removed == 1)
        #expect(try await album.store.compact().items == 1)
        try album.directory.write(bytes, to: "pictures/0.png")
        _ = try await album.index()
        let store = try await EmbeddedStore.open(at: album.store.directory)
        let current = try await store.currentAnnotations(task: "labels")
        #expect(current.map(\.annotation.value) == [.text("cat"), .text("dog")])
        let hit = try await store.items(after: nil, limit: 10, filter: try Filter("name = '0.png'"))[0].0
        #expect(try await store.parts(of: hit.id).map(\.id) == [1])
        // Removal on request takes them.
        #expect(try await store.remove(idsOrPaths: [one]) == 1)
        #expect(try await store.currentAnnotations(task: "labels").map(\.annotation.part) == [2])
        #expect(try await store.verify() == [])
    }

    @Test func theTableTakesNoChanges() async throws {
        let album = try await Self.album()
        try await album.store.annotate([Self.label(.text("cat"))])
        #expect(throws: (any Error).self) { try album.sql("UPDATE annotations SET value = '1'") }
    }

    @Test(arguments: [
        Annotation(part: 9, task: "labels", value: .text("x"), author: "ann"),
        Annotation(part: 1, task: "", value: .text("x"), author: "ann"),
        Annotation(part: 1, task: "labels", value: .text("x"), author: String(repeating: "a", count: 201)),
        Annotation(part: 1, task: "labels", value: .number(.nan), author: "ann"),
        Annotation(part: 1, task: "labels", value: .text(String(repeating: "a", count: 1 << 20)), author: "ann"),
        Annotation(part: 1, task: "labels", value: .text("x"), author: "ann", origin: .accepted(probability: 1.5)),
        Annotation(part: 1, task: "labels", value: .text("x"), author: "ann", time: .infinity),
    ])
    func whatCannotBeKeptIsRefused(annotation: Annotation) async throws {
        let store = try await Self.album().store
        await #expect(throws: StoreError.self) { try await store.annotate([Self.label(.text("good")), annotation]) }
        #expect(try await store.annotations(ofPart: 1).isEmpty)
    }
}
