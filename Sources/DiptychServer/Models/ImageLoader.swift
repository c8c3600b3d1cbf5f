internal import Diptych
internal import DiptychMedia
internal import DiptychSearch

/// Turns what requests call images into bytes.
final class ImageLoader: Sendable {
    private let fetch: FetchOptions
    private let reading: ImageOptions
    private let stages: Stages
    private let work: Workers

    /// The URLs of one request that are fetched at a time.
    private static let fetchedAtOnce = 16
    /// The pictures of one request that are in memory at a time, besides those that came in its body.
    private static let heldAtOnce = 64

    init(fetch: FetchOptions, reading: ImageOptions, stages: Stages, work: Workers) {
        self.fetch = fetch
        self.reading = reading
        self.stages = stages
        self.work = work
    }

    /// The embeddings of images in their order, loaded and embedded some at a time, so that thousands of URLs hold no more
    /// memory, connections or threads than a few.
    ///
    /// - Throws: ``Problem`` naming the first that cannot be had, by its place.
    func embeddings(
        of images: [ImageInput], as name: String, by model: ServedModel, in context: ServerContext
    ) async throws -> [[Float]] {
        var rows: [[Float]] = []
        rows.reserveCapacity(images.count)
        var start = 0
        var next = try await load(images, 0, as: name, in: context)
        while start < images.count {
            let (works, following) = (next, start + next.works.count)
            // The next ones come while these are embedded.
            async let behind = load(images, following, as: name, in: context)
            for result in try await model.embed(works.works) { rows.append(try result.get().embedding.values) }
            next = try await behind
            start = following
        }
        return rows
    }

    /// Images with the memory that they take.
    private struct Held: Sendable {
        let works: [ImageWork]
        let share: BodyShare?
    }

    /// Some images from a place on, several at a time.
    private func load(
        _ images: [ImageInput], _ start: Int, as name: String, in context: ServerContext
    ) async throws -> Held {
        let range = start..<min(images.count, start + Self.heldAtOnce)
        let share = context.share?.another()
        let works = try await withThrowingTaskGroup(of: (Int, ImageWork).self) { group in
            var places = range.makeIterator()
            func begin() {
                guard let index = places.next() else { return }
                let image = images[index], label = images.count == 1 ? name : "\(name)[\(index)]"
                group.addTask { (index, try await self.load(image, as: label)) }
            }
            for _ in 0..<Self.fetchedAtOnce { begin() }
            var loaded: [(Int, ImageWork)] = []
            while let one = try await group.next() {
                // What came in the body was counted with it.
                if case .url = images[one.0] { try share?.take(one.1.bytes.count) }
                loaded.append(one)
                begin()
            }
            return loaded.sorted { $0.0 < $1.0 }.map(\.1)
        }
        return Held(works: works, share: share)
    }

    /// The bytes of one image.
    func load(_ image: ImageInput, as name: String) async throws -> ImageWork {
        switch image {
        case .file(let file, _):
            guard !file.isEmpty else { throw Problem.badRequest("'\(name)' is an empty file") }
            if file.count <= Workers.smallBytes { return Self.work(file, name) }
            return try await work.text.run { Self.work(file, name) }
        case .url(let url):
            let scheme = url.prefix(6).lowercased()
            guard ["http:/", "https:"].contains(scheme) || scheme.hasPrefix("data:") else {
                throw Problem.badRequest(
                    "'\(name)' must be an http or https URL, a data URI, or a file of a form; nothing else is read")
            }
            let (fetch, limit) = (fetch, reading.maximumBytes)
            let get: @Sendable () throws -> ImageWork = {
                Self.work(
                    try Self.naming(name) { () throws(ImageError) in
                        try ImageSource.url(url).bytes(maximumBytes: limit, fetch: fetch)
                    }, name)
            }
            if scheme.hasPrefix("data:") {
                return url.utf8.count <= Workers.smallBytes ? try get() : try await work.text.run(get)
            }
            return try await stages.measure(.fetch) { try await work.fetches.run(get) }
        }
    }

    private static func work(_ bytes: [UInt8], _ name: String) -> ImageWork {
        ImageWork(bytes: bytes, label: name, content: ContentHash(of: bytes), cost: ImageCost.pixels(of: bytes))
    }

    /// Says which picture of the request an error is about, and nothing about the network that the server is in.
    private static func naming<T>(_ name: String, _ body: () throws(ImageError) -> T) throws -> T {
        do { return try body() } catch {
            guard error.kind != .forbiddenAddress else {
                throw Problem.badRequest(
                    "'\(name)' cannot be loaded: it leads to an address that is not public; the server must be started "
                        + "with --allow-private-urls to fetch from it")
            }
            throw Problem.badRequest("'\(name)' cannot be loaded: \(error.description)")
        }
    }
}
