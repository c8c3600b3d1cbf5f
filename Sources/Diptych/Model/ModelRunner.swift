public import DiptychEngine
public import DiptychModels
public import DiptychCheckpoints

/// Runs a model on an engine that a factory makes: the one place where a model meets an engine, and it knows neither's type.
///
/// It is an actor on the thread that all models of the process share, so that one forward pass at a time has all cores. Towers are
/// prepared on first use: a process that embeds only text never packs the image tower.
public actor ModelRunner {
    /// The model's sizes and towers.
    public nonisolated let definition: any ModelDefinition
    /// The model's tensors.
    public nonisolated let checkpoint: Checkpoint
    /// Which engine runs it, and how.
    public nonisolated let options: ModelOptions
    private var sessions: [Precision: any EngineSession] = [:]
    private var decision: PrecisionDecision?
    private nonisolated let fingerprints = FingerprintCache()

    /// The thread of all models.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { EngineThread.shared.asUnownedSerialExecutor() }

    /// Runs the model that a checkpoint and a definition make; nothing is computed yet.
    public init(definition: any ModelDefinition, checkpoint: Checkpoint, options: ModelOptions) {
        self.definition = definition
        self.checkpoint = checkpoint
        self.options = options
    }

    /// Text embeddings, not normalised: [texts, dimension].
    ///
    /// - Throws: ``ModelError`` for a model without a text tower, `EngineError` for a text that it cannot read.
    public func encode(_ tokens: TokenBatch) throws -> [Float] { try session(precision().precision).encode(tokens) }

    /// Image embeddings, not normalised: [images, dimension].
    public func encode(_ pixels: PixelBatch) throws -> [Float] { try session(precision().precision).encode(pixels) }

    /// Embeddings of clips of `frames` images each, not normalised: [clips, dimension].
    ///
    /// - Throws: ``ModelError`` for a model without a video tower.
    public func encode(clips pixels: PixelBatch, frames: Int) throws -> [Float] {
        try session(precision().precision).encode(clips: pixels, frames: frames)
    }

    /// A hash of the model's configuration and weights.
    nonisolated func fingerprint() async -> String {
        await fingerprints.value(of: definition, checkpoint, threads: options.threadCount)
    }

    /// The engine in use: instruction set, number of threads, precision.
    func description() throws -> EngineDescription {
        let decision = try precision()
        let settings = try session(decision.precision).settings
        return EngineDescription(
            name: options.engine.name, instructions: settings.instructions ?? .detected, threads: settings.threads,
            precision: decision.precision, reason: decision.reason)
    }

    /// How long each operation of a pass over `pixels` takes: the median pass of `passes`, in order.
    func time(pixels: PixelBatch, passes: Int) throws -> [Duration] {
        try session(precision().precision).time(pixels, passes: passes)
    }

    /// The same for the texts of all `batches`, one batch after the other.
    func time(tokens batches: [TokenBatch], passes: Int) throws -> [Duration] {
        try session(precision().precision).time(batches, passes: passes)
    }

    private func session(_ precision: Precision) throws -> any EngineSession {
        if let ready = sessions[precision] { return ready }
        func start(_ factory: some EngineFactory) throws -> any EngineSession {
            try TowerSession(
                definition, checkpoint, factory,
                EngineSettings(
                    precision: precision, threads: options.threadCount, instructions: options.instructions))
        }
        let session = try start(options.engine)
        sessions[precision] = session
        return session
    }

    /// Which precision this model runs at, decided once.
    private func precision() throws -> PrecisionDecision {
        if let decision { return decision }
        let made: PrecisionDecision =
            switch options.precision {
            case .fp32: PrecisionDecision(precision: .fp32, reason: "asked for")
            case .bf16: try asked(for: .bf16)
            case .int8: try asked(for: .int8)
            case .auto: try measuredPrecision()
            }
        decision = made
        return made
    }

    private func asked(for precision: Precision) throws -> PrecisionDecision {
        guard try session(precision).settings.precision == precision else {
            return PrecisionDecision(
                precision: .fp32,
                reason: "\(precision.rawValue) was asked for, but \(options.engine.reasonAgainst(precision))")
        }
        return PrecisionDecision(precision: precision, reason: "asked for")
    }

    /// The fastest that the processor has at which a sample of texts and images loses no more than
    /// ``PrecisionProbe/negligibleLoss``.
    private func measuredPrecision() throws -> PrecisionDecision {
        let probe = PrecisionProbe(definition)
        var reasons: [String] = []
        var exact: (texts: [Float], images: [Float])?
        func encode(at precision: Precision) throws -> (texts: [Float], images: [Float]) {
            let session = try session(precision)
            return try (probe.tokens.map(session.encode) ?? [], session.encode(probe.pixels))
        }
        for candidate in [Precision.int8, .bf16] {
            guard try session(candidate).settings.precision == candidate else {
                reasons.append(options.engine.reasonAgainst(candidate))
                continue
            }
            let original = try exact ?? encode(at: .fp32)
            exact = original
            // The towers of several precisions at once would be a waste of memory.
            sessions[.fp32] = nil
            let rounded = try encode(at: candidate)
            let loss = max(
                probe.loss(original.texts, rounded.texts), probe.loss(original.images, rounded.images))
            reasons.append("measured loss of \(candidate.rawValue) on this model: 1 − cosine ≤ \(loss)")
            if loss <= PrecisionProbe.negligibleLoss {
                return PrecisionDecision(precision: candidate, reason: reasons.joined(separator: "; "))
            }
            sessions[candidate] = nil
        }
        return PrecisionDecision(precision: .fp32, reason: reasons.joined(separator: "; "))
    }
}

/// A precision and why it was chosen.
struct PrecisionDecision {
    let precision: Precision
    let reason: String
}
