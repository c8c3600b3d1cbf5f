internal import CKernels

/// A vector that a search found, by the floats that the store holds.
package struct NearVector: Sendable, Equatable {
    package let id: Int64
    package let score: Float

    package init(id: Int64, score: Float) { (self.id, self.score) = (id, score) }
}

/// What a search over codes found.
package struct NearVectors: Sendable {
    /// The nearest that may be shown, best first, equal ones by id; more than were asked for where that came for free.
    package var vectors: [NearVector]
    /// Whether it is proven that there are no nearer ones.
    package var isExact: Bool
}

/// The search for nearest vectors: first pass, second pass, and at last the stored floats.
package struct CodeSearch {
    /// Of the vectors with these ids those that may be shown, with their exact inner products with the query of this
    /// index, in any order.
    package typealias Reader = (_ query: Int, _ ids: [Int64]) throws -> [NearVector]

    /// Thrown when finding enough vectors would take reading more than was allowed.
    package struct TooManyReads: Error {}

    /// Estimates that are further than this many standard deviations off do not count: one in a thousand near the border.
    private static let deviations: Float = 3
    /// The same for what the second pass rounds off, whose bound is that many standard deviations and more.
    private static let roundingDeviations: Float = 5
    /// The candidates that the first pass gives at first, for one query and for each of many, and the most that it gives for
    /// better recall alone. One query of a hundred looks at more than the first.
    private static let (usualKeep, keepOfMany, mostKeep) = (8192, 2048, 32_768)

    private let scan: CodeScan

    package init(_ scan: CodeScan) { self.scan = scan }

    /// For each query the nearest `count` vectors.
    ///
    /// - Parameters:
    ///   - queries: unit vectors.
    ///   - minimum: vectors below it are not wanted.
    ///   - exact: whether the result must be proven.
    ///   - masks: of each block the vectors that are wanted, see ``CodeState/masks(of:)``; nil for all.
    ///   - mostReads: how many vectors may be read for a query.
    ///   - read: reads vectors from the store. Vectors that it leaves out do not count as found.
    package func nearest(
        _ queries: [[Float]], count: Int, minimum: Float = -.infinity, exact: Bool = false, masks: [UInt16]? = nil,
        mostReads: Int = .max, read: Reader
    ) throws -> [NearVectors] {
        guard count > 0, !queries.isEmpty else {
            return queries.map { _ in NearVectors(vectors: [], isExact: true) }
        }
        let prepared = scan.prepare(queries)
        if exact {
            return try queries.indices.map {
                var reading = Reading(count: count, minimum: minimum, mostReads: .max)
                return try exactly(prepared, $0, count: count, masks: masks, reading: &reading, read: read)
            }
        }
        let usual = queries.count == 1 ? Self.usualKeep : Self.keepOfMany
        let keep = max(usual, min(scan.state.count, 4 * count))
        let found = scan.best(prepared, keep: keep, masks: masks)
        let want = Want(count: wanted(count), minimum: minimum)
        // One query is refined by all threads, many by one thread each.
        let threads = queries.count == 1 ? scan.threads : 1
        var lists = found.map { Refinement(candidates: $0, keep: keep) }
        lists.withUnsafeMutableBufferPointer { lists in
            // Each task changes its own element, and all are done before this returns.
            nonisolated(unsafe) let lists = lists
            inParallel(queries.count == 1 ? 1 : scan.threads, lists.count) { index in
                refine(&lists[index], prepared, index, want: want, threads)
            }
        }
        return try queries.indices.map { index in
            var reading = Reading(count: count, minimum: minimum, mostReads: mostReads)
            if try reading.settle(lists[index].list, in: scan.state, { try read(index, $0) }) {
                return NearVectors(vectors: reading.vectors, isExact: false)
            }
            return try widening(prepared, index, lists[index], want, masks: masks, reading: &reading, read: read)
        }
    }

    /// How much the second pass looks for.
    private struct Want {
        var count: Int
        let minimum: Float
    }

    private func wanted(_ count: Int) -> Int { count + count / 4 + 6 }

    /// Goes deeper until enough vectors that may be shown are found, or all have been looked at.
    private func widening(
        _ prepared: CodeQueries, _ index: Int, _ first: Refinement, _ want: Want, masks: [UInt16]?,
        reading: inout Reading, read: Reader
    ) throws -> NearVectors {
        var (want, refinement) = (want, first)
        let one = prepared.only(index)
        while true {
            // Either the candidates ended before they were too far away, or too few of them may be shown.
            if !refinement.isShort { want.count = min(scan.state.count + 1, want.count * 4) }
            if refinement.isShort || refinement.keep < 4 * want.count {
                refinement.keep = min(scan.state.count + 1, max(refinement.keep * 4, 4 * want.count))
                refinement.candidates = scan.best(one, keep: refinement.keep, masks: masks)[0]
            }
            refine(&refinement, one, 0, want: want, scan.threads)
            if try reading.settle(refinement.list, in: scan.state, { try read(index, $0) }) {
                return NearVectors(vectors: reading.vectors, isExact: refinement.list.rest == -.infinity)
            }
        }
    }

    /// The second pass over candidates, from the best estimate on, until the others are too far away. What was refined
    /// before, by a shorter list of the same query, is not read again.
    private func refine(
        _ refinement: inout Refinement, _ prepared: CodeQueries, _ index: Int, want: Want, _ threads: Int
    ) {
        let count = refinement.candidates.count
        let isAll = count < refinement.keep
        var best = BestFloats(limit: want.count)
        for score in refinement.scores { best.offer(score) }
        let margin = Self.roundingDeviations / Float(scan.dimension).squareRoot()
        var isDone = isAll
        while refinement.done < count {
            let next = refinement.candidates.read(refinement.done..<refinement.done + 1)[0]
            let reach = Self.deviations * DIPTYCH_CODE_ERROR * scan.state.factor(next.number)
            if refinement.done > 0, next.score + reach < max(best.worst ?? -.infinity, want.minimum) {
                isDone = true
                break
            }
            let step = refinement.done == 0 ? 256 : 256 * threads
            let slice = refinement.candidates.read(refinement.done..<min(count, refinement.done + step))
            for (candidate, result) in zip(slice, scan.refine(slice, prepared, index, threads: threads)) {
                // What is not a number, from a damaged file, is no candidate.
                guard result.score.isFinite else { continue }
                best.offer(result.score)
                refinement.scores.append(result.score)
                refinement.refined.append(
                    CodeCandidate(number: candidate.number, score: result.score + min(1, result.bound * margin)))
            }
            refinement.done += slice.count
        }
        // Where the list ended too early, recall wants a longer one.
        let border = max(best.worst ?? -.infinity, want.minimum)
        refinement.isShort = !isDone && (count < Self.mostKeep || border == -.infinity)
        let isEverything = isAll && refinement.done == count
        let isOpen = refinement.isShort || border == -.infinity
        refinement.list = Shortlist(
            candidates: refinement.refined.sorted {
                $0.score != $1.score ? $0.score > $1.score : $0.number < $1.number
            }, rest: isEverything ? -.infinity : isOpen ? .infinity : border)
    }

    private func exactly(
        _ prepared: CodeQueries, _ index: Int, count: Int, masks: [UInt16]?, reading: inout Reading,
        read: Reader
    ) throws -> NearVectors {
        var keep = count
        while true {
            let found = scan.bounded(prepared, index, keep: keep, masks: masks)
            let list = Shortlist(candidates: found.candidates, rest: found.floor)
            if try reading.settle(list, in: scan.state, { try read(index, $0) }) {
                return NearVectors(vectors: reading.vectors, isExact: true)
            }
            // Too many of them may not be shown.
            keep = min(scan.state.count + 1, keep > Int.max / 8 ? .max : keep * 8 + 64)
        }
    }
}

/// How far the second pass over a query's candidates has come.
private struct Refinement: Sendable {
    /// What the first pass found, at most `keep`.
    var candidates: CodeCandidates
    var keep: Int
    /// How many of the candidates were read, and what they are, with their scores.
    var done = 0
    var refined: [CodeCandidate] = []
    var scores: [Float] = []
    /// Whether the candidates ended before they were too far away.
    var isShort = false
    var list = Shortlist()

    init(candidates: CodeCandidates, keep: Int) { (self.candidates, self.keep) = (candidates, keep) }
}

/// Vectors by how near they can be at most, best first.
private struct Shortlist: Sendable {
    var candidates: [CodeCandidate] = []
    /// How near the others can be; −∞ when there are no others.
    var rest: Float = -.infinity
}

/// Reads the stored floats of as few vectors as will do.
private struct Reading {
    private let count: Int
    private let minimum: Float
    private let mostReads: Int
    private var known: Set<Int64> = []
    private(set) var vectors: [NearVector] = []

    init(count: Int, minimum: Float, mostReads: Int) {
        (self.count, self.minimum, self.mostReads) = (count, minimum, mostReads)
    }

    /// Reads until no other can be among the nearest `count`; false when the list does not suffice for that.
    mutating func settle(
        _ list: Shortlist, in state: CodeState, _ read: ([Int64]) throws -> [NearVector]
    ) throws -> Bool {
        var next = 0
        while true {
            let worst = max(minimum, vectors.count < count ? -.infinity : vectors[count - 1].score)
            if worst > -.infinity, next == list.candidates.count || list.candidates[next].score < worst {
                return list.rest == -.infinity || list.rest <= worst
            }
            guard next < list.candidates.count else { return list.rest == -.infinity }
            let missing = max(8, min(count - vectors.count, 4096))
            let ids = list.candidates[next..<min(list.candidates.count, next + missing)].map { state.id($0.number) }
            next += ids.count
            let unknown = ids.filter { known.insert($0).inserted }
            guard !unknown.isEmpty else { continue }
            guard known.count <= mostReads else { throw CodeSearch.TooManyReads() }
            vectors += try read(unknown)
            // A quarter tells whether all of them would do, more or less.
            let isHopeless = known.count > mostReads / 4 && 4 * vectors.count * (mostReads / known.count) < 3 * count
            guard mostReads == .max || !isHopeless else { throw CodeSearch.TooManyReads() }
            vectors.sort { $0.score != $1.score ? $0.score > $1.score : $0.id < $1.id }
        }
    }
}
