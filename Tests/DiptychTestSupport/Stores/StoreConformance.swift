internal import Diptych
public import DiptychSearch
internal import Foundation

/// What every store must do, as checks on an empty store of 24-dimensional embeddings. Each throws ``Violation`` where the store
/// does something else.
public enum StoreConformance {
    /// What a store did wrong.
    public struct Violation: Error, CustomStringConvertible {
        /// Where and what.
        public let description: String
    }

    /// A check by its name.
    public struct Check: Sendable, CustomStringConvertible {
        /// The name, for reports.
        public let name: String
        /// Throws where the store does something else than it must.
        public let run: @Sendable (any VectorStore) async throws -> Void

        /// The name.
        public var description: String { name }
    }

    static func require(_ condition: Bool, _ what: @autoclosure () -> String, line: Int = #line) throws {
        guard condition else { throw Violation(description: "line \(line): \(what())") }
    }

    static func refuses(
        _ kind: StoreError.Kind, line: Int = #line, _ body: () async throws -> Void
    ) async throws {
        do { try await body() } catch let error as StoreError {
            return try require(error.kind == kind, "refused as \(error.kind.rawValue): \(error)", line: line)
        }
        throw Violation(description: "line \(line): was not refused")
    }

    static func dot(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }

    static func ranked(_ records: [ItemRecord], _ query: [Float]) -> [(path: String, cosine: Double)] {
        let length = dot(query, query).squareRoot()
        return records.map { ($0.path, dot($0.embedding?.values ?? [], query) / length) }.sorted { $0.1 > $1.1 }
    }

    static func query(_ seed: UInt64) -> Embedding {
        var generator = SeededGenerator(seed)
        return Embedding(values: generator.unitVector(24).map { $0 * 3 })
    }

    /// An embedding of length 1.
    static func unit(_ seed: UInt64) -> Embedding {
        var generator = SeededGenerator(seed)
        return Embedding(values: generator.unitVector(24))
    }
}
