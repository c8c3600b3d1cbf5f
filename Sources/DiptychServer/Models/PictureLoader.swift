internal import Diptych
internal import DiptychMedia
internal import DiptychSearch

/// Turns what requests call pictures into bytes.
final class PictureLoader: Sendable {
    private let fetch: FetchOptions
    private let reading: PictureOptions
    private let stages: Stages
    private let fetching = BlockingWork(name: "diptych-fetch", threads: 16, waiting: 256)

    init(fetch: FetchOptions, reading: PictureOptions, stages: Stages) {
        self.fetch = fetch
        self.reading = reading
        self.stages = stages
    }

    /// The bytes of pictures, fetched where they are elsewhere, several at a time.
    ///
    /// - Throws: ``Problem`` naming the first that cannot be had, by its place.
    func load(_ pictures: [PictureInput], as name: String) async throws -> [PictureWork] {
        try await withThrowingTaskGroup(of: (Int, PictureWork).self) { group in
            for (index, picture) in pictures.enumerated() {
                let label = pictures.count == 1 ? name : "\(name)[\(index)]"
                group.addTask { (index, try await self.load(picture, as: label)) }
            }
            var loaded: [(Int, PictureWork)] = []
            for try await one in group { loaded.append(one) }
            return loaded.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// The bytes of one picture.
    func load(_ picture: PictureInput, as name: String) async throws -> PictureWork {
        let bytes: [UInt8]
        switch picture {
        case .file(let file, _):
            guard !file.isEmpty else { throw Problem.badRequest("'\(name)' is an empty file") }
            bytes = file
        case .url(let url):
            let scheme = url.prefix(6).lowercased()
            guard ["http:/", "https:"].contains(scheme) || scheme.hasPrefix("data:") else {
                throw Problem.badRequest(
                    "'\(name)' must be an http or https URL, a data URI, or a file of a form; nothing else is read")
            }
            let (fetch, limit) = (fetch, reading.maximumBytes)
            if scheme.hasPrefix("data:") {
                bytes = try Self.naming(name) { () throws(PictureError) in
                    try PictureSource.url(url).bytes(maximumBytes: limit, fetch: fetch)
                }
            } else {
                bytes = try await stages.measure(.fetch) {
                    try await fetching.run {
                        try Self.naming(name) { () throws(PictureError) in
                            try PictureSource.url(url).bytes(maximumBytes: limit, fetch: fetch)
                        }
                    }
                }
            }
        }
        return PictureWork(bytes: bytes, label: name, content: ContentHash(of: bytes))
    }

    /// Says which picture of the request an error is about.
    private static func naming<T>(_ name: String, _ body: () throws(PictureError) -> T) throws -> T {
        do { return try body() } catch { throw Problem.badRequest("'\(name)' cannot be loaded: \(error.description)") }
    }
}
