internal import Diptych
internal import DiptychMedia
internal import Foundation
internal import GRDB

/// A record that was checked and put into the form of its tables, before a transaction begins.
struct PreparedRecord: Sendable {
    let record: ItemRecord
    let embedding: Data?
    let attributes: String?
    let lookups: ItemLookups

    /// Where its item lies.
    var path: String { record.path }

    /// Checks a record for a store of this dimension.
    ///
    /// - Throws: ``StoreError`` with the item's path.
    init(_ record: ItemRecord, dimension: Int, store: String) throws {
        func refused(_ reason: String) -> StoreError {
            StoreError(.invalidRequest, path: store, "\(record.path) cannot be stored: \(reason)")
        }
        guard !record.path.isEmpty, !record.path.utf8.contains(0) else { throw refused("it has no usable path") }
        embedding = try record.embedding.map {
            try Self.vector($0, dimension: dimension, name: record.path, store: store)
        }
        guard record.caption.map({ $0.utf8.count <= AttributeText.captionByteLimit && !$0.utf8.contains(0) }) ?? true
        else {
            throw refused("its caption is longer than \(AttributeText.captionByteLimit) bytes or holds a zero byte")
        }
        self.record = record
        do {
            attributes = record.attributes.isEmpty ? nil : try AttributeText.encode(record.attributes)
        } catch { throw refused(error.description) }
        lookups = ItemLookups(caption: record.caption, attributes: record.attributes)
    }

    /// An embedding as a store keeps it.
    ///
    /// - Throws: ``StoreError`` with `name` when it has another dimension or is not of length 1.
    static func vector(_ embedding: Embedding, dimension: Int, name: String, store: String) throws -> Data {
        let values = embedding.values
        guard values.count == dimension else {
            throw StoreError(
                .invalidRequest, path: store,
                "\(name) cannot be stored: its embedding has \(values.count) numbers, the store's have \(dimension)")
        }
        let square = values.reduce(0.0) { $0 + Double($1) * Double($1) }
        guard abs(square.squareRoot() - 1) < 1e-3 else {
            throw StoreError(
                .invalidRequest, path: store, "\(name) cannot be stored: its embedding is not of length 1")
        }
        return EmbeddedStore.bytes(of: values)
    }
}
