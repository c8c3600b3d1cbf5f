extension TokenizerDocument {
    /// The ids that `TemplateProcessing` puts before and behind a text; nil where the post-processor is another.
    func template() throws(TokenizerError) -> (prefix: [Int32], suffix: [Int32])? {
        let processor = members["post_processor"] ?? .null
        guard processor["type"] == .string("TemplateProcessing") else { return nil }
        var prefix: [Int32] = []
        var suffix: [Int32] = []
        var texts = 0
        for element in processor["single"]?.array ?? [] {
            if element["Sequence"]?["id"] == .string("A") {
                texts += 1
                continue
            }
            let name = element["SpecialToken"]?["id"]?.string ?? ""
            let numbers = processor["special_tokens"]?[name]?["ids"]?.array?.map { $0.number ?? -1 } ?? []
            let areIDs = numbers.allSatisfy { $0 >= 0 && $0 < Double(vocabulary.count) && $0 == $0.rounded() }
            try require(!numbers.isEmpty && areIDs, "post_processor.single", element)
            let ids = numbers.map { Int32($0) }
            if texts == 0 { prefix += ids } else { suffix += ids }
        }
        try require(texts == 1, "post_processor.single", processor["single"])
        return (prefix, suffix)
    }
}
