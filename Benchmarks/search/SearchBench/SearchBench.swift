import Diptych
import DiptychSearch
import Foundation

/// Fills a store with vectors, and answers queries as the benchmark asks for them.
///
///     search-bench fill STORE VECTORS DIMENSION     items in batches of 5,000
///     search-bench fill STORE - DIMENSION           the same from standard input in batches of 20,000, see `pour`
///     search-bench serve STORE QUERIES              commands on standard input, a line of JSON for each
///     search-bench add STORE VECTORS NAME           all of them as new items, and the time until the last is found
///
/// Commands of `serve`: `one MODE FIRST COUNT` (queries one after the other), `batch MODE FIRST COUNT` (all in one call),
/// `memory`; modes are `fast`, `exact`, `filter7` (one of the hundred parts) and the names of ``filters``.
@main struct SearchBench {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 3 else { throw Failure.usage }
        let directory = URL(fileURLWithPath: arguments[2])
        switch arguments[1] {
        case "fill":
            guard arguments.count == 5, let dimension = Int(arguments[4]) else { throw Failure.usage }
            if arguments[3] == "-" {
                try await pour(into: EmbeddedStore.create(at: directory, dimension: dimension, pageSize: 16_384))
            } else {
                let store = try await EmbeddedStore.create(at: directory, dimension: dimension)
                try await put(arguments[3], 0, .max, to: store, batch: 5_000)
                try store.updateCodes()
            }
        case "add":
            guard arguments.count == 5 else { throw Failure.usage }
            try await add(arguments[3], named: arguments[4], to: EmbeddedStore.open(at: directory))
        case "serve": try await serve(directory, queries: arguments[3])
        default: throw Failure.usage
        }
    }

    /// Filters that keep 1 % (`folder`: 0.1 %), by what the database looks up for them.
    static let filters = [
        "width": "width > 3970", "height": "height > 3970", "bytes": "bytes > 5050000",
        "taken": "taken > 2023-11-13T10:00:00Z", "folder": "folder = '/pictures/7'",
        "both": "height > 3700 and part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)",
    ]

    enum Failure: Error { case usage, wrong(String) }

    /// Prints a line at once.
    static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    static var seconds: Double { Double(clock_gettime_nsec()) / 1e9 }

    private static func clock_gettime_nsec() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// The resident memory of this process in bytes.
    static var resident: Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }

    static func rows(_ path: String, _ dimension: Int, _ first: Int, _ count: Int) throws -> [[Float]] {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(4 * dimension * first))
        let data = count == .max ? try file.readToEnd() : try file.read(upToCount: 4 * dimension * count)
        let floats = (data ?? Data()).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        return (0..<floats.count / dimension).map { Array(floats[$0 * dimension..<($0 + 1) * dimension]) }
    }

    /// An item with facts that filters choose by: one of a hundred parts, and sizes and times of no order.
    static func record(_ number: Int, _ values: [Float], _ content: ContentHash? = nil) -> ItemRecord {
        let name = "/pictures/\(number / 1000)/\(number).jpg"
        let mixed = Int(truncatingIfNeeded: (UInt64(number) &* 0x9E37_79B9_7F4A_7C15) >> 33)
        var image = ImageFacts(width: 1001 + mixed % 3000, height: 1001 + mixed / 3000 % 3000)
        image.metadata.taken = 1_600_000_000 + Double(mixed % 100_000_000)
        image.metadata.camera = "Maker \(mixed % 20)"
        return ItemRecord(
            path: name, bytes: 100_001 + mixed % 5_000_000, content: content ?? ContentHash(of: Data(name.utf8)),
            embedding: Embedding(values: values), image: image,
            attributes: ["part": .integer(Int64(number % 100))])
    }

    static func report(_ count: Int, since start: Double) {
        FileHandle.standardError.write(Data("  \(count) items in \(Int(seconds - start)) s\n".utf8))
    }

    static func put(_ path: String, _ first: Int, _ count: Int, to store: EmbeddedStore, batch: Int) async throws {
        var (next, end) = (first, first.addingReportingOverflow(count).overflow ? Int.max : first + count)
        let start = seconds
        while next < end {
            let vectors = try rows(path, store.dimension, next, min(batch, end - next))
            guard !vectors.isEmpty else { break }
            try await store.put(vectors.enumerated().map { record(next + $0, $1) })
            next += vectors.count
            if next % 100_000 == 0 { report(next, since: start) }
            if vectors.count < batch { end = next }
        }
    }

    /// Stores the rows of standard input until it ends. Contents are numbered rather than hashed: the index of ten million
    /// random hashes is written all over, which no search reads.
    static func pour(into store: EmbeddedStore) async throws {
        let (batch, rowBytes, start) = (20_000, 4 * store.dimension, seconds)
        var buffer = [UInt8](repeating: 0, count: batch * rowBytes)
        var next = 0
        while true {
            var filled = 0
            while filled < buffer.count {
                let got = buffer.withUnsafeMutableBytes { read(0, $0.baseAddress! + filled, $0.count - filled) }
                guard got >= 0 else { throw Failure.wrong("standard input cannot be read") }
                if got == 0 { break }
                filled += got
            }
            let records = (0..<filled / rowBytes).compactMap { row -> ItemRecord? in
                let values = buffer[row * rowBytes..<(row + 1) * rowBytes].withUnsafeBytes {
                    Array($0.bindMemory(to: Float.self))
                }
                let number = withUnsafeBytes(of: UInt64(next + row).bigEndian) { Data($0) }
                return ContentHash(bytes: number + Data(count: 24)).map { record(next + row, values, $0) }
            }
            try await store.put(records)
            next += records.count
            if next % 200_000 == 0 || filled < buffer.count { report(next, since: start) }
            if filled < buffer.count { break }
        }
        try store.updateCodes()
    }

    static func add(_ path: String, named name: String, to store: EmbeddedStore) async throws {
        let vectors = try rows(path, store.dimension, 0, .max)
        let records = vectors.enumerated().map { offset, values in
            let path = "/new/\(name)/\(offset).jpg"
            return ItemRecord(
                path: path, content: ContentHash(of: Data(path.utf8)), embedding: Embedding(values: values))
        }
        let start = seconds
        try await store.put(records)
        let stored = seconds
        let hits = try await store.search(Embedding(values: vectors[vectors.count - 1]), limit: 3)
        guard hits.contains(where: { $0.path == records[records.count - 1].path }) else {
            throw Failure.wrong("not found")
        }
        say("{\"stored_ms\": \((stored - start) * 1e3), \"found_ms\": \((seconds - start) * 1e3)}")
    }

    static func serve(_ directory: URL, queries path: String) async throws {
        let start = seconds
        let store = try await EmbeddedStore.open(at: directory)
        let queries = try rows(path, store.dimension, 0, .max).map { Embedding(values: $0) }
        let opened = seconds
        _ = try await store.search(queries[0], limit: 10)
        say("{\"open_ms\": \((opened - start) * 1e3), \"first_ms\": \((seconds - opened) * 1e3)}")
        while let line = readLine() {
            let words = line.split(separator: " ").map(String.init)
            if words == ["memory"] {
                say("{\"resident\": \(resident)}")
                continue
            }
            guard words.count == 4, let first = Int(words[2]), let count = Int(words[3]) else { throw Failure.usage }
            let text = words[1].hasPrefix("filter") ? "part = \(words[1].dropFirst(6))" : filters[words[1]]
            let filter = try text.map { try Filter($0) }
            let requests = (first..<first + count).map { index in
                SearchRequest(
                    queries[index % queries.count], limit: 10, filter: filter, isExact: words[1] == "exact")
            }
            var (times, found): ([Double], [SearchResults]) = ([], [])
            if words[0] == "batch" {
                let start = seconds
                found = try await store.search(requests)
                times.append((seconds - start) * 1e3)
            } else {
                for request in requests {
                    let start = seconds
                    found.append(try await store.search(request))
                    times.append((seconds - start) * 1e3)
                }
            }
            // Items were stored in the order of the vectors: the first has the id 1.
            let ids = found.map { $0.map { (Int($0.id) ?? 0) - 1 } }
            say("{\"times\": \(times), \"ids\": \(ids), \"exact\": \(found.allSatisfy(\.isExact))}")
        }
    }
}
