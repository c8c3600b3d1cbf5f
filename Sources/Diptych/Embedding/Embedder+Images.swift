public import DiptychMedia

extension Embedder {
    /// The embeddings of images, in their order, scaled to length 1 unless `normalize` is false.
    ///
    /// The first image that cannot be read ends the call; ``embedEach(_:options:fetch:normalize:_:)`` goes on instead.
    ///
    /// - Throws: `ImageError` naming the image, or ``ModelError``.
    public func embed(
        images: [ImageSource], options: ImageOptions = ImageOptions(), fetch: FetchOptions = FetchOptions(),
        normalize: Bool = true
    ) async throws -> Embeddings {
        var values: [Float] = []
        values.reserveCapacity(images.count * dimension)
        try await embedEach(images, options: options, fetch: fetch, normalize: normalize) { _, _, result in
            values += try result.get().values
        }
        return Embeddings(values: values, dimension: dimension)
    }

    /// The embeddings of images that are pixels already.
    public func embed(images: [Image], normalize: Bool = true) async throws -> Embeddings {
        var values: [Float] = []
        for start in stride(from: 0, to: images.count, by: options.batchSize) {
            try Task.checkCancellation()
            let batch = images[start..<min(start + options.batchSize, images.count)]
            let pixels = try batch.flatMap { try preprocessing.pixels(of: $0) }
            values += try await encode(pixels, count: batch.count)
        }
        return try checked(values, normalize: normalize)
    }
}
