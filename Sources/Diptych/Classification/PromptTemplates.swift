/// Sentences into which labels are put, so that they read like the captions that a model was trained on.
///
/// The embedding of a label is the normalised mean over the sentences ("prompt ensembling", Radford et al. 2021,
/// section 3.1.4).
public enum PromptTemplates: Sendable, Equatable {
    /// English sentences.
    case openAI
    /// Chinese sentences.
    case chinese
    /// The label as it is.
    case none
    /// These sentences, each with `{}` where the label goes.
    case custom([String])

    /// The sentences, each with `{}` where the label goes.
    public var sentences: [String] {
        switch self {
        case .openAI:
            [
                "a photo of a {}.", "a picture of a {}.", "a photograph of the {}.", "a close-up of a {}.",
                "a small {}.", "a large {}.", "an image showing a {}.", "a drawing of a {}.",
            ]
        case .chinese:
            ["一张{}的照片。", "一幅{}的图片。", "这是{}。", "画面中有{}。", "{}的特写。", "一个小小的{}。", "一个大大的{}。", "{}的图画。"]
        case .none: ["{}"]
        case .custom(let sentences): sentences
        }
    }

    /// The sentences with `label` filled in.
    ///
    /// - Throws: ``ModelError`` when a sentence has no place for the label.
    func filled(with label: String) throws -> [String] {
        let sentences = self.sentences
        guard !sentences.isEmpty else { throw ModelError("there is no template: give at least one, such as \"{}\"") }
        return try sentences.map { sentence in
            guard sentence.contains("{}") else {
                throw ModelError("template \(sentence.debugDescription) has no {} where the label goes")
            }
            return sentence.replacing("{}", with: label)
        }
    }
}
