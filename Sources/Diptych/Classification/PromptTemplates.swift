/// Sentences into which labels are put, so that they read like the captions that a model was trained on.
///
/// The embedding of a label is the normalised mean over the normalised sentences ("prompt ensembling", Radford et al.
/// 2021, section 3.1.4).
public enum PromptTemplates: Sendable, Equatable {
    /// English sentences for models of OpenAI's kind, written so that singulars, plurals, materials and names all fit.
    case openAI
    /// Chinese sentences, written so that no label needs a measure word of its own.
    case chinese
    /// The label as it is.
    case none
    /// These sentences, each with `{}` where the label goes.
    case custom([String])

    /// The sentences, each with `{}` where the label goes.
    public var sentences: [String] {
        switch self {
        case .openAI: PromptSentences.english
        case .chinese: PromptSentences.chinese
        case .none: ["{}"]
        case .custom(let sentences): sentences
        }
    }

    /// The sentences, once each is known to have a place for the label.
    ///
    /// - Throws: ``ModelError`` when there is none, or one has no `{}`.
    func checked() throws -> [String] {
        let sentences = self.sentences
        guard !sentences.isEmpty else { throw ModelError("there is no template: give at least one, such as \"{}\"") }
        for sentence in sentences where !sentence.contains("{}") {
            throw ModelError("template \(sentence.debugDescription) has no {} where the label goes")
        }
        return sentences
    }
}
