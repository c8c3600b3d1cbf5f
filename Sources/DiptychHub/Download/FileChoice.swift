internal import Foundation

/// Which files of a repository a model needs, by one rule for all repositories.
///
/// The configuration and the weights of one layout, never of two, so that a directory is read in one way only: the first
/// of these that is complete.
/// 1. `config.json` with `model.safetensors`, in one file or in the parts that `model.safetensors.index.json` names
/// 2. `open_clip_config.json` with `open_clip_model.safetensors`
/// 3. `config.json` with `pytorch_model.bin`, whole or in parts
/// 4. `open_clip_config.json` with `open_clip_pytorch_model.bin`
///
/// A layout with `config.json` counts as complete with its `preprocessor_config.json` or `processor_config.json`, which says how images are prepared;
/// one without it is taken only where there is no other. With them come the tokeniser's files; an open_clip repository without any of these uses
/// OpenAI's vocabulary, which is then added.
struct FileChoice: Equatable {
    /// The files to download first.
    let files: [String]
    /// The file among them that names more files.
    let index: String?
    /// Whether the tokeniser is OpenAI's and does not come with the repository.
    let needsOpenAIVocabulary: Bool

    private static let layouts = [
        ("config.json", "model.safetensors"), ("open_clip_config.json", "open_clip_model.safetensors"),
        ("config.json", "pytorch_model.bin"), ("open_clip_config.json", "open_clip_pytorch_model.bin"),
    ]
    private static let tokenizerFiles = [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
        "merges.txt", "vocab.txt",
    ]
    /// transformers writes the second one since version 5, with the first one inside.
    private static let processors = ["preprocessor_config.json", "processor_config.json"]
    private static let vocabularies: Set = ["tokenizer.json", "vocab.json", "vocab.txt"]

    /// Chooses among the files at the top of a repository.
    init(among names: Set<String>, subject: String) throws(HubError) {
        let there = Self.layouts.filter { configuration, weights in
            names.contains(configuration) && (names.contains(weights) || names.contains(weights + ".index.json"))
        }
        let isComplete = there.first { $0.0 != "config.json" || Self.processors.contains(where: names.contains) }
        if let (configuration, weights) = isComplete ?? there.first {
            let index = weights + ".index.json"
            let isWhole = names.contains(weights)
            let tokenizer = Self.tokenizerFiles.filter(names.contains)
            files =
                [configuration] + Self.processors.filter(names.contains) + tokenizer
                + [isWhole ? weights : index]
            self.index = isWhole ? nil : index
            needsOpenAIVocabulary =
                configuration == "open_clip_config.json" && !tokenizer.contains(where: Self.vocabularies.contains)
            return
        }
        throw HubError(
            .notFound, subject,
            "has no model that can be used: neither config.json with model.safetensors or pytorch_model.bin, nor "
                + "open_clip_config.json with open_clip_model.safetensors or open_clip_pytorch_model.bin")
    }

    static let largestIndex = 1 << 25
    private static let mostParts = 1000

    /// The files that an index of weights in parts names.
    static func parts(of index: Data, name: String, subject: String) throws(HubError) -> [String] {
        struct Index: Decodable { let weight_map: [String: String] }
        guard let document = try? JSONDecoder().decode(Index.self, from: index) else {
            throw HubError(.untrusted, subject, "\(name) is not an index of weights in parts")
        }
        let parts = Set(document.weight_map.values).sorted()
        guard !parts.isEmpty, parts.count <= mostParts else {
            throw HubError(.untrusted, subject, "\(name) names \(parts.count) files; no model has that many")
        }
        for part in parts {
            guard FileNames.isPlain(part), part.hasSuffix(".safetensors") || part.hasSuffix(".bin") else {
                throw HubError(
                    .untrusted, subject, "\(name) names '\(part.prefix(100))', which is not a file of weights; refused")
            }
        }
        return parts
    }
}
