internal import DiptychBasics
internal import Foundation
internal import Synchronization

/// The code files beside a store's database, and what of them is worth remembering between searches.
final class StoreCodes: Sendable {
    /// From how many vectors on a store has codes; a smaller one is scanned as it is.
    static let usualMinimum = 8192
    /// How many vectors without codes a search scans before it makes codes for them.
    static let longTail = 2048
    /// For how many vectors a search makes codes before it answers, about a second's work. Where more are missing it compares
    /// floats, which is quicker for once, while they are made in the background.
    static let usualAtOnce = 65_536
    /// How many new vectors indexing gathers before it makes codes for them.
    static let indexingStep = 512

    /// What may be spent on remembering what passes filters.
    static let passingBytes = 16 << 20

    let files: CodeFiles
    let minimum: Int
    let capacity: Int
    let atOnce: Int
    /// Threads of a scan.
    let threads: Int
    private let memory = Mutex(Memory())

    private struct Memory {
        /// New vectors of this process that may have no codes.
        var uncoded = 0
        var isUpdating = false
        /// The segments that have been found to belong to the database.
        var trusted: CodeState.Signature?
        /// What passes the last few filters.
        var passing: [(key: PassingKey, passing: PassingItems)] = []
    }

    /// What the items that pass a filter depend on.
    struct PassingKey: Equatable {
        let filter: String
        /// The number of the last write to the database.
        let changes: String?
        let signature: CodeState.Signature
    }

    /// - Parameter threads: nil for one a processor.
    init(
        folder: String, identity: UInt64, dimension: Int, minimum: Int, capacity: Int, atOnce: Int, threads: Int?
    ) {
        files = CodeFiles(folder: folder, identity: identity, dimension: dimension)
        self.minimum = minimum
        self.capacity = capacity
        self.atOnce = atOnce
        self.threads = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
    }

    /// Notes new vectors; true when it is time to make codes for them.
    func add(_ count: Int) -> Bool {
        memory.withLock { memory in
            memory.uncoded += count
            guard memory.uncoded >= Self.indexingStep else { return false }
            memory.uncoded = 0
            return true
        }
    }

    /// Runs an update apart from the searches, unless one runs already. The process may end meanwhile: what is made is kept.
    func updateInBackground(_ update: @escaping @Sendable () -> Void) {
        let isFirst = memory.withLock { memory in
            defer { memory.isUpdating = true }
            return !memory.isUpdating
        }
        guard isFirst else { return }
        WorkerThreads.shared.run {
            update()
            self.memory.withLock { $0.isUpdating = false }
        }
    }

    func isTrusted(_ signature: CodeState.Signature) -> Bool { memory.withLock { $0.trusted == signature } }
    func trust(_ signature: CodeState.Signature) { memory.withLock { $0.trusted = signature } }

    /// What passes a filter, if it is known.
    func passing(_ key: PassingKey) -> PassingItems? {
        memory.withLock { $0.passing.first { $0.key == key }?.passing }
    }

    /// Remembers what passes a filter, as much as fits into a few megabytes.
    func remember(_ passing: PassingItems, for key: PassingKey) {
        memory.withLock { memory in
            memory.passing.removeAll { $0.key.filter == key.filter || $0.key.changes != key.changes }
            memory.passing.insert((key, passing), at: 0)
            while memory.passing.count > 1, memory.passing.reduce(0, { $0 + $1.passing.bytes }) > Self.passingBytes {
                memory.passing.removeLast()
            }
        }
    }
}

/// The items that pass a filter, those that may be shown only, in the order of their vectors.
struct PassingItems: Sendable {
    let vectors: [Int64]
    let items: [Int64]
    /// For each block of the codes the vectors that have such an item.
    let masks: [UInt16]

    var bytes: Int { 8 * (vectors.count + items.count) + 2 * masks.count }

    /// The items of a vector.
    func items(of vector: Int64) -> ArraySlice<Int64> {
        let first = place(of: vector)
        var end = first
        while end < vectors.count, vectors[end] == vector { end += 1 }
        return items[first..<end]
    }

    /// The place of the first vector that is not below one.
    func place(of vector: Int64) -> Int {
        var (low, high) = (0, vectors.count)
        while low < high {
            let middle = (low + high) / 2
            if vectors[middle] < vector { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
