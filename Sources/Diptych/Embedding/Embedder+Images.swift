public import DiptychMedia

extension Embedder {
    /// The embeddings of pictures, in their order, scaled to length 1 unless `normalize` is false.
    ///
    /// The first picture that cannot be read ends the call; ``embedEach(_:options:fetch:normalize:_:)`` goes on instead.
    ///
    /// - Throws: `PictureError` naming the picture, or ``ModelError``.
    public func embed(
        images: [PictureSource], options: PictureOptions = PictureOptions(), fetch: FetchOptions = FetchOptions(),
        normalize: Bool = true
    ) async throws -> Embeddings {
        var values: [Float] = []
        values.reserveCapacity(images.count * dimension)
        try await embedEach(images, options: options, fetch: fetch, normalize: normalize) { _, _, result in
            values += try result.get().values
        }
        return Embeddings(values: values, dimension: dimension)
    }

    /// The embeddings of pictures that are pixels already.
    public func embed(pictures: [Picture], normalize: Bool = true) async throws -> Embeddings {
        var values: [Float] = []
        for start in stride(from: 0, to: pictures.count, by: options.batchSize) {
            try Task.checkCancellation()
            let batch = pictures[start..<min(start + options.batchSize, pictures.count)]
            let pixels = try batch.flatMap { try preprocessing.pixels(of: $0) }
            values += try await encode(pixels, count: batch.count)
        }
        return try checked(values, normalize: normalize)
    }
}
