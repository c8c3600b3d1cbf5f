/// Brings the boxes and spans of items, and what was said about them, into another store. Safe to repeat: what is there already
/// stays as it is.
struct PartCopy: Sendable {
    private let source: any VectorStore
    private let destination: any VectorStore

    /// What was brought.
    struct Counts: Sendable, Equatable {
        var parts = 0
        var annotations = 0
    }

    /// - Returns: nil where the source has no parts and annotations.
    init?(from source: any VectorStore, to destination: any VectorStore) async throws {
        let counts = try await source.partsAndAnnotations()
        guard counts.parts > 0 || counts.annotations > 0 else { return nil }
        (self.source, self.destination) = (source, destination)
    }

    /// Brings those of items that are in both stores.
    ///
    /// - Throws: ``StoreError``, also where the destination has no place for them.
    func copy(_ items: [StoredItem]) async throws -> Counts {
        var counts = Counts()
        for item in items {
            let parts = try await source.parts(of: item.id)
            let others = parts.map(\.part).filter { $0 != .whole }
            if !others.isEmpty {
                counts.parts += try await destination.addParts([(item.path, others)]).first.flatMap { $0 } ?? 0
            }
            counts.annotations += try await copyAnnotations(of: parts, at: item.path)
        }
        return counts
    }

    private func copyAnnotations(of parts: [StoredPart], at path: String) async throws -> Int {
        var twins: [AssetPart: Int64]?
        var count = 0
        for part in parts {
            let said = try await source.annotations(ofPart: part.id, task: nil)
            guard !said.isEmpty else { continue }
            if twins == nil {
                let filter = Filter.compare(.path, .equal, .text(path))
                let place = try await destination.places(after: nil, limit: 1, filter: filter).first
                let found = try await destination.parts(of: place?.id ?? "")
                twins = Dictionary(found.map { ($0.part, $0.id) }, uniquingKeysWith: { first, _ in first })
            }
            guard let twin = twins?[part.part] else { continue }
            var known: [Said: Int] = [:]
            for other in try await destination.annotations(ofPart: twin, task: nil) {
                known[Said(other.annotation), default: 0] += 1
            }
            var missing: [Annotation] = []
            for one in said {
                var annotation = one.annotation
                // Each that is there stands for one of these.
                if let left = known[Said(annotation)], left > 0 {
                    known[Said(annotation)] = left - 1
                    continue
                }
                annotation.part = twin
                missing.append(annotation)
            }
            try await destination.annotate(missing)
            count += missing.count
        }
        return count
    }

    /// An annotation, whatever its part's number.
    private struct Said: Hashable {
        let annotation: Annotation

        init(_ annotation: Annotation) {
            var annotation = annotation
            annotation.part = 0
            self.annotation = annotation
        }
    }
}
