internal import Foundation

/// The segments of a store at one moment. Their vectors are numbered one after the other, by which searches name them.
package struct CodeState: Sendable {
    /// Tells states with other vectors, or the same ones in other places.
    struct Signature: Equatable, Sendable {
        let files: [CodeSegment.FileIdentity]
        let count: Int
    }

    struct Part: Sendable {
        let segment: CodeSegment
        let commit: CodeCommit
        /// The number of the first vector.
        let first: Int
    }

    let parts: [Part]
    /// The vectors in all.
    package let count: Int
    /// All vectors up to this one are in the segments, or were dropped from the store.
    package let last: Int64

    var signature: Signature { Signature(files: parts.map(\.segment.file), count: count) }

    static let empty = CodeState([])

    /// As many of the segments as follow on each other. After a gap nothing counts: what is there is made anew.
    init(_ segments: [CodeSegment]) {
        var (parts, count, last): ([Part], Int, Int64) = ([], 0, 0)
        for segment in segments {
            guard segment.header.after == last, let commit = segment.commit(),
                count + commit.count <= Int(UInt32.max) - CodeLayout.block
            else { break }
            if commit.count > 0 {
                // A look at both ends, which a file that lost its contents does not pass.
                let ends = (segment.id(0), segment.id(commit.count - 1))
                guard ends.0 > last, ends.0 <= ends.1, ends.1 <= commit.last else { break }
            }
            parts.append(Part(segment: segment, commit: commit, first: count))
            count += commit.count
            last = commit.last
        }
        self.parts = parts
        self.count = count
        self.last = last
    }

    /// The index of the part that a vector is in; `number` is below `count`.
    func partIndex(of number: Int) -> Int {
        var (low, high) = (0, parts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if parts[middle].first <= number { low = middle } else { high = middle }
        }
        // The last of those that begin at or before it: parts without vectors begin where the next one does.
        return low
    }

    /// The id of a vector.
    package func id(_ number: Int) -> Int64 {
        let part = parts[partIndex(of: number)]
        return part.segment.id(number - part.first)
    }

    /// What one standard deviation of a vector's estimate is in proportion to.
    func factor(_ number: Int) -> Float {
        let part = parts[partIndex(of: number)]
        return part.segment.factor(number - part.first)
    }

    /// For each block the bits of those vectors whose id is in `ids`, which are ascending.
    package func masks(of ids: [Int64]) -> [UInt16] {
        var masks = [UInt16](repeating: 0, count: count / CodeLayout.block)
        var next = 0
        for part in parts {
            var slot = 0
            while next < ids.count {
                slot = part.firstSlot(notBelow: ids[next], from: slot)
                guard slot < part.commit.count else { break }
                if part.segment.id(slot) == ids[next] {
                    let number = part.first + slot
                    masks[number / CodeLayout.block] |= 1 << UInt16(number % CodeLayout.block)
                }
                next += 1
            }
        }
        return masks
    }
}

extension CodeState.Part {
    /// The first slot from `start` on whose id is not below one, or the end. Steps that double, so that the ids of a few
    /// vectors are found without a look at all, and those of many in a step each.
    fileprivate func firstSlot(notBelow id: Int64, from start: Int) -> Int {
        var (low, step) = (start, 1)
        while low + step <= commit.count, segment.id(low + step - 1) < id {
            low += step
            step *= 2
        }
        var high = min(low + step - 1, commit.count)
        while low < high {
            let middle = (low + high) / 2
            if segment.id(middle) < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
