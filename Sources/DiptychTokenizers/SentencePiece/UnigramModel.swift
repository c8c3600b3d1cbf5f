/// A unigram language model over pieces: of all ways to cut a word, the one whose pieces' scores sum highest.
///
/// Kudo, "Subword Regularization" (2018). Sums are taken in the order and precision of the `tokenizers` library, so that
/// ties fall as they do there.
struct UnigramModel: Sendable {
    private let trie: PieceTrie
    private let scores: [Double]
    private let unknownID: Int32
    private let unknownScore: Double

    init(_ vocabulary: Vocabulary, scores: [Double], unknownID: Int32) {
        var trie = PieceTrie(capacity: vocabulary.count * 6)
        for id in 0..<Int32(scores.count) { trie.insert(vocabulary.piece(id) ?? [], id: id) }
        self.trie = trie
        self.scores = scores
        self.unknownID = unknownID
        unknownScore = (scores.min() ?? 0) - 10
    }

    /// Appends the pieces of a word, which is UTF-8. Neighbouring unknown characters are one unknown piece.
    func encode(_ word: ArraySlice<UInt8>, workspace: inout Workspace, into ids: inout [Int32]) {
        let first = word.startIndex
        workspace.reset(to: word.count)
        var start = 0
        while start < word.count {
            let score = workspace.scores[start]
            let length = Self.length(of: word[first + start])
            var hasWhole = false
            var node = PieceTrie.root
            var end = start
            while end < word.count, let next = trie.child(of: node, word[first + end]) {
                node = next
                end += 1
                let id = trie.id(at: node)
                guard id >= 0 else { continue }
                workspace.offer(score + scores[Int(id)], id: id, start: start, end: end)
                if end - start == length { hasWhole = true }
            }
            if !hasWhole {
                workspace.offer(score + unknownScore, id: unknownID, start: start, end: min(start + length, word.count))
            }
            start += length
        }
        workspace.appendPath(unknownID: unknownID, to: &ids)
    }

    private static func length(of first: UInt8) -> Int { first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4 }

    /// The best way to each place in a word; reused from word to word.
    struct Workspace {
        fileprivate var scores: [Double] = []
        private var starts: [Int32] = []
        private var ids: [Int32] = []
        private var path: [Int32] = []

        fileprivate mutating func reset(to count: Int) {
            scores.removeAll(keepingCapacity: true)
            starts.removeAll(keepingCapacity: true)
            ids.removeAll(keepingCapacity: true)
            for _ in 0...count {
                scores.append(0)
                starts.append(-1)
                ids.append(0)
            }
        }

        @inline(__always)
        fileprivate mutating func offer(_ score: Double, id: Int32, start: Int, end: Int) {
            guard starts[end] < 0 || score > scores[end] else { return }
            scores[end] = score
            starts[end] = Int32(truncatingIfNeeded: start)
            ids[end] = id
        }

        fileprivate mutating func appendPath(unknownID: Int32, to output: inout [Int32]) {
            path.removeAll(keepingCapacity: true)
            var end = scores.count - 1
            while end > 0, starts[end] >= 0 {
                if ids[end] != unknownID || path.last != unknownID { path.append(ids[end]) }
                end = Int(starts[end])
            }
            output.append(contentsOf: path.reversed())
        }
    }
}
