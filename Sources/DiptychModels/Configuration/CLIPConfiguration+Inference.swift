public import DiptychEngine
public import DiptychCheckpoints

extension CLIPConfiguration {
    /// Infers the sizes of a model in the original layout from the names and shapes of its tensors, as OpenAI's and
    /// Chinese-CLIP's own code do: OpenAI CLIP, a model of open_clip's, or Chinese-CLIP.
    ///
    /// Shapes do not tell how many attention heads share a width. OpenAI's archives follow that project's rule; other towers are
    /// looked up among the published ones by their exact sizes (``KnownTowers``).
    ///
    /// - Parameters:
    ///   - activation: the feed-forward non-linearity, which no shape tells. Checkpoints of OpenAI's and
    ///     Chinese-CLIP's, which are known by their tensors, use QuickGELU whatever is stated here.
    ///   - heads: the attention heads of towers that are not published ones; where a tower's are known, they must be
    ///     the same.
    /// - Throws: ``ConfigurationError`` when the tensors are of no known family, or the non-linearity or a number of heads is
    ///   not known.
    public init(
        inferredFrom checkpoint: Checkpoint, activation: Activation? = nil, heads: HeadCounts? = nil
    ) throws {
        let tensors = Shapes(checkpoint)
        self.init()
        if tensors.has("bert.embeddings.word_embeddings.weight") {
            family = .chineseCLIP
            names = .original
            try inferBERT(tensors)
        } else if tensors.has("token_embedding.weight") || tensors.has("text.token_embedding.weight") {
            names = tensors.has("token_embedding.weight") ? .original : .originalWithTextPrefix
            try inferText(tensors, prefix: names == .original ? "" : "text.")
        } else {
            throw tensors.unknown()
        }
        try inferVision(tensors)

        // OpenAI's archives state their sizes among the tensors; nobody else's files do.
        let isOpenAI = checkpoint.tensors["input_resolution"] != nil && checkpoint.tensors["context_length"] != nil
        guard let known = isOpenAI || family == .chineseCLIP ? .quickGELU : activation else {
            throw ConfigurationError(
                path: checkpoint.path,
                "does not say which activation it was trained with, and a wrong one gives wrong embeddings without any "
                    + "error: state quick_gelu (OpenAI's models and open_clip's -quickgelu ones) or gelu (open_clip's others)"
            )
        }
        if family == .chineseCLIP {
            vision.activation = known
        } else {
            (text.activation, vision.activation) = (known, known)
        }
        try settleHeads(tensors, stated: heads, isOpenAI: isOpenAI)
    }

    private mutating func inferBERT(_ tensors: Shapes) throws {
        let embeddings = "bert.embeddings."
        let words = try tensors.shape(embeddings + "word_embeddings.weight", 2)
        text.architecture = .bert
        (text.vocabularySize, text.width) = (words[0], words[1])
        text.contextLength = try tensors.shape(embeddings + "position_embeddings.weight", 2)[0]
        text.segments = try tensors.shape(embeddings + "token_type_embeddings.weight", 2)[0]
        text.layers = tensors.count { "bert.encoder.layer.\($0).intermediate.dense.weight" }
        text.feedForwardWidth =
            text.layers == 0 ? 0 : try tensors.shape("bert.encoder.layer.0.intermediate.dense.weight", 2)[0]
        (text.activation, text.epsilon, text.endID) = (.gelu, 1e-12, 0)
        (text.hiddenDropout, text.attentionDropout) = (0.1, 0.1)  // of all of Chinese-CLIP's configurations
        embeddingDimension = try tensors.shape("text_projection", 2)[1]
    }

    private mutating func inferText(_ tensors: Shapes, prefix: String) throws {
        let words = try tensors.shape(prefix + "token_embedding.weight", 2)
        (text.vocabularySize, text.width) = (words[0], words[1])
        text.contextLength = try tensors.shape(prefix + "positional_embedding", 2)[0]
        text.layers = tensors.count { "\(prefix)transformer.resblocks.\($0).ln_1.weight" }
        text.feedForwardWidth =
            text.layers == 0 ? 0 : try tensors.shape("\(prefix)transformer.resblocks.0.mlp.c_fc.weight", 2)[0]
        text.endID = 2
        embeddingDimension = try tensors.shape(prefix + "text_projection", 2)[1]
    }

    private mutating func inferVision(_ tensors: Shapes) throws {
        if tensors.has("visual.proj") {
            let patches = try tensors.shape("visual.conv1.weight", 4)
            vision.width = patches[0]
            vision.patchSize = patches[3]
            vision.layers = tensors.count { "visual.transformer.resblocks.\($0).ln_1.weight" }
            vision.feedForwardWidth =
                vision.layers == 0 ? 0 : try tensors.shape("visual.transformer.resblocks.0.mlp.c_fc.weight", 2)[0]
            let positions = try tensors.shape("visual.positional_embedding", 2)[0]
            vision.imageSize = vision.patchSize * (try tensors.squareRoot(positions - 1, "visual.positional_embedding"))
        } else if tensors.has("visual.attnpool.positional_embedding") {
            vision.width = try tensors.shape("visual.layer1.0.conv1.weight", 4)[0]
            setResNet(
                stages: (1...4).map { stage in tensors.count { "visual.layer\(stage).\($0).conv1.weight" } })
            let positions = try tensors.shape("visual.attnpool.positional_embedding", 2)[0]
            vision.imageSize = 32 * (try tensors.squareRoot(positions - 1, "visual.attnpool.positional_embedding"))
        } else {
            throw tensors.unknown()
        }
    }

    /// The heads of both towers: as stated, else as OpenAI's code has them for its own archives (64 wide), else as the published
    /// towers of these sizes have them.
    private mutating func settleHeads(_ tensors: Shapes, stated: HeadCounts?, isOpenAI: Bool) throws {
        let isResNet = if case .resNet = vision.architecture { true } else { false }
        // The width that the heads share: a residual network's is that of its last map.
        let pooled = isResNet ? vision.width * 32 : vision.width
        func settle(_ width: Int, known: Int?, stated: Int?) throws -> Int? {
            let known = known ?? (isOpenAI && width % 64 == 0 ? width / 64 : nil)
            if let stated, let known, stated != known {
                throw tensors.failure("its towers have \(known) heads where \(stated) are stated; omit the option")
            }
            guard let heads = known ?? stated else { return nil }
            guard heads > 0, width % heads == 0 else {
                throw tensors.failure("a width of \(width) does not split into \(heads) heads")
            }
            return heads
        }
        let image = try settle(pooled, known: KnownTowers.heads(of: vision), stated: stated?.image)
        let text = try settle(text.width, known: KnownTowers.heads(of: text), stated: stated?.text)
        guard let image, let text else {
            let unknown = [
                image == nil ? "the image tower (width \(pooled), \(vision.layers) layers)" : nil,
                text == nil ? "the text tower (width \(self.text.width), \(self.text.layers) layers)" : nil,
            ].compactMap { $0 }.joined(separator: " and ")
            throw tensors.failure(
                "does not say how many attention heads it has, and \(unknown) is not of a published model; a wrong number gives "
                    + "wrong embeddings without any error: state the heads of the image and the text tower, such as "
                    + "--heads 12,8")
        }
        (vision.heads, self.text.heads) = (image, text)
    }
}

/// The shapes of a checkpoint's tensors, asked for with checks.
private struct Shapes {
    private let checkpoint: Checkpoint

    init(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }

    func has(_ name: String) -> Bool { checkpoint.tensors[name] != nil }

    /// The shape of a tensor that must have `rank` extents of a sensible size.
    func shape(_ name: String, _ rank: Int) throws -> [Int] {
        guard let view = checkpoint.tensors[name] else {
            throw failure("tensor '\(name)' is missing")
        }
        guard view.shape.count == rank, view.shape.allSatisfy({ (1...1 << 24).contains($0) }) else {
            throw failure("tensor '\(name)' has shape \(view.shape); \(rank) extents were expected")
        }
        return view.shape
    }

    /// How many names of a numbered series exist, from 0 on without a gap.
    func count(_ name: (Int) -> String) -> Int {
        var index = 0
        while has(name(index)) { index += 1 }
        return index
    }

    /// The side of a square of `positions`.
    func squareRoot(_ positions: Int, _ name: String) throws -> Int {
        let side = Int(Double(max(0, positions)).squareRoot().rounded())
        guard side > 0, side * side == positions else {
            throw failure("tensor '\(name)' has \(positions + 1) rows, which is not 1 and a square")
        }
        return side
    }

    func failure(_ reason: String) -> ConfigurationError { ConfigurationError(path: checkpoint.path, reason) }

    func unknown() -> ConfigurationError {
        let names = checkpoint.tensors.keys.sorted()
        let found = names.isEmpty ? "no tensors" : "tensors such as '\(names[0])' and '\(names[names.count / 2])'"
        return failure(
            "is of no known family: it holds \(found). Known: OpenAI CLIP, open_clip and Chinese-CLIP checkpoints; CLIP, "
                + "Chinese-CLIP and SigLIP directories of Hugging Face; open_clip directories")
    }
}
