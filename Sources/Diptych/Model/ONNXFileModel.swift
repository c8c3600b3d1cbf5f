internal import Crypto
internal import DiptychBasics
internal import DiptychEngine
public import DiptychMedia
public import DiptychModels
internal import DiptychONNXRuntime
public import DiptychTokenizers
internal import Foundation

/// A model whose towers are ONNX files that ONNX Runtime runs: what `diptych export onnx` or Chinese-CLIP's exporter wrote.
///
///     let model = try await ModelLoader.load("exported/clip.img.fp16.onnx")   // beside it clip.txt.fp16.onnx
///
/// What a file says of itself (preprocessing, padding, kind of tokenizer) is believed. One that says nothing is Chinese-CLIP's: images
/// squashed to the size of its input, texts by BERT's tokenizer, scores from 100 · cosine. The vocabulary lies in the folder
/// `PREFIX.tokenizer` or beside the files. The files' own number format decides: the option `precision` changes nothing.
public final class ONNXFileModel: DualEncoder {
    /// The file of the image tower.
    public let path: String
    /// Images and texts.
    public let kinds: Set<InputKind> = [.image, .text]
    /// The width of its embeddings.
    public let dimension: Int
    /// The tokenizer, for texts as long as the file's input.
    public let tokenizer: any Tokenizer
    /// The preprocessing that the file states.
    public let preprocessing: Preprocessing
    /// What turns cosines into scores.
    public let logits: LogitParameters
    /// How it is run.
    public let options: ModelOptions
    /// The path's last component, for messages.
    public var name: String { URL(fileURLWithPath: path).lastPathComponent }

    private let runner: ONNXFileRunner
    private let facts: String

    /// What the folder of the vocabulary is called behind the prefix of the files.
    public static let tokenizerSuffix = ".tokenizer"

    /// Whether `path` is called as an ONNX file is.
    public static func isNamed(_ path: String) -> Bool { path.lowercased().hasSuffix(".onnx") }

    /// Opens both files. Blocks.
    ///
    /// - Throws: ``ModelError`` where a file is missing or is no tower, `ONNXRuntimeError` where the library is missing or refuses a
    ///   file, `TokenizerError`, `PreprocessingError`.
    init(_ path: String, options: ModelOptions) throws {
        let names = try ONNXTowerNames(path)
        guard options.activation == nil, options.heads == nil else {
            throw ModelError("\(path): an ONNX file has its activation and heads inside; omit the option")
        }
        let open = { (path: String) throws in
            try ONNXSession(path: path, threads: options.threadCount, cudaDevice: options.cudaDevice)
        }
        let (image, text) = (try open(names.image), try open(names.text))
        guard let pixels = image.inputs.first, pixels.shape.count == 4, pixels.shape[1] == 3,
            let size = pixels.shape[2], pixels.shape[3] == size, (1...8192).contains(size),
            image.outputs.first?.shape.count == 2
        else {
            throw ModelError("\(names.image): is no image tower: [images, 3, size, size] → [images, dimension] is read")
        }
        guard let ids = text.inputs.first, ids.shape.count == 2, let context = ids.shape[1],
            (2...65_536).contains(context), text.outputs.first?.shape.count == 2
        else { throw ModelError("\(names.text): is no text tower: [texts, context] → [texts, dimension] is read") }
        guard let dimension = image.outputs[0].shape[1] ?? text.outputs[0].shape[1], dimension > 0,
            text.outputs[0].shape[1] ?? dimension == dimension
        else { throw ModelError("\(path): the two towers' embeddings have different widths, or none that is stated") }

        let preprocessing = try Self.preprocessing(image, size)
        guard preprocessing.fixedSize == Preprocessing.Size(width: size, height: size) else {
            throw ModelError(
                "\(path): the preprocessing that it states does not give the \(size) × \(size) pixels that it reads")
        }
        var tokenizer = try Self.tokenizer(text, names)
        tokenizer.contextLength = context
        let padding = text.fact("pad_id").flatMap(Int32.init) ?? tokenizer.padID
        let scale = image.fact("logit_scale").flatMap(Float.init) ?? 100
        let bias = image.fact("logit_bias").flatMap(Float.init)
        guard scale.isFinite, bias?.isFinite ?? true else {
            throw ModelError("\(path): the logit_scale or logit_bias that it states is not a finite number")
        }
        self.path = path
        (self.dimension, self.tokenizer, self.preprocessing, self.options) = (
            dimension, tokenizer, preprocessing, options
        )
        logits = LogitParameters(scale: scale, bias: bias)
        facts = "\(preprocessing) \(type(of: tokenizer)) \(context) \(padding) \(size)"
        runner = ONNXFileRunner(
            image: image, text: text, size: size, context: context, padding: padding, dimension: dimension)
    }

    /// The members of a file's metadata that say what images and texts become before the towers.
    package static func facts(of model: CLIPModel) -> [String: String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = model.configuration.text
        var facts = ["text_architecture": text.architecture.rawValue]
        if model.configuration.names != .huggingFace { facts["text_cleaning"] = text.cleaning.rawValue }
        if let json = try? encoder.encode(model.preprocessing) {
            facts["preprocessing"] = String(decoding: json, as: UTF8.self)
        }
        return facts
    }

    private static func preprocessing(_ image: ONNXSession, _ size: Int) throws -> Preprocessing {
        guard let json = image.fact("preprocessing") else {
            return try Preprocessing(original: true, size: size)
        }
        do { return try JSONDecoder().decode(Preprocessing.self, from: Data(json.utf8)) } catch {
            throw ModelError("\(image.path): the preprocessing that it states cannot be read; export it again")
        }
    }

    private static func tokenizer(_ text: ONNXSession, _ names: ONNXTowerNames) throws -> any Tokenizer {
        let cleaning = text.fact("text_cleaning")
        let folder = names.vocabulary
        switch text.fact("text_architecture") {
        case nil: return try BERTTokenizer.load(directory: folder, cleaning: .original)
        case "bert":
            return try BERTTokenizer.load(directory: folder, cleaning: cleaning == nil ? .huggingFace : .original)
        case "siglip": return try SentencePieceTokenizer.load(directory: folder)
        case "clip":
            let known = cleaning.map { CLIPConfiguration.TextCleaning(rawValue: $0) }
            if case .some(.none) = known { break }
            return try CLIPTokenizer.load(directory: folder, cleaning: (known ?? nil).map(ModelFiles.cleaning))
        default: break
        }
        throw ModelError("\(text.path): was exported by a newer version of Diptych; its kind of texts is not known")
    }

    /// A hash of both files, the weights beside them, and what images and texts become before.
    public func fingerprint() async -> String { await runner.fingerprint(facts, path) }

    /// ONNX Runtime's version, the threads, and fp32: what a file computes in is its own affair.
    public func engineDescription() async throws -> EngineDescription {
        let device = options.cudaDevice.map { "cuda:\($0)" } ?? "cpu"
        return EngineDescription(
            name: "onnxruntime \(try ONNXRuntime.load()) on \(device)", instructions: .detected,
            threads: options.threadCount, precision: .fp32, reason: "as the file was exported")
    }

    /// The embeddings of `count` preprocessed images, not normalised.
    public func encode(_ pixels: [Float], count: Int) async throws -> [Float] {
        try await runner.encode(pixels, count: count, name: name)
    }

    /// The embeddings of texts that are ids already, each at least one and at most as many as the file's context.
    ///
    /// - Throws: ``ModelError`` when a text has no ids or too many.
    public func embed(tokenized texts: [TokenizedText], normalize: Bool) async throws -> Embeddings {
        for (index, text) in texts.enumerated() where !(1...tokenizer.contextLength).contains(text.ids.count) {
            throw ModelError(
                "text \(index + 1) has \(text.ids.count) ids; the model reads 1 to \(tokenizer.contextLength)")
        }
        return try checked(try await runner.encode(texts.map(\.ids)), normalize: normalize)
    }
}

/// The files of a model by the name of one of them.
struct ONNXTowerNames {
    let image: String
    let text: String
    /// The folder with the vocabulary.
    let vocabulary: URL

    init(_ path: String) throws {
        let url = URL(fileURLWithPath: path)
        let parts = url.lastPathComponent.components(separatedBy: ".")
        guard let place = parts.lastIndex(where: { $0 == "img" || $0 == "txt" }) else {
            throw ModelError(
                "\(path): give the file of the image tower, called as PREFIX.img.fp32.onnx, with PREFIX.txt.fp32.onnx beside it"
            )
        }
        func name(_ tower: String) -> String {
            var parts = parts
            parts[place] = tower
            return url.deletingLastPathComponent().appendingPathComponent(parts.joined(separator: ".")).path
        }
        (image, text) = (name("img"), name("txt"))
        for file in [image, text] where !FileManager.default.fileExists(atPath: file) {
            throw ModelError("\(file): is missing; a model is the files of both towers, beside each other")
        }
        let folder = url.deletingLastPathComponent()
        let own = folder.appendingPathComponent(
            parts[..<place].joined(separator: ".") + ONNXFileModel.tokenizerSuffix, isDirectory: true)
        vocabulary = FileManager.default.fileExists(atPath: own.path) ? own : folder
    }
}

/// Runs both towers on the thread of all models.
private actor ONNXFileRunner {
    private let image: ONNXSession
    private let text: ONNXSession
    private let size: Int
    private let context: Int
    private let padding: Int32
    private let dimension: Int
    private var hash: String?

    nonisolated var unownedExecutor: UnownedSerialExecutor { EngineThread.shared.asUnownedSerialExecutor() }

    /// The texts that one pass has at most.
    private static let textsPerPass = 16

    init(image: ONNXSession, text: ONNXSession, size: Int, context: Int, padding: Int32, dimension: Int) {
        (self.image, self.text, self.size, self.context) = (image, text, size, context)
        (self.padding, self.dimension) = (padding, dimension)
    }

    func encode(_ pixels: [Float], count: Int, name: String) throws -> [Float] {
        guard count >= 0, pixels.count == count * 3 * size * size else {
            throw ModelError(
                "\(name) reads images of 3 × \(size) × \(size) numbers; \(count) of another size were given")
        }
        let length = 3 * size * size
        return try passes(image, count, most: count) { range, rows in
            var values = Array(pixels[range.lowerBound * length..<range.upperBound * length])
            values += [Float](repeating: 0, count: (rows - range.count) * length)
            return try image.run(values, shape: [rows, 3, size, size])
        }
    }

    func encode(_ texts: [[Int32]]) throws -> [Float] {
        try passes(text, texts.count, most: Self.textsPerPass) { range, rows in
            var ids: [Int32] = []
            for text in texts[range] { ids += text + [Int32](repeating: padding, count: context - text.count) }
            // What fills a fixed batch is thrown away again.
            for _ in range.count..<rows { ids += ids.prefix(context) }
            return try text.run(ids, shape: [rows, context])
        }
    }

    /// Runs a tower on `count` inputs, as many at a time as its file takes.
    private func passes(
        _ tower: ONNXSession, _ count: Int, most: Int, _ run: (Range<Int>, Int) throws -> ONNXTensor
    ) throws -> [Float] {
        let fixed = tower.inputs[0].shape[0]
        let step = max(1, fixed ?? most)
        var values: [Float] = []
        values.reserveCapacity(count * dimension)
        for start in stride(from: 0, to: count, by: step) {
            let range = start..<min(start + step, count)
            let result = try run(range, fixed ?? range.count)
            guard result.shape == [fixed ?? range.count, dimension] else {
                throw ModelError(
                    "\(tower.path): gives a tensor of shape \(result.shape), not \(range.count) × \(dimension)")
            }
            values += result.values.prefix(range.count * dimension)
        }
        return values
    }

    func fingerprint(_ facts: String, _ path: String) -> String {
        if let hash { return hash }
        var sum = SHA256()
        sum.update(data: Data(facts.utf8))
        for file in [image.path, image.path + ".extra_file", text.path, text.path + ".extra_file"] {
            guard let handle = FileHandle(forReadingAtPath: file) else { continue }
            defer { try? handle.close() }
            while let bytes = try? handle.read(upToCount: 1 << 20), !bytes.isEmpty { sum.update(data: bytes) }
        }
        let made = sum.finalize().map { String(format: "%02x", $0) }.joined()
        hash = made
        return made
    }
}
