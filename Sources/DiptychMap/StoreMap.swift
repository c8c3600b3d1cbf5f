internal import Diptych
public import DiptychSearch
internal import Foundation
internal import DiptychBasics

/// The map of a store's items.
///
/// It is kept with the store, so that items stay where they are when others are added; see ``EmbeddingMap``.
public struct StoreMap: Sendable {
    /// The items.
    public let ids: [String]
    /// Where each is.
    public let points: [SIMD2<Float>]
    /// How many of them are new since the map before.
    public let added: Int

    /// What is kept of a store's map, by the number of its space.
    private static func note(_ space: StoreSpace) -> String { "map \(space.id)" }

    /// Above this share of new items they would press the others into what was known of them: all are laid out again.
    private static let mostAdded = 0.5

    /// Makes the map of a store, or adds what is new to the one that it keeps.
    ///
    /// Memory is 64 numbers an item, whatever the embeddings' width.
    ///
    /// - Parameters:
    ///   - isFresh: lays all items out again.
    ///   - report: is told how much is done, from 0 to 1.
    /// - Throws: ``StoreError``; `CancellationError`.
    public static func make(
        of store: any VectorStore, options: EmbeddingMap.Options, isFresh: Bool = false,
        _ report: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> StoreMap {
        let sample = try await store.sample(options.sampled)
        guard let width = sample.first?.values.count else { return StoreMap(ids: [], points: [], added: 0) }
        let drawn = Embeddings(values: sample.flatMap(\.values), dimension: width)
        let components = try await WorkerThreads.shared.value {
            PrincipalComponents(of: drawn, count: options.components, threads: options.threads)
        }
        report(0.05)
        let total = max(1, try await store.info().count)
        var (ids, places, waiting): ([String], [Float], [Float]) = ([], [], [])
        try await store.forEachItem { item, embedding in
            guard !item.missing, embedding.values.count == width else { return }
            ids.append(item.id)
            waiting += embedding.values
            guard waiting.count >= 1024 * width else { return }
            places += components.places(of: Embeddings(values: waiting, dimension: width)).values
            waiting.removeAll(keepingCapacity: true)
            report(0.05 + 0.25 * min(1, Double(ids.count) / Double(total)))
        }
        places += components.places(of: Embeddings(values: waiting, dimension: width)).values
        let earlier = isFresh ? nil : try await kept(by: store)
        let map = try await laidOut(ids, Embeddings(values: places, dimension: components.count), earlier, options) {
            report(0.3 + 0.7 * $0)
        }
        // A store that keeps no notes, or none as long, has its map made each time.
        if map.added > 0 || earlier?.ids.count != map.ids.count {
            try? await store.setNote(note(store.space), map.data)
        }
        return map
    }

    /// The map that a store keeps; nil where there is none.
    public static func kept(by store: any VectorStore) async throws -> StoreMap? {
        guard store.keepsNotes else { return nil }
        return try await store.note(note(store.space)).flatMap(StoreMap.init(data:))
    }

    private static func laidOut(
        _ ids: [String], _ places: Embeddings, _ earlier: StoreMap?, _ options: EmbeddingMap.Options,
        _ report: @escaping @Sendable (Double) -> Void
    ) async throws -> StoreMap {
        let known = Dictionary(zip(earlier?.ids ?? [], earlier?.points ?? [])) { first, _ in first }
        let old = ids.indices.filter { known[ids[$0]] != nil }
        let isKept = !old.isEmpty && Double(ids.count - old.count) <= mostAdded * Double(ids.count)
        let order = isKept ? old + ids.indices.filter { known[ids[$0]] == nil } : Array(ids.indices)
        let width = places.dimension
        var values: [Float] = []
        values.reserveCapacity(places.values.count)
        for row in order { values += places.values[row * width..<(row + 1) * width] }
        let rows = Embeddings(values: values, dimension: width)
        let points = isKept ? old.compactMap { known[ids[$0]] } : []
        let isCancelled = StopFlag()
        let map = try await withTaskCancellationHandler {
            try await WorkerThreads.shared.value {
                EmbeddingMap(of: rows, options: options, known: points) { share in
                    report(share)
                    return !isCancelled.isSet
                }
            }
        } onCancel: {
            isCancelled.set()
        }
        try Task.checkCancellation()
        return StoreMap(ids: order.map { ids[$0] }, points: map.points, added: ids.count - points.count)
    }
}

// MARK: Its bytes

extension StoreMap {
    private static let magic: [UInt8] = Array("DMAP1".utf8)

    /// The map as bytes: the number of items, each one's x and y in single precision, then the ids in lines; little endian.
    var data: Data {
        var data = Data(Self.magic)
        withUnsafeBytes(of: UInt64(ids.count).littleEndian) { data.append(contentsOf: $0) }
        for point in points {
            for value in [point.x, point.y] {
                withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
            }
        }
        data.append(contentsOf: ids.joined(separator: "\n").utf8)
        return data
    }

    /// Reads them; nil for bytes that are no map.
    init?(data: Data) {
        let start = Self.magic.count + 8
        guard data.count >= start, Array(data.prefix(Self.magic.count)) == Self.magic else { return nil }
        let bytes = [UInt8](data)
        func number<Value: FixedWidthInteger>(at offset: Int, as: Value.Type) -> Value {
            Value(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) })
        }
        let count = number(at: Self.magic.count, as: UInt64.self)
        guard count <= UInt64((bytes.count - start) / 8) else { return nil }
        var points: [SIMD2<Float>] = []
        for row in 0..<Int(count) {
            let place = start + 8 * row
            let point = SIMD2(
                Float(bitPattern: number(at: place, as: UInt32.self)),
                Float(bitPattern: number(at: place + 4, as: UInt32.self)))
            guard point.x.isFinite, point.y.isFinite else { return nil }
            points.append(point)
        }
        let ids = String(decoding: bytes[(start + 8 * Int(count))...], as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard ids.count == Int(count) || count == 0 else { return nil }
        (self.ids, self.points, added) = (count == 0 ? [] : ids, points, 0)
    }
}
