/// What every file format is read into: the one place where a vocabulary is checked as a whole.
struct TokenizerParts {
    var vocabulary: Vocabulary
    var merges: MergeTable
    var startID: Int32
    var endID: Int32
    var padID: Int32
    /// What stands for a byte that the vocabulary has no piece for.
    var unknownID: Int32
    var contextLength = CLIPTokenizer.defaultContextLength
    var addedTokens: [AddedTokens.Token] = []
    var specialIDs: Set<Int32>

    /// The piece of each byte, with a suffix.
    func pieces(suffix: [UInt8]) -> [Int32] {
        (0..<256).map { vocabulary.id(of: ByteAlphabet.spelling(of: $0) + suffix) ?? unknownID }
    }
}

extension MergeTable {
    /// Adds a merge of two pieces; on failure, what is wrong with it.
    mutating func append(
        _ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>, in vocabulary: Vocabulary, joined: inout [UInt8]
    ) -> String? {
        func name(_ bytes: some Sequence<UInt8>) -> String {
            String(decoding: Array(bytes), as: UTF8.self).debugDescription
        }
        guard let first = vocabulary.id(of: left) else { return "\(name(left)) is not in the vocabulary" }
        guard let second = vocabulary.id(of: right) else { return "\(name(right)) is not in the vocabulary" }
        joined.removeAll(keepingCapacity: true)
        joined.append(contentsOf: left)
        joined.append(contentsOf: right)
        guard let id = vocabulary.id(of: joined) else { return "\(name(joined)) is not in the vocabulary" }
        return append(first, second, joined: id) ? nil : "the merge \(name(left)) \(name(right)) stands twice"
    }
}
