internal import CKernels
internal import Foundation

/// Vectors of a store in the order of their ids.
package struct CodeRows: Sendable {
    package var ids: [Int64]
    /// [ids.count, dimension]
    package var vectors: [Float]

    package init(ids: [Int64] = [], vectors: [Float] = []) { (self.ids, self.vectors) = (ids, vectors) }
}

/// Writes the code files of a store; there is one writer at a time, in all processes.
///
/// A crash at any moment leaves files that are valid: what was not committed is written again.
package final class CodeWriter {
    /// The vectors of a segment: 43 MB of codes for 512 dimensions.
    package static let usualCapacity = 65_536
    /// Compaction rewrites segments of which more than this part is dead.
    static let deadShare = 0.2
    /// The vectors from which a new segment's centre is computed, at least.
    private static let centreSample = 1024

    private let files: CodeFiles
    private let capacity: Int
    private let threads: Int
    private let rotation: CodeRotation
    private let lock: Int32
    private let step: @Sendable (String) throws -> Void

    /// Takes the lock, and deletes files that are not whole and those that do not follow on the others.
    ///
    /// - Parameters:
    ///   - step: called before each change to the disk, which an error from it prevents; tests use it.
    /// - Returns: nil when another writer has the lock.
    /// - Throws: ``StoreError`` when the folder cannot be written.
    package init?(
        _ files: CodeFiles, capacity: Int = CodeWriter.usualCapacity, threads: Int,
        step: @escaping @Sendable (String) throws -> Void = { _ in }
    ) throws {
        self.files = files
        self.capacity = capacity
        self.threads = max(1, threads)
        self.step = step
        rotation = CodeRotation(dimension: files.dimension)
        if mkdir(files.folder, 0o755) != 0, errno != EEXIST { throw CodeOutput.failure(files.folder) }
        let path = files.folder + "/lock"
        lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard lock >= 0 else { throw CodeOutput.failure(path) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            return nil
        }
        try deleteStrays()
    }

    deinit { close(lock) }

    private func deleteStrays() throws {
        let wanted = Set(files.state().parts.map(\.segment.path))
        let names = (try? FileManager.default.contentsOfDirectory(atPath: files.folder)) ?? []
        for name in names where name.hasSuffix(".codes") || name.hasSuffix(".part") {
            let path = files.folder + "/" + name
            guard !wanted.contains(path) else { continue }
            try step("delete")
            guard unlink(path) == 0 || errno == ENOENT else { throw CodeOutput.failure(path) }
        }
    }

    /// Deletes all segments, so that the next ``append(_:)`` makes them anew.
    package func reset() throws {
        for part in files.state().parts.reversed() {
            try step("delete")
            guard unlink(part.segment.path) == 0 || errno == ENOENT else { throw CodeOutput.failure(part.segment.path) }
        }
    }

    /// Codes what the segments do not have yet, except for the last few, as segments grow by whole blocks.
    ///
    /// - Parameter rows: gives vectors after an id, ascending, at most as many as asked for.
    /// - Returns: the number of vectors coded.
    @discardableResult
    package func append(_ rows: (_ after: Int64, _ limit: Int) throws -> CodeRows) throws -> Int {
        var added = 0
        // Buffers of at most 32 MB.
        let most = max(CodeLayout.block, min(16_384, (8 << 20) / files.dimension / 16 * 16))
        while true {
            let state = files.state()
            let open = state.parts.last.flatMap { $0.commit.count < $0.segment.layout.capacity ? $0 : nil }
            let room = open.map { $0.segment.layout.capacity - $0.commit.count } ?? capacity
            let limit = min(most, room)
            let found = try rows(state.last, limit)
            let count = min(found.ids.count, room) / CodeLayout.block * CodeLayout.block
            guard count > 0 else { return added }
            guard found.vectors.count == found.ids.count * files.dimension, found.ids[0] > state.last,
                zip(found.ids, found.ids.dropFirst()).allSatisfy({ $0 < $1 })
            else { throw StoreError(.damaged, path: files.folder, "its vectors are out of order; run `store verify`") }
            let ids = Array(found.ids.prefix(count))
            let vectors = Array(found.vectors.prefix(count * files.dimension))
            let part = try open ?? newSegment(after: state, sample: vectors)
            try write(ids, vectors, to: part)
            added += count
            if found.ids.count < limit { return added }
        }
    }

    private func write(_ ids: [Int64], _ vectors: [Float], to part: CodeState.Part) throws {
        let (segment, layout) = (part.segment, part.segment.layout)
        let (blocks, records) = rotation.encode(vectors, centre: segment.centre, threads: threads)
        let at = part.commit.count
        let output = try CodeOutput(segment.path, create: false, step: step)
        try output.write(ids.map(\.littleEndian), at: layout.idsOffset + 8 * at, "ids")
        try output.write(blocks, at: layout.blocksOffset + at / CodeLayout.block * layout.blockBytes, "blocks")
        try output.write(records, at: layout.recordsOffset + at * layout.recordBytes, "records")
        try output.synchronize()
        try commit(
            CodeCommit(sequence: part.commit.sequence + 1, count: at + ids.count, last: ids[ids.count - 1]),
            to: output, identity: segment.header.identity)
    }

    private func commit(_ commit: CodeCommit, to output: CodeOutput, identity: UInt64) throws {
        let place = CodeLayout.commitOffsets[Int(commit.sequence % 2)]
        try output.write(commit.encoded(identity: identity), at: place, "commit")
        try output.synchronize()
    }

    private func newSegment(after state: CodeState, sample: [Float]) throws -> CodeState.Part {
        let dimension = files.dimension
        var centre = state.parts.last?.segment.centre ?? [Float](repeating: 0, count: dimension)
        if sample.count >= Self.centreSample * dimension || state.parts.isEmpty {
            var sums = [Double](repeating: 0, count: dimension)
            var count = 0.0
            for row in 0..<sample.count / dimension {
                let values = sample[row * dimension..<(row + 1) * dimension]
                guard values.allSatisfy({ abs($0) < 1e3 }) else { continue }
                count += 1
                for (i, value) in values.enumerated() { sums[i] += Double(value) }
            }
            centre = rotation.turned(sums.map { Float($0 / max(1, count)) })
        }
        guard let layout = CodeLayout(dimension: dimension, capacity: capacity) else {
            throw StoreError(.invalidRequest, path: files.folder, "no codes for vectors of \(dimension) numbers")
        }
        let last = CodeFiles.names(in: files.folder).last ?? 0
        let path = files.path(of: last + 1)
        try make(path, layout: layout, after: state.last, centre: centre) { output in
            try commit(CodeCommit(sequence: 1, count: 0, last: state.last), to: output, identity: files.identity)
        }
        guard let segment = CodeSegment(path: path, identity: files.identity, dimension: dimension),
            let commit = segment.commit()
        else { throw StoreError(.inputOutput, path: path, "cannot be read back; check the disk") }
        return CodeState.Part(segment: segment, commit: commit, first: state.count)
    }

    /// Makes a whole file under another name first.
    private func make(
        _ path: String, layout: CodeLayout, after: Int64, centre: [Float],
        fill: (CodeOutput) throws -> Void
    ) throws {
        let part = path + ".part"
        let header = CodeHeader(
            dimension: layout.dimension, capacity: layout.capacity, identity: files.identity, after: after)
        do {
            let output = try CodeOutput(part, create: true, step: step)
            try output.resize(layout.fileBytes)
            try output.write(header.encoded(centre: centre), at: 0, "header")
            try output.write(centre.map(\.bitPattern.littleEndian), at: layout.centreOffset, "centre")
            try fill(output)
        }
        try CodeOutput.rename(part, to: path, step: step)
    }

    /// Rewrites the segments of which many vectors are dead, without them.
    ///
    /// - Parameter alive: those of some ids that the store still has.
    /// - Returns: the number of vectors dropped.
    @discardableResult
    package func compact(alive: ([Int64]) throws -> Set<Int64>) throws -> Int {
        var dropped = 0
        for part in files.state().parts where part.commit.count > 0 {
            let segment = part.segment
            let ids = (0..<part.commit.count).map { segment.id($0) }
            let living = try alive(ids)
            let dead = ids.count { !living.contains($0) }
            guard Double(dead) > Self.deadShare * Double(ids.count) else { continue }
            // As many dead ones stay as fill the last block.
            var fillers = (CodeLayout.block - (ids.count - dead) % CodeLayout.block) % CodeLayout.block
            let slots = ids.indices.filter { slot in
                if living.contains(ids[slot]) { return true }
                guard fillers > 0 else { return false }
                fillers -= 1
                return true
            }
            try rewrite(part, slots: slots)
            dropped += ids.count - slots.count
        }
        return dropped
    }

    private func rewrite(_ part: CodeState.Part, slots: [Int]) throws {
        let (segment, layout) = (part.segment, part.segment.layout)
        try make(segment.path, layout: layout, after: segment.header.after, centre: segment.centre) { output in
            try output.write(slots.map { segment.id($0).littleEndian }, at: layout.idsOffset, "ids")
            var block = [UInt32](repeating: 0, count: layout.blockBytes / 4)
            var record = [UInt8](repeating: 0, count: layout.recordBytes)
            var (blocks, records): ([UInt32], [UInt8]) = ([], [])
            func flush(through end: Int) throws {
                let first = end - records.count / layout.recordBytes
                try output.write(
                    blocks, at: layout.blocksOffset + first / CodeLayout.block * layout.blockBytes, "blocks")
                try output.write(records, at: layout.recordsOffset + first * layout.recordBytes, "records")
                blocks.removeAll(keepingCapacity: true)
                records.removeAll(keepingCapacity: true)
            }
            for (place, slot) in slots.enumerated() {
                let source = segment.blocks(from: slot / CodeLayout.block)
                for row in 0..<layout.blockBytes / (4 * CodeLayout.block) {
                    block[row * CodeLayout.block + place % CodeLayout.block] = source.load(
                        fromByteOffset: 4 * (row * CodeLayout.block + slot % CodeLayout.block), as: UInt32.self)
                }
                guard
                    record.withUnsafeMutableBytes({ bytes in
                        bytes.baseAddress.map { segment.readRecords(from: slot, count: 1, into: $0) } ?? false
                    })
                else { throw StoreError(.inputOutput, path: segment.path, "cannot be read; check the disk") }
                records += record
                if place % CodeLayout.block == CodeLayout.block - 1 { blocks += block }
                if place % 8192 == 8191 { try flush(through: place + 1) }
            }
            try flush(through: slots.count)
            try output.synchronize()
            try commit(
                CodeCommit(sequence: 1, count: slots.count, last: part.commit.last), to: output,
                identity: segment.header.identity)
        }
    }
}
