import Diptych
import DiptychCatalog
import DiptychDatasets
import DiptychTestSupport
import Foundation
import Synchronization
import Testing

@Suite struct ComputedColumnTests {
    private let folder: TemporaryDirectory
    private let catalog: Catalog

    init() throws {
        folder = try TemporaryDirectory()
        catalog = try Catalog.open(at: folder.url.appendingPathComponent("catalog"))
    }

    private static let images = TinyModel.directory.deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("DiptychCLITests/Fixtures/pictures").path

    private func questions() throws -> CatalogTable {
        func row(_ image: DatasetValue, _ texts: [String?]) -> [DatasetValue] {
            [
                image, .list(texts.map { $0.map(DatasetValue.text) ?? .null }),
                texts.first.flatMap { $0 }.map(DatasetValue.text) ?? .null,
            ]
        }
        return try catalog.table(
            of: MemoryDataset(
                columns: [.init("image", .image), .init("choices", .list(.text)), .init("text", .text)],
                rows: [
                    row(.image(.file(Self.images + "/wide.jpg")), ["a cat", "a dog", "a house"]),
                    row(.image(.file(Self.images + "/tall.png")), ["a dog", nil]),
                    row(.image(.file(folder.path("missing.jpg"))), ["a cat"]),
                    row(.null, []),
                    row(.image(.file(Self.images + "/wide.jpg")), ["a cat"]),
                ]))
    }

    @Test func valuesAreThoseOfTheModel() async throws {
        let model = try await TinyModel.load()
        let table = try questions()
        var skipped: [DatasetError] = []
        let scored = try await table.map(
            .init(.similarity, image: "image", texts: "choices", as: "cosines"), by: model, skip: { skipped.append($0) }
        )
        #expect(skipped.count == 2)
        let images = try await model.embed(images: [.file(Self.images + "/wide.jpg")])
        let texts = try await model.embed(texts: ["a cat", "a dog", "a house"])
        let wanted = images.similarity(to: texts).values
        guard case .list(let cosines)? = try scored.row(at: 0)["cosines"] else {
            throw CatalogError(.invalid, "no list")
        }
        for (a, b) in zip(cosines, wanted) {
            guard case .double(let value) = a else { throw CatalogError(.invalid, "no number") }
            #expect(abs(value - Double(b)) < 1e-5)
        }
        guard case .list(let short)? = try scored.row(at: 1)["cosines"] else { throw CatalogError(.invalid, "no list") }
        #expect(short.count == 2 && short[1] == .null)
        #expect(try scored.row(at: 2)["cosines"] == .null && scored.row(at: 3)["cosines"] == .null)
        let single = try await table.map(.init(.similarity, image: "image", text: "text", as: "cosine"), by: model)
        #expect(try single.row(at: 4)["cosine"] == cosines[0])
        let probable = try await table.map(.init(.probability, image: "image", texts: "choices", as: "p"), by: model)
        let sum = try catalog.query("SELECT 1 AS one").row(at: 0)["one"]
        #expect(sum == .integer(1))
        guard case .list(let probabilities)? = try probable.row(at: 0)["p"] else {
            throw CatalogError(.invalid, "no list")
        }
        let total = probabilities.reduce(0.0) { if case .double(let value) = $1 { $0 + value } else { $0 } }
        #expect(abs(total - 1) < 1e-5)
        let best = try await table.map(
            .init(.label, image: "image", labels: ["a cat", "a dog"], as: "best"), by: model)
        let index = wanted[0] > wanted[1] ? "a cat" : "a dog"
        #expect(try best.row(at: 0)["best"] == .text(index))
        let embedded = try await table.map(.init(.embedding, image: "image", as: "vector"), by: model)
        #expect(embedded.columns.last == DatasetColumn("vector", .vector))
        #expect(try embedded.row(at: 0)["vector"] == .floats(images.values))
    }

    @Test func nothingIsComputedTwice() async throws {
        let model = CountingModel(try await TinyModel.load())
        let table = try questions()
        _ = try await table.map(.init(.similarity, image: "image", texts: "choices", as: "c"), by: model)
        // Two contents: one of the three files stands there twice.
        #expect(model.counts == .init(images: 2, texts: 3))
        _ = try await table.map(.init(.probability, image: "image", texts: "choices", as: "p"), by: model)
        #expect(model.counts == .init(images: 2, texts: 3))
        // Another process.
        let again = try Catalog.open(at: catalog.directory)
        _ = try await again.table(of: table).map(.init(.embedding, image: "image", as: "v"), by: model)
        #expect(model.counts == .init(images: 2, texts: 3))
    }

    @Test func aFileThatChangedSinceTheVersionIsTold() async throws {
        try folder.makeFolder("images")
        for name in ["wide.jpg", "tall.png"] {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: Self.images + "/" + name))
            try bytes.write(to: URL(fileURLWithPath: folder.path("images/" + name)))
        }
        let table = try catalog.create("images", from: [folder.path("images")])
        let model = try await TinyModel.load()
        let notes = DatasetNotes()
        let column = ModelColumn(.embedding, image: "image", as: "v")
        _ = try await table.map(column, by: model, notes: notes)
        #expect(notes.all.isEmpty)
        let tall = try Data(contentsOf: URL(fileURLWithPath: Self.images + "/tall.png"))
        try tall.write(to: URL(fileURLWithPath: folder.path("images/wide.jpg")))
        let changed = try await table.map(column, by: model, notes: notes)
        #expect(notes.all.map(\.count) == [1] && notes.all.first?.path.hasSuffix("wide.jpg") == true)
        #expect(notes.all.first?.reason.contains("images@1") == true)
        #expect(try changed.row(at: 0)["v"] == changed.row(at: 1)["v"])
    }

    @Test(arguments: [
        ModelColumn(.probability, image: "image", text: "text", as: "x"),
        ModelColumn(.similarity, text: "text", as: "x"),
        ModelColumn(.embedding, image: "image", text: "text", as: "x"), ModelColumn(.label, image: "image", as: "x"),
        ModelColumn(.similarity, image: "nothing", text: "text", as: "x"),
        ModelColumn(.similarity, image: "image", text: "text", labels: ["a"], as: "x"),
        ModelColumn(.embedding, image: "image", as: ""),
    ])
    func whatCannotBeComputedIsSaid(column: ModelColumn) async throws {
        let (table, model) = (try questions(), try await TinyModel.load())
        await #expect(throws: CatalogError.self) { try await table.map(column, by: model) }
    }

    @Test func aClosureGoesOnBehindItsLastBatch() async throws {
        struct Stop: Error {}
        let table = try catalog.table(
            of: MemoryDataset(columns: [.init("n", .integer)], rows: (0..<100).map { [.integer($0)] }))
        let calls = Mutex<[Int64]>([])
        let stops = Mutex(true)
        @Sendable func double(_ row: DatasetRecord) throws -> Int? {
            let number = row["n"]?.integer ?? 0
            if number == 55, stops.withLock({ $0 }) { throw Stop() }
            calls.withLock { $0.append(number) }
            return number % 7 == 0 ? nil : Int(number) * 2
        }
        await #expect(throws: Stop.self) {
            try await table.map(to: "double", version: "1", batch: 10) { try double($0) }
        }
        stops.withLock { $0 = false }
        calls.withLock { $0 = [] }
        let result = try await table.map(to: "double", version: "1", batch: 10) { try double($0) }
        #expect(calls.withLock { $0.min() } == 50)
        #expect(try result.row(at: 3)["double"] == .integer(6) && result.row(at: 7)["double"] == .null)
        #expect(try (0..<100).allSatisfy { try result.row(at: $0)["n"] == .integer(Int64($0)) })
        #expect(result.columns.last == DatasetColumn("double", .integer))
        // Nothing is left, and another closure begins at the first row.
        calls.withLock { $0 = [] }
        _ = try await table.map(to: "double", version: "2") { try double($0) }
        #expect(calls.withLock { $0.count } == 100)
    }
}

/// A model that counts what it embeds.
private final class CountingModel: DualEncoder {
    struct Counts: Equatable {
        var images = 0
        var texts = 0
    }

    private let base: CLIPModel
    private let state = Mutex(Counts())

    init(_ base: CLIPModel) { self.base = base }

    var counts: Counts { state.withLock { $0 } }
    var path: String { base.path }
    var name: String { base.name }
    var dimension: Int { base.dimension }
    var kinds: Set<InputKind> { base.kinds }
    var preprocessing: Preprocessing { base.preprocessing }
    var options: ModelOptions { base.options }
    var tokenizer: any Tokenizer { base.tokenizer }
    var logits: LogitParameters { base.logits }
    func fingerprint() async -> String { await base.fingerprint() }
    func engineDescription() async throws -> EngineDescription { try await base.engineDescription() }
    func encode(_ pixels: [Float], count: Int) async throws -> [Float] {
        state.withLock { $0.images += count }
        return try await base.encode(pixels, count: count)
    }
    func embed(tokenized texts: [TokenizedText], normalize: Bool) async throws -> Embeddings {
        state.withLock { $0.texts += texts.count }
        return try await base.embed(tokenized: texts, normalize: normalize)
    }
}
