internal import DiptychCheckpoints
internal import Foundation

/// Writes embeddings and what is known about their images in clip-retrieval's layout, so that its index builder, its
/// back end and others that read it (autofaiss, embedding-reader) take them.
///
/// The table has the columns `image_path`, `caption` and `attributes`, the last one as JSON.
public final class ClipRetrievalWriter {
    /// The number of images so far.
    public private(set) var count = 0

    private let directory: String
    private let dimension: Int
    private let isHalf: Bool
    private let rowsPerPart: Int
    private var part = 0
    private var embeddings: NumpyWriter?
    private var metadata: ParquetWriter?

    private static let columns: [ParquetWriter.Column] = [
        .init("image_path", .string), .init("caption", .string), .init("attributes", .string),
    ]

    /// Starts a folder.
    ///
    /// - Parameters:
    ///   - directory: made where it is missing; it must not hold embeddings yet, which would mix with these.
    ///   - isHalf: float16, which clip-retrieval itself writes; otherwise float32.
    ///   - rowsPerPart: a file ends at this many rows.
    /// - Throws: ``DatasetError``.
    public init(
        directory: String, dimension: Int, isHalf: Bool = true, rowsPerPart: Int = 1_000_000
    ) throws(DatasetError) {
        self.directory = directory
        self.dimension = dimension
        self.isHalf = isHalf
        self.rowsPerPart = max(1, rowsPerPart)
        for name in [ClipRetrievalLayout.images, ClipRetrievalLayout.metadata] {
            let folder = "\(directory)/\(name)"
            do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
                throw DatasetError(
                    .unreadable, path: folder, "cannot be made: \((error as NSError).localizedDescription)")
            }
            let content = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            guard content.isEmpty else {
                throw DatasetError(
                    .unreadable, path: folder, "holds \(content.count) files already; give an empty folder")
            }
        }
    }

    /// Adds an image, whose embedding must have the writer's dimension.
    ///
    /// - Throws: ``DatasetError``.
    public func append(_ item: ClipRetrievalItem) throws(DatasetError) {
        precondition(item.embedding.count == dimension, "\(item.embedding.count) numbers for \(dimension)")
        do throws(FileWriteError) {
            if embeddings == nil {
                embeddings = try NumpyWriter(
                    path: ClipRetrievalLayout.embeddings(directory, "\(part)"), entryShape: [dimension], isHalf: isHalf)
                metadata = try ParquetWriter(
                    path: ClipRetrievalLayout.metadata(directory, "\(part)"), columns: Self.columns)
            }
            try embeddings?.append(item.embedding)
            try metadata?.append([
                .string(item.imagePath), item.caption.map(ParquetValue.string) ?? .null,
                item.attributes.isEmpty ? .null : .string(JSONValue.object(item.attributes).text),
            ])
            count += 1
            if count % rowsPerPart == 0 { try endPart() }
        } catch { throw DatasetError(.unreadable, path: error.path, error.reason) }
    }

    /// Completes the folder.
    ///
    /// - Throws: ``DatasetError``.
    public func finish() throws(DatasetError) {
        do throws(FileWriteError) { try endPart() } catch {
            throw DatasetError(.unreadable, path: error.path, error.reason)
        }
    }

    private func endPart() throws(FileWriteError) {
        // The embeddings last: a part that has them is whole.
        try metadata?.finish()
        try embeddings?.finish()
        (metadata, embeddings) = (nil, nil)
        part += 1
    }
}
