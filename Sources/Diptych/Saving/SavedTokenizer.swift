internal import DiptychModels
internal import DiptychTokenizers
internal import Foundation

/// The tokenizer's files of a written model.
enum SavedTokenizer {
    private static let original = "bpe_simple_vocab_16e6.txt.gz"
    private static let names = [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
        "merges.txt", "vocab.txt", "spiece.model", "tokenizer.model",
    ]

    /// The files that the model was loaded with; OpenAI's vocabulary as transformers reads it.
    static func files(of model: CLIPModel, layout: ModelFileLayout) throws -> [(name: String, bytes: [UInt8])] {
        var isDirectory: ObjCBool = false
        let url = URL(fileURLWithPath: model.path)
        _ = FileManager.default.fileExists(atPath: model.path, isDirectory: &isDirectory)
        let directory = isDirectory.boolValue ? url : url.deletingLastPathComponent()
        func bytes(_ name: String) throws -> [UInt8]? {
            let file = directory.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: file.path) else { return nil }
            do { return try [UInt8](Data(contentsOf: file)) } catch {
                throw ModelError("\(file.path): cannot be read; check that it is a file and its mode")
            }
        }
        var found: [(name: String, bytes: [UInt8])] = []
        for name in names { if let bytes = try bytes(name) { found.append((name, bytes)) } }
        let text = model.configuration.text
        guard layout == .huggingFace else {
            if let bytes = try bytes(original) { found.append((original, bytes)) }
            return found
        }
        guard text.cleaning == .lower else {
            throw ModelError(
                "\(model.path): its tokenizer cleans texts by '\(text.cleaning.rawValue)', which Hugging Face's layout cannot "
                    + "say; write the layout open_clip")
        }
        let isVocabulary = ["tokenizer.json", "vocab.json", "vocab.txt", "spiece.model", "tokenizer.model"].contains
        if !found.contains(where: { isVocabulary($0.name) }), text.architecture == .clip {
            found += try translated(model, directory.appendingPathComponent(original))
        }
        if text.architecture == .bert, !found.contains(where: { $0.name == "tokenizer_config.json" }) {
            found.append(
                try settings([
                    "tokenizer_class": "BertTokenizer", "do_lower_case": true,
                    "model_max_length": model.tokenizer.contextLength,
                ]))
        }
        return found
    }

    /// `vocab.json` and `merges.txt` of OpenAI's vocabulary file.
    private static func translated(_ model: CLIPModel, _ file: URL) throws -> [(name: String, bytes: [UInt8])] {
        let merges = try OriginalMerges.lines(of: file, vocabularySize: model.tokenizer.vocabularySize)
        let pieces = model.tokenizer.tokens(for: 0..<Int32(model.tokenizer.vocabularySize))
        var vocabulary: [(String, JSON)] = []
        for (id, piece) in pieces.enumerated() { if let piece { vocabulary.append((piece, .int(id))) } }
        return try [
            ("vocab.json", Array(JSON.object(vocabulary).text.utf8)),
            ("merges.txt", Array((["#version: 0.2"] + merges + [""]).joined(separator: "\n").utf8)),
            settings([
                "tokenizer_class": "CLIPTokenizer", "model_max_length": model.tokenizer.contextLength,
                "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>",
                "pad_token": "<|endoftext|>",
            ]),
        ]
    }

    private static func settings(_ object: [String: Any]) throws -> (name: String, bytes: [UInt8]) {
        let json = try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys])
        return ("tokenizer_config.json", [UInt8](json))
    }
}

extension CLIPModel {
    /// Writes the files of its tokenizer, as they are, into a folder, which is made where it is missing.
    ///
    /// - Throws: ``ModelError`` where they cannot be read or written.
    package func writeTokenizer(to folder: String) throws {
        let files = try SavedTokenizer.files(of: self, layout: .openCLIP)
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for file in files {
                try Data(file.bytes).write(to: URL(fileURLWithPath: folder + "/" + file.name), options: .atomic)
            }
        } catch { throw ModelError("\(folder): cannot be written; check the folder and the space left") }
    }
}
