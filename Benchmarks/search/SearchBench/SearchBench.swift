import Diptych
import DiptychSearch
import Foundation

/// Fills a store with vectors, and answers queries as the benchmark asks for them.
///
///     search-bench fill STORE VECTORS DIMENSION     items in batches of 5,000, as indexing stores them
///     search-bench serve STORE QUERIES              commands on standard input, a line of JSON for each
///     search-bench add STORE VECTORS NAME           all of them as new items, and the time until the last is found
///
/// Commands of `serve`: `one MODE FIRST COUNT` (queries one after the other), `batch MODE FIRST COUNT` (all in one call),
/// `memory`; modes are `fast`, `exact`, `filter`.
@main struct SearchBench {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 3 else { throw Failure.usage }
        let directory = URL(fileURLWithPath: arguments[2])
        switch arguments[1] {
        case "fill":
            guard arguments.count == 5, let dimension = Int(arguments[4]) else { throw Failure.usage }
            let store = try await EmbeddedStore.create(at: directory, dimension: dimension)
            try await put(arguments[3], 0, .max, to: store, batch: 5_000)
            try store.updateCodes()
        case "add":
            guard arguments.count == 5 else { throw Failure.usage }
            try await add(arguments[3], named: arguments[4], to: EmbeddedStore.open(at: directory))
        case "serve": try await serve(directory, queries: arguments[3])
        default: throw Failure.usage
        }
    }

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

    static func put(_ path: String, _ first: Int, _ count: Int, to store: EmbeddedStore, batch: Int) async throws {
        var (next, end) = (first, first.addingReportingOverflow(count).overflow ? Int.max : first + count)
        let start = seconds
        while next < end {
            let vectors = try rows(path, store.dimension, next, min(batch, end - next))
            guard !vectors.isEmpty else { break }
            let records = vectors.enumerated().map { offset, values in
                let name = "/pictures/\((next + offset) / 1000)/\(next + offset).jpg"
                return ItemRecord(
                    path: name, bytes: 100_000, content: ContentHash(of: Data(name.utf8)),
                    embedding: Embedding(values: values), picture: PictureFacts(width: 640, height: 480),
                    attributes: ["part": .integer(Int64((next + offset) % 100))])
            }
            try await store.put(records)
            next += vectors.count
            if next % 100_000 == 0 {
                FileHandle.standardError.write(Data("  \(next) items in \(Int(seconds - start)) s\n".utf8))
            }
            if vectors.count < batch { end = next }
        }
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
            let requests = try (first..<first + count).map { index in
                SearchRequest(
                    queries[index % queries.count], limit: 10,
                    filter: words[1].hasPrefix("filter") ? try Filter("part = \(words[1].dropFirst(6))") : nil,
                    isExact: words[1] == "exact")
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
