package import CKernels
internal import Synchronization

/// The scans over a state's codes.
package struct CodeScan: Sendable {
    let state: CodeState
    let dimension: Int
    let threads: Int
    let instructions: diptych_isa
    let rotation: CodeRotation

    /// Blocks of a task: their codes stay in the second-level cache, 270 KB for 512 dimensions.
    private static let chunkBytes = 256 << 10
    /// Records of a task that reads them all.
    private static let recordsBytes = 512 << 10

    package init(
        _ state: CodeState, dimension: Int, threads: Int, instructions: diptych_isa = diptych_detected_isa()
    ) {
        (self.state, self.dimension, self.threads) = (state, dimension, max(1, threads))
        self.instructions = instructions
        rotation = CodeRotation(dimension: dimension)
    }

    private var padded: Int { (dimension + 15) / 16 * 16 }
    var recordBytes: Int { diptych_code_record_bytes(dimension) }

    func prepare(_ queries: [[Float]]) -> CodeQueries { CodeQueries(queries, rotation: rotation, padded: padded) }

    /// First pass: for each query the `keep` vectors with the highest estimates, best first; all there are if fewer.
    ///
    /// - Parameter masks: of each block the vectors that are wanted; nil for all.
    func best(_ queries: CodeQueries, keep: Int, masks: [UInt16]?) -> [CodeCandidates] {
        guard queries.count > 0, state.count > 0, keep > 0 else {
            return [CodeCandidates](repeating: CodeCandidates([], keep: 0), count: queries.count)
        }
        let keep = min(keep, state.count)
        let capacity = keep + max(1024, keep)
        let keys = UnsafeMutablePointer<UInt64>.allocate(capacity: threads * queries.count * capacity)
        defer { keys.deallocate() }
        var lists = (0..<threads * queries.count).map { list in
            diptych_code_list(
                keys: keys + list * capacity, count: 0, capacity: capacity, keep: keep, threshold: -.infinity)
        }
        let offsets = state.parts.map { queries.offsets($0.segment.centre) }
        let flat = offsets.flatMap { $0 }
        let step = max(1, Self.chunkBytes / diptych_code_block_bytes(dimension))
        flat.withUnsafeBufferPointer { flat in
            (masks ?? []).withUnsafeBufferPointer { masks in
                var chunks: [diptych_code_chunk] = []
                for (index, part) in state.parts.enumerated() {
                    for block in stride(from: 0, to: part.commit.count / CodeLayout.block, by: step) {
                        let first = part.first / CodeLayout.block + block
                        chunks.append(
                            diptych_code_chunk(
                                blocks: part.segment.blocks(from: block),
                                count: min(step, part.commit.count / CodeLayout.block - block),
                                masks: masks.isEmpty ? nil : masks.baseAddress.map { $0 + first },
                                first: UInt32(first * CodeLayout.block),
                                offsets: flat.baseAddress.map { $0 + index * queries.count }))
                    }
                }
                queries.withKernelQueries {
                    diptych_scan_codes(
                        instructions, Int32(threads), dimension, chunks, chunks.count, $0, queries.count, &lists)
                }
            }
        }
        return (0..<queries.count).map { query in
            var merged: [UInt64] = []
            for thread in 0..<threads {
                let list = lists[thread * queries.count + query]
                merged += UnsafeBufferPointer(start: list.keys, count: list.count)
            }
            return CodeCandidates(merged, keep: keep)
        }
    }

    /// A vector's inner product by its second-pass codes, and how far that may be off.
    struct Refined: Sendable {
        var score: Float = -.infinity
        var bound: Float = .infinity
    }

    /// Second pass over some vectors, for the query at `index`.
    func refine(
        _ numbers: [CodeCandidate], _ queries: CodeQueries, _ index: Int, threads: Int
    ) -> [Refined] {
        let offsets = state.parts.map { queries.offsets($0.segment.centre)[index] }
        var result = [Refined](repeating: Refined(), count: numbers.count)
        let step = 16
        queries.turned.withUnsafeBufferPointer { turned in
            result.withUnsafeMutableBufferPointer { result in
                guard let query = turned.baseAddress.map({ $0 + index * queries.padded }) else { return }
                // Each task writes its own elements of `result`, and all are done before this returns.
                nonisolated(unsafe) let (values, result) = (query, result)
                inParallel(threads, (numbers.count + step - 1) / step) { task in
                    withUnsafeTemporaryAllocation(byteCount: recordBytes, alignment: 64) { buffer in
                        guard let base = buffer.baseAddress else { return }
                        for place in task * step..<min(numbers.count, (task + 1) * step) {
                            let (part, at) = location(numbers[place].number)
                            let slot = numbers[place].number - part.first
                            guard part.segment.readRecords(from: slot, count: 1, into: base) else { continue }
                            var score: Float = 0
                            diptych_score_records(instructions, dimension, values, base, 1, &score)
                            result[place] = Refined(
                                score: offsets[at] + score, bound: base.load(fromByteOffset: 4, as: Float.self))
                        }
                    }
                }
            }
        }
        return result
    }

    private func location(_ number: Int) -> (CodeState.Part, Int) {
        let index = state.partIndex(of: number)
        return (state.parts[index], index)
    }

    /// What an exact scan found.
    struct Bounded {
        /// All vectors whose upper bound reaches `floor`, the highest upper bounds first.
        var candidates: [CodeCandidate]
        /// At least `keep` vectors reach it for certain; −∞ when that are all.
        var floor: Float
    }

    /// Second pass over all vectors, for the query at `index`: whatever may be among the nearest `keep`.
    ///
    /// Records are read, not mapped: what a scan has seen stays in the system's cache and not in this process.
    func bounded(_ queries: CodeQueries, _ index: Int, keep: Int, masks: [UInt16]?) -> Bounded {
        struct Task {
            let part: Int
            let slot: Int
            let count: Int
        }
        let step = max(1, Self.recordsBytes / recordBytes / CodeLayout.block) * CodeLayout.block
        let tasks = state.parts.enumerated().flatMap { at, part in
            stride(from: 0, to: part.commit.count, by: step).map {
                Task(part: at, slot: $0, count: min(step, part.commit.count - $0))
            }
        }
        let offsets = state.parts.map { queries.offsets($0.segment.centre)[index] }
        let collected = Mutex(BoundCollector(keep: max(1, keep)))
        queries.turned.withUnsafeBufferPointer { turned in
            guard let query = turned.baseAddress.map({ $0 + index * queries.padded }) else { return }
            nonisolated(unsafe) let values = query
            inParallel(threads, tasks.count) { number in
                let task = tasks[number]
                let part = state.parts[task.part]
                withUnsafeTemporaryAllocation(byteCount: task.count * recordBytes, alignment: 64) { buffer in
                    guard let base = buffer.baseAddress else { return }
                    let isRead = part.segment.readRecords(from: task.slot, count: task.count, into: base)
                    var scores = [Float](repeating: 0, count: task.count)
                    if isRead { diptych_score_records(instructions, dimension, values, base, task.count, &scores) }
                    var floor = collected.withLock { $0.floor }
                    var found: [BoundCollector.Entry] = []
                    for place in 0..<task.count {
                        let vector = part.first + task.slot + place
                        if let masks,
                            masks[vector / CodeLayout.block] >> UInt16(vector % CodeLayout.block) & 1 == 0
                        {
                            continue
                        }
                        let bound =
                            isRead ? base.load(fromByteOffset: place * recordBytes + 4, as: Float.self) : .infinity
                        let score = offsets[task.part] + scores[place]
                        // What is not a number, from a damaged file, may be anything.
                        let isNumber = score.isFinite && bound >= 0
                        let entry = BoundCollector.Entry(
                            number: vector, lower: isNumber ? score - bound : -.infinity,
                            upper: isNumber ? score + bound : .infinity)
                        if entry.upper >= floor { found.append(entry) }
                        if found.count == 1024 {
                            floor = collected.withLock { $0.add(found) }
                            found.removeAll(keepingCapacity: true)
                        }
                    }
                    let rest = found
                    _ = collected.withLock { $0.add(rest) }
                }
            }
        }
        return collected.withLock { $0.result() }
    }
}

/// Gathers what may be among the best `keep` by bounds.
private struct BoundCollector {
    struct Entry {
        let number: Int
        let lower: Float
        let upper: Float
    }

    /// The highest lower bounds.
    private var lowers: BestFloats
    private var entries: [Entry] = []
    private var trimAt: Int

    init(keep: Int) {
        lowers = BestFloats(limit: keep)
        trimAt = max(8192, 2 * keep)
    }

    /// Vectors below it are not among the best.
    var floor: Float { lowers.worst ?? -.infinity }

    mutating func add(_ found: [Entry]) -> Float {
        for entry in found where entry.upper >= floor {
            entries.append(entry)
            lowers.offer(entry.lower)
        }
        if entries.count > trimAt {
            let floor = floor
            entries.removeAll { $0.upper < floor }
            trimAt = max(8192, 2 * entries.count)
        }
        return floor
    }

    func result() -> CodeScan.Bounded {
        let floor = floor
        let candidates = entries.filter { $0.upper >= floor }
            .sorted { $0.upper != $1.upper ? $0.upper > $1.upper : $0.number < $1.number }
            .map { CodeCandidate(number: $0.number, score: $0.upper) }
        return CodeScan.Bounded(candidates: candidates, floor: floor)
    }
}
