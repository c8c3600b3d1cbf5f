internal import HeapModule

/// Byte-pair encoding of one word: bytes become pieces, and the earliest-ranked neighbours join until none can.
///
/// Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units" (2016), over bytes as in
/// GPT-2, with `</w>` on a word's last byte as in CLIP.
struct BytePairEncoder: Sendable {
    /// The piece of each byte inside a word.
    let inner: [Int32]
    /// The piece of each byte at the end of a word.
    let final: [Int32]
    let merges: MergeTable

    /// Appends the pieces of a word. Bytes that the vocabulary lacks come as the unknown piece that `inner` holds.
    func encode(_ word: ArraySlice<UInt8>, workspace: inout Workspace, into output: inout [Int32]) {
        guard let last = word.last else { return }
        workspace.pieces.removeAll(keepingCapacity: true)
        for byte in word.dropLast() { workspace.pieces.append(inner[Int(byte)]) }
        workspace.pieces.append(final[Int(last)])
        merges.join(&workspace, into: &output)
    }

    /// Buffers that one call to the tokeniser reuses from word to word.
    struct Workspace {
        var pieces: [Int32] = []
        var ranks: [UInt64] = []
    }
}

extension MergeTable {
    /// Words up to this many pieces look for the best pair by scanning: no heap is faster.
    private static let scanLimit = 48

    /// Joins the pieces of a word, earliest-ranked neighbours first, and appends what is left.
    func join(_ workspace: inout BytePairEncoder.Workspace, into output: inout [Int32]) {
        if workspace.pieces.count <= Self.scanLimit {
            scan(&workspace)
            output.append(contentsOf: workspace.pieces)
        } else {
            mergeByHeap(&workspace, into: &output)
        }
    }

    private func scan(_ workspace: inout BytePairEncoder.Workspace) {
        workspace.ranks.removeAll(keepingCapacity: true)
        guard workspace.pieces.count > 1 else { return }
        for index in 1..<workspace.pieces.count {
            workspace.ranks.append(merge(workspace.pieces[index - 1], workspace.pieces[index]))
        }
        // ranks[i] is the merge of pieces[i] and pieces[i + 1].
        while !workspace.ranks.isEmpty {
            var best = 0
            for index in 1..<workspace.ranks.count where workspace.ranks[index] < workspace.ranks[best] {
                best = index
            }
            let joined = workspace.ranks[best]
            if joined == Self.none { return }
            workspace.pieces[best] = Int32(truncatingIfNeeded: joined)
            workspace.pieces.remove(at: best + 1)
            workspace.ranks.remove(at: best)
            if best > 0 {
                workspace.ranks[best - 1] = merge(workspace.pieces[best - 1], workspace.pieces[best])
            }
            if best < workspace.ranks.count {
                workspace.ranks[best] = merge(workspace.pieces[best], workspace.pieces[best + 1])
            }
        }
    }

    /// The same for long words in O(n log n): a linked list of pieces and a heap of candidate merges, in which entries
    /// that an earlier merge made stale are recognised by their rank and dropped.
    private func mergeByHeap(_ workspace: inout BytePairEncoder.Workspace, into output: inout [Int32]) {
        let count = workspace.pieces.count
        var pieces = workspace.pieces
        var next = (1...count).map { Int32($0) }
        var previous = (-1..<count - 1).map { Int32($0) }
        var ranks = [UInt64](repeating: MergeTable.none, count: count)
        var candidates = MergeQueue()
        for index in 0..<count - 1 {
            ranks[index] = merge(pieces[index], pieces[index + 1])
            candidates.push(ranks[index], at: index)
        }
        while let (rank, index) = candidates.pop() {
            guard ranks[index] >> 32 == rank else { continue }
            let removed = Int(next[index])
            pieces[index] = Int32(truncatingIfNeeded: ranks[index])
            ranks[removed] = MergeTable.none
            next[index] = next[removed]
            let following = Int(next[index])
            if following < count {
                previous[following] = Int32(index)
                ranks[index] = merge(pieces[index], pieces[following])
                candidates.push(ranks[index], at: index)
            } else {
                ranks[index] = MergeTable.none
            }
            let before = Int(previous[index])
            if before >= 0 {
                ranks[before] = merge(pieces[before], pieces[index])
                candidates.push(ranks[before], at: before)
            }
        }
        var index = 0
        while index < count {
            output.append(pieces[index])
            index = Int(next[index])
        }
    }
}

/// Candidate merges, (rank, position) each, smallest first.
private struct MergeQueue {
    private var heap = Heap<UInt64>()

    mutating func push(_ merge: UInt64, at index: Int) {
        guard merge != MergeTable.none else { return }
        heap.insert(merge & 0xFFFF_FFFF_0000_0000 | UInt64(index))
    }

    mutating func pop() -> (rank: UInt64, index: Int)? {
        heap.popMin().map { ($0 >> 32, Int($0 & 0xFFFF_FFFF)) }
    }
}
