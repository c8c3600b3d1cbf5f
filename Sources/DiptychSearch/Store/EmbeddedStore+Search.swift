internal import CKernels
internal import Diptych
internal import Foundation
internal import GRDB

extension EmbeddedStore {
    /// Each request's best items, equal ones by id.
    ///
    /// A small store is scanned exactly. A larger one has codes beside the database, by which the candidates are found; the
    /// ranking is always by the stored embeddings.
    public func search(_ requests: [SearchRequest]) async throws -> [SearchResults] {
        let units = try requests.map { try $0.unitQuery(dimension: dimension, store: name) }
        // Taken before the snapshot of the database, so that what the codes lack is in it.
        let before = codes.files.state()
        let tail = try await read { db in
            try self.tail(db, after: try self.belongs(before, db) ? before.last : 0, most: self.codes.atOnce + 1)
        }
        // A search that finds much without codes makes them; where it cannot, it is only slower.
        if tail > codes.atOnce {
            codes.updateInBackground { try? self.updateCodes() }
        } else if tail >= min(codes.minimum, before.count > 0 ? StoreCodes.longTail : .max) {
            try? await buildIndex()
        }
        let state = codes.files.state()
        return try await read { db in
            // Vectors without codes are looked up one by one: of very many, a plain scan is quicker.
            let isOurs = try self.belongs(state, db)
            let isFar = try isOurs && self.tail(db, after: state.last, most: self.codes.atOnce + 1) > self.codes.atOnce
            let search = try StoreSearch(db: db, store: self, state: isOurs && !isFar ? state : .empty)
            return try search.results(requests, units)
        }
    }
}
