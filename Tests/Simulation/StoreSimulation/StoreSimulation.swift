internal import CFaults
import Diptych
import DiptychMedia
internal import DiptychSearch
internal import DiptychTestSupport
package import Foundation
internal import Synchronization

/// A store whose file system fails, beside a plain account of what it reported as stored. Everything follows from a seed, so that a
/// failure can be looked at again: `swift run sim --seed N`.
package final class StoreSimulation {
    /// What a store must hold.
    struct Contents: Equatable, CustomStringConvertible {
        struct Item: Equatable {
            var content: Int
            var caption: String
            var isMissing = false
        }
        struct Asset: Equatable {
            var label: String?
            var boxes: Set<Int> = []
        }
        /// By their paths.
        var items: [String: Item] = [:]
        /// By their contents, those of no item among them.
        var assets: [Int: Asset] = [:]

        /// Without the assets that no item shows.
        var shown: Contents {
            let used = Set(items.values.map(\.content))
            return Contents(items: items, assets: assets.filter { used.contains($0.key) })
        }

        var description: String {
            items.sorted { $0.key < $1.key }.map { path, item in
                let asset = assets[item.content] ?? Asset()
                return "\(path): \(item.caption)\(item.isMissing ? ", gone" : "")"
                    + ", label \(asset.label ?? "none"), boxes \(asset.boxes.sorted())"
            }.joined(separator: "\n")
        }

        mutating func drop(where isGone: (String, Item) -> Bool) {
            for (path, item) in items where isGone(path, item) { items[path] = nil }
        }
    }

    /// Something that should not be.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private static let dimension = 16

    private let directory: URL
    private let clock: SimulatedClock
    private var random: SeededGenerator
    /// What the store may hold: after a failure, what no item shows may or may not be gone.
    private var possible = [Contents()]
    /// The one that is looked at.
    private var contents = Contents()
    private var log: [String] = []
    /// The calls that were made to fail.
    package private(set) var faults = 0

    /// A new store below a folder that is there.
    package init(in folder: URL, seed: UInt64) async throws {
        guard faults_install() == 0 else { throw Failure(description: "SQLite does not take the file system") }
        let path = realpath(folder.path, nil).map { String(cString: $0) } ?? folder.path
        directory = URL(fileURLWithPath: path, isDirectory: true).appendingPathComponent("store")
        random = SeededGenerator(seed)
        clock = SimulatedClock(seed: seed)
        faults_arm(directory.path, 0, 0, 0)
        _ = try await clock.run { [directory] in
            try await EmbeddedStore.create(at: directory, dimension: Self.dimension)
        }
    }

    private func open() async throws -> EmbeddedStore {
        try await EmbeddedStore.open(at: directory, codesFrom: 16, capacity: 32)
    }

    /// Makes `count` steps.
    ///
    /// - Throws: ``Failure`` with all steps so far where the store lost or made up something.
    package func run(steps count: Int) async throws {
        for _ in 0..<count { try await clock.run { try await step() } }
    }

    /// All that the store holds, with times: the same for the same seed and steps.
    package func account() async throws -> String {
        let store = try await open()
        var lines: [String] = []
        for (item, embedding) in try await store.items(after: nil, limit: 10_000, filter: nil) {
            lines.append("\(item) \(embedding)")
            for part in try await store.parts(of: item.id) {
                lines.append("\(part)")
                lines += try await store.annotations(ofPart: part.id).map { "\($0)" }
            }
        }
        return try await lines.joined(separator: "\n")
            + "\n\(store.info())"
            .replacing(directory.path, with: "")
    }

    /// One operation, of which any change to a file may fail.
    private func step() async throws {
        let operation = Operation.allCases.randomElement(using: &random) ?? .put
        let fault = Bool.random(using: &random) ? Int.random(in: 1...40, using: &random) : 0
        let (stays, isFull) = (Bool.random(using: &random), Bool.random(using: &random))
        // They all show the same items, so that the same is drawn for each.
        let drawn = random
        var (change, next): (Change, [Contents]) = ({ _ in }, [])
        for contents in possible {
            self.contents = contents
            random = drawn
            let planned = planned(operation)
            change = planned.0
            next.append(planned.1)
        }
        let operate = change
        log.append("\(operation) failing at \(fault)\(stays ? " and after" : "")\(isFull ? ", disk full" : "")")
        var reported = false
        // The store is opened before, so that the fault meets the operation and not always the opening.
        var store: EmbeddedStore? = try await open()
        faults_arm(directory.path, fault, stays ? 1 : 0, isFull ? 1 : 0)
        do {
            if let store { try await operate(store) }
            reported = true
        } catch let error as StoreError {
            guard fault > 0, !error.description.contains("\n") else { throw failed("\(error) without a fault") }
        }
        if faults_struck() != 0 { faults += 1 }
        // The process ends with the fault still there; the next one finds a disk that works.
        store = nil
        faults_arm(directory.path, 0, 0, 0)
        let found = try await self.found()
        let candidates = reported ? next : next + possible
        possible = candidates.filter { $0.shown == found }
        guard let first = possible.first else {
            let known = candidates.map { "\($0.shown)" }.joined(separator: "\nor\n")
            throw failed("holds\n\(found)\ninstead of\n\(known)")
        }
        // As many as there were, unless a failure left it open; equal ones are one.
        possible = possible.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        contents = first
    }

    private func failed(_ reason: String) -> Failure {
        Failure(description: (log.enumerated().map { "\($0): \($1)" } + [reason]).joined(separator: "\n"))
    }

    /// What a new process finds in the store, which must be whole.
    private func found() async throws -> Contents {
        let store: EmbeddedStore
        do { store = try await open() } catch { throw failed("does not open: \(error)") }
        let problems = try await store.verify()
        guard problems.isEmpty else { throw failed("verify finds \(problems)") }
        var contents = Contents()
        for (item, embedding) in try await store.items(after: nil, limit: 10_000, filter: nil) {
            let caption = item.attributes.caption ?? ""
            guard let number = Self.content(of: caption), item.content == Self.hash(number),
                embedding.values == Self.vector(number)
            else { throw failed("\(item.path) has another content than was stored") }
            contents.items[item.path] = .init(content: number, caption: caption, isMissing: item.missing)
            var asset = Contents.Asset()
            for part in try await store.parts(of: item.id) {
                if case .box(let x, _, _, _) = part.part { asset.boxes.insert(Int(x)) }
                guard case .whole = part.part, let last = try await store.annotations(ofPart: part.id).last,
                    case .text(let label)? = last.annotation.value
                else { continue }
                asset.label = label
            }
            contents.assets[number] = asset
            // It is found by what it is.
            let hits = try await store.search(SearchRequest(embedding, limit: 1, isExact: true))
            guard item.missing || hits.first.map({ $0.similarity > 0.999 }) == true else {
                throw failed("\(item.path) is not found")
            }
        }
        return contents
    }

    /// The content that a caption names, such as `content 7, seen 3`.
    private static func content(of caption: String) -> Int? {
        caption.split { !$0.isNumber }.first.flatMap { Int($0) }
    }

    private static func hash(_ content: Int) -> ContentHash { ContentHash(of: Data("\(content)".utf8)) }

    private static func vector(_ content: Int) -> [Float] {
        var random = SeededGenerator(UInt64(content) + 1000)
        return random.unitVector(dimension)
    }

    // MARK: - Operations

    private enum Operation: CaseIterable { case put, change, remove, mark, prune, compact, annotate, box, embed }

    private typealias Change = (EmbeddedStore) async throws -> Void

    /// Some of the paths that are there.
    private func some(_ most: Int) -> [String] {
        Array(contents.items.keys.sorted().shuffled(using: &random).prefix(Int.random(in: 1...most, using: &random)))
    }

    /// What an operation does to the store, and what the store must hold afterwards.
    private func planned(_ operation: Operation) -> (Change, Contents) {
        var next = contents
        switch operation {
        case .put:
            return put(
                Set(
                    (0..<Int.random(in: 1...24, using: &random)).map { _ in
                        "/p/\(Int.random(in: 0..<60, using: &random)).png"
                    }
                ).sorted())
        case .change: return put(some(4))
        case .remove:
            let paths = Set(some(3))
            let gone = paths.compactMap { next.items[$0]?.content }
            next.drop { path, _ in paths.contains(path) }
            // A content goes with its last item.
            let used = Set(next.items.values.map(\.content))
            for content in gone where !used.contains(content) { next.assets[content] = nil }
            return ({ _ = try await $0.remove(idsOrPaths: paths.sorted()) }, next)
        case .mark:
            let paths = some(3)
            for path in paths { next.items[path]?.isMissing = true }
            return ({ try await $0.markMissing(paths) }, next)
        case .prune, .compact:
            next.drop { $1.isMissing }
            let used = Set(next.items.values.map(\.content))
            // What was annotated waits for its file to come back.
            next.assets = next.assets.filter { used.contains($0.key) || $0.value.label != nil }
            return ({ _ = operation == .prune ? try await $0.prune() : try await $0.compact() }, next)
        case .annotate:
            let path = some(1).first
            let label = "label \(Int.random(in: 0..<1000, using: &random))"
            if let content = path.flatMap({ next.items[$0]?.content }) { next.assets[content]?.label = label }
            return (
                { store in
                    guard let path else { return }
                    let filter = Filter.compare(.path, .equal, .text(path))
                    guard let id = try await store.places(after: nil, limit: 1, filter: filter).first?.id,
                        let part = try await store.parts(of: id).first
                    else { return }
                    try await store.annotate([
                        Annotation(part: part.id, task: "labels", value: .text(label), author: "sim")
                    ])
                }, next
            )
        case .box:
            let paths = some(5)
            let x = Int.random(in: 0..<19, using: &random)
            for path in paths {
                if let content = next.items[path]?.content { next.assets[content]?.boxes.insert(x) }
            }
            return (
                { _ = try await $0.addParts(paths.map { ($0, [.box(x: Double(x), y: 0, width: 1, height: 1)]) }) }, next
            )
        case .embed:
            return (
                { store in
                    let parts = try await store.unembeddedParts(after: 0, limit: 100)
                    try await store.putEmbeddings(
                        parts.map { ($0.part, Embedding(values: Self.vector(Int($0.part.id) + 100_000))) })
                }, next
            )
        }
    }

    private func put(_ paths: [String]) -> (Change, Contents) {
        var next = contents
        var records: [ItemRecord] = []
        for path in paths {
            let content = Int.random(in: 0..<40, using: &random)
            let caption = "content \(content), seen \(Int.random(in: 0..<9, using: &random))"
            records.append(
                ItemRecord(
                    path: path, content: Self.hash(content), embedding: Embedding(values: Self.vector(content)),
                    image: ImageFacts(width: 20, height: 20), caption: caption))
            next.items[path] = .init(content: content, caption: caption)
            next.assets[content] = next.assets[content] ?? .init()
        }
        let made = records
        return ({ try await $0.put(made) }, next)
    }
}

/// A clock that goes on by a second each time that it is looked at, and numbers that follow from a seed.
private final class SimulatedClock: Sendable {
    private let time = Mutex(1_600_000_000.0)
    private let random: Mutex<SeededGenerator>

    init(seed: UInt64) { random = Mutex(SeededGenerator(seed &+ 1)) }

    func run<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        let surroundings = StoreSurroundings(
            now: {
                self.time.withLock { time in
                    time += 1
                    return time
                }
            }, chance: { self.random.withLock { $0.next() } })
        return try await StoreSurroundings.$current.withValue(surroundings) { try await body() }
    }
}
