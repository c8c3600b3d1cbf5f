internal import Diptych
internal import DiptychMedia
internal import DiptychSearch

/// Turns what requests call pictures into bytes.
final class PictureLoader: Sendable {
    private let fetch: FetchOptions
    private let reading: PictureOptions
    private let stages: Stages
    private let work: Workers

    /// The URLs of one request that are fetched at a time.
    private static let fetchedAtOnce = 16
    /// The pictures of one request that are in memory at a time, besides those that came in its body.
    private static let heldAtOnce = 64

    init(fetch: FetchOptions, reading: PictureOptions, stages: Stages, work: Workers) {
        self.fetch = fetch
        self.reading = reading
        self.stages = stages
        self.work = work
    }

    /// The embeddings of pictures in their order, loaded and embedded some at a time, so that thousands of URLs hold no more
    /// memory, connections or threads than a few.
    ///
    /// - Throws: ``Problem`` naming the first that cannot be had, by its place.
    func embeddings(
        of pictures: [PictureInput], as name: String, by model: ServedModel, in context: ServerContext
    ) async throws -> [[Float]] {
        var rows: [[Float]] = []
        rows.reserveCapacity(pictures.count)
        var start = 0
        var next = try await load(pictures, 0, as: name, in: context)
        while start < pictures.count {
            let (works, following) = (next, start + next.works.count)
            // The next ones come while these are embedded.
            async let behind = load(pictures, following, as: name, in: context)
            for result in try await model.embed(works.works) { rows.append(try result.get().embedding.values) }
            next = try await behind
            start = following
        }
        return rows
    }

    /// Pictures with the memory that they take.
    private struct Held: Sendable {
        let works: [PictureWork]
        let share: BodyShare?
    }

    /// Some pictures from a place on, several at a time.
    private func load(
        _ pictures: [PictureInput], _ start: Int, as name: String, in context: ServerContext
    ) async throws -> Held {
        let range = start..<min(pictures.count, start + Self.heldAtOnce)
        let share = context.share?.another()
        let works = try await withThrowingTaskGroup(of: (Int, PictureWork).self) { group in
            var places = range.makeIterator()
            func begin() {
                guard let index = places.next() else { return }
                let picture = pictures[index], label = pictures.count == 1 ? name : "\(name)[\(index)]"
                group.addTask { (index, try await self.load(picture, as: label)) }
            }
            for _ in 0..<Self.fetchedAtOnce { begin() }
            var loaded: [(Int, PictureWork)] = []
            while let one = try await group.next() {
                // What came in the body was counted with it.
                if case .url = pictures[one.0] { try share?.take(one.1.bytes.count) }
                loaded.append(one)
                begin()
            }
            return loaded.sorted { $0.0 < $1.0 }.map(\.1)
        }
        return Held(works: works, share: share)
    }

    /// The bytes of one picture.
    func load(_ picture: PictureInput, as name: String) async throws -> PictureWork {
        switch picture {
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
            let get: @Sendable () throws -> PictureWork = {
                Self.work(
                    try Self.naming(name) { () throws(PictureError) in
                        try PictureSource.url(url).bytes(maximumBytes: limit, fetch: fetch)
                    }, name)
            }
            if scheme.hasPrefix("data:") {
                return url.utf8.count <= Workers.smallBytes ? try get() : try await work.text.run(get)
            }
            return try await stages.measure(.fetch) { try await work.fetches.run(get) }
        }
    }

    private static func work(_ bytes: [UInt8], _ name: String) -> PictureWork {
        PictureWork(bytes: bytes, label: name, content: ContentHash(of: bytes), cost: PictureCost.pixels(of: bytes))
    }

    /// Says which picture of the request an error is about, and nothing about the network that the server is in.
    private static func naming<T>(_ name: String, _ body: () throws(PictureError) -> T) throws -> T {
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
