/// Byte-pair encoding over characters, as SentencePiece trains it: the earliest-ranked neighbours join until none can, and
/// a character that the vocabulary lacks becomes its bytes.
///
/// Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units" (2016).
struct CharacterPairModel: Sendable {
    let vocabulary: Vocabulary
    let merges: MergeTable
    /// The piece of each byte, such as `<0x0A>`, where the model falls back to bytes.
    let bytes: [Int32?]
    /// What stands for a character without a piece; nil leaves it out.
    let unknownID: Int32?
    /// Whether neighbouring unknown characters are one.
    let fusesUnknown: Bool

    /// The pieces of bytes in a vocabulary.
    static func bytePieces(in vocabulary: Vocabulary) -> [Int32?] {
        let digits = Array("0123456789ABCDEF".utf8)
        return (0..<256).map {
            vocabulary.id(of: Array("<0x".utf8) + [digits[$0 >> 4], digits[$0 & 15]] + Array(">".utf8))
        }
    }

    /// Appends the pieces of some text.
    func encode(_ text: ArraySlice<UInt8>, workspace: inout BytePairEncoder.Workspace, into ids: inout [Int32]) {
        workspace.pieces.removeAll(keepingCapacity: true)
        var pending = false
        var index = text.startIndex
        while index < text.endIndex {
            var next = index + 1
            while next < text.endIndex, text[next] & 0xC0 == 0x80 { next += 1 }
            if let id = vocabulary.id(of: text[index..<next]) {
                if pending, let unknownID { workspace.pieces.append(unknownID) }
                pending = false
                workspace.pieces.append(id)
            } else if text[index..<next].allSatisfy({ bytes[Int($0)] != nil }) {
                // The `tokenizers` library lets an unknown character wait for the next known one, behind bytes.
                for byte in text[index..<next] { if let id = bytes[Int(byte)] { workspace.pieces.append(id) } }
            } else {
                if pending, !fusesUnknown, let unknownID { workspace.pieces.append(unknownID) }
                pending = true
            }
            index = next
        }
        if pending, let unknownID { workspace.pieces.append(unknownID) }
        merges.join(&workspace, into: &ids)
    }
}
